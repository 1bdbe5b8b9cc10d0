// PEP 249's familiar session, in C++17. It prints
//
//     (1, 100, "abc'def")
//     1 row, and its data begins with abc
//
// Build it: c++ -std=c++17 quickstart.cpp -ldbapi
#include <dbapi.hpp>

#include <cstdlib>
#include <iostream>

int main()
try {
    // DATABASE_URL, or else what PGHOST and its like say.
    dbapi::connection con = dbapi::connect(std::getenv("DATABASE_URL"));

    // Until commit() nothing is kept: also if an exception leaves this scope.
    dbapi::transaction work(con);
    con.execute("CREATE TEMP TABLE test (id serial PRIMARY KEY, num integer, data varchar)");

    // Parameters travel apart from the SQL: no quote can do harm.
    con.execute("INSERT INTO test (num, data) VALUES (%s, %s)", 100, "abc'def");

    // Rows as tuples of the types that are asked for.
    dbapi::cursor cur = con.execute("SELECT * FROM test");
    for (auto [id, num, data] : cur.rows<int, int, std::string>()) {
        std::cout << '(' << id << ", " << num << ", \"" << data << "\")\n";
    }

    // One value.
    const auto start = con.execute("SELECT left(data, 3) FROM test WHERE num = %(num)s", dbapi::named("num", 100)).fetchvalue<std::string>();
    std::cout << cur.rowcount() << " row, and its data begins with " << start << '\n';
    work.commit();
    return EXIT_SUCCESS;
} catch (const std::exception &problem) {
    std::cerr << problem.what() << '\n';
    return EXIT_FAILURE;
}
