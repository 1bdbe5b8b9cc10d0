-- The Python DB-API 2.0 (PEP 249) for PostgreSQL, with LuaSQL's cursors beside it. See README.md.
--
-- This is all that a program sees, whatever Lua runs it. Below it are dbapi_ffi.lua for LuaJIT and dbapi_lua/ in C
-- for Lua 5.1 to 5.4, which have the same functions: they turn values and errors into Lua's and back, and no more.
local core
if type(jit) == "table" and pcall(require, "ffi") then
  core = require("dbapi_ffi")
else
  core = require("dbapi_lua")
end
local unpack = table.unpack or unpack

local dbapi = {
  apilevel = "2.0",
  threadsafety = 1, -- a Lua state has one thread
  paramstyle = "pyformat",
  binding = core.name,
  version = core.version,
}

-- ---- errors -----------------------------------------------------------------------------------------------

local STATUS = { InterfaceError = -1, DataError = -3, ProgrammingError = -7, NotSupportedError = -8 }

-- What getmetatable(err) is of every error that comes from here.
dbapi.Error = {
  __name = "dbapi.Error",
  __tostring = function(err)
    return err.class .. ": " .. err.message
  end,
}
dbapi.Error.__index = dbapi.Error

-- NULL, where nil would be a hole: in lists of parameters and in arrays.
dbapi.null = setmetatable({}, {
  __name = "dbapi.null",
  __tostring = function()
    return "NULL"
  end,
})

core.setup(dbapi.null, dbapi.Error)

local function new_error(class, message, ...)
  return setmetatable({ class = class, status = STATUS[class], message = message:format(...), connection_usable = true,
    transaction_usable = true, retryable = false, timed_out = false, fields = {} }, dbapi.Error)
end

local function fail(...)
  error(new_error(...), 0)
end

-- Raises what a function of core returned as its error.
local function check(result, err, ...)
  if result == nil and err ~= nil then
    error(err, 0)
  end
  return result, err, ...
end

-- For LuaSQL's verbs: nil and the error instead of raising it. Errors that are not ours go on up.
local function returned(ok, ...)
  if ok then
    return ...
  end
  local err = ...
  if getmetatable(err) ~= dbapi.Error then
    error(err, 0)
  end
  return nil, err
end

local function text_argument(what, value)
  if type(value) ~= "string" then
    fail("ProgrammingError", "%s has to be a string, not %s", what, type(value))
  elseif value:find("\0", 1, true) then
    fail("ProgrammingError", "%s has a zero byte in it", what)
  end
  return value
end

local function number_argument(what, value, least, most)
  if type(value) ~= "number" or value % 1 ~= 0 or value < least or value > most then
    fail("ProgrammingError", "%s has to be a whole number from %.0f to %.0f", what, least, most)
  end
  return value
end

-- Seconds as milliseconds; nothing is `none`.
local function milliseconds(seconds, none)
  if seconds == nil then
    return none
  elseif type(seconds) ~= "number" or not (seconds >= 0 and seconds <= 2147483) then
    fail("ProgrammingError", "a time-out has to be a number of seconds from 0 to 2147483, or nil")
  end
  return math.ceil(seconds * 1000)
end

-- ---- parameters -------------------------------------------------------------------------------------------

local KINDS = { bytes = 6, float = 3, numeric = 4, json = 14 }
local ARRAY = 15

-- A value whose type is said: `kind` is what the library is told it is, `oid` which type of PostgreSQL's.
local Typed = { __name = "dbapi.typed" }

local function of_kind(name, wanted)
  return function(value)
    if type(value) ~= wanted then
      fail("DataError", "dbapi.%s takes a %s, not a %s", name, wanted, type(value))
    end
    return setmetatable({ kind = KINDS[name], value = value }, Typed)
  end
end

dbapi.bytes = of_kind("bytes", "string")
dbapi.Binary = dbapi.bytes
dbapi.float = of_kind("float", "number")
dbapi.numeric = of_kind("numeric", "string")
dbapi.json = of_kind("json", "string")

-- Any value as the type with this oid: dbapi.typed(1182, {"2024-02-29"}) is a date[].
function dbapi.typed(oid, value)
  number_argument("an oid", oid, 0, 4294967295)
  return setmetatable({ oid = oid, value = value }, Typed)
end

-- PEP 249's constructors: text of the type, which the server reads, and judges.
local function parts(...)
  for _, part in ipairs({ ... }) do
    number_argument("a part of a date or a time", part, 0, 9999999)
  end
  return ...
end

