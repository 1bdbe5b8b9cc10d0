/* Rows as columns: the same values as in rows, whatever their kinds, in arrays that a language can take whole. */
#include "connect.h"
#include "fake_server.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;
static const dbapi_block_column_t *columns;
static size_t width, height;

static const int32_t formats[] = { DBAPI_FORMAT_TEXT, DBAPI_FORMAT_BINARY, DBAPI_FORMAT_AUTO };

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

static dbapi_status_t fetch(size_t most)
{
    return dbapi_fetch_columns(cursor, most, &columns, &width, &height, &failure);
}

static void check_no_more(void)
{
    width = height = 99;
    CHECK_DONE(fetch(7));
    CHECK_PTR(columns, NULL);
    CHECK_SIZE(width, 0);
    CHECK_SIZE(height, 0);
}

/* A value's text, which the caller frees. */
static char *text_of(const dbapi_value_t *value)
{
    size_t length = 0;
    CHECK_OK(dbapi_value_format(value, NULL, 0, &length, &failure));
    char *text = malloc(length + 1);
    CHECK(text != NULL);
    CHECK_OK(dbapi_value_format(value, text, length + 1, NULL, &failure));
    return text;
}

/* The two are one value. */
static void check_same(const dbapi_value_t *actual, const dbapi_value_t *expected)
{
    CHECK_INT(actual->kind, expected->kind);
    CHECK_INT(actual->oid, expected->oid);
    char *texts[2] = { text_of(actual), text_of(expected) };
    CHECK_TEXT(texts[0], texts[1]);
    free(texts[0]);
    free(texts[1]);
}

/* Row `row` of a column is what the row's value says. */
static void check_cell(const dbapi_block_column_t *column, size_t row, const dbapi_value_t *value)
{
    bool null = value->kind == DBAPI_KIND_NULL;
    CHECK_INT(column->oid, value->oid);
    CHECK_INT(column->nulls != NULL && column->nulls[row], null);
    if (!null && column->kind != DBAPI_KIND_MIXED) {
        CHECK_INT(column->kind, value->kind);
    }
    switch (column->layout) {
    case DBAPI_LAYOUT_VALUES:
        check_same((const dbapi_value_t *)column->data + row, value);
        break;
    case DBAPI_LAYOUT_INT64:
        CHECK_INT(((const int64_t *)column->data)[row], null ? 0 : value->as.integer);
        break;
    case DBAPI_LAYOUT_DOUBLE:
        CHECK(memcmp((const double *)column->data + row, &value->as.floating, sizeof(double)) == 0);
        break;
    case DBAPI_LAYOUT_BOOL:
        CHECK_INT(((const uint8_t *)column->data)[row], null ? 0 : value->as.boolean);
        break;
    case DBAPI_LAYOUT_BYTES: {
        const char *data = column->data;
        size_t start = (size_t)column->offsets[row], next = (size_t)column->offsets[row + 1];
        CHECK(start < next && next <= column->data_size);
        CHECK_BYTES(data + start, next - start - 1, null ? "" : value->as.text.data, null ? 0 : value->as.text.length);
        CHECK_INT(data[next - 1], 0);
        break;
    }
    default:
        FAIL("layout %d", column->layout);
    }
}

/* What holds of every column. */
static void check_column(const dbapi_block_column_t *column)
{
    static const size_t sizes[] = { sizeof(dbapi_value_t), 8, 8, 1 };
    size_t nulls = 0;
    for (size_t row = 0; column->nulls != NULL && row < height; row++) {
        CHECK(column->nulls[row] <= 1);
        nulls += column->nulls[row];
    }
    CHECK_SIZE(nulls, column->null_count);
    CHECK_INT(column->nulls != NULL, nulls > 0);
    CHECK_INT(column->reserved, 0);
    CHECK_PTR(column->reserved_data, NULL);
    CHECK_INT(column->offsets != NULL, column->layout == DBAPI_LAYOUT_BYTES);
    if (column->layout == DBAPI_LAYOUT_BYTES) {
        CHECK_INT(column->offsets[0], 0);
        CHECK_SIZE((size_t)column->offsets[height], column->data_size);
        size_t ends = 0;
        for (size_t i = 0; i < column->data_size; i++) {
            ends += ((const char *)column->data)[i] == '\0';
        }
        CHECK(column->kind == DBAPI_KIND_BYTES ? ends >= height : ends == height);
    } else {
        CHECK_SIZE(column->data_size, height * sizes[column->layout]);
    }
}

