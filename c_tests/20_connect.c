/* Connecting: every transport and every way of authenticating that a server of today offers without TLS,
 * where settings come from, and that no message shows a password. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text made as by printf; it stays until the next four calls. */
static const char *text(const char *format, ...)
{
    static char buffers[4][600];
    static unsigned turn;
    char *buffer = buffers[turn++ % 4];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(buffer, sizeof buffers[0], format, arguments);
    va_end(arguments);
    CHECK(length >= 0 && (size_t)length < sizeof buffers[0]);
    return buffer;
}

static const char *port(void)
{
    return test_variable("PGPORT");
}

/* Connects and asks who was let in, and from where; NULL over a Unix socket. */
static void check_who(const char *dsn, const char *user, const char *address)
{
    dbapi_connection_t *connection = connect_dsn(dsn);
    CHECK_INT(dbapi_connection_closed(connection), 0);
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_IDLE);
    CHECK_INT(dbapi_connection_autocommit(connection), false);
    dbapi_cursor_t *cursor = cursor_of(connection);
    run(cursor, "SELECT current_user::text, host(inet_client_addr()), current_database()::text");
    CHECK_ROW(fetch_row(cursor), user, address, "test");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

/* No connection is made; the message tells neither of the passwords. */
static void check_refused(const char *dsn, dbapi_status_t status, const char *sqlstate, const char *part)
{
    dbapi_connection_t *connection = (dbapi_connection_t *)&connection;
    CHECK_ERROR(dbapi_connect(dsn, &connection, &failure), status, sqlstate, part);
    CHECK_PTR(connection, NULL);
    CHECK_LACKS(dbapi_error_message(failure), "secret");
    CHECK_LACKS(dbapi_error_message(failure), "hunter2");
    CHECK_INT(dbapi_error_connection_usable(failure), false);
    clear_failure();
}

static const char *const password_users[][2] = {
    { "password_user", "secret-password" },
    { "md5_user", "secret-md5" },
    { "scram_user", "secret-scram" },
};

static void check_users(const char *host, const char *address)
{
    check_who(text("host=%s port=%s user=dbapi dbname=test", host, port()), "dbapi", address);
    for (size_t i = 0; i < COUNT(password_users); i++) {
        check_who(text("host=%s port=%s user=%s password=%s dbname=test", host, port(), password_users[i][0],
                       password_users[i][1]),
                  password_users[i][0], address);
    }
}

static void unix_socket(void)
{
    check_users(test_variable("PGHOST"), SQL_NULL);
}

static void ipv4(void)
{
    check_users("127.0.0.1", "127.0.0.1");
}

static void ipv6(void)
{
    const char *address = getenv("DBAPI_TEST_HOST6");
    if (address == NULL || address[0] == '\0') {
        SKIP("this machine has no ::1");
    }
    check_users("::1", "::1");
}

