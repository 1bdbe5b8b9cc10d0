-- Tests of dbapi.lua on whichever binding this Lua takes: luajit test.lua, lua5.4 test.lua (with LUA_CPATH naming
-- dbapi_lua.so). PGHOST and the like say where the server is. An argument runs only the tests whose names hold it.
package.path = (arg[0]:match("^(.*)/") or ".") .. "/?.lua;" .. package.path
local dbapi = require("dbapi")
local unpack = table.unpack or unpack
local has_close = _VERSION == "Lua 5.4"

-- The second process of the tests that cancel: waits until the backend sleeps, and cancels it.
if arg[1] == "--cancel" then
  local conn = dbapi.connect({ autocommit = true })
  local cur = conn:cursor()
  local deadline = os.time() + 30
  repeat
    cur:execute("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'",
      tonumber(arg[2]))
  until cur:fetchone() or os.time() > deadline
  os.exit(0)
end

local tests = {}
local function test(name, body)
  tests[#tests + 1] = { name = name, body = body }
end

local function show(value)
  if type(value) ~= "table" or getmetatable(value) then
    return type(value) .. " " .. tostring(value)
  end
  local keys, shown = {}, {}
  for key in pairs(value) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b)
    return tostring(a) < tostring(b)
  end)
  for i, key in ipairs(keys) do
    shown[i] = tostring(key) .. "=" .. show(value[key])
  end
  return "{" .. table.concat(shown, ", ") .. "}"
end

local function equal(got, wanted)
  if show(got) ~= show(wanted) then
    error(("got %s, wanted %s"):format(show(got), show(wanted)), 2)
  end
end

-- What an integer is, whatever carries it.
local function digits(value)
  if type(value) == "number" and not (math.type and math.type(value) == "integer") then
    return ("%.0f"):format(value)
  end
  return (tostring(value):gsub("U?LL$", ""))
end

-- Runs what must fail, and checks whose error it is.
local function fails(class, body, ...)
  local ok, err = pcall(body, ...)
  if ok then
    error("nothing failed, wanted " .. class, 2)
  elseif getmetatable(err) ~= dbapi.Error then
    error("not an error's table: " .. tostring(err), 2)
  elseif err.class ~= class then
    error("got " .. tostring(err) .. ", wanted " .. class, 2)
  end
  return err
end

local function connect(settings)
  return dbapi.connect(settings)
end

-- A connection with the table t (id int primary key, s text).
local function with_table()
  local conn = connect()
  local cur = conn:cursor()
  cur:execute("CREATE TEMPORARY TABLE t (id int PRIMARY KEY, s text)")
  conn:commit()
  return conn, cur
end

-- One value there and back.
local function echo(cur, as, value)
  return cur:execute("SELECT (%s)::" .. as, value):fetchone()[1]
end

-- Whether a query on a connection of its own gives true within ten seconds.
local function comes_true(sql, ...)
  local conn = connect({ autocommit = true })
  local cur = conn:cursor()
  local deadline = os.time() + 10
  repeat
    local done = cur:execute(sql, ...):fetchone()[1]
    if done then
      conn:close()
      return true
    end
  until os.time() > deadline
  conn:close()
  return false
end

-- Calls `work` when the collector takes an object that nobody holds.
local function at_collection(work)
  if newproxy then
    getmetatable(newproxy(true)).__gc = work
  else
    setmetatable({}, { __gc = work })
  end
end

-- ---- types ------------------------------------------------------------------------------------------------

test("null, bool, text", function()
  local cur = connect():cursor()
  equal(echo(cur, "int", nil), nil)
  equal(echo(cur, "int", dbapi.null), nil)
  equal(echo(cur, "bool", true), true)
  equal(echo(cur, "bool", false), false)
  for _, text in ipairs({ "", "abc'def", "\\", "%s %% %(a)s $1", "z\195\188\240\159\152\128", ("x"):rep(100000) }) do
    equal(echo(cur, "text", text), text)
  end
end)

test("integers are exact", function()
  local cur = connect():cursor()
  for _, wanted in ipairs({ "0", "1", "-1", "2147483647", "-2147483648", "2147483648", "9007199254740991",
    "9007199254740992", "9007199254740993", "-9007199254740993", "9223372036854775807", "-9223372036854775808" }) do
    local got = cur:execute("SELECT (" .. wanted .. ")::int8"):fetchone()[1]
    equal(digits(got), wanted)
    -- And back, as whatever carried it.
    equal(cur:execute("SELECT (%s)::int8::text", got):fetchone()[1], wanted)
  end
  equal(type(cur:execute("SELECT 9007199254740991"):fetchone()[1]), "number")
  local beyond = cur:execute("SELECT 9007199254740993"):fetchone()[1]
  equal(type(beyond), jit and "cdata" or math.type and "number" or "string")
  equal(echo(cur, "text", 9007199254740991), "9007199254740991")
  if math.type then
    equal(math.type(cur:execute("SELECT 7"):fetchone()[1]), "integer")
  end
  if jit then
    equal(echo(cur, "numeric", assert(loadstring("return 18446744073709551615ULL"))()), "18446744073709551615")
  end
end)

test("an integer is typed as its literal would be", function()
  local cur = connect():cursor()
  cur:execute("SELECT pg_typeof(%s)::text, pg_typeof(%s)::text, pg_typeof(%s)::text, pg_typeof(%s)::text", 1,
    5000000000, 1.5, dbapi.float(1))
  equal(cur:fetchone(), { "integer", "bigint", "double precision", "double precision" })
end)

test("floats", function()
  local cur = connect():cursor()
  for _, number in ipairs({ 0.5, -0.1, 1e308, 5e-324, 1 / 0, -1 / 0, 2 ^ 60, -0.0 }) do
    equal(("%.17g"):format(echo(cur, "float8", number)), ("%.17g"):format(number))
  end
  local nan = echo(cur, "float8", 0 / 0)
  equal(nan ~= nan, true)
  equal(cur:execute("SELECT 1.5::float4"):fetchone()[1], 1.5)
end)

