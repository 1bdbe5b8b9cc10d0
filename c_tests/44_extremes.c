/* The largest values that PostgreSQL has, the smallest, and the deepest: in and out, in both formats, with what is
 * said of those beyond, and how much memory this process needs for them. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;

static const int32_t formats[] = { DBAPI_FORMAT_TEXT, DBAPI_FORMAT_BINARY };

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

/* By the extended protocol, which has both formats. */
static dbapi_status_t ask(int32_t format, const char *sql, const dbapi_value_t *params, size_t count)
{
    const dbapi_value_t none[] = { DBAPI_NULL };
    CHECK_OK(dbapi_cursor_set_result_format(cursor, format, &failure));
    return dbapi_execute(cursor, sql, params == NULL ? none : params, count, &failure);
}

/* ---- a gigabyte ------------------------------------------------------------------------------------------ */

enum { BLOCK = 65521 };

/* What large values are made of: the same block again and again, of bytes or of letters. The MD5s below are md5sum's,
 * of the same bytes made by another program. */
static void fill(char *memory, size_t length, bool letters)
{
    uint32_t state = 1;
    for (size_t i = 0; i < length && i < BLOCK; i++) {
        state = state * UINT32_C(1664525) + UINT32_C(1013904223);
        memory[i] = letters ? (char)('A' + (state >> 24) % 26) : (char)(unsigned char)(state >> 24);
    }
    for (size_t done = BLOCK; done < length; done += BLOCK) {
        memcpy(memory + done, memory, length - done < BLOCK ? length - done : BLOCK);
    }
}

static void check_filled(const dbapi_value_t *value, int32_t kind, size_t length, const char *block)
{
    CHECK_INT(value->kind, kind);
    CHECK_SIZE(value->as.text.length, length);
    CHECK_INT(value->as.text.data[length], 0);
    for (size_t done = 0; done < length; done += BLOCK) {
        if (memcmp(value->as.text.data + done, block, length - done < BLOCK ? length - done : BLOCK) != 0) {
            FAIL("other content behind byte %zu", done);
        }
    }
}

/* The most memory that this process has had since `forget_peak`, in MiB; -1 where the system does not say. */
static long peak(void)
{
    char line[200];
    long kib = -1;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        (void)sscanf(line, "VmHWM: %ld kB", &kib);
    }
    if (status != NULL) {
        fclose(status);
    }
    return kib < 0 ? -1 : kib / 1024;
}

static void forget_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file != NULL) {
        fputs("5", file);
        fclose(file);
    }
}

/* `most`: what the peak may be, in MiB: the copies that there must be, and 64 for all else. */
static void check_peak(const char *what, long most)
{
    long mib = peak();
    printf("    %s: at most %ld MiB\n", what, mib);
    if (mib > most + 64) {
        FAIL("%s: %ld MiB, not %ld", what, mib, most);
    }
}

static void skip_unless_there_is_room(void)
{
    char line[200];
    long kib = 0;
    if (sizeof(size_t) < 8) {
        SKIP("a 32-bit address space holds no such values");
    }
    FILE *meminfo = fopen("/proc/meminfo", "r");
    while (meminfo != NULL && fgets(line, sizeof line, meminfo) != NULL) {
        (void)sscanf(line, "MemAvailable: %ld kB", &kib);
    }
    if (meminfo != NULL) {
        fclose(meminfo);
    }
    if (kib != 0 && kib < 5L << 20) {
        SKIP("less than 5 GiB of memory are free: %ld MiB", kib / 1024);
    }
}

/* The longest that one Bind message carries: 1 GiB less what else is in it. What is longer is refused here. */
#define LONGEST_PARAMETER ((size_t)1073741803)
/* The longest bytea that a table takes, 52 bytes below the longest memory that the server gives a row (an INSERT of more
 * is its error XX000, "invalid memory alloc request size"); and the longest whose two hexadecimal digits a byte it
 * can send. Both are the server's limits, and so is that of a text in a row. */
