#define _POSIX_C_SOURCE 200809L
#include "tls_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *tls_text(const char *text)
{
    static char buffers[4][2000];
    static unsigned turn;
    char *buffer = buffers[turn++ % 4];
    size_t length = 0;
    for (; *text != '\0'; text++) {
        char one[2] = { *text, '\0' };
        const char *piece = *text == '@' ? test_variable("DBAPI_TEST_TLS") : *text == '!' ? test_variable("PGHOST") : one;
        size_t more = strlen(piece);
        CHECK(length + more < sizeof buffers[0]);
        memcpy(buffer + length, piece, more);
        length += more;
    }
    buffer[length] = '\0';
    return buffer;
}

static void set(dbapi_cursor_t *cursor, const char *name, const char *value)
{
    char sql[300];
    int length = snprintf(sql, sizeof sql, "ALTER SYSTEM SET %s = '%s'", name, value);
    CHECK(length > 0 && (size_t)length < sizeof sql);
    run(cursor, sql);
}

void tls_use(const char *setup)
{
    static char now[200];
    char words[sizeof now];
    char file[100];
    if (strcmp(now, setup) == 0) {
        return;
    }
    CHECK(strlen(setup) < sizeof now);
    dbapi_connection_t *connection = connect_test();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    dbapi_cursor_t *cursor = cursor_of(connection);
    run(cursor, "ALTER SYSTEM RESET ALL");
    strcpy(words, setup);
    char *rest = NULL;
    const char *certificate = strtok_r(words, " ", &rest);
    snprintf(file, sizeof file, "files/%s.crt", certificate);
    set(cursor, "ssl_cert_file", file);
    snprintf(file, sizeof file, "files/%s.key", certificate);
    set(cursor, "ssl_key_file", file);
    for (char *name = strtok_r(NULL, " ", &rest); name != NULL; name = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(name, '=');
        CHECK(value != NULL);
        *value++ = '\0';
        set(cursor, name, value);
    }
    /* A setting without a meaning, which tells a session whether it began with this set-up. */
    set(cursor, "tls.setup", setup);
    run(cursor, "SELECT pg_reload_conf()");
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    /* The server loads settings and certificate in one go. Sessions that are there already learn of it in their
     * own time: each question is a new one's. */
    unsigned tries = 0;
    while (strcmp(outside("SELECT current_setting('tls.setup')"), setup) != 0) {
        if (++tries == 1000) {
            FAIL("the server does not take the set-up \"%s\"", setup);
        }
    }
    strcpy(now, setup);
}

bool tls_seen_by_server(dbapi_connection_t *connection)
{
    dbapi_cursor_t *cursor = cursor_of(connection);
    const char *answer = query_text(cursor, "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    CHECK(answer != SQL_NULL);
    bool encrypted = strcmp(answer, "true") == 0;
    dbapi_cursor_free(cursor);
    return encrypted;
}
