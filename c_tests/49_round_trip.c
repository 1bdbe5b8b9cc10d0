/* Every type, both directions, both formats: each expression that PostgreSQL was asked for when
 * src/types/tests/structured_rows.tsv was made (tests/pg_types/cases.txt) is asked for here. What is read, written
 * again by dbapi_value_format, is the server's own text; sent back, bound by the server and as a literal, it is the
 * same to the server. The expressions of types of a user's own need a database with those types: t49. */
#include "connect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor, *second;
static bool contrib;

static char *file_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        FAIL("%s cannot be opened", path);
    }
    CHECK(fseek(file, 0, SEEK_END) == 0);
    long length = ftell(file);
    CHECK(length > 0);
    rewind(file);
    char *text = (char *)malloc((size_t)length + 1);
    CHECK(text != NULL);
    CHECK_SIZE(fread(text, 1, (size_t)length, file), (size_t)length);
    text[length] = '\0';
    fclose(file);
    return text;
}

/* A database with the types of user_types.sql, without the extensions if this server has none. */
static void open_database(void)
{
    run_outside("DROP DATABASE IF EXISTS t49 WITH (FORCE)");
    run_outside("CREATE DATABASE t49");
    connection = connect_dsn("dbname=t49");
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    cursor = cursor_of(connection);
    second = cursor_of(connection);
    contrib = strcmp(query_text(cursor, "SELECT count(*) = 2 FROM pg_available_extensions WHERE name IN ('hstore', 'citext')"), "t") == 0;
    char *types = file_text(USER_TYPES);
    char *next = types;
    while (next != NULL && *next != '\0') {
        char *statement = next;
        next = strstr(statement, ";\n");
        if (next != NULL) {
            *next = '\0';
            next += 2;
        }
        if (contrib || strstr(statement, "CREATE EXTENSION") == NULL) {
            run(cursor, statement);
        }
    }
    free(types);
    run(cursor, "SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres'; SET TimeZone = 'UTC'; SET lc_monetary = 'C'; SET bytea_output = 'hex'");
}

static void close_database(void)
{
    dbapi_cursor_free(second);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    run_outside("DROP DATABASE t49 WITH (FORCE)");
}

/* With no parameters but a list of them: by the extended protocol, which has both formats. */
static bool asked(dbapi_cursor_t *of, const char *sql, const dbapi_value_t *params, size_t count)
{
    const dbapi_value_t none[] = { DBAPI_NULL };
    return dbapi_execute(of, sql, params == NULL ? none : params, count, &failure) == DBAPI_OK;
}

/* SQL with an expression in it, whose percent signs are not placeholders. */
static void compose(char *sql, size_t capacity, const char *head, const char *expression)
{
    size_t length = (size_t)snprintf(sql, capacity, "SELECT %s FROM (SELECT ", head);
    for (; *expression != '\0'; expression++) {
        CHECK(length + 20 < capacity);
        sql[length++] = *expression;
        if (*expression == '%') {
            sql[length++] = '%';
        }
    }
    strcpy(sql + length, ") AS x (v)");
}

enum { BY_EQUALITY, BY_TEXT };

/* Sends a value back; whether the server finds it the same. False also if the type has no equality. */
static bool same(const char *expression, const char *type, const dbapi_value_t *value, int how, const char *binding)
{
    static char sql[3000];
    char head[300];
    snprintf(head, sizeof head, how == BY_TEXT ? "format('%%%%s', v) = format('%%%%s', (%%s)::%s)" : "v IS NOT DISTINCT FROM (%%s)::%s", type);
    compose(sql, sizeof sql, head, expression);
    if (!asked(second, sql, value, 1)) {
        if (how == BY_EQUALITY && strcmp(dbapi_error_sqlstate(failure), "42883") == 0) {
            clear_failure();
            return false;
        }
        FAIL("%s, %s: %s", expression, binding, dbapi_error_message(failure));
    }
    const dbapi_value_t *row = fetch_row(second);
    if (row[0].kind != DBAPI_KIND_BOOL || !row[0].as.boolean) {
        FAIL("%s is another value when it comes back, %s", expression, binding);
    }
    return true;
}

static void all_expressions(int32_t format)
{
    static char sql[3000], text[20000], type[100];
    int read = 0, sent = 0, equal = 0;
    open_database();
    CHECK_OK(dbapi_cursor_set_result_format(cursor, format, &failure));
    char *rows = file_text(ROWS);
    char *next = rows;
    while (next != NULL && *next != '\0') {
        char *line = next;
        next = strchr(line, '\n');
        if (next != NULL) {
            *next++ = '\0';
        }
        /* oid, binary form, expression, text */
        char *binary = strchr(line, '\t'), *expression = binary == NULL ? NULL : strchr(binary + 1, '\t');
        if (*line == '#' || expression == NULL) {
            continue;
        }
        expression++;
        *strchr(expression, '\t') = '\0';
        if (!contrib && (strstr(expression, "hstore") != NULL || strstr(expression, "citext") != NULL)) {
            continue;
        }
        compose(sql, sizeof sql, "v, format('%%s', v), format_type(pg_typeof(v), -1)", expression);
        if (!asked(cursor, sql, NULL, 0)) {
            FAIL("%s: %s", expression, dbapi_error_message(failure));
        }
        const dbapi_value_t *row = fetch_row(cursor);
        size_t length = 0;
        CHECK_OK(dbapi_value_format(&row[0], text, sizeof text, &length, &failure));
        CHECK(length < sizeof text);
        check_bytes(CHECK_HERE, expression, text, length, row[1].as.text.data, row[1].as.text.length);
        read++;

        snprintf(type, sizeof type, "%s", row[2].as.text.data);
        /* PostgreSQL has no input for a row of no type. */
        if (strncmp(type, "record", 6) == 0) {
            continue;
        }
        CHECK_OK(dbapi_cursor_set_binding(second, DBAPI_BINDING_SERVER, &failure));
        CHECK(same(expression, type, &row[0], BY_TEXT, "bound by the server"));
        equal += same(expression, type, &row[0], BY_EQUALITY, "bound by the server");
        dbapi_value_t untyped = row[0];
        untyped.oid = 0;
        /* Numbers, of which PostgreSQL makes none of these. */
        bool cast = strcmp(type, "xid") != 0 && strcmp(type, "cid") != 0 && strcmp(type, "xid8") != 0;
        if (cast) {
            CHECK(same(expression, type, &untyped, BY_TEXT, "without its oid"));
        }
        CHECK_OK(dbapi_cursor_set_binding(second, DBAPI_BINDING_CLIENT, &failure));
        CHECK(same(expression, type, &row[0], BY_TEXT, "as a literal"));
        /* As in psycopg2, a float is written as SQL writes one: -0.0 is a numeric, and that has no negative zero. */
        if (cast && strstr(expression, "('-0')::float") != expression) {
            CHECK(same(expression, type, &untyped, BY_TEXT, "as a literal without its oid"));
        }
        sent++;
    }
    free(rows);
    close_database();
    /* Of those without the extensions' types. */
    CHECK(read >= 600);
    CHECK(sent >= 450);
    CHECK(equal >= 400);
}

static void in_text_format(void)
{
    all_expressions(DBAPI_FORMAT_TEXT);
}

static void in_binary_format(void)
{
    all_expressions(DBAPI_FORMAT_BINARY);
}

static void in_the_format_of_choice(void)
{
    all_expressions(DBAPI_FORMAT_AUTO);
}

CHECK_MAIN(
    CASE(in_text_format),
    CASE(in_binary_format),
    CASE(in_the_format_of_choice)
)
