/* Interrupting: a cancel that is not lost, whenever it comes. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"
#include "fake_server.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

static void pause_for(long microseconds)
{
    struct timespec pause = { microseconds / 1000000, microseconds % 1000000 * 1000 };
    nanosleep(&pause, NULL);
}

static int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A call in a thread of its own, and how it ended. */
typedef struct {
    pthread_t thread;
    const char *sql; /* NULL: a wait for a notification */
    dbapi_value_t param;
    bool has_param;
    pthread_barrier_t begins;
    dbapi_status_t status;
    dbapi_error_t *error;
} caller;

static void *call(void *argument)
{
    caller *one = argument;
    dbapi_notify_t *notify = NULL;
    pthread_barrier_wait(&one->begins);
    if (one->sql != NULL) {
        one->status = dbapi_execute(cursor, one->sql, one->has_param ? &one->param : NULL, one->has_param, &one->error);
    } else {
        one->status = dbapi_connection_wait_notify(connection, -1, &notify, &one->error);
        dbapi_notify_free(notify);
    }
    return NULL;
}

/* Returns as the thread begins its call. */
static void start(caller *one)
{
    one->status = DBAPI_OK;
    one->error = NULL;
    CHECK_INT(pthread_barrier_init(&one->begins, NULL, 2), 0);
    CHECK_INT(pthread_create(&one->thread, NULL, call, one), 0);
    pthread_barrier_wait(&one->begins);
}

static void join_interrupted(caller *one)
{
    CHECK_INT(pthread_join(one->thread, NULL), 0);
    pthread_barrier_destroy(&one->begins);
    CHECK_INT(one->status, DBAPI_OPERATIONAL_ERROR);
    CHECK_TEXT(dbapi_error_sqlstate(one->error), "57014");
    CHECK_INT(dbapi_error_connection_usable(one->error), true);
    CHECK_INT(dbapi_error_timed_out(one->error), false);
    dbapi_error_free(one->error);
}

/* Before a statement: it is not sent, once. */
static void before_a_call(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(1) };
    open_both();
    CHECK_OK(dbapi_connection_interrupt(connection, &failure));
    CHECK_ERROR(dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure), DBAPI_OPERATIONAL_ERROR, "57014", "interrupted");
    CHECK_INT(dbapi_error_connection_usable(failure), true);
    CHECK_INT(dbapi_error_transaction_usable(failure), true);
    clear_failure();
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");

    /* Twice is once, and a transaction goes on. */
    CHECK_OK(dbapi_connection_interrupt(connection, &failure));
    CHECK_OK(dbapi_connection_interrupt(connection, &failure));
    CHECK_FAILS(dbapi_executemany(cursor, "SELECT %s", params, 1, 1, &failure), DBAPI_OPERATIONAL_ERROR, "57014", NULL);
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INTRANS);
    CHECK_TEXT(query_text(cursor, "SELECT 2"), "2");
    CHECK_OK(dbapi_connection_interrupt(connection, &failure));
    CHECK_FAILS(dbapi_commit(connection, &failure), DBAPI_OPERATIONAL_ERROR, "57014", NULL);
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INTRANS);
    CHECK_OK(dbapi_commit(connection, &failure));
    close_both();
}

static void taken_back(void)
{
    open_both();
    CHECK_DONE(dbapi_connection_clear_interrupt(connection, &failure));
    CHECK_OK(dbapi_connection_interrupt(connection, &failure));
    CHECK_OK(dbapi_connection_clear_interrupt(connection, &failure));
    CHECK_DONE(dbapi_connection_clear_interrupt(connection, &failure));
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    close_both();
}

/* What ends things is not refused, and does not use the interrupt up. */
static void ending_is_never_refused(void)
{
    dbapi_cursor_t *named = NULL;
    open_both();
    CHECK_OK(dbapi_cursor_named(connection, "named", -1, false, &named, &failure));
    run(named, "SELECT 1");
    CHECK_OK(dbapi_savepoint_begin(connection, "s", &failure));
    CHECK_OK(dbapi_connection_interrupt(connection, &failure));
    CHECK_OK(dbapi_savepoint_rollback(connection, "s", &failure));
    CHECK_OK(dbapi_cursor_close(named, &failure));
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_OK(dbapi_connection_reset(connection, &failure));
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure), DBAPI_OPERATIONAL_ERROR, "57014", NULL);
    CHECK_OK(dbapi_connection_interrupt(connection, &failure));
    CHECK_OK(dbapi_close(connection, &failure));
    dbapi_cursor_free(named);
    close_both();
}

