#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what berth counts of a module's storage, to the byte and the file, against a model.

Random sequences of operations on files are made together with a model of the folder, which knows for each one whether
there is room for it. A guest follows them (`storer`, over preview 1, 0.2 and 0.3), and each of its answers must be the
model's. Behind each batch of sequences three must agree: the model, the folder as it is found, and berth's report.

  sequences   batches of them, each in one process, with quotas of its own
  killed      sequences that end with kill -9 at any operation: what was answered is there, and the next run counts
              what it finds
  volume      the same in a volume, which berth makes and keeps

One line a version and kind, and a closing count. `--seed` makes a run again. The status is 0 when all passed.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
GUESTS = {"p1": "storer-p1", "0.2": "storer", "0.3": "storer-p3"}
SEQUENCES_OF_BATCH = 100
OPERATIONS = 25
NAMES = ["a", "b", "c", "d"]
FOLDERS = ["f", "g"]
LARGEST = 6000
PIECE = 4096  # what the adapter of preview 1 and the storer of 0.2 hand over at once


class Mismatch(Exception):
    """The model and what is so differ."""


# The model.


@dataclass(eq=False)
class File:
    kind: str  # "file" or "symlink"
    size: int = 0
    names: int = 1
    handles: int = 0


@dataclass
class Model:
    """What the folder holds, and what its quota leaves."""

    version: str
    bytes_limit: int
    files_limit: int
    files: dict = field(default_factory=dict)  # by path
    folders: set = field(default_factory=set)
    handles: dict = field(default_factory=dict)

    def inodes(self):
        return {id(file): file for file in [*self.files.values(), *self.handles.values()]}.values()

    def used_bytes(self):
        return sum(file.size for file in self.inodes())

    def used_files(self):
        return len(self.inodes()) + len(self.folders)

    def room(self):
        return max(0, self.bytes_limit - self.used_bytes())

    def room_for_file(self):
        return self.used_files() < self.files_limit

    def more_names(self):
        return sum(file.names - 1 for file in self.inodes() if file.names > 1)

    def write_piece(self, file, start, count, least):
        """How much of it is written, and whether that is all; nothing where there isn't room for the least."""
        most = file.size + self.room()
        fits = max(0, min(count, most - start))
        if fits < least:
            return 0, count == 0
        file.size = max(file.size, start + fits)
        return fits, fits == count

    def write_by_stream(self, file, start, count):
        """A stream of 0.2 takes a piece or leaves it; one of 0.3 takes what fits."""
        if self.version == "0.3":
            return self.write_piece(file, start, count, 1)
        written = 0
        while written < count:
            piece = min(PIECE, count - written)
            done, all_of_it = self.write_piece(file, start + written, piece, piece)
            if not all_of_it:
                return written, False
            written += done
        return written, True

    def write_by_call(self, file, start, count):
        """A call that writes what fits, and says how much; over preview 1 it is made again for the rest."""
        if self.version == "0.3":
            return self.write_by_stream(file, start, count)
        done, all_of_it = self.write_piece(file, start, count, 1)
        return done, all_of_it or (self.version == "0.2" and done > 0)

    def drop_name(self, path):
        self.files.pop(path).names -= 1


ROOM = "ok"
NO_ROOM = "insufficient-space"


@dataclass
class Step:
    line: str
    answer: str
    count: int


