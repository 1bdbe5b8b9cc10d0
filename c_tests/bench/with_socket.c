/* The works of run.sh through a bare Unix socket, as the limit that no client gets past: what it sends was encoded
 * beforehand, and of what comes it walks the messages' headers and counts rows. See bench.h. PGHOST, PGPORT, PGUSER and
 * PGDATABASE must be set; no password. */
#define _GNU_SOURCE
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- encoding ---------------------------------------------------------------------------------------------------- */

typedef struct bytes {
    char *data;
    size_t length;
    size_t capacity;
} bytes;

static void put(bytes *out, const void *data, size_t length)
{
    if (out->length + length > out->capacity) {
        out->capacity = (out->length + length) * 2;
        out->data = realloc(out->data, out->capacity);
        if (!out->data) {
            bench_fail("no memory");
        }
    }
    memcpy(out->data + out->length, data, length);
    out->length += length;
}

static void put_text(bytes *out, const char *text)
{
    put(out, text, strlen(text) + 1);
}

static void put_int(bytes *out, int64_t value, size_t size)
{
    unsigned char data[8];
    for (size_t i = 0; i < size; i++) {
        data[i] = (unsigned char)((uint64_t)value >> (8 * (size - 1 - i)));
    }
    put(out, data, size);
}

/* Begins a message; `end` puts in its length. */
static size_t begin(bytes *out, char type)
{
    put(out, &type, 1);
    put_int(out, 0, 4);
    return out->length - 4;
}

static void end(bytes *out, size_t at)
{
    uint32_t length = htonl((uint32_t)(out->length - at));
    memcpy(out->data + at, &length, 4);
}

static void query(bytes *out, const char *sql)
{
    size_t at = begin(out, 'Q');
    put_text(out, sql);
    end(out, at);
}

static void parse(bytes *out, const char *name, const char *sql)
{
    size_t at = begin(out, 'P');
    put_text(out, name);
    put_text(out, sql);
    put_int(out, 0, 2);
    end(out, at);
}

/* Bind's head: formats of parameters and their number follow. */
static size_t begin_bind(bytes *out, const char *name)
{
    size_t at = begin(out, 'B');
    put_text(out, "");
    put_text(out, name);
    put_int(out, 1, 2);
    put_int(out, 1, 2);
    return at;
}

static void end_bind(bytes *out, size_t at)
{
    put_int(out, 1, 2);
    put_int(out, 1, 2);
    end(out, at);
    at = begin(out, 'E');
    put_text(out, "");
    put_int(out, 0, 4);
    end(out, at);
}

static void sync_message(bytes *out)
{
    end(out, begin(out, 'S'));
}

/* ---- the socket -------------------------------------------------------------------------------------------------- */

typedef struct peer {
    int file;
    /* Received bytes; a message's header may end beyond them. */
    char *buffer;
    size_t length;
    /* How much of the message that was walked last is still to come. */
    size_t skip;
    long rows;
    int64_t server_pid;
} peer;

enum { BUFFER = 256 * 1024 };

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    if (!value) {
        bench_fail("%s is not set", name);
    }
    return value;
}

static void send_all(peer *peer, const char *data, size_t length)
{
    while (length) {
        ssize_t sent = send(peer->file, data, length, MSG_NOSIGNAL);
        if (sent < 0) {
            bench_fail("send: %s", strerror(errno));
        }
        data += sent;
        length -= (size_t)sent;
    }
}

/* Receives once, and walks what came. Whether ReadyForQuery was there. */
static bool walk(peer *peer)
{
    ssize_t received = recv(peer->file, peer->buffer + peer->length, BUFFER - peer->length, 0);
    if (received <= 0) {
        bench_fail("recv: %s", received ? strerror(errno) : "the server closed the connection");
    }
    bool ready = false;
    size_t end_of = peer->length + (size_t)received, at = peer->skip;
    while (at + 5 <= end_of) {
        uint32_t length;
        memcpy(&length, peer->buffer + at + 1, 4);
        length = ntohl(length);
        switch (peer->buffer[at]) {
        case 'D':
            peer->rows++;
            break;
        case 'Z':
            ready = true;
            break;
        case 'K':
            if (at + 9 <= end_of) {
                uint32_t pid;
                memcpy(&pid, peer->buffer + at + 5, 4);
                peer->server_pid = ntohl(pid);
            }
            break;
        case 'E':
            bench_fail("the server reports an error: %.*s", (int)(end_of - at - 5), peer->buffer + at + 5);
        default:
            break;
        }
        at += 1 + length;
    }
    if (at >= end_of) {
        peer->skip = at - end_of;
        peer->length = 0;
    } else {
        /* The pieces of a header. */
        memmove(peer->buffer, peer->buffer + at, end_of - at);
        peer->length = end_of - at;
        peer->skip = 0;
    }
    return ready;
}

