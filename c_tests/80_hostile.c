/* A hostile server after the login: whatever it sends, the client gets an error, the connection is broken,
 * and nothing hangs, crashes or leaks. SECURITY.md tells which clients fell to each of these. */
#include "hostile.h"

#include <stdio.h>
#include <string.h>

/* Bytes that answer the query. A string literal, so that NULs count. */
#define ANSWER(what, text, expected) { what, text, sizeof(text) - 1, expected }

typedef struct answer {
    const char *what;
    const char *bytes;
    size_t length;
    hostility expected;
} answer;

/* Sends each answer, then waits for the client to give up by itself (PROTOCOL), or closes. `columns` int4
 * columns are described first, unless 0. */
static void check_answers(const answer *answers, size_t count, size_t columns)
{
    for (size_t i = 0; i < count; i++) {
        fake_server *fake = fake_after_query();
        if (columns > 0) {
            fake_send_columns(fake, columns, 23);
        }
        fake_send(fake, answers[i].bytes, answers[i].length);
        if (answers[i].expected != PROTOCOL) {
            fake_shutdown(fake);
        }
        fake_silence(fake);
        check_breaks(fake, answers[i].expected, answers[i].what);
    }
}

static void messages_that_are_none(void)
{
    static const answer answers[] = {
        ANSWER("an unknown type", "~\0\0\0\4", PROTOCOL),
        ANSWER("a NUL for a type", "\0\0\0\0\4", PROTOCOL),
        ANSWER("a message for servers", "Q\0\0\0\5\0", PROTOCOL),
        ANSWER("length 0", "Z\0\0\0\0", PROTOCOL),
        ANSWER("length 3", "C\0\0\0\3", PROTOCOL),
        ANSWER("length -1", "C\xff\xff\xff\xff", PROTOCOL),
        ANSWER("DataRow of length -1", "D\xff\xff\xff\xff", PROTOCOL),
        ANSWER("RowDescription of length -2^31", "T\x80\0\0\0", PROTOCOL),
        ANSWER("ErrorResponse of 2 GiB", "E\x7f\xff\xff\xff", EITHER),
        ANSWER("NoticeResponse of 2 GiB", "N\x7f\xff\xff\xff", EITHER),
        ANSWER("RowDescription of 2 GiB", "T\x7f\xff\xff\xff", EITHER),
        ANSWER("CommandComplete of 2 GiB", "C\x7f\xff\xff\xff", EITHER),
        ANSWER("ParameterStatus of 2 GiB", "S\x7f\xff\xff\xff", EITHER),
        ANSWER("NotificationResponse of 2 GiB", "A\x7f\xff\xff\xff", EITHER),
        ANSWER("a web server", "HTTP/1.1 400 Bad Request\r\n\r\n", EITHER),
        ANSWER("ReadyForQuery of 2 GiB", "Z\x7f\xff\xff\xff", PROTOCOL),
    };
    check_answers(answers, COUNT(answers), 0);
}

static void messages_out_of_place(void)
{
    static const answer answers[] = {
        ANSWER("DataRow without RowDescription", "D\0\0\0\6\0\0", PROTOCOL),
        ANSWER("a login request", "R\0\0\0\x08\0\0\0\3", PROTOCOL),
        ANSWER("AuthenticationOk", "R\0\0\0\x08\0\0\0\0", PROTOCOL),
        ANSWER("CopyData without a copy", "d\0\0\0\5x", PROTOCOL),
        ANSWER("ParameterDescription in the simple protocol", "t\0\0\0\6\0\0", PROTOCOL),
        ANSWER("BindComplete in the simple protocol", "2\0\0\0\4", PROTOCOL),
        ANSWER("ReadyForQuery and nothing before it", "Z\0\0\0\5I", PROTOCOL),
    };
    check_answers(answers, COUNT(answers), 0);
}

