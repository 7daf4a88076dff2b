#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""berth content serve as clients see it: held against kubo's own gateway on the same content, request by request (status,
blocks and their order, bytes, the headers that count); and what it must never do: give away what isn't below the CIDs that
were named, take a part for the whole, keep a thread for a client that takes nothing. The status is 0 when all of it held."""

import argparse
import base64
import hashlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from urllib.parse import quote, unquote

from tools import PLACE, Berth, Kubo, check, run_all

CAR = "application/vnd.ipld.car"
RAW = "application/vnd.ipld.raw"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", required=True, type=lambda text: Path(text).resolve())
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=PLACE) as root:
        content = Content(asked.berth, Path(root))
        cases = (agrees, caches, ranges, refuses, files, listing, named_alone, missing_block, slow_client, goes_away, bombs, many, heads, http2, names, whom, scrubs)
        failed = run_all((case.__name__, partial(case, content)) for case in cases)
        content.close()
    print(f"{'all' if not failed else failed} {'held' if not failed else 'failed'}")
    return 1 if failed else 0


class Content:
    """The same trees in kubo and in berth, and the gateways of both."""

    def __init__(self, binary, root):
        chance = random.Random(7)
        self.root = root
        tree = root / "tree"
        (tree / "sub").mkdir(parents=True)
        (tree / "site").mkdir()
        (tree / "wide").mkdir()
        (tree / "ascii.txt").write_bytes(b"hello\n")
        (tree / "copy.txt").write_bytes(b"hello\n")
        (tree / "sub" / "many.bin").write_bytes(chance.randbytes(5 * 1000 + 7))
        (tree / "sub" / "ü & <x>.txt").write_bytes("größe\n".encode())
        (tree / "site" / "index.html").write_bytes(b"<!DOCTYPE html><p>site")
        (tree / "empty").write_bytes(b"")
        for number in range(300):
            (tree / "wide" / f"a name that takes its room, for the directory to be sharded {number:04}").write_bytes(b"%d" % number)
        self.tree = tree
        self.kubo = Kubo(root)
        self.kubo.run("config", "--json", "Import.UnixFSHAMTDirectorySizeThreshold", '"8KiB"')
        self.root_cid = self.kubo.run("add", "-rQ", "--cid-version=1", "--chunker=size-1000", tree).decode().strip()
        document = {"files": {"one": {"/": self.root_cid}}, "list": [1, {"/": self.root_cid}]}
        self.document = self.kubo.run("dag", "put", "--store-codec", "dag-cbor", "--input-codec", "dag-json", input=json.dumps(document).encode()).decode().strip()
        self.as_json = self.kubo.run("dag", "put", "--store-codec", "dag-json", "--input-codec", "dag-json", input=json.dumps(document).encode()).decode().strip()
        self.many = self.cid_of("sub/many.bin")
        self.hello = self.cid_of("ascii.txt")
        self.berth = Berth(binary, root)
        # Blocks are damaged and mended here while it serves.
        self.berth.configure('verify = "never"\n')
        for cid in (self.document, self.as_json):
            self.berth.run("import", "-", input=self.kubo.run("dag", "export", cid))
        for name, value in (("NoFetch", "true"), ("DeserializedResponses", "true")):
            self.kubo.run("config", "--json", f"Gateway.{name}", value)
        self.daemon, self.kubo_port, _ = self.kubo.daemon()
        self.server, self.port = self.serve("--all")

    def cid_of(self, path):
        return self.kubo.run("resolve", f"/ipfs/{self.root_cid}/{path}").decode().strip().split("/")[2]

    def serve(self, *words, log=False):
        more = [] if log else ["--access-log", "off"]
        server = self.berth.start("serve", "--addr", "127.0.0.1:0", "--json", *more, *words)
        line = server.stdout.readline()
        check(line, f"no server: {server.stderr.read().decode()}" if not line else "")
        return server, int(json.loads(line)["address"].rsplit(":", 1)[1])

    def close(self):
        for process in (self.server, self.daemon):
            process.send_signal(signal.SIGTERM)
        for process in (self.server, self.daemon):
            process.wait(timeout=60)


class Answer:
    def __init__(self, port, target, headers=None, method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request(method, target, headers=headers or {})
        response = connection.getresponse()
        self.status, self.headers = response.status, response.headers
        try:
            self.body, self.whole = response.read(), True
        except http.client.IncompleteRead as error:
            self.body, self.whole = error.partial, False
        connection.close()

    def blocks(self):
        """The CIDs of a CAR's blocks, as they come."""
        return car_blocks(self.body)


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at


