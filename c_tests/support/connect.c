#define _POSIX_C_SOURCE 200809L
#include "connect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *test_variable(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL || value[0] == '\0') {
        FAIL("the variable %s is not set: run this under `pg.sh run DIR`, or through ctest", name);
    }
    return value;
}

dbapi_connection_t *connect_dsn(const char *dsn)
{
    dbapi_connection_t *connection = NULL;
    CHECK_OK(dbapi_connect(dsn, &connection, &failure));
    CHECK(connection != NULL);
    return connection;
}

dbapi_connection_t *connect_test(void)
{
    test_variable("PGPORT");
    return connect_dsn(NULL);
}

dbapi_cursor_t *cursor_of(dbapi_connection_t *connection)
{
    dbapi_cursor_t *cursor = NULL;
    CHECK_OK(dbapi_cursor(connection, &cursor, &failure));
    CHECK(cursor != NULL);
    return cursor;
}

void run(dbapi_cursor_t *cursor, const char *sql)
{
    dbapi_status_t status = dbapi_execute(cursor, sql, NULL, 0, &failure);
    if (status != DBAPI_OK) {
        FAIL("%s: %s", sql, failure == NULL ? status_name(status) : dbapi_error_message(failure));
    }
}

/* A connection of its own, in autocommit. */
static dbapi_connection_t *connect_outside(void)
{
    dbapi_connection_t *connection = connect_test();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    return connection;
}

void run_outside(const char *sql)
{
    dbapi_connection_t *connection = connect_outside();
    dbapi_cursor_t *cursor = cursor_of(connection);
    run(cursor, sql);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

void fresh_table(const char *name, const char *columns)
{
    char sql[1000];
    int length = snprintf(sql, sizeof sql, "DROP TABLE IF EXISTS %s CASCADE; CREATE TABLE %s (%s)", name, name, columns);
    CHECK(length > 0 && (size_t)length < sizeof sql);
    run_outside(sql);
}

const dbapi_value_t *fetch_row(dbapi_cursor_t *cursor)
{
    const dbapi_value_t *row = NULL;
    CHECK_OK(dbapi_fetchone(cursor, &row, &failure));
    CHECK(row != NULL);
    return row;
}

void check_end(dbapi_cursor_t *cursor)
{
    const dbapi_value_t *row = (const dbapi_value_t *)"overwritten";
    CHECK_DONE(dbapi_fetchone(cursor, &row, &failure));
    CHECK_PTR(row, NULL);
}

const char *query_text(dbapi_cursor_t *cursor, const char *sql)
{
    static char text[8192];
    size_t length = 0;
    run(cursor, sql);
    const dbapi_value_t *row = fetch_row(cursor);
    if (row[0].kind == DBAPI_KIND_NULL) {
        return SQL_NULL;
    }
    CHECK_OK(dbapi_value_format(&row[0], text, sizeof text, &length, &failure));
    CHECK(length < sizeof text);
    return text;
}

const char *outside(const char *sql)
{
    dbapi_connection_t *connection = connect_outside();
    dbapi_cursor_t *cursor = cursor_of(connection);
    const char *text = query_text(cursor, sql);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    return text;
}

void wait_outside(const char *sql, const char *expected)
{
    dbapi_connection_t *connection = connect_outside();
    dbapi_cursor_t *cursor = cursor_of(connection);
    time_t deadline = time(NULL) + 20;
    for (;;) {
        const char *text = query_text(cursor, sql);
        if (text != SQL_NULL && strcmp(text, expected) == 0) {
            break;
        }
        if (time(NULL) > deadline) {
            FAIL("after 20 s, %s still answers %s, expected %s", sql, text == SQL_NULL ? "NULL" : text, expected);
        }
        /* The server's state can only be asked for, so ask again shortly. */
        nanosleep(&(struct timespec){ .tv_sec = 0, .tv_nsec = 5000000 }, NULL);
    }
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}
