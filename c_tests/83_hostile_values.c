/* A hostile server's values: well-formed rows whose fields are not what their types say. Such a value is an
 * error when it is decoded, at the latest when it is fetched; it never is a value, and never harms. */
#include "connect.h"
#include "fake_server.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_FORMAT = 0, BINARY_FORMAT = 1 };

typedef struct field {
    uint32_t oid;
    const char *bytes;
    size_t length;
    const char *what;
} field;

#define FIELD(oid, text, what) { oid, text, sizeof(text) - 1, what }

/* What the extended protocol's messages get for answers: one row with this field, binary. */
static bool serve_binary(fake_server *fake, void *context)
{
    const field *one = context;
    const fake_message *message;
    fake_bytes answer = { .data = NULL };
    while ((message = fake_read(fake)) != NULL && message->type != 'X') {
        fake_bytes body = { .data = NULL };
        switch (message->type) {
        case 'P':
            fake_put_message(&answer, '1', NULL, 0);
            break;
        case 'B':
            fake_put_message(&answer, '2', NULL, 0);
            break;
        case 'C':
            fake_put_message(&answer, '3', NULL, 0);
            break;
        case 'D':
            if (message->body[0] == 'S') {
                fake_put_message(&answer, 't', "\0\0", 2);
            }
            fake_put_int16(&body, 1);
            fake_put_text(&body, "c");
            fake_put_int32(&body, 0);
            fake_put_int16(&body, 0);
            fake_put_int32(&body, one->oid);
            fake_put_int16(&body, 0xffff);
            fake_put_int32(&body, 0xffffffff);
            fake_put_int16(&body, message->body[0] == 'S' ? TEXT_FORMAT : BINARY_FORMAT);
            fake_put_message(&answer, 'T', body.data, body.length);
            break;
        case 'E':
            fake_put_int16(&body, 1);
            fake_put_int32(&body, (uint32_t)one->length);
            fake_put(&body, one->bytes, one->length);
            fake_put_message(&answer, 'D', body.data, body.length);
            fake_put_message(&answer, 'C', "SELECT 1", 9);
            break;
        case 'S':
            fake_put_message(&answer, 'Z', "I", 1);
            break;
        default:
            break;
        }
        fake_bytes_free(&body);
        if (message->type == 'S' || message->type == 'H') {
            fake_write(fake, answer.data, answer.length);
            answer.length = 0;
        }
    }
    fake_bytes_free(&answer);
    return message != NULL;
}

enum { REFUSED = -1 };

/* The server sends one value. It is refused, or arrives as the bytes it is, of another kind than its type's. */
static void check_value(const field *one, int format, int32_t kind)
{
    const dbapi_value_t none[] = { DBAPI_NULL };
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    fake_server *fake = fake_new();
    fake_greet(fake);
    if (format == BINARY_FORMAT) {
        fake_call(fake, serve_binary, (void *)one);
    } else {
        char copy[300];
        CHECK(one->length < sizeof copy);
        memcpy(copy, one->bytes, one->length);
        copy[one->length] = '\0';
        fake_expect(fake, 'Q', NULL);
        fake_send_columns(fake, 1, one->oid);
        fake_send_row(fake, 1, (const char *const[]){ copy });
        fake_send_complete(fake, "SELECT 1");
        fake_send_ready(fake, 'I');
        fake_silence(fake);
    }
    fake_start(fake);
    dbapi_connection_t *connection = connect_dsn(fake_dsn(fake));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_OK(dbapi_cursor_set_result_format(cursor, format, &failure));
    dbapi_status_t status = dbapi_execute(cursor, "SELECT 1", format == BINARY_FORMAT ? none : NULL, 0, &failure);
    if (status == DBAPI_OK) {
        status = dbapi_fetchall(cursor, &rows, &count, &failure);
    }
    if ((status < 0) != (kind == REFUSED)) {
        FAIL("%s: status %s, expected %s", one->what, status_name(status), kind == REFUSED ? "an error" : "a value");
    }
    if (kind == REFUSED) {
        CHECK(failure != NULL);
        clear_failure();
    } else {
        CHECK_INT(rows[0].kind, kind);
        CHECK_BYTES(rows[0].as.text.data, rows[0].as.text.length, one->bytes, one->length);
    }
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    fake_finish(fake);
}

