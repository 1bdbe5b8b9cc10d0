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
 * Only a header: link with -ldbapi. What it leaves out of dbapi.h is reached through `native_handle()`.
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

#include <dbapi.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <ratio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/** libdbapi. */
namespace dbapi {

// ---- errors ----------------------------------------------------------------------------------------------------

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

// What a function that works as snprintf does has to say.
template <typename Call>
std::string collect(Call call)
{
    std::string text(128, '\0');
    std::size_t length = 0;
    dbapi_status_t status = call(&text[0], text.size() + 1, &length);
    while (status == DBAPI_OK && length > text.size()) {
        text.resize(length);
        status = call(&text[0], text.size() + 1, &length);
    }
    text.resize(status == DBAPI_OK ? length : 0);
    return text;
}

inline const char *kind_name(std::int32_t kind)
{
    static constexpr const char *names[] = { "NULL", "BOOL", "INT", "FLOAT", "NUMERIC", "TEXT", "BYTES", "DATE", "TIME", "TIMETZ", "TIMESTAMP",
        "TIMESTAMPTZ", "INTERVAL", "UUID", "JSON", "ARRAY", "RANGE", "MULTIRANGE", "COMPOSITE", "INET", "BITS", "POINT", "GEOMETRY", "HSTORE" };
    return kind >= 0 && static_cast<std::size_t>(kind) < std::size(names) ? names[kind] : "unknown";
}

[[noreturn]] inline void wrong_kind(const dbapi_value_t &value, const char *wanted)
{
    throw programming_error("42804", std::string("a value of kind ") + kind_name(value.kind) + " was asked for as " + wanted);
}

[[noreturn]] inline void out_of_range(const char *wanted, const char *sqlstate = "22003")
{
    throw data_error(sqlstate, std::string("the value is out of the range of the type asked for, ") + wanted);
}

template <typename Integer>
Integer narrow(std::int64_t number, const char *sqlstate = "22003")
{
    using limits = std::numeric_limits<Integer>;
    if constexpr (std::is_unsigned_v<Integer>) {
        if (number < 0 || static_cast<std::uint64_t>(number) > limits::max()) out_of_range("an integer", sqlstate);
    } else if constexpr (sizeof(Integer) < sizeof number) {
        if (number < limits::min() || number > limits::max()) out_of_range("an integer", sqlstate);
    }
    return static_cast<Integer>(number);
}

template <typename Number>
Number parse(const dbapi_value_t &value, const char *wanted)
{
    Number number{};
    const char *const end = value.as.text.data + value.as.text.length;
    const auto [at, problem] = std::from_chars(value.as.text.data, end, number);
    if (problem != std::errc() || at != end) out_of_range(wanted);
    return number;
}

inline dbapi_value_t of_kind(std::int32_t kind)
{
    dbapi_value_t value{};
    value.kind = kind;
    return value;
}

inline dbapi_value_t of_integer(std::int32_t kind, std::int64_t integer)
{
    dbapi_value_t value = of_kind(kind);
    value.as.integer = integer;
    return value;
}

inline dbapi_value_t of_data(std::int32_t kind, const char *data, std::size_t length)
{
    dbapi_value_t value = of_kind(kind);
    value.as.text.data = data;
    value.as.text.length = length;
    return value;
}

template <typename> inline constexpr bool never = false;

} // namespace detail

// ---- values ----------------------------------------------------------------------------------------------------

/** A text that ends with a NUL, for SQL and names: from a literal, a std::string, or (copied) a std::string_view. */
class text_arg {
public:
    text_arg(const char *text) noexcept : data_(text) {} ///< Borrowed. NULL is for the library to judge.
    /** Borrowed; throws dbapi::programming_error if a NUL is in it. */
    text_arg(const std::string &text) : data_(text.c_str()) { refuse_nul(text); }
    /** Copied; throws dbapi::programming_error if a NUL is in it. */
    text_arg(std::string_view text) : copy_(text), copied_(true) { refuse_nul(text); }
    const char *c_str() const noexcept { return copied_ ? copy_.c_str() : data_; } ///< The text.

private:
    static void refuse_nul(std::string_view text)
    {
        if (text.find('\0') != text.npos) throw programming_error("42601", "SQL, names and connection strings hold no NUL");
    }
    std::string copy_;
    bool copied_ = false;
    const char *data_ = nullptr;
};

/** Keeps what parameters point to until their call ends. */
class storage {
public:
    /** Takes a thing, and gives the place where it stays. */
    template <typename T>
    T &hold(T thing)
    {
        auto held = std::make_shared<T>(std::move(thing));
        T &place = *held;
        held_.push_back(std::move(held));
        return place;
    }

private:
    std::vector<std::shared_ptr<void>> held_;
};

/**
 * How a type of C++ becomes a parameter, and comes from a column. Specialize it for a type of your own; either
 * function may be left out:
 *
 *     template <> struct dbapi::traits<colour> {
 *         static dbapi_value_t to_value(const colour &c, dbapi::storage &keep)
 *             { return dbapi::traits<std::string>::to_value(keep.hold(name_of(c)), keep); }
 *         static colour from_value(const dbapi_value_t &v) { return parse(dbapi::traits<std::string_view>::from_value(v)); }
 *     };
 *
 * What a value points to must live until the call ends: in the argument itself, or in the storage. `from_value` does
 * not meet NULL (that is std::optional's) unless `static constexpr bool takes_null = true` is there; a type that looks
 * into the row rather than copies has `static constexpr bool borrows = true`. The second parameter is for enable_if.
 */
template <typename T, typename = void>
struct traits {
    static_assert(detail::never<T>, "libdbapi does not know this type: specialize dbapi::traits for it");
};

