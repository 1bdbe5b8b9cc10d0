# frozen_string_literal: true

module DBAPI
  # Makes rows of a block of columns (dbapi_fetch_columns): a few calls into C for each column, by String#unpack and
  # String#split, and Array#zip makes rows of them. What has no such form is read value by value.
  module Columns
    module_function

    VALUES, INT64, DOUBLE, BOOL, BYTES = *0..4
    SIZE = 64 # of a dbapi_block_column_t
    BOOLS = [false, true].freeze
    NO_BYTES = "".b.freeze
    private_constant :VALUES, :INT64, :DOUBLE, :BOOL, :BYTES, :SIZE, :BOOLS, :NO_BYTES

    # An Array of rows, which are Arrays.
    def rows(address, width, count)
      return Array.new(count) { [] } if width.zero?

      first, *others = Values.at(address, SIZE * width).unpack("llLx4JJJJJx8" * width).each_slice(8).map do |column|
        read(count, *column)
      end
      first.zip(*others)
    end

    def read(count, kind, layout, oid, null_count, nulls, data, size, offsets)
      return Array.new(count) if null_count == count
      return Values.values(data, count) if layout == VALUES

      column = plain(layout, data, size, offsets, count, kind)
      erase(column, Values.at(nulls, count)) if null_count.positive?
      convert(column, kind, oid)
    end

    # The column as it lies there.
    def plain(layout, data, size, offsets, count, kind)
      case layout
      when INT64 then Values.at(data, size).unpack("q*")
      when DOUBLE then Values.at(data, size).unpack("d*")
      when BOOL then BOOLS.values_at(*Values.at(data, size).unpack("C*"))
      else
        return bytes(data, offsets, count) if kind == Kind::BYTES

        # Each has a NUL behind it, and none in it; so has the last.
        Values.text(data, size).split("\0", -1).tap(&:pop)
      end
    end

    def bytes(data, offsets, count)
      Values.at(offsets, 8 * (count + 1)).unpack("q*").each_cons(2).map do |start, behind|
        behind - start > 1 ? Values.at(data + start, behind - start - 1) : NO_BYTES.dup
      end
    end

    # nil in place of what stands for NULLs.
    def erase(column, nulls)
      row = -1
      column[row] = nil while (row = nulls.index("\1", row + 1))
    end

    def convert(column, kind, oid)
      case kind
      when Kind::DATE then column.map! { |days| days && Values.date(days) }
      when Kind::TIME then column.map! { |microseconds| microseconds && TimeOfDay.new(microseconds) }
      when Kind::TIMESTAMP then column.map! { |microseconds| microseconds && Values.timestamp(microseconds) }
      when Kind::TIMESTAMPTZ then column.map! { |microseconds| microseconds && Values.timestamptz(microseconds) }
      when Kind::NUMERIC then column.map! { |digits| digits && Values.number(digits, oid) }
      when Kind::JSON then column.map! { |document| document && Values.document(document) }
      else column
      end
    end
    private_class_method :read, :plain, :bytes, :erase, :convert
  end
end
