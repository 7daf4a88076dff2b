#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fifty modules want one CID at one moment: as many processes of berth run, requests to one module of berth serve, and
instances of a program of libberth. It is downloaded once, which is counted at the gateway, each of them has all of it, and
the second time there is no gateway. Instances have the connections of those before them. The status is 0 when all of it
held."""

import argparse
import concurrent.futures
import contextlib
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import urllib.request
from functools import partial
from pathlib import Path

import dag
from gateway import Gateway
from tools import PLACE, Berth, check, run_all

TIMES = 50
BYTES = 8 << 20
OTHER = 100 << 10
GRANT = "content fetch ipfs://*"


class World:
    def __init__(self, options, root):
        self.options, self.root, self.count = options, Path(root), 0
        publisher = Berth(options.berth, self.root / "publisher")
        publisher.root.mkdir()
        publisher.configure("gateways = []\nrouting = []\n")
        self.data = b"".join(hashlib.sha256(b"%d" % at).digest() for at in range(BYTES // 32))
        self.cid = self.add(publisher, "data", self.data)
        self.others = [self.add(publisher, f"other{at}", self.data[at * OTHER :][:OTHER]) for at in range(TIMES)]
        self.blocks = dag.Blocks(publisher.root / "data/content/blocks")

    def add(self, publisher, name, data):
        (self.root / name).write_bytes(data)
        return publisher.json("add", self.root / name)[0]["cid"]

    def machine(self, gateway):
        """Somebody who has nothing of it yet."""
        self.count += 1
        berth = Berth(self.options.berth, self.root / f"machine{self.count}")
        berth.root.mkdir()
        berth.configure(f'gateways = ["{gateway.url}"]\nrouting = []\n')
        return berth


@contextlib.contextmanager
def once(world, gateway):
    """What one module alone would ask for is asked for, once, and nothing comes twice."""
    asked, sent = len(gateway.asked), gateway.sent
    yield
    asked, sent = sorted(gateway.asked[asked:]), gateway.sent - sent
    check(asked == world.asked_alone, f"{len(asked)} requests: {asked[:3]}, one alone makes {world.asked_alone}")
    check(BYTES <= sent <= BYTES * 1.01, f"{sent} bytes for {BYTES}")


def processes(world, berth):
    """What fifty runs count, and what each of them says that it brought."""
    guest = world.options.guests / "content.wasm"
    command = [berth.binary, "run", "--json", "--grant", GRANT, guest, "together", world.cid]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    # Compiled once, before.
    subprocess.run([berth.binary, "run", guest, "stat", "x"], env=berth.environment, capture_output=True, timeout=120)
    runs = [subprocess.Popen(command, env=berth.environment, text=True, **pipes) for _ in range(TIMES)]
    try:
        for run in runs:
            line = run.stdout.readline()
            check(line == "ready\n", line or run.stderr.read())
        for run in runs:
            run.stdin.write("\n")
            run.stdin.flush()
        said = [run.communicate(timeout=120) for run in runs]
    finally:
        for run in runs:
            run.kill()
    for out, errors in said:
        check(out == f"{BYTES}\n", f"{out} {errors}")
    return [json.loads(errors.splitlines()[-1])["content"] for _, errors in said]


def served(world, berth, times=TIMES):
    """What as many requests get at one moment, and the server's metrics."""
    command = [berth.binary, "serve", "--addr", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--json", "--grant", GRANT]
    command += ["--memory", "1GiB", world.options.guests / "web.wasm"]
    server = subprocess.Popen(command, env=berth.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = server.stdout.readline()
        check(line, f"the server doesn't start: {server.stderr.read() if server.poll() is not None else ''}")
        about = json.loads(line)

        def get(_):
            with urllib.request.urlopen(f"{about['url']}ask?ipfs://{world.cid}", timeout=120) as answer:
                return answer.read()

        with concurrent.futures.ThreadPoolExecutor(times) as pool:
            for body in pool.map(get, range(times)):
                check(body == world.data, f"{len(body)} bytes, other ones")
        with urllib.request.urlopen(f"{about['admin']}metrics", timeout=60) as answer:
            return answer.read().decode()
    finally:
        server.terminate()
        server.communicate(timeout=60)


def embedded(world, berth):
    """What each instance says of where its bytes were: this machine's, and gateways'."""
    command = [world.options.program, world.options.guests / "content-cpp.wasm", str(TIMES), world.cid]
    done = subprocess.run(command, env=berth.environment, capture_output=True, text=True, timeout=200)
    check(re.fullmatch(rf"({BYTES} \d+ \d+\n){{{TIMES}}}", done.stdout), f"{done.returncode}: {done.stdout[:500]} {done.stderr}")
    told = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    check(all(stored + came >= BYTES for _, stored, came in told), f"blocks that came from nowhere: {told}")
    return [came for _, _, came in told]


def figure(metrics, name, source):
    found = re.search(rf'^{name}{{module="web.wasm",source="{re.escape(source)}"}} (\S+)$', metrics, re.MULTILINE)
    check(found, f"no {name} of {source}: {[line for line in metrics.splitlines() if 'content' in line]}")
    return float(found[1])


def alone(world, gateway):
    """One module and nobody else: its root first, then all the rest in one answer."""
    berth = world.machine(gateway)
    command = [berth.binary, "run", "--grant", GRANT, world.options.guests / "content.wasm", "count", world.cid]
    done = subprocess.run(command, env=berth.environment, capture_output=True, text=True, timeout=120)
    check(done.stdout == f"{BYTES}\n", f"{done.stdout} {done.stderr}")
    world.asked_alone = sorted(gateway.asked)
    check(len(gateway.cars()) == 1 and len(gateway.raws()) == 1, gateway.asked)


def of_processes(world, gateway):
    berth = world.machine(gateway)
    with once(world, gateway):
        told = processes(world, berth)
    brought = [sum(each["bytes"] for each in one["gateways"]) for one in told]
    check(BYTES <= sum(brought) <= BYTES * 1.01, f"several say that they brought the same: {brought}")
    check(all(one["store"]["bytes"] + sum(each["bytes"] for each in one["gateways"]) >= BYTES for one in told), "blocks that came from nowhere")
    return berth


def of_requests(world, gateway):
    berth = world.machine(gateway)
    with once(world, gateway):
        metrics = served(world, berth)
    host = gateway.url.removeprefix("http://")
    blocks = len(berth.blocks())
    # The root comes by itself, and once more in the CAR.
    came = figure(metrics, "berth_content_blocks_total", host)
    check(came == blocks + 1, f"{came} blocks of the gateway, and {blocks} are there")
    check(BYTES < figure(metrics, "berth_content_bytes_total", host) < BYTES * 1.01, "bytes of the gateway")
    check(figure(metrics, "berth_content_requests_total", host) == 2, "requests to the gateway")
    check(figure(metrics, "berth_content_answers_total", host) == 2, "answers of the gateway")
    check(figure(metrics, "berth_content_first_byte_seconds_total", host) > 0, "the time to the first block")
    check(figure(metrics, "berth_content_wrong_answers_total", host) == 0, "lies")
    check(figure(metrics, "berth_content_bytes_total", "this machine") >= (TIMES - 1) * BYTES * 0.9, "what the others had")
    return berth


def of_instances(world, gateway):
    berth = world.machine(gateway)
    with once(world, gateway):
        brought = embedded(world, berth)
    check(BYTES <= sum(brought) <= BYTES * 1.01, f"several say that they brought the same: {brought}")
    return berth


def one_after_the_other(world, gateway):
    """Each instance wants something else: a connection that one has made is the next one's."""
    berth = world.machine(gateway)
    asked, before = len(gateway.asked), gateway.connections
    command = [world.options.program, world.options.guests / "content-cpp.wasm", "1", *world.others]
    done = subprocess.run(command, env=berth.environment, capture_output=True, text=True, timeout=200)
    check(done.stdout == f"{OTHER} 0 {OTHER}\n" * TIMES, f"{done.returncode}: {done.stdout[:500]} {done.stderr}")
    check(len(gateway.asked) - asked == TIMES, gateway.asked[asked:])
    # Another one where the last isn't put back yet.
    connections = gateway.connections - before
    check(connections <= 3, f"{connections} connections of one program for {TIMES} requests")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--berth", required=True, type=Path)
    parser.add_argument("--guests", required=True, type=Path)
    parser.add_argument("--program", required=True, type=Path, help="berth_content_sharing")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=PLACE, prefix="berth-sharing-") as root:
        world = World(options, root)
        offline = []

        def online(first, second):
            offline.append((f"{second.__name__} offline", partial(second, world, first(world, gateway))))

        pairs = ((of_processes, processes), (of_requests, served), (of_instances, embedded))
        with Gateway(world.blocks) as gateway:
            alone(world, gateway)
            failed = run_all((first.__name__, partial(online, first, second)) for first, second in pairs)
            failed += run_all([(one_after_the_other.__name__, partial(one_after_the_other, world, gateway))])
        # The gateway is gone, and they still ask for it if they have to.
        failed += run_all(offline)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
