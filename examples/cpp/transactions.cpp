// Transactions and savepoints as guards. It prints
//
//     after an exception: 0
//     after commit: 3
//     serializable
//
// Build it: c++ -std=c++17 transactions.cpp -ldbapi
#include <dbapi.hpp>

#include <cstdlib>
#include <iostream>

static std::int64_t count(dbapi::connection &con)
{
    return con.execute("SELECT count(*) FROM account").fetchvalue<std::int64_t>();
}

int main()
try {
    // DATABASE_URL, or else what PGHOST and its like say.
    dbapi::connection con = dbapi::connect(std::getenv("DATABASE_URL"));
    con.execute("CREATE TEMP TABLE account (owner text PRIMARY KEY, amount int CHECK (amount >= 0))");
    con.commit();

    // A scope that is left without commit() leaves nothing behind.
    try {
        dbapi::transaction work(con);
        con.execute("INSERT INTO account VALUES ('ann', 10)");
        con.execute("INSERT INTO account VALUES ('bob', -1)");
        work.commit();
    } catch (const dbapi::integrity_error &) {
        std::cout << "after an exception: " << count(con) << '\n';
        con.rollback(); // The transaction that count() began.
    }

    {
        dbapi::transaction work(con);
        con.execute("INSERT INTO account VALUES ('ann', 10)");
        for (int amount : { -5, 5, 7 }) {
            // What fails after a savepoint is undone alone: the transaction goes on.
            try {
                dbapi::savepoint attempt(con);
                con.execute("INSERT INTO account VALUES (%s, %s)", "customer " + std::to_string(amount), amount);
                attempt.release();
            } catch (const dbapi::integrity_error &) {
            }
        }
        work.commit();
    }
    std::cout << "after commit: " << count(con) << '\n';
    con.rollback();

    // What transactions are like, from the next one on: serializable, read-only.
    con.set_session(dbapi::isolation::serializable, dbapi::setting::on);
    dbapi::transaction report(con);
    std::cout << con.execute("SHOW transaction_isolation").fetchvalue<std::string>() << '\n';
    return EXIT_SUCCESS;
} catch (const std::exception &problem) {
    std::cerr << problem.what() << '\n';
    return EXIT_FAILURE;
}
