/* What DB-API drivers must show: a test of our own for each one of the public-domain suite `dbapi20` (Stuart
 * Bishop), named as it is there. Ours assert one outcome where the suite lets a driver choose.
 *
 * Without a meaning in C:
 *   test_ExceptionsAsConnectionAttributes   a class is a status here, and belongs to no connection
 *   test_Date, test_Time, test_Timestamp, test_Binary   the constructors are macros and functions that fill a value:
 *     what they make is bound and read back here. (Those from ticks, which the suite calls as well: 48_parts.)
 *   test_STRING ... test_ROWID   the groups are sets of oids: a column of each type has its oid as type_code here */
#include "connect.h"

#include <stdlib.h>
#include <string.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;

/* The suite's beers, in order. */
static const char *const samples[] = { "Carlton Cold", "Carlton Draft", "Mountain Goat", "Redback", "Victoria Bitter", "XXXX" };

/* The tables are made in the tests' own transactions, which are never committed. */
static void open_both(void)
{
    connection = connect_test();
    cursor = cursor_of(connection);
}

static void close_both(void)
{
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void make_booze(void)
{
    run(cursor, "CREATE TABLE t90_booze (name varchar(20))");
}

static void make_barflys(void)
{
    run(cursor, "CREATE TABLE t90_barflys (name varchar(20))");
}

static void populate(void)
{
    make_booze();
    for (size_t i = 0; i < COUNT(samples); i++) {
        const dbapi_value_t name[] = { DBAPI_TEXT(samples[i]) };
        CHECK_OK(dbapi_execute(cursor, "INSERT INTO t90_booze VALUES (%s)", name, 1, &failure));
        CHECK_INT(dbapi_rowcount(cursor), 1);
    }
}

/* Rows of one text column are the samples from `first` on. */
static void check_samples(const dbapi_value_t *rows, size_t count, size_t first)
{
    for (size_t i = 0; i < count; i++) {
        CHECK_ROW(rows + i, samples[first + i]);
    }
}

static void test_connect(void)
{
    open_both();
    CHECK_OK(dbapi_close(connection, &failure));
    CHECK_INT(dbapi_connection_closed(connection), 1);
    close_both();
}

static void test_apilevel(void)
{
    CHECK_TEXT(dbapi_apilevel(), "2.0");
}

static void test_threadsafety(void)
{
    CHECK_INT(dbapi_threadsafety(), 2);
}

static void test_paramstyle(void)
{
    CHECK_TEXT(dbapi_paramstyle(), "pyformat");
}

/* Every class can be told from the others, and from success; each is an error. */
static void test_Exceptions(void)
{
    static const dbapi_status_t errors[] = { DBAPI_INTERFACE_ERROR, DBAPI_DATABASE_ERROR,    DBAPI_DATA_ERROR,        DBAPI_OPERATIONAL_ERROR,
                                             DBAPI_INTEGRITY_ERROR, DBAPI_INTERNAL_ERROR, DBAPI_PROGRAMMING_ERROR, DBAPI_NOT_SUPPORTED_ERROR };
    for (size_t i = 0; i < COUNT(errors); i++) {
        CHECK(errors[i] < DBAPI_OK);
        for (size_t j = 0; j < i; j++) {
            CHECK(errors[i] != errors[j]);
        }
    }
    open_both();
    CHECK_ERROR(dbapi_execute(cursor, "SELEC", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "42601", NULL);
    CHECK_TEXT(dbapi_error_class(failure), "ProgrammingError");
    clear_failure();
    CHECK_OK(dbapi_close(connection, &failure));
    CHECK_ERROR(dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure), DBAPI_INTERFACE_ERROR, NULL, NULL);
    CHECK_TEXT(dbapi_error_class(failure), "InterfaceError");
    clear_failure();
    close_both();
}

static void test_commit(void)
{
    open_both();
    CHECK_OK(dbapi_commit(connection, &failure));
    close_both();
}

static void test_rollback(void)
{
    open_both();
    CHECK_OK(dbapi_rollback(connection, &failure));
    close_both();
}

static void test_cursor(void)
{
    open_both();
    CHECK_INT(dbapi_cursor_closed(cursor), 0);
    close_both();
}

static void test_cursor_isolation(void)
{
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    open_both();
    dbapi_cursor_t *other = cursor_of(connection);
    make_booze();
    run(cursor, "INSERT INTO t90_booze VALUES ('Victoria Bitter')");
    run(other, "SELECT name FROM t90_booze");
    CHECK_OK(dbapi_fetchall(other, &rows, &count, &failure));
    CHECK_SIZE(count, 1);
    CHECK_ROW(rows, "Victoria Bitter");
    dbapi_cursor_free(other);
    close_both();
}

static void test_description(void)
{
    size_t count = 77;
    open_both();
    make_booze();
    CHECK_PTR(dbapi_description(cursor, &count), NULL);
    run(cursor, "SELECT name FROM t90_booze");
    const dbapi_column_t *columns = dbapi_description(cursor, &count);
    CHECK(columns != NULL);
    CHECK_SIZE(count, 1);
    CHECK_TEXT(columns[0].name, "name");
    CHECK_INT(columns[0].type_code, 1043);
    CHECK_INT(columns[0].display_size, -1);
    CHECK_INT(columns[0].internal_size, 20);
    CHECK_INT(columns[0].precision, -1);
    CHECK_INT(columns[0].scale, -1);
    CHECK_INT(columns[0].null_ok, -1);
    make_barflys();
    CHECK_PTR(dbapi_description(cursor, &count), NULL);
    close_both();
}

static void test_rowcount(void)
{
    open_both();
    CHECK_INT(dbapi_rowcount(cursor), -1);
    make_booze();
    CHECK_INT(dbapi_rowcount(cursor), -1);
    run(cursor, "INSERT INTO t90_booze VALUES ('Victoria Bitter')");
    CHECK_INT(dbapi_rowcount(cursor), 1);
    run(cursor, "SELECT name FROM t90_booze");
    CHECK_INT(dbapi_rowcount(cursor), 1);
    make_barflys();
    CHECK_INT(dbapi_rowcount(cursor), -1);
    close_both();
}

/* What a function in SQL gives is fetched; psycopg2 gives the parameters back, which here are the caller's still. */
static void test_callproc(void)
{
    const dbapi_value_t foo[] = { DBAPI_TEXT("FOO") };
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    open_both();
    CHECK_OK(dbapi_callproc(cursor, "lower", foo, 1, &failure));
    CHECK_TEXT(foo[0].as.text.data, "FOO");
    CHECK_OK(dbapi_fetchall(cursor, &rows, &count, &failure));
    CHECK_SIZE(count, 1);
    CHECK_ROW(rows, "foo");
    close_both();
}

static void test_close(void)
{
    open_both();
    CHECK_OK(dbapi_close(connection, &failure));
    CHECK_FAILS(dbapi_execute(cursor, "CREATE TABLE t90_booze (name varchar(20))", NULL, 0, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_FAILS(dbapi_commit(connection, &failure), DBAPI_INTERFACE_ERROR, NULL, "closed");
    CHECK_OK(dbapi_close(connection, &failure));
    close_both();
}

/* A parameter whose name is beer, and which needs quoting. */
static void insert_with_a_parameter(void)
{
    static const char *const names[] = { "beer" };
    const dbapi_value_t coopers[] = { DBAPI_TEXT("Cooper's") };
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    make_booze();
    run(cursor, "INSERT INTO t90_booze VALUES ('Victoria Bitter')");
    CHECK_INT(dbapi_rowcount(cursor), 1);
    CHECK_OK(dbapi_execute_named(cursor, "INSERT INTO t90_booze VALUES (%(beer)s)", names, coopers, 1, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 1);
    run(cursor, "SELECT name FROM t90_booze ORDER BY name");
    CHECK_OK(dbapi_fetchall(cursor, &rows, &count, &failure));
    CHECK_SIZE(count, 2);
    CHECK_ROW(rows, "Cooper's");
    CHECK_ROW(rows + 1, "Victoria Bitter");
}

static void test_execute(void)
{
    open_both();
    insert_with_a_parameter();
    close_both();
}

static void test_executemany(void)
{
    const dbapi_value_t beers[] = { DBAPI_TEXT("Cooper's"), DBAPI_TEXT("Boag's") };
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    open_both();
    make_booze();
    CHECK_OK(dbapi_executemany(cursor, "INSERT INTO t90_booze VALUES (%s)", beers, 1, 2, &failure));
    CHECK_INT(dbapi_rowcount(cursor), 2);
    run(cursor, "SELECT name FROM t90_booze ORDER BY name");
    CHECK_OK(dbapi_fetchall(cursor, &rows, &count, &failure));
    CHECK_SIZE(count, 2);
    CHECK_ROW(rows, "Boag's");
    CHECK_ROW(rows + 1, "Cooper's");
    close_both();
}

static void test_fetchone(void)
{
    const dbapi_value_t *row = NULL;
    open_both();
    CHECK_FAILS(dbapi_fetchone(cursor, &row, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "no results");
    make_booze();
    CHECK_FAILS(dbapi_fetchone(cursor, &row, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "no results");
    run(cursor, "SELECT name FROM t90_booze");
    check_end(cursor);
    CHECK_INT(dbapi_rowcount(cursor), 0);
    run(cursor, "INSERT INTO t90_booze VALUES ('Victoria Bitter')");
    CHECK_FAILS(dbapi_fetchone(cursor, &row, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "no results");
    run(cursor, "SELECT name FROM t90_booze");
    CHECK_ROW(fetch_row(cursor), "Victoria Bitter");
    check_end(cursor);
    CHECK_INT(dbapi_rowcount(cursor), 1);
    close_both();
}

/* fetchmany gives `expected` rows: the samples from `first` on. */
static void check_fetchmany(size_t size, size_t expected, size_t first)
{
    const dbapi_value_t *rows = NULL;
    size_t count = 77;
    CHECK_STATUS(dbapi_fetchmany(cursor, size, &rows, &count, &failure), expected == 0 ? DBAPI_DONE : DBAPI_OK);
    CHECK_SIZE(count, expected);
    check_samples(rows, count, first);
}

static void test_fetchmany(void)
{
    static const char *const select = "SELECT name FROM t90_booze ORDER BY name";
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    open_both();
    CHECK_FAILS(dbapi_fetchmany(cursor, 4, &rows, &count, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "no results");
    populate();
    run(cursor, select);
    check_fetchmany(0, 1, 0);
    CHECK_OK(dbapi_cursor_set_arraysize(cursor, 10, &failure));
    check_fetchmany(3, 3, 1);
    check_fetchmany(4, 2, 4);
    check_fetchmany(4, 0, 0);
    check_fetchmany(4, 0, 0);
    CHECK_INT(dbapi_rowcount(cursor), 6);
    CHECK_OK(dbapi_cursor_set_arraysize(cursor, 4, &failure));
    run(cursor, select);
    check_fetchmany(0, 4, 0);
    check_fetchmany(0, 2, 4);
    check_fetchmany(0, 0, 0);
    CHECK_INT(dbapi_rowcount(cursor), 6);
    CHECK_OK(dbapi_cursor_set_arraysize(cursor, 6, &failure));
    run(cursor, select);
    check_fetchmany(0, 6, 0);
    CHECK_INT(dbapi_rowcount(cursor), 6);
    check_fetchmany(0, 0, 0);
    make_barflys();
    run(cursor, "SELECT name FROM t90_barflys");
    check_fetchmany(0, 0, 0);
    CHECK_INT(dbapi_rowcount(cursor), 0);
    close_both();
}

static void test_fetchall(void)
{
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    open_both();
    CHECK_FAILS(dbapi_fetchall(cursor, &rows, &count, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "no results");
    populate();
    CHECK_FAILS(dbapi_fetchall(cursor, &rows, &count, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "no results");
    run(cursor, "SELECT name FROM t90_booze ORDER BY name");
    CHECK_OK(dbapi_fetchall(cursor, &rows, &count, &failure));
    CHECK_SIZE(count, COUNT(samples));
    check_samples(rows, count, 0);
    CHECK_INT(dbapi_rowcount(cursor), 6);
    CHECK_DONE(dbapi_fetchall(cursor, &rows, &count, &failure));
    CHECK_SIZE(count, 0);
    CHECK_INT(dbapi_rowcount(cursor), 6);
    make_barflys();
    run(cursor, "SELECT name FROM t90_barflys");
    CHECK_DONE(dbapi_fetchall(cursor, &rows, &count, &failure));
    CHECK_SIZE(count, 0);
    CHECK_INT(dbapi_rowcount(cursor), 0);
    close_both();
}

static void test_mixedfetch(void)
{
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    open_both();
    populate();
    run(cursor, "SELECT name FROM t90_booze ORDER BY name");
    CHECK_ROW(fetch_row(cursor), samples[0]);
    check_fetchmany(2, 2, 1);
    CHECK_ROW(fetch_row(cursor), samples[3]);
    CHECK_OK(dbapi_fetchall(cursor, &rows, &count, &failure));
    CHECK_SIZE(count, 2);
    check_samples(rows, count, 4);
    CHECK_INT(dbapi_rowcount(cursor), 6);
    close_both();
}

/* Two results of one call: how many there are, and which. */
static void test_nextset(void)
{
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    open_both();
    populate();
    CHECK_OK(dbapi_cursor_set_all_results(cursor, true, &failure));
    run(cursor, "SELECT count(*) FROM t90_booze; SELECT name FROM t90_booze ORDER BY name");
    CHECK_ROW(fetch_row(cursor), "6");
    CHECK_OK(dbapi_nextset(cursor, &failure));
    CHECK_OK(dbapi_fetchall(cursor, &rows, &count, &failure));
    CHECK_SIZE(count, COUNT(samples));
    check_samples(rows, count, 0);
    CHECK_DONE(dbapi_nextset(cursor, &failure));
    CHECK_DONE(dbapi_nextset(cursor, &failure));
    close_both();
}

static void test_arraysize(void)
{
    open_both();
    CHECK_SIZE(dbapi_arraysize(cursor), 1);
    CHECK_OK(dbapi_cursor_set_arraysize(cursor, 5, &failure));
    CHECK_SIZE(dbapi_arraysize(cursor), 5);
    close_both();
}

/* The suite's next statement has no parameters, and does not mind the type. */
static void test_setinputsizes(void)
{
    static const uint32_t text[] = { 25 };
    open_both();
    CHECK_OK(dbapi_setinputsizes(cursor, text, 1, &failure));
    run(cursor, "SELECT 1");
    insert_with_a_parameter();
    close_both();
}

static void test_setoutputsize_basic(void)
{
    open_both();
    CHECK_OK(dbapi_setoutputsize(cursor, 1000, -1, &failure));
    CHECK_OK(dbapi_setoutputsize(cursor, 2000, 0, &failure));
    insert_with_a_parameter();
    close_both();
}

/* It cuts nothing off: large values come whole. */
static void test_setoutputsize(void)
{
    open_both();
    CHECK_OK(dbapi_setoutputsize(cursor, 10, -1, &failure));
    run(cursor, "SELECT repeat('x', 1000000)");
    CHECK_SIZE(fetch_row(cursor)[0].as.text.length, 1000000);
    close_both();
}

static void test_None(void)
{
    const dbapi_value_t *rows = NULL;
    size_t count = 0;
    open_both();
    make_booze();
    run(cursor, "INSERT INTO t90_booze VALUES (NULL)");
    run(cursor, "SELECT name FROM t90_booze");
    CHECK_OK(dbapi_fetchall(cursor, &rows, &count, &failure));
    CHECK_SIZE(count, 1);
    CHECK_INT(rows[0].kind, DBAPI_KIND_NULL);
    close_both();
}

/* What a value of ours is on the server. */
static void check_sent(dbapi_value_t value, const char *cast, const char *expected)
{
    char sql[100] = "SELECT (%s)::";
    strcat(strcat(sql, cast), "::text");
    open_both();
    CHECK_OK(dbapi_execute(cursor, sql, &value, 1, &failure));
    CHECK_ROW(fetch_row(cursor), expected);
    close_both();
}

static void test_Date(void)
{
    dbapi_value_t value;
    CHECK_OK(dbapi_value_set_date(&value, 12046));
    check_sent(value, "date", "2002-12-25");
    check_sent(DBAPI_DATE(12046), "date", "2002-12-25");
}

static void test_Time(void)
{
    dbapi_value_t value;
    CHECK_OK(dbapi_value_set_time(&value, 49530000000));
    check_sent(value, "time", "13:45:30");
    check_sent(DBAPI_TIME(49530000000), "time", "13:45:30");
}

static void test_Timestamp(void)
{
    dbapi_value_t value;
    CHECK_OK(dbapi_value_set_timestamp(&value, 1040823930000000));
    check_sent(value, "timestamp", "2002-12-25 13:45:30");
    check_sent(DBAPI_TIMESTAMP(1040823930000000), "timestamp", "2002-12-25 13:45:30");
}

static void test_Binary(void)
{
    dbapi_value_t value;
    CHECK_OK(dbapi_value_set_bytes(&value, "Some\0thing", 10));
    check_sent(value, "bytea", "\\x536f6d65007468696e67");
    check_sent(DBAPI_BYTES("", 0), "bytea", "\\x");
}

/* A column of each of these types has its oid. */
static void check_group(const char *const *types, const uint32_t *oids, size_t count)
{
    char sql[100];
    size_t columns = 0;
    open_both();
    for (size_t i = 0; i < count; i++) {
        strcat(strcpy(sql, "SELECT NULL::"), types[i]);
        run(cursor, sql);
        CHECK_INT(dbapi_description(cursor, &columns)[0].type_code, oids[i]);
        CHECK_SIZE(columns, 1);
    }
    close_both();
}

static void test_STRING(void)
{
    static const char *const types[] = { "\"char\"", "name", "text", "char(3)", "varchar" };
    static const uint32_t oids[] = { 18, 19, 25, 1042, 1043 };
    check_group(types, oids, COUNT(types));
}

static void test_BINARY(void)
{
    static const char *const types[] = { "bytea" };
    static const uint32_t oids[] = { 17 };
    check_group(types, oids, COUNT(types));
}

static void test_NUMBER(void)
{
    static const char *const types[] = { "int8", "int2", "int4", "float4", "float8", "numeric" };
    static const uint32_t oids[] = { 20, 21, 23, 700, 701, 1700 };
    check_group(types, oids, COUNT(types));
}

static void test_DATETIME(void)
{
    static const char *const types[] = { "date", "time", "timestamp", "timestamptz", "interval", "timetz" };
    static const uint32_t oids[] = { 1082, 1083, 1114, 1184, 1186, 1266 };
    check_group(types, oids, COUNT(types));
}

static void test_ROWID(void)
{
    static const char *const types[] = { "oid" };
    static const uint32_t oids[] = { 26 };
    check_group(types, oids, COUNT(types));
}

CHECK_MAIN(CASE(test_connect), CASE(test_apilevel), CASE(test_threadsafety), CASE(test_paramstyle), CASE(test_Exceptions), CASE(test_commit),
           CASE(test_rollback), CASE(test_cursor), CASE(test_cursor_isolation), CASE(test_description), CASE(test_rowcount), CASE(test_callproc), CASE(test_close),
           CASE(test_execute), CASE(test_executemany), CASE(test_fetchone), CASE(test_fetchmany), CASE(test_fetchall), CASE(test_mixedfetch),
           CASE(test_nextset), CASE(test_arraysize), CASE(test_setinputsizes),
           CASE(test_setoutputsize_basic), CASE(test_setoutputsize), CASE(test_None), CASE(test_Date), CASE(test_Time), CASE(test_Timestamp), CASE(test_Binary), CASE(test_STRING),
           CASE(test_BINARY), CASE(test_NUMBER), CASE(test_DATETIME), CASE(test_ROWID))