/* The query's columns, in blocks of `most`, are what its rows are. */
static void check_query(const char *sql, int32_t format, size_t most)
{
    const dbapi_value_t *rows = NULL;
    const dbapi_value_t none[] = { DBAPI_NULL };
    size_t count = 0, ncolumns = 0;
    dbapi_cursor_t *other = cursor_of(connection);
    CHECK_OK(dbapi_cursor_set_result_format(cursor, format, &failure));
    CHECK_OK(dbapi_cursor_set_result_format(other, format, &failure));
    /* With a list of parameters, be it empty: by the extended protocol. */
    CHECK_OK(dbapi_execute(cursor, sql, none, 0, &failure));
    CHECK_OK(dbapi_execute(other, sql, none, 0, &failure));
    CHECK_OK(dbapi_fetchall(other, &rows, &count, &failure));
    CHECK(dbapi_description(other, &ncolumns) != NULL);
    for (size_t from = 0; from < count; from += height) {
        CHECK_OK(fetch(most));
        CHECK_SIZE(height, count - from < most ? count - from : most);
        CHECK_SIZE(width, ncolumns);
        CHECK_INT(dbapi_rownumber(cursor), (int64_t)(from + height));
        for (size_t c = 0; c < width; c++) {
            check_column(&columns[c]);
            for (size_t r = 0; r < height; r++) {
                check_cell(&columns[c], r, &rows[(from + r) * width + c]);
            }
        }
    }
    check_no_more();
    check_no_more();
    dbapi_cursor_free(other);
}

/* A query of some rows for each kind, NULLs among them. */
static const char *const queries[] = {
    "SELECT g, g::int2, g::int8 << 40, g::text::oid, -g::int8 FROM generate_series(1, 300) g",
    "SELECT g * 1.5::float8, g / 3.0::float4, CASE WHEN g < 3 THEN 'NaN'::float8 WHEN g = 7 THEN '-infinity' ELSE g / 7.0 END"
    " FROM generate_series(1, 300) g",
    "SELECT g %% 2 = 0, CASE WHEN g %% 3 = 1 THEN g %% 2 = 1 END FROM generate_series(1, 300) g",
    "SELECT 'row ' || g, repeat('x', g * 7 %% 31), CASE WHEN g %% 5 = 0 THEN '' WHEN g %% 5 < 3 THEN 'h\u00e9ll\u00f6' || g END, g::text::varchar,"
    " 'c'::char(7), 'n'::name FROM generate_series(1, 300) g",
    "SELECT g * 1.25, 'NaN'::numeric, CASE WHEN g > 200 THEN 12345678901234567890 * g END FROM generate_series(1, 300) g",
    "SELECT decode(lpad(to_hex(g), 6, '0'), 'hex'), CASE WHEN g %% 2 = 0 THEN ''::bytea END FROM generate_series(1, 300) g",
    "SELECT json_build_object('g', g), CASE WHEN g %% 9 > 2 THEN jsonb_build_array(g, null, '\u00e4') END FROM generate_series(1, 300) g",
    "SELECT date '2024-02-28' + g, CASE WHEN g %% 4 = 0 THEN 'infinity'::date WHEN g %% 4 = 1 THEN date '0044-03-15 BC' END"
    " FROM generate_series(1, 300) g",
    "SELECT timestamp '2000-01-01 00:00:00.000001' + g * interval '1 day', timestamptz '1999-12-31 23:59:59+00' - g * interval '1 hour',"
    " CASE g %% 3 WHEN 0 THEN timestamp '-infinity' WHEN 1 THEN timestamptz 'infinity' END FROM generate_series(1, 300) g",
    "SELECT time '00:00' + g * interval '1.5 s', time '24:00', CASE WHEN g = 150 THEN timetz '10:00:00.25+02' END,"
    " g * interval '1 month 2 days 3.5 s' FROM generate_series(1, 300) g",
    "SELECT md5(g::text)::uuid, CASE WHEN g %% 2 = 0 THEN inet '10.0.0.0/8' + g END, point(g, -g), g::bit(9) FROM generate_series(1, 300) g",
    "SELECT ARRAY[g, NULL, g + 1], ARRAY['a', 'b' || g], int4range(g, g + 5), ROW(g, 'r'), box(point(g, 1), point(2, g)),"
    " '10'::xid8 FROM generate_series(1, 300) g",
    /* NULLs only; until late; from the first on. */
    "SELECT NULL::int4, NULL::text, NULL::bool, NULL::float8, NULL::uuid, NULL, CASE WHEN g > 290 THEN g END, CASE WHEN g < 3 THEN 'a' END"
    " FROM generate_series(1, 300) g",
    /* Of several kinds: too late for microseconds, beyond int64, and after NULLs alone. */
    "SELECT CASE WHEN g = 260 THEN timestamp '294270-01-01' ELSE timestamp '2020-01-01' + g * interval '1 s' END,"
    " CASE WHEN g %% 2 = 0 THEN '18446744073709551615'::xid8 ELSE g::text::xid8 END,"
    " CASE WHEN g > 100 THEN timestamptz '294270-01-01+00' END,"
    " CASE WHEN g %% 50 = 1 THEN NULL WHEN g < 200 THEN g::text::xid8 ELSE '9223372036854775808'::xid8 END FROM generate_series(1, 300) g",
};

