-- Types, there and back.
local dbapi = require("dbapi")
local support = require("tests.support")
local test, equal, digits, fails, echo = support.test, support.equal, support.digits, support.fails, support.echo

test("null, bool, text", function()
  local cur = dbapi.connect():cursor()
  equal(echo(cur, "int", nil), nil)
  equal(echo(cur, "int", dbapi.null), nil)
  equal(echo(cur, "bool", true), true)
  equal(echo(cur, "bool", false), false)
  for _, text in ipairs({ "", "abc'def", "\\", "%s %% %(a)s $1", "z\195\188\240\159\152\128", ("x"):rep(100000) }) do
    equal(echo(cur, "text", text), text)
  end
end)

test("integers are exact", function()
  local cur = dbapi.connect():cursor()
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
  local cur = dbapi.connect():cursor()
  cur:execute("SELECT pg_typeof(%s)::text, pg_typeof(%s)::text, pg_typeof(%s)::text, pg_typeof(%s)::text", 1,
    5000000000, 1.5, dbapi.float(1))
  equal(cur:fetchone(), { "integer", "bigint", "double precision", "double precision" })
end)

test("floats", function()
  local cur = dbapi.connect():cursor()
  for _, number in ipairs({ 0.5, -0.1, 1e308, 5e-324, 1 / 0, -1 / 0, 2 ^ 60, -0.0 }) do
    equal(("%.17g"):format(echo(cur, "float8", number)), ("%.17g"):format(number))
  end
  local nan = echo(cur, "float8", 0 / 0)
  equal(nan ~= nan, true)
  equal(cur:execute("SELECT 1.5::float4"):fetchone()[1], 1.5)
end)

test("numeric keeps its digits", function()
  local cur = dbapi.connect():cursor()
  for _, text in ipairs({ "1.50", "0.000000000000000000000000000001", ("9"):rep(100) .. ".25", "NaN", "-1" }) do
    equal(echo(cur, "numeric", dbapi.numeric(text)), text)
  end
end)

test("bytes", function()
  local cur = dbapi.connect():cursor()
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
  local cur = dbapi.connect():cursor()
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
  local cur = dbapi.connect():cursor()
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
  local cur = dbapi.connect():cursor()
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
