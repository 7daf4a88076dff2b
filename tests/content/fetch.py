#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""berth content reads what its store hasn't from trustless gateways: honest ones, kubo's among them, and those that lie, stall,
break off, send elsewhere or are asked by many at once. Never a wrong byte; each that misbehaves is named with what it did;
what came is kept, and only the rest is asked for again. One line a case. The status is 0 when all passed."""

import argparse
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import dag
import mutate
from gateway import RAW, Gateway
from tools import PLACE, Berth, Kubo, check, run_all

CASES = []


def case(function):
    CASES.append(function)
    return function


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", required=True, type=lambda text: Path(text).resolve())
    parser.add_argument("--reader", required=True, type=lambda text: Path(text).resolve(), help="the program of reader.cc")
    parser.add_argument("--mutations", type=int, default=10_000)
    parser.add_argument("names", nargs="*", help="only cases with one of these in their names")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=PLACE) as root:
        world = World(asked.berth, Path(root))
        world.program, world.mutations = asked.reader, asked.mutations
        chosen = [one for one in CASES if not asked.names or any(name in one.__name__ for name in asked.names)]
        failed = run_all((one.__name__, partial(one, world)) for one in chosen)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed or not chosen else 0


class World:
    """A publisher's store with a file and a tree in it, and readers with stores of their own."""

    def __init__(self, binary, root):
        self.binary, self.root, self.count = binary, root, 0
        chance = random.Random(9)
        self.bytes = chance.randbytes((5 << 20) + 777)
        (root / "file").write_bytes(self.bytes)
        tree = root / "tree"
        (tree / "sub" / "deep").mkdir(parents=True)
        for number in range(12):
            (tree / "sub" / f"f{number}").write_bytes(chance.randbytes(chance.randrange(0, 700_000)))
        (tree / "sub" / "deep" / "ä b%c").write_bytes(b"escaped")
        (tree / "large").write_bytes(chance.randbytes(3 << 20))
        (tree / "many").mkdir()
        for number in range(4000):
            (tree / "many" / f"a rather long name, so that the directory is sharded, {number:05}").write_bytes(b"%d" % number)
        self.tree_path = tree
        publisher = self.reader()
        [made] = publisher.json("add", root / "file")
        self.file = made["cid"]
        [made] = publisher.json("add", tree)
        self.tree = made["cid"]
        self.blocks = dag.Blocks(publisher.root / "data/content/blocks")

    def reader(self, after=None):
        """One that has no content, and knows of gateways what the other does."""
        self.count += 1
        berth = Berth(self.binary, self.root / f"reader{self.count}")
        berth.root.mkdir()
        if after:
            shutil.copytree(after.root / "cache", berth.root / "cache")
            shutil.rmtree(berth.root / "cache/content/blocks")
        return berth

    def gateway(self, kind=Gateway, **more):
        return kind(self.blocks, **more)

    def reads(self, reader, *words):
        """The file, whole and right."""
        got = reader.run("get", self.file, "--output", "-", *words)
        check(got == self.bytes, f"{len(got)} bytes came, or others than were to come")

    def clean(self, reader):
        check(reader.json("verify")["damage"] == [], "damage")


def gateways(*all):
    return [word for one in all for word in ("--gateway", one.url)]


def same_tree(left, right):
    names = sorted(path.relative_to(left) for path in left.rglob("*"))
    check(names == sorted(path.relative_to(right) for path in right.rglob("*")), "other names")
    for name in names:
        if (left / name).is_file():
            check((left / name).read_bytes() == (right / name).read_bytes(), f"{name} has other bytes")


@case
def a_file_comes_by_one_answer_and_is_kept(world):
    reader = world.reader()
    with world.gateway() as gateway:
        world.reads(reader, *gateways(gateway))
        check(len(gateway.asked) == 1, gateway.asked)
        world.reads(reader, *gateways(gateway))
        check(len(gateway.asked) == 1, "what is in the store is asked for")
    world.reads(reader, "--offline")
    world.clean(reader)


