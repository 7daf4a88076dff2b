#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs scenarios: command lines against the real berth, with what they have to print.

A scenario is a file NAME.test in this folder. Its first character tells what a line is:

  # a comment
  $ berth run $GUESTS/hello.wasm       a command, run by bash
    --and-its-next-line                two spaces: the command, or its here-document, goes on
  > hello                              a line it must print to standard output
  ! berth: it went wrong               a line it must print to standard error
  ? 123                                its exit status, when that isn't 0

All that a command prints is compared, each stream by itself. `[...]` in an expected line stands for any text;
a line that is nothing but `[...]` stands for any number of lines.

Each file has a fresh folder to run in ($WORK, also its HOME) and fresh BERTH_STATE and BERTH_CONFIG; commands of
one file follow each other there. The cache of compiled modules is shared. `berth` is the binary under test, $GUESTS
is where the guests are, $SOURCE the checkout. In what is printed, these paths are put back to their names, so that a
scenario may expect `$WORK/data`. A command has 60 s.

To write one: put down the commands alone, run with --update, and read what it filled in as a stranger would.
"""

import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
DEADLINE_SECONDS = 60
ANY = "[...]"


@dataclass
class Step:
    """A command and what is expected of it."""

    line: int
    command: str
    stdout: list = field(default_factory=list)
    stderr: list = field(default_factory=list)
    status: int = 0


class BadScenario(Exception):
    """A file that is no scenario; the message says where."""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", type=Path, default=SOURCE / "build/dev/src/cli/berth", help="the binary to test")
    parser.add_argument("--guests", type=Path, default=SOURCE / "build/guests", help="where build.py put the guests")
    parser.add_argument("--update", action="store_true", help="write what is printed into the files")
    parser.add_argument("scenarios", metavar="FILE", nargs="*", type=Path, help="only these (default: all)")
    options = parser.parse_args()

    if not options.berth.exists():
        parser.error(f"there is no {options.berth}: 'make build' makes it")
    failed = []
    files = options.scenarios or sorted(HERE.glob("*.test"))
    for file in files:
        try:
            if not run(file, options):
                failed.append(file.name)
        except BadScenario as error:
            print(f"{file.name}:{error}")
            failed.append(file.name)
    print(f"{len(files) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def run(file, options):
    """Runs one file; says what differs."""
    text = file.read_text()
    steps = parse(text)
    with tempfile.TemporaryDirectory(prefix="berth-scenario-") as folder:
        place = Place(Path(folder).resolve(), options)
        results = [place.run(step) for step in steps]
    if options.update:
        file.write_text(updated(text, steps, results))
        return True
    return all([explain(file, step, result) for step, result in zip(steps, results)])


class Place:
    """The folder that a scenario runs in, and its environment."""

    def __init__(self, root, options):
        self.work = root / "work"
        tools = root / "bin"
        for folder in (self.work, tools, root / "state", root / "config"):
            folder.mkdir(mode=0o700)
        (tools / "berth").symlink_to(options.berth.resolve())
        guests = options.guests.resolve()
        self.names = [(str(guests), "$GUESTS"), (str(self.work), "$WORK"), (str(SOURCE), "$SOURCE")]
        self.names += [(str(root / "state"), "$BERTH_STATE"), (str(root / "config"), "$BERTH_CONFIG")]
        self.environment = {
            "PATH": f"{tools}:/usr/bin:/bin",
            "HOME": str(self.work),
            "LC_ALL": "C.UTF-8",
            "BERTH_STATE": str(root / "state"),
            "BERTH_CONFIG": str(root / "config"),
            "BERTH_CACHE": shared_cache(),
            "GUESTS": str(guests),
            "SOURCE": str(SOURCE),
            "WORK": str(self.work),
        }

    def run(self, step):
        """The step, with what really happened in place of what was expected."""
        process = subprocess.Popen(
            ["bash", "-c", step.command],
            cwd=self.work,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            stdout, stderr = process.communicate(timeout=DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            stdout, stderr = process.communicate()
            stderr += f"(stopped after {DEADLINE_SECONDS} s)".encode()
        return Step(step.line, step.command, self.lines(stdout), self.lines(stderr), process.returncode)

    def lines(self, output):
        text = output.decode(errors="backslashreplace")
        for path, name in self.names:
            text = text.replace(path, name)
        return text.splitlines()


def shared_cache():
    cache = os.environ.get("BERTH_CACHE")
    return cache or str(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "berth")


def parse(text):
    steps = []
    for number, line in enumerate(text.splitlines(), start=1):
        mark, rest = line[:1], line[2:]
        if mark in ("", "#"):
            continue
        if line[1:2] not in ("", " ") or mark not in "$ >!?":
            raise BadScenario(f"{number}: a line begins with '#', '$ ', '  ', '> ', '! ' or '? '")
        if mark == "$":
            steps.append(Step(number, rest))
        elif not steps:
            raise BadScenario(f"{number}: there is no command yet")
        elif mark == " ":
            steps[-1].command += "\n" + rest
        elif mark == ">":
            steps[-1].stdout.append(rest)
        elif mark == "!":
            steps[-1].stderr.append(rest)
        elif rest.isdecimal():
            steps[-1].status = int(rest)
        else:
            raise BadScenario(f"{number}: '{rest}' is no exit status")
    return steps


def matches(expected, actual):
    """Whether lines are as expected, `[...]` being any text, or any lines."""

    def pattern(line):
        if line == ANY:
            return r"(?:.*\n)*"
        return ".*".join(re.escape(part) for part in line.split(ANY)) + r"\n"

    return re.fullmatch("".join(pattern(line) for line in expected), "".join(f"{line}\n" for line in actual)) is not None


def explain(file, step, result):
    """Whether a step went as expected; prints the difference if not."""
    good = step.status == result.status
    good = good and matches(step.stdout, result.stdout) and matches(step.stderr, result.stderr)
    if not good:
        print(f"{file.name}:{step.line}: $ {step.command}")
        difference = difflib.unified_diff(expectation(step), expectation(result), "expected", "printed", lineterm="", n=9)
        print("\n".join(difference), end="\n\n")
    return good


def expectation(step):
    """A step's lines as a scenario has them."""
    marked = [(">", line) for line in step.stdout] + [("!", line) for line in step.stderr]
    lines = [f"{mark} {line}" if line else mark for mark, line in marked]
    return lines + ([f"? {step.status}"] if step.status else [])


def updated(text, steps, results):
    """A scenario's text with what was printed; a stream that matches keeps its lines, so its `[...]` stay."""
    fresh = {}
    for step, result in zip(steps, results):
        stdout = step.stdout if matches(step.stdout, result.stdout) else result.stdout
        stderr = step.stderr if matches(step.stderr, result.stderr) else result.stderr
        fresh[step.line] = expectation(Step(step.line, step.command, stdout, stderr, result.status))
    out, waiting = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if line[:1] in (">", "!", "?"):
            continue
        if line[:1] != " ":
            out += waiting
            waiting = fresh.get(number, [])
        out.append(line)
    return "\n".join(out + waiting) + "\n"


if __name__ == "__main__":
    sys.exit(main())
