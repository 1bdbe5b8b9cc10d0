"""Values, both ways: every type of Python's that is a parameter, every type of PostgreSQL's that arrives."""
import datetime
import enum
import ipaddress
import math
import unittest
import uuid
from collections import namedtuple
from datetime import date, time, timedelta, timezone
from decimal import Decimal

from base import TestCase, dbapi
from dbapi import extras
from dbapi.types import DateRange, DateTimeRange, DateTimeTZRange, Json, NumericRange, Range

EAST = timezone(timedelta(hours=5, minutes=30))
STAMP = datetime.datetime(2020, 2, 29, 23, 59, 58, 123456)


class Colour(enum.Enum):
    RED = "red"


class Size(enum.IntEnum):
    SMALL = 1


class Word(str):
    pass


# Of each: the type that the server takes it for, and what comes back if that is something else.
PARAMETERS = [
    (None, "unknown"), (True, "boolean"), (False, "boolean"), (0, "integer"), (-1, "integer"), (2**31 - 1, "integer"),
    (2**31, "bigint"), (-2**63, "bigint"), (2**63 - 1, "bigint"), (2**63, "numeric"), (-10**100, "numeric"),
    (10**5000, "numeric"), (0.1, "double precision"), (-0.0, "double precision"), (5e-324, "double precision"),
    (math.inf, "double precision"), (-math.inf, "double precision"), (Decimal("1.10"), "numeric"),
    (Decimal("-1E+30"), "numeric"), (Decimal("1E-30"), "numeric"), (Decimal("Infinity"), "numeric"), ("", "text"),
    ("a'b\\c\n%s \u00e9\U0001f600", "text"), (Word("w"), "text"), (b"", "bytea"), (bytes(range(256)), "bytea"),
    (bytearray(b"\0x"), "bytea"), (memoryview(b"abcdef")[::2], "bytea"), (dbapi.Binary(b"x'"), "bytea"),
    (date(1, 1, 1), "date"), (date(9999, 12, 31), "date"), (date(2020, 2, 29), "date"),
    (STAMP, "timestamp without time zone"), (datetime.datetime.min, "timestamp without time zone"),
    (datetime.datetime.max, "timestamp without time zone"),
    (STAMP.replace(tzinfo=EAST), "timestamp with time zone"), (time(23, 59, 59, 999999), "time without time zone"),
    (time(1, 2, 3, tzinfo=EAST), "time with time zone"), (timedelta(0), "interval"), (timedelta(-1, 1, 1), "interval"),
    (timedelta(999, 86399, 999999), "interval"), (uuid.UUID(int=5), "uuid"), ([1, None, 3], "integer[]"),
    ([[1, 2], [3, 4]], "integer[]"), ([1, 2**40], "bigint[]"), (["a,b", 'c"d', "NULL", "", None, "\\"], "text[]"),
    ([True], "boolean[]"), ([0.5], "double precision[]"), ([Decimal("1.5")], "numeric[]"), ([date(2020, 1, 1)], "date[]"),
    ([b"\0"], "bytea[]"), ([uuid.UUID(int=1)], "uuid[]"), ([STAMP], "timestamp without time zone[]"),
    (NumericRange(1, 5), "int4range"), (NumericRange(2**40, None), "int8range"),
    (NumericRange(Decimal("1.5"), Decimal("2.5"), "[]"), "numrange"), (DateRange(date(2020, 1, 1), None), "daterange"),
    (DateTimeRange(STAMP, STAMP, "[]"), "tsrange"), (DateTimeTZRange(None, STAMP.replace(tzinfo=EAST), "()"), "tstzrange"),
    (ipaddress.ip_address("10.0.0.1"), "inet"), (ipaddress.ip_address("::1"), "inet"),
    (ipaddress.ip_network("10.0.0.0/8"), "cidr"), (Size.SMALL, "integer"), (Colour.RED, "text"),
]


