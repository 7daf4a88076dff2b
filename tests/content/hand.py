#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Content that berth hands to others: to a kubo node by its RPC, where kubo then has it, whole and pinned; to a pinning
service, which kubo's own client speaks with at the same time; and to nodes and services that hang, die, lie or refuse, each
of which is an error that says so. One line a case. The status is 0 when all passed."""

import argparse
import contextlib
import json
import os
import random
import signal
import socket
import ssl
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

import dag
from gateway import Gateway
from pinning import TOKEN, Service
from tools import PLACE, Berth, Kubo, check, run_all

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "serve"))
import certificates  # noqa: E402

CASES = []
DENIED, INVALID, NOT_FOUND, UNAVAILABLE = 123, 120, 122, 119


def case(function):
    CASES.append(function)
    return function


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", required=True, type=lambda text: Path(text).resolve())
    parser.add_argument("--no-rss", action="store_true", help="don't hold memory to a bound: it isn't berth's alone")
    parser.add_argument("names", nargs="*", help="only cases with one of these in their names")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=PLACE) as root:
        world = World(asked.berth, Path(root))
        world.no_rss = asked.no_rss
        chosen = [one for one in CASES if not asked.names or any(name in one.__name__ for name in asked.names)]
        failed = run_all((one.__name__, partial(one, world)) for one in chosen)
        world.close()
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed or not chosen else 0


class World:
    """Content in a store of berth's, and a node of kubo's that has none."""

    def __init__(self, binary, root):
        chance = random.Random(36)
        self.root, self.tree = root, root / "tree"
        (self.tree / "sub").mkdir(parents=True)
        (self.tree / "hello").write_bytes(b"hello\n")
        (self.tree / "sub" / "large").write_bytes(chance.randbytes((9 << 20) + 5))
        self.berth = Berth(binary, root / "berth")
        self.berth.root.mkdir()
        self.kubo = Kubo(root)
        self.start()

    def start(self):
        self.daemon, _, port = self.kubo.daemon()
        self.rpc = f"http://127.0.0.1:{port}"

    def stop(self):
        self.daemon.send_signal(signal.SIGTERM)
        self.daemon.wait(timeout=60)

    close = stop

    def pinned(self):
        """What kubo has pinned with all that is below it, and under which names."""
        listed = json.loads(self.kubo.run("pin", "ls", "--type=recursive", "--names", "--enc=json"))["Keys"]
        return {cid: entry.get("Name", "") for cid, entry in listed.items()}


@case
def a_folder_that_is_added_is_whole_and_pinned_at_kubo(world):
    [made] = world.berth.json("add", world.tree, "--to", world.rpc, "--name", "the tree & more")
    check(made["handed"]["to"] == world.rpc and made["pinned"], made)
    stat = json.loads(world.kubo.run("dag", "stat", "--progress=false", "--enc=json", made["cid"]))
    check((made["handed"]["blocks"], made["handed"]["bytes"]) == (stat["UniqueBlocks"], stat["TotalSize"]), f"{made} {stat}")
    out = world.root / "out"
    world.kubo.run("get", "-o", out, made["cid"])
    check((out / "sub/large").read_bytes() == (world.tree / "sub/large").read_bytes(), "other bytes")
    check(world.pinned()[made["cid"]] == "the tree & more", world.pinned())
    check(made["cid"] in str(world.berth.json("pin")), "it stays here, too")


@case
def what_is_here_already_is_handed_over_whatever_it_is(world):
    [made] = world.berth.json("add", world.tree, "--profile", "unixfs-v0-2015")
    check(made["cid"].startswith("Qm"), made)
    document = world.kubo.run("dag", "put", "--store-codec=dag-cbor", input=json.dumps({"a": {"/": made["cid"]}}).encode()).decode().strip()
    block, name = world.kubo.run("block", "get", document), dag.from_text(document)
    world.kubo.run("block", "rm", document)
    world.berth.run("import", "--no-pin", "-", input=dag.header([name]) + dag.section(name, block))
    for cid in (made["cid"], f"{made['cid']}/sub", document, "bafkqaaa"):
        [handed] = world.berth.json("pin", cid, "--to", world.rpc + "/api/v0/")
        check(world.pinned()[handed["cid"]] == "", f"{cid}: {world.pinned()}")
    check(handed["blocks"] == 0, f"an empty file in its own CID: {handed}")
    said = world.berth.run("pin", "--to", world.rpc, status=INVALID).decode()
    check("pin ls" in said, said)


@case
def what_is_elsewhere_goes_through_here(world):
    publisher = Berth(world.berth.binary, world.root / "publisher")
    publisher.root.mkdir()
    [made] = publisher.json("add", world.tree, "--chunk", "100KiB")
    with Gateway(dag.Blocks(publisher.root / "data/content/blocks")) as gateway:
        told = world.berth.run("pin", made["cid"], "--to", world.rpc, "--gateway", gateway.url).decode()
    check(f"{made['cid']} stays at {world.rpc}" in told and made["cid"] in world.pinned(), told)


@case
def what_kubo_keeps_may_go_again(world):
    cid = world.berth.run("add", world.tree / "hello", "--to", world.rpc).decode().strip()
    check(cid in world.pinned(), "it isn't there")
    world.berth.run("unpin", cid, "--to", world.rpc)
    check(cid not in world.pinned(), "it is still there")
    said = world.berth.run("unpin", cid, "--to", world.rpc, status=NOT_FOUND).decode()
    check("isn't pinned at" in said and world.rpc in said, said)
    check(cid in str(world.berth.json("pin")), "it went from here")


@case
def a_node_that_wants_to_know_who_asks_is_told(world):
    rules = {"one": {"AuthSecret": "bearer:s3cret-token", "AllowedPaths": ["/api/v0/dag/import"]},
             "two": {"AuthSecret": "basic:someone:pass:word", "AllowedPaths": ["/api/v0"]}}  # fmt: skip
    world.stop()
    world.kubo.run("config", "--json", "API.Authorizations", json.dumps(rules))
    world.start()
    try:
        file, secret = world.tree / "hello", world.root / "secret"
        said = world.berth.run("add", file, "--to", world.rpc, status=DENIED).decode()
        check("wants credentials" in said and "--auth-file" in said, said)
        for text in ("bearer:s3cret-token\n", "s3cret-token", "basic:someone:pass:word\r\n"):
            secret.write_text(text)
            secret.chmod(0o600)
            world.berth.run("add", file, "--to", world.rpc, "--auth-file", secret)
        world.berth.run("add", file, "--to", world.rpc, BERTH_CONTENT_AUTH=str(secret))
        secret.write_text("bearer:s3cret-other")
        said = world.berth.run("add", file, "--to", world.rpc, "--auth-file", secret, status=DENIED).decode()
        check("doesn't take these credentials" in said and "s3cret" not in said, said)
        secret.chmod(0o640)
        said = world.berth.run("add", file, "--to", world.rpc, "--auth-file", secret, status=DENIED).decode()
        check("chmod 600" in said, said)
        secret.chmod(0o600)
        secret.write_text("two words")
        said = world.berth.run("add", file, "--to", world.rpc, "--auth-file", secret, status=INVALID).decode()
        check("bearer:TOKEN" in said and "two words" not in said, said)
        said = world.berth.run("add", file, "--to", "http://192.0.2.1:5001", "--auth-file", secret, "--plain-http", status=INVALID).decode()
        secret.write_text("fine")
        said = world.berth.run("add", file, "--to", "http://192.0.2.1:5001", "--auth-file", secret, "--plain-http", status=DENIED).decode()
        check("https" in said, said)
    finally:
        world.stop()
        world.kubo.run("config", "--json", "API.Authorizations", "{}")
        world.start()


class Relay:
    """TLS in front of a port of this machine, as proxies stand before kubo's RPC, which has none."""

    def __init__(self, certificate, port):
        self.context, self.to = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), port
        self.context.load_cert_chain(certificate.chain, certificate.key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            with contextlib.suppress(OSError):
                client = self.context.wrap_socket(self.listener.accept()[0], server_side=True)
                server = socket.create_connection(("127.0.0.1", self.to))
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self.copy, args=ends, daemon=True).start()
            if self.listener.fileno() < 0:
                return

    @staticmethod
    def copy(one, other):
        with contextlib.suppress(OSError):
            while piece := one.recv(1 << 16):
                other.sendall(piece)
            other.shutdown(socket.SHUT_WR)


