/* mogrify: literals as psycopg2 2.9 renders them (the expected texts were printed by it, but where a comment
 * says otherwise), and as the server reads them.
 *
 * Of SECURITY, "literals on the client": the value that the server parsed equals the input; "encodings":
 * invalid UTF-8 is refused before quoting, counted input is never read past its end; "sizes on the way out": a
 * guard page after the buffer; "texts as formats". */
#define _DEFAULT_SOURCE
#include "connect.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;

static void open_cursor(void)
{
    connection = connect_test();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    cursor = cursor_of(connection);
}

static void close_cursor(void)
{
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static bool under_valgrind(void)
{
    return getenv("DBAPI_TEST_VALGRIND") != NULL;
}

/* A statement with literals. It stays until the next call. */
static const char *mogrify(const char *sql, const dbapi_value_t *params, size_t count)
{
    static char text[1 << 16];
    size_t length = 0;
    CHECK_OK(dbapi_cursor_mogrify(cursor, sql, params, count, text, sizeof text, &length, &failure));
    CHECK(length < sizeof text);
    CHECK_SIZE(strlen(text), length);
    return text;
}

#define CHECK_LITERAL(value, expected)                                                   \
    do {                                                                                 \
        const dbapi_value_t param = value;                                               \
        CHECK_TEXT(mogrify("%s", &param, 1), expected);                                  \
    } while (0)

static const unsigned char uuid[16] = { 0xa0, 0xee, 0xbc, 0x99, 0x9c, 0x0b, 0x4e, 0xf8, 0xbb, 0x6d, 0x6b, 0xb9, 0xbd, 0x38, 0x0a, 0x11 };

static void every_kind_as_psycopg2_renders_it(void)
{
    const double infinity = (double)INFINITY;
    open_cursor();
    CHECK_LITERAL(DBAPI_NULL, "NULL");
    CHECK_LITERAL(DBAPI_BOOL(true), "true");
    CHECK_LITERAL(DBAPI_BOOL(false), "false");
    CHECK_LITERAL(DBAPI_INT(0), "0");
    CHECK_LITERAL(DBAPI_INT(42), "42");
    CHECK_LITERAL(DBAPI_INT(-1), " -1");
    CHECK_LITERAL(DBAPI_INT(INT64_MIN), " -9223372036854775808");
    CHECK_LITERAL(DBAPI_FLOAT(1.0), "1.0");
    CHECK_LITERAL(DBAPI_FLOAT(-1.5), " -1.5");
    CHECK_LITERAL(DBAPI_FLOAT(0.1), "0.1");
    CHECK_LITERAL(DBAPI_FLOAT(-0.0), " -0.0");
    CHECK_LITERAL(DBAPI_FLOAT(1e15), "1000000000000000.0");
    CHECK_LITERAL(DBAPI_FLOAT(1e16), "1e+16");
    CHECK_LITERAL(DBAPI_FLOAT(0.0001), "0.0001");
    CHECK_LITERAL(DBAPI_FLOAT(0.00001), "1e-05");
    CHECK_LITERAL(DBAPI_FLOAT(5e-324), "5e-324");
    CHECK_LITERAL(DBAPI_FLOAT(1.7976931348623157e308), "1.7976931348623157e+308");
    CHECK_LITERAL(DBAPI_FLOAT((double)NAN), "'NaN'::float");
    CHECK_LITERAL(DBAPI_FLOAT(infinity), "'Infinity'::float");
    CHECK_LITERAL(DBAPI_FLOAT(-infinity), "'-Infinity'::float");
    CHECK_LITERAL(DBAPI_NUMERIC("1.50"), "1.50");
    CHECK_LITERAL(DBAPI_NUMERIC("-1.50"), " -1.50");
    CHECK_LITERAL(DBAPI_NUMERIC("1E+3"), "1E+3");
    CHECK_LITERAL(DBAPI_NUMERIC("NaN"), "'NaN'::numeric");
    /* psycopg2 makes NaN of it. */
    CHECK_LITERAL(DBAPI_NUMERIC("Infinity"), "'Infinity'::numeric");
    CHECK_LITERAL(DBAPI_TEXT("abc"), "'abc'");
    CHECK_LITERAL(DBAPI_TEXT("it's"), "'it''s'");
    CHECK_LITERAL(DBAPI_TEXT("a\\b"), "'a\\b'");
    CHECK_LITERAL(DBAPI_TEXT("a\\'b"), "'a\\''b'");
    CHECK_LITERAL(DBAPI_TEXT("\xc3\xa9"), "'\xc3\xa9'");
    CHECK_LITERAL(DBAPI_TEXT("%s %% $1"), "'%s %% $1'");
    CHECK_LITERAL(DBAPI_TEXT("%n%s"), "'%n%s'");
    CHECK_LITERAL(DBAPI_TEXT(""), "''");
    CHECK_LITERAL(DBAPI_BYTES("", 0), "'\\x'::bytea");
    CHECK_LITERAL(DBAPI_BYTES("\0\xff\\'", 4), "'\\x00ff5c27'::bytea");
    CHECK_LITERAL(DBAPI_DATE(19724), "'2024-01-02'::date");
    CHECK_LITERAL(DBAPI_DATE(-719162), "'0001-01-01'::date");
    CHECK_LITERAL(DBAPI_TIME(INT64_C(3723000000)), "'01:02:03'::time");
    CHECK_LITERAL(DBAPI_TIME(INT64_C(3723000004)), "'01:02:03.000004'::time");
    CHECK_LITERAL(DBAPI_TIMETZ(INT64_C(3723000000), 19800), "'01:02:03+05:30'::timetz");
    CHECK_LITERAL(DBAPI_TIMESTAMP(INT64_C(1704164645000000)), "'2024-01-02T03:04:05'::timestamp");
    CHECK_LITERAL(DBAPI_TIMESTAMP(INT64_C(1704164645000006)), "'2024-01-02T03:04:05.000006'::timestamp");
    CHECK_LITERAL(DBAPI_TIMESTAMPTZ(INT64_C(1704164645060000)), "'2024-01-02T03:04:05.060000+00:00'::timestamptz");
    CHECK_LITERAL(DBAPI_INTERVAL(0, 1, 2000003), "'1 days 2.000003 seconds'::interval");
    CHECK_LITERAL(DBAPI_INTERVAL(0, -1, INT64_C(86399999999)), "'-1 days 86399.999999 seconds'::interval");
    CHECK_LITERAL(DBAPI_INTERVAL(0, 0, 0), "'0 days 0.000000 seconds'::interval");
    CHECK_LITERAL(DBAPI_UUID(uuid), "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid");
    CHECK_LITERAL(DBAPI_JSON("{\"a\": \"it's\\\\\"}"), "'{\"a\": \"it''s\\\\\"}'");
    /* What Python has no type for. */
    CHECK_LITERAL(DBAPI_DATE(INT64_MAX), "'infinity'::date");
    CHECK_LITERAL(DBAPI_DATE(-719163), "'0001-12-31 BC'::date");
    CHECK_LITERAL(DBAPI_TIMESTAMP(INT64_MIN), "'-infinity'::timestamp");
    CHECK_LITERAL(DBAPI_INTERVAL(14, -3, -1), "'14 months -3 days -0.000001 seconds'::interval");
    /* A type of one's own. */
    CHECK_LITERAL(DBAPI_TYPED(20, DBAPI_INT(-5)), "'-5'::int8");
    CHECK_LITERAL(DBAPI_TYPED(701, DBAPI_FLOAT(0.1)), "'0.1'::float8");
    CHECK_LITERAL(DBAPI_TYPED(869, DBAPI_TEXT("::1")), "'::1'::inet");
    CHECK_LITERAL(DBAPI_TYPED(1007, DBAPI_TEXT("{1,2}")), "'{1,2}'::int4[]");
    CHECK_LITERAL(DBAPI_TYPED(25, DBAPI_NULL), "NULL::text");
    CHECK_LITERAL(DBAPI_TYPED(99999, DBAPI_TEXT("red")), "'red'");
    close_cursor();
}

/* psycopg2 of a session that began with standard_conforming_strings off. */
static void without_standard_conforming_strings(void)
{
    open_cursor();
    run(cursor, "SET standard_conforming_strings = off");
    CHECK_LITERAL(DBAPI_TEXT("abc"), "E'abc'");
    CHECK_LITERAL(DBAPI_TEXT("it's"), "E'it''s'");
    CHECK_LITERAL(DBAPI_TEXT("a\\b"), "E'a\\\\b'");
    CHECK_LITERAL(DBAPI_TEXT(""), "E''");
    CHECK_LITERAL(DBAPI_BYTES("ab\\", 3), "E'\\\\x61625c'::bytea");
    CHECK_LITERAL(DBAPI_JSON("{\"a\": \"\\\\\"}"), "E'{\"a\": \"\\\\\\\\\"}'");
    CHECK_LITERAL(DBAPI_DATE(19723), "'2024-01-01'::date");
    CHECK_LITERAL(DBAPI_FLOAT((double)NAN), "'NaN'::float");
    run(cursor, "SET standard_conforming_strings = on");
    CHECK_LITERAL(DBAPI_TEXT("a\\b"), "'a\\b'");
    /* A setting that its transaction took back. */
    CHECK_OK(dbapi_connection_set_autocommit(connection, false, &failure));
    run(cursor, "SET LOCAL standard_conforming_strings = off");
    CHECK_LITERAL(DBAPI_TEXT("a\\b"), "E'a\\\\b'");
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_LITERAL(DBAPI_TEXT("a\\b"), "'a\\b'");
    close_cursor();
}

static void statements_as_psycopg2_renders_them(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(1), DBAPI_INT(-1) };
    const char *const names[] = { "a", "unused" };
    char text[100];
    open_cursor();
    CHECK_TEXT(mogrify("%s-%s", params, 2), "1- -1");
    CHECK_TEXT(mogrify("-%s", params + 1, 1), "- -1");
    CHECK_TEXT(mogrify("100%%", params, 0), "100%");
    CHECK_TEXT(mogrify("100%%", NULL, 0), "100%%");
    CHECK_TEXT(mogrify("100%", NULL, 0), "100%");
    CHECK_TEXT(mogrify(";", params, 0), ";");
    CHECK_OK(dbapi_cursor_mogrify_named(cursor, "%(a)s %(a)s", names, params, 2, text, sizeof text, NULL, &failure));
    CHECK_TEXT(text, "1 1");
    CHECK_OK(dbapi_cursor_mogrify_named(cursor, "100%%", NULL, NULL, 0, text, sizeof text, NULL, &failure));
    CHECK_TEXT(text, "100%%");
    /* Ours: text in quotes and comments is left alone, and nothing is glued together. */
    CHECK_TEXT(mogrify("'%s' -- %s", params, 0), "'%s' -- %s");
    CHECK_TEXT(mogrify("LIMIT%s", params, 1), "LIMIT 1");
    CHECK_OK(dbapi_cursor_set_paramstyle(cursor, DBAPI_PARAMSTYLE_NUMERIC, &failure));
    CHECK_TEXT(mogrify("$2 % $1", params, 2), " -1 % 1");
    close_cursor();
}