/* Of a result that is streamed, no call may be in progress though the server is at it. */
static void while_rows_are_streamed(void)
{
    const dbapi_value_t *row = NULL;
    dbapi_status_t status = DBAPI_OK;
    open_both();
    CHECK_OK(dbapi_cursor_set_stream(cursor, true, &failure));
    run(cursor, "SELECT repeat('x', 1000) FROM generate_series(1, 10000000)");
    int64_t began = milliseconds();
    CHECK_OK(dbapi_connection_interrupt(connection, &failure));
    CHECK(milliseconds() - began < 5000);
    while (status == DBAPI_OK) {
        status = dbapi_fetchone(cursor, &row, &failure);
    }
    CHECK_INT(status, DBAPI_OPERATIONAL_ERROR);
    CHECK_TEXT(dbapi_error_sqlstate(failure), "57014");
    clear_failure();
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_DONE(dbapi_connection_clear_interrupt(connection, &failure));
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    close_both();
}

/* At any moment of a call: before it, as the statement is sent, before the server has read it, and when it runs. None is
 * lost, and none hits the statement after it. */
static void at_any_moment(void)
{
    const int rounds = getenv("DBAPI_TEST_VALGRIND") != NULL ? 100 : 1000;
    caller one = { .sql = "SELECT pg_sleep(60)" };
    unsigned seed = 20261123;
    int refused = 0;
    open_both();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    for (int i = 0; i < rounds; i++) {
        start(&one);
        seed = seed * 1103515245u + 12345u;
        if (i % 4 != 0) {
            pause_for((long)(seed >> 8) % 200);
        }
        int64_t began = milliseconds();
        CHECK_OK(dbapi_connection_interrupt(connection, &failure));
        CHECK_INT(pthread_join(one.thread, NULL), 0);
        pthread_barrier_destroy(&one.begins);
        CHECK(milliseconds() - began < 10000);
        CHECK_INT(one.status, DBAPI_OPERATIONAL_ERROR);
        CHECK_TEXT(dbapi_error_sqlstate(one.error), "57014");
        refused += strstr(dbapi_error_message(one.error), "before anything was sent") != NULL;
        dbapi_error_free(one.error);
        if (dbapi_execute(cursor, "SELECT count(*) FROM generate_series(1, 300)", NULL, 0, &failure) != DBAPI_OK) {
            FAIL("round %d: an interrupt has hit the next statement: %s", i, dbapi_error_message(failure));
        }
    }
    /* Under valgrind, which runs one thread at a time, they are as it pleases. */
    if (getenv("DBAPI_TEST_VALGRIND") == NULL && (refused == 0 || refused == rounds)) {
        FAIL("%d of %d came before their call: the moments were not random", refused, rounds);
    }
    close_both();
}

/* While a statement of many megabytes is on its way, a server has nothing to cancel yet. */
static void while_it_is_sent(void)
{
    /* A tenth under valgrind, which copies as slowly. */
    const size_t size = (size_t)(getenv("DBAPI_TEST_VALGRIND") == NULL ? 64 : 6) << 20;
    char *large = malloc(size);
    CHECK(large != NULL);
    memset(large, 'x', size);
    caller one = { .sql = "SELECT pg_sleep(60), length(%s)", .param = DBAPI_TEXT_N(large, size), .has_param = true };
    open_both();
    for (long wait = 0; wait < 60000; wait += 6000) {
        start(&one);
        pause_for(wait);
        CHECK_OK(dbapi_connection_interrupt(connection, &failure));
        join_interrupted(&one);
        CHECK_OK(dbapi_rollback(connection, &failure));
    }
    close_both();
    free(large);
}

