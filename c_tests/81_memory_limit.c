/* A hostile server against a process with little memory: five bytes that announce gigabytes, and rows
 * without end, are errors. The process lives on. */
#define _XOPEN_SOURCE 700
#include "hostile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

enum { LIMIT_MIB = 256 };

static void limit_memory(void)
{
    struct rlimit limit = { .rlim_cur = (rlim_t)LIMIT_MIB << 20, .rlim_max = (rlim_t)LIMIT_MIB << 20 };
#if defined(__GLIBC__)
    /* An arena for each thread would reserve 64 MiB of the limit. */
    mallopt(M_ARENA_MAX, 1);
#endif
    CHECK_INT(setrlimit(RLIMIT_AS, &limit), 0);
    CHECK_PTR(malloc((size_t)LIMIT_MIB << 20), NULL);
}

/* Every message a server can send, and lengths up to 4 GiB. The server closes behind it. */
static void headers_that_announce_gigabytes(void)
{
    static const char types[] = "RKSZTDCENAtn123IVGHWdcsv";
    static const uint32_t lengths[] = { 0xffffffff, 0x80000000, 0x7fffffff, 0x40000000, 0x3fffffff, 0x20000000 };
    limit_memory();
    for (size_t i = 0; types[i] != '\0'; i++) {
        for (size_t j = 0; j < COUNT(lengths); j++) {
            char what[60];
            snprintf(what, sizeof what, "type '%c', length 0x%lx", types[i], (unsigned long)lengths[j]);
            fake_server *fake = fake_after_query();
            fake_send_header(fake, types[i], lengths[j]);
            fake_shutdown(fake);
            check_breaks(fake, EITHER, what);
        }
    }
}

static void headers_before_the_login(void)
{
    static const char types[] = "RENKSZvDT";
    limit_memory();
    for (size_t i = 0; types[i] != '\0'; i++) {
        dbapi_connection_t *connection = NULL;
        fake_server *fake = fake_new();
        fake_expect_startup(fake);
        fake_send_header(fake, types[i], 0xffffffff);
        fake_silence(fake);
        fake_start(fake);
        CHECK_FAILS(dbapi_connect(fake_dsn(fake), &connection, &failure), DBAPI_OPERATIONAL_ERROR, "08P01", NULL);
        CHECK_PTR(connection, NULL);
        fake_finish(fake);
    }
}

/* Announces a row that the limit does not hold, and sends as much of it as the client takes. */
static bool send_a_huge_row(fake_server *fake, void *context)
{
    enum { SIZE = 600 << 20 };
    static const char zeroes[65536];
    fake_bytes head = { .data = NULL };
    (void)context;
    fake_put(&head, "D", 1);
    fake_put_int32(&head, SIZE + 10);
    fake_put_int16(&head, 1);
    fake_put_int32(&head, SIZE);
    bool taken = fake_write(fake, head.data, head.length);
    fake_bytes_free(&head);
    for (size_t sent = 0; taken && sent < SIZE; sent += sizeof zeroes) {
        taken = fake_write(fake, zeroes, sizeof zeroes);
    }
    return true;
}

static void a_row_larger_than_memory(void)
{
    limit_memory();
    fake_server *fake = fake_after_query();
    fake_send_columns(fake, 1, 25);
    fake_call(fake, send_a_huge_row, NULL);
    fake_silence(fake);
    check_breaks(fake, EITHER, "a row of 600 MiB");
}

/* Sends rows until the client closes; 2 GiB at most. */
static bool send_rows_without_end(fake_server *fake, void *context)
{
    static const char text[8192];
    fake_bytes body = { .data = NULL };
    fake_bytes rows = { .data = NULL };
    (void)context;
    fake_put_int16(&body, 1);
    fake_put_int32(&body, sizeof text);
    fake_put(&body, text, sizeof text);
    for (int i = 0; i < 16; i++) {
        fake_put_message(&rows, 'D', body.data, body.length);
    }
    for (size_t sent = 0; sent < (size_t)1 << 31; sent += rows.length) {
        if (!fake_write(fake, rows.data, rows.length)) {
            break;
        }
    }
    fake_bytes_free(&rows);
    fake_bytes_free(&body);
    return true;
}

static void rows_larger_than_memory(void)
{
    limit_memory();
    fake_server *fake = fake_after_query();
    fake_send_columns(fake, 1, 25);
    fake_call(fake, send_rows_without_end, NULL);
    fake_silence(fake);
    check_breaks(fake, EITHER, "rows without end");
}

/* After all of it, memory is there again. */
static void memory_is_given_back(void)
{
    limit_memory();
    void *memory = malloc((size_t)128 << 20);
    CHECK(memory != NULL);
    free(memory);
}

CHECK_MAIN(CASE(headers_that_announce_gigabytes), CASE(headers_before_the_login), CASE(a_row_larger_than_memory),
           CASE(rows_larger_than_memory), CASE(memory_is_given_back))
