#define _POSIX_C_SOURCE 200809L
#include "proxy.h"

#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 256 * 1024, MOST_PAIRS = 32, QUIET = 3, SSL_REQUEST_LENGTH = 8 };

/* Bytes on their way from one socket to the other. */
typedef struct flow {
    unsigned char *data;
    size_t start, end;
    bool ended;    /* the source has closed */
    bool closed;   /* and so has been its destination */
    int64_t heard; /* when something came last, in milliseconds */
} flow;

typedef struct pair {
    int sockets[2];
    flow flows[2]; /* flows[side] comes from sockets[side] */
    bool greeted;
} pair;

struct proxy {
    proxy_options options;
    char path[108];
    int listener, wake[2];
    unsigned port;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    bool held, finished, cut;
    size_t limits[2], carried[2], connections;
    /* The thread's own. */
    pair pairs[MOST_PAIRS];
    size_t count;
};

static int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void close_pair(pair *one)
{
    for (int side = 0; side < 2; side++) {
        close(one->sockets[side]);
        free(one->flows[side].data);
    }
}

static void drop(proxy *between, size_t index)
{
    close_pair(&between->pairs[index]);
    between->pairs[index] = between->pairs[--between->count];
}

/* ---- one connection ---------------------------------------------------------------------------------- */

static int connect_to_server(const proxy *between)
{
    int one = 1;
    struct sockaddr_un local = { .sun_family = AF_UNIX };
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)between->options.port) };
    bool is_unix = between->path[0] != '\0';
    int server = socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    strcpy(local.sun_path, between->path);
    int failed = is_unix ? connect(server, (struct sockaddr *)&local, sizeof local)
                         : connect(server, (struct sockaddr *)&address, sizeof address);
    /* A program that has made its socket, and does not listen on it yet. */
    for (int tries = 0; is_unix && failed != 0 && errno == ECONNREFUSED && tries < 1000; tries++) {
        nanosleep(&(struct timespec){ .tv_sec = 0, .tv_nsec = 5000000 }, NULL);
        failed = connect(server, (struct sockaddr *)&local, sizeof local);
    }
    if (failed != 0) {
        close(server);
        return -1;
    }
    if (!is_unix) {
        setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
    return server;
}

