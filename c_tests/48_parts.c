/* Dates and times by their parts, and PEP 249's constructors. PostgreSQL's own EXTRACT, make_ functions and
 * AT TIME ZONE are the judges. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;

static void open_cursor(void)
{
    connection = connect_test();
    cursor = cursor_of(connection);
    run(cursor, "SET DateStyle = 'ISO, MDY'; SET TimeZone = 'UTC'");
}

static void close_cursor(void)
{
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

#define CHECK_PARTS(value, offset, ...)                                                                                     \
    do {                                                                                                                    \
        dbapi_parts_t expected_ = { __VA_ARGS__ }, parts_;                                                                  \
        CHECK_OK(dbapi_value_get_parts((value), (offset), &parts_, &failure));                                              \
        CHECK(memcmp(&expected_, &parts_, sizeof parts_) == 0);                                                             \
    } while (0)

static void the_struct_is_eight_integers(void)
{
    CHECK_SIZE(sizeof(dbapi_parts_t), 32);
    CHECK_SIZE(offsetof(dbapi_parts_t, year), 0);
    CHECK_SIZE(offsetof(dbapi_parts_t, day), 8);
    CHECK_SIZE(offsetof(dbapi_parts_t, microsecond), 24);
    CHECK_SIZE(offsetof(dbapi_parts_t, utc_offset), 28);
}

/* Each value taken apart is what EXTRACT says, and put together again it is the value. */
static void as_the_server_takes_them_apart(void)
{
    static const char *const values[] = {
        "date '1970-01-01'", "date '2000-02-29'", "date '0001-12-31 BC'", "date '4714-11-24 BC'", "date '5874897-12-31'",
        "timestamp '1969-12-31 23:59:59.999999'", "timestamp '2024-02-29 12:34:56.7'", "timestamp '0044-03-15 01:02:03 BC'",
        "timestamp '4714-11-24 00:00 BC'", "timestamp '294246-12-31 23:59:59.999999'",
        "timestamptz '2024-07-01 12:00:00.123456+02'", "timestamptz '0001-01-01 00:00+00'", "time '24:00'",
        "time '23:59:59.999999'", "timetz '12:34:56.789-08'", "timetz '01:02:03+05:30'", "timetz '00:00-15:59:59'",
    };
    static const int32_t result_formats[] = { DBAPI_FORMAT_TEXT, DBAPI_FORMAT_BINARY };
    char sql[700];
    open_cursor();
    dbapi_cursor_t *second = cursor_of(connection);
    for (size_t i = 0; i < 2 * COUNT(values); i++) {
        const char *value = values[i / 2];
        bool dated = strncmp(value, "time '", 6) != 0 && strncmp(value, "timetz", 6) != 0;
        bool timed = strncmp(value, "date", 4) != 0;
        bool zoned = strncmp(value, "timetz", 6) == 0;
        snprintf(sql, sizeof sql, "SELECT x, %s, %s, %s, %s, %s, %s, %s, %s FROM (SELECT %s) AS v (x)",
                 dated ? "extract(year FROM x)::int" : "0", dated ? "extract(month FROM x)::int" : "0",
                 dated ? "extract(day FROM x)::int" : "0", timed ? "extract(hour FROM x)::int" : "0",
                 timed ? "extract(minute FROM x)::int" : "0", timed ? "extract(microseconds FROM x)::int / 1000000" : "0",
                 timed ? "extract(microseconds FROM x)::int % 1000000" : "0", zoned ? "extract(timezone FROM x)::int" : "0", value);
        CHECK_OK(dbapi_cursor_set_result_format(cursor, result_formats[i % 2], &failure));
        run(cursor, sql);
        const dbapi_value_t *row = fetch_row(cursor);
        dbapi_parts_t parts;
        CHECK_OK(dbapi_value_get_parts(&row[0], 0, &parts, &failure));
        const int32_t told[] = { parts.year, parts.month, parts.day, parts.hour,
                                 parts.minute, parts.second, parts.microsecond, parts.utc_offset };
        for (size_t j = 0; j < COUNT(told); j++) {
            if (told[j] != row[1 + j].as.integer) {
                FAIL("%s: part %zu is %d, not %lld", value, j, (int)told[j], (long long)row[1 + j].as.integer);
            }
        }
        dbapi_value_t again;
        CHECK_OK(dbapi_value_set_parts(&again, row[0].kind, &parts, &failure));
        CHECK_INT(again.kind, row[0].kind);
        CHECK(memcmp(&again.as, &row[0].as, sizeof again.as) == 0);
        snprintf(sql, sizeof sql, "SELECT %%s IS NOT DISTINCT FROM %s", value);
        CHECK_OK(dbapi_execute(second, sql, &again, 1, &failure));
        CHECK(fetch_row(second)[0].as.boolean);
    }
    dbapi_cursor_free(second);
    close_cursor();
}

