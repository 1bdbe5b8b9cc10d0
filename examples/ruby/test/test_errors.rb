# frozen_string_literal: true

require_relative "helper"

class TestErrors < DatabaseTest
  def test_the_classes_are_pep_249s
    { DBAPI::ProgrammingError => "SELECT FROM nowhere.nothing", DBAPI::DataError => "SELECT 1/0",
      DBAPI::InternalError => "DO $$ BEGIN RAISE 'x'; END $$",
      DBAPI::OperationalError => "DO $$ BEGIN RAISE SQLSTATE '53100'; END $$" }.each do |error, sql|
      assert_raises(error) { @conn.execute(sql) }
      @conn.rollback
    end
    assert_raises(DBAPI::NotSupportedError) { @conn.execute("SET client_encoding = 'LATIN1'") }
    assert_equal DBAPI::Error, DBAPI::InterfaceError.superclass
    assert_equal [StandardError, DBAPI::Error], [DBAPI::Error.superclass, DBAPI::DatabaseError.superclass]
  end

  def test_fields
    @conn.execute("CREATE TEMP TABLE parts (id int CONSTRAINT parts_positive CHECK (id > 0))")
    error = assert_raises(DBAPI::IntegrityError) { @conn.execute("INSERT INTO parts VALUES (%s)", [-1]) }
    assert_equal %w[23514 check_violation ERROR parts parts_positive],
                 [error.sqlstate, error.condition, error.severity, error.table_name, error.constraint_name]
    assert_match(/violates check constraint/, error.message_primary)
    assert_match(/Failing row contains/, error.message_detail)
    assert_includes error.message, error.message_detail
    assert_equal [true, false, false, false], [error.connection_usable?, error.transaction_usable?, error.retryable?, error.timed_out?]
    assert_nil error.row
    @conn.rollback
    error = assert_raises(DBAPI::ProgrammingError) { @conn.execute("SELECT é FROM") }
    assert_equal [Encoding::UTF_8, true], [error.message.encoding, error.message.valid_encoding?]
  end

  def test_bad_statements
    assert_raises(TypeError) { @conn.execute(nil) }
    assert_raises(TypeError) { @conn.execute(1) }
    assert_raises(TypeError) { @conn.cursor(1) }
    assert_raises(ArgumentError) { @conn.execute("SELECT 1\0") }
    assert_raises(ArgumentError) { @conn.cursor("a\0b") }
    assert_raises(DBAPI::Error) { @conn.execute("SELECT '\xFF'") }
    assert_raises(EncodingError) { @conn.execute("SELECT '\xFF'".b) }
    assert_raises(DBAPI::ProgrammingError) { @conn.execute("") }
    assert_raises(ArgumentError) { @conn.execute("SELECT 1").fetchmany(0) }
    assert_raises(ArgumentError) { @conn.execute("SELECT 1").fetchmany(nil) }
    assert_raises(RangeError) { @conn.execute("SELECT 1").fetchmany(2**70) }
    assert_raises(DBAPI::ProgrammingError) { @conn.cursor.fetchone }
    assert_raises(DBAPI::ProgrammingError) { @conn.execute("CREATE TEMP TABLE no_rows ()").fetchall }
    @conn.rollback
    assert_equal 1, one("SELECT 1".encode("UTF-16LE"))
  end

  def test_bad_connection_strings
    assert_raises(DBAPI::ProgrammingError) { DBAPI.connect("nonsense") }
    assert_raises(DBAPI::ProgrammingError) { DBAPI.connect(nonsense: 1) }
    assert_raises(ArgumentError) { DBAPI.connect("dbname=a\0b") }
    assert_raises(ArgumentError) { DBAPI.connect(password: "a\0b") }
    assert_raises(TypeError) { DBAPI.connect(5) }
    error = assert_raises(DBAPI::OperationalError) { DBAPI.connect(host: "/nowhere", password: "secret") }
    refute_includes error.message, "secret"
    assert_predicate error, :retryable?
  end

  def test_after_close
    cursor = @conn.execute("SELECT 1 AS one")
    cursor.close
    cursor.close
    assert_predicate cursor, :closed?
    assert_equal ["one", 1], [cursor.description.first.name, cursor.rowcount]
    [-> { cursor.fetchone }, -> { cursor.fetchall }, -> { cursor.to_a }, -> { cursor.execute("SELECT 1") },
     -> { cursor.scroll(1) }, -> { cursor.nextset }, -> { cursor.timeout = 1 }].each { |use| assert_raises(DBAPI::InterfaceError, &use) }
    other = @conn.execute("SELECT 1")
    @conn.close
    @conn.close
    assert_predicate @conn, :closed?
    [-> { @conn.cursor }, -> { @conn.commit }, -> { @conn.execute("SELECT 1") }, -> { other.execute("SELECT 1") },
     -> { other.fetchone }, -> { @conn.transaction { nil } }, -> { @conn.cancel }, -> { @conn.wait_notify(0) },
     -> { @conn.autocommit = true }, -> { @conn.reset }].each { |use| assert_raises(DBAPI::InterfaceError, &use) }
    assert_equal [:unknown, -1], [@conn.transaction_status, @conn.fileno]
    assert_match(/closed/, @conn.inspect)
  end

  def test_blocks_close
    kept = DBAPI.connect { |conn| conn }
    assert_predicate kept, :closed?
    cursor = @conn.cursor { |it| it.execute("SELECT 1") }
    assert_predicate cursor, :closed?
    assert_raises(RuntimeError) { DBAPI.connect { |conn| (kept = conn) && raise("out") } }
    assert_predicate kept, :closed?
  end

  def test_no_copies_of_handles
    assert_raises(TypeError) { @conn.dup }
    assert_raises(TypeError) { @conn.clone }
    assert_raises(TypeError) { @conn.cursor.dup }
    assert_raises(TypeError) { Marshal.dump(@conn) }
    # Objects without a handle.
    assert_raises(TypeError, NoMethodError, DBAPI::InterfaceError) { DBAPI::Connection.allocate.commit }
    assert_raises(TypeError, NoMethodError, DBAPI::InterfaceError) { DBAPI::Cursor.allocate.fetchone }
  end

  def test_a_lost_connection
    pid = @conn.backend_pid
    elsewhere("SELECT pg_terminate_backend(%s)", [pid])
    error = assert_raises(DBAPI::OperationalError) { @conn.execute("SELECT 1") }
    refute_predicate error, :connection_usable?
    assert_predicate @conn, :broken?
    assert_raises(DBAPI::Error) { @conn.transaction { one("SELECT 1") } }
  end

  def test_notices
    @conn.execute("DO $$ BEGIN RAISE WARNING 'take care' USING HINT = 'do'; END $$")
    notice = @conn.notices.first
    assert_instance_of DBAPI::Warning, notice
    assert_equal ["WARNING", "take care", "do"], [notice.severity, notice.message_primary, notice.message_hint]
    assert_empty @conn.notices
  end
end
