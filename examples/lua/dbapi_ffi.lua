-- The part of dbapi.lua that touches the C interface, for LuaJIT: the same functions as those in dbapi_lua/.
--
-- A function here gives nil and an error's table when it fails. Objects are tables that hold a handle, which the
-- collector frees; handles may be freed in any order, so nothing here keeps one for another's sake.
local ffi = require("ffi")
local new_table = require("table.new")

if not pcall(ffi.typeof, "dbapi_value_t") then
  ffi.cdef([[
typedef struct dbapi_connection_t dbapi_connection_t;
typedef struct dbapi_cursor_t dbapi_cursor_t;
typedef struct dbapi_error_t dbapi_error_t;
typedef struct dbapi_notify_t dbapi_notify_t;
typedef int32_t dbapi_status_t;
typedef struct dbapi_array_t dbapi_array_t;
typedef struct dbapi_value_t {
  int32_t kind;
  uint32_t oid;
  union {
    bool boolean;
    int64_t integer;
    double floating;
    struct { const char *data; size_t length; } text;
    const dbapi_array_t *array;
    uint8_t uuid[16];
  } as;
} dbapi_value_t;
struct dbapi_array_t {
  uint32_t element_oid;
  int32_t dimensions;
  const int32_t *lengths, *lower_bounds;
  size_t count;
  const dbapi_value_t *items;
};
typedef struct dbapi_column_t {
  const char *name;
  uint32_t type_code;
  int32_t kind, display_size, internal_size, precision, scale, null_ok;
  uint32_t table_oid;
  int32_t table_column;
} dbapi_column_t;

int32_t dbapi_version_number(void);
const char *dbapi_version(void);
dbapi_status_t dbapi_connect_params(const char *, const char *const *, const char *const *, dbapi_connection_t **,
                                    dbapi_error_t **);
void dbapi_connection_free(dbapi_connection_t *);
dbapi_status_t dbapi_close(dbapi_connection_t *, dbapi_error_t **);
dbapi_status_t dbapi_commit(dbapi_connection_t *, dbapi_error_t **);
dbapi_status_t dbapi_rollback(dbapi_connection_t *, dbapi_error_t **);
dbapi_status_t dbapi_connection_reset(dbapi_connection_t *, dbapi_error_t **);
dbapi_status_t dbapi_connection_cancel(dbapi_connection_t *, dbapi_error_t **);
dbapi_status_t dbapi_connection_set_session(dbapi_connection_t *, int32_t, int32_t, int32_t, int32_t,
                                            dbapi_error_t **);
dbapi_status_t dbapi_connection_set_timeout(dbapi_connection_t *, int64_t, dbapi_error_t **);
bool dbapi_connection_autocommit(const dbapi_connection_t *);
int32_t dbapi_connection_closed(const dbapi_connection_t *);
int32_t dbapi_connection_transaction_status(const dbapi_connection_t *);
int32_t dbapi_connection_backend_pid(const dbapi_connection_t *);
int32_t dbapi_connection_server_version(const dbapi_connection_t *);
int32_t dbapi_connection_isolation_level(const dbapi_connection_t *);
int32_t dbapi_connection_fileno(const dbapi_connection_t *);
int32_t dbapi_connection_port(const dbapi_connection_t *);
const char *dbapi_connection_dsn(const dbapi_connection_t *);
const char *dbapi_connection_host(const dbapi_connection_t *);
const char *dbapi_connection_user(const dbapi_connection_t *);
const char *dbapi_connection_dbname(const dbapi_connection_t *);
dbapi_status_t dbapi_connection_notice(dbapi_connection_t *, dbapi_error_t **, dbapi_error_t **);
dbapi_status_t dbapi_connection_wait_notify(dbapi_connection_t *, int64_t, dbapi_notify_t **, dbapi_error_t **);
int32_t dbapi_notify_pid(const dbapi_notify_t *);
const char *dbapi_notify_channel(const dbapi_notify_t *);
const char *dbapi_notify_payload(const dbapi_notify_t *);
void dbapi_notify_free(dbapi_notify_t *);

dbapi_status_t dbapi_cursor_named(dbapi_connection_t *, const char *, int32_t, bool, dbapi_cursor_t **,
                                  dbapi_error_t **);
void dbapi_cursor_free(dbapi_cursor_t *);
dbapi_status_t dbapi_cursor_close(dbapi_cursor_t *, dbapi_error_t **);
int32_t dbapi_cursor_closed(const dbapi_cursor_t *);
dbapi_status_t dbapi_cursor_set_timeout(dbapi_cursor_t *, int64_t, dbapi_error_t **);
dbapi_status_t dbapi_cursor_set_itersize(dbapi_cursor_t *, size_t, dbapi_error_t **);
dbapi_status_t dbapi_cursor_set_all_results(dbapi_cursor_t *, bool, dbapi_error_t **);
const char *dbapi_cursor_statusmessage(const dbapi_cursor_t *);
const char *dbapi_cursor_query(const dbapi_cursor_t *);
int64_t dbapi_rowcount(const dbapi_cursor_t *);
int64_t dbapi_rownumber(const dbapi_cursor_t *);
const dbapi_column_t *dbapi_description(dbapi_cursor_t *, size_t *);
dbapi_status_t dbapi_execute(dbapi_cursor_t *, const char *, const dbapi_value_t *, size_t, dbapi_error_t **);
dbapi_status_t dbapi_execute_named(dbapi_cursor_t *, const char *, const char *const *, const dbapi_value_t *, size_t,
                                   dbapi_error_t **);
dbapi_status_t dbapi_executemany(dbapi_cursor_t *, const char *, const dbapi_value_t *, size_t, size_t,
                                 dbapi_error_t **);
dbapi_status_t dbapi_executemany_named(dbapi_cursor_t *, const char *, const char *const *, const dbapi_value_t *, size_t,
                                       size_t, dbapi_error_t **);
dbapi_status_t dbapi_callproc(dbapi_cursor_t *, const char *, const dbapi_value_t *, size_t, dbapi_error_t **);
dbapi_status_t dbapi_callproc_named(dbapi_cursor_t *, const char *, const char *const *, const dbapi_value_t *, size_t,
                                    dbapi_error_t **);
dbapi_status_t dbapi_fetchone(dbapi_cursor_t *, const dbapi_value_t **, dbapi_error_t **);
dbapi_status_t dbapi_next(dbapi_cursor_t *, const dbapi_value_t **, dbapi_error_t **);
dbapi_status_t dbapi_fetchmany(dbapi_cursor_t *, size_t, const dbapi_value_t **, size_t *, dbapi_error_t **);
dbapi_status_t dbapi_fetchall(dbapi_cursor_t *, const dbapi_value_t **, size_t *, dbapi_error_t **);
dbapi_status_t dbapi_scroll(dbapi_cursor_t *, int64_t, int32_t, dbapi_error_t **);
dbapi_status_t dbapi_nextset(dbapi_cursor_t *, dbapi_error_t **);
dbapi_status_t dbapi_value_format(const dbapi_value_t *, char *, size_t, size_t *, dbapi_error_t **);

dbapi_status_t dbapi_error_status(const dbapi_error_t *);
const char *dbapi_error_class(const dbapi_error_t *);
const char *dbapi_error_message(const dbapi_error_t *);
const char *dbapi_error_sqlstate(const dbapi_error_t *);
const char *dbapi_error_condition(const dbapi_error_t *);
int64_t dbapi_error_row(const dbapi_error_t *);
bool dbapi_error_connection_usable(const dbapi_error_t *);
bool dbapi_error_transaction_usable(const dbapi_error_t *);
bool dbapi_error_retryable(const dbapi_error_t *);
bool dbapi_error_timed_out(const dbapi_error_t *);
void dbapi_error_free(dbapi_error_t *);
]])
  for field in ([[severity severity_nonlocalized message_primary message_detail message_hint statement_position
    internal_position internal_query context schema_name table_name column_name datatype_name constraint_name
    source_file source_line source_function]]):gmatch("%S+") do
    ffi.cdef("const char *dbapi_error_" .. field .. "(const dbapi_error_t *);")
  end
