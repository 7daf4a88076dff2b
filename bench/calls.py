#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures calls from a C++ program into a module, by libberth, against the engine's own typed Rust API and against Wasmtime's
official C++ API.

All call the same functions of the same module (tests/guests/rust/every) in turns; libberth and the Rust API on a fiber, as the
module's imports may wait. And all are called by the same module (the guest `caller`), directly. Berth has limits of memory, CPU
time and wall time, the others (engine/tools/call-floor, bench/official) have none. A row is berth's time over another's, the
median of the turns.

  python3 bench/calls.py --seconds 0.5 --json
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TURNS = 5

# What is called, the most that berth's time may be of the Rust API's and of the official API's, and what it is.
ROWS = (
    ("add", 1.3, 0.25, "(s32, s32) -> s32, on a fiber"),
    ("direct", 1.3, 0.25, "(u32) -> u32, directly"),
    ("text", 1.4, 0.3, "string -> string, 16 bytes"),
    ("bytes", 1 / 0.7, None, "list<u8> echo of 1 MiB"),
    ("record", None, 0.4, "record of 8 fields with a nested list, there and back"),
    ("instance", None, None, "instantiate, call, drop"),
    ("host_add", 1.4, None, "a function of the program is called, (s32, s32) -> s32"),
    ("host_text", 1.4, None, "a function of the program, string -> string, 16 bytes"),
)
INSTANCE_NS = 12_000
THREADS = 1.8


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--guests", type=Path, default=ROOT / "build/guests")
    parser.add_argument("--seconds", default="0.5", help="for each function, in each turn")
    parser.add_argument("--json", action="store_true", help="rows as JSON")
    options = parser.parse_args()
    modules = (options.guests / "every.wasm", options.guests / "caller.wasm")
    programs = (ours(), floor(), official())
    turns = [[measured(program, modules, options.seconds) for program in programs] for _ in range(TURNS)]
    rows = []
    for key, of_floor, of_official, what in ROWS:
        mine = statistics.median(turn[0][key] for turn in turns)
        for who, (name, bound) in enumerate((("the Rust API", of_floor), ("the official C++ API", of_official)), 1):
            ratio = statistics.median(turn[0][key] / turn[who][key] for turn in turns)
            theirs = statistics.median(turn[who][key] for turn in turns)
            rows.append({"what": what, "of": name, "ratio": ratio, "at_most": bound, "ns": mine, "other_ns": theirs})
        if key == "instance":
            rows.append({"what": what, "ratio": mine, "at_most": INSTANCE_NS})
    threads, others = (statistics.median(turn[who]["threads"] for turn in turns) for who in (0, 1))
    rows.append({"what": "two instances on two threads, over one", "ratio": threads, "at_least": THREADS})
    # What this machine's two processors do for code that shares nothing.
    rows.append({"what": "two instances on two threads, over one: the Rust API's", "ratio": others})
    missed = [row for row in rows if not met(row)]
    if options.json:
        print(json.dumps(rows, indent=2))
    else:
        for row in rows:
            print(line(row))
    return 1 if missed else 0


def met(row):
    most, least = row.get("at_most"), row.get("at_least")
    return (most is None or row["ratio"] <= most) and (least is None or row["ratio"] >= least)


def line(row):
    most, least = row.get("at_most"), row.get("at_least")
    bound = f"at most {most:,.2f}" if most else f"at least {least:.2f}" if least else ""
    verdict = "" if not bound else "met" if met(row) else "MISSED"
    times = f"({row['ns']:,.0f} against {row['other_ns']:,.0f} ns of {row['of']})" if "ns" in row else ""
    return f"{row['what']:55} {row['ratio']:10,.3f}  {bound:18} {verdict:7} {times}".rstrip()


def measured(program, modules, seconds):
    done = subprocess.run([program, *modules, seconds], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def ours():
    build = ["cmake", "--build", "--preset", "release", "--target", "berth_calls"]
    subprocess.run(build, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return ROOT / "build/release/bench/berth_calls"


def floor():
    command = [ROOT / "tools/cargo.sh", "build", "--quiet", "--release", "-p", "berth-abi", "-p", "berth-call-floor", "--message-format=json"]
    built = subprocess.run(command, check=True, capture_output=True, text=True)
    units = [json.loads(text) for text in built.stdout.splitlines()]
    return next(unit["executable"] for unit in units if unit.get("executable"))


def official():
    """Built beside libberth's: a few seconds, once the API itself is there."""
    api = Path(subprocess.run([ROOT / "tools/install-peers.sh", "--c-api"], check=True, capture_output=True, text=True).stdout.strip())
    program = ROOT / "build/release/bench/official_calls"
    program.parent.mkdir(parents=True, exist_ok=True)
    command = ["c++", "-O2", "-std=c++20", f"-I{api}/include", ROOT / "bench/official/calls.cc", api / "libofficial_c_api.a",
               "-lpthread", "-ldl", "-lm", "-o", program]  # fmt: skip
    subprocess.run(command, check=True)
    return program


if __name__ == "__main__":
    sys.exit(main())
