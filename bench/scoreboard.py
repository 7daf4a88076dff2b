#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who holds which limit: the same hostile program in berth and in the `wasmtime` command, each with the best limits that
it offers for it. What counts is what the machine shows (bytes in a folder, bytes a second at a server, the process's
CPU time and memory), never what a host says of itself.

A row is held when the program stayed within the bound. `no option` means that the host has none for it: it is run all
the same, and its row says what happened.

    bench/scoreboard.py --berth build/dev/src/cli/berth [--json]

The status is 1 when berth doesn't hold a row.
"""

import argparse
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Optional

ROOT = Path(__file__).resolve().parents[1]
HOSTILE = ROOT / "tests/hostile"
sys.path.insert(0, str(Path(__file__).resolve().parent))

from network import servers  # noqa: E402

MIB = 1 << 20
PATIENCE = 4  # seconds after which a program has shown what it does
SPIN = '(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))'
# Four memories of 24 MiB, each of which is used.
FOUR = """(module (memory (export "memory") 384) (memory $b 384) (memory $c 384) (memory $d 384) (func (export "_start")
  (memory.fill 0 (i32.const 0) (i32.const 1) (i32.const 25165824))
  (memory.fill $b (i32.const 0) (i32.const 1) (i32.const 25165824))
  (memory.fill $c (i32.const 0) (i32.const 1) (i32.const 25165824))
  (memory.fill $d (i32.const 0) (i32.const 1) (i32.const 25165824))))"""


@dataclass
class Seen:
    """What the machine showed of one run."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    ended: bool
    folder: Path
    connections: int  # that the sink accepted: the programs keep theirs
    taken_bytes: int  # by the sink


@dataclass
class Row:
    name: str
    bound: str
    program: str
    arguments: list
    berth: list
    peer: Optional[list]  # None: it has no option for this
    measure: Callable  # of a Seen: the figure, and whether it is within the bound
    peer_always: list = field(default_factory=list)  # what the program needs, limit or not
    berth_always: list = field(default_factory=list)
    together: int = 1  # so many of it at once
    owner: str = ""  # what berth's host.toml says


def stored(seen):
    infos = [path.lstat() for path in seen.folder.rglob("*")]
    inodes = {info.st_ino: info.st_size if stat.S_ISREG(info.st_mode) else 0 for info in infos}
    return sum(inodes.values()), len(inodes)


def bytes_stored(seen):
    used = stored(seen)[0]
    return f"{used / MIB:.1f} MiB stored", used <= MIB


def files_stored(seen):
    used = stored(seen)[1]
    return f"{used} files", used <= 200


def memory_of(most):
    def measure(seen):
        return f"{seen.peak_bytes / MIB:.0f} MiB resident", seen.peak_bytes <= most

    return measure


def cpu_of(most):
    def measure(seen):
        still = "" if seen.ended else ", and going on"
        return f"{seen.cpu_seconds:.2f} s of CPU time{still}", seen.ended and seen.cpu_seconds <= most

    return measure


def share_of(most):
    def measure(seen):
        share = seen.cpu_seconds / seen.seconds
        return f"{share:.0%} of a core", share <= most

    return measure


def time_of(most):
    def measure(seen):
        still = "" if seen.ended else ", and going on"
        return f"{seen.seconds:.1f} s{still}", seen.ended and seen.seconds <= most

    return measure


def connections_of(most):
    def measure(seen):
        return f"{seen.connections} connections", seen.connections <= most

    return measure


def taken_of(most):
    def measure(seen):
        return f"{seen.taken_bytes / MIB:.2f} MiB arrived", seen.taken_bytes <= most

    return measure


class Sink:
    """Takes what is sent to it, and counts."""

    def __init__(self):
        self.bytes = self.accepted = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            self.accepted += 1
            threading.Thread(target=self.take, args=(client,), daemon=True).start()

    def take(self, client):
        with client:
            try:
                while piece := client.recv(1 << 16):
                    with self.lock:
                        self.bytes += len(piece)
            except OSError:
                pass


