-- What the tests of every topic use.
local dbapi = require("dbapi")

local support = { tests = {}, unpack = table.unpack or unpack }

function support.test(name, body)
  support.tests[#support.tests + 1] = { name = name, body = body }
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

function support.equal(got, wanted)
  if show(got) ~= show(wanted) then
    error(("got %s, wanted %s"):format(show(got), show(wanted)), 2)
  end
end

-- What an integer is, whatever carries it.
function support.digits(value)
  if type(value) == "number" and not (math.type and math.type(value) == "integer") then
    return ("%.0f"):format(value)
  end
  return (tostring(value):gsub("U?LL$", ""))
end

-- Runs what must fail, and checks whose error it is.
function support.fails(class, body, ...)
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

-- A connection with the table t (id int primary key, s text).
function support.with_table()
  local conn = dbapi.connect()
  local cur = conn:cursor()
  cur:execute("CREATE TEMPORARY TABLE t (id int PRIMARY KEY, s text)")
  conn:commit()
  return conn, cur
end

-- One value there and back.
function support.echo(cur, as, value)
  return cur:execute("SELECT (%s)::" .. as, value):fetchone()[1]
end

-- Whether a query on a connection of its own gives true within ten seconds.
function support.comes_true(sql, ...)
  local conn = dbapi.connect({ autocommit = true })
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
function support.at_collection(work)
  if newproxy then
    getmetatable(newproxy(true)).__gc = work
  else
    setmetatable({}, { __gc = work })
  end
end

return support
