/* Placeholders in both styles, and the tokenizer behind them, whose table of cases (src/dbapi/lexer/cases.txt)
 * a server is asked about. What parameters become, is 40_parameters' and 43_binding's.
 *
 * Of SECURITY, "length and count wrap on sending" (a million parameters) and "literals on the client"
 * (placeholders inside dollar quotes). */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"

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

static void open_numeric(void)
{
    open_cursor();
    CHECK_OK(dbapi_cursor_set_paramstyle(cursor, DBAPI_PARAMSTYLE_NUMERIC, &failure));
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

/* Writes `text` without its escapes, and without `~`. */
static void unescape(const char *text, char *out)
{
    for (; *text != '\0'; text++) {
        if (*text == '\\') {
            static const char letters[] = "nrtfv\\", meant[] = "\n\r\t\f\v\\";
            const char *letter = strchr(letters, *++text);
            CHECK(letter != NULL && *letter != '\0');
            *out++ = meant[letter - letters];
        } else if (*text != '~') {
            *out++ = *text;
        }
    }
    *out = '\0';
}

/* The first token of a case whose kind is one of `kinds`; false if it has none. */
static bool first_token(char *tokens, const char *letters, const char *kinds, char *out, char *kind)
{
    size_t index = 0;
    for (char *token = strtok(tokens, "~"); token != NULL; token = strtok(NULL, "~"), index++) {
        CHECK(letters[index] != '\0');
        if (strchr(kinds, letters[index]) != NULL) {
            *kind = letters[index];
            unescape(token, out);
            return true;
        }
    }
    return false;
}

/* Asks the server what a token is: one literal with this value, or one name. */
static void ask(const char *setting, char kind, const char *token, const char *expected, const char *line)
{
    char sql[400];
    snprintf(sql, sizeof sql, "SET standard_conforming_strings = %s", setting);
    run(cursor, sql);
    snprintf(sql, sizeof sql, kind == 'i' ? "SELECT 1 AS %s" : "SELECT %s", token);
    dbapi_status_t status = dbapi_execute(cursor, sql, NULL, 0, &failure);
    if (strcmp(expected, "!") == 0) {
        if (status == DBAPI_OK) {
            FAIL("%s (%s): the server takes it", line, setting);
        }
    } else if (status != DBAPI_OK) {
        FAIL("%s (%s): %s", line, setting, dbapi_error_message(failure));
    } else if (kind == 'i') {
        size_t columns = 0;
        const dbapi_column_t *description = dbapi_description(cursor, &columns);
        CHECK_SIZE(columns, 1);
        check_text(CHECK_HERE, line, description[0].name, expected);
    } else {
        const dbapi_value_t *row = fetch_row(cursor);
        char text[300];
        if (row[0].kind == DBAPI_KIND_BITS) {
            CHECK_OK(dbapi_value_format(&row[0], text, sizeof text, NULL, &failure));
        }
        check_text(CHECK_HERE, line, row[0].kind == DBAPI_KIND_BITS ? text : row[0].as.text.data, expected);
        check_end(cursor);
    }
    clear_failure();
}

static void the_server_agrees_on_tokens(void)
{
    char line[400], tokens[400], token[400], expected[400], kind = 0;
    size_t asked = 0;
    FILE *file = fopen(DBAPI_LEXER_CASES, "r");
    CHECK(file != NULL);
    open_cursor();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    run(cursor, "SET escape_string_warning = off");
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || line[0] == '\0') {
            continue;
        }
        char *second = strchr(line, '|'), *third = strchr(second + 1, '|'), *fourth = strchr(third + 1, '|');
        CHECK(fourth != NULL);
        if (fourth[1] == '\0') {
            continue;
        }
        snprintf(tokens, sizeof tokens, "%.*s", (int)(third - second - 1), second + 1);
        char letters[100];
        snprintf(letters, sizeof letters, "%.*s", (int)(fourth - third - 1), third + 1);
        if (!first_token(tokens, letters, "lq", token, &kind)) {
            snprintf(tokens, sizeof tokens, "%.*s", (int)(third - second - 1), second + 1);
            if (!first_token(tokens, letters, "i", token, &kind)) {
                FAIL("%s: nothing to ask about", line);
            }
        }
        unescape(fourth + 1, expected);
        if (line[0] == 'b' || line[1] == 'n') {
            ask("on", kind, token, expected, line);
            asked++;
        }
        if (line[0] == 'b' || line[1] == 'f') {
            ask("off", kind, token, expected, line);
            asked++;
        }
    }
    fclose(file);
    CHECK(asked >= 140);
    close_cursor();
}