static void messages_with_broken_bodies(void)
{
    static const answer answers[] = {
        ANSWER("ReadyForQuery without a state", "C\0\0\0\xdSELECT 1\0Z\0\0\0\4", PROTOCOL),
        ANSWER("ReadyForQuery with an unknown state", "C\0\0\0\xdSELECT 1\0Z\0\0\0\5?", PROTOCOL),
        ANSWER("ReadyForQuery with two states", "C\0\0\0\xdSELECT 1\0Z\0\0\0\6II", PROTOCOL),
        ANSWER("CommandComplete without its NUL", "C\0\0\0\xcSELECT 1", PROTOCOL),
        ANSWER("CommandComplete without a body", "C\0\0\0\4", PROTOCOL),
        ANSWER("RowDescription without a count", "T\0\0\0\4", PROTOCOL),
        ANSWER("RowDescription of one column and no more", "T\0\0\0\6\0\1", PROTOCOL),
        ANSWER("RowDescription of 65535 columns and no more", "T\0\0\0\6\xff\xff", PROTOCOL),
        ANSWER("RowDescription with a name without end", "T\0\0\0\x0a\0\1name", PROTOCOL),
        ANSWER("RowDescription with half a column", "T\0\0\0\x0e\0\1n\0\0\0\0\0\0\0", PROTOCOL),
        ANSWER("RowDescription with more than its columns", "T\0\0\0\7\0\0x", PROTOCOL),
        ANSWER("ParameterStatus without NULs", "S\0\0\0\6ab", PROTOCOL),
        ANSWER("ParameterStatus without a value", "S\0\0\0\6a\0", PROTOCOL),
        ANSWER("ErrorResponse without end", "E\0\0\0\x0aSERROR", PROTOCOL),
        ANSWER("ErrorResponse without a body", "E\0\0\0\4", PROTOCOL),
        ANSWER("NoticeResponse without end", "N\0\0\0\6Mx", PROTOCOL),
        ANSWER("NotificationResponse too short", "A\0\0\0\6ab", PROTOCOL),
        ANSWER("NotificationResponse without NULs", "A\0\0\0\x0b\0\0\0\1abc", PROTOCOL),
    };
    check_answers(answers, COUNT(answers), 0);
}

/* Two columns are described. */
static void rows_with_wrong_counts_and_lengths(void)
{
    static const answer answers[] = {
        ANSWER("no count", "D\0\0\0\4", PROTOCOL),
        ANSWER("half a count", "D\0\0\0\5\0", PROTOCOL),
        ANSWER("0 fields", "D\0\0\0\6\0\0", PROTOCOL),
        ANSWER("1 field", "D\0\0\0\xa\0\1\xff\xff\xff\xff", PROTOCOL),
        ANSWER("3 fields", "D\0\0\0\x12\0\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", PROTOCOL),
        ANSWER("4 fields", "D\0\0\0\x16\0\4\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", PROTOCOL),
        ANSWER("-1 fields", "D\0\0\0\6\xff\xff", PROTOCOL),
        ANSWER("2 fields announced, none there", "D\0\0\0\6\0\2", PROTOCOL),
        ANSWER("2 fields announced, 1 there", "D\0\0\0\xb\0\2\0\0\0\1x", PROTOCOL),
        ANSWER("a field of length -2", "D\0\0\0\xe\0\2\xff\xff\xff\xff\xff\xff\xff\xfe", PROTOCOL),
        ANSWER("a first field of length -2", "D\0\0\0\xe\0\2\xff\xff\xff\xfe\xff\xff\xff\xff", PROTOCOL),
        ANSWER("a field of length -2^31", "D\0\0\0\xe\0\2\xff\xff\xff\xff\x80\0\0\0", PROTOCOL),
        ANSWER("a field of length 2^31-1", "D\0\0\0\xe\0\2\xff\xff\xff\xff\x7f\xff\xff\xff", PROTOCOL),
        ANSWER("a field one byte past the end", "D\0\0\0\xf\0\2\xff\xff\xff\xff\0\0\0\2x", PROTOCOL),
        ANSWER("a field one byte short of the end", "D\0\0\0\x10\0\2\xff\xff\xff\xff\0\0\0\1xy", PROTOCOL),
        ANSWER("half a field's length", "D\0\0\0\xc\0\2\xff\xff\xff\xff\0\0", PROTOCOL),
    };
    check_answers(answers, COUNT(answers), 2);
}

