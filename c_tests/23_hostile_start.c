/* A hostile server while a session begins: what was required of it is not had in another way, and what it
 * says of versions, keys and costs is not believed. (82_hostile_login: a SCRAM exchange gone wrong.) */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"
#include "fake_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { AUTH_OK = 0, AUTH_CLEARTEXT = 3, AUTH_MD5 = 5, AUTH_GSS = 7, AUTH_SASL = 10, AUTH_SASL_CONTINUE = 11, AUTH_SASL_FINAL = 12 };

static const char plain[] = "SCRAM-SHA-256\0";
static const char both[] = "SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0";

static fake_server *after_startup(void)
{
    fake_server *fake = fake_new();
    fake_expect_startup(fake);
    return fake;
}

/* Connects with these settings to a server whose script is complete. */
static dbapi_status_t connect_to(fake_server *fake, const char *settings, dbapi_connection_t **out_connection)
{
    char dsn[600];
    fake_start(fake);
    snprintf(dsn, sizeof dsn, "%s password=hunter2 %s", fake_dsn(fake), settings);
    return dbapi_connect(dsn, out_connection, &failure);
}

/* The same: it must fail so, and the script must have run to its end. */
static void check_refused(fake_server *fake, const char *settings, const char *sqlstate, const char *part)
{
    dbapi_connection_t *connection = (dbapi_connection_t *)&connection;
    dbapi_status_t status = connect_to(fake, settings, &connection);
    if (status != DBAPI_OPERATIONAL_ERROR && status != DBAPI_NOT_SUPPORTED_ERROR) {
        FAIL("%s: status %s, expected an error with \"%s\"", settings, status_name(status), part);
    }
    CHECK_PTR(connection, NULL);
    CHECK_CONTAINS(dbapi_error_message(failure), part);
    CHECK_LACKS(dbapi_error_message(failure), "hunter2");
    CHECK_INT(dbapi_error_connection_usable(failure), false);
    const char *state = dbapi_error_sqlstate(failure);
    if (sqlstate != NULL && (state == NULL || strcmp(state, sqlstate) != 0)) {
        FAIL("%s: SQLSTATE %s, expected %s: %s", settings, state == NULL ? "none" : state, sqlstate, dbapi_error_message(failure));
    }
    clear_failure();
    fake_finish(fake);
}

/* The client closes, and has said nothing before. */
static bool nothing_more(fake_server *fake, void *context)
{
    (void)context;
    const fake_message *message = fake_read(fake);
    if (message != NULL) {
        fake_problem(fake, "the client answered with a message '%c'", message->type);
    }
    return message == NULL;
}

/* ---- what was required ------------------------------------------------------------------------------- */

/* SECURITY, "channel binding not enforced", over a bare connection: nothing passes. */
static void required_channel_binding(void)
{
    static const struct {
        uint32_t code;
        const char *data;
        size_t length;
    } requests[] = {
        { AUTH_CLEARTEXT, "", 0 }, { AUTH_MD5, "salt", 4 }, { AUTH_GSS, "", 0 }, { AUTH_SASL, plain, sizeof plain },
        { AUTH_SASL, both, sizeof both },
    };
    for (size_t i = 0; i < COUNT(requests); i++) {
        fake_server *fake = after_startup();
        fake_send_auth(fake, requests[i].code, requests[i].data, requests[i].length);
        fake_call(fake, nothing_more, NULL);
        check_refused(fake, "channel_binding=require", "28000", "channel binding is required");
    }
    fake_server *fake = after_startup();
    fake_send_auth(fake, AUTH_OK, NULL, 0);
    fake_send_session(fake);
    fake_silence(fake);
    check_refused(fake, "channel_binding=require", "28000", "channel binding is required");
}

/* SECURITY, "channel binding not enforced": whoever strips TLS must strip the offer too, and the server
 * would notice that. */
static void plus_is_offered_without_tls(void)
{
    static const char *const settings[] = {
        "", "channel_binding=prefer", "channel_binding=disable", "require_auth=scram-sha-256", "sslmode=disable",
    };
    static const char only[] = "SCRAM-SHA-256-PLUS\0";
    for (size_t i = 0; i < COUNT(settings); i++) {
        fake_server *fake = after_startup();
        fake_send_auth(fake, AUTH_SASL, both, sizeof both);
        fake_call(fake, nothing_more, NULL);
        check_refused(fake, settings[i], "28000", "SCRAM-SHA-256-PLUS over a connection without TLS");
        fake = after_startup();
        fake_send_auth(fake, AUTH_SASL, only, sizeof only);
        fake_call(fake, nothing_more, NULL);
        check_refused(fake, settings[i], "28000", "SCRAM-SHA-256-PLUS over a connection without TLS");
    }
}