#define LONGEST_STORED ((size_t)1073741771)
#define LONGEST_IN_HEX ((size_t)536870907)
#define LONGEST_TEXT ((size_t)1073741816)

static void refused_by_the_server(int32_t format, const char *sql, const char *sqlstate, dbapi_status_t status)
{
    dbapi_status_t outcome = ask(format, sql, NULL, 0);
    printf("    %s: %s\n", sql, outcome < 0 ? dbapi_error_message(failure) : "no error");
    CHECK_FAILS(outcome, status, sqlstate, NULL);
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
}

/* In: the program's value, and the message. Out: the message alone, which the value is a part of; in hexadecimal also
 * the bytes. No copy can be spared: a message is counted before it is sent, and the server sends a value in one. */
static void a_bytea_of_a_gigabyte(void)
{
    static char block[BLOCK];
    char sql[200];
    skip_unless_there_is_room();
    open_cursor();
    run(cursor, "CREATE TEMP TABLE t44_bytes (v bytea)");
    run(cursor, "ALTER TABLE t44_bytes ALTER v SET STORAGE EXTERNAL");
    forget_peak();
    char *memory = (char *)malloc(LONGEST_PARAMETER + 1);
    CHECK(memory != NULL);
    fill(memory, LONGEST_STORED, false);
    memcpy(block, memory, BLOCK);
    const dbapi_value_t param = DBAPI_BYTES(memory, LONGEST_STORED), longer = DBAPI_BYTES(memory, LONGEST_PARAMETER + 1);
    CHECK_FAILS(ask(DBAPI_FORMAT_BINARY, "SELECT length(%s)", &longer, 1), DBAPI_DATA_ERROR, "54000", "PostgreSQL accepts 1073741822");
    check_peak("a bytea that is too long", 1024);
    CHECK_OK(ask(DBAPI_FORMAT_BINARY, "INSERT INTO t44_bytes VALUES (%s)", &param, 1));
    check_peak("a bytea on its way in, and the program's own", 2 * 1024);
    free(memory);
    CHECK_OK(ask(DBAPI_FORMAT_BINARY, "SELECT length(v), md5(v) FROM t44_bytes", NULL, 0));
    CHECK_ROW(fetch_row(cursor), "1073741771", "74e036fcd81e90bf1b48d341a63b05f4");
    /* The message is not kept. */
    forget_peak();
    check_peak("after that", 0);
    CHECK_OK(ask(DBAPI_FORMAT_BINARY, "SELECT v FROM t44_bytes", NULL, 0));
    check_filled(fetch_row(cursor), DBAPI_KIND_BYTES, LONGEST_STORED, block);
    check_peak("a bytea in binary format", 1024);
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    forget_peak();
    check_peak("after that", 0);
    snprintf(sql, sizeof sql, "SELECT substr(v, 1, %zu) FROM t44_bytes", LONGEST_IN_HEX);
    CHECK_OK(ask(DBAPI_FORMAT_TEXT, sql, NULL, 0));
    check_filled(fetch_row(cursor), DBAPI_KIND_BYTES, LONGEST_IN_HEX, block);
    check_peak("a bytea of half that in text format", 1024 + 512);
    snprintf(sql, sizeof sql, "SELECT substr(v, 1, %zu) FROM t44_bytes", LONGEST_IN_HEX + 1);
    refused_by_the_server(DBAPI_FORMAT_TEXT, sql, "54000", DBAPI_OPERATIONAL_ERROR);
    refused_by_the_server(DBAPI_FORMAT_TEXT, "SELECT v FROM t44_bytes", "XX000", DBAPI_INTERNAL_ERROR);
    close_cursor();
}

