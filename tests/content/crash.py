#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills berth content at random instants while it adds, imports, pins, removes pins and makes room, and empties the cache in
between: each time the store verifies clean, and what was acknowledged is there with all its bytes. The seed is printed. The
status is 0 when all of it held."""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools import Berth, check

PLACES = 10


class Trial:
    """One store, and what it has to have."""

    def __init__(self, binary, root, chance):
        self.root, self.chance = root, chance
        self.berth = Berth(binary, root / "berth")
        self.berth.root.mkdir()
        other = Berth(binary, root / "other")
        other.root.mkdir()
        self.files, self.cars, self.cids, self.pinned = [], [], [], set()
        for number in range(PLACES):
            path = root / f"f{number}"
            path.write_bytes(chance.randbytes(chance.randrange(1 << 10, 6 << 20)))
            [made] = other.json("add", path)
            self.cars.append(root / f"{number}.car")
            other.run("export", made["cid"], "--output", self.cars[-1])
            self.files.append(path)
            self.cids.append(made["cid"])
        self.ended = {"killed": 0, "in time": 0}

    def killed(self, longest, *words, may=(0,)):
        """Whether it ended by itself, and well, before it was killed."""
        process = self.berth.start(*words)
        try:
            process.wait(self.chance.uniform(0.0, longest))
        except subprocess.TimeoutExpired:
            process.kill()
        errors = process.communicate()[1].decode()
        self.ended["killed" if process.returncode == -9 else "in time"] += 1
        check(process.returncode in (*may, -9), f"berth content {words} ends with {process.returncode}: {errors}")
        return process.returncode == 0

    def add(self):
        number = self.chance.randrange(PLACES)
        if self.killed(0.08, "add", self.files[number]):
            self.pinned.add(number)

    def bring(self):
        number = self.chance.randrange(PLACES)
        if self.killed(0.08, "import", self.cars[number]):
            self.pinned.add(number)

    def pin(self):
        """What lies in the cache since nothing pinned it; it may have gone."""
        number = self.chance.randrange(PLACES)
        if self.killed(0.08, "pin", self.cids[number], "--offline", may=(0, 122)):
            self.pinned.add(number)

    def purge(self):
        shutil.rmtree(self.berth.root / "cache", ignore_errors=True)

    def unpin(self):
        if self.pinned:
            number = self.chance.choice(sorted(self.pinned))
            self.pinned.discard(number)
            self.killed(0.02, "unpin", self.cids[number])

    def collect(self):
        self.killed(0.03, "gc", "--keep", self.chance.choice(["0B", "8MiB", "1GiB"]))

    def holds(self, whole):
        found = self.berth.json("verify")
        check(found["damage"] == [], f"damage: {found['damage']}")
        listed = {pin["cid"] for pin in self.berth.json("pin")}
        for number in self.pinned:
            check(self.cids[number] in listed, f"{self.files[number]} was acknowledged and isn't pinned")
            if whole:
                got = self.berth.run("get", self.cids[number], "--output", "-")
                check(got == self.files[number].read_bytes(), f"{self.files[number]} has other bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", required=True, type=lambda text: Path(text).resolve())
    parser.add_argument("--times", type=int, default=200, help="how often it is killed")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    with tempfile.TemporaryDirectory() as root:
        trial = Trial(asked.berth, Path(root), random.Random(asked.seed))
        try:
            while trial.ended["killed"] < asked.times:
                trial.chance.choices([trial.add, trial.bring, trial.pin, trial.unpin, trial.collect, trial.purge], [4, 4, 4, 4, 3, 1])[0]()
                trial.holds(whole=trial.chance.random() < 0.2)
            trial.holds(whole=True)
            trial.berth.run("gc", "--keep", "0B")
            trial.holds(whole=True)
            aside = [path for path in trial.berth.blocks() if path.suffix]
            check(aside == [], f"left aside: {aside}")
        except AssertionError as error:
            print(f"FAIL {error}\n0 passed, 1 failed")
            return 1
    print(f"{trial.ended['killed']} were killed, {trial.ended['in time']} ended before")
    print("1 passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