/* SECURITY, "mutual authentication skipped": a server that lets everyone in proves nothing. */
static void mutual_authentication_skipped(void)
{
    static const char *const settings[] = {
        "require_auth=scram-sha-256", "require_auth=!none", "require_auth=password,md5,scram-sha-256", "require_auth=oauth",
    };
    for (size_t i = 0; i < COUNT(settings); i++) {
        fake_server *fake = after_startup();
        fake_send_auth(fake, AUTH_OK, NULL, 0);
        fake_send_session(fake);
        fake_silence(fake);
        check_refused(fake, settings[i], "28000", "the server did not complete authentication");
    }
    /* That anyone may be let in does not make half an exchange one. */
    static const char *const lax[] = { "require_auth=none,scram-sha-256", "require_auth=!md5", "" };
    for (size_t i = 0; i < COUNT(lax); i++) {
        fake_server *fake = after_startup();
        fake_send_auth(fake, AUTH_SASL, plain, sizeof plain);
        fake_expect(fake, 'p', "SCRAM-SHA-256");
        fake_send_auth(fake, AUTH_OK, NULL, 0);
        fake_send_session(fake);
        fake_silence(fake);
        check_refused(fake, lax[i], "08P01", "before it had proved");
    }
}

static void a_password_is_sent_to_no_one_who_may_not_have_it(void)
{
    static const char *const settings[] = {
        "require_auth=scram-sha-256", "require_auth=none", "require_auth=!password,!md5", "require_auth=gss,sspi,oauth",
    };
    for (size_t i = 0; i < COUNT(settings); i++) {
        fake_server *fake = after_startup();
        fake_send_auth(fake, AUTH_CLEARTEXT, NULL, 0);
        fake_call(fake, nothing_more, NULL);
        check_refused(fake, settings[i], "28000", "the server requested a cleartext password");
        fake = after_startup();
        fake_send_auth(fake, AUTH_MD5, "salt", 4);
        fake_call(fake, nothing_more, NULL);
        check_refused(fake, settings[i], "28000", "the server requested a hashed password");
    }
}

/* Reads SASLInitialResponse and answers it with a nonce of its own behind the client's, and the rest that is
 * the context. */
static bool challenge(fake_server *fake, void *rest)
{
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
    fake_put(&body, nonce, strlen(nonce));
    fake_put(&body, "server", 6);
    fake_put(&body, rest, strlen(rest));
    fake_put_message(&whole, 'R', body.data, body.length);
    bool written = fake_write(fake, whole.data, whole.length);
    fake_bytes_free(&whole);
    fake_bytes_free(&body);
    return written;
}

