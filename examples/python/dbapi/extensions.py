"""psycopg2.extensions: constants, adapters, and functions on connection strings."""
import datetime
import math
from decimal import Decimal

from . import _interrupt
from ._call import obtain, rendered, string
from ._lib import lib
from ._params import adapters
from .connection import connection, make_dsn  # noqa: F401
from .cursor import Description as Column  # noqa: F401
from .cursor import cursor  # noqa: F401
from .errors import Diagnostics, ProgrammingError, QueryCanceledError, TransactionRollbackError  # noqa: F401
from .session import ConnectionInfo, Notify, Xid, conninfo  # noqa: F401
from .types import Binary  # noqa: F401

ISOLATION_LEVEL_AUTOCOMMIT = 0
ISOLATION_LEVEL_READ_COMMITTED = 1
ISOLATION_LEVEL_REPEATABLE_READ = 2
ISOLATION_LEVEL_SERIALIZABLE = 3
ISOLATION_LEVEL_READ_UNCOMMITTED = 4
ISOLATION_LEVEL_DEFAULT = None

STATUS_READY = 1
STATUS_BEGIN = STATUS_IN_TRANSACTION = 2

TRANSACTION_STATUS_IDLE = 0
TRANSACTION_STATUS_ACTIVE = 1
TRANSACTION_STATUS_INTRANS = 2
TRANSACTION_STATUS_INERROR = 3
TRANSACTION_STATUS_UNKNOWN = 4

POLL_OK = 0


def register_adapter(kind, adapter):
    """Has `adapter(value)` stand for each value of a type: something that is a parameter itself, or that has
    getquoted(), which gives SQL."""
    adapters[kind] = adapter


def parse_dsn(dsn):
    """What a connection string says, as a dict."""
    return conninfo(obtain(lib.conninfo_parse, string(dsn, "the dsn")))


def quote_ident(name, scope=None):
    """A name as SQL has it."""
    if not isinstance(name, str):
        raise TypeError("a name must be a str, not %s" % type(name).__name__)
    if not name or "\0" in name:
        raise ProgrammingError("a name cannot be empty, or have a NUL character in it")
    return '"%s"' % name.replace('"', '""')


def encrypt_password(password, user, scope=None, algorithm=None):
    """What to give a role as its password, so that the password itself never travels."""
    return rendered(lib.encrypt_password, scope and getattr(scope, "connection", scope)._handle,
                    string(user, "the user"), string(password, "the password"),
                    None if algorithm is None else string(algorithm, "the algorithm")).decode()


def interruptible(enabled):
    """Whether Ctrl-C cancels what the main thread waits for, as at first; else KeyboardInterrupt comes afterwards."""
    _interrupt.enabled = bool(enabled)


class ISQLQuote:
    """What an adapter is: it has getquoted(), which gives SQL, in bytes."""

    def __init__(self, wrapped=None):
        self.adapted = self._wrapped = wrapped

    def getquoted(self):
        raise NotImplementedError

    def __str__(self):
        return self.getquoted().decode()


class AsIs(ISQLQuote):
    """SQL, put in as it is. Never of what a stranger may have written."""

    def getquoted(self):
        return str(self.adapted).encode()


class QuotedString(ISQLQuote):
    """A text as a literal, which any setting of standard_conforming_strings reads alike."""

    suffix = b""

    def getquoted(self):
        data = string(str(self.adapted), "a text").replace(b"'", b"''")
        prefix = b" E" if b"\\" in data else b""
        return prefix + b"'" + data.replace(b"\\", b"\\\\") + b"'" + self.suffix


class Float(ISQLQuote):
    """A float as a literal."""

    def getquoted(self):
        found = repr(float(self.adapted)).encode()
        return found if math.isfinite(self.adapted) else b"'%s'::float" % found


class DateFromPy(QuotedString):
    """A date as a literal."""

    suffix = b"::date"


class TimeFromPy(QuotedString):
    """A time of day as a literal."""

    @property
    def suffix(self):
        return b"::timetz" if self.adapted.tzinfo else b"::time"


class TimestampFromPy(QuotedString):
    """A datetime as a literal."""

    @property
    def suffix(self):
        return b"::timestamptz" if self.adapted.tzinfo else b"::timestamp"


class IntervalFromPy(ISQLQuote):
    """A timedelta as a literal."""

    def getquoted(self):
        value = self.adapted
        return b"'%d days %d.%06d seconds'::interval" % (value.days, value.seconds, value.microseconds)


_BY_TYPE = {str: QuotedString, datetime.datetime: TimestampFromPy, datetime.date: DateFromPy,
            datetime.time: TimeFromPy, datetime.timedelta: IntervalFromPy, int: AsIs, Decimal: AsIs, float: Float}


def adapt(value):
    """An object whose getquoted() gives a value as SQL."""
    for kind in type(value).__mro__:
        if kind in adapters:
            made = adapters[kind](value)
            return made if hasattr(made, "getquoted") else adapt(made)
        if kind is bool:
            return AsIs("true" if value else "false")
        if kind in _BY_TYPE:
            return _BY_TYPE[kind](value)
    if value is None:
        return AsIs("NULL")
    if hasattr(value, "getquoted"):
        return value
    raise ProgrammingError("can't adapt type %r" % type(value).__name__)
