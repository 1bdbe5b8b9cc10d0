# frozen_string_literal: true

# This library beside ruby-pg (Debian: ruby-pg): point queries, and 1,000,000 rows of int, float, text and bool.
# Rounds are interleaved; medians are of wall time; a ratio above 1 says that this library is quicker.
#
#   DBAPI_LIBRARY=.../libdbapi.so.0 ruby examples/ruby/bench.rb [ROUNDS]
#
# The server is the one that the environment names (PGHOST and the like).
require "pg"
require_relative "lib/dbapi"

ROUNDS = Integer(ARGV.fetch(0, 7))
POINTS = 5000
ROWS = 1_000_000
FETCH = "SELECT i, i*1.5::float8, 'row number '||i, i%2=0 FROM generate_series(1,#{ROWS}) i".freeze
POINT = "SELECT id, name FROM points WHERE id = %s"
PG_POINT = POINT.sub("%s", "$1").freeze
TABLE = "CREATE TEMP TABLE points AS SELECT i AS id, 'name '||i AS name FROM generate_series(1, 10000) i; " \
        "ALTER TABLE points ADD PRIMARY KEY (id); ANALYZE points"

pg = PG.connect
pg.exec(TABLE)
typed = PG::BasicTypeMapForResults.new(pg)
conn = DBAPI.connect(autocommit: true)
conn.execute(TABLE)
cursor = conn.cursor

# What ruby-pg users write for numbers: results through a type map; and without, where all values are text.
pg_fetch = lambda do |sql, map|
  result = pg.exec(sql)
  result.type_map = map if map
  result.values.tap { result.clear }
end
pg_point = lambda do |id|
  result = pg.exec_params(PG_POINT, [id])
  result.type_map = typed
  result.values.tap { result.clear }
end
check = ->(row) { row == [ROWS, ROWS * 1.5, "row number #{ROWS}", true] or raise "wrong row: #{row.inspect}" }
points = ->(&query) { -> { POINTS.times { |i| query.call(i % 10_000 + 1) } } }

WORK = {
  "point: ruby-pg exec_params, typed" => points.call(&pg_point),
  "point: ours, one cursor" => points.call { |id| cursor.execute(POINT, [id]).fetchall },
  "point: ours, conn.execute" => points.call { |id| conn.execute(POINT, [id]).fetchall },
  "fetch: ruby-pg, text" => -> { pg_fetch.call(FETCH, nil) },
  "fetch: ruby-pg, typed" => -> { check.call(pg_fetch.call(FETCH, typed).last) },
  "fetch: ours, fetchall" => -> { check.call(cursor.execute(FETCH).fetchall.last) },
  "fetch: ours, each" => lambda do
    last = nil
    cursor.execute(FETCH).each { |row| last = row }
    check.call(last)
  end
}.freeze

def seconds(clock)
  started = Process.clock_gettime(clock)
  yield
  Process.clock_gettime(clock) - started
end

times = Hash.new { |hash, name| hash[name] = [] }
ROUNDS.times do
  WORK.each do |name, work|
    GC.start
    cpu = nil
    wall = seconds(Process::CLOCK_MONOTONIC) { cpu = seconds(Process::CLOCK_PROCESS_CPUTIME_ID, &work) }
    times[name] << [wall, cpu]
  end
end

puts "Ruby #{RUBY_VERSION}, Fiddle #{Fiddle::VERSION}, ruby-pg #{PG::VERSION}, libpq #{PG.library_version}, " \
     "server #{conn.server_version}; #{ROUNDS} rounds, medians"
puts format("%-36s %12s %12s %8s", "", "wall", "client CPU", "ratio")
median = ->(name, which) { times[name].map { |both| both[which] }.sort[ROUNDS / 2] }
WORK.each_key do |name|
  base = name.start_with?("point") ? "point: ruby-pg exec_params, typed" : "fetch: ruby-pg, typed"
  unit, scale = name.start_with?("point") ? ["us", 1e6 / POINTS] : ["s ", 1]
  wall, cpu = [0, 1].map { |which| median.call(name, which) * scale }
  puts format("%-36s %9.3f %s %9.3f %s %8.2f", name, wall, unit, cpu, unit, median.call(base, 0) * scale / wall)
end