namespace detail {

template <typename T, typename = void> inline constexpr bool takes_null = false;
template <typename T> inline constexpr bool takes_null<T, std::enable_if_t<traits<T>::takes_null>> = true;
template <typename T, typename = void> inline constexpr bool borrows = false;
template <typename T> inline constexpr bool borrows<T, std::enable_if_t<traits<T>::borrows>> = true;

template <typename T>
T read(const dbapi_value_t &value)
{
    if constexpr (!takes_null<T>) {
        if (value.kind == DBAPI_KIND_NULL) throw data_error("22002", "NULL was asked for as a type that has none: ask for std::optional");
    }
    return traits<T>::from_value(value);
}

template <typename T>
dbapi_value_t write(const T &argument, storage &keep) { return traits<std::decay_t<const T &>>::to_value(argument, keep); }

template <typename T>
inline constexpr bool is_integer = std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char>
    && !std::is_same_v<T, wchar_t> && !std::is_same_v<T, char16_t> && !std::is_same_v<T, char32_t>
#ifdef __cpp_char8_t
    && !std::is_same_v<T, char8_t>
#endif
    ;

} // namespace detail

/** Any kind, as dbapi.h has it: the way for what has no type here. What it points to is the row's. */
template <>
struct traits<dbapi_value_t> {
    static constexpr bool takes_null = true; ///< It can hold NULL.
    static constexpr bool borrows = true; ///< It looks into the row.
    static dbapi_value_t to_value(const dbapi_value_t &value, storage &) noexcept { return value; } ///< As it is.
    static dbapi_value_t from_value(const dbapi_value_t &value) noexcept { return value; } ///< As it is.
};

/** NULL, or what T holds. */
template <typename T>
struct traits<std::optional<T>> {
    static constexpr bool takes_null = true; ///< It can hold NULL.
    static constexpr bool borrows = detail::borrows<T>; ///< If T does.
    /** Nothing is NULL. */
    static dbapi_value_t to_value(const std::optional<T> &value, storage &keep)
    {
        return value ? traits<T>::to_value(*value, keep) : detail::of_kind(DBAPI_KIND_NULL);
    }
    /** NULL is nothing. */
    static std::optional<T> from_value(const dbapi_value_t &value)
    {
        if (value.kind == DBAPI_KIND_NULL) return std::nullopt;
        return traits<T>::from_value(value);
    }
};

namespace detail {

struct null {
    template <typename T>
    static dbapi_value_t to_value(T, storage &) noexcept { return of_kind(DBAPI_KIND_NULL); }
};

// A type that is a member of the union, and its kind.
template <typename T, std::int32_t kind, T dbapi_value_as_t::*which>
struct member {
    static dbapi_value_t to_value(const T &thing, storage &) noexcept
    {
        dbapi_value_t value = of_kind(kind);
        value.as.*which = thing;
        return value;
    }
    static T from_value(const dbapi_value_t &value)
    {
        if (value.kind != kind) wrong_kind(value, kind_name(kind));
        return value.as.*which;
    }
};

// Text of three kinds.
template <typename T, bool view>
struct text {
    static constexpr bool borrows = view;
    static dbapi_value_t to_value(const T &text, storage &) noexcept { return of_data(DBAPI_KIND_TEXT, text.data(), text.size()); }
    static T from_value(const dbapi_value_t &value)
    {
        if (value.kind != DBAPI_KIND_TEXT && value.kind != DBAPI_KIND_JSON && value.kind != DBAPI_KIND_NUMERIC) wrong_kind(value, "text");
        return T(value.as.text.data, value.as.text.length);
    }
};

} // namespace detail

/** NULL. */
template <> struct traits<std::nullptr_t> : detail::null {};
/** NULL. */
template <> struct traits<std::nullopt_t> : detail::null {};
/** boolean: no number is one. */
template <> struct traits<bool> : detail::member<bool, DBAPI_KIND_BOOL, &dbapi_value_as_t::boolean> {};
/** interval, with its months and days. */
template <> struct traits<dbapi_interval_t> : detail::member<dbapi_interval_t, DBAPI_KIND_INTERVAL, &dbapi_value_as_t::interval> {};
/** timetz. */
template <> struct traits<dbapi_timetz_t> : detail::member<dbapi_timetz_t, DBAPI_KIND_TIMETZ, &dbapi_value_as_t::timetz> {};
/** point. */
template <> struct traits<dbapi_point_t> : detail::member<dbapi_point_t, DBAPI_KIND_POINT, &dbapi_value_as_t::point> {};
/** Text: as a parameter an untyped literal; from TEXT, JSON and NUMERIC's digits (value::text() renders other kinds). */
template <> struct traits<std::string> : detail::text<std::string, false> {};
/** Text that is borrowed: as a parameter during the call, from a row as long as the row. */
template <> struct traits<std::string_view> : detail::text<std::string_view, true> {};

/** Integers of every width, characters excepted. */
template <typename T>
struct traits<T, std::enable_if_t<detail::is_integer<T>>> {
    /** Typed as the same literal; beyond int64 it is numeric. */
    static dbapi_value_t to_value(T number, storage &keep)
    {
        if constexpr (std::is_unsigned_v<T> && sizeof(T) >= sizeof(std::int64_t)) {
            if (number > static_cast<T>(std::numeric_limits<std::int64_t>::max())) {
                const std::string &digits = keep.hold(std::to_string(number));
                return detail::of_data(DBAPI_KIND_NUMERIC, digits.data(), digits.size());
            }
        }
        return detail::of_integer(DBAPI_KIND_INT, static_cast<std::int64_t>(number));
    }
    /** Of INT, and of a NUMERIC without a point; data_error if T does not reach it. */
    static T from_value(const dbapi_value_t &value)
    {
        if (value.kind == DBAPI_KIND_INT) return detail::narrow<T>(value.as.integer);
        if (value.kind != DBAPI_KIND_NUMERIC) detail::wrong_kind(value, "an integer");
        return detail::parse<T>(value, "an integer");
    }
};

