# frozen_string_literal: true

require "fiddle"

module DBAPI
  # The functions of dbapi.h, and the memory that they fill.
  #
  # Handles and addresses are Integers here: Fiddle then makes no object of them. Functions that may wait for
  # the server, or for another thread's turn, are called without the GVL (Fiddle's way unless told otherwise), so
  # that other Ruby threads run meanwhile; those that the header says never wait keep it, which is quicker.
  module Native
    LIBRARY = Fiddle.dlopen(ENV.fetch("DBAPI_LIBRARY", "libdbapi.so.0"))

    TYPES = {
      p: Fiddle::TYPE_UINTPTR_T, # a handle or an address
      s: Fiddle::TYPE_CONST_STRING, # a String without NUL (Fiddle refuses others), or nil
      i: Fiddle::TYPE_INT32_T, q: Fiddle::TYPE_INT64_T, n: Fiddle::TYPE_SIZE_T,
      b: Fiddle::TYPE_INT8_T
    }.freeze

    # Defines a method of this module for each: name, types of the arguments, type of the result.
    def self.functions(gvl, table)
      table.each do |name, (arguments, result)|
        function = Fiddle::Function.new(LIBRARY["dbapi_#{name}"], TYPES.values_at(*arguments.chars.map(&:to_sym)),
                                        TYPES.fetch((result || "i").to_sym), name: name.to_s, need_gvl: gvl)
        const_set(name.upcase, function)
        # What returns text gives a copy of it as UTF-8.
        if result == "s"
          define_singleton_method(name) { |*handles| function.call(*handles)&.dup&.force_encoding(Encoding::UTF_8) }
        else
          define_singleton_method(name) { |*values| function.call(*values) }
        end
      end
    end

    functions false,
              connect_params: "spppp", close: "pp", connection_free: "p", commit: "pp", rollback: "pp",
              connection_cancel: "pp", connection_interrupt: "pp", connection_set_session: "piiiip",
              connection_reset: "pp", connection_wait_notify: "pqpp", savepoint_begin: "psp",
              savepoint_release: "psp", savepoint_rollback: "psp",
              cursor_named: "psibpp", cursor_close: "pp", cursor_free: "p", cursor_closed: "p",
              cursor_set_timeout: "pqp",
              cursor_set_binding: "pip", cursor_set_all_results: "pbp",
              execute: "pspnp", execute_named: "psppnp", executemany: "pspnnp",
              executemany_named: "psppnnp", callproc: "pspnp",
              cursor_mogrify: "pspnpnpp", fetchmany: "pnppp", fetch_columns: "pnpppp", description: %w[pp p],
              nextset: "pp", scroll: "pqip",
              rowcount: %w[p q], rownumber: %w[p q], cursor_statusmessage: %w[p s], cursor_query: %w[p s]

    functions true,
              apilevel: ["", "s"], paramstyle: ["", "s"], version: ["", "s"], threadsafety: "",
              connection_clear_interrupt: "pp", connection_closed: "p",
              connection_transaction_status: "p", connection_dsn: %w[p s],
              connection_host: %w[p s], connection_port: "p", connection_user: %w[p s],
              connection_dbname: %w[p s], connection_fileno: "p",
              connection_backend_pid: "p", connection_server_version: "p", connection_ssl_in_use: %w[p b],
              connection_autocommit: %w[p b], connection_isolation_level: "p", connection_readonly: "p",
              connection_deferrable: "p", connection_timeout: %w[p q], connection_set_timeout: "pqp",
              connection_parameter_status: "pspnpp", connection_notice: "ppp", connection_notify: "ppp",
              notify_pid: "p", notify_channel: %w[p s], notify_payload: %w[p s], notify_free: "p",
              value_format: "ppnpp", error_status: "p", error_message: %w[p s], error_sqlstate: %w[p s],
              error_condition: %w[p s], error_row: %w[p q], error_connection_usable: %w[p b],
              error_transaction_usable: %w[p b], error_retryable: %w[p b], error_timed_out: %w[p b],
              error_severity: %w[p s], error_message_primary: %w[p s], error_message_detail: %w[p s],
              error_message_hint: %w[p s], error_statement_position: %w[p s], error_context: %w[p s],
              error_schema_name: %w[p s], error_table_name: %w[p s], error_column_name: %w[p s],
              error_datatype_name: %w[p s], error_constraint_name: %w[p s], error_free: "p"

    # All memory, by address: MEMORY[address - 1, length]. (Fiddle takes no Pointer to 0 for this.)
    MEMORY = Fiddle::Pointer.new(1)

    # Places for what a function gives back. Words that are 0 were not written.
    class Cells
      attr_reader :address

      def initialize(count)
        @memory = Fiddle::Pointer.malloc(8 * count, Fiddle::RUBY_FREE)
        @memory[0, 8 * count] = "\0" * (8 * count)
        @address = @memory.to_i
      end

      def [](index)
        @memory[8 * index, 8].unpack1("J")
      end

      def from(index, count)
        @memory[8 * index, 8 * count].unpack("J*")
      end

      def take(index)
        self[index].tap { @memory[8 * index, 8] = "\0" * 8 }
      end
    end

    # The finalizer of a connection or a cursor: frees the handle in the first of its cells, whenever Ruby likes and
    # in any order. It knows the cells and not the object, which could never be collected else.
    class Release
      def initialize(cells, free)
        @cells = cells
        @free = free
      end

      def call(_id)
        @free.call(@cells.take(0))
      end
    end

    # An array of C strings, which ends with NULL, and what must live as long as its address is used. Fiddle's
    # pointers keep GC.compact from moving the strings.
    def self.strings(strings)
      pointers = strings.map { |string| string && Fiddle::Pointer[c_string(string)] }
      array = Fiddle::Pointer[[*pointers.map(&:to_i), 0].pack("J*")]
      [array.to_i, [array, pointers]]
    end

    def self.c_string(string)
      raise ArgumentError, "string contains null byte" if string.include?("\0")

      text(string)
    end

    # Calls a function that ends with out_error; raises what it reports.
    def self.check(function, *arguments)
      cells = Cells.new(1)
      status = function.call(*arguments, cells.address)
      raise Error.take(cells[0]) if status.negative?

      status
    end

    # SQL and names: UTF-8, and a copy that no other thread changes during the call.
    def self.text(string)
      raise TypeError, "no implicit conversion of #{string.class} into String" unless string.is_a?(String)

      string.encoding == Encoding::UTF_8 ? string.dup : string.encode(Encoding::UTF_8)
    end
  end
end