static void a_text_of_a_gigabyte(void)
{
    static char block[BLOCK];
    const char *const names[] = { "t" };
    char sql[200];
    skip_unless_there_is_room();
    open_cursor();
    forget_peak();
    char *memory = (char *)malloc(LONGEST_PARAMETER);
    CHECK(memory != NULL);
    fill(memory, LONGEST_PARAMETER, true);
    const dbapi_value_t param = DBAPI_TEXT_N(memory, LONGEST_PARAMETER);
    CHECK_OK(dbapi_execute_named(cursor, "SELECT octet_length(%(t)s::text), md5(%(t)s::text)", names, &param, 1, &failure));
    CHECK_ROW(fetch_row(cursor), "1073741803", "6475c9b0e9aa05e3be85af6245aa0e88");
    check_peak("a text on its way in, and the program's own", 2 * 1024);
    free(memory);
    memset(block, 'x', sizeof block);
    for (size_t f = 0; f < COUNT(formats); f++) {
        run(cursor, "SELECT 1");
        forget_peak();
        snprintf(sql, sizeof sql, "SELECT repeat('x', %zu)", LONGEST_TEXT);
        CHECK_OK(ask(formats[f], sql, NULL, 0));
        check_filled(fetch_row(cursor), DBAPI_KIND_TEXT, LONGEST_TEXT, block);
        check_peak(formats[f] == DBAPI_FORMAT_TEXT ? "a text in text format" : "a text in binary format", 1024);
    }
    snprintf(sql, sizeof sql, "SELECT repeat('x', %zu)", LONGEST_TEXT + 1);
    refused_by_the_server(DBAPI_FORMAT_TEXT, sql, "54000", DBAPI_OPERATIONAL_ERROR);
    close_cursor();
}

/* Columns that are a gigabyte together, the first of them so long that no three bytes say its length. */
static void a_row_of_a_gigabyte(void)
{
    enum { COLUMNS = 7, EACH = 150 * 1000 * 1000 };
    static char block[COLUMNS][BLOCK];
    char sql[600], *end = sql + sprintf(sql, "SELECT NULL::int, 7");
    skip_unless_there_is_room();
    for (int i = 0; i < COLUMNS; i++) {
        memset(block[i], 'a' + i, BLOCK);
        end += sprintf(end, ", repeat('%c', %d)", 'a' + i, EACH + i);
    }
    sprintf(end, ", NULL::text, 'end'");
    open_cursor();
    forget_peak();
    CHECK_OK(ask(DBAPI_FORMAT_BINARY, sql, NULL, 0));
    const dbapi_value_t *row = fetch_row(cursor);
    CHECK_INT(row[0].kind, DBAPI_KIND_NULL);
    CHECK_INT(row[1].as.integer, 7);
    for (int i = 0; i < COLUMNS; i++) {
        check_filled(&row[2 + i], DBAPI_KIND_TEXT, (size_t)EACH + (size_t)i, block[i]);
    }
    CHECK_INT(row[2 + COLUMNS].kind, DBAPI_KIND_NULL);
    CHECK_TEXT(row[3 + COLUMNS].as.text.data, "end");
    check_peak("a row", (long)COLUMNS * EACH / (1 << 20));
    check_end(cursor);
    close_cursor();
}

/* ---- numbers --------------------------------------------------------------------------------------------- */

