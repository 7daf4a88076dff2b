#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Modules that fetch and publish content, over berth:content of 0.2 and 0.3, as folders, and by HTTP: what they get is held
against what berth's own verbs give, what they may not see is refused and told, and what holds them fails without its guard.
The status is 0 when all of it held."""

import argparse
import concurrent.futures
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import dag
from gateway import Gateway
from tools import PLACE, Berth, check, run_all

SHAPES = {"0.2": "content", "0.3": "content-p3", "C++": "content-cpp"}
FILES = {"preview 1": "content-files-p1", "files of 0.2": "content-files", "files of 0.3": "content-p3"}
CHUNK = 256 << 10


class Modules:
    """A store with some content, and guests that are run beside it."""

    def __init__(self, binary, guests, root):
        self.berth, self.guests, self.root = Berth(binary, root), Path(guests), Path(root)
        self.environment = self.berth.environment
        # Only what is on this machine.
        (self.root / "config").mkdir()
        (self.root / "config/content.toml").write_text("gateways = []\nrouting = []\n")
        self.data = bytes(at * 7 % 253 for at in range(3 * CHUNK + 1000))
        site = self.root / "site"
        (site / "docs").mkdir(parents=True)
        (site / "big.bin").write_bytes(self.data)
        (site / "docs/a b.txt").write_bytes(b"between words\n")
        (site / "docs/up").symlink_to("../big.bin")
        (site / "out").symlink_to("../../secret")
        (site / "index.html").write_bytes(b"<p>here</p>\n")
        (site / "empty").write_bytes(b"")
        many = self.root / "many"
        many.mkdir()
        for number in range(6000):
            (many / f"entry {number:05} with a name that takes its room in the block").write_bytes(b"%d\n" % number)
        self.site, self.many = (self.berth.json("add", path)[0]["cid"] for path in (site, many))
        secret = self.root / "secret"
        secret.write_bytes(b"for somebody else\n")
        self.secret = self.berth.json("add", secret)[0]["cid"]

    def start(self, guest, *args, grants=(), options=()):
        given = [word for grant in grants for word in ("--grant", grant)]
        command = [self.berth.binary, "run", *given, *options, self.guests / f"{guest}.wasm", *map(str, args)]
        return subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, guest, *args, status=0, **given):
        """What the guest prints, as bytes."""
        process = self.start(guest, *args, **given)
        out, errors = process.communicate(timeout=120)
        check(process.returncode == status, f"{guest} {args} ends with {process.returncode}: {out[:300]} {errors.decode()}")
        self.said = errors.decode()
        return out

    def refused(self, kind, guest, *args, **given):
        out = self.run(guest, *args, status=1, **given).decode()
        line = out.splitlines()[-1]
        check(line.startswith(f"error: {kind}: "), f"{guest} {args}: {line}")
        return line


def reading(m, guest):
    """Each verb that reads, against what the store says."""
    grants = [f"content fetch ipfs://{m.site} | fetch ipfs://{m.many}"]
    def get(*args):
        return m.run(guest, *args, grants=grants)

    check(get("get", f"{m.site}/big.bin") == m.data, "the file's bytes")
    check(get("get", f"ipfs://{m.site}/docs/a b.txt") == b"between words\n", "a path with a blank")
    check(get("get", f"/ipfs/{m.site}/docs/a%20b.txt") == b"between words\n", "the same in a URL's spelling")
    check(get("get", f"{m.site}/empty") == b"", "an empty file")
    for begin in (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 3, len(m.data) - 1, len(m.data), len(m.data) + 5):
        for length in (0, 1, 2, CHUNK, CHUNK + 1, 1 << 40):
            got = get("get", f"{m.site}/big.bin", begin, length)
            check(got == m.data[begin : begin + length], f"the range {begin}+{length}")
    shown = m.berth.json("stat", f"{m.site}/big.bin")
    check(get("stat", f"{m.site}/big.bin").split() == [shown["cid"].encode(), b"file", b"%d" % len(m.data)], "stat")
    check(get("stat", f"{m.site}/docs/up").split()[1:] == [b"symlink", b"0", b"../big.bin"], "a symlink is told")
    check(get("stat", m.site).split()[1] == b"directory", "a directory")
    listed = get("ls", m.site).decode().splitlines()
    check(sorted(line.split(" ", 2)[2] for line in listed) == ["big.bin", "docs", "empty", "index.html", "out"], "a directory's names")
    names = {line.split(" ", 2)[2] for line in get("ls", m.many).decode().splitlines()}
    check(names == {path.name for path in (m.root / "many").iterdir()}, "a sharded directory's names")
    some = sorted(names)[4321]
    check(get("get", f"{m.many}/{some}") == b"4321\n", "a name in a sharded directory")
    car = m.root / f"{guest}.car"
    m.berth.run("export", m.site, "--output", car)
    check(get("car", m.site) == car.read_bytes(), "the CAR is the one that 'berth content export' writes")
    other = Berth(m.berth.binary, m.root / "other")
    other.root.mkdir(exist_ok=True)
    block = get("block", m.site)
    check(block and block in car.read_bytes(), "a block is the one of the CAR")
    for path, kind in ((f"{m.site}/nothing", "not-found"), (f"{m.site}/big.bin/below", "invalid"), (f"{m.site}/docs", "invalid")):
        m.refused(kind, guest, "get", path, grants=grants)
    check(get("cancel", f"{m.site}/big.bin") == b"let go\n", "a read that is cut off")


def visible(m, guest):
    """What a grant doesn't open isn't there, whatever the guest knows of it."""
    line = m.refused("denied", guest, "get", f"{m.site}/big.bin")
    check("content fetch" in line and "no grant covers it" in line, line)
    check(f"--grant 'content fetch ipfs://{m.site}/big.bin'" in m.said, m.said)
    docs = [f"content fetch ipfs://{m.site}/docs"]
    check(m.run(guest, "get", f"{m.site}/docs/a b.txt", grants=docs) == b"between words\n", "what the grant opens")
    for path in (m.site, f"{m.site}/big.bin", f"{m.site}/docs/../big.bin", m.secret, "ipns://example.com", "no cid"):
        out = m.run(guest, "stat", path, status=1, grants=docs).decode()
        check(out.startswith("error: denied") or out.startswith("error: invalid"), f"{path}: {out}")
    inside = m.berth.json("stat", f"{m.site}/docs/a b.txt")["cid"]
    m.refused("denied", guest, "get", inside, grants=docs)
    check(m.run(guest, "get", inside, grants=["content fetch ipfs://*"]) == b"between words\n", "any CID")
    m.refused("invalid", guest, "get", "ipns://example.com", grants=["content fetch"])
    # A version 0 CID and another base are the same content.
    v1 = m.run(guest, "stat", m.site, grants=["content fetch"]).split()[0].decode()
    check(v1 == m.site, "CIDs are told in one form")


def bounded(m, guest):
    """What holds a module, and that it takes the guard to hold it."""
    big = f"{m.site}/big.bin"
    small = [f"content fetch ipfs://{m.site} max=100KiB"]
    line = m.refused("too-large", guest, "count", big, grants=small)
    check("max=100KiB" in line, line)
    m.refused("too-large", guest, "car", m.site, grants=small)
    check(m.run(guest, "get", big, 5, 1000, grants=small) == m.data[5:1005], "a range within the bound")
    wide = [f"content fetch ipfs://{m.site}"]
    out = m.run(guest, "many", 100, big, grants=wide, status=1).decode().splitlines()
    check(out[0] == "32 open" and out[1].startswith("error: limit"), f"{out}")
    out = m.run(guest, "many", 30, big, grants=wide, status=1, options=["--memory", "16MiB"]).decode().splitlines()
    check(int(out[0].split()[0]) < 16 and out[1].startswith("error: limit: no memory"), f"{out}")
    for guard, args, given in (
        ("content-grant", ("get", big), {}),
        ("content-bound", ("count", big), {"grants": small}),
        ("content-open", ("many", 100, big), {"grants": wide}),
        ("content-memory", ("many", 30, big), {"grants": wide, "options": ["--memory", "16MiB"]}),
    ):
        options = [*given.get("options", []), "--guard-off", guard]
        m.run(guest, *args, grants=given.get("grants", [f"content fetch {m.secret}"]), options=options)


def publishing(m, guest):
    """What a module makes is what berth's own verb makes of the same bytes, and its own to read."""
    line = m.refused("denied", guest, "add", "text")
    check("--grant 'content publish'" in m.said, m.said)
    grants = ["content publish max=1MiB"]
    path = m.root / "made"
    path.write_bytes(b"made by a module")
    [made] = m.berth.json("add", path)
    out = m.run(guest, "add", "made by a module", grants=grants).decode().splitlines()
    check(out == [f"{made['cid']} 16", "made by a module"], f"{out}")
    size = 3 * CHUNK + 17
    path.write_bytes(bytes(at % 251 for at in range(size)))
    [made] = m.berth.json("add", path)
    check(m.run(guest, "fill", size, grants=grants).decode().split() == [made["cid"], str(size)], "a file of several blocks")
    line = m.refused("too-large", guest, "fill", (1 << 20) + 1, grants=grants)
    check("max=" in line, line)
    m.run(guest, "fill", (1 << 20) + 1, grants=grants, options=["--guard-off", "content-bound"])
    site = m.run(guest, "site", f"<p>{guest}</p>", grants=grants).decode().strip()
    check(m.berth.run("get", f"{site}/index.html", "--output", "-") == f"<p>{guest}</p>".encode(), "a folder that was made")
    check(any(pin["cid"] == site and pin["name"].startswith("module ") for pin in m.berth.json("pin")), "it is pinned")
    line = m.refused("not-found", guest, "unpin", m.site, grants=grants)
    check(line.replace(m.site, made["cid"]) == m.refused("not-found", guest, "unpin", made["cid"], grants=grants), "whether others have pinned it isn't told")
    m.refused("too-large", guest, "add", "text", grants=["content publish max=4095B"])
    line = m.refused("invalid", guest, "stat", "a" * 4097)
    check("4096" in line, line)
    check(m.run(guest, "unpin", site, grants=grants) == b"done\n", "what it pinned it lets go")
    check(not any(pin["cid"] == site for pin in m.berth.json("pin")), "it isn't pinned any more")


