// Measures dbapi.hpp beside libpqxx and beside dbapi.h alone: a fetch of 1,000,000 rows (integer, text, float8), each
// value converted to C++'s own type, and point queries. Rounds of all alternate; of each the median counts.
//
//     bench [ROUNDS [ROWS]]        on the server that PGHOST and its like name
//
// Needs Debian's libpqxx-dev. Build it: c++ -O2 -std=c++17 bench.cpp -ldbapi -lpqxx -lpq
#include <dbapi.hpp>

#include <pqxx/pqxx>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace {

constexpr int queries = 5000;

// What is read is added up, so that every way reads the same.
struct sums {
    std::int64_t rows = 0, numbers = 0;
    std::size_t bytes = 0;
    double halves = 0;
    bool operator==(const sums &other) const
    {
        return rows == other.rows && numbers == other.numbers && bytes == other.bytes && halves == other.halves;
    }
};

struct contestant {
    const char *name;
    std::function<sums()> run;
    std::vector<double> seconds;
};

void check(dbapi_status_t status, dbapi_error_t *error)
{
    if (status < 0) {
        std::fprintf(stderr, "%s\n", dbapi_error_message(error));
        std::exit(EXIT_FAILURE);
    }
}

// Prints each one's median, and how many times as fast as the first it is.
void compare(const char *what, int rounds, std::vector<contestant> contestants)
{
    for (int round = 0; round < rounds; round++) {
        sums expected;
        for (contestant &one : contestants) {
            const auto start = std::chrono::steady_clock::now();
            const sums got = one.run();
            one.seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
            if (&one == &contestants.front()) expected = got;
            if (!(got == expected)) {
                std::fprintf(stderr, "%s reads something else\n", one.name);
                std::exit(EXIT_FAILURE);
            }
        }
    }
    double first = 0;
    std::printf("%s\n", what);
    for (contestant &one : contestants) {
        std::sort(one.seconds.begin(), one.seconds.end());
        const double median = one.seconds[one.seconds.size() / 2];
        if (first == 0) first = median;
        std::printf("  %-44s %8.3f s   %5.2fx\n", one.name, median, first / median);
    }
}

sums raw_rows(dbapi_connection_t *connection, const std::string &sql)
{
    sums total;
    dbapi_error_t *error = nullptr;
    dbapi_cursor_t *cursor = nullptr;
    const dbapi_value_t *rows = nullptr;
    std::size_t count = 0;
    check(dbapi_cursor(connection, &cursor, &error), error);
    check(dbapi_execute(cursor, sql.c_str(), nullptr, 0, &error), error);
    while (check(dbapi_fetchmany(cursor, 2000, &rows, &count, &error), error), count > 0) {
        for (std::size_t i = 0; i < count; i++) {
            const dbapi_value_t *row = rows + 3 * i;
            total.rows++;
            total.numbers += row[0].as.integer;
            total.bytes += row[1].as.text.length;
            total.halves += row[2].as.floating;
        }
    }
    dbapi_cursor_free(cursor);
    return total;
}

template <typename Text>
sums typed_rows(dbapi::connection &con, const std::string &sql)
{
    sums total;
    for (auto [number, text, half] : con.execute(sql).rows<int, Text, double>()) {
        total.rows++;
        total.numbers += number;
        total.bytes += text.size();
        total.halves += half;
    }
    return total;
}

sums pqxx_rows(pqxx::work &work, const std::string &sql)
{
    sums total;
    for (const auto &row : work.exec(sql)) {
        total.rows++;
        total.numbers += row[0].as<int>();
        total.bytes += row[1].as<std::string>().size();
        total.halves += row[2].as<double>();
    }
    return total;
}

} // namespace

int main(int argc, char **argv)
try {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 7;
    const std::string rows = argc > 2 ? argv[2] : "1000000";
    dbapi::connection con = dbapi::connect();
    pqxx::connection incumbent("");
    pqxx::work work(incumbent);
    con.execute("SELECT 1");

    const std::string sql = "SELECT i, 'row number ' || i, i * 0.5::float8 FROM generate_series(1, " + rows + ") i";
    compare(("fetching " + rows + " rows").c_str(), rounds,
        {
            { "libpqxx: as<int, std::string, double>", [&] { return pqxx_rows(work, sql); }, {} },
            { "dbapi.hpp: rows<int, string, double>", [&] { return typed_rows<std::string>(con, sql); }, {} },
            { "dbapi.hpp: rows<int, string_view, double>", [&] { return typed_rows<std::string_view>(con, sql); }, {} },
            { "dbapi.h: dbapi_fetchmany", [&] { return raw_rows(con.native_handle(), sql); }, {} },
        });

    dbapi::cursor cur = con.cursor();
    incumbent.prepare("point", "SELECT $1::int + 1");
    compare((std::to_string(queries) + " point queries").c_str(), rounds,
        {
            { "libpqxx: exec_params1", [&] {
                 sums total;
                 for (int i = 0; i < queries; i++) total.numbers += work.exec_params1("SELECT $1::int + 1", i)[0].as<int>();
                 return total;
             }, {} },
            { "libpqxx: exec_prepared1", [&] {
                 sums total;
                 for (int i = 0; i < queries; i++) total.numbers += work.exec_prepared1("point", i)[0].as<int>();
                 return total;
             }, {} },
            { "dbapi.hpp: execute, fetchvalue", [&] {
                 sums total;
                 for (int i = 0; i < queries; i++) total.numbers += cur.execute("SELECT %s::int + 1", i).fetchvalue<int>();
                 return total;
             }, {} },
            { "dbapi.h: dbapi_execute, dbapi_fetchone", [&] {
                 sums total;
                 for (int i = 0; i < queries; i++) {
                     dbapi_error_t *error = nullptr;
                     dbapi_value_t parameter{};
                     parameter.kind = DBAPI_KIND_INT;
                     parameter.as.integer = i;
                     const dbapi_value_t *row = nullptr;
                     check(dbapi_execute(cur.native_handle(), "SELECT %s::int + 1", &parameter, 1, &error), error);
                     check(dbapi_fetchone(cur.native_handle(), &row, &error), error);
                     total.numbers += row[0].as.integer;
                 }
                 return total;
             }, {} },
        });
    return EXIT_SUCCESS;
} catch (const std::exception &problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return EXIT_FAILURE;
}
