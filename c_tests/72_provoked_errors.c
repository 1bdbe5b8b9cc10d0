/* Errors that a real server raises, from every class of SQLSTATEs that it can be made to use: class, SQLSTATE,
 * condition and the fields that come with each. */
#define _POSIX_C_SOURCE 200809L
#include "conditions.h"
#include "connect.h"
#include "fake_server.h"

#include <stdio.h>
#include <stdlib.h>
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

/* A schema with something to go wrong in it. */
static void open_with_schema(void)
{
    open_cursor();
    run(cursor, "DROP SCHEMA IF EXISTS t72 CASCADE; CREATE SCHEMA t72; SET search_path = t72;"
                "CREATE TABLE parent (a int CONSTRAINT parent_key PRIMARY KEY, d varchar(3), e bit(2), UNIQUE (a, d));"
                "CREATE TABLE child (b int CONSTRAINT child_parent REFERENCES parent, c int CONSTRAINT child_positive CHECK (c > 0));"
                "CREATE TABLE spans (r int4range, CONSTRAINT spans_apart EXCLUDE USING gist (r WITH &&));"
                "CREATE TABLE counted (n int GENERATED ALWAYS AS IDENTITY);"
                "CREATE SEQUENCE short MINVALUE 0 MAXVALUE 1 START 1; SELECT nextval('short'); CREATE SEQUENCE fresh;"
                "CREATE VIEW small AS SELECT b FROM child WHERE b < 10 WITH CHECK OPTION;"
                "CREATE VIEW answer AS SELECT 42 AS a;"
                "INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1); INSERT INTO spans VALUES ('[1,5)');"
                "CREATE FUNCTION one(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN END';"
                "CREATE FUNCTION two(int, bigint) RETURNS int LANGUAGE sql AS 'SELECT 1';"
                "CREATE FUNCTION two(bigint, int) RETURNS int LANGUAGE sql AS 'SELECT 2';"
                "CREATE FUNCTION deep(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN deep($1 + 1); END';"
                "PREPARE known AS SELECT 1");
}

