/* A hostile server's values: well-formed rows whose fields are not what their types say. Such a value is an
 * error when it is decoded, at the latest when it is fetched; it never is a value, and never harms. */
#include "connect.h"
#include "fake_server.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_FORMAT = 0, BINARY_FORMAT = 1 };

typedef struct field {
    uint32_t oid;
    const char *bytes;
    size_t length;
    const char *what;
} field;

#define FIELD(oid, text, what) { oid, text, sizeof(text) - 1, what }

/* What the extended protocol's messages get for answers: one row with this field, binary. */
static bool serve_binary(fake_server *fake, void *context)
{
    const field *one = context;
    const fake_message *message;
    fake_bytes answer = { .data = NULL };
    while ((message = fake_read(fake)) != NULL && message->type != 'X') {
        fake_bytes body = { .data = NULL };
        switch (message->type) {
        case 'P':
            fake_put_message(&answer, '1', NULL, 0);
            break;
        case 'B':
            fake_put_message(&answer, '2', NULL, 0);
            break;
        case 'C':
            fake_put_message(&answer, '3', NULL, 0);
            break;
        case 'D':
            if (message->body[0] == 'S') {
                fake_put_message(&answer, 't', "\0\0", 2);
            }
            fake_put_int16(&body, 1);
            fake_put_text(&body, "c");
            fake_put_int32(&body, 0);
            fake_put_int16(&body, 0);
            fake_put_int32(&body, one->oid);
            fake_put_int16(&body, 0xffff);
            fake_put_int32(&body, 0xffffffff);
            fake_put_int16(&body, message->body[0] == 'S' ? TEXT_FORMAT : BINARY_FORMAT);
            fake_put_message(&answer, 'T', body.data, body.length);
            break;
        case 'E':
            fake_put_int16(&body, 1);
            fake_put_int32(&body, (uint32_t)one->length);
            fake_put(&body, one->bytes, one->length);
            fake_put_message(&answer, 'D', body.data, body.length);
            fake_put_message(&answer, 'C', "SELECT 1", 9);
            break;
        case 'S':
            fake_put_message(&answer, 'Z', "I", 1);
            break;
        default:
            break;
        }
        fake_bytes_free(&body);
        if (message->type == 'S' || message->type == 'H') {
            fake_write(fake, answer.data, answer.length);
            answer.length = 0;
        }
    }
    fake_bytes_free(&answer);
    return message != NULL;
}

enum { REFUSED = -1 };

/* The server sends one value. It is refused, or arrives as the bytes it is, of another kind than its type's. */
static void check_value(const field *one, int format, int32_t kind)
{
    const dbapi_value_t none[] = { DBAPI_NULL };
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    fake_server *fake = fake_new();
    fake_greet(fake);
    if (format == BINARY_FORMAT) {
        fake_call(fake, serve_binary, (void *)one);
    } else {
        char copy[300];
        CHECK(one->length < sizeof copy);
        memcpy(copy, one->bytes, one->length);
        copy[one->length] = '\0';
        fake_expect(fake, 'Q', NULL);
        fake_send_columns(fake, 1, one->oid);
        fake_send_row(fake, 1, (const char *const[]){ copy });
        fake_send_complete(fake, "SELECT 1");
        fake_send_ready(fake, 'I');
        fake_silence(fake);
    }
    fake_start(fake);
    dbapi_connection_t *connection = connect_dsn(fake_dsn(fake));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_OK(dbapi_cursor_set_result_format(cursor, format, &failure));
    dbapi_status_t status = dbapi_execute(cursor, "SELECT 1", format == BINARY_FORMAT ? none : NULL, 0, &failure);
    if (status == DBAPI_OK) {
        status = dbapi_fetchall(cursor, &rows, &count, &failure);
    }
    if ((status < 0) != (kind == REFUSED)) {
        FAIL("%s: status %s, expected %s", one->what, status_name(status), kind == REFUSED ? "an error" : "a value");
    }
    if (kind == REFUSED) {
        CHECK(failure != NULL);
        clear_failure();
    } else {
        CHECK_INT(rows[0].kind, kind);
        CHECK_BYTES(rows[0].as.text.data, rows[0].as.text.length, one->bytes, one->length);
    }
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    fake_finish(fake);
}

static void check_refused(const field *one, int format)
{
    check_value(one, format, REFUSED);
}

static void binary_fields_of_the_wrong_size(void)
{
    static const struct {
        uint32_t oid;
        size_t size;
        const char *name;
    } fixed[] = {
        { 16, 1, "bool" },    { 21, 2, "int2" },      { 23, 4, "int4" },         { 20, 8, "int8" },         { 26, 4, "oid" },
        { 700, 4, "float4" }, { 701, 8, "float8" },   { 1082, 4, "date" },       { 1083, 8, "time" },       { 1266, 12, "timetz" },
        { 1114, 8, "timestamp" }, { 1184, 8, "timestamptz" }, { 1186, 16, "interval" }, { 2950, 16, "uuid" },
    };
    static const char zeroes[32];
    for (size_t i = 0; i < COUNT(fixed); i++) {
        size_t sizes[] = { 0, fixed[i].size - 1, fixed[i].size + 1 };
        for (size_t j = 0; j < COUNT(sizes); j++) {
            char what[60];
            snprintf(what, sizeof what, "%s of %zu bytes", fixed[i].name, sizes[j]);
            check_refused(&(field){ fixed[i].oid, zeroes, sizes[j], what }, BINARY_FORMAT);
        }
    }
}