class Router:
    """Keeps the records of names, and every one that was ever put: their sequence numbers."""

    def __enter__(self):
        self.kept, self.numbers = {}, []
        self.gateway = Gateway({}, {"/routing/v1/ipns/": self.deal}).__enter__()
        return self

    def __exit__(self, *how):
        self.gateway.__exit__(*how)

    def deal(self, handler):
        name = handler.path.rpartition("/")[2]
        if handler.command == "GET":
            return handler.give(200, self.kept[name]) if name in self.kept else handler.give(404)
        length = int(handler.headers["content-length"])
        record = handler.rfile.read(length)
        if len(record) == length:
            self.kept[name] = record
            self.numbers.append(sequence(record))
            handler.give(200)


def sequence(record):
    """A record of IPNS, number 5 of its fields."""
    return dict(dag.fields(record)).get(5, 0)


def naming(m, guest):
    """A module has a name of the owner's lead to what it made: by the key that its grant names, and by no other one."""
    def keys(*words):
        subprocess.run([m.berth.binary, "keys", *words], env=m.environment, capture_output=True, check=True)

    key, other = f"site-{guest}", f"other-{guest}"
    for name in (key, other):
        keys("new", "account", name)
    made = m.run(guest, "site", f"<p>named {guest}</p>", grants=["content publish"]).decode().strip()
    grants = [f"content publish ipns://{key}", f"content fetch ipfs://{made}"]
    line = m.refused("denied", guest, "name", key, made)
    check(f"--grant 'content publish ipns://{key}'" in m.said, m.said)
    m.refused("denied", guest, "name", other, made, grants=grants)
    check(f"ipns://{other}" in m.said, m.said)
    # Without that guard it isn't refused by a rule; but only keys that are granted were ever opened.
    line = m.refused("unavailable", guest, "name", other, made, grants=grants, options=["--guard-off", "content-grant"])
    check("wasn't opened" in line, line)
    m.refused("denied", guest, "add", "text", grants=grants)
    m.refused("unavailable", guest, "name", key, made, grants=grants)  # there is no router
    config = m.root / "config/content.toml"
    before = config.read_text()
    try:
        with Router() as router:
            config.write_text(f'gateways = []\nrouting = ["{router.gateway.url}"]\n')
            name = m.run(guest, "name", key, f"{made}/index.html", grants=grants).decode().strip()
            check(name.startswith("k51") and router.numbers == [0] and list(router.kept) == [name], f"{name} {router.numbers}")
            check(m.berth.run("get", f"ipns://{name}", "--output", "-") == f"<p>named {guest}</p>".encode(), "where the name leads to")
            check(m.run(guest, "name", key, f"/ipfs/{made}", grants=grants).decode().strip() == name and router.numbers == [0, 1], f"{router.numbers}")
            check(m.berth.json("publish", made, "--key", key)["sequence"] == 2, "the verb goes on from there")
            # What it may not see it may not show.
            m.refused("denied", guest, "name", key, m.secret, grants=grants)
            m.refused("denied", guest, "name", key, m.secret, grants=[*grants, "content publish"])
            m.run(guest, "name", key, m.secret, grants=grants, options=["--guard-off", "content-made"])
            m.refused("invalid", guest, "name", key, f"ipns://{name}", grants=grants)
            m.refused("invalid", guest, "name", key, "nonsense\\", grants=grants)
            m.refused("invalid", guest, "name", key, f"{made}/{'a' * 3000}", grants=grants)
            killed(m, guest, key, made, grants, router)
    finally:
        config.write_text(before)
    keys("new", "account", f"sealed-{guest}", "--passphrase-file", str(passphrase(m)))
    for bad, needle in ((f"sealed-{guest}", "passphrase"), ("nobody", "there is no key"), ("*", "publish ipns://KEY")):
        process = m.start(guest, "name", bad, made, grants=[f"content publish ipns://{bad}"])
        said = process.communicate(timeout=60)[1].decode()
        check(process.returncode in (120, 122) and needle in said, f"{bad}: {process.returncode} {said}")


