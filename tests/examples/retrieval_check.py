#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does what the README of examples/10-retrieval-check says, in a folder of its own: its commands as they stand there, but for
the ports. Five modules in one program, and then in processes: each reports what it fetched, and it was downloaded once. In the
program they have no more connections than one of them, the second time nobody is asked, and what fails, traps or
never ends costs itself only. The status is 0 when all of it held."""

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "packaging"))
from stranger import CXX_FLAGS, ROOT, check

EXAMPLE = Path("examples/10-retrieval-check")
TELLERS = ["check-cpp.wasm", "check-js.wasm", "check-python.wasm", "check-rust.wasm"]
MODULES = sorted([*TELLERS, "check-go.wasm"])
NOBODYS = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
BYTES = 8000000
FETCHED = rf"{BYTES} bytes at [\d.]+ MB/s, the first after \d+ ms"
DEADLINE = 480
HOSTILE = {"loops": "(loop (br 0))", "traps": "unreachable"}
FROM = re.compile(r"  (\S+): (\d+) bytes, requests: (\d+), first block after (\d+) ms, the rest in (\d+) ms")


class Counted:
    """Stands before a server: who connects, and what is asked there."""

    def __init__(self, port):
        self.server, self.connections, self.asked, self.sent = port, 0, [], 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            client = self.listener.accept()[0]
            self.connections += 1
            server = socket.socket()
            # Nobody is there any more.
            if server.connect_ex(("127.0.0.1", self.server)) != 0:
                client.close()
                continue
            for ends in ((client, server, self._heard), (server, client, self._said)):
                threading.Thread(target=self._pass, args=ends, daemon=True).start()

    def _pass(self, source, to, tell):
        try:
            while data := source.recv(1 << 16):
                tell(data)
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)
        except OSError:
            source.close()
            to.close()

    def _heard(self, data):
        self.asked += re.findall(r"GET (\S+) HTTP", data.decode())

    def _said(self, data):
        self.sent += len(data)


def free_port():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


def script(port, inside, apart):
    """The README's shell blocks in their order, and what is done between them: what lies here is asked for by the program, and
    what lies apart by processes."""
    readme = (ROOT / EXAMPLE / "README.md").read_text()
    build, there, here, program, processes = re.findall(r"^```sh\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    build = build.replace("make build examples\n", "")
    # Whoever types waits until it answers.
    serving = f"berth content serve --addr 127.0.0.1:{port} > served & server=$!\ntrap 'kill $server || true' EXIT\nuntil grep -q http served; do kill -0 $server; sleep 0.05; done"
    there = re.sub(r"^berth content serve &$", serving, there, flags=re.MULTILINE)
    run = "build/check/retrieval-check run"
    hostile = [f'echo \'(module (memory (export "memory") 1) (func (export "_start") {code}))\' > {name}.wat' for name, code in HOSTILE.items()]
    return "\n".join([
        "set -eu", build, there,
        here.replace(":8080", f":{inside.port}"),
        f"{{ {program} }} > first.said",
        "mv events.ndjson first",
        here.replace("here", "apart").replace(":8080", f":{apart.port}").replace("mkdir -m 700", "mkdir -m 700 apart"),
        f"export EVENTS=processes\n{{ {processes} }} > processes.said",
        f"status=0; {run} {EXAMPLE}/check.toml nobodys compiled {NOBODYS}/sample > nobodys.said || status=$?; test $status = 1",
        "kill $server; wait $server || true; trap - EXIT",
        here.replace("mkdir", ": mkdir").replace(":8080", f":{inside.port}"),
        f"{run} {EXAMPLE}/check.toml second compiled $cid/sample > second.said",
        *hostile,
        "build/check/retrieval-check compile $(which berth) compiled loops.wat traps.wat",
        f"sed 's/cpu.time = .*/cpu.time = \"5s\"/' {EXAMPLE}/check.toml > hostile.toml",
        f"status=0; {run} hostile.toml hostile compiled $cid/sample > hostile.said || status=$?; test $status = 1",
        "echo $cid",
    ])  # fmt: skip


def events_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def reported(folder, name, cid):
    """Each has fetched it, says so, and completed one job. Gives what else was said."""
    events = events_of(folder / name)
    for module in TELLERS:
        told = [event for event in events if event["module"] == module]
        check([event["kind"] for event in told] == ["info", "job-completed"], f"{name} {module}: {told}")
        check(re.fullmatch(rf"{cid}/sample: {FETCHED}", told[0]["message"]), told)
    check(len(events) == 2 * len(TELLERS), events)
    said = (folder / f"{name}.said").read_text()
    without = re.sub(rf"^{cid}/sample: {FETCHED}\n", "", said, count=1, flags=re.MULTILINE)
    check(without != said, f"{name}: Go says nothing: {said}")
    return without


def summary(said):
    """How each module ended, and what came for it: {module: (ending, bytes of this machine, [of each gateway])}."""
    found, name = {}, None
    for line in said.splitlines():
        if not line.startswith(" "):
            name, _, ending = line.partition(": ")
            found[name] = (ending, 0, [])
        elif stored := re.fullmatch(r"  this machine: (\d+) bytes", line):
            found[name] = (found[name][0], int(stored[1]), [])
        elif came := FROM.fullmatch(line):
            found[name][2].append((came[1], *map(float, came.groups()[1:])))
        else:
            check(line.startswith("    ") and "trapped" in found[name][0], f"an unknown line: {line!r}")
    return found


def one_download(seen):
    """What all of them wanted came once."""
    asked = [path for path in seen.asked if NOBODYS not in path]
    print(f"{seen.connections} connections, {len(asked)} requests, {seen.sent} bytes")
    check(len(set(asked)) == len(asked), f"asked for twice: {asked}")
    check(BYTES < seen.sent < BYTES * 1.0125, f"{seen.sent} bytes for {BYTES}: {asked}")


def side_by_side(folder, inside, cid):
    one_download(inside)
    # A second one where two requests meet.
    check(inside.connections <= 2, f"{inside.connections} connections of one program")
    first = summary(reported(folder, "first", cid))
    check(sorted(first) == MODULES, first)
    check(all(ending == "status 0" for ending, _, _ in first.values()), first)
    gateway = f"http://127.0.0.1:{inside.port}"
    came = [one for _, _, gateways in first.values() for one in gateways]
    check(all(one[0] == gateway for one in came), came)
    check(BYTES <= sum(one[1] for one in came) <= inside.sent, f"what came, as the program says it: {came}")
    check(sum(one[2] for one in came) == len(inside.asked), f"{came}, and {inside.asked}")
    check(all(stored + sum(one[1] for one in gateways) >= BYTES for _, stored, gateways in first.values()), first)


def offline(folder, cid):
    second = summary(reported(folder, "second", cid))
    check(sorted(second) == MODULES, second)
    check(all(ending == "status 0" and not came for ending, _, came in second.values()), second)


def of_nobody(folder):
    told = events_of(folder / "nobodys")
    check(sorted((event["module"], event["kind"]) for event in told) == [(module, "error") for module in TELLERS], told)
    check(all(NOBODYS in event["message"] for event in told), told)
    endings = {module: ending for module, (ending, _, _) in summary((folder / "nobodys.said").read_text()).items() if module in MODULES}
    check(endings == {module: "status 0" if module in TELLERS else "status 1" for module in MODULES}, endings)


def beside_hostile(folder, cid):
    found = summary(reported(folder, "hostile", cid))
    check(all(found[module][0] == "status 0" for module in MODULES), found)
    check("met the limit cpu-time" in found["loops.wat"][0], found["loops.wat"])
    check("trapped" in found["traps.wat"][0], found["traps.wat"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, type=Path, help="the build that is installed")
    parser.add_argument("--guests", required=True, type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="berth-retrieval-") as folder:
        folder = Path(folder)
        # The example in no tree, and what `make` has made.
        shutil.copytree(ROOT / EXAMPLE, folder / EXAMPLE)
        (folder / "build").mkdir()
        (folder / "build/dev").symlink_to(options.build.absolute())
        (folder / "build/guests").symlink_to(options.guests.absolute())
        port = free_port()
        inside, apart = Counted(port), Counted(port)
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "CXXFLAGS": CXX_FLAGS}
        command = ["timeout", str(DEADLINE), "bash", "-c", script(port, inside, apart)]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        check(done.returncode == 0, f"it ends with {done.returncode}: {done.stdout} {done.stderr}")
        check("\33" not in done.stdout + done.stderr, "progress where there is no terminal")
        cid = done.stdout.split()[-1]
        side_by_side(folder, inside, cid)
        one_download(apart)
        check(reported(folder, "processes", cid) == "", "processes say nothing else")
        of_nobody(folder)
        offline(folder, cid)
        beside_hostile(folder, cid)
    return 0


if __name__ == "__main__":
    sys.exit(main())
