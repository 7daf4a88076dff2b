#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a quota costs a module that writes, and how exactly a rate holds.

  quota   the CPU time of a guest that writes with a quota, over that of the same guest without one, in pairs that take
          turns; bound 1.10
  rate    bytes a second of 10 s of transfer at 1 MiB/s, over what was asked; within 3 %

    bench/limits.py --berth build/release/src/cli/berth [--pairs N] [--json]

The status is 1 where a bound is missed.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from network import servers  # noqa: E402

GUESTS = Path(__file__).resolve().parents[1] / "build/guests"
QUOTA_MOST = 1.10
RATE = 1 << 20
RATE_WITHIN = 0.03
SECONDS = 10
# In memory, where a write costs least: a disk's own work hides what the quota adds, and isn't the same twice.
MEMORY = Path("/dev/shm")
WRITES = [("64 bytes", 400_000, 64), ("4 KiB", 40_000, 4096)]


def cpu_of(command, script):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, input=script, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if not done.stdout.endswith("\n") or "insufficient" in done.stdout or done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}: {done.stdout[-200:]}{done.stderr[-500:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def quota(berth, pairs):
    for version, guest in [("0.2", "storer"), ("0.3", "storer-p3")]:
        for name, times, count in WRITES:
            script = f"open h create,truncate,write a\nfill h {times} {count}\n"
            ratios = []
            for pair in range(pairs):
                used = {}
                # Who comes first takes turns, too: what the system does with the pages of the one before isn't free.
                for bound in ["", ":quota=4GiB"][:: 1 if pair % 2 else -1]:
                    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
                        grant = f"files {folder}:/data:rw{bound}"
                        used[bound] = cpu_of([berth, "run", "--grant", grant, GUESTS / f"{guest}.wasm"], script)
                ratios.append(used[":quota=4GiB"] / used[""])
            median = statistics.median(ratios)
            yield {"what": f"quota, WASI {version}, writes of {name}", "ratio": round(median, 3), "bound": QUOTA_MOST,
                   "pairs": pairs, "holds": median <= QUOTA_MOST}  # fmt: skip


def rate(berth):
    size = RATE * SECONDS
    with servers("http", "tcp-sink", "tcp-source") as ports:
        http = f"http://127.0.0.1:{ports['http']}"
        ways = [
            ("TCP out", ["tcp-send", f"127.0.0.1:{ports['tcp-sink']}", str(size)]),
            ("TCP in", ["tcp-receive", f"127.0.0.1:{ports['tcp-source']}", str(size)]),
            ("HTTP out", ["http-put", f"{http}/sink", str(size)]),
            ("HTTP in", ["http-get", f"{http}/bytes/{size}"]),
        ]
        for version, guest in [("0.2", "transfer-p2"), ("0.3", "transfer-p3")]:
            for name, words in ways:
                command = [berth, "run", "--json", "--limit", f"network.rate={RATE}B/s", "--grant", f"http.out {http}/*",
                           "--grant", "socket.out tcp://127.0.0.1:*", GUESTS / f"{guest}.wasm", *words]  # fmt: skip
                done = subprocess.run(command, capture_output=True, text=True)
                if done.returncode != 0:
                    raise SystemExit(f"{name}: {done.stderr[-500:]}")
                took = json.loads(done.stderr.splitlines()[-1])["wall_ns"] / 1e9
                held = size / took / RATE
                yield {"what": f"rate, WASI {version}, {name}", "of what was asked": round(held, 4),
                       "within": RATE_WITHIN, "holds": abs(held - 1) <= RATE_WITHIN}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=25)
    parser.add_argument("--only", choices=["quota", "rate"])
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args()
    holds = True
    for name, figures in [("quota", lambda: quota(options.berth, options.pairs)), ("rate", lambda: rate(options.berth))]:
        if options.only not in (None, name):
            continue
        for figure in figures():
            holds &= figure["holds"]
            print(json.dumps(figure) if options.json else "  ".join(f"{k}: {v}" for k, v in figure.items()), flush=True)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
