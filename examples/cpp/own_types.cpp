// A type of the program's own as a parameter and from a column. It prints
//
//     item 1 is green, and costs 12.50
//     one of the colours is unknown: column 0 (colour): no such colour: mauve
//
// Build it: c++ -std=c++17 own_types.cpp -ldbapi
#include <dbapi.hpp>

#include <cstdlib>
#include <iomanip>
#include <iostream>

enum class colour { red, green };

struct money {
    std::int64_t cents;
};

// An enum by its names: made of the conversion that std::string_view has.
template <>
struct dbapi::traits<colour> {
    static dbapi_value_t to_value(const colour &c, storage &keep)
    {
        return traits<std::string_view>::to_value(c == colour::red ? "red" : "green", keep);
    }
    static colour from_value(const dbapi_value_t &value)
    {
        const auto name = traits<std::string_view>::from_value(value);
        if (name == "red") return colour::red;
        if (name == "green") return colour::green;
        // The column is put in front of it.
        throw data_error("22P02", "no such colour: " + std::string(name));
    }
};

// An exact amount: the digits have to live until the call ends, so the storage holds them.
template <>
struct dbapi::traits<money> {
    static dbapi_value_t to_value(const money &m, storage &keep)
    {
        const std::string digits = std::to_string(m.cents);
        const std::string padded = std::string(digits.size() < 3 ? 3 - digits.size() : 0, '0') + digits;
        return traits<numeric>::to_value(keep.hold(numeric{ padded.substr(0, padded.size() - 2) + '.' + padded.substr(padded.size() - 2) }), keep);
    }
    static money from_value(const dbapi_value_t &value)
    {
        std::string digits = traits<std::string>::from_value(value);
        if (const auto point = digits.find('.'); point + 3 == digits.size()) digits.erase(point, 1);
        else throw data_error("22003", "not a whole number of cents");
        return money{ std::stoll(digits) };
    }
};

int main()
try {
    // DATABASE_URL, or else what PGHOST and its like say.
    dbapi::connection con = dbapi::connect(std::getenv("DATABASE_URL"));
    con.execute("CREATE TEMP TABLE item (id int, colour text, price numeric(10, 2))");
    con.execute("INSERT INTO item VALUES (%s, %s, %s)", 1, colour::green, money{ 1250 });
    for (auto [id, paint, price] : con.execute("SELECT * FROM item").rows<int, colour, std::optional<money>>()) {
        std::cout << "item " << id << " is " << (paint == colour::green ? "green" : "red") << ", and costs " << price->cents / 100 << '.'
                  << std::setw(2) << std::setfill('0') << price->cents % 100 << '\n';
    }

    // Arrays of them, and std::optional, come by themselves.
    con.execute("INSERT INTO item SELECT 2, unnest(%s::text[])", std::vector<colour>{ colour::red, colour::green });
    con.execute("UPDATE item SET colour = 'mauve' WHERE id = 1");
    try {
        con.execute("SELECT colour FROM item ORDER BY id").fetchall<colour>();
    } catch (const dbapi::data_error &problem) {
        std::cout << "one of the colours is unknown: " << problem.what() << '\n';
    }
    return EXIT_SUCCESS;
} catch (const std::exception &problem) {
    std::cerr << problem.what() << '\n';
    return EXIT_FAILURE;
}
