#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what a share of a core holds and what it costs: CPU time as the system counts it, not as berth does.

Each row is a figure with its bounds; exit status 1 when one is missed. Everything runs on one core of this machine,
which others may use too: what they took of it is said, and is nobody's share.

  alone       one guest with a share, for ten seconds; the most that it had in any second
  beside      two guests with shares of their own and one without, for ten seconds: that one has what these and other
              programs of this machine leave
  cost        a module that computes, with every limit but fuel, against none; the same with epochs, where the build has
              test switches: what this would cost if the guest were interrupted in its code

  python3 bench/share.py --berth build/dev/src/cli/berth --only alone --json
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from run import ROOT, Timed, pairs

SECONDS = 10
SAMPLE = 0.02
PAIRS = 15
ALL = ["alone", "beside", "cost"]
LIMITS = ["--memory", "256MiB", "--cpu-time", "60s", "--wall", "60s", "--limit", "cpu.share=100%",
          "--limit", "compile.memory=1GiB", "--limit", "compile.time=60s"]  # fmt: skip

SPIN = '(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))'
# A hash over a memory, again and again.
WORK = """(module (memory (export "memory") 1) (func (export "_start") (local $round i32) (local $at i32) (local $hash i32)
  (loop $rounds
    (local.set $at (i32.const 0))
    (loop $bytes
      (local.set $hash (i32.mul (i32.xor (local.get $hash) (i32.load8_u (local.get $at))) (i32.const 16777619)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $bytes (i32.lt_u (local.get $at) (i32.const 65536))))
    (local.set $round (i32.add (local.get $round) (i32.const 1)))
    (br_if $rounds (i32.lt_u (local.get $round) (i32.const 8000))))
  (i32.store (i32.const 0) (local.get $hash))))"""


class Spinner:
    """A guest that takes all it can get, in a process of its own on one core, for some seconds."""

    def __init__(self, berth, module, core, seconds, *options):
        command = [berth, "run", "--json", "--wall", f"{seconds}s", *options, module]
        self.samples = []
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True,
                                        preexec_fn=lambda: os.sched_setaffinity(0, {core}))

    def sample(self):
        """The CPU time that all its threads have used until now, as the scheduler counts it."""
        try:
            tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
            used = sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
        except (FileNotFoundError, ProcessLookupError):
            return
        self.samples.append((time.monotonic(), used))

    def finish(self):
        self.report = json.loads(self.process.stderr.read().splitlines()[-1])
        if self.process.wait() != 124:
            sys.exit(f"bench: a spinning guest ended with {self.process.returncode}: {self.report}")

    def share(self):
        """Of a core, from its first sample to its last."""
        (began, before), (ended, after) = self.samples[0], self.samples[-1]
        return 100 * (after - before) / (ended - began)

    def worst_second(self):
        """The most that it had in a second, wherever that begins."""
        worst, first = 0, 0
        for now, used in self.samples:
            while now - self.samples[first + 1][0] >= 1:
                first += 1
            if now - self.samples[first][0] >= 1:
                worst = max(worst, (used - self.samples[first][1]) / (now - self.samples[first][0]))
        return 100 * worst


def core_used(core):
    """Seconds that one core has been in use."""
    words = re.search(rf"^cpu{core} (.*)", Path("/proc/stat").read_text(), re.MULTILINE)[1].split()
    idle = int(words[3]) + int(words[4])
    return (sum(map(int, words[:8])) - idle) / os.sysconf("SC_CLK_TCK")


class Bench:
    def __init__(self, berth, work, seconds):
        self.berth, self.seconds = berth, seconds
        self.rows = []
        self.core = max(os.sched_getaffinity(0))
        self.spin, self.work = work / "spin.wat", work / "work.wat"
        self.spin.write_text(SPIN)
        self.work.write_text(WORK)
        self.switches = "--shared" in subprocess.run([berth, "run", "--help"], capture_output=True, text=True).stdout
        self.ways = [("", [])] + ([(", epochs", ["--shared"])] if self.switches else [])
        for _, way in self.ways:
            Timed([berth, "run", *way, "--wall", "1ms", self.spin])

    def row(self, name, value, least, most, detail):
        """Without a most it stands for comparison."""
        met = least <= value and (most is None or value <= most)
        self.rows.append({"name": name, "value": round(value, 3), "least": least, "most": most, "met": met, "detail": detail})

    def watch(self, *options):
        """Runs a guest for each of `options`, all on one core, and gives them with what others took of it."""
        used, began = core_used(self.core), time.monotonic()
        spinners = [Spinner(self.berth, self.spin, self.core, self.seconds, *option) for option in options]
        time.sleep(0.2)  # until they have started
        while time.monotonic() - began < self.seconds - 0.1:
            for spinner in spinners:
                spinner.sample()
            time.sleep(SAMPLE)
        for spinner in spinners:
            spinner.finish()
        elapsed = time.monotonic() - began
        ours = sum(spinner.share() for spinner in spinners)
        return spinners, max(0, 100 * (core_used(self.core) - used) / elapsed - ours)

    def alone(self):
        for way, options in self.ways:
            for share in (20, 0.5, 150):
                (guest,), others = self.watch([*options, "--limit", f"cpu.share={share}%"])
                had, burst = guest.share(), guest.worst_second()
                throttled = guest.report["cpu_throttled_ns"] / guest.report["wall_ns"]
                detail = f"rested {100 * throttled:.1f} % of the time; others took {others:.1f} % of the core"
                if share > 100:
                    self.row(f"share of {share} %{way}: rested %", 100 * throttled, 0, 0, f"had {had:.1f} %")
                    continue
                self.row(f"share of {share} %{way}: had %", had, share - min(2, share / 2), share + min(2, share), detail)
                self.row(f"share of {share} %{way}: most in a second, %", burst, 0, 1.1 * share + 1, "sampled every 20 ms")

    def beside(self):
        for way, options in self.ways:
            guests, others = self.watch([*options, "--limit", "cpu.share=20%"], [*options, "--limit", "cpu.share=30%"], options)
            first, second, free = (guest.share() for guest in guests)
            left = 100 - first - second - others
            detail = f"others took {others:.1f} % of the core"
            self.row(f"beside, share of 20 %{way}: had %", first, 18, 22, detail)
            self.row(f"beside, share of 30 %{way}: had %", second, 28, 32, detail)
            self.row(f"beside, no share{way}: of what is left", free / left, 0.95, 1.01, f"{free:.1f} of {left:.1f} %; {detail}")

    def cost(self):
        bare = [self.berth, "run", self.work]
        Timed(bare)
        for way, options in self.ways:
            held = [self.berth, "run", *options, *LIMITS, self.work]
            Timed(held)
            for what in ("cpu", "wall"):
                ratio, mine, other = pairs(held, bare, PAIRS, what)
                self.row(f"every limit but fuel / none{way}: {what}", ratio, 0, None if way else 1.05, f"{mine:.3f} s against {other:.3f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", type=Path, default=ROOT / "build/release/src/cli/berth")
    parser.add_argument("--only", action="append", choices=ALL)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--json", action="store_true", help="rows as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        bench = Bench(options.berth.resolve(), Path(work), options.seconds)
        for name in options.only or ALL:
            getattr(bench, name)()
    if options.json:
        print(json.dumps(bench.rows, indent=2))
    else:
        for row in bench.rows:
            bounds = "compare" if row["most"] is None else f"{row['least']:g} to {row['most']:g}"
            print(f"{row['name']:<52} {row['value']:>9.3f}  {bounds:<14} {'met' if row['met'] else 'MISSED'}  ({row['detail']})")
    return 0 if all(row["met"] for row in bench.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
