"""How the library's functions are called: strings in, errors and what they hand out back."""
from ctypes import byref, c_char_p, c_size_t, c_void_p, create_string_buffer

from .errors import ProgrammingError, taken


def string(value, what):
    """A str as the library takes strings: UTF-8, and it ends with a NUL."""
    if not isinstance(value, str):
        raise TypeError("%s must be a str, not %s" % (what, type(value).__name__))
    data = value.encode()
    if b"\0" in data:
        raise ProgrammingError("%s has a NUL character in it" % what)
    return data


def strings(values):
    """An array of strings that ends with NULL; None stands for NULL."""
    return (c_char_p * (len(values) + 1))(*values)


def check(status, error):
    """Raises what `error`, a c_void_p, has received if the call failed; else gives the status."""
    if status < 0:
        raise taken(error)
    return status


def call(function, *arguments):
    """Calls a function whose last argument is out_error."""
    error = c_void_p()
    return check(function(*arguments, byref(error)), error)


def obtain(function, *arguments):
    """The same for one that hands out a handle just before it; None if there is none (DBAPI_DONE)."""
    handle = c_void_p()
    call(function, *arguments, byref(handle))
    return handle.value


def rendered(function, *arguments, capacity=256):
    """The bytes that a function which works as snprintf does has written; None for DBAPI_DONE."""
    length = c_size_t()
    while True:
        buffer = create_string_buffer(capacity)
        if call(function, *arguments, buffer, capacity, byref(length)):
            return None
        if length.value < capacity:
            return buffer.raw[:length.value]
        capacity = length.value + 1
