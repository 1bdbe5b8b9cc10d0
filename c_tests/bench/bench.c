/* What the programs of run.sh share: see bench.h. */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static const char *program = "bench";

static void say(const char *format, va_list arguments)
{
    fprintf(stderr, "%s: ", program);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void bench_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    exit(1);
}

void bench_skip(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    exit(BENCH_SKIP);
}

void *bench_allocate(size_t size)
{
    /* Touched, so that it does not count as the work's own growth. */
    void *memory = malloc(size ? size : 1);
    if (!memory) {
        bench_fail("no memory");
    }
    memset(memory, 1, size);
    return memory;
}

const char *bench_dsn(void)
{
    const char *dsn = getenv("BENCH_DSN");
    return dsn ? dsn : "";
}

bench_insert *bench_inserts(long count)
{
    bench_insert *inserts = bench_allocate((size_t)count * sizeof *inserts);
    for (long i = 0; i < count; i++) {
        inserts[i].a = (int32_t)i;
        snprintf(inserts[i].b, sizeof inserts[i].b, "text number %ld", i);
        inserts[i].c = (double)i * 1.5;
    }
    return inserts;
}

/* ---- measuring --------------------------------------------------------------------------------------------------- */

static struct {
    int64_t wall;
    int64_t cpu;
    long resident;
    long highest;
} started, stopped;

static int64_t wall_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t cpu_clock(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000
        + ((int64_t)usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

/* A line of /proc/self/status, in kB. Without stdio, which would allocate. */
static long status(const char *name)
{
    char text[8192];
    int file = open("/proc/self/status", O_RDONLY);
    ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0) {
        close(file);
    }
    if (length < 0) {
        return 0;
    }
    text[length] = 0;
    const char *line = strstr(text, name);
    return line ? strtol(line + strlen(name), NULL, 10) : 0;
}

void bench_start(void)
{
    /* "5" sets the high-water mark back to what is resident now. */
    int file = open("/proc/self/clear_refs", O_WRONLY);
    if (file >= 0) {
        if (write(file, "5", 1) != 1) {
            fprintf(stderr, "%s: the high-water mark of memory could not be set back\n", program);
        }
        close(file);
    }
    started.resident = status("VmRSS:");
    started.cpu = cpu_clock();
    started.wall = wall_clock();
}

void bench_stop(void)
{
    stopped.wall = wall_clock();
    stopped.cpu = cpu_clock();
    stopped.highest = status("VmHWM:");
}

void bench_report(long operations, int64_t check)
{
    printf("ops=%ld wall=%lld cpu=%lld peak=%ld total=%ld check=%lld\n", operations, (long long)(stopped.wall - started.wall),
        (long long)(stopped.cpu - started.cpu), stopped.highest - started.resident, stopped.highest, (long long)check);
}

static void put_on(pid_t pid, int core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    if (sched_setaffinity(pid, sizeof set, &set) != 0) {
        bench_skip("cannot put process %ld on core %d: %s", (long)pid, core, strerror(errno));
    }
}

void bench_pin(const char *where, long server_pid)
{
    if (strcmp(where, "free") == 0) {
        return;
    }
    cpu_set_t allowed;
    int cores[2] = { -1, -1 }, found = 0;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
        for (int core = 0; core < CPU_SETSIZE && found < 2; core++) {
            if (CPU_ISSET(core, &allowed)) {
                cores[found++] = core;
            }
        }
    }
    int second = strcmp(where, "same") == 0 ? 0 : 1;
    if (found <= second) {
        bench_skip("there are not enough cores");
    }
    if (server_pid <= 0) {
        bench_fail("the process of the server is not known");
    }
    put_on(0, cores[0]);
    put_on((pid_t)server_pid, cores[second]);
}

static pthread_barrier_t all_ready;
static int64_t (*thread_body)(int number, void (*ready)(void));

static void ready(void)
{
    /* Twice: the clock starts between, when all are connected. */
    pthread_barrier_wait(&all_ready);
    pthread_barrier_wait(&all_ready);
}

typedef struct thread_state {
    pthread_t thread;
    int number;
    int64_t check;
} thread_state;

static void *thread_main(void *argument)
{
    thread_state *state = argument;
    state->check = thread_body(state->number, ready);
    return NULL;
}

int64_t bench_threads(int64_t (*body)(int number, void (*ready)(void)))
{
    thread_state states[BENCH_THREADS];
    int64_t check = 0;
    thread_body = body;
    pthread_barrier_init(&all_ready, NULL, BENCH_THREADS + 1);
    for (int i = 0; i < BENCH_THREADS; i++) {
        states[i].number = i;
        if (pthread_create(&states[i].thread, NULL, thread_main, &states[i]) != 0) {
            bench_fail("no thread");
        }
    }
    pthread_barrier_wait(&all_ready);
    bench_start();
    pthread_barrier_wait(&all_ready);
    for (int i = 0; i < BENCH_THREADS; i++) {
        pthread_join(states[i].thread, NULL);
        check += states[i].check;
    }
    bench_stop();
    pthread_barrier_destroy(&all_ready);
    return check;
}

/* ---- the command line -------------------------------------------------------------------------------------------- */

int bench_main(const bench_work *works, size_t nworks, int argc, char **argv)
{
    program = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
    long count = argc == 4 ? strtol(argv[3], NULL, 10) : 0;
    for (size_t i = 0; count > 0 && i < nworks; i++) {
        if (strcmp(works[i].work, argv[1]) == 0 && strcmp(works[i].variant, argv[2]) == 0) {
            works[i].run(works[i].variant, count);
            return 0;
        }
    }
    fprintf(stderr, "usage: %s WORK VARIANT COUNT\n", program);
    for (size_t i = 0; i < nworks; i++) {
        fprintf(stderr, "    %s %s\n", works[i].work, works[i].variant);
    }
    return 2;
}
