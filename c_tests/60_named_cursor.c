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
    CHECK_TEXT(dbapi_cursor_statusmessage(cursor), "DECLARE CURSOR");
    CHECK_ROW(fetch_row(cursor), "1", "10");
    CHECK_INT(dbapi_rowcount(cursor), 1);
    CHECK(dbapi_description(cursor, &count) != NULL);
    CHECK_SIZE(count, 2);
    CHECK_INT(dbapi_rownumber(cursor), 1);
    CHECK_OK(dbapi_fetchmany(cursor, 4, &rows, &count, &failure));
    CHECK_SIZE(count, 4);
    CHECK_INT(rows[0].as.integer, 2);
    CHECK_INT(dbapi_rowcount(cursor), 4);
    CHECK_INT(dbapi_rownumber(cursor), 5);
    CHECK_TEXT(dbapi_cursor_statusmessage(cursor), "FETCH 4");
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

/* As in psycopg2, reading what is held begins no transaction: it would stay open behind the reader's back. */
static void reading_a_held_cursor_begins_nothing(void)
{
    static const int32_t formats[] = { DBAPI_FORMAT_TEXT, DBAPI_FORMAT_BINARY };
    open_connection();
    for (size_t f = 0; f < COUNT(formats); f++) {
        dbapi_cursor_t *cursor = named("c60", 1, true);
        CHECK_OK(dbapi_cursor_set_result_format(cursor, formats[f], &failure));
        run(cursor, "SELECT g, 'x', NULL FROM generate_series(1, 3) g");
        CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INTRANS);
        CHECK_OK(dbapi_commit(connection, &failure));
        CHECK_ROW(fetch_row(cursor), "1", "x", SQL_NULL);
        CHECK_OK(dbapi_scroll(cursor, 1, DBAPI_SCROLL_RELATIVE, &failure));
        CHECK_ROW(fetch_row(cursor), "3", "x", SQL_NULL);
        check_end(cursor);
        CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
        CHECK_OK(dbapi_cursor_close(cursor, &failure));
        CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
        dbapi_cursor_free(cursor);
    }
    dbapi_connection_free(connection);
}

/* Holding is the commit's doing: after a rollback there is nothing, and closing it spoils no transaction. */
static void with_hold_does_not_survive_rollback(void)
{
    static const char *const names[] = { "c60", "c'60\\", "c60 567890123456789012345678901234567890123456789012345678901234567890" };
    const dbapi_value_t *row = NULL;
    open_connection();
    dbapi_cursor_t *other = cursor_of(connection);
    for (size_t i = 0; i < COUNT(names); i++) {
        dbapi_cursor_t *cursor = named(names[i], -1, true);
        run(cursor, "SELECT generate_series(1, 3)");
        CHECK_OK(dbapi_rollback(connection, &failure));
        CHECK_FAILS(dbapi_fetchone(cursor, &row, &failure), DBAPI_OPERATIONAL_ERROR, "34000", NULL);
        CHECK_OK(dbapi_cursor_close(cursor, &failure));
        dbapi_cursor_free(cursor);
        cursor = named(names[i], -1, true);
        run(cursor, "SELECT generate_series(1, 3)");
        CHECK_OK(dbapi_rollback(connection, &failure));
        run(other, "SELECT 1");
        CHECK_OK(dbapi_cursor_close(cursor, &failure));
        CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INTRANS);
        dbapi_cursor_free(cursor);
        /* One that is held is closed inside a later transaction as well. */
        cursor = named(names[i], -1, true);
        run(cursor, "SELECT generate_series(1, 3)");
        CHECK_OK(dbapi_commit(connection, &failure));
        CHECK_TEXT(query_text(other, "SELECT count(*) FROM pg_cursors WHERE is_holdable"), "1");
        CHECK_OK(dbapi_cursor_close(cursor, &failure));
        CHECK_TEXT(query_text(other, "SELECT count(*) FROM pg_cursors WHERE is_holdable"), "0");
        CHECK_OK(dbapi_rollback(connection, &failure));
        dbapi_cursor_free(cursor);
    }
    dbapi_cursor_free(other);
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

