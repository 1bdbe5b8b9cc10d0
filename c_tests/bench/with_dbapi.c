/* The works of run.sh through libdbapi: see bench.h. */
#define _GNU_SOURCE
#include "bench.h"

#include <dbapi.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static void check(dbapi_status_t status, dbapi_error_t **error)
{
    if (status != DBAPI_OK) {
        bench_fail("%s", dbapi_error_message(*error));
    }
}

static dbapi_connection_t *connect_bench(void)
{
    dbapi_error_t *error = NULL;
    dbapi_connection_t *connection = NULL;
    dbapi_status_t status = dbapi_connect(bench_dsn(), &connection, &error);
    if (status == DBAPI_PROGRAMMING_ERROR) {
        /* An older library does not know a keyword. */
        bench_skip("%s", dbapi_error_message(error));
    }
    check(status, &error);
    check(dbapi_connection_set_autocommit(connection, true, &error), &error);
    return connection;
}

static dbapi_cursor_t *cursor_of(dbapi_connection_t *connection)
{
    dbapi_error_t *error = NULL;
    dbapi_cursor_t *cursor = NULL;
    check(dbapi_cursor(connection, &cursor, &error), &error);
    return cursor;
}

static void execute(dbapi_cursor_t *cursor, const char *sql, const dbapi_value_t *params, size_t nparams)
{
    dbapi_error_t *error = NULL;
    check(dbapi_execute(cursor, sql, params, nparams, &error), &error);
}

/* Looked up when it runs, so that the program builds with a library that does not have it yet. */
static void set_stream(dbapi_cursor_t *cursor)
{
    dbapi_status_t (*function)(dbapi_cursor_t *, bool, dbapi_error_t **);
    dbapi_error_t *error = NULL;
    void *symbol = dlsym(RTLD_DEFAULT, "dbapi_cursor_set_stream");
    if (!symbol) {
        bench_skip("this library has no dbapi_cursor_set_stream");
    }
    memcpy(&function, &symbol, sizeof function);
    check(function(cursor, true, &error), &error);
}

