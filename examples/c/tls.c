/* TLS to a server whose certificate is verified. The connection string has to say so: sslmode=verify-full, and with
 * sslrootcert whom to trust ("system": whom the system trusts); as in
 *
 * DATABASE_URL="host=db.example dbname=test sslmode=verify-full sslrootcert=root.crt" ./tls
 *
 * It prints
 *
 *     encrypted by TLSv1.3, TLS_AES_256_GCM_SHA384
 *     the server says so, too
 *     with another root: OperationalError
 *     without TLS: OperationalError
 *
 * Build it: cc tls.c -ldbapi */
#include <dbapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Says what failed, and ends the program. Whatever was not committed is gone with the connection. */
static void check(dbapi_status_t status, dbapi_error_t *error)
{
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", dbapi_error_class(error), dbapi_error_message(error));
        dbapi_error_free(error);
        exit(EXIT_FAILURE);
    }
}

/* Tries to connect with one keyword changed, and tells of the error. */
static void refused(const char *what, const char *dsn, const char *keyword, const char *value)
{
    const char *const keywords[] = { keyword, NULL };
    const char *const values[] = { value, NULL };
    dbapi_error_t *error = NULL;
    dbapi_connection_t *connection = NULL;
    if (dbapi_connect_params(dsn, keywords, values, &connection, &error) < 0) {
        printf("%s: %s\n", what, dbapi_error_class(error));
        dbapi_error_free(error);
    } else {
        printf("%s: connected\n", what);
        dbapi_connection_free(connection);
    }
}

int main(void)
{
    const char *dsn = getenv("DATABASE_URL");
    if (dsn == NULL || strstr(dsn, "verify-full") == NULL) {
        fprintf(stderr, "DATABASE_URL must name a server with sslmode=verify-full\n");
        return EXIT_FAILURE;
    }
    dbapi_error_t *error = NULL;
    dbapi_connection_t *connection = NULL;
    dbapi_cursor_t *cursor = NULL;
    check(dbapi_connect(dsn, &connection, &error), error);
    check(dbapi_cursor(connection, &cursor, &error), error);

    /* What was agreed on. The attributes are NULL without TLS. */
    if (dbapi_connection_ssl_in_use(connection)) {
        printf("encrypted by %s, %s\n", dbapi_connection_ssl_attribute(connection, "protocol"), dbapi_connection_ssl_attribute(connection, "cipher"));
    }
    const dbapi_value_t *row = NULL;
    check(dbapi_execute(cursor, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", NULL, 0, &error), error);
    check(dbapi_fetchone(cursor, &row, &error), error);
    if (row != NULL && row[0].as.boolean) {
        printf("the server says so, too\n");
    }
    check(dbapi_rollback(connection, &error), error);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);

    /* A certificate that nobody we trust has signed: whoever that is, nothing is said to them. */
    refused("with another root", dsn, "sslrootcert", "system");
    /* A server may insist on TLS for a user; that is for the server to say (hostssl in pg_hba.conf). */
    refused("without TLS", dsn, "sslmode", "disable");
    return EXIT_SUCCESS;
}