static void every_class_that_a_server_raises(void)
{
    /* Fields that are not named here must be missing; "*" stands for any text, and `detail`, `hint` and
     * `context` are parts of the field. */
    static const struct provoked {
        const char *sql, *sqlstate, *condition, *message;
        const char *schema, *table, *column, *datatype, *constraint, *position, *detail, *hint, *context;
    } errors[] = {
        { "SELECT * FROM elsewhere.public.t", "0A000", "feature_not_supported",
          .message = "cross-database references are not implemented: \"elsewhere.public.t\"", .position = "15" },
        { "GRANT SELECT ON parent TO PUBLIC WITH GRANT OPTION", "0LP01", "invalid_grant_operation",
          .message = "grant options can only be granted to roles" },
        { "DO 'BEGIN CASE 1 WHEN 2 THEN NULL; END CASE; END'", "20000", "case_not_found", .message = "case not found",
          .hint = "CASE statement is missing ELSE part.", .context = "PL/pgSQL function inline_code_block line 1 at CASE" },
        { "SELECT (SELECT 1 UNION SELECT 2)", "21000", "cardinality_violation",
          .message = "more than one row returned by a subquery used as an expression" },

        { "SELECT int4range(2, 1)", "22000", "data_exception", .message = "range lower bound must be less than or equal to range upper bound" },
        { "INSERT INTO parent VALUES (2, 'abcd')", "22001", "string_data_right_truncation",
          .message = "value too long for type character varying(3)" },
        { "SELECT 2147483647 + 1", "22003", "numeric_value_out_of_range", .message = "integer out of range" },
        { "DO 'BEGIN EXECUTE NULL; END'", "22004", "null_value_not_allowed", .message = "query string argument of EXECUTE is null",
          .context = "line 1 at EXECUTE" },
        { "SELECT 'x'::date", "22007", "invalid_datetime_format", .message = "invalid input syntax for type date: \"x\"", .position = "8" },
        { "SELECT '2020-13-45'::date", "22008", "datetime_field_overflow", .message = "date/time field value out of range: \"2020-13-45\"",
          .position = "8", .hint = "Perhaps you need a different " },
        { "SELECT '12:00+99'::timetz", "22009", "invalid_time_zone_displacement_value",
          .message = "time zone displacement out of range: \"12:00+99\"", .position = "8" },
        { "SELECT substring('abc' FROM 1 FOR -1)", "22011", "substring_error", .message = "negative substring length not allowed" },
        { "SELECT 1 / 0", "22012", "division_by_zero", .message = "division by zero" },
        { "SELECT ntile(0) OVER ()", "22014", "invalid_argument_for_ntile_function", .message = "argument of ntile must be greater than zero" },
        { "SELECT convert_from('\\xff', 'UTF8')", "22021", "character_not_in_repertoire",
          .message = "invalid byte sequence for encoding \"UTF8\": 0xff" },
        { "SELECT generate_series(1, 2, 0)", "22023", "invalid_parameter_value", .message = "step size cannot equal zero" },
        { "SELECT x LIKE 'a\\' FROM (VALUES ('ab')) v(x)", "22025", "invalid_escape_sequence",
          .message = "LIKE pattern must not end with escape character" },
        { "INSERT INTO parent VALUES (2, NULL, B'101')", "22026", "string_data_length_mismatch",
          .message = "bit string length 3 does not match type bit(2)" },
        { "SELECT nextval('short')", "2200H", "sequence_generator_limit_exceeded",
          .message = "nextval: reached maximum value of sequence \"short\" (1)" },
        { "SELECT 'a' ~ x FROM (VALUES ('(')) v(x)", "2201B", "invalid_regular_expression",
          .message = "invalid regular expression: parentheses () not balanced" },
        { "SELECT ln(-1)", "2201E", "invalid_argument_for_logarithm", .message = "cannot take logarithm of a negative number" },
        { "SELECT sqrt(-1)", "2201F", "invalid_argument_for_power_function", .message = "cannot take square root of a negative number" },
        { "SELECT width_bucket(1, 1, 1, 5)", "2201G", "invalid_argument_for_width_bucket_function",
          .message = "lower bound cannot equal upper bound" },
        { "SELECT 1 LIMIT -1", "2201W", "invalid_row_count_in_limit_clause", .message = "LIMIT must not be negative" },
        { "SELECT 1 OFFSET -1", "2201X", "invalid_row_count_in_result_offset_clause", .message = "OFFSET must not be negative" },
        { "SELECT jsonb_path_query('[1]', 'strict $[5]')", "22033", "invalid_sql_json_subscript",
          .message = "jsonpath array subscript is out of bounds" },
        { "SELECT 'x'::int", "22P02", "invalid_text_representation", .message = "invalid input syntax for type integer: \"x\"", .position = "8" },
        { "SELECT convert_to(U&'\\4e2d', 'LATIN1')", "22P05", "untranslatable_character",
          .message = "character with byte sequence 0xe4 0xb8 0xad in encoding \"UTF8\" has no equivalent in encoding \"LATIN1\"" },

        { "INSERT INTO parent VALUES (NULL)", "23502", "not_null_violation",
          .message = "null value in column \"a\" of relation \"parent\" violates not-null constraint", .schema = "t72", .table = "parent",
          .column = "a", .detail = "Failing row contains (null, null, null)." },
        { "INSERT INTO child VALUES (7, 1)", "23503", "foreign_key_violation",
          .message = "insert or update on table \"child\" violates foreign key constraint \"child_parent\"", .schema = "t72", .table = "child",
          .constraint = "child_parent", .detail = "Key (b)=(7) is not present in table \"parent\"." },
        { "DELETE FROM parent", "23503", "foreign_key_violation",
          .message = "update or delete on table \"parent\" violates foreign key constraint \"child_parent\" on table \"child\"", .schema = "t72",
          .table = "child", .constraint = "child_parent", .detail = "Key (a)=(1) is still referenced from table \"child\"." },
        { "INSERT INTO child VALUES (1, 0)", "23514", "check_violation",
          .message = "new row for relation \"child\" violates check constraint \"child_positive\"", .schema = "t72", .table = "child",
          .constraint = "child_positive", .detail = "Failing row contains (1, 0)." },
        { "INSERT INTO spans VALUES ('[4,9)')", "23P01", "exclusion_violation",
          .message = "conflicting key value violates exclusion constraint \"spans_apart\"", .schema = "t72", .table = "spans",
          .constraint = "spans_apart", .detail = "Key (r)=([4,9)) conflicts with existing key (r)=([1,5))." },

        { "BEGIN; VACUUM", "25001", "active_sql_transaction", .message = "VACUUM cannot run inside a transaction block" },
        { "BEGIN READ ONLY; DELETE FROM child", "25006", "read_only_sql_transaction",
          .message = "cannot execute DELETE in a read-only transaction" },
        { "SAVEPOINT a", "25P01", "no_active_sql_transaction", .message = "SAVEPOINT can only be used in transaction blocks" },
        { "EXECUTE unknown", "26000", "invalid_sql_statement_name", .message = "prepared statement \"unknown\" does not exist" },
        { "DROP TABLE parent", "2BP01", "dependent_objects_still_exist",
          .message = "cannot drop table parent because other objects depend on it",
          .detail = "constraint child_parent on table child depends on table parent",
          .hint = "Use DROP ... CASCADE to drop the dependent objects too." },
        { "SELECT one(1)", "2F005", "function_executed_no_return_statement", .message = "control reached end of function without RETURN",
          .context = "PL/pgSQL function one(integer)" },
        { "FETCH unknown", "34000", "invalid_cursor_name", .message = "cursor \"unknown\" does not exist" },
        { "BEGIN; ROLLBACK TO unknown", "3B001", "invalid_savepoint_specification", .message = "savepoint \"unknown\" does not exist" },
        { "DROP DATABASE t72_unknown", "3D000", "invalid_catalog_name", .message = "database \"t72_unknown\" does not exist" },
        { "CREATE TABLE unknown.t (a int)", "3F000", "invalid_schema_name", .message = "schema \"unknown\" does not exist", .position = "14" },

        { "SET ROLE password_user; SELECT * FROM t72.child", "42501", "insufficient_privilege",
          .message = "permission denied for schema t72", .position = "39" },
        { "SELEC 1", "42601", "syntax_error", .message = "syntax error at or near \"SELEC\"", .position = "1" },
        { "SELECT 'a..b'::regclass", "42602", "invalid_name", .message = "invalid name syntax", .position = "8" },
        { "ALTER TABLE parent ADD FOREIGN KEY (d) REFERENCES child (b)", "42830", "invalid_foreign_key",
          .message = "there is no unique constraint matching given keys for referenced table \"child\"" },
        { "SELECT 1::date", "42846", "cannot_coerce", .message = "cannot cast type integer to date", .position = "9" },
        { "INSERT INTO counted VALUES (1)", "428C9", "generated_always", .message = "cannot insert a non-DEFAULT value into column \"n\"",
          .detail = "Column \"n\" is an identity column defined as GENERATED ALWAYS.", .hint = "Use OVERRIDING SYSTEM VALUE to override." },
        { "CREATE SCHEMA pg_t72", "42939", "reserved_name", .message = "unacceptable schema name \"pg_t72\"",
          .detail = "The prefix \"pg_\" is reserved for system schemas." },
        { "ALTER TABLE parent ADD a int", "42701", "duplicate_column", .message = "column \"a\" of relation \"parent\" already exists" },
        { "SELECT a FROM parent p, answer q", "42702", "ambiguous_column", .message = "column reference \"a\" is ambiguous", .position = "8" },
        { "SELECT c FROM parent", "42703", "undefined_column", .message = "column \"c\" does not exist", .position = "8" },
        { "SELECT 1::unknown_type", "42704", "undefined_object", .message = "type \"unknown_type\" does not exist", .position = "11" },
        { "CREATE ROLE dbapi", "42710", "duplicate_object", .message = "role \"dbapi\" already exists" },
        { "SELECT 1 FROM answer, answer", "42712", "duplicate_alias", .message = "table name \"answer\" specified more than once" },
        { "CREATE FUNCTION one(int) RETURNS int LANGUAGE sql AS 'SELECT 1'", "42723", "duplicate_function",
          .message = "function \"one\" already exists with same argument types" },
        { "SELECT two(1, 2)", "42725", "ambiguous_function", .message = "function two(integer, integer) is not unique", .position = "8",
          .hint = "*" },
        { "SELECT a, count(*) FROM parent", "42803", "grouping_error",
          .message = "column \"parent.a\" must appear in the GROUP BY clause or be used in an aggregate function", .position = "8" },
        { "SELECT 1 WHERE 1", "42804", "datatype_mismatch", .message = "argument of WHERE must be type boolean, not type integer", .position = "16" },
        { "DROP VIEW parent", "42809", "wrong_object_type", .message = "\"parent\" is not a view", .hint = "Use DROP TABLE to remove a table." },
        { "SELECT unknown(1)", "42883", "undefined_function", .message = "function unknown(integer) does not exist", .position = "8", .hint = "*" },
        { "SELECT * FROM unknown", "42P01", "undefined_table", .message = "relation \"unknown\" does not exist", .position = "15" },
        { "SELECT $1", "42P02", "undefined_parameter", .message = "there is no parameter $1", .position = "8" },
        { "BEGIN; DECLARE c CURSOR FOR SELECT 1; DECLARE c CURSOR FOR SELECT 1", "42P03", "duplicate_cursor",
          .message = "cursor \"c\" already exists" },
        { "CREATE DATABASE test", "42P04", "duplicate_database", .message = "database \"test\" already exists" },
        { "PREPARE known AS SELECT 2", "42P05", "duplicate_prepared_statement", .message = "prepared statement \"known\" already exists" },
        { "CREATE SCHEMA t72", "42P06", "duplicate_schema", .message = "schema \"t72\" already exists" },
        { "CREATE TABLE parent ()", "42P07", "duplicate_table", .message = "relation \"parent\" already exists" },
        { "SELECT 1 ORDER BY 2", "42P10", "invalid_column_reference", .message = "ORDER BY position 2 is not in select list", .position = "19" },
        { "CREATE TABLE t (a int PRIMARY KEY, b int PRIMARY KEY)", "42P16", "invalid_table_definition",
          .message = "multiple primary keys for table \"t\" are not allowed", .position = "42" },
        { "CREATE FUNCTION t() RETURNS anyelement LANGUAGE sql AS 'SELECT 1'", "42P13", "invalid_function_definition",
          .message = "cannot determine result data type", .detail = "*" },
        { "PREPARE t AS SELECT $1 IS NULL", "42P18", "indeterminate_datatype", .message = "could not determine data type of parameter $1" },
        { "WITH RECURSIVE r AS (SELECT * FROM r) SELECT * FROM r", "42P19", "invalid_recursion",
          .message = "recursive query \"r\" does not have the form non-recursive-term UNION [ALL] recursive-term", .position = "16" },
        { "SELECT 1 WHERE count(*) OVER () > 0", "42P20", "windowing_error", .message = "window functions are not allowed in WHERE", .position = "16" },
        { "SELECT 'a' < ('b' COLLATE \"C\") COLLATE \"unknown\"", "42704", "undefined_object",
          .message = "collation \"unknown\" for encoding \"UTF8\" does not exist", .position = "32" },
        { "INSERT INTO small VALUES (10)", "44000", "with_check_option_violation",
          .message = "new row violates check option for view \"small\"", .detail = "Failing row contains (10, null)." },

        { "SELECT deep(1)", "54001", "statement_too_complex", .message = "stack depth limit exceeded", .hint = "max_stack_depth",
          .context = "PL/pgSQL function deep(integer) line 1 at RETURN" },
        { "DO $$ BEGIN EXECUTE 'CREATE TABLE t (' || (SELECT string_agg('a' || i || ' int', ',') FROM generate_series(1, 1601) i)"
          " || ')'; END $$", "54011", "too_many_columns", .message = "tables can have at most 1600 columns", .context = "CREATE TABLE t" },
        { "SELECT currval('fresh')", "55000", "object_not_in_prerequisite_state",
          .message = "currval of sequence \"fresh\" is not yet defined in this session" },
        { "DROP DATABASE test", "55006", "object_in_use", .message = "cannot drop the currently open database" },
        { "SET shared_buffers = 1", "55P02", "cant_change_runtime_param",
          .message = "parameter \"shared_buffers\" cannot be changed without restarting the server" },
        { "SELECT pg_read_file('t72_unknown')", "58P01", "undefined_file",
          .message = "could not open file \"t72_unknown\" for reading: No such file or directory" },

        { "DO $$ BEGIN RAISE 'told' USING DETAIL = 'more'; END $$", "P0001", "raise_exception", .message = "told", .detail = "more",
          .context = "line 1 at RAISE" },
        { "DO 'DECLARE a int; BEGIN SELECT 1 INTO STRICT a WHERE false; END'", "P0002", "no_data_found", .message = "query returned no rows",
          .context = "line 1 at SQL statement" },
        { "DO 'DECLARE a int; BEGIN SELECT generate_series(1, 2) INTO STRICT a; END'", "P0003", "too_many_rows",
          .message = "query returned more than one row", .hint = "*", .context = "line 1 at SQL statement" },
        { "DO 'BEGIN ASSERT false; END'", "P0004", "assert_failure", .message = "assertion failed", .context = "line 1 at ASSERT" },
    };
    open_with_schema();
    for (size_t i = 0; i < COUNT(errors); i++) {
        const struct provoked *due = &errors[i];
        dbapi_status_t status = dbapi_execute(cursor, due->sql, NULL, 0, &failure);
        if (status >= 0) {
            FAIL("%s: succeeds", due->sql);
        }
        check_text(CHECK_HERE, due->sql, dbapi_error_sqlstate(failure), due->sqlstate);
        check_text(CHECK_HERE, due->sql, dbapi_error_condition(failure), due->condition);
        check_int(CHECK_HERE, due->sql, status, dbapi_sqlstate_status(due->sqlstate));
        check_int(CHECK_HERE, due->sql, dbapi_error_status(failure), status);
        check_text(CHECK_HERE, due->sql, dbapi_error_message_primary(failure), due->message);
        check_text(CHECK_HERE, due->sql, dbapi_error_severity_nonlocalized(failure), "ERROR");
        check_text(CHECK_HERE, due->sql, dbapi_error_schema_name(failure), due->schema);
        check_text(CHECK_HERE, due->sql, dbapi_error_table_name(failure), due->table);
        check_text(CHECK_HERE, due->sql, dbapi_error_column_name(failure), due->column);
        check_text(CHECK_HERE, due->sql, dbapi_error_datatype_name(failure), due->datatype);
        check_text(CHECK_HERE, due->sql, dbapi_error_constraint_name(failure), due->constraint);
        check_text(CHECK_HERE, due->sql, dbapi_error_statement_position(failure), due->position);
        const struct {
            const char *actual, *part;
        } parts[] = {
            { dbapi_error_message_detail(failure), due->detail },
            { dbapi_error_message_hint(failure), due->hint },
            { dbapi_error_context(failure), due->context },
        };
        for (size_t j = 0; j < COUNT(parts); j++) {
            if (parts[j].part == NULL) {
                check_text(CHECK_HERE, due->sql, parts[j].actual, NULL);
            } else {
                check_contains(CHECK_HERE, due->sql, parts[j].actual, parts[j].part[0] == '*' ? "" : parts[j].part);
                /* What a field says, the message for a person says too. */
                CHECK_CONTAINS(dbapi_error_message(failure), parts[j].actual);
            }
        }
        clear_failure();
        /* Whatever was begun, the next one starts anew. */
        CHECK_OK(dbapi_rollback(connection, &failure));
        run(cursor, "RESET ROLE");
    }
    run(cursor, "DROP SCHEMA t72 CASCADE");
    close_cursor();
}

