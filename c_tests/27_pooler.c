/* Behind PgBouncer, in each of its modes. A pool has one server connection (pgbouncer.sh), so clients share it,
 * and what one leaves behind another finds. What the server has is asked past the pooler. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The pools in which a transaction can be had. */
static const char *const pools[] = { "session", "transaction" };

static const char *pooler_dsn(const char *pool, const char *more)
{
    static char dsn[400];
    int length = snprintf(dsn, sizeof dsn, "host=%s port=%s dbname=%s %s", test_variable("DBAPI_TEST_POOLER_HOST"),
                          test_variable("DBAPI_TEST_POOLER_PORT"), pool, more);
    CHECK(length > 0 && (size_t)length < sizeof dsn);
    return dsn;
}

static dbapi_connection_t *connect_pool(const char *pool)
{
    return connect_dsn(pooler_dsn(pool, ""));
}

static dbapi_connection_t *connect_autocommit(const char *pool)
{
    dbapi_connection_t *connection = connect_pool(pool);
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    return connection;
}

/* The process behind the pool: another one, if the pooler threw the old one away. */
static int64_t process_behind(const char *pool)
{
    dbapi_connection_t *connection = connect_autocommit(pool);
    dbapi_cursor_t *cursor = cursor_of(connection);
    run(cursor, "SELECT pg_backend_pid()");
    int64_t process = fetch_row(cursor)[0].as.integer;
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    return process;
}

/* ---- the pooler's log ------------------------------------------------------------------------------------- */

static long log_length(void)
{
    FILE *file = fopen(test_variable("DBAPI_TEST_POOLER_LOG"), "rb");
    CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
    long length = ftell(file);
    fclose(file);
    CHECK(length >= 0);
    return length;
}

/* What was logged from this place on; it stays until the next call. */
static const char *log_since(long start)
{
    static char text[200000];
    FILE *file = fopen(test_variable("DBAPI_TEST_POOLER_LOG"), "rb");
    CHECK(file != NULL && fseek(file, start, SEEK_SET) == 0);
    size_t length = fread(text, 1, sizeof text, file);
    fclose(file);
    CHECK(length < sizeof text);
    text[length] = '\0';
    return text;
}

/* Whether the log has a line about a client ("C-") or a server ("S-") connection with these words. */
static bool logged(long start, const char *which, const char *words)
{
    static char line[2000];
    for (const char *at = log_since(start), *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        size_t length = (size_t)(end - at) < sizeof line ? (size_t)(end - at) : sizeof line - 1;
        memcpy(line, at, length);
        line[length] = '\0';
        if (strstr(line, which) != NULL && strstr(line, words) != NULL) {
            return true;
        }
    }
    return false;
}

static void wait_for_log(long start, const char *which, const char *words)
{
    time_t deadline = time(NULL) + 20;
    while (!logged(start, which, words)) {
        if (time(NULL) > deadline) {
            FAIL("after 20 s, the pooler has not logged \"%s\" of %s, but: %s", words, which, log_since(start));
        }
        /* A file can only be asked again. */
        nanosleep(&(struct timespec){ .tv_sec = 0, .tv_nsec = 5000000 }, NULL);
    }
}

/* The pooler kept its server connection: it writes one line when it throws one away, which says "unclean server" or
 * which of the other ways of being unclean it was. */
static void check_server_kept(long start)
{
    CHECK_LACKS(log_since(start), "unclean");
    if (logged(start, " S-", "closing because")) {
        FAIL("the pooler threw its server connection away: %s", log_since(start));
    }
}

/* ---- statements and transactions -------------------------------------------------------------------------- */

/* The same work in each mode. Each call is complete before the next, so the pooler may give the server
 * connection to another client between any two of them where no transaction is open. */
