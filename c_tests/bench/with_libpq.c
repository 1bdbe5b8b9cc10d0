/* The works of run.sh through libpq, as one who knows it would write them: see bench.h. `setup` makes the tables that
 * the works read. Built with any libpq's header; what only a newer one has is looked up when it runs. */
#define _GNU_SOURCE
#include "bench.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <endian.h>
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { INT4_OID = 23, FLOAT8_OID = 701, TEXT_OID = 25, TIMESTAMPTZ_OID = 1184 };
/* From libpq 17 on: a PGresult with some of the rows. */
enum { TUPLES_CHUNK = 12 };
/* Microseconds from 1970 to 2000, PostgreSQL's epoch. */
static const int64_t epoch = INT64_C(946684800000000);

static PGconn *connect_bench(void)
{
    PGconn *connection = PQconnectdb(bench_dsn());
    if (PQstatus(connection) != CONNECTION_OK) {
        bench_fail("%s", PQerrorMessage(connection));
    }
    return connection;
}

static PGresult *expect(PGconn *connection, PGresult *result, ExecStatusType status)
{
    if (PQresultStatus(result) != status) {
        bench_fail("%s: %s", PQresStatus(PQresultStatus(result)), PQerrorMessage(connection));
    }
    return result;
}

static void command(PGconn *connection, const char *sql)
{
    PQclear(expect(connection, PQexec(connection, sql), PGRES_COMMAND_OK));
}

static int32_t int4_of(const char *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return (int32_t)ntohl(value);
}

static int64_t int8_of(const char *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return (int64_t)be64toh(value);
}