@case
def a_tree_comes_by_one_answer(world):
    reader = world.reader()
    with world.gateway() as gateway:
        out = reader.root / "out"
        told = reader.json("get", world.tree, "--output", out, *gateways(gateway))
        same_tree(world.tree_path, out)
        check(len(gateway.asked) == 1, gateway.asked)
        [source] = told["sources"]["gateways"]
        check(source["gateway"] == gateway.url and source["blocks"] > 4000 and source["bytes"] >= told["bytes"] and "dropped" not in source, source)
        check(source["requests"] == 1 and source["first_byte_seconds"] > 0 and source["wrong_answers"] == 0, source)
        check(source["bytes_per_second"] > 0, source)
    world.clean(reader)


@case
def of_a_file_only_the_bytes_that_are_read_come(world):
    reader = world.reader()
    with world.gateway() as gateway:
        got = reader.run("get", world.file, "--offset", 3_000_000, "--length", 10, *gateways(gateway))
        check(got == world.bytes[3_000_000:3_000_010], got)
        check(gateway.sent < 600_000 and len(gateway.asked) == 1, f"{gateway.sent} bytes, {gateway.asked}")


@case
def a_path_and_a_listing_come_without_the_rest(world):
    reader = world.reader()
    with world.gateway() as gateway:
        got = reader.run("get", f"{world.tree}/sub/deep/ä b%c", "--output", "-", *gateways(gateway))
        check(got == b"escaped", got)
        check(len(gateway.asked) == 1 and gateway.sent < 3000, f"{gateway.asked} {gateway.sent}")
        listed = reader.json("ls", f"{world.tree}/many", *gateways(gateway))
        check(len(listed) == 4000, len(listed))
        stat = reader.json("stat", f"{world.tree}/large", *gateways(gateway))
        check(stat["size"] == 3 << 20 and stat["sources"]["gateways"], stat)


@case
def offline_and_without_gateways_nothing_is_asked(world):
    reader = world.reader()
    said = reader.run("get", world.file, "--offline", status=122).decode()
    check(world.file in said and "isn't in the store" in said, said)
    (reader.root / "config").mkdir()
    (reader.root / "config/content.toml").write_text("gateways = []\nrouting = []\n")
    reader.run("get", world.file, status=122)
    with world.gateway() as gateway:
        (reader.root / "config/content.toml").write_text(f'gateways = ["{gateway.url}"]\nrouting = []\n')
        world.reads(reader)
        check(len(gateway.asked) == 1, gateway.asked)
    (reader.root / "config/content.toml").write_text("gatways = []\n")
    said = reader.run("stat", world.file, status=120).decode()
    check("content.toml:1:1" in said and "did you mean 'gateways'" in said, said)


class Breaking(Gateway):
    """Sends so many pieces of its first answers, and then closes the connection; with `only` it gives no block alone."""

    def __init__(self, blocks, after, times=1, only=False, **more):
        self.after, self.times, self.only = after, times, only
        super().__init__(blocks, **more)

    def answer(self, handler, ask):
        if ask.kind != "car" and self.only:
            return handler.give(500)
        if ask.kind != "car" or self.times <= 0:
            return super().answer(handler, ask)
        self.times -= 1

        def some():
            for number, piece in enumerate(self.pieces(ask)):
                if number == self.after:
                    handler.close_connection = True
                    handler.connection.shutdown(2)
                    raise ConnectionError
                yield piece

        self.stream(handler, some())


class Slow(Gateway):
    """Waits before each piece."""

    def __init__(self, blocks, pause=0.02, **more):
        self.pause = pause
        super().__init__(blocks, **more)

    def answer(self, handler, ask):
        def slowly():
            for piece in self.pieces(ask):
                time.sleep(self.pause)
                yield piece

        self.stream(handler, slowly()) if ask.kind == "car" else super().answer(handler, ask)


class Odd(Gateway):
    """Answers as a function of the handler, the ask and itself does."""

    def __init__(self, blocks, odd, **more):
        self.odd = odd
        super().__init__(blocks, **more)

    def answer(self, handler, ask):
        self.odd(handler, ask, self)


def stalls(handler, ask, gateway):
    def pieces():
        for number, piece in enumerate(gateway.pieces(ask)):
            if number == 4:
                time.sleep(60)
            yield piece

    gateway.stream(handler, pieces())


