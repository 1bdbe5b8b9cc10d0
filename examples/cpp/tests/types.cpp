// Values of C++'s types, to the server and back, and what cannot be converted.
#include "support.hpp"

#include <array>
#include <climits>
#include <cmath>
#include <cstring>

using namespace std::chrono_literals;

namespace {

dbapi::connection &con()
{
    static dbapi::connection shared = dbapi::connect();
    static const bool ready = (shared.set_autocommit(true), true);
    (void)ready;
    return shared;
}

// What the server takes a parameter for, and how it writes it.
template <typename T>
std::string seen(const T &parameter, const std::string &type)
{
    return con().execute("SELECT (%s::" + type + ")::text", parameter).template fetchvalue<std::string>();
}

template <typename T>
std::string type_of(const T &parameter)
{
    return con().execute("SELECT pg_typeof(%s)::text", parameter).template fetchvalue<std::string>();
}

// What an expression is, as a T.
template <typename T>
T got(const std::string &expression)
{
    return con().execute("SELECT " + expression).template fetchvalue<T>();
}

template <typename T>
T back(const T &parameter, const std::string &type)
{
    return con().execute("SELECT %s::" + type, parameter).template fetchvalue<T>();
}

template <typename T>
std::string data_state(const std::string &expression)
{
    return std::string(thrown_by<dbapi::data_error>([&] { got<T>(expression); }).sqlstate());
}

template <typename T>
bool wrong_kind(const std::string &expression)
{
    return thrown_by<dbapi::programming_error>([&] { got<T>(expression); }).sqlstate() == "42804";
}

} // namespace

TEST_CASE("integers")
{
    CHECK(type_of(1) == "integer");
    CHECK(type_of(std::int64_t{ 1 } << 40) == "bigint");
    CHECK(type_of(ULLONG_MAX) == "numeric");
    CHECK(back(INT_MIN, "int4") == INT_MIN);
    CHECK(back(INT64_MIN, "int8") == INT64_MIN);
    CHECK(back(INT64_MAX, "int8") == INT64_MAX);
    CHECK(back(ULLONG_MAX, "numeric") == ULLONG_MAX);
    CHECK(back(std::int8_t{ -128 }, "int2") == -128);
    CHECK(back(std::uint8_t{ 255 }, "int2") == 255);
    CHECK(got<unsigned>("4294967295::int8") == 4294967295U);
    CHECK(got<int>("sum(x) FROM (VALUES (1::int8), (2)) v (x)") == 3);
    CHECK(got<std::uint64_t>("18446744073709551615::numeric") == UINT64_MAX);

    CHECK(data_state<int>("2147483648::int8") == "22003");
    CHECK(data_state<int>("-2147483649::int8") == "22003");
    CHECK(data_state<unsigned>("-1") == "22003");
    CHECK(data_state<unsigned>("4294967296::int8") == "22003");
    CHECK(data_state<std::uint64_t>("-1") == "22003");
    CHECK(data_state<std::int8_t>("128") == "22003");
    CHECK(data_state<int>("1.5::numeric") == "22003");
    CHECK(data_state<int>("'NaN'::numeric") == "22003");
    CHECK(data_state<std::int64_t>("9223372036854775808::numeric") == "22003");
    CHECK(wrong_kind<int>("'1'::text"));
    CHECK(wrong_kind<int>("1.0::float8"));
    CHECK(wrong_kind<int>("true"));
}

TEST_CASE("floating-point numbers")
{
    CHECK(type_of(1.5) == "double precision");
    CHECK(back(0.1, "float8") == 0.1);
    CHECK(back(-0.0f, "float4") == 0.0f);
    CHECK(std::isnan(got<double>("'NaN'::float8")));
    CHECK(std::isinf(got<float>("'-Infinity'::float4")));
    CHECK(std::isinf(got<float>("'Infinity'::float8")));
    CHECK(back(HUGE_VAL, "float8") == HUGE_VAL);
    CHECK(got<double>("0.1::numeric") == 0.1);
    CHECK(std::isnan(got<double>("'NaN'::numeric")));
    CHECK(got<double>("'-Infinity'::numeric") == -HUGE_VAL);
    CHECK(got<double>("9007199254740992") == 9007199254740992.0);
    CHECK(got<long double>("4611686018427387904") == 4611686018427387904.0L);
    CHECK(got<float>("16777216") == 16777216.0f);

    CHECK(data_state<double>("9007199254740993") == "22003");
    CHECK(data_state<float>("16777217") == "22003");
    CHECK(data_state<float>("1e300::float8") == "22003");
    CHECK(data_state<double>("1e400::numeric") == "22003");
    CHECK(wrong_kind<double>("'1.5'::text"));
}

