/* callproc: SELECT * FROM name(...), with parameters by place or by name; names of any kind. */
#include "connect.h"

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

/* A function that tells what it was called with. */
#define TELLS                                                                                        \
    "(a int, b text DEFAULT 'd', c int DEFAULT 7) RETURNS text LANGUAGE sql AS"                      \
    " $$SELECT format('%s %s %s', coalesce(a::text, 'null'), coalesce(b, 'null'), c)$$"

static void by_place(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(1), DBAPI_TEXT("it's; --"), DBAPI_INT(3) };
    open_cursor();
    run(cursor, "CREATE FUNCTION pg_temp.f" TELLS);
    CHECK_OK(dbapi_callproc(cursor, "pg_temp.f", params, 3, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 1);
    CHECK_TEXT(dbapi_cursor_statusmessage(cursor), "SELECT 1");
    CHECK_ROW(fetch_row(cursor), "1 it's; -- 3");
    check_end(cursor);
    CHECK_OK(dbapi_callproc(cursor, "pg_temp.f", params, 1, &failure));
    CHECK_ROW(fetch_row(cursor), "1 d 7");
    close_cursor();
}

static void by_name(void)
{
    const char *const names[] = { "c", "a" };
    const char *const odd[] = { "Odd \"name\") := 1; --%s" };
    const dbapi_value_t params[] = { DBAPI_INT(1), DBAPI_INT(2) };
    open_cursor();
    run(cursor, "CREATE FUNCTION pg_temp.f" TELLS);
    CHECK_OK(dbapi_callproc_named(cursor, "pg_temp.f", names, params, 2, &failure));
    CHECK_ROW(fetch_row(cursor), "2 d 1");
    CHECK_OK(dbapi_callproc_named(cursor, "pg_temp.f", names + 1, params + 1, 1, &failure));
    CHECK_ROW(fetch_row(cursor), "2 d 7");
    run(cursor, "CREATE FUNCTION pg_temp.odd(\"Odd \"\"name\"\") := 1; --%s\" int) RETURNS int LANGUAGE sql AS 'SELECT $1 + 1'");
    CHECK_OK(dbapi_callproc_named(cursor, "pg_temp.odd", odd, params, 1, &failure));
    CHECK_ROW(fetch_row(cursor), "2");
    close_cursor();
}

static void without_parameters(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(1) };
    const char *const names[] = { "a" };
    open_cursor();
    run(cursor, "CREATE FUNCTION pg_temp.\"50% off\"() RETURNS int LANGUAGE sql AS 'SELECT 42'");
    CHECK_OK(dbapi_callproc(cursor, "pg_temp.50% off", NULL, 0, &failure));
    CHECK_ROW(fetch_row(cursor), "42");
    CHECK_OK(dbapi_callproc(cursor, "pg_temp.50% off", params, 0, &failure));
    CHECK_ROW(fetch_row(cursor), "42");
    CHECK_OK(dbapi_callproc_named(cursor, "pg_temp.50% off", names, NULL, 0, &failure));
    CHECK_ROW(fetch_row(cursor), "42");
    close_cursor();
}

