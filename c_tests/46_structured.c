/* The structured kinds: arrays, ranges, multiranges, rows, addresses, bit strings and figures, read as structs in
 * both formats, written again as PostgreSQL writes them, and sent back as parameters, where the server itself says
 * that they are the same. */
#include "connect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;

static void open_cursor(void)
{
    connection = connect_test();
    cursor = cursor_of(connection);
    run(cursor, "SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'postgres'; SET TimeZone = 'UTC'");
}

static void close_cursor(void)
{
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static const struct {
    int32_t format;
    const char *name;
} formats[] = {
    { DBAPI_FORMAT_TEXT, "text" },
    { DBAPI_FORMAT_BINARY, "binary" },
    { DBAPI_FORMAT_AUTO, "auto" },
};

/* One row of this query, read in this format. */
static const dbapi_value_t *row_of(const char *sql, int32_t format)
{
    const dbapi_value_t none[] = { DBAPI_NULL };
    CHECK_OK(dbapi_cursor_set_result_format(cursor, format, &failure));
    CHECK_OK(dbapi_execute(cursor, sql, none, 0, &failure));
    return fetch_row(cursor);
}

/* Kind, and expressions of it. */
static const struct {
    int32_t kind;
    const char *expressions[60];
} samples[] = {
    { DBAPI_KIND_ARRAY,
      { "'{}'::int4[]", "ARRAY[1, NULL, -3]", "ARRAY[[1,2],[3,4]]", "'[0:1][-5:-4]={{1,2},{3,NULL}}'::int4[]", "ARRAY[1::int2]",
        "ARRAY[1::int8, 9223372036854775807]", "ARRAY[true, false, NULL]", "ARRAY[0.1::float8, 'NaN', '-0']", "ARRAY[0.1::float4, 1e10]",
        "ARRAY[1.50, 'NaN', NULL]", "ARRAY['', 'NULL', 'null', 'a b', 'a,b', '{}', '\"', '\\', NULL, ' ', 'x']",
        "ARRAY[E'a\\tb', E'\\n', 'ä', ';']::varchar[]", "ARRAY['a', 'b ']::char(3)[]", "ARRAY['a']::name[]", "ARRAY['a', '', ',']::\"char\"[]",
        "ARRAY['\\x00ff', '']::bytea[]", "ARRAY[date '2024-02-29', 'infinity', '0044-03-15 BC']", "ARRAY[time '24:00', '12:34:56.7']",
        "ARRAY[timetz '12:34:56.789-08']", "ARRAY[timestamp '2024-01-01 12:00', '294276-12-31 23:59:59', '-infinity']",
        "ARRAY[timestamptz '2024-01-01 12:00+00', NULL]", "ARRAY[interval '1 year -2 days 03:04:05.6', '0']",
        "ARRAY['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid]", "ARRAY['{\"a\": \"b\"}'::json, '[1, 2]']", "ARRAY['{\"a\": \"b\"}'::jsonb, '[1, 2]']",
        "ARRAY[inet '10.0.0.1/8', '::1']", "ARRAY[cidr '10.0.0.0/8', '::1/128']", "ARRAY[B'101', B'']::varbit[]", "ARRAY[point '(1,2)', '(NaN,-0)']",
        "ARRAY[box '(3,4),(1,2)', '(1,1),(0,0)', NULL]", "ARRAY[[box '(3,4),(1,2)', '(1,1),(0,0)']]", "ARRAY[path '((1,2),(3,4))', '[(1,2)]']",
        "ARRAY[circle '<(1,2),3>']", "ARRAY[int4range(1, 5), 'empty', '(,)']", "ARRAY['{[1,2),[5,)}'::int4multirange, '{}']",
        "ARRAY['08:00:2b:01:02:03'::macaddr]", "ARRAY['0/16B3748'::pg_lsn]", "ARRAY['a:1 b'::tsvector, '']", "ARRAY['a & !b'::tsquery]",
        "ARRAY['$.a[*]'::jsonpath]", "ARRAY['(0,1)'::tid]", "ARRAY['$1,234.50'::money]", "ARRAY['pg_class'::regclass, 0]", "ARRAY['now'::regproc]",
        "ARRAY['1 2'::int2vector]", "ARRAY['1 2'::oidvector, '']", "ARRAY['4294967295'::oid]", "ARRAY['7'::xid]", "ARRAY['18446744073709551615'::xid8]",
        "ARRAY[[[[[[1]]]]]]", "(SELECT array_agg(i) FROM generate_series(1, 3000) AS i)", "ARRAY['<a b=\"c\"/>'::xml]" } },
    { DBAPI_KIND_RANGE,
      { "int4range(1, 5)", "int4range(NULL, 5)", "int4range(NULL, NULL)", "'empty'::int4range", "int8range(1, 9223372036854775807)",
        "numrange(1.50, 2, '(]')", "numrange('-Infinity', 'Infinity', '[]')", "daterange('2024-01-01', 'infinity', '[]')", "daterange('-infinity', NULL, '()')",
        "tsrange('2024-01-01 12:00', '294276-12-31')", "tstzrange('2024-01-01 12:00+00', NULL, '()')", "tsrange('0001-01-01 BC', NULL)" } },
    { DBAPI_KIND_MULTIRANGE,
      { "'{}'::int4multirange", "'{[1,2),[3,)}'::int4multirange", "'{(,)}'::nummultirange", "'{[1.0,2.5],(3,4)}'::nummultirange",
        "'{[2024-01-01,2024-02-01),[2025-01-01,)}'::datemultirange", "'{[2024-01-01 12:00,2025-01-01 00:00]}'::tsmultirange",
        "'{[2024-01-01 12:00+00,infinity)}'::tstzmultirange", "'{(,5)}'::int8multirange" } },
    { DBAPI_KIND_INET,
      { "inet '0.0.0.0'", "inet '192.168.0.1/24'", "inet '255.255.255.255/32'", "inet '::'", "inet '::1/64'", "inet '::1.2.3.4'", "inet '::ffff:1.2.3.4'",
        "inet '1:0:0:2:0:0:0:3'", "inet '2001:db8::ff00:42:8329'", "cidr '10.0.0.0/8'", "cidr '10.1.2.3'", "cidr '2001:db8::/32'", "cidr '::/0'" } },
    { DBAPI_KIND_BITS, { "B''", "B'1'", "B'10101010'", "B'101010101'", "B'101'::varbit", "B'0'::bit(40)", "repeat('10', 3000)::varbit" } },
    { DBAPI_KIND_POINT, { "point '(0,0)'", "point '(1.5,-2)'", "point '(NaN,Infinity)'", "point '(-0,1e300)'" } },
    { DBAPI_KIND_GEOMETRY,
      { "line '{1,2,3}'", "lseg '[(1,2),(3,4)]'", "box '(3,4),(1,2)'", "path '((1,2),(3,4))'", "path '[(1,2),(3,4),(0.1,1e-7)]'", "polygon '((1,2),(3,4),(5,6))'",
        "circle '<(1,2),3>'", "circle '<(0.1,-0.1),0>'" } },
    { DBAPI_KIND_INT, { "'4294967295'::xid", "'7'::cid", "'9223372036854775807'::xid8" } },
    { DBAPI_KIND_NUMERIC, { "'18446744073709551615'::xid8" } },
    { DBAPI_KIND_TEXT, { "'c1'::refcursor", "'1 2'::int2vector", "'08:00:2b:01:02:03:04:05'::macaddr8", "'$.a'::jsonpath", "'10:20:10,14'::pg_snapshot" } },
};

/* Arrays of an item with no equality are compared by their text. */
#define SAME "format('%%%%s', v) = format('%%%%s', %%s::%s)"

static void read_written_and_sent_back(void)
{
    char sql[600];
    static char text[40000];
    open_cursor();
    dbapi_cursor_t *second = cursor_of(connection);
    int count = 0, compared = 0;
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    for (size_t f = 0; f < COUNT(formats); f++) {
        for (size_t i = 0; i < COUNT(samples); i++) {
            for (size_t j = 0; j < COUNT(samples[i].expressions) && samples[i].expressions[j] != NULL; j++) {
                const char *expression = samples[i].expressions[j];
                size_t length = 0;
                snprintf(sql, sizeof sql, "SELECT v, format('%%%%s', v), format_type(pg_typeof(v), -1) FROM (SELECT %s) AS x (v)", expression);
                const dbapi_value_t *row = row_of(sql, formats[f].format);
                if (row[0].kind != samples[i].kind) {
                    FAIL("%s, %s format: kind %d, expected %d", expression, formats[f].name, (int)row[0].kind, (int)samples[i].kind);
                }
                CHECK_OK(dbapi_value_format(&row[0], text, sizeof text, &length, &failure));
                CHECK(length < sizeof text);
                check_bytes(CHECK_HERE, expression, text, length, row[1].as.text.data, row[1].as.text.length);

                /* By its oid, and by what its items say where that is enough. */
                char type[80];
                snprintf(type, sizeof type, "%s", row[2].as.text.data);
                for (int without_oid = 0; without_oid < 1 + (row[0].kind >= DBAPI_KIND_ARRAY); without_oid++) {
                    dbapi_value_t param = row[0];
                    param.oid = without_oid ? 0 : row[0].oid;
                    snprintf(sql, sizeof sql, "SELECT " SAME " FROM (SELECT %s) AS x (v)", type, expression);
                    if (dbapi_execute(second, sql, &param, 1, &failure) != DBAPI_OK) {
                        FAIL("%s (%s format) as a parameter: %s", expression, formats[f].name, dbapi_error_message(failure));
                    }
                    const dbapi_value_t *answer = fetch_row(second);
                    if (answer[0].kind != DBAPI_KIND_BOOL || !answer[0].as.boolean) {
                        FAIL("%s (%s format) is another value when it comes back", expression, formats[f].name);
                    }
                    /* And by the type's own equality, where it has one. */
                    snprintf(sql, sizeof sql, "SELECT v IS NOT DISTINCT FROM %%s::%s FROM (SELECT %s) AS x (v)", type, expression);
                    if (dbapi_execute(second, sql, &param, 1, &failure) != DBAPI_OK) {
                        CHECK_TEXT(dbapi_error_sqlstate(failure), "42883");
                        clear_failure();
                        continue;
                    }
                    if (!fetch_row(second)[0].as.boolean) {
                        FAIL("%s (%s format) is not equal to what comes back", expression, formats[f].name);
                    }
                    compared++;
                }
                count++;
            }
        }
    }
    CHECK(count > 300);
    CHECK(compared > 400);
    dbapi_cursor_free(second);
    close_cursor();
}

static void arrays_as_structs(void)
{
    open_cursor();
    for (size_t f = 0; f < COUNT(formats); f++) {
        const dbapi_value_t *row = row_of("SELECT '[0:1][-5:-4]={{1,2},{3,NULL}}'::int4[], '{}'::text[], ARRAY['a\"b', NULL, '']", formats[f].format);
        const dbapi_array_t *array = row[0].as.array;
        CHECK_INT(row[0].oid, 1007);
        CHECK_INT(array->element_oid, 23);
        CHECK_INT(array->dimensions, 2);
        CHECK_INT(array->lengths[0], 2);
        CHECK_INT(array->lengths[1], 2);
        CHECK_INT(array->lower_bounds[0], 0);
        CHECK_INT(array->lower_bounds[1], -5);
        CHECK_SIZE(array->count, 4);
        CHECK_INT(array->items[2].kind, DBAPI_KIND_INT);
        CHECK_INT(array->items[2].oid, 23);
        CHECK_INT(array->items[2].as.integer, 3);
        CHECK_INT(array->items[3].kind, DBAPI_KIND_NULL);
        CHECK_INT(row[1].as.array->dimensions, 0);
        CHECK_SIZE(row[1].as.array->count, 0);
        array = row[2].as.array;
        CHECK_TEXT(array->items[0].as.text.data, "a\"b");
        CHECK_SIZE(array->items[0].as.text.length, 3);
        CHECK_INT(array->items[1].kind, DBAPI_KIND_NULL);
        CHECK_TEXT(array->items[2].as.text.data, "");
    }
    close_cursor();
}

static void ranges_as_structs(void)
{
    open_cursor();
    for (size_t f = 0; f < COUNT(formats); f++) {
        const dbapi_value_t *row =
            row_of("SELECT int4range(1, 5), numrange(NULL, 2.50, '[]'), 'empty'::daterange, '{[1,2),[5,)}'::int4multirange", formats[f].format);
        const dbapi_range_t *range = row[0].as.range;
        CHECK_INT(range->subtype_oid, 23);
        CHECK_INT(range->flags, DBAPI_RANGE_LOWER_INCLUSIVE);
        CHECK_INT(range->lower.as.integer, 1);
        CHECK_INT(range->upper.as.integer, 5);
        range = row[1].as.range;
        CHECK_INT(range->flags, DBAPI_RANGE_UPPER_INCLUSIVE);
        CHECK_INT(range->lower.kind, DBAPI_KIND_NULL);
        CHECK_TEXT(range->upper.as.text.data, "2.50");
        CHECK_INT(row[2].as.range->flags, DBAPI_RANGE_EMPTY);
        const dbapi_multirange_t *multirange = row[3].as.multirange;
        CHECK_INT(multirange->range_oid, 3904);
        CHECK_SIZE(multirange->count, 2);
        CHECK_INT(multirange->ranges[1].kind, DBAPI_KIND_RANGE);
        CHECK_INT(multirange->ranges[1].as.range->lower.as.integer, 5);
        CHECK_INT(multirange->ranges[1].as.range->upper.kind, DBAPI_KIND_NULL);
    }
    close_cursor();
}

static void the_others_as_structs(void)
{
    open_cursor();
    for (size_t f = 0; f < COUNT(formats); f++) {
        const dbapi_value_t *row = row_of("SELECT inet '10.1.2.3/8', cidr '::1/128', B'1010000011'::varbit, point '(1.5,-2)', line '{1,2,3}',"
                                          " box '(3,4),(1,2)', path '[(1,2),(3,4)]', path '((1,2))', circle '<(1,2),3>', ROW(1, NULL, 'a b')",
                                          formats[f].format);
        CHECK_INT(row[0].as.inet->family, 4);
        CHECK_INT(row[0].as.inet->prefix, 8);
        CHECK_BYTES(row[0].as.inet->address, 16, "\12\1\2\3\0\0\0\0\0\0\0\0\0\0\0\0", 16);
        CHECK_INT(row[1].oid, 650);
        CHECK_INT(row[1].as.inet->family, 6);
        CHECK_INT(row[1].as.inet->address[15], 1);
        CHECK_SIZE(row[2].as.bits->length, 10);
        CHECK_BYTES(row[2].as.bits->bytes, 2, "\240\300", 2);
        CHECK(row[3].as.point.x == 1.5 && row[3].as.point.y == -2);
        CHECK_INT(row[4].as.geometry->shape, DBAPI_SHAPE_LINE);
        CHECK(row[4].as.geometry->numbers[2] == 3);
        CHECK_INT(row[5].as.geometry->shape, DBAPI_SHAPE_BOX);
        CHECK(row[5].as.geometry->points[1].y == 2);
        CHECK_INT(row[6].as.geometry->closed, 0);
        CHECK_SIZE(row[6].as.geometry->count, 2);
        CHECK_INT(row[7].as.geometry->closed, 1);
        CHECK_INT(row[8].as.geometry->shape, DBAPI_SHAPE_CIRCLE);
        CHECK(row[8].as.geometry->numbers[0] == 3 && row[8].as.geometry->points[0].y == 2);
        CHECK_INT(row[9].kind, DBAPI_KIND_COMPOSITE);
        CHECK_SIZE(row[9].as.composite->count, 3);
        CHECK(row[9].as.composite->names == NULL);
        CHECK_INT(row[9].as.composite->fields[1].kind, DBAPI_KIND_NULL);
        CHECK_TEXT(row[9].as.composite->fields[2].as.text.data, "a b");
        CHECK_ROW(row, "10.1.2.3/8", "::1/128", "1010000011", "(1.5,-2)", "{1,2,3}", "(3,4),(1,2)", "[(1,2),(3,4)]", "((1,2))", "<(1,2),3>",
                  "(1,,\"a b\")");
    }
    close_cursor();
}

/* A void is an empty text; a record that cannot be taken apart is the text that it is. */
static void what_has_no_parts(void)
{
    open_cursor();
    for (size_t f = 0; f < COUNT(formats); f++) {
        const dbapi_value_t *row = row_of("SELECT pg_sleep(0), ROW(), ROW(NULL), '[0,1]'::text, ARRAY[ROW(1, '\"'), NULL]", formats[f].format);
        CHECK_INT(row[0].kind, DBAPI_KIND_TEXT);
        CHECK_INT(row[0].oid, 2278);
        CHECK_SIZE(row[0].as.text.length, 0);
        CHECK_INT(row[1].kind, DBAPI_KIND_TEXT);
        CHECK_INT(row[2].kind, DBAPI_KIND_TEXT);
        CHECK_INT(row[4].kind, DBAPI_KIND_ARRAY);
        CHECK_INT(row[4].as.array->items[0].kind, DBAPI_KIND_COMPOSITE);
        CHECK_ROW(row, "", "()", "()", "[0,1]", "{\"(1,\\\"\\\"\\\"\\\")\",NULL}");
    }
    close_cursor();
}

/* How the session likes to write does not matter inside either. What cannot be read stays the text it is. */
static void session_settings_do_not_matter(void)
{
    static const char *const settings[] = { "SET TimeZone = 'Asia/Kolkata'", "SET IntervalStyle = 'iso_8601'", "SET IntervalStyle = 'sql_standard'",
                                            "SET IntervalStyle = 'postgres_verbose'", "SET bytea_output = 'escape'", "SET quote_all_identifiers = on",
                                            "SET array_nulls = off" };
    static const char sql[] = "SELECT ARRAY[timestamptz '2024-07-01 12:00:00.5+00'], ARRAY[interval '1 year -2 days 03:04:05.6'],"
                              " ARRAY['\\x00ff5c27'::bytea], tstzrange('2024-07-01 12:00+00', NULL)";
    open_cursor();
    for (size_t i = 0; i < COUNT(settings); i++) {
        run(cursor, settings[i]);
        for (size_t f = 0; f < COUNT(formats); f++) {
            printf("    %s, %s format\n", settings[i], formats[f].name);
            CHECK_ROW(row_of(sql, formats[f].format), "{\"2024-07-01 12:00:00.5+00\"}", "{\"1 year -2 days +03:04:05.6\"}", "{\"\\\\x00ff5c27\"}",
                      "[\"2024-07-01 12:00:00+00\",)");
        }
        run(cursor, "RESET TimeZone; RESET IntervalStyle; RESET bytea_output; RESET quote_all_identifiers; RESET array_nulls");
    }
    run(cursor, "SET DateStyle = 'SQL, DMY'");
    const dbapi_value_t *row = row_of("SELECT ARRAY[date '2024-07-01'], daterange('2024-07-01', NULL)", DBAPI_FORMAT_TEXT);
    CHECK_INT(row[0].kind, DBAPI_KIND_ARRAY);
    CHECK_INT(row[0].as.array->items[0].kind, DBAPI_KIND_TEXT);
    CHECK_INT(row[0].as.array->items[0].oid, 1082);
    CHECK_ROW(row, "{01/07/2024}", "[01/07/2024,)");
    run(cursor, "RESET DateStyle; SET extra_float_digits = 0");
    row = row_of("SELECT ARRAY[0.1::float8, 1.7976931348623157e308], point(0.1, 1.7976931348623157e308)", DBAPI_FORMAT_TEXT);
    CHECK(row[0].as.array->items[0].as.floating == 0.1);
    CHECK_INT(row[0].as.array->items[1].kind, DBAPI_KIND_TEXT);
    CHECK_INT(row[1].kind, DBAPI_KIND_TEXT);
    CHECK_ROW(row, "{0.1,1.79769313486232e+308}", "(0.1,1.79769313486232e+308)");
    close_cursor();
}

/* The description says what comes. */
static void columns_tell_their_kind(void)
{
    size_t count = 0;
    open_cursor();
    for (size_t i = 0; i < COUNT(samples); i++) {
        char sql[300];
        if (samples[i].kind == DBAPI_KIND_NUMERIC) {
            continue; /* an xid8 is an INT, if it can be */
        }
        snprintf(sql, sizeof sql, "SELECT %s AS c", samples[i].expressions[0]);
        run(cursor, sql);
        const dbapi_column_t *columns = dbapi_description(cursor, &count);
        CHECK_SIZE(count, 1);
        CHECK_INT(columns[0].kind, samples[i].kind);
    }
    close_cursor();
}

/* What psycopg2 users write with lists. */
static void arrays_as_parameters(void)
{
    const dbapi_value_t integers[] = { DBAPI_INT(1), DBAPI_NULL, DBAPI_INT(3) };
    const dbapi_value_t wide[] = { DBAPI_INT(1), DBAPI_INT(INT64_C(5000000000)) };
    const dbapi_value_t texts[] = { DBAPI_TEXT("a"), DBAPI_TEXT("b'\"\\"), DBAPI_TEXT("") };
    const dbapi_value_t mixed[] = { DBAPI_INT(1), DBAPI_NUMERIC("2.5"), DBAPI_INT(3) };
    const dbapi_value_t floats[] = { DBAPI_INT(1), DBAPI_FLOAT(0.5) };
    const dbapi_value_t dates[] = { DBAPI_DATE(0), DBAPI_TEXT("2024-02-29") };
    const dbapi_value_t nulls[] = { DBAPI_NULL };
    const int32_t two_by_one[] = { 2, 1 }, from_zero[] = { 0, 0 };
    const dbapi_array_t integer_array = { 0, 1, NULL, NULL, 3, integers };
    const dbapi_array_t wide_array = { 0, 1, NULL, NULL, 2, wide };
    const dbapi_array_t text_array = { 0, 1, NULL, NULL, 3, texts };
    const dbapi_array_t mixed_array = { 0, 1, NULL, NULL, 3, mixed };
    const dbapi_array_t float_array = { 0, 1, NULL, NULL, 2, floats };
    const dbapi_array_t date_array = { 0, 1, NULL, NULL, 2, dates };
    const dbapi_array_t null_array = { 0, 1, NULL, NULL, 1, nulls };
    const dbapi_array_t empty = { 0, 0, NULL, NULL, 0, NULL };
    const dbapi_array_t matrix = { 0, 2, two_by_one, from_zero, 2, wide };
    const struct {
        const char *sql;
        const dbapi_array_t *array;
        const char *expected;
    } rows[] = {
        { "SELECT pg_typeof(%s)", &integer_array, "integer[]" },
        { "SELECT %s", &integer_array, "{1,NULL,3}" },
        { "SELECT 3 = ANY(%s)", &integer_array, "t" },
        { "SELECT 3::smallint = ANY(%s) AND 3::bigint = ANY(%s::int8[])", &integer_array, NULL },
        { "SELECT count(*) FROM generate_series(1, 10) AS i WHERE i = ANY(%s)", &integer_array, "2" },
        { "SELECT pg_typeof(%s)", &wide_array, "bigint[]" },
        { "SELECT pg_typeof(%s)", &text_array, "text[]" },
        { "SELECT %s", &text_array, "{a,\"b'\\\"\\\\\",\"\"}" },
        { "SELECT 'a'::varchar = ANY(%s)", &text_array, "t" },
        { "SELECT array_length(%s, 1)", &text_array, "3" },
        { "SELECT pg_typeof(%s)", &mixed_array, "numeric[]" },
        { "SELECT %s", &mixed_array, "{1,2.5,3}" },
        { "SELECT pg_typeof(%s)", &float_array, "double precision[]" },
        { "SELECT %s", &date_array, "{1970-01-01,2024-02-29}" },
        { "SELECT pg_typeof(%s)", &date_array, "date[]" },
        { "SELECT 1 = ANY(%s)", &empty, "f" },
        { "SELECT 'x' = ANY(%s)", &empty, "f" },
        { "SELECT 1 = ANY(%s) IS NULL", &null_array, "t" },
        { "SELECT %s", &matrix, "[0:1][0:0]={{1},{5000000000}}" },
    };
    open_cursor();
    for (size_t i = 0; i < COUNT(rows); i++) {
        const dbapi_value_t params[] = { DBAPI_ARRAY(rows[i].array), DBAPI_ARRAY(rows[i].array) };
        size_t count = rows[i].expected ? 1 : 2;
        if (dbapi_execute(cursor, rows[i].sql, params, count, &failure) != DBAPI_OK) {
            FAIL("%s: %s", rows[i].sql, dbapi_error_message(failure));
        }
        printf("    %s\n", rows[i].sql);
        CHECK_ROW(fetch_row(cursor), rows[i].expected ? rows[i].expected : "t");
    }
    /* Into columns of other types, by their text. */
    run(cursor, "CREATE TEMP TABLE t46 (s int2[], n numeric[], v varchar[], b int8[])");
    const dbapi_value_t params[] = { DBAPI_TYPED(1005, DBAPI_ARRAY(&integer_array)), DBAPI_ARRAY(&integer_array), DBAPI_ARRAY(&text_array),
                                     DBAPI_ARRAY(&empty) };
    CHECK_OK(dbapi_execute(cursor, "INSERT INTO t46 VALUES (%s, %s, %s, %s)", params, 4, &failure));
    run(cursor, "SELECT * FROM t46");
    CHECK_ROW(fetch_row(cursor), "{1,NULL,3}", "{1,NULL,3}", "{a,\"b'\\\"\\\\\",\"\"}", "{}");
    close_cursor();
}

static void other_kinds_as_parameters(void)
{
    const dbapi_inet_t inet = { 4, 24, { 192, 168, 0, 1 } };
    const dbapi_bits_t bits = { 10, (const uint8_t *)"\240\377" };
    const dbapi_point_t points[] = { { 3, 4 }, { 1, 2 } };
    const dbapi_geometry_t box = { DBAPI_SHAPE_BOX, 0, 2, points, { 0, 0, 0 } };
    dbapi_range_t range = { 0, DBAPI_RANGE_LOWER_INCLUSIVE, DBAPI_INT(1), DBAPI_INT(5) };
    const dbapi_range_t dates = { 0, 0, DBAPI_DATE(0), DBAPI_NULL };
    const dbapi_value_t ranges[] = { DBAPI_RANGE(&range) };
    const dbapi_multirange_t multirange = { 0, 1, ranges };
    const dbapi_value_t row_fields[] = { DBAPI_INT(7), DBAPI_TEXT("a, \"b\""), DBAPI_NULL };
    const dbapi_composite_t composite = { 3, row_fields, NULL };
    const dbapi_value_t pair[] = { DBAPI_TEXT("k \""), DBAPI_NULL };
    const dbapi_hstore_t hstore = { 1, pair, pair + 1 };
    open_cursor();
    run(cursor, "CREATE TYPE pg_temp.t46_row AS (i int, t text, d date)");
    const dbapi_value_t params[] = { DBAPI_INET(&inet),   DBAPI_BITS(&bits), DBAPI_POINT(1.5, -2), DBAPI_GEOMETRY(&box), DBAPI_RANGE(&range),
                                     DBAPI_RANGE(&dates), DBAPI_MULTIRANGE(&multirange), DBAPI_COMPOSITE(&composite), DBAPI_HSTORE(&hstore) };
    CHECK_OK(dbapi_execute(cursor, "SELECT %s, %s, %s, %s, %s, %s, %s, (%s::pg_temp.t46_row).t, %s::text", params, COUNT(params), &failure));
    CHECK_ROW(fetch_row(cursor), "192.168.0.1/24", "1010000011", "(1.5,-2)", "(3,4),(1,2)", "[1,5)", "[1970-01-02,)", "{[1,5)}", "a, \"b\"",
              "\"k \\\"\"=>NULL");
    CHECK_OK(dbapi_execute(cursor,
                           "SELECT pg_typeof(%s), pg_typeof(%s), pg_typeof(%s), pg_typeof(%s), pg_typeof(%s), pg_typeof(%s), pg_typeof(%s)", params, 7,
                           &failure));
    CHECK_ROW(fetch_row(cursor), "inet", "bit", "point", "box", "int4range", "daterange", "int4multirange");
    /* A NULL of any of these types. */
    const uint32_t oids[] = { 1007, 3904, 4451, 869, 1562, 600, 603 };
    for (size_t i = 0; i < COUNT(oids); i++) {
        const dbapi_value_t null = DBAPI_TYPED(oids[i], DBAPI_NULL);
        CHECK_OK(dbapi_execute(cursor, "SELECT %s IS NULL", &null, 1, &failure));
        CHECK_ROW(fetch_row(cursor), "t");
    }
    close_cursor();
}

static void wrong_values_name_the_parameter(void)
{
    const dbapi_value_t items[] = { DBAPI_INT(1), DBAPI_DATE(0), DBAPI_TEXT("a\0b") };
    dbapi_value_t inner[1] = { DBAPI_NULL };
    const dbapi_value_t nul[] = { DBAPI_TEXT_N("a\0b", 3) };
    const int32_t three[] = { 3 }, two[] = { 2, 2 };
    const dbapi_array_t unlike = { 0, 1, NULL, NULL, 2, items };
    const dbapi_array_t no_items = { 0, 1, NULL, NULL, 2, NULL };
    const dbapi_array_t short_one = { 0, 1, three, NULL, 1, items };
    const dbapi_array_t deep = { 0, 7, three, NULL, 1, items };
    const dbapi_array_t square = { 0, 2, two, NULL, 3, items };
    const dbapi_array_t self = { 0, 1, NULL, NULL, 1, inner };
    const dbapi_array_t with_nul = { 0, 1, NULL, NULL, 1, nul };
    inner[0] = DBAPI_ARRAY(&self);
    const dbapi_composite_t endless = { 1, inner, NULL };
    const dbapi_inet_t family = { 5, 0, { 0 } }, prefix = { 4, 33, { 0 } };
    const dbapi_geometry_t shape = { 9, 0, 0, NULL, { 0, 0, 0 } }, one_point = { DBAPI_SHAPE_BOX, 0, 0, NULL, { 0, 0, 0 } };
    const dbapi_range_t flags = { 0, 8, DBAPI_INT(1), DBAPI_INT(2) };
    const struct {
        dbapi_value_t value;
        int32_t status;
        const char *sqlstate;
        const char *part;
    } rows[] = {
        { DBAPI_ARRAY(NULL), DBAPI_PROGRAMMING_ERROR, NULL, "parameter 2" },
        { DBAPI_ARRAY(&unlike), DBAPI_PROGRAMMING_ERROR, NULL, "item 2" },
        { DBAPI_ARRAY(&no_items), DBAPI_PROGRAMMING_ERROR, NULL, "items are NULL" },
        { DBAPI_ARRAY(&short_one), DBAPI_PROGRAMMING_ERROR, NULL, "do not make an array of 1" },
        { DBAPI_ARRAY(&deep), DBAPI_PROGRAMMING_ERROR, NULL, "dimensions, not 7" },
        { DBAPI_ARRAY(&square), DBAPI_PROGRAMMING_ERROR, NULL, "parameter 2" },
        { DBAPI_ARRAY(&self), DBAPI_PROGRAMMING_ERROR, NULL, "array within an array" },
        { DBAPI_ARRAY(&with_nul), DBAPI_DATA_ERROR, "22021", "NUL" },
        { DBAPI_COMPOSITE(&endless), DBAPI_PROGRAMMING_ERROR, NULL, "levels deep" },
        { DBAPI_INET(&family), DBAPI_PROGRAMMING_ERROR, NULL, "not 5" },
        { DBAPI_INET(&prefix), DBAPI_DATA_ERROR, "22P02", "prefix of 33" },
        { DBAPI_GEOMETRY(&shape), DBAPI_PROGRAMMING_ERROR, NULL, "shape 9" },
        { DBAPI_GEOMETRY(&one_point), DBAPI_PROGRAMMING_ERROR, NULL, "0 points" },
        { DBAPI_RANGE(&flags), DBAPI_PROGRAMMING_ERROR, NULL, "flags 8" },
    };
    open_cursor();
    for (size_t i = 0; i < COUNT(rows); i++) {
        const dbapi_value_t params[] = { DBAPI_INT(1), rows[i].value };
        dbapi_status_t status = dbapi_execute(cursor, "SELECT %s, %s", params, 2, &failure);
        printf("    %s\n", failure ? dbapi_error_message(failure) : "no error");
        CHECK_ERROR(status, (dbapi_status_t)rows[i].status, rows[i].sqlstate, rows[i].part);
        CHECK_CONTAINS(dbapi_error_message(failure), "parameter 2");
        clear_failure();
    }
    /* The connection is as before. */
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    close_cursor();
}

/* The same numbers in every run. */
static uint32_t next_random(uint32_t end)
{
    static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32) % end;
}

