/* Random values of every kind: bound by the server, and as literals, read back in both formats, they are equal by the
 * server's own judgement, and dbapi_value_format says what the server says. The numbers are the same in every run,
 * unless DBAPI_TEST_SEED gives others; what fails names its seed. DBAPI_TEST_ROUNDS: how many rounds, each of them a
 * value of every type. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;
static bool has_hstore;

/* ---- chance ---------------------------------------------------------------------------------------------- */

static uint64_t state;

static uint64_t bits64(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * UINT64_C(0x2545f4914f6cdd1d);
}

static uint32_t below(uint32_t end)
{
    return (uint32_t)((bits64() >> 32) % end);
}

static bool one_in(uint32_t count)
{
    return below(count) == 0;
}

/* From `low` to `high`: of all sizes, and the ends themselves. */
static int64_t between(int64_t low, int64_t high)
{
    switch (below(8)) {
    case 0:
        return low;
    case 1:
        return high;
    case 2:
        return low <= 0 && high >= 0 ? 0 : low;
    default: {
        uint64_t span = (uint64_t)high - (uint64_t)low;
        uint64_t number = bits64() >> below(64);
        return (int64_t)((uint64_t)low + (span == UINT64_MAX ? number : number % (span + 1)));
    }
    }
}

/* ---- memory for one round ---------------------------------------------------------------------------------- */

static struct {
    union {
        char bytes[1 << 20];
        int64_t aligned;
        double also;
    } memory;
    size_t used;
} pool;

static void *take(size_t size)
{
    void *memory = pool.memory.bytes + pool.used;
    pool.used += (size + 15) & ~(size_t)15;
    CHECK(pool.used <= sizeof pool.memory.bytes);
    memset(memory, 0, size);
    return memory;
}

/* ---- values of scalar types -------------------------------------------------------------------------------- */

/* What quoting goes wrong with, in any of the structures. */
static const char *random_text(void)
{
    static const char *const pieces[] = { "\"", "\\", "{", "}", "(", ")", "[", "]", ",", ";", " ", "\t", "\n", "\v", "\r", "NULL", "null", "=>", "\xc3\xa4",
                                          "\xf0\x9f\x90\x98", "\xc2\xa0", "'", "a", "%", "%s", "$1", "--", "/*", "E'", "empty", "\x7f", "\x01", "infinity", ":", "0" };
    char *text = (char *)take(60);
    for (uint32_t count = below(6); count > 0; count--) {
        strcat(text, pieces[below(COUNT(pieces))]);
    }
    return text;
}

static dbapi_value_t random_numeric(void)
{
    static const char *const special[] = { "NaN", "0", "0.0", "-0.00000000000000000001", "1e0", "10000", "9999.9999", "0.00010000" };
    if (one_in(6)) {
        return DBAPI_NUMERIC(special[below(COUNT(special) - 4) + (one_in(2) ? 4 : 0)]);
    }
    char *text = (char *)take(120), *end = text;
    if (one_in(2)) {
        *end++ = '-';
    }
    *end++ = (char)('1' + below(9));
    for (uint32_t digits = below(40); digits > 0; digits--) {
        *end++ = one_in(2) ? '0' : (char)('0' + below(10));
    }
    if (one_in(2)) {
        *end++ = '.';
        for (uint32_t digits = 1 + below(40); digits > 0; digits--) {
            *end++ = one_in(2) ? '0' : (char)('0' + below(10));
        }
    }
    return DBAPI_NUMERIC(text);
}

static double random_double(void)
{
    static const double special[] = { 0.0, -0.0, 1.0, 0.1, 1e15, 1e16, 1e-5, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 9007199254740993.0, 1e22, 1e23 };
    double number;
    uint64_t bits;
    switch (below(6)) {
    case 0:
        return special[below(COUNT(special))];
    case 1:
        return one_in(3) ? (double)NAN : one_in(2) ? (double)INFINITY : -(double)INFINITY;
    case 2:
        return (double)between(-1000000, 1000000) / 100;
    default:
        do {
            bits = bits64();
            memcpy(&number, &bits, sizeof number);
        } while (isnan(number));
        return number;
    }
}