static void what_rows_are(void)
{
    static const size_t sizes[] = { 1000, 300, 1, 3, 128, 129, SIZE_MAX };
    open_cursor();
    for (size_t q = 0; q < COUNT(queries); q++) {
        for (size_t f = 0; f < COUNT(formats); f++) {
            for (size_t s = 0; s < COUNT(sizes); s++) {
                check_query(queries[q], formats[f], sizes[s]);
            }
        }
    }
    close_cursor();
}

static void which_layout(void)
{
    static const struct {
        const char *type;
        int32_t kind, layout;
    } types[] = {
        { "'1'::int2", DBAPI_KIND_INT, DBAPI_LAYOUT_INT64 },
        { "1", DBAPI_KIND_INT, DBAPI_LAYOUT_INT64 },
        { "1::int8", DBAPI_KIND_INT, DBAPI_LAYOUT_INT64 },
        { "1::oid", DBAPI_KIND_INT, DBAPI_LAYOUT_INT64 },
        { "1::float4", DBAPI_KIND_FLOAT, DBAPI_LAYOUT_DOUBLE },
        { "1::float8", DBAPI_KIND_FLOAT, DBAPI_LAYOUT_DOUBLE },
        { "true", DBAPI_KIND_BOOL, DBAPI_LAYOUT_BOOL },
        { "''::text", DBAPI_KIND_TEXT, DBAPI_LAYOUT_BYTES },
        { "'x'::varchar", DBAPI_KIND_TEXT, DBAPI_LAYOUT_BYTES },
        { "'a'::\"char\"", DBAPI_KIND_TEXT, DBAPI_LAYOUT_BYTES },
        { "1.5", DBAPI_KIND_NUMERIC, DBAPI_LAYOUT_BYTES },
        { "'{}'::json", DBAPI_KIND_JSON, DBAPI_LAYOUT_BYTES },
        { "'{}'::jsonb", DBAPI_KIND_JSON, DBAPI_LAYOUT_BYTES },
        { "''::bytea", DBAPI_KIND_BYTES, DBAPI_LAYOUT_BYTES },
        { "'infinity'::date", DBAPI_KIND_DATE, DBAPI_LAYOUT_INT64 },
        { "'24:00'::time", DBAPI_KIND_TIME, DBAPI_LAYOUT_INT64 },
        { "'infinity'::timestamp", DBAPI_KIND_TIMESTAMP, DBAPI_LAYOUT_INT64 },
        { "'-infinity'::timestamptz", DBAPI_KIND_TIMESTAMPTZ, DBAPI_LAYOUT_INT64 },
        { "'294270-01-01'::timestamp", DBAPI_KIND_TEXT, DBAPI_LAYOUT_BYTES },
        { "'10:00+01'::timetz", DBAPI_KIND_TIMETZ, DBAPI_LAYOUT_VALUES },
        { "'1 day'::interval", DBAPI_KIND_INTERVAL, DBAPI_LAYOUT_VALUES },
        { "md5('')::uuid", DBAPI_KIND_UUID, DBAPI_LAYOUT_VALUES },
        { "'{1}'::int[]", DBAPI_KIND_ARRAY, DBAPI_LAYOUT_VALUES },
        { "'::1'::inet", DBAPI_KIND_INET, DBAPI_LAYOUT_VALUES },
    };
    char sql[200];
    open_cursor();
    for (size_t i = 0; i < COUNT(types); i++) {
        for (size_t f = 0; f < COUNT(formats); f++) {
            CHECK_OK(dbapi_cursor_set_result_format(cursor, formats[f], &failure));
            snprintf(sql, sizeof sql, "SELECT %s, NULLIF(%s, %s)", types[i].type, types[i].type, types[i].type);
            /* json has no equality. */
            if (strstr(types[i].type, "::json") != NULL) {
                snprintf(sql, sizeof sql, "SELECT %s, NULL%s", types[i].type, strstr(types[i].type, "::json"));
            }
            run(cursor, sql);
            CHECK_OK(fetch(1));
            CHECK_INT(columns[0].kind, types[i].kind);
            CHECK_INT(columns[0].layout, types[i].layout);
            CHECK_SIZE(columns[0].null_count, 0);
            /* NULLs alone: of the kind that is described. */
            CHECK_INT(columns[1].kind, dbapi_description(cursor, NULL)[1].kind);
            CHECK_SIZE(columns[1].null_count, 1);
            CHECK_INT(columns[1].nulls[0], 1);
        }
    }
    close_cursor();
}

