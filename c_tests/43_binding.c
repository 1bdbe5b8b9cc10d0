/* Who binds parameters: what is sent, and that it means the same; setinputsizes, setoutputsize and query.
 *
 * Of SECURITY, "literals on the client": text is never SQL. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INT2_OID = 21, INT4_OID = 23, TEXT_OID = 25, INET_OID = 869, DATE_OID = 1082, INT8_OID = 20 };

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;

static void open_cursor(void)
{
    connection = connect_test();
    cursor = cursor_of(connection);
}

static void open_client(void)
{
    open_cursor();
    CHECK_OK(dbapi_cursor_set_binding(cursor, DBAPI_BINDING_CLIENT, &failure));
}

static void close_cursor(void)
{
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void binding_is_of_the_cursor(void)
{
    static const int32_t wrong[] = { -1, 2, INT32_MAX, INT32_MIN };
    open_cursor();
    dbapi_cursor_t *other = cursor_of(connection);
    CHECK_INT(dbapi_cursor_binding(cursor), DBAPI_BINDING_SERVER);
    CHECK_OK(dbapi_cursor_set_binding(cursor, DBAPI_BINDING_CLIENT, &failure));
    CHECK_INT(dbapi_cursor_binding(cursor), DBAPI_BINDING_CLIENT);
    CHECK_INT(dbapi_cursor_binding(other), DBAPI_BINDING_SERVER);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        CHECK_FAILS(dbapi_cursor_set_binding(cursor, wrong[i], &failure), DBAPI_PROGRAMMING_ERROR, NULL, "binding");
    }
    CHECK_INT(dbapi_cursor_binding(cursor), DBAPI_BINDING_CLIENT);
    CHECK_INT(dbapi_cursor_binding(NULL), -1);
    CHECK_FAILS(dbapi_cursor_set_binding(NULL, 0, &failure), DBAPI_INTERFACE_ERROR, NULL, "cursor");
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    CHECK_FAILS(dbapi_cursor_set_binding(cursor, 0, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_INT(dbapi_cursor_binding(cursor), DBAPI_BINDING_CLIENT);
    dbapi_cursor_free(other);
    close_cursor();
}

/* Where no parameter can stand: the server refuses it, literals serve. */
static void the_client_binds_where_the_server_cannot(void)
{
    const dbapi_value_t interval[] = { DBAPI_TEXT("1 day") }, comment[] = { DBAPI_TEXT("it's \\ here") };
    const dbapi_value_t column[] = { DBAPI_INT(-7), DBAPI_TEXT("x'y"), DBAPI_INT(3) };
    open_cursor();
    CHECK_FAILS(dbapi_execute(cursor, "SELECT (interval %s)::text", interval, 1, &failure), DBAPI_PROGRAMMING_ERROR, "42601", NULL);
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_OK(dbapi_cursor_set_binding(cursor, DBAPI_BINDING_CLIENT, &failure));
    CHECK_OK(dbapi_execute(cursor, "SELECT (interval %s)::text", interval, 1, &failure));
    CHECK_ROW(fetch_row(cursor), "1 day");
    CHECK_OK(dbapi_execute(cursor, "CREATE TEMP TABLE t43 (a int DEFAULT %s, b text DEFAULT %s, CHECK (a <> %s))", column, 3, &failure));
    CHECK_OK(dbapi_execute(cursor, "COMMENT ON TABLE t43 IS %s", comment, 1, &failure));
    run(cursor, "INSERT INTO t43 DEFAULT VALUES");
    CHECK_OK(dbapi_execute(cursor, "SELECT a, b, obj_description('t43'::regclass) FROM t43", NULL, 0, &failure));
    CHECK_ROW(fetch_row(cursor), "-7", "x'y", "it's \\ here");
    close_cursor();
}

