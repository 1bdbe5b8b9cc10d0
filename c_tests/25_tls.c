/* TLS to a real server: who is let in with which sslmode, certificates and keys (25_tls_rows.h, whose verdicts are
 * libpq's), what comes from memory, what is negotiated, and that both sides agree on whether there is TLS. */
#define _POSIX_C_SOURCE 200809L
#include "25_tls_rows.h"
#include "tls_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const outcomes[] = { "refused", "connected without TLS", "connected with TLS" };

static const char *options_of(const tls_row *row)
{
    static char options[3000];
    int length = snprintf(options, sizeof options, "%s %s %s %s", TLS_DEFAULT_OPTIONS, TLS_DEFAULT_HOST, TLS_DEFAULT_USER,
                          tls_text(row->options));
    CHECK(length > 0 && (size_t)length < sizeof options);
    return options;
}

/* The row's variable, and a home without files. */
static void set_variables(const tls_row *row, char *name, size_t capacity)
{
    setenv("HOME", tls_text(TLS_DEFAULT_HOME), 1);
    name[0] = '\0';
    if (row->variable != NULL) {
        size_t length = strcspn(row->variable, "=");
        CHECK(length < capacity);
        memcpy(name, row->variable, length);
        name[length] = '\0';
        setenv(name, tls_text(row->variable + length + 1), 1);
    }
}

/* Prints what is wrong with a row; answers 1 if it is. */
static int complain(const tls_row *row, const char *problem, const char *detail)
{
    printf("  row: %s | %s | %s\n    expected: %s%s%s\n    %s%s\n", row->setup, row->variable == NULL ? "" : row->variable,
           row->options, outcomes[row->expected], row->message == NULL ? "" : ": ", row->message == NULL ? "" : row->message,
           problem, detail);
    return 1;
}

static int check_connected(const tls_row *row, dbapi_connection_t *connection)
{
    bool encrypted = dbapi_connection_ssl_in_use(connection);
    if (row->expected != (encrypted ? TLS : CLEAR)) {
        return complain(row, outcomes[encrypted ? TLS : CLEAR], "");
    }
    if (tls_seen_by_server(connection) != encrypted) {
        return complain(row, "the server sees it otherwise", "");
    }
    if ((dbapi_connection_ssl_attribute(connection, "protocol") != NULL) != encrypted) {
        return complain(row, "dbapi_connection_ssl_attribute sees it otherwise", "");
    }
    return 0;
}

static int check_refused(const tls_row *row)
{
    static const char *const secrets[] = { "secret", "hunter2", "open-sesame", "unneeded" };
    const char *message = dbapi_error_message(failure);
    if (row->expected != REFUSED) {
        return complain(row, "refused: ", message);
    }
    if (strstr(message, tls_text(row->message)) == NULL) {
        return complain(row, "it says: ", message);
    }
    for (size_t i = 0; i < COUNT(secrets); i++) {
        if (strstr(message, secrets[i]) != NULL) {
            return complain(row, "it shows a password: ", message);
        }
    }
    return 0;
}

/* Answers 1 if the row is wrong. */
static int try_row(const tls_row *row)
{
    char variable[60];
    dbapi_connection_t *connection = NULL;
    tls_use(row->setup);
    set_variables(row, variable, sizeof variable);
    int wrong = dbapi_connect(options_of(row), &connection, &failure) == DBAPI_OK ? check_connected(row, connection) : check_refused(row);
    clear_failure();
    dbapi_connection_free(connection);
    if (variable[0] != '\0') {
        unsetenv(variable);
    }
    return wrong;
}

/* Under valgrind a handshake takes a hundred times as long: there, every fourth row will do. */
static void try_rows(const tls_row *rows, size_t count)
{
    size_t step = getenv("DBAPI_TEST_VALGRIND") == NULL ? 1 : 4;
    int wrong = 0;
    size_t tried = 0;
    for (size_t i = 0; i < count; i += step) {
        wrong += try_row(&rows[i]);
        tried++;
    }
    tls_use("rsa");
    printf("  %zu of %zu rows tried\n", tried, count);
    if (wrong > 0) {
        FAIL("%d of %zu rows came out wrong", wrong, tried);
    }
}

