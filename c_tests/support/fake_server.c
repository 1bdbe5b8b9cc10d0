#define _POSIX_C_SOURCE 200809L
#include "fake_internal.h"

#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Keeps the first problem: later ones follow from it. */
void fake_problem(fake_server *fake, const char *format, ...)
{
    if (fake->problem[0] == '\0') {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(fake->problem, sizeof fake->problem, format, arguments);
        va_end(arguments);
    }
}

/* Waits until the socket can be read or written; false, with a problem, when the deadline passes. */
static bool wait_for(fake_server *fake, int socket, short events, const char *what)
{
    time_t deadline = time(NULL) + FAKE_DEADLINE;
    for (;;) {
        struct pollfd poller = { .fd = socket, .events = events };
        int ready = poll(&poller, 1, 250);
        if (ready > 0) {
            return true;
        }
        if (ready < 0 && errno != EINTR) {
            fake_problem(fake, "poll: %s", strerror(errno));
            return false;
        }
        if (time(NULL) > deadline) {
            fake_problem(fake, "waited %d s for %s", FAKE_DEADLINE, what);
            return false;
        }
    }
}

/* Reads exactly `length` bytes. False: the client closed (`gone` is set), or a problem. */
static bool read_exactly(fake_server *fake, void *buffer, size_t length)
{
    unsigned char *bytes = buffer;
    size_t have = 0;
    while (have < length) {
        if (!wait_for(fake, fake->client, POLLIN, "the client to send")) {
            return false;
        }
        ssize_t count = recv(fake->client, bytes + have, length - have, 0);
        if (count > 0) {
            have += (size_t)count;
        } else if (count == 0 || errno == ECONNRESET) {
            fake->gone = true;
            if (have > 0) {
                fake_problem(fake, "the client closed within a message");
            }
            return false;
        } else if (errno != EINTR && errno != EAGAIN) {
            fake_problem(fake, "recv: %s", strerror(errno));
            return false;
        }
    }
    return true;
}

static uint32_t int32_at(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static const fake_message *read_message(fake_server *fake, bool startup)
{
    unsigned char header[5] = { 0 };
    if (!read_exactly(fake, header + (startup ? 1 : 0), startup ? 4 : 5)) {
        return NULL;
    }
    uint32_t length = int32_at(header + 1);
    if (length < 4 || length > (1U << 28)) {
        fake_problem(fake, "the client sent a message of type %d with length %lu", header[0], (unsigned long)length);
        return NULL;
    }
    fake_message message = { .type = (char)header[0], .length = length - 4 };
    message.body = fake_grown(NULL, message.length + 1);
    message.body[message.length] = '\0';
    if (message.length > 0 && !read_exactly(fake, message.body, message.length)) {
        if (fake->gone) {
            fake_problem(fake, "the client closed within a message");
        }
        free(message.body);
        return NULL;
    }
    fake->log = fake_grown(fake->log, (fake->log_count + 1) * sizeof message);
    fake->log[fake->log_count] = message;
    return &fake->log[fake->log_count++];
}

const fake_message *fake_read(fake_server *fake)
{
    return read_message(fake, false);
}

bool fake_write(fake_server *fake, const void *data, size_t length)
{
    const unsigned char *bytes = data;
    while (length > 0 && !fake->gone && !fake->finished) {
        if (fake->cut && fake->sent == fake->cut_after) {
            shutdown(fake->client, SHUT_WR);
            fake->finished = true;
            return false;
        }
        size_t piece = fake->slow ? 1 : length;
        if (fake->cut && piece > fake->cut_after - fake->sent) {
            piece = fake->cut_after - fake->sent;
        }
        if (!wait_for(fake, fake->client, POLLOUT, "the client to read")) {
            return false;
        }
        ssize_t count = send(fake->client, bytes, piece, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count > 0) {
            bytes += count;
            length -= (size_t)count;
            fake->sent += (size_t)count;
        } else if (errno == EPIPE || errno == ECONNRESET) {
            fake->gone = true;
        } else if (errno != EINTR && errno != EAGAIN) {
            fake_problem(fake, "send: %s", strerror(errno));
            return false;
        }
    }
    return length == 0;
}

enum { PROTOCOL_3 = 3, SSL_REQUEST = 80877103, GSSENC_REQUEST = 80877104 };

static bool serve_startup(fake_server *fake)
{
    for (;;) {
        const fake_message *message = read_message(fake, true);
        if (message == NULL) {
            fake_problem(fake, "the client closed before its start-up packet");
            return false;
        }
        uint32_t code = message->length >= 4 ? int32_at(message->body) : 0;
        if (code == SSL_REQUEST || code == GSSENC_REQUEST) {
            if (!fake_write(fake, "N", 1)) {
                return false;
            }
        } else if (code >> 16 == PROTOCOL_3) {
            return true;
        } else {
            fake_problem(fake, "the start-up packet asks for protocol %lu", (unsigned long)code);
            return false;
        }
    }
}

static bool serve_expect(fake_server *fake, const step *now)
{
    for (;;) {
        const fake_message *message = fake_read(fake);
        if (message == NULL) {
            fake_problem(fake, "the client closed, where a message '%c' was expected", now->type);
            return false;
        }
        if (message->type == now->type) {
            size_t length = now->bytes.length == 0 ? 0 : now->bytes.length - 1;
            if (message->length < length || (length > 0 && memcmp(message->body, now->bytes.data, length) != 0)) {
                fake_problem(fake, "the client's message '%c' begins with \"%s\", expected \"%s\"", now->type,
                             (const char *)message->body, (const char *)now->bytes.data);
                return false;
            }
            return true;
        }
        if (now->operation == EXPECT) {
            fake_problem(fake, "the client sent a message '%c', expected '%c'", message->type, now->type);
            return false;
        }
    }
}

static bool serve_ssl_request(fake_server *fake)
{
    const fake_message *message = read_message(fake, true);
    if (message == NULL || message->length != 4 || int32_at(message->body) != SSL_REQUEST) {
        fake_problem(fake, "the client sent something else than an SSLRequest");
        return false;
    }
    return true;
}

enum { MOST_REST = 65536 };

/* Reads what comes, as no message, until the client closes or so many bytes are there. */
static bool read_rest(fake_server *fake, size_t length)
{
    char buffer[4096];
    while (!fake->gone && fake->rest.length < length) {
        if (!wait_for(fake, fake->client, POLLIN, "the client to send or close")) {
            return false;
        }
        ssize_t count = recv(fake->client, buffer, sizeof buffer, 0);
        if (count > 0 && fake->rest.length < MOST_REST) {
            fake_put(&fake->rest, buffer, (size_t)count);
        } else if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) {
            fake->gone = true;
        }
    }
    return true;
}

