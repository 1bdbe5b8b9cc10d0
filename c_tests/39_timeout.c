/* Time-outs: a call past its deadline fails as operational, says timeout, and leaves the connection usable if
 * the server answers, broken (never hung) if it does not. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"
#include "fake_server.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t began;

static void start_the_clock(void)
{
    began = milliseconds();
}

/* The machine is busy and valgrind slow: the upper bound only tells a deadline from a hang. */
static void check_took(int64_t at_least, int64_t at_most)
{
    int64_t took = milliseconds() - began;
    if (getenv("DBAPI_TEST_VALGRIND") != NULL) {
        at_most += 10000;
    }
    if (took < at_least || took > at_most) {
        FAIL("it took %lld ms, expected %lld to %lld", (long long)took, (long long)at_least, (long long)at_most);
    }
}

/* The call failed at its deadline, and the server answered. */
#define CHECK_TIMED_OUT(call)                                                            \
    do {                                                                                 \
        CHECK_ERROR(call, DBAPI_OPERATIONAL_ERROR, "57014", "timeout");                  \
        CHECK_INT(dbapi_error_timed_out(failure), true);                                 \
        CHECK_INT(dbapi_error_connection_usable(failure), true);                         \
        clear_failure();                                                                 \
    } while (0)

/* The call failed at its deadline, and the server did not answer. */
#define CHECK_TIMED_OUT_BROKEN(call, sqlstate)                                           \
    do {                                                                                 \
        CHECK_ERROR(call, DBAPI_OPERATIONAL_ERROR, sqlstate, "timeout");                 \
        CHECK_INT(dbapi_error_timed_out(failure), true);                                 \
        CHECK_INT(dbapi_error_connection_usable(failure), false);                        \
        clear_failure();                                                                 \
    } while (0)