static double float8_of(const char *bytes)
{
    uint64_t bits;
    double value;
    memcpy(&bits, bytes, sizeof bits);
    bits = be64toh(bits);
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static int64_t read_text_rows(const PGresult *result)
{
    int64_t sum = 0;
    int count = PQntuples(result);
    for (int i = 0; i < count; i++) {
        sum += strtoll(PQgetvalue(result, i, 0), NULL, 10) + (int64_t)(strtod(PQgetvalue(result, i, 1), NULL) * 2)
            + bench_text(PQgetvalue(result, i, 2), (size_t)PQgetlength(result, i, 2)) + (PQgetvalue(result, i, 3)[0] == 't');
    }
    return sum;
}

static int64_t read_binary_rows(const PGresult *result)
{
    int64_t sum = 0;
    int count = PQntuples(result);
    for (int i = 0; i < count; i++) {
        sum += int4_of(PQgetvalue(result, i, 0)) + (int64_t)(float8_of(PQgetvalue(result, i, 1)) * 2)
            + bench_text(PQgetvalue(result, i, 2), (size_t)PQgetlength(result, i, 2)) + PQgetvalue(result, i, 3)[0];
    }
    return sum;
}

static int64_t read_wide_rows(const PGresult *result)
{
    int64_t sum = 0;
    int count = PQntuples(result);
    int columns = PQnfields(result);
    Oid types[BENCH_WIDE_COLUMNS];
    if (columns != BENCH_WIDE_COLUMNS) {
        bench_fail("%d columns", columns);
    }
    for (int column = 0; column < columns; column++) {
        types[column] = PQftype(result, column);
    }
    for (int i = 0; i < count; i++) {
        uint64_t row = 0;
        for (int column = 0; column < columns; column++) {
            const char *value = PQgetvalue(result, i, column);
            switch (types[column]) {
            case INT4_OID:
                row += (uint64_t)int4_of(value);
                break;
            case TEXT_OID:
                row += (uint64_t)bench_text(value, (size_t)PQgetlength(result, i, column));
                break;
            case TIMESTAMPTZ_OID:
                row += (uint64_t)(int8_of(value) + epoch);
                break;
            default:
                bench_fail("column %d is of type %u", column + 1, types[column]);
            }
        }
        sum += (int64_t)(row % BENCH_CHECK);
    }
    return sum;
}

typedef int64_t result_reader(const PGresult *result);

/* Rows as they arrive: one a PGresult, or, where `chunk` says so, as many. */
static int64_t read_stream(PGconn *connection, const char *sql, int format, int chunk, result_reader *read)
{
    int sent = format ? PQsendQueryParams(connection, sql, 0, NULL, NULL, NULL, NULL, 1) : PQsendQuery(connection, sql);
    int set = 0;
    if (chunk) {
        int (*function)(PGconn *, int);
        void *symbol = dlsym(RTLD_DEFAULT, "PQsetChunkedRowsMode");
        if (!symbol) {
            bench_skip("libpq %d has no PQsetChunkedRowsMode", PQlibVersion());
        }
        memcpy(&function, &symbol, sizeof function);
        set = sent && function(connection, chunk);
    } else {
        set = sent && PQsetSingleRowMode(connection);
    }
    if (!set) {
        bench_fail("%s", PQerrorMessage(connection));
    }
    int64_t sum = 0;
    PGresult *result;
    while ((result = PQgetResult(connection)) != NULL) {
        int status = (int)PQresultStatus(result);
        if (status != PGRES_SINGLE_TUPLE && status != TUPLES_CHUNK) {
            expect(connection, result, PGRES_TUPLES_OK);
        }
        sum += read(result);
        PQclear(result);
    }
    return sum;
}

static int64_t read_result(PGconn *connection, const char *variant, const char *sql, result_reader *text, result_reader *binary)
{
    int format = strstr(variant, "binary") != NULL;
    result_reader *read = format ? binary : text;
    if (strstr(variant, "single")) {
        return read_stream(connection, sql, format, 0, read);
    }
    if (strstr(variant, "chunks")) {
        return read_stream(connection, sql, format, BENCH_BLOCK, read);
    }
    PGresult *result = format ? PQexecParams(connection, sql, 0, NULL, NULL, NULL, NULL, 1) : PQexec(connection, sql);
    int64_t sum = read(expect(connection, result, PGRES_TUPLES_OK));
    PQclear(result);
    return sum;
}

static void rows(const char *variant, long count)
{
    char sql[200];
    PGconn *connection = connect_bench();
    snprintf(sql, sizeof sql, BENCH_ROWS_SQL, 10L);
    read_result(connection, variant, sql, read_text_rows, read_binary_rows);
    snprintf(sql, sizeof sql, BENCH_ROWS_SQL, count);
    bench_start();
    int64_t sum = read_result(connection, variant, sql, read_text_rows, read_binary_rows);
    bench_stop();
    bench_report(count, sum);
    PQfinish(connection);
}

static void wide(const char *variant, long count)
{
    char sql[200];
    PGconn *connection = connect_bench();
    snprintf(sql, sizeof sql, BENCH_WIDE_SQL, 0L);
    read_result(connection, variant, sql, read_wide_rows, read_wide_rows);
    snprintf(sql, sizeof sql, BENCH_WIDE_SQL, count / 1000);
    bench_start();
    int64_t sum = read_result(connection, variant, sql, read_wide_rows, read_wide_rows);
    bench_stop();
    bench_report(count, sum);
    PQfinish(connection);
}

/* ---- statements -------------------------------------------------------------------------------------------------- */

enum point_way { WITH_PARAMS, PREPARED, PREPARED_BINARY };

static void prepare_point(PGconn *connection)
{
    const Oid types[] = { INT4_OID };
    PQclear(expect(connection, PQprepare(connection, "point", BENCH_POINT_SQL_NUMBERED, 1, types), PGRES_COMMAND_OK));
}

static int64_t read_point(PGconn *connection, PGresult *result, int binary)
{
    int64_t sum = 0;
    expect(connection, result, PGRES_TUPLES_OK);
    for (int row = 0; row < PQntuples(result); row++) {
        const char *value = PQgetvalue(result, row, 0);
        sum += (binary ? int4_of(value) : strtoll(value, NULL, 10))
            + bench_text(PQgetvalue(result, row, 1), (size_t)PQgetlength(result, row, 1));
    }
    PQclear(result);
    return sum;
}

static int64_t with_params(PGconn *connection, const char *sql, long n)
{
    char text[16];
    const char *values[] = { text };
    const Oid types[] = { INT4_OID };
    snprintf(text, sizeof text, "%d", (int)bench_id(n));
    return read_point(connection, PQexecParams(connection, sql, 1, types, values, NULL, NULL, 0), 0);
}

static int64_t point_queries(PGconn *connection, enum point_way way, long first, long count)
{
    int64_t sum = 0;
    for (long i = first; i < first + count; i++) {
        char text[16];
        uint32_t bytes = htonl((uint32_t)bench_id(i));
        const char *values[] = { way == PREPARED_BINARY ? (const char *)&bytes : text };
        const int lengths[] = { sizeof bytes };
        const int formats[] = { way == PREPARED_BINARY };
        if (way == WITH_PARAMS) {
            sum += with_params(connection, BENCH_POINT_SQL_NUMBERED, i);
            continue;
        }
        if (way == PREPARED) {
            snprintf(text, sizeof text, "%d", (int)bench_id(i));
        }
        sum += read_point(connection, PQexecPrepared(connection, "point", 1, values, lengths, formats, formats[0]), formats[0]);
    }
    return sum;
}

/* The variant is a way and a place: params-same. */
static void pin(const char *variant, const PGconn *connection)
{
    bench_pin(strrchr(variant, '-') + 1, PQbackendPID(connection));
}

static void point(const char *variant, long count)
{
    PGconn *connection = connect_bench();
    enum point_way way = strstr(variant, "params") ? WITH_PARAMS : strstr(variant, "binary") ? PREPARED_BINARY : PREPARED;
    pin(variant, connection);
    prepare_point(connection);
    point_queries(connection, way, 0, 100);
    bench_start();
    int64_t sum = point_queries(connection, way, 0, count);
    bench_stop();
    bench_report(count, sum);
    PQfinish(connection);
}

static void one_shot(const char *variant, long count)
{
    PGconn *connection = connect_bench();
    pin(variant, connection);
    point_queries(connection, WITH_PARAMS, 0, 100);
    int64_t sum = 0;
    bench_start();
    for (long i = 0; i < count; i++) {
        char sql[200];
        snprintf(sql, sizeof sql, BENCH_ONE_SHOT_SQL_NUMBERED, -1 - i);
        sum += with_params(connection, sql, i);
    }
    bench_stop();
    bench_report(count, sum);
    PQfinish(connection);
}

static long queries_a_thread;
static enum point_way way_of_threads;

static int64_t thread_body(int number, void (*ready)(void))
{
    PGconn *connection = connect_bench();
    prepare_point(connection);
    point_queries(connection, way_of_threads, 0, 100);
    ready();
    int64_t sum = point_queries(connection, way_of_threads, number * queries_a_thread, queries_a_thread);
    PQfinish(connection);
    return sum;
}

static void threads(const char *variant, long count)
{
    way_of_threads = strcmp(variant, "params") == 0 ? WITH_PARAMS : PREPARED;
    queries_a_thread = count / BENCH_THREADS;
    int64_t sum = bench_threads(thread_body);
    bench_report(queries_a_thread * BENCH_THREADS, sum);
}

/* ---- inserts ----------------------------------------------------------------------------------------------------- */

static void prepare_insert(PGconn *connection)
{
    const Oid types[] = { INT4_OID, TEXT_OID, FLOAT8_OID };
    command(connection, BENCH_INSERT_TABLE_SQL);
    PQclear(expect(connection, PQprepare(connection, "insert", BENCH_INSERT_SQL_NUMBERED, 3, types), PGRES_COMMAND_OK));
}

/* The parameters of a row, in binary: the quickest way that libpq has. */
typedef struct insert_params {
    uint32_t a;
    uint64_t c;
    const char *values[3];
    int lengths[3];
} insert_params;
static const int insert_formats[] = { 1, 1, 1 };

static void encode(insert_params *params, const bench_insert *insert)
{
    params->a = htonl((uint32_t)insert->a);
    memcpy(&params->c, &insert->c, sizeof params->c);
    params->c = htobe64(params->c);
    params->values[0] = (const char *)&params->a;
    params->values[1] = insert->b;
    params->values[2] = (const char *)&params->c;
    params->lengths[0] = sizeof params->a;
    params->lengths[1] = (int)strlen(insert->b);
    params->lengths[2] = sizeof params->c;
}

static void insert_loop(PGconn *connection, const bench_insert *inserts, long count)
{
    command(connection, "BEGIN");
    for (long i = 0; i < count; i++) {
        insert_params params;
        encode(&params, &inserts[i]);
        PQclear(expect(connection, PQexecPrepared(connection, "insert", 3, params.values, params.lengths, insert_formats, 0),
            PGRES_COMMAND_OK));
    }
    command(connection, "COMMIT");
}

/* Takes the results that have come; `left` counts those that have not. A NULL ends each statement's results. */
static void take_results(PGconn *connection, long *left)
{
    while (*left && !PQisBusy(connection)) {
        PGresult *result = PQgetResult(connection);
        if (!result) {
            continue;
        }
        if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
            *left = 0;
        } else {
            expect(connection, result, PGRES_COMMAND_OK);
            --*left;
        }
        PQclear(result);
    }
}

