"""How a cursor's rows are fetched: in blocks, each of which is one call."""
import operator
import threading

from . import _rows
from ._call import check
from ._lib import lib
from .errors import DataError, InterfaceError, ProgrammingError

# How many rows are asked for and turned into Python's at a time.
BLOCK = 2000
# So few rows are read one by one, and not as columns.
FEW = 10
_READ_AHEAD = 1024
TAKEN = "the cursor is in a call"


class Turn:
    """One call on a cursor at a time, for each ends the life of the rows that the last gave: other threads wait.
    A signal handler, which would wait for itself, gets an error."""

    __slots__ = ("lock", "taken")

    def __init__(self):
        self.lock, self.taken = threading.RLock(), False

    def __enter__(self):
        self.lock.acquire()
        if self.taken:
            self.lock.release()
            raise InterfaceError(TAKEN)
        self.taken = True

    def __exit__(self, kind, value, traceback):
        self.taken = False
        self.lock.release()


def _count(value, what, least=0):
    """A number of rows. (ctypes would take any int, and cut it off.)"""
    value = operator.index(value)
    if value < least:
        raise ProgrammingError("%s must be at least %d, not %d" % (what, least, value))
    return min(value, 1 << 40)


class Fetching:
    """What fetches, of a cursor."""

    def _fetch(self, size):
        """At most so many rows of the library's, as tuples; none at the end."""
        if size < FEW or self.name is None and -1 < lib.rowcount(self._handle) < FEW:
            return self._fetch_few(size)
        if self.name is None:
            # This one never waits.
            status = lib.fetch_columns(self._handle, size, *self._block_places)
            if status < 0:
                check(status, self._error)
        else:
            status = self._call(lib.fetch_columns, size, *self._block_places[:3])
            self._width = self._description = None
        if status:
            return []
        self._zone = None
        rows, odd = _rows.block(self._rows.value, self._columns.value, self._nrows.value, self)
        if odd:
            self._odd = True
        return rows

    def _fetch_few(self, size):
        """The same row by row, which takes less for so few."""
        if self.name is None:
            status = lib.fetchmany(self._handle, size, *self._places)
            if status < 0:
                check(status, self._error)
        else:
            status = self._call(lib.fetchmany, size, *self._places[:2])
            self._width = self._description = None
        if status:
            return []
        if self._width is None:
            lib.description(self._handle, self._place)
            self._width = self._columns.value
        self._zone = None
        address, count, width = self._rows.value, self._nrows.value, self._width
        if not width:
            return [()] * count
        return [self._row(address + _rows.VALUE * width * i, width) for i in range(count)]

    def _row(self, address, width):
        try:
            return _rows.row(address, width, self)
        except DataError as error:
            # A value that Python has not is the error of its own row.
            self._odd = True
            return error

    def _next(self, step):
        """The next row, or None; `step` rows are read if there are none ahead."""
        ahead = self._ahead
        if not ahead:
            block = self._fetch(step)
            if not block:
                return None
            if len(block) == 1:
                ahead = block
            else:
                block.reverse()
                ahead[:] = block
        row = ahead.pop()
        if type(row) is not tuple:
            raise row
        return row

    def _take(self, size):
        """At most so many rows; None: all."""
        found = []
        while self._ahead and (size is None or len(found) < size):
            found.append(self._ahead.pop())
        while size is None or len(found) < size:
            if self.name is not None:
                # One FETCH for all of them.
                step = (1 << 31) - 1 if size is None else size - len(found)
            else:
                step = BLOCK if size is None else min(BLOCK, size - len(found))
            block = self._fetch(step)
            found += block
            if len(block) < step:
                break
        if self._odd:
            for row in found:
                if type(row) is not tuple:
                    raise row
        return found

    def fetchone(self):
        turn = self._turn
        with turn.lock:
            if turn.taken:
                raise InterfaceError(TAKEN)
            turn.taken = True
            try:
                row = self._fetchone()
            finally:
                turn.taken = False
        return row if row is None or self._made is None else self._made([row])[0]

    def _fetchone(self):
        if self._closed or self.connection._closed or self._handle is None or self._counted is not None:
            self._fetchable()
        # Of what is on the server one at a time: the server's own state must be what was asked for.
        step = 1 if self.name is not None else self._step
        if step < _READ_AHEAD and not self._ahead:
            self._step = 2 * step
        return self._next(step)

    def fetchmany(self, size=None):
        with self._turn:
            self._fetchable()
            rows = self._take(_count(self.arraysize if size is None else size, "size"))
        return rows if self._made is None else self._made(rows)

    def fetchall(self):
        with self._turn:
            self._fetchable()
            rows = self._take(None)
        return rows if self._made is None else self._made(rows)

    def __iter__(self):
        return self

    def __next__(self):
        with self._turn:
            self._fetchable()
            row = self._next(_count(self.itersize, "itersize", 1) if self.name is not None else _READ_AHEAD)
        if row is None:
            raise StopIteration
        return row if self._made is None else self._made([row])[0]

    next = __next__

    def _fetchable(self):
        self._open()
        if self._handle is None or self._counted is not None:
            raise ProgrammingError("no results to fetch")

    def scroll(self, value, mode="relative"):
        if mode not in ("relative", "absolute"):
            raise ProgrammingError("mode must be 'relative' or 'absolute', not %r" % (mode,))
        value = operator.index(value)
        with self._turn:
            self._fetchable()
            if mode == "relative":
                if self._ahead and 0 <= value <= len(self._ahead):
                    del self._ahead[len(self._ahead) - value:]
                    return
                value -= len(self._ahead)
            if not -1 << 63 <= value < 1 << 63:
                raise ProgrammingError("scroll destination out of bounds")
            self._call(lib.scroll, value, int(mode == "absolute"))
            self._ahead.clear()
