/* A forked child has its parent's handles, but not its connections: whatever it does with them, it sends nothing,
 * hangs nowhere, and disturbs nothing in the parent. Children leave by _exit with what they found; a child that
 * hangs is ended by its alarm. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;
static dbapi_cursor_t *named;
static dbapi_xid_t *xid;

static void close_all(void)
{
    dbapi_xid_free(xid);
    dbapi_cursor_free(named);
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
    connection = NULL;
    cursor = named = NULL;
    xid = NULL;
}

/* A transaction is open, with a named cursor in it and rows left to fetch. */
static void open_in_transaction(void)
{
    /* What a case that failed has left would keep the table. */
    close_all();
    fresh_table("t86_test", "a int");
    connection = connect_test();
    cursor = cursor_of(connection);
    named = NULL;
    CHECK_OK(dbapi_cursor_named(connection, "t86", -1, false, &named, &failure));
    CHECK_OK(dbapi_execute(named, "SELECT g FROM generate_series(1, 3) g", NULL, 0, &failure));
    CHECK_ROW(fetch_row(named), "1");
    run(cursor, "INSERT INTO t86_test VALUES (1)");
    run(cursor, "SELECT 1 UNION ALL SELECT 2");
    CHECK_ROW(fetch_row(cursor), "1");
    CHECK_OK(dbapi_xid(86, "a", "b", &xid, &failure));
}

/* All of it goes on in the parent, and the server's log says nothing of this connection. */
static void check_undisturbed(void)
{
    char path[500], line[2000], mark[40];
    CHECK_ROW(fetch_row(cursor), "2");
    CHECK_ROW(fetch_row(named), "2");
    CHECK_INT(dbapi_connection_transaction_status(connection), DBAPI_TRANSACTION_INTRANS);
    CHECK_OK(dbapi_commit(connection, &failure));
    CHECK_TEXT(outside("SELECT count(*) FROM t86_test"), "1");
    snprintf(mark, sizeof mark, "[%d]", (int)dbapi_connection_backend_pid(connection));
    snprintf(path, sizeof path, "%s", test_variable("DBAPI_TEST_LOG"));
    FILE *log = fopen(path, "r");
    CHECK(log != NULL);
    while (fgets(line, sizeof line, log) != NULL) {
        if (strstr(line, mark) != NULL && (strstr(line, "unexpected EOF") != NULL || strstr(line, "ERROR") != NULL || strstr(line, "FATAL") != NULL)) {
            fclose(log);
            FAIL("the server's log: %s", line);
        }
    }
    fclose(log);
}

enum { CHILD_SECONDS = 10 };

static bool under_valgrind(void)
{
    return getenv("DBAPI_TEST_VALGRIND") != NULL;
}

/* Valgrind takes what a child has inherited and not freed for leaks of its own, and says so by its exit status: under
 * it a contented child ends by a signal. */
static void leave_with(int step)
{
    if (step == 0 && under_valgrind()) {
        kill(getpid(), SIGKILL);
    }
    _exit(step);
}

static pid_t start_child(int (*work)(void))
{
    fflush(stdout);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(under_valgrind() ? CHILD_SECONDS * 6 : CHILD_SECONDS);
        leave_with(work());
    }
    return child;
}

/* 0: the child is content. Else the number says at which step it was not. */
static void finish_child(pid_t child)
{
    int status = 0;
    CHECK_INT(waitpid(child, &status, 0), child);
    if (under_valgrind() && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        return;
    }
    if (WIFSIGNALED(status)) {
        FAIL("the child was ended by signal %d%s", WTERMSIG(status), WTERMSIG(status) == SIGALRM ? ": it hung" : "");
    }
    if (WEXITSTATUS(status) != 0) {
        FAIL("the child failed at step %d", WEXITSTATUS(status));
    }
}

static void in_child(int (*work)(void))
{
    finish_child(start_child(work));
}

