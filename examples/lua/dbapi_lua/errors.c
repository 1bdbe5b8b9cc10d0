/* Errors as tables, and fields of tables. */
#include "core.h"

/* Keys in the registry: what stands for a NULL within an array, and what makes a table an error. */
static char null_key, error_key;

void push_null(lua_State *L)
{
    lua_pushlightuserdata(L, &null_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
}

void push_text(lua_State *L, const char *text)
{
    if (text)
        lua_pushstring(L, text);
    else
        lua_pushnil(L);
}

void set_text(lua_State *L, const char *name, const char *text)
{
    push_text(L, text);
    lua_setfield(L, -2, name);
}

void set_bool(lua_State *L, const char *name, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

void set_integer(lua_State *L, const char *name, int64_t value)
{
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, name);
}

static void be_error(lua_State *L)
{
    lua_pushlightuserdata(L, &error_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_setmetatable(L, -2);
}

static const struct {
    const char *name;
    const char *(*get)(const dbapi_error_t *);
} fields[] = {
    {"severity", dbapi_error_severity},
    {"severity_nonlocalized", dbapi_error_severity_nonlocalized},
    {"message_primary", dbapi_error_message_primary},
    {"message_detail", dbapi_error_message_detail},
    {"message_hint", dbapi_error_message_hint},
    {"statement_position", dbapi_error_statement_position},
    {"internal_position", dbapi_error_internal_position},
    {"internal_query", dbapi_error_internal_query},
    {"context", dbapi_error_context},
    {"schema_name", dbapi_error_schema_name},
    {"table_name", dbapi_error_table_name},
    {"column_name", dbapi_error_column_name},
    {"datatype_name", dbapi_error_datatype_name},
    {"constraint_name", dbapi_error_constraint_name},
    {"source_file", dbapi_error_source_file},
    {"source_line", dbapi_error_source_line},
    {"source_function", dbapi_error_source_function},
};

void push_error(lua_State *L, dbapi_error_t *error)
{
    size_t i;
    lua_createtable(L, 0, 12);
    set_integer(L, "status", dbapi_error_status(error));
    set_text(L, "class", dbapi_error_class(error));
    set_text(L, "message", dbapi_error_message(error));
    set_text(L, "sqlstate", dbapi_error_sqlstate(error));
    set_text(L, "condition", dbapi_error_condition(error));
    if (dbapi_error_row(error) >= 0)
        set_integer(L, "row", dbapi_error_row(error) + 1);
    set_bool(L, "connection_usable", dbapi_error_connection_usable(error));
    set_bool(L, "transaction_usable", dbapi_error_transaction_usable(error));
    set_bool(L, "retryable", dbapi_error_retryable(error));
    set_bool(L, "timed_out", dbapi_error_timed_out(error));
    lua_newtable(L);
    for (i = 0; i < sizeof fields / sizeof *fields; i++)
        set_text(L, fields[i].name, fields[i].get(error));
    lua_setfield(L, -2, "fields");
    be_error(L);
    dbapi_error_free(error);
}

int outcome(lua_State *L, dbapi_status_t status, dbapi_error_t *error)
{
    if (status < 0) {
        lua_pushnil(L);
        push_error(L, error);
        return 2;
    }
    lua_pushboolean(L, status == DBAPI_OK);
    return 1;
}

int misuse(lua_State *L, const char *message)
{
    lua_pushnil(L);
    lua_createtable(L, 0, 8);
    set_integer(L, "status", DBAPI_INTERFACE_ERROR);
    set_text(L, "class", "InterfaceError");
    set_text(L, "message", message);
    set_bool(L, "connection_usable", true);
    set_bool(L, "transaction_usable", true);
    set_bool(L, "retryable", false);
    set_bool(L, "timed_out", false);
    lua_newtable(L);
    lua_setfield(L, -2, "fields");
    be_error(L);
    return 2;
}

static int setup(lua_State *L)
{
    lua_settop(L, 2);
    lua_pushlightuserdata(L, &error_key);
    lua_insert(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
    lua_pushlightuserdata(L, &null_key);
    lua_insert(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
    return 0;
}

const luaL_Reg error_functions[] = {{"setup", setup}, {NULL, NULL}};
