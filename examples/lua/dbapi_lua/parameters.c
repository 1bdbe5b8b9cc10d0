/* Values of Lua's as the library takes them. */
#include "core.h"

#include <math.h>
#include <string.h>

size_t length_at(lua_State *L, int index)
{
#if LUA_VERSION_NUM < 502
    return lua_objlen(L, index);
#else
    return lua_rawlen(L, index);
#endif
}

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

const char **strings_at(lua_State *L, int index, size_t count)
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

bool values_at(lua_State *L, int index, size_t count, dbapi_value_t **out_values)
{
    size_t i;
    int keep;
    *out_values = NULL;
    if (!lua_istable(L, index))
        return true;
    *out_values = lua_newuserdata(L, (count + 1) * sizeof **out_values);
    lua_newtable(L);
    keep = lua_gettop(L);
    for (i = 0; i < count; i++) {
        lua_rawgeti(L, index, (int)i + 1);
        if (!fill(L, &(*out_values)[i], keep)) {
            lua_pushfstring(L, "a parameter cannot be a %s", luaL_typename(L, -1));
            misuse(L, lua_tostring(L, -1));
            return false;
        }
        lua_pop(L, 1);
    }
    return true;
}
