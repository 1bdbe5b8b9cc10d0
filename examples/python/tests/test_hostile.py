"""Threads, signals, forks, the garbage collector, the end of the process, and bad arguments: errors, never a crash."""
import contextlib
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import unittest
import weakref

from base import TestCase, dbapi


def until(condition):
    """Waits for it, with a deadline."""
    deadline = time.monotonic() + 20
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("it never came about")
        time.sleep(0.002)


# Whether the server's process of this number is in pg_sleep.
SLEEPS = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'"


class Threads(TestCase):
    def run_all(self, *functions):
        failures = []

        def guarded(function):
            try:
                function()
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=guarded, args=(function,)) for function in functions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            self.assertFalse(thread.is_alive())
        if failures:
            raise failures[0]

    def test_a_connection_is_shared(self):
        def work(n):
            def run():
                with self.conn.cursor() as cur:
                    for i in range(100):
                        cur.execute("SELECT i, %s FROM generate_series(1, 50) AS i", ("t%d" % n,))
                        self.assertEqual(cur.fetchall(), [(j, "t%d" % n) for j in range(1, 51)])
            return run
        self.run_all(*[work(n) for n in range(6)])

    def test_a_cursor_that_is_shared_does_not_crash(self):
        def run():
            for _ in range(150):
                try:
                    self.cur.execute("SELECT i, 'some text ' || i FROM generate_series(1, 300) AS i")
                    for row in self.cur.fetchmany(100) + self.cur.fetchall():
                        self.assertEqual(row[1], "some text %d" % row[0])
                except dbapi.Error:
                    pass
        self.run_all(run, run, run, run)

    def test_others_run_while_one_waits(self):
        ticks = []
        done = threading.Event()

        def sleep():
            try:
                self.cur.execute("SELECT pg_sleep(0.3)")
            finally:
                done.set()

        def tick():
            while not done.is_set():
                ticks.append(1)
                time.sleep(0.001)
        self.run_all(sleep, tick)
        self.assertGreater(len(ticks), 10)

    def test_cancel(self):
        def sleep():
            with self.assertRaises(dbapi.errors.QueryCanceled) as caught:
                self.cur.execute("SELECT pg_sleep(30)")
            self.assertEqual(caught.exception.pgcode, "57014")
            self.assertIsInstance(caught.exception, dbapi.extensions.QueryCanceledError)

        other = self.connect()
        other.autocommit = True
        pid = self.conn.get_backend_pid()

        def sleeps():
            with other.cursor() as cur:
                cur.execute(SLEEPS, (pid,))
                return cur.fetchone()[0]

        def cancel():
            until(sleeps)
            self.conn.cancel()
        began = time.monotonic()
        self.run_all(sleep, cancel)
        self.assertLess(time.monotonic() - began, 15)
        self.conn.rollback()
        self.conn.cancel()
        self.assertEqual(self.one("SELECT 1"), 1)

    def test_close_while_another_waits(self):
        def sleep():
            try:
                self.cur.execute("SELECT pg_sleep(0.2)")
            except dbapi.Error:
                pass

        def close():
            until(self.conn.isexecuting)
            self.conn.close()
        self.run_all(sleep, close)
        self.assertRaises(dbapi.InterfaceError, self.cur.execute, "SELECT 1")


