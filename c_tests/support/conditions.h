/* PostgreSQL's error conditions, from the facts that the library's own table is generated from
 * (tests/errcodes/conditions.txt). */
#ifndef CONDITIONS_H
#define CONDITIONS_H

#include "check.h"

typedef struct condition {
    char sqlstate[6];
    char kind; /* S, W or E: success, warning, error */
    dbapi_status_t status; /* by the class that psycopg2 raises */
    char name[80];
    int first_major, last_major; /* of PostgreSQL, seen with it */
} condition;

/* All of them, in the order of SQLSTATEs; the case fails if they cannot be read. */
const condition *conditions(size_t *count);

#endif
