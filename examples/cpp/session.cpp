// PEP 249's familiar session from C++11, on the raw C ABI: handles in unique_ptr, errors as exceptions.
#include <dbapi.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

template <typename T, void (*release)(T *)>
struct Free {
    void operator()(T *handle) const { release(handle); }
};
using Connection = std::unique_ptr<dbapi_connection_t, Free<dbapi_connection_t, dbapi_connection_free>>;
using Cursor = std::unique_ptr<dbapi_cursor_t, Free<dbapi_cursor_t, dbapi_cursor_free>>;

// Throws the error of a failed call: check([&](dbapi_error_t **error) { return dbapi_...(..., error); }).
template <typename Call>
static dbapi_status_t check(Call call)
{
    dbapi_error_t *error = nullptr;
    const dbapi_status_t status = call(&error);
    if (status < 0) {
        const std::unique_ptr<dbapi_error_t, Free<dbapi_error_t, dbapi_error_free>> owned(error);
        throw std::runtime_error(std::string(dbapi_error_class(error)) + ": " + dbapi_error_message(error));
    }
    return status;
}

static Connection connect()
{
    dbapi_connection_t *connection = nullptr;
    check([&](dbapi_error_t **error) { return dbapi_connect(std::getenv("DATABASE_URL"), &connection, error); });
    return Connection(connection);
}

static Cursor open_cursor(const Connection &connection)
{
    dbapi_cursor_t *cursor = nullptr;
    check([&](dbapi_error_t **error) { return dbapi_cursor(connection.get(), &cursor, error); });
    return Cursor(cursor);
}

static void execute(const Cursor &cursor, const char *sql, const dbapi_value_t *params = nullptr, size_t count = 0)
{
    check([&](dbapi_error_t **error) { return dbapi_execute(cursor.get(), sql, params, count, error); });
}

static void session()
{
    const Connection connection = connect();
    const Cursor cursor = open_cursor(connection);
    execute(cursor, "CREATE TABLE test (id serial PRIMARY KEY, num integer, data varchar)");
    const dbapi_value_t params[] = { DBAPI_INT(100), DBAPI_TEXT("abc'def") };
    execute(cursor, "INSERT INTO test (num, data) VALUES (%s, %s)", params, 2);
    execute(cursor, "SELECT * FROM test");
    const dbapi_value_t *row = nullptr;
    check([&](dbapi_error_t **error) { return dbapi_fetchone(cursor.get(), &row, error); });
    std::cout << '(' << row[0].as.integer << ", " << row[1].as.integer << ", \""
              << std::string(row[2].as.text.data, row[2].as.text.length) << "\")" << std::endl;
    execute(cursor, "DROP TABLE test");
    check([&](dbapi_error_t **error) { return dbapi_commit(connection.get(), error); });
}

int main()
{
    try {
        session();
    } catch (const std::exception &problem) {
        std::cerr << problem.what() << std::endl;
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
