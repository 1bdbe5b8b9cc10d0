/* Statements that take too long: cancelled by another thread, or by a time limit. It prints
 *
 *     cancelled: OperationalError 57014
 *     timed out: OperationalError 57014
 *     the connection goes on: 42
 *
 * Build it: cc cancel_and_timeout.c -ldbapi -lpthread */
#define _POSIX_C_SOURCE 200809L
#include <dbapi.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Says what failed, and ends the program. Whatever was not committed is gone with the connection. */
static void check(dbapi_status_t status, dbapi_error_t *error)
{
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", dbapi_error_class(error), dbapi_error_message(error));
        dbapi_error_free(error);
        exit(EXIT_FAILURE);
    }
}

/* A user who has waited long enough, and says so with a connection of their own making: a cancel hits the statement
 * that is in progress, and does nothing if there is none. So this one waits until the server says that it runs. */
static void *impatient(void *argument)
{
    dbapi_connection_t *busy = argument;
    dbapi_error_t *error = NULL;
    dbapi_connection_t *connection = NULL;
    dbapi_cursor_t *cursor = NULL;
    const dbapi_value_t *row = NULL;
    const dbapi_value_t pid[] = { DBAPI_INT(dbapi_connection_backend_pid(busy)) };
    check(dbapi_connect(getenv("DATABASE_URL"), &connection, &error), error);
    check(dbapi_connection_set_autocommit(connection, true, &error), error);
    check(dbapi_cursor(connection, &cursor, &error), error);
    do {
        const struct timespec pause = { 0, 10000000 };
        nanosleep(&pause, NULL);
        check(dbapi_execute(cursor, "SELECT wait_event IS NOT DISTINCT FROM 'PgSleep' FROM pg_stat_activity WHERE pid = %s",
                            pid, 1, &error), error);
        check(dbapi_fetchone(cursor, &row, &error), error);
    } while (row != NULL && !row[0].as.boolean);
    /* From any thread, while another is in a call on the connection. */
    check(dbapi_connection_cancel(busy, &error), error);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    return NULL;
}

/* Runs a statement that takes a minute, and tells of its error. */
static void sleep_long(dbapi_connection_t *connection, dbapi_cursor_t *cursor)
{
    dbapi_error_t *error = NULL;
    if (dbapi_execute(cursor, "SELECT pg_sleep(60)", NULL, 0, &error) < 0) {
        printf("%s: %s %s\n", dbapi_error_timed_out(error) ? "timed out" : "cancelled", dbapi_error_class(error), dbapi_error_sqlstate(error));
        dbapi_error_free(error);
        error = NULL;
    }
    check(dbapi_rollback(connection, &error), error);
}

int main(void)
{
    const char *dsn = getenv("DATABASE_URL"); /* NULL: from PGHOST and its like */
    dbapi_error_t *error = NULL;
    dbapi_connection_t *connection = NULL;
    dbapi_cursor_t *cursor = NULL;
    check(dbapi_connect(dsn, &connection, &error), error);
    check(dbapi_cursor(connection, &cursor, &error), error);

    pthread_t thread;
    if (pthread_create(&thread, NULL, impatient, connection) != 0) {
        fprintf(stderr, "a thread cannot be started\n");
        return EXIT_FAILURE;
    }
    sleep_long(connection, cursor);
    pthread_join(thread, NULL);

    /* In milliseconds, for each call from now on. (There is dbapi_cursor_set_timeout for one cursor, and the keyword
     * `timeout` of a connection string, which counts for connecting, too.) */
    check(dbapi_connection_set_timeout(connection, 100, &error), error);
    sleep_long(connection, cursor);
    check(dbapi_connection_set_timeout(connection, 0, &error), error);

    const dbapi_value_t *row = NULL;
    check(dbapi_execute(cursor, "SELECT 42", NULL, 0, &error), error);
    check(dbapi_fetchone(cursor, &row, &error), error);
    printf("the connection goes on: %" PRId64 "\n", row[0].as.integer);
    check(dbapi_rollback(connection, &error), error);

    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    return EXIT_SUCCESS;
}
