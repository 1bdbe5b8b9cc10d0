/**
 * @file dbapi.h
 * libdbapi: the Python DB-API 2.0 (PEP 249) for PostgreSQL, as psycopg2 understands it, in C.
 *
 * Generated from the Rust source by cbindgen: changes belong there.
 *
 * Encoding: text in and out is UTF-8. SQL and names end with a NUL; data is counted, and what the library gives
 * also ends with a NUL that is not counted.
 *
 * Ownership: "borrowed" means that the caller keeps it, and that it is needed only during the call; "owned"
 * means that it must be freed with the function named. Handles may be freed in any order, from any thread; a
 * cursor keeps its connection alive. close ends a thing's use, free gives its memory back. NULL may be freed.
 * A wrong handle (NULL, freed, foreign, of another type) is an error, not a crash, as far as it can be told.
 *
 * Errors: a function that can fail returns a dbapi_status_t, negative for errors. Its last argument, if not
 * NULL, then receives an owned dbapi_error_t; on success it is left alone. Other outputs are written on success;
 * those for handles are NULL on failure.
 *
 * Threads: threads may share connections; calls on one connection take turns. A cursor belongs in one thread at
 * a time. The library starts no thread and installs no signal handler. After fork, a child may free what it
 * inherited, which sends nothing; it must not use it.
 */


#ifndef DBAPI_H
#define DBAPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** Version of this header, as text. Compare with dbapi_version(), the library's. */
#define DBAPI_VERSION "0.1.0"


/**
 * The version of this header: major * 10000 + minor * 100 + patch. Compare with `dbapi_version_number()`.
 */
#define DBAPI_VERSION_NUMBER 100

/**
 * For readonly and deferrable: the server's default.
 */
#define DBAPI_DEFAULT -1

/**
 * For `dbapi_connection_set_session`: as it is.
 */
#define DBAPI_UNCHANGED -2

/**
 * In `dbapi_block_column_t`: the column's values are of several kinds, and each says which.
 */
#define DBAPI_KIND_MIXED -1

/**
 * No value lies in the range; it has no bounds.
 */
#define DBAPI_RANGE_EMPTY 1

/**
 * The lower bound itself lies in the range.
 */
#define DBAPI_RANGE_LOWER_INCLUSIVE 2

/**
 * The upper bound itself lies in the range.
 */
#define DBAPI_RANGE_UPPER_INCLUSIVE 4

/**
 * A line: three numbers and no point.
 */
#define DBAPI_SHAPE_LINE 1

/**
 * A line segment: two points.
 */
#define DBAPI_SHAPE_LSEG 2

/**
 * A box: two corners, the upper right one first.
 */
#define DBAPI_SHAPE_BOX 3

/**
 * A path: points, open or closed.
 */
#define DBAPI_SHAPE_PATH 4

/**
 * A polygon: points.
 */
#define DBAPI_SHAPE_POLYGON 5

/**
 * A circle: its centre, and a number.
 */
#define DBAPI_SHAPE_CIRCLE 6

/**
 * How a call ended: 0 is success, positive an outcome that is no error, negative an error of one PEP 249
 * class. Never renumbered.
 */
typedef enum dbapi_status_t {
  /**
   * Success.
   */
  DBAPI_OK = 0,
  /**
   * No more rows or results. Not an error.
   */
  DBAPI_DONE = 1,
  /**
   * InterfaceError: a misused handle, or a closed object.
   */
  DBAPI_INTERFACE_ERROR = -1,
  /**
   * DatabaseError: an error of the server that no narrower class names.
   */
  DBAPI_DATABASE_ERROR = -2,
  /**
   * DataError: a value out of range, a division by zero, text that is not UTF-8.
   */
  DBAPI_DATA_ERROR = -3,
  /**
   * OperationalError: a lost connection, a cancelled statement, a deadlock.
   */
  DBAPI_OPERATIONAL_ERROR = -4,
  /**
   * IntegrityError: a violated constraint.
   */
  DBAPI_INTEGRITY_ERROR = -5,
  /**
   * InternalError: of the server, or of this library.
   */
  DBAPI_INTERNAL_ERROR = -6,
  /**
   * ProgrammingError: wrong SQL, a bad placeholder, a bad argument.
   */
  DBAPI_PROGRAMMING_ERROR = -7,
  /**
   * NotSupportedError: something the server or this library does not do.
   */
  DBAPI_NOT_SUPPORTED_ERROR = -8,
} dbapi_status_t;

/**
 * What a value is, and so which member of its union holds it.
 */
typedef enum dbapi_kind_t {
  /**
   * NULL; no member.
   */
  DBAPI_KIND_NULL = 0,
  /**
   * `as.boolean`.
   */
  DBAPI_KIND_BOOL = 1,
  /**
   * `as.integer`: int2, int4, int8, oid, xid, cid, xid8.
   */
  DBAPI_KIND_INT = 2,
  /**
   * `as.floating`: float4, float8; NaN and infinities included.
   */
  DBAPI_KIND_FLOAT = 3,
  /**
   * `as.text`: the exact decimal digits, or NaN, Infinity, -Infinity. Also an xid8 beyond int64.
   */
  DBAPI_KIND_NUMERIC = 4,
  /**
   * `as.text`, UTF-8. Also every type without a kind of its own, in PostgreSQL's text form.
   */
  DBAPI_KIND_TEXT = 5,
  /**
   * `as.text`: the bytes of a bytea. Also text that is not UTF-8, which a SQL_ASCII database may hold, and
   * binary forms that this library does not read, from a cursor that SQL declared BINARY.
   */
  DBAPI_KIND_BYTES = 6,
  /**
   * `as.integer`: days from 1970-01-01; INT64_MIN and INT64_MAX are -infinity and infinity.
   */
  DBAPI_KIND_DATE = 7,
  /**
   * `as.integer`: microseconds from midnight, 86400000000 (24:00:00) included.
   */
  DBAPI_KIND_TIME = 8,
  /**
   * `as.timetz`.
   */
  DBAPI_KIND_TIMETZ = 9,
  /**
   * `as.integer`: microseconds from 1970-01-01 00:00:00, no time zone; INT64_MIN and INT64_MAX are
   * -infinity and infinity.
   */
  DBAPI_KIND_TIMESTAMP = 10,
  /**
   * `as.integer`: microseconds from 1970-01-01 00:00:00 UTC; INT64_MIN and INT64_MAX are -infinity and
   * infinity.
   */
  DBAPI_KIND_TIMESTAMPTZ = 11,
  /**
   * `as.interval`.
   */
  DBAPI_KIND_INTERVAL = 12,
  /**
   * `as.uuid`.
   */
  DBAPI_KIND_UUID = 13,
  /**
   * `as.text`: a json or jsonb document.
   */
  DBAPI_KIND_JSON = 14,
  /**
   * `as.array`.
   */
  DBAPI_KIND_ARRAY = 15,
  /**
   * `as.range`.
   */
  DBAPI_KIND_RANGE = 16,
  /**
   * `as.multirange`.
   */
  DBAPI_KIND_MULTIRANGE = 17,
  /**
   * `as.composite`: a row in a column.
   */
  DBAPI_KIND_COMPOSITE = 18,
  /**
   * `as.inet`: inet and cidr.
   */
  DBAPI_KIND_INET = 19,
  /**
   * `as.bits`: bit and varbit.
   */
  DBAPI_KIND_BITS = 20,
  /**
   * `as.point`.
   */
  DBAPI_KIND_POINT = 21,
  /**
   * `as.geometry`: line, lseg, box, path, polygon, circle.
   */
  DBAPI_KIND_GEOMETRY = 22,
  /**
   * `as.hstore`.
   */
  DBAPI_KIND_HSTORE = 23,
} dbapi_kind_t;

/**
 * Which form a column's values have, and so what its `data` points to.
 */
typedef enum dbapi_layout_t {
  /**
   * `const dbapi_value_t *`, each with a kind of its own: the kinds that have no other layout, columns of
   * several kinds, and whatever else does not come in another layout. Always possible.
   */
  DBAPI_LAYOUT_VALUES = 0,
  /**
   * `const int64_t *`: INT; DATE, TIME, TIMESTAMP and TIMESTAMPTZ, counted as in `dbapi_value_t`, with INT64_MIN
   * and INT64_MAX for -infinity and infinity.
   */
  DBAPI_LAYOUT_INT64 = 1,
  /**
   * `const double *`: FLOAT.
   */
  DBAPI_LAYOUT_DOUBLE = 2,
  /**
   * `const uint8_t *`, 0 or 1: BOOL.
   */
  DBAPI_LAYOUT_BOOL = 3,
  /**
   * `const char *`: TEXT, NUMERIC, JSON and BYTES; one value behind the other, each with a NUL behind it. Value i
   * begins at `offsets[i]`, and ends with the NUL at `offsets[i + 1] - 1`. No value has a NUL in it, unless the
   * kind is BYTES: so the NULs alone tell the values apart, and a language may split the whole by them.
   */
  DBAPI_LAYOUT_BYTES = 4,
} dbapi_layout_t;

/**
 * What `dbapi_connection_closed` answers.
 */
typedef enum dbapi_closed_t {
  /**
   * The connection can be used.
   */
  DBAPI_CLOSED_OPEN = 0,
  /**
   * `dbapi_close` was called, or the handle is not that of a connection.
   */
  DBAPI_CLOSED_CLOSED = 1,
  /**
   * The connection was lost.
   */
  DBAPI_CLOSED_BROKEN = 2,
} dbapi_closed_t;

/**
 * What `dbapi_connection_transaction_status` answers.
 */
typedef enum dbapi_transaction_status_t {
  /**
   * In no transaction.
   */
  DBAPI_TRANSACTION_IDLE = 0,
  /**
   * A command is in progress, in another thread.
   */
  DBAPI_TRANSACTION_ACTIVE = 1,
  /**
   * In a transaction.
   */
  DBAPI_TRANSACTION_INTRANS = 2,
  /**
   * In a transaction that failed and can only be rolled back.
   */
  DBAPI_TRANSACTION_INERROR = 3,
  /**
   * The connection is closed or broken.
   */
  DBAPI_TRANSACTION_UNKNOWN = 4,
} dbapi_transaction_status_t;

/**
 * What `dbapi_cursor_set_result_format` takes.
 */
typedef enum dbapi_format_t {
  /**
   * PostgreSQL's text form.
   */
  DBAPI_FORMAT_TEXT = 0,
  /**
   * PostgreSQL's binary form, for the types that this library reads in it.
   */
  DBAPI_FORMAT_BINARY = 1,
  /**
   * Whichever the library finds quicker. The default.
   */
  DBAPI_FORMAT_AUTO = 2,
} dbapi_format_t;

/**
 * Isolation levels of transactions.
 */
typedef enum dbapi_isolation_t {
  /**
   * The server's default.
   */
  DBAPI_ISOLATION_DEFAULT = 0,
  /**
   * READ UNCOMMITTED, which PostgreSQL treats as READ COMMITTED.
   */
  DBAPI_ISOLATION_READ_UNCOMMITTED = 1,
  /**
   * READ COMMITTED: each statement sees what was committed before it.
   */
  DBAPI_ISOLATION_READ_COMMITTED = 2,
  /**
   * REPEATABLE READ: all statements see what was committed before the first.
   */
  DBAPI_ISOLATION_REPEATABLE_READ = 3,
  /**
   * SERIALIZABLE: as if transactions ran one after the other.
   */
  DBAPI_ISOLATION_SERIALIZABLE = 4,
} dbapi_isolation_t;

/**
 * Who puts parameters in their places (`dbapi_cursor_set_binding`).
 */
typedef enum dbapi_binding_t {
  /**
   * The server: they travel apart from the statement, typed.
   */
  DBAPI_BINDING_SERVER = 0,
  /**
   * The client: they become literals in the statement.
   */
  DBAPI_BINDING_CLIENT = 1,
} dbapi_binding_t;

/**
 * What placeholders look like (`dbapi_cursor_set_paramstyle`).
 */
typedef enum dbapi_paramstyle_t {
  /**
   * `%s` and `%(name)s`; `%%` is a percent sign.
   */
  DBAPI_PARAMSTYLE_PYFORMAT = 0,
  /**
   * `$1`; a percent sign is a percent sign.
   */
  DBAPI_PARAMSTYLE_NUMERIC = 1,
} dbapi_paramstyle_t;

/**
 * What `dbapi_scroll` counts from.
 */
typedef enum dbapi_scroll_t {
  /**
   * The row that the next fetch would give.
   */
  DBAPI_SCROLL_RELATIVE = 0,
  /**
   * The start of the result.
   */
  DBAPI_SCROLL_ABSOLUTE = 1,
} dbapi_scroll_t;

/**
 * A connection to a server. Made by `dbapi_connect` and `dbapi_connect_params`, freed by
 * `dbapi_connection_free`; may be used from any thread, and by several at once: their calls take turns.
 */
typedef struct dbapi_connection_t dbapi_connection_t;

/**
 * Keywords and values of a connection string. Made by `dbapi_conninfo_parse`,
 * `dbapi_conninfo_resolve` and `dbapi_connection_conninfo`, freed by `dbapi_conninfo_free`. It never changes; what its functions give lives as long as it does.
 */
typedef struct dbapi_conninfo_t dbapi_conninfo_t;

/**
 * A cursor on a connection. Made by `dbapi_cursor` and `dbapi_cursor_named`, freed by `dbapi_cursor_free`.
 * Two threads may each use a cursor of one connection; one cursor belongs in one thread at a time, since
 * each call on it ends the life of the rows that the last one gave.
 */
typedef struct dbapi_cursor_t dbapi_cursor_t;

/**
 * An error. Received through a function's last argument, owned; freed by `dbapi_error_free`. It never
 * changes, and is tied to no thread and to no connection. What its functions give lives as long as it does.
 */
typedef struct dbapi_error_t dbapi_error_t;

/**
 * A notification: psycopg2's Notify. Received from `dbapi_connection_notify` and `dbapi_connection_wait_notify`,
 * owned; freed by `dbapi_notify_free`. It never changes, and is tied to no connection. What its functions give
 * lives as long as it does.
 */
typedef struct dbapi_notify_t dbapi_notify_t;

/**
 * What `dbapi_tpc_recover` found. Owned; freed by `dbapi_xid_list_free`. It never changes.
 */
typedef struct dbapi_xid_list_t dbapi_xid_list_t;

/**
 * PEP 249's transaction id for two-phase commit. Made by `dbapi_xid`, `dbapi_xid_from_string` and
 * `dbapi_tpc_recover`, owned; freed by `dbapi_xid_free`. It never changes, and is tied to no connection. What its
 * functions give lives as long as it does.
 */
typedef struct dbapi_xid_t dbapi_xid_t;

/**
 * One column of a description. -1 stands where PEP 249 says None.
 */
typedef struct dbapi_column_t {
  /**
   * The column's name. Not unique, and not always UTF-8 in a SQL_ASCII database.
   */
  const char *name;
  /**
   * The oid of its type.
   */
  uint32_t type_code;
  /**
   * The `dbapi_kind_t` that its values arrive as, but for NULLs, and for dates and times that do not come
   * in ISO form, which arrive as text.
   */
  int32_t kind;
  /**
   * Always -1: PostgreSQL does not say.
   */
  int32_t display_size;
  /**
   * Bytes of a fixed-size type; the declared length of varchar(n), char(n), bit(n); the precision of a
   * numeric; else -1.
   */
  int32_t internal_size;
  /**
   * Digits of numeric(p, s), else -1.
   */
  int32_t precision;
  /**
   * Digits after the point of numeric(p, s), else -1.
   */
  int32_t scale;
  /**
   * Always -1: PostgreSQL does not say.
   */
  int32_t null_ok;
  /**
   * The table whose column it is, else 0.
   */
  uint32_t table_oid;
  /**
   * Its number in that table, else 0.
   */
  int32_t table_column;
} dbapi_column_t;

/**
 * A counted run of bytes. What this library hands out is also followed by a NUL that is not counted.
 */
typedef struct dbapi_text_t {
  /**
   * The first byte. In a parameter, NULL is allowed only with length 0.
   */
  const char *data;
  /**
   * In bytes.
   */
  size_t length;
} dbapi_text_t;

/**
 * An interval: months and days are kept apart, since neither has a fixed length.
 */
