"""dbapi beside psycopg2: point queries, and fetching many rows. The two take turns; shown are medians, and how many
times as fast as psycopg2 dbapi is.

    python3 bench.py [--rounds 9] [--queries 2000] [--rows 1000000]

on the server that PGHOST and the like name, where it makes and drops a table `python_bench`. psycopg2 has to be there
(Debian: python3-psycopg2), and the library (LIBDBAPI_PATH).
"""
import argparse
import statistics
import time

import dbapi
import psycopg2

POINT = "SELECT i, f, t, b FROM python_bench WHERE i = %s"
ALL = "SELECT i, f, t, b FROM python_bench"


def points(module, options, binding=None):
    """Microseconds a query, in one transaction."""
    conn = module.connect("")
    cur = conn.cursor()
    if binding:
        cur.binding = binding
    for warm in range(1, 101):
        cur.execute(POINT, (warm,))
        cur.fetchone()
    began, used = time.perf_counter(), time.process_time()
    for number in range(options.queries):
        cur.execute(POINT, (number % options.rows + 1,))
        row = cur.fetchone()
    used, took = time.process_time() - used, time.perf_counter() - began
    assert row[0] == (options.queries - 1) % options.rows + 1, row
    conn.close()
    return took * 1e6 / options.queries, used * 1e6 / options.queries


def rows(module, options):
    """Milliseconds for execute and fetchall."""
    conn = module.connect("")
    cur = conn.cursor()
    began, used = time.perf_counter(), time.process_time()
    cur.execute(ALL)
    found = cur.fetchall()
    used, took = time.process_time() - used, time.perf_counter() - began
    assert len(found) == options.rows and sum(row[0] for row in found) == options.rows * (options.rows + 1) // 2
    del found
    conn.close()
    return took * 1e3, used * 1e3


def show(name, unit, theirs, ours):
    (their_time, their_used), (our_time, our_used) = ([statistics.median(values) for values in zip(*one)]
                                                      for one in (theirs, ours))
    print("%-32s %8.1f %s   psycopg2 %8.1f %s   %.2fx   (of the processor's time %.1f and %.1f %s)" % (
        name, our_time, unit, their_time, unit, their_time / our_time, our_used, their_used, unit))


def main():
    parser = argparse.ArgumentParser()
    for name, default in (("rounds", 9), ("queries", 2000), ("rows", 1000000)):
        parser.add_argument("--" + name, type=int, default=default)
    options = parser.parse_args()
    conn = dbapi.connect()
    conn.autocommit = True
    cur = conn.cursor()
    cur.execute("DROP TABLE IF EXISTS python_bench")
    cur.execute("CREATE TABLE python_bench AS SELECT i, i / 2.0::float8 AS f, 'text number ' || i AS t, i %% 2 = 0 AS b "
                "FROM generate_series(1, %s) AS i", (options.rows,))
    cur.execute("CREATE UNIQUE INDEX ON python_bench (i)")
    cur.execute("VACUUM ANALYZE python_bench")
    try:
        found = [[], [], [], [], []]
        for _ in range(options.rounds):
            found[0].append(points(psycopg2, options))
            found[1].append(points(dbapi, options))
            found[2].append(points(dbapi, options, "client"))
        for _ in range(options.rounds):
            found[3].append(rows(psycopg2, options))
            found[4].append(rows(dbapi, options))
    finally:
        cur.execute("DROP TABLE python_bench")
    print("dbapi %s, psycopg2 %s, %d rounds" % (dbapi.__version__, psycopg2.__version__, options.rounds))
    show("a point query", "us", found[0], found[1])
    show('a point query, binding "client"', "us", found[0], found[2])
    show("%d rows of 4 columns" % options.rows, "ms", found[3], found[4])


if __name__ == "__main__":
    main()