def car_blocks(data):
    length, at = varint(data, 0)
    at += length
    cids = []
    while at < len(data):
        length, at = varint(data, at)
        end = at + length
        check(end <= len(data), "the CAR is cut off")
        begin = at
        if data[at : at + 2] == b"\x12\x20":
            at += 34
        else:
            for _ in range(3):
                _, at = varint(data, at)
            size, at = varint(data, at)
            at += size
        cids.append(data[begin:at])
        at = end
    return cids


# Headers that both have to say alike, and those that are there in both or in neither.
ALIKE = ["content-type", "accept-ranges"]


def agrees(content):
    """Each form of each path, each scope and range, in each way to ask for it."""
    root, many, document = content.root_cid, content.many, content.document
    name = quote("a name that takes its room, for the directory to be sharded 0123")
    asks = [(f"/ipfs/{cid}?format=raw", {}) for cid in (root, many, content.hello, document)]
    asks += [(f"/ipfs/{root}/sub?format=raw", {}), (f"/ipfs/{many}", {"Accept": RAW}), ("/ipfs/bafkqaaa?format=raw", {}), ("/ipfs/bafkqaaa?format=car", {})]
    paths = [root, f"{root}/sub", f"{root}/sub/many.bin", f"{root}/ascii.txt", f"{root}/wide", f"{root}/wide/{name}", f"{root}/empty", many,
             document, f"{document}/files/one/sub/many.bin", f"{document}/list/1/ascii.txt", f"{content.as_json}/files/one"]  # fmt: skip
    for path in paths:
        for scope in ("", "&dag-scope=block", "&dag-scope=entity", "&dag-scope=all"):
            for dups in ("", "&car-dups=y", "&car-dups=n"):
                asks.append((f"/ipfs/{path}?format=car{scope}{dups}", {}))
    for span in ("0:0", "0:*", "999:1000", "1000:1999", "512:-256", "-5:*", "-9999:*", "-9999:-3", "4999:9999", "0:-1", "5006:5006"):
        asks.append((f"/ipfs/{many}?format=car&dag-scope=entity&entity-bytes={span}", {}))
        asks.append((f"/ipfs/{root}/sub/many.bin?format=car&dag-scope=entity&entity-bytes={span}", {}))
    asks += [(f"/ipfs/{root}", {"Accept": f"{CAR}; version=1; order=dfs; dups={dups}"}) for dups in "yn"]
    asks += [(f"/ipfs/{many}?format=car&dag-scope={scope}&entity-bytes=0:9", {}) for scope in ("all", "block")]
    asks += [(f"/ipfs/{cid}", {"Accept": f"{CAR}; dups={dups}"}) for dups in "yn" for cid in ("bafkqaf3imvwgy3zaneqgc3janfxgy2lomvscay3jmqfa", "bafkqaaa")]
    asks += [(f"/ipfs/{many}", {"Accept": accept}) for accept in (f"text/html, {RAW}", f"*/*, {CAR}", f"{CAR}; version=2", f"{CAR}; order=bfs", f"{CAR}; dups=x")]
    asks += [(f"/ipfs/{many}?format={form}&filename=%D1%82%D0%B5.{form}", {"Accept": accept}) for form in ("raw", "car") for accept in (RAW, CAR)]
    asks += [(f"/ipfs/{root}", {"Accept": f"{CAR}; version=1; order=unk"}), (f"/ipfs/{root}?format=car", {"Accept": f"{CAR}; order=dfs; dups=y"})]
    asks += [(f"/ipfs/{path}", {}) for path in (many, f"{root}/ascii.txt", f"{root}/site/", f"{root}/site/index.html")]
    asks += [("/ipfs/bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy?format=raw", {}), ("/ipfs/nonsense?format=raw", {}),
             (f"/ipfs/{root}?format=car&dag-scope=x", {}), (f"/ipfs/{root}?format=car&entity-bytes=x", {}), (f"/ipfs/{root}?format=car&car-version=2", {})]  # fmt: skip
    for target, headers in asks:
        ours, theirs = Answer(content.port, target, headers), Answer(content.kubo_port, target, headers)
        about = f"{target} {headers}"
        check(ours.whole and theirs.whole, f"{about}: cut off")
        check(ours.status == theirs.status, f"{about}: {ours.status}, kubo {theirs.status} {theirs.body[:200]}")
        if ours.status != 200:
            continue
        if "car" in ours.headers["content-type"]:
            order = ours.blocks(), theirs.blocks()
            check(order[0] == order[1], f"{about}: {len(order[0])} blocks, kubo {len(order[1])}")
        else:
            check(ours.body == theirs.body, f"{about}: other bytes")
            check(ours.headers["content-length"] == str(len(theirs.body)), f"{about}: its length")
        for header in ALIKE:
            values = [answer.headers[header] for answer in (ours, theirs)]
            if "text/html" in str(values):  # a charset isn't said each time
                values = [value.split(";")[0] for value in values]
            check(values[0] == values[1], f"{about}: {header}: {values[0]}, kubo {values[1]}")
        if "filename=%D1" in target:
            check(ours.headers["content-disposition"] == theirs.headers["content-disposition"], f"{about}: {ours.headers['content-disposition']}")
        # Kubo writes names as they are, whatever is in them.
        check(unquote(ours.headers["x-ipfs-path"]) == theirs.headers["x-ipfs-path"], f"{about}: {ours.headers['x-ipfs-path']}, kubo {theirs.headers['x-ipfs-path']}")
        for header in ("etag", "cache-control", "x-ipfs-roots"):
            check(bool(ours.headers[header]) == bool(theirs.headers[header]), f"{about}: {header}: {ours.headers[header]}, kubo {theirs.headers[header]}")
        if not target.split("?")[0].endswith("/site/"):
            check(ours.headers["x-ipfs-roots"] == theirs.headers["x-ipfs-roots"], f"{about}: {ours.headers['x-ipfs-roots']}, kubo {theirs.headers['x-ipfs-roots']}")
        check(ours.headers["x-content-type-options"] == "nosniff", f"{about}: browsers may guess")
        check(ours.headers["access-control-allow-origin"] == "*", f"{about}: not for other origins")
    print(f"     {len(asks)} requests answered as kubo does")


