/* A hostile server during the login: it is not believed before it has proved that it knows the password,
 * and costs no more than a login may. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"
#include "fake_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Connects with a password to a server whose script is complete: it must fail. Returns with the error set. */
static void fail_to_connect(fake_server *fake, const char *what)
{
    char dsn[300];
    dbapi_connection_t *connection = (dbapi_connection_t *)&connection;
    fake_silence(fake);
    fake_start(fake);
    snprintf(dsn, sizeof dsn, "%s password=hunter2", fake_dsn(fake));
    dbapi_status_t status = dbapi_connect(dsn, &connection, &failure);
    if (status >= 0 || failure == NULL) {
        FAIL("%s: status %s, expected an error", what, status_name(status));
    }
    CHECK_PTR(connection, NULL);
    CHECK_LACKS(dbapi_error_message(failure), "hunter2");
    CHECK_INT(dbapi_error_connection_usable(failure), false);
    if (fake_join(fake) != NULL) {
        FAIL("%s: fake server: %s", what, fake_join(fake));
    }
    fake_free(fake);
}

static void check_login(fake_server *fake, dbapi_status_t status, const char *sqlstate, const char *what)
{
    fail_to_connect(fake, what);
    const char *state = dbapi_error_sqlstate(failure);
    if (dbapi_error_status(failure) != status) {
        FAIL("%s: status %s, expected %s: %s", what, status_name(dbapi_error_status(failure)), status_name(status),
             dbapi_error_message(failure));
    }
    if (sqlstate != NULL && (state == NULL || strcmp(state, sqlstate) != 0)) {
        FAIL("%s: SQLSTATE %s, expected %s: %s", what, state == NULL ? "none" : state, sqlstate, dbapi_error_message(failure));
    }
    clear_failure();
}

static fake_server *after_startup(void)
{
    fake_server *fake = fake_new();
    fake_expect_startup(fake);
    return fake;
}

static void an_error_in_latin1(void)
{
    fake_server *fake = after_startup();
    fake_send_error(fake, "SCHWERWIEGEND", "28000", "Rolle \xbb" "fake\xab existiert nicht: \xe4\xf6\xfc");
    fake_shutdown(fake);
    fail_to_connect(fake, "an error in LATIN1");
    CHECK_INT(dbapi_error_status(failure), DBAPI_OPERATIONAL_ERROR);
    CHECK_TEXT(dbapi_error_sqlstate(failure), "28000");
    CHECK_CONTAINS(dbapi_error_message(failure), "existiert nicht");
}

static void garbage_instead_of_a_login(void)
{
    static const struct {
        const char *what;
        const char *bytes;
        size_t length;
    } answers[] = {
#define ANSWER(what, text) { what, text, sizeof(text) - 1 }
        ANSWER("a web server", "HTTP/1.1 400 Bad Request\r\n\r\n"),
        ANSWER("a mail server", "220 mail.example ESMTP\r\n"),
        ANSWER("a secure shell", "SSH-2.0-OpenSSH_9.2\r\n"),
        ANSWER("nothing", ""),
        ANSWER("an unknown type", "~\0\0\0\4"),
        ANSWER("length -1", "R\xff\xff\xff\xff"),
        ANSWER("a login message of 2 GiB", "R\x7f\xff\xff\xff"),
        ANSWER("an error of 2 GiB", "E\x7f\xff\xff\xff"),
        ANSWER("a login message without a code", "R\0\0\0\4"),
        ANSWER("half a code", "R\0\0\0\6\0\0"),
        ANSWER("MD5 with a short salt", "R\0\0\0\xb\0\0\0\5abc"),
        ANSWER("MD5 with a long salt", "R\0\0\0\xd\0\0\0\5abcde"),
        ANSWER("an unknown kind of login", "R\0\0\0\x08\0\0\0\x63"),
        ANSWER("ReadyForQuery before AuthenticationOk", "Z\0\0\0\5I"),
        ANSWER("BackendKeyData before AuthenticationOk", "K\0\0\0\xc\0\0\0\1\0\0\0\2"),
        ANSWER("a row", "D\0\0\0\6\0\0"),
        ANSWER("BackendKeyData too short", "R\0\0\0\x08\0\0\0\0K\0\0\0\7abc"),
        ANSWER("BackendKeyData too long", "R\0\0\0\x08\0\0\0\0K\0\0\0\x0d\0\0\0\1\0\0\0\2x"),
        ANSWER("AuthenticationOk with more behind it", "R\0\0\0\x09\0\0\0\0x"),
    };
    for (size_t i = 0; i < COUNT(answers); i++) {
        fake_server *fake = after_startup();
        fake_send(fake, answers[i].bytes, answers[i].length);
        fake_shutdown(fake);
        check_login(fake, DBAPI_OPERATIONAL_ERROR, NULL, answers[i].what);
    }
}

