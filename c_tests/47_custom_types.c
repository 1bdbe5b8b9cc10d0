/* Types of the user's own: enums, domains, rows, arrays and ranges of them are looked up when a result first has
 * them, in both formats, and looked up again when they have changed. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"
#include "fake_server.h"

#include <stdio.h>
#include <string.h>

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
    /* The same statement again and again, as it is sent the first time. */
    char dsn[256];
    snprintf(dsn, sizeof dsn, "%s prepare_threshold=0", fake_dsn(fake));
    connection = connect_dsn(dsn);
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
    CASE(inside_of_a_transaction),
    CASE(built_in_types_are_not_looked_up),
    CASE(extensions)
)
