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

/* Cancels once a statement is in progress; gives up after ten seconds, by which the test fails. */
static void *cancel(void *connection)
{
    const struct timespec pause = {0, 1000000};
    int tries;
    for (tries = 0; tries < 10000; tries++) {
        if (dbapi_connection_transaction_status(connection) == DBAPI_TRANSACTION_ACTIVE)
            return dbapi_connection_cancel(connection, NULL) == DBAPI_OK ? NULL : connection;
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
