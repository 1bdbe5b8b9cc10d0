/**
 * @file dbapi.hpp
 * libdbapi for C++17: dbapi.h in handles that free themselves, exceptions, and values of C++'s own types.
 *
 *     dbapi::connection con = dbapi::connect("host=localhost dbname=test");
 *     dbapi::transaction work(con);
 *     con.execute("INSERT INTO test (num, data) VALUES (%s, %s)", 100, "abc'def");
 *     dbapi::cursor cur = con.execute("SELECT num, data FROM test");
 *     for (auto [num, data] : cur.rows<int, std::optional<std::string>>()) { ... }
 *     work.commit();
 *
 * Only headers, this one and its parts in dbapi/: link with -ldbapi. What they leave out of dbapi.h is reached through
 * `native_handle()`.
 *
 * Lifetimes: connections and cursors are moved, not copied, and may go in any order: a cursor, and a loop over its
 * rows, keep the connection alive. Rows are fetched in blocks. What looks into a block (dbapi::row, dbapi::value,
 * std::string_view, dbapi::bytes_view) is valid until its cursor fetches, executes, closes or goes away: inside a
 * loop over rows, until the loop's next round. Everything else that is given is a copy.
 *
 * Threads: threads may share a connection, their calls take turns (and share its transaction). A cursor, with its
 * rows, and a guard belong in one thread at a time. Moving and destroying an object is for one thread, when no other
 * uses it. Exceptions may go to any thread.
 *
 * Errors: each failure is an exception derived from dbapi::error, of PEP 249's classes; destructors throw nothing. An
 * object that was closed or moved from throws dbapi::interface_error when it is used.
 */
#ifndef DBAPI_HPP
#define DBAPI_HPP

#include "dbapi/arrays.hpp"
#include "dbapi/connection.hpp"
#include "dbapi/cursor.hpp"
#include "dbapi/errors.hpp"
#include "dbapi/rows.hpp"
#include "dbapi/times.hpp"
#include "dbapi/transaction.hpp"
#include "dbapi/values.hpp"

/** libdbapi. */
namespace dbapi {
}

#endif // DBAPI_HPP
