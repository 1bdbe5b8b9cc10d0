/* Cancelling from another thread: what is in progress ends with 57014, what begins later is not hit, and
 * nobody waits for the call that is cancelled. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"
#include "fake_server.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Waits until the server runs a statement on this connection. Its pid needs no turn to be read. */
static void wait_until_active(const dbapi_connection_t *connection)
{
    char sql[160];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM pg_stat_activity WHERE pid = %d AND state = 'active' AND wait_event = 'PgSleep'",
             (int)dbapi_connection_backend_pid(connection));
    wait_outside(sql, "1");
}

typedef struct sleeper {
    pthread_t thread;
    dbapi_cursor_t *cursor;
    const char *sql;
    dbapi_status_t status;
    char sqlstate[6];
    bool connection_usable, timed_out;
} sleeper;

static void *sleep_on_the_server(void *argument)
{
    sleeper *one = argument;
    dbapi_error_t *error = NULL;
    one->status = dbapi_execute(one->cursor, one->sql, NULL, 0, &error);
    if (error != NULL) {
        const char *sqlstate = dbapi_error_sqlstate(error);
        snprintf(one->sqlstate, sizeof one->sqlstate, "%s", sqlstate == NULL ? "" : sqlstate);
        one->connection_usable = dbapi_error_connection_usable(error);
        one->timed_out = dbapi_error_timed_out(error);
        dbapi_error_free(error);
    }
    return NULL;
}

static void start(sleeper *one, dbapi_cursor_t *cursor, const char *sql)
{
    memset(one, 0, sizeof *one);
    one->cursor = cursor;
    one->sql = sql;
    CHECK_INT(pthread_create(&one->thread, NULL, sleep_on_the_server, one), 0);
}

static void check_cancelled(sleeper *one)
{
    CHECK_INT(pthread_join(one->thread, NULL), 0);
    CHECK_INT(one->status, DBAPI_OPERATIONAL_ERROR);
    CHECK_TEXT(one->sqlstate, "57014");
    CHECK_INT(one->connection_usable, true);
    CHECK_INT(one->timed_out, false);
}

