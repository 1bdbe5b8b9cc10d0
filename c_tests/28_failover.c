/* Several servers: which of them a connection goes to, what is said when none will do, and what a client sees
 * when its server dies and a standby takes over. The servers are a primary and its standby (pair.sh). Who
 * answered is asked of the server. */
#define _GNU_SOURCE
#include "connect.h"
#include "fake_server.h"

#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TEXT_SIZE = 600 };

/* A text made as by printf; it stays until the next eight calls. */
static const char *text(const char *format, ...)
{
    static char buffers[8][TEXT_SIZE];
    static unsigned turn;
    char *buffer = buffers[turn++ % 8];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(buffer, TEXT_SIZE, format, arguments);
    va_end(arguments);
    CHECK(length >= 0 && length < TEXT_SIZE);
    return buffer;
}

static const char *port_of_primary(void)
{
    return test_variable("DBAPI_TEST_PRIMARY_PORT");
}

static const char *port_of_standby(void)
{
    return test_variable("DBAPI_TEST_STANDBY_PORT");
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The port of the server that answers; it stays until the next call. The library and the server agree on it. */
static const char *port_behind(dbapi_connection_t *connection)
{
    static char port[20];
    dbapi_cursor_t *cursor = cursor_of(connection);
    snprintf(port, sizeof port, "%s", query_text(cursor, "SELECT inet_server_port()"));
    dbapi_cursor_free(cursor);
    CHECK_INT(dbapi_connection_port(connection), atoi(port));
    return port;
}

/* The DSN leads to the server with this port. */
static void check_reaches(const char *dsn, const char *port)
{
    dbapi_connection_t *connection = connect_dsn(dsn);
    const char *reached = port_behind(connection);
    if (strcmp(reached, port) != 0) {
        FAIL("%s: reached port %s, expected %s", dsn, reached, port);
    }
    dbapi_connection_free(connection);
}

/* The DSN leads nowhere; the error stays, for further questions. */
static void check_nowhere(const char *dsn, const char *sqlstate, const char *part)
{
    dbapi_connection_t *connection = (dbapi_connection_t *)&connection;
    CHECK_ERROR(dbapi_connect(dsn, &connection, &failure), DBAPI_OPERATIONAL_ERROR, sqlstate, part);
    CHECK_PTR(connection, NULL);
    CHECK_INT(dbapi_error_connection_usable(failure), false);
}

/* `first` comes before `second` in the error's message. */
static void check_order(const char *first, const char *second)
{
    const char *message = dbapi_error_message(failure);
    CHECK_CONTAINS(message, first);
    CHECK_CONTAINS(strstr(message, first) + strlen(first), second);
}

/* ---- target_session_attrs --------------------------------------------------------------------------------- */

typedef struct choice {
    const char *attrs;
    /* For hosts primary,standby; standby,primary; the primary alone; the standby alone: "P", "S", or the reason
     * why there is none. */
    const char *outcomes[4];
} choice;

static void check_choices(const choice *choices, size_t count, const char *more)
{
    const char *const primary = port_of_primary(), *const standby = port_of_standby();
    char hosts[4][100];
    snprintf(hosts[0], sizeof hosts[0], "host=127.0.0.1,127.0.0.1 port=%s,%s", primary, standby);
    snprintf(hosts[1], sizeof hosts[1], "host=127.0.0.1,127.0.0.1 port=%s,%s", standby, primary);
    snprintf(hosts[2], sizeof hosts[2], "host=127.0.0.1 port=%s", primary);
    snprintf(hosts[3], sizeof hosts[3], "host=127.0.0.1 port=%s", standby);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < COUNT(hosts); j++) {
            const char *outcome = choices[i].outcomes[j];
            const char *dsn = text("%s target_session_attrs=%s %s", hosts[j], choices[i].attrs, more);
            printf("    %s: %s\n", dsn, outcome);
            if (strlen(outcome) == 1) {
                check_reaches(dsn, outcome[0] == 'P' ? primary : standby);
                continue;
            }
            check_nowhere(dsn, ANY_SQLSTATE, outcome);
            /* Each server that was tried is named, with this reason. */
            size_t servers = j < 2 ? 2 : 1;
            const char *message = dbapi_error_message(failure);
            for (size_t k = 0; k < servers; k++) {
                const char *port = j == 0 || j == 2 ? (k == 0 ? primary : standby) : (k == 0 ? standby : primary);
                CHECK_CONTAINS(message, text("connection to server at \"127.0.0.1\", port %s failed: %s", port, outcome));
            }
            clear_failure();
        }
    }
}