static void check_work(const char *pool, bool autocommit)
{
    static const int32_t formats[] = { DBAPI_FORMAT_TEXT, DBAPI_FORMAT_BINARY, DBAPI_FORMAT_AUTO };
    const dbapi_value_t params[] = { DBAPI_INT(7), DBAPI_TEXT("it's") };
    const dbapi_value_t rows[] = { DBAPI_INT(1), DBAPI_TEXT("one"), DBAPI_INT(2), DBAPI_NULL, DBAPI_INT(3), DBAPI_TEXT("three") };
    dbapi_connection_t *connection = connect_pool(pool);
    dbapi_cursor_t *cursor = cursor_of(connection);
    printf("    %s\n", pool);
    fresh_table("t27_test", "a int PRIMARY KEY, b text");
    CHECK_OK(dbapi_connection_set_autocommit(connection, autocommit, &failure));
    for (size_t i = 0; i < COUNT(formats); i++) {
        CHECK_OK(dbapi_cursor_set_result_format(cursor, formats[i], &failure));
        run(cursor, "SELECT 1, 'x'");
        CHECK_ROW(fetch_row(cursor), "1", "x");
        CHECK_OK(dbapi_execute(cursor, "SELECT %s, %s", params, 2, &failure));
        CHECK_ROW(fetch_row(cursor), "7", "it's");
        check_end(cursor);
    }
    CHECK_OK(dbapi_executemany(cursor, "INSERT INTO t27_test VALUES (%s, %s)", rows, 2, 3, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 3);
    CHECK_TEXT(outside("SELECT count(*) FROM t27_test"), autocommit ? "3" : "0");
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_TEXT(outside("SELECT string_agg(a || coalesce(b, '-'), ',' ORDER BY a) FROM t27_test"), "1one,2-,3three");
    /* More than one message's worth, both ways. */
    run(cursor, "SELECT g, repeat('x', 1000) FROM generate_series(1, 2000) g");
    CHECK_INT(dbapi_rowcount(cursor), 2000);
    CHECK_OK(dbapi_rollback(connection, &failure));
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void works_in_session_pooling(void)
{
    check_work("session", false);
    check_work("session", true);
}

/* BEGIN travels in front of the first statement of a transaction, in one request. */
static void works_in_transaction_pooling(void)
{
    check_work("transaction", false);
    check_work("transaction", true);
}

static void works_in_statement_pooling_with_autocommit(void)
{
    check_work("statement", true);
}

static void a_transaction_in_statement_pooling_is_the_poolers_error(void)
{
    const dbapi_value_t one[] = { DBAPI_INT(1) };
    static const char *const sql[] = { "SELECT 1", "SELECT %s" };
    for (size_t i = 0; i < 2; i++) {
        dbapi_connection_t *connection = connect_pool("statement");
        dbapi_cursor_t *cursor = cursor_of(connection);
        CHECK_ERROR(dbapi_execute(cursor, sql[i], i == 0 ? NULL : one, i, &failure), DBAPI_OPERATIONAL_ERROR, "08P01",
                    "transaction blocks not allowed in statement pooling mode");
        /* The pooler hangs up. */
        CHECK_INT(dbapi_error_connection_usable(failure), false);
        clear_failure();
        CHECK_INT(dbapi_connection_closed(connection), DBAPI_CLOSED_BROKEN);
        dbapi_cursor_free(cursor);
        dbapi_connection_free(connection);
    }
    /* The next client is none the worse. */
    process_behind("statement");
}

static void transactions_commit_and_roll_back(void)
{
    for (size_t i = 0; i < COUNT(pools); i++) {
        fresh_table("t27_test", "a int PRIMARY KEY, b text");
        dbapi_connection_t *connection = connect_pool(pools[i]);
        dbapi_cursor_t *cursor = cursor_of(connection);
        run(cursor, "INSERT INTO t27_test VALUES (1)");
        CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INTRANS);
        CHECK_TEXT(outside("SELECT count(*) FROM t27_test"), "0");
        CHECK_OK(dbapi_commit(connection, &failure));
        CHECK_TEXT(outside("SELECT count(*) FROM t27_test"), "1");
        run(cursor, "INSERT INTO t27_test VALUES (2)");
        CHECK_OK(dbapi_rollback(connection, &failure));
        CHECK_TEXT(outside("SELECT count(*) FROM t27_test"), "1");
        /* A server-side cursor lives in the transaction, and so on one server connection. */
        dbapi_cursor_t *named = NULL;
        const dbapi_value_t *rows = NULL;
        size_t count = 0;
        CHECK_OK(dbapi_cursor_named(connection, "pooled", false, false, &named, &failure));
        run(named, "SELECT generate_series(1, 5000)");
        CHECK_OK(dbapi_fetchall(named, &rows, &count, &failure));
        CHECK_SIZE(count, 5000);
        CHECK_OK(dbapi_cursor_close(named, &failure));
        CHECK_OK(dbapi_commit(connection, &failure));
        dbapi_cursor_free(named);
        dbapi_cursor_free(cursor);
        dbapi_connection_free(connection);
    }
}

static void errors_are_the_servers(void)
{
    const dbapi_value_t zero[] = { DBAPI_INT(0) };
    const dbapi_value_t twice[] = { DBAPI_INT(5), DBAPI_INT(1), DBAPI_INT(6) };
    for (size_t i = 0; i < COUNT(pools); i++) {
        fresh_table("t27_test", "a int PRIMARY KEY");
        run_outside("INSERT INTO t27_test VALUES (1)");
        dbapi_connection_t *connection = connect_pool(pools[i]);
        dbapi_cursor_t *cursor = cursor_of(connection);
        for (int autocommit = 0; autocommit < 2; autocommit++) {
            CHECK_OK(dbapi_connection_set_autocommit(connection, autocommit == 1, &failure));
            int32_t after = autocommit == 1 ? DBAPI_TRANSACTION_IDLE : DBAPI_TRANSACTION_INERROR;
            CHECK_FAILS(dbapi_execute(cursor, "SELEC", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "42601", "syntax error");
            CHECK_INT(dbapi_connection_transaction_status(connection), after);
            CHECK_OK(dbapi_rollback(connection, &failure));
            CHECK_FAILS(dbapi_execute(cursor, "SELECT 1 / %s", zero, 1, &failure), DBAPI_DATA_ERROR, "22012", NULL);
            CHECK_OK(dbapi_rollback(connection, &failure));
            CHECK_FAILS(dbapi_executemany(cursor, "INSERT INTO t27_test VALUES (%s)", twice, 1, 3, &failure),
                        DBAPI_INTEGRITY_ERROR, "23505", NULL);
            CHECK_INT(dbapi_connection_transaction_status(connection), after);
            CHECK_OK(dbapi_rollback(connection, &failure));
            CHECK_TEXT(query_text(cursor, "SELECT count(*) FROM t27_test"), "1");
            CHECK_OK(dbapi_rollback(connection, &failure));
        }
        dbapi_cursor_free(cursor);
        dbapi_connection_free(connection);
    }
}

/* ---- cancelling ------------------------------------------------------------------------------------------- */

typedef struct sleeper {
    pthread_t thread;
    dbapi_cursor_t *cursor;
    dbapi_status_t status;
    dbapi_error_t *error;
} sleeper;

static void *sleep_long(void *argument)
{
    sleeper *self = argument;
    self->status = dbapi_execute(self->cursor, "SELECT pg_sleep(60) /* t27 */", NULL, 0, &self->error);
    return NULL;
}

/* The pooler hands out cancel keys of its own, and knows which server connection is the client's just then. */
static void cancel_reaches_the_server(void)
{
    static const char *const all[] = { "session", "transaction", "statement" };
    for (size_t i = 0; i < COUNT(all); i++) {
        for (int autocommit = i == 2; autocommit < 2; autocommit++) {
            dbapi_connection_t *connection = connect_pool(all[i]);
            CHECK_OK(dbapi_connection_set_autocommit(connection, autocommit == 1, &failure));
            sleeper one = { .cursor = cursor_of(connection) };
            /* Harmless when idle. */
            CHECK_OK(dbapi_connection_cancel(connection, &failure));
            CHECK_INT(pthread_create(&one.thread, NULL, sleep_long, &one), 0);
            wait_outside("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60) /* t27 */' AND state = 'active'", "1");
            CHECK_OK(dbapi_connection_cancel(connection, &failure));
            CHECK_INT(pthread_join(one.thread, NULL), 0);
            failure = one.error;
            CHECK_ERROR(one.status, DBAPI_OPERATIONAL_ERROR, "57014", "canceling statement due to user request");
            CHECK_INT(dbapi_error_connection_usable(failure), true);
            CHECK_INT(dbapi_error_timed_out(failure), false);
            clear_failure();
            CHECK_OK(dbapi_rollback(connection, &failure));
            CHECK_TEXT(query_text(one.cursor, "SELECT 'still here'"), "still here");
            dbapi_cursor_free(one.cursor);
            dbapi_connection_free(connection);
        }
    }
}

/* A deadline cancels by the same way. */
static void a_timeout_leaves_the_connection_usable(void)
{
    for (size_t i = 0; i < COUNT(pools); i++) {
        dbapi_connection_t *connection = connect_pool(pools[i]);
        dbapi_cursor_t *cursor = cursor_of(connection);
        CHECK_OK(dbapi_cursor_set_timeout(cursor, 300, &failure));
        CHECK_ERROR(dbapi_execute(cursor, "SELECT pg_sleep(60)", NULL, 0, &failure), DBAPI_OPERATIONAL_ERROR, ANY_SQLSTATE, "timeout");
        CHECK_INT(dbapi_error_timed_out(failure), true);
        CHECK_INT(dbapi_error_connection_usable(failure), true);
        clear_failure();
        CHECK_OK(dbapi_rollback(connection, &failure));
        CHECK_TEXT(query_text(cursor, "SELECT 'still here'"), "still here");
        dbapi_cursor_free(cursor);
        dbapi_connection_free(connection);
    }
}

/* ---- closing ---------------------------------------------------------------------------------------------- */

enum { OPEN, FAILED, WITH_CURSOR, HOW_MANY };

/* A server connection that PgBouncer gets back in a transaction is unclean to it: it throws it away. */
static void closing_in_a_transaction_leaves_the_server_clean(void)
{
    for (size_t i = 0; i < COUNT(pools); i++) {
        int64_t process = process_behind(pools[i]);
        fresh_table("t27_test", "a int");
        for (int state = 0; state < HOW_MANY; state++) {
            for (int by_free = 0; by_free < 2; by_free++) {
                long start = log_length();
                dbapi_connection_t *connection = connect_pool(pools[i]);
                dbapi_cursor_t *cursor = cursor_of(connection);
                dbapi_cursor_t *named = NULL;
                run(cursor, "INSERT INTO t27_test VALUES (1)");
                if (state == FAILED) {
                    CHECK_FAILS(dbapi_execute(cursor, "SELEC", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "42601", NULL);
                } else if (state == WITH_CURSOR) {
                    CHECK_OK(dbapi_cursor_named(connection, "pooled", false, false, &named, &failure));
                    run(named, "SELECT generate_series(1, 5000)");
                    fetch_row(named);
                }
                if (by_free == 0) {
                    CHECK_OK(dbapi_close(connection, &failure));
                }
                dbapi_cursor_free(named);
                dbapi_cursor_free(cursor);
                dbapi_connection_free(connection);
                wait_for_log(start, " C-", "closing because: client close request");
                check_server_kept(start);
                CHECK_TEXT(outside("SELECT count(*) FROM t27_test"), "0");
                CHECK_INT(process_behind(pools[i]), process);
            }
        }
    }
}

/* In a child process: a failed check would go on with the cases there. */
static void open_a_transaction_and_die(const char *dsn)
{
    dbapi_connection_t *connection = NULL;
    dbapi_cursor_t *cursor = NULL;
    if (dbapi_connect(dsn, &connection, NULL) == DBAPI_OK && dbapi_cursor(connection, &cursor, NULL) == DBAPI_OK
        && dbapi_execute(cursor, "SELECT 1", NULL, 0, NULL) == DBAPI_OK) {
        kill(getpid(), SIGKILL);
    }
    _exit(1);
}

/* The same log when a client goes without a word: what the case before looks for is there to be found. */
static void a_client_that_vanishes_in_a_transaction_is_unclean(void)
{
    for (size_t i = 0; i < COUNT(pools); i++) {
        int64_t process = process_behind(pools[i]);
        long start = log_length();
        fflush(stdout);
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            open_a_transaction_and_die(pooler_dsn(pools[i], ""));
        }
        int status = 1;
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        wait_for_log(start, " S-", "closing because: client disconnect while server was not ready");
        CHECK(process_behind(pools[i]) != process);
    }
}

static void many_short_connections_share_one_server_connection(void)
{
    static const char *const all[] = { "session", "transaction", "statement" };
    for (size_t i = 0; i < COUNT(all); i++) {
        int64_t process = process_behind(all[i]);
        long start = log_length();
        for (int n = 0; n < 50; n++) {
            dbapi_connection_t *connection = connect_pool(all[i]);
            dbapi_cursor_t *cursor = cursor_of(connection);
            CHECK_OK(dbapi_connection_set_autocommit(connection, i == 2 || n % 2 == 0, &failure));
            run(cursor, "SELECT pg_backend_pid()");
            CHECK_INT(fetch_row(cursor)[0].as.integer, process);
            if (n % 3 == 0) {
                CHECK_OK(dbapi_commit(connection, &failure));
            }
            dbapi_cursor_free(cursor);
            dbapi_connection_free(connection);
        }
        CHECK_INT(process_behind(all[i]), process);
        check_server_kept(start);
    }
}

/* ---- sharing ---------------------------------------------------------------------------------------------- */

/* Two clients take turns on one server connection, with the same statements and others: what either had
 * prepared there, by whatever name, would collide or be missing. */
static void clients_interleave_on_one_server_connection(void)
{
    static const char *const shared[] = { "transaction", "statement" };
    for (size_t i = 0; i < COUNT(shared); i++) {
        dbapi_connection_t *connections[2];
        dbapi_cursor_t *cursors[2];
        int64_t process = process_behind(shared[i]);
        for (int who = 0; who < 2; who++) {
            connections[who] = connect_autocommit(shared[i]);
            cursors[who] = cursor_of(connections[who]);
        }
        for (int round = 0; round < 60; round++) {
            for (int who = 0; who < 2; who++) {
                const dbapi_value_t same[] = { DBAPI_INT(round), DBAPI_INT(who) };
                const dbapi_value_t text[] = { DBAPI_TEXT("x"), DBAPI_FLOAT(1.5) };
                int32_t format = round % 2 == 0 ? DBAPI_FORMAT_BINARY : DBAPI_FORMAT_TEXT;
                CHECK_OK(dbapi_cursor_set_result_format(cursors[who], format, &failure));
                CHECK_OK(dbapi_execute(cursors[who], "SELECT %s * 2, %s, pg_backend_pid()", same, 2, &failure));
                const dbapi_value_t *row = fetch_row(cursors[who]);
                CHECK_INT(row[0].as.integer, round * 2);
                CHECK_INT(row[1].as.integer, who);
                CHECK_INT(row[2].as.integer, process);
                /* One's own number of columns, under the other's nose. */
                CHECK_OK(dbapi_execute(cursors[who], who == 0 ? "SELECT %s, %s" : "SELECT %s, 1, 2, %s", text, 2, &failure));
                row = fetch_row(cursors[who]);
                CHECK_TEXT(row[0].as.text.data, "x");
                CHECK(row[who == 0 ? 1 : 3].as.floating == 1.5 || row[who == 0 ? 1 : 3].kind != DBAPI_KIND_FLOAT);
            }
        }
        for (int who = 0; who < 2; who++) {
            dbapi_cursor_free(cursors[who]);
            dbapi_connection_free(connections[who]);
        }
    }
}

/* Statements that come again and again are not prepared on a server that the next transaction may not have: also in the
 * midst of transactions nothing is missed, and nothing is left behind. */
static void statements_are_not_prepared_behind_a_pooler(void)
{
    for (size_t i = 0; i < COUNT(pools); i++) {
        for (int round = 0; round < 6; round++) {
            /* The one server connection goes from client to client; of a session pool, from session to session. */
            dbapi_connection_t *connections[2];
            dbapi_cursor_t *cursors[2];
            int clients = strcmp(pools[i], "session") == 0 ? 1 : 2;
            for (int who = 0; who < clients; who++) {
                connections[who] = connect_pool(pools[i]);
                cursors[who] = cursor_of(connections[who]);
            }
            for (int transaction = 0; transaction < 5; transaction++) {
                for (int who = 0; who < clients; who++) {
                    run(cursors[who], "SELECT 1");
                    for (int use = 0; use < 3; use++) {
                        dbapi_value_t number = DBAPI_INT(transaction);
                        CHECK_OK(dbapi_cursor_set_stream(cursors[who], round % 2 == 1, &failure));
                        CHECK_OK(dbapi_execute(cursors[who], "SELECT %s + 1", &number, 1, &failure));
                        CHECK_INT(fetch_row(cursors[who])[0].as.integer, transaction + 1);
                        check_end(cursors[who]);
                    }
                    CHECK_OK(dbapi_cursor_set_stream(cursors[who], false, &failure));
                    run(cursors[who], "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'dbapi%'");
                    CHECK_INT(fetch_row(cursors[who])[0].as.integer, 0);
                    CHECK_OK(dbapi_commit(connections[who], &failure));
                }
            }
            for (int who = 0; who < clients; who++) {
                dbapi_cursor_free(cursors[who]);
                dbapi_connection_free(connections[who]);
            }
        }
    }
}

/* In transactions, too, which end before the other begins; and each client keeps its own settings, which the
 * pooler carries over. */
static void transactions_take_turns_on_one_server_connection(void)
{
    static const char *const names[] = { "t27 one", "t27 other" };
    char more[60];
    dbapi_connection_t *connections[2];
    dbapi_cursor_t *cursors[2];
    fresh_table("t27_test", "who int, round int");
    for (int who = 0; who < 2; who++) {
        snprintf(more, sizeof more, "application_name='%s'", names[who]);
        connections[who] = connect_dsn(pooler_dsn("transaction", more));
        cursors[who] = cursor_of(connections[who]);
    }
    for (int round = 0; round < 30; round++) {
        for (int who = 0; who < 2; who++) {
            const dbapi_value_t params[] = { DBAPI_INT(who), DBAPI_INT(round) };
            CHECK_OK(dbapi_execute(cursors[who], "INSERT INTO t27_test VALUES (%s, %s)", params, 2, &failure));
            CHECK_TEXT(query_text(cursors[who], "SELECT current_setting('application_name')"), names[who]);
            if (round % 3 == 2) {
                CHECK_OK(dbapi_rollback(connections[who], &failure));
            } else {
                CHECK_OK(dbapi_commit(connections[who], &failure));
            }
        }
    }
    CHECK_TEXT(outside("SELECT string_agg(who || ':' || n, ' ' ORDER BY who) FROM (SELECT who, count(*) AS n FROM t27_test GROUP BY who) x"),
               "0:20 1:20");
    for (int who = 0; who < 2; who++) {
        dbapi_cursor_free(cursors[who]);
        dbapi_connection_free(connections[who]);
    }
}

/* The pooler gets another server connection for a client that was between transactions; one whose transaction
 * it was is told. */
static void the_server_ends_behind_the_pooler(void)
{
    char sql[100];
    dbapi_connection_t *connection = connect_pool("transaction");
    dbapi_cursor_t *cursor = cursor_of(connection);
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%s, 10000)", query_text(cursor, "SELECT pg_backend_pid()"));
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_TEXT(outside(sql), "t");
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%s, 10000)", query_text(cursor, "SELECT pg_backend_pid()"));
    CHECK_TEXT(outside(sql), "t");
    CHECK_ERROR(dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure), DBAPI_OPERATIONAL_ERROR, ANY_SQLSTATE, NULL);
    CHECK_INT(dbapi_error_connection_usable(failure), false);
    clear_failure();
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    process_behind("transaction");
}