static void what_cannot_be_rendered(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(1), DBAPI_TEXT_N("a\0b", 3), DBAPI_TEXT("half \xc3"), DBAPI_DATE(INT64_C(1) << 40) };
    const char *const names[] = { "a" };
    const dbapi_value_t escape = DBAPI_TEXT("\\' --");
    dbapi_value_t array = DBAPI_NULL, odd = DBAPI_NULL;
    char text[10] = "untouched";
    size_t length = 77;
    array.kind = DBAPI_KIND_ARRAY;
    odd.kind = 4711;
#define FAILS(sql, list, count, status, state, part)                                     \
    CHECK_FAILS(dbapi_cursor_mogrify(cursor, sql, list, count, text, sizeof text, &length, &failure), status, state, part)
    open_cursor();
    FAILS("", params, 0, DBAPI_PROGRAMMING_ERROR, NULL, "empty");
    FAILS("%s", params, 0, DBAPI_PROGRAMMING_ERROR, NULL, "has 1 placeholders, but 0");
    FAILS("%s", params, 2, DBAPI_PROGRAMMING_ERROR, NULL, "has 1 placeholders, but 2");
    FAILS("%d", params, 1, DBAPI_PROGRAMMING_ERROR, NULL, "%d");
    FAILS("%(a)s", params, 1, DBAPI_PROGRAMMING_ERROR, NULL, "without names");
    FAILS(NULL, params, 1, DBAPI_PROGRAMMING_ERROR, NULL, "sql");
    FAILS("\xff", params, 0, DBAPI_PROGRAMMING_ERROR, "22021", "sql");
    FAILS("%s, %s", params, 2, DBAPI_DATA_ERROR, "22021", "parameter 2: ");
    FAILS("%s", params + 2, 1, DBAPI_DATA_ERROR, "22021", "UTF-8");
    FAILS("%s", params + 3, 1, DBAPI_DATA_ERROR, "22008", "date");
    FAILS("%s", &array, 1, DBAPI_PROGRAMMING_ERROR, NULL, "NULL");
    FAILS("%s", &odd, 1, DBAPI_PROGRAMMING_ERROR, NULL, "4711");
    FAILS("E'a'\n%s", &escape, 1, DBAPI_PROGRAMMING_ERROR, NULL, "go on the literal");
