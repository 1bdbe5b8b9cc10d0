/* Transactions, savepoints and isolation levels. It prints
 *
 *     after rollback: 0 rows
 *     after commit: 2 rows
 *     a statement failed: 22012 division_by_zero
 *     with the savepoint undone: 3 rows
 *     in the next transaction: serializable
 *
 * Build it: cc transactions.c -ldbapi */
#include <dbapi.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Says what failed, and ends the program. Whatever was not committed is gone with the connection. */
static void check(dbapi_status_t status, dbapi_error_t *error)
{
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", dbapi_error_class(error), dbapi_error_message(error));
        dbapi_error_free(error);
        exit(EXIT_FAILURE);
    }
}

static void run(dbapi_cursor_t *cursor, const char *sql)
{
    dbapi_error_t *error = NULL;
    check(dbapi_execute(cursor, sql, NULL, 0, &error), error);
}

static void print_rows(dbapi_cursor_t *cursor, const char *when)
{
    dbapi_error_t *error = NULL;
    const dbapi_value_t *row = NULL;
    run(cursor, "SELECT count(*) FROM account");
    check(dbapi_fetchone(cursor, &row, &error), error);
    printf("%s: %" PRId64 " rows\n", when, row[0].as.integer);
}

int main(void)
{
    const char *dsn = getenv("DATABASE_URL"); /* NULL: from PGHOST and its like */
    dbapi_error_t *error = NULL;
    dbapi_connection_t *connection = NULL;
    dbapi_cursor_t *cursor = NULL;
    check(dbapi_connect(dsn, &connection, &error), error);
    check(dbapi_cursor(connection, &cursor, &error), error);

    /* The first statement begins a transaction; nothing says BEGIN. */
    run(cursor, "CREATE TEMP TABLE account (owner text PRIMARY KEY, amount integer)");
    check(dbapi_commit(connection, &error), error);

    run(cursor, "INSERT INTO account VALUES ('alice', 10)");
    check(dbapi_rollback(connection, &error), error);
    print_rows(cursor, "after rollback");

    run(cursor, "INSERT INTO account VALUES ('alice', 10), ('bob', 20)");
    check(dbapi_commit(connection, &error), error);
    print_rows(cursor, "after commit");

    /* A statement that fails spoils its transaction, but for what a savepoint can undo. NULL: the library names it. */
    run(cursor, "INSERT INTO account VALUES ('carol', 30)");
    check(dbapi_savepoint_begin(connection, NULL, &error), error);
    run(cursor, "INSERT INTO account VALUES ('dave', 40)");
    if (dbapi_execute(cursor, "UPDATE account SET amount = amount / 0", NULL, 0, &error) < 0) {
        printf("a statement failed: %s %s\n", dbapi_error_sqlstate(error), dbapi_error_condition(error));
        dbapi_error_free(error);
        error = NULL;
        check(dbapi_savepoint_rollback(connection, NULL, &error), error);
    } else {
        check(dbapi_savepoint_release(connection, NULL, &error), error);
    }
    print_rows(cursor, "with the savepoint undone");
    check(dbapi_commit(connection, &error), error);

    /* What transactions are like can be set between two of them. */
    const dbapi_value_t *row = NULL;
    check(dbapi_connection_set_session(connection, DBAPI_ISOLATION_SERIALIZABLE, 1, DBAPI_UNCHANGED, DBAPI_UNCHANGED, &error), error);
    run(cursor, "SHOW transaction_isolation");
    check(dbapi_fetchone(cursor, &row, &error), error);
    printf("in the next transaction: %s\n", row[0].as.text.data);
    check(dbapi_rollback(connection, &error), error);

    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    return EXIT_SUCCESS;
}