class Processes(TestCase):
    def python(self, code, **options):
        environment = dict(os.environ, PYTHONPATH=os.path.dirname(os.path.dirname(dbapi.__file__)))
        return subprocess.Popen([sys.executable, "-X", "faulthandler", "-c", code], env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def succeeds(self, code, expected=""):
        process = self.python(code)
        out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, out, err), (0, expected, ""))

    def test_ctrl_c_cancels_what_waits(self):
        process = self.python("""if True:
            import dbapi
            conn = dbapi.connect()
            cur = conn.cursor()
            print(conn.get_backend_pid(), flush=True)
            for call in (lambda: cur.execute("SELECT pg_sleep(30)"), lambda: cur.executemany("SELECT pg_sleep(%s)", [(30,)]),
                         lambda: named(conn)):
                def named(conn):
                    server = conn.cursor("n")
                    server.execute("SELECT pg_sleep(30)")
                    server.fetchone()
                try:
                    call()
                except KeyboardInterrupt:
                    print("interrupted", conn.get_transaction_status(), flush=True)
                    conn.rollback()
            cur.execute("SELECT 1")
            print(cur.fetchone())
        """)
        pid = int(process.stdout.readline())
        self.conn.autocommit = True
        began = time.monotonic()
        for _ in range(3):
            until(lambda: self.one(SLEEPS, (pid,)))
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.stdout.readline(), "interrupted 3\n")
        # What came together with the line before it, communicate would not see.
        self.assertEqual(process.stdout.readline(), "(1,)\n")
        self.assertEqual(process.communicate(timeout=20), ("", ""))
        self.assertLess(time.monotonic() - began, 25)

    def test_ctrl_c_comes_before_the_statement_is_sent(self):
        # In C from one call to the next, so that Python raises KeyboardInterrupt after the last. 0: the server has
        # seen nothing of it.
        self.succeeds("""if True:
            import ctypes, dbapi, os, signal, threading
            from functools import partial
            from dbapi._interrupt import waiting
            from dbapi._lib import lib
            conn = dbapi.connect()
            cur = conn.cursor()
            usleep = partial(ctypes.CDLL(None).usleep, 300000)
            execute = partial(lib.execute, cur._handle, b"SELECT pg_sleep(30)", None, 0, None)
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
            try:
                waiting(conn._handle, list, map(partial.__call__, [usleep, usleep, execute]))
            except KeyboardInterrupt:
                print(conn.get_transaction_status())
            cur.execute("SELECT 1")
            print(cur.fetchone())
        """, "0\n(1,)\n")

    def test_ctrl_c_comes_after_the_statement(self):
        # The thread is so late that the call has ended, and takes its interrupt back.
        self.succeeds("""if True:
            import dbapi, os, signal, threading, time
            from dbapi._lib import lib
            interrupt = lib.connection_interrupt
            lib.connection_interrupt = lambda *arguments: (time.sleep(0.4), interrupt(*arguments))
            conn = dbapi.connect()
            cur = conn.cursor()
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
            try:
                cur.execute("SELECT pg_sleep(0.2)")
            except KeyboardInterrupt:
                print(conn.get_transaction_status())
            cur.execute("SELECT 1")
            print(cur.fetchone())
        """, "2\n(1,)\n")

    def test_ctrl_c_at_any_time(self):
        self.succeeds("""if True:
            import dbapi, os, signal, threading
            conn = dbapi.connect()
            cur = conn.cursor()
            for i in range(100):
                timer = threading.Timer(i / 50000, os.kill, (os.getpid(), signal.SIGINT))
                try:
                    timer.start()
                    while True:
                        cur.execute("SELECT 1")
                except KeyboardInterrupt:
                    timer.join()
                except dbapi.errors.QueryCanceled:
                    print("an interrupt was left")
                conn.rollback()
                cur.execute("SELECT %s", (i,))
                assert cur.fetchone() == (i,)
        """)

    def test_ctrl_c_ends_a_statement_that_waits_for_its_turn(self):
        began = time.monotonic()
        self.succeeds("""if True:
            import dbapi, os, signal, threading, time
            conn = dbapi.connect()
            conn.autocommit = True
            def sleep():
                try:
                    conn.cursor().execute("SELECT pg_sleep(30)")
                except dbapi.errors.QueryCanceled:
                    pass
            thread = threading.Thread(target=sleep)
            thread.start()
            while not conn.isexecuting():
                time.sleep(0.01)
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
            try:
                conn.cursor().execute("SELECT pg_sleep(30)")
            except KeyboardInterrupt:
                print("interrupted")
            thread.join()
        """, "interrupted\n")
        self.assertLess(time.monotonic() - began, 20)

    def test_ctrl_c_ends_a_wait_for_a_notification(self):
        self.succeeds("""if True:
            import dbapi, os, signal, threading
            conn = dbapi.connect()
            conn.autocommit = True
            conn.cursor().execute("LISTEN interrupted")
            for _ in range(2):
                threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
                try:
                    conn.wait_notify()
                except KeyboardInterrupt:
                    print("interrupted")
            conn.cursor().execute("NOTIFY interrupted, 'heard'")
            assert conn.wait_notify(10)
            print(conn.notifies.pop().payload)
        """, "interrupted\ninterrupted\nheard\n")

    def test_a_handler_of_ones_own_lets_the_statement_finish(self):
        process = self.python("""if True:
            import dbapi, signal
            signal.signal(signal.SIGINT, lambda *_: print("handled", flush=True))
            conn = dbapi.connect()
            cur = conn.cursor()
            print(conn.get_backend_pid(), flush=True)
            cur.execute("SELECT pg_sleep(1), 7")
            print(cur.fetchone()[1])
        """)
        pid = int(process.stdout.readline())
        self.conn.autocommit = True
        until(lambda: self.one(SLEEPS, (pid,)))
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.communicate(timeout=20), ("handled\n7\n", ""))

    def test_fork(self):
        self.cur.execute("SELECT generate_series(1, 5000)")
        self.cur.fetchone()
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            # Whatever happens, the child must not come back into the test runner.
            try:
                found = []
                for use in (lambda: self.cur.execute("SELECT 1"), self.conn.commit, self.conn.cursor):
                    try:
                        use()
                        found.append("no error")
                    except dbapi.InterfaceError:
                        found.append("refused")
                mine = dbapi.connect()
                mine_cur = mine.cursor()
                mine_cur.execute("SELECT %s", (5,))
                found.append(str(mine_cur.fetchone()))
                mine.close()
                self.cur = self.conn = mine = mine_cur = None
                gc.collect()
                os.write(writing, " ".join(found).encode())
            except BaseException as error:
                os.write(writing, repr(error).encode())
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as answer:
            self.assertEqual(answer.read(), "refused refused refused (5,)")
        os.waitpid(pid, 0)
        self.assertEqual(self.cur.fetchone(), (2,))
        self.assertEqual(self.one("SELECT 2"), 2)

    def test_the_end_of_the_process(self):
        for last in ("", "import sys; sys.exit(0)", "conn.close()", "del conn", "cur.close(); del cur", "del dbapi",
                     "import sys; sys.modules.clear()", "import gc; x = [conn, cur]; x.append(x); del conn, cur",
                     "import atexit; atexit.register(lambda: cur.execute('SELECT 1'))",
                     # By then the cursor may have gone first.
                     "class A:\n  def __del__(self, cur=cur, Error=dbapi.Error):\n    try: cur.fetchone()\n"
                     "    except Error: pass\na = A()"):
            with self.subTest(last=last):
                self.succeeds("import dbapi\nconn = dbapi.connect()\ncur = conn.cursor()\nnamed = conn.cursor('n')\n"
                              "named.execute('SELECT 1')\ncur.execute('SELECT generate_series(1, 9999)')\n"
                              "cur.fetchone()\nit = iter(cur)\n" + last)

    def test_a_thread_in_a_call_at_the_end(self):
        self.succeeds("""if True:
            import dbapi, threading, time
            conn = dbapi.connect()
            def sleep():
                conn.cursor().execute("SELECT pg_sleep(30)")
            threading.Thread(target=sleep, daemon=True).start()
            while not conn.isexecuting():
                time.sleep(0.001)
        """)


