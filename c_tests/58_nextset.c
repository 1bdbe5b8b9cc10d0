/* Several statements in one execute: the last result, or all of them, and nextset. */
#include "connect.h"
#include "fake_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;

static void open_cursor(void)
{
    connection = connect_test();
    cursor = cursor_of(connection);
}

static void close_cursor(void)
{
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void keep_all(void)
{
    CHECK_OK(dbapi_cursor_set_all_results(cursor, true, &failure));
}

static void no_more(void)
{
    CHECK_DONE(dbapi_nextset(cursor, &failure));
    CHECK_PTR(failure, NULL);
}

static void the_last_unless_told(void)
{
    open_cursor();
    CHECK(!dbapi_cursor_all_results(cursor));
    run(cursor, "SELECT 1, 2; SELECT generate_series(1, 3)");
    CHECK_INT(dbapi_rowcount(cursor), 3);
    no_more();
    CHECK_ROW(fetch_row(cursor), "1");
    close_cursor();
}

static void one_after_the_other(void)
{
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    open_cursor();
    keep_all();
    CHECK(dbapi_cursor_all_results(cursor));
    run(cursor, "SELECT 1, 'a'; SELECT generate_series(5, 7) AS g; SELECT 1 WHERE false");
    CHECK_INT(dbapi_rowcount(cursor), 1);
    CHECK(dbapi_description(cursor, &count) != NULL);
    CHECK_SIZE(count, 2);
    CHECK_ROW(fetch_row(cursor), "1", "a");
    check_end(cursor);
    CHECK_OK(dbapi_nextset(cursor, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 3);
    CHECK_INT(dbapi_rownumber(cursor), 0);
    CHECK_TEXT(dbapi_description(cursor, &count)->name, "g");
    CHECK_SIZE(count, 1);
    CHECK_ROW(fetch_row(cursor), "5");
    CHECK_INT(dbapi_rownumber(cursor), 1);
    CHECK_OK(dbapi_fetchall(cursor, &rows, &count, &failure));
    CHECK_SIZE(count, 2);
    CHECK_INT(rows[1].as.integer, 7);
    CHECK_OK(dbapi_nextset(cursor, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 0);
    check_end(cursor);
    /* No more is no more, and what is there stays. */
    no_more();
    no_more();
    CHECK_INT(dbapi_rowcount(cursor), 0);
    check_end(cursor);
    close_cursor();
}

/* What was not fetched is left behind. */
static void rows_left_are_left(void)
{
    open_cursor();
    keep_all();
    run(cursor, "SELECT generate_series(1, 1000); SELECT 'second'");
    CHECK_ROW(fetch_row(cursor), "1");
    CHECK_OK(dbapi_nextset(cursor, &failure));
    CHECK_ROW(fetch_row(cursor), "second");
    check_end(cursor);
    no_more();
    close_cursor();
}

/* A statement without rows has a result too. */
static void statements_without_rows(void)
{
    static const struct {
        int64_t rowcount;
        const char *tag;
        bool rows;
    } expected[] = {
        { -1, "CREATE TABLE", false }, { 2, "INSERT 0 2", false }, { 2, "SELECT 2", true },
        { 1, "UPDATE 1", true },       { -1, "DROP TABLE", false },
    };
    const dbapi_value_t *row = NULL;
    open_cursor();
    keep_all();
    run(cursor, "CREATE TEMP TABLE t58 (a int); INSERT INTO t58 VALUES (1), (2); SELECT * FROM t58;"
                " UPDATE t58 SET a = 3 WHERE a = 1 RETURNING a; DROP TABLE t58;");
    for (size_t i = 0; i < COUNT(expected); i++) {
        if (i > 0) {
            CHECK_OK(dbapi_nextset(cursor, &failure));
        }
        CHECK_INT(dbapi_rowcount(cursor), expected[i].rowcount);
        CHECK_TEXT(dbapi_cursor_statusmessage(cursor), expected[i].tag);
        CHECK_INT(dbapi_description(cursor, NULL) != NULL, expected[i].rows);
        if (expected[i].rows) {
            CHECK_OK(dbapi_fetchone(cursor, &row, &failure));
        } else {
            CHECK_FAILS(dbapi_fetchone(cursor, &row, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "no results");
        }
    }
    no_more();
    close_cursor();
}

static void one_statement(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(7) };
    open_cursor();
    keep_all();
    run(cursor, "SELECT 1");
    no_more();
    CHECK_ROW(fetch_row(cursor), "1");
    CHECK_OK(dbapi_execute(cursor, "SELECT %s", params, 1, &failure));
    no_more();
    CHECK_ROW(fetch_row(cursor), "7");
    CHECK_OK(dbapi_cursor_set_result_format(cursor, DBAPI_FORMAT_BINARY, &failure));
    run(cursor, "SELECT 2");
    no_more();
    CHECK_ROW(fetch_row(cursor), "2");
    close_cursor();
}

/* Results belong to the cursor: neither the transaction's end nor other cursors take them away. */
static void results_to_come_survive(void)
{
    open_cursor();
    dbapi_cursor_t *other = cursor_of(connection);
    keep_all();
    run(cursor, "SELECT 1; SELECT repeat('x', 100000), 'z'");
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_TEXT(query_text(other, "SELECT 'other'"), "other");
    CHECK_OK(dbapi_nextset(cursor, &failure));
    const dbapi_value_t *row = fetch_row(cursor);
    run(other, "SELECT repeat('y', 100000)");
    CHECK_SIZE(row[0].as.text.length, 100000);
    CHECK_SIZE(strspn(row[0].as.text.data, "x"), 100000);
    dbapi_cursor_free(other);
    close_cursor();
}

/* A new statement ends them; so does one that fails, whole. */
static void what_ends_them(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(7) };
    open_cursor();
    keep_all();
    run(cursor, "SELECT 1; SELECT 2");
    run(cursor, "SELECT 3");
    no_more();
    run(cursor, "SELECT 1; SELECT 2");
    CHECK_OK(dbapi_execute(cursor, "SELECT %s", params, 1, &failure));
    no_more();
    CHECK_ROW(fetch_row(cursor), "7");
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1; SELECT 1/0", NULL, 0, &failure), DBAPI_DATA_ERROR, "22012", NULL);
    CHECK_FAILS(dbapi_nextset(cursor, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "no results");
    CHECK_OK(dbapi_rollback(connection, &failure));
    run(cursor, "SELECT 1; SELECT 2");
    CHECK_OK(dbapi_executemany(cursor, "SELECT %s", params, 1, 1, &failure));
    CHECK_FAILS(dbapi_nextset(cursor, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "no results");
    /* From the next execute on. */
    run(cursor, "SELECT 1; SELECT 2");
    CHECK_OK(dbapi_cursor_set_all_results(cursor, false, &failure));
    CHECK_OK(dbapi_nextset(cursor, &failure));
    CHECK_ROW(fetch_row(cursor), "2");
    run(cursor, "SELECT 1; SELECT 2");
    no_more();
    close_cursor();
}

static void in_the_wrong_state(void)
{
    open_cursor();
    CHECK_FAILS(dbapi_nextset(cursor, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "no results");
    keep_all();
    run(cursor, "SELECT 1; SELECT 2");
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 1);
    CHECK_FAILS(dbapi_nextset(cursor, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_FAILS(dbapi_cursor_set_all_results(cursor, true, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_FAILS(dbapi_nextset(NULL, &failure), DBAPI_INTERFACE_ERROR, NULL, "cursor");
    CHECK_FAILS(dbapi_cursor_set_all_results(NULL, true, &failure), DBAPI_INTERFACE_ERROR, NULL, "cursor");
    CHECK(!dbapi_cursor_all_results(NULL));
    dbapi_cursor_t *named = NULL;
    CHECK_OK(dbapi_cursor_named(connection, "c58", -1, false, &named, &failure));
    CHECK_FAILS(dbapi_nextset(named, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "no results");
    run(named, "SELECT 1");
    CHECK_DONE(dbapi_nextset(named, &failure));
    CHECK_ROW(fetch_row(named), "1");
    dbapi_cursor_free(named);
    close_cursor();
}

static void many_results(void)
{
    enum { RESULTS = 2000 };
    char *sql = malloc(RESULTS * 40 + 1);
    CHECK(sql != NULL);
    size_t length = 0;
    for (int i = 0; i < RESULTS; i++) {
        length += (size_t)snprintf(sql + length, 40, "SELECT %d, generate_series(1, 3);", i);
    }
    open_cursor();
    keep_all();
    run(cursor, sql);
    free(sql);
    for (int i = 0; i < RESULTS; i++) {
        if (i > 0) {
            CHECK_OK(dbapi_nextset(cursor, &failure));
        }
        CHECK_INT(dbapi_rowcount(cursor), 3);
        CHECK_INT(fetch_row(cursor)[0].as.integer, i);
    }
    no_more();
    close_cursor();
}

/* A server that answers on and on would fill the memory: no more results are taken than there are statements. */
static void more_results_than_statements(void)
{
    fake_server *fake = fake_new();
    fake_greet(fake);
    fake_expect(fake, 'Q', "SELECT 1; SELECT 2");
    for (int i = 0; i < 3; i++) {
        fake_send_columns(fake, 1, 23);
        fake_send_row(fake, 1, (const char *const[]){ "1" });
        fake_send_complete(fake, "SELECT 1");
    }
    fake_silence(fake);
    fake_start(fake);
    connection = connect_dsn(fake_dsn(fake));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    cursor = cursor_of(connection);
    keep_all();
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1; SELECT 2", NULL, 0, &failure), DBAPI_OPERATIONAL_ERROR, "08P01",
                "more results than statements");
    CHECK_INT(dbapi_connection_closed(connection), DBAPI_CLOSED_BROKEN);
    close_cursor();
    fake_finish(fake);
}

CHECK_MAIN(CASE(the_last_unless_told), CASE(one_after_the_other), CASE(rows_left_are_left), CASE(statements_without_rows),
           CASE(one_statement), CASE(results_to_come_survive), CASE(what_ends_them), CASE(in_the_wrong_state), CASE(many_results),
           CASE(more_results_than_statements))
