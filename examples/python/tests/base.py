"""What the tests share. They run against the server that PGHOST and the like name."""
import contextlib
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import dbapi  # noqa: E402


class TestCase(unittest.TestCase):
    """With a connection, `conn`, and a cursor on it, `cur`."""

    def setUp(self):
        self.conn = self.connect()
        self.cur = self.conn.cursor()

    def connect(self, *args, **kwargs):
        conn = dbapi.connect(*args, **kwargs)
        self.addCleanup(conn.close)
        return conn

    def one(self, sql, params=None):
        """The only value of a statement."""
        self.cur.execute(sql, params)
        (row,) = self.cur.fetchall()
        (value,) = row
        return value

    @contextlib.contextmanager
    def fails(self, kind, pgcode=None, message=None):
        """An error of exactly this class, in a transaction that is rolled back."""
        with self.assertRaises(kind) as caught:
            yield caught
        self.assertIs(type(caught.exception), kind)
        if pgcode:
            self.assertEqual(caught.exception.pgcode, pgcode)
        if message:
            self.assertIn(message, str(caught.exception))
        if not self.conn.closed:
            self.conn.rollback()