/* PL/pgSQL's RAISE by name is the server's own table: both ways, ours says the same. */
static void every_name_that_the_server_knows(void)
{
    char sql[200];
    size_t count, known = 0;
    const condition *all = conditions(&count);
    open_cursor();
    for (size_t i = 0; i < count; i++) {
        if (all[i].kind != 'E') {
            continue;
        }
        snprintf(sql, sizeof sql, "DO 'BEGIN RAISE %s; END'", all[i].name);
        dbapi_status_t status = dbapi_execute(cursor, sql, NULL, 0, &failure);
        CHECK_TEXT(dbapi_error_severity_nonlocalized(failure), "ERROR");
        /* Not every version has each of them. */
        if (strcmp(dbapi_error_message_primary(failure), all[i].name) == 0) {
            check_text(CHECK_HERE, all[i].name, dbapi_error_sqlstate(failure), dbapi_condition_sqlstate(all[i].name));
            check_text(CHECK_HERE, all[i].name, dbapi_error_condition(failure), all[i].name);
            check_int(CHECK_HERE, all[i].name, status, dbapi_sqlstate_status(dbapi_error_sqlstate(failure)));
            known++;
        } else {
            CHECK_TEXT(dbapi_error_sqlstate(failure), "42704");
            CHECK_CONTAINS(dbapi_error_message_primary(failure), "unrecognized exception condition");
            check_int(CHECK_HERE, all[i].name, all[i].first_major > 14 || all[i].last_major < 18, true);
        }
        clear_failure();
    }
    CHECK(known >= 240);
    close_cursor();
}