static void a_wait_for_a_notification(void)
{
    const long rounds = getenv("DBAPI_TEST_VALGRIND") != NULL ? 100 : 5000;
    caller one = { .sql = NULL };
    dbapi_notify_t *notify = NULL;
    open_both();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    run(cursor, "LISTEN interrupted");
    /* Mostly as the wait begins, where it could be missed. */
    for (long i = 0; i < rounds; i++) {
        start(&one);
        for (volatile long moment = i % 1000 * 200; moment > 0; moment--) {
        }
        CHECK_OK(dbapi_connection_interrupt(connection, &failure));
        join_interrupted(&one);
    }
    /* What is there already is given, and to look takes no time that could be cut short. */
    CHECK_OK(dbapi_connection_interrupt(connection, &failure));
    CHECK_DONE(dbapi_connection_wait_notify(connection, 0, &notify, &failure));
    run_outside("NOTIFY interrupted");
    CHECK_FAILS(dbapi_connection_wait_notify(connection, 60000, &notify, &failure), DBAPI_OPERATIONAL_ERROR, "57014", NULL);
    CHECK_OK(dbapi_connection_wait_notify(connection, 60000, &notify, &failure));
    CHECK_TEXT(dbapi_notify_channel(notify), "interrupted");
    dbapi_notify_free(notify);
    close_both();
}

static void what_cannot_be_interrupted(void)
{
    open_both();
    CHECK_FAILS(dbapi_connection_interrupt(NULL, &failure), DBAPI_INTERFACE_ERROR, NULL, "connection");
    CHECK_FAILS(dbapi_connection_clear_interrupt(NULL, &failure), DBAPI_INTERFACE_ERROR, NULL, "connection");
    CHECK_OK(dbapi_close(connection, &failure));
    CHECK_FAILS(dbapi_connection_interrupt(connection, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_DONE(dbapi_connection_clear_interrupt(connection, &failure));
    close_both();
    CHECK_FAILS(dbapi_connection_interrupt(connection, &failure), DBAPI_INTERFACE_ERROR, NULL, NULL);
}

static bool wait_for_the_test(fake_server *fake, void *context)
{
    (void)fake;
    pthread_mutex_lock(context);
    pthread_mutex_unlock(context);
    return true;
}

/* A server that never heeds it: whoever interrupts is told, in the connection's time. */
static void a_call_that_does_not_end(void)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    fake_server *fake = fake_new();
    caller one = { .sql = "SELECT 1" };
    fake_greet(fake);
    fake_expect(fake, 'Q', "SELECT 1");
    fake_call(fake, wait_for_the_test, &gate);
    fake_send_complete(fake, "SELECT 0");
    fake_send_ready(fake, 'I');
    fake_expect_close(fake);
    pthread_mutex_lock(&gate);
    fake_start(fake);
    connection = connect_dsn(fake_dsn(fake));
    cursor = cursor_of(connection);
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    start(&one);
    while (dbapi_connection_transaction_status(connection) != DBAPI_TRANSACTION_ACTIVE) {
        pause_for(1000);
    }
    CHECK_OK(dbapi_connection_set_timeout(connection, 500, &failure));
    int64_t began = milliseconds();
    CHECK_ERROR(dbapi_connection_interrupt(connection, &failure), DBAPI_OPERATIONAL_ERROR, ANY_SQLSTATE, NULL);
    CHECK_INT(dbapi_error_timed_out(failure), true);
    clear_failure();
    CHECK(milliseconds() - began < 5000);
    pthread_mutex_unlock(&gate);
    CHECK_INT(pthread_join(one.thread, NULL), 0);
    CHECK_INT(one.status, DBAPI_OK);
    pthread_barrier_destroy(&one.begins);
    close_both();
    fake_finish(fake);
}

CHECK_MAIN(CASE(before_a_call), CASE(taken_back), CASE(ending_is_never_refused), CASE(while_rows_are_streamed), CASE(at_any_moment),
           CASE(while_it_is_sent), CASE(a_wait_for_a_notification), CASE(what_cannot_be_interrupted), CASE(a_call_that_does_not_end))
