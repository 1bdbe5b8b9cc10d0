"""The shared library: where it is found, its functions and its structs, as dbapi.h has them."""
import ctypes
import os
import re
from ctypes import (POINTER, Structure, Union, c_bool, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint8,
                    c_uint32, c_void_p)
from pathlib import Path
from types import SimpleNamespace

# DBAPI_VERSION_NUMBER of the header that this was written against.
HEADER = 100


def _load():
    root = Path(__file__).resolve().parents[3]
    path = os.environ.get("LIBDBAPI_PATH")
    if not path:
        path = root / "target" / "release" / "libdbapi.so"
        # Beside the header only: an installed copy of this package must not load what happens to lie there.
        if not (path.exists() and (root / "include" / "dbapi.h").exists()):
            path = "libdbapi.so.0"
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise ImportError("libdbapi cannot be loaded: %s. Build it (cargo build --release), install it, or name it in "
                          "LIBDBAPI_PATH" % error) from None


class _Text(Structure):
    _fields_ = [("data", c_char_p), ("length", c_size_t)]


class _Interval(Structure):
    _fields_ = [("microseconds", c_int64), ("days", c_int32), ("months", c_int32)]


class _Timetz(Structure):
    _fields_ = [("local", c_int64), ("utc_offset", c_int32)]


class _As(Union):
    _anonymous_ = ("text", "interval", "timetz")
    _fields_ = [("boolean", c_bool), ("integer", c_int64), ("floating", c_double), ("text", _Text),
                ("interval", _Interval), ("timetz", _Timetz), ("uuid", c_uint8 * 16), ("pointer", c_void_p)]


class Value(Structure):
    _anonymous_ = ("as_",)
    _fields_ = [("kind", c_int32), ("oid", c_uint32), ("as_", _As)]


class Array(Structure):
    _fields_ = [("element_oid", c_uint32), ("dimensions", c_int32), ("lengths", POINTER(c_int32)),
                ("lower_bounds", POINTER(c_int32)), ("count", c_size_t), ("items", c_void_p)]


class Range(Structure):
    _fields_ = [("subtype_oid", c_uint32), ("flags", c_int32), ("lower", Value), ("upper", Value)]


class Hstore(Structure):
    _fields_ = [("count", c_size_t), ("keys", c_void_p), ("values", c_void_p)]


class Column(Structure):
    _fields_ = [("name", c_char_p), ("type_code", c_uint32), ("kind", c_int32), ("display_size", c_int32),
                ("internal_size", c_int32), ("precision", c_int32), ("scale", c_int32), ("null_ok", c_int32),
                ("table_oid", c_uint32), ("table_column", c_int32)]


VALUE = ctypes.sizeof(Value)
COLUMN = ctypes.sizeof(Column)

# name(arguments)result, a letter each: p a handle, a block or a place for one, s and q a string, i int32 (which a
# status is too, and which a result is if nothing is said), I int64, u uint32, n size_t, b bool, - nothing.
_LETTERS = {"p": c_void_p, "s": c_char_p, "q": c_char_p, "i": c_int32, "I": c_int64, "u": c_uint32, "n": c_size_t,
            "b": c_bool, "-": None}
_PROTOTYPES = """
    version()q version_number() connect(spp) close(pp) connection_free(p)- connection_closed(p)
    connection_transaction_status(p) connection_dsn(p)q connection_host(p)q connection_port(p) connection_user(p)q
    connection_dbname(p)q connection_options(p)q connection_conninfo(ppp) connection_fileno(p)
    connection_backend_pid(p) connection_server_version(p) connection_protocol_version(p) connection_ssl_in_use(p)b
    connection_ssl_attribute(ps)q connection_cancel(pp) connection_interrupt(pp)
    connection_clear_interrupt(pp) encrypt_password(pssspnpp) commit(pp) rollback(pp)
    connection_set_autocommit(pbp) connection_autocommit(p)b connection_set_session(piiiip)
    connection_isolation_level(p) connection_readonly(p) connection_deferrable(p) connection_reset(pp)
    connection_encoding(p)q connection_set_encoding(psp) connection_parameter_status(pspnpp) xid(isspp)
    xid_from_string(spp) xid_format_id(p) xid_gtrid(p)q xid_bqual(p)q xid_prepared(p)q xid_owner(p)q
    xid_database(p)q xid_name(p)q xid_free(p)- tpc_begin(ppp) tpc_prepare(pp) tpc_commit(ppp) tpc_rollback(ppp)
    tpc_recover(ppp) xid_list_count(p)n xid_list_item(pnpp) xid_list_free(p)- connection_notice(ppp)
    connection_notify(ppp) connection_wait_notify(pIpp) notify_pid(p) notify_channel(p)q notify_payload(p)q
    notify_free(p)- cursor(ppp) cursor_named(psibpp) cursor_close(pp) cursor_free(p)- description(pp)p rowcount(p)I
    rownumber(p)I cursor_statusmessage(p)q lastrowid(p)u cursor_set_all_results(pbp) execute(pspnp)
    execute_named(psppnp) executemany(pspnnp) executemany_named(psppnnp) cursor_set_binding(pip)
    cursor_mogrify(pspnpnpp) cursor_mogrify_named(psppnpnpp) cursor_query(p)q setinputsizes(ppnp) callproc(pspnp) callproc_named(psppnp)
    fetchmany(pnppp) fetch_columns(pnpppp) scroll(pIip) nextset(pp) value_format(ppnpp) error_status(p) error_message(p)q error_sqlstate(p)q
    error_condition(p)q error_class(p)q error_row(p)I error_retryable(p)b error_connection_usable(p)b
    error_timed_out(p)b error_severity(p)q error_severity_nonlocalized(p)q error_message_primary(p)q
    error_message_detail(p)q error_message_hint(p)q error_statement_position(p)q error_internal_position(p)q
    error_internal_query(p)q error_context(p)q error_schema_name(p)q error_table_name(p)q error_column_name(p)q
    error_datatype_name(p)q error_constraint_name(p)q error_source_file(p)q error_source_line(p)q
    error_source_function(p)q error_free(p)- sqlstate_condition(s)q condition_sqlstate(s)q sqlstate_status(s)
    conninfo_parse(spp) conninfo_make_dsn(spppnpp) conninfo_count(p)n conninfo_keyword(pn)q conninfo_value(pn)q
    conninfo_free(p)-
"""


def _declare(library):
    functions = SimpleNamespace()
    for name, arguments, result in re.findall(r"(\w+)\((\w*)\)(\S?)", _PROTOTYPES):
        function = library["dbapi_" + name]
        function.argtypes = [_LETTERS[letter] for letter in arguments]
        function.restype = _LETTERS[result or "i"]
        setattr(functions, name, function)
    if functions.version_number() // 10000 != HEADER // 10000 or functions.version_number() < HEADER:
        raise ImportError("libdbapi is of version %s, and this module is for %d"
                          % (functions.version().decode(), HEADER))
    return functions


# The library's functions, without their prefix.
lib = _declare(_load())


def text(data):
    """What the library gave as a string, or None."""
    return None if data is None else data.decode("utf-8", "replace")