typedef struct dbapi_interval_t {
  /**
   * The part below a day.
   */
  int64_t microseconds;
  /**
   * Whole days.
   */
  int32_t days;
  /**
   * Whole months.
   */
  int32_t months;
} dbapi_interval_t;

/**
 * A time of day with its offset.
 */
typedef struct dbapi_timetz_t {
  /**
   * Local time: microseconds from midnight.
   */
  int64_t microseconds;
  /**
   * Seconds east of UTC.
   */
  int32_t utc_offset;
} dbapi_timetz_t;

/**
 * An array: `dimensions` lengths and lower bounds, and the items in row-major order.
 *
 * Like every struct that a value points to: in a row it belongs to the cursor, as long as the row; in a
 * parameter it belongs to the caller, and is needed only during the call.
 */
typedef struct dbapi_array_t {
  /**
   * The oid of the items' type. In a parameter 0: that of its items.
   */
  uint32_t element_oid;
  /**
   * How many dimensions, at most 6; 0 for an empty array.
   */
  int32_t dimensions;
  /**
   * One length a dimension. In a parameter of one dimension, NULL is `count`.
   */
  const int32_t *lengths;
  /**
   * One lower bound a dimension; 1 unless the array says otherwise. In a parameter, NULL is 1 for each.
   */
  const int32_t *lower_bounds;
  /**
   * How many items: the product of the lengths.
   */
  size_t count;
  /**
   * The items; NULL ones are values of kind NULL.
   */
  const struct dbapi_value_t *items;
} dbapi_array_t;

/**
 * A multirange: ranges in order, which do not meet.
 */
typedef struct dbapi_multirange_t {
  /**
   * The oid of the ranges' type. In a parameter 0: that of its ranges.
   */
  uint32_t range_oid;
  /**
   * How many ranges.
   */
  size_t count;
  /**
   * Values of kind RANGE.
   */
  const struct dbapi_value_t *ranges;
} dbapi_multirange_t;

/**
 * A row: a value of a composite type, or a record.
 */
typedef struct dbapi_composite_t {
  /**
   * How many fields.
   */
  size_t count;
  /**
   * The fields.
   */
  const struct dbapi_value_t *fields;
  /**
   * The fields' names; NULL if they are not known, as those of a record. Not looked at in a parameter.
   */
  const char *const *names;
} dbapi_composite_t;

/**
 * An address of a host or a network: inet or cidr, which the value's oid tells apart.
 */
typedef struct dbapi_inet_t {
  /**
   * 4 or 6.
   */
  uint8_t family;
  /**
   * How many bits, from the first, are the network's: at most 32 or 128.
   */
  uint8_t prefix;
  /**
   * In network order; of IPv4 the first four bytes, the others being 0.
   */
  uint8_t address[16];
} dbapi_inet_t;

/**
 * A string of bits.
 */
typedef struct dbapi_bits_t {
  /**
   * In bits.
   */
  size_t length;
  /**
   * The first bit is the highest of the first byte. What the last byte has more is 0.
   */
  const uint8_t *bytes;
} dbapi_bits_t;

/**
 * A point of a plane.
 */
typedef struct dbapi_point_t {
  /**
   * To the right.
   */
  double x;
  /**
   * Upward.
   */
  double y;
} dbapi_point_t;

/**
 * A figure of a plane.
 */
typedef struct dbapi_geometry_t {
  /**
   * A DBAPI_SHAPE_: which figure.
   */
  int32_t shape;
  /**
   * 1 if a path's last point is joined to its first, 0 if not; of other shapes 0.
   */
  int32_t closed;
  /**
   * How many points.
   */
  size_t count;
  /**
   * The points.
   */
  const struct dbapi_point_t *points;
  /**
   * A line's A, B and C, of Ax + By + C = 0; a circle's radius; else 0.
   */
  double numbers[3];
} dbapi_geometry_t;

/**
 * Keys with their values, of the extension hstore.
 */
typedef struct dbapi_hstore_t {
  /**
   * How many pairs.
   */
  size_t count;
  /**
   * The keys, of kind TEXT.
   */
  const struct dbapi_value_t *keys;
  /**
   * The values, of kind TEXT or NULL.
   */
  const struct dbapi_value_t *values;
} dbapi_hstore_t;

/**
 * What a value holds; its kind says which member.
 */
typedef union dbapi_value_as_t {
  /**
   * BOOL.
   */
  bool boolean;
  /**
   * INT, DATE, TIME, TIMESTAMP, TIMESTAMPTZ.
   */
  int64_t integer;
  /**
   * FLOAT.
   */
  double floating;
  /**
   * NUMERIC, TEXT, BYTES, JSON.
   */
  struct dbapi_text_t text;
  /**
   * INTERVAL.
   */
  struct dbapi_interval_t interval;
  /**
   * TIMETZ.
   */
  struct dbapi_timetz_t timetz;
  /**
   * UUID, in the order it is written.
   */
  uint8_t uuid[16];
  /**
   * ARRAY.
   */
  const struct dbapi_array_t *array;
  /**
   * RANGE.
   */
  const struct dbapi_range_t *range;
  /**
   * MULTIRANGE.
   */
  const struct dbapi_multirange_t *multirange;
  /**
   * COMPOSITE.
   */
  const struct dbapi_composite_t *composite;
  /**
   * INET.
   */
  const struct dbapi_inet_t *inet;
  /**
   * BITS.
   */
  const struct dbapi_bits_t *bits;
  /**
   * POINT.
   */
  struct dbapi_point_t point;
  /**
   * GEOMETRY.
   */
  const struct dbapi_geometry_t *geometry;
  /**
   * HSTORE.
   */
  const struct dbapi_hstore_t *hstore;
} dbapi_value_as_t;

/**
 * One value: a cell of a row, or a parameter. 24 bytes on 64-bit machines.
 */
typedef struct dbapi_value_t {
  /**
   * A `dbapi_kind_t`.
   */
  int32_t kind;
  /**
   * The oid of the PostgreSQL type. In a parameter, 0: typed as the same literal would be.
   */
  uint32_t oid;
  /**
   * The value itself.
   */
  union dbapi_value_as_t as;
} dbapi_value_t;

/**
 * One column of a block of rows. 64 bytes on 64-bit machines, now and later: what may come takes a reserved place.
 */
typedef struct dbapi_block_column_t {
  /**
   * The `dbapi_kind_t` of all its values that are not NULL, or DBAPI_KIND_MIXED. If all are NULL, the one that
   * the description says.
   */
  int32_t kind;
  /**
   * A `dbapi_layout_t`.
   */
  int32_t layout;
  /**
   * The oid of its type.
   */
  uint32_t oid;
  /**
   * 0.
   */
  uint32_t reserved;
  /**
   * How many of its values are NULL.
   */
  size_t null_count;
  /**
   * A byte for each row: 1 for NULL, 0 for a value. NULL if `null_count` is 0.
   */
  const uint8_t *nulls;
  /**
   * The values, in their layout. NULLs have their place among them: 0, 0.0, false, an empty text, a value of
   * kind NULL.
   */
  const void *data;
  /**
   * How many bytes `data` has.
   */
  size_t data_size;
  /**
   * In the layout BYTES, where in `data` the values begin: one for each row, and one more, which is `data_size`.
   * Else NULL.
   */
  const int64_t *offsets;
  /**
   * NULL.
   */
  const void *reserved_data;
} dbapi_block_column_t;

/**
 * A date and a time of day, taken apart.
 */
typedef struct dbapi_parts_t {
  /**
   * As PostgreSQL counts: -1 is 1 BC, and no year is 0. 0 in a time of day, which has no date.
   */
  int32_t year;
  /**
   * 1 to 12; 0 in a time of day.
   */
  int32_t month;
  /**
   * 1 to 31; 0 in a time of day.
   */
  int32_t day;
  /**
   * 0 to 23, and 24 in the time of day 24:00:00.
   */
  int32_t hour;
  /**
   * 0 to 59.
   */
  int32_t minute;
  /**
   * 0 to 59: PostgreSQL has no leap seconds.
   */
  int32_t second;
  /**
   * 0 to 999999.
   */
  int32_t microsecond;
  /**
   * Seconds east of UTC, less than 16 hours either way; 0 where the kind has no offset.
   */
  int32_t utc_offset;
} dbapi_parts_t;

/**
 * A range: two bounds, or empty.
 */
typedef struct dbapi_range_t {
  /**
   * The oid of the bounds' type. In a parameter 0: that of its bounds.
   */
  uint32_t subtype_oid;
  /**
   * Of DBAPI_RANGE_EMPTY, DBAPI_RANGE_LOWER_INCLUSIVE and DBAPI_RANGE_UPPER_INCLUSIVE.
   */
  int32_t flags;
  /**
   * The lower bound; of kind NULL if there is none.
   */
  struct dbapi_value_t lower;
  /**
   * The upper bound; of kind NULL if there is none.
   */
  struct dbapi_value_t upper;
} dbapi_range_t;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The DB-API level, "2.0".
 *
 * @return a static string. Any thread.
 * @since 0.1
 */
const char *dbapi_apilevel(void);

/**
 * PEP 249's threadsafety, 2: threads may share the module and connections; calls on one connection take
 * turns.
 *
 * @return 2. Any thread.
 * @since 0.1
 */
int32_t dbapi_threadsafety(void);

/**
 * PEP 249's paramstyle, "pyformat": placeholders are `%s`, or `%(name)s`.
 *
 * @return a static string. Any thread.
 * @since 0.1
 */
const char *dbapi_paramstyle(void);

/**
 * The version of the library that is loaded, as text.
 *
 * @return a static string. Any thread.
 * @since 0.1
 */
const char *dbapi_version(void);

/**
 * The version of the library that is loaded: major * 10000 + minor * 100 + patch. A program built for
 * DBAPI_VERSION_NUMBER runs with any library of the same major version and at least that number.
 *
 * @return the number. Any thread.
 * @since 0.1
 */
int32_t dbapi_version_number(void);

/**
 * PEP 249's connect: connects to a PostgreSQL server.
 *
 * @param dsn borrowed: a connection string of libpq's, `host=... dbname=...` or `postgresql://...`; what it
 *   leaves out comes from the environment (PGHOST and the like) and from defaults. NULL or "": everything.
 * @param out_connection receives an owned handle; NULL on failure.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for a bad dsn, DBAPI_OPERATIONAL_ERROR if no server let us in,
 *   DBAPI_NOT_SUPPORTED_ERROR for a keyword that this version cannot honour. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_connect(const char *dsn,
                             dbapi_connection_t **out_connection,
                             dbapi_error_t **out_error);

/**
 * `dbapi_connect` with keywords beside the dsn, for values that should need no quoting.
 *
 * @param dsn borrowed, as for `dbapi_connect`; may be NULL.
 * @param keywords borrowed: an array that ends with NULL; each overrides the dsn. `database` is an alias of
 *   `dbname`. NULL: none.
 * @param values borrowed: one for each keyword; NULL leaves that keyword unset. NULL if `keywords` is.
 * @param out_connection receives an owned handle; NULL on failure.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return as `dbapi_connect`. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_connect_params(const char *dsn,
                                    const char *const *keywords,
                                    const char *const *values,
                                    dbapi_connection_t **out_connection,
                                    dbapi_error_t **out_error);

/**
 * PEP 249's close: the connection cannot be used any more, nor can its cursors. An open transaction is
 * rolled back. Closing again does nothing. The handle still has to be freed.
 *
 * @param connection borrowed.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if it is not a connection's handle. Any thread; waits for a call
 *   that is in progress in another.
 * @since 0.1
 */
dbapi_status_t dbapi_close(dbapi_connection_t *connection,
                           dbapi_error_t **out_error);

/**
 * Frees the handle. The connection is closed, as by `dbapi_close`, once its last cursor is freed too: a
 * cursor keeps its connection alive, so handles may be freed in any order, by any finalizer.
 *
 * @param connection owned, consumed. NULL, or a handle freed already, does nothing.
 * Any thread, also while another is in a call on it: that call ends first.
 * @since 0.1
 */
void dbapi_connection_free(dbapi_connection_t *connection);

/**
 * Whether the connection can be used.
 *
 * @param connection borrowed.
 * @return a `dbapi_closed_t`: open, closed or broken; closed for what is not a connection's handle. Any
 *   thread; never waits.
 * @since 0.1
 */
int32_t dbapi_connection_closed(const dbapi_connection_t *connection);

/**
 * Where the server said the transaction stands.
 *
 * @param connection borrowed.
 * @return a `dbapi_transaction_status_t`; unknown for a closed connection or what is not a connection's
 *   handle. Any thread; never waits.
 * @since 0.1
 */
int32_t dbapi_connection_transaction_status(const dbapi_connection_t *connection);

/**
 * The connection string that it was opened with, as `keyword=value` pairs, with every password shown as `xxx`.
 *
 * @param connection borrowed; it may be closed.
 * @return a string borrowed from the connection, until it is freed; NULL for what is not a connection's handle.
 *   Any thread; never waits.
 * @since 0.1
 */
const char *dbapi_connection_dsn(const dbapi_connection_t *connection);

/**
 * The host that it is connected to: of several in the connection string, the one. As it was given: a name, an
 * address, or the directory of a Unix socket.
 *
 * @param connection borrowed; it may be closed.
 * @return a string borrowed from the connection, until it is freed; NULL for what is not a connection's handle.
 *   Any thread; never waits.
 * @since 0.1
 */
const char *dbapi_connection_host(const dbapi_connection_t *connection);

/**
 * The port that it is connected to; of a Unix socket, the number in its file's name.
 *
 * @param connection borrowed; it may be closed.
 * @return the port; 0 for what is not a connection's handle. Any thread; never waits.
 * @since 0.1
 */
int32_t dbapi_connection_port(const dbapi_connection_t *connection);

/**
 * The user who logged in.
 *
 * @param connection borrowed; it may be closed.
 * @return a string borrowed from the connection, until it is freed; NULL for what is not a connection's handle.
 *   Any thread; never waits.
 * @since 0.1
 */
const char *dbapi_connection_user(const dbapi_connection_t *connection);

/**
 * The database that it is connected to.
 *
 * @param connection borrowed; it may be closed.
 * @return a string borrowed from the connection, until it is freed; NULL for what is not a connection's handle.
 *   Any thread; never waits.
 * @since 0.1
 */
const char *dbapi_connection_dbname(const dbapi_connection_t *connection);

/**
 * The command-line options that the server was given for this connection: the `options` parameter.
 *
 * @param connection borrowed; it may be closed.
 * @return a string borrowed from the connection, until it is freed; "" if there were none; NULL for what is not a
 *   connection's handle. Any thread; never waits.
 * @since 0.1
 */
const char *dbapi_connection_options(const dbapi_connection_t *connection);

/**
 * All parameters in effect: what `dbapi_connect` was given, and what it found in the service file, in the
 * environment and among the defaults, as psycopg2's `dsn_parameters`. Secrets (passwords and keys) are left out,
 * and a value that looks like a connection string with a password in it is shown as `xxx`.
 *
 * @param connection borrowed; it may be closed.
 * @param out_conninfo receives an owned handle, to be freed by `dbapi_conninfo_free`; NULL on failure.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR for what is not a connection's handle. Any thread; never waits.
 * @since 0.1
 */
dbapi_status_t dbapi_connection_conninfo(const dbapi_connection_t *connection,
                                         dbapi_conninfo_t **out_conninfo,
                                         dbapi_error_t **out_error);

/**
 * psycopg2's fileno: the connection's socket, for an event loop to wait until the server says something (a
 * notification, say) between calls. Only to wait for: the library alone reads, writes and closes it. With TLS, what
 * was received may wait where no event loop sees it.
 *
 * @param connection borrowed.
 * @return the file descriptor; -1 when the connection is closed, broken, or another process's (after fork), and
 *   for what is not a connection's handle. Any thread; never waits.
 * @since 0.1
 */
int32_t dbapi_connection_fileno(const dbapi_connection_t *connection);

/**
 * The process id of the server's process that serves it: `pid` in pg_stat_activity. Through a pooler, what the
 * pooler says.
 *
 * @param connection borrowed; it may be closed.
 * @return the id; 0 if the server did not say, or for what is not a connection's handle. Any thread; never
 *   waits.
 * @since 0.1
 */
