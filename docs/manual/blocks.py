#!/usr/bin/env python3
"""Compiles and runs the code blocks of README.md and docs/*.md.

    blocks.py [--only PAGE] --include DIR --library DIR [--installed PREFIX]

It needs the server that PGHOST and its like name. What happens to a block depends on its language, and on a comment
in the line before it, which readers of the page don't see:

    (nothing)               c, cpp: compiled with all warnings; without a main(), as the body of one (see PRELUDE).
                            sh: its syntax is checked, and that the files of the tree that it names are there.
                            go, ruby, lua, python: run. cmake: needs a comment.
    <!-- run -->            compiled and run; sh: run.
    <!-- run in NAME -->    a fragment: put into docs/manual/preludes/NAME.* where @BLOCK@ is, and run.
    <!-- file: NAME -->     saved under that name; the page's later blocks find it.
    <!-- output -->         text: what the block before wrote.
    <!-- not run: WHY -->   only its syntax is checked; text: nothing is.

The blocks of one page share a directory, which is where they run. There the library is installed (--installed): for
pkg-config, for CMake (in $CMAKE_PREFIX_PATH), and for the loader.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
TIMEOUT = 120

# What a fragment of C stands in, unless its comment says another. It is compiled, not run: it may connect anywhere.
PRELUDE = """\
#include <dbapi.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
@INCLUDES@
void check(dbapi_status_t status, ...);
void fragment(void);
void fragment(void)
{
#line @LINE@ "@PAGE@"
@BLOCK@
}
"""

INTERPRETERS = {"ruby": "ruby", "lua": "luajit", "python": "python3"}
SUFFIXES = {"c": "c", "cpp": "cpp", "ruby": "rb", "lua": "lua", "python": "py", "go": "go", "sh": "sh"}
PAGES = re.compile(r"^<!-- (.*) -->$")


# Names of ours that are no part of the interface.
NOT_OF_THE_HEADER = {"DBAPI_UPDATE_HEADER", "DBAPI_LIBRARY", "DBAPI_HEADER"}


class Failure(Exception):
    """A block that is wrong; its text is for the person who wrote the page."""


class Skip(Exception):
    """A block whose language is not installed."""


class Block:
    """A fenced block: its language, text, the comment before it, and where it stands."""

    def __init__(self, page, line, language, text, order):
        self.page, self.line, self.language, self.text = page, line, language, text
        self.task, _, self.argument = order.partition(" in ") if order.startswith("run in ") else (order, "", "")
        if order.startswith("file: "):
            self.task, self.argument = "file", order[len("file: "):]
        elif order.startswith("not run: "):
            self.task, self.argument = "not run", order[len("not run: "):]
        if self.task not in ("", "run", "file", "output", "not run"):
            raise Failure(f"{self.where()}: what is <!-- {order} -->?")

    def where(self):
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page):
    """The blocks of a page, in order."""
    lines = page.read_text(encoding="utf-8").split("\n")
    found, i = [], 0
    while i < len(lines):
        opening = re.match(r"^( *)```(\S*)$", lines[i])
        if not opening:
            i += 1
            continue
        order = PAGES.match(lines[i - 1].strip()) if i else None
        indent = len(opening.group(1))
        end = next((j for j in range(i + 1, len(lines)) if lines[j].strip() == "```"), None)
        if end is None:
            raise Failure(f"{page.name}:{i + 1}: this block has no end")
        text = "\n".join(line[indent:] for line in lines[i + 1:end]) + "\n"
        found.append(Block(page, i + 1, opening.group(2), text, order.group(1) if order else ""))
        i = end + 1
    return found


class Page:
    """Where one page's blocks run."""

    def __init__(self, options, directory):
        self.options, self.directory = options, pathlib.Path(directory)
        # What the last block that was run wrote, or that it was skipped.
        self.said, self.skipped = None, False
        self.count = 0
        environment = dict(os.environ)
        library = options.library
        if options.installed:
            library = f"{options.installed}/lib"
            environment["PKG_CONFIG_PATH"] = f"{library}/pkgconfig"
            environment["CMAKE_PREFIX_PATH"] = options.installed
            environment["C_INCLUDE_PATH"] = environment["CPLUS_INCLUDE_PATH"] = f"{options.installed}/include"
            environment["LIBRARY_PATH"] = library
        environment["LD_LIBRARY_PATH"] = library
        environment["LIBDBAPI_PATH"] = environment["DBAPI_LIBRARY"] = f"{library}/libdbapi.so.0"
        environment["CGO_CFLAGS"] = f"-I{options.include}"
        environment["CGO_LDFLAGS"] = f"-L{library} -ldbapi"
        # The bindings, where the tree has them.
        environment["PYTHONPATH"] = str(ROOT / "examples/python")
        environment["RUBYLIB"] = str(ROOT / "examples/ruby/lib")
        environment["LUA_PATH"] = f"{ROOT}/examples/lua/?.lua;;"
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        self.environment = environment

    def call(self, block, command):
        """Runs a command in the page's directory, and gives what it wrote to stdout."""
        result = subprocess.run(command, cwd=self.directory, env=self.environment, capture_output=True, text=True,
                                timeout=TIMEOUT, check=False)
        if result.returncode != 0:
            raise Failure(f"{block.where()}: {' '.join(map(str, command))} ended with {result.returncode}:\n"
                          f"{result.stdout}{result.stderr}")
        return result.stdout

    def save(self, block, text):
        self.count += 1
        path = self.directory / f"block{self.count}.{SUFFIXES[block.language]}"
        path.write_text(text, encoding="utf-8")
        return path

    def whole(self, block):
        """The block, in its prelude if it has one."""
        if block.task == "run" and block.argument:
            prelude = (ROOT / f"docs/manual/preludes/{block.argument}.{SUFFIXES[block.language]}").read_text(encoding="utf-8")
        elif block.language in ("c", "cpp") and "main(" not in block.text:
            prelude = PRELUDE
        elif block.language in ("c", "cpp"):
            return f'#line {block.line + 1} "{block.page.relative_to(ROOT)}"\n{block.text}'
        else:
            return block.text
        includes = [line for line in block.text.split("\n") if line.startswith("#include")]
        # Line numbers stay: an include that moves up leaves its line behind.
        body = "\n".join("" if line.startswith("#include") else line for line in block.text.split("\n"))
        for place, text in (("@INCLUDES@", "\n".join(includes)), ("@LINE@", str(block.line + 1)),
                            ("@PAGE@", str(block.page.relative_to(ROOT))), ("@BLOCK@", body)):
            prelude = prelude.replace(place, text)
        return prelude

    def compiled(self, block, link):
        source = self.save(block, self.whole(block))
        compiler = ["gcc", "-std=c99"] if block.language == "c" else ["g++", "-std=c++17"]
        program = source.with_suffix("")
        command = [*compiler, *STRICT, f"-I{self.options.include}", "-o", str(program), str(source)]
        if link:
            command += [f"-L{self.options.library}", "-ldbapi", "-pthread"]
        else:
            command += ["-c"]
        self.call(block, command)
        return str(program)

    def c(self, block):
        run = block.task == "run"
        program = self.compiled(block, link=run or "main(" in block.text)
        return self.call(block, [program]) if run else None

    cpp = c

    def sh(self, block):
        script = self.save(block, block.text)
        self.call(block, ["bash", "-n", str(script)])
        if block.task == "run":
            return self.call(block, ["bash", "-eu", "-o", "pipefail", str(script)])
        for word in re.findall(r"(?:^|[\s=])((?:examples|c_tests|packaging|docs|include|src|abi)/[\w./-]+)", block.text):
            if not (ROOT / word).exists():
                raise Failure(f"{block.where()}: there is no {word}")
        return None

    def interpreted(self, block):
        interpreter = shutil.which(INTERPRETERS[block.language])
        if not interpreter:
            raise Skip(f"{INTERPRETERS[block.language]} is not there")
        source = self.save(block, self.whole(block))
        if block.task == "not run":
            check = {"ruby": ["-c"], "lua": ["-bl"], "python": ["-m", "py_compile"]}[block.language]
            self.call(block, [interpreter, *check, str(source)])
            return None
        return self.call(block, [interpreter, str(source)])

    ruby = lua = python = interpreted

    def go(self, block):
        if not shutil.which("go"):
            raise Skip("go is not there")
        module = self.directory / f"go{block.line}"
        module.mkdir()
        driver = ROOT / "examples/go/dbapi"
        (module / "go.mod").write_text("module block\n\ngo 1.19\n\nrequire libdbapi/dbapi v0.0.0\n\n"
                                       f"replace libdbapi/dbapi => {driver}\n", encoding="utf-8")
        (module / "main.go").write_text(self.whole(block), encoding="utf-8")
        program = str(module / "block")
        self.call(block, ["sh", "-c", f"cd '{module}' && go build -o block ."])
        return None if block.task == "not run" else self.call(block, [program])

    def check(self, block):
        """One block. What it writes is kept for an output block behind it."""
        if block.task == "file":
            target = self.directory / block.argument
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, encoding="utf-8")
            if block.language in ("c", "cpp"):
                self.compiled(block, link="main(" in block.text)
            return
        if block.task == "output":
            if self.skipped:
                raise Skip("what would write it was skipped")
            if self.said is None:
                raise Failure(f"{block.where()}: nothing before this was run")
            if self.said != block.text:
                raise Failure(f"{block.where()}: the page says\n{block.text}and the block before wrote\n{self.said}")
            return
        if block.language in ("text", "sql", "ini", "cmake"):
            if block.task != "not run":
                raise Failure(f"{block.where()}: what is to be done with this? Say <!-- file: NAME -->, <!-- output --> or <!-- not run: WHY -->")
            return
        if block.language not in SUFFIXES:
            raise Failure(f"{block.where()}: what language is '{block.language}'?")
        self.skipped = False
        self.said = getattr(self, block.language)(block)


