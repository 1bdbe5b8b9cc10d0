/* Named cursors, which the server keeps: DECLARE on execute, FETCH on fetch. */
#include "connect.h"

static dbapi_connection_t *connection;

static void open_connection(void)
{
    connection = connect_test();
}

static dbapi_cursor_t *named(const char *name, int32_t scrollable, bool withhold)
{
    dbapi_cursor_t *cursor = NULL;
    CHECK_OK(dbapi_cursor_named(connection, name, scrollable, withhold, &cursor, &failure));
    CHECK(cursor != NULL);
    return cursor;
}

static void fetches_from_the_server(void)
{
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    open_connection();
    dbapi_cursor_t *cursor = named("c60", -1, false);
    run(cursor, "SELECT g, g * 10 FROM generate_series(1, 10) g");
    /* What the columns are is known with the first rows. */
    CHECK_PTR(dbapi_description(cursor, &count), NULL);
    CHECK_INT(dbapi_rowcount(cursor), -1);
    CHECK_ROW(fetch_row(cursor), "1", "10");
    CHECK(dbapi_description(cursor, &count) != NULL);
    CHECK_SIZE(count, 2);
    CHECK_INT(dbapi_rownumber(cursor), 1);
    CHECK_OK(dbapi_fetchmany(cursor, 4, &rows, &count, &failure));
    CHECK_SIZE(count, 4);
    CHECK_INT(rows[0].as.integer, 2);
    CHECK_OK(dbapi_cursor_set_arraysize(cursor, 2, &failure));
    CHECK_OK(dbapi_fetchmany(cursor, 0, &rows, &count, &failure));
    CHECK_SIZE(count, 2);
    CHECK_INT(rows[0].as.integer, 6);
    CHECK_OK(dbapi_fetchall(cursor, &rows, &count, &failure));
    CHECK_SIZE(count, 3);
    CHECK_INT(rows[4].as.integer, 10);
    check_end(cursor);
    CHECK_DONE(dbapi_fetchall(cursor, &rows, &count, &failure));
    CHECK_SIZE(count, 0);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

/* It is a cursor of the server: another cursor sees it there, until it is closed. */
static void the_server_knows_it(void)
{
    open_connection();
    dbapi_cursor_t *cursor = named("c60", -1, false);
    dbapi_cursor_t *other = cursor_of(connection);
    run(cursor, "SELECT 1");
    CHECK_TEXT(query_text(other, "SELECT string_agg(name, ',') FROM pg_cursors WHERE name LIKE 'c60%'"), "c60");
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    CHECK_TEXT(query_text(other, "SELECT string_agg(name, ',') FROM pg_cursors WHERE name LIKE 'c60%'"), SQL_NULL);
    dbapi_cursor_free(cursor);
    dbapi_cursor_free(other);
    dbapi_connection_free(connection);
}

static void freeing_closes_it(void)
{
    open_connection();
    dbapi_cursor_t *cursor = named("c60", -1, false);
    dbapi_cursor_t *other = cursor_of(connection);
    run(cursor, "SELECT 1");
    dbapi_cursor_free(cursor);
    CHECK_TEXT(query_text(other, "SELECT string_agg(name, ',') FROM pg_cursors WHERE name LIKE 'c60%'"), SQL_NULL);
    /* So its name is free again. */
    cursor = named("c60", -1, false);
    run(cursor, "SELECT 2");
    CHECK_ROW(fetch_row(cursor), "2");
    dbapi_cursor_free(cursor);
    dbapi_cursor_free(other);
    dbapi_connection_free(connection);
}

static void takes_parameters(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(3), DBAPI_TEXT("it's") };
    const char *const names[] = { "n", "t" };
    open_connection();
    dbapi_cursor_t *cursor = named("c60", -1, false);
    CHECK_OK(dbapi_execute(cursor, "SELECT %s + 1, %s::text, '%%'", params, 2, &failure));
    CHECK_ROW(fetch_row(cursor), "4", "it's", "%");
    dbapi_cursor_free(cursor);
    cursor = named("c60b", -1, false);
    CHECK_OK(dbapi_execute_named(cursor, "SELECT %(n)s, %(t)s::text", names, params, 2, &failure));
    CHECK_ROW(fetch_row(cursor), "3", "it's");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void a_second_execute_is_refused(void)
{
    open_connection();
    dbapi_cursor_t *cursor = named("c60", -1, false);
    run(cursor, "SELECT generate_series(1, 2)");
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 2", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "c60");
    /* The first goes on. */
    CHECK_ROW(fetch_row(cursor), "1");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void executemany_is_refused(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(3) };
    open_connection();
    dbapi_cursor_t *cursor = named("c60", -1, false);
    CHECK_FAILS(dbapi_executemany(cursor, "SELECT %s", params, 1, 1, &failure), DBAPI_PROGRAMMING_ERROR, NULL, NULL);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void autocommit_needs_hold(void)
{
    open_connection();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    dbapi_cursor_t *cursor = named("c60", -1, false);
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "autocommit");
    dbapi_cursor_free(cursor);
    cursor = named("c60", -1, true);
    run(cursor, "SELECT generate_series(1, 2)");
    CHECK_ROW(fetch_row(cursor), "1");
    CHECK_ROW(fetch_row(cursor), "2");
    check_end(cursor);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void ends_with_its_transaction(void)
{
    const dbapi_value_t *row = NULL;
    open_connection();
    dbapi_cursor_t *cursor = named("c60", -1, false);
    run(cursor, "SELECT generate_series(1, 3)");
    CHECK_ROW(fetch_row(cursor), "1");
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_FAILS(dbapi_fetchone(cursor, &row, &failure), DBAPI_PROGRAMMING_ERROR, ANY_SQLSTATE, "c60");
    /* Asking changed nothing: no failed transaction stands open. */
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    dbapi_cursor_t *other = cursor_of(connection);
    CHECK_TEXT(query_text(other, "SELECT 1"), "1");
    dbapi_cursor_free(other);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void with_hold_survives_commit(void)
{
    open_connection();
    dbapi_cursor_t *cursor = named("c60", -1, true);
    run(cursor, "SELECT generate_series(1, 3)");
    CHECK_ROW(fetch_row(cursor), "1");
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_ROW(fetch_row(cursor), "2");
    CHECK_ROW(fetch_row(cursor), "3");
    check_end(cursor);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void any_name_is_legal(void)
{
    static const char *const names[] = { "c 60", "c\"60", "c'60;", "SELECT", "c60\n--", "c60%s", "\xc3\xa4", "C60" };
    open_connection();
    for (size_t i = 0; i < COUNT(names); i++) {
        dbapi_cursor_t *cursor = named(names[i], -1, false);
        run(cursor, "SELECT name FROM pg_cursors");
        CHECK_ROW(fetch_row(cursor), names[i]);
        CHECK_OK(dbapi_cursor_close(cursor, &failure));
        dbapi_cursor_free(cursor);
    }
    dbapi_cursor_t *cursor = NULL;
    CHECK_FAILS(dbapi_cursor_named(connection, "c\xff", -1, false, &cursor, &failure), DBAPI_PROGRAMMING_ERROR, "22021", "name");
    CHECK_PTR(cursor, NULL);
    CHECK_FAILS(dbapi_cursor_named(connection, "", -1, false, &cursor, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "name");
    dbapi_connection_free(connection);
}

/* NULL for a name is a cursor without one. */
static void no_name_is_a_client_side_cursor(void)
{
    open_connection();
    dbapi_cursor_t *cursor = named(NULL, -1, false);
    run(cursor, "SELECT 1");
    run(cursor, "SELECT 2");
    CHECK_INT(dbapi_rowcount(cursor), 1);
    CHECK_ROW(fetch_row(cursor), "2");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void scrollable_is_declared(void)
{
    static const struct {
        int32_t scrollable;
        const char *expected;
    } declared[] = { { 1, "t" }, { 0, "f" } };
    open_connection();
    dbapi_cursor_t *other = cursor_of(connection);
    for (size_t i = 0; i < COUNT(declared); i++) {
        dbapi_cursor_t *cursor = named("c60", declared[i].scrollable, false);
        run(cursor, "SELECT generate_series(1, 3)");
        CHECK_TEXT(query_text(other, "SELECT is_scrollable FROM pg_cursors WHERE name = 'c60'"), declared[i].expected);
        dbapi_cursor_free(cursor);
    }
    dbapi_cursor_free(other);
    dbapi_connection_free(connection);
}

static void fetching_before_execute(void)
{
    const dbapi_value_t *row = NULL;
    open_connection();
    dbapi_cursor_t *cursor = named("c60", -1, false);
    CHECK_FAILS(dbapi_fetchone(cursor, &row, &failure), DBAPI_PROGRAMMING_ERROR, NULL, NULL);
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void a_failing_declare(void)
{
    open_connection();
    dbapi_cursor_t *cursor = named("c60", -1, false);
    CHECK_FAILS(dbapi_execute(cursor, "SELECT * FROM no_such_table", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "42P01",
                "no_such_table");
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INERROR);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

CHECK_MAIN(CASE(fetches_from_the_server), CASE(the_server_knows_it), CASE(freeing_closes_it), CASE(takes_parameters),
           CASE(a_second_execute_is_refused), CASE(executemany_is_refused), CASE(autocommit_needs_hold),
           CASE(ends_with_its_transaction), CASE(with_hold_survives_commit), CASE(any_name_is_legal),
           CASE(no_name_is_a_client_side_cursor), CASE(scrollable_is_declared), CASE(fetching_before_execute),
           CASE(a_failing_declare))