static double random_float4(void)
{
    float number;
    do {
        uint32_t bits = (uint32_t)bits64();
        memcpy(&number, &bits, sizeof number);
    } while (isnan(number));
    return one_in(4) ? (double)((float)between(-1000, 1000) / 8) : (double)number;
}

/* Finite, and of few digits: what geometry adds up or compares within a tolerance. */
static double coordinate(void)
{
    return one_in(4) ? ldexp((double)between(-1000000, 1000000), (int)below(60) - 40) : (double)between(-1000, 1000) / 4;
}

enum { YEAR_4714_BC = -2440588, LAST_DATE = 2145031948, SECONDS_OF_DAY = 86400 };

/* One function for each type: a value of it. `oid` says which, where one serves several. */
static dbapi_value_t random_scalar(uint32_t oid)
{
    static const int64_t day = INT64_C(86400000000);
    switch (oid) {
    case 16:
        return DBAPI_BOOL(one_in(2));
    case 21:
        return DBAPI_INT(between(INT16_MIN, INT16_MAX));
    case 23:
        return DBAPI_INT(between(INT32_MIN, INT32_MAX));
    case 20:
        return DBAPI_INT(between(INT64_MIN, INT64_MAX));
    case 26:
    case 28:
    case 29:
        return DBAPI_INT(between(0, UINT32_MAX));
    case 5069:
        return DBAPI_INT(between(0, INT64_MAX));
    case 700:
        return DBAPI_FLOAT(random_float4());
    case 701:
        return DBAPI_FLOAT(random_double());
    case 1700:
        return random_numeric();
    case 25:
    case 1043:
        return DBAPI_TEXT(random_text());
    case 19: {
        char *text = (char *)take(64);
        /* At most 63 bytes. */
        strncpy(text, random_text(), 60);
        return DBAPI_TEXT(text);
    }
    case 1042: {
        /* Blanks at its end do not count. */
        char *text = (char *)take(64);
        snprintf(text, 64, "%sx", random_text());
        return DBAPI_TEXT(text);
    }
    case 17: {
        size_t length = below(40);
        unsigned char *bytes = (unsigned char *)take(length + 1);
        for (size_t i = 0; i < length; i++) {
            bytes[i] = (unsigned char)(one_in(3) ? '\\' : below(256));
        }
        return DBAPI_BYTES(bytes, length);
    }
    case 1082:
        return one_in(10) ? DBAPI_DATE(one_in(2) ? INT64_MAX : INT64_MIN) : DBAPI_DATE(one_in(2) ? between(-10000, 50000) : between(YEAR_4714_BC, LAST_DATE));
    case 1083:
        return DBAPI_TIME(between(0, day));
    case 1266:
        return DBAPI_TIMETZ(between(0, day), (int32_t)(one_in(2) ? between(-15, 15) * 3600 : between(-57599, 57599)));
    case 1114:
    case 1184: {
        /* From 4714 BC to 294246. */
        int64_t micros = one_in(10) ? (one_in(2) ? INT64_MAX : INT64_MIN)
                         : one_in(2) ? between(0, INT64_C(4102444800)) * 1000000 + (one_in(2) ? (int64_t)below(1000000) : 0)
                                     : between(INT64_C(-210866803200000000), INT64_C(9223371331200000000));
        return oid == 1114 ? DBAPI_TIMESTAMP(micros) : DBAPI_TIMESTAMPTZ(micros);
    }
    case 1186: {
        /* Far from where PostgreSQL 17 puts the infinities. */
        int32_t months = (int32_t)between(-2000000000, 2000000000), days = (int32_t)between(-2000000000, 2000000000);
        return DBAPI_INTERVAL(one_in(3) ? 0 : months, one_in(3) ? 0 : days, one_in(4) ? 0 : between(INT64_C(-3000000000000000), INT64_C(3000000000000000)));
    }
    case 2950: {
        uint64_t bytes[2] = { bits64(), one_in(4) ? 0 : bits64() };
        return DBAPI_UUID(bytes);
    }
    case 114:
    case 3802: {
        char *json = (char *)take(200);
        snprintf(json, 200, "{\"k\": [%d, null, true, {\"\": \"\\u00e4\\\"\\\\ ,{}\"}], \"n\": -1.5e%d}", (int)between(-1000, 1000), (int)below(20));
        return one_in(5) ? DBAPI_JSON(one_in(2) ? "null" : "\"a \\\"b\\\"\"") : DBAPI_JSON(json);
    }
    case 869:
    case 650: {
        dbapi_inet_t *inet = (dbapi_inet_t *)take(sizeof *inet);
        inet->family = one_in(2) ? 4 : 6;
        int most = inet->family == 4 ? 32 : 128;
        inet->prefix = (uint8_t)(one_in(3) ? most : (int)below((uint32_t)most + 1));
        for (int i = 0; i < most / 8; i++) {
            inet->address[i] = (uint8_t)(one_in(2) ? below(256) : 0);
        }
        for (int bit = oid == 650 ? inet->prefix : most; bit < most; bit++) {
            inet->address[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
        }
        return DBAPI_INET(inet);
    }
    case 1562:
    case 1560: {
        dbapi_bits_t *bits = (dbapi_bits_t *)take(sizeof *bits);
        uint8_t *bytes = (uint8_t *)take(16);
        bits->length = oid == 1560 ? 11 : below(100);
        for (size_t i = 0; i < (bits->length + 7) / 8; i++) {
            bytes[i] = (uint8_t)below(256);
        }
        bits->bytes = bytes;
        return DBAPI_BITS(bits);
    }
    case 600:
        return DBAPI_POINT(one_in(3) ? random_double() : coordinate(), coordinate());
    case 628:
    case 601:
    case 603:
    case 602:
    case 604:
    case 718: {
        static const int32_t shapes[] = { DBAPI_SHAPE_LSEG, DBAPI_SHAPE_PATH, DBAPI_SHAPE_BOX, DBAPI_SHAPE_POLYGON };
        dbapi_geometry_t *geometry = (dbapi_geometry_t *)take(sizeof *geometry);
        dbapi_point_t *points = (dbapi_point_t *)take(8 * sizeof *points);
        geometry->shape = oid == 628 ? DBAPI_SHAPE_LINE : oid == 718 ? DBAPI_SHAPE_CIRCLE : shapes[oid - 601];
        geometry->count = oid == 628 ? 0 : oid == 718 ? 1 : oid == 601 || oid == 603 ? 2 : 1 + below(8);
        geometry->closed = oid == 602 && one_in(2);
        for (size_t i = 0; i < geometry->count; i++) {
            points[i] = (dbapi_point_t){ coordinate(), coordinate() };
        }
        if (oid == 603) {
            /* The server puts the corners in order. */
            points[1] = (dbapi_point_t){ points[0].x - fabs(coordinate()), points[0].y - fabs(coordinate()) };
        }
        geometry->points = points;
        if (oid == 628) {
            geometry->numbers[0] = (double)between(1, 1000);
            geometry->numbers[1] = coordinate();
            geometry->numbers[2] = coordinate();
        } else if (oid == 718) {
            geometry->numbers[0] = fabs(coordinate());
        }
        return DBAPI_GEOMETRY(geometry);
    }
    default:
        FAIL("no random value of type %u", (unsigned)oid);
    }
    return DBAPI_NULL;
}

/* ---- the types --------------------------------------------------------------------------------------------- */

/* Each with its array's oid, and the range and multirange of it, if there are any. */
static const struct scalar {
    uint32_t oid, array, range, multirange;
    const char *name, *range_name;
} scalars[] = {
    { 16, 1000, 0, 0, "bool", NULL },
    { 21, 1005, 0, 0, "int2", NULL },
    { 23, 1007, 3904, 4451, "int4", "int4" },
    { 20, 1016, 3926, 4536, "int8", "int8" },
    { 26, 1028, 0, 0, "oid", NULL },
    { 28, 1011, 0, 0, "xid", NULL },
    { 29, 1012, 0, 0, "cid", NULL },
    { 5069, 271, 0, 0, "xid8", NULL },
    { 700, 1021, 0, 0, "float4", NULL },
    { 701, 1022, 0, 0, "float8", NULL },
    { 1700, 1231, 3906, 4532, "numeric", "num" },
    { 25, 1009, 0, 0, "text", NULL },
    { 1043, 1015, 0, 0, "varchar", NULL },
    { 19, 1003, 0, 0, "name", NULL },
    { 1042, 1014, 0, 0, "bpchar", NULL },
    { 17, 1001, 0, 0, "bytea", NULL },
    { 1082, 1182, 3912, 4535, "date", "date" },
    { 1083, 1183, 0, 0, "time", NULL },
    { 1266, 1270, 0, 0, "timetz", NULL },
    { 1114, 1115, 3908, 4533, "timestamp", "ts" },
    { 1184, 1185, 3910, 4534, "timestamptz", "tstz" },
    { 1186, 1187, 0, 0, "interval", NULL },
    { 2950, 2951, 0, 0, "uuid", NULL },
    { 114, 199, 0, 0, "json", NULL },
    { 3802, 3807, 0, 0, "jsonb", NULL },
    { 869, 1041, 0, 0, "inet", NULL },
    { 650, 651, 0, 0, "cidr", NULL },
    { 1562, 1563, 0, 0, "varbit", NULL },
    { 1560, 1561, 0, 0, "bit(11)", NULL },
    { 600, 1017, 0, 0, "point", NULL },
    { 628, 629, 0, 0, "line", NULL },
    { 601, 1018, 0, 0, "lseg", NULL },
    { 603, 1020, 0, 0, "box", NULL },
    { 602, 1019, 0, 0, "path", NULL },
    { 604, 1027, 0, 0, "polygon", NULL },
    { 718, 719, 0, 0, "circle", NULL },
};

static dbapi_value_t random_array(uint32_t element, uint32_t oid)
{
    dbapi_array_t *array = (dbapi_array_t *)take(sizeof *array);
    int32_t *numbers = (int32_t *)take(12 * sizeof *numbers);
    array->element_oid = element;
    array->dimensions = (int32_t)below(4);
    array->count = array->dimensions > 0;
    for (int32_t i = 0; i < array->dimensions; i++) {
        numbers[i] = 1 + (int32_t)below(3);
        numbers[6 + i] = one_in(2) ? 1 : (int32_t)between(-100000, 100000);
        array->count *= (size_t)numbers[i];
    }
    array->lengths = numbers;
    array->lower_bounds = numbers + 6;
    dbapi_value_t *items = (dbapi_value_t *)take((array->count + 1) * sizeof *items);
    for (size_t i = 0; i < array->count; i++) {
        items[i] = one_in(6) ? DBAPI_NULL : DBAPI_TYPED(element, random_scalar(element));
    }
    array->items = items;
    return DBAPI_TYPED(oid, DBAPI_ARRAY(array));
}

/* Of two bounds the lower one first, as the server sees it: numbers by their value. */
static bool in_order(const dbapi_value_t *low, const dbapi_value_t *high)
{
    if (low->kind != DBAPI_KIND_NUMERIC) {
        return low->as.integer < high->as.integer;
    }
    return strtod(low->as.text.data, NULL) < strtod(high->as.text.data, NULL);
}

static dbapi_range_t *random_range(const struct scalar *of)
{
    dbapi_range_t *range = (dbapi_range_t *)take(sizeof *range);
    range->subtype_oid = of->oid;
    range->lower = DBAPI_NULL;
    range->upper = DBAPI_NULL;
    if (one_in(8)) {
        range->flags = DBAPI_RANGE_EMPTY;
        return range;
    }
    dbapi_value_t low, high;
    do {
        low = random_scalar(of->oid);
        high = random_scalar(of->oid);
        /* The last of these has no successor, which the server makes of it. */
    } while (!in_order(&low, &high) || (of->oid != 1700 && high.as.integer != INT64_MAX && high.as.integer > INT32_MAX - 2 && of->oid == 23) ||
             (of->oid == 20 && high.as.integer > INT64_MAX - 2) || (of->oid == 1082 && high.as.integer != INT64_MAX && high.as.integer > LAST_DATE - 2));
    if (!one_in(4)) {
        range->lower = DBAPI_TYPED(of->oid, low);
        range->flags |= one_in(2) ? DBAPI_RANGE_LOWER_INCLUSIVE : 0;
    }
    if (!one_in(4)) {
        range->upper = DBAPI_TYPED(of->oid, high);
        range->flags |= one_in(2) ? DBAPI_RANGE_UPPER_INCLUSIVE : 0;
    }
    return range;
}

/* ---- there and back ---------------------------------------------------------------------------------------- */

static uint64_t seed;
static int round_number;
static size_t sent, compared;

#define LOST(type, ...)                                                                                       \
    do {                                                                                                      \
        printf("  DBAPI_TEST_SEED=%llu, round %d, %s\n", (unsigned long long)seed, round_number, type);     \
        FAIL(__VA_ARGS__);                                                                                    \
    } while (0)

/* Sends a value bound by the server, which answers with it and with its text; reads that in a format; writes it again;
 * then sends what was read, as a literal, beside the first. `canonical`: the server keeps it as it was sent, so that
 * what dbapi_value_format makes of the first is the server's text, too. */
static void check_value(dbapi_value_t value, const char *type, bool canonical, bool has_equality)
{
    static char sql[400], text[40000], ours[40000];
    size_t length = 0;
    dbapi_value_t params[2] = { value, value };
    CHECK_OK(dbapi_cursor_set_binding(cursor, DBAPI_BINDING_SERVER, &failure));
    CHECK_OK(dbapi_cursor_set_result_format(cursor, one_in(2) ? DBAPI_FORMAT_BINARY : DBAPI_FORMAT_TEXT, &failure));
    snprintf(sql, sizeof sql, "SELECT v, format('%%%%s', v) FROM (SELECT (%%s)::%s) AS x (v)", type);
    CHECK_OK(dbapi_value_format(&value, ours, sizeof ours, NULL, &failure));
    if (dbapi_execute(cursor, sql, params, 1, &failure) != DBAPI_OK) {
        LOST(type, "%.300s: %s", ours, dbapi_error_message(failure));
    }
    const dbapi_value_t *row = fetch_row(cursor);
    CHECK_OK(dbapi_value_format(&row[0], text, sizeof text, &length, &failure));
    CHECK(length < sizeof text);
    if (strcmp(text, row[1].as.text.data) != 0) {
        LOST(type, "formatted: %.300s, the server: %.300s", text, row[1].as.text.data);
    }
    if (canonical && strcmp(ours, row[1].as.text.data) != 0) {
        LOST(type, "sent: %.300s, the server: %.300s", ours, row[1].as.text.data);
    }
    sent++;

    /* The value that was read and the one that was sent, each bound in one of the two ways. */
    dbapi_cursor_t *second = cursor_of(connection);
    for (int binding = 0; binding < 2; binding++) {
        params[0] = binding == 0 ? row[0] : value;
        params[1] = binding == 0 ? value : row[0];
        CHECK_OK(dbapi_cursor_set_binding(second, binding == 0 ? DBAPI_BINDING_CLIENT : DBAPI_BINDING_SERVER, &failure));
        snprintf(sql, sizeof sql, has_equality ? "SELECT (%%s)::%s IS NOT DISTINCT FROM (%%s)::%s" : "SELECT format('%%%%s', (%%s)::%s) = format('%%%%s', (%%s)::%s)", type, type);
        if (dbapi_execute(second, sql, params, 2, &failure) != DBAPI_OK) {
            LOST(type, "%.300s again, %s: %s", text, binding == 0 ? "as a literal" : "bound", dbapi_error_message(failure));
        }
        const dbapi_value_t *answer = fetch_row(second);
        if (answer[0].kind != DBAPI_KIND_BOOL || !answer[0].as.boolean) {
            LOST(type, "%.300s is another value, %s", text, binding == 0 ? "as a literal" : "bound");
        }
        compared++;
    }
    dbapi_cursor_free(second);
}

static void check_all_types(void)
{
    char type[60];
    for (size_t i = 0; i < COUNT(scalars); i++) {
        const struct scalar *of = &scalars[i];
        /* json and points have no equality, and figures have one of areas: their text says more. */
        bool figure = (of->oid >= 600 && of->oid <= 604) || of->oid == 628 || of->oid == 718;
        bool has_equality = of->oid != 114 && !figure;
        pool.used = 0;
        dbapi_value_t value = random_scalar(of->oid);
        bool canonical = of->oid != 1700 && of->oid != 114 && of->oid != 3802;
        check_value(DBAPI_TYPED(of->oid, value), of->name, canonical, has_equality);
        /* A float's literal is a numeric, which has no negative zero; xids take no numbers. */
        bool by_kind = of->oid != 28 && of->oid != 29 && of->oid != 5069 && !(value.kind == DBAPI_KIND_FLOAT && value.as.floating == 0);
        if (by_kind) {
            /* Of a float4 and a cidr the text is another than of a float8 and an inet. */
            check_value(value, of->name, canonical && of->oid != 700 && of->oid != 650, has_equality);
        }
        pool.used = 0;
        snprintf(type, sizeof type, "%s[]", of->name);
        check_value(random_array(of->oid, of->array), type, canonical, has_equality);
        if (of->range != 0) {
            pool.used = 0;
            dbapi_range_t *range = random_range(of);
            snprintf(type, sizeof type, "%srange", of->range_name);
            check_value(DBAPI_TYPED(of->range, DBAPI_RANGE(range)), type, false, true);
            dbapi_multirange_t *multirange = (dbapi_multirange_t *)take(sizeof *multirange);
            dbapi_value_t *ranges = (dbapi_value_t *)take(4 * sizeof *ranges);
            multirange->range_oid = of->range;
            multirange->count = below(5);
            for (size_t r = 0; r < multirange->count; r++) {
                ranges[r] = DBAPI_TYPED(of->range, DBAPI_RANGE(random_range(of)));
            }
            multirange->ranges = ranges;
            snprintf(type, sizeof type, "%smultirange", of->range_name);
            check_value(DBAPI_TYPED(of->multirange, DBAPI_MULTIRANGE(multirange)), type, false, true);
        }
    }
}

/* A row of some of all types, among them arrays, a range and a row; and an array of such rows. */
static void check_rows(void)
{
    static const uint32_t fields[] = { 23, 25, 1700, 17, 1082, 1184, 1186, 2950, 3802, 869, 1562, 603, 701 };
    enum { INNER = COUNT(fields), ROWS = 3 };
    pool.used = 0;
    dbapi_value_t *items = (dbapi_value_t *)take(ROWS * sizeof *items);
    for (int r = 0; r < ROWS; r++) {
        dbapi_composite_t *inner = (dbapi_composite_t *)take(sizeof *inner), *outer = (dbapi_composite_t *)take(sizeof *outer);
        dbapi_value_t *values = (dbapi_value_t *)take(INNER * sizeof *values), *outside = (dbapi_value_t *)take(4 * sizeof *outside);
        for (size_t i = 0; i < INNER; i++) {
            values[i] = one_in(5) ? DBAPI_NULL : DBAPI_TYPED(fields[i], random_scalar(fields[i]));
        }
        *inner = (dbapi_composite_t){ INNER, values, NULL };
        outside[0] = one_in(5) ? DBAPI_NULL : DBAPI_COMPOSITE(inner);
        outside[1] = random_array(25, 1009);
        outside[2] = random_array(1114, 1115);
        outside[3] = DBAPI_TYPED(3926, DBAPI_RANGE(random_range(&scalars[3])));
        *outer = (dbapi_composite_t){ 4, outside, NULL };
        items[r] = DBAPI_COMPOSITE(outer);
    }
    check_value(items[0], "t49_random.outside", false, false);
    dbapi_array_t *array = (dbapi_array_t *)take(sizeof *array);
    *array = (dbapi_array_t){ 0, 1, NULL, NULL, ROWS, items };
    if (one_in(2)) {
        items[1] = DBAPI_NULL;
    }
    check_value(DBAPI_ARRAY(array), "t49_random.outside[]", false, false);
}

static void check_hstore(void)
{
    pool.used = 0;
    dbapi_hstore_t *hstore = (dbapi_hstore_t *)take(sizeof *hstore);
    dbapi_value_t *keys = (dbapi_value_t *)take(5 * sizeof *keys), *values = (dbapi_value_t *)take(5 * sizeof *values);
    hstore->count = below(5);
    for (size_t i = 0; i < hstore->count; i++) {
        /* Of keys that are the same one is kept. */
        char *key = (char *)take(70);
        snprintf(key, 70, "%zu%s", i, random_text());
        keys[i] = DBAPI_TEXT(key);
        values[i] = one_in(4) ? DBAPI_NULL : DBAPI_TEXT(random_text());
    }
    hstore->keys = keys;
    hstore->values = values;
    check_value(DBAPI_HSTORE(hstore), "hstore", false, true);
}

static void random_values_of_every_kind(void)
{
    const char *given = getenv("DBAPI_TEST_SEED"), *rounds = getenv("DBAPI_TEST_ROUNDS");
    int most = rounds != NULL ? atoi(rounds) : getenv("DBAPI_TEST_VALGRIND") != NULL ? 3 : 60;
    run_outside("DROP SCHEMA IF EXISTS t49_random CASCADE");
    run_outside("CREATE SCHEMA t49_random");
    run_outside("CREATE TYPE t49_random.inside AS (i int4, t text, n numeric, b bytea, d date, z timestamptz, s interval, u uuid, j jsonb, a inet, v varbit,"
                " x box, f float8)");
    run_outside("CREATE TYPE t49_random.outside AS (row t49_random.inside, texts text[], times timestamp[], numbers int8range)");
    connection = connect_test();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    cursor = cursor_of(connection);
    run(cursor, "SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres'; SET TimeZone = 'UTC'");
    has_hstore = strcmp(query_text(cursor, "SELECT count(*) FROM pg_available_extensions WHERE name = 'hstore'"), "1") == 0;
    if (has_hstore) {
        run_outside("CREATE EXTENSION IF NOT EXISTS hstore");
    }
    for (round_number = 0; round_number < most; round_number++) {
        seed = (given != NULL ? strtoull(given, NULL, 10) : UINT64_C(88172645463325252)) + (uint64_t)round_number;
        state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
        check_all_types();
        check_rows();
        if (has_hstore) {
            check_hstore();
        }
    }
    printf("    %zu values sent and read, %zu sent again\n", sent, compared);
    CHECK(rounds != NULL || most < 60 || sent > 5000);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    run_outside("DROP SCHEMA t49_random CASCADE");
}

CHECK_MAIN(CASE(random_values_of_every_kind))
