/* The module: what require("dbapi_lua") calls. */
#include "core.h"

#if LUA_VERSION_NUM < 502
#define luaL_setfuncs(L, functions, upvalues) luaL_register(L, NULL, functions)
#endif

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
    luaL_setfuncs(L, error_functions, 0);
    luaL_setfuncs(L, connection_functions, 0);
    luaL_setfuncs(L, cursor_functions, 0);
    luaL_setfuncs(L, row_functions, 0);
    set_text(L, "name", "c");
    set_text(L, "version", dbapi_version());
    return 1;
}
