/* Notices: what the server says beside its answers. The last 50 are kept, whatever they say and however many
 * they are, until someone takes them. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"
#include "fake_server.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;

static void open_both(void)
{
    connection = connect_test();
    cursor = cursor_of(connection);
}

static void close_both(void)
{
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

/* The next notice, which must be there. */
static dbapi_error_t *take(void)
{
    dbapi_error_t *notice = NULL;
    CHECK_OK(dbapi_connection_notice(connection, &notice, &failure));
    CHECK(notice != NULL);
    return notice;
}

static void check_take(const char *severity, const char *sqlstate, const char *message)
{
    dbapi_error_t *notice = take();
    CHECK_TEXT(dbapi_error_message_primary(notice), message);
    CHECK_TEXT(dbapi_error_severity(notice), severity);
    CHECK_TEXT(dbapi_error_severity_nonlocalized(notice), severity);
    CHECK_TEXT(dbapi_error_sqlstate(notice), sqlstate);
    CHECK_CONTAINS(dbapi_error_message(notice), message);
    CHECK_CONTAINS(dbapi_error_message(notice), severity);
    CHECK_INT(dbapi_error_status(notice), DBAPI_OK);
    CHECK_TEXT(dbapi_error_class(notice), "Warning");
    CHECK_INT(dbapi_error_connection_usable(notice), true);
    CHECK_INT(dbapi_error_transaction_usable(notice), true);
    CHECK_INT(dbapi_error_retryable(notice), false);
    CHECK_INT(dbapi_error_timed_out(notice), false);
    dbapi_error_free(notice);
}

static void check_none(void)
{
    dbapi_error_t *notice = (dbapi_error_t *)&notice;
    CHECK_DONE(dbapi_connection_notice(connection, &notice, &failure));
    CHECK_PTR(notice, NULL);
}

static void none_at_first(void)
{
    open_both();
    check_none();
    run(cursor, "SELECT 1");
    check_none();
    close_both();
}

static void of_every_severity(void)
{
    open_both();
    run(cursor, "SET client_min_messages TO debug1");
    run(cursor, "DO $$ BEGIN RAISE NOTICE 'n'; RAISE WARNING 'w'; RAISE INFO 'i'; RAISE DEBUG 'd'; END $$");
    check_take("NOTICE", "00000", "n");
    check_take("WARNING", "01000", "w");
    check_take("INFO", "00000", "i");
    check_take("DEBUG", "00000", "d");
    check_none();
    run(cursor, "SET client_min_messages TO log");
    run(cursor, "DO $$ BEGIN RAISE LOG 'l'; END $$");
    check_take("LOG", "00000", "l");
    /* An INFO is sent whatever is asked for; the rest is not. */
    run(cursor, "SET client_min_messages TO error");
    run(cursor, "DO $$ BEGIN RAISE NOTICE 'n'; RAISE WARNING 'w'; RAISE INFO 'i'; END $$");
    check_take("INFO", "00000", "i");
    check_none();
    close_both();
}

static void with_every_option(void)
{
    open_both();
    run(cursor, "DO $$ BEGIN RAISE NOTICE USING message = 'the message', detail = 'the detail', hint = 'the hint', errcode = '01ABC', "
                "column = 'a column', constraint = 'a constraint', datatype = 'a type', table = 'a table', schema = 'a schema'; END $$");
    dbapi_error_t *notice = take();
    CHECK_TEXT(dbapi_error_message_primary(notice), "the message");
    CHECK_TEXT(dbapi_error_message_detail(notice), "the detail");
    CHECK_TEXT(dbapi_error_message_hint(notice), "the hint");
    CHECK_TEXT(dbapi_error_sqlstate(notice), "01ABC");
    CHECK_TEXT(dbapi_error_column_name(notice), "a column");
    CHECK_TEXT(dbapi_error_constraint_name(notice), "a constraint");
    CHECK_TEXT(dbapi_error_datatype_name(notice), "a type");
    CHECK_TEXT(dbapi_error_table_name(notice), "a table");
    CHECK_TEXT(dbapi_error_schema_name(notice), "a schema");
    CHECK_CONTAINS(dbapi_error_context(notice), "PL/pgSQL function inline_code_block line 1 at RAISE");
    CHECK_TEXT(dbapi_error_source_file(notice), "pl_exec.c");
    CHECK_TEXT(dbapi_error_source_function(notice), "exec_stmt_raise");
    CHECK(atoi(dbapi_error_source_line(notice)) > 0);
    CHECK_TEXT(dbapi_error_statement_position(notice), NULL);
    CHECK_TEXT(dbapi_error_internal_position(notice), NULL);
    CHECK_TEXT(dbapi_error_internal_query(notice), NULL);
    CHECK_INT(dbapi_error_row(notice), -1);
    dbapi_error_free(notice);
    close_both();
}

