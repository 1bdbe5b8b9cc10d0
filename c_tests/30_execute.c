/* execute: the classic session, what a cursor tells after each kind of statement, several statements at
 * once, and what is refused. Placeholders' text is here too; the values behind them are in 40_parameters. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"

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

static void the_classic_session(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(100), DBAPI_TEXT("abc'def") };
    run_outside("DROP TABLE IF EXISTS t30_test");
    open_cursor();
    run(cursor, "CREATE TABLE t30_test (id serial PRIMARY KEY, num integer, data varchar);");
    CHECK_OK(dbapi_execute(cursor, "INSERT INTO t30_test (num, data) VALUES (%s, %s)", params, 2, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 1);
    run(cursor, "SELECT * FROM t30_test;");
    const dbapi_value_t *row = fetch_row(cursor);
    CHECK_INT(row[0].kind, DBAPI_KIND_INT);
    CHECK_INT(row[0].as.integer, 1);
    CHECK_INT(row[1].kind, DBAPI_KIND_INT);
    CHECK_INT(row[1].as.integer, 100);
    CHECK_INT(row[2].kind, DBAPI_KIND_TEXT);
    CHECK_BYTES(row[2].as.text.data, row[2].as.text.length, "abc'def", 7);
    CHECK_INT(row[2].oid, 1043);
    check_end(cursor);
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    CHECK_OK(dbapi_close(connection, &failure));
    close_cursor();
    CHECK_TEXT(outside("SELECT format('%s %s %s', id, num, data) FROM t30_test"), "1 100 abc'def");
}

static void fresh_cursor(void)
{
    size_t count = 99;
    open_cursor();
    CHECK_INT(dbapi_rowcount(cursor), -1);
    CHECK_INT(dbapi_rownumber(cursor), 0);
    CHECK_SIZE(dbapi_arraysize(cursor), 1);
    CHECK_PTR(dbapi_description(cursor, &count), NULL);
    CHECK_PTR(dbapi_cursor_statusmessage(cursor), NULL);
    CHECK_INT(dbapi_cursor_closed(cursor), 0);
    const dbapi_value_t *row = NULL;
    CHECK_FAILS(dbapi_fetchone(cursor, &row, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "no results to fetch");
    close_cursor();
}

static void rowcount_and_statusmessage(void)
{
    static const struct {
        const char *sql;
        int64_t rowcount;
        const char *statusmessage;
        bool rows;
    } expected[] = {
        { "CREATE TEMP TABLE t (a int)", -1, "CREATE TABLE", false },
        { "INSERT INTO t VALUES (1), (2), (3)", 3, "INSERT 0 3", false },
        { "UPDATE t SET a = a WHERE a > 1", 2, "UPDATE 2", false },
        { "SELECT * FROM t", 3, "SELECT 3", true },
        { "SELECT * FROM t WHERE false", 0, "SELECT 0", true },
        { "SELECT FROM t", 3, "SELECT 3", true },
        { "VALUES (1), (2)", 2, "SELECT 2", true },
        { "TABLE t", 3, "SELECT 3", true },
        { "SHOW server_version_num", 1, "SHOW", true },
        { "EXPLAIN SELECT 1", 1, "EXPLAIN", true },
        { "SET work_mem = '1MB'", -1, "SET", false },
        { "DO $$ BEGIN END $$", -1, "DO", false },
        { "CREATE TEMP TABLE u AS SELECT * FROM t", 3, "SELECT 3", false },
        { "UPDATE t SET a = a WHERE a > 1 RETURNING a", 2, "UPDATE 2", true },
        { "DELETE FROM t", 3, "DELETE 3", false },
        { "DELETE FROM t", 0, "DELETE 0", false },
        { "DROP TABLE t", -1, "DROP TABLE", false },
    };
    open_cursor();
    for (size_t i = 0; i < COUNT(expected); i++) {
        size_t count = 0;
        run(cursor, expected[i].sql);
        if (dbapi_rowcount(cursor) != expected[i].rowcount) {
            FAIL("%s: rowcount %ld, expected %ld", expected[i].sql, (long)dbapi_rowcount(cursor), (long)expected[i].rowcount);
        }
        CHECK_TEXT(dbapi_cursor_statusmessage(cursor), expected[i].statusmessage);
        if ((dbapi_description(cursor, &count) != NULL) != expected[i].rows) {
            FAIL("%s: a description was %s", expected[i].sql, expected[i].rows ? "expected" : "not expected");
        }
        if (!expected[i].rows) {
            const dbapi_value_t *row = NULL;
            CHECK_FAILS(dbapi_fetchone(cursor, &row, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "no results to fetch");
        }
    }
    close_cursor();
}

/* The same with a parameter: the extended protocol must tell the same. */
static void rowcount_with_parameters(void)
{
    const dbapi_value_t one[] = { DBAPI_INT(1) };
    open_cursor();
    run(cursor, "CREATE TEMP TABLE t (a int)");
    CHECK_OK(dbapi_execute(cursor, "INSERT INTO t SELECT generate_series(%s, 4)", one, 1, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 4);
    CHECK_TEXT(dbapi_cursor_statusmessage(cursor), "INSERT 0 4");
    CHECK_OK(dbapi_execute(cursor, "SELECT a FROM t WHERE a > %s", one, 1, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 3);
    CHECK_TEXT(dbapi_cursor_statusmessage(cursor), "SELECT 3");
    CHECK_OK(dbapi_execute(cursor, "DELETE FROM t WHERE a = %s", one, 1, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 1);
    const dbapi_value_t *row = NULL;
    CHECK_FAILS(dbapi_fetchone(cursor, &row, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "no results to fetch");
    close_cursor();
}

static void zero_columns(void)
{
    const dbapi_value_t *rows = NULL;
    size_t count = 99;
    open_cursor();
    run(cursor, "SELECT FROM generate_series(1, 3)");
    CHECK(dbapi_description(cursor, &count) != NULL);
    CHECK_SIZE(count, 0);
    CHECK_OK(dbapi_fetchone(cursor, &rows, &failure));
    CHECK(rows != NULL);
    CHECK_OK(dbapi_fetchall(cursor, &rows, &count, &failure));
    CHECK_SIZE(count, 2);
    check_end(cursor);
    close_cursor();
}

static void several_statements(void)
{
    open_cursor();
    /* The last result is the current one. */
    CHECK_TEXT(query_text(cursor, "SELECT 1; SELECT 2; SELECT 'three'"), "three");
    CHECK_INT(dbapi_rowcount(cursor), 1);
    check_end(cursor);
    run(cursor, "SELECT 1; CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1), (2)");
    CHECK_INT(dbapi_rowcount(cursor), 2);
    CHECK_TEXT(dbapi_cursor_statusmessage(cursor), "INSERT 0 2");
    size_t count = 0;
    CHECK_PTR(dbapi_description(cursor, &count), NULL);
    /* A trailing semicolon makes no further statement. */
    CHECK_TEXT(query_text(cursor, "SELECT 5;"), "5");
    CHECK_TEXT(query_text(cursor, "SELECT 5; ; -- end"), "5");
    close_cursor();
}

static void an_error_among_several_statements(void)
{
    const dbapi_value_t *row = NULL;
    open_cursor();
    run(cursor, "SELECT 1");
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 2; SELECT 1/0; SELECT 3", NULL, 0, &failure), DBAPI_DATA_ERROR, "22012",
                "division by zero");
    /* Neither the old result nor half of the new one is left. */
    CHECK_FAILS(dbapi_fetchone(cursor, &row, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "no results to fetch");
    CHECK_INT(dbapi_rowcount(cursor), -1);
    size_t count = 0;
    CHECK_PTR(dbapi_description(cursor, &count), NULL);
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INERROR);
    close_cursor();
}

static void several_statements_with_parameters(void)
{
    const dbapi_value_t one[] = { DBAPI_INT(1) };
    open_cursor();
    /* The server takes one statement at a time with parameters. */
    CHECK_FAILS(dbapi_execute(cursor, "SELECT %s; SELECT 2", one, 1, &failure), DBAPI_PROGRAMMING_ERROR, "42601", NULL);
    close_cursor();
}

static void empty_query(void)
{
    static const char *const empty[] = { "", " ", "\n", ";", " ; ;; ", "-- comment", "/* comment */", "-- one\n/* two */;" };
    open_cursor();
    for (size_t i = 0; i < COUNT(empty); i++) {
        CHECK_FAILS(dbapi_execute(cursor, empty[i], NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, NULL,
                    "can't execute an empty query");
    }
    /* With parameters, though none of them is used. */
    const dbapi_value_t none[] = { DBAPI_NULL };
    CHECK_FAILS(dbapi_execute(cursor, "", none, 0, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "can't execute an empty query");
    CHECK_FAILS(dbapi_execute(cursor, "-- comment", none, 0, &failure), DBAPI_PROGRAMMING_ERROR, NULL,
                "can't execute an empty query");
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    close_cursor();
}

static void percent_without_parameters(void)
{
    open_cursor();
    CHECK_TEXT(query_text(cursor, "SELECT 10 % 4"), "2");
    CHECK_TEXT(query_text(cursor, "SELECT '100%'"), "100%");
    CHECK_TEXT(query_text(cursor, "SELECT '%s %% %(a)s %'"), "%s %% %(a)s %");
    CHECK_TEXT(query_text(cursor, "SELECT 'abc' LIKE 'a%'"), "t");
    close_cursor();
}

/* Parameters: none given is `NULL, 0`; an array of no values is parameters given. */
static void percent_with_parameters(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(7), DBAPI_TEXT("x") };
    open_cursor();
    CHECK_OK(dbapi_execute(cursor, "SELECT '100%%', 10 %% 4", params, 0, &failure));
    CHECK_ROW(fetch_row(cursor), "100%", "2");
    CHECK_OK(dbapi_execute(cursor, "SELECT '%%s', %s, '%%'", params, 1, &failure));
    CHECK_ROW(fetch_row(cursor), "%s", "7", "%");
    CHECK_OK(dbapi_execute(cursor, "SELECT %s::int %% 4, %s::text LIKE 'x%%'", params, 2, &failure));
    CHECK_ROW(fetch_row(cursor), "3", "t");
    close_cursor();
}

/* Text inside quotes and comments is no place for a parameter. */
static void placeholders_inside_quotes_and_comments(void)
{
    static const char sql[] = "SELECT '%s', E'\\'%s', \"%s\", $$%s$$, $a$%(x)s$$%s$a$, U&'%s' /* %s /* %s */ %s */ -- %s\n"
                              " , %s FROM (VALUES (1)) AS v (\"%s\")";
    const dbapi_value_t one[] = { DBAPI_INT(7) };
    open_cursor();
    CHECK_OK(dbapi_execute(cursor, sql, one, 1, &failure));
    CHECK_ROW(fetch_row(cursor), "%s", "'%s", "1", "%s", "%(x)s$$%s", "%s", "7");
    close_cursor();
}

static void bad_placeholders(void)
{
    static const char *const bad[] = {
        "SELECT %d", "SELECT %", "SELECT %s %", "SELECT %(a", "SELECT %(a)", "SELECT %(a)d", "SELECT % s", "SELECT %5s",
        "SELECT %s, %(a)s", "SELECT %(a)s, %s", "SELECT %b", "SELECT %t", "SELECT 5 % 3",
    };
    const dbapi_value_t params[] = { DBAPI_INT(1), DBAPI_INT(2) };
    const char *const names[] = { "a", "b" };
    open_cursor();
    for (size_t i = 0; i < COUNT(bad); i++) {
        dbapi_status_t status = dbapi_execute(cursor, bad[i], params, 2, &failure);
        if (status != DBAPI_PROGRAMMING_ERROR) {
            FAIL("%s: status %s, expected DBAPI_PROGRAMMING_ERROR", bad[i], status_name(status));
        }
        clear_failure();
        status = dbapi_execute_named(cursor, bad[i], names, params, 2, &failure);
        if (status != DBAPI_PROGRAMMING_ERROR) {
            FAIL("named: %s: status %s, expected DBAPI_PROGRAMMING_ERROR", bad[i], status_name(status));
        }
        clear_failure();
    }
    /* They were refused before anything was sent. */
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    close_cursor();
}

static void copy_is_refused(void)
{
    static const char *const copies[] = {
        "COPY t30_copy FROM STDIN", "COPY t30_copy TO STDOUT", "COPY (SELECT 1) TO STDOUT", "SELECT 1; COPY t30_copy FROM STDIN",
        "COPY t30_copy FROM STDIN; SELECT 1",
    };
    fresh_table("t30_copy", "a int");
    open_cursor();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    for (size_t i = 0; i < COUNT(copies); i++) {
        CHECK_FAILS(dbapi_execute(cursor, copies[i], NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, ANY_SQLSTATE, "COPY");
        /* The connection is ready for the next statement. */
        CHECK_INT(dbapi_connection_closed(connection), 0);
        CHECK_TEXT(query_text(cursor, "SELECT 'ready'"), "ready");
    }
    const dbapi_value_t none[] = { DBAPI_NULL };
    CHECK_FAILS(dbapi_execute(cursor, copies[0], none, 0, &failure), DBAPI_PROGRAMMING_ERROR, ANY_SQLSTATE, "COPY");
    CHECK_FAILS(dbapi_execute(cursor, copies[1], none, 0, &failure), DBAPI_PROGRAMMING_ERROR, ANY_SQLSTATE, "COPY");
    CHECK_TEXT(query_text(cursor, "SELECT 'ready'"), "ready");
    close_cursor();
}

static void invalid_utf8_in_sql(void)
{
    static const char *const bad[] = { "SELECT '\xff'", "SELECT '\xc3'", "SELECT '\xed\xa0\x80'", "SELECT '\xc0\x80'" };
    open_cursor();
    for (size_t i = 0; i < COUNT(bad); i++) {
        CHECK_FAILS(dbapi_execute(cursor, bad[i], NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "22021", "sql");
    }
    CHECK_TEXT(query_text(cursor, "SELECT '\xc3\xa4 \xf0\x9f\x90\x98'"), "\xc3\xa4 \xf0\x9f\x90\x98");
    close_cursor();
}

/* Far more than a socket holds, in both directions. */
static void large_statement_and_result(void)
{
    enum { SIZE = 8 * 1024 * 1024 };
    char *sql = malloc(SIZE + 64);
    CHECK(sql != NULL);
    strcpy(sql, "SELECT '");
    memset(sql + 8, 'x', SIZE);
    strcpy(sql + 8 + SIZE, "'");
    open_cursor();
    run(cursor, sql);
    const dbapi_value_t *row = fetch_row(cursor);
    CHECK_SIZE(row[0].as.text.length, SIZE);
    CHECK(memcmp(row[0].as.text.data, sql + 8, SIZE) == 0);
    CHECK_INT(row[0].as.text.data[SIZE], '\0');
    free(sql);
    run(cursor, "SELECT g, repeat('y', 1000) FROM generate_series(1, 20000) g");
    CHECK_INT(dbapi_rowcount(cursor), 20000);
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    CHECK_OK(dbapi_fetchall(cursor, &rows, &count, &failure));
    CHECK_SIZE(count, 20000);
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(rows[i * 2].as.integer, (int64_t)i + 1);
        CHECK_SIZE(rows[i * 2 + 1].as.text.length, 1000);
    }
    close_cursor();
}

/* What a statement says on its way is no format and no result. */
static void notices_on_the_way(void)
{
    open_cursor();
    CHECK_TEXT(query_text(cursor, "DO $$ BEGIN RAISE NOTICE '%', '%n%s%d'; RAISE WARNING 'w'; END $$; SELECT 1"), "1");
    run(cursor, "SET application_name = '%n%s'");
    run(cursor, "LISTEN t30; NOTIFY t30, 'payload'");
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_TEXT(query_text(cursor, "SELECT 2"), "2");
    close_cursor();
}

CHECK_MAIN(CASE(the_classic_session), CASE(fresh_cursor), CASE(rowcount_and_statusmessage), CASE(rowcount_with_parameters),
           CASE(zero_columns), CASE(several_statements), CASE(an_error_among_several_statements),
           CASE(several_statements_with_parameters), CASE(empty_query), CASE(percent_without_parameters),
           CASE(percent_with_parameters), CASE(placeholders_inside_quotes_and_comments), CASE(bad_placeholders),
           CASE(copy_is_refused), CASE(invalid_utf8_in_sql), CASE(large_statement_and_result), CASE(notices_on_the_way))
