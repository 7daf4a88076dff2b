#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures `berth serve` against `wasmtime serve` of the engine's own version: one guest, one client, in turns.

Both servers run all the time, and the client goes to one after the other, so that what else this machine does falls on
both. A row is a ratio of medians with its bound; exit status 1 when one is missed. berth has its limits on.

  fresh       an instance for each request
  reused      instances that answer a thousand requests
  native      what is left of a server that runs no guest: engine/tools/plain-server, made of the same parts

  python3 bench/serve.py --only fresh --json
"""

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
import threading
from pathlib import Path

from run import ROOT, output, tell

TURNS = 5
SECONDS = 3
ALL = ["fresh", "reused", "native"]
# Metrics are on; neither of the two writes a log.
SEEN = ["--admin", "127.0.0.1:0", "--access-log", "off"]
LIMITS = ["--cpu-time", "5s", "--wall", "30s", "--memory", "1GiB"]


class Server:
    """A server that is up, with where it listens."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            if found := re.search(r"http://([0-9.]+:[0-9]+)/", line):
                self.url = found[0]
                break
        else:
            sys.exit(f"bench: {' '.join(map(str, command))} didn't start")
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def resident(self):
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) * 1024


def rate(server, seconds=SECONDS):
    """Requests a second, as wrk counts them; all of them have to be answered."""
    told = output("wrk", "-t1", "-c32", f"-d{seconds}s", server.url)
    for trouble in ("Non-2xx", "Socket errors"):
        if trouble in told:
            sys.exit(f"bench: {server.url}: {told}")
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", told)[1])


def rates(servers, turns=TURNS):
    """The median rate of each server, asked in turns."""
    seen = [[] for _ in servers]
    for server in servers:
        rate(server, 1)
    for turn in range(turns):
        for place in range(len(servers)):
            at = (turn + place) % len(servers)
            seen[at].append(rate(servers[at]))
    return [statistics.median(one) for one in seen]


class Bench:
    def __init__(self, berth, peer, guest):
        self.berth, self.peer, self.guest = berth, peer, guest
        self.rows = []

    def row(self, name, value, bound, detail):
        self.rows.append({"name": name, "value": round(value, 3), "bound": bound, "met": value >= bound, "detail": detail})

    def ours(self, *more):
        return Server(self.berth, "serve", "--addr", "127.0.0.1:0", *SEEN, *LIMITS, *more, self.guest)

    def theirs(self, *more):
        return Server(self.peer, "serve", "-S", "cli", "--addr", "127.0.0.1:0", *more, self.guest)

    def against_peer(self, name, bound, ours, theirs):
        with self.ours(*ours) as mine, self.theirs(*theirs) as peer:
            here, there = rates([mine, peer])
            resident = mine.resident() / 2**20
        self.row(name, here / there, bound, f"{here:,.0f} against {there:,.0f} a second; {resident:.0f} MiB resident after it")

    def fresh(self):
        self.against_peer("fresh instances: rate / wasmtime serve", 2.7, [], ["--max-instance-reuse-count", "1"])

    def reused(self):
        self.against_peer("reused instances: rate / wasmtime serve", 1.8, ["--reuse", "1000"],
                          ["--max-instance-reuse-count", "1000"])

    def native(self):
        plain = output(ROOT / "tools/cargo.sh", "build", "--quiet", "--release", "-p", "berth-plain-server",
                       "--message-format=json")
        program = [json.loads(line) for line in plain.splitlines()]
        program = next(unit["executable"] for unit in program if unit.get("executable"))
        with Server(program) as native, self.ours() as fresh, self.ours("--reuse", "1000") as reused:
            most, one, many = rates([native, fresh, reused])
        self.row("fresh instances: rate / a native server", one / most, 0.35, f"{one:,.0f} against {most:,.0f} a second")
        self.row("reused instances: rate / a native server", many / most, 0.7, f"{many:,.0f} against {most:,.0f} a second")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", type=Path, default=ROOT / "build/release/src/cli/berth")
    parser.add_argument("--guests", type=Path, default=ROOT / "build/guests")
    parser.add_argument("--only", action="append", choices=ALL)
    parser.add_argument("--json", action="store_true", help="rows as JSON")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("bench: the client is missing: apt-get install wrk")
    peer = output(ROOT / "tools/install-peers.sh")
    bench = Bench(options.berth.resolve(), peer, options.guests.resolve() / "web.wasm")
    for name in options.only or ALL:
        if sys.stderr.isatty():
            print(f"measuring {name} …", file=sys.stderr)
        getattr(bench, name)()
    return tell(bench.rows, options.json, "at least")


if __name__ == "__main__":
    sys.exit(main())