static void attributes_choose_the_server(void)
{
    static const choice choices[] = {
        { "any", { "P", "S", "P", "S" } },
        { "read-write", { "P", "P", "P", "session is read-only" } },
        { "read-only", { "S", "S", "session is not read-only", "S" } },
        { "primary", { "P", "P", "P", "server is in hot standby mode" } },
        { "standby", { "S", "S", "server is not in hot standby mode", "S" } },
        { "prefer-standby", { "S", "S", "P", "S" } },
    };
    check_choices(choices, COUNT(choices), "");
}

/* A primary can be read-only without being a standby. */
static void a_read_only_primary(void)
{
    static const choice choices[] = {
        { "any", { "P", "S", "P", "S" } },
        { "read-write", { "session is read-only", "session is read-only", "session is read-only", "session is read-only" } },
        { "read-only", { "P", "S", "P", "S" } },
        { "primary", { "P", "P", "P", "server is in hot standby mode" } },
        { "standby", { "S", "S", "server is not in hot standby mode", "S" } },
        { "prefer-standby", { "S", "S", "P", "S" } },
    };
    check_choices(choices, COUNT(choices), "options='-c default_transaction_read_only=on'");
    /* By the server's own settings; a database of its own, which no other case uses. */
    run_outside("ALTER DATABASE dbapi SET default_transaction_read_only = on");
    check_choices(choices, COUNT(choices), "dbname=dbapi");
}

