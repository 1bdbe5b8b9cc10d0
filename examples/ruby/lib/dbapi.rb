# frozen_string_literal: true

require_relative "dbapi/version"
require_relative "dbapi/native"
require_relative "dbapi/errors"
require_relative "dbapi/types"
require_relative "dbapi/parameters"
require_relative "dbapi/values"
require_relative "dbapi/decoder"
require_relative "dbapi/columns"
require_relative "dbapi/cursor"
require_relative "dbapi/connection"

# The Python DB-API 2.0 (PEP 249) for PostgreSQL, at home in Ruby: libdbapi through Fiddle.
#
#   DBAPI.connect("host=... dbname=...") do |conn|
#     conn.transaction do
#       conn.execute("INSERT INTO test (num, data) VALUES (%s, %s)", [100, "abc'def"])
#     end
#     conn.execute("SELECT * FROM test").each { |id, num, data| puts id, num, data }
#   end
module DBAPI
  # The loaded library's, and PEP 249's module globals.
  def self.library_version = Native.version
  def self.apilevel = Native.apilevel
  def self.threadsafety = Native.threadsafety
  def self.paramstyle = Native.paramstyle

  # Connects. dsn is as libpq's, or nil; keywords, such as host: and dbname:, override it, and what neither says comes
  # from the environment. With a block, the connection is closed at its end, and the block's value is returned.
  #
  # rows: :hash makes rows Hashes; interruptible: see Connection#interruptible; autocommit: true from the beginning.
  def self.connect(dsn = nil, rows: :array, interruptible: false, autocommit: false, **keywords)
    connection = Connection.new(dsn, keywords, rows:, interruptible:)
    connection.autocommit = true if autocommit
    return connection unless block_given?

    begin
      yield connection
    ensure
      connection.close
    end
  end
end
