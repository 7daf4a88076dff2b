# SPDX-License-Identifier: Apache-2.0
"""A gateway whose answers are changed: /NUMBER/ipfs/… has the same change each time. RULES says by kind what has to be said
of it."""

import hashlib
import random

import dag
from gateway import CAR, RAW, Gateway

NONE_OR_CUT = "no CAR|truncated|another hash|another block|nobody asked|wrong roots|the block|its header|came or went|known"
RULES = {
    "flipped in a block": "another hash",
    "flipped anywhere": NONE_OR_CUT,
    "flipped in the header": NONE_OR_CUT,
    "swapped": "another block than was asked for",
    "missing": "another block than was asked for|truncated",
    "extra in the middle": "another block than was asked for",
    "extra at the end": "nobody asked for",
    "reordered": "another block than was asked for",
    "twice": "another block than was asked for|nobody asked for",
    "in a circle": "nobody asked for",
    "oversized": "bytes follow|are the most",
    "wrong root": "wrong roots",
    "wrong length": NONE_OR_CUT,
    "cut by the connection": "closed|connection|truncated|incomplete|end of file|reset",
    "cut at its end": "truncated",
    "cut within a length said": "closed|connection|truncated|incomplete|end of file|reset",
    "endless bytes": "no CAR|another hash|another block|nobody asked",
    "other type": "wrong content-type",
    "other order": "in the order",
    "compressed": "compressed",
    "within CIDs": "another block than was asked for",
    "other bytes as a block": "another hash",
    "nothing": "truncated|no CAR",
    "text": "no CAR|wrong content-type",
}
KINDS = sorted(RULES)


def kind_of(number):
    return KINDS[number % len(KINDS)]


def raw(data):
    return b"\x01\x55\x12\x20" + hashlib.sha256(data).digest()