#undef FAILS
    CHECK_FAILS(dbapi_cursor_mogrify_named(cursor, "%(b)s", names, params, 1, text, sizeof text, &length, &failure),
                DBAPI_PROGRAMMING_ERROR, NULL, "%(b)s");
    CHECK_FAILS(dbapi_cursor_mogrify(cursor, "x", NULL, 0, NULL, 5, &length, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "buffer");
    CHECK_FAILS(dbapi_cursor_mogrify(NULL, "x", NULL, 0, text, sizeof text, &length, &failure), DBAPI_INTERFACE_ERROR, NULL,
                "cursor");
    CHECK_TEXT(text, "untouched");
    CHECK_SIZE(length, 77);
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    CHECK_FAILS(dbapi_cursor_mogrify(cursor, "x", NULL, 0, text, sizeof text, &length, &failure), DBAPI_INTERFACE_ERROR, NULL,
                "closed");
    close_cursor();
}

/* The end of the returned memory is followed by a page that nobody may touch. */
static char *guarded(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (size + page - 1) / page * page;
    char *memory = mmap(NULL, pages + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    CHECK_INT(mprotect(memory + pages, page, PROT_NONE), 0);
    return memory + pages - size;
}

static void the_buffer_is_never_overrun(void)
{
    const dbapi_value_t params[] = { DBAPI_TEXT("\xc3\xa9\xf0\x9f\x98\x80'") };
    static const char whole[] = "x '\xc3\xa9\xf0\x9f\x98\x80'''";
    const size_t full = sizeof whole - 1;
    open_cursor();
    for (size_t capacity = 0; capacity <= full + 2; capacity++) {
        char *buffer = guarded(capacity);
        size_t length = 0;
        CHECK_OK(dbapi_cursor_mogrify(cursor, "x %s", params, 1, capacity == 0 ? NULL : buffer, capacity, &length, &failure));
        CHECK_SIZE(length, full);
        if (capacity > 0) {
            size_t kept = strlen(buffer);
            CHECK(kept < capacity && memcmp(buffer, whole, kept) == 0);
            /* Cut at a character's end, and not before it has to be. */
            CHECK(((unsigned char)whole[kept] & 0xc0) != 0x80 && kept + 4 >= (capacity <= full ? capacity - 1 : full));
        }
    }
    close_cursor();
}

/* The last character's first byte is the last that may be read: nothing behind it is. */
static void counted_input_is_never_overread(void)
{
    static const char *const texts[] = { "", "'", "\\", "a\\", "''", "\xc3\xa9", "abc'" };
    static const char *const broken[] = { "\xc3", "a\xf0\x9f\x98", "'\xe2\x82" };
    open_cursor();
    for (size_t i = 0; i < COUNT(texts); i++) {
        size_t length = strlen(texts[i]);
        char *data = guarded(length);
        memcpy(data, texts[i], length);
        const dbapi_value_t params[] = { DBAPI_TEXT_N(data, length), DBAPI_BYTES(data, length), DBAPI_JSON(NULL),
                                         DBAPI_TYPED(25, DBAPI_TEXT_N(data, length)) };
        const dbapi_value_t same[] = { DBAPI_TEXT(texts[i]), DBAPI_BYTES(texts[i], length), DBAPI_NULL,
                                       DBAPI_TYPED(25, DBAPI_TEXT(texts[i])) };
        char expected[200];
        strcpy(expected, mogrify("%s,%s,%s,%s", same, 4));
        CHECK_TEXT(mogrify("%s,%s,%s,%s", params, 4), expected);
    }
    for (size_t i = 0; i < COUNT(broken); i++) {
        size_t length = strlen(broken[i]);
        char *data = guarded(length);
        memcpy(data, broken[i], length);
        const dbapi_value_t params[] = { DBAPI_TEXT_N(data, length) };
        CHECK_FAILS(dbapi_cursor_mogrify(cursor, "%s", params, 1, NULL, 0, NULL, &failure), DBAPI_DATA_ERROR, "22021", "UTF-8");
    }
    close_cursor();
}

/* ---- what the server reads ----------------------------------------------------------------------------- */

static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t below(uint64_t end)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % end;
}

