# frozen_string_literal: true

require_relative "helper"

class TestThreads < DatabaseTest
  # With the GVL held during the wait, the counting thread would not count.
  def test_other_threads_run_while_a_statement_waits
    count = 0
    counting = Thread.new { loop { (count += 1) && sleep(0.001) } }
    before = count
    started = now
    one("SELECT pg_sleep(0.5)")
    during = count - before
    counting.kill.join
    assert_operator now - started, :>=, 0.5
    assert_operator during, :>, 20
  end

  def test_statements_of_several_connections_wait_together
    started = now
    threads = Array.new(8) { Thread.new { DBAPI.connect { |conn| conn.execute("SELECT pg_sleep(0.5), 1").fetchone.last } } }
    assert_equal [1] * 8, threads.map(&:value)
    assert_operator now - started, :<, 3
  end

  def test_threads_share_a_connection
    @conn.autocommit = true
    sums = Array.new(8) do |number|
      Thread.new { Array.new(100) { |i| one("SELECT %s * 1000 + %s", [number, i]) } }
    end
    sums.each_with_index { |thread, number| assert_equal Array.new(100) { |i| number * 1000 + i }, thread.value }
  end

  # Which row goes where is open, but each is a row, and nothing breaks.
  def test_threads_misuse_a_cursor
    cursor = @conn.cursor
    texts = Array.new(6) do
      Thread.new do
        Array.new(60) do
          cursor.execute("SELECT repeat('abc', 300) FROM generate_series(1, 300)").fetchmany(200) + cursor.fetchall
        rescue DBAPI::ProgrammingError # another thread has just closed the result
          []
        end
      end
    end
    assert_equal ["abc" * 300], texts.flat_map(&:value).flatten.uniq
  end

  def test_cancel_from_another_thread
    waiting = Thread.new { assert_raises(DBAPI::OperationalError) { @conn.execute("SELECT pg_sleep(30), 'to cancel'") } }
    wait_for_statement("%to cancel%")
    started = now
    @conn.cancel
    assert_equal "57014", waiting.value.sqlstate
    assert_operator now - started, :<, 10
    @conn.rollback
    @conn.cancel
    assert_equal 1, one("SELECT 1")
  end

  def test_timeouts
    @conn.timeout = 0.1
    assert_equal 0.1, @conn.timeout
    error = assert_raises(DBAPI::OperationalError) { one("SELECT pg_sleep(30)") }
    assert_equal [true, "57014"], [error.timed_out?, error.sqlstate]
    @conn.rollback
    cursor = @conn.cursor
    cursor.timeout = 10
    assert_equal [""], cursor.execute("SELECT pg_sleep(0.3)").fetchone.map(&:to_s)
    @conn.timeout = nil
    assert_nil @conn.timeout
    assert_raises(DBAPI::ProgrammingError) { @conn.timeout = -1 }
  end

  # Ruby's own ways to stop a thread take effect when the statement has ended ...
  def test_a_timeout_of_rubys_comes_after_the_statement
    started = now
    assert_raises(Timeout::Error) { Timeout.timeout(0.1) { one("SELECT pg_sleep(0.6)") } }
    assert_operator now - started, :>=, 0.6
    assert_equal 1, one("SELECT 1")
  end

  # ... and cancel it if the connection is to be interruptible.
  def test_an_interruptible_connection
    @conn.interruptible = true
    started = now
    assert_raises(Timeout::Error) { Timeout.timeout(0.2) { one("SELECT pg_sleep(30)") } }
    @conn.rollback
    thread = Thread.new { one("SELECT pg_sleep(30), 'to kill'") }
    wait_for_statement("%to kill%")
    thread.kill.join
    assert_operator now - started, :<, 20
    @conn.rollback
    assert_equal 1, one("SELECT 1")
    assert_raises(DBAPI::DataError) { one("SELECT 1/0") }
    assert_raises(DBAPI::OperationalError) { DBAPI.connect(host: "/nowhere", interruptible: true) }
  end

  # The call is held up before it reaches the library: the interrupt waits for it there, and the server sees nothing.
  def test_an_interrupt_comes_before_the_statement
    @conn.interruptible = true
    cursor = @conn.cursor
    handle = cursor.instance_variable_get(:@handle)
    status = nil
    assert_raises(Timeout::Error) do
      Timeout.timeout(0.1) do
        @conn.interruptibly do
          sleep 0.4
          status = DBAPI::Native::EXECUTE.call(handle, "SELECT pg_sleep(30)", 0, 0, 0)
        end
      end
    end
    assert_operator status, :<, 0
    assert_equal :idle, @conn.transaction_status
    assert_equal 1, one("SELECT 1")
  end

  # The call ends without having met the interrupt, which must not be there for the next one.
  def test_an_interrupt_comes_after_the_statement
    @conn.interruptible = true
    assert_raises(Timeout::Error) { Timeout.timeout(0.1) { @conn.interruptibly { sleep 0.3 } } }
    assert_equal 1, one("SELECT 1")
  end

  def test_an_interrupt_of_a_statement_that_waits_for_its_turn
    @conn.autocommit = true
    other = Thread.new { assert_raises(DBAPI::OperationalError) { @conn.execute("SELECT pg_sleep(30), 'to share'") } }
    wait_for_statement("%to share%")
    @conn.interruptible = true
    started = now
    assert_raises(Timeout::Error) { Timeout.timeout(0.1) { @conn.execute("SELECT pg_sleep(30)") } }
    assert_equal "57014", other.value.sqlstate
    assert_operator now - started, :<, 20
  end

  def test_an_interrupt_of_a_wait_for_a_notification
    @conn.autocommit = true
    @conn.execute("LISTEN ruby_interrupted")
    @conn.interruptible = true
    started = now
    2.times { assert_raises(Timeout::Error) { Timeout.timeout(0.1) { @conn.wait_notify(30) } } }
    assert_operator now - started, :<, 20
    @conn.execute("NOTIFY ruby_interrupted, 'heard'")
    assert_equal "heard", @conn.wait_notify(20).payload
  end

  def test_an_interrupt_reaches_the_main_thread
    reader, writer = IO.pipe
    pid = fork do
      reader.close
      conn = DBAPI.connect(interruptible: true)
      begin
        conn.execute("SELECT pg_sleep(30), 'to interrupt'")
      rescue Interrupt
        conn.rollback
        writer.write(conn.execute("SELECT 'usable'").fetchone.first)
      end
      writer.close
      exit!(0)
    end
    writer.close
    wait_for_statement("%to interrupt%")
    Process.kill(:INT, pid)
    assert_equal "usable", reader.read
    assert_predicate Process.wait2(pid).last, :success?
  end

  def test_notifications
    @conn.autocommit = true
    @conn.execute("LISTEN ruby_channel")
    assert_nil @conn.wait_notify(0)
    started = now
    assert_nil @conn.wait_notify(0.3)
    assert_operator now - started, :>=, 0.3
    waiting = Thread.new { @conn.wait_notify(20) }
    DBAPI.connect(autocommit: true) do |other|
      other.execute("SELECT pg_notify('ruby_channel', 'päyload')")
      assert_equal DBAPI::Notify.new(other.backend_pid, "ruby_channel", "päyload"), waiting.value
      other.execute("NOTIFY ruby_channel")
      assert_equal [""], [@conn.wait_notify(20).payload]
    end
    assert_empty @conn.notifies
    assert_raises(Timeout::Error) { Timeout.timeout(0.1) { @conn.wait_notify } }
  end
end
