"""Connections."""
import re
from ctypes import byref, c_void_p
from datetime import timedelta, timezone

from . import errors
from ._call import call, check, obtain, rendered, string, strings
from ._interrupt import waiting
from ._lib import lib, text
from .cursor import cursor
from .errors import InterfaceError, NotSupportedError, ProgrammingError
from .session import ConnectionInfo, Notify, Xid

try:
    from zoneinfo import ZoneInfo
except ImportError:  # Python 3.8
    ZoneInfo = None

# psycopg2's numbers of isolation levels, in the order of the library's.
_LEVELS = [None, 4, 1, 2, 3]
_NAMES = {"DEFAULT": None, "READ UNCOMMITTED": 4, "READ COMMITTED": 1, "REPEATABLE READ": 2, "SERIALIZABLE": 3}
_DEFAULT, _UNCHANGED = -1, -2
_zones = {"UTC": timezone.utc}


def _zone(name):
    """The time zone of this name; UTC for one that Python does not know: the instant is the same."""
    if name not in _zones:
        found = timezone.utc
        # What PostgreSQL makes of SET TIME ZONE 3.5: "<+03:30>-03:30", where minus is east.
        fixed = re.fullmatch(r"<[^>]*>([+-]?)(\d+)(?::(\d+))?(?::(\d+))?", name)
        if fixed:
            hours, minutes, seconds = (int(part or 0) for part in fixed.groups()[1:])
            offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
            found = timezone(offset if fixed[1] == "-" else -offset)
        elif ZoneInfo:
            try:
                found = ZoneInfo(name)
            except (KeyError, ValueError, OSError):
                pass
        _zones[name] = found
    return _zones[name]


def _choice(value):
    """True, False, None or "default", as the library has them."""
    if value is None or isinstance(value, str) and value.upper() == "DEFAULT":
        return _DEFAULT
    return int(bool(value))


def _told(value):
    return None if value == _DEFAULT else bool(value)


def _level(value):
    """One of psycopg2's isolation levels, or its name, as the library's number."""
    if isinstance(value, str):
        if value.upper() not in _NAMES:
            raise ValueError("bad value for isolation_level: %r" % value)
        value = _NAMES[value.upper()]
    if value not in _LEVELS:
        raise ValueError("isolation_level must be between 1 and 4")
    return _LEVELS.index(value)


