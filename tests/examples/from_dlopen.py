#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs both programs of examples/08-from-dlopen: the plugin's bug ends the one and is an error to the other, as
docs/from-dlopen-to-berth.md has it."""

import argparse
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "packaging"))
from stranger import ROOT, built, check, environment, tells_the_truth


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="the build that is installed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="berth-from-dlopen-") as folder:
        compare(built("08-from-dlopen", options.build, Path(folder)))
    return 0


def compare(programs):
    def before(people):
        return run(programs / "before", programs / "plugin.so", people)

    def after(people):
        return run(programs / "after", programs / "plugin.wasm", people)
    for program in (before, after):
        check(program(3) == (0, "333\n"), f"a share of three: {program(3)}")
    check(before(0)[0] == -signal.SIGFPE, f"a fault in a shared object: {before(0)}")
    status, said = after(0)
    check(status == 1, f"a fault in a module: {status} {said}")
    # The shell says the first line, of a program that can't.
    tells_the_truth(ROOT / "docs" / "from-dlopen-to-berth.md", ["Floating point exception", *said.splitlines()])


def run(program, plugin, people):
    done = subprocess.run([program, plugin, str(people)], env=environment(program.parent), cwd=program.parent,
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    return done.returncode, done.stdout


if __name__ == "__main__":
    sys.exit(main())