/* 131072 digits before the point and 16383 behind it, both ways, by either side's binding; and what is more. */
static void the_longest_numeric(void)
{
    enum { BEFORE = 131072, BEHIND = 16383 };
    static char digits[BEFORE + BEHIND + 4], text[sizeof digits];
    char *end = digits;
    *end++ = '-';
    for (int i = 0; i < BEFORE; i++) {
        *end++ = (char)('0' + (i * 7 + i / 10 + 1) % 10);
    }
    *end++ = '.';
    for (int i = 0; i < BEHIND; i++) {
        *end++ = (char)('0' + (i * 3 + i / 10 + 9) % 10);
    }
    *end = '\0';
    CHECK(digits[1] != '0');
    /* With its sign, without it, all of one side, and the smallest. */
    char *const first = digits + 1, *const point = strchr(digits, '.');
    open_cursor();
    for (int sample = 0; sample < 5; sample++) {
        char saved = *point;
        char *number = sample == 0 ? digits : first;
        if (sample == 2) {
            *point = '\0';
        } else if (sample == 3) {
            number = point - 1;
            *number = '0';
        } else if (sample == 4) {
            memset(point + 1, '0', BEHIND - 1);
            end[-1] = '1';
            number = point - 1;
        }
        const dbapi_value_t params[] = { DBAPI_NUMERIC(number) };
        for (int binding = 0; binding < 2; binding++) {
            CHECK_OK(dbapi_cursor_set_binding(cursor, binding == 0 ? DBAPI_BINDING_SERVER : DBAPI_BINDING_CLIENT, &failure));
            for (size_t f = 0; f < COUNT(formats); f++) {
                size_t length = 0;
                CHECK_OK(ask(formats[f], "SELECT (%s)::numeric", params, 1));
                const dbapi_value_t *row = fetch_row(cursor);
                CHECK_INT(row[0].kind, DBAPI_KIND_NUMERIC);
                CHECK_BYTES(row[0].as.text.data, row[0].as.text.length, number, strlen(number));
                CHECK_OK(dbapi_value_format(&row[0], text, sizeof text, &length, &failure));
                CHECK_BYTES(text, length, number, strlen(number));
            }
        }
        *point = saved;
    }
    /* By the server's judgement. */
    CHECK_OK(dbapi_cursor_set_binding(cursor, DBAPI_BINDING_SERVER, &failure));
    for (size_t f = 0; f < COUNT(formats); f++) {
        CHECK_OK(ask(formats[f], "SELECT -(10::numeric ^ 131071) - (10::numeric ^ 131071 - 1) / 3 - 1.5::numeric / 10::numeric ^ 16382", NULL, 0));
        const dbapi_value_t *row = fetch_row(cursor);
        CHECK_INT(row[0].kind, DBAPI_KIND_NUMERIC);
        dbapi_value_t param = row[0];
        dbapi_cursor_t *second = cursor_of(connection);
        CHECK_OK(dbapi_execute(second, "SELECT -(10::numeric ^ 131071) - (10::numeric ^ 131071 - 1) / 3 - 1.5::numeric / 10::numeric ^ 16382 = %s", &param, 1,
                               &failure));
        CHECK_INT(fetch_row(second)[0].as.boolean, true);
        dbapi_cursor_free(second);
    }
    /* A digit more before the point. */
    memset(digits, '1', BEFORE + 1);
    digits[BEFORE + 1] = '\0';
    CHECK_FAILS(ask(DBAPI_FORMAT_TEXT, "SELECT %s", (const dbapi_value_t[]){ DBAPI_NUMERIC(digits) }, 1), DBAPI_DATA_ERROR, "22003", "numeric");
    close_cursor();
}

/* ---- nothing --------------------------------------------------------------------------------------------- */

