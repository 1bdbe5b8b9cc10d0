/* SECURITY "channel binding not enforced": with channel_binding=require only a SCRAM-SHA-256-PLUS exchange lets one
 * in, whatever the server asks for and whatever the connection is; and the exchange shows who is in the middle. */
#define _POSIX_C_SOURCE 200809L
#include "fake_server.h"
#include "proxy.h"
#include "tls_server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- every way of logging in, on every kind of connection ---- */

typedef struct login {
    const char *name, *options;
    bool scram, needs_tls;
} login;

static const login logins[] = {
    { "trust", "user=dbapi password=unneeded", false, false },
    { "password", "user=password_user password=secret-password", false, false },
    { "md5", "user=md5_user password=secret-md5", false, false },
    { "scram", "user=scram_user password=secret-scram", true, false },
    { "cert", "user=cert_user sslcert=@/client.crt sslkey=@/client.key", false, true },
    { "scram and a certificate", "user=both_user password=secret-scram sslcert=@/both.crt sslkey=@/ecclient.key", true, true },
};

typedef struct channel {
    const char *name, *setup, *options;
    bool tls;
    bool digest; /* the certificate's signature has a digest to bind to */
} channel;

static const channel channels[] = {
    { "a Unix socket", "rsa", "host=!", false, false },
    { "plain TCP", "rsa", "hostaddr=127.0.0.1 sslmode=disable", false, false },
    { "TLS refused by the server", "rsa ssl=off", "hostaddr=127.0.0.1 sslmode=prefer", false, false },
    { "TLS 1.3, RSA", "rsa", "hostaddr=127.0.0.1 sslmode=require", true, true },
    { "TLS 1.3, RSA-PSS", "pss", "hostaddr=127.0.0.1 sslmode=require", true, true },
    { "TLS 1.3, ECDSA", "ecdsa", "hostaddr=127.0.0.1 sslmode=require", true, true },
    { "TLS 1.3, Ed25519", "ed25519", "hostaddr=127.0.0.1 sslmode=require", true, false },
    { "TLS 1.2, RSA", "rsa", "hostaddr=127.0.0.1 sslmode=require ssl_max_protocol_version=TLSv1.2", true, true },
    { "TLS 1.2, RSA-PSS", "pss", "hostaddr=127.0.0.1 sslmode=require ssl_max_protocol_version=TLSv1.2", true, true },
    { "TLS 1.2, ECDSA", "ecdsa", "hostaddr=127.0.0.1 sslmode=require ssl_max_protocol_version=TLSv1.2", true, true },
    { "TLS 1.2, Ed25519", "ed25519", "hostaddr=127.0.0.1 sslmode=require ssl_max_protocol_version=TLSv1.2", true, false },
};

static const char *const modes[] = { "disable", "prefer", "require" };
enum { DISABLE, PREFER, REQUIRE };

/* Whether the exchange can be had with and without channel binding, as libpq 18 has it: require wants the true
 * exchange; prefer does without where there is none, but not where the server offers it and the certificate is
 * the hindrance: whoever shows a certificate could choose it to be so. */
static bool lets_in(size_t mode, const login *who, const channel *where)
{
    switch (mode) {
    case REQUIRE:
        return who->scram && where->tls && where->digest;
    case PREFER:
        return !who->scram || !where->tls || where->digest;
    default:
        return true;
    }
}

/* Tries one combination; answers 1 if it comes out wrong. */
static int try_login(size_t mode, const login *who, const channel *where)
{
    char dsn[2000];
    dbapi_connection_t *connection = NULL;
    snprintf(dsn, sizeof dsn, "dbname=test connect_timeout=20 channel_binding=%s %s %s", modes[mode], tls_text(where->options),
             tls_text(who->options));
    dbapi_status_t status = dbapi_connect(dsn, &connection, &failure);
    const char *said = failure == NULL ? "connected" : dbapi_error_message(failure);
    bool right = lets_in(mode, who, where)
                     ? status == DBAPI_OK && tls_seen_by_server(connection) == where->tls
                     : status == DBAPI_OPERATIONAL_ERROR && strstr(said, "channel binding") != NULL && strstr(said, "secret") == NULL;
    if (!right) {
        printf("  channel_binding=%s, %s, %s: %s\n", modes[mode], who->name, where->name, said);
    }
    clear_failure();
    dbapi_connection_free(connection);
    return right ? 0 : 1;
}