static void walk_all(peer *peer)
{
    while (!walk(peer)) {
    }
}

static void ask(peer *peer, const bytes *message)
{
    send_all(peer, message->data, message->length);
    walk_all(peer);
}

static void open_socket(peer *peer, const bytes *startup)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.%s", environment("PGHOST"), environment("PGPORT"));
    peer->file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    peer->length = peer->skip = 0;
    peer->rows = 0;
    if (peer->file < 0 || connect(peer->file, (struct sockaddr *)&address, sizeof address) != 0) {
        bench_fail("connect: %s", strerror(errno));
    }
    ask(peer, startup);
}

static void startup_message(bytes *out)
{
    put_int(out, 0, 4);
    put_int(out, 196608, 4);
    put_text(out, "user");
    put_text(out, environment("PGUSER"));
    put_text(out, "database");
    put_text(out, environment("PGDATABASE"));
    put_text(out, "");
    end(out, 0);
}

static peer open_peer(void)
{
    peer peer = { .buffer = bench_allocate(BUFFER) };
    bytes startup = { 0 };
    startup_message(&startup);
    open_socket(&peer, &startup);
    free(startup.data);
    return peer;
}

/* ---- the works --------------------------------------------------------------------------------------------------- */

/* In the form that PQexec asks for, or in the binary one. */
static void rows_of(const char *variant, const char *sql, const char *warm_sql, long count)
{
    peer peer = open_peer();
    bytes message = { 0 }, warm = { 0 };
    if (strcmp(variant, "text") == 0) {
        query(&message, sql);
        query(&warm, warm_sql);
    } else {
        bytes *both[] = { &message, &warm };
        for (int i = 0; i < 2; i++) {
            parse(both[i], "", i ? warm_sql : sql);
            size_t at = begin_bind(both[i], "");
            put_int(both[i], 0, 2);
            end_bind(both[i], at);
            sync_message(both[i]);
        }
    }
    ask(&peer, &warm);
    peer.rows = 0;
    bench_start();
    ask(&peer, &message);
    bench_stop();
    if (peer.rows != count) {
        bench_fail("%ld rows", peer.rows);
    }
    bench_report(count, 0);
    close(peer.file);
}

static void rows(const char *variant, long count)
{
    char sql[200], warm[200];
    snprintf(sql, sizeof sql, BENCH_ROWS_SQL, count);
    snprintf(warm, sizeof warm, BENCH_ROWS_SQL, 10L);
    rows_of(variant, sql, warm, count);
}

static void wide(const char *variant, long count)
{
    char sql[200], warm[200];
    snprintf(sql, sizeof sql, BENCH_WIDE_SQL, count / 1000);
    snprintf(warm, sizeof warm, BENCH_WIDE_SQL, 0L);
    rows_of(variant, sql, warm, count / 1000 * 1000);
}

static void point_message(bytes *out, int32_t id)
{
    size_t at = begin_bind(out, "point");
    put_int(out, 1, 2);
    put_int(out, 4, 4);
    put_int(out, id, 4);
    end_bind(out, at);
    sync_message(out);
}

static void prepare_point(peer *peer)
{
    bytes message = { 0 };
    parse(&message, "point", BENCH_POINT_SQL_NUMBERED);
    sync_message(&message);
    ask(peer, &message);
    free(message.data);
}

/* One message for each id, all of one length. */
static bytes point_messages(void)
{
    bytes messages = { 0 };
    for (int32_t id = 1; id <= BENCH_POINTS; id++) {
        point_message(&messages, id);
    }
    return messages;
}

static void point_queries(peer *peer, const bytes *messages, long first, long count)
{
    size_t length = messages->length / BENCH_POINTS;
    for (long i = first; i < first + count; i++) {
        send_all(peer, messages->data + length * (size_t)(bench_id(i) - 1), length);
        walk_all(peer);
    }
}

static void point(const char *variant, long count)
{
    peer peer = open_peer();
    bytes messages = point_messages();
    bench_pin(variant, peer.server_pid);
    prepare_point(&peer);
    point_queries(&peer, &messages, 0, 100);
    peer.rows = 0;
    bench_start();
    point_queries(&peer, &messages, 0, count);
    bench_stop();
    if (peer.rows != count) {
        bench_fail("%ld rows", peer.rows);
    }
    bench_report(count, 0);
    close(peer.file);
}

