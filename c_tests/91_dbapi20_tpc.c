/* The two-phase commit companion of the suite `dbapi20`: a test of our own for each of its tests, named as it is
 * there. 64_tpc.c has the rules in full. */
#include "connect.h"

#include <stdio.h>
#include <string.h>

static dbapi_connection_t *connection;
static dbapi_xid_t *xid;

static dbapi_xid_t *xid_of(int32_t format_id, const char *gtrid, const char *bqual)
{
    dbapi_xid_t *made = NULL;
    CHECK_OK(dbapi_xid(format_id, gtrid, bqual, &made, &failure));
    return made;
}

/* A connection, and an xid that no test has had. */
static void open_both(void)
{
    static int last;
    char gtrid[40];
    snprintf(gtrid, sizeof gtrid, "t91:%d", last++);
    connection = connect_test();
    xid = xid_of(91, gtrid, "qualifier");
}

/* What a test may have left open goes with its connection. */
static void close_both(void)
{
    dbapi_xid_free(xid);
    dbapi_connection_free(connection);
}

static void execute(void)
{
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    dbapi_cursor_free(cursor);
}

static void check_xid(int32_t format_id, const char *gtrid, const char *bqual)
{
    dbapi_xid_t *made = xid_of(format_id, gtrid, bqual);
    CHECK_INT(dbapi_xid_format_id(made), format_id);
    CHECK_TEXT(dbapi_xid_gtrid(made), gtrid);
    CHECK_TEXT(dbapi_xid_bqual(made), bqual);
    dbapi_xid_free(made);
}

static void test_xid(void)
{
    char a[65], b[65];
    memset(a, 'a', 64);
    memset(b, 'b', 64);
    a[64] = b[64] = '\0';
    check_xid(42, "global", "bqual");
    check_xid(0, "", "");
    check_xid(0x7fffffff, a, b);
}

static void test_tpc_begin(void)
{
    open_both();
    CHECK_OK(dbapi_tpc_begin(connection, xid, &failure));
    close_both();
}

static void test_tpc_commit_without_prepare(void)
{
    open_both();
    CHECK_OK(dbapi_tpc_begin(connection, xid, &failure));
    execute();
    CHECK_OK(dbapi_tpc_commit(connection, NULL, &failure));
    close_both();
}

static void test_tpc_rollback_without_prepare(void)
{
    open_both();
    CHECK_OK(dbapi_tpc_begin(connection, xid, &failure));
    execute();
    CHECK_OK(dbapi_tpc_rollback(connection, NULL, &failure));
    close_both();
}

static void test_tpc_commit_with_prepare(void)
{
    open_both();
    CHECK_OK(dbapi_tpc_begin(connection, xid, &failure));
    execute();
    CHECK_OK(dbapi_tpc_prepare(connection, &failure));
    CHECK_OK(dbapi_tpc_commit(connection, NULL, &failure));
    close_both();
}

static void test_tpc_rollback_with_prepare(void)
{
    open_both();
    CHECK_OK(dbapi_tpc_begin(connection, xid, &failure));
    execute();
    CHECK_OK(dbapi_tpc_prepare(connection, &failure));
    CHECK_OK(dbapi_tpc_rollback(connection, NULL, &failure));
    close_both();
}

static void test_tpc_begin_in_transaction_fails(void)
{
    open_both();
    execute();
    CHECK_FAILS(dbapi_tpc_begin(connection, xid, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "transaction");
    close_both();
}

static void test_tpc_begin_in_tpc_transaction_fails(void)
{
    open_both();
    CHECK_OK(dbapi_tpc_begin(connection, xid, &failure));
    CHECK_FAILS(dbapi_tpc_begin(connection, xid, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "two-phase");
    close_both();
}

static void test_commit_in_tpc_fails(void)
{
    open_both();
    CHECK_OK(dbapi_tpc_begin(connection, xid, &failure));
    CHECK_FAILS(dbapi_commit(connection, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "two-phase");
    close_both();
}

static void test_rollback_in_tpc_fails(void)
{
    open_both();
    CHECK_OK(dbapi_tpc_begin(connection, xid, &failure));
    CHECK_FAILS(dbapi_rollback(connection, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "two-phase");
    close_both();
}

CHECK_MAIN(CASE(test_xid), CASE(test_tpc_begin), CASE(test_tpc_commit_without_prepare), CASE(test_tpc_rollback_without_prepare),
           CASE(test_tpc_commit_with_prepare), CASE(test_tpc_rollback_with_prepare), CASE(test_tpc_begin_in_transaction_fails),
           CASE(test_tpc_begin_in_tpc_transaction_fails), CASE(test_commit_in_tpc_fails), CASE(test_rollback_in_tpc_fails))
