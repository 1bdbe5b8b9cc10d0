"""Transactions, sessions, named cursors, two-phase commit, and what a connection tells."""
import select
import unittest
import warnings

from base import TestCase, dbapi
from dbapi import extensions, extras, sql


class Transactions(TestCase):
    def setUp(self):
        super().setUp()
        self.other = self.connect()
        self.other.autocommit = True
        with self.other.cursor() as cur:
            cur.execute("DROP TABLE IF EXISTS python_t; CREATE TABLE python_t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)")

    def seen(self):
        """What another session sees."""
        with self.other.cursor() as cur:
            cur.execute("SELECT a FROM python_t ORDER BY a")
            return [a for a, in cur]

    def test_commit_rollback_close(self):
        self.cur.execute("INSERT INTO python_t VALUES (1)")
        self.assertEqual((self.conn.status, self.seen()), (extensions.STATUS_BEGIN, []))
        self.conn.commit()
        self.assertEqual((self.conn.status, self.seen()), (extensions.STATUS_READY, [1]))
        self.cur.execute("INSERT INTO python_t VALUES (2)")
        self.conn.rollback()
        self.cur.execute("INSERT INTO python_t VALUES (3)")
        self.conn.close()
        self.assertEqual(self.seen(), [1])

    def test_with(self):
        with self.conn as conn:
            self.assertIs(conn, self.conn)
            with conn.cursor() as cur:
                cur.execute("INSERT INTO python_t VALUES (1)")
            self.assertTrue(cur.closed)
        self.assertEqual((self.seen(), self.conn.closed), ([1], 0))
        with self.assertRaises(ZeroDivisionError):
            with self.conn, self.conn.cursor() as cur:
                cur.execute("INSERT INTO python_t VALUES (2)")
                1 / 0
        self.assertEqual((self.seen(), self.conn.closed), ([1], 0))
        with self.assertRaises(dbapi.errors.UniqueViolation):
            with self.conn, self.conn.cursor() as cur:
                cur.execute("INSERT INTO python_t VALUES (1)")
        self.assertEqual(self.conn.get_transaction_status(), extensions.TRANSACTION_STATUS_IDLE)

    def test_commit_of_what_had_failed_is_an_error(self):
        with self.assertRaises(dbapi.DataError):
            self.cur.execute("SELECT 1/0")
        self.assertEqual(self.conn.get_transaction_status(), extensions.TRANSACTION_STATUS_INERROR)
        with self.assertRaises(dbapi.errors.InFailedSqlTransaction):
            self.cur.execute("SELECT 1")
        with self.assertRaises(dbapi.OperationalError):
            self.conn.commit()
        self.assertEqual(self.one("SELECT 1"), 1)

    def test_autocommit(self):
        self.assertIs(self.conn.autocommit, False)
        self.conn.autocommit = True
        self.cur.execute("INSERT INTO python_t VALUES (1)")
        self.assertEqual(self.seen(), [1])
        self.conn.autocommit = False
        self.cur.execute("SELECT 1")
        with self.fails(dbapi.ProgrammingError):
            self.conn.autocommit = True

    def test_session(self):
        self.assertEqual((self.conn.isolation_level, self.conn.readonly, self.conn.deferrable), (None, None, None))
        self.conn.set_session("SERIALIZABLE", readonly=True, deferrable=True)
        self.assertEqual((self.conn.isolation_level, self.conn.readonly, self.conn.deferrable),
                         (extensions.ISOLATION_LEVEL_SERIALIZABLE, True, True))
        self.assertEqual(self.one("SHOW transaction_isolation"), "serializable")
        with self.fails(dbapi.errors.ReadOnlySqlTransaction, "25006"):
            self.cur.execute("INSERT INTO python_t VALUES (1)")
        self.conn.readonly = self.conn.deferrable = None
        for level, name in ((1, "read committed"), (2, "repeatable read"), (3, "serializable"), (4, "read uncommitted")):
            self.conn.isolation_level = level
            self.assertEqual((self.conn.isolation_level, self.one("SHOW transaction_isolation")), (level, name))
            self.conn.rollback()
            self.conn.isolation_level = name
            self.assertEqual(self.conn.isolation_level, level)
        self.conn.isolation_level = "default"
        self.assertIsNone(self.conn.isolation_level)
        for wrong in (5, -1, "strict"):
            with self.assertRaises(ValueError):
                self.conn.isolation_level = wrong
        self.cur.execute("SELECT 1")
        with self.fails(dbapi.ProgrammingError):
            self.conn.set_session(readonly=True)
        self.cur.execute("SELECT 1")
        self.conn.set_isolation_level(extensions.ISOLATION_LEVEL_AUTOCOMMIT)
        self.assertTrue(self.conn.autocommit)
        self.conn.set_isolation_level(extensions.ISOLATION_LEVEL_READ_COMMITTED)
        self.assertEqual((self.conn.autocommit, self.conn.isolation_level), (False, 1))

    def test_reset(self):
        self.conn.set_session(autocommit=True)
        self.cur.execute("SET application_name = 'changed'")
        self.conn.reset()
        self.assertIs(self.conn.autocommit, False)
        self.assertNotEqual(self.one("SHOW application_name"), "changed")

    def test_two_phases(self):
        self.assertRaises(dbapi.ProgrammingError, self.conn.xid, 1, "g" * 65, "b")
        self.assertRaises(dbapi.ProgrammingError, self.conn.xid, -1, "g", "b")
        self.assertRaises(dbapi.ProgrammingError, self.conn.xid, 1 << 40, "g", "b")
        self.assertRaises(TypeError, self.conn.xid, "1", "g", "b")
        self.assertRaises(TypeError, self.conn.tpc_begin, 7)
        xid = self.conn.xid(42, "python-gtrid", "bqual")
        self.assertEqual((tuple(xid), xid.format_id, xid.gtrid, xid.bqual, xid.prepared),
                         ((42, "python-gtrid", "bqual"), 42, "python-gtrid", "bqual", None))
        self.assertEqual(str(xid), "42_cHl0aG9uLWd0cmlk_YnF1YWw=")
        self.conn.tpc_begin(xid)
        self.cur.execute("INSERT INTO python_t VALUES (1)")
        self.assertRaises(dbapi.ProgrammingError, self.conn.commit)
        self.conn.tpc_prepare()
        self.assertRaises(dbapi.ProgrammingError, self.cur.execute, "SELECT 1")
        self.conn.close()
        (found,) = [found for found in self.other.tpc_recover() if found.gtrid == "python-gtrid"]
        self.assertEqual((tuple(found), found.database), (tuple(xid), self.other.info.dbname))
        self.assertIsNotNone(found.prepared)
        self.assertEqual(self.seen(), [])
        self.other.tpc_commit(found)
        self.assertEqual(self.seen(), [1])
        with self.assertRaises(dbapi.errors.UndefinedObject):
            self.other.tpc_rollback("python-no-such")
        again = self.connect()
        again.tpc_begin(again.xid(0, "one", "phase"))
        again.cursor().execute("INSERT INTO python_t VALUES (2)")
        again.tpc_rollback()
        self.assertEqual(self.seen(), [1])