static void outcomes_are_those_of_the_table(void)
{
    CHECK(COUNT(tls_rows) >= 250);
    try_rows(tls_rows, COUNT(tls_rows));
}

static bool server_knows_direct(void)
{
    return strcmp(outside("SELECT (current_setting('server_version_num')::int >= 170000)::text"), "true") == 0;
}

static void direct_negotiation(void)
{
    if (!server_knows_direct()) {
        SKIP("sslnegotiation=direct needs PostgreSQL 17 or later: name one in PG_BINDIR");
    }
    try_rows(tls_direct_rows, COUNT(tls_direct_rows));
}

/* It takes the handshake for a start-up packet, and does not like it. */
static void direct_negotiation_with_a_server_that_has_none(void)
{
    dbapi_connection_t *connection = NULL;
    if (server_knows_direct()) {
        SKIP("this server knows sslnegotiation=direct");
    }
    CHECK_FAILS(dbapi_connect(tls_text("hostaddr=127.0.0.1 user=dbapi sslnegotiation=direct sslmode=require"), &connection, &failure),
                DBAPI_OPERATIONAL_ERROR, ANY_SQLSTATE, "127.0.0.1");
    CHECK_PTR(connection, NULL);
}

/* ---- a key that is root's and its group's ---- */

/* libpq lets a group read a key that root owns. */
static void a_key_that_its_group_may_read(void)
{
    dbapi_connection_t *connection = NULL;
    const char *dsn = tls_text("hostaddr=127.0.0.1 user=cert_user dbname=test sslmode=require sslcert=@/client.crt sslkey=@/group.key");
    if (geteuid() == 0) {
        connection = connect_dsn(dsn);
        CHECK_INT(dbapi_connection_ssl_in_use(connection), true);
    } else {
        CHECK_FAILS(dbapi_connect(dsn, &connection, &failure), DBAPI_OPERATIONAL_ERROR, ANY_SQLSTATE, "has group or world access");
    }
    dbapi_connection_free(connection);
}

/* ---- from memory ---- */

/* A whole file; freed by the caller. */
static char *content(const char *name)
{
    FILE *file = fopen(tls_text(name), "rb");
    CHECK(file != NULL);
    char *text = malloc(100000);
    CHECK(text != NULL);
    size_t length = fread(text, 1, 99999, file);
    fclose(file);
    text[length] = '\0';
    return text;
}

/* What dbapi_connect_params makes of PEM texts; a name of NULL leaves a keyword out. */
typedef struct in_memory {
    const char *root, *certificate, *key, *password;
    const char *options;
    tls_outcome expected;
    const char *message;
} in_memory;