class Mutating(Gateway):
    def answer(self, handler, ask):
        number = int(ask.prefix.strip("/"))
        chance, kind = random.Random(number), kind_of(number)
        if ask.kind == "raw":
            return self.block(handler, ask, kind, chance)
        head, *sections = list(self.pieces(ask))
        cids = self.blocks.wanted(ask.root, ask.names, ask.scope, ask.begin, ask.end)
        method = getattr(self, "change_" + kind.replace(" ", "_"))
        # Of a resumed answer there may be too little to change.
        method(handler, chance, head, sections, cids)

    def block(self, handler, ask, kind, chance):
        data = self.blocks.get(ask.root)
        if kind == "other bytes as a block":
            at = chance.randrange(len(data))
            return handler.give(200, data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :], content_type=RAW)
        if chance.random() < 0.5:
            return handler.give(404)
        handler.give(200, data, content_type=RAW)

    def send(self, handler, pieces, **headers):
        self.stream(handler, pieces, **headers)

    def change_flipped_in_a_block(self, handler, chance, head, sections, cids):
        at = chance.randrange(len(sections))
        data = bytearray(sections[at])
        data[-1 - chance.randrange(min(len(data) - 45, 15))] ^= 1 << chance.randrange(8)
        sections[at] = bytes(data)
        self.send(handler, [head, *sections])

    def flip(self, data, begin, end, chance):
        data = bytearray(data)
        data[chance.randrange(begin, end)] ^= 1 << chance.randrange(8)
        return [bytes(data)]

    def change_flipped_anywhere(self, handler, chance, head, sections, cids):
        whole = head + b"".join(sections)
        self.send(handler, self.flip(whole, len(head), len(whole), chance))

    def change_flipped_in_the_header(self, handler, chance, head, sections, cids):
        self.send(handler, self.flip(head, 0, len(head), chance) + sections)

    def change_swapped(self, handler, chance, head, sections, cids):
        one, other = chance.sample(range(len(sections)), 2)
        sections[one], sections[other] = sections[other], sections[one]
        self.send(handler, [head, *sections])

    def change_missing(self, handler, chance, head, sections, cids):
        del sections[chance.randrange(len(sections))]
        self.send(handler, [head, *sections])

    def change_extra_in_the_middle(self, handler, chance, head, sections, cids):
        data = chance.randbytes(50)
        sections.insert(chance.randrange(len(sections)), dag.section(raw(data), data))
        self.send(handler, [head, *sections])

    def change_extra_at_the_end(self, handler, chance, head, sections, cids):
        data = chance.randbytes(50)
        self.send(handler, [head, *sections, dag.section(raw(data), data)])

    def change_reordered(self, handler, chance, head, sections, cids):
        before = list(sections)
        while sections == before:
            chance.shuffle(sections)
        self.send(handler, [head, *sections])

    def change_twice(self, handler, chance, head, sections, cids):
        at = chance.randrange(len(sections))
        sections.insert(at, sections[at])
        self.send(handler, [head, *sections])

    def change_in_a_circle(self, handler, chance, head, sections, cids):
        self.send(handler, [head, *(sections * 20)])

    def change_oversized(self, handler, chance, head, sections, cids):
        data = bytes((2 << 20) + 1 + chance.randrange(1 << 16))
        sections.insert(chance.randrange(len(sections)), dag.section(raw(data), data))
        self.send(handler, [head, *sections])

    def change_wrong_root(self, handler, chance, head, sections, cids):
        self.send(handler, [dag.header([raw(chance.randbytes(9))]), *sections])

    def change_wrong_length(self, handler, chance, head, sections, cids):
        at = chance.randrange(len(sections))
        length, behind = dag.read_varint(sections[at], 0)
        other = chance.choice([0, length - 1, length + 1, 1 << 40, (1 << 63) - 1])
        sections[at] = dag.varint(other) + sections[at][behind:]
        self.send(handler, [head, *sections])

    def change_cut_by_the_connection(self, handler, chance, head, sections, cids):
        whole = head + b"".join(sections)
        end = chance.randrange(len(whole))

        def some():
            yield whole[:end] or b"\x3a"
            handler.wfile.flush()
            handler.close_connection = True
            handler.connection.shutdown(2)
            raise ConnectionError

        self.send(handler, some())

    def change_cut_at_its_end(self, handler, chance, head, sections, cids):
        whole = head + b"".join(sections)
        self.send(handler, [whole[: chance.randrange(len(head) + 1, len(whole))]])

    def change_cut_within_a_length_said(self, handler, chance, head, sections, cids):
        whole = head + b"".join(sections)
        handler.close_connection = True
        handler.give(200, whole[: chance.randrange(len(whole))], content_type=CAR, content_length=len(whole))

    def change_endless_bytes(self, handler, chance, head, sections, cids):
        def endless():
            yield head
            yield from sections[: chance.randrange(len(sections))]
            while True:
                yield chance.randbytes(1 << 16)

        self.send(handler, endless())

    def change_other_type(self, handler, chance, head, sections, cids):
        kind = chance.choice(["text/html", "application/octet-stream", RAW, "", "application/vnd.ipld.carx"])
        self.send(handler, [head, *sections], **{"content-type": kind})

    def change_other_order(self, handler, chance, head, sections, cids):
        self.send(handler, [head, *sections], **{"content-type": "application/vnd.ipld.car; version=1; order=unk; dups=n"})

    def change_compressed(self, handler, chance, head, sections, cids):
        self.send(handler, [head, *sections], **{"content-encoding": "gzip"})

    def change_within_CIDs(self, handler, chance, head, sections, cids):
        data = chance.randbytes(20)
        inner = dag.section(b"\x01\x55\x00" + bytes([len(data)]) + data, data)
        sections.insert(chance.randrange(1, len(sections)), inner * chance.randrange(1, 2000))
        self.send(handler, [head, *sections])

    def change_other_bytes_as_a_block(self, handler, chance, head, sections, cids):
        handler.give(406)

    def change_nothing(self, handler, chance, head, sections, cids):
        self.send(handler, [head] if chance.random() < 0.5 else [])

    def change_text(self, handler, chance, head, sections, cids):
        self.send(handler, [b"<html>It works</html>"], **{"content-type": chance.choice(["text/html", CAR])})
