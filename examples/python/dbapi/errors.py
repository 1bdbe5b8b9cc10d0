"""PEP 249's exceptions, and as in psycopg2 a subclass for each SQLSTATE: `errors.UniqueViolation`.

Those of the SQLSTATEs are made when they are first asked for, from the library's table of conditions.
"""
import re

from ._lib import lib, text

_FIELDS = ("severity", "severity_nonlocalized", "sqlstate", "message_primary", "message_detail", "message_hint",
           "statement_position", "internal_position", "internal_query", "context", "schema_name", "table_name",
           "column_name", "datatype_name", "constraint_name", "source_file", "source_line", "source_function")


class Diagnostics:
    """The fields that the server sent with an error; None for those that it did not."""

    def __init__(self, handle=None):
        for field in _FIELDS:
            setattr(self, field, handle and text(getattr(lib, "error_" + field)(handle)))


class Warning(Exception):
    """PEP 249 wants it; never raised."""


class Error(Exception):
    """The base of all errors."""

    pgcode = None  # the SQLSTATE
    pgerror = None  # the message as the server gave it, complete
    cursor = None
    row = -1  # which row of an executemany met it, from 0
    retryable = False  # whether the same work, run again from the start of its transaction, may succeed

    def __init__(self, *args):
        super().__init__(*args)
        self.diag = Diagnostics()


class InterfaceError(Error):
    """A misused or closed object."""


class DatabaseError(Error):
    """An error of the server."""


class DataError(DatabaseError):
    """A value out of range, and the like."""


class OperationalError(DatabaseError):
    """A lost connection, a cancelled statement, a deadlock."""


class IntegrityError(DatabaseError):
    """A violated constraint."""


class InternalError(DatabaseError):
    """Of the server, or of the library."""


class ProgrammingError(DatabaseError):
    """Wrong SQL, or a wrong call."""


class NotSupportedError(DatabaseError):
    """What the server or the library does not do."""


class QueryCanceledError(OperationalError):
    """A cancelled statement."""


class TransactionRollbackError(OperationalError):
    """A transaction that the server rolled back: a deadlock, a serialization failure."""


_STATUSES = {-1: InterfaceError, -2: DatabaseError, -3: DataError, -4: OperationalError, -5: IntegrityError,
             -6: InternalError, -7: ProgrammingError, -8: NotSupportedError}
_by_sqlstate = {}


def lookup(code):
    """The class of a SQLSTATE; KeyError for one that PostgreSQL does not have."""
    found = _by_sqlstate.get(code)
    if found is None:
        condition = text(lib.sqlstate_condition(code.encode()))
        if condition is None or len(code) != 5:
            raise KeyError(code)
        base = _STATUSES[lib.sqlstate_status(code.encode())]
        if code == "57014":
            base = QueryCanceledError
        elif code.startswith("40"):
            base = TransactionRollbackError
        name = "".join(word.capitalize() for word in condition.split("_"))
        found = type(name, (base,), {"__module__": __name__, "__doc__": "SQLSTATE %s, %s." % (code, condition)})
        found = _by_sqlstate.setdefault(code, found)
    return found


def __getattr__(name):
    if not name.startswith("_"):
        condition = re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
        code = lib.condition_sqlstate(condition.encode())
        if code is not None and lookup(code.decode()).__name__ == name:
            return lookup(code.decode())
    raise AttributeError("module %r has no attribute %r" % (__name__, name))


def taken(error):
    """The exception for what a failed call has put into `error`, a c_void_p, whose memory is given back."""
    handle, error.value = error.value, None
    if handle is None:
        return InternalError("the library gave no error")
    try:
        pgcode = text(lib.error_sqlstate(handle))
        message = text(lib.error_message(handle))
        try:
            kind = lookup(pgcode) if pgcode else None
        except KeyError:
            kind = None
        # The status decides: a failed commit has the first error's class, whatever its own SQLSTATE.
        status = _STATUSES.get(lib.error_status(handle), DatabaseError)
        raised = (kind if kind and issubclass(kind, status) else status)(message)
        raised.pgcode = pgcode
        if pgcode:
            raised.pgerror = "%s:  %s\n" % (text(lib.error_severity(handle)) or "ERROR", message)
        raised.diag = Diagnostics(handle)
        raised.row = lib.error_row(handle)
        raised.retryable = lib.error_retryable(handle)
        return raised
    finally:
        lib.error_free(handle)
