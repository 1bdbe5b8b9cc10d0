/* SECURITY "before TLS": what a man in the middle can say before the handshake, in answer to SSLRequest, is neither
 * believed nor shown, and under require and above brings nothing out of the client but its ClientHello. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"
#include "fake_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A root of trust, as good as any other here: no server gets as far as showing a certificate. */
static const char root[] = "-----BEGIN CERTIFICATE-----\n"
                           "MIIBZDCCAQqgAwIBAgIUA2ZbGBADTbodYfhOAlMaT8Js4FUwCgYIKoZIzj0EAwIw\n"
                           "DzENMAsGA1UEAwwEcm9vdDAgFw0yNjExMjIxNjM3NTRaGA8yMTI2MTAyOTE2Mzc1\n"
                           "NFowDzENMAsGA1UEAwwEcm9vdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABEz4\n"
                           "KljSCEVoCooazcDERNYUcMTxrxIgAGp9+IOKxEhLVnnd+FQBU5y1ivSerT/jkLvW\n"
                           "uD+WdeDK1/Qhh9t+e1CjQjBAMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQD\n"
                           "AgEGMB0GA1UdDgQWBBSg9RRIfqz8Pex9pKzApTtJIvYf/zAKBggqhkjOPQQDAgNI\n"
                           "ADBFAiEA7bmoRMn0Pqbcp2swa/l593caFI+1rQ/9boXSQDb5xdUCIDh7rd172Neb\n"
                           "q/Xk6R0jvezrH7c3FyUXRUAV0YUVozVb\n"
                           "-----END CERTIFICATE-----\n";

static const char *const all_modes[] = { "prefer", "require", "verify-ca", "verify-full" };
static const char *const strict_modes[] = { "require", "verify-ca", "verify-full" };

/* Connects to the fake server with this sslmode, further options, and a password. */
static dbapi_status_t connect_to(fake_server *fake, const char *mode, const char *more, dbapi_connection_t **connection)
{
    char dsn[500];
    const char *keywords[] = { "sslmode", "password", "connect_timeout", NULL, NULL };
    const char *values[] = { mode, "hunter2", "5", root, NULL };
    if (strncmp(mode, "verify", 6) == 0) {
        keywords[3] = "sslrootcert_pem";
    }
    fake_start(fake);
    snprintf(dsn, sizeof dsn, "%s hostaddr=127.0.0.1 host=db.example %s", strstr(fake_dsn(fake), "port="), more);
    return dbapi_connect_params(dsn, keywords, values, connection, &failure);
}

/* Whether bytes hold a text. */
static bool holds(const fake_bytes *bytes, const char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i + length <= bytes->length; i++) {
        if (memcmp(bytes->data + i, text, length) == 0) {
            return true;
        }
    }
    return false;
}

/* The client sent its SSLRequest, and if it sent more, then the beginning of a handshake and no name or password. */
static void check_sent_nothing(const fake_server *fake, bool handshake, const char *what)
{
    const fake_bytes *rest = fake_rest(fake);
    if (fake_log_count(fake) != 1) {
        FAIL("%s: the client sent %zu messages, expected its SSLRequest alone", what, fake_log_count(fake));
    }
    if (!handshake && rest->length > 0) {
        FAIL("%s: the client sent %zu bytes more", what, rest->length);
    }
    /* A TLS record: a handshake message, or an alert. */
    if (rest->length > 0 && (rest->data[0] != 0x16 && rest->data[0] != 0x15)) {
        FAIL("%s: the client sent %zu bytes in clear", what, rest->length);
    }
    if (holds(rest, "fake") || holds(rest, "hunter2")) {
        FAIL("%s: the client sent its name or password", what);
    }
}

