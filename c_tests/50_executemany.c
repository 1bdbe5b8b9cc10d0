/* executemany: one statement, many rows of parameters, in few round trips. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;

static void open_with_table(void)
{
    fresh_table("t50_test", "a int PRIMARY KEY, b text");
    connection = connect_test();
    cursor = cursor_of(connection);
}

static void close_both(void)
{
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void inserts_every_row(void)
{
    const dbapi_value_t params[] = {
        DBAPI_INT(1), DBAPI_TEXT("one"), DBAPI_INT(2), DBAPI_NULL, DBAPI_INT(3), DBAPI_TEXT("thr'ee"),
    };
    open_with_table();
    CHECK_OK(dbapi_executemany(cursor, "INSERT INTO t50_test VALUES (%s, %s)", params, 2, 3, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 3);
    CHECK_TEXT(outside("SELECT count(*) FROM t50_test"), "0");
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_TEXT(outside("SELECT string_agg(a || coalesce(b, '-'), ',' ORDER BY a) FROM t50_test"), "1one,2-,3thr'ee");
    close_both();
}

static void rowcount_is_the_sum(void)
{
    const dbapi_value_t limits[] = { DBAPI_INT(3), DBAPI_INT(0), DBAPI_INT(100) };
    open_with_table();
    run(cursor, "INSERT INTO t50_test SELECT g, 'x' FROM generate_series(1, 10) g");
    CHECK_OK(dbapi_executemany(cursor, "UPDATE t50_test SET b = 'y' WHERE a <= %s", limits, 1, 3, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 13);
    close_both();
}

static void zero_rows(void)
{
    const dbapi_value_t none[] = { DBAPI_NULL };
    open_with_table();
    CHECK_OK(dbapi_executemany(cursor, "INSERT INTO t50_test VALUES (%s, %s)", none, 2, 0, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 0);
    CHECK_OK(dbapi_executemany(cursor, "INSERT INTO t50_test VALUES (%s, %s)", NULL, 2, 0, &failure));
    /* How wide they are, a binding cannot know. */
    CHECK_OK(dbapi_executemany(cursor, "INSERT INTO t50_test VALUES (%s, %s)", NULL, 0, 0, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 0);
    CHECK_INT(dbapi_rowcount(cursor), 0);
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    close_both();
}

static void zero_parameters(void)
{
    open_with_table();
    run(cursor, "CREATE TEMP TABLE t (a serial)");
    CHECK_OK(dbapi_executemany(cursor, "INSERT INTO t DEFAULT VALUES", NULL, 0, 3, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 3);
    close_both();
}

static void results_are_discarded(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(1), DBAPI_INT(2) };
    const dbapi_value_t *row = NULL;
    size_t count = 0;
    open_with_table();
    CHECK_OK(dbapi_executemany(cursor, "SELECT generate_series(1, %s)", params, 1, 2, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 3);
    CHECK_PTR(dbapi_description(cursor, &count), NULL);
    CHECK_FAILS(dbapi_fetchone(cursor, &row, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "no results to fetch");
    close_both();
}

/* The types of parameters differ from row to row. */
static void each_row_has_its_own_types(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(1), DBAPI_NULL, DBAPI_INT(INT64_C(5000000000)), DBAPI_TEXT("7") };
    open_with_table();
    run(cursor, "CREATE TEMP TABLE t (a bigint)");
    CHECK_OK(dbapi_executemany(cursor, "INSERT INTO t VALUES (%s)", params, 1, 4, &failure));
    CHECK_TEXT(query_text(cursor, "SELECT count(*) || ' ' || sum(a) FROM t"), "4 5000000008");
    close_both();
}

static void the_error_says_which_row(void)
{
    dbapi_value_t params[200];
    for (size_t i = 0; i < 100; i++) {
        params[2 * i] = DBAPI_INT(i == 70 ? 5 : (int64_t)i);
        params[2 * i + 1] = DBAPI_TEXT("x");
    }
    open_with_table();
    CHECK_ERROR(dbapi_executemany(cursor, "INSERT INTO t50_test VALUES (%s, %s)", params, 2, 100, &failure), DBAPI_INTEGRITY_ERROR,
                "23505", "row 70");
    CHECK_INT(dbapi_error_row(failure), 70);
    CHECK_TEXT(dbapi_error_constraint_name(failure), "t50_test_pkey");
    CHECK_INT(dbapi_error_connection_usable(failure), true);
    clear_failure();
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INERROR);
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_TEXT(query_text(cursor, "SELECT count(*) FROM t50_test"), "0");

    /* A value that cannot be is found before anything is sent, and says its row as well. */
    CHECK_OK(dbapi_rollback(connection, &failure));
    params[2 * 42 + 1] = DBAPI_TEXT_N("a\0b", 3);
    CHECK_ERROR(dbapi_executemany(cursor, "INSERT INTO t50_test VALUES (%s, %s)", params, 2, 100, &failure), DBAPI_DATA_ERROR, "22021",
                "NUL");
    CHECK_INT(dbapi_error_row(failure), 42);
    clear_failure();
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    close_both();
}

