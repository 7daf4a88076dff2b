# SPDX-License-Identifier: Apache-2.0
"""What `run.py` measures of the network: a gibibyte each way, over TCP and HTTP, of WASI 0.2 and 0.3.

The servers are those of the tests, in a process of their own on loopback; both hosts run the same guests against them.
"""

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

SERVERS = Path(__file__).resolve().parent.parent / "tests/net/servers.py"
BYTES = 1 << 30
RESIDENT_MIB = 40  # a host that kept what it passes on would need a thousand


@contextmanager
def servers(*names):
    """The ports of servers that live as long as the block."""
    process = subprocess.Popen([sys.executable, SERVERS, *names], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        ports = json.loads(process.stdout.readline())
        yield {name: ports[name]["port"] for name in names}
    finally:
        process.stdin.close()
        process.wait()


def transfers(ports):
    """Each transfer: its name and the guest's arguments."""
    http = f"http://127.0.0.1:{ports['http']}"
    return [
        ("TCP out", ["tcp-send", f"127.0.0.1:{ports['tcp-sink']}", str(BYTES)]),
        ("TCP in", ["tcp-receive", f"127.0.0.1:{ports['tcp-source']}", str(BYTES)]),
        ("HTTP out", ["http-put", f"{http}/sink", str(BYTES)]),
        ("HTTP in", ["http-get", f"{http}/bytes/{BYTES}"]),
    ]


def grants(ports):
    """Opens just these servers."""
    return ["--grant", f"http.out http://127.0.0.1:{ports['http']}/*",
            "--grant", f"socket.out tcp://127.0.0.1:{ports['tcp-sink']}",
            "--grant", f"socket.out tcp://127.0.0.1:{ports['tcp-source']}"]
