/* Threads share connections: calls on one take turns, and freeing is safe at any time. Threads only note
 * what they saw; the case checks it after joining them. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
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
static bool noted(worker *one, const char *what, dbapi_status_t status, dbapi_error_t **error)
{
    if (status == DBAPI_OK) {
        return false;
    }
    snprintf(one->problem, sizeof one->problem, "%s: %s: %s", what, status_name(status),
             *error == NULL ? "no error object" : dbapi_error_message(*error));
    dbapi_error_free(*error);
    return true;
}

/* A statement of its own, a hundred times: the rows must be its own too. */
static void *ask_again_and_again(void *argument)
{
    worker *one = argument;
    dbapi_error_t *error = NULL;
    dbapi_cursor_t *cursor = NULL;
    if (noted(one, "cursor", dbapi_cursor(one->connection, &cursor, &error), &error)) {
        return NULL;
    }
    for (int i = 0; i < 100; i++) {
        const dbapi_value_t params[] = { DBAPI_INT(one->number), DBAPI_INT(i) };
        const dbapi_value_t *rows = NULL;
        size_t count = 0;
        if (noted(one, "execute", dbapi_execute(cursor, "SELECT %s, %s, g FROM generate_series(1, 20) g", params, 2, &error), &error)
            || noted(one, "fetchall", dbapi_fetchall(cursor, &rows, &count, &error), &error)) {
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
    if (!noted(one, "connect", dbapi_connect(NULL, &one->connection, &error), &error)
        && !noted(one, "cursor", dbapi_cursor(one->connection, &one->cursor, &error), &error)) {
        noted(one, "execute", dbapi_execute(one->cursor, "SELECT 1", NULL, 0, &error), &error);
    }
    /* Freed in the other order than usual, too. */
    dbapi_connection_free(one->connection);
    dbapi_cursor_free(one->cursor);
    return NULL;
}

/* SECURITY, "start-up races": the first thing that this process does with the library, when it runs first. */
static void many_threads_connect_at_once(void)
{
    enum { THREADS = 64 };
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

/* ---- many threads, one connection ------------------------------------------------------------------------- */

/* Under a sanitizer or valgrind each round is many times as dear. */
static int rounds(int many)
{
    return getenv("DBAPI_TEST_VALGRIND") == NULL && getenv("DBAPI_TEST_SANITIZER") == NULL ? many : many / 10;
}

/* Results of every size by every way, fetched while the others execute. */
static void *ask_in_every_way(void *argument)
{
    worker *one = argument;
    dbapi_error_t *error = NULL;
    dbapi_cursor_t *cursor = NULL;
    if (noted(one, "cursor", dbapi_cursor(one->connection, &cursor, &error), &error)) {
        return NULL;
    }
    for (int i = 0; i < rounds(100) && one->problem[0] == '\0'; i++) {
        int size = (one->number * 37 + i * 11) % 500;
        const dbapi_value_t params[] = { DBAPI_INT(one->number), DBAPI_INT(i), DBAPI_INT(size) };
        const dbapi_value_t *rows = NULL;
        size_t count = 0;
        int64_t seen = 0;
        dbapi_status_t status = DBAPI_OK;
        noted(one, "format", dbapi_cursor_set_result_format(cursor, i % 3, &error), &error);
        if (noted(one, "execute", dbapi_execute(cursor, "SELECT %s, %s, g, repeat(chr(97 + g %% 26), g) FROM generate_series(1, %s) g", params, 3, &error), &error)) {
            break;
        }
        while (status == DBAPI_OK && one->problem[0] == '\0') {
            status = i % 2 == 0 ? dbapi_fetchmany(cursor, 7, &rows, &count, &error) : dbapi_fetchone(cursor, &rows, &error);
            count = i % 2 == 0 ? count : status == DBAPI_OK;
            for (size_t j = 0; status == DBAPI_OK && j < count; j++) {
                const dbapi_value_t *row = rows + j * 4;
                seen++;
                if (row[0].as.integer != one->number || row[1].as.integer != i || row[2].as.integer != seen
                    || row[3].as.text.length != (size_t)seen || row[3].as.text.data[seen - 1] != (char)('a' + seen % 26)) {
                    snprintf(one->problem, sizeof one->problem, "round %d, row %d: another's", i, (int)seen);
                    break;
                }
            }
        }
        if (status != DBAPI_DONE || seen != size) {
            snprintf(one->problem, sizeof one->problem, "round %d: %d of %d rows, then %s", i, (int)seen, size, status_name(status));
        }
    }
    dbapi_cursor_free(cursor);
    return NULL;
}

static void share(void *(*function)(void *), bool autocommit)
{
    enum { THREADS = 8 };
    static worker workers[THREADS];
    dbapi_connection_t *connection = connect_test();
    CHECK_OK(dbapi_connection_set_autocommit(connection, autocommit, &failure));
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){ .connection = connection, .number = i };
        start(&workers[i], function);
    }
    for (int i = 0; i < THREADS; i++) {
        finish(&workers[i]);
    }
    dbapi_connection_free(connection);
}

static void results_never_mix(void)
{
    share(ask_in_every_way, false);
}

/* Each makes an error that no other makes, and gets that one. */
static void *fail_in_its_own_way(void *argument)
{
    static const struct {
        const char *sql, *sqlstate;
        dbapi_status_t status;
    } ways[] = {
        { "SELECT 1/0 /* %d */", "22012", DBAPI_DATA_ERROR },
        { "SELEC %d", "42601", DBAPI_PROGRAMMING_ERROR },
        { "SELECT t85_no_column_%d", "42703", DBAPI_PROGRAMMING_ERROR },
        { "SELECT 'x%d'::int", "22P02", DBAPI_DATA_ERROR },
        { "DO $$ BEGIN RAISE EXCEPTION 'thread %d' USING ERRCODE = '23505'; END $$", "23505", DBAPI_INTEGRITY_ERROR },
        { "DO $$ BEGIN RAISE EXCEPTION 'thread %d' USING ERRCODE = '40001'; END $$", "40001", DBAPI_OPERATIONAL_ERROR },
        { "SELECT * FROM t85_no_table_%d", "42P01", DBAPI_PROGRAMMING_ERROR },
        { "DO $$ BEGIN RAISE EXCEPTION 'thread %d' USING ERRCODE = '0A000'; END $$", "0A000", DBAPI_NOT_SUPPORTED_ERROR },
    };
    worker *one = argument;
    int way = one->number % (int)COUNT(ways);
    dbapi_error_t *error = NULL;
    dbapi_cursor_t *cursor = NULL;
    char sql[200];
    snprintf(sql, sizeof sql, ways[way].sql, one->number);
    if (noted(one, "cursor", dbapi_cursor(one->connection, &cursor, &error), &error)) {
        return NULL;
    }
    for (int i = 0; i < rounds(300) && one->problem[0] == '\0'; i++) {
        error = NULL;
        dbapi_status_t status = dbapi_execute(cursor, sql, NULL, 0, &error);
        const char *sqlstate = dbapi_error_sqlstate(error);
        if (status != ways[way].status || sqlstate == NULL || strcmp(sqlstate, ways[way].sqlstate) != 0) {
            snprintf(one->problem, sizeof one->problem, "%s: %s, %s", sql, status_name(status), error == NULL ? "no error" : dbapi_error_message(error));
        }
        dbapi_error_free(error);
    }
    dbapi_cursor_free(cursor);
    return NULL;
}

static void errors_never_mix(void)
{
    share(fail_in_its_own_way, true);
}

/* Whatever a connection can be asked or told, at the same time. An error is fine, a crash or a mixture is not. */
static void *do_anything(void *argument)
{
    worker *one = argument;
    dbapi_connection_t *on = one->connection;
    dbapi_cursor_t *cursor = NULL;
    char text[100];
    for (int i = 0; i < rounds(200); i++) {
        dbapi_notify_t *notify = NULL;
        dbapi_error_t *notice = NULL;
        switch ((i + one->number) % 12) {
        case 0:
            dbapi_cursor_free(cursor);
            cursor = NULL;
            dbapi_cursor(on, &cursor, NULL);
            break;
        case 1:
            dbapi_execute(cursor, "DO $$ BEGIN RAISE NOTICE 'n'; END $$", NULL, 0, NULL);
            break;
        case 2:
            dbapi_execute(cursor, "LISTEN t85; NOTIFY t85, 'x'", NULL, 0, NULL);
            break;
        case 3:
            dbapi_commit(on, NULL);
            break;
        case 4:
            dbapi_rollback(on, NULL);
            break;
        case 5:
            dbapi_savepoint_begin(on, NULL, NULL);
            break;
        case 6:
            dbapi_savepoint_rollback(on, NULL, NULL);
            break;
        case 7:
            dbapi_connection_wait_notify(on, 1, &notify, NULL);
            break;
        case 8:
            dbapi_connection_notice(on, &notice, NULL);
            dbapi_connection_notify(on, &notify, NULL);
            break;
        case 9:
            dbapi_connection_parameter_status(on, "TimeZone", text, sizeof text, NULL, NULL);
            dbapi_connection_isolation_level(on);
            dbapi_connection_transaction_status(on);
            break;
        case 10:
            dbapi_connection_set_readonly(on, i % 2, NULL);
            break;
        default:
            dbapi_connection_cancel(on, NULL);
        }
        dbapi_notify_free(notify);
        dbapi_error_free(notice);
    }
    dbapi_cursor_free(cursor);
    if (dbapi_connection_closed(on) != 0) {
        snprintf(one->problem, sizeof one->problem, "the connection is closed: %d", (int)dbapi_connection_closed(on));
    }
    return NULL;
}

static void anything_at_any_time(void)
{
    share(do_anything, false);
}

/* ---- ends while others work ------------------------------------------------------------------------------- */

static void closing_while_another_waits(void)
{
    worker one;
    start_sleeper(&one);
    CHECK_OK(dbapi_close(one.connection, &failure));
    CHECK_INT(dbapi_connection_closed(one.connection), 1);
    check_ended(&one);
    CHECK_FAILS(dbapi_execute(one.cursor, "SELECT 1", NULL, 0, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    dbapi_cursor_free(one.cursor);
    dbapi_connection_free(one.connection);
}

static void cancelling_from_a_second_thread(void)
{
    worker one;
    start_sleeper(&one);
    CHECK_OK(dbapi_connection_cancel(one.connection, &failure));
    finish(&one);
    CHECK_INT(one.status, DBAPI_OPERATIONAL_ERROR);
    CHECK_INT(dbapi_connection_transaction_status(one.connection), DBAPI_TRANSACTION_INERROR);
    CHECK_OK(dbapi_rollback(one.connection, &failure));
    CHECK_TEXT(query_text(one.cursor, "SELECT 1"), "1");
    dbapi_cursor_free(one.cursor);
    dbapi_connection_free(one.connection);
}

static void *ask_until_it_fails(void *argument)
{
    worker *one = argument;
    dbapi_cursor_t *cursor = NULL;
    one->status = dbapi_cursor(one->connection, &cursor, NULL);
    while (one->status == DBAPI_OK) {
        one->status = dbapi_execute(cursor, "SELECT 1", NULL, 0, NULL);
    }
    dbapi_cursor_free(cursor);
    return NULL;
}

/* All that wait for their turns are told that there is none any more. */
static void closing_while_many_work(void)
{
    enum { THREADS = 8 };
    static worker workers[THREADS];
    for (int round = 0; round < rounds(50); round++) {
        dbapi_connection_t *connection = connect_test();
        for (int i = 0; i < THREADS; i++) {
            workers[i] = (worker){ .connection = connection, .number = i };
            start(&workers[i], ask_until_it_fails);
        }
        CHECK_OK(dbapi_close(connection, &failure));
        if (round % 2 == 0) {
            dbapi_connection_free(connection);
        }
        for (int i = 0; i < THREADS; i++) {
            finish(&workers[i]);
            CHECK_INT(workers[i].status, DBAPI_INTERFACE_ERROR);
        }
        if (round % 2 != 0) {
            dbapi_connection_free(connection);
        }
    }
}

CHECK_MAIN(CASE(many_threads_connect_at_once), CASE(threads_share_a_connection), CASE(threads_outlive_the_connections_handle),
           CASE(freeing_the_connection_while_another_waits), CASE(freeing_the_cursor_while_another_waits),
           CASE(freeing_both_while_another_waits), CASE(a_second_call_takes_its_turn), CASE(state_can_be_asked_at_any_time),
           CASE(results_never_mix), CASE(errors_never_mix), CASE(anything_at_any_time), CASE(closing_while_another_waits),
           CASE(cancelling_from_a_second_thread), CASE(closing_while_many_work))
