/* What may be required of a server's authentication, against a real one: require_auth, channel_binding, the
 * protocol's version; SCRAM keys in place of the password; and verifiers made by dbapi_encrypt_password. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text made as by printf; it stays until the next four calls. */
static const char *text(const char *format, ...)
{
    static char buffers[4][800];
    static unsigned turn;
    char *buffer = buffers[turn++ % 4];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(buffer, sizeof buffers[0], format, arguments);
    va_end(arguments);
    CHECK(length >= 0 && (size_t)length < sizeof buffers[0]);
    return buffer;
}

/* The server's users; the letter stands for the way they are let in. */
static const struct {
    char letter;
    const char *name;
    const char *login;
} users[] = {
    { 'n', "dbapi", "user=dbapi" },
    { 'p', "password_user", "user=password_user password=secret-password" },
    { 'm', "md5_user", "user=md5_user password=secret-md5" },
    { 's', "scram_user", "user=scram_user password=secret-scram" },
    { 's', "saslprep_user", "user=saslprep_user password='secret-IX x'" },
};

static const char *hosts[2];

static void find_hosts(void)
{
    hosts[0] = test_variable("PGHOST");
    hosts[1] = test_variable("DBAPI_TEST_HOST4");
}

static void check_in(const char *dsn, const char *user)
{
    dbapi_connection_t *connection = connect_dsn(dsn);
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_TEXT(query_text(cursor, "SELECT current_user"), user);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void check_out(const char *dsn, const char *sqlstate, const char *part)
{
    dbapi_connection_t *connection = (dbapi_connection_t *)&connection;
    dbapi_status_t status = dbapi_connect(dsn, &connection, &failure);
    if (status != DBAPI_OPERATIONAL_ERROR) {
        FAIL("%s: status %s", dsn, status_name(status));
    }
    CHECK_PTR(connection, NULL);
    CHECK_CONTAINS(dbapi_error_message(failure), part);
    CHECK_LACKS(dbapi_error_message(failure), "secret");
    if (sqlstate != NULL) {
        CHECK_TEXT(dbapi_error_sqlstate(failure), sqlstate);
    }
    CHECK_INT(dbapi_error_connection_usable(failure), false);
    clear_failure();
}

static void require_auth_lets_in_whom_it_names(void)
{
    static const struct {
        const char *list;
        const char *letters;
    } table[] = {
        { "", "n" }, /* libpq 18's reading of an empty list */
        { "none", "n" },
        { "password", "p" },
        { "md5", "m" },
        { "scram-sha-256", "s" },
        { "gss", "" },
        { "sspi", "" },
        { "oauth", "" },
        { "none,password", "np" },
        { "password,md5", "pm" },
        { "md5,scram-sha-256", "ms" },
        { "scram-sha-256,none", "ns" },
        { "password,md5,scram-sha-256,none", "npms" },
        { "gss,sspi,oauth,md5", "m" },
        { "!none", "pms" },
        { "!password", "nms" },
        { "!md5", "nps" },
        { "!scram-sha-256", "npm" },
        { "!password,!md5", "ns" },
        { "!none,!password,!md5", "s" },
        { "!none,!password,!md5,!scram-sha-256", "" },
        { "!gss,!sspi,!oauth", "npms" },
    };
    find_hosts();
    for (size_t i = 0; i < COUNT(table); i++) {
        for (size_t j = 0; j < COUNT(users); j++) {
            for (size_t k = 0; k < COUNT(hosts); k++) {
                const char *dsn = text("host=%s %s require_auth='%s'", hosts[k], users[j].login, table[i].list);
                if (strchr(table[i].letters, users[j].letter) != NULL) {
                    check_in(dsn, users[j].name);
                } else {
                    check_out(dsn, "28000", text("authentication method requirement \"%s\" failed: the server ", table[i].list));
                }
            }
        }
    }
}

static void a_refusal_says_what_the_server_wanted(void)
{
    static const char *const reasons[] = {
        "the server did not complete authentication", "the server requested a cleartext password",
        "the server requested a hashed password",     "the server requested SASL authentication",
        "the server requested SASL authentication",
    };
    for (size_t i = 0; i < COUNT(users); i++) {
        check_out(text("%s require_auth=gss", users[i].login), "28000", reasons[i]);
    }
}

static void require_auth_that_is_no_list(void)
{
    static const char *const lists[] = { "x", "md5,", ",", "!", "md5,!password", "!md5,password", "md5,md5", "MD5", "creds" };
    for (size_t i = 0; i < COUNT(lists); i++) {
        check_out(text("require_auth=%s", lists[i]), NULL, "require_auth");
    }
}

static void required_channel_binding_is_had_by_no_one_without_tls(void)
{
    find_hosts();
    for (size_t i = 0; i < COUNT(users); i++) {
        for (size_t k = 0; k < COUNT(hosts); k++) {
            check_out(text("host=%s %s sslmode=disable channel_binding=require", hosts[k], users[i].login), "28000",
                      "channel binding is required");
            check_in(text("host=%s %s sslmode=disable channel_binding=prefer", hosts[k], users[i].login), users[i].name);
            check_in(text("host=%s %s sslmode=disable channel_binding=disable", hosts[k], users[i].login), users[i].name);
        }
    }
}

static void protocol_3_2(void)
{
    bool new_server = atoi(outside("SHOW server_version_num")) >= 180000;
    for (size_t i = 0; i < COUNT(users); i++) {
        check_in(text("%s max_protocol_version=3.2", users[i].login), users[i].name);
        check_in(text("%s max_protocol_version=latest min_protocol_version=3.0", users[i].login), users[i].name);
        const char *newest = text("%s min_protocol_version=3.2", users[i].login);
        if (new_server) {
            check_in(newest, users[i].name);
        } else {
            check_out(newest, "08001", "only supports protocol version 3.0, but min_protocol_version was set to 3.2");
        }
    }
}

/* ---- a role of the test's own ------------------------------------------------------------------------ */

static void make_role(const char *name)
{
    run_outside("DO $$BEGIN CREATE ROLE temporary_roles NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END$$");
    run_outside(text("DROP ROLE IF EXISTS %s", name));
    run_outside(text("CREATE ROLE %s LOGIN IN ROLE temporary_roles", name));
}

/* The verifier and the keys of "secret-keys" with the salt 1 to 16, made by Python's hashlib and hmac. */
#define VERIFIER                                                                                             \
    "SCRAM-SHA-256$4096:AQIDBAUGBwgJCgsMDQ4PEA==$OxggLs3wXTOviOz49UUGcYoddsGswXbL7uw/mSwQofc=:"              \
    "EQ1fzE1kGUyaPFmTa2+IgNPMY2sksZw1mRgQSTMVD9c="
#define CLIENT_KEY "jDhUlRL86smtbwBIUVBHjg2Rw76Y/zOudM3NGH6Oxac="
#define SERVER_KEY "EQ1fzE1kGUyaPFmTa2+IgNPMY2sksZw1mRgQSTMVD9c="
#define OTHER_KEY "AQ1fzE1kGUyaPFmTa2+IgNPMY2sksZw1mRgQSTMVD9c="

static void scram_keys_in_place_of_the_password(void)
{
    const char *who = "user=keys_user passfile=/nonexistent require_auth=scram-sha-256";
    make_role("keys_user");
    run_outside("ALTER ROLE keys_user PASSWORD '" VERIFIER "'");
    find_hosts();
    for (size_t k = 0; k < COUNT(hosts); k++) {
        char start[400];
        snprintf(start, sizeof start, "host=%s %s", hosts[k], who);
        check_in(text("%s password=secret-keys", start), "keys_user");
        check_in(text("%s scram_client_key=" CLIENT_KEY " scram_server_key=" SERVER_KEY, start), "keys_user");
        /* The keys come first. */
        check_in(text("%s password=secret-other scram_client_key=" CLIENT_KEY " scram_server_key=" SERVER_KEY, start), "keys_user");
        check_in(text("%s password=secret-keys scram_server_key=" SERVER_KEY, start), "keys_user");
        /* The server's alone proves nothing of us; ours alone, nothing of the server. */
        check_out(text("%s scram_server_key=" SERVER_KEY, start), "28P01", "a password");
        check_out(text("%s scram_client_key=" CLIENT_KEY, start), "28000", "scram_server_key");
        check_out(text("%s password=secret-keys scram_client_key=" CLIENT_KEY, start), "28000", "scram_server_key");
        /* Wrong ones: the server's would be believed by no one, ours is by no server. */
        check_out(text("%s scram_client_key=" CLIENT_KEY " scram_server_key=" OTHER_KEY, start), "28000", "its proof is wrong");
        check_out(text("%s password=secret-keys scram_server_key=" OTHER_KEY, start), "28000", "its proof is wrong");
        check_out(text("%s scram_client_key=" OTHER_KEY " scram_server_key=" SERVER_KEY, start), "28P01", "authentication failed");
    }
    /* For a server that uses SCRAM, and no other. */
    check_out("user=md5_user passfile=/nonexistent scram_client_key=" CLIENT_KEY " scram_server_key=" SERVER_KEY, "28P01", "a password");
    check_in("user=md5_user password=secret-md5 scram_client_key=" CLIENT_KEY " scram_server_key=" SERVER_KEY, "md5_user");
    run_outside("DROP ROLE keys_user");
}

static void scram_keys_that_are_none(void)
{
    static const char *const keywords[] = { "scram_client_key", "scram_server_key" };
    static const char *const values[] = { "''", "x", "AAAA", "!" CLIENT_KEY, "AAAA" CLIENT_KEY, "secret-password" };
    for (size_t i = 0; i < COUNT(keywords); i++) {
        for (size_t j = 0; j < COUNT(values); j++) {
            check_out(text("%s=%s", keywords[i], values[j]), NULL, text("invalid %s value", keywords[i]));
        }
    }
}

/* ---- dbapi_encrypt_password -------------------------------------------------------------------------- */

/* A verifier; it stays until the next four calls of `text`. */
static const char *encrypted(dbapi_connection_t *connection, const char *user, const char *password, const char *algorithm)
{
    char buffer[300];
    size_t length = 0;
    CHECK_OK(dbapi_encrypt_password(connection, user, password, algorithm, buffer, sizeof buffer, &length, &failure));
    CHECK_SIZE(length, strlen(buffer));
    CHECK_LACKS(buffer, password);
    return text("%s", buffer);
}

static void a_role_logs_in_with_the_password_that_was_encrypted(void)
{
    static const struct {
        const char *algorithm;
        const char *password;
        const char *typed; /* when logging in */
    } table[] = {
        { "scram-sha-256", "secret-1", "secret-1" },
        { "md5", "secret-1", "secret-1" },
        /* ROMAN NUMERAL NINE, a no-break space: SASLprep makes "IX " of them, here and there. */
        { "scram-sha-256", "secret-\xe2\x85\xa8\xc2\xa0x", "secret-IX x" },
        { "scram-sha-256", "secret-IX x", "secret-\xe2\x85\xa8\xc2\xa0x" },
        { "scram-sha-256", "secret-\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x98", "secret-\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x98" },
        { "md5", "secret-\xe2\x85\xa8\xc2\xa0x", "secret-\xe2\x85\xa8\xc2\xa0x" },
        /* What SASLprep forbids is taken as it is. */
        { "scram-sha-256", "secret-\x07\xc2\x80", "secret-\x07\xc2\x80" },
        { "scram-sha-256", "secret $4096:'\\\" ", "secret $4096:'\\\" " },
    };
    make_role("verifier_user");
    for (size_t i = 0; i < COUNT(table); i++) {
        const char *verifier = encrypted(NULL, "verifier_user", table[i].password, table[i].algorithm);
        run_outside(text("ALTER ROLE verifier_user PASSWORD '%s'", verifier));
        /* The server took it for what it is. */
        CHECK_TEXT(outside("SELECT rolpassword FROM pg_authid WHERE rolname = 'verifier_user'"), verifier);
        const char *keywords[] = { "user", "password", "require_auth", NULL };
        const char *values[] = { "verifier_user", table[i].typed, table[i].algorithm, NULL };
        dbapi_connection_t *connection = NULL;
        CHECK_OK(dbapi_connect_params(NULL, keywords, values, &connection, &failure));
        dbapi_connection_free(connection);
        values[1] = "secret-other";
        CHECK_FAILS(dbapi_connect_params(NULL, keywords, values, &connection, &failure), DBAPI_OPERATIONAL_ERROR, "28P01",
                    "authentication failed");
    }
    run_outside("DROP ROLE verifier_user");
}

static void md5_is_the_servers_own(void)
{
    CHECK_TEXT(encrypted(NULL, "alice", "secret-1", "md5"), outside("SELECT 'md5' || md5('secret-1' || 'alice')"));
    CHECK_TEXT(encrypted(NULL, "J\xc3\xbcrg", "secret-\xc3\xbc", "md5"), outside("SELECT 'md5' || md5(U&'secret-\\00FC' || U&'J\\00FCrg')"));
}

static void scram_has_a_fresh_salt_and_the_usual_iterations(void)
{
    const char *one = encrypted(NULL, "alice", "secret-1", "scram-sha-256");
    const char *other = encrypted(NULL, "alice", "secret-1", NULL);
    CHECK_SIZE(strlen(one), 133);
    CHECK_SIZE(strlen(other), 133);
    CHECK(strcmp(one, other) != 0);
    CHECK_INT(strncmp(one, "SCRAM-SHA-256$4096:", 19), 0);
    CHECK_INT(strncmp(other, "SCRAM-SHA-256$4096:", 19), 0);
}

/* The transaction's status before and after, asked with what the server has set. */
static void check_asked(dbapi_connection_t *connection, const char *start, int32_t status)
{
    CHECK_INT(dbapi_connection_transaction_status(connection), status);
    const char *verifier = encrypted(connection, "alice", "secret-1", NULL);
    if (strncmp(verifier, start, strlen(start)) != 0) {
        FAIL("the verifier is %s, expected %s...", verifier, start);
    }
    CHECK_INT(dbapi_connection_transaction_status(connection), status);
}

static void the_server_is_asked_without_a_transaction(void)
{
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *cursor = cursor_of(connection);

    run(cursor, "SET password_encryption = 'md5'");
    check_asked(connection, "md5", DBAPI_TRANSACTION_INTRANS);
    CHECK_OK(dbapi_commit(connection, &failure));
    check_asked(connection, "md5", DBAPI_TRANSACTION_IDLE);
    run(cursor, "SET password_encryption = 'scram-sha-256'");
    check_asked(connection, "SCRAM-SHA-256$", DBAPI_TRANSACTION_INTRANS);
    CHECK_OK(dbapi_rollback(connection, &failure));
    check_asked(connection, "md5", DBAPI_TRANSACTION_IDLE);
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    check_asked(connection, "md5", DBAPI_TRANSACTION_IDLE);
    CHECK_OK(dbapi_connection_set_autocommit(connection, false, &failure));

    /* What is said is not asked for. */
    CHECK_CONTAINS(encrypted(connection, "alice", "secret-1", "scram-sha-256"), "SCRAM-SHA-256$");

    /* A result that is being fetched stays as it was. */
    run(cursor, "SELECT generate_series(1, 3)");
    CHECK_ROW(fetch_row(cursor), "1");
    check_asked(connection, "md5", DBAPI_TRANSACTION_INTRANS);
    CHECK_ROW(fetch_row(cursor), "2");

    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void a_failed_transaction_has_no_answer(void)
{
    char buffer[300] = "untouched";
    size_t length = 77;
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_FAILS(dbapi_execute(cursor, "SELECT 1/0", NULL, 0, &failure), DBAPI_DATA_ERROR, "22012", NULL);
    CHECK_ERROR(dbapi_encrypt_password(connection, "alice", "secret-1", NULL, buffer, sizeof buffer, &length, &failure),
                DBAPI_INTERNAL_ERROR, "25P02", "aborted");
    CHECK_INT(dbapi_error_connection_usable(failure), true);
    CHECK_INT(dbapi_error_transaction_usable(failure), false);
    CHECK_LACKS(dbapi_error_message(failure), "secret");
    clear_failure();
    CHECK_TEXT(buffer, "untouched");
    CHECK_SIZE(length, 77);
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INERROR);
    /* Nothing has to be asked for these. */
    CHECK_CONTAINS(encrypted(connection, "alice", "secret-1", "md5"), "md5");
    CHECK_CONTAINS(encrypted(connection, "alice", "secret-1", "scram-sha-256"), "SCRAM-SHA-256$");
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_CONTAINS(encrypted(connection, "alice", "secret-1", NULL), "SCRAM-SHA-256$");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void iterations_are_the_servers(void)
{
    if (atoi(outside("SHOW server_version_num")) < 160000) {
        SKIP("scram_iterations came with PostgreSQL 16");
    }
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *cursor = cursor_of(connection);
    run(cursor, "SET scram_iterations = 12345");
    CHECK_CONTAINS(encrypted(connection, "alice", "secret-1", "scram-sha-256"), "SCRAM-SHA-256$12345:");
    CHECK_CONTAINS(encrypted(connection, "alice", "secret-1", NULL), "SCRAM-SHA-256$12345:");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void a_buffer_of_any_size(void)
{
    const size_t full = 35; /* "md5" and 32 digits */
    char whole[64];
    size_t length = 0;
    CHECK_OK(dbapi_encrypt_password(NULL, "alice", "secret-1", "md5", whole, sizeof whole, NULL, &failure));
    CHECK_SIZE(strlen(whole), full);
    CHECK_OK(dbapi_encrypt_password(NULL, "alice", "secret-1", "md5", NULL, 0, &length, &failure));
    CHECK_SIZE(length, full);
    for (size_t capacity = 0; capacity <= full + 2; capacity++) {
        char buffer[64];
        memset(buffer, '#', sizeof buffer);
        length = 0;
        CHECK_OK(dbapi_encrypt_password(NULL, "alice", "secret-1", "md5", buffer, capacity, &length, &failure));
        CHECK_SIZE(length, full);
        size_t written = capacity == 0 ? 0 : (capacity > full ? full + 1 : capacity);
        if (written > 0) {
            CHECK_SIZE(strlen(buffer), written - 1);
            CHECK_INT(strncmp(buffer, whole, written - 1), 0);
        }
        for (size_t i = written; i < sizeof buffer; i++) {
            CHECK_INT(buffer[i], '#');
        }
    }
}

static void wrong_arguments(void)
{
    char buffer[300] = "untouched";
    size_t length = 77;
    dbapi_connection_t *connection = connect_test();
    dbapi_cursor_t *cursor = cursor_of(connection);
#define ENCRYPT(connection, user, password, algorithm, into) \
    dbapi_encrypt_password(connection, user, password, algorithm, into, sizeof buffer, &length, &failure)
    CHECK_FAILS(ENCRYPT(NULL, NULL, "secret-1", "md5", buffer), DBAPI_PROGRAMMING_ERROR, NULL, "argument user is NULL");
    CHECK_FAILS(ENCRYPT(NULL, NULL, "secret-1", "scram-sha-256", buffer), DBAPI_PROGRAMMING_ERROR, NULL, "argument user is NULL");
    CHECK_FAILS(ENCRYPT(NULL, "alice", NULL, "md5", buffer), DBAPI_PROGRAMMING_ERROR, NULL, "argument password is NULL");
    CHECK_FAILS(ENCRYPT(NULL, "alice", "secret-1", "md5", NULL), DBAPI_PROGRAMMING_ERROR, NULL, "argument buffer is NULL");
    CHECK_FAILS(ENCRYPT(NULL, "alice", "secret-\xff", "md5", buffer), DBAPI_PROGRAMMING_ERROR, "22021", "argument password");
    CHECK_FAILS(ENCRYPT(NULL, "alice\xff", "secret-1", "md5", buffer), DBAPI_PROGRAMMING_ERROR, "22021", "argument user");
    CHECK_FAILS(ENCRYPT(NULL, "alice", "secret-1", "\xff", buffer), DBAPI_PROGRAMMING_ERROR, "22021", "argument algorithm");
    static const char *const algorithms[] = { "", "sha1", "SCRAM-SHA-256", "MD5", "md5 ", "scram-sha-256-plus" };
    for (size_t i = 0; i < COUNT(algorithms); i++) {
        const char *named = text("\"%s\"", algorithms[i]);
        CHECK_FAILS(ENCRYPT(NULL, "alice", "secret-1", algorithms[i], buffer), DBAPI_PROGRAMMING_ERROR, NULL, named);
        CHECK_ERROR(ENCRYPT(connection, "alice", "secret-1", algorithms[i], buffer), DBAPI_PROGRAMMING_ERROR, NULL, named);
        CHECK_LACKS(dbapi_error_message(failure), "secret");
        CHECK_INT(dbapi_error_connection_usable(failure), true);
        clear_failure();
    }
    /* Neither a cursor nor a freed connection is a connection. */
    CHECK_FAILS(ENCRYPT((dbapi_connection_t *)cursor, "alice", "secret-1", "md5", buffer), DBAPI_INTERFACE_ERROR, NULL, NULL);
    CHECK_OK(dbapi_close(connection, &failure));
    CHECK_FAILS(ENCRYPT(connection, "alice", "secret-1", NULL, buffer), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_FAILS(ENCRYPT(connection, "alice", "secret-1", "md5", buffer), DBAPI_INTERFACE_ERROR, NULL, "closed");
    dbapi_connection_free(connection);
    CHECK_FAILS(ENCRYPT(connection, "alice", "secret-1", "md5", buffer), DBAPI_INTERFACE_ERROR, NULL, NULL);
    dbapi_cursor_free(cursor);
    CHECK_TEXT(buffer, "untouched");
    CHECK_SIZE(length, 77);
    /* Nor need there be a place for the error. */
    CHECK_INT(dbapi_encrypt_password(NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL), DBAPI_PROGRAMMING_ERROR);
#undef ENCRYPT
}

CHECK_MAIN(CASE(require_auth_lets_in_whom_it_names), CASE(a_refusal_says_what_the_server_wanted), CASE(require_auth_that_is_no_list),
           CASE(required_channel_binding_is_had_by_no_one_without_tls), CASE(protocol_3_2), CASE(scram_keys_in_place_of_the_password),
           CASE(scram_keys_that_are_none), CASE(a_role_logs_in_with_the_password_that_was_encrypted), CASE(md5_is_the_servers_own),
           CASE(scram_has_a_fresh_salt_and_the_usual_iterations), CASE(the_server_is_asked_without_a_transaction),
           CASE(a_failed_transaction_has_no_answer), CASE(iterations_are_the_servers), CASE(a_buffer_of_any_size), CASE(wrong_arguments))
