/* What a fragment of the pages stands in: a connection, a cursor, and what to do with errors. */
#include <dbapi.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
@INCLUDES@

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

    check(dbapi_connect(NULL, &connection, &error), &error);
    check(dbapi_cursor(connection, &cursor, &error), &error);
    {
#line @LINE@ "@PAGE@"
@BLOCK@
    }
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    return EXIT_SUCCESS;
}
