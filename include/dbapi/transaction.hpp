// Part of dbapi.hpp: transactions and savepoints that end with their scope.
#ifndef DBAPI_TRANSACTION_HPP
#define DBAPI_TRANSACTION_HPP

#include "connection.hpp"

#include <cstdio>
#include <utility>

namespace dbapi {

/**
 * A transaction on a connection that has none open: rolled back at the end of its scope unless `commit` was called. In
 * autocommit mode, that is off meanwhile. The connection must outlive it and stay where it is.
 */
class transaction {
public:
    /** Begins: programming_error if a transaction is open already, in which a dbapi::savepoint nests. */
    explicit transaction(connection &on) : connection_(&on), autocommit_(on.autocommit())
    {
        if (on.transaction_status() == DBAPI_TRANSACTION_INTRANS || on.transaction_status() == DBAPI_TRANSACTION_INERROR) {
            throw programming_error("25001", "a transaction is open already: end it first, or nest a dbapi::savepoint");
        }
        if (autocommit_) on.set_autocommit(false);
    }
    transaction(const transaction &) = delete; ///< Bound to its scope.
    transaction &operator=(const transaction &) = delete; ///< Bound to its scope.
    /** Rolls back what was not committed. */
    ~transaction()
    {
        if (!connection_) return;
        dbapi_rollback(connection_->native_handle(), nullptr);
        if (autocommit_) dbapi_connection_set_autocommit(connection_->native_handle(), true, nullptr);
    }
    void commit() { finish(&connection::commit); } ///< Commits, and ends it. If that fails, the transaction's work is undone.
    void rollback() { finish(&connection::rollback); } ///< Rolls back, and ends it.

private:
    void finish(void (connection::*how)())
    {
        if (!connection_) throw programming_error("25P01", "the transaction has ended already");
        (connection_->*how)();
        connection &on = *std::exchange(connection_, nullptr);
        if (autocommit_) on.set_autocommit(true);
    }
    connection *connection_;
    bool autocommit_;
};

/**
 * A part of a transaction: undone at the end of its scope unless `release` was called, even if the transaction has
 * failed in it. They nest. The connection must outlive it and stay where it is.
 */
class savepoint {
public:
    /** Sets it, beginning the transaction if need be; programming_error in autocommit mode outside of one. */
    explicit savepoint(connection &on) : connection_(&on)
    {
        // Each has its own name: the guards of one connection are at different places.
        std::snprintf(name_, sizeof name_, "dbapi::savepoint %p", static_cast<void *>(this));
        detail::check(dbapi_savepoint_begin, on.native_handle(), name_);
    }
    savepoint(const savepoint &) = delete; ///< Bound to its scope.
    savepoint &operator=(const savepoint &) = delete; ///< Bound to its scope.
    /** Undoes what was not released. */
    ~savepoint() { if (connection_) dbapi_savepoint_rollback(connection_->native_handle(), name_, nullptr); }
    void release() { finish(dbapi_savepoint_release); } ///< Keeps what was done since: it is the transaction's.
    void rollback() { finish(dbapi_savepoint_rollback); } ///< Undoes what was done since.

private:
    void finish(dbapi_status_t (*how)(dbapi_connection_t *, const char *, dbapi_error_t **))
    {
        if (!connection_) throw programming_error("3B001", "the savepoint has ended already");
        detail::check(how, connection_->native_handle(), name_);
        connection_ = nullptr;
    }
    connection *connection_;
    char name_[48];
};

} // namespace dbapi

#endif // DBAPI_TRANSACTION_HPP
