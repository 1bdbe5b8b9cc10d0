/* What the tests with a hostile server have in common: a session that must end with a broken connection. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include "connect.h"
#include "fake_server.h"

/* What the server did, and so which error is due: PROTOCOL broke the protocol (SQLSTATE 08P01), LOST ended
 * the connection, EITHER may be seen as the one or the other, depending on which shows first. */
typedef enum hostility { PROTOCOL, LOST, EITHER } hostility;

/* A server that has let the client in and has read one query. */
fake_server *fake_after_query(void);

/* Connects in autocommit, executes "SELECT 1" and fetches all: that must fail, and leave a connection that
 * is broken, says so, and can be closed and freed. Then finishes the server. `what` goes into messages. */
void check_breaks(fake_server *fake, hostility expected, const char *what);

#endif