/* What quoting goes wrong with. */
static void random_text(char *text)
{
    static const char *const pieces[] = { "\"", "\\", "{", "}", "(", ")", "[", "]", ",", ";", " ", "\t", "\n", "\v", "NULL", "null",
                                          "=>", "\xc3\xa4", "\xf0\x9f\x90\x98", "\xc2\xa0", "'", "a", "%", "empty" };
    *text = '\0';
    for (uint32_t count = next_random(5); count > 0; count--) {
        strcat(text, pieces[next_random(COUNT(pieces))]);
    }
}

/* Random rows, arrays, ranges and addresses: the server writes them as this library does, and sends them back. */
static void random_values_on_the_server(void)
{
    enum { MOST = 8 };
    char texts[MOST][30], ours[1000], back[1000];
    open_cursor();
    run(cursor, "CREATE TYPE pg_temp.t46_random AS (t text, a text[], r int8range, i inet, b varbit, p point)");
    for (int round = 0; round < 1500; round++) {
        dbapi_value_t items[MOST], fields[6];
        int32_t lengths[2], lower_bounds[2];
        lengths[0] = 1 + (int32_t)next_random(2);
        lengths[1] = 1 + (int32_t)next_random(4);
        lower_bounds[0] = (int32_t)next_random(3);
        lower_bounds[1] = 1 - (int32_t)next_random(2);
        size_t count = (size_t)lengths[0] * (size_t)lengths[1];
        for (size_t i = 0; i < count; i++) {
            random_text(texts[i]);
            items[i] = next_random(5) == 0 ? DBAPI_NULL : DBAPI_TEXT(texts[i]);
        }
        const dbapi_array_t array = { 0, 2, lengths, lower_bounds, count, items };
        const int64_t low = (int64_t)next_random(UINT32_MAX) - 2000000000;
        const dbapi_range_t range = { 20, DBAPI_RANGE_LOWER_INCLUSIVE, next_random(4) == 0 ? DBAPI_NULL : DBAPI_INT(low),
                                      next_random(4) == 0 ? DBAPI_NULL : DBAPI_INT(low + 1 + next_random(100)) };
        dbapi_range_t unbounded = range;
        if (range.lower.kind == DBAPI_KIND_NULL) {
            unbounded.flags = 0;
        }
        dbapi_inet_t inet = { 6, (uint8_t)next_random(129), { 0 } };
        for (int i = 0; i < 16; i++) {
            inet.address[i] = (uint8_t)(next_random(3) == 0 ? next_random(256) : 0);
        }
        uint8_t bytes[4];
        for (int i = 0; i < 4; i++) {
            bytes[i] = (uint8_t)next_random(256);
        }
        const dbapi_bits_t bits = { next_random(33), bytes };
        const dbapi_composite_t composite = { 6, fields, NULL };
        fields[0] = items[0];
        fields[1] = DBAPI_ARRAY(&array);
        fields[2] = DBAPI_RANGE(&unbounded);
        fields[3] = DBAPI_INET(&inet);
        fields[4] = DBAPI_BITS(&bits);
        fields[5] = DBAPI_POINT((double)low / 7, ldexp(1.1, (int)next_random(1000) - 500));
        const dbapi_value_t params[] = { DBAPI_COMPOSITE(&composite), fields[1], fields[2], fields[3], fields[4], fields[5] };
        CHECK_OK(dbapi_cursor_set_result_format(cursor, formats[round % 3].format, &failure));
        CHECK_OK(dbapi_execute(cursor,
                               "SELECT format('%%s', %s::pg_temp.t46_random), a, r, i, b, p, format('%%s', a), format('%%s', r),"
                               " format('%%s', i), format('%%s', b), format('%%s', p)"
                               " FROM (SELECT %s::text[], %s::int8range, %s, %s::varbit, %s) AS x (a, r, i, b, p)",
                               params, COUNT(params), &failure));
        const dbapi_value_t *row = fetch_row(cursor);
        CHECK_OK(dbapi_value_format(&params[0], ours, sizeof ours, NULL, &failure));
        CHECK_TEXT(ours, row[0].as.text.data);
        for (size_t i = 1; i < COUNT(params); i++) {
            CHECK_OK(dbapi_value_format(&params[i], ours, sizeof ours, NULL, &failure));
            CHECK_OK(dbapi_value_format(&row[i], back, sizeof back, NULL, &failure));
            CHECK_TEXT(ours, row[5 + i].as.text.data);
            CHECK_TEXT(back, row[5 + i].as.text.data);
        }
    }
    close_cursor();
}