/* The simple protocol has them all: the last result is the one to fetch. */
static void several_statements(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(1), DBAPI_TEXT("; SELECT 'no' --"), DBAPI_INT(2) };
    open_client();
    run(cursor, "CREATE TEMP TABLE t43 (a int, b text)");
    CHECK_OK(dbapi_execute(cursor, "INSERT INTO t43 VALUES (%s, %s); INSERT INTO t43 VALUES (%s, 'z'); SELECT b FROM t43 ORDER BY a",
                           params, 3, &failure));
    CHECK_ROW(fetch_row(cursor), "; SELECT 'no' --");
    CHECK_ROW(fetch_row(cursor), "z");
    check_end(cursor);
    /* Binary results take the extended protocol, which has one at a time. */
    CHECK_OK(dbapi_cursor_set_result_format(cursor, DBAPI_FORMAT_BINARY, &failure));
    CHECK_OK(dbapi_execute(cursor, "SELECT %s::int, %s::text, float8 '0.1' + %s", params, 3, &failure));
    CHECK_ROW(fetch_row(cursor), "1", "; SELECT 'no' --", "2.1");
    CHECK_OK(dbapi_execute(cursor, "CREATE TEMP TABLE t43b (a int DEFAULT %s)", params, 1, &failure));
    CHECK_FAILS(dbapi_execute(cursor, "SELECT %s; SELECT 2", params, 1, &failure), DBAPI_PROGRAMMING_ERROR, "42601", NULL);
    close_cursor();
}

static void text_is_never_sql(void)
{
    static const char *const texts[] = {
        "'; DROP TABLE t; --", "\\'; SELECT 1; --", "$1", "$$", "%s", "%%", "--", "/*", "\"", "E'\\x41'", "\\", "'", "''", "\\''",
        "\\\\'", "\n'", "'\n'",
    };
    open_client();
    run(cursor, "SET escape_string_warning = off");
    for (int standard = 0; standard < 2; standard++) {
        run(cursor, standard ? "SET standard_conforming_strings = on" : "SET standard_conforming_strings = off");
        for (size_t i = 0; i < COUNT(texts); i++) {
            const dbapi_value_t params[] = { DBAPI_TEXT(texts[i]), DBAPI_JSON(texts[i]), DBAPI_TYPED(TEXT_OID, DBAPI_TEXT(texts[i])),
                                             DBAPI_BYTES(texts[i], strlen(texts[i])) };
            CHECK_OK(dbapi_execute(cursor, "SELECT %s::text,%s::text,E'\\'%%'||%s,convert_from(%s,'UTF8')", params, 4, &failure));
            char quoted[40];
            snprintf(quoted, sizeof quoted, "'%%%s", texts[i]);
            CHECK_ROW(fetch_row(cursor), texts[i], texts[i], quoted, texts[i]);
        }
        /* What is no number does not become one. */
        static const char *const no_numbers[] = { "1; DROP TABLE t", "", "1.2.3", "1 OR 1=1", "--1", "1'" };
        CHECK_OK(dbapi_commit(connection, &failure));
        for (size_t i = 0; i < COUNT(no_numbers); i++) {
            const dbapi_value_t params[] = { DBAPI_NUMERIC(no_numbers[i]) };
            CHECK_FAILS(dbapi_execute(cursor, "SELECT %s", params, 1, &failure), DBAPI_DATA_ERROR, "22P02", "numeric");
            CHECK_OK(dbapi_rollback(connection, &failure));
        }
    }
    close_cursor();
}