/** float, double, long double. */
template <typename T>
struct traits<T, std::enable_if_t<std::is_floating_point_v<T>>> {
    /** A float8. */
    static dbapi_value_t to_value(T number, storage &)
    {
        dbapi_value_t value = detail::of_kind(DBAPI_KIND_FLOAT);
        value.as.floating = static_cast<double>(number);
        return value;
    }
    /** Of FLOAT and NUMERIC, rounded to what T holds; of an INT that T holds exactly. */
    static T from_value(const dbapi_value_t &value)
    {
        using limits = std::numeric_limits<T>;
        if (value.kind == DBAPI_KIND_INT) {
            constexpr std::int64_t exact = limits::digits < 63 ? std::int64_t{ 1 } << std::min(limits::digits, 62) : limits::digits;
            if (limits::digits < 63 && (value.as.integer > exact || value.as.integer < -exact)) detail::out_of_range("a floating-point number");
            return static_cast<T>(value.as.integer);
        }
        if (value.kind == DBAPI_KIND_NUMERIC) return detail::parse<T>(value, "a floating-point number");
        if (value.kind != DBAPI_KIND_FLOAT) detail::wrong_kind(value, "a floating-point number");
        if constexpr (sizeof(T) < sizeof(double)) {
            const double size = value.as.floating < 0 ? -value.as.floating : value.as.floating;
            if (size > static_cast<double>(limits::max()) && size <= std::numeric_limits<double>::max()) detail::out_of_range("a floating-point number");
        }
        return static_cast<T>(value.as.floating);
    }
};

/** Text as a parameter; NULL is NULL. */
template <>
struct traits<const char *> {
    /** As a std::string_view's. */
    static dbapi_value_t to_value(const char *text, storage &)
    {
        return text ? detail::of_data(DBAPI_KIND_TEXT, text, std::char_traits<char>::length(text)) : detail::of_kind(DBAPI_KIND_NULL);
    }
};

/** Text as a parameter; NULL is NULL. */
template <> struct traits<char *> : traits<const char *> {};

/** Bytes that are borrowed, of anything that has them in a row: std::vector, std::array, std::span of std::byte. */
class bytes_view {
public:
    bytes_view(const std::byte *data, std::size_t size) noexcept : data_(data), size_(size) {} ///< Some bytes.
    /** Those of a container. */
    template <typename T, typename = std::enable_if_t<std::is_convertible_v<decltype(std::declval<const T &>().data()), const std::byte *>>>
    bytes_view(const T &container) noexcept : data_(container.data()), size_(container.size()) {}
    const std::byte *data() const noexcept { return data_; } ///< The first.
    std::size_t size() const noexcept { return size_; } ///< How many.
    const std::byte *begin() const noexcept { return data_; } ///< The first.
    const std::byte *end() const noexcept { return data_ + size_; } ///< Behind the last.

private:
    const std::byte *data_;
    std::size_t size_;
};

/** bytea, from whatever a bytes_view can be made of. */
template <typename T>
struct traits<T, std::enable_if_t<std::is_convertible_v<const T &, bytes_view>>> {
    static constexpr bool borrows = std::is_same_v<T, bytes_view>; ///< Only a vector of bytes can be read otherwise.
    /** Any bytes. */
    static dbapi_value_t to_value(const T &container, storage &)
    {
        const bytes_view bytes(container);
        return detail::of_data(DBAPI_KIND_BYTES, reinterpret_cast<const char *>(bytes.data()), bytes.size());
    }
    /** Of BYTES. */
    static T from_value(const dbapi_value_t &value)
    {
        static_assert(borrows || std::is_same_v<T, std::vector<std::byte>>, "bytes are read as std::vector<std::byte> or dbapi::bytes_view");
        if (value.kind != DBAPI_KIND_BYTES) detail::wrong_kind(value, "bytes");
        const bytes_view bytes(reinterpret_cast<const std::byte *>(value.as.text.data), value.as.text.length);
        if constexpr (borrows) return bytes;
        else return T(bytes.begin(), bytes.end());
    }
};

/** numeric as a parameter: decimal digits as PostgreSQL reads them. (Read it as std::string, or rounded as double.) */
struct numeric {
    std::string digits; ///< Such as "-12.50" or "NaN".
};

/** numeric. */
template <>
struct traits<numeric> {
    /** The digits, typed. */
    static dbapi_value_t to_value(const numeric &number, storage &) { return detail::of_data(DBAPI_KIND_NUMERIC, number.digits.data(), number.digits.size()); }
    /** Of NUMERIC. */
    static numeric from_value(const dbapi_value_t &value)
    {
        if (value.kind != DBAPI_KIND_NUMERIC) detail::wrong_kind(value, "dbapi::numeric");
        return numeric{ std::string(value.as.text.data, value.as.text.length) };
    }
};

/** uuid: 16 bytes in the order they are written. */
struct uuid {
    std::array<std::uint8_t, 16> bytes{}; ///< The bytes.
    friend bool operator==(const uuid &a, const uuid &b) noexcept { return a.bytes == b.bytes; } ///< The same.
    friend bool operator!=(const uuid &a, const uuid &b) noexcept { return a.bytes != b.bytes; } ///< Not the same.
    friend bool operator<(const uuid &a, const uuid &b) noexcept { return a.bytes < b.bytes; } ///< As PostgreSQL orders them.
};

/** uuid. */
template <>
struct traits<uuid> {
    /** The bytes. */
    static dbapi_value_t to_value(const uuid &id, storage &)
    {
        dbapi_value_t value = detail::of_kind(DBAPI_KIND_UUID);
        std::copy(id.bytes.begin(), id.bytes.end(), value.as.uuid);
        return value;
    }
    /** Of UUID. */
    static uuid from_value(const dbapi_value_t &value)
    {
        if (value.kind != DBAPI_KIND_UUID) detail::wrong_kind(value, "dbapi::uuid");
        uuid id;
        std::copy(std::begin(value.as.uuid), std::end(value.as.uuid), id.bytes.begin());
        return id;
    }
};