class Maker:
    """Makes operations that work but for want of room, and does them in the model."""

    def __init__(self, rng, model):
        self.rng, self.model = rng, model
        self.next_handle = 0

    def step(self):
        kinds = ["open", "open", "open", "close", "write", "write", "stream", "stream", "append", "append", "size",
                 "mkdir", "rmdir", "unlink", "unlink", "symlink", "link", "link", "rename", "rename"]  # fmt: skip
        while True:
            made = getattr(self, self.rng.choice(kinds))()
            if made:
                return made

    def wipe(self):
        """Closes and removes all that there is."""
        steps = [self.close(handle) for handle in list(self.model.handles)]
        steps += [self.unlink(path) for path in list(self.model.files)]
        steps += [self.rmdir(path) for path in sorted(self.model.folders, key=len, reverse=True)]
        return steps

    # What paths there are.

    def parents(self):
        return ["", *(folder + "/" for folder in self.model.folders)]

    def path(self):
        return self.rng.choice(sorted(self.parents())) + self.rng.choice(NAMES)

    def taken(self, path):
        return path in self.model.files or path in self.model.folders

    def some_file(self, kind="file"):
        paths = sorted(path for path, file in self.model.files.items() if kind in (file.kind, "any"))
        return self.rng.choice(paths) if paths else None

    def some_handle(self):
        handles = sorted(self.model.handles)
        return self.rng.choice(handles) if handles else None

    # The operations.

    def answer(self, line, room, count=0):
        return Step(line, ROOM if room else NO_ROOM, count)

    def open(self):
        model, path = self.model, self.path()
        there = model.files.get(path)
        if path in model.folders or (there and there.kind == "symlink") or len(model.handles) > 5:
            return None
        flags = ["create", "write"]
        if there and self.rng.random() < 0.3:
            flags.append("truncate")
        if not there and self.rng.random() < 0.3:
            flags.append("exclusive")
        handle, self.next_handle = f"h{self.next_handle}", self.next_handle + 1
        room = bool(there) or model.room_for_file()
        if room:
            file = there or model.files.setdefault(path, File("file"))
            file.size = 0 if "truncate" in flags else file.size
            file.handles += 1
            model.handles[handle] = file
        return self.answer(f"open {handle} {','.join(flags)} {path}", room)

    def close(self, handle=None):
        handle = handle or self.some_handle()
        if handle is None:
            return None
        self.model.handles.pop(handle).handles -= 1
        return self.answer(f"close {handle}", True)

    def put(self, way):
        handle = self.some_handle()
        if handle is None:
            return None
        file, count = self.model.handles[handle], self.rng.choice([0, 1, 7, self.rng.randrange(LARGEST)])
        start = self.rng.choice([0, file.size, self.rng.randrange(2 * LARGEST)])
        if way == "append":
            start, line = file.size, f"append {handle} {count}"
        else:
            line = f"{way} {handle} {start} {count}"
        write = self.model.write_by_call if way == "write" else self.model.write_by_stream
        written, all_of_it = write(file, start, count)
        # Preview 1 says nothing of the pieces of one write before the one that failed.
        known = 0 if self.model.version == "p1" and way != "write" and not all_of_it else written
        return self.answer(line, all_of_it, known)

    def write(self):
        return self.put("write")

    def stream(self):
        return self.put("stream")

    def append(self):
        return self.put("append")

    def size(self):
        handle = self.some_handle()
        if handle is None:
            return None
        file, size = self.model.handles[handle], self.rng.choice([0, self.rng.randrange(2 * LARGEST)])
        room = size <= file.size + self.model.room()
        file.size = size if room else file.size
        return self.answer(f"size {handle} {size}", room)

    def mkdir(self):
        path = self.rng.choice(sorted(self.parents())) + self.rng.choice(FOLDERS)
        if self.taken(path) or path.count("/") > 2:
            return None
        room = self.model.room_for_file()
        if room:
            self.model.folders.add(path)
        return self.answer(f"mkdir {path}", room)

    def empty_folders(self):
        paths = [*self.model.files, *self.model.folders]
        return sorted(f for f in self.model.folders if not any(path.startswith(f + "/") for path in paths))

    def rmdir(self, path=None):
        empty = self.empty_folders()
        if path is None and not empty:
            return None
        path = path or self.rng.choice(empty)
        self.model.folders.remove(path)
        return self.answer(f"rmdir {path}", True)

    def unlink(self, path=None):
        path = path or self.some_file("any")
        if path is None:
            return None
        self.model.drop_name(path)
        return self.answer(f"unlink {path}", True)

    def symlink(self):
        path = self.path()
        if self.taken(path):
            return None
        room = self.model.room_for_file()
        if room:
            self.model.files[path] = File("symlink")
        return self.answer(f"symlink {path}", room)

    def link(self):
        path, new_path = self.some_file(), self.path()
        if path is None or self.taken(new_path):
            return None
        room = self.model.more_names() < self.model.files_limit
        if room:
            self.model.files[new_path] = self.model.files[path]
            self.model.files[path].names += 1
        return self.answer(f"link {path} {new_path}", room)

    def rename(self):
        model = self.model
        if model.folders and self.rng.random() < 0.3:
            return self.rename_folder()
        path, new_path = self.some_file("any"), self.path()
        if path is None or new_path in model.folders:
            return None
        # Two names of one file stay what they are.
        if model.files.get(new_path) is not model.files[path]:
            if new_path in model.files:
                model.drop_name(new_path)
            model.files[new_path] = model.files.pop(path)
        return self.answer(f"rename {path} {new_path}", True)

    def rename_folder(self):
        model = self.model
        path = self.rng.choice(sorted(model.folders))
        new_path = self.rng.choice(sorted(self.parents())) + self.rng.choice(FOLDERS)
        if new_path in model.files or (new_path + "/").startswith(path + "/"):
            return None
        if new_path in model.folders and new_path not in self.empty_folders():
            return None
        model.folders.discard(new_path)

        def moved(at):
            return new_path + at[len(path) :] if (at + "/").startswith(path + "/") else at

        model.files = {moved(at): file for at, file in model.files.items()}
        model.folders = {moved(at) for at in model.folders}
        return self.answer(f"rename {path} {new_path}", True)