/* Sends what is in libpq's buffer, and reads while the socket takes no more. */
static void flush(PGconn *connection, long *left, int until_done)
{
    for (;;) {
        int pending = PQflush(connection);
        if (pending < 0) {
            bench_fail("%s", PQerrorMessage(connection));
        }
        if (until_done ? *left == 0 : pending == 0) {
            return;
        }
        struct pollfd wait = { PQsocket(connection), (short)(POLLIN | (pending ? POLLOUT : 0)), 0 };
        if (poll(&wait, 1, -1) < 0 && errno != EINTR) {
            bench_fail("poll: %s", strerror(errno));
        }
        if (wait.revents & ~POLLOUT) {
            if (!PQconsumeInput(connection)) {
                bench_fail("%s", PQerrorMessage(connection));
            }
            take_results(connection, left);
        }
    }
}

static void insert_pipeline(PGconn *connection, const bench_insert *inserts, long count)
{
    /* All results, and the one of the Sync. */
    long left = 0;
    if (!PQenterPipelineMode(connection) || PQsetnonblocking(connection, 1) != 0) {
        bench_fail("%s", PQerrorMessage(connection));
    }
    for (long i = 0; i < count; i++) {
        insert_params params;
        encode(&params, &inserts[i]);
        if (!PQsendQueryPrepared(connection, "insert", 3, params.values, params.lengths, insert_formats, 0)) {
            bench_fail("%s", PQerrorMessage(connection));
        }
        left++;
        if (i % 512 == 511) {
            flush(connection, &left, 0);
            if (!PQconsumeInput(connection)) {
                bench_fail("%s", PQerrorMessage(connection));
            }
            take_results(connection, &left);
        }
    }
    if (!PQpipelineSync(connection)) {
        bench_fail("%s", PQerrorMessage(connection));
    }
    left++;
    flush(connection, &left, 1);
    if (PQsetnonblocking(connection, 0) != 0 || !PQexitPipelineMode(connection)) {
        bench_fail("%s", PQerrorMessage(connection));
    }
}

