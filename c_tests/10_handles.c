/* Wrong calls: NULL for every argument, closed, freed and foreign handles, numbers out of range. Each is an
 * error that names the argument. A NULL, closed, freed or foreign handle is an interface error, any other
 * wrong argument a programming error (SEMANTICS, first paragraph). */
#include "connect.h"

#include <string.h>

#define WRONG_HANDLE(call, name) CHECK_FAILS(call, DBAPI_INTERFACE_ERROR, NULL, name)
#define WRONG_ARGUMENT(call, name) CHECK_FAILS(call, DBAPI_PROGRAMMING_ERROR, NULL, name)

/* Every function of a connection, on one that is not usable. */
static void refuse_connection(dbapi_connection_t *connection, const char *word)
{
    dbapi_cursor_t *cursor = (dbapi_cursor_t *)&cursor;
    WRONG_HANDLE(dbapi_commit(connection, &failure), word);
    WRONG_HANDLE(dbapi_rollback(connection, &failure), word);
    WRONG_HANDLE(dbapi_cursor(connection, &cursor, &failure), word);
    CHECK_PTR(cursor, NULL);
    cursor = (dbapi_cursor_t *)&cursor;
    WRONG_HANDLE(dbapi_cursor_named(connection, "name", -1, false, &cursor, &failure), word);
    CHECK_PTR(cursor, NULL);
    WRONG_HANDLE(dbapi_connection_set_autocommit(connection, true, &failure), word);
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_UNKNOWN);
}

/* Every function of a cursor that asks something of the server or of a result, on one that is not usable. */
static void refuse_cursor(dbapi_cursor_t *cursor, const char *word)
{
    const dbapi_value_t one[] = { DBAPI_INT(1) };
    const char *const names[] = { "a" };
    const dbapi_value_t *rows = one;
    const dbapi_block_column_t *columns = (const dbapi_block_column_t *)(const void *)one;
    size_t count = 99;
    WRONG_HANDLE(dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure), word);
    WRONG_HANDLE(dbapi_execute(cursor, "SELECT %s", one, 1, &failure), word);
    WRONG_HANDLE(dbapi_execute_named(cursor, "SELECT %(a)s", names, one, 1, &failure), word);
    WRONG_HANDLE(dbapi_executemany(cursor, "SELECT %s", one, 1, 1, &failure), word);
    WRONG_HANDLE(dbapi_executemany_named(cursor, "SELECT %(a)s", names, one, 1, 1, &failure), word);
    WRONG_HANDLE(dbapi_fetchone(cursor, &rows, &failure), word);
    WRONG_HANDLE(dbapi_fetchmany(cursor, 1, &rows, &count, &failure), word);
    WRONG_HANDLE(dbapi_fetchall(cursor, &rows, &count, &failure), word);
    WRONG_HANDLE(dbapi_fetch_columns(cursor, 1, &columns, &count, &count, &failure), word);
    /* Outputs are written on success only. */
    CHECK_PTR(rows, one);
    CHECK_PTR(columns, (const void *)one);
    CHECK_SIZE(count, 99);
}

static void null_connection(void)
{
    refuse_connection(NULL, "connection");
    WRONG_HANDLE(dbapi_close(NULL, &failure), "connection");
    CHECK_INT(dbapi_connection_autocommit(NULL), false);
    CHECK(dbapi_connection_closed(NULL) != 0);
    dbapi_connection_free(NULL);
}

static void null_cursor(void)
{
    size_t count = 99;
    refuse_cursor(NULL, "cursor");
    WRONG_HANDLE(dbapi_cursor_close(NULL, &failure), "cursor");
    WRONG_HANDLE(dbapi_cursor_set_arraysize(NULL, 5, &failure), "cursor");
    WRONG_HANDLE(dbapi_cursor_set_result_format(NULL, DBAPI_FORMAT_TEXT, &failure), "cursor");
    CHECK_PTR(dbapi_description(NULL, &count), NULL);
    CHECK_INT(dbapi_rowcount(NULL), -1);
    CHECK_SIZE(dbapi_arraysize(NULL), 0);
    CHECK_INT(dbapi_rownumber(NULL), -1);
    CHECK_PTR(dbapi_cursor_statusmessage(NULL), NULL);
    CHECK(dbapi_cursor_closed(NULL) != 0);
    dbapi_cursor_free(NULL);
}

