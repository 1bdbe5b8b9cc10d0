#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

dbapi_error_t *failure;

enum outcome { PASSED = 0, FAILED = 1, SKIPPED = 2 };

static jmp_buf case_end;
static bool in_case;

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Runs one case. On its own, since locals that change around setjmp are lost. */
static enum outcome run_case(const check_case *one)
{
    in_case = true;
    /* setjmp's value may only be compared, not kept: C99, 7.13.1.1. */
    switch (setjmp(case_end)) {
    case 0:
        one->run();
        return PASSED;
    case SKIPPED:
        return SKIPPED;
    default:
        return FAILED;
    }
}

int check_main(const check_case *cases, size_t count, int argc, char **argv)
{
    static const char *const words[] = { "ok", "FAILED", "skipped" };
    const char *wanted = argc > 1 ? argv[1] : "";
    unsigned number[3] = { 0, 0, 0 };

    /* Lines must be out before a crash. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < count; i++) {
        if (strstr(cases[i].name, wanted) == NULL) {
            continue;
        }
        printf("case %s\n", cases[i].name);
        double began = seconds();
        enum outcome outcome = run_case(&cases[i]);
        in_case = false;
        clear_failure();
        printf("  %s %s (%.3f s)\n", words[outcome], cases[i].name, seconds() - began);
        number[outcome]++;
    }
    printf("%u passed, %u failed, %u skipped\n", number[PASSED], number[FAILED], number[SKIPPED]);
    if (number[FAILED] > 0) {
        return 1;
    }
    if (number[PASSED] == 0 && number[SKIPPED] == 0) {
        printf("no case has \"%s\" in its name\n", wanted);
        return 1;
    }
    return number[PASSED] > 0 ? 0 : 77;
}

void check_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("  %s:%d: ", file, line);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    if (!in_case) {
        exit(1);
    }
    longjmp(case_end, FAILED);
}

void check_skip(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("  skipped: ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    longjmp(case_end, SKIPPED);
}

/* Shows bytes with what cannot be printed escaped; at most a screenful. Uses two buffers in turn, so that
 * one message can show two texts. */
static const char *shown(const void *data, size_t length)
{
    static char buffers[2][1200];
    static unsigned turn;
    char *buffer = buffers[turn++ % 2];
    const unsigned char *bytes = data;
    size_t at = 0;

    if (data == NULL) {
        return "NULL";
    }
    buffer[at++] = '"';
    for (size_t i = 0; i < length; i++) {
        if (at > sizeof buffers[0] - 16) {
            memcpy(buffer + at, "...", 3);
            at += 3;
            break;
        }
        if (bytes[i] >= 0x20 && bytes[i] < 0x7f && bytes[i] != '\\' && bytes[i] != '"') {
            buffer[at++] = (char)bytes[i];
        } else if (bytes[i] == '\n') {
            memcpy(buffer + at, "\\n", 2);
            at += 2;
        } else {
            at += (size_t)snprintf(buffer + at, 5, "\\x%02x", bytes[i]);
        }
    }
    buffer[at++] = '"';
    buffer[at] = '\0';
    return buffer;
}

static const char *shown_text(const char *text)
{
    return shown(text, text == NULL ? 0 : strlen(text));
}

void check_int(const char *file, int line, const char *what, int64_t actual, int64_t expected)
{
    if (actual != expected) {
        check_fail(file, line, "%s is %" PRId64 ", expected %" PRId64, what, actual, expected);
    }
}

void check_size(const char *file, int line, const char *what, size_t actual, size_t expected)
{
    if (actual != expected) {
        check_fail(file, line, "%s is %zu, expected %zu", what, actual, expected);
    }
}

void check_pointer(const char *file, int line, const char *what, const void *actual, const void *expected)
{
    if (actual != expected) {
        check_fail(file, line, "%s is %p, expected %p", what, actual, expected);
    }
}

void check_text(const char *file, int line, const char *what, const char *actual, const char *expected)
{
    if (actual == expected) {
        return;
    }
    if (actual == NULL || expected == NULL || strcmp(actual, expected) != 0) {
        check_fail(file, line, "%s is %s, expected %s", what, shown_text(actual), shown_text(expected));
    }
}

void check_bytes(const char *file, int line, const char *what, const void *actual, size_t length,
                 const void *expected, size_t expected_length)
{
    if (length != expected_length || (length > 0 && memcmp(actual, expected, length) != 0)) {
        check_fail(file, line, "%s is %s (%zu bytes), expected %s (%zu bytes)", what, shown(actual, length),
                   length, shown(expected, expected_length), expected_length);
    }
}

void check_contains(const char *file, int line, const char *what, const char *actual, const char *part)
{
    if (actual == NULL || strstr(actual, part) == NULL) {
        check_fail(file, line, "%s is %s, expected it to hold %s", what, shown_text(actual), shown_text(part));
    }
}

void check_lacks(const char *file, int line, const char *what, const char *actual, const char *part)
{
    if (actual != NULL && strstr(actual, part) != NULL) {
        check_fail(file, line, "%s is %s, expected it not to hold %s", what, shown_text(actual), shown_text(part));
    }
}

void clear_failure(void)
{
    dbapi_error_free(failure);
    failure = NULL;
}

void check_status(const char *file, int line, const char *call, dbapi_status_t actual, dbapi_status_t expected)
{
    if (actual != expected) {
        check_fail(file, line, "%s: status %s, expected %s; error: %s", call, status_name(actual),
                   status_name(expected), failure == NULL ? "none" : dbapi_error_message(failure));
    }
    /* An error object comes with an error status, and with no other. */
    if (actual < 0 && failure == NULL) {
        check_fail(file, line, "%s: status %s, but no error object", call, status_name(actual));
    }
    if (actual >= 0 && failure != NULL) {
        check_fail(file, line, "%s: status %s, but an error object: %s", call, status_name(actual),
                   dbapi_error_message(failure));
    }
}

void check_failed(const char *file, int line, const char *call, dbapi_status_t actual, dbapi_status_t status,
                  const char *sqlstate, const char *part)
{
    check_status(file, line, call, actual, status);
    if (dbapi_error_status(failure) != status) {
        check_fail(file, line, "%s: dbapi_error_status is %s, expected %s", call,
                   status_name(dbapi_error_status(failure)), status_name(status));
    }
    const char *message = dbapi_error_message(failure);
    const char *state = dbapi_error_sqlstate(failure);
    if (message == NULL || message[0] == '\0') {
        check_fail(file, line, "%s: the error has no message", call);
    }
    if (sqlstate == NULL || strcmp(sqlstate, ANY_SQLSTATE) != 0) {
        if ((state == NULL) != (sqlstate == NULL) || (state != NULL && strcmp(state, sqlstate) != 0)) {
            check_fail(file, line, "%s: SQLSTATE %s, expected %s; error: %s", call, state == NULL ? "none" : state,
                       sqlstate == NULL ? "none" : sqlstate, message);
        }
    }
    if (part != NULL && strstr(message, part) == NULL) {
        check_fail(file, line, "%s: the message is %s, expected it to hold %s", call, shown_text(message),
                   shown_text(part));
    }
}

void check_row(const char *file, int line, const char *what, const dbapi_value_t *row,
               const char *const *expected, size_t count)
{
    if (row == NULL) {
        check_fail(file, line, "%s is NULL, expected a row of %zu values", what, count);
    }
    for (size_t i = 0; i < count; i++) {
        char text[4096];
        size_t length = 0;
        if (row[i].kind == DBAPI_KIND_NULL) {
            if (expected[i] != SQL_NULL) {
                check_fail(file, line, "%s[%zu] is NULL, expected %s", what, i, shown_text(expected[i]));
            }
            continue;
        }
        dbapi_status_t status = dbapi_value_format(&row[i], text, sizeof text, &length, NULL);
        if (status != DBAPI_OK) {
            check_fail(file, line, "%s[%zu]: dbapi_value_format gives %s", what, i, status_name(status));
        }
        if (expected[i] == SQL_NULL || strcmp(text, expected[i]) != 0) {
            check_fail(file, line, "%s[%zu] is %s (kind %d), expected %s", what, i, shown_text(text),
                       (int)row[i].kind, shown_text(expected[i]));
        }
    }
}

const char *status_name(dbapi_status_t status)
{
    switch ((int)status) {
    case DBAPI_OK:
        return "DBAPI_OK";
    case DBAPI_DONE:
        return "DBAPI_DONE";
    case DBAPI_INTERFACE_ERROR:
        return "DBAPI_INTERFACE_ERROR";
    case DBAPI_DATABASE_ERROR:
        return "DBAPI_DATABASE_ERROR";
    case DBAPI_DATA_ERROR:
        return "DBAPI_DATA_ERROR";
    case DBAPI_OPERATIONAL_ERROR:
        return "DBAPI_OPERATIONAL_ERROR";
    case DBAPI_INTEGRITY_ERROR:
        return "DBAPI_INTEGRITY_ERROR";
    case DBAPI_INTERNAL_ERROR:
        return "DBAPI_INTERNAL_ERROR";
    case DBAPI_PROGRAMMING_ERROR:
        return "DBAPI_PROGRAMMING_ERROR";
    case DBAPI_NOT_SUPPORTED_ERROR:
        return "DBAPI_NOT_SUPPORTED_ERROR";
    default:
        return "a status that does not exist";
    }
}
