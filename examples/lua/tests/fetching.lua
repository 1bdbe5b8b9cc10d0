-- Fetching, and moving among rows.
local dbapi = require("dbapi")
local support = require("tests.support")
local test, equal, digits, fails, unpack = support.test, support.equal, support.digits, support.fails, support.unpack

test("fetchone, fetchmany, fetchall, rows", function()
  local cur = dbapi.connect():cursor()
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
  local cur = dbapi.connect():cursor()
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
  local cur = dbapi.connect():cursor()
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
  local cur = dbapi.connect():cursor()
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
  local cur = dbapi.connect():cursor()
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
  local conn = dbapi.connect()
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