static void set_up(dbapi_cursor_t *cursor, const char *variant)
{
    dbapi_error_t *error = NULL;
    if (strstr(variant, "stream")) {
        set_stream(cursor);
    }
    if (strstr(variant, "binary")) {
        check(dbapi_cursor_set_result_format(cursor, DBAPI_FORMAT_BINARY, &error), &error);
    }
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static inline int64_t read_row(const dbapi_value_t *row)
{
    return row[0].as.integer + (int64_t)(row[1].as.floating * 2) + bench_text(row[2].as.text.data, row[2].as.text.length)
        + row[3].as.boolean;
}

static inline int64_t read_wide(const dbapi_value_t *row)
{
    uint64_t sum = 0;
    for (int i = 0; i < BENCH_WIDE_COLUMNS; i++) {
        /* NULL is none of these, and not in this table. */
        switch (row[i].kind) {
        case DBAPI_KIND_INT:
        case DBAPI_KIND_TIMESTAMPTZ:
            sum += (uint64_t)row[i].as.integer;
            break;
        case DBAPI_KIND_TEXT:
            sum += (uint64_t)bench_text(row[i].as.text.data, row[i].as.text.length);
            break;
        default:
            bench_fail("column %d is of kind %d", i + 1, (int)row[i].kind);
        }
    }
    return (int64_t)(sum % BENCH_CHECK);
}

typedef int64_t row_reader(const dbapi_value_t *row);

static int64_t fetch_one(dbapi_cursor_t *cursor, row_reader *read)
{
    dbapi_error_t *error = NULL;
    const dbapi_value_t *row = NULL;
    dbapi_status_t status;
    int64_t sum = 0;
    while ((status = dbapi_fetchone(cursor, &row, &error)) == DBAPI_OK) {
        sum += read(row);
    }
    if (status != DBAPI_DONE) {
        check(status, &error);
    }
    return sum;
}

static inline int64_t fetch_blocks(dbapi_cursor_t *cursor, row_reader *read, size_t size, size_t columns)
{
    dbapi_error_t *error = NULL;
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    dbapi_status_t status;
    int64_t sum = 0;
    while ((status = size ? dbapi_fetchmany(cursor, size, &rows, &count, &error) : dbapi_fetchall(cursor, &rows, &count, &error))
        == DBAPI_OK) {
        for (size_t i = 0; i < count; i++) {
            sum += read(rows + i * columns);
        }
    }
    if (status != DBAPI_DONE) {
        check(status, &error);
    }
    return sum;
}

static inline int64_t fetch(dbapi_cursor_t *cursor, const char *variant, row_reader *read, size_t columns)
{
    if (strstr(variant, "one")) {
        return fetch_one(cursor, read);
    }
    return fetch_blocks(cursor, read, strstr(variant, "many") ? BENCH_BLOCK : 0, columns);
}

static void rows(const char *variant, long count)
{
    char sql[200];
    dbapi_connection_t *connection = connect_bench();
    dbapi_cursor_t *cursor = cursor_of(connection);
    set_up(cursor, variant);
    snprintf(sql, sizeof sql, BENCH_ROWS_SQL, 10L);
    execute(cursor, sql, NULL, 0);
    fetch(cursor, variant, read_row, 4);
    snprintf(sql, sizeof sql, BENCH_ROWS_SQL, count);
    bench_start();
    execute(cursor, sql, NULL, 0);
    int64_t sum = fetch(cursor, variant, read_row, 4);
    bench_stop();
    bench_report(count, sum);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void wide(const char *variant, long count)
{
    char sql[200];
    dbapi_connection_t *connection = connect_bench();
    dbapi_cursor_t *cursor = cursor_of(connection);
    set_up(cursor, variant);
    snprintf(sql, sizeof sql, BENCH_WIDE_SQL, 0L);
    execute(cursor, sql, NULL, 0);
    fetch(cursor, variant, read_wide, BENCH_WIDE_COLUMNS);
    snprintf(sql, sizeof sql, BENCH_WIDE_SQL, count / 1000);
    bench_start();
    execute(cursor, sql, NULL, 0);
    int64_t sum = fetch(cursor, variant, read_wide, BENCH_WIDE_COLUMNS);
    bench_stop();
    bench_report(count, sum);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

/* ---- statements -------------------------------------------------------------------------------------------------- */

static int64_t read_point(dbapi_cursor_t *cursor)
{
    const dbapi_value_t *row = NULL;
    int64_t sum = 0;
    while (dbapi_fetchone(cursor, &row, NULL) == DBAPI_OK) {
        sum += row[0].as.integer + bench_text(row[1].as.text.data, row[1].as.text.length);
    }
    return sum;
}

static int64_t point_queries(dbapi_cursor_t *cursor, long first, long count)
{
    int64_t sum = 0;
    for (long i = first; i < first + count; i++) {
        const dbapi_value_t params[] = { DBAPI_INT(bench_id(i)) };
        execute(cursor, BENCH_POINT_SQL, params, 1);
        sum += read_point(cursor);
    }
    return sum;
}

static void point(const char *variant, long count)
{
    dbapi_connection_t *connection = connect_bench();
    dbapi_cursor_t *cursor = cursor_of(connection);
    bench_pin(variant, dbapi_connection_backend_pid(connection));
    point_queries(cursor, 0, 100);
    bench_start();
    int64_t sum = point_queries(cursor, 0, count);
    bench_stop();
    bench_report(count, sum);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void one_shot(const char *variant, long count)
{
    dbapi_connection_t *connection = connect_bench();
    dbapi_cursor_t *cursor = cursor_of(connection);
    bench_pin(variant, dbapi_connection_backend_pid(connection));
    point_queries(cursor, 0, 100);
    int64_t sum = 0;
    bench_start();
    for (long i = 0; i < count; i++) {
        char sql[200];
        const dbapi_value_t params[] = { DBAPI_INT(bench_id(i)) };
        snprintf(sql, sizeof sql, BENCH_ONE_SHOT_SQL, -1 - i);
        execute(cursor, sql, params, 1);
        sum += read_point(cursor);
    }
    bench_stop();
    bench_report(count, sum);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static long queries_a_thread;

static int64_t thread_body(int number, void (*ready)(void))
{
    dbapi_connection_t *connection = connect_bench();
    dbapi_cursor_t *cursor = cursor_of(connection);
    point_queries(cursor, 0, 100);
    ready();
    int64_t sum = point_queries(cursor, number * queries_a_thread, queries_a_thread);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    return sum;
}

static void threads(const char *variant, long count)
{
    (void)variant;
    queries_a_thread = count / BENCH_THREADS;
    int64_t sum = bench_threads(thread_body);
    bench_report(queries_a_thread * BENCH_THREADS, sum);
}

static void inserts(const char *variant, long count)
{
    dbapi_error_t *error = NULL;
    dbapi_connection_t *connection = connect_bench();
    bench_pin(variant, dbapi_connection_backend_pid(connection));
    dbapi_cursor_t *cursor = cursor_of(connection);
    execute(cursor, BENCH_INSERT_TABLE_SQL, NULL, 0);
    bench_insert *source = bench_inserts(count);
    dbapi_value_t *values = bench_allocate((size_t)count * 3 * sizeof *values);
    bench_start();
    for (long i = 0; i < count; i++) {
        values[i * 3] = DBAPI_INT(source[i].a);
        values[i * 3 + 1] = DBAPI_TEXT(source[i].b);
        values[i * 3 + 2] = DBAPI_FLOAT(source[i].c);
    }
    check(dbapi_executemany(cursor, BENCH_INSERT_SQL, values, 3, (size_t)count, &error), &error);
    bench_stop();
    const dbapi_value_t *row = NULL;
    execute(cursor, BENCH_INSERT_CHECK_SQL, NULL, 0);
    check(dbapi_fetchone(cursor, &row, &error), &error);
    bench_report(count, row[0].as.integer + row[1].as.integer + row[2].as.integer);
    free(values);
    free(source);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void connects(const char *variant, long count)
{
    (void)variant;
    dbapi_error_t *error = NULL;
    dbapi_connection_t *connection = NULL;
    dbapi_connection_free(connect_bench());
    bench_start();
    for (long i = 0; i < count; i++) {
        check(dbapi_connect(bench_dsn(), &connection, &error), &error);
        dbapi_close(connection, NULL);
        dbapi_connection_free(connection);
    }
    bench_stop();
    bench_report(count, count);
}

int main(int argc, char **argv)
{
    static const bench_work works[] = {
        { "rows", "one", rows },
        { "rows", "many", rows },
        { "rows", "all", rows },
        { "rows", "one-binary", rows },
        { "rows", "stream-one", rows },
        { "rows", "stream-many", rows },
        { "wide", "one", wide },
        { "wide", "many", wide },
        { "wide", "many-binary", wide },
        { "wide", "stream-many", wide },
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
        { "threads", "execute", threads },
    };
    return bench_main(works, sizeof works / sizeof works[0], argc, argv);
}
