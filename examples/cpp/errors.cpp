// Exceptions by PEP 249's classes, and what they tell. It prints
//
//     23505 unique_violation: thing_pkey, Key (id)=(1) already exists.
//     programming_error: 42P01 at 15
//     interface_error
//     done at attempt 3
//
// Build it: c++ -std=c++17 errors.cpp -ldbapi
#include <dbapi.hpp>

#include <cstdlib>
#include <iostream>

// Runs work in a transaction, again if it failed for a reason that may be gone.
template <typename Work>
static void with_retries(dbapi::connection &con, int attempts, Work work)
{
    for (int attempt = 1;; attempt++) {
        try {
            dbapi::transaction guard(con);
            work(attempt);
            guard.commit();
            return;
        } catch (const dbapi::error &problem) {
            if (!problem.retryable() || attempt == attempts) throw;
        }
    }
}

int main()
try {
    // DATABASE_URL, or else what PGHOST and its like say.
    dbapi::connection con = dbapi::connect(std::getenv("DATABASE_URL"));
    con.set_autocommit(true);
    con.execute("CREATE TEMP TABLE thing (id int PRIMARY KEY)");
    con.execute("INSERT INTO thing VALUES (1)");
    try {
        con.execute("INSERT INTO thing VALUES (1)");
    } catch (const dbapi::integrity_error &problem) {
        std::cout << problem.sqlstate() << ' ' << problem.condition() << ": " << problem.constraint_name() << ", " << problem.detail() << '\n';
    }

    try {
        con.execute("SELECT * FROM no_such_table");
    } catch (const dbapi::programming_error &problem) {
        std::cout << "programming_error: " << problem.sqlstate() << " at " << problem.position() << '\n';
    }

    // An object that was closed, or moved from.
    dbapi::cursor cur = con.cursor();
    cur.close();
    try {
        cur.execute("SELECT 1");
    } catch (const dbapi::interface_error &) {
        std::cout << "interface_error\n";
    }

    with_retries(con, 5, [&](int attempt) {
        // As two transactions that get in each other's way would have it.
        if (attempt < 3) con.execute("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'serialization_failure'; END $$");
        else std::cout << "done at attempt " << attempt << '\n';
    });
    return EXIT_SUCCESS;
} catch (const std::exception &problem) {
    std::cerr << problem.what() << '\n';
    return EXIT_FAILURE;
}