static bool serve_bytes(fake_server *fake, const step *now)
{
    if (!read_rest(fake, fake->rest.length + now->count)) {
        return false;
    }
    if (fake->gone) {
        fake_problem(fake, "the client closed, where bytes were expected");
    }
    return !fake->gone;
}

/* Reads until the client closes. */
static bool drain(fake_server *fake)
{
    return read_rest(fake, SIZE_MAX);
}

static bool serve_close(fake_server *fake)
{
    const fake_message *message = fake->gone ? NULL : fake_read(fake);
    if (message == NULL) {
        fake_problem(fake, "the client closed without Terminate");
        return false;
    }
    if (message->type != 'X') {
        fake_problem(fake, "the client sent a message '%c', expected Terminate ('X')", message->type);
        return false;
    }
    return drain(fake);
}

static void reset(fake_server *fake)
{
    struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
    setsockopt(fake->client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fake->client);
    fake->client = -1;
    fake->finished = true;
}

static bool serve_step(fake_server *fake, const step *now)
{
    switch (now->operation) {
    case STARTUP:
        return serve_startup(fake);
    case EXPECT_SSL_REQUEST:
        return serve_ssl_request(fake);
    case EXPECT_BYTES:
        return serve_bytes(fake, now);
    case EXPECT:
    case EXPECT_UNTIL:
        return serve_expect(fake, now);
    case EXPECT_CLOSE:
        return serve_close(fake);
    case SILENCE:
        return drain(fake);
    case SEND:
        /* Less than all of it: the client is gone or the cut has come, unless there is a problem. */
        return fake_write(fake, now->bytes.data, now->bytes.length) || fake->problem[0] == '\0';
    case SHUTDOWN:
        shutdown(fake->client, SHUT_WR);
        fake->finished = true;
        return true;
    case RESET:
        reset(fake);
        return true;
    case CALL:
        return now->callback(fake, now->context) || fake->finished;
    }
    return false;
}

