// Rows: typed, untyped, in vectors; NULL, dates and arrays. It prints
//
//     1 Ann, born 10957 days after 1970-01-01, scores: 3 5
//     2 (no name), birthday unknown, scores:
//     columns: id name born scores
//     id=1 name=Ann born=2000-01-01 scores={3,5}
//     id=2 name= born= scores={}
//     all at once: 2 rows, the last is 2
//     column 1 (name): NULL was asked for as a type that has none: ask for std::optional
//
// Build it: c++ -std=c++17 typed_rows.cpp -ldbapi
#include <dbapi.hpp>

#include <cstdlib>
#include <iostream>

int main()
try {
    // DATABASE_URL, or else what PGHOST and its like say.
    dbapi::connection con = dbapi::connect(std::getenv("DATABASE_URL"));
    con.execute("CREATE TEMP TABLE person (id int, name text, born date, scores int[])");

    // std::optional is what may be NULL, a vector is an array, a date counts days. Any range of tuples will do.
    using person = std::tuple<int, std::optional<std::string>, std::optional<dbapi::date>, std::vector<int>>;
    const std::vector<person> people{
        { 1, "Ann", dbapi::date(dbapi::days(10957)), { 3, 5 } },
        { 2, std::nullopt, std::nullopt, {} },
    };
    con.cursor().executemany("INSERT INTO person VALUES (%s, %s, %s, %s)", people);

    // A string_view is not copied: it is valid until the loop's next round.
    dbapi::cursor cur = con.cursor();
    const char *const query = "SELECT * FROM person ORDER BY id";
    cur.execute(query);
    for (auto [id, name, born, scores] : cur.rows<int, std::optional<std::string_view>, std::optional<dbapi::date>, std::vector<int>>()) {
        std::cout << id << ' ' << name.value_or("(no name)") << ", ";
        if (born) std::cout << "born " << born->time_since_epoch().count() << " days after 1970-01-01";
        else std::cout << "birthday unknown";
        std::cout << ", scores:";
        for (int score : scores) std::cout << ' ' << score;
        std::cout << '\n';
    }

    // When the columns are not known beforehand: dbapi::row.
    cur.execute(query);
    std::cout << "columns:";
    for (const dbapi_column_t &column : cur.description()) std::cout << ' ' << column.name;
    std::cout << '\n';
    for (dbapi::row row : cur) {
        for (std::size_t i = 0; i < row.size(); i++) {
            std::cout << (i ? " " : "") << row.columns()[i].name << '=' << row[i].text();
        }
        std::cout << '\n';
    }

    // All of them, in a vector of their own.
    const auto ids = con.execute("SELECT id FROM person ORDER BY id").fetchall<int>();
    std::cout << "all at once: " << ids.size() << " rows, the last is " << std::get<0>(ids.back()) << '\n';

    // What a type cannot hold is an error, not a made-up value.
    try {
        con.execute("SELECT id, name FROM person WHERE id = 2").fetchone<int, std::string>();
    } catch (const dbapi::data_error &problem) {
        std::cout << problem.what() << '\n';
    }
    return EXIT_SUCCESS;
} catch (const std::exception &problem) {
    std::cerr << problem.what() << '\n';
    return EXIT_FAILURE;
}
