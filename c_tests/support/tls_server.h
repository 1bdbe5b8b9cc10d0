/* The server that tls.sh started: which certificate it shows, and its other settings. */
#ifndef TLS_SERVER_H
#define TLS_SERVER_H

#include "connect.h"

/* Makes the server show this certificate of tls.sh's and use these settings: "rsa", "ecdsa ssl=off",
 * "rsa ssl_max_protocol_version=TLSv1.2 password_encryption=md5". What is not named is as tls.sh left it. Returns when
 * the server has done so. The test must hold ctest's lock `tls_server`, and end with tls_use("rsa"). */
void tls_use(const char *setup);

/* A text with @ replaced by the directory of certificates, and ! by that of the server's Unix socket. It stays
 * until the next four calls. */
const char *tls_text(const char *text);

/* Whether the server says that the connection is encrypted: what pg_stat_ssl knows of it. */
bool tls_seen_by_server(dbapi_connection_t *connection);

#endif