def caches(content):
    tags = set()
    for target in (f"/ipfs/{content.many}", f"/ipfs/{content.many}?format=raw", f"/ipfs/{content.many}?format=car", f"/ipfs/{content.many}?format=car&dag-scope=block",
                   f"/ipfs/{content.many}?format=car&entity-bytes=0:5", f"/ipfs/{content.many}?format=car&entity-bytes=0:6", f"/ipfs/{content.many}?format=car&car-dups=y",
                   f"/ipfs/{content.root_cid}/sub/?filename=x"):  # fmt: skip
        first = Answer(content.port, target)
        tag = first.headers["etag"]
        check(tag and tag not in tags, f"{target}: the tag {tag} is another answer's")
        tags.add(tag)
        for said in (tag, f'"other", {tag}', "*", f"W/{tag}" if not tag.startswith("W/") else tag[2:]):
            again = Answer(content.port, target, {"If-None-Match": said})
            check(again.status == 304 and not again.body and again.headers["etag"] == tag, f"{target} {said}: {again.status}")
        check(Answer(content.port, target, {"If-None-Match": '"other"'}).status == 200, f"{target}: another tag")
        check("immutable" in first.headers["cache-control"] and "public" in first.headers["cache-control"], f"{target}: {first.headers['cache-control']}")
    there, gone = f"/ipfs/{content.many}?format=raw", "/ipfs/bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy?format=raw"
    only = {"Cache-Control": "only-if-cached"}
    check(Answer(content.port, there, only).status == 200, "what is there isn't given")
    check(Answer(content.port, gone, only).status == 412, "what isn't there is no 412")
    for form in ("raw", "car"):
        absent = Answer(content.port, gone.replace("raw", form), {"If-None-Match": "*"})
        check(absent.status == 404, f"what isn't there is the same: {absent.status}")
    by_header = Answer(content.port, f"/ipfs/{content.many}", {"Accept": RAW})
    check(by_header.headers["vary"] == "Accept" and by_header.headers["content-location"] == f"/ipfs/{content.many}?format=raw", "a cache mixes forms up")


