/* What the two halves of the fake server share: building a script (fake_script.c), running it
 * (fake_server.c). */
#ifndef FAKE_INTERNAL_H
#define FAKE_INTERNAL_H

#include "fake_server.h"

#include <pthread.h>

enum operation { STARTUP, EXPECT_SSL_REQUEST, EXPECT_BYTES, EXPECT, EXPECT_UNTIL, EXPECT_CLOSE, SILENCE, SEND, SHUTDOWN, RESET, CALL };

typedef struct step {
    enum operation operation;
    char type;
    size_t count;     /* EXPECT_BYTES: how many */
    fake_bytes bytes; /* SEND: what; EXPECT: the text */
    fake_callback callback;
    void *context;
} step;

struct fake_server {
    step *steps;
    size_t step_count;
    fake_message *log;
    size_t log_count;
    fake_bytes rest;
    int listener, client;
    bool is_unix, slow, cut, started, joined;
    bool gone;     /* the client closed, or writing to it failed */
    bool finished; /* the server ended the conversation itself */
    size_t cut_after, sent;
    pthread_t thread;
    char directory[64];
    char dsn[256];
    char problem[512];
};

/* realloc that ends the program when memory lacks. */
void *fake_grown(void *memory, size_t size);

#endif
