// Transactions, savepoints and the session's settings. What is committed is seen from a second connection.
#include "support.hpp"

TEST_CASE("a transaction is kept by commit alone")
{
    const shared_table table("hpp_transaction", "a int");
    dbapi::connection con = dbapi::connect();
    {
        dbapi::transaction work(con);
        con.execute("INSERT INTO hpp_transaction VALUES (1)");
    }
    CHECK(con.transaction_status() == DBAPI_TRANSACTION_IDLE);
    CHECK(committed("hpp_transaction") == 0);
    {
        dbapi::transaction work(con);
        con.execute("INSERT INTO hpp_transaction VALUES (1)");
        work.commit();
        CHECK(thrown_by<dbapi::programming_error>([&] { work.commit(); }).sqlstate() == "25P01");
        thrown_by<dbapi::programming_error>([&] { work.rollback(); });
        // Not the guard's any more.
        con.execute("INSERT INTO hpp_transaction VALUES (2)");
    }
    CHECK(committed("hpp_transaction") == 1);
    CHECK(con.transaction_status() == DBAPI_TRANSACTION_INTRANS);
    CHECK(thrown_by<dbapi::programming_error>([&] { dbapi::transaction nested(con); }).sqlstate() == "25001");
    con.rollback();
    {
        dbapi::transaction work(con);
        con.execute("INSERT INTO hpp_transaction VALUES (3)");
        work.rollback();
    }
    CHECK(committed("hpp_transaction") == 1);
}

TEST_CASE("an exception rolls back")
{
    const shared_table table("hpp_exception", "a int");
    dbapi::connection con = dbapi::connect();
    CHECK_THROWS_AS(
        [&] {
            dbapi::transaction work(con);
            con.execute("INSERT INTO hpp_exception SELECT generate_series(1, 10)");
            for (dbapi::row row : con.execute("SELECT a FROM hpp_exception")) {
                if (row.get<int>(0) == 5) throw std::out_of_range("in the midst of the rows");
            }
            work.commit();
        }(),
        std::out_of_range);
    CHECK(con.transaction_status() == DBAPI_TRANSACTION_IDLE);
    CHECK(committed("hpp_exception") == 0);
}

TEST_CASE("in autocommit mode it is off meanwhile")
{
    const shared_table table("hpp_autocommit", "a int");
    dbapi::connection con = dbapi::connect();
    con.set_autocommit(true);
    {
        dbapi::transaction work(con);
        CHECK_FALSE(con.autocommit());
        con.execute("INSERT INTO hpp_autocommit VALUES (1)");
    }
    CHECK(con.autocommit());
    {
        dbapi::transaction work(con);
        con.execute("INSERT INTO hpp_autocommit VALUES (1)");
        work.commit();
        CHECK(con.autocommit());
    }
    CHECK(committed("hpp_autocommit") == 1);
    thrown_by<dbapi::programming_error>([&] { dbapi::savepoint point(con); });
}

TEST_CASE("a failed transaction cannot be committed")
{
    dbapi::connection con = dbapi::connect();
    {
        dbapi::transaction work(con);
        thrown_by<dbapi::data_error>([&] { con.execute("SELECT 1/0"); });
        thrown_by<dbapi::operational_error>([&] { work.commit(); });
    }
    CHECK(con.transaction_status() == DBAPI_TRANSACTION_IDLE);
    CHECK(con.execute("SELECT 1").fetchvalue<int>() == 1);
}

TEST_CASE("savepoints nest")
{
    const shared_table table("hpp_savepoint", "a int");
    dbapi::connection con = dbapi::connect();
    const auto insert = [&](int a) { con.execute("INSERT INTO hpp_savepoint VALUES (%s)", a); };
    {
        dbapi::transaction work(con);
        insert(1);
        {
            dbapi::savepoint outer(con);
            insert(10);
            {
                dbapi::savepoint inner(con);
                insert(100);
                thrown_by<dbapi::data_error>([&] { con.execute("SELECT 1/0"); });
            }
            insert(20);
            outer.release();
            CHECK(thrown_by<dbapi::programming_error>([&] { outer.release(); }).sqlstate() == "3B001");
        }
        {
            dbapi::savepoint undone(con);
            insert(1000);
            undone.rollback();
            insert(2);
        }
        work.commit();
    }
    CHECK(dbapi::connect().execute("SELECT sum(a) FROM hpp_savepoint").fetchvalue<int>() == 33);
}

TEST_CASE("savepoints that end in another order")
{
    dbapi::connection con = dbapi::connect();
    con.execute("CREATE TEMP TABLE disorder (a int)");
    auto outer = std::make_unique<dbapi::savepoint>(con);
    con.execute("INSERT INTO disorder VALUES (1)");
    auto inner = std::make_unique<dbapi::savepoint>(con);
    con.execute("INSERT INTO disorder VALUES (2)");
    outer.reset();
    CHECK(con.execute("SELECT count(*) FROM disorder").fetchvalue<int>() == 0);
    // It went with the outer one: its end changes nothing.
    thrown_by<dbapi::programming_error>([&] { inner->release(); });
    inner.reset();
    CHECK(con.transaction_status() == DBAPI_TRANSACTION_INTRANS);
    con.commit();
}

TEST_CASE("guards on a connection that is closed, or lost, throw nothing at their end")
{
    dbapi::connection con = dbapi::connect();
    {
        dbapi::transaction work(con);
        dbapi::savepoint point(con);
        con.execute("SELECT 1");
        con.close();
    }
    con = dbapi::connect();
    {
        dbapi::transaction work(con);
        const int pid = con.backend_pid();
        con.execute("SELECT 1");
        dbapi::connection other = dbapi::connect();
        other.execute("SELECT pg_terminate_backend(%s)", pid);
        const auto lost = thrown_by<dbapi::operational_error>([&] {
            while (true) con.execute("SELECT pg_sleep(0.01)");
        });
        CHECK_FALSE(lost.connection_usable());
        CHECK_FALSE(lost.transaction_usable());
        CHECK(con.closed() == DBAPI_CLOSED_BROKEN);
    }
    CHECK(con.transaction_status() == DBAPI_TRANSACTION_UNKNOWN);
}

TEST_CASE("the session's settings")
{
    dbapi::connection con = dbapi::connect();
    const auto show = [&](const std::string &name) { return con.execute("SHOW " + name).fetchvalue<std::string>(); };
    con.set_session(dbapi::isolation::serializable, dbapi::setting::on);
    CHECK(show("transaction_isolation") == "serializable");
    CHECK(show("transaction_read_only") == "on");
    thrown_by<dbapi::programming_error>([&] { con.set_session(dbapi::isolation::standard); });
    CHECK(thrown_by<dbapi::internal_error>([&] { con.execute("CREATE TABLE nowhere ()"); }).sqlstate() == "25006");
    con.rollback();
    CHECK(con.isolation_level() == dbapi::isolation::serializable);
    con.set_session(dbapi::isolation::unchanged, dbapi::setting::standard, dbapi::setting::unchanged, dbapi::setting::on);
    CHECK(con.autocommit());
    CHECK(show("transaction_isolation") == "serializable");
    CHECK(show("transaction_read_only") == "off");
    con.execute("SET TimeZone = 'Europe/Paris'");
    CHECK(con.parameter_status("TimeZone") == "Europe/Paris");
    CHECK(con.parameter_status("no_such_setting").empty());
    con.reset();
    CHECK_FALSE(con.autocommit());
    CHECK(con.isolation_level() == dbapi::isolation::standard);
    CHECK(con.parameter_status("TimeZone") == "UTC");
}