local function date(year, month, day)
  number_argument("a year", year, -9999999, 9999999)
  local era = year < 0 and " BC" or "" -- PostgreSQL counts as here: -1 is 1 BC
  return ("%04.0f-%02.0f-%02.0f"):format(parts(math.abs(year), month, day)), era
end

local function time(hour, minute, second, microsecond)
  return ("%02.0f:%02.0f:%02.0f.%06.0f"):format(parts(hour or 0, minute or 0, second or 0, microsecond or 0))
end

function dbapi.Date(...)
  local day, era = date(...)
  return dbapi.typed(1082, day .. era)
end

function dbapi.Time(...)
  return dbapi.typed(1083, time(...))
end

function dbapi.Timestamp(year, month, day, ...)
  local date_of_it, era = date(year, month, day)
  return dbapi.typed(1114, date_of_it .. " " .. time(...) .. era)
end

local function from_ticks(oid, pattern)
  return function(ticks)
    if type(ticks) ~= "number" or not (ticks > -62135596800 and ticks < 253402214400) then
      fail("DataError", "ticks are seconds from 1970, of the years 1 to 9999")
    end
    local microseconds = math.floor(ticks * 1000000 + 0.5)
    local seconds = math.floor(microseconds / 1000000)
    return dbapi.typed(oid, os.date(pattern, seconds):format(microseconds - seconds * 1000000))
  end
end

dbapi.DateFromTicks = from_ticks(1082, "%Y-%m-%d")
dbapi.TimeFromTicks = from_ticks(1083, "%H:%M:%S.%%06.0f")
dbapi.TimestampFromTicks = from_ticks(1184, "!%Y-%m-%d %H:%M:%S.%%06.0f+00")

