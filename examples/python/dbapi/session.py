"""What a connection tells of itself, and hands out: ConnectionInfo, Notify, Xid."""
from ._call import obtain, string
from ._lib import lib, text


def conninfo(handle):
    """The keywords and values of a conninfo, which is freed."""
    try:
        return {text(lib.conninfo_keyword(handle, i)): text(lib.conninfo_value(handle, i))
                for i in range(lib.conninfo_count(handle))}
    finally:
        lib.conninfo_free(handle)


class ConnectionInfo:
    """Facts of a connection, as psycopg2 names them."""

    def __init__(self, connection):
        self._connection, self._handle = connection, connection._handle

    dbname = property(lambda self: text(lib.connection_dbname(self._handle)))
    user = property(lambda self: text(lib.connection_user(self._handle)))
    host = property(lambda self: text(lib.connection_host(self._handle)))
    port = property(lambda self: lib.connection_port(self._handle))
    options = property(lambda self: text(lib.connection_options(self._handle)))
    dsn_parameters = property(lambda self: conninfo(obtain(lib.connection_conninfo, self._handle)))
    # libpq's CONNECTION_OK and CONNECTION_BAD.
    status = property(lambda self: 1 if lib.connection_closed(self._handle) else 0)
    transaction_status = property(lambda self: self._connection.get_transaction_status())
    protocol_version = property(lambda self: self._connection.protocol_version)
    server_version = property(lambda self: self._connection.server_version)
    backend_pid = property(lambda self: self._connection.get_backend_pid())
    socket = property(lambda self: lib.connection_fileno(self._handle))
    ssl_in_use = property(lambda self: lib.connection_ssl_in_use(self._handle))
    ssl_attribute_names = ["library", "protocol", "key_bits", "cipher", "compression", "alpn"]

    def parameter_status(self, name):
        return self._connection.get_parameter_status(name)

    def ssl_attribute(self, name):
        return text(lib.connection_ssl_attribute(self._handle, string(name, "the attribute")))


class Notify:
    """A notification. As in psycopg2 it is also the pair of pid and channel."""

    def __init__(self, pid, channel, payload=""):
        self.pid, self.channel, self.payload = pid, channel, payload

    @classmethod
    def of(cls, handle):
        try:
            return cls(lib.notify_pid(handle), text(lib.notify_channel(handle)), text(lib.notify_payload(handle)))
        finally:
            lib.notify_free(handle)

    def __eq__(self, other):
        if isinstance(other, Notify):
            return (self.pid, self.channel, self.payload) == (other.pid, other.channel, other.payload)
        return isinstance(other, tuple) and not self.payload and (self.pid, self.channel) == other

    def __hash__(self):
        return hash((self.pid, self.channel, self.payload) if self.payload else (self.pid, self.channel))

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return (self.pid, self.channel)[index]

    def __repr__(self):
        return "Notify(%r, %r, %r)" % (self.pid, self.channel, self.payload)


class Xid:
    """PEP 249's transaction id for two-phase commit; also the sequence of its three parts."""

    prepared = owner = database = None

    def __init__(self, format_id, gtrid, bqual):
        if not isinstance(format_id, int):
            raise TypeError("format_id must be an int, not %s" % type(format_id).__name__)
        # Beyond the library's int32 is as wrong as negative.
        self._read(obtain(lib.xid, format_id if -1 < format_id < 1 << 31 else -1, string(gtrid, "gtrid"),
                          string(bqual, "bqual")))

    @classmethod
    def from_string(cls, name):
        return cls.of(obtain(lib.xid_from_string, string(name, "the xid")))

    @classmethod
    def of(cls, handle):
        found = cls.__new__(cls)
        found._read(handle)
        return found

    def _read(self, handle):
        try:
            format_id = lib.xid_format_id(handle)
            self.format_id = format_id if format_id >= 0 else None
            self.gtrid = text(lib.xid_gtrid(handle))
            self.bqual = text(lib.xid_bqual(handle)) if format_id >= 0 else None
            self.name = text(lib.xid_name(handle))
            self.prepared = text(lib.xid_prepared(handle))
            self.owner = text(lib.xid_owner(handle))
            self.database = text(lib.xid_database(handle))
        finally:
            lib.xid_free(handle)

    def handle(self):
        """A handle of the library's, to be freed."""
        return obtain(lib.xid_from_string, self.name.encode())

    def __len__(self):
        return 3

    def __getitem__(self, index):
        return (self.format_id, self.gtrid, self.bqual)[index]

    def __str__(self):
        return self.name

    def __repr__(self):
        return "<Xid: (%r, %r, %r)>" % (self.format_id, self.gtrid, self.bqual)
