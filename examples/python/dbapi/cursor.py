"""Cursors."""
import operator
from collections.abc import Mapping, Sequence
from ctypes import byref, c_size_t, c_void_p
from datetime import timezone

from ._call import call, check, obtain, string, strings
from ._interrupt import waiting
from ._lib import COLUMN, Column, Value, lib, text
from ._params import Literal, Parameters, bindable, fill, quick
from .errors import Error, InterfaceError, NotSupportedError, ProgrammingError
from .fetching import BLOCK, TAKEN, Fetching, Turn


class Description(tuple):
    """A column of a description: PEP 249's seven items, which have names too."""

    name, type_code, display_size, internal_size, precision, scale, null_ok = (
        property(operator.itemgetter(i)) for i in range(7))
    table_oid = table_column = None

    @classmethod
    def at(cls, address):
        column = Column.from_address(address)
        items = (column.display_size, column.internal_size, column.precision, column.scale, column.null_ok)
        found = cls((text(column.name), column.type_code) + tuple(None if item < 0 else item for item in items))
        found.table_oid, found.table_column = column.table_oid or None, column.table_column or None
        return found

    def __repr__(self):
        return "Column(name=%r, type_code=%r)" % (self.name, self.type_code)


class cursor(Fetching):
    """A cursor on a connection. With a name it is a server-side one."""

    _handle = None
    arraysize = 1
    itersize = BLOCK
    # Called with the offset of a timestamptz, a timedelta; None: they come without a time zone.
    tzinfo_factory = timezone
    # What a subclass makes of a list of tuples.
    _made = None
    # Keeps the results of every statement of an execute, for nextset; else the last one's.
    all_results = False
    lastrowid = property(lambda self: lib.lastrowid(self._handle))

    def __init__(self, conn, name=None):
        self.connection, self.name = conn, name
        self.scrollable, self.withhold = None, False
        self._binding = conn.binding
        self._closed = False
        self._turn = Turn()
        self._width = self._description = self._counted = self._zone = None
        # `_odd`: some of the rows may be errors. `_literals`: what the library was told of parameters.
        self._keeps_all = self._literals = self._odd = False
        # The last statement as the library takes it; Values to be used again, by their number.
        self._last, self._slots = (None, None, False), {}
        # Rows that were read but not yet handed out, the last first; and how many to read next.
        self._ahead, self._step = [], 1
        self._rows, self._nrows, self._error, self._columns = c_void_p(), c_size_t(), c_void_p(), c_size_t()
        self._places = byref(self._rows), byref(self._nrows), byref(self._error)
        self._place = byref(self._columns)
        self._block_places = self._places[0], self._place, self._places[1], self._places[2]
        if name is None:
            self._handle = obtain(lib.cursor, conn._handle)
        else:
            string(name, "the cursor's name")

    def __del__(self, free=lib.cursor_free):
        handle, self._handle = self._handle, None
        if handle:
            free(handle)

    def __repr__(self):
        return "<cursor object at %#x; closed: %d>" % (id(self), self.closed)

    def handle(self):
        """The library's handle. A named cursor has one once its attributes count."""
        if self._handle is None:
            scrollable = -1 if self.scrollable is None else int(bool(self.scrollable))
            self._handle = obtain(lib.cursor_named, self.connection._handle, string(self.name, "the cursor's name"),
                                  scrollable, bool(self.withhold))
        return self._handle

    def _call(self, function, *arguments):
        """Calls one of the library's functions for this cursor, which may wait. Not but in turn."""
        error = self._error
        try:
            status = waiting(self.connection._handle, function, self._handle, *arguments, self._places[2])
        except BaseException:  # KeyboardInterrupt, that is
            lib.error_free(error)
            error.value = None
            raise
        if status < 0:
            try:
                check(status, error)
            except Error as raised:
                raised.cursor = self
                raise
        return status

    def _open(self):
        if self._closed:
            raise InterfaceError("cursor already closed")
        if self.connection._closed:
            raise InterfaceError("connection already closed")

    @property
    def binding(self):
        """"auto": the server is given parameters apart, where it takes them. "client": as literals, psycopg2's way."""
        return self._binding

    @binding.setter
    def binding(self, value):
        if value not in ("auto", "client"):
            raise ProgrammingError("binding must be 'auto' or 'client', not %r" % (value,))
        self._binding, self._last = value, (None, None, False)

    # ---- executing ----

    def _sql(self, query):
        """A statement as a str, of a str, of bytes or of what dbapi.sql composes."""
        if isinstance(query, bytes):
            query = query.decode()
        elif hasattr(query, "as_string"):
            query = query.as_string(self)
        if not isinstance(query, str):
            raise TypeError("a statement must be a str, not %s" % type(query).__name__)
        return query

    def _begin(self):
        """What was there before goes, whether or not what follows succeeds."""
        if self.all_results != self._keeps_all:
            call(lib.cursor_set_all_results, self._handle, bool(self.all_results))
            self._keeps_all = self.all_results
        self._width = self._description = self._counted = None
        self._ahead.clear()
        self._step, self._odd = 1, False

    def execute(self, query, vars=None):
        turn = self._turn
        with turn.lock:
            # As `with turn`, but it takes fewer steps.
            if turn.taken:
                raise InterfaceError(TAKEN)
            turn.taken = True
            try:
                self._execute(query if type(query) is str else self._sql(query), vars)
            finally:
                turn.taken = False

    def _execute(self, query, given):
        if self._closed or self.connection._closed:
            self._open()
        if self._handle is None:
            self.handle()
        last, sql, plain = self._last
        if query != last:
            sql = string(query, "a statement")
            plain = self.binding != "client" and bindable(query)
            self._last = query, sql, plain
        if type(given) is tuple or type(given) is list:
            # The way of most statements, and the same as below.
            count = len(given)
            try:
                values, slots = self._slots[count]
            except KeyError:
                values = (Value * count)()
                slots = list(values)
                if count <= 100:
                    self._slots[count] = values, slots
            if quick(slots, given):
                self._begin()
                if plain is self._literals:
                    self._bind(plain)
                self._call(lib.execute, sql, values, count)
                return
        parameters = None if given is None else Parameters(self, query, given)
        self._begin()
        if parameters is None:
            self._call(lib.execute, sql, None, 0)
        elif parameters.literals:
            self._call(lib.execute, parameters.mogrify(self._handle, sql), None, 0)
        else:
            self._bind(plain)
            if parameters.names is None:
                self._call(lib.execute, sql, parameters.values, parameters.count)
            else:
                self._call(lib.execute_named, sql, parameters.names, parameters.values, parameters.count)

    def _bind(self, plain):
        """Has the library send parameters apart, or as literals."""
        if plain is self._literals:
            call(lib.cursor_set_binding, self._handle, int(not plain))
            self._literals = not plain

    def executemany(self, query, vars_list):
        """All rows in one pipeline; one statement after the other if one has what has to be a literal, or if there
        may be several in `query`."""
        query = self._sql(query)
        with self._turn:
            self._open()
            if self.name is not None:
                raise ProgrammingError("can't call .executemany() on named cursors")
            rows = list(vars_list)
            self.handle()
            if rows and self._pipeline(query, rows):
                return
            total = 0
            for row in rows:
                self._execute(query, row)
                total += max(0, lib.rowcount(self._handle))
            self._begin()
            # The library has the last row's result; PEP 249 has none.
            self._counted = total

    def _pipeline(self, query, rows):
        """Sends all rows; or says that it cannot, since one has what no server can bind."""
        sql = string(query, "a statement")
        if ";" in query.rstrip("; \t\r\n"):
            return False
        names = None
        if isinstance(rows[0], Mapping):
            # As in execute, only what the statement names. What a row lacks the library then misses.
            names = [name for name in rows[0] if "%%(%s)s" % name in query and all(name in row for row in rows)]
            rows = [[row[name] for name in names] for row in rows]
        width = len(rows[0])
        values, keep = (Value * (width * len(rows)))(), []
        slots = iter(values)
        try:
            for number, row in enumerate(rows):
                if isinstance(row, (str, bytes)) or not isinstance(row, Sequence):
                    raise TypeError("parameters must be a sequence or a mapping, not %s" % type(row).__name__)
                if len(row) != width:
                    raise ProgrammingError("row %d has not as many parameters as the first" % number)
                for value in row:
                    fill(next(slots), value, keep)
        except Literal:
            return False
        self._begin()
        self._bind(self.binding != "client" and bindable(query))
        if names is None:
            self._call(lib.executemany, sql, values, width, len(rows))
        else:
            names = strings([string(name, "a parameter's name") for name in names])
            self._call(lib.executemany_named, sql, names, values, width, len(rows))
        return True

    def mogrify(self, query, vars=None):
        """The statement, in bytes, with its parameters as literals."""
        query = self._sql(query)
        with self._turn:
            self._open()
            self.handle()
            sql = string(query, "a statement")
            return sql if vars is None else Parameters(self, query, vars).mogrify(self._handle, sql)

    def callproc(self, procname, parameters=None):
        name = string(procname, "the function's name")
        with self._turn:
            self._open()
            self.handle()
            given = Parameters(self, None, parameters or ())
            if given.literals:
                raise NotSupportedError("callproc cannot be given tuples, or what has to be a literal")
            self._begin()
            if given.names is None:
                self._call(lib.callproc, name, given.values, given.count)
            else:
                self._call(lib.callproc_named, name, given.names, given.values, given.count)
        return parameters

    def setinputsizes(self, sizes):
        """Accepted, and without effect, as in psycopg2."""
        self._open()

    def setoutputsize(self, size, column=None):
        """Accepted, and without effect: values come whole."""
        self._open()

    def nextset(self):
        """Goes to the next statement's result; None if there is none. `all_results` has to be set before execute."""
        with self._turn:
            self._fetchable()
            if not self.all_results:
                raise NotSupportedError("nextset needs all_results")
            if self._call(lib.nextset):
                return None
            self._width = self._description = None
            self._ahead.clear()
            return True

    # ---- what is known of the last statement ----

    @property
    def description(self):
        with self._turn:
            if self._description is None and self._handle and self._counted is None:
                address = lib.description(self._handle, self._place)
                if address:
                    width = self._columns.value
                    self._description = tuple(Description.at(address + COLUMN * i) for i in range(width))
            return self._description

    @property
    def rowcount(self):
        if self._handle is None:
            return -1
        return lib.rowcount(self._handle) if self._counted is None else self._counted

    @property
    def rownumber(self):
        found = 0 if self._handle is None else lib.rownumber(self._handle)
        return found if found < 0 else found - len(self._ahead)

    statusmessage = property(lambda self: text(lib.cursor_statusmessage(self._handle)))
    query = property(lambda self: lib.cursor_query(self._handle))

    @property
    def closed(self):
        return self._closed or self.connection._closed

    def close(self):
        with self._turn:
            self._closed = True
            self._ahead.clear()
            if self._handle:
                self._call(lib.cursor_close)

    def __enter__(self):
        self._open()
        return self

    def __exit__(self, kind, value, traceback):
        self.close()

    def local(self, instant):
        """A datetime in UTC as one with the session's offset from it, as of this fetch."""
        if self._zone is None:
            self._zone = self.connection.zone()
        factory = self.tzinfo_factory
        if self._zone is timezone.utc and factory is timezone:
            return instant
        instant = instant.astimezone(self._zone)
        return instant.replace(tzinfo=factory and factory(instant.utcoffset()))

    # ---- COPY ----

    def copy_expert(self, sql, file, size=8192):
        raise NotSupportedError("COPY is not supported")

    def copy_from(self, file, table, sep="\t", null="\\N", size=8192, columns=None):
        raise NotSupportedError("COPY is not supported")

    def copy_to(self, file, table, sep="\t", null="\\N", columns=None):
        raise NotSupportedError("COPY is not supported")
