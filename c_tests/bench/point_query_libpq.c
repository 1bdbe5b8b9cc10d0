/* point_query_libpq COUNT: what point_query_dbapi does, through libpq's PQexecParams. For instructions.sh. */
#include <libpq-fe.h>

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    long count = argc > 1 ? strtol(argv[1], NULL, 10) : 1000;
    PGconn *connection = PQconnectdb("");
    if (PQstatus(connection) != CONNECTION_OK) {
        fprintf(stderr, "point_query_libpq: %s", PQerrorMessage(connection));
        return 1;
    }
    long long sum = 0;
    for (long i = 0; i < count; i++) {
        char text[24];
        snprintf(text, sizeof text, "%ld", i % 1000);
        const char *values[] = { text };
        const Oid types[] = { 23 };
        PGresult *result =
            PQexecParams(connection, "SELECT relpages, relname FROM pg_class WHERE oid = $1::int4::oid", 1, types, values, NULL, NULL, 0);
        if (PQresultStatus(result) != PGRES_TUPLES_OK) {
            fprintf(stderr, "point_query_libpq: %s", PQerrorMessage(connection));
            return 1;
        }
        for (int row = 0; row < PQntuples(result); row++) {
            sum += strtol(PQgetvalue(result, row, 0), NULL, 10);
        }
        PQclear(result);
    }
    PQfinish(connection);
    printf("%lld\n", sum);
    return 0;
}