/* A placeholder is one wherever SQL has text of its own, and nowhere else. */
static void quotes_and_comments_hold_no_placeholders(void)
{
    static const struct {
        const char *sql;
        const char *text;
    } cases[] = {
        { "SELECT '%s', X", "%s" },
        { "SELECT E'\\'%s', X", "'%s" },
        { "SELECT 'a''%s', X", "a'%s" },
        { "SELECT U&'%s!0041' UESCAPE '!', X", "%sA" },
        { "SELECT $$%s $1$$, X", "%s $1" },
        { "SELECT $a$%s $$ $b$ '$a$, X", "%s $$ $b$ '" },
        { "SELECT $tag$'$1'$tag$, X", "'$1'" },
        { "SELECT /* %s /* ' */ $1 */ 'x', X -- %s $1", "x" },
        { "SELECT 'a' -- %s '\n'%s', X", "a%s" },
        { "SELECT \"%s $1\", X FROM (SELECT 'v') AS x (\"%s $1\")", "v" },
        { "SELECT 'a'-- $1\n\n, X", "a" },
        { "SELECT a$1, X FROM (SELECT 'v') AS x (a$1)", "v" },
    };
    const dbapi_value_t params[] = { DBAPI_INT(7) };
    open_cursor();
    for (int32_t style = DBAPI_PARAMSTYLE_PYFORMAT; style <= DBAPI_PARAMSTYLE_NUMERIC; style++) {
        CHECK_OK(dbapi_cursor_set_paramstyle(cursor, style, &failure));
        for (int32_t binding = DBAPI_BINDING_SERVER; binding <= DBAPI_BINDING_CLIENT; binding++) {
            CHECK_OK(dbapi_cursor_set_binding(cursor, binding, &failure));
            for (size_t i = 0; i < COUNT(cases); i++) {
                char sql[200], *place;
                snprintf(sql, sizeof sql, "%s", cases[i].sql);
                place = strrchr(sql, 'X');
                memmove(place + 2, place + 1, strlen(place));
                memcpy(place, style == DBAPI_PARAMSTYLE_NUMERIC ? "$1" : "%s", 2);
                if (dbapi_execute(cursor, sql, params, 1, &failure) != DBAPI_OK) {
                    FAIL("%s: %s", sql, dbapi_error_message(failure));
                }
                CHECK_ROW(fetch_row(cursor), cases[i].text, "7");
            }
        }
    }
    close_cursor();
}

