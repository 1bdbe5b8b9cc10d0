# frozen_string_literal: true

require_relative "lib/dbapi/version"

Gem::Specification.new do |spec|
  spec.name = "dbapi"
  spec.version = DBAPI::VERSION
  spec.summary = "The Python DB-API 2.0 (PEP 249) for PostgreSQL, through libdbapi"
  spec.description = "Blocks for connections, transactions and cursors; Ruby's types both ways. Loads libdbapi.so.0 " \
                     "through Fiddle: nothing is compiled."
  spec.authors = ["The libdbapi authors"]
  spec.licenses = ["MIT", "Apache-2.0"]
  spec.files = Dir["lib/**/*.rb", "README.md", base: __dir__]
  spec.required_ruby_version = ">= 3.1"
  # Ruby's own; from 3.4 and 3.5 on they are gems.
  spec.add_dependency "bigdecimal"
  spec.add_dependency "fiddle", ">= 1.1"
end
