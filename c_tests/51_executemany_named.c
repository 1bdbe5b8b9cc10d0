/* executemany with parameters by name: the names once, and rows of values in their order. */
#include "connect.h"

#include <stdlib.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;

static const char *const names[] = { "id", "word", "spare" };
static const char insert[] = "INSERT INTO t51_test (b, a) VALUES (%(word)s, %(id)s)";

static void open_with_table(void)
{
    fresh_table("t51_test", "a int PRIMARY KEY, b text");
    connection = connect_test();
    cursor = cursor_of(connection);
}

static void close_both(void)
{
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

/* The statement has the names in another order than the rows do, and leaves one out; either way of binding. */
static void every_row_by_name(void)
{
    const dbapi_value_t params[] = {
        DBAPI_INT(1), DBAPI_TEXT("one"),    DBAPI_INT(10),
        DBAPI_INT(2), DBAPI_NULL,           DBAPI_INT(20),
        DBAPI_INT(3), DBAPI_TEXT("thr'ee"), DBAPI_INT(30),
    };
    for (int32_t binding = DBAPI_BINDING_SERVER; binding <= DBAPI_BINDING_CLIENT; binding++) {
        open_with_table();
        CHECK_OK(dbapi_cursor_set_binding(cursor, binding, &failure));
        CHECK_OK(dbapi_executemany_named(cursor, insert, names, params, 3, 3, &failure));
        CHECK_INT(dbapi_rowcount(cursor), 3);
        CHECK_OK(dbapi_commit(connection, &failure));
        CHECK_TEXT(outside("SELECT string_agg(a || coalesce(b, '-'), ',' ORDER BY a) FROM t51_test"), "1one,2-,3thr'ee");
        close_both();
    }
}

static void a_name_as_often_as_it_is_written(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(1), DBAPI_TEXT("x"), DBAPI_INT(2), DBAPI_TEXT("y") };
    for (int32_t binding = DBAPI_BINDING_SERVER; binding <= DBAPI_BINDING_CLIENT; binding++) {
        open_with_table();
        CHECK_OK(dbapi_cursor_set_binding(cursor, binding, &failure));
        run(cursor, "CREATE TEMP TABLE t (a int, b text, c int, d text)");
        CHECK_OK(dbapi_executemany_named(cursor,
                                         "INSERT INTO t VALUES (%(id)s, %(word)s, %(id)s, '%% %(word)s')", names, params,
                                         2, 2, &failure));
        CHECK_TEXT(query_text(cursor, "SELECT string_agg(concat_ws(' ', a, b, c, d), ', ' ORDER BY a) FROM t"),
                   "1 x 1 % %(word)s, 2 y 2 % %(word)s");
        close_both();
    }
}

/* As dbapi_execute_named has it: nothing is sent, and no row is at fault. */
static void placeholders_that_do_not_match(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(1), DBAPI_TEXT("x"), DBAPI_INT(2), DBAPI_TEXT("y") };
    open_with_table();
    for (size_t rows = 0; rows <= 2; rows++) {
        CHECK_ERROR(dbapi_executemany_named(cursor, "SELECT %(id)s, %(other)s", names, params, 2, rows, &failure),
                    DBAPI_PROGRAMMING_ERROR, NULL, "%(other)s");
        CHECK_INT(dbapi_error_row(failure), -1);
        clear_failure();
        CHECK_FAILS(dbapi_executemany_named(cursor, "SELECT %s", names, params, 2, rows, &failure),
                    DBAPI_PROGRAMMING_ERROR, NULL, "%s");
        CHECK_FAILS(dbapi_executemany_named(cursor, "SELECT %(id)d", names, params, 2, rows, &failure),
                    DBAPI_PROGRAMMING_ERROR, NULL, "%(id)");
    }
    /* Two in a row without names, which no placeholder can mean. */
    CHECK_FAILS(dbapi_executemany_named(cursor, "SELECT %(id)s", NULL, NULL, 0, 2, &failure), DBAPI_PROGRAMMING_ERROR,
                NULL, "%(id)s");
    CHECK_OK(dbapi_cursor_set_paramstyle(cursor, DBAPI_PARAMSTYLE_NUMERIC, &failure));
    CHECK_FAILS(dbapi_executemany_named(cursor, "SELECT $1", names, params, 2, 2, &failure), DBAPI_PROGRAMMING_ERROR,
                NULL, "by name");
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    close_both();
}