def passphrase(m):
    path = m.root / "passphrase"
    path.write_text("some words for a key\n")
    path.chmod(0o600)
    return path


def killed(m, guest, key, made, grants, router):
    """Whenever it is killed, no number is told twice, and none is lower than one before."""
    chance, ended = random.Random(36), {"killed": 0, "in time": 0}
    began = time.monotonic()
    m.run(guest, "name", key, made, grants=grants)
    usual = time.monotonic() - began
    router.numbers.clear()
    while min(ended.values()) < 5:
        check(sum(ended.values()) < 100, f"{ended}: the machine is too slow or too fast for this")
        process = m.start(guest, "name", key, made, grants=grants)
        try:
            process.wait(usual * chance.uniform(0.3, 1.6))
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        ended["killed" if process.returncode == -9 else "in time"] += 1
    m.run(guest, "name", key, made, grants=grants)
    check(router.numbers == sorted(set(router.numbers)), f"numbers went back: {router.numbers}")


def linked(m, guest):
    """A folder of what a module may not see doesn't open it."""
    grants = ["content publish"]
    m.refused("denied", guest, "folder", f"x={m.secret}", grants=grants)
    m.run(guest, "folder", f"x={m.secret}", grants=grants, options=["--guard-off", "content-made"])
    m.refused("denied", guest, "pin", m.secret, grants=grants)
    out = m.run(guest, "folder", f"x={m.secret}", grants=[*grants, f"content fetch {m.secret}"]).decode().strip()
    check(m.berth.run("get", f"{out}/x", "--output", "-") == b"for somebody else\n", "a folder of what it may see")
    m.refused("invalid", guest, "folder", f"../x={m.secret}", grants=[*grants, f"content fetch {m.secret}"])
    m.run(guest, "leave", f"{m.site}/big.bin", grants=["content fetch"])
    check(m.run(guest, "open", m.site + "/empty", grants=["content fetch"]).split()[1] == b"file", "a pollable")