static void null_error(void)
{
    CHECK(dbapi_error_message(NULL) != NULL);
    CHECK_PTR(dbapi_error_sqlstate(NULL), NULL);
    CHECK_PTR(dbapi_error_severity(NULL), NULL);
    CHECK_PTR(dbapi_error_severity_nonlocalized(NULL), NULL);
    CHECK_PTR(dbapi_error_message_primary(NULL), NULL);
    CHECK_PTR(dbapi_error_message_detail(NULL), NULL);
    CHECK_PTR(dbapi_error_message_hint(NULL), NULL);
    CHECK_PTR(dbapi_error_statement_position(NULL), NULL);
    CHECK_PTR(dbapi_error_internal_position(NULL), NULL);
    CHECK_PTR(dbapi_error_internal_query(NULL), NULL);
    CHECK_PTR(dbapi_error_context(NULL), NULL);
    CHECK_PTR(dbapi_error_schema_name(NULL), NULL);
    CHECK_PTR(dbapi_error_table_name(NULL), NULL);
    CHECK_PTR(dbapi_error_column_name(NULL), NULL);
    CHECK_PTR(dbapi_error_datatype_name(NULL), NULL);
    CHECK_PTR(dbapi_error_constraint_name(NULL), NULL);
    CHECK_PTR(dbapi_error_source_file(NULL), NULL);
    CHECK_PTR(dbapi_error_source_line(NULL), NULL);
    CHECK_PTR(dbapi_error_source_function(NULL), NULL);
    CHECK_INT(dbapi_error_row(NULL), -1);
    /* No more than that these answer. */
    (void)dbapi_error_status(NULL);
    (void)dbapi_error_class(NULL);
    (void)dbapi_error_connection_usable(NULL);
    (void)dbapi_error_transaction_usable(NULL);
    (void)dbapi_error_retryable(NULL);
    dbapi_error_free(NULL);
}