/* Two literals with a line's end between them are one to SQL, read as its first part is: refused. */
static void a_literal_never_goes_on_another(void)
{
    const dbapi_value_t params[] = { DBAPI_TEXT("\\' || (SELECT 1) --"), DBAPI_TEXT("x") };
    open_client();
    CHECK_FAILS(dbapi_execute(cursor, "SELECT E'a'\n%s", params, 1, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "go on the literal");
    CHECK_FAILS(dbapi_execute(cursor, "SELECT %s -- x\n'b'", params, 1, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "go on the literal");
    CHECK_FAILS(dbapi_execute(cursor, "SELECT %s\n%s", params, 2, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "go on the literal");
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    /* On one line the server refuses them. */
    CHECK_FAILS(dbapi_execute(cursor, "SELECT E'a'%s", params, 1, &failure), DBAPI_PROGRAMMING_ERROR, "42601", NULL);
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_FAILS(dbapi_execute(cursor, "SELECT E%s", params, 1, &failure), DBAPI_PROGRAMMING_ERROR, ANY_SQLSTATE, NULL);
    close_cursor();
}

static void named_cursors(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(3), DBAPI_TEXT("n'") };
    dbapi_cursor_t *named = NULL;
    open_cursor();
    for (int32_t binding = DBAPI_BINDING_SERVER; binding <= DBAPI_BINDING_CLIENT; binding++) {
        CHECK_OK(dbapi_cursor_named(connection, "a \"name", 0, false, &named, &failure));
        CHECK_OK(dbapi_cursor_set_binding(named, binding, &failure));
        CHECK_OK(dbapi_execute(named, "SELECT g, %s || 'x' FROM generate_series(1, %s) g", (dbapi_value_t[]){ params[1], params[0] }, 2,
                               &failure));
        CHECK_TEXT(dbapi_cursor_query(named),
                   binding == DBAPI_BINDING_CLIENT
                       ? "DECLARE \"a \"\"name\" NO SCROLL CURSOR FOR SELECT g, 'n''' || 'x' FROM generate_series(1, 3) g"
                       : "DECLARE \"a \"\"name\" NO SCROLL CURSOR FOR SELECT g, $1 || 'x' FROM generate_series(1, $2) g");
        CHECK_ROW(fetch_row(named), "1", "n'x");
        CHECK(strstr(dbapi_cursor_query(named), "DECLARE") != NULL);
        CHECK_OK(dbapi_cursor_close(named, &failure));
        dbapi_cursor_free(named);
    }
    close_cursor();
}

static void executemany_binds_each_row(void)
{
    const dbapi_value_t rows[] = { DBAPI_INT(1), DBAPI_TEXT("o'ne"), DBAPI_INT(2), DBAPI_NULL, DBAPI_INT(-3), DBAPI_TEXT("\\") };
    const dbapi_value_t twice[] = { DBAPI_INT(1), DBAPI_INT(2), DBAPI_INT(2), DBAPI_INT(3) };
    const dbapi_value_t bad[] = { DBAPI_INT(8), DBAPI_TEXT_N("a\0", 2) };
    fresh_table("t43_rows", "a int PRIMARY KEY, b text");
    open_client();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    CHECK_OK(dbapi_executemany(cursor, "INSERT INTO t43_rows VALUES (%s, %s)", rows, 2, 3, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 3);
    CHECK_TEXT(dbapi_cursor_query(cursor), "INSERT INTO t43_rows VALUES ( -3, '\\')");
    CHECK_TEXT(outside("SELECT string_agg(a || coalesce(b, '-'), ',' ORDER BY a) FROM t43_rows"), "-3\\,1o'ne,2-");
    run(cursor, "TRUNCATE t43_rows");
    /* All of them or none, and which. */
    CHECK_ERROR(dbapi_executemany(cursor, "INSERT INTO t43_rows VALUES (%s)", twice, 1, 4, &failure), DBAPI_INTEGRITY_ERROR, "23505",
                NULL);
    CHECK_INT(dbapi_error_row(failure), 2);
    clear_failure();
    CHECK_TEXT(outside("SELECT count(*) FROM t43_rows"), "0");
    /* Met before any is sent. */
    CHECK_ERROR(dbapi_executemany(cursor, "INSERT INTO t43_rows (b) VALUES (%s)", bad, 1, 2, &failure), DBAPI_DATA_ERROR, "22021",
                "parameter 1");
    CHECK_INT(dbapi_error_row(failure), 1);
    clear_failure();
    /* Where no parameter can stand. */
    CHECK_OK(dbapi_executemany(cursor, "ALTER TABLE t43_rows ALTER b SET DEFAULT %s", rows + 1, 1, 1, &failure));
    CHECK_INT(dbapi_rowcount(cursor), -1);
    CHECK_FAILS(dbapi_executemany(cursor, "SELECT %s; SELECT 1", twice, 1, 1, &failure), DBAPI_PROGRAMMING_ERROR, "42601", NULL);
    CHECK_FAILS(dbapi_executemany(cursor, "SELECT %s", twice, 2, 2, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "2 parameters");
    CHECK_FAILS(dbapi_executemany(cursor, "SELECT %s", NULL, 2, 0, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "2 parameters");
    CHECK_OK(dbapi_executemany(cursor, "SELECT %s", NULL, 1, 0, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 0);
    close_cursor();
    run_outside("DROP TABLE t43_rows");
}

/* So many rows that the pipeline is sent in parts. */
static void executemany_of_many_rows(void)
{
    enum { ROWS = 5000 };
    static dbapi_value_t rows[ROWS];
    for (int i = 0; i < ROWS; i++) {
        rows[i] = DBAPI_INT(i % 2 ? i : -i);
    }
    open_client();
    run(cursor, "CREATE TEMP TABLE t43 (a int)");
    CHECK_OK(dbapi_executemany(cursor, "INSERT INTO t43 SELECT 1-%s", rows, 1, ROWS, &failure));
    CHECK_INT(dbapi_rowcount(cursor), ROWS);
    CHECK_TEXT(query_text(cursor, "SELECT sum(a) FROM t43"), "2500");
    close_cursor();
}

/* Bind's limit is not one for literals. */
static void more_parameters_than_bind_can_count(void)
{
    enum { MANY = 70000 };
    dbapi_value_t *params = calloc(MANY, sizeof *params);
    char *sql = malloc(MANY * 3 + 64), *end;
    CHECK(params != NULL && sql != NULL);
    end = sql + sprintf(sql, "SELECT sum(x) FROM unnest(ARRAY[0");
    for (size_t i = 0; i < MANY; i++) {
        params[i] = DBAPI_INT(-1);
        end += sprintf(end, ",%%s");
    }
    strcpy(end, "]) x");
    open_client();
    CHECK_OK(dbapi_execute(cursor, sql, params, MANY, &failure));
    CHECK_ROW(fetch_row(cursor), "-70000");
    free(sql);
    free(params);
    close_cursor();
}

static void query_is_what_was_sent(void)
{
    const dbapi_value_t params[] = { DBAPI_TEXT("it's"), DBAPI_NULL, DBAPI_INT(-1) };
    open_cursor();
    CHECK_PTR(dbapi_cursor_query(cursor), NULL);
    CHECK_PTR(dbapi_cursor_query(NULL), NULL);
    CHECK_OK(dbapi_execute(cursor, "SELECT %s, %s, 5 %% -%s", params, 3, &failure));
    CHECK_TEXT(dbapi_cursor_query(cursor), "SELECT $1, NULL, 5 % -$2");
    CHECK_OK(dbapi_cursor_set_binding(cursor, DBAPI_BINDING_CLIENT, &failure));
    CHECK_OK(dbapi_execute(cursor, "SELECT %s, %s, 5 %% -%s", params, 3, &failure));
    CHECK_TEXT(dbapi_cursor_query(cursor), "SELECT 'it''s', NULL, 5 % - -1");
    fetch_row(cursor);
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_TEXT(dbapi_cursor_query(cursor), "SELECT 'it''s', NULL, 5 % - -1");
    run(cursor, "SELECT '%s'");
    CHECK_TEXT(dbapi_cursor_query(cursor), "SELECT '%s'");
    /* Also what failed there; not what was never sent. */
    CHECK_FAILS(dbapi_execute(cursor, "SELECT %s + nothing", params, 1, &failure), DBAPI_PROGRAMMING_ERROR, "42703", NULL);
    CHECK_TEXT(dbapi_cursor_query(cursor), "SELECT 'it''s' + nothing");
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_FAILS(dbapi_execute(cursor, "SELECT %s", params, 2, &failure), DBAPI_PROGRAMMING_ERROR, NULL, NULL);
    CHECK_PTR(dbapi_cursor_query(cursor), NULL);
    CHECK_OK(dbapi_cursor_set_binding(cursor, DBAPI_BINDING_SERVER, &failure));
    CHECK_OK(dbapi_executemany(cursor, "SELECT %s", params, 1, 2, &failure));
    CHECK_TEXT(dbapi_cursor_query(cursor), "SELECT $1");
    CHECK_OK(dbapi_executemany(cursor, "SELECT %s + 1", params, 1, 0, &failure));
    CHECK_TEXT(dbapi_cursor_query(cursor), "SELECT $1");
    CHECK_FAILS(dbapi_executemany(cursor, "SELECT %s", params, 2, 1, &failure), DBAPI_PROGRAMMING_ERROR, NULL, NULL);
    CHECK_PTR(dbapi_cursor_query(cursor), NULL);
    CHECK_FAILS(dbapi_executemany(cursor, "SELECT %s + nothing", params, 1, 1, &failure), DBAPI_PROGRAMMING_ERROR, "42703", NULL);
    CHECK_TEXT(dbapi_cursor_query(cursor), "SELECT $1 + nothing");
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_OK(dbapi_execute(cursor, "SELECT %s", params, 1, &failure));
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    CHECK_TEXT(dbapi_cursor_query(cursor), "SELECT $1");
    close_cursor();
}

static void input_sizes_type_the_next_statement(void)
{
    static const uint32_t oids[] = { INT2_OID, 0, DATE_OID };
    const dbapi_value_t params[] = { DBAPI_INT(5), DBAPI_INT(5), DBAPI_TEXT("2024-02-29") };
    const char *const names[] = { "a", "b", "c" };
    const char *typed = "SELECT pg_typeof(%s)::text, pg_typeof(%s)::text, pg_typeof(%s)::text";
    const char *untyped = "SELECT pg_typeof(%s)::text, pg_typeof(%s)::text, %s || '!'";
    open_cursor();
    for (int32_t binding = DBAPI_BINDING_SERVER; binding <= DBAPI_BINDING_CLIENT; binding++) {
        CHECK_OK(dbapi_cursor_set_binding(cursor, binding, &failure));
        CHECK_OK(dbapi_setinputsizes(cursor, oids, 3, &failure));
        CHECK_OK(dbapi_execute(cursor, typed, params, 3, &failure));
        CHECK_ROW(fetch_row(cursor), "smallint", "integer", "date");
        /* Only for that one. */
        CHECK_OK(dbapi_execute(cursor, untyped, params, 3, &failure));
        CHECK_ROW(fetch_row(cursor), "integer", "integer", "2024-02-29!");
        /* Names count in the order that they are given. */
        CHECK_OK(dbapi_setinputsizes(cursor, oids, 3, &failure));
        CHECK_OK(dbapi_execute_named(cursor, "SELECT pg_typeof(%(c)s)::text, pg_typeof(%(a)s)::text", names, params, 3, &failure));
        CHECK_ROW(fetch_row(cursor), "date", "smallint");
        /* A value's own type is stronger, and a NULL with a type is one. */
        const dbapi_value_t own[] = { DBAPI_TYPED(INT8_OID, DBAPI_INT(5)), DBAPI_INT(1), DBAPI_NULL };
        CHECK_OK(dbapi_setinputsizes(cursor, oids, 3, &failure));
        CHECK_OK(dbapi_execute(cursor, typed, own, 3, &failure));
        CHECK_ROW(fetch_row(cursor), "bigint", "integer", "date");
        /* Fewer say nothing of the rest; more are an error, which is their end as well. */
        CHECK_OK(dbapi_setinputsizes(cursor, oids, 1, &failure));
        CHECK_OK(dbapi_execute(cursor, untyped, params, 3, &failure));
        CHECK_ROW(fetch_row(cursor), "smallint", "integer", "2024-02-29!");
        CHECK_OK(dbapi_commit(connection, &failure));
        CHECK_OK(dbapi_setinputsizes(cursor, oids, 3, &failure));
        CHECK_FAILS(dbapi_execute(cursor, "SELECT %s", params, 1, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "gave 3 types");
        CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
        CHECK_OK(dbapi_execute(cursor, "SELECT %s", params, 1, &failure));
        CHECK_OK(dbapi_setinputsizes(cursor, oids, 1, &failure));
        CHECK_FAILS(dbapi_execute(cursor, "", params, 0, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "empty");
        CHECK_OK(dbapi_execute(cursor, "SELECT 1", params, 0, &failure));
        CHECK_OK(dbapi_setinputsizes(cursor, oids, 1, &failure));
        CHECK_OK(dbapi_setinputsizes(cursor, NULL, 0, &failure));
        CHECK_OK(dbapi_execute(cursor, "SELECT 1", params, 0, &failure));
    }
    close_cursor();
}

static void input_sizes_type_rows(void)
{
    static const uint32_t oids[] = { INET_OID };
    const dbapi_value_t rows[] = { DBAPI_TEXT("127.0.0.1"), DBAPI_NULL, DBAPI_TEXT("::1") };
    open_cursor();
    run(cursor, "CREATE TEMP TABLE t43 (a text)");
    for (int32_t binding = DBAPI_BINDING_SERVER; binding <= DBAPI_BINDING_CLIENT; binding++) {
        run(cursor, "TRUNCATE t43");
        CHECK_OK(dbapi_cursor_set_binding(cursor, binding, &failure));
        CHECK_OK(dbapi_setinputsizes(cursor, oids, 1, &failure));
        CHECK_OK(dbapi_executemany(cursor, "INSERT INTO t43 SELECT pg_typeof(%s)::text", rows, 1, 3, &failure));
        CHECK_TEXT(query_text(cursor, "SELECT string_agg(a, ' ') FROM t43"), "inet inet inet");
    }
    CHECK_OK(dbapi_setinputsizes(cursor, (const uint32_t[]){ 1, 2 }, 2, &failure));
    CHECK_FAILS(dbapi_executemany(cursor, "SELECT %s", rows, 1, 3, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "gave 2 types");
    close_cursor();
}

static void sizes_that_cannot_be(void)
{
    static const uint32_t oids[] = { 4000000000u };
    const dbapi_value_t params[] = { DBAPI_TEXT("x") };
    open_cursor();
    CHECK_OK(dbapi_setinputsizes(cursor, oids, 1, &failure));
    CHECK_FAILS(dbapi_execute(cursor, "SELECT %s", params, 1, &failure), DBAPI_INTERNAL_ERROR, ANY_SQLSTATE, "type");
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_FAILS(dbapi_setinputsizes(cursor, NULL, 1, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "oids");
    CHECK_FAILS(dbapi_setinputsizes(cursor, oids, SIZE_MAX, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "oids");
    CHECK_FAILS(dbapi_setinputsizes(NULL, oids, 1, &failure), DBAPI_INTERFACE_ERROR, NULL, "cursor");
    CHECK_OK(dbapi_setoutputsize(cursor, 0, -1, &failure));
    CHECK_OK(dbapi_setoutputsize(cursor, SIZE_MAX, 3, &failure));
    CHECK_FAILS(dbapi_setoutputsize(cursor, 1, -2, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "column");
    CHECK_FAILS(dbapi_setoutputsize(NULL, 1, -1, &failure), DBAPI_INTERFACE_ERROR, NULL, "cursor");
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    CHECK_FAILS(dbapi_setinputsizes(cursor, oids, 1, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_FAILS(dbapi_setoutputsize(cursor, 1, -1, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    close_cursor();
}

CHECK_MAIN(CASE(binding_is_of_the_cursor), CASE(the_client_binds_where_the_server_cannot), CASE(several_statements),
           CASE(text_is_never_sql), CASE(a_literal_never_goes_on_another), CASE(named_cursors), CASE(executemany_binds_each_row),
           CASE(executemany_of_many_rows), CASE(more_parameters_than_bind_can_count), CASE(query_is_what_was_sent),
           CASE(input_sizes_type_the_next_statement), CASE(input_sizes_type_rows), CASE(sizes_that_cannot_be))
