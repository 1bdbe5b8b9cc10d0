/* Threads share connections: calls on one take turns, and freeing is safe at any time. Threads only note
 * what they saw; the case checks it after joining them. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

typedef struct worker {
    pthread_t thread;
    dbapi_connection_t *connection;
    dbapi_cursor_t *cursor;
    int number;
    dbapi_status_t status;
    char problem[300];
} worker;

static void start(worker *one, void *(*function)(void *))
{
    CHECK_INT(pthread_create(&one->thread, NULL, function, one), 0);
}

static void finish(worker *one)
{
    CHECK_INT(pthread_join(one->thread, NULL), 0);
    if (one->problem[0] != '\0') {
        FAIL("thread %d: %s", one->number, one->problem);
    }
}

/* Notes the first thing that went wrong; true if something did. */
static bool noted(worker *one, const char *what, dbapi_status_t status, dbapi_error_t *error)
{
    if (status == DBAPI_OK) {
        return false;
    }
    snprintf(one->problem, sizeof one->problem, "%s: %s: %s", what, status_name(status),
             error == NULL ? "no error object" : dbapi_error_message(error));
    dbapi_error_free(error);
    return true;
}

/* A statement of its own, a hundred times: the rows must be its own too. */
static void *ask_again_and_again(void *argument)
{
    worker *one = argument;
    dbapi_error_t *error = NULL;
    dbapi_cursor_t *cursor = NULL;
    if (noted(one, "cursor", dbapi_cursor(one->connection, &cursor, &error), error)) {
        return NULL;
    }
    for (int i = 0; i < 100; i++) {
        const dbapi_value_t params[] = { DBAPI_INT(one->number), DBAPI_INT(i) };
        const dbapi_value_t *rows = NULL;
        size_t count = 0;
        if (noted(one, "execute", dbapi_execute(cursor, "SELECT %s, %s, g FROM generate_series(1, 20) g", params, 2, &error), error)
            || noted(one, "fetchall", dbapi_fetchall(cursor, &rows, &count, &error), error)) {
            break;
        }
        for (size_t j = 0; j < count; j++) {
            if (count != 20 || rows[j * 3].as.integer != one->number || rows[j * 3 + 1].as.integer != i
                || rows[j * 3 + 2].as.integer != (int64_t)j + 1) {
                snprintf(one->problem, sizeof one->problem, "round %d: the rows of another thread", i);
                break;
            }
        }
    }
    dbapi_cursor_free(cursor);
    return NULL;
}

static void threads_share_a_connection(void)
{
    enum { THREADS = 4 };
    worker workers[THREADS];
    dbapi_connection_t *connection = connect_test();
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){ .connection = connection, .number = i };
        start(&workers[i], ask_again_and_again);
    }
    for (int i = 0; i < THREADS; i++) {
        finish(&workers[i]);
    }
    dbapi_connection_free(connection);
}

/* The last to leave is not the one who came first: each thread frees its cursor after the connection. */
static void threads_outlive_the_connections_handle(void)
{
    enum { THREADS = 2 };
    worker workers[THREADS];
    dbapi_connection_t *connection = connect_test();
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){ .connection = connection, .number = i };
        start(&workers[i], ask_again_and_again);
    }
    /* Freed while both are at work: they end with an error or in time, and nothing crashes. */
    dbapi_connection_free(connection);
    for (int i = 0; i < THREADS; i++) {
        CHECK_INT(pthread_join(workers[i].thread, NULL), 0);
    }
}

static void *sleep_in_the_server(void *argument)
{
    worker *one = argument;
    one->status = dbapi_execute(one->cursor, "SELECT pg_sleep(0.5)", NULL, 0, NULL);
    return NULL;
}

/* Starts a thread that waits for the server, and returns when it does. */
static void start_sleeper(worker *one)
{
    char sql[200];
    *one = (worker){ .connection = connect_test() };
    one->cursor = cursor_of(one->connection);
    snprintf(sql, sizeof sql, "SELECT wait_event FROM pg_stat_activity WHERE pid = %s", query_text(one->cursor, "SELECT pg_backend_pid()"));
    start(one, sleep_in_the_server);
    wait_outside(sql, "PgSleep");
}

/* Whatever is freed while another thread waits in it: that thread's call ends, with its result or with an
 * error that says that the handle is closed. */
static void check_ended(worker *one)
{
    finish(one);
    if (one->status != DBAPI_OK && one->status != DBAPI_INTERFACE_ERROR && one->status != DBAPI_OPERATIONAL_ERROR) {
        FAIL("the waiting call ended with %s", status_name(one->status));
    }
}

static void freeing_the_connection_while_another_waits(void)
{
    worker one;
    start_sleeper(&one);
    dbapi_connection_free(one.connection);
    check_ended(&one);
    dbapi_cursor_free(one.cursor);
}

static void freeing_the_cursor_while_another_waits(void)
{
    worker one;
    start_sleeper(&one);
    dbapi_cursor_free(one.cursor);
    check_ended(&one);
    dbapi_connection_free(one.connection);
}

static void freeing_both_while_another_waits(void)
{
    worker one;
    start_sleeper(&one);
    dbapi_cursor_free(one.cursor);
    dbapi_connection_free(one.connection);
    check_ended(&one);
}

static void a_second_call_takes_its_turn(void)
{
    worker one;
    start_sleeper(&one);
    dbapi_cursor_t *other = cursor_of(one.connection);
    CHECK_TEXT(query_text(other, "SELECT 'after it'"), "after it");
    finish(&one);
    CHECK_INT(one.status, DBAPI_OK);
    dbapi_cursor_free(other);
    dbapi_cursor_free(one.cursor);
    dbapi_connection_free(one.connection);
}

/* What a connection knows by itself is answered without a turn. */
static void state_can_be_asked_at_any_time(void)
{
    worker one;
    start_sleeper(&one);
    CHECK_INT(dbapi_connection_closed(one.connection), 0);
    CHECK_INT(dbapi_connection_transaction_status(one.connection), DBAPI_TRANSACTION_ACTIVE);
    finish(&one);
    CHECK_INT(dbapi_connection_transaction_status(one.connection), DBAPI_TRANSACTION_INTRANS);
    dbapi_cursor_free(one.cursor);
    dbapi_connection_free(one.connection);
}

static void *connect_and_ask(void *argument)
{
    worker *one = argument;
    dbapi_error_t *error = NULL;
    if (!noted(one, "connect", dbapi_connect(NULL, &one->connection, &error), error)
        && !noted(one, "cursor", dbapi_cursor(one->connection, &one->cursor, &error), error)) {
        noted(one, "execute", dbapi_execute(one->cursor, "SELECT 1", NULL, 0, &error), error);
    }
    /* Freed in the other order than usual, too. */
    dbapi_connection_free(one->connection);
    dbapi_cursor_free(one->cursor);
    return NULL;
}

/* The first thing that this process does with the library, when it runs first. */
static void many_threads_connect_at_once(void)
{
    enum { THREADS = 32 };
    static worker workers[THREADS];
    test_variable("PGPORT");
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){ .number = i };
        start(&workers[i], connect_and_ask);
    }
    for (int i = 0; i < THREADS; i++) {
        finish(&workers[i]);
    }
}

CHECK_MAIN(CASE(many_threads_connect_at_once), CASE(threads_share_a_connection), CASE(threads_outlive_the_connections_handle),
           CASE(freeing_the_connection_while_another_waits), CASE(freeing_the_cursor_while_another_waits),
           CASE(freeing_both_while_another_waits), CASE(a_second_call_takes_its_turn), CASE(state_can_be_asked_at_any_time))
