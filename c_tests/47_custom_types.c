/* Types of the user's own: enums, domains, rows, arrays and ranges of them are looked up when a result first has
 * them, in both formats, and looked up again when they have changed. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"
#include "fake_server.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;

static void open_cursor(int32_t format)
{
    connection = connect_test();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    cursor = cursor_of(connection);
    CHECK_OK(dbapi_cursor_set_result_format(cursor, format, &failure));
}

static void close_cursor(void)
{
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void make_types(void)
{
    run_outside("DROP SCHEMA IF EXISTS t47 CASCADE");
    run_outside("CREATE SCHEMA t47");
    run_outside("CREATE TYPE t47.mood AS ENUM ('sad', 'ok', 'very, \"happy\"')");
    run_outside("CREATE DOMAIN t47.positive AS int4 CHECK (VALUE > 0)");
    run_outside("CREATE DOMAIN t47.moods AS t47.mood[]");
    run_outside("CREATE TYPE t47.pair AS (n t47.positive, \"the name\" text, feels t47.mood)");
    run_outside("CREATE TYPE t47.nest AS (one t47.pair, many t47.pair[], at timestamptz)");
    run_outside("CREATE TYPE t47.floats AS RANGE (subtype = float8)");
    run_outside("CREATE TABLE t47.things (id int4, gone text, label varchar(9))");
    run_outside("ALTER TABLE t47.things DROP COLUMN gone");
}

static const int32_t formats[] = { DBAPI_FORMAT_TEXT, DBAPI_FORMAT_BINARY };

/* Each value as the server's own text, in either format; twice, since the second time nothing is looked up. */
static void values_are_the_servers(void)
{
    static const char *const expressions[] = {
        "'ok'::t47.mood",
        "ARRAY['sad','very, \"happy\"',NULL]::t47.mood[]",
        "7::t47.positive",
        "ARRAY[7,8]::t47.positive[]",
        "ARRAY['ok']::t47.moods",
        "ROW(1,'a\"b,(c)','ok')::t47.pair",
        "ROW(NULL,'',NULL)::t47.pair",
        "ARRAY[ROW(1,NULL,'sad')::t47.pair, NULL]",
        "ROW(ROW(1,'x','ok'), ARRAY[ROW(2,'y z','sad')]::t47.pair[], '2020-01-01 00:00+00')::t47.nest",
        "t47.floats(1.5, NULL)",
        "ARRAY[t47.floats(1, 2, '[]')]",
        "ROW(1,'abc')::t47.things",
        "'empty'::t47.floats",
    };
    make_types();
    for (size_t f = 0; f < COUNT(formats); f++) {
        open_cursor(formats[f]);
        run(cursor, "SET TimeZone TO UTC");
        for (int round = 0; round < 2; round++) {
            for (size_t i = 0; i < COUNT(expressions); i++) {
                char sql[400];
                snprintf(sql, sizeof sql, "SELECT %s, (%s)::text", expressions[i], expressions[i]);
                run(cursor, sql);
                const dbapi_value_t *row = fetch_row(cursor);
                char text[300];
                CHECK_OK(dbapi_value_format(&row[0], text, sizeof text, NULL, &failure));
                if (strncmp(row[1].as.text.data, text, sizeof text) != 0) {
                    FAIL("%s in format %d: %s, not %s", expressions[i], (int)formats[f], text, row[1].as.text.data);
                }
            }
        }
        close_cursor();
    }
}

static void a_row_has_its_columns_names(void)
{
    make_types();
    for (size_t f = 0; f < COUNT(formats); f++) {
        open_cursor(formats[f]);
        for (int round = 0; round < 2; round++) {
            run(cursor, "SELECT ROW(3,'abc','ok')::t47.pair, 'sad'::t47.mood, ARRAY[4]::t47.positive[]");
            CHECK_INT(dbapi_description(cursor, NULL)[0].kind, DBAPI_KIND_COMPOSITE);
            CHECK_INT(dbapi_description(cursor, NULL)[1].kind, DBAPI_KIND_TEXT);
            CHECK_INT(dbapi_description(cursor, NULL)[2].kind, DBAPI_KIND_ARRAY);
            const dbapi_value_t *row = fetch_row(cursor);
            CHECK_INT(row[0].kind, DBAPI_KIND_COMPOSITE);
            const dbapi_composite_t *pair = row[0].as.composite;
            CHECK_SIZE(pair->count, 3);
            CHECK(pair->names != NULL);
            CHECK_TEXT(pair->names[0], "n");
            CHECK_TEXT(pair->names[1], "the name");
            CHECK_TEXT(pair->names[2], "feels");
            CHECK_INT(pair->fields[0].kind, DBAPI_KIND_INT);
            CHECK_INT(pair->fields[0].as.integer, 3);
            CHECK_TEXT(pair->fields[1].as.text.data, "abc");
            CHECK_INT(row[2].as.array->items[0].as.integer, 4);
        }
        close_cursor();
    }
}