class Named(TestCase):
    def named(self, count=10, **kwargs):
        cur = self.conn.cursor("a \"name\" of its own", **kwargs)
        cur.execute("SELECT i FROM generate_series(1, %s) AS i", (count,))
        return cur

    def test_fetches(self):
        cur = self.named()
        self.assertIsNone(cur.description)
        self.assertEqual((cur.name, cur.rowcount), ('a "name" of its own', -1))
        self.assertEqual(cur.fetchone(), (1,))
        self.assertEqual(cur.description[0].name, "i")
        self.assertEqual(cur.fetchmany(3), [(2,), (3,), (4,)])
        self.assertEqual((cur.rowcount, cur.rownumber), (3, 4))
        self.assertEqual(cur.fetchall(), [(i,) for i in range(5, 11)])
        self.assertEqual((cur.rowcount, cur.fetchone(), cur.fetchall()), (6, None, []))
        with self.fails(dbapi.ProgrammingError):
            cur.execute("SELECT 1")

    def test_iteration(self):
        cur = self.named(5000)
        cur.itersize = 700
        self.assertEqual(next(cur), (1,))
        self.assertEqual((cur.rowcount, cur.rownumber), (700, 1))
        self.assertEqual(cur.fetchone(), (2,))
        self.assertEqual(cur.fetchmany(700), [(i,) for i in range(3, 703)])
        self.assertEqual([i for i, in cur], list(range(703, 5001)))
        cur.itersize = 0
        self.assertRaises(dbapi.ProgrammingError, next, cur)

    def test_scroll(self):
        cur = self.named(10, scrollable=True)
        cur.itersize = 4
        next(cur)
        cur.scroll(1)
        self.assertEqual(cur.fetchone(), (3,))
        cur.scroll(-2)
        self.assertEqual(cur.fetchone(), (2,))
        cur.scroll(5, "absolute")
        self.assertEqual(next(cur), (6,))
        cur.scroll(3)
        self.assertEqual(cur.fetchall(), [(10,)])
        cur.close()
        cur = self.named(10, scrollable=False)
        cur.fetchmany(3)
        with self.fails(dbapi.errors.ObjectNotInPrerequisiteState, "55000"):
            cur.scroll(-1)

    def test_holds(self):
        cur = self.named(3, withhold=True)
        cur.fetchone()
        self.conn.commit()
        self.assertEqual(cur.fetchall(), [(2,), (3,)])
        cur.close()
        cur = self.named(3)
        cur.fetchone()
        self.conn.commit()
        self.assertRaises(dbapi.ProgrammingError, cur.fetchone)
        cur.close()
        self.conn.autocommit = True
        self.assertRaises(dbapi.ProgrammingError, self.named)

    def test_what_is_wrong(self):
        self.assertRaises(dbapi.ProgrammingError, self.conn.cursor, scrollable=True)
        self.assertRaises(dbapi.ProgrammingError, self.conn.cursor, withhold=True)
        self.assertRaises(TypeError, self.conn.cursor, 7)
        self.assertRaises(dbapi.ProgrammingError, self.conn.cursor, "a\0b")
        self.assertRaises(dbapi.ProgrammingError, self.conn.cursor("").execute, "SELECT 1")
        self.assertRaises(dbapi.ProgrammingError, self.conn.cursor("n").executemany, "SELECT %s", [(1,)])
        self.assertRaises(dbapi.ProgrammingError, self.conn.cursor("n").fetchone)

    def test_rows_that_python_cannot_hold(self):
        cur = self.conn.cursor("n")
        cur.execute("SELECT CASE i WHEN 2 THEN '10000-01-01'::date ELSE '2000-01-01' END FROM generate_series(1, 9) AS i")
        next(cur)
        self.assertRaises(dbapi.DataError, next, cur)
        self.assertEqual(len(list(cur)), 7)


