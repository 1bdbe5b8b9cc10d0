# frozen_string_literal: true

module DBAPI
  # PEP 249's cursor: runs statements, and gives their rows; it is Enumerable over those that are left.
  #
  # Threads that share one break nothing (each call has the cursor for itself, its rows are copied before it ends), but
  # which row goes to which is anyone's guess: a cursor belongs in one thread.
  class Cursor
    include Enumerable

    # How many rows fetchmany gives unless told; how many come at a time when rows are iterated over.
    attr_accessor :arraysize, :itersize

    # :array or :hash, what a row is.
    attr_accessor :rows

    attr_reader :connection, :name

    # Cells: handle, error, rows, number of rows, number of columns.
    HANDLE, ERROR, ROWS, NROWS, NCOLUMNS = *0..4
    BLOCK = 1000
    NONE = [].freeze
    AHEAD = 100 # rows that fetchone takes at a time where they are here already
    FEW = 10
    private_constant :HANDLE, :ERROR, :ROWS, :NROWS, :NCOLUMNS, :BLOCK, :NONE, :AHEAD, :FEW

    # See Connection#cursor.
    def initialize(connection, handle, name: nil, scrollable: nil, withhold: false, rows: :array)
      @connection = connection
      @name = name
      @rows = rows
      @arraysize = 1
      @itersize = name ? 2000 : BLOCK
      @lock = Mutex.new
      @cells = Native::Cells.new(5)
      @at = @cells.address
      # First the finalizer, then the handle: nothing is lost between.
      ObjectSpace.define_finalizer(self, Native::Release.new(@cells, Native::CURSOR_FREE))
      @parameters = Parameters.new
      check(Native::CURSOR_NAMED.call(handle, name && Native.text(name), scrollable.nil? ? -1 : flag(scrollable),
                                      flag(withhold), @at, @at + 8))
      @handle = @cells[HANDLE]
      forget
    end

    def initialize_copy(*)
      raise TypeError, "a cursor cannot be copied"
    end

    # Runs a statement: %s stands for each parameter of an Array, %(name)s for one of a Hash. Returns the cursor.
    def execute(sql, params = nil)
      sql = Native.text(sql)
      @lock.synchronize do
        forget
        case params
        when nil then run { Native::EXECUTE.call(@handle, sql, 0, 0, @at + 8) }
        when Hash
          params = params.to_a
          values, names = @parameters.write(params.map(&:last), params.map(&:first))
          run { Native::EXECUTE_NAMED.call(@handle, sql, names, values, params.size, @at + 8) }
        else
          params = [*params] # of our own: no other thread makes it longer meanwhile
          values, = @parameters.write(params)
          run { Native::EXECUTE.call(@handle, sql, values, params.size, @at + 8) }
        end
      end
      self
    end

    # Runs a statement once for each Array, or each Hash, of parameters, in one pipeline; results are discarded.
    def executemany(sql, rows)
      sql = Native.text(sql)
      rows = rows.map(&:dup) # of our own, see execute
      raise TypeError, "rows of parameters are Arrays, or Hashes" unless rows.all?(Array) || rows.all?(Hash)

      # What some row lacks is left out, and the library misses it where the statement has it.
      names = rows.map(&:keys).inject(:&) if rows.first.is_a?(Hash)
      rows = rows.map { |row| row.values_at(*names) } if names
      width = rows.empty? ? 0 : rows.first.size
      unless rows.all? { |row| row.size == width }
        raise ProgrammingError, "the rows of parameters are not of the same length"
      end

      @lock.synchronize do
        forget
        values, names_at = @parameters.write(rows.flatten(1), names)
        run do
          next Native::EXECUTEMANY.call(@handle, sql, values, width, rows.size, @at + 8) unless names

          Native::EXECUTEMANY_NAMED.call(@handle, sql, names_at, values, width, rows.size, @at + 8)
        end
      end
      self
    end

    # Runs SELECT * FROM name(...).
    def callproc(name, params = [])
      name = Native.text(name)
      params = [*params]
      @lock.synchronize do
        forget
        values, = @parameters.write(params)
        run { Native::CALLPROC.call(@handle, name, values, params.size, @at + 8) }
      end
      self
    end

    # The statement with its parameters as literals.
    def mogrify(sql, params = [])
      sql = Native.text(sql)
      params = [*params]
      @lock.synchronize do
        values, = @parameters.write(params)
        mogrify_into = lambda do |buffer, capacity|
          check(Native::CURSOR_MOGRIFY.call(@handle, sql, values, params.size, buffer, capacity, @at + 24, @at + 8))
          @cells[NROWS]
        end
        length = mogrify_into.call(0, 0)
        buffer = Fiddle::Pointer.malloc(length + 1, Fiddle::RUBY_FREE)
        mogrify_into.call(buffer.to_i, length + 1)
        buffer[0, length].force_encoding(Encoding::UTF_8)
      end
    end

    # The next row; nil at the end.
    def fetchone
      fill(@name ? 1 : AHEAD) if @next == @ready.size
      row = @ready[@next]
      return unless row

      @next += 1
      shape([row]).first
    end

    # The next rows, at most so many.
    def fetchmany(size = @arraysize)
      raise ArgumentError, "size must be a positive Integer" unless size.is_a?(Integer) && size.positive?

      rows = @ready[@next, size]
      @next += rows.size
      rows += receive(size - rows.size) if rows.size < size
      shape(rows)
    end

    # All rows that are left.
    def fetchall
      rows = @ready.drop(@next)
      @ready = NONE
      @next = 0
      block = nil
      while block.nil? || block.size == @itersize
        block = receive(@itersize)
        rows = rows.empty? ? block : rows.concat(block)
      end
      shape(rows)
    end

    # Each row that is left. Rows that the block does not come to are there for the next fetch.
    def each
      return enum_for(:each) unless block_given?

      loop do
        fill(@itersize) if @next == @ready.size
        row = @ready[@next]
        return self unless row

        @next += 1
        yield @rows == :hash ? shape([row]).first : row
      end
    end

    # Goes to another row: :relative to the next one, or :absolute, from 0.
    def scroll(value, mode = :relative)
      mode = { relative: 0, absolute: 1 }.fetch(mode) { raise ArgumentError, "mode is :relative or :absolute" }
      @lock.synchronize do
        value -= @ready.size - @next if mode.zero?
        run { Native::SCROLL.call(@handle, value, mode, @at + 8) }
        @ready = NONE
        @next = 0
      end
      self
    end

    # Keeps the results of all statements of an execute; nextset then goes from one to the next.
    def all_results=(all)
      @lock.synchronize { check(Native::CURSOR_SET_ALL_RESULTS.call(@handle, flag(all), @at + 8)) }
    end

    # Whether there was another result to go to.
    def nextset
      @lock.synchronize do
        check(Native::NEXTSET.call(@handle, @at + 8)).zero?.tap { |more| forget if more }
      end
    end

    # Seconds that a call may take; nil: what the connection says.
    def timeout=(seconds)
      milliseconds = seconds ? (seconds * 1000).ceil : -1
      @lock.synchronize { check(Native::CURSOR_SET_TIMEOUT.call(@handle, milliseconds, @at + 8)) }
    end

    # :server binds parameters, or :client does, which serves statements that take none.
    def binding=(side)
      side = { server: 0, client: 1 }.fetch(side) { raise ArgumentError, "binding is :server or :client" }
      @lock.synchronize { check(Native::CURSOR_SET_BINDING.call(@handle, side, @at + 8)) }
    end

    # The columns of the result, as DBAPI::Column; nil without one.
    def description
      @description ||= @lock.synchronize { describe }
    end

    def rowcount
      Native::ROWCOUNT.call(@handle)
    end

    # The place of the next row, from 0; nil if it is not known.
    def rownumber
      @lock.synchronize do
        number = Native::ROWNUMBER.call(@handle)
        number - (@ready.size - @next) unless number.negative?
      end
    end

    def statusmessage
      @lock.synchronize { Native.cursor_statusmessage(@handle) }
    end

    # The last statement as it was sent.
    def query
      @lock.synchronize { Native.cursor_query(@handle) }
    end

    def closed?
      Native::CURSOR_CLOSED.call(@handle) != 0
    end

    # The rows are gone, and the cursor cannot be used any more. Again: nothing happens.
    def close
      @lock.synchronize do
        @description ||= describe
        @ready = NONE
        @next = 0
        run { Native::CURSOR_CLOSE.call(@handle, @at + 8) }
      end
      nil
    end

    private

    def flag(truth)
      truth ? 1 : 0
    end

    def check(status)
      raise Error.take(@cells.take(ERROR)) if status.negative?

      status
    end

    # Makes a call that may wait.
    def run
      check(@connection.interruptible ? @connection.interruptibly { yield } : yield)
    end

    def forget
      @ready = NONE
      @next = 0
      @description = nil
    end

    def fill(count)
      @ready = receive(count)
      @next = 0
    end

    # The rows of one call, all of them Ruby's own when the lock is let go.
    def receive(count)
      @lock.synchronize { few?(count) ? receive_rows(count) : receive_columns(count) }
    end

    # So few rows take less one by one.
    def few?(count)
      count < FEW || (!@name && Native::ROWCOUNT.call(@handle).between?(0, FEW - 1))
    end

    def receive_rows(count)
      return [] if run { Native::FETCHMANY.call(@handle, count, @at + 16, @at + 24, @at + 8) } == 1

      columns = Native::DESCRIPTION.call(@handle, @at + 32)
      rows, nrows, ncolumns = @cells.from(ROWS, 3)
      Decoder.for(columns, ncolumns).rows(rows, nrows)
    end

    def receive_columns(count)
      return [] if run { Native::FETCH_COLUMNS.call(@handle, count, @at + 16, @at + 32, @at + 24, @at + 8) } == 1

      columns, nrows, ncolumns = @cells.from(ROWS, 3)
      Columns.rows(columns, ncolumns, nrows)
    end

    def shape(rows)
      return rows if @rows != :hash || rows.empty?

      names = description.map(&:name)
      rows.map { |row| names.zip(row).to_h }
    end

    def describe
      columns = Native::DESCRIPTION.call(@handle, @at + 32)
      return if columns.zero?

      Array.new(@cells[NCOLUMNS]) do |index|
        name, type, _kind, *sizes, table, number = Values.at(columns + 48 * index, 48).unpack("JLll5Ll")
        Column.new(*Values.strings([name]), type, *sizes.map { |size| size unless size == -1 }, table, number)
      end
    end
  end
end
