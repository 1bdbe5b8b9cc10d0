"""From Python's values to the library's: parameters, bound by the server or put into the statement as literals."""
import datetime
import decimal
import enum
import ipaddress
import re
import secrets
import uuid
from collections.abc import Mapping, Sequence
from ctypes import addressof, c_char_p, c_int32
from functools import lru_cache

from . import _rows as kinds
from ._call import rendered, string
from ._lib import Array, Range, Value, lib
from .errors import DataError, ProgrammingError
from .types import Binary, InfiniteDate, InfiniteDatetime, Json
from .types import Range as AnyRange

# psycopg2's: from a type to what makes an adapter, an object with getquoted(), of a value.
adapters = {}

_EPOCH, _MICROSECOND = datetime.datetime(1970, 1, 1), datetime.timedelta(microseconds=1)
_EPOCH_UTC = _EPOCH.replace(tzinfo=datetime.timezone.utc)


class Literal(Exception):
    """Raised at a value that no server can bind, such as a tuple: its statement has to carry it as a literal."""


# Each fills a Value, `to`, from a Python value. What its pointers point to goes into the list `keep`, for ctypes keeps
# alive what a c_char_p points to and nothing else.


def _text(to, value, keep, kind=kinds.TEXT):
    data = value.encode()
    to.kind, to.data, to.length = kind, data, len(data)


def _int(to, value, keep):
    if -0x8000000000000000 <= value <= 0x7fffffffffffffff:
        to.kind, to.integer = kinds.INT, value
    else:
        _text(to, str(decimal.Decimal(value)), keep, kinds.NUMERIC)


def _bool(to, value, keep):
    to.kind, to.boolean = kinds.BOOL, value


def _float(to, value, keep):
    to.kind, to.floating = kinds.FLOAT, value


def _decimal(to, value, keep):
    # A signalling NaN is a NaN, and an exponent of any size stays one.
    _text(to, "NaN" if value.is_nan() else str(value), keep, kinds.NUMERIC)


def _bytes(to, value, keep):
    data = value if type(value) is bytes else memoryview(value).tobytes()
    to.kind, to.data, to.length = kinds.BYTES, data, len(data)


def _binary(to, value, keep):
    _bytes(to, value.adapted, keep)


def _date(to, value, keep):
    to.kind, to.integer = kinds.DATE, value.toordinal() - 719163


def _infinite_date(to, value, keep):
    to.kind, to.integer = kinds.DATE, -1 << 63 if value.year == 1 else (1 << 63) - 1


def _infinite_datetime(to, value, keep):
    _infinite_date(to, value, keep)
    to.kind = kinds.TIMESTAMPTZ if value.tzinfo else kinds.TIMESTAMP


def _datetime(to, value, keep):
    if value.tzinfo is None or value.utcoffset() is None:
        to.kind, to.integer = kinds.TIMESTAMP, (value.replace(tzinfo=None) - _EPOCH) // _MICROSECOND
    else:
        to.kind, to.integer = kinds.TIMESTAMPTZ, (value - _EPOCH_UTC) // _MICROSECOND


def _time(to, value, keep):
    local = ((value.hour * 60 + value.minute) * 60 + value.second) * 1000000 + value.microsecond
    if value.tzinfo is None:
        to.kind, to.integer = kinds.TIME, local
        return
    offset = value.utcoffset()
    if offset is None:
        raise DataError("%r has a time zone whose offset depends on the date" % (value,))
    to.kind, to.local, to.utc_offset = kinds.TIMETZ, local, offset // datetime.timedelta(seconds=1)


def _timedelta(to, value, keep):
    to.kind, to.days, to.microseconds = kinds.INTERVAL, value.days, value.seconds * 1000000 + value.microseconds


def _uuid(to, value, keep):
    to.kind, to.uuid = kinds.UUID_, tuple(value.bytes)


def _ip(to, value, keep):
    _text(to, str(value), keep)
    to.oid = 869


def _cidr(to, value, keep):
    _text(to, str(value), keep)
    to.oid = 650


def _range(to, value, keep):
    found = Range()
    if value.isempty:
        found.flags = 1
    else:
        found.flags = 2 * value.lower_inc + 4 * value.upper_inc
        fill(found.lower, value.lower, keep)
        fill(found.upper, value.upper, keep)
    keep.append(found)
    to.kind, to.pointer = kinds.RANGE, addressof(found)


def _list(to, value, keep):
    lengths, items = [], value
    while isinstance(items, list):
        if len(lengths) == 6:
            raise DataError("an array has at most 6 dimensions")
        lengths.append(len(items))
        items = items[0] if items else None
    flat = _flat(value, lengths)
    found = Array()
    if 0 in lengths:
        lengths, flat = [], []
    found.dimensions, found.count = len(lengths), len(flat)
    found.lengths = (c_int32 * len(lengths))(*lengths)
    values = (Value * len(flat))()
    for slot, item in zip(values, flat):
        fill(slot, item, keep)
    found.items = addressof(values)
    keep += found, values
    to.kind, to.pointer = kinds.ARRAY, addressof(found)


def _flat(items, lengths):
    if not lengths:
        if isinstance(items, list):
            raise DataError("the lists of an array are nested to different depths")
        return [items]
    if not isinstance(items, list) or len(items) != lengths[0]:
        raise DataError("the lists of an array are not of one length")
    return [leaf for item in items for leaf in _flat(item, lengths[1:])]


def _literal(to, value, keep):
    raise Literal