static void sets_of_rows_and_nothing(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(2), DBAPI_INT(4) };
    size_t count = 0;
    open_cursor();
    CHECK_OK(dbapi_callproc(cursor, "generate_series", params, 2, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 3);
    const dbapi_column_t *columns = dbapi_description(cursor, &count);
    CHECK_SIZE(count, 1);
    CHECK_TEXT(columns[0].name, "generate_series");
    CHECK_ROW(fetch_row(cursor), "2");
    CHECK_ROW(fetch_row(cursor), "3");
    CHECK_ROW(fetch_row(cursor), "4");
    check_end(cursor);
    run(cursor, "CREATE FUNCTION pg_temp.two(OUT a int, OUT b text) LANGUAGE sql AS $$SELECT 1, 'x'$$");
    CHECK_OK(dbapi_callproc(cursor, "pg_temp.two", NULL, 0, &failure));
    CHECK_ROW(fetch_row(cursor), "1", "x");
    run(cursor, "CREATE FUNCTION pg_temp.nothing(int) RETURNS void LANGUAGE sql AS ''");
    CHECK_OK(dbapi_callproc(cursor, "pg_temp.nothing", params, 1, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 1);
    close_cursor();
}

/* A parameter is what the same literal would be: text finds its type, NULL has any, and a type can be said. */
static void typed_parameters(void)
{
    dbapi_value_t params[] = { DBAPI_NULL, DBAPI_NULL };
    open_cursor();
    run(cursor, "CREATE FUNCTION pg_temp.g(int) RETURNS text LANGUAGE sql AS $$SELECT 'int'$$;"
                "CREATE FUNCTION pg_temp.g(int8) RETURNS text LANGUAGE sql AS $$SELECT 'int8'$$;"
                "CREATE FUNCTION pg_temp.g(float8) RETURNS text LANGUAGE sql AS $$SELECT 'float8'$$;"
                "CREATE FUNCTION pg_temp.f" TELLS);
    CHECK_OK(dbapi_callproc(cursor, "pg_temp.f", params, 2, &failure));
    CHECK_ROW(fetch_row(cursor), "null null 7");
    params[0] = DBAPI_INT(5);
    CHECK_OK(dbapi_callproc(cursor, "pg_temp.g", params, 1, &failure));
    CHECK_ROW(fetch_row(cursor), "int");
    params[0].oid = 20;
    CHECK_OK(dbapi_callproc(cursor, "pg_temp.g", params, 1, &failure));
    CHECK_ROW(fetch_row(cursor), "int8");
    params[0] = DBAPI_FLOAT(5);
    CHECK_OK(dbapi_callproc(cursor, "pg_temp.g", params, 1, &failure));
    CHECK_ROW(fetch_row(cursor), "float8");
    params[0] = DBAPI_TEXT("x");
    CHECK_OK(dbapi_callproc(cursor, "upper", params, 1, &failure));
    CHECK_ROW(fetch_row(cursor), "X");
    close_cursor();
}

/* Each part of a name is quoted: it can be anything, and can't be more than a name. */
static void any_name_is_legal(void)
{
    static const struct {
        const char *called, *in_sql;
    } names[] = {
        { "MixedCase", "\"MixedCase\"" },
        { "with space", "\"with space\"" },
        { "select", "\"select\"" },
        { "f\"q", "\"f\"\"q\"" },
        { "f()); DROP TABLE t57; --", "\"f()); DROP TABLE t57; --\"" },
        { "it's\n%s%%", "\"it's\n%s%%\"" },
        { "\"a.b\"", "\"a.b\"" },
        { "\"a\"\".b\"", "\"a\"\".b\"" },
        { "f\xc3\xa4", "\"f\xc3\xa4\"" },
        /* The server cuts it off here as it did there. */
        { "a234567890123456789012345678901234567890123456789012345678901234567890",
          "\"a234567890123456789012345678901234567890123456789012345678901234567890\"" },
    };
    const dbapi_value_t params[] = { DBAPI_INT(1) };
    char text[300];
    size_t length = 0;
    open_cursor();
    run(cursor, "CREATE TEMP TABLE t57 (); CREATE SCHEMA \"S57 x\"; CREATE SCHEMA \"t.57\"");
    for (size_t i = 0; i < COUNT(names); i++) {
        static const struct {
            const char *called, *in_sql;
        } schemas[] = { { "S57 x", "\"S57 x\"" }, { "\"t.57\"", "\"t.57\"" } };
        for (size_t s = 0; s < COUNT(schemas); s++) {
            const dbapi_value_t parts[] = { DBAPI_TEXT(schemas[s].in_sql), DBAPI_TEXT("."), DBAPI_TEXT(names[i].in_sql) };
            CHECK_OK(dbapi_execute(cursor, "SELECT 'CREATE FUNCTION ' || concat(%s::text, %s::text, %s::text)"
                                           " || '(int) RETURNS int LANGUAGE sql AS ''SELECT $1 + 41'''", parts, 3, &failure));
            CHECK_OK(dbapi_value_format(&fetch_row(cursor)[0], text, sizeof text, &length, &failure));
            CHECK(length < sizeof text);
            run(cursor, text);
            const dbapi_value_t called[] = { DBAPI_TEXT(schemas[s].called), DBAPI_TEXT(names[i].called) };
            CHECK_OK(dbapi_execute(cursor, "SELECT concat(%s::text, '.', %s::text)", called, 2, &failure));
            CHECK_OK(dbapi_value_format(&fetch_row(cursor)[0], text, sizeof text, &length, &failure));
            CHECK_OK(dbapi_callproc(cursor, text, params, 1, &failure));
            CHECK_ROW(fetch_row(cursor), "42");
        }
    }
    CHECK_TEXT(query_text(cursor, "SELECT count(*) FROM t57"), "0");
    close_cursor();
}

static void bad_names(void)
{
    static const char *const names[] = { "", ".", ".f", "f.", "a..b", "\"", "\"f", "\"f\"x", "\"\"", "f.\"\"" };
    open_cursor();
    for (size_t i = 0; i < COUNT(names); i++) {
        CHECK_FAILS(dbapi_callproc(cursor, names[i], NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "function's name");
    }
    CHECK_FAILS(dbapi_callproc(cursor, NULL, NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "name");
    CHECK_FAILS(dbapi_callproc(cursor, "f\xff", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "22021", "name");
    /* Nothing was sent for any of them. */
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    close_cursor();
}

static void bad_parameters(void)
{
    const char *const missing[] = { "a", NULL };
    const char *const empty[] = { "" };
    const char *const twice[] = { "a", "a" };
    dbapi_value_t params[] = { DBAPI_INT(1), DBAPI_INT(2) };
    open_cursor();
    CHECK_FAILS(dbapi_callproc(cursor, "f", NULL, 1, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "params");
    CHECK_FAILS(dbapi_callproc_named(cursor, "f", NULL, params, 1, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "names");
    CHECK_FAILS(dbapi_callproc_named(cursor, "f", missing, params, 2, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "names[1]");
    CHECK_FAILS(dbapi_callproc_named(cursor, "f", empty, params, 1, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "parameter 1");
    params[1].kind = 99;
    CHECK_FAILS(dbapi_callproc(cursor, "f", params, 2, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "parameter 2");
    params[1].kind = DBAPI_KIND_INT;
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    CHECK_FAILS(dbapi_callproc_named(cursor, "f", twice, params, 2, &failure), DBAPI_PROGRAMMING_ERROR, "42601", NULL);
    close_cursor();
}

static void what_the_server_refuses(void)
{
    const dbapi_value_t *row = NULL;
    open_cursor();
    CHECK_FAILS(dbapi_callproc(cursor, "no_such_function", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "42883", "no_such_function");
    CHECK_FAILS(dbapi_fetchone(cursor, &row, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "no results");
    CHECK_OK(dbapi_rollback(connection, &failure));
    run(cursor, "CREATE PROCEDURE pg_temp.p57() LANGUAGE sql AS ''");
    CHECK_FAILS(dbapi_callproc(cursor, "pg_temp.p57", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "42809", NULL);
    close_cursor();
}

static void in_the_wrong_state(void)
{
    open_cursor();
    dbapi_cursor_t *named = NULL;
    CHECK_OK(dbapi_cursor_named(connection, "c57", -1, false, &named, &failure));
    CHECK_FAILS(dbapi_callproc(named, "version", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "named cursor");
    run(named, "SELECT 1");
    dbapi_cursor_free(named);
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    CHECK_FAILS(dbapi_callproc(cursor, "version", NULL, 0, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_FAILS(dbapi_callproc_named(cursor, "", NULL, NULL, 0, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_FAILS(dbapi_callproc(NULL, "version", NULL, 0, &failure), DBAPI_INTERFACE_ERROR, NULL, "cursor");
    close_cursor();
}

/* The statement is the library's own: whatever the cursor's style and binding are, they are for the user's. */
static void in_any_style(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(-7), DBAPI_INT(3) };
    open_cursor();
    CHECK_OK(dbapi_cursor_set_paramstyle(cursor, DBAPI_PARAMSTYLE_NUMERIC, &failure));
    for (int32_t binding = DBAPI_BINDING_SERVER; binding <= DBAPI_BINDING_CLIENT; binding++) {
        CHECK_OK(dbapi_cursor_set_binding(cursor, binding, &failure));
        CHECK_OK(dbapi_callproc(cursor, "mod", params, 2, &failure));
        CHECK_ROW(fetch_row(cursor), "-1");
        CHECK_INT(dbapi_cursor_paramstyle(cursor), DBAPI_PARAMSTYLE_NUMERIC);
    }
    close_cursor();
}

CHECK_MAIN(CASE(by_place), CASE(by_name), CASE(without_parameters), CASE(sets_of_rows_and_nothing), CASE(typed_parameters),
           CASE(any_name_is_legal), CASE(bad_names), CASE(bad_parameters), CASE(what_the_server_refuses), CASE(in_any_style), CASE(in_the_wrong_state))
