// Cursors: rows in loops and by fetches, parameters, scrolling, named cursors, results beyond the first.
#include "support.hpp"

#include <array>
#include <iterator>
#include <list>
#include <map>
#include <sstream>

using dbapi::named;

// A range whose begin and end are functions beside it.
namespace own {
struct range {
    int from, to;
};
struct iterator {
    using iterator_category = std::input_iterator_tag;
    using value_type = std::pair<int, std::string>;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = value_type;
    int at;
    value_type operator*() const { return { at, "own" }; }
    iterator &operator++() { return at++, *this; }
    bool operator!=(const iterator &other) const { return at != other.at; }
};
iterator begin(const range &range) { return { range.from }; }
iterator end(const range &range) { return { range.to + 1 }; }
} // namespace own

namespace {

// Makes its rows on the way.
struct made {
    struct iterator {
        using iterator_category = std::input_iterator_tag;
        using value_type = std::pair<int, std::string>;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = value_type;
        int at;
        value_type operator*() const { return { at, std::string(40, static_cast<char>('a' + at)) }; }
        iterator &operator++() { return at++, *this; }
        bool operator!=(const iterator &other) const { return at != other.at; }
    };
    iterator begin() const { return { 0 }; }
    iterator end() const { return { 3 }; }
};

} // namespace

TEST_CASE("typed rows with structured bindings")
{
    dbapi::connection con = dbapi::connect();
    dbapi::cursor cur = con.execute("SELECT i, CASE WHEN i % 2 = 0 THEN 'n' || i END FROM generate_series(1, 5000) i");
    std::int64_t sum = 0;
    int nulls = 0;
    for (auto [id, name] : cur.rows<int, std::optional<std::string>>()) {
        sum += id;
        if (!name) nulls++;
        else CHECK(*name == "n" + std::to_string(id));
    }
    CHECK(sum == 5000 * 5001 / 2);
    CHECK(nulls == 2500);
    CHECK_FALSE(cur.fetchone());
    CHECK(cur.begin() == cur.end());
}

TEST_CASE("rows whose cursor and connection are temporary")
{
    int count = 0;
    for (auto [n] : dbapi::connect().execute("SELECT generate_series(1, 4500)").rows<int>()) count += n > 0;
    CHECK(count == 4500);
}

TEST_CASE("untyped rows")
{
    dbapi::connection con = dbapi::connect();
    dbapi::cursor cur = con.execute("SELECT 1 AS id, 'x' AS name, NULL AS nothing");
    int rounds = 0;
    for (dbapi::row row : cur) {
        rounds++;
        CHECK(row.size() == 3);
        CHECK(row[0].get<int>() == 1);
        CHECK(row.get<int>(0) == 1);
        CHECK(row["name"].get<std::string>() == "x");
        CHECK(row.get<std::string>("name") == "x");
        CHECK(row[std::string("nothing")].is_null());
        CHECK(row["nothing"].text().empty());
        CHECK(row.columns()[1].name == std::string("name"));
        const auto [id, name, nothing] = row.as<int, std::string, std::optional<int>>();
        CHECK(id == 1);
        CHECK(name == "x");
        CHECK_FALSE(nothing);
        CHECK(thrown_by<dbapi::programming_error>([&] { row[3]; }).sqlstate() == "42703");
        CHECK(thrown_by<dbapi::programming_error>([&] { row.get<int>(3); }).sqlstate() == "42703");
        CHECK(thrown_by<dbapi::programming_error>([&] { row["other"]; }).sqlstate() == "42703");
        CHECK(thrown_by<dbapi::programming_error>([&] { row.as<int>(); }).sqlstate() == "42804");
        const auto problem = thrown_by<dbapi::data_error>([&] { row.get<int>("nothing"); });
        CHECK(std::string(problem.what()).find("column 2 (nothing)") == 0);
    }
    CHECK(rounds == 1);
}

