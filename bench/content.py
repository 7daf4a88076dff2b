#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures berth content beside kubo: adding a file of 1 GiB, and reading it back.

Each in turns, into a repository that has nothing of it, with the same profile: kubo's default with --cid-version 1. Prints
the medians, their ratio, and the most memory that berth had. Exit status 1 when a bound is missed: adding at 1.5 times
kubo's rate, memory under 64 MiB.

  python3 bench/content.py --berth build/release/src/cli/berth
"""

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

from timed import timed, timed_print

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/content"))
from tools import Berth, Kubo  # noqa: E402

BOUND_RATIO = 1.5
BOUND_BYTES = 64 << 20


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", required=True, type=lambda text: Path(text).resolve())
    parser.add_argument("--bytes", type=int, default=1 << 30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder unless given")
    asked = parser.parse_args()
    seconds = {name: [] for name in ("berth add", "kubo add", "berth get", "kubo get")}
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        file = Path(folder) / "file"
        with file.open("wb") as out:  # which leaves it in the system's memory for both
            for _ in range(asked.bytes >> 20):
                out.write(os.urandom(1 << 20))
        most = 0
        for _ in range(asked.rounds):
            with tempfile.TemporaryDirectory(dir=folder) as root:
                berth = Berth(asked.berth, root)
                taken, used, made = timed_print(berth.command("add", file), berth.environment)
                seconds["berth add"].append(taken)
                most = max(most, used)
                taken, used = timed(berth.command("get", made, "--output", Path(root) / "out"), berth.environment)
                seconds["berth get"].append(taken)
                most = max(most, used)
            with tempfile.TemporaryDirectory(dir=folder) as root:
                kubo = Kubo(root)
                command = [kubo.binary, "--offline", "add", "-Q", "--progress=false", "--cid-version=1", file]
                taken, _, other = timed_print(command, kubo.environment)
                seconds["kubo add"].append(taken)
                if other != made:
                    raise SystemExit(f"berth says {made}, kubo {other}")
                command = [kubo.binary, "--offline", "get", "--progress=false", "-o", Path(root) / "out", made]
                taken, _ = timed(command, kubo.environment)
                seconds["kubo get"].append(taken)
    medians = {name: statistics.median(taken) for name, taken in seconds.items()}
    for name, taken in seconds.items():
        rate = asked.bytes / medians[name] / 1e6
        print(f"{name}  median {medians[name]:.2f} s ({min(taken):.2f} to {max(taken):.2f}), {rate:.0f} MB/s")
    add = medians["kubo add"] / medians["berth add"]
    print(f"add: {add:.2f} times kubo's rate (bound {BOUND_RATIO})")
    print(f"get: {medians['kubo get'] / medians['berth get']:.2f} times kubo's rate")
    print(f"memory: {most / (1 << 20):.1f} MiB (bound {BOUND_BYTES >> 20})")
    return 0 if add >= BOUND_RATIO and most < BOUND_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
