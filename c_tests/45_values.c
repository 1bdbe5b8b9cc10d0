/* Values: each type in both of the wire's formats, decoded exactly, and written again as PostgreSQL writes
 * it. The server itself is asked what its text is. */
#include "connect.h"

#include <math.h>
#include <stdio.h>
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

/* What PostgreSQL 14 cannot write: its hours end with int4. */
#define LONGEST_INTERVAL "interval '2562047788:00:54.775807'"

static const struct {
    int32_t kind;
    const char *expressions[24];
} samples[] = {
    { DBAPI_KIND_BOOL, { "true", "false" } },
    { DBAPI_KIND_INT,
      { "0::int2", "(-32768)::int2", "32767::int2", "0", "(-2147483648)::int4", "2147483647", "(-9223372036854775808)::int8",
        "9223372036854775807", "4294967295::oid" } },
    { DBAPI_KIND_FLOAT,
      { "0::float8", "'-0'::float8", "1.5::float4", "0.1::float4", "0.1::float8", "'NaN'::float4", "'NaN'::float8",
        "'Infinity'::float4", "'-Infinity'::float8", "1e15::float8", "1e16::float8", "1e-5::float8", "0.0001::float8",
        "123456::float4", "1234567::float4", "3.4028235e38::float4", "1e-45::float4", "1.7976931348623157e308::float8",
        "5e-324::float8", "9007199254740993::float8", "(-1.0/3)::float8", "(-1.0/3)::float4", "1e23::float8" } },
    { DBAPI_KIND_NUMERIC,
      { "0::numeric", "0.00::numeric", "1.50::numeric", "(-1.5)::numeric", "0.0001::numeric", "0.00001::numeric",
        "10000::numeric", "100000000::numeric", "1e100::numeric", "1e-100::numeric", "'NaN'::numeric", "'Infinity'::numeric",
        "'-Infinity'::numeric", "123456789012345678901234567890.123456789::numeric", "0.00000000000000000001::numeric(30,25)",
        "9999.9999::numeric", "(-0.5)::numeric(10,5)", "1e131071::numeric", "1e-16383::numeric", "10001.00010001::numeric",
        "99999999.00000001::numeric", "(-1e20)::numeric(25,2)" } },
    { DBAPI_KIND_TEXT,
      { "''::text", "'abc''def'::text", "'\xc3\xa4\xf0\x9f\x90\x98'::varchar", "'ab'::char(5)", "'name'::name",
        "repeat('x', 3000)::text", "E'\\n\\t\\\\'::text", "'x'::\"char\"" } },
    { DBAPI_KIND_BYTES, { "''::bytea", "'\\x00ff5c'::bytea", "'abc'::bytea", "decode(repeat('00', 1000), 'hex')" } },
    { DBAPI_KIND_DATE,
      { "date '1970-01-01'", "date '1969-12-31'", "date '2000-02-29'", "date '0001-01-01'", "date '0001-12-31 BC'",
        "date '4713-11-24 BC'", "date '4714-11-24 BC'", "date '9999-12-31'", "date '10000-01-01'", "date '5874897-12-31'",
        "date 'infinity'", "date '-infinity'", "date '0044-03-15 BC'" } },
    { DBAPI_KIND_TIME,
      { "time '00:00'", "time '23:59:59.999999'", "time '24:00'", "time '12:34:56.7'", "time '00:00:00.000001'",
        "time(0) '12:34:56'" } },
    { DBAPI_KIND_TIMETZ,
      { "timetz '00:00+00'", "timetz '12:34:56.789-08'", "timetz '24:00:00+15:59:59'", "timetz '01:02:03+05:30'",
        "timetz '01:02:03-00:30'", "timetz '01:02:03-05:30:15'", "timetz '00:00-15:59:59'" } },
    { DBAPI_KIND_TIMESTAMP,
      { "timestamp '1970-01-01'", "timestamp '1969-12-31 23:59:59.999999'", "timestamp '2000-01-01'",
        "timestamp '0001-01-01'", "timestamp '0001-12-31 23:59:59.5 BC'", "timestamp '4714-11-24 00:00 BC'",
        "timestamp '10000-01-01 00:00'", "timestamp '294246-12-31 23:59:59.999999'", "timestamp 'infinity'",
        "timestamp '-infinity'", "timestamp '2024-02-29 12:34:56.7'" } },
    { DBAPI_KIND_TIMESTAMPTZ,
      { "timestamptz '1970-01-01 00:00+00'", "timestamptz '2024-07-01 12:00:00.123456+02'",
        "timestamptz '0001-01-01 00:00+00'", "timestamptz '0044-03-15 12:00+00 BC'", "timestamptz '294246-12-31 23:00+00'",
        "timestamptz 'infinity'", "timestamptz '-infinity'", "timestamptz '4714-11-24 00:00+00 BC'" } },
    { DBAPI_KIND_INTERVAL,
      { "interval '0'", "interval '1 day'", "interval '-1 day'", "interval '1 month'", "interval '1 year 2 months 3 days 04:05:06.7'",
        "interval '-1 year -2 months +3 days -04:05:06.7'", "interval '1 month -1 day'", "interval '-00:00:00.000001'",
        "interval '25:00'", "interval '2147483647:59:59.999999'", LONGEST_INTERVAL, "interval '-178956970 years -8 months'",
        "interval '2147483647 days'", "interval '1 day -00:00:01'", "interval '12 months'", "interval '-1 months 30 days'",
        "interval '1 mon 1 day 1 second'" } },
    { DBAPI_KIND_UUID, { "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "'00000000-0000-0000-0000-000000000000'::uuid",
                         "'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF'::uuid" } },
    { DBAPI_KIND_JSON, { "'{\"a\": [1, null]}'::json", "' 1 '::json", "'{\"b\":1,\"a\":\"\xc3\xa4\"}'::jsonb", "'null'::jsonb", "'{}'::jsonb" } },
    /* No kind of their own: PostgreSQL's text. */
    { DBAPI_KIND_TEXT,
      { "'08:00:2b:01:02:03'::macaddr", "'$1.50'::money", "'a b c'::tsvector", "'fat & rat'::tsquery", "'0/16B3748'::pg_lsn",
        "'<a/>'::xml", "'pg_class'::regclass", "'(0,1)'::tid" } },
    { DBAPI_KIND_INT, { "'12'::xid", "'4294967295'::xid", "'7'::cid", "'9223372036854775807'::xid8" } },
    { DBAPI_KIND_INET, { "'127.0.0.1/8'::inet", "'192.168.0.0/16'::cidr", "'::1'::inet", "'2001:db8::/32'::cidr" } },
    { DBAPI_KIND_POINT, { "point '(1.5,2)'", "point '(NaN,-Infinity)'" } },
    { DBAPI_KIND_GEOMETRY, { "path '((1,2),(3,4))'", "path '[(1,2),(3,4)]'", "box '(1,2),(3,4)'", "circle '<(1,2),3>'", "line '{1,-1,0}'" } },
    { DBAPI_KIND_BITS, { "B'10101'", "B'10101'::varbit", "''::varbit", "B'100000001'" } },
    { DBAPI_KIND_RANGE, { "int4range(1, 5)", "'empty'::numrange", "'[\"2020-01-01 00:00:00\",)'::tsrange" } },
    { DBAPI_KIND_MULTIRANGE, { "'{[1,2)}'::int4multirange", "'{}'::datemultirange" } },
    { DBAPI_KIND_COMPOSITE, { "ROW(1, 'a,b')::record", "ROW(NULL, '')::record" } },
    { DBAPI_KIND_ARRAY, { "ARRAY[1,2,NULL]", "'{}'::text[]", "'[0:1]={a,\"b c\"}'::text[]", "ARRAY[[1.5],[2]]::numeric[]", "ARRAY['(1,2),(3,4)'::box]" } },
    /* PostgreSQL's last years do not fit into microseconds from 1970. */
    { DBAPI_KIND_TEXT,
      { "timestamp '294247-01-10 04:00:54.775807'", "timestamp '294276-12-31 23:59:59.999999'",
        "timestamptz '294276-12-31 23:59:59.999999+00'" } },
};