def ranges(content):
    whole = (content.tree / "sub/many.bin").read_bytes()
    target = f"/ipfs/{content.root_cid}/sub/many.bin"
    tag = Answer(content.port, target).headers["etag"]
    for said, begin, end in (("0-0", 0, 1), ("999-1000", 999, 1001), ("5000-", 5000, 5007), ("-7", 5000, 5007), ("0-99999", 0, 5007), ("-99999", 0, 5007)):
        for more in ({}, {"If-Range": tag}):
            part = Answer(content.port, target, {"Range": f"bytes={said}", **more})
            check(part.status == 206 and part.body == whole[begin:end], f"{said}: {part.status}, {len(part.body)} bytes")
            check(part.headers["content-range"] == f"bytes {begin}-{end - 1}/{len(whole)}", f"{said}: {part.headers['content-range']}")
    check(Answer(content.port, target, {"Range": "bytes=0-0", "If-Range": '"other"'}).body == whole, "a range of another version")
    beyond = Answer(content.port, target, {"Range": "bytes=5007-"})
    check(beyond.status == 416 and beyond.headers["content-range"] == "bytes */5007", f"beyond the end: {beyond.status}")
    check(Answer(content.port, target, {"Range": "bytes=0-0,5-6"}).body == whole, "several ranges are given as all")
    raw = Answer(content.port, f"/ipfs/{content.hello}?format=raw", {"Range": "bytes=1-2"})
    check(raw.status == 206 and raw.body == b"el", "a part of a block")


