# SPDX-License-Identifier: Apache-2.0
"""A server that is up, and the clients that measure one: wrk for the most it can do, h2load for how long answers take at a
constant rate, curl for a stream, and plain sockets for connections that rest.
"""

import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from run import output

TURNS = 5
SECONDS = 3
CLIENTS = 32


class Server:
    """A server that is up, with where it listens."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            if found := re.search(r"http://([0-9.]+):([0-9]+)/", line):
                self.url, self.host, self.port = found[0], found[1], int(found[2])
                break
        else:
            sys.exit(f"bench: {' '.join(map(str, command))} didn't start")
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def resident(self, what="VmRSS"):
        """MiB now, or at most so far (VmHWM)."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+)", text)[1]) / 1024


def rate(url, seconds=SECONDS, other_status=False):
    """Requests a second, as wrk counts them; all of them have to be answered."""
    told = output("wrk", "-t1", f"-c{CLIENTS}", f"-d{seconds}s", url)
    for trouble in ("Socket errors", *(() if other_status else ("Non-2xx",))):
        if trouble in told:
            sys.exit(f"bench: {url}: {told}")
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", told)[1])


def in_turns(measure, servers, turns=TURNS):
    """What each server gives, asked in turns, so that what else this machine does falls on all of them."""
    seen = [[] for _ in servers]
    for turn in range(turns):
        for place in range(len(servers)):
            at = (turn + place) % len(servers)
            seen[at].append(measure(servers[at]))
    return seen


def rates(servers, path="", other_status=False):
    """The median rate of each server."""
    for server in servers:
        rate(server.url + path, 1, other_status)
    seen = in_turns(lambda server: rate(server.url + path, other_status=other_status), servers)
    return [statistics.median(one) for one in seen]


def latencies(url, a_second, seconds=5):
    """Milliseconds of each answer at a constant rate, in ascending order."""
    each = max(1, round(a_second / CLIENTS))
    with tempfile.NamedTemporaryFile("r") as log:
        output("h2load", "--h1", "-t1", f"-c{CLIENTS}", f"--rps={each}", "-D", str(seconds), "--warm-up-time=1",
               f"--log-file={log.name}", url)  # fmt: skip
        rows = [line.split("\t") for line in log.read().splitlines()]
    if not rows or any(status != "200" for _, status, _ in rows):
        sys.exit(f"bench: {url}: not all answers are 200")
    return sorted(int(took) / 1000 for _, _, took in rows)


def at(share, ascending):
    return ascending[min(len(ascending) - 1, int(share * len(ascending)))]


def stream(url, count):
    """Bytes a second of a body that is sent and comes back."""
    with tempfile.NamedTemporaryFile() as body:
        body.truncate(count)
        told = output("curl", "-sS", "-m", "300", "-T", body.name, "-X", "POST", "-H", "Expect:", "-o", "/dev/null", "-w",
                      "%{http_code} %{size_download} %{time_total}", url)  # fmt: skip
    status, came, took = told.split()
    if (status, came) != ("200", str(count)):
        sys.exit(f"bench: {url}: {told}")
    return count / float(took)


def resting(server, count):
    """So many connections, each of which has had an answer."""
    connections = []
    for _ in range(count):
        client = socket.create_connection((server.host, server.port), timeout=30)
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        if not client.recv(4096).startswith(b"HTTP/1.1 200"):
            sys.exit("bench: a connection got no answer")
        connections.append(client)
    return connections