/* Whether this server has the value. Asked once. */
static bool server_has(const char *expression)
{
    static bool asked, before_15;
    if (!asked) {
        asked = true;
        before_15 = strcmp(outside("SELECT current_setting('server_version_num')::int < 150000"), "t") == 0;
    }
    return !before_15 || strcmp(expression, LONGEST_INTERVAL) != 0;
}

/* What the server's output function writes, beside what comes back: in each format, the same kind and the
 * same text. */
static void format_equals_the_servers_text(void)
{
    char sql[300];
    char text[150000 / 16];
    open_cursor();
    for (size_t f = 0; f < COUNT(formats); f++) {
        CHECK_OK(dbapi_cursor_set_result_format(cursor, formats[f].format, &failure));
        for (size_t i = 0; i < COUNT(samples); i++) {
            for (size_t j = 0; j < COUNT(samples[i].expressions) && samples[i].expressions[j] != NULL; j++) {
                const char *expression = samples[i].expressions[j];
                size_t length = 0;
                if (!server_has(expression)) {
                    continue;
                }
                snprintf(sql, sizeof sql, "SELECT x, format('%%s', x), length(format('%%s', x)) FROM (SELECT %s) AS v (x)", expression);
                run(cursor, sql);
                const dbapi_value_t *row = fetch_row(cursor);
                if (row[0].kind != samples[i].kind) {
                    FAIL("%s, %s format: kind %d, expected %d", expression, formats[f].name, (int)row[0].kind, (int)samples[i].kind);
                }
                CHECK_OK(dbapi_value_format(&row[0], NULL, 0, &length, &failure));
                if (length >= sizeof text) {
                    /* The longest numerics: their ends say enough. */
                    CHECK_SIZE(length, (size_t)row[2].as.integer);
                    continue;
                }
                CHECK_OK(dbapi_value_format(&row[0], text, sizeof text, &length, &failure));
                check_bytes(CHECK_HERE, sql, text, strlen(text), row[1].as.text.data, row[1].as.text.length);
                CHECK_SIZE(length, strlen(text));
            }
        }
    }
    close_cursor();
}

