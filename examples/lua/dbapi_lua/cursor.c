/* Cursors, but for their rows. */
#include "core.h"

#include <string.h>

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

cursor_t *cursor_at_1(lua_State *L)
{
    return luaL_checkudata(L, 1, CURSOR);
}

int busy(lua_State *L)
{
    return misuse(L, "the cursor is in use: a finalizer came into a call on it");
}

void forget_rows(cursor_t *cursor)
{
    cursor->rows = NULL;
    cursor->count = cursor->place = 0;
}

void forget_names(lua_State *L, cursor_t *cursor)
{
    luaL_unref(L, LUA_REGISTRYINDEX, cursor->names);
    cursor->names = LUA_NOREF;
}

int cursor_gc(lua_State *L)
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

/* What a call is made of: its arguments in Lua are the cursor, a text, a list of values or nil, how many (of them a row
   has), and names or nil. */
typedef struct {
    cursor_t *cursor;
    const char *text;
    size_t count;
    dbapi_value_t *values;
    const char **names;
} call_t;

/* Takes the arguments of a call of so many rows; false, and an error on the stack, if it cannot be made. */
static bool begin(lua_State *L, size_t rows, call_t *call)
{
    call->cursor = cursor_at_1(L);
    call->text = luaL_checkstring(L, 2);
    call->count = (size_t)luaL_checknumber(L, 4);
    lua_settop(L, 5);
    if (!values_at(L, 3, call->count * rows, &call->values))
        return false;
    if (call->cursor->busy)
        return busy(L), false;
    call->names = lua_istable(L, 5) ? strings_at(L, 5, call->count) : NULL;
    forget_rows(call->cursor);
    forget_names(L, call->cursor);
    return true;
}

static int execute(lua_State *L)
{
    call_t call;
    dbapi_status_t status;
    dbapi_error_t *error = NULL;
    if (!begin(L, 1, &call))
        return 2;
    if (call.names)
        status = dbapi_execute_named(call.cursor->handle, call.text, call.names, call.values, call.count, &error);
    else
        status = dbapi_execute(call.cursor->handle, call.text, call.values, call.count, &error);
    return outcome(L, status, error);
}

static int callproc(lua_State *L)
{
    call_t call;
    dbapi_status_t status;
    dbapi_error_t *error = NULL;
    if (!begin(L, 1, &call))
        return 2;
    if (call.names)
        status = dbapi_callproc_named(call.cursor->handle, call.text, call.names, call.values, call.count, &error);
    else
        status = dbapi_callproc(call.cursor->handle, call.text, call.values, call.count, &error);
    return outcome(L, status, error);
}

/* The list has all rows one after the other; behind the names is how many rows. */
static int executemany(lua_State *L)
{
    call_t call;
    dbapi_status_t status;
    dbapi_error_t *error = NULL;
    size_t rows = (size_t)luaL_checknumber(L, 6);
    if (!begin(L, rows, &call))
        return 2;
    if (call.names)
        status = dbapi_executemany_named(call.cursor->handle, call.text, call.names, call.values, call.count, rows, &error);
    else
        status = dbapi_executemany(call.cursor->handle, call.text, call.values, call.count, rows, &error);
    return outcome(L, status, error);
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

CALL(set_cursor_timeout, dbapi_cursor_set_timeout(cursor_at_1(L)->handle, (int64_t)luaL_checknumber(L, 2), &error))
CALL(set_itersize, dbapi_cursor_set_itersize(cursor_at_1(L)->handle, (size_t)luaL_checknumber(L, 2), &error))
CALL(set_all_results, dbapi_cursor_set_all_results(cursor_at_1(L)->handle, lua_toboolean(L, 2), &error))

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

const luaL_Reg cursor_functions[] = {
    {"cursor", open_cursor},
    {"drop", drop},
    {"execute", execute},
    {"executemany", executemany},
    {"callproc", callproc},
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
