/* Compiled as C99, C11, C17, C++11 and C++17 with every warning an error: the header stands alone (it comes
 * first), may be included twice, and its macros make values in both languages. */
#include <dbapi.h>
#include <dbapi.h>

size_t dbapi_header_use(dbapi_value_t *out);
size_t dbapi_header_use(dbapi_value_t *out)
{
    const char *name = "a variable";
    int64_t number = -1;
    const dbapi_value_t items[] = { DBAPI_INT(1), DBAPI_NULL };
    const dbapi_array_t array = { 0, 1, NULL, NULL, 2, items };
    const dbapi_range_t range = { 0, DBAPI_RANGE_LOWER_INCLUSIVE, DBAPI_INT(1), DBAPI_NULL };
    const dbapi_inet_t inet = { 4, 32, { 127, 0, 0, 1 } };
    const dbapi_geometry_t line = { DBAPI_SHAPE_LINE, 0, 0, NULL, { 1, 2, 3 } };
    const dbapi_bits_t bits = { 3, (const uint8_t *)"\240" };
    const dbapi_multirange_t multirange = { 0, 0, NULL };
    const dbapi_composite_t composite = { 2, items, NULL };
    const dbapi_hstore_t hstore = { 0, NULL, NULL };
    dbapi_value_t values[] = {
        DBAPI_NULL,
        DBAPI_BOOL(true),
        DBAPI_INT(number),
        DBAPI_INT(100),
        DBAPI_FLOAT(1.5),
        DBAPI_NUMERIC("1.50"),
        DBAPI_TEXT("abc'def"),
        DBAPI_TEXT(name),
        DBAPI_TEXT_N(name, 1),
        DBAPI_BYTES("\0\1", 2),
        DBAPI_DATE(0),
        DBAPI_POINT(1, 2.5),
        DBAPI_ARRAY(&array),
        DBAPI_RANGE(&range),
        DBAPI_MULTIRANGE(&multirange),
        DBAPI_COMPOSITE(&composite),
        DBAPI_INET(&inet),
        DBAPI_BITS(&bits),
        DBAPI_GEOMETRY(&line),
        DBAPI_HSTORE(&hstore),
        DBAPI_TYPED(1007, DBAPI_ARRAY(&array)),
    };
    size_t count = sizeof values / sizeof values[0];
    for (size_t i = 0; i < count; i++) {
        out[i] = values[i];
    }
    return count;
}
