// Part of dbapi.hpp: connections.
#ifndef DBAPI_CONNECTION_HPP
#define DBAPI_CONNECTION_HPP

#include "cursor.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dbapi {

/** How a named cursor may be scrolled, and a session's setting: what `set_session` and its like take. */
enum class setting : std::int32_t {
    unchanged = DBAPI_UNCHANGED, ///< As it is.
    standard = DBAPI_DEFAULT, ///< The server's default.
    off = 0, ///< No.
    on = 1, ///< Yes.
};

/** Isolation levels of transactions. */
enum class isolation : std::int32_t {
    unchanged = DBAPI_UNCHANGED, ///< As it is.
    standard = DBAPI_ISOLATION_DEFAULT, ///< The server's default.
    read_uncommitted = DBAPI_ISOLATION_READ_UNCOMMITTED, ///< Is read_committed in PostgreSQL.
    read_committed = DBAPI_ISOLATION_READ_COMMITTED, ///< Each statement sees what was committed before it.
    repeatable_read = DBAPI_ISOLATION_REPEATABLE_READ, ///< All see what was committed before the first.
    serializable = DBAPI_ISOLATION_SERIALIZABLE, ///< As if transactions ran one after the other.
};

/** What NOTIFY sent. */
struct notification {
    std::int32_t pid; ///< The server's process that sent it.
    std::string channel; ///< Where.
    std::string payload; ///< What.
};

/** PEP 249's connection. Made by dbapi::connect. */
class connection {
public:
    connection() noexcept = default; ///< A closed one.
    explicit connection(dbapi_connection_t *handle) noexcept : handle_(handle) {} ///< Takes over a handle of dbapi.h's.