static void zero_columns_and_a_field(void)
{
    fake_server *fake = fake_after_query();
    fake_send_columns(fake, 0, 0);
    fake_send_row(fake, 1, (const char *const[]){ "1" });
    fake_silence(fake);
    check_breaks(fake, PROTOCOL, "a field for no column");
}

static void the_connection_ends(void)
{
    fake_server *fake = fake_after_query();
    fake_shutdown(fake);
    check_breaks(fake, LOST, "closed instead of an answer");

    fake = fake_after_query();
    fake_reset(fake);
    check_breaks(fake, LOST, "reset instead of an answer");

    fake = fake_after_query();
    fake_send_columns(fake, 1, 23);
    fake_send_row(fake, 1, (const char *const[]){ "1" });
    fake_reset(fake);
    check_breaks(fake, LOST, "reset amid rows");

    fake = fake_after_query();
    fake_send_error(fake, "FATAL", "57P01", "terminating connection");
    fake_shutdown(fake);
    check_breaks(fake, LOST, "FATAL, then closed");
}

/* A whole session: two columns, two rows. */
static void script_session(fake_server *fake)
{
    fake_greet(fake);
    fake_expect(fake, 'Q', "SELECT 1");
    fake_send_columns(fake, 2, 25);
    fake_send_row(fake, 2, (const char *const[]){ "one", "two" });
    fake_send_row(fake, 2, (const char *const[]){ NULL, "" });
    fake_send_complete(fake, "SELECT 2");
    fake_send_ready(fake, 'I');
    fake_expect_close(fake);
}

/* Runs that session; how far it came: 0 not connected, 1 connected, 2 executed. */
static int run_session(const char *dsn)
{
    dbapi_connection_t *connection = NULL;
    dbapi_cursor_t *cursor = NULL;
    dbapi_status_t status = dbapi_connect(dsn, &connection, &failure);
    if (status != DBAPI_OK) {
        CHECK_INT(status, DBAPI_OPERATIONAL_ERROR);
        CHECK_PTR(connection, NULL);
        CHECK(failure != NULL);
        clear_failure();
        return 0;
    }
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    cursor = cursor_of(connection);
    status = dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure);
    if (status == DBAPI_OK) {
        CHECK_ROW(fetch_row(cursor), "one", "two");
        CHECK_ROW(fetch_row(cursor), SQL_NULL, "");
        check_end(cursor);
    } else {
        CHECK_INT(status, DBAPI_OPERATIONAL_ERROR);
        CHECK_INT(dbapi_error_connection_usable(failure), false);
        CHECK_INT(dbapi_connection_closed(connection), 2);
        clear_failure();
    }
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    return status == DBAPI_OK ? 2 : 1;
}

/* The server closes after every number of bytes there is: until all have come, the session fails, and what
 * was reached never shrinks. */
static void cut_at_every_byte(void)
{
    fake_server *fake = fake_new();
    script_session(fake);
    fake_start(fake);
    CHECK_INT(run_session(fake_dsn(fake)), 2);
    CHECK_TEXT(fake_join(fake), NULL);
    size_t whole = fake_sent(fake);
    fake_free(fake);

    int reached = 0;
    for (size_t cut = 0; cut < whole; cut++) {
        fake = fake_new();
        script_session(fake);
        fake_cut_after(fake, cut);
        fake_start(fake);
        int now = run_session(fake_dsn(fake));
        fake_finish(fake);
        if (now == 2 || now < reached) {
            FAIL("cut after %zu of %zu bytes: came to %d, before that to %d", cut, whole, now, reached);
        }
        reached = now;
    }
    CHECK_INT(reached, 1);
}