/* Empty is not NULL, in any of these. */
static void empty_values(void)
{
    const dbapi_array_t array = { 0, 0, NULL, NULL, 0, NULL };
    const dbapi_range_t range = { 23, DBAPI_RANGE_EMPTY, DBAPI_NULL, DBAPI_NULL };
    const dbapi_multirange_t multirange = { 3904, 0, NULL };
    const dbapi_bits_t bits = { 0, NULL };
    const dbapi_value_t none[] = { DBAPI_TEXT(""), DBAPI_TEXT_N(NULL, 0) };
    const dbapi_array_t of_empty = { 0, 1, NULL, NULL, 2, none };
    const struct {
        dbapi_value_t value;
        const char *type;
        int32_t kind;
        const char *text;
    } samples[] = {
        { DBAPI_TEXT(""), "text", DBAPI_KIND_TEXT, "" },
        { DBAPI_TEXT_N(NULL, 0), "varchar", DBAPI_KIND_TEXT, "" },
        { DBAPI_TEXT(""), "name", DBAPI_KIND_TEXT, "" },
        { DBAPI_TEXT(""), "char(1)", DBAPI_KIND_TEXT, " " },
        { DBAPI_TEXT(""), "\"char\"", DBAPI_KIND_TEXT, "" },
        { DBAPI_TEXT(""), "tsvector", DBAPI_KIND_TEXT, "" },
        { DBAPI_TEXT(""), "int2vector", DBAPI_KIND_TEXT, "" },
        { DBAPI_BYTES("", 0), "bytea", DBAPI_KIND_BYTES, "\\x" },
        { DBAPI_BYTES(NULL, 0), "bytea", DBAPI_KIND_BYTES, "\\x" },
        { DBAPI_TEXT(""), "bytea", DBAPI_KIND_BYTES, "\\x" },
        { DBAPI_BITS(&bits), "varbit", DBAPI_KIND_BITS, "" },
        { DBAPI_TEXT(""), "varbit", DBAPI_KIND_BITS, "" },
        { DBAPI_ARRAY(&array), "int4[]", DBAPI_KIND_ARRAY, "{}" },
        { DBAPI_ARRAY(&array), "text[]", DBAPI_KIND_ARRAY, "{}" },
        { DBAPI_ARRAY(&array), "jsonb[]", DBAPI_KIND_ARRAY, "{}" },
        { DBAPI_ARRAY(&array), "int4range[]", DBAPI_KIND_ARRAY, "{}" },
        { DBAPI_TEXT("{}"), "box[]", DBAPI_KIND_ARRAY, "{}" },
        { DBAPI_ARRAY(&of_empty), "text[]", DBAPI_KIND_ARRAY, "{\"\",\"\"}" },
        { DBAPI_ARRAY(&of_empty), "varchar[]", DBAPI_KIND_ARRAY, "{\"\",\"\"}" },
        { DBAPI_RANGE(&range), "int4range", DBAPI_KIND_RANGE, "empty" },
        { DBAPI_MULTIRANGE(&multirange), "int4multirange", DBAPI_KIND_MULTIRANGE, "{}" },
        { DBAPI_JSON("{}"), "jsonb", DBAPI_KIND_JSON, "{}" },
        { DBAPI_JSON("[]"), "json", DBAPI_KIND_JSON, "[]" },
    };
    open_cursor();
    for (size_t i = 0; i < COUNT(samples); i++) {
        for (size_t f = 0; f < COUNT(formats); f++) {
            for (int binding = 0; binding < 2; binding++) {
                char sql[200], text[40];
                CHECK_OK(dbapi_cursor_set_binding(cursor, binding == 0 ? DBAPI_BINDING_SERVER : DBAPI_BINDING_CLIENT, &failure));
                snprintf(sql, sizeof sql, "SELECT v, v::text, v IS NULL FROM (SELECT (%%s)::%s) AS x (v)", samples[i].type);
                if (ask(formats[f], sql, &samples[i].value, 1) != DBAPI_OK) {
                    FAIL("an empty %s: %s", samples[i].type, dbapi_error_message(failure));
                }
                const dbapi_value_t *row = fetch_row(cursor);
                check_int(CHECK_HERE, samples[i].type, row[0].kind, samples[i].kind);
                CHECK_INT(row[2].as.boolean, false);
                CHECK_OK(dbapi_value_format(&row[0], text, sizeof text, NULL, &failure));
                check_text(CHECK_HERE, samples[i].type, text, samples[i].text);
                if (row[0].kind == DBAPI_KIND_TEXT || row[0].kind == DBAPI_KIND_BYTES) {
                    CHECK(row[0].as.text.data != NULL);
                    CHECK_INT(row[0].as.text.data[row[0].as.text.length], 0);
                }
            }
        }
    }
    close_cursor();
}

/* ---- depth ----------------------------------------------------------------------------------------------- */

enum { DEEPEST = 40, TYPES = 38 };