static void check_refused(const field *one, int format)
{
    check_value(one, format, REFUSED);
}

static void binary_fields_of_the_wrong_size(void)
{
    static const struct {
        uint32_t oid;
        size_t size;
        const char *name;
    } fixed[] = {
        { 16, 1, "bool" },    { 21, 2, "int2" },      { 23, 4, "int4" },         { 20, 8, "int8" },         { 26, 4, "oid" },
        { 700, 4, "float4" }, { 701, 8, "float8" },   { 1082, 4, "date" },       { 1083, 8, "time" },       { 1266, 12, "timetz" },
        { 1114, 8, "timestamp" }, { 1184, 8, "timestamptz" }, { 1186, 16, "interval" }, { 2950, 16, "uuid" },
    };
    static const char zeroes[32];
    for (size_t i = 0; i < COUNT(fixed); i++) {
        size_t sizes[] = { 0, fixed[i].size - 1, fixed[i].size + 1 };
        for (size_t j = 0; j < COUNT(sizes); j++) {
            char what[60];
            snprintf(what, sizeof what, "%s of %zu bytes", fixed[i].name, sizes[j]);
            check_refused(&(field){ fixed[i].oid, zeroes, sizes[j], what }, BINARY_FORMAT);
        }
    }
}

static void binary_fields_with_wrong_contents(void)
{
    static const field fields[] = {
        FIELD(1700, "", "an empty numeric"),
        FIELD(1700, "\0\1\0\0\0\0", "a numeric without its scale"),
        FIELD(1700, "\0\1\0\0\0\0\0\0", "a numeric of one digit that is not there"),
        FIELD(1700, "\0\0\0\0\0\0\0\0\0\1", "a numeric with a digit too many"),
        FIELD(1700, "\xff\xff\0\0\0\0\0\0", "a numeric of -1 digits"),
        FIELD(1700, "\x7f\xff\0\0\0\0\0\0", "a numeric of 32767 digits that are not there"),
        FIELD(1700, "\0\1\0\0\x12\x34\0\0\0\1", "a numeric with an unknown sign"),
        FIELD(1700, "\0\1\0\0\0\0\0\0\x27\x10", "a numeric with a digit of 10000"),
        FIELD(1700, "\0\1\0\0\0\0\xff\xff\0\1", "a numeric of scale -1"),
        FIELD(3802, "", "an empty jsonb"),
        FIELD(3802, "\2{}", "a jsonb of version 2"),
        FIELD(1083, "\xff\xff\xff\xff\xff\xff\xff\xff", "a time below midnight"),
        FIELD(1083, "\0\0\0\x14\x1d\xd7\x60\x01", "a time past 24:00"),
    };
    for (size_t i = 0; i < COUNT(fields); i++) {
        check_refused(&fields[i], BINARY_FORMAT);
    }
}

static void text_fields_with_wrong_contents(void)
{
    static const field fields[] = {
        FIELD(16, "", "an empty bool"),
        FIELD(16, "x", "a bool x"),
        FIELD(23, "", "an empty int4"),
        FIELD(23, "-", "an int4 -"),
        FIELD(23, "12a", "an int4 12a"),
        FIELD(23, "99999999999999999999", "an int4 out of range"),
        FIELD(21, "32768", "an int2 out of range"),
        FIELD(701, "", "an empty float8"),
        FIELD(701, "1.5.5", "a float8 1.5.5"),
        FIELD(1700, "", "an empty numeric"),
        FIELD(1700, "12a", "a numeric 12a"),
        FIELD(17, "\\", "a bytea of one backslash"),
        FIELD(17, "\\x0", "a bytea of half a byte"),
        FIELD(17, "\\xzz", "a bytea of no hexadecimal digits"),
        FIELD(17, "\\0", "a bytea with half an escape"),
        FIELD(17, "\\400", "a bytea with an escape out of range"),
        FIELD(2950, "a0eebc99", "half a uuid"),
        FIELD(2950, "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a uuid with a g"),
    };
    for (size_t i = 0; i < COUNT(fields); i++) {
        check_refused(&fields[i], TEXT_FORMAT);
    }
}

