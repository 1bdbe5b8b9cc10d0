/* Moving in a result: scroll among rows that are here, scroll by MOVE on the server, and iteration, which has a
 * named cursor fetch many rows at a time. */
#include "connect.h"

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;

static void open_cursor(void)
{
    connection = connect_test();
    cursor = cursor_of(connection);
}

/* A named cursor on the numbers 1 to `rows`. */
static void open_named(int32_t scrollable, bool withhold, int rows)
{
    const dbapi_value_t params[] = { DBAPI_INT(rows) };
    connection = connect_test();
    CHECK_OK(dbapi_cursor_named(connection, "c61", scrollable, withhold, &cursor, &failure));
    CHECK_OK(dbapi_execute(cursor, "SELECT generate_series(1, %s)", params, 1, &failure));
}

static void close_cursor(void)
{
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static dbapi_status_t relative(int64_t value)
{
    return dbapi_scroll(cursor, value, DBAPI_SCROLL_RELATIVE, &failure);
}

static dbapi_status_t absolute(int64_t value)
{
    return dbapi_scroll(cursor, value, DBAPI_SCROLL_ABSOLUTE, &failure);
}

#define CHECK_NEXT(expected) CHECK_INT(fetch_row(cursor)[0].as.integer, expected)
/* What comes next when the row is asked for by dbapi_next. */
#define CHECK_ITERATES(expected) CHECK_INT(next_row()[0].as.integer, expected)

static const dbapi_value_t *next_row(void)
{
    const dbapi_value_t *row = NULL;
    CHECK_OK(dbapi_next(cursor, &row, &failure));
    CHECK(row != NULL);
    return row;
}

static void check_iterated(void)
{
    const dbapi_value_t *row = (const dbapi_value_t *)"overwritten";
    CHECK_DONE(dbapi_next(cursor, &row, &failure));
    CHECK_PTR(row, NULL);
}

/* ---- rows that are here ---------------------------------------------------------------------------------------- */

static void relative_and_absolute(void)
{
    open_cursor();
    run(cursor, "SELECT generate_series(1, 5)");
    CHECK_OK(relative(2));
    CHECK_INT(dbapi_rownumber(cursor), 2);
    CHECK_NEXT(3);
    CHECK_OK(relative(-3));
    CHECK_NEXT(1);
    CHECK_OK(relative(0));
    CHECK_NEXT(2);
    CHECK_OK(absolute(4));
    CHECK_NEXT(5);
    check_end(cursor);
    CHECK_OK(absolute(0));
    CHECK_NEXT(1);
    CHECK_INT(dbapi_rowcount(cursor), 5);
    CHECK_TEXT(dbapi_cursor_statusmessage(cursor), "SELECT 5");
    close_cursor();
}

static void out_of_bounds_stays_where_it_was(void)
{
    static const struct {
        int64_t value;
        int32_t mode;
    } moves[] = {
        { 3, DBAPI_SCROLL_RELATIVE },         { -3, DBAPI_SCROLL_RELATIVE },        { INT64_MAX, DBAPI_SCROLL_RELATIVE },
        { INT64_MIN, DBAPI_SCROLL_RELATIVE }, { 5, DBAPI_SCROLL_ABSOLUTE },         { -1, DBAPI_SCROLL_ABSOLUTE },
        { INT64_MAX, DBAPI_SCROLL_ABSOLUTE }, { INT64_MIN, DBAPI_SCROLL_ABSOLUTE },
    };
    open_cursor();
    run(cursor, "SELECT generate_series(1, 5)");
    CHECK_OK(absolute(2));
    for (size_t i = 0; i < COUNT(moves); i++) {
        CHECK_FAILS(dbapi_scroll(cursor, moves[i].value, moves[i].mode, &failure), DBAPI_PROGRAMMING_ERROR, NULL,
                    "scroll destination out of bounds");
        CHECK_INT(dbapi_rownumber(cursor), 2);
    }
    CHECK_NEXT(3);
    /* At the end there is no row, so not even 0 on is one. */
    CHECK_NEXT(4);
    CHECK_NEXT(5);
    CHECK_FAILS(relative(0), DBAPI_PROGRAMMING_ERROR, NULL, "out of bounds");
    CHECK_OK(relative(-1));
    CHECK_NEXT(5);
    run(cursor, "SELECT 1 WHERE false");
    CHECK_FAILS(absolute(0), DBAPI_PROGRAMMING_ERROR, NULL, "out of bounds");
    close_cursor();
}

static void without_rows(void)
{
    open_cursor();
    CHECK_FAILS(relative(1), DBAPI_PROGRAMMING_ERROR, NULL, "no results");
    run(cursor, "CREATE TEMP TABLE t61 (a int)");
    CHECK_FAILS(absolute(0), DBAPI_PROGRAMMING_ERROR, NULL, "no results");
    run(cursor, "INSERT INTO t61 VALUES (1), (2)");
    CHECK_FAILS(absolute(0), DBAPI_PROGRAMMING_ERROR, NULL, "no results");
    close_cursor();
}

static void bad_arguments(void)
{
    static const int32_t modes[] = { 2, -1, INT32_MAX, INT32_MIN };
    open_cursor();
    run(cursor, "SELECT generate_series(1, 5)");
    for (size_t i = 0; i < COUNT(modes); i++) {
        CHECK_FAILS(dbapi_scroll(cursor, 1, modes[i], &failure), DBAPI_PROGRAMMING_ERROR, NULL, "mode");
    }
    CHECK_NEXT(1);
    CHECK_FAILS(dbapi_scroll(NULL, 1, DBAPI_SCROLL_RELATIVE, &failure), DBAPI_INTERFACE_ERROR, NULL, "cursor");
    CHECK_FAILS(dbapi_next(cursor, NULL, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "out_row");
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    CHECK_FAILS(relative(0), DBAPI_INTERFACE_ERROR, NULL, "closed");
    const dbapi_value_t *row = NULL;
    CHECK_FAILS(dbapi_next(cursor, &row, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    close_cursor();
}

static void results_scroll_after_their_transaction(void)
{
    open_cursor();
    run(cursor, "SELECT generate_series(1, 5)");
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_OK(absolute(3));
    CHECK_NEXT(4);
    close_cursor();
}

/* ---- on the server --------------------------------------------------------------------------------------------- */

static void named_relative_and_absolute(void)
{
    size_t count = 0;
    open_named(1, false, 10);
    CHECK_OK(relative(3));
    CHECK_TEXT(dbapi_cursor_statusmessage(cursor), "MOVE 3");
    CHECK_INT(dbapi_rowcount(cursor), -1);
    CHECK_INT(dbapi_rownumber(cursor), 3);
    CHECK_PTR(dbapi_description(cursor, NULL), NULL);
    CHECK_NEXT(4);
    CHECK_INT(dbapi_rowcount(cursor), 1);
    CHECK_INT(dbapi_rownumber(cursor), 4);
    CHECK_OK(relative(-2));
    CHECK_INT(dbapi_rowcount(cursor), -1);
    CHECK_INT(dbapi_rownumber(cursor), 2);
    /* The columns are known by now. */
    CHECK(dbapi_description(cursor, &count) != NULL);
    CHECK_SIZE(count, 1);
    CHECK_NEXT(3);
    CHECK_OK(absolute(0));
    CHECK_NEXT(1);
    CHECK_OK(absolute(7));
    CHECK_NEXT(8);
    CHECK_OK(absolute(-3));
    CHECK_INT(dbapi_rownumber(cursor), 8);
    CHECK_NEXT(9);
    CHECK_OK(relative(0));
    CHECK_NEXT(10);
    close_cursor();
}

/* As MOVE does it: no error, but an end. The first step back from behind the last row leads onto it. */
static void named_past_the_ends(void)
{
    open_named(1, false, 10);
    CHECK_OK(relative(100));
    CHECK_TEXT(dbapi_cursor_statusmessage(cursor), "MOVE 10");
    CHECK_INT(dbapi_rownumber(cursor), 10);
    check_end(cursor);
    CHECK_OK(relative(-1));
    check_end(cursor);
    CHECK_OK(relative(-2));
    CHECK_INT(dbapi_rownumber(cursor), 9);
    CHECK_NEXT(10);
    CHECK_OK(relative(-100));
    CHECK_INT(dbapi_rownumber(cursor), 0);
    CHECK_NEXT(1);
    CHECK_OK(absolute(-100));
    CHECK_INT(dbapi_rownumber(cursor), 0);
    CHECK_NEXT(1);
    CHECK_OK(absolute(100));
    CHECK_INT(dbapi_rownumber(cursor), 10);
    check_end(cursor);
    close_cursor();
    /* Where an end is that was never met is not known. */
    open_named(1, false, 10);
    CHECK_OK(absolute(100));
    CHECK_INT(dbapi_rownumber(cursor), -1);
    CHECK_OK(absolute(4));
    CHECK_INT(dbapi_rownumber(cursor), 4);
    CHECK_NEXT(5);
    close_cursor();
}

/* More than the 32 bits that MOVE and FETCH count in. */
static void named_far(void)
{
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    open_named(1, false, 10);
    CHECK_OK(relative(INT64_MAX));
    CHECK_INT(dbapi_rownumber(cursor), 10);
    CHECK_OK(relative(INT64_MIN));
    CHECK_NEXT(1);
    CHECK_OK(absolute(INT64_MAX));
    check_end(cursor);
    CHECK_OK(absolute(INT64_MIN));
    CHECK_NEXT(1);
    CHECK_OK(relative(4294967296 - 1));
    check_end(cursor);
    CHECK_OK(absolute(0));
#if SIZE_MAX > UINT32_MAX
    CHECK_OK(dbapi_fetchmany(cursor, 4294967297, &rows, &count, &failure));
#else
    CHECK_OK(dbapi_fetchmany(cursor, SIZE_MAX - 1, &rows, &count, &failure));
#endif
    CHECK_SIZE(count, 10);
    close_cursor();
}

static void no_scroll_goes_forward_alone(void)
{
    open_named(0, false, 10);
    CHECK_OK(relative(2));
    CHECK_NEXT(3);
    CHECK_OK(absolute(5));
    CHECK_NEXT(6);
    CHECK_FAILS(relative(-1), DBAPI_OPERATIONAL_ERROR, "55000", "forward");
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INERROR);
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    close_cursor();
    open_named(0, false, 10);
    CHECK_NEXT(1);
    if (dbapi_connection_server_version(connection) >= 150000) {
        CHECK_FAILS(absolute(0), DBAPI_OPERATIONAL_ERROR, "55000", "forward");
    } else {
        /* PostgreSQL 14 rewinds a cursor that is NO SCROLL. */
        CHECK_OK(absolute(0));
        CHECK_NEXT(1);
    }
    close_cursor();
}

static void named_in_the_wrong_state(void)
{
    connection = connect_test();
    CHECK_OK(dbapi_cursor_named(connection, "c61", 1, false, &cursor, &failure));
    CHECK_FAILS(relative(1), DBAPI_PROGRAMMING_ERROR, NULL, "no results");
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    run(cursor, "SELECT generate_series(1, 3)");
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_FAILS(relative(1), DBAPI_PROGRAMMING_ERROR, NULL, "c61");
    CHECK_FAILS(absolute(0), DBAPI_PROGRAMMING_ERROR, NULL, "c61");
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    CHECK_FAILS(relative(1), DBAPI_INTERFACE_ERROR, NULL, "closed");
    close_cursor();
}

static void held_cursors_scroll_after_commit(void)
{
    open_named(1, true, 10);
    CHECK_NEXT(1);
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_OK(relative(5));
    CHECK_NEXT(7);
    CHECK_OK(absolute(-1));
    check_end(cursor);
    CHECK_OK(absolute(2));
    CHECK_NEXT(3);
    close_cursor();
}

/* ---- iteration ------------------------------------------------------------------------------------------------- */

static void iterates_over_what_is_here(void)
{
    open_cursor();
    run(cursor, "SELECT generate_series(1, 3)");
    CHECK_ITERATES(1);
    CHECK_INT(dbapi_rownumber(cursor), 1);
    CHECK_NEXT(2);
    CHECK_ITERATES(3);
    check_iterated();
    check_iterated();
    const dbapi_value_t *row = NULL;
    run(cursor, "CREATE TEMP TABLE t61 ()");
    CHECK_FAILS(dbapi_next(cursor, &row, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "no results");
    close_cursor();
}

static void itersize(void)
{
    open_cursor();
    CHECK_SIZE(dbapi_cursor_itersize(cursor), 2000);
    CHECK_OK(dbapi_cursor_set_itersize(cursor, 5, &failure));
    CHECK_SIZE(dbapi_cursor_itersize(cursor), 5);
    CHECK_FAILS(dbapi_cursor_set_itersize(cursor, 0, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "itersize");
    CHECK_SIZE(dbapi_cursor_itersize(cursor), 5);
    CHECK_OK(dbapi_cursor_set_itersize(cursor, SIZE_MAX, &failure));
    CHECK_SIZE(dbapi_cursor_itersize(cursor), SIZE_MAX);
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    CHECK_FAILS(dbapi_cursor_set_itersize(cursor, 5, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_FAILS(dbapi_cursor_set_itersize(NULL, 5, &failure), DBAPI_INTERFACE_ERROR, NULL, "cursor");
    CHECK_SIZE(dbapi_cursor_itersize(NULL), 0);
    close_cursor();
    open_named(-1, false, 3);
    CHECK_OK(dbapi_cursor_set_itersize(cursor, SIZE_MAX, &failure));
    CHECK_ITERATES(1);
    CHECK_INT(dbapi_rowcount(cursor), 3);
    close_cursor();
}

/* rowcount tells how many came with the last FETCH. */
static void named_iteration_fetches_itersize_rows(void)
{
    static const int counts[] = { 2, 2, 2, 2, 1 };
    open_named(-1, false, 5);
    CHECK_OK(dbapi_cursor_set_itersize(cursor, 2, &failure));
    for (int i = 0; i < 5; i++) {
        CHECK_ITERATES(i + 1);
        CHECK_INT(dbapi_rowcount(cursor), counts[i]);
        CHECK_INT(dbapi_rownumber(cursor), i + 1);
        CHECK_TEXT(dbapi_cursor_statusmessage(cursor), counts[i] == 2 ? "FETCH 2" : "FETCH 1");
    }
    check_iterated();
    CHECK_INT(dbapi_rowcount(cursor), 0);
    check_iterated();
    close_cursor();
}

/* The rows that iteration has received are still to be fetched, whatever they are asked for by. */
static void fetching_amid_an_iteration(void)
{
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    open_named(-1, false, 20);
    CHECK_OK(dbapi_cursor_set_itersize(cursor, 4, &failure));
    CHECK_ITERATES(1);
    CHECK_NEXT(2);
    CHECK_INT(dbapi_rownumber(cursor), 2);
    /* Two are here, one more comes from the server. */
    CHECK_OK(dbapi_fetchmany(cursor, 3, &rows, &count, &failure));
    CHECK_SIZE(count, 3);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(rows[i].as.integer, i + 3);
    }
    CHECK_INT(dbapi_rownumber(cursor), 5);
    CHECK_ITERATES(6);
    /* As many as are here. */
    CHECK_OK(dbapi_fetchmany(cursor, 3, &rows, &count, &failure));
    CHECK_SIZE(count, 3);
    CHECK_INT(rows[2].as.integer, 9);
    CHECK_ITERATES(10);
    CHECK_OK(dbapi_fetchall(cursor, &rows, &count, &failure));
    CHECK_SIZE(count, 10);
    for (int i = 0; i < 10; i++) {
        CHECK_INT(rows[i].as.integer, i + 11);
    }
    CHECK_INT(dbapi_rowcount(cursor), 10);
    check_iterated();
    close_cursor();
}

/* Rows of two FETCHes in one block: the memory of both stays. */
static void a_block_of_two_fetches(void)
{
    static const int32_t formats[] = { DBAPI_FORMAT_TEXT, DBAPI_FORMAT_BINARY };
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    connection = connect_test();
    for (size_t f = 0; f < COUNT(formats); f++) {
        CHECK_OK(dbapi_cursor_named(connection, "c61", -1, false, &cursor, &failure));
        CHECK_OK(dbapi_cursor_set_result_format(cursor, formats[f], &failure));
        run(cursor, "SELECT repeat(chr(96 + g), 1000), g::numeric, NULL FROM generate_series(1, 5) g");
        CHECK_OK(dbapi_cursor_set_itersize(cursor, 3, &failure));
        CHECK_INT(next_row()[0].as.text.data[0], 'a');
        CHECK_OK(dbapi_fetchall(cursor, &rows, &count, &failure));
        CHECK_SIZE(count, 4);
        for (size_t i = 0; i < count; i++) {
            const dbapi_value_t *row = rows + 3 * i;
            const char digits[] = { (char)('2' + i), '\0' };
            CHECK_SIZE(row[0].as.text.length, 1000);
            CHECK_INT(row[0].as.text.data[0], 'b' + (int)i);
            CHECK_INT(row[0].as.text.data[999], 'b' + (int)i);
            CHECK_TEXT(row[1].as.text.data, digits);
            CHECK_INT(row[2].kind, DBAPI_KIND_NULL);
        }
        dbapi_cursor_free(cursor);
    }
    dbapi_connection_free(connection);
}

/* Scrolling counts from the row that is next for the caller, however far the server is. */
static void scrolling_amid_an_iteration(void)
{
    open_named(1, false, 10);
    CHECK_OK(dbapi_cursor_set_itersize(cursor, 4, &failure));
    CHECK_ITERATES(1);
    CHECK_OK(relative(2));
    CHECK_INT(dbapi_rowcount(cursor), -1);
    CHECK_ITERATES(4);
    CHECK_ITERATES(5);
    CHECK_OK(relative(-1));
    CHECK_INT(dbapi_rownumber(cursor), 4);
    CHECK_ITERATES(5);
    CHECK_OK(relative(4));
    CHECK_ITERATES(10);
    CHECK_OK(absolute(1));
    CHECK_ITERATES(2);
    CHECK_OK(relative(3));
    CHECK_ITERATES(6);
    /* The server stands behind the last row, the caller before the eighth. */
    CHECK_ITERATES(7);
    CHECK_OK(dbapi_cursor_set_itersize(cursor, 100, &failure));
    CHECK_ITERATES(8);
    CHECK_ITERATES(9);
    CHECK_OK(absolute(7));
    CHECK_ITERATES(8);
    CHECK_OK(relative(-2));
    CHECK_INT(dbapi_rownumber(cursor), 6);
    CHECK_ITERATES(7);
    CHECK_OK(relative(100));
    check_iterated();
    close_cursor();
}

/* A commit ends it at once, not after the rows that happen to be here. */
static void a_commit_amid_an_iteration(void)
{
    const dbapi_value_t *row = NULL;
    open_named(-1, false, 5);
    CHECK_ITERATES(1);
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_FAILS(dbapi_next(cursor, &row, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "c61");
    CHECK_FAILS(dbapi_fetchone(cursor, &row, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "c61");
    CHECK_FAILS(relative(1), DBAPI_PROGRAMMING_ERROR, NULL, "c61");
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    close_cursor();
    open_named(-1, true, 5);
    CHECK_ITERATES(1);
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_ITERATES(2);
    close_cursor();
}

CHECK_MAIN(CASE(relative_and_absolute), CASE(out_of_bounds_stays_where_it_was), CASE(without_rows), CASE(bad_arguments),
           CASE(results_scroll_after_their_transaction), CASE(named_relative_and_absolute), CASE(named_past_the_ends),
           CASE(named_far), CASE(no_scroll_goes_forward_alone), CASE(named_in_the_wrong_state),
           CASE(held_cursors_scroll_after_commit), CASE(iterates_over_what_is_here), CASE(itersize),
           CASE(named_iteration_fetches_itersize_rows), CASE(fetching_amid_an_iteration), CASE(a_block_of_two_fetches),
           CASE(scrolling_amid_an_iteration), CASE(a_commit_amid_an_iteration))