def lies(handler, ask, gateway):
    def pieces():
        for number, piece in enumerate(gateway.pieces(ask)):
            yield piece if number != 5 else piece[:-1] + bytes([piece[-1] ^ 1])

    if ask.kind == "raw":
        data = gateway.blocks.get(ask.root)
        return handler.give(200, data[:-1] + bytes([data[-1] ^ 1]), content_type=RAW)
    gateway.stream(handler, pieces())


def dropped(told, gateway):
    """What was said of a gateway."""
    [one] = [one for one in told["sources"]["gateways"] if one["gateway"] == gateway.url]
    return one.get("dropped", "")


@case
def what_broke_off_goes_on_where_it_was(world):
    reader = world.reader()
    with world.gateway(Breaking, after=12) as gateway:
        told = reader.json("get", world.file, "--output", reader.root / "out", *gateways(gateway))
        check((reader.root / "out").read_bytes() == world.bytes, "other bytes")
        check(dropped(told, gateway), told)
        again = gateway.cars()[1:]
        check(len(again) == 1 and f"entity-bytes={10 * 262144}:" in again[0], gateway.asked)
        check(gateway.sent < len(world.bytes) + 20_000, f"{gateway.sent} bytes came for {len(world.bytes)}")


@case
def a_tree_that_broke_off_comes_from_another(world):
    for after in (1, 7, 40, 2000):
        reader = world.reader()
        with world.gateway(Breaking, after=after, times=1000) as bad, world.gateway() as good:
            # The first is the best by what is remembered of both: nothing.
            told = reader.json("get", world.tree, "--output", reader.root / "out", *gateways(bad, good))
            same_tree(world.tree_path, reader.root / "out")
            check(dropped(told, bad), told)
        world.clean(reader)


@case
def what_breaks_off_always_comes_a_piece_at_a_time(world):
    reader = world.reader()
    with world.gateway(Breaking, after=6, times=2) as gateway:
        world.reads(reader, *gateways(gateway))
    reader = world.reader()
    with world.gateway(Breaking, after=6, times=1000, only=True) as gateway:
        said = reader.run("get", world.file, "--output", "-", *gateways(gateway), status=119).decode()
        check("lacks" in said and gateway.url in said, said)
        world.clean(reader)
    with world.gateway() as gateway:
        world.reads(reader, *gateways(gateway))
        check(gateway.sent < len(world.bytes) - 2_000_000, f"{gateway.sent} bytes, though much was there")


@case
def one_that_stalls_costs_time(world):
    reader = world.reader()
    with world.gateway(Odd, odd=stalls) as bad, world.gateway() as good:
        began = time.monotonic()
        told = reader.json("get", world.file, "--output", reader.root / "out", "--brief", *gateways(bad, good))
        check((reader.root / "out").read_bytes() == world.bytes, "other bytes")
        check("less than" in dropped(told, bad) and time.monotonic() - began < 10, told)


@case
def one_that_says_nothing_is_overtaken(world):
    reader = world.reader()
    with world.gateway(Odd, odd=lambda *_: time.sleep(30)) as bad, world.gateway() as good:
        began = time.monotonic()
        world.reads(reader, *gateways(bad, good))
        check(time.monotonic() - began < 4, "it is waited for")
        check(len(bad.asked) == 1 and len(good.asked) == 1, (bad.asked, good.asked))
        # Who was faster is remembered.
        other = world.reader(after=reader)
        world.reads(other, *gateways(bad, good))
        check(len(bad.asked) == 1 and len(good.asked) == 2, (bad.asked, good.asked))


@case
def one_that_lies_is_dropped_and_named_also_later(world):
    reader = world.reader()
    with world.gateway(Odd, odd=lies) as bad, world.gateway() as good:
        told = reader.json("get", world.file, "--output", reader.root / "out", *gateways(bad, good))
        check((reader.root / "out").read_bytes() == world.bytes, "other bytes")
        check("another hash" in dropped(told, bad), told)
        asked = len(bad.asked)
        reader.run("get", world.tree, "--output", reader.root / "tree", *gateways(bad, good))
        check(len(bad.asked) == asked, "it is asked again")
        other = world.reader(after=reader)
        said = other.run("get", world.file, "--output", "-", *gateways(bad), status=119).decode()
        check("isn't asked for another" in said and "another hash" in said, said)
    world.clean(reader)