def arrived(value):
    """What a parameter comes back as."""
    if isinstance(value, list):
        return [arrived(item) for item in value]
    if isinstance(value, (bytearray, memoryview, dbapi.Binary)):
        return bytes(value)
    if isinstance(value, (uuid.UUID, ipaddress._IPAddressBase)):
        return str(value)
    if isinstance(value, enum.Enum):
        return value.value
    return value


def plain(value):
    if isinstance(value, list):
        return [plain(item) for item in value]
    return bytes(value) if isinstance(value, memoryview) else value


class Parameters(TestCase):
    def test_each_comes_back(self):
        self.conn.autocommit = True
        for number, (value, kind) in enumerate(PARAMETERS):
            with self.subTest(number=number, kind=kind):
                got = self.one("SELECT %s", (value,))
                self.assertEqual(plain(got), arrived(value))
                if kind != "text":
                    self.assertEqual(self.one("SELECT pg_typeof(%s)::text", (value,)), kind)
                if isinstance(value, float):
                    self.assertEqual(math.copysign(1, got), math.copysign(1, value))

    def test_each_comes_back_by_name_and_as_a_literal(self):
        self.conn.autocommit = True
        self.cur.binding = "client"
        for number, (value, kind) in enumerate(PARAMETERS):
            with self.subTest(number=number, kind=kind):
                self.cur.execute("SELECT (%(v)s)::" + kind, {"v": value})
                self.assertEqual(plain(self.cur.fetchone()[0]), arrived(value))
                self.assertNotIn(b"$1", self.cur.query)
                self.assertEqual(self.cur.mogrify("SELECT (%(v)s)::" + kind, {"v": value}), self.cur.query)

    def test_a_text_whose_type_nothing_tells(self):
        with self.fails(dbapi.errors.IndeterminateDatatype, "42P18"):
            self.cur.execute("SELECT concat(%s)", ("x",))
        self.assertEqual(self.one("SELECT concat(%s::text)", ("x",)), "x")
        self.cur.binding = "client"
        self.assertEqual(self.one("SELECT concat(%s)", ("x",)), "x")
        self.conn.binding = "client"
        with self.conn.cursor() as cur:
            cur.execute("SELECT pg_typeof(%s)::text", ("x",))
            self.assertEqual(cur.fetchone(), ("unknown",))
        with self.assertRaises(dbapi.ProgrammingError):
            self.cur.binding = "neither"

    def test_nan(self):
        self.assertTrue(math.isnan(self.one("SELECT %s", (math.nan,))))
        for value in (Decimal("NaN"), Decimal("sNaN7"), Decimal("-NaN")):
            self.assertEqual(self.one("SELECT %s::numeric::text", (value,)), "NaN")

    def test_json(self):
        document = {"a": [1, None, "\u00e9'\\", {"b": True}], "c": 1.5}
        for kind in ("json", "jsonb"):
            self.assertEqual(self.one("SELECT %%s::%s" % kind, (Json(document),)), document)
            self.assertEqual(self.one("SELECT array[%%s]::%s[]" % kind, (Json(document),)), [document])
        self.assertEqual(self.one("SELECT json_agg(x) FROM (VALUES ('1'::json), (NULL), ('null')) AS v (x)"),
                         [1, None, None])
        self.cur.execute("SELECT x FROM (VALUES ('1'::json), (NULL), ('null'), ('{}'), ('[]')) AS v (x)")
        self.assertEqual(self.cur.fetchall(), [(1,), (None,), (None,), ({},), ([],)])

        class Upper(Json):
            def dumps(self, obj):
                return '"UP"'

        self.assertEqual(self.one("SELECT %s::json", (Upper(1),)), "UP")
        with self.fails(dbapi.ProgrammingError, message="can't adapt type 'dict'"):
            self.cur.execute("SELECT %s", (document,))

    def test_tuples(self):
        self.assertIs(self.one("SELECT %s IN %s", (10, (10, 20))), True)
        self.assertIs(self.one("SELECT %(x)s IN %(y)s", {"x": "a'", "y": ("b", "a'", None)}), True)
        self.assertEqual(self.one("SELECT count(*) FROM (VALUES (1, 'a'), (2, 'b')) v (i, t) WHERE (i, t) IN %s",
                                  (((1, "a"), (2, "x")),)), 1)
        Point = namedtuple("Point", "x y")
        self.assertEqual(self.cur.mogrify("%s", (Point(1, "%s"),)), b"(1, '%s')")
        self.assertEqual(self.cur.mogrify("%s %s", ([(1, 2), (3, 4)], "'%s'")), b"ARRAY[(1, 2),(3, 4)] '''%s'''")
        # Inside of quotes a placeholder is text, whoever binds.
        with self.fails(dbapi.ProgrammingError):
            self.cur.execute("SELECT '%s' WHERE 1 IN %s", ("x", (1,)))

    def test_adapters(self):
        class Point:
            def __init__(self, x, y):
                self.x, self.y = x, y

        class Conforming:
            def __conform__(self, protocol):
                return dbapi.extensions.AsIs("1 + 1")

        extensions = dbapi.extensions
        with self.fails(dbapi.ProgrammingError, message="can't adapt type 'Point'"):
            self.cur.execute("SELECT %s", (Point(1, 2),))
        extensions.register_adapter(Point, lambda p: extensions.AsIs("'(%s, %s)'" % (
            extensions.adapt(p.x), extensions.adapt(p.y))))
        extensions.register_adapter(dict, Json)
        try:
            self.assertEqual(self.one("SELECT %s::point", (Point(1, 2.5),)), "(1,2.5)")
            self.assertEqual(self.one("SELECT (%s::point[])[2]", ([Point(1, 2), Point(3, 4)],)), "(3,4)")
            self.assertEqual(self.one("SELECT %s::json", ({"a": 1},)), {"a": 1})
        finally:
            extensions.adapters.clear()
        self.assertEqual(self.one("SELECT %s", (Conforming(),)), 2)
        self.assertEqual(extensions.adapt("a'\\").getquoted(), b" E'a''\\\\'")
        self.assertEqual(extensions.adapt(True).getquoted() + extensions.adapt(None).getquoted(), b"trueNULL")

    def test_lists_that_are_no_arrays(self):
        for value in ([[1], 2], [1, [2]], [[1, 2], [3]], [[[[[[[1]]]]]]]):
            with self.fails(dbapi.DataError):
                self.cur.execute("SELECT %s", (value,))
        endless = []
        endless.append(endless)
        with self.fails(dbapi.DataError):
            self.cur.execute("SELECT %s", (endless,))
        self.assertEqual(self.one("SELECT %s::int[]", ([],)), [])
        self.assertEqual(self.one("SELECT %s::int[]", ([[], []],)), [])
        self.assertEqual(self.one("SELECT %s::int[]", ([None],)), [None])

    def test_placeholders(self):
        self.assertEqual(self.one("SELECT '%'"), "%")
        self.assertEqual(self.one("SELECT '100%%' || %s", ("x",)), "100%x")
        for sql, params in (("SELECT %s", ()), ("SELECT %s", (1, 2)), ("SELECT %(a)s", {"b": 1}), ("SELECT %d", (1,)),
                            ("SELECT %(a)s", (1,)), ("SELECT %s", {"a": 1}), ("SELECT 1 %", (1,)), ("", None), (";", None)):
            with self.fails(dbapi.ProgrammingError):
                self.cur.execute(sql, params)
        for params in ("bar", b"bar", 7, {1}, object()):
            with self.assertRaises(TypeError):
                self.cur.execute("SELECT %s", params)
        # Names that the statement does not use may stand for anything.
        self.assertEqual(self.one("SELECT %(a)s", {"a": 1, "b": object(), 7: 8}), 1)

    def test_statements_that_take_no_parameters(self):
        self.cur.execute("SET application_name = %s", ("it's",))
        self.assertEqual(self.one("SHOW application_name"), "it's")
        self.assertEqual(self.one("SELECT interval %s", ("1 day",)), timedelta(1))
        self.assertEqual(self.one("SELECT date %(d)s", {"d": "2020-01-02"}), date(2020, 1, 2))
        self.assertEqual(self.one("SELECT %s; SELECT %s", (1, 2)), 2)
        self.cur.execute("CREATE TEMP TABLE t AS SELECT %s AS a", ("x;y",))
        self.assertEqual(self.one("SELECT a FROM t WHERE a = %s;", ("x;y",)), "x;y")