static void try_all(size_t mode)
{
    /* Under valgrind every fifth combination. */
    size_t step = getenv("DBAPI_TEST_VALGRIND") == NULL ? 1 : 5;
    size_t number = 0;
    int wrong = 0;
    for (size_t where = 0; where < COUNT(channels); where++) {
        tls_use(channels[where].setup);
        for (size_t who = 0; who < COUNT(logins); who++) {
            if ((!logins[who].needs_tls || channels[where].tls) && number++ % step == 0) {
                wrong += try_login(mode, &logins[who], &channels[where]);
            }
        }
    }
    tls_use("rsa");
    CHECK_INT(wrong, 0);
}

static void required(void)
{
    try_all(REQUIRE);
}

static void preferred(void)
{
    try_all(PREFER);
}

static void disabled(void)
{
    try_all(DISABLE);
}

static void only_these_words_are_known(void)
{
    static const char *const words[] = { "Require", "REQUIRE", "yes", "1", "allow", "required" };
    for (size_t i = 0; i < COUNT(words); i++) {
        char dsn[200];
        dbapi_connection_t *connection = NULL;
        snprintf(dsn, sizeof dsn, "hostaddr=127.0.0.1 user=dbapi channel_binding=%s", words[i]);
        if (dbapi_connect(dsn, &connection, &failure) == DBAPI_OK) {
            FAIL("channel_binding=%s is taken", words[i]);
        }
        CHECK_CONTAINS(dbapi_error_message(failure), "channel_binding");
        clear_failure();
    }
}

/* ---- what is asked for instead ---- */

/* Whoever listens may ask for what he likes: where channel binding is required, he gets no password, nor a proof of
 * one, to try his words on. */
static void no_password_is_given_away_where_it_is_required(void)
{
    static const struct {
        const char *what;
        uint32_t code;
        const char *data;
        size_t length;
    } demands[] = {
        { "the password", 3, "", 0 },
        { "its MD5 sum", 5, "salt", 4 },
        { "SCRAM without channel binding", 10, "SCRAM-SHA-256\0", 15 },
        { "SCRAM with channel binding, in the clear", 10, "SCRAM-SHA-256-PLUS\0", 20 },
        { "either SCRAM, in the clear", 10, "SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0", 34 },
        { "nothing", 0, "", 0 },
    };
    for (size_t i = 0; i < COUNT(demands); i++) {
        char dsn[400];
        dbapi_connection_t *connection = NULL;
        fake_server *fake = fake_new();
        fake_expect_startup(fake);
        fake_send_auth(fake, demands[i].code, demands[i].data, demands[i].length);
        fake_silence(fake);
        fake_start(fake);
        snprintf(dsn, sizeof dsn, "%s sslmode=disable password=hunter2 connect_timeout=10 channel_binding=require", fake_dsn(fake));
        CHECK_ERROR(dbapi_connect(dsn, &connection, &failure), DBAPI_OPERATIONAL_ERROR, ANY_SQLSTATE, "channel binding");
        CHECK_INT(dbapi_error_timed_out(failure), false);
        CHECK_LACKS(dbapi_error_message(failure), "hunter2");
        clear_failure();
        CHECK_PTR(fake_join(fake), NULL);
        /* The start-up packet, and at most a good-bye. */
        const fake_bytes *rest = fake_rest(fake);
        if (fake_log_count(fake) != 1 || (rest->length > 0 && rest->data[0] != 'X')) {
            FAIL("asked for %s, the client answered", demands[i].what);
        }
        fake_free(fake);
    }
}

/* ---- somebody in the middle, who shows a certificate of his own and carries what both say ---- */

typedef struct middle {
    char path[64], directory[48];
    pid_t server, client;
    proxy *between;
} middle;

/* Runs a program with these two as its standard input and output. */
static pid_t start_program(char *const *arguments, int input, int output)
{
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        int nothing = open("/dev/null", O_WRONLY);
        dup2(input, 0);
        dup2(output, 1);
        dup2(nothing, 2);
        for (int other = 3; other < 64; other++) {
            close(other);
        }
        execvp(arguments[0], arguments);
        _exit(127);
    }
    return child;
}

