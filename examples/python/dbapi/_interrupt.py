"""Ctrl-C while a call waits for the server.

Python runs its signal handlers between its own instructions, and so not before the call returns. But a byte is written
to signal.set_wakeup_fd's pipe at once: a thread that reads it interrupts the connection, the call returns, and then
Python raises KeyboardInterrupt. This is only so in the main thread, where Python handles signals, and only while SIGINT
has Python's own handler: any other may mean that the program wants to finish its work.
"""
import os
import signal
import threading
import time
# The signal module's wraps what it gives, which takes longer than all the rest here.
from _signal import getsignal, set_wakeup_fd

from ._lib import lib

enabled = True
get_ident = threading.get_ident
_SIGINT, _raises = int(signal.SIGINT), signal.default_int_handler
# In the pipe, after the signals: no number of one.
_SETTLE = b"\0"
_main = threading.main_thread().ident


class _Watcher:
    def __init__(self):
        self.connection = None
        self.others = -1
        self.settled = threading.Event()
        self.reading, self.writing = os.pipe()
        os.set_blocking(self.writing, False)
        threading.Thread(target=self._watch, name="dbapi-interrupt", daemon=True).start()

    def _watch(self):
        while True:
            signals = os.read(self.reading, 64)
            others = self.others
            # Once, unless it has met the call of another thread that shares the connection.
            while _SIGINT in signals and self.connection:
                lib.connection_interrupt(self.connection, None)
                time.sleep(0.01)
            if _SETTLE in signals:
                self.settled.set()
            signals = signals.replace(_SETTLE, b"")
            if others >= 0 and signals:
                try:
                    os.write(others, signals)
                except OSError:
                    pass

    def settle(self, connection):
        """After a call that Ctrl-C came into: the thread has seen to it, and no later call is interrupted."""
        written = 0
        while True:
            try:
                self.connection = None
                written = written or os.write(self.writing, _SETTLE)
                self.settled.wait()
                self.settled.clear()
                lib.connection_clear_interrupt(connection, None)
                return
            except KeyboardInterrupt:  # one more: the first is going to be raised
                pass


_watcher = None


def _forget():
    """In a forked child, which has not the thread."""
    global _watcher, _main
    _watcher, _main = None, get_ident()


os.register_at_fork(after_in_child=_forget)


def waiting(connection, function, *arguments):
    """Calls a function that may wait for the server; Ctrl-C interrupts the connection meanwhile."""
    global _watcher
    if get_ident() != _main or not enabled \
            or getsignal(_SIGINT) is not _raises:
        return function(*arguments)
    watcher = _watcher
    if watcher is None:
        watcher = _watcher = _Watcher()
    watcher.connection = connection
    try:
        others = set_wakeup_fd(watcher.writing, warn_on_full_buffer=False)
        if others != watcher.writing:  # a KeyboardInterrupt may have come just here
            watcher.others = others
        try:
            return function(*arguments)
        finally:
            set_wakeup_fd(watcher.others)
    except KeyboardInterrupt:
        watcher.settle(connection)
        raise