// ---- dates and times -------------------------------------------------------------------------------------------

/** Days, as C++20's std::chrono::days. */
using days = std::chrono::duration<std::int64_t, std::ratio<86400>>;
/** date: C++20's std::chrono::sys_days. `max()` is infinity, `min()` -infinity: so with the next two. */
using date = std::chrono::time_point<std::chrono::system_clock, days>;
/** timestamptz: an instant. Any time_point of the system's clock will do; what is finer than microseconds is cut off. */
using timestamptz = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;
/** The clock on a wall, wherever that is: no time zone. */
struct wall_clock {};
/** timestamp (without time zone). */
using timestamp = std::chrono::time_point<wall_clock, std::chrono::microseconds>;
/** time. (It can be read as a std::chrono::duration, too.) */
struct time_of_day {
    std::chrono::microseconds since_midnight{}; ///< 24:00:00 included.
};
/** timetz. */
using timetz = dbapi_timetz_t;
/** interval, with its months and days. (Any std::chrono::duration is an interval as a parameter.) */
using interval = dbapi_interval_t;

namespace detail {

// Ticks of Period in units of Unit, and back: exact, or an error.
template <typename Duration, typename Unit>
struct ticks {
    using rep = typename Duration::rep;
    using step = std::ratio_divide<typename Duration::period, Unit>;
    static_assert(std::is_integral_v<rep> && (step::num == 1 || step::den == 1), "a duration of whole ticks is needed");
    static constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min(), highest = std::numeric_limits<std::int64_t>::max();

    static std::int64_t times(std::int64_t count, std::int64_t factor)
    {
        if (count > highest / factor || count < lowest / factor) out_of_range("a time", "22008");
        return count * factor;
    }
    static std::int64_t to(Duration duration)
    {
        const auto count = static_cast<std::int64_t>(duration.count());
        const std::int64_t cut = count / step::den - (count % step::den < 0 ? 1 : 0);
        return times(cut, step::num);
    }
    static Duration from(std::int64_t count)
    {
        if (count % step::num != 0) throw data_error("22008", "the time is finer than the type asked for");
        return Duration(narrow<rep>(times(count / step::num, step::den), "22008"));
    }
};

template <typename Duration> inline constexpr bool of_days = std::ratio_equal_v<typename Duration::period, std::ratio<86400>>;

// A point in time, whose ends are the infinities.
template <typename Point, typename Unit, std::int32_t kind>
struct points {
    using in_unit = ticks<typename Point::duration, Unit>;
    static dbapi_value_t to_value(const Point &point, storage &)
    {
        if (point == Point::max()) return of_integer(kind, in_unit::highest);
        if (point == Point::min()) return of_integer(kind, in_unit::lowest);
        return of_integer(kind, in_unit::to(point.time_since_epoch()));
    }
    static Point from_value(const dbapi_value_t &value)
    {
        if (value.kind != kind) wrong_kind(value, kind_name(kind));
        if (value.as.integer == in_unit::highest) return Point::max();
        if (value.as.integer == in_unit::lowest) return Point::min();
        return Point(in_unit::from(value.as.integer));
    }
};

} // namespace detail

/** date if its ticks are days, else timestamptz. */
template <typename Duration>
struct traits<std::chrono::time_point<std::chrono::system_clock, Duration>>
    : detail::points<std::chrono::time_point<std::chrono::system_clock, Duration>,
          std::conditional_t<detail::of_days<Duration>, std::ratio<86400>, std::micro>,
          detail::of_days<Duration> ? DBAPI_KIND_DATE : DBAPI_KIND_TIMESTAMPTZ> {};

/** timestamp. */
template <typename Duration>
struct traits<std::chrono::time_point<wall_clock, Duration>>
    : detail::points<std::chrono::time_point<wall_clock, Duration>, std::micro, DBAPI_KIND_TIMESTAMP> {};

/** interval; from a row also time. */
template <typename Rep, typename Period>
struct traits<std::chrono::duration<Rep, Period>> {
    using type = std::chrono::duration<Rep, Period>; ///< The duration.
    /** An interval without months and days; what is finer than microseconds is cut off. */
    static dbapi_value_t to_value(const type &span, storage &keep)
    {
        return traits<interval>::to_value(interval{ detail::ticks<type, std::micro>::to(span), 0, 0 }, keep);
    }
    /** Of TIME, and of an INTERVAL without months and days: they have no fixed length. */
    static type from_value(const dbapi_value_t &value)
    {
        if (value.kind == DBAPI_KIND_TIME) return detail::ticks<type, std::micro>::from(value.as.integer);
        if (value.kind != DBAPI_KIND_INTERVAL) detail::wrong_kind(value, "a duration");
        if (value.as.interval.months != 0 || value.as.interval.days != 0) {
            throw data_error("22008", "months and days have no fixed length: ask for dbapi::interval");
        }
        return detail::ticks<type, std::micro>::from(value.as.interval.microseconds);
    }
};

/** time. */
template <>
struct traits<time_of_day> {
    /** Microseconds from midnight. */
    static dbapi_value_t to_value(const time_of_day &time, storage &) { return detail::of_integer(DBAPI_KIND_TIME, time.since_midnight.count()); }
    /** Of TIME. */
    static time_of_day from_value(const dbapi_value_t &value)
    {
        if (value.kind != DBAPI_KIND_TIME) detail::wrong_kind(value, "dbapi::time_of_day");
        return time_of_day{ std::chrono::microseconds(value.as.integer) };
    }
};

// ---- arrays ----------------------------------------------------------------------------------------------------