/* Connecting fails with a message of our own, before the client has given anything away. */
static void check_nothing_given_away(fake_server *fake, const char *mode, bool handshake, const char *part, const char *what)
{
    char where[200];
    dbapi_connection_t *connection = (dbapi_connection_t *)&connection;
    snprintf(where, sizeof where, "%s, sslmode=%s", what, mode);
    dbapi_status_t status = connect_to(fake, mode, "", &connection);
    if (status != DBAPI_OPERATIONAL_ERROR) {
        FAIL("%s: status %s, expected DBAPI_OPERATIONAL_ERROR", where, status_name(status));
    }
    CHECK_PTR(connection, NULL);
    const char *message = dbapi_error_message(failure);
    if (strstr(message, part) == NULL) {
        FAIL("%s: the message is \"%s\", expected \"%s\"", where, message, part);
    }
    if (strstr(message, "ATTACKER") != NULL || strstr(message, "hunter2") != NULL || strlen(message) > 300) {
        FAIL("%s: the message is \"%s\"", where, message);
    }
    CHECK_PTR(dbapi_error_severity(failure), NULL);
    CHECK_INT(dbapi_error_connection_usable(failure), false);
    clear_failure();
    if (fake_join(fake) != NULL) {
        FAIL("%s: fake server: %s", where, fake_join(fake));
    }
    check_sent_nothing(fake, handshake, where);
    fake_free(fake);
}

static fake_server *asked_for_tls(void)
{
    fake_server *fake = fake_new();
    fake_expect_ssl_request(fake);
    return fake;
}

static const char error_text[] = "E\0\0\0\x29SFATAL\0VFATAL\0C28000\0MATTACKER says\0\0";

static void bytes_behind_the_answer(void)
{
    static const struct {
        const char *what, *bytes;
        size_t length;
    } stuffings[] = {
        { "one byte", "x", 1 },
        { "AuthenticationOk", "R\0\0\0\x08\0\0\0\0", 9 },
        { "an error", error_text, sizeof error_text - 1 },
        { "a cleartext request", "R\0\0\0\x08\0\0\0\3", 9 },
        { "a ServerHello's beginning", "\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03", 11 },
        { "an alert", "\x15\x03\x03\x00\x02\x02\x28", 7 },
    };
    for (size_t i = 0; i < COUNT(stuffings); i++) {
        for (size_t mode = 0; mode < COUNT(all_modes); mode++) {
            fake_server *fake = asked_for_tls();
            fake_bytes answer = { .data = NULL };
            fake_put(&answer, "S", 1);
            fake_put(&answer, stuffings[i].bytes, stuffings[i].length);
            fake_send(fake, answer.data, answer.length);
            fake_bytes_free(&answer);
            fake_silence(fake);
            check_nothing_given_away(fake, all_modes[mode], false, "received unencrypted data after SSL response", stuffings[i].what);
        }
    }
}

static void an_error_in_answer_to_the_request(void)
{
    for (size_t mode = 0; mode < COUNT(all_modes); mode++) {
        fake_server *fake = asked_for_tls();
        fake_send(fake, error_text, sizeof error_text - 1);
        fake_silence(fake);
        check_nothing_given_away(fake, all_modes[mode], false, "server sent an error response during SSL exchange", "an error");
        fake = asked_for_tls();
        fake_send(fake, "E", 1);
        fake_shutdown(fake);
        check_nothing_given_away(fake, all_modes[mode], false, "server sent an error response during SSL exchange", "the letter E");
    }
}

static void garbage_in_answer_to_the_request(void)
{
    static const char *const garbage[] = { "X", "s", "\n", "\x16", "ATTACKER says", "HTTP/1.1 400 ATTACKER\r\n\r\n", "R", "G", "\xff" };
    for (size_t i = 0; i < COUNT(garbage); i++) {
        for (size_t mode = 0; mode < COUNT(all_modes); mode++) {
            fake_server *fake = asked_for_tls();
            fake_send(fake, garbage[i], strlen(garbage[i]));
            fake_silence(fake);
            check_nothing_given_away(fake, all_modes[mode], false, "received invalid response to SSL negotiation", garbage[i]);
        }
    }
}

static void thirty_thousand_bytes_in_answer_to_the_request(void)
{
    enum { SIZE = 30000 };
    static const char first[] = { 'S', 'E', 'A' };
    static const char *const messages[] = { "received unencrypted data after SSL response",
                                            "server sent an error response during SSL exchange",
                                            "received invalid response to SSL negotiation" };
    char *flood = malloc(SIZE);
    CHECK(flood != NULL);
    for (size_t i = 0; i < SIZE; i++) {
        flood[i] = "ATTACKER"[i % 8];
    }
    for (size_t i = 0; i < COUNT(first); i++) {
        flood[0] = first[i];
        for (size_t mode = 0; mode < COUNT(all_modes); mode++) {
            fake_server *fake = asked_for_tls();
            fake_send(fake, flood, SIZE);
            fake_silence(fake);
            check_nothing_given_away(fake, all_modes[mode], false, messages[i], "30 kB");
        }
    }
    free(flood);
}