@case
def a_node_behind_tls_gets_it_from_who_trusts_it(world):
    certificate = certificates.Certificate(world.root, "node", of_server=True)
    relay = Relay(certificate, int(world.rpc.rsplit(":", 1)[1]))
    try:
        secret = world.root / "secret"
        secret.write_text("bearer:whatever")
        secret.chmod(0o600)
        cid = world.berth.run("add", world.tree, "--chunk", "300KiB", "--to", relay.url, "--ca", certificate.chain, "--auth-file", secret).decode().strip()
        check(cid in world.pinned(), "it isn't there")
        said = world.berth.run("pin", cid, "--to", relay.url, status=UNAVAILABLE).decode()
        check("certificate" in said.lower(), said)
    finally:
        relay.listener.close()


@case
def memory_stays_flat(world):
    large = world.root / "large"
    with open(large, "wb") as out:
        chance = random.Random(1)
        for _ in range(256):
            out.write(chance.randbytes(1 << 20))
    cid = world.berth.run("add", large).decode().strip()
    large.unlink()
    process = world.berth.start("pin", cid, "--to", world.rpc)
    _, status, used = os.wait4(process.pid, 0)
    check(status == 0 and cid in world.pinned(), process.stderr.read())
    check(world.no_rss or used.ru_maxrss < 64 << 10, f"{used.ru_maxrss >> 10} MiB")
    print(f"     256 MiB handed over within {used.ru_maxrss >> 10} MiB of memory")