def as_files(m, guest):
    """A grant of files whose folder is content."""
    grants = [f"files ipfs://{m.site}:/site", f"files ipfs://{m.site}/docs:/docs:ro", f"files ipfs://{m.many}:/many"]

    def files(*args, status=0):
        return m.run(guest, "files", *args, grants=grants, status=status)

    def fails(*args):
        return files(*args, status=1).decode().strip()

    check(files("cat", "/site/big.bin") == m.data, "a file's bytes")
    check(files("cat", "/docs/a b.txt") == b"between words\n", "a folder below the root")
    check(files("cat", "/site/docs/up") == m.data, "a symlink is followed")
    check(files("link", "/site/docs/up") == b"../big.bin", "a symlink is read")
    check(files("size", "/site/big.bin") == b"%d" % len(m.data), "its size")
    check(files("dir", "/site") == b"d docs\nf big.bin\nf empty\nf index.html\nl out\n", "a folder's names")
    check(files("names", "/many") == b"6000", "a sharded folder's names")
    check(fails("cat", "/site/nothing").lower().replace("-", "") in ("error: notfound", "error: errorcode::noentry"), "a name that isn't there")
    for change in ("write", "rm", "mkdir"):
        for name in ("big.bin", "new"):
            said = fails(change, f"/site/{name}")
            check("PermissionDenied" in said or "NotPermitted" in said, f"{change} {name}: {said}")
            check("content, which nobody can change" in m.said, m.said)
    said = fails("cat", "/site/out")
    check("PermissionDenied" in said or "NotPermitted" in said, f"a symlink that leads out: {said}")
    said = fails("cat", "/docs/up")
    check("PermissionDenied" in said or "NotPermitted" in said, f"a symlink that leads out of the grant: {said}")
    # A folder that is granted is no grant of content.
    m.refused("denied", "content", "get", f"{m.site}/big.bin", grants=grants)