@case
def answers_that_are_none(world):
    for status, words in ((404, "404"), (500, "500"), (429, "429"), (503, "503"), (451, "451"), (206, "206"), (204, "204")):
        reader = world.reader()
        odd = lambda handler, ask, gateway: handler.give(status, b"x" if status != 204 else b"", retry_after="100")  # noqa: E731
        with world.gateway(Odd, odd=odd) as bad, world.gateway() as good:
            told = reader.json("get", world.file, "--output", reader.root / "out", *gateways(bad, good))
            check((reader.root / "out").read_bytes() == world.bytes, "other bytes")
            check(words in dropped(told, bad), told)
            if status == 429:
                other = world.reader()
                other.environment["BERTH_CACHE"] = reader.environment["BERTH_CACHE"]
                asked = len(bad.asked)
                world.reads(other, *gateways(bad, good))
                check(len(bad.asked) == asked, "it said when it wants to be asked again")


@case
def one_without_cars_gives_blocks(world):
    def only_blocks(handler, ask, gateway):
        if ask.kind == "car":
            return handler.give(406)
        Gateway.answer(gateway, handler, ask)

    reader = world.reader()
    with world.gateway(Odd, odd=only_blocks) as gateway:
        world.reads(reader, *gateways(gateway))
        check(len(gateway.cars()) == 1 and len(gateway.raws()) > 20, gateway.asked)


@case
def redirects_lead_to_no_special_address(world):
    reader = world.reader()
    with world.gateway() as inner:
        # Taken for a public one, it leads to another address of this machine.
        target = f"http://127.0.0.2:{inner.port}"
        odd = lambda handler, ask, gateway: handler.give(302, location=target + handler.path)  # noqa: E731
        with world.gateway(Odd, odd=odd) as bad:
            words = ("--public-address", "127.0.0.1", "--plain-http")
            said = reader.run("get", world.file, "--output", "-", *gateways(bad), *words, status=119).decode()
            check("is public and leads to" in said and not inner.asked, said)
    said = reader.run("stat", world.file, "--gateway", "http://203.0.113.9", status=123).decode()
    check("plain HTTP" in said, said)
    said = reader.run("stat", world.file, "--gateway", "gateway", status=120).decode()
    check("is no gateway" in said, said)


@case
def many_processes_fetch_it_once(world):
    readers = world.reader()
    with world.gateway(Slow) as gateway:
        going = [readers.start("get", world.file, "--output", "-", *gateways(gateway)) for _ in range(8)]
        got = [process.communicate(timeout=60) for process in going]
        for out, said in got:
            check(out == world.bytes, f"{len(out)} bytes: {said.decode()}")
        check(len(gateway.asked) == 1, gateway.asked)
    check(list((readers.root / "data/content/coming").iterdir()) == [], "locks are left behind")


@case
def a_process_that_was_stopped_is_not_waited_for(world):
    reader = world.reader()
    with world.gateway(Slow, pause=0.1) as gateway:
        first = reader.start("get", world.file, "--output", "-", *gateways(gateway))
        while not gateway.asked:
            time.sleep(0.01)
        os.kill(first.pid, signal.SIGSTOP)
        try:
            world.reads(reader, *gateways(gateway))
        finally:
            os.kill(first.pid, signal.SIGCONT)
        check(first.communicate(timeout=60)[0] == world.bytes, "the first ends otherwise")


@case
def a_process_that_waits_for_its_reader_is_not_waited_for(world):
    path = world.root / "longer"
    path.write_bytes(random.Random(7).randbytes(48 << 20))
    publisher = world.reader()
    [made] = publisher.json("add", path)
    blocks = dag.Blocks(publisher.root / "data/content/blocks")
    reader = world.reader()
    with Gateway(blocks) as gateway:
        first = reader.start("export", made["cid"], *gateways(gateway))
        before = -1
        while before != gateway.sent:
            before = gateway.sent
            time.sleep(0.5)
        check(0 < before < 40 << 20, f"{before} bytes came for nobody")
        began = time.monotonic()
        reader.run("pin", made["cid"], *gateways(gateway))
        check(4 < time.monotonic() - began < 30, f"{time.monotonic() - began} s")
        first.kill()
        first.communicate()


