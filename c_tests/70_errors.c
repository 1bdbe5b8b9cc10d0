/* Errors: the class that each SQLSTATE has, every field that PostgreSQL sends, and what a caller can do
 * next. */
#define _POSIX_C_SOURCE 200809L
#include "connect.h"

#include <stdio.h>
#include <string.h>

static dbapi_connection_t *connection;
static dbapi_cursor_t *cursor;

static void open_cursor(void)
{
    connection = connect_test();
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    cursor = cursor_of(connection);
}

static void close_cursor(void)
{
    dbapi_cursor_free(cursor);
    dbapi_connection_free(connection);
}

static void class_follows_sqlstate(void)
{
    static const struct {
        const char *sqlstate;
        dbapi_status_t status;
        const char *name;
    } classes[] = {
        { "08006", DBAPI_OPERATIONAL_ERROR, "OperationalError" },   { "0A000", DBAPI_NOT_SUPPORTED_ERROR, "NotSupportedError" },
        { "20000", DBAPI_PROGRAMMING_ERROR, "ProgrammingError" },   { "21000", DBAPI_PROGRAMMING_ERROR, "ProgrammingError" },
        { "22012", DBAPI_DATA_ERROR, "DataError" },                 { "23505", DBAPI_INTEGRITY_ERROR, "IntegrityError" },
        { "24000", DBAPI_INTERNAL_ERROR, "InternalError" },         { "25P02", DBAPI_INTERNAL_ERROR, "InternalError" },
        { "26000", DBAPI_OPERATIONAL_ERROR, "OperationalError" },   { "27000", DBAPI_OPERATIONAL_ERROR, "OperationalError" },
        { "28000", DBAPI_OPERATIONAL_ERROR, "OperationalError" },   { "2B000", DBAPI_INTERNAL_ERROR, "InternalError" },
        { "2D000", DBAPI_INTERNAL_ERROR, "InternalError" },         { "2F000", DBAPI_INTERNAL_ERROR, "InternalError" },
        { "34000", DBAPI_OPERATIONAL_ERROR, "OperationalError" },   { "38000", DBAPI_INTERNAL_ERROR, "InternalError" },
        { "39000", DBAPI_INTERNAL_ERROR, "InternalError" },         { "3B000", DBAPI_INTERNAL_ERROR, "InternalError" },
        { "3D000", DBAPI_PROGRAMMING_ERROR, "ProgrammingError" },   { "3F000", DBAPI_PROGRAMMING_ERROR, "ProgrammingError" },
        { "40001", DBAPI_OPERATIONAL_ERROR, "OperationalError" },   { "40P01", DBAPI_OPERATIONAL_ERROR, "OperationalError" },
        { "42601", DBAPI_PROGRAMMING_ERROR, "ProgrammingError" },   { "44000", DBAPI_PROGRAMMING_ERROR, "ProgrammingError" },
        { "53100", DBAPI_OPERATIONAL_ERROR, "OperationalError" },   { "57014", DBAPI_OPERATIONAL_ERROR, "OperationalError" },
        { "58030", DBAPI_OPERATIONAL_ERROR, "OperationalError" },   { "F0000", DBAPI_INTERNAL_ERROR, "InternalError" },
        { "HV000", DBAPI_OPERATIONAL_ERROR, "OperationalError" },   { "P0001", DBAPI_INTERNAL_ERROR, "InternalError" },
        { "XX000", DBAPI_INTERNAL_ERROR, "InternalError" },         { "ZZ123", DBAPI_DATABASE_ERROR, "DatabaseError" },
        { "99999", DBAPI_DATABASE_ERROR, "DatabaseError" },
    };
    char sql[200];
    open_cursor();
    for (size_t i = 0; i < COUNT(classes); i++) {
        snprintf(sql, sizeof sql, "DO $$ BEGIN RAISE EXCEPTION 'told' USING ERRCODE = '%s'; END $$", classes[i].sqlstate);
        CHECK_ERROR(dbapi_execute(cursor, sql, NULL, 0, &failure), classes[i].status, classes[i].sqlstate, "told");
        CHECK_TEXT(dbapi_error_class(failure), classes[i].name);
        clear_failure();
    }
    close_cursor();
}

