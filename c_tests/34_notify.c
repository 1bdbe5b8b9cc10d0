/* Notifications: what they hold, when they come, and waiting for them while other threads use the connection. */
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

/* In autocommit, since notifications come outside of transactions alone. */
static void open_listening(const char *channel)
{
    char sql[200];
    connection = connect_test();
    cursor = cursor_of(connection);
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    snprintf(sql, sizeof sql, "LISTEN %s", channel);
    run(cursor, sql);
}

static void close_both(void)
{
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* What this process has used of processors. */
static double processor_time(void)
{
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static bool under_valgrind(void)
{
    return getenv("DBAPI_TEST_VALGRIND") != NULL;
}

static void check_is(dbapi_notify_t *notify, int32_t pid, const char *channel, const char *payload)
{
    CHECK(notify != NULL);
    CHECK_INT(dbapi_notify_pid(notify), pid);
    CHECK_TEXT(dbapi_notify_channel(notify), channel);
    CHECK_TEXT(dbapi_notify_payload(notify), payload);
    dbapi_notify_free(notify);
}

static void check_taken(int32_t pid, const char *channel, const char *payload)
{
    dbapi_notify_t *notify = NULL;
    CHECK_OK(dbapi_connection_notify(connection, &notify, &failure));
    check_is(notify, pid, channel, payload);
}

static void check_none(void)
{
    dbapi_notify_t *notify = (dbapi_notify_t *)&notify;
    CHECK_DONE(dbapi_connection_notify(connection, &notify, &failure));
    CHECK_PTR(notify, NULL);
}

/* Notifies from a connection of its own; its process id comes back. */
static int32_t notify_from_outside(const char *channel, const char *payload)
{
    dbapi_connection_t *other = connect_test();
    dbapi_cursor_t *its = cursor_of(other);
    const dbapi_value_t params[] = { DBAPI_TEXT(channel), DBAPI_TEXT(payload) };
    int32_t pid = dbapi_connection_backend_pid(other);
    CHECK_OK(dbapi_execute(its, "SELECT pg_notify(%s, %s)", params, 2, &failure));
    CHECK_OK(dbapi_commit(other, &failure));
    dbapi_cursor_free(its);
    dbapi_connection_free(other);
    return pid;
}

static void own_notifications(void)
{
    open_listening("t34_own");
    int32_t self = dbapi_connection_backend_pid(connection);
    check_none();
    run(cursor, "NOTIFY t34_own");
    run(cursor, "NOTIFY t34_own, 'with a payload'");
    run(cursor, "NOTIFY t34_other, 'nobody listens'");
    check_taken(self, "t34_own", "");
    check_taken(self, "t34_own", "with a payload");
    check_none();
    close_both();
}

static void from_another_connection(void)
{
    open_listening("t34_another");
    int32_t pid = notify_from_outside("t34_another", "x");
    CHECK(pid != dbapi_connection_backend_pid(connection));
    /* They come with the answers to anything. */
    run(cursor, "SELECT 1");
    check_taken(pid, "t34_another", "x");
    CHECK_OK(dbapi_connection_set_autocommit(connection, false, &failure));
    static const char *const payloads[] = { "by commit", "by rollback", "by executemany", "by a failed statement" };
    for (size_t i = 0; i < COUNT(payloads); i++) {
        const dbapi_value_t one[] = { DBAPI_INT(1) };
        run(cursor, "SELECT 1");
        pid = notify_from_outside("t34_another", payloads[i]);
        /* Inside of a transaction none comes. */
        run(cursor, "SELECT 1");
        dbapi_notify_t *none = NULL;
        CHECK_DONE(dbapi_connection_wait_notify(connection, 20, &none, &failure));
        check_none();
        if (i == 0) {
            CHECK_OK(dbapi_commit(connection, &failure));
        } else {
            CHECK_OK(dbapi_rollback(connection, &failure));
        }
        /* The server may send them a moment after its answer. */
        dbapi_notify_t *notify = NULL;
        CHECK_OK(dbapi_connection_wait_notify(connection, 20000, &notify, &failure));
        check_is(notify, pid, "t34_another", payloads[i]);
        if (i == 2) {
            CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
            pid = notify_from_outside("t34_another", payloads[i]);
            CHECK_OK(dbapi_executemany(cursor, "SELECT %s", one, 1, 1, &failure));
            check_taken(pid, "t34_another", payloads[i]);
            CHECK_OK(dbapi_connection_set_autocommit(connection, false, &failure));
        }
        if (i == 3) {
            CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
            pid = notify_from_outside("t34_another", payloads[i]);
            CHECK_FAILS(dbapi_execute(cursor, "SELECT 1/0", NULL, 0, &failure), DBAPI_DATA_ERROR, "22012", NULL);
            run(cursor, "SELECT 1");
            check_taken(pid, "t34_another", payloads[i]);
        }
        check_none();
    }
    close_both();
}

static void the_longest_payload(void)
{
    static char longest[7999 + 1];
    memset(longest, 'x', sizeof longest - 1);
    memcpy(longest, "\xe2\x82\xac%n%s", 7);
    longest[7] = 'y';
    CHECK_SIZE(strlen(longest), 7999);
    open_listening("t34_long");
    int32_t pid = notify_from_outside("t34_long", longest);
    run(cursor, "SELECT 1");
    check_taken(pid, "t34_long", longest);
    const dbapi_value_t too_long[] = { DBAPI_TEXT(longest) };
    CHECK_FAILS(dbapi_execute(cursor, "SELECT pg_notify('t34_long', %s || 'z')", too_long, 1, &failure), DBAPI_DATA_ERROR, "22023", "payload string too long");
    check_none();
    close_both();
}

static void hostile_channels(void)
{
    static const struct {
        const char *quoted, *plain;
    } channels[] = {
        { "\"with space\"", "with space" }, { "\"a\"\"b\"", "a\"b" }, { "\"it's; DROP TABLE x --\"", "it's; DROP TABLE x --" },
        { "\"new\nline\"", "new\nline" }, { "\"%n%s\"", "%n%s" }, { "\"\xe2\x82\xac\"", "\xe2\x82\xac" },
        { "\"012345678901234567890123456789012345678901234567890123456789012\"", "012345678901234567890123456789012345678901234567890123456789012" },
    };
    for (size_t i = 0; i < COUNT(channels); i++) {
        open_listening(channels[i].quoted);
        int32_t pid = notify_from_outside(channels[i].plain, channels[i].plain);
        run(cursor, "SELECT 1");
        check_taken(pid, channels[i].plain, channels[i].plain);
        close_both();
    }
}

/* ---- waiting --------------------------------------------------------------------------------------------- */

static void zero_looks_and_does_not_wait(void)
{
    dbapi_notify_t *notify = (dbapi_notify_t *)&notify;
    open_listening("t34_zero");
    double began = now();
    CHECK_DONE(dbapi_connection_wait_notify(connection, 0, &notify, &failure));
    CHECK_PTR(notify, NULL);
    CHECK(now() - began < 1);
    int32_t pid = notify_from_outside("t34_zero", "z");
    /* It is on its way: 0 finds it once it is here, without any statement. */
    began = now();
    for (;;) {
        dbapi_status_t status = dbapi_connection_wait_notify(connection, 0, &notify, &failure);
        if (status == DBAPI_OK) {
            break;
        }
        CHECK_INT(status, DBAPI_DONE);
        CHECK(now() - began < 20);
    }
    check_is(notify, pid, "t34_zero", "z");
    close_both();
}

static void in_time_and_out_of_time(void)
{
    dbapi_notify_t *notify = NULL;
    open_listening("t34_time");
    double began = now();
    CHECK_DONE(dbapi_connection_wait_notify(connection, 200, &notify, &failure));
    CHECK_PTR(notify, NULL);
    CHECK(now() - began > 0.195 && now() - began < 5);
    /* A notice or a changed setting is no notification, and a wait that is over disturbs nothing. */
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    int32_t pid = notify_from_outside("t34_time", "a");
    CHECK_OK(dbapi_connection_wait_notify(connection, 20000, &notify, &failure));
    check_is(notify, pid, "t34_time", "a");
    /* What arrived before is given at once, in its order. */
    notify_from_outside("t34_time", "b");
    notify_from_outside("t34_time", "c");
    run(cursor, "SELECT 1");
    for (int i = 0; i < 2; i++) {
        CHECK_OK(dbapi_connection_wait_notify(connection, -1, &notify, &failure));
        CHECK_TEXT(dbapi_notify_payload(notify), i == 0 ? "b" : "c");
        dbapi_notify_free(notify);
    }
    close_both();
}

/* The connection's timeout is for statements. */
static void the_timeout_does_not_count(void)
{
    dbapi_notify_t *notify = NULL;
    open_listening("t34_timeout");
    CHECK_OK(dbapi_connection_set_timeout(connection, 50, &failure));
    double began = now();
    CHECK_DONE(dbapi_connection_wait_notify(connection, 300, &notify, &failure));
    CHECK(now() - began > 0.295);
    CHECK_INT(dbapi_connection_closed(connection), 0);
    close_both();
}

typedef struct waiter {
    pthread_t thread;
    dbapi_connection_t *on;
    int64_t milliseconds;
    dbapi_status_t status;
    dbapi_notify_t *notify;
    dbapi_error_t *error;
    int count;
    int done;
    char problem[300];
} waiter;

static void *wait_once(void *argument)
{
    waiter *one = argument;
    one->status = dbapi_connection_wait_notify(one->on, one->milliseconds, &one->notify, &one->error);
    __atomic_store_n(&one->done, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void start(waiter *one, void *(*function)(void *), int64_t milliseconds)
{
    *one = (waiter){ .on = connection, .milliseconds = milliseconds };
    CHECK_INT(pthread_create(&one->thread, NULL, function, one), 0);
}

static void finish(waiter *one)
{
    CHECK_INT(pthread_join(one->thread, NULL), 0);
    if (one->problem[0] != '\0') {
        FAIL("%s", one->problem);
    }
}

/* Until a thread that was started waits, for all that can be told from outside. */
static void pause_shortly(void)
{
    nanosleep(&(struct timespec){ .tv_sec = 0, .tv_nsec = 50000000 }, NULL);
}

static void for_ever_until_another_thread_notifies(void)
{
    static const int64_t long_times[] = { -1, INT64_MAX, INT64_MAX / 1000, 3153600000001LL, 4294967296LL, 2147483648LL };
    open_listening("t34_ever");
    for (size_t i = 0; i < COUNT(long_times); i++) {
        waiter one;
        start(&one, wait_once, long_times[i]);
        pause_shortly();
        CHECK_INT(__atomic_load_n(&one.done, __ATOMIC_ACQUIRE), 0);
        int32_t pid = notify_from_outside("t34_ever", "now");
        finish(&one);
        CHECK_INT(one.status, DBAPI_OK);
        check_is(one.notify, pid, "t34_ever", "now");
    }
    close_both();
}

static void negative_times(void)
{
    static const int64_t wrong[] = { -2, -3, -1000, INT64_MIN, INT64_MIN + 1 };
    open_listening("t34_negative");
    for (size_t i = 0; i < COUNT(wrong); i++) {
        dbapi_notify_t *notify = (dbapi_notify_t *)&notify;
        CHECK_FAILS(dbapi_connection_wait_notify(connection, wrong[i], &notify, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "milliseconds");
        CHECK_PTR(notify, NULL);
    }
    close_both();
}

/* ---- waiting while others work --------------------------------------------------------------------------- */

static int stop;

static void *ask_without_pause(void *argument)
{
    waiter *one = argument;
    dbapi_error_t *error = NULL;
    dbapi_cursor_t *its = NULL;
    if (dbapi_cursor(one->on, &its, NULL) != DBAPI_OK) {
        snprintf(one->problem, sizeof one->problem, "no cursor");
        return NULL;
    }
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        const dbapi_value_t params[] = { DBAPI_INT(one->count) };
        const dbapi_value_t *row = NULL;
        if (dbapi_execute(its, "SELECT %s", params, 1, &error) != DBAPI_OK || dbapi_fetchone(its, &row, &error) != DBAPI_OK) {
            snprintf(one->problem, sizeof one->problem, "statement %d: %s", one->count, dbapi_error_message(error));
            dbapi_error_free(error);
            break;
        }
        if (row[0].as.integer != one->count) {
            snprintf(one->problem, sizeof one->problem, "statement %d: another's result", one->count);
            break;
        }
        __atomic_fetch_add(&one->count, 1, __ATOMIC_RELEASE);
    }
    dbapi_cursor_free(its);
    return NULL;
}

/* Waits for 100 notifications, one after the other: none may be lost, and they come in order. */
static void *wait_for_a_hundred(void *argument)
{
    waiter *one = argument;
    for (int i = 0; i < 100; i++) {
        dbapi_notify_t *notify = NULL;
        dbapi_status_t status = dbapi_connection_wait_notify(one->on, 20000, &notify, NULL);
        if (status != DBAPI_OK || atoi(dbapi_notify_payload(notify)) != i) {
            snprintf(one->problem, sizeof one->problem, "notification %d: %s, \"%s\"", i, status_name(status), status == DBAPI_OK ? dbapi_notify_payload(notify) : "");
            dbapi_notify_free(notify);
            return NULL;
        }
        dbapi_notify_free(notify);
        __atomic_fetch_add(&one->count, 1, __ATOMIC_RELEASE);
    }
    return NULL;
}

static void neither_starves(void)
{
    waiter asking, waiting;
    char sql[100];
    open_listening("t34_starve");
    __atomic_store_n(&stop, 0, __ATOMIC_RELEASE);
    start(&waiting, wait_for_a_hundred, -1);
    start(&asking, ask_without_pause, 0);
    dbapi_connection_t *other = connect_test();
    dbapi_cursor_t *its = cursor_of(other);
    CHECK_OK(dbapi_connection_set_autocommit(other, true, &failure));
    for (int i = 0; i < 100; i++) {
        double began = now();
        int before = __atomic_load_n(&asking.count, __ATOMIC_ACQUIRE);
        snprintf(sql, sizeof sql, "NOTIFY t34_starve, '%d'", i);
        run(its, sql);
        while (__atomic_load_n(&waiting.count, __ATOMIC_ACQUIRE) <= i && now() - began < 20) {
        }
        if (now() - began > 10) {
            FAIL("notification %d took %.1f s, with %d statements meanwhile", i, now() - began, asking.count - before);
        }
    }
    /* And statements go on while a thread waits. */
    finish(&waiting);
    start(&waiting, wait_once, -1);
    pause_shortly();
    int before = __atomic_load_n(&asking.count, __ATOMIC_ACQUIRE), meanwhile = 0;
    double began = now();
    while ((meanwhile = __atomic_load_n(&asking.count, __ATOMIC_ACQUIRE) - before) < 100) {
        if (now() - began > 20) {
            FAIL("%d statements in 20 s beside a waiting thread", meanwhile);
        }
        nanosleep(&(struct timespec){ .tv_sec = 0, .tv_nsec = 1000000 }, NULL);
    }
    run(its, "NOTIFY t34_starve, 'end'");
    finish(&waiting);
    CHECK_TEXT(dbapi_notify_payload(waiting.notify), "end");
    dbapi_notify_free(waiting.notify);
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    finish(&asking);
    dbapi_cursor_free(its);
    dbapi_connection_free(other);
    close_both();
}

static void several_wait_and_each_gets_one(void)
{
    enum { WAITERS = 4 };
    waiter waiters[WAITERS];
    char sql[100];
    bool seen[WAITERS] = { false };
    open_listening("t34_several");
    for (int round = 0; round < (under_valgrind() ? 3 : 50); round++) {
        for (int i = 0; i < WAITERS; i++) {
            start(&waiters[i], wait_once, -1);
            seen[i] = false;
        }
        if (round == 0) {
            pause_shortly();
        }
        /* One by one: the one that hears of it and the next that waits could both want it. */
        for (int i = 0; i < WAITERS; i++) {
            snprintf(sql, sizeof sql, "NOTIFY t34_several, '%d'", i);
            run(cursor, sql);
            for (int done = 0; done <= i;) {
                done = 0;
                for (int j = 0; j < WAITERS; j++) {
                    done += __atomic_load_n(&waiters[j].done, __ATOMIC_ACQUIRE);
                }
            }
        }
        for (int i = 0; i < WAITERS; i++) {
            finish(&waiters[i]);
            CHECK_INT(waiters[i].status, DBAPI_OK);
            int got = atoi(dbapi_notify_payload(waiters[i].notify));
            CHECK(got >= 0 && got < WAITERS && !seen[got]);
            seen[got] = true;
            dbapi_notify_free(waiters[i].notify);
        }
        check_none();
    }
    close_both();
}

/* Several that wait do not keep one another awake. */
static void several_wait_and_sleep(void)
{
    enum { WAITERS = 3 };
    waiter waiters[WAITERS];
    open_listening("t34_asleep");
    double began = processor_time();
    for (int i = 0; i < WAITERS; i++) {
        start(&waiters[i], wait_once, 500);
    }
    for (int i = 0; i < WAITERS; i++) {
        finish(&waiters[i]);
        CHECK_INT(waiters[i].status, DBAPI_DONE);
    }
    double used = processor_time() - began;
    if (used > (under_valgrind() ? 0.4 : 0.1)) {
        FAIL("three threads that waited for half a second used %.3f s of the processor", used);
    }
    close_both();
}

/* The one that is told first takes what came for two; the other is told of its own. */
static void several_wait_with_different_patience(void)
{
    waiter patient, hasty;
    open_listening("t34_patience");
    start(&patient, wait_once, -1);
    pause_shortly();
    double began = now();
    start(&hasty, wait_once, 200);
    finish(&hasty);
    CHECK_INT(hasty.status, DBAPI_DONE);
    CHECK(now() - began > 0.19 && now() - began < 5);
    CHECK_INT(__atomic_load_n(&patient.done, __ATOMIC_ACQUIRE), 0);
    /* The other way round: who came first gives up, and who came second goes on. */
    waiter second;
    start(&second, wait_once, -1);
    pause_shortly();
    notify_from_outside("t34_patience", "1");
    notify_from_outside("t34_patience", "2");
    finish(&patient);
    finish(&second);
    CHECK_INT(patient.status, DBAPI_OK);
    CHECK_INT(second.status, DBAPI_OK);
    dbapi_notify_free(patient.notify);
    dbapi_notify_free(second.notify);
    start(&hasty, wait_once, 200);
    pause_shortly();
    start(&patient, wait_once, -1);
    finish(&hasty);
    CHECK_INT(hasty.status, DBAPI_DONE);
    notify_from_outside("t34_patience", "3");
    finish(&patient);
    CHECK_TEXT(dbapi_notify_payload(patient.notify), "3");
    dbapi_notify_free(patient.notify);
    close_both();
}

/* ---- ends ------------------------------------------------------------------------------------------------ */

static void lost_while_waiting(void)
{
    waiter one, two;
    char sql[100];
    open_listening("t34_lost");
    start(&one, wait_once, -1);
    start(&two, wait_once, -1);
    pause_shortly();
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d)", (int)dbapi_connection_backend_pid(connection));
    run_outside(sql);
    finish(&one);
    finish(&two);
    CHECK(one.status == DBAPI_OPERATIONAL_ERROR || two.status == DBAPI_OPERATIONAL_ERROR);
    waiter *told = one.status == DBAPI_OPERATIONAL_ERROR ? &one : &two, *other = told == &one ? &two : &one;
    CHECK_TEXT(dbapi_error_sqlstate(told->error), "57P01");
    CHECK_CONTAINS(dbapi_error_message(told->error), "terminating connection");
    CHECK_INT(dbapi_error_connection_usable(told->error), false);
    CHECK_INT(other->status, DBAPI_INTERFACE_ERROR);
    CHECK_PTR(one.notify, NULL);
    CHECK_PTR(two.notify, NULL);
    CHECK_INT(dbapi_connection_closed(connection), 2);
    dbapi_error_free(one.error);
    dbapi_error_free(two.error);
    dbapi_notify_t *notify = NULL;
    CHECK_FAILS(dbapi_connection_wait_notify(connection, 0, &notify, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    check_none();
    close_both();
}

static void closed_while_waiting(void)
{
    waiter one, two;
    open_listening("t34_close");
    start(&one, wait_once, -1);
    start(&two, wait_once, -1);
    pause_shortly();
    double began = now();
    CHECK_OK(dbapi_close(connection, &failure));
    CHECK(now() - began < 5);
    finish(&one);
    finish(&two);
    CHECK_INT(one.status, DBAPI_INTERFACE_ERROR);
    CHECK_CONTAINS(dbapi_error_message(one.error), "closed");
    CHECK_INT(two.status, DBAPI_INTERFACE_ERROR);
    CHECK_INT(dbapi_connection_closed(connection), 1);
    dbapi_error_free(one.error);
    dbapi_error_free(two.error);
    close_both();
}

/* What came before the end can be taken after it. */
static void taken_after_the_end(void)
{
    open_listening("t34_after");
    int32_t self = dbapi_connection_backend_pid(connection);
    run(cursor, "NOTIFY t34_after, 'last'");
    CHECK_OK(dbapi_close(connection, &failure));
    check_taken(self, "t34_after", "last");
    check_none();
    close_both();
}

/* A cancel finds nothing to cancel, and a statement that is cancelled does not end the wait. */
static void cancel_while_waiting(void)
{
    waiter one;
    open_listening("t34_cancel");
    start(&one, wait_once, -1);
    pause_shortly();
    CHECK_OK(dbapi_connection_cancel(connection, &failure));
    CHECK_OK(dbapi_cursor_set_timeout(cursor, 100, &failure));
    CHECK_FAILS(dbapi_execute(cursor, "SELECT pg_sleep(20)", NULL, 0, &failure), DBAPI_OPERATIONAL_ERROR, "57014", "timeout");
    CHECK_INT(__atomic_load_n(&one.done, __ATOMIC_ACQUIRE), 0);
    notify_from_outside("t34_cancel", "x");
    finish(&one);
    CHECK_INT(one.status, DBAPI_OK);
    dbapi_notify_free(one.notify);
    close_both();
}

/* A server that sends what answers nothing, while it is listened to. */
static void nonsense_while_waiting(void)
{
    static const char *const nonsense[] = { "C\0\0\0\x0dSELECT 1", "Z\0\0\0\5I", "A\0\0\0\x08\0\0\0\1", "A\0\0\0\x09\0\0\0\1x", "~\0\0\0\4" };
    static const size_t lengths[] = { 14, 6, 9, 10, 5 };
    for (size_t i = 0; i < COUNT(nonsense); i++) {
        dbapi_notify_t *notify = (dbapi_notify_t *)&notify;
        fake_server *fake = fake_new();
        fake_greet(fake);
        fake_send(fake, nonsense[i], lengths[i]);
        fake_silence(fake);
        fake_start(fake);
        connection = connect_dsn(fake_dsn(fake));
        CHECK_FAILS(dbapi_connection_wait_notify(connection, 20000, &notify, &failure), DBAPI_OPERATIONAL_ERROR, "08P01", NULL);
        CHECK_PTR(notify, NULL);
        CHECK_INT(dbapi_connection_closed(connection), 2);
        dbapi_connection_free(connection);
        fake_finish(fake);
    }
}

/* What came in one piece with the last answer is here already: no waiting for the server would show it. */
static void in_one_piece_with_an_answer(void)
{
    fake_server *fake = fake_new();
    fake_bytes body = { 0 }, piece = { 0 };
    fake_put_int32(&body, 4711);
    fake_put_text(&body, "channel");
    fake_put_text(&body, "payload");
    fake_put_message(&piece, 'C', "SELECT 0", 9);
    fake_put_message(&piece, 'Z', "I", 1);
    fake_put_message(&piece, 'A', body.data, body.length);
    fake_greet(fake);
    for (int i = 0; i < 2; i++) {
        fake_expect(fake, 'Q', "SELECT 1");
        fake_send(fake, piece.data, piece.length);
    }
    fake_expect_close(fake);
    fake_start(fake);
    connection = connect_dsn(fake_dsn(fake));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    cursor = cursor_of(connection);
    for (int i = 0; i < 2; i++) {
        dbapi_notify_t *notify = NULL;
        run(cursor, "SELECT 1");
        double began = now();
        CHECK_OK(dbapi_connection_wait_notify(connection, i == 0 ? 5000 : 0, &notify, &failure));
        CHECK(now() - began < 2);
        check_is(notify, 4711, "channel", "payload");
    }
    close_both();
    fake_finish(fake);
    fake_bytes_free(&body);
    fake_bytes_free(&piece);
}

/* Byte by byte: no half of a message is taken for one, and the rest is waited for. */
static void byte_by_byte(void)
{
    fake_server *fake = fake_new();
    fake_bytes body = { 0 };
    fake_put_int32(&body, 4711);
    fake_put_text(&body, "channel");
    fake_put_text(&body, "payload");
    fake_slowly(fake);
    fake_greet(fake);
    fake_send_message(fake, 'N', "SNOTICE\0Mhello\0", 16);
    fake_send_parameter(fake, "TimeZone", "Mars");
    fake_send_message(fake, 'A', body.data, body.length);
    fake_expect_close(fake);
    fake_start(fake);
    connection = connect_dsn(fake_dsn(fake));
    dbapi_notify_t *notify = NULL;
    CHECK_OK(dbapi_connection_wait_notify(connection, 20000, &notify, &failure));
    check_is(notify, 4711, "channel", "payload");
    char zone[20];
    CHECK_OK(dbapi_connection_parameter_status(connection, "TimeZone", zone, sizeof zone, NULL, &failure));
    CHECK_TEXT(zone, "Mars");
    dbapi_error_t *notice = NULL;
    CHECK_OK(dbapi_connection_notice(connection, &notice, &failure));
    CHECK_TEXT(dbapi_error_message_primary(notice), "hello");
    dbapi_error_free(notice);
    dbapi_connection_free(connection);
    fake_finish(fake);
    fake_bytes_free(&body);
}

static void wrong_arguments(void)
{
    dbapi_notify_t *notify = (dbapi_notify_t *)&notify;
    open_listening("t34_wrong");
    CHECK_FAILS(dbapi_connection_wait_notify(connection, 0, NULL, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "out_notify");
    CHECK_FAILS(dbapi_connection_notify(connection, NULL, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "out_notify");
    CHECK_FAILS(dbapi_connection_wait_notify(NULL, 0, &notify, &failure), DBAPI_INTERFACE_ERROR, NULL, "NULL");
    CHECK_PTR(notify, NULL);
    CHECK_FAILS(dbapi_connection_wait_notify((dbapi_connection_t *)cursor, 0, &notify, &failure), DBAPI_INTERFACE_ERROR, NULL, "another type");
    CHECK_INT(dbapi_notify_pid(NULL), 0);
    CHECK_TEXT(dbapi_notify_channel(NULL), NULL);
    CHECK_TEXT(dbapi_notify_payload((dbapi_notify_t *)connection), NULL);
    run(cursor, "NOTIFY t34_wrong");
    CHECK_OK(dbapi_connection_notify(connection, &notify, &failure));
    dbapi_notify_free(notify);
    dbapi_notify_free(notify);
    dbapi_notify_free(NULL);
    CHECK_TEXT(dbapi_notify_channel(notify), NULL);
    close_both();
}

CHECK_MAIN(CASE(own_notifications), CASE(from_another_connection), CASE(the_longest_payload), CASE(hostile_channels),
           CASE(zero_looks_and_does_not_wait), CASE(in_time_and_out_of_time), CASE(the_timeout_does_not_count),
           CASE(for_ever_until_another_thread_notifies), CASE(negative_times), CASE(neither_starves), CASE(several_wait_and_each_gets_one),
           CASE(several_wait_and_sleep), CASE(several_wait_with_different_patience), CASE(lost_while_waiting), CASE(closed_while_waiting),
           CASE(taken_after_the_end), CASE(cancel_while_waiting), CASE(nonsense_while_waiting), CASE(in_one_piece_with_an_answer),
           CASE(byte_by_byte), CASE(wrong_arguments))