@case
def a_block_that_is_damaged_comes_again(world):
    for words in (("get", world.file, "--output", "-"), ("pin", world.file), ("export", world.file)):
        reader = world.reader()
        with world.gateway() as gateway:
            world.reads(reader, *gateways(gateway))
            leaf = next(path for path in reader.blocks() if path.stat().st_size == 262144)
            data = leaf.read_bytes()
            leaf.chmod(0o600)
            leaf.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
            reader.run(*words, *gateways(gateway))
            # It is in the cache, or where what is pinned stays.
            check([path.read_bytes() == data for path in reader.blocks() if path.name == leaf.name] == [True], f"{words[0]} leaves it damaged")
            # Who reads may be there before what brings the rest.
            check(len(gateway.asked) <= 3, gateway.asked)


@case
def what_was_fetched_goes_with_the_cache_unless_it_is_pinned(world):
    reader = world.reader()
    with world.gateway() as gateway:
        world.reads(reader, *gateways(gateway))
        check(not any((reader.root / "data/content/blocks").rglob("*")), "what can be fetched again is backed up")
        check((reader.root / "cache/content/CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55"), "no tag")
        shutil.rmtree(reader.root / "cache")
        reader.run("get", world.file, "--output", "-", "--offline", status=122)
        reader.run("pin", world.file, *gateways(gateway))
        shutil.rmtree(reader.root / "cache")
        world.reads(reader, "--offline")
        reader.run("unpin", world.file)
        reader.run("gc")
        world.reads(reader, "--offline")
        shutil.rmtree(reader.root / "cache")
        check("isn't in the store" in reader.run("get", world.file, "--output", "-", "--offline", status=122).decode(), "it stays")


@case
def killed_it_goes_on_where_it_was(world):
    chance = random.Random(5)
    killed = 0
    reader = world.reader()
    with world.gateway(Slow, pause=0.002) as gateway:
        while killed < 200:
            process = reader.start("get", world.file, "--output", "-", *gateways(gateway))
            try:
                process.communicate(timeout=chance.uniform(0.0, 0.06))
                reader.run("gc", "--keep", "0B")
                check(list((reader.root / "data/content/coming").iterdir()) == [], "locks are left behind")
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                killed += 1
            if killed % 10 == 9:
                world.clean(reader)
                world.reads(reader, *gateways(gateway))
    world.clean(reader)


@case
def a_disk_that_is_full_is_said(world):
    reader = world.reader()

    def small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100 << 10, 100 << 10))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    with world.gateway() as gateway:
        process = reader.start("get", world.file, "--output", "-", *gateways(gateway), preexec_fn=small)
        out, said = process.communicate(timeout=60)
        check(process.returncode == 119 and b"File too large" in said, f"{process.returncode}: {said.decode()}")
        check(world.bytes.startswith(out), "other bytes")
        check("another hash" not in said.decode() and "no gateway" not in said.decode(), said.decode())
        world.clean(reader)
        world.reads(reader, *gateways(gateway))


@case
def who_reads_slowly_holds_it_up(world):
    path = world.root / "long"
    path.write_bytes(random.Random(8).randbytes(64 << 20))
    publisher = world.reader()
    [made] = publisher.json("add", path)
    blocks = dag.Blocks(publisher.root / "data/content/blocks")
    reader = world.reader()
    with Gateway(blocks) as gateway:
        process = reader.start("get", made["cid"], "--output", "-", *gateways(gateway))
        before = -1
        while before != gateway.sent:
            before = gateway.sent
            time.sleep(0.5)
        check(0 < gateway.sent < 40 << 20, f"{gateway.sent} bytes came for nobody")
        out, said = process.communicate(timeout=60)
        check(out == path.read_bytes(), said.decode())
        check(len(gateway.asked) == 1, gateway.asked)


@case
def berths_own_gateway_is_one(world):
    # The first reader published it.
    publisher = Berth(world.binary, world.root / "reader1")
    server = publisher.start("serve", "--addr", "127.0.0.1:0", "--json", "--access-log", "off", "--all")
    try:
        url = re.search(r'http://[^"/ ]+', server.stdout.readline().decode()).group(0)
        reader = world.reader()
        told = reader.json("get", world.tree, "--output", reader.root / "out", "--gateway", url)
        same_tree(world.tree_path, reader.root / "out")
        [source] = told["sources"]["gateways"]
        check("dropped" not in source and source["blocks"] > 4000, source)
        got = reader.run("get", world.file, "--offset", 1_000_000, "--length", 600_000, "--gateway", url)
        check(got == world.bytes[1_000_000:1_600_000], "other bytes")
    finally:
        server.terminate()
        server.communicate(timeout=30)