/* Ways of logging in that this library does not have: it says so and sends nothing. */
static void logins_not_supported(void)
{
    static const uint32_t codes[] = { 2, 6, 7, 9 };
    for (size_t i = 0; i < COUNT(codes); i++) {
        char what[40];
        snprintf(what, sizeof what, "login of kind %u", (unsigned)codes[i]);
        fake_server *fake = after_startup();
        fake_send_auth(fake, codes[i], NULL, 0);
        fail_to_connect(fake, what);
        CHECK_CONTAINS(dbapi_error_message(failure), "authentication");
        clear_failure();
    }
}

enum { AUTH_OK = 0, AUTH_SASL = 10, AUTH_SASL_CONTINUE = 11, AUTH_SASL_FINAL = 12 };

static const char mechanism[] = "SCRAM-SHA-256\0";

/* The server's first SCRAM message: a nonce and what follows it. */
typedef struct scram {
    bool own_nonce;     /* the client's nonce is not repeated */
    bool no_extension;  /* nothing is added to it */
    const char *rest;   /* ",s=...,i=..." */
} scram;

/* Reads SASLInitialResponse and answers it. */
static bool answer_scram(fake_server *fake, void *context)
{
    const scram *how = context;
    const fake_message *message = fake_read(fake);
    if (message == NULL || message->type != 'p') {
        fake_problem(fake, "expected SASLInitialResponse");
        return false;
    }
    /* Mechanism, NUL, length, "n,,n=,r=nonce". */
    size_t skip = strlen((const char *)message->body) + 1 + 4;
    const char *nonce = skip < message->length ? strstr((const char *)message->body + skip, "r=") : NULL;
    if (nonce == NULL) {
        fake_problem(fake, "the client's first SCRAM message has no nonce");
        return false;
    }
    fake_bytes body = { .data = NULL };
    fake_bytes whole = { .data = NULL };
    fake_put_int32(&body, AUTH_SASL_CONTINUE);
    fake_put(&body, "r=", 2);
    if (!how->own_nonce) {
        fake_put(&body, nonce + 2, strlen(nonce + 2));
    }
    if (!how->no_extension) {
        fake_put(&body, "serverpart", 10);
    }
    fake_put(&body, how->rest, strlen(how->rest));
    fake_put_message(&whole, 'R', body.data, body.length);
    bool written = fake_write(fake, whole.data, whole.length);
    fake_bytes_free(&whole);
    fake_bytes_free(&body);
    return written;
}

static fake_server *scram_server(scram *how)
{
    fake_server *fake = after_startup();
    fake_send_auth(fake, AUTH_SASL, mechanism, sizeof mechanism);
    fake_call(fake, answer_scram, how);
    return fake;
}

static char good_rest[] = ",s=c2FsdHNhbHRzYWx0c2E=,i=4096";

static void scram_first_messages_that_are_wrong(void)
{
    static scram wrong[] = {
        { .own_nonce = true, .rest = good_rest },
        { .no_extension = true, .rest = good_rest },
        { .rest = "" },
        { .rest = ",s=c2FsdA==" },
        { .rest = ",i=4096" },
        { .rest = ",i=4096,s=c2FsdA==" },
        { .rest = ",s=!!!!,i=4096" },
        { .rest = ",s=,i=4096" },
        { .rest = ",s=c2FsdA==,i=0" },
        { .rest = ",s=c2FsdA==,i=-1" },
        { .rest = ",s=c2FsdA==,i=x" },
        { .rest = ",s=c2FsdA==,i=99999999999999999999" },
        { .rest = ",s=c2FsdA==,i=" },
        { .rest = ",s=\xff\xfe,i=4096" },
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        char what[100];
        snprintf(what, sizeof what, "first message %zu (%s)", i, wrong[i].rest);
        check_login(scram_server(&wrong[i]), DBAPI_OPERATIONAL_ERROR, NULL, what);
    }
}

