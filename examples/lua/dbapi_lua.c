/*
 * The part of dbapi.lua that touches the C interface, for Lua 5.1 to 5.4: the same functions as dbapi_ffi.lua.
 *
 * A function here gives nil and an error's table when it fails. Objects are userdata that hold a handle, which the
 * collector frees; handles may be freed in any order, so nothing here keeps one for another's sake.
 *
 *     cc -std=c99 -O2 -fPIC -shared -I/usr/include/lua5.4 -o dbapi_lua.so dbapi_lua.c -ldbapi
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#include <dbapi.h>

#if LUA_VERSION_NUM < 502
#define luaL_setfuncs(L, functions, upvalues) luaL_register(L, NULL, functions)
#endif

#define CONNECTION "dbapi.core.connection"
#define CURSOR "dbapi.core.cursor"
/* A row is read from a block of so many. */
#define BLOCK 1000
/* Integers below this, in either direction, are doubles without loss. */
#define EXACT 9007199254740992.0

/* Keys in the registry: what stands for a NULL within an array, and what makes a table an error. */
static char null_key, error_key;

typedef struct {
    dbapi_connection_t *handle;
} connection_t;

typedef struct {
    dbapi_cursor_t *handle;
    const dbapi_value_t *rows; /* the last block, of `count` rows of `width` values; `place` of them have been read */
    size_t count, place, width;
    int names; /* the columns' names: a reference in the registry, LUA_NOREF until they are needed */
    bool named;
    bool busy; /* a block is being read; a finalizer that comes in between must not take it away */
} cursor_t;

/* ---- errors ---------------------------------------------------------------------------------------------- */

static void push_text(lua_State *L, const char *text)
{
    if (text)
        lua_pushstring(L, text);
    else
        lua_pushnil(L);
}

static void set_text(lua_State *L, const char *name, const char *text)
{
    push_text(L, text);
    lua_setfield(L, -2, name);
}