/* A parameter made of a value that came is the same value again. */
static void values_survive_a_round_trip(void)
{
    char sql[300];
    open_cursor();
    dbapi_cursor_t *second = cursor_of(connection);
    for (size_t i = 0; i < COUNT(samples); i++) {
        for (size_t j = 0; j < COUNT(samples[i].expressions) && samples[i].expressions[j] != NULL; j++) {
            const char *expression = samples[i].expressions[j];
            /* These two have no input or no equality. */
            if (strstr(expression, "record") != NULL || !server_has(expression)) {
                continue;
            }
            snprintf(sql, sizeof sql, "SELECT x FROM (SELECT %s) AS v (x)", expression);
            run(cursor, sql);
            dbapi_value_t value = fetch_row(cursor)[0];
            snprintf(sql, sizeof sql, "SELECT format('%%%%s', x) = format('%%%%s', %%s) FROM (SELECT %s) AS v (x)", expression);
            dbapi_status_t status = dbapi_execute(second, sql, &value, 1, &failure);
            if (status != DBAPI_OK) {
                FAIL("%s as a parameter: %s", expression, dbapi_error_message(failure));
            }
            const dbapi_value_t *row = fetch_row(second);
            if (row[0].kind != DBAPI_KIND_BOOL || !row[0].as.boolean) {
                FAIL("%s is another value when it comes back as a parameter", expression);
            }
        }
    }
    dbapi_cursor_free(second);
    close_cursor();
}

/* How the session likes to write does not matter. */
static void session_settings_do_not_matter(void)
{
    static const char *const settings[] = {
        "SET TimeZone = 'Asia/Kolkata'", "SET TimeZone = 'America/St_Johns'", "SET IntervalStyle = 'iso_8601'",
        "SET IntervalStyle = 'sql_standard'", "SET IntervalStyle = 'postgres_verbose'", "SET bytea_output = 'escape'",
            };
    static const char sql[] = "SELECT timestamptz '2024-07-01 12:00:00.5+00', interval '1 year -2 days 03:04:05.6',"
                              " '\\x00ff5c27'::bytea, date '2024-07-01', timestamp '2024-07-01 12:00'";
    open_cursor();
    for (size_t i = 0; i < COUNT(settings); i++) {
        run(cursor, settings[i]);
        for (size_t f = 0; f < COUNT(formats); f++) {
            CHECK_OK(dbapi_cursor_set_result_format(cursor, formats[f].format, &failure));
            /* By the simple protocol, always text, and by the extended one. */
            for (int with_parameters = 0; with_parameters < 2; with_parameters++) {
                dbapi_value_t none[] = { DBAPI_NULL };
                CHECK_OK(dbapi_execute(cursor, sql, with_parameters ? none : NULL, 0, &failure));
                const dbapi_value_t *row = fetch_row(cursor);
                printf("    %s, %s format\n", settings[i], formats[f].name);
                CHECK_INT(row[1].kind, DBAPI_KIND_INTERVAL);
                CHECK_ROW(row, "2024-07-01 12:00:00.5+00", "1 year -2 days +03:04:05.6", "\\x00ff5c27", "2024-07-01",
                          "2024-07-01 12:00:00");
            }
        }
        run(cursor, "RESET TimeZone; RESET IntervalStyle; RESET bytea_output; RESET DateStyle");
    }
    close_cursor();
}

