#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How fast the store is: a pull against curl of the same bytes in turns, the start of a module that was pulled against a
local file's, and searching ten thousand modules. Prints figures; with --check the status says whether they are within their
bounds: 1.3 times, 1.2 times, 50 ms."""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from registries import DockerRegistry, Machine, check, layer, manifest, sha256


def timed(*command, environment=None, cwd=None):
    begin = time.perf_counter()
    done = subprocess.run([str(word) for word in command], capture_output=True, env=environment, cwd=cwd, check=False)
    check(done.returncode == 0, f"{command}: {done.stderr[-500:]}")
    return time.perf_counter() - begin


def median_ms(times):
    return statistics.median(times) * 1000


def upload(host, repository, data):
    """A blob and its manifest, into docker-registry as it stores them, by curl."""
    for one in (data, b"{}"):
        begun = subprocess.run(["curl", "-sS", "-i", "-X", "POST", f"http://{host}/v2/{repository}/blobs/uploads/"],
                               capture_output=True, text=True, check=True).stdout  # fmt: skip
        place = next(line.split(": ", 1)[1].strip() for line in begun.splitlines() if line.lower().startswith("location:"))
        subprocess.run(["curl", "-sSf", "-X", "PUT", "-H", "content-type: application/octet-stream", "--data-binary", "@-",
                        f"{place}&digest={sha256(one)}"], input=one, check=True, capture_output=True)  # fmt: skip
    subprocess.run(["curl", "-sSf", "-X", "PUT", "-H", "content-type: application/vnd.oci.image.manifest.v1+json",
                    "--data-binary", "@-", f"http://{host}/v2/{repository}/manifests/1"],
                   input=manifest(data, layers=[layer(data)]), check=True, capture_output=True)  # fmt: skip


def pulls(machine, asked):
    data = os.urandom(asked.mib << 20)
    times = {"curl": [], "curl and sync": [], "berth": []}
    with DockerRegistry(machine.root) as registry:
        upload(registry.host, "large", data)
        name = f"oci://{registry.host}/large:1"
        url = f"http://{registry.host}/v2/large/blobs/{sha256(data)}"
        target = machine.root / "by-curl"
        for _ in range(asked.turns):
            target.unlink(missing_ok=True)
            times["curl"].append(timed("curl", "-sSf", "-o", target, url))
            os.sync()
            target.unlink(missing_ok=True)
            times["curl and sync"].append(timed("sh", "-c", f"curl -sSf -o {target} {url} && sync {target}"))
            os.sync()
            times["berth"].append(timed(machine.berth, "pull", name, environment=machine.environment))
            machine.good("rm", name)
            os.sync()
    figures = {name: median_ms(all) for name, all in times.items()}
    begin = time.perf_counter()
    hashlib.sha256(data)
    figures["SHA-256 alone"] = (time.perf_counter() - begin) * 1000
    print(f"pull of {asked.mib} MiB in ms, median of {asked.turns}: "
          + ", ".join(f"{name} {ms:.0f}" for name, ms in figures.items()))  # fmt: skip
    return figures["berth"] / figures["curl"], figures["berth"] / figures["curl and sync"]


def starts(machine, asked):
    times = {"file": [], "name": []}
    with DockerRegistry(machine.root) as registry:
        name = f"oci://{registry.host}/hello:1"
        machine.good("push", machine.hello, name)
        machine.good("run", name)
    machine.good("run", machine.hello)
    for _ in range(asked.starts):
        times["file"].append(timed(machine.berth, "run", machine.hello, environment=machine.environment))
        times["name"].append(timed(machine.berth, "run", name, environment=machine.environment))
    figures = {kind: median_ms(all) for kind, all in times.items()}
    print(f"start in ms, median of {asked.starts}: file {figures['file']:.2f}, name {figures['name']:.2f}")
    return figures["name"] / figures["file"]


def fill(machine, count):
    """A store of so many small modules, each with facts of its own, as pulls and a first search would leave it."""
    machine.good("list")
    store = machine.store()
    for number in range(count):
        data = b"\0asm\x0d\0\1\0" + number.to_bytes(8)
        digest = hashlib.sha256(data).hexdigest()
        name = f"oci://registry.example/team-{number % 100}/module-{number // 3}:1.{number % 3}.0"
        record = {"name": name, "module": f"sha256:{digest}", "size": len(data), "pulled": 1, "pinned": False, "yanked": False,
                  "annotations": {"org.opencontainers.image.description": f"does thing {number}"}}  # fmt: skip
        exports = [f"shop:area-{number % 250}/rule@1.{number % 7}.0", "wasi:cli/run@0.2.3"]
        imports = [f"wasi:io/streams@0.2.{number % 7}", "wasi:cli/stdout@0.2.3", *(["wasi:http/outgoing-handler@0.2.3"] * (number % 2))]
        facts = {"component": True, "imports": imports, "exports": exports, "wrong": "",
                 "needs": ["stdio", *(["http.out"] * (number % 2))]}  # fmt: skip
        (store / "blobs" / digest).write_bytes(data)
        (store / "facts" / f"{digest}.json").write_text(json.dumps(facts))
        (store / "names" / f"{hashlib.sha256(name.encode()).hexdigest()}.json").write_text(json.dumps(record))


def searches(machine, asked):
    fill(machine, asked.modules)
    first = timed(machine.berth, "search", "module-1", "--json", environment=machine.environment)
    time.sleep(2.1)  # until the folder's time is settled
    machine.good("search", "nothing-is-called-so")
    queries = {
        "exports": ("--exports", "shop:area-7/rule@^1.3"),
        "name": ("module-123", "--tag", "^1.1"),
        "needs only": ("--needs-only", "stdio", "--exports", "shop:area-8/rule"),
        "all that need only": ("--needs-only", "stdio"),
    }
    slowest = 0
    for what, words in queries.items():
        found = len(machine.json("search", *words))
        check(found > 0, f"nothing for {words}")
        ms = median_ms([timed(machine.berth, "search", *words, environment=machine.environment) for _ in range(9)])
        print(f"search of {asked.modules} modules, {what}: {ms:.1f} ms, {found} found")
        if what != "all that need only":
            slowest = max(slowest, ms)
    machine.good("yank", "oci://registry.example/team-0/module-0:1.0.0")
    after = timed(machine.berth, "search", "--exports", "shop:area-7/rule", environment=machine.environment)
    listed = timed(machine.berth, "list", environment=machine.environment)
    print(f"index from nothing {first * 1000:.0f} ms, after one change {after * 1000:.0f} ms, list {listed * 1000:.0f} ms")
    return slowest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="of pull, start, search: only these")
    parser.add_argument("--berth", required=True, type=lambda text: Path(text).resolve())
    parser.add_argument("--guests", required=True, type=lambda text: Path(text).resolve())
    parser.add_argument("--mib", type=int, default=200)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--starts", type=int, default=40)
    parser.add_argument("--modules", type=int, default=10_000)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    wrong = []
    for what, measure in (("pull", pulls), ("start", starts), ("search", searches)):
        if asked.words and what not in asked.words:
            continue
        with tempfile.TemporaryDirectory() as root:
            result = measure(Machine(asked, Path(root)), asked)
        if what == "pull":
            print(f"pull: {result[0]:.2f} times curl, {result[1]:.2f} times curl with the file on the disk")
            wrong += ["pull"] if result[0] > 1.3 else []
        elif what == "start":
            print(f"start: {result:.2f} times a file's")
            wrong += ["start"] if result > 1.2 else []
        else:
            wrong += ["search"] if result > 50 else []
    if asked.check:
        print(f"{0 if wrong else 1} passed, {1 if wrong else 0} failed {' '.join(wrong)}")
        return 1 if wrong else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
