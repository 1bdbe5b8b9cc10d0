/* A man in the middle who only carries bytes: between the library and a real server, in a manner that no network
 * forbids and few show. It runs in a thread of the test program and takes any number of connections.
 *
 *     proxy *between = proxy_start(&(proxy_options){ .port = 5432, .manner = PROXY_DRIBBLE });
 *     ... connect to 127.0.0.1 and proxy_port(between) ...
 *     proxy_finish(between);
 *
 * All functions may be called while bytes flow, from the thread that runs the cases. */
#ifndef PROXY_H
#define PROXY_H

#include <stdbool.h>
#include <stddef.h>

typedef struct proxy proxy;

typedef enum proxy_manner {
    PROXY_PLAIN,   /* as bytes come */
    PROXY_DRIBBLE, /* each byte on its own */
    PROXY_COALESCE /* what comes within some milliseconds in one piece, up to 256 KiB */
} proxy_manner;

/* Who sends the bytes that are meant. */
typedef enum proxy_side { PROXY_CLIENT, PROXY_SERVER } proxy_side;

typedef struct proxy_options {
    unsigned port;    /* of the server, on 127.0.0.1 */
    const char *path; /* or its Unix socket */
    proxy_manner manner;
    /* Answers the client's SSLRequest with 'S' by itself: who listens behind it begins with TLS. */
    bool answers_ssl_request;
} proxy_options;

proxy *proxy_start(const proxy_options *options);
/* Where it listens, on 127.0.0.1. */
unsigned proxy_port(const proxy *between);

/* true: the cable is pulled. Nothing is read, carried or closed any more, and new connections get no answer,
 * until it is plugged in again with false. */
void proxy_hold(proxy *between, bool held);

/* Closes every connection as soon as so many bytes of this side were carried since proxy_start, and takes no more.
 * Of later bytes nothing is carried. */
void proxy_cut_after(proxy *between, proxy_side side, size_t bytes);

/* How many bytes of this side were carried; how many connections were taken. */
size_t proxy_carried(proxy *between, proxy_side side);
size_t proxy_connections(proxy *between);

/* Ends it: closes all connections, and frees its memory. */
void proxy_finish(proxy *between);

#endif