static void take(proxy *between)
{
    int one = 1;
    int client = accept(between->listener, NULL, NULL);
    if (client < 0) {
        return;
    }
    int server = between->count < MOST_PAIRS ? connect_to_server(between) : -1;
    if (server < 0) {
        close(client);
        return;
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(client, F_SETFL, O_NONBLOCK);
    fcntl(server, F_SETFL, O_NONBLOCK);
    pair *new_pair = &between->pairs[between->count++];
    *new_pair = (pair){ .sockets = { client, server }, .greeted = !between->options.answers_ssl_request };
    for (int side = 0; side < 2; side++) {
        new_pair->flows[side].data = malloc(ROOM);
        if (new_pair->flows[side].data == NULL) {
            fprintf(stderr, "proxy: out of memory\n");
            abort();
        }
    }
    pthread_mutex_lock(&between->lock);
    between->connections++;
    pthread_mutex_unlock(&between->lock);
}

/* Reads what has come. False: the connection is lost. */
static bool hear(pair *one, int side)
{
    flow *now = &one->flows[side];
    if (now->start == now->end) {
        now->start = now->end = 0;
    }
    ssize_t count = recv(one->sockets[side], now->data + now->end, ROOM - now->end, 0);
    if (count > 0) {
        now->end += (size_t)count;
        now->heard = milliseconds();
    } else if (count == 0 || errno == ECONNRESET) {
        /* What came before is still carried. */
        now->ended = true;
    } else if (errno != EAGAIN && errno != EINTR) {
        return false;
    }
    return true;
}

/* Takes the client's SSLRequest out of its bytes and answers it. */
static void greet(pair *one)
{
    flow *asked = &one->flows[PROXY_CLIENT];
    flow *answer = &one->flows[PROXY_SERVER];
    if (!one->greeted && asked->end - asked->start >= SSL_REQUEST_LENGTH) {
        asked->start += SSL_REQUEST_LENGTH;
        answer->data[answer->end++] = 'S';
        one->greeted = true;
    }
}

static bool is_due(const proxy *between, const pair *one, int side)
{
    const flow *now = &one->flows[side];
    if (now->start == now->end || !one->greeted) {
        return false;
    }
    return between->options.manner != PROXY_COALESCE || now->ended || now->end == ROOM || milliseconds() - now->heard >= QUIET;
}

/* Sends what is due. False: the connection is lost, or cut. */
static bool carry(proxy *between, pair *one, int side)
{
    flow *now = &one->flows[side];
    while (now->start < now->end) {
        size_t piece = between->options.manner == PROXY_DRIBBLE ? 1 : now->end - now->start;
        pthread_mutex_lock(&between->lock);
        size_t allowed = between->limits[side] - between->carried[side];
        bool cut = between->cut, held = between->held;
        pthread_mutex_unlock(&between->lock);
        if (cut || held) {
            return !cut;
        }
        ssize_t count = send(one->sockets[1 - side], now->data + now->start, piece < allowed ? piece : allowed, MSG_NOSIGNAL);
        if (count < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        now->start += (size_t)count;
        pthread_mutex_lock(&between->lock);
        between->carried[side] += (size_t)count;
        between->cut = between->cut || between->carried[side] >= between->limits[side];
        pthread_mutex_unlock(&between->lock);
    }
    return true;
}

/* Hands the end of one side on to the other. */
static void hand_on_the_end(pair *one, int side)
{
    flow *now = &one->flows[side];
    if (now->ended && !now->closed && now->start == now->end) {
        shutdown(one->sockets[1 - side], SHUT_WR);
        now->closed = true;
    }
}

/* False: the connection is over. */
static bool serve(proxy *between, pair *one, const struct pollfd *pollers)
{
    for (int side = 0; side < 2; side++) {
        if ((pollers[side].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && (pollers[side].events & POLLIN) != 0 && !hear(one, side)) {
            return false;
        }
    }
    greet(one);
    for (int side = 0; side < 2; side++) {
        if (is_due(between, one, side) && !carry(between, one, side)) {
            return false;
        }
        hand_on_the_end(one, side);
    }
    return !one->flows[0].closed || !one->flows[1].closed;
}

/* ---- the thread ---------------------------------------------------------------------------------------- */

/* What to wait for: readable while there is room, writable while something is due. */
static short events_of(const proxy *between, const pair *one, int side)
{
    const flow *from = &one->flows[side];
    short events = 0;
    if (!from->ended && (from->end < ROOM || from->start == from->end)) {
        events |= POLLIN;
    }
    if (is_due(between, one, 1 - side)) {
        events |= POLLOUT;
    }
    return events;
}

static bool is_waiting(const pair *one)
{
    return one->flows[0].start < one->flows[0].end || one->flows[1].start < one->flows[1].end;
}

static void turn(proxy *between, bool held)
{
    struct pollfd pollers[2 + 2 * MOST_PAIRS] = { { .fd = between->wake[0], .events = POLLIN } };
    nfds_t count = 1;
    int timeout = -1;
    size_t pairs = between->count;
    if (!held) {
        pollers[count++] = (struct pollfd){ .fd = between->listener, .events = POLLIN };
        for (size_t i = 0; i < pairs; i++) {
            for (int side = 0; side < 2; side++) {
                short events = events_of(between, &between->pairs[i], side);
                /* A socket that nothing is wanted of would still report its end, again and again. */
                pollers[count++] = (struct pollfd){ .fd = events == 0 ? -1 : between->pairs[i].sockets[side], .events = events };
            }
            if (between->options.manner == PROXY_COALESCE && is_waiting(&between->pairs[i])) {
                timeout = QUIET;
            }
        }
    }
    if (poll(pollers, count, timeout) < 0) {
        return;
    }
    if (pollers[0].revents != 0) {
        char byte;
        ssize_t ignored = read(between->wake[0], &byte, 1);
        (void)ignored;
        return;
    }
    if (held) {
        return;
    }
    /* Backwards: a pair that ends is replaced by the last. */
    for (size_t i = pairs; i > 0; i--) {
        if (!serve(between, &between->pairs[i - 1], &pollers[2 * i])) {
            drop(between, i - 1);
        }
    }
    if (pollers[1].revents != 0) {
        take(between);
    }
}

static void *run_proxy(void *context)
{
    proxy *between = context;
    for (;;) {
        pthread_mutex_lock(&between->lock);
        bool held = between->held, finished = between->finished, cut = between->cut;
        pthread_mutex_unlock(&between->lock);
        if (cut || finished) {
            while (between->count > 0) {
                drop(between, between->count - 1);
            }
            if (between->listener >= 0) {
                close(between->listener);
                between->listener = -1;
            }
        }
        if (finished) {
            return NULL;
        }
        turn(between, held || cut);
    }
}

static void wake(proxy *between)
{
    ssize_t ignored = write(between->wake[1], "w", 1);
    (void)ignored;
}

/* ---- for the case ---------------------------------------------------------------------------------------- */

proxy *proxy_start(const proxy_options *options)
{
    proxy *between = calloc(1, sizeof *between);
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t length = sizeof address;
    CHECK(between != NULL);
    between->options = *options;
    between->limits[0] = between->limits[1] = SIZE_MAX;
    if (options->path != NULL) {
        CHECK(strlen(options->path) < sizeof between->path);
        strcpy(between->path, options->path);
    }
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    between->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (between->listener < 0 || bind(between->listener, (struct sockaddr *)&address, sizeof address) != 0
        || listen(between->listener, MOST_PAIRS) != 0 || getsockname(between->listener, (struct sockaddr *)&address, &length) != 0
        || pipe(between->wake) != 0) {
        FAIL("proxy: cannot listen on 127.0.0.1: %s", strerror(errno));
    }
    fcntl(between->listener, F_SETFL, O_NONBLOCK);
    between->port = ntohs(address.sin_port);
    pthread_mutex_init(&between->lock, NULL);
    int failed = pthread_create(&between->thread, NULL, run_proxy, between);
    if (failed != 0) {
        FAIL("proxy: pthread_create: %s", strerror(failed));
    }
    return between;
}

unsigned proxy_port(const proxy *between)
{
    return between->port;
}

void proxy_hold(proxy *between, bool held)
{
    pthread_mutex_lock(&between->lock);
    between->held = held;
    pthread_mutex_unlock(&between->lock);
    wake(between);
}

void proxy_cut_after(proxy *between, proxy_side side, size_t bytes)
{
    pthread_mutex_lock(&between->lock);
    between->limits[side] = bytes;
    between->cut = between->cut || between->carried[side] >= bytes;
    pthread_mutex_unlock(&between->lock);
    wake(between);
}

size_t proxy_carried(proxy *between, proxy_side side)
{
    pthread_mutex_lock(&between->lock);
    size_t carried = between->carried[side];
    pthread_mutex_unlock(&between->lock);
    return carried;
}

size_t proxy_connections(proxy *between)
{
    pthread_mutex_lock(&between->lock);
    size_t connections = between->connections;
    pthread_mutex_unlock(&between->lock);
    return connections;
}

void proxy_finish(proxy *between)
{
    pthread_mutex_lock(&between->lock);
    between->finished = true;
    pthread_mutex_unlock(&between->lock);
    wake(between);
    pthread_join(between->thread, NULL);
    close(between->wake[0]);
    close(between->wake[1]);
    pthread_mutex_destroy(&between->lock);
    free(between);
}