int32_t dbapi_connection_backend_pid(const dbapi_connection_t *connection);

/**
 * The server's version, as libpq numbers it: 150018 is 15.18, 90624 is 9.6.24.
 *
 * @param connection borrowed; it may be closed.
 * @return the number; 0 if the server did not say, or for what is not a connection's handle. Any thread; never
 *   waits.
 * @since 0.1
 */
int32_t dbapi_connection_server_version(const dbapi_connection_t *connection);

/**
 * The version of the frontend/backend protocol that was agreed on, as libpq numbers it: 30000 is 3.0, 30002 is
 * 3.2.
 *
 * @param connection borrowed; it may be closed.
 * @return the number; 0 for what is not a connection's handle. Any thread; never waits.
 * @since 0.1
 */
int32_t dbapi_connection_protocol_version(const dbapi_connection_t *connection);

/**
 * Whether it is encrypted by TLS.
 *
 * @param connection borrowed; it may be closed.
 * @return true if it is; false for what is not a connection's handle. Any thread; never waits.
 * @since 0.1
 */
bool dbapi_connection_ssl_in_use(const dbapi_connection_t *connection);

/**
 * What its TLS is made of, under the names of libpq's `PQsslAttribute`: `library` ("rustls"), `protocol`
 * ("TLSv1.3"), `key_bits` ("256"), `cipher` ("TLS_AES_256_GCM_SHA384"), `compression` ("off"), `alpn`
 * ("postgresql", or "" if the server selected none).
 *
 * @param connection borrowed; it may be closed.
 * @param name borrowed: the attribute.
 * @return a string borrowed from the connection, until it is freed; NULL without TLS, for an unknown name, and
 *   for what is not a connection's handle. Any thread; never waits.
 * @since 0.1
 */
const char *dbapi_connection_ssl_attribute(const dbapi_connection_t *connection,
                                           const char *name);

/**
 * Cancels the command that is in progress on the connection, in whatever thread: that call fails with
 * DBAPI_OPERATIONAL_ERROR and SQLSTATE 57014, unless it ends before. Harmless when none is. Never waits for the
 * call that it cancels, only (10 seconds at most) for the server to have taken the request, which travels by a
 * connection of its own, with TLS if the session has it; a command that begins later is never hit.
 *
 * @param connection borrowed.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK, also when nothing was in progress; DBAPI_OPERATIONAL_ERROR if the server could not be
 *   reached; DBAPI_NOT_SUPPORTED_ERROR if it gave no key to cancel with; DBAPI_INTERFACE_ERROR on a closed
 *   connection. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_connection_cancel(dbapi_connection_t *connection,
                                       dbapi_error_t **out_error);

/**
 * Cancels as `dbapi_connection_cancel`, but is not lost when it comes too early: for a binding whose language ends a
 * call from outside (a context, a signal, another thread), which knows that a call is being made but not how far it
 * has come.
 *
 * The call that is in progress fails with DBAPI_OPERATIONAL_ERROR and SQLSTATE 57014, unless it ends before: the
 * request is repeated until it has ended, also while the statement is only being sent, and this waits for it, for 10
 * seconds or the connection's timeout at most. If none is in progress, a wait for a notification ends so, or the next
 * call that would have the server do something, before anything is sent: the transaction stays as it is. Rolling back,
 * resetting and closing are never refused. An interrupt that no call has met is taken back by
 * `dbapi_connection_clear_interrupt`, which a binding calls when what could interrupt its call is over.
 *
 * @param connection borrowed.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK: the call has ended, or the next one will fail; DBAPI_OPERATIONAL_ERROR if the server could not be
 *   reached, or the call has not ended in time; DBAPI_NOT_SUPPORTED_ERROR if the server gave no key to cancel with;
 *   DBAPI_INTERFACE_ERROR on a closed connection. Any thread but that of the call.
 * @since 0.1
 */
dbapi_status_t dbapi_connection_interrupt(dbapi_connection_t *connection,
                                          dbapi_error_t **out_error);

/**
 * Takes back an interrupt that no call has met.
 *
 * @param connection borrowed; it may be closed.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_DONE if there was none; DBAPI_INTERFACE_ERROR for what is not a connection's handle. Any
 *   thread; never waits.
 * @since 0.1
 */
dbapi_status_t dbapi_connection_clear_interrupt(dbapi_connection_t *connection,
                                                dbapi_error_t **out_error);

/**
 * Sets what a call on the connection or on its cursors may take, from the next call on: waiting for its turn,
 * sending, and reading the answer to its end. A statement that takes longer is cancelled, and its call fails
 * with DBAPI_OPERATIONAL_ERROR, for which `dbapi_error_timed_out` is true. If the server answers, the SQLSTATE
 * is 57014 and the connection stays usable; if it does not within half of the timeout more (at least 0.5, at
 * most 2 seconds), the connection is broken. A statement that ends just then has succeeded. The keyword
 * `timeout` in the connection string, in seconds, sets it from connecting on, connecting included.
 *
 * @param connection borrowed.
 * @param milliseconds 0: none.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for less than 0 or more than 2147483647;
 *   DBAPI_INTERFACE_ERROR on a closed connection. Any thread; never waits.
 * @since 0.1
 */
dbapi_status_t dbapi_connection_set_timeout(dbapi_connection_t *connection,
                                            int64_t milliseconds,
                                            dbapi_error_t **out_error);

/**
 * What a call on the connection may take.
 *
 * @param connection borrowed; it may be closed.
 * @return milliseconds; 0: as long as it takes, and for what is not a connection's handle. Any thread; never
 *   waits.
 * @since 0.1
 */
int64_t dbapi_connection_timeout(const dbapi_connection_t *connection);

/**
 * Sets what a call on this cursor may take, from the next call on, whatever its connection's timeout is.
 *
 * @param cursor borrowed.
 * @param milliseconds 0: none; -1: what the connection says, as at first.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for less than -1 or more than 2147483647;
 *   DBAPI_INTERFACE_ERROR on a closed cursor. Any thread, in turn with other calls on the cursor.
 * @since 0.1
 */
dbapi_status_t dbapi_cursor_set_timeout(dbapi_cursor_t *cursor,
                                        int64_t milliseconds,
                                        dbapi_error_t **out_error);

/**
 * What `dbapi_cursor_set_timeout` set.
 *
 * @param cursor borrowed; it may be closed.
 * @return milliseconds; 0: as long as it takes; -1: what the connection says, and for what is not a cursor's
 *   handle. Any thread, in turn with other calls on the cursor.
 * @since 0.1
 */
int64_t dbapi_cursor_timeout(const dbapi_cursor_t *cursor);

/**
 * Sets at which use of a statement the server prepares it (manual, PREPARE). A statement is used again if its text
 * and the types of its parameters are the same, on whatever cursor. Only queries and INSERT, UPDATE, DELETE, MERGE
 * are, one at a time, and nothing is where a pooler is found between client and server.
 *
 * It changes nothing but the time that statements take. One that is out of date is prepared anew: by itself after
 * DDL, SET, DISCARD and the like of this session; where another session changed a table, when the server says so.
 * Only in the midst of a transaction can that be seen: the server has failed the transaction then, with SQLSTATE
 * 0A000 or 26000, and it succeeds when it is run again. Columns of numbers, dates and the like may be sent in binary
 * format from then on (see `dbapi_cursor_set_result_format`), which gives the same values.
 *
 * @param connection borrowed.
 * @param uses at which use, at first 3 or what the connection string's `prepare_threshold` says; 1 and 2 are as 3; 0:
 *   never, and what is prepared is given back.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for less than 0 or more than 1000000; DBAPI_INTERFACE_ERROR on a
 *   closed connection. Calls on one connection take turns.
 * @since 0.1
 */
dbapi_status_t dbapi_connection_set_prepare_threshold(dbapi_connection_t *connection,
                                                      int32_t uses,
                                                      dbapi_error_t **out_error);

/**
 * What `dbapi_connection_set_prepare_threshold` set.
 *
 * @param connection borrowed; it may be closed.
 * @return at which use statements are prepared; 0: never; -1 for what is not a connection's handle. Any thread;
 *   never waits.
 * @since 0.1
 */
int32_t dbapi_connection_prepare_threshold(const dbapi_connection_t *connection);

/**
 * Sets how many statements the connection keeps prepared at most; the least recently used go first.
 *
 * @param connection borrowed.
 * @param statements at first 100, or what the connection string's `prepared_max` says; 0: none.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for less than 0 or more than 10000; DBAPI_INTERFACE_ERROR on a closed
 *   connection. Calls on one connection take turns.
 * @since 0.1
 */
dbapi_status_t dbapi_connection_set_prepared_max(dbapi_connection_t *connection,
                                                 int32_t statements,
                                                 dbapi_error_t **out_error);

/**
 * What `dbapi_connection_set_prepared_max` set.
 *
 * @param connection borrowed; it may be closed.
 * @return how many statements are kept prepared at most; -1 for what is not a connection's handle. Any thread; never
 *   waits.
 * @since 0.1
 */
int32_t dbapi_connection_prepared_max(const dbapi_connection_t *connection);

/**
 * psycopg2's encrypt_password: what to give a role as its password, so that the password itself never
 * travels, nor stands in a log. Use the outcome as a literal: `ALTER ROLE alice PASSWORD 'SCRAM-SHA-256$...'`.
 *
 * Works as snprintf does: what does not fit is cut off, and the full length is told. 200 bytes are enough for
 * either algorithm. A SCRAM-SHA-256 verifier has a fresh salt each time, so its text differs from call to
 * call, and its length does not.
 *
 * @param connection borrowed; NULL: none. Its server says how many iterations a SCRAM-SHA-256 verifier gets
 *   (16 and later report it; else 4096). No transaction is begun.
 * @param user borrowed: the role's name. It is part of an MD5 verifier.
 * @param password borrowed: the password in clear.
 * @param algorithm borrowed: "scram-sha-256" or "md5". NULL: what the server of `connection` uses, which is
 *   asked (setting `password_encryption`); without a connection, scram-sha-256.
 * @param buffer receives the text and a NUL; may be NULL if `capacity` is 0.
 * @param capacity of the buffer, in bytes, the NUL included.
 * @param out_length receives the full length in bytes, without the NUL; it fitted if it is below `capacity`.
 *   May be NULL.
 * @param out_error receives an owned error on failure; may be NULL. It never holds the password.
 * @return DBAPI_OK, also when cut off; DBAPI_PROGRAMMING_ERROR for another algorithm or a NULL argument,
 *   DBAPI_NOT_SUPPORTED_ERROR if it is the server that uses another one, DBAPI_INTERFACE_ERROR if the
 *   connection is closed; the server's error if it is asked in a transaction that has failed. Any thread;
 *   calls on one connection take turns.
 * @since 0.1
 */
dbapi_status_t dbapi_encrypt_password(dbapi_connection_t *connection,
                                      const char *user,
                                      const char *password,
                                      const char *algorithm,
                                      char *buffer,
                                      size_t capacity,
                                      size_t *out_length,
                                      dbapi_error_t **out_error);

/**
 * PEP 249's commit. Outside a transaction it does nothing.
 *
 * A transaction that has failed cannot be committed; the server rolls it back, and this says so with an
 * error of class operational, or integrity if a violated constraint made it fail. If the connection is lost
 * before the answer, the SQLSTATE is 08007: whether it was committed is unknown.
 *
 * @param connection borrowed.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK, or an error. Any thread; calls on one connection take turns.
 * @since 0.1
 */
dbapi_status_t dbapi_commit(dbapi_connection_t *connection,
                            dbapi_error_t **out_error);

/**
 * PEP 249's rollback. Outside a transaction it does nothing.
 *
 * @param connection borrowed.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK, or an error. Any thread; calls on one connection take turns.
 * @since 0.1
 */
dbapi_status_t dbapi_rollback(dbapi_connection_t *connection,
                              dbapi_error_t **out_error);

/**
 * Makes each statement commit by itself, or (the default) not: then the first statement begins a
 * transaction, which `dbapi_commit` or `dbapi_rollback` ends.
 *
 * @param connection borrowed.
 * @param autocommit true: each statement commits by itself.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR inside a transaction. Any thread; calls on one connection take
 *   turns. See `dbapi_connection_set_session`.
 * @since 0.1
 */
dbapi_status_t dbapi_connection_set_autocommit(dbapi_connection_t *connection,
                                               bool autocommit,
                                               dbapi_error_t **out_error);

/**
 * Whether each statement commits by itself.
 *
 * @param connection borrowed.
 * @return what was set last; false for what is not a connection's handle. Any thread; never waits.
 * @since 0.1
 */
bool dbapi_connection_autocommit(const dbapi_connection_t *connection);

/**
 * psycopg2's set_session: what transactions are like from the next one on. With autocommit off it goes on each
 * BEGIN; with it on, the session's defaults (`default_transaction_isolation` and its like) are set.
 *
 * @param connection borrowed.
 * @param isolation_level a `dbapi_isolation_t`, or DBAPI_UNCHANGED.
 * @param readonly 1, 0, DBAPI_DEFAULT (the server's default) or DBAPI_UNCHANGED.
 * @param deferrable 1, 0, DBAPI_DEFAULT or DBAPI_UNCHANGED; it matters to serializable read-only transactions.
 * @param autocommit 1, 0 or DBAPI_UNCHANGED.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR inside a transaction, during a two-phase commit, and for any other
 *   number; then nothing is changed. Any thread; calls on one connection take turns.
 * @since 0.1
 */
dbapi_status_t dbapi_connection_set_session(dbapi_connection_t *connection,
                                            int32_t isolation_level,
                                            int32_t readonly,
                                            int32_t deferrable,
                                            int32_t autocommit,
                                            dbapi_error_t **out_error);

/**
 * Sets the isolation level of transactions, from the next one on. See `dbapi_connection_set_session`.
 *
 * @param connection borrowed.
 * @param isolation_level a `dbapi_isolation_t`.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return as `dbapi_connection_set_session`. Any thread; calls on one connection take turns.
 * @since 0.1
 */
dbapi_status_t dbapi_connection_set_isolation_level(dbapi_connection_t *connection,
                                                    int32_t isolation_level,
                                                    dbapi_error_t **out_error);

/**
 * Sets whether transactions are read-only, from the next one on. See `dbapi_connection_set_session`.
 *
 * @param connection borrowed.
 * @param readonly 1, 0, or DBAPI_DEFAULT (the server's default).
 * @param out_error receives an owned error on failure; may be NULL.
 * @return as `dbapi_connection_set_session`. Any thread; calls on one connection take turns.
 * @since 0.1
 */
dbapi_status_t dbapi_connection_set_readonly(dbapi_connection_t *connection,
                                             int32_t readonly,
                                             dbapi_error_t **out_error);

/**
 * Sets whether transactions are deferrable, from the next one on. See `dbapi_connection_set_session`.
 *
 * @param connection borrowed.
 * @param deferrable 1, 0, or DBAPI_DEFAULT (the server's default).
 * @param out_error receives an owned error on failure; may be NULL.
 * @return as `dbapi_connection_set_session`. Any thread; calls on one connection take turns.
 * @since 0.1
 */
dbapi_status_t dbapi_connection_set_deferrable(dbapi_connection_t *connection,
                                               int32_t deferrable,
                                               dbapi_error_t **out_error);

/**
 * The isolation level that was set.
 *
 * @param connection borrowed; it may be closed.
 * @return a `dbapi_isolation_t`; DBAPI_ISOLATION_DEFAULT for what is not a connection's handle. Any thread;
 *   never waits.
 * @since 0.1
 */
int32_t dbapi_connection_isolation_level(const dbapi_connection_t *connection);

/**
 * Whether transactions are read-only, as it was set.
 *
 * @param connection borrowed; it may be closed.
 * @return 1, 0, or DBAPI_DEFAULT: that, too, for what is not a connection's handle. Any thread; never waits.
 * @since 0.1
 */
int32_t dbapi_connection_readonly(const dbapi_connection_t *connection);

/**
 * Whether transactions are deferrable, as it was set.
 *
 * @param connection borrowed; it may be closed.
 * @return 1, 0, or DBAPI_DEFAULT: that, too, for what is not a connection's handle. Any thread; never waits.
 * @since 0.1
 */
