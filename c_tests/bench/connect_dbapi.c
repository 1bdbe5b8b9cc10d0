/* connect_dbapi COUNT DSN: connects and closes COUNT times, and prints the microseconds of wall time and of the
 * client's CPU time that one took. For connect.sh. */
#define _POSIX_C_SOURCE 200809L
#include <dbapi.h>

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
        fprintf(stderr, "usage: connect_dbapi COUNT DSN\n");
        return 2;
    }
    long count = strtol(argv[1], NULL, 10);
    double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (long i = 0; i < count; i++) {
        dbapi_connection_t *connection = NULL;
        dbapi_error_t *error = NULL;
        if (dbapi_connect(argv[2], &connection, &error) != DBAPI_OK) {
            fprintf(stderr, "connect_dbapi: %s\n", dbapi_error_message(error));
            return 1;
        }
        dbapi_close(connection, NULL);
        dbapi_connection_free(connection);
    }
    wall = seconds(CLOCK_MONOTONIC) - wall;
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("%.1f %.1f\n", wall * 1e6 / (double)count, cpu * 1e6 / (double)count);
    return 0;
}