TEST_CASE("fetches and loops may be mixed, and no row is lost")
{
    dbapi::connection con = dbapi::connect();
    dbapi::cursor cur = con.cursor();
    cur.set_itersize(7);
    cur.execute("SELECT generate_series(0, 99)");
    int expected = 0;
    for (auto [n] : cur.rows<int>()) {
        CHECK(n == expected++);
        if (n == 3) break;
    }
    CHECK(cur.rownumber() == 4);
    CHECK(*cur.fetchone<int>() == std::tuple(4));
    CHECK(cur.fetchvalue<int>() == 5);
    CHECK(cur.fetchmany<int>(10).size() == 10);
    CHECK(cur.rownumber() == 16);
    CHECK(cur.fetchmany<int>().size() == 1);
    cur.set_arraysize(3);
    CHECK(cur.fetchmany<int>().back() == std::tuple(19));
    const auto rest = cur.fetchall<int>();
    CHECK(rest.size() == 80);
    CHECK(rest.front() == std::tuple(20));
    CHECK(cur.fetchall<int>().empty());
    CHECK(cur.fetchmany<int>(5).empty());
    CHECK_FALSE(cur.fetchone<int>());
    CHECK(thrown_by<dbapi::programming_error>([&] { cur.fetchvalue<int>(); }).sqlstate() == "02000");
    CHECK(cur.rowcount() == 100);
}

TEST_CASE("scrolling, with rows of a block not yet seen")
{
    dbapi::connection con = dbapi::connect();
    dbapi::cursor cur = con.cursor();
    cur.set_itersize(10);
    cur.execute("SELECT generate_series(0, 99)");
    const auto next = [&] { return cur.fetchvalue<int>(); };
    CHECK(std::get<0>(*cur.rows<int>().begin()) == 0);
    cur.scroll(3);
    CHECK(next() == 4);
    cur.scroll(-2);
    CHECK(next() == 3);
    CHECK(std::get<0>(*cur.rows<int>().begin()) == 4);
    cur.scroll(20);
    CHECK(next() == 25);
    CHECK(std::get<0>(*cur.rows<int>().begin()) == 26);
    thrown_by<dbapi::programming_error>([&] { cur.scroll(1000); });
    thrown_by<dbapi::programming_error>([&] { cur.scroll(INT64_MIN); });
    thrown_by<dbapi::programming_error>([&] { cur.scroll_to(-1); });
    CHECK(next() == 27);
    cur.scroll_to(98);
    CHECK(cur.fetchall<int>().size() == 2);
    CHECK(cur.rownumber() == 100);
}

TEST_CASE("a result of no rows, and none at all")
{
    dbapi::connection con = dbapi::connect();
    dbapi::cursor cur = con.cursor();
    CHECK(cur.description().size() == 0);
    CHECK(cur.rowcount() == -1);
    for (dbapi::row row : cur.execute("SELECT 1 WHERE false")) FAIL("a row of ", row.size());
    CHECK(cur.description().size() == 1);
    CHECK(cur.description()[0].type_code == 23);
    cur.execute("CREATE TEMP TABLE none (a int)");
    CHECK(cur.statusmessage() == "CREATE TABLE");
    CHECK(cur.query() == "CREATE TEMP TABLE none (a int)");
    thrown_by<dbapi::programming_error>([&] { cur.fetchone(); });
    thrown_by<dbapi::programming_error>([&] { cur.begin(); });
    thrown_by<dbapi::programming_error>([&] { cur.fetchall<int>(); });
    int rounds = 0;
    for (dbapi::row row : cur.execute("SELECT FROM generate_series(1, 3)")) {
        CHECK(row.size() == 0);
        rounds++;
    }
    CHECK(rounds == 3);
}

