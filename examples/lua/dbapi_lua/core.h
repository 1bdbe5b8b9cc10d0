/*
 * The part of dbapi.lua that touches the C interface, for Lua 5.1 to 5.4: the same functions as dbapi_ffi.lua.
 *
 * A function that Lua calls gives nil and an error's table when it fails. Objects are userdata that hold a handle, which
 * the collector frees; handles may be freed in any order, so nothing here keeps one for another's sake.
 * README.md says how to build it.
 */
#ifndef CORE_H
#define CORE_H

#include <lauxlib.h>
#include <lua.h>

#include <dbapi.h>

#define CONNECTION "dbapi.core.connection"
#define CURSOR "dbapi.core.cursor"
/* Integers below this, in either direction, are doubles without loss. */
#define EXACT 9007199254740992.0

/* None of these names is anybody else's business. */
#if defined(__GNUC__)
#pragma GCC visibility push(hidden)
#endif

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

/* What each file adds to the module. */
extern const luaL_Reg error_functions[], connection_functions[], cursor_functions[], row_functions[];

/* errors.c */

void push_text(lua_State *L, const char *text); /* nil for NULL */
/* Sets a field of the table on top. */
void set_text(lua_State *L, const char *name, const char *text);
void set_bool(lua_State *L, const char *name, bool value);
void set_integer(lua_State *L, const char *name, int64_t value);
/* Pushes an error or a notice as a table; it is freed. */
void push_error(lua_State *L, dbapi_error_t *error);
/* Gives true, false for DBAPI_DONE, or nil and the error. */
int outcome(lua_State *L, dbapi_status_t status, dbapi_error_t *error);
/* Gives nil and an error of the binding's own. */
int misuse(lua_State *L, const char *message);
/* Pushes what stands for a NULL within an array. */
void push_null(lua_State *L);

/* A function of the module that makes one call, which fills `error`, and gives its outcome. */
#define CALL(name, call)                                                                                               \
    static int name(lua_State *L)                                                                                      \
    {                                                                                                                  \
        dbapi_error_t *error = NULL;                                                                                   \
        dbapi_status_t status = call;                                                                                  \
        return outcome(L, status, error);                                                                              \
    }

/* parameters.c */

size_t length_at(lua_State *L, int index);
/* The strings of the list at `index`, and a NULL behind them, in memory that the stack keeps. */
const char **strings_at(lua_State *L, int index, size_t count);
/* The values of the list at `index`, if it is one, which the stack keeps; NULL and an error on the stack if they cannot
   be made. */
bool values_at(lua_State *L, int index, size_t count, dbapi_value_t **out_values);

/* connection.c, cursor.c */

int connection_gc(lua_State *L);
int cursor_gc(lua_State *L);
dbapi_connection_t *connection_at(lua_State *L, int index);
cursor_t *cursor_at_1(lua_State *L);
int busy(lua_State *L);
/* Forgets the block, whose memory the next call takes away. */
void forget_rows(cursor_t *cursor);
void forget_names(lua_State *L, cursor_t *cursor);

/* rows.c */

void push_int64(lua_State *L, int64_t integer);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
