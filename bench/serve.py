#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures `berth serve` against `wasmtime serve` of the engine's own version: one guest, one client, in turns.

Both servers run all the time, and the client goes to one after the other, so that what else this machine does falls on
both. A row has its bound; exit status 1 when one is missed. berth has its limits on.

  fresh       an instance for each request
  reused      instances that answer a thousand requests
  native      what is left of a server that runs no guest: engine/tools/plain-server, made of the same parts
  wasi3       the same guest for WASI 0.3, fresh and reused
  javascript  a guest in JavaScript (examples/js), reused
  latency     at half of the peer's most
  streaming   1 GiB through an echo
  idle        connections that rest, and nothing at all
  neighbours  one module's answers beside others that spin, take memory and have slow clients

  python3 bench/serve.py --only fresh --json
"""

import argparse
import contextlib
import http.client
import json
import resource
import shutil
import socket
import statistics
import sys
import tempfile
import threading
from pathlib import Path

from clients import Server, at, in_turns, latencies, rate, rates, resting, stream
from run import ROOT, output, tell

ALL = ["fresh", "reused", "native", "wasi3", "javascript", "latency", "streaming", "idle", "neighbours"]
CLIENTS_NEEDED = {"wrk": "wrk", "h2load": "nghttp2-client", "curl": "curl"}
# Metrics are on; neither of the two writes a log.
SEEN = ["--admin", "127.0.0.1:0", "--access-log", "off"]
LIMITS = ["--cpu-time", "5s", "--wall", "30s", "--memory", "1GiB"]
MANY = "1000"
STREAMED = 1 << 30
RESTING = 5000
CALM = 500  # requests a second


class Bench:
    def __init__(self, berth, peer, guests):
        self.berth, self.peer, self.guests = berth, peer, guests
        self.rows = []

    def row(self, name, value, bound, detail, bounded="at least"):
        met = value >= bound if bounded == "at least" else value <= bound
        self.rows.append({"name": name, "value": round(value, 3), "bounded": bounded, "bound": bound, "met": met,
                          "detail": detail})  # fmt: skip

    def most(self, *row):
        self.row(*row, bounded="at most")

    def ours(self, *more, guest="web"):
        served = [] if guest is None else [self.guests / f"{guest}.wasm"]
        return Server(self.berth, "serve", "--addr", "127.0.0.1:0", *SEEN, *LIMITS, *more, *served)

    def theirs(self, *more, guest="web"):
        return Server(self.peer, "serve", "-S", "cli", "--addr", "127.0.0.1:0", *more, self.guests / f"{guest}.wasm")

    def against_peer(self, name, bound, ours, theirs, guest="web", path="", other_status=False):
        with self.ours(*ours, guest=guest) as mine, self.theirs(*theirs, guest=guest) as peer:
            here, there = rates([mine, peer], path, other_status)
            resident = mine.resident()
        self.row(name, here / there, bound, f"{here:,.0f} against {there:,.0f} a second; {resident:.0f} MiB resident after it")

    def fresh(self):
        self.against_peer("fresh instances: rate / wasmtime serve", 2.7, [], ["--max-instance-reuse-count", "1"])

    def reused(self):
        self.against_peer("reused instances: rate / wasmtime serve", 1.8, ["--reuse", MANY],
                          ["--max-instance-reuse-count", MANY])  # fmt: skip

    def native(self):
        plain = output(ROOT / "tools/cargo.sh", "build", "--quiet", "--release", "-p", "berth-plain-server",
                       "--message-format=json")  # fmt: skip
        program = [json.loads(line) for line in plain.splitlines()]
        program = next(unit["executable"] for unit in program if unit.get("executable"))
        with Server(program) as native, self.ours() as fresh, self.ours("--reuse", MANY) as reused:
            most, one, many = rates([native, fresh, reused])
        self.row("fresh instances: rate / a native server", one / most, 0.35, f"{one:,.0f} against {most:,.0f} a second")
        self.row("reused instances: rate / a native server", many / most, 0.7, f"{many:,.0f} against {most:,.0f} a second")

    def wasi3(self):
        peer = ["-W", "component-model-async", "-S", "p3"]
        for name, ours, theirs in [
            ("fresh", [], ["--max-instance-reuse-count", "1", "--max-instance-concurrent-reuse-count", "1"]),
            ("reused", ["--reuse", MANY, "--concurrency", "16"],
             ["--max-instance-reuse-count", MANY, "--max-instance-concurrent-reuse-count", "16"]),
        ]:  # fmt: skip
            self.against_peer(f"WASI 0.3, {name}: rate / wasmtime serve", 1.3, ours, [*peer, *theirs], "web-p3")

    def javascript(self):
        # What it says without an argument: no other host is asked.
        self.against_peer("JavaScript, reused: rate / wasmtime serve", 1.0, ["--reuse", MANY],
                          ["--max-instance-reuse-count", MANY], "links", "links", other_status=True)  # fmt: skip

    def latency(self):
        with self.ours() as mine, self.theirs("--max-instance-reuse-count", "1") as peer:
            half = rate(peer.url) / 2
            seen = in_turns(lambda server: latencies(server.url, half), [mine, peer])
            for share in (0.5, 0.99):
                here, there = (statistics.median(at(share, turn) for turn in turns) for turns in seen)
                self.most(f"p{round(share * 100)} at {half:,.0f} a second / wasmtime serve", here / there, 0.6,
                          f"{here:.2f} against {there:.2f} ms")  # fmt: skip

    def streaming(self):
        with self.ours("--max-body", "2GiB") as mine, self.theirs() as peer:
            stream(mine.url + "echo", STREAMED // 8)
            before = mine.resident("VmHWM")
            seen = in_turns(lambda server: stream(server.url + "echo", STREAMED), [mine, peer], 3)
            here, there = (statistics.median(one) for one in seen)
            more = mine.resident("VmHWM") - before
        self.row("1 GiB through an echo: rate / wasmtime serve", here / there, 1.0,
                 f"{here / 2**20:,.0f} against {there / 2**20:,.0f} MiB a second")  # fmt: skip
        self.most("MiB that this takes more than an eighth of it", more, 8, "largest resident set")

    def idle(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, RESTING + 1000), hard))
        with self.ours("--max-connections", "6000", "--idle-timeout", "10m") as mine:
            self.most("MiB of a server at rest", mine.resident(), 40, "before its first request")
            connections = resting(mine, RESTING)
            self.most(f"MiB with {RESTING:,} connections that rest", mine.resident(), 150, "each has had an answer")
            for client in connections:
                client.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    def neighbours(self):
        """Each of the bad ones has a fifth of a processor: without a limit to it, CPU is shared by who wants it."""
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            site = ""
            for name, share in [("good", "200%"), ("spin", "20%"), ("fill", "20%"), ("slow", "20%")]:
                shutil.copy(self.guests / "web.wasm", folder / f"{name}.wasm")
                limits = f'[limits]\nmemory = "256MiB"\nwall = "5s"\ncpu.time = "2s"\ncpu.share = "{share}"\n'
                (folder / f"{name}.toml").write_text(limits)
                at_path = "/" if name == "good" else f"{name}.test/"
                site += f'[[route]]\nat = "{at_path}"\nmodule = "{name}.wasm"\npolicy = "{name}.toml"\n'
            (folder / "site.toml").write_text(site)
            with Server(self.berth, "serve", "--addr", "127.0.0.1:0", *SEEN, "--site", folder / "site.toml") as server:
                alone, beside = [], []
                for _ in range(3):
                    alone.append(at(0.99, latencies(server.url, CALM)))
                    with Bad(server):
                        beside.append(at(0.99, latencies(server.url, CALM)))
        alone, beside = statistics.median(alone), statistics.median(beside)
        self.most("p99 beside bad neighbours / alone", beside / alone, 2.0, f"{beside:.2f} against {alone:.2f} ms")


class Bad:
    """Clients of the bad modules, until the end of the `with`: two that spin, two that take all memory, fifty slow ones."""

    def __init__(self, server):
        self.server, self.over, self.threads = server, threading.Event(), []

    def __enter__(self):
        for path, count in [("spin", 2), ("fill", 2)]:
            for _ in range(count):
                self.threads.append(threading.Thread(target=self.again_and_again, args=(path,), daemon=True))
        self.threads += [threading.Thread(target=self.slowly, daemon=True) for _ in range(50)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def again_and_again(self, path):
        """By connections of this process: one more program each time would itself be a bad neighbour."""
        while not self.over.is_set():
            client = http.client.HTTPConnection(self.server.host, self.server.port, timeout=1)
            with contextlib.suppress(OSError, http.client.HTTPException):
                client.request("GET", f"/{path}", headers={"Host": f"{path}.test"})
                client.getresponse().read()
            client.close()

    def slowly(self):
        with socket.create_connection((self.server.host, self.server.port), timeout=10) as client:
            client.sendall(b"GET /bytes?100000000 HTTP/1.1\r\nHost: slow.test\r\n\r\n")
            while not self.over.wait(0.1):
                client.recv(1000)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", type=Path, default=ROOT / "build/release/src/cli/berth")
    parser.add_argument("--guests", type=Path, default=ROOT / "build/guests")
    parser.add_argument("--only", action="append", choices=ALL)
    parser.add_argument("--json", action="store_true", help="rows as JSON")
    options = parser.parse_args()
    for client, package in CLIENTS_NEEDED.items():
        if not shutil.which(client):
            sys.exit(f"bench: the client is missing: apt-get install {package}")
    peer = output(ROOT / "tools/install-peers.sh")
    bench = Bench(options.berth.resolve(), peer, options.guests.resolve())
    for name in options.only or ALL:
        if sys.stderr.isatty():
            print(f"measuring {name} …", file=sys.stderr)
        getattr(bench, name)()
    return tell(bench.rows, options.json)


if __name__ == "__main__":
    sys.exit(main())
