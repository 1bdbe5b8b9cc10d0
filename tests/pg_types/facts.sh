#!/bin/bash
# Prints tests/pg_types/types.txt: what a server (PostgreSQL 18 when it was last run) has in pg_type with an oid
# that is the same in every database. Needs psql and a server that it finds by its environment:
#
#   c_tests/support/pg.sh run DIR tests/pg_types/facts.sh > tests/pg_types/types.txt
#
# Not the rows of system catalogs: their columns differ between majors, so they are looked up like a user's types.
set -eu
cat <<'HEAD'
# PostgreSQL's own types: oid, name, what it is, and of which type (0: none).
#   scalar, pseudo; array of its items' type; range of its bounds' type; multirange of its range.
HEAD
psql --no-psqlrc --quiet --tuples-only --no-align --field-separator=' ' --set=ON_ERROR_STOP=1 <<'SQL'
WITH builtin AS (
    SELECT t.*, t.typelem <> 0 AND t.typlen = -1
                AND t.typsubscript = 'array_subscript_handler'::regproc
                AND t.oid = (SELECT e.typarray FROM pg_type e WHERE e.oid = t.typelem) AS is_array
    FROM pg_type t
    WHERE t.oid < 10000 AND t.typtype <> 'c'
)
SELECT t.oid, t.typname,
       CASE WHEN t.is_array THEN 'array' WHEN t.typtype = 'r' THEN 'range' WHEN t.typtype = 'm' THEN 'multirange'
            WHEN t.typtype = 'p' THEN 'pseudo' ELSE 'scalar' END,
       CASE WHEN t.is_array THEN t.typelem
            WHEN t.typtype = 'r' THEN (SELECT r.rngsubtype FROM pg_range r WHERE r.rngtypid = t.oid)
            WHEN t.typtype = 'm' THEN (SELECT r.rngtypid FROM pg_range r WHERE r.rngmultitypid = t.oid)
            ELSE 0 END
FROM builtin t
WHERE NOT t.is_array OR t.typelem IN (SELECT oid FROM builtin)
ORDER BY t.oid;
SQL
