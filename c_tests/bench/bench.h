/* What the programs of run.sh share: with_dbapi, with_libpq and with_socket do the same works, each through what its
 * name says.
 *
 *     with_dbapi WORK VARIANT COUNT        does COUNT operations of a work and prints one line:
 *     ops=1000 wall=... cpu=... peak=... total=... check=...
 *
 * wall and cpu (user and system, all threads) are nanoseconds of the work alone, without connecting and warming up;
 * peak is by how many kB the resident memory grew, at its highest, over what it was when the work began; total is
 * that highest itself. check is a sum over all values that were read: programs and variants that do the same
 * work print the same one.
 *
 * The program exits with 77, saying why, if this build of its library cannot do a variant. */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <string.h>

enum { BENCH_SKIP = 77, BENCH_BLOCK = 1000, BENCH_THREADS = 8, BENCH_WIDE_COLUMNS = 50, BENCH_POINTS = 10000 };
/* A row's sum is taken modulo this, so that the sum of all rows does not overflow. */
enum { BENCH_CHECK = 1000000007 };

/* ---- the works' SQL. Where two are given, the second has libpq's placeholders. ---------------------------------- */

#define BENCH_ROWS_SQL "SELECT i, i*1.5::float8, 'row number '||i, i%%2=0 FROM generate_series(1,%ld) i"
/* bench_wide has 1,000 rows: the first parameter is thousands of rows. */
#define BENCH_WIDE_SQL "SELECT w.* FROM generate_series(1,%ld), bench_wide w"
#define BENCH_POINT_SQL "SELECT v, t FROM bench_points WHERE id = %s"
#define BENCH_POINT_SQL_NUMBERED "SELECT v, t FROM bench_points WHERE id = $1"
/* The number makes the text another each time. */
#define BENCH_ONE_SHOT_SQL "SELECT v, t FROM bench_points WHERE id = %%s AND v <> %ld"
#define BENCH_ONE_SHOT_SQL_NUMBERED "SELECT v, t FROM bench_points WHERE id = $1 AND v <> %ld"
#define BENCH_INSERT_TABLE_SQL "CREATE TEMP TABLE bench_inserts (a int4, b text, c float8)"
#define BENCH_INSERT_SQL "INSERT INTO bench_inserts VALUES (%s, %s, %s)"
#define BENCH_INSERT_SQL_NUMBERED "INSERT INTO bench_inserts VALUES ($1, $2, $3)"
#define BENCH_INSERT_CHECK_SQL "SELECT sum(a)::int8, sum(length(b))::int8, sum(c)::int8 FROM bench_inserts"

/* ---- the values -------------------------------------------------------------------------------------------------- */

/* Of 3 columns; made before the clock runs. */
typedef struct bench_insert {
    int32_t a;
    char b[32];
    double c;
} bench_insert;
bench_insert *bench_inserts(long count);

/* The id that the nth point query looks for. */
static inline int32_t bench_id(long n)
{
    return (int32_t)((n * 7919) % BENCH_POINTS) + 1;
}

/* Adds a text to a check: its length and its last byte, so that it is looked at where it lies. */
static inline int64_t bench_text(const char *data, size_t length)
{
    return length ? (int64_t)length + (unsigned char)data[length - 1] : 0;
}

/* ---- measuring --------------------------------------------------------------------------------------------------- */

void bench_start(void);
void bench_stop(void);
/* Prints the line; after bench_stop. */
void bench_report(long operations, int64_t check);

/* Where client and server run: "free" leaves it to the scheduler, "same" puts this thread and the server's process on
 * one core, "different" on two. */
void bench_pin(const char *where, long server_pid);

/* A row of 8 threads at once, each given its number; between them the clock starts when all have said bench_ready. */
int64_t bench_threads(int64_t (*body)(int number, void (*ready)(void)));

/* ---- the command line -------------------------------------------------------------------------------------------- */

typedef struct bench_work {
    const char *work;
    const char *variant;
    void (*run)(const char *variant, long count);
} bench_work;

int bench_main(const bench_work *works, size_t nworks, int argc, char **argv);

#if defined(__GNUC__)
#define BENCH_PRINTF __attribute__((format(printf, 1, 2), noreturn))
#else
#define BENCH_PRINTF
#endif
void bench_fail(const char *format, ...) BENCH_PRINTF;
void bench_skip(const char *format, ...) BENCH_PRINTF;

/* What BENCH_DSN says, "" if it is not set: keywords besides those of the environment. */
const char *bench_dsn(void);
void *bench_allocate(size_t size);

#endif