/* A notice of the server's own, and what it says outlives everything. */
static void outlives_the_connection(void)
{
    open_both();
    run(cursor, "DROP TABLE IF EXISTS t33_never_there");
    dbapi_error_t *notice = take();
    close_both();
    CHECK_TEXT(dbapi_error_message_primary(notice), "table \"t33_never_there\" does not exist, skipping");
    CHECK_TEXT(dbapi_error_sqlstate(notice), "00000");
    dbapi_error_free(notice);
    dbapi_error_free(notice);
}

static void texts_are_no_formats(void)
{
    static const char *const texts[] = { "%n%s%n%s", "%99999999d", "%%", "\xe2\x82\xac\xf0\x9f\x90\x98", "a\nb\r\n\tc", "'\"\\;--", "" };
    char sql[300];
    open_both();
    for (size_t i = 0; i < COUNT(texts); i++) {
        const dbapi_value_t text[] = { DBAPI_TEXT(texts[i]) };
        snprintf(sql, sizeof sql, "CREATE OR REPLACE FUNCTION pg_temp.say(t text) RETURNS void LANGUAGE plpgsql AS "
                                  "$f$ BEGIN RAISE NOTICE USING message = t, detail = t, hint = t; END $f$");
        run(cursor, sql);
        CHECK_OK(dbapi_execute(cursor, "SELECT pg_temp.say(%s)", text, 1, &failure));
        dbapi_error_t *notice = take();
        CHECK_TEXT(dbapi_error_message_primary(notice), texts[i]);
        CHECK_TEXT(dbapi_error_message_detail(notice), texts[i]);
        CHECK_TEXT(dbapi_error_message_hint(notice), texts[i]);
        dbapi_error_free(notice);
    }
    close_both();
}

static void the_last_fifty_oldest_first(void)
{
    char number[20];
    open_both();
    run(cursor, "DO $$ BEGIN FOR i IN 1..50 LOOP RAISE NOTICE '%', i; END LOOP; END $$");
    for (int i = 1; i <= 50; i++) {
        snprintf(number, sizeof number, "%d", i);
        check_take("NOTICE", "00000", number);
    }
    check_none();
    run(cursor, "DO $$ BEGIN FOR i IN 1..60 LOOP RAISE NOTICE '%', i; END LOOP; END $$");
    run(cursor, "DO $$ BEGIN RAISE NOTICE '61'; END $$");
    for (int i = 12; i <= 61; i++) {
        snprintf(number, sizeof number, "%d", i);
        check_take("NOTICE", "00000", number);
    }
    check_none();
    close_both();
}

