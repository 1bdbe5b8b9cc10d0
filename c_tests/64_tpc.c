/* Two-phase commit: each rule in each phase, names that other drivers use, and what a crash leaves behind.
 * What is committed is asked on a second connection. Format ids begin with 64, so that other tests' transactions
 * are told from these. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"
#include "fake_server.h"

#include <stdio.h>
#include <string.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;
static dbapi_xid_t *xid;

static dbapi_xid_t *xid_of(int format_id, const char *gtrid, const char *bqual)
{
    dbapi_xid_t *made = NULL;
    CHECK_OK(dbapi_xid(format_id, gtrid, bqual, &made, &failure));
    CHECK(made != NULL);
    return made;
}

/* Rolls back what an earlier run may have left. */
static void forget_what_was_left(void)
{
    dbapi_connection_t *other = connect_test();
    dbapi_xid_list_t *list = NULL;
    CHECK_OK(dbapi_tpc_recover(other, &list, &failure));
    for (size_t i = 0; i < dbapi_xid_list_count(list); i++) {
        dbapi_xid_t *found = NULL;
        CHECK_OK(dbapi_xid_list_item(list, i, &found, &failure));
        if (dbapi_xid_format_id(found) == 64 || strncmp(dbapi_xid_name(found), "t64", 3) == 0) {
            CHECK_OK(dbapi_tpc_rollback(other, found, &failure));
        }
        dbapi_xid_free(found);
    }
    dbapi_xid_list_free(list);
    dbapi_connection_free(other);
}

static void open_with_table(void)
{
    forget_what_was_left();
    fresh_table("t64_test", "a int UNIQUE DEFERRABLE INITIALLY DEFERRED");
    connection = connect_test();
    cursor = cursor_of(connection);
    xid = xid_of(64, "gtrid", "bqual");
}