/* openssl plays the server towards the client, and another openssl the client towards the server. */
static middle start_middle(void)
{
    middle man = { .server = -1 };
    int to_client[2];
    int to_server[2];
    char where[32], certificate[1000], key[1000];
    struct stat status;
    strcpy(man.directory, "/tmp/dbapi-middle.XXXXXX");
    CHECK(mkdtemp(man.directory) != NULL);
    snprintf(man.path, sizeof man.path, "%s/socket", man.directory);
    snprintf(where, sizeof where, "127.0.0.1:%s", test_variable("PGPORT"));
    snprintf(certificate, sizeof certificate, "%s", tls_text("@/unknown.crt"));
    snprintf(key, sizeof key, "%s", tls_text("@/server.key"));
    CHECK(pipe(to_client) == 0 && pipe(to_server) == 0);
    char *server[] = { "openssl", "s_server", "-quiet", "-naccept", "1", "-unix", man.path, "-cert", certificate, "-key", key, NULL };
    char *client[] = { "openssl", "s_client", "-quiet", "-starttls", "postgres", "-connect", where, NULL };
    man.server = start_program(server, to_client[0], to_server[1]);
    man.client = start_program(client, to_server[0], to_client[1]);
    close(to_client[0]);
    close(to_client[1]);
    close(to_server[0]);
    close(to_server[1]);
    time_t deadline = time(NULL) + 20;
    while (stat(man.path, &status) != 0) {
        CHECK(time(NULL) < deadline);
        nanosleep(&(struct timespec){ .tv_sec = 0, .tv_nsec = 5000000 }, NULL);
    }
    man.between = proxy_start(&(proxy_options){ .path = man.path, .answers_ssl_request = true });
    return man;
}

static void finish_middle(middle *man)
{
    proxy_finish(man->between);
    kill(man->server, SIGKILL);
    kill(man->client, SIGKILL);
    waitpid(man->server, NULL, 0);
    waitpid(man->client, NULL, 0);
    unlink(man->path);
    rmdir(man->directory);
}

static const char *middle_dsn(const middle *man, const char *options)
{
    static char dsn[400];
    snprintf(dsn, sizeof dsn, "hostaddr=127.0.0.1 port=%u dbname=test user=scram_user password=secret-scram connect_timeout=20 "
             "sslmode=require %s",
             proxy_port(man->between), options);
    return dsn;
}

/* Without channel binding he is not noticed: this shows that he does what he should. */
static void a_man_in_the_middle_is_not_noticed_without(void)
{
    tls_use("rsa");
    middle man = start_middle();
    dbapi_connection_t *connection = connect_dsn(middle_dsn(&man, "channel_binding=disable"));
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_TEXT(query_text(cursor, "SELECT current_user"), "scram_user");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    finish_middle(&man);
}

/* How often the server has noticed, by its log. */
static size_t times_noticed(void)
{
    static const char words[] = "SCRAM channel binding check failed";
    char line[1000];
    size_t count = 0;
    FILE *log = fopen(test_variable("DBAPI_TEST_LOG"), "r");
    CHECK(log != NULL);
    while (fgets(line, sizeof line, log) != NULL) {
        count += strstr(line, words) != NULL;
    }
    fclose(log);
    return count;
}

/* It is the server that notices. Whether its words still get through depends on him. */
static void a_man_in_the_middle_is_shut_out(void)
{
    static const char *const options[] = { "channel_binding=require", "channel_binding=prefer", "" };
    tls_use("rsa");
    for (size_t i = 0; i < COUNT(options); i++) {
        dbapi_connection_t *connection = NULL;
        size_t before = times_noticed();
        middle man = start_middle();
        CHECK_ERROR(dbapi_connect(middle_dsn(&man, options[i]), &connection, &failure), DBAPI_OPERATIONAL_ERROR, ANY_SQLSTATE, NULL);
        CHECK_INT(dbapi_error_timed_out(failure), false);
        CHECK_PTR(connection, NULL);
        finish_middle(&man);
        /* What the server says may reach its log later than us. */
        time_t deadline = time(NULL) + 10;
        while (times_noticed() == before && time(NULL) < deadline) {
            nanosleep(&(struct timespec){ .tv_sec = 0, .tv_nsec = 5000000 }, NULL);
        }
        if (times_noticed() != before + 1) {
            FAIL("the server has noticed %zu times; the client was told: %s", times_noticed() - before, dbapi_error_message(failure));
        }
        clear_failure();
    }
}

CHECK_MAIN(CASE(required), CASE(preferred), CASE(disabled), CASE(only_these_words_are_known),
           CASE(no_password_is_given_away_where_it_is_required),
           CASE(a_man_in_the_middle_is_not_noticed_without), CASE(a_man_in_the_middle_is_shut_out))
