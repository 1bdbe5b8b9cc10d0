/* A program outside this repository, as someone who installed libdbapi would write it: it asks whether header and
 * library are of one version, and has a first conversation with the server that PGHOST and its like name. */
#include <dbapi.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Takes the error's address: when the call is made among the arguments, its value may be read before. */
static void check(dbapi_status_t status, dbapi_error_t **error)
{
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", dbapi_error_class(*error), dbapi_error_message(*error));
        dbapi_error_free(*error);
        exit(EXIT_FAILURE);
    }
}

int main(void)
{
    dbapi_error_t *error = NULL;
    dbapi_connection_t *connection = NULL;
    dbapi_cursor_t *cursor = NULL;
    const dbapi_value_t *row = NULL;
    const dbapi_value_t params[] = { DBAPI_INT(100), DBAPI_TEXT("abc'def") };

    if (dbapi_version_number() != DBAPI_VERSION_NUMBER) {
        fprintf(stderr, "the header is %s, the library %s\n", DBAPI_VERSION, dbapi_version());
        return EXIT_FAILURE;
    }
    check(dbapi_connect(NULL, &connection, &error), &error);
    check(dbapi_cursor(connection, &cursor, &error), &error);
    check(dbapi_execute(cursor, "SELECT %s, %s::text", params, 2, &error), &error);
    check(dbapi_fetchone(cursor, &row, &error), &error);
    if (row == NULL) {
        fprintf(stderr, "no row\n");
        return EXIT_FAILURE;
    }
    printf("%s: (%" PRId64 ", \"%s\")\n", dbapi_version(), row[0].as.integer, row[1].as.text.data);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    return EXIT_SUCCESS;
}
