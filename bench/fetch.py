#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures berth content get from a gateway of this machine beside curl, which gets the same CAR and hands it to sha256sum.

The gateway is a small program that sends a CAR that is made beforehand (`sendfile`), so that neither waits for it. Each in
turns, berth with a store that has nothing of it. Prints the medians, their ratio, and the most memory that berth had. Exit
status 1 when a bound is missed: 0.8 of curl's rate, memory under 64 MiB.

  python3 bench/fetch.py --berth build/release/src/cli/berth
"""

import argparse
import http.server
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from timed import timed

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/content"))
from tools import Berth  # noqa: E402

BOUND_RATIO = 0.8
BOUND_BYTES = 64 << 20


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", required=True, type=lambda text: Path(text).resolve())
    parser.add_argument("--bytes", type=int, default=1 << 30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder unless given")
    asked = parser.parse_args()
    seconds = {name: [] for name in ("berth get", "berth get -o -", "curl | sha256sum")}
    most = 0
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        publisher = Berth(asked.berth, Path(folder) / "publisher")
        publisher.root.mkdir()
        file, car = Path(folder) / "file", Path(folder) / "file.car"
        with file.open("wb") as out:
            for _ in range(asked.bytes >> 20):
                out.write(os.urandom(1 << 20))
        [made] = publisher.json("add", file)
        publisher.run("export", made["cid"], "--output", car)
        subprocess.run(["rm", "-rf", publisher.root, file], check=True)
        with Sender(car) as gateway:
            url = f"{gateway.url}/ipfs/{made['cid']}?format=car"
            for _ in range(asked.rounds):
                for name, words in (("berth get", ("--output", "FILE")), ("berth get -o -", ("--output", "-"))):
                    with tempfile.TemporaryDirectory(dir=folder) as root:
                        berth = Berth(asked.berth, root)
                        words = [word.replace("FILE", f"{root}/out") for word in words]
                        command = berth.command("get", made["cid"], "--gateway", gateway.url, *words)
                        taken, used = timed(command, berth.environment)
                        seconds[name].append(taken)
                        most = max(most, used)
                taken, _ = timed(["bash", "-c", f"set -o pipefail; curl -sf '{url}' | sha256sum"], os.environ)
                seconds["curl | sha256sum"].append(taken)
    medians = {name: statistics.median(taken) for name, taken in seconds.items()}
    for name, taken in seconds.items():
        rate = asked.bytes / medians[name] / 1e6
        print(f"{name}  median {medians[name]:.2f} s ({min(taken):.2f} to {max(taken):.2f}), {rate:.0f} MB/s")
    ratio = medians["curl | sha256sum"] / medians["berth get"]
    print(f"get: {ratio:.2f} of curl's rate (bound {BOUND_RATIO})")
    print(f"memory: {most / (1 << 20):.1f} MiB (bound {BOUND_BYTES >> 20})")
    return 0 if ratio >= BOUND_RATIO and most < BOUND_BYTES else 1


class Sender:
    """Gives the same file to everybody, as a CAR."""

    def __init__(self, car):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                size = os.path.getsize(car)
                self.send_response(200)
                self.send_header("content-type", "application/vnd.ipld.car; version=1; order=dfs; dups=n")
                self.send_header("content-length", str(size))
                self.end_headers()
                self.wfile.flush()
                with open(car, "rb") as file:
                    self.connection.sendfile(file)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()


if __name__ == "__main__":
    sys.exit(main())