/* Dates in another style than ISO arrive in text format as the text they are, never as another date. */
static void other_date_styles_are_text(void)
{
    static const char sql[] = "SELECT date '2024-07-01', timestamp '2024-07-01 12:00'";
    open_cursor();
    run(cursor, "SET DateStyle = 'German, DMY'");
    for (size_t f = 0; f < COUNT(formats); f++) {
        const dbapi_value_t none[] = { DBAPI_NULL };
        CHECK_OK(dbapi_cursor_set_result_format(cursor, formats[f].format, &failure));
        CHECK_OK(dbapi_execute(cursor, sql, none, 0, &failure));
        const dbapi_value_t *row = fetch_row(cursor);
        if (formats[f].format == DBAPI_FORMAT_BINARY) {
            CHECK_ROW(row, "2024-07-01", "2024-07-01 12:00:00");
        } else {
            CHECK_ROW(row, "01.07.2024", "01.07.2024 12:00:00");
            CHECK_INT(row[0].kind, DBAPI_KIND_TEXT);
            CHECK_INT(row[0].oid, 1082);
        }
    }
    close_cursor();
}

static void decoded_exactly(void)
{
    static const char sql[] =
        "SELECT true, -5::int2, 1.5::float4, date '2024-02-29', time '01:02:03.000004', timetz '00:00:01+05:30',"
        " timestamp '1970-01-02 00:00:00.000001', timestamptz '1970-01-01 00:00:00-01', interval '14 months -3 days 00:00:00.5',"
        " 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, '{\"a\":1}'::json, 1.50::numeric, '\\x00ff'::bytea, NULL::int,"
        " 'infinity'::timestamptz, '-infinity'::date";
    static const uint32_t oids[] = { 16, 21, 700, 1082, 1083, 1266, 1114, 1184, 1186, 2950, 114, 1700, 17, 23, 1184, 1082 };
    open_cursor();
    for (size_t f = 0; f < COUNT(formats); f++) {
        dbapi_value_t none[] = { DBAPI_NULL };
        CHECK_OK(dbapi_cursor_set_result_format(cursor, formats[f].format, &failure));
        CHECK_OK(dbapi_execute(cursor, sql, none, 0, &failure));
        const dbapi_value_t *row = fetch_row(cursor);
        CHECK_INT(row[0].as.boolean, true);
        CHECK_INT(row[1].as.integer, -5);
        CHECK(row[2].as.floating == 1.5);
        CHECK_INT(row[3].as.integer, 19782);
        CHECK_INT(row[4].as.integer, INT64_C(3723000004));
        CHECK_INT(row[5].as.timetz.microseconds, 1000000);
        CHECK_INT(row[5].as.timetz.utc_offset, 19800);
        CHECK_INT(row[6].as.integer, INT64_C(86400000001));
        CHECK_INT(row[7].as.integer, INT64_C(3600000000));
        CHECK_INT(row[8].as.interval.months, 14);
        CHECK_INT(row[8].as.interval.days, -3);
        CHECK_INT(row[8].as.interval.microseconds, 500000);
        CHECK_BYTES(row[9].as.uuid, 16, "\xa0\xee\xbc\x99\x9c\x0b\x4e\xf8\xbb\x6d\x6b\xb9\xbd\x38\x0a\x11", 16);
        CHECK_TEXT(row[10].as.text.data, "{\"a\":1}");
        CHECK_TEXT(row[11].as.text.data, "1.50");
        CHECK_BYTES(row[12].as.text.data, row[12].as.text.length, "\0\xff", 2);
        /* Also NUL-terminated. */
        CHECK_INT(row[12].as.text.data[2], 0);
        CHECK_INT(row[13].kind, DBAPI_KIND_NULL);
        CHECK_INT(row[14].as.integer, INT64_MAX);
        CHECK_INT(row[15].as.integer, INT64_MIN);
        for (size_t i = 0; i < COUNT(oids); i++) {
            CHECK_INT(row[i].oid, oids[i]);
        }
        /* What a kind does not use is zero. */
        dbapi_value_t zeroed;
        memset(&zeroed, 0, sizeof zeroed);
        CHECK_BYTES(&row[13].as, sizeof row[13].as, &zeroed.as, sizeof zeroed.as);
        zeroed.as.boolean = true;
        CHECK_BYTES(&row[0].as, sizeof row[0].as, &zeroed.as, sizeof zeroed.as);
        memset(&zeroed, 0, sizeof zeroed);
        zeroed.as.integer = 19782;
        CHECK_BYTES(&row[3].as, sizeof row[3].as, &zeroed.as, sizeof zeroed.as);
    }
    close_cursor();
}

