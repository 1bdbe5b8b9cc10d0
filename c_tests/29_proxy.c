/* TLS over networks of every temper: bytes one by one or many records at once, a network that is cut at any byte or
 * falls silent, and both sides writing at once. The rows are the same, or there is an error; never a hang. */
#define _POSIX_C_SOURCE 200809L
#include "proxy.h"
#include "tls_server.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How much is sent: a hundredth under valgrind, where each byte of a dribble costs as much as elsewhere a page. */
static size_t scaled(size_t size)
{
    return getenv("DBAPI_TEST_VALGRIND") == NULL ? size : size / 100;
}

static const char *const versions[] = { "TLSv1.2", "TLSv1.3" };

static const char *dsn_of(const proxy *between, const char *more)
{
    static char dsn[2000];
    snprintf(dsn, sizeof dsn, "host=db.example hostaddr=127.0.0.1 port=%u user=dbapi dbname=test sslmode=verify-full sslrootcert=%s %s",
             proxy_port(between), tls_text("@/root.crt"), more);
    return dsn;
}

static proxy *start(proxy_manner manner)
{
    tls_use("rsa");
    return proxy_start(&(proxy_options){ .port = (unsigned)strtoul(test_variable("PGPORT"), NULL, 10), .manner = manner });
}

static dbapi_connection_t *connect_over(const proxy *between, const char *more)
{
    dbapi_connection_t *connection = connect_dsn(dsn_of(between, more));
    CHECK_INT(dbapi_connection_ssl_in_use(connection), true);
    return connection;
}

/* A text that does not repeat itself soon; freed by the caller. */
static char *long_text(size_t length)
{
    char *text = malloc(length + 1);
    uint32_t seed = 12345;
    CHECK(text != NULL);
    for (size_t i = 0; i < length; i++) {
        seed = seed * 1664525 + 1013904223;
        text[i] = (char)('a' + (seed >> 24) % 26);
    }
    text[length] = '\0';
    return text;
}

/* ---- the same rows ---- */

static void check_many_rows(dbapi_cursor_t *cursor, size_t count)
{
    char sql[200];
    const dbapi_value_t *rows = NULL;
    size_t got = 0;
    snprintf(sql, sizeof sql, "SELECT i, repeat(md5(i::text), 1 + i %% 7), NULL::int FROM generate_series(1, %zu) AS i", count);
    run(cursor, sql);
    CHECK_OK(dbapi_fetchall(cursor, &rows, &got, &failure));
    CHECK_SIZE(got, count);
    for (size_t i = 0; i < got; i++) {
        const dbapi_value_t *row = &rows[3 * i];
        CHECK_INT(row[0].as.integer, i + 1);
        CHECK_SIZE(row[1].as.text.length, 32 * (1 + (i + 1) % 7));
        CHECK_BYTES(row[1].as.text.data, 32, row[1].as.text.data + row[1].as.text.length - 32, 32);
        CHECK_INT(row[2].kind, DBAPI_KIND_NULL);
    }
}

/* There and back again, and what the server made of it. */
static void check_long_value(dbapi_cursor_t *cursor, size_t length)
{
    char *text = long_text(length);
    const dbapi_value_t parameters[] = { DBAPI_TEXT_N(text, length), DBAPI_TEXT_N(text, length) };
    CHECK_OK(dbapi_execute(cursor, "SELECT %s::text, length(%s::text)", parameters, 2, &failure));
    const dbapi_value_t *row = fetch_row(cursor);
    CHECK_SIZE(row[0].as.text.length, length);
    CHECK(memcmp(row[0].as.text.data, text, length) == 0);
    CHECK_INT(row[1].as.integer, length);
    free(text);
}

static void check_session(proxy_manner manner, size_t size, const char *version, const char *timeout)
{
    char options[80];
    proxy *between = start(manner);
    snprintf(options, sizeof options, "ssl_max_protocol_version=%s timeout=%s", version, timeout);
    dbapi_connection_t *connection = connect_over(between, options);
    CHECK_TEXT(dbapi_connection_ssl_attribute(connection, "protocol"), version);
    dbapi_cursor_t *cursor = cursor_of(connection);
    check_many_rows(cursor, size / 200);
    check_long_value(cursor, size);
    check_many_rows(cursor, 1);
    CHECK_OK(dbapi_commit(connection, &failure));
    dbapi_cursor_free(cursor);
    CHECK_OK(dbapi_close(connection, &failure));
    dbapi_connection_free(connection);
    CHECK(proxy_carried(between, PROXY_CLIENT) > size && proxy_carried(between, PROXY_SERVER) > size);
    CHECK_SIZE(proxy_connections(between), 1);
    proxy_finish(between);
}