int32_t dbapi_connection_deferrable(const dbapi_connection_t *connection);

/**
 * psycopg2's reset: rolls back what is open, and makes the session as it was after connecting (DISCARD ALL):
 * settings, temporary tables, prepared statements, advisory locks and LISTENs go; autocommit is off, and
 * isolation level, readonly and deferrable are the server's defaults. Notices, notifications and the timeout stay.
 *
 * @param connection borrowed.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR during a two-phase commit. Any thread; calls on one connection take
 *   turns.
 * @since 0.1
 */
dbapi_status_t dbapi_connection_reset(dbapi_connection_t *connection,
                                      dbapi_error_t **out_error);

/**
 * The encoding of all text to and from the server.
 *
 * @param connection borrowed; it may be closed.
 * @return "UTF8", a static text: there is no other (see `dbapi_connection_set_encoding`). Any thread; never waits.
 * @since 0.1
 */
const char *dbapi_connection_encoding(const dbapi_connection_t *connection);

/**
 * psycopg2's set_client_encoding. The library's text is UTF-8, and the server converts from and to its own
 * encoding; so this accepts UTF8, under any of PostgreSQL's names for it, and as in psycopg2 rolls back a
 * transaction that is open. A statement that sets client_encoding to anything else fails with
 * DBAPI_NOT_SUPPORTED_ERROR, after the encoding has been set back.
 *
 * @param connection borrowed.
 * @param encoding borrowed: the encoding's name.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_NOT_SUPPORTED_ERROR for another encoding; DBAPI_PROGRAMMING_ERROR during a two-phase
 *   commit. Any thread; calls on one connection take turns.
 * @since 0.1
 */
dbapi_status_t dbapi_connection_set_encoding(dbapi_connection_t *connection,
                                             const char *encoding,
                                             dbapi_error_t **out_error);

/**
 * What the server reports of one of its settings, such as `TimeZone`, `server_version` or `in_hot_standby`
 * (manual, 55.2.7); not every setting is reported.
 *
 * @param connection borrowed; it may be closed.
 * @param name borrowed: the setting, spelled as the server does.
 * @param buffer receives the text and a NUL, cut off if need be; may be NULL if `capacity` is 0.
 * @param capacity of the buffer, in bytes, the NUL included.
 * @param out_length receives the full length in bytes, without the NUL; may be NULL.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_DONE, with nothing written, if the server does not report it; DBAPI_INTERFACE_ERROR in a
 *   forked child. Any thread; never waits for a call in progress: what it says is as of the last call that ended.
 * @since 0.1
 */
dbapi_status_t dbapi_connection_parameter_status(const dbapi_connection_t *connection,
                                                 const char *name,
                                                 char *buffer,
                                                 size_t capacity,
                                                 size_t *out_length,
                                                 dbapi_error_t **out_error);

/**
 * PEP 249's xid: a transaction id of its three parts.
 *
 * @param format_id not negative.
 * @param gtrid borrowed: the global transaction; at most 64 printable ASCII characters.
 * @param bqual borrowed: its branch; at most 64 printable ASCII characters.
 * @param out_xid receives an owned xid; NULL on failure.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for parts that cannot be. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_xid(int32_t format_id,
                         const char *gtrid,
                         const char *bqual,
                         dbapi_xid_t **out_xid,
                         dbapi_error_t **out_error);

/**
 * psycopg2's Xid.from_string: the xid that a name on the server (`gid` in pg_prepared_xacts) stands for. A name
 * of another form makes an xid without a format id, whose gtrid is the name.
 *
 * @param name borrowed.
 * @param out_xid receives an owned xid; NULL on failure.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_xid_from_string(const char *name,
                                     dbapi_xid_t **out_xid,
                                     dbapi_error_t **out_error);

/**
 * The format id.
 *
 * @param xid borrowed.
 * @return the format id; -1 if the name on the server has not the form of an xid, and for what is not an xid's
 *   handle. Any thread.
 * @since 0.1
 */
int32_t dbapi_xid_format_id(const dbapi_xid_t *xid);

/**
 * The global transaction; of a name on the server that has not the form of an xid, that name.
 *
 * @param xid borrowed.
 * @return a string borrowed from the xid; NULL for what is not an xid's handle. Any thread.
 * @since 0.1
 */
const char *dbapi_xid_gtrid(const dbapi_xid_t *xid);

/**
 * The branch.
 *
 * @param xid borrowed.
 * @return a string borrowed from the xid; NULL for what is not an xid's handle. Any thread.
 * @since 0.1
 */
const char *dbapi_xid_bqual(const dbapi_xid_t *xid);

/**
 * The name on the server, as psycopg2 and JDBC form it: "42_Z3RyaWQ=_YnF1YWw=".
 *
 * @param xid borrowed.
 * @return a string borrowed from the xid; NULL for what is not an xid's handle. Any thread.
 * @since 0.1
 */
const char *dbapi_xid_name(const dbapi_xid_t *xid);

/**
 * When it was prepared, as the server writes a timestamptz.
 *
 * @param xid borrowed.
 * @return a string borrowed from the xid; NULL for one that `dbapi_tpc_recover` did not find. Any thread.
 * @since 0.1
 */
const char *dbapi_xid_prepared(const dbapi_xid_t *xid);

/**
 * The role that prepared it.
 *
 * @param xid borrowed.
 * @return a string borrowed from the xid; NULL for one that `dbapi_tpc_recover` did not find. Any thread.
 * @since 0.1
 */
const char *dbapi_xid_owner(const dbapi_xid_t *xid);

/**
 * The database that it was prepared in: only there can it be committed or rolled back.
 *
 * @param xid borrowed.
 * @return a string borrowed from the xid; NULL for one that `dbapi_tpc_recover` did not find. Any thread.
 * @since 0.1
 */
const char *dbapi_xid_database(const dbapi_xid_t *xid);

/**
 * Frees an xid.
 *
 * @param xid owned, consumed. NULL, or a handle freed already, does nothing. Any thread.
 * @since 0.1
 */
void dbapi_xid_free(dbapi_xid_t *xid);

/**
 * PEP 249's tpc_begin: begins a transaction that can be prepared. Until it ends, `dbapi_commit` and
 * `dbapi_rollback` are errors.
 *
 * @param connection borrowed.
 * @param xid borrowed: the transaction's id.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR inside a transaction, and with autocommit on. Any thread; calls on one
 *   connection take turns.
 * @since 0.1
 */
dbapi_status_t dbapi_tpc_begin(dbapi_connection_t *connection,
                               const dbapi_xid_t *xid,
                               dbapi_error_t **out_error);

/**
 * PEP 249's tpc_prepare: the first phase. From then on the transaction outlives the connection and even a crash of
 * the server, and no statement can be run here until `dbapi_tpc_commit` or `dbapi_tpc_rollback`.
 *
 * @param connection borrowed.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR unless `dbapi_tpc_begin` was called; if the transaction had failed, an
 *   error as by `dbapi_commit`, and the two-phase commit is over. Any thread; calls on one connection take turns.
 * @since 0.1
 */
dbapi_status_t dbapi_tpc_prepare(dbapi_connection_t *connection,
                                 dbapi_error_t **out_error);

/**
 * PEP 249's tpc_commit: the second phase; without `dbapi_tpc_prepare` before it, the only one. With an xid it commits
 * one that was prepared elsewhere.
 *
 * @param connection borrowed.
 * @param xid borrowed: a prepared transaction; NULL: the one under way.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR without an xid unless a two-phase commit is under way, with one if it is or
 *   inside a transaction, and with SQLSTATE 42704 for one that the server does not know. Any thread; calls on one
 *   connection take turns.
 * @since 0.1
 */
dbapi_status_t dbapi_tpc_commit(dbapi_connection_t *connection,
                                const dbapi_xid_t *xid,
                                dbapi_error_t **out_error);

/**
 * PEP 249's tpc_rollback: undoes the transaction, before or after its first phase. With an xid it rolls back one that
 * was prepared elsewhere.
 *
 * @param connection borrowed.
 * @param xid borrowed: a prepared transaction; NULL: the one under way.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return as `dbapi_tpc_commit`. Any thread; calls on one connection take turns.
 * @since 0.1
 */
dbapi_status_t dbapi_tpc_rollback(dbapi_connection_t *connection,
                                  const dbapi_xid_t *xid,
                                  dbapi_error_t **out_error);

/**
 * PEP 249's tpc_recover: the transactions that are prepared and wait for their second phase, oldest first, in all
 * databases of the server. Begins no transaction.
 *
 * @param connection borrowed.
 * @param out_list receives an owned list; NULL on failure.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK, also when none waits; DBAPI_PROGRAMMING_ERROR between the phases of a two-phase commit. Any thread;
 *   calls on one connection take turns.
 * @since 0.1
 */
dbapi_status_t dbapi_tpc_recover(dbapi_connection_t *connection,
                                 dbapi_xid_list_t **out_list,
                                 dbapi_error_t **out_error);

/**
 * How many xids a list has.
 *
 * @param list borrowed.
 * @return their number; 0 for what is not a list's handle. Any thread.
 * @since 0.1
 */
size_t dbapi_xid_list_count(const dbapi_xid_list_t *list);

/**
 * An xid of a list.
 *
 * @param list borrowed.
 * @param index from 0.
 * @param out_xid receives an owned xid, which the list may be freed before; NULL on failure.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_DONE if there are not so many. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_xid_list_item(const dbapi_xid_list_t *list,
                                   size_t index,
                                   dbapi_xid_t **out_xid,
                                   dbapi_error_t **out_error);

/**
 * Frees a list.
 *
 * @param list owned, consumed. NULL, or a handle freed already, does nothing. Any thread.
 * @since 0.1
 */
void dbapi_xid_list_free(dbapi_xid_list_t *list);

/**
 * Sets a savepoint, inside of the one set before it, if any: what fails after it can be undone alone. Begins the
 * transaction, if need be. `dbapi_savepoint_release` or `dbapi_savepoint_rollback` ends it; so does the end of the
 * transaction.
 *
 * @param connection borrowed.
 * @param name borrowed: any name of at most 63 bytes; NULL: one of the library's own.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR with autocommit on and outside a transaction, and for an empty or too long
 *   name. Any thread; calls on one connection take turns.
 * @since 0.1
 */
dbapi_status_t dbapi_savepoint_begin(dbapi_connection_t *connection,
                                     const char *name,
                                     dbapi_error_t **out_error);

/**
 * Keeps what was done since a savepoint, and forgets it, with those inside of it.
 *
 * @param connection borrowed.
 * @param name borrowed: a savepoint's; NULL: the innermost.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if `dbapi_savepoint_begin` has set none of that name. In a failed
 *   transaction it fails, and `dbapi_savepoint_rollback` does not. Any thread; calls on one connection take turns.
 * @since 0.1
 */
dbapi_status_t dbapi_savepoint_release(dbapi_connection_t *connection,
                                       const char *name,
                                       dbapi_error_t **out_error);

/**
 * Undoes what was done since a savepoint, and forgets it, with those inside of it. A transaction that has failed since
 * can be used again.
 *
 * @param connection borrowed.
 * @param name borrowed: a savepoint's; NULL: the innermost.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if `dbapi_savepoint_begin` has set none of that name. Any thread; calls on
 *   one connection take turns.
 * @since 0.1
 */
dbapi_status_t dbapi_savepoint_rollback(dbapi_connection_t *connection,
                                        const char *name,
                                        dbapi_error_t **out_error);

/**
 * Takes the oldest notice (NOTICE, WARNING, INFO ...) that the server has sent, of the last 50. It comes as an
 * error object, whose functions give its message and its fields; its status is DBAPI_OK and its class "Warning".
 *
 * @param connection borrowed; it may be closed.
 * @param out_notice receives an owned notice, freed by `dbapi_error_free`; NULL if there is none.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_DONE if there is none; DBAPI_INTERFACE_ERROR in a forked child. Any thread; never waits, and
 *   does not talk to the server.
 * @since 0.1
 */
dbapi_status_t dbapi_connection_notice(dbapi_connection_t *connection,
                                       dbapi_error_t **out_notice,
                                       dbapi_error_t **out_error);

/**
 * Takes the oldest notification that has arrived. They arrive with the answers to any call, outside of
 * transactions; `dbapi_connection_wait_notify` with 0 looks for more.
 *
 * @param connection borrowed; it may be closed.
 * @param out_notify receives an owned notification; NULL if there is none.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_DONE if there is none; DBAPI_INTERFACE_ERROR in a forked child. Any thread; never waits, and
 *   does not talk to the server.
 * @since 0.1
 */
dbapi_status_t dbapi_connection_notify(dbapi_connection_t *connection,
                                       dbapi_notify_t **out_notify,
                                       dbapi_error_t **out_error);

/**
 * Waits for a notification. Other threads' calls on the connection go on meanwhile. Notifications come outside
 * of transactions alone: end yours first, or use autocommit.
 *
 * @param connection borrowed.
 * @param milliseconds how long to wait; 0: take what has arrived; -1: for ever. The connection's timeout does not
 *   count.
 * @param out_notify receives an owned notification; NULL if none came.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_DONE if none came in time; DBAPI_OPERATIONAL_ERROR if the connection was lost;
 *   DBAPI_PROGRAMMING_ERROR for less than -1; DBAPI_INTERFACE_ERROR on a closed connection. Any thread, also
 *   several at once: each notification goes to one.
 * @since 0.1
 */
dbapi_status_t dbapi_connection_wait_notify(dbapi_connection_t *connection,
                                            int64_t milliseconds,
                                            dbapi_notify_t **out_notify,
                                            dbapi_error_t **out_error);

/**
 * The process id of the server's process that sent it: compare with `dbapi_connection_backend_pid`.
 *
 * @param notify borrowed.
 * @return the id; 0 for what is not a notification's handle. Any thread.
 * @since 0.1
 */
int32_t dbapi_notify_pid(const dbapi_notify_t *notify);

/**
 * The channel it was sent on.
 *
 * @param notify borrowed.
 * @return a string borrowed from the notification; NULL for what is not one's handle. Any thread.
 * @since 0.1
 */
const char *dbapi_notify_channel(const dbapi_notify_t *notify);

/**
 * What was sent with it.
 *
 * @param notify borrowed.
 * @return a string borrowed from the notification, "" if nothing was sent; NULL for what is not a notification's
 *   handle. Any thread.
 * @since 0.1
 */
const char *dbapi_notify_payload(const dbapi_notify_t *notify);

/**
 * Frees a notification.
 *
 * @param notify owned, consumed. NULL, or a handle freed already, does nothing. Any thread.
 * @since 0.1
 */
void dbapi_notify_free(dbapi_notify_t *notify);

/**
 * PEP 249's cursor: a new cursor, whose results are received completely by execute.
 *
 * @param connection borrowed; the cursor keeps it alive.
 * @param out_cursor receives an owned handle; NULL on failure.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR on a closed connection. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_cursor(dbapi_connection_t *connection,
                            dbapi_cursor_t **out_cursor,
                            dbapi_error_t **out_error);

/**
 * psycopg2's named cursor: its rows stay on the server, and each fetch brings some. It executes once, and
 * needs a transaction (so not autocommit) unless it is declared with hold.
 *
 * @param connection borrowed; the cursor keeps it alive.
 * @param name borrowed: any name but "", at best of up to 63 bytes, which is what PostgreSQL tells apart. NULL:
 *   an ordinary cursor, as by `dbapi_cursor`; it can be neither scrollable nor withhold.
 * @param scrollable 1: SCROLL, 0: NO SCROLL, -1: neither is said.
 * @param withhold true: WITH HOLD, it outlives its transaction.
 * @param out_cursor receives an owned handle; NULL on failure.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for a bad argument, DBAPI_INTERFACE_ERROR on a closed
 *   connection. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_cursor_named(dbapi_connection_t *connection,
                                  const char *name,
                                  int32_t scrollable,
                                  bool withhold,
                                  dbapi_cursor_t **out_cursor,
                                  dbapi_error_t **out_error);

/**
 * PEP 249's close: the cursor cannot be used any more. Its rows are gone; its description, rowcount and
 * statusmessage stay readable. Closing again does nothing. The handle still has to be freed.
 *
 * @param cursor borrowed.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; an error if a named cursor could not be closed on the server (it is closed here all the
 *   same). Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_cursor_close(dbapi_cursor_t *cursor,
                                  dbapi_error_t **out_error);

/**
 * Frees the handle, the cursor's rows, and what `dbapi_description` gave. A named cursor is closed on the
 * server if that needs no waiting; else it ends with its transaction, or, with hold, with the session.
 *
 * @param cursor owned, consumed. NULL, or a handle freed already, does nothing.
 * Any thread, also while another is in a call on it: that call ends first.
 * @since 0.1
 */