RESULTS = [
    ("'x'::char(3)", "x  "), ("'x'::name", "x"), ("'x'::\"char\"", "x"), ("1::int2", 1), ("7::oid", 7),
    ("1.5::float4", 1.5), ("'NaN'::float8", math.nan), ("1.50::numeric(5,2)", Decimal("1.50")), ("'$1.5'::money", "$1.50"),
    ("'\\x00ff'::bytea", b"\0\xff"), ("'12:34:56.789'::time", time(12, 34, 56, 789000)),
    ("'12:00-03:30'::timetz", time(12, tzinfo=timezone(-timedelta(hours=3, minutes=30)))),
    ("'1 year 2 mons 3 days 04:05:06.7'::interval", timedelta(365 + 60 + 3, 14706, 700000)),
    ("'-14 mons'::interval", timedelta(-365 - 60)), ("'{{1,NULL},{3,4}}'::int[]", [[1, None], [3, 4]]),
    ("'[5:6]={1,2}'::int[]", [1, 2]), ("'{}'::text[]", []), ("array[row(1, 'a')]", ["(1,a)"]),
    ("row(1, 'a b', NULL)", '(1,"a b",)'), ("'empty'::int4range", NumericRange(empty=True)),
    ("'(,)'::numrange", NumericRange(None, None, "()")), ("'[1,5]'::int4range", NumericRange(1, 6)),
    ("array['[1,2)'::int4range]", [NumericRange(1, 2)]), ("'{[1,2),[5,6)}'::int4multirange", "{[1,2),[5,6)}"),
    ("'1.2.3.4/24'::inet", "1.2.3.4/24"), ("'::/0'::cidr", "::/0"), ("B'101'", "101"), ("'(1,2)'::point", "(1,2)"),
    ("'<(1,2),3>'::circle", "<(1,2),3>"), ("'{\"a\": 1}'::jsonb", {"a": 1}), ("'08:00:2b:01:02:03'::macaddr",
                                                                             "08:00:2b:01:02:03"),
    ("'a:1'::tsvector", "'a':1"), ("'<a/>'::xml", "<a/>"), ("'1'::xid8", 1), ("NULL::int", None),
    ("'00000000-0000-0000-0000-000000000007'::uuid", "00000000-0000-0000-0000-000000000007"),
    ("'2020-02-29'::date", date(2020, 2, 29)), ("'0001-01-01'::timestamp", datetime.datetime(1, 1, 1)),
    ("'2020-01-01 12:00+05:30'::timestamptz", datetime.datetime(2020, 1, 1, 12, tzinfo=EAST)),
    ("true", True), ("'t'::text", "t"),
]