static void the_connection_closed_in_answer_to_the_request(void)
{
    for (size_t mode = 0; mode < COUNT(all_modes); mode++) {
        fake_server *fake = asked_for_tls();
        fake_shutdown(fake);
        check_nothing_given_away(fake, all_modes[mode], false, "server closed the connection", "the end");
        fake = asked_for_tls();
        fake_reset(fake);
        check_nothing_given_away(fake, all_modes[mode], false, "", "a reset");
    }
}

/* Connecting to a server that falls silent ends when connect_timeout does. */
static void check_times_out(fake_server *fake, const char *mode, bool handshake)
{
    char dsn[300];
    struct timespec before;
    struct timespec after;
    dbapi_connection_t *connection = NULL;
    fake_silence(fake);
    fake_start(fake);
    snprintf(dsn, sizeof dsn, "%s password=hunter2 connect_timeout=2 sslmode=%s", fake_dsn(fake), mode);
    clock_gettime(CLOCK_MONOTONIC, &before);
    CHECK_ERROR(dbapi_connect(dsn, &connection, &failure), DBAPI_OPERATIONAL_ERROR, ANY_SQLSTATE, "timeout");
    clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK_INT(dbapi_error_timed_out(failure), true);
    clear_failure();
    CHECK(after.tv_sec - before.tv_sec >= 1 && after.tv_sec - before.tv_sec <= 8);
    CHECK_PTR(fake_join(fake), NULL);
    check_sent_nothing(fake, handshake, "silence");
    fake_free(fake);
}

static void silence_in_answer_to_the_request(void)
{
    check_times_out(asked_for_tls(), "prefer", false);
    check_times_out(asked_for_tls(), "require", false);
}

static void silence_in_the_handshake(void)
{
    fake_server *fake = asked_for_tls();
    fake_send(fake, "S", 1);
    fake_expect_bytes(fake, 100);
    fake_send(fake, "\x16\x03\x03\x00\x7a", 5);
    check_times_out(fake, "require", true);
}

/* After an honest 'S', in the place of a handshake. */
static void no_handshake_after_the_answer(void)
{
    static const struct {
        const char *what, *bytes;
        size_t length;
    } words[] = {
        { "an error", error_text, sizeof error_text - 1 },
        { "AuthenticationOk", "R\0\0\0\x08\0\0\0\0", 9 },
        { "a web server", "HTTP/1.1 400 ATTACKER says\r\n\r\n", 30 },
        { "an alert", "\x15\x03\x03\x00\x02\x02\x28", 7 },
        { "half a record", "\x16\x03\x03\x40\x00\x02", 6 },
        { "an empty record", "\x16\x03\x03\x00\x00", 5 },
        { "a record too long", "\x16\x03\x03\xff\xff\x02\x00\x00\x76", 9 },
        { "encrypted data before a key", "\x17\x03\x03\x00\x05\x41\x54\x54\x41\x43", 10 },
        { "nothing", "", 0 },
    };
    for (size_t i = 0; i < COUNT(words); i++) {
        for (size_t mode = 0; mode < COUNT(strict_modes); mode++) {
            fake_server *fake = asked_for_tls();
            fake_send(fake, "S", 1);
            fake_expect_bytes(fake, 100);
            fake_send(fake, words[i].bytes, words[i].length);
            fake_shutdown(fake);
            check_nothing_given_away(fake, strict_modes[mode], true, "", words[i].what);
        }
    }
}

static void no_tls_where_it_is_required(void)
{
    for (size_t mode = 0; mode < COUNT(strict_modes); mode++) {
        fake_server *fake = asked_for_tls();
        fake_send(fake, "N", 1);
        fake_silence(fake);
        check_nothing_given_away(fake, strict_modes[mode], false, "server does not support SSL, but SSL was required", "N");
        /* Nor is what comes behind it listened to. */
        fake = asked_for_tls();
        fake_bytes answer = { .data = NULL };
        fake_put(&answer, "N", 1);
        fake_put(&answer, error_text, sizeof error_text - 1);
        fake_send(fake, answer.data, answer.length);
        fake_bytes_free(&answer);
        fake_silence(fake);
        check_nothing_given_away(fake, strict_modes[mode], false, "received unencrypted data after SSL response", "N and more");
    }
}

