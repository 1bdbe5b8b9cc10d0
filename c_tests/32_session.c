/* What a session's transactions are like (set_session and its setters), reset, encoding and parameter_status.
 * What is set is asked of the server, inside of the transactions themselves. */
#define _DEFAULT_SOURCE 1
#include "connect.h"
#include "fake_server.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;

static void open_both(void)
{
    connection = connect_test();
    cursor = cursor_of(connection);
}

static void close_both(void)
{
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static dbapi_status_t set_session(int isolation, int readonly, int deferrable, int autocommit)
{
    return dbapi_connection_set_session(connection, isolation, readonly, deferrable, autocommit, &failure);
}

/* "isolation readonly deferrable", of the transaction that the question is asked in. */
static const char *in_force(void)
{
    return query_text(cursor, "SELECT current_setting('transaction_isolation') || ' ' || current_setting('transaction_read_only')"
                              " || ' ' || current_setting('transaction_deferrable')");
}

/* The same of the session's defaults. */
static const char *defaults(void)
{
    return query_text(cursor, "SELECT current_setting('default_transaction_isolation') || ' ' || current_setting('default_transaction_read_only')"
                              " || ' ' || current_setting('default_transaction_deferrable')");
}

#define CHECK_CHARACTERISTICS(isolation, readonly, deferrable, autocommit)               \
    do {                                                                                 \
        CHECK_INT(dbapi_connection_isolation_level(connection), isolation);              \
        CHECK_INT(dbapi_connection_readonly(connection), readonly);                      \
        CHECK_INT(dbapi_connection_deferrable(connection), deferrable);                  \
        CHECK_INT(dbapi_connection_autocommit(connection), autocommit);                  \
    } while (0)

static void fresh_connections_have_the_servers_defaults(void)
{
    open_both();
    CHECK_CHARACTERISTICS(DBAPI_ISOLATION_DEFAULT, DBAPI_DEFAULT, DBAPI_DEFAULT, false);
    CHECK_TEXT(in_force(), "read committed off off");
    close_both();
}

static void begin_carries_them(void)
{
    static const struct {
        int isolation, readonly, deferrable;
        const char *expected;
    } rows[] = {
        { DBAPI_ISOLATION_READ_UNCOMMITTED, 0, 0, "read uncommitted off off" },
        { DBAPI_ISOLATION_READ_COMMITTED, 1, 0, "read committed on off" },
        { DBAPI_ISOLATION_REPEATABLE_READ, 0, 1, "repeatable read off on" },
        { DBAPI_ISOLATION_SERIALIZABLE, 1, 1, "serializable on on" },
        { DBAPI_ISOLATION_DEFAULT, DBAPI_DEFAULT, DBAPI_DEFAULT, "read committed off off" },
    };
    open_both();
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK_OK(set_session(rows[i].isolation, rows[i].readonly, rows[i].deferrable, DBAPI_UNCHANGED));
        CHECK_CHARACTERISTICS(rows[i].isolation, rows[i].readonly, rows[i].deferrable, false);
        /* They go on BEGIN: the session's own defaults are left alone. */
        CHECK_TEXT(in_force(), rows[i].expected);
        CHECK_TEXT(defaults(), "read committed off off");
        CHECK_OK(dbapi_commit(connection, &failure));
        /* On each. */
        CHECK_TEXT(in_force(), rows[i].expected);
        CHECK_OK(dbapi_rollback(connection, &failure));
    }
    close_both();
}

/* Whatever a transaction begins with. */
static void every_kind_of_statement_begins_so(void)
{
    const dbapi_value_t one[] = { DBAPI_INT(1) };
    fresh_table("t32_begin", "a int");
    open_both();
    CHECK_OK(dbapi_connection_set_isolation_level(connection, DBAPI_ISOLATION_SERIALIZABLE, &failure));
    CHECK_OK(dbapi_execute(cursor, "SELECT %s", one, 1, &failure));
    CHECK_TEXT(in_force(), "serializable off off");
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_OK(dbapi_executemany(cursor, "INSERT INTO t32_begin VALUES (%s)", one, 1, 1, &failure));
    CHECK_TEXT(in_force(), "serializable off off");
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_OK(dbapi_savepoint_begin(connection, NULL, &failure));
    CHECK_TEXT(in_force(), "serializable off off");
    CHECK_OK(dbapi_commit(connection, &failure));
    dbapi_cursor_t *named = NULL;
    CHECK_OK(dbapi_cursor_named(connection, "c", -1, false, &named, &failure));
    CHECK_OK(dbapi_execute(named, "SELECT 1", NULL, 0, &failure));
    CHECK_TEXT(in_force(), "serializable off off");
    dbapi_cursor_free(named);
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_OK(dbapi_cursor_set_result_format(cursor, DBAPI_FORMAT_BINARY, &failure));
    CHECK_TEXT(in_force(), "serializable off off");
    close_both();
}

