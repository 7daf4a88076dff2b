#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures berth against the wasmtime command of the engine's own version, in pairs, in one run.

Each row is a ratio against the peer, or a figure with its bound; the last column says whether it is met. Both run the
same guests, warm: berth from its cache, the peer from a module that it compiled before (`wasmtime compile`), which is
faster for it than its own cache. Exit status 1 when a bound is missed.

  make bench
  python3 bench/run.py --only start --json
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import network

ROOT = Path(__file__).resolve().parent.parent
PAIRS = 41
WORK_PAIRS = 15
TRANSFER_PAIRS = 7
ALL = ["start", "call", "memory", "size", "precision", "at_rest", "work_done", "transfer"]


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class Timed:
    """One finished process: wall and CPU time in seconds, largest resident set in bytes, exit status."""

    def __init__(self, command, cwd=None):
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        self.wall = time.perf_counter() - began
        self.cpu = usage.ru_utime + usage.ru_stime
        self.resident = usage.ru_maxrss * 1024
        self.status = os.waitstatus_to_exitcode(status)
        process.returncode = self.status


def pairs(ours, theirs, count, what, cwd=None):
    """The median of the ratios ours/theirs of `what`, each pair run back to back in turning order."""
    ratios, first, second = [], [], []
    for i in range(count):
        order = (ours, theirs) if i % 2 == 0 else (theirs, ours)
        times = {id(command): Timed(command, cwd) for command in order}
        for command in order:
            if times[id(command)].status != 0:
                sys.exit(f"bench: {' '.join(map(str, command))} ended with {times[id(command)].status}")
        mine, peer = getattr(times[id(ours)], what), getattr(times[id(theirs)], what)
        ratios.append(mine / peer)
        first.append(mine)
        second.append(peer)
    return statistics.median(ratios), statistics.median(first), statistics.median(second)


