"""From the library's blocks to Python's values.

A block of rows comes as columns (dbapi_fetch_columns), each of which is one array of numbers, or one text that is
split where its values end: a few calls into C, whatever the number of rows. What has no such form comes as an array of
values, as do the items of an array; that is read as plain memory too: a slice of a memoryview is one member of all of
them, and `tolist`, `bytes.count` and their like walk it in C. One row is read by one struct format instead, which costs
less for so few cells.
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


# ---- a column of values: functions of their words, of the place of the first cell and the distance between two ----


def _strings(words, at, step, count):
    """The bytes of texts; what is no text is empty. None of them has a NUL in it, and each ends with one."""
    found = (c_char_p * count).from_buffer_copy(words[at::step].tobytes())[:]
    return [data or b"" for data in found] if None in found else found


def _texts(words, at, step, count):
    return b"\0".join(_strings(words, at, step, count)).decode().split("\0")


def _integers(words, at, step, count):
    return words[at::step].tolist()


def _floats(words, at, step, count):
    return words.cast("B").cast("d")[at::step].tolist()


def _bools(words, at, step, count):
    return words.cast("B").cast("?")[8 * at::8 * step].tolist()


# The kinds that are read a column at a time: how they are when they are read so.
_FORMS = {BOOL: _bools, INT: _integers, FLOAT: _floats, TEXT: _texts, NUMERIC: _texts, DATE: _integers,
          TIMESTAMP: _integers, TIMESTAMPTZ: _integers, JSON: _texts}


# ---- and what is made of a whole column of them; where there is a NULL, of 0 or "" ----


def _numerics(digits, session):
    return [Decimal(number or 0) for number in digits]


def _dates(days, session):
    if -719162 <= min(days) and max(days) <= 2932896:
        convert = date.fromordinal
        return [convert(719163 + day) for day in days]
    return [_date(day, 0, session) for day in days]


def _timestamps(column, session):
    try:
        return [_EPOCH + timedelta(0, 0, microseconds) for microseconds in column]
    except OverflowError:
        return [_timestamp(microseconds, 0, session) for microseconds in column]


def _timestamptzs(column, session):
    return [_timestamptz(microseconds, 0, session) for microseconds in column]


def _jsons(documents, session):
    return [json.loads(document or "null") for document in documents]


def _as_they_are(column, session):
    return column


_COLUMNS = {BOOL: _as_they_are, INT: _as_they_are, FLOAT: _as_they_are, TEXT: _as_they_are, NUMERIC: _numerics,
            DATE: _dates, TIMESTAMP: _timestamps, TIMESTAMPTZ: _timestamptzs, JSON: _jsons}


def columns(address, count, width, session):
    """The columns, as lists, of an array of `count` rows of values, at least one."""
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
            column = _COLUMNS[kind](_FORMS[kind](words, VALUE // 8 * i + 1, step, count), session)
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


# ---- blocks of columns ----

VALUES, INT64, DOUBLE, BOOLS, TEXTS = range(5)
_NUMBERS = {INT64: ("q", 8), DOUBLE: ("d", 8), BOOLS: ("?", 1)}
# dbapi_block_column_t: kind, layout, oid, reserved, null_count, nulls, data, data_size, offsets, reserved_data.
_BLOCK_COLUMN = struct.Struct("iiIINPPNPP")
# Few enough rows to stay in the processor's cache.
_PORTION = 2000


def _portion(column, first, count, session):
    """Of a column, the values of `count` rows from row `first` on, as a list or a tuple."""
    kind, layout, _, _, null_count, nulls, data, _, offsets, _ = column
    if layout == VALUES:
        return columns(data + VALUE * first, count, 1, session)[0]
    if null_count:
        nulls = _copied(nulls + first, count)
        null_count = nulls.count(1)
        if null_count == count:
            return (None,) * count
    make = _COLUMNS.get(kind)
    if make is None:
        return [_cell_of(column, row, session) for row in range(first, first + count)]
    if layout == TEXTS:
        start, end = _offset(offsets, first), _offset(offsets, first + count)
        found = _string(data + start, end - start - 1).split("\0")
    else:
        form, size = _NUMBERS[layout]
        found = struct.unpack("%d%s" % (count, form), _memory(data + size * first, size * count, _READ))
    if make is not _as_they_are:
        found = make(found, session)
    if null_count:
        return [None if null else value for value, null in zip(found, nulls)]
    return found


def _offset(offsets, row):
    return ctypes.c_int64.from_address(offsets + 8 * row).value


def _cell_of(column, row, session):
    """One row's value by itself."""
    kind, layout, oid, _, null_count, nulls, data, _, offsets, _ = column
    if layout == VALUES:
        return _cell(data + VALUE * row, session)
    if null_count and ctypes.c_uint8.from_address(nulls + row).value:
        return None
    if layout == TEXTS:
        start = _offset(offsets, row)
        found = _CELLS[kind](data + start, _offset(offsets, row + 1) - start - 1, session)
        return memoryview(found) if kind == BYTES and oid == 17 else found
    form, size = _NUMBERS[layout]
    found, = struct.unpack(form, _memory(data + size * row, size, _READ))
    return found if layout == DOUBLE else _CELLS[kind](found, 0, session)


def _odd_cell(column, row, session):
    """The same, or the error that it is."""
    try:
        return _cell_of(column, row, session)
    except DataError as error:
        return error


def block(address, width, count, session):
    """The rows of a block of columns, as a list of tuples; and whether some of them are errors instead: a value that
    Python has not is the error of its own row."""
    if not width:
        return [()] * count, False
    found = list(_BLOCK_COLUMN.iter_unpack(_copied(address, _BLOCK_COLUMN.size * width)))
    try:
        rows = []
        for first in range(0, count, _PORTION):
            size = min(_PORTION, count - first)
            rows += zip(*[_portion(column, first, size, session) for column in found])
        return rows, False
    except DataError:
        rows = zip(*[[_odd_cell(column, row, session) for row in range(count)] for column in found])
        return [next((cell for cell in row if isinstance(cell, DataError)), row) for row in rows], True