/* Which of its addresses answers is the resolver's choice. */
static void host_name(void)
{
    dbapi_connection_t *connection = connect_dsn(text("host=localhost port=%s user=scram_user password=secret-scram", port()));
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_TEXT(query_text(cursor, "SELECT current_user"), "scram_user");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

/* The role's password was given as U+2168 (ROMAN NUMERAL NINE), a no-break space and x: SASLprep makes
 * "IX x" of it on both sides. */
static void scram_password_is_normalized(void)
{
    check_who(text("host=127.0.0.1 port=%s user=saslprep_user password='secret-IX x' dbname=test", port()),
              "saslprep_user", "127.0.0.1");
    check_who(text("host=127.0.0.1 port=%s user=saslprep_user password='secret-\xe2\x85\xa8\xc2\xa0x' dbname=test", port()),
              "saslprep_user", "127.0.0.1");
}

static void wrong_password(void)
{
    for (size_t i = 0; i < COUNT(password_users); i++) {
        check_refused(text("host=127.0.0.1 port=%s user=%s password=hunter2 dbname=test", port(), password_users[i][0]),
                      DBAPI_OPERATIONAL_ERROR, "28P01", "password authentication failed");
        check_refused(text("user=%s password=hunter2", password_users[i][0]), DBAPI_OPERATIONAL_ERROR, "28P01",
                      "password authentication failed");
    }
}

static void password_needed_but_not_given(void)
{
    for (size_t i = 0; i < COUNT(password_users); i++) {
        check_refused(text("user=%s passfile=/nonexistent", password_users[i][0]), DBAPI_OPERATIONAL_ERROR, "28P01", "password");
    }
}

/* Failing to connect is an operational error whatever the SQLSTATE's class, as in psycopg2. */
static void missing_database(void)
{
    dbapi_connection_t *connection = NULL;
    CHECK_ERROR(dbapi_connect("dbname=no_such_database", &connection, &failure), DBAPI_OPERATIONAL_ERROR, "3D000",
                "database \"no_such_database\" does not exist");
    CHECK_TEXT(dbapi_error_severity_nonlocalized(failure), "FATAL");
    CHECK_INT(dbapi_error_retryable(failure), false);
}

static void missing_role(void)
{
    check_refused("user=nobody_here", DBAPI_OPERATIONAL_ERROR, "28000", "nobody_here");
}

static void nobody_listens(void)
{
    dbapi_connection_t *connection = NULL;
    CHECK_ERROR(dbapi_connect("host=127.0.0.1 port=1 user=dbapi", &connection, &failure), DBAPI_OPERATIONAL_ERROR, "08001",
                "127.0.0.1");
    CHECK_CONTAINS(dbapi_error_message(failure), "port 1");
    CHECK_INT(dbapi_error_retryable(failure), true);
    clear_failure();
    check_refused("host=/nonexistent port=5432 user=dbapi", DBAPI_OPERATIONAL_ERROR, "08001", "/nonexistent/.s.PGSQL.5432");
}

static void bad_dsn(void)
{
    static const char *const bad[] = {
        "host",
        "=localhost",
        "no_such_keyword=1",
        "password=hunter2 no_such_keyword=1",
        "password='hunter2",
        "password=hunter2 host",
        "database=test",
        "postgresql://u:hunter2@[::1/test",
        "postgresql://u:hunter2@localhost/test?no_such_keyword=1",
        "postgresql://u:hunter2%@localhost/test",
        "postgresql://u:hunter2%00@localhost/test",
        "postgresql://u:hunter2%zz@localhost/test",
        "user=\xff password=hunter2",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        dbapi_connection_t *connection = NULL;
        dbapi_status_t status = dbapi_connect(bad[i], &connection, &failure);
        if (status != DBAPI_PROGRAMMING_ERROR) {
            FAIL("%s: status %s, expected DBAPI_PROGRAMMING_ERROR", bad[i], status_name(status));
        }
        CHECK_CONTAINS(dbapi_error_message(failure), "invalid dsn");
        CHECK_LACKS(dbapi_error_message(failure), "hunter2");
        CHECK_PTR(connection, NULL);
        clear_failure();
    }
}

/* A value that cannot be, in a string that can, is met when connecting: an operational error in psycopg2. */
static void bad_values(void)
{
    static const char *const bad[][2] = {
        { "password=hunter2 port=none", "port" },         { "password=hunter2 port=65536", "port" },
        { "password=hunter2 port=0", "port" },            { "postgresql://u:hunter2@localhost:port/test", "port" },
        { "password=hunter2 sslmode=maybe", "sslmode" },  { "password=hunter2 connect_timeout=soon", "connect_timeout" },
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        check_refused(bad[i][0], DBAPI_OPERATIONAL_ERROR, NULL, bad[i][1]);
    }
}

/* No option is silently ignored: what this version cannot honour, it refuses by name. */
static void options_not_supported(void)
{
    static const char *const refused[][2] = {
        { "gssencmode=require", "gssencmode" },
        { "oauth_issuer=x", "oauth_issuer" },
        { "client_encoding=LATIN1", "client_encoding" },
    };
    for (size_t i = 0; i < COUNT(refused); i++) {
        check_refused(refused[i][0], DBAPI_NOT_SUPPORTED_ERROR, NULL, refused[i][1]);
    }
}

static void uris(void)
{
    check_who(text("postgresql://dbapi@127.0.0.1:%s/test", port()), "dbapi", "127.0.0.1");
    check_who(text("postgres://scram_user:secret%%2Dscram@127.0.0.1:%s/test", port()), "scram_user", "127.0.0.1");
    check_who(text("postgresql:///test?host=%s&port=%s&user=md5_user&password=secret-md5", test_variable("PGHOST"), port()),
              "md5_user", SQL_NULL);
    const char *address6 = getenv("DBAPI_TEST_HOST6");
    if (address6 != NULL && address6[0] != '\0') {
        check_who(text("postgresql://dbapi@[::1]:%s/test", port()), "dbapi", "::1");
    }
    /* The socket's directory as the host, with its slashes escaped. */
    char escaped[300] = "";
    for (const char *c = test_variable("PGHOST"); *c != '\0'; c++) {
        strcat(escaped, *c == '/' ? "%2F" : (char[]){ *c, '\0' });
        CHECK(strlen(escaped) < sizeof escaped - 4);
    }
    check_who(text("postgresql://dbapi@%s:%s/test", escaped, port()), "dbapi", SQL_NULL);
}

static void environment_alone(void)
{
    check_who(NULL, "dbapi", SQL_NULL);
    check_who("", "dbapi", SQL_NULL);
}

/* Sets a variable while `dsn` is tried, then puts back what was there. */
static void check_who_with(const char *name, const char *value, const char *dsn, const char *user, const char *address)
{
    const char *had = getenv(name);
    char *saved = had == NULL ? NULL : strdup(had);
    setenv(name, value, 1);
    check_who(dsn, user, address);
    if (saved == NULL) {
        unsetenv(name);
    } else {
        setenv(name, saved, 1);
    }
    free(saved);
}

static void environment_and_its_rank(void)
{
    check_who_with("PGPASSWORD", "secret-scram", "user=scram_user", "scram_user", SQL_NULL);
    check_who_with("PGHOST", "127.0.0.1", NULL, "dbapi", "127.0.0.1");
    /* What is said outranks it. */
    check_who_with("PGPASSWORD", "hunter2", "user=scram_user password=secret-scram", "scram_user", SQL_NULL);
    check_who_with("PGUSER", "nobody_here", "user=dbapi", "dbapi", SQL_NULL);
    check_who_with("PGDATABASE", "no_such_database", "dbname=test", "dbapi", SQL_NULL);
    check_who_with("PGPORT", "1", text("port=%s", port()), "dbapi", SQL_NULL);
}

static void environment_of_the_session(void)
{
    setenv("PGAPPNAME", "twenty 'connect'", 1);
    setenv("PGOPTIONS", "-c statement_timeout=12345 -c search_path=a\\ ,b", 1);
    dbapi_connection_t *connection = connect_test();
    unsetenv("PGAPPNAME");
    unsetenv("PGOPTIONS");
    dbapi_cursor_t *cursor = cursor_of(connection);
    run(cursor, "SELECT current_setting('application_name'), current_setting('statement_timeout'),"
                " current_setting('search_path'), current_setting('client_encoding')");
    CHECK_ROW(fetch_row(cursor), "twenty 'connect'", "12345ms", "a ,b", "UTF8");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

/* The database is the user's name where none is given: the server has one called dbapi. */
static void database_defaults_to_the_user(void)
{
    char *saved = strdup(test_variable("PGDATABASE"));
    unsetenv("PGDATABASE");
    dbapi_connection_t *connection = NULL;
    dbapi_status_t status = dbapi_connect("user=dbapi", &connection, &failure);
    setenv("PGDATABASE", saved, 1);
    free(saved);
    CHECK_OK(status);
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_TEXT(query_text(cursor, "SELECT current_database()"), "dbapi");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void check_keywords(const char *dsn, const char *const *keywords, const char *const *values, const char *user)
{
    dbapi_connection_t *connection = NULL;
    CHECK_OK(dbapi_connect_params(dsn, keywords, values, &connection, &failure));
    dbapi_cursor_t *cursor = cursor_of(connection);
    run(cursor, "SELECT current_user::text, current_database()::text");
    CHECK_ROW(fetch_row(cursor), user, "test");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void keywords_override_the_dsn(void)
{
    check_keywords("user=nobody_here dbname=no_such_database", (const char *const[]){ "user", "password", "dbname", NULL },
                   (const char *const[]){ "scram_user", "secret-scram", "test", NULL }, "scram_user");
    /* A NULL value leaves its keyword as it was. */
    check_keywords("user=dbapi", (const char *const[]){ "user", "dbname", NULL },
                   (const char *const[]){ NULL, "test", NULL }, "dbapi");
    check_keywords(text("postgresql://nobody_here@127.0.0.1:%s/test", port()), (const char *const[]){ "user", NULL },
                   (const char *const[]){ "dbapi", NULL }, "dbapi");
    /* Values are taken as they are, without the quoting of a DSN. */
    check_keywords(NULL, (const char *const[]){ "application_name", NULL }, (const char *const[]){ "a b='c' \\", NULL },
                   "dbapi");
}

static void database_is_an_alias_of_dbname(void)
{
    check_keywords("dbname=no_such_database", (const char *const[]){ "database", NULL },
                   (const char *const[]){ "test", NULL }, "dbapi");

    dbapi_connection_t *connection = NULL;
    CHECK_FAILS(dbapi_connect_params(NULL, (const char *const[]){ "database", "dbname", NULL },
                                     (const char *const[]){ "test", "test", NULL }, &connection, &failure),
                DBAPI_PROGRAMMING_ERROR, NULL, "database");
    CHECK_PTR(connection, NULL);
}

static void unknown_keyword(void)
{
    dbapi_connection_t *connection = NULL;
    CHECK_ERROR(dbapi_connect_params("password=hunter2", (const char *const[]){ "no_such_keyword", NULL },
                                     (const char *const[]){ "secret", NULL }, &connection, &failure),
                DBAPI_PROGRAMMING_ERROR, NULL, "no_such_keyword");
    CHECK_LACKS(dbapi_error_message(failure), "hunter2");
    CHECK_LACKS(dbapi_error_message(failure), "secret");
}

CHECK_MAIN(CASE(unix_socket), CASE(ipv4), CASE(ipv6), CASE(host_name), CASE(scram_password_is_normalized),
           CASE(wrong_password), CASE(password_needed_but_not_given), CASE(missing_database), CASE(missing_role),
           CASE(nobody_listens), CASE(bad_dsn), CASE(bad_values), CASE(options_not_supported), CASE(uris), CASE(environment_alone), CASE(environment_and_its_rank),
           CASE(environment_of_the_session), CASE(database_defaults_to_the_user), CASE(keywords_override_the_dsn),
           CASE(database_is_an_alias_of_dbname), CASE(unknown_keyword))