static void getters_and_setters(void)
{
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_INT(dbapi_connection_timeout(connection), 0);
    CHECK_INT(dbapi_cursor_timeout(cursor), -1);
    CHECK_OK(dbapi_connection_set_timeout(connection, 2147483647, &failure));
    CHECK_INT(dbapi_connection_timeout(connection), 2147483647);
    CHECK_INT(dbapi_cursor_timeout(cursor), -1);
    CHECK_OK(dbapi_cursor_set_timeout(cursor, 1500, &failure));
    CHECK_INT(dbapi_cursor_timeout(cursor), 1500);
    CHECK_OK(dbapi_cursor_set_timeout(cursor, 0, &failure));
    CHECK_INT(dbapi_cursor_timeout(cursor), 0);
    CHECK_OK(dbapi_cursor_set_timeout(cursor, -1, &failure));
    CHECK_INT(dbapi_cursor_timeout(cursor), -1);
    CHECK_FAILS(dbapi_connection_set_timeout(connection, -1, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "milliseconds");
    CHECK_FAILS(dbapi_connection_set_timeout(connection, INT64_MIN, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "milliseconds");
    CHECK_FAILS(dbapi_connection_set_timeout(connection, 2147483648, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "milliseconds");
    CHECK_FAILS(dbapi_connection_set_timeout(connection, INT64_MAX, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "milliseconds");
    CHECK_FAILS(dbapi_cursor_set_timeout(cursor, -2, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "milliseconds");
    CHECK_FAILS(dbapi_cursor_set_timeout(cursor, INT64_MAX, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "milliseconds");
    CHECK_INT(dbapi_connection_timeout(connection), 2147483647);
    CHECK_FAILS(dbapi_connection_set_timeout(NULL, 1, &failure), DBAPI_INTERFACE_ERROR, NULL, "connection");
    CHECK_FAILS(dbapi_cursor_set_timeout(NULL, 1, &failure), DBAPI_INTERFACE_ERROR, NULL, "cursor");
    CHECK_INT(dbapi_connection_timeout(NULL), 0);
    CHECK_INT(dbapi_cursor_timeout(NULL), -1);
    CHECK_INT(dbapi_error_timed_out(NULL), false);
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    CHECK_FAILS(dbapi_cursor_set_timeout(cursor, 1, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_OK(dbapi_close(connection, &failure));
    CHECK_FAILS(dbapi_connection_set_timeout(connection, 1, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);

    connection = connect_dsn("timeout=2.5");
    CHECK_INT(dbapi_connection_timeout(connection), 2500);
    dbapi_connection_free(connection);
    CHECK_FAILS(dbapi_connect("timeout=soon", &connection, &failure), DBAPI_OPERATIONAL_ERROR, NULL, "timeout");
    CHECK_FAILS(dbapi_connect("timeout=-1", &connection, &failure), DBAPI_OPERATIONAL_ERROR, NULL, "timeout");
}

static void execute(void)
{
    dbapi_connection_t *connection = connect_dsn("timeout=0.3");
    dbapi_cursor_t *cursor = cursor_of(connection);
    start_the_clock();
    CHECK_TIMED_OUT(dbapi_execute(cursor, "SELECT pg_sleep(30)", NULL, 0, &failure));
    check_took(300, 5000);
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INERROR);
    CHECK_OK(dbapi_rollback(connection, &failure));
    const dbapi_value_t params[] = { DBAPI_FLOAT(30) };
    CHECK_TIMED_OUT(dbapi_execute(cursor, "SELECT pg_sleep(%s)", params, 1, &failure));
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    CHECK_TIMED_OUT(dbapi_execute(cursor, "SELECT 1; SELECT pg_sleep(30)", NULL, 0, &failure));
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    /* In time. */
    CHECK_TEXT(query_text(cursor, "SELECT 'as ever' FROM pg_sleep(0.05)"), "as ever");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void in_binary_format(void)
{
    dbapi_connection_t *connection = connect_dsn("timeout=0.3");
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_OK(dbapi_cursor_set_result_format(cursor, DBAPI_FORMAT_BINARY, &failure));
    CHECK_TIMED_OUT(dbapi_execute(cursor, "SELECT pg_sleep(30)", NULL, 0, &failure));
    CHECK_OK(dbapi_rollback(connection, &failure));
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void a_cursors_own_goes_before_its_connections(void)
{
    dbapi_connection_t *connection = connect_dsn("timeout=0.2");
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_OK(dbapi_cursor_set_timeout(cursor, 0, &failure));
    run(cursor, "SELECT pg_sleep(0.6)");
    CHECK_OK(dbapi_cursor_set_timeout(cursor, 20000, &failure));
    run(cursor, "SELECT pg_sleep(0.6)");
    CHECK_OK(dbapi_cursor_set_timeout(cursor, -1, &failure));
    CHECK_TIMED_OUT(dbapi_execute(cursor, "SELECT pg_sleep(30)", NULL, 0, &failure));
    CHECK_OK(dbapi_connection_set_timeout(connection, 0, &failure));
    run(cursor, "SELECT pg_sleep(0.6)");
    CHECK_OK(dbapi_cursor_set_timeout(cursor, 200, &failure));
    CHECK_TIMED_OUT(dbapi_execute(cursor, "SELECT pg_sleep(30)", NULL, 0, &failure));
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void executemany_names_the_row(void)
{
    dbapi_connection_t *connection = connect_test();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_OK(dbapi_cursor_set_timeout(cursor, 500, &failure));
    const dbapi_value_t rows[] = { DBAPI_FLOAT(0), DBAPI_FLOAT(0), DBAPI_FLOAT(30), DBAPI_FLOAT(0) };
    CHECK_ERROR(dbapi_executemany(cursor, "SELECT pg_sleep(%s)", rows, 1, 4, &failure), DBAPI_OPERATIONAL_ERROR, "57014", "timeout");
    CHECK_INT(dbapi_error_timed_out(failure), true);
    CHECK_INT(dbapi_error_row(failure), 2);
    clear_failure();
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void fetch_from_a_named_cursor(void)
{
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *cursor = NULL;
    const dbapi_value_t *row = NULL;
    CHECK_OK(dbapi_cursor_named(connection, "slow", -1, false, &cursor, &failure));
    CHECK_OK(dbapi_cursor_set_timeout(cursor, 400, &failure));
    run(cursor, "SELECT i, pg_sleep(CASE i WHEN 3 THEN 30 ELSE 0 END) FROM generate_series(1, 5) i");
    CHECK_OK(dbapi_fetchone(cursor, &row, &failure));
    CHECK_OK(dbapi_fetchone(cursor, &row, &failure));
    start_the_clock();
    CHECK_TIMED_OUT(dbapi_fetchone(cursor, &row, &failure));
    check_took(400, 5000);
    CHECK_OK(dbapi_rollback(connection, &failure));
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void commit(void)
{
    fresh_table("timed", "i int");
    run_outside("CREATE OR REPLACE FUNCTION sleep_in_commit() RETURNS trigger LANGUAGE plpgsql AS "
                "'BEGIN PERFORM pg_sleep(30); RETURN NULL; END'");
    run_outside("CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON timed DEFERRABLE INITIALLY DEFERRED "
                "FOR EACH ROW EXECUTE FUNCTION sleep_in_commit()");
    dbapi_connection_t *connection = connect_dsn("timeout=0.4");
    dbapi_cursor_t *cursor = cursor_of(connection);
    run(cursor, "INSERT INTO timed VALUES (1)");
    start_the_clock();
    CHECK_TIMED_OUT(dbapi_commit(connection, &failure));
    check_took(400, 5000);
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    CHECK_TEXT(outside("SELECT count(*) FROM timed"), "0");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

/* ---- waiting for one's turn -------------------------------------------------------------------------------- */

typedef struct sleeper {
    pthread_t thread;
    dbapi_cursor_t *cursor;
    dbapi_status_t status;
} sleeper;

static void *sleep_for_a_while(void *argument)
{
    sleeper *one = argument;
    one->status = dbapi_execute(one->cursor, "SELECT pg_sleep(2)", NULL, 0, NULL);
    return NULL;
}

static void waiting_for_a_turn_counts(void)
{
    dbapi_connection_t *connection = connect_dsn("timeout=0.3");
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    dbapi_cursor_t *cursor = cursor_of(connection);
    sleeper one = { .cursor = cursor_of(connection) };
    CHECK_OK(dbapi_cursor_set_timeout(one.cursor, 0, &failure));
    CHECK_INT(pthread_create(&one.thread, NULL, sleep_for_a_while, &one), 0);
    while (dbapi_connection_transaction_status(connection) != DBAPI_TRANSACTION_ACTIVE) {
        struct timespec pause = { 0, 1000000 };
        nanosleep(&pause, NULL);
    }
    start_the_clock();
    CHECK_TIMED_OUT(dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure));
    CHECK_TIMED_OUT(dbapi_rollback(connection, &failure));
    check_took(600, 5000);
    CHECK_INT(pthread_join(one.thread, NULL), 0);
    CHECK_INT(one.status, DBAPI_OK);
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    dbapi_cursor_free(one.cursor);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

/* ---- servers that do not answer ----------------------------------------------------------------------------- */

/* A DSN for the scripted server, with more keywords. */
static const char *dsn_with(const fake_server *fake, const char *more)
{
    static char dsn[400];
    snprintf(dsn, sizeof dsn, "%s %s", fake_dsn(fake), more);
    return dsn;
}

static void connecting(const char *more)
{
    fake_server *fake = fake_new();
    fake_expect_startup(fake);
    fake_silence(fake);
    fake_start(fake);
    dbapi_connection_t *connection = NULL;
    start_the_clock();
    CHECK_TIMED_OUT_BROKEN(dbapi_connect(dsn_with(fake, more), &connection, &failure), ANY_SQLSTATE);
    check_took(450, 5000);
    fake_finish(fake);
}

static void connect_to_a_server_that_does_not_answer(void)
{
    connecting("timeout=0.5");
    connecting("connect_timeout=1");
    connecting("connect_timeout=1 timeout=0.5");
    connecting("connect_timeout=1 timeout=10");
}

/* Nobody ever accepts: the kernel answers, and then no one. */
static void connect_to_a_server_that_does_not_accept(void)
{
    fake_server *fake = fake_new();
    fake_silence(fake);
    fake_start(fake);
    dbapi_connection_t *connection = NULL;
    start_the_clock();
    CHECK_TIMED_OUT_BROKEN(dbapi_connect(dsn_with(fake, "timeout=0.5 sslmode=require"), &connection, &failure), ANY_SQLSTATE);
    check_took(450, 5000);
    fake_finish(fake);
}

static dbapi_connection_t *connection_that_falls_silent(fake_server *fake, const char *timeout)
{
    fake_silence(fake);
    fake_start(fake);
    return connect_dsn(dsn_with(fake, timeout));
}

/* The cable is pulled: neither the statement nor the request to cancel it (the scripted server takes one
 * connection) is answered. */
static void a_pulled_cable(void)
{
    fake_server *fake = fake_new();
    fake_greet(fake);
    fake_expect(fake, 'Q', "SELECT 1");
    dbapi_connection_t *connection = connection_that_falls_silent(fake, "timeout=0.5");
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    dbapi_cursor_t *cursor = cursor_of(connection);
    start_the_clock();
    CHECK_TIMED_OUT_BROKEN(dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure), "08006");
    check_took(500, 3000);
    CHECK_INT(dbapi_connection_closed(connection), 2);
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    fake_finish(fake);
}

static void a_pulled_cable_in_commit(void)
{
    fake_server *fake = fake_new();
    fake_greet(fake);
    fake_expect_until(fake, 'Q');
    fake_send_message(fake, '1', NULL, 0);
    fake_send_message(fake, '2', NULL, 0);
    fake_send_complete(fake, "BEGIN");
    fake_send_complete(fake, "INSERT 0 1");
    fake_send_ready(fake, 'T');
    fake_expect(fake, 'Q', "COMMIT");
    dbapi_connection_t *connection = connection_that_falls_silent(fake, "timeout=0.5");
    dbapi_cursor_t *cursor = cursor_of(connection);
    run(cursor, "INSERT INTO t VALUES (1)");
    start_the_clock();
    CHECK_TIMED_OUT_BROKEN(dbapi_commit(connection, &failure), "08007");
    check_took(500, 3000);
    CHECK_INT(dbapi_connection_closed(connection), 2);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    fake_finish(fake);
}

static bool send_notices_for_ever(fake_server *fake, void *context)
{
    (void)context;
    static const unsigned char notice[] = { 'N', 0, 0, 0, 14, 'M', 'n', 'o', 't', 'i', 'c', 'e', 's', 0, 0 };
    static unsigned char notices[sizeof notice * 1000];
    for (size_t i = 0; i < sizeof notices; i += sizeof notice) {
        memcpy(notices + i, notice, sizeof notice);
    }
    while (fake_write(fake, notices, sizeof notices)) {
    }
    return true;
}

/* Data never stops coming, so that there is never anything to wait for. */
static void notices_without_end(void)
{
    fake_server *fake = fake_new();
    fake_greet(fake);
    fake_expect(fake, 'Q', "SELECT 1");
    fake_call(fake, send_notices_for_ever, NULL);
    fake_start(fake);
    dbapi_connection_t *connection = connect_dsn(dsn_with(fake, "timeout=0.5"));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    dbapi_cursor_t *cursor = cursor_of(connection);
    start_the_clock();
    CHECK_TIMED_OUT_BROKEN(dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure), "08006");
    check_took(500, 4000);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    fake_free(fake);
}

static pthread_mutex_t reading = PTHREAD_MUTEX_INITIALIZER;

static bool wait_for_the_end(fake_server *fake, void *context)
{
    (void)fake;
    (void)context;
    pthread_mutex_lock(&reading);
    pthread_mutex_unlock(&reading);
    return true;
}

/* It takes nothing of a large statement. */
static void a_server_that_does_not_read(void)
{
    enum { LENGTH = 64 << 20 };
    fake_server *fake = fake_new();
    fake_greet(fake);
    fake_expect(fake, 'Q', "SELECT 1");
    fake_send_columns(fake, 0, 0);
    fake_send_complete(fake, "SELECT 0");
    fake_send_ready(fake, 'I');
    fake_call(fake, wait_for_the_end, NULL);
    pthread_mutex_lock(&reading);
    fake_start(fake);
    dbapi_connection_t *connection = connect_dsn(dsn_with(fake, "timeout=0.5"));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    dbapi_cursor_t *cursor = cursor_of(connection);
    run(cursor, "SELECT 1");
    char *sql = malloc(LENGTH);
    CHECK(sql != NULL);
    memset(sql, ' ', LENGTH);
    memcpy(sql, "SELECT 2", 8);
    sql[LENGTH - 1] = '\0';
    start_the_clock();
    CHECK_TIMED_OUT_BROKEN(dbapi_execute(cursor, sql, NULL, 0, &failure), "08006");
    check_took(500, 4000);
    free(sql);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    pthread_mutex_unlock(&reading);
    fake_finish(fake);
}

CHECK_MAIN(
    CASE(getters_and_setters),
    CASE(execute),
    CASE(in_binary_format),
    CASE(a_cursors_own_goes_before_its_connections),
    CASE(executemany_names_the_row),
    CASE(fetch_from_a_named_cursor),
    CASE(commit),
    CASE(waiting_for_a_turn_counts),
    CASE(connect_to_a_server_that_does_not_answer),
    CASE(connect_to_a_server_that_does_not_accept),
    CASE(a_pulled_cable),
    CASE(a_pulled_cable_in_commit),
    CASE(notices_without_end),
    CASE(a_server_that_does_not_read)
)