/* ---- leaving --------------------------------------------------------------------------------------------- */

static int leave(void)
{
    return 0;
}

static int leave_by_exit(void)
{
    exit(0);
}

static void a_child_that_exits(void)
{
    open_in_transaction();
    in_child(leave);
    if (!under_valgrind()) {
        in_child(leave_by_exit);
    }
    check_undisturbed();
    close_all();
}

/* ---- freeing and closing --------------------------------------------------------------------------------- */

static int free_all(void)
{
    dbapi_cursor_free(named);
    dbapi_connection_free(connection);
    dbapi_cursor_free(cursor);
    dbapi_xid_free(xid);
    return dbapi_connection_closed(connection) == 1 ? 0 : 1;
}

static int close_everything(void)
{
    if (dbapi_cursor_close(named, NULL) != DBAPI_OK || dbapi_cursor_close(cursor, NULL) != DBAPI_OK) {
        return 1;
    }
    if (dbapi_close(connection, NULL) != DBAPI_OK || dbapi_close(connection, NULL) != DBAPI_OK) {
        return 2;
    }
    return dbapi_connection_closed(connection) == 1 ? free_all() : 3;
}

static int free_and_exit(void)
{
    free_all();
    exit(0);
}

static void a_child_that_frees_or_closes(void)
{
    open_in_transaction();
    in_child(free_all);
    in_child(close_everything);
    if (!under_valgrind()) {
        in_child(free_and_exit);
    }
    check_undisturbed();
    close_all();
}

/* ---- using ----------------------------------------------------------------------------------------------- */

/* An interface error, whose message says why. */
static bool refused(dbapi_status_t status, dbapi_error_t *error)
{
    bool right = status == DBAPI_INTERFACE_ERROR && error != NULL && strstr(dbapi_error_message(error), "process") != NULL;
    if (!right) {
        fprintf(stderr, "status %d: %s\n", (int)status, error == NULL ? "no error" : dbapi_error_message(error));
    }
    dbapi_error_free(error);
    return right;
}

