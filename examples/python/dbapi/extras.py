"""psycopg2.extras: cursors with other rows, types that are asked for, statements in batches."""
import re
from collections import OrderedDict, namedtuple
from functools import lru_cache
from uuid import UUID

from . import _rows
from ._rows import HSTORE, UUID_, register
from .cursor import cursor
from .types import DateRange, DateTimeRange, DateTimeTZRange, Json, NumericRange, Range  # noqa: F401


class DictRow(list):
    """A row whose cells have numbers and names."""

    __slots__ = ("_index",)

    def __init__(self, cells, index):
        super().__init__(cells)
        self._index = index

    def _at(self, key):
        return key if isinstance(key, (int, slice)) else self._index[key]

    def __getitem__(self, key):
        return list.__getitem__(self, self._at(key))

    def __setitem__(self, key, value):
        list.__setitem__(self, self._at(key), value)

    def get(self, key, default=None):
        return self[key] if key in self._index else default

    def keys(self):
        return iter(self._index)

    def values(self):
        return iter(self)

    def items(self):
        return ((name, self[i]) for name, i in self._index.items())

    def copy(self):
        return OrderedDict(self.items())

    def __contains__(self, key):
        return key in self._index

    def __reduce__(self):
        return DictRow, (list(self), self._index)


class DictCursor(cursor):
    """Its rows are lists that know their columns' names too."""

    def _made(self, rows):
        index = OrderedDict((column.name, i) for i, column in enumerate(self.description or ()))
        return [DictRow(row, index) for row in rows]


class RealDictRow(OrderedDict):
    """A row by name alone."""


class RealDictCursor(cursor):
    """Its rows are dicts."""

    def _made(self, rows):
        names = [column.name for column in self.description or ()]
        return [RealDictRow(zip(names, row)) for row in rows]


@lru_cache(512)
def _record(names):
    clean = []
    for name in names:
        name = re.sub(r"\W", "_", name)
        clean.append("f" + name if not name or name[0] == "_" or name[0].isdigit() else name)
    # A name that is there twice, or a keyword, becomes its number.
    return namedtuple("Record", clean, rename=True)


class NamedTupleCursor(cursor):
    """Its rows are named tuples."""

    def _made(self, rows):
        make = _record(tuple(column.name for column in self.description or ()))._make
        return [make(row) for row in rows]


def register_uuid(oids=None, conn_or_curs=None):
    """Has uuids arrive as uuid.UUID, on all connections."""
    register(UUID_, lambda first, second, session: UUID(bytes=_rows.words(first, second)))


def register_hstore(conn_or_curs=None, globally=True, unicode=False, oid=None, array_oid=None):
    """Has hstores arrive as dicts, on all connections."""
    register(HSTORE, _rows.hstore)


def execute_batch(cur, sql, argslist, page_size=100):
    """psycopg2's help for its slow executemany; here executemany itself is quick."""
    cur.executemany(sql, argslist)


def execute_values(cur, sql, argslist, template=None, page_size=100, fetch=False):
    """A statement with one %s, in whose place go the rows of VALUES, `page_size` at a time."""
    before, after = re.fullmatch(r"(?s)((?:[^%]|%%)*)%s((?:[^%]|%%)*)", cur._sql(sql)).groups()
    before, after = before.replace("%%", "%"), after.replace("%%", "%")
    rows, found = list(argslist), []
    for first in range(0, len(rows), page_size):
        page = []
        for row in rows[first:first + page_size]:
            form = template or "(%s)" % ",".join(["%s"] * len(row))
            page.append(cur.mogrify(form, row).decode())
        cur.execute(before + ",".join(page) + after)
        if fetch:
            found += cur.fetchall()
    return found if fetch else None