TEST_CASE("booleans")
{
    CHECK(type_of(true) == "boolean");
    CHECK(got<bool>("true"));
    CHECK_FALSE(got<bool>("false"));
    CHECK(wrong_kind<bool>("1"));
}

TEST_CASE("text")
{
    const std::string awkward = "it's \"%s\" \\ \u00e4\u20ac";
    CHECK(back(awkward, "text") == awkward);
    CHECK(seen(std::string_view(awkward).substr(0, 4), "text") == "it's");
    CHECK(seen("literal", "text") == "literal");
    char buffer[] = "array";
    CHECK(seen(buffer, "text") == "array");
    char *pointer = buffer;
    CHECK(seen(pointer, "text") == "array");
    CHECK(seen("", "text").empty());
    CHECK(seen("2", "int") == "2");
    CHECK(got<std::string>("'{\"a\": 1}'::json") == "{\"a\": 1}");
    CHECK(got<std::string>("12.50::numeric") == "12.50");
    CHECK(back(dbapi::numeric{ "12.50" }, "numeric").digits == "12.50");
    CHECK(type_of(dbapi::numeric{ "1" }) == "numeric");

    dbapi::cursor cur = con().execute("SELECT 'view'::text, 'second'");
    const std::optional<dbapi::row> row = cur.fetchone();
    CHECK(row->get<std::string_view>(0) == "view");

    CHECK(wrong_kind<std::string>("1"));
    CHECK(wrong_kind<std::string>("'\\x00'::bytea"));
    CHECK(wrong_kind<dbapi::numeric>("1"));
    thrown_by<dbapi::data_error>([] { seen(std::string("a\0b", 3), "text"); });
    thrown_by<dbapi::data_error>([] { seen("\xff", "text"); });
}

TEST_CASE("SQL and names hold no NUL")
{
    using namespace std::string_literals;
    thrown_by<dbapi::programming_error>([] { con().execute("SELECT 1\0; DROP"s); });
    thrown_by<dbapi::programming_error>([] { con().execute(std::string_view("SELECT 1\0x", 10)); });
    thrown_by<dbapi::programming_error>([] { dbapi::connect("host=\0"s); });
    CHECK(con().execute(std::string_view("SELECT 12345", 9)).fetchvalue<int>() == 12);
    thrown_by<dbapi::programming_error>([] { con().execute(static_cast<const char *>(nullptr)); });
}

TEST_CASE("NULL")
{
    CHECK(got<std::optional<int>>("NULL::int") == std::nullopt);
    CHECK(got<std::optional<int>>("5") == 5);
    CHECK(back(std::optional<std::string>(), "text") == std::nullopt);
    CHECK(back(std::optional<std::string>("x"), "text") == "x");
    CHECK(con().execute("SELECT %s IS NULL", nullptr).fetchvalue<bool>());
    CHECK(con().execute("SELECT %s IS NULL", std::nullopt).fetchvalue<bool>());
    CHECK(con().execute("SELECT %s IS NULL", static_cast<const char *>(nullptr)).fetchvalue<bool>());
    CHECK(data_state<int>("NULL::int") == "22002");
    CHECK(data_state<std::string>("NULL::text") == "22002");
    CHECK(data_state<std::vector<int>>("NULL::int[]") == "22002");
    CHECK(got<dbapi_value_t>("NULL").kind == DBAPI_KIND_NULL);
}

TEST_CASE("bytes")
{
    const std::vector<std::byte> bytes{ std::byte{ 0 }, std::byte{ 0x27 }, std::byte{ 0xff } };
    CHECK(type_of(bytes) == "bytea");
    CHECK(back(bytes, "bytea") == bytes);
    CHECK(seen(std::array<std::byte, 2>{ std::byte{ 1 }, std::byte{ 2 } }, "bytea") == "\\x0102");
    CHECK(seen(dbapi::bytes_view(bytes.data(), 2), "bytea") == "\\x0027");
    CHECK(back(std::vector<std::byte>(), "bytea").empty());
    dbapi::cursor cur = con().execute("SELECT '\\x0304'::bytea");
    const auto [view] = *cur.fetchone<dbapi::bytes_view>();
    CHECK(view.size() == 2);
    CHECK(view.begin()[1] == std::byte{ 4 });
    CHECK(wrong_kind<std::vector<std::byte>>("'text'::text"));
}

TEST_CASE("uuid")
{
    const auto id = got<dbapi::uuid>("'00112233-4455-6677-8899-aabbccddeeff'::uuid");
    CHECK(id.bytes[1] == 0x11);
    CHECK(back(id, "uuid") == id);
    CHECK(type_of(id) == "uuid");
    CHECK(dbapi::uuid() < id);
    CHECK(id != dbapi::uuid());
    CHECK(wrong_kind<dbapi::uuid>("'x'::text"));
}