end

local C = ffi.load(os.getenv("DBAPI_LIBRARY") or "libdbapi.so.0")
-- The structs above are of major version 0.
assert(C.dbapi_version_number() >= 100 and C.dbapi_version_number() < 10000, "libdbapi is of another major version")

local NULL, BOOL, INT, FLOAT, NUMERIC, TEXT, BYTES, JSON, ARRAY = 0, 1, 2, 3, 4, 5, 6, 14, 15
local FIELDS = { "severity", "severity_nonlocalized", "message_primary", "message_detail", "message_hint",
  "statement_position", "internal_position", "internal_query", "context", "schema_name", "table_name", "column_name",
  "datatype_name", "constraint_name", "source_file", "source_line", "source_function" }
-- Integers below this, in either direction, are numbers to LuaJIT without loss.
local EXACT = 2 ^ 53
-- A row is read from a block of so many.
local BLOCK = 1000

local values_t = ffi.typeof("dbapi_value_t[?]")
local strings_t = ffi.typeof("const char *[?]")
local int32s_t = ffi.typeof("int32_t[?]")
local array_t = ffi.typeof("dbapi_array_t")
local int64_t, uint64_t = ffi.typeof("int64_t"), ffi.typeof("uint64_t")
local failure = ffi.new("dbapi_error_t *[1]")