/* Values of one column that differ in kind: each says which. Others that come in one unexpected kind have its layout. */
static void mixed_kinds(void)
{
    open_cursor();
    CHECK_OK(dbapi_cursor_set_result_format(cursor, DBAPI_FORMAT_TEXT, &failure));
    run(cursor, "SELECT CASE WHEN g = 4 THEN '294270-01-01' ELSE timestamp '1970-01-01 00:00:01' END FROM generate_series(1, 4) g");
    CHECK_OK(fetch(3));
    CHECK_INT(columns[0].kind, DBAPI_KIND_TIMESTAMP);
    CHECK_INT(columns[0].layout, DBAPI_LAYOUT_INT64);
    run(cursor, "SELECT CASE WHEN g = 4 THEN '294270-01-01' ELSE timestamp '1970-01-01 00:00:01' END FROM generate_series(1, 4) g");
    CHECK_OK(fetch(4));
    CHECK_INT(columns[0].kind, DBAPI_KIND_MIXED);
    CHECK_INT(columns[0].layout, DBAPI_LAYOUT_VALUES);
    const dbapi_value_t *values = columns[0].data;
    CHECK_INT(values[0].kind, DBAPI_KIND_TIMESTAMP);
    CHECK_INT(values[0].as.integer, 1000000);
    CHECK_INT(values[3].kind, DBAPI_KIND_TEXT);
    CHECK_TEXT(values[3].as.text.data, "294270-01-01 00:00:00");
    run(cursor, "SET DateStyle = 'SQL, DMY'");
    run(cursor, "SELECT date '2024-12-31', NULL::date UNION ALL SELECT NULL, NULL");
    CHECK_OK(fetch(9));
    CHECK_INT(columns[0].kind, DBAPI_KIND_TEXT);
    CHECK_INT(columns[0].layout, DBAPI_LAYOUT_BYTES);
    CHECK_TEXT(columns[0].data, "31/12/2024");
    CHECK_INT(columns[1].kind, DBAPI_KIND_DATE);
    CHECK_INT(columns[1].layout, DBAPI_LAYOUT_INT64);
    CHECK_SIZE(columns[1].null_count, 2);
    close_cursor();
}