_FILLERS = {
    type(None): lambda to, value, keep: None, bool: _bool, int: _int, float: _float, decimal.Decimal: _decimal,
    str: _text, bytes: _bytes, bytearray: _bytes, memoryview: _bytes, Binary: _binary, datetime.date: _date,
    datetime.datetime: _datetime, datetime.time: _time, datetime.timedelta: _timedelta, uuid.UUID: _uuid,
    Json: lambda to, value, keep: _text(to, str(value), keep, kinds.JSON), list: _list, tuple: _literal,
    InfiniteDate: _infinite_date, InfiniteDatetime: _infinite_datetime, AnyRange: _range,
    ipaddress.IPv4Address: _ip, ipaddress.IPv6Address: _ip, ipaddress.IPv4Network: _cidr,
    ipaddress.IPv6Network: _cidr, enum.Enum: lambda to, value, keep: fill(to, value.value, keep)}


def adapted(value):
    """The value, or what its type's adapter makes of it."""
    for kind in type(value).__mro__:
        if kind in adapters:
            return adapters[kind](value)
        if kind in _FILLERS:
            return value
    if hasattr(value, "__conform__"):
        return value.__conform__(None)
    return value


def fill(to, value, keep):
    """Fills a Value, which is NULL before. Literal: only a literal can stand for it."""
    filler = None if adapters else _FILLERS.get(type(value))
    if filler is None:
        value = adapted(value)
        filler = next((_FILLERS[kind] for kind in type(value).__mro__ if kind in _FILLERS), None)
        if filler is None:
            if hasattr(value, "getquoted"):
                raise Literal
            raise ProgrammingError("can't adapt type %r" % type(value).__name__)
    filler(to, value, keep)


def literal(cursor, value):
    """A value as it is written in SQL, in bytes, by the library, by its adapter, or here: tuples, and lists of such."""
    value = adapted(value)
    if isinstance(value, tuple):
        return b"(" + b", ".join([literal(cursor, item) for item in value]) + b")"
    if hasattr(value, "getquoted"):
        if hasattr(value, "prepare"):
            value.prepare(cursor.connection)
        quoted = value.getquoted()
        return quoted.encode() if isinstance(quoted, str) else quoted
    keep = []
    try:
        values = (Value * 1)()
        fill(values[0], value, keep)
    except Literal:
        return b"ARRAY[" + b",".join([literal(cursor, item) for item in value]) + b"]"
    return rendered(lib.cursor_mogrify, cursor.handle(), b"%s", values, 1)


def quick(slots, given):
    """Fills Values that were used before, if the commonest types are all there is; else says that it cannot."""
    if adapters:
        return False
    for slot, value in zip(slots, given):
        kind = type(value)
        if kind is int:
            if not -0x8000000000000000 <= value <= 0x7fffffffffffffff:
                return False
            slot.kind, slot.integer = kinds.INT, value
        elif kind is str:
            data = value.encode()
            slot.kind, slot.data, slot.length = kinds.TEXT, data, len(data)
        elif kind is float:
            slot.kind, slot.floating = kinds.FLOAT, value
        elif value is None:
            slot.kind = kinds.NULL
        else:
            return False
    return True


class Parameters:
    """The parameters of one call, by place or by name."""

    __slots__ = ("values", "count", "names", "keep", "literals")

    def __init__(self, cursor, sql, given):
        """`cursor` makes literals of what cannot be bound. Without `sql`, all names count."""
        if isinstance(given, Mapping):
            # psycopg2 asks a mapping for the names that the statement has, and for no other.
            given = {name: value for name, value in given.items() if sql is None or "%%(%s)s" % name in sql}
            names = [string(name, "a parameter's name") for name in given]
            self.names = (c_char_p * len(names))(*names)
            given = given.values()
        elif isinstance(given, Sequence) and not isinstance(given, (str, bytes, bytearray, memoryview)):
            self.names = None
        else:
            raise TypeError("parameters must be a sequence or a mapping, not %s" % type(given).__name__)
        self.keep, self.literals, self.count = [], None, len(given)
        self.values = values = (Value * self.count)()
        for slot, value in zip(values, given):
            try:
                fill(slot, value, self.keep)
            except Literal:
                # In its stead goes a text that nobody can guess, for which `mogrify` puts in the literal.
                mark = secrets.token_hex(16)
                _text(slot, mark, self.keep)
                self.literals = self.literals or {}
                self.literals[b"'%s'" % mark.encode()] = literal(cursor, value)

    def mogrify(self, cursor, sql):
        """The statement, in bytes, with literals in the places of its parameters."""
        capacity = 2 * len(sql) + 1024
        if self.names is None:
            found = rendered(lib.cursor_mogrify, cursor, sql, self.values, self.count, capacity=capacity)
        else:
            found = rendered(lib.cursor_mogrify_named, cursor, sql, self.names, self.values, self.count,
                             capacity=capacity)
        for mark, quoted in (self.literals or {}).items():
            found = found.replace(mark, quoted)
        return found


_STATEMENT = re.compile(r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*(?:select|insert|update|delete|merge|values|with|call)\b",
                        re.IGNORECASE | re.DOTALL)
_TYPED = re.compile(r"\b(?:interval|date|time|timestamp|timestamptz|zone)\s*%[s(]", re.IGNORECASE)


@lru_cache(1024)
def bindable(sql):
    """Whether a server is likely to take this statement with parameters apart: not if it is none of those that
    have a plan, if there may be several, or if a parameter stands where SQL wants a literal (interval %s)."""
    return bool(_STATEMENT.match(sql)) and ";" not in sql.rstrip("; \t\r\n") and not _TYPED.search(sql)