# What is so.


def found(folder):
    """Bytes and files below a folder, each inode once."""
    inodes = {}
    for where, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            info = os.lstat(os.path.join(where, name))
            regular = (info.st_mode & 0o170000) == 0o100000
            inodes[(info.st_dev, info.st_ino)] = info.st_size if regular else 0
    return sum(inodes.values()), len(inodes)


@dataclass
class Bench:
    berth: Path
    guests: Path
    ways: list

    def start(self, version, folder, model, scene):
        environment = {**os.environ, **{f"BERTH_{name}": str(scene / name.lower()) for name in ("CONFIG", "STATE", "CACHE")}}
        place = "@kept" if scene / "state" in folder.parents else folder
        grant = f"files {place}:/data:rw:quota={model.bytes_limit}B:files={model.files_limit}"
        command = [self.berth, "run", "--json", *self.ways, "--grant", grant, self.guests / f"{GUESTS[version]}.wasm"]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=environment)  # fmt: skip


def compare(steps, answers):
    for number, (step, answer) in enumerate(zip(steps, answers)):
        if answer != f"{step.answer} {step.count}":
            raise Mismatch(f"operation {number}, '{step.line}': {answer}, not {step.answer} {step.count}")
    if len(answers) < len(steps):
        raise Mismatch(f"{len(answers)} answers to {len(steps)} operations")


def agree(model, folder, report):
    counted = (report["storage"]["folders"][0]["bytes"], report["storage"]["folders"][0]["files"])
    expected = (model.used_bytes(), model.used_files())
    if not counted == expected == found(folder):
        raise Mismatch(f"bytes and files: berth counts {counted}, the model {expected}, there are {found(folder)}")


def begin(version, seed, scene, volume=False):
    """An empty folder or a volume that isn't there, and a maker with a model of it and quotas of its own."""
    rng = random.Random(seed)
    folder = scene / "state/volumes/kept/data" if volume else scene / "data"
    shutil.rmtree(folder.parent if volume else folder, ignore_errors=True)
    if not volume:
        folder.mkdir()
    model = Model(version, rng.randrange(1, 20_000), rng.randrange(1, 16))
    return rng, folder, model, Maker(rng, model)


