#!/usr/bin/env python3
"""Prints tests/errcodes/conditions.txt anew.

    reduce.py 14=FILE 15=FILE ... > conditions.txt

Each FILE is the errcodes.txt of that major version of PostgreSQL: in its source under src/backend/utils, where
it is installed in the directory that `pg_config --sharedir` names. Only facts are taken from it: code, kind and
condition name. The class is the one that psycopg2 raises (pip install psycopg2-binary): psycopg2.errors has a
class for most codes; for the others psycopg2 goes by the first two characters, and so does this.
"""
import sys

import psycopg2
from psycopg2 import errors

PEP_249 = [
    psycopg2.DataError,
    psycopg2.OperationalError,
    psycopg2.IntegrityError,
    psycopg2.InternalError,
    psycopg2.ProgrammingError,
    psycopg2.NotSupportedError,
    psycopg2.DatabaseError,
]

HEAD = """\
# PostgreSQL's error conditions: facts from its errcodes.txt, majors {first} to {last}, in a layout of our own.
# Made by reduce.py; tests/errcodes.rs makes src/error/conditions.rs of it.
#
# SQLSTATE, S (success) W (warning) or E (error), the class that psycopg2 {version} raises, name, majors seen with it
"""


def read(path):
    """code -> (kind, name) of one errcodes.txt; aliases without a name are left out."""
    found = {}
    with open(path, encoding="ascii") as lines:
        for line in lines:
            fields = line.split()
            if len(fields) == 4 and len(fields[0]) == 5 and fields[1] in "SWE":
                code, kind, _, name = fields
                assert code not in found, code
                found[code] = (kind, name)
    return found


def pep_249(code):
    """The PEP 249 class of the code's own class, or None."""
    try:
        raised = errors.lookup(code)
    except KeyError:
        return None
    return next(base.__name__ for base in PEP_249 if issubclass(raised, base))


def main():
    majors = {int(major): read(path) for major, path in (a.split("=", 1) for a in sys.argv[1:])}
    codes = sorted(set().union(*majors.values()))
    by_class = {}
    for code in codes:
        if pep_249(code) and code != "57014":
            by_class.setdefault(code[:2], set()).add(pep_249(code))
    print(HEAD.format(first=min(majors), last=max(majors), version=psycopg2.__version__.split()[0]))
    for code in codes:
        having = sorted(major for major, found in majors.items() if code in found)
        assert having == list(range(having[0], having[-1] + 1)), code
        (kind, name), = {majors[major][code] for major in having}
        raised = pep_249(code)
        if raised is None:
            raised, = by_class.get(code[:2], {"DatabaseError"})
        span = f"{having[0]}-{having[-1]}"
        print(f"{code} {kind} {raised:17} {name:53} {span}")


main()