namespace detail {

template <typename T> inline constexpr int depth = 0;
template <typename T> inline constexpr int depth<std::vector<T>> = 1 + depth<T>;
template <> inline constexpr int depth<std::vector<std::byte>> = 0;

struct array_parts {
    std::vector<std::int32_t> lengths;
    std::vector<dbapi_value_t> items;
    dbapi_array_t array{};
};

template <typename T>
void flatten(const std::vector<T> &items, std::size_t level, array_parts &parts, storage &keep)
{
    if (items.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) throw data_error("54000", "the array has too many items");
    const auto length = static_cast<std::int32_t>(items.size());
    if (parts.lengths.size() == level) parts.lengths.push_back(length);
    if (parts.lengths[level] != length) throw data_error("2202E", "the vectors in a vector must be of one length to be an array");
    if constexpr (depth<T> > 0) {
        for (const T &item : items) flatten(item, level + 1, parts, keep);
    } else {
        parts.items.reserve(parts.items.size() + items.size());
        // Copies only the proxies of std::vector<bool>.
        for (auto &&item : items) parts.items.push_back(traits<T>::to_value(item, keep));
    }
}

template <typename T>
std::vector<T> unflatten(const dbapi_array_t &array, int level, const dbapi_value_t *&item)
{
    std::vector<T> items;
    const std::int32_t length = array.dimensions == 0 ? 0 : array.lengths[level];
    items.reserve(static_cast<std::size_t>(length));
    for (std::int32_t i = 0; i < length; i++) {
        if constexpr (depth<T> > 0) items.push_back(unflatten<typename T::value_type>(array, level + 1, item));
        else items.push_back(read<T>(*item++));
    }
    return items;
}

} // namespace detail

/** An array; vectors in a vector are one of several dimensions. (std::vector<std::byte> is bytea.) */
template <typename T>
struct traits<std::vector<T>, std::enable_if_t<!std::is_same_v<T, std::byte>>> {
    static constexpr bool borrows = detail::borrows<T>; ///< If T does.
    /** An array of its items' type; data_error if vectors in it are of different lengths. */
    static dbapi_value_t to_value(const std::vector<T> &items, storage &keep)
    {
        detail::array_parts &parts = keep.hold(detail::array_parts());
        detail::flatten(items, 0, parts, keep);
        parts.array.dimensions = parts.items.empty() ? 0 : static_cast<std::int32_t>(parts.lengths.size());
        parts.array.lengths = parts.lengths.data();
        parts.array.count = parts.items.size();
        parts.array.items = parts.items.data();
        dbapi_value_t value = detail::of_kind(DBAPI_KIND_ARRAY);
        value.as.array = &parts.array;
        return value;
    }
    /** Of an ARRAY of as many dimensions, or of none: an empty one. Lower bounds are not kept. */
    static std::vector<T> from_value(const dbapi_value_t &value)
    {
        constexpr int wanted = detail::depth<std::vector<T>>;
        if (value.kind != DBAPI_KIND_ARRAY) detail::wrong_kind(value, "an array");
        const dbapi_array_t &array = *value.as.array;
        if (array.dimensions != 0 && array.dimensions != wanted) {
            throw programming_error("42804", "an array of " + std::to_string(array.dimensions) + " dimensions was asked for as one of " + std::to_string(wanted));
        }
        const dbapi_value_t *item = array.items;
        return detail::unflatten<T>(array, 0, item);
    }
};

// ---- rows ------------------------------------------------------------------------------------------------------

/** A cell of a row: a view, valid as long as its row. */
class value {
public:
    explicit value(const dbapi_value_t &cell) noexcept : cell_(&cell) {} ///< Of a value of dbapi.h's, which must outlive this.
    bool is_null() const noexcept { return cell_->kind == DBAPI_KIND_NULL; } ///< Whether it is NULL.
    std::int32_t kind() const noexcept { return cell_->kind; } ///< A `dbapi_kind_t`.
    std::uint32_t oid() const noexcept { return cell_->oid; } ///< The oid of its type.
    /** As a T; data_error for NULL (unless T is std::optional) and for what T cannot hold, programming_error for another kind. */
    template <typename T>
    T get() const { return detail::read<T>(*cell_); }
    /** As PostgreSQL writes it, whatever its kind; NULL as nothing. */
    std::string text() const
    {
        return detail::collect([this](char *buffer, std::size_t capacity, std::size_t *length) {
            return detail::check(dbapi_value_format, cell_, buffer, capacity, length);
        });
    }
    const dbapi_value_t &raw() const noexcept { return *cell_; } ///< As dbapi.h has it.

private:
    const dbapi_value_t *cell_;
};

/** The columns of a result: a view, valid until the cursor's next execute or fetch. */
class columns {
public:
    /** Of what `dbapi_description` gives. */
    columns(const dbapi_column_t *first, std::size_t count) noexcept : first_(first), count_(count) {}
    std::size_t size() const noexcept { return count_; } ///< How many.
    const dbapi_column_t &operator[](std::size_t index) const noexcept { return first_[index]; } ///< One of them, unchecked.
    const dbapi_column_t *begin() const noexcept { return first_; } ///< The first.
    const dbapi_column_t *end() const noexcept { return first_ + count_; } ///< Behind the last.

private:
    const dbapi_column_t *first_;
    std::size_t count_;
};

