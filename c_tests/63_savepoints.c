/* Savepoints by the helper: nested, by any name, and out of step with what SQL does meanwhile. */
#include "connect.h"

#include <stdio.h>
#include <string.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;

static void open_with_table(void)
{
    fresh_table("t63_test", "a int UNIQUE");
    connection = connect_test();
    cursor = cursor_of(connection);
}

static void close_both(void)
{
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static dbapi_status_t begin(const char *name)
{
    return dbapi_savepoint_begin(connection, name, &failure);
}

static dbapi_status_t release(const char *name)
{
    return dbapi_savepoint_release(connection, name, &failure);
}

static dbapi_status_t undo(const char *name)
{
    return dbapi_savepoint_rollback(connection, name, &failure);
}

static void insert(int number)
{
    char sql[100];
    snprintf(sql, sizeof sql, "INSERT INTO t63_test VALUES (%d)", number);
    run(cursor, sql);
}

static const char *numbers(void)
{
    return query_text(cursor, "SELECT coalesce(string_agg(a::text, ' ' ORDER BY a), '') FROM t63_test");
}

#define CHECK_NO_SAVEPOINT(call) CHECK_FAILS(call, DBAPI_PROGRAMMING_ERROR, "3B001", "no savepoint")

static void fail_the_transaction(void)
{
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1/0", NULL, 0, &failure), DBAPI_DATA_ERROR, "22012", NULL);
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INERROR);
}

static void it_begins_the_transaction(void)
{
    open_with_table();
    CHECK_OK(begin(NULL));
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INTRANS);
    insert(1);
    CHECK_OK(release(NULL));
    CHECK_TEXT(outside("SELECT count(*) FROM t63_test"), "0");
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_TEXT(outside("SELECT count(*) FROM t63_test"), "1");
    close_both();
}

static void nested_innermost_first(void)
{
    open_with_table();
    insert(0);
    for (int i = 1; i <= 5; i++) {
        CHECK_OK(begin(NULL));
        insert(i);
    }
    CHECK_OK(undo(NULL));
    CHECK_TEXT(numbers(), "0 1 2 3 4");
    CHECK_OK(release(NULL));
    CHECK_TEXT(numbers(), "0 1 2 3 4");
    CHECK_OK(undo(NULL));
    CHECK_TEXT(numbers(), "0 1 2");
    /* A new one at the depth of one that is gone. */
    CHECK_OK(begin(NULL));
    insert(9);
    CHECK_OK(undo(NULL));
    CHECK_TEXT(numbers(), "0 1 2");
    CHECK_OK(undo(NULL));
    CHECK_OK(undo(NULL));
    CHECK_TEXT(numbers(), "0");
    CHECK_NO_SAVEPOINT(undo(NULL));
    CHECK_NO_SAVEPOINT(release(NULL));
    /* That was found here: the transaction goes on. */
    CHECK_TEXT(numbers(), "0");
    CHECK_OK(dbapi_commit(connection, &failure));
    close_both();
}

static void an_outer_one_takes_the_inner_along(void)
{
    open_with_table();
    CHECK_OK(begin("outer"));
    insert(1);
    CHECK_OK(begin("middle"));
    insert(2);
    CHECK_OK(begin("inner"));
    insert(3);
    CHECK_OK(release("middle"));
    CHECK_NO_SAVEPOINT(release("inner"));
    CHECK_NO_SAVEPOINT(undo("middle"));
    CHECK_OK(begin("inner"));
    insert(4);
    CHECK_TEXT(numbers(), "1 2 3 4");
    CHECK_OK(undo("outer"));
    CHECK_NO_SAVEPOINT(undo("inner"));
    CHECK_TEXT(numbers(), "");
    CHECK_NO_SAVEPOINT(undo("outer"));
    close_both();
}

static void duplicates_hide_one_another(void)
{
    open_with_table();
    CHECK_OK(begin("s"));
    insert(1);
    CHECK_OK(begin("s"));
    insert(2);
    CHECK_OK(begin("other"));
    insert(3);
    CHECK_OK(undo("s"));
    CHECK_TEXT(numbers(), "1");
    CHECK_OK(undo("s"));
    CHECK_TEXT(numbers(), "");
    CHECK_NO_SAVEPOINT(undo("s"));
    close_both();
}

