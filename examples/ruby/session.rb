# PEP 249's familiar session from Ruby, on the raw C ABI through Fiddle.
# DBAPI_LIBRARY names the shared library; without it the loader looks for libdbapi.so.0.
require "fiddle/import"

module Dbapi
  extend Fiddle::Importer
  dlload ENV.fetch("DBAPI_LIBRARY", "libdbapi.so.0")

  # The union is shown as its two words; what they hold depends on the kind.
  Value = struct ["int kind", "unsigned int oid", "long long low", "unsigned long long high"]

  extern "int dbapi_connect(const char *, void **, void **)"
  extern "void dbapi_connection_free(void *)"
  extern "int dbapi_commit(void *, void **)"
  extern "int dbapi_cursor(void *, void **, void **)"
  extern "void dbapi_cursor_free(void *)"
  extern "int dbapi_execute(void *, const char *, void *, size_t, void **)"
  extern "int dbapi_fetchone(void *, void **, void **)"
  extern "const char *dbapi_error_class(void *)"
  extern "const char *dbapi_error_message(void *)"
  extern "void dbapi_error_free(void *)"
  extern "int dbapi_value_set_int64(void *, long long)"
  extern "int dbapi_value_set_text(void *, const char *, size_t)"

  class Error < StandardError; end

  # Calls a function whose last argument is out_error.
  def self.check(name, *arguments)
    failure = Fiddle::Pointer.malloc(Fiddle::SIZEOF_VOIDP, Fiddle::RUBY_FREE)
    failure[0, Fiddle::SIZEOF_VOIDP] = "\0" * Fiddle::SIZEOF_VOIDP
    status = public_send(name, *arguments, failure)
    return status if status >= 0

    error = failure.ptr
    message = "#{dbapi_error_class(error)}: #{dbapi_error_message(error)}"
    dbapi_error_free(error)
    raise Error, message
  end

  # The same for a function that also hands out a pointer, which comes before out_error.
  def self.obtain(name, *arguments)
    out = Fiddle::Pointer.malloc(Fiddle::SIZEOF_VOIDP, Fiddle::RUBY_FREE)
    check(name, *arguments, out)
    out.ptr
  end
end

def integer(value)
  value.low
end

def text(value)
  Fiddle::Pointer.new(value.low)[0, value.high].force_encoding("UTF-8")
end

connection = Dbapi.obtain(:dbapi_connect, ENV["DATABASE_URL"])
begin
  cursor = Dbapi.obtain(:dbapi_cursor, connection)
  Dbapi.check(:dbapi_execute, cursor, "CREATE TABLE test (id serial PRIMARY KEY, num integer, data varchar)", nil, 0)

  size = Dbapi::Value.size
  params = Fiddle::Pointer.malloc(2 * size, Fiddle::RUBY_FREE)
  data = "abc'def" # kept here, for the value only points at it
  Dbapi.dbapi_value_set_int64(params, 100)
  Dbapi.dbapi_value_set_text(params + size, data, data.bytesize)
  Dbapi.check(:dbapi_execute, cursor, "INSERT INTO test (num, data) VALUES (%s, %s)", params, 2)

  Dbapi.check(:dbapi_execute, cursor, "SELECT * FROM test", nil, 0)
  row = Dbapi.obtain(:dbapi_fetchone, cursor)
  values = Array.new(3) { |i| Dbapi::Value.new(row + i * size) }
  puts "(#{integer(values[0])}, #{integer(values[1])}, \"#{text(values[2])}\")"

  Dbapi.check(:dbapi_execute, cursor, "DROP TABLE test", nil, 0)
  Dbapi.check(:dbapi_commit, connection)
ensure
  Dbapi.dbapi_cursor_free(cursor)
  Dbapi.dbapi_connection_free(connection)
end