/* PostgreSQL tells apart the first 63 bytes of a name. */
static void long_names(void)
{
    static const char long_name[] = "c60 567890123456789012345678901234567890123456789012345678901234567890";
    static const char same_beginning[] = "c60 56789012345678901234567890123456789012345678901234567890123x";
    open_connection();
    dbapi_cursor_t *cursor = named(long_name, -1, false);
    run(cursor, "SELECT generate_series(1, 3)");
    CHECK_TEXT(dbapi_cursor_name(cursor), long_name);
    CHECK_ROW(fetch_row(cursor), "1");
    CHECK_OK(dbapi_scroll(cursor, 1, DBAPI_SCROLL_RELATIVE, &failure));
    CHECK_ROW(fetch_row(cursor), "3");
    dbapi_cursor_t *other = named(same_beginning, -1, false);
    CHECK_FAILS(dbapi_execute(other, "SELECT 1", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "42P03", NULL);
    dbapi_cursor_free(other);
    CHECK_OK(dbapi_rollback(connection, &failure));
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void what_it_was_made_as(void)
{
    static const int32_t wrong[] = { 2, -2, INT32_MAX, INT32_MIN };
    static const int32_t right[] = { 1, 0, -1 };
    dbapi_cursor_t *cursor = NULL;
    open_connection();
    for (size_t i = 0; i < COUNT(wrong); i++) {
        CHECK_FAILS(dbapi_cursor_named(connection, "c60", wrong[i], false, &cursor, &failure), DBAPI_PROGRAMMING_ERROR, NULL,
                    "scrollable");
        CHECK_PTR(cursor, NULL);
    }
    for (size_t i = 0; i < COUNT(right); i++) {
        cursor = named("c \"60\"", right[i], i % 2 == 0);
        CHECK_TEXT(dbapi_cursor_name(cursor), "c \"60\"");
        CHECK_INT(dbapi_cursor_scrollable(cursor), right[i]);
        CHECK_INT(dbapi_cursor_withhold(cursor), i % 2 == 0);
        CHECK_OK(dbapi_cursor_close(cursor, &failure));
        CHECK_INT(dbapi_cursor_scrollable(cursor), right[i]);
        CHECK_TEXT(dbapi_cursor_name(cursor), "c \"60\"");
        dbapi_cursor_free(cursor);
    }
    /* Without a name, a cursor can be neither. */
    CHECK_FAILS(dbapi_cursor_named(connection, NULL, 1, false, &cursor, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "name");
    CHECK_FAILS(dbapi_cursor_named(connection, NULL, 0, false, &cursor, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "name");
    CHECK_FAILS(dbapi_cursor_named(connection, NULL, -1, true, &cursor, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "name");
    cursor = cursor_of(connection);
    CHECK_PTR(dbapi_cursor_name(cursor), NULL);
    CHECK_INT(dbapi_cursor_scrollable(cursor), -1);
    CHECK(!dbapi_cursor_withhold(cursor));
    dbapi_cursor_free(cursor);
    CHECK_PTR(dbapi_cursor_name(NULL), NULL);
    CHECK_INT(dbapi_cursor_scrollable(NULL), -1);
    CHECK(!dbapi_cursor_withhold(NULL));
    dbapi_connection_free(connection);
}

/* What stands behind the query is not run as another statement. */
static void one_statement_alone(void)
{
    open_connection();
    dbapi_cursor_t *cursor = named("c60", -1, false);
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1; SELECT 2", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "42601", NULL);
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_FAILS(dbapi_execute(cursor, "CREATE TABLE t60 ()", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "42601", NULL);
    CHECK_OK(dbapi_rollback(connection, &failure));
    /* One that failed may be tried again. */
    run(cursor, "SELECT 1;");
    CHECK_ROW(fetch_row(cursor), "1");
    dbapi_cursor_free(cursor);
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

/* DISCARD ALL closes even what was declared with hold. */
static void reset_ends_even_a_held_one(void)
{
    dbapi_cursor_t *cursor = NULL;
    const dbapi_value_t *row = NULL;
    dbapi_connection_t *connection = connect_test();
    CHECK_OK(dbapi_cursor_named(connection, "held", -1, true, &cursor, &failure));
    run(cursor, "SELECT 1");
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_OK(dbapi_connection_reset(connection, &failure));
    CHECK_FAILS(dbapi_fetchone(cursor, &row, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "reset");
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

/* A transaction that ends where the next begins is one that has ended. */
static void ends_with_a_chained_commit(void)
{
    static const char *const ends[] = { "COMMIT AND CHAIN", "COMMIT; BEGIN" };
    for (size_t i = 0; i < COUNT(ends); i++) {
        dbapi_cursor_t *named = NULL;
        const dbapi_value_t *row = NULL;
        dbapi_connection_t *connection = connect_test();
        dbapi_cursor_t *cursor = cursor_of(connection);
        CHECK_OK(dbapi_savepoint_begin(connection, "here", &failure));
        CHECK_OK(dbapi_cursor_named(connection, "chained", -1, false, &named, &failure));
        run(named, "SELECT 1");
        run(cursor, ends[i]);
        CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INTRANS);
        CHECK_FAILS(dbapi_fetchone(named, &row, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "the transaction that declared it has ended");
        CHECK_FAILS(dbapi_savepoint_release(connection, "here", &failure), DBAPI_PROGRAMMING_ERROR, "3B001", "here");
        CHECK_TEXT(query_text(cursor, "SELECT 'as ever'"), "as ever");
        dbapi_cursor_free(named);
        dbapi_cursor_free(cursor);
        dbapi_connection_free(connection);
    }
}

CHECK_MAIN(CASE(reset_ends_even_a_held_one), CASE(ends_with_a_chained_commit), CASE(fetches_from_the_server), CASE(the_server_knows_it), CASE(freeing_closes_it), CASE(takes_parameters),
           CASE(a_second_execute_is_refused), CASE(executemany_is_refused), CASE(autocommit_needs_hold),
           CASE(ends_with_its_transaction), CASE(with_hold_survives_commit),
           CASE(reading_a_held_cursor_begins_nothing), CASE(with_hold_does_not_survive_rollback), CASE(any_name_is_legal),
           CASE(long_names), CASE(what_it_was_made_as), CASE(one_statement_alone),
           CASE(no_name_is_a_client_side_cursor), CASE(scrollable_is_declared), CASE(fetching_before_execute),
           CASE(a_failing_declare))
