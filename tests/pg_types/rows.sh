#!/bin/bash
# Prints src/types/tests/structured_rows.tsv: what a server writes for the expressions of cases.txt and for what is made of them,
# beside the types that it made for this. PostgreSQL 15 and 18 write the same, the oids of these types aside.
# Needs psql, and a server with hstore and citext:
#
#   c_tests/support/pg.sh run DIR tests/pg_types/rows.sh > src/types/tests/structured_rows.tsv
#
# Lines of types: #TYPE, oid, name, what it is, of which types. Others: oid, binary form in hexadecimal, expression,
# text, where a backslash, a tab and a newline are \\, \t and \n.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# In a transaction that is rolled back: nothing stays on the server.
{
    cat <<'SQL'
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS structured CASCADE;
BEGIN;
CREATE SCHEMA structured;
SET LOCAL search_path = structured, public;
SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'postgres'; SET LOCAL TimeZone = 'UTC';
SET LOCAL lc_monetary = 'C'; SET LOCAL bytea_output = 'hex';
SQL
    cat "$here/user_types.sql"
    cat <<'SQL'
CREATE TEMP TABLE input (line text) ON COMMIT DROP;
COPY input FROM STDIN (FORMAT csv, DELIMITER E'\x02', QUOTE E'\x03');
SQL
    grep -v '^#' "$here/cases.txt"
    cat <<'SQL'
\.
CREATE TEMP TABLE expressions (number serial, type text, expression text) ON COMMIT DROP;
CREATE TEMP TABLE cases ON COMMIT DROP AS
    SELECT row_number() OVER () AS number, split_part(line, E'\t', 1) AS type,
           string_to_array(split_part(line, E'\t', 2), ' | ') AS samples
    FROM input WHERE line <> '\.'; -- which is data to PostgreSQL 18
UPDATE cases SET samples = (SELECT array_agg(CASE WHEN type = 'record' THEN s ELSE format('(%s)::%s', s, type) END)
                            FROM unnest(samples) AS s);
INSERT INTO expressions (type, expression)
    SELECT type, s FROM (SELECT number, type, unnest(samples) AS s FROM cases) AS one ORDER BY number;
INSERT INTO expressions (type, expression)
    SELECT type, e FROM cases, LATERAL (VALUES
        (format('ARRAY[%s, NULL]', array_to_string(samples, ', '))),
        (format('ARRAY[[%s, NULL], [NULL, %s]]', samples[1], samples[array_upper(samples, 1)])),
        (format('array_fill(%s, ARRAY[1, 2, 1], ARRAY[0, -5, 2147483640])', samples[1])),
        (format('ROW(%s, NULL, %s)', samples[1], samples[array_upper(samples, 1)]))) AS made (e)
    WHERE type NOT IN ('int_list') ORDER BY number;
INSERT INTO expressions (type, expression) VALUES
    ('int4', '''{}''::int4[]'), ('text', '''{}''::text[]'), ('mood', '''{}''::mood[]'), ('int4', 'ARRAY[NULL]::int4[]'),
    ('int_list', 'ARRAY[''{1,2}'', NULL, ''{}'']::int_list[]'),
    ('int4', '(SELECT array_agg(i) FROM generate_series(1, 100) AS i)'),
    ('text', '(SELECT array_agg(repeat(''"'', i)) FROM generate_series(0, 20) AS i)'),
    ('int4', 'ARRAY[[[[[[1,2],[3,4]],[[5,6],[7,8]]]]]]');
CREATE TEMP TABLE output (number int, oid oid, hex text, written text) ON COMMIT DROP;
DO $$
DECLARE
    expression expressions;
    of_type oid;
BEGIN
    FOR expression IN SELECT * FROM expressions ORDER BY number LOOP
        EXECUTE format('SELECT pg_typeof(%s)', expression.expression) INTO of_type;
        -- A row's binary form holds that of any type, behind a count, an oid and a length.
        EXECUTE format('INSERT INTO output SELECT %s, %s, encode(substr(record_send(ROW(x)), 13), ''hex''), format(''%%s'', x)
                        FROM (SELECT %s) AS v (x)', expression.number, of_type, expression.expression);
    END LOOP;
END $$;
\pset tuples_only on
\pset format unaligned
\pset fieldsep '\t'
SELECT '#TYPE', t.oid, t.typname,
       CASE WHEN t.typname = 'hstore' THEN 'hstore' WHEN t.typname = 'citext' THEN 'text'
            WHEN t.typtype = 'e' THEN 'enum' WHEN t.typtype = 'd' THEN 'domain' WHEN t.typtype = 'c' THEN 'composite'
            WHEN t.typtype = 'r' THEN 'range' WHEN t.typtype = 'm' THEN 'multirange'
            WHEN t.typelem <> 0 THEN 'array' END,
       CASE WHEN t.typtype = 'd' THEN t.typbasetype::text
            WHEN t.typtype = 'r' THEN (SELECT rngsubtype::text FROM pg_range WHERE rngtypid = t.oid)
            WHEN t.typtype = 'm' THEN (SELECT rngtypid::text FROM pg_range WHERE rngmultitypid = t.oid)
            WHEN t.typtype = 'c' THEN (SELECT coalesce(string_agg(attname || ' ' || atttypid, ',' ORDER BY attnum), '')
                                       FROM pg_attribute WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped)
            ELSE t.typelem::text END
FROM pg_type t
WHERE t.typnamespace = 'structured'::regnamespace AND t.typname !~ 'ghstore' ORDER BY t.oid;
SELECT o.oid, o.hex, replace(e.expression, E'\t', ' '),
       replace(replace(replace(o.written, E'\\', E'\\\\'), E'\t', E'\\t'), E'\n', E'\\n')
FROM output o JOIN expressions e USING (number) ORDER BY number;
ROLLBACK;
SQL
} | psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1