void dbapi_cursor_free(dbapi_cursor_t *cursor);

/**
 * Whether the cursor was closed.
 *
 * @param cursor borrowed.
 * @return 0 if it can be used as far as it knows, 1 if it was closed or is not a cursor's handle. Any thread.
 * @since 0.1
 */
int32_t dbapi_cursor_closed(const dbapi_cursor_t *cursor);

/**
 * PEP 249's description: the columns of the result.
 *
 * @param cursor borrowed.
 * @param out_ncolumns receives how many columns there are, 0 without a result set; may be NULL.
 * @return an array, borrowed from the cursor: it lives until the next call that executes, goes to the next
 *   result or frees, for a named cursor until the next fetch. NULL if there is no result set (after DML or DDL, before execute). A
 *   result of no columns (`SELECT`) gives an array of none, which is not NULL. Any thread.
 * @since 0.1
 */
const dbapi_column_t *dbapi_description(dbapi_cursor_t *cursor,
                                        size_t *out_ncolumns);

/**
 * PEP 249's rowcount: rows produced by a query, rows affected by DML, the sum of them for executemany.
 *
 * @param cursor borrowed.
 * @return the count; -1 before execute, after a command that counts nothing, and for what is not a cursor's
 *   handle. Of a named cursor, how many rows came with the last fetch; -1 before the first and after
 *   `dbapi_scroll`. Any thread.
 * @since 0.1
 */
int64_t dbapi_rowcount(const dbapi_cursor_t *cursor);

/**
 * PEP 249's rownumber: the place of the next row in the result, from 0. Of a named cursor, in all that it gives,
 * not in the rows of the last fetch.
 *
 * @param cursor borrowed.
 * @return the number; 0 without a result; -1 when it cannot be known (a named cursor that was scrolled by
 *   DBAPI_SCROLL_ABSOLUTE past an end that no fetch has met), and for what is not a cursor's handle. Any thread.
 * @since 0.1
 */
int64_t dbapi_rownumber(const dbapi_cursor_t *cursor);

/**
 * PEP 249's arraysize: how many rows `dbapi_fetchmany` gives unless told.
 *
 * @param cursor borrowed.
 * @return the number, at first 1; 0 for what is not a cursor's handle. Any thread.
 * @since 0.1
 */
size_t dbapi_arraysize(const dbapi_cursor_t *cursor);

/**
 * Sets PEP 249's arraysize.
 *
 * @param cursor borrowed.
 * @param arraysize at least 1.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for 0. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_cursor_set_arraysize(dbapi_cursor_t *cursor,
                                          size_t arraysize,
                                          dbapi_error_t **out_error);

/**
 * psycopg2's statusmessage: the command tag of the last statement, such as "INSERT 0 1".
 *
 * @param cursor borrowed.
 * @return a string, borrowed from the cursor: it lives until the next call on it. NULL when no statement has
 *   run, or the last one failed. Any thread.
 * @since 0.1
 */
const char *dbapi_cursor_statusmessage(const dbapi_cursor_t *cursor);

/**
 * psycopg2's itersize: how many rows `dbapi_next` asks the server for at a time, if the cursor is a named one.
 *
 * @param cursor borrowed.
 * @return the number, at first 2000; 0 for what is not a cursor's handle. Any thread.
 * @since 0.1
 */
size_t dbapi_cursor_itersize(const dbapi_cursor_t *cursor);

/**
 * Sets psycopg2's itersize, from the next time on that rows are asked for.
 *
 * @param cursor borrowed; one without a name takes it, and has no use for it.
 * @param itersize at least 1.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for 0. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_cursor_set_itersize(dbapi_cursor_t *cursor,
                                         size_t itersize,
                                         dbapi_error_t **out_error);

/**
 * Whether the cursor keeps every result of a call with several statements, for `dbapi_nextset`.
 *
 * @param cursor borrowed.
 * @return true if it does; false if it keeps the last, as at first, and for what is not a cursor's handle. Any
 *   thread.
 * @since 0.1
 */
bool dbapi_cursor_all_results(const dbapi_cursor_t *cursor);

/**
 * Sets whether the cursor keeps every result of a call with several statements, from the next execute on. Then
 * the first is the one to fetch, and `dbapi_nextset` goes on to the others; else the last is, as in psycopg2.
 *
 * @param cursor borrowed.
 * @param all_results true: every result is kept.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR on a closed cursor or connection. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_cursor_set_all_results(dbapi_cursor_t *cursor,
                                            bool all_results,
                                            dbapi_error_t **out_error);

/**
 * The name of a named cursor, as it was given.
 *
 * @param cursor borrowed; it may be closed.
 * @return a string borrowed from the cursor, until it is freed; NULL for a cursor without a name, and for what is
 *   not a cursor's handle. Any thread.
 * @since 0.1
 */
const char *dbapi_cursor_name(const dbapi_cursor_t *cursor);

/**
 * psycopg2's scrollable: whether a named cursor is declared SCROLL.
 *
 * @param cursor borrowed; it may be closed.
 * @return 1: SCROLL, 0: NO SCROLL, -1: neither was said, or it has no name, or it is not a cursor's handle. Any
 *   thread.
 * @since 0.1
 */
int32_t dbapi_cursor_scrollable(const dbapi_cursor_t *cursor);

/**
 * psycopg2's withhold: whether a named cursor is declared WITH HOLD, and so outlives its transaction's commit.
 *
 * @param cursor borrowed; it may be closed.
 * @return true if it is; false if not, and for what is not a cursor's handle. Any thread.
 * @since 0.1
 */
bool dbapi_cursor_withhold(const dbapi_cursor_t *cursor);

/**
 * psycopg2's lastrowid: the oid of the row that the last statement inserted.
 *
 * @param cursor borrowed.
 * @return the oid, if the table has oids and one row was inserted; else 0, and so always on servers from version
 *   12 on, whose tables have none: use INSERT ... RETURNING. 0 for what is not a cursor's handle. Any thread.
 * @since 0.1
 */
uint32_t dbapi_lastrowid(const dbapi_cursor_t *cursor);

/**
 * Sets whether the rows of a result are received as they are fetched, rather than all of them by execute: for results
 * that do not fit into memory. execute then waits for the first rows. Of the rows, the cursor holds those that the last
 * call gave and what the server had sent besides; the server waits as long as nothing is fetched.
 *
 * While such a result is open, that is until its end has been fetched, the connection is its own: another statement on
 * it, a commit too, is an interface error. Executing on the cursor again or closing it ends the result: what is left is
 * read if it is little, else a SELECT is cancelled, in a transaction within a savepoint, so that the transaction goes on;
 * any other statement runs to its end. A cursor that is freed has its result ended by the connection's next call. An error
 * that the statement meets later comes from the fetch that meets it, behind the rows before it. The rowcount is -1 until the
 * end; rows come in order and cannot be scrolled. Calls have their timeouts, each its own.
 *
 * One statement at a time, and, as long as it is not prepared by itself, one more round trip than without. Not for named
 * cursors, which have their rows on the server.
 *
 * @param cursor borrowed.
 * @param stream from the next execute on. At first false.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for a named cursor; DBAPI_INTERFACE_ERROR on a closed cursor or connection.
 *   Any thread, in turn with other calls on the cursor.
 * @since 0.1
 */
dbapi_status_t dbapi_cursor_set_stream(dbapi_cursor_t *cursor,
                                       bool stream,
                                       dbapi_error_t **out_error);

/**
 * What `dbapi_cursor_set_stream` set.
 *
 * @param cursor borrowed; it may be closed.
 * @return whether results are streamed; false for what is not a cursor's handle. Any thread, in turn with other calls on
 *   the cursor.
 * @since 0.1
 */
bool dbapi_cursor_stream(const dbapi_cursor_t *cursor);

/**
 * Sets the format that results are asked for in, from the next execute on. Values are the same in each, but
 * for what only binary carries exactly (every float as the server holds it, whatever extra_float_digits says)
 * and for dates and times in another DateStyle than ISO, which only binary gives as such.
 *
 * @param cursor borrowed.
 * @param format a `dbapi_format_t`. Binary asks for the columns' types first, in a round trip of its own, and
 *   does not allow several statements in one call.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if `format` is none. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_cursor_set_result_format(dbapi_cursor_t *cursor,
                                              int32_t format,
                                              dbapi_error_t **out_error);

/**
 * PEP 249's execute. Unless autocommit is on, the first statement of a transaction takes BEGIN along in the
 * same packet. What the cursor held before is gone, whether or not this succeeds.
 *
 * @param cursor borrowed.
 * @param sql borrowed, UTF-8. With `params`, `%s` stands for each of them in turn and `%%` for a percent
 *   sign; they are sent apart from the statement, so nothing needs quoting (`dbapi_cursor_set_paramstyle`
 *   and `dbapi_cursor_set_binding` have it otherwise). Without, it is sent as it is, and may hold several
 *   statements separated by `;`: the last one's result is the one to fetch.
 * @param params borrowed: the parameters. NULL with `nparams` 0: none are given, and `%` means itself.
 * @param nparams how many, at most 65535 where the server binds them.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK, or an error: DBAPI_PROGRAMMING_ERROR for an empty statement, for placeholders and
 *   parameters that do not match, and for COPY ... FROM STDIN or TO STDOUT; DBAPI_DATA_ERROR for a parameter
 *   that is not a value; else what the server reports. Calls on one connection take turns.
 * @since 0.1
 */
dbapi_status_t dbapi_execute(dbapi_cursor_t *cursor,
                             const char *sql,
                             const dbapi_value_t *params,
                             size_t nparams,
                             dbapi_error_t **out_error);

/**
 * `dbapi_execute` with parameters by name: `%(name)s` stands for the one called so, as often as it is
 * written.
 *
 * @param cursor borrowed.
 * @param sql borrowed, UTF-8.
 * @param names borrowed: a name for each parameter. Names that the statement does not use are fine.
 * @param params borrowed: the parameters.
 * @param nparams how many names and parameters. With `names` and `params` NULL and this 0, none are given.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return as `dbapi_execute`; DBAPI_PROGRAMMING_ERROR names a placeholder without a parameter.
 * @since 0.1
 */
dbapi_status_t dbapi_execute_named(dbapi_cursor_t *cursor,
                                   const char *sql,
                                   const char *const *names,
                                   const dbapi_value_t *params,
                                   size_t nparams,
                                   dbapi_error_t **out_error);

/**
 * PEP 249's executemany: runs a statement once for each row of parameters. All rows travel in one pipeline;
 * results are discarded. With autocommit on, all rows happen in one transaction, or none does.
 *
 * @param cursor borrowed.
 * @param sql borrowed, UTF-8: one statement, with `%s` for each parameter of a row.
 * @param params borrowed: `nrows` x `nparams` values, row after row.
 * @param nparams parameters in a row, at most 65535 where the server binds them.
 * @param nrows rows. 0: nothing is sent.
 * @param out_error receives an owned error on failure; may be NULL. `dbapi_error_row` says which row.
 * @return DBAPI_OK, or an error as `dbapi_execute`. A row that cannot be sent is found before any is. Calls
 *   on one connection take turns.
 * @since 0.1
 */
dbapi_status_t dbapi_executemany(dbapi_cursor_t *cursor,
                                 const char *sql,
                                 const dbapi_value_t *params,
                                 size_t nparams,
                                 size_t nrows,
                                 dbapi_error_t **out_error);

/**
 * `dbapi_executemany` with parameters by name, as psycopg2's with a list of dicts: the names are said once, and each
 * row has a value for each of them, in their order.
 *
 * @param cursor borrowed.
 * @param sql borrowed, UTF-8: one statement, with `%(name)s` for a row's parameter called so, as often as it is
 *   written.
 * @param names borrowed: `nparams` names. Names that the statement does not use are fine.
 * @param params borrowed: `nrows` x `nparams` values, row after row.
 * @param nparams how many names, and parameters in a row; the statement may use at most 65535 where the server binds
 *   them. 0 with 0 rows: no names are known, and the statement's are not looked at.
 * @param nrows rows. 0: nothing is sent.
 * @param out_error receives an owned error on failure; may be NULL. `dbapi_error_row` says which row.
 * @return as `dbapi_executemany`; DBAPI_PROGRAMMING_ERROR names a placeholder without a parameter, of which there
 *   is no row.
 * @since 0.1
 */
dbapi_status_t dbapi_executemany_named(dbapi_cursor_t *cursor,
                                       const char *sql,
                                       const char *const *names,
                                       const dbapi_value_t *params,
                                       size_t nparams,
                                       size_t nrows,
                                       dbapi_error_t **out_error);

/**
 * Sets who puts parameters in their places, from the next execute or executemany on.
 *
 * The server is what a cursor begins with: it is given the parameters typed, and nothing needs quoting; a
 * placeholder stands only where SQL takes a value. With the client, parameters become literals in the
 * statement, as `dbapi_cursor_mogrify` shows: that serves DDL and whatever else takes no parameters, there may
 * be several statements separated by `;` (not in executemany, and not where the result format is binary), and
 * any number of parameters. Their types are those of literals: a double's is numeric.
 *
 * @param cursor borrowed.
 * @param binding a `dbapi_binding_t`.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if `binding` is none; DBAPI_INTERFACE_ERROR on a closed cursor.
 *   Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_cursor_set_binding(dbapi_cursor_t *cursor,
                                        int32_t binding,
                                        dbapi_error_t **out_error);

/**
 * Who puts parameters in their places.
 *
 * @param cursor borrowed.
 * @return a `dbapi_binding_t`; -1 for what is not a cursor's handle. Any thread.
 * @since 0.1
 */
int32_t dbapi_cursor_binding(const dbapi_cursor_t *cursor);

/**
 * Sets what placeholders look like, from the next call on.
 *
 * With DBAPI_PARAMSTYLE_NUMERIC, `$1` stands for the first parameter, as often as it is written; each
 * parameter has to be used, and there are no names. Inside quotes and comments `$1` is text. Without
 * parameters (NULL) a statement is sent as it is, in either style.
 *
 * @param cursor borrowed.
 * @param paramstyle a `dbapi_paramstyle_t`. A cursor begins with DBAPI_PARAMSTYLE_PYFORMAT.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if `paramstyle` is none; DBAPI_INTERFACE_ERROR on a closed cursor.
 *   Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_cursor_set_paramstyle(dbapi_cursor_t *cursor,
                                           int32_t paramstyle,
                                           dbapi_error_t **out_error);

/**
 * What placeholders look like.
 *
 * @param cursor borrowed.
 * @return a `dbapi_paramstyle_t`; -1 for what is not a cursor's handle. Any thread.
 * @since 0.1
 */
int32_t dbapi_cursor_paramstyle(const dbapi_cursor_t *cursor);

