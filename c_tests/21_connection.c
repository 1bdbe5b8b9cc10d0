/* What a connection tells of itself, and the options that say with whom it is made: requirepeer, the password
 * file, keepalives, the encoding; with every kind of bad value. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"
#include "fake_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char *format(const char *pattern, const char *value)
{
    static char buffer[1000];
    snprintf(buffer, sizeof buffer, pattern, value);
    return buffer;
}

static void facts(void)
{
    dbapi_connection_t *connection = connect_dsn("application_name='it is'");
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_TEXT(dbapi_connection_dsn(connection), "application_name='it is'");
    CHECK_TEXT(dbapi_connection_host(connection), test_variable("PGHOST"));
    CHECK_INT(dbapi_connection_port(connection), atoi(test_variable("PGPORT")));
    CHECK_INT(dbapi_connection_backend_pid(connection), atoi(query_text(cursor, "SELECT pg_backend_pid()")));
    CHECK_INT(dbapi_connection_server_version(connection), atoi(query_text(cursor, "SHOW server_version_num")));
    CHECK_INT(dbapi_connection_protocol_version(connection), 30000);
    CHECK_INT(dbapi_connection_ssl_in_use(connection), false);
    CHECK_PTR(dbapi_connection_ssl_attribute(connection, "protocol"), NULL);
    CHECK_TEXT(dbapi_connection_user(connection), query_text(cursor, "SELECT session_user"));
    CHECK_TEXT(dbapi_connection_dbname(connection), query_text(cursor, "SELECT current_database()"));
    CHECK_TEXT(dbapi_connection_options(connection), "");
    /* They stay when it is closed. */
    int32_t pid = dbapi_connection_backend_pid(connection);
    CHECK_OK(dbapi_close(connection, &failure));
    CHECK_INT(dbapi_connection_backend_pid(connection), pid);
    CHECK_TEXT(dbapi_connection_dsn(connection), "application_name='it is'");
    CHECK_TEXT(dbapi_connection_user(connection), test_variable("PGUSER"));
    CHECK_TEXT(dbapi_connection_dbname(connection), test_variable("PGDATABASE"));
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

/* What the login used, wherever it came from. */
static void who_where_and_with_what(void)
{
    dbapi_connection_t *connection = connect_dsn("user=scram_user password=secret-scram options='-c geqo=off -c work_mem=1MB'");
    dbapi_cursor_t *cursor = cursor_of(connection);
    CHECK_TEXT(dbapi_connection_user(connection), "scram_user");
    /* Without a name a database is the user's namesake, but for PGDATABASE. */
    CHECK_TEXT(dbapi_connection_dbname(connection), test_variable("PGDATABASE"));
    CHECK_TEXT(dbapi_connection_options(connection), "-c geqo=off -c work_mem=1MB");
    CHECK_TEXT(query_text(cursor, "SHOW work_mem"), "1MB");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    setenv("PGOPTIONS", "-c work_mem=2MB", 1);
    connection = connect_dsn("dbname=dbapi");
    unsetenv("PGOPTIONS");
    CHECK_TEXT(dbapi_connection_dbname(connection), "dbapi");
    CHECK_TEXT(dbapi_connection_options(connection), "-c work_mem=2MB");
    dbapi_connection_free(connection);
}

/* The value of a keyword of a connection's parameters; NULL if it is not among them. */
static const char *parameter(const dbapi_conninfo_t *conninfo, const char *keyword)
{
    for (size_t i = 0; i < dbapi_conninfo_count(conninfo); i++) {
        if (strcmp(dbapi_conninfo_keyword(conninfo, i), keyword) == 0) {
            return dbapi_conninfo_value(conninfo, i);
        }
    }
    return NULL;
}