class Ordinary(TestCase):
    def test_scroll(self):
        cur = self.cur
        cur.execute("SELECT generate_series(0, 999)")
        for _ in range(3):
            cur.fetchone()
        for value, mode, expected in ((5, "relative", 8), (-9, "relative", 0), (500, "absolute", 500),
                                      (0, "relative", 501), (497, "relative", 999), (-1, "relative", 999),
                                      (0, "absolute", 0)):
            cur.scroll(value, mode)
            self.assertEqual(cur.fetchone(), None if expected is None else (expected,))
        at = cur.rownumber
        for value, mode in ((1000, "relative"), (-2, "relative"), (1001, "absolute"), (-1, "absolute"), (1 << 70, "absolute"),
                            (1, "sideways")):
            self.assertRaises(dbapi.ProgrammingError, cur.scroll, value, mode)
            self.assertEqual(cur.rownumber, at)
        self.assertRaises(TypeError, cur.scroll, "1")
        self.assertEqual(cur.fetchone(), (1,))

    def test_sizes_that_cannot_be(self):
        self.cur.execute("SELECT generate_series(1, 3)")
        self.assertRaises(dbapi.ProgrammingError, self.cur.fetchmany, -1)
        self.assertRaises(TypeError, self.cur.fetchmany, "1")
        self.assertRaises(TypeError, self.cur.fetchmany, 1.5)
        self.assertEqual(len(self.cur.fetchmany(1 << 70)), 3)

    def test_copy_and_large_objects_are_not_there(self):
        for use in (lambda: self.cur.copy_expert("COPY t TO STDOUT", None), lambda: self.cur.copy_from(None, "t"),
                    lambda: self.cur.copy_to(None, "t"), self.conn.lobject):
            self.assertRaises(dbapi.NotSupportedError, use)
        with self.fails(dbapi.ProgrammingError):
            self.cur.execute("COPY (SELECT 1) TO STDOUT")

    def test_query(self):
        self.assertIsNone(self.cur.query)
        self.cur.execute("SELECT %s, '%%'", (1,))
        self.assertEqual(self.cur.query, b"SELECT $1, '%'")
        self.cur.execute("SELECT %s IN %s", (1, (1, 2)))
        self.assertEqual(self.cur.query, b"SELECT 1 IN (1, 2)")
        self.assertEqual(self.cur.lastrowid, 0)

    def test_bytes_as_a_statement(self):
        self.assertEqual(self.one(b"SELECT '\xc3\xa9'"), "\u00e9")

    def test_rows_of_other_kinds(self):
        select = "SELECT 1 AS a, 'x' AS b, 2 AS \"?c\", 3 AS a"
        cur = self.conn.cursor(cursor_factory=extras.DictCursor)
        cur.execute(select)
        row = cur.fetchone()
        self.assertEqual((row, row[1], row["b"], row.get("zz", 7), "a" in row), ([1, "x", 2, 3], "x", "x", 7, True))
        cur = self.conn.cursor(cursor_factory=extras.RealDictCursor)
        cur.execute(select)
        self.assertEqual(cur.fetchall(), [{"a": 3, "b": "x", "?c": 2}])
        cur = self.conn.cursor("n", cursor_factory=extras.NamedTupleCursor)
        cur.execute(select)
        row = next(cur)
        self.assertEqual((row.a, row.b, row[3], type(row).__name__), (1, "x", 3, "Record"))

    def test_composed_statements(self):
        self.cur.execute("CREATE TEMP TABLE \"My Table\" (a int, \"b%%\" text)".replace("%%", "%"))
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier("My Table"), sql.SQL(", ").join([sql.Identifier("a"), sql.Identifier("b%")]),
            sql.SQL(", ").join(sql.Placeholder() * 2))
        self.cur.execute(statement.as_string(self.conn).replace("b%", "b%%"), (1, "it's"))
        self.cur.execute(sql.SQL("SELECT {f} FROM {t} WHERE a = {v}").format(
            f=sql.Identifier("b%"), t=sql.Identifier("pg_temp", "My Table"), v=sql.Literal(1)))
        self.assertEqual(self.cur.fetchall(), [("it's",)])
        self.assertEqual((sql.Literal("o'x") + sql.NULL).as_string(self.cur), "'o''x'NULL")
        self.assertRaises(TypeError, sql.SQL, 7)
        self.assertRaises(TypeError, sql.Composed, ["x"])

    def test_execute_values(self):
        self.cur.execute("CREATE TEMP TABLE v (a int, b text)")
        extras.execute_values(self.cur, "INSERT INTO v VALUES %s", [(i, "%s'") for i in range(250)])
        found = extras.execute_values(self.cur, "INSERT INTO v (a) VALUES %s RETURNING a", [(1,), (2,)], fetch=True)
        self.assertEqual((found, self.one("SELECT count(*) FROM v WHERE b = '%s'''")), ([(1,), (2,)], 250))