static void a_statement_in_progress(void)
{
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *cursor = cursor_of(connection);
    sleeper one;
    start(&one, cursor, "SELECT pg_sleep(60)");
    wait_until_active(connection);
    CHECK_OK(dbapi_connection_cancel(connection, &failure));
    check_cancelled(&one);
    CHECK_INT(dbapi_connection_closed(connection), 0);
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INERROR);
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_TEXT(query_text(cursor, "SELECT 42"), "42");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void over_tcp(void)
{
    char dsn[100];
    snprintf(dsn, sizeof dsn, "host=%s", test_variable("DBAPI_TEST_HOST4"));
    dbapi_connection_t *connection = connect_dsn(dsn);
    dbapi_cursor_t *cursor = cursor_of(connection);
    sleeper one;
    start(&one, cursor, "SELECT pg_sleep(60)");
    wait_until_active(connection);
    CHECK_OK(dbapi_connection_cancel(connection, &failure));
    check_cancelled(&one);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void when_idle_it_is_harmless(void)
{
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *cursor = cursor_of(connection);
    for (int i = 0; i < 20; i++) {
        CHECK_OK(dbapi_connection_cancel(connection, &failure));
        CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    }
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_OK(dbapi_connection_cancel(connection, &failure));
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void what_cannot_be_cancelled(void)
{
    dbapi_connection_t *connection = connect_test();
    CHECK_FAILS(dbapi_connection_cancel(NULL, &failure), DBAPI_INTERFACE_ERROR, NULL, "connection");
    CHECK_OK(dbapi_close(connection, &failure));
    CHECK_FAILS(dbapi_connection_cancel(connection, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    dbapi_connection_free(connection);
    CHECK_FAILS(dbapi_connection_cancel(connection, &failure), DBAPI_INTERFACE_ERROR, NULL, NULL);
}

static void inside_of_a_commit(void)
{
    fresh_table("cancelled", "i int");
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *cursor = cursor_of(connection);
    run(cursor, "CREATE OR REPLACE FUNCTION sleep_at_commit() RETURNS trigger LANGUAGE plpgsql AS "
                "'BEGIN PERFORM pg_sleep(60); RETURN NULL; END'");
    run(cursor, "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON cancelled DEFERRABLE INITIALLY DEFERRED "
                "FOR EACH ROW EXECUTE FUNCTION sleep_at_commit()");
    CHECK_OK(dbapi_commit(connection, &failure));
    /* The trigger sleeps inside of COMMIT, which a second statement of the same call stands for. */
    sleeper one;
    start(&one, cursor, "INSERT INTO cancelled VALUES (1); COMMIT");
    wait_until_active(connection);
    CHECK_OK(dbapi_connection_cancel(connection, &failure));
    check_cancelled(&one);
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_TEXT(query_text(cursor, "SELECT count(*) FROM cancelled"), "0");
    CHECK_OK(dbapi_rollback(connection, &failure));
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

/* ---- SECURITY, "state out of step": a stale cancel must not hit the next query ------------------------- */

typedef struct canceller {
    pthread_t thread;
    dbapi_connection_t *connection;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int asked, done;
    bool stop;
    unsigned seed;
    char problem[300];
} canceller;

static void *cancel_when_asked(void *argument)
{
    canceller *one = argument;
    pthread_mutex_lock(&one->mutex);
    while (!one->stop) {
        if (one->asked == one->done) {
            pthread_cond_wait(&one->changed, &one->mutex);
            continue;
        }
        one->seed = one->seed * 1103515245u + 12345u;
        struct timespec pause = { 0, (long)(one->seed >> 8) % 400 * 1000 };
        pthread_mutex_unlock(&one->mutex);
        nanosleep(&pause, NULL);
        dbapi_error_t *error = NULL;
        dbapi_status_t status = dbapi_connection_cancel(one->connection, &error);
        pthread_mutex_lock(&one->mutex);
        if (status != DBAPI_OK && one->problem[0] == '\0') {
            snprintf(one->problem, sizeof one->problem, "%s", dbapi_error_message(error));
        }
        dbapi_error_free(error);
        one->done = one->asked;
        pthread_cond_broadcast(&one->changed);
    }
    pthread_mutex_unlock(&one->mutex);
    return NULL;
}

static void ten_thousand_at_random_moments(void)
{
    const int rounds = getenv("DBAPI_TEST_VALGRIND") != NULL ? 300 : 10000;
    canceller other = { .seed = 20261122 };
    int hit = 0;
    pthread_mutex_init(&other.mutex, NULL);
    pthread_cond_init(&other.changed, NULL);
    dbapi_connection_t *connection = connect_test();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    dbapi_cursor_t *cursor = cursor_of(connection);
    other.connection = connection;
    CHECK_INT(pthread_create(&other.thread, NULL, cancel_when_asked, &other), 0);
    for (int i = 0; i < rounds; i++) {
        pthread_mutex_lock(&other.mutex);
        other.asked++;
        pthread_cond_broadcast(&other.changed);
        pthread_mutex_unlock(&other.mutex);
        /* This one may be hit. */
        dbapi_status_t status = dbapi_execute(cursor, "SELECT pg_sleep(0.0002)", NULL, 0, &failure);
        if (status != DBAPI_OK) {
            CHECK_INT(status, DBAPI_OPERATIONAL_ERROR);
            CHECK_TEXT(dbapi_error_sqlstate(failure), "57014");
            hit++;
        }
        clear_failure();
        /* Once the cancel has returned, nothing may be. */
        pthread_mutex_lock(&other.mutex);
        while (other.done != other.asked) {
            pthread_cond_wait(&other.changed, &other.mutex);
        }
        pthread_mutex_unlock(&other.mutex);
        if (dbapi_execute(cursor, "SELECT count(*) FROM generate_series(1, 300)", NULL, 0, &failure) != DBAPI_OK) {
            FAIL("round %d: a stale cancel has hit the next query: %s", i, dbapi_error_message(failure));
        }
    }
    pthread_mutex_lock(&other.mutex);
    other.stop = true;
    pthread_cond_broadcast(&other.changed);
    pthread_mutex_unlock(&other.mutex);
    CHECK_INT(pthread_join(other.thread, NULL), 0);
    if (other.problem[0] != '\0') {
        FAIL("a cancel failed: %s", other.problem);
    }
    if (hit == 0 || hit == rounds) {
        FAIL("%d of %d statements were hit: the moments were not random", hit, rounds);
    }
    pthread_cond_destroy(&other.changed);
    pthread_mutex_destroy(&other.mutex);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

/* Cancels without a pause while another thread runs statements without a pause: every outcome is a success or
 * 57014, and at the end the connection works. */
static void *run_without_a_pause(void *argument)
{
    sleeper *one = argument;
    for (int i = 0; i < 500; i++) {
        dbapi_error_t *error = NULL;
        one->status = dbapi_execute(one->cursor, one->sql, NULL, 0, &error);
        if (one->status != DBAPI_OK) {
            const char *sqlstate = dbapi_error_sqlstate(error);
            snprintf(one->sqlstate, sizeof one->sqlstate, "%s", sqlstate == NULL ? "" : sqlstate);
            dbapi_error_free(error);
            if (strcmp(one->sqlstate, "57014") != 0) {
                return NULL;
            }
            one->status = DBAPI_OK;
        }
    }
    return NULL;
}

static void without_a_pause(void)
{
    dbapi_connection_t *connection = connect_test();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    dbapi_cursor_t *cursor = cursor_of(connection);
    sleeper one = { .cursor = cursor, .sql = "SELECT pg_sleep(0.0005)" };
    CHECK_INT(pthread_create(&one.thread, NULL, run_without_a_pause, &one), 0);
    for (int i = 0; i < 200; i++) {
        CHECK_OK(dbapi_connection_cancel(connection, &failure));
    }
    CHECK_INT(pthread_join(one.thread, NULL), 0);
    CHECK_INT(one.status, DBAPI_OK);
    CHECK_TEXT(query_text(cursor, "SELECT 7"), "7");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

/* ---- a cancel request that gets no answer ---------------------------------------------------------------- */

static int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

typedef struct late_cancel {
    pthread_t thread;
    dbapi_connection_t *connection;
    dbapi_status_t status;
    bool timed_out;
    int64_t ended;
} late_cancel;

static void *cancel_late(void *argument)
{
    late_cancel *one = argument;
    dbapi_error_t *error = NULL;
    one->status = dbapi_connection_cancel(one->connection, &error);
    one->ended = milliseconds();
    one->timed_out = dbapi_error_timed_out(error);
    dbapi_error_free(error);
    return NULL;
}

static bool wait_for_the_cancel(fake_server *fake, void *context)
{
    (void)fake;
    /* The request has been sent once the test says so; the first statement ends only then. */
    pthread_mutex_t *gate = context;
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return true;
}

/* The scripted server never takes the second connection, which carries the cancel request: as long as its fate
 * is unknown, the next statement is held back, so that it cannot be hit. */
static void the_next_statement_waits_for_it(void)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    fake_server *fake = fake_new();
    fake_greet(fake);
    fake_expect(fake, 'Q', "SELECT 1");
    fake_call(fake, wait_for_the_cancel, &gate);
    fake_send_complete(fake, "SELECT 0");
    fake_send_ready(fake, 'I');
    fake_expect(fake, 'Q', "SELECT 2");
    fake_send_complete(fake, "SELECT 0");
    fake_send_ready(fake, 'I');
    fake_expect_close(fake);
    pthread_mutex_lock(&gate);
    fake_start(fake);

    dbapi_connection_t *connection = connect_dsn(fake_dsn(fake));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    dbapi_cursor_t *cursor = cursor_of(connection);
    sleeper one;
    start(&one, cursor, "SELECT 1");
    while (dbapi_connection_transaction_status(connection) != DBAPI_TRANSACTION_ACTIVE) {
        struct timespec pause = { 0, 1000000 };
        nanosleep(&pause, NULL);
    }
    CHECK_OK(dbapi_connection_set_timeout(connection, 1500, &failure));
    late_cancel late = { .connection = connection };
    CHECK_INT(pthread_create(&late.thread, NULL, cancel_late, &late), 0);
    struct timespec pause = { 0, 300000000 };
    nanosleep(&pause, NULL);
    CHECK_OK(dbapi_connection_set_timeout(connection, 0, &failure));
    pthread_mutex_unlock(&gate);
    CHECK_INT(pthread_join(one.thread, NULL), 0);
    CHECK_INT(one.status, DBAPI_OK);
    int64_t began = milliseconds();
    CHECK_OK(dbapi_execute(cursor, "SELECT 2", NULL, 0, &failure));
    int64_t ended = milliseconds();
    CHECK_INT(pthread_join(late.thread, NULL), 0);
    CHECK_INT(late.status, DBAPI_OPERATIONAL_ERROR);
    CHECK_INT(late.timed_out, true);
    if (ended < late.ended - 50) {
        FAIL("the next statement ended %lld ms before the cancel request did", (long long)(late.ended - ended));
    }
    if (ended - began < 200) {
        FAIL("the next statement was held back for %lld ms only", (long long)(ended - began));
    }
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    fake_finish(fake);
}

static bool send_a_session_without_a_key(fake_server *fake, void *context)
{
    (void)context;
    static const unsigned char session[] = { 'R', 0, 0, 0, 8, 0, 0, 0, 0, 'Z', 0, 0, 0, 5, 'I' };
    return fake_write(fake, session, sizeof session);
}

static void a_server_without_a_key(void)
{
    fake_server *fake = fake_new();
    fake_expect_startup(fake);
    fake_call(fake, send_a_session_without_a_key, NULL);
    fake_expect(fake, 'Q', "SELECT 1");
    fake_silence(fake);
    fake_start(fake);
    dbapi_connection_t *connection = connect_dsn(fake_dsn(fake));
    CHECK_INT(dbapi_connection_backend_pid(connection), 0);
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    CHECK_OK(dbapi_connection_cancel(connection, &failure));
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_OK(dbapi_cursor_set_timeout(cursor, 600, &failure));
    sleeper one;
    start(&one, cursor, "SELECT 1");
    while (dbapi_connection_transaction_status(connection) != DBAPI_TRANSACTION_ACTIVE) {
        struct timespec pause = { 0, 1000000 };
        nanosleep(&pause, NULL);
    }
    CHECK_FAILS(dbapi_connection_cancel(connection, &failure), DBAPI_NOT_SUPPORTED_ERROR, NULL, "no key");
    CHECK_INT(pthread_join(one.thread, NULL), 0);
    CHECK_INT(one.status, DBAPI_OPERATIONAL_ERROR);
    CHECK_INT(one.timed_out, true);
    CHECK_INT(one.connection_usable, false);
    CHECK_INT(dbapi_connection_closed(connection), 2);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    fake_finish(fake);
}

CHECK_MAIN(
    CASE(a_statement_in_progress),
    CASE(over_tcp),
    CASE(when_idle_it_is_harmless),
    CASE(what_cannot_be_cancelled),
    CASE(inside_of_a_commit),
    CASE(ten_thousand_at_random_moments),
    CASE(without_a_pause),
    CASE(the_next_statement_waits_for_it),
    CASE(a_server_without_a_key)
)