/* PEP 249's Date, Time and Timestamp. */
static void constructors(void)
{
    open_cursor();
    dbapi_value_t values[3];
    dbapi_parts_t parts = { .year = 2002, .month = 12, .day = 25, .hour = 13, .minute = 45, .second = 30 };
    memset(values, 0xff, sizeof values);
    CHECK_OK(dbapi_value_set_date_from_parts(&values[0], 2002, 12, 25, &failure));
    CHECK_OK(dbapi_value_set_time_from_parts(&values[1], 13, 45, 30, 1, &failure));
    CHECK_OK(dbapi_value_set_parts(&values[2], DBAPI_KIND_TIMESTAMP, &parts, &failure));
    CHECK_INT(values[0].oid, 0);
    CHECK_OK(dbapi_execute(cursor,
                           "SELECT %s = make_date(2002, 12, 25) AND %s = make_time(13, 45, 30.000001)"
                           " AND %s = make_timestamp(2002, 12, 25, 13, 45, 30)",
                           values, 3, &failure));
    CHECK(fetch_row(cursor)[0].as.boolean);
    /* Midnight at the day's end, and the years before Christ, as the server's functions have them. */
    parts = (dbapi_parts_t){ .year = -44, .month = 2, .day = 28, .hour = 24 };
    CHECK_OK(dbapi_value_set_date_from_parts(&values[0], -44, 3, 15, &failure));
    CHECK_OK(dbapi_value_set_time_from_parts(&values[1], 24, 0, 0, 0, &failure));
    CHECK_OK(dbapi_value_set_parts(&values[2], DBAPI_KIND_TIMESTAMP, &parts, &failure));
    CHECK_OK(dbapi_execute(cursor,
                           "SELECT %s = make_date(-44, 3, 15) AND %s = make_time(24, 0, 0)"
                           " AND %s = make_timestamp(-44, 2, 28, 24, 0, 0)",
                           values, 3, &failure));
    CHECK(fetch_row(cursor)[0].as.boolean);
    close_cursor();
}

static void zones(void)
{
    dbapi_value_t value;
    dbapi_parts_t parts = { 2024, 7, 1, 0, 30, 0, 5, 5 * 3600 + 1800 };
    CHECK_OK(dbapi_value_set_parts(&value, DBAPI_KIND_TIMESTAMPTZ, &parts, &failure));
    CHECK_INT(value.kind, DBAPI_KIND_TIMESTAMPTZ);
    CHECK_PARTS(&value, 0, 2024, 6, 30, 19, 0, 0, 5, 0);
    CHECK_PARTS(&value, 5 * 3600 + 1800, 2024, 7, 1, 0, 30, 0, 5, 5 * 3600 + 1800);
    CHECK_PARTS(&value, -57599, 2024, 6, 30, 3, 0, 1, 5, -57599);
    /* A timestamp without zone takes no heed of one, and a time with it has its own. */
    CHECK_OK(dbapi_value_set_parts(&value, DBAPI_KIND_TIMESTAMP, &parts, &failure));
    CHECK_PARTS(&value, 3600, 2024, 7, 1, 0, 30, 0, 5, 0);
    CHECK_OK(dbapi_value_set_parts(&value, DBAPI_KIND_TIMETZ, &parts, &failure));
    CHECK_PARTS(&value, 3600, 0, 0, 0, 0, 30, 0, 5, 5 * 3600 + 1800);
}

/* The last years of a timestamp do not fit microseconds from 1970: they arrive as text, and are readable. */
static void the_last_years(void)
{
    open_cursor();
    run(cursor, "SELECT timestamp '294276-12-31 23:59:59.999999', timestamptz '294276-12-31 22:59:59.999999-01'");
    const dbapi_value_t *row = fetch_row(cursor);
    CHECK_INT(row[0].kind, DBAPI_KIND_TEXT);
    CHECK_PARTS(&row[0], 0, 294276, 12, 31, 23, 59, 59, 999999, 0);
    CHECK_PARTS(&row[1], -3600, 294276, 12, 31, 22, 59, 59, 999999, -3600);
    dbapi_parts_t parts;
    CHECK_OK(dbapi_value_get_parts(&row[0], 0, &parts, &failure));
    dbapi_value_t value;
    CHECK_FAILS(dbapi_value_set_parts(&value, DBAPI_KIND_TIMESTAMP, &parts, &failure), DBAPI_DATA_ERROR, "22008", "text");
    close_cursor();
}