static void binary_fields_with_wrong_contents(void)
{
    static const field fields[] = {
        FIELD(1700, "", "an empty numeric"),
        FIELD(1700, "\0\1\0\0\0\0", "a numeric without its scale"),
        FIELD(1700, "\0\1\0\0\0\0\0\0", "a numeric of one digit that is not there"),
        FIELD(1700, "\0\0\0\0\0\0\0\0\0\1", "a numeric with a digit too many"),
        FIELD(1700, "\xff\xff\0\0\0\0\0\0", "a numeric of -1 digits"),
        FIELD(1700, "\x7f\xff\0\0\0\0\0\0", "a numeric of 32767 digits that are not there"),
        FIELD(1700, "\0\1\0\0\x12\x34\0\0\0\1", "a numeric with an unknown sign"),
        FIELD(1700, "\0\1\0\0\0\0\0\0\x27\x10", "a numeric with a digit of 10000"),
        FIELD(1700, "\0\1\0\0\0\0\xff\xff\0\1", "a numeric of scale -1"),
        FIELD(3802, "", "an empty jsonb"),
        FIELD(3802, "\2{}", "a jsonb of version 2"),
        FIELD(1083, "\xff\xff\xff\xff\xff\xff\xff\xff", "a time below midnight"),
        FIELD(1083, "\0\0\0\x14\x1d\xd7\x60\x01", "a time past 24:00"),
    };
    for (size_t i = 0; i < COUNT(fields); i++) {
        check_refused(&fields[i], BINARY_FORMAT);
    }
}

static void text_fields_with_wrong_contents(void)
{
    static const field fields[] = {
        FIELD(16, "", "an empty bool"),
        FIELD(16, "x", "a bool x"),
        FIELD(23, "", "an empty int4"),
        FIELD(23, "-", "an int4 -"),
        FIELD(23, "12a", "an int4 12a"),
        FIELD(23, "99999999999999999999", "an int4 out of range"),
        FIELD(21, "32768", "an int2 out of range"),
        FIELD(701, "", "an empty float8"),
        FIELD(701, "1.5.5", "a float8 1.5.5"),
        FIELD(1700, "", "an empty numeric"),
        FIELD(1700, "12a", "a numeric 12a"),
        FIELD(17, "\\", "a bytea of one backslash"),
        FIELD(17, "\\x0", "a bytea of half a byte"),
        FIELD(17, "\\xzz", "a bytea of no hexadecimal digits"),
        FIELD(17, "\\0", "a bytea with half an escape"),
        FIELD(17, "\\400", "a bytea with an escape out of range"),
        FIELD(2950, "a0eebc99", "half a uuid"),
        FIELD(2950, "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a uuid with a g"),
    };
    for (size_t i = 0; i < COUNT(fields); i++) {
        check_refused(&fields[i], TEXT_FORMAT);
    }
}

/* In a style that is not read, it is the server's text; a wrong date it never is. */
static void dates_that_are_none_are_text(void)
{
    static const field fields[] = {
        FIELD(1082, "", "an empty date"),
        FIELD(1082, "2024-13-01", "a date of month 13"),
        FIELD(1082, "2024-02-30", "a date of day 30"),
        FIELD(1082, "2024-", "half a date"),
        FIELD(1083, "25:00:00", "a time of hour 25"),
        FIELD(1083, "12", "half a time"),
        FIELD(1114, "2024-01-01", "a timestamp without a time"),
        FIELD(1184, "2024-01-01 00:00:00+99", "a timestamptz of offset 99"),
        FIELD(1186, "1 fortnight", "an interval of an unknown unit"),
        FIELD(1186, "999999999999999999999 days", "an interval out of range"),
    };
    for (size_t i = 0; i < COUNT(fields); i++) {
        check_value(&fields[i], TEXT_FORMAT, DBAPI_KIND_TEXT);
    }
}

/* TEXT and JSON are always UTF-8. */
static void text_that_is_not_utf8_is_bytes(void)
{
    static const field fields[] = {
        FIELD(25, "\xff", "a text that is not UTF-8"),
        FIELD(1043, "half \xc3", "a varchar that ends amid a character"),
        FIELD(114, "\"\xff\"", "a json that is not UTF-8"),
    };
    for (size_t i = 0; i < COUNT(fields); i++) {
        check_value(&fields[i], TEXT_FORMAT, DBAPI_KIND_BYTES);
        check_value(&fields[i], BINARY_FORMAT, DBAPI_KIND_BYTES);
    }
}

/* ---- structured kinds ------------------------------------------------------------------------------------ */

/* What may be changed in a well-formed binary value: the counts, lengths, oids and flags of 32 bits in it. */
typedef struct structure {
    uint32_t oid;
    const char *bytes;
    size_t length;
    const char *what;
    const char *text;    /* what dbapi_value_format makes of it */
    const char *numbers; /* where they begin */
    size_t count;
} structure;

#define STRUCTURE(oid, bytes, text, numbers, what) { oid, bytes, sizeof(bytes) - 1, what, text, numbers, sizeof(numbers) - 1 }

