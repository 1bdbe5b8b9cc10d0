/* Rows as columns: each an array that a program goes through, or a language takes, as a whole. It prints
 *
 *     10000 rows in 10 blocks
 *     2500 have no name, the others have 66668 characters
 *     the sum is 25002500.0
 *
 * Build it: cc columns.c -ldbapi */
#include <dbapi.h>
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

int main(void)
{
    const char *dsn = getenv("DATABASE_URL"); /* NULL: from PGHOST and its like */
    dbapi_error_t *error = NULL;
    dbapi_connection_t *connection = NULL;
    dbapi_cursor_t *cursor = NULL;
    check(dbapi_connect(dsn, &connection, &error), error);
    check(dbapi_cursor(connection, &cursor, &error), error);
    check(dbapi_execute(cursor, "SELECT i / 2.0::float8, CASE WHEN i % 4 > 0 THEN 'name ' || i END FROM generate_series(1, 10000) i",
                        NULL, 0, &error), error);

    size_t rows = 0, blocks = 0, nameless = 0, characters = 0, width = 0, count = 0;
    double sum = 0;
    const dbapi_block_column_t *columns = NULL;
    dbapi_status_t status;
    while ((status = dbapi_fetch_columns(cursor, 1000, &columns, &width, &count, &error)) == DBAPI_OK) {
        blocks++;
        rows += count;
        /* A column may always come as values: with those, a program that does not know them is at its end. */
        if (columns[0].layout != DBAPI_LAYOUT_DOUBLE || columns[1].layout != DBAPI_LAYOUT_BYTES) {
            fprintf(stderr, "columns of another kind than expected\n");
            return EXIT_FAILURE;
        }
        /* NULLs are zeroes here. Where that matters, `nulls` tells. */
        const double *numbers = columns[0].data;
        for (size_t i = 0; i < count; i++) {
            sum += numbers[i];
        }
        /* Of each text, what lies between two offsets, but for its NUL. */
        nameless += columns[1].null_count;
        characters += columns[1].data_size - count;
    }
    check(status, error);
    printf("%zu rows in %zu blocks\n", rows, blocks);
    printf("%zu have no name, the others have %zu characters\n", nameless, characters);
    printf("the sum is %.1f\n", sum);

    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    return EXIT_SUCCESS;
}