class Bench:
    def __init__(self, berth, peer, guests, work):
        self.berth, self.peer, self.guests, self.work = berth, peer, guests, work
        self.rows = []

    def row(self, name, value, bound, detail):
        self.rows.append({"name": name, "value": round(value, 3), "bound": bound, "met": value <= bound, "detail": detail})

    def compiled(self, module, *flags):
        target = self.work / (module.stem + "".join(flags).replace("=", "").replace("-", "") + ".cwasm")
        subprocess.run([self.peer, "compile", *flags, module, "-o", target], check=True)
        return target

    def start(self):
        hello = self.guests / "hello.wasm"
        ours = [self.berth, "run", hello]
        Timed(ours)
        theirs = [self.peer, "run", "--allow-precompiled", self.compiled(hello)]
        ratio, mine, peer = pairs(ours, theirs, PAIRS, "wall")
        self.row("start / precompiled peer", ratio, 0.8, f"{mine * 1e3:.1f} ms against {peer * 1e3:.1f} ms")
        ratio, mine, peer = pairs(ours, [self.peer, "run", hello], PAIRS, "wall")
        self.row("start / peer", ratio, 0.8, f"{mine * 1e3:.1f} ms against {peer * 1e3:.1f} ms")

    def call(self):
        module = ROOT / "tests/guests/wat/typed.wat"
        call = [self.berth, "call", module, 'greet("Ada")']
        run = [self.berth, "run", self.guests / "hello.wasm"]
        Timed(call), Timed(run)
        _, mine, other = pairs(call, run, PAIRS, "wall")
        detail = f"{mine * 1e3:.1f} ms against {other * 1e3:.1f} ms of berth run hello"
        self.row("ms that a call starts after a run", (mine - other) * 1e3, 1, detail)

    def memory(self):
        resident = statistics.median(Timed([self.berth, "run", self.guests / "hello.wasm"]).resident for _ in range(9))
        self.row("resident MiB of run hello", resident / 2**20, 20, "largest resident set, median of 9")

    def size(self):
        stripped = self.work / "berth"
        shutil.copy(self.berth, stripped)
        subprocess.run(["strip", stripped], check=True)
        self.row("stripped binary MB", stripped.stat().st_size / 1e6, 30, "build/release")

    def precision(self):
        limit = ["--cpu-time", "100ms"]
        for name, text, bound in [
            ("cpu.time 100 ms, a loop: ms", "(loop (br 0))", 115),
            ("cpu.time 100 ms, memory.fill of 512 MiB: ms",
             "(drop (memory.grow (i32.const 8192))) (loop (memory.fill (i32.const 0) (i32.const 7) "
             "(i32.const 0x20000000)) (br 0))", 115),
        ]:
            module = self.work / "spin.wat"
            module.write_text(f'(module (memory (export "memory") 1) (func (export "_start") {text}))')
            used = []
            for _ in range(9):
                run = subprocess.run([self.berth, "run", "--json", *limit, module], stderr=subprocess.PIPE, text=True)
                if run.returncode != 124:
                    sys.exit(f"bench: a spinning guest ended with {run.returncode}: {run.stderr}")
                used.append(json.loads(run.stderr.splitlines()[-1])["cpu_used_ns"] / 1e6)
            self.row(name, max(used), bound, f"worst of 9, median {statistics.median(used):.1f}")

    def work_done(self):
        esbuild = Path(output(ROOT / "tools/fetch-esbuild.sh"))
        site = self.work / "site"
        shutil.copytree(esbuild.parents[2] / "lodash-es", site / "node_modules/lodash-es")
        (site / "app.js").write_text("import * as _ from 'lodash-es'; console.log(_.chunk([1, 2, 3], 2))\n")
        # The folder is the guest's root: elsewhere the peer's guest can't look at the parents, and ends.
        program = ["--bundle", "--minify", "/app.js", "--outfile=/out.js"]
        ours = [self.berth, "run", "--dir", f"{site}:/:rw", "--memory", "1GiB", "--cpu-time", "60s", "--wall", "60s",
                esbuild, *program]
        Timed(ours)
        bare = [self.peer, "run", "--allow-precompiled", "--dir", f"{site}::/", self.compiled(esbuild), *program]
        held = [self.peer, "run", "--allow-precompiled", "-W", "timeout=60s", "--dir", f"{site}::/",
                self.compiled(esbuild, "-W", "epoch-interruption=y"), *program]
        for name, peer, bound in [("esbuild CPU / peer with a timeout", held, 1.0), ("esbuild CPU / bare peer", bare, 1.05)]:
            ratio, mine, theirs = pairs(ours, peer, WORK_PAIRS, "cpu")
            self.row(name, ratio, bound, f"{mine:.2f} s against {theirs:.2f} s; 644 files")

    def at_rest(self):
        """A guest that waits for a byte: how often the process's threads are woken in two seconds."""
        module = self.work / "wait.wat"
        module.write_text('(module (import "wasi_snapshot_preview1" "fd_read" (func $r (param i32 i32 i32 i32) '
                          '(result i32))) (memory (export "memory") 1) (data (i32.const 0) "\\10\\00\\00\\00\\01\\00\\00\\00")'
                          '(func (export "_start") (drop (call $r (i32.const 0) (i32.const 0) (i32.const 1) '
                          '(i32.const 8)))))')
        process = subprocess.Popen([self.berth, "run", module], stdin=subprocess.PIPE)
        time.sleep(1)

        def switches():
            total = 0
            for task in Path(f"/proc/{process.pid}/task").iterdir():
                for line in (task / "status").read_text().splitlines():
                    if "ctxt_switches" in line:
                        total += int(line.split()[1])
            return total

        before = switches()
        time.sleep(2)
        woken = switches() - before
        process.communicate(b"x")
        self.row("wake-ups in 2 s at rest", woken, 0, "context switches of all threads, guest waiting for a byte")

    def transfer(self):
        with network.servers("http", "tcp-sink", "tcp-source") as ports:
            for version in ["0.2", "0.3"]:
                guest = self.guests / f"transfer-p{version[-1]}.wasm"
                flags = ["-S", "inherit-network,http,p3", "-W", "component-model-async"] if version == "0.3" else [
                    "-S", "inherit-network,http"]
                compiled = self.compiled(guest, *flags[2:])
                for name, words in network.transfers(ports):
                    ours = [self.berth, "run", *network.grants(ports), guest, *words]
                    theirs = [self.peer, "run", "--allow-precompiled", *flags, compiled, *words]
                    resident = Timed(ours).resident / 2**20
                    ratio, mine, peer = pairs(ours, theirs, TRANSFER_PAIRS, "wall")
                    self.row(f"{name}, 1 GiB, WASI {version}: time / peer", ratio, 1.0, f"{mine:.2f} s against {peer:.2f} s")
                    self.row(f"{name}, 1 GiB, WASI {version}: resident MiB", resident, network.RESIDENT_MIB,
                             "largest resident set")


def tell(rows, as_json):
    """Prints the rows; the exit status. What is `bounded` otherwise is so from above."""
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        for row in rows:
            print(f"{row['name']:<48} {row['value']:>9.3f}  {row.get('bounded', 'at most')} {row['bound']:<6} "
                  f"{'met' if row['met'] else 'MISSED'}  ({row['detail']})")
    return 0 if all(row["met"] for row in rows) else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", type=Path, default=ROOT / "build/release/src/cli/berth")
    parser.add_argument("--guests", type=Path, default=ROOT / "build/guests")
    parser.add_argument("--only", action="append", choices=ALL)
    parser.add_argument("--json", action="store_true", help="rows as JSON")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    peer = output(ROOT / "tools/install-peers.sh")
    with tempfile.TemporaryDirectory() as work:
        bench = Bench(options.berth.resolve(), peer, options.guests.resolve(), Path(work))
        for name in options.only or ALL:
            if sys.stderr.isatty():
                print(f"measuring {name} …", file=sys.stderr)
            getattr(bench, name)()
    return tell(bench.rows, options.json)


if __name__ == "__main__":
    sys.exit(main())
