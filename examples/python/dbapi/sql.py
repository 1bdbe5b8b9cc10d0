"""psycopg2.sql: statements put together of parts, where names and literals are quoted as what they are."""
import string

from ._params import literal
from .connection import connection
from .extensions import quote_ident


class Composable:
    """A part of a statement."""

    def __init__(self, wrapped):
        self._wrapped = wrapped

    def as_string(self, context):
        """The SQL, for a connection or a cursor."""
        raise NotImplementedError

    def __add__(self, other):
        if not isinstance(other, Composable):
            return NotImplemented
        return Composed([self]) + Composed([other])

    def __mul__(self, times):
        return Composed([self] * times)

    def __eq__(self, other):
        return type(self) is type(other) and self._wrapped == other._wrapped

    __hash__ = None

    def __repr__(self):
        return "%s(%r)" % (type(self).__name__, self._wrapped)


class Composed(Composable):
    """Parts, one after the other."""

    def __init__(self, seq):
        parts = [part for part in seq]
        for part in parts:
            if not isinstance(part, Composable):
                raise TypeError("Composed elements must be Composable, not %r" % (part,))
        super().__init__([leaf for part in parts for leaf in (part._wrapped if isinstance(part, Composed) else [part])])

    seq = property(lambda self: list(self._wrapped))

    def as_string(self, context):
        return "".join([part.as_string(context) for part in self._wrapped])

    def __iter__(self):
        return iter(self._wrapped)

    def __add__(self, other):
        if not isinstance(other, Composable):
            return NotImplemented
        return Composed(self._wrapped + [other])

    def join(self, joiner):
        return (SQL(joiner) if isinstance(joiner, str) else joiner).join(self._wrapped)


class SQL(Composable):
    """A piece of a statement, as it is. Never of what a stranger may have written."""

    def __init__(self, text):
        if not isinstance(text, str):
            raise TypeError("SQL values must be strings")
        super().__init__(text)

    string = property(lambda self: self._wrapped)

    def as_string(self, context):
        return self._wrapped

    def format(self, *args, **kwargs):
        """Puts parts in the places of {}, {0} and {name}."""
        found, place = [], 0
        for before, name, spec, conversion in string.Formatter().parse(self._wrapped):
            if spec or conversion:
                raise ValueError("no format specification is supported by SQL")
            if before:
                found.append(SQL(before))
            if name is None:
                continue
            if name == "":
                if place is None:
                    raise ValueError("cannot switch from manual field specification to automatic field numbering")
                found.append(args[place])
                place += 1
            elif name.isdigit():
                if place:
                    raise ValueError("cannot switch from automatic field numbering to manual field specification")
                place = None
                found.append(args[int(name)])
            else:
                found.append(kwargs[name])
        return Composed(found)

    def join(self, seq):
        found = []
        for part in seq:
            found += [self, part] if found else [part]
        return Composed(found)


class Identifier(Composable):
    """A name; several make a qualified one."""

    def __init__(self, *strings):
        if not strings:
            raise TypeError("Identifier cannot be empty")
        for name in strings:
            if not isinstance(name, str):
                raise TypeError("SQL identifier parts must be strings")
        super().__init__(strings)

    strings = property(lambda self: self._wrapped)

    def as_string(self, context):
        return ".".join([quote_ident(name) for name in self._wrapped])


class Literal(Composable):
    """A value, as a literal."""

    wrapped = property(lambda self: self._wrapped)

    def as_string(self, context):
        cursor = context.cursor() if isinstance(context, connection) else context
        return literal(cursor, self._wrapped).decode()


class Placeholder(Composable):
    """%s, or %(name)s."""

    def __init__(self, name=None):
        if name is not None and (not isinstance(name, str) or ")" in name):
            raise ValueError("invalid name: %r" % (name,))
        super().__init__(name)

    name = property(lambda self: self._wrapped)

    def as_string(self, context):
        return "%s" if self._wrapped is None else "%%(%s)s" % self._wrapped


NULL = SQL("NULL")
DEFAULT = SQL("DEFAULT")