/* In a style that is not read, it is the server's text; a wrong date it never is. */
static void dates_that_are_none_are_text(void)
{
    static const field fields[] = {
        FIELD(1082, "", "an empty date"),
        FIELD(1082, "2024-13-01", "a date of month 13"),
        FIELD(1082, "2024-02-30", "a date of day 30"),
        FIELD(1082, "2024-", "half a date"),
        FIELD(1083, "25:00:00", "a time of hour 25"),
        FIELD(1083, "12", "half a time"),
        FIELD(1114, "2024-01-01", "a timestamp without a time"),
        FIELD(1184, "2024-01-01 00:00:00+99", "a timestamptz of offset 99"),
        FIELD(1186, "1 fortnight", "an interval of an unknown unit"),
        FIELD(1186, "999999999999999999999 days", "an interval out of range"),
    };
    for (size_t i = 0; i < COUNT(fields); i++) {
        check_value(&fields[i], TEXT_FORMAT, DBAPI_KIND_TEXT);
    }
}

/* TEXT and JSON are always UTF-8. */
static void text_that_is_not_utf8_is_bytes(void)
{
    static const field fields[] = {
        FIELD(25, "\xff", "a text that is not UTF-8"),
        FIELD(1043, "half \xc3", "a varchar that ends amid a character"),
        FIELD(114, "\"\xff\"", "a json that is not UTF-8"),
    };
    for (size_t i = 0; i < COUNT(fields); i++) {
        check_value(&fields[i], TEXT_FORMAT, DBAPI_KIND_BYTES);
        check_value(&fields[i], BINARY_FORMAT, DBAPI_KIND_BYTES);
    }
}

/* As many parameters as the protocol can describe, though none was asked for. */
static bool serve_many_parameters(fake_server *fake, void *context)
{
    enum { MOST = 65535 };
    const fake_message *message;
    fake_bytes answer = { .data = NULL };
    (void)context;
    while ((message = fake_read(fake)) != NULL && message->type != 'X') {
        fake_bytes body = { .data = NULL };
        switch (message->type) {
        case 'P':
            fake_put_message(&answer, '1', NULL, 0);
            break;
        case 'B':
            fake_put_message(&answer, '2', NULL, 0);
            break;
        case 'C':
            fake_put_message(&answer, '3', NULL, 0);
            break;
        case 'D':
            if (message->body[0] == 'S') {
                fake_put_int16(&body, MOST);
                for (int i = 0; i < MOST; i++) {
                    fake_put_int32(&body, 23);
                }
                fake_put_message(&answer, 't', body.data, body.length);
            }
            fake_put_message(&answer, 'n', NULL, 0);
            break;
        case 'E':
            fake_put_message(&answer, 'C', "UPDATE 1", 9);
            break;
        case 'S':
            fake_put_message(&answer, 'Z', "I", 1);
            break;
        default:
            break;
        }
        fake_bytes_free(&body);
        if (message->type == 'S' || message->type == 'H') {
            fake_write(fake, answer.data, answer.length);
            answer.length = 0;
        }
    }
    fake_bytes_free(&answer);
    return message != NULL;
}

static void a_description_of_65535_parameters(void)
{
    enum { MOST = 65535 };
    static dbapi_value_t params[MOST];
    static char sql[MOST * 3 + 16] = "UPDATE t ";
    for (size_t i = 0; i < MOST; i++) {
        params[i] = DBAPI_INT(1);
        strcpy(sql + 9 + i * 3, " %s");
    }
    fake_server *fake = fake_new();
    fake_greet(fake);
    fake_call(fake, serve_many_parameters, NULL);
    fake_start(fake);
    dbapi_connection_t *connection = connect_dsn(fake_dsn(fake));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_OK(dbapi_execute(cursor, sql, params, MOST, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 1);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    fake_finish(fake);
}

CHECK_MAIN(CASE(binary_fields_of_the_wrong_size), CASE(binary_fields_with_wrong_contents), CASE(text_fields_with_wrong_contents), CASE(dates_that_are_none_are_text),
           CASE(text_that_is_not_utf8_is_bytes),
           CASE(a_description_of_65535_parameters))
