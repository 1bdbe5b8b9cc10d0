/* LISTEN and NOTIFY: one connection waits for what another says. It prints
 *
 *     on "jobs" from the other connection: "first"
 *     on "jobs" from the other connection: "second"
 *     on "jobs" from this connection: ""
 *     nothing more
 *
 * Build it: cc notify.c -ldbapi */
#include <dbapi.h>
#include <stdio.h>
#include <stdlib.h>

/* Says what failed, and ends the program. Whatever was not committed is gone with the connection. */
static void check(dbapi_status_t status, dbapi_error_t *error)
{
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", dbapi_error_class(error), dbapi_error_message(error));
        dbapi_error_free(error);
        exit(EXIT_FAILURE);
    }
}

/* In autocommit: notifications are sent, and come, outside of transactions alone. */
static dbapi_connection_t *connect_autocommit(dbapi_cursor_t **cursor)
{
    dbapi_error_t *error = NULL;
    dbapi_connection_t *connection = NULL;
    check(dbapi_connect(getenv("DATABASE_URL"), &connection, &error), error);
    check(dbapi_connection_set_autocommit(connection, true, &error), error);
    check(dbapi_cursor(connection, cursor, &error), error);
    return connection;
}

int main(void)
{
    dbapi_error_t *error = NULL;
    dbapi_cursor_t *listener_cursor = NULL, *sender_cursor = NULL;
    dbapi_connection_t *listener = connect_autocommit(&listener_cursor);
    dbapi_connection_t *sender = connect_autocommit(&sender_cursor);

    check(dbapi_execute(listener_cursor, "LISTEN jobs", NULL, 0, &error), error);

    /* NOTIFY takes no parameters; the function pg_notify does. */
    const dbapi_value_t first[] = { DBAPI_TEXT("first") }, second[] = { DBAPI_TEXT("second") };
    check(dbapi_execute(sender_cursor, "SELECT pg_notify('jobs', %s)", first, 1, &error), error);
    check(dbapi_execute(sender_cursor, "SELECT pg_notify('jobs', %s)", second, 1, &error), error);
    check(dbapi_execute(listener_cursor, "NOTIFY jobs", NULL, 0, &error), error);

    /* Waits at most five seconds for each of three, then looks without waiting. Several may have come with the answer
     * to another call: they are kept until they are taken. */
    for (int i = 0; i < 4; i++) {
        dbapi_notify_t *notify = NULL;
        check(dbapi_connection_wait_notify(listener, i < 3 ? 5000 : 0, &notify, &error), error);
        if (notify == NULL) {
            printf("nothing more\n");
            break;
        }
        const char *who = dbapi_notify_pid(notify) == dbapi_connection_backend_pid(listener) ? "this" : "the other";
        printf("on \"%s\" from %s connection: \"%s\"\n", dbapi_notify_channel(notify), who, dbapi_notify_payload(notify));
        dbapi_notify_free(notify);
    }

    dbapi_cursor_free(listener_cursor);
    dbapi_cursor_free(sender_cursor);
    dbapi_connection_free(listener);
    dbapi_connection_free(sender);
    return EXIT_SUCCESS;
}