/** A row: a view, valid until its cursor fetches, executes, closes or goes away. */
class row {
public:
    /** Of as many cells as there are columns. */
    row(const dbapi_value_t *cells, dbapi::columns described) noexcept : cells_(cells), columns_(described) {}
    std::size_t size() const noexcept { return columns_.size(); } ///< How many cells.
    dbapi::columns columns() const noexcept { return columns_; } ///< What they are called.
    /** The cell at a place, from 0; programming_error if there is none. */
    value operator[](std::size_t index) const
    {
        if (index >= size()) throw programming_error("42703", "the row has no column " + std::to_string(index) + ", but " + std::to_string(size()));
        return value(cells_[index]);
    }
    /** The first cell of this name; programming_error if there is none. */
    template <typename Name, typename = std::enable_if_t<std::is_convertible_v<const Name &, std::string_view>>>
    value operator[](const Name &name) const { return value(cells_[find(name)]); }
    /** The cell at a place as a T, as value::get; an error names the column. */
    template <typename T>
    T get(std::size_t index) const
    {
        (*this)[index];
        return cell<T>(index);
    }
    /** The first cell of this name as a T. */
    template <typename T, typename Name, typename = std::enable_if_t<std::is_convertible_v<const Name &, std::string_view>>>
    T get(const Name &name) const { return cell<T>(find(name)); }
    /** All cells, as many as types, in a tuple: `auto [id, name] = row.as<int, std::string>();` */
    template <typename... Types>
    std::tuple<Types...> as() const { return all<Types...>(std::index_sequence_for<Types...>()); }

private:
    template <typename T>
    T cell(std::size_t index) const
    {
        try {
            return detail::read<T>(cells_[index]);
        } catch (const data_error &problem) {
            throw data_error(problem.native_handle() ? "22000" : problem.sqlstate().data(), where(index) + problem.what());
        } catch (const programming_error &problem) {
            throw programming_error(problem.native_handle() ? "42804" : problem.sqlstate().data(), where(index) + problem.what());
        }
    }
    std::string where(std::size_t index) const { return "column " + std::to_string(index) + " (" + columns_[index].name + "): "; }
    std::size_t find(std::string_view name) const
    {
        for (std::size_t i = 0; i < size(); i++) {
            if (name == columns_[i].name) return i;
        }
        throw programming_error("42703", "the row has no column \"" + std::string(name) + "\"");
    }
    template <typename... Types, std::size_t... index>
    std::tuple<Types...> all(std::index_sequence<index...>) const
    {
        if (size() != sizeof...(Types)) {
            throw programming_error("42804", "a row of " + std::to_string(size()) + " columns was asked for as " + std::to_string(sizeof...(Types)) + " types");
        }
        return std::tuple<Types...>{ cell<Types>(index)... };
    }
    const dbapi_value_t *cells_;
    dbapi::columns columns_;
};

namespace detail {

// A cursor's handle, and the block of rows that it gave last.
struct cursor_state {
    explicit cursor_state(dbapi_cursor_t *cursor) noexcept : handle(cursor) {}
    cursor_state(const cursor_state &) = delete;
    cursor_state &operator=(const cursor_state &) = delete;
    ~cursor_state() { dbapi_cursor_free(handle); }

    std::size_t left() const noexcept { return count - used; }
    void forget() noexcept { count = used = 0; }
    // Goes to the next row, asking for at most so many if it has none.
    bool next(std::size_t block)
    {
        if (left() == 0) {
            forget();
            std::size_t fetched = 0;
            if (check(dbapi_fetchmany, handle, block, &rows, &fetched) == DBAPI_DONE) return false;
            // Anew: fetching replaces a named cursor's description.
            description = dbapi_description(handle, &width);
            count = fetched;
        }
        used++;
        return true;
    }
    row current() const
    {
        if (used == 0) throw interface_error("24000", "there is no row here: the cursor has executed or closed since, or is at its end");
        return row(rows + (used - 1) * width, columns(description, width));
    }

    dbapi_cursor_t *handle;
    const dbapi_value_t *rows = nullptr;
    std::size_t count = 0, used = 0, width = 0;
    const dbapi_column_t *description = nullptr;
};

} // namespace detail

/**
 * The rows that a cursor has still to give, each a tuple of Types, or (without Types) a dbapi::row. To be gone through
 * once, by `for`; leaving the loop loses no row: a fetch or another loop goes on with the next one.
 */
template <typename... Types>
class row_range {
public:
    /** An input iterator. Copies of it share its place. */
    class iterator {
    public:
        using iterator_category = std::input_iterator_tag; ///< Once through.
        using value_type = std::conditional_t<sizeof...(Types) == 0, row, std::tuple<Types...>>; ///< A row.
        using difference_type = std::ptrdiff_t; ///< Unused.
        using pointer = void; ///< Rows are given by value.
        using reference = value_type; ///< Rows are given by value.

        iterator() noexcept = default; ///< The end.
        /** The cursor's next row. */
        explicit iterator(std::shared_ptr<detail::cursor_state> state) : state_(std::move(state))
        {
            block_ = dbapi_cursor_itersize(state_->handle);
            ++*this;
        }
        /** The row. */
        reference operator*() const
        {
            if (!state_) throw interface_error("24000", "there is no row at the end");
            if constexpr (sizeof...(Types) == 0) return state_->current();
            else return state_->current().template as<Types...>();
        }
        /** Goes on; what looked into the row before may be gone. */
        iterator &operator++()
        {
            if (state_ && !state_->next(block_)) state_.reset();
            return *this;
        }
        void operator++(int) { ++*this; } ///< Goes on.
        friend bool operator==(const iterator &a, const iterator &b) noexcept { return a.state_ == b.state_; } ///< Whether both are at the end.
        friend bool operator!=(const iterator &a, const iterator &b) noexcept { return a.state_ != b.state_; } ///< Whether one is not.

    private:
        std::shared_ptr<detail::cursor_state> state_;
        std::size_t block_ = 0;
    };

    explicit row_range(std::shared_ptr<detail::cursor_state> state) noexcept : state_(std::move(state)) {} ///< Of a cursor.
    iterator begin() const { return iterator(state_); } ///< The next row.
    iterator end() const noexcept { return iterator(); } ///< Behind the last.

private:
    std::shared_ptr<detail::cursor_state> state_;
};

// ---- cursors ---------------------------------------------------------------------------------------------------

/** A parameter with its name; made by dbapi::named, for the call that it is written in. */
template <typename T>
struct named_arg {
    const char *name; ///< Borrowed.
    const T &value; ///< Borrowed.
};

/** A parameter for `%(name)s`: `cur.execute("SELECT %(a)s", dbapi::named("a", 1))`. */
template <typename T>
named_arg<T> named(const char *name, const T &value) noexcept { return named_arg<T>{ name, value }; }

