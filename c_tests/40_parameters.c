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

CHECK_MAIN(CASE(texts_where_nothing_says_their_type), CASE(arrays_as_lists), CASE(every_kind_has_its_type), CASE(text_and_null_are_untyped), CASE(parameters_fit_columns),
           CASE(an_oid_says_the_type), CASE(bytes_and_text_with_awkward_content), CASE(by_name), CASE(wrong_counts),
           CASE(values_that_cannot_be), CASE(text_is_never_sql), CASE(the_most_parameters),
           CASE(values_too_long_for_the_protocol))
