# SPDX-License-Identifier: Apache-2.0
"""Blocks of a berth's store as a gateway sees them: their links, what belongs to a request, CARs. Just what the tests need,
written apart from berth's own sources."""

import base64
from pathlib import Path

RAW, DAG_PB = 0x55, 0x70


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read_varint(data, at):
    number, shift = 0, 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7


def from_text(text):
    """The bytes of a CID of version 1, in base32."""
    return base64.b32decode(text[1:].upper() + "=" * (-len(text[1:]) % 8))


def to_text(cid):
    return "b" + base64.b32encode(cid).decode().rstrip("=").lower()


def parts(cid):
    """Its codec and its multihash."""
    _, at = read_varint(cid, 0)
    codec, at = read_varint(cid, at)
    return codec, cid[at:]


def fields(data):
    """Number, kind and value of each field of a protobuf message."""
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        if key & 7 == 0:
            value, at = read_varint(data, at)
        else:
            length, at = read_varint(data, at)
            value, at = data[at : at + length], at + length
        yield key >> 3, value


class Node:
    def __init__(self, cid, data):
        self.cid, self.links, self.names, self.sizes, self.type, self.data = cid, [], [], [], 2, data
        if parts(cid)[0] != DAG_PB:
            return
        self.data = b""
        for number, value in fields(data):
            if number == 2:
                link = dict(fields(value))
                self.links.append(link[1])
                self.names.append(link.get(2, b"").decode())
            else:
                for field, inner in fields(value):
                    if field == 1:
                        self.type = inner
                    elif field == 2:
                        self.data = inner
                    elif field == 4:
                        self.sizes.append(inner)


class Blocks:
    """Those of a store's folder, or of anything else that is called by a multihash."""

    def __init__(self, folder=None):
        self.all = {}
        for path in Path(folder).rglob("*") if folder else []:
            if path.is_file():
                self.all[from_text("b" + path.name)] = path.read_bytes()

    def get(self, cid):
        return self.all.get(parts(cid)[1])

    def node(self, cid):
        return Node(cid, self.get(cid))

    def wanted(self, root, names=(), scope="all", begin=0, end=None):
        """The CIDs of a request in their order, each once. KeyError where a name isn't there."""
        order = []
        seen = set()

        def add(cid):
            if cid in seen:
                return False
            seen.add(cid)
            order.append(cid)
            return True

        at = root
        for name in names:
            add(at)
            node = self.node(at)
            at = dict(zip(node.names, node.links))[name]
        if scope == "block":
            add(at)
        elif scope == "entity":
            self.entity(at, begin, end, add)
        else:
            self.below(at, add)
        return order

    def below(self, cid, add):
        if add(cid):
            for link in self.node(cid).links:
                self.below(link, add)

    def entity(self, cid, begin, end, add):
        add(cid)
        node = self.node(cid)
        if node.type != 2:
            return
        at = len(node.data) if node.links else 0
        for link, size in zip(node.links, node.sizes):
            if at + size > begin and (end is None or at < end) and size:
                self.entity(link, max(begin - at, 0), None if end is None else end - at, add)
            at += size


def header(roots):
    links = b"".join(b"\xd8\x2a" + cbor_bytes(b"\x00" + root) for root in roots)
    body = b"\xa2" + b"\x65roots" + bytes([0x80 | len(roots)]) + links + b"\x67version\x01"
    return varint(len(body)) + body


def cbor_bytes(data):
    return (bytes([0x40 | len(data)]) if len(data) < 24 else b"\x58" + bytes([len(data)])) + data


def section(cid, data):
    return varint(len(cid) + len(data)) + cid + data