/* The most memory that this process has had, in KiB. */
static long most_memory(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* Under valgrind or a sanitizer: slower, and with memory of its own. */
static bool watched(void)
{
    return getenv("DBAPI_TEST_VALGRIND") != NULL || getenv("DBAPI_TEST_SANITIZER") != NULL;
}

static void a_flood(void)
{
    long before;
    const char *count = watched() ? "20000" : "1000000";
    char sql[200], last[20];
    open_both();
    run(cursor, "DO $$ BEGIN FOR i IN 1..1000 LOOP RAISE NOTICE 'n %', repeat('x', 100); END LOOP; END $$");
    before = most_memory();
    snprintf(sql, sizeof sql, "DO $$ BEGIN FOR i IN 1..%s LOOP RAISE NOTICE '%%', i; END LOOP; END $$", count);
    run(cursor, sql);
    CHECK(watched() || most_memory() - before < 16 << 10);
    for (int i = 49; i >= 0; i--) {
        snprintf(last, sizeof last, "%d", atoi(count) - i);
        check_take("NOTICE", "00000", last);
    }
    check_none();
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    close_both();
}

/* Fifty of them may be large: what is kept is bounded in bytes, too. The last is always kept. */
static void a_flood_of_large_ones(void)
{
    long before = most_memory();
    if (watched()) {
        SKIP("what valgrind or a sanitizer needs of memory is no measure");
    }
    open_both();
    run(cursor, "DO $$ DECLARE t text := repeat('x', 30000000); BEGIN FOR i IN 1..20 LOOP RAISE NOTICE '% %', i, t; END LOOP; END $$");
    long used = (most_memory() - before) >> 10;
    if (used > 300) {
        FAIL("20 notices of 30 MB each took %ld MiB of memory", used);
    }
    dbapi_error_t *notice = NULL, *last = NULL;
    int count = 0;
    while (dbapi_connection_notice(connection, &notice, &failure) == DBAPI_OK) {
        dbapi_error_free(last);
        last = notice;
        count++;
    }
    CHECK(count >= 1);
    CHECK_INT(strncmp(dbapi_error_message_primary(last), "20 xxx", 6), 0);
    CHECK_SIZE(strlen(dbapi_error_message_primary(last)), 30000003);
    dbapi_error_free(last);
    close_both();
}

static void of_a_failed_statement(void)
{
    open_both();
    CHECK_FAILS(dbapi_execute(cursor, "DO $$ BEGIN RAISE NOTICE 'before'; RAISE EXCEPTION 'the error'; END $$", NULL, 0, &failure), DBAPI_INTERNAL_ERROR, "P0001",
                "the error");
    check_take("NOTICE", "00000", "before");
    check_none();
    /* What only warns in a failed transaction. */
    CHECK_OK(dbapi_rollback(connection, &failure));
    check_none();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    run(cursor, "COMMIT");
    check_take("WARNING", "25P01", "there is no transaction in progress");
    close_both();
}

static void of_executemany_and_commit(void)
{
    fresh_table("t33_notices", "a int");
    run_outside("CREATE OR REPLACE FUNCTION t33_say() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE NOTICE '% %', TG_NAME, NEW.a; RETURN NEW; END $$; "
                "CREATE TRIGGER now BEFORE INSERT ON t33_notices FOR EACH ROW EXECUTE FUNCTION t33_say(); "
                "CREATE CONSTRAINT TRIGGER later AFTER INSERT ON t33_notices DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION t33_say()");
    open_both();
    const dbapi_value_t rows[] = { DBAPI_INT(1), DBAPI_INT(2) };
    CHECK_OK(dbapi_executemany(cursor, "INSERT INTO t33_notices VALUES (%s)", rows, 1, 2, &failure));
    check_take("NOTICE", "00000", "now 1");
    check_take("NOTICE", "00000", "now 2");
    check_none();
    CHECK_OK(dbapi_commit(connection, &failure));
    check_take("NOTICE", "00000", "later 1");
    check_take("NOTICE", "00000", "later 2");
    check_none();
    close_both();
}

/* What was said while the session began, and what is taken from a connection that is closed. */
static void of_the_login_and_after_the_end(void)
{
    fake_server *fake = fake_new();
    fake_bytes notice = { 0 };
    fake_put(&notice, "SWARNING\0VWARNING\0C01000\0Myour password %n%s will expire soon\0Xwhat is this\0", 77);
    fake_expect_startup(fake);
    fake_send_auth(fake, 0, NULL, 0);
    fake_send_message(fake, 'N', notice.data, notice.length);
    fake_send_session(fake);
    fake_expect_close(fake);
    fake_start(fake);
    connection = connect_dsn(fake_dsn(fake));
    CHECK_OK(dbapi_close(connection, &failure));
    check_take("WARNING", "01000", "your password %n%s will expire soon");
    check_none();
    dbapi_connection_free(connection);
    dbapi_error_t *none = (dbapi_error_t *)&none;
    CHECK_FAILS(dbapi_connection_notice(connection, &none, &failure), DBAPI_INTERFACE_ERROR, NULL, "freed");
    CHECK_PTR(none, NULL);
    fake_finish(fake);
    fake_bytes_free(&notice);
}

/* Notices that are hardly any: no field, one of each twice, none that is known. */
static void strange_ones(void)
{
    static const struct {
        const char *fields;
        size_t length;
    } notices[] = { { "\0", 1 }, { "M\0\0", 3 }, { "Xx\0\0", 4 }, { "Ma\0Mb\0\0", 7 }, { "M\xff\xfe\0\0", 5 } };
    fake_server *fake = fake_new();
    fake_greet(fake);
    fake_expect(fake, 'Q', "SELECT 1");
    for (size_t i = 0; i < COUNT(notices); i++) {
        fake_send_message(fake, 'N', notices[i].fields, notices[i].length);
    }
    fake_send_complete(fake, "SELECT 0");
    fake_send_ready(fake, 'I');
    fake_expect_close(fake);
    fake_start(fake);
    connection = connect_dsn(fake_dsn(fake));
    cursor = cursor_of(connection);
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    run(cursor, "SELECT 1");
    for (size_t i = 0; i < COUNT(notices); i++) {
        dbapi_error_t *notice = take();
        CHECK(dbapi_error_message(notice) != NULL && dbapi_error_message(notice)[0] != '\0');
        CHECK_INT(dbapi_error_status(notice), DBAPI_OK);
        dbapi_error_free(notice);
    }
    check_none();
    close_both();
    fake_finish(fake);
}

/* ---- concurrent takers ----------------------------------------------------------------------------------- */

enum { TAKERS = 3, ROUNDS = 200, PER_ROUND = 20 };

static volatile int over;

static void *take_until_over(void *argument)
{
    int *count = argument;
    while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
        dbapi_error_t *notice = NULL;
        if (dbapi_connection_notice(connection, &notice, NULL) == DBAPI_OK) {
            (*count)++;
            dbapi_error_free(notice);
        }
    }
    return NULL;
}

