#include "hostile.h"

#include <string.h>

fake_server *fake_after_query(void)
{
    fake_server *fake = fake_new();
    fake_greet(fake);
    fake_expect(fake, 'Q', "SELECT 1");
    return fake;
}

void check_breaks(fake_server *fake, hostility expected, const char *what)
{
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    fake_start(fake);
    dbapi_connection_t *connection = connect_dsn(fake_dsn(fake));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    dbapi_cursor_t *cursor = cursor_of(connection);
    dbapi_status_t status = dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure);
    if (status != DBAPI_OPERATIONAL_ERROR) {
        FAIL("%s: status %s, expected DBAPI_OPERATIONAL_ERROR", what, status_name(status));
    }
    const char *sqlstate = dbapi_error_sqlstate(failure);
    if (expected == PROTOCOL && (sqlstate == NULL || strcmp(sqlstate, "08P01") != 0)) {
        FAIL("%s: SQLSTATE %s, expected 08P01: %s", what, sqlstate == NULL ? "none" : sqlstate, dbapi_error_message(failure));
    }
    if (expected == LOST && sqlstate != NULL && strcmp(sqlstate, "08P01") == 0) {
        FAIL("%s: 08P01, though only the connection was lost: %s", what, dbapi_error_message(failure));
    }
    if (dbapi_error_connection_usable(failure) || dbapi_error_transaction_usable(failure)) {
        FAIL("%s: the error calls the connection usable", what);
    }
    clear_failure();
    if (dbapi_connection_closed(connection) != 2) {
        FAIL("%s: dbapi_connection_closed is %d, expected 2 (broken)", what, (int)dbapi_connection_closed(connection));
    }
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_UNKNOWN);
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK(dbapi_fetchall(cursor, &rows, &count, &failure) < 0);
    clear_failure();
    CHECK_OK(dbapi_close(connection, &failure));
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    if (fake_join(fake) != NULL) {
        FAIL("%s: fake server: %s", what, fake_join(fake));
    }
    fake_free(fake);
}
