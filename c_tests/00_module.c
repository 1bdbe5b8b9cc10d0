/* The module: its constants, its version, the layout that bindings rely on. No server. */
#include "check.h"

#include <stdio.h>
#include <string.h>

static void constants_are_those_of_pep_249(void)
{
    CHECK_TEXT(dbapi_apilevel(), "2.0");
    CHECK_INT(dbapi_threadsafety(), 2);
    CHECK_TEXT(dbapi_paramstyle(), "pyformat");
}

static void header_and_library_have_one_version(void)
{
    CHECK_TEXT(dbapi_version(), DBAPI_VERSION);
    CHECK_INT(dbapi_version_number(), DBAPI_VERSION_NUMBER);

    int major = 0;
    int minor = 0;
    int patch = 0;
    CHECK_INT(sscanf(DBAPI_VERSION, "%d.%d.%d", &major, &minor, &patch), 3);
    CHECK_INT(DBAPI_VERSION_NUMBER, major * 10000 + minor * 100 + patch);
}

static void numbers_are_frozen(void)
{
    CHECK_INT(DBAPI_OK, 0);
    CHECK_INT(DBAPI_DONE, 1);
    CHECK_INT(DBAPI_INTERFACE_ERROR, -1);
    CHECK_INT(DBAPI_DATABASE_ERROR, -2);
    CHECK_INT(DBAPI_DATA_ERROR, -3);
    CHECK_INT(DBAPI_OPERATIONAL_ERROR, -4);
    CHECK_INT(DBAPI_INTEGRITY_ERROR, -5);
    CHECK_INT(DBAPI_INTERNAL_ERROR, -6);
    CHECK_INT(DBAPI_PROGRAMMING_ERROR, -7);
    CHECK_INT(DBAPI_NOT_SUPPORTED_ERROR, -8);

    static const int kinds[] = {
        DBAPI_KIND_NULL, DBAPI_KIND_BOOL, DBAPI_KIND_INT,       DBAPI_KIND_FLOAT,       DBAPI_KIND_NUMERIC,  DBAPI_KIND_TEXT,
        DBAPI_KIND_BYTES, DBAPI_KIND_DATE, DBAPI_KIND_TIME,      DBAPI_KIND_TIMETZ,      DBAPI_KIND_TIMESTAMP,
        DBAPI_KIND_TIMESTAMPTZ, DBAPI_KIND_INTERVAL, DBAPI_KIND_UUID, DBAPI_KIND_JSON, DBAPI_KIND_ARRAY,
        DBAPI_KIND_RANGE, DBAPI_KIND_MULTIRANGE, DBAPI_KIND_COMPOSITE, DBAPI_KIND_INET, DBAPI_KIND_BITS,
        DBAPI_KIND_POINT, DBAPI_KIND_GEOMETRY, DBAPI_KIND_HSTORE,
    };
    for (size_t i = 0; i < COUNT(kinds); i++) {
        CHECK_INT(kinds[i], (int)i);
    }
    CHECK_INT(DBAPI_FORMAT_TEXT, 0);
    CHECK_INT(DBAPI_FORMAT_BINARY, 1);
    CHECK_INT(DBAPI_FORMAT_AUTO, 2);
    CHECK_INT(DBAPI_TRANSACTION_IDLE, 0);
    CHECK_INT(DBAPI_TRANSACTION_ACTIVE, 1);
    CHECK_INT(DBAPI_TRANSACTION_INTRANS, 2);
    CHECK_INT(DBAPI_TRANSACTION_INERROR, 3);
    CHECK_INT(DBAPI_TRANSACTION_UNKNOWN, 4);
}

static void value_layout_is_frozen(void)
{
    CHECK_SIZE(offsetof(dbapi_value_t, kind), 0);
    CHECK_SIZE(offsetof(dbapi_value_t, oid), 4);
    CHECK_SIZE(offsetof(dbapi_value_t, as), 8);
    if (sizeof(void *) == 8) {
        CHECK_SIZE(sizeof(dbapi_value_t), 24);
        CHECK_SIZE(offsetof(dbapi_text_t, length), 8);
    }
    CHECK_SIZE(offsetof(dbapi_interval_t, days), 8);
    CHECK_SIZE(offsetof(dbapi_interval_t, months), 12);
    CHECK_SIZE(offsetof(dbapi_timetz_t, utc_offset), 8);
    CHECK_SIZE(sizeof(((dbapi_value_t *)0)->as.uuid), 16);
    CHECK_SIZE(sizeof(dbapi_status_t), 4);
}

