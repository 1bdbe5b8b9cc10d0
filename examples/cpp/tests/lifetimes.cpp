// Objects in any order: moved, closed, destroyed in the midst of things. Under valgrind or a sanitizer these show most.
#include "support.hpp"

#include <memory>
#include <vector>

namespace {

dbapi::cursor cursor_without_its_connection()
{
    dbapi::connection con = dbapi::connect();
    return con.execute("SELECT generate_series(1, 10)");
}

} // namespace

TEST_CASE("a cursor keeps its connection alive")
{
    dbapi::cursor cur = cursor_without_its_connection();
    CHECK(cur.fetchvalue<int>() == 1);
    cur.execute("SELECT 'still open'");
    CHECK(cur.fetchvalue<std::string>() == "still open");
}

TEST_CASE("a loop keeps its cursor alive")
{
    auto con = std::make_unique<dbapi::connection>(dbapi::connect());
    auto cur = std::make_unique<dbapi::cursor>(con->cursor());
    cur->set_itersize(3);
    cur->execute("SELECT generate_series(1, 10)");
    int sum = 0;
    for (auto [n] : cur->rows<int>()) {
        sum += n;
        con.reset();
        cur.reset();
    }
    CHECK(sum == 55);
}

TEST_CASE("moves")
{
    dbapi::connection first = dbapi::connect();
    dbapi::cursor cur = first.cursor();
    cur.set_itersize(2);
    cur.execute("SELECT generate_series(1, 5)");
    auto at = cur.rows<int>().begin();
    dbapi::connection second = std::move(first);
    dbapi::cursor moved = std::move(cur);
    int sum = 0;
    for (; at != decltype(at)(); ++at) sum += std::get<0>(*at);
    CHECK(sum == 15);
    CHECK(moved.execute("SELECT 2").fetchvalue<int>() == 2);
    CHECK(second.execute("SELECT 3").fetchvalue<int>() == 3);

    // Moved from: errors, no crash.
    CHECK(first.closed() == DBAPI_CLOSED_CLOSED);
    CHECK(first.native_handle() == nullptr);
    CHECK(first.transaction_status() == DBAPI_TRANSACTION_UNKNOWN);
    thrown_by<dbapi::interface_error>([&] { first.cursor(); });
    thrown_by<dbapi::interface_error>([&] { first.execute("SELECT 1"); });
    thrown_by<dbapi::interface_error>([&] { first.commit(); });
    thrown_by<dbapi::interface_error>([&] { first.cancel(); });
    thrown_by<dbapi::interface_error>([&] { first.notice(); });
    thrown_by<dbapi::interface_error>([&] { first.notify(); });
    thrown_by<dbapi::interface_error>([&] { first.parameter_status("TimeZone"); });
    thrown_by<dbapi::interface_error>([&] { first.set_timeout(std::chrono::seconds(1)); });
    first.close();
    CHECK(cur.closed());
    CHECK(cur.native_handle() == nullptr);
    thrown_by<dbapi::interface_error>([&] { cur.execute("SELECT 1"); });
    thrown_by<dbapi::interface_error>([&] { cur.fetchone(); });
    thrown_by<dbapi::interface_error>([&] { cur.fetchall<int>(); });
    thrown_by<dbapi::interface_error>([&] { cur.begin(); });
    thrown_by<dbapi::interface_error>([&] { cur.rows<int>(); });
    thrown_by<dbapi::interface_error>([&] { cur.rowcount(); });
    thrown_by<dbapi::interface_error>([&] { cur.description(); });
    thrown_by<dbapi::interface_error>([&] { cur.close(); });
    thrown_by<dbapi::interface_error>([&] { cur.scroll(1); });

    // A handle that is overwritten is freed; one that was moved from can be filled again.
    first = dbapi::connect();
    first = std::move(second);
    cur = first.execute("SELECT 4");
    CHECK(cur.fetchvalue<int>() == 4);
    cur = std::move(moved);
    CHECK(cur.execute("SELECT 5").fetchvalue<int>() == 5);
    static_assert(std::is_nothrow_move_constructible_v<dbapi::connection> && !std::is_copy_constructible_v<dbapi::connection>);
    static_assert(std::is_nothrow_move_constructible_v<dbapi::cursor> && !std::is_copy_constructible_v<dbapi::cursor>);
}