local core = { name = "ffi", version = ffi.string(C.dbapi_version()) }
local null, error_metatable

-- Told once by dbapi.lua: what stands for a NULL within an array, and what makes a table an error.
function core.setup(sentinel, metatable)
  null, error_metatable = sentinel, metatable
end

local function text(pointer)
  if pointer ~= nil then
    return ffi.string(pointer)
  end
end

-- An error or a notice as a table; it is freed.
local function describe(handle)
  local fields = {}
  for _, name in ipairs(FIELDS) do
    fields[name] = text(C["dbapi_error_" .. name](handle))
  end
  local row = tonumber(C.dbapi_error_row(handle))
  local described = {
    status = tonumber(C.dbapi_error_status(handle)),
    class = text(C.dbapi_error_class(handle)),
    message = text(C.dbapi_error_message(handle)),
    sqlstate = text(C.dbapi_error_sqlstate(handle)),
    condition = text(C.dbapi_error_condition(handle)),
    row = row >= 0 and row + 1 or nil,
    connection_usable = C.dbapi_error_connection_usable(handle),
    transaction_usable = C.dbapi_error_transaction_usable(handle),
    retryable = C.dbapi_error_retryable(handle),
    timed_out = C.dbapi_error_timed_out(handle),
    fields = fields,
  }
  C.dbapi_error_free(handle)
  return setmetatable(described, error_metatable)
end

-- The outcome of a call that has filled `failure` if its status is negative: true, false for DBAPI_DONE.
local function outcome(status)
  if status < 0 then
    local handle = failure[0]
    return nil, describe(handle)
  end
  return status == 0
end

local function misuse(message)
  return setmetatable({ status = -1, class = "InterfaceError", message = message, connection_usable = true,
    transaction_usable = true, retryable = false, timed_out = false, fields = {} }, error_metatable)
end

-- ---- connections ------------------------------------------------------------------------------------------

