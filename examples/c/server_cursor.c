/* A result too large to hold: a named cursor, whose rows stay on the server and come in blocks. It prints
 *
 *     100000 rows, the sum is 5000050000
 *     in blocks: 10 of 10000 rows
 *     row 500 is 501
 *
 * Build it: cc server_cursor.c -ldbapi */
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

static dbapi_cursor_t *open_named(dbapi_connection_t *connection, const char *name, int32_t scrollable)
{
    dbapi_error_t *error = NULL;
    dbapi_cursor_t *cursor = NULL;
    check(dbapi_cursor_named(connection, name, scrollable, false, &cursor, &error), error);
    check(dbapi_execute(cursor, "SELECT generate_series(1, 100000)::bigint", NULL, 0, &error), error);
    return cursor;
}

/* Closing tells of errors; freeing alone would do as well. */
static void done_with(dbapi_cursor_t *cursor)
{
    dbapi_error_t *error = NULL;
    check(dbapi_cursor_close(cursor, &error), error);
    dbapi_cursor_free(cursor);
}

int main(void)
{
    const char *dsn = getenv("DATABASE_URL"); /* NULL: from PGHOST and its like */
    dbapi_error_t *error = NULL;
    dbapi_connection_t *connection = NULL;
    check(dbapi_connect(dsn, &connection, &error), error);

    /* Row by row: behind dbapi_next the rows come 5000 at a time. */
    dbapi_cursor_t *cursor = open_named(connection, "row by row", DBAPI_DEFAULT);
    const dbapi_value_t *row = NULL;
    int64_t count = 0, sum = 0;
    check(dbapi_cursor_set_itersize(cursor, 5000, &error), error);
    while (check(dbapi_next(cursor, &row, &error), error), row != NULL) {
        count++;
        sum += row[0].as.integer;
    }
    printf("%" PRId64 " rows, the sum is %" PRId64 "\n", count, sum);
    done_with(cursor);

    /* Block by block, which is quickest: row i of a block begins at rows[i * ncolumns]. */
    cursor = open_named(connection, "block by block", DBAPI_DEFAULT);
    const dbapi_value_t *rows = NULL;
    size_t nrows = 0, blocks = 0, size = 0;
    while (check(dbapi_fetchmany(cursor, 10000, &rows, &nrows, &error), error), nrows > 0) {
        blocks++;
        size = nrows;
    }
    printf("in blocks: %zu of %zu rows\n", blocks, size);
    done_with(cursor);

    /* Here and there: one that was declared scrollable moves to any row. */
    cursor = open_named(connection, "here and there", 1);
    check(dbapi_scroll(cursor, 500, DBAPI_SCROLL_ABSOLUTE, &error), error);
    check(dbapi_fetchone(cursor, &row, &error), error);
    if (row != NULL) {
        printf("row 500 is %" PRId64 "\n", row[0].as.integer);
    }
    done_with(cursor);

    check(dbapi_rollback(connection, &error), error);
    dbapi_connection_free(connection);
    return EXIT_SUCCESS;
}
