"""psycopg2's classic session, and the sort of thing that each section of its page on basic usage does, as a program
written for it does them: only the import is another. The table `test` is made and dropped in the database."""
import datetime
import os
import tempfile
import unittest
from decimal import Decimal

import base  # noqa: F401  (it finds the module)
import dbapi as psycopg2
from dbapi.extensions import AsIs, register_adapter
from dbapi.sql import SQL, Identifier

DSN = ""


class Usage(unittest.TestCase):
    def setUp(self):
        self.conn = psycopg2.connect(DSN)
        self.addCleanup(self.conn.close)
        self.cur = self.conn.cursor()

    def test_the_classic_session(self):
        conn = psycopg2.connect(DSN)
        cur = conn.cursor()
        cur.execute("DROP TABLE IF EXISTS test")
        cur.execute("CREATE TABLE test (id serial PRIMARY KEY, num integer, data varchar);")
        cur.execute("INSERT INTO test (num, data) VALUES (%s, %s)",
                    (100, "abc'def"))
        cur.execute("SELECT * FROM test;")
        self.assertEqual(cur.fetchone(), (1, 100, "abc'def"))
        conn.commit()
        cur.execute("DROP TABLE test")
        conn.commit()
        cur.close()
        conn.close()

    def test_passing_parameters(self):
        cur = self.cur
        cur.execute("CREATE TEMP TABLE some_table (an_int int, a_date date, another_date date, a_string text)")
        cur.execute("""
            INSERT INTO some_table (an_int, a_date, a_string)
            VALUES (%s, %s, %s);
            """,
            (10, datetime.date(2005, 11, 18), "O'Reilly"))
        cur.execute("""
            INSERT INTO some_table (an_int, a_date, another_date, a_string)
            VALUES (%(int)s, %(date)s, %(date)s, %(str)s);
            """,
            {'int': 10, 'str': "O'Reilly", 'date': datetime.date(2005, 11, 18)})
        cur.execute("SELECT * FROM some_table ORDER BY another_date")
        day = datetime.date(2005, 11, 18)
        self.assertEqual(cur.fetchall(), [(10, day, day, "O'Reilly"), (10, day, None, "O'Reilly")])
        cur.execute("SELECT (%s %% 2) = 0 AS even", (10,))
        self.assertEqual(cur.fetchone(), (True,))

    def test_what_is_wrong(self):
        cur, conn = self.cur, self.conn
        cur.execute("CREATE TEMP TABLE foo (bar text)")
        conn.commit()
        self.assertRaises(psycopg2.ProgrammingError, cur.execute, "INSERT INTO foo VALUES (%d)", (42,))
        self.assertRaises(TypeError, cur.execute, "INSERT INTO foo VALUES (%s)", "bar")
        self.assertRaises(TypeError, cur.execute, "INSERT INTO foo VALUES (%s)", ("bar"))
        cur.execute("INSERT INTO foo VALUES (%s)", ("bar",))
        cur.execute("INSERT INTO foo VALUES (%s)", ["bar"])
        self.assertRaises(psycopg2.ProgrammingError, cur.execute, "SELECT (%s % 2) = 0 AS even", (10,))
        with self.assertRaises(psycopg2.errors.SyntaxError) as caught:
            cur.execute("INSERT INTO %s VALUES (%s)", ("foo", 10))
        self.assertEqual(caught.exception.pgcode, "42601")
        conn.rollback()
        cur.execute(SQL("INSERT INTO {} VALUES (%s)").format(Identifier("foo")), ("x",))

    def test_injection(self):
        cur = self.cur
        cur.execute("CREATE TEMP TABLE authors (name text)")
        self.conn.commit()
        statement = "INSERT INTO authors (name) VALUES ('%s');"
        data = ("O'Reilly", )
        with self.assertRaisesRegex(psycopg2.ProgrammingError, 'syntax error at or near "Reilly"\nLINE 1: '):
            cur.execute(statement % data)
        self.conn.rollback()
        statement = "INSERT INTO authors (name) VALUES (%s);"
        cur.execute(statement, data)
        cur.execute("SELECT name FROM authors")
        self.assertEqual(cur.fetchone(), data)

    def test_backslashes_and_like(self):
        path = "C:\\Users\\Dobbie%"
        cur = self.cur
        cur.execute("SELECT %s::text LIKE %s ESCAPE '', %s::text LIKE %s", (path, path, "a\\b", "a\\\\b"))
        self.assertEqual(cur.fetchone(), (True, True))

    def test_adaptation(self):
        cur = self.cur
        self.assertEqual(cur.mogrify("SELECT %s, %s, %s;", (None, True, False)), b"SELECT NULL, true, false;")
        self.assertEqual(cur.mogrify("SELECT %s, %s, %s, %s;", (10, 10**20, 10.0, Decimal("10.00"))),
                         b"SELECT 10, 100000000000000000000, 10.0, 10.00;")
        self.assertEqual(cur.mogrify("SELECT %s;", (psycopg2.Binary(b"\0a"),)), b"SELECT '\\x0061'::bytea;")
        dt = datetime.datetime(2010, 2, 8, 1, 40, 27, 425337)
        self.assertEqual(cur.mogrify("SELECT %s, %s, %s;", (dt, dt.date(), dt.time())),
                         b"SELECT '2010-02-08T01:40:27.425337'::timestamp, '2010-02-08'::date, '01:40:27.425337'::time;")
        self.assertEqual(cur.mogrify("SELECT %s;", (dt - datetime.datetime(2010, 1, 1),)),
                         b"SELECT '38 days 6027.425337 seconds'::interval;")
        self.assertEqual(cur.mogrify("SELECT %s;", ([10, 20, 30], )), b"SELECT ARRAY[10,20,30];")
        self.assertEqual(cur.mogrify("SELECT %s IN %s;", (10, (10, 20, 30))), b"SELECT 10 IN (10, 20, 30);")

    def test_any(self):
        cur = self.cur
        cur.execute("CREATE TEMP TABLE data AS SELECT generate_series(1, 100) AS id")
        ids = [10, 20, 300]
        cur.execute("SELECT * FROM data WHERE id = ANY(%s);", (ids,))
        self.assertEqual(cur.fetchall(), [(10,), (20,)])
        cur.execute("SELECT id FROM data WHERE id IN %s;", (tuple(ids),))
        self.assertEqual(cur.fetchall(), [(10,), (20,)])
        cur.execute("SELECT id FROM data WHERE id = ANY(%s);", ([],))
        self.assertEqual(cur.fetchall(), [])

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "picture.png")
            with open(path, "wb") as file:
                file.write(bytes(range(256)) * 100)
            with open(path, "rb") as file:
                mypic = file.read()
        curs = self.cur
        curs.execute("CREATE TEMP TABLE blobs (file bytea)")
        curs.execute("insert into blobs (file) values (%s)", (psycopg2.Binary(mypic),))
        curs.execute("SELECT file FROM blobs")
        self.assertEqual(bytes(curs.fetchone()[0]), mypic)

    def test_unicode(self):
        cur, conn = self.cur, self.conn
        u = "\u00e0\u00e8\u00ec\u00f2\u00f9\u20ac"
        self.assertEqual(conn.encoding, "UTF8")
        cur.execute("CREATE TEMP TABLE t (num int, data varchar)")
        cur.execute("INSERT INTO t (num, data) VALUES (%s,%s);", (74, u))
        cur.execute("SELECT data FROM t WHERE num = 74")
        self.assertEqual(cur.fetchone()[0], u)

    def test_time_zones(self):
        cur = self.cur
        cur.execute("SET TIME ZONE 'Europe/Rome'")  # UTC + 1 hour
        cur.execute("SELECT '2010-01-01 10:30:45'::timestamptz")
        self.assertEqual(repr(cur.fetchone()[0]), "datetime.datetime(2010, 1, 1, 10, 30, 45, tzinfo="
                                                  "datetime.timezone(datetime.timedelta(seconds=3600)))")
        cur.execute("SET TIME ZONE 'Asia/Calcutta'")  # its offset was +5:53:28, and with seconds
        cur.execute("SELECT '1900-01-01 10:30:45'::timestamptz")
        self.assertEqual(cur.fetchone()[0].replace(tzinfo=None), datetime.datetime(1900, 1, 1, 10, 30, 45))

    def test_infinite_dates(self):
        class InfDateAdapter:
            def __init__(self, wrapped):
                self.wrapped = wrapped

            def getquoted(self):
                if self.wrapped == datetime.date.max:
                    return b"'infinity'::date"
                if self.wrapped == datetime.date.min:
                    return b"'-infinity'::date"
                return psycopg2.extensions.DateFromPy(self.wrapped).getquoted()

        register_adapter(datetime.date, InfDateAdapter)
        self.addCleanup(psycopg2.extensions.adapters.clear)
        self.cur.execute("SELECT %s::text, %s::text, %s::text",
                         (datetime.date.max, datetime.date.min, datetime.date(2020, 1, 2)))
        self.assertEqual(self.cur.fetchone(), ("infinity", "-infinity", "2020-01-02"))

    def test_with(self):
        conn = psycopg2.connect(DSN)
        with conn:
            with conn.cursor() as curs:
                curs.execute("SELECT 1")
        with conn:
            with conn.cursor() as curs:
                curs.execute("SELECT 2")
                self.assertEqual(curs.fetchone(), (2,))
        conn.close()
        self.assertEqual(conn.closed, 1)

    def test_server_side_cursors(self):
        cur = self.conn.cursor("mycursor")
        cur.itersize = 100
        cur.execute("SELECT * FROM generate_series(1, 1000)")
        self.assertEqual(sum(record[0] for record in cur), 500500)
        cur.close()

    def test_custom_types(self):
        class Point:
            def __init__(self, x, y):
                self.x, self.y = x, y

        def adapt_point(point):
            return AsIs("'(%s, %s)'" % (psycopg2.extensions.adapt(point.x), psycopg2.extensions.adapt(point.y)))

        register_adapter(Point, adapt_point)
        self.addCleanup(psycopg2.extensions.adapters.clear)
        self.cur.execute("CREATE TEMP TABLE atable (apoint point)")
        self.cur.execute("INSERT INTO atable (apoint) VALUES (%s)", (Point(1.23, 4.56),))
        self.cur.execute("SELECT apoint FROM atable")
        self.assertEqual(self.cur.fetchone(), ("(1.23,4.56)",))

    def test_iteration(self):
        cur = self.cur
        cur.execute("SELECT * FROM (VALUES (1, 100, 'abc''def'), (2, NULL, 'dada')) AS test")
        self.assertEqual([record for record in cur], [(1, 100, "abc'def"), (2, None, "dada")])

    def test_two_phases(self):
        conn = psycopg2.connect(DSN)
        conn.tpc_begin(conn.xid(42, "transaction ID", "connection 1"))
        conn.cursor().execute("SELECT 1")
        conn.tpc_prepare()
        conn.tpc_rollback()
        conn.close()


if __name__ == "__main__":
    unittest.main()