# Nodes that aren't as they should be.

VERSION = b'{"Version":"0.42.0"}'


def pieces(handler):
    """Those of a request's body, as they come; nothing more once it is broken off."""
    while True:
        size = int(handler.rfile.readline() or b"0", 16)
        yield handler.rfile.read(size)
        handler.rfile.readline()
        if size == 0:
            return


class Node:
    """A node of the tests' own: `answer` deals with a request to import."""

    def __init__(self, answer, version=lambda handler: handler.give(200, VERSION)):
        self.whole = None

        def dag_import(handler):
            handler.wfile.flush()
            handler.close_connection = True
            answer(handler)

        def read_all(handler):
            got = b"".join(pieces(handler))
            self.whole = got.endswith(b"--\r\n")
            return got

        self.read_all = read_all
        self.gateway = Gateway({}, {"/api/v0/version": version, "/api/v0/dag/import": dag_import, "/api/v0/pin/add": lambda handler: handler.give(500, b"")})

    def __enter__(self):
        self.gateway.__enter__()
        return self

    def __exit__(self, *how):
        self.gateway.__exit__(*how)

    @property
    def url(self):
        return self.gateway.url


def fails(world, node, *needles, status=UNAVAILABLE, patience="20s"):
    """Handing over ends in time, with an error that says each of these, and which node it was."""
    began = time.monotonic()
    said = world.berth.run("add", world.tree, "--to", node.url, "--patience", patience, status=status).decode()
    check(time.monotonic() - began < 19, f"it took {time.monotonic() - began:.0f} s")
    for needle in (*needles, node.url.removeprefix("http://")):
        check(needle in said, f"{needle!r} isn't said: {said}")
    check(len(said) < 1500, f"{len(said)} characters are said")
    return said


def cid_of(world):
    return world.berth.run("add", world.tree, "--only-hash").decode().strip()


def lines(*entries):
    return b"".join(json.dumps(entry).encode() + b"\n" for entry in entries)


