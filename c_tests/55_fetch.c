/* Fetching: one row, blocks of rows, all of them; where the cursor stands; what the columns are; how long
 * rows live. */
#include "connect.h"

#include <string.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;

static void open_cursor(void)
{
    connection = connect_test();
    cursor = cursor_of(connection);
}

static void close_cursor(void)
{
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void one_by_one(void)
{
    open_cursor();
    run(cursor, "SELECT g, g * 10 FROM generate_series(1, 3) g");
    CHECK_INT(dbapi_rownumber(cursor), 0);
    CHECK_ROW(fetch_row(cursor), "1", "10");
    CHECK_INT(dbapi_rownumber(cursor), 1);
    CHECK_ROW(fetch_row(cursor), "2", "20");
    CHECK_ROW(fetch_row(cursor), "3", "30");
    CHECK_INT(dbapi_rownumber(cursor), 3);
    /* The end is the end, however often it is asked. */
    check_end(cursor);
    check_end(cursor);
    CHECK_INT(dbapi_rownumber(cursor), 3);
    CHECK_INT(dbapi_rowcount(cursor), 3);
    close_cursor();
}

/* A block is row-major: a row after another, each as many values as there are columns. */
static void in_blocks(void)
{
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    open_cursor();
    run(cursor, "SELECT g, g * 10 FROM generate_series(1, 10) g");
    CHECK_OK(dbapi_fetchmany(cursor, 4, &rows, &count, &failure));
    CHECK_SIZE(count, 4);
    for (size_t i = 0; i < 4; i++) {
        CHECK_INT(rows[2 * i].as.integer, (int64_t)i + 1);
        CHECK_INT(rows[2 * i + 1].as.integer, ((int64_t)i + 1) * 10);
    }
    CHECK_INT(dbapi_rownumber(cursor), 4);
    CHECK_ROW(fetch_row(cursor), "5", "50");
    CHECK_OK(dbapi_fetchmany(cursor, 4, &rows, &count, &failure));
    CHECK_SIZE(count, 4);
    CHECK_INT(rows[6].as.integer, 9);
    /* Fewer are left than asked for. */
    CHECK_OK(dbapi_fetchmany(cursor, 4, &rows, &count, &failure));
    CHECK_SIZE(count, 1);
    CHECK_ROW(rows, "10", "100");
    for (int i = 0; i < 2; i++) {
        count = 99;
        CHECK_DONE(dbapi_fetchmany(cursor, 4, &rows, &count, &failure));
        CHECK_SIZE(count, 0);
    }
    close_cursor();
}

static void all_that_is_left(void)
{
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    open_cursor();
    run(cursor, "SELECT generate_series(1, 5)");
    CHECK_ROW(fetch_row(cursor), "1");
    CHECK_OK(dbapi_fetchall(cursor, &rows, &count, &failure));
    CHECK_SIZE(count, 4);
    CHECK_INT(rows[0].as.integer, 2);
    CHECK_INT(rows[3].as.integer, 5);
    CHECK_INT(dbapi_rownumber(cursor), 5);
    count = 99;
    CHECK_DONE(dbapi_fetchall(cursor, &rows, &count, &failure));
    CHECK_SIZE(count, 0);
    check_end(cursor);
    close_cursor();
}

/* A row of 16 MiB or more, which the library keeps in another way, ends no block. */
static void behind_a_long_row(void)
{
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    open_cursor();
    for (size_t most = 4; most >= 3; most--) {
        run(cursor, "SELECT g, CASE g WHEN 2 THEN repeat('long', 5000000) END FROM generate_series(1, 4) g");
        CHECK_OK(most == 4 ? dbapi_fetchall(cursor, &rows, &count, &failure)
                           : dbapi_fetchmany(cursor, most, &rows, &count, &failure));
        CHECK_SIZE(count, most);
        CHECK_SIZE(rows[3].as.text.length, 20000000);
        CHECK_INT(rows[2 * most - 2].as.integer, (int64_t)most);
    }
    CHECK_ROW(fetch_row(cursor), "4", SQL_NULL);
    check_end(cursor);
    close_cursor();
}

static void no_rows_at_all(void)
{
    const dbapi_value_t *rows = NULL;
    size_t count = 99;
    open_cursor();
    run(cursor, "SELECT 1 WHERE false");
    CHECK_INT(dbapi_rowcount(cursor), 0);
    check_end(cursor);
    CHECK_DONE(dbapi_fetchmany(cursor, 3, &rows, &count, &failure));
    CHECK_SIZE(count, 0);
    count = 99;
    CHECK_DONE(dbapi_fetchall(cursor, &rows, &count, &failure));
    CHECK_SIZE(count, 0);
    close_cursor();
}

static void arraysize(void)
{
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    open_cursor();
    run(cursor, "SELECT generate_series(1, 10)");
    CHECK_OK(dbapi_fetchmany(cursor, 0, &rows, &count, &failure));
    CHECK_SIZE(count, 1);
    CHECK_OK(dbapi_cursor_set_arraysize(cursor, 3, &failure));
    CHECK_SIZE(dbapi_arraysize(cursor), 3);
    CHECK_OK(dbapi_fetchmany(cursor, 0, &rows, &count, &failure));
    CHECK_SIZE(count, 3);
    CHECK_INT(rows[0].as.integer, 2);
    CHECK_OK(dbapi_fetchmany(cursor, SIZE_MAX, &rows, &count, &failure));
    CHECK_SIZE(count, 6);
    CHECK_FAILS(dbapi_cursor_set_arraysize(cursor, 0, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "arraysize");
    CHECK_SIZE(dbapi_arraysize(cursor), 3);
    CHECK_SIZE(dbapi_arraysize(NULL), 0);
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    CHECK_FAILS(dbapi_cursor_set_arraysize(cursor, 2, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    close_cursor();
}

/* Tables have no oids any more. */
static void lastrowid(void)
{
    open_cursor();
    CHECK_INT(dbapi_lastrowid(cursor), 0);
    run(cursor, "CREATE TEMP TABLE t55 (a int)");
    run(cursor, "INSERT INTO t55 VALUES (1)");
    CHECK_INT(dbapi_lastrowid(cursor), 0);
    CHECK_INT(dbapi_lastrowid(NULL), 0);
    close_cursor();
}

static void a_new_statement_starts_anew(void)
{
    open_cursor();
    run(cursor, "SELECT generate_series(1, 5)");
    CHECK_ROW(fetch_row(cursor), "1");
    run(cursor, "SELECT 'a', 'b'");
    CHECK_INT(dbapi_rownumber(cursor), 0);
    CHECK_INT(dbapi_rowcount(cursor), 1);
    CHECK_ROW(fetch_row(cursor), "a", "b");
    check_end(cursor);
    close_cursor();
}

/* A client-side cursor's rows are its own: neither the transaction's end nor other cursors take them away. */
static void results_survive_commit_and_other_cursors(void)
{
    open_cursor();
    dbapi_cursor_t *other = cursor_of(connection);
    run(cursor, "SELECT generate_series(1, 3)");
    CHECK_ROW(fetch_row(cursor), "1");
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_ROW(fetch_row(cursor), "2");
    CHECK_TEXT(query_text(other, "SELECT 'other'"), "other");
    CHECK_FAILS(dbapi_execute(other, "SELECT 1/0", NULL, 0, &failure), DBAPI_DATA_ERROR, "22012", NULL);
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_ROW(fetch_row(cursor), "3");
    check_end(cursor);
    dbapi_cursor_free(other);
    close_cursor();
}

/* A row lives until the next call on its cursor; calls on others leave it alone. */
static void a_row_lives_until_the_next_call_on_its_cursor(void)
{
    open_cursor();
    dbapi_cursor_t *other = cursor_of(connection);
    run(cursor, "SELECT repeat('a', 100), 42, 'xyz'::bytea");
    const dbapi_value_t *row = fetch_row(cursor);
    run(other, "SELECT repeat('b', 100) FROM generate_series(1, 1000)");
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    CHECK_OK(dbapi_fetchall(other, &rows, &count, &failure));
    CHECK_OK(dbapi_commit(connection, &failure));
    dbapi_cursor_free(other);
    CHECK_SIZE(row[0].as.text.length, 100);
    CHECK_SIZE(strspn(row[0].as.text.data, "a"), 100);
    CHECK_INT(row[1].as.integer, 42);
    CHECK_TEXT(row[2].as.text.data, "xyz");
    close_cursor();
}

/* A result of one row, whichever way it is read, and by the same statement again and again. */
static void only_rows(void)
{
    open_cursor();
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    for (int i = 0; i < 12; i++) {
        const dbapi_value_t params[] = { DBAPI_INT(i), DBAPI_TEXT(i % 2 ? "odd" : "") };
        CHECK_OK(dbapi_execute(cursor, "SELECT %s, %s, NULL, 1.5::numeric, 'ä'", params, 2, &failure));
        CHECK_INT(dbapi_rowcount(cursor), 1);
        CHECK_INT(dbapi_rownumber(cursor), 0);
        if (i % 4 == 3) {
            CHECK_OK(dbapi_fetchall(cursor, &rows, &count, &failure));
            CHECK_SIZE(count, 1);
        } else {
            rows = fetch_row(cursor);
        }
        CHECK_INT(rows[0].as.integer, i);
        CHECK_BYTES(rows[1].as.text.data, rows[1].as.text.length, i % 2 ? "odd" : "", i % 2 ? 3 : 0);
        CHECK_INT(rows[2].kind, DBAPI_KIND_NULL);
        CHECK_TEXT(rows[3].as.text.data, "1.5");
        CHECK_TEXT(rows[4].as.text.data, "ä");
        CHECK_INT(dbapi_rownumber(cursor), 1);
        if (i % 3 == 0) {
            check_end(cursor);
            CHECK_OK(dbapi_scroll(cursor, 0, DBAPI_SCROLL_ABSOLUTE, &failure));
            CHECK_INT(fetch_row(cursor)[0].as.integer, i);
        }
        if (i % 3 == 1) {
            check_end(cursor);
            check_end(cursor);
        }
    }
    /* Nothing but what is read the quick way. */
    for (int i = 0; i < 6; i++) {
        const dbapi_value_t params[] = { DBAPI_INT(i) };
        CHECK_OK(dbapi_execute(cursor, "SELECT g, 'row ' || g FROM generate_series(1, %s) g", params, 1, &failure));
        for (int64_t n = 1; n <= i; n++) {
            rows = fetch_row(cursor);
            CHECK_INT(rows[0].as.integer, n);
            CHECK_INT(rows[1].as.text.data[4], '0' + n);
            CHECK_INT(dbapi_rownumber(cursor), n);
        }
        check_end(cursor);
        CHECK_INT(dbapi_rownumber(cursor), i);
    }
    close_cursor();
}

/* What a row is of: each kind of memory behind a value, in amounts that differ from row to row. */
#define ALIASED                                                                                                          \
    "SELECT g, repeat(chr(97 + g %% 26), 1 + g %% 300), decode(repeat('0' || g %% 10, 1 + g %% 50), 'hex'), g::numeric / 7,"   \
    " ARRAY[g, NULL, g + 1], ARRAY[repeat(chr(65 + g %% 26), g %% 40), 'x\"y'], int4range(g, g + 5), ROW(g, 'r' || g),"       \
    " ('10.0.' || g %% 256 || '.1')::inet, g::bit(20), point(g, -g), path '((1,2),(3,4))', jsonb_build_object('k', g),"      \
    " int4multirange(int4range(g, g + 2)), NULLIF(g %% 3, 0) FROM generate_series(%s, %s) g"
enum { ALIASED_COLUMNS = 15, KEPT = 64 };

/* The values of some rows, and what they were when they came: their own bytes, and their text. */
typedef struct kept {
    const dbapi_value_t *rows;
    size_t count;
    dbapi_value_t values[KEPT * ALIASED_COLUMNS];
    char texts[KEPT * ALIASED_COLUMNS][700];
} kept;

static void keep(kept *held, const dbapi_value_t *rows, size_t count)
{
    CHECK(count <= KEPT);
    held->rows = rows;
    held->count = count;
    for (size_t i = 0; i < count * ALIASED_COLUMNS; i++) {
        size_t length = 0;
        held->values[i] = rows[i];
        CHECK_OK(dbapi_value_format(&rows[i], held->texts[i], sizeof held->texts[i], &length, &failure));
        CHECK(length < sizeof held->texts[i]);
    }
}

static void check_kept(const kept *held, const char *since)
{
    for (size_t i = 0; i < held->count * ALIASED_COLUMNS; i++) {
        char text[sizeof held->texts[0]];
        if (memcmp(&held->rows[i], &held->values[i], sizeof held->values[i]) != 0) {
            FAIL("value %zu is another since %s", i, since);
        }
        CHECK_OK(dbapi_value_format(&held->rows[i], text, sizeof text, NULL, &failure));
        check_text(CHECK_HERE, since, text, held->texts[i]);
    }
}

static void execute_aliased(dbapi_cursor_t *of, int32_t format, int64_t first, int64_t last)
{
    const dbapi_value_t params[] = { DBAPI_INT(first), DBAPI_INT(last) };
    CHECK_OK(dbapi_cursor_set_result_format(of, format, &failure));
    CHECK_OK(dbapi_execute(of, ALIASED, params, 2, &failure));
}

/* What one call gave stays as it was until the next call on that cursor, whatever is called on others, on the
 * connection and on the error; and what a call gives is never what an earlier one gave, fetched again or not. */
static void values_stay_until_the_next_call_on_their_cursor(void)
{
    static const int32_t formats[] = { DBAPI_FORMAT_TEXT, DBAPI_FORMAT_BINARY };
    static kept one, block, named;
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    for (size_t f = 0; f < COUNT(formats); f++) {
        open_cursor();
        dbapi_cursor_t *second = cursor_of(connection), *third = NULL, *other = cursor_of(connection);
        CHECK_OK(dbapi_cursor_named(connection, "aliased", -1, false, &third, &failure));
        execute_aliased(cursor, formats[f], 1, 400);
        execute_aliased(second, formats[f], 1001, 1400);
        execute_aliased(third, formats[f], 5001, 5400);
        for (int64_t round = 0; round < 12; round++) {
            /* Each of the ways to fetch, with rows of three cursors held. */
            CHECK_OK(dbapi_fetchone(cursor, &rows, &failure));
            CHECK_INT(rows[0].as.integer, 1 + round * 2);
            keep(&one, rows, 1);
            CHECK_OK(dbapi_fetchmany(second, 11, &rows, &count, &failure));
            CHECK_INT(rows[0].as.integer, 1001 + round * 11);
            keep(&block, rows, count);
            check_kept(&one, "another cursor's fetchmany");
            CHECK_OK(dbapi_fetchmany(third, 7, &rows, &count, &failure));
            CHECK_INT(rows[0].as.integer, 5001 + round * 7);
            keep(&named, rows, count);
            check_kept(&one, "a named cursor's fetchmany");
            check_kept(&block, "a named cursor's fetchmany");
            execute_aliased(other, formats[1 - f], 1, 3000);
            CHECK_OK(dbapi_fetchall(other, &rows, &count, &failure));
            CHECK_SIZE(count, 3000);
            check_kept(&one, "another cursor's fetchall");
            check_kept(&block, "another cursor's fetchall");
            check_kept(&named, "another cursor's fetchall");
            /* A failure, and calls that only look. */
            run(other, "SAVEPOINT s");
            CHECK_FAILS(dbapi_execute(other, "SELECT 1/0", NULL, 0, &failure), DBAPI_DATA_ERROR, "22012", NULL);
            run(other, "ROLLBACK TO s");
            CHECK(dbapi_description(cursor, NULL) != NULL);
            CHECK_INT(dbapi_rownumber(second), (round + 1) * 11);
            CHECK_INT(dbapi_rowcount(cursor), 400);
            check_kept(&one, "calls that only look");
            check_kept(&block, "calls that only look");
            check_kept(&named, "calls that only look");
            /* The next row of the same cursor is its own, in memory that may be the same. */
            CHECK_OK(dbapi_fetchone(cursor, &rows, &failure));
            CHECK_INT(rows[0].as.integer, 2 + round * 2);
            CHECK_INT(rows[4].as.array->items[2].as.integer, 3 + round * 2);
            check_kept(&block, "a fetch of the first cursor");
        }
        CHECK_OK(dbapi_commit(connection, &failure));
        check_kept(&block, "a commit");
        check_kept(&named, "a commit");
        CHECK_OK(dbapi_cursor_close(other, &failure));
        dbapi_cursor_free(other);
        dbapi_cursor_free(third);
        check_kept(&block, "the end of other cursors");
        CHECK_OK(dbapi_fetchmany(cursor, KEPT, &rows, &count, &failure));
        keep(&one, rows, count);
        CHECK_OK(dbapi_close(connection, &failure));
        check_kept(&one, "the end of the session");
        dbapi_connection_free(connection);
        check_kept(&one, "the end of its handle");
        dbapi_cursor_free(second);
        check_kept(&one, "the end of the second cursor");
        dbapi_cursor_free(cursor);
    }
}

/* All rows of a result in one block, or in blocks of any size, or one by one: the same values. */
static void the_same_rows_in_any_portions(void)
{
    static kept held[3];
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    open_cursor();
    dbapi_cursor_t *second = cursor_of(connection), *third = cursor_of(connection);
    execute_aliased(cursor, DBAPI_FORMAT_BINARY, 1, KEPT);
    execute_aliased(second, DBAPI_FORMAT_TEXT, 1, KEPT);
    execute_aliased(third, DBAPI_FORMAT_AUTO, 1, KEPT);
    CHECK_OK(dbapi_fetchall(cursor, &rows, &count, &failure));
    keep(&held[0], rows, count);
    for (size_t size = 1, done = 0; done < KEPT; done += count, size = size * 2 + 1) {
        CHECK_OK(dbapi_fetchmany(second, size, &rows, &count, &failure));
        keep(&held[1], rows, count);
        for (size_t i = 0; i < count * ALIASED_COLUMNS; i++) {
            CHECK_TEXT(held[1].texts[i], held[0].texts[done * ALIASED_COLUMNS + i]);
        }
    }
    for (size_t done = 0; done < KEPT; done++) {
        keep(&held[2], fetch_row(third), 1);
        for (size_t i = 0; i < ALIASED_COLUMNS; i++) {
            CHECK_TEXT(held[2].texts[i], held[0].texts[done * ALIASED_COLUMNS + i]);
        }
    }
    check_kept(&held[0], "the others' fetches");
    dbapi_cursor_free(second);
    dbapi_cursor_free(third);
    close_cursor();
}

static void check_column(const dbapi_column_t *column, const char *name, uint32_t oid, int32_t kind, int32_t internal_size,
                         int32_t precision, int32_t scale)
{
    CHECK_TEXT(column->name, name);
    CHECK_INT(column->type_code, oid);
    CHECK_INT(column->kind, kind);
    CHECK_INT(column->display_size, -1);
    check_int(CHECK_HERE, name, column->internal_size, internal_size);
    check_int(CHECK_HERE, name, column->precision, precision);
    check_int(CHECK_HERE, name, column->scale, scale);
    CHECK_INT(column->null_ok, -1);
}

static void description(void)
{
    size_t count = 0;
    fresh_table("t55_test", "id serial PRIMARY KEY, a varchar(7), b numeric(10, 2), c numeric, d char(3), dropped int, e bytea");
    run_outside("ALTER TABLE t55_test DROP COLUMN dropped");
    open_cursor();
    run(cursor, "SELECT *, 1 AS \"odd name\xc3\xa4\", 'x' FROM t55_test");
    const dbapi_column_t *columns = dbapi_description(cursor, &count);
    CHECK(columns != NULL);
    CHECK_SIZE(count, 8);
    check_column(&columns[0], "id", 23, DBAPI_KIND_INT, 4, -1, -1);
    check_column(&columns[1], "a", 1043, DBAPI_KIND_TEXT, 7, -1, -1);
    check_column(&columns[2], "b", 1700, DBAPI_KIND_NUMERIC, 10, 10, 2);
    check_column(&columns[3], "c", 1700, DBAPI_KIND_NUMERIC, -1, -1, -1);
    check_column(&columns[4], "d", 1042, DBAPI_KIND_TEXT, 3, -1, -1);
    check_column(&columns[5], "e", 17, DBAPI_KIND_BYTES, -1, -1, -1);
    check_column(&columns[6], "odd name\xc3\xa4", 23, DBAPI_KIND_INT, 4, -1, -1);
    check_column(&columns[7], "?column?", 25, DBAPI_KIND_TEXT, -1, -1, -1);
    CHECK(columns[0].table_oid != 0);
    CHECK_INT(columns[0].table_column, 1);
    CHECK_INT(columns[5].table_column, 7);
    CHECK_INT(columns[6].table_oid, 0);
    CHECK_INT(columns[6].table_column, 0);
    /* The count may not be wanted. */
    CHECK(dbapi_description(cursor, NULL) != NULL);
    close_cursor();
}

static void descriptions_kind_is_that_of_the_values(void)
{
    static const int32_t formats[] = { DBAPI_FORMAT_TEXT, DBAPI_FORMAT_BINARY, DBAPI_FORMAT_AUTO };
    const dbapi_value_t none[] = { DBAPI_NULL };
    size_t count = 0;
    open_cursor();
    for (size_t f = 0; f < COUNT(formats); f++) {
        CHECK_OK(dbapi_cursor_set_result_format(cursor, formats[f], &failure));
        CHECK_OK(dbapi_execute(cursor, "SELECT true, 1::int2, 1::float4, 1::numeric, 'a'::text, ''::bytea, current_date, localtime,"
                                       " current_time, localtimestamp, now(), interval '1', gen_random_uuid(), '1'::jsonb, '::1'::inet",
                               none, 0, &failure));
        const dbapi_column_t *columns = dbapi_description(cursor, &count);
        CHECK_SIZE(count, 15);
        const dbapi_value_t *row = fetch_row(cursor);
        for (size_t i = 0; i < count; i++) {
            CHECK_INT(row[i].kind, columns[i].kind);
            CHECK_INT(row[i].oid, columns[i].type_code);
        }
    }
    close_cursor();
}

static void many_columns(void)
{
    size_t count = 0;
    open_cursor();
    /* 1664 is the most that PostgreSQL allows. */
    run(cursor, "DO $$ BEGIN EXECUTE 'CREATE TEMP VIEW wide AS SELECT ' || (SELECT string_agg(g || ' AS c' || g, ',')"
                " FROM generate_series(1, 1600) g); END $$");
    run(cursor, "SELECT * FROM wide");
    CHECK(dbapi_description(cursor, &count) != NULL);
    CHECK_SIZE(count, 1600);
    const dbapi_value_t *row = fetch_row(cursor);
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(row[i].as.integer, (int64_t)i + 1);
    }
    close_cursor();
}

CHECK_MAIN(CASE(one_by_one), CASE(in_blocks), CASE(all_that_is_left), CASE(behind_a_long_row), CASE(no_rows_at_all),
           CASE(arraysize), CASE(lastrowid),
           CASE(a_new_statement_starts_anew), CASE(results_survive_commit_and_other_cursors),
           CASE(a_row_lives_until_the_next_call_on_its_cursor), CASE(only_rows),
           CASE(values_stay_until_the_next_call_on_their_cursor),
           CASE(the_same_rows_in_any_portions), CASE(description), CASE(descriptions_kind_is_that_of_the_values),
           CASE(many_columns))
