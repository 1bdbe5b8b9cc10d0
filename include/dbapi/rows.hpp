// Part of dbapi.hpp: rows and their cells, and loops over them.
#ifndef DBAPI_ROWS_HPP
#define DBAPI_ROWS_HPP

#include "values.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace dbapi {

namespace detail {

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

} // namespace detail

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
    std::size_t size() const noexcept { return count_; }
    const dbapi_column_t &operator[](std::size_t index) const noexcept { return first_[index]; } ///< One of them, unchecked.
    const dbapi_column_t *begin() const noexcept { return first_; }
    const dbapi_column_t *end() const noexcept { return first_ + count_; }

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
        using iterator_category = std::input_iterator_tag;
        using value_type = std::conditional_t<sizeof...(Types) == 0, row, std::tuple<Types...>>;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = value_type; // rows are given by value

        iterator() noexcept = default; ///< The end.
        /** The cursor's next row. */
        explicit iterator(std::shared_ptr<detail::cursor_state> state) : state_(std::move(state))
        {
            block_ = dbapi_cursor_itersize(state_->handle);
            ++*this;
        }
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
        void operator++(int) { ++*this; }
        friend bool operator==(const iterator &a, const iterator &b) noexcept { return a.state_ == b.state_; }
        friend bool operator!=(const iterator &a, const iterator &b) noexcept { return a.state_ != b.state_; }

    private:
        std::shared_ptr<detail::cursor_state> state_;
        std::size_t block_ = 0;
    };

    explicit row_range(std::shared_ptr<detail::cursor_state> state) noexcept : state_(std::move(state)) {} ///< Of a cursor.
    iterator begin() const { return iterator(state_); }
    iterator end() const noexcept { return iterator(); }

private:
    std::shared_ptr<detail::cursor_state> state_;
};

} // namespace dbapi

#endif // DBAPI_ROWS_HPP