/* An error of a single execute has no row. */
static void other_errors_have_no_row(void)
{
    open_with_table();
    CHECK_ERROR(dbapi_execute(cursor, "SELECT 1/0", NULL, 0, &failure), DBAPI_DATA_ERROR, "22012", NULL);
    CHECK_INT(dbapi_error_row(failure), -1);
    close_both();
}

/* In autocommit the rows are one transaction or none of our making: a failure leaves the state idle. */
static void in_autocommit(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(1), DBAPI_TEXT("a"), DBAPI_INT(2), DBAPI_TEXT("b") };
    open_with_table();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    CHECK_OK(dbapi_executemany(cursor, "INSERT INTO t50_test VALUES (%s, %s)", params, 2, 2, &failure));
    CHECK_TEXT(outside("SELECT count(*) FROM t50_test"), "2");
    CHECK_ERROR(dbapi_executemany(cursor, "INSERT INTO t50_test VALUES (%s, %s)", params, 2, 2, &failure), DBAPI_INTEGRITY_ERROR,
                "23505", NULL);
    CHECK_INT(dbapi_error_row(failure), 0);
    clear_failure();
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    CHECK_TEXT(query_text(cursor, "SELECT count(*) FROM t50_test"), "2");
    close_both();
}

/* With autocommit all rows happen or none, whether the server refuses one or it cannot be sent at all. */
static void all_or_nothing_in_autocommit(void)
{
    /* Two values that are short enough alone, and not together. They are measured, never read. */
    const size_t size = (size_t)600 << 20;
    char *large = calloc(size, 1);
    CHECK(large != NULL);
    const dbapi_value_t refused[] = { DBAPI_INT(1), DBAPI_TEXT("a"), DBAPI_INT(2), DBAPI_TEXT("b"), DBAPI_INT(1), DBAPI_TEXT("c") };
    const dbapi_value_t too_long[] = { DBAPI_INT(1), DBAPI_TEXT("a"), DBAPI_BYTES(large, size), DBAPI_BYTES(large, size) };
    open_with_table();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    CHECK_ERROR(dbapi_executemany(cursor, "INSERT INTO t50_test VALUES (%s, %s)", refused, 2, 3, &failure), DBAPI_INTEGRITY_ERROR,
                "23505", NULL);
    CHECK_INT(dbapi_error_row(failure), 2);
    clear_failure();
    CHECK_TEXT(outside("SELECT count(*) FROM t50_test"), "0");
    CHECK_ERROR(dbapi_executemany(cursor, "INSERT INTO t50_test VALUES (%s, %s)", too_long, 2, 2, &failure), DBAPI_DATA_ERROR,
                "54000", "parameter 2");
    CHECK_INT(dbapi_error_row(failure), 1);
    clear_failure();
    CHECK_TEXT(outside("SELECT count(*) FROM t50_test"), "0");
    close_both();
    free(large);
}

/* Both sides have more to write than the sockets hold: whoever does not read while it writes stands still. */
static void much_in_both_directions(void)
{
    enum { ROWS = 2000, SIZE = 10000 };
    char *text = malloc(SIZE);
    dbapi_value_t *params = calloc(ROWS, sizeof *params);
    CHECK(text != NULL && params != NULL);
    memset(text, 'z', SIZE);
    for (size_t i = 0; i < ROWS; i++) {
        params[i] = DBAPI_TEXT_N(text, SIZE);
    }
    open_with_table();
    CHECK_OK(dbapi_executemany(cursor, "SELECT %s::text || %s::text", params, 2, ROWS / 2, &failure));
    CHECK_INT(dbapi_rowcount(cursor), ROWS / 2);
    run(cursor, "CREATE FUNCTION pg_temp.loud(text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', $1; RETURN 1; END $$");
    CHECK_OK(dbapi_executemany(cursor, "SELECT pg_temp.loud(%s)", params, 1, ROWS, &failure));
    CHECK_INT(dbapi_rowcount(cursor), ROWS);
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    free(params);
    free(text);
    close_both();
}