static void set_bool(lua_State *L, const char *name, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

static void set_integer(lua_State *L, const char *name, int64_t value)
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

/* Pushes an error or a notice as a table; it is freed. */
static void push_error(lua_State *L, dbapi_error_t *error)
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

/* Gives true, false for DBAPI_DONE, or nil and the error. */
static int outcome(lua_State *L, dbapi_status_t status, dbapi_error_t *error)
{
    if (status < 0) {
        lua_pushnil(L);
        push_error(L, error);
        return 2;
    }
    lua_pushboolean(L, status == DBAPI_OK);
    return 1;
}

/* Gives nil and an error of the binding's own. */
static int misuse(lua_State *L, const char *message)
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

/* ---- connections ----------------------------------------------------------------------------------------- */

static dbapi_connection_t *connection_at(lua_State *L, int index)
{
    return ((connection_t *)luaL_checkudata(L, index, CONNECTION))->handle;
}

/* The strings of the list at `index`, and a NULL behind them, in memory that the stack keeps. */
static const char **strings_at(lua_State *L, int index, size_t count)
{
    size_t i;
    const char **strings = lua_newuserdata(L, (count + 1) * sizeof *strings);
    for (i = 0; i < count; i++) {
        lua_rawgeti(L, index, (int)i + 1);
        strings[i] = lua_tostring(L, -1);
        lua_pop(L, 1); /* the list keeps it */
    }
    strings[count] = NULL;
    return strings;
}

static size_t length_at(lua_State *L, int index)
{
#if LUA_VERSION_NUM < 502
    return lua_objlen(L, index);
#else
    return lua_rawlen(L, index);
#endif
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

static int connection_gc(lua_State *L)
{
    connection_t *connection = luaL_checkudata(L, 1, CONNECTION);
    dbapi_connection_free(connection->handle);
    connection->handle = NULL;
    return 0;
}

typedef dbapi_status_t (*connection_call_t)(dbapi_connection_t *, dbapi_error_t **);

static int connection_call(lua_State *L, connection_call_t call)
{
    dbapi_error_t *error = NULL;
    dbapi_status_t status = call(connection_at(L, 1), &error);
    return outcome(L, status, error);
}

static int connection_close(lua_State *L)
{
    return connection_call(L, dbapi_close);
}

static int commit(lua_State *L)
{
    return connection_call(L, dbapi_commit);
}

static int rollback(lua_State *L)
{
    return connection_call(L, dbapi_rollback);
}

static int reset(lua_State *L)
{
    return connection_call(L, dbapi_connection_reset);
}

static int cancel(lua_State *L)
{
    return connection_call(L, dbapi_connection_cancel);
}

static int set_session(lua_State *L)
{
    dbapi_error_t *error = NULL;
    dbapi_status_t status = dbapi_connection_set_session(
        connection_at(L, 1), (int32_t)luaL_checkinteger(L, 2), (int32_t)luaL_checkinteger(L, 3),
        (int32_t)luaL_checkinteger(L, 4), (int32_t)luaL_checkinteger(L, 5), &error);
    return outcome(L, status, error);
}

static int set_timeout(lua_State *L)
{
    dbapi_error_t *error = NULL;
    int64_t milliseconds = (int64_t)luaL_checknumber(L, 2);
    dbapi_status_t status = dbapi_connection_set_timeout(connection_at(L, 1), milliseconds, &error);
    return outcome(L, status, error);
}

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

static int cancel_address(lua_State *L)
{
    dbapi_error_t *error = NULL;
    dbapi_connection_t *connection = (dbapi_connection_t *)(uintptr_t)luaL_checknumber(L, 1);
    dbapi_status_t status = dbapi_connection_cancel(connection, &error);
    return outcome(L, status, error);
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

/* ---- parameters ------------------------------------------------------------------------------------------ */

/* The number in a field of the table on top, or `otherwise`. */
static lua_Number field(lua_State *L, const char *name, lua_Number otherwise)
{
    lua_Number number;
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    number = lua_isnil(L, -1) ? otherwise : lua_tonumber(L, -1);
    lua_pop(L, 1);
    return number;
}

static bool fill(lua_State *L, dbapi_value_t *value, int keep);

/* Memory for the length of a call: the table at `keep` keeps it. */
static void *room(lua_State *L, size_t size, int keep)
{
    void *memory = lua_newuserdata(L, size + 1);
    lua_rawseti(L, keep, (int)length_at(L, keep) + 1);
    return memory;
}

/* The numbers of the list in a field of the table on top. */
static const int32_t *int32s(lua_State *L, const char *name, int32_t count, int keep)
{
    int32_t i;
    int32_t *list = room(L, (size_t)count * sizeof *list, keep);
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    for (i = 0; i < count; i++) {
        lua_rawgeti(L, -1, i + 1);
        list[i] = (int32_t)lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return list;
}

/* Makes `value` of the array on top, which dbapi.lua has flattened. */
static bool fill_array(lua_State *L, dbapi_value_t *value, int keep)
{
    dbapi_array_t *array = room(L, sizeof *array, keep);
    size_t i, count = (size_t)field(L, "count", 0);
    dbapi_value_t *items = room(L, count * sizeof *items, keep);
    bool filled = true;
    memset(array, 0, sizeof *array);
    array->dimensions = (int32_t)field(L, "dimensions", 0);
    array->lengths = int32s(L, "lengths", array->dimensions, keep);
    array->lower_bounds = int32s(L, "lower_bounds", array->dimensions, keep);
    array->count = count;
    array->items = items;
    lua_pushliteral(L, "items");
    lua_rawget(L, -2);
    for (i = 0; i < count && filled; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        filled = fill(L, &items[i], keep);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    if (filled)
        dbapi_value_set_array(value, array);
    return filled;
}

static bool is_integer(lua_State *L)
{
#if LUA_VERSION_NUM >= 503
    return lua_isinteger(L, -1);
#else
    /* A number without a fraction is an integer, but for -0, which only a float can be. */
    lua_Number number = lua_tonumber(L, -1);
    return number > -EXACT && number < EXACT && (lua_Number)(int64_t)number == number &&
           (number != 0 || !signbit(number));
#endif
}

/* Makes `value` of what is on top; false if none can be made of it. */
static bool fill(lua_State *L, dbapi_value_t *value, int keep)
{
    size_t length;
    const char *text;
    int kind;
    bool filled = true;
    switch (lua_type(L, -1)) {
    case LUA_TNIL:
        dbapi_value_set_null(value);
        return true;
    case LUA_TBOOLEAN:
        dbapi_value_set_bool(value, lua_toboolean(L, -1));
        return true;
    case LUA_TNUMBER:
        if (is_integer(L))
            dbapi_value_set_int64(value, (int64_t)lua_tointeger(L, -1));
        else
            dbapi_value_set_double(value, lua_tonumber(L, -1));
        return true;
    case LUA_TSTRING:
        text = lua_tolstring(L, -1, &length);
        dbapi_value_set_text(value, text, length);
        return true;
    case LUA_TTABLE:
        break;
    default:
        return false;
    }
    luaL_checkstack(L, 8, NULL);
    kind = (int)field(L, "kind", DBAPI_KIND_NULL);
    if (kind == DBAPI_KIND_ARRAY) {
        filled = fill_array(L, value, keep);
    } else if (kind == DBAPI_KIND_FLOAT) {
        dbapi_value_set_double(value, field(L, "value", 0));
    } else {
        lua_pushliteral(L, "value");
        lua_rawget(L, -2);
        filled = lua_type(L, -1) != LUA_TTABLE && fill(L, value, keep);
        lua_pop(L, 1);
        if (filled && kind != DBAPI_KIND_NULL && value->kind == DBAPI_KIND_TEXT)
            value->kind = kind;
    }
    value->oid = (uint32_t)field(L, "oid", 0);
    return filled;
}

/* ---- cursors --------------------------------------------------------------------------------------------- */

static int open_cursor(lua_State *L)
{
    dbapi_error_t *error = NULL;
    dbapi_connection_t *connection = connection_at(L, 1);
    const char *name = luaL_optstring(L, 2, NULL);
    int32_t scrollable = (int32_t)luaL_checkinteger(L, 3);
    bool withhold = lua_toboolean(L, 4);
    dbapi_status_t status;
    cursor_t *cursor = lua_newuserdata(L, sizeof *cursor);
    memset(cursor, 0, sizeof *cursor);
    cursor->names = LUA_NOREF;
    cursor->named = name != NULL;
    luaL_getmetatable(L, CURSOR);
    lua_setmetatable(L, -2);
    status = dbapi_cursor_named(connection, name, scrollable, withhold, &cursor->handle, &error);
    return status == DBAPI_OK ? 1 : outcome(L, status, error);
}

static cursor_t *cursor_at_1(lua_State *L)
{
    return luaL_checkudata(L, 1, CURSOR);
}

static int busy(lua_State *L)
{
    return misuse(L, "the cursor is in use: a finalizer came into a call on it");
}

/* Forgets the block, whose memory the next call takes away. */
static void forget_rows(cursor_t *cursor)
{
    cursor->rows = NULL;
    cursor->count = cursor->place = 0;
}

static void forget_names(lua_State *L, cursor_t *cursor)
{
    luaL_unref(L, LUA_REGISTRYINDEX, cursor->names);
    cursor->names = LUA_NOREF;
}

static int cursor_gc(lua_State *L)
{
    cursor_t *cursor = cursor_at_1(L);
    forget_rows(cursor);
    forget_names(L, cursor);
    dbapi_cursor_free(cursor->handle);
    cursor->handle = NULL;
    return 0;
}

static int drop(lua_State *L)
{
    forget_rows(cursor_at_1(L));
    return 0;
}

/* The values of the list at index 3, if it is one; NULL and an error on the stack if they cannot be made. */
static bool parameters(lua_State *L, size_t count, dbapi_value_t **out_values)
{
    size_t i;
    int keep;
    *out_values = NULL;
    if (!lua_istable(L, 3))
        return true;
    *out_values = lua_newuserdata(L, (count + 1) * sizeof **out_values);
    lua_newtable(L);
    keep = lua_gettop(L);
    for (i = 0; i < count; i++) {
        lua_rawgeti(L, 3, (int)i + 1);
        if (!fill(L, &(*out_values)[i], keep)) {
            lua_pushfstring(L, "a parameter cannot be a %s", luaL_typename(L, -1));
            misuse(L, lua_tostring(L, -1));
            return false;
        }
        lua_pop(L, 1);
    }
    return true;
}

typedef dbapi_status_t (*plain_call_t)(dbapi_cursor_t *, const char *, const dbapi_value_t *, size_t, dbapi_error_t **);
typedef dbapi_status_t (*named_call_t)(dbapi_cursor_t *, const char *, const char *const *, const dbapi_value_t *,
                                       size_t, dbapi_error_t **);

/* Arguments: cursor, text, list or nil, how many, names or nil. */
static int run(lua_State *L, plain_call_t plain, named_call_t by_name)
{
    cursor_t *cursor = cursor_at_1(L);
    const char *text = luaL_checkstring(L, 2);
    size_t count = (size_t)luaL_checknumber(L, 4);
    dbapi_value_t *values;
    dbapi_error_t *error = NULL;
    dbapi_status_t status;
    lua_settop(L, 5);
    if (!parameters(L, count, &values))
        return 2;
    if (cursor->busy)
        return busy(L);
    forget_rows(cursor);
    forget_names(L, cursor);
    if (lua_istable(L, 5)) {
        const char **names = strings_at(L, 5, count);
        status = by_name(cursor->handle, text, names, values, count, &error);
    } else {
        status = plain(cursor->handle, text, values, count, &error);
    }
    return outcome(L, status, error);
}

static int execute(lua_State *L)
{
    return run(L, dbapi_execute, dbapi_execute_named);
}

static int callproc(lua_State *L)
{
    return run(L, dbapi_callproc, dbapi_callproc_named);
}

/* Arguments: cursor, text, a list of all rows one after the other, how many values a row has, how many rows, names or
   nil. */
static int executemany(lua_State *L)
{
    cursor_t *cursor = cursor_at_1(L);
    const char *text = luaL_checkstring(L, 2);
    size_t count = (size_t)luaL_checknumber(L, 4), rows = (size_t)luaL_checknumber(L, 5);
    dbapi_value_t *values;
    dbapi_error_t *error = NULL;
    dbapi_status_t status;
    lua_settop(L, 6);
    if (!parameters(L, count * rows, &values))
        return 2;
    if (cursor->busy)
        return busy(L);
    forget_rows(cursor);
    forget_names(L, cursor);
    if (lua_istable(L, 6)) {
        const char **names = strings_at(L, 6, count);
        status = dbapi_executemany_named(cursor->handle, text, names, values, count, rows, &error);
    } else {
        status = dbapi_executemany(cursor->handle, text, values, count, rows, &error);
    }
    return outcome(L, status, error);
}

/* ---- rows ------------------------------------------------------------------------------------------------ */

/* Pushes PostgreSQL's text of a value. */
static void push_formatted(lua_State *L, const dbapi_value_t *value)
{
    char buffer[256];
    size_t length = 0;
    dbapi_error_t *error = NULL;
    if (dbapi_value_format(value, buffer, sizeof buffer, &length, &error) < 0) {
        push_error(L, error);
        lua_error(L);
    }
    if (length < sizeof buffer) {
        lua_pushlstring(L, buffer, length);
    } else {
        char *large = lua_newuserdata(L, length + 1);
        dbapi_value_format(value, large, length + 1, NULL, NULL);
        lua_pushlstring(L, large, length);
        lua_remove(L, -2);
    }
}

static void push_value(lua_State *L, const dbapi_value_t *value);

/* Pushes one dimension of an array as a list; `*item` goes on behind what it holds. */
static void push_dimension(lua_State *L, const dbapi_array_t *array, int32_t dimension, const dbapi_value_t **item)
{
    int32_t i, length = array->lengths[dimension];
    luaL_checkstack(L, 8, NULL);
    lua_createtable(L, length, 0);
    for (i = 0; i < length; i++) {
        if (dimension + 1 < array->dimensions) {
            push_dimension(L, array, dimension + 1, item);
        } else {
            if ((*item)->kind == DBAPI_KIND_NULL) {
                lua_pushlightuserdata(L, &null_key);
                lua_rawget(L, LUA_REGISTRYINDEX);
            } else {
                push_value(L, *item);
            }
            ++*item;
        }
        lua_rawseti(L, -2, i + 1);
    }
}

static void push_array(lua_State *L, const dbapi_array_t *array)
{
    const dbapi_value_t *item = array->items;
    bool usual = true;
    int32_t i;
    if (array->dimensions == 0) {
        lua_newtable(L);
        return;
    }
    push_dimension(L, array, 0, &item);
    for (i = 0; i < array->dimensions; i++)
        usual = usual && array->lower_bounds[i] == 1;
    if (usual)
        return;
    lua_newtable(L);
    for (i = 0; i < array->dimensions; i++) {
        lua_pushinteger(L, array->lower_bounds[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "lower_bounds");
}

static void push_int64(lua_State *L, int64_t integer)
{
#if LUA_VERSION_NUM >= 503
    lua_pushinteger(L, (lua_Integer)integer);
#else
    if ((lua_Number)integer > -EXACT && (lua_Number)integer < EXACT) {
        lua_pushnumber(L, (lua_Number)integer);
    } else {
        char digits[24];
        snprintf(digits, sizeof digits, "%" PRId64, integer);
        lua_pushstring(L, digits);
    }
#endif
}

static void push_value(lua_State *L, const dbapi_value_t *value)
{
    switch (value->kind) {
    case DBAPI_KIND_NULL:
        lua_pushnil(L);
        break;
    case DBAPI_KIND_BOOL:
        lua_pushboolean(L, value->as.boolean);
        break;
    case DBAPI_KIND_INT:
        push_int64(L, value->as.integer);
        break;
    case DBAPI_KIND_FLOAT:
        lua_pushnumber(L, value->as.floating);
        break;
    case DBAPI_KIND_NUMERIC:
    case DBAPI_KIND_TEXT:
    case DBAPI_KIND_BYTES:
    case DBAPI_KIND_JSON:
        lua_pushlstring(L, value->as.text.data, value->as.text.length);
        break;
    case DBAPI_KIND_ARRAY:
        push_array(L, value->as.array);
        break;
    default:
        push_formatted(L, value);
    }
}

/* Brings the next block. Of a named cursor each row is asked for alone, or, iterating, by itersize. */
static dbapi_status_t refill(lua_State *L, cursor_t *cursor, bool iterate, dbapi_error_t **out_error)
{
    dbapi_status_t status;
    forget_rows(cursor);
    if (!cursor->named) {
        status = dbapi_fetchmany(cursor->handle, BLOCK, &cursor->rows, &cursor->count, out_error);
    } else {
        forget_names(L, cursor);
        status = (iterate ? dbapi_next : dbapi_fetchone)(cursor->handle, &cursor->rows, out_error);
        cursor->count = status == DBAPI_OK ? 1 : 0;
    }
    if (status == DBAPI_OK)
        dbapi_description(cursor->handle, &cursor->width);
    return status;
}

/* Pushes the list of the columns' names. */
static void push_names(lua_State *L, cursor_t *cursor)
{
    if (cursor->names == LUA_NOREF) {
        size_t i, count;
        const dbapi_column_t *columns = dbapi_description(cursor->handle, &count);
        lua_createtable(L, (int)count, 0);
        for (i = 0; i < count; i++) {
            lua_pushstring(L, columns[i].name);
            lua_rawseti(L, -2, (int)i + 1);
        }
        cursor->names = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, cursor->names);
}

/* How a row comes: what dbapi.lua gives as false, true and "both". */
typedef enum { BY_NUMBER, BY_NAME, BOTH } row_mode_t;

static row_mode_t mode_at(lua_State *L, int index)
{
    return lua_type(L, index) == LUA_TSTRING ? BOTH : lua_toboolean(L, index) ? BY_NAME : BY_NUMBER;
}

/* Reads the row at `place` into the table on top. Raw, since a metamethod might use the cursor meanwhile; `busy` by now,
   since a finalizer might too. */
static void read_row(lua_State *L, cursor_t *cursor, row_mode_t mode)
{
    const dbapi_value_t *values = cursor->rows + cursor->place * cursor->width;
    size_t i;
    cursor->place++;
    if (mode != BY_NUMBER)
        push_names(L, cursor);
    for (i = 0; i < cursor->width; i++) {
        int n = (int)i + 1;
        push_value(L, &values[i]);
        if (mode == BY_NUMBER) {
            lua_rawseti(L, -2, n);
            continue;
        }
        if (mode == BOTH) {
            lua_pushvalue(L, -1);
            lua_rawseti(L, -4, n);
        }
        lua_rawgeti(L, -2, n);
        lua_insert(L, -2);
        lua_rawset(L, -4);
    }
    if (mode != BY_NUMBER)
        lua_pop(L, 1);
    cursor->busy = false;
}

static void push_row(lua_State *L, cursor_t *cursor, row_mode_t mode)
{
    int by_number = mode == BY_NAME ? 0 : (int)cursor->width;
    lua_createtable(L, by_number, mode == BY_NUMBER ? 0 : (int)cursor->width);
}

/* Arguments: cursor, a table to fill or nil, mode, whether it is an iteration. Gives the row and its width. */
static int fetch(lua_State *L)
{
    cursor_t *cursor = cursor_at_1(L);
    row_mode_t mode = mode_at(L, 3);
    if (cursor->busy)
        return busy(L);
    if (cursor->place >= cursor->count) {
        dbapi_error_t *error = NULL;
        dbapi_status_t status = refill(L, cursor, lua_toboolean(L, 4), &error);
        if (status != DBAPI_OK)
            return outcome(L, status, error);
    }
    cursor->busy = true;
    if (lua_istable(L, 2))
        lua_settop(L, 2);
    else
        push_row(L, cursor, mode);
    read_row(L, cursor, mode);
    lua_pushinteger(L, (lua_Integer)cursor->width);
    return 2;
}

/* Arguments: cursor, how many rows at most or nil, mode. Gives a list. */
static int fetchmany(lua_State *L)
{
    cursor_t *cursor = cursor_at_1(L);
    bool all = lua_isnil(L, 2);
    size_t limit = all ? SIZE_MAX : (size_t)luaL_checknumber(L, 2), i;
    row_mode_t mode = mode_at(L, 3);
    dbapi_error_t *error = NULL;
    dbapi_status_t status = DBAPI_OK;
    if (cursor->busy)
        return busy(L);
    lua_newtable(L);
    if (cursor->named && limit > 0) {
        forget_rows(cursor);
        forget_names(L, cursor);
        if (all)
            status = dbapi_fetchall(cursor->handle, &cursor->rows, &cursor->count, &error);
        else
            status = dbapi_fetchmany(cursor->handle, limit, &cursor->rows, &cursor->count, &error);
        if (status == DBAPI_OK)
            dbapi_description(cursor->handle, &cursor->width);
        limit = cursor->count;
    }
    for (i = 0; i < limit && status == DBAPI_OK; i++) {
        if (cursor->place >= cursor->count)
            status = refill(L, cursor, false, &error);
        if (status == DBAPI_OK) {
            cursor->busy = true;
            push_row(L, cursor, mode);
            read_row(L, cursor, mode);
            lua_rawseti(L, -2, (int)i + 1);
        }
    }
    return status < 0 ? outcome(L, status, error) : 1;
}

/* Puts back what was read ahead, so that the library counts from where its user stands. */
static dbapi_status_t unread(cursor_t *cursor, dbapi_error_t **out_error)
{
    int64_t ahead = (int64_t)(cursor->count - cursor->place);
    forget_rows(cursor);
    return ahead > 0 ? dbapi_scroll(cursor->handle, -ahead, DBAPI_SCROLL_RELATIVE, out_error) : DBAPI_OK;
}

static int scroll(lua_State *L)
{
    cursor_t *cursor = cursor_at_1(L);
    int64_t value = (int64_t)luaL_checknumber(L, 2);
    int32_t mode = (int32_t)luaL_checkinteger(L, 3);
    dbapi_error_t *error = NULL;
    dbapi_status_t status;
    if (cursor->busy)
        return busy(L);
    status = unread(cursor, &error);
    if (status == DBAPI_OK)
        status = dbapi_scroll(cursor->handle, value, mode, &error);
    return outcome(L, status, error);
}

static int nextset(lua_State *L)
{
    cursor_t *cursor = cursor_at_1(L);
    dbapi_error_t *error = NULL;
    dbapi_status_t status;
    if (cursor->busy)
        return busy(L);
    status = unread(cursor, &error);
    forget_names(L, cursor);
    if (status == DBAPI_OK)
        status = dbapi_nextset(cursor->handle, &error);
    return outcome(L, status, error);
}

static int cursor_close(lua_State *L)
{
    cursor_t *cursor = cursor_at_1(L);
    dbapi_error_t *error = NULL;
    dbapi_status_t status;
    if (cursor->busy)
        return busy(L);
    forget_rows(cursor);
    status = dbapi_cursor_close(cursor->handle, &error);
    return outcome(L, status, error);
}

static int set_cursor_timeout(lua_State *L)
{
    dbapi_error_t *error = NULL;
    dbapi_status_t status =
        dbapi_cursor_set_timeout(cursor_at_1(L)->handle, (int64_t)luaL_checknumber(L, 2), &error);
    return outcome(L, status, error);
}

static int set_itersize(lua_State *L)
{
    dbapi_error_t *error = NULL;
    dbapi_status_t status = dbapi_cursor_set_itersize(cursor_at_1(L)->handle, (size_t)luaL_checknumber(L, 2), &error);
    return outcome(L, status, error);
}

static int set_all_results(lua_State *L)
{
    dbapi_error_t *error = NULL;
    dbapi_status_t status = dbapi_cursor_set_all_results(cursor_at_1(L)->handle, lua_toboolean(L, 2), &error);
    return outcome(L, status, error);
}

static int rowcount(lua_State *L)
{
    push_int64(L, dbapi_rowcount(cursor_at_1(L)->handle));
    return 1;
}

static int rownumber(lua_State *L)
{
    cursor_t *cursor = cursor_at_1(L);
    int64_t number = dbapi_rownumber(cursor->handle);
    if (number < 0)
        return 0;
    push_int64(L, number - (int64_t)(cursor->count - cursor->place));
    return 1;
}

static int cursor_closed(lua_State *L)
{
    lua_pushboolean(L, dbapi_cursor_closed(cursor_at_1(L)->handle));
    return 1;
}

static int statusmessage(lua_State *L)
{
    push_text(L, dbapi_cursor_statusmessage(cursor_at_1(L)->handle));
    return 1;
}

static int query(lua_State *L)
{
    push_text(L, dbapi_cursor_query(cursor_at_1(L)->handle));
    return 1;
}

/* Gives the columns; nil without a result set. */
static int description(lua_State *L)
{
    size_t i, count;
    const dbapi_column_t *columns = dbapi_description(cursor_at_1(L)->handle, &count);
    if (!columns)
        return 0;
    lua_createtable(L, (int)count, 0);
    for (i = 0; i < count; i++) {
        const dbapi_column_t *column = &columns[i];
        lua_createtable(L, 0, 8);
        set_text(L, "name", column->name);
        set_integer(L, "type_code", column->type_code);
        set_integer(L, "kind", column->kind);
        if (column->internal_size >= 0)
            set_integer(L, "internal_size", column->internal_size);
        if (column->precision >= 0)
            set_integer(L, "precision", column->precision);
        if (column->scale >= 0)
            set_integer(L, "scale", column->scale);
        set_integer(L, "table_oid", column->table_oid);
        set_integer(L, "table_column", column->table_column);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

/* Whether there is a result set. */
static int has_result(lua_State *L)
{
    lua_pushboolean(L, dbapi_description(cursor_at_1(L)->handle, NULL) != NULL);
    return 1;
}

static const luaL_Reg functions[] = {
    {"setup", setup},
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
    {"cursor", open_cursor},
    {"drop", drop},
    {"execute", execute},
    {"executemany", executemany},
    {"callproc", callproc},
    {"fetch", fetch},
    {"fetchmany", fetchmany},
    {"scroll", scroll},
    {"nextset", nextset},
    {"cursor_close", cursor_close},
    {"set_cursor_timeout", set_cursor_timeout},
    {"set_itersize", set_itersize},
    {"set_all_results", set_all_results},
    {"rowcount", rowcount},
    {"rownumber", rownumber},
    {"cursor_closed", cursor_closed},
    {"statusmessage", statusmessage},
    {"query", query},
    {"description", description},
    {"has_result", has_result},
    {NULL, NULL},
};

static void new_type(lua_State *L, const char *name, lua_CFunction gc)
{
    luaL_newmetatable(L, name);
    lua_pushcfunction(L, gc);
    lua_setfield(L, -2, "__gc");
    set_bool(L, "__metatable", false); /* its __gc is the collector's alone */
    lua_pop(L, 1);
}

int luaopen_dbapi_lua(lua_State *L);

int luaopen_dbapi_lua(lua_State *L)
{
    int32_t version = dbapi_version_number();
    if (version < DBAPI_VERSION_NUMBER || version / 10000 != DBAPI_VERSION_NUMBER / 10000)
        return luaL_error(L, "libdbapi is version %s, and this module was built for %s", dbapi_version(), DBAPI_VERSION);
    new_type(L, CONNECTION, connection_gc);
    new_type(L, CURSOR, cursor_gc);
    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
    set_text(L, "name", "c");
    set_text(L, "version", dbapi_version());
    return 1;
}
