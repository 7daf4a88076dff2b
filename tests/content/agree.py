#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""berth content add and kubo give the same CIDs for random files and trees around every boundary of chunks, of widths and
of directories that are sharded, under each profile; each reads what the other made, as CARs both ways; piece
commitments are those of go-fil-commp-hashhash around every power of two. The seed is printed. The status is 0 when all of
it held."""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools import PLACE, Berth, Kubo, check, commp

PROFILES = {
    # berth's name: kubo's profile, its flags, links of a node, bytes of a CID, whether a whole block is counted
    "default": (None, ["--cid-version=1"], 174, 36, False),
    "unixfs-v1-2025": ("unixfs-v1-2025", [], 1024, 36, True),
    "unixfs-v0-2015": ("unixfs-v0-2015", [], 174, 34, False),
}
THRESHOLD = 256 << 10
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789 -_.%äß漢🙂"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", required=True, type=lambda text: Path(text).resolve())
    parser.add_argument("--cases", type=int, default=500, help="files and trees that are compared, at least")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    failed = 0
    compared = 0
    for number, profile in enumerate(PROFILES):
        with tempfile.TemporaryDirectory(dir=PLACE) as root:
            trial = Trial(asked.berth, Path(root), profile, random.Random(asked.seed * 7 + number))
            try:
                trial.run(asked.cases // len(PROFILES) + 1)
            except AssertionError as error:
                print(f"FAIL {profile}: {error}", flush=True)
                failed += 1
            compared += trial.compared
            print(f"{profile}: {trial.compared} compared", flush=True)
    try:
        pieces = commitments(asked.berth, random.Random(asked.seed))
        print(f"{pieces} piece commitments compared")
    except AssertionError as error:
        print(f"FAIL commitments: {error}")
        failed += 1
    if not failed:
        check(compared >= asked.cases, f"only {compared} of {asked.cases} were compared")
    print(f"{len(PROFILES) + 1 - failed} passed, {failed} failed")
    return 1 if failed else 0


class Trial:
    """One profile."""

    def __init__(self, binary, root, profile, chance):
        self.root, self.profile, self.chance = root, profile, chance
        kubos, self.flags, self.width, self.cid_bytes, self.whole = PROFILES[profile]
        self.berth = Berth(binary, root / "berth")
        self.berth.root.mkdir()
        self.kubo = Kubo(root, kubos)
        self.compared = 0

    def run(self, cases):
        self.chunks("tiny", 16, [self.width], cases // 5)
        self.chunks("odd", 1000, [self.width], cases // 5)
        self.deep()
        own = {"unixfs-v1-2025": 1 << 20}.get(self.profile, 256 << 10)
        self.chunks("own", None, [1, 2, 3], cases // 5, own)
        self.trees(max(cases - 3 * (cases // 5), 20))
        self.attributes()

    def chunks(self, name, chunk, widths, count, size=None):
        """Files of sizes around chunks and full nodes."""
        size = size or chunk
        folder = self.root / name
        folder.mkdir()
        sizes = {0, 1, size - 1, size, size + 1}
        for width in widths:
            sizes |= {width * size + more for more in (-1, 0, 1, size, size + 1)}
        while len(sizes) < count:
            sizes.add(self.chance.randrange(0, 8 << 10 if chunk else 4 << 20))
        for number in sorted(sizes):
            if number >= 0:
                (folder / f"{number}").write_bytes(self.chance.randbytes(number))
        flags = [] if chunk is None else [f"--chunker=size-{chunk}"]
        self.compare(folder, flags, [] if chunk is None else ["--chunk", f"{chunk}B"])

    def deep(self):
        """Around a full node of full nodes: so many blocks that neither keeps them."""
        folder = self.root / "deep"
        folder.mkdir()
        for more in (0, 1):
            (folder / f"{more}").write_bytes(self.chance.randbytes(self.width**2 * 8 + more))
        self.compare(folder, ["--chunker=size-8", "--only-hash"], ["--chunk", "8B", "--only-hash"], get=False)

    def name(self, length=None):
        name = "".join(self.chance.choices(LETTERS, k=length or self.chance.randrange(1, 30))).strip(". ")
        return name or "x"

    def tree(self, folder, depth):
        folder.mkdir()
        for _ in range(self.chance.randrange(0, 6)):
            at = folder / self.name()
            if os.path.lexists(at):
                continue
            kind = self.chance.random()
            if kind < 0.25 and depth < 4:
                self.tree(at, depth + 1)
            elif kind < 0.35:
                at.symlink_to(self.chance.choice(["x", "../y", "/etc", "a b/ä"]))
            else:
                at.write_bytes(self.chance.randbytes(self.chance.choice([0, 1, 40, 3000])))

    def large(self, folder, more):
        """A directory just so large that it is one block, and by how many bytes it is larger."""
        folder.mkdir()
        left = THRESHOLD + more - (4 if self.whole else 0)  # its data: {Type: Directory}
        # A link to an empty file: CID, name and size, each with its tag and length, in a field of its own.
        tsize = 0 if self.profile != "unixfs-v0-2015" else 6

        def cost(length):
            if not self.whole:
                return length + self.cid_bytes
            inner = (2 + self.cid_bytes) + (2 + length if length < 128 else 3 + length) + 2 + (tsize >> 7)
            return (2 if inner < 128 else 3) + inner

        number = 0
        while left > 2 * cost(200):
            name = f"{number:05}".ljust(200, "n")
            (folder / name).touch()
            left -= cost(200)
            number += 1
        for first in range(60, 250):
            for second in range(60, 250):
                if cost(first) + cost(second) == left:
                    (folder / "y".ljust(first, "y")).touch()
                    (folder / "z".ljust(second, "z")).touch()
                    return
        raise AssertionError("no two names make that size")

    def trees(self, count):
        folder = self.root / "trees"
        folder.mkdir()
        for number in range(count):
            self.tree(folder / f"t{number}", 0)
        for more in (-1, 0, 1):
            self.large(folder / f"large{more}", more)
        many = folder / "many"
        many.mkdir()
        for _ in range(9000):
            (many / self.name(20)).write_bytes(self.chance.choice([b"", b"a", b"bc"]))
        cids = self.compare(folder, [], [])
        stats = {more: self.berth.json("stat", cids[f"large{more}"])["sharded"] for more in (-1, 0, 1)}
        check(stats == {-1: False, 0: False, 1: True}, f"at the threshold: {stats}")

    def attributes(self):
        folder = self.root / "attributes"
        self.tree(folder, 0)
        (folder / "executable").write_bytes(b"#!/bin/sh\n")
        (folder / "executable").chmod(0o755)
        (folder / "long").write_bytes(self.chance.randbytes(3 << 20))
        # As old as that, and in whole seconds.
        os.utime(folder / "executable", ns=(0, 1_000_000_000 * self.chance.randrange(1, 1 << 31)))
        flags = ["--preserve-mode", "--preserve-mtime", "--raw-leaves=false"]
        self.compare(folder, flags, ["--mode", "--mtime"], get=False)

    def compare(self, folder, kubos, berths, get=True):
        """All of a folder's entries, and the folder; their CIDs by name."""
        printed = self.kubo.run("add", "-r", "--pin=false", "--progress=false", *self.flags, *kubos, folder).decode()
        wanted = {}
        for line in printed.splitlines():
            added, cid, path = line.split(" ", 2)
            wanted[path] = cid
        names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
        paths = [folder / name for name in names] + [folder]
        given = self.berth.json("add", "--profile", self.profile, *berths, *paths)
        for path, made in zip(paths, given):
            key = folder.name if path == folder else f"{folder.name}/{path.name}"
            check(made["cid"] == wanted[key], f"{path}: berth says {made['cid']}, kubo {wanted[key]}")
            self.compared += 1
        root = given[-1]["cid"]
        if get:
            self.exchange(folder, root)
        return {path.name: made["cid"] for path, made in zip(paths, given)}

    def exchange(self, folder, root):
        """A CAR of berth's read by kubo, and one of kubo's by another berth; what comes out is what went in."""
        car = self.root / f"{folder.name}.car"
        self.berth.run("export", root, "--output", car, "--car-version", self.chance.choice([1, 2]))
        with tempfile.TemporaryDirectory(dir=PLACE) as other:
            reader = Kubo(other)
            imported = reader.run("dag", "import", car).decode()
            check(root in imported and "error" not in imported, imported)
            reader.run("get", "-o", Path(other) / "out", root)
            same(folder, Path(other) / "out")
        car.write_bytes(self.kubo.run("dag", "export", root))
        with tempfile.TemporaryDirectory(dir=PLACE) as other:
            reader = Berth(self.berth.binary, other)
            [imported] = reader.json("import", car)
            check(imported["roots"] == [root], imported)
            reader.run("get", root, "--output", Path(other) / "out", "--no-links")
            same(folder, Path(other) / "out", links=False)
            check(json.loads(reader.run("verify", "--json"))["damage"] == [], "damage")


