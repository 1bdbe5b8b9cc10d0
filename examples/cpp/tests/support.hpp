// What the tests share.
#ifndef DBAPI_TESTS_SUPPORT_HPP
#define DBAPI_TESTS_SUPPORT_HPP

#include <dbapi.hpp>
// Twice, for its guard.
#include <dbapi.hpp>

#include <doctest/doctest.h>

#include <string>

// The error of this class, exactly, that a call throws; the test fails if it throws another or none.
template <typename Expected, typename Call>
Expected thrown_by(Call call)
{
    try {
        call();
    } catch (const Expected &problem) {
        CHECK_MESSAGE(typeid(problem) == typeid(Expected), "of a derived class: ", problem.what());
        return problem;
    } catch (const std::exception &problem) {
        FAIL("another error: ", problem.what());
    }
    FAIL("no error");
    throw 0; // FAIL has thrown.
}

// How many rows there are, as another connection sees it.
inline std::int64_t committed(const std::string &table)
{
    dbapi::connection con = dbapi::connect();
    return con.execute("SELECT count(*) FROM " + table).fetchvalue<std::int64_t>();
}

// A table that other connections see, for a test's duration.
class shared_table {
public:
    explicit shared_table(const char *name, const char *columns) : name_(name)
    {
        run("DROP TABLE IF EXISTS " + name_);
        run("CREATE TABLE " + name_ + " (" + columns + ")");
    }
    ~shared_table()
    {
        try {
            run("DROP TABLE " + name_);
        } catch (const dbapi::error &problem) {
            MESSAGE("left behind: ", problem.what());
        }
    }
    shared_table(const shared_table &) = delete;
    shared_table &operator=(const shared_table &) = delete;

private:
    static void run(const std::string &sql)
    {
        dbapi::connection con = dbapi::connect();
        con.set_autocommit(true);
        // Else a forgotten transaction of the test's would have this wait for ever.
        con.set_timeout(std::chrono::seconds(10));
        con.execute(sql);
    }
    std::string name_;
};

#endif
