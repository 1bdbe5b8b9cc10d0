// Threads, cancelling, time-outs, notices and notifications.
#include "support.hpp"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

TEST_CASE("threads share a connection, each with a cursor of its own")
{
    dbapi::connection con = dbapi::connect();
    con.set_autocommit(true);
    std::atomic<int> right{ 0 };
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; t++) {
        threads.emplace_back([&con, &right, t] {
            dbapi::cursor cur = con.cursor();
            for (int i = 0; i < 50; i++) {
                std::int64_t sum = 0;
                for (auto [n, who] : cur.execute("SELECT n, %s::text FROM generate_series(1, 100) n", std::to_string(t)).rows<int, std::string>()) {
                    if (who == std::to_string(t)) sum += n;
                }
                if (sum == 5050) right++;
                try {
                    cur.execute("SELECT 1/0");
                } catch (const dbapi::data_error &) {
                    right++;
                }
            }
        });
    }
    for (std::thread &thread : threads) thread.join();
    CHECK(right == 400);
}

TEST_CASE("threads with connections of their own, which are handed on")
{
    std::atomic<int> right{ 0 };
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; t++) {
        threads.emplace_back([&right, con = dbapi::connect()]() mutable {
            dbapi::transaction work(con);
            right += con.execute("SELECT 1").fetchvalue<int>();
            work.commit();
        });
    }
    for (std::thread &thread : threads) thread.join();
    CHECK(right == 4);
}

TEST_CASE("cancelling from another thread")
{
    dbapi::connection con = dbapi::connect();
    con.cancel();
    std::atomic<bool> over{ false };
    // Again and again: the statement may not have begun yet.
    std::thread canceller([&] {
        while (!over) {
            con.cancel();
            std::this_thread::sleep_for(5ms);
        }
    });
    const auto start = std::chrono::steady_clock::now();
    const auto cancelled = thrown_by<dbapi::operational_error>([&] { con.execute("SELECT pg_sleep(60)"); });
    over = true;
    canceller.join();
    CHECK(cancelled.sqlstate() == "57014");
    CHECK(cancelled.connection_usable());
    CHECK_FALSE(cancelled.timed_out());
    CHECK(std::chrono::steady_clock::now() - start < 30s);
    con.rollback();
    CHECK(con.execute("SELECT 1").fetchvalue<int>() == 1);
}

TEST_CASE("time-outs")
{
    dbapi::connection con = dbapi::connect();
    con.set_timeout(100ms);
    CHECK(con.timeout() == 100ms);
    const auto late = thrown_by<dbapi::operational_error>([&] { con.execute("SELECT pg_sleep(60)"); });
    CHECK(late.timed_out());
    CHECK(late.sqlstate() == "57014");
    con.rollback();
    dbapi::cursor cur = con.cursor();
    cur.set_timeout(0ms);
    cur.execute("SELECT pg_sleep(0.2)");
    cur.set_timeout(std::nullopt);
    CHECK(thrown_by<dbapi::operational_error>([&] { cur.execute("SELECT pg_sleep(60)"); }).timed_out());
    thrown_by<dbapi::programming_error>([&] { con.set_timeout(-1ms); });
}

TEST_CASE("notices")
{
    dbapi::connection con = dbapi::connect();
    CHECK_FALSE(con.notice());
    con.execute("DO $$ BEGIN RAISE WARNING 'take care' USING DETAIL = 'more', HINT = 'do'; END $$");
    const auto notice = con.notice();
    REQUIRE(notice);
    CHECK(notice->severity() == "WARNING");
    CHECK(notice->primary() == "take care");
    CHECK(notice->detail() == "more");
    CHECK(notice->hint() == "do");
    CHECK_FALSE(con.notice());
}

TEST_CASE("interrupting, also too early")
{
    dbapi::connection con = dbapi::connect();
    CHECK_FALSE(con.clear_interrupt());
    con.interrupt();
    CHECK(con.clear_interrupt());
    con.execute("SELECT 1");
    con.interrupt();
    CHECK(thrown_by<dbapi::operational_error>([&] { con.commit(); }).sqlstate() == "57014");
    con.commit();
    for (int i = 0; i < 50; i++) {
        std::thread other([&] { con.interrupt(); });
        const auto problem = thrown_by<dbapi::operational_error>([&] {
            if (i % 2 == 0) con.execute("SELECT pg_sleep(60)");
            else con.wait_notify();
        });
        other.join();
        CHECK(problem.sqlstate() == "57014");
        con.rollback();
    }
    con.execute("SELECT 1");
}

TEST_CASE("notifications")
{
    dbapi::connection con = dbapi::connect();
    con.set_autocommit(true);
    con.execute("LISTEN hpp_channel");
    CHECK_FALSE(con.notify());
    CHECK_FALSE(con.wait_notify(0ms));
    CHECK_FALSE(con.wait_notify(20ms));
    dbapi::connection other = dbapi::connect();
    other.set_autocommit(true);
    std::thread sender([&] { other.execute("SELECT pg_notify('hpp_channel', %s)", "hello"); });
    const auto came = con.wait_notify(60s);
    sender.join();
    REQUIRE(came);
    CHECK(came->channel == "hpp_channel");
    CHECK(came->payload == "hello");
    CHECK(came->pid == other.backend_pid());
    con.execute("NOTIFY hpp_channel");
    const auto own = con.notify();
    REQUIRE(own);
    CHECK(own->payload.empty());
    other.execute("NOTIFY hpp_channel, 'for ever'");
    CHECK(con.wait_notify()->payload == "for ever");
}

TEST_CASE("attributes of a connection")
{
    dbapi::connection con = dbapi::connect("", { { "application_name", "it's \\ quoted" } });
    CHECK(con.closed() == DBAPI_CLOSED_OPEN);
    CHECK(con.server_version() > 90000);
    CHECK(con.parameter_status("application_name") == "it's \\ quoted");
    CHECK_FALSE(con.ssl_in_use());
}