/* t44.n0 (v text), and each t44.n<i> (v t44.n<i-1>): rows in rows. t44.a<i> are rows of arrays of rows. */
static void make_deep_types(void)
{
    char sql[200];
    run(cursor, "DROP SCHEMA IF EXISTS t44 CASCADE");
    run(cursor, "CREATE SCHEMA t44");
    run(cursor, "CREATE TYPE t44.n0 AS (v text)");
    run(cursor, "CREATE TYPE t44.a0 AS (v text)");
    for (int i = 1; i <= TYPES; i++) {
        snprintf(sql, sizeof sql, "CREATE TYPE t44.n%d AS (v t44.n%d)", i, i - 1);
        run(cursor, sql);
        snprintf(sql, sizeof sql, "CREATE TYPE t44.a%d AS (v t44.a%d[])", i, i - 1);
        run(cursor, sql);
    }
    /* Until it knows a type, a cursor gets it as text. */
    snprintf(sql, sizeof sql, "SELECT NULL::t44.n%d, NULL::t44.a%d", TYPES, DEEPEST / 2 + 2);
    run(cursor, sql);
}

/* A value of so many levels, written out. Each is free to be read while the next is made. */
static dbapi_value_t deep_row(int levels, dbapi_value_t innermost, dbapi_value_t *values, dbapi_composite_t *rows)
{
    dbapi_value_t value = innermost;
    for (int i = 0; i < levels; i++) {
        values[i] = value;
        rows[i] = (dbapi_composite_t){ 1, &values[i], NULL };
        value = DBAPI_COMPOSITE(&rows[i]);
    }
    return value;
}

/* Rows in rows. In text the quotes of each level double those within, so that is tried to where a value still is of
 * reasonable length; binary goes as deep as the library does. */
static void rows_within_rows(void)
{
    static dbapi_value_t values[DEEPEST + 4];
    static dbapi_composite_t rows[DEEPEST + 4];
    open_cursor();
    make_deep_types();
    for (int levels = 1; levels <= TYPES + 1; levels++) {
        for (size_t f = 0; f < COUNT(formats); f++) {
            char sql[1000], *end = sql + sprintf(sql, "SELECT ");
            if (formats[f] == DBAPI_FORMAT_TEXT && levels > 20) {
                continue;
            }
            for (int i = 0; i < levels; i++) {
                end += sprintf(end, "ROW(");
            }
            end += sprintf(end, "'a \"b\\'");
            for (int i = 0; i < levels; i++) {
                end += sprintf(end, ")");
            }
            sprintf(end, "::t44.n%d", levels - 1);
            CHECK_OK(ask(formats[f], sql, NULL, 0));
            const dbapi_value_t *value = fetch_row(cursor);
            for (int i = 0; i < levels; i++) {
                if (value->kind != DBAPI_KIND_COMPOSITE || value->as.composite->count != 1) {
                    FAIL("level %d of %d in format %d is of kind %d", i, levels, (int)formats[f], (int)value->kind);
                }
                CHECK(value->as.composite->names != NULL);
                CHECK_TEXT(value->as.composite->names[0], "v");
                value = value->as.composite->fields;
            }
            CHECK_INT(value->kind, DBAPI_KIND_TEXT);
            CHECK_TEXT(value->as.text.data, "a \"b\\");
            if (levels > 20) {
                continue;
            }
            /* And in again, where the server takes it apart. */
            const dbapi_value_t param = deep_row(levels, DBAPI_TEXT("a \"b\\"), values, rows);
            end = sql + sprintf(sql, "SELECT ");
            for (int i = 0; i < levels; i++) {
                end += sprintf(end, "(");
            }
            end += sprintf(end, "%%s::t44.n%d", levels - 1);
            for (int i = 0; i < levels; i++) {
                end += sprintf(end, ").v");
            }
            CHECK_OK(ask(formats[f], sql, &param, 1));
            CHECK_ROW(fetch_row(cursor), "a \"b\\");
        }
    }
    close_cursor();
}

