/* Parameters by name. It prints
 *
 *     3 | Three | 30
 *     4 | Four | NULL
 *     no value for the placeholder: ProgrammingError
 *
 * Build it: cc named_parameters.c -ldbapi */
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

int main(void)
{
    const char *dsn = getenv("DATABASE_URL"); /* NULL: from PGHOST and its like */
    dbapi_error_t *error = NULL;
    dbapi_connection_t *connection = NULL;
    dbapi_cursor_t *cursor = NULL;
    check(dbapi_connect(dsn, &connection, &error), error);
    check(dbapi_cursor(connection, &cursor, &error), error);

    check(dbapi_execute(cursor, "CREATE TEMP TABLE thing (id integer, name text, price integer)", NULL, 0, &error), error);

    /* One name for each parameter, in the same order. Each may stand in the SQL as often as is wanted, or not at all. */
    const char *const names[] = { "id", "name", "price", "comment" };
    dbapi_value_t params[] = { DBAPI_INT(3), DBAPI_TEXT("Three"), DBAPI_INT(30), DBAPI_TEXT("not in the SQL") };
    const char *insert = "INSERT INTO thing (name, id, price) VALUES (%(name)s, %(id)s, %(price)s)";
    check(dbapi_execute_named(cursor, insert, names, params, 4, &error), error);

    /* The values may change from call to call. NULL is a value as any other. */
    params[0] = DBAPI_INT(4);
    params[1] = DBAPI_TEXT("Four");
    params[2] = DBAPI_NULL;
    check(dbapi_execute_named(cursor, insert, names, params, 4, &error), error);

    /* A name that is used twice is sent once. */
    const char *const limits[] = { "least" };
    const dbapi_value_t least[] = { DBAPI_INT(3) };
    check(dbapi_execute_named(cursor, "SELECT id, name, price FROM thing WHERE id >= %(least)s OR price >= %(least)s ORDER BY id",
                              limits, least, 1, &error), error);
    const dbapi_value_t *row = NULL;
    while (check(dbapi_fetchone(cursor, &row, &error), error), row != NULL) {
        printf("%" PRId64 " | %s | ", row[0].as.integer, row[1].as.text.data);
        if (row[2].kind == DBAPI_KIND_NULL) {
            printf("NULL\n");
        } else {
            printf("%" PRId64 "\n", row[2].as.integer);
        }
    }

    /* A name in the SQL without a parameter is an error, found before anything is sent. */
    if (dbapi_execute_named(cursor, "SELECT %(other)s", limits, least, 1, &error) < 0) {
        printf("no value for the placeholder: %s\n", dbapi_error_class(error));
        dbapi_error_free(error);
    }
    error = NULL;
    check(dbapi_rollback(connection, &error), error);

    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    return EXIT_SUCCESS;
}
