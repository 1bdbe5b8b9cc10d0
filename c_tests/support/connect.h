/* Connections to the throw-away server, whose address is in the environment (pg.sh). */
#ifndef CONNECT_H
#define CONNECT_H

#include "check.h"

/* A connection made from the environment alone. */
dbapi_connection_t *connect_test(void);
/* A connection with this DSN; the case fails if it cannot be had. */
dbapi_connection_t *connect_dsn(const char *dsn);
/* A cursor of it. */
dbapi_cursor_t *cursor_of(dbapi_connection_t *connection);

/* Executes SQL without parameters. */
void run(dbapi_cursor_t *cursor, const char *sql);
/* Executes SQL without parameters in autocommit, on a connection of its own. */
void run_outside(const char *sql);
/* Makes an empty table with these columns anew, on a connection of its own. */
void fresh_table(const char *name, const char *columns);

/* The first value of the first row of a query, as dbapi_value_format gives it; SQL_NULL for NULL.
 * `query_text` asks on this cursor, `outside` on a connection of its own: what others can see.
 * The text stays until the next call of either. */
const char *query_text(dbapi_cursor_t *cursor, const char *sql);
const char *outside(const char *sql);

/* Waits until a query asked on a connection of its own answers `expected`; fails after 20 seconds. */
void wait_outside(const char *sql, const char *expected);

/* An environment variable that pg.sh set; the case fails without it. */
const char *test_variable(const char *name);

/* Fetches one row, which must be there. */
const dbapi_value_t *fetch_row(dbapi_cursor_t *cursor);
/* Nothing is left to fetch. */
void check_end(dbapi_cursor_t *cursor);

#endif
