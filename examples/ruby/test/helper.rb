# frozen_string_literal: true

require "minitest/autorun"
require "timeout"
require_relative "../lib/dbapi"

# Each test has a connection of its own to the server that the environment names (PGHOST and the like).
class DatabaseTest < Minitest::Test
  def setup
    @conn = DBAPI.connect(application_name: name)
  end

  def teardown
    @conn.close
  end

  def one(sql, params = nil)
    @conn.cursor { |cursor| cursor.execute(sql, params).fetchone&.first }
  end

  # As another connection sees it.
  def elsewhere(sql, params = nil)
    DBAPI.connect { |other| other.execute(sql, params).fetchall }
  end

  def now
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  # Waits until another connection sees that the statement runs.
  def wait_for_statement(like)
    DBAPI.connect(autocommit: true) do |other|
      cursor = other.cursor
      Timeout.timeout(20) do
        sleep 0.01 until cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE %s " \
                                        "AND pid <> pg_backend_pid()", [like]).fetchone.first.positive?
      end
    end
  end
end