class Facts(TestCase):
    def test_of_a_connection(self):
        info = self.conn.info
        self.assertEqual((info.dbname, info.user), (self.one("SELECT current_database()"), self.one("SELECT user")))
        self.assertEqual(self.conn.server_version, int(self.one("SHOW server_version_num")))
        self.assertEqual((info.server_version, info.protocol_version), (self.conn.server_version, 3))
        self.assertEqual(self.conn.get_backend_pid(), self.one("SELECT pg_backend_pid()"))
        self.assertEqual((self.conn.encoding, self.conn.get_parameter_status("server_encoding")), ("UTF8", "UTF8"))
        self.assertIsNone(self.conn.get_parameter_status("no_such"))
        self.assertFalse(self.conn.isexecuting())
        self.assertIsNone(info.ssl_attribute("protocol"))
        self.conn.set_client_encoding("utf-8")
        self.assertRaises(dbapi.NotSupportedError, self.conn.set_client_encoding, "LATIN1")
        self.assertRaises(TypeError, self.conn.get_parameter_status, 7)

    def test_notices(self):
        self.assertEqual(self.conn.notices, [])
        self.cur.execute("DO $$ BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two'; END $$")
        self.assertEqual([notice.split("\n")[0] for notice in self.conn.notices], ["NOTICE:  one", "WARNING:  two"])
        self.cur.execute("DO $$ BEGIN FOR i IN 1..60 LOOP RAISE NOTICE '%', i; END LOOP; END $$")
        self.assertEqual(len(self.conn.notices), 50)
        self.assertTrue(self.conn.notices[-1].startswith("NOTICE:  60\n"))

    def test_notifications(self):
        other = self.connect()
        other.autocommit = self.conn.autocommit = True
        self.cur.execute("LISTEN python_channel")
        self.assertFalse(self.conn.wait_notify(0.01))
        other.cursor().execute("NOTIFY python_channel, 'first'")
        self.assertTrue(select.select([self.conn], [], [], 10)[0])
        self.assertEqual(self.conn.poll(), extensions.POLL_OK)
        (notify,) = self.conn.notifies
        pid = other.get_backend_pid()
        self.assertEqual((notify.pid, notify.channel, notify.payload), (pid, "python_channel", "first"))
        self.assertEqual(notify, extensions.Notify(pid, "python_channel", "first"))
        other.cursor().execute("SELECT pg_notify(%s, %s)", ("python_channel", "second"))
        self.assertTrue(self.conn.wait_notify(10))
        self.assertEqual(self.conn.notifies.pop().payload, "second")

    def test_errors(self):
        self.cur.execute("CREATE TEMP TABLE e (a int CONSTRAINT positive CHECK (a > 0))")
        with self.fails(dbapi.errors.CheckViolation, "23514") as caught:
            self.cur.execute("INSERT INTO e VALUES (%s)", (-1,))
        error = caught.exception
        self.assertIs(error.cursor, self.cur)
        self.assertTrue(error.pgerror.startswith("ERROR:  new row for relation"))
        self.assertIn("\nDETAIL:  ", str(error))
        self.assertEqual((error.diag.constraint_name, error.diag.table_name, error.diag.sqlstate, error.retryable),
                         ("positive", "e", "23514", False))
        with self.fails(dbapi.errors.SyntaxError, "42601") as caught:
            self.cur.execute("SELECT\n  nonsense nonsense nonsense")
        self.assertIn("LINE 2:   nonsense", str(caught.exception))
        self.assertEqual(caught.exception.diag.statement_position, "28")
        with self.fails(dbapi.DatabaseError, "ZZ123"):
            self.cur.execute("DO $$ BEGIN RAISE 'own' USING ERRCODE = 'ZZ123'; END $$")
        self.assertIsNone(dbapi.Error("x").pgcode)

    def test_a_lost_connection(self):
        other = self.connect()
        other.autocommit = True
        other.cursor().execute("SELECT pg_terminate_backend(%s)", (self.conn.get_backend_pid(),))
        with self.assertRaises(dbapi.OperationalError):
            for _ in range(100):
                self.cur.execute("SELECT pg_sleep(0.05)")
        self.assertEqual(self.conn.closed, 2)
        self.assertRaises(dbapi.Error, self.conn.commit)
        self.conn.close()
        self.assertEqual(self.conn.closed, 1)


if __name__ == "__main__":
    warnings.simplefilter("error")
    unittest.main()
