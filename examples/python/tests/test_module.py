"""PEP 249's promises, one by one, and how the shared library is found."""
import ctypes
import datetime
import hashlib
import os
import pickle
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from base import TestCase, dbapi
from dbapi import _lib

ERRORS = ("InterfaceError", "DatabaseError", "DataError", "OperationalError", "IntegrityError", "InternalError",
          "ProgrammingError", "NotSupportedError")


class Module(unittest.TestCase):
    def test_globals(self):
        self.assertEqual((dbapi.apilevel, dbapi.threadsafety, dbapi.paramstyle), ("2.0", 2, "pyformat"))
        self.assertRegex(dbapi.__version__, r"^\d+\.\d+\.\d+$")

    def test_exceptions(self):
        self.assertTrue(issubclass(dbapi.Warning, Exception))
        self.assertTrue(issubclass(dbapi.Error, Exception))
        for name in ERRORS:
            self.assertTrue(issubclass(getattr(dbapi, name), dbapi.Error), name)
        for name in ERRORS[2:]:
            self.assertTrue(issubclass(getattr(dbapi, name), dbapi.DatabaseError), name)
        self.assertFalse(issubclass(dbapi.InterfaceError, dbapi.DatabaseError))

    def test_constructors(self):
        self.assertEqual(dbapi.Date(2002, 12, 25), datetime.date(2002, 12, 25))
        self.assertEqual(dbapi.Time(13, 45, 30), datetime.time(13, 45, 30))
        self.assertEqual(dbapi.Timestamp(2002, 12, 25, 13, 45, 30), datetime.datetime(2002, 12, 25, 13, 45, 30))
        ticks = time.mktime((2002, 12, 25, 13, 45, 30, 0, 0, 0))
        self.assertEqual(dbapi.DateFromTicks(ticks), datetime.date(2002, 12, 25))
        self.assertEqual(dbapi.TimeFromTicks(ticks), datetime.time(13, 45, 30))
        stamp = dbapi.TimestampFromTicks(ticks)
        self.assertEqual(stamp.replace(tzinfo=None), datetime.datetime(2002, 12, 25, 13, 45, 30))
        self.assertEqual(stamp.timestamp(), ticks)
        self.assertEqual(bytes(dbapi.Binary(b"\0x")), b"\0x")
        with self.assertRaises(TypeError):
            dbapi.Binary("text")

    def test_type_objects(self):
        groups = {dbapi.STRING: (18, 19, 25, 1042, 1043), dbapi.BINARY: (17,), dbapi.ROWID: (26,),
                  dbapi.NUMBER: (20, 21, 23, 700, 701, 1700), dbapi.DATETIME: (1082, 1083, 1114, 1184, 1186, 1266)}
        for group, oids in groups.items():
            for oid in oids:
                self.assertEqual([other for other in groups if other == oid], [group])
                self.assertEqual(oid, group)
        self.assertNotEqual(dbapi.STRING, 23)

    def test_errors_by_sqlstate(self):
        errors = dbapi.errors
        self.assertIs(errors.UniqueViolation, errors.lookup("23505"))
        self.assertTrue(issubclass(errors.UniqueViolation, dbapi.IntegrityError))
        self.assertTrue(issubclass(errors.QueryCanceled, dbapi.extensions.QueryCanceledError))
        self.assertTrue(issubclass(errors.DeadlockDetected, dbapi.extensions.TransactionRollbackError))
        with self.assertRaises(KeyError):
            errors.lookup("ZZZZZ")
        with self.assertRaises(AttributeError):
            errors.NoSuchThing
        with self.assertRaises(AttributeError):
            errors.uniqueviolation

    def test_prototypes_are_those_of_the_header(self):
        header = Path(dbapi.__file__).parents[3] / "include" / "dbapi.h"
        if not header.exists():
            self.skipTest("the header is not there")
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.DOTALL)
        types = {"int32_t": ctypes.c_int32, "int64_t": ctypes.c_int64, "uint32_t": ctypes.c_uint32,
                 "size_t": ctypes.c_size_t, "bool": ctypes.c_bool, "dbapi_status_t": ctypes.c_int32,
                 "const char *": ctypes.c_char_p, "void": None}
        declared = {name: (result.strip(), arguments) for result, name, arguments
                    in re.findall(r"^((?:const )?\w+ \*?)dbapi_(\w+)\(([^)]*)\);", text, re.MULTILINE)}
        for name, function in vars(_lib.lib).items():
            result, arguments = declared[name]
            arguments = [re.sub(r"\w+$", "", argument.strip()).strip() for argument in arguments.split(",")]
            expected = [] if arguments == [""] else [types.get(argument, ctypes.c_void_p) for argument in arguments]
            self.assertIs(function.restype, types.get(result, ctypes.c_void_p), name)
            # A buffer is written to, and so not a string of Python's.
            self.assertEqual(function.argtypes, expected, name)

    def test_structs_are_as_large_as_in_c(self):
        self.assertEqual((_lib.VALUE, _lib.COLUMN, ctypes.sizeof(_lib.Array), ctypes.sizeof(_lib.Range)),
                         (24, 48, 40, 56))

    def test_where_the_library_is_found(self):
        package = Path(dbapi.__file__).parent
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(package, Path(folder, "dbapi"))
            environment = {name: value for name, value in os.environ.items() if name != "LIBDBAPI_PATH"}
            environment["PYTHONPATH"] = folder
            imports = [sys.executable, "-c", "import dbapi; print(dbapi.__version__)"]

            environment["LIBDBAPI_PATH"] = str(Path(folder, "none.so"))
            refused = subprocess.run(imports, env=environment, capture_output=True, text=True)
            self.assertNotEqual(refused.returncode, 0)
            self.assertRegex(refused.stderr.splitlines()[-1], "^ImportError: libdbapi cannot be loaded: .*none.so")

            library = os.environ.get("LIBDBAPI_PATH")
            if not library:
                self.skipTest("LIBDBAPI_PATH says not where a library is that the loader could find")
            del environment["LIBDBAPI_PATH"]
            environment["LD_LIBRARY_PATH"] = folder
            os.symlink(os.path.realpath(library), Path(folder, "libdbapi.so.0"))
            found = subprocess.run(imports, env=environment, capture_output=True, text=True)
            self.assertEqual((found.returncode, found.stdout), (0, dbapi.__version__ + "\n"), found.stderr)