static const in_memory memories[] = {
    { "@/root.crt", NULL, NULL, NULL, "user=dbapi sslmode=verify-full", TLS, NULL },
    { "@/roots.crt", NULL, NULL, NULL, "user=dbapi sslmode=verify-full", TLS, NULL },
    { "@/root.crt", NULL, NULL, NULL, "user=dbapi sslmode=verify-ca", TLS, NULL },
    { "@/root.crt", NULL, NULL, NULL, "user=dbapi sslmode=require", TLS, NULL },
    { "@/other.crt", NULL, NULL, NULL, "user=dbapi sslmode=require", REFUSED, UNVERIFIED },
    { "@/other.crt", NULL, NULL, NULL, "user=dbapi sslmode=verify-full", REFUSED, UNVERIFIED },
    { "@/root.crt", NULL, NULL, NULL, "user=dbapi sslmode=verify-full host=other.example", REFUSED, "does not match host name" },
    { "@/root.crt", NULL, NULL, NULL, "user=dbapi sslmode=verify-full sslcrl=@/good.crl", TLS, NULL },
    { "@/garbage.pem", NULL, NULL, NULL, "user=dbapi sslmode=verify-full", REFUSED, "sslrootcert_pem" },
    { "@/root.crt", NULL, NULL, NULL, "user=dbapi sslmode=verify-full sslrootcert=@/root.crt", REFUSED, "sslrootcert_pem" },
    { "@/root.crt", NULL, NULL, NULL, "user=dbapi sslmode=prefer sslrootcert=@/root.crt", REFUSED, "sslrootcert_pem" },
    { "@/root.crt", "@/client.crt", "@/client.key", NULL, "user=cert_user sslmode=verify-full", TLS, NULL },
    { "@/root.crt", "@/chainclient.crt", "@/ecclient.key", NULL, "user=cert_user sslmode=verify-full", TLS, NULL },
    { "@/root.crt", "@/client.crt", "@/client.pkcs1.key", NULL, "user=cert_user sslmode=verify-full", TLS, NULL },
    { "@/root.crt", "@/ecclient.crt", "@/ecclient.sec1.key", NULL, "user=cert_user sslmode=verify-full", TLS, NULL },
    { "@/root.crt", "@/client.crt", "@/client.pbes2.key", "open-sesame", "user=cert_user sslmode=verify-full", TLS, NULL },
    { "@/root.crt", "@/client.crt", "@/client.traditional.key", "open-sesame", "user=cert_user sslmode=verify-full", TLS, NULL },
    { "@/root.crt", "@/client.crt", "@/client.pbes2.key", "hunter2", "user=cert_user sslmode=verify-full", REFUSED, "sslkey_pem" },
    { "@/root.crt", "@/client.crt", "@/client.pbes2.key", NULL, "user=cert_user sslmode=verify-full", REFUSED, "sslkey_pem" },
    { "@/root.crt", "@/client.crt", "@/garbage.pem", NULL, "user=cert_user sslmode=verify-full", REFUSED, "sslkey_pem" },
    { "@/root.crt", "@/garbage.pem", "@/client.key", NULL, "user=cert_user sslmode=verify-full", REFUSED, "sslcert_pem" },
    { "@/root.crt", "@/client.crt", "@/ecclient.key", NULL, "user=cert_user sslmode=verify-full", REFUSED, "sslkey_pem" },
    { "@/root.crt", "@/client.crt", NULL, NULL, "user=cert_user sslmode=verify-full sslkey=@/client.key", TLS, NULL },
    { "@/root.crt", NULL, "@/client.key", NULL, "user=cert_user sslmode=verify-full sslcert=@/client.crt", TLS, NULL },
    { "@/root.crt", "@/client.crt", "@/client.key", NULL, "user=cert_user sslmode=verify-full sslcert=@/client.crt", REFUSED, "sslcert_pem" },
    { "@/root.crt", "@/client.crt", "@/client.key", NULL, "user=cert_user sslmode=verify-full sslkey=@/client.key", REFUSED, "sslkey_pem" },
};

static int try_memory(const in_memory *row)
{
    char dsn[1500];
    const char *keywords[5];
    const char *values[5] = { NULL };
    char *texts[3] = { NULL };
    size_t count = 0;
    const char *const names[] = { row->root, row->certificate, row->key };
    static const char *const pem_keywords[] = { "sslrootcert_pem", "sslcert_pem", "sslkey_pem" };
    for (size_t i = 0; i < COUNT(names); i++) {
        if (names[i] != NULL) {
            texts[i] = content(names[i]);
            keywords[count] = pem_keywords[i];
            values[count++] = texts[i];
        }
    }
    if (row->password != NULL) {
        keywords[count] = "sslpassword";
        values[count++] = row->password;
    }
    keywords[count] = NULL;
    snprintf(dsn, sizeof dsn, "%s %s %s", TLS_DEFAULT_OPTIONS, TLS_DEFAULT_HOST, tls_text(row->options));

    dbapi_connection_t *connection = NULL;
    dbapi_status_t status = dbapi_connect_params(dsn, keywords, values, &connection, &failure);
    const char *said = failure == NULL ? "" : dbapi_error_message(failure);
    bool right = row->expected == TLS ? status == DBAPI_OK && dbapi_connection_ssl_in_use(connection) && tls_seen_by_server(connection)
                                      : status < 0 && strstr(said, row->message) != NULL;
    /* Nor is a key shown. */
    right = right && strstr(said, "hunter2") == NULL && strstr(said, "PRIVATE KEY") == NULL;
    if (!right) {
        printf("  row %d (%s): %s\n", (int)(row - memories), row->options, status == DBAPI_OK ? "connected" : said);
    }
    clear_failure();
    dbapi_connection_free(connection);
    for (size_t i = 0; i < COUNT(texts); i++) {
        free(texts[i]);
    }
    return right ? 0 : 1;
}