static void parameters_in_effect(void)
{
    static const char *const secrets[] = { "password", "sslpassword", "scram_client_key", "scram_server_key", "oauth_client_secret",
                                           "sslkey_pem" };
    dbapi_conninfo_t *conninfo = NULL;
    setenv("PGAPPNAME", "from the environment", 1);
    dbapi_connection_t *connection = connect_dsn(
        "user=scram_user password=secret-scram sslpassword=secret-too sslkey_pem=secret-key keepalives_idle=7"
        " options='-c dbapi.password=secret-option'");
    unsetenv("PGAPPNAME");
    CHECK_OK(dbapi_connection_conninfo(connection, &conninfo, &failure));
    CHECK_TEXT(parameter(conninfo, "user"), "scram_user");
    CHECK_TEXT(parameter(conninfo, "keepalives_idle"), "7");
    CHECK_TEXT(parameter(conninfo, "application_name"), "from the environment");
    CHECK_TEXT(parameter(conninfo, "host"), test_variable("PGHOST"));
    CHECK_TEXT(parameter(conninfo, "port"), test_variable("PGPORT"));
    CHECK_TEXT(parameter(conninfo, "dbname"), test_variable("PGDATABASE"));
    CHECK_TEXT(parameter(conninfo, "sslmode"), "prefer");
    CHECK_PTR(parameter(conninfo, "sslcert"), NULL);
    for (size_t i = 0; i < COUNT(secrets); i++) {
        CHECK_PTR(parameter(conninfo, secrets[i]), NULL);
    }
    for (size_t i = 0; i < dbapi_conninfo_count(conninfo); i++) {
        CHECK_LACKS(dbapi_conninfo_value(conninfo, i), "secret");
    }
    /* It is the caller's, and stays. */
    CHECK_OK(dbapi_close(connection, &failure));
    dbapi_conninfo_t *second = NULL;
    CHECK_OK(dbapi_connection_conninfo(connection, &second, &failure));
    CHECK_SIZE(dbapi_conninfo_count(second), dbapi_conninfo_count(conninfo));
    dbapi_conninfo_free(second);
    dbapi_connection_free(connection);
    CHECK_TEXT(parameter(conninfo, "user"), "scram_user");
    dbapi_conninfo_free(conninfo);
}

/* The socket, to wait for what the server says when it is not asked. */
static void fileno_is_the_socket(void)
{
    dbapi_connection_t *connection = connect_test();
    dbapi_connection_t *broken = connect_test();
    dbapi_cursor_t *cursor = cursor_of(connection);
    dbapi_cursor_t *on_broken = cursor_of(broken);
    int fd = dbapi_connection_fileno(connection);
    int type = 0;
    socklen_t size = sizeof type;
    CHECK(fd >= 0);
    CHECK(fd != dbapi_connection_fileno(broken));
    CHECK_INT(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size), 0);
    CHECK_INT(type, SOCK_STREAM);
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
    run(cursor, "LISTEN c21");
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_INT(poll(&poll_fd, 1, 0), 0);
    run_outside("NOTIFY c21");
    CHECK_INT(poll(&poll_fd, 1, 20000), 1);
    CHECK_INT(poll_fd.revents, POLLIN);
    CHECK_INT(dbapi_connection_fileno(connection), fd);
    CHECK_FAILS(dbapi_execute(on_broken, "SELECT pg_terminate_backend(pg_backend_pid())", NULL, 0, &failure), DBAPI_OPERATIONAL_ERROR,
                "57P01", NULL);
    CHECK_INT(dbapi_connection_closed(broken), DBAPI_CLOSED_BROKEN);
    CHECK_INT(dbapi_connection_fileno(broken), -1);
    CHECK_OK(dbapi_close(connection, &failure));
    CHECK_INT(dbapi_connection_fileno(connection), -1);
    dbapi_cursor_free(cursor);
    dbapi_cursor_free(on_broken);
    dbapi_connection_free(connection);
    dbapi_connection_free(broken);
}