static void inserts(const char *variant, long count)
{
    PGconn *connection = connect_bench();
    pin(variant, connection);
    prepare_insert(connection);
    bench_insert *source = bench_inserts(count);
    bench_start();
    if (strstr(variant, "loop")) {
        insert_loop(connection, source, count);
    } else {
        insert_pipeline(connection, source, count);
    }
    bench_stop();
    PGresult *result = expect(connection, PQexec(connection, BENCH_INSERT_CHECK_SQL), PGRES_TUPLES_OK);
    int64_t check = 0;
    for (int i = 0; i < 3; i++) {
        check += strtoll(PQgetvalue(result, 0, i), NULL, 10);
    }
    PQclear(result);
    bench_report(count, check);
    free(source);
    PQfinish(connection);
}

/* ---- the rest ---------------------------------------------------------------------------------------------------- */

static void connects(const char *variant, long count)
{
    (void)variant;
    PQfinish(connect_bench());
    bench_start();
    for (long i = 0; i < count; i++) {
        PQfinish(connect_bench());
    }
    bench_stop();
    bench_report(count, count);
}

static void setup(const char *variant, long count)
{
    (void)variant;
    (void)count;
    PGconn *connection = connect_bench();
    char sql[8192];
    snprintf(sql, sizeof sql,
        "CREATE TABLE bench_points (id int4 PRIMARY KEY, v int4 NOT NULL, t text NOT NULL);"
        "INSERT INTO bench_points SELECT i, i * 3, 'point number ' || i FROM generate_series(1, %d) i;"
        "ANALYZE bench_points",
        (int)BENCH_POINTS);
    command(connection, sql);
    size_t length = (size_t)snprintf(sql, sizeof sql, "CREATE TABLE bench_wide AS SELECT ");
    for (int i = 0; i < BENCH_WIDE_COLUMNS; i++) {
        static const char *const columns[] = { "(i * %d)::int4 AS c%d", "'column %d of a row ' || i AS c%d",
            "timestamptz '2024-02-29 12:34:56.789Z' + i * interval '1.5 s' * %d AS c%d" };
        length += (size_t)snprintf(sql + length, sizeof sql - length, i ? ", " : "");
        length += (size_t)snprintf(sql + length, sizeof sql - length, columns[i % 3], i + 1, i + 1);
    }
    snprintf(sql + length, sizeof sql - length, " FROM generate_series(1, 1000) i");
    command(connection, sql);
    command(connection, "ANALYZE bench_wide");
    command(connection, "CHECKPOINT");
    PQfinish(connection);
}

