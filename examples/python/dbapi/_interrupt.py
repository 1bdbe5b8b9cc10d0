"""Ctrl-C while a call waits for the server.

Python runs its signal handlers between its own instructions, and so not before the call returns. But a byte is written
to signal.set_wakeup_fd's pipe at once: a thread that reads it cancels the command, the call returns, and then Python
raises KeyboardInterrupt. This is only so in the main thread, where Python handles signals, and only while SIGINT has
Python's own handler: any other may mean that the program wants to finish its work.
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
_main = threading.main_thread().ident


class _Watcher:
    def __init__(self):
        self.connection = None
        self.calls = 0
        self.others = -1
        self.reading, self.writing = os.pipe()
        os.set_blocking(self.writing, False)
        threading.Thread(target=self._watch, name="dbapi-interrupt", daemon=True).start()

    def _watch(self):
        while True:
            signals = os.read(self.reading, 64)
            connection, call, others = self.connection, self.calls, self.others
            if _SIGINT in signals:
                # Again and again, for the server heeds none that comes before its command. A cancel never hits a
                # command that begins later, and is harmless if the handle is freed meanwhile.
                while connection and self.connection == connection and self.calls == call:
                    lib.connection_cancel(connection, None)
                    time.sleep(0.05)
            if others >= 0:
                try:
                    os.write(others, signals)
                except OSError:
                    pass


_watcher = None


def _forget():
    """In a forked child, which has not the thread."""
    global _watcher, _main
    _watcher, _main = None, get_ident()


os.register_at_fork(after_in_child=_forget)


def waiting(connection, function, *arguments):
    """Calls a function that may wait for the server; Ctrl-C cancels the connection's command meanwhile."""
    global _watcher
    if get_ident() != _main or not enabled \
            or getsignal(_SIGINT) is not _raises:
        return function(*arguments)
    watcher = _watcher
    if watcher is None:
        watcher = _watcher = _Watcher()
    watcher.calls += 1
    watcher.connection = connection
    try:
        watcher.others = set_wakeup_fd(watcher.writing, warn_on_full_buffer=False)
        try:
            return function(*arguments)
        finally:
            set_wakeup_fd(watcher.others)
    finally:
        watcher.connection = None