TEST_CASE("use after close")
{
    dbapi::connection con = dbapi::connect();
    dbapi::cursor cur = con.execute("SELECT generate_series(1, 5)");
    dbapi::cursor other = con.execute("SELECT generate_series(1, 5)");
    CHECK(cur.fetchvalue<int>() == 1);
    CHECK_FALSE(cur.closed());
    cur.close();
    cur.close();
    CHECK(cur.closed());
    CHECK(cur.rowcount() == 5);
    thrown_by<dbapi::interface_error>([&] { cur.fetchone(); });
    thrown_by<dbapi::interface_error>([&] { cur.execute("SELECT 1"); });
    thrown_by<dbapi::interface_error>([&] { cur.begin(); });
    con.close();
    con.close();
    CHECK(con.closed() == DBAPI_CLOSED_CLOSED);
    thrown_by<dbapi::interface_error>([&] { con.execute("SELECT 1"); });
    thrown_by<dbapi::interface_error>([&] { con.commit(); });
    thrown_by<dbapi::interface_error>([&] { other.fetchone(); });
    const dbapi::connection never;
    CHECK(never.closed() == DBAPI_CLOSED_CLOSED);
    CHECK_FALSE(never.ssl_in_use());
    CHECK(never.backend_pid() == 0);
}

TEST_CASE("what happens to its cursor while a loop is on its rows")
{
    dbapi::connection con = dbapi::connect();
    dbapi::cursor cur = con.cursor();
    cur.set_itersize(2);
    const auto again = [&]() -> dbapi::cursor & { return cur.execute("SELECT generate_series(1, 10)"); };
    // Executes something else: a loop over rows that are gone ends with an error.
    thrown_by<dbapi::programming_error>([&] {
        for (dbapi::row row : again()) cur.execute("CREATE TEMP TABLE IF NOT EXISTS elsewhere (a int)"), (void)row;
    });
    thrown_by<dbapi::interface_error>([&] {
        for (auto at = again().begin(); at != cur.end(); ++at) {
            cur.execute("SELECT 1");
            (*at)[0].get<int>();
        }
    });
    thrown_by<dbapi::interface_error>([&] {
        auto at = again().begin();
        cur.close();
        *at;
    });
    cur = con.cursor();
    cur.set_itersize(2);
    thrown_by<dbapi::interface_error>([&] {
        auto at = again().begin();
        cur.close();
        // Not onto the second row of a block that is gone.
        ++at;
    });
    cur = con.cursor();
    thrown_by<dbapi::interface_error>([&] {
        cur.set_itersize(2);
        for (auto at = again().begin(); at != cur.end(); ++at) con.close();
    });
    con = dbapi::connect();
    cur = con.execute("SELECT 1");
    auto at = cur.begin();
    ++at;
    ++at;
    CHECK(at == cur.end());
    thrown_by<dbapi::interface_error>([&] { *at; });
}

TEST_CASE("a conversion that fails in the midst of the rows leaves the cursor where it is")
{
    dbapi::connection con = dbapi::connect();
    dbapi::cursor cur = con.execute("SELECT CASE WHEN i <> 3 THEN i END FROM generate_series(1, 5) i");
    int seen = 0;
    const auto problem = thrown_by<dbapi::data_error>([&] {
        for (auto [n] : cur.rows<int>()) seen = n;
    });
    CHECK(problem.sqlstate() == "22002");
    CHECK(problem.transaction_usable());
    CHECK(seen == 2);
    CHECK(cur.fetchvalue<int>() == 4);
    CHECK(con.transaction_status() == DBAPI_TRANSACTION_INTRANS);
    CHECK(con.execute("SELECT 1").fetchvalue<int>() == 1);
}

TEST_CASE("any order of destruction")
{
    for (int order = 0; order < 6; order++) {
        auto con = std::make_unique<dbapi::connection>(dbapi::connect());
        auto cur = std::make_unique<dbapi::cursor>(con->execute("SELECT generate_series(1, 5000)"));
        auto rows = std::make_unique<dbapi::row_range<int>>(cur->rows<int>());
        auto at = std::make_unique<dbapi::row_range<int>::iterator>(rows->begin());
        const auto end = [&](int which) {
            if (which % 3 == 0) con.reset();
            else if (which % 3 == 1) cur.reset();
            else rows.reset();
        };
        end(order);
        end(order < 3 ? order + 1 : order + 2);
        CHECK(**at == std::tuple(1));
        ++*at;
        end(order < 3 ? order + 2 : order + 1);
        CHECK(**at == std::tuple(2));
        int count = 0;
        for (; *at != dbapi::row_range<int>::iterator(); ++*at) count++;
        CHECK(count == 4999);
    }
}

TEST_CASE("handles made with dbapi.h")
{
    dbapi_connection_t *raw = nullptr;
    REQUIRE(dbapi_connect("", &raw, nullptr) == DBAPI_OK);
    dbapi::connection con(raw);
    CHECK(con.native_handle() == raw);
    dbapi_cursor_t *raw_cursor = nullptr;
    REQUIRE(dbapi_cursor(con.native_handle(), &raw_cursor, nullptr) == DBAPI_OK);
    dbapi::cursor cur(raw_cursor);
    CHECK(cur.native_handle() == raw_cursor);
    CHECK(cur.execute("SELECT 1").fetchvalue<int>() == 1);
}
