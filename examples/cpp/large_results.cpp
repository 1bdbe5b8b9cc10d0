// A result too large to hold: a named cursor, whose rows stay on the server. It prints
//
//     100000 rows, the longest text is "number 10000"
//     one of them, from the end: number 99990
//
// Build it: c++ -std=c++17 large_results.cpp -ldbapi
#include <dbapi.hpp>

#include <cstdlib>
#include <iostream>

int main()
try {
    // DATABASE_URL, or else what PGHOST and its like say.
    dbapi::connection con = dbapi::connect(std::getenv("DATABASE_URL"));

    // The loop asks for 5000 rows at a time, and holds no more than these.
    dbapi::cursor cur = con.named_cursor("numbers", dbapi::setting::on);
    cur.set_itersize(5000);
    cur.execute("SELECT i, 'number ' || i FROM generate_series(0, 99999) i");
    int count = 0;
    std::string longest;
    for (auto [n, text] : cur.rows<int, std::string_view>()) {
        count++;
        if (text.size() > longest.size()) longest = text;
    }
    std::cout << count << " rows, the longest text is \"" << longest << "\"\n";

    // It was declared scrollable: back to the row of a number.
    cur.scroll_to(99990);
    std::cout << "one of them, from the end: " << std::get<1>(*cur.fetchone<int, std::string>()) << '\n';
    return EXIT_SUCCESS;
} catch (const std::exception &problem) {
    std::cerr << problem.what() << '\n';
    return EXIT_FAILURE;
}
