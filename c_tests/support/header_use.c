/* Compiled as C99, C11, C17, C++11 and C++17 with every warning an error: the header stands alone (it comes
 * first), may be included twice, and its macros make values in both languages. */
#include <dbapi.h>
#include <dbapi.h>

size_t dbapi_header_use(dbapi_value_t *out);
size_t dbapi_header_use(dbapi_value_t *out)
{
    const char *name = "a variable";
    int64_t number = -1;
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
    };
    size_t count = sizeof values / sizeof values[0];
    for (size_t i = 0; i < count; i++) {
        out[i] = values[i];
    }
    return count;
}