def by_url(m, guest):
    """Requests to ipfs:// URLs, which the grant of content opens, and none of HTTP."""
    grants = [f"content fetch ipfs://{m.site}"]

    def url(method, path, *headers, status=0, given=grants):
        out = m.run(guest, "url", method, path, *headers, grants=given, status=status)
        return out if status else out.partition(b"\n\n")

    big = f"ipfs://{m.site}/big.bin"
    tag = json.loads(m.berth.run("stat", f"{m.site}/big.bin", "--json"))["cid"]
    head, _, body = url("GET", big)
    lines = head.decode().splitlines()
    check(lines == ["200", "content-type: application/octet-stream", f'etag: "{tag}"', f"content-length: {len(m.data)}", "accept-ranges: bytes"], f"{lines}")
    check(body == m.data, "the body")
    for name, kind in (("index.html", b"text/html; charset=utf-8"), ("docs/a%20b.txt", b"text/plain; charset=utf-8"), ("empty", b"application/octet-stream")):
        check(b"content-type: " + kind in url("GET", f"ipfs://{m.site}/{name}")[0].splitlines(), name)
    head, _, body = url("HEAD", big)
    check(head.decode().splitlines() == lines and body == b"", f"{head}")
    for text, part in (("bytes=0-9", (0, 10)), ("bytes=262143-262145", (CHUNK - 1, 3)), ("bytes=-7", (len(m.data) - 7, 7)), ("bytes=700000-", (700000, len(m.data)))):
        head, _, body = url("GET", big, f"range={text}")
        check(head.startswith(b"206\n") and body == m.data[part[0] : part[0] + part[1]], f"{text}: {head}")
    check(url("GET", big, "range=bytes=9999999-")[0].startswith(b"416\n"), "a range beyond the end")
    check(url("GET", big, f'if-none-match="{tag}"')[0].startswith(b"304\n"), "what is known already")
    head, _, body = url("GET", f"ipfs://{m.site}/")
    check(b"text/html" in head and body == b"<p>here</p>\n", "a folder's index.html")
    check(url("GET", f"ipfs://{m.site}/docs/a%20b.txt")[2] == b"between words\n", "a path as URLs have it")
    check(url("GET", f"ipfs://{m.site}/nothing")[0].startswith(b"404\n"), "a name that isn't there")
    check(url("POST", big)[0].startswith(b"405\n"), "a method that changes")
    said = url("GET", f"ipfs://{m.secret}/", status=1)
    check(b"HttpRequestDenied" in said and f"content fetch ipfs://{m.secret}" in m.said, f"{said} {m.said}")
    said = url("GET", big, status=1, given=["http.out https://*/*"])
    check(b"HttpRequestDenied" in said, f"a grant of HTTP opens no content: {said}")


def crowded(m, guest):
    """50 at once, of one CID."""
    grants = [f"content fetch ipfs://{m.site}"]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda _: m.start(guest, "count", f"{m.site}/big.bin", grants=grants).communicate()[0], range(50)))
    check(counts == [b"%d\n" % len(m.data)] * 50, f"{set(counts)}")


