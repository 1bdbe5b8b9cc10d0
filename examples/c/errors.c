/* What an error tells, and what to do about it. It prints
 *
 *     IntegrityError 23505 unique_violation
 *       message: duplicate key value violates unique constraint "thing_pkey"
 *       detail: Key (id)=(1) already exists.
 *       constraint: thing_pkey
 *       the connection can be used, the transaction cannot
 *     ProgrammingError 42P01 undefined_table
 *       message: relation "no_such_table" does not exist
 *       position: 15
 *       the connection can be used, the transaction cannot
 *     InterfaceError
 *       no SQLSTATE: it is not the server's error
 *     done at attempt 3
 *
 * Build it: cc errors.c -ldbapi */
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

/* A field that PostgreSQL did not send is NULL. */
static void print_field(const char *name, const char *field)
{
    if (field != NULL) {
        printf("  %s: %s\n", name, field);
    }
}

/* Prints an error, and frees it. dbapi_error_message would have all of it in one text. */
static void report(dbapi_error_t *error)
{
    if (dbapi_error_sqlstate(error) == NULL) {
        printf("%s\n  no SQLSTATE: it is not the server's error\n", dbapi_error_class(error));
        dbapi_error_free(error);
        return;
    }
    printf("%s %s %s\n", dbapi_error_class(error), dbapi_error_sqlstate(error), dbapi_error_condition(error));
    print_field("message", dbapi_error_message_primary(error));
    print_field("detail", dbapi_error_message_detail(error));
    print_field("constraint", dbapi_error_constraint_name(error));
    print_field("position", dbapi_error_statement_position(error));
    printf("  the connection %s be used, the transaction %s\n", dbapi_error_connection_usable(error) ? "can" : "cannot",
           dbapi_error_transaction_usable(error) ? "can" : "cannot");
    dbapi_error_free(error);
}

/* Fails twice, as two transactions that get in each other's way would make it. */
static dbapi_status_t work(dbapi_connection_t *connection, dbapi_cursor_t *cursor, int attempt, dbapi_error_t **error)
{
    dbapi_status_t status = DBAPI_OK;
    if (attempt < 3) {
        status = dbapi_execute(cursor, "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'serialization_failure'; END $$", NULL, 0, error);
    }
    return status < 0 ? status : dbapi_commit(connection, error);
}

int main(void)
{
    const char *dsn = getenv("DATABASE_URL"); /* NULL: from PGHOST and its like */
    dbapi_error_t *error = NULL;
    dbapi_connection_t *connection = NULL;
    dbapi_cursor_t *cursor = NULL;
    check(dbapi_connect(dsn, &connection, &error), error);
    check(dbapi_cursor(connection, &cursor, &error), error);

    run(cursor, "CREATE TEMP TABLE thing (id integer PRIMARY KEY)");
    run(cursor, "INSERT INTO thing VALUES (1)");
    check(dbapi_commit(connection, &error), error);

    /* A transaction in which something failed can only be rolled back (or undone to a savepoint). */
    if (dbapi_execute(cursor, "INSERT INTO thing VALUES (1)", NULL, 0, &error) < 0) {
        report(error);
        error = NULL;
    }
    check(dbapi_rollback(connection, &error), error);

    if (dbapi_execute(cursor, "SELECT * FROM no_such_table", NULL, 0, &error) < 0) {
        report(error);
        error = NULL;
    }
    check(dbapi_rollback(connection, &error), error);

    /* The library's own errors look the same. */
    dbapi_cursor_t *closed = NULL;
    const dbapi_value_t *row = NULL;
    check(dbapi_cursor(connection, &closed, &error), error);
    check(dbapi_cursor_close(closed, &error), error);
    if (dbapi_fetchone(closed, &row, &error) < 0) {
        report(error);
        error = NULL;
    }
    dbapi_cursor_free(closed);

    /* After some errors the same transaction may well succeed when it is run again, from its start. */
    for (int attempt = 1; ; attempt++) {
        dbapi_status_t status = work(connection, cursor, attempt, &error);
        if (status == DBAPI_OK) {
            printf("done at attempt %d\n", attempt);
            break;
        }
        if (!dbapi_error_retryable(error) || attempt == 10) {
            check(status, error);
        }
        dbapi_error_free(error);
        error = NULL;
        check(dbapi_rollback(connection, &error), error);
    }

    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    return EXIT_SUCCESS;
}