/* With a deadline the socket is waited for: what TLS holds already must not be. */
static void check_rows(proxy_manner manner, size_t size)
{
    for (size_t i = 0; i < COUNT(versions); i++) {
        check_session(manner, size, versions[i], "0");
        check_session(manner, size, versions[i], "30");
    }
}

static void rows_are_the_same_one_byte_at_a_time(void)
{
    check_rows(PROXY_DRIBBLE, scaled(200000));
}

static void rows_are_the_same_many_records_at_once(void)
{
    check_rows(PROXY_COALESCE, scaled(4000000));
}

static void rows_are_the_same_as_they_come(void)
{
    check_rows(PROXY_PLAIN, scaled(20000000));
}

/* ---- both sides writing ---- */

/* Whoever does not read while it writes stands still: sockets, proxy and TLS hold less than either side has. */
static void check_both_directions(proxy_manner manner, size_t rows)
{
    enum { SIZE = 10000 };
    char *text = long_text(SIZE);
    dbapi_value_t *params = calloc(rows, sizeof *params);
    CHECK(params != NULL);
    for (size_t i = 0; i < rows; i++) {
        params[i] = DBAPI_TEXT_N(text, SIZE);
    }
    proxy *between = start(manner);
    dbapi_connection_t *connection = connect_over(between, "");
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_OK(dbapi_executemany(cursor, "SELECT %s::text || %s::text", params, 2, rows / 2, &failure));
    CHECK_INT(dbapi_rowcount(cursor), rows / 2);
    run(cursor, "CREATE FUNCTION pg_temp.loud(text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', $1; RETURN 1; END $$");
    CHECK_OK(dbapi_executemany(cursor, "SELECT pg_temp.loud(%s)", params, 1, rows, &failure));
    CHECK_INT(dbapi_rowcount(cursor), rows);
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    proxy_finish(between);
    free(params);
    free(text);
}

static void much_in_both_directions(void)
{
    check_both_directions(PROXY_PLAIN, scaled(4000));
    check_both_directions(PROXY_COALESCE, scaled(2000));
}

/* ---- cut ---- */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* A session: connects, asks for rows with a parameter, commits. Answers the first call's status that is not DBAPI_OK. */
static dbapi_status_t session(const proxy *between, const char *text, dbapi_connection_t **connection)
{
    const dbapi_value_t parameters[] = { DBAPI_TEXT(text) };
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    dbapi_cursor_t *cursor = NULL;
    dbapi_status_t status = dbapi_connect(dsn_of(between, "connect_timeout=10"), connection, &failure);
    if (status == DBAPI_OK) {
        cursor = cursor_of(*connection);
        status = dbapi_execute(cursor, "SELECT %s::text || i FROM generate_series(1, 10) AS i", parameters, 1, &failure);
    }
    if (status == DBAPI_OK) {
        CHECK_OK(dbapi_fetchall(cursor, &rows, &count, &failure));
        CHECK_SIZE(count, 10);
        status = dbapi_commit(*connection, &failure);
    }
    dbapi_cursor_free(cursor);
    return status;
}

/* Cuts a session off after so many bytes of one side's. */
static void check_cut(proxy_side side, size_t bytes, const char *text)
{
    dbapi_connection_t *connection = NULL;
    proxy *between = start(PROXY_PLAIN);
    double began = now();
    proxy_cut_after(between, side, bytes);
    dbapi_status_t status = session(between, text, &connection);
    const char *which = side == PROXY_CLIENT ? "the client's" : "the server's";
    if (status != DBAPI_OPERATIONAL_ERROR) {
        FAIL("cut after %zu of %s bytes: status %s, expected DBAPI_OPERATIONAL_ERROR", bytes, which, status_name(status));
    }
    if (dbapi_error_connection_usable(failure) || dbapi_error_timed_out(failure)) {
        FAIL("cut after %zu of %s bytes: the error calls the connection usable, or timed out: %s", bytes, which,
             dbapi_error_message(failure));
    }
    if (connection != NULL && dbapi_connection_closed(connection) != 2) {
        FAIL("cut after %zu of %s bytes: dbapi_connection_closed is %d, expected 2", bytes, which,
             (int)dbapi_connection_closed(connection));
    }
    clear_failure();
    dbapi_connection_free(connection);
    if (now() - began > 9) {
        FAIL("cut after %zu of %s bytes: the error took %.1f s", bytes, which, now() - began);
    }
    proxy_finish(between);
}

