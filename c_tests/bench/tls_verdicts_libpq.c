/* What libpq makes of the rows of 25_tls_rows.h: prints each row whose outcome is not what the row says of libpq, and,
 * with -v, all of them. For tls_verdicts.sh. */
#define _POSIX_C_SOURCE 200809L
#include "../25_tls_rows.h"

#include <libpq-fe.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = { "refused", "clear", "TLS" };

/* @ and ! filled in. */
static const char *filled(const char *text)
{
    static char buffers[4][2000];
    static unsigned turn;
    char *buffer = buffers[turn++ % 4];
    buffer[0] = '\0';
    for (; *text != '\0'; text++) {
        char one[2] = { *text, '\0' };
        strcat(buffer, *text == '@' ? getenv("DBAPI_TEST_TLS") : *text == '!' ? getenv("PGHOST") : one);
    }
    return buffer;
}

static void execute(PGconn *connection, const char *sql)
{
    PGresult *result = PQexec(connection, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK) {
        fprintf(stderr, "%s: %s", sql, PQerrorMessage(connection));
        exit(2);
    }
    PQclear(result);
}

static void set(PGconn *connection, const char *name, const char *value)
{
    char sql[300];
    snprintf(sql, sizeof sql, "ALTER SYSTEM SET %s = '%s'", name, value);
    execute(connection, sql);
}

/* As tls_use does (support/tls_server.c). */
static void use(const char *setup)
{
    static char now[200];
    char words[200], file[100];
    if (strcmp(now, setup) == 0) {
        return;
    }
    PGconn *connection = PQconnectdb("");
    execute(connection, "ALTER SYSTEM RESET ALL");
    strcpy(words, setup);
    char *rest = NULL;
    const char *certificate = strtok_r(words, " ", &rest);
    snprintf(file, sizeof file, "files/%s.crt", certificate);
    set(connection, "ssl_cert_file", file);
    snprintf(file, sizeof file, "files/%s.key", certificate);
    set(connection, "ssl_key_file", file);
    for (char *name = strtok_r(NULL, " ", &rest); name != NULL; name = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(name, '=');
        *value++ = '\0';
        set(connection, name, value);
    }
    set(connection, "tls.setup", setup);
    execute(connection, "SELECT pg_reload_conf()");
    PQfinish(connection);
    for (int there = 0; !there;) {
        connection = PQconnectdb("");
        PGresult *result = PQexec(connection, "SELECT current_setting('tls.setup')");
        there = strcmp(PQgetvalue(result, 0, 0), setup) == 0;
        PQclear(result);
        PQfinish(connection);
    }
    strcpy(now, setup);
}

/* Tries the rows; answers how many came out unlike what they say of libpq. */
static int try_rows(const tls_row *rows, size_t count, int verbose)
{
    int unlike = 0;
    for (size_t i = 0; i < count; i++) {
        const tls_row *row = &rows[i];
        char conninfo[3000], name[60] = "";
        use(row->setup);
        snprintf(conninfo, sizeof conninfo, "%s %s %s %s", TLS_DEFAULT_OPTIONS, TLS_DEFAULT_HOST, TLS_DEFAULT_USER, filled(row->options));
        setenv("HOME", filled(TLS_DEFAULT_HOME), 1);
        if (row->variable != NULL) {
            size_t length = strcspn(row->variable, "=");
            memcpy(name, row->variable, length);
            name[length] = '\0';
            setenv(name, filled(row->variable + length + 1), 1);
        }
        PGconn *connection = PQconnectdb(conninfo);
        tls_outcome outcome = PQstatus(connection) != CONNECTION_OK ? REFUSED : PQsslInUse(connection) ? TLS : CLEAR;
        int other_words = outcome == REFUSED && row->why == NULL && row->message != NULL && strstr(PQerrorMessage(connection), filled(row->message)) == NULL;
        if (verbose || outcome != row->libpq || other_words) {
            printf("%s: %s | %s | %s: %s%s%s%s", outcome != row->libpq ? "OUTCOME" : other_words ? "words" : "as expected", row->setup,
                   row->variable == NULL ? "" : row->variable, row->options, names[outcome], row->why == NULL ? "" : ", ours is ",
                   row->why == NULL ? "" : names[row->expected], outcome == REFUSED ? ": " : "\n");
            if (outcome == REFUSED) {
                printf("%s", PQerrorMessage(connection));
            }
        }
        unlike += outcome != row->libpq;
        PQfinish(connection);
        if (name[0] != '\0') {
            unsetenv(name);
        }
    }
    return unlike;
}

int main(int argc, char **argv)
{
    int verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    size_t count = sizeof tls_rows / sizeof tls_rows[0];
    int unlike = try_rows(tls_rows, count, verbose);
    PGconn *connection = PQconnectdb("");
    if (PQserverVersion(connection) >= 170000) {
        unlike += try_rows(tls_direct_rows, sizeof tls_direct_rows / sizeof tls_direct_rows[0], verbose);
        count += sizeof tls_direct_rows / sizeof tls_direct_rows[0];
    }
    PQfinish(connection);
    use("rsa");
    printf("libpq %d: %zu rows, %d unlike what they say of libpq\n", PQlibVersion(), count, unlike);
    return unlike != 0;
}