class Garbage(TestCase):
    def test_in_any_order_under_load(self):
        """Connections and cursors go in cycles, rows are read meanwhile, and the collector runs all the time."""
        stop = threading.Event()

        def collect():
            while not stop.is_set():
                gc.collect(0)
        thread = threading.Thread(target=collect)
        thread.start()
        before = gc.get_threshold()
        gc.set_threshold(5, 2, 2)
        try:
            for n in range(25):
                conn = dbapi.connect()
                cur, other = conn.cursor(), conn.cursor("n%d" % n)
                cycle = [conn, cur, other]
                cycle.append(cycle)
                cur.execute("SELECT i, ARRAY[i, i], 'x' || i, NULL::text FROM generate_series(1, 300) AS i")
                other.execute("SELECT 1")
                if n % 3 == 0:
                    del conn
                if n % 2:
                    del cycle, other
                rows = cur.fetchall()
                conn = other = cycle = None
                self.assertEqual(rows, [(i, [i, i], "x%d" % i, None) for i in range(1, 301)])
        finally:
            gc.set_threshold(*before)
            stop.set()
            thread.join()

    def test_a_cursor_keeps_its_connection(self):
        conn = dbapi.connect()
        pid, cur = conn.get_backend_pid(), conn.cursor()
        gone = weakref.ref(conn)
        del conn
        gc.collect()
        cur.execute("SELECT 1")
        self.assertEqual(cur.fetchone(), (1,))
        del cur
        gc.collect()
        self.assertIsNone(gone())
        self.conn.autocommit = True
        until(lambda: self.one("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", (pid,)) == 0)

    def test_values_outlive_their_rows(self):
        self.cur.execute("SELECT '\\x010203'::bytea, 'text', ARRAY['a', 'b']")
        row = self.cur.fetchone()
        self.cur.execute("SELECT repeat('z', 1000000)")
        self.cur.fetchone()
        self.cur.close()
        self.conn.close()
        self.assertEqual((bytes(row[0]), row[1:]), (b"\1\2\3", ("text", ["a", "b"])))

    @unittest.skipUnless(os.path.exists("/proc/self/statm"), "there is no /proc")
    def test_memory_does_not_grow(self):
        def resident():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

        def work():
            for i in range(300):
                self.cur.execute("SELECT %s, %s, %s", ("x" * 10000, [i, i], b"y" * 10000))
                self.cur.fetchall()
                try:
                    self.cur.execute("SELECT 1/0")
                except dbapi.DataError:
                    self.conn.rollback()
            for i in range(15000):
                with contextlib.suppress(dbapi.ProgrammingError):
                    self.cur.mogrify("%s", ())
        work()
        before = resident()
        for _ in range(4):
            work()
        self.assertLess(resident() - before, 5000000)