def batch(bench, version, seed, sequences, scene):
    """Some sequences in one process; they end with what the last of them left."""
    _, folder, model, maker = begin(version, seed, scene)
    steps = []
    for number in range(sequences):
        steps += maker.wipe() if number else []
        steps += [maker.step() for _ in range(OPERATIONS)]
    # What is open at the end is closed with the process.
    steps += [maker.close(handle) for handle in list(model.handles)]
    process = bench.start(version, folder, model, scene)
    script = "".join(step.line + "\n" for step in steps)
    output, errors = process.communicate(script, timeout=300)
    try:
        report = json.loads(errors.splitlines()[-1])
    except (ValueError, IndexError):
        raise Mismatch(f"no report: {errors[-500:]!r}") from None
    compare(steps, output.splitlines())
    agree(model, folder, report)


def killed(bench, version, seed, scene, volume=False):
    """One sequence that is killed, and a run that counts what it left."""
    rng, folder, model, maker = begin(version, seed, scene, volume)
    process = bench.start(version, folder, model, scene)
    last = rng.randrange(1, OPERATIONS)
    for _ in range(last):
        step = maker.step()
        process.stdin.write(step.line + "\n")
        process.stdin.flush()
        compare([step], [process.stdout.readline().rstrip("\n")])
    answered = {path: file.size for path, file in model.files.items()}
    process.stdin.write(maker.step().line + "\n")
    process.stdin.flush()
    if rng.random() < 0.5:
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    survived(folder, answered, model)
    process = bench.start(version, folder, model, scene)
    _, errors = process.communicate("", timeout=60)
    folder_use = json.loads(errors.splitlines()[-1])["storage"]["folders"][0]
    counted = (folder_use["bytes"], folder_use["files"])
    if counted != found(folder):
        raise Mismatch(f"after kill -9 berth counts {counted}, there are {found(folder)}")


def survived(folder, answered, model):
    """Every name and size is that of before the last operation or of after it, or on the way."""
    for path, size in answered.items():
        after = model.files.get(path)
        try:
            now = os.lstat(folder / path)
        except FileNotFoundError:
            if after is None:
                continue
            raise Mismatch(f"after kill -9 '{path}' is gone") from None
        low, high = sorted([size, after.size if after else size])
        regular = (now.st_mode & 0o170000) == 0o100000
        if after and regular and not low <= now.st_size <= high:
            raise Mismatch(f"after kill -9 '{path}' has {now.st_size} bytes, not {low} to {high}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--berth", type=Path, required=True, help="the program")
    parser.add_argument("--guests", type=Path, default=HERE.parents[1] / "build/guests", help="the folder of built guests")
    parser.add_argument("--sequences", type=int, default=10_000, help="random sequences of each version")
    parser.add_argument("--killed", type=int, default=100, help="sequences of each version that are killed")
    parser.add_argument("--seed", type=int, help="of the first batch (default: another each time)")
    parser.add_argument("--versions", nargs="+", choices=GUESTS, default=list(GUESTS), help="of WASI")
    parser.add_argument("--portable", action="store_true", help="only what every POSIX system has")
    options = parser.parse_args()
    bench = Bench(options.berth.resolve(), options.guests.resolve(), ["--portable"] if options.portable else [])
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    failed = 0
    for version in options.versions:
        kinds = [("sequences", options.sequences, SEQUENCES_OF_BATCH), ("killed", options.killed, 1),
                 ("volume", options.killed, 1)]  # fmt: skip
        for kind, count, each in kinds:
            done, scene = 0, Path(tempfile.mkdtemp(prefix="berth-storage-"))
            try:
                while done < count:
                    some = min(each, count - done)
                    if kind == "sequences":
                        batch(bench, version, seed + done, some, scene)
                    else:
                        killed(bench, version, seed + done, scene, kind == "volume")
                    done += some
                print(f"ok   {version} {kind}: {done}", flush=True)
            except Mismatch as mismatch:
                failed += 1
                print(f"FAIL {version} {kind}: --seed {seed + done} --versions {version}: {mismatch}", flush=True)
            finally:
                shutil.rmtree(scene)
    print(f"{failed} failed" if failed else "all passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