def unknown_names(page, header):
    """What a page calls by name, between backticks, and the header does not have. dbapi_value_get_... is a prefix."""
    text = page.read_text(encoding="utf-8")
    for match in re.finditer(r"`((?:dbapi|DBAPI)_\w+)(\.\.\.)?(?=[`(,; ])", text):
        name, prefix = match.groups()
        if not re.search(rf"\b{name}" + ("" if prefix else r"\b"), header) and name not in NOT_OF_THE_HEADER:
            yield f"{page.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}: the header has no {match.group(0)[1:]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="one page, by its name")
    parser.add_argument("--include", required=True)
    parser.add_argument("--library", required=True)
    parser.add_argument("--installed")
    options = parser.parse_args()
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    if options.only:
        pages = [page for page in pages if page.name == options.only]
        if not pages:
            sys.exit(f"blocks.py: there is no page {options.only}")
    checked = skipped = failed = unrun = 0
    header = (pathlib.Path(options.include) / "dbapi.h").read_text(encoding="utf-8")
    for page in pages:
        for wrong in unknown_names(page, header):
            print(wrong, file=sys.stderr)
            failed += 1
        with tempfile.TemporaryDirectory(prefix="dbapi-blocks.") as directory:
            place = Page(options, directory)
            try:
                blocks = blocks_of(page)
            except Failure as failure:
                print(failure, file=sys.stderr)
                failed += 1
                continue
            for block in blocks:
                try:
                    place.check(block)
                    checked += 1
                    unrun += block.task == "not run"
                except Skip as skip:
                    print(f"skipped: {block.where()}: {skip}")
                    skipped += 1
                    place.skipped = True
                except (Failure, subprocess.TimeoutExpired) as failure:
                    print(failure, file=sys.stderr)
                    failed += 1
    print(f"{checked} blocks on {len(pages)} pages are right (of {unrun} only the syntax was looked at), {skipped} skipped, {failed} wrong")
    if failed or not checked:
        sys.exit(1)


if __name__ == "__main__":
    main()