static void fields_of_a_constraint(void)
{
    fresh_table("t70_test", "a int CONSTRAINT t70_positive CHECK (a > 0), b text NOT NULL, CONSTRAINT t70_key UNIQUE (a)");
    open_cursor();
    run(cursor, "INSERT INTO t70_test VALUES (1, 'x')");
    CHECK_ERROR(dbapi_execute(cursor, "INSERT INTO t70_test VALUES (1, 'y')", NULL, 0, &failure), DBAPI_INTEGRITY_ERROR, "23505",
                "duplicate key value violates unique constraint \"t70_key\"");
    CHECK_TEXT(dbapi_error_severity(failure), "ERROR");
    CHECK_TEXT(dbapi_error_severity_nonlocalized(failure), "ERROR");
    CHECK_TEXT(dbapi_error_message_primary(failure), "duplicate key value violates unique constraint \"t70_key\"");
    CHECK_TEXT(dbapi_error_message_detail(failure), "Key (a)=(1) already exists.");
    CHECK_TEXT(dbapi_error_schema_name(failure), "public");
    CHECK_TEXT(dbapi_error_table_name(failure), "t70_test");
    CHECK_TEXT(dbapi_error_constraint_name(failure), "t70_key");
    CHECK_PTR(dbapi_error_column_name(failure), NULL);
    CHECK_PTR(dbapi_error_datatype_name(failure), NULL);
    CHECK_PTR(dbapi_error_message_hint(failure), NULL);
    CHECK_PTR(dbapi_error_statement_position(failure), NULL);
    CHECK_PTR(dbapi_error_internal_position(failure), NULL);
    CHECK_PTR(dbapi_error_internal_query(failure), NULL);
    CHECK_PTR(dbapi_error_context(failure), NULL);
    CHECK_TEXT(dbapi_error_source_file(failure), "nbtinsert.c");
    CHECK_TEXT(dbapi_error_source_function(failure), "_bt_check_unique");
    CHECK(dbapi_error_source_line(failure) != NULL && strspn(dbapi_error_source_line(failure), "0123456789") > 0);
    CHECK_CONTAINS(dbapi_error_message(failure), "Key (a)=(1) already exists.");
    clear_failure();

    CHECK_ERROR(dbapi_execute(cursor, "INSERT INTO t70_test VALUES (2, NULL)", NULL, 0, &failure), DBAPI_INTEGRITY_ERROR, "23502", NULL);
    CHECK_TEXT(dbapi_error_column_name(failure), "b");
    CHECK_PTR(dbapi_error_constraint_name(failure), NULL);
    clear_failure();
    close_cursor();
}

static void fields_of_a_domain(void)
{
    run_outside("DROP DOMAIN IF EXISTS t70_small; CREATE DOMAIN t70_small AS int CONSTRAINT t70_limit CHECK (VALUE < 10)");
    open_cursor();
    CHECK_ERROR(dbapi_execute(cursor, "SELECT 10::t70_small", NULL, 0, &failure), DBAPI_INTEGRITY_ERROR, "23514", "t70_small");
    CHECK_TEXT(dbapi_error_datatype_name(failure), "t70_small");
    CHECK_TEXT(dbapi_error_constraint_name(failure), "t70_limit");
    close_cursor();
}