/* Under the helper's own names as well. */
static void the_helpers_own_names_are_no_secret(void)
{
    open_with_table();
    CHECK_OK(begin("dbapi_savepoint_2"));
    insert(1);
    CHECK_OK(begin(NULL));
    insert(2);
    CHECK_OK(undo(NULL));
    CHECK_TEXT(numbers(), "1");
    CHECK_OK(undo("dbapi_savepoint_2"));
    CHECK_TEXT(numbers(), "");
    close_both();
}

static void any_name(void)
{
    char longest[64];
    memset(longest, 'x', 63);
    longest[63] = '\0';
    const char *const names[] = { "a b", "\"", "\"\"", "a\"; DROP TABLE t63_test; --", "it's", "new\nline", "Upper", "select", "%n%s", "\\", "$1", "\xe2\x82\xac", longest };
    open_with_table();
    for (size_t i = 0; i < COUNT(names); i++) {
        CHECK_OK(begin(names[i]));
        insert((int)i);
        CHECK_OK(begin("inner"));
        CHECK_OK(release(names[i]));
        CHECK_OK(begin(names[i]));
        insert(1000);
        CHECK_OK(undo(names[i]));
    }
    CHECK_TEXT(numbers(), "0 1 2 3 4 5 6 7 8 9 10 11 12");
    /* Case counts. */
    CHECK_OK(begin("upper"));
    CHECK_NO_SAVEPOINT(release("UPPER"));
    CHECK_OK(dbapi_commit(connection, &failure));
    close_both();
}

static void names_that_cannot_be(void)
{
    char too_long[65], euros[67] = "";
    memset(too_long, 'x', 64);
    too_long[64] = '\0';
    for (int i = 0; i < 22; i++) {
        strcat(euros, "\xe2\x82\xac");
    }
    open_with_table();
    CHECK_FAILS(begin(too_long), DBAPI_PROGRAMMING_ERROR, NULL, "63 bytes");
    CHECK_FAILS(begin(euros), DBAPI_PROGRAMMING_ERROR, NULL, "63 bytes");
    CHECK_FAILS(begin(""), DBAPI_PROGRAMMING_ERROR, NULL, "empty");
    CHECK_FAILS(begin("a\xff"), DBAPI_PROGRAMMING_ERROR, "22021", "UTF-8");
    CHECK_FAILS(release("a\xff"), DBAPI_PROGRAMMING_ERROR, "22021", "UTF-8");
    CHECK_NO_SAVEPOINT(release(""));
    CHECK_NO_SAVEPOINT(undo(too_long));
    /* Nothing was sent: no transaction was begun. */
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    close_both();
}

static void in_a_failed_transaction(void)
{
    open_with_table();
    CHECK_OK(begin("s"));
    insert(1);
    CHECK_OK(begin("t"));
    fail_the_transaction();
    CHECK_FAILS(begin(NULL), DBAPI_INTERNAL_ERROR, "25P02", NULL);
    CHECK_FAILS(release(NULL), DBAPI_INTERNAL_ERROR, "25P02", NULL);
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INERROR);
    /* What was refused has changed nothing: it can still be rolled back to, and the transaction commits. */
    CHECK_OK(undo(NULL));
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INTRANS);
    CHECK_TEXT(numbers(), "1");
    fail_the_transaction();
    CHECK_OK(undo("s"));
    CHECK_TEXT(numbers(), "");
    insert(2);
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_TEXT(outside("SELECT string_agg(a::text, ' ') FROM t63_test"), "2");
    close_both();
}

static void the_transactions_end_ends_them(void)
{
    open_with_table();
    for (int i = 0; i < 7; i++) {
        CHECK_OK(begin("s"));
        switch (i) {
        case 0:
            CHECK_OK(dbapi_commit(connection, &failure));
            break;
        case 1:
            CHECK_OK(dbapi_rollback(connection, &failure));
            break;
        case 2:
            run(cursor, "COMMIT");
            break;
        case 3:
            run(cursor, "ROLLBACK");
            break;
        case 4:
            fail_the_transaction();
            CHECK_FAILS(dbapi_commit(connection, &failure), DBAPI_OPERATIONAL_ERROR, "22012", "rolled back");
            break;
        case 5:
            CHECK_OK(dbapi_connection_reset(connection, &failure));
            break;
        default:
            CHECK_OK(dbapi_connection_set_encoding(connection, "UTF8", &failure));
        }
        CHECK_NO_SAVEPOINT(undo("s"));
        CHECK_NO_SAVEPOINT(release(NULL));
        CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    }
    close_both();
}

