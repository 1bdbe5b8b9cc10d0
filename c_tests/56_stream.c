/* Streamed results: rows arrive as they are fetched, in bounded memory, and the connection is theirs until the end. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"
#include "fake_server.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;
/* How often a statement is run before it is looked at: at its fourth use it is prepared, and not described first. */
static int uses_before;

/* Runs a statement, the last time so that its result is open. */
static void run_often(const char *sql)
{
    for (int use = 0; use < uses_before; use++) {
        run(cursor, sql);
    }
    run(cursor, sql);
}

static void open_cursor(bool autocommit)
{
    connection = connect_test();
    CHECK_OK(dbapi_connection_set_autocommit(connection, autocommit, &failure));
    cursor = cursor_of(connection);
    CHECK(!dbapi_cursor_stream(cursor));
    CHECK_OK(dbapi_cursor_set_stream(cursor, true, &failure));
    CHECK(dbapi_cursor_stream(cursor));
}

static void close_cursor(void)
{
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Nothing is open any more, and the connection is as good as ever. */
static void check_usable(void)
{
    dbapi_cursor_t *other = cursor_of(connection);
    CHECK_TEXT(query_text(other, "SELECT 1"), "1");
    dbapi_cursor_free(other);
}

static const int32_t formats[] = { DBAPI_FORMAT_TEXT, DBAPI_FORMAT_BINARY, DBAPI_FORMAT_AUTO };

static void rows_in_order(void)
{
    for (int f = 0; f < 3; f++) {
        for (int autocommit = 0; autocommit < 2; autocommit++) {
            open_cursor(autocommit);
            CHECK_OK(dbapi_cursor_set_result_format(cursor, formats[f], &failure));
            for (int use = 0; use <= uses_before; use++) {
                dbapi_value_t count = DBAPI_INT(use < uses_before ? 10 : 200000);
                CHECK_OK(dbapi_execute(cursor, "SELECT i, 'row ' || i, CASE WHEN i %% 3 = 0 THEN NULL ELSE i / 4.0::float8 END"
                                               " FROM generate_series(1, %s) i", &count, 1, &failure));
            }
            size_t columns = 0;
            CHECK_TEXT(dbapi_description(cursor, &columns)[0].name, "i");
            CHECK_SIZE(columns, 3);
            CHECK_INT(dbapi_rowcount(cursor), -1);
            CHECK_INT(dbapi_connection_transaction_status(connection), 1);
            int64_t at = 0;
            /* One by one, and in blocks of all sizes. */
            for (size_t size = 1; at < 200000; size = size * 3 % 7001) {
                const dbapi_value_t *rows = NULL;
                size_t got = 0;
                if (size % 2) {
                    CHECK_OK(dbapi_fetchmany(cursor, size, &rows, &got, &failure));
                    CHECK(got == size || at + (int64_t)got == 200000);
                } else {
                    CHECK_OK(dbapi_fetchone(cursor, &rows, &failure));
                    got = 1;
                }
                for (size_t i = 0; i < got; i++, rows += 3) {
                    char text[32];
                    at++;
                    CHECK(rows[0].kind == DBAPI_KIND_INT && rows[0].as.integer == at);
                    snprintf(text, sizeof text, "row %" PRId64, at);
                    CHECK(strcmp(rows[1].as.text.data, text) == 0);
                    CHECK(at % 3 == 0 ? rows[2].kind == DBAPI_KIND_NULL : rows[2].as.floating == (double)at / 4);
                }
                CHECK_INT(dbapi_rownumber(cursor), at);
            }
            check_end(cursor);
            check_end(cursor);
            CHECK_INT(dbapi_rowcount(cursor), 200000);
            CHECK_TEXT(dbapi_cursor_statusmessage(cursor), "SELECT 200000");
            CHECK_INT(dbapi_connection_transaction_status(connection), autocommit ? 0 : 2);
            check_usable();
            close_cursor();
        }
    }
}

static void few_rows_none_and_no_result(void)
{
    open_cursor(false);
    for (int use = 0; use < 5; use++) {
        run(cursor, "SELECT 1 WHERE false");
        CHECK(dbapi_description(cursor, NULL) != NULL);
        check_end(cursor);
        CHECK_INT(dbapi_rowcount(cursor), 0);
        run(cursor, "SELECT 7");
        CHECK_INT(fetch_row(cursor)[0].as.integer, 7);
        /* Its end has not been fetched; the next statement ends it. */
        run(cursor, "SELECT 8");
        CHECK_INT(fetch_row(cursor)[0].as.integer, 8);
        check_end(cursor);
        const dbapi_value_t *rows = NULL;
        size_t count = 0;
        run(cursor, "SELECT i FROM generate_series(1, 50000) i");
        CHECK_OK(dbapi_fetchall(cursor, &rows, &count, &failure));
        CHECK_SIZE(count, 50000);
        CHECK_INT(rows[49999].as.integer, 50000);
        check_end(cursor);
        run(cursor, "CREATE TEMP TABLE IF NOT EXISTS t56 (a int)");
        CHECK(dbapi_description(cursor, NULL) == NULL);
        run(cursor, "INSERT INTO t56 VALUES (1), (2)");
        CHECK_INT(dbapi_rowcount(cursor), 2);
        CHECK_FAILS(dbapi_fetchone(cursor, &rows, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "no results");
        check_usable();
        run(cursor, "INSERT INTO t56 VALUES (3) RETURNING a");
        CHECK_INT(fetch_row(cursor)[0].as.integer, 3);
        check_end(cursor);
        CHECK_OK(dbapi_commit(connection, &failure));
    }
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1; SELECT 2", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "42601", "multiple commands");
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1/0", NULL, 0, &failure), DBAPI_DATA_ERROR, "22012", "division");
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_FAILS(dbapi_execute(cursor, "SELEKT", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "42601", "SELEKT");
    CHECK_OK(dbapi_rollback(connection, &failure));
    check_usable();
    close_cursor();
}

static void the_connection_is_its_own(void)
{
    open_cursor(false);
    dbapi_cursor_t *other = cursor_of(connection);
    run(cursor, "SELECT i FROM generate_series(1, 1000000) i");
    CHECK_INT(fetch_row(cursor)[0].as.integer, 1);
    dbapi_notify_t *notify = NULL;
    CHECK_FAILS(dbapi_execute(other, "SELECT 1", NULL, 0, &failure), DBAPI_INTERFACE_ERROR, NULL, "streamed result is open");
    CHECK_FAILS(dbapi_commit(connection, &failure), DBAPI_INTERFACE_ERROR, NULL, "streamed result is open");
    CHECK_FAILS(dbapi_rollback(connection, &failure), DBAPI_INTERFACE_ERROR, NULL, "streamed result is open");
    CHECK_FAILS(dbapi_connection_wait_notify(connection, 0, &notify, &failure), DBAPI_INTERFACE_ERROR, NULL, "streamed result is open");
    CHECK_FAILS(dbapi_scroll(cursor, 1, DBAPI_SCROLL_RELATIVE, &failure), DBAPI_NOT_SUPPORTED_ERROR, NULL, "one after the other");
    /* What was refused has disturbed nothing. */
    for (int i = 2; i < 5000; i++) {
        CHECK_INT(fetch_row(cursor)[0].as.integer, i);
    }
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    CHECK_OK(dbapi_execute(other, "SELECT 1", NULL, 0, &failure));
    CHECK_OK(dbapi_commit(connection, &failure));
    dbapi_cursor_free(other);
    close_cursor();
}

/* Closed early, in each state of the connection: what went before stays, and it takes no time. */
static void closed_early(void)
{
    for (int way = 0; way < 3; way++) {
        for (int autocommit = 0; autocommit < 2; autocommit++) {
            open_cursor(autocommit);
            dbapi_cursor_t *other = cursor_of(connection);
            run(other, "CREATE TEMP TABLE t56 (a int)");
            run(other, "INSERT INTO t56 VALUES (1)");
            run_often("SELECT generate_series(1, 200000000), repeat('x', 100)");
            CHECK_INT(fetch_row(cursor)[0].as.integer, 1);
            double began = now();
            if (way == 0) {
                CHECK_OK(dbapi_cursor_close(cursor, &failure));
            } else if (way == 1) {
                dbapi_cursor_free(cursor);
            } else {
                run(cursor, "SELECT 5");
                CHECK_INT(fetch_row(cursor)[0].as.integer, 5);
                check_end(cursor);
            }
            CHECK_TEXT(query_text(other, "SELECT count(*) FROM t56"), "1");
            CHECK(now() - began < 10);
            CHECK_INT(dbapi_connection_transaction_status(connection), autocommit ? 0 : 2);
            CHECK_OK(dbapi_commit(connection, &failure));
            CHECK_TEXT(query_text(other, "SELECT count(*) FROM t56"), "1");
            dbapi_cursor_free(other);
            if (way != 1) {
                dbapi_cursor_free(cursor);
            }
            dbapi_connection_free(connection);
        }
    }
    /* A server that is at work and says nothing is told to stop. */
    for (int autocommit = 0; autocommit < 2; autocommit++) {
        open_cursor(autocommit);
        CHECK_OK(dbapi_cursor_set_timeout(cursor, 20000, &failure));
        run_often("SELECT i, pg_sleep(CASE WHEN i = 3000 THEN 60 ELSE 0 END) FROM generate_series(1, 100000) i");
        CHECK_INT(fetch_row(cursor)[0].as.integer, 1);
        double began = now();
        CHECK_OK(dbapi_cursor_close(cursor, &failure));
        CHECK(now() - began < 10);
        CHECK_INT(dbapi_connection_transaction_status(connection), autocommit ? 0 : 2);
        check_usable();
        close_cursor();
    }
    /* What changes something is not cancelled. */
    open_cursor(true);
    run(cursor, "CREATE TEMP TABLE t56 (a int)");
    run_often("INSERT INTO t56 SELECT i FROM generate_series(1, 300000) i RETURNING a, repeat('x', 100)");
    CHECK_INT(fetch_row(cursor)[0].as.integer, 1);
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    dbapi_cursor_free(cursor);
    cursor = cursor_of(connection);
    char expected[32];
    snprintf(expected, sizeof expected, "%d", 300000 * (uses_before + 1));
    CHECK_TEXT(query_text(cursor, "SELECT count(*) FROM t56"), expected);
    close_cursor();
    /* The connection may go first. */
    open_cursor(false);
    run(cursor, "SELECT i FROM generate_series(1, 1000000) i");
    CHECK_OK(dbapi_close(connection, &failure));
    const dbapi_value_t *row = NULL;
    CHECK_FAILS(dbapi_fetchone(cursor, &row, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    close_cursor();
}

static void an_error_in_the_midst(void)
{
    for (int autocommit = 0; autocommit < 2; autocommit++) {
        for (int size = 1; size <= 1000; size *= 10) {
            open_cursor(autocommit);
            CHECK_OK(dbapi_cursor_set_result_format(cursor, DBAPI_FORMAT_BINARY, &failure));
            run_often("SELECT i, 10 / (70001 - i) FROM generate_series(1, 100000) i");
            int64_t at = 0;
            dbapi_status_t status;
            for (;;) {
                const dbapi_value_t *rows = NULL;
                size_t got = 0;
                dbapi_error_t *error = NULL;
                status = dbapi_fetchmany(cursor, (size_t)size, &rows, &got, &error);
                if (status != DBAPI_OK) {
                    CHECK_INT(status, DBAPI_DATA_ERROR);
                    CHECK_TEXT(dbapi_error_sqlstate(error), "22012");
                    dbapi_error_free(error);
                    break;
                }
                for (size_t i = 0; i < got; i++) {
                    CHECK(rows[2 * i].as.integer == ++at);
                }
            }
            /* All rows before it. */
            CHECK_INT(at, 70000);
            CHECK_INT(dbapi_connection_transaction_status(connection), autocommit ? 0 : 3);
            CHECK_OK(dbapi_rollback(connection, &failure));
            check_usable();
            close_cursor();
        }
    }
}

/* A reader in a thread of its own, and how it ended. */
typedef struct {
    int64_t rows;
    dbapi_status_t status;
    dbapi_error_t *error;
} reader;

static void *read_on(void *argument)
{
    reader *one = argument;
    const dbapi_value_t *row = NULL;
    while ((one->status = dbapi_fetchone(cursor, &row, &one->error)) == DBAPI_OK) {
        one->rows++;
    }
    return NULL;
}

static void cancelled_and_out_of_time(void)
{
    open_cursor(false);
    const dbapi_value_t *row = NULL;
    pthread_t thread;
    reader one = { 0, DBAPI_OK, NULL };
    dbapi_status_t status;
    dbapi_error_t *error = NULL;
    run_often("SELECT i, pg_sleep(CASE WHEN i = 3000 THEN 60 ELSE 0 END), 't56' FROM generate_series(1, 100000) i");
    CHECK(pthread_create(&thread, NULL, read_on, &one) == 0);
    wait_outside("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%t56%' AND wait_event = 'PgSleep'", "1");
    CHECK_OK(dbapi_connection_cancel(connection, &failure));
    pthread_join(thread, NULL);
    CHECK_INT(one.status, DBAPI_OPERATIONAL_ERROR);
    CHECK_TEXT(dbapi_error_sqlstate(one.error), "57014");
    dbapi_error_free(one.error);
    CHECK(one.rows < 3000);
    CHECK_INT(dbapi_connection_transaction_status(connection), 3);
    CHECK_OK(dbapi_rollback(connection, &failure));

    CHECK_OK(dbapi_cursor_set_timeout(cursor, 500, &failure));
    run_often("SELECT i, pg_sleep(CASE WHEN i = 3000 THEN 60 ELSE 0 END) FROM generate_series(1, 100000) i");
    while ((status = dbapi_fetchone(cursor, &row, &error)) == DBAPI_OK) {
    }
    CHECK_INT(status, DBAPI_OPERATIONAL_ERROR);
    CHECK_CONTAINS(dbapi_error_message(error), "timeout");
    CHECK(dbapi_error_timed_out(error));
    dbapi_error_free(error);
    CHECK_OK(dbapi_rollback(connection, &failure));
    check_usable();
    close_cursor();
}

/* How much memory the process has had at most, in KiB. */
static long peak(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[200];
    long kib = -1;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "VmHWM: %ld", &kib) == 1) {
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return kib;
}

/* 300 MB of rows, and a reader who is slow at first. */
static void memory_is_bounded(void)
{
    open_cursor(false);
    long before = peak();
    run(cursor, "SELECT i, repeat('x', 1000) FROM generate_series(1, 300000) i");
    struct timespec pause = { 0, 200000000 };
    nanosleep(&pause, NULL);
    const dbapi_value_t *rows = NULL;
    size_t got = 0;
    int64_t count = 0;
    while (dbapi_fetchmany(cursor, 100, &rows, &got, &failure) == DBAPI_OK) {
        count += (int64_t)got;
    }
    CHECK_INT(count, 300000);
    if (getenv("DBAPI_TEST_VALGRIND") == NULL && before > 0) {
        CHECK(peak() - before < 12 * 1024);
    }
    close_cursor();
}

/* Types that must be looked up, while nothing else can be asked. */
static void types_of_the_users(void)
{
    run_outside("DROP TYPE IF EXISTS t56_pair");
    run_outside("CREATE TYPE t56_pair AS (a int, b text)");
    for (int f = 0; f < 3; f++) {
        for (int autocommit = 0; autocommit < 2; autocommit++) {
            open_cursor(autocommit);
            CHECK_OK(dbapi_cursor_set_result_format(cursor, formats[f], &failure));
            for (int use = 0; use < 5; use++) {
                dbapi_value_t least = DBAPI_INT(1);
                CHECK_OK(dbapi_execute(cursor, "SELECT ROW(i, 'x')::t56_pair FROM generate_series(%s, 3) i", &least, 1, &failure));
                for (int i = 1; i <= 3; i++) {
                    const dbapi_value_t *row = fetch_row(cursor);
                    CHECK_INT(row[0].kind, DBAPI_KIND_COMPOSITE);
                    CHECK_INT(row[0].as.composite->fields[0].as.integer, i);
                    CHECK_TEXT(row[0].as.composite->names[1], "b");
                }
                check_end(cursor);
            }
            CHECK_OK(dbapi_commit(connection, &failure));
            close_cursor();
        }
    }
    run_outside("DROP TYPE t56_pair");
}

/* What a fetch gave lives until the next one, however many packets it came in. */
static void rows_of_a_block_stay(void)
{
    open_cursor(false);
    run(cursor, "SELECT i, repeat(chr(97 + i % 26), 300) FROM generate_series(1, 40000) i");
    int64_t at = 0;
    for (;;) {
        const dbapi_value_t *rows = NULL;
        size_t got = 0;
        if (dbapi_fetchmany(cursor, 7000, &rows, &got, &failure) != DBAPI_OK) {
            break;
        }
        for (size_t i = 0; i < got; i++) {
            at++;
            CHECK_INT(rows[2 * i].as.integer, at);
            CHECK(rows[2 * i + 1].as.text.length == 300);
            for (size_t c = 0; c < 300; c++) {
                CHECK(rows[2 * i + 1].as.text.data[c] == (char)(97 + at % 26));
            }
        }
    }
    CHECK_INT(at, 40000);
    close_cursor();
}

/* The session ends behind rows that have come: they are there first, then what ended it. */
static void the_session_is_ended(void)
{
    open_cursor(true);
    char end[100];
    run_often("SELECT i, pg_sleep(CASE WHEN i = 3000 THEN 60 ELSE 0 END) FROM generate_series(1, 100000) i");
    snprintf(end, sizeof end, "SELECT pg_terminate_backend(%d)", (int)dbapi_connection_backend_pid(connection));
    CHECK_TEXT(outside(end), "t");
    const dbapi_value_t *rows = NULL;
    size_t got = 0;
    CHECK_OK(dbapi_fetchmany(cursor, 90000, &rows, &got, &failure));
    CHECK(got > 0 && got < 3000);
    CHECK_INT(rows[0].as.integer, 1);
    CHECK_FAILS(dbapi_fetchone(cursor, &rows, &failure), DBAPI_OPERATIONAL_ERROR, "57P01", "terminating connection");
    CHECK_FAILS(dbapi_fetchone(cursor, &rows, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    close_cursor();
}

static void wrong_calls(void)
{
    open_cursor(false);
    dbapi_cursor_t *named = NULL;
    CHECK_OK(dbapi_cursor_named(connection, "a name", -1, false, &named, &failure));
    CHECK_FAILS(dbapi_cursor_set_stream(named, true, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "named cursor");
    CHECK_OK(dbapi_cursor_set_stream(named, false, &failure));
    dbapi_cursor_free(named);
    CHECK_FAILS(dbapi_cursor_set_stream(NULL, true, &failure), DBAPI_INTERFACE_ERROR, NULL, "NULL");
    CHECK(!dbapi_cursor_stream(NULL));
    CHECK_OK(dbapi_cursor_set_all_results(cursor, true, &failure));
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "all results");
    CHECK_OK(dbapi_cursor_set_all_results(cursor, false, &failure));
    /* COPY is refused, and leaves the connection usable. */
    CHECK_FAILS(dbapi_execute(cursor, "COPY (SELECT 1) TO STDOUT", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "COPY");
    CHECK_OK(dbapi_rollback(connection, &failure));
    check_usable();
    /* Literals in the statement. */
    CHECK_OK(dbapi_cursor_set_binding(cursor, DBAPI_BINDING_CLIENT, &failure));
    dbapi_value_t text = DBAPI_TEXT("it's");
    CHECK_OK(dbapi_execute(cursor, "SELECT %s", &text, 1, &failure));
    CHECK_TEXT(fetch_row(cursor)[0].as.text.data, "it's");
    CHECK_CONTAINS(dbapi_cursor_query(cursor), "'it''s'");
    check_end(cursor);
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    CHECK_FAILS(dbapi_cursor_set_stream(cursor, true, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    close_cursor();
}

/* A scripted server's first row of a statement that is streamed, and, as long as it is not prepared, described first. */
static void answer_streamed(fake_server *fake, bool described)
{
    if (described) {
        fake_expect(fake, 'P', NULL);
        fake_expect(fake, 'D', NULL);
        fake_expect(fake, 'H', NULL);
        fake_send(fake, "1\0\0\0\4t\0\0\0\6\0\0", 12);
        fake_send_columns(fake, 1, 23);
    }
    fake_expect(fake, 'B', NULL);
    fake_expect(fake, 'E', NULL);
    fake_expect(fake, 'S', NULL);
    fake_send(fake, "2\0\0\0\4", 5);
    fake_send_row(fake, 1, (const char *const[]){ "11" });
}

/* A connection to it. */
static void open_fake(const char *dsn)
{
    connection = connect_dsn(dsn);
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    cursor = cursor_of(connection);
    CHECK_OK(dbapi_cursor_set_stream(cursor, true, &failure));
    CHECK_OK(dbapi_cursor_set_result_format(cursor, DBAPI_FORMAT_TEXT, &failure));
}

/* The server ends in the midst of a row. */
static void the_server_vanishes(void)
{
    fake_server *fake = fake_new();
    fake_greet(fake);
    answer_streamed(fake, true);
    fake_send_row(fake, 1, (const char *const[]){ "12" });
    fake_send(fake, "D\0\0\0\14\0\1\0\0", 9);
    fake_start(fake);
    open_fake(fake_dsn(fake));
    run(cursor, "SELECT 1");
    CHECK_INT(fetch_row(cursor)[0].as.integer, 11);
    CHECK_INT(fetch_row(cursor)[0].as.integer, 12);
    const dbapi_value_t *row = NULL;
    CHECK_FAILS(dbapi_fetchone(cursor, &row, &failure), DBAPI_OPERATIONAL_ERROR, "08006", "in the middle of a message");
    CHECK_FAILS(dbapi_fetchone(cursor, &row, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_INT(dbapi_connection_closed(connection), 2);
    close_cursor();
    fake_finish(fake);
}

static void what_is_prepared_is_not_described_first(void)
{
    char dsn[500];
    fake_server *fake = fake_new();
    fake_greet(fake);
    for (int use = 1; use <= 5; use++) {
        if (use == 2) {
            /* Whether statements may be prepared: it is the server that let us in. */
            fake_expect(fake, 'Q', "SELECT pg_catalog.pg_backend_pid()");
            fake_send_columns(fake, 2, 23);
            fake_send_row(fake, 2, (const char *const[]){ "4128", "1" });
            fake_send_complete(fake, "SELECT 1");
            fake_send_ready(fake, 'I');
        }
        answer_streamed(fake, use <= 3);
        fake_send_complete(fake, "SELECT 1");
        fake_send_ready(fake, 'I');
    }
    fake_expect_close(fake);
    fake_start(fake);
    snprintf(dsn, sizeof dsn, "%s prepare_threshold=3", fake_dsn(fake));
    open_fake(dsn);
    for (int use = 0; use < 5; use++) {
        run(cursor, "SELECT 1");
        CHECK_TEXT(dbapi_description(cursor, NULL)[0].name, "c0");
        CHECK_INT(fetch_row(cursor)[0].as.integer, 11);
        check_end(cursor);
    }
    close_cursor();
    fake_finish(fake);
}

#define PREPARED(function)                                                                                                 \
    static void prepared_##function(void)                                                                                  \
    {                                                                                                                      \
        uses_before = 3;                                                                                                   \
        function();                                                                                                        \
        uses_before = 0;                                                                                                   \
    }
PREPARED(rows_in_order)
PREPARED(closed_early)
PREPARED(an_error_in_the_midst)
PREPARED(cancelled_and_out_of_time)

CHECK_MAIN(CASE(rows_in_order), CASE(few_rows_none_and_no_result), CASE(the_connection_is_its_own), CASE(closed_early),
           CASE(an_error_in_the_midst), CASE(cancelled_and_out_of_time), CASE(memory_is_bounded), CASE(types_of_the_users),
           CASE(rows_of_a_block_stay), CASE(the_session_is_ended), CASE(wrong_calls), CASE(the_server_vanishes),
           CASE(what_is_prepared_is_not_described_first), CASE(prepared_rows_in_order), CASE(prepared_closed_early),
           CASE(prepared_an_error_in_the_midst), CASE(prepared_cancelled_and_out_of_time))