#define STEP(call)                                                                       \
    do {                                                                                 \
        dbapi_error_t *error = NULL;                                                     \
        dbapi_status_t status = call;                                                    \
        step++;                                                                          \
        if (!refused(status, error)) {                                                   \
            fprintf(stderr, "step %d: %s\n", step, #call);                               \
            return step;                                                                 \
        }                                                                                \
    } while (0)

static int use_the_connection(void)
{
    int step = 0;
    char text[100];
    dbapi_cursor_t *other = NULL;
    dbapi_notify_t *notify = NULL;
    dbapi_xid_list_t *list = NULL;
    STEP(dbapi_commit(connection, &error));
    STEP(dbapi_rollback(connection, &error));
    STEP(dbapi_cursor(connection, &other, &error));
    STEP(dbapi_cursor_named(connection, "x", -1, false, &other, &error));
    STEP(dbapi_connection_cancel(connection, &error));
    STEP(dbapi_connection_set_timeout(connection, 1000, &error));
    STEP(dbapi_connection_set_autocommit(connection, true, &error));
    STEP(dbapi_connection_set_session(connection, 1, 1, 1, 1, &error));
    STEP(dbapi_connection_set_isolation_level(connection, 1, &error));
    STEP(dbapi_connection_set_readonly(connection, 1, &error));
    STEP(dbapi_connection_set_deferrable(connection, 1, &error));
    STEP(dbapi_connection_set_encoding(connection, "UTF8", &error));
    STEP(dbapi_connection_reset(connection, &error));
    STEP(dbapi_connection_wait_notify(connection, 0, &notify, &error));
    STEP(dbapi_connection_wait_notify(connection, -1, &notify, &error));
    STEP(dbapi_tpc_begin(connection, xid, &error));
    STEP(dbapi_tpc_prepare(connection, &error));
    STEP(dbapi_tpc_commit(connection, NULL, &error));
    STEP(dbapi_tpc_rollback(connection, xid, &error));
    STEP(dbapi_tpc_recover(connection, &list, &error));
    STEP(dbapi_savepoint_begin(connection, NULL, &error));
    STEP(dbapi_savepoint_release(connection, NULL, &error));
    STEP(dbapi_savepoint_rollback(connection, "x", &error));
    dbapi_error_t *notice = NULL;
    STEP(dbapi_connection_notify(connection, &notify, &error));
    STEP(dbapi_connection_notice(connection, &notice, &error));
    STEP(dbapi_connection_parameter_status(connection, "TimeZone", text, sizeof text, NULL, &error));
    /* What never changes is answered. */
    dbapi_connection_closed(connection);
    dbapi_connection_transaction_status(connection);
    dbapi_connection_autocommit(connection);
    dbapi_connection_backend_pid(connection);
    dbapi_connection_dsn(connection);
    return 0;
}

static int use_the_cursors(void)
{
    int step = 100;
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    const dbapi_value_t one[] = { DBAPI_INT(1) };
    static const char *const names[] = { "a" };
    dbapi_cursor_t *const cursors[] = { cursor, named };
    for (size_t i = 0; i < 2; i++) {
        STEP(dbapi_execute(cursors[i], "SELECT 1", NULL, 0, &error));
        STEP(dbapi_execute_named(cursors[i], "SELECT %(a)s", names, one, 1, &error));
        STEP(dbapi_executemany(cursors[i], "SELECT %s", one, 1, 1, &error));
        STEP(dbapi_fetchone(cursors[i], &rows, &error));
        STEP(dbapi_fetchmany(cursors[i], 1, &rows, &count, &error));
        STEP(dbapi_fetchall(cursors[i], &rows, &count, &error));
        STEP(dbapi_cursor_set_arraysize(cursors[i], 2, &error));
        STEP(dbapi_cursor_set_timeout(cursors[i], 1000, &error));
        dbapi_rowcount(cursors[i]);
        dbapi_description(cursors[i], &count);
        dbapi_cursor_closed(cursors[i]);
    }
    return 0;
}

static int use_everything(void)
{
    int step = use_the_connection();
    step = step == 0 ? use_the_cursors() : step;
    return step == 0 ? free_all() : step;
}

static void a_child_that_uses_what_it_inherited(void)
{
    open_in_transaction();
    in_child(use_everything);
    check_undisturbed();
    close_all();
}

/* ---- its own --------------------------------------------------------------------------------------------- */

static int use_its_own(void)
{
    dbapi_connection_t *own = NULL;
    dbapi_cursor_t *its = NULL;
    const dbapi_value_t *row = NULL;
    if (dbapi_connect(NULL, &own, NULL) != DBAPI_OK) {
        return 1;
    }
    if (dbapi_connection_backend_pid(own) == dbapi_connection_backend_pid(connection)) {
        return 2;
    }
    if (dbapi_cursor(own, &its, NULL) != DBAPI_OK || dbapi_execute(its, "SELECT 86", NULL, 0, NULL) != DBAPI_OK
        || dbapi_fetchone(its, &row, NULL) != DBAPI_OK || row[0].as.integer != 86) {
        return 3;
    }
    if (dbapi_commit(own, NULL) != DBAPI_OK) {
        return 4;
    }
    int step = use_everything();
    /* The own one is still good after that. */
    if (step == 0 && (dbapi_execute(its, "SELECT 1", NULL, 0, NULL) != DBAPI_OK || dbapi_commit(own, NULL) != DBAPI_OK)) {
        step = 5;
    }
    dbapi_cursor_free(its);
    dbapi_connection_free(own);
    return step;
}

static void a_child_with_its_own_connection(void)
{
    open_in_transaction();
    in_child(use_its_own);
    check_undisturbed();
    close_all();
}

static int generation;

/* A child of a child, which has a connection of its own: that is no more its child's than the first is. */
static int descend(void)
{
    dbapi_connection_t *parents = connection, *own = NULL;
    int status = 0, step = use_the_connection();
    if (step != 0) {
        return step;
    }
    if (generation++ == 3) {
        return free_all();
    }
    if (dbapi_connect(NULL, &own, NULL) != DBAPI_OK || dbapi_connection_set_autocommit(own, true, NULL) != DBAPI_OK) {
        return 200;
    }
    connection = own;
    pid_t child = fork();
    if (child == 0) {
        alarm(CHILD_SECONDS * 6);
        leave_with(descend());
    }
    if (waitpid(child, &status, 0) != child || (status != 0 && !(under_valgrind() && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))) {
        fprintf(stderr, "generation %d: status %d\n", generation, status);
        return 201;
    }
    if (dbapi_connection_set_autocommit(own, false, NULL) != DBAPI_OK) {
        return 202;
    }
    connection = parents;
    dbapi_connection_free(own);
    return 0;
}

static void grandchildren(void)
{
    open_in_transaction();
    generation = 0;
    in_child(descend);
    check_undisturbed();
    close_all();
}

static void many_children_at_once(void)
{
    enum { CHILDREN = 10 };
    pid_t children[CHILDREN];
    open_in_transaction();
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = start_child(i % 2 == 0 ? use_its_own : free_all);
    }
    for (int i = 0; i < CHILDREN; i++) {
        finish_child(children[i]);
    }
    check_undisturbed();
    close_all();
}

