# frozen_string_literal: true

require "bigdecimal"
require "date"
require "ipaddr"
require "json"

# What Ruby has no class for.
module DBAPI
  # PostgreSQL's interval: its parts are kept apart, since months and days have no fixed length.
  Interval = Struct.new(:months, :days, :microseconds) do
    def to_s
      format("%d months %d days %s%d.%06d seconds", months, days, microseconds.negative? ? "-" : "",
             *microseconds.abs.divmod(1_000_000))
    end
  end

  # time and timetz: microseconds from midnight, local; seconds east of UTC, or nil.
  TimeOfDay = Struct.new(:microseconds, :utc_offset) do
    def to_s
      seconds, micro = microseconds.divmod(1_000_000)
      text = format("%02d:%02d:%02d.%06d", seconds / 3600, seconds / 60 % 60, seconds % 60, micro)
      return text unless utc_offset

      text + format("%s%02d:%02d", utc_offset.negative? ? "-" : "+", utc_offset.abs / 3600, utc_offset.abs / 60 % 60)
    end
  end

  # A parameter: what a clock shows at this Time, as a timestamp without time zone.
  Timestamp = Struct.new(:time)

  # A parameter: a value as the type with this oid.
  Typed = Struct.new(:oid, :value)

  # A range that a Ruby Range cannot be: empty, or without its lower bound.
  Bounds = Struct.new(:lower, :upper, :lower_inclusive, :upper_inclusive, :empty)

  # PEP 249's description of a column; nil where PostgreSQL does not say.
  Column = Struct.new(:name, :type_code, :display_size, :internal_size, :precision, :scale, :null_ok, :table_oid,
                      :table_column)

  Notify = Struct.new(:pid, :channel, :payload)

  # dbapi_kind_t.
  module Kind
    NULL, BOOL, INT, FLOAT, NUMERIC, TEXT, BYTES, DATE, TIME, TIMETZ, TIMESTAMP, TIMESTAMPTZ, INTERVAL, UUID, JSON,
      ARRAY, RANGE, MULTIRANGE, COMPOSITE, INET, BITS, POINT, GEOMETRY, HSTORE = *0..23
  end

  EPOCH = 2_440_588 # the Julian day of 1970-01-01
  INFINITIES = { -(2**63) => -Float::INFINITY, 2**63 - 1 => Float::INFINITY }.freeze
  XID8 = 5069
  private_constant :EPOCH, :INFINITIES, :XID8
end