def elsewhere(m, gateway, name):
    """The same modules on another machine: nothing in its store, and that gateway."""
    other = object.__new__(Modules)
    other.__dict__.update(m.__dict__)
    other.berth = Berth(m.berth.binary, m.root / name)
    other.environment = other.berth.environment
    (other.berth.root / "config").mkdir(parents=True)
    (other.berth.root / "config/content.toml").write_text(f'gateways = ["{gateway.url}"]\nrouting = []\n')
    return other


def fetched(m, guest):
    """What isn't here comes once, and is the asking module's traffic."""
    grants = [f"content fetch ipfs://{m.site}", f"files ipfs://{m.site}:/site"]
    path = f"{m.site}/big.bin"
    count = b"%d\n" % len(m.data)
    with Gateway(dag.Blocks(m.berth.root / "data/content/blocks")) as gateway:
        other = elsewhere(m, gateway, f"first-{guest}")
        check(other.run(guest, "get", path, grants=grants) == m.data, "the file's bytes")
        asked, sent = len(gateway.asked), gateway.sent
        check(asked <= 4 and sent < 1.1 * len(m.data), f"{asked} requests, {sent} bytes")
        for _ in range(5):
            check(other.run(guest, "count", path, grants=grants) == count, "what is in the store")
        check(len(gateway.asked) == asked, "what is in the store is asked for again")
        # Nothing but what is granted leaves this machine, not even as a question.
        other.refused("denied", guest, "get", m.secret, grants=grants)
        check(len(gateway.asked) == asked, "what isn't granted is asked for")
        slow = elsewhere(m, gateway, f"slow-{guest}")
        began = time.monotonic()
        check(slow.run(guest, "count", path, grants=grants, options=["--limit", "network.rate=256KiB"]) == count, "all of it")
        took = time.monotonic() - began
        check(took > 2, f"{len(m.data)} bytes at 256 KiB a second took {took:.1f} s")
        spent = elsewhere(m, gateway, f"spent-{guest}")
        line = spent.refused("limit", guest, "count", path, grants=grants, options=["--limit", "network.daily=300KiB"])
        check("network.daily" in line, line)
        for guard, limit in (("network-rate", "network.rate=256KiB"), ("network-daily", "network.daily=300KiB")):
            free = elsewhere(m, gateway, f"{guard}-{guest}")
            began = time.monotonic()
            check(free.run(guest, "count", path, grants=grants, options=["--limit", limit, "--guard-off", guard]) == count, guard)
            check(time.monotonic() - began < 2, f"without {guard} it is slow all the same")
    check(other.run(guest, "get", path, grants=grants) == m.data, "the second run, with nobody to ask")
    line = other.refused("unavailable", guest, "get", f"{m.site}/docs/a b.txt", grants=grants)
    check("127.0.0.1" not in line, f"it learns whom this machine asks: {line}")


class Lying(Gateway):
    """A bit of the third block of its CARs is another one."""

    def answer(self, handler, ask):
        if ask.kind == "raw":
            return super().answer(handler, ask)

        def pieces():
            for number, piece in enumerate(self.pieces(ask)):
                yield piece if number != 3 else piece[:-1] + bytes([piece[-1] ^ 1])

        self.stream(handler, pieces())