def refuses(content):
    """What is refused, by which number; each is a line for a person."""
    for method, target, headers, status in (
        ("PUT", f"/ipfs/{content.many}", {}, 405), ("POST", f"/ipfs/{content.many}?format=raw", {}, 405), ("GET", "/", {}, 404), ("GET", "/api/v0/add", {}, 404),
        ("GET", "/ipfs/", {}, 400), ("GET", f"/ipfs/{content.root_cid}/%zz", {}, 400), ("GET", f"/ipfs/{content.root_cid}?format=tar", {}, 400),
        ("GET", f"/ipfs/{content.root_cid}", {"Accept": "application/x-tar"}, 406), ("GET", f"/ipns/{content.root_cid}?format=ipns-record", {}, 404),
        ("GET", f"/ipfs/{content.document}", {}, 406), ("GET", f"/ipfs/{content.root_cid}/none?format=car", {}, 404), ("GET", "/ipfs/" + "a" * 4000, {}, 400), ("GET", f"/ipfs/{content.root_cid}" + "/a" * 300, {}, 400)):  # fmt: skip
        answer = Answer(content.port, target, headers, method)
        check(answer.status == status, f"{method} {target[:80]} {headers}: {answer.status}, not {status}: {answer.body[:200]}")
        check(answer.headers["content-type"].startswith("text/plain") and answer.body.count(b"\n") == 1, f"{target[:80]}: {answer.body[:200]}")
    options = Answer(content.port, f"/ipfs/{content.many}", {"Origin": "https://a.example"}, "OPTIONS")
    check(options.status == 204 and "Range" in options.headers["access-control-allow-headers"], "OPTIONS")
    with socket.create_connection(("127.0.0.1", content.port)) as client:  # as it is, in no percents
        client.sendall(f"GET /ipfs/{content.root_cid}/sub/ü%20&%20%3Cx%3E.txt HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
        said = client.makefile("rb").read()
        check(said.startswith(b"HTTP/1.1 200") and "größe".encode() in said and b"%C3%BC" in said, said[:300].decode())
    name = Answer(content.port, f"/ipfs/{content.hello}?format=raw&filename=a%22%0D%0Ax:%20y.bin")
    check(name.headers["x"] is None and name.headers["content-disposition"].startswith('attachment; filename="a___x: y.bin"'), "a name as a header")


def files(content):
    for name, kind in (("ascii.txt", "text/plain; charset=utf-8"), ("site/index.html", "text/html; charset=utf-8"), ("sub/many.bin", "application/octet-stream")):
        answer = Answer(content.port, f"/ipfs/{content.root_cid}/{name}")
        check(answer.headers["content-type"] == kind, f"{name}: {answer.headers['content-type']}")
        check(answer.headers["content-security-policy"].startswith("sandbox"), f"{name}: a page of somebody's may do what it wants")
    kept = Answer(content.port, f"/ipfs/{content.hello}?download=true&filename=h.txt")
    check(kept.headers["content-disposition"] == 'attachment; filename="h.txt"', kept.headers["content-disposition"])
    server, port = content.serve("--all", "--trustless")
    try:
        check(Answer(port, f"/ipfs/{content.hello}").status == 406, "a file that can't be checked")
        check(Answer(port, f"/ipfs/{content.hello}?format=raw").body == b"hello\n", "a block")
    finally:
        stop(server)


def listing(content):
    moved = Answer(content.port, f"/ipfs/{content.root_cid}/sub")
    check(moved.status == 301 and moved.headers["location"] == f"/ipfs/{content.root_cid}/sub/", f"{moved.status}")
    moved = Answer(content.port, f"/ipfs/{content.root_cid}/sub?filename=x")
    check(moved.headers["location"] == f"/ipfs/{content.root_cid}/sub/?filename=x", "the query is lost")
    page = Answer(content.port, f"/ipfs/{content.root_cid}/sub/").body.decode()
    check("many.bin" in page and "<x>" not in page and "%C3%BC%20%26%20%3Cx%3E.txt" in page.replace("&amp;", "&"), page)
    check(Answer(content.port, f"/ipfs/{content.root_cid}/site/").body.startswith(b"<!DOCTYPE html><p>site"), "a site's own page")
    wide = Answer(content.port, f"/ipfs/{content.root_cid}/wide/").body
    check(wide.count(b"<tr>") == 301, f"{wide.count(b'<tr>')} lines of a sharded directory")


def named_alone(content):
    """Only what is below a CID that was named; the rest isn't there."""
    server, port = content.serve(f"{content.root_cid}/sub")
    try:
        check(Answer(port, f"/ipfs/{content.many}?format=raw").status == 200, "what was named isn't there")
        for other in (content.hello, content.root_cid, content.document):
            for form in ("?format=raw", "?format=car", ""):
                check(Answer(port, f"/ipfs/{other}{form}").status == 404, f"{other}{form} was not named")
            check(Answer(port, f"/ipfs/{other}?format=raw", {"Cache-Control": "only-if-cached"}).status == 412, "whether it is there is told")
    finally:
        stop(server)
    refused = content.berth.run("serve", "--addr", "0.0.0.0:0", status=120)
    check(b"--all" in refused, refused.decode())
    gone = content.berth.run("serve", "--addr", "127.0.0.1:0", "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy", status=122)
    check(b"isn't" in gone or b"not" in gone, gone.decode())


def missing_block(content):
    """A CAR that can't be ended breaks off: its client can't take it for whole."""
    leaf = content.kubo.run("refs", content.many).decode().split()[3]
    path = next(path for path in content.berth.blocks() if is_block(path, leaf))
    bytes_ = path.read_bytes()
    try:
        path.unlink()
        for target in (f"/ipfs/{content.many}?format=car", f"/ipfs/{content.many}"):
            answer = Answer(content.port, target)
            check(answer.status == 404 and leaf in answer.body.decode(), f"{target}: {answer.status}: what is small is looked at before")
        check(Answer(content.port, f"/ipfs/{leaf}?format=raw").status == 404, "a block that isn't there")
        check(Answer(content.port, f"/ipfs/{content.many}?format=car&entity-bytes=0:999").whole, "a range that doesn't need it")
        path.write_bytes(bytes_[:-1] + bytes([bytes_[-1] ^ 1]))
        answer = Answer(content.port, f"/ipfs/{leaf}?format=raw")
        check(answer.status == 500 and bytes_[:20] not in answer.body, f"a damaged block: {answer.status}")
    finally:
        path.write_bytes(bytes_)
    check(Answer(content.port, f"/ipfs/{content.many}").whole, "mended")
    cid = large(content)
    last = links(content, cid)[-1]
    path = next(path for path in content.berth.blocks() if is_block(path, last))
    bytes_ = path.read_bytes()
    path.unlink()
    try:
        for target in (f"/ipfs/{cid}?format=car", f"/ipfs/{cid}"):
            answer = Answer(content.port, target)
            check(answer.status == 200 and not answer.whole, f"{target}: a part is taken for the whole")
    finally:
        path.write_bytes(bytes_)


def links(content, cid):
    """Those of a node, by kubo."""
    block = content.berth.run("get", "--raw", cid)
    content.kubo.run("block", "put", "--cid-codec=dag-pb", input=block)
    return [link["Hash"]["/"] for link in json.loads(content.kubo.run("dag", "get", cid))["Links"]]


def is_block(path, leaf):
    raw = base64.b32decode(leaf[1:].upper() + "=" * (-len(leaf[1:]) % 8))
    return path.name == base64.b32encode(raw[2:]).decode().lower().rstrip("=")


def large(content):
    """A file that no socket takes at once."""
    path = content.root / "large"
    if not path.exists():
        path.write_bytes(os.urandom(24 << 20))
    return content.berth.run("add", path).decode().split()[0]


def slow_client(content):
    """Clients that take nothing keep no thread of it for longer than they may."""
    cid = large(content)
    server, port = content.serve("--all", "--at-once", "2", "--idle-timeout", "1s")
    waiting = []
    try:
        for _ in range(4):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", port))
            client.sendall(f"GET /ipfs/{cid}?format=car HTTP/1.1\r\nhost: x\r\n\r\n".encode())
            waiting.append(client)
        time.sleep(1)
        began = time.monotonic()
        answer = Answer(port, f"/ipfs/{content.hello}?format=raw")
        check(answer.body == b"hello\n", f"{answer.status}")
        check(time.monotonic() - began < 20, "who takes nothing holds up all others")
    finally:
        for client in waiting:
            client.close()
        stop(server)


def goes_away(content):
    """A client that goes in the middle gives its thread back at once."""
    cid = large(content)
    server, port = content.serve("--all", "--at-once", "1", "--idle-timeout", "60s")
    try:
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(f"GET /ipfs/{cid} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
                client.recv(1000)
        began = time.monotonic()
        check(Answer(port, f"/ipfs/{content.hello}").body == b"hello\n", "other bytes")
        check(time.monotonic() - began < 10, "its thread waits for nobody")
    finally:
        stop(server)


def bombs(content):
    """A file of 17 blocks that says it has 16 to the 16th bytes: its blocks are told once, and who goes away ends it."""
    leaf = cid_of(0x55, b"x")
    car = section(leaf, b"x")
    size, below, below_cid = 1, 1, leaf
    for _ in range(14):
        links = b"".join(field(2, field(1, below_cid) + field(2, b"") + number(3, below)) for _ in range(16))
        about = number(1, 2) + number(3, size * 16) + b"".join(number(4, size) for _ in range(16))
        node = links + field(1, about)
        size, below, below_cid = size * 16, below * 16 + len(node), cid_of(0x70, node)
        car += section(below_cid, node)
    header = b"\xa2eroots\x81\xd8*X%\x00" + below_cid + b"gversion\x01"
    content.berth.run("import", "-", input=leb(len(header)) + header + car)
    name = "b" + base64.b32encode(below_cid).decode().lower().rstrip("=")
    server, port = content.serve("--all", "--at-once", "1")
    try:
        for scope in ("entity", "all"):
            check(len(Answer(port, f"/ipfs/{name}?format=car&dag-scope={scope}").blocks()) == 15, f"{scope}: its blocks")
        for form in ("?format=car&dag-scope=entity&car-dups=y", "?format=car&car-dups=y", ""):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(f"GET /ipfs/{name}{form} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
                time.sleep(0.5)
            began = time.monotonic()
            check(Answer(port, f"/ipfs/{content.hello}?format=raw").status == 200, f"{form}: it goes on for nobody")
            check(time.monotonic() - began < 10, f"{form}: it goes on for nobody")
    finally:
        stop(server)


def leb(value):
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def field(tag, data):
    return bytes([tag << 3 | 2]) + leb(len(data)) + data


def number(tag, value):
    return bytes([tag << 3]) + leb(value)


def cid_of(codec, data):
    return bytes([1, codec, 0x12, 0x20]) + hashlib.sha256(data).digest()


def section(cid, data):
    return leb(len(cid) + len(data)) + cid + data


def http2(content):
    """By HTTP/2: heads, bodies, and what breaks off."""
    url = f"http://127.0.0.1:{content.port}/ipfs/"

    def curl(target, *words):
        return subprocess.run(["curl", "-sS", "--http2-prior-knowledge", *words, url + target], capture_output=True, timeout=60)

    head = curl(content.many, "-I").stdout.decode().lower()
    check("content-length: 5007" in head and "http/2 200" in head, head)
    check(curl(f"{content.root_cid}/sub/many.bin").stdout == (content.tree / "sub/many.bin").read_bytes(), "other bytes")
    cid = large(content)
    check(curl(cid).stdout == (content.root / "large").read_bytes(), "other bytes of a large one")
    path = next(path for path in content.berth.blocks() if is_block(path, links(content, cid)[-1]))
    bytes_ = path.read_bytes()
    path.unlink()
    try:
        check(curl(f"{cid}?format=car").returncode != 0, "a part is taken for the whole")
    finally:
        path.write_bytes(bytes_)
    check(curl(content.many, "-X", "OPTIONS", "-i").stdout.startswith(b"HTTP/2 204"), "OPTIONS")


def many(content):
    """Requests at once: each gets its own bytes."""
    cid = large(content)
    whole = (content.root / "large").read_bytes()
    wrong = []

    def ask(number):
        begin = number * 77_777
        answer = Answer(content.port, f"/ipfs/{cid}", {"Range": f"bytes={begin}-{begin + 999_999}"})
        if answer.body != whole[begin : begin + 1_000_000]:
            wrong.append((number, answer.status))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(not wrong, f"{wrong}")
    used = Path(f"/proc/{content.server.pid}/status").read_text()
    most = int(next(line for line in used.splitlines() if line.startswith("VmHWM")).split()[1])
    check(most < 200 << 10, f"{most >> 10} MiB")


def heads(content):
    for target in (f"/ipfs/{content.many}", f"/ipfs/{content.many}?format=raw", f"/ipfs/{content.many}?format=car", "/ipfs/bafkqaaa?format=raw"):
        head, whole = Answer(content.port, target, method="HEAD"), Answer(content.port, target)
        check(head.status == 200 and not head.body, f"{target}: {head.status}")
        for name in ("content-type", "etag", "cache-control", "content-length"):
            check(head.headers[name] == whole.headers[name], f"{target}: {name}: {head.headers[name]}, {whole.headers[name]}")
    check(Answer(content.port, "/ipfs/bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy", method="HEAD").status == 404, "HEAD of nothing")


def names(content):
    """A name whose record is here leads on as it does in kubo; one whose record was spoilt isn't there."""
    name = content.kubo.run("name", "publish", "--allow-offline", "-Q", f"/ipfs/{content.root_cid}").decode().strip()
    record = Answer(content.kubo_port, f"/ipns/{name}?format=ipns-record")
    check(record.status == 200, f"kubo: {record.status}")
    kept = content.root / "state/ipns" / name
    check(Answer(content.port, f"/ipns/{name}?format=ipns-record").status == 404, "a record that isn't here")
    brought = content.root / f"{name}.ipns-record"
    brought.write_bytes(record.body[:-1] + bytes([record.body[-1] ^ 1]))
    content.berth.run("import", brought, status=120)
    check(not kept.exists(), "a record that nobody signed is kept")
    brought.write_bytes(record.body)
    one, both = content.berth.json("import", brought), content.berth.run("import", brought, "/nowhere.ipns-record", brought, status=120)
    check(one[0]["name"] == name and one[0]["value"] == f"/ipfs/{content.root_cid}", f"{one}")
    check(b"nowhere" in both, f"{both}")
    ours = Answer(content.port, f"/ipns/{name}?format=ipns-record")
    check(ours.status == 200 and ours.body == record.body, f"{ours.status} {ours.body[:200]}")
    check(ours.headers["content-type"] == record.headers["content-type"] and ours.headers["cache-control"] == record.headers["cache-control"], f"{ours.headers} {record.headers}")
    check(Answer(content.port, f"/ipns/{name}/ascii.txt").body == b"hello\n", "a path below a name")
    car = Answer(content.port, f"/ipns/{name}/sub?format=car")
    check(car.blocks() == Answer(content.kubo_port, f"/ipns/{name}/sub?format=car").blocks(), "a CAR below a name")
    check("immutable" not in car.headers["cache-control"], "what a name leads to changes")
    server, port = content.serve(content.hello)
    try:
        check(Answer(port, f"/ipns/{name}?format=ipns-record").status == 404, "a name of what isn't given away")
    finally:
        stop(server)
    kept.write_bytes(record.body[:-1] + bytes([record.body[-1] ^ 1]))
    check(Answer(content.port, f"/ipns/{name}/ascii.txt").status == 404, "a record that nobody signed")


def whom(content):
    """Its log says who asked for what; kubo reads what it gives away."""
    server, port = content.serve("--all", log=True)
    try:
        car = Answer(port, f"/ipfs/{content.root_cid}?format=car").body
        with tempfile.TemporaryDirectory(dir=PLACE) as root:
            other = Kubo(root)
            other.run("dag", "import", input=car)
            other.run("get", "-o", Path(root) / "out", content.root_cid)
            check((Path(root) / "out/sub/many.bin").read_bytes() == (content.tree / "sub/many.bin").read_bytes(), "other bytes")
    finally:
        stop(server)
    line = json.loads(server.stdout.readline())
    check(line["status"] == 200 and "format=car" in line["path"] and line["sent_bytes"] == len(car), f"{line}")


def scrubs(content):
    """A server finds what the disk has lost by itself, and takes it away; an owner may not want that."""
    for verify, found in (("720h", True), ("never", False)):
        with tempfile.TemporaryDirectory(dir=content.root) as root:
            berth = Berth(content.berth.binary, Path(root))
            berth.configure(f'verify = "{verify}"\n')
            berth.run("add", "-", input=b"a block that is lost")
            path = next(iter(berth.blocks()))
            path.chmod(0o600)
            path.write_bytes(b"a block that is lust")
            server = berth.start("serve", "--addr", "127.0.0.1:0", "--all")
            server.stdout.readline()
            deadline = time.monotonic() + (20 if found else 2)
            while path.exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            check(path.exists() != found, f"{verify}: it is {'there' if found else 'gone'}")
            stop(server)
            said = server.stderr.read().decode()
            check((path.name in said) == found, f"{verify}: {said}")


def stop(server):
    server.send_signal(signal.SIGTERM)
    check(server.wait(timeout=60) == 0, "it doesn't end well")


if __name__ == "__main__":
    sys.exit(main())