static void cut_at_many_points(void)
{
    enum { POINTS = 60, POINTS_UNDER_VALGRIND = 4 };
    char *text = long_text(20000);
    dbapi_connection_t *connection = NULL;
    size_t totals[2];
    size_t points = getenv("DBAPI_TEST_VALGRIND") == NULL ? POINTS : POINTS_UNDER_VALGRIND;

    /* A session that is not cut says how many bytes there are up to its end. */
    proxy *between = start(PROXY_PLAIN);
    CHECK_OK(session(between, text, &connection));
    totals[PROXY_CLIENT] = proxy_carried(between, PROXY_CLIENT);
    totals[PROXY_SERVER] = proxy_carried(between, PROXY_SERVER);
    dbapi_connection_free(connection);
    proxy_finish(between);

    for (int side = 0; side < 2; side++) {
        /* The answer to commit comes last: a cut a little before the end still takes it away. */
        size_t last = totals[side] - 20;
        for (size_t i = 0; i <= points; i++) {
            check_cut((proxy_side)side, last * i / points, text);
        }
        /* The beginning is where the messages are small. */
        for (size_t i = 0; i < points; i++) {
            check_cut((proxy_side)side, i, text);
        }
    }
    free(text);
}

/* ---- silence ---- */

static void connecting_to_silence_ends_with_connect_timeout(void)
{
    dbapi_connection_t *connection = NULL;
    proxy *between = start(PROXY_PLAIN);
    proxy_hold(between, true);
    double began = now();
    CHECK_ERROR(dbapi_connect(dsn_of(between, "connect_timeout=2"), &connection, &failure), DBAPI_OPERATIONAL_ERROR,
                ANY_SQLSTATE, "timeout");
    CHECK_INT(dbapi_error_timed_out(failure), true);
    clear_failure();
    CHECK(now() - began < 8);
    proxy_finish(between);
}

static void *plug_in(void *context)
{
    nanosleep(&(struct timespec){ .tv_sec = 0, .tv_nsec = 300000000 }, NULL);
    proxy_hold(context, false);
    return NULL;
}

/* A network that comes back in time is none the worse. */
static void silence_that_ends(void)
{
    pthread_t thread;
    proxy *between = start(PROXY_PLAIN);
    dbapi_connection_t *connection = connect_over(between, "");
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    double began = now();
    proxy_hold(between, true);
    CHECK_INT(pthread_create(&thread, NULL, plug_in, between), 0);
    const char *answer = query_text(cursor, "SELECT 2");
    pthread_join(thread, NULL);
    CHECK_TEXT(answer, "2");
    CHECK(now() - began >= 0.29);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    proxy_finish(between);
}

/* ---- cancelling ---- */

typedef struct sleeper {
    dbapi_cursor_t *cursor;
    dbapi_status_t status;
    dbapi_error_t *error;
} sleeper;

static void *sleep_on_the_server(void *context)
{
    sleeper *one = context;
    one->status = dbapi_execute(one->cursor, "SELECT pg_sleep(60) /* t29 */", NULL, 0, &one->error);
    return NULL;
}

/* SECURITY "several hosts, reconnects, cancel": a request to cancel is encrypted as the connection is, and the key goes
 * to nobody who does not show the certificate that is asked for. */
static void cancelling_goes_over_tls_and_verifies(void)
{
    static const char asleep[] = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
                                 " AND query LIKE 'SELECT pg_sleep(60) /* t29 */'";
    pthread_t thread;
    sleeper one = { .cursor = NULL };
    proxy *between = start(PROXY_PLAIN);
    dbapi_connection_t *connection = connect_over(between, "timeout=50");
    one.cursor = cursor_of(connection);
    CHECK_INT(pthread_create(&thread, NULL, sleep_on_the_server, &one), 0);
    wait_outside(asleep, "1");

    tls_use("unknown");
    CHECK_FAILS(dbapi_connection_cancel(connection, &failure), DBAPI_OPERATIONAL_ERROR, ANY_SQLSTATE, "certificate verify failed");
    tls_use("rsa");
    CHECK_TEXT(outside(asleep), "1");

    size_t before = proxy_carried(between, PROXY_CLIENT);
    CHECK_OK(dbapi_connection_cancel(connection, &failure));
    pthread_join(thread, NULL);
    CHECK_INT(one.status, DBAPI_OPERATIONAL_ERROR);
    CHECK_TEXT(dbapi_error_sqlstate(one.error), "57014");
    dbapi_error_free(one.error);
    CHECK_SIZE(proxy_connections(between), 3);
    /* In the clear the request has 16 bytes; a ClientHello alone has more than 200. */
    CHECK(proxy_carried(between, PROXY_CLIENT) - before > 200);
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_TEXT(query_text(one.cursor, "SELECT 1"), "1");
    dbapi_cursor_free(one.cursor);
    dbapi_connection_free(connection);
    proxy_finish(between);
}

CHECK_MAIN(CASE(rows_are_the_same_one_byte_at_a_time), CASE(rows_are_the_same_many_records_at_once), CASE(rows_are_the_same_as_they_come),
           CASE(much_in_both_directions), CASE(cut_at_many_points), CASE(connecting_to_silence_ends_with_connect_timeout),
           CASE(silence_that_ends), CASE(cancelling_goes_over_tls_and_verifies))