static void floats_keep_their_bits(void)
{
    open_cursor();
    for (size_t f = 0; f < COUNT(formats); f++) {
        dbapi_value_t none[] = { DBAPI_NULL };
        CHECK_OK(dbapi_cursor_set_result_format(cursor, formats[f].format, &failure));
        CHECK_OK(dbapi_execute(cursor, "SELECT 0.1::float8, '-0'::float8, 'NaN'::float8, '-Infinity'::float8, 0.1::float4, 5e-324::float8",
                               none, 0, &failure));
        const dbapi_value_t *row = fetch_row(cursor);
        CHECK(row[0].as.floating == 0.1);
        CHECK(row[1].as.floating == 0 && signbit(row[1].as.floating));
        CHECK(isnan(row[2].as.floating));
        CHECK(isinf(row[3].as.floating) && row[3].as.floating < 0);
        CHECK(row[4].as.floating == (double)0.1f);
        CHECK(row[5].as.floating == 5e-324);
    }
    close_cursor();
}

static void nulls_among_values(void)
{
    open_cursor();
    for (size_t f = 0; f < COUNT(formats); f++) {
        dbapi_value_t none[] = { DBAPI_NULL };
        CHECK_OK(dbapi_cursor_set_result_format(cursor, formats[f].format, &failure));
        CHECK_OK(dbapi_execute(cursor, "SELECT NULL, 1, NULL::text, ''::text, NULL::bytea", none, 0, &failure));
        CHECK_ROW(fetch_row(cursor), SQL_NULL, "1", SQL_NULL, "", SQL_NULL);
    }
    close_cursor();
}

static void types_of_the_users_own(void)
{
    run_outside("DROP TYPE IF EXISTS t45_mood; CREATE TYPE t45_mood AS ENUM ('sad', 'happy');"
                "DROP DOMAIN IF EXISTS t45_small; CREATE DOMAIN t45_small AS int CHECK (VALUE < 10)");
    open_cursor();
    for (size_t f = 0; f < COUNT(formats); f++) {
        dbapi_value_t none[] = { DBAPI_NULL };
        CHECK_OK(dbapi_cursor_set_result_format(cursor, formats[f].format, &failure));
        CHECK_OK(dbapi_execute(cursor, "SELECT 'happy'::t45_mood, 5::t45_small", none, 0, &failure));
        const dbapi_value_t *row = fetch_row(cursor);
        CHECK_INT(row[0].kind, DBAPI_KIND_TEXT);
        CHECK(row[0].oid > 16383);
        CHECK_INT(row[1].kind, DBAPI_KIND_INT);
        CHECK_ROW(row, "happy", "5");
    }
    close_cursor();
}

CHECK_MAIN(CASE(format_equals_the_servers_text), CASE(values_survive_a_round_trip), CASE(session_settings_do_not_matter), CASE(other_date_styles_are_text),
           CASE(decoded_exactly), CASE(floats_keep_their_bits), CASE(nulls_among_values), CASE(types_of_the_users_own))
