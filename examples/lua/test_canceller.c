/*
 * For test.lua: a thread that cancels what a connection runs, by its address, as a program with a Lua state in each
 * thread would call dbapi.cancel.
 */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <time.h>

#include <lauxlib.h>
#include <lua.h>

#include <dbapi.h>

static pthread_t thread;

/* Cancels once a statement is in progress, and again until it ends: a request that outruns the statement to the server
   finds nothing to cancel. Gives up after ten seconds, by which the test fails. */
static void *cancel(void *connection)
{
    const struct timespec pause = {0, 10000000};
    bool cancelled = false;
    int tries;
    for (tries = 0; tries < 1000; tries++) {
        bool active = dbapi_connection_transaction_status(connection) == DBAPI_TRANSACTION_ACTIVE;
        if (cancelled && !active)
            return NULL;
        if (active)
            cancelled = dbapi_connection_cancel(connection, NULL) == DBAPI_OK || cancelled;
        nanosleep(&pause, NULL);
    }
    return connection;
}

static int start(lua_State *L)
{
    void *connection = (void *)(uintptr_t)luaL_checknumber(L, 1);
    if (pthread_create(&thread, NULL, cancel, connection) != 0)
        return luaL_error(L, "no thread can be made");
    return 0;
}

/* Gives 0 if it was cancelled, else 1. */
static int join(lua_State *L)
{
    void *outcome = NULL;
    pthread_join(thread, &outcome);
    lua_pushinteger(L, outcome != NULL);
    return 1;
}

int luaopen_test_canceller(lua_State *L);

int luaopen_test_canceller(lua_State *L)
{
    lua_newtable(L);
    lua_pushcfunction(L, start);
    lua_setfield(L, -2, "start");
    lua_pushcfunction(L, join);
    lua_setfield(L, -2, "join");
    return 1;
}