/* The same of arrays of rows of arrays, where a level has two kinds of quotes. */
static void arrays_of_rows_of_arrays(void)
{
    open_cursor();
    make_deep_types();
    for (int levels = 1; levels <= DEEPEST / 2; levels++) {
        for (size_t f = 0; f < COUNT(formats); f++) {
            char sql[1000], *end = sql + sprintf(sql, "SELECT ");
            /* A backslash becomes four at each. */
            if (formats[f] == DBAPI_FORMAT_TEXT && levels > 10) {
                continue;
            }
            for (int i = 0; i < levels - 1; i++) {
                end += sprintf(end, "ROW(ARRAY[");
            }
            end += sprintf(end, "ROW('a \"b\\')::t44.a0");
            for (int i = 1; i < levels; i++) {
                end += sprintf(end, ", NULL])::t44.a%d", i);
            }
            CHECK_OK(ask(formats[f], sql, NULL, 0));
            const dbapi_value_t *value = fetch_row(cursor);
            static char text[1 << 22];
            size_t length = 0;
            if (levels <= 10) {
                CHECK_OK(dbapi_value_format(value, text, sizeof text, &length, &failure));
                CHECK(length < sizeof text);
            }
            for (int i = 1; i < levels; i++) {
                CHECK_INT(value->kind, DBAPI_KIND_COMPOSITE);
                value = value->as.composite->fields;
                CHECK_INT(value->kind, DBAPI_KIND_ARRAY);
                CHECK_SIZE(value->as.array->count, 2);
                CHECK_INT(value->as.array->items[1].kind, DBAPI_KIND_NULL);
                value = value->as.array->items;
            }
            CHECK_INT(value->kind, DBAPI_KIND_COMPOSITE);
            CHECK_TEXT(value->as.composite->fields[0].as.text.data, "a \"b\\");
            if (levels <= 10) {
                dbapi_cursor_t *second = cursor_of(connection);
                char compare[1200];
                snprintf(compare, sizeof compare, "SELECT (%s)::text = %%s", sql);
                CHECK_OK(dbapi_execute(second, compare, (const dbapi_value_t[]){ DBAPI_TEXT_N(text, length) }, 1, &failure));
                CHECK_INT(fetch_row(second)[0].as.boolean, true);
                dbapi_cursor_free(second);
            }
        }
    }
    close_cursor();
}

/* Deeper than the library goes: an error, and nothing is sent. (No server sends such a value as text: its quotes would
 * double beyond all measure. What a server may say in binary is 83_hostile_values'.) */
static void deeper_than_the_library_goes(void)
{
    static dbapi_value_t values[1000];
    static dbapi_composite_t rows[1000];
    open_cursor();
    const dbapi_value_t deep = deep_row(1000, DBAPI_TEXT("x"), values, rows);
    CHECK_FAILS(dbapi_execute(cursor, "SELECT (%s)::text", &deep, 1, &failure), DBAPI_PROGRAMMING_ERROR, ANY_SQLSTATE, "more than 40 levels deep");
    char text[10];
    size_t length = 0;
    CHECK_FAILS(dbapi_value_format(&deep, text, sizeof text, &length, &failure), DBAPI_PROGRAMMING_ERROR, ANY_SQLSTATE, "more than 40 levels deep");
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    close_cursor();
}

/* Within the depth, but with quotes that double to more than a value can have. */
static void deeper_than_its_text_can_be(void)
{
    static dbapi_value_t values[DEEPEST];
    static dbapi_composite_t rows[DEEPEST];
    skip_unless_there_is_room();
    open_cursor();
    forget_peak();
    long before = peak();
    const dbapi_value_t deep = deep_row(36, DBAPI_TEXT("a \"b\\"), values, rows);
    CHECK_FAILS(dbapi_execute(cursor, "SELECT (%s)::text", &deep, 1, &failure), DBAPI_DATA_ERROR, "54000", "longer than the 1073741822 bytes");
    /* The text of two levels, each of which grows by doubling. */
    check_peak("a text that doubles", before + 2 * 2048);
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    close_cursor();
}

CHECK_MAIN(CASE(a_bytea_of_a_gigabyte), CASE(a_text_of_a_gigabyte), CASE(a_row_of_a_gigabyte), CASE(the_longest_numeric), CASE(empty_values), CASE(rows_within_rows), CASE(arrays_of_rows_of_arrays), CASE(deeper_than_the_library_goes), CASE(deeper_than_its_text_can_be))