/* Every byte that a kind does not use is zero, so that values can be compared and hashed as memory. */
static void setters_fill_the_whole_value(void)
{
    dbapi_value_t value;
    dbapi_value_t expected;
    static const uint8_t uuid[16] = { 0xa0, 0xee, 0xbc, 0x99, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };

#define CHECK_SET(call, expected_kind, assignment)                          \
    do {                                                                    \
        memset(&value, 0xaa, sizeof value);                                 \
        memset(&expected, 0, sizeof expected);                              \
        expected.kind = (expected_kind);                                    \
        assignment;                                                         \
        CHECK_INT(call, DBAPI_OK);                                          \
        CHECK_BYTES(&value, sizeof value, &expected, sizeof expected);      \
    } while (0)
#define AS_TEXT(bytes, count) (expected.as.text.data = (bytes), expected.as.text.length = (count))

    CHECK_SET(dbapi_value_set_null(&value), DBAPI_KIND_NULL, (void)0);
    CHECK_SET(dbapi_value_set_bool(&value, true), DBAPI_KIND_BOOL, expected.as.boolean = true);
    CHECK_SET(dbapi_value_set_int64(&value, INT64_MIN), DBAPI_KIND_INT, expected.as.integer = INT64_MIN);
    CHECK_SET(dbapi_value_set_double(&value, -1.5), DBAPI_KIND_FLOAT, expected.as.floating = -1.5);
    CHECK_SET(dbapi_value_set_date(&value, -1), DBAPI_KIND_DATE, expected.as.integer = -1);
    CHECK_SET(dbapi_value_set_time(&value, 5), DBAPI_KIND_TIME, expected.as.integer = 5);
    CHECK_SET(dbapi_value_set_timestamp(&value, 6), DBAPI_KIND_TIMESTAMP, expected.as.integer = 6);
    CHECK_SET(dbapi_value_set_timestamptz(&value, 7), DBAPI_KIND_TIMESTAMPTZ, expected.as.integer = 7);
    CHECK_SET(dbapi_value_set_timetz(&value, 8, -3600), DBAPI_KIND_TIMETZ,
              (expected.as.timetz.microseconds = 8, expected.as.timetz.utc_offset = -3600));
    CHECK_SET(dbapi_value_set_interval(&value, 1, 2, 3), DBAPI_KIND_INTERVAL,
              (expected.as.interval.months = 1, expected.as.interval.days = 2, expected.as.interval.microseconds = 3));
    CHECK_SET(dbapi_value_set_uuid(&value, uuid), DBAPI_KIND_UUID, memcpy(expected.as.uuid, uuid, 16));

    static const char text[] = "12.50";
    CHECK_SET(dbapi_value_set_text(&value, text, 5), DBAPI_KIND_TEXT, AS_TEXT(text, 5));
    CHECK_SET(dbapi_value_set_numeric(&value, text, 5), DBAPI_KIND_NUMERIC, AS_TEXT(text, 5));
    CHECK_SET(dbapi_value_set_json(&value, text, 5), DBAPI_KIND_JSON, AS_TEXT(text, 5));
    /* What bytes are declared as (char or uint8_t) is the header's choice. */
    CHECK_SET(dbapi_value_set_bytes(&value, (const void *)text, 5), DBAPI_KIND_BYTES, AS_TEXT(text, 5));
    CHECK_SET(dbapi_value_set_text(&value, NULL, 0), DBAPI_KIND_TEXT, AS_TEXT(NULL, 0));
}

static void setters_refuse_null(void)
{
    static const uint8_t uuid[16] = { 0 };
    dbapi_value_t value;
    CHECK(dbapi_value_set_null(NULL) < 0);
    CHECK(dbapi_value_set_bool(NULL, true) < 0);
    CHECK(dbapi_value_set_int64(NULL, 1) < 0);
    CHECK(dbapi_value_set_double(NULL, 1) < 0);
    CHECK(dbapi_value_set_text(NULL, "a", 1) < 0);
    CHECK(dbapi_value_set_numeric(NULL, "1", 1) < 0);
    CHECK(dbapi_value_set_bytes(NULL, (const void *)"a", 1) < 0);
    CHECK(dbapi_value_set_json(NULL, "1", 1) < 0);
    CHECK(dbapi_value_set_date(NULL, 1) < 0);
    CHECK(dbapi_value_set_time(NULL, 1) < 0);
    CHECK(dbapi_value_set_timestamp(NULL, 1) < 0);
    CHECK(dbapi_value_set_timestamptz(NULL, 1) < 0);
    CHECK(dbapi_value_set_timetz(NULL, 1, 0) < 0);
    CHECK(dbapi_value_set_interval(NULL, 1, 1, 1) < 0);
    CHECK(dbapi_value_set_uuid(NULL, uuid) < 0);
    CHECK(dbapi_value_set_uuid(&value, NULL) < 0);
    CHECK(dbapi_value_set_text(&value, NULL, 1) < 0);
    CHECK(dbapi_value_set_numeric(&value, NULL, 1) < 0);
    CHECK(dbapi_value_set_bytes(&value, NULL, 1) < 0);
    CHECK(dbapi_value_set_json(&value, NULL, 1) < 0);
}