static void what_does_not_exist(void)
{
    static const int32_t dates[][3] = {
        { 2023, 2, 29 }, { 1900, 2, 29 }, { 2024, 4, 31 }, { 2024, 0, 1 }, { 2024, 13, 1 }, { 2024, 1, 0 }, { 2024, 1, 32 },
        { 0, 1, 1 }, { -4714, 11, 23 }, { 5874898, 1, 1 }, { INT32_MAX, 1, 1 }, { INT32_MIN, 12, 31 }, { 2024, INT32_MIN, INT32_MAX },
    };
    static const int32_t times[][4] = {
        { 24, 0, 0, 1 }, { 25, 0, 0, 0 }, { 0, 60, 0, 0 }, { 0, 0, 60, 0 }, { 0, 0, 0, 1000000 }, { -1, 0, 0, 0 },
        { 0, 0, 0, -1 }, { INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX }, { INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN },
    };
    dbapi_value_t value = DBAPI_INT(7);
    for (size_t i = 0; i < COUNT(dates); i++) {
        const int32_t *date = dates[i];
        dbapi_parts_t parts = { .year = date[0], .month = date[1], .day = date[2] };
        CHECK_FAILS(dbapi_value_set_date_from_parts(&value, date[0], date[1], date[2], &failure), DBAPI_DATA_ERROR, "22008", "");
        CHECK_FAILS(dbapi_value_set_parts(&value, DBAPI_KIND_TIMESTAMPTZ, &parts, &failure), DBAPI_DATA_ERROR, "22008", "");
    }
    for (size_t i = 0; i < COUNT(times); i++) {
        const int32_t *t = times[i];
        CHECK_FAILS(dbapi_value_set_time_from_parts(&value, t[0], t[1], t[2], t[3], &failure), DBAPI_DATA_ERROR, "22008", "");
    }
    dbapi_parts_t parts = { 2024, 1, 1, 0, 0, 0, 0, 57600 };
    CHECK_FAILS(dbapi_value_set_parts(&value, DBAPI_KIND_TIMETZ, &parts, &failure), DBAPI_DATA_ERROR, "22009", "16 hours");
    CHECK_FAILS(dbapi_value_set_parts(&value, DBAPI_KIND_TIMESTAMPTZ, &parts, &failure), DBAPI_DATA_ERROR, "22009", "16 hours");
    CHECK_FAILS(dbapi_value_set_parts(&value, DBAPI_KIND_INTERVAL, &parts, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "kind");
    CHECK_FAILS(dbapi_value_set_parts(&value, -1, &parts, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "kind");
    CHECK_FAILS(dbapi_value_set_parts(&value, DBAPI_KIND_DATE, NULL, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "parts");
    CHECK_FAILS(dbapi_value_set_parts(NULL, DBAPI_KIND_DATE, &parts, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "value");
    CHECK_FAILS(dbapi_value_set_date_from_parts(NULL, 2024, 1, 1, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "value");
    CHECK_FAILS(dbapi_value_set_time_from_ticks(NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "value");
    CHECK(dbapi_value_set_date_from_parts(&value, 2023, 2, 29, NULL) == DBAPI_DATA_ERROR);
    /* Nothing was written. */
    CHECK_INT(value.kind, DBAPI_KIND_INT);
    CHECK_INT(value.as.integer, 7);

    const dbapi_value_t infinities[] = {
        DBAPI_DATE(INT64_MAX), DBAPI_DATE(INT64_MIN), DBAPI_TIMESTAMP(INT64_MAX), DBAPI_TIMESTAMPTZ(INT64_MIN),
    };
    memset(&parts, 7, sizeof parts);
    for (size_t i = 0; i < COUNT(infinities); i++) {
        CHECK_FAILS(dbapi_value_get_parts(&infinities[i], 0, &parts, &failure), DBAPI_DATA_ERROR, "22008", "infinity");
    }
    value = DBAPI_DATE(INT64_MAX - 1);
    CHECK_FAILS(dbapi_value_get_parts(&value, 0, &parts, &failure), DBAPI_DATA_ERROR, "22008", "range");
    value = DBAPI_TIME(-1);
    CHECK_FAILS(dbapi_value_get_parts(&value, 0, &parts, &failure), DBAPI_DATA_ERROR, "22008", "");
    value = DBAPI_TIMESTAMP(INT64_MIN + 1);
    CHECK_FAILS(dbapi_value_get_parts(&value, 0, &parts, &failure), DBAPI_DATA_ERROR, "22008", "range");
    value = DBAPI_TIMESTAMPTZ(0);
    CHECK_FAILS(dbapi_value_get_parts(&value, INT32_MIN, &parts, &failure), DBAPI_DATA_ERROR, "22009", "16 hours");
    CHECK_FAILS(dbapi_value_get_parts(&value, 0, NULL, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "out_parts");
    CHECK_FAILS(dbapi_value_get_parts(NULL, 0, &parts, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "value");
    value = DBAPI_TEXT("2024-01-01 00:00:00");
    CHECK_FAILS(dbapi_value_get_parts(&value, 0, &parts, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "no date");
    value.oid = 1114;
    CHECK_PARTS(&value, 0, 2024, 1, 1, 0, 0, 0, 0, 0);
    value.as.text.data = "Mon Jan 01 2024 ...";
    CHECK_FAILS(dbapi_value_get_parts(&value, 0, &parts, &failure), DBAPI_DATA_ERROR, "22007", "DateStyle");
    value = DBAPI_NULL;
    CHECK_FAILS(dbapi_value_get_parts(&value, 0, &parts, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "no date");
    CHECK_INT(parts.year, 0x07070707);
}

/* PEP 249's DateFromTicks, TimeFromTicks and TimestampFromTicks, in two zones and both halves of a year; the
 * server knows the same zones by the same rules, so no zone file is needed. */
static void from_ticks(void)
{
    static const char *const rules[] = { "UTC0", "XST-5:30", "EST5EDT,M3.2.0,M11.1.0" };
    static const double ticks[] = { 0, -1, -0.5, 1, 86399.999999, 951782399.25, 951782400, 1700000000.123456, 1710053999.5,
                                    1710054000, 1719835200, 4102444800.0, -2208988801.75, 253402300800.0 };
    char was[200] = "";
    if (getenv("TZ") != NULL) {
        snprintf(was, sizeof was, "%s", getenv("TZ"));
    }
    open_cursor();
    for (size_t i = 0; i < COUNT(rules); i++) {
        char sql[200];
        CHECK(setenv("TZ", rules[i], 1) == 0);
        tzset();
        snprintf(sql, sizeof sql, "SET TimeZone = '%s'", rules[i]);
        run(cursor, sql);
        for (size_t j = 0; j < COUNT(ticks); j++) {
            dbapi_value_t values[6];
            CHECK_OK(dbapi_value_set_timestamp_from_ticks(&values[0], ticks[j], &failure));
            CHECK_OK(dbapi_value_set_date_from_ticks(&values[2], ticks[j], &failure));
            CHECK_OK(dbapi_value_set_time_from_ticks(&values[4], ticks[j], &failure));
            CHECK_INT(values[0].kind, DBAPI_KIND_TIMESTAMPTZ);
            CHECK_INT(values[2].kind, DBAPI_KIND_DATE);
            CHECK_INT(values[4].kind, DBAPI_KIND_TIME);
            values[1] = values[3] = values[5] = DBAPI_FLOAT(ticks[j]);
            CHECK_OK(dbapi_execute(cursor,
                                   "SELECT %s = to_timestamp(%s), %s = to_timestamp(%s)::date, %s = to_timestamp(%s)::time",
                                   values, 6, &failure));
            const dbapi_value_t *row = fetch_row(cursor);
            if (!row[0].as.boolean || !row[1].as.boolean || !row[2].as.boolean) {
                FAIL("%s: %f seconds are another timestamp (%d), date (%d) or time (%d)", rules[i], ticks[j],
                     row[0].as.boolean, row[1].as.boolean, row[2].as.boolean);
            }
        }
    }
    if (was[0] != '\0') {
        setenv("TZ", was, 1);
    } else {
        unsetenv("TZ");
    }
    tzset();
    close_cursor();

    dbapi_value_t value = DBAPI_INT(7);
    const double wrong[] = { NAN, INFINITY, -INFINITY, 1e300, -1e300, 1e14, -1e14, 1e13 };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        CHECK_FAILS(dbapi_value_set_timestamp_from_ticks(&value, wrong[i], &failure), DBAPI_DATA_ERROR, "22008", "");
        if (fabs(wrong[i]) != 1e13) {
            CHECK_FAILS(dbapi_value_set_date_from_ticks(&value, wrong[i], &failure), DBAPI_DATA_ERROR, "22008", "");
            CHECK_FAILS(dbapi_value_set_time_from_ticks(&value, wrong[i], &failure), DBAPI_DATA_ERROR, "22008", "");
        }
    }
    CHECK_INT(value.as.integer, 7);
    CHECK_OK(dbapi_value_set_date_from_ticks(&value, 1e13, &failure));
}

CHECK_MAIN(
    CASE(the_struct_is_eight_integers),
    CASE(as_the_server_takes_them_apart),
    CASE(constructors),
    CASE(zones),
    CASE(the_last_years),
    CASE(what_does_not_exist),
    CASE(from_ticks)
)