def same(left, right, links=True):
    """Two trees of files, but for what is hidden in the first."""
    for folder, below, files in os.walk(left):
        below[:] = [name for name in below if not name.startswith(".")]
        other = right / Path(folder).relative_to(left)
        names = [name for name in below + files if not name.startswith(".")]
        linked = [name for name in names if os.path.islink(os.path.join(folder, name))]
        wanted = set(names) if links else set(names) - set(linked)
        check({path.name for path in other.iterdir()} == wanted, f"{other}: other names than in {folder}")
        for name in wanted:
            path = Path(folder) / name
            if path.is_symlink():
                check(os.readlink(path) == os.readlink(other / name), f"{other / name} leads elsewhere")
            elif path.is_file():
                check(path.read_bytes() == (other / name).read_bytes(), f"{other / name} has other bytes")


def commitments(binary, chance):
    """Around each power of two that a piece can have, up to 16 MiB."""
    sizes = {65, 66, 126, 127, 128, 253, 254, 255}
    for height in range(7, 25):
        payload = (1 << height) // 128 * 127
        sizes |= {max(payload + more, 65) for more in (-1, 0, 1)}
    while len(sizes) < 90:
        sizes.add(chance.randrange(65, 1 << 20))
    with tempfile.TemporaryDirectory(dir=PLACE) as root:
        berth = Berth(binary, root)
        paths = []
        for size in sorted(sizes):
            path = Path(root) / str(size)
            path.write_bytes(chance.randbytes(size))
            paths.append(path)
        told = subprocess.run([commp(), *paths], check=True, capture_output=True, text=True).stdout.splitlines()
        for path, line in zip(paths, told):
            commitment, padded = line.split()
            piece = berth.json("commp", path)
            is_same = (piece["commitment"], piece["padded_bytes"]) == (commitment, int(padded))
            check(is_same, f"{path.name} bytes: {piece}, and not {line}")
        (Path(root) / "short").write_bytes(b"x" * 64)
        check(b"65" in berth.run("commp", Path(root) / "short", status=120), "too short")
    return len(paths)


if __name__ == "__main__":
    sys.exit(main())