/* A server before 14 does not report what it is, so it is asked, by the statements that libpq asks with. */
static void a_server_that_does_not_report_is_asked(void)
{
    static const char read_only[] = "SHOW transaction_read_only", recovery[] = "SELECT pg_catalog.pg_is_in_recovery()";
    static const struct {
        const char *attrs, *sql, *answer, *refusal;
    } cases[] = {
        { "read-write", read_only, "off", NULL },
        { "read-write", read_only, "on", "session is read-only" },
        { "read-only", read_only, "on", NULL },
        { "read-only", read_only, "off", "session is not read-only" },
        { "primary", recovery, "f", NULL },
        { "primary", recovery, "t", "server is in hot standby mode" },
        { "standby", recovery, "t", NULL },
        { "standby", recovery, "f", "server is not in hot standby mode" },
        { "read-write", read_only, NULL, "\"SHOW transaction_read_only\" failed" },
        { "standby", recovery, NULL, "\"SELECT pg_catalog.pg_is_in_recovery()\" failed" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        fake_server *fake = fake_new();
        fake_greet(fake);
        fake_expect(fake, 'Q', cases[i].sql);
        if (cases[i].answer == NULL) {
            fake_send_error(fake, "ERROR", "42501", "not for you");
        } else {
            fake_send_columns(fake, 1, 25);
            fake_send_row(fake, 1, &cases[i].answer);
            fake_send_complete(fake, "SHOW");
        }
        fake_send_ready(fake, 'I');
        fake_expect_close(fake);
        fake_start(fake);
        const char *dsn = text("%s target_session_attrs=%s", fake_dsn(fake), cases[i].attrs);
        if (cases[i].refusal == NULL) {
            dbapi_connection_free(connect_dsn(dsn));
        } else {
            check_nowhere(dsn, ANY_SQLSTATE, cases[i].refusal);
            clear_failure();
        }
        fake_finish(fake);
    }
}

static void attributes_come_from_the_environment_too(void)
{
    const char *dsn = text("host=127.0.0.1,127.0.0.1 port=%s,%s", port_of_primary(), port_of_standby());
    CHECK(setenv("PGTARGETSESSIONATTRS", "standby", 1) == 0);
    check_reaches(dsn, port_of_standby());
    CHECK(unsetenv("PGTARGETSESSIONATTRS") == 0);
    check_reaches(dsn, port_of_primary());
}

static void sockets_and_addresses_mix(void)
{
    const char *const primary = port_of_primary(), *const standby = port_of_standby();
    check_reaches(text("host=%s,127.0.0.1 port=%s,%s target_session_attrs=standby", test_variable("PGHOST"), primary, standby),
                  standby);
    check_reaches(text("postgresql://127.0.0.1:1,127.0.0.1:%s,127.0.0.1:%s/test?target_session_attrs=read-write", standby, primary),
                  primary);
    check_nowhere(text("host=%s port=%s target_session_attrs=primary", test_variable("PGHOST"), standby), ANY_SQLSTATE,
                  text("connection to server on socket \"%s/.s.PGSQL.%s\" failed: server is in hot standby mode",
                       test_variable("PGHOST"), standby));
}

/* ---- load_balance_hosts ----------------------------------------------------------------------------------- */

static unsigned connections_to_the_standby(const char *dsn, unsigned total)
{
    unsigned standby = 0;
    for (unsigned i = 0; i < total; i++) {
        dbapi_connection_t *connection = connect_dsn(dsn);
        standby += strcmp(port_behind(connection), port_of_standby()) == 0;
        dbapi_connection_free(connection);
    }
    return standby;
}

static void random_balance_reaches_both(void)
{
    enum { TOTAL = 64 };
    const char *hosts = text("host=127.0.0.1,127.0.0.1 port=%s,%s", port_of_primary(), port_of_standby());
    CHECK_INT(connections_to_the_standby(text("%s load_balance_hosts=disable", hosts), 10), 0);
    unsigned standby = connections_to_the_standby(text("%s load_balance_hosts=random", hosts), TOTAL);
    printf("    %u of %u went to the standby\n", standby, (unsigned)TOTAL);
    /* A fair coin falls outside once in a hundred million runs. */
    CHECK(standby >= 10 && standby <= TOTAL - 10);
    /* What is wanted still decides. */
    CHECK_INT(connections_to_the_standby(text("%s load_balance_hosts=random target_session_attrs=read-write", hosts), 10), 0);
    CHECK_INT(connections_to_the_standby(text("%s load_balance_hosts=random target_session_attrs=prefer-standby", hosts), 10), 10);
}

/* ---- servers that fail ------------------------------------------------------------------------------------ */

/* The port of a server that takes the connection and then says nothing. */
static fake_server *silent_server(char *port, size_t size)
{
    fake_server *fake = fake_new();
    fake_silence(fake);
    fake_start(fake);
    const char *found = strstr(fake_dsn(fake), "port=");
    CHECK(found != NULL);
    snprintf(port, size, "%d", atoi(found + strlen("port=")));
    return fake;
}

static void a_host_that_refuses_is_passed_over(void)
{
    check_reaches(text("host=127.0.0.1,127.0.0.1 port=1,%s", port_of_primary()), port_of_primary());
    check_reaches(text("host=%s/none,127.0.0.1 port=%s", test_variable("PGHOST"), port_of_primary()), port_of_primary());
}

static void a_host_without_an_address_is_passed_over(void)
{
    check_reaches(text("host=no-such-host.invalid,127.0.0.1 port=%s", port_of_primary()), port_of_primary());
}

/* connect_timeout is each attempt's: two that use it up leave the third its own. */
static void a_silent_host_is_given_its_time(void)
{
    char ports[2][10];
    fake_server *fakes[2];
    for (int i = 0; i < 2; i++) {
        fakes[i] = silent_server(ports[i], sizeof ports[i]);
    }
    double began = seconds();
    check_reaches(text("host=127.0.0.1,127.0.0.1,127.0.0.1 port=%s,%s,%s connect_timeout=2", ports[0], ports[1], port_of_primary()),
                  port_of_primary());
    double took = seconds() - began;
    printf("    took %.1f s\n", took);
    CHECK(took >= 3.9 && took < 15);
    for (int i = 0; i < 2; i++) {
        fake_finish(fakes[i]);
    }
}

static void all_attempts_and_their_reasons_are_told(void)
{
    char silent[10];
    fake_server *fake = silent_server(silent, sizeof silent);
    check_nowhere(text("host=127.0.0.1,no-such-host.invalid,127.0.0.1,%s/none,127.0.0.1 port=1,5432,%s,5432,%s connect_timeout=2 "
                       "target_session_attrs=read-write",
                       test_variable("PGHOST"), silent, port_of_standby()),
                  ANY_SQLSTATE, NULL);
    check_order("connection to server at \"127.0.0.1\", port 1 failed: Connection refused",
                "could not translate host name \"no-such-host.invalid\" to address: ");
    check_order("no-such-host.invalid", text("connection to server at \"127.0.0.1\", port %s failed: ", silent));
    check_order(text("port %s failed: ", silent), "timeout");
    check_order("timeout", text("connection to server on socket \"%s/none/.s.PGSQL.5432\" failed: No such file or directory",
                                test_variable("PGHOST")));
    check_order("No such file", text("connection to server at \"127.0.0.1\", port %s failed: session is read-only", port_of_standby()));
    clear_failure();
    fake_finish(fake);
}

/* A server that is starting up, as after a crash or before a promotion, says nothing about the next one. */
static void a_server_that_is_starting_up_is_passed_over(void)
{
    for (int and_another = 0; and_another < 2; and_another++) {
        fake_server *fake = fake_new();
        fake_expect_startup(fake);
        fake_send_error(fake, "FATAL", "57P03", "the database system is starting up");
        fake_shutdown(fake);
        fake_start(fake);
        const char *port = strstr(fake_dsn(fake), "port=");
        CHECK(port != NULL);
        const char *dsn = text("host=127.0.0.1,127.0.0.1 port=%d,%s", atoi(port + strlen("port=")), and_another ? port_of_primary() : "1");
        if (and_another) {
            check_reaches(dsn, port_of_primary());
        } else {
            check_nowhere(dsn, ANY_SQLSTATE, "failed: FATAL:  the database system is starting up");
            check_order("starting up", "port 1 failed: Connection refused");
            clear_failure();
        }
        fake_finish(fake);
    }
}

/* A server that refuses the login has answered: the next is not asked, as in libpq. */
static void a_refused_login_ends_the_search(void)
{
    check_nowhere(text("host=127.0.0.1,127.0.0.1 port=%s,%s user=scram_user password=wrong", port_of_primary(), port_of_standby()),
                  "28P01", "password authentication failed");
    CHECK_LACKS(dbapi_error_message(failure), port_of_standby());
    clear_failure();
}

/* hostaddr says where, host says what it is called. */
static void addresses_with_names(void)
{
    dbapi_connection_t *connection = connect_dsn(
        text("host=one.example,two.example hostaddr=127.0.0.1,127.0.0.1 port=1,%s", port_of_primary()));
    CHECK_TEXT(port_behind(connection), port_of_primary());
    CHECK_TEXT(dbapi_connection_host(connection), "two.example");
    dbapi_connection_free(connection);
    /* Else the variable's one name stands against two addresses, as in libpq. */
    char *name = strdup(test_variable("PGHOST"));
    CHECK(name != NULL && unsetenv("PGHOST") == 0);
    check_reaches(text("hostaddr=127.0.0.1,127.0.0.1 port=%s,%s target_session_attrs=standby", port_of_primary(), port_of_standby()),
                  port_of_standby());
    CHECK(setenv("PGHOST", name, 1) == 0);
    free(name);
    check_nowhere("host=one.example,two.example hostaddr=127.0.0.1,127.0.0.1 port=1,2", ANY_SQLSTATE,
                  "connection to server at \"one.example\" (127.0.0.1), port 1 failed: Connection refused");
    CHECK_CONTAINS(dbapi_error_message(failure), "connection to server at \"two.example\" (127.0.0.1), port 2 failed: Connection refused");
    clear_failure();
}

/* The resolver that the library calls: this program's definition comes before the system's, which it asks for
 * the addresses of the names in this table, one after the other. A machine's own names seldom have several. */
static const struct {
    const char *name;
    const char *addresses[2];
} known_names[] = {
    { "six-four.example", { "::1", "127.0.0.1" } },
    { "four-six.example", { "127.0.0.1", "::1" } },
};

typedef int resolver(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    static resolver *system_resolver;
    if (system_resolver == NULL) {
        void *found = dlsym(RTLD_NEXT, "getaddrinfo");
        memcpy(&system_resolver, &found, sizeof found);
    }
    for (size_t i = 0; name != NULL && i < COUNT(known_names); i++) {
        if (strcmp(name, known_names[i].name) != 0) {
            continue;
        }
        struct addrinfo **end = result;
        for (size_t j = 0; j < COUNT(known_names[i].addresses) && known_names[i].addresses[j] != NULL; j++) {
            int status = system_resolver(known_names[i].addresses[j], service, hints, end);
            if (status != 0) {
                return status;
            }
            while (*end != NULL) {
                end = &(*end)->ai_next;
            }
        }
        return 0;
    }
    return system_resolver(name, service, hints, result);
}

/* The fake server listens on 127.0.0.1 alone. */
static void several_addresses_of_one_name(void)
{
    check_nowhere("host=six-four.example port=1", ANY_SQLSTATE, NULL);
    check_order("connection to server at \"six-four.example\" (::1), port 1 failed: ",
                "connection to server at \"six-four.example\" (127.0.0.1), port 1 failed: Connection refused");
    clear_failure();
    check_nowhere("host=four-six.example port=1", ANY_SQLSTATE, NULL);
    check_order("(127.0.0.1), port 1 failed: ", "(::1), port 1 failed: ");
    clear_failure();

    static const char *const names[] = { "six-four.example", "four-six.example" };
    for (size_t i = 0; i < COUNT(names); i++) {
        fake_server *fake = fake_new();
        fake_greet(fake);
        fake_expect_close(fake);
        fake_start(fake);
        const char *port = strstr(fake_dsn(fake), "port=");
        CHECK(port != NULL);
        dbapi_connection_free(connect_dsn(text("host=%s port=%d user=dbapi dbname=test", names[i], atoi(port + strlen("port=")))));
        fake_finish(fake);
    }
}

static void a_random_address_of_one_name(void)
{
    const char *host6 = getenv("DBAPI_TEST_HOST6");
    if (host6 == NULL || host6[0] == '\0') {
        SKIP("this machine has no ::1");
    }
    unsigned six = 0;
    enum { TOTAL = 64 };
    for (int i = 0; i < TOTAL; i++) {
        dbapi_connection_t *connection = connect_dsn(text("host=six-four.example port=%s load_balance_hosts=random", port_of_primary()));
        dbapi_cursor_t *cursor = cursor_of(connection);
        six += strcmp(query_text(cursor, "SELECT host(inet_server_addr())"), "::1") == 0;
        dbapi_cursor_free(cursor);
        dbapi_connection_free(connection);
    }
    printf("    %u of %u went to ::1\n", six, (unsigned)TOTAL);
    CHECK(six >= 10 && six <= TOTAL - 10);
}

/* ---- failover --------------------------------------------------------------------------------------------- */

/* At least BEFORE rows before the primary dies, and AFTER when the standby has taken over. */
enum { MOST_ROWS = 200000, BEFORE = 100, AFTER = 200, PATIENCE = 60 };

/* What the client saw; written by its thread, read by the other one under the lock, or after joining it. */
typedef struct client {
    pthread_t thread;
    pthread_mutex_t lock;
    const char *dsn;
    bool committed[MOST_ROWS];    /* the library said so, or the row was found afterwards */
    int rows;                     /* done so far */
    int last;                     /* where to stop; MOST_ROWS until the standby has taken over */
    int failed_connects;          /* attempts to connect that failed */
    bool both_reasons;            /* one of those told of both servers */
    int unknown, found, repeated; /* commits that ended with 08007; of their rows, those that were there or not */
    int interrupted;              /* inserts that failed before the commit */
    int port;                     /* where the last row went */
    char problem[400];
} client;

/* Notes what should not have happened. */
static void note(client *self, const char *what, dbapi_error_t *error)
{
    pthread_mutex_lock(&self->lock);
    snprintf(self->problem, sizeof self->problem, "row %d: %s: %s", self->rows, what,
             error == NULL ? "no error" : dbapi_error_message(error));
    pthread_mutex_unlock(&self->lock);
    dbapi_error_free(error);
}

static void count(client *self, int *counter)
{
    pthread_mutex_lock(&self->lock);
    (*counter)++;
    pthread_mutex_unlock(&self->lock);
}

static int counted(client *self, const int *counter)
{
    pthread_mutex_lock(&self->lock);
    int value = *counter;
    pthread_mutex_unlock(&self->lock);
    return value;
}

/* Tries until a server is found; NULL when it takes too long. */
static dbapi_connection_t *reconnect(client *self)
{
    double deadline = seconds() + PATIENCE;
    for (;;) {
        dbapi_connection_t *connection = NULL;
        dbapi_error_t *error = NULL;
        if (dbapi_connect(self->dsn, &connection, &error) == DBAPI_OK) {
            return connection;
        }
        const char *message = dbapi_error_message(error);
        if (strstr(message, "Connection refused") != NULL && strstr(message, "session is read-only") != NULL) {
            self->both_reasons = true;
        }
        if (seconds() > deadline) {
            note(self, "no server within the time allowed", error);
            return NULL;
        }
        dbapi_error_free(error);
        count(self, &self->failed_connects);
        nanosleep(&(struct timespec){ .tv_sec = 0, .tv_nsec = 20000000 }, NULL);
    }
}

typedef enum outcome { DONE, LOST, UNKNOWN, BAD } outcome;

/* One row in a transaction of its own. */
static outcome insert(client *self, dbapi_connection_t *connection, dbapi_cursor_t *cursor)
{
    const dbapi_value_t number[] = { DBAPI_INT(self->rows) };
    dbapi_error_t *error = NULL;
    bool executed = dbapi_execute(cursor, "INSERT INTO t28_test VALUES (%s)", number, 1, &error) == DBAPI_OK;
    if (executed && dbapi_commit(connection, &error) == DBAPI_OK) {
        return DONE;
    }
    const char *state = dbapi_error_sqlstate(error);
    if (dbapi_error_status(error) != DBAPI_OPERATIONAL_ERROR || dbapi_error_connection_usable(error)
        || dbapi_connection_closed(connection) != DBAPI_CLOSED_BROKEN) {
        note(self, executed ? "commit" : "insert", error);
        return BAD;
    }
    outcome result = executed ? UNKNOWN : LOST;
    if (executed && (state == NULL || strcmp(state, "08007") != 0)) {
        note(self, "a lost commit is not 08007", error);
        return BAD;
    }
    dbapi_error_free(error);
    return result;
}

/* Whether a row whose commit was not answered is there. */
static outcome reconcile(client *self, dbapi_connection_t *connection, dbapi_cursor_t *cursor)
{
    const dbapi_value_t number[] = { DBAPI_INT(self->rows) };
    const dbapi_value_t *row = NULL;
    dbapi_error_t *error = NULL;
    if (dbapi_execute(cursor, "SELECT count(*) FROM t28_test WHERE n = %s", number, 1, &error) != DBAPI_OK
        || dbapi_fetchone(cursor, &row, &error) != DBAPI_OK) {
        note(self, "reconciling", error);
        return BAD;
    }
    bool there = row[0].as.integer == 1;
    if (dbapi_rollback(connection, &error) != DBAPI_OK) {
        note(self, "reconciling", error);
        return BAD;
    }
    return there ? DONE : LOST;
}

/* What a careful program does: connect, and for each row insert and commit, connect again when the connection
 * is lost, and look before it repeats a commit whose answer did not come. */
static void *insert_rows(void *argument)
{
    client *self = argument;
    dbapi_connection_t *connection = NULL;
    dbapi_cursor_t *cursor = NULL;
    bool unknown = false;
    while (self->rows < counted(self, &self->last) && self->problem[0] == '\0') {
        dbapi_error_t *error = NULL;
        if (connection == NULL) {
            connection = reconnect(self);
            if (connection == NULL || dbapi_cursor(connection, &cursor, &error) != DBAPI_OK) {
                break;
            }
        }
        outcome result = LOST;
        if (unknown) {
            result = reconcile(self, connection, cursor);
            unknown = false;
            count(self, result == DONE ? &self->found : &self->repeated);
        }
        if (result == LOST) {
            result = insert(self, connection, cursor);
        }
        if (result == DONE) {
            self->committed[self->rows] = true;
            self->port = dbapi_connection_port(connection);
            count(self, &self->rows);
            continue;
        }
        unknown = result == UNKNOWN;
        count(self, unknown ? &self->unknown : &self->interrupted);
        dbapi_cursor_free(cursor);
        dbapi_connection_free(connection);
        cursor = NULL;
        connection = NULL;
    }
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    return NULL;
}

static void wait_for_count(client *self, const int *counter, int least)
{
    double deadline = seconds() + PATIENCE;
    while (counted(self, counter) < least) {
        pthread_mutex_lock(&self->lock);
        bool stopped = self->problem[0] != '\0';
        pthread_mutex_unlock(&self->lock);
        if (stopped) {
            FAIL("the client stopped: %s", self->problem);
        }
        if (seconds() > deadline) {
            FAIL("after %d s, the client has done %d rows and failed to connect %d times", PATIENCE,
                 counted(self, &self->rows), counted(self, &self->failed_connects));
        }
        nanosleep(&(struct timespec){ .tv_sec = 0, .tv_nsec = 5000000 }, NULL);
    }
}

/* Kills the primary, and promotes the standby once the client has found neither a server that listens nor one that
 * may be written. */
static void fail_over(client *self, dbapi_cursor_t *on_standby)
{
    CHECK(kill((pid_t)atoi(test_variable("DBAPI_TEST_PRIMARY_PID")), SIGQUIT) == 0);
    wait_for_count(self, &self->failed_connects, 3);
    CHECK_TEXT(query_text(on_standby, "SELECT pg_promote(true, 60)"), "t");
    pthread_mutex_lock(&self->lock);
    self->last = self->rows + AFTER;
    pthread_mutex_unlock(&self->lock);
}

/* The primary dies while a commit waits for the standby to show it: no answer comes, and yet the row is there
 * when the standby has taken over. With DBAPI_TEST_ANY_MOMENT set, it dies whenever it does, and the row may not
 * be there. Last, since it leaves no pair; `pair.sh run` makes another. */
static void a_client_goes_over_to_the_promoted_standby(void)
{
    /* Static: if the case fails, its thread may go on for a while. */
    static client self;
    const bool any_moment = getenv("DBAPI_TEST_ANY_MOMENT") != NULL;
    char value[40];
    self.dsn = text("host=127.0.0.1,127.0.0.1 port=%s,%s target_session_attrs=read-write connect_timeout=5 application_name=t28 "
                    "options='-c synchronous_commit=%s'",
                    port_of_primary(), port_of_standby(), any_moment ? "on" : "remote_apply");
    double began = seconds();
    fresh_table("t28_test", "n int PRIMARY KEY");
    dbapi_connection_t *standby = connect_dsn(text("host=127.0.0.1 port=%s", port_of_standby()));
    CHECK_OK(dbapi_connection_set_autocommit(standby, true, &failure));
    dbapi_cursor_t *on_standby = cursor_of(standby);
    CHECK_INT(pthread_mutex_init(&self.lock, NULL), 0);
    self.last = MOST_ROWS;
    CHECK_INT(pthread_create(&self.thread, NULL, insert_rows, &self), 0);
    wait_for_count(&self, &self.rows, BEFORE);
    if (!any_moment) {
        /* From here on a commit is sent, but not shown, by the standby. */
        run(on_standby, "SELECT pg_wal_replay_pause()");
        wait_outside("SELECT count(*) FROM pg_stat_activity WHERE application_name = 't28' AND wait_event = 'SyncRep'", "1");
    }
    fail_over(&self, on_standby);

    CHECK_INT(pthread_join(self.thread, NULL), 0);
    pthread_mutex_destroy(&self.lock);
    printf("    %d rows, %d commits unknown (%d found, %d repeated), %d inserts interrupted, %d failed connects, %.1f s\n", self.rows,
           self.unknown, self.found, self.repeated, self.interrupted, self.failed_connects, seconds() - began);
    if (self.problem[0] != '\0') {
        FAIL("the client: %s", self.problem);
    }
    CHECK_INT(self.rows, self.last);
    CHECK(self.rows < MOST_ROWS);
    CHECK_INT(self.unknown + self.interrupted, 1);
    CHECK_INT(self.found + self.repeated, self.unknown);
    if (!any_moment) {
        CHECK_INT(self.found, 1);
    }
    CHECK(self.both_reasons);
    CHECK_INT(self.port, atoi(port_of_standby()));
    /* Every row that the client holds for committed is there, once. */
    for (int i = 0; i < self.rows; i++) {
        CHECK(self.committed[i]);
    }
    snprintf(value, sizeof value, "%d %d %d", self.rows, 0, self.rows - 1);
    CHECK_TEXT(query_text(on_standby, "SELECT format('%s %s %s', count(*), min(n), max(n)) FROM t28_test"), value);
    dbapi_cursor_free(on_standby);
    dbapi_connection_free(standby);
    check_reaches(text("host=127.0.0.1,127.0.0.1 port=%s,%s target_session_attrs=primary", port_of_primary(), port_of_standby()),
                  port_of_standby());
}

CHECK_MAIN(CASE(attributes_choose_the_server), CASE(a_read_only_primary), CASE(a_server_that_does_not_report_is_asked),
           CASE(attributes_come_from_the_environment_too), CASE(sockets_and_addresses_mix), CASE(random_balance_reaches_both),
           CASE(a_host_that_refuses_is_passed_over), CASE(a_host_without_an_address_is_passed_over),
           CASE(a_silent_host_is_given_its_time), CASE(all_attempts_and_their_reasons_are_told),
           CASE(a_server_that_is_starting_up_is_passed_over), CASE(a_refused_login_ends_the_search), CASE(addresses_with_names),
           CASE(several_addresses_of_one_name), CASE(a_random_address_of_one_name),
           CASE(a_client_goes_over_to_the_promoted_standby))