/* One call splits a column of texts: its NULs alone tell them apart. */
static void texts_end_with_a_nul(void)
{
    static const char all[] = "a\0\0h\xc3\xa9\0\0z";
    open_cursor();
    run(cursor, "VALUES ('a'), (''), ('h\xc3\xa9'), (NULL), ('z')");
    CHECK_OK(fetch(10));
    CHECK_BYTES(columns[0].data, columns[0].data_size, all, sizeof all);
    static const int64_t starts[] = { 0, 2, 3, 7, 8, 10 };
    for (size_t i = 0; i < COUNT(starts); i++) {
        CHECK_INT(columns[0].offsets[i], starts[i]);
    }
    /* Bytes may have NULs in them: the offsets alone tell. */
    run(cursor, "VALUES ('\\x00'::bytea), ('\\x610062'), ('')");
    CHECK_OK(fetch(10));
    CHECK_INT(columns[0].kind, DBAPI_KIND_BYTES);
    CHECK_BYTES(columns[0].data, columns[0].data_size, "\0\0a\0b\0", 7);
    CHECK_INT(columns[0].offsets[1], 2);
    CHECK_INT(columns[0].offsets[2], 6);
    close_cursor();
}

/* A text of megabytes, whose row the library keeps in another way, among short ones. */
static void long_texts(void)
{
    open_cursor();
    check_query("SELECT g, CASE g WHEN 2 THEN repeat('long', 5000000) ELSE 'short' END, g FROM generate_series(1, 3) g", DBAPI_FORMAT_AUTO, 2);
    close_cursor();
}

static void beside_other_fetches(void)
{
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    open_cursor();
    run(cursor, "SELECT g, 'r' || g FROM generate_series(1, 1000) g");
    CHECK_ROW(fetch_row(cursor), "1", "r1");
    CHECK_OK(fetch(3));
    CHECK_INT(((const int64_t *)columns[0].data)[0], 2);
    CHECK_TEXT(columns[1].data, "r2");
    CHECK_INT(dbapi_rownumber(cursor), 4);
    CHECK_ROW(fetch_row(cursor), "5", "r5");
    CHECK_OK(dbapi_next(cursor, &rows, &failure));
    CHECK_ROW(rows, "6", "r6");
    CHECK_OK(fetch(1));
    CHECK_SIZE(height, 1);
    CHECK_INT(((const int64_t *)columns[0].data)[0], 7);
    CHECK_OK(dbapi_fetchmany(cursor, 2, &rows, &count, &failure));
    CHECK_ROW(rows + 2, "9", "r9");
    CHECK_OK(dbapi_scroll(cursor, 990, DBAPI_SCROLL_ABSOLUTE, &failure));
    CHECK_OK(fetch(0));
    CHECK_SIZE(height, dbapi_arraysize(cursor));
    CHECK_INT(((const int64_t *)columns[0].data)[0], 991);
    CHECK_OK(dbapi_cursor_set_arraysize(cursor, 4, &failure));
    CHECK_OK(fetch(0));
    CHECK_SIZE(height, 4);
    CHECK_OK(fetch(SIZE_MAX));
    CHECK_SIZE(height, 5);
    CHECK_INT(((const int64_t *)columns[0].data)[4], 1000);
    check_no_more();
    check_end(cursor);
    CHECK_INT(dbapi_rowcount(cursor), 1000);
    close_cursor();
}