/* ---- connecting ------------------------------------------------------------------------------------------- */

/* Without more than a DSN asks for, nothing is sent that a pooler does not know; what it does not know is its
 * error, in its words. */
static void start_up_parameters(void)
{
    dbapi_connection_t *connection = connect_dsn(pooler_dsn("transaction", "application_name=t27 client_encoding=UTF8"));
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_TEXT(query_text(cursor, "SHOW application_name"), "t27");
    CHECK_TEXT(query_text(cursor, "SHOW client_encoding"), "UTF8");
    CHECK_TEXT(query_text(cursor, "SHOW DateStyle"), "ISO, MDY");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);

    connection = NULL;
    CHECK_FAILS(dbapi_connect(pooler_dsn("transaction", "options='-c geqo=off'"), &connection, &failure), DBAPI_OPERATIONAL_ERROR,
                "08P01", "unsupported startup parameter");
    CHECK_PTR(connection, NULL);
    CHECK_FAILS(dbapi_connect(pooler_dsn("no_such_pool", ""), &connection, &failure), DBAPI_OPERATIONAL_ERROR, ANY_SQLSTATE,
                "no such database: no_such_pool");
    CHECK_PTR(connection, NULL);
}

/* PgBouncer 1.18 takes protocol 3.2's start-up packet for a bad one, and says so, as to libpq: nothing tries 3.0 in
 * its place behind the user's back. A pooler that knows 3.2, or negotiates, is used with what it agreed to. */
