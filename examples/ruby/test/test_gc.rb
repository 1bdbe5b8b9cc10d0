# frozen_string_literal: true

require_relative "helper"

# Objects that are collected at any time and in any order.
class TestGarbageCollection < DatabaseTest
  def backends
    elsewhere("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ruby_gc'").first.first
  end

  def drop_connections(count)
    count.times { DBAPI.connect(application_name: "ruby_gc").execute("SELECT 1") }
    nil
  end

  def test_collected_connections_are_closed
    drop_connections(20)
    # Ruby looks for references on the stack too, so that a few may stay.
    Timeout.timeout(20) { GC.start while backends > 3 }
  end

  def test_a_cursor_outlives_its_connection_object
    cursors = Array.new(20) { DBAPI.connect.cursor }
    GC.start
    rows = cursors.map { |cursor| cursor.execute("SELECT 1").fetchone }
    assert_equal [[1]] * 20, rows
  end

  # In an order of Ruby's: the objects die in one sweep.
  def test_finalizers_in_any_order
    200.times do |i|
      conn = DBAPI.connect
      cursors = Array.new(3) { conn.execute("SELECT 1") }
      conn.close if (i % 3).zero?
      cursors.sample.close if i.even?
      cursors.pop if i.odd?
      GC.start if (i % 20).zero?
    end
    assert_equal 1, one("SELECT 1")
  end

  def test_under_load
    stop = false
    collecting = Thread.new { GC.start until stop }
    workers = Array.new(4) do |number|
      Thread.new do
        DBAPI.connect do |conn|
          Array.new(50) do |i|
            conn.execute("SELECT %s::int, %s, %s::text[], repeat(%s, 100), NULL FROM generate_series(1, 50)",
                         [i, "text #{i}".b, ["a#{number}", nil], "é"]).fetchall.uniq
          end
        end
      end
    end
    workers.each_with_index do |worker, number|
      assert_equal Array.new(50) { |i| [[i, "text #{i}".b, ["a#{number}", nil], "é" * 100, nil]] }, worker.value
    end
  ensure
    stop = true
    collecting.join
  end

  # A collection at each place where there can be one, with everything that allocates: parameters, rows, errors. A
  # whole one (true) takes long; 1 means only young objects.
  def test_stress
    params = [1, 2**70, 1.5, "text", "\xFF".b, [[1, 2], [3, nil]], { "a" => [1] }, 1...5, Date.new(2020, 1, 1), Time.at(1, 5),
              BigDecimal("1.5"), IPAddr.new("::1"), DBAPI::Interval.new(1, 2, 3), nil, %w[a b]]
    sql = "SELECT %s, %s, %s, %s::text, %s, %s, %s::jsonb, %s, %s, %s, %s, %s, %s, %s::text, %s"
    error = nil
    rows = named = nil
    few = nil
    begin
      GC.stress = true
      few = @conn.execute("SELECT %s, %s::text, %s", [1.5, "text", [2**70, 1]]).fetchone
      GC.stress = 1
      rows = @conn.execute(sql, params).fetchall
      named = @conn.execute("SELECT %(a)s::text, %(b)s", { a: "x", b: [1] }, rows: :hash).fetchone
      @conn.cursor.executemany("SELECT %s::text, %s", [["a", 1], ["b", 2]])
      @conn.cursor.executemany("SELECT %(a)s::text, %(b)s", [{ a: "a", b: 1 }, { a: "b", b: 2 }])
      begin
        @conn.execute("SELECT 1/0")
      rescue DBAPI::DataError => e
        error = e.sqlstate
      end
    ensure
      GC.stress = false
    end
    assert_equal [1.5, "text", [2**70, 1]], few
    assert_equal [params], rows
    assert_equal %w[text x], named.first
    assert_equal "22012", error
  end

  def test_compaction_between_and_during_calls
    skip "this Ruby does not compact" unless GC.respond_to?(:compact)
    stop = false
    compacting = Thread.new { GC.compact until stop }
    100.times { |i| assert_equal [i.to_s, "é"], @conn.execute("SELECT %s::text, %s::text FROM pg_sleep(0.001)", [i.to_s, "é"]).fetchone }
  rescue NotImplementedError
    skip "this Ruby does not compact"
  ensure
    stop = true
    compacting&.join
  end

  def test_memory_does_not_grow
    work = -> { 2000.times { |i| @conn.cursor { |c| c.execute("SELECT %s, repeat('x', 1000)", [i]).fetchall } } }
    resident = -> { File.read("/proc/self/statm").split[1].to_i * 4096 }
    work.call
    GC.start
    before = resident.call
    3.times { work.call }
    GC.start
    assert_operator resident.call - before, :<, 20 << 20
  end

  # The child frees what it inherited, by its finalizers, and must not disturb the parent's session.
  def test_fork
    cursor = @conn.execute("SELECT 1 UNION SELECT 2 ORDER BY 1")
    pid = fork do
      begin
        @conn.execute("SELECT 3")
        exit!(1)
      rescue DBAPI::InterfaceError
        fresh = DBAPI.connect { |conn| conn.execute("SELECT 4").fetchone }
        exit!(2) unless fresh == [4]
      end
      @conn = cursor = nil
      GC.start
      exit!(0)
    end
    assert_equal 0, Process.wait2(pid).last.exitstatus
    assert_equal [[1], [2]], cursor.fetchall
    assert_equal 5, one("SELECT 5")
  end

  # A process that ends without closing anything, with a statement's rows unread and a transaction open.
  def test_exit
    script = <<~RUBY
      require #{File.expand_path("../lib/dbapi", __dir__).inspect}
      $conn = DBAPI.connect
      $cursors = Array.new(5) { $conn.execute("SELECT generate_series(1, 10000)") }
      $cursors.first.fetchone
      pid = fork { $conn = nil }
      Process.wait(pid)
      raise "the child failed" unless $?.success?
      p $conn.execute("SELECT 1").fetchone
    RUBY
    output = IO.popen([RbConfig.ruby, "-W", "-e", script], err: %i[child out], &:read)
    assert_equal ["[1]\n", true], [output, $?.success?]
  end
end