def reported(m, guest):
    """What came from where and how fast, and who lied: in the report of a run, and in the words of `berth content get`."""
    grants = [f"content fetch ipfs://{m.site}"]
    path = f"{m.site}/big.bin"
    blocks = dag.Blocks(m.berth.root / "data/content/blocks")
    with Lying(blocks) as liar, Gateway(blocks) as gateway:
        other = elsewhere(m, gateway, f"reported-{guest}")
        (other.berth.root / "config/content.toml").write_text(f'gateways = ["{liar.url}", "{gateway.url}"]\nrouting = []\n')
        other.run(guest, "count", path, grants=grants, options=["--json"])
        told = json.loads(other.said.splitlines()[-1])["content"]
        wrong, right = told["gateways"]
        check((wrong["gateway"], right["gateway"]) == (liar.url, gateway.url), told)
        check(wrong["wrong_answers"] == 1 and right["wrong_answers"] == 0 and "dropped" not in right, told)
        check("hash" in wrong["dropped"] and wrong["requests"] == len(liar.asked) and wrong["blocks"] > 0, told)
        # The root comes by itself, and again in a CAR.
        stored = sum(file.stat().st_size for file in other.berth.blocks())
        check(stored <= wrong["bytes"] + right["bytes"] <= 1.1 * stored and right["bytes"] > len(m.data) // 2, told)
        check(right["requests"] == len(gateway.asked) and right["first_byte_seconds"] > 0 and right["bytes_per_second"] > 0, told)
        other.run(guest, "count", path, grants=grants, options=["--report"])
        check("content from" in other.said and "this machine" in other.said and gateway.url not in other.said, other.said)
        fresh = elsewhere(m, gateway, f"told-{guest}")
        (fresh.berth.root / "config/content.toml").write_text(f'gateways = ["{liar.url}", "{gateway.url}"]\nrouting = []\n')
        fresh.run(guest, "count", path, grants=grants, options=["--report"])
        check(f"{liar.url} sent 1 wrong answer, of which nobody got a byte that is wrong: " in fresh.said, fresh.said)
        got = elsewhere(m, gateway, f"got-{guest}").berth.json("get", path, "--output", m.root / f"got-{guest}.bin")["sources"]
        check(got.keys() == told.keys() and got["gateways"][0].keys() == right.keys(), f"{got} {told}")


def named(m, guest):
    """A module by its CID: what runs is what the name says."""
    [made] = m.berth.json("add", (m.guests / f"{guest}.wasm").resolve())
    name = f"ipfs://{made['cid']}"
    grants = ["--grant", f"content fetch ipfs://{m.site}"]

    def run(other, *words, status=0):
        done = subprocess.run([other.berth.binary, *map(str, words)], env=other.environment, capture_output=True, timeout=120)
        check(done.returncode == status, f"{words} ends with {done.returncode}: {done.stderr.decode()}")
        return done.stdout if status == 0 else done.stderr.decode()

    check(run(m, "run", *grants, name, "stat", f"{m.site}/empty").split()[1] == b"file", "it runs")
    with Gateway(dag.Blocks(m.berth.root / "data/content/blocks")) as gateway:
        other = elsewhere(m, gateway, "named")
        check(b"berth:content" in run(other, "inspect", name), "it is fetched and shown")
        said = run(other, "run", f"ipfs://{m.site}", status=121)
        check("is a directory" in said, said)
    run(other, "inspect", name)
    said = run(other, "inspect", "ipfs://bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy", status=119)
    check("bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy" in said, said)
    run(m, "inspect", "ipfs://nothing", status=120)


def called(m, guest):
    """A library in C++, called for a number of bytes."""
    path = f"{m.site}/big.bin"

    def call(*options):
        command = [m.berth.binary, "call", *options, m.guests / f"{guest}.wasm", f'count("{path}")']
        return subprocess.run(command, env=m.environment, capture_output=True, text=True, timeout=60).stdout.strip()

    said = call("--grant", f"content fetch ipfs://{m.site}")
    check(said == f"ok({len(m.data)})", said)
    check(call() == 'err("denied")', "a denial")
    check(call("--grant", f"content fetch ipfs://{m.site} max=1KiB") == 'err("too-large")', "a bound")


def learned(m, guest):
    """What was refused is kept, and what would open it is proposed."""
    m.refused("denied", guest, "get", f"{m.site}/docs/a b.txt")
    done = subprocess.run([m.berth.binary, "why", f"{guest}.wasm"], env=m.environment, capture_output=True, text=True, timeout=60)
    check(f"content fetch ipfs://{m.site}/docs/a%20b.txt" in done.stdout, done.stdout + done.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--berth", required=True, type=Path)
    parser.add_argument("--guests", required=True, type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=PLACE, prefix="berth-modules-") as root:
        m = Modules(options.berth.absolute(), options.guests.absolute(), root)
        both = (reading, visible, bounded, publishing, naming, by_url)
        cases = [(case, shape) for case in both for shape in ("0.2", "0.3")] + [(as_files, shape) for shape in FILES] + [(linked, "0.2"), (fetched, "0.2"), (fetched, "0.3"), (reported, "0.2"), (reported, "0.3"), (crowded, "0.3"), (called, "C++"), (named, "0.2"), (learned, "0.2")]
        guests = {**SHAPES, **FILES}
        return 1 if run_all((f"{case.__name__} {shape}", partial(case, m, guests[shape])) for case, shape in cases) else 0


if __name__ == "__main__":
    sys.exit(main())
