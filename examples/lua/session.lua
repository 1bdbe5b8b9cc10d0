-- PEP 249's familiar session from Lua, on the raw C ABI through LuaJIT's FFI.
-- DBAPI_LIBRARY names the shared library; without it the loader looks for libdbapi.so.0.
local ffi = require("ffi")

ffi.cdef [[
typedef struct dbapi_connection_t dbapi_connection_t;
typedef struct dbapi_cursor_t dbapi_cursor_t;
typedef struct dbapi_error_t dbapi_error_t;
typedef int32_t dbapi_status_t;
typedef struct dbapi_value_t {
  int32_t kind;
  uint32_t oid;
  union {
    bool boolean;
    int64_t integer;
    double floating;
    struct { const char *data; size_t length; } text;
    uint8_t uuid[16];
  } as;
} dbapi_value_t;
dbapi_status_t dbapi_connect(const char *, dbapi_connection_t **, dbapi_error_t **);
void dbapi_connection_free(dbapi_connection_t *);
dbapi_status_t dbapi_commit(dbapi_connection_t *, dbapi_error_t **);
dbapi_status_t dbapi_cursor(dbapi_connection_t *, dbapi_cursor_t **, dbapi_error_t **);
void dbapi_cursor_free(dbapi_cursor_t *);
dbapi_status_t dbapi_execute(dbapi_cursor_t *, const char *, const dbapi_value_t *, size_t, dbapi_error_t **);
dbapi_status_t dbapi_fetchone(dbapi_cursor_t *, const dbapi_value_t **, dbapi_error_t **);
const char *dbapi_error_class(const dbapi_error_t *);
const char *dbapi_error_message(const dbapi_error_t *);
void dbapi_error_free(dbapi_error_t *);
dbapi_status_t dbapi_value_set_int64(dbapi_value_t *, int64_t);
dbapi_status_t dbapi_value_set_text(dbapi_value_t *, const char *, size_t);
]]

local dbapi = ffi.load(os.getenv("DBAPI_LIBRARY") or "libdbapi.so.0")

-- Calls a function whose last argument is out_error; `...` are those before it.
local function check(call, ...)
  local failure = ffi.new("dbapi_error_t *[1]")
  local arguments = { n = select("#", ...) + 1, ... }
  arguments[arguments.n] = failure
  local status = call(unpack(arguments, 1, arguments.n))
  if status < 0 then
    local message = ffi.string(dbapi.dbapi_error_class(failure[0])) .. ": " .. ffi.string(dbapi.dbapi_error_message(failure[0]))
    dbapi.dbapi_error_free(failure[0])
    error(message, 0)
  end
  return status
end

-- The collector frees the handles, in whatever order it likes.
local out = ffi.new("dbapi_connection_t *[1]")
check(dbapi.dbapi_connect, os.getenv("DATABASE_URL"), out)
local connection = ffi.gc(out[0], dbapi.dbapi_connection_free)
out = ffi.new("dbapi_cursor_t *[1]")
check(dbapi.dbapi_cursor, connection, out)
local cursor = ffi.gc(out[0], dbapi.dbapi_cursor_free)

local function execute(sql, params, count)
  check(dbapi.dbapi_execute, cursor, sql, params, count or 0)
end

execute("CREATE TABLE test (id serial PRIMARY KEY, num integer, data varchar)")

local params = ffi.new("dbapi_value_t[2]")
local data = "abc'def" -- kept here, for the value only points at it
dbapi.dbapi_value_set_int64(params[0], 100)
dbapi.dbapi_value_set_text(params[1], data, #data)
execute("INSERT INTO test (num, data) VALUES (%s, %s)", params, 2)

execute("SELECT * FROM test")
local row = ffi.new("const dbapi_value_t *[1]")
check(dbapi.dbapi_fetchone, cursor, row)
row = row[0]
print(string.format('(%d, %d, "%s")', tonumber(row[0].as.integer), tonumber(row[1].as.integer),
  ffi.string(row[2].as.text.data, row[2].as.text.length)))

execute("DROP TABLE test")
check(dbapi.dbapi_commit, connection)