#define INT4_ITEM(number) "\0\0\0\4\0\0\0" number
#define OID_INT4 "\0\0\0\27"
#define POINT_1_2 "\x3f\xf0\0\0\0\0\0\0\x40\0\0\0\0\0\0\0"

static const structure structures[] = {
    STRUCTURE(1007, "\0\0\0\1\0\0\0\0" OID_INT4 "\0\0\0\2\0\0\0\1" INT4_ITEM("\7") INT4_ITEM("\10"), "{7,8}", "\0\4\10\14\20\24\34", "int4[]"),
    STRUCTURE(1007, "\0\0\0\2\0\0\0\1" OID_INT4 "\0\0\0\1\0\0\0\1\0\0\0\2\0\0\0\1" INT4_ITEM("\7") "\xff\xff\xff\xff", "{{7,NULL}}",
              "\0\4\10\14\20\24\30\34\44", "int4[][]"),
    STRUCTURE(1009, "\0\0\0\1\0\0\0\0\0\0\0\31\0\0\0\1\0\0\0\1\0\0\0\3abc", "{abc}", "\0\4\10\14\20\24", "text[]"),
    STRUCTURE(3904, "\2" INT4_ITEM("\1") INT4_ITEM("\5"), "[1,5)", "\1\11", "int4range"),
    STRUCTURE(4451, "\0\0\0\1\0\0\0\21\2" INT4_ITEM("\1") INT4_ITEM("\5"), "{[1,5)}", "\0\4\11\21", "int4multirange"),
    STRUCTURE(2249, "\0\0\0\2" OID_INT4 INT4_ITEM("\7") "\0\0\0\31\0\0\0\1x", "(7,x)", "\0\4\10\20\24", "record"),
    STRUCTURE(869, "\2\30\0\4\12\1\2\3", "10.1.2.3/24", "\0", "inet"),
    STRUCTURE(1562, "\0\0\0\12\xa0\xc0", "1010000011", "\0", "varbit"),
    STRUCTURE(602, "\1\0\0\0\1" POINT_1_2, "((1,2))", "\1", "path"),
    STRUCTURE(604, "\0\0\0\1" POINT_1_2, "((1,2))", "\0", "polygon"),
    STRUCTURE(600, POINT_1_2, "(1,2)", "", "point"),
    STRUCTURE(601, POINT_1_2 POINT_1_2, "[(1,2),(1,2)]", "", "lseg"),
    STRUCTURE(603, POINT_1_2 POINT_1_2, "(1,2),(1,2)", "", "box"),
    STRUCTURE(718, POINT_1_2 "\x3f\xf0\0\0\0\0\0\0", "<(1,2),1>", "", "circle"),
    STRUCTURE(628, POINT_1_2 "\x3f\xf0\0\0\0\0\0\0", "{1,2,1}", "", "line"),
    STRUCTURE(1700, "\0\1\0\0\0\0\0\1\0\7", "7.0", "\0\4", "numeric"),
    STRUCTURE(1186, "\0\0\0\0\0\0\0\1\0\0\0\2\0\0\0\1", "1 mon 2 days 00:00:00.000001", "\0\4\10\14", "interval"),
    STRUCTURE(1266, "\0\0\0\0\0\0\0\1\xff\xff\xf1\xf0", "00:00:00.000001+01", "\0\4\10", "timetz"),
    STRUCTURE(2950, "0123456789abcdef", "30313233-3435-3637-3839-616263646566", "\0\14", "uuid"),
    STRUCTURE(3802, "\1[1]", "[1]", "\0", "jsonb"),
    STRUCTURE(20000, "\0\0\0\1\0\0\0\1k\0\0\0\1v", "\"k\"=>\"v\"", "\0\4\11", "hstore"),
};

/* What every query gets for an answer, described as of this format; if it asks what a type is, then that type 20000 is
 * an hstore. */
typedef struct answers {
    field one;
    int format;
} answers;

static void put_columns(fake_bytes *answer, size_t count, uint32_t oid, int format)
{
    fake_bytes body = { .data = NULL };
    fake_put_int16(&body, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        fake_put_text(&body, "c");
        fake_put_int32(&body, 0);
        fake_put_int16(&body, 0);
        fake_put_int32(&body, oid);
        fake_put_int16(&body, 0xffff);
        fake_put_int32(&body, 0xffffffff);
        fake_put_int16(&body, (uint16_t)format);
    }
    fake_put_message(answer, 'T', body.data, body.length);
    fake_bytes_free(&body);
}

