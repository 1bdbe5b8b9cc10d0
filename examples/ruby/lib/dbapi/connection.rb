# frozen_string_literal: true

module DBAPI
  # PEP 249's connection. Threads may share one: their calls take turns.
  class Connection
    ISOLATION = { default: 0, read_uncommitted: 1, read_committed: 2, repeatable_read: 3, serializable: 4 }.freeze
    TRANSACTION = %i[idle active intrans inerror unknown].freeze
    UNCHANGED = -2
    TURN = 200 # milliseconds after which a wait for notifications looks whether Ruby wants the thread
    LONG = 86_400_000 # the same where Ruby can interrupt it
    private_constant :ISOLATION, :TRANSACTION, :UNCHANGED, :TURN, :LONG

    # Whether Timeout, Thread#raise, Thread#kill and Interrupt cancel a statement that is waited for. If not, they
    # take effect when it has ended; see README.
    attr_accessor :interruptible

    # See DBAPI.connect.
    def initialize(dsn, keywords, rows:, interruptible:)
      @rows = rows
      @interruptible = interruptible
      @depth = 0
      @cells = Native::Cells.new(2)
      # First the finalizer, then the handle: nothing is lost between.
      ObjectSpace.define_finalizer(self, Native::Release.new(@cells, Native::CONNECTION_FREE))
      names, kept_names = Native.strings(keywords.keys.map(&:to_s))
      values, kept_values = Native.strings(keywords.values.map { |value| value&.to_s })
      dsn &&= Native.text(dsn)
      status = guard { Native::CONNECT_PARAMS.call(dsn, names, values, @cells.address, @cells.address + 8) }
      kept_names.clear && kept_values.clear
      raise Error.take(@cells.take(1)) if status.negative?

      @handle = @cells[0]
    end

    def initialize_copy(*)
      raise TypeError, "a connection cannot be copied"
    end

    # A cursor; with a block, it is closed at its end, and the block's value is returned. With a name it is a
    # server-side one, which may be scrollable (true, false, nil: not said) and outlive its transaction (withhold).
    def cursor(name = nil, scrollable: nil, withhold: false, rows: @rows)
      cursor = Cursor.new(self, @handle, name:, scrollable:, withhold:, rows:)
      return cursor unless block_given?

      begin
        yield cursor
      ensure
        cursor.close
      end
    end

    # A cursor that has executed this.
    def execute(sql, params = nil, rows: @rows)
      cursor(rows:).execute(sql, params)
    end

    def commit
      call(Native::COMMIT)
    end

    def rollback
      call(Native::ROLLBACK)
    end

    # Commits what the block did, and rolls it back if the block did not come to its end (by an exception, break,
    # throw or the end of its thread). Within another such block it is a savepoint. Raising DBAPI::Rollback rolls
    # back without more ado.
    def transaction
      begin_transaction
      @depth += 1
      ended = false
      begin
        result = yield self
        ended = true
      rescue Rollback
        result = nil
      ensure
        @depth -= 1
        # A broken connection has nothing to roll back, and the block's exception is the one to be heard of.
        end_transaction(ended) if ended || !closed?
      end
      result
    end

    # The connection and its cursors cannot be used any more; an open transaction is rolled back.
    def close
      call(Native::CLOSE)
    end

    def closed?
      Native::CONNECTION_CLOSED.call(@handle) != 0
    end

    # Whether the connection was lost.
    def broken?
      Native::CONNECTION_CLOSED.call(@handle) == 2
    end

    # Cancels what is in progress on the connection, in whatever thread: that call raises OperationalError.
    def cancel
      Native.check(Native::CONNECTION_CANCEL, @handle)
      nil
    end

    # Seconds that a call may take; nil: as long as it takes.
    def timeout
      milliseconds = Native::CONNECTION_TIMEOUT.call(@handle)
      milliseconds / 1000.0 unless milliseconds.zero?
    end

    def timeout=(seconds)
      Native.check(Native::CONNECTION_SET_TIMEOUT, @handle, seconds ? (seconds * 1000).ceil : 0)
    end

    # What transactions are like from the next one on: isolation_level is :default, :read_committed and the like;
    # readonly and deferrable are true, false or nil (the server's default).
    def set_session(isolation_level: UNCHANGED, readonly: UNCHANGED, deferrable: UNCHANGED, autocommit: UNCHANGED)
      unless isolation_level == UNCHANGED
        isolation_level = ISOLATION.fetch(isolation_level) { raise ArgumentError, "unknown isolation level" }
      end
      call(Native::CONNECTION_SET_SESSION, isolation_level, choice(readonly), choice(deferrable), choice(autocommit))
    end

    def autocommit
      Native::CONNECTION_AUTOCOMMIT.call(@handle) != 0
    end

    def isolation_level
      ISOLATION.key(Native::CONNECTION_ISOLATION_LEVEL.call(@handle))
    end

    def readonly
      truth(Native::CONNECTION_READONLY.call(@handle))
    end

    def deferrable
      truth(Native::CONNECTION_DEFERRABLE.call(@handle))
    end

    %i[isolation_level readonly deferrable autocommit].each do |name|
      define_method(:"#{name}=") { |value| set_session(name => value) }
    end

    # The session as it was after connecting.
    def reset
      call(Native::CONNECTION_RESET)
    end

    # :idle, :active, :intrans, :inerror or :unknown.
    def transaction_status
      TRANSACTION[Native::CONNECTION_TRANSACTION_STATUS.call(@handle)]
    end

    # The notices that came since the last time, as DBAPI::Warning.
    def notices
      drain(Native::CONNECTION_NOTICE) { |notice| Error.take(notice) }
    end

    # The notifications that came since the last time.
    def notifies
      drain(Native::CONNECTION_NOTIFY) { |notify| take_notify(notify) }
    end

    # Waits for a notification, so many seconds (nil: for ever); nil if none came.
    def wait_notify(seconds = nil)
      limit = seconds && (now + seconds)
      loop do
        turn = @interruptible ? LONG : TURN
        left = limit ? ((limit - now) * 1000).ceil.clamp(0, turn) : turn
        cells = Native::Cells.new(2)
        status = guard { Native::CONNECTION_WAIT_NOTIFY.call(@handle, left, cells.address, cells.address + 8) }
        raise Error.take(cells[1]) if status.negative?
        return take_notify(cells[0]) if status.zero?
        return if limit && now >= limit
      end
    end

    %i[dsn host user dbname].each { |name| define_method(name) { Native.public_send(:"connection_#{name}", @handle) } }
    %i[port fileno backend_pid server_version].each do |name|
      define_method(name) { Native.public_send(:"connection_#{name}", @handle) }
    end

    def ssl_in_use?
      Native::CONNECTION_SSL_IN_USE.call(@handle) != 0
    end

    # A setting that the server reports, such as "TimeZone"; nil if it does not.
    def parameter_status(name)
      cells = Native::Cells.new(2)
      buffer = Fiddle::Pointer.malloc(1024, Fiddle::RUBY_FREE)
      status = Native::CONNECTION_PARAMETER_STATUS.call(@handle, Native.text(name), buffer.to_i, 1024,
                                                        cells.address, cells.address + 8)
      raise Error.take(cells[1]) if status.negative?

      buffer[0, [cells[0], 1023].min].force_encoding(Encoding::UTF_8) if status.zero?
    end

    def inspect
      "#<#{self.class} #{dsn}#{" (closed)" if closed?}>"
    end

    # Makes a call that may wait, so that what Ruby wants of this thread meanwhile cancels it: in a thread of its own,
    # since Ruby cannot interrupt one that is in a C function. Does not end before the call has.
    def interruptibly(&)
      Thread.handle_interrupt(Object => :never) do
        thread = Thread.new(&)
        thread.report_on_exception = false
        begin
          Thread.handle_interrupt(Object => :immediate) { thread.value }
        ensure
          end_call(thread)
        end
      end
    end

    private

    def end_call(thread)
      return unless thread.alive?

      while thread.alive?
        begin
          # Once, unless it has met the call of another thread that shares the connection.
          Native::CONNECTION_INTERRUPT.call(@handle, 0) if @handle
          thread.join(0.1)
        rescue Error, Interrupt # what the call raised; the user's second ^C
          next
        end
      end
      # None that came too late is left for the next call.
      Native::CONNECTION_CLEAR_INTERRUPT.call(@handle, 0) if @handle
    end

    def guard(&)
      @interruptible ? interruptibly(&) : yield
    end

    def call(function, *arguments)
      guard { Native.check(function, @handle, *arguments) }
      nil
    end

    def begin_transaction
      if @depth.positive?
        call(Native::SAVEPOINT_BEGIN, nil)
      elsif autocommit && transaction_status == :idle
        cursor { |cursor| cursor.execute("BEGIN") }
      end
    end

    def end_transaction(ended)
      if @depth.zero?
        ended ? commit : rollback
      else
        call(ended ? Native::SAVEPOINT_RELEASE : Native::SAVEPOINT_ROLLBACK, nil)
      end
    end

    def choice(value)
      { true => 1, false => 0, nil => -1, UNCHANGED => UNCHANGED }.fetch(value) do
        raise ArgumentError, "#{value.inspect} is none of true, false and nil"
      end
    end

    def truth(number)
      number == 1 unless number.negative?
    end

    def drain(function)
      taken = []
      loop do
        cells = Native::Cells.new(2)
        status = function.call(@handle, cells.address, cells.address + 8)
        raise Error.take(cells[1]) if status.negative?
        return taken unless status.zero?

        taken << yield(cells[0])
      end
    end

    def take_notify(handle)
      Notify.new(Native.notify_pid(handle), Native.notify_channel(handle), Native.notify_payload(handle))
    ensure
      Native.notify_free(handle)
    end

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end
