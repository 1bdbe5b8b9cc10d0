/* PEP 249's familiar session, in C. It connects to the server that DATABASE_URL names, else to the one that
 * PGHOST, PGPORT, PGUSER ... name, and prints
 *
 *     (1, 100, "abc'def")
 *
 * Build it: cc quickstart.c -ldbapi */
#include <dbapi.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Says what failed, and ends the program. Whatever was not committed is gone with the connection. It takes the
 * error's address: C may look at a variable before the call beside it has filled it. */
static void check(dbapi_status_t status, dbapi_error_t **error)
{
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", dbapi_error_class(*error), dbapi_error_message(*error));
        dbapi_error_free(*error);
        exit(EXIT_FAILURE);
    }
}

static void print_value(const dbapi_value_t *value)
{
    switch (value->kind) {
    case DBAPI_KIND_NULL:
        printf("None");
        break;
    case DBAPI_KIND_INT:
        printf("%" PRId64, value->as.integer);
        break;
    case DBAPI_KIND_TEXT:
        printf("\"%.*s\"", (int)value->as.text.length, value->as.text.data);
        break;
    default: {
        /* Any other kind, as PostgreSQL writes it. */
        char text[200];
        dbapi_error_t *error = NULL;
        check(dbapi_value_format(value, text, sizeof text, NULL, &error), &error);
        printf("%s", text);
    }
    }
}

static void print_row(const dbapi_value_t *row, size_t ncolumns)
{
    for (size_t i = 0; i < ncolumns; i++) {
        printf(i == 0 ? "(" : ", ");
        print_value(&row[i]);
    }
    printf(")\n");
}

/* A second connection sees what the first has committed; it also drops the table. */
static bool verify(const char *dsn)
{
    dbapi_error_t *error = NULL;
    dbapi_connection_t *connection = NULL;
    dbapi_cursor_t *cursor = NULL;
    const dbapi_value_t *row = NULL;

    check(dbapi_connect(dsn, &connection, &error), &error);
    check(dbapi_cursor(connection, &cursor, &error), &error);
    check(dbapi_execute(cursor, "SELECT num, data FROM test", NULL, 0, &error), &error);
    check(dbapi_fetchone(cursor, &row, &error), &error);
    bool there = row != NULL && row[0].as.integer == 100 && strcmp(row[1].as.text.data, "abc'def") == 0;

    check(dbapi_execute(cursor, "DROP TABLE test", NULL, 0, &error), &error);
    check(dbapi_commit(connection, &error), &error);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    return there;
}

int main(void)
{
    const char *dsn = getenv("DATABASE_URL"); /* NULL: from PGHOST and its like */
    dbapi_error_t *error = NULL;
    dbapi_connection_t *connection = NULL;
    dbapi_cursor_t *cursor = NULL;

    /* Connect to a database, and open a cursor to perform operations. */
    check(dbapi_connect(dsn, &connection, &error), &error);
    check(dbapi_cursor(connection, &cursor, &error), &error);

    /* Execute a command: this creates a new table. */
    check(dbapi_execute(cursor, "CREATE TABLE test (id serial PRIMARY KEY, num integer, data varchar);", NULL, 0, &error), &error);

    /* Pass data to fill the placeholders: the server gets it typed, and no quote can do harm. */
    const dbapi_value_t params[] = { DBAPI_INT(100), DBAPI_TEXT("abc'def") };
    check(dbapi_execute(cursor, "INSERT INTO test (num, data) VALUES (%s, %s)", params, 2, &error), &error);

    /* Query the database, and obtain data. The row is the cursor's, until its next call. */
    const dbapi_value_t *row = NULL;
    size_t ncolumns = 0;
    check(dbapi_execute(cursor, "SELECT * FROM test;", NULL, 0, &error), &error);
    check(dbapi_fetchone(cursor, &row, &error), &error);
    dbapi_description(cursor, &ncolumns);
    if (row != NULL) {
        print_row(row, ncolumns);
    }

    /* Make the changes persistent, and close. */
    check(dbapi_commit(connection, &error), &error);
    check(dbapi_cursor_close(cursor, &error), &error);
    check(dbapi_close(connection, &error), &error);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);

    if (!verify(dsn)) {
        fprintf(stderr, "a second connection does not see the row\n");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