/* From a large block to a small one, and to other columns: nothing of the former shows. */
static void block_after_block(void)
{
    open_cursor();
    for (int i = 0; i < 2; i++) {
        check_query("SELECT g, CASE WHEN g %% 2 = 0 THEN g::text END, g / 2.0::float8, g %% 3 = 1 FROM generate_series(1, 200000) g",
                    DBAPI_FORMAT_AUTO, 150000);
        check_query("SELECT 't', 1", DBAPI_FORMAT_AUTO, 5);
        check_query("SELECT NULL::bool, now(), 2, 'x'::text, 4.5, '{}'::int[]", DBAPI_FORMAT_AUTO, 5);
        check_query("SELECT", DBAPI_FORMAT_AUTO, 5);
    }
    close_cursor();
}

static void no_columns_and_no_rows(void)
{
    open_cursor();
    run(cursor, "SELECT FROM generate_series(1, 3)");
    CHECK_OK(fetch(2));
    CHECK(columns != NULL);
    CHECK_SIZE(width, 0);
    CHECK_SIZE(height, 2);
    CHECK_OK(fetch(2));
    CHECK_SIZE(height, 1);
    check_no_more();
    run(cursor, "SELECT 1 WHERE false");
    check_no_more();
    close_cursor();
}

static void of_a_stream(void)
{
    open_cursor();
    CHECK_OK(dbapi_cursor_set_stream(cursor, true, &failure));
    for (size_t f = 0; f < COUNT(formats); f++) {
        CHECK_OK(dbapi_cursor_set_result_format(cursor, formats[f], &failure));
        run(cursor, "SELECT g, 'row ' || g, CASE WHEN g = 7 OR g > 99990 THEN ARRAY[g] END FROM generate_series(1, 100000) g");
        int64_t at = 0;
        for (size_t most = 1; at < 100000; most = most * 7 % 20011) {
            CHECK_OK(fetch(most));
            CHECK(height == most || at + (int64_t)height == 100000);
            for (size_t i = 0; i < height; i++) {
                char text[32];
                at++;
                CHECK_INT(((const int64_t *)columns[0].data)[i], at);
                snprintf(text, sizeof text, "row %" PRId64, at);
                CHECK_TEXT((const char *)columns[1].data + columns[1].offsets[i], text);
                if (at == 7 || at > 99990) {
                    const dbapi_value_t *value = (const dbapi_value_t *)columns[2].data + i;
                    CHECK_INT(value->as.array->items[0].as.integer, at);
                } else {
                    CHECK_INT(columns[2].nulls[i], 1);
                }
            }
            CHECK_INT(dbapi_rownumber(cursor), at);
        }
        check_no_more();
        CHECK_INT(dbapi_rowcount(cursor), 100000);
    }
    close_cursor();
}

/* What a streamed statement fails with comes behind its rows. */
static void failing_stream(void)
{
    open_cursor();
    CHECK_OK(dbapi_cursor_set_stream(cursor, true, &failure));
    run(cursor, "SELECT g, 1 / (30000 - g) FROM generate_series(1, 40000) g");
    size_t got = 0;
    dbapi_status_t status;
    while ((status = fetch(7000)) == DBAPI_OK) {
        CHECK_INT(((const int64_t *)columns[0].data)[height - 1], (int64_t)(got += height));
    }
    CHECK_FAILS(status, DBAPI_DATA_ERROR, "22012", "division by zero");
    CHECK(got > 0 && got < 30000);
    close_cursor();
}