class Connecting(TestCase):
    def test_keywords_go_before_the_dsn(self):
        conn = self.connect("application_name=one connect_timeout=7", application_name="two words'")
        with conn.cursor() as cur:
            cur.execute("SHOW application_name")
            self.assertEqual(cur.fetchone(), ("two words'",))
        self.assertEqual(conn.info.dsn_parameters["connect_timeout"], "7")
        self.assertEqual(self.connect(database=self.conn.info.dbname, port=self.conn.info.port).closed, 0)

    def test_what_is_wrong(self):
        with self.assertRaisesRegex(dbapi.ProgrammingError, "invalid dsn"):
            dbapi.connect("dbname")
        with self.assertRaises(dbapi.ProgrammingError):
            dbapi.connect(no_such_keyword=1)
        with self.assertRaises(dbapi.OperationalError):
            dbapi.connect(host="/no/such/directory")
        with self.assertRaises(dbapi.NotSupportedError):
            dbapi.connect("", async_=True)
        with self.assertRaises(dbapi.NotSupportedError):
            dbapi.connect("", **{"async": 1})
        with self.assertRaises(TypeError):
            dbapi.connect(7)
        with self.assertRaises(dbapi.ProgrammingError):
            dbapi.connect("dbname=a\0b")

    def test_factories(self):
        class Connection(dbapi.extensions.connection):
            def __init__(self, dsn):
                super().__init__(dsn + " application_name=mine")

        class Cursor(dbapi.extensions.cursor):
            pass

        conn = self.connect("connect_timeout=9", connection_factory=Connection, cursor_factory=Cursor)
        self.assertIs(type(conn), Connection)
        self.assertIs(type(conn.cursor()), Cursor)
        self.assertIs(type(conn.cursor(cursor_factory=dbapi.extensions.cursor)), dbapi.extensions.cursor)
        with self.assertRaises(TypeError):
            conn.cursor(cursor_factory=lambda conn, name: 7)

    def test_a_factory_that_never_connects(self):
        class Connection(dbapi.extensions.connection):
            def __init__(self, dsn):
                pass

        conn = dbapi.connect("", connection_factory=Connection)
        with self.assertRaises(dbapi.InterfaceError):
            conn.commit()
        with self.assertRaises(dbapi.InterfaceError):
            conn.cursor()

    def test_secrets_stay_hidden(self):
        conn = self.connect(password="hush")
        self.assertNotIn("hush", conn.dsn + repr(conn) + repr(conn.get_dsn_parameters()))

    def test_functions_on_connection_strings(self):
        from dbapi.extensions import encrypt_password, make_dsn, parse_dsn, quote_ident
        self.assertEqual(parse_dsn("postgresql://u@h:5/d"), {"user": "u", "host": "h", "port": "5", "dbname": "d"})
        self.assertEqual(parse_dsn(make_dsn("dbname=a", user="o'x y", port=None)), {"dbname": "a", "user": "o'x y"})
        self.assertEqual(quote_ident('a"b', self.conn), '"a""b"')
        self.assertEqual(encrypt_password("p", "u", self.conn, "md5"),
                         "md5" + hashlib.md5(b"pu").hexdigest())
        self.assertTrue(encrypt_password("p", "u", scope=self.cur).startswith("SCRAM-SHA-256$4096:"))