/* The most memory that this process has had, in KiB. */
static long most_memory(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* Under valgrind or a sanitizer: with memory of its own. */
static bool watched(void)
{
    return getenv("DBAPI_TEST_VALGRIND") != NULL || getenv("DBAPI_TEST_SANITIZER") != NULL;
}

/* 100,000 rows, with something wrong in the middle; whatever it is, the rows of before are not there. */
static void an_error_in_row_50000(void)
{
    enum { ROWS = 100000, BAD = 50000 };
    static const char insert[] = "INSERT INTO t50_test VALUES (%s, %s)";
    dbapi_value_t *params = calloc((size_t)ROWS * 2, sizeof *params);
    CHECK(params != NULL);
    for (size_t i = 0; i < ROWS; i++) {
        params[2 * i] = DBAPI_INT((int64_t)i);
        params[2 * i + 1] = i % 3 == 0 ? DBAPI_NULL : DBAPI_TEXT("a text of some length");
    }
    for (int autocommit = 0; autocommit < 2; autocommit++) {
        long before;
        open_with_table();
        CHECK_OK(dbapi_connection_set_autocommit(connection, autocommit, &failure));
        /* Once without a fault, and rolled back or taken out again: that is what memory it takes. */
        CHECK_OK(dbapi_executemany(cursor, insert, params, 2, ROWS, &failure));
        CHECK_INT(dbapi_rowcount(cursor), ROWS);
        run(cursor, "TRUNCATE t50_test");
        CHECK_OK(dbapi_commit(connection, &failure));
        before = most_memory();

        params[2 * BAD] = DBAPI_INT(BAD - 1);
        CHECK_ERROR(dbapi_executemany(cursor, insert, params, 2, ROWS, &failure), DBAPI_INTEGRITY_ERROR, "23505", "row 50000");
        CHECK_INT(dbapi_error_row(failure), BAD);
        CHECK_INT(dbapi_error_connection_usable(failure), true);
        clear_failure();
        params[2 * BAD] = DBAPI_INT(BAD);
        CHECK_INT(dbapi_connection_transaction_status(connection), autocommit ? DBAPI_TRANSACTION_IDLE : DBAPI_TRANSACTION_INERROR);
        CHECK_TEXT(outside("SELECT count(*) FROM t50_test"), "0");
        CHECK_OK(dbapi_rollback(connection, &failure));

        /* A value that cannot be sent: nothing has begun. */
        params[2 * BAD + 1] = DBAPI_TEXT_N("\xff", 1);
        CHECK_ERROR(dbapi_executemany(cursor, insert, params, 2, ROWS, &failure), DBAPI_DATA_ERROR, "22021", "parameter 2");
        CHECK_INT(dbapi_error_row(failure), BAD);
        clear_failure();
        CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
        params[2 * BAD + 1] = DBAPI_TEXT("fine");

        CHECK_OK(dbapi_executemany(cursor, insert, params, 2, ROWS, &failure));
        CHECK_INT(dbapi_rowcount(cursor), ROWS);
        CHECK_OK(dbapi_commit(connection, &failure));
        CHECK_TEXT(outside("SELECT count(*) || ' ' || sum(a) FROM t50_test"), "100000 4999950000");
        CHECK(watched() || most_memory() - before < 1 << 10);
        close_both();
    }
    free(params);
}

/* What is sent and what comes back are 40 times what may wait; none of it may pile up here. */
static void memory_is_bounded(void)
{
    enum { ROWS = 3000, SIZE = 10000 };
    char *text = malloc(SIZE);
    dbapi_value_t *params = calloc(ROWS, sizeof *params);
    CHECK(text != NULL && params != NULL);
    memset(text, 'm', SIZE);
    for (size_t i = 0; i < ROWS; i++) {
        params[i] = DBAPI_TEXT_N(text, SIZE);
    }
    open_with_table();
    long before = most_memory();
    CHECK_OK(dbapi_executemany(cursor, "SELECT %s || repeat('n', 10000)", params, 1, ROWS, &failure));
    CHECK_INT(dbapi_rowcount(cursor), ROWS);
    CHECK(watched() || most_memory() - before < 4 << 10);
    close_both();
    free(params);
    free(text);
}

/* Rows that come back, and notices of a trigger, more of both than what is sent: the server stops reading before its
 * answers have been read. The counts are those of each command, whatever the order in which they differ. */
static void answers_larger_than_rows(void)
{
    enum { ROWS = 20000 };
    dbapi_value_t *params = calloc((size_t)ROWS * 2, sizeof *params);
    CHECK(params != NULL);
    open_with_table();
    run(cursor, "CREATE TEMP TABLE t (a int, b text)");
    run(cursor, "CREATE FUNCTION pg_temp.tell() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE NOTICE '% %', NEW.a, repeat('n', 300); RETURN NEW; END $$");
    run(cursor, "CREATE TRIGGER tell BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION pg_temp.tell()");
    int64_t expected = 0;
    for (size_t i = 0; i < ROWS; i++) {
        /* Runs of one count, and changes at each row. */
        int64_t count = i < ROWS / 2 ? 1 : (int64_t)(i % 3);
        params[2 * i] = DBAPI_INT(count);
        params[2 * i + 1] = DBAPI_INT((int64_t)i);
        expected += count;
    }
    CHECK_OK(dbapi_executemany(cursor,
                               "INSERT INTO t SELECT g, repeat('x', 300) FROM generate_series(1, %s) g WHERE %s >= 0"
                               " RETURNING a, b, b || b",
                               params, 2, ROWS, &failure));
    CHECK_INT(dbapi_rowcount(cursor), expected);
    char total[32];
    snprintf(total, sizeof total, "%lld", (long long)expected);
    CHECK_TEXT(query_text(cursor, "SELECT count(*) FROM t"), total);
    free(params);
    close_both();
}

enum { CANCELLED_ROWS = 2000, SLEEPS = 1500 };

/* An executemany in a thread of its own, and how it ended. */
typedef struct {
    dbapi_cursor_t *cursor;
    dbapi_value_t rows[CANCELLED_ROWS];
    dbapi_status_t status;
    dbapi_error_t *error;
} sleeper;

static void *execute_until_cancelled(void *argument)
{
    sleeper *one = argument;
    one->status = dbapi_executemany(one->cursor, "INSERT INTO t50_cancelled SELECT 1 FROM pg_sleep(60 * %s) t50", one->rows, 1,
                                    CANCELLED_ROWS, &one->error);
    return NULL;
}

/* A request to cancel that comes in the midst of a pipeline ends it there: the row is told, and nothing stays. */
static void cancelled_in_the_midst(void)
{
    for (int autocommit = 0; autocommit < 2; autocommit++) {
        static sleeper one;
        pthread_t thread;
        connection = connect_test();
        cursor = cursor_of(connection);
        CHECK_OK(dbapi_connection_set_autocommit(connection, autocommit, &failure));
        fresh_table("t50_cancelled", "a int");
        memset(&one, 0, sizeof one);
        one.cursor = cursor;
        for (int i = 0; i < CANCELLED_ROWS; i++) {
            one.rows[i] = DBAPI_INT(i == SLEEPS);
        }
        CHECK(pthread_create(&thread, NULL, execute_until_cancelled, &one) == 0);
        wait_outside("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%t50%' AND wait_event = 'PgSleep'", "1");
        CHECK_OK(dbapi_connection_cancel(connection, &failure));
        pthread_join(thread, NULL);
        CHECK_INT(one.status, DBAPI_OPERATIONAL_ERROR);
        CHECK_TEXT(dbapi_error_sqlstate(one.error), "57014");
        CHECK_INT(dbapi_error_row(one.error), SLEEPS);
        dbapi_error_free(one.error);
        CHECK_INT(dbapi_connection_transaction_status(connection), autocommit ? 0 : 3);
        CHECK_OK(dbapi_rollback(connection, &failure));
        CHECK_TEXT(query_text(cursor, "SELECT count(*) FROM t50_cancelled"), "0");
        close_both();
    }
}

CHECK_MAIN(CASE(cancelled_in_the_midst), CASE(inserts_every_row), CASE(rowcount_is_the_sum), CASE(zero_rows), CASE(zero_parameters), CASE(results_are_discarded),
           CASE(each_row_has_its_own_types), CASE(the_error_says_which_row), CASE(other_errors_have_no_row), CASE(in_autocommit),
           CASE(all_or_nothing_in_autocommit), CASE(much_in_both_directions), CASE(an_error_in_row_50000), CASE(memory_is_bounded),
           CASE(answers_larger_than_rows))