static void certificates_and_keys_from_memory(void)
{
    size_t step = getenv("DBAPI_TEST_VALGRIND") == NULL ? 1 : 5;
    int wrong = 0;
    tls_use("rsa");
    setenv("HOME", tls_text(TLS_DEFAULT_HOME), 1);
    for (size_t i = 0; i < COUNT(memories); i += step) {
        wrong += try_memory(&memories[i]);
    }
    CHECK_INT(wrong, 0);
}

/* ---- what was negotiated ---- */

static void check_attributes(const char *version)
{
    char dsn[300];
    snprintf(dsn, sizeof dsn, "hostaddr=127.0.0.1 user=dbapi dbname=test sslmode=require ssl_max_protocol_version=%s", version);
    dbapi_connection_t *connection = connect_dsn(dsn);
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_TEXT(dbapi_connection_ssl_attribute(connection, "protocol"), version);
    CHECK_TEXT(dbapi_connection_ssl_attribute(connection, "protocol"),
               query_text(cursor, "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"));
    CHECK_TEXT(dbapi_connection_ssl_attribute(connection, "cipher"),
               query_text(cursor, "SELECT cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()"));
    CHECK_TEXT(dbapi_connection_ssl_attribute(connection, "key_bits"),
               query_text(cursor, "SELECT bits::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()"));
    CHECK_TEXT(dbapi_connection_ssl_attribute(connection, "compression"), "off");
    CHECK(dbapi_connection_ssl_attribute(connection, "library") != NULL);
    CHECK_PTR(dbapi_connection_ssl_attribute(connection, "nonesuch"), NULL);
    /* Servers from PostgreSQL 17 on select the protocol. */
    CHECK_TEXT(dbapi_connection_ssl_attribute(connection, "alpn"), server_knows_direct() ? "postgresql" : "");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void attributes_are_what_the_server_says(void)
{
    tls_use("rsa");
    check_attributes("TLSv1.3");
    check_attributes("TLSv1.2");
}

static void no_attributes_without_tls(void)
{
    dbapi_connection_t *connection = connect_dsn("hostaddr=127.0.0.1 user=dbapi dbname=test sslmode=disable");
    static const char *const names[] = { "protocol", "cipher", "key_bits", "compression", "alpn" };
    CHECK_INT(dbapi_connection_ssl_in_use(connection), false);
    for (size_t i = 0; i < COUNT(names); i++) {
        CHECK_PTR(dbapi_connection_ssl_attribute(connection, names[i]), NULL);
    }
    dbapi_connection_free(connection);
}

/* ---- sslkeylogfile ---- */

static void check_key_log(const char *version, const char *label)
{
    char dsn[600];
    const char *path = tls_text("@/keys.log");
    unlink(path);
    snprintf(dsn, sizeof dsn, "hostaddr=127.0.0.1 user=dbapi dbname=test sslmode=require ssl_max_protocol_version=%s sslkeylogfile='%s'",
             version, path);
    dbapi_connection_free(connect_dsn(dsn));
    struct stat status;
    CHECK_INT(stat(path, &status), 0);
    CHECK_INT(status.st_mode & 0777, 0600);
    char *keys = content("@/keys.log");
    CHECK_CONTAINS(keys, label);
    size_t length = strlen(keys);
    CHECK(keys[length - 1] == '\n');
    free(keys);
    /* A second connection adds its keys. */
    dbapi_connection_free(connect_dsn(dsn));
    keys = content("@/keys.log");
    CHECK(strlen(keys) > length);
    free(keys);
    unlink(path);
}

static void keys_are_logged_when_asked_for(void)
{
    tls_use("rsa");
    check_key_log("TLSv1.3", "CLIENT_TRAFFIC_SECRET_0 ");
    check_key_log("TLSv1.2", "CLIENT_RANDOM ");
}

CHECK_MAIN(CASE(outcomes_are_those_of_the_table), CASE(direct_negotiation), CASE(direct_negotiation_with_a_server_that_has_none),
           CASE(a_key_that_its_group_may_read), CASE(certificates_and_keys_from_memory), CASE(attributes_are_what_the_server_says),
           CASE(no_attributes_without_tls), CASE(keys_are_logged_when_asked_for))