/* In a forked child the connection is its parent's. */
static void fileno_in_a_child(void)
{
    dbapi_connection_t *connection = connect_test();
    CHECK(dbapi_connection_fileno(connection) >= 0);
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        bool right = dbapi_connection_fileno(connection) == -1;
        dbapi_connection_free(connection);
        _exit(right ? 0 : 1);
    }
    int status = -1;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    CHECK(dbapi_connection_fileno(connection) >= 0);
    dbapi_cursor_t *cursor = cursor_of(connection);
    run(cursor, "SELECT 1");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void facts_of_nothing(void)
{
    CHECK_PTR(dbapi_connection_dsn(NULL), NULL);
    CHECK_PTR(dbapi_connection_host(NULL), NULL);
    CHECK_INT(dbapi_connection_port(NULL), 0);
    CHECK_INT(dbapi_connection_backend_pid(NULL), 0);
    CHECK_INT(dbapi_connection_server_version(NULL), 0);
    CHECK_INT(dbapi_connection_protocol_version(NULL), 0);
    CHECK_INT(dbapi_connection_ssl_in_use(NULL), false);
    CHECK_PTR(dbapi_connection_ssl_attribute(NULL, "protocol"), NULL);
    CHECK_PTR(dbapi_connection_user(NULL), NULL);
    CHECK_PTR(dbapi_connection_dbname(NULL), NULL);
    CHECK_PTR(dbapi_connection_options(NULL), NULL);
    CHECK_INT(dbapi_connection_fileno(NULL), -1);
    dbapi_conninfo_t *conninfo = NULL;
    CHECK_FAILS(dbapi_connection_conninfo(NULL, &conninfo, &failure), DBAPI_INTERFACE_ERROR, NULL, "connection");
    CHECK_PTR(conninfo, NULL);
    dbapi_connection_t *connection = connect_test();
    CHECK_FAILS(dbapi_connection_conninfo(connection, NULL, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "out_conninfo");
    CHECK_PTR(dbapi_connection_ssl_attribute(connection, NULL), NULL);
    CHECK_PTR(dbapi_connection_ssl_attribute(connection, "\xff"), NULL);
    dbapi_connection_free(connection);
    CHECK_PTR(dbapi_connection_dsn(connection), NULL);
}

static void the_dsn_hides_secrets(void)
{
    static const char *const forms[] = {
        "user=scram_user password=secret-scram sslpassword=secret-too sslkey_pem=secret-key",
        "postgresql://scram_user:secret-scram@/test?sslpassword=secret-too",
    };
    for (size_t i = 0; i < COUNT(forms); i++) {
        dbapi_connection_t *connection = connect_dsn(forms[i]);
        CHECK_LACKS(dbapi_connection_dsn(connection), "secret");
        CHECK_CONTAINS(dbapi_connection_dsn(connection), "user=scram_user password=xxx");
        dbapi_connection_free(connection);
    }
    dbapi_connection_t *connection = NULL;
    CHECK_OK(dbapi_connect_params("user=nobody", (const char *const[]){ "user", "password", "database", NULL },
                                  (const char *const[]){ "scram_user", "secret-scram", "test", NULL }, &connection, &failure));
    CHECK_TEXT(dbapi_connection_dsn(connection), "user=scram_user password=xxx dbname=test");
    dbapi_connection_free(connection);
    /* Of the environment it tells nothing. */
    connection = connect_test();
    CHECK_TEXT(dbapi_connection_dsn(connection), "");
    dbapi_connection_free(connection);
}

/* ---- requirepeer ---------------------------------------------------------------------------------------------- */

/* Whose process the test server's is. */
static const char *server_user(void)
{
    struct stat status;
    static char name[200];
    snprintf(name, sizeof name, "%s/.s.PGSQL.%s", test_variable("PGHOST"), test_variable("PGPORT"));
    CHECK_INT(stat(name, &status), 0);
    const struct passwd *entry = getpwuid(status.st_uid);
    CHECK(entry != NULL);
    snprintf(name, sizeof name, "%s", entry->pw_name);
    return name;
}

static void requirepeer(void)
{
    dbapi_connection_free(connect_dsn(format("requirepeer=%s", server_user())));
    dbapi_connection_t *connection = NULL;
    CHECK_ERROR(dbapi_connect("requirepeer=nobody_here password=hunter2", &connection, &failure), DBAPI_OPERATIONAL_ERROR, "08001",
                "requirepeer specifies \"nobody_here\", but actual peer user name is \"");
    CHECK_CONTAINS(dbapi_error_message(failure), server_user());
    clear_failure();
    /* libpq looks at it on Unix sockets alone. */
    dbapi_connection_free(connect_dsn("host=127.0.0.1 requirepeer=nobody_here"));
    setenv("PGREQUIREPEER", "nobody_here", 1);
    dbapi_status_t status = dbapi_connect("", &connection, &failure);
    unsetenv("PGREQUIREPEER");
    CHECK_FAILS(status, DBAPI_OPERATIONAL_ERROR, "08001", "requirepeer");
}

/* ---- the password file ------------------------------------------------------------------------------------------ */

static char directory[] = "/tmp/dbapi-21.XXXXXX";

static const char *in_directory(const char *name)
{
    static char paths[4][300];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    /* A name may end with an X, too. */
    static bool made;
    if (!made) {
        CHECK(mkdtemp(directory) != NULL);
        made = true;
    }
    snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    return path;
}

static void put_file(const char *name, mode_t mode, const char *content)
{
    const char *path = in_directory(name);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    CHECK(fputs(content, file) >= 0);
    CHECK_INT(fclose(file), 0);
    CHECK_INT(chmod(path, mode), 0);
}

static void remove_file(const char *name)
{
    CHECK_INT(unlink(in_directory(name)), 0);
}

static const char *passfile_dsn(const char *name, const char *more)
{
    static char dsn[600];
    snprintf(dsn, sizeof dsn, "passfile=%s %s", in_directory(name), more);
    return dsn;
}

static void passwords_from_a_file(void)
{
    put_file("pass", 0600,
             "# who: what\n"
             "elsewhere:*:*:*:hunter2\n"
             "127.0.0.1:*:test:scram_user:secret-scram\n"
             "*:*:*:md5_user:secret-md5\n"
             "*:*:*:password_user:wrong-hunter2\n");
    dbapi_connection_free(connect_dsn(passfile_dsn("pass", "host=127.0.0.1 user=scram_user")));
    dbapi_connection_free(connect_dsn(passfile_dsn("pass", "user=md5_user")));
    dbapi_connection_t *connection = NULL;
    /* libpq says where a refused password came from. */
    CHECK_ERROR(dbapi_connect(passfile_dsn("pass", "user=password_user"), &connection, &failure), DBAPI_OPERATIONAL_ERROR, "28P01",
                "password retrieved from file \"");
    CHECK_CONTAINS(dbapi_error_message(failure), in_directory("pass"));
    CHECK_LACKS(dbapi_error_message(failure), "hunter2");
    clear_failure();
    CHECK_ERROR(dbapi_connect(passfile_dsn("pass", "user=password_user password=hunter2"), &connection, &failure),
                DBAPI_OPERATIONAL_ERROR, "28P01", "password authentication failed");
    CHECK_LACKS(dbapi_error_message(failure), "retrieved");
    clear_failure();
    /* None for this one: the name of the socket's directory is not 127.0.0.1. */
    CHECK_ERROR(dbapi_connect(passfile_dsn("pass", "user=scram_user"), &connection, &failure), DBAPI_OPERATIONAL_ERROR, "28P01", "password");
    CHECK_LACKS(dbapi_error_message(failure), "retrieved");
    clear_failure();
    remove_file("pass");
}

static void password_files_that_do_not_count(void)
{
    dbapi_connection_t *connection = NULL;
    put_file("open", 0640, "*:*:*:*:secret-scram\n");
    CHECK_ERROR(dbapi_connect(passfile_dsn("open", "user=scram_user"), &connection, &failure), DBAPI_OPERATIONAL_ERROR, "28P01",
                "has group or world access");
    CHECK_CONTAINS(dbapi_error_message(failure), in_directory("open"));
    CHECK_LACKS(dbapi_error_message(failure), "secret-scram");
    clear_failure();
    /* Who needs no password hears nothing of it. */
    dbapi_connection_free(connect_dsn(passfile_dsn("open", "user=dbapi")));
    remove_file("open");
    CHECK_INT(mkdir(in_directory("folder"), 0700), 0);
    CHECK_FAILS(dbapi_connect(passfile_dsn("folder", "user=scram_user"), &connection, &failure), DBAPI_OPERATIONAL_ERROR, "28P01",
                "not a plain file");
    CHECK_INT(rmdir(in_directory("folder")), 0);
    CHECK_INT(mkfifo(in_directory("pipe"), 0600), 0);
    CHECK_FAILS(dbapi_connect(passfile_dsn("pipe", "user=scram_user"), &connection, &failure), DBAPI_OPERATIONAL_ERROR, "28P01",
                "not a plain file");
    remove_file("pipe");
    CHECK_FAILS(dbapi_connect(passfile_dsn("missing", "user=scram_user"), &connection, &failure), DBAPI_OPERATIONAL_ERROR, "28P01",
                "password");
}

static void service_files(void)
{
    dbapi_connection_t *connection = NULL;
    put_file("services", 0644, "[scram]\nuser=scram_user\npassword=secret-scram\n\n[nested]\nservice=scram\n\n[bad]\nhunter2\n");
    setenv("PGSERVICEFILE", in_directory("services"), 1);
    connection = connect_dsn("service=scram");
    CHECK_TEXT(dbapi_connection_dsn(connection), "service=scram");
    dbapi_connection_free(connection);
    CHECK_FAILS(dbapi_connect("service=nobody", &connection, &failure), DBAPI_OPERATIONAL_ERROR, NULL, "\"nobody\" not found");
    CHECK_FAILS(dbapi_connect("service=nested", &connection, &failure), DBAPI_OPERATIONAL_ERROR, NULL, "nested");
    CHECK_ERROR(dbapi_connect("service=bad", &connection, &failure), DBAPI_OPERATIONAL_ERROR, NULL, "line 9");
    CHECK_LACKS(dbapi_error_message(failure), "hunter2");
    clear_failure();
    remove_file("services");
    CHECK_FAILS(dbapi_connect("service=scram", &connection, &failure), DBAPI_OPERATIONAL_ERROR, NULL, in_directory("services"));
    setenv("PGSERVICEFILE", directory, 1);
    CHECK_FAILS(dbapi_connect("service=scram", &connection, &failure), DBAPI_OPERATIONAL_ERROR, NULL, directory);
    unsetenv("PGSERVICEFILE");
    CHECK_INT(rmdir(directory), 0);
}

static bool check_password(fake_server *fake, void *context)
{
    const fake_message *message = fake_read(fake);
    if (message == NULL || message->type != 'p' || strcmp((const char *)message->body, context) != 0) {
        fake_problem(fake, "expected the password %s", (const char *)context);
        return false;
    }
    return true;
}

/* SECURITY, "several hosts": each is told its own password, and no other's. */
static void a_password_for_each_host(void)
{
    char dsn[400], ports[2][20];
    fake_server *fakes[2] = { fake_new(), fake_new() };
    static char passwords[2][20] = { "first-hunter2", "second-hunter2" };
    for (size_t i = 0; i < 2; i++) {
        fake_expect_startup(fakes[i]);
        fake_send_auth(fakes[i], 3, NULL, 0);
        fake_call(fakes[i], check_password, passwords[i]);
        if (i == 0) {
            fake_send_error(fakes[i], "FATAL", "57P03", "the database system is starting up");
            fake_shutdown(fakes[i]);
        } else {
            fake_send_auth(fakes[i], 0, NULL, 0);
            fake_send_session(fakes[i]);
            fake_expect_close(fakes[i]);
        }
        fake_start(fakes[i]);
        const char *port = strstr(fake_dsn(fakes[i]), "port=");
        CHECK(port != NULL);
        snprintf(ports[i], sizeof ports[i], "%d", atoi(port + 5));
    }
    snprintf(dsn, sizeof dsn, "one:%s:*:*:%s\n*:%s:*:*:%s\n", ports[0], passwords[0], ports[1], passwords[1]);
    put_file("pass", 0600, dsn);
    snprintf(dsn, sizeof dsn, "host=one,two hostaddr=127.0.0.1,127.0.0.1 port=%s,%s user=u passfile=%s sslmode=disable", ports[0],
             ports[1], in_directory("pass"));
    dbapi_connection_t *connection = connect_dsn(dsn);
    CHECK_TEXT(dbapi_connection_host(connection), "two");
    dbapi_connection_free(connection);
    fake_finish(fakes[0]);
    fake_finish(fakes[1]);
    remove_file("pass");
}

/* ---- the socket ------------------------------------------------------------------------------------------------- */

/* Whether a TCP socket of this process has been told so. */
static bool has_socket(int name, int value)
{
    for (int fd = 3; fd < 256; fd++) {
        int found = 0;
        socklen_t length = sizeof found;
        if (getsockopt(fd, IPPROTO_TCP, name, &found, &length) == 0 && found == value) {
            return true;
        }
    }
    return false;
}

static void keepalives(void)
{
    dbapi_connection_t *connection =
        connect_dsn("host=127.0.0.1 keepalives_idle=77 keepalives_interval=8 keepalives_count=3 tcp_user_timeout=45678");
    CHECK(has_socket(TCP_KEEPIDLE, 77));
    CHECK(has_socket(TCP_KEEPINTVL, 8));
    CHECK(has_socket(TCP_KEEPCNT, 3));
    CHECK(has_socket(TCP_USER_TIMEOUT, 45678));
    CHECK(has_socket(TCP_NODELAY, 1));
    dbapi_connection_free(connection);
    connection = connect_dsn("host=127.0.0.1 keepalives=0 keepalives_idle=77");
    CHECK(!has_socket(TCP_KEEPIDLE, 77));
    dbapi_connection_free(connection);
}

/* A server that listens in Linux's abstract namespace. */
static void abstract_sockets(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "dbapi-21-%ld/.s.PGSQL.5432", (long)getpid());
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(listener >= 0);
    CHECK_INT(bind(listener, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)), 0);
    CHECK_INT(listen(listener, 1), 0);
    char dsn[200];
    snprintf(dsn, sizeof dsn, "host=@dbapi-21-%ld port=5432 timeout=0.3 sslmode=require", (long)getpid());
    dbapi_connection_t *connection = NULL;
    /* It is reached, and says nothing; TLS is not asked for on a Unix socket. */
    CHECK_ERROR(dbapi_connect(dsn, &connection, &failure), DBAPI_OPERATIONAL_ERROR, ANY_SQLSTATE, "timeout");
    CHECK_CONTAINS(dbapi_error_message(failure), "\"@dbapi-21-");
    clear_failure();
    int client = accept(listener, NULL, NULL);
    CHECK(client >= 0);
    unsigned char startup[8] = { 0 };
    CHECK_INT(recv(client, startup, sizeof startup, 0), 8);
    CHECK_INT(startup[5], 3);
    close(client);
    close(listener);
    CHECK_FAILS(dbapi_connect(dsn, &connection, &failure), DBAPI_OPERATIONAL_ERROR, "08001", "@dbapi-21-");
}