/* What this session changes is known at once, and what a rolled-back transaction had changed is as it was. */
static void changes_are_noticed(void)
{
    make_types();
    for (size_t f = 0; f < COUNT(formats); f++) {
        open_cursor(formats[f]);
        run(cursor, "CREATE TYPE t47.grows AS (a int)");
        for (int round = 0; round < 2; round++) {
            run(cursor, "SELECT ROW(1)::t47.grows");
            CHECK_SIZE(fetch_row(cursor)[0].as.composite->count, 1);
        }
        run(cursor, "ALTER TYPE t47.grows ADD ATTRIBUTE b text");
        for (int round = 0; round < 2; round++) {
            run(cursor, "SELECT ROW(1,'x')::t47.grows");
            const dbapi_value_t *row = fetch_row(cursor);
            CHECK_SIZE(row[0].as.composite->count, 2);
            CHECK_TEXT(row[0].as.composite->names[1], "b");
        }
        run(cursor, "BEGIN");
        run(cursor, "ALTER TYPE t47.grows RENAME ATTRIBUTE b TO c");
        run(cursor, "SELECT ROW(1,'x')::t47.grows");
        CHECK_TEXT(fetch_row(cursor)[0].as.composite->names[1], "c");
        run(cursor, "ROLLBACK");
        run(cursor, "SELECT ROW(1,'x')::t47.grows");
        CHECK_TEXT(fetch_row(cursor)[0].as.composite->names[1], "b");
        run(cursor, "DROP TYPE t47.grows");
        close_cursor();
    }
}

/* What another session adds, drops or retypes shows in the rows: they are right at once, and so is what follows. */
static void another_sessions_changes_show_in_the_rows(void)
{
    static const struct {
        const char *change;
        const char *row; /* of the type as it is then */
        size_t count;
        const char *last_name; /* and kind, of the last field */
        int32_t last_kind;
    } changes[] = {
        { "ALTER TYPE t47.alters ADD ATTRIBUTE b text", "ROW(1,'x')", 2, "b", DBAPI_KIND_TEXT },
        { "ALTER TYPE t47.alters ADD ATTRIBUTE c t47.mood", "ROW(1,'x','ok')", 3, "c", DBAPI_KIND_TEXT },
        { "ALTER TYPE t47.alters ADD ATTRIBUTE d t47.pair", "ROW(1,'x','ok',ROW(2,'y','sad'))", 4, "d", DBAPI_KIND_COMPOSITE },
        { "ALTER TYPE t47.alters DROP ATTRIBUTE d, DROP ATTRIBUTE c", "ROW(1,'x')", 2, "b", DBAPI_KIND_TEXT },
        { "ALTER TYPE t47.alters ALTER ATTRIBUTE a TYPE text, ALTER ATTRIBUTE b TYPE date", "ROW('y','2024-02-29')", 2, "b", DBAPI_KIND_DATE },
        { "ALTER TYPE t47.alters DROP ATTRIBUTE b", "ROW('z')", 1, "a", DBAPI_KIND_TEXT },
    };
    /* On its own, in an array, in another row, behind NULLs, and of a domain. */
    static const char *const places[] = { "%s::t47.alters", "ARRAY[NULL, %s::t47.alters]", "ROW(7, %s)::t47.holds", "ARRAY[ROW(7, %s)::t47.holds]" };
    for (size_t f = 0; f < COUNT(formats); f++) {
        for (size_t p = 0; p < COUNT(places); p++) {
            make_types();
            run_outside("CREATE TYPE t47.alters AS (a int)");
            run_outside("CREATE TYPE t47.holds AS (id int, held t47.alters)");
            open_cursor(formats[f]);
            char sql[700], value[300], text[300];
            snprintf(value, sizeof value, places[p], "ROW(1)");
            snprintf(sql, sizeof sql, "SELECT %s", value);
            run(cursor, sql);
            CHECK(fetch_row(cursor)[0].kind != DBAPI_KIND_TEXT);
            for (size_t i = 0; i < COUNT(changes); i++) {
                run_outside(changes[i].change);
                snprintf(value, sizeof value, places[p], changes[i].row);
                snprintf(sql, sizeof sql, "SELECT v, v::text FROM (VALUES (NULL), (%s), (%s)) x (v)", value, value);
                run(cursor, sql);
                CHECK_INT(fetch_row(cursor)[0].kind, DBAPI_KIND_NULL);
                const dbapi_value_t *row = fetch_row(cursor), *found = row;
                CHECK_OK(dbapi_value_format(&row[0], text, sizeof text, NULL, &failure));
                CHECK_TEXT(text, row[1].as.text.data);
                if (found->kind == DBAPI_KIND_ARRAY) {
                    found = &found->as.array->items[found->as.array->count - 1];
                }
                if (strstr(places[p], "holds") != NULL) {
                    CHECK_INT(found->kind, DBAPI_KIND_COMPOSITE);
                    found = &found->as.composite->fields[1];
                }
                if (found->kind != DBAPI_KIND_COMPOSITE || found->as.composite->count != changes[i].count) {
                    FAIL("after %s, format %d: %s is of kind %d", changes[i].change, (int)formats[f], value, (int)found->kind);
                }
                CHECK(found->as.composite->names != NULL);
                CHECK_TEXT(found->as.composite->names[changes[i].count - 1], changes[i].last_name);
                CHECK_INT(found->as.composite->fields[changes[i].count - 1].kind, changes[i].last_kind);
            }
            close_cursor();
        }
    }
}

