# frozen_string_literal: true

require_relative "helper"

class TestCursor < DatabaseTest
  def numbers(count, **options)
    @conn.execute("SELECT i AS n, 'row ' || i AS data FROM generate_series(1, #{count}) i", **options)
  end

  def test_the_familiar_session
    @conn.execute("CREATE TEMP TABLE session_test (id serial PRIMARY KEY, num integer, data varchar)")
    @conn.execute("INSERT INTO session_test (num, data) VALUES (%s, %s)", [100, "abc'def"])
    assert_equal [1, 100, "abc'def"], @conn.execute("SELECT * FROM session_test").fetchone
  end

  def test_rows_in_every_way_of_fetching
    cursor = numbers(2500)
    assert_equal [2500, 0, "SELECT 2500"], [cursor.rowcount, cursor.rownumber, cursor.statusmessage]
    assert_equal [1, "row 1"], cursor.fetchone
    assert_equal 1, cursor.rownumber
    assert_equal [[2, "row 2"]], cursor.fetchmany
    assert_equal (3..202).to_a, cursor.fetchmany(200).map(&:first)
    assert_equal 203, cursor.first.first
    assert_equal 203, cursor.rownumber
    assert_equal [204, 205], cursor.take(2).map(&:first)
    cursor.each { |n, _data| break if n == 1500 }
    assert_equal (1501..2500).to_a, cursor.fetchall.map(&:first)
    assert_equal [nil, [], []], [cursor.fetchone, cursor.fetchmany(5), cursor.fetchall]
    assert_equal 2500, cursor.rownumber
  end

  def test_enumerable
    assert_equal 3_126_250, numbers(2500).sum(&:first)
    assert_equal [2, 4], numbers(5).lazy.map(&:first).select(&:even?).to_a
    enumerator = numbers(3).each
    assert_equal [[1, "row 1"], [2, "row 2"], [3, "row 3"]], [enumerator.next, enumerator.next, enumerator.next]
    assert_raises(StopIteration) { enumerator.next }
  end

  def test_another_statement_within_each
    cursor = numbers(10)
    seen = []
    cursor.each do |n, _data|
      seen << n
      cursor.execute("SELECT 100, 'new'") if n == 3
    end
    assert_equal [1, 2, 3, 100], seen
  end

  def test_hash_rows
    assert_equal [{ "n" => 1, "data" => "row 1" }, { "n" => 2, "data" => "row 2" }], numbers(2, rows: :hash).to_a
    cursor = @conn.cursor(rows: :hash)
    assert_equal({ "a" => nil }, cursor.execute("SELECT NULL AS a").fetchone)
    assert_equal [{ "a" => nil }], cursor.execute("SELECT NULL AS a").fetchall
    DBAPI.connect(rows: :hash) { |conn| assert_equal [{ "é" => 1 }], conn.execute('SELECT 1 AS "é"').fetchmany(2) }
  end

  def test_description
    column = @conn.execute("SELECT 1.5::numeric(7,2) AS price").description.first
    assert_equal ["price", 1700, nil, 7, 7, 2, nil, 0, 0], column.to_a
    assert_nil @conn.execute("CREATE TEMP TABLE none (a int)").description
    assert_equal [[]] * 2, @conn.execute("SELECT FROM generate_series(1, 2)").fetchall
    assert_equal [], @conn.execute("SELECT").description
  end

  def test_parameters_by_name
    assert_equal [1, 1, "x"], @conn.execute("SELECT %(a)s, %(a)s, %(b)s::text", { a: 1, "b" => "x", unused: 2 }).fetchone
    assert_raises(DBAPI::ProgrammingError) { @conn.execute("SELECT %(a)s", { b: 1 }) }
    assert_raises(ArgumentError) { @conn.execute("SELECT %(a)s", { "a\0" => 1 }) }
  end

  def test_placeholders_and_percent
    assert_equal "%", one("SELECT '%'")
    assert_equal "100%", one("SELECT '100%%' WHERE %s", [true])
    assert_raises(DBAPI::ProgrammingError) { @conn.execute("SELECT %s, %s", [1]) }
    assert_raises(DBAPI::ProgrammingError) { @conn.execute("SELECT %s", [1, 2]) }
    assert_raises(DBAPI::ProgrammingError) { @conn.execute("SELECT %s", []) }
    assert_equal "SELECT  -1, 'it''s'", @conn.cursor.mogrify("SELECT %s, %s", [-1, "it's"])
  end

  def test_executemany
    @conn.execute("CREATE TEMP TABLE many (n int UNIQUE, data text, bytes bytea)")
    cursor = @conn.cursor
    cursor.executemany("INSERT INTO many VALUES (%s, %s, %s)", (1..3000).map { |i| [i, i.odd? ? "é#{i}" : nil, [i].pack("N")] })
    assert_equal 3000, cursor.rowcount
    assert_equal [3000, 1500, 3000], @conn.execute("SELECT count(*), count(data), count(bytes) FROM many").fetchone
    error = assert_raises(DBAPI::IntegrityError) do
      cursor.executemany("INSERT INTO many VALUES (%s, NULL, NULL)", [[4000], [4001], [1], [4002]])
    end
    assert_equal ["23505", 2], [error.sqlstate, error.row]
    @conn.rollback
    assert_equal 0, cursor.executemany("INSERT INTO nowhere VALUES (%s)", []).rowcount
    assert_raises(DBAPI::ProgrammingError) { cursor.executemany("SELECT %s, %s", [[1, 2], [3]]) }
    assert_raises(TypeError) { cursor.executemany("SELECT %s", [1]) }
    assert_raises(TypeError) { cursor.executemany("SELECT %(a)s", [{ a: 1 }, [1]]) }
  end

  def test_executemany_by_name
    @conn.execute("CREATE TEMP TABLE pairs (a int, b text, c int)")
    cursor = @conn.cursor
    %i[server client].each do |side|
      cursor.binding = side
      cursor.executemany("INSERT INTO pairs VALUES (%(a)s, %(ß b)s || '%%s $1', %(a)s)",
                         [{ a: 1, "ß b": "x", more: 5 }, { "ß b": "%(a)s", a: 2 }])
      assert_equal 2, cursor.rowcount
      assert_equal [[1, "x%s $1", 1], [2, "%(a)s%s $1", 2]], @conn.execute("DELETE FROM pairs RETURNING *").fetchall
    end
    error = assert_raises(DBAPI::DataError) { cursor.executemany("SELECT 1 / %(a)s", [{ a: 1 }, { a: 0 }]) }
    assert_equal 1, error.row
    @conn.rollback
    [[{ a: 1 }, { b: 1 }], [{ b: 1 }, { a: 1 }], [{}]].each do |rows|
      error = assert_raises(DBAPI::ProgrammingError) { cursor.executemany("SELECT %(a)s", rows) }
      assert_includes error.message, "%(a)s"
    end
  end

  def test_named_cursor
    cursor = @conn.cursor('of "ours"; --', scrollable: true)
    cursor.execute("SELECT i FROM generate_series(1, 5000) i")
    assert_equal [1], cursor.fetchone
    assert_equal [[2], [3]], cursor.fetchmany(2)
    assert_equal (4..4500).to_a, cursor.lazy.map(&:first).first(4497)
    assert_equal 4500, cursor.rownumber
    assert_equal [4501], cursor.fetchone
    cursor.scroll(0, :absolute)
    assert_equal 5000, cursor.fetchall.size
    assert_equal 'of "ours"; --', cursor.name
    cursor.close
    assert_raises(DBAPI::ProgrammingError) { @conn.cursor(scrollable: true) }
    held = @conn.cursor("held", withhold: true).execute("SELECT 1 AS one")
    @conn.commit
    assert_equal [[1]], held.fetchall
    held.close
    lost = @conn.cursor("lost").execute("SELECT 1")
    @conn.commit
    assert_raises(DBAPI::ProgrammingError) { lost.fetchone }
  end

  def test_scroll
    cursor = numbers(500)
    cursor.fetchone
    cursor.scroll(9)
    assert_equal 11, cursor.fetchone.first
    cursor.scroll(-11)
    assert_equal 1, cursor.fetchone.first
    cursor.scroll(499, :absolute)
    assert_equal [500, "row 500"], cursor.fetchone
    assert_raises(DBAPI::ProgrammingError) { cursor.scroll(1) }
    assert_raises(ArgumentError) { cursor.scroll(1, :sideways) }
    assert_raises(RangeError) { cursor.scroll(2**70) }
  end

  def test_several_results
    cursor = @conn.cursor
    cursor.all_results = true
    cursor.execute("SELECT 1; SELECT 2, 'x'")
    assert_equal [[1]], cursor.fetchall
    assert cursor.nextset
    assert_equal [[2, "x"]], cursor.fetchall
    refute cursor.nextset
  end

  def test_callproc_and_client_binding
    cursor = @conn.cursor
    assert_equal ["ABC"], cursor.callproc("upper", ["abc"]).fetchone
    cursor.binding = :client
    cursor.execute("CREATE TEMP TABLE made (a text DEFAULT %s)", ["it's"])
    assert_equal "CREATE TEMP TABLE made (a text DEFAULT 'it''s')", cursor.query
  end
end
