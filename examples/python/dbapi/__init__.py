"""PEP 249 for PostgreSQL on libdbapi's C interface, with psycopg2's surface."""
from . import errors, extensions
from ._lib import lib, text
from .connection import connect
from .errors import (DatabaseError, DataError, Error, IntegrityError, InterfaceError, InternalError, NotSupportedError,
                     OperationalError, ProgrammingError, Warning)
from .types import (BINARY, DATETIME, NUMBER, ROWID, STRING, Binary, Date, DateFromTicks, Time, TimeFromTicks,
                    Timestamp, TimestampFromTicks)

__version__ = text(lib.version())
apilevel = "2.0"
threadsafety = 2
paramstyle = "pyformat"

__all__ = ["BINARY", "Binary", "DATETIME", "DataError", "DatabaseError", "Date", "DateFromTicks", "Error",
           "IntegrityError", "InterfaceError", "InternalError", "NUMBER", "NotSupportedError", "OperationalError",
           "ProgrammingError", "ROWID", "STRING", "Time", "TimeFromTicks", "Timestamp", "TimestampFromTicks",
           "Warning", "apilevel", "connect", "errors", "extensions", "paramstyle", "threadsafety"]