static void of_a_named_cursor(void)
{
    const dbapi_value_t *row = NULL;
    connection = connect_test();
    CHECK_OK(dbapi_cursor_named(connection, "blocks", 1, false, &cursor, &failure));
    run(cursor, "SELECT g, 'r' || g, ARRAY[g] FROM generate_series(1, 1000) g");
    CHECK_OK(fetch(10));
    CHECK_SIZE(width, 3);
    CHECK_SIZE(height, 10);
    CHECK_INT(dbapi_rowcount(cursor), 10);
    /* Rows that iteration has had sent, and others that come behind them, in one block. */
    CHECK_OK(dbapi_cursor_set_itersize(cursor, 50, &failure));
    CHECK_OK(dbapi_next(cursor, &row, &failure));
    CHECK_ROW(row, "11", "r11", "{11}");
    CHECK_OK(fetch(200));
    CHECK_SIZE(height, 200);
    for (size_t i = 0; i < height; i++) {
        char text[32];
        const dbapi_value_t *value = (const dbapi_value_t *)columns[2].data + i;
        CHECK_INT(((const int64_t *)columns[0].data)[i], (int64_t)i + 12);
        snprintf(text, sizeof text, "r%d", (int)i + 12);
        CHECK_TEXT((const char *)columns[1].data + columns[1].offsets[i], text);
        CHECK_INT(value->as.array->items[0].as.integer, (int64_t)i + 12);
    }
    CHECK_INT(dbapi_rownumber(cursor), 211);
    CHECK_OK(dbapi_scroll(cursor, -1, DBAPI_SCROLL_ABSOLUTE, &failure));
    check_no_more();
    CHECK_OK(dbapi_scroll(cursor, 998, DBAPI_SCROLL_ABSOLUTE, &failure));
    CHECK_OK(fetch(SIZE_MAX));
    CHECK_INT(((const int64_t *)columns[0].data)[height - 1], 1000);
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_FAILS(fetch(1), DBAPI_PROGRAMMING_ERROR, ANY_SQLSTATE, NULL);
    close_cursor();
}

/* The rows of a block that has one which cannot be read stay where they are, and the error is that of the first such
 * row, whatever its column. */
static void a_value_that_is_none(void)
{
    static const char *const rows[][2] = {
        { "1", "t" }, { "3", NULL }, { "5", "six" }, { "seven", "f" }, { NULL, "t" },
    };
    static const uint32_t oids[] = { 23, 16 };
    fake_bytes description = { .data = NULL };
    fake_put_int16(&description, COUNT(oids));
    for (size_t i = 0; i < COUNT(oids); i++) {
        fake_put_text(&description, "c");
        fake_put_int32(&description, 0);
        fake_put_int16(&description, 0);
        fake_put_int32(&description, oids[i]);
        fake_put_int16(&description, 0xffff);
        fake_put_int32(&description, 0xffffffff);
        fake_put_int16(&description, 0);
    }
    fake_server *fake = fake_new();
    fake_greet(fake);
    fake_expect(fake, 'Q', NULL);
    fake_send_message(fake, 'T', description.data, description.length);
    for (size_t i = 0; i < COUNT(rows); i++) {
        fake_send_row(fake, 2, rows[i]);
    }
    fake_send_complete(fake, "SELECT 5");
    fake_send_ready(fake, 'I');
    fake_silence(fake);
    fake_start(fake);
    connection = connect_dsn(fake_dsn(fake));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    cursor = cursor_of(connection);
    run(cursor, "SELECT");
    char messages[2][200];
    const dbapi_value_t *block = NULL;
    size_t count = 0;
    for (int i = 0; i < 2; i++) {
        dbapi_status_t status = i == 0 ? dbapi_fetchmany(cursor, 5, &block, &count, &failure) : fetch(5);
        CHECK_ERROR(status, DBAPI_INTERNAL_ERROR, NULL, NULL);
        snprintf(messages[i], sizeof messages[i], "%s", dbapi_error_message(failure));
        clear_failure();
        CHECK_INT(dbapi_rownumber(cursor), 0);
    }
    CHECK_CONTAINS(messages[0], "bool");
    CHECK_TEXT(messages[1], messages[0]);
    CHECK_OK(fetch(2));
    CHECK_SIZE(height, 2);
    CHECK_INT(((const int64_t *)columns[0].data)[1], 3);
    CHECK_SIZE(columns[0].null_count, 0);
    CHECK_SIZE(columns[1].null_count, 1);
    CHECK_FAILS(fetch(1), DBAPI_INTERNAL_ERROR, NULL, NULL);
    CHECK_OK(dbapi_scroll(cursor, 4, DBAPI_SCROLL_ABSOLUTE, &failure));
    CHECK_OK(fetch(9));
    CHECK_SIZE(columns[0].null_count, 1);
    CHECK_INT(((const uint8_t *)columns[1].data)[0], 1);
    close_cursor();
    fake_finish(fake);
    fake_bytes_free(&description);
}

