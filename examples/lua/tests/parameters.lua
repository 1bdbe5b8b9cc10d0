-- Parameters: by place, by name, many rows of them.
local dbapi = require("dbapi")
local support = require("tests.support")
local test, equal, fails, with_table = support.test, support.equal, support.fails, support.with_table

test("parameters by place, by name, with holes", function()
  local cur = dbapi.connect():cursor()
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
  cur:executemany(insert, { { id = 1, s = "a", more = 1 }, { id = 2, s = dbapi.null },
    { s = "c", id = 3, other = {} } })
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
  for _, rows in ipairs({ { { id = 10 }, { id = 11, s = "x" } }, { { id = 10, s = "x" }, { id = 11 } },
    { { id = 10, s = "x" }, {} } }) do
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
  local cur = dbapi.connect():cursor()
  equal(cur:callproc("upper", "abc"):fetchone(), { "ABC" })
  equal(cur:callproc("make_interval", { days = 3 }):fetchone(), { "3 days" })
  equal(cur:callproc("pg_backend_pid"):fetchone(), { cur.connection.backend_pid })
  equal(fails("ProgrammingError", cur.callproc, cur, "no such; function").sqlstate, "42883")
end)
