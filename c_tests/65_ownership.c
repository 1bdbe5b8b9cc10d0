/* Who owns what: handles are freed in any order, and a cursor keeps its connection alive. Under valgrind
 * this program also shows that nothing is lost. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"

#include <stdio.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static void connection_freed_before_its_cursors(void)
{
    const dbapi_value_t *row = NULL;
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *first = cursor_of(connection);
    dbapi_cursor_t *second = cursor_of(connection);
    run(first, "SELECT generate_series(1, 3), 'text'");
    dbapi_connection_free(connection);
    /* They keep it alive. */
    CHECK_TEXT(query_text(second, "SELECT 'alive'"), "alive");
    CHECK_OK(dbapi_fetchone(first, &row, &failure));
    CHECK_ROW(row, "1", "text");
    CHECK_INT(dbapi_rowcount(first), 3);
    dbapi_cursor_free(second);
    dbapi_cursor_free(first);
}

static void closing_leaves_its_cursors_useless(void)
{
    const dbapi_value_t *row = NULL;
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *cursor = cursor_of(connection);
    run(cursor, "SELECT generate_series(1, 3)");
    CHECK_OK(dbapi_close(connection, &failure));
    dbapi_connection_free(connection);
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_FAILS(dbapi_fetchone(cursor, &row, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_INT(dbapi_rowcount(cursor), 3);
    dbapi_cursor_free(cursor);
}

static void freeing_the_last_handle_ends_its_session(void)
{
    char sql[200];
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *cursor = cursor_of(connection);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM pg_stat_activity WHERE pid = %s", query_text(cursor, "SELECT pg_backend_pid()"));
    CHECK_TEXT(outside(sql), "1");
    dbapi_connection_free(connection);
    CHECK_TEXT(outside(sql), "1");
    dbapi_cursor_free(cursor);
    wait_outside(sql, "0");
}

static void every_order_of_freeing(void)
{
    /* 0 is the connection, 1 and 2 its cursors. */
    static const int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
    for (size_t i = 0; i < COUNT(orders); i++) {
        for (int closed = 0; closed < 2; closed++) {
            dbapi_connection_t *connection = connect_test();
            dbapi_cursor_t *cursors[2] = { cursor_of(connection), cursor_of(connection) };
            run(cursors[0], "SELECT generate_series(1, 100), repeat('x', 100)");
            fetch_row(cursors[0]);
            run(cursors[1], "SELECT 1");
            if (closed) {
                CHECK_OK(dbapi_close(connection, &failure));
            }
            for (size_t j = 0; j < 3; j++) {
                if (orders[i][j] == 0) {
                    dbapi_connection_free(connection);
                } else {
                    dbapi_cursor_free(cursors[orders[i][j] - 1]);
                }
            }
        }
    }
}

static void an_error_outlives_everything(void)
{
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_ERROR(dbapi_execute(cursor, "SELECT * FROM t65_missing", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "42P01", NULL);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    CHECK_CONTAINS(dbapi_error_message(failure), "t65_missing");
    CHECK_TEXT(dbapi_error_message_primary(failure), "relation \"t65_missing\" does not exist");
}

static void many_cursors(void)
{
    enum { MANY = 500 };
    static dbapi_cursor_t *cursors[MANY];
    char sql[100];
    dbapi_connection_t *connection = connect_test();
    for (int i = 0; i < MANY; i++) {
        cursors[i] = cursor_of(connection);
        snprintf(sql, sizeof sql, "SELECT %d, 'cursor %d'", i, i);
        run(cursors[i], sql);
    }
    for (int i = MANY - 1; i >= 0; i--) {
        char number[16];
        char text[32];
        snprintf(number, sizeof number, "%d", i);
        snprintf(text, sizeof text, "cursor %d", i);
        CHECK_ROW(fetch_row(cursors[i]), number, text);
    }
    for (int i = 0; i < MANY; i += 2) {
        dbapi_cursor_free(cursors[i]);
    }
    dbapi_connection_free(connection);
    for (int i = 1; i < MANY; i += 2) {
        dbapi_cursor_free(cursors[i]);
    }
}

static void many_connections(void)
{
    enum { MANY = 20 };
    dbapi_connection_t *connections[MANY];
    for (int i = 0; i < MANY; i++) {
        connections[i] = connect_test();
    }
    for (int i = 0; i < MANY; i++) {
        dbapi_cursor_t *cursor = cursor_of(connections[i]);
        CHECK_TEXT(query_text(cursor, "SELECT 'here'"), "here");
        dbapi_connection_free(connections[i]);
        dbapi_cursor_free(cursor);
    }
}

/* The same handles made and dropped over and over: memory does not grow with use (valgrind: nothing lost). */
static void over_and_over(void)
{
    dbapi_connection_t *connection = connect_test();
    for (int i = 0; i < 300; i++) {
        dbapi_cursor_t *cursor = cursor_of(connection);
        run(cursor, "SELECT generate_series(1, 10), 'x'");
        fetch_row(cursor);
        CHECK_FAILS(dbapi_execute(cursor, "SELEC", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "42601", NULL);
        CHECK_OK(dbapi_rollback(connection, &failure));
        dbapi_cursor_free(cursor);
    }
    dbapi_connection_free(connection);
}

/* A forked child that frees what it inherited says nothing to the server: the parent's session goes on. */
static void a_forked_child_frees_its_copy(void)
{
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *cursor = cursor_of(connection);
    run(cursor, "CREATE TEMP TABLE t (a int)");
    run(cursor, "INSERT INTO t VALUES (1)");
    fflush(stdout);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        dbapi_cursor_free(cursor);
        dbapi_connection_free(connection);
        _exit(0);
    }
    int status = -1;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    /* The transaction is still open, and the table still there. */
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INTRANS);
    CHECK_TEXT(query_text(cursor, "SELECT a FROM t"), "1");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

CHECK_MAIN(CASE(connection_freed_before_its_cursors), CASE(closing_leaves_its_cursors_useless), CASE(freeing_the_last_handle_ends_its_session), CASE(every_order_of_freeing),
           CASE(an_error_outlives_everything), CASE(many_cursors), CASE(many_connections), CASE(over_and_over),
           CASE(a_forked_child_frees_its_copy))