namespace detail {

template <typename T> inline constexpr bool is_named = false;
template <typename T> inline constexpr bool is_named<named_arg<T>> = true;

// Makes parameters of the arguments, and calls the one of two functions that takes such.
template <typename Positional, typename Named, typename... Args>
void with_params(Positional positional, Named by_name, const Args &...args)
{
    if constexpr (sizeof...(Args) == 0) {
        positional(nullptr, std::size_t{ 0 });
    } else {
        storage keep;
        if constexpr ((is_named<Args> && ...)) {
            const char *const names[] = { args.name... };
            const dbapi_value_t params[] = { write(args.value, keep)... };
            by_name(names, params, sizeof...(Args));
        } else {
            static_assert(!(is_named<Args> || ...), "parameters have names, or none has one");
            const dbapi_value_t params[] = { write(args, keep)... };
            positional(params, sizeof...(Args));
        }
    }
}

} // namespace detail

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

/** PEP 249's cursor. Made by connection::cursor and its like. */
class cursor {
public:
    /** Takes over a handle of dbapi.h's. */
    explicit cursor(dbapi_cursor_t *handle)
    {
        std::unique_ptr<dbapi_cursor_t, decltype(&dbapi_cursor_free)> owned(handle, dbapi_cursor_free);
        state_ = std::make_shared<detail::cursor_state>(handle);
        owned.release();
    }
    cursor(cursor &&) noexcept = default; ///< Moves: rows and loops over them go along.
    cursor &operator=(cursor &&) noexcept = default; ///< Lets go of its own first.
    cursor(const cursor &) = delete; ///< Not copied.
    cursor &operator=(const cursor &) = delete; ///< Not copied.
    ~cursor() = default; ///< Frees it, once no loop is on its rows.

    /**
     * PEP 249's execute: `%s` stands for each argument in turn, or `%(name)s` for each dbapi::named one. Without
     * arguments the SQL is sent as it is, percent signs and several statements included.
     */
    template <typename... Args>
    cursor &execute(const text_arg &sql, const Args &...args)
    {
        dbapi_cursor_t *const handle = anew();
        detail::with_params([&](auto... params) { detail::check(dbapi_execute, handle, sql.c_str(), params...); },
            [&](auto... params) { detail::check(dbapi_execute_named, handle, sql.c_str(), params...); }, args...);
        return *this;
    }
    /**
     * PEP 249's executemany: a statement once for each tuple (or pair, or array) of a range, in one pipeline. An error's
     * `row()` says which it was.
     */
    template <typename Range>
    cursor &executemany(const text_arg &sql, Range &&range)
    {
        using std::begin;
        using iterator = decltype(begin(range));
        using tuple = std::decay_t<decltype(*begin(range))>;
        // Rows that are made on the way would be gone before the call.
        constexpr bool stays = std::is_lvalue_reference_v<decltype(*begin(range))>
            && std::is_base_of_v<std::forward_iterator_tag, typename std::iterator_traits<iterator>::iterator_category>;
        storage keep;
        std::vector<dbapi_value_t> params;
        std::size_t count = 0;
        for (auto &&item : range) {
            const tuple *place = nullptr;
            if constexpr (stays) place = &item;
            else place = &keep.hold(tuple(std::forward<decltype(item)>(item)));
            std::apply([&](const auto &...cells) { (params.push_back(detail::write(cells, keep)), ...); }, *place);
            count++;
        }
        detail::check(dbapi_executemany, anew(), sql.c_str(), params.data(), std::tuple_size_v<tuple>, count);
        return *this;
    }
    /** PEP 249's callproc: `SELECT * FROM name(...)`. */
    template <typename... Args>
    cursor &callproc(const text_arg &name, const Args &...args)
    {
        dbapi_cursor_t *const handle = anew();
        detail::with_params([&](auto... params) { detail::check(dbapi_callproc, handle, name.c_str(), params...); },
            [&](auto... params) { detail::check(dbapi_callproc_named, handle, name.c_str(), params...); }, args...);
        return *this;
    }
    /** psycopg2's mogrify: the SQL with its parameters as literals. Rows stay. */
    template <typename... Args>
    std::string mogrify(const text_arg &sql, const Args &...args) const
    {
        dbapi_cursor_t *const handle = state().handle;
        std::string text;
        const auto collect = [&](auto function, auto... params) {
            text = detail::collect([&](char *buffer, std::size_t capacity, std::size_t *length) {
                return detail::check(function, handle, sql.c_str(), params..., buffer, capacity, length);
            });
        };
        detail::with_params([&](auto... params) { collect(dbapi_cursor_mogrify, params...); },
            [&](auto... params) { collect(dbapi_cursor_mogrify_named, params...); }, args...);
        return text;
    }