-- How long a list is: its highest number, or its field n if that is more. Then its keys that are neither numbers nor
-- n nor `known`, as a list if there are any; then its highest number.
local function measure(list, known)
  local highest, names = 0, nil
  for key in next, list do
    if type(key) == "number" and key % 1 == 0 and key >= 1 then
      highest = math.max(highest, key)
    elseif key ~= "n" and key ~= known then
      names = names or {}
      names[#names + 1] = key
    end
  end
  local length, n = highest, rawget(list, "n")
  if type(n) == "number" and n % 1 == 0 and n > length then
    length = n
  end
  if length > 10000000 then
    fail("ProgrammingError", "a list of %.0f values is too long", length)
  end
  return length, names, highest
end

local lower

local function is_list(value)
  return type(value) == "table" and value ~= dbapi.null and getmetatable(value) ~= Typed
end

-- Adds the items of one dimension to `array`, whose lengths the first item of each sets.
local function flatten(array, list, dimension)
  local length, names = measure(list, "lower_bounds")
  if names then
    fail("DataError", "an array cannot have a key like %s", tostring(names[1]))
  elseif dimension > 6 then
    fail("DataError", "an array has at most 6 dimensions")
  elseif array.lengths[dimension] and array.lengths[dimension] ~= length then
    fail("DataError", "an array has rows of one length: %.0f is not %.0f", length, array.lengths[dimension])
  end
  array.lengths[dimension] = length
  local nested = is_list(rawget(list, 1))
  for i = 1, length do
    local item = rawget(list, i)
    if is_list(item) ~= nested or array.depth and nested == (dimension >= array.depth) then
      fail("DataError", "an array has items of one depth")
    elseif nested then
      flatten(array, item, dimension + 1)
    else
      array.depth = dimension
      array.count = array.count + 1
      array.items[array.count] = lower(item)
    end
  end
end

local function lower_array(list, oid)
  local array = { kind = ARRAY, oid = oid, lengths = {}, lower_bounds = {}, items = {}, count = 0 }
  flatten(array, list, 1)
  array.dimensions = array.count > 0 and #array.lengths or 0
  local bounds = rawget(list, "lower_bounds")
  for i = 1, array.dimensions do
    array.lower_bounds[i] = number_argument("a lower bound", type(bounds) == "table" and bounds[i] or 1, -2147483648,
      2147483647)
  end
  return array
end

-- A parameter as core takes it: nil, boolean, number, string, or a fresh table with a kind or an oid.
function lower(value)
  if type(value) ~= "table" then
    return value
  elseif value == dbapi.null then
    return nil
  elseif getmetatable(value) ~= Typed then
    return lower_array(value)
  elseif is_list(value.value) then
    return lower_array(value.value, value.oid)
  elseif value.value == dbapi.null then
    return nil
  elseif getmetatable(value.value) == Typed then
    local inner = lower(value.value)
    inner.oid = value.oid
    return inner
  end
  return { kind = value.kind, oid = value.oid, value = value.value }
end

-- Writes a list's first `count` values into `target` behind `offset`.
local function lower_list(list, count, target, offset)
  for i = 1, count do
    target[offset + i] = lower(rawget(list, i))
  end
  return target
end

-- The names of a table's values; or, if they go by place, nil and how many they are.
local function names_of(list)
  local length, names, highest = measure(list)
  local n = rawget(list, "n")
  if not names and (highest > 0 or n == nil) then
    return nil, length
  elseif highest > 0 then
    fail("ProgrammingError", "parameters go by place or by name, not both")
  end
  names = names or {}
  if n ~= nil then
    names[#names + 1] = "n"
  end
  for _, name in ipairs(names) do
    text_argument("a parameter's name", name)
  end
  return names
end

-- Writes a table's values of these names into `target` behind `offset`.
local function lower_named(list, names, target, offset)
  for i, name in ipairs(names) do
    target[offset + i] = lower(rawget(list, name))
  end
  return target
end

-- What execute and its like are given: values, or one table of values, by place or by name. Gives a list, how many
-- they are, and their names.
local function arguments(count, first, ...)
  if count == 0 then
    return nil, 0
  elseif count > 1 or not is_list(first) then
    return lower_list({ first, ... }, count, {}, 0), count
  end
  local names, length = names_of(first)
  if names then
    return lower_named(first, names, {}, 0), #names, names
  end
  return lower_list(first, length, {}, 0), length
end

-- What executemany is given: a list of such tables. Gives the values of all rows one after the other, how many a row
-- has, names (those that every row has, since what one of them lacks no placeholder can mean), and how many rows.
local function rows_of_arguments(rows)
  if not is_list(rows) then
    fail("ProgrammingError", "executemany takes a list of tables")
  end
  local count, width, common = measure(rows), 0, nil
  for i = 1, count do
    local row = rawget(rows, i)
    if not is_list(row) then
      fail("ProgrammingError", "row %d of executemany is not a table", i)
    end
    local names, length = names_of(row)
    if i == 1 then
      common = names
    elseif common and not names and length == 0 then
      names = {}
    end
    if (names == nil) ~= (common == nil) then
      fail("ProgrammingError", "row %d of executemany goes by %s, unlike those before it", i, names and "name" or "place")
    elseif names and i > 1 then
      for place = #common, 1, -1 do
        if rawget(row, common[place]) == nil then
          table.remove(common, place)
        end
      end
    end
    width = math.max(width, length or 0)
  end
  local list = {}
  width = common and #common or width
  for i = 1, count do
    if common then
      lower_named(rows[i], common, list, (i - 1) * width)
    else
      lower_list(rows[i], width, list, (i - 1) * width)
    end
  end
  return list, width, common, count
end

-- ---- cursors ----------------------------------------------------------------------------------------------

local Cursor, described = {}, {}

-- Methods are kept in the object once used, so that a loop finds them at once.
local Cursor_metatable = { __name = "dbapi.cursor" }
function Cursor_metatable.__index(self, key)
  local method = Cursor[key]
  if method then
    rawset(self, key, method)
    return method
  end
  local get = described[key]
  return get and get(self)
end

function described.description(self)
  local columns = core.description(self.core)
  for _, column in ipairs(columns or {}) do
    column[1], column[2], column[4] = column.name, column.type_code, column.internal_size
    column[5], column[6] = column.precision, column.scale
  end
  return columns
end

function described.rowcount(self)
  return core.rowcount(self.core)
end

function described.rownumber(self)
  return core.rownumber(self.core)
end

function described.statusmessage(self)
  return core.statusmessage(self.core)
end

function described.query(self)
  return core.query(self.core)
end

function described.closed(self)
  return core.cursor_closed(self.core)
end

local function execute(self, sql, ...)
  return check(core.execute(self.core, text_argument("a statement", sql), arguments(select("#", ...), ...)))
end

function Cursor:execute(sql, ...)
  execute(self, sql, ...)
  return self
end

function Cursor:executemany(sql, rows)
  check(core.executemany(self.core, text_argument("a statement", sql), rows_of_arguments(rows)))
  return self
end

function Cursor:callproc(name, ...)
  check(core.callproc(self.core, text_argument("a function's name", name), arguments(select("#", ...), ...)))
  return self
end

local MODES = { n = false, a = true, an = "both", na = "both" }

local function row_mode(mode)
  local named = MODES[mode or "n"]
  if named == nil then
    fail("ProgrammingError", 'rows come as "n" (by number), "a" (by name) or "an" (both)')
  end
  return named
end

function Cursor:fetchone(mode)
  return check(core.fetch(self.core, nil, row_mode(mode))) or nil
end

function Cursor:fetchmany(size, mode)
  size = number_argument("a number of rows", size or self.arraysize, 0, 2147483647)
  return (check(core.fetchmany(self.core, size, row_mode(mode))))
end

function Cursor:fetchall(mode)
  return (check(core.fetchmany(self.core, nil, row_mode(mode))))
end

-- Iterates over the rows that are left: each in a new table, or all of them in `row`.
function Cursor:rows(mode, row)
  local named, cursor, fetch = row_mode(mode), self.core, core.fetch
  if row ~= nil and type(row) ~= "table" then
    fail("ProgrammingError", "a row to fill has to be a table")
  end
  check(core.set_itersize(cursor, number_argument("itersize", self.itersize, 1, 2147483647)))
  return function()
    local values, err = fetch(cursor, row, named, true)
    if values then
      return values
    elseif values == nil then
      error(err, 0)
    end
    return nil
  end
end

local SCROLL = { relative = 0, absolute = 1 }

function Cursor:scroll(value, mode)
  number_argument("a number of rows", value, -9007199254740992, 9007199254740992)
  mode = SCROLL[mode or "relative"] or fail("ProgrammingError", 'scroll takes "relative" or "absolute"')
  check(core.scroll(self.core, value, mode))
  return self
end

function Cursor:nextset()
  return (check(core.nextset(self.core))) or nil
end

function Cursor:setallresults(all)
  check(core.set_all_results(self.core, all ~= false))
end

function Cursor:settimeout(seconds)
  check(core.set_cursor_timeout(self.core, milliseconds(seconds, -1)))
end

function Cursor:close()
  local was_open = not core.cursor_closed(self.core)
  check(core.cursor_close(self.core))
  return was_open
end

function Cursor_metatable.__close(self)
  self:close()
end

-- LuaSQL's: a table filled, or, without a table, values. nil at the end, which closes a cursor of conn:execute.
function Cursor:fetch(row, mode)
  local named = MODES[mode or "n"]
  if named == nil or row ~= nil and type(row) ~= "table" then
    return nil, new_error("ProgrammingError", 'fetch takes a table and "n", "a" or "an"')
  end
  local values, width = core.fetch(self.core, row, row and named)
  if values then
    if row then
      return row
    end
    return unpack(values, 1, width)
  elseif values == nil then
    return nil, width
  end
  if self.ends then
    core.cursor_close(self.core)
  end
  return nil
end

function Cursor:numrows()
  return core.rowcount(self.core)
end

local KIND_NAMES = { [0] = "unknown", "bool", "int", "float", "numeric", "text", "bytes", "date", "time", "timetz",
  "timestamp", "timestamptz", "interval", "uuid", "json", "array", "range", "multirange", "composite", "inet", "bits",
  "point", "geometry", "hstore" }

local function each_column(self, get)
  local columns = core.description(self.core)
  if not columns then
    return nil, new_error("ProgrammingError", "there is no result set")
  end
  for i, column in ipairs(columns) do
    columns[i] = get(column)
  end
  return columns
end

function Cursor:getcolnames()
  return each_column(self, function(column)
    return column.name
  end)
end

function Cursor:getcoltypes()
  return each_column(self, function(column)
    return KIND_NAMES[column.kind] or "unknown"
  end)
end

-- ---- connections ------------------------------------------------------------------------------------------

local Connection = {}
local INFO = {}
for name in ([[autocommit closed transaction_status backend_pid server_version isolation_level fileno port dsn host
  user dbname]]):gmatch("%S+") do
  INFO[name] = true
end

local Connection_metatable = { __name = "dbapi.connection" }
function Connection_metatable.__index(self, key)
  if Connection[key] then
    return Connection[key]
  elseif INFO[key] then
    return core.info(self.core, key)
  elseif key == "address" then
    return core.address(self.core)
  end
end

-- connect("host=... dbname=..."), connect{host = ..., dbname = ...}, or both. What is not said comes from PGHOST and
-- the like.
function dbapi.connect(dsn, settings)
  if type(dsn) == "table" then
    dsn, settings = nil, dsn
  elseif dsn ~= nil then
    text_argument("a connection string", dsn)
  end
  local names, values, autocommit = {}, {}, -2
  for name, value in pairs(settings or {}) do
    if name == "autocommit" then
      autocommit = value and 1 or 0
    else
      names[#names + 1] = text_argument("a keyword", name)
      values[#names] = text_argument("the value of " .. name, type(value) == "number" and tostring(value) or value)
    end
  end
  local handle = check(core.connect(dsn, names, values))
  local connection = setmetatable({ core = handle, cursors = setmetatable({}, { __mode = "k" }) }, Connection_metatable)
  if autocommit ~= -2 then
    check(core.set_session(handle, -2, -2, -2, autocommit))
  end
  return connection
end

-- Cancels what runs on the connection with this address (conn.address), from another Lua state in another thread.
function dbapi.cancel(address)
  number_argument("an address", address, 0, 9007199254740991)
  return (check(core.cancel_address(address)))
end

local function new_cursor(self, name, options, ends)
  if name ~= nil then
    text_argument("a cursor's name", name)
  end
  local scrollable = -1
  if options and options.scrollable ~= nil then
    scrollable = options.scrollable and 1 or 0
  end
  local handle = check(core.cursor(self.core, name, scrollable, options and options.withhold and true or false))
  local cursor = { core = handle, connection = self, name = name, arraysize = 1, itersize = 2000, ends = ends }
  self.cursors[cursor] = true
  return setmetatable(cursor, Cursor_metatable)
end

-- A cursor; with a name, one whose rows stay on the server.
function Connection:cursor(name, options)
  return new_cursor(self, name, options)
end

local function execute_at_once(self, ...)
  local cursor = new_cursor(self, nil, nil, true)
  execute(cursor, ...)
  if core.has_result(cursor.core) then
    return cursor
  end
  local count = core.rowcount(cursor.core)
  cursor:close()
  return math.max(count, 0)
end

-- LuaSQL's: a cursor if there are rows to fetch, else how many were affected.
function Connection:execute(...)
  return returned(pcall(execute_at_once, self, ...))
end

function Connection:commit()
  return (check(core.commit(self.core)))
end

function Connection:rollback()
  return (check(core.rollback(self.core)))
end

function Connection:reset()
  return (check(core.reset(self.core)))
end

-- Cursors forget what they have read ahead: on a closed connection there is nothing to fetch.
function Connection:close()
  local was_open = core.info(self.core, "closed") ~= 1
  for cursor in pairs(self.cursors) do
    core.drop(cursor.core)
  end
  check(core.close(self.core))
  return was_open
end

function Connection_metatable.__close(self)
  self:close()
end

-- Calls a function, then commits; if it raises an error, rolls back and raises it again.
function Connection:transaction(work, ...)
  local function finish(ok, ...)
    if not ok then
      core.rollback(self.core)
      error((...), 0)
    end
    self:commit()
    return ...
  end
  return finish(pcall(work, ...))
end

local ISOLATION = { default = 0, ["read uncommitted"] = 1, ["read committed"] = 2, ["repeatable read"] = 3,
  serializable = 4 }
local SWITCH = { [true] = 1, [false] = 0, default = -1 }

-- What transactions are like: isolation_level = "serializable" and its like, readonly, deferrable, autocommit.
function Connection:set_session(settings)
  local level, readonly, deferrable = settings.isolation_level, settings.readonly, settings.deferrable
  local function look_up(known, what, value)
    if value == nil then
      return -2
    end
    return known[value] or fail("ProgrammingError", "%s cannot be %s", what, tostring(value))
  end
  check(core.set_session(self.core, look_up(ISOLATION, "isolation_level", level),
    look_up(SWITCH, "readonly", readonly), look_up(SWITCH, "deferrable", deferrable),
    look_up(SWITCH, "autocommit", settings.autocommit)))
end

-- LuaSQL's.
function Connection:setautocommit(autocommit)
  local done, err = core.set_session(self.core, -2, -2, -2, autocommit and 1 or 0)
  return done, err
end

function Connection:settimeout(seconds)
  check(core.set_timeout(self.core, milliseconds(seconds, 0)))
end

function Connection:cancel()
  return (check(core.cancel(self.core)))
end

-- Waits so many seconds for a notification {pid, channel, payload}; 0: takes what has come; nil: for ever.
function Connection:waitnotify(seconds)
  return (check(core.wait_notify(self.core, milliseconds(seconds, -1)))) or nil
end

-- The notices that have come since it was asked last, as a list of tables like those of errors.
function Connection:notices()
  local list = {}
  repeat
    local notice = check(core.notice(self.core))
    list[#list + 1] = notice or nil
  until not notice
  return list
end

return dbapi
