// Part of dbapi.hpp: dates and times, as std::chrono has them.
#ifndef DBAPI_TIMES_HPP
#define DBAPI_TIMES_HPP

#include "values.hpp"

#include <chrono>
#include <cstdint>
#include <limits>
#include <ratio>
#include <type_traits>

namespace dbapi {

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
    using type = std::chrono::duration<Rep, Period>;
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
    static dbapi_value_t to_value(const time_of_day &time, storage &) { return detail::of_integer(DBAPI_KIND_TIME, time.since_midnight.count()); }
    static time_of_day from_value(const dbapi_value_t &value)
    {
        if (value.kind != DBAPI_KIND_TIME) detail::wrong_kind(value, "dbapi::time_of_day");
        return time_of_day{ std::chrono::microseconds(value.as.integer) };
    }
};

} // namespace dbapi

#endif // DBAPI_TIMES_HPP