/* What programs are compiled against. */
static void layouts_are_frozen(void)
{
    CHECK_SIZE(sizeof(dbapi_value_t), 8 + sizeof(dbapi_value_as_t));
    CHECK_SIZE(sizeof(dbapi_value_as_t), 16);
    CHECK_SIZE(offsetof(dbapi_array_t, dimensions), 4);
    CHECK_SIZE(offsetof(dbapi_array_t, lengths), 8);
    CHECK_SIZE(offsetof(dbapi_array_t, items), 8 + 3 * sizeof(void *));
    CHECK_SIZE(offsetof(dbapi_range_t, flags), 4);
    CHECK_SIZE(offsetof(dbapi_range_t, lower), 8);
    CHECK_SIZE(offsetof(dbapi_range_t, upper), 8 + sizeof(dbapi_value_t));
    CHECK_SIZE(offsetof(dbapi_multirange_t, count), sizeof(void *));
    CHECK_SIZE(offsetof(dbapi_multirange_t, ranges), 2 * sizeof(void *));
    CHECK_SIZE(offsetof(dbapi_composite_t, fields), sizeof(void *));
    CHECK_SIZE(offsetof(dbapi_composite_t, names), 2 * sizeof(void *));
    CHECK_SIZE(offsetof(dbapi_inet_t, address), 2);
    CHECK_SIZE(sizeof(dbapi_inet_t), 18);
    CHECK_SIZE(offsetof(dbapi_bits_t, bytes), sizeof(void *));
    CHECK_SIZE(sizeof(dbapi_point_t), 16);
    CHECK_SIZE(offsetof(dbapi_geometry_t, count), 8);
    CHECK_SIZE(offsetof(dbapi_geometry_t, points), 8 + sizeof(void *));
    CHECK_SIZE(offsetof(dbapi_geometry_t, numbers), 8 + 2 * sizeof(void *));
    CHECK_SIZE(offsetof(dbapi_hstore_t, keys), sizeof(void *));
    CHECK_SIZE(offsetof(dbapi_hstore_t, values), 2 * sizeof(void *));
}