static void macros_make_the_same_values_as_setters(void)
{
    dbapi_value_t made[] = {
        DBAPI_NULL, DBAPI_BOOL(true), DBAPI_INT(-5), DBAPI_FLOAT(2.5), DBAPI_TEXT("abc'def"), DBAPI_TEXT_N("abc", 2),
        DBAPI_NUMERIC("1.50"), DBAPI_DATE(10),
    };
    dbapi_value_t set[COUNT(made)];
    CHECK_INT(dbapi_value_set_null(&set[0]), DBAPI_OK);
    CHECK_INT(dbapi_value_set_bool(&set[1], true), DBAPI_OK);
    CHECK_INT(dbapi_value_set_int64(&set[2], -5), DBAPI_OK);
    CHECK_INT(dbapi_value_set_double(&set[3], 2.5), DBAPI_OK);
    CHECK_INT(dbapi_value_set_text(&set[4], "abc'def", 7), DBAPI_OK);
    CHECK_INT(dbapi_value_set_text(&set[5], "abc", 2), DBAPI_OK);
    CHECK_INT(dbapi_value_set_numeric(&set[6], "1.50", 4), DBAPI_OK);
    CHECK_INT(dbapi_value_set_date(&set[7], 10), DBAPI_OK);
    for (size_t i = 0; i < COUNT(made); i++) {
        CHECK_INT(made[i].kind, set[i].kind);
        CHECK_INT(made[i].oid, 0);
        switch (made[i].kind) {
        case DBAPI_KIND_TEXT:
        case DBAPI_KIND_NUMERIC:
            CHECK_BYTES(made[i].as.text.data, made[i].as.text.length, set[i].as.text.data, set[i].as.text.length);
            break;
        case DBAPI_KIND_BOOL:
            CHECK_INT(made[i].as.boolean, set[i].as.boolean);
            break;
        case DBAPI_KIND_FLOAT:
            CHECK(made[i].as.floating == set[i].as.floating);
            break;
        default:
            CHECK_INT(made[i].as.integer, set[i].as.integer);
            break;
        }
    }
}

static void format_behaves_as_snprintf(void)
{
    char buffer[16];
    size_t length = 99;
    dbapi_value_t value = DBAPI_TEXT("abcdef");

    CHECK_OK(dbapi_value_format(&value, buffer, sizeof buffer, &length, &failure));
    CHECK_TEXT(buffer, "abcdef");
    CHECK_SIZE(length, 6);

    /* Cut to what fits, always ended by a NUL, and never a byte past the capacity. */
    memset(buffer, '#', sizeof buffer);
    CHECK_OK(dbapi_value_format(&value, buffer, 4, &length, &failure));
    CHECK_BYTES(buffer, 6, "abc\0##", 6);
    CHECK_SIZE(length, 6);

    memset(buffer, '#', sizeof buffer);
    CHECK_OK(dbapi_value_format(&value, buffer, 0, &length, &failure));
    CHECK_BYTES(buffer, 1, "#", 1);
    CHECK_SIZE(length, 6);

    length = 99;
    CHECK_OK(dbapi_value_format(&value, NULL, 0, &length, &failure));
    CHECK_SIZE(length, 6);

    /* The length may not be wanted. */
    CHECK_OK(dbapi_value_format(&value, buffer, sizeof buffer, NULL, &failure));
    CHECK_TEXT(buffer, "abcdef");
}

static void format_refuses_what_is_no_value(void)
{
    char buffer[16];
    size_t length = 99;
    dbapi_value_t value = DBAPI_INT(1);

    CHECK_FAILS(dbapi_value_format(NULL, buffer, sizeof buffer, &length, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "value");
    CHECK_SIZE(length, 99);
    CHECK_FAILS(dbapi_value_format(&value, NULL, 1, &length, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "buffer");
    value.kind = 9999;
    CHECK_FAILS(dbapi_value_format(&value, buffer, sizeof buffer, &length, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "kind");
    value.kind = -1;
    CHECK_FAILS(dbapi_value_format(&value, buffer, sizeof buffer, &length, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "kind");
    dbapi_value_t text = DBAPI_TEXT_N(NULL, 3);
    CHECK_FAILS(dbapi_value_format(&text, buffer, sizeof buffer, &length, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "value");
    CHECK_INT(dbapi_value_format(&text, buffer, sizeof buffer, &length, NULL), DBAPI_PROGRAMMING_ERROR);
}

CHECK_MAIN(CASE(constants_are_those_of_pep_249), CASE(header_and_library_have_one_version), CASE(numbers_are_frozen),
           CASE(value_layout_is_frozen), CASE(setters_fill_the_whole_value), CASE(setters_refuse_null),
           CASE(macros_make_the_same_values_as_setters), CASE(format_behaves_as_snprintf),
           CASE(format_refuses_what_is_no_value))