/* ---- the session -------------------------------------------------------------------------------------------------- */

static void encodings(void)
{
    static const char *const utf8[] = { "UTF8", "utf-8", "'Unicode'", "auto", "''" };
    static const char *const others[] = { "LATIN1", "SQL_ASCII", "UTF16", "8" };
    for (size_t i = 0; i < COUNT(utf8); i++) {
        dbapi_connection_t *connection = connect_dsn(format("client_encoding=%s", utf8[i]));
        dbapi_cursor_t *cursor = cursor_of(connection);
        CHECK_TEXT(query_text(cursor, "SHOW client_encoding"), "UTF8");
        dbapi_cursor_free(cursor);
        dbapi_connection_free(connection);
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        dbapi_connection_t *connection = NULL;
        CHECK_FAILS(dbapi_connect(format("client_encoding=%s", others[i]), &connection, &failure), DBAPI_NOT_SUPPORTED_ERROR, NULL,
                    "client_encoding");
    }
}

static void replication(void)
{
    dbapi_connection_t *connection = connect_dsn("replication=database");
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    dbapi_cursor_t *cursor = cursor_of(connection);
    const dbapi_value_t *row = NULL;
    run(cursor, "IDENTIFY_SYSTEM");
    row = fetch_row(cursor);
    CHECK_TEXT(row[3].as.text.data, "test");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

/* ---- bad values ----------------------------------------------------------------------------------------------------- */

/* Each is refused by an error that names the keyword, and no value of a secret is shown. */
static void values_that_cannot_be(void)
{
    static const struct {
        const char *dsn;
        const char *part;
    } cases[] = {
        { "sslmode=no", "sslmode" },
        { "sslnegotiation=later", "sslnegotiation" },
        { "sslnegotiation=direct sslmode=prefer", "sslmode" },
        { "sslcertmode=maybe", "sslcertmode" },
        { "sslrootcert=system sslmode=require", "sslrootcert" },
        { "ssl_min_protocol_version=SSLv3", "ssl_min_protocol_version" },
        { "ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2", "protocol version range" },
        { "channel_binding=yes", "channel_binding" },
        { "require_auth=hunter2", "require_auth" },
        { "require_auth=md5,!password", "require_auth" },
        { "require_auth=md5,md5", "require_auth" },
        { "target_session_attrs=master", "target_session_attrs" },
        { "load_balance_hosts=yes", "load_balance_hosts" },
        { "min_protocol_version=3.1", "min_protocol_version" },
        { "min_protocol_version=3.2 max_protocol_version=3.0", "min_protocol_version" },
        { "connect_timeout=1.5", "connect_timeout" },
        { "connect_timeout=99999999999", "connect_timeout" },
        { "timeout=-0.5", "timeout" },
        { "timeout=1e9", "timeout" },
        { "keepalives=yes", "keepalives" },
        { "keepalives_idle=1h", "keepalives_idle" },
        { "tcp_user_timeout=x", "tcp_user_timeout" },
        { "scram_client_key=hunter2", "scram_client_key" },
        { "scram_server_key=hunter2", "scram_server_key" },
        { "scram_max_iterations=0", "scram_max_iterations" },
        { "port=65536", "port" },
        { "port='1 2'", "port" },
        { "hostaddr=localhost", "hostaddr" },
        { "host=a,b,c port=1,2", "port" },
        { "host=a,b hostaddr=127.0.0.1", "hostaddr" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char dsn[300];
        dbapi_connection_t *connection = NULL;
        snprintf(dsn, sizeof dsn, "password=hunter2 %s", cases[i].dsn);
        dbapi_status_t status = dbapi_connect(dsn, &connection, &failure);
        if (status != DBAPI_OPERATIONAL_ERROR || strstr(dbapi_error_message(failure), cases[i].part) == NULL) {
            FAIL("%s: status %s: %s", cases[i].dsn, status_name(status), failure == NULL ? "no error" : dbapi_error_message(failure));
        }
        CHECK_LACKS(dbapi_error_message(failure), "hunter2");
        clear_failure();
    }
}

/* A value of a megabyte is either sent, and refused by the server, or an error; and the host lives. */
static void values_of_a_megabyte(void)
{
    static const char *const keywords[] = {
        "host", "hostaddr", "port", "user", "password", "dbname", "options", "application_name", "passfile", "service",
        "sslmode", "sslrootcert", "sslrootcert_pem", "sslkey_pem", "target_session_attrs", "requirepeer", "require_auth", "connect_timeout", "timeout",
        "scram_client_key", "channel_binding", "client_encoding", "replication",
    };
    enum { LENGTH = 1 << 20 };
    char *value = malloc(LENGTH + 1);
    CHECK(value != NULL);
    memset(value, '7', LENGTH);
    value[LENGTH] = '\0';
    for (size_t i = 0; i < COUNT(keywords); i++) {
        dbapi_connection_t *connection = NULL;
        dbapi_status_t status = dbapi_connect_params(NULL, (const char *const[]){ keywords[i], NULL },
                                                     (const char *const[]){ value, NULL }, &connection, &failure);
        if (status >= 0) {
            /* What is used over TLS alone is not looked at on a Unix socket, nor a password that nobody asks for. */
            if (strncmp(keywords[i], "ssl", 3) != 0 && strcmp(keywords[i], "password") != 0 && strcmp(keywords[i], "passfile") != 0) {
                FAIL("%s: a megabyte was accepted", keywords[i]);
            }
            dbapi_connection_free(connection);
        } else if (strlen(dbapi_error_message(failure)) > LENGTH + 1000) {
            FAIL("%s: a message of %zu bytes", keywords[i], strlen(dbapi_error_message(failure)));
        }
        clear_failure();
    }
    free(value);
}

static void newlines_and_quotes_arrive_as_they_are(void)
{
    dbapi_connection_t *connection = connect_dsn("application_name='a\nb\\'c\\\\d\te'");
    dbapi_cursor_t *cursor = cursor_of(connection);
    /* The server replaces what is no printable ASCII. */
    const char *name = query_text(cursor, "SHOW application_name");
    if (strcmp(name, "a?b'c\\d?e") != 0 && strcmp(name, "a\\x0ab'c\\d\\x09e") != 0) {
        FAIL("application_name is %s", name);
    }
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

CHECK_MAIN(
    CASE(facts),
    CASE(facts_of_nothing), CASE(who_where_and_with_what), CASE(parameters_in_effect),
           CASE(fileno_is_the_socket), CASE(fileno_in_a_child),
    CASE(the_dsn_hides_secrets),
    CASE(requirepeer),
    CASE(passwords_from_a_file),
    CASE(password_files_that_do_not_count),
    CASE(a_password_for_each_host),
    CASE(service_files),
    CASE(keepalives),
    CASE(abstract_sockets),
    CASE(encodings),
    CASE(replication),
    CASE(values_that_cannot_be),
    CASE(values_of_a_megabyte),
    CASE(newlines_and_quotes_arrive_as_they_are)
)