@case
def an_answer_that_says_something_else_is_none(world):
    cid = cid_of(world)
    [made] = world.berth.json("add", world.tree, "--to", world.rpc)
    blocks = made["handed"]["blocks"]
    root = {"Root": {"Cid": {"/": cid}, "PinErrorMsg": ""}}
    stats = {"Stats": {"BlockCount": blocks, "BlockBytesCount": 1}}
    answers = [
        (lines(root, stats), None),
        (lines({"Root": {"Cid": {"/": cid}, "PinErrorMsg": "no room\x1b[31m left"}}, stats), "can't pin"),
        (lines({"Root": {"Cid": {"/": "bafkqaaa"}, "PinErrorMsg": ""}}, stats), "'bafkqaaa' and not"),
        (lines({"Root": {"Cid": 7}}, stats), "and not"),
        (lines({"Root": 7}, stats), "nothing of the root"),
        (lines(root, {"Stats": {"BlockCount": blocks - 1}}), f"{blocks - 1} of {blocks} blocks"),
        (lines(root, {"Stats": {"BlockCount": -5}}), f"0 of {blocks} blocks"),
        (lines(stats), "nothing of the root"),
        (lines(root), "doesn't say how many blocks"),
        (lines(root, {"Stats": 7}), "doesn't say how many blocks"),
        (b"", "nothing of the root"),
        (b"<html>\x1b[31m" + b"x" * 5000, "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (lines(root) + b"\xff\xfe", "is no JSON"),
        (b"x" * (2 << 20), "longer than"),
    ]
    for body, needle in answers:
        def answer(handler, body=body):
            node.read_all(handler)
            handler.give(200, body)

        with Node(answer) as node:
            if needle is None:
                world.berth.run("add", world.tree, "--to", node.url)
            else:
                said = fails(world, node, needle, cid, status=124 if "longer" in needle else UNAVAILABLE)
                check("\x1b" not in said, "it may write to the terminal")
            check(node.whole, "a part was sent")


@case
def a_node_that_answers_without_reading_is_not_believed(world):
    """Also where all was made meanwhile, and only waits to go: more than the system's buffers have (some 4 MB here), and no
    more than they and berth's own have together."""
    file = world.root / "unread"
    file.write_bytes(random.Random(5).randbytes(7_000_000))
    [made] = world.berth.json("add", file, "--to", world.rpc)
    body = lines({"Root": {"Cid": {"/": made["cid"]}, "PinErrorMsg": ""}}, {"Stats": {"BlockCount": made["handed"]["blocks"]}})
    over = threading.Event()

    def answer(handler):
        # What is made is in front of the connection by then.
        time.sleep(1)
        handler.give(200, body)
        over.wait(20)

    with Node(answer) as node:
        node.gateway.server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
        said = world.berth.run("pin", made["cid"], "--to", node.url, status=UNAVAILABLE).decode()
        check("before everything was sent" in said, said)
        over.set()


@case
def an_error_that_is_said_behind_the_answer_counts(world):
    root = {"Root": {"Cid": {"/": cid_of(world)}, "PinErrorMsg": ""}}

    def answer(handler):
        node.read_all(handler)
        body = lines(root)
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTrailer: X-Stream-Error\r\nTransfer-Encoding: chunked\r\n\r\n")
        handler.wfile.write(b"%x\r\n%s\r\n0\r\nX-Stream-Error: the disk is full\r\n\r\n" % (len(body), body))

    with Node(answer) as node:
        fails(world, node, "broke off", "the disk is full")


@case
def an_error_of_the_node_is_told_as_it_says_it(world):
    def answer(handler):
        node.read_all(handler)
        handler.give(500, json.dumps({"Message": "import failed: no space left on device", "Code": 0, "Type": "error"}).encode())

    with Node(answer) as node:
        fails(world, node, "no space left on device")
        check(len(node.gateway.asked) == 2, f"it was tried again: {node.gateway.asked}")

    def early(handler):
        next(pieces(handler))
        handler.give(507, b"the quota is used up")

    with Node(early) as node:
        fails(world, node, "507", "the quota is used up")


@case
def a_node_that_goes_or_stalls_midway_is_named(world):
    def dies(handler):
        handler.rfile.read(1 << 20)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        handler.connection.close()

    def takes_nothing(handler):
        over.wait(20)

    def never_answers(handler):
        node.read_all(handler)
        over.wait(20)

    def stops_within_its_answer(handler):
        node.read_all(handler)
        handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"Root"')
        over.wait(20)

    def cut_off(handler):
        node.read_all(handler)
        handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"Root"')

    for answer in (dies, takes_nothing, never_answers, stops_within_its_answer, cut_off):
        over = threading.Event()
        with Node(answer) as node:
            said = fails(world, node, "content pin", patience="1s")
            check("1000 ms" in said or answer in (dies, cut_off), said)
            over.set()
    with Node(None, version=lambda handler: over.wait(20)) as node:
        over = threading.Event()
        fails(world, node, "1000 ms", patience="1s")
        over.set()


@case
def who_is_no_node_is_told_apart(world):
    for status, body, needle in ((404, b"404 page not found", "port 5001"), (200, b"<html>hello</html>", "port 5001"), (200, b'{"Version":7}', "port 5001"),
                                 (405, b"405 - Method Not Allowed", "405"), (307, b"", "307")):  # fmt: skip
        with Node(None, version=lambda handler, status=status, body=body: handler.give(status, body, location="http://127.0.0.1:9/")) as node:
            fails(world, node, needle)
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    said = world.berth.run("add", world.tree, "--to", f"http://127.0.0.1:{silent.getsockname()[1]}", status=UNAVAILABLE).decode()
    check("no connection" in said, said)
    for url in ("127.0.0.1:5001", "http://", "http://user:w0rd@127.0.0.1:5001", "user:w0rd@127.0.0.1:5001", "https://h?token=w0rd", "https://user:w0rd?w0rd@h", "ftp://x"):
        said = world.berth.run("add", world.tree, "--to", url, status=DENIED if "ftp" in url else INVALID).decode()
        check("w0rd" not in said, f"a secret is shown: {said}")
        check("user" not in url or "127.0.0.1:5001' is no node" in said or "?" in url, said)
    said = world.berth.run("add", world.tree, "--to", "http://192.0.2.1:5001", status=DENIED).decode()
    check("plain HTTP" in said, said)
    world.berth.run("add", world.tree, "--to", world.rpc, "--only-hash", status=INVALID)
    world.berth.run("add", world.tree, "--auth-file", "secret", status=INVALID)
    unnamed, before = world.root / "unnamed", world.berth.blocks()
    unnamed.write_bytes(b"what gets no such name")
    said = world.berth.run("add", unnamed, "--to", world.rpc, "--name", "n" * 256, status=INVALID).decode()
    check("255" in said and world.berth.blocks() == before, f"it was stored first: {said}")
    world.berth.run("add", world.tree / "hello", "--to", world.rpc, "--name", "n" * 255)


@case
def what_lacks_here_is_said_and_the_node_never_gets_an_end(world):
    [made] = world.berth.json("add", world.tree, "--chunk", "200KiB")
    lost = world.berth.json("stat", f"{made['cid']}/hello")["cid"]
    [block] = [path for path in world.berth.blocks() if path.read_bytes() == b"hello\n"]
    block.rename(world.root / "aside")
    ended = threading.Event()

    def answer(handler):
        try:
            node.read_all(handler)
        except (ValueError, ConnectionError):
            node.whole = False
        ended.set()

    try:
        with Node(answer) as node:
            said = world.berth.run("pin", made["cid"], "--to", node.url, "--offline", status=NOT_FOUND).decode()
            check(lost in said, said)
            check(ended.wait(20) and node.whole is False, "it was given an end")
    finally:
        (world.root / "aside").rename(block)


# Services.


def serviced(world, service, more="", token=TOKEN):
    """Names it in content.toml."""
    config = world.berth.root / "config"
    config.mkdir(exist_ok=True)
    (config / "content.toml").write_text(f'gateways = []\nrouting = []\n{more}[services.test]\nurl = "{service.endpoint}"\ntoken_file = "test.token"\n')
    secret = config / "test.token"
    secret.write_text(token)
    secret.chmod(0o600)


def at_service(world, *words, **more):
    return world.berth.run(*words, "--service", "test", **more).decode()


@case
def a_service_is_asked_listed_and_asked_no_more(world):
    cid = world.berth.run("add", world.tree).decode().strip()
    sub = world.berth.json("stat", f"{cid}/sub")["cid"]
    with Service() as service:
        serviced(world, service)
        check(at_service(world, "pin") == "it keeps nothing for you\n", "it has something")
        [pin] = json.loads(at_service(world, "pin", cid, "--name", "the tree & more", "--json"))
        check((pin["cid"], pin["status"], pin["name"]) == (cid, "pinned", "the tree & more") and pin["delegates"], pin)
        check(service.bodies == [{"cid": cid, "name": "the tree & more"}], service.bodies)
        at_service(world, "pin", cid)
        check(len(service.pins) == 1, "it was asked twice for the same")
        nowhere = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
        at_service(world, "pin", nowhere)  # it may be anywhere: a service looks for it
        at_service(world, "unpin", nowhere)
        at_service(world, "pin", cid, "--name", "another", f"{cid}/sub")
        check([body["cid"] for body in service.bodies[2:]] == [cid, sub], service.bodies)
        listed = at_service(world, "pin").splitlines()
        check(len(listed) == 3 and listed[0].startswith(f"{sub}  pinned") and listed[2].endswith("the tree & more"), listed)
        check(len(json.loads(at_service(world, "pin", "--name", "another", "--json"))) == 2, "by its name")
        [gone] = json.loads(at_service(world, "unpin", cid, "--json"))
        check(len(gone["requests"]) == 2 and [pin["pin"]["cid"] for pin in service.pins] == [sub], service.pins)
        said = at_service(world, "unpin", cid, status=NOT_FOUND)
        check("isn't pinned at 'test'" in said, said)
    check(all("/psa/pins" in path for path in service.asked), service.asked)


@case
def kubo_and_berth_see_the_same_at_a_service(world):
    """The tests' service is as kubo's client of such services takes it, and what the one does the other sees."""
    cid, other = (world.berth.run("add", world.tree / name).decode().strip() for name in ("hello", "sub"))
    with Service() as service:
        serviced(world, service)
        world.kubo.run("pin", "remote", "service", "add", "test", service.endpoint, TOKEN)
        try:
            at_service(world, "pin", cid, "--name", "by berth")
            world.kubo.run("pin", "remote", "add", "--service=test", "--name=by kubo", "--background", other)
            listed = world.kubo.run("pin", "remote", "ls", "--service=test", "--status=queued,pinning,pinned,failed").decode()
            check(all(word in listed for word in (cid, other, "by berth", "by kubo")), listed)
            seen = {pin["cid"]: pin["name"] for pin in json.loads(at_service(world, "pin", "--json"))}
            check(seen == {cid: "by berth", other: "by kubo"}, seen)
            at_service(world, "unpin", other)
            world.kubo.run("pin", "remote", "rm", "--service=test", f"--cid={cid}")
            check(service.pins == [], service.pins)
        finally:
            world.kubo.run("pin", "remote", "service", "rm", "test")


@case
def a_pin_is_waited_for(world):
    cid, other = (world.berth.run("add", world.tree / name).decode().strip() for name in ("hello", "sub"))
    with Service(course=("queued", "queued", "pinning", "pinned")) as service:
        serviced(world, service)
        check(" queued " in at_service(world, "pin", other), "it wasn't to be waited for")
        [pin, before] = json.loads(at_service(world, "pin", cid, other, "--wait", "1m", "--json"))
        check(pin["status"] == before["status"] == "pinned", f"{pin} {before}")
    with Service(course=("queued", "pinning", "failed")) as service:
        serviced(world, service)
        said = at_service(world, "pin", cid, "--wait", "1m", status=UNAVAILABLE)
        check("can't keep" in said and "the DAG is too large" in said and "\x1b" not in said, said)
        at_service(world, "pin", cid, status=0)
        check(len(service.pins) == 2, "what failed is asked for again")
    with Service(course=("queued", "pinning")) as service:
        serviced(world, service)
        began = time.monotonic()
        said = at_service(world, "pin", cid, "--wait", "1s", status=124)
        check("pinning after 1" in said and 1 <= time.monotonic() - began < 10, said)
        check(len(service.pins) == 1, "it is left as it is")
    world.berth.run("pin", cid, "--wait", "1s", status=INVALID)


@case
def a_service_that_hangs_or_fails_for_a_while_is_waited_for_no_longer_than_asked(world):
    cid = world.berth.run("add", world.tree / "hello").decode().strip()
    over = threading.Event()
    with Service(course=("queued", "pinned")) as service:
        serviced(world, service)
        service.routes = {"/psa/pins/": lambda _: over.wait(30), **service.routes}
        began = time.monotonic()
        said = at_service(world, "pin", cid, "--wait", "1s", status=124)
        check("queued after 1" in said and time.monotonic() - began < 4, f"{time.monotonic() - began:.1f} s: {said}")
        over.set()
    with Service(course=("queued", "pinned")) as service:
        serviced(world, service)
        failures = [503, 500, 429, 503]

        def looks(handler):
            if failures:
                return handler.give(failures.pop(), b"", retry_after=25)
            service.deal(handler)

        service.routes = {"/psa/pins/": looks, **service.routes}
        [pin] = json.loads(at_service(world, "pin", cid, "--wait", "1m", "--json"))
        check(pin["status"] == "pinned" and not failures, f"{pin} {failures}")


@case
def a_service_may_take_its_time_to_answer(world):
    cid = world.berth.run("add", world.tree / "hello").decode().strip()
    with Service() as service:
        serviced(world, service)

        def slowly(handler):
            if handler.command == "POST":
                time.sleep(6)
            service.deal(handler)

        service.routes["/psa/pins"] = slowly
        check(" pinned " in at_service(world, "pin", cid) and len(service.pins) == 1, service.pins)


@case
def what_a_service_says_is_bounded(world):
    long = "\u00fc" * 5000
    pin = {"requestid": "r", "status": "pinned", "created": long, "pin": {"cid": long, "name": "n" + long}, "delegates": [long] * 30, "info": {long: long, "status_details": long}}
    with Service() as service:
        serviced(world, service)
        service.routes["/psa/pins"] = lambda handler: service.give(handler, 200, {"count": 1, "results": [pin]})
        [shown] = json.loads(at_service(world, "pin", "--json"))
        kept = [shown["created"], shown["cid"], shown["name"], *shown["delegates"], *shown["info"]]
        check(len(shown["delegates"]) == 20 and len(shown["info"]) == 2, "other members")
        check(all(0 < len(text.encode()) <= 1024 for text in kept), [len(text) for text in kept])
        check(all(0 < len(text.encode()) <= 4096 for text in shown["info"].values()), "what it says")
        check(len(at_service(world, "pin")) < 5000, "a long line")
    with Service() as service:
        serviced(world, service)

        def endless(handler):
            number = len(service.asked)
            one = {**pin, "delegates": [], "info": {}, "requestid": f"r{number}", "created": f"{9999 - number}-01-01T00:00:00Z", "pin": {"cid": "bafkqaaa", "name": "n" * (7 << 20)}}
            service.give(handler, 200, {"count": 10, "results": [one]})

        service.routes["/psa/pins"] = endless
        said = at_service(world, "pin", status=124)
        check("its list goes on after 1" in said and len(service.asked) < 25, f"{len(service.asked)} pages: {said}")


class Turncoat:
    """Answers TLS with a way to the same place without it, and notes what it is told there."""

    def __init__(self, certificate):
        self.context, self.told = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
        self.context.load_cert_chain(certificate.chain, certificate.key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.place = f"localhost:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while self.listener.fileno() >= 0:
            with contextlib.suppress(OSError):
                client, _ = self.listener.accept()
                client.settimeout(20)
                secure = client.recv(1, socket.MSG_PEEK) == b"\x16"
                with self.context.wrap_socket(client, server_side=True) if secure else client as line:
                    head = b""
                    while b"\r\n\r\n" not in head and (piece := line.recv(1 << 16)):
                        head += piece
                    if not secure:
                        self.told.append(head)
                    answer = b"302 Found\r\nLocation: http://%s/psa/pins" % self.place.encode() if secure else b"200 OK"
                    line.sendall(b"HTTP/1.1 " + answer + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


@case
def no_redirect_brings_a_secret_from_tls_to_plain_http(world):
    certificate = certificates.Certificate(world.root, "turncoat", of_server=True)
    service = Turncoat(certificate)
    service.endpoint = f"https://{service.place}/psa"
    try:
        serviced(world, service)
        for more in ((), ("--plain-http",)):
            said = at_service(world, "pin", "--ca", certificate.chain, *more, status=DENIED)
            check("it leads from https://" in said and service.told == [], f"{said} {service.told}")
    finally:
        service.listener.close()


@case
def a_long_list_comes_in_pages(world):
    cid = world.berth.run("add", world.tree / "hello").decode().strip()
    with Service(page=7) as service:
        serviced(world, service)
        at_service(world, "pin", cid, "--name", "one")
        for number in range(30):
            service.pins.append({**service.pins[0], "requestid": f"r{number}", "created": f"2999-01-01T00:00:{number:02}.5Z", "pin": {"cid": cid, "name": f"n{number}"}})
        listed = json.loads(at_service(world, "pin", "--json"))
        check([pin["name"] for pin in listed] == [f"n{number}" for number in reversed(range(30))] + ["one"], listed)
        at_service(world, "unpin", cid)
        check(service.pins == [], service.pins)


@case
def where_this_machine_is_reached_is_told_to_services(world):
    cid = world.berth.run("add", world.tree / "hello").decode().strip()
    with Service() as service:
        serviced(world, service, 'address = "https://content.example.com"\n')
        at_service(world, "pin", cid)
        check(service.bodies == [{"cid": cid, "origins": ["/dns/content.example.com/tcp/443/tls/http"]}], service.bodies)


@case
def a_service_that_refuses_or_lies_is_named(world):
    cid = world.berth.run("add", world.tree / "hello").decode().strip()
    with Service() as service:
        serviced(world, service, token="another")
        said = at_service(world, "pin", cid, status=DENIED)
        check("'test'" in said and "UNAUTHORIZED" in said and "token_file" in said and "another" not in said, said)
        (world.berth.root / "config/test.token").chmod(0o644)
        check("chmod 600" in at_service(world, "pin", cid, status=DENIED), "others could read the token")
        (world.berth.root / "config/test.token").unlink()
        check("test.token" in at_service(world, "pin", cid, status=NOT_FOUND), "there is no token")
        said = world.berth.run("pin", cid, "--service", "tset", status=INVALID).decode()
        check("did you mean 'test'" in said, said)
        said = world.berth.run("pin", cid, "--service", "test", "--to", world.rpc, status=INVALID).decode()
        check("two places" in said, said)
        serviced(world, service)
        check("255" in at_service(world, "pin", cid, "--name", "n" * 256, status=INVALID), "a long name")
    good = {"requestid": "r", "status": "pinned", "created": "2026-01-01T00:00:00Z", "pin": {"cid": cid}, "delegates": []}
    lists = [(500, b"", "500"), (409, b'{"error":{"reason":"INSUFFICIENT_FUNDS","details":"top up"}}', "INSUFFICIENT_FUNDS: top up"), (200, b"<html>", "no list of pins"),
             (200, b'{"count":1,"results":[{}]}', "no pin"), (200, json.dumps({"count": 1, "results": [{**good, "status": "fine"}]}).encode(), "no pin"),
             (200, json.dumps({"count": 1, "results": [{**good, "requestid": ""}]}).encode(), "no pin"), (200, b"[" * 100_000, "no list of pins"),
             (200, json.dumps({"count": 9, "results": [good]}).encode(), "again and again"), (200, json.dumps({"count": 9, "results": [{**good, "created": ""}]}).encode(), "again and again"),
             (302, b"", "302"), (200, b"x" * (9 << 20), "longer than")]  # fmt: skip
    for status, body, needle in lists:
        with Service() as service:
            serviced(world, service)
            service.routes["/psa/pins"] = lambda handler, status=status, body=body: handler.give(status, body)
            said = at_service(world, "pin", status=124 if "longer" in needle else UNAVAILABLE)
            check(needle in said and "'test'" in said, f"{needle!r} isn't said: {said}")
    another = json.dumps({**good, "pin": {"cid": "bafkqaaa"}}).encode()
    for answer in (b"<html>", b"{}", json.dumps({**good, "pin": {}}).encode(), another, json.dumps({**good, "pin": {"cid": "none"}}).encode()):
        with Service() as service:
            serviced(world, service)
            deal = service.deal
            service.routes["/psa/pins"] = lambda handler, answer=answer, deal=deal: handler.give(202, answer) if handler.command == "POST" else deal(handler)
            said = at_service(world, "pin", cid, status=UNAVAILABLE)
            check("no pin" in said or "no such pin" in said, said)
    with Service(course=("queued",)) as service:
        serviced(world, service)
        service.routes = {"/psa/pins/": lambda handler: handler.give(200, json.dumps({**service.pins[0], "pin": {"cid": "bafkqaaa"}}).encode()), **service.routes}
        # It may be another one's; it is asked again until there is an answer.
        said = at_service(world, "pin", cid, "--wait", "1s", status=124)
        check("no such pin" in said, said)
    with Service() as service:
        serviced(world, service)
        deal = service.deal
        service.routes["/psa/pins"] = lambda handler: handler.give(503, b"") if handler.command == "POST" else deal(handler)
        at_service(world, "pin", cid, status=UNAVAILABLE)
        check(len(service.asked) == 2, f"it was asked again, and may have it twice: {service.asked}")
    serviced(world, service)
    config = world.berth.root / "config/content.toml"
    config.write_text(config.read_text().replace("127.0.0.1", "192.0.2.1"))
    said = at_service(world, "pin", cid, "--plain-http", status=DENIED)
    check("https" in said, said)


if __name__ == "__main__":
    sys.exit(main())