test("numeric keeps its digits", function()
  local cur = connect():cursor()
  for _, text in ipairs({ "1.50", "0.000000000000000000000000000001", ("9"):rep(100) .. ".25", "NaN", "-1" }) do
    equal(echo(cur, "numeric", dbapi.numeric(text)), text)
  end
end)

test("bytes", function()
  local cur = connect():cursor()
  local all = {}
  for i = 0, 255 do
    all[i + 1] = string.char(i)
  end
  all = table.concat(all)
  for _, bytes in ipairs({ "", "\0", all, all:rep(1000) }) do
    equal(echo(cur, "bytea", dbapi.bytes(bytes)), bytes)
    equal(cur:execute("SELECT length(%s)", dbapi.Binary(bytes)):fetchone()[1], #bytes)
  end
end)

test("dates and times are text in ISO form", function()
  local cur = connect():cursor()
  for as, text in pairs({ date = "2024-02-29", time = "12:34:56.789", timetz = "12:34:56+05:30",
    timestamp = "2024-02-29 12:34:56.000001", timestamptz = "2024-02-29 12:34:56+00",
    interval = "1 mon -2 days +00:00:03" }) do
    equal(echo(cur, as, text), text)
  end
  equal(echo(cur, "date", "infinity"), "infinity")
  equal(echo(cur, "date", "0044-03-15 BC"), "0044-03-15 BC")
  equal(echo(cur, "timestamp", "294276-12-31 23:59:59"), "294276-12-31 23:59:59")
  equal(echo(cur, "date", dbapi.Date(2024, 2, 29)), "2024-02-29")
  equal(echo(cur, "date", dbapi.Date(-44, 3, 15)), "0044-03-15 BC")
  equal(echo(cur, "time", dbapi.Time(1, 2, 3)), "01:02:03")
  equal(echo(cur, "timestamp", dbapi.Timestamp(2024, 2, 29, 1, 2, 3, 4)), "2024-02-29 01:02:03.000004")
  equal(echo(cur, "timestamp", dbapi.Timestamp(-1, 1, 1)), "0001-01-01 00:00:00 BC")
  equal(echo(cur, "timestamptz", dbapi.TimestampFromTicks(1.5)), "1970-01-01 00:00:01.5+00")
  equal(echo(cur, "timestamptz", dbapi.TimestampFromTicks(-0.5)), "1969-12-31 23:59:59.5+00")
  local ticks = os.time({ year = 2024, month = 2, day = 29, hour = 13, min = 1, sec = 2 })
  equal(echo(cur, "date", dbapi.DateFromTicks(ticks)), "2024-02-29")
  equal(echo(cur, "time", dbapi.TimeFromTicks(ticks)), "13:01:02")
  cur.connection:rollback()
  equal(fails("DataError", cur.execute, cur, "SELECT %s", dbapi.Date(2023, 2, 29)).sqlstate, "22008")
  fails("ProgrammingError", dbapi.Date, 2023, 1.5, 1)
  fails("ProgrammingError", dbapi.Date, "2023", 1, 1)
  fails("ProgrammingError", dbapi.Time, -1, 0, 0)
  fails("DataError", dbapi.DateFromTicks, 0 / 0)
end)

test("other types are PostgreSQL's text", function()
  local cur = connect():cursor()
  for as, text in pairs({ uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", json = '{"a": [1, null]}', jsonb = '{"a": 1}',
    int4range = "[1,5)", inet = "192.168.0.1/24", point = "(1,2)", bit = "1", money = "$1.00", xml = "<a/>",
    int4multirange = "{[1,2),[5,9)}", circle = "<(1,2),3>" }) do
    equal(echo(cur, as, text), text)
  end
  equal(cur:execute("SELECT row(1, 'a')"):fetchone()[1], "(1,a)")
  -- A text longer than a binding's own buffer.
  local ranges = {}
  for i = 1, 200 do
    ranges[i] = ("[%d,%d)"):format(i * 10, i * 10 + 5)
  end
  local text = "{" .. table.concat(ranges, ",") .. "}"
  equal(echo(cur, "int4multirange", text), text)
end)

test("arrays keep their NULLs, dimensions and bounds", function()
  local cur = connect():cursor()
  local null = dbapi.null
  equal(cur:execute("SELECT ARRAY[1,NULL,3]"):fetchone()[1], { 1, null, 3 })
  equal(cur:execute("SELECT '{}'::int[]"):fetchone()[1], {})
  equal(cur:execute("SELECT '{{a,b},{c,NULL}}'::text[]"):fetchone()[1], { { "a", "b" }, { "c", null } })
  equal(cur:execute("SELECT '[0:1]={7,8}'::int[]"):fetchone()[1], { 7, 8, lower_bounds = { 0 } })
  equal(cur:execute("SELECT ARRAY['2024-02-29'::date]"):fetchone()[1], { "2024-02-29" })
  for as, array in pairs({ ["int[]"] = { 1, null, 3 }, ["text[]"] = { "a", "NULL", '"', "", null },
    ["float8[]"] = { 1.5, null }, ["bool[]"] = { true, false }, ["int[][]"] = { { 1, 2 }, { 3, null } } }) do
    equal(echo(cur, as, { array }), array)
    equal(echo(cur, as, dbapi.typed(0, array)), array)
  end
  equal(echo(cur, "int[]", { { 1, nil, 3 } }), { 1, null, 3 })
  equal(echo(cur, "int[]", { { n = 2 } }), { null, null })
  equal(echo(cur, "int[]", { {} }), {})
  equal(cur:execute("SELECT (%s)::int[]::text", { { 7, 8, lower_bounds = { 0 } } }):fetchone()[1], "[0:1]={7,8}")
  equal(cur:execute("SELECT 2 = ANY(%s)", { { 1, 2 } }):fetchone()[1], true)
  equal(cur:execute("SELECT pg_typeof(%s)::text", dbapi.typed(1182, { "2024-02-29" })):fetchone()[1], "date[]")
  equal(echo(cur, "bytea[]", { { dbapi.bytes("\0\1"), null } }), { "\0\1", null })
  fails("DataError", echo, cur, "int[]", { { { 1, 2 }, { 3 } } })
  fails("DataError", echo, cur, "int[]", { { { 1, 2 }, 3 } })
  fails("DataError", echo, cur, "int[]", { { 1, { 2 } } })
  fails("DataError", echo, cur, "int[]", { { a = 1 } })
  fails("DataError", echo, cur, "int[]", { { { { { { { 1 } } } } }, {} } })
  local cycle = {}
  cycle[1] = cycle
  fails("DataError", echo, cur, "int[]", { cycle })
end)

-- ---- parameters -------------------------------------------------------------------------------------------

test("parameters by place, by name, with holes", function()
  local cur = connect():cursor()
  local three = "SELECT %s::text, %s::text, %s::text"
  equal(cur:execute(three, "a", nil, "c"):fetchone(), { [1] = "a", [3] = "c" })
  equal(cur:execute(three, nil, "b", nil):fetchone(), { [2] = "b" })
  equal(cur:execute(three, { "a", nil, "c" }):fetchone(), { [1] = "a", [3] = "c" })
  equal(cur:execute(three, { "a", n = 3 }):fetchone(), { "a" })
  equal(cur:execute(three, { dbapi.null, dbapi.null, "c" }):fetchone(), { [3] = "c" })
  equal(cur:execute("SELECT %(a)s::int, %(b)s::text, %(a)s::int", { a = 1, b = dbapi.null, unused = 3 }):fetchone(),
    { [1] = 1, [3] = 1 })
  equal(cur:execute("SELECT %(n)s::int", { n = 5 }):fetchone(), { 5 })
  equal(cur:execute("SELECT %(n)s::int, %(a)s::int", { n = 5, a = 2 }):fetchone(), { 5, 2 })
  equal(cur:execute("SELECT '%'"):fetchone(), { "%" })
  equal(cur:execute("SELECT 5 %% 3", {}):fetchone(), { 2 })
  fails("ProgrammingError", cur.execute, cur, three, "a", "b")
  fails("ProgrammingError", cur.execute, cur, three, "a", "b", "c", "d")
  fails("ProgrammingError", cur.execute, cur, "SELECT %(a)s", { b = 1 })
  fails("ProgrammingError", cur.execute, cur, "SELECT %(a)s", { a = 1, 2 })
end)

test("executemany", function()
  local conn, cur = with_table()
  cur:executemany("INSERT INTO t VALUES (%s, %s)", { { 1, "a" }, { 2, nil }, { 3, dbapi.null }, { 4, "d" } })
  equal(cur.rowcount, 4)
  equal(cur:execute("SELECT * FROM t ORDER BY id"):fetchall(), { { 1, "a" }, { 2 }, { 3 }, { 4, "d" } })
  equal(cur:executemany("INSERT INTO t VALUES (%s, %s)", {}).rowcount, 0)
  local err = fails("IntegrityError", cur.executemany, cur, "INSERT INTO t VALUES (%s, 'x')", { { 10 }, { 11 }, { 1 } })
  equal(err.row, 3)
  conn:rollback()
  fails("ProgrammingError", cur.executemany, cur, "INSERT INTO t VALUES (%s, %s)", { { 1, 2, 3 } })
  fails("ProgrammingError", cur.executemany, cur, "INSERT INTO t VALUES (%s, 'x')", { 1, 2 })
  fails("ProgrammingError", cur.executemany, cur, "SELECT %s", 5)
end)

test("executemany by name", function()
  local _, cur = with_table()
  local insert = "INSERT INTO t (s, id) VALUES (%(s)s, %(id)s)"
  cur:executemany(insert, { { id = 1, s = "a", more = 1 }, { id = 2, s = dbapi.null }, { s = "c", id = 3, other = {} } })
  equal(cur.rowcount, 3)
  equal(cur:execute("SELECT string_agg(id || coalesce(s, '-'), ',' ORDER BY id) FROM t"):fetchone()[1], "1a,2-,3c")
  -- A name that is n is not how long the row is.
  cur:executemany("INSERT INTO t (id) VALUES (%(n)s)", { { n = 8 }, { n = 9 } })
  equal(cur:execute("SELECT count(*)::int FROM t WHERE id > 7"):fetchone()[1], 2)
  cur.connection:commit()
  local err = fails("IntegrityError", cur.executemany, cur, insert, { { id = 10, s = "x" }, { id = 1, s = "x" } })
  equal(err.row, 2)
  cur.connection:rollback()
  -- A row without it, be it the first or not.
  for _, rows in ipairs({ { { id = 10 }, { id = 11, s = "x" } }, { { id = 10, s = "x" }, { id = 11 } }, { { id = 10, s = "x" }, {} } }) do
    err = fails("ProgrammingError", cur.executemany, cur, insert, rows)
    assert(err.message:find("%(s)s", 1, true), err.message)
  end
  err = fails("ProgrammingError", cur.executemany, cur, insert, { { id = 10, s = "x" }, { 11, "y" } })
  assert(err.message:find("row 2", 1, true), err.message)
  fails("ProgrammingError", cur.executemany, cur, insert, { { id = 10, s = "x", 5 } })
  fails("ProgrammingError", cur.executemany, cur, insert, { { id = 10, s = "x", ["a\0b"] = 5 } })
  fails("InterfaceError", cur.executemany, cur, insert, { { id = 10, s = print } })
  equal(cur:execute("SELECT count(*)::int FROM t"):fetchone()[1], 5)
end)

test("callproc", function()
  local cur = connect():cursor()
  equal(cur:callproc("upper", "abc"):fetchone(), { "ABC" })
  equal(cur:callproc("make_interval", { days = 3 }):fetchone(), { "3 days" })
  equal(cur:callproc("pg_backend_pid"):fetchone(), { cur.connection.backend_pid })
  equal(fails("ProgrammingError", cur.callproc, cur, "no such; function").sqlstate, "42883")
end)

-- ---- fetching ---------------------------------------------------------------------------------------------

test("fetchone, fetchmany, fetchall, rows", function()
  local cur = connect():cursor()
  cur:execute("SELECT i, 'r' || i AS s FROM generate_series(1, 2500) i")
  equal(cur.rowcount, 2500)
  equal(cur:fetchone(), { 1, "r1" })
  equal(cur:fetchone("a"), { i = 2, s = "r2" })
  equal(cur:fetchone("an"), { 3, "r3", i = 3, s = "r3" })
  equal(cur.rownumber, 3)
  equal(cur:fetchmany(), { { 4, "r4" } })
  cur.arraysize = 2
  equal(cur:fetchmany(), { { 5, "r5" }, { 6, "r6" } })
  equal(cur:fetchmany(1, "a"), { { i = 7, s = "r7" } })
  equal(cur:fetchmany(0), {})
  local sum, count = 0, 0
  for row in cur:rows() do
    sum, count = sum + row[1], count + 1
  end
  equal({ sum == 2500 * 2501 / 2 - 28, count }, { true, 2493 })
  equal(cur:fetchone(), nil)
  equal(cur:fetchmany(5), {})
  equal(cur:fetchall(), {})
  equal(#cur:execute("SELECT generate_series(1, 3001)"):fetchall(), 3001)
  local reused = {}
  for row in cur:execute("SELECT i, nullif(i, 2) AS j FROM generate_series(1, 3) i"):rows("a", reused) do
    equal(row == reused, true)
    equal(row.j, row.i ~= 2 and row.i or nil)
  end
  fails("ProgrammingError", cur.fetchone, cur, "x")
  fails("ProgrammingError", cur.fetchmany, cur, -1)
  fails("ProgrammingError", cur.fetchmany, cur, 1.5)
  equal(cur:execute("SELECT 1 WHERE false"):fetchall(), {})
  cur:execute("SELECT")
  equal(cur:fetchall(), { {} })
  cur:execute("SET search_path TO public")
  fails("ProgrammingError", cur.fetchone, cur)
end)

-- Large results have a way of their own.
test("large results", function()
  local cur = connect():cursor()
  cur:execute("SELECT i, CASE WHEN i % 7 <> 0 THEN i * 1.5::float8 END AS f, 't' || i AS s, i % 2 = 0 AS even, "
    .. "9007199254740000 + i AS large, ARRAY[i] AS list, i::numeric / 2 AS n FROM generate_series(1, 3000) i")
  local function wanted(i)
    return { i, i % 7 ~= 0 and i * 1.5 or nil, "t" .. i, i % 2 == 0 }
  end
  for i = 1, 3000 do
    local row = cur:fetchone()
    equal({ row[1], row[2], row[3], row[4] }, wanted(i))
    equal(digits(row[5]), ("90071992547%05d"):format(40000 + i))
    equal(row[6], { i })
    equal(tonumber(row[7]), i / 2)
  end
  cur:scroll(0, "absolute")
  for i = 1, 3000 do
    local row = cur:fetchone(i % 3 == 0 and "an" or "a")
    equal({ row.i, row.f, row.s, row.even }, wanted(i))
    equal(row[3], i % 3 == 0 and "t" .. i or nil)
  end
  -- Another result's columns.
  local called = false
  local kept = setmetatable({}, { __newindex = function()
    called = true
  end })
  cur:execute("SELECT 'x' || i, i FROM generate_series(1, 2000) i")
  for row in cur:rows("n", kept) do
    equal({ row[1], rawget(row, 3) }, { "x" .. row[2] })
    row[1], row[2] = nil, nil
  end
  equal(called, false)
  local list = cur:execute("SELECT generate_series(1, 1000)"):fetchall()
  equal({ #list, list[1], list[1000] }, { 1000, { 1 }, { 1000 } })
  -- More columns than one reads straight on.
  local columns = {}
  for i = 1, 200 do
    columns[i] = ("i + %d AS c%d"):format(i, i)
  end
  cur:execute("SELECT " .. table.concat(columns, ", ") .. " FROM generate_series(1, 1500) i")
  for row in cur:rows("a") do
    equal(row.c200 - row.c1, 199)
  end
end)

test("description", function()
  local cur = connect():cursor()
  equal(cur.description, nil)
  equal(cur.rowcount, -1)
  cur:execute("SELECT 1 AS a, 'x'::varchar(7) AS b, 1::numeric(10, 2) AS c")
  local a, b, c = unpack(cur.description)
  equal({ a.name, a.type_code, a[1], a[2] }, { "a", 23, "a", 23 })
  equal({ b.name, b.internal_size, b[4] }, { "b", 7, 7 })
  equal({ c.precision, c.scale, c[5], c[6] }, { 10, 2, 10, 2 })
  equal({ a.precision, a[5] }, {})
  equal(cur.statusmessage, "SELECT 1")
  equal(cur.query, "SELECT 1 AS a, 'x'::varchar(7) AS b, 1::numeric(10, 2) AS c")
  equal(cur.no_such_field, nil)
end)

test("scroll", function()
  local cur = connect():cursor()
  cur:execute("SELECT generate_series(0, 2999)")
  equal(cur:fetchone()[1], 0)
  equal(cur:scroll(5):fetchone()[1], 6)
  equal(cur:scroll(-7):fetchone()[1], 0)
  equal(cur:scroll(2500, "absolute"):fetchone()[1], 2500)
  equal(cur.rownumber, 2501)
  fails("ProgrammingError", cur.scroll, cur, 3000, "absolute")
  fails("ProgrammingError", cur.scroll, cur, -3000)
  equal(cur:fetchone()[1], 2501)
  fails("ProgrammingError", cur.scroll, cur, 1, "sideways")
  fails("ProgrammingError", cur.scroll, cur, 0.5)
end)

test("nextset", function()
  local cur = connect():cursor()
  cur:execute("SELECT 1; SELECT 2")
  equal(cur:fetchone()[1], 2)
  cur:setallresults(true)
  cur:execute("SELECT generate_series(1, 3) AS a; SELECT 'x' AS b, 'y'")
  equal(cur:fetchone("a"), { a = 1 })
  equal(cur:nextset(), true)
  equal(cur:fetchone("a"), { b = "x", ["?column?"] = "y" })
  equal(cur:nextset(), nil)
end)

test("named cursors stay on the server", function()
  local conn = connect()
  local cur = conn:cursor('odd "name"', { scrollable = true })
  equal(cur.name, 'odd "name"')
  cur:execute("SELECT i, 'r' || i AS s FROM generate_series(1, 5000) i WHERE i <> %s", 4)
  equal(cur:fetchone(), { 1, "r1" })
  equal(cur.rowcount, 1)
  equal(cur:fetchmany(2, "a"), { { i = 2, s = "r2" }, { i = 3, s = "r3" } })
  equal(cur.rowcount, 2)
  local count = 0
  cur.itersize = 100
  for row in cur:rows("a") do
    count = count + 1
    if row.i == 50 then
      break
    end
  end
  equal(count, 46)
  equal(cur:fetchone()[1], 51)
  equal(cur:scroll(-2):fetchone()[1], 50)
  equal(cur:scroll(0, "absolute"):fetchone()[1], 1)
  equal(#cur:fetchall(), 4998)
  equal(cur:fetchall(), {})
  equal(cur:close(), true)
  equal(conn:cursor():execute("SELECT count(*) FROM pg_cursors"):fetchone()[1], 0)
  local held = conn:cursor("held", { withhold = true }):execute("SELECT generate_series(1, 3)")
  conn:commit()
  equal(held:fetchall(), { { 1 }, { 2 }, { 3 } })
  local lost = conn:cursor("lost"):execute("SELECT 1")
  conn:rollback()
  fails("ProgrammingError", lost.fetchone, lost)
  fails("ProgrammingError", conn.cursor, conn, nil, { withhold = true })
  fails("ProgrammingError", conn.cursor, conn, "a\0b")
  fails("ProgrammingError", conn.cursor, conn, 42)
end)

-- ---- LuaSQL -----------------------------------------------------------------------------------------------

test("LuaSQL's verbs", function()
  local conn = with_table()
  equal(conn:execute("INSERT INTO t VALUES (1, 'a'), (2, NULL)"), 2)
  equal(conn:execute("CREATE TEMPORARY TABLE u (a int)"), 0)
  local cur = assert(conn:execute("SELECT id, s FROM t ORDER BY id"))
  equal(cur:getcolnames(), { "id", "s" })
  equal(cur:getcoltypes(), { "int", "text" })
  equal(cur:numrows(), 2)
  equal(cur:fetch({}, "a"), { id = 1, s = "a" })
  local row = { 9, 9, s = "kept" }
  equal(cur:fetch(row), { 2, s = "kept" })
  equal(cur:fetch(row), nil)
  equal(cur.closed, true) -- it closes itself at its end
  equal(select("#", cur:fetch()), 2)
  equal(select(2, cur:fetch()).class, "InterfaceError")
  equal(cur:close(), false)
  cur = assert(conn:execute("SELECT id, s, NULL FROM t WHERE id > %s ORDER BY id", 0))
  equal(select("#", cur:fetch()), 3)
  equal({ cur:fetch() }, { 2 })
  equal(cur:close(), true)
  local nothing, err = conn:execute("SELECT nothing")
  equal({ nothing, err.class, err.sqlstate }, { nil, "ProgrammingError", "42703" })
  conn:rollback()
  equal(select(2, conn:execute(42)).class, "ProgrammingError")
  equal(select(2, conn:execute("SELECT %s", print)).class, "InterfaceError")
  equal(conn:setautocommit(true), true)
  equal(conn.autocommit, true)
  assert(conn:execute("INSERT INTO t VALUES (7, 'kept')"))
  equal(conn.transaction_status, 0)
  equal(conn:setautocommit(false), true)
  conn:execute("SELECT 1")
  equal(select(2, conn:setautocommit(true)).class, "ProgrammingError")
  cur = conn:execute("SELECT 1")
  equal(select(2, cur:fetch({}, "x")).class, "ProgrammingError")
  equal(select(2, cur:fetch(5)).class, "ProgrammingError")
  equal(select(2, conn:cursor():getcolnames()).class, "ProgrammingError")
end)

-- ---- errors -----------------------------------------------------------------------------------------------

test("errors are tables with fields", function()
  local conn, cur = with_table()
  cur:execute("INSERT INTO t VALUES (1, 'a')")
  local err = fails("IntegrityError", cur.execute, cur, "INSERT INTO t VALUES (%s, 'b')", 1)
  equal({ err.status, err.sqlstate, err.condition }, { -5, "23505", "unique_violation" })
  equal({ err.fields.table_name, err.fields.constraint_name, err.fields.severity }, { "t", "t_pkey", "ERROR" })
  equal({ err.connection_usable, err.transaction_usable, err.retryable, err.timed_out }, { true, false, false, false })
  equal(tostring(err):match("^[^\n]*"),
    'IntegrityError: duplicate key value violates unique constraint "t_pkey"')
  err = fails("InternalError", cur.execute, cur, "SELECT 1")
  equal(err.sqlstate, "25P02")
  fails("IntegrityError", conn.commit, conn)
  equal(conn.transaction_status, 0)
  equal(fails("ProgrammingError", cur.execute, cur, "").sqlstate, nil)
  equal(fails("DataError", cur.execute, cur, "SELECT 1/0").sqlstate, "22012")
end)

test("connecting fails with an error's table", function()
  fails("ProgrammingError", dbapi.connect, "no_such_keyword=1")
  fails("ProgrammingError", dbapi.connect, "host=/nowhere\0")
  fails("ProgrammingError", dbapi.connect, 42)
  fails("ProgrammingError", dbapi.connect, { port = {} })
  local err = fails("OperationalError", dbapi.connect, { host = "/nowhere" })
  equal({ err.retryable, err.connection_usable }, { true, false })
  local conn = dbapi.connect("application_name=one", { application_name = "two", connect_timeout = 10 })
  equal(conn:cursor():execute("SHOW application_name"):fetchone()[1], "two")
  equal(conn.dsn:find("two", 1, true) ~= nil, true)
end)

test("bad input is an error, never a crash", function()
  local conn = connect({ autocommit = true })
  local cur = conn:cursor()
  fails("ProgrammingError", cur.execute, cur, "SELECT 1\0")
  fails("ProgrammingError", cur.execute, cur)
  fails("ProgrammingError", cur.execute, cur, { "SELECT 1" })
  fails("DataError", cur.execute, cur, "SELECT %s::text", "a\0b")
  equal(pcall(cur.execute, cur, "SELECT '\255\254'"), false)
  fails("DataError", cur.execute, cur, "SELECT %s::text", "\255\254")
  for _, value in ipairs({ print, coroutine.create(connect), io.stdout }) do
    fails("InterfaceError", cur.execute, cur, "SELECT %s", value)
    fails("InterfaceError", cur.execute, cur, "SELECT %s", { { value } })
  end
  fails("DataError", dbapi.bytes, 5)
  fails("DataError", dbapi.float, "x")
  fails("ProgrammingError", dbapi.typed, -1, 5)
  fails("ProgrammingError", dbapi.typed, 2 ^ 40, 5)
  fails("ProgrammingError", cur.execute, cur, "SELECT %s", { n = 1e15, 1 })
  fails("ProgrammingError", cur.execute, cur, "SELECT %(a)s", { ["a\0"] = 1 })
  fails("ProgrammingError", cur.execute, cur, "SELECT %(a)s", { [true] = 1 })
  fails("ProgrammingError", conn.settimeout, conn, -1)
  fails("ProgrammingError", conn.settimeout, conn, "x")
  fails("ProgrammingError", cur.settimeout, cur, 0 / 0)
  cur.itersize = "many"
  fails("ProgrammingError", cur.rows, cur)
  -- Objects in each other's place: Lua's own errors, at least.
  for _, wrong in ipairs({ conn, {}, 5, "x", dbapi, { core = conn.core } }) do
    for _, method in ipairs({ "fetchone", "close", "numrows", "fetchall" }) do
      equal(pcall(cur[method], wrong), false)
    end
    equal(pcall(cur.execute, wrong, "SELECT 1"), false)
    local ok, row = pcall(cur.fetch, wrong, {})
    equal(ok and row ~= nil, false)
    equal(pcall(cur.scroll, wrong, 1), false)
  end
  for _, wrong in ipairs({ cur, {}, 5, { core = cur.core } }) do
    for _, method in ipairs({ "cursor", "commit", "close", "cancel", "notices" }) do
      equal(pcall(conn[method], wrong), false)
    end
  end
  equal(cur:execute("SELECT 1"):fetchone()[1], 1)
end)

test("use after close", function()
  local conn = connect()
  local cur, other, early = conn:cursor(), conn:cursor(), conn:cursor("named")
  cur:execute("SELECT generate_series(1, 3)")
  other:execute("SELECT generate_series(1, 3)")
  early:execute("SELECT 1")
  equal(cur:fetchone()[1], 1)
  equal(other:fetchone()[1], 1)
  equal({ cur:close(), cur:close(), cur.closed }, { true, false, true })
  for _, method in ipairs({ "fetchone", "fetchmany", "fetchall", "rows", "nextset" }) do
    fails("InterfaceError", cur[method], cur)
  end
  fails("InterfaceError", cur.scroll, cur, 1)
  fails("InterfaceError", cur.execute, cur, "SELECT 1")
  equal(cur.rowcount, 3)
  local iterate = other:rows()
  equal(iterate()[1], 2)
  equal({ conn.closed, conn:close(), conn:close(), conn.closed }, { 0, true, false, 1 })
  -- Also for rows that had been read ahead.
  fails("InterfaceError", iterate)
  fails("InterfaceError", other.fetchone, other)
  for _, method in ipairs({ "commit", "rollback", "cancel", "cursor", "waitnotify", "reset" }) do
    fails("InterfaceError", conn[method], conn)
  end
  equal(select(2, conn:execute("SELECT 1")).class, "InterfaceError")
  equal(other:close(), true)
  equal(conn.backend_pid > 0, true)
end)

-- ---- transactions -----------------------------------------------------------------------------------------

test("commit and rollback, seen by another connection", function()
  local conn, watcher = connect(), connect({ autocommit = true })
  local cur, watch = conn:cursor(), watcher:cursor()
  watch:execute("DROP TABLE IF EXISTS lua_transactions; CREATE TABLE lua_transactions (a int)")
  local function seen()
    return watch:execute("SELECT count(*) FROM lua_transactions"):fetchone()[1]
  end
  cur:execute("INSERT INTO lua_transactions VALUES (1)")
  equal({ conn.transaction_status, seen() }, { 2, 0 })
  conn:rollback()
  cur:execute("INSERT INTO lua_transactions VALUES (1)")
  conn:commit()
  equal({ conn.transaction_status, seen() }, { 0, 1 })
  equal({ conn:transaction(function(a, b)
    cur:execute("INSERT INTO lua_transactions VALUES (%s)", a)
    return b, nil, 3
  end, 2, "b") }, { "b", nil, 3 })
  equal(seen(), 2)
  equal(select(2, pcall(conn.transaction, conn, function()
    cur:execute("INSERT INTO lua_transactions VALUES (3)")
    error("mine", 0)
  end)), "mine")
  equal({ conn.transaction_status, seen() }, { 0, 2 })
  cur:execute("INSERT INTO lua_transactions VALUES (4)")
  conn:close() -- what was not committed is gone
  equal(seen(), 2)
  watch:execute("DROP TABLE lua_transactions")
end)

test("sessions", function()
  local conn = connect()
  local cur = conn:cursor()
  conn:set_session({ isolation_level = "serializable", readonly = true })
  equal(cur:execute("SHOW transaction_isolation"):fetchone()[1], "serializable")
  equal(conn.isolation_level, 4)
  equal(fails("InternalError", cur.execute, cur, "CREATE TABLE never (a int)").sqlstate, "25006")
  fails("ProgrammingError", conn.set_session, conn, { readonly = false })
  conn:rollback()
  fails("ProgrammingError", conn.set_session, conn, { isolation_level = "none" })
  conn:set_session({ isolation_level = "default", readonly = "default" })
  cur:execute("SET statement_timeout = 5000")
  conn:commit()
  conn:reset()
  equal(cur:execute("SHOW statement_timeout"):fetchone()[1], "0")
end)

-- ---- time-outs, cancelling, notifications -----------------------------------------------------------------

test("time-outs", function()
  local conn = connect()
  local cur = conn:cursor()
  conn:settimeout(0.2)
  local err = fails("OperationalError", cur.execute, cur, "SELECT pg_sleep(20)")
  equal({ err.timed_out, err.sqlstate, err.connection_usable }, { true, "57014", true })
  conn:rollback()
  cur:settimeout(10)
  cur:execute("SELECT pg_sleep(0.5)")
  cur:settimeout(nil)
  equal(fails("OperationalError", cur.execute, cur, "SELECT pg_sleep(20)").timed_out, true)
  conn:rollback()
  conn:settimeout(nil)
  cur:execute("SELECT pg_sleep(0.5)")
end)

test("cancelled by another process", function()
  local conn = connect()
  local cur = conn:cursor()
  local peer = io.popen(("%s %s --cancel %d"):format(arg[-1], arg[0], conn.backend_pid))
  local err = fails("OperationalError", cur.execute, cur, "SELECT pg_sleep(60)")
  peer:close()
  equal({ err.sqlstate, err.timed_out, err.connection_usable }, { "57014", false, true })
  conn:rollback()
  equal(cur:execute("SELECT 1"):fetchone()[1], 1)
end)

-- test_canceller.c: a thread that waits until the connection runs a statement, then calls dbapi_connection_cancel.
test("cancelled by a thread of this process", function()
  local path = os.getenv("DBAPI_TEST_CANCELLER")
  if not path then
    return "DBAPI_TEST_CANCELLER is not set"
  end
  local canceller = assert(package.loadlib(path, "luaopen_test_canceller"))()
  local conn = connect()
  local cur = conn:cursor()
  canceller.start(conn.address)
  equal(fails("OperationalError", cur.execute, cur, "SELECT pg_sleep(60)").sqlstate, "57014")
  equal(canceller.join(), 0)
  conn:rollback()
  equal(cur:execute("SELECT 1"):fetchone()[1], 1)
end)

test("cancelling when idle, and by an address", function()
  local conn = connect()
  equal(conn:cancel(), true)
  equal(dbapi.cancel(conn.address), true)
  equal(conn:cursor():execute("SELECT 1"):fetchone()[1], 1)
  fails("InterfaceError", dbapi.cancel, 0)
  fails("ProgrammingError", dbapi.cancel, -1)
  fails("ProgrammingError", dbapi.cancel, "x")
  local address = conn.address
  conn:close()
  fails("InterfaceError", dbapi.cancel, address)
end)

test("notifications and notices", function()
  local conn, other = connect({ autocommit = true }), connect({ autocommit = true })
  conn:execute("LISTEN lua")
  equal(conn:waitnotify(0), nil)
  other:execute("NOTIFY lua, 'hello'")
  local notify = conn:waitnotify(10)
  equal(notify, { pid = other.backend_pid, channel = "lua", payload = "hello" })
  equal(conn:waitnotify(0.05), nil)
  conn:execute("DO $$ BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two'; END $$")
  local notices = conn:notices()
  equal(#notices, 2)
  equal({ notices[1].fields.message_primary, notices[1].class }, { "one", "Warning" })
  equal(notices[2].fields.severity, "WARNING")
  equal(conn:notices(), {})
end)

-- ---- coroutines, the collector ----------------------------------------------------------------------------

test("coroutines take turns on one connection", function()
  local conn = connect()
  local function counter(name, last)
    return coroutine.wrap(function()
      for row in conn:cursor():execute("SELECT %s::text, i FROM generate_series(1, %s) i", name, last):rows() do
        coroutine.yield(row[1], row[2])
      end
    end)
  end
  local a, b = counter("a", 1500), counter("b", 1500)
  for i = 1, 1500 do
    equal({ a() }, { "a", i })
    equal({ b() }, { "b", i })
  end
  equal({ a(), b() }, {})
end)

test("a cursor outlives its connection's object", function()
  local function orphan()
    local cur = connect({ application_name = "lua_orphan" }):cursor()
    cur.connection = nil
    return cur
  end
  local cur = orphan()
  collectgarbage()
  collectgarbage()
  equal(cur:execute("SELECT generate_series(1, 5)"):fetchone()[1], 1)
  collectgarbage()
  equal(#cur:fetchall(), 4)
  cur = nil -- luacheck: ignore
  collectgarbage()
  collectgarbage()
  equal(comes_true("SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'lua_orphan'"), true)
end)

test("what is dropped is closed", function()
  for _ = 1, 30 do
    local conn = connect({ application_name = "lua_dropped" })
    local cur = conn:cursor()
    cur:execute("SELECT generate_series(1, 2000)"):fetchone()
    conn:cursor("named"):execute("SELECT 1"):fetchone()
    collectgarbage()
  end
  collectgarbage()
  collectgarbage()
  equal(comes_true("SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'lua_dropped'"), true)
end)

test("closing in any order", function()
  local orders = { { 1, 2, 3 }, { 1, 3, 2 }, { 2, 1, 3 }, { 2, 3, 1 }, { 3, 1, 2 }, { 3, 2, 1 } }
  for _, order in ipairs(orders) do
    for _, collect in ipairs({ true, false }) do
      local conn = connect()
      local things = { conn, conn:cursor(), conn:cursor("n"):execute("SELECT 1") }
      conn = nil -- luacheck: ignore
      things[2]:execute("SELECT generate_series(1, 9)"):fetchone()
      for _, i in ipairs(order) do
        if collect then
          things[i] = false
          collectgarbage()
        else
          things[i]:close()
          things[i]:close()
        end
      end
    end
  end
end)

test("the collector at work in every row", function()
  local cur = connect():cursor()
  cur:execute("SELECT i, 'row ' || i, ARRAY[i, NULL], i::numeric, now() FROM generate_series(1, 3000) i")
  local place = 0
  for row in cur:rows("an") do
    place = place + 1
    equal({ row[1], row[2], row[3] }, { place, "row " .. place, { place, dbapi.null } })
    if place % 10 == 0 then
      collectgarbage()
    end
  end
  equal(place, 3000)
  for i = 1, 2000 do
    local text = "parameter " .. i
    cur:execute("SELECT %s::text, %s::text[], %s::bytea", text, { text, dbapi.null }, dbapi.bytes(text))
    equal(cur:fetchone(), { text, { text, dbapi.null }, text })
    collectgarbage("step", 1)
  end
end)

-- A finalizer may run in the midst of a call on a cursor, and use that same cursor.
test("finalizers that use the cursor", function()
  local cur = connect():cursor()
  local taken, refused = 0, 0
  local function again()
    local ok, row = pcall(cur.fetchone, cur)
    if ok and row then
      taken = taken + 1
    elseif not ok then
      equal(row.class, "InterfaceError")
      refused = refused + 1
    end
  end
  cur:execute("SELECT i, 'some text ' || i, ARRAY['a' || i, 'b' || i], i::numeric FROM generate_series(1, 20000) i")
  -- A collector that never rests, so that it comes in at each place where memory is taken.
  local pause, multiplier = collectgarbage("setpause", 0), collectgarbage("setstepmul", 1000)
  local seen = 0
  for row in cur:rows() do
    seen = seen + 1
    if row[2] ~= "some text " .. row[1] then
      equal(row, "a row that belongs together")
    end
    at_collection(again)
  end
  collectgarbage("setpause", pause)
  collectgarbage("setstepmul", multiplier)
  collectgarbage()
  equal(seen + taken, 20000)
  equal(taken + refused > 0, true)
end)

test("metamethods of a row to fill are not called", function()
  local cur = connect():cursor():execute("SELECT generate_series(1, 5) AS a")
  local called = false
  local row = setmetatable({}, { __newindex = function()
    called = true
    cur:close()
  end })
  equal(cur:fetch(row, "an") == row, true)
  equal({ rawget(row, 1), rawget(row, "a"), called }, { 1, 1, false })
end)

if has_close then
  test("to-be-closed variables", assert(load([[
    local dbapi, equal = ...
    local kept, kept_cursor
    do
      local conn <close> = dbapi.connect()
      local cur <close> = conn:cursor()
      kept, kept_cursor = conn, cur
      cur:execute("SELECT 1")
      equal({ conn.closed, cur.closed }, { 0, false })
    end
    equal({ kept.closed, kept_cursor.closed }, { 1, true })
    pcall(function()
      local conn <close> = dbapi.connect()
      kept = conn
      error("out")
    end)
    equal(kept.closed, 1)
  ]], "to-be-closed", "t")))
end

test("the code in README.md", function()
  local file = assert(io.open((arg[0]:match("^(.*)/") or ".") .. "/README.md"))
  local code, printed = {}, {}
  for block in file:read("*a"):gmatch("```lua\n(.-)```") do
    code[#code + 1] = block
  end
  file:close()
  local chunk = "local print = ...\n" .. table.concat(code, "\n")
  assert((loadstring or load)(chunk, "README.md"))(function(...)
    printed[#printed + 1] = { ... }
  end)
  equal(printed, { { 1, 100, "abc'def" } })
  equal(#code, 2)
end)

-- ---- running them -----------------------------------------------------------------------------------------

local ran, failed = 0, 0
for _, case in ipairs(tests) do
  if not arg[1] or case.name:find(arg[1], 1, true) then
    local ok, message = xpcall(function()
      return case.body(dbapi, equal)
    end, function(err)
      return type(err) == "string" and debug.traceback(err, 2) or debug.traceback(tostring(err), 2)
    end)
    ran = ran + 1
    if not ok then
      failed = failed + 1
      print("FAILED  " .. case.name .. "\n" .. message)
    else
      print((message and "skipped " or "ok      ") .. case.name .. (message and ": " .. message or ""))
    end
    collectgarbage()
  end
end
print(("%s, binding %s, libdbapi %s: %d tests, %d failed"):format(jit and jit.version or _VERSION, dbapi.binding,
  dbapi.version, ran, failed))
os.exit(failed == 0 and ran > 0 and 0 or 1, true) -- true: what is left is collected