/* ---- while another thread is in a call -------------------------------------------------------------------- */

static dbapi_status_t slept;

static void *sleep_in_the_server(void *argument)
{
    slept = dbapi_execute(argument, "SELECT pg_sleep(60)", NULL, 0, NULL);
    return NULL;
}

/* The thread has the connection, its turn and its cursor; in the child there is no such thread. */
static void while_another_thread_executes(void)
{
    static int (*const works[])(void) = { use_the_connection, free_all, close_everything, use_everything, use_its_own };
    pthread_t thread;
    char sql[200];
    open_in_transaction();
    snprintf(sql, sizeof sql, "SELECT wait_event FROM pg_stat_activity WHERE pid = %d", (int)dbapi_connection_backend_pid(connection));
    dbapi_cursor_t *sleeping = cursor_of(connection);
    CHECK_INT(pthread_create(&thread, NULL, sleep_in_the_server, sleeping), 0);
    wait_outside(sql, "PgSleep");
    for (size_t i = 0; i < COUNT(works); i++) {
        in_child(works[i]);
    }
    CHECK_TEXT(outside(sql), "PgSleep");
    CHECK_OK(dbapi_connection_cancel(connection, &failure));
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_INT(slept, DBAPI_OPERATIONAL_ERROR);
    CHECK_OK(dbapi_rollback(connection, &failure));
    dbapi_cursor_free(sleeping);
    close_all();
}

/* The same with the very cursor that the thread is in. */
static void with_the_cursor_that_another_thread_is_in(void)
{
    pthread_t thread;
    char sql[200];
    open_in_transaction();
    snprintf(sql, sizeof sql, "SELECT wait_event FROM pg_stat_activity WHERE pid = %d", (int)dbapi_connection_backend_pid(connection));
    CHECK_INT(pthread_create(&thread, NULL, sleep_in_the_server, cursor), 0);
    wait_outside(sql, "PgSleep");
    in_child(free_all);
    in_child(use_the_cursors);
    CHECK_OK(dbapi_connection_cancel(connection, &failure));
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_OK(dbapi_rollback(connection, &failure));
    close_all();
}

static void *wait_for_a_notification(void *argument)
{
    dbapi_notify_t *notify = NULL;
    slept = dbapi_connection_wait_notify(argument, 20000, &notify, NULL);
    dbapi_notify_free(notify);
    return NULL;
}