/* One function calls another, whose statement is wrong: where it happened is told from the inside out. */
static void inside_of_two_functions(void)
{
    open_cursor();
    run(cursor, "CREATE OR REPLACE FUNCTION t72_inner(n int) RETURNS int LANGUAGE plpgsql AS $$\n"
                "BEGIN\n"
                "    RETURN (SELECT '\xc3\xa4' || missing FROM pg_class);\n"
                "END $$;"
                "CREATE OR REPLACE FUNCTION t72_outer() RETURNS int LANGUAGE plpgsql AS $$\n"
                "BEGIN\n"
                "    PERFORM t72_inner(1);\n"
                "    RETURN 1;\n"
                "END $$");
    CHECK_ERROR(dbapi_execute(cursor, "SELECT t72_outer()", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "42703", "\"missing\"");
    CHECK_TEXT(dbapi_error_condition(failure), "undefined_column");
    CHECK_TEXT(dbapi_error_internal_query(failure), "(SELECT '\xc3\xa4' || missing FROM pg_class)");
    /* In characters, not in bytes. */
    CHECK_TEXT(dbapi_error_internal_position(failure), "16");
    CHECK_PTR(dbapi_error_statement_position(failure), NULL);
    CHECK_TEXT(dbapi_error_context(failure), "PL/pgSQL function t72_inner(integer) line 3 at RETURN\n"
                                             "SQL statement \"SELECT t72_inner(1)\"\n"
                                             "PL/pgSQL function t72_outer() line 3 at PERFORM");
    CHECK_CONTAINS(dbapi_error_message(failure), "\nQUERY:  (SELECT ");
    clear_failure();
    run(cursor, "DROP FUNCTION t72_inner, t72_outer");
    close_cursor();
}

/* A row that another transaction holds. */
static void a_lock_not_to_be_had(void)
{
    fresh_table("t72_locked", "a int");
    run_outside("INSERT INTO t72_locked VALUES (1)");
    open_cursor();
    dbapi_connection_t *holder = connect_test();
    dbapi_cursor_t *holding = cursor_of(holder);
    run(holding, "SELECT a FROM t72_locked FOR UPDATE");
    CHECK_ERROR(dbapi_execute(cursor, "SELECT a FROM t72_locked FOR UPDATE NOWAIT", NULL, 0, &failure), DBAPI_OPERATIONAL_ERROR, "55P03",
                "could not obtain lock on row in relation \"t72_locked\"");
    CHECK_TEXT(dbapi_error_condition(failure), "lock_not_available");
    CHECK_INT(dbapi_error_retryable(failure), true);
    clear_failure();
    dbapi_cursor_free(holding);
    dbapi_connection_free(holder);
    run(cursor, "SELECT a FROM t72_locked FOR UPDATE NOWAIT");
    close_cursor();
}

/* texts as formats: names that would harm a printf, or a quoting, come as they are. */
static void names_like_formats(void)
{
    open_cursor();
    run(cursor, "DROP SCHEMA IF EXISTS \"t72%n%s\" CASCADE; CREATE SCHEMA \"t72%n%s\"; SET search_path = \"t72%n%s\";"
                "CREATE DOMAIN \"%p'%n\" AS int CONSTRAINT \"%x;%n\" CHECK (VALUE > 0);"
                "CREATE TABLE \"%s%n%1$n\" (\"%d%n\"\"\" int NOT NULL, CONSTRAINT \"%*%n\\\" UNIQUE (\"%d%n\"\"\"));"
                "INSERT INTO \"%s%n%1$n\" VALUES (1)");
    CHECK_ERROR(dbapi_execute(cursor, "INSERT INTO \"%s%n%1$n\" VALUES (1)", NULL, 0, &failure), DBAPI_INTEGRITY_ERROR, "23505",
                "duplicate key value violates unique constraint \"%*%n\\\"");
    CHECK_TEXT(dbapi_error_schema_name(failure), "t72%n%s");
    CHECK_TEXT(dbapi_error_table_name(failure), "%s%n%1$n");
    CHECK_TEXT(dbapi_error_constraint_name(failure), "%*%n\\");
    CHECK_TEXT(dbapi_error_message_detail(failure), "Key (\"%d%n\"\"\")=(1) already exists.");
    clear_failure();
    CHECK_ERROR(dbapi_execute(cursor, "INSERT INTO \"%s%n%1$n\" VALUES (NULL)", NULL, 0, &failure), DBAPI_INTEGRITY_ERROR, "23502", NULL);
    CHECK_TEXT(dbapi_error_column_name(failure), "%d%n\"");
    clear_failure();
    CHECK_ERROR(dbapi_execute(cursor, "SELECT 0::\"%p'%n\"", NULL, 0, &failure), DBAPI_INTEGRITY_ERROR, "23514", "\"%p'%n\"");
    CHECK_TEXT(dbapi_error_datatype_name(failure), "%p'%n");
    CHECK_TEXT(dbapi_error_constraint_name(failure), "%x;%n");
    clear_failure();
    /* In the line at fault, and in the server's own quoting of it. */
    CHECK_ERROR(dbapi_execute(cursor, "SELECT 1, \"%n%s%n%s\"", NULL, 0, &failure), DBAPI_PROGRAMMING_ERROR, "42703",
                "column \"%n%s%n%s\" does not exist\nLINE 1: SELECT 1, \"%n%s%n%s\"\n                  ^");
    clear_failure();
    run(cursor, "DROP SCHEMA \"t72%n%s\" CASCADE");
    close_cursor();
}

/* texts as formats: each field that an error can have, from a server that says what no real one does. */
static void fields_like_formats(void)
{
    static const struct {
        char code;
        const char *text;
        const char *(*read)(const dbapi_error_t *error);
    } fields[] = {
        { 'S', "%n%s severity", dbapi_error_severity },
        { 'V', "%n%s nonlocalized", dbapi_error_severity_nonlocalized },
        { 'C', "%n%s%", dbapi_error_sqlstate },
        { 'M', "%n%s message %1000000d", dbapi_error_message_primary },
        { 'D', "%n%s detail", dbapi_error_message_detail },
        { 'H', "%n%s hint", dbapi_error_message_hint },
        { 'P', "%n%s position", dbapi_error_statement_position },
        { 'p', "%n%s inner position", dbapi_error_internal_position },
        { 'q', "%n%s inner query", dbapi_error_internal_query },
        { 'W', "%n%s context", dbapi_error_context },
        { 's', "%n%s schema", dbapi_error_schema_name },
        { 't', "%n%s table", dbapi_error_table_name },
        { 'c', "%n%s column", dbapi_error_column_name },
        { 'd', "%n%s data type", dbapi_error_datatype_name },
        { 'n', "%n%s constraint", dbapi_error_constraint_name },
        { 'F', "%n%s file", dbapi_error_source_file },
        { 'L', "%n%s line", dbapi_error_source_line },
        { 'R', "%n%s routine", dbapi_error_source_function },
    };
    fake_bytes body = { NULL, 0, 0 };
    for (size_t i = 0; i < COUNT(fields); i++) {
        fake_put(&body, &fields[i].code, 1);
        fake_put_text(&body, fields[i].text);
    }
    fake_put(&body, "", 1);
    fake_server *fake = fake_new();
    fake_greet(fake);
    fake_expect(fake, 'Q', "SELECT 1");
    /* A notice first: it has the same fields. */
    fake_send_message(fake, 'N', body.data, body.length);
    fake_send_message(fake, 'E', body.data, body.length);
    fake_send_ready(fake, 'I');
    fake_expect_close(fake);
    fake_bytes_free(&body);
    fake_start(fake);
    connection = connect_dsn(fake_dsn(fake));
    CHECK_OK(dbapi_connection_set_autocommit(connection, true, &failure));
    cursor = cursor_of(connection);
    CHECK_ERROR(dbapi_execute(cursor, "SELECT 1", NULL, 0, &failure), DBAPI_DATABASE_ERROR, "%n%s%", NULL);
    for (size_t i = 0; i < COUNT(fields); i++) {
        CHECK_TEXT(fields[i].read(failure), fields[i].text);
    }
    CHECK_PTR(dbapi_error_condition(failure), NULL);
    CHECK_TEXT(dbapi_error_message(failure), "%n%s message %1000000d\nDETAIL:  %n%s detail\nHINT:  %n%s hint\n"
                                             "QUERY:  %n%s inner query\nCONTEXT:  %n%s context");
    clear_failure();
    CHECK_INT(dbapi_connection_closed(connection), 0);
    close_cursor();
    fake_finish(fake);
}

CHECK_MAIN(CASE(every_class_that_a_server_raises), CASE(every_name_that_the_server_knows), CASE(inside_of_two_functions),
           CASE(a_lock_not_to_be_had), CASE(names_like_formats), CASE(fields_like_formats))