TEST_CASE("parameters by place and by name")
{
    dbapi::connection con = dbapi::connect();
    dbapi::cursor cur = con.cursor();
    CHECK(cur.execute("SELECT %s - %s, '%%'", 5, 3).fetchvalue<int>() == 2);
    CHECK(cur.execute("SELECT 10 % 4").fetchvalue<int>() == 2);
    CHECK(cur.execute("SELECT %(a)s - %(b)s - %(a)s", named("b", 3), named("a", 5)).fetchvalue<int>() == -3);
    CHECK(cur.execute("SELECT %(text)s::text", named("text", "it's")).fetchvalue<std::string>() == "it's");
    cur.set_paramstyle(DBAPI_PARAMSTYLE_NUMERIC);
    CHECK(cur.execute("SELECT $2 - $1", 5, 3).fetchvalue<int>() == -2);
    cur.set_paramstyle(DBAPI_PARAMSTYLE_PYFORMAT);
    cur.set_binding(DBAPI_BINDING_CLIENT);
    CHECK(cur.execute("SELECT %s; SELECT %s", 1, 2).fetchvalue<int>() == 2);
    cur.set_binding(DBAPI_BINDING_SERVER);
    cur.setinputsizes({ 20 });
    CHECK(cur.execute("SELECT pg_typeof(%s)::text", 1).fetchvalue<std::string>() == "bigint");
    CHECK(cur.mogrify("SELECT %s, %s", "it's", std::vector<int>{ 1, 2 }) == "SELECT 'it''s', ARRAY[1,2]");
    CHECK(cur.mogrify("%(a)s", named("a", nullptr)) == "NULL");
    CHECK(cur.mogrify("100%") == "100%");
    CHECK(cur.mogrify("%s", std::string(1000, 'x')).size() == 1002);
    thrown_by<dbapi::programming_error>([&] { cur.execute("SELECT %s", 1, 2); });
    thrown_by<dbapi::programming_error>([&] { cur.execute("SELECT %(a)s", named("b", 1)); });
    thrown_by<dbapi::programming_error>([&] { cur.mogrify("%s %s", 1); });
    thrown_by<dbapi::programming_error>([&] { cur.execute(""); });
}

TEST_CASE("executemany from ranges")
{
    dbapi::connection con = dbapi::connect();
    dbapi::cursor cur = con.execute("CREATE TEMP TABLE many (a int, b text)");
    const char *const sql = "INSERT INTO many VALUES (%s, %s)";
    const auto sum = [&] { return cur.execute("SELECT coalesce(sum(a), 0), coalesce(string_agg(b, '' ORDER BY a), '') FROM many").fetchone<int, std::string>(); };

    const std::vector<std::tuple<int, std::optional<std::string>>> tuples{ { 1, "a" }, { 2, std::nullopt }, { 3, "c" } };
    CHECK(cur.executemany(sql, tuples).rowcount() == 3);
    cur.executemany(sql, std::list<std::pair<int, const char *>>{ { 4, "d" } });
    cur.executemany(sql, std::map<int, std::string>{ { 5, "e" }, { 6, "f" } });
    const std::pair<int, std::string_view> plain[] = { { 7, "g" } };
    cur.executemany(sql, plain);
    CHECK(*sum() == std::tuple(28, "acdefg"));

    // Rows that are gone when the iterator moves on.
    cur.execute("DELETE FROM many");
    cur.executemany(sql, made());
    CHECK(std::get<1>(*sum()) == std::string(40, 'a') + std::string(40, 'b') + std::string(40, 'c'));

    CHECK(cur.executemany(sql, std::vector<std::tuple<int, int>>()).rowcount() == 0);
    cur.executemany("INSERT INTO many (a) VALUES (%s)", std::vector<std::array<int, 1>>{ { 1 }, { 2 } });
    con.commit();

    const std::vector<std::tuple<std::string, std::string>> bad{ { "1", "a" }, { "2", "b" }, { "three", "c" } };
    const auto problem = thrown_by<dbapi::data_error>([&] { cur.executemany(sql, bad); });
    CHECK(problem.row() == 2);
    CHECK(problem.sqlstate() == "22P02");
}

TEST_CASE("executemany by name")
{
    dbapi::connection con = dbapi::connect();
    dbapi::cursor cur = con.execute("CREATE TEMP TABLE many (a int UNIQUE, b text)");
    const char *const sql = "INSERT INTO many (b, a) VALUES (%(word)s, %(id)s)";
    const std::vector<std::tuple<int, std::optional<std::string>, int>> rows{ { 1, "a", 0 }, { 2, std::nullopt, 0 }, { 3, "c", 0 } };
    CHECK(cur.executemany(sql, { "id", "word", "unused" }, rows).rowcount() == 3);
    const char *const names[] = { "word", "id" };
    cur.executemany(sql, names, std::list<std::pair<std::string_view, int>>{ { "d", 4 } });
    CHECK(cur.execute("SELECT string_agg(a || coalesce(b, '-'), ' ' ORDER BY a) FROM many").fetchvalue<std::string>() == "1a 2- 3c 4d");
    CHECK(cur.executemany(sql, names, std::map<std::string, int>()).rowcount() == 0);
    con.commit();

    const std::pair<int, const char *> twice[] = { { 5, "e" }, { 1, "f" } };
    CHECK(thrown_by<dbapi::integrity_error>([&] { cur.executemany(sql, { "id", "word" }, twice); }).row() == 1);
    con.rollback();
    const auto problem = thrown_by<dbapi::programming_error>([&] { cur.executemany(sql, { "id", "wrod" }, twice); });
    CHECK(std::string_view(problem.what()).find("%(word)s") != std::string_view::npos);
    thrown_by<dbapi::programming_error>([&] { cur.executemany(sql, { "id", static_cast<const char *>(nullptr) }, twice); });
    // Found as `for` finds it.
    CHECK(cur.executemany(sql, { "id", "word" }, own::range{ 7, 9 }).rowcount() == 3);
}