static void setters_and_getters(void)
{
    const dbapi_array_t array = { 0, 0, NULL, NULL, 0, NULL };
    const dbapi_range_t range = { 0, DBAPI_RANGE_EMPTY, DBAPI_NULL, DBAPI_NULL };
    const dbapi_multirange_t multirange = { 0, 0, NULL };
    const dbapi_composite_t composite = { 0, NULL, NULL };
    const dbapi_inet_t inet = { 4, 32, { 127, 0, 0, 1 } };
    const dbapi_bits_t bits = { 0, NULL };
    const dbapi_geometry_t line = { DBAPI_SHAPE_LINE, 0, 0, NULL, { 1, 2, 3 } };
    const dbapi_hstore_t hstore = { 0, NULL, NULL };
    dbapi_value_t value;
    double x = 0, y = 0;
#define BOTH_WAYS(name, KIND, struct_, text)                                                       \
    do {                                                                                           \
        const dbapi_##name##_t *back = NULL;                                                       \
        char written[40];                                                                          \
        memset(&value, 0x55, sizeof value);                                                        \
        CHECK_OK(dbapi_value_set_##name(&value, &(struct_)));                                      \
        CHECK_INT(value.kind, DBAPI_KIND_##KIND);                                                  \
        CHECK_INT(value.oid, 0);                                                                   \
        CHECK_OK(dbapi_value_get_##name(&value, &back));                                           \
        CHECK_PTR(back, &(struct_));                                                               \
        CHECK_OK(dbapi_value_get_##name(&value, NULL));                                            \
        CHECK_OK(dbapi_value_format(&value, written, sizeof written, NULL, &failure));             \
        CHECK_TEXT(written, text);                                                                 \
        CHECK_INT(dbapi_value_set_##name(NULL, &(struct_)), DBAPI_INTERFACE_ERROR);             \
        CHECK_INT(dbapi_value_set_##name(&value, NULL), DBAPI_INTERFACE_ERROR);                 \
        CHECK_INT(dbapi_value_get_##name(NULL, &back), DBAPI_INTERFACE_ERROR);                  \
        CHECK_INT(dbapi_value_get_point(&value, &x, &y), DBAPI_PROGRAMMING_ERROR);              \
    } while (0)
    BOTH_WAYS(array, ARRAY, array, "{}");
    BOTH_WAYS(range, RANGE, range, "empty");
    BOTH_WAYS(multirange, MULTIRANGE, multirange, "{}");
    BOTH_WAYS(composite, COMPOSITE, composite, "()");
    BOTH_WAYS(inet, INET, inet, "127.0.0.1");
    BOTH_WAYS(bits, BITS, bits, "");
    BOTH_WAYS(geometry, GEOMETRY, line, "{1,2,3}");
    BOTH_WAYS(hstore, HSTORE, hstore, "");
    CHECK_OK(dbapi_value_set_point(&value, 1.5, -2));
    CHECK_OK(dbapi_value_get_point(&value, &x, &y));
    CHECK(x == 1.5 && y == -2);
    const dbapi_array_t *none = &array;
    CHECK_INT(dbapi_value_get_array(&value, &none), DBAPI_PROGRAMMING_ERROR);   
    CHECK_PTR(none, &array);
}

/* A million items, both ways; and rows fetched one after another stay what they were while they may be read. */
static void large_arrays(void)
{
    enum { ITEMS = 1000000 };
    dbapi_value_t *items = (dbapi_value_t *)malloc(ITEMS * sizeof *items);
    CHECK(items != NULL);
    for (int i = 0; i < ITEMS; i++) {
        items[i] = DBAPI_INT(i);
    }
    const dbapi_array_t array = { 0, 1, NULL, NULL, ITEMS, items };
    const dbapi_value_t param = DBAPI_ARRAY(&array);
    open_cursor();
    for (size_t f = 0; f < COUNT(formats); f++) {
        CHECK_OK(dbapi_cursor_set_result_format(cursor, formats[f].format, &failure));
        CHECK_OK(dbapi_execute(cursor, "SELECT a, (SELECT sum(i) FROM unnest(a) AS i) FROM (SELECT %s::int4[]) AS x (a)", &param, 1, &failure));
        const dbapi_value_t *row = fetch_row(cursor);
        const dbapi_array_t *back = row[0].as.array;
        CHECK_SIZE(back->count, ITEMS);
        CHECK_INT(back->lengths[0], ITEMS);
        for (int i = 0; i < ITEMS; i++) {
            if (back->items[i].as.integer != i) {
                FAIL("item %d is %lld", i, (long long)back->items[i].as.integer);
            }
        }
        CHECK_INT(row[1].as.integer, INT64_C(499999500000));
    }
    free(items);
    close_cursor();
}

static void all_rows_at_once(void)
{
    open_cursor();
    for (size_t f = 0; f < COUNT(formats); f++) {
        const dbapi_value_t none[] = { DBAPI_NULL };
        const dbapi_value_t *rows = NULL;
        size_t count = 0;
        CHECK_OK(dbapi_cursor_set_result_format(cursor, formats[f].format, &failure));
        CHECK_OK(dbapi_execute(cursor, "SELECT ARRAY[repeat('x', i %% 50), i::text, NULL], int4range(i, i + 1), ('10.0.0.' || i %% 256)::inet"
                                       " FROM generate_series(1, 5000) AS i",
                               none, 0, &failure));
        CHECK_OK(dbapi_fetchall(cursor, &rows, &count, &failure));
        CHECK_SIZE(count, 5000);
        for (size_t i = 0; i < count; i++) {
            const dbapi_value_t *row = rows + 3 * i;
            char number[24];
            snprintf(number, sizeof number, "%zu", i + 1);
            const dbapi_array_t *array = row[0].as.array;
            if (array->items[0].as.text.length != (i + 1) % 50 || strcmp(array->items[1].as.text.data, number) != 0
                || row[1].as.range->lower.as.integer != (int64_t)i + 1 || row[2].as.inet->address[3] != (i + 1) % 256) {
                FAIL("row %zu (%s format) is another's", i, formats[f].name);
            }
        }
    }
    close_cursor();
}

CHECK_MAIN(CASE(read_written_and_sent_back), CASE(arrays_as_structs), CASE(ranges_as_structs), CASE(the_others_as_structs), CASE(what_has_no_parts), CASE(session_settings_do_not_matter), CASE(columns_tell_their_kind),
           CASE(arrays_as_parameters), CASE(other_kinds_as_parameters), CASE(wrong_values_name_the_parameter), CASE(random_values_on_the_server), CASE(layouts_are_frozen), CASE(setters_and_getters),
           CASE(large_arrays), CASE(all_rows_at_once))