static void one_shot(const char *variant, long count)
{
    peer peer = open_peer();
    bench_pin(variant, peer.server_pid);
    bytes *messages = bench_allocate((size_t)count * sizeof *messages);
    for (long i = 0; i < count; i++) {
        char sql[200];
        snprintf(sql, sizeof sql, BENCH_ONE_SHOT_SQL_NUMBERED, -1 - i);
        messages[i] = (bytes){ 0 };
        parse(&messages[i], "", sql);
        size_t at = begin_bind(&messages[i], "");
        put_int(&messages[i], 1, 2);
        put_int(&messages[i], 4, 4);
        put_int(&messages[i], bench_id(i), 4);
        end_bind(&messages[i], at);
        sync_message(&messages[i]);
    }
    peer.rows = 0;
    bench_start();
    for (long i = 0; i < count; i++) {
        ask(&peer, &messages[i]);
    }
    bench_stop();
    if (peer.rows != count) {
        bench_fail("%ld rows", peer.rows);
    }
    bench_report(count, 0);
    close(peer.file);
}

static long queries_a_thread;
static bytes messages_of_threads;

static int64_t thread_body(int number, void (*ready)(void))
{
    peer peer = open_peer();
    prepare_point(&peer);
    point_queries(&peer, &messages_of_threads, 0, 100);
    ready();
    point_queries(&peer, &messages_of_threads, number * queries_a_thread, queries_a_thread);
    close(peer.file);
    free(peer.buffer);
    return 0;
}

static void threads(const char *variant, long count)
{
    (void)variant;
    queries_a_thread = count / BENCH_THREADS;
    messages_of_threads = point_messages();
    int64_t sum = bench_threads(thread_body);
    bench_report(queries_a_thread * BENCH_THREADS, sum);
}

static void inserts(const char *variant, long count)
{
    peer peer = open_peer();
    bench_pin(variant, peer.server_pid);
    bytes message = { 0 };
    query(&message, BENCH_INSERT_TABLE_SQL);
    ask(&peer, &message);
    message.length = 0;
    parse(&message, "insert", BENCH_INSERT_SQL_NUMBERED);
    sync_message(&message);
    ask(&peer, &message);
    message.length = 0;
    bench_insert *source = bench_inserts(count);
    for (long i = 0; i < count; i++) {
        uint64_t c;
        memcpy(&c, &source[i].c, sizeof c);
        size_t at = begin_bind(&message, "insert");
        put_int(&message, 3, 2);
        put_int(&message, 4, 4);
        put_int(&message, source[i].a, 4);
        put_int(&message, (int64_t)strlen(source[i].b), 4);
        put(&message, source[i].b, strlen(source[i].b));
        put_int(&message, 8, 4);
        put_int(&message, (int64_t)c, 8);
        end_bind(&message, at);
    }
    sync_message(&message);
    if (fcntl(peer.file, F_SETFL, O_NONBLOCK) != 0) {
        bench_fail("fcntl: %s", strerror(errno));
    }
    bench_start();
    size_t sent = 0;
    for (bool ready = false; !ready;) {
        struct pollfd wait = { peer.file, (short)(POLLIN | (sent < message.length ? POLLOUT : 0)), 0 };
        if (poll(&wait, 1, -1) < 0) {
            bench_fail("poll: %s", strerror(errno));
        }
        if (wait.revents & ~POLLOUT) {
            ready = walk(&peer);
        }
        if (wait.revents & POLLOUT) {
            size_t piece = message.length - sent < 65536 ? message.length - sent : 65536;
            ssize_t now = send(peer.file, message.data + sent, piece, MSG_NOSIGNAL);
            if (now < 0 && errno != EAGAIN) {
                bench_fail("send: %s", strerror(errno));
            }
            sent += now > 0 ? (size_t)now : 0;
        }
    }
    bench_stop();
    bench_report(count, 0);
    close(peer.file);
}

static void connects(const char *variant, long count)
{
    (void)variant;
    static const char terminate[] = { 'X', 0, 0, 0, 4 };
    peer peer = { .buffer = bench_allocate(BUFFER) };
    bytes startup = { 0 };
    startup_message(&startup);
    bench_start();
    for (long i = 0; i < count; i++) {
        open_socket(&peer, &startup);
        send_all(&peer, terminate, sizeof terminate);
        close(peer.file);
    }
    bench_stop();
    bench_report(count, count);
}

int main(int argc, char **argv)
{
    static const bench_work works[] = {
        { "rows", "text", rows },
        { "rows", "binary", rows },
        { "wide", "binary", wide },
        { "point", "free", point },
        { "point", "same", point },
        { "point", "different", point },
        { "one-shot", "free", one_shot },
        { "one-shot", "same", one_shot },
        { "one-shot", "different", one_shot },
        { "inserts", "free", inserts },
        { "inserts", "same", inserts },
        { "inserts", "different", inserts },
        { "connect", "close", connects },
        { "threads", "all", threads },
    };
    return bench_main(works, sizeof works / sizeof works[0], argc, argv);
}