static int64_t any_integer(void)
{
    int64_t number = (int64_t)(below(UINT64_MAX) >> below(64));
    return below(2) ? number : -number;
}

/* A text made of what literals break at. */
static size_t awkward_text(char *out)
{
    static const char *const pieces[] = {
        "'", "''", "\\", "\\'", "\\\\", "$$", "$a$", "--", "/*", "*/", "\"", "%s", "%%", "$1", ";", "\n", "\r", " ", "E'", "U&'",
        "\xc3\xa9", "\xf0\x9f\x98\x80", "\xe2\x82\xac", "a", "0", "-", "\\x41", "\\047", "\\u0027", "x'", "\t", "\x01", "\x7f", "::",
        "\xef\xbc\x87", "\xc2\xa5", "\xca\xbc",
    };
    size_t length = 0;
    for (uint64_t count = below(12); count > 0; count--) {
        const char *piece = pieces[below(COUNT(pieces))];
        memcpy(out + length, piece, strlen(piece));
        length += strlen(piece);
    }
    out[length] = '\0';
    return length;
}

/* 2 if the server is PostgreSQL 14, which can't read more hours than int4 counts; otherwise 1. */
static int64_t hours_divisor = 1;

/* A value of one of the kinds; `room` holds its text. */
static dbapi_value_t any_value(int32_t kind, char *room)
{
    static const int64_t day = INT64_C(86400000000);
    switch (kind) {
    case DBAPI_KIND_BOOL:
        return DBAPI_BOOL(below(2) == 1);
    case DBAPI_KIND_INT:
        return DBAPI_INT(below(50) == 0 ? INT64_MIN : any_integer());
    case DBAPI_KIND_FLOAT: {
        uint64_t bits = below(UINT64_MAX);
        double number;
        memcpy(&number, &bits, sizeof number);
        return DBAPI_FLOAT(below(2) ? number : ldexp((double)any_integer(), -(int)below(40)));
    }
    case DBAPI_KIND_NUMERIC: {
        static const char *const special[] = { "NaN", "Infinity", "-Infinity" };
        if (below(20) == 0) {
            return DBAPI_NUMERIC(special[below(COUNT(special))]);
        }
        sprintf(room, "%lld.%0*llu", (long long)any_integer() / 10, 1 + (int)below(18), (unsigned long long)below(10));
        return DBAPI_NUMERIC(room);
    }
    case DBAPI_KIND_TEXT:
        return DBAPI_TEXT_N(room, awkward_text(room));
    case DBAPI_KIND_BYTES: {
        size_t length = (size_t)below(40);
        for (size_t i = 0; i < length; i++) {
            room[i] = (char)below(256);
        }
        return DBAPI_BYTES(room, length);
    }
    case DBAPI_KIND_DATE:
        return DBAPI_DATE(below(20) == 0 ? INT64_MAX : (int64_t)below(4000000) - 2000000);
    case DBAPI_KIND_TIME:
        return DBAPI_TIME((int64_t)below((uint64_t)day + 1));
    case DBAPI_KIND_TIMETZ:
        return DBAPI_TIMETZ((int64_t)below((uint64_t)day + 1), (int32_t)below(2 * 57599) - 57599);
    case DBAPI_KIND_TIMESTAMP:
    case DBAPI_KIND_TIMESTAMPTZ: {
        dbapi_value_t value = DBAPI_TIMESTAMP(any_integer() / 50);
        value.kind = kind;
        return value;
    }
    case DBAPI_KIND_INTERVAL:
        return DBAPI_INTERVAL((int32_t)(any_integer() >> 32), (int32_t)(any_integer() >> 32), any_integer() / hours_divisor);
    case DBAPI_KIND_UUID:
        for (size_t i = 0; i < 16; i++) {
            room[i] = (char)below(256);
        }
        return DBAPI_UUID(room);
    default:
        return DBAPI_NULL;
    }
}