class BadInput(TestCase):
    def test_text(self):
        for value in ("a\0b", ["a\0b"]):
            with self.fails(dbapi.errors.CharacterNotInRepertoire, "22021", "NUL"):
                self.cur.execute("SELECT %s", (value,))
        with self.fails(dbapi.ProgrammingError, message="NUL"):
            self.cur.execute("SELECT 1; \0 DROP TABLE x")
        with self.fails(dbapi.ProgrammingError, message="NUL"):
            self.cur.callproc("a\0b")
        with self.fails(dbapi.ProgrammingError, message="NUL"):
            self.cur.execute("SELECT %(a\0)s", {"a\0": 1})
        for use in (lambda: self.cur.execute("SELECT %s", ("\ud800",)), lambda: self.cur.execute("SELECT '\udcff'"),
                    lambda: self.cur.execute("SELECT %(\udcff)s", {"\udcff": 1}), lambda: self.cur.callproc("\udcff"),
                    lambda: self.cur.execute("SELECT %s", (["\ud800"],)), lambda: self.cur.mogrify("%s", ("\ud800",)),
                    lambda: dbapi.connect("dbname=\udcff"), lambda: self.cur.execute(b"SELECT '\xff'"),
                    lambda: self.cur.executemany("SELECT %s", [("\ud800",)])):
            self.assertRaises(UnicodeError, use)
        self.assertEqual(self.one("SELECT 1"), 1)

    def test_types(self):
        cur = self.cur
        for use in (lambda: cur.execute(7), lambda: cur.execute(None), lambda: cur.execute("SELECT 1", 7),
                    lambda: cur.callproc(7), lambda: cur.callproc("f", 7), lambda: cur.mogrify(7), lambda: cur.execute(),
                    lambda: self.conn.cursor(7), lambda: self.conn.set_client_encoding(7), lambda: cur.executemany(7, [])):
            self.assertRaises(TypeError, use)
        for value in (object(), lambda: 1, {1, 2}, {}, 1j, range(3), NotImplemented, dbapi):
            with self.fails(dbapi.ProgrammingError, message="can't adapt type"):
                cur.execute("SELECT %s", (value,))
            with self.fails(dbapi.ProgrammingError, message="can't adapt type"):
                cur.execute("SELECT %s", ([value],))
            with self.fails(dbapi.ProgrammingError, message="can't adapt type"):
                cur.execute("SELECT 1 IN %s", ((value,),))

    def test_a_parameter_that_meddles(self):
        """Whose adapter uses the very cursor that it is for."""
        class Meddler:
            def __init__(self, cur):
                self.cur = cur

            def __conform__(self, protocol):
                self.cur.execute("SELECT 2")
                return dbapi.extensions.AsIs("1")
        with self.assertRaisesRegex(dbapi.InterfaceError, "in a call"):
            self.cur.execute("SELECT %s", (Meddler(self.cur),))
        other = self.conn.cursor()
        self.assertEqual(self.one("SELECT %s", (Meddler(other),)), 1)

    def test_many(self):
        self.assertEqual(self.one("SELECT array_length(ARRAY[%s], 1)" % ",".join(["%s"] * 20000), list(range(20000))), 20000)
        with self.fails(dbapi.ProgrammingError):
            self.cur.execute("SELECT %s" % ",".join(["%s"] * 70000), [1] * 70000)
        self.cur.execute("SELECT " + ",".join("%d" % i for i in range(1600)))
        self.assertEqual(self.cur.fetchone(), tuple(range(1600)))
        text = "x" * 30000000
        self.assertEqual(self.one("SELECT %s", (text,)), text)
        self.assertEqual(self.one("SELECT length(%s)", (text.encode(),)), len(text))

    def test_time_with_a_zone_that_needs_a_date(self):
        import datetime
        zone = type("Zone", (datetime.tzinfo,), {"utcoffset": lambda self, dt: None})()
        with self.fails(dbapi.DataError):
            self.cur.execute("SELECT %s", (datetime.time(1, tzinfo=zone),))


if __name__ == "__main__":
    unittest.main()