static void version(const char *variant, long count)
{
    (void)variant;
    (void)count;
    int libpq = PQlibVersion();
    PGconn *connection = connect_bench();
    printf("%d.%d %s\n", libpq / 10000, libpq % 10000, PQparameterStatus(connection, "server_version"));
    PQfinish(connection);
}

int main(int argc, char **argv)
{
    static const bench_work works[] = {
        { "setup", "tables", setup },
        { "version", "numbers", version },
        { "rows", "exec", rows },
        { "rows", "binary", rows },
        { "rows", "single", rows },
        { "rows", "single-binary", rows },
        { "rows", "chunks", rows },
        { "rows", "chunks-binary", rows },
        { "wide", "exec-binary", wide },
        { "wide", "single-binary", wide },
        { "point", "params-free", point },
        { "point", "params-same", point },
        { "point", "params-different", point },
        { "point", "prepared-free", point },
        { "point", "prepared-same", point },
        { "point", "prepared-different", point },
        { "point", "prepared-binary-free", point },
        { "point", "prepared-binary-same", point },
        { "point", "prepared-binary-different", point },
        { "one-shot", "params-free", one_shot },
        { "one-shot", "params-same", one_shot },
        { "one-shot", "params-different", one_shot },
        { "inserts", "pipeline-free", inserts },
        { "inserts", "pipeline-same", inserts },
        { "inserts", "pipeline-different", inserts },
        { "inserts", "loop-free", inserts },
        { "inserts", "loop-same", inserts },
        { "inserts", "loop-different", inserts },
        { "connect", "close", connects },
        { "threads", "params", threads },
        { "threads", "prepared", threads },
    };
    return bench_main(works, sizeof works / sizeof works[0], argc, argv);
}