static void no_tls_where_it_is_preferred(void)
{
    dbapi_connection_t *connection = NULL;
    fake_server *fake = asked_for_tls();
    fake_send(fake, "N", 1);
    fake_greet(fake);
    fake_expect_close(fake);
    CHECK_OK(connect_to(fake, "prefer", "", &connection));
    CHECK_INT(dbapi_connection_ssl_in_use(connection), false);
    dbapi_connection_free(connection);
    CHECK_PTR(fake_join(fake), NULL);
    /* SSLRequest, the start-up packet, Terminate. */
    CHECK_SIZE(fake_log_count(fake), 3);
    fake_free(fake);
}

/* ---- what an honest ClientHello says ---- */

/* Connects with these options and answers whether the ClientHello holds a text. */
static bool hello_holds(const char *host, const char *options, const char *text)
{
    char dsn[300];
    dbapi_connection_t *connection = NULL;
    fake_server *fake = asked_for_tls();
    fake_send(fake, "S", 1);
    fake_expect_bytes(fake, 100);
    fake_shutdown(fake);
    fake_start(fake);
    snprintf(dsn, sizeof dsn, "%s hostaddr=127.0.0.1 host=%s sslmode=require %s", strstr(fake_dsn(fake), "port="), host, options);
    CHECK(dbapi_connect(dsn, &connection, &failure) < 0);
    clear_failure();
    CHECK_PTR(fake_join(fake), NULL);
    bool held = holds(fake_rest(fake), text);
    fake_free(fake);
    return held;
}

static void the_host_name_is_sent_unless_sslsni_is_0(void)
{
    CHECK(hello_holds("db.example", "", "db.example"));
    CHECK(hello_holds("db.example", "sslsni=1", "db.example"));
    CHECK(!hello_holds("db.example", "sslsni=0", "db.example"));
    CHECK(!hello_holds("192.0.2.1", "", "192.0.2.1"));
    CHECK(!hello_holds("192.0.2.1", "", "127.0.0.1"));
}

static void the_protocol_is_named(void)
{
    CHECK(hello_holds("db.example", "", "\x0apostgresql"));
}

/* sslnegotiation=direct: the ClientHello is the first that is sent. */
static void no_request_with_direct_negotiation(void)
{
    dbapi_connection_t *connection = NULL;
    fake_server *fake = fake_new();
    fake_expect_bytes(fake, 100);
    fake_send(fake, error_text, sizeof error_text - 1);
    fake_shutdown(fake);
    CHECK_ERROR(connect_to(fake, "require", "sslnegotiation=direct", &connection), DBAPI_OPERATIONAL_ERROR, ANY_SQLSTATE, NULL);
    CHECK_LACKS(dbapi_error_message(failure), "ATTACKER");
    clear_failure();
    CHECK_PTR(fake_join(fake), NULL);
    const fake_bytes *rest = fake_rest(fake);
    CHECK_INT(rest->data[0], 0x16);
    CHECK(holds(rest, "\x0apostgresql"));
    CHECK(!holds(rest, "hunter2"));
    CHECK_SIZE(fake_log_count(fake), 0);
    fake_free(fake);
}

CHECK_MAIN(CASE(bytes_behind_the_answer), CASE(an_error_in_answer_to_the_request), CASE(garbage_in_answer_to_the_request),
           CASE(thirty_thousand_bytes_in_answer_to_the_request), CASE(the_connection_closed_in_answer_to_the_request),
           CASE(silence_in_answer_to_the_request), CASE(silence_in_the_handshake),
           CASE(no_handshake_after_the_answer), CASE(no_tls_where_it_is_required),
           CASE(no_tls_where_it_is_preferred), CASE(the_host_name_is_sent_unless_sslsni_is_0), CASE(the_protocol_is_named),
           CASE(no_request_with_direct_negotiation))