static void close_all(void)
{
    dbapi_xid_free(xid);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static const char *seen_outside(void)
{
    return outside("SELECT count(*) FROM t64_test");
}

static const char *prepared_outside(void)
{
    return outside("SELECT count(*) FROM pg_prepared_xacts WHERE gid LIKE '64\\_%' OR gid LIKE 't64%'");
}

#define CHECK_TRANSACTION(expected) CHECK_INT(dbapi_connection_transaction_status(connection), (expected))

static void insert_in_tpc(int number)
{
    char sql[100];
    CHECK_OK(dbapi_tpc_begin(connection, xid, &failure));
    snprintf(sql, sizeof sql, "INSERT INTO t64_test VALUES (%d)", number);
    run(cursor, sql);
}

static void two_phases(void)
{
    for (int commits = 0; commits < 2; commits++) {
        open_with_table();
        CHECK_OK(dbapi_tpc_begin(connection, xid, &failure));
        CHECK_TRANSACTION(DBAPI_TRANSACTION_INTRANS);
        run(cursor, "INSERT INTO t64_test VALUES (1)");
        CHECK_OK(dbapi_tpc_prepare(connection, &failure));
        CHECK_TRANSACTION(DBAPI_TRANSACTION_IDLE);
        CHECK_TEXT(prepared_outside(), "1");
        CHECK_TEXT(seen_outside(), "0");
        if (commits) {
            CHECK_OK(dbapi_tpc_commit(connection, NULL, &failure));
        } else {
            CHECK_OK(dbapi_tpc_rollback(connection, NULL, &failure));
        }
        CHECK_TEXT(prepared_outside(), "0");
        CHECK_TEXT(seen_outside(), commits ? "1" : "0");
        /* And an ordinary transaction after it. */
        run(cursor, "INSERT INTO t64_test VALUES (2)");
        CHECK_OK(dbapi_commit(connection, &failure));
        CHECK_TEXT(seen_outside(), commits ? "2" : "1");
        close_all();
    }
}

static void one_phase(void)
{
    open_with_table();
    insert_in_tpc(1);
    CHECK_OK(dbapi_tpc_commit(connection, NULL, &failure));
    CHECK_TRANSACTION(DBAPI_TRANSACTION_IDLE);
    CHECK_TEXT(seen_outside(), "1");
    insert_in_tpc(2);
    CHECK_OK(dbapi_tpc_rollback(connection, NULL, &failure));
    CHECK_TEXT(seen_outside(), "1");
    CHECK_TEXT(prepared_outside(), "0");
    close_all();
}

static void nothing_done_can_be_prepared(void)
{
    open_with_table();
    CHECK_OK(dbapi_tpc_begin(connection, xid, &failure));
    CHECK_OK(dbapi_tpc_prepare(connection, &failure));
    CHECK_OK(dbapi_tpc_commit(connection, NULL, &failure));
    CHECK_OK(dbapi_tpc_begin(connection, xid, &failure));
    CHECK_OK(dbapi_tpc_commit(connection, NULL, &failure));
    close_all();
}

static void begin_has_its_rules(void)
{
    open_with_table();
    dbapi_xid_t *other = xid_of(64, "other", "");
    run(cursor, "SELECT 1");
    CHECK_FAILS(dbapi_tpc_begin(connection, xid, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "inside a transaction");
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1/0", NULL, 0, &failure), DBAPI_DATA_ERROR, "22012", NULL);
    CHECK_FAILS(dbapi_tpc_begin(connection, xid, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "inside a transaction");
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    CHECK_FAILS(dbapi_tpc_begin(connection, xid, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "autocommit");
    run(cursor, "BEGIN");
    CHECK_FAILS(dbapi_tpc_begin(connection, xid, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "inside a transaction");
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_OK(dbapi_connection_set_autocommit(connection, false, &failure));
    CHECK_OK(dbapi_tpc_begin(connection, xid, &failure));
    CHECK_FAILS(dbapi_tpc_begin(connection, other, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "two-phase");
    CHECK_OK(dbapi_tpc_prepare(connection, &failure));
    CHECK_FAILS(dbapi_tpc_begin(connection, other, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "two-phase");
    CHECK_OK(dbapi_tpc_rollback(connection, NULL, &failure));
    dbapi_xid_free(other);
    close_all();
}

static void it_begins_as_transactions_are_set(void)
{
    open_with_table();
    CHECK_OK(dbapi_connection_set_session(connection, DBAPI_ISOLATION_SERIALIZABLE, 1, 0, DBAPI_UNCHANGED, &failure));
    CHECK_OK(dbapi_tpc_begin(connection, xid, &failure));
    CHECK_TEXT(query_text(cursor, "SHOW transaction_isolation"), "serializable");
    CHECK_TEXT(query_text(cursor, "SHOW transaction_read_only"), "on");
    CHECK_OK(dbapi_tpc_rollback(connection, NULL, &failure));
    close_all();
}

/* What cannot be called in either phase. */
static void check_refused_during(void)
{
    CHECK_FAILS(dbapi_commit(connection, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "two-phase");
    CHECK_FAILS(dbapi_rollback(connection, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "two-phase");
    CHECK_FAILS(dbapi_connection_reset(connection, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "two-phase");
    CHECK_FAILS(dbapi_connection_set_encoding(connection, "UTF8", &failure), DBAPI_PROGRAMMING_ERROR, NULL, "two-phase");
    CHECK_FAILS(dbapi_connection_set_autocommit(connection, true, &failure), DBAPI_PROGRAMMING_ERROR, NULL, NULL);
    CHECK_FAILS(dbapi_connection_set_session(connection, 4, 1, 1, 1, &failure), DBAPI_PROGRAMMING_ERROR, NULL, NULL);
    CHECK_FAILS(dbapi_tpc_begin(connection, xid, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "two-phase");
    CHECK_FAILS(dbapi_tpc_commit(connection, xid, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "xid");
    CHECK_FAILS(dbapi_tpc_rollback(connection, xid, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "xid");
}

static void what_is_refused_in_each_phase(void)
{
    dbapi_xid_list_t *list = NULL;
    const dbapi_value_t one[] = { DBAPI_INT(1) };
    open_with_table();
    /* In none. */
    CHECK_FAILS(dbapi_tpc_prepare(connection, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "two-phase");
    CHECK_FAILS(dbapi_tpc_commit(connection, NULL, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "two-phase");
    CHECK_FAILS(dbapi_tpc_rollback(connection, NULL, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "two-phase");
    run(cursor, "SELECT 1");
    CHECK_FAILS(dbapi_tpc_prepare(connection, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "two-phase");
    CHECK_FAILS(dbapi_tpc_commit(connection, NULL, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "two-phase");
    CHECK_FAILS(dbapi_tpc_commit(connection, xid, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "inside a transaction");
    CHECK_FAILS(dbapi_tpc_rollback(connection, xid, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "inside a transaction");
    CHECK_OK(dbapi_rollback(connection, &failure));
    /* In the first. */
    insert_in_tpc(1);
    check_refused_during();
    CHECK_TRANSACTION(DBAPI_TRANSACTION_INTRANS);
    CHECK_TEXT(query_text(cursor, "SELECT count(*) FROM t64_test"), "1");
    /* Between them nothing can be executed. */
    dbapi_cursor_t *named = NULL;
    CHECK_OK(dbapi_cursor_named(connection, "c", -1, true, &named, &failure));
    CHECK_OK(dbapi_tpc_prepare(connection, &failure));
    check_refused_during();
    CHECK_FAILS(dbapi_tpc_prepare(connection, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "already");
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "tpc_prepare");
    CHECK_FAILS(dbapi_execute(cursor, "SELECT %s", one, 1, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "tpc_prepare");
    CHECK_FAILS(dbapi_executemany(cursor, "INSERT INTO t64_test VALUES (%s)", one, 1, 1, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "tpc_prepare");
    CHECK_FAILS(dbapi_execute(named, "SELECT 1", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "tpc_prepare");
    CHECK_OK(dbapi_cursor_set_result_format(cursor, DBAPI_FORMAT_BINARY, &failure));
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "tpc_prepare");
    CHECK_FAILS(dbapi_savepoint_begin(connection, NULL, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "tpc_prepare");
    CHECK_FAILS(dbapi_savepoint_release(connection, NULL, &failure), DBAPI_PROGRAMMING_ERROR, "3B001", NULL);
    CHECK_FAILS(dbapi_tpc_recover(connection, &list, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "tpc_prepare");
    CHECK_PTR(list, NULL);
    CHECK_TRANSACTION(DBAPI_TRANSACTION_IDLE);
    CHECK_OK(dbapi_tpc_commit(connection, NULL, &failure));
    CHECK_TEXT(seen_outside(), "1");
    dbapi_cursor_free(named);
    close_all();
}

/* ---- a transaction that fails ---------------------------------------------------------------------------- */

static void a_failed_transaction(void)
{
    open_with_table();
    /* Prepared: it is rolled back, and that is no success. */
    insert_in_tpc(1);
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1/0", NULL, 0, &failure), DBAPI_DATA_ERROR, "22012", NULL);
    CHECK_FAILS(dbapi_tpc_prepare(connection, &failure), DBAPI_OPERATIONAL_ERROR, "22012", "rolled back");
    CHECK_TRANSACTION(DBAPI_TRANSACTION_IDLE);
    CHECK_TEXT(prepared_outside(), "0");
    CHECK_FAILS(dbapi_tpc_commit(connection, NULL, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "two-phase");
    /* Committed in one phase. */
    insert_in_tpc(1);
    CHECK_FAILS(dbapi_execute(cursor, "INSERT INTO t64_test VALUES ('x')", NULL, 0, &failure), DBAPI_DATA_ERROR, "22P02", NULL);
    CHECK_FAILS(dbapi_tpc_commit(connection, NULL, &failure), DBAPI_OPERATIONAL_ERROR, "22P02", "rolled back");
    /* Rolled back. */
    insert_in_tpc(1);
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1/0", NULL, 0, &failure), DBAPI_DATA_ERROR, "22012", NULL);
    CHECK_OK(dbapi_tpc_rollback(connection, NULL, &failure));
    CHECK_TEXT(seen_outside(), "0");
    run(cursor, "SELECT 1");
    CHECK_OK(dbapi_commit(connection, &failure));
    close_all();
}

static void what_cannot_be_prepared(void)
{
    open_with_table();
    /* A constraint that is checked at the end. */
    insert_in_tpc(1);
    run(cursor, "INSERT INTO t64_test VALUES (1)");
    CHECK_FAILS(dbapi_tpc_prepare(connection, &failure), DBAPI_INTEGRITY_ERROR, "23505", NULL);
    CHECK_TRANSACTION(DBAPI_TRANSACTION_IDLE);
    CHECK_OK(dbapi_commit(connection, &failure));
    /* The same in one phase. */
    insert_in_tpc(1);
    run(cursor, "INSERT INTO t64_test VALUES (1)");
    CHECK_FAILS(dbapi_tpc_commit(connection, NULL, &failure), DBAPI_INTEGRITY_ERROR, "23505", NULL);
    CHECK_OK(dbapi_commit(connection, &failure));
    /* Temporary tables. */
    CHECK_OK(dbapi_tpc_begin(connection, xid, &failure));
    run(cursor, "CREATE TEMPORARY TABLE t64_temp (a int)");
    CHECK_FAILS(dbapi_tpc_prepare(connection, &failure), DBAPI_NOT_SUPPORTED_ERROR, "0A000", "temporary");
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_TEXT(prepared_outside(), "0");
    CHECK_TEXT(seen_outside(), "0");
    close_all();
}

static void an_xid_that_is_taken(void)
{
    open_with_table();
    insert_in_tpc(1);
    CHECK_OK(dbapi_tpc_prepare(connection, &failure));
    dbapi_connection_t *other = connect_test();
    CHECK_OK(dbapi_tpc_begin(other, xid, &failure));
    CHECK_FAILS(dbapi_tpc_prepare(other, &failure), DBAPI_PROGRAMMING_ERROR, "42710", "already in use");
    CHECK_OK(dbapi_commit(other, &failure));
    dbapi_connection_free(other);
    CHECK_OK(dbapi_tpc_commit(connection, NULL, &failure));
    close_all();
}

static void ended_by_sql(void)
{
    open_with_table();
    insert_in_tpc(1);
    run(cursor, "COMMIT");
    /* It was committed, so nothing may say that it was rolled back. */
    CHECK_ERROR(dbapi_tpc_prepare(connection, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "ended by a statement");
    CHECK_LACKS(dbapi_error_message(failure), "rolled back");
    clear_failure();
    CHECK_TEXT(seen_outside(), "1");
    CHECK_TEXT(prepared_outside(), "0");
    CHECK_OK(dbapi_commit(connection, &failure));
    insert_in_tpc(2);
    run(cursor, "ROLLBACK");
    CHECK_OK(dbapi_tpc_rollback(connection, NULL, &failure));
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_TEXT(seen_outside(), "1");
    close_all();
}

/* ---- recovering ------------------------------------------------------------------------------------------ */

/* The xid with this name among those that wait; NULL: it is not among them. */
static dbapi_xid_t *recovered(dbapi_connection_t *on, const char *name)
{
    dbapi_xid_list_t *list = NULL;
    dbapi_xid_t *found = NULL;
    CHECK_OK(dbapi_tpc_recover(on, &list, &failure));
    for (size_t i = 0; found == NULL && i < dbapi_xid_list_count(list); i++) {
        CHECK_OK(dbapi_xid_list_item(list, i, &found, &failure));
        if (strcmp(dbapi_xid_name(found), name) != 0) {
            dbapi_xid_free(found);
            found = NULL;
        }
    }
    dbapi_xid_t *none = (dbapi_xid_t *)&none;
    CHECK_DONE(dbapi_xid_list_item(list, dbapi_xid_list_count(list), &none, &failure));
    CHECK_PTR(none, NULL);
    CHECK_DONE(dbapi_xid_list_item(list, (size_t)-1, &none, &failure));
    dbapi_xid_list_free(list);
    return found;
}

/* The connection breaks between the phases: another recovers what it has prepared, and ends it. */
static void recovered_after_a_crash(void)
{
    char sql[100];
    for (int commits = 0; commits < 2; commits++) {
        open_with_table();
        insert_in_tpc(1);
        CHECK_OK(dbapi_tpc_prepare(connection, &failure));
        snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d)", (int)dbapi_connection_backend_pid(connection));
        run_outside(sql);
        CHECK_FAILS(dbapi_tpc_commit(connection, NULL, &failure), DBAPI_OPERATIONAL_ERROR, "08007", "unknown");
        CHECK_INT(dbapi_connection_closed(connection), 2);
        dbapi_connection_t *other = connect_test();
        dbapi_xid_t *found = recovered(other, dbapi_xid_name(xid));
        CHECK(found != NULL);
        CHECK_INT(dbapi_connection_transaction_status(other), DBAPI_TRANSACTION_IDLE);
        CHECK_INT(dbapi_xid_format_id(found), 64);
        CHECK_TEXT(dbapi_xid_gtrid(found), "gtrid");
        CHECK_TEXT(dbapi_xid_bqual(found), "bqual");
        CHECK_TEXT(dbapi_xid_owner(found), test_variable("PGUSER"));
        CHECK_TEXT(dbapi_xid_database(found), test_variable("PGDATABASE"));
        CHECK_CONTAINS(dbapi_xid_prepared(found), ":");
        CHECK_TEXT(dbapi_xid_prepared(xid), NULL);
        CHECK_TEXT(dbapi_xid_owner(xid), NULL);
        CHECK_TEXT(dbapi_xid_database(xid), NULL);
        if (commits) {
            CHECK_OK(dbapi_tpc_commit(other, found, &failure));
        } else {
            CHECK_OK(dbapi_tpc_rollback(other, found, &failure));
        }
        CHECK_PTR(recovered(other, dbapi_xid_name(xid)), NULL);
        CHECK_TEXT(seen_outside(), commits ? "1" : "0");
        CHECK_FAILS(dbapi_tpc_commit(other, found, &failure), DBAPI_PROGRAMMING_ERROR, "42704", NULL);
        CHECK_FAILS(dbapi_tpc_rollback(other, found, &failure), DBAPI_PROGRAMMING_ERROR, "42704", NULL);
        /* That leaves nothing behind. */
        CHECK_OK(dbapi_commit(other, &failure));
        CHECK_INT(dbapi_connection_transaction_status(other), DBAPI_TRANSACTION_IDLE);
        dbapi_xid_free(found);
        dbapi_connection_free(other);
        close_all();
    }
}

/* With autocommit on an xid can be ended as well: there is no transaction. */
static void ended_with_autocommit_on(void)
{
    open_with_table();
    insert_in_tpc(1);
    CHECK_OK(dbapi_tpc_prepare(connection, &failure));
    CHECK_OK(dbapi_close(connection, &failure));
    /* Closing leaves it prepared. */
    CHECK_TEXT(prepared_outside(), "1");
    dbapi_connection_t *other = connect_test();
    CHECK_OK(dbapi_connection_set_autocommit(other, true, &failure));
    CHECK_OK(dbapi_tpc_commit(other, xid, &failure));
    CHECK_TEXT(seen_outside(), "1");
    dbapi_connection_free(other);
    close_all();
}

/* Another connection has ended what is prepared here: the error says so, and the connection is of use again. */
static void ended_by_another(void)
{
    for (int commits = 0; commits < 2; commits++) {
        open_with_table();
        insert_in_tpc(1);
        CHECK_OK(dbapi_tpc_prepare(connection, &failure));
        dbapi_connection_t *other = connect_test();
        CHECK_OK(dbapi_tpc_commit(other, xid, &failure));
        dbapi_connection_free(other);
        if (commits) {
            CHECK_FAILS(dbapi_tpc_commit(connection, NULL, &failure), DBAPI_PROGRAMMING_ERROR, "42704", NULL);
        } else {
            CHECK_FAILS(dbapi_tpc_rollback(connection, NULL, &failure), DBAPI_PROGRAMMING_ERROR, "42704", NULL);
        }
        CHECK_TEXT(query_text(cursor, "SELECT count(*) FROM t64_test"), "1");
        CHECK_OK(dbapi_commit(connection, &failure));
        close_all();
    }
}

/* The second phase can be tried again while the server knows the transaction. */
static void the_second_phase_can_be_tried_again(void)
{
    fake_server *fake = fake_new();
    fake_greet(fake);
    fake_expect(fake, 'Q', "BEGIN");
    fake_send_complete(fake, "BEGIN");
    fake_send_ready(fake, 'T');
    fake_expect(fake, 'Q', "PREPARE TRANSACTION '64_Z3RyaWQ=_YnF1YWw='");
    fake_send_complete(fake, "PREPARE TRANSACTION");
    fake_send_ready(fake, 'I');
    fake_expect(fake, 'Q', "COMMIT PREPARED '64_Z3RyaWQ=_YnF1YWw='");
    fake_send_error(fake, "ERROR", "55000", "prepared transaction is busy");
    fake_send_ready(fake, 'I');
    fake_expect(fake, 'Q', "COMMIT PREPARED '64_Z3RyaWQ=_YnF1YWw='");
    fake_send_complete(fake, "COMMIT PREPARED");
    fake_send_ready(fake, 'I');
    fake_expect_close(fake);
    fake_start(fake);
    connection = connect_dsn(fake_dsn(fake));
    xid = xid_of(64, "gtrid", "bqual");
    CHECK_OK(dbapi_tpc_begin(connection, xid, &failure));
    CHECK_OK(dbapi_tpc_prepare(connection, &failure));
    CHECK_FAILS(dbapi_tpc_commit(connection, NULL, &failure), DBAPI_OPERATIONAL_ERROR, "55000", "busy");
    CHECK_FAILS(dbapi_commit(connection, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "two-phase");
    CHECK_OK(dbapi_tpc_commit(connection, NULL, &failure));
    CHECK_OK(dbapi_commit(connection, &failure));
    dbapi_xid_free(xid);
    dbapi_connection_free(connection);
    fake_finish(fake);
}

/* Whatever the phase, an answer that never came leaves the outcome unknown. */
static void answers_that_never_came(void)
{
    for (int phase = 0; phase < 3; phase++) {
        fake_server *fake = fake_new();
        fake_greet(fake);
        fake_expect(fake, 'Q', "BEGIN");
        fake_send_complete(fake, "BEGIN");
        fake_send_ready(fake, 'T');
        fake_expect(fake, 'Q', phase == 0 ? "COMMIT" : "PREPARE TRANSACTION");
        if (phase == 2) {
            fake_send_complete(fake, "PREPARE TRANSACTION");
            fake_send_ready(fake, 'I');
            fake_expect(fake, 'Q', "COMMIT PREPARED");
        }
        fake_shutdown(fake);
        fake_silence(fake);
        fake_start(fake);
        connection = connect_dsn(fake_dsn(fake));
        xid = xid_of(64, "gtrid", "bqual");
        CHECK_OK(dbapi_tpc_begin(connection, xid, &failure));
        if (phase > 0) {
            dbapi_status_t status = dbapi_tpc_prepare(connection, &failure);
            CHECK_INT(status, phase == 1 ? DBAPI_OPERATIONAL_ERROR : DBAPI_OK);
        }
        if (phase != 1) {
            CHECK(dbapi_tpc_commit(connection, NULL, &failure) == DBAPI_OPERATIONAL_ERROR);
        }
        CHECK_TEXT(dbapi_error_sqlstate(failure), "08007");
        clear_failure();
        CHECK_INT(dbapi_connection_closed(connection), 2);
        dbapi_xid_free(xid);
        dbapi_connection_free(connection);
        fake_finish(fake);
    }
}

/* Names that this library has not formed are kept as they are. */
static void names_of_others(void)
{
    static const char *const names[] = { "t64", "t64 it's", "t64\\back", "t64 \"x\"; --", "t64\nnewline", "t64_%n%s", "t64\xe2\x82\xac", "t64_a_b", "64_notbase64_x" };
    char sql[300];
    open_with_table();
    for (size_t i = 0; i < COUNT(names); i++) {
        const dbapi_value_t name[] = { DBAPI_TEXT(names[i]) };
        CHECK_OK(dbapi_execute(cursor, "SELECT quote_literal(%s)", name, 1, &failure));
        const dbapi_value_t *row = fetch_row(cursor);
        snprintf(sql, sizeof sql, "BEGIN; INSERT INTO t64_test VALUES (%d); PREPARE TRANSACTION %s", (int)i, row[0].as.text.data);
        CHECK_OK(dbapi_rollback(connection, &failure));
        CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
        run(cursor, sql);
        CHECK_OK(dbapi_connection_set_autocommit(connection, false, &failure));
        dbapi_xid_list_t *list = NULL;
        dbapi_xid_t *found = NULL;
        CHECK_OK(dbapi_tpc_recover(connection, &list, &failure));
        for (size_t j = 0; found == NULL && j < dbapi_xid_list_count(list); j++) {
            CHECK_OK(dbapi_xid_list_item(list, j, &found, &failure));
            if (strncmp(dbapi_xid_name(found), "t64", 3) != 0 && strncmp(dbapi_xid_name(found), "64_not", 6) != 0) {
                dbapi_xid_free(found);
                found = NULL;
            }
        }
        dbapi_xid_list_free(list);
        CHECK(found != NULL);
        CHECK_INT(dbapi_xid_format_id(found), -1);
        CHECK_TEXT(dbapi_xid_gtrid(found), dbapi_xid_name(found));
        CHECK_TEXT(dbapi_xid_bqual(found), "");
        CHECK_FAILS(dbapi_tpc_begin(connection, found, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "xid");
        CHECK_OK(dbapi_tpc_commit(connection, found, &failure));
        dbapi_xid_free(found);
        /* By its name alone. */
        dbapi_xid_t *same = NULL;
        CHECK_OK(dbapi_xid_from_string(names[i], &same, &failure));
        CHECK_FAILS(dbapi_tpc_rollback(connection, same, &failure), DBAPI_PROGRAMMING_ERROR, "42704", NULL);
        dbapi_xid_free(same);
    }
    CHECK_TEXT(seen_outside(), "9");
    close_all();
}

/* With backslashes that escape in plain literals, a name is still itself. */
static void names_with_old_literals(void)
{
    open_with_table();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    run(cursor, "BEGIN; PREPARE TRANSACTION E't64\\\\''; SELECT 1; --'");
    run(cursor, "SET standard_conforming_strings TO off");
    dbapi_xid_t *same = NULL;
    CHECK_OK(dbapi_xid_from_string("t64\\'; SELECT 1; --", &same, &failure));
    CHECK_OK(dbapi_tpc_rollback(connection, same, &failure));
    dbapi_xid_free(same);
    CHECK_TEXT(prepared_outside(), "0");
    close_all();
}

/* ---- xids ------------------------------------------------------------------------------------------------ */

static void names_are_jdbcs_and_psycopg2s(void)
{
    char longest[65];
    memset(longest, '~', 64);
    longest[64] = '\0';
    const struct {
        int format_id;
        const char *gtrid, *bqual, *name;
    } rows[] = {
        { 42, "gtrid", "bqual", "42_Z3RyaWQ=_YnF1YWw=" },
        { 0, "", "", "0__" },
        { 2147483647, "a", "ab", "2147483647_YQ==_YWI=" },
        { 1, "~~~?" "?" "?>>>", " _'\"\\%n", "1_fn5+Pz8/Pj4+_IF8nIlwlbg==" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        dbapi_xid_t *made = xid_of(rows[i].format_id, rows[i].gtrid, rows[i].bqual), *read = NULL;
        CHECK_TEXT(dbapi_xid_name(made), rows[i].name);
        CHECK_OK(dbapi_xid_from_string(rows[i].name, &read, &failure));
        CHECK_INT(dbapi_xid_format_id(read), rows[i].format_id);
        CHECK_TEXT(dbapi_xid_gtrid(read), rows[i].gtrid);
        CHECK_TEXT(dbapi_xid_bqual(read), rows[i].bqual);
        CHECK_TEXT(dbapi_xid_name(read), rows[i].name);
        dbapi_xid_free(made);
        dbapi_xid_free(read);
    }
    /* The longest fits into what the server allows. */
    open_with_table();
    dbapi_xid_free(xid);
    xid = xid_of(2147483647, longest, longest);
    CHECK_OK(dbapi_tpc_begin(connection, xid, &failure));
    CHECK_OK(dbapi_tpc_prepare(connection, &failure));
    CHECK_OK(dbapi_tpc_rollback(connection, NULL, &failure));
    close_all();
}

static void xids_that_cannot_be(void)
{
    char too_long[66];
    memset(too_long, 'x', 65);
    too_long[65] = '\0';
    const struct {
        int format_id;
        const char *gtrid, *bqual, *part;
    } rows[] = {
        { -1, "a", "b", "format_id" }, { -2147483647 - 1, "a", "b", "format_id" }, { 1, too_long, "b", "gtrid" }, { 1, "a", too_long, "bqual" },
        { 1, "a\n", "b", "gtrid" },    { 1, "a", "\x7f", "bqual" },               { 1, "\xc3\xa4", "b", "gtrid" }, { 1, "\x01", "b", "gtrid" },
        { 1, NULL, "b", "gtrid" },     { 1, "a", NULL, "bqual" },                 { 1, "\xff", "b", "gtrid" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        dbapi_xid_t *made = (dbapi_xid_t *)&made;
        CHECK_FAILS(dbapi_xid(rows[i].format_id, rows[i].gtrid, rows[i].bqual, &made, &failure), DBAPI_PROGRAMMING_ERROR, ANY_SQLSTATE, rows[i].part);
        CHECK_PTR(made, NULL);
    }
    dbapi_xid_t *made = (dbapi_xid_t *)&made;
    CHECK_FAILS(dbapi_xid_from_string(NULL, &made, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "name");
    CHECK_PTR(made, NULL);
    CHECK_FAILS(dbapi_xid(1, "a", "b", NULL, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "out_xid");
    CHECK_INT(dbapi_xid_format_id(NULL), -1);
    CHECK_TEXT(dbapi_xid_gtrid(NULL), NULL);
    CHECK_TEXT(dbapi_xid_name(NULL), NULL);
    CHECK_SIZE(dbapi_xid_list_count(NULL), 0);
    dbapi_xid_free(NULL);
    dbapi_xid_list_free(NULL);
}

static void on_what_is_closed_or_no_handle(void)
{
    open_with_table();
    dbapi_xid_list_t *list = (dbapi_xid_list_t *)&list;
    CHECK_FAILS(dbapi_tpc_begin(connection, NULL, &failure), DBAPI_INTERFACE_ERROR, NULL, "xid");
    CHECK_FAILS(dbapi_tpc_begin(connection, (dbapi_xid_t *)cursor, &failure), DBAPI_INTERFACE_ERROR, NULL, "another type");
    CHECK_FAILS(dbapi_tpc_recover(connection, NULL, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "out_list");
    CHECK_OK(dbapi_tpc_begin(connection, xid, &failure));
    CHECK_OK(dbapi_close(connection, &failure));
    CHECK_FAILS(dbapi_tpc_begin(connection, xid, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_FAILS(dbapi_tpc_prepare(connection, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_FAILS(dbapi_tpc_commit(connection, NULL, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_FAILS(dbapi_tpc_rollback(connection, xid, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_FAILS(dbapi_tpc_recover(connection, &list, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_PTR(list, NULL);
    dbapi_xid_free(xid);
    CHECK_FAILS(dbapi_tpc_begin(connection, xid, &failure), DBAPI_INTERFACE_ERROR, NULL, NULL);
    xid = NULL;
    close_all();
}

/* In a transaction that has begun, recovering is part of it; in a failed one it is the server's error. */
static void recover_in_a_transaction(void)
{
    dbapi_xid_list_t *list = NULL;
    open_with_table();
    run(cursor, "SELECT 1");
    CHECK_OK(dbapi_tpc_recover(connection, &list, &failure));
    dbapi_xid_list_free(list);
    list = NULL;
    CHECK_TRANSACTION(DBAPI_TRANSACTION_INTRANS);
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1/0", NULL, 0, &failure), DBAPI_DATA_ERROR, "22012", NULL);
    CHECK_FAILS(dbapi_tpc_recover(connection, &list, &failure), DBAPI_INTERNAL_ERROR, "25P02", NULL);
    CHECK_PTR(list, NULL);
    CHECK_OK(dbapi_rollback(connection, &failure));
    /* In the first phase as well. */
    CHECK_OK(dbapi_tpc_begin(connection, xid, &failure));
    CHECK_OK(dbapi_tpc_recover(connection, &list, &failure));
    dbapi_xid_list_free(list);
    CHECK_OK(dbapi_tpc_rollback(connection, NULL, &failure));
    close_all();
}

CHECK_MAIN(CASE(two_phases), CASE(one_phase), CASE(nothing_done_can_be_prepared), CASE(begin_has_its_rules),
           CASE(it_begins_as_transactions_are_set), CASE(what_is_refused_in_each_phase), CASE(a_failed_transaction),
           CASE(what_cannot_be_prepared), CASE(an_xid_that_is_taken), CASE(ended_by_sql), CASE(recovered_after_a_crash),
           CASE(ended_with_autocommit_on), CASE(ended_by_another), CASE(the_second_phase_can_be_tried_again), CASE(answers_that_never_came),
           CASE(names_of_others), CASE(names_with_old_literals), CASE(names_are_jdbcs_and_psycopg2s), CASE(xids_that_cannot_be),
           CASE(on_what_is_closed_or_no_handle), CASE(recover_in_a_transaction))
