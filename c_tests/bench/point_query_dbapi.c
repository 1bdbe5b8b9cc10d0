/* point_query_dbapi COUNT: the same query by primary key, COUNT times, through libdbapi. For instructions.sh. */
#include <dbapi.h>

#include <stdio.h>
#include <stdlib.h>

static void check(dbapi_status_t status, dbapi_error_t *error)
{
    if (status != DBAPI_OK) {
        fprintf(stderr, "point_query_dbapi: %s\n", dbapi_error_message(error));
        exit(1);
    }
}

int main(int argc, char **argv)
{
    long count = argc > 1 ? strtol(argv[1], NULL, 10) : 1000;
    dbapi_error_t *error = NULL;
    dbapi_connection_t *connection = NULL;
    dbapi_cursor_t *cursor = NULL;
    check(dbapi_connect(NULL, &connection, &error), error);
    check(dbapi_connection_set_autocommit(connection, true, &error), error);
    check(dbapi_cursor(connection, &cursor, &error), error);
    int64_t sum = 0;
    for (long i = 0; i < count; i++) {
        const dbapi_value_t params[] = { DBAPI_INT(i % 1000) };
        const dbapi_value_t *row = NULL;
        check(dbapi_execute(cursor, "SELECT relpages, relname FROM pg_class WHERE oid = %s::int4::oid", params, 1, &error), error);
        while (dbapi_fetchone(cursor, &row, NULL) == DBAPI_OK) {
            sum += row[0].as.integer;
        }
    }
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    printf("%lld\n", (long long)sum);
    return 0;
}