static bool serve_answers(fake_server *fake, void *context)
{
    static const char *const hstore[] = { "20000", "b", "0", ",", "0", "0", "hstore" };
    const answers *given = context;
    const fake_message *message;
    while ((message = fake_read(fake)) != NULL && message->type == 'Q') {
        bool asks_for_types = strstr((const char *)message->body, "pg_catalog") != NULL;
        fake_bytes answer = { .data = NULL }, row = { .data = NULL };
        if (asks_for_types) {
            put_columns(&answer, COUNT(hstore), 25, TEXT_FORMAT);
            fake_put_int16(&row, COUNT(hstore));
            for (size_t i = 0; i < COUNT(hstore); i++) {
                fake_put_int32(&row, (uint32_t)strlen(hstore[i]));
                fake_put(&row, hstore[i], strlen(hstore[i]));
            }
        } else {
            put_columns(&answer, 1, given->one.oid, given->format);
            fake_put_int16(&row, 1);
            fake_put_int32(&row, (uint32_t)given->one.length);
            fake_put(&row, given->one.bytes, given->one.length);
        }
        fake_put_message(&answer, 'D', row.data, row.length);
        fake_put_message(&answer, 'C', "SELECT 1", 9);
        if (asks_for_types) {
            put_columns(&answer, 0, 0, 0);
            fake_put_message(&answer, 'C', "SELECT 0", 9);
        }
        fake_put_message(&answer, 'Z', "I", 1);
        fake_write(fake, answer.data, answer.length);
        fake_bytes_free(&row);
        fake_bytes_free(&answer);
    }
    return message != NULL && message->type == 'X';
}

/* One session, and any number of values in it. They come as from a cursor that SQL declared BINARY, so that all types
 * can be binary, not only those that are asked for so. */
static fake_server *lying;
static answers given;
static dbapi_connection_t *lied_to;
static dbapi_cursor_t *asking;

static void begin_lying(int format)
{
    lying = fake_new();
    fake_greet(lying);
    fake_call(lying, serve_answers, &given);
    fake_start(lying);
    given.format = format;
    lied_to = connect_dsn(fake_dsn(lying));
    CHECK_OK(dbapi_connection_set_autocommit(lied_to, true, &failure));
    asking = cursor_of(lied_to);
}

static void end_lying(void)
{
    dbapi_cursor_free(asking);
    dbapi_connection_free(lied_to);
    fake_finish(lying);
}

/* Whether the value was taken, and its text (not if there is no room for it), or what was wrong with it. The connection lives on either way. */
static bool taken(uint32_t oid, const char *bytes, size_t length, char *text, size_t capacity)
{
    const dbapi_value_t *row = NULL;
    given.one = (field){ oid, bytes, length, "" };
    CHECK_OK(dbapi_execute(asking, "SELECT 1", NULL, 0, &failure));
    dbapi_status_t status = dbapi_fetchone(asking, &row, &failure);
    if (status < 0) {
        CHECK(failure != NULL);
        if (capacity > 0) {
            snprintf(text, capacity, "%s", dbapi_error_message(failure));
        }
        clear_failure();
        CHECK_INT(dbapi_connection_closed(lied_to), 0);
        return false;
    }
    if (capacity > 0) {
        CHECK_OK(dbapi_value_format(&row[0], text, capacity, NULL, &failure));
    }
    return true;
}

/* Numbers that are counts, lengths, dimensions, flags and oids, each replaced by what it must not be. What is taken
 * for a value all the same must say so: a length that is another, well-formed value. */
static void lying_numbers_in_binary_structures(void)
{
    char bytes[120], text[400];
    int lies_told = 0, lies_taken = 0;
    begin_lying(BINARY_FORMAT);
    for (size_t i = 0; i < COUNT(structures); i++) {
        const structure *one = &structures[i];
        CHECK(one->length < sizeof bytes);
        if (!taken(one->oid, one->bytes, one->length, text, sizeof text)) {
            FAIL("an honest %s: %s", one->what, text);
        }
        check_text(CHECK_HERE, one->what, text, one->text);
        /* Shorter, and longer by a byte or four. */
        for (size_t length = 0; length < one->length + 5; length++) {
            memset(bytes, 0, sizeof bytes);
            memcpy(bytes, one->bytes, one->length < length ? one->length : length);
            bool whole = length == one->length;
            /* A jsonb and a varbit say no length of their own: theirs is the cell's. */
            bool cell_says = one->oid == 3802;
            if (taken(one->oid, bytes, length, text, sizeof text) != whole && !(cell_says && length > 0)) {
                FAIL("%s of %zu bytes, not %zu: %s", one->what, length, one->length, text);
            }
        }
        for (size_t n = 0; n < one->count; n++) {
            size_t at = (unsigned char)one->numbers[n];
            size_t left = one->length - at - 4;
            const uint32_t lies[] = { 0, UINT32_MAX, UINT32_MAX - 1, INT32_MAX, UINT32_C(0x80000000), (uint32_t)left - 1, (uint32_t)left, (uint32_t)left + 1,
                                      UINT32_C(0x00ffffff), UINT32_C(0x40000000), UINT32_C(0x10000) };
            for (size_t l = 0; l < COUNT(lies); l++) {
                memcpy(bytes, one->bytes, one->length);
                for (int b = 0; b < 4; b++) {
                    bytes[at + (size_t)b] = (char)(lies[l] >> (24 - 8 * b) & 0xff);
                }
                if (memcmp(bytes, one->bytes, one->length) == 0) {
                    continue;
                }
                lies_told++;
                if (taken(one->oid, bytes, one->length, text, sizeof text)) {
                    lies_taken++;
                    /* Another value, of which nothing is left out: it is not the text of the honest one. */
                    if (strcmp(text, one->text) == 0) {
                        FAIL("%s with 0x%lx at %zu is still %s", one->what, (unsigned long)lies[l], at, text);
                    }
                    printf("    %s with 0x%lx at %zu: %s\n", one->what, (unsigned long)lies[l], at, text);
                }
            }
        }
    }
    printf("    %d of %d were values\n", lies_taken, lies_told);
    CHECK(lies_told > 500);
    CHECK(lies_taken < lies_told / 2);
    end_lying();
}

