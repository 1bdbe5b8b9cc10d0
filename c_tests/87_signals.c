/* Signals that the host handles: a timer that strikes every millisecond, with a handler that makes system calls
 * return EINTR. Nothing breaks by it, nothing is lost, and no time-out comes early or late. */
#define _DEFAULT_SOURCE 1
#include "connect.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;
static volatile sig_atomic_t strikes;

static void strike(int number)
{
    (void)number;
    strikes++;
}

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static bool under_valgrind(void)
{
    return getenv("DBAPI_TEST_VALGRIND") != NULL;
}

/* Every so many microseconds from now on; 0: no more. */
static void set_timer(long microseconds)
{
    const struct itimerval every = { .it_interval = { .tv_usec = microseconds }, .it_value = { .tv_usec = microseconds } };
    setitimer(ITIMER_REAL, &every, NULL);
}

static void start_striking(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = strike; /* and no SA_RESTART */
    sigemptyset(&action.sa_mask);
    CHECK_INT(sigaction(SIGALRM, &action, NULL), 0);
    strikes = 0;
    set_timer(under_valgrind() ? 20000 : 1000);
}

static void stop_striking(int at_least)
{
    set_timer(0);
    if (strikes < (under_valgrind() ? 1 : at_least)) {
        FAIL("only %d signals came", (int)strikes);
    }
}

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

static void connecting(void)
{
    char dsn[200];
    start_striking();
    double began = now();
    for (int i = 0; i < 2000 && now() - began < 1; i++) {
        open_both();
        CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
        close_both();
    }
    snprintf(dsn, sizeof dsn, "host=%s connect_timeout=5", test_variable("DBAPI_TEST_HOST4"));
    began = now();
    for (int i = 0; i < 2000 && now() - began < 1; i++) {
        dbapi_connection_free(connect_dsn(dsn));
    }
    stop_striking(500);
}

static void receiving_much(void)
{
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    open_both();
    start_striking();
    CHECK_OK(dbapi_execute(cursor, "SELECT g, repeat('x', 500) FROM generate_series(1, 200000) g", NULL, 0, &failure));
    CHECK_OK(dbapi_fetchall(cursor, &rows, &count, &failure));
    stop_striking(20);
    CHECK_SIZE(count, 200000);
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(rows[i * 2].as.integer, (int64_t)i + 1);
        CHECK_SIZE(rows[i * 2 + 1].as.text.length, 500);
    }
    close_both();
}

static void sending_much(void)
{
    size_t length = under_valgrind() ? 5000000 : 50000000;
    char *text = malloc(length), expected[100];
    CHECK(text != NULL);
    for (size_t i = 0; i < length; i++) {
        text[i] = (char)('a' + i % 23);
    }
    open_both();
    const dbapi_value_t params[] = { DBAPI_TEXT_N(text, length), DBAPI_INT(7) };
    start_striking();
    CHECK_OK(dbapi_execute(cursor, "SELECT length(%s::text), %s", params, 2, &failure));
    snprintf(expected, sizeof expected, "%zu", length);
    CHECK_ROW(fetch_row(cursor), expected, "7");
    stop_striking(20);
    close_both();
    free(text);
}

/* Both ways at once: what is sent comes back while more is sent. */
static void sending_and_receiving(void)
{
    enum { ROWS = 300 };
    static char text[20000];
    static dbapi_value_t rows[ROWS];
    memset(text, 'y', sizeof text);
    fresh_table("t87_test", "a text");
    open_both();
    for (int i = 0; i < ROWS; i++) {
        rows[i] = DBAPI_TEXT_N(text, sizeof text);
    }
    start_striking();
    double began = now();
    do {
        CHECK_OK(dbapi_executemany(cursor, "INSERT INTO t87_test VALUES (%s) RETURNING a", rows, 1, ROWS, &failure));
        CHECK_INT(dbapi_rowcount(cursor), ROWS);
        CHECK_TEXT(query_text(cursor, "SELECT count(*) || ' ' || sum(length(a)) FROM t87_test"), "300 6000000");
        CHECK_OK(dbapi_rollback(connection, &failure));
    } while (now() - began < 0.3);
    stop_striking(50);
    close_both();
}