/* So it is with a table's rows, and in the user's transaction, which the look-up does not end. */
static void another_sessions_changes_of_a_table(void)
{
    make_types();
    connection = connect_test();
    cursor = cursor_of(connection);
    run_outside("INSERT INTO t47.things VALUES (1, 'abc')");
    run(cursor, "SELECT t FROM t47.things t");
    CHECK_SIZE(fetch_row(cursor)[0].as.composite->count, 2);
    CHECK_OK(dbapi_commit(connection, &failure));
    run_outside("ALTER TABLE t47.things ADD COLUMN at date DEFAULT '2024-02-29'");
    run(cursor, "SELECT t FROM t47.things t");
    const dbapi_value_t *row = fetch_row(cursor);
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INTRANS);
    /* Before what may fail: an open transaction would lock the table for the cases to come. */
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_INT(row[0].kind, DBAPI_KIND_COMPOSITE);
    CHECK_SIZE(row[0].as.composite->count, 3);
    CHECK_TEXT(row[0].as.composite->names[2], "at");
    CHECK_INT(row[0].as.composite->fields[2].kind, DBAPI_KIND_DATE);
    close_cursor();
}

/* What a function of this session's changes shows no command tag for. */
static void a_change_inside_of_a_function(void)
{
    make_types();
    run_outside("CREATE TYPE t47.alters AS (a int)");
    run_outside("CREATE FUNCTION t47.change() RETURNS text LANGUAGE plpgsql AS"
                " $$ BEGIN ALTER TYPE t47.alters ADD ATTRIBUTE b text; RETURN 'done'; END $$");
    open_cursor(DBAPI_FORMAT_TEXT);
    run(cursor, "SELECT ROW(1)::t47.alters");
    CHECK_SIZE(fetch_row(cursor)[0].as.composite->count, 1);
    run(cursor, "SELECT t47.change()");
    run(cursor, "SELECT ROW(1,'x')::t47.alters");
    CHECK_SIZE(fetch_row(cursor)[0].as.composite->count, 2);
    close_cursor();
}