static void style_is_of_the_cursor(void)
{
    static const int32_t wrong[] = { -1, 2, INT32_MAX, INT32_MIN };
    open_cursor();
    dbapi_cursor_t *other = cursor_of(connection);
    CHECK_INT(dbapi_cursor_paramstyle(cursor), DBAPI_PARAMSTYLE_PYFORMAT);
    CHECK_OK(dbapi_cursor_set_paramstyle(cursor, DBAPI_PARAMSTYLE_NUMERIC, &failure));
    CHECK_INT(dbapi_cursor_paramstyle(cursor), DBAPI_PARAMSTYLE_NUMERIC);
    CHECK_INT(dbapi_cursor_paramstyle(other), DBAPI_PARAMSTYLE_PYFORMAT);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        CHECK_FAILS(dbapi_cursor_set_paramstyle(cursor, wrong[i], &failure), DBAPI_PROGRAMMING_ERROR, NULL, "paramstyle");
    }
    CHECK_INT(dbapi_cursor_paramstyle(cursor), DBAPI_PARAMSTYLE_NUMERIC);
    CHECK_INT(dbapi_cursor_paramstyle(NULL), -1);
    CHECK_FAILS(dbapi_cursor_set_paramstyle(NULL, 0, &failure), DBAPI_INTERFACE_ERROR, NULL, "cursor");
    CHECK_OK(dbapi_cursor_close(cursor, &failure));
    CHECK_FAILS(dbapi_cursor_set_paramstyle(cursor, 0, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    dbapi_cursor_free(other);
    close_cursor();
}

static void numbers_stand_for_parameters(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(5), DBAPI_NULL, DBAPI_TEXT("x") };
    open_numeric();
    CHECK_OK(dbapi_execute(cursor, "SELECT $3 || 'y', $1 % 3, $1, $2 IS NULL, '%s', '%%'", params, 3, &failure));
    CHECK_ROW(fetch_row(cursor), "xy", "2", "5", "t", "%s", "%%");
    /* One parameter, and so one type. */
    CHECK_OK(dbapi_execute(cursor, "SELECT pg_typeof($1)::text, $1 + 1, $1::bigint", params, 1, &failure));
    CHECK_ROW(fetch_row(cursor), "integer", "6", "5");
    CHECK_TEXT(dbapi_cursor_query(cursor), "SELECT pg_typeof($1)::text, $1 + 1, $1::bigint");
    /* None are given: all of it is the server's business. */
    CHECK_OK(dbapi_execute(cursor, "SELECT 5 % 3", NULL, 0, &failure));
    CHECK_ROW(fetch_row(cursor), "2");
    CHECK_FAILS(dbapi_execute(cursor, "SELECT $1", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "42P02", NULL);
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_OK(dbapi_execute(cursor, "SELECT 5 % 3", params, 0, &failure));
    CHECK_ROW(fetch_row(cursor), "2");
    run(cursor, "CREATE TEMP TABLE t41 (a int, b text)");
    const dbapi_value_t rows[] = { DBAPI_TEXT("a"), DBAPI_INT(1), DBAPI_TEXT("b"), DBAPI_NULL };
    CHECK_OK(dbapi_executemany(cursor, "INSERT INTO t41 VALUES ($2, $1)", rows, 2, 2, &failure));
    CHECK_TEXT(query_text(cursor, "SELECT string_agg(b || coalesce(a, 0), ',' ORDER BY b) FROM t41"), "a1,b0");
    close_cursor();
}

static void numbers_that_do_not_match(void)
{
    static const struct {
        const char *sql;
        size_t count;
        const char *part;
    } cases[] = {
        { "SELECT $2", 1, "$2" },
        { "SELECT $2", 2, "no placeholder $1" },
        { "SELECT $1, $3", 3, "no placeholder $2" },
        { "SELECT $1", 2, "no placeholder $2" },
        { "SELECT 1", 1, "no placeholder $1" },
        { "SELECT '$1'", 1, "no placeholder $1" },
        { "SELECT $1", 0, "0 parameters" },
        { "SELECT $0", 1, "$0" },
        { "SELECT $4294967297, $1", 1, "$4294967297" },
        { "SELECT $18446744073709551617", 1, "$18446744073709551617" },
        { "SELECT %s", 1, "no placeholder $1" },
    };
    const char *const names[] = { "a" };
    const dbapi_value_t params[] = { DBAPI_INT(1), DBAPI_INT(2), DBAPI_INT(3) };
    open_numeric();
    for (int32_t binding = DBAPI_BINDING_SERVER; binding <= DBAPI_BINDING_CLIENT; binding++) {
        CHECK_OK(dbapi_cursor_set_binding(cursor, binding, &failure));
        for (size_t i = 0; i < COUNT(cases); i++) {
            CHECK_FAILS(dbapi_execute(cursor, cases[i].sql, params, cases[i].count, &failure), DBAPI_PROGRAMMING_ERROR, NULL,
                        cases[i].part);
            CHECK_PTR(dbapi_cursor_query(cursor), NULL);
            CHECK_FAILS(dbapi_executemany(cursor, cases[i].sql, params, cases[i].count, 1, &failure), DBAPI_PROGRAMMING_ERROR,
                        NULL, cases[i].part);
        }
        CHECK_FAILS(dbapi_execute_named(cursor, "SELECT $1", names, params, 1, &failure), DBAPI_PROGRAMMING_ERROR, NULL,
                    "by name");
    }
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    close_cursor();
}

/* The statement's own $1 would be read as the first placeholder. */
static void a_number_beside_percent_placeholders(void)
{
    const dbapi_value_t params[] = { DBAPI_INT(1) };
    open_cursor();
    CHECK_FAILS(dbapi_execute(cursor, "SELECT $1, %s", params, 1, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "$1");
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    CHECK_OK(dbapi_execute(cursor, "SELECT '$1' || %s", params, 1, &failure));
    CHECK_ROW(fetch_row(cursor), "$11");
    /* Of a PREPARE, numbers are its own. */
    CHECK_OK(dbapi_execute(cursor, "PREPARE p41 (int) AS SELECT $1 %% 4", params, 0, &failure));
    CHECK_TEXT(query_text(cursor, "EXECUTE p41(7)"), "3");
    CHECK_OK(dbapi_cursor_set_binding(cursor, DBAPI_BINDING_CLIENT, &failure));
    CHECK_OK(dbapi_execute(cursor, "PREPARE p42 (int) AS SELECT $1 + %s", params, 1, &failure));
    CHECK_TEXT(query_text(cursor, "EXECUTE p42(7)"), "8");
    close_cursor();
}

/* A name is looked up, and never part of the SQL that is sent. */
static void strange_names(void)
{
    static const char *const names[] = {
        "", " ", "a b", "'; DROP TABLE t; --", "\"", "a\nb", "%", "%s", "$1", "(", "\\", "\xf0\x9f\x98\x80", "--", "/*", "s",
        "a(b", "%%", "NULL",
    };
    dbapi_value_t params[COUNT(names)];
    open_cursor();
    for (size_t i = 0; i < COUNT(names); i++) {
        params[i] = DBAPI_INT((int64_t)i);
    }
    for (int32_t binding = DBAPI_BINDING_SERVER; binding <= DBAPI_BINDING_CLIENT; binding++) {
        CHECK_OK(dbapi_cursor_set_binding(cursor, binding, &failure));
        for (size_t i = 0; i < COUNT(names); i++) {
            char sql[100], expected[20];
            snprintf(sql, sizeof sql, "SELECT %%(%s)s", names[i]);
            snprintf(expected, sizeof expected, "%d", (int)i);
            CHECK_OK(dbapi_execute_named(cursor, sql, names, params, COUNT(names), &failure));
            CHECK_ROW(fetch_row(cursor), expected);
            CHECK_TEXT(dbapi_cursor_query(cursor), binding == DBAPI_BINDING_CLIENT ? strcat(strcpy(sql, "SELECT "), expected) : "SELECT $1");
        }
    }
    /* A name ends at the first ')'. */
    const char *const closing[] = { "a)b" };
    CHECK_FAILS(dbapi_execute_named(cursor, "SELECT %(a)b)s", closing, params, 1, &failure), DBAPI_PROGRAMMING_ERROR, NULL,
                "followed by 's'");
    const char *const broken[] = { "\xff" };
    CHECK_FAILS(dbapi_execute_named(cursor, "SELECT 1", broken, params, 1, &failure), DBAPI_PROGRAMMING_ERROR, "22021",
                "names[0]");
    const char *const missing[] = { NULL };
    CHECK_FAILS(dbapi_execute_named(cursor, "SELECT 1", missing, params, 1, &failure), DBAPI_PROGRAMMING_ERROR, NULL,
                "names[0]");
    /* The message shows a hostile name as it is, and nothing more. */
    CHECK_FAILS(dbapi_execute_named(cursor, "SELECT %(%n%s%n)s", names, params, 1, &failure), DBAPI_PROGRAMMING_ERROR, NULL,
                "%(%n%s%n)s");
    close_cursor();
}

/* More than Bind can count: said before a byte is sent, in either style. */
static void a_million_parameters(void)
{
    const size_t count = under_valgrind() ? 70000 : 1000000;
    dbapi_value_t *params = calloc(count, sizeof *params);
    char *sql = malloc(count * 9 + 32), *end;
    CHECK(params != NULL && sql != NULL);
    for (size_t i = 0; i < count; i++) {
        params[i] = DBAPI_INT(1);
    }
    open_cursor();
    for (int32_t style = DBAPI_PARAMSTYLE_PYFORMAT; style <= DBAPI_PARAMSTYLE_NUMERIC; style++) {
        end = sql + sprintf(sql, "SELECT 0");
        for (size_t i = 1; i <= count; i++) {
            end += style == DBAPI_PARAMSTYLE_PYFORMAT ? sprintf(end, ",%%s") : sprintf(end, ",$%zu", i);
        }
        CHECK_OK(dbapi_cursor_set_paramstyle(cursor, style, &failure));
        CHECK_FAILS(dbapi_execute(cursor, sql, params, count, &failure), DBAPI_PROGRAMMING_ERROR, "54023", "65535");
        CHECK_FAILS(dbapi_executemany(cursor, sql, params, count, 1, &failure), DBAPI_PROGRAMMING_ERROR, "54023", "65535");
        CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    }
    free(sql);
    free(params);
    close_cursor();
}

/* As many names as parameters are found in no more than linear time. */
static void many_names(void)
{
    enum { MANY = 20000 };
    static char texts[MANY][8];
    static const char *names[MANY];
    static dbapi_value_t params[MANY];
    char *sql = malloc((size_t)MANY * 14 + 64), *end = sql + sprintf(sql, "SELECT sum(x) FROM unnest(ARRAY[0");
    CHECK(sql != NULL);
    for (size_t i = 0; i < MANY; i++) {
        snprintf(texts[i], sizeof texts[i], "n%zu", i);
        names[i] = texts[i];
        params[i] = DBAPI_INT((int64_t)i);
        end += sprintf(end, ",%%(n%zu)s", MANY - 1 - i);
    }
    strcpy(end, "]) x");
    open_cursor();
    CHECK_OK(dbapi_execute_named(cursor, sql, names, params, MANY, &failure));
    CHECK_ROW(fetch_row(cursor), "199990000");
    free(sql);
    close_cursor();
}

static void a_statement_of_100_megabytes(void)
{
    const size_t length = (size_t)(under_valgrind() ? 5 : 100) << 20;
    static const char head[] = "SELECT length('", tail[] = "'), %s, /* %s */ 7 %% 4";
    char *sql = malloc(length + sizeof head + sizeof tail), expected[20];
    CHECK(sql != NULL);
    memcpy(sql, head, sizeof head - 1);
    memset(sql + sizeof head - 1, '%', length);
    memcpy(sql + sizeof head - 1 + length, tail, sizeof tail);
    snprintf(expected, sizeof expected, "%zu", length / 2);
    const dbapi_value_t params[] = { DBAPI_INT(7) };
    open_cursor();
    for (int32_t binding = DBAPI_BINDING_SERVER; binding <= DBAPI_BINDING_CLIENT; binding++) {
        CHECK_OK(dbapi_cursor_set_binding(cursor, binding, &failure));
        CHECK_OK(dbapi_execute(cursor, sql, params, 1, &failure));
        CHECK_ROW(fetch_row(cursor), expected, "7", "3");
        CHECK_SIZE(strlen(dbapi_cursor_query(cursor)), strlen(sql) - length / 2 - (binding == DBAPI_BINDING_CLIENT ? 2 : 1));
    }
    free(sql);
    close_cursor();
}

CHECK_MAIN(CASE(the_server_agrees_on_tokens), CASE(quotes_and_comments_hold_no_placeholders), CASE(style_is_of_the_cursor),
           CASE(numbers_stand_for_parameters), CASE(numbers_that_do_not_match), CASE(a_number_beside_percent_placeholders),
           CASE(strange_names), CASE(a_million_parameters), CASE(many_names), CASE(a_statement_of_100_megabytes))
