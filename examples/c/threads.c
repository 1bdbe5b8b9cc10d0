/* Threads: one connection, and a cursor for each of them. It prints
 *
 *     4 threads, 400 answers, all of them right
 *
 * Build it: cc threads.c -ldbapi -lpthread */
#include <dbapi.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 4, ROUNDS = 100 };

/* Says what failed, and ends the program. Whatever was not committed is gone with the connection. */
static void check(dbapi_status_t status, dbapi_error_t *error)
{
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", dbapi_error_class(error), dbapi_error_message(error));
        dbapi_error_free(error);
        exit(EXIT_FAILURE);
    }
}

struct worker {
    pthread_t thread;
    dbapi_connection_t *connection;
    int64_t number;
    int right;
};

/* Calls of several threads on one connection take turns: each waits until the other's has its answer. A cursor's rows
 * end with the next call on it, so a cursor belongs to one thread. (They share the connection's transaction, too. For
 * statements that run at the same time each thread needs a connection of its own.) */
static void *work(void *argument)
{
    struct worker *worker = argument;
    dbapi_error_t *error = NULL;
    dbapi_cursor_t *cursor = NULL;
    check(dbapi_cursor(worker->connection, &cursor, &error), error);
    for (int64_t i = 0; i < ROUNDS; i++) {
        const dbapi_value_t params[] = { DBAPI_INT(worker->number), DBAPI_INT(i) };
        const dbapi_value_t *row = NULL;
        check(dbapi_execute(cursor, "SELECT %s * 1000 + %s", params, 2, &error), error);
        check(dbapi_fetchone(cursor, &row, &error), error);
        if (row != NULL && row[0].as.integer == worker->number * 1000 + i) {
            worker->right++;
        }
    }
    dbapi_cursor_free(cursor);
    return NULL;
}

int main(void)
{
    const char *dsn = getenv("DATABASE_URL"); /* NULL: from PGHOST and its like */
    dbapi_error_t *error = NULL;
    dbapi_connection_t *connection = NULL;
    check(dbapi_connect(dsn, &connection, &error), error);
    /* In one shared transaction, a failure in one thread would be all the others' failure. */
    check(dbapi_connection_set_autocommit(connection, true, &error), error);

    struct worker workers[THREADS];
    int right = 0;
    for (int i = 0; i < THREADS; i++) {
        workers[i].connection = connection;
        workers[i].number = i;
        workers[i].right = 0;
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            fprintf(stderr, "a thread cannot be started\n");
            return EXIT_FAILURE;
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        right += workers[i].right;
    }
    printf("%d threads, %d answers, %s\n", THREADS, THREADS * ROUNDS, right == THREADS * ROUNDS ? "all of them right" : "not all of them right");

    dbapi_connection_free(connection);
    return EXIT_SUCCESS;
}
