/* Parameters: every kind arrives as its literal would, by position and by name; wrong counts, names and
 * values are refused before anything is sent. */
#define _POSIX_C_SOURCE 200809L
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
}

static void close_cursor(void)
{
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static dbapi_value_t value_of(int32_t kind)
{
    dbapi_value_t value;
    memset(&value, 0, sizeof value);
    value.kind = kind;
    return value;
}

static dbapi_value_t integer_value(int32_t kind, int64_t integer)
{
    dbapi_value_t value = value_of(kind);
    value.as.integer = integer;
    return value;
}

static dbapi_value_t text_value(int32_t kind, const char *text)
{
    dbapi_value_t value = value_of(kind);
    value.as.text.data = text;
    value.as.text.length = strlen(text);
    return value;
}

static dbapi_value_t interval_value(int32_t months, int32_t days, int64_t microseconds)
{
    dbapi_value_t value = value_of(DBAPI_KIND_INTERVAL);
    value.as.interval.months = months;
    value.as.interval.days = days;
    value.as.interval.microseconds = microseconds;
    return value;
}

static dbapi_value_t timetz_value(int64_t microseconds, int32_t utc_offset)
{
    dbapi_value_t value = value_of(DBAPI_KIND_TIMETZ);
    value.as.timetz.microseconds = microseconds;
    value.as.timetz.utc_offset = utc_offset;
    return value;
}

/* What type the server gave the parameter, and what it read there. */
static void check_typed(dbapi_value_t value, const char *type, const char *text)
{
    dbapi_value_t params[] = { value, value };
    char what[100];
    CHECK_OK(dbapi_execute(cursor, "SELECT pg_typeof(%s)::text, %s::text", params, 2, &failure));
    const dbapi_value_t *row = fetch_row(cursor);
    snprintf(what, sizeof what, "a parameter of kind %d", (int)value.kind);
    check_text(CHECK_HERE, what, row[0].as.text.data, type);
    check_text(CHECK_HERE, what, row[1].as.text.data, text);
}

static void every_kind_has_its_type(void)
{
    static const int64_t day = INT64_C(86400000000);
    dbapi_value_t yes = value_of(DBAPI_KIND_BOOL);
    dbapi_value_t uuid = value_of(DBAPI_KIND_UUID);
    yes.as.boolean = true;
    memcpy(uuid.as.uuid, "\xa0\xee\xbc\x99\x9c\x0b\x4e\xf8\xbb\x6d\x6b\xb9\xbd\x38\x0a\x11", 16);
    open_cursor();
    run(cursor, "SET TimeZone = 'UTC'");
    check_typed(yes, "boolean", "true");
    check_typed(value_of(DBAPI_KIND_BOOL), "boolean", "false");
    /* An integer is what the same literal would be. */
    check_typed(DBAPI_INT(0), "integer", "0");
    check_typed(DBAPI_INT(-1), "integer", "-1");
    check_typed(DBAPI_INT(INT32_MAX), "integer", "2147483647");
    check_typed(DBAPI_INT(INT32_MIN), "integer", "-2147483648");
    check_typed(DBAPI_INT(INT64_C(2147483648)), "bigint", "2147483648");
    check_typed(DBAPI_INT(INT64_MAX), "bigint", "9223372036854775807");
    check_typed(DBAPI_INT(INT64_MIN), "bigint", "-9223372036854775808");
    check_typed(DBAPI_FLOAT(1.5), "double precision", "1.5");
    check_typed(DBAPI_FLOAT(0.1), "double precision", "0.1");
    check_typed(DBAPI_FLOAT(-0.0), "double precision", "-0");
    check_typed(DBAPI_FLOAT((double)NAN), "double precision", "NaN");
    check_typed(DBAPI_FLOAT((double)INFINITY), "double precision", "Infinity");
    check_typed(DBAPI_FLOAT(-(double)INFINITY), "double precision", "-Infinity");
    check_typed(DBAPI_FLOAT(5e-324), "double precision", "5e-324");
    check_typed(text_value(DBAPI_KIND_NUMERIC, "1.50"), "numeric", "1.50");
    check_typed(text_value(DBAPI_KIND_NUMERIC, "-0.000000000000000000000000001"), "numeric", "-0.000000000000000000000000001");
    check_typed(text_value(DBAPI_KIND_NUMERIC, "123456789012345678901234567890"), "numeric", "123456789012345678901234567890");
    check_typed(text_value(DBAPI_KIND_NUMERIC, "NaN"), "numeric", "NaN");
    check_typed(text_value(DBAPI_KIND_NUMERIC, "1e3"), "numeric", "1000");
    check_typed(text_value(DBAPI_KIND_BYTES, "a\\\"'\xff"), "bytea", "\\x615c2227ff");
    check_typed(integer_value(DBAPI_KIND_DATE, 0), "date", "1970-01-01");
    check_typed(integer_value(DBAPI_KIND_DATE, 19723), "date", "2024-01-01");
    check_typed(integer_value(DBAPI_KIND_DATE, -719163), "date", "0001-12-31 BC");
    check_typed(integer_value(DBAPI_KIND_DATE, INT64_MAX), "date", "infinity");
    check_typed(integer_value(DBAPI_KIND_DATE, INT64_MIN), "date", "-infinity");
    check_typed(integer_value(DBAPI_KIND_TIME, 0), "time without time zone", "00:00:00");
    check_typed(integer_value(DBAPI_KIND_TIME, day - 1), "time without time zone", "23:59:59.999999");
    check_typed(integer_value(DBAPI_KIND_TIME, day), "time without time zone", "24:00:00");
    check_typed(timetz_value(INT64_C(3600000000), 7200), "time with time zone", "01:00:00+02");
    check_typed(timetz_value(0, -(5 * 3600 + 30 * 60 + 15)), "time with time zone", "00:00:00-05:30:15");
    check_typed(integer_value(DBAPI_KIND_TIMESTAMP, -1), "timestamp without time zone", "1969-12-31 23:59:59.999999");
    check_typed(integer_value(DBAPI_KIND_TIMESTAMP, INT64_MAX), "timestamp without time zone", "infinity");
    check_typed(integer_value(DBAPI_KIND_TIMESTAMP, INT64_MIN), "timestamp without time zone", "-infinity");
    check_typed(integer_value(DBAPI_KIND_TIMESTAMPTZ, INT64_C(1704067200000000)), "timestamp with time zone",
                "2024-01-01 00:00:00+00");
    check_typed(integer_value(DBAPI_KIND_TIMESTAMPTZ, INT64_MAX), "timestamp with time zone", "infinity");
    check_typed(interval_value(14, 3, -1), "interval", "1 year 2 mons 3 days -00:00:00.000001");
    check_typed(interval_value(INT32_MIN, INT32_MAX, INT64_C(-3600000000)), "interval",
                "-178956970 years -8 mons +2147483647 days -01:00:00");
    check_typed(uuid, "uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    close_cursor();
}

/* Text and NULL take the type that their place asks for, as literals do. */
static void text_and_null_are_untyped(void)
{
    dbapi_value_t params[] = { DBAPI_TEXT("41"), DBAPI_NULL, DBAPI_TEXT("2024-02-29"), DBAPI_NULL };
    open_cursor();
    CHECK_OK(dbapi_execute(cursor, "SELECT %s + 1, %s + 1, date '2024-03-01' - %s, %s IS NULL", params, 4, &failure));
    CHECK_ROW(fetch_row(cursor), "42", SQL_NULL, "1", "t");
    CHECK_OK(dbapi_execute(cursor, "SELECT %s || 'x', COALESCE(%s, 'none')", params, 2, &failure));
    CHECK_ROW(fetch_row(cursor), "41x", "none");
    run(cursor, "CREATE TEMP TABLE t (a inet, b jsonb, c int[], d point)");
    dbapi_value_t texts[] = { DBAPI_TEXT("127.0.0.1"), DBAPI_TEXT("{\"a\": 1}"), DBAPI_TEXT("{1,2}"), DBAPI_TEXT("(1,2)") };
    CHECK_OK(dbapi_execute(cursor, "INSERT INTO t VALUES (%s, %s, %s, %s) RETURNING *", texts, 4, &failure));
    CHECK_ROW(fetch_row(cursor), "127.0.0.1", "{\"a\": 1}", "{1,2}", "(1,2)");
    close_cursor();
}

/* Stored and read back. The column's type takes a parameter of the narrower or wider kind as a literal. */
static void parameters_fit_columns(void)
{
    open_cursor();
    run(cursor, "CREATE TEMP TABLE t (a smallint, b bigint, c real, d numeric(10, 2), e varchar(20), f json, g jsonb)");
    dbapi_value_t params[] = {
        DBAPI_INT(7), DBAPI_INT(7), DBAPI_FLOAT(0.5), DBAPI_INT(3), DBAPI_TEXT("\xc3\xa4'\"\\%s$1"),
        text_value(DBAPI_KIND_JSON, "{\"k\": [1, null]}"), text_value(DBAPI_KIND_JSON, "{\"k\": [1, null]}"),
    };
    CHECK_OK(dbapi_execute(cursor, "INSERT INTO t VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING *", params, COUNT(params), &failure));
    CHECK_ROW(fetch_row(cursor), "7", "7", "0.5", "3.00", "\xc3\xa4'\"\\%s$1", "{\"k\": [1, null]}", "{\"k\": [1, null]}");
    close_cursor();
}

static void an_oid_says_the_type(void)
{
    enum { INT8_OID = 20, INET_OID = 869 };
    dbapi_value_t number = DBAPI_INT(5);
    dbapi_value_t address = DBAPI_TEXT("::1");
    number.oid = INT8_OID;
    address.oid = INET_OID;
    open_cursor();
    check_typed(number, "bigint", "5");
    check_typed(address, "inet", "::1/128");
    close_cursor();
}

static void bytes_and_text_with_awkward_content(void)
{
    unsigned char all[256];
    for (size_t i = 0; i < sizeof all; i++) {
        all[i] = (unsigned char)i;
    }
    dbapi_value_t bytes = value_of(DBAPI_KIND_BYTES);
    bytes.as.text.data = (const char *)all;
    bytes.as.text.length = sizeof all;
    dbapi_value_t empty = value_of(DBAPI_KIND_BYTES);
    dbapi_value_t params[] = { bytes, empty, DBAPI_TEXT(""), DBAPI_TEXT_N(NULL, 0), DBAPI_TEXT_N("cut here", 3) };
    open_cursor();
    CHECK_OK(dbapi_execute(cursor, "SELECT %s, %s, %s::text, %s::text, %s::text", params, COUNT(params), &failure));
    const dbapi_value_t *row = fetch_row(cursor);
    CHECK_INT(row[0].kind, DBAPI_KIND_BYTES);
    CHECK_BYTES(row[0].as.text.data, row[0].as.text.length, all, sizeof all);
    CHECK_INT(row[1].kind, DBAPI_KIND_BYTES);
    CHECK_SIZE(row[1].as.text.length, 0);
    CHECK_TEXT(row[2].as.text.data, "");
    CHECK_TEXT(row[3].as.text.data, "");
    CHECK_TEXT(row[4].as.text.data, "cut");
    close_cursor();
}

static void by_name(void)
{
    const char *const names[] = { "a", "long name", "\xc3\xa4", "unused" };
    const dbapi_value_t params[] = { DBAPI_INT(1), DBAPI_TEXT("two"), DBAPI_INT(3), DBAPI_INT(4) };
    open_cursor();
    CHECK_OK(dbapi_execute_named(cursor, "SELECT %(a)s, %(long name)s::text, %(a)s + %(\xc3\xa4)s, '%%(a)s'", names, params, 4, &failure));
    CHECK_ROW(fetch_row(cursor), "1", "two", "4", "%(a)s");
    /* A statement that uses none of them. */
    CHECK_OK(dbapi_execute_named(cursor, "SELECT 10 %% 4", names, params, 4, &failure));
    CHECK_ROW(fetch_row(cursor), "2");
    CHECK_FAILS(dbapi_execute_named(cursor, "SELECT %(missing)s", names, params, 4, &failure), DBAPI_PROGRAMMING_ERROR, NULL,
                "missing");
    CHECK_FAILS(dbapi_execute_named(cursor, "SELECT %(A)s", names, params, 4, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "A");
    close_cursor();
}

static void wrong_counts(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(1), DBAPI_INT(2), DBAPI_INT(3) };
    open_cursor();
    CHECK_FAILS(dbapi_execute(cursor, "SELECT %s, %s", params, 1, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "parameter");
    CHECK_FAILS(dbapi_execute(cursor, "SELECT %s, %s", params, 3, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "parameter");
    CHECK_FAILS(dbapi_execute(cursor, "SELECT %s, %s", params, 0, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "parameter");
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1", params, 1, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "parameter");
    CHECK_FAILS(dbapi_executemany(cursor, "SELECT %s", params, 2, 1, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "parameter");
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    close_cursor();
}

/* Each is refused before a byte is sent: no transaction was opened. */
static void values_that_cannot_be(void)
{
    dbapi_value_t null_text = DBAPI_TEXT_N(NULL, 3);
    const struct {
        dbapi_value_t value;
        dbapi_status_t status;
        const char *part;
    } bad[] = {
        { DBAPI_TEXT_N("a\0b", 3), DBAPI_DATA_ERROR, "NUL" },
        { text_value(DBAPI_KIND_TEXT, "\xff"), DBAPI_DATA_ERROR, "UTF-8" },
        { text_value(DBAPI_KIND_TEXT, "half \xc3"), DBAPI_DATA_ERROR, "UTF-8" },
        { text_value(DBAPI_KIND_JSON, "\"\xff\""), DBAPI_DATA_ERROR, "UTF-8" },
        { integer_value(DBAPI_KIND_TIME, INT64_C(86400000001)), DBAPI_DATA_ERROR, NULL },
        { integer_value(DBAPI_KIND_TIME, -1), DBAPI_DATA_ERROR, NULL },
        { integer_value(DBAPI_KIND_DATE, INT64_C(1) << 40), DBAPI_DATA_ERROR, NULL },
        { timetz_value(0, 16 * 3600), DBAPI_DATA_ERROR, NULL },
        { null_text, DBAPI_PROGRAMMING_ERROR, NULL },
    };
    open_cursor();
    for (size_t i = 0; i < COUNT(bad); i++) {
        dbapi_value_t params[] = { DBAPI_INT(1), bad[i].value };
        dbapi_status_t status = dbapi_execute(cursor, "SELECT %s, %s", params, 2, &failure);
        if (status != bad[i].status) {
            FAIL("value %zu: status %s, expected %s", i, status_name(status), status_name(bad[i].status));
        }
        if (bad[i].part != NULL) {
            CHECK_CONTAINS(dbapi_error_message(failure), bad[i].part);
        }
        clear_failure();
        /* Nothing was sent. */
        CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    }
    /* What is a number is the server's to say. */
    static const char *const no_numbers[] = { "1; DROP TABLE t", "", "1.2.3" };
    for (size_t i = 0; i < COUNT(no_numbers); i++) {
        dbapi_value_t params[] = { DBAPI_NUMERIC(no_numbers[i]) };
        CHECK_FAILS(dbapi_execute(cursor, "SELECT %s", params, 1, &failure), DBAPI_DATA_ERROR, "22P02", "numeric");
        CHECK_OK(dbapi_rollback(connection, &failure));
    }
    close_cursor();
}

static void text_is_never_sql(void)
{
    static const char *const texts[] = { "'; DROP TABLE t; --", "\\'; SELECT 1; --", "$1", "$$", "%s", "--", "/*", "\"", "E'\\x41'" };
    open_cursor();
    for (size_t i = 0; i < COUNT(texts); i++) {
        dbapi_value_t params[] = { DBAPI_TEXT(texts[i]) };
        CHECK_OK(dbapi_execute(cursor, "SELECT %s::text", params, 1, &failure));
        CHECK_ROW(fetch_row(cursor), texts[i]);
    }
    close_cursor();
}

/* As many parameters as the protocol can count, and one more. The sum proves that all arrived. */
static void the_most_parameters(void)
{
    enum { MOST = 65535 };
    dbapi_value_t *params = calloc(MOST + 1, sizeof *params);
    char *sql = malloc(32 + (MOST + 1) * 3 + 64);
    CHECK(params != NULL && sql != NULL);
    for (size_t i = 0; i <= MOST; i++) {
        params[i] = DBAPI_INT(1);
    }
    params[MOST - 1] = DBAPI_INT(1000);

    open_cursor();
    for (size_t count = MOST; count <= MOST + 1; count++) {
        char *end = sql + sprintf(sql, "SELECT sum(x) FROM unnest(ARRAY[");
        for (size_t i = 0; i < count; i++) {
            end += sprintf(end, "%s%%s", i == 0 ? "" : ",");
        }
        strcpy(end, "]) x");
        if (count == MOST) {
            CHECK_OK(dbapi_execute(cursor, sql, params, count, &failure));
            CHECK_ROW(fetch_row(cursor), "66534");
            CHECK_OK(dbapi_commit(connection, &failure));
        } else {
            CHECK_FAILS(dbapi_execute(cursor, sql, params, count, &failure), DBAPI_PROGRAMMING_ERROR, ANY_SQLSTATE, "65535");
            CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
        }
    }
    free(sql);
    free(params);
    close_cursor();
}

/* More than the protocol's lengths can say: refused, with nothing sent. The memory is reserved, never
 * touched, where the system lets that be. */
static void values_too_long_for_the_protocol(void)
{
    if (sizeof(size_t) < 8) {
        SKIP("a 32-bit address space holds no such value");
    }
    if (getenv("DBAPI_TEST_VALGRIND") != NULL) {
        SKIP("valgrind would commit all of it");
    }
    static const uint64_t sizes[] = { UINT64_C(1) << 30, UINT64_C(1) << 31, (UINT64_C(1) << 32) + 16 };
    size_t most = (size_t)sizes[2];
    char *memory = calloc(1, most);
    if (memory == NULL) {
        SKIP("no 4 GiB of address space");
    }
    open_cursor();
    for (size_t i = 0; i < COUNT(sizes); i++) {
        dbapi_value_t value = value_of(DBAPI_KIND_BYTES);
        value.as.text.data = memory;
        value.as.text.length = (size_t)sizes[i];
        CHECK_FAILS(dbapi_execute(cursor, "SELECT length(%s)", &value, 1, &failure), DBAPI_DATA_ERROR, ANY_SQLSTATE, NULL);
        CHECK_INT(dbapi_connection_closed(connection), 0);
        CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    }
    /* Each fits, their sum does not. */
    dbapi_value_t many[8];
    for (size_t i = 0; i < COUNT(many); i++) {
        many[i] = value_of(DBAPI_KIND_BYTES);
        many[i].as.text.data = memory;
        many[i].as.text.length = (size_t)1 << 29;
    }
    CHECK_FAILS(dbapi_execute(cursor, "SELECT %s, %s, %s, %s, %s, %s, %s, %s", many, 8, &failure), DBAPI_DATA_ERROR, ANY_SQLSTATE,
                NULL);
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    free(memory);
    close_cursor();
}

/* A text takes its type from its place; where the place has none to give, it is text, or the error says what to do. */
static void texts_where_nothing_says_their_type(void)
{
    static const char *const names[] = { "a" };
    const dbapi_value_t params[] = { DBAPI_TEXT("x"), DBAPI_TEXT("y") };
    const dbapi_value_t *row = NULL;
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_OK(dbapi_execute(cursor, "SELECT %s IS NULL, %s IS NOT NULL", params, 2, &failure));
    row = fetch_row(cursor);
    CHECK_INT(row[0].as.boolean, false);
    CHECK_INT(row[1].as.boolean, true);
    CHECK_OK(dbapi_execute_named(cursor, "SELECT %(a)s IS NULL OR 'x'::name = %(a)s", names, params, 1, &failure));
    CHECK_INT(fetch_row(cursor)[0].as.boolean, true);
    CHECK_OK(dbapi_execute(cursor, "SELECT %s", params, 1, &failure));
    CHECK_TEXT(fetch_row(cursor)[0].as.text.data, "x");
    CHECK_OK(dbapi_execute_named(cursor, "SELECT %(a)s IS NULL OR 8::smallint = %(a)s", names, (const dbapi_value_t[]){ DBAPI_TEXT("8") }, 1, &failure));
    CHECK_INT(fetch_row(cursor)[0].as.boolean, true);
    CHECK_ERROR(dbapi_execute(cursor, "SELECT pg_typeof(%s)", params, 1, &failure), DBAPI_PROGRAMMING_ERROR, "42P18", "parameter $1");
    CHECK_CONTAINS(dbapi_error_message(failure), "%s::text");
    CHECK_CONTAINS(dbapi_error_message(failure), "dbapi_setinputsizes");
    clear_failure();
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

/* What a psycopg2 user passes as a list is an array. */
static void arrays_as_lists(void)
{
    static const int32_t two[] = { 2 };
    const dbapi_value_t numbers[] = { DBAPI_INT(2), DBAPI_INT(3) }, texts[] = { DBAPI_TEXT("b"), DBAPI_TEXT("c") };
    const dbapi_array_t of_numbers = { .dimensions = 1, .lengths = two, .count = 2, .items = numbers };
    const dbapi_array_t of_texts = { .dimensions = 1, .lengths = two, .count = 2, .items = texts };
    const dbapi_value_t number_list[] = { DBAPI_ARRAY(&of_numbers) }, text_list[] = { DBAPI_ARRAY(&of_texts) };
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *cursor = cursor_of(connection);
    static const char *const integers[] = { "int2", "int4", "int8" };
    for (size_t i = 0; i < COUNT(integers); i++) {
        char sql[200];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM generate_series(1, 5) g WHERE g::%s = ANY(%%s)", integers[i]);
        CHECK_OK(dbapi_execute(cursor, sql, number_list, 1, &failure));
        CHECK_INT(fetch_row(cursor)[0].as.integer, 2);
    }
    CHECK_OK(dbapi_execute(cursor, "SELECT count(*) FROM unnest(ARRAY['a','b','c','d']) x WHERE x = ANY(%s)", text_list, 1, &failure));
    CHECK_INT(fetch_row(cursor)[0].as.integer, 2);
    CHECK_OK(dbapi_execute(cursor, "SELECT count(*) FROM unnest(ARRAY['a','b']::varchar[]) x WHERE x = ANY(%s)", text_list, 1, &failure));
    CHECK_INT(fetch_row(cursor)[0].as.integer, 1);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

/* ---- in their places ------------------------------------------------------------------------------------- */

/* One row of one column; `expected` SQL_NULL for NULL. In either result format, since a text is inferred before. */
static void check_place(const char *sql, const dbapi_value_t *params, size_t count, const char *expected)
{
    static const int32_t formats[] = { DBAPI_FORMAT_TEXT, DBAPI_FORMAT_BINARY };
    for (size_t f = 0; f < COUNT(formats); f++) {
        char text[200] = "";
        run(cursor, "SAVEPOINT place");
        CHECK_OK(dbapi_cursor_set_result_format(cursor, formats[f], &failure));
        if (dbapi_execute(cursor, sql, params, count, &failure) != DBAPI_OK) {
            FAIL("%s: %s", sql, dbapi_error_message(failure));
        }
        const dbapi_value_t *row = fetch_row(cursor);
        if (row[0].kind == DBAPI_KIND_NULL || expected == SQL_NULL) {
            CHECK_INT(row[0].kind, DBAPI_KIND_NULL);
            CHECK_PTR(expected, SQL_NULL);
        } else {
            CHECK_OK(dbapi_value_format(&row[0], text, sizeof text, NULL, &failure));
            check_text(CHECK_HERE, sql, text, expected);
        }
        run(cursor, "ROLLBACK TO place");
    }
    CHECK_OK(dbapi_cursor_set_result_format(cursor, DBAPI_FORMAT_AUTO, &failure));
}

/* What psycopg2's users write: SQL with one or two placeholders, and what goes there. */
static void values_in_their_places(void)
{
    static const struct place {
        const char *sql;
        const char *first, *second; /* a text; "#..." an integer; "NULL" a NULL; NULL: none */
        const char *expected;
    } places[] = {
        /* Columns narrower and wider than the parameter. */
        { "SELECT id FROM t40 WHERE small = %s", "#2", NULL, "2" },
        { "SELECT id FROM t40 WHERE small = %s", "2", NULL, "2" },
        { "SELECT count(*) FROM t40 WHERE small = %s", "NULL", NULL, "0" },
        { "SELECT count(*) FROM t40 WHERE small = %s", "#70000", NULL, "0" },
        { "SELECT count(*) FROM t40 WHERE small < %s", "#5000000000", NULL, "3" },
        { "SELECT count(*) FROM t40 WHERE number < %s", "#5000000000", NULL, "3" },
        { "SELECT id FROM t40 WHERE big = %s", "#5000000002", NULL, "2" },
        { "SELECT id FROM t40 WHERE big = %s", "5000000002", NULL, "2" },
        { "SELECT id FROM t40 WHERE number BETWEEN %s AND %s", "#2", "2", "2" },
        { "SELECT id FROM t40 WHERE exact = %s", "#2", NULL, "2" },
        { "SELECT id FROM t40 WHERE exact = %s", "2.00", NULL, "2" },
        { "SELECT id FROM t40 WHERE price > %s ORDER BY id", "$2.00", NULL, "2" },
        { "SELECT id FROM t40 WHERE at = %s", "2024-02-02", NULL, "2" },
        { "SELECT id FROM t40 WHERE at > %s ORDER BY 1", "2024-02-02", NULL, "3" },
        { "SELECT id FROM t40 WHERE u = %s", "00000000-0000-0000-0000-000000000002", NULL, "2" },
        { "SELECT id FROM t40 WHERE address << %s ORDER BY 1", "10.0.2.0/24", NULL, "2" },
        { "SELECT id FROM t40 WHERE label = %s", "two", NULL, "2" },
        { "SELECT id FROM t40 WHERE label LIKE %s", "tw%", NULL, "2" },
        { "SELECT id FROM t40 WHERE padded = %s", "two", NULL, "2" },
        { "SELECT id FROM t40 WHERE flag = %s", "f", NULL, "2" },
        { "SELECT id FROM t40 WHERE data = %s", "\\x02", NULL, "2" },
        { "SELECT id FROM t40 WHERE mood = %s", "ok", NULL, "2" },
        { "SELECT id FROM t40 WHERE during @> %s ORDER BY 1", "#21", NULL, "2" },
        { "SELECT id FROM t40 WHERE during @> %s::int ORDER BY 1", "21", NULL, "2" },
        { "SELECT id FROM t40 WHERE during && %s ORDER BY 1", "[21,22)", NULL, "2" },
        { "SELECT id FROM t40 WHERE document @> %s", "{\"n\": 2}", NULL, "2" },
        { "SELECT id FROM t40 WHERE document ->> %s = %s", "n", "2", "2" },
        { "SELECT id FROM t40 WHERE document -> %s = %s", "n", "2", "2" },
        { "SELECT id FROM t40 WHERE document #>> %s = %s", "{n}", "2", "2" },
        { "SELECT count(*) FROM t40 WHERE document ? 'n'", NULL, NULL, "3" },
        { "SELECT id FROM t40 WHERE list[%s] = %s", "#1", "#2", "2" },
        { "SELECT id FROM t40 WHERE %s = ANY(list) ORDER BY 1", "#2", NULL, "2" },
        { "SELECT id FROM t40 WHERE %s = ANY(list) ORDER BY 1", "2", NULL, "2" },
        { "SELECT id FROM t40 WHERE list @> %s", "{2}", NULL, "2" },
        { "SELECT id FROM t40 WHERE (id, label) = (%s, %s)", "#2", "two", "2" },
        /* Counts. */
        { "SELECT id FROM t40 ORDER BY id DESC LIMIT %s OFFSET %s", "#1", "#1", "2" },
        { "SELECT id FROM t40 ORDER BY id DESC LIMIT %s OFFSET %s", "1", "1", "2" },
        { "SELECT id FROM t40 ORDER BY id LIMIT %s OFFSET %s", "NULL", "NULL", "1" },
        { "SELECT id FROM t40 ORDER BY id FETCH FIRST (%s) ROWS ONLY", "#1", NULL, "1" },
        /* NULL, and what is tested for it. */
        { "SELECT %s IS NULL", "NULL", NULL, "t" },
        { "SELECT %s IS NULL", "#1", NULL, "f" },
        { "SELECT %s IS NULL", "x", NULL, "f" },
        { "SELECT %s IS NOT NULL", "NULL", NULL, "f" },
        { "SELECT count(*) FROM t40 WHERE %s IS NULL OR number = %s", "NULL", "#1", "3" },
        { "SELECT count(*) FROM t40 WHERE label IS NOT DISTINCT FROM %s", "NULL", NULL, "0" },
        { "SELECT %s", "NULL", NULL, SQL_NULL },
        { "SELECT %s", "x", NULL, "x" },
        { "SELECT %s", "#1", NULL, "1" },
        { "SELECT %s", "#-5000000000", NULL, "-5000000000" },
        { "SELECT COALESCE(%s, number) FROM t40 WHERE id = 2", "NULL", NULL, "2" },
        { "SELECT COALESCE(%s, number) FROM t40 WHERE id = 2", "#7", NULL, "7" },
        { "SELECT COALESCE(%s, number) FROM t40 WHERE id = 2", "7", NULL, "7" },
        { "SELECT COALESCE(%s, label) FROM t40 WHERE id = 2", "NULL", NULL, "two" },
        { "SELECT COALESCE(%s, at) FROM t40 WHERE id = 2", "2020-01-01", NULL, "2020-01-01" },
        { "SELECT COALESCE(%s, %s)", "NULL", "x", "x" },
        { "SELECT COALESCE(%s, %s)", "NULL", "#3", "3" },
        { "SELECT NULLIF(%s, %s)", "#3", "#3", SQL_NULL },
        { "SELECT NULLIF(label, %s) FROM t40 WHERE id = 2", "two", NULL, SQL_NULL },
        { "SELECT GREATEST(number, %s) FROM t40 WHERE id = 2", "#5", NULL, "5" },
        /* CASE. */
        { "SELECT CASE WHEN number = %s THEN %s END FROM t40 WHERE id = 2", "#2", "yes", "yes" },
        { "SELECT CASE WHEN number = %s THEN %s ELSE label END FROM t40 WHERE id = 2", "#2", "NULL", SQL_NULL },
        { "SELECT CASE number WHEN %s THEN 'a' ELSE %s END FROM t40 WHERE id = 2", "#3", "b", "b" },
        { "SELECT CASE WHEN %s THEN 1 ELSE 2 END", "t", NULL, "1" },
        { "SELECT CASE WHEN %s THEN 1 ELSE 2 END", "NULL", NULL, "2" },
        /* Lists. */
        { "SELECT count(*) FROM t40 WHERE small IN (%s, %s)", "#1", "#3", "2" },
        { "SELECT count(*) FROM t40 WHERE small IN (%s, %s)", "1", "#3", "2" },
        { "SELECT count(*) FROM t40 WHERE label IN (%s, %s)", "two", "NULL", "1" },
        { "SELECT count(*) FROM t40 WHERE label NOT IN (%s, %s)", "two", "four", "2" },
        { "SELECT count(*) FROM t40 WHERE u IN (%s, %s)", "00000000-0000-0000-0000-000000000002", "NULL", "1" },
        /* Operators. */
        { "SELECT %s || %s", "a", "b", "ab" },
        { "SELECT %s || label FROM t40 WHERE id = 2", "a", NULL, "atwo" },
        { "SELECT label || %s FROM t40 WHERE id = 2", "#7", NULL, "two7" },
        { "SELECT %s || label FROM t40 WHERE id = 2", "NULL", NULL, SQL_NULL },
        { "SELECT 'a' || %s || 'b'", "x", NULL, "axb" },
        { "SELECT list || %s FROM t40 WHERE id = 2", "#7", NULL, "{2,22,7}" },
        { "SELECT document || %s FROM t40 WHERE id = 2", "{\"m\": 1}", NULL, "{\"m\": 1, \"n\": 2}" },
        { "SELECT %s + %s", "#1", "#2", "3" },
        { "SELECT %s + 1", "41", NULL, "42" },
        { "SELECT number + %s FROM t40 WHERE id = 2", "3", NULL, "5" },
        { "SELECT number / %s FROM t40 WHERE id = 3", "#2", NULL, "1" },
        { "SELECT at + %s FROM t40 WHERE id = 2", "#1", NULL, "2024-02-03" },
        { "SELECT at - %s FROM t40 WHERE id = 2", "2024-02-01", NULL, "1" },
        { "SELECT timestamp '2024-01-01' + %s", "1 day", NULL, "2024-01-02 00:00:00" },
        { "SELECT - %s", "#3", NULL, "-3" },
        { "SELECT NOT %s", "f", NULL, "t" },
        { "SELECT %s = %s", "a", "a", "t" },
        { "SELECT %s < %s", "#9", "#10", "t" },
        { "SELECT %s ~ %s", "abc", "^a", "t" },
        /* Functions of which there are many by the name. */
        { "SELECT abs(%s)", "#-3", NULL, "3" },
        { "SELECT pg_typeof(abs(%s))", "#-5000000000", NULL, "bigint" },
        { "SELECT upper(%s)", "x", NULL, "X" },
        { "SELECT length(%s)", "abc", NULL, "3" },
        { "SELECT sum(g) FROM generate_series(%s, %s) g", "#1", "#4", "10" },
        { "SELECT count(*) FROM generate_series(%s::date, %s::date, '1 day')", "2024-02-28", "2024-03-01", "3" },
        { "SELECT date_trunc(%s, at::timestamp) FROM t40 WHERE id = 2", "month", NULL, "2024-02-01 00:00:00" },
        { "SELECT date_trunc('day', %s::timestamp)", "2024-02-02 12:00", NULL, "2024-02-02 00:00:00" },
        { "SELECT date_part(%s, at) FROM t40 WHERE id = 2", "year", NULL, "2024" },
        { "SELECT to_char(at, %s) FROM t40 WHERE id = 2", "YYYY", NULL, "2024" },
        { "SELECT to_char(%s, %s)", "#7", "FM000", "007" },
        { "SELECT to_date(%s, %s)", "02.01.2024", "DD.MM.YYYY", "2024-01-02" },
        { "SELECT substring(%s, %s)", "abc", "#2", "bc" },
        { "SELECT round(exact / 3, %s) FROM t40 WHERE id = 2", "#2", NULL, "0.67" },
        { "SELECT concat(label, %s) FROM t40 WHERE id = 2", "#1", NULL, "two1" },
        { "SELECT format('%%s-%%s', label, %s::text) FROM t40 WHERE id = 2", "x", NULL, "two-x" },
        { "SELECT array_position(list, %s) FROM t40 WHERE id = 2", "#22", NULL, "2" },
        { "SELECT array_append(list, %s) FROM t40 WHERE id = 2", "#5", NULL, "{2,22,5}" },
        { "SELECT string_to_array(%s, %s)", "a,b", ",", "{a,b}" },
        { "SELECT jsonb_build_object('a', number) FROM t40 WHERE id = %s", "#2", NULL, "{\"a\": 2}" },
        { "SELECT t40_f(%s)", "#1", NULL, "int" },
        { "SELECT t40_f(%s)", "x", NULL, "text" },
        { "SELECT t40_f(%s)", "NULL", NULL, "text" },
        { "SELECT t40_g(%s)", "1", NULL, "2" },
        { "SELECT t40_g(%s)", "#1", NULL, "2" },
        /* Elsewhere. */
        { "SELECT x FROM (VALUES (%s), (%s)) v (x) ORDER BY 1", "#2", "#1", "1" },
        { "SELECT x FROM (SELECT %s UNION SELECT %s) v (x) ORDER BY 1", "b", "a", "a" },
        { "SELECT x FROM (SELECT number FROM t40 UNION SELECT %s) v (x) ORDER BY 1 DESC", "9", NULL, "9" },
        { "WITH w AS (SELECT %s AS x) SELECT x || 'y' FROM w", "x", NULL, "xy" },
        { "SELECT ARRAY[%s, %s]", "a", "b", "{a,b}" },
        { "SELECT ARRAY[%s, %s]", "#1", "NULL", "{1,NULL}" },
        { "SELECT ROW(%s, %s::text)", "#1", "x", "(1,x)" },
        { "SELECT sum(number) OVER (ORDER BY id ROWS %s PRECEDING) FROM t40 ORDER BY 1 DESC", "#1", NULL, "5" },
        { "SELECT (%s)::int * 2", "21", NULL, "42" },
        { "SELECT CAST(%s AS date)", "2024-02-29", NULL, "2024-02-29" },
        { "SELECT EXISTS (SELECT 1 FROM t40 WHERE id = %s)", "#2", NULL, "t" },
        { "UPDATE t40 SET number = %s WHERE id = %s RETURNING number", "#2", "#2", "2" },
        { "UPDATE t40 SET number = number + %s WHERE id = %s RETURNING number", "#0", "2", "2" },
        { "DELETE FROM t40 WHERE id > %s RETURNING id", "#2", NULL, "3" },
    };
    open_cursor();
    run(cursor, "SET DateStyle = 'ISO'; SET lc_monetary = 'C'");
    run(cursor, "CREATE TYPE pg_temp.t40_mood AS ENUM ('sad', 'ok', 'happy')");
    run(cursor, "CREATE OR REPLACE FUNCTION t40_f(int) RETURNS text LANGUAGE sql AS $$ SELECT 'int' $$");
    run(cursor, "CREATE OR REPLACE FUNCTION t40_f(text) RETURNS text LANGUAGE sql AS $$ SELECT 'text' $$");
    run(cursor, "CREATE OR REPLACE FUNCTION t40_g(bigint) RETURNS bigint LANGUAGE sql AS $$ SELECT $1 + 1 $$");
    run(cursor, "CREATE TEMP TABLE t40 AS SELECT g AS id, g::smallint AS small, g AS number, 5000000000 + g AS big, g::numeric(5, 2) AS exact, g::money + 0.5::money AS price,"
                " date '2023-12-31' + g * 30 AS at, lpad(g::text, 32, '0')::uuid AS u, ('10.0.' || g || '.9')::inet AS address,"
                " (ARRAY['one', 'two', 'three'])[g]::varchar(9) AS label, (ARRAY['one', 'two', 'three'])[g]::char(9) AS padded, g <> 2 AS flag,"
                " decode(lpad(g::text, 2, '0'), 'hex') AS data, (ARRAY['sad', 'ok', 'happy'])[g]::pg_temp.t40_mood AS mood, int4range(g * 10, g * 10 + 5) AS during,"
                " jsonb_build_object('n', g) AS document, ARRAY[g, g * 11] AS list FROM generate_series(1, 3) g");
    run(cursor, "UPDATE t40 SET at = '2024-02-02' WHERE id = 2");
    for (size_t i = 0; i < COUNT(places); i++) {
        const char *const texts[] = { places[i].first, places[i].second };
        dbapi_value_t params[2];
        size_t count = 0;
        for (; count < 2 && texts[count] != NULL; count++) {
            params[count] = strcmp(texts[count], "NULL") == 0 ? DBAPI_NULL
                            : texts[count][0] == '#'          ? DBAPI_INT(strtoll(texts[count] + 1, NULL, 10))
                                                              : DBAPI_TEXT(texts[count]);
        }
        check_place(places[i].sql, params, count, places[i].expected);
    }
    close_cursor();
}

/* Where a literal's type would be settled without being known, a parameter's is not: the error says which it is, and
 * what to do, and that helps. */
static void types_that_cannot_be_inferred(void)
{
    static const struct {
        const char *sql, *which, *helped, *expected;
    } rows[] = {
        { "SELECT pg_typeof(%s)", "$1", "SELECT pg_typeof(%s::text)", "text" },
        { "SELECT pg_typeof(%s), %s::int", "$1", "SELECT pg_typeof(%s::date) FROM (SELECT %s::int) x", "date" },
        { "SELECT jsonb_build_object('a', %s::int, 'b', %s)", "$2", "SELECT jsonb_build_object('a', %s::int, 'b', %s::text)", "{\"a\": 7, \"b\": \"8\"}" },
        { "SELECT concat(%s::text, %s)", "$2", "SELECT concat(%s::text, %s::text)", "78" },
        { "SELECT format('%%s %%s', %s::text, %s)", "$2", "SELECT format('%%s %%s', %s::text, %s::text)", "7 8" },
        { "SELECT ROW(%s::int, %s)", "$2", "SELECT ROW(%s::int, %s::text)", "(7,8)" },
    };
    const dbapi_value_t params[] = { DBAPI_TEXT("7"), DBAPI_TEXT("8") };
    const uint32_t text_oids[] = { 25, 25 };
    const dbapi_value_t typed[] = { DBAPI_TYPED(25, DBAPI_TEXT("7")), DBAPI_TYPED(25, DBAPI_TEXT("8")) };
    open_cursor();
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t count = i == 0 ? 1 : 2;
        dbapi_value_t dates[] = { params[0], params[1] };
        if (i == 1) {
            dates[0] = DBAPI_TEXT("2024-02-29");
        }
        dbapi_status_t status = dbapi_execute(cursor, rows[i].sql, params, count, &failure);
        CHECK_ERROR(status, DBAPI_PROGRAMMING_ERROR, "42P18", "could not determine data type of parameter");
        CHECK_CONTAINS(dbapi_error_message(failure), rows[i].which);
        CHECK_CONTAINS(dbapi_error_message(failure), "%s::text");
        CHECK_CONTAINS(dbapi_error_message(failure), "DBAPI_TYPED");
        CHECK_CONTAINS(dbapi_error_message(failure), "dbapi_setinputsizes");
        clear_failure();
        CHECK_OK(dbapi_rollback(connection, &failure));
        CHECK_OK(dbapi_execute(cursor, rows[i].helped, dates, count, &failure));
        const dbapi_value_t *row = fetch_row(cursor);
        char text[100];
        CHECK_OK(dbapi_value_format(&row[0], text, sizeof text, NULL, &failure));
        CHECK_TEXT(text, rows[i].expected);
        /* The other two ways. */
        CHECK_OK(dbapi_execute(cursor, i == 0 ? "SELECT concat(%s)" : "SELECT concat(%s, %s)", typed, count, &failure));
        CHECK_ROW(fetch_row(cursor), i == 0 ? "7" : "78");
        CHECK_OK(dbapi_setinputsizes(cursor, text_oids, count, &failure));
        CHECK_OK(dbapi_execute(cursor, i == 0 ? "SELECT concat(%s)" : "SELECT concat(%s, %s)", params, count, &failure));
        CHECK_ROW(fetch_row(cursor), i == 0 ? "7" : "78");
    }
    close_cursor();
}

/* A list is an array, whatever column it is compared with; an empty one finds nothing. */
static void any_of_a_list(void)
{
    dbapi_value_t uuids[2], wide[] = { DBAPI_INT(2), DBAPI_INT(INT64_C(5000000000)) };
    const dbapi_value_t numbers[] = { DBAPI_INT(2), DBAPI_INT(3) }, texts[] = { DBAPI_TEXT("2"), DBAPI_TEXT("3") };
    const dbapi_value_t dates[] = { DBAPI_DATE(2), DBAPI_DATE(3) }, some[] = { DBAPI_NULL, DBAPI_INT(2) }, nulls[] = { DBAPI_NULL };
    const dbapi_value_t floats[] = { DBAPI_FLOAT(2), DBAPI_FLOAT(2.5) }, exact[] = { DBAPI_NUMERIC("2.0"), DBAPI_INT(3) };
    for (int i = 0; i < 2; i++) {
        uuids[i] = value_of(DBAPI_KIND_UUID);
        uuids[i].as.uuid[15] = (uint8_t)(i + 2);
    }
    const dbapi_array_t empty = { 0, 0, NULL, NULL, 0, NULL };
    const dbapi_array_t arrays[] = {
        { 0, 1, NULL, NULL, 2, numbers }, { 0, 1, NULL, NULL, 2, texts }, { 0, 1, NULL, NULL, 2, uuids }, { 0, 1, NULL, NULL, 2, dates },
        { 0, 1, NULL, NULL, 2, wide },    { 0, 1, NULL, NULL, 2, some },  { 0, 1, NULL, NULL, 1, nulls }, { 0, 1, NULL, NULL, 2, floats },
        { 0, 1, NULL, NULL, 2, exact },   empty,
    };
    static const struct {
        const char *column;
        int array, found; /* by = ANY */
    } rows[] = {
        { "g", 0, 2 },        { "g::int2", 0, 2 },   { "g::int8", 0, 2 },    { "g::numeric", 0, 2 }, { "g::float8", 0, 2 },   { "g", 4, 1 },        { "g::int2", 4, 1 },
        { "g", 5, 1 },        { "g", 6, 0 },         { "g::text", 6, 0 },    { "g", 7, 1 },          { "g::numeric", 8, 2 },  { "g", 8, 2 },        { "g::text", 1, 2 },
        { "g::text::varchar", 1, 2 }, { "g::text::char(3)", 1, 2 }, { "lpad(g::text, 32, '0')::uuid", 2, 2 },    { "date '1970-01-01' + g", 3, 2 },
        { "g", 9, 0 },        { "g::int2", 9, 0 },   { "g::int8", 9, 0 },    { "g::text", 9, 0 },    { "lpad(g::text, 32, '0')::uuid", 9, 0 },
        { "date '1970-01-01' + g", 9, 0 }, { "to_jsonb(g)", 9, 0 }, { "int4range(g, g)", 9, 0 },
    };
    open_cursor();
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (int binding = 0; binding < 2; binding++) {
            char sql[200];
            const dbapi_value_t list = DBAPI_ARRAY(&arrays[rows[i].array]);
            CHECK_OK(dbapi_cursor_set_binding(cursor, binding == 0 ? DBAPI_BINDING_SERVER : DBAPI_BINDING_CLIENT, &failure));
            snprintf(sql, sizeof sql, "SELECT count(*) FROM generate_series(1, 5) g WHERE %s = ANY(%%s)", rows[i].column);
            dbapi_status_t status = dbapi_execute(cursor, sql, &list, 1, &failure);
            if (status != DBAPI_OK && binding == 1) {
                /* ARRAY['2'] is a text[] to SQL, as in psycopg2. */
                clear_failure();
                CHECK_OK(dbapi_rollback(connection, &failure));
                continue;
            }
            if (status != DBAPI_OK) {
                FAIL("%s: %s", sql, dbapi_error_message(failure));
            }
            check_int(CHECK_HERE, sql, fetch_row(cursor)[0].as.integer, rows[i].found);
        }
    }
    close_cursor();
}

/* Into a column of each builtin type: from its own kind, as `SELECT` of the text gives it, from the text, and NULL. */
static void into_columns_of_every_type(void)
{
    static const struct {
        const char *type, *text;
    } columns[] = {
        { "bool", "t" }, { "int2", "-7" }, { "int4", "-7" }, { "int8", "-7000000000" }, { "oid", "4294967295" }, { "xid", "7" }, { "cid", "7" }, { "xid8", "7" },
        { "tid", "(1,2)" }, { "pg_lsn", "1/2" }, { "float4", "1.5" }, { "float8", "0.1" }, { "numeric", "1.50" }, { "numeric(9,3)", "1.500" }, { "money", "$1.50" },
        { "text", "a'b" }, { "varchar", "a'b" }, { "varchar(9)", "a'b" }, { "char(3)", "ab " }, { "\"char\"", "a" }, { "name", "a'b" }, { "bytea", "\\x0027ff" },
        { "bit(3)", "101" }, { "varbit", "1011" }, { "date", "2024-02-29" }, { "time", "12:34:56.7" }, { "timetz", "12:34:56+05:30" },
        { "timestamp", "2024-02-29 12:34:56" }, { "timestamptz", "2024-02-29 12:34:56+00" }, { "interval", "1 year -2 days" },
        { "uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" }, { "inet", "10.0.0.1/8" }, { "cidr", "10.0.0.0/8" }, { "macaddr", "08:00:2b:01:02:03" },
        { "macaddr8", "08:00:2b:01:02:03:04:05" }, { "json", "{\"a\":1}" }, { "jsonb", "{\"a\": 1}" }, { "jsonpath", "$.\"a\"" }, { "xml", "<a/>" }, { "point", "(1,2)" },
        { "line", "{1,2,3}" }, { "lseg", "[(1,2),(3,4)]" }, { "box", "(3,4),(1,2)" }, { "path", "((1,2),(3,4))" }, { "polygon", "((1,2),(3,4))" }, { "circle", "<(1,2),3>" },
        { "tsvector", "'a':1 'b'" }, { "tsquery", "'a' & 'b'" }, { "int4range", "[1,5)" }, { "numrange", "[1.5,2)" }, { "daterange", "[2024-01-01,2024-02-01)" },
        { "tstzrange", "[\"2024-01-01 00:00:00+00\",)" }, { "int4multirange", "{[1,2),[5,)}" }, { "int4[]", "{1,NULL}" }, { "text[]", "{a,\"b c\"}" }, { "numeric[]", "{1.50}" },
        { "date[]", "{2024-02-29}" }, { "jsonb[]", "{\"{\\\"a\\\": 1}\"}" }, { "box[]", "{(3,4),(1,2)}" }, { "regclass", "pg_class" }, { "regtype", "integer" },
        { "refcursor", "c" }, { "int2vector", "1 2" }, { "oidvector", "1 2" }, { "pg_snapshot", "10:20:10,14" },
    };
    static const int32_t formats[] = { DBAPI_FORMAT_TEXT, DBAPI_FORMAT_BINARY };
    open_cursor();
    dbapi_cursor_t *second = cursor_of(connection);
    run(cursor, "SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres'; SET TimeZone = 'UTC'; SET lc_monetary = 'C'");
    for (size_t i = 0; i < COUNT(columns); i++) {
        char sql[200];
        snprintf(sql, sizeof sql, "CREATE TEMP TABLE t40_%zu (v %s)", i, columns[i].type);
        run(cursor, sql);
        for (int binding = 0; binding < 2; binding++) {
            for (int how = 0; how < 5; how++) {
                dbapi_value_t value = how == 0 ? DBAPI_NULL : DBAPI_TEXT(columns[i].text);
                const char *expected = how == 0 ? SQL_NULL : columns[i].text;
                if (how >= 2) {
                    /* As it was read: with its oid, and (the last) by its kind alone. */
                    const dbapi_value_t text[] = { DBAPI_TEXT(columns[i].text) };
                    CHECK_OK(dbapi_cursor_set_result_format(second, formats[how % 2], &failure));
                    snprintf(sql, sizeof sql, "SELECT %%s::%s", columns[i].type);
                    CHECK_OK(dbapi_execute(second, sql, text, 1, &failure));
                    value = fetch_row(second)[0];
                    bool number = strstr("xid cid xid8", columns[i].type) != NULL;
                    if (how == 4) {
                        if (number) {
                            continue; /* there is no cast from an integer to these */
                        }
                        value.oid = 0;
                    }
                }
                CHECK_OK(dbapi_cursor_set_binding(cursor, binding == 0 ? DBAPI_BINDING_SERVER : DBAPI_BINDING_CLIENT, &failure));
                snprintf(sql, sizeof sql, "INSERT INTO t40_%zu VALUES (%%s) RETURNING format('%%%%s', v), v IS NULL", i);
                if (dbapi_execute(cursor, sql, &value, 1, &failure) != DBAPI_OK) {
                    FAIL("%s, way %d, binding %d: %s", columns[i].type, how, binding, dbapi_error_message(failure));
                }
                const dbapi_value_t *row = fetch_row(cursor);
                CHECK_INT(row[1].as.boolean, expected == SQL_NULL);
                check_text(CHECK_HERE, columns[i].type, row[0].as.text.data, expected == SQL_NULL ? "" : expected);
            }
        }
    }
    dbapi_cursor_free(second);
    close_cursor();
}

CHECK_MAIN(CASE(values_in_their_places), CASE(types_that_cannot_be_inferred), CASE(any_of_a_list), CASE(into_columns_of_every_type), CASE(texts_where_nothing_says_their_type), CASE(arrays_as_lists), CASE(every_kind_has_its_type), CASE(text_and_null_are_untyped), CASE(parameters_fit_columns),
           CASE(an_oid_says_the_type), CASE(bytes_and_text_with_awkward_content), CASE(by_name), CASE(wrong_counts),
           CASE(values_that_cannot_be), CASE(text_is_never_sql), CASE(the_most_parameters),
           CASE(values_too_long_for_the_protocol))