class Pep249(TestCase):
    """The suite that drivers of PEP 249 are held to, in short."""

    def setUp(self):
        super().setUp()
        self.cur.execute("CREATE TEMP TABLE booze (name varchar(20))")

    def populate(self):
        self.samples = ["Carlton Cold", "Carlton Draft", "Mountain Goat", "Redback", "Victoria Bitter", "XXXX"]
        self.cur.executemany("INSERT INTO booze VALUES (%s)", [(name,) for name in self.samples])

    def test_exceptions_are_attributes_of_connections(self):
        for name in ("Warning", "Error") + ERRORS:
            self.assertIs(getattr(self.conn, name), getattr(dbapi, name))

    def test_cursors_see_each_others_work(self):
        self.cur.execute("INSERT INTO booze VALUES ('Victoria Bitter')")
        other = self.conn.cursor()
        other.execute("SELECT name FROM booze")
        self.assertEqual(other.fetchall(), [("Victoria Bitter",)])

    def test_description(self):
        self.assertIsNone(self.cur.description)
        self.cur.execute("SELECT name FROM booze")
        (column,) = self.cur.description
        self.assertEqual(tuple(column), ("name", 1043, None, 20, None, None, None))
        self.assertEqual((column.name, column.internal_size), ("name", 20))
        self.assertEqual(column.type_code, dbapi.STRING)
        self.assertEqual(column.table_column, 1)
        self.cur.execute("SELECT 1::numeric(7, 2) AS n, 1::int AS i")
        self.assertEqual([tuple(column) for column in self.cur.description][1], ("i", 23, None, 4, None, None, None))
        self.assertEqual((self.cur.description[0].precision, self.cur.description[0].scale), (7, 2))
        self.cur.execute("DELETE FROM booze")
        self.assertIsNone(self.cur.description)
        self.cur.execute("SELECT")
        self.assertEqual(self.cur.description, ())
        self.assertEqual(self.cur.fetchall(), [()])

    def test_rowcount(self):
        self.assertEqual(self.conn.cursor().rowcount, -1)
        self.assertEqual(self.cur.rowcount, -1)
        self.populate()
        self.assertEqual(self.cur.rowcount, 6)
        self.cur.execute("SELECT name FROM booze")
        self.assertEqual((self.cur.rowcount, self.cur.statusmessage), (6, "SELECT 6"))
        self.cur.executemany("INSERT INTO booze VALUES (%s)", [])
        self.assertEqual(self.cur.rowcount, 0)

    def test_callproc(self):
        given = ("foo",)
        self.assertIs(self.cur.callproc("upper", given), given)
        self.assertEqual(self.cur.fetchall(), [("FOO",)])
        self.cur.callproc("make_date", {"day": 2, "month": 3, "year": 2020})
        self.assertEqual(self.cur.fetchone(), (datetime.date(2020, 3, 2),))
        with self.fails(dbapi.errors.UndefinedFunction, "42883"):
            self.cur.callproc('nope"); DROP TABLE booze; --')

    def test_close(self):
        cur, conn = self.cur, self.conn
        cur.execute("SELECT 1")
        cur.close()
        cur.close()
        self.assertTrue(cur.closed)
        self.assertEqual((cur.rowcount, cur.description[0].name), (1, "?column?"))
        for use in (cur.fetchone, cur.fetchmany, cur.fetchall, lambda: next(cur), lambda: cur.execute("SELECT 1"),
                    lambda: cur.executemany("SELECT %s", [(1,)]), lambda: cur.mogrify("SELECT %s", (1,)),
                    lambda: cur.scroll(1), lambda: cur.callproc("now"), lambda: cur.nextset(),
                    lambda: cur.setinputsizes(()), lambda: cur.setoutputsize(1), cur.__enter__):
            self.assertRaises(dbapi.InterfaceError, use)
        cur = conn.cursor()
        cur.execute("SELECT generate_series(1, 9)")
        self.assertEqual(cur.fetchmany(2), [(1,), (2,)])
        conn.close()
        conn.close()
        self.assertEqual(conn.closed, 1)
        self.assertTrue(cur.closed)
        for use in (conn.commit, conn.rollback, conn.cursor, conn.reset, conn.cancel, conn.fileno, conn.tpc_prepare,
                    conn.__enter__, lambda: setattr(conn, "autocommit", True), lambda: conn.xid(1, "a", "b") and
                    conn.tpc_begin("x"), cur.fetchone, cur.fetchall, lambda: next(cur), lambda: cur.execute("SELECT 1"),
                    lambda: conn.poll(), lambda: conn.set_session(readonly=True)):
            self.assertRaises(dbapi.InterfaceError, use)
        self.assertEqual(conn.get_transaction_status(), dbapi.extensions.TRANSACTION_STATUS_UNKNOWN)

    def test_fetches(self):
        cur = self.cur
        for fetch in (cur.fetchone, cur.fetchmany, cur.fetchall, lambda: next(cur)):
            self.assertRaises(dbapi.ProgrammingError, fetch)
        self.assertRaises(dbapi.ProgrammingError, self.conn.cursor().fetchone)
        self.populate()
        for fetch in (cur.fetchone, cur.fetchmany, cur.fetchall):
            self.assertRaises(dbapi.ProgrammingError, fetch)
        cur.execute("SELECT name FROM booze ORDER BY name")
        self.assertEqual(cur.rownumber, 0)
        self.assertEqual(cur.fetchone(), ("Carlton Cold",))
        self.assertEqual(cur.rownumber, 1)
        self.assertEqual(cur.fetchmany(), [("Carlton Draft",)])
        self.assertEqual(cur.fetchmany(2), [("Mountain Goat",), ("Redback",)])
        self.assertEqual(cur.fetchmany(0), [])
        self.assertEqual(cur.fetchmany(10), [("Victoria Bitter",), ("XXXX",)])
        self.assertEqual((cur.fetchone(), cur.fetchmany(3), cur.fetchall(), cur.rownumber), (None, [], [], 6))
        cur.execute("SELECT name FROM booze ORDER BY name")
        cur.fetchone()
        cur.fetchone()
        self.assertEqual([row[0] for row in cur], self.samples[2:])
        cur.arraysize = 4
        cur.execute("SELECT name FROM booze ORDER BY name")
        self.assertEqual([len(cur.fetchmany()) for _ in range(3)], [4, 2, 0])

    def test_mixed_fetches_of_many_rows(self):
        self.cur.execute("SELECT i, 'x' || i FROM generate_series(0, 9999) AS i")
        found = [self.cur.fetchone(), self.cur.fetchone(), self.cur.fetchone()] + self.cur.fetchmany(2500)
        found += [next(self.cur) for _ in range(1500)] + [self.cur.fetchone()]
        self.assertEqual(self.cur.rownumber, len(found))
        found += self.cur.fetchall()
        self.assertEqual(found, [(i, "x%d" % i) for i in range(10000)])

    def test_executemany(self):
        self.cur.executemany("INSERT INTO booze VALUES (%(name)s)", [{"name": "a%d" % i, "more": 1} for i in range(3)])
        self.assertEqual(self.cur.rowcount, 3)
        self.cur.executemany("INSERT INTO booze VALUES (%s || '%%(name)s %%s')", (("b%d" % i,) for i in range(2)))
        self.assertRaises(dbapi.ProgrammingError, self.cur.fetchall)
        self.cur.execute("SELECT string_agg(name, ',' ORDER BY name) FROM booze")
        self.assertEqual(self.cur.fetchone(), ("a0,a1,a2,b0%(name)s %s,b1%(name)s %s",))
        with self.fails(dbapi.errors.StringDataRightTruncation, "22001") as caught:
            self.cur.executemany("INSERT INTO booze VALUES (%s)", [("x",), ("y" * 21,), ("z",)])
        self.assertEqual(caught.exception.row, 1)
        with self.fails(dbapi.ProgrammingError):
            self.cur.executemany("INSERT INTO booze VALUES (%s)", [("x",), ("y", "z")])
        for rows in [{"a": 1}, {"b": 1}], [{"b": 1}, {"a": 1}], [{}]:
            with self.fails(dbapi.ProgrammingError, message="%(a)s"):
                self.cur.executemany("INSERT INTO booze VALUES (%(a)s)", rows)
        self.assertRaises(TypeError, self.cur.executemany, "INSERT INTO booze VALUES (%s)", ["x"])
        self.assertRaises(TypeError, self.cur.executemany, "INSERT INTO booze VALUES (%s)", 5)

    def test_executemany_by_name(self):
        self.cur.execute("CREATE TEMP TABLE pairs (a int, b text, c int)")
        for self.cur.binding in "auto", "client":
            self.cur.executemany("INSERT INTO pairs VALUES (%(a)s, %(ß b)s || '%%s $1', %(a)s)",
                                 [{"a": 1, "ß b": "x", "not asked for": object()}, {"ß b": "%(a)s", "a": 2, "not asked for": object()}])
            self.assertEqual(self.cur.rowcount, 2)
            self.cur.execute("DELETE FROM pairs RETURNING *")
            self.assertEqual(self.cur.fetchall(), [(1, "x%s $1", 1), (2, "%(a)s%s $1", 2)])
        with self.fails(dbapi.errors.DivisionByZero) as caught:
            self.cur.executemany("SELECT 1 / %(a)s", [{"a": 1}, {"a": 0}])
        self.assertEqual(caught.exception.row, 1)

    def test_executemany_with_what_has_to_be_a_literal(self):
        self.populate()
        self.cur.executemany("DELETE FROM booze WHERE name IN %s", [(("XXXX", "Redback"),), (("Mountain Goat",),)])
        self.assertEqual(self.cur.rowcount, 3)
        self.assertIsNone(self.cur.description)
        self.assertRaises(dbapi.ProgrammingError, self.cur.fetchall)

    def test_sizes(self):
        self.cur.setinputsizes((25,))
        self.cur.setoutputsize(1000)
        self.cur.setoutputsize(2000, 0)
        self.populate()

    def test_nextset(self):
        self.cur.execute("SELECT 1; SELECT 2")
        self.assertEqual(self.cur.fetchall(), [(2,)])
        self.assertRaises(dbapi.NotSupportedError, self.cur.nextset)
        self.cur.all_results = True
        self.cur.execute("SELECT generate_series(1, 5); INSERT INTO booze VALUES ('x'); SELECT 'a' AS b")
        self.assertEqual(self.cur.fetchone(), (1,))
        self.assertTrue(self.cur.nextset())
        self.assertRaises(dbapi.ProgrammingError, self.cur.fetchone)
        self.assertTrue(self.cur.nextset())
        self.assertEqual((self.cur.description[0].name, self.cur.fetchall()), ("b", [("a",)]))
        self.assertIsNone(self.cur.nextset())

    def test_none(self):
        self.cur.execute("INSERT INTO booze VALUES (NULL)")
        self.cur.execute("SELECT name FROM booze WHERE name IS NOT DISTINCT FROM %s", (None,))
        self.assertEqual(self.cur.fetchall(), [(None,)])

    def test_errors_can_be_pickled(self):
        with self.assertRaises(dbapi.errors.DivisionByZero) as caught:
            self.cur.execute("SELECT 1/0")
        caught.exception.cursor = None
        again = pickle.loads(pickle.dumps(caught.exception))
        self.assertIs(type(again), dbapi.errors.DivisionByZero)
        self.assertEqual((str(again), again.pgcode, again.diag.severity), ("division by zero", "22012", "ERROR"))


if __name__ == "__main__":
    unittest.main()
