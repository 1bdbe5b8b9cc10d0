// Errors by class, and what they tell.
#include "support.hpp"

#include <exception>
#include <thread>

TEST_CASE("classes and their bases")
{
    dbapi::connection con = dbapi::connect();
    con.set_autocommit(true);
    dbapi::cursor cur = con.cursor();
    const auto raise = [&](const std::string &sqlstate) {
        cur.execute("DO $$ BEGIN RAISE EXCEPTION 'raised' USING ERRCODE = '" + sqlstate + "'; END $$");
    };
    CHECK(thrown_by<dbapi::data_error>([&] { raise("22012"); }).condition() == "division_by_zero");
    CHECK(thrown_by<dbapi::operational_error>([&] { raise("40P01"); }).retryable());
    CHECK(thrown_by<dbapi::integrity_error>([&] { raise("23505"); }).condition() == "unique_violation");
    CHECK(thrown_by<dbapi::internal_error>([&] { raise("XX000"); }).sqlstate() == "XX000");
    CHECK(thrown_by<dbapi::programming_error>([&] { raise("42601"); }).sqlstate() == "42601");
    CHECK(thrown_by<dbapi::not_supported_error>([&] { raise("0A000"); }).sqlstate() == "0A000");
    const auto other = thrown_by<dbapi::database_error>([&] { raise("ZZ123"); });
    CHECK(other.sqlstate() == "ZZ123");
    CHECK(other.condition().empty());
    CHECK_THROWS_AS(raise("23505"), dbapi::database_error);
    CHECK_THROWS_AS(raise("23505"), dbapi::error);
    CHECK_THROWS_AS(raise("23505"), std::runtime_error);
    static_assert(!std::is_base_of_v<dbapi::database_error, dbapi::interface_error>);
    static_assert(std::is_nothrow_copy_constructible_v<dbapi::integrity_error>);
}

TEST_CASE("the fields of an error")
{
    dbapi::connection con = dbapi::connect();
    dbapi::cursor cur = con.execute("CREATE TEMP TABLE fields (a int CONSTRAINT small CHECK (a < 10), b int CONSTRAINT once UNIQUE)");
    const auto violated = thrown_by<dbapi::integrity_error>([&] { cur.execute("INSERT INTO fields VALUES (%s, 1)", 99); });
    CHECK(violated.sqlstate() == "23514");
    CHECK(violated.severity() == "ERROR");
    CHECK(violated.constraint_name() == "small");
    CHECK(violated.table_name() == "fields");
    CHECK(violated.schema_name().substr(0, 7) == "pg_temp");
    CHECK(violated.detail() == "Failing row contains (99, 1).");
    CHECK(violated.primary().find("violates check constraint") != std::string_view::npos);
    CHECK(std::string(violated.what()).find("Failing row") != std::string::npos);
    CHECK(violated.row() == -1);
    CHECK(violated.connection_usable());
    CHECK_FALSE(violated.transaction_usable());
    CHECK_FALSE(violated.retryable());
    CHECK_FALSE(violated.timed_out());
    CHECK(violated.column_name().empty());
    CHECK(dbapi_error_source_line(violated.native_handle()) != nullptr);

    const auto failed = thrown_by<dbapi::internal_error>([&] { cur.execute("SELECT 1"); });
    CHECK(failed.sqlstate() == "25P02");
    con.rollback();
    const auto wrong = thrown_by<dbapi::programming_error>([&] { cur.execute("SELECT lenght('x')"); });
    CHECK(wrong.position() == "8");
    CHECK_FALSE(wrong.hint().empty());
    CHECK_FALSE(wrong.transaction_usable());
}

TEST_CASE("an error outlives what it came from, and goes to other threads")
{
    std::exception_ptr kept;
    try {
        dbapi::connection con = dbapi::connect();
        con.execute("SELECT 1/0");
    } catch (...) {
        kept = std::current_exception();
    }
    std::string state;
    std::thread([&] {
        try {
            std::rethrow_exception(kept);
        } catch (const dbapi::error &problem) {
            const dbapi::error copy = problem;
            state = copy.sqlstate();
        }
    }).join();
    CHECK(state == "22012");
}

TEST_CASE("errors of connecting")
{
    CHECK_FALSE(thrown_by<dbapi::operational_error>([] { dbapi::connect("host=127.0.0.1 port=1 user=dbapi"); }).connection_usable());
    thrown_by<dbapi::programming_error>([] { dbapi::connect("no_such_keyword=1"); });
    thrown_by<dbapi::programming_error>([] { dbapi::connect("", { { "no_such_keyword", "1" } }); });
    CHECK(thrown_by<dbapi::operational_error>([] { dbapi::connect("", { { "dbname", "no such database" } }); }).sqlstate() == "3D000");
}

TEST_CASE("errors made in C++")
{
    const dbapi::data_error own("22003", "too large");
    CHECK(own.sqlstate() == "22003");
    CHECK(own.condition() == "numeric_value_out_of_range");
    CHECK(std::string(own.what()) == "too large");
    CHECK(own.native_handle() == nullptr);
    CHECK(own.connection_usable());
    CHECK(own.transaction_usable());
    CHECK_FALSE(own.retryable());
    CHECK(own.detail().empty());
    CHECK(own.row() == -1);
    CHECK(dbapi::error(nullptr, "no state").sqlstate().empty());
}