/**
 * psycopg2's mogrify: a statement with its parameters as literals, as psycopg2 renders them; what client-side
 * binding would send. Works as snprintf does: what does not fit is cut off, at a character's end, and the full
 * length is told.
 *
 * Placeholders are those of the cursor's style. Literals are written for the settings that the connection had
 * at the end of its last command (standard_conforming_strings, IntervalStyle): nothing is sent, and a call in
 * progress on the connection is not waited for. A value with a built-in type's oid is cast to that type.
 *
 * @param cursor borrowed. Its rows stay.
 * @param sql borrowed, UTF-8.
 * @param params borrowed: the parameters. NULL with `nparams` 0: none are given, and `sql` comes back as it
 *   is.
 * @param nparams how many.
 * @param buffer receives the text and a NUL; may be NULL if `capacity` is 0.
 * @param capacity of the buffer, in bytes, the NUL included.
 * @param out_length receives the full length in bytes, without the NUL; it fitted if it is below `capacity`.
 *   May be NULL.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK, also when cut off; DBAPI_PROGRAMMING_ERROR for an empty `sql`, and for placeholders and
 *   parameters that do not match; DBAPI_DATA_ERROR for a parameter that is not a value; DBAPI_INTERFACE_ERROR
 *   on a closed cursor or connection. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_cursor_mogrify(dbapi_cursor_t *cursor,
                                    const char *sql,
                                    const dbapi_value_t *params,
                                    size_t nparams,
                                    char *buffer,
                                    size_t capacity,
                                    size_t *out_length,
                                    dbapi_error_t **out_error);

/**
 * `dbapi_cursor_mogrify` with parameters by name, as `dbapi_execute_named`.
 *
 * @param cursor borrowed. Its rows stay.
 * @param sql borrowed, UTF-8.
 * @param names borrowed: a name for each parameter. Names that the statement does not use are fine.
 * @param params borrowed: the parameters.
 * @param nparams how many names and parameters. With `names` and `params` NULL and this 0, none are given.
 * @param buffer receives the text and a NUL; may be NULL if `capacity` is 0.
 * @param capacity of the buffer, in bytes, the NUL included.
 * @param out_length receives the full length in bytes, without the NUL; it fitted if it is below `capacity`.
 *   May be NULL.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return as `dbapi_cursor_mogrify`.
 * @since 0.1
 */
dbapi_status_t dbapi_cursor_mogrify_named(dbapi_cursor_t *cursor,
                                          const char *sql,
                                          const char *const *names,
                                          const dbapi_value_t *params,
                                          size_t nparams,
                                          char *buffer,
                                          size_t capacity,
                                          size_t *out_length,
                                          dbapi_error_t **out_error);

/**
 * psycopg2's query: the last statement as it was sent. Where the server binds, that has `$1` and so on in the
 * places of its parameters; where the client binds, literals. Of a named cursor it is its DECLARE; of an
 * executemany, what was sent for the last row.
 *
 * @param cursor borrowed.
 * @return a string, borrowed from the cursor: it lives until the next call on it. NULL before the first
 *   statement, after one that could not be converted, and for what is not a cursor's handle. Any thread.
 * @since 0.1
 */
const char *dbapi_cursor_query(const dbapi_cursor_t *cursor);

/**
 * PEP 249's setinputsizes: the types of the next statement's parameters, by oid. They count for the next
 * execute or executemany on this cursor, whether it succeeds or not, and are forgotten then. A parameter that
 * has an oid of its own keeps it.
 *
 * @param cursor borrowed.
 * @param oids borrowed: one for each parameter, in the order of the call's `params`, also of those with names;
 *   0: nothing is said of it. NULL with `count` 0 forgets what was set.
 * @param count how many. Fewer than the call's parameters say nothing of the rest; more make that call fail
 *   with DBAPI_PROGRAMMING_ERROR.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for a bad argument, DBAPI_INTERFACE_ERROR on a closed cursor. Any
 *   thread.
 * @since 0.1
 */
dbapi_status_t dbapi_setinputsizes(dbapi_cursor_t *cursor,
                                   const uint32_t *oids,
                                   size_t count,
                                   dbapi_error_t **out_error);

/**
 * PEP 249's setoutputsize. Accepted, and without effect: values come whole, however large they are.
 *
 * @param cursor borrowed.
 * @param size of a large column's buffer.
 * @param column its number, from 0; -1: all of them.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if `column` is below -1, DBAPI_INTERFACE_ERROR on a closed cursor.
 *   Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_setoutputsize(dbapi_cursor_t *cursor,
                                   size_t size,
                                   int64_t column,
                                   dbapi_error_t **out_error);

/**
 * PEP 249's callproc: runs `SELECT * FROM name(...)`, whose rows are then there to fetch.
 *
 * @param cursor borrowed; not a named one.
 * @param name borrowed, UTF-8: the function's name. Each part of it, as dots divide it, is quoted, so that any
 *   character may be in it and upper case counts; a part with a dot in it is to be quoted by the caller:
 *   `"a.b".f`. Procedures are not functions: execute CALL for them.
 * @param params borrowed: the parameters, in order; may be NULL if there are none.
 * @param nparams how many.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK, or an error as `dbapi_execute`; DBAPI_PROGRAMMING_ERROR for a bad name, on a named cursor, and
 *   with SQLSTATE 42883 if there is no such function. Calls on one connection take turns.
 * @since 0.1
 */
dbapi_status_t dbapi_callproc(dbapi_cursor_t *cursor,
                              const char *name,
                              const dbapi_value_t *params,
                              size_t nparams,
                              dbapi_error_t **out_error);

/**
 * `dbapi_callproc` with parameters by name: `SELECT * FROM name("a" := ..., "b" := ...)`.
 *
 * @param cursor borrowed; not a named one.
 * @param name borrowed, UTF-8: the function's name, as for `dbapi_callproc`.
 * @param names borrowed: the name of each parameter. It is quoted, so that upper case counts.
 * @param params borrowed: the parameters.
 * @param nparams how many names and parameters.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return as `dbapi_callproc`.
 * @since 0.1
 */
dbapi_status_t dbapi_callproc_named(dbapi_cursor_t *cursor,
                                    const char *name,
                                    const char *const *names,
                                    const dbapi_value_t *params,
                                    size_t nparams,
                                    dbapi_error_t **out_error);

/**
 * PEP 249's fetchone: the next row.
 *
 * @param cursor borrowed.
 * @param out_row receives a row, borrowed from the cursor: it lives until the next call on it that executes,
 *   fetches, closes or frees. NULL at the end.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_DONE at the end, again and again; DBAPI_PROGRAMMING_ERROR if there is no result set;
 *   DBAPI_INTERFACE_ERROR on a closed cursor or connection.
 * @since 0.1
 */
dbapi_status_t dbapi_fetchone(dbapi_cursor_t *cursor,
                              const dbapi_value_t **out_row,
                              dbapi_error_t **out_error);

/**
 * PEP 249's iteration: the next row, as by `dbapi_fetchone`; but a named cursor asks the server for itersize
 * rows at a time, and hands them out one by one. Fetching and scrolling may be mixed with it: no row is lost.
 *
 * @param cursor borrowed.
 * @param out_row receives a row, as by `dbapi_fetchone`; NULL at the end.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return as `dbapi_fetchone`. A commit in the midst of a named cursor's rows ends it, unless it is with hold:
 *   then DBAPI_PROGRAMMING_ERROR, also for rows that have been received already.
 * @since 0.1
 */
dbapi_status_t dbapi_next(dbapi_cursor_t *cursor,
                          const dbapi_value_t **out_row,
                          dbapi_error_t **out_error);

/**
 * PEP 249's fetchmany: the next rows, as one block.
 *
 * @param cursor borrowed.
 * @param size how many at most; 0: arraysize.
 * @param out_rows receives the block, borrowed from the cursor: it lives until the next call on it that
 *   executes, fetches, closes or frees. Row i begins at `rows[i * ncolumns]`. NULL when there are none.
 * @param out_nrows receives how many rows there are.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_DONE and no rows at the end; errors as `dbapi_fetchone`.
 * @since 0.1
 */
dbapi_status_t dbapi_fetchmany(dbapi_cursor_t *cursor,
                               size_t size,
                               const dbapi_value_t **out_rows,
                               size_t *out_nrows,
                               dbapi_error_t **out_error);

/**
 * PEP 249's fetchall: all rows that are left, as one block.
 *
 * @param cursor borrowed.
 * @param out_rows receives the block, as by `dbapi_fetchmany`.
 * @param out_nrows receives how many rows there are.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_DONE and no rows when none are left; errors as `dbapi_fetchone`.
 * @since 0.1
 */
dbapi_status_t dbapi_fetchall(dbapi_cursor_t *cursor,
                              const dbapi_value_t **out_rows,
                              size_t *out_nrows,
                              dbapi_error_t **out_error);

/**
 * psycopg2's scroll: moves to another row of the result, which the next fetch gives.
 *
 * An ordinary cursor holds all its rows, and moves among them. A named one moves on the server, as MOVE does: it
 * stops before the first row and behind the last, and that is no error. Absolute, a negative value counts from the
 * end: -1 is onto the last row, and the next fetch gives none. Relative, the first step back from behind the last
 * row (where a fetch that met the end leaves it) is onto the last row. Afterwards rowcount is -1 and the
 * statusmessage tells how many rows MOVE counted; the description stays.
 *
 * @param cursor borrowed.
 * @param value how many rows on, negative for back; or the row's number, from 0.
 * @param mode a `dbapi_scroll_t`.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if there is no result set, if `mode` is none, if an ordinary cursor's
 *   result has no such row (the cursor then stays where it was), if a named cursor's transaction has ended; for a
 *   named cursor what the server reports: 55000, an operational error, for going back in one that cannot
 *   (declare it with scrollable 1). Calls on one connection take turns.
 * @since 0.1
 */
dbapi_status_t dbapi_scroll(dbapi_cursor_t *cursor,
                            int64_t value,
                            int32_t mode,
                            dbapi_error_t **out_error);

/**
 * PEP 249's nextset: goes to the result of the next statement, leaving behind what was not fetched of the present
 * one. There is a next one only if `dbapi_cursor_set_all_results` was called before execute, and several
 * statements were executed. Each of them has a result, be it without rows (rowcount and statusmessage tell of it).
 *
 * @param cursor borrowed.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_DONE if there is no other: the present one then stays; DBAPI_PROGRAMMING_ERROR before
 *   execute, after one that failed, and after executemany; DBAPI_INTERFACE_ERROR on a closed cursor or connection.
 * @since 0.1
 */
dbapi_status_t dbapi_nextset(dbapi_cursor_t *cursor,
                             dbapi_error_t **out_error);

/**
 * The next rows, as columns: one array for each, of plain numbers or of texts where it can be. For authors of language
 * bindings, who make whole columns into objects of their language rather than cell by cell, and for programs that work on
 * columns. The same values as `dbapi_fetchmany` gives, in another form.
 *
 * Look at a column's `layout` first, and know what to do with DBAPI_LAYOUT_VALUES: one value of another kind, such as a
 * timestamp beyond what microseconds can count, is enough for a column to come so, in this block and not in the next.
 *
 * @param cursor borrowed.
 * @param max_rows how many at most; 0: arraysize. Some hundreds or thousands at a time are quickest: they stay in the
 *   processor's cache.
 * @param out_columns receives one struct for each column, one behind the other, borrowed from the cursor, as all that
 *   they point to: they live until the next call on it that executes, fetches, closes or frees. NULL when there are no
 *   rows; not NULL for rows without columns.
 * @param out_ncolumns receives how many columns there are; 0 when there are no rows.
 * @param out_nrows receives how many rows there are, the length of each array.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_DONE and no rows at the end; errors as `dbapi_fetchmany`: if a value of the block cannot be
 *   read, the error of the first row that has one, and no row is passed over.
 * @since 0.1
 */
dbapi_status_t dbapi_fetch_columns(dbapi_cursor_t *cursor,
                                   size_t max_rows,
                                   const dbapi_block_column_t **out_columns,
                                   size_t *out_ncolumns,
                                   size_t *out_nrows,
                                   dbapi_error_t **out_error);

