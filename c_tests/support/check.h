/* A small test runner: a program holds named cases; a failed check ends its case, not the program.
 *
 *     static void adds(void) { CHECK_INT(1 + 1, 2); }
 *     CHECK_MAIN(CASE(adds))
 *
 * The checks belong to the thread that runs the cases: other threads leave what they saw in variables, which
 * the case checks after joining them. A case that fails may leak what it held.
 *
 * The program runs the cases whose names contain its argument, all without one. It exits with 0, with 1 if a
 * case failed, or with 77 if all were skipped. */
#ifndef CHECK_H
#define CHECK_H

#include <dbapi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct check_case {
    const char *name;
    void (*run)(void);
} check_case;

int check_main(const check_case *cases, size_t count, int argc, char **argv);

#define CASE(function) { #function, function }
#define CHECK_MAIN(...)                                                                  \
    int main(int argc, char **argv)                                                      \
    {                                                                                    \
        static const check_case cases[] = { __VA_ARGS__ };                               \
        return check_main(cases, sizeof cases / sizeof cases[0], argc, argv);            \
    }

#if defined(__GNUC__)
#define CHECK_PRINTF(text, first) __attribute__((format(printf, text, first), noreturn))
#else
#define CHECK_PRINTF(text, first)
#endif

/* Where a check stands. */
#define CHECK_HERE __FILE__, __LINE__

/* Ends the case as failed, or as skipped for a reason. */
void check_fail(const char *file, int line, const char *format, ...) CHECK_PRINTF(3, 4);
void check_skip(const char *format, ...) CHECK_PRINTF(1, 2);
#define SKIP(...) check_skip(__VA_ARGS__)
#define FAIL(...) check_fail(CHECK_HERE, __VA_ARGS__)

#define CHECK(condition)                                                                 \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            check_fail(CHECK_HERE, "not true: %s", #condition);                          \
        }                                                                                \
    } while (0)

/* In each, what came stands first and what should have come second. */
#define CHECK_INT(actual, expected) check_int(CHECK_HERE, #actual, (int64_t)(actual), (int64_t)(expected))
#define CHECK_SIZE(actual, expected) check_size(CHECK_HERE, #actual, (actual), (expected))
#define CHECK_PTR(actual, expected) check_pointer(CHECK_HERE, #actual, (actual), (expected))
#define CHECK_TEXT(actual, expected) check_text(CHECK_HERE, #actual, (actual), (expected))
#define CHECK_BYTES(actual, length, expected, expected_length)                           \
    check_bytes(CHECK_HERE, #actual, (actual), (length), (expected), (expected_length))
#define CHECK_CONTAINS(actual, part) check_contains(CHECK_HERE, #actual, (actual), (part))
#define CHECK_LACKS(actual, part) check_lacks(CHECK_HERE, #actual, (actual), (part))

void check_int(const char *file, int line, const char *what, int64_t actual, int64_t expected);
void check_size(const char *file, int line, const char *what, size_t actual, size_t expected);
void check_pointer(const char *file, int line, const char *what, const void *actual, const void *expected);
void check_text(const char *file, int line, const char *what, const char *actual, const char *expected);
void check_bytes(const char *file, int line, const char *what, const void *actual, size_t length,
                 const void *expected, size_t expected_length);
void check_contains(const char *file, int line, const char *what, const char *actual, const char *part);
void check_lacks(const char *file, int line, const char *what, const char *actual, const char *part);

/* The error object of the calls below: pass `&failure` as their out_error. It is NULL between checks. */
extern dbapi_error_t *failure;

/* The call returns this status; its error, if any, is shown when it does not. */
#define CHECK_STATUS(call, expected) check_status(CHECK_HERE, #call, (call), (expected))
#define CHECK_OK(call) CHECK_STATUS(call, DBAPI_OK)
#define CHECK_DONE(call) CHECK_STATUS(call, DBAPI_DONE)

/* The call fails with this status, this SQLSTATE (NULL: none is given) and a message that holds `part`
 * (NULL: any message). CHECK_FAILS frees the error; CHECK_ERROR leaves it, for further questions. */
#define CHECK_FAILS(call, status, sqlstate, part)                                        \
    do {                                                                                 \
        check_failed(CHECK_HERE, #call, (call), (status), (sqlstate), (part));           \
        clear_failure();                                                                   \
    } while (0)
#define CHECK_ERROR(call, status, sqlstate, part)                                        \
    check_failed(CHECK_HERE, #call, (call), (status), (sqlstate), (part))
/* The same where any SQLSTATE will do. */
#define ANY_SQLSTATE "*"

void check_status(const char *file, int line, const char *call, dbapi_status_t actual, dbapi_status_t expected);
void check_failed(const char *file, int line, const char *call, dbapi_status_t actual, dbapi_status_t status,
                  const char *sqlstate, const char *part);
void clear_failure(void);

/* The values of a row, each as dbapi_value_format gives it; SQL_NULL stands for NULL. The number of
 * expected texts is the number of columns. */
#define SQL_NULL ((const char *)0)
#define CHECK_ROW(row, ...)                                                              \
    check_row(CHECK_HERE, #row, (row), (const char *const[]){ __VA_ARGS__ },             \
              sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))
void check_row(const char *file, int line, const char *what, const dbapi_value_t *row,
               const char *const *expected, size_t count);

/* The name of a status, such as "DBAPI_DATA_ERROR". */
const char *status_name(dbapi_status_t status);

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