static void the_four_setters(void)
{
    open_both();
    CHECK_OK(dbapi_connection_set_isolation_level(connection, DBAPI_ISOLATION_REPEATABLE_READ, &failure));
    CHECK_CHARACTERISTICS(DBAPI_ISOLATION_REPEATABLE_READ, DBAPI_DEFAULT, DBAPI_DEFAULT, false);
    CHECK_OK(dbapi_connection_set_readonly(connection, 1, &failure));
    CHECK_CHARACTERISTICS(DBAPI_ISOLATION_REPEATABLE_READ, 1, DBAPI_DEFAULT, false);
    CHECK_OK(dbapi_connection_set_deferrable(connection, 1, &failure));
    CHECK_CHARACTERISTICS(DBAPI_ISOLATION_REPEATABLE_READ, 1, 1, false);
    CHECK_TEXT(in_force(), "repeatable read on on");
    CHECK_FAILS(dbapi_execute(cursor, "CREATE TABLE t32_never (a int)", NULL, 0, &failure), DBAPI_INTERNAL_ERROR, "25006", "read-only");
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_OK(dbapi_connection_set_readonly(connection, DBAPI_DEFAULT, &failure));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    CHECK_CHARACTERISTICS(DBAPI_ISOLATION_REPEATABLE_READ, DBAPI_DEFAULT, 1, true);
    CHECK_TEXT(in_force(), "repeatable read off on");
    close_both();
}

static void unchanged_is_unchanged(void)
{
    open_both();
    CHECK_OK(set_session(DBAPI_ISOLATION_SERIALIZABLE, 1, 0, 0));
    CHECK_OK(set_session(DBAPI_UNCHANGED, DBAPI_UNCHANGED, DBAPI_UNCHANGED, DBAPI_UNCHANGED));
    CHECK_CHARACTERISTICS(DBAPI_ISOLATION_SERIALIZABLE, 1, 0, false);
    CHECK_OK(set_session(DBAPI_UNCHANGED, DBAPI_DEFAULT, DBAPI_UNCHANGED, DBAPI_UNCHANGED));
    CHECK_CHARACTERISTICS(DBAPI_ISOLATION_SERIALIZABLE, DBAPI_DEFAULT, 0, false);
    close_both();
}

/* With autocommit on there is no BEGIN to carry them: the session's defaults do, and go back afterwards. */
static void autocommit_sets_the_sessions_defaults(void)
{
    open_both();
    CHECK_OK(set_session(DBAPI_ISOLATION_SERIALIZABLE, 1, 1, 1));
    CHECK_TEXT(defaults(), "serializable on on");
    CHECK_TEXT(in_force(), "serializable on on");
    CHECK_OK(dbapi_connection_set_readonly(connection, 0, &failure));
    CHECK_TEXT(defaults(), "serializable off on");
    CHECK_OK(dbapi_connection_set_deferrable(connection, DBAPI_DEFAULT, &failure));
    CHECK_TEXT(defaults(), "serializable off off");
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    CHECK_OK(dbapi_connection_set_autocommit(connection, false, &failure));
    CHECK_CHARACTERISTICS(DBAPI_ISOLATION_SERIALIZABLE, 0, DBAPI_DEFAULT, false);
    CHECK_TEXT(defaults(), "read committed off off");
    CHECK_TEXT(in_force(), "serializable off off");
    close_both();
}

/* What DEFAULT means is the session's own affair: the role's, the database's, or as here what was connected with. */
static void the_servers_default_is_the_sessions(void)
{
    connection = connect_dsn("options='-c default_transaction_isolation=repeatable\\\\ read'");
    cursor = cursor_of(connection);
    CHECK_TEXT(in_force(), "repeatable read off off");
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_OK(set_session(DBAPI_ISOLATION_SERIALIZABLE, DBAPI_UNCHANGED, DBAPI_UNCHANGED, 1));
    CHECK_TEXT(in_force(), "serializable off off");
    CHECK_OK(set_session(DBAPI_ISOLATION_DEFAULT, DBAPI_UNCHANGED, DBAPI_UNCHANGED, 1));
    CHECK_TEXT(in_force(), "repeatable read off off");
    close_both();
}