static void zero_rows(void)
{
    open_with_table();
    CHECK_OK(dbapi_executemany_named(cursor, insert, names, NULL, 2, 0, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 0);
    /* Of no rows a binding knows no names. */
    CHECK_OK(dbapi_executemany_named(cursor, insert, NULL, NULL, 0, 0, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 0);
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    close_both();
}

static void zero_names(void)
{
    open_with_table();
    run(cursor, "CREATE TEMP TABLE t (a serial, b text DEFAULT '%%')");
    CHECK_OK(dbapi_executemany_named(cursor, "INSERT INTO t (b) VALUES ('%%')", NULL, NULL, 0, 3, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 3);
    /* Names that nothing uses are no fewer rows. */
    const dbapi_value_t params[] = { DBAPI_INT(1), DBAPI_INT(2) };
    CHECK_OK(dbapi_executemany_named(cursor, "INSERT INTO t DEFAULT VALUES", names, params, 1, 2, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 2);
    close_both();
}

/* More names than a handful, of which one stands twice: the last counts, as for dbapi_execute_named. */
static void many_names(void)
{
    enum { NAMES = 40, ROWS = 3 };
    static char words[NAMES][8];
    const char *many[NAMES];
    dbapi_value_t params[NAMES * ROWS];
    for (int i = 0; i < NAMES; i++) {
        words[i][0] = (char)('a' + i % 26);
        words[i][1] = i < 26 ? '\0' : '2';
        many[i] = words[i];
    }
    many[NAMES - 1] = many[3];
    for (int i = 0; i < NAMES * ROWS; i++) {
        params[i] = DBAPI_INT(i);
    }
    open_with_table();
    run(cursor, "CREATE TEMP TABLE t (a int, b int, c int)");
    CHECK_OK(dbapi_executemany_named(cursor, "INSERT INTO t VALUES (%(m2)s, %(d)s, %(c)s)", many, params, NAMES, ROWS, &failure));
    CHECK_TEXT(query_text(cursor, "SELECT string_agg(concat_ws(' ', a, b, c), ', ' ORDER BY a) FROM t"),
               "38 39 2, 78 79 42, 118 119 82");
    close_both();
}

/* The row is told, whether the server refuses it or it cannot be sent; and a value's type is its own in each. */
static void the_error_says_which_row(void)
{
    enum { ROWS = 100 };
    dbapi_value_t params[ROWS * 3];
    for (int i = 0; i < ROWS; i++) {
        params[3 * i] = DBAPI_INT(i == 70 ? 5 : i);
        params[3 * i + 1] = i % 2 == 0 ? DBAPI_TEXT("x") : DBAPI_NULL;
        params[3 * i + 2] = DBAPI_NULL;
    }
    open_with_table();
    CHECK_ERROR(dbapi_executemany_named(cursor, insert, names, params, 3, ROWS, &failure), DBAPI_INTEGRITY_ERROR, "23505",
                "row 70");
    CHECK_INT(dbapi_error_row(failure), 70);
    clear_failure();
    CHECK_OK(dbapi_rollback(connection, &failure));

    params[3 * 42 + 1] = DBAPI_TEXT_N("a\0b", 3);
    CHECK_ERROR(dbapi_executemany_named(cursor, insert, names, params, 3, ROWS, &failure), DBAPI_DATA_ERROR, "22021", "NUL");
    CHECK_INT(dbapi_error_row(failure), 42);
    clear_failure();
    params[3 * 42 + 1] = DBAPI_INT(7);

    /* What no value is is refused even where the statement leaves it out, as dbapi_execute_named refuses it. */
    params[3 * 43 + 2].kind = 999;
    CHECK_ERROR(dbapi_executemany_named(cursor, insert, names, params, 3, ROWS, &failure), DBAPI_PROGRAMMING_ERROR, NULL,
                "parameter 3");
    CHECK_INT(dbapi_error_row(failure), 43);
    clear_failure();
    CHECK_FAILS(dbapi_execute_named(cursor, insert, names, params + 3 * 43, 3, &failure), DBAPI_PROGRAMMING_ERROR, NULL,
                "parameter 3");
    params[3 * 43 + 2] = DBAPI_NULL;
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);

    params[3 * 70] = DBAPI_INT(70);
    CHECK_OK(dbapi_executemany_named(cursor, insert, names, params, 3, ROWS, &failure));
    CHECK_TEXT(query_text(cursor, "SELECT b FROM t51_test WHERE a = 42"), "7");
    close_both();
}

/* setinputsizes gives types to a row's values in the order of their names, not of the statement's placeholders. */
static void sizes_are_the_names(void)
{
    enum { INT8 = 20, TEXT = 25 };
    const dbapi_value_t params[] = { DBAPI_INT(1), DBAPI_NULL, DBAPI_INT(2), DBAPI_TEXT("x") };
    const uint32_t sizes[] = { INT8, TEXT };
    open_with_table();
    run(cursor, "CREATE TEMP TABLE t (a text, b text)");
    CHECK_OK(dbapi_setinputsizes(cursor, sizes, 2, &failure));
    CHECK_OK(dbapi_executemany_named(cursor, "INSERT INTO t VALUES (pg_typeof(%(word)s), pg_typeof(%(id)s))", names, params,
                                     2, 2, &failure));
    CHECK_TEXT(query_text(cursor, "SELECT string_agg(a || ' ' || b, ', ') FROM t"), "text bigint, text bigint");
    CHECK_OK(dbapi_setinputsizes(cursor, sizes, 2, &failure));
    CHECK_FAILS(dbapi_executemany_named(cursor, "SELECT %(id)s", names, params, 1, 2, &failure), DBAPI_PROGRAMMING_ERROR, NULL,
                "setinputsizes");
    close_both();
}

/* Only what travels is counted: the server takes 65535. */
static void as_many_as_can_travel(void)
{
    enum { NAMES = 65536, WORD = 8 };
    const char **many = calloc(NAMES, sizeof *many);
    char *words = calloc(NAMES, WORD);
    dbapi_value_t *params = calloc(NAMES, sizeof *params);
    CHECK(many != NULL && words != NULL && params != NULL);
    for (int i = 0; i < NAMES; i++) {
        char *word = words + (size_t)i * WORD;
        for (int rest = i, at = 0; at < 5; at++, rest /= 16) {
            word[at] = "0123456789abcdef"[rest % 16];
        }
        many[i] = word;
        params[i] = DBAPI_INT(i);
    }
    open_with_table();
    run(cursor, "CREATE TEMP TABLE t (a int)");
    CHECK_OK(dbapi_executemany_named(cursor, "INSERT INTO t VALUES (%(ffff0)s - %(10000)s)", many, params, NAMES, 1, &failure));
    CHECK_TEXT(query_text(cursor, "SELECT a FROM t"), "65534");
    free(params);
    free(words);
    free(many);
    close_both();
}

CHECK_MAIN(CASE(every_row_by_name), CASE(a_name_as_often_as_it_is_written), CASE(placeholders_that_do_not_match), CASE(zero_rows),
           CASE(zero_names), CASE(many_names), CASE(the_error_says_which_row), CASE(sizes_are_the_names), CASE(as_many_as_can_travel))
