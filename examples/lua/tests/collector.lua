-- Coroutines and the collector.
local dbapi = require("dbapi")
local support = require("tests.support")
local test, equal, comes_true, at_collection = support.test, support.equal, support.comes_true, support.at_collection
local has_close = _VERSION == "Lua 5.4"

test("coroutines take turns on one connection", function()
  local conn = dbapi.connect()
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
    local cur = dbapi.connect({ application_name = "lua_orphan" }):cursor()
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
    local conn = dbapi.connect({ application_name = "lua_dropped" })
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
      local conn = dbapi.connect()
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
  local cur = dbapi.connect():cursor()
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
  local cur = dbapi.connect():cursor()
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
  local cur = dbapi.connect():cursor():execute("SELECT generate_series(1, 5) AS a")
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