static void byte_by_byte(void)
{
    for (int is_unix = 0; is_unix < 2; is_unix++) {
        fake_server *fake = is_unix ? fake_new_unix() : fake_new();
        script_session(fake);
        fake_slowly(fake);
        fake_start(fake);
        CHECK_INT(run_session(fake_dsn(fake)), 2);
        fake_finish(fake);
    }
}

/* Errors whose text is not UTF-8: shown with marks in the place of what could not be read, and harmless. */
static void an_error_that_is_not_utf8(void)
{
    fake_server *fake = fake_after_query();
    fake_send_error(fake, "ERROR", "42601", "Syntaxfehler bei \xbb\xe4\xab");
    fake_send_ready(fake, 'I');
    fake_expect_close(fake);
    fake_start(fake);
    dbapi_connection_t *connection = connect_dsn(fake_dsn(fake));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "42601", "Syntaxfehler bei \xef\xbf\xbd");
    CHECK_INT(dbapi_connection_closed(connection), 0);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    fake_finish(fake);
}

/* Error fields that are unknown, doubled, or miss all that an error has. */
static void odd_but_legal_errors(void)
{
    static const struct {
        const char *body;
        size_t length;
        const char *sqlstate;
    } errors[] = {
#define BODY(text, state) { text, sizeof(text) - 1, state }
        BODY("\0", NULL),
        BODY("qunknown\0z\0\0", NULL),
        BODY("CABC\0\0", NULL),
        BODY("C42601\0C22012\0\0", ANY_SQLSTATE),
    };
    for (size_t i = 0; i < COUNT(errors); i++) {
        fake_server *fake = fake_after_query();
        fake_send_message(fake, 'E', errors[i].body, errors[i].length);
        fake_send_ready(fake, 'I');
        fake_expect_close(fake);
        fake_start(fake);
        dbapi_connection_t *connection = connect_dsn(fake_dsn(fake));
        CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
        dbapi_cursor_t *cursor = cursor_of(connection);
        dbapi_status_t status = dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure);
        CHECK(status < 0 && failure != NULL && dbapi_error_message(failure)[0] != '\0');
        if (errors[i].sqlstate == NULL) {
            CHECK_INT(status, DBAPI_DATABASE_ERROR);
            CHECK_PTR(dbapi_error_sqlstate(failure), NULL);
        }
        clear_failure();
        CHECK_INT(dbapi_connection_closed(connection), 0);
        dbapi_cursor_free(cursor);
        dbapi_connection_free(connection);
        fake_finish(fake);
    }
}

/* The answer to COMMIT is lost: nobody knows whether it happened, and the error says so. */
static void commit_without_an_answer(void)
{
    fake_server *fake = fake_new();
    fake_greet(fake);
    fake_expect_until(fake, 'Q');
    fake_send_complete(fake, "BEGIN");
    fake_send_ready(fake, 'T');
    fake_expect_until(fake, 'Q');
    fake_shutdown(fake);
    fake_start(fake);
    dbapi_connection_t *connection = connect_dsn(fake_dsn(fake));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    dbapi_cursor_t *cursor = cursor_of(connection);
    run(cursor, "BEGIN");
    CHECK_ERROR(dbapi_commit(connection, &failure), DBAPI_OPERATIONAL_ERROR, "08007", NULL);
    CHECK_INT(dbapi_error_retryable(failure), false);
    clear_failure();
    CHECK_INT(dbapi_connection_closed(connection), 2);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    fake_finish(fake);
}

CHECK_MAIN(CASE(messages_that_are_none), CASE(messages_out_of_place), CASE(messages_with_broken_bodies),
           CASE(rows_with_wrong_counts_and_lengths), CASE(zero_columns_and_a_field), CASE(the_connection_ends),
           CASE(cut_at_every_byte), CASE(byte_by_byte), CASE(an_error_that_is_not_utf8), CASE(odd_but_legal_errors),
           CASE(commit_without_an_answer))