static void refusing_a_copy(void)
{
    open_both();
    start_striking();
    double began = now();
    while (now() - began < 0.3) {
        CHECK_FAILS(dbapi_execute(cursor, "COPY (SELECT g, repeat('x', 100) FROM generate_series(1, 20000) g) TO STDOUT", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, NULL,
                    "COPY");
        CHECK_OK(dbapi_rollback(connection, &failure));
        CHECK_FAILS(dbapi_execute(cursor, "COPY pg_class FROM STDIN", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, ANY_SQLSTATE, "COPY");
        CHECK_OK(dbapi_rollback(connection, &failure));
    }
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    stop_striking(50);
    close_both();
}

/* Every commit is either done or not: what was counted is what is there. */
static void committing(void)
{
    char expected[20];
    int count = 0;
    fresh_table("t87_test", "a int");
    open_both();
    start_striking();
    for (double began = now(); now() - began < 0.5;) {
        run(cursor, "INSERT INTO t87_test VALUES (1)");
        CHECK_OK(dbapi_commit(connection, &failure));
        count++;
    }
    stop_striking(100);
    snprintf(expected, sizeof expected, "%d", count);
    CHECK_TEXT(outside("SELECT count(*) FROM t87_test"), expected);
    close_both();
}

static void *execute_and_fail(void *argument)
{
    sigset_t alarm_alone;
    sigemptyset(&alarm_alone);
    sigaddset(&alarm_alone, SIGALRM);
    /* The signals are for the thread that cancels. */
    pthread_sigmask(SIG_BLOCK, &alarm_alone, NULL);
    *(dbapi_status_t *)argument = dbapi_execute(cursor, "SELECT pg_sleep(20)", NULL, 0, NULL);
    return NULL;
}

static void cancelling(void)
{
    char sql[200];
    open_both();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    snprintf(sql, sizeof sql, "SELECT coalesce(wait_event, '') FROM pg_stat_activity WHERE pid = %d", (int)dbapi_connection_backend_pid(connection));
    start_striking();
    for (int i = 0; i < 10; i++) {
        pthread_t thread;
        dbapi_status_t status = DBAPI_OK;
        CHECK_INT(pthread_create(&thread, NULL, execute_and_fail, &status), 0);
        wait_outside(sql, "PgSleep");
        CHECK_OK(dbapi_connection_cancel(connection, &failure));
        CHECK_INT(pthread_join(thread, NULL), 0);
        CHECK_INT(status, DBAPI_OPERATIONAL_ERROR);
        CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    }
    stop_striking(10);
    close_both();
}

/* EINTR neither shortens a time-out nor puts it off. */
static void timing_out(void)
{
    dbapi_notify_t *notify = NULL;
    double room = under_valgrind() ? 5 : 0.5, began;
    open_both();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    start_striking();
    began = now();
    CHECK_OK(dbapi_cursor_set_timeout(cursor, 300, &failure));
    CHECK_FAILS(dbapi_execute(cursor, "SELECT pg_sleep(20)", NULL, 0, &failure), DBAPI_OPERATIONAL_ERROR, "57014", "timeout");
    CHECK(now() - began > 0.295 && now() - began < 0.3 + room);
    began = now();
    CHECK_DONE(dbapi_connection_wait_notify(connection, 300, &notify, &failure));
    CHECK(now() - began > 0.295 && now() - began < 0.3 + room);
    stop_striking(200);
    close_both();
}

static void *notify_a_while(void *argument)
{
    sigset_t alarm_alone;
    dbapi_connection_t *other = argument;
    dbapi_cursor_t *its = NULL;
    char sql[100];
    sigemptyset(&alarm_alone);
    sigaddset(&alarm_alone, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarm_alone, NULL);
    if (dbapi_cursor(other, &its, NULL) == DBAPI_OK) {
        for (int i = 0; i < 100; i++) {
            snprintf(sql, sizeof sql, "NOTIFY t87, '%d'", i);
            dbapi_execute(its, sql, NULL, 0, NULL);
            nanosleep(&(struct timespec){ .tv_sec = 0, .tv_nsec = 3000000 }, NULL);
        }
    }
    dbapi_cursor_free(its);
    return NULL;
}

static void waiting_for_notifications(void)
{
    pthread_t thread;
    open_both();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    run(cursor, "LISTEN t87");
    dbapi_connection_t *other = connect_test();
    CHECK_OK(dbapi_connection_set_autocommit(other, true, &failure));
    start_striking();
    CHECK_INT(pthread_create(&thread, NULL, notify_a_while, other), 0);
    for (int i = 0; i < 100; i++) {
        dbapi_notify_t *notify = NULL;
        CHECK_OK(dbapi_connection_wait_notify(connection, i % 2 == 0 ? -1 : 20000, &notify, &failure));
        CHECK_INT(atoi(dbapi_notify_payload(notify)), i);
        dbapi_notify_free(notify);
    }
    stop_striking(100);
    CHECK_INT(pthread_join(thread, NULL), 0);
    dbapi_connection_free(other);
    close_both();
}

/* Preparing, savepoints, recovering: whatever else makes round trips. */
static void two_phases_and_savepoints(void)
{
    dbapi_xid_t *xid = NULL;
    dbapi_xid_list_t *list = NULL;
    CHECK_OK(dbapi_xid(87, "signals", "", &xid, &failure));
    open_both();
    start_striking();
    for (double began = now(); now() - began < 0.3;) {
        CHECK_OK(dbapi_tpc_begin(connection, xid, &failure));
        CHECK_OK(dbapi_savepoint_begin(connection, NULL, &failure));
        CHECK_OK(dbapi_savepoint_rollback(connection, NULL, &failure));
        CHECK_OK(dbapi_tpc_prepare(connection, &failure));
        CHECK_OK(dbapi_tpc_rollback(connection, NULL, &failure));
        CHECK_OK(dbapi_tpc_recover(connection, &list, &failure));
        dbapi_xid_list_free(list);
        CHECK_OK(dbapi_connection_reset(connection, &failure));
    }
    stop_striking(50);
    dbapi_xid_free(xid);
    close_both();
}

CHECK_MAIN(CASE(connecting), CASE(receiving_much), CASE(sending_much), CASE(sending_and_receiving), CASE(refusing_a_copy), CASE(committing),
           CASE(cancelling), CASE(timing_out), CASE(waiting_for_notifications), CASE(two_phases_and_savepoints))