/* Each notice goes to one taker, while statements go on. */
static void concurrent_takers(void)
{
    pthread_t threads[TAKERS];
    int counts[TAKERS] = { 0 }, sum = 0;
    open_both();
    over = 0;
    for (int i = 0; i < TAKERS; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, take_until_over, &counts[i]), 0);
    }
    for (int round = 0; round < ROUNDS; round++) {
        run(cursor, "DO $$ BEGIN FOR i IN 1..20 LOOP RAISE NOTICE 'n'; END LOOP; END $$");
    }
    __atomic_store_n(&over, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < TAKERS; i++) {
        CHECK_INT(pthread_join(threads[i], NULL), 0);
        sum += counts[i];
    }
    dbapi_error_t *notice = NULL;
    while (dbapi_connection_notice(connection, &notice, &failure) == DBAPI_OK) {
        sum++;
        dbapi_error_free(notice);
    }
    /* None twice; one is lost only where takers fall behind by fifty. */
    CHECK(sum > 0 && sum <= ROUNDS * PER_ROUND);
    close_both();
}

static void wrong_arguments(void)
{
    dbapi_error_t *notice = (dbapi_error_t *)&notice;
    open_both();
    CHECK_FAILS(dbapi_connection_notice(connection, NULL, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "out_notice");
    CHECK_FAILS(dbapi_connection_notice(NULL, &notice, &failure), DBAPI_INTERFACE_ERROR, NULL, "NULL");
    CHECK_PTR(notice, NULL);
    CHECK_FAILS(dbapi_connection_notice((dbapi_connection_t *)cursor, &notice, &failure), DBAPI_INTERFACE_ERROR, NULL, "another type");
    close_both();
}

CHECK_MAIN(CASE(none_at_first), CASE(of_every_severity), CASE(with_every_option), CASE(outlives_the_connection), CASE(texts_are_no_formats),
           CASE(the_last_fifty_oldest_first), CASE(a_flood), CASE(a_flood_of_large_ones), CASE(of_a_failed_statement),
           CASE(of_executemany_and_commit), CASE(of_the_login_and_after_the_end), CASE(strange_ones), CASE(concurrent_takers),
           CASE(wrong_arguments))