/**
 * Renders a value as PostgreSQL would write it (its text output under DateStyle ISO, IntervalStyle postgres,
 * TimeZone UTC), whatever form it arrived in. Works as snprintf does: what does not fit is cut off, at a
 * character's end, and the full length is told.
 *
 * @param value borrowed: a cell of a row, or a value of the caller's. NULL renders as nothing.
 * @param buffer receives the text and a NUL; may be NULL if `capacity` is 0.
 * @param capacity of the buffer, in bytes, the NUL included.
 * @param out_length receives the full length in bytes, without the NUL; it fitted if it is below `capacity`.
 *   May be NULL.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK, also when cut off; DBAPI_PROGRAMMING_ERROR for a bad argument, DBAPI_DATA_ERROR for a
 *   value that is none (a date that no calendar of PostgreSQL's has). Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_format(const dbapi_value_t *value,
                                  char *buffer,
                                  size_t capacity,
                                  size_t *out_length,
                                  dbapi_error_t **out_error);

/**
 * Makes `value` NULL. The setters exist for languages whose FFI does not care for unions; each zeroes what it
 * does not set, the oid included, which may be set afterwards.
 *
 * @param value written.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_null(dbapi_value_t *value);

/**
 * Makes `value` a BOOL.
 *
 * @param value written.
 * @param boolean the truth value.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_bool(dbapi_value_t *value, bool boolean);

/**
 * Makes `value` an INT.
 *
 * @param value written.
 * @param integer the number. As a parameter it is typed as the same literal: int4 if it fits, else int8.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_int64(dbapi_value_t *value,
                                     int64_t integer);

/**
 * Makes `value` a FLOAT.
 *
 * @param value written.
 * @param floating the number; as a parameter it is a float8.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_double(dbapi_value_t *value, double floating);

/**
 * Makes `value` a NUMERIC.
 *
 * @param value written.
 * @param data borrowed: decimal digits, as PostgreSQL reads them. It must live as long as the value is used.
 * @param length of `data`, in bytes.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL, or `data` with a length. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_numeric(dbapi_value_t *value,
                                       const char *data,
                                       size_t length);

/**
 * Makes `value` a TEXT.
 *
 * @param value written.
 * @param data borrowed: UTF-8. As a parameter it is typed as an untyped literal: the server infers the type.
 *   It must live as long as the value is used.
 * @param length of `data`, in bytes.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL, or `data` with a length. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_text(dbapi_value_t *value,
                                    const char *data,
                                    size_t length);

/**
 * Makes `value` a BYTES, PEP 249's Binary.
 *
 * @param value written.
 * @param data borrowed: any bytes. It must live as long as the value is used.
 * @param length of `data`, in bytes.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL, or `data` with a length. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_bytes(dbapi_value_t *value,
                                     const char *data,
                                     size_t length);

/**
 * Makes `value` a JSON document.
 *
 * @param value written.
 * @param data borrowed: UTF-8. As a parameter it is typed as an untyped literal, so that it fits json and
 *   jsonb alike. It must live as long as the value is used.
 * @param length of `data`, in bytes.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL, or `data` with a length. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_json(dbapi_value_t *value,
                                    const char *data,
                                    size_t length);

/**
 * Makes `value` a DATE.
 *
 * @param value written.
 * @param days from 1970-01-01; INT64_MIN and INT64_MAX are -infinity and infinity.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_date(dbapi_value_t *value, int64_t days);

/**
 * Makes `value` a TIME.
 *
 * @param value written.
 * @param microseconds from midnight, at most 86400000000.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_time(dbapi_value_t *value, int64_t microseconds);

/**
 * Makes `value` a TIMETZ.
 *
 * @param value written.
 * @param microseconds from midnight, local time, at most 86400000000.
 * @param utc_offset seconds east of UTC.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_timetz(dbapi_value_t *value,
                                      int64_t microseconds,
                                      int32_t utc_offset);

/**
 * Makes `value` a TIMESTAMP.
 *
 * @param value written.
 * @param microseconds from 1970-01-01 00:00:00, without time zone; INT64_MIN and INT64_MAX are -infinity and
 *   infinity.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_timestamp(dbapi_value_t *value,
                                         int64_t microseconds);

/**
 * Makes `value` a TIMESTAMPTZ.
 *
 * @param value written.
 * @param microseconds from 1970-01-01 00:00:00 UTC; INT64_MIN and INT64_MAX are -infinity and infinity.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_timestamptz(dbapi_value_t *value,
                                           int64_t microseconds);

/**
 * Makes `value` an INTERVAL.
 *
 * @param value written.
 * @param months whole months, kept apart from days since they have no fixed length.
 * @param days whole days.
 * @param microseconds the rest.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_interval(dbapi_value_t *value,
                                        int32_t months,
                                        int32_t days,
                                        int64_t microseconds);

/**
 * Makes `value` a UUID.
 *
 * @param value written.
 * @param uuid borrowed: 16 bytes, in the order they are written. They are copied.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` or `uuid` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_uuid(dbapi_value_t *value, const uint8_t *uuid);

/**
 * Reads a BOOL. The getters exist for languages whose FFI does not care for unions; a program in C reads
 * `value->as`.
 *
 * @param value borrowed.
 * @param out_boolean receives the truth value; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
 *   Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_get_bool(const dbapi_value_t *value,
                                    bool *out_boolean);

/**
 * Reads an INT, DATE, TIME, TIMESTAMP or TIMESTAMPTZ.
 *
 * @param value borrowed.
 * @param out_integer receives the number, in the kind's unit; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
 *   Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_get_int64(const dbapi_value_t *value,
                                     int64_t *out_integer);

/**
 * Reads a FLOAT.
 *
 * @param value borrowed.
 * @param out_floating receives the number; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
 *   Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_get_double(const dbapi_value_t *value,
                                      double *out_floating);

/**
 * Reads a NUMERIC, TEXT, BYTES or JSON.
 *
 * @param value borrowed.
 * @param out_data receives a pointer to the first byte, borrowed from where the value came from; may be NULL.
 * @param out_length receives the length in bytes; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
 *   Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_get_text(const dbapi_value_t *value,
                                    const char **out_data,
                                    size_t *out_length);

/**
 * Reads a TIMETZ.
 *
 * @param value borrowed.
 * @param out_microseconds receives the microseconds from midnight, local time; may be NULL.
 * @param out_utc_offset receives the seconds east of UTC; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
 *   Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_get_timetz(const dbapi_value_t *value,
                                      int64_t *out_microseconds,
                                      int32_t *out_utc_offset);

/**
 * Reads an INTERVAL.
 *
 * @param value borrowed.
 * @param out_months receives the months; may be NULL.
 * @param out_days receives the days; may be NULL.
 * @param out_microseconds receives the microseconds; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
 *   Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_get_interval(const dbapi_value_t *value,
                                        int32_t *out_months,
                                        int32_t *out_days,
                                        int64_t *out_microseconds);

/**
 * Reads a UUID.
 *
 * @param value borrowed.
 * @param out_uuid receives 16 bytes, in the order they are written; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
 *   Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_get_uuid(const dbapi_value_t *value,
                                    uint8_t *out_uuid);

/**
 * Makes `value` the DATE of a year, month and day: PEP 249's Date. A DATE of a day's number is
 * `dbapi_value_set_date`'s.
 *
 * @param value written on success.
 * @param year as PostgreSQL's make_date counts: -1 is 1 BC, and there is no year 0. Dates reach from 4714-11-24 BC
 *   to 5874897-12-31.
 * @param month 1 to 12.
 * @param day 1 to 31.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_DATA_ERROR, SQLSTATE 22008, for a day that there is not; DBAPI_PROGRAMMING_ERROR if
 *   `value` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_date_from_parts(dbapi_value_t *value,
                                               int32_t year,
                                               int32_t month,
                                               int32_t day,
                                               dbapi_error_t **out_error);

/**
 * Makes `value` the TIME of an hour, a minute and a second: PEP 249's Time.
 *
 * @param value written on success.
 * @param hour 0 to 23, or 24 for 24:00:00.
 * @param minute 0 to 59.
 * @param second 0 to 59.
 * @param microsecond 0 to 999999.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_DATA_ERROR, SQLSTATE 22008, for a time that there is not; DBAPI_PROGRAMMING_ERROR if
 *   `value` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_time_from_parts(dbapi_value_t *value,
                                               int32_t hour,
                                               int32_t minute,
                                               int32_t second,
                                               int32_t microsecond,
                                               dbapi_error_t **out_error);

/**
 * Makes `value` a DATE, TIME, TIMETZ, TIMESTAMP or TIMESTAMPTZ of its parts; with DBAPI_KIND_TIMESTAMP it is PEP
 * 249's Timestamp. It undoes `dbapi_value_get_parts`.
 *
 * @param value written on success.
 * @param kind which: a `dbapi_kind_t`. Parts that a kind does not have are not looked at, as the offset of a
 *   TIMESTAMP.
 * @param parts borrowed. In a timestamp the time 24:00:00 is the next day's midnight, as in PostgreSQL's
 *   make_timestamp.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_DATA_ERROR, SQLSTATE 22008, for a date or a time that there is not, or a timestamp from
 *   294247-01-10 04:00:54.775807 on, which goes to the server as text only, 22009 for an offset of 16 hours or
 *   more; DBAPI_PROGRAMMING_ERROR for another kind, or if an argument is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_parts(dbapi_value_t *value,
                                     int32_t kind,
                                     const dbapi_parts_t *parts,
                                     dbapi_error_t **out_error);

/**
 * Takes a DATE, TIME, TIMETZ, TIMESTAMP or TIMESTAMPTZ apart. Also a timestamp that arrived as text, with its
 * oid, since microseconds from 1970 do not reach it.
 *
 * @param value borrowed: a cell of a row, or a value of the caller's.
 * @param utc_offset seconds east of UTC that a TIMESTAMPTZ is to be told with, less than 16 hours either way; 0 for
 *   UTC. The server does not send what its session's TimeZone would give. Other kinds pay no heed to it.
 * @param out_parts receives the parts; those that the kind does not have are 0, as the date of a TIME.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_DATA_ERROR, SQLSTATE 22008, for an infinity or a number out of the kind's range, 22009
 *   for an offset of 16 hours or more; DBAPI_PROGRAMMING_ERROR for another kind, or if `value` or `out_parts` is
 *   NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_get_parts(const dbapi_value_t *value,
                                     int32_t utc_offset,
                                     dbapi_parts_t *out_parts,
                                     dbapi_error_t **out_error);

/**
 * Makes `value` the DATE that ticks are in: PEP 249's DateFromTicks.
 *
 * @param value written on success.
 * @param ticks seconds from 1970-01-01 00:00:00 UTC. The date is that of the process's time zone (TZ), as the C
 *   library's localtime_r tells it, and as PEP 249 wants it.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_DATA_ERROR, SQLSTATE 22008, for ticks that are no number or beyond every date;
 *   DBAPI_PROGRAMMING_ERROR if `value` is NULL. Any thread, but none may be setting TZ meanwhile.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_date_from_ticks(dbapi_value_t *value,
                                               double ticks,
                                               dbapi_error_t **out_error);

/**
 * Makes `value` the TIME of day that ticks are at: PEP 249's TimeFromTicks.
 *
 * @param value written on success.
 * @param ticks seconds from 1970-01-01 00:00:00 UTC, rounded to microseconds. The time is that of the process's
 *   time zone, as with `dbapi_value_set_date_from_ticks`.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return as `dbapi_value_set_date_from_ticks`.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_time_from_ticks(dbapi_value_t *value,
                                               double ticks,
                                               dbapi_error_t **out_error);

/**
 * Makes `value` the TIMESTAMPTZ that ticks are: PEP 249's TimestampFromTicks, which is in psycopg2 a timestamp
 * with a time zone as well.
 *
 * @param value written on success.
 * @param ticks seconds from 1970-01-01 00:00:00 UTC, rounded to microseconds.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_DATA_ERROR, SQLSTATE 22008, for ticks that are no number or beyond every timestamp;
 *   DBAPI_PROGRAMMING_ERROR if `value` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_timestamp_from_ticks(dbapi_value_t *value,
                                                    double ticks,
                                                    dbapi_error_t **out_error);

/**
 * Makes `value` an ARRAY. Neither the struct nor what it points to is copied: as with those below, both must live
 * as long as the value is used.
 *
 * @param value written.
 * @param array borrowed: the array. It is not copied.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` or `array` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_array(dbapi_value_t *value,
                                     const dbapi_array_t *array);

/**
 * Makes `value` a RANGE.
 *
 * @param value written.
 * @param range borrowed: a range. It is not copied.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` or `range` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_range(dbapi_value_t *value,
                                     const dbapi_range_t *range);

/**
 * Makes `value` a MULTIRANGE.
 *
 * @param value written.
 * @param multirange borrowed: a multirange. It is not copied.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` or `multirange` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_multirange(dbapi_value_t *value,
                                          const dbapi_multirange_t *multirange);

/**
 * Makes `value` a COMPOSITE.
 *
 * @param value written.
 * @param composite borrowed: the row. As a parameter it is an untyped literal, unless the value's oid says its type.
 *   It is not copied.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` or `composite` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_composite(dbapi_value_t *value,
                                         const dbapi_composite_t *composite);

/**
 * Makes `value` an INET.
 *
 * @param value written.
 * @param inet borrowed: an address: an inet, unless the value's oid says cidr. It is not copied.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` or `inet` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_inet(dbapi_value_t *value,
                                    const dbapi_inet_t *inet);

/**
 * Makes `value` a BITS.
 *
 * @param value written.
 * @param bits borrowed: a bit string: a bit, unless the value's oid says varbit. It is not copied.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` or `bits` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_bits(dbapi_value_t *value,
                                    const dbapi_bits_t *bits);

/**
 * Makes `value` a POINT.
 *
 * @param value written.
 * @param x to the right.
 * @param y upward.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_point(dbapi_value_t *value, double x, double y);

/**
 * Makes `value` a GEOMETRY.
 *
 * @param value written.
 * @param geometry borrowed: a figure. It is not copied.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` or `geometry` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_geometry(dbapi_value_t *value,
                                        const dbapi_geometry_t *geometry);

/**
 * Makes `value` an HSTORE.
 *
 * @param value written.
 * @param hstore borrowed: the pairs. As a parameter they are an untyped literal, unless the value's oid says
 *   their type.
 *   It is not copied.
 * @return DBAPI_OK; DBAPI_INTERFACE_ERROR if `value` or `hstore` is NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_set_hstore(dbapi_value_t *value,
                                      const dbapi_hstore_t *hstore);

/**
 * Reads an ARRAY.
 *
 * @param value borrowed.
 * @param out_array receives a pointer to the struct, borrowed from where the value came from; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
 *   Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_get_array(const dbapi_value_t *value,
                                     const dbapi_array_t **out_array);

/**
 * Reads a RANGE.
 *
 * @param value borrowed.
 * @param out_range receives a pointer to the struct, borrowed from where the value came from; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
 *   Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_get_range(const dbapi_value_t *value,
                                     const dbapi_range_t **out_range);

/**
 * Reads a MULTIRANGE.
 *
 * @param value borrowed.
 * @param out_multirange receives a pointer to the struct, borrowed from where the value came from; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
 *   Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_get_multirange(const dbapi_value_t *value,
                                          const dbapi_multirange_t **out_multirange);

/**
 * Reads a COMPOSITE.
 *
 * @param value borrowed.
 * @param out_composite receives a pointer to the struct, borrowed from where the value came from; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
 *   Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_get_composite(const dbapi_value_t *value,
                                         const dbapi_composite_t **out_composite);

/**
 * Reads an INET.
 *
 * @param value borrowed.
 * @param out_inet receives a pointer to the struct, borrowed from where the value came from; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
 *   Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_get_inet(const dbapi_value_t *value,
                                    const dbapi_inet_t **out_inet);

/**
 * Reads a BITS.
 *
 * @param value borrowed.
 * @param out_bits receives a pointer to the struct, borrowed from where the value came from; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
 *   Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_get_bits(const dbapi_value_t *value,
                                    const dbapi_bits_t **out_bits);

/**
 * Reads a POINT.
 *
 * @param value borrowed.
 * @param out_x receives x; may be NULL.
 * @param out_y receives y; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
 *   Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_get_point(const dbapi_value_t *value,
                                     double *out_x,
                                     double *out_y);

/**
 * Reads a GEOMETRY.
 *
 * @param value borrowed.
 * @param out_geometry receives a pointer to the struct, borrowed from where the value came from; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
 *   Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_get_geometry(const dbapi_value_t *value,
                                        const dbapi_geometry_t **out_geometry);

/**
 * Reads an HSTORE.
 *
 * @param value borrowed.
 * @param out_hstore receives a pointer to the struct, borrowed from where the value came from; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR if it is of another kind, DBAPI_INTERFACE_ERROR if `value` is NULL.
 *   Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_value_get_hstore(const dbapi_value_t *value,
                                      const dbapi_hstore_t **out_hstore);

/**
 * The status that the failed function returned.
 *
 * @param error borrowed.
 * @return a negative status; DBAPI_INTERFACE_ERROR for what is not an error's handle. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_error_status(const dbapi_error_t *error);

/**
 * PEP 249's name of the exception, such as "IntegrityError".
 *
 * @param error borrowed.
 * @return a static string; "InterfaceError" for what is not an error's handle. Any thread.
 * @since 0.1
 */
const char *dbapi_error_class(const dbapi_error_t *error);

/**
 * What went wrong, complete, for a person: with the line at fault, detail, hint and context where the server
 * gave them. Several lines; UTF-8. Never holds a password.
 *
 * @param error borrowed.
 * @return a string, never NULL, borrowed from the error. Any thread.
 * @since 0.1
 */
const char *dbapi_error_message(const dbapi_error_t *error);

/**
 * The SQLSTATE: five characters (PostgreSQL manual, appendix A).
 *
 * @param error borrowed.
 * @return a string borrowed from the error, or NULL when there is none. Any thread.
 * @since 0.1
 */
const char *dbapi_error_sqlstate(const dbapi_error_t *error);

/**
 * PostgreSQL's name of the error's SQLSTATE, such as "unique_violation"; psycopg2.errors has the same names in
 * camel case.
 *
 * @param error borrowed.
 * @return a static string; NULL if the error has no SQLSTATE, or one that PostgreSQL's table lacks, such as one
 *   of a RAISE's own making. Any thread.
 * @since 0.1
 */
const char *dbapi_error_condition(const dbapi_error_t *error);

/**
 * Which row of an executemany met the error.
 *
 * @param error borrowed.
 * @return the row's number, from 0; -1 if it was no row. Any thread.
 * @since 0.1
 */
int64_t dbapi_error_row(const dbapi_error_t *error);

/**
 * Whether the connection can still be used.
 *
 * @param error borrowed.
 * @return false if the connection is broken: only closing it, and another connection, will help; false for
 *   what is not an error's handle. Any thread.
 * @since 0.1
 */
bool dbapi_error_connection_usable(const dbapi_error_t *error);

/**
 * Whether the transaction can go on.
 *
 * @param error borrowed.
 * @return false if it can only be rolled back; false for what is not an error's handle. Any thread.
 * @since 0.1
 */
bool dbapi_error_transaction_usable(const dbapi_error_t *error);

/**
 * Whether the same work, run again from the start of its transaction, may succeed: after a serialization
 * failure, a deadlock, a lock time-out, a server that is starting up or full, or a failed attempt to connect.
 *
 * @param error borrowed.
 * @return true if so; false for what is not an error's handle. Any thread.
 * @since 0.1
 */
bool dbapi_error_retryable(const dbapi_error_t *error);

/**
 * Whether a time-out brought it about: the connection's or the cursor's (`dbapi_connection_set_timeout`), the
 * keywords `timeout` or `connect_timeout`. Not for one that the server keeps, such as statement_timeout.
 *
 * @param error borrowed.
 * @return true if so; false for what is not an error's handle. Any thread.
 * @since 0.1
 */
bool dbapi_error_timed_out(const dbapi_error_t *error);

/**
 * ERROR, FATAL or PANIC, in the server's language. This and the functions that follow give a field that
 * PostgreSQL sent with its error (manual, 55.8), under psycopg2's name for it.
 *
 * @param error borrowed.
 * @return a string borrowed from the error; NULL if the server sent none, or the error is not the server's.
 *   Any thread.
 * @since 0.1
 */
const char *dbapi_error_severity(const dbapi_error_t *error);

/**
 * ERROR, FATAL or PANIC, never translated.
 *
 * @param error borrowed.
 * @return a string borrowed from the error, or NULL. Any thread.
 * @since 0.1
 */
const char *dbapi_error_severity_nonlocalized(const dbapi_error_t *error);

/**
 * The message alone, usually one line.
 *
 * @param error borrowed.
 * @return a string borrowed from the error, or NULL. Any thread.
 * @since 0.1
 */
const char *dbapi_error_message_primary(const dbapi_error_t *error);

/**
 * More about the problem.
 *
 * @param error borrowed.
 * @return a string borrowed from the error, or NULL. Any thread.
 * @since 0.1
 */
const char *dbapi_error_message_detail(const dbapi_error_t *error);

/**
 * What to do about it.
 *
 * @param error borrowed.
 * @return a string borrowed from the error, or NULL. Any thread.
 * @since 0.1
 */
const char *dbapi_error_message_hint(const dbapi_error_t *error);

/**
 * Where in the statement, as it was sent, the error is: decimal digits, counted in characters from 1.
 *
 * @param error borrowed.
 * @return a string borrowed from the error, or NULL. Any thread.
 * @since 0.1
 */