static void *serve(void *argument)
{
    fake_server *fake = argument;
    if (!wait_for(fake, fake->listener, POLLIN, "a connection")) {
        return NULL;
    }
    fake->client = accept(fake->listener, NULL, NULL);
    if (fake->client < 0) {
        fake_problem(fake, "accept: %s", strerror(errno));
        return NULL;
    }
    if (!fake->is_unix) {
        int on = 1;
        setsockopt(fake->client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    for (size_t i = 0; i < fake->step_count && !fake->finished; i++) {
        if (!serve_step(fake, &fake->steps[i])) {
            if (fake->finished && fake->problem[0] == '\0') {
                break; /* the cut came while the step was sending */
            }
            fake_problem(fake, "the step failed");
            char problem[sizeof fake->problem];
            memcpy(problem, fake->problem, sizeof problem);
            snprintf(fake->problem, sizeof fake->problem, "step %zu of %zu: %.440s", i + 1, fake->step_count, problem);
            break;
        }
    }
    if (fake->client >= 0) {
        /* Closing with bytes unread would reset the connection, and the client might miss the last words. */
        if (fake->finished && fake->problem[0] == '\0') {
            drain(fake);
        }
        close(fake->client);
        fake->client = -1;
    }
    return NULL;
}

/* ---- running it -------------------------------------------------------------------------------------- */

static const char options[] = "user=fake dbname=fake";

static void listen_tcp(fake_server *fake)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fake->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (fake->listener < 0 || bind(fake->listener, (struct sockaddr *)&address, sizeof address) != 0
        || listen(fake->listener, 1) != 0
        || getsockname(fake->listener, (struct sockaddr *)&address, &length) != 0) {
        FAIL("fake server: cannot listen on 127.0.0.1: %s", strerror(errno));
    }
    snprintf(fake->dsn, sizeof fake->dsn, "host=127.0.0.1 port=%u prepare_threshold=0 %s", (unsigned)ntohs(address.sin_port), options);
}

static void listen_unix(fake_server *fake)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    strcpy(fake->directory, "/tmp/dbapi-fake.XXXXXX");
    if (mkdtemp(fake->directory) == NULL) {
        FAIL("fake server: mkdtemp: %s", strerror(errno));
    }
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", fake->directory);
    fake->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fake->listener < 0 || bind(fake->listener, (struct sockaddr *)&address, sizeof address) != 0
        || listen(fake->listener, 1) != 0) {
        FAIL("fake server: cannot listen on %s: %s", address.sun_path, strerror(errno));
    }
    snprintf(fake->dsn, sizeof fake->dsn, "host=%s port=5432 prepare_threshold=0 %s", fake->directory, options);
}

void fake_start(fake_server *fake)
{
    if (fake->is_unix) {
        listen_unix(fake);
    } else {
        listen_tcp(fake);
    }
    int failed = pthread_create(&fake->thread, NULL, serve, fake);
    if (failed != 0) {
        FAIL("fake server: pthread_create: %s", strerror(failed));
    }
    fake->started = true;
}

const char *fake_dsn(const fake_server *fake)
{
    return fake->dsn;
}

const char *fake_join(fake_server *fake)
{
    if (fake->started && !fake->joined) {
        pthread_join(fake->thread, NULL);
        fake->joined = true;
        close(fake->listener);
        if (fake->is_unix) {
            char path[128];
            snprintf(path, sizeof path, "%s/.s.PGSQL.5432", fake->directory);
            unlink(path);
            rmdir(fake->directory);
        }
    }
    return fake->problem[0] == '\0' ? NULL : fake->problem;
}

size_t fake_log_count(const fake_server *fake)
{
    return fake->log_count;
}

const fake_message *fake_log_at(const fake_server *fake, size_t index)
{
    return index < fake->log_count ? &fake->log[index] : NULL;
}

const fake_bytes *fake_rest(const fake_server *fake)
{
    return &fake->rest;
}

size_t fake_sent(const fake_server *fake)
{
    return fake->sent;
}

void fake_free(fake_server *fake)
{
    fake_join(fake);
    for (size_t i = 0; i < fake->step_count; i++) {
        fake_bytes_free(&fake->steps[i].bytes);
    }
    for (size_t i = 0; i < fake->log_count; i++) {
        free(fake->log[i].body);
    }
    fake_bytes_free(&fake->rest);
    free(fake->steps);
    free(fake->log);
    free(fake);
}

void fake_finish(fake_server *fake)
{
    const char *problem = fake_join(fake);
    if (problem != NULL) {
        char copy[sizeof fake->problem];
        memcpy(copy, problem, sizeof copy);
        fake_free(fake);
        FAIL("fake server: %s", copy);
    }
    fake_free(fake);
}
