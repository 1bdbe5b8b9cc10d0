// Part of dbapi.hpp: how types of C++ become parameters, and come from columns.
#ifndef DBAPI_VALUES_HPP
#define DBAPI_VALUES_HPP

#include "errors.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dbapi {

namespace detail {

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

/** A text that ends with a NUL, for SQL and names: from a literal, a std::string, or (copied) a std::string_view. */
class text_arg {
public:
    text_arg(const char *text) noexcept : data_(text) {} ///< Borrowed. NULL is for the library to judge.
    /** Borrowed; throws dbapi::programming_error if a NUL is in it. */
    text_arg(const std::string &text) : data_(text.c_str()) { refuse_nul(text); }
    /** Copied; throws dbapi::programming_error if a NUL is in it. */
    text_arg(std::string_view text) : copy_(text), copied_(true) { refuse_nul(text); }
    const char *c_str() const noexcept { return copied_ ? copy_.c_str() : data_; }

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

/** Any kind, as dbapi.h has it: the way for what has no type here. What it points to is the row's. */
template <>
struct traits<dbapi_value_t> {
    static constexpr bool takes_null = true, borrows = true;
    static dbapi_value_t to_value(const dbapi_value_t &value, storage &) noexcept { return value; }
    static dbapi_value_t from_value(const dbapi_value_t &value) noexcept { return value; }
};

/** NULL, or what T holds. */
template <typename T>
struct traits<std::optional<T>> {
    static constexpr bool takes_null = true, borrows = detail::borrows<T>;
    static dbapi_value_t to_value(const std::optional<T> &value, storage &keep)
    {
        return value ? traits<T>::to_value(*value, keep) : detail::of_kind(DBAPI_KIND_NULL);
    }
    static std::optional<T> from_value(const dbapi_value_t &value)
    {
        if (value.kind == DBAPI_KIND_NULL) return std::nullopt;
        return traits<T>::from_value(value);
    }
};

/** NULL. */
template <> struct traits<std::nullptr_t> : detail::null {};
/** The same. */
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

/** Text as a parameter; a null pointer is NULL. */
template <>
struct traits<const char *> {
    static dbapi_value_t to_value(const char *text, storage &)
    {
        return text ? detail::of_data(DBAPI_KIND_TEXT, text, std::char_traits<char>::length(text)) : detail::of_kind(DBAPI_KIND_NULL);
    }
};

/** The same. */
template <> struct traits<char *> : traits<const char *> {};

/** Bytes that are borrowed, of anything that has them in a row: std::vector, std::array, std::span of std::byte. */
class bytes_view {
public:
    bytes_view(const std::byte *data, std::size_t size) noexcept : data_(data), size_(size) {}
    template <typename T, typename = std::enable_if_t<std::is_convertible_v<decltype(std::declval<const T &>().data()), const std::byte *>>>
    bytes_view(const T &container) noexcept : data_(container.data()), size_(container.size()) {}
    const std::byte *data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }
    const std::byte *begin() const noexcept { return data_; }
    const std::byte *end() const noexcept { return data_ + size_; }

private:
    const std::byte *data_;
    std::size_t size_;
};

/** bytea: as a parameter whatever a bytes_view can be made of, from BYTES a bytes_view or a vector. */
template <typename T>
struct traits<T, std::enable_if_t<std::is_convertible_v<const T &, bytes_view>>> {
    static constexpr bool borrows = std::is_same_v<T, bytes_view>;
    static dbapi_value_t to_value(const T &container, storage &)
    {
        const bytes_view bytes(container);
        return detail::of_data(DBAPI_KIND_BYTES, reinterpret_cast<const char *>(bytes.data()), bytes.size());
    }
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

/** numeric, typed. */
template <>
struct traits<numeric> {
    static dbapi_value_t to_value(const numeric &number, storage &) { return detail::of_data(DBAPI_KIND_NUMERIC, number.digits.data(), number.digits.size()); }
    static numeric from_value(const dbapi_value_t &value)
    {
        if (value.kind != DBAPI_KIND_NUMERIC) detail::wrong_kind(value, "dbapi::numeric");
        return numeric{ std::string(value.as.text.data, value.as.text.length) };
    }
};

/** uuid: 16 bytes in the order they are written. */
struct uuid {
    std::array<std::uint8_t, 16> bytes{}; ///< The bytes.
    friend bool operator==(const uuid &a, const uuid &b) noexcept { return a.bytes == b.bytes; }
    friend bool operator!=(const uuid &a, const uuid &b) noexcept { return a.bytes != b.bytes; }
    friend bool operator<(const uuid &a, const uuid &b) noexcept { return a.bytes < b.bytes; } ///< As PostgreSQL orders them.
};

/** uuid. */
template <>
struct traits<uuid> {
    static dbapi_value_t to_value(const uuid &id, storage &)
    {
        dbapi_value_t value = detail::of_kind(DBAPI_KIND_UUID);
        std::copy(id.bytes.begin(), id.bytes.end(), value.as.uuid);
        return value;
    }
    static uuid from_value(const dbapi_value_t &value)
    {
        if (value.kind != DBAPI_KIND_UUID) detail::wrong_kind(value, "dbapi::uuid");
        uuid id;
        std::copy(std::begin(value.as.uuid), std::end(value.as.uuid), id.bytes.begin());
        return id;
    }
};

} // namespace dbapi

#endif // DBAPI_VALUES_HPP