/* Every byte of every structure, each with a few other values: an error, or a value that the format shows whole. */
static void every_byte_of_binary_structures(void)
{
    char bytes[120], text[400];
    begin_lying(BINARY_FORMAT);
    for (size_t i = 0; i < COUNT(structures); i++) {
        const structure *one = &structures[i];
        for (size_t at = 0; at < one->length; at++) {
            static const unsigned char flips[] = { 0x01, 0x80, 0xff, 0x02, 0x10, 0x40, 0x04 };
            for (size_t f = 0; f < COUNT(flips); f++) {
                memcpy(bytes, one->bytes, one->length);
                bytes[at] = (char)((unsigned char)bytes[at] ^ flips[f]);
                (void)taken(one->oid, bytes, one->length, text, sizeof text);
            }
        }
    }
    end_lying();
}

/* Flags, families, dimensions and versions that there are not. */
static void binary_structures_of_unknown_forms(void)
{
    static const field fields[] = {
        FIELD(1007, "\0\0\0\7\0\0\0\0" OID_INT4, "an array of 7 dimensions"),
        FIELD(1007, "\0\0\0\1\0\0\0\2" OID_INT4 "\0\0\0\1\0\0\0\1" INT4_ITEM("\1"), "an array with flags 2"),
        FIELD(1007, "\0\0\0\1\0\0\0\0\0\0\0\31\0\0\0\1\0\0\0\1\0\0\0\4abcd", "an int4[] of texts"),
        FIELD(1007, "\0\0\0\1\0\0\0\0" OID_INT4 "\0\0\0\1\x7f\xff\xff\xff\0\0\0\4\0\0\0\1\0", "an array with a byte behind it"),
        FIELD(1007, "\0\0\0\1\0\0\0\0" OID_INT4 "\0\0\0\2\x7f\xff\xff\xff" INT4_ITEM("\1") INT4_ITEM("\2"), "an array whose upper bound overflows"),
        FIELD(1007, "\0\0\0\2\0\0\0\0" OID_INT4 "\0\1\0\0\0\0\0\1\0\1\0\0\0\0\0\1", "an array of 65536 by 65536"),
        FIELD(1007, "\0\0\0\6\0\0\0\0" OID_INT4 "\0\0\x10\0\0\0\0\1\0\0\x10\0\0\0\0\1\0\0\x10\0\0\0\0\1\0\0\x10\0\0\0\0\1\0\0\x10\0\0\0\0\1\0\0\x10\0\0\0\0\1",
              "an array of 4096 to the power of 6"),
        FIELD(1007, "\0\0\0\1\0\0\0\0" OID_INT4 "\0\0\0\1\0\0\0\1\xff\xff\xff\xff", "a NULL in an array that says it has none"),
        FIELD(3904, "\x40" INT4_ITEM("\1") INT4_ITEM("\5"), "a range with unknown flags"),
        FIELD(3904, "\1" INT4_ITEM("\1"), "an empty range with a bound"),
        FIELD(3904, "\x18" INT4_ITEM("\1"), "an unbounded range with a bound"),
        FIELD(869, "\4\30\0\4\12\1\2\3", "an inet of family 4"),
        FIELD(869, "\2\41\0\4\12\1\2\3", "an inet of 33 bits"),
        FIELD(869, "\2\30\0\5\12\1\2\3", "an inet of 5 bytes, of which 4 are there"),
        FIELD(869, "\3\x81\0\20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", "an inet of 129 bits"),
        FIELD(869, "\3\30\0\4\12\1\2\3", "an IPv6 address of 4 bytes"),
        FIELD(1562, "\xff\xff\xff\xff", "a varbit of -1 bits"),
        FIELD(1562, "\0\0\0\11\xff", "a varbit of 9 bits in a byte"),
        FIELD(1562, "\0\0\0\7\xff\xff", "a varbit of 7 bits in two bytes"),
        FIELD(602, "\2\0\0\0\1" POINT_1_2, "a path neither open nor closed"),
        FIELD(602, "\1\0\0\0\0", "a path of no points"),
        FIELD(604, "\x7f\xff\xff\xff" POINT_1_2, "a polygon of 2147483647 points"),
        FIELD(1266, "\0\0\0\0\0\0\0\1\0\1\0\0", "a timetz 18 hours west"),
        FIELD(1266, "\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", "a timetz before midnight"),
        FIELD(3802, "\2[1]", "a jsonb of version 2"),
        FIELD(3802, "\0[1]", "a jsonb of version 0"),
        FIELD(20000, "\0\0\0\1\xff\xff\xff\xff\0\0\0\1v", "an hstore with a NULL for a key"),
    };
    char text[400];
    begin_lying(BINARY_FORMAT);
    for (size_t i = 0; i < COUNT(fields); i++) {
        if (taken(fields[i].oid, fields[i].bytes, fields[i].length, text, sizeof text)) {
            FAIL("%s: %s", fields[i].what, text);
        }
    }
    end_lying();
}

