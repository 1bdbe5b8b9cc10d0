#define _POSIX_C_SOURCE 200809L
#include "fake_internal.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *fake_grown(void *memory, size_t size)
{
    void *bigger = realloc(memory, size);
    if (bigger == NULL) {
        fprintf(stderr, "fake server: out of memory\n");
        abort();
    }
    return bigger;
}

/* ---- bytes ------------------------------------------------------------------------------------------- */

void fake_put(fake_bytes *bytes, const void *data, size_t length)
{
    if (bytes->length + length > bytes->capacity) {
        bytes->capacity = (bytes->length + length) * 2;
        bytes->data = fake_grown(bytes->data, bytes->capacity);
    }
    if (length > 0) {
        memcpy(bytes->data + bytes->length, data, length);
        bytes->length += length;
    }
}

void fake_put_int16(fake_bytes *bytes, uint16_t value)
{
    fake_put(bytes, (unsigned char[]){ (unsigned char)(value >> 8), (unsigned char)value }, 2);
}

void fake_put_int32(fake_bytes *bytes, uint32_t value)
{
    fake_put_int16(bytes, (uint16_t)(value >> 16));
    fake_put_int16(bytes, (uint16_t)value);
}

void fake_put_text(fake_bytes *bytes, const char *text)
{
    fake_put(bytes, text, strlen(text) + 1);
}

void fake_put_message(fake_bytes *bytes, char type, const void *body, size_t length)
{
    fake_put(bytes, &type, 1);
    fake_put_int32(bytes, (uint32_t)(length + 4));
    fake_put(bytes, body, length);
}

void fake_bytes_free(fake_bytes *bytes)
{
    free(bytes->data);
    *bytes = (fake_bytes){ .data = NULL };
}

/* ---- the script -------------------------------------------------------------------------------------- */

static step *add(fake_server *fake, enum operation operation)
{
    fake->steps = fake_grown(fake->steps, (fake->step_count + 1) * sizeof(step));
    step *new_step = &fake->steps[fake->step_count++];
    *new_step = (step){ .operation = operation };
    return new_step;
}

static fake_server *new_server(bool is_unix)
{
    fake_server *fake = fake_grown(NULL, sizeof *fake);
    *fake = (fake_server){ .listener = -1, .client = -1, .is_unix = is_unix };
    return fake;
}

fake_server *fake_new(void)
{
    return new_server(false);
}

fake_server *fake_new_unix(void)
{
    return new_server(true);
}

void fake_cut_after(fake_server *fake, size_t bytes)
{
    fake->cut = true;
    fake->cut_after = bytes;
}

void fake_slowly(fake_server *fake)
{
    fake->slow = true;
}

void fake_expect_startup(fake_server *fake)
{
    add(fake, STARTUP);
}

void fake_expect_ssl_request(fake_server *fake)
{
    add(fake, EXPECT_SSL_REQUEST);
}

void fake_expect_bytes(fake_server *fake, size_t length)
{
    add(fake, EXPECT_BYTES)->count = length;
}

void fake_expect(fake_server *fake, char type, const char *text)
{
    step *new_step = add(fake, EXPECT);
    new_step->type = type;
    if (text != NULL) {
        fake_put_text(&new_step->bytes, text);
    }
}

void fake_expect_until(fake_server *fake, char type)
{
    add(fake, EXPECT_UNTIL)->type = type;
}

void fake_expect_close(fake_server *fake)
{
    add(fake, EXPECT_CLOSE);
}

void fake_silence(fake_server *fake)
{
    add(fake, SILENCE);
}

void fake_send(fake_server *fake, const void *data, size_t length)
{
    fake_put(&add(fake, SEND)->bytes, data, length);
}

void fake_send_message(fake_server *fake, char type, const void *body, size_t length)
{
    fake_put_message(&add(fake, SEND)->bytes, type, body, length);
}

void fake_send_header(fake_server *fake, char type, uint32_t length)
{
    step *new_step = add(fake, SEND);
    fake_put(&new_step->bytes, &type, 1);
    fake_put_int32(&new_step->bytes, length);
}

