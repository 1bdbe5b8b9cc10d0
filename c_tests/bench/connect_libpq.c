/* connect_libpq COUNT DSN: what connect_dbapi does, through libpq. For connect.sh. */
#define _POSIX_C_SOURCE 200809L
#include <libpq-fe.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: connect_libpq COUNT DSN\n");
        return 2;
    }
    long count = strtol(argv[1], NULL, 10);
    double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (long i = 0; i < count; i++) {
        PGconn *connection = PQconnectdb(argv[2]);
        if (PQstatus(connection) != CONNECTION_OK) {
            fprintf(stderr, "connect_libpq: %s", PQerrorMessage(connection));
            return 1;
        }
        PQfinish(connection);
    }
    wall = seconds(CLOCK_MONOTONIC) - wall;
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("%.1f %.1f\n", wall * 1e6 / (double)count, cpu * 1e6 / (double)count);
    return 0;
}
