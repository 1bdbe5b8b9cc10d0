/* Rows, and the library's values as Lua has them. */
#include "core.h"

#include <inttypes.h>
#include <stdio.h>

/* A row is read from a block of so many. */
#define BLOCK 1000

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
            if ((*item)->kind == DBAPI_KIND_NULL)
                push_null(L);
            else
                push_value(L, *item);
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

void push_int64(lua_State *L, int64_t integer)
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

const luaL_Reg row_functions[] = {{"fetch", fetch}, {"fetchmany", fetchmany}, {NULL, NULL}};
