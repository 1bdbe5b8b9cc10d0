// Part of dbapi.hpp: cursors, which execute and fetch.
#ifndef DBAPI_CURSOR_HPP
#define DBAPI_CURSOR_HPP

#include "rows.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace dbapi {

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

// The parameters of executemany, row after row.
struct many {
    std::size_t width, count;
    std::vector<dbapi_value_t> params;
};

using std::begin; // beside a range's own, as `for` has it
template <typename Range> using iterator_of = decltype(begin(std::declval<Range &>()));
template <typename Range> using item_of = decltype(*std::declval<iterator_of<Range> &>());
template <typename Range> inline constexpr std::size_t row_width = std::tuple_size_v<std::decay_t<item_of<Range>>>;

template <typename Range>
many gather(Range &range, storage &keep)
{
    using item = item_of<Range>;
    // Rows that are made on the way would be gone before the call.
    constexpr bool stays = std::is_lvalue_reference_v<item>
        && std::is_base_of_v<std::forward_iterator_tag, typename std::iterator_traits<iterator_of<Range>>::iterator_category>;
    many all{ row_width<Range>, 0, {} };
    for (auto &&row : range) {
        const std::decay_t<item> *place = nullptr;
        if constexpr (stays) place = &row;
        else place = &keep.hold(std::decay_t<item>(std::forward<decltype(row)>(row)));
        std::apply([&](const auto &...cells) { (all.params.push_back(write(cells, keep)), ...); }, *place);
        all.count++;
    }
    return all;
}

} // namespace detail

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
    cursor(cursor &&) noexcept = default; ///< Moves: rows and loops over them go along, which also keep it from being freed.
    cursor &operator=(cursor &&) noexcept = default; ///< Moves, having let go of its own.

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
        storage keep;
        const detail::many all = detail::gather(range, keep);
        detail::check(dbapi_executemany, anew(), sql.c_str(), all.params.data(), all.width, all.count);
        return *this;
    }
    /** The same for `%(name)s`, with a name for each place of a tuple: `cur.executemany(sql, { "id", "word" }, pairs)`. */
    template <std::size_t width, typename Range>
    cursor &executemany(const text_arg &sql, const char *const (&names)[width], Range &&range)
    {
        static_assert(detail::row_width<Range> == width, "a name for each place of a row");
        storage keep;
        const detail::many all = detail::gather(range, keep);
        detail::check(dbapi_executemany_named, anew(), sql.c_str(), names, all.params.data(), width, all.count);
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
    row_range<>::iterator begin() { return rows().begin(); } ///< `for (dbapi::row row : cur)`.
    row_range<>::iterator end() const noexcept { return {}; }
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

} // namespace dbapi

#endif // DBAPI_CURSOR_HPP
