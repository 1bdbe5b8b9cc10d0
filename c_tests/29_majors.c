/* What differs between majors of PostgreSQL (fetch_postgres.sh, matrix.sh): its version, and the protocol that it
 * speaks, which is 3.2 since PostgreSQL 18, with cancel keys longer than 3.0's four bytes. Each case knows what
 * the server at hand must do. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static int server_version(void)
{
    return atoi(outside("SHOW server_version_num"));
}

static void the_version_is_the_servers(void)
{
    dbapi_connection_t *connection = connect_test();
    CHECK_INT(dbapi_connection_server_version(connection), server_version());
    dbapi_connection_free(connection);
}

/* It connects with this protocol, and works. */
static void check_protocol(const char *dsn, int32_t protocol)
{
    const dbapi_value_t one[] = { DBAPI_INT(1) };
    dbapi_connection_t *connection = connect_dsn(dsn);
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_INT(dbapi_connection_protocol_version(connection), protocol);
    CHECK_OK(dbapi_execute(cursor, "SELECT %s + 1", one, 1, &failure));
    CHECK_ROW(fetch_row(cursor), "2");
    CHECK_OK(dbapi_commit(connection, &failure));
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

/* As libpq 18: 3.0 unless more is asked for. */
static void protocol_3_0_unless_asked(void)
{
    check_protocol("", 30000);
    check_protocol("max_protocol_version=3.0", 30000);
    check_protocol("min_protocol_version=3.0", 30000);
}

/* A server that does not know 3.2 answers with NegotiateProtocolVersion, and 3.0 it is. */
static void protocol_3_2_where_the_server_has_it(void)
{
    int32_t best = server_version() >= 180000 ? 30002 : 30000;
    check_protocol("max_protocol_version=3.2", best);
    check_protocol("max_protocol_version=latest", best);
    check_protocol("host=127.0.0.1 user=scram_user password=secret-scram max_protocol_version=3.2", best);
    check_protocol("max_protocol_version=3.2 target_session_attrs=read-write", best);
}

static void protocol_3_2_or_nothing(void)
{
    dbapi_connection_t *connection = NULL;
    if (server_version() >= 180000) {
        check_protocol("min_protocol_version=3.2", 30002);
        check_protocol("min_protocol_version=3.2 max_protocol_version=3.2", 30002);
        return;
    }
    CHECK_FAILS(dbapi_connect("min_protocol_version=3.2", &connection, &failure), DBAPI_OPERATIONAL_ERROR, ANY_SQLSTATE,
                "the server only supports protocol version 3.0, but min_protocol_version was set to 3.2");
    CHECK_PTR(connection, NULL);
}

typedef struct sleeper {
    pthread_t thread;
    dbapi_cursor_t *cursor;
    dbapi_status_t status;
    dbapi_error_t *error;
} sleeper;

static void *sleep_long(void *argument)
{
    sleeper *self = argument;
    self->status = dbapi_execute(self->cursor, "SELECT pg_sleep(60) /* t29 */", NULL, 0, &self->error);
    return NULL;
}

/* A key of 3.2 is 32 bytes on PostgreSQL 18. */
static void cancel_with_either_key(void)
{
    static const char *const dsns[] = { "max_protocol_version=3.0", "max_protocol_version=3.2" };
    for (size_t i = 0; i < COUNT(dsns); i++) {
        dbapi_connection_t *connection = connect_dsn(dsns[i]);
        sleeper one = { .cursor = cursor_of(connection) };
        CHECK_INT(pthread_create(&one.thread, NULL, sleep_long, &one), 0);
        wait_outside("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60) /* t29 */' AND state = 'active'", "1");
        CHECK_OK(dbapi_connection_cancel(connection, &failure));
        CHECK_INT(pthread_join(one.thread, NULL), 0);
        failure = one.error;
        CHECK_FAILS(one.status, DBAPI_OPERATIONAL_ERROR, "57014", "canceling statement due to user request");
        CHECK_OK(dbapi_rollback(connection, &failure));
        CHECK_TEXT(query_text(one.cursor, "SELECT 'still here'"), "still here");
        dbapi_cursor_free(one.cursor);
        dbapi_connection_free(connection);
    }
}

CHECK_MAIN(CASE(the_version_is_the_servers), CASE(protocol_3_0_unless_asked), CASE(protocol_3_2_where_the_server_has_it),
           CASE(protocol_3_2_or_nothing), CASE(cancel_with_either_key))