function core.connect(dsn, names, values)
  local keywords, settings = strings_t(#names + 1), strings_t(#names + 1)
  for i = 1, #names do
    keywords[i - 1], settings[i - 1] = names[i], values[i]
  end
  local out = ffi.new("dbapi_connection_t *[1]")
  local done, err = outcome(C.dbapi_connect_params(dsn, keywords, settings, out, failure))
  if not done then
    return nil, err
  end
  return { handle = ffi.gc(out[0], C.dbapi_connection_free) }
end

for name, symbol in pairs({ close = "close", commit = "commit", rollback = "rollback", reset = "connection_reset",
  cancel = "connection_cancel" }) do
  local call = C["dbapi_" .. symbol]
  core[name] = function(connection)
    return outcome(call(connection.handle, failure))
  end
end

function core.set_session(connection, isolation_level, readonly, deferrable, autocommit)
  return outcome(C.dbapi_connection_set_session(connection.handle, isolation_level, readonly, deferrable, autocommit,
    failure))
end

function core.set_timeout(connection, milliseconds)
  return outcome(C.dbapi_connection_set_timeout(connection.handle, milliseconds, failure))
end

-- What the connection says of itself under a name in dbapi.lua's list.
function core.info(connection, name)
  local value = C["dbapi_connection_" .. name](connection.handle)
  if type(value) == "cdata" then
    return text(value)
  end
  return value
end

-- A number by which another Lua state, in another thread, may cancel; the library tells a stale one.
function core.address(connection)
  return tonumber(ffi.cast("uintptr_t", connection.handle))
end

function core.cancel_address(address)
  return outcome(C.dbapi_connection_cancel(ffi.cast("dbapi_connection_t *", ffi.cast("uintptr_t", address)), failure))
end

function core.notice(connection)
  local out = ffi.new("dbapi_error_t *[1]")
  local done, err = outcome(C.dbapi_connection_notice(connection.handle, out, failure))
  return done and describe(out[0]) or done, err
end

function core.wait_notify(connection, milliseconds)
  local out = ffi.new("dbapi_notify_t *[1]")
  local done, err = outcome(C.dbapi_connection_wait_notify(connection.handle, milliseconds, out, failure))
  if not done then
    return done, err
  end
  local notify = { pid = C.dbapi_notify_pid(out[0]), channel = text(C.dbapi_notify_channel(out[0])),
    payload = text(C.dbapi_notify_payload(out[0])) }
  C.dbapi_notify_free(out[0])
  return notify
end

-- ---- parameters -------------------------------------------------------------------------------------------

local fill

-- Points `value` at an array that dbapi.lua has flattened; `keep` holds what must outlive the call.
local function fill_array(value, array, keep)
  local items = values_t(array.count)
  local lengths, bounds = int32s_t(array.dimensions), int32s_t(array.dimensions)
  for i = 1, array.dimensions do
    lengths[i - 1], bounds[i - 1] = array.lengths[i], array.lower_bounds[i]
  end
  for i = 1, array.count do
    local err = fill(items[i - 1], array.items[i], keep)
    if err then
      return err
    end
  end
  local struct = array_t(0, array.dimensions, lengths, bounds, array.count, items)
  keep[#keep + 1] = { struct, items, lengths, bounds }
  value.kind, value.as.array = ARRAY, struct
end

-- Makes `value`, which is zero, of a Lua value; gives an error if none can be made.
function fill(value, given, keep)
  local kind = type(given)
  if kind == "string" then
    value.kind, value.as.text.data, value.as.text.length = TEXT, given, #given
  elseif kind == "number" then
    -- A number without a fraction is an integer, but for -0, which only a float can be.
    if given % 1 == 0 and given > -EXACT and given < EXACT and (given ~= 0 or 1 / given > 0) then
      value.kind, value.as.integer = INT, given
    else
      value.kind, value.as.floating = FLOAT, given
    end
  elseif kind == "boolean" then
    value.kind, value.as.boolean = BOOL, given
  elseif kind == "table" then
    if given.kind == ARRAY then
      local err = fill_array(value, given, keep)
      if err then
        return err
      end
    elseif given.kind == FLOAT then
      value.kind, value.as.floating = FLOAT, given.value
    else
      local err = fill(value, given.value, keep)
      if err then
        return err
      end
      value.kind = given.kind or value.kind
    end
    value.oid = given.oid or 0
  elseif ffi.istype(int64_t, given) then
    value.kind, value.as.integer = INT, given
  elseif ffi.istype(uint64_t, given) then
    local digits = tostring(given):match("%d+")
    keep[#keep + 1] = digits
    value.kind, value.as.text.data, value.as.text.length = NUMERIC, digits, #digits
  elseif given ~= nil or kind ~= "nil" then
    return misuse("a parameter cannot be a " .. kind)
  end
end

-- The values of a list, as the library wants them; no list, no parameters.
local function parameters(list, count, keep)
  if not list then
    return nil
  end
  local values = values_t(count)
  for i = 1, count do
    local err = fill(values[i - 1], list[i], keep)
    if err then
      return nil, err
    end
  end
  return values
end

-- ---- cursors ----------------------------------------------------------------------------------------------

function core.cursor(connection, name, scrollable, withhold)
  local out = ffi.new("dbapi_cursor_t *[1]")
  local done, err = outcome(C.dbapi_cursor_named(connection.handle, name, scrollable, withhold, out, failure))
  if not done then
    return nil, err
  end
  -- rows points at the last block, of `count` rows of `width` values, of which `place` have been read.
  return { handle = ffi.gc(out[0], C.dbapi_cursor_free), named = name ~= nil, busy = false, rows = false, count = 0,
    place = 0, width = 0, names = false, size = ffi.new("size_t[1]"), block = ffi.new("const dbapi_value_t *[1]") }
end

local BUSY = "the cursor is in use: a finalizer came into a call on it"

-- Runs a function on a cursor, which a finalizer must not use meanwhile: compiled code may run one anywhere.
local function alone(cursor, work, ...)
  if cursor.busy then
    return nil, misuse(BUSY)
  end
  cursor.busy = true
  local result, err = work(cursor, ...)
  cursor.busy = false
  return result, err
end

-- Forgets the block, whose memory the next call takes away.
local function drop(cursor)
  cursor.count, cursor.place, cursor.rows = 0, 0, false
end
core.drop = drop

-- Forgets what another result's columns have otherwise.
local function forget_columns(cursor)
  cursor.names, cursor.reader = false, nil
end

-- Calls `plain` or `by_name` with a list of values, of which a row has `count`; without `rows`, there is one row.
local function run(cursor, plain, by_name, sql, list, count, names, rows)
  drop(cursor)
  forget_columns(cursor)
  -- The values point into these strings, which compiled code would not keep for their own sake.
  local keep = { list = list, names = names }
  local values, err = parameters(list, count * (rows or 1), keep)
  if err then
    return nil, err
  end
  local status
  if names then
    local pointers = strings_t(count)
    for i = 1, count do
      pointers[i - 1] = names[i]
    end
    if rows then
      status = by_name(cursor.handle, sql, pointers, values, count, rows, failure)
    else
      status = by_name(cursor.handle, sql, pointers, values, count, failure)
    end
  elseif rows then
    status = plain(cursor.handle, sql, values, count, rows, failure)
  else
    status = plain(cursor.handle, sql, values, count, failure)
  end
  keep.list, keep.names = nil, nil -- the call is over: only now
  return outcome(status)
end

function core.execute(cursor, sql, list, count, names)
  return alone(cursor, run, C.dbapi_execute, C.dbapi_execute_named, sql, list, count, names)
end

function core.callproc(cursor, name, list, count, names)
  return alone(cursor, run, C.dbapi_callproc, C.dbapi_callproc_named, name, list, count, names)
end

-- `list` has all rows, one after the other.
function core.executemany(cursor, sql, list, count, names, rows)
  return alone(cursor, run, C.dbapi_executemany, C.dbapi_executemany_named, sql, list, count, names, rows)
end

local buffer = ffi.new("char[256]")

-- PostgreSQL's text of a value.
local function format(value)
  if C.dbapi_value_format(value, buffer, 256, nil, failure) < 0 then
    error(describe(failure[0]), 0)
  end
  local formatted = ffi.string(buffer)
  if #formatted < 250 then -- what is cut off ends with a character, so it may be shorter than the buffer
    return formatted
  end
  local size = ffi.new("size_t[1]")
  C.dbapi_value_format(value, nil, 0, size, nil)
  local room = ffi.new("char[?]", size[0] + 1)
  C.dbapi_value_format(value, room, size[0] + 1, size, nil)
  return ffi.string(room, size[0])
end

local decode

-- One dimension of an array; gives the place behind its items.
local function nest(array, dimension, place)
  local length = array.lengths[dimension]
  local list = new_table(length, 0)
  for i = 1, length do
    if dimension + 1 < array.dimensions then
      list[i], place = nest(array, dimension + 1, place)
    else
      local item = decode(array.items[place])
      if item == nil then
        item = null
      end
      list[i], place = item, place + 1
    end
  end
  return list, place
end

local function decode_array(array)
  if array.dimensions == 0 then
    return {}
  end
  local list, bounds = nest(array, 0, 0), {}
  for i = 1, array.dimensions do
    bounds[i] = array.lower_bounds[i - 1]
    if bounds[i] ~= 1 then
      list.lower_bounds = bounds
    end
  end
  return list
end

function decode(value)
  local kind = value.kind
  if kind == INT then
    local integer = value.as.integer
    local number = tonumber(integer)
    if number > -EXACT and number < EXACT then
      return number
    end
    return integer
  elseif kind == TEXT or kind == NUMERIC or kind == BYTES or kind == JSON then
    return ffi.string(value.as.text.data, value.as.text.length)
  elseif kind == FLOAT then
    return value.as.floating
  elseif kind == BOOL then
    return value.as.boolean
  elseif kind == NULL then
    return nil
  elseif kind == ARRAY then
    return decode_array(value.as.array)
  end
  return format(value)
end

-- How a column's value is read, of each kind that has its own way; `v` is where, `x` what comes.
local READ = { [INT] = "x = tonumber(v.as.integer); if x <= -EXACT or x >= EXACT then x = v.as.integer end",
  [FLOAT] = "x = v.as.floating", [BOOL] = "x = v.as.boolean" }
for _, kind in ipairs({ TEXT, NUMERIC, BYTES, JSON }) do
  READ[kind] = "x = text(v.as.text.data, v.as.text.length)"
end

local readers, reader_count = {}, 0

-- A function that reads a row of columns of these kinds: straight on, so that it compiles to one trace, where a loop
-- over the columns would be a side trace for each kind.
local function make_reader(columns, width, named)
  local shape = { named and "a" or "n" }
  for i = 1, width do
    shape[i + 1] = columns[i - 1].kind
  end
  local key = table.concat(shape, " ")
  if readers[key] then
    return readers[key]
  end
  local code = { "local decode, text, EXACT = ... return function(row, values, names) local v, x" }
  for i = 1, width do
    local kind = shape[i + 1]
    code[#code + 1] = ("v = values[%d] if v.kind == %d then %s else x = decode(v) end rawset(row, %s, x)"):format(i - 1,
      kind, READ[kind] or "x = decode(v)", named and ("names[%d]"):format(i) or i)
  end
  code[#code + 1] = "end"
  if reader_count == 500 then -- a program that makes up its columns must not fill the memory
    readers, reader_count = {}, 0
  end
  readers[key] = assert(loadstring(table.concat(code, "\n")))(decode, ffi.string, EXACT)
  reader_count = reader_count + 1
  return readers[key]
end

local function set_block(cursor, count)
  cursor.rows, cursor.count = cursor.block[0], count
  C.dbapi_description(cursor.handle, cursor.size)
  cursor.width = tonumber(cursor.size[0])
end

-- Brings the next block; false at the end. Of a named cursor each row is asked for alone, or, iterating, by itersize.
local function refill(cursor, iterate)
  local status
  drop(cursor)
  if cursor.named then
    forget_columns(cursor)
    status = (iterate and C.dbapi_next or C.dbapi_fetchone)(cursor.handle, cursor.block, failure)
  else
    status = C.dbapi_fetchmany(cursor.handle, BLOCK, cursor.block, cursor.size, failure)
  end
  if status == 0 then
    set_block(cursor, cursor.named and 1 or tonumber(cursor.size[0]))
    return true
  end
  return outcome(status)
end

local function column_names(cursor)
  local names = {}
  local columns = C.dbapi_description(cursor.handle, cursor.size)
  for i = 1, tonumber(cursor.size[0]) do
    names[i] = ffi.string(columns[i - 1].name)
  end
  cursor.names = names
  return names
end

-- The reader for the rows of this result, or false: a short result is not worth one, and a
-- very wide row makes too long a trace.
local function choose_reader(cursor, named)
  local reader = false
  if cursor.count == BLOCK and cursor.width <= 50 and named ~= "both" then
    reader = make_reader(C.dbapi_description(cursor.handle, nil), cursor.width, named)
  end
  cursor.reader, cursor.reads = reader, named
  return reader
end

-- Reads the row at `place` into a table: by number unless `named` is true, by name if it is, both for "both".
-- Raw, since a metamethod of the table might use the cursor meanwhile.
local function read(cursor, row, named)
  local place, width = cursor.place, cursor.width
  local values = cursor.rows + place * width
  local reader, names = cursor.reader, cursor.names
  cursor.place = place + 1
  row = row or new_table(named and 0 or width, named and width or 0)
  if named and not names then
    names = column_names(cursor)
  end
  if reader == nil or cursor.reads ~= named then
    reader = choose_reader(cursor, named)
  end
  if reader then
    reader(row, values, names)
    return row
  end
  for i = 1, width do
    local value = decode(values[i - 1])
    if named then
      rawset(row, names[i], value)
    end
    if named ~= true then
      rawset(row, i, value)
    end
  end
  return row
end

-- The next row, in `row` or a new table, and its width; false at the end.
function core.fetch(cursor, row, named, iterate)
  if cursor.busy then
    return nil, misuse(BUSY)
  end
  cursor.busy = true
  local width
  if cursor.place < cursor.count then
    row, width = read(cursor, row, named), cursor.width
  else
    local more, err = refill(cursor, iterate)
    if more then
      row, width = read(cursor, row, named), cursor.width
    else
      row, width = more, err
    end
  end
  cursor.busy = false
  return row, width
end

local function fetch_list(cursor, limit, named)
  local list, count = {}, 0
  if cursor.named and limit ~= 0 then
    local status
    drop(cursor)
    forget_columns(cursor)
    if limit then
      status = C.dbapi_fetchmany(cursor.handle, limit, cursor.block, cursor.size, failure)
    else
      status = C.dbapi_fetchall(cursor.handle, cursor.block, cursor.size, failure)
    end
    if status < 0 then
      return outcome(status)
    end
    limit = status == 0 and tonumber(cursor.size[0]) or 0
    set_block(cursor, limit)
  end
  while count ~= limit do
    if cursor.place >= cursor.count then
      local more, err = refill(cursor)
      if more == nil then
        return nil, err
      elseif not more then
        break
      end
    end
    count = count + 1
    list[count] = read(cursor, nil, named)
  end
  return list
end

-- A list of the next rows, `limit` at most; without it, of all.
function core.fetchmany(cursor, limit, named)
  return alone(cursor, fetch_list, limit, named)
end

-- Puts back what was read ahead, so that the library counts from where its user stands.
local function unread(cursor)
  local ahead = cursor.count - cursor.place
  drop(cursor)
  return ahead > 0 and C.dbapi_scroll(cursor.handle, -ahead, 0, failure) or 0
end

function core.scroll(cursor, value, mode)
  return alone(cursor, function()
    local status = unread(cursor)
    return outcome(status < 0 and status or C.dbapi_scroll(cursor.handle, value, mode, failure))
  end)
end

function core.nextset(cursor)
  return alone(cursor, function()
    local status = unread(cursor)
    forget_columns(cursor)
    return outcome(status < 0 and status or C.dbapi_nextset(cursor.handle, failure))
  end)
end

function core.cursor_close(cursor)
  return alone(cursor, function()
    drop(cursor)
    return outcome(C.dbapi_cursor_close(cursor.handle, failure))
  end)
end

for name, call in pairs({ set_cursor_timeout = C.dbapi_cursor_set_timeout, set_itersize = C.dbapi_cursor_set_itersize,
  set_all_results = C.dbapi_cursor_set_all_results }) do
  core[name] = function(cursor, value)
    return outcome(call(cursor.handle, value, failure))
  end
end

function core.rowcount(cursor)
  return tonumber(C.dbapi_rowcount(cursor.handle))
end

function core.rownumber(cursor)
  local number = tonumber(C.dbapi_rownumber(cursor.handle))
  return number >= 0 and number - (cursor.count - cursor.place) or nil
end

function core.cursor_closed(cursor)
  return C.dbapi_cursor_closed(cursor.handle) ~= 0
end

function core.statusmessage(cursor)
  return text(C.dbapi_cursor_statusmessage(cursor.handle))
end

function core.query(cursor)
  return text(C.dbapi_cursor_query(cursor.handle))
end

-- The columns; nil without a result set.
function core.description(cursor)
  local columns = C.dbapi_description(cursor.handle, cursor.size)
  if columns == nil then
    return nil
  end
  local list = {}
  for i = 1, tonumber(cursor.size[0]) do
    local column, described = columns[i - 1], {}
    described.name, described.type_code, described.kind = ffi.string(column.name), column.type_code, column.kind
    described.table_oid, described.table_column = column.table_oid, column.table_column
    for _, name in ipairs({ "internal_size", "precision", "scale" }) do
      if column[name] >= 0 then
        described[name] = column[name]
      end
    end
    list[i] = described
  end
  return list
end

-- Whether there is a result set.
function core.has_result(cursor)
  return C.dbapi_description(cursor.handle, nil) ~= nil
end

return core