/* What SQL ends the helper does not hear of: the server's error says so, and the transaction has failed. */
static void ended_by_sql(void)
{
    open_with_table();
    insert(1);
    CHECK_OK(begin("s"));
    run(cursor, "RELEASE SAVEPOINT s");
    CHECK_FAILS(release("s"), DBAPI_INTERNAL_ERROR, "3B001", "does not exist");
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INERROR);
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_NO_SAVEPOINT(undo("s"));
    /* And what SQL has set it does not know. */
    run(cursor, "SAVEPOINT by_sql");
    CHECK_NO_SAVEPOINT(release("by_sql"));
    run(cursor, "RELEASE SAVEPOINT by_sql");
    close_both();
}

static void with_autocommit(void)
{
    open_with_table();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    CHECK_FAILS(begin("s"), DBAPI_PROGRAMMING_ERROR, NULL, "autocommit");
    CHECK_NO_SAVEPOINT(release(NULL));
    /* In a transaction of the user's own. */
    run(cursor, "BEGIN");
    CHECK_OK(begin("s"));
    insert(1);
    fail_the_transaction();
    CHECK_OK(undo("s"));
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_TEXT(numbers(), "");
    close_both();
}

/* A cursor of the transaction lives on, and one declared inside goes with it. */
static void named_cursors(void)
{
    dbapi_cursor_t *before = NULL, *inside = NULL;
    const dbapi_value_t *row = NULL;
    open_with_table();
    CHECK_OK(dbapi_cursor_named(connection, "before", -1, false, &before, &failure));
    CHECK_OK(dbapi_execute(before, "SELECT g FROM generate_series(1, 3) g", NULL, 0, &failure));
    CHECK_ROW(fetch_row(before), "1");
    CHECK_OK(begin(NULL));
    CHECK_OK(dbapi_cursor_named(connection, "inside", -1, false, &inside, &failure));
    CHECK_OK(dbapi_execute(inside, "SELECT 1", NULL, 0, &failure));
    CHECK_OK(undo(NULL));
    CHECK_ROW(fetch_row(before), "2");
    CHECK_FAILS(dbapi_fetchone(inside, &row, &failure), DBAPI_OPERATIONAL_ERROR, "34000", NULL);
    dbapi_cursor_free(before);
    dbapi_cursor_free(inside);
    close_both();
}

static void a_thousand_deep(void)
{
    open_with_table();
    for (int i = 0; i < 1000; i++) {
        CHECK_OK(begin(NULL));
    }
    insert(1);
    for (int i = 0; i < 999; i++) {
        CHECK_OK(release(NULL));
    }
    CHECK_OK(undo(NULL));
    CHECK_TEXT(numbers(), "");
    CHECK_NO_SAVEPOINT(undo(NULL));
    close_both();
}

static void on_what_is_closed(void)
{
    open_with_table();
    CHECK_OK(begin("s"));
    CHECK_OK(dbapi_close(connection, &failure));
    CHECK_FAILS(begin("s"), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_FAILS(release("s"), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_FAILS(undo(NULL), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_FAILS(dbapi_savepoint_begin(NULL, "s", &failure), DBAPI_INTERFACE_ERROR, NULL, "NULL");
    CHECK_FAILS(dbapi_savepoint_begin((dbapi_connection_t *)cursor, "s", &failure), DBAPI_INTERFACE_ERROR, NULL, "another type");
    close_both();
}

CHECK_MAIN(CASE(it_begins_the_transaction), CASE(nested_innermost_first), CASE(an_outer_one_takes_the_inner_along),
           CASE(duplicates_hide_one_another), CASE(the_helpers_own_names_are_no_secret), CASE(any_name), CASE(names_that_cannot_be),
           CASE(in_a_failed_transaction), CASE(the_transactions_end_ends_them), CASE(ended_by_sql), CASE(with_autocommit),
           CASE(named_cursors), CASE(a_thousand_deep), CASE(on_what_is_closed))