TEST_CASE("named cursors")
{
    dbapi::connection con = dbapi::connect();
    dbapi::cursor cur = con.named_cursor("on the server", dbapi::setting::on);
    CHECK(cur.name() == "on the server");
    cur.set_itersize(100);
    cur.execute("SELECT i, 'text ' || i FROM generate_series(0, 999) i");
    int expected = 0;
    for (auto [n, text] : cur.rows<int, std::string_view>()) {
        CHECK(n == expected);
        CHECK(text == "text " + std::to_string(expected));
        expected++;
        if (n == 150) break;
    }
    CHECK(cur.rownumber() == 151);
    cur.scroll(10);
    CHECK(cur.fetchone<int, std::string>() == std::tuple(161, "text 161"));
    cur.scroll(-1);
    CHECK(std::get<0>(*cur.fetchone<int, std::string>()) == 161);
    cur.scroll(500);
    CHECK(std::get<0>(*cur.fetchone<int, std::string>()) == 662);
    cur.scroll_to(990);
    CHECK(cur.fetchall<int, std::string>().size() == 10);
    CHECK(cur.description()[1].name == std::string("?column?"));
    thrown_by<dbapi::programming_error>([&] { cur.execute("SELECT 1"); });

    // One that cannot go back goes forward among the rows that it has.
    dbapi::cursor forward = con.named_cursor("forward", dbapi::setting::off);
    forward.set_itersize(100);
    forward.execute("SELECT generate_series(0, 999)");
    CHECK(std::get<0>(*forward.rows<int>().begin()) == 0);
    forward.scroll(50);
    CHECK(forward.fetchvalue<int>() == 51);
    forward.scroll(100);
    CHECK(forward.fetchvalue<int>() == 152);
    CHECK(thrown_by<dbapi::operational_error>([&] { forward.scroll(-1); }).sqlstate() == "55000");
    con.rollback();
    con.set_autocommit(true);
    thrown_by<dbapi::programming_error>([&] { con.named_cursor("n").execute("SELECT 1"); });
    dbapi::cursor held = con.named_cursor(std::string("held"), dbapi::setting::standard, true);
    CHECK(held.execute("SELECT 7").fetchvalue<int>() == 7);
    thrown_by<dbapi::programming_error>([&] { con.named_cursor(""); });
}

TEST_CASE("several results, and functions")
{
    dbapi::connection con = dbapi::connect();
    dbapi::cursor cur = con.cursor();
    cur.set_all_results(true);
    cur.execute("SELECT generate_series(1, 5); SELECT 'two'");
    CHECK(cur.fetchvalue<int>() == 1);
    CHECK(std::get<0>(*cur.rows<int>().begin()) == 2);
    CHECK(cur.nextset());
    CHECK(cur.fetchvalue<std::string>() == "two");
    CHECK_FALSE(cur.nextset());

    con.execute("CREATE FUNCTION pg_temp.sub(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT a - b'");
    CHECK(cur.callproc("pg_temp.sub", 5, 3).fetchvalue<int>() == 2);
    CHECK(cur.callproc("pg_temp.sub", named("b", 5), named("a", 3)).fetchvalue<int>() == -2);
    CHECK(cur.callproc("pg_backend_pid").fetchvalue<int>() == con.backend_pid());
    CHECK(thrown_by<dbapi::programming_error>([&] { cur.callproc("no_such_function"); }).sqlstate() == "42883");
}