/* A column's new name does not show in a row. It is known ten seconds later at the latest, when asked for again. */
static void another_sessions_new_name_is_noticed_in_time(void)
{
    make_types();
    run_outside("CREATE TYPE t47.alters AS (a int)");
    open_cursor(DBAPI_FORMAT_BINARY);
    run(cursor, "SELECT ROW(1)::t47.alters");
    CHECK_TEXT(fetch_row(cursor)[0].as.composite->names[0], "a");
    run_outside("ALTER TYPE t47.alters RENAME ATTRIBUTE a TO b");
    time_t end = time(NULL) + 12;
    const char *name = "a";
    while (strcmp(name, "b") != 0 && time(NULL) <= end) {
        CHECK(nanosleep(&(struct timespec){ .tv_nsec = 100 * 1000 * 1000 }, NULL) == 0);
        run(cursor, "SELECT ROW(1)::t47.alters");
        const dbapi_value_t *row = fetch_row(cursor);
        CHECK_INT(row[0].as.composite->fields[0].as.integer, 1);
        name = row[0].as.composite->names[0];
    }
    CHECK_TEXT(name, "b");
    close_cursor();
}

/* A result of rows, and, if a look-up is due, its answer: a row of one column. */
static void send_rows(fake_server *fake, const char *const *rows, size_t count, bool looked_up)
{
    fake_expect(fake, 'Q', "SELECT 1");
    fake_send_columns(fake, 1, 54321);
    for (size_t i = 0; i < count; i++) {
        fake_send_row(fake, 1, &rows[i]);
    }
    fake_send_complete(fake, "SELECT 1");
    fake_send_ready(fake, 'I');
    if (looked_up) {
        fake_expect(fake, 'Q', "SELECT t.oid");
        fake_send_columns(fake, 7, 25);
        fake_send_row(fake, 7, (const char *const[]){ "54321", "c", "0", ",", "0", "0", "" });
        fake_send_complete(fake, "SELECT 1");
        fake_send_columns(fake, 3, 25);
        fake_send_row(fake, 3, (const char *const[]){ "54321", "a", "23" });
        fake_send_complete(fake, "SELECT 1");
        fake_send_ready(fake, 'I');
    }
}

/* When the server is asked: once for a type; once again for a row of other columns, even if that does not help; and
 * where such a row came late in a result, before the next one. */
static void looked_up_again_only_when_it_must_be(void)
{
    static const char *const fits[] = { "(1)" }, *const does_not[] = { "(1,2)" };
    static const char *const late[] = { "(1)", "(2)", "(3)", "(4)", "(5)", "(6)", "(7,8)" };
    fake_server *fake = fake_new();
    fake_greet(fake);
    send_rows(fake, fits, 1, true);
    send_rows(fake, fits, 1, false);
    send_rows(fake, does_not, 1, true);
    send_rows(fake, fits, 1, true); /* what was fetched before was doubted again */
    send_rows(fake, fits, 1, false);
    send_rows(fake, late, COUNT(late), false);
    send_rows(fake, fits, 1, true);
    send_rows(fake, fits, 1, false);
    fake_expect_close(fake);
    fake_start(fake);
    connection = connect_dsn(fake_dsn(fake));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    cursor = cursor_of(connection);
    for (int i = 0; i < 8; i++) {
        const dbapi_value_t *rows = NULL;
        size_t count = 0;
        run(cursor, "SELECT 1");
        CHECK_OK(dbapi_fetchall(cursor, &rows, &count, &failure));
        CHECK_SIZE(count, i == 5 ? COUNT(late) : 1);
        CHECK_INT(rows[0].kind, i == 2 ? DBAPI_KIND_TEXT : DBAPI_KIND_COMPOSITE);
        if (i == 2) {
            CHECK_TEXT(rows[0].as.text.data, "(1,2)");
        }
        if (i == 5) {
            CHECK_INT(rows[COUNT(late) - 1].kind, DBAPI_KIND_TEXT);
            CHECK_TEXT(rows[COUNT(late) - 1].as.text.data, "(7,8)");
        }
    }
    close_cursor();
    fake_finish(fake);
}

/* In a transaction of the user's the look-up is part of it; in a failed one nothing can be asked. */
static void inside_of_a_transaction(void)
{
    make_types();
    connection = connect_test();
    cursor = cursor_of(connection);
    run(cursor, "SELECT ROW(3,'abc','ok')::t47.pair");
    CHECK_INT(fetch_row(cursor)[0].kind, DBAPI_KIND_COMPOSITE);
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INTRANS);
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    run(cursor, "SELECT 'ok'::t47.mood; SELECT ROW(1,'x')::t47.things");
    CHECK_INT(fetch_row(cursor)[0].kind, DBAPI_KIND_COMPOSITE);
    CHECK_OK(dbapi_commit(connection, &failure));
    close_cursor();
    dbapi_cursor_t *named = NULL;
    connection = connect_test();
    CHECK_OK(dbapi_cursor_named(connection, "types", -1, false, &named, &failure));
    run(named, "SELECT ROW(g,'abc','ok')::t47.pair FROM generate_series(1, 3) g");
    for (int i = 1; i <= 3; i++) {
        CHECK_INT(fetch_row(named)[0].as.composite->fields[0].as.integer, i);
    }
    dbapi_cursor_free(named);
    dbapi_connection_free(connection);
}