static void protocol_3_2(void)
{
    static const char *const asked[] = { "max_protocol_version=3.2", "max_protocol_version=latest" };
    for (size_t i = 0; i < COUNT(asked); i++) {
        dbapi_connection_t *connection = NULL;
        if (dbapi_connect(pooler_dsn("transaction", asked[i]), &connection, &failure) != DBAPI_OK) {
            CHECK_ERROR(dbapi_error_status(failure), DBAPI_OPERATIONAL_ERROR, "08P01", "bad packet header");
            CHECK_PTR(connection, NULL);
            clear_failure();
            continue;
        }
        int32_t version = dbapi_connection_protocol_version(connection);
        CHECK(version == 30000 || version == 30002);
        dbapi_cursor_t *cursor = cursor_of(connection);
        CHECK_TEXT(query_text(cursor, "SELECT 'works'"), "works");
        dbapi_cursor_free(cursor);
        dbapi_connection_free(connection);
    }
    /* What is asked for by default is understood. */
    dbapi_connection_t *connection = connect_pool("transaction");
    CHECK_INT(dbapi_connection_protocol_version(connection), 30000);
    dbapi_connection_free(connection);
}

/* The pooler passes on what its server reported of itself. */
static void target_session_attrs_are_the_servers(void)
{
    static const char *const good[] = { "any", "read-write", "primary", "prefer-standby" };
    static const char *const all[] = { "session", "transaction", "statement" };
    dbapi_connection_t *connection = NULL;
    char more[60];
    for (size_t i = 0; i < COUNT(all); i++) {
        for (size_t j = 0; j < COUNT(good); j++) {
            snprintf(more, sizeof more, "target_session_attrs=%s", good[j]);
            dbapi_connection_free(connect_dsn(pooler_dsn(all[i], more)));
        }
        CHECK_FAILS(dbapi_connect(pooler_dsn(all[i], "target_session_attrs=standby"), &connection, &failure),
                    DBAPI_OPERATIONAL_ERROR, ANY_SQLSTATE, "server is not in hot standby mode");
        CHECK_FAILS(dbapi_connect(pooler_dsn(all[i], "target_session_attrs=read-only"), &connection, &failure),
                    DBAPI_OPERATIONAL_ERROR, ANY_SQLSTATE, "session is not read-only");
    }
}

