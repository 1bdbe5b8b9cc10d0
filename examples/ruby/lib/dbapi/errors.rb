# frozen_string_literal: true

module DBAPI
  # PEP 249's exceptions. The fields are what PostgreSQL sent, or nil.
  class Error < StandardError
    # Names as in dbapi.h: dbapi_error_NAME.
    FIELDS = %i[sqlstate condition severity message_primary message_detail message_hint statement_position context
                schema_name table_name column_name datatype_name constraint_name].freeze
    PREDICATES = %i[connection_usable transaction_usable retryable timed_out].freeze

    attr_reader(*FIELDS)

    # Which row of an executemany met the error, from 0; nil if it was no row.
    attr_reader :row

    PREDICATES.each { |name| define_method(:"#{name}?") { instance_variable_get(:"@#{name}") } }

    # The exception of an error object, which is freed.
    def self.take(handle)
      error = CLASSES.fetch(Native.error_status(handle), self).new(Native.error_message(handle))
      error.send(:read, handle)
      error
    ensure
      Native.error_free(handle)
    end

    private

    def read(handle)
      FIELDS.each { |name| instance_variable_set(:"@#{name}", Native.public_send(:"error_#{name}", handle)) }
      PREDICATES.each { |name| instance_variable_set(:"@#{name}", Native.public_send(:"error_#{name}", handle) != 0) }
      row = Native.error_row(handle)
      @row = row unless row.negative?
    end
  end

  class Warning < Error; end
  class InterfaceError < Error; end
  class DatabaseError < Error; end
  class DataError < DatabaseError; end
  class OperationalError < DatabaseError; end
  class IntegrityError < DatabaseError; end
  class InternalError < DatabaseError; end
  class ProgrammingError < DatabaseError; end
  class NotSupportedError < DatabaseError; end

  # Raised in a transaction's block, rolls it back, and goes no further.
  class Rollback < StandardError; end

  class Error
    # By dbapi_status_t; 0 is that of a notice.
    CLASSES = { 0 => Warning, -1 => InterfaceError, -2 => DatabaseError, -3 => DataError, -4 => OperationalError,
                -5 => IntegrityError, -6 => InternalError, -7 => ProgrammingError, -8 => NotSupportedError }.freeze
  end
end