/* Each setter, for the guards. */
static dbapi_status_t set_with(int setter, dbapi_connection_t *on)
{
    switch (setter) {
    case 0:
        return dbapi_connection_set_session(on, DBAPI_ISOLATION_SERIALIZABLE, 1, 1, 1, &failure);
    case 1:
        return dbapi_connection_set_autocommit(on, true, &failure);
    case 2:
        return dbapi_connection_set_isolation_level(on, DBAPI_ISOLATION_SERIALIZABLE, &failure);
    case 3:
        return dbapi_connection_set_readonly(on, 1, &failure);
    default:
        return dbapi_connection_set_deferrable(on, 1, &failure);
    }
}

enum { SETTERS = 5 };

#define CHECK_NONE_CAN_SET(part)                                                         \
    do {                                                                                 \
        for (int setter = 0; setter < SETTERS; setter++) {                               \
            CHECK_FAILS(set_with(setter, connection), DBAPI_PROGRAMMING_ERROR, NULL, part); \
        }                                                                                \
        CHECK_CHARACTERISTICS(DBAPI_ISOLATION_DEFAULT, DBAPI_DEFAULT, DBAPI_DEFAULT, false); \
    } while (0)

static void none_can_be_set_in_a_transaction(void)
{
    open_both();
    run(cursor, "SELECT 1");
    CHECK_NONE_CAN_SET("inside a transaction");
    CHECK_FAILS(set_session(DBAPI_UNCHANGED, DBAPI_UNCHANGED, DBAPI_UNCHANGED, DBAPI_UNCHANGED), DBAPI_PROGRAMMING_ERROR, NULL, "transaction");
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INTRANS);
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1/0", NULL, 0, &failure), DBAPI_DATA_ERROR, "22012", NULL);
    CHECK_NONE_CAN_SET("inside a transaction");
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INERROR);
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_OK(dbapi_connection_set_readonly(connection, 1, &failure));
    /* In autocommit, in a transaction of the user's own. */
    CHECK_OK(set_session(DBAPI_UNCHANGED, DBAPI_DEFAULT, DBAPI_UNCHANGED, 1));
    run(cursor, "BEGIN");
    for (int setter = 0; setter < SETTERS; setter++) {
        CHECK_FAILS(set_with(setter, connection), DBAPI_PROGRAMMING_ERROR, NULL, "inside a transaction");
    }
    CHECK_CHARACTERISTICS(DBAPI_ISOLATION_DEFAULT, DBAPI_DEFAULT, DBAPI_DEFAULT, true);
    close_both();
}

static void none_can_be_set_during_a_two_phase_commit(void)
{
    dbapi_xid_t *xid = NULL;
    open_both();
    CHECK_OK(dbapi_xid(32, "session", "guards", &xid, &failure));
    CHECK_OK(dbapi_tpc_begin(connection, xid, &failure));
    CHECK_NONE_CAN_SET("transaction");
    CHECK_OK(dbapi_tpc_prepare(connection, &failure));
    CHECK_NONE_CAN_SET("two-phase");
    CHECK_OK(dbapi_tpc_rollback(connection, NULL, &failure));
    CHECK_OK(set_with(0, connection));
    dbapi_xid_free(xid);
    close_both();
}

