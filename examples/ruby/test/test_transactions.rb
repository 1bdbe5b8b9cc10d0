# frozen_string_literal: true

require_relative "helper"

class TestTransactions < DatabaseTest
  TABLE = "ruby_transactions"

  def setup
    super
    DBAPI.connect(autocommit: true) do |conn|
      conn.execute("SET client_min_messages = error; DROP TABLE IF EXISTS #{TABLE}; CREATE TABLE #{TABLE} (n int PRIMARY KEY)")
    end
  end

  def teardown
    super
    DBAPI.connect(autocommit: true) { |conn| conn.execute("DROP TABLE #{TABLE}") }
  end

  def insert(number)
    @conn.execute("INSERT INTO #{TABLE} VALUES (%s)", [number])
  end

  def committed
    elsewhere("SELECT n FROM #{TABLE} ORDER BY n").flatten
  end

  def test_commit_and_rollback
    insert(1)
    assert_equal [:intrans, []], [@conn.transaction_status, committed]
    @conn.commit
    insert(2)
    @conn.rollback
    assert_equal [:idle, [1]], [@conn.transaction_status, committed]
  end

  def test_close_rolls_back
    insert(1)
    @conn.close
    assert_empty committed
  end

  def test_the_block_commits_and_gives_its_value
    assert_equal(:value, @conn.transaction { insert(1) && :value })
    assert_equal [1], committed
  end

  def test_an_exception_rolls_back_and_goes_on
    assert_raises(RuntimeError) { @conn.transaction { insert(1) && raise("out") } }
    assert_raises(DBAPI::IntegrityError) { @conn.transaction { 2.times { insert(2) } } }
    assert_equal [:idle, []], [@conn.transaction_status, committed]
  end

  def test_leaving_by_other_ways_rolls_back
    [1].each { @conn.transaction { insert(1) && break } }
    catch(:out) { @conn.transaction { insert(2) && throw(:out) } }
    thread = Thread.new { @conn.transaction { insert(3) && Thread.current.kill } }
    thread.join
    assert_nil(@conn.transaction { insert(4) && raise(DBAPI::Rollback) })
    assert_equal [:idle, []], [@conn.transaction_status, committed]
  end

  def test_blocks_within_are_savepoints
    @conn.transaction do
      insert(1)
      assert_raises(DBAPI::IntegrityError) { @conn.transaction { insert(1) } }
      @conn.transaction do
        insert(2)
        @conn.transaction { insert(3) && raise(DBAPI::Rollback) }
        assert_equal 2, one("SELECT count(*) FROM #{TABLE}")
      end
      assert_empty committed
    end
    assert_equal [1, 2], committed
  end

  def test_a_failed_statement_makes_the_block_fail
    error = assert_raises(DBAPI::IntegrityError) do
      @conn.transaction do
        insert(1)
        assert_raises(DBAPI::IntegrityError) { insert(1) }
      end
    end
    assert_match(/rolled back/, error.message)
    assert_empty committed
  end

  def test_with_autocommit
    @conn.autocommit = true
    insert(1)
    assert_equal [1], committed
    assert_raises(RuntimeError) { @conn.transaction { insert(2) && raise("out") } }
    @conn.transaction do
      insert(3)
      @conn.transaction { insert(4) }
      assert_equal [1], committed
    end
    assert_equal [1, 3, 4], committed
    assert @conn.autocommit
  end

  def test_session
    @conn.set_session(isolation_level: :serializable, readonly: true, deferrable: true)
    assert_equal [:serializable, true, true, false], [@conn.isolation_level, @conn.readonly, @conn.deferrable, @conn.autocommit]
    assert_equal "serializable", one("SHOW transaction_isolation")
    assert_raises(DBAPI::ProgrammingError) { @conn.autocommit = true }
    assert_raises(DBAPI::InternalError) { insert(1) }
    @conn.rollback
    @conn.readonly = nil
    assert_nil @conn.readonly
    @conn.isolation_level = :repeatable_read
    assert_equal "repeatable read", one("SHOW transaction_isolation")
    @conn.reset
    assert_equal :default, @conn.isolation_level
    assert_raises(ArgumentError) { @conn.isolation_level = :strict }
    assert_raises(ArgumentError) { @conn.readonly = 5 }
  end
end
