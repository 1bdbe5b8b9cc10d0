# frozen_string_literal: true

module DBAPI
  VERSION = "0.1.0"
end