static void format(const dbapi_value_t *value, char *out, size_t capacity)
{
    size_t length = 0;
    CHECK_OK(dbapi_value_format(value, out, capacity, &length, &failure));
    CHECK(length < capacity);
}

/* Random values of all kinds, many a statement, in places where a literal that is not what it should be would
 * swallow its neighbours: the server gives each of them back. */
static void check_round_trips(const char *setting, int rounds)
{
    enum { KINDS = DBAPI_KIND_UUID, WIDTH = 3 * KINDS };
    /* The cast is from what the literal is, and changes nothing but an int's width and a numeric's type. */
    static const char *const casts[] = { "", "::bool", "::numeric", "::float8", "::numeric", "", "::bytea", "::date", "::time",
                                         "::timetz", "::timestamp", "::timestamptz", "::interval", "::uuid" };
    static char room[WIDTH][200], sql[WIDTH * 40], expected[1000], actual[1000];
    dbapi_value_t params[WIDTH];
    run(cursor, setting);
    for (int round = 0; round < rounds; round++) {
        char *end = sql + sprintf(sql, "SELECT");
        for (int i = 0; i < WIDTH; i++) {
            static const char *const styles[] = { "%s (%%s)%s", "%s/**/(\t%%s\n)%s" };
            int32_t kind = 1 + (int32_t)below(KINDS);
            params[i] = any_value(kind, room[i]);
            end += sprintf(end, styles[below(COUNT(styles))], i == 0 ? "" : ",", casts[kind]);
        }
        run(cursor, mogrify(sql, params, WIDTH));
        const dbapi_value_t *row = fetch_row(cursor);
        for (int i = 0; i < WIDTH; i++) {
            format(&params[i], expected, sizeof expected);
            format(&row[i], actual, sizeof actual);
            if (strcmp(expected, actual) != 0 && params[i].kind == DBAPI_KIND_FLOAT && params[i].as.floating == 0) {
                /* As a numeric, zero has no sign. */
                CHECK_INT(row[i].as.floating == 0, 1);
                continue;
            }
            if (params[i].kind == DBAPI_KIND_NUMERIC && strncmp(expected, "-0.", 3) == 0 && expected[0] != actual[0]) {
                check_text(CHECK_HERE, "a zero", actual, expected + 1);
                continue;
            }
            if (strcmp(expected, actual) != 0) {
                FAIL("%s: round %d, value %d of kind %d is %s, expected %s\n%s", setting, round, i, (int)params[i].kind, actual,
                     expected, mogrify("%s", &params[i], 1));
            }
        }
    }
}

