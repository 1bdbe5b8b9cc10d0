/* What is sent and when, as a scripted server sees it: BEGIN travels with the first statement, nothing is
 * sent without need, and closing is orderly. */
#include "connect.h"
#include "fake_server.h"

#include <string.h>

/* Whether SQL text of the client's message begins with `sql`: in Query it comes first, in Parse after the
 * statement's name. */
static bool message_has(const fake_message *message, const char *sql)
{
    const char *text = (const char *)message->body;
    if (message->type == 'P') {
        text += strlen(text) + 1;
    }
    return (message->type == 'P' || message->type == 'Q') && strncmp(text, sql, strlen(sql)) == 0;
}

/* Answers each statement with an empty command, until the client says Terminate: a server without data that
 * keeps a transaction's state. Answers are held back until the statement in `context` has arrived, so a
 * client that waits for the answer to BEGIN before it sends more waits in vain. */
static bool serve_statements(fake_server *fake, void *context)
{
    const char *awaited = context;
    char state = 'I';
    const char *tag = "SELECT 0";
    fake_bytes answer = { .data = NULL };
    const fake_message *message;

    while ((message = fake_read(fake)) != NULL && message->type != 'X') {
        if (awaited != NULL && message_has(message, awaited)) {
            awaited = NULL;
        }
        if (message_has(message, "BEGIN")) {
            state = 'T';
            tag = "BEGIN";
        } else if (message_has(message, "COMMIT") || message_has(message, "ROLLBACK")) {
            state = 'I';
            tag = message_has(message, "COMMIT") ? "COMMIT" : "ROLLBACK";
        } else if (message->type == 'P' || message->type == 'Q') {
            tag = "SELECT 0";
        }
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
            fake_put_message(&answer, 'n', NULL, 0);
            break;
        case 'E':
            fake_put_message(&answer, 'C', tag, strlen(tag) + 1);
            break;
        case 'Q':
            fake_put_message(&answer, 'C', tag, strlen(tag) + 1);
            fake_put_message(&answer, 'Z', &state, 1);
            break;
        case 'S':
            fake_put_message(&answer, 'Z', &state, 1);
            break;
        default:
            break;
        }
        if (awaited == NULL && answer.length > 0) {
            fake_write(fake, answer.data, answer.length);
            answer.length = 0;
        }
    }
    fake_bytes_free(&answer);
    if (message == NULL) {
        fake_problem(fake, awaited != NULL ? "the statement did not come with BEGIN" : "the client closed without Terminate");
    }
    return message != NULL;
}

static fake_server *fake;
static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;

static void open_fake(const char *awaited)
{
    fake = fake_new();
    fake_greet(fake);
    fake_call(fake, serve_statements, (void *)awaited);
    fake_start(fake);
    connection = connect_dsn(fake_dsn(fake));
    cursor = cursor_of(connection);
}

/* Ends the session; the log can then be read. */
static void end_session(void)
{
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    const char *problem = fake_join(fake);
    if (problem != NULL) {
        FAIL("fake server: %s", problem);
    }
}

/* How many statements that begin so the client sent. */
static size_t count_sent(const char *sql)
{
    size_t count = 0;
    for (size_t i = 0; i < fake_log_count(fake); i++) {
        count += message_has(fake_log_at(fake, i), sql);
    }
    return count;
}

static void begin_travels_with_a_query(void)
{
    open_fake("SELECT 1");
    run(cursor, "SELECT 1");
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INTRANS);
    end_session();
    CHECK_SIZE(count_sent("BEGIN"), 1);
    fake_finish(fake);
}

static void begin_travels_with_parameters(void)
{
    const dbapi_value_t one[] = { DBAPI_INT(1) };
    open_fake("UPDATE t");
    CHECK_OK(dbapi_execute(cursor, "UPDATE t SET a = %s", one, 1, &failure));
    CHECK_OK(dbapi_execute(cursor, "UPDATE u SET a = %s", one, 1, &failure));
    end_session();
    CHECK_SIZE(count_sent("BEGIN"), 1);
    fake_finish(fake);
}

static void begin_travels_with_executemany(void)
{
    const dbapi_value_t two[] = { DBAPI_INT(1), DBAPI_INT(2) };
    open_fake("UPDATE t");
    CHECK_OK(dbapi_executemany(cursor, "UPDATE t SET a = %s", two, 1, 2, &failure));
    end_session();
    CHECK_SIZE(count_sent("BEGIN"), 1);
    fake_finish(fake);
}

static void nothing_is_sent_without_need(void)
{
    const dbapi_value_t *none = (const dbapi_value_t[]){ DBAPI_NULL };
    open_fake(NULL);
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    CHECK_OK(dbapi_connection_set_autocommit(connection, false, &failure));
    CHECK_OK(dbapi_executemany(cursor, "UPDATE t SET a = %s", none, 1, 0, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 0);
    end_session();
    /* The start-up packet, perhaps asked for encryption before, and Terminate. */
    size_t count = fake_log_count(fake);
    CHECK(count >= 2);
    for (size_t i = 0; i + 1 < count; i++) {
        CHECK_INT(fake_log_at(fake, i)->type, 0);
    }
    CHECK_INT(fake_log_at(fake, count - 1)->type, 'X');
    fake_finish(fake);
}

static void autocommit_sends_no_begin(void)
{
    open_fake(NULL);
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    run(cursor, "SELECT 1");
    CHECK_OK(dbapi_commit(connection, &failure));
    end_session();
    CHECK_SIZE(count_sent("SELECT 1"), 1);
    CHECK_SIZE(count_sent("BEGIN"), 0);
    CHECK_SIZE(count_sent("COMMIT"), 0);
    fake_finish(fake);
}

static void commit_is_sent_once(void)
{
    open_fake(NULL);
    run(cursor, "SELECT 1");
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_OK(dbapi_commit(connection, &failure));
    run(cursor, "SELECT 2");
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_OK(dbapi_rollback(connection, &failure));
    end_session();
    CHECK_SIZE(count_sent("BEGIN"), 2);
    CHECK_SIZE(count_sent("COMMIT"), 1);
    CHECK_SIZE(count_sent("ROLLBACK"), 1);
    fake_finish(fake);
}

static void close_rolls_back_before_terminate(void)
{
    open_fake(NULL);
    run(cursor, "SELECT 1");
    CHECK_OK(dbapi_close(connection, &failure));
    end_session();
    CHECK_SIZE(count_sent("ROLLBACK"), 1);
    CHECK_INT(fake_log_at(fake, fake_log_count(fake) - 1)->type, 'X');
    fake_finish(fake);
}

static void close_outside_a_transaction_only_terminates(void)
{
    open_fake(NULL);
    run(cursor, "SELECT 1");
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_OK(dbapi_close(connection, &failure));
    end_session();
    CHECK_SIZE(count_sent("ROLLBACK"), 0);
    CHECK_INT(fake_log_at(fake, fake_log_count(fake) - 1)->type, 'X');
    fake_finish(fake);
}

CHECK_MAIN(CASE(begin_travels_with_a_query), CASE(begin_travels_with_parameters), CASE(begin_travels_with_executemany),
           CASE(nothing_is_sent_without_need), CASE(autocommit_sends_no_begin), CASE(commit_is_sent_once),
           CASE(close_rolls_back_before_terminate), CASE(close_outside_a_transaction_only_terminates))
