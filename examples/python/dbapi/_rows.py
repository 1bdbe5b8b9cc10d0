"""From the library's blocks of values to Python's.

A block is read as plain memory, a column at a time: a slice of a memoryview is a column, and `tolist`, `bytes.count`
and their like walk it in C. One row is read by one struct format instead, which costs less for so few cells.
"""
import ctypes
import json
import struct
from ctypes import c_char_p
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

from ._call import rendered
from ._lib import VALUE, Array, Hstore, Range, Value, lib
from .errors import DataError
from .types import RANGES, InfiniteDate, InfiniteDatetime
from .types import Range as AnyRange

(NULL, BOOL, INT, FLOAT, NUMERIC, TEXT, BYTES, DATE, TIME, TIMETZ, TIMESTAMP, TIMESTAMPTZ, INTERVAL, UUID_, JSON, ARRAY,
 RANGE) = range(17)
HSTORE = 23
_LEAST, _MOST = -1 << 63, (1 << 63) - 1
_EPOCH, _EPOCH_UTC = datetime(1970, 1, 1), datetime(1970, 1, 1, tzinfo=timezone.utc)
_DAY = 86400000000


def _function(name, *arguments):
    return ctypes.PYFUNCTYPE(ctypes.py_object, *arguments)((name, ctypes.pythonapi))


# Python's own, without the steps between that ctypes.string_at and bytes.decode take.
_memory = _function("PyMemoryView_FromMemory", ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int)
_copied = _function("PyBytes_FromStringAndSize", ctypes.c_void_p, ctypes.c_ssize_t)
_string = _function("PyUnicode_FromStringAndSize", ctypes.c_void_p, ctypes.c_ssize_t)
_READ = 0x100


# ---- one cell: functions of the two words of its union, and of what the session says about time zones ----


def _bytes(first, second, session):
    return _copied(first, second)


def _text(first, second, session):
    return _string(first, second)


def _out_of_range(kind, microseconds, days=0, months=0):
    value = Value()
    value.kind, value.integer = kind, microseconds
    if kind == INTERVAL:
        value.days, value.months = days, months
    text = rendered(lib.value_format, ctypes.byref(value)).decode()
    raise DataError("%s is out of the range of Python's datetime: cast it to text" % text)


def _date(days, _, session):
    if -719162 <= days <= 2932896:
        return date.fromordinal(719163 + days)
    if days == _MOST:
        return InfiniteDate(9999, 12, 31)
    return InfiniteDate(1, 1, 1) if days == _LEAST else _out_of_range(DATE, days)


def _time(microseconds, _, session):
    if microseconds == _DAY:
        _out_of_range(TIME, microseconds)
    return (_EPOCH + timedelta(microseconds=microseconds)).time()


def _timetz(microseconds, second, session):
    offset = (second & 0xffffffff ^ 0x80000000) - 0x80000000
    return _time(microseconds, 0, session).replace(tzinfo=timezone(timedelta(seconds=offset)))


def _infinite(kind, microseconds, zone):
    if microseconds == _MOST:
        return InfiniteDatetime(9999, 12, 31, 23, 59, 59, 999999, zone)
    return InfiniteDatetime(1, 1, 1, 0, 0, 0, 0, zone) if microseconds == _LEAST else _out_of_range(kind, microseconds)


def _timestamp(microseconds, _, session):
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return _infinite(TIMESTAMP, microseconds, None)


def _timestamptz(microseconds, _, session):
    try:
        return session.local(_EPOCH_UTC + timedelta(microseconds=microseconds))
    except (OverflowError, ValueError):
        return _infinite(TIMESTAMPTZ, microseconds, timezone.utc)


def _interval(microseconds, second, session):
    days, months = struct.unpack("ii", struct.pack("q", second))
    # As psycopg2 has it: a year is 365 days, and a month 30.
    years = int(months / 12)
    try:
        return timedelta(days + 365 * years + 30 * (months - 12 * years), 0, microseconds)
    except OverflowError:
        _out_of_range(INTERVAL, microseconds, days, months)


def words(first, second):
    """The 16 bytes of a cell's union."""
    return struct.pack("qq", first, second)


def _uuid(first, second, session):
    return str(UUID(bytes=words(first, second)))


def _array(pointer, _, session):
    array = Array.from_address(pointer)
    if array.dimensions == 0:
        return []
    items = columns(array.items, array.count, 1, session)[0]
    for dimension in range(array.dimensions - 1, 0, -1):
        length = array.lengths[dimension]
        items = [items[i:i + length] for i in range(0, len(items), length)]
    return items


def _range(pointer, _, session):
    found = Range.from_address(pointer)
    kind = RANGES.get(found.subtype_oid, AnyRange)
    if found.flags & 1:
        return kind(empty=True)
    lower, upper = columns(pointer + Range.lower.offset, 2, 1, session)[0]
    return kind(lower, upper, ("[" if found.flags & 2 else "(") + ("]" if found.flags & 4 else ")"))


def hstore(pointer, _, session):
    found = Hstore.from_address(pointer)
    if not found.count:
        return {}
    return dict(zip(columns(found.keys, found.count, 1, session)[0], columns(found.values, found.count, 1, session)[0]))


_CELLS = {BOOL: lambda first, _, session: bool(first & 0xff), INT: lambda first, _, session: first,
          NUMERIC: lambda *cell: Decimal(_text(*cell)), TEXT: _text, BYTES: _bytes, DATE: _date, TIME: _time,
          TIMETZ: _timetz, TIMESTAMP: _timestamp, TIMESTAMPTZ: _timestamptz, INTERVAL: _interval, UUID_: _uuid,
          JSON: lambda *cell: json.loads(_text(*cell)), ARRAY: _array, RANGE: _range}


