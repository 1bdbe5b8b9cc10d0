/* Statements that are prepared by themselves after a few uses: nobody notices, whatever happens under them. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"

#include <stdio.h>
#include <string.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;
/* The cursor streams its results: at the bottom. */
static bool streams;

static void open_dsn(const char *dsn)
{
    connection = connect_dsn(dsn);
    cursor = cursor_of(connection);
    CHECK_OK(dbapi_cursor_set_stream(cursor, streams, &failure));
}

static void open_cursor(void)
{
    open_dsn("");
}

static void open_autocommit(void)
{
    open_cursor();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
}

static void close_cursor(void)
{
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static char text[4096];

/* A row's values, as dbapi_value_format gives them, with a space behind each. The result is over then. */
static const char *text_of(const dbapi_value_t *row)
{
    size_t columns = 0, length = 0, at = 0;
    CHECK(dbapi_description(cursor, &columns) != NULL);
    for (size_t i = 0; i < columns; i++) {
        if (row[i].kind == DBAPI_KIND_NULL) {
            at += (size_t)snprintf(text + at, sizeof text - at, "NULL ");
            continue;
        }
        CHECK_OK(dbapi_value_format(&row[i], text + at, sizeof text - at, &length, &failure));
        at += length;
        CHECK(at + 2 < sizeof text);
        memcpy(text + at++, " ", 2);
    }
    if (streams) {
        check_end(cursor);
    }
    return text;
}

/* The same of the next row. */
static const char *row_text(void)
{
    return text_of(fetch_row(cursor));
}

/* A query's row, with one parameter. */
static const char *ask(const char *sql, dbapi_value_t param)
{
    CHECK_OK(dbapi_execute(cursor, sql, &param, 1, &failure));
    return row_text();
}

/* The same without. */
static const char *ask_plain(const char *sql)
{
    run(cursor, sql);
    return row_text();
}

/* How many statements of ours the server has prepared, this one apart. */
static int64_t prepared(void)
{
    dbapi_cursor_t *other = cursor_of(connection);
    run(other, "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'dbapi\\_%'"
               " AND statement NOT LIKE '%pg_prepared_statements%'");
    int64_t count = fetch_row(other)[0].as.integer;
    dbapi_cursor_free(other);
    return count;
}

static void the_third_use_prepares(void)
{
    open_cursor();
    for (int use = 1; use <= 6; use++) {
        char expected[16];
        snprintf(expected, sizeof expected, "%d ", use + 1);
        CHECK_TEXT(ask("SELECT %s + 1", DBAPI_INT(use)), expected);
        CHECK_INT(prepared(), use >= 3 ? 1 : 0);
        if (use == 4) {
            CHECK_OK(dbapi_commit(connection, &failure));
        }
    }
    /* Another type is another statement; a command gains nothing. */
    for (int use = 0; use < 4; use++) {
        CHECK_TEXT(ask("SELECT %s + 1", DBAPI_INT(INT64_C(1) << 40)), "1099511627777 ");
        run(cursor, "NOTIFY nobody");
        CHECK_TEXT(ask_plain("SELECT 'without parameters', '100%'"), "without parameters 100% ");
    }
    CHECK_INT(prepared(), 3);
    close_cursor();
}

static void switched_off(void)
{
    static const char *const off[] = { "prepare_threshold=0", "prepared_max=0" };
    for (size_t i = 0; i < 2; i++) {
        open_dsn(off[i]);
        for (int use = 0; use < 6; use++) {
            CHECK_TEXT(ask("SELECT %s + 1", DBAPI_INT(1)), "2 ");
        }
        CHECK_INT(prepared(), 0);
        CHECK_INT(dbapi_connection_prepare_threshold(connection), i == 0 ? 0 : 3);
        CHECK_INT(dbapi_connection_prepared_max(connection), i == 0 ? 100 : 0);
        close_cursor();
    }
    open_cursor();
    for (int use = 0; use < 4; use++) {
        CHECK_TEXT(ask("SELECT %s + 1", DBAPI_INT(1)), "2 ");
    }
    CHECK_INT(prepared(), 1);
    CHECK_OK(dbapi_connection_set_prepare_threshold(connection, 0, &failure));
    CHECK_INT(dbapi_connection_prepare_threshold(connection), 0);
    CHECK_TEXT(ask("SELECT %s + 1", DBAPI_INT(1)), "2 ");
    CHECK_INT(prepared(), 0);
    CHECK_FAILS(dbapi_connection_set_prepare_threshold(connection, -1, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "less than 0");
    CHECK_FAILS(dbapi_connection_set_prepare_threshold(connection, 1000001, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "1000000");
    CHECK_FAILS(dbapi_connection_set_prepared_max(connection, 10001, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "10000");
    CHECK_OK(dbapi_close(connection, &failure));
    CHECK_FAILS(dbapi_connection_set_prepared_max(connection, 1, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_INT(dbapi_connection_prepared_max(NULL), -1);
    close_cursor();
    dbapi_connection_t *none = NULL;
    CHECK_FAILS(dbapi_connect("prepare_threshold=-1", &none, &failure), DBAPI_OPERATIONAL_ERROR, NULL, "prepare_threshold");
}

static void the_least_recently_used_goes(void)
{
    open_autocommit();
    CHECK_OK(dbapi_connection_set_prepared_max(connection, 10, &failure));
    for (int statement = 0; statement < 40; statement++) {
        for (int use = 0; use < 4; use++) {
            char sql[64], expected[32];
            snprintf(sql, sizeof sql, "SELECT %d, %%s", statement);
            snprintf(expected, sizeof expected, "%d %d ", statement, use);
            CHECK_TEXT(ask(sql, DBAPI_INT(use)), expected);
        }
        CHECK(prepared() <= 11);
    }
    /* What is prepared is: the first ones are again, once they come back. */
    CHECK_TEXT(ask("SELECT 0, %s", DBAPI_INT(7)), "0 7 ");
    CHECK_OK(dbapi_connection_set_prepared_max(connection, 2, &failure));
    CHECK_TEXT(ask("SELECT 39, %s", DBAPI_INT(7)), "39 7 ");
    CHECK(prepared() <= 2);
    close_cursor();
}

/* Values are the same before and after, in each style that the session may have. */
static void values_stay_the_same(void)
{
    static const char *const settings[] = {
        "SELECT 1",
        "SET DateStyle = 'SQL, DMY'",
        "SET IntervalStyle = 'iso_8601'",
        "SET extra_float_digits = 0",
        "SET TimeZone = 'Asia/Kolkata'",
        "SET bytea_output = 'escape'",
        "SELECT set_config('extra_float_digits', '-5', false)",
    };
    static const int32_t formats[] = { DBAPI_FORMAT_AUTO, DBAPI_FORMAT_TEXT, DBAPI_FORMAT_BINARY };
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        for (size_t f = 0; f < 3; f++) {
            char first[sizeof text] = "";
            int32_t kinds[20] = { 0 };
            open_cursor();
            CHECK_OK(dbapi_cursor_set_result_format(cursor, formats[f], &failure));
            run(cursor, settings[i]);
            for (int use = 0; use < 6; use++) {
                dbapi_value_t param = DBAPI_INT(use);
                CHECK_OK(dbapi_execute(cursor,
                    "SELECT true, 1::int2, 2::int4, 3::int8, 0.1::float8 + 0.2::float8, 0.1::float4, 1.50::numeric, 'a'::text,"
                    " '\\x00ff'::bytea, '2020-02-03'::date, '04:05:06.7'::time, '2020-02-03 04:05'::timestamp,"
                    " '2020-02-03 04:05+00'::timestamptz, '1 mon 2 days 03:04:05'::interval,"
                    " 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, ARRAY[1.5::float8, NULL], '{\"a\": 1}'::jsonb, NULL::int4"
                    " WHERE %s >= 0",
                    &param, 1, &failure));
                const dbapi_value_t *row = fetch_row(cursor);
                for (size_t c = 0; c < 18; c++) {
                    CHECK(use == 0 || kinds[c] == row[c].kind);
                    kinds[c] = row[c].kind;
                }
                text_of(row);
                if (use == 0) {
                    strcpy(first, text);
                }
                CHECK_TEXT(text, first);
            }
            CHECK_INT(prepared(), 1);
            close_cursor();
        }
    }
}

static void own_ddl(void)
{
    open_cursor();
    run(cursor, "CREATE TEMP TABLE t37 (a int)");
    run(cursor, "INSERT INTO t37 VALUES (1)");
    for (int use = 0; use < 4; use++) {
        CHECK_TEXT(ask("SELECT * FROM t37 WHERE a = %s", DBAPI_INT(1)), "1 ");
    }
    run(cursor, "ALTER TABLE t37 ADD COLUMN b text DEFAULT 'new'");
    for (int use = 0; use < 4; use++) {
        CHECK_TEXT(ask("SELECT * FROM t37 WHERE a = %s", DBAPI_INT(1)), "1 new ");
    }
    CHECK_OK(dbapi_commit(connection, &failure));
    /* And back, by the end of the transaction that changed it. */
    run(cursor, "ALTER TABLE t37 DROP COLUMN b");
    for (int use = 0; use < 4; use++) {
        CHECK_TEXT(ask("SELECT * FROM t37 WHERE a = %s", DBAPI_INT(1)), "1 ");
    }
    CHECK_OK(dbapi_rollback(connection, &failure));
    for (int use = 0; use < 4; use++) {
        CHECK_TEXT(ask("SELECT * FROM t37 WHERE a = %s", DBAPI_INT(1)), "1 new ");
    }
    /* The type that a text parameter took from its place. */
    for (int use = 0; use < 4; use++) {
        CHECK_TEXT(ask("SELECT b FROM t37 WHERE a = %s", DBAPI_TEXT("1")), "new ");
    }
    run(cursor, "ALTER TABLE t37 ALTER COLUMN a TYPE text");
    run(cursor, "UPDATE t37 SET a = 'x'");
    CHECK_TEXT(ask("SELECT b FROM t37 WHERE a = %s", DBAPI_TEXT("x")), "new ");
    close_cursor();
}

static void a_table_that_stands_before_it(void)
{
    static const char *const makers[] = {
        "CREATE TEMP TABLE t37_shadow AS SELECT 'temporary' AS a",
        "SELECT 'temporary' AS a INTO TEMP t37_shadow",
    };
    fresh_table("t37_shadow", "a text");
    run_outside("INSERT INTO t37_shadow VALUES ('permanent')");
    for (size_t i = 0; i < 2; i++) {
        open_autocommit();
        /* Its schema for temporary tables is there already. */
        run(cursor, "CREATE TEMP TABLE t37_other ()");
        for (int use = 0; use < 4; use++) {
            CHECK_TEXT(ask_plain("SELECT a FROM t37_shadow"), "permanent ");
        }
        run(cursor, makers[i]);
        for (int use = 0; use < 4; use++) {
            CHECK_TEXT(ask_plain("SELECT a FROM t37_shadow"), "temporary ");
        }
        close_cursor();
    }
    run_outside("DROP TABLE t37_shadow");
}

static void search_path_and_settings(void)
{
    run_outside("DROP SCHEMA IF EXISTS t37a, t37b CASCADE");
    run_outside("CREATE SCHEMA t37a CREATE TABLE t (a int)");
    run_outside("CREATE SCHEMA t37b CREATE TABLE t (a text)");
    run_outside("INSERT INTO t37a.t VALUES (1)");
    run_outside("INSERT INTO t37b.t VALUES ('1')");
    open_cursor();
    run(cursor, "SET search_path = t37a");
    CHECK_OK(dbapi_commit(connection, &failure));
    for (int use = 0; use < 4; use++) {
        CHECK_TEXT(ask("SELECT pg_typeof(a) FROM t WHERE a = %s", DBAPI_TEXT("1")), "integer ");
    }
    run(cursor, "SET LOCAL search_path = t37b");
    for (int use = 0; use < 4; use++) {
        CHECK_TEXT(ask("SELECT pg_typeof(a) FROM t WHERE a = %s", DBAPI_TEXT("1")), "text ");
    }
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_TEXT(ask("SELECT pg_typeof(a) FROM t WHERE a = %s", DBAPI_TEXT("1")), "integer ");
    /* A literal is read when the statement is prepared. */
    for (int use = 0; use < 4; use++) {
        CHECK_TEXT(ask_plain("SELECT extract(epoch FROM '2020-01-01 00:00'::timestamptz)::int8"), "1577836800 ");
    }
    run(cursor, "SET TimeZone = 'Asia/Tokyo'");
    CHECK_TEXT(ask_plain("SELECT extract(epoch FROM '2020-01-01 00:00'::timestamptz)::int8"), "1577804400 ");
    run(cursor, "SELECT set_config('TimeZone', 'UTC', false)");
    CHECK_TEXT(ask_plain("SELECT extract(epoch FROM '2020-01-01 00:00'::timestamptz)::int8"), "1577836800 ");
    close_cursor();
    run_outside("DROP SCHEMA t37a, t37b CASCADE");
}

/* What executemany runs can change what statements mean, as what execute runs can. */
static void changes_by_executemany(void)
{
    static const struct {
        const char *sql;
        const char *value;
        bool client;
    } ways[] = {
        { "ALTER TABLE t ALTER a TYPE text", NULL, false },
        { "ALTER TABLE t ALTER a SET DEFAULT %s", "7", true },
        { "SET search_path = %s", "t37d", true },
        { "DEALLOCATE ALL", NULL, false },
        { "SET TimeZone = %s", "Asia/Tokyo", true },
        { "SELECT 'x'::text AS a INTO TEMP t", NULL, false },
    };
    static const char *const answers[] = { "text ", "integer ", "text ", "integer ", "integer ", "text " };
    for (int autocommit = 0; autocommit < 2; autocommit++) {
        for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
            run_outside("DROP SCHEMA IF EXISTS t37c, t37d CASCADE");
            run_outside("CREATE SCHEMA t37c CREATE TABLE t (a int)");
            run_outside("CREATE SCHEMA t37d CREATE TABLE t (a text)");
            run_outside("INSERT INTO t37c.t VALUES (1)");
            run_outside("INSERT INTO t37d.t VALUES ('1')");
            open_dsn("options='-c search_path=t37c'");
            CHECK_OK(dbapi_connection_set_autocommit(connection, autocommit, &failure));
            for (int use = 0; use < 4; use++) {
                CHECK_TEXT(ask("SELECT pg_typeof(a) FROM t WHERE a IS DISTINCT FROM %s", DBAPI_TEXT("2")), "integer ");
            }
            CHECK_INT(prepared(), 1);
            dbapi_cursor_t *many = cursor_of(connection);
            CHECK_OK(dbapi_cursor_set_binding(many, ways[i].client ? DBAPI_BINDING_CLIENT : DBAPI_BINDING_SERVER, &failure));
            dbapi_value_t value = ways[i].value ? DBAPI_TEXT(ways[i].value) : DBAPI_NULL;
            CHECK_OK(dbapi_executemany(many, ways[i].sql, &value, ways[i].value != NULL, 1, &failure));
            CHECK_INT(prepared(), 0);
            for (int use = 0; use < 4; use++) {
                CHECK_TEXT(ask("SELECT pg_typeof(a) FROM t WHERE a IS DISTINCT FROM %s", DBAPI_TEXT("2")), answers[i]);
            }
            CHECK_OK(dbapi_rollback(connection, &failure));
            /* Undone with the transaction. */
            if (!autocommit && i != 3) {
                CHECK_TEXT(ask("SELECT pg_typeof(a) FROM t WHERE a IS DISTINCT FROM %s", DBAPI_TEXT("2")), "integer ");
            }
            dbapi_cursor_free(many);
            close_cursor();
        }
    }
    /* What changes nothing leaves them as they are. */
    open_cursor();
    for (int use = 0; use < 4; use++) {
        CHECK_TEXT(ask("SELECT %s + 1", DBAPI_INT(1)), "2 ");
    }
    run(cursor, "CREATE TEMP TABLE t (a int)");
    for (int use = 0; use < 4; use++) {
        CHECK_TEXT(ask("SELECT %s + 1", DBAPI_INT(1)), "2 ");
    }
    CHECK_INT(prepared(), 1);
    dbapi_value_t numbers[] = { DBAPI_INT(1), DBAPI_INT(2), DBAPI_INT(3) };
    dbapi_cursor_t *many = cursor_of(connection);
    CHECK_OK(dbapi_executemany(many, "INSERT INTO t VALUES (%s)", numbers, 1, 3, &failure));
    CHECK_INT(prepared(), 1);
    dbapi_cursor_free(many);
    close_cursor();
    run_outside("DROP SCHEMA t37c, t37d CASCADE");
}

/* A moment is not frozen. */
static void now_is_now(void)
{
    char before[sizeof text] = "";
    open_autocommit();
    for (int use = 0; use < 6; use++) {
        ask_plain("SELECT 'now'::timestamptz, 1");
        CHECK(strcmp(text, before) != 0);
        strcpy(before, text);
    }
    close_cursor();
}

static void ddl_of_another_session(void)
{
    fresh_table("t37_other", "a int");
    run_outside("INSERT INTO t37_other VALUES (1)");
    for (int transaction = 0; transaction < 2; transaction++) {
        if (transaction) {
            open_cursor();
        } else {
            open_autocommit();
        }
        for (int use = 0; use < 4; use++) {
            CHECK_TEXT(ask("SELECT * FROM t37_other WHERE a = %s", DBAPI_TEXT("1")), "1 ");
        }
        CHECK_OK(dbapi_commit(connection, &failure));
        run_outside("ALTER TABLE t37_other ADD COLUMN b int DEFAULT 2");
        CHECK_TEXT(ask("SELECT * FROM t37_other WHERE a = %s", DBAPI_TEXT("1")), "1 2 ");
        CHECK_OK(dbapi_commit(connection, &failure));
        /* What it was compared with is another type. */
        run_outside("ALTER TABLE t37_other DROP COLUMN b, ALTER COLUMN a TYPE text");
        for (int use = 0; use < 4; use++) {
            CHECK_TEXT(ask("SELECT * FROM t37_other WHERE a = %s", DBAPI_TEXT("1")), "1 ");
        }
        CHECK_OK(dbapi_commit(connection, &failure));
        run_outside("ALTER TABLE t37_other ALTER COLUMN a TYPE int USING a::int");
        CHECK_TEXT(ask("SELECT * FROM t37_other WHERE a = %s", DBAPI_TEXT("1")), "1 ");
        CHECK_INT(dbapi_connection_transaction_status(connection), transaction ? 2 : 0);
        close_cursor();
    }
    /* In the midst of a transaction the server fails it; run again, it succeeds. */
    open_cursor();
    for (int use = 0; use < 4; use++) {
        CHECK_TEXT(ask("SELECT * FROM t37_other WHERE a = %s", DBAPI_INT(1)), "1 ");
    }
    CHECK_OK(dbapi_commit(connection, &failure));
    run_outside("ALTER TABLE t37_other ADD COLUMN b int DEFAULT 2");
    run(cursor, "SELECT 1");
    if (streams) {
        /* A query that is streamed has a savepoint around it there. */
        CHECK_TEXT(ask("SELECT * FROM t37_other WHERE a = %s", DBAPI_INT(1)), "1 2 ");
        CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INTRANS);
    } else {
        dbapi_value_t param = DBAPI_INT(1);
        CHECK_FAILS(dbapi_execute(cursor, "SELECT * FROM t37_other WHERE a = %s", &param, 1, &failure),
                    DBAPI_NOT_SUPPORTED_ERROR, "0A000", "when the transaction is run again");
        CHECK_OK(dbapi_rollback(connection, &failure));
    }
    run(cursor, "SELECT 1");
    if (streams) {
        row_text();
    }
    CHECK_TEXT(ask("SELECT * FROM t37_other WHERE a = %s", DBAPI_INT(1)), "1 2 ");
    /* What changes rows has none. */
    for (int use = 0; use < 4; use++) {
        CHECK_TEXT(ask("UPDATE t37_other SET a = a WHERE a = %s RETURNING *", DBAPI_INT(1)), "1 2 ");
    }
    CHECK_OK(dbapi_commit(connection, &failure));
    run_outside("ALTER TABLE t37_other DROP COLUMN b");
    /* At a transaction's begin it is run anew, as outside of one. */
    CHECK_TEXT(ask("UPDATE t37_other SET a = a WHERE a = %s RETURNING *", DBAPI_INT(1)), "1 ");
    for (int use = 0; use < 4; use++) {
        CHECK_TEXT(ask("UPDATE t37_other SET a = a WHERE a = %s RETURNING *", DBAPI_INT(1)), "1 ");
    }
    CHECK_OK(dbapi_commit(connection, &failure));
    run_outside("ALTER TABLE t37_other ADD COLUMN b int DEFAULT 3");
    CHECK_TEXT(ask_plain("SELECT 1"), "1 ");
    dbapi_value_t one = DBAPI_INT(1);
    CHECK_FAILS(dbapi_execute(cursor, "UPDATE t37_other SET a = a WHERE a = %s RETURNING *", &one, 1, &failure),
                DBAPI_NOT_SUPPORTED_ERROR, "0A000", "when the transaction is run again");
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INERROR);
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_TEXT(ask_plain("SELECT 1"), "1 ");
    CHECK_TEXT(ask("UPDATE t37_other SET a = a WHERE a = %s RETURNING *", DBAPI_INT(1)), "1 3 ");
    close_cursor();
    run_outside("DROP TABLE t37_other");
}

static void what_the_server_forgets(void)
{
    static const char *const ways[] = {
        "DEALLOCATE ALL",
        "DISCARD ALL",
        "DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$",
        /* Nothing but the server's error tells of this one. */
        "SELECT pg_temp.forget()",
    };
    for (int transaction = 0; transaction < 2; transaction++) {
        for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
            open_autocommit();
            run(cursor, "CREATE FUNCTION pg_temp.forget() RETURNS int LANGUAGE plpgsql AS"
                        " 'BEGIN EXECUTE ''DEALLOCATE ALL''; RETURN 1; END'");
            for (int use = 0; use < 4; use++) {
                CHECK_TEXT(ask("SELECT %s + 1", DBAPI_INT(1)), "2 ");
            }
            CHECK_INT(prepared(), 1);
            run(cursor, ways[i]);
            if (streams && dbapi_description(cursor, NULL) != NULL) {
                row_text();
            }
            CHECK_OK(dbapi_connection_set_autocommit(connection, !transaction, &failure));
            for (int use = 0; use < 4; use++) {
                CHECK_TEXT(ask("SELECT %s + 1", DBAPI_INT(1)), "2 ");
            }
            CHECK_INT(prepared(), 1);
            close_cursor();
        }
    }
    open_cursor();
    for (int use = 0; use < 4; use++) {
        CHECK_TEXT(ask("SELECT %s + 1", DBAPI_INT(1)), "2 ");
    }
    CHECK_OK(dbapi_connection_reset(connection, &failure));
    CHECK_TEXT(ask("SELECT %s + 1", DBAPI_INT(1)), "2 ");
    close_cursor();
}

/* The name that the next statement would have is another's: the statement is run all the same, and that one stays. */
static void a_name_that_is_taken(void)
{
    for (int transaction = 0; transaction < 3; transaction++) {
        char token[64], sql[128];
        open_autocommit();
        for (int use = 0; use < 3; use++) {
            CHECK_TEXT(ask("SELECT %s + 1", DBAPI_INT(1)), "2 ");
        }
        ask_plain("SELECT substring(name FROM 'dbapi_[0-9a-f]*_') FROM pg_prepared_statements");
        CHECK_SIZE(strlen(text), strlen("dbapi_0123456789abcdef_ "));
        snprintf(token, sizeof token, "%.23s", text);
        for (int number = 2; number <= 3; number++) {
            snprintf(sql, sizeof sql, "PREPARE %s%d AS SELECT 'mine'", token, number);
            run(cursor, sql);
        }
        CHECK_OK(dbapi_connection_set_autocommit(connection, transaction == 0, &failure));
        for (int use = 0; use < 2; use++) {
            CHECK_TEXT(ask("SELECT %s * 3", DBAPI_INT(2)), "6 ");
        }
        if (transaction == 1) {
            CHECK_OK(dbapi_commit(connection, &failure));
        }
        if (transaction == 2 && !streams) {
            /* In the midst of a transaction nothing of ours can be taken back. */
            dbapi_value_t two = DBAPI_INT(2);
            CHECK_FAILS(dbapi_execute(cursor, "SELECT %s * 3", &two, 1, &failure), DBAPI_PROGRAMMING_ERROR, "42P05", "already exists");
            CHECK_OK(dbapi_rollback(connection, &failure));
        }
        for (int use = 0; use < 5; use++) {
            CHECK_TEXT(ask("SELECT %s * 3", DBAPI_INT(2)), "6 ");
            CHECK_INT(dbapi_connection_transaction_status(connection), transaction == 0 ? 0 : 2);
            if (transaction == 1) {
                CHECK_OK(dbapi_commit(connection, &failure));
            }
        }
        CHECK_INT(prepared(), 4);
        snprintf(sql, sizeof sql, "EXECUTE %s2", token);
        CHECK_TEXT(ask_plain(sql), "mine ");
        snprintf(sql, sizeof sql, "EXECUTE %s3", token);
        CHECK_TEXT(ask_plain(sql), "mine ");
        close_cursor();
    }
}

/* Errors are those of the statement, each time, and what they leave behind too. */
static void errors_stay_the_same(void)
{
    for (int transaction = 0; transaction < 2; transaction++) {
        if (transaction) {
            open_cursor();
        } else {
            open_autocommit();
        }
        run(cursor, "CREATE TEMP TABLE t37_unique (a int PRIMARY KEY)");
        run(cursor, "CREATE TEMP SEQUENCE t37_sequence");
        CHECK_OK(dbapi_commit(connection, &failure));
        for (int use = 0; use < 6; use++) {
            dbapi_value_t zero = DBAPI_INT(0), word = DBAPI_TEXT("x"), key = DBAPI_INT(use);
            CHECK_FAILS(dbapi_execute(cursor, "SELECT 1 / %s", &zero, 1, &failure), DBAPI_DATA_ERROR, "22012", "division by zero");
            CHECK_INT(dbapi_connection_transaction_status(connection), transaction ? 3 : 0);
            CHECK_OK(dbapi_rollback(connection, &failure));
            CHECK_FAILS(dbapi_execute(cursor, "SELECT 1 + %s", &word, 1, &failure), DBAPI_DATA_ERROR, "22P02", "\"x\"");
            CHECK_INT(dbapi_connection_transaction_status(connection), transaction ? 3 : 0);
            CHECK_OK(dbapi_rollback(connection, &failure));
            CHECK_OK(dbapi_execute(cursor, "INSERT INTO t37_unique VALUES (%s)", &key, 1, &failure));
            CHECK_INT(dbapi_rowcount(cursor), 1);
            CHECK_OK(dbapi_commit(connection, &failure));
            CHECK_FAILS(dbapi_execute(cursor, "INSERT INTO t37_unique VALUES (%s)", &key, 1, &failure),
                        DBAPI_INTEGRITY_ERROR, "23505", "t37_unique_pkey");
            CHECK_OK(dbapi_rollback(connection, &failure));
            /* What ran before it failed ran once. */
            key = DBAPI_INT(0);
            CHECK_FAILS(dbapi_execute(cursor, "SELECT nextval('t37_sequence') / %s", &key, 1, &failure),
                        DBAPI_DATA_ERROR, "22012", "division by zero");
            CHECK_OK(dbapi_rollback(connection, &failure));
            char expected[16];
            snprintf(expected, sizeof expected, "%d ", use + 1);
            CHECK_TEXT(ask_plain("SELECT last_value FROM t37_sequence"), expected);
        }
        CHECK_TEXT(ask_plain("SELECT count(*) FROM t37_unique"), "6 ");
        close_cursor();
    }
}

static void names_numbers_and_rows_without_columns(void)
{
    static const char *const names[] = { "b", "a" };
    static const char *const other_names[] = { "a", "b" };
    open_cursor();
    run(cursor, "CREATE TEMP TABLE t37_rows (a int, b text)");
    for (int use = 0; use < 5; use++) {
        dbapi_value_t params[] = { DBAPI_INT(2), DBAPI_INT(use) };
        CHECK_OK(dbapi_execute_named(cursor, "SELECT %(a)s, %(b)s, %(a)s", names, params, 2, &failure));
        char expected[32];
        snprintf(expected, sizeof expected, "%d 2 %d ", use, use);
        CHECK_TEXT(row_text(), expected);
        CHECK_OK(dbapi_execute_named(cursor, "SELECT %(a)s, %(b)s, %(a)s", other_names, params, 2, &failure));
        snprintf(expected, sizeof expected, "2 %d 2 ", use);
        CHECK_TEXT(row_text(), expected);
        dbapi_value_t null_or_not[] = { DBAPI_INT(use), use % 2 ? DBAPI_NULL : DBAPI_TEXT("x") };
        CHECK_OK(dbapi_execute(cursor, "INSERT INTO t37_rows VALUES (%s, %s)", null_or_not, 2, &failure));
        CHECK_INT(dbapi_rowcount(cursor), 1);
        CHECK(dbapi_description(cursor, NULL) == NULL);
        CHECK_TEXT(dbapi_cursor_statusmessage(cursor), "INSERT 0 1");
        CHECK_CONTAINS(dbapi_cursor_query(cursor), use % 2 ? "($1, NULL)" : "($1, $2)");
        CHECK_OK(dbapi_execute(cursor, "SELECT FROM t37_rows WHERE a <= %s", params + 1, 1, &failure));
        for (int i = 0; streams && i <= use; i++) {
            fetch_row(cursor);
        }
        if (streams) {
            check_end(cursor);
        }
        CHECK_INT(dbapi_rowcount(cursor), use + 1);
        if (streams) {
            continue;
        }
        run(cursor, "SELECT a FROM t37_rows WHERE a < 0; SELECT count(b) FROM t37_rows");
        CHECK_INT(fetch_row(cursor)[0].as.integer, use / 2 + 1);
    }
    CHECK_OK(dbapi_cursor_set_paramstyle(cursor, DBAPI_PARAMSTYLE_NUMERIC, &failure));
    for (int use = 0; use < 5; use++) {
        dbapi_value_t params[] = { DBAPI_INT(2), DBAPI_INT(use) };
        CHECK_OK(dbapi_execute(cursor, "SELECT $2 - $1", params, 2, &failure));
        CHECK_INT(fetch_row(cursor)[0].as.integer, use - 2);
    }
    close_cursor();
}

/* The rows that a cursor holds stay what they are, whatever becomes of their statement. */
static void rows_outlive_their_statement(void)
{
    open_cursor();
    dbapi_cursor_t *other = cursor_of(connection);
    for (int use = 0; use < 4; use++) {
        dbapi_value_t three = DBAPI_INT(3);
        CHECK_OK(dbapi_execute(other, "SELECT i, i::text FROM generate_series(1, %s) i", &three, 1, &failure));
    }
    CHECK_INT(fetch_row(other)[0].as.integer, 1);
    run(cursor, "DISCARD PLANS");
    CHECK_OK(dbapi_connection_set_prepare_threshold(connection, 0, &failure));
    CHECK_OK(dbapi_rollback(connection, &failure));
    const dbapi_value_t *row = fetch_row(other);
    CHECK_INT(row[0].as.integer, 2);
    CHECK_TEXT(row[1].as.text.data, "2");
    dbapi_cursor_free(other);
    close_cursor();
}

/* The same of results that are streamed. */
#define STREAMED(function)                                                                                                 \
    static void streamed_##function(void)                                                                                  \
    {                                                                                                                      \
        streams = true;                                                                                                    \
        function();                                                                                                        \
        streams = false;                                                                                                   \
    }
STREAMED(the_third_use_prepares)
STREAMED(switched_off)
STREAMED(the_least_recently_used_goes)
STREAMED(values_stay_the_same)
STREAMED(own_ddl)
STREAMED(a_table_that_stands_before_it)
STREAMED(search_path_and_settings)
STREAMED(changes_by_executemany)
STREAMED(now_is_now)
STREAMED(ddl_of_another_session)
STREAMED(what_the_server_forgets)
STREAMED(a_name_that_is_taken)
STREAMED(errors_stay_the_same)
STREAMED(names_numbers_and_rows_without_columns)

/* A statement is one, streamed or not. */
static void streamed_or_not(void)
{
    static const int32_t formats[] = { DBAPI_FORMAT_AUTO, DBAPI_FORMAT_TEXT, DBAPI_FORMAT_BINARY };
    open_cursor();
    for (int use = 1; use <= 12; use++) {
        streams = use % 2 == 0;
        CHECK_OK(dbapi_cursor_set_stream(cursor, streams, &failure));
        CHECK_OK(dbapi_cursor_set_result_format(cursor, formats[use / 2 % 3], &failure));
        char expected[64];
        snprintf(expected, sizeof expected, "%d 0.5 2020-02-03 ", use);
        CHECK_TEXT(ask("SELECT %s::int4, 0.5::float8, '2020-02-03'::date", DBAPI_INT(use)), expected);
        CHECK_INT(prepared(), use >= 3 ? 1 : 0);
    }
    streams = false;
    close_cursor();
}

CHECK_MAIN(CASE(the_third_use_prepares), CASE(switched_off), CASE(the_least_recently_used_goes), CASE(values_stay_the_same),
           CASE(own_ddl), CASE(a_table_that_stands_before_it), CASE(search_path_and_settings), CASE(changes_by_executemany), CASE(now_is_now),
           CASE(ddl_of_another_session), CASE(what_the_server_forgets), CASE(a_name_that_is_taken), CASE(errors_stay_the_same),
           CASE(names_numbers_and_rows_without_columns), CASE(rows_outlive_their_statement), CASE(streamed_the_third_use_prepares),
           CASE(streamed_switched_off), CASE(streamed_the_least_recently_used_goes), CASE(streamed_values_stay_the_same),
           CASE(streamed_own_ddl), CASE(streamed_a_table_that_stands_before_it), CASE(streamed_search_path_and_settings),
           CASE(streamed_changes_by_executemany), CASE(streamed_now_is_now), CASE(streamed_ddl_of_another_session),
           CASE(streamed_what_the_server_forgets), CASE(streamed_a_name_that_is_taken),
           CASE(streamed_errors_stay_the_same),
           CASE(streamed_names_numbers_and_rows_without_columns), CASE(streamed_or_not))