static void the_server_reads_what_was_given(void)
{
    const int rounds = under_valgrind() ? 10 : 200;
    open_cursor();
    run(cursor, "SET TimeZone = 'UTC'");
    hours_divisor = dbapi_connection_server_version(connection) < 150000 ? 2 : 1;
    check_round_trips("SET standard_conforming_strings = on", rounds);
    check_round_trips("SET standard_conforming_strings = off", rounds);
    check_round_trips("SET IntervalStyle = sql_standard", rounds);
    check_round_trips("SET IntervalStyle = iso_8601", rounds);
    /* Only in binary do dates come back as such. */
    CHECK_OK(dbapi_cursor_set_result_format(cursor, DBAPI_FORMAT_BINARY, &failure));
    check_round_trips("SET DateStyle = 'SQL, DMY'", rounds);
    check_round_trips("SET TimeZone = 'Asia/Kolkata'", rounds);
    close_cursor();
}

/* Texts alone, as many as fit: each is its own neighbour. */
static void texts_in_all_places(void)
{
    static const char *const templates[] = {
        "SELECT %s||''||%s,%s",
        "SELECT -length(%s)||%s,/* '%%s' */%s",
        "SELECT 'it''s %%s'||%s,$$%%s$$||%s||\"%%s\",%s FROM (SELECT 'q') AS x(\"%%s\")",
        "SELECT E'\\'%%s'||%s,U&'a'||N'b'||%s,%s",
    };
    const int rounds = under_valgrind() ? 20 : 1000;
    char room[3][200];
    open_cursor();
    run(cursor, "SET escape_string_warning = off");
    for (int standard = 0; standard < 2; standard++) {
        run(cursor, standard ? "SET standard_conforming_strings = on" : "SET standard_conforming_strings = off");
        for (int round = 0; round < rounds; round++) {
            /* U&'' is not allowed with strings that are not standard. */
            const char *template = templates[below(standard ? 4 : 3)];
            dbapi_value_t params[3];
            for (size_t i = 0; i < 3; i++) {
                params[i] = DBAPI_TEXT_N(room[i], awkward_text(room[i]));
            }
            run(cursor, mogrify(template, params, 3));
            const dbapi_value_t *row = fetch_row(cursor);
            size_t columns = 0;
            dbapi_description(cursor, &columns);
            check_text(CHECK_HERE, template, row[columns - 1].as.text.data, room[2]);
            CHECK_CONTAINS(row[columns - 2].as.text.data, room[1]);
        }
    }
    close_cursor();
}