class Results(TestCase):
    def same(self, got, expected):
        got = plain(got)
        if isinstance(expected, float) and math.isnan(expected):
            self.assertTrue(math.isnan(got))
        else:
            self.assertEqual(got, expected)
            self.assertIs(type(got), type(expected))

    def test_each_alone(self):
        self.conn.autocommit = True
        for sql, expected in RESULTS:
            with self.subTest(sql=sql):
                self.same(self.one("SELECT " + sql), expected)

    def test_each_in_a_block_with_nulls(self):
        """A block is read by columns, a row by itself: both ways must agree."""
        self.conn.autocommit = True
        for sql, expected in RESULTS:
            for nulls in ("false", "i % 3 = 0", "true"):
                with self.subTest(sql=sql, nulls=nulls):
                    self.cur.execute("SELECT i, CASE WHEN NOT %s THEN %s END FROM generate_series(1, 30) AS i" % (nulls, sql))
                    for i, got in self.cur.fetchall():
                        if nulls == "true" or nulls != "false" and i % 3 == 0:
                            self.assertIsNone(got)
                        else:
                            self.same(got, expected)

    def test_all_in_one_row(self):
        select = "SELECT " + ", ".join(sql for sql, _ in RESULTS)
        # Few rows are read otherwise than many, and a named cursor's come as one block.
        for name, count in ((None, 1), (None, 5), (None, 50), ("all", 5), ("all", 4100)):
            with self.conn.cursor(name) as cur:
                cur.execute("%s FROM generate_series(1, %d)" % (select, count))
                rows = cur.fetchall()
            self.assertEqual(len(rows), count)
            self.assertEqual(len({repr(row[:9]) for row in rows}), 1)
            rows = rows[:5] + rows[-5:]
            for row in rows:
                for got, (_, expected) in zip(row, RESULTS):
                    self.same(got, expected)

    def test_bytea_is_a_memoryview(self):
        self.assertIs(type(self.one("SELECT '\\x01'::bytea")), memoryview)

    def test_text_of_every_kind_in_a_block(self):
        texts = ["", "a", "\u00e9", "\U0001f600" * 3, "x" * 100000, "\n\t\"'\\", None]
        self.cur.execute("SELECT t FROM unnest(%s) WITH ORDINALITY AS u (t, i) ORDER BY i", (texts * 1000,))
        self.assertEqual([text for text, in self.cur.fetchall()], texts * 1000)

    def test_infinite_dates_go_back_as_they_came(self):
        kinds = ("date", "timestamp", "timestamptz")
        for sign in ("", "-"):
            self.cur.execute("SELECT " + ", ".join("'%sinfinity'::%s" % (sign, kind) for kind in kinds))
            row = self.cur.fetchone()
            self.assertEqual(row[0], date.min if sign else date.max)
            self.assertEqual(row[1], datetime.datetime.min if sign else datetime.datetime.max)
            self.assertEqual([str(value) for value in row], [sign + "infinity"] * 3)
            self.cur.execute("SELECT %s::text, %s::text, %s::text", row)
            self.assertEqual(self.cur.fetchone(), (sign + "infinity",) * 3)

    def test_what_python_cannot_hold_is_an_error_of_its_row(self):
        for sql, shown in (("'10000-01-01'::date", "10000-01-01"), ("'0001-12-31 BC'::date", "0001-12-31 BC"),
                           ("'0044-03-15 BC'::timestamp", "0044-03-15 00:00:00 BC"), ("'24:00'::time", "24:00:00"),
                           ("'10000-01-01 UTC'::timestamptz", "10000-01-01 00:00:00+00"),
                           ("'178000000 years'::interval", "178000000 years")):
            for count in (1, 9, 30):
                self.cur.execute("SELECT %s FROM generate_series(1, %d)" % (sql, count))
                with self.assertRaisesRegex(dbapi.DataError, shown.replace("+", r"\+")):
                    self.cur.fetchall()
        beside = "i, CASE WHEN i % 2 = 0 THEN 'a' || i END, 'b'::bytea, ARRAY[i], i / 2.0::float8, i % 2 = 0"
        for odd, count in ((4, 6), (40, 60)):
            self.cur.execute("SELECT CASE i WHEN %d THEN '10000-01-01'::date ELSE '2000-01-01' END, %s "
                             "FROM generate_series(1, %d) i" % (odd, beside, count))
            good = 0
            for i in range(1, count + 1):
                try:
                    row = self.cur.fetchone()
                    self.assertEqual(row, (date(2000, 1, 1), i, None if i % 2 else "a%d" % i, b"b", [i], i / 2, i % 2 == 0))
                    good += 1
                except dbapi.DataError:
                    self.assertEqual(i, odd)
            self.assertEqual((good, self.cur.fetchone()), (count - 1, None))
        # Timestamps that microseconds from 1970 do not reach arrive as text.
        self.assertEqual(self.one("SELECT '294276-12-31'::timestamp"), "294276-12-31 00:00:00")

    def test_a_large_block_is_read_in_portions(self):
        for name in (None, "portions"):
            with self.conn.cursor(name) as cur:
                cur.execute("SELECT i, CASE WHEN i % 7 <> 0 THEN 't' || i END, CASE WHEN i > 4000 THEN i % 3 = 0 END, "
                            "i / 4.0::float8, 'x'::bytea || i::text::bytea FROM generate_series(1, 4100) i")
                expected = [(i, "t%d" % i if i % 7 else None, i % 3 == 0 if i > 4000 else None, i / 4, b"x%d" % i)
                            for i in range(1, 4101)]
                self.assertEqual(cur.fetchall(), expected)

    def test_a_column_of_several_kinds(self):
        self.cur.execute("SELECT CASE i WHEN 25 THEN '294276-12-31' WHEN 26 THEN NULL ELSE '2000-01-01'::timestamp END, "
                         "CASE WHEN i < 13 THEN i::text::xid8 ELSE '18446744073709551615' END FROM generate_series(1, 30) i")
        for i, (stamp, number) in enumerate(self.cur.fetchall(), 1):
            self.assertEqual(stamp, {25: "294276-12-31 00:00:00", 26: None}.get(i, datetime.datetime(2000, 1, 1)))
            self.same(number, i if i < 13 else Decimal(2**64 - 1))

    def test_time_zones(self):
        sql = "SELECT '2010-01-01 10:30:45+00'::timestamptz, '2010-07-01 10:30:45+00'::timestamptz"
        for zone, winter, summer in (("Europe/Rome", 60, 120), ("Asia/Kolkata", 330, 330), ("UTC", 0, 0),
                                     ("<-02>2", -120, -120), ("<+05:45>-5:45", 345, 345)):
            with self.subTest(zone=zone):
                self.cur.execute("SET TIME ZONE %s", (zone,))
                self.cur.execute(sql)
                row = self.cur.fetchone()
                self.assertEqual([got.utcoffset() for got in row], [timedelta(minutes=winter), timedelta(minutes=summer)])
                self.assertEqual(row[0], datetime.datetime(2010, 1, 1, 10, 30, 45, tzinfo=timezone.utc))
                self.assertIs(type(row[0].tzinfo), timezone)
        self.cur.execute("SET TIME ZONE -3.5")
        self.assertEqual(self.one("SELECT '2010-01-01 00:00+00'::timestamptz").utcoffset(), -timedelta(hours=3.5))
        self.cur.tzinfo_factory = None
        self.assertEqual(self.one("SELECT '2010-01-01 03:30+00'::timestamptz"), datetime.datetime(2010, 1, 1))

    def test_uuids_and_hstores_on_demand(self):
        from dbapi import _rows
        try:
            extras.register_uuid()
            self.assertEqual(self.one("SELECT '%s'::uuid" % uuid.UUID(int=2)), uuid.UUID(int=2))
            self.assertEqual(self.one("SELECT array['%s'::uuid]" % uuid.UUID(int=2)), [uuid.UUID(int=2)])
        finally:
            _rows.register(_rows.UUID_, _rows._uuid)
        self.assertEqual(self.one("SELECT '%s'::uuid" % uuid.UUID(int=2)), str(uuid.UUID(int=2)))

    def test_ranges(self):
        found = NumericRange(1, 5)
        self.assertTrue(1 in found and 5 not in found and found and found.lower_inc and not found.upper_inc)
        self.assertTrue(NumericRange(empty=True) < found < NumericRange(2, 3) and not NumericRange(empty=True))
        self.assertEqual(len({found, NumericRange(1, 5), Range(1, 5, "[]")}), 2)
        self.assertRaises(ValueError, Range, 1, 2, "{}")


if __name__ == "__main__":
    unittest.main()