static void while_another_thread_waits_for_notifications(void)
{
    pthread_t thread;
    open_in_transaction();
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    run(cursor, "LISTEN t86");
    CHECK_INT(pthread_create(&thread, NULL, wait_for_a_notification, connection), 0);
    run(cursor, "SELECT 1");
    in_child(use_everything);
    in_child(close_everything);
    run_outside("NOTIFY t86");
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_INT(slept, DBAPI_OK);
    close_all();
}

/* A thread that takes in notices without end: what keeps them is being written at any moment. */
static int stop;

static void *never_rest(void *argument)
{
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        dbapi_execute(argument, "DO $$ BEGIN FOR i IN 1..200000 LOOP RAISE NOTICE 'n'; END LOOP; END $$", NULL, 0, NULL);
    }
    return NULL;
}

static int take_and_free(void)
{
    char text[100];
    dbapi_error_t *notice = NULL;
    dbapi_notify_t *notify = NULL;
    dbapi_connection_notice(connection, &notice, NULL);
    dbapi_connection_notify(connection, &notify, NULL);
    dbapi_connection_parameter_status(connection, "TimeZone", text, sizeof text, NULL, NULL);
    dbapi_connection_free(connection);
    return 0;
}

/* A thread that is in the table of handles nearly all the time. */
static void *fetch_without_end(void *argument)
{
    const dbapi_value_t *row = NULL;
    dbapi_execute(argument, "SELECT generate_series(1, 100000)", NULL, 0, NULL);
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        while (dbapi_fetchone(argument, &row, NULL) == DBAPI_OK) {}
        dbapi_scroll(argument, 0, DBAPI_SCROLL_ABSOLUTE, NULL);
    }
    return NULL;
}

static int free_what_may_be_held(void)
{
    dbapi_error_t *error = NULL;
    dbapi_cursor_t *mine = NULL;
    const dbapi_value_t *row = NULL;
    if (dbapi_fetchone(cursor, &row, &error) != DBAPI_INTERFACE_ERROR || error == NULL) {
        return 1;
    }
    dbapi_error_free(error);
    dbapi_cursor_free(cursor);
    if (dbapi_cursor(connection, &mine, NULL) != DBAPI_INTERFACE_ERROR) {
        return 2;
    }
    dbapi_connection_free(connection);
    return 0;
}

/* The thread is gone in the child, and what it held stays held. */
static void while_another_thread_fetches(void)
{
    pthread_t thread;
    open_in_transaction();
    CHECK_OK(dbapi_rollback(connection, &failure));
    __atomic_store_n(&stop, 0, __ATOMIC_RELEASE);
    CHECK_INT(pthread_create(&thread, NULL, fetch_without_end, cursor), 0);
    int children = under_valgrind() ? 5 : 40;
    for (int i = 0; i < children; i++) {
        in_child(free_what_may_be_held);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    CHECK_INT(pthread_join(thread, NULL), 0);
    close_all();
}

static void at_any_moment(void)
{
    pthread_t thread;
    open_in_transaction();
    CHECK_OK(dbapi_rollback(connection, &failure));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    __atomic_store_n(&stop, 0, __ATOMIC_RELEASE);
    CHECK_INT(pthread_create(&thread, NULL, never_rest, cursor), 0);
    int children = under_valgrind() ? 20 : 1000;
    for (int i = 0; i < children; i++) {
        in_child(take_and_free);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    CHECK_INT(pthread_join(thread, NULL), 0);
    close_all();
}

CHECK_MAIN(CASE(a_child_that_exits), CASE(a_child_that_frees_or_closes), CASE(a_child_that_uses_what_it_inherited),
           CASE(a_child_with_its_own_connection), CASE(grandchildren), CASE(many_children_at_once), CASE(while_another_thread_executes),
           CASE(with_the_cursor_that_another_thread_is_in),
           CASE(while_another_thread_waits_for_notifications), CASE(while_another_thread_fetches), CASE(at_any_moment))
