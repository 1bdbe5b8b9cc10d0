// Part of dbapi.hpp: arrays, as vectors.
#ifndef DBAPI_ARRAYS_HPP
#define DBAPI_ARRAYS_HPP

#include "values.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

namespace dbapi {

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
    static constexpr bool borrows = detail::borrows<T>;
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

} // namespace dbapi

#endif // DBAPI_ARRAYS_HPP
