/* Many rows in one go: they travel in a pipeline, not each in a round trip. It prints
 *
 *     1000 rows inserted
 *     row 2 is at fault: 23505 unique_violation
 *     and none of its batch is there: 1000 rows
 *
 * Build it: cc executemany.c -ldbapi */
#include <dbapi.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 1000, COLUMNS = 2 };

/* Says what failed, and ends the program. Whatever was not committed is gone with the connection. */
static void check(dbapi_status_t status, dbapi_error_t *error)
{
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", dbapi_error_class(error), dbapi_error_message(error));
        dbapi_error_free(error);
        exit(EXIT_FAILURE);
    }
}

int main(void)
{
    const char *dsn = getenv("DATABASE_URL"); /* NULL: from PGHOST and its like */
    dbapi_error_t *error = NULL;
    dbapi_connection_t *connection = NULL;
    dbapi_cursor_t *cursor = NULL;
    check(dbapi_connect(dsn, &connection, &error), error);
    check(dbapi_cursor(connection, &cursor, &error), error);

    check(dbapi_execute(cursor, "CREATE TEMP TABLE item (id integer PRIMARY KEY, name text)", NULL, 0, &error), error);
    check(dbapi_commit(connection, &error), error);

    /* All values in one array, row after row. Texts are not copied: each needs a place until the call ends. */
    static dbapi_value_t params[ROWS * COLUMNS];
    static char names[ROWS][20];
    for (int i = 0; i < ROWS; i++) {
        snprintf(names[i], sizeof names[i], "item %d", i);
        params[i * COLUMNS] = DBAPI_INT(i);
        params[i * COLUMNS + 1] = DBAPI_TEXT(names[i]);
    }
    const char *insert = "INSERT INTO item VALUES (%s, %s)";
    check(dbapi_executemany(cursor, insert, params, COLUMNS, ROWS, &error), error);
    printf("%" PRId64 " rows inserted\n", dbapi_rowcount(cursor));
    check(dbapi_commit(connection, &error), error);

    /* If a row fails, the error says which one; the rows before it are undone with the transaction. */
    const dbapi_value_t more[] = { DBAPI_INT(2000), DBAPI_TEXT("new"), DBAPI_INT(2001), DBAPI_TEXT("new"),
                                   DBAPI_INT(7), DBAPI_TEXT("there already") };
    if (dbapi_executemany(cursor, insert, more, COLUMNS, 3, &error) < 0) {
        printf("row %" PRId64 " is at fault: %s %s\n", dbapi_error_row(error), dbapi_error_sqlstate(error), dbapi_error_condition(error));
        dbapi_error_free(error);
        error = NULL;
        check(dbapi_rollback(connection, &error), error);
    }

    const dbapi_value_t *row = NULL;
    check(dbapi_execute(cursor, "SELECT count(*) FROM item", NULL, 0, &error), error);
    check(dbapi_fetchone(cursor, &row, &error), error);
    printf("and none of its batch is there: %" PRId64 " rows\n", row[0].as.integer);
    check(dbapi_rollback(connection, &error), error);

    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    return EXIT_SUCCESS;
}
