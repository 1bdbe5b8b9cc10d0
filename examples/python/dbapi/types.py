"""PEP 249's type objects and constructors, and the Python types that psycopg2 adds: Json, ranges."""
import datetime
import json
import time


class TypeObject:
    """Equal to the type_code (the oid) of each column of its group, as PEP 249 has it."""

    def __init__(self, name, *oids):
        self.name, self.values = name, oids

    def __eq__(self, other):
        return self is other if isinstance(other, TypeObject) else other in self.values

    def __hash__(self):
        return hash(self.values)

    def __repr__(self):
        return "<type group %s>" % self.name


STRING = TypeObject("STRING", 18, 19, 25, 1042, 1043)
BINARY = TypeObject("BINARY", 17)
NUMBER = TypeObject("NUMBER", 20, 21, 23, 700, 701, 1700)
DATETIME = TypeObject("DATETIME", 1082, 1083, 1114, 1184, 1186, 1266)
ROWID = TypeObject("ROWID", 26)

Date = datetime.date
Time = datetime.time
Timestamp = datetime.datetime


def DateFromTicks(ticks):
    return datetime.date(*time.localtime(ticks)[:3])


def TimeFromTicks(ticks):
    return datetime.time(*time.localtime(ticks)[3:6])


def TimestampFromTicks(ticks):
    return datetime.datetime.fromtimestamp(ticks, datetime.timezone.utc).astimezone()


class InfiniteDate(datetime.date):
    """PostgreSQL's infinity or -infinity: as in psycopg2 date.max or date.min, but it goes back as what it was."""

    __slots__ = ()

    def __str__(self):
        return "-infinity" if self.year == 1 else "infinity"

    def __repr__(self):
        return "<%s %s>" % (type(self).__name__, self)


class InfiniteDatetime(datetime.datetime):
    """The same of timestamps: datetime.max or datetime.min."""

    __slots__ = ()
    __str__, __repr__ = InfiniteDate.__str__, InfiniteDate.__repr__


class Binary:
    """Marks what has the buffer interface as a bytea."""

    def __init__(self, adapted):
        if isinstance(adapted, str):
            raise TypeError("Binary takes bytes or what has their buffer interface, not str: encode it")
        self.adapted = adapted

    def __bytes__(self):
        return bytes(self.adapted)


class Json:
    """A parameter that is sent as its JSON document. A subclass may have another `dumps`."""

    def __init__(self, adapted, dumps=None):
        self.adapted, self._dumps = adapted, dumps

    def dumps(self, obj):
        return (self._dumps or json.dumps)(obj)

    def __str__(self):
        return self.dumps(self.adapted)


class Range:
    """A range: `lower` and `upper` are None where it has no bound; `bounds` is one of [) [] (] ()."""

    __slots__ = ("_lower", "_upper", "_bounds")

    def __init__(self, lower=None, upper=None, bounds="[)", empty=False):
        if bounds not in ("[)", "[]", "(]", "()"):
            raise ValueError("bounds must be one of [) [] (] (), not %r" % (bounds,))
        self._lower, self._upper, self._bounds = (None, None, None) if empty else (lower, upper, bounds)

    lower = property(lambda self: self._lower)
    upper = property(lambda self: self._upper)
    isempty = property(lambda self: self._bounds is None)
    lower_inf = property(lambda self: self._bounds is not None and self._lower is None)
    upper_inf = property(lambda self: self._bounds is not None and self._upper is None)
    lower_inc = property(lambda self: self._lower is not None and self._bounds[0] == "[")
    upper_inc = property(lambda self: self._upper is not None and self._bounds[1] == "]")

    def __contains__(self, value):
        if self.isempty:
            return False
        if self._lower is not None and (value < self._lower or (value == self._lower and not self.lower_inc)):
            return False
        return self._upper is None or value < self._upper or (value == self._upper and self.upper_inc)

    def _key(self):
        return (self._lower, self._upper, self._bounds)

    def __eq__(self, other):
        return isinstance(other, Range) and self._key() == other._key()

    def __hash__(self):
        return hash(self._key())

    def __bool__(self):
        return not self.isempty

    def __lt__(self, other):
        """As PostgreSQL orders ranges: the empty one first, then by lower bound, then by upper."""
        if not isinstance(other, Range):
            return NotImplemented
        return self._order() < other._order()

    def __le__(self, other):
        return self == other or self < other

    def __gt__(self, other):
        return other < self

    def __ge__(self, other):
        return self == other or other < self

    def _order(self):
        if self.isempty:
            return (0,)
        lower = (0, 0, 0) if self._lower is None else (1, self._lower, not self.lower_inc)
        return (1, lower, (1, 0, 0) if self._upper is None else (0, self._upper, self.upper_inc))

    def __repr__(self):
        if self.isempty:
            return "%s(empty=True)" % type(self).__name__
        return "%s(%r, %r, %r)" % (type(self).__name__, self._lower, self._upper, self._bounds)

    def __str__(self):
        if self.isempty:
            return "empty"
        return "%s%s, %s%s" % (self._bounds[0], self._lower, self._upper, self._bounds[1])

    def __reduce__(self):
        return type(self), (self._lower, self._upper, self._bounds or "[)", self.isempty)


class NumericRange(Range):
    """int4range, int8range, numrange."""

    __slots__ = ()


class DateRange(Range):
    """daterange."""

    __slots__ = ()


class DateTimeRange(Range):
    """tsrange."""

    __slots__ = ()


class DateTimeTZRange(Range):
    """tstzrange."""

    __slots__ = ()


# By the oid of their bounds' type.
RANGES = {23: NumericRange, 20: NumericRange, 1700: NumericRange, 1082: DateRange, 1114: DateTimeRange,
          1184: DateTimeTZRange}