class connection:
    """A connection to a server. Threads may share it: their calls take turns."""

    _handle = None
    # As far as close() was called here.
    _closed = False
    cursor_factory = None
    # As literals all that is sent: psycopg2's way. Else the server is given parameters apart, where it takes them.
    binding = "auto"

    def __init__(self, dsn="", async_=0, **kwargs):
        if async_ or kwargs.get("async"):
            raise NotSupportedError("asynchronous connections are not supported")
        self._handle = obtain(lib.connect, string(dsn or "", "the dsn"))
        self._notices, self._notifies = [], []

    def __del__(self, free=lib.connection_free):
        handle, self._handle = self._handle, None
        if handle:
            free(handle)

    def __repr__(self):
        return "<connection object at %#x; dsn: %r, closed: %d>" % (id(self), self.dsn, self.closed)

    def __reduce__(self):
        raise TypeError("a connection cannot be pickled")

    def _call(self, function, *arguments):
        """Calls one of the library's functions for this connection, which may wait."""
        error = c_void_p()
        try:
            status = waiting(self._handle, function, self._handle, *arguments, byref(error))
        except BaseException:  # KeyboardInterrupt, that is
            lib.error_free(error)
            raise
        return check(status, error)

    def _open(self):
        if self._closed:
            raise InterfaceError("connection already closed")

    # ---- PEP 249 ----

    def close(self):
        self._call(lib.close)
        self._closed = True

    def commit(self):
        self._call(lib.commit)

    def rollback(self):
        self._call(lib.rollback)

    def cursor(self, name=None, cursor_factory=None, scrollable=None, withhold=False):
        self._open()
        if name is None and (scrollable is not None or withhold):
            raise ProgrammingError("only a named cursor can be scrollable or withhold")
        made = (cursor_factory or self.cursor_factory or cursor)(self, name)
        if not isinstance(made, cursor):
            raise TypeError("cursor factory must be subclass of %s.%s" % (cursor.__module__, cursor.__name__))
        if name is not None:
            made.scrollable, made.withhold = scrollable, withhold
        return made

    def __enter__(self):
        self._open()
        return self

    def __exit__(self, kind, value, traceback):
        """Ends the transaction; the connection stays open."""
        if kind is None:
            self.commit()
        else:
            self.rollback()

    closed = property(lambda self: 1 if self._closed else lib.connection_closed(self._handle),
                      doc="0: open, 1: closed, 2: broken.")

    # ---- the session ----

    @property
    def autocommit(self):
        return lib.connection_autocommit(self._handle)

    @autocommit.setter
    def autocommit(self, value):
        self._call(lib.connection_set_autocommit, bool(value))

    @property
    def isolation_level(self):
        return _LEVELS[lib.connection_isolation_level(self._handle)]

    @isolation_level.setter
    def isolation_level(self, value):
        self.set_session(isolation_level="DEFAULT" if value is None else value)

    @property
    def readonly(self):
        return _told(lib.connection_readonly(self._handle))

    @readonly.setter
    def readonly(self, value):
        self.set_session(readonly="DEFAULT" if value is None else value)

    @property
    def deferrable(self):
        return _told(lib.connection_deferrable(self._handle))

    @deferrable.setter
    def deferrable(self, value):
        self.set_session(deferrable="DEFAULT" if value is None else value)

    def set_session(self, isolation_level=None, readonly=None, deferrable=None, autocommit=None):
        """None leaves a thing as it is, "DEFAULT" makes it the server's default."""
        self._call(lib.connection_set_session,
                   _UNCHANGED if isolation_level is None else _level(isolation_level),
                   _UNCHANGED if readonly is None else _choice(readonly),
                   _UNCHANGED if deferrable is None else _choice(deferrable),
                   _UNCHANGED if autocommit is None else int(bool(autocommit)))

    def set_isolation_level(self, level):
        """psycopg2's old way: 0 is autocommit. Rolls back what is open."""
        level = None if level is None else int(level)
        self.rollback()
        if level == 0:
            self.autocommit = True
        else:
            self.set_session(isolation_level="DEFAULT" if level is None else level, autocommit=False)

    def reset(self):
        self._call(lib.connection_reset)

    def cancel(self):
        """From any thread: the command in progress fails. Never waits for it."""
        call(lib.connection_cancel, self._handle)

    encoding = property(lambda self: text(lib.connection_encoding(self._handle)))

    def set_client_encoding(self, encoding):
        self._call(lib.connection_set_encoding, string(encoding, "the encoding"))

    def get_parameter_status(self, name):
        found = rendered(lib.connection_parameter_status, self._handle, string(name, "the parameter's name"))
        return None if found is None else found.decode("utf-8", "replace")

    def zone(self):
        """The session's time zone."""
        return _zone(self.get_parameter_status("TimeZone") or "UTC")

    # ---- what the server tells unasked ----

    @property
    def notices(self):
        while True:
            notice = obtain(lib.connection_notice, self._handle)
            if notice is None:
                break
            self._notices.append(text(lib.error_message(notice)) + "\n")
            lib.error_free(notice)
        if isinstance(self._notices, list):
            del self._notices[:-50]
        return self._notices

    @notices.setter
    def notices(self, value):
        self._notices = value

    @property
    def notifies(self):
        while True:
            notify = obtain(lib.connection_notify, self._handle)
            if notify is None:
                return self._notifies
            self._notifies.append(Notify.of(notify))

    @notifies.setter
    def notifies(self, value):
        self._notifies = value

    def poll(self):
        """Takes what has arrived; notifications are then in `notifies`."""
        self.wait_notify(0)
        return 0

    def wait_notify(self, timeout=None):
        """Waits for a notification at most so many seconds; whether one came. It is then in `notifies`."""
        left = -1 if timeout is None else min(max(0, int(timeout * 1000)), 1 << 53)
        notify = c_void_p()
        while True:
            # In slices, so that Python may call other handlers than Ctrl-C's.
            slice_ = 200 if left < 0 else min(left, 200)
            try:
                self._call(lib.connection_wait_notify, slice_, byref(notify))
            finally:
                if notify:  # also with a KeyboardInterrupt
                    self._notifies.append(Notify.of(notify))
            if notify:
                return True
            if left >= 0:
                left -= slice_
                if left <= 0:
                    return False

    # ---- two-phase commit ----

    def xid(self, format_id, gtrid, bqual):
        return Xid(format_id, gtrid, bqual)

    def _xid(self, function, xid):
        if isinstance(xid, str):
            xid = Xid.from_string(xid)
        elif not isinstance(xid, (Xid, type(None))):
            raise TypeError("a transaction id must be an Xid or a str, not %s" % type(xid).__name__)
        handle = xid and xid.handle()
        try:
            self._call(function, handle)
        finally:
            lib.xid_free(handle)

    def tpc_begin(self, xid):
        self._xid(lib.tpc_begin, xid)

    def tpc_prepare(self):
        self._call(lib.tpc_prepare)

    def tpc_commit(self, xid=None):
        self._xid(lib.tpc_commit, xid)

    def tpc_rollback(self, xid=None):
        self._xid(lib.tpc_rollback, xid)

    def tpc_recover(self):
        found = c_void_p()
        self._call(lib.tpc_recover, byref(found))
        try:
            return [Xid.of(obtain(lib.xid_list_item, found, i)) for i in range(lib.xid_list_count(found))]
        finally:
            lib.xid_list_free(found)

    # ---- facts ----

    dsn = property(lambda self: text(lib.connection_dsn(self._handle)))
    server_version = property(lambda self: lib.connection_server_version(self._handle))
    protocol_version = property(lambda self: lib.connection_protocol_version(self._handle) // 10000)
    info = property(ConnectionInfo)
    async_ = 0

    @property
    def status(self):
        """STATUS_READY, or STATUS_BEGIN in a transaction."""
        return 2 if self.get_transaction_status() in (2, 3) else 1

    def get_transaction_status(self):
        return lib.connection_transaction_status(self._handle)

    def get_backend_pid(self):
        return lib.connection_backend_pid(self._handle)

    def get_dsn_parameters(self):
        return self.info.dsn_parameters

    def isexecuting(self):
        return self.get_transaction_status() == 1

    def fileno(self):
        found = lib.connection_fileno(self._handle)
        if found < 0:
            raise InterfaceError("connection already closed")
        return found

    def lobject(self, *args, **kwargs):
        raise NotSupportedError("large objects are not supported")


for _name in ("Warning", "Error", "InterfaceError", "DatabaseError", "DataError", "OperationalError", "IntegrityError",
              "InternalError", "ProgrammingError", "NotSupportedError"):
    setattr(connection, _name, getattr(errors, _name))


def _keyword(value):
    return None if value is None else string(str(value), "a connection parameter")


def make_dsn(dsn=None, **kwargs):
    """One connection string of a dsn and keywords beside it. None leaves a keyword unset."""
    found = rendered(lib.conninfo_make_dsn, None if dsn is None else string(dsn, "the dsn"),
                     strings([string(name, "a keyword") for name in kwargs]),
                     strings([_keyword(value) for value in kwargs.values()]))
    return found.decode()


def connect(dsn=None, connection_factory=None, cursor_factory=None, async_=False, **kwargs):
    """Connects to a server: PEP 249's connect, with psycopg2's arguments. What they leave out comes from the
    environment (PGHOST and the like) and from defaults."""
    if async_ or kwargs.pop("async", False):
        raise NotSupportedError("asynchronous connections are not supported")
    made = (connection_factory or connection)(make_dsn(dsn, **kwargs) if kwargs or dsn is None else dsn)
    if cursor_factory is not None:
        made.cursor_factory = cursor_factory
    return made
