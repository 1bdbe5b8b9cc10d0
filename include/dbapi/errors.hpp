// Part of dbapi.hpp: exceptions of PEP 249's classes.
#ifndef DBAPI_ERRORS_HPP
#define DBAPI_ERRORS_HPP

#include <dbapi.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace dbapi {

/**
 * The base of all errors: PEP 249's Error. `what()` tells a person everything. Texts are empty where the server sent
 * none, and live as long as the exception or a copy of it.
 */
class error : public std::runtime_error {
public:
    /** An error of the caller's own, as a conversion (dbapi::traits) may throw. */
    error(const char *sqlstate, const std::string &message) : std::runtime_error(message), sqlstate_(sqlstate) {}
    /** What the library reported; it is owned from here on. */
    explicit error(std::shared_ptr<dbapi_error_t> handle)
        : std::runtime_error(dbapi_error_message(handle.get())), handle_(std::move(handle)), sqlstate_(dbapi_error_sqlstate(handle_.get())) {}

    std::string_view sqlstate() const noexcept { return text(sqlstate_); } ///< The SQLSTATE: five characters.
    /** PostgreSQL's name of the SQLSTATE, such as "unique_violation". */
    std::string_view condition() const noexcept { return text(dbapi_sqlstate_condition(sqlstate_)); }
    /** ERROR, FATAL, PANIC; of a notice WARNING, NOTICE and the like; never translated. */
    std::string_view severity() const noexcept { return field(dbapi_error_severity_nonlocalized); }
    /** The message alone, usually one line. */
    std::string_view primary() const noexcept { return field(dbapi_error_message_primary); }
    std::string_view detail() const noexcept { return field(dbapi_error_message_detail); } ///< More about the problem.
    std::string_view hint() const noexcept { return field(dbapi_error_message_hint); } ///< What to do about it.
    /** Where in the statement as it was sent: decimal digits, in characters from 1. */
    std::string_view position() const noexcept { return field(dbapi_error_statement_position); }
    /** Where it happened: the calls on the server, innermost first, one a line. */
    std::string_view context() const noexcept { return field(dbapi_error_context); }
    std::string_view schema_name() const noexcept { return field(dbapi_error_schema_name); } ///< The schema of what it is about.
    std::string_view table_name() const noexcept { return field(dbapi_error_table_name); } ///< The table that it is about.
    std::string_view column_name() const noexcept { return field(dbapi_error_column_name); } ///< The column that it is about.
    std::string_view datatype_name() const noexcept { return field(dbapi_error_datatype_name); } ///< The type that it is about.
    /** The constraint that was violated. */
    std::string_view constraint_name() const noexcept { return field(dbapi_error_constraint_name); }
    /** Which row of an executemany met it, from 0; -1: none. */
    std::int64_t row() const noexcept { return handle_ ? dbapi_error_row(handle_.get()) : -1; }
    /** Whether the connection can still be used. */
    bool connection_usable() const noexcept { return !handle_ || dbapi_error_connection_usable(handle_.get()); }
    /** Whether the transaction can go on; if not, it can only be rolled back. */
    bool transaction_usable() const noexcept { return !handle_ || dbapi_error_transaction_usable(handle_.get()); }
    /** Whether the same work, from its transaction's start, may succeed if run again. */
    bool retryable() const noexcept { return handle_ && dbapi_error_retryable(handle_.get()); }
    /** Whether a time-out of the client's brought it about. */
    bool timed_out() const noexcept { return handle_ && dbapi_error_timed_out(handle_.get()); }
    /** The handle, for dbapi.h's other functions; NULL if the error was made in C++. It stays the exception's. */
    const dbapi_error_t *native_handle() const noexcept { return handle_.get(); }

private:
    static std::string_view text(const char *text) noexcept { return text ? std::string_view(text) : std::string_view(); }
    std::string_view field(const char *(*get)(const dbapi_error_t *)) const noexcept
    {
        return handle_ ? text(get(handle_.get())) : std::string_view();
    }
    std::shared_ptr<dbapi_error_t> handle_;
    const char *sqlstate_;
};

/** PEP 249's InterfaceError: an object that is closed or was moved from. */
class interface_error : public error { using error::error; };
/** PEP 249's DatabaseError: the base of what follows, and an error of the server that none of them names. */
class database_error : public error { using error::error; };
/** PEP 249's DataError: a value out of range, a NULL or a number that the type asked for cannot hold. */
class data_error : public database_error { using database_error::database_error; };
/** PEP 249's OperationalError: a lost connection, a cancelled statement, a deadlock. */
class operational_error : public database_error { using database_error::database_error; };
/** PEP 249's IntegrityError: a violated constraint. */
class integrity_error : public database_error { using database_error::database_error; };
/** PEP 249's InternalError: of the server, or of the library. */
class internal_error : public database_error { using database_error::database_error; };
/** PEP 249's ProgrammingError: wrong SQL, a bad argument, a value asked for as another kind than it is. */
class programming_error : public database_error { using database_error::database_error; };
/** PEP 249's NotSupportedError: what the server or the library does not do. */
class not_supported_error : public database_error { using database_error::database_error; };

/** Not for use outside of this header. */
namespace detail {

[[noreturn]] inline void raise(dbapi_status_t status, dbapi_error_t *failure)
{
    std::shared_ptr<dbapi_error_t> handle(failure, dbapi_error_free);
    switch (status) {
    case DBAPI_INTERFACE_ERROR: throw interface_error(std::move(handle));
    case DBAPI_DATA_ERROR: throw data_error(std::move(handle));
    case DBAPI_OPERATIONAL_ERROR: throw operational_error(std::move(handle));
    case DBAPI_INTEGRITY_ERROR: throw integrity_error(std::move(handle));
    case DBAPI_INTERNAL_ERROR: throw internal_error(std::move(handle));
    case DBAPI_PROGRAMMING_ERROR: throw programming_error(std::move(handle));
    case DBAPI_NOT_SUPPORTED_ERROR: throw not_supported_error(std::move(handle));
    default: throw database_error(std::move(handle));
    }
}

// Calls a function of dbapi.h whose last argument receives the error, and throws that.
template <typename... Formal, typename... Actual>
dbapi_status_t check(dbapi_status_t (*function)(Formal...), Actual... arguments)
{
    dbapi_error_t *failure = nullptr;
    const dbapi_status_t status = function(arguments..., &failure);
    if (status < 0) raise(status, failure);
    return status;
}

} // namespace detail

} // namespace dbapi

#endif // DBAPI_ERRORS_HPP
