# frozen_string_literal: true

require_relative "helper"

class TestTypes < DatabaseTest
  # What goes to the server as a type and comes back equal, of the same class.
  ROUND_TRIPS = {
    "int4" => [0, -1, 2**31 - 1, -(2**31)],
    "int8" => [2**31, 2**62, 2**63 - 1, -(2**63)],
    "float8" => [0.0, -0.0, 1.5, 0.1, 1e308, 5e-324, Float::INFINITY, -Float::INFINITY],
    "numeric" => [BigDecimal("0"), BigDecimal("1.10"), BigDecimal("-123456789012345678901234567890.000000000001"),
                  BigDecimal("1e-30"), BigDecimal("Infinity")],
    "text" => ["", "abc'def", "é€😀", "100%", "\\", "line\nline", "x" * 100_000],
    "bytea" => ["".b, "\x00\xFF\x80abc".b, ((0..255).to_a.pack("C*") * 1000)],
    "bool" => [true, false],
    "date" => [Date.new(2026, 2, 28), Date.new(1, 1, 1), Date.new(-4000, 1, 1), Date.new(9999, 12, 31), Date.new(1582, 10, 4)],
    "timestamptz" => [Time.at(0), Time.at(1_700_000_000, 123_456), Time.at(-1, 999_999), Time.at(-62_135_596_800),
                      Time.new(2024, 7, 1, 12, 0, 0, "+05:30")],
    "interval" => [DBAPI::Interval.new(1, 2, 3), DBAPI::Interval.new(-14, 30, -1), DBAPI::Interval.new(0, -1, 86_400_000_000)],
    "time" => [DBAPI::TimeOfDay.new(0), DBAPI::TimeOfDay.new(86_400_000_000), DBAPI::TimeOfDay.new(1)],
    "timetz" => [DBAPI::TimeOfDay.new(3_600_000_001, -18_000)],
    "int4[]" => [[], [1], [1, nil, -3], [[1, 2], [3, 4]], [[[1], [2]], [[3], [nil]]]],
    "text[]" => [["a", "b,c", "\"", nil, "NULL", ""]],
    "float8[]" => [[1.5, 2.5]],
    "bool[]" => [[true, nil]],
    "date[]" => [[Date.new(2020, 1, 1)]],
    "jsonb" => [{}, { "a" => [1, 2.5, nil, true, { "b" => "é" }] }],
    "json" => [{ "a" => "\"" }],
    "int4range" => [1...5, (1...), (...5), (nil...nil)],
    "numrange" => [BigDecimal("1.5")..BigDecimal("2.5"), BigDecimal("1")...BigDecimal("2"),
                   DBAPI::Bounds.new(BigDecimal("1"), BigDecimal("2"), false, true, false),
                   DBAPI::Bounds.new(nil, nil, false, false, true)],
    "daterange" => [Date.new(2020, 1, 1)...Date.new(2020, 2, 1)],
    "tstzrange" => [Time.at(0)..Time.at(1, 500_000)],
    "inet" => [IPAddr.new("10.1.2.3"), IPAddr.new("10.0.0.0/8"), IPAddr.new("::1"), IPAddr.new("fe80::/10")],
    "cidr" => [IPAddr.new("192.168.0.0/16")]
  }.freeze

  ROUND_TRIPS.each do |type, values|
    define_method(:"test_#{type.sub("[]", "_array")}_round_trip") do
      values.each do |value|
        got = one("SELECT %s::#{type}", [value])
        assert_equal value, got, type
        assert_equal value.class, got.class, type
        assert_equal value.encoding, got.encoding if value.is_a?(String)
        assert_equal [nil, value], @conn.execute("SELECT NULL::#{type}, %s::#{type} UNION ALL SELECT %s, NULL",
                                                 [value, value]).fetchall.first
      end
    end
  end

  # What arrives in another form than it left in.
  CONVERSIONS = [
    ["int8", 2**63 - 1, 2**63 - 1], ["numeric", 2**63, BigDecimal(2**63)], ["numeric", -(10**40), BigDecimal(-(10**40))],
    ["numeric", Rational(1, 8), BigDecimal("0.125")], ["numeric", Rational(-7, 5), BigDecimal("-1.4")], ["numeric", Rational(3), BigDecimal(3)],
    ["text", :symbol, "symbol"], ["text", "\xE9".dup.force_encoding("ISO-8859-1"), "é"], ["text", "é".encode("UTF-16LE"), "é"],
    ["int4range", 1..5, 1...6], ["int4range", 1...1, DBAPI::Bounds.new(nil, nil, false, false, true)],
    ["numrange", 1.5..2.5, BigDecimal("1.5")..BigDecimal("2.5")],
    ["timestamptz", DateTime.new(2020, 1, 2, 3, 4, Rational(11, 2), "+2"), Time.at(1_577_927_045, 500_000)],
    ["timestamp", DBAPI::Timestamp.new(Time.new(2020, 1, 2, 3, 4, 5, "+02:00")), Time.utc(2020, 1, 2, 3, 4, 5)],
    ["date", Date::Infinity.new, Float::INFINITY], ["date", -Date::Infinity.new, -Float::INFINITY],
    ["jsonb", [1].to_json, [1]], ["jsonb", "null", nil], %w[uuid A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11 a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11],
    ["inet", "10.1.2.3/8", "10.1.2.3/8"], ["bit(5)", "10110", "10110"], ["varbit", "", ""], ["point", "(1,2.5)", [1.0, 2.5]],
    ["box", "(0,0),(1,1)", "(1,1),(0,0)"], ["int4multirange", "{[1,3),[5,7)}", [1...3, 5...7]],
    ["xid8", (2**64 - 1).to_s, 2**64 - 1], ["timestamp", "infinity", Float::INFINITY], ["timestamp", "294270-01-01", "294270-01-01 00:00:00"],
    ["int2[]", DBAPI::Typed.new(1005, [1, 2]), [1, 2]]
  ].freeze

  def test_conversions
    CONVERSIONS.each do |type, given, expected|
      got = one("SELECT %s::#{type}", [given])
      assert_equal [expected, expected.class], [got, got.class], "#{given.inspect} as #{type}" unless expected.nil?
      assert_nil got if expected.nil?
    end
  end

  def test_not_a_number
    assert_predicate one("SELECT %s::float8", [Float::NAN]), :nan?
    assert_predicate one("SELECT %s::numeric", [BigDecimal("NaN")]), :nan?
  end

  def test_an_integer_is_typed_as_its_literal
    types = [1, 2**31, 2**63].map { |number| one("SELECT pg_typeof(%s)::text", [number]) }
    assert_equal %w[integer bigint numeric], types
    assert_equal 20, @conn.execute("SELECT %s", [DBAPI::Typed.new(20, 1)]).description.first.type_code
  end

  def test_timestamps_are_exact_to_the_microsecond_in_any_zone
    time = Time.new(2024, 2, 29, 23, 59, 59 + Rational(999_999, 1_000_000), "-09:30")
    @conn.execute("SET TimeZone = 'Asia/Kathmandu'")
    got = one("SELECT %s::timestamptz", [time])
    assert_equal time, got
    assert_equal 999_999, got.usec
    assert_equal Time.utc(2024, 1, 1, 0, 0, 0, 1), one("SELECT '2024-01-01 00:00:00.000001'::timestamp")
    assert_predicate one("SELECT '2024-01-01'::timestamp"), :utc?
  end

  def test_composites_and_hstores_are_hashes
    @conn.execute("CREATE TYPE pg_temp.pair AS (number int4, \"näme\" text)")
    assert_equal({ "number" => 1, "näme" => nil }, one("SELECT (1, NULL)::pg_temp.pair"))
    assert_equal [{ "number" => 1, "näme" => "x" }], one("SELECT ARRAY[(1, 'x')::pg_temp.pair]")
    @conn.execute("CREATE EXTENSION IF NOT EXISTS hstore")
    assert_equal({ "a" => "1", "b" => nil }, one("SELECT 'a=>1,b=>NULL'::hstore"))
  end

  # Each kind of column in blocks with and without NULLs, and the last row of a block.
  def test_a_block_with_nulls_in_every_column
    rows = @conn.execute(<<~SQL).fetchall
      SELECT nullif(i, 3), nullif(i, 4) * 0.5::float8, 'n' || nullif(i, 5), nullif(i % 2, 0) = 1, nullif(i, 6)::numeric,
        '2020-01-01'::date + nullif(i, 7), ARRAY[nullif(i, 8)], NULL FROM generate_series(1, 2500) i
    SQL
    expected = (1..2500).map do |i|
      [i == 3 ? nil : i, i == 4 ? nil : i * 0.5, i == 5 ? nil : "n#{i}", i.odd? || nil, i == 6 ? nil : BigDecimal(i),
       i == 7 ? nil : Date.new(2020, 1, 1) + i, [i == 8 ? nil : i], nil]
    end
    assert_equal expected, rows
  end

  # Many rows are read by columns, and few one by one: both give the same.
  def test_a_block_is_as_its_rows_one_by_one
    given = ROUND_TRIPS.flat_map { |type, values| values.map { |value| [type, value] } }
    given += CONVERSIONS.map { |type, value, _expected| [type, value] }
    given.each do |type, value|
      alone = one("SELECT %s::#{type}", [value])
      [false, true].each do |last| # the last of thirty alone, and all but that one
        sql = "SELECT CASE WHEN (i %% 30 = 0) = %s THEN %s::#{type} END, i FROM generate_series(1, 30) i"
        rows = @conn.execute(sql, [last, value]).fetchall
        expected = (1..30).map { |i| [(i == 30) == last ? alone : nil, i] }
        assert_equal expected, rows, "#{value.inspect} as #{type}"
        got = rows.filter_map(&:first).map { |cell| [cell.class, cell.is_a?(String) && cell.encoding] }
        assert_equal [[alone.class, alone.is_a?(String) && alone.encoding]], got.uniq unless alone.nil? || got.empty?
      end
    end
  end

  def test_a_column_of_several_kinds
    rows = @conn.execute(<<~SQL).fetchall
      SELECT CASE WHEN i = 25 THEN '294270-01-01' WHEN i <> 26 THEN '2000-01-01'::timestamp END,
        CASE WHEN i < 13 THEN i::text::xid8 ELSE '18446744073709551615' END FROM generate_series(1, 30) i
    SQL
    odd = { 25 => "294270-01-01 00:00:00", 26 => nil }
    assert_equal((1..30).map { |i| [odd.fetch(i, Time.utc(2000)), i < 13 ? i : 2**64 - 1] }, rows)
  end

  def test_text_and_bytes_know_their_encoding
    text, bytes = @conn.execute("SELECT 'é', '\\x00e9'::bytea").fetchone
    assert_equal [Encoding::UTF_8, Encoding::BINARY], [text.encoding, bytes.encoding]
    assert_equal ["é", "\x00\xE9".b], [text, bytes]
  end

  def test_values_are_copies
    cursor = @conn.execute("SELECT 'first' || repeat('x', 100)")
    text = cursor.fetchone.first
    cursor.execute("SELECT 'second' || repeat('y', 100)").fetchone
    @conn.close
    assert_equal "first#{"x" * 100}", text
  end

  # Not one of these may reach the server, nor do worse than raise.
  BAD = [
    [DBAPI::DataError, "nul\0byte"], [DBAPI::DataError, "\xFF\xFE"], [DBAPI::DataError, ["a", "\xC3"]], [DBAPI::DataError, { "a" => Float::NAN }],
    [EncodingError, "\x81".dup.force_encoding("Shift_JIS")], [DBAPI::DataError, Rational(1, 3)], [TypeError, Object.new],
    [TypeError, [Object.new]], [TypeError, Thread.current], [TypeError, Complex(1, 2)], [DBAPI::DataError, [[1, 2], [3]]], [DBAPI::DataError, [1, [2]]],
    [DBAPI::DataError, [[1], 2]], [DBAPI::DataError, DBAPI::Interval.new(2**31, 0, 0)], [DBAPI::DataError, DBAPI::Interval.new(0, 0, 2**63)],
    [TypeError, DBAPI::Interval.new(nil, 0, 0)], [DBAPI::DataError, DBAPI::TimeOfDay.new(2**64)], [DBAPI::DataError, DBAPI::TimeOfDay.new(-1)],
    [DBAPI::DataError, Time.at(2**60)], [DBAPI::DataError, Date.jd(2**70)], [DBAPI::DataError, Date.new(10_000_000, 1, 1)],
    [DBAPI::DataError, DBAPI::Typed.new(2**32, 1)], [DBAPI::DataError, DBAPI::Typed.new("int4", 1)], [DBAPI::DataError, DBAPI::Typed.new(21, 2**15)],
    [DBAPI::Error, [[[[[[[1]]]]]]]], [DBAPI::DataError, DBAPI::Bounds.new(2, 1, true, false, false)]
  ].freeze

  def test_bad_parameters_raise
    BAD.each do |error, value|
      assert_raises(error, value.inspect) { @conn.execute("SELECT %s, 1", [value]) }
      @conn.rollback
      assert_equal 1, one("SELECT 1")
    end
  end

  def test_an_array_that_holds_itself_raises
    array = [1]
    array << array
    assert_raises(DBAPI::DataError) { @conn.execute("SELECT %s", [array]) }
    array.shift
    assert_raises(DBAPI::DataError) { @conn.execute("SELECT %s", [array]) }
    hash = {}
    hash["self"] = hash
    assert_raises(DBAPI::DataError) { @conn.execute("SELECT %s", [hash]) }
  end

  def test_deep_json_raises
    assert_raises(DBAPI::DataError) { one("SELECT (repeat('[', 2000) || repeat(']', 2000))::json") }
    assert_equal 1, one("SELECT 1")
  end
end