/* Every name that a cast may have is that of its oid. */
static void casts_name_the_type_of_the_oid(void)
{
    int64_t named = 0;
    open_cursor();
    dbapi_cursor_t *types = cursor_of(connection);
    run(types, "SELECT oid, typtype FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND oid < 10000");
    const dbapi_value_t *row = NULL;
    while (dbapi_fetchone(types, &row, &failure) == DBAPI_OK) {
        dbapi_value_t null = DBAPI_NULL;
        char expected[20];
        null.oid = (uint32_t)row[0].as.integer;
        snprintf(expected, sizeof expected, "%u", null.oid);
        const char *sql = mogrify("SELECT pg_typeof(%s)::oid", &null, 1);
        if (strstr(sql, "NULL::") != NULL) {
            CHECK_TEXT(query_text(cursor, sql), expected);
            named++;
        }
    }
    CHECK(named >= 140);
    /* Without its quotes it would be bit(1), to which this cast would cut it. */
    const dbapi_value_t bits[] = { DBAPI_TYPED(1560, DBAPI_TEXT("101")), DBAPI_TYPED(18, DBAPI_TEXT("x")) };
    CHECK_TEXT(query_text(cursor, mogrify("SELECT %s::text || pg_typeof(%s)", bits, 2)), "101\"char\"");
    dbapi_cursor_free(types);
    close_cursor();
}