def reads_by(world, *words):
    """What the program beside this one says, a line a reading."""
    done = subprocess.run([world.program, *map(str, words)], capture_output=True, text=True, timeout=500)
    check(done.returncode == 0, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


@case
def threads_of_one_process_fetch_it_once(world):
    with world.gateway(Slow, pause=0.005) as gateway:
        told = reads_by(world, "together", gateway.url, world.file, world.root / "file", world.root / "together", 50)
        check(len(told) == 50 and all(one["whole"] and one["right"] for one in told), told)
        check(len(gateway.asked) == 1, gateway.asked)
        brought = sum(one["bytes"] for one in told)
        check(len(world.bytes) < brought < 1.01 * len(world.bytes), f"{brought} bytes stand in their tallies")
    with world.gateway(Slow, pause=0.005) as gateway:
        told = reads_by(world, "leaving", gateway.url, world.file, world.root / "file", world.root / "leaving", 20)
        stayed = [one for one in told if one["number"] % 2]
        check(len(stayed) == 10 and all(one["whole"] and one["right"] for one in stayed), stayed)
        check(all("cancelled" in one["error"] for one in told if one["number"] % 2 == 0), told)


@case
def who_asks_pays_and_may_run_out(world):
    with world.gateway() as gateway:
        [told] = reads_by(world, "charged", gateway.url, world.file, world.root / "file", world.root / "poor", 1 << 20)
        check(told["error"] == "the purse is empty" and not told["whole"] and told["bytes"] <= 1 << 20, told)
        [told] = reads_by(world, "charged", gateway.url, world.file, world.root / "file", world.root / "rich", 1 << 24)
        check(told["whole"] and told["right"], told)


@case
def ten_thousand_mutations_and_no_wrong_byte(world):
    path = world.root / "small"
    path.write_bytes(random.Random(3).randbytes(20_000))
    publisher = world.reader()
    [made] = publisher.json("add", path, "--chunk", "1000B")
    blocks = dag.Blocks(publisher.root / "data/content/blocks")
    kinds = {}
    with mutate.Mutating(blocks) as gateway:
        folder = world.root / "mutated"
        told = reads_by(world, "each", gateway.url, made["cid"], path, folder, world.mutations)
        check(len(told) == world.mutations, len(told))
        for one in told:
            kind = mutate.kind_of(one["number"])
            said = one["dropped"] + one["error"]
            check(one["right"], f"wrong bytes: {kind} {one}")
            check(not (one["whole"] and not one["dropped"]), f"{kind} isn't noticed: {one}")
            check(re.search(mutate.RULES[kind], said), f"{kind} isn't named: {one}")
            kinds[kind] = kinds.get(kind, 0) + 1
    check(len(kinds) == len(mutate.RULES), kinds)
    print(f"  {len(told)} of {len(kinds)} kinds, {sum(one['whole'] for one in told)} came whole by blocks", end=" ")


def router(world, found=(), local=True):
    """A router that names those gateways for anything."""
    lines = [{"Schema": "peer", "ID": "12D3KooWnothing", "Protocols": ["transport-bitswap"], "Addrs": ["/ip4/203.0.113.5/tcp/4001"]}]
    for one in found:
        lines.append({"Schema": "peer", "ID": "12D3KooWgateway", "Protocols": ["transport-ipfs-gateway-http"], "Addrs": [one]})

    def providers(handler):
        if "application/x-ndjson" in handler.headers["accept"] and not json_only:
            handler.give(200, b"".join(json.dumps(line).encode() + b"\n" for line in lines), content_type="application/x-ndjson")
        else:
            handler.give(200, json.dumps({"Providers": lines}).encode(), content_type="application/json")

    json_only = not local
    return Gateway(world.blocks, routes={"/routing/v1/providers/": providers})


@case
def routers_name_gateways(world):
    for as_lines in (True, False):
        reader = world.reader()
        with world.gateway() as gateway, router(world, [f"/ip4/127.0.0.1/tcp/{gateway.port}/http"], as_lines) as routing:
            (reader.root / "config").mkdir()
            (reader.root / "config/content.toml").write_text(f'gateways = []\nrouting = ["{routing.url}"]\n')
            world.reads(reader)
            check(len(gateway.asked) == 1 and len(routing.asked) == 1, (gateway.asked, routing.asked))
            listed = reader.json("providers", world.file)
            check(len(listed) == 2 and listed[1]["gateways"] == [gateway.url], listed)
            text = reader.run("providers", world.file).decode()
            check("transport-bitswap" in text and gateway.url in text, text)


@case
def a_public_router_names_no_special_address(world):
    reader = world.reader()
    (reader.root / "config").mkdir()
    with world.gateway() as gateway, router(world, [f"/ip4/127.0.0.2/tcp/{gateway.port}/http"]) as routing:
        (reader.root / "config/content.toml").write_text(f'gateways = []\nrouting = ["{routing.url}"]\n')
        words = ("--public-address", "127.0.0.1", "--plain-http")
        said = reader.run("get", world.file, "--output", "-", *words, status=119).decode()
        check("no public one" in said, said)
        check(not gateway.asked, gateway.asked)


@case
def a_router_of_this_machine_names_no_other_special_address(world):
    reader = world.reader()
    with router(world, ["/ip4/127.0.0.2/tcp/9/http"]) as routing:
        said = reader.run("get", world.file, "--output", "-", "--router", routing.url, status=119).decode()
        check("no public one" in said, said)


@case
def a_router_that_fails_or_floods(world):
    reader = world.reader()

    def floods(handler):
        line = json.dumps({"Schema": "peer", "ID": "x" * 100, "Protocols": ["p"], "Addrs": []}).encode() + b"\n"
        handler.give(200, line * 5000, content_type="application/x-ndjson")

    for answer, ok in ((lambda h: h.give(500), False), (floods, 1000), (lambda h: h.give(404), 0), (lambda h: h.give(200, b"<html>", content_type="text/html"), False), (lambda h: h.give(200, b"[" * 100000, content_type="application/json"), False)):
        with Gateway(world.blocks, routes={"/routing/": answer}) as routing:
            if ok is not False:
                listed = reader.json("providers", world.file, "--router", routing.url)
                check(len(listed) == ok, len(listed))
            else:
                said = reader.run("providers", world.file, "--router", routing.url, status=119).decode()
                check(routing.url in said, said)


class Records:
    """What a router keeps of names."""

    def __init__(self):
        self.all, self.history = {}, []

    def answer(self, handler):
        name = handler.path.split("?")[0].rsplit("/", 1)[1]
        if handler.command == "PUT":
            self.all[name] = handler.rfile.read(int(handler.headers["content-length"]))
            self.history.append(self.all[name])
            return handler.give(200)
        if name not in self.all:
            return handler.give(404)
        handler.give(200, self.all[name], content_type="application/vnd.ipfs.ipns-record")


@case
def names_lead_to_content_and_never_back(world):
    reader = world.reader()
    key = subprocess.run([world.binary, "keys", "new", "account", "site"], env=reader.environment, capture_output=True, text=True)
    check(key.returncode == 0, key.stderr)
    records = Records()
    with Gateway(world.blocks, routes={"/routing/v1/ipns/": records.answer, "/ipns/": records.answer}) as gateway:
        words = (*gateways(gateway), "--router", gateway.url)
        first = reader.json("publish", world.tree, "--key", "site", *words)
        second = reader.json("publish", world.file, "--key", "site", *words)
        check((first["sequence"], second["sequence"]) == (0, 1) and second["routers"] == [gateway.url], second)
        other = world.reader()
        name = first["name"]
        got = other.run("get", f"ipns://{name}", "--output", "-", *words)
        check(got == world.bytes, "other bytes")
        # A gateway alone answers as well.
        third = world.reader()
        stat = third.json("stat", f"/ipns/{name}", *gateways(gateway))
        check(stat["cid"] == world.file, stat)
        # An older record leads nobody back who saw the newer one.
        records.all[name] = records.history[0]
        stat = other.json("stat", f"ipns://{name}", *words)
        check(stat["cid"] == world.file, stat)
        again = reader.json("publish", world.tree, "--key", "site", *words)
        check(again["sequence"] == 2, again)
        listed = other.json("ls", f"ipns://{name}/sub", *words)
        check(len(listed) == 13, len(listed))
        # One that somebody changed is none.
        records.all[name] = records.history[2][:-3] + b"abc"
        fresh = world.reader()
        said = fresh.run("stat", f"ipns://{name}", *words, status=119).decode()
        check("isn't good" in said, said)
    # Two that publish at once take two numbers.
    with Gateway(world.blocks, routes={"/routing/v1/ipns/": Records().answer}) as gateway:
        crowd = [reader.start("publish", world.file, "--key", "site", "--router", gateway.url, "--json") for _ in range(8)]
        numbers = [json.loads(process.communicate(timeout=60)[0])["sequence"] for process in crowd]
        check(len(set(numbers)) == 8, numbers)
    # The key that nobody can be asked about isn't published over.
    stranger = world.reader()
    subprocess.run([world.binary, "keys", "new", "account", "site"], env=stranger.environment, check=True, capture_output=True)
    said = stranger.run("publish", world.file, "--key", "site", "--router", "http://127.0.0.1:9", "--gateway", "http://127.0.0.1:9", status=119).decode()
    check("could lead back" in said, said)
    # Neither is one that a router can't be asked about, whatever the others say.
    with Gateway(world.blocks) as gateway:
        routers = ("--router", gateway.url, "--router", "http://127.0.0.1:9")
        said = stranger.run("publish", world.file, "--key", "site", *routers, *gateways(gateway), status=119).decode()
        check("could lead back" in said, said)


@case
def kubo_is_a_gateway(world):
    with KuboGateway(world.root / "kubo") as kubo:
        publisher = world.reader()
        for name, root in (("file", world.file), ("tree", world.tree)):
            kubo.run("add", "-r", "--cid-version=1", "--progress=false", world.root / name)
            reader = world.reader()
            out = reader.root / "out"
            told = reader.json("get", root, "--output", out, *gateways(kubo))
            if name == "tree":
                same_tree(world.tree_path, out)
            else:
                check(out.read_bytes() == world.bytes, "other bytes")
            [source] = told["sources"]["gateways"]
            check("dropped" not in source, told)
            # Parts of it: each of them by one CAR, which kubo makes just so.
            for begin, length in ((0, 1), (262143, 2), (262144, 262144), (1_000_000, 2_000_000), (5_242_879, 10_000)):
                part = world.reader()
                path = root if name == "file" else f"{root}/large"
                wanted = world.bytes if name == "file" else (world.tree_path / "large").read_bytes()
                got = part.run("get", path, "--offset", begin, "--length", length, *gateways(kubo))
                check(got == wanted[begin : begin + length], f"{begin} {length}")
                stat = part.json("stat", path, "--offline")
                blocks = len(part.blocks())
                check(blocks <= 3 + length // 262144 + 2, f"{blocks} blocks for {length} bytes")
        for path in (f"{world.tree}/many", f"{world.tree}/sub/deep"):
            reader = world.reader()
            listed = reader.json("ls", path, *gateways(kubo))
            check(listed, path)
        said = world.reader().run("stat", "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy", *gateways(kubo), status=119)
        check(kubo.url.encode() in said, said)


class KuboGateway(Kubo):
    """kubo's own, of a repository that is never online."""

    def __init__(self, root):
        root.mkdir()
        super().__init__(root)
        self.run("config", "Addresses.Gateway", "/ip4/127.0.0.1/tcp/0")
        self.run("config", "Addresses.API", "/ip4/127.0.0.1/tcp/0")
        self.process = subprocess.Popen([self.binary, "daemon", "--offline"], env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        where = Path(self.environment["IPFS_PATH"]) / "gateway"
        until = time.monotonic() + 60
        while not where.exists() or not where.read_text():
            check(time.monotonic() < until and self.process.poll() is None, "kubo doesn't start")
            time.sleep(0.05)
        self.url = where.read_text().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


if __name__ == "__main__":
    sys.exit(main())
