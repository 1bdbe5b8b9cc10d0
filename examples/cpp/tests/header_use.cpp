// Compiled by each compiler in each standard with every warning an error: the header stands alone (it comes first), may
// be included twice, and its templates make sense of every type that it knows.
#include <dbapi.hpp>
#include <dbapi.hpp>

#include <array>
#include <map>
#if __cplusplus >= 202002L
#include <span>
#endif

template <typename... Types>
static void both_ways(dbapi::cursor &cur)
{
    (cur.execute("", Types()), ...);
    (void)cur.fetchone<Types...>();
    for (auto &&row : cur.rows<Types...>()) (void)row;
}

void dbapi_header_use(dbapi::cursor &cur);
void dbapi_header_use(dbapi::cursor &cur)
{
    both_ways<bool, signed char, unsigned char, short, unsigned short, int, unsigned, long, unsigned long, long long, unsigned long long>(cur);
    both_ways<float, double, long double, std::string, std::string_view, dbapi::numeric, std::vector<std::byte>, dbapi::uuid>(cur);
    both_ways<dbapi::date, dbapi::timestamptz, dbapi::timestamp, dbapi::time_of_day, dbapi::timetz, dbapi::interval>(cur);
    both_ways<std::chrono::system_clock::time_point, std::chrono::nanoseconds, std::chrono::hours, std::chrono::duration<short, std::milli>>(cur);
    both_ways<std::optional<int>, std::vector<int>, std::vector<bool>, std::vector<std::vector<std::optional<std::string>>>, dbapi_value_t, dbapi_point_t>(cur);
    const char *name = "x";
    char text[] = "y";
    cur.execute("", name, text, "z", nullptr, std::nullopt, std::array<std::byte, 3>(), dbapi::bytes_view(nullptr, 0));
    cur.execute(std::string(), dbapi::named("a", "literal"), dbapi::named("b", 1)).callproc(std::string_view("f"), 1);
    cur.executemany("", std::map<int, std::string>());
    cur.executemany("", { "a", "b" }, std::map<int, std::string>());
    for (dbapi::row row : cur) (void)(row[0].get<int>() + row["a"].get<int>() + row.get<int>(0) + row.get<int>("a") + row.get<int>(std::string("a")));
#if __cplusplus >= 202002L
    const std::array<std::byte, 3> bytes{};
    cur.execute("", std::span<const std::byte>(bytes), std::chrono::sys_days(), std::chrono::days(1));
#endif
}
