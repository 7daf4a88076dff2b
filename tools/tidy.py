#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy over the sources in src/, each once.

What was found clean is noted in CACHE/tidy under a digest of the file, the project's headers it includes, its
compile command, .clang-tidy and the tool: fresh clones share the notes, and a file is looked at again only when
one of these has changed. CACHE is $BERTH_CACHE, or $XDG_CACHE_HOME/berth, or ~/.cache/berth.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIDY = "clang-tidy-19"
INCLUDE = re.compile(rb'^#include "([^"]+)"', re.MULTILINE)
FOLDERS = [ROOT / "src", ROOT / "engine/abi/include"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / "build/dev", help="where compile_commands.json is")
    parser.add_argument("files", metavar="FILE", nargs="*", type=Path, help="only these (default: all)")
    options = parser.parse_args()

    wanted = {file.resolve() for file in options.files}
    jobs = []
    for entry in json.loads((options.build / "compile_commands.json").read_text()):
        file = Path(entry["file"])
        if file.is_relative_to(ROOT / "src") and (not wanted or file in wanted):
            jobs.append((file, note_of(file, entry["command"])))
    todo = [(file, note) for file, note in jobs if wanted or not note.exists()]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = [text for text in pool.map(lambda job: check(*job, options.build), todo) if text]
    print("".join(f"{text.rstrip()}\n" for text in complaints), end="")
    print(f"clang-tidy: {len(jobs)} files, {len(jobs) - len(todo)} of them known to be clean", file=sys.stderr)
    return 1 if complaints else 0


def check(file, note, build):
    """What clang-tidy has against a file; a clean one is noted."""
    command = [TIDY, "--quiet", "-p", str(build), str(file)]
    finished = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if finished.returncode == 0:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.touch()
        return ""
    return finished.stdout or finished.stderr


def note_of(file, command):
    hasher = hashlib.sha256(tool_version() + (ROOT / ".clang-tidy").read_bytes())
    hasher.update(" ".join(shlex.split(command)).replace(str(ROOT), "").encode())
    for path in sorted(closure(file)):
        hasher.update(str(path.relative_to(ROOT)).encode() + b"\0" + contents(path) + b"\0")
    cache = os.environ.get("BERTH_CACHE")
    if not cache:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "berth"
    return Path(cache) / "tidy" / hasher.hexdigest()[:32]


def closure(file):
    """A file and all of the project's that it includes."""
    found, todo = set(), [file]
    while todo:
        path = todo.pop()
        if path in found:
            continue
        found.add(path)
        for name in INCLUDE.findall(contents(path)):
            candidates = [folder / name.decode() for folder in FOLDERS]
            todo += [candidate for candidate in candidates if candidate.exists()]
    return found


@lru_cache(maxsize=None)
def contents(path):
    return path.read_bytes()


@lru_cache(maxsize=None)
def tool_version():
    return subprocess.run([TIDY, "--version"], check=True, stdout=subprocess.PIPE).stdout


if __name__ == "__main__":
    sys.exit(main())