def register(kind, cell):
    """Has values of a kind arrive in another way; gives what did it before."""
    before = _CELLS.get(kind)
    _CELLS[kind] = cell
    _COLUMNS.pop(kind, None)
    _plans.clear()
    return before


def _cell(address, session):
    """Any cell by itself, with whatever kind it has."""
    kind, oid, first, second = struct.unpack("iIqq", _copied(address, VALUE))
    if kind == NULL:
        return None
    if kind == FLOAT:
        return struct.unpack("d", struct.pack("q", first))[0]
    if kind == BYTES and oid == 17:
        return memoryview(_bytes(first, second, session))
    if kind in _CELLS:
        return _CELLS[kind](first, second, session)
    return rendered(lib.value_format, address).decode()


# ---- a column: functions of its block, of the place of its first cell and the distance between two, in words ----


def _strings(words, at, step, count):
    """The bytes of texts; what is no text is empty. None of them has a NUL in it, and each ends with one."""
    found = (c_char_p * count).from_buffer_copy(words[at::step].tobytes())[:]
    return [data or b"" for data in found] if None in found else found


def _texts(words, at, step, count, session):
    return b"\0".join(_strings(words, at, step, count)).decode().split("\0")


def _numerics(words, at, step, count, session):
    return [Decimal(digits or 0) for digits in _texts(words, at, step, count, session)]


def _dates(words, at, step, count, session):
    days = words[at::step].tolist()
    if -719162 <= min(days) and max(days) <= 2932896:
        convert = date.fromordinal
        return [convert(719163 + day) for day in days]
    return [_date(day, 0, session) for day in days]


def _timestamps(words, at, step, count, session):
    try:
        return [_EPOCH + timedelta(0, 0, microseconds) for microseconds in words[at::step].tolist()]
    except OverflowError:
        return [_timestamp(microseconds, 0, session) for microseconds in words[at::step].tolist()]


def _timestamptzs(words, at, step, count, session):
    return [_timestamptz(microseconds, 0, session) for microseconds in words[at::step].tolist()]


def _jsons(words, at, step, count, session):
    return [json.loads(document or "null") for document in _texts(words, at, step, count, session)]


_COLUMNS = {BOOL: lambda words, at, step, *_: words.cast("B").cast("?")[8 * at::8 * step].tolist(),
            INT: lambda words, at, step, *_: words[at::step].tolist(),
            FLOAT: lambda words, at, step, *_: words.cast("B").cast("d")[at::step].tolist(),
            TEXT: _texts, NUMERIC: _numerics, DATE: _dates, TIMESTAMP: _timestamps, TIMESTAMPTZ: _timestamptzs,
            JSON: _jsons}


def columns(address, count, width, session):
    """The columns, as lists, of a block of `count` rows, at least one."""
    view = _memory(address, count * width * VALUE, _READ)
    words = view.cast("q")
    step = VALUE // 8 * width
    found = []
    for i in range(width):
        kinds = view[VALUE * i::VALUE * width].tobytes()
        nulls = kinds.count(NULL)
        kind = kinds[0] or max(kinds)
        if nulls == count:
            column = [None] * count
        elif kind in _COLUMNS and (kinds.count(kind) + nulls == count if nulls else kinds == bytes((kind,)) * count):
            # The words of a NULL are zeros, which every function above can take.
            column = _COLUMNS[kind](words, VALUE // 8 * i + 1, step, count, session)
            if nulls:
                column = [value if present else None for value, present in zip(column, kinds)]
        else:
            first = address + VALUE * i
            column = [_cell(cell, session) for cell in range(first, first + VALUE * width * count, VALUE * width)]
        found.append(column)
    return found


# What a row of such kinds is read by: the kinds of its cells, NULLs included, to a function of its bytes.
_plans = {}
# Kinds that a struct's format gives as they are.
_PLAIN = {BOOL: "?15x", INT: "q8x", FLOAT: "d8x"}


def _plan(kinds):
    """Compiles that function: with a hundred columns or one, it is one expression."""
    form, targets, items, names = "=", "", "", {}
    for i, kind in enumerate(kinds):
        plain = _PLAIN.get(kind)
        if kind == NULL:
            form += "24x"
            items += "None, "
        elif plain:
            form += "8x" + plain
            targets += "a%d, " % i
            items += "a%d, " % i
        elif kind in _CELLS and kind != BYTES:
            form += "8xqq"
            targets += "a%d, b%d, " % (i, i)
            items += "cell%d(a%d, b%d, session), " % (i, i, i)
            names["cell%d" % i] = _CELLS[kind]
        else:
            form += "24x"
            items += "any_cell(address + %d, session), " % (VALUE * i)
    names.update(unpack=struct.Struct(form).unpack, any_cell=_cell)
    source = "def plan(data, address, session):\n"
    if targets:
        source += "    %s= unpack(data)\n" % targets
    exec(source + "    return (%s)" % items, names)
    if len(_plans) >= 1000:
        _plans.clear()
    _plans[kinds] = names["plan"]
    return names["plan"]


def row(address, width, session):
    """One row of so many columns, at least one."""
    data = _copied(address, VALUE * width)
    kinds = data[::VALUE]
    return (_plans.get(kinds) or _plan(kinds))(data, address, session)


def rows(address, count, width, session):
    """A block of rows as a list of tuples."""
    if not width:
        return [()] * count
    step = VALUE * width
    if count < 4:
        return [row(address + step * i, width, session) for i in range(count)]
    found = []
    # Few enough at a time to stay in the processor's cache.
    for first in range(0, count, 2000):
        found += zip(*columns(address + step * first, min(2000, count - first), width, session))
    return found
