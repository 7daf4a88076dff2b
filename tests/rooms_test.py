#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the includes in src/ and include/berth/ against src/rooms.txt.

A room includes itself and the rooms above it, and the library's own headers, which include no room; each folder in src/ is
a listed room; only src/engine sees berth_engine.h; the pure rooms do no I/O. --self-test shows that each of these can fail.
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')
PURE_ROOMS = ["claims", "policy", "apps"]
API = "berth"  # include/berth: the contract of the library, of which every room may use what it needs
# Headers by which a program reaches its operating system.
IO_HEADERS = re.compile(
    r"sys/.*|netinet/.*|arpa/.*|linux/.*|base/os/.*|base/loop\.h|"
    r"(unistd|fcntl|dirent|poll|signal|pthread|netdb|dlfcn|spawn|termios|stdio|threads)\.h|"
    r"c(stdio|signal)|(f|io)?stream|iostream|filesystem|thread|mutex|condition_variable|future|fmt/(os|ostream)\.h"
)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--src", type=Path, default=Path(__file__).resolve().parent.parent / "src")
    parser.add_argument("--self-test", action="store_true", help="feed it trees that break the rules")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    complaints = check(options.src)
    print("".join(f"{line}\n" for line in complaints), end="")
    return 1 if complaints else 0


def check(src):
    """What breaks the rules in a tree, a line each."""
    rooms = [line for line in (src / "rooms.txt").read_text().splitlines() if line and not line.startswith("#")]
    folders = sorted(path.name for path in src.iterdir() if path.is_dir())
    complaints = [f"src/{name}: not listed in src/rooms.txt" for name in folders if name not in rooms]
    complaints += [f"src/rooms.txt: there is no room src/{name}" for name in rooms if name not in folders]
    for room in rooms:
        for file in sorted((src / room).rglob("*")):
            if file.suffix in (".h", ".cc"):
                complaints += check_file(src, file, room, rooms)
    for file in sorted((src.parent / "include" / API).rglob("*.h")):
        for number, line in enumerate(file.read_text().splitlines(), start=1):
            found = INCLUDE.match(line)
            if found and found[1] == '"' and not found[2].startswith(f"{API}/"):
                complaints.append(f"include/{API}/{file.name}:{number}: the library's headers include no room: {found[2]}")
    return complaints


def check_file(src, file, room, rooms):
    complaints = []
    for number, line in enumerate(file.read_text().splitlines(), start=1):
        found = INCLUDE.match(line)
        if not found:
            continue
        bracket, header = found.groups()
        where = f"src/{file.relative_to(src)}:{number}"
        other = header.split("/")[0]
        if header.endswith("berth_engine.h"):
            if room != "engine":
                complaints.append(f"{where}: only src/engine includes berth_engine.h")
        elif bracket == '"' and other == API:
            continue  # stands above all rooms
        elif bracket == '"' and other not in rooms:
            complaints.append(f'{where}: "{header}" is in no room; name headers as "room/header.h"')
        elif bracket == '"' and rooms.index(other) > rooms.index(room):
            complaints.append(f"{where}: {room} includes {header}, but {other} is below {room} in src/rooms.txt")
        if room in PURE_ROOMS and not file.stem.endswith("_test") and IO_HEADERS.fullmatch(header):
            complaints.append(f"{where}: {room} is pure: {header} brings I/O or threads")
    return complaints


def self_test():
    """Each case is a small tree and what has to be found in it; an empty one must pass."""
    good = {"rooms.txt": "base\npolicy\nengine\n", "base/a.h": "", "policy/b.h": "", "engine/c.h": ""}
    cases = [
        ({}, None),
        ({"policy/b.cc": '#include "base/a.h"\n#include "policy/b.h"\n#include <string>\n'}, None),
        ({"engine/c.cc": '#include "berth_engine.h"\n#include "policy/b.h"\n#include <unistd.h>\n'}, None),
        ({"policy/b_test.cc": "#include <fstream>\n"}, None),
        ({"policy/b.cc": '#include "engine/c.h"\n'}, "src/policy/b.cc:1: policy includes engine/c.h"),
        ({"base/os/a.cc": '\n#include "policy/b.h"\n'}, "src/base/os/a.cc:2: base includes policy/b.h"),
        ({"base/a.cc": '#include "a.h"\n'}, '"a.h" is in no room'),
        ({"base/a.cc": '#include "berth/a.h"\n', "../include/berth/a.h": '#include "berth/b.h"\n'}, None),
        ({"../include/berth/a.h": '#include "base/a.h"\n'}, "the library's headers include no room: base/a.h"),
        ({"policy/b.cc": "#include <berth_engine.h>\n"}, "only src/engine includes berth_engine.h"),
        ({"policy/b.cc": "#include <sys/stat.h>\n"}, "policy is pure"),
        ({"policy/b.cc": "#include <fstream>\n"}, "policy is pure"),
        ({"policy/b.cc": '#include "base/os/file.h"\n'}, "policy is pure"),
        ({"helpers/d.h": ""}, "src/helpers: not listed"),
        ({"rooms.txt": "base\npolicy\nengine\nhost\n"}, "there is no room src/host"),
    ]
    failures = 0
    for change, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            src = Path(folder) / "src"
            src.mkdir()
            for name, text in {**good, **change}.items():
                (src / name).parent.mkdir(parents=True, exist_ok=True)
                (src / name).write_text(text)
            found = check(src)
        if (expected is None and found) or (expected and not any(expected in line for line in found)):
            failures += 1
            print(f"{change}: expected {expected or 'nothing'}, found {found or 'nothing'}")
    print(f"{len(cases) - failures} passed, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