/* No server of PostgreSQL's has a NUL in a text. One that has does not make a program miscount. */
static void a_nul_in_a_text(void)
{
    fake_bytes row = { .data = NULL };
    fake_server *fake = fake_new();
    fake_greet(fake);
    fake_expect(fake, 'Q', NULL);
    fake_send_columns(fake, 1, 25);
    fake_send_row(fake, 1, (const char *const[]){ "first" });
    fake_put_int16(&row, 1);
    fake_put_int32(&row, 3);
    fake_put(&row, "a\0b", 3);
    fake_send_message(fake, 'D', row.data, row.length);
    fake_send_row(fake, 1, (const char *const[]){ NULL });
    fake_send_complete(fake, "SELECT 3");
    fake_send_ready(fake, 'I');
    fake_silence(fake);
    fake_start(fake);
    connection = connect_dsn(fake_dsn(fake));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    cursor = cursor_of(connection);
    run(cursor, "SELECT");
    CHECK_OK(fetch(3));
    CHECK_INT(columns[0].layout, DBAPI_LAYOUT_VALUES);
    CHECK_INT(columns[0].kind, DBAPI_KIND_TEXT);
    const dbapi_value_t *values = columns[0].data;
    CHECK_TEXT(values[0].as.text.data, "first");
    CHECK_BYTES(values[1].as.text.data, values[1].as.text.length, "a\0b", 3);
    CHECK_INT(values[2].kind, DBAPI_KIND_NULL);
    close_cursor();
    fake_finish(fake);
    fake_bytes_free(&row);
}

static void wrong_calls(void)
{
    open_cursor();
    CHECK_FAILS(fetch(1), DBAPI_PROGRAMMING_ERROR, NULL, "no results to fetch");
    run(cursor, "SET application_name = 'x'");
    CHECK_FAILS(fetch(1), DBAPI_PROGRAMMING_ERROR, NULL, "no results to fetch");
    run(cursor, "SELECT 1");
    CHECK_FAILS(dbapi_fetch_columns(cursor, 1, NULL, &width, &height, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "out_columns");
    CHECK_FAILS(dbapi_fetch_columns(cursor, 1, &columns, NULL, &height, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "out_ncolumns");
    CHECK_FAILS(dbapi_fetch_columns(cursor, 1, &columns, &width, NULL, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "out_nrows");
    CHECK_FAILS(dbapi_fetch_columns(NULL, 1, &columns, &width, &height, &failure), DBAPI_INTERFACE_ERROR, NULL, "cursor");
    CHECK_INT(dbapi_fetch_columns(NULL, 1, NULL, NULL, NULL, NULL), DBAPI_INTERFACE_ERROR);
    CHECK_INT(dbapi_rownumber(cursor), 0);
    CHECK_OK(fetch(1));
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    const dbapi_block_column_t *before = columns;
    width = height = 99;
    CHECK_FAILS(fetch(1), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_PTR(columns, before);
    CHECK_SIZE(width, 99);
    CHECK_SIZE(height, 99);
    dbapi_cursor_free(cursor);
    CHECK_FAILS(fetch(1), DBAPI_INTERFACE_ERROR, NULL, "freed");
    cursor = cursor_of(connection);
    run(cursor, "SELECT 1");
    CHECK_OK(dbapi_close(connection, &failure));
    CHECK_FAILS(fetch(1), DBAPI_INTERFACE_ERROR, NULL, "closed");
    close_cursor();
}

CHECK_MAIN(CASE(what_rows_are), CASE(which_layout), CASE(mixed_kinds), CASE(texts_end_with_a_nul), CASE(long_texts),
           CASE(beside_other_fetches), CASE(block_after_block), CASE(no_columns_and_no_rows), CASE(of_a_stream),
           CASE(failing_stream), CASE(of_a_named_cursor), CASE(a_value_that_is_none), CASE(a_nul_in_a_text), CASE(wrong_calls))