/* So many rounds would keep a processor busy for half an hour. */
static void scram_that_costs_too_much(void)
{
    static scram costly = { .rest = ",s=c2FsdA==,i=2147483647" };
    struct timespec before;
    struct timespec after;
    fake_server *fake = scram_server(&costly);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    check_login(fake, DBAPI_OPERATIONAL_ERROR, NULL, "2^31-1 iterations");
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    double used = (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
    double limit = getenv("DBAPI_TEST_VALGRIND") == NULL ? 0.1 : 10;
    if (used > limit) {
        FAIL("it took %.3f s of CPU, expected less than %.1f", used, limit);
    }
}

static void scram_server_that_proves_nothing(void)
{
    static scram good = { .rest = good_rest };
    static const char zeroes[] = "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    fake_server *fake = scram_server(&good);
    fake_expect(fake, 'p', "c=biws,r=");
    fake_send_auth(fake, AUTH_OK, NULL, 0);
    fake_send_session(fake);
    check_login(fake, DBAPI_OPERATIONAL_ERROR, NULL, "AuthenticationOk before SASLFinal");

    fake = after_startup();
    fake_send_auth(fake, AUTH_SASL, mechanism, sizeof mechanism);
    fake_expect(fake, 'p', NULL);
    fake_send_auth(fake, AUTH_OK, NULL, 0);
    fake_send_session(fake);
    check_login(fake, DBAPI_OPERATIONAL_ERROR, NULL, "AuthenticationOk before SASLContinue");

    fake = scram_server(&good);
    fake_expect(fake, 'p', "c=biws,r=");
    fake_send_auth(fake, AUTH_SASL_FINAL, zeroes, strlen(zeroes));
    fake_send_auth(fake, AUTH_OK, NULL, 0);
    fake_send_session(fake);
    check_login(fake, DBAPI_OPERATIONAL_ERROR, NULL, "a wrong proof of the server's");

    static const char *const finals[] = { "", "v=", "v=AAAA", "v=!", "e=invalid-proof", "x=1", "v", "\xff" };
    for (size_t i = 0; i < COUNT(finals); i++) {
        fake = scram_server(&good);
        fake_expect(fake, 'p', "c=biws,r=");
        fake_send_auth(fake, AUTH_SASL_FINAL, finals[i], strlen(finals[i]));
        fake_send_auth(fake, AUTH_OK, NULL, 0);
        fake_send_session(fake);
        check_login(fake, DBAPI_OPERATIONAL_ERROR, NULL, finals[i]);
    }
}

static void scram_out_of_order(void)
{
    static scram good = { .rest = good_rest };
    static const char first[] = "r=x,s=c2FsdA==,i=4096";

    fake_server *fake = scram_server(&good);
    fake_expect(fake, 'p', "c=biws,r=");
    fake_send_auth(fake, AUTH_SASL_CONTINUE, first, strlen(first));
    check_login(fake, DBAPI_OPERATIONAL_ERROR, NULL, "SASLContinue twice");

    fake = after_startup();
    fake_send_auth(fake, AUTH_SASL, mechanism, sizeof mechanism);
    fake_expect(fake, 'p', NULL);
    fake_send_auth(fake, AUTH_SASL_FINAL, "v=AAAA", 6);
    check_login(fake, DBAPI_OPERATIONAL_ERROR, NULL, "SASLFinal before SASLContinue");

    fake = after_startup();
    fake_send_auth(fake, AUTH_SASL_CONTINUE, first, strlen(first));
    check_login(fake, DBAPI_OPERATIONAL_ERROR, NULL, "SASLContinue before SASL");

    fake = after_startup();
    fake_send_auth(fake, AUTH_SASL, mechanism, sizeof mechanism);
    fake_expect(fake, 'p', NULL);
    fake_send_auth(fake, AUTH_SASL, mechanism, sizeof mechanism);
    check_login(fake, DBAPI_OPERATIONAL_ERROR, NULL, "SASL twice");

    /* Amid SCRAM, the password itself is asked for: it must not be sent. */
    fake = scram_server(&good);
    fake_expect(fake, 'p', "c=biws,r=");
    fake_send_auth(fake, 3, NULL, 0);
    check_login(fake, DBAPI_OPERATIONAL_ERROR, NULL, "a cleartext request amid SCRAM");
}

static void scram_without_a_mechanism_in_common(void)
{
    static const struct {
        const char *list;
        size_t length;
    } lists[] = {
        { "\0", 1 }, { "", 0 }, { "SCRAM-SHA-512\0", 15 }, { "SCRAM-SHA-256", 13 }, { "OAUTHBEARER\0", 13 }, { "\xff\0", 3 },
    };
    for (size_t i = 0; i < COUNT(lists); i++) {
        char what[40];
        snprintf(what, sizeof what, "list %zu of mechanisms", i);
        fake_server *fake = after_startup();
        fake_send_auth(fake, AUTH_SASL, lists[i].list, lists[i].length);
        fail_to_connect(fake, what);
        clear_failure();
    }
}

CHECK_MAIN(CASE(an_error_in_latin1), CASE(garbage_instead_of_a_login), CASE(logins_not_supported),
           CASE(scram_first_messages_that_are_wrong), CASE(scram_that_costs_too_much), CASE(scram_server_that_proves_nothing),
           CASE(scram_out_of_order), CASE(scram_without_a_mechanism_in_common))
