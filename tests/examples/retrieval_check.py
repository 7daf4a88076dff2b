#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does what the README of examples/10-retrieval-check says, in a folder of its own: its commands as they stand there, but for
the port, and the programs side by side. Each of them reports what it fetched, it was downloaded once, and the second time
nobody is asked. The status is 0 when all of it held."""

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples/10-retrieval-check"
TELLERS = ["check-cpp.wasm", "check-js.wasm", "check-rust.wasm"]
NOBODYS = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
DEADLINE = 400


def check(true, said):
    if not true:
        raise AssertionError(said)


def commands():
    """The README's shell blocks, but for those that are lines of a file, and for the build."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (EXAMPLE / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    return [block for block in blocks if "make " not in block]


def free_port():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


def script(port):
    there, here = commands()
    # Whoever types waits until it answers, and copies what it says.
    there = there.replace("berth content add site", "berth content add site > added")
    there = re.sub(r"^berth content serve &$", f"berth content serve --addr 127.0.0.1:{port} > served & server=$!", there, flags=re.MULTILINE)
    runs = f"""
    until grep -q http served; do kill -0 $server; sleep 0.05; done
    cid=$(grep -o 'baf[a-z0-9]*' added | head -n 1)/sample
    EVENTS=first {EXAMPLE}/check.sh $cid > first.go
    kill $server
    wait $server || true
    EVENTS=second {EXAMPLE}/check.sh $cid > second.go
    ! EVENTS=third {EXAMPLE}/check.sh {NOBODYS}/sample > third.go
    echo $cid
    """
    return "set -eu\n" + (there + here).replace("127.0.0.1:8080", f"127.0.0.1:{port}") + runs


def reported(folder, name, cid):
    """Each has fetched it, says so, and completed one job."""
    events = [json.loads(line) for line in (folder / name).read_text().splitlines()]
    for module in TELLERS:
        told = [event for event in events if event["module"] == module]
        check([event["kind"] for event in told] == ["info", "job-completed"], f"{name} {module}: {told}")
        check(re.fullmatch(rf"{cid}: 8000000 bytes at [\d.]+ MB/s, the first after \d+ ms", told[0]["message"]), told)
    check(len(events) == 2 * len(TELLERS), events)
    said = (folder / f"{name}.go").read_text()
    check(re.fullmatch(rf"/content/{cid}: 8000000 bytes at [\d.]+ MB/s, the first after \d+ ms\n", said), said)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--berth", required=True, type=Path)
    parser.add_argument("--guests", required=True, type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="berth-retrieval-") as folder:
        folder = Path(folder)
        environment = {**os.environ, "HOME": str(folder), "BERTH": str(options.berth.absolute()), "GUESTS": str(options.guests.absolute()),
                       "BERTH_CACHE": str(folder / "cache"), "PATH": f"{options.berth.absolute().parent}:{os.environ['PATH']}"}  # fmt: skip
        done = subprocess.run(["bash", "-c", script(free_port())], cwd=folder, env=environment, capture_output=True, text=True, timeout=DEADLINE)
        check(done.returncode == 0, f"it ends with {done.returncode}: {done.stdout} {done.stderr}")
        cid = done.stdout.split()[-1]
        reported(folder, "first", cid)
        reported(folder, "second", cid)
        third = [json.loads(line) for line in (folder / "third").read_text().splitlines()]
        check(sorted((event["module"], event["kind"]) for event in third) == [(module, "error") for module in TELLERS], third)
        check(all(NOBODYS in event["message"] for event in third), third)
        asked = [json.loads(line) for line in (folder / "served").read_text().splitlines() if line.startswith("{")]
        sent = sum(line["sent_bytes"] for line in asked)
        print(f"{len(asked)} requests, {sent} bytes")
        check(8000000 < sent < 8100000, f"{sent} bytes for 8000000: {asked}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