TEST_CASE("dates")
{
    const dbapi::date day(dbapi::days(19000));
    CHECK(seen(day, "date") == "2022-01-08");
    CHECK(type_of(day) == "date");
    CHECK(back(day, "date") == day);
    CHECK(got<dbapi::date>("'infinity'::date") == dbapi::date::max());
    CHECK(seen(dbapi::date::min(), "date") == "-infinity");
    CHECK(got<dbapi::date>("'1969-12-31'::date") == dbapi::date(dbapi::days(-1)));
    CHECK(wrong_kind<dbapi::date>("now()"));
}

TEST_CASE("timestamps with time zone")
{
    using namespace std::chrono;
    const dbapi::timestamptz at(1640995200123456us);
    CHECK(seen(at, "timestamptz") == "2022-01-01 00:00:00.123456+00");
    CHECK(back(at, "timestamptz") == at);
    CHECK(got<dbapi::timestamptz>("'infinity'::timestamptz") == dbapi::timestamptz::max());
    CHECK(seen(system_clock::time_point::max(), "timestamptz") == "infinity");
    CHECK(got<dbapi::timestamptz>("'-infinity'::timestamptz") == dbapi::timestamptz::min());
    const system_clock::time_point now = system_clock::now();
    CHECK(back(now, "timestamptz") == floor<microseconds>(now));
    CHECK(back(time_point<system_clock, nanoseconds>(-1ns), "timestamptz") == time_point<system_clock, nanoseconds>(-1us));
    CHECK(back(time_point<system_clock, seconds>(7s), "timestamptz") == time_point<system_clock, seconds>(7s));
    CHECK(data_state<time_point<system_clock, seconds>>("'2022-01-01 00:00:00.5+00'::timestamptz") == "22008");
    CHECK(data_state<time_point<system_clock, nanoseconds>>("'9999-01-01'::timestamptz") == "22008");
    CHECK(data_state<time_point<system_clock, duration<std::int32_t>>>("'9999-01-01 00:00:00+00'::timestamptz") == "22008");
    thrown_by<dbapi::data_error>([] { seen(time_point<system_clock, hours>(hours(INT64_MAX / 2)), "timestamptz"); });
    CHECK(wrong_kind<dbapi::timestamptz>("now()::timestamp"));
}

TEST_CASE("timestamps, times of day, intervals")
{
    using namespace std::chrono;
    const dbapi::timestamp at(-1us);
    CHECK(seen(at, "timestamp") == "1969-12-31 23:59:59.999999");
    CHECK(back(at, "timestamp") == at);
    CHECK(wrong_kind<dbapi::timestamp>("now()"));

    CHECK(seen(dbapi::time_of_day{ 24h }, "time") == "24:00:00");
    CHECK(back(dbapi::time_of_day{ 1h + 1us }, "time").since_midnight == 1h + 1us);
    CHECK(got<minutes>("'13:30'::time") == 13h + 30min);
    CHECK(data_state<minutes>("'13:30:01'::time") == "22008");
    CHECK(wrong_kind<dbapi::time_of_day>("'1 hour'::interval"));
    const auto zoned = back(dbapi::timetz{ 3600000000, -7200 }, "timetz");
    CHECK(zoned.microseconds == 3600000000);
    CHECK(zoned.utc_offset == -7200);

    CHECK(seen(90min, "interval") == "01:30:00");
    CHECK(type_of(1s) == "interval");
    CHECK(back(1500ms, "interval") == 1500ms);
    CHECK(got<microseconds>("'-1 hour'::interval") == -1h);
    CHECK(data_state<hours>("'1 day'::interval") == "22008");
    CHECK(data_state<hours>("'1 month'::interval") == "22008");
    CHECK(data_state<hours>("'90 minutes'::interval") == "22008");
    const auto span = back(dbapi::interval{ 5, -2, 14 }, "interval");
    CHECK(span.microseconds == 5);
    CHECK(span.days == -2);
    CHECK(span.months == 14);
    CHECK(wrong_kind<hours>("1"));
}