    /** The rows: `for (auto [id, name] : cur.rows<int, std::string>())`, or `for (dbapi::row row : cur.rows())`. */
    template <typename... Types>
    row_range<Types...> rows()
    {
        state();
        return row_range<Types...>(state_);
    }
    row_range<>::iterator begin() { return rows().begin(); } ///< The next row: `for (dbapi::row row : cur)`.
    row_range<>::iterator end() const noexcept { return {}; } ///< Behind the last.
    /** PEP 249's fetchone: the next row, or none at the end. With Types, as a tuple of them. */
    template <typename... Types>
    std::optional<typename row_range<Types...>::iterator::value_type> fetchone()
    {
        if (!state().next(1)) return std::nullopt;
        if constexpr (sizeof...(Types) == 0) return state_->current();
        else return state_->current().template as<Types...>();
    }
    /** The first cell of the next row; programming_error if there is no row. */
    template <typename T>
    T fetchvalue()
    {
        if (!state().next(1)) throw programming_error("02000", "there is no row to fetch a value from");
        return state_->current().template get<T>(0);
    }
    /** PEP 249's fetchmany: the next rows as tuples, at most so many; 0: arraysize. */
    template <typename... Types>
    std::vector<std::tuple<Types...>> fetchmany(std::size_t size = 0)
    {
        static_assert(sizeof...(Types) > 0 && !(detail::borrows<Types> || ...), "name types that own what they hold, such as std::string");
        std::vector<std::tuple<Types...>> fetched;
        if (size == 0) size = dbapi_arraysize(state().handle);
        while (fetched.size() < size && state().next(size - fetched.size())) fetched.push_back(state_->current().template as<Types...>());
        return fetched;
    }
    /** PEP 249's fetchall: all rows that are left, as tuples. */
    template <typename... Types>
    std::vector<std::tuple<Types...>> fetchall()
    {
        static_assert(sizeof...(Types) > 0 && !(detail::borrows<Types> || ...), "name types that own what they hold, such as std::string");
        std::vector<std::tuple<Types...>> fetched;
        for (auto &&cells : rows<Types...>()) fetched.push_back(std::move(cells));
        return fetched;
    }
    /** psycopg2's scroll, from the row that the next fetch would give: forward, or (negative) back. */
    void scroll(std::int64_t by)
    {
        detail::cursor_state &its = state();
        const auto left = static_cast<std::int64_t>(its.left());
        if (by >= 0 && by < left) {
            its.used += static_cast<std::size_t>(by);
            return;
        }
        // The library's place is behind the block.
        if (left > 0 && by < std::numeric_limits<std::int64_t>::min() + left) by = std::numeric_limits<std::int64_t>::min() + left;
        detail::check(dbapi_scroll, its.handle, by - left, DBAPI_SCROLL_RELATIVE);
        its.forget();
    }
    /** psycopg2's scroll, to a row by its number, from 0. */
    void scroll_to(std::int64_t row_number)
    {
        detail::check(dbapi_scroll, state().handle, row_number, DBAPI_SCROLL_ABSOLUTE);
        state_->forget();
    }
    /** PEP 249's nextset: goes to the next statement's result; false if there is none. */
    bool nextset()
    {
        if (detail::check(dbapi_nextset, state().handle) == DBAPI_DONE) return false;
        state_->forget();
        return true;
    }
    /** PEP 249's description. Of none without a result. */
    dbapi::columns description() const
    {
        std::size_t count = 0;
        const dbapi_column_t *const first = dbapi_description(state().handle, &count);
        return dbapi::columns(first, count);
    }
    /** PEP 249's rowcount: rows selected or affected; -1 if that is not known. */
    std::int64_t rowcount() const { return dbapi_rowcount(state().handle); }
    /** PEP 249's rownumber: the place of the row that the next fetch gives, from 0; -1 if that is not known. */
    std::int64_t rownumber() const
    {
        const std::int64_t number = dbapi_rownumber(state().handle);
        return number < 0 ? number : number - static_cast<std::int64_t>(state_->left());
    }
    /** psycopg2's statusmessage, such as "INSERT 0 1"; empty if there is none. */
    std::string statusmessage() const { return string(dbapi_cursor_statusmessage(state().handle)); }
    /** psycopg2's query: the last statement as it was sent. */
    std::string query() const { return string(dbapi_cursor_query(state().handle)); }
    /** The name of a named cursor; empty if it has none. */
    std::string name() const { return string(dbapi_cursor_name(state().handle)); }
    /** Sets PEP 249's arraysize, fetchmany's default. */
    void set_arraysize(std::size_t size) { detail::check(dbapi_cursor_set_arraysize, state().handle, size); }
    /** Sets psycopg2's itersize: how many rows a loop asks for at a time, of any cursor. At first 2000. */
    void set_itersize(std::size_t size) { detail::check(dbapi_cursor_set_itersize, state().handle, size); }
    /** Keeps every result of a call with several statements, for nextset. */
    void set_all_results(bool all) { detail::check(dbapi_cursor_set_all_results, state().handle, all); }
    /** What placeholders look like: `%s`, or `$1`. */
    void set_paramstyle(dbapi_paramstyle_t style) { detail::check(dbapi_cursor_set_paramstyle, state().handle, style); }
    /** Who puts parameters in their places: the server, or (as literals) the client. */
    void set_binding(dbapi_binding_t binding) { detail::check(dbapi_cursor_set_binding, state().handle, binding); }
    /** PEP 249's setinputsizes: the oids of the next statement's parameters; 0: nothing is said. */
    void setinputsizes(const std::vector<std::uint32_t> &oids) { detail::check(dbapi_setinputsizes, state().handle, oids.data(), oids.size()); }
    /** What a call on this cursor may take; 0: as long as it likes; nothing: what the connection says. */
    void set_timeout(std::optional<std::chrono::milliseconds> timeout)
    {
        detail::check(dbapi_cursor_set_timeout, state().handle, timeout ? static_cast<std::int64_t>(timeout->count()) : -1);
    }
    void close() { detail::check(dbapi_cursor_close, anew()); } ///< PEP 249's close. Its rows are gone. Closing again does nothing.
    /** Whether it was closed or moved from. */
    bool closed() const noexcept { return !state_ || dbapi_cursor_closed(state_->handle) != 0; }
    /** The handle, for dbapi.h's other functions: it stays the cursor's. Fetch by one way or the other, not both. */
    dbapi_cursor_t *native_handle() const noexcept { return state_ ? state_->handle : nullptr; }

private:
    detail::cursor_state &state() const
    {
        if (!state_) throw interface_error("24000", "the cursor was moved from");
        return *state_;
    }
    dbapi_cursor_t *anew()
    {
        state().forget();
        return state_->handle;
    }
    static std::string string(const char *text) { return text ? std::string(text) : std::string(); }
    std::shared_ptr<detail::cursor_state> state_;
};

// ---- connections -----------------------------------------------------------------------------------------------

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

// ---- transactions ----------------------------------------------------------------------------------------------

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

#endif // DBAPI_HPP