def slow_enough(least):
    def measure(seen):
        return f"{seen.seconds:.2f} s for 4 MiB", seen.seconds >= least

    return measure


def rows(ports, sink, spin, four):
    knocker = "build/guests/knocker.wasm"
    storer, transfer = "build/guests/storer.wasm", "build/guests/transfer-p2.wasm"
    url = f"http://127.0.0.1:{ports['http']}/bytes/{4 * MIB}"
    quota = ["--grant", "files ./data:/data:rw:quota=1MiB:files=200"]
    folder = ["--dir", "data::/data"]

    def hoard(name, bound, way, measure):
        return Row(name, bound, storer, ["hoard", way], quota, None, measure, peer_always=folder)

    return [
        hoard("storage: by append", "1 MiB", "append", bytes_stored),
        hoard("storage: many streams at once", "1 MiB", "streams", bytes_stored),
        hoard("storage: holes", "1 MiB", "offset", bytes_stored),
        hoard("storage: longer without a write", "1 MiB", "truncate", bytes_stored),
        hoard("storage: empty files", "200 files", "files", files_stored),
        hoard("storage: folders", "200 files", "folders", files_stored),
        Row("network: bytes a second", "1 MiB/s", transfer, ["http-get", url], ["--limit", "network.rate=1MiB/s"], None,
            slow_enough(3.5), berth_always=["--grant", f"http.out http://127.0.0.1:{ports['http']}/*"],
            peer_always=["-S", "inherit-network,http"]),
        Row("network: connections at once", "20", knocker, ["hoard 127.0.0.1:%d 600" % sink.port],
            ["--limit", "network.connections=20"], None, connections_of(20),
            berth_always=["--grant", f"socket.out tcp://127.0.0.1:{sink.port}"], peer_always=["-S", "inherit-network,http"]),
        Row("network: bytes a day", "1 MiB, over three runs", transfer, ["tcp-send", f"127.0.0.1:{sink.port}", str(MIB // 2)],
            ["--limit", "network.daily=1MiB"], None, taken_of(MIB), together=3,
            berth_always=["--grant", f"socket.out tcp://127.0.0.1:{sink.port}"], peer_always=["-S", "inherit-network,http"]),
        Row("all modules together: memory", "130 MiB, four of them", four, [], ["--memory", "120MiB"],
            ["-W", f"max-memory-size={120 * MIB}"], memory_of(240 * MIB), together=4,
            owner='[total]\nmemory = "130MiB"\n'),
        Row("all modules together: CPU", "30 % of a core, three of them", spin, [], ["--wall", "3s"], None, share_of(0.4),
            together=3, owner='[total]\ncpu.share = "30%"\n'),
        Row("cpu.share", "20 % of a core", spin, [], ["--limit", "cpu.share=20%", "--wall", "3s"], None, share_of(0.25)),
        Row("cpu.time: a loop", "0.1 s", spin, [], ["--cpu-time", "100ms"], ["-W", "timeout=100ms"], cpu_of(0.4)),
        Row("cpu.time: naps between", "0.1 s", HOSTILE / "spin-naps.wat", [], ["--cpu-time", "100ms"],
            ["-W", "timeout=100ms"], cpu_of(0.4)),
        Row("cpu.time: long instructions", "0.1 s", HOSTILE / "spin-fill.wat", [], ["--cpu-time", "100ms"],
            ["-W", "timeout=100ms"], cpu_of(0.6)),
        Row("wall: a sleep of centuries", "0.2 s", HOSTILE / "sleep.wat", [], ["--wall", "200ms"], ["-W", "timeout=200ms"],
            time_of(1.0)),
        Row("memory: four memories", "32 MiB in all", four, [], ["--memory", "32MiB"],
            ["-W", f"max-memory-size={32 * MIB}"], memory_of(72 * MIB)),
        Row("memory: six instances", "32 MiB in all", HOSTILE / "memory-instances.wat", [], ["--memory", "32MiB"],
            ["-W", f"max-memory-size={32 * MIB}"], memory_of(72 * MIB)),
        Row("memory: GC arrays", "32 MiB in all", HOSTILE / "gc-arrays.wat", [], ["--memory", "32MiB"],
            ["-W", f"max-memory-size={32 * MIB},gc,function-references"], memory_of(72 * MIB)),
        Row("memory: many tables", "32 MiB in all", HOSTILE / "tables-many.wat", [], ["--memory", "32MiB"],
            ["-W", f"max-memory-size={32 * MIB},max-table-elements=4194304"], memory_of(72 * MIB)),
    ]  # fmt: skip


def watch(command, environment, row, sink):
    """Runs a program in an empty scene until it has ended or shown what it does: the figure, and whether it holds."""
    with tempfile.TemporaryDirectory(prefix="berth-scoreboard-") as name:
        folder = Path(name) / "data"
        folder.mkdir()
        environment = {**environment, "BERTH_STATE": f"{name}/state"}
        taken, accepted = sink.bytes, sink.accepted
        began = time.monotonic()
        running = [subprocess.Popen(command, cwd=name, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL, env=environment, process_group=0)
                   for _ in range(row.together)]  # fmt: skip
        ended, cpu_seconds, peak_bytes = True, 0.0, 0
        while running:
            for process in list(running):
                pid, status, usage = os.wait4(process.pid, os.WNOHANG)
                if pid:
                    process.returncode = os.waitstatus_to_exitcode(status)
                    running.remove(process)
                    cpu_seconds += usage.ru_utime + usage.ru_stime
                    peak_bytes += usage.ru_maxrss << 10
                elif ended and time.monotonic() - began > PATIENCE:
                    for late in running:
                        os.killpg(late.pid, signal.SIGKILL)
                    ended = False
            time.sleep(0.005)
        seconds = time.monotonic() - began
        if sink.accepted > accepted:
            time.sleep(0.3)  # for what is still on its way to the sink
        connections = sink.accepted - accepted
        return row.measure(Seen(seconds, cpu_seconds, peak_bytes, ended, folder, connections, sink.bytes - taken))


def show(row, figures, as_json):
    if as_json:
        hosts = {host: {"figure": figure, "holds": holds} for host, (figure, holds) in figures.items()}
        print(json.dumps({"row": row.name, "bound": row.bound, "peer_has_an_option": row.peer is not None, **hosts}), flush=True)
        return
    said = [f"{host} {'holds' if holds else 'OPEN'}: {figure}" for host, (figure, holds) in figures.items()]
    option = "" if row.peer is not None else " (no option)"
    print(f"{row.name}, {row.bound}:  {said[0]};  {said[1]}{option}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", type=Path, required=True)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--only", default="", help="rows with this in their names")
    options = parser.parse_args()
    peer = subprocess.run([ROOT / "tools/install-peers.sh"], capture_output=True, text=True, check=True).stdout.strip()
    lost = 0
    with tempfile.TemporaryDirectory(prefix="berth-scoreboard-") as name, servers("http") as ports:
        spin = Path(name) / "spin.wat"
        spin.write_text(SPIN)
        four = Path(name) / "four.wat"
        four.write_text(FOUR)
        home = {**os.environ, **{f"BERTH_{kind}": f"{name}/{kind.lower()}" for kind in ("CONFIG", "STATE", "CACHE")}}
        sink = Sink()
        settings = Path(name) / "config"
        settings.mkdir()
        for row in rows(ports, sink, spin, four):
            if options.only not in row.name:
                continue
            # Nobody else's work on this machine is part of the figures.
            (settings / "host.toml").write_text(f'{row.owner}\n[priority]\npressure = "ignore"\n')
            program = str(ROOT / row.program)
            ours = [options.berth.resolve(), "run", "--quiet", *row.berth, *row.berth_always, program, *row.arguments]
            theirs = [peer, "run", *(row.peer or []), *row.peer_always, program, *row.arguments]
            # The first run of each compiles.
            figures = {}
            for host, command in (("berth", ours), ("wasmtime", theirs)):
                watch(command, home, row, sink)
                figures[host] = watch(command, home, row, sink)
            lost += not figures["berth"][1]
            show(row, figures, options.json)
    print(f"berth does not hold {lost} rows" if lost else "berth holds every row")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
