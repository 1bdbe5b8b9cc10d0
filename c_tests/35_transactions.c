/* Transactions: they open with the first statement, others see what was committed and nothing else, and the
 * state is always the server's. What others see is asked on a second connection. */
#include "connect.h"

#include <stdio.h>
#include <string.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;

static void open_with_table(void)
{
    fresh_table("t35_test", "a int UNIQUE DEFERRABLE INITIALLY IMMEDIATE");
    connection = connect_test();
    cursor = cursor_of(connection);
}

static void close_both(void)
{
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static const char *seen_outside(void)
{
    return outside("SELECT count(*) FROM t35_test");
}

#define CHECK_TRANSACTION(expected) CHECK_INT(dbapi_connection_transaction_status(connection), (expected))

static void opens_with_the_first_statement(void)
{
    char sql[200];
    open_with_table();
    CHECK_TRANSACTION(DBAPI_TRANSACTION_IDLE);
    snprintf(sql, sizeof sql, "SELECT state FROM pg_stat_activity WHERE pid = %s", query_text(cursor, "SELECT pg_backend_pid()"));
    CHECK_TRANSACTION(DBAPI_TRANSACTION_INTRANS);
    CHECK_TEXT(outside(sql), "idle in transaction");
    /* The second statement is in the same transaction. */
    run(cursor, "SELECT set_config('t35.x', 'kept', true)");
    CHECK_TEXT(query_text(cursor, "SELECT current_setting('t35.x')"), "kept");
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_TRANSACTION(DBAPI_TRANSACTION_IDLE);
    CHECK_TEXT(outside(sql), "idle");
    close_both();
}

/* A statement with parameters opens one as well. */
static void opens_with_parameters_too(void)
{
    const dbapi_value_t one[] = { DBAPI_INT(1) };
    open_with_table();
    CHECK_OK(dbapi_execute(cursor, "INSERT INTO t35_test VALUES (%s)", one, 1, &failure));
    CHECK_TRANSACTION(DBAPI_TRANSACTION_INTRANS);
    CHECK_TEXT(seen_outside(), "0");
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_TEXT(seen_outside(), "1");
    CHECK_OK(dbapi_executemany(cursor, "INSERT INTO t35_test VALUES (%s + 1)", one, 1, 1, &failure));
    CHECK_TRANSACTION(DBAPI_TRANSACTION_INTRANS);
    CHECK_TEXT(seen_outside(), "1");
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_TEXT(seen_outside(), "1");
    close_both();
}

static void commit_and_rollback(void)
{
    open_with_table();
    run(cursor, "INSERT INTO t35_test VALUES (1)");
    CHECK_TEXT(seen_outside(), "0");
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_TEXT(seen_outside(), "1");
    run(cursor, "INSERT INTO t35_test VALUES (2)");
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_TRANSACTION(DBAPI_TRANSACTION_IDLE);
    CHECK_TEXT(seen_outside(), "1");
    close_both();
}

static void outside_a_transaction_they_do_nothing(void)
{
    open_with_table();
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_TRANSACTION(DBAPI_TRANSACTION_IDLE);
    close_both();
}

static void close_rolls_back(void)
{
    open_with_table();
    run(cursor, "INSERT INTO t35_test VALUES (1)");
    CHECK_OK(dbapi_close(connection, &failure));
    CHECK_TEXT(seen_outside(), "0");
    /* Nothing holds a lock any more: this does not wait. */
    run_outside("SET lock_timeout = '5s'; LOCK TABLE t35_test");
    close_both();
}

static void free_rolls_back(void)
{
    open_with_table();
    run(cursor, "INSERT INTO t35_test VALUES (1)");
    close_both();
    run_outside("SET lock_timeout = '5s'; LOCK TABLE t35_test");
    CHECK_TEXT(seen_outside(), "0");
}

static void autocommit(void)
{
    open_with_table();
    CHECK_INT(dbapi_connection_autocommit(connection), false);
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    CHECK_INT(dbapi_connection_autocommit(connection), true);
    run(cursor, "INSERT INTO t35_test VALUES (1)");
    CHECK_TRANSACTION(DBAPI_TRANSACTION_IDLE);
    CHECK_TEXT(seen_outside(), "1");
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_TEXT(seen_outside(), "1");
    /* What no transaction may hold. */
    run(cursor, "VACUUM t35_test");
    /* An error leaves nothing behind. */
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1/0", NULL, 0, &failure), DBAPI_DATA_ERROR, "22012", NULL);
    CHECK_TRANSACTION(DBAPI_TRANSACTION_IDLE);
    /* And back. */
    CHECK_OK(dbapi_connection_set_autocommit(connection, false, &failure));
    run(cursor, "INSERT INTO t35_test VALUES (2)");
    CHECK_TRANSACTION(DBAPI_TRANSACTION_INTRANS);
    CHECK_TEXT(seen_outside(), "1");
    close_both();
}

static void autocommit_cannot_change_inside_a_transaction(void)
{
    open_with_table();
    run(cursor, "SELECT 1");
    CHECK_FAILS(dbapi_connection_set_autocommit(connection, true, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "transaction");
    CHECK_INT(dbapi_connection_autocommit(connection), false);
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1/0", NULL, 0, &failure), DBAPI_DATA_ERROR, "22012", NULL);
    CHECK_FAILS(dbapi_connection_set_autocommit(connection, true, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "transaction");
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    close_both();
}

/* The server says that a transaction is open, so commit and rollback end it. */
static void a_begin_of_the_users_own_in_autocommit(void)
{
    open_with_table();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    run(cursor, "BEGIN");
    CHECK_TRANSACTION(DBAPI_TRANSACTION_INTRANS);
    run(cursor, "INSERT INTO t35_test VALUES (1)");
    CHECK_TEXT(seen_outside(), "0");
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_TRANSACTION(DBAPI_TRANSACTION_IDLE);
    CHECK_TEXT(seen_outside(), "1");
    run(cursor, "BEGIN; INSERT INTO t35_test VALUES (2)");
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_TEXT(seen_outside(), "1");
    close_both();
}

static void a_commit_written_as_sql(void)
{
    open_with_table();
    run(cursor, "INSERT INTO t35_test VALUES (1)");
    run(cursor, "COMMIT");
    CHECK_TRANSACTION(DBAPI_TRANSACTION_IDLE);
    CHECK_TEXT(seen_outside(), "1");
    run(cursor, "INSERT INTO t35_test VALUES (2)");
    CHECK_TRANSACTION(DBAPI_TRANSACTION_INTRANS);
    CHECK_TEXT(seen_outside(), "1");
    run(cursor, "ROLLBACK");
    CHECK_TRANSACTION(DBAPI_TRANSACTION_IDLE);
    close_both();
}

static void a_failed_transaction_refuses_statements(void)
{
    open_with_table();
    run(cursor, "INSERT INTO t35_test VALUES (1)");
    CHECK_FAILS(dbapi_execute(cursor, "SELEC", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "42601", "syntax error");
    CHECK_TRANSACTION(DBAPI_TRANSACTION_INERROR);
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure), DBAPI_INTERNAL_ERROR, "25P02", NULL);
    CHECK_TRANSACTION(DBAPI_TRANSACTION_INERROR);
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_TRANSACTION(DBAPI_TRANSACTION_IDLE);
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    close_both();
}

/* PostgreSQL answers COMMIT with ROLLBACK then: a success would be a lie. */
static void commit_of_a_failed_transaction_is_an_error(void)
{
    open_with_table();
    run(cursor, "INSERT INTO t35_test VALUES (1)");
    CHECK_FAILS(dbapi_execute(cursor, "SELEC", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "42601", NULL);
    CHECK_ERROR(dbapi_commit(connection, &failure), DBAPI_OPERATIONAL_ERROR, ANY_SQLSTATE, "rolled back");
    CHECK_INT(dbapi_error_connection_usable(failure), true);
    clear_failure();
    CHECK_TRANSACTION(DBAPI_TRANSACTION_IDLE);
    CHECK_TEXT(seen_outside(), "0");

    run(cursor, "INSERT INTO t35_test VALUES (1)");
    CHECK_FAILS(dbapi_execute(cursor, "INSERT INTO t35_test VALUES (1)", NULL, 0, &failure), DBAPI_INTEGRITY_ERROR, "23505", NULL);
    CHECK_FAILS(dbapi_commit(connection, &failure), DBAPI_INTEGRITY_ERROR, ANY_SQLSTATE, "rolled back");
    CHECK_TRANSACTION(DBAPI_TRANSACTION_IDLE);
    CHECK_TEXT(seen_outside(), "0");

    /* It was told once; the connection is as new. */
    CHECK_OK(dbapi_commit(connection, &failure));
    run(cursor, "INSERT INTO t35_test VALUES (5)");
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_TEXT(seen_outside(), "1");
    close_both();
}

static void savepoint_saves_a_failed_transaction(void)
{
    open_with_table();
    run(cursor, "INSERT INTO t35_test VALUES (1); SAVEPOINT s");
    CHECK_FAILS(dbapi_execute(cursor, "INSERT INTO t35_test VALUES (1)", NULL, 0, &failure), DBAPI_INTEGRITY_ERROR, "23505", NULL);
    run(cursor, "ROLLBACK TO SAVEPOINT s");
    CHECK_TRANSACTION(DBAPI_TRANSACTION_INTRANS);
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_TEXT(seen_outside(), "1");
    close_both();
}

static void a_constraint_checked_at_commit(void)
{
    open_with_table();
    run(cursor, "SET CONSTRAINTS ALL DEFERRED");
    run(cursor, "INSERT INTO t35_test VALUES (1), (1)");
    CHECK_ERROR(dbapi_commit(connection, &failure), DBAPI_INTEGRITY_ERROR, "23505", "duplicate key");
    CHECK_TEXT(dbapi_error_table_name(failure), "t35_test");
    CHECK_INT(dbapi_error_connection_usable(failure), true);
    clear_failure();
    CHECK_TRANSACTION(DBAPI_TRANSACTION_IDLE);
    CHECK_TEXT(seen_outside(), "0");
    close_both();
}

static void cursors_share_their_connections_transaction(void)
{
    open_with_table();
    dbapi_cursor_t *other = cursor_of(connection);
    run(cursor, "INSERT INTO t35_test VALUES (1)");
    CHECK_TEXT(query_text(other, "SELECT count(*) FROM t35_test"), "1");
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    CHECK_TRANSACTION(DBAPI_TRANSACTION_INTRANS);
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_TEXT(seen_outside(), "1");
    dbapi_cursor_free(other);
    close_both();
}

static void a_server_process_that_was_ended(void)
{
    char sql[200];
    const dbapi_value_t *row = NULL;
    open_with_table();
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%s, 10000)", query_text(cursor, "SELECT pg_backend_pid()"));
    CHECK_TEXT(outside(sql), "t");
    CHECK_ERROR(dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure), DBAPI_OPERATIONAL_ERROR, "57P01",
                "terminating connection due to administrator command");
    CHECK_INT(dbapi_error_connection_usable(failure), false);
    CHECK_INT(dbapi_error_transaction_usable(failure), false);
    clear_failure();
    CHECK_INT(dbapi_connection_closed(connection), 2);
    CHECK_TRANSACTION(DBAPI_TRANSACTION_UNKNOWN);
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_FAILS(dbapi_commit(connection, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK(dbapi_fetchone(cursor, &row, &failure) < 0);
    clear_failure();
    CHECK_OK(dbapi_close(connection, &failure));
    close_both();
}

/* The server's process ends while it commits: a client cannot know on which side of the commit that was, even if
 * the server says why it went. */
static void a_server_process_that_ends_in_commit(void)
{
    open_with_table();
    run(cursor, "CREATE OR REPLACE FUNCTION end_in_commit() RETURNS trigger LANGUAGE plpgsql AS "
                "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NULL; END'");
    run(cursor, "CREATE TEMPORARY TABLE ends (i int)");
    run(cursor, "CREATE CONSTRAINT TRIGGER ends AFTER INSERT ON ends DEFERRABLE INITIALLY DEFERRED "
                "FOR EACH ROW EXECUTE FUNCTION end_in_commit()");
    run(cursor, "INSERT INTO ends VALUES (1)");
    CHECK_ERROR(dbapi_commit(connection, &failure), DBAPI_OPERATIONAL_ERROR, "08007", "whether the transaction was committed is unknown");
    CHECK_CONTAINS(dbapi_error_message(failure), "terminating connection due to administrator command");
    CHECK_INT(dbapi_error_connection_usable(failure), false);
    CHECK_INT(dbapi_error_retryable(failure), false);
    clear_failure();
    CHECK_INT(dbapi_connection_closed(connection), 2);
    close_both();
}

CHECK_MAIN(CASE(opens_with_the_first_statement), CASE(opens_with_parameters_too), CASE(commit_and_rollback),
           CASE(outside_a_transaction_they_do_nothing), CASE(close_rolls_back), CASE(free_rolls_back), CASE(autocommit),
           CASE(autocommit_cannot_change_inside_a_transaction), CASE(a_begin_of_the_users_own_in_autocommit),
           CASE(a_commit_written_as_sql), CASE(a_failed_transaction_refuses_statements),
           CASE(commit_of_a_failed_transaction_is_an_error), CASE(savepoint_saves_a_failed_transaction),
           CASE(a_constraint_checked_at_commit), CASE(cursors_share_their_connections_transaction),
           CASE(a_server_process_that_was_ended), CASE(a_server_process_that_ends_in_commit))