/* Rows in rows as deep as a message is long: refused, before the stack is used up. */
static void endless_nesting_in_binary(void)
{
    enum { LEVELS = 20000, EACH = 12 };
    static unsigned char bytes[LEVELS * EACH + 4];
    char text[400];
    begin_lying(BINARY_FORMAT);
    for (int levels = 1; levels <= LEVELS; levels = levels < 60 ? levels + 1 : levels * 8) {
        size_t length = 0;
        for (int i = levels - 1; i >= 0; i--) {
            fake_bytes level = { .data = NULL };
            fake_put_int32(&level, 1);
            fake_put_int32(&level, 2249);
            fake_put_int32(&level, (uint32_t)((size_t)i * EACH + 4));
            memcpy(bytes + length, level.data, EACH);
            length += EACH;
            fake_bytes_free(&level);
        }
        memset(bytes + length, 0, 4);
        /* The text of many levels has more quotes than can be. */
        bool readable = levels <= 5;
        bool fits = taken(2249, (const char *)bytes, length + 4, text, readable ? sizeof text : 0);
        if (fits != (levels < 40)) {
            FAIL("%d levels: %s", levels, fits ? "taken" : text);
        }
        if (readable) {
            static const char *const texts[] = { "(\"()\")", "(\"(\"\"()\"\")\")", "(\"(\"\"(\"\"\"\"()\"\"\"\")\"\")\")" };
            if (levels <= 3) {
                CHECK_TEXT(text, texts[levels - 1]);
            }
        }
    }
    CHECK_ERROR(dbapi_fetchone(asking, &(const dbapi_value_t *){ NULL }, &failure), DBAPI_NOT_SUPPORTED_ERROR, ANY_SQLSTATE,
                "more than 40 levels deep: cast it to text");
    clear_failure();
    end_lying();
}

