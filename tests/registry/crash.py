#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills berth at random instants while it pulls, pushes, removes, makes room and signs: each time the store verifies clean,
what was acknowledged is there, and a module is as it was or signed whole. The seed is printed. The status is 0 when all of it held."""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hostile import Registry
from registries import DockerRegistry, Machine, check, manifest, sha256

PLACES = 12


class Trial:
    """One store, and what it has to have."""

    def __init__(self, machine, registry, real, chance):
        self.machine, self.registry, self.real, self.chance = machine, registry, real, chance
        self.present = {}  # names that were acknowledged, and nothing removed since: what they stand for
        self.pinned = set()
        self.versions = [os.urandom(chance.randrange(1 << 10, 3 << 20)) for _ in range(PLACES)]
        self.ended = {"killed": 0, "in time": 0}
        self.signed = machine.root / "signed.wasm"
        self.signed.write_bytes(machine.hello.read_bytes())
        machine.good("keys", "new", "account", "shop")
        for number in range(PLACES):
            self.serve(number)

    def name(self, number):
        return self.registry.name(f"a/b:t{number:02}")

    def serve(self, number):
        """Another version of an artifact."""
        data = self.versions[number] = self.chance.randbytes(self.chance.randrange(1 << 10, 3 << 20))
        self.registry.answers[f"/manifests/t{number:02}"] = manifest(data)
        self.registry.answers[f"/blobs/{sha256(data)}"] = data

    def killed(self, longest, *words):
        """Whether it ended by itself, and well, before it was killed."""
        process = self.machine.start(*words)
        try:
            process.wait(self.chance.uniform(0.0, longest))
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        self.ended["killed" if process.returncode == -9 else "in time"] += 1
        check(process.returncode in (0, -9), f"berth {words} ends with {process.returncode}")
        return process.returncode == 0

    def pull(self):
        number = self.chance.randrange(PLACES)
        if self.chance.random() < 0.3:
            self.serve(number)
        pin = ["--pin"] if self.chance.random() < 0.5 else []
        before = self.present.pop(self.name(number), None)
        if self.killed(0.06, "pull", *pin, self.name(number)):
            self.present[self.name(number)] = [sha256(self.versions[number])]
        elif before:
            # The one or the other.
            self.present[self.name(number)] = [*before, sha256(self.versions[number])]
        if pin and self.name(number) in self.present and len(self.present[self.name(number)]) == 1:
            self.pinned.add(self.name(number))

    def remove(self):
        number = self.chance.randrange(PLACES)
        if self.present.pop(self.name(number), None):
            self.pinned.discard(self.name(number))
            self.killed(0.015, "rm", self.name(number))

    def collect(self):
        self.killed(0.02, "gc", "--keep", "6MiB")
        self.present = {name: wanted for name, wanted in self.present.items() if name in self.pinned}

    def push(self):
        guest = self.machine.guests / self.chance.choice(["hello.wasm", "run-result.wasm", "every.wasm"])
        name = f"oci://{self.real.host}/pushed:{self.chance.randrange(3)}"
        if self.killed(0.12, "push", guest, name):
            [pulled] = self.machine.json("pull", name)
            check(pulled["digest"] == sha256(guest.read_bytes()), "an acknowledged push isn't there")
            self.present[name] = [pulled["digest"]]

    def sign(self):
        before = self.signed.read_bytes()
        version = str(self.chance.randrange(1 << 30))
        acknowledged = self.killed(0.03, "sign", self.signed, "--as", "shop", "--name", version)
        after = self.signed.read_bytes()
        check(after == before or self.token_name() == version, "another module than before, and than was signed")
        check(after != before or not acknowledged, "an acknowledged signature isn't there")

    def token_name(self):
        """Of a module whose signature holds for its bytes."""
        claims = self.machine.json("inspect", self.signed)["claims"]
        check(claims["refused"] is None, f"{claims}")
        return claims["module"]["name"]

    def holds(self):
        self.machine.clean()
        listed = {entry["name"]: entry["digest"] for entry in self.machine.json("list")}
        for name, wanted in self.present.items():
            check(listed.get(name) in wanted, f"{name} was acknowledged as {wanted} and is {listed.get(name)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", required=True, type=lambda text: Path(text).resolve())
    parser.add_argument("--guests", required=True, type=lambda text: Path(text).resolve())
    parser.add_argument("--times", type=int, default=200, help="how often it is killed")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    chance = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as root, Registry({}) as registry, DockerRegistry(root) as real:
        machine = Machine(asked, Path(root))
        trial = Trial(machine, registry, real, chance)
        try:
            while trial.ended["killed"] < asked.times:
                chance.choices([trial.pull, trial.push, trial.remove, trial.collect, trial.sign], [6, 2, 1, 2, 2])[0]()
                trial.holds()
            left = machine.json("gc")
            trial.holds()
            check(list((machine.store() / "partial").iterdir()) == [], "something is left aside")
            names = machine.json("list")
            blobs = {name.removeprefix("sha256:") for entry in names for name in (entry["digest"], entry["manifest"])}
            check({path.name for path in (machine.store() / "blobs").iterdir()} == blobs, f"{left}: other blobs than named ones")
        except AssertionError as error:
            print(f"FAIL {error}\n0 passed, 1 failed")
            return 1
    print(f"{trial.ended['killed']} were killed, {trial.ended['in time']} ended before")
    print("1 passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
