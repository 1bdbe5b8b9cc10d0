// Threads: a connection is shared, a cursor is not. A statement is cancelled from another thread. It prints
//
//     the threads counted to 5050, 5050, 5050
//     cancelled: 57014 query_canceled
//     too late: 57014
//
// Build it: c++ -std=c++17 threads.cpp -ldbapi -pthread
#include <dbapi.hpp>

#include <array>
#include <chrono>
#include <cstdlib>
#include <future>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;

int main()
try {
    // DATABASE_URL, or else what PGHOST and its like say.
    dbapi::connection con = dbapi::connect(std::getenv("DATABASE_URL"));
    con.set_autocommit(true);

    // Calls on one connection take turns. Each thread has its own cursor; exceptions come out of the futures.
    std::array<std::future<std::int64_t>, 3> sums;
    for (auto &sum : sums) {
        sum = std::async(std::launch::async, [&con] {
            std::int64_t total = 0;
            for (auto [n] : con.execute("SELECT generate_series(1, 100)").rows<int>()) total += n;
            return total;
        });
    }
    std::cout << "the threads counted to " << sums[0].get() << ", " << sums[1].get() << ", " << sums[2].get() << '\n';

    // cancel() hits what is in progress, and does nothing if that is nothing: so it is repeated until the statement ends.
    std::promise<void> ended;
    auto canceller = std::async(std::launch::async, [&con, over = ended.get_future()] {
        while (over.wait_for(20ms) == std::future_status::timeout) con.cancel();
    });
    try {
        con.execute("SELECT pg_sleep(60)");
    } catch (const dbapi::operational_error &problem) {
        std::cout << "cancelled: " << problem.sqlstate() << ' ' << problem.condition() << '\n';
    }
    ended.set_value();
    canceller.get();

    // Without another thread: no call may take longer than this.
    con.set_timeout(100ms);
    try {
        con.execute("SELECT pg_sleep(60)");
    } catch (const dbapi::operational_error &problem) {
        if (problem.timed_out()) std::cout << "too late: " << problem.sqlstate() << '\n';
    }
    return EXIT_SUCCESS;
} catch (const std::exception &problem) {
    std::cerr << problem.what() << '\n';
    return EXIT_FAILURE;
}
