-- What dbapi costs beside luasql-postgres (Debian: lua-sql-postgres), under whichever Lua runs this:
--
--     luajit bench.lua [ROUNDS [ROWS [QUERIES]]]
--
-- PGHOST and the like say where the server is. Both do the same work, in turns, round after round: a result of ROWS
-- rows whose numbers are really numbers on both sides, and QUERIES point queries. It prints medians of wall and CPU
-- time, and how many times as fast we are.
package.path = (arg[0]:match("^(.*)/") or ".") .. "/?.lua;" .. package.path
local dbapi = require("dbapi")
local luasql = require("luasql.postgres")

local rounds, rows, queries = tonumber(arg[1]) or 7, tonumber(arg[2]) or 1000000, tonumber(arg[3]) or 10000

local ours = dbapi.connect({ autocommit = true })
local theirs = assert(assert(luasql.postgres()):connect(os.getenv("PGDATABASE") or "postgres"))

ours:execute("DROP TABLE IF EXISTS lua_bench")
ours:execute("CREATE TABLE lua_bench AS SELECT i AS id, 'row number ' || i AS s, i * 1.5::float8 AS f "
  .. "FROM generate_series(1, 10000) i")
ours:execute("ALTER TABLE lua_bench ADD PRIMARY KEY (id)")
ours:execute("ANALYZE lua_bench")

local fetch_sql = "SELECT i, i * 1.5::float8, 'row number ' || i, i % 2 = 0 FROM generate_series(1, " .. rows .. ") i"

local works = {
  {
    name = rows .. " rows, fetch into one table",
    ours = function()
      local sum, evens, length = 0, 0, 0
      local cur = assert(ours:execute(fetch_sql))
      local row = cur:fetch({}, "n")
      while row do
        sum, length = sum + row[1] + row[2], length + #row[3]
        if row[4] then
          evens = evens + 1
        end
        row = cur:fetch(row, "n")
      end
      return sum + evens + length
    end,
    theirs = function()
      local sum, evens, length = 0, 0, 0
      local cur = assert(theirs:execute(fetch_sql))
      local row = cur:fetch({}, "n")
      while row do
        sum, length = sum + tonumber(row[1]) + tonumber(row[2]), length + #row[3]
        if row[4] == "t" then
          evens = evens + 1
        end
        row = cur:fetch(row, "n")
      end
      cur:close()
      return sum + evens + length
    end,
  },
  {
    name = rows .. " rows, a new table by name each",
    ours = function()
      local sum = 0
      local cur = ours:cursor():execute((fetch_sql:gsub("i,", "i AS a,", 1)))
      for row in cur:rows("a") do
        sum = sum + row.a
      end
      cur:close()
      return sum
    end,
    theirs = function()
      local sum = 0
      local cur = assert(theirs:execute((fetch_sql:gsub("i,", "i AS a,", 1))))
      local row = cur:fetch({}, "a")
      while row do
        sum = sum + tonumber(row.a)
        row = cur:fetch({}, "a")
      end
      cur:close()
      return sum
    end,
  },
  {
    name = queries .. " point queries, parameters",
    ours = function()
      local sum = 0
      local cur = ours:cursor()
      for i = 1, queries do
        local row = cur:execute("SELECT id, s, f FROM lua_bench WHERE id = %s", i % 10000 + 1):fetchone()
        sum = sum + row[1] + row[3] + #row[2]
      end
      return sum
    end,
    theirs = function()
      local sum = 0
      local row = {}
      for i = 1, queries do
        local cur = assert(theirs:execute("SELECT id, s, f FROM lua_bench WHERE id = " .. i % 10000 + 1))
        row = cur:fetch(row, "n")
        sum = sum + tonumber(row[1]) + tonumber(row[3]) + #row[2]
        cur:close()
      end
      return sum
    end,
  },
  {
    name = queries .. " point queries, the same SQL",
    ours = function()
      local sum = 0
      local cur = ours:cursor()
      for i = 1, queries do
        local row = cur:execute("SELECT id, s, f FROM lua_bench WHERE id = " .. i % 10000 + 1):fetchone()
        sum = sum + row[1] + row[3] + #row[2]
      end
      return sum
    end,
    theirs = function()
      local sum = 0
      local row = {}
      for i = 1, queries do
        local cur = assert(theirs:execute("SELECT id, s, f FROM lua_bench WHERE id = " .. i % 10000 + 1))
        row = cur:fetch(row, "n")
        sum = sum + tonumber(row[1]) + tonumber(row[3]) + #row[2]
        cur:close()
      end
      return sum
    end,
  },
}

-- Wall time: Lua's own clocks are of the CPU or of whole seconds.
local function now()
  local pipe = io.popen("date +%s.%N")
  local seconds = tonumber(pipe:read("*l"))
  pipe:close()
  return seconds
end

local function median(list)
  table.sort(list)
  return list[math.floor((#list + 1) / 2)]
end

local function measure(work)
  collectgarbage()
  collectgarbage()
  local wall, cpu = now(), os.clock()
  local sum = work()
  cpu = os.clock() - cpu
  return now() - wall, cpu, sum
end

print(("%s, binding %s, libdbapi %s, beside %s; medians of %d rounds, in seconds"):format(jit and jit.version or
  _VERSION, dbapi.binding, dbapi.version, luasql._VERSION, rounds))
print(("%-40s %18s %18s %8s"):format("", "ours wall (cpu)", "luasql wall (cpu)", "ratio"))
for _, work in ipairs(works) do
  local times = { ours = { wall = {}, cpu = {} }, theirs = { wall = {}, cpu = {} } }
  local sums = {}
  for round = 0, rounds do -- the first is for warming up
    for _, who in ipairs({ "ours", "theirs" }) do
      local wall, cpu, sum = measure(work[who])
      sums[who] = sum
      if round > 0 then
        table.insert(times[who].wall, wall)
        table.insert(times[who].cpu, cpu)
      end
    end
    assert(sums.ours == sums.theirs, "the two did not do the same work")
  end
  local a, b = median(times.ours.wall), median(times.theirs.wall)
  print(("%-40s %9.3f (%.3f) %10.3f (%.3f) %7.2fx"):format(work.name, a, median(times.ours.cpu), b,
    median(times.theirs.cpu), b / a))
end
ours:execute("DROP TABLE lua_bench")