static void *sleep_there(void *other)
{
    dbapi_status_t status = dbapi_execute(other, "SELECT pg_sleep(60)", NULL, 0, NULL);
    return status == DBAPI_OPERATIONAL_ERROR ? other : NULL;
}

/* Another thread's call on the connection is not waited for. */
static void a_call_in_progress_is_not_waited_for(void)
{
    const dbapi_value_t params[] = { DBAPI_TEXT("x") };
    pthread_t thread;
    void *cancelled = NULL;
    open_cursor();
    dbapi_cursor_t *other = cursor_of(connection);
    CHECK_INT(pthread_create(&thread, NULL, sleep_there, other), 0);
    wait_outside("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'", "1");
    CHECK_TEXT(mogrify("%s", params, 1), "'x'");
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_ACTIVE);
    CHECK_OK(dbapi_connection_cancel(connection, &failure));
    CHECK_INT(pthread_join(thread, &cancelled), 0);
    CHECK_PTR(cancelled, other);
    dbapi_cursor_free(other);
    close_cursor();
}

/* As psycopg2 adapts a list; what Python has no type for is its text with a cast. */
static void arrays_and_the_like(void)
{
    static const int32_t two[] = { 2 }, three[] = { 3 }, two_by_two[] = { 2, 2 }, from_0[] = { 0 };
    const dbapi_value_t numbers[] = { DBAPI_INT(1), DBAPI_INT(-2), DBAPI_NULL, DBAPI_INT(4) };
    const dbapi_value_t texts[] = { DBAPI_TEXT("a'b"), DBAPI_TEXT("c\\d") };
    const dbapi_value_t nothing[] = { DBAPI_NULL, DBAPI_NULL };
    const dbapi_array_t of_three = { .dimensions = 1, .lengths = three, .count = 3, .items = numbers };
    const dbapi_array_t of_four = { .dimensions = 2, .lengths = two_by_two, .count = 4, .items = numbers };
    const dbapi_array_t of_texts = { .dimensions = 1, .lengths = two, .count = 2, .items = texts };
    const dbapi_array_t of_nothing = { .dimensions = 1, .lengths = two, .count = 2, .items = nothing };
    const dbapi_array_t empty = { .element_oid = 23 };
    const dbapi_array_t shifted = { .dimensions = 1, .lengths = two, .lower_bounds = from_0, .count = 2, .items = numbers };
    dbapi_range_t range = { .subtype_oid = 23, .flags = DBAPI_RANGE_LOWER_INCLUSIVE };
    range.lower = DBAPI_INT(-1);
    open_cursor();
    CHECK_LITERAL(DBAPI_ARRAY(&of_three), "ARRAY[1, -2,NULL]");
    CHECK_LITERAL(DBAPI_ARRAY(&of_four), "ARRAY[ARRAY[1, -2],ARRAY[NULL,4]]");
    CHECK_LITERAL(DBAPI_ARRAY(&of_texts), "ARRAY['a''b','c\\d']");
    CHECK_LITERAL(DBAPI_ARRAY(&of_nothing), "'{NULL,NULL}'");
    CHECK_LITERAL(DBAPI_ARRAY(&empty), "'{}'");
    CHECK_LITERAL(DBAPI_ARRAY(&shifted), "'[0:1]={1,-2}'::int4[]");
    CHECK_LITERAL(DBAPI_RANGE(&range), "'[-1,)'::int4range");
    CHECK_LITERAL(DBAPI_POINT(1, -2.5), "'(1,-2.5)'::point");
    close_cursor();
}

CHECK_MAIN(CASE(every_kind_as_psycopg2_renders_it), CASE(arrays_and_the_like), CASE(without_standard_conforming_strings),
           CASE(statements_as_psycopg2_renders_them), CASE(what_cannot_be_rendered), CASE(the_buffer_is_never_overrun),
           CASE(counted_input_is_never_overread), CASE(the_server_reads_what_was_given), CASE(texts_in_all_places),
           CASE(casts_name_the_type_of_the_oid), CASE(a_call_in_progress_is_not_waited_for))