/* In text: refused, or the text that it is. Whatever is taken is written again as it came. */
static void malformed_structures_in_text(void)
{
    static const field fields[] = {
        FIELD(1007, "", "an empty array"), FIELD(1007, "{", "{"), FIELD(1007, "}", "}"), FIELD(1007, "{1", "{1"), FIELD(1007, "{1,", "{1,"), FIELD(1007, "{1,}", "{1,}"),
        FIELD(1007, "{{1}", "{{1}"), FIELD(1007, "{1}}", "{1}}"), FIELD(1007, "{{1},{2,3}}", "uneven"), FIELD(1007, "{{1},2}", "mixed"), FIELD(1007, "{\"1", "a quote"),
        FIELD(1007, "{\"1\\", "a backslash"), FIELD(1007, "{1}x", "behind it"), FIELD(1007, "[1:2]={1}", "bounds of two"), FIELD(1007, "[2:1]={}", "bounds of none"),
        FIELD(1007, "[1:99999999999]={1}", "wide bounds"), FIELD(1007, "[-2147483648:2147483647]={1}", "bounds that overflow"), FIELD(1007, "[1:1]{1}", "no ="),
        FIELD(1007, "[1:1][1:1]={1}", "bounds of two dimensions"), FIELD(1007, "{{{{{{{1}}}}}}}", "7 dimensions"), FIELD(1007, "{a}", "an a"), FIELD(1007, "{1,\0}", "a NUL"),
        FIELD(1007, "{1;2}", ";"), FIELD(1007, "{\"\"}", "an empty item"), FIELD(1009, "{a\"b\"}", "quotes within"), FIELD(1009, "{a\\}", "an escape without quotes"),
        FIELD(1009, "{\"a\\\"}", "an escaped end"), FIELD(3904, "", "an empty range"), FIELD(3904, "[1,5", "no end"), FIELD(3904, "[1)", "no comma"), FIELD(3904, "1,5)", "no begin"),
        FIELD(3904, "[1,5)x", "behind it"), FIELD(3904, "[a,5)", "an a"), FIELD(3904, "[\"1,5)", "a quote"), FIELD(3904, "[1,2,3)", "three bounds"), FIELD(3904, "emptyx", "emptyx"),
        FIELD(4451, "", "an empty multirange"), FIELD(4451, "{[1,2)", "no end"), FIELD(4451, "{[1,2)[3,4)}", "no comma"), FIELD(4451, "{[1,2),}", "a comma"), FIELD(4451, "{x}", "an x"),
        FIELD(2249, "", "an empty record"), FIELD(2249, "(", "("), FIELD(2249, "(1", "(1"), FIELD(2249, "(1,2", "(1,2"), FIELD(2249, "(\"1", "a quote"), FIELD(2249, "(1)x", "behind it"),
        FIELD(2249, "(a\"b)", "a quote within"), FIELD(2249, "(a\\)", "an escape"), FIELD(869, "", "an empty inet"), FIELD(869, "1.2.3", "three parts"), FIELD(869, "1.2.3.256", "256"),
        FIELD(869, "1.2.3.4/33", "33 bits"), FIELD(869, "1.2.3.4/", "no bits"), FIELD(869, ":::", ":::"), FIELD(869, "1::2::3", "twice ::"), FIELD(869, "::1/129", "129 bits"),
        FIELD(869, "12345::", "five digits"), FIELD(869, "1:2:3:4:5:6:7:8:9", "nine parts"), FIELD(1562, "012", "a 2"), FIELD(1562, " 01", "a blank"), FIELD(602, "", "an empty path"),
        FIELD(602, "((1,2)", "no end"), FIELD(602, "(1,2)]", "another end"), FIELD(602, "()", "no points"), FIELD(602, "((1))", "half a point"), FIELD(600, "", "an empty point"),
        FIELD(600, "(1,2", "no end"), FIELD(600, "(1,2,3)", "three"), FIELD(600, "(a,2)", "an a"), FIELD(603, "(1,2)", "one corner"), FIELD(604, "((1,2),)", "a comma"),
        FIELD(628, "{1,2}", "two numbers"), FIELD(718, "<(1,2)>", "no radius"), FIELD(718, "<(1,2),3", "no end"), FIELD(601, "[(1,2)]", "one point"), FIELD(1700, "1e1000000", "an exponent"),
        FIELD(1700, "--1", "two signs"), FIELD(1700, ".", "a point"), FIELD(1700, "1.", "no decimals"), FIELD(1700, " 1", "a blank"), FIELD(701, "1e999999999", "a huge exponent"),
        FIELD(701, "1e", "no exponent"), FIELD(701, "0x10", "hexadecimal"), FIELD(2950, "", "an empty uuid"), FIELD(2950, "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}", "braces"),
        FIELD(2950, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a110", "33 digits"), FIELD(1266, "12:00:00+", "no offset"), FIELD(1266, "12:00:00+16", "16 hours"), FIELD(1186, "1 year 2", "no unit"),
        FIELD(1186, "99999999999 years", "too many years"), FIELD(1186, "1 day 1 day", "two days"), FIELD(1186, "--1 days", "two signs"), FIELD(1186, "00:60:00", "minute 60"),
        FIELD(20000, "", "an empty hstore"), FIELD(20000, "\"k\"", "no value"), FIELD(20000, "\"k\"=>", "no value"), FIELD(20000, "\"k\"=>\"v", "no end"), FIELD(20000, "\"k\"=>v", "no quotes"),
        FIELD(20000, "\"k\"=>\"v\",", "a comma"), FIELD(20000, "NULL=>\"v\"", "NULL for a key"), FIELD(20000, "\"k\"=>nul", "nul"), FIELD(3802, "\xff", "not UTF-8"),
    };
    char text[400];
    int refused = 0;
    begin_lying(TEXT_FORMAT);
    for (size_t i = 0; i < COUNT(fields); i++) {
        if (taken(fields[i].oid, fields[i].bytes, fields[i].length, text, sizeof text)) {
            /* Bytes that are not UTF-8 are shown as a bytea's. */
            check_text(CHECK_HERE, fields[i].what, text, (unsigned char)fields[i].bytes[0] == 0xff ? "\\xff" : fields[i].bytes);
        } else {
            refused++;
        }
    }
    CHECK(refused > 60);
    end_lying();
}

/* Braces, parentheses and quotes without end, each of a million bytes. */
static void absurd_nesting_in_text(void)
{
    enum { LENGTH = 1000000 };
    static const struct {
        uint32_t oid;
        const char *begin, *again;
    } texts[] = {
        { 1007, "", "{" },      { 1007, "{", "{}," },   { 1009, "{\"", "\\\"" },   { 1009, "{", "\"" },       { 1007, "", "[1:1]" },     { 2249, "", "(" },
        { 2249, "", "(\"" },    { 2249, "(\"", "\"\"" }, { 2249, "(", "," },       { 2287, "{", "\"(" },      { 2287, "", "{\"(" },      { 4451, "{", "[1,2)," },
        { 4451, "{", "{" },     { 3904, "[", "[" },     { 3904, "[\"", "\"\"" },    { 602, "", "(" },          { 604, "(", "(1,2)," },    { 20000, "", "\"k\"=>\"v\"," },
        { 20000, "\"", "\\\"" }, { 869, "", ":" },        { 869, "", "1." },        { 1700, "", "-" },         { 1700, "1e", "9" },       { 701, "1e", "9" },
        { 1186, "", "1 year " }, { 1186, "1", "9" },        { 1266, "12:00:00.", "9" }, { 2950, "", "0" },         { 1562, "0", "2" },
    };
    static char bytes[LENGTH + 16], text[2 * LENGTH + 200];
    begin_lying(TEXT_FORMAT);
    for (size_t i = 0; i < COUNT(texts); i++) {
        size_t length = (size_t)sprintf(bytes, "%s", texts[i].begin);
        while (length < LENGTH) {
            length += (size_t)sprintf(bytes + length, "%s", texts[i].again);
        }
        if (taken(texts[i].oid, bytes, length, text, sizeof text) && strcmp(text, bytes) != 0) {
            FAIL("%s%s... of type %u: %.80s", texts[i].begin, texts[i].again, (unsigned)texts[i].oid, text);
        }
    }
    end_lying();
}

/* As many parameters as the protocol can describe, though none was asked for. */
static bool serve_many_parameters(fake_server *fake, void *context)
{
    enum { MOST = 65535 };
    const fake_message *message;
    fake_bytes answer = { .data = NULL };
    (void)context;
    while ((message = fake_read(fake)) != NULL && message->type != 'X') {
        fake_bytes body = { .data = NULL };
        switch (message->type) {
        case 'P':
            fake_put_message(&answer, '1', NULL, 0);
            break;
        case 'B':
            fake_put_message(&answer, '2', NULL, 0);
            break;
        case 'C':
            fake_put_message(&answer, '3', NULL, 0);
            break;
        case 'D':
            if (message->body[0] == 'S') {
                fake_put_int16(&body, MOST);
                for (int i = 0; i < MOST; i++) {
                    fake_put_int32(&body, 23);
                }
                fake_put_message(&answer, 't', body.data, body.length);
            }
            fake_put_message(&answer, 'n', NULL, 0);
            break;
        case 'E':
            fake_put_message(&answer, 'C', "UPDATE 1", 9);
            break;
        case 'S':
            fake_put_message(&answer, 'Z', "I", 1);
            break;
        default:
            break;
        }
        fake_bytes_free(&body);
        if (message->type == 'S' || message->type == 'H') {
            fake_write(fake, answer.data, answer.length);
            answer.length = 0;
        }
    }
    fake_bytes_free(&answer);
    return message != NULL;
}

static void a_description_of_65535_parameters(void)
{
    enum { MOST = 65535 };
    static dbapi_value_t params[MOST];
    static char sql[MOST * 3 + 16] = "UPDATE t ";
    for (size_t i = 0; i < MOST; i++) {
        params[i] = DBAPI_INT(1);
        strcpy(sql + 9 + i * 3, " %s");
    }
    fake_server *fake = fake_new();
    fake_greet(fake);
    fake_call(fake, serve_many_parameters, NULL);
    fake_start(fake);
    dbapi_connection_t *connection = connect_dsn(fake_dsn(fake));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_OK(dbapi_execute(cursor, sql, params, MOST, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 1);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    fake_finish(fake);
}

/* Whoever comes to a value that is none hears of it, each time; the rows around it can be had. */
static void rows_around_a_wrong_value(void)
{
    enum { ROWS = 200, FIRST_WRONG = 120, SECOND_WRONG = 150 };
    const dbapi_value_t *row = NULL;
    size_t count = 0;
    fake_server *fake = fake_new();
    fake_greet(fake);
    fake_expect(fake, 'Q', NULL);
    fake_send_columns(fake, 3, 23);
    for (int i = 0; i < ROWS; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        /* The later row is wrong in the earlier column. */
        fake_send_row(fake, 3, (const char *const[]){ number, i == SECOND_WRONG ? "x" : NULL, i == FIRST_WRONG ? "y" : number });
    }
    fake_send_complete(fake, "SELECT 200");
    fake_send_ready(fake, 'I');
    fake_silence(fake);
    fake_start(fake);
    dbapi_connection_t *connection = connect_dsn(fake_dsn(fake));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_OK(dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure));
    for (int turn = 0; turn < 2; turn++) {
        for (int i = turn == 0 ? 0 : FIRST_WRONG + 1; i < (turn == 0 ? FIRST_WRONG : SECOND_WRONG); i++) {
            CHECK_OK(dbapi_fetchone(cursor, &row, &failure));
            CHECK_INT(row[0].as.integer, i);
            CHECK_INT(row[1].kind, DBAPI_KIND_NULL);
            CHECK_INT(row[2].as.integer, i);
        }
        for (int again = 0; again < 2; again++) {
            CHECK_FAILS(dbapi_fetchone(cursor, &row, &failure), DBAPI_INTERNAL_ERROR, ANY_SQLSTATE, "int4");
            CHECK_FAILS(dbapi_fetchmany(cursor, 2, &row, &count, &failure), DBAPI_INTERNAL_ERROR, ANY_SQLSTATE, "int4");
            CHECK_FAILS(dbapi_fetchall(cursor, &row, &count, &failure), DBAPI_INTERNAL_ERROR, ANY_SQLSTATE, "int4");
        }
        CHECK_OK(dbapi_scroll(cursor, 1, 0, &failure));
    }
    CHECK_OK(dbapi_fetchmany(cursor, 10, &row, &count, &failure));
    CHECK_INT(count, 10);
    CHECK_INT(row[27].as.integer, SECOND_WRONG + 10);
    CHECK_OK(dbapi_scroll(cursor, FIRST_WRONG - 2, 1, &failure));
    CHECK_FAILS(dbapi_fetchmany(cursor, 3, &row, &count, &failure), DBAPI_INTERNAL_ERROR, ANY_SQLSTATE, "int4");
    CHECK_OK(dbapi_fetchmany(cursor, 2, &row, &count, &failure));
    CHECK_INT(row[3].as.integer, FIRST_WRONG - 1);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    fake_finish(fake);
}

CHECK_MAIN(CASE(binary_fields_of_the_wrong_size), CASE(binary_fields_with_wrong_contents), CASE(text_fields_with_wrong_contents), CASE(dates_that_are_none_are_text),
           CASE(text_that_is_not_utf8_is_bytes), CASE(lying_numbers_in_binary_structures), CASE(every_byte_of_binary_structures),
           CASE(binary_structures_of_unknown_forms), CASE(endless_nesting_in_binary), CASE(malformed_structures_in_text), CASE(absurd_nesting_in_text),
           CASE(a_description_of_65535_parameters), CASE(rows_around_a_wrong_value))