const char *dbapi_error_statement_position(const dbapi_error_t *error);

/**
 * Where in `dbapi_error_internal_query` the error is: decimal digits, counted in characters from 1.
 *
 * @param error borrowed.
 * @return a string borrowed from the error, or NULL. Any thread.
 * @since 0.1
 */
const char *dbapi_error_internal_position(const dbapi_error_t *error);

/**
 * A statement that the server made itself, such as one inside a function, and that failed.
 *
 * @param error borrowed.
 * @return a string borrowed from the error, or NULL. Any thread.
 * @since 0.1
 */
const char *dbapi_error_internal_query(const dbapi_error_t *error);

/**
 * Where it happened: the calls, innermost first, one a line.
 *
 * @param error borrowed.
 * @return a string borrowed from the error, or NULL. Any thread.
 * @since 0.1
 */
const char *dbapi_error_context(const dbapi_error_t *error);

/**
 * The schema of what the error is about.
 *
 * @param error borrowed.
 * @return a string borrowed from the error, or NULL. Any thread.
 * @since 0.1
 */
const char *dbapi_error_schema_name(const dbapi_error_t *error);

/**
 * The table that the error is about.
 *
 * @param error borrowed.
 * @return a string borrowed from the error, or NULL. Any thread.
 * @since 0.1
 */
const char *dbapi_error_table_name(const dbapi_error_t *error);

/**
 * The column that the error is about.
 *
 * @param error borrowed.
 * @return a string borrowed from the error, or NULL. Any thread.
 * @since 0.1
 */
const char *dbapi_error_column_name(const dbapi_error_t *error);

/**
 * The data type that the error is about.
 *
 * @param error borrowed.
 * @return a string borrowed from the error, or NULL. Any thread.
 * @since 0.1
 */
const char *dbapi_error_datatype_name(const dbapi_error_t *error);

/**
 * The constraint that was violated.
 *
 * @param error borrowed.
 * @return a string borrowed from the error, or NULL. Any thread.
 * @since 0.1
 */
const char *dbapi_error_constraint_name(const dbapi_error_t *error);

/**
 * The file of the server's source that reported it.
 *
 * @param error borrowed.
 * @return a string borrowed from the error, or NULL. Any thread.
 * @since 0.1
 */
const char *dbapi_error_source_file(const dbapi_error_t *error);

/**
 * The line in that file.
 *
 * @param error borrowed.
 * @return a string of decimal digits borrowed from the error, or NULL. Any thread.
 * @since 0.1
 */
const char *dbapi_error_source_line(const dbapi_error_t *error);

/**
 * The function in that file.
 *
 * @param error borrowed.
 * @return a string borrowed from the error, or NULL. Any thread.
 * @since 0.1
 */
const char *dbapi_error_source_function(const dbapi_error_t *error);

/**
 * Frees an error, and all strings that came from it.
 *
 * @param error owned, consumed. NULL, or a handle freed already, does nothing. Any thread.
 * @since 0.1
 */
void dbapi_error_free(dbapi_error_t *error);

/**
 * PostgreSQL's name of a SQLSTATE, as in the manual's appendix A: "unique_violation" for "23505". Known are the
 * conditions of PostgreSQL 14 to 18.
 *
 * @param sqlstate borrowed: five characters, as PostgreSQL writes them, letters in upper case.
 * @return a static string; NULL for a code that is not in PostgreSQL's table, or for NULL. Any thread.
 * @since 0.1
 */
const char *dbapi_sqlstate_condition(const char *sqlstate);

/**
 * The SQLSTATE of a condition's name: "23505" for "unique_violation".
 *
 * Five names stand for two codes each. Of those, this gives the one that `RAISE name` has in PL/pgSQL: 22001 for
 * string_data_right_truncation (01004 is the warning), 22004 for null_value_not_allowed (not 39004), and 2F002,
 * 2F003 and 2F004 (not 38002, 38003 and 38004) for modifying_sql_data_not_permitted,
 * prohibited_sql_statement_attempted and reading_sql_data_not_permitted.
 *
 * @param condition borrowed: the name as PostgreSQL writes it, in lower case with underscores.
 * @return a static string; NULL for a name that PostgreSQL does not have, or for NULL. Any thread.
 * @since 0.1
 */
const char *dbapi_condition_sqlstate(const char *condition);

/**
 * The status, and so the PEP 249 class, of a server's error with this SQLSTATE. It follows the first two
 * characters, so codes that PostgreSQL's table lacks have one too: DBAPI_INTEGRITY_ERROR for "23XYZ".
 *
 * @param sqlstate borrowed: five characters.
 * @return a negative status; DBAPI_DATABASE_ERROR for what no class names, for what is no SQLSTATE, and for
 *   NULL. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_sqlstate_status(const char *sqlstate);

/**
 * Takes a connection string apart: what it says, and nothing else.
 *
 * @param dsn borrowed: `keyword=value ...` or `postgresql://...`.
 * @param out_conninfo receives an owned handle; NULL on failure. It holds passwords as they were given.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR, with a message that begins "invalid dsn", which holds no
 *   password. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_conninfo_parse(const char *dsn,
                                    dbapi_conninfo_t **out_conninfo,
                                    dbapi_error_t **out_error);

/**
 * Takes a connection string apart, and adds what connecting with it would: service file, environment,
 * defaults.
 *
 * @param dsn borrowed; NULL or "": nothing is said.
 * @param out_conninfo receives an owned handle; NULL on failure. It holds passwords as they were given.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK; DBAPI_PROGRAMMING_ERROR for a bad dsn. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_conninfo_resolve(const char *dsn,
                                      dbapi_conninfo_t **out_conninfo,
                                      dbapi_error_t **out_error);

/**
 * psycopg2's make_dsn: one connection string of a dsn and keywords beside it, which need no quoting. Nothing
 * is added from the environment. Works as snprintf does: what does not fit is cut off, and the full length is
 * told.
 *
 * @param dsn borrowed; NULL or "": nothing is said.
 * @param keywords borrowed: an array that ends with NULL; each overrides the dsn. NULL: none.
 * @param values borrowed: one for each keyword; NULL leaves that keyword unset.
 * @param buffer receives `keyword=value ...` and a NUL, passwords included; may be NULL if `capacity` is 0.
 * @param capacity of the buffer, in bytes, the NUL included.
 * @param out_length receives the full length in bytes, without the NUL; it fitted if it is below `capacity`.
 *   May be NULL.
 * @param out_error receives an owned error on failure; may be NULL.
 * @return DBAPI_OK, also when cut off; DBAPI_PROGRAMMING_ERROR for a bad dsn or keyword. Any thread.
 * @since 0.1
 */
dbapi_status_t dbapi_conninfo_make_dsn(const char *dsn,
                                       const char *const *keywords,
                                       const char *const *values,
                                       char *buffer,
                                       size_t capacity,
                                       size_t *out_length,
                                       dbapi_error_t **out_error);

/**
 * How many keywords it holds.
 *
 * @param conninfo borrowed.
 * @return the number; 0 for what is not a conninfo's handle. Any thread.
 * @since 0.1
 */
size_t dbapi_conninfo_count(const dbapi_conninfo_t *conninfo);

/**
 * The keyword at a place.
 *
 * @param conninfo borrowed.
 * @param index from 0.
 * @return a string borrowed from the conninfo; NULL if there is no such place. Any thread.
 * @since 0.1
 */
const char *dbapi_conninfo_keyword(const dbapi_conninfo_t *conninfo, size_t index);

/**
 * The value of the keyword at a place.
 *
 * @param conninfo borrowed.
 * @param index from 0.
 * @return a string borrowed from the conninfo; NULL if there is no such place. Any thread.
 * @since 0.1
 */
const char *dbapi_conninfo_value(const dbapi_conninfo_t *conninfo, size_t index);

/**
 * Frees a conninfo, and all strings that came from it.
 *
 * @param conninfo owned, consumed. NULL, or a handle freed already, does nothing. Any thread.
 * @since 0.1
 */
void dbapi_conninfo_free(dbapi_conninfo_t *conninfo);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus


/*
 * Literals for lists of parameters: dbapi_value_t params[] = { DBAPI_INT(100), DBAPI_TEXT("abc'def") };
 * Text is not copied: it must live as long as the value is used. DBAPI_TEXT(NULL) is NULL.
 */
static inline dbapi_value_t dbapi_inline_integer(int32_t kind, int64_t integer)
{
  dbapi_value_t value;
  memset(&value, 0, sizeof value);
  value.kind = kind;
  value.as.integer = integer;
  return value;
}

static inline dbapi_value_t dbapi_inline_bool(bool boolean)
{
  dbapi_value_t value = dbapi_inline_integer(DBAPI_KIND_BOOL, 0);
  value.as.boolean = boolean;
  return value;
}

static inline dbapi_value_t dbapi_inline_float(double floating)
{
  dbapi_value_t value = dbapi_inline_integer(DBAPI_KIND_FLOAT, 0);
  value.as.floating = floating;
  return value;
}

static inline dbapi_value_t dbapi_inline_data(int32_t kind, const char *data, size_t length)
{
  dbapi_value_t value = dbapi_inline_integer(kind, 0);
  value.as.text.data = data;
  value.as.text.length = length;
  return value;
}

static inline dbapi_value_t dbapi_inline_text(int32_t kind, const char *text)
{
  return text ? dbapi_inline_data(kind, text, strlen(text)) : dbapi_inline_integer(DBAPI_KIND_NULL, 0);
}

static inline dbapi_value_t dbapi_inline_timetz(int64_t microseconds, int32_t utc_offset)
{
  dbapi_value_t value = dbapi_inline_integer(DBAPI_KIND_TIMETZ, 0);
  value.as.timetz.microseconds = microseconds;
  value.as.timetz.utc_offset = utc_offset;
  return value;
}

static inline dbapi_value_t dbapi_inline_interval(int32_t months, int32_t days, int64_t microseconds)
{
  dbapi_value_t value = dbapi_inline_integer(DBAPI_KIND_INTERVAL, 0);
  value.as.interval.months = months;
  value.as.interval.days = days;
  value.as.interval.microseconds = microseconds;
  return value;
}

static inline dbapi_value_t dbapi_inline_uuid(const void *bytes)
{
  dbapi_value_t value = dbapi_inline_integer(DBAPI_KIND_UUID, 0);
  memcpy(value.as.uuid, bytes, sizeof value.as.uuid);
  return value;
}

static inline dbapi_value_t dbapi_inline_array(const dbapi_array_t *array)
{
  dbapi_value_t value = dbapi_inline_integer(DBAPI_KIND_ARRAY, 0);
  value.as.array = array;
  return value;
}

static inline dbapi_value_t dbapi_inline_range(const dbapi_range_t *range)
{
  dbapi_value_t value = dbapi_inline_integer(DBAPI_KIND_RANGE, 0);
  value.as.range = range;
  return value;
}

static inline dbapi_value_t dbapi_inline_multirange(const dbapi_multirange_t *multirange)
{
  dbapi_value_t value = dbapi_inline_integer(DBAPI_KIND_MULTIRANGE, 0);
  value.as.multirange = multirange;
  return value;
}

static inline dbapi_value_t dbapi_inline_composite(const dbapi_composite_t *composite)
{
  dbapi_value_t value = dbapi_inline_integer(DBAPI_KIND_COMPOSITE, 0);
  value.as.composite = composite;
  return value;
}

static inline dbapi_value_t dbapi_inline_inet(const dbapi_inet_t *inet)
{
  dbapi_value_t value = dbapi_inline_integer(DBAPI_KIND_INET, 0);
  value.as.inet = inet;
  return value;
}

static inline dbapi_value_t dbapi_inline_bits(const dbapi_bits_t *bits)
{
  dbapi_value_t value = dbapi_inline_integer(DBAPI_KIND_BITS, 0);
  value.as.bits = bits;
  return value;
}

static inline dbapi_value_t dbapi_inline_point(double x, double y)
{
  dbapi_value_t value = dbapi_inline_integer(DBAPI_KIND_POINT, 0);
  value.as.point.x = x;
  value.as.point.y = y;
  return value;
}

static inline dbapi_value_t dbapi_inline_geometry(const dbapi_geometry_t *geometry)
{
  dbapi_value_t value = dbapi_inline_integer(DBAPI_KIND_GEOMETRY, 0);
  value.as.geometry = geometry;
  return value;
}

static inline dbapi_value_t dbapi_inline_hstore(const dbapi_hstore_t *hstore)
{
  dbapi_value_t value = dbapi_inline_integer(DBAPI_KIND_HSTORE, 0);
  value.as.hstore = hstore;
  return value;
}

static inline dbapi_value_t dbapi_inline_typed(uint32_t oid, dbapi_value_t value)
{
  value.oid = oid;
  return value;
}

/** NULL. */
#define DBAPI_NULL dbapi_inline_integer(DBAPI_KIND_NULL, 0)
/** A truth value. */
#define DBAPI_BOOL(boolean) dbapi_inline_bool(boolean)
/** An integer. */
#define DBAPI_INT(integer) dbapi_inline_integer(DBAPI_KIND_INT, (integer))
/** A double. */
#define DBAPI_FLOAT(floating) dbapi_inline_float(floating)
/** Decimal digits, a string. */
#define DBAPI_NUMERIC(text) dbapi_inline_text(DBAPI_KIND_NUMERIC, (text))
/** A string. */
#define DBAPI_TEXT(text) dbapi_inline_text(DBAPI_KIND_TEXT, (text))
/** Counted text. */
#define DBAPI_TEXT_N(data, length) dbapi_inline_data(DBAPI_KIND_TEXT, (data), (length))
/** Counted bytes. */
#define DBAPI_BYTES(data, length) \
  dbapi_inline_data(DBAPI_KIND_BYTES, (const char *)(data), (length))
/** A JSON document, a string. */
#define DBAPI_JSON(text) dbapi_inline_text(DBAPI_KIND_JSON, (text))
/** Days from 1970-01-01. */
#define DBAPI_DATE(days) dbapi_inline_integer(DBAPI_KIND_DATE, (days))
/** Microseconds from midnight. */
#define DBAPI_TIME(microseconds) dbapi_inline_integer(DBAPI_KIND_TIME, (microseconds))
/** Microseconds from midnight, and seconds east of UTC. */
#define DBAPI_TIMETZ(microseconds, utc_offset) dbapi_inline_timetz((microseconds), (utc_offset))
/** Microseconds from 1970-01-01 00:00:00. */
#define DBAPI_TIMESTAMP(microseconds) \
  dbapi_inline_integer(DBAPI_KIND_TIMESTAMP, (microseconds))
/** Microseconds from 1970-01-01 00:00:00 UTC. */
#define DBAPI_TIMESTAMPTZ(microseconds) \
  dbapi_inline_integer(DBAPI_KIND_TIMESTAMPTZ, (microseconds))
/** Months, days, microseconds. */
#define DBAPI_INTERVAL(months, days, microseconds) \
  dbapi_inline_interval((months), (days), (microseconds))
/** 16 bytes. */
#define DBAPI_UUID(bytes) dbapi_inline_uuid(bytes)
/** An array; like those below, a pointer to a struct, which is not copied. */
#define DBAPI_ARRAY(array) dbapi_inline_array(array)
/** A range. */
#define DBAPI_RANGE(range) dbapi_inline_range(range)
/** A multirange. */
#define DBAPI_MULTIRANGE(multirange) dbapi_inline_multirange(multirange)
/** A row. */
#define DBAPI_COMPOSITE(composite) dbapi_inline_composite(composite)
/** An inet. */
#define DBAPI_INET(inet) dbapi_inline_inet(inet)
/** A bit string. */
#define DBAPI_BITS(bits) dbapi_inline_bits(bits)
/** A point, by its coordinates. */
#define DBAPI_POINT(x, y) dbapi_inline_point((x), (y))
/** A figure. */
#define DBAPI_GEOMETRY(geometry) dbapi_inline_geometry(geometry)
/** An hstore. */
#define DBAPI_HSTORE(hstore) dbapi_inline_hstore(hstore)
/** One of the above, as the type with this oid. */
#define DBAPI_TYPED(oid, value) dbapi_inline_typed((oid), (value))

#endif  /* DBAPI_H */