/* Sends a message whose body was built, and frees that. */
static void send_built(fake_server *fake, char type, fake_bytes *body)
{
    fake_send_message(fake, type, body->data, body->length);
    fake_bytes_free(body);
}

void fake_send_auth(fake_server *fake, uint32_t code, const void *data, size_t length)
{
    fake_bytes body = { .data = NULL };
    fake_put_int32(&body, code);
    fake_put(&body, data, length);
    send_built(fake, 'R', &body);
}

void fake_send_parameter(fake_server *fake, const char *name, const char *value)
{
    fake_bytes body = { .data = NULL };
    fake_put_text(&body, name);
    fake_put_text(&body, value);
    send_built(fake, 'S', &body);
}

void fake_send_ready(fake_server *fake, char status)
{
    fake_send_message(fake, 'Z', &status, 1);
}

void fake_send_columns(fake_server *fake, size_t count, uint32_t oid)
{
    fake_bytes body = { .data = NULL };
    fake_put_int16(&body, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        char name[24];
        snprintf(name, sizeof name, "c%zu", i);
        fake_put_text(&body, name);
        fake_put_int32(&body, 0);      /* table */
        fake_put_int16(&body, 0);      /* column of it */
        fake_put_int32(&body, oid);    /* type */
        fake_put_int16(&body, 0xffff); /* its size: variable */
        fake_put_int32(&body, 0xffffffff); /* modifier: none */
        fake_put_int16(&body, 0);      /* text format */
    }
    send_built(fake, 'T', &body);
}

void fake_send_row(fake_server *fake, size_t count, const char *const *fields)
{
    fake_bytes body = { .data = NULL };
    fake_put_int16(&body, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        if (fields[i] == NULL) {
            fake_put_int32(&body, 0xffffffff);
        } else {
            fake_put_int32(&body, (uint32_t)strlen(fields[i]));
            fake_put(&body, fields[i], strlen(fields[i]));
        }
    }
    send_built(fake, 'D', &body);
}

void fake_send_complete(fake_server *fake, const char *tag)
{
    fake_send_message(fake, 'C', tag, strlen(tag) + 1);
}

void fake_send_error(fake_server *fake, const char *severity, const char *sqlstate, const char *message)
{
    fake_bytes body = { .data = NULL };
    fake_put(&body, "S", 1);
    fake_put_text(&body, severity);
    fake_put(&body, "V", 1);
    fake_put_text(&body, severity);
    fake_put(&body, "C", 1);
    fake_put_text(&body, sqlstate);
    fake_put(&body, "M", 1);
    fake_put_text(&body, message);
    fake_put(&body, "", 1);
    send_built(fake, 'E', &body);
}

void fake_send_session(fake_server *fake)
{
    static const char *const parameters[][2] = {
        { "server_version", "15.0" },     { "server_encoding", "UTF8" },
        { "client_encoding", "UTF8" },    { "DateStyle", "ISO, MDY" },
        { "IntervalStyle", "postgres" },  { "TimeZone", "UTC" },
        { "integer_datetimes", "on" },    { "standard_conforming_strings", "on" },
    };
    for (size_t i = 0; i < COUNT(parameters); i++) {
        fake_send_parameter(fake, parameters[i][0], parameters[i][1]);
    }
    fake_send_message(fake, 'K', "\0\0\x10\x20\1\2\3\4", 8);
    fake_send_ready(fake, 'I');
}

void fake_greet(fake_server *fake)
{
    fake_expect_startup(fake);
    fake_send_auth(fake, 0, NULL, 0);
    fake_send_session(fake);
}

void fake_shutdown(fake_server *fake)
{
    add(fake, SHUTDOWN);
}

void fake_reset(fake_server *fake)
{
    add(fake, RESET);
}

void fake_call(fake_server *fake, fake_callback callback, void *context)
{
    step *new_step = add(fake, CALL);
    new_step->callback = callback;
    new_step->context = context;
}
