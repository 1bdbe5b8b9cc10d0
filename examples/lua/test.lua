-- Tests of dbapi.lua on whichever binding this Lua takes: luajit test.lua, lua5.4 test.lua (with LUA_CPATH naming
-- dbapi_lua.so). PGHOST and the like say where the server is. An argument runs only the tests whose names hold it.
local here = arg[0]:match("^(.*)/") or "."
package.path = here .. "/?.lua;" .. package.path
local dbapi = require("dbapi")

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

local support = require("tests.support")
local test, equal = support.test, support.equal
for _, topic in ipairs({ "types", "parameters", "fetching", "errors", "sessions", "collector" }) do
  require("tests." .. topic)
end

test("the code in README.md", function()
  local file = assert(io.open(here .. "/README.md"))
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

local ran, failed = 0, 0
for _, case in ipairs(support.tests) do
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