static void none_can_be_set_on_what_is_closed(void)
{
    open_both();
    CHECK_OK(dbapi_close(connection, &failure));
    for (int setter = 0; setter < SETTERS; setter++) {
        CHECK_FAILS(set_with(setter, connection), DBAPI_INTERFACE_ERROR, NULL, "closed");
        CHECK_FAILS(set_with(setter, NULL), DBAPI_INTERFACE_ERROR, NULL, "NULL");
        CHECK_FAILS(set_with(setter, (dbapi_connection_t *)cursor), DBAPI_INTERFACE_ERROR, NULL, "handle");
    }
    CHECK_CHARACTERISTICS(DBAPI_ISOLATION_DEFAULT, DBAPI_DEFAULT, DBAPI_DEFAULT, false);
    CHECK_FAILS(dbapi_connection_reset(connection, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_FAILS(dbapi_connection_set_encoding(connection, "UTF8", &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_TEXT(dbapi_connection_encoding(connection), "UTF8");
    dbapi_connection_free(connection);
    CHECK_INT(dbapi_connection_isolation_level(connection), DBAPI_ISOLATION_DEFAULT);
    CHECK_INT(dbapi_connection_readonly(connection), DBAPI_DEFAULT);
    CHECK_INT(dbapi_connection_deferrable(NULL), DBAPI_DEFAULT);
    CHECK_FAILS(dbapi_connection_reset(connection, &failure), DBAPI_INTERFACE_ERROR, NULL, "freed");
    dbapi_cursor_free(cursor);
}

static void numbers_out_of_range(void)
{
    static const int wrong[] = { 2, 3, 5, -3, -100, 2147483647, -2147483647 - 1 };
    open_both();
    for (size_t i = 0; i < COUNT(wrong); i++) {
        int number = wrong[i];
        if (number < 0 || number > DBAPI_ISOLATION_SERIALIZABLE) {
            CHECK_FAILS(set_session(number, 1, 1, 1), DBAPI_PROGRAMMING_ERROR, NULL, "isolation_level");
            CHECK_FAILS(dbapi_connection_set_isolation_level(connection, number, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "isolation_level");
        }
        CHECK_FAILS(set_session(4, number, 1, 1), DBAPI_PROGRAMMING_ERROR, NULL, "readonly");
        CHECK_FAILS(set_session(4, 1, number, 1), DBAPI_PROGRAMMING_ERROR, NULL, "deferrable");
        CHECK_FAILS(set_session(4, 1, 1, number), DBAPI_PROGRAMMING_ERROR, NULL, "autocommit");
        CHECK_FAILS(dbapi_connection_set_readonly(connection, number, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "readonly");
        CHECK_FAILS(dbapi_connection_set_deferrable(connection, number, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "deferrable");
    }
    /* "Unchanged" is set_session's alone, and there is no default for autocommit and none but 0 for a level. */
    CHECK_FAILS(dbapi_connection_set_isolation_level(connection, DBAPI_UNCHANGED, &failure), DBAPI_PROGRAMMING_ERROR, NULL, NULL);
    CHECK_FAILS(dbapi_connection_set_readonly(connection, DBAPI_UNCHANGED, &failure), DBAPI_PROGRAMMING_ERROR, NULL, NULL);
    CHECK_FAILS(dbapi_connection_set_deferrable(connection, DBAPI_UNCHANGED, &failure), DBAPI_PROGRAMMING_ERROR, NULL, NULL);
    CHECK_FAILS(set_session(DBAPI_UNCHANGED, DBAPI_UNCHANGED, DBAPI_UNCHANGED, DBAPI_DEFAULT), DBAPI_PROGRAMMING_ERROR, NULL, "autocommit");
    CHECK_FAILS(set_session(-1, DBAPI_UNCHANGED, DBAPI_UNCHANGED, DBAPI_UNCHANGED), DBAPI_PROGRAMMING_ERROR, NULL, "isolation_level");
    CHECK_CHARACTERISTICS(DBAPI_ISOLATION_DEFAULT, DBAPI_DEFAULT, DBAPI_DEFAULT, false);
    close_both();
}

/* A server that refuses the settings: nothing has changed. It is one request, so one transaction. */
static void all_or_nothing(void)
{
    fake_server *fake = fake_new();
    fake_greet(fake);
    fake_expect(fake, 'Q',
                "SET default_transaction_isolation TO 'serializable'; SET default_transaction_read_only TO on; "
                "SET default_transaction_deferrable TO off");
    fake_send_complete(fake, "SET");
    fake_send_complete(fake, "SET");
    fake_send_error(fake, "ERROR", "57014", "canceling statement due to user request");
    fake_send_ready(fake, 'I');
    fake_expect_close(fake);
    fake_start(fake);
    connection = connect_dsn(fake_dsn(fake));
    CHECK_FAILS(set_session(4, 1, 0, 1), DBAPI_OPERATIONAL_ERROR, "57014", NULL);
    CHECK_CHARACTERISTICS(DBAPI_ISOLATION_DEFAULT, DBAPI_DEFAULT, DBAPI_DEFAULT, false);
    CHECK_INT(dbapi_connection_closed(connection), 0);
    dbapi_connection_free(connection);
    fake_finish(fake);
}

/* ---- reset ----------------------------------------------------------------------------------------------- */

static void reset_makes_the_session_anew(void)
{
    char locks[200], listens[200];
    open_both();
    CHECK_OK(dbapi_connection_set_timeout(connection, 30000, &failure));
    CHECK_OK(set_session(DBAPI_ISOLATION_SERIALIZABLE, 0, 1, 1));
    run(cursor, "CREATE TEMPORARY TABLE t32_temp (a int)");
    run(cursor, "SET TimeZone TO 'Asia/Tokyo'; SET application_name TO 't32'; LISTEN t32; PREPARE p AS SELECT 1; SELECT pg_advisory_lock(32)");
    snprintf(locks, sizeof locks, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = %d",
             (int)dbapi_connection_backend_pid(connection));
    CHECK_TEXT(outside(locks), "1");
    CHECK_OK(dbapi_connection_reset(connection, &failure));
    CHECK_CHARACTERISTICS(DBAPI_ISOLATION_DEFAULT, DBAPI_DEFAULT, DBAPI_DEFAULT, false);
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    CHECK_TEXT(outside(locks), "0");
    snprintf(listens, sizeof listens, "SELECT count(*) FROM pg_listening_channels()");
    CHECK_TEXT(query_text(cursor, listens), "0");
    CHECK_TEXT(query_text(cursor, "SELECT count(*) FROM pg_prepared_statements WHERE name <> ''"), "0");
    CHECK_TEXT(query_text(cursor, "SELECT to_regclass('t32_temp')"), SQL_NULL);
    CHECK_TEXT(query_text(cursor, "SELECT current_setting('TimeZone') = 'Asia/Tokyo' OR current_setting('application_name') = 't32'"), "f");
    CHECK_TEXT(defaults(), "read committed off off");
    CHECK_TEXT(in_force(), "read committed off off");
    CHECK_TEXT(query_text(cursor, "SHOW client_encoding"), "UTF8");
    CHECK_TEXT(query_text(cursor, "SHOW DateStyle"), "ISO, MDY");
    close_both();
}

static void reset_rolls_back_what_is_open(void)
{
    fresh_table("t32_reset", "a int");
    open_both();
    run(cursor, "INSERT INTO t32_reset VALUES (1)");
    CHECK_OK(dbapi_connection_reset(connection, &failure));
    CHECK_TEXT(outside("SELECT count(*) FROM t32_reset"), "0");
    /* In a failed transaction as well, whose commit afterwards is no error: there is nothing left of it. */
    run(cursor, "INSERT INTO t32_reset VALUES (1)");
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1/0", NULL, 0, &failure), DBAPI_DATA_ERROR, "22012", NULL);
    CHECK_OK(dbapi_connection_reset(connection, &failure));
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_TEXT(query_text(cursor, "SELECT 'usable'"), "usable");
    /* Twice, and in autocommit inside a transaction of the user's own. */
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    run(cursor, "BEGIN; INSERT INTO t32_reset VALUES (1)");
    CHECK_OK(dbapi_connection_reset(connection, &failure));
    CHECK_OK(dbapi_connection_reset(connection, &failure));
    CHECK_INT(dbapi_connection_autocommit(connection), false);
    CHECK_TEXT(outside("SELECT count(*) FROM t32_reset"), "0");
    close_both();
}

/* Savepoints and results of before: the ones are gone, the others stay. */
static void reset_and_what_was_before(void)
{
    open_both();
    run(cursor, "SELECT 1 UNION ALL SELECT 2");
    CHECK_OK(dbapi_savepoint_begin(connection, "s", &failure));
    CHECK_OK(dbapi_connection_reset(connection, &failure));
    CHECK_FAILS(dbapi_savepoint_release(connection, "s", &failure), DBAPI_PROGRAMMING_ERROR, "3B001", NULL);
    CHECK_ROW(fetch_row(cursor), "1");
    CHECK_ROW(fetch_row(cursor), "2");
    check_end(cursor);
    /* Notices and notifications stay. */
    run(cursor, "DO $$ BEGIN RAISE NOTICE 'kept'; END $$");
    CHECK_OK(dbapi_connection_reset(connection, &failure));
    dbapi_error_t *notice = NULL;
    CHECK_OK(dbapi_connection_notice(connection, &notice, &failure));
    CHECK_TEXT(dbapi_error_message_primary(notice), "kept");
    dbapi_error_free(notice);
    close_both();
}

static void reset_keeps_the_timeout(void)
{
    open_both();
    CHECK_OK(dbapi_connection_set_timeout(connection, 300, &failure));
    CHECK_OK(dbapi_connection_reset(connection, &failure));
    CHECK_FAILS(dbapi_execute(cursor, "SELECT pg_sleep(20)", NULL, 0, &failure), DBAPI_OPERATIONAL_ERROR, "57014", "timeout");
    CHECK_OK(dbapi_connection_reset(connection, &failure));
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    close_both();
}

/* ---- encoding -------------------------------------------------------------------------------------------- */

static void only_utf8(void)
{
    static const char *const good[] = { "UTF8", "utf8", "utf-8", "UTF_8", "unicode", "Unicode", " utf8 " };
    static const char *const bad[] = { "LATIN1", "latin1", "SQL_ASCII", "", "UTF16", "utf8; DROP TABLE x", "'", "EUC_JP", "\n", "utf88" };
    open_both();
    CHECK_TEXT(dbapi_connection_encoding(connection), "UTF8");
    for (size_t i = 0; i < COUNT(good); i++) {
        CHECK_OK(dbapi_connection_set_encoding(connection, good[i], &failure));
    }
    run(cursor, "SELECT 1");
    for (size_t i = 0; i < COUNT(bad); i++) {
        CHECK_FAILS(dbapi_connection_set_encoding(connection, bad[i], &failure), DBAPI_NOT_SUPPORTED_ERROR, NULL, "UTF8");
    }
    CHECK_FAILS(dbapi_connection_set_encoding(connection, NULL, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "encoding");
    CHECK_FAILS(dbapi_connection_set_encoding(connection, "\xff", &failure), DBAPI_PROGRAMMING_ERROR, "22021", "encoding");
    /* What is refused changes nothing; what is accepted ends the transaction, as in psycopg2. */
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INTRANS);
    CHECK_OK(dbapi_connection_set_encoding(connection, "UTF8", &failure));
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    CHECK_TEXT(query_text(cursor, "SHOW client_encoding"), "UTF8");
    close_both();
}

/* A statement that changes it fails, and what follows is UTF-8 again. */
static void check_refused(const char *sql)
{
    dbapi_status_t status = dbapi_execute(cursor, sql, NULL, 0, &failure);
    if (status != DBAPI_NOT_SUPPORTED_ERROR) {
        FAIL("%s: %s (%s), expected DBAPI_NOT_SUPPORTED_ERROR", sql, status_name(status), failure == NULL ? "no error" : dbapi_error_message(failure));
    }
    CHECK_CONTAINS(dbapi_error_message(failure), "client_encoding");
    CHECK_INT(dbapi_error_connection_usable(failure), true);
    clear_failure();
}

#define CHECK_UTF8()                                                                     \
    do {                                                                                 \
        CHECK_TEXT(query_text(cursor, "SHOW client_encoding"), "UTF8");                  \
        CHECK_TEXT(query_text(cursor, "SELECT 'h\xc3\xa4\xe2\x82\xac'"), "h\xc3\xa4\xe2\x82\xac"); \
        CHECK_TEXT(query_text(cursor, "SELECT length('\xc3\xa4\xe2\x82\xac')"), "2");    \
    } while (0)

static void changed_by_sql(void)
{
    static const char *const statements[] = {
        "SET client_encoding TO latin1",
        "SET NAMES 'latin1'",
        "SET client_encoding TO SQL_ASCII",
        "SELECT set_config('client_encoding', 'EUC_JP', false)",
        "SELECT 1; SET client_encoding TO latin1; SELECT '\xc3\xa4'",
        "DO $$ BEGIN PERFORM set_config('client_encoding', 'WIN1252', false); END $$",
    };
    for (size_t i = 0; i < COUNT(statements); i++) {
        /* In autocommit. */
        open_both();
        CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
        check_refused(statements[i]);
        CHECK_UTF8();
        close_both();
        /* In a transaction, which goes on; after its rollback and after its commit as well. */
        for (int commits = 0; commits < 2; commits++) {
            open_both();
            run(cursor, "SELECT 1");
            check_refused(statements[i]);
            CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INTRANS);
            CHECK_UTF8();
            CHECK_OK(commits ? dbapi_commit(connection, &failure) : dbapi_rollback(connection, &failure));
            CHECK_UTF8();
            close_both();
        }
    }
}

static void changed_by_sql_locally(void)
{
    open_both();
    check_refused("SET LOCAL client_encoding TO latin1");
    CHECK_UTF8();
    check_refused("SELECT set_config('client_encoding', 'latin1', true)");
    CHECK_UTF8();
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_UTF8();
    /* Its own commit is in the statement. */
    check_refused("SET client_encoding TO latin1; COMMIT");
    CHECK_UTF8();
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_UTF8();
    close_both();
}

static void changed_by_executemany_and_with_parameters(void)
{
    const dbapi_value_t latin1[] = { DBAPI_TEXT("latin1"), DBAPI_TEXT("latin1") };
    open_both();
    CHECK_FAILS(dbapi_execute(cursor, "SELECT set_config('client_encoding', %s, false)", latin1, 1, &failure), DBAPI_NOT_SUPPORTED_ERROR, ANY_SQLSTATE, "client_encoding");
    CHECK_UTF8();
    CHECK_FAILS(dbapi_executemany(cursor, "SELECT set_config('client_encoding', %s, false)", latin1, 1, 2, &failure), DBAPI_NOT_SUPPORTED_ERROR, ANY_SQLSTATE,
                "client_encoding");
    CHECK_UTF8();
    CHECK_OK(dbapi_cursor_set_result_format(cursor, DBAPI_FORMAT_BINARY, &failure));
    check_refused("SELECT set_config('client_encoding', 'latin1', false)");
    CHECK_UTF8();
    close_both();
}

static void changed_in_what_fails(void)
{
    open_both();
    CHECK_FAILS(dbapi_execute(cursor, "SET client_encoding TO latin1; SELECT 1/0", NULL, 0, &failure), DBAPI_DATA_ERROR, "22012", NULL);
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INERROR);
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_UTF8();
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    CHECK_FAILS(dbapi_execute(cursor, "SET client_encoding TO latin1; SELECT 1/0", NULL, 0, &failure), DBAPI_DATA_ERROR, "22012", NULL);
    CHECK_UTF8();
    /* The change is of what comes before the savepoint that is left: the rollback to it leaves it. */
    CHECK_OK(dbapi_connection_set_autocommit(connection, false, &failure));
    CHECK_FAILS(dbapi_execute(cursor, "SET client_encoding TO latin1; SAVEPOINT s; SELECT 1/0", NULL, 0, &failure), DBAPI_DATA_ERROR, "22012", NULL);
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INERROR);
    check_refused("ROLLBACK TO SAVEPOINT s");
    CHECK_UTF8();
    close_both();
}

static void changed_and_caught_by_the_library_itself(void)
{
    /* A commit that changes it: the transaction is committed, and the call says what happened. */
    fresh_table("t32_late", "a int");
    run_outside("CREATE OR REPLACE FUNCTION t32_late() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN PERFORM set_config('client_encoding', 'latin1', false); RETURN NULL; END $$; "
                "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t32_late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION t32_late()");
    open_both();
    run(cursor, "INSERT INTO t32_late VALUES (1)");
    CHECK_FAILS(dbapi_commit(connection, &failure), DBAPI_NOT_SUPPORTED_ERROR, ANY_SQLSTATE, "client_encoding");
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    CHECK_TEXT(outside("SELECT count(*) FROM t32_late"), "1");
    CHECK_UTF8();
    close_both();
}

/* ---- parameter_status ------------------------------------------------------------------------------------ */

static const char *status_of(const char *name)
{
    static char text[300];
    size_t length = 0;
    CHECK_OK(dbapi_connection_parameter_status(connection, name, text, sizeof text, &length, &failure));
    CHECK_SIZE(length, strlen(text));
    return text;
}

static void parameters_known_and_unknown(void)
{
    char buffer[10] = "untouched";
    size_t length = 77;
    open_both();
    CHECK_TEXT(status_of("client_encoding"), "UTF8");
    CHECK_TEXT(status_of("server_encoding"), "UTF8");
    CHECK_TEXT(status_of("standard_conforming_strings"), "on");
    CHECK_TEXT(status_of("integer_datetimes"), "on");
    CHECK_CONTAINS(query_text(cursor, "SHOW server_version"), status_of("server_version"));
    static const char *const unknown[] = { "", "work_mem", "CLIENT_ENCODING", "client_encoding ", "no such", "%n%s", "'" };
    for (size_t i = 0; i < COUNT(unknown); i++) {
        CHECK_DONE(dbapi_connection_parameter_status(connection, unknown[i], buffer, sizeof buffer, &length, &failure));
        CHECK_TEXT(buffer, "untouched");
        CHECK_SIZE(length, 77);
    }
    CHECK_FAILS(dbapi_connection_parameter_status(connection, NULL, buffer, sizeof buffer, &length, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "name");
    CHECK_FAILS(dbapi_connection_parameter_status(connection, "\xff", buffer, sizeof buffer, &length, &failure), DBAPI_PROGRAMMING_ERROR, "22021", "name");
    CHECK_FAILS(dbapi_connection_parameter_status(connection, "TimeZone", NULL, 1, &length, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "buffer");
    CHECK_FAILS(dbapi_connection_parameter_status(NULL, "TimeZone", buffer, sizeof buffer, &length, &failure), DBAPI_INTERFACE_ERROR, NULL, "connection");
    CHECK_TEXT(buffer, "untouched");
    CHECK_SIZE(length, 77);
    close_both();
}

static void parameters_follow_the_server(void)
{
    open_both();
    run(cursor, "SET TimeZone TO 'Asia/Tokyo'");
    CHECK_TEXT(status_of("TimeZone"), "Asia/Tokyo");
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK(strcmp(status_of("TimeZone"), "Asia/Tokyo") != 0);
    run(cursor, "SET application_name TO '%n%s \"quoted\"'");
    CHECK_TEXT(status_of("application_name"), "%n%s \"quoted\"");
    CHECK_OK(dbapi_connection_reset(connection, &failure));
    CHECK_TEXT(status_of("application_name"), "");
    CHECK_OK(dbapi_close(connection, &failure));
    /* What is known stays known. */
    CHECK_TEXT(status_of("client_encoding"), "UTF8");
    close_both();
}

/* A buffer that ends where memory that cannot be written begins. */
static void parameters_stay_in_their_buffer(void)
{
    long page = sysconf(_SC_PAGESIZE);
    char *memory = mmap(NULL, (size_t)page * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    CHECK_INT(mprotect(memory + page, (size_t)page, PROT_NONE), 0);
    open_both();
    run(cursor, "SET application_name TO 'abcdef'");
    for (size_t capacity = 0; capacity <= 8; capacity++) {
        char *buffer = memory + page - capacity;
        size_t length = 0;
        memset(memory, '#', (size_t)page);
        CHECK_OK(dbapi_connection_parameter_status(connection, "application_name", capacity == 0 ? NULL : buffer, capacity, &length, &failure));
        CHECK_SIZE(length, 6);
        if (capacity > 0) {
            CHECK_SIZE(strlen(buffer), capacity - 1 < 6 ? capacity - 1 : 6);
            CHECK_BYTES(buffer, strlen(buffer), "abcdef", strlen(buffer));
        }
        CHECK_INT(memory[page - (long)capacity - 1], '#');
    }
    CHECK_OK(dbapi_connection_parameter_status(connection, "application_name", memory, (size_t)page, NULL, &failure));
    close_both();
    CHECK_INT(munmap(memory, (size_t)page * 2), 0);
}

static void *sleep_in_the_server(void *argument)
{
    (void)argument;
    dbapi_execute(cursor, "SELECT pg_sleep(20)", NULL, 0, NULL);
    return NULL;
}

/* What is known of a connection never waits for a call in progress. */
static void getters_never_wait(void)
{
    pthread_t thread;
    char sql[200];
    open_both();
    CHECK_OK(dbapi_connection_set_readonly(connection, 1, &failure));
    snprintf(sql, sizeof sql, "SELECT wait_event FROM pg_stat_activity WHERE pid = %d", (int)dbapi_connection_backend_pid(connection));
    CHECK_INT(pthread_create(&thread, NULL, sleep_in_the_server, NULL), 0);
    wait_outside(sql, "PgSleep");
    CHECK_TEXT(status_of("client_encoding"), "UTF8");
    CHECK_CHARACTERISTICS(DBAPI_ISOLATION_DEFAULT, 1, DBAPI_DEFAULT, false);
    CHECK_TEXT(dbapi_connection_encoding(connection), "UTF8");
    dbapi_error_t *notice = NULL;
    dbapi_notify_t *notify = NULL;
    CHECK_DONE(dbapi_connection_notice(connection, &notice, &failure));
    CHECK_DONE(dbapi_connection_notify(connection, &notify, &failure));
    CHECK_DONE(dbapi_connection_wait_notify(connection, 0, &notify, &failure));
    /* None of them has waited. */
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_ACTIVE);
    CHECK_OK(dbapi_connection_cancel(connection, &failure));
    CHECK_INT(pthread_join(thread, NULL), 0);
    close_both();
}

CHECK_MAIN(CASE(fresh_connections_have_the_servers_defaults), CASE(begin_carries_them), CASE(every_kind_of_statement_begins_so),
           CASE(the_four_setters), CASE(unchanged_is_unchanged), CASE(autocommit_sets_the_sessions_defaults),
           CASE(the_servers_default_is_the_sessions), CASE(none_can_be_set_in_a_transaction), CASE(none_can_be_set_during_a_two_phase_commit),
           CASE(none_can_be_set_on_what_is_closed), CASE(numbers_out_of_range), CASE(all_or_nothing), CASE(reset_makes_the_session_anew),
           CASE(reset_rolls_back_what_is_open), CASE(reset_and_what_was_before), CASE(reset_keeps_the_timeout), CASE(only_utf8),
           CASE(changed_by_sql), CASE(changed_by_sql_locally), CASE(changed_by_executemany_and_with_parameters), CASE(changed_in_what_fails),
           CASE(changed_and_caught_by_the_library_itself), CASE(parameters_known_and_unknown), CASE(parameters_follow_the_server),
           CASE(parameters_stay_in_their_buffer), CASE(getters_never_wait))