static void null_arguments_of_a_connection(void)
{
    static const char *const keywords[] = { "host", NULL };
    static const char *const values[] = { "localhost", NULL };
    dbapi_connection_t *connection = NULL;
    dbapi_cursor_t *cursor = NULL;

    WRONG_ARGUMENT(dbapi_connect("", NULL, &failure), "out_connection");
    WRONG_ARGUMENT(dbapi_connect_params("", keywords, values, NULL, &failure), "out_connection");
    WRONG_ARGUMENT(dbapi_connect_params("", keywords, NULL, &connection, &failure), "values");
    CHECK_PTR(connection, NULL);
    WRONG_ARGUMENT(dbapi_connect_params("", NULL, values, &connection, &failure), "keywords");
    CHECK_PTR(connection, NULL);
    /* Neither of them: nothing overrides the DSN. */
    CHECK_OK(dbapi_connect_params(NULL, NULL, NULL, &connection, &failure));

    WRONG_ARGUMENT(dbapi_cursor(connection, NULL, &failure), "out_cursor");
    WRONG_ARGUMENT(dbapi_cursor_named(connection, "name", -1, false, NULL, &failure), "out_cursor");
    WRONG_ARGUMENT(dbapi_cursor_named(connection, "name", 2, false, &cursor, &failure), "scrollable");
    CHECK_PTR(cursor, NULL);
    WRONG_ARGUMENT(dbapi_cursor_named(connection, "name", -2, false, &cursor, &failure), "scrollable");
    WRONG_ARGUMENT(dbapi_cursor_named(connection, "name", INT32_MIN, false, &cursor, &failure), "scrollable");
    /* Scrollable or with hold, but without a name. */
    WRONG_ARGUMENT(dbapi_cursor_named(connection, NULL, 1, false, &cursor, &failure), "name");
    WRONG_ARGUMENT(dbapi_cursor_named(connection, NULL, -1, true, &cursor, &failure), "name");
    CHECK_PTR(cursor, NULL);

    /* The connection has seen none of this. */
    cursor = cursor_of(connection);
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void null_arguments_of_a_cursor(void)
{
    const dbapi_value_t one[] = { DBAPI_INT(1) };
    const char *const names[] = { "a" };
    const char *const no_name[] = { NULL };
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *cursor = cursor_of(connection);

    WRONG_ARGUMENT(dbapi_execute(cursor, NULL, NULL, 0, &failure), "sql");
    WRONG_ARGUMENT(dbapi_execute(cursor, "SELECT %s", NULL, 1, &failure), "params");
    WRONG_ARGUMENT(dbapi_execute_named(cursor, NULL, names, one, 1, &failure), "sql");
    WRONG_ARGUMENT(dbapi_execute_named(cursor, "SELECT %(a)s", NULL, one, 1, &failure), "names");
    WRONG_ARGUMENT(dbapi_execute_named(cursor, "SELECT %(a)s", no_name, one, 1, &failure), "names");
    WRONG_ARGUMENT(dbapi_execute_named(cursor, "SELECT %(a)s", names, NULL, 1, &failure), "params");
    WRONG_ARGUMENT(dbapi_executemany(cursor, NULL, one, 1, 1, &failure), "sql");
    WRONG_ARGUMENT(dbapi_executemany(cursor, "SELECT %s", NULL, 1, 1, &failure), "params");
    /* nrows x nparams does not fit a size_t. */
    WRONG_ARGUMENT(dbapi_executemany(cursor, "SELECT %s", one, SIZE_MAX / 2, 4, &failure), "nrows");
    WRONG_ARGUMENT(dbapi_executemany_named(cursor, NULL, names, one, 1, 1, &failure), "sql");
    WRONG_ARGUMENT(dbapi_executemany_named(cursor, "SELECT %(a)s", NULL, one, 1, 1, &failure), "names");
    WRONG_ARGUMENT(dbapi_executemany_named(cursor, "SELECT %(a)s", no_name, one, 1, 1, &failure), "names");
    WRONG_ARGUMENT(dbapi_executemany_named(cursor, "SELECT %(a)s", names, NULL, 1, 1, &failure), "params");
    WRONG_ARGUMENT(dbapi_executemany_named(cursor, "SELECT %(a)s", names, one, 1, SIZE_MAX, &failure), "params");

    run(cursor, "SELECT 1");
    WRONG_ARGUMENT(dbapi_fetchone(cursor, NULL, &failure), "out_row");
    WRONG_ARGUMENT(dbapi_fetchmany(cursor, 1, NULL, &count, &failure), "out_rows");
    WRONG_ARGUMENT(dbapi_fetchmany(cursor, 1, &rows, NULL, &failure), "out_nrows");
    WRONG_ARGUMENT(dbapi_fetchall(cursor, NULL, &count, &failure), "out_rows");
    WRONG_ARGUMENT(dbapi_fetchall(cursor, &rows, NULL, &failure), "out_nrows");
    WRONG_ARGUMENT(dbapi_cursor_set_arraysize(cursor, 0, &failure), "arraysize");
    /* None of these took the row. */
    CHECK_ROW(fetch_row(cursor), "1");

    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void result_format_out_of_range(void)
{
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *cursor = cursor_of(connection);
    WRONG_ARGUMENT(dbapi_cursor_set_result_format(cursor, 3, &failure), "format");
    WRONG_ARGUMENT(dbapi_cursor_set_result_format(cursor, -1, &failure), "format");
    WRONG_ARGUMENT(dbapi_cursor_set_result_format(cursor, INT32_MAX, &failure), "format");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void parameter_kind_out_of_range(void)
{
    static const int32_t kinds[] = { -1, 24, 9999, INT32_MIN, INT32_MAX };
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *cursor = cursor_of(connection);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        dbapi_value_t params[] = { DBAPI_INT(1), DBAPI_INT(2) };
        params[1].kind = kinds[i];
        WRONG_ARGUMENT(dbapi_execute(cursor, "SELECT %s, %s", params, 2, &failure), "kind");
    }
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void null_out_error_is_allowed(void)
{
    CHECK_INT(dbapi_commit(NULL, NULL), DBAPI_INTERFACE_ERROR);
    CHECK_INT(dbapi_execute(NULL, "SELECT 1", NULL, 0, NULL), DBAPI_INTERFACE_ERROR);
    dbapi_connection_t *connection = (dbapi_connection_t *)&connection;
    CHECK_INT(dbapi_connect("no such keyword=1", &connection, NULL), DBAPI_PROGRAMMING_ERROR);
    CHECK_PTR(connection, NULL);
}

static void success_leaves_out_error_alone(void)
{
    dbapi_error_t *untouched = (dbapi_error_t *)&untouched;
    dbapi_connection_t *connection = NULL;
    CHECK_INT(dbapi_connect(NULL, &connection, &untouched), DBAPI_OK);
    CHECK_INT(dbapi_commit(connection, &untouched), DBAPI_OK);
    CHECK_PTR(untouched, &untouched);
    dbapi_connection_free(connection);
}

static void closed_connection(void)
{
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *cursor = cursor_of(connection);
    run(cursor, "SELECT 1");
    CHECK_OK(dbapi_close(connection, &failure));
    CHECK_INT(dbapi_connection_closed(connection), 1);
    refuse_connection(connection, "closed");
    refuse_cursor(cursor, "closed");
    /* close is idempotent, of both. */
    CHECK_OK(dbapi_close(connection, &failure));
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void closed_cursor(void)
{
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *cursor = cursor_of(connection);
    size_t count = 0;
    CHECK_INT(dbapi_cursor_closed(cursor), 0);
    run(cursor, "SELECT 1 AS a, 2 AS b");
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    CHECK_INT(dbapi_cursor_closed(cursor), 1);
    refuse_cursor(cursor, "closed");
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    /* What the last execute told stays readable. */
    CHECK_INT(dbapi_rowcount(cursor), 1);
    const dbapi_column_t *columns = dbapi_description(cursor, &count);
    CHECK(columns != NULL);
    CHECK_SIZE(count, 2);
    CHECK_TEXT(columns[1].name, "b");
    /* The connection goes on. */
    dbapi_cursor_t *other = cursor_of(connection);
    CHECK_TEXT(query_text(other, "SELECT 3"), "3");
    dbapi_cursor_free(other);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

/* Handles are looked up before they are trusted, so even the address of freed memory is an error. */
static void freed_handles(void)
{
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *cursor = cursor_of(connection);
    dbapi_connection_free(connection);
    dbapi_cursor_free(cursor);
    refuse_connection(connection, "connection");
    WRONG_HANDLE(dbapi_close(connection, &failure), "connection");
    refuse_cursor(cursor, "cursor");
    WRONG_HANDLE(dbapi_cursor_close(cursor, &failure), "cursor");
    CHECK_INT(dbapi_rowcount(cursor), -1);
    /* Freeing twice does nothing. */
    dbapi_connection_free(connection);
    dbapi_cursor_free(cursor);
}

static void foreign_handles(void)
{
    unsigned char zeroes[256] = { 0 };
    unsigned char noise[256];
    memset(noise, 0xa5, sizeof noise);
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *cursor = cursor_of(connection);

    refuse_connection((dbapi_connection_t *)(void *)zeroes, "connection");
    refuse_connection((dbapi_connection_t *)(void *)noise, "connection");
    refuse_connection((dbapi_connection_t *)(void *)cursor, "connection");
    /* Never dereferenced: nothing is mapped there. */
    refuse_connection((dbapi_connection_t *)(uintptr_t)8, "connection");
    refuse_cursor((dbapi_cursor_t *)(void *)zeroes, "cursor");
    refuse_cursor((dbapi_cursor_t *)(void *)noise, "cursor");
    refuse_cursor((dbapi_cursor_t *)(void *)connection, "cursor");
    refuse_cursor((dbapi_cursor_t *)(uintptr_t)8, "cursor");
    dbapi_cursor_free((dbapi_cursor_t *)(void *)zeroes);
    dbapi_connection_free((dbapi_connection_t *)(void *)cursor);
    dbapi_error_free((dbapi_error_t *)(void *)zeroes);
    dbapi_conninfo_free((dbapi_conninfo_t *)(void *)zeroes);

    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void conninfo_arguments(void)
{
    dbapi_conninfo_t *conninfo = NULL;
    WRONG_ARGUMENT(dbapi_conninfo_parse("host=a", NULL, &failure), "out_conninfo");
    WRONG_ARGUMENT(dbapi_conninfo_resolve("host=a", NULL, &failure), "out_conninfo");
    CHECK_SIZE(dbapi_conninfo_count(NULL), 0);
    CHECK_PTR(dbapi_conninfo_keyword(NULL, 0), NULL);
    CHECK_PTR(dbapi_conninfo_value(NULL, 0), NULL);
    dbapi_conninfo_free(NULL);

    CHECK_OK(dbapi_conninfo_parse("host=a port=1", &conninfo, &failure));
    size_t count = dbapi_conninfo_count(conninfo);
    CHECK(count >= 2);
    CHECK_PTR(dbapi_conninfo_keyword(conninfo, count), NULL);
    CHECK_PTR(dbapi_conninfo_value(conninfo, count), NULL);
    CHECK_PTR(dbapi_conninfo_value(conninfo, SIZE_MAX), NULL);
    dbapi_conninfo_free(conninfo);

    conninfo = (dbapi_conninfo_t *)&conninfo;
    CHECK_FAILS(dbapi_conninfo_parse("host", &conninfo, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "invalid dsn");
    CHECK_PTR(conninfo, NULL);
}

CHECK_MAIN(CASE(null_connection), CASE(null_cursor), CASE(null_error), CASE(null_arguments_of_a_connection),
           CASE(null_arguments_of_a_cursor), CASE(result_format_out_of_range), CASE(parameter_kind_out_of_range),
           CASE(null_out_error_is_allowed), CASE(success_leaves_out_error_alone), CASE(closed_connection),
           CASE(closed_cursor), CASE(freed_handles), CASE(foreign_handles), CASE(conninfo_arguments))
