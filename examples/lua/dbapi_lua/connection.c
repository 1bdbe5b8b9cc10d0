/* Connections. */
#include "core.h"

#include <string.h>

dbapi_connection_t *connection_at(lua_State *L, int index)
{
    return ((connection_t *)luaL_checkudata(L, index, CONNECTION))->handle;
}

static int connect(lua_State *L)
{
    dbapi_error_t *error = NULL;
    const char *dsn = luaL_optstring(L, 1, NULL);
    size_t count = length_at(L, 2);
    const char **keywords = strings_at(L, 2, count);
    const char **values = strings_at(L, 3, count);
    connection_t *connection = lua_newuserdata(L, sizeof *connection);
    dbapi_status_t status;
    connection->handle = NULL;
    luaL_getmetatable(L, CONNECTION);
    lua_setmetatable(L, -2);
    status = dbapi_connect_params(dsn, keywords, values, &connection->handle, &error);
    return status == DBAPI_OK ? 1 : outcome(L, status, error);
}

int connection_gc(lua_State *L)
{
    connection_t *connection = luaL_checkudata(L, 1, CONNECTION);
    dbapi_connection_free(connection->handle);
    connection->handle = NULL;
    return 0;
}

CALL(connection_close, dbapi_close(connection_at(L, 1), &error))
CALL(commit, dbapi_commit(connection_at(L, 1), &error))
CALL(rollback, dbapi_rollback(connection_at(L, 1), &error))
CALL(reset, dbapi_connection_reset(connection_at(L, 1), &error))
CALL(cancel, dbapi_connection_cancel(connection_at(L, 1), &error))
CALL(cancel_address, dbapi_connection_cancel((dbapi_connection_t *)(uintptr_t)luaL_checknumber(L, 1), &error))
CALL(set_timeout, dbapi_connection_set_timeout(connection_at(L, 1), (int64_t)luaL_checknumber(L, 2), &error))
CALL(set_session, dbapi_connection_set_session(connection_at(L, 1), (int32_t)luaL_checkinteger(L, 2),
                                               (int32_t)luaL_checkinteger(L, 3), (int32_t)luaL_checkinteger(L, 4),
                                               (int32_t)luaL_checkinteger(L, 5), &error))

static const struct {
    const char *name;
    int32_t (*get)(const dbapi_connection_t *);
} numbers[] = {
    {"closed", dbapi_connection_closed},
    {"transaction_status", dbapi_connection_transaction_status},
    {"backend_pid", dbapi_connection_backend_pid},
    {"server_version", dbapi_connection_server_version},
    {"isolation_level", dbapi_connection_isolation_level},
    {"fileno", dbapi_connection_fileno},
    {"port", dbapi_connection_port},
};

static const struct {
    const char *name;
    const char *(*get)(const dbapi_connection_t *);
} texts[] = {
    {"dsn", dbapi_connection_dsn},
    {"host", dbapi_connection_host},
    {"user", dbapi_connection_user},
    {"dbname", dbapi_connection_dbname},
};

/* What the connection says of itself under a name in dbapi.lua's list. */
static int info(lua_State *L)
{
    dbapi_connection_t *connection = connection_at(L, 1);
    const char *name = luaL_checkstring(L, 2);
    size_t i;
    if (strcmp(name, "autocommit") == 0) {
        lua_pushboolean(L, dbapi_connection_autocommit(connection));
        return 1;
    }
    for (i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            lua_pushinteger(L, numbers[i].get(connection));
            return 1;
        }
    }
    for (i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(name, texts[i].name) == 0) {
            push_text(L, texts[i].get(connection));
            return 1;
        }
    }
    return 0;
}

/* A number by which another Lua state, in another thread, may cancel; the library tells a stale one. */
static int address(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)(uintptr_t)connection_at(L, 1));
    return 1;
}

static int notice(lua_State *L)
{
    dbapi_error_t *error = NULL, *taken = NULL;
    dbapi_status_t status = dbapi_connection_notice(connection_at(L, 1), &taken, &error);
    if (status != DBAPI_OK)
        return outcome(L, status, error);
    push_error(L, taken);
    return 1;
}

static int wait_notify(lua_State *L)
{
    dbapi_error_t *error = NULL;
    dbapi_notify_t *notify = NULL;
    int64_t milliseconds = (int64_t)luaL_checknumber(L, 2);
    dbapi_status_t status = dbapi_connection_wait_notify(connection_at(L, 1), milliseconds, &notify, &error);
    if (status != DBAPI_OK)
        return outcome(L, status, error);
    lua_createtable(L, 0, 3);
    set_integer(L, "pid", dbapi_notify_pid(notify));
    set_text(L, "channel", dbapi_notify_channel(notify));
    set_text(L, "payload", dbapi_notify_payload(notify));
    dbapi_notify_free(notify);
    return 1;
}

const luaL_Reg connection_functions[] = {
    {"connect", connect},
    {"close", connection_close},
    {"commit", commit},
    {"rollback", rollback},
    {"reset", reset},
    {"cancel", cancel},
    {"set_session", set_session},
    {"set_timeout", set_timeout},
    {"info", info},
    {"address", address},
    {"cancel_address", cancel_address},
    {"notice", notice},
    {"wait_notify", wait_notify},
    {NULL, NULL},
};