/* The message points at the place, in characters. */
static void position_and_hint(void)
{
    open_cursor();
    CHECK_ERROR(dbapi_execute(cursor, "SELECT '\xc3\xa4', nonesuch", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "42703", "LINE 1");
    CHECK_TEXT(dbapi_error_statement_position(failure), "13");
    CHECK_CONTAINS(dbapi_error_message(failure), "\n                    ^");
    clear_failure();
    CHECK_ERROR(dbapi_execute(cursor, "SELECT upper(1)", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "42883", NULL);
    CHECK_CONTAINS(dbapi_error_message_hint(failure), "explicit type casts");
    clear_failure();
    close_cursor();
}

static void fields_of_an_inner_query(void)
{
    open_cursor();
    CHECK_ERROR(dbapi_execute(cursor, "DO $$ BEGIN EXECUTE 'SELECT 1 FROM t70_missing'; END $$", NULL, 0, &failure),
                DBAPI_PROGRAMMING_ERROR, "42P01", "t70_missing");
    CHECK_TEXT(dbapi_error_internal_query(failure), "SELECT 1 FROM t70_missing");
    CHECK_TEXT(dbapi_error_internal_position(failure), "15");
    CHECK_CONTAINS(dbapi_error_context(failure), "PL/pgSQL function");
    CHECK_PTR(dbapi_error_statement_position(failure), NULL);
    close_cursor();
}

/* All that a RAISE can set, with texts that would harm a format or an encoding. */
static void fields_of_the_users_own(void)
{
    open_cursor();
    CHECK_ERROR(dbapi_execute(cursor,
                              "DO $$ BEGIN RAISE EXCEPTION '%', '%n%s \xc3\xa4' USING DETAIL = '%d', HINT = '%x', ERRCODE = 'ZZ123',"
                              " COLUMN = 'c', CONSTRAINT = 'k', DATATYPE = 'd', TABLE = 't', SCHEMA = 's'; END $$",
                              NULL, 0, &failure),
                DBAPI_DATABASE_ERROR, "ZZ123", "%n%s \xc3\xa4");
    CHECK_PTR(dbapi_error_condition(failure), NULL);
    CHECK_TEXT(dbapi_error_message_primary(failure), "%n%s \xc3\xa4");
    CHECK_TEXT(dbapi_error_message_detail(failure), "%d");
    CHECK_TEXT(dbapi_error_message_hint(failure), "%x");
    CHECK_TEXT(dbapi_error_column_name(failure), "c");
    CHECK_TEXT(dbapi_error_constraint_name(failure), "k");
    CHECK_TEXT(dbapi_error_datatype_name(failure), "d");
    CHECK_TEXT(dbapi_error_table_name(failure), "t");
    CHECK_TEXT(dbapi_error_schema_name(failure), "s");
    close_cursor();
}

/* An error of our own has no server's fields. */
static void our_own_errors(void)
{
    const dbapi_value_t *row = NULL;
    open_cursor();
    CHECK_ERROR(dbapi_fetchone(cursor, &row, &failure), DBAPI_PROGRAMMING_ERROR, NULL, "no results to fetch");
    CHECK_TEXT(dbapi_error_class(failure), "ProgrammingError");
    CHECK_PTR(dbapi_error_condition(failure), NULL);
    CHECK_PTR(dbapi_error_severity(failure), NULL);
    CHECK_PTR(dbapi_error_message_primary(failure), NULL);
    CHECK_PTR(dbapi_error_source_file(failure), NULL);
    CHECK_INT(dbapi_error_row(failure), -1);
    CHECK_INT(dbapi_error_connection_usable(failure), true);
    CHECK_INT(dbapi_error_transaction_usable(failure), true);
    CHECK_INT(dbapi_error_retryable(failure), false);
    clear_failure();
    CHECK_ERROR(dbapi_commit(NULL, &failure), DBAPI_INTERFACE_ERROR, NULL, NULL);
    CHECK_TEXT(dbapi_error_class(failure), "InterfaceError");
    close_cursor();
}

static void what_can_be_done_next(void)
{
    static const struct {
        const char *sqlstate;
        bool retryable;
    } errors[] = {
        { "40001", true }, { "40P01", true }, { "55P03", true }, { "22012", false }, { "42601", false }, { "57014", false },
    };
    char sql[200];
    open_cursor();
    CHECK_OK(dbapi_connection_set_autocommit(connection, false, &failure));
    for (size_t i = 0; i < COUNT(errors); i++) {
        snprintf(sql, sizeof sql, "DO $$ BEGIN RAISE EXCEPTION 'told' USING ERRCODE = '%s'; END $$", errors[i].sqlstate);
        CHECK(dbapi_execute(cursor, sql, NULL, 0, &failure) < 0);
        CHECK_TEXT(dbapi_error_sqlstate(failure), errors[i].sqlstate);
        check_int(CHECK_HERE, errors[i].sqlstate, dbapi_error_retryable(failure), errors[i].retryable);
        CHECK_INT(dbapi_error_connection_usable(failure), true);
        CHECK_INT(dbapi_error_transaction_usable(failure), false);
        clear_failure();
        CHECK_OK(dbapi_rollback(connection, &failure));
    }
    close_cursor();
}

static void a_statement_that_timed_out(void)
{
    open_cursor();
    run(cursor, "SET statement_timeout = '20ms'");
    CHECK_ERROR(dbapi_execute(cursor, "SELECT pg_sleep(30)", NULL, 0, &failure), DBAPI_OPERATIONAL_ERROR, "57014",
                "canceling statement due to statement timeout");
    CHECK_TEXT(dbapi_error_condition(failure), "query_canceled");
    CHECK_INT(dbapi_error_connection_usable(failure), true);
    clear_failure();
    run(cursor, "SET statement_timeout = 0");
    CHECK_TEXT(query_text(cursor, "SELECT 1"), "1");
    close_cursor();
}

/* Two transactions that write one row: the real thing. */
static void a_serialization_failure(void)
{
    fresh_table("t70_serial", "a int");
    run_outside("INSERT INTO t70_serial VALUES (1)");
    open_cursor();
    run(cursor, "BEGIN ISOLATION LEVEL REPEATABLE READ");
    CHECK_TEXT(query_text(cursor, "SELECT a FROM t70_serial"), "1");
    run_outside("UPDATE t70_serial SET a = 2");
    CHECK_ERROR(dbapi_execute(cursor, "UPDATE t70_serial SET a = 3", NULL, 0, &failure), DBAPI_OPERATIONAL_ERROR, "40001",
                "could not serialize access");
    CHECK_TEXT(dbapi_error_condition(failure), "serialization_failure");
    CHECK_INT(dbapi_error_retryable(failure), true);
    clear_failure();
    CHECK_OK(dbapi_rollback(connection, &failure));
    close_cursor();
}

CHECK_MAIN(CASE(class_follows_sqlstate), CASE(fields_of_a_constraint), CASE(fields_of_a_domain), CASE(position_and_hint),
           CASE(fields_of_an_inner_query), CASE(fields_of_the_users_own), CASE(our_own_errors), CASE(what_can_be_done_next),
           CASE(a_statement_that_timed_out), CASE(a_serialization_failure))