    dbapi::cursor cursor() { return named_cursor(nullptr); } ///< PEP 249's cursor. (All rows are received by execute.)
    /** psycopg2's named cursor: its rows stay on the server, and come in blocks. It needs a transaction unless withhold. */
    dbapi::cursor named_cursor(const text_arg &name, setting scrollable = setting::standard, bool withhold = false)
    {
        dbapi_cursor_t *opened = nullptr;
        detail::check(dbapi_cursor_named, native_handle(), name.c_str(), static_cast<std::int32_t>(scrollable), withhold, &opened);
        return dbapi::cursor(opened);
    }
    /** Executes on a new cursor: `for (auto [n] : con.execute("SELECT 1").rows<int>())`. */
    template <typename... Args>
    dbapi::cursor execute(const text_arg &sql, const Args &...args)
    {
        dbapi::cursor opened = cursor();
        opened.execute(sql, args...);
        return opened;
    }
    /** PEP 249's commit. Of a transaction that had failed it is an error: the server rolled it back. */
    void commit() { detail::check(dbapi_commit, native_handle()); }
    void rollback() { detail::check(dbapi_rollback, native_handle()); } ///< PEP 249's rollback.
    /** PEP 249's close: what was not committed is rolled back. Closing again does nothing. */
    void close() { if (handle_) detail::check(dbapi_close, native_handle()); }
    /** Whether it is open, closed, or broken; a `dbapi_closed_t`. Closed if it was moved from. */
    std::int32_t closed() const noexcept { return dbapi_connection_closed(native_handle()); }
    /** Where the transaction stands: a `dbapi_transaction_status_t`. */
    std::int32_t transaction_status() const noexcept { return dbapi_connection_transaction_status(native_handle()); }
    /** Makes each statement commit by itself, or not. */
    void set_autocommit(bool on) { detail::check(dbapi_connection_set_autocommit, native_handle(), on); }
    /** Whether each statement commits by itself. */
    bool autocommit() const noexcept { return dbapi_connection_autocommit(native_handle()); }
    /** psycopg2's set_session: what transactions are like from the next one on. */
    void set_session(isolation level, setting readonly = setting::unchanged, setting deferrable = setting::unchanged, setting autocommit = setting::unchanged)
    {
        detail::check(dbapi_connection_set_session, native_handle(), static_cast<std::int32_t>(level), static_cast<std::int32_t>(readonly),
            static_cast<std::int32_t>(deferrable), static_cast<std::int32_t>(autocommit));
    }
    /** The isolation level that was set. */
    isolation isolation_level() const noexcept { return static_cast<isolation>(dbapi_connection_isolation_level(native_handle())); }
    /** psycopg2's reset: the session as it was after connecting. */
    void reset() { detail::check(dbapi_connection_reset, native_handle()); }
    /** Cancels the command in progress, from another thread: it fails with operational_error, SQLSTATE 57014. */
    void cancel() { detail::check(dbapi_connection_cancel, native_handle()); }
    /** What a call may take, from the next one on; 0: as long as it likes. A statement that takes longer is cancelled. */
    void set_timeout(std::chrono::milliseconds timeout)
    {
        detail::check(dbapi_connection_set_timeout, native_handle(), static_cast<std::int64_t>(timeout.count()));
    }
    /** What a call may take; 0: as long as it likes. */
    std::chrono::milliseconds timeout() const noexcept { return std::chrono::milliseconds(dbapi_connection_timeout(native_handle())); }
    /** Takes the oldest notice (NOTICE, WARNING ...) that the server has sent. It is an error in form alone. */
    std::optional<error> notice()
    {
        dbapi_error_t *taken = nullptr;
        if (detail::check(dbapi_connection_notice, native_handle(), &taken) == DBAPI_DONE) return std::nullopt;
        return error(std::shared_ptr<dbapi_error_t>(taken, dbapi_error_free));
    }
    /** Takes the oldest notification that has arrived. */
    std::optional<notification> notify() { return taken(dbapi_connection_notify); }
    /** Waits for a notification, without a transaction; without a time: for ever. Nothing if none came in time. */
    std::optional<notification> wait_notify(std::optional<std::chrono::milliseconds> time = std::nullopt)
    {
        return taken(dbapi_connection_wait_notify, time ? std::max<std::int64_t>(time->count(), 0) : -1);
    }
    /** The server's process that serves it. */
    std::int32_t backend_pid() const noexcept { return dbapi_connection_backend_pid(native_handle()); }
    /** The server's version: 150018 is 15.18. */
    std::int32_t server_version() const noexcept { return dbapi_connection_server_version(native_handle()); }
    bool ssl_in_use() const noexcept { return dbapi_connection_ssl_in_use(native_handle()); } ///< Whether it is encrypted by TLS.
    /** What the server reports of a setting, such as TimeZone; empty if it reports none. */
    std::string parameter_status(const text_arg &name) const
    {
        return detail::collect([&](char *buffer, std::size_t capacity, std::size_t *length) {
            return detail::check(dbapi_connection_parameter_status, native_handle(), name.c_str(), buffer, capacity, length);
        });
    }
    /** The handle, for dbapi.h's other functions; NULL if it was moved from. It stays the connection's. */
    dbapi_connection_t *native_handle() const noexcept { return handle_.get(); }

private:
    struct release {
        void operator()(dbapi_connection_t *handle) const noexcept { dbapi_connection_free(handle); }
    };
    template <typename Function, typename... Args>
    std::optional<notification> taken(Function function, Args... args)
    {
        dbapi_notify_t *raw = nullptr;
        if (detail::check(function, native_handle(), args..., &raw) == DBAPI_DONE) return std::nullopt;
        const std::unique_ptr<dbapi_notify_t, decltype(&dbapi_notify_free)> owned(raw, dbapi_notify_free);
        return notification{ dbapi_notify_pid(raw), dbapi_notify_channel(raw), dbapi_notify_payload(raw) };
    }
    std::unique_ptr<dbapi_connection_t, release> handle_;
};

/**
 * PEP 249's connect. What the connection string leaves out comes from PGHOST and its like, and from defaults. Keywords
 * beside it, which need no quoting, override it: `connect("", { { "host", "localhost" }, { "password", secret } })`.
 */
inline connection connect(const text_arg &dsn = nullptr, std::initializer_list<std::pair<text_arg, text_arg>> keywords = {})
{
    std::vector<const char *> names, values;
    for (const auto &[name, value] : keywords) {
        names.push_back(name.c_str());
        values.push_back(value.c_str());
    }
    names.push_back(nullptr);
    values.push_back(nullptr);
    dbapi_connection_t *opened = nullptr;
    detail::check(dbapi_connect_params, dsn.c_str(), names.data(), values.data(), &opened);
    return connection(opened);
}

} // namespace dbapi

#endif // DBAPI_CONNECTION_HPP