/* A query without a type of the user's asks for none: one request, one answer. */
static void built_in_types_are_not_looked_up(void)
{
    fake_server *fake = fake_new();
    fake_greet(fake);
    for (int i = 0; i < 2; i++) {
        fake_expect(fake, 'Q', "SELECT 1");
        fake_send_columns(fake, 3, i == 0 ? 1007 : 2249);
        fake_send_complete(fake, "SELECT 0");
        fake_send_ready(fake, 'I');
    }
    /* One that is not built in, and is gone when it is asked for. */
    fake_expect(fake, 'Q', "SELECT 1");
    fake_send_columns(fake, 1, 54321);
    fake_send_row(fake, 1, (const char *const[]){ "(1,2)" });
    fake_send_complete(fake, "SELECT 1");
    fake_send_ready(fake, 'I');
    fake_expect(fake, 'Q', "SELECT t.oid");
    fake_send_columns(fake, 7, 25);
    fake_send_complete(fake, "SELECT 0");
    fake_send_columns(fake, 3, 25);
    fake_send_complete(fake, "SELECT 0");
    fake_send_ready(fake, 'I');
    /* It is not asked for again. */
    fake_expect(fake, 'Q', "SELECT 1");
    fake_send_columns(fake, 1, 54321);
    fake_send_complete(fake, "SELECT 0");
    fake_send_ready(fake, 'I');
    fake_expect_close(fake);
    fake_start(fake);
    connection = connect_dsn(fake_dsn(fake));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    cursor = cursor_of(connection);
    run(cursor, "SELECT 1");
    run(cursor, "SELECT 1");
    run(cursor, "SELECT 1");
    const dbapi_value_t *row = fetch_row(cursor);
    CHECK_INT(row[0].kind, DBAPI_KIND_TEXT);
    CHECK_TEXT(row[0].as.text.data, "(1,2)");
    run(cursor, "SELECT 1");
    close_cursor();
    fake_finish(fake);
}

/* hstore and citext are known by their extension, not by their name. */
static void extensions(void)
{
    open_cursor(DBAPI_FORMAT_TEXT);
    run(cursor, "SELECT count(*) FROM pg_available_extensions WHERE name IN ('hstore', 'citext')");
    int available = (int)fetch_row(cursor)[0].as.integer;
    close_cursor();
    if (available < 2) {
        SKIP("this server has no contrib extensions");
    }
    run_outside("CREATE EXTENSION IF NOT EXISTS hstore");
    run_outside("CREATE EXTENSION IF NOT EXISTS citext");
    for (size_t f = 0; f < COUNT(formats); f++) {
        open_cursor(formats[f]);
        for (int round = 0; round < 2; round++) {
            run(cursor, "SELECT 'a=>1, \"b c\"=>NULL'::hstore, 'CaSe'::citext, ARRAY['x=>y'::hstore]");
            const dbapi_value_t *row = fetch_row(cursor);
            CHECK_INT(row[0].kind, DBAPI_KIND_HSTORE);
            CHECK_SIZE(row[0].as.hstore->count, 2);
            CHECK_INT(row[1].kind, DBAPI_KIND_TEXT);
            CHECK_TEXT(row[1].as.text.data, "CaSe");
            CHECK_INT(row[2].as.array->items[0].kind, DBAPI_KIND_HSTORE);
        }
        close_cursor();
    }
}

CHECK_MAIN(
    CASE(values_are_the_servers),
    CASE(a_row_has_its_columns_names),
    CASE(changes_are_noticed),
    CASE(another_sessions_changes_show_in_the_rows),
    CASE(another_sessions_changes_of_a_table),
    CASE(a_change_inside_of_a_function),
    CASE(another_sessions_new_name_is_noticed_in_time),
    CASE(looked_up_again_only_when_it_must_be),
    CASE(inside_of_a_transaction),
    CASE(built_in_types_are_not_looked_up),
    CASE(extensions)
)