/* Its console speaks the simple protocol only. */
static void the_console(void)
{
    dbapi_connection_t *connection = connect_autocommit("pgbouncer");
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_CONTAINS(query_text(cursor, "SHOW VERSION"), "PgBouncer 1.");
    run(cursor, "SHOW POOLS");
    CHECK(dbapi_rowcount(cursor) >= 1);
    CHECK_FAILS(dbapi_execute(cursor, "SHOW NONSENSE", NULL, 0, &failure), DBAPI_OPERATIONAL_ERROR, ANY_SQLSTATE, NULL);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

CHECK_MAIN(CASE(works_in_session_pooling), CASE(works_in_transaction_pooling), CASE(works_in_statement_pooling_with_autocommit),
           CASE(a_transaction_in_statement_pooling_is_the_poolers_error), CASE(transactions_commit_and_roll_back),
           CASE(errors_are_the_servers), CASE(cancel_reaches_the_server), CASE(a_timeout_leaves_the_connection_usable),
           CASE(closing_in_a_transaction_leaves_the_server_clean),
           CASE(a_client_that_vanishes_in_a_transaction_is_unclean), CASE(many_short_connections_share_one_server_connection),
           CASE(clients_interleave_on_one_server_connection), CASE(statements_are_not_prepared_behind_a_pooler), CASE(transactions_take_turns_on_one_server_connection),
           CASE(the_server_ends_behind_the_pooler), CASE(start_up_parameters),
           CASE(protocol_3_2), CASE(target_session_attrs_are_the_servers), CASE(the_console))