/* The keys in place of the password are no reason to believe the server. */
static void scram_keys_and_a_server_that_knows_neither(void)
{
    static char rest[] = ",s=c2FsdA==,i=4096";
    static const char keys[] = "scram_client_key=jDhUlRL86smtbwBIUVBHjg2Rw76Y/zOudM3NGH6Oxac= "
                               "scram_server_key=EQ1fzE1kGUyaPFmTa2+IgNPMY2sksZw1mRgQSTMVD9c=";
    static const char *const finals[] = { "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "v=", "e=other-error", "" };
    for (size_t i = 0; i < COUNT(finals); i++) {
        fake_server *fake = after_startup();
        fake_send_auth(fake, AUTH_SASL, plain, sizeof plain);
        fake_call(fake, challenge, rest);
        fake_expect(fake, 'p', "c=biws,r=");
        fake_send_auth(fake, AUTH_SASL_FINAL, finals[i], strlen(finals[i]));
        fake_send_auth(fake, AUTH_OK, NULL, 0);
        fake_send_session(fake);
        fake_silence(fake);
        check_refused(fake, keys, "28000", "SCRAM authentication with the server failed");
    }
    fake_server *fake = after_startup();
    fake_send_auth(fake, AUTH_SASL, plain, sizeof plain);
    fake_call(fake, challenge, rest);
    fake_expect(fake, 'p', "c=biws,r=");
    fake_send_auth(fake, AUTH_OK, NULL, 0);
    fake_send_session(fake);
    fake_silence(fake);
    check_refused(fake, keys, "08P01", "before it had proved");
}

/* ---- costs ------------------------------------------------------------------------------------------- */

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_limit(void)
{
    return getenv("DBAPI_TEST_VALGRIND") == NULL ? 0.1 : 10;
}

/* SECURITY, "SCRAM cost": the limit is the user's to set. */
static void scram_cost_limit(void)
{
    static char rest[] = ",s=c2FsdA==,i=1001";
    fake_server *fake = after_startup();
    fake_send_auth(fake, AUTH_SASL, plain, sizeof plain);
    fake_call(fake, challenge, rest);
    fake_call(fake, nothing_more, NULL);
    check_refused(fake, "scram_max_iterations=1000", "28000", "1001 iterations, more than scram_max_iterations allows (1000)");

    fake = after_startup();
    fake_send_auth(fake, AUTH_SASL, plain, sizeof plain);
    fake_call(fake, challenge, rest);
    fake_expect(fake, 'p', "c=biws,r=");
    fake_send_auth(fake, AUTH_SASL_FINAL, "e=x", 3);
    fake_silence(fake);
    check_refused(fake, "scram_max_iterations=1001", "28000", "it reports");
}

/* A session of a server that reports this many iterations; NULL: none. */
static fake_server *with_iterations(const char *iterations)
{
    fake_server *fake = after_startup();
    fake_send_auth(fake, AUTH_OK, NULL, 0);
    if (iterations != NULL) {
        fake_send_parameter(fake, "scram_iterations", iterations);
    }
    fake_send_session(fake);
    return fake;
}

static void encrypt_password_takes_the_reported_iterations(void)
{
    static const struct {
        const char *reported;
        const char *start; /* of the verifier; NULL: refused */
    } table[] = {
        { NULL, "SCRAM-SHA-256$4096:" },      { "7", "SCRAM-SHA-256$7:" },          { "10000", "SCRAM-SHA-256$10000:" },
        { "0", "SCRAM-SHA-256$4096:" },       { "-1", "SCRAM-SHA-256$4096:" },      { "", "SCRAM-SHA-256$4096:" },
        { "many", "SCRAM-SHA-256$4096:" },    { "99999999999", "SCRAM-SHA-256$4096:" }, { "20001", NULL },
        { "2147483647", NULL },               { "4294967295", NULL },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        char buffer[300];
        dbapi_connection_t *connection = NULL;
        fake_server *fake = with_iterations(table[i].reported);
        fake_expect_close(fake);
        CHECK_OK(connect_to(fake, "scram_max_iterations=20000", &connection));
        double before = cpu_seconds();
        dbapi_status_t status =
            dbapi_encrypt_password(connection, "alice", "hunter2", "scram-sha-256", buffer, sizeof buffer, NULL, &failure);
        if (table[i].start != NULL) {
            CHECK_STATUS(status, DBAPI_OK);
            CHECK_INT(strncmp(buffer, table[i].start, strlen(table[i].start)), 0);
        } else {
            if (cpu_seconds() - before > cpu_limit()) {
                FAIL("%s iterations took %.3f s of CPU", table[i].reported, cpu_seconds() - before);
            }
            CHECK_INT(status, DBAPI_OPERATIONAL_ERROR);
            CHECK_CONTAINS(dbapi_error_message(failure), "more than scram_max_iterations allows (20000)");
            CHECK_INT(dbapi_error_connection_usable(failure), true);
            clear_failure();
        }
        dbapi_connection_free(connection);
        fake_finish(fake);
    }
}

/* ---- what a server answers when it is asked for its algorithm ------------------------------------------ */

/* Asks, having been answered as the script goes on. */
static void check_algorithm(fake_server *fake, dbapi_status_t status, const char *sqlstate, const char *part)
{
    char buffer[300] = "untouched";
    dbapi_connection_t *connection = NULL;
    CHECK_OK(connect_to(fake, "", &connection));
    CHECK_FAILS(dbapi_encrypt_password(connection, "alice", "hunter2", NULL, buffer, sizeof buffer, NULL, &failure), status, sqlstate,
                part);
    CHECK_TEXT(buffer, "untouched");
    dbapi_connection_free(connection);
    fake_finish(fake);
}

static fake_server *asked(void)
{
    fake_server *fake = with_iterations(NULL);
    fake_expect(fake, 'Q', "SHOW password_encryption");
    return fake;
}

static void answers_about_the_algorithm(void)
{
    static const char *const unknown[] = { "argon2id" };
    static const char *const null[] = { NULL };
    static const char *const two[] = { "md5", "md5" };
    static const char *const binary[] = { "\xff" };

    fake_server *fake = asked();
    fake_send_columns(fake, 1, 25);
    fake_send_row(fake, 1, unknown);
    fake_send_complete(fake, "SHOW");
    fake_send_ready(fake, 'I');
    fake_expect_close(fake);
    check_algorithm(fake, DBAPI_NOT_SUPPORTED_ERROR, NULL, "\"argon2id\"");

    fake = asked();
    fake_send_error(fake, "ERROR", "42501", "you may not know");
    fake_send_ready(fake, 'I');
    fake_expect_close(fake);
    check_algorithm(fake, DBAPI_PROGRAMMING_ERROR, "42501", "you may not know");

    /* No row, NULL, two columns, no text, no columns, nothing. */
    for (int i = 0; i < 6; i++) {
        fake = asked();
        if (i < 4) {
            fake_send_columns(fake, i == 2 ? 2 : 1, 25);
        }
        if (i == 1) {
            fake_send_row(fake, 1, null);
        } else if (i == 2) {
            fake_send_row(fake, 2, two);
        } else if (i == 3) {
            fake_send_row(fake, 1, binary);
        }
        if (i < 5) {
            fake_send_complete(fake, "SHOW");
        }
        fake_send_ready(fake, 'I');
        fake_silence(fake);
        check_algorithm(fake, DBAPI_OPERATIONAL_ERROR, "08P01", "no value of a setting");
    }

    fake = asked();
    fake_shutdown(fake);
    check_algorithm(fake, DBAPI_OPERATIONAL_ERROR, ANY_SQLSTATE, NULL);
}

/* ---- versions and cancel keys ------------------------------------------------------------------------ */

enum { VERSION_3_0 = 0x30000, VERSION_3_2 = 0x30002 };

static void send_version(fake_server *fake, uint32_t version, uint32_t count, const char *names, size_t length)
{
    fake_bytes body = { .data = NULL };
    fake_put_int32(&body, version);
    fake_put_int32(&body, count);
    fake_put(&body, names, length);
    fake_send_message(fake, 'v', body.data, body.length);
    fake_bytes_free(&body);
}

static void lies_about_the_version(void)
{
    static const struct {
        uint32_t version;
        uint32_t count;
        const char *names;
        size_t length;
    } lies[] = {
        { VERSION_3_2 + 1, 0, "", 0 },       { 0x40000, 0, "", 0 },
        { 0x7fffffff, 0, "", 0 },            { 0x30001, 0, "", 0 },
        { 0x2ffff, 0, "", 0 },               { 0, 0, "", 0 },
        { 2, 0, "", 0 },                     { 0xffffffff, 0, "", 0 },
        { VERSION_3_2, 0, "", 0 },           { VERSION_3_2, 1, "_pq_.x", 7 },
        { VERSION_3_0, 1, "_pq_.x", 7 },     { VERSION_3_0, 1, "user", 5 },
        { VERSION_3_0, 1, "", 0 },           { VERSION_3_0, 1, "_pq_.x", 6 },
        { VERSION_3_0, 0, "more", 5 },       { VERSION_3_0, 0xffffffff, "", 0 },
        { VERSION_3_0, 0x80000000, "", 0 },  { VERSION_3_0, 0x7fffffff, "_pq_.x", 7 },
    };
    for (size_t i = 0; i < COUNT(lies); i++) {
        fake_server *fake = after_startup();
        send_version(fake, lies[i].version, lies[i].count, lies[i].names, lies[i].length);
        fake_call(fake, nothing_more, NULL);
        check_refused(fake, "max_protocol_version=3.2", "08P01", "NegotiateProtocolVersion");
    }
    /* Nothing but 3.0 was asked for. */
    for (uint32_t version = VERSION_3_0; version <= VERSION_3_2; version++) {
        fake_server *fake = after_startup();
        send_version(fake, version, 0, "", 0);
        fake_call(fake, nothing_more, NULL);
        check_refused(fake, "", "08P01", "NegotiateProtocolVersion");
    }
}

static void a_version_too_late_or_twice(void)
{
    fake_server *fake = after_startup();
    send_version(fake, VERSION_3_0, 0, "", 0);
    send_version(fake, VERSION_3_0, 0, "", 0);
    fake_call(fake, nothing_more, NULL);
    check_refused(fake, "max_protocol_version=3.2", "08P01", "NegotiateProtocolVersion twice");

    fake = after_startup();
    fake_send_auth(fake, AUTH_OK, NULL, 0);
    send_version(fake, VERSION_3_0, 0, "", 0);
    fake_call(fake, nothing_more, NULL);
    check_refused(fake, "max_protocol_version=3.2", "08P01", "'v'");
}

static void a_server_too_old(void)
{
    fake_server *fake = after_startup();
    send_version(fake, VERSION_3_0, 0, "", 0);
    fake_call(fake, nothing_more, NULL);
    check_refused(fake, "min_protocol_version=3.2", "08001", "only supports protocol version 3.0, but min_protocol_version was set to 3.2");

    /* One of before NegotiateProtocolVersion. */
    fake = after_startup();
    fake_send_error(fake, "FATAL", "0A000", "unsupported frontend protocol 3.2: server supports 2.0 to 3.0");
    fake_shutdown(fake);
    check_refused(fake, "max_protocol_version=3.2", "0A000", "FATAL:  unsupported frontend protocol 3.2: server supports 2.0 to 3.0");
}

/* What the client asked for, once TLS was declined. */
static void check_asked_for(const fake_server *fake, uint32_t version)
{
    const unsigned char *body = fake_log_at(fake, 1)->body;
    CHECK_INT((uint32_t)body[0] << 24 | (uint32_t)body[1] << 16 | (uint32_t)body[2] << 8 | body[3], version);
}

/* A login with a cancel key of this length; negotiated down to 3.0 first, if that is asked for. */
static fake_server *with_key(size_t length, bool negotiated)
{
    static char body[4 + 300];
    fake_server *fake = after_startup();
    if (negotiated) {
        send_version(fake, VERSION_3_0, 0, "", 0);
    }
    fake_send_auth(fake, AUTH_OK, NULL, 0);
    memset(body, 'k', sizeof body);
    fake_send_message(fake, 'K', body, 4 + length);
    fake_send_ready(fake, 'I');
    return fake;
}

static void cancel_keys_of_every_length(void)
{
    static const size_t lengths[] = { 0, 1, 2, 3, 4, 5, 8, 31, 32, 33, 255, 256, 257, 300 };
    static const struct {
        const char *settings;
        bool negotiated;
        size_t longest;
        uint32_t asked;
    } versions[] = {
        { "", false, 4, VERSION_3_0 },
        { "max_protocol_version=3.2", true, 4, VERSION_3_2 },
        { "max_protocol_version=3.2", false, 256, VERSION_3_2 },
        { "min_protocol_version=3.2", false, 256, VERSION_3_2 },
    };
    for (size_t i = 0; i < COUNT(versions); i++) {
        for (size_t j = 0; j < COUNT(lengths); j++) {
            fake_server *fake = with_key(lengths[j], versions[i].negotiated);
            if (lengths[j] >= 4 && lengths[j] <= versions[i].longest) {
                dbapi_connection_t *connection = NULL;
                fake_expect_close(fake);
                CHECK_OK(connect_to(fake, versions[i].settings, &connection));
                dbapi_connection_free(connection);
                CHECK_TEXT(fake_join(fake), NULL);
                check_asked_for(fake, versions[i].asked);
                fake_finish(fake);
            } else {
                fake_silence(fake);
                check_refused(fake, versions[i].settings, "08P01", "");
            }
        }
    }
}

/* Less than a process id, too. */
static void cancel_keys_cut_short(void)
{
    for (size_t length = 0; length < 4; length++) {
        fake_server *fake = after_startup();
        fake_send_auth(fake, AUTH_OK, NULL, 0);
        fake_send_message(fake, 'K', "\0\0\0\1", length);
        fake_send_ready(fake, 'I');
        fake_silence(fake);
        check_refused(fake, "max_protocol_version=3.2", "08P01", "BackendKeyData");
    }
}

CHECK_MAIN(CASE(required_channel_binding), CASE(plus_is_offered_without_tls), CASE(mutual_authentication_skipped),
           CASE(a_password_is_sent_to_no_one_who_may_not_have_it), CASE(scram_keys_and_a_server_that_knows_neither),
           CASE(scram_cost_limit), CASE(encrypt_password_takes_the_reported_iterations), CASE(answers_about_the_algorithm),
           CASE(lies_about_the_version), CASE(a_version_too_late_or_twice), CASE(a_server_too_old), CASE(cancel_keys_of_every_length),
           CASE(cancel_keys_cut_short))
