# SPDX-License-Identifier: Apache-2.0
"""A DNS server whose answers are a script, over UDP and TCP on one port.

The script maps names (lower case, without the final dot; `*.name` for any name below) to an answer, or to a list of
answers: the first query of a type gets the first, the next the second, and the last one stays. A name that isn't in
the script does not exist. An answer is a dict, all of whose keys may be missing:

  A, AAAA    lists of addresses
  CNAME      the name to go on with: its own answer is added where the script has one
  TXT        a list of texts
  ttl        seconds (60)
  rcode      NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP or REFUSED
  silent     true: no answer at all
  delay      seconds before the answer
  truncate   true: over UDP, an empty answer with the flag that says "ask again over TCP"
  tcp_only   true: over UDP, no answer
  udp_only   true: over TCP, the connection is closed without an answer
  padding    so many more records of the name `padding.NAME` behind the answer (a huge answer)
  malformed  one of: short, counts, loop, forward, label, rdlength, garbage, empty, query, id, question, type, cut-tcp
  also       records for names that nobody asked for: {"other.test": {"A": [...]}} (poisoning)
"""

import ipaddress
import random
import socket
import struct
import threading
import time
from contextlib import suppress

from listening import LOOPBACK, bound

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "TXT": 16, "AAAA": 28, "SRV": 33, "HTTPS": 65, "ANY": 255}
TYPE_NAMES = {number: name for name, number in TYPES.items()}
RCODES = {"NOERROR": 0, "FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "NOTIMP": 4, "REFUSED": 5}
MALFORMED = ("short", "counts", "loop", "forward", "label", "rdlength", "garbage", "empty", "query", "id", "question",
             "type", "cut-tcp")  # fmt: skip
KEYS = {"A", "AAAA", "CNAME", "TXT", "ttl", "rcode", "silent", "delay", "truncate", "tcp_only", "udp_only", "padding",
        "malformed", "also"}  # fmt: skip
LONGEST_CHAIN = 64
UDP_BYTES = 512  # more only where the query says so (EDNS)


class DnsServer:
    """Started when it is made. `script` may be changed at any time; `queries` lists (name, type, transport)."""

    def __init__(self, script=None, addresses=LOOPBACK, port=0):
        self.lock = threading.Lock()
        self.counts = {}
        self.queries = []
        self.script = {}
        self.set(script or {})
        for _ in range(50):
            self.datagrams = bound(socket.SOCK_DGRAM, addresses, port)
            self.port = self.datagrams[0].getsockname()[1]
            try:
                self.listeners = bound(socket.SOCK_STREAM, addresses, self.port)
                break
            except OSError:
                for own in self.datagrams:
                    own.close()
                if port:
                    raise
        for own in self.datagrams:
            threading.Thread(target=self.serve_udp, args=(own,), daemon=True).start()
        for listener in self.listeners:
            listener.listen(128)
            threading.Thread(target=self.serve_tcp, args=(listener,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for own in [*self.datagrams, *self.listeners]:
            with suppress(OSError):
                own.shutdown(socket.SHUT_RDWR)
            own.close()

    def describe(self):
        return {"port": self.port}

    def set(self, script):
        """Replaces the script, and forgets what has been asked."""
        for name, answers in script.items():
            for answer in answers if isinstance(answers, list) else [answers]:
                check(name, answer)
        with self.lock:
            self.script = {normal(name): answers for name, answers in script.items()}
            self.counts.clear()
            self.queries.clear()

    def asked(self, name, kind=None):
        """How often the name has been asked for, of one type or of all."""
        with self.lock:
            return sum(1 for query in self.queries if query[0] == normal(name) and kind in (None, query[1]))

    # Inside.

    def serve_udp(self, own):
        while True:
            try:
                query, sender = own.recvfrom(65535)
            except OSError:
                return
            if not sender:
                return  # shut down
            threading.Thread(target=self.answer_udp, args=(own, query, sender), daemon=True).start()

    def answer_udp(self, own, query, sender):
        reply = self.reply(query, "udp")
        if reply is not None:
            with suppress(OSError):
                own.sendto(reply, sender)

    def serve_tcp(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer_tcp, args=(connection,), daemon=True).start()

    def answer_tcp(self, connection):
        with connection, suppress(OSError):
            connection.settimeout(30)
            while head := take(connection, 2):
                query = take(connection, struct.unpack("!H", head)[0])
                reply = self.reply(query, "tcp")
                if reply is None:
                    return
                connection.sendall(struct.pack("!H", min(len(reply), 65535)) + reply[:65535])

    def reply(self, query, transport):
        """The bytes to answer with; None for silence."""
        asked = parse_query(query)
        if asked is None:
            return None
        identity, flags, name, kind, question, room = asked
        with self.lock:
            if len(self.queries) < 100000:
                self.queries.append((name, kind, transport))
        answer = self.pick(name, kind)
        if answer is None:
            return message(identity, flags, question, [], rcode=RCODES["NXDOMAIN"])
        if answer.get("delay"):
            time.sleep(answer["delay"])
        if answer.get("silent") or answer.get(f"{'tcp' if transport == 'udp' else 'udp'}_only"):
            return None
        if answer.get("truncate") and transport == "udp":
            return message(identity, flags, question, [], truncated=True)
        if answer.get("malformed"):
            return malformed(answer["malformed"], identity, flags, question, kind, transport)
        records = self.records(name, kind, answer)
        for other, more in answer.get("also", {}).items():
            records += own_records(normal(other), None, more)
        records += [(f"padding.{name}", "TXT", 60, text("x" * 200)) for _ in range(answer.get("padding", 0))]
        made = message(identity, flags, question, records, rcode=RCODES[answer.get("rcode", "NOERROR")])
        if transport == "udp" and len(made) > room:
            return message(identity, flags, question, [], truncated=True)
        return made

    def pick(self, name, kind):
        """The script's answer for this query of the name and type, or None."""
        with self.lock:
            answers = self.script.get(name)
            below = name
            while answers is None and "." in below:
                below = below.split(".", 1)[1]
                answers = self.script.get(f"*.{below}")
            if answers is None:
                return None
            count = self.counts[(name, kind)] = self.counts.get((name, kind), 0) + 1
        if isinstance(answers, list):
            return answers[min(count, len(answers)) - 1]
        return answers

    def records(self, name, kind, answer):
        """The answer's records, its CNAMEs followed as far as the script knows them."""
        records = []
        for _ in range(LONGEST_CHAIN):
            records += own_records(name, kind, answer)
            target = answer.get("CNAME")
            if target is None:
                break
            name = normal(target)
            answer = self.pick(name, kind)
            if answer is None:
                break
        return records


def check(name, answer):
    unknown = set(answer) - KEYS
    if unknown:
        raise ValueError(f"{name}: an answer has no key {', '.join(sorted(unknown))}")
    if answer.get("malformed") not in (None, *MALFORMED):
        raise ValueError(f"{name}: {answer['malformed']} is no way to malform; there are {', '.join(MALFORMED)}")
    if answer.get("rcode", "NOERROR") not in RCODES:
        raise ValueError(f"{name}: no rcode is called {answer['rcode']}")


def normal(name):
    return name.rstrip(".").lower()


def own_records(name, kind, answer):
    """The records of just this name: (name, type, ttl, data). `kind` None stands for all types."""
    ttl = answer.get("ttl", 60)
    made = []
    if "CNAME" in answer:
        made.append((name, "CNAME", ttl, encode_name(normal(answer["CNAME"]))))
    for version, own in ((4, "A"), (6, "AAAA")):
        if kind in (None, own, "ANY"):
            addresses = answer.get(own, [])
            packed = [ipaddress.ip_address(address) for address in addresses]
            if any(address.version != version for address in packed):
                raise ValueError(f"{name}: {addresses} are no addresses for {own}")
            made += [(name, own, ttl, address.packed) for address in packed]
    if kind in (None, "TXT", "ANY"):
        made += [(name, "TXT", ttl, text(value)) for value in answer.get("TXT", [])]
    return made


def text(value):
    return bytes([len(value)]) + value.encode()


def encode_name(name):
    labels = [label.encode() for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def take(connection, count):
    got = b""
    while len(got) < count:
        more = connection.recv(count - len(got))
        if not more:
            return b""
        got += more
    return got


def parse_query(query):
    """(identity, flags, name, type, question as it came, the room for an answer over UDP), or None."""
    if len(query) < 12:
        return None
    identity, flags, questions, _, _, additional = struct.unpack("!HHHHHH", query[:12])
    if questions != 1 or flags & 0x8000:
        return None
    labels, at = [], 12
    while at < len(query) and query[at]:
        if query[at] > 63:
            return None
        labels.append(query[at + 1 : at + 1 + query[at]].decode("latin-1"))
        at += 1 + query[at]
    if at + 5 > len(query):
        return None
    number = struct.unpack("!H", query[at + 1 : at + 3])[0]
    room = UDP_BYTES
    rest = query[at + 5 :]
    if additional == 1 and len(rest) >= 11 and rest[:3] == b"\0\0\x29":
        room = max(UDP_BYTES, struct.unpack("!H", rest[3:5])[0])
    name = ".".join(labels).lower()
    return identity, flags, name, TYPE_NAMES.get(number, str(number)), query[12 : at + 5], room


def message(identity, flags, question, records, rcode=0, truncated=False, counted=None):
    flags = 0x8400 | (flags & 0x0100) | 0x0080 | rcode | (0x0200 if truncated else 0)
    made = struct.pack("!HHHHHH", identity, flags, 1, len(records) if counted is None else counted, 0, 0) + question
    for name, kind, ttl, data in records:
        made += encode_name(name) + struct.pack("!HHIH", TYPES[kind], 1, ttl, len(data)) + data
    return made


def malformed(way, identity, flags, question, kind, transport):
    loopback = ipaddress.ip_address("127.0.0.1" if kind == "A" else "::1").packed
    number = TYPES.get(kind, 1)
    fixed = struct.pack("!HHIH", number, 1, 60, len(loopback)) + loopback
    start = message(identity, flags, question, [], counted=1)
    at = len(start)
    if way == "short":
        return start[:7]
    if way == "counts":
        return message(identity, flags, question, [], counted=65535)
    if way == "loop":
        return start + struct.pack("!H", 0xC000 | at) + fixed
    if way == "forward":
        return start + struct.pack("!H", 0xC000 | (at + 64)) + fixed
    if way == "label":
        return start + b"\x80abc\0" + fixed
    if way == "rdlength":
        return start + b"\xc0\x0c" + struct.pack("!HHIH", number, 1, 60, 3) + loopback[:3]
    if way == "garbage":
        return random.Random(identity).randbytes(200)
    if way == "empty":
        return b""
    good = start + b"\xc0\x0c" + fixed
    if way == "query":  # not marked as an answer
        return good[:2] + struct.pack("!H", flags & 0x7FFF) + good[4:]
    if way == "id":
        return struct.pack("!H", identity ^ 1) + good[2:]
    if way == "question":  # an answer to another question
        other = encode_name("other.test") + question[-4:]
        return message(identity, flags, other, [("other.test", kind if kind in TYPES else "A", 60, loopback)])
    if way == "type":  # an address of the other family's length
        return start + b"\xc0\x0c" + struct.pack("!HHIH", number, 1, 60, 20 - len(loopback)) + bytes(20 - len(loopback))
    # cut-tcp: over UDP "ask again"; over TCP the answer ends in its middle.
    return good[: len(good) // 2] if transport == "tcp" else message(identity, flags, question, [], truncated=True)