TEST_CASE("arrays")
{
    using grid = std::vector<std::vector<int>>;
    CHECK(back(std::vector<int>{ 1, 2, 3 }, "int[]") == std::vector<int>{ 1, 2, 3 });
    CHECK(type_of(std::vector<int>{ 1 }) == "integer[]");
    CHECK(back(std::vector<int>(), "int[]").empty());
    CHECK(back(std::vector<bool>{ true, false }, "bool[]") == std::vector<bool>{ true, false });
    CHECK(back(std::vector<std::string>{ "a,b", "\"", "" }, "text[]") == std::vector<std::string>{ "a,b", "\"", "" });
    CHECK(seen(std::vector<const char *>{ "a", nullptr }, "text[]") == "{a,NULL}");
    CHECK(back(grid{ { 1, 2 }, { 3, 4 } }, "int[]") == grid{ { 1, 2 }, { 3, 4 } });
    CHECK(back(grid{ {}, {} }, "int[]").empty());
    CHECK(got<grid>("'{}'::int[]").empty());
    CHECK(got<std::vector<int>>("'[5:6]={7,8}'::int[]") == std::vector<int>{ 7, 8 });
    CHECK(got<std::vector<std::optional<int>>>("'{1,NULL}'::int[]") == std::vector<std::optional<int>>{ 1, std::nullopt });
    CHECK(back(std::vector<std::uint64_t>{ UINT64_MAX }, "numeric[]") == std::vector<std::uint64_t>{ UINT64_MAX });
    CHECK(back(std::vector<std::vector<std::byte>>{ { std::byte{ 1 } } }, "bytea[]").at(0).at(0) == std::byte{ 1 });
    CHECK(con().execute("SELECT 2 = ANY(%s)", std::vector<int>{ 1, 2 }).fetchvalue<bool>());

    CHECK(data_state<std::vector<int>>("'{1,NULL}'::int[]") == "22002");
    CHECK(data_state<std::vector<short>>("'{70000}'::int[]") == "22003");
    CHECK(wrong_kind<std::vector<int>>("'{{1}}'::int[]"));
    CHECK(wrong_kind<grid>("'{1}'::int[]"));
    CHECK(wrong_kind<std::vector<int>>("1"));
    CHECK(wrong_kind<std::vector<int>>("'{a}'::text[]"));
    thrown_by<dbapi::data_error>([] { seen(grid{ { 1 }, { 1, 2 } }, "int[]"); });
    thrown_by<dbapi::data_error>([] { seen(grid{ {}, { 1 } }, "int[]"); });
}

TEST_CASE("whatever else there is, as dbapi.h has it")
{
    dbapi::cursor cur = con().execute("SELECT '[1,5)'::int4range, '(1,2)'::point");
    const auto row = cur.fetchone();
    const auto range = row->get<dbapi_value_t>(0);
    CHECK(range.kind == DBAPI_KIND_RANGE);
    CHECK(range.as.range->lower.as.integer == 1);
    CHECK((*row)[0].text() == "[1,5)");
    CHECK((*row)[0].oid() == 3904);
    CHECK((*row)[1].kind() == DBAPI_KIND_POINT);
    CHECK(row->get<dbapi_point_t>(1).y == 2);
    dbapi_range_t bounds{};
    bounds.flags = DBAPI_RANGE_LOWER_INCLUSIVE;
    bounds.lower.kind = DBAPI_KIND_INT;
    bounds.lower.as.integer = 3;
    dbapi_value_t parameter{};
    parameter.kind = DBAPI_KIND_RANGE;
    parameter.as.range = &bounds;
    CHECK(seen(parameter, "int4range") == "[3,)");
    CHECK(got<std::string>("repeat('x', 100000)").size() == 100000);
    dbapi::cursor wide = con().execute("SELECT repeat('x', 1000)::bytea");
    CHECK((*wide.fetchone())[0].text().size() == 2002);
}

// ---- a type of the program's own ----------------------------------------------------------------------------

namespace {

enum class colour { red, green };

struct money {
    std::int64_t cents;
};

} // namespace

template <>
struct dbapi::traits<colour> {
    static dbapi_value_t to_value(colour c, storage &keep) { return traits<std::string>::to_value(keep.hold(std::string(c == colour::red ? "red" : "green")), keep); }
    static colour from_value(const dbapi_value_t &value)
    {
        const auto name = traits<std::string_view>::from_value(value);
        if (name != "red" && name != "green") throw data_error("22P02", "no such colour");
        return name == "red" ? colour::red : colour::green;
    }
};

template <>
struct dbapi::traits<money> {
    static dbapi_value_t to_value(const money &m, storage &keep) { return traits<std::int64_t>::to_value(m.cents, keep); }
};

TEST_CASE("types of the program's own")
{
    CHECK(back(colour::green, "text") == colour::green);
    CHECK(back(std::optional<colour>(), "text") == std::nullopt);
    CHECK(back(std::vector<colour>{ colour::red, colour::green }, "text[]") == std::vector<colour>{ colour::red, colour::green });
    CHECK(seen(money{ 250 }, "int8") == "250");
    CHECK(data_state<colour>("'blue'::text") == "22P02");
    CHECK(data_state<colour>("NULL::text") == "22002");
    dbapi::cursor cur = con().execute("SELECT 1 AS id, 'blue'::text AS paint");
    const auto problem = thrown_by<dbapi::data_error>([&] { cur.fetchone<int, colour>(); });
    CHECK(std::string(problem.what()) == "column 1 (paint): no such colour");
}
