/* A scripted PostgreSQL server for what a real one will not do: it lies, stops short, or sends bytes one by
 * one. It takes one connection, in a thread of the test program.
 *
 *     fake_server *fake = fake_new();
 *     fake_greet(fake);                          // start-up, AuthenticationOk ... ReadyForQuery
 *     fake_expect(fake, 'Q', "SELECT 1");
 *     fake_send_header(fake, 'D', 0xffffffff);
 *     fake_silence(fake);                        // until the client closes
 *     fake_start(fake);
 *     ... dbapi_connect(fake_dsn(fake), ...), the calls under test, dbapi_connection_free ...
 *     fake_finish(fake);                         // the case fails unless the script ran to its end
 *
 * The functions above fake_start add a step to the script, in order. Every wait of the server has a deadline
 * (FAKE_DEADLINE seconds). Where the client closes while the server still sends, the rest of the sending is
 * passed over: the script's last step says whether the client was meant to close. */
#ifndef FAKE_SERVER_H
#define FAKE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FAKE_DEADLINE = 20 };

typedef struct fake_server fake_server;

/* What the client sent. The start-up packet has type 0, SSLRequest and GSSENCRequest too. */
typedef struct fake_message {
    char type;
    unsigned char *body; /* without type and length; NUL-terminated */
    size_t length;
} fake_message;

/* Bytes being built, for bodies of messages. */
typedef struct fake_bytes {
    unsigned char *data;
    size_t length, capacity;
} fake_bytes;

void fake_put(fake_bytes *bytes, const void *data, size_t length);
void fake_put_int16(fake_bytes *bytes, uint16_t value);
void fake_put_int32(fake_bytes *bytes, uint32_t value);
/* A text with its NUL. */
void fake_put_text(fake_bytes *bytes, const char *text);
/* A whole message: type, length, body. */
void fake_put_message(fake_bytes *bytes, char type, const void *body, size_t length);
void fake_bytes_free(fake_bytes *bytes);

/* A server that will listen on a free port of 127.0.0.1, or on a Unix socket. */
fake_server *fake_new(void);
fake_server *fake_new_unix(void);
/* Whatever the script says: close after this many bytes were sent. Such an end counts as the script's. */
void fake_cut_after(fake_server *fake, size_t bytes);
/* Sends everything byte by byte. */
void fake_slowly(fake_server *fake);

/* Reading. fake_expect wants one message of this type, whose body begins with `text` (NULL: any);
 * fake_expect_until reads on to one of this type, whatever comes before it. */
void fake_expect_startup(fake_server *fake); /* refuses encryption, if asked */
void fake_expect_ssl_request(fake_server *fake); /* an SSLRequest, which is not answered */
void fake_expect_bytes(fake_server *fake, size_t length); /* at least so many, whatever they are: fake_rest */
void fake_expect(fake_server *fake, char type, const char *text);
void fake_expect_until(fake_server *fake, char type);
void fake_expect_close(fake_server *fake); /* Terminate, then the end of the connection */
void fake_silence(fake_server *fake);      /* reads until the client closes, whatever comes */

/* Sending. */
void fake_send(fake_server *fake, const void *data, size_t length);
void fake_send_message(fake_server *fake, char type, const void *body, size_t length);
void fake_send_header(fake_server *fake, char type, uint32_t length); /* and nothing behind it */
void fake_send_auth(fake_server *fake, uint32_t code, const void *data, size_t length);
void fake_send_parameter(fake_server *fake, const char *name, const char *value);
void fake_send_ready(fake_server *fake, char status);
void fake_send_columns(fake_server *fake, size_t count, uint32_t oid); /* named c0, c1 ..., text format */
void fake_send_row(fake_server *fake, size_t count, const char *const *fields);
void fake_send_complete(fake_server *fake, const char *tag);
void fake_send_error(fake_server *fake, const char *severity, const char *sqlstate, const char *message);

/* fake_send_session: parameters, key and ReadyForQuery, which follow AuthenticationOk.
 * fake_greet: a whole start-up without a password. */
void fake_send_session(fake_server *fake);
void fake_greet(fake_server *fake);

/* Ending. */
void fake_shutdown(fake_server *fake); /* closes the server's side */
void fake_reset(fake_server *fake);    /* makes the client's next read fail with ECONNRESET */

/* A step of the test's own, run in the server's thread. It returns false to fail the script, having said why
 * with fake_problem. It may read and write with the two functions below, which answer NULL and false when
 * the connection ended or the deadline passed. */
typedef bool (*fake_callback)(fake_server *fake, void *context);
void fake_call(fake_server *fake, fake_callback callback, void *context);
const fake_message *fake_read(fake_server *fake);
bool fake_write(fake_server *fake, const void *data, size_t length);
void fake_problem(fake_server *fake, const char *format, ...);

/* Running. The DSN stays until fake_finish. With it, statements are sent each time as they are sent the first time. */
void fake_start(fake_server *fake);
const char *fake_dsn(const fake_server *fake);
/* Waits for the script's end. NULL: it ran as written; else what went wrong. */
const char *fake_join(fake_server *fake);
/* What the client sent; to be called after fake_join. */
size_t fake_log_count(const fake_server *fake);
const fake_message *fake_log_at(const fake_server *fake, size_t index);
/* What the client sent that was not read as messages: by fake_expect_bytes and fake_silence, and after the end. The
 * first 64 KiB of it. */
const fake_bytes *fake_rest(const fake_server *fake);
/* How many bytes the server sent. */
size_t fake_sent(const fake_server *fake);
/* fake_join, a failed check if something went wrong, and the server's memory is freed. */
void fake_finish(fake_server *fake);
void fake_free(fake_server *fake);

#endif
