#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Abuses berth serve by its connections while a good client asks: it must be answered, in little memory.

Each case is one function and has a server of its own, as in run.py. `beside` is the good client: what holds for it holds
for all others.
"""

import contextlib
import resource
import socket
import ssl
import sys
import threading
import time

import frames
from certificates import Certificate, connect, context
from frames import CONTINUATION, DATA, END_HEADERS, HEADERS, PING, RST_STREAM, SETTINGS, frame
from run import Cases, check, main
from seen import Seen, until

cases = Cases()
HELLO = b"hello from a module\n"
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
FLOOD_SECONDS = 3
PLACES = 4000
FEW_MIB = 48
LEAST_ANSWERS = 20


class Good:
    """A client that asks on, each time by a new connection, from the `with` to its end."""

    def __init__(self, server, made):
        self.server, self.made = server, made
        self.answered, self.longest, self.failed, self.most_mib = 0, 0.0, None, 0.0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.go_on, daemon=True)

    def ask(self):
        client = connect(self.server, self.made) if self.made else self.server.connect()
        with client:
            client.settimeout(20)
            client.sendall(GET)
            got = b""
            while HELLO not in got:
                piece = client.recv(65536)
                check(piece, f"its connection ends after {got}")
                got += piece

    def go_on(self):
        try:
            # Some of it also after what was over at once.
            while self.answered < LEAST_ANSWERS or not self.over.is_set():
                begin = time.monotonic()
                self.ask()
                self.longest = max(self.longest, time.monotonic() - begin)
                self.most_mib = max(self.most_mib, self.server.resident_mib())
                self.answered += 1
                self.over.wait(0.02)
        except (OSError, AssertionError) as error:
            self.failed = error


@contextlib.contextmanager
def beside(machine, server, certificate=None, most_mib=FEW_MIB):
    made = context(certificate) if certificate else None
    good = Good(server, made)
    good.ask()
    before = server.resident_mib()
    good.thread.start()
    try:
        yield good
    finally:
        good.over.set()
        good.thread.join()
    check(good.failed is None, f"the good client isn't answered: {good.failed!r}")
    good.ask()
    grown = max(good.most_mib, server.resident_mib()) - before
    print(f"     {good.answered} good requests, the slowest took {good.longest:.2f} s; {grown:.0f} MiB more")
    check(good.longest < 10, "the good client is kept waiting")
    check(machine.asked.no_rss or grown < most_mib, f"{before:.0f} MiB became {before + grown:.0f}")


def flood(client, pieces, most_bytes=256 << 20, seconds=FLOOD_SECONDS):
    """Sends them while the server takes them. Whether it has cut the client off, and what it said."""
    client.settimeout(0.5)
    end, sent, said = time.monotonic() + seconds, 0, b""
    for piece in pieces:
        if time.monotonic() > end or sent > most_bytes:
            return False, said
        try:
            client.sendall(piece)
        except TimeoutError:
            continue
        except OSError:
            return True, said
        sent += len(piece)
        with contextlib.suppress(OSError):
            client.setblocking(False)
            said += client.recv(1 << 20)
        client.settimeout(0.5)
    return False, said


def until_closed(client, seconds):
    """Whether the server lets go of it in time."""
    client.settimeout(seconds)
    try:
        while client.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def many(count, connection):
    """So many connections, with room for their files."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, max(count + 200, 1024)), most))
    return [connection() for _ in range(count)]


def odd():
    """Streams that a client opens."""
    return range(1, 1 << 30, 2)


@cases.case
def a_handshake_that_stalls_costs_a_connection(machine):
    own = Certificate(machine.root, "own")
    with machine.serve(*own.options(), "--head-timeout", "2s", "--max-connections", "60") as server:
        with beside(machine, server, own):
            begin, half = time.monotonic(), hello(own)[:60]
            silent = [server.connect() for _ in range(20)]
            stalled = [server.connect() for _ in range(20)]
            for client in stalled:
                client.sendall(half)
            check(all(until_closed(client, 20) for client in silent + stalled), "it is kept for ever")
            check(1 < time.monotonic() - begin < 15, f"it takes {time.monotonic() - begin} s")
        held = [server.connect() for _ in range(60)]
        time.sleep(0.5)
        check(until_closed(server.connect(), 1), "handshakes aren't counted as connections")
        for client in held:
            client.close()


def hello(certificate):
    """What a client begins TLS with."""
    outgoing = ssl.MemoryBIO()
    made = context(certificate).wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        made.do_handshake()
    return outgoing.read()


@cases.case
def what_is_no_tls_costs_a_connection(machine):
    own = Certificate(machine.root, "own")
    with machine.serve(*own.options(), "--head-timeout", "5s") as server:
        first = hello(own)
        with beside(machine, server, own):
            for data in (
                GET,
                frames.begin(),
                b"\x16\x03\x01\xff\xff" + bytes(70_000),
                first[:5] + bytes(len(first) - 5),
                first + GET * 100,
                b"\x15\x03\x01\x00\x02\x02\x28" * 1000,
                b"\x80\x2e\x01\x00\x02\x00\x15" + bytes(64),
                bytes(100),
            ):
                answer = server.raw(data)
                check(HELLO not in answer and b"HTTP/1.1 200" not in answer, f"{data[:20]}: {answer[:100]}")
            check(server.process.poll() is None, "it has fallen")
            empty = b"\x16\x03\x03\x00\x00" * 1000
            with server.connect() as client:
                check(flood(client, (empty for _ in range(100_000)))[0], "empty records without end")


def slow_heads(machine, certificate):
    options = certificate.options() if certificate else ()
    with machine.serve(*options, "--head-timeout", "3s") as server:
        made = context(certificate) if certificate else None
        with beside(machine, server, certificate):
            clients = many(300, lambda: connect(server, made) if made else server.connect())
            begin, cut = time.monotonic(), 0
            for byte in b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 100:
                for client in clients[:]:
                    try:
                        client.sendall(bytes([byte]))
                    except OSError:
                        clients.remove(client)
                        cut += 1
                if not clients or time.monotonic() - begin > 15:
                    break
                time.sleep(0.2)
            check(cut == 300, f"{300 - cut} of 300 are still there after {time.monotonic() - begin:.1f} s")


@cases.case
def slow_heads_are_let_go(machine):
    slow_heads(machine, None)


@cases.case
def slow_heads_by_tls_are_let_go(machine):
    slow_heads(machine, Certificate(machine.root, "own"))


def half_open(machine, certificate):
    options = certificate.options() if certificate else ()
    beginning = hello(certificate)[:60] if certificate else GET[:10]
    with machine.serve(*options, "--head-timeout", "4s", "--idle-timeout", "4s") as server:
        with beside(machine, server, certificate, most_mib=96):
            clients = many(2000, server.connect)
            for client in clients:
                client.sendall(beginning)
            time.sleep(1)
            check(all(until_closed(client, 20) for client in clients), "some are kept for ever")
            for client in clients:
                client.close()


@cases.case
def two_thousand_half_open_connections_are_let_go(machine):
    half_open(machine, None)


@cases.case
def two_thousand_half_open_handshakes_are_let_go(machine):
    half_open(machine, Certificate(machine.root, "own"))


@cases.case
def streams_that_are_reset_at_once_keep_nobody_waiting(machine):
    with machine.serve() as server:
        with beside(machine, server):
            resets = (b"".join(frames.request(stream + 2 * n) + frame(RST_STREAM, 0, stream + 2 * n, bytes([0, 0, 0, 8]))
                               for n in range(200)) for stream in range(1, 1 << 30, 400))  # fmt: skip
            with server.connect() as client:
                client.sendall(frames.begin())
                check(flood(client, resets)[0], "it goes on resetting")


@cases.case
def streams_that_the_server_must_reset_keep_nobody_waiting(machine):
    with machine.serve() as server:
        with beside(machine, server):
            # A window that grows too large is an error of the stream, which the server then resets.
            most = b"\x7f\xff\xff\xff"
            wrong = (b"".join(frames.request(stream + 2 * n) + frame(frames.WINDOW_UPDATE, 0, stream + 2 * n, most)
                              for n in range(200)) for stream in range(1, 1 << 30, 400))  # fmt: skip
            with server.connect() as client:
                client.sendall(frames.begin())
                check(flood(client, wrong)[0], "it goes on being reset")


@cases.case
def streams_that_are_reset_once_they_run_keep_nobody_waiting(machine):
    with machine.serve() as server:
        with beside(machine, server), server.connect() as client:
            client.sendall(frames.begin())
            client.settimeout(20)
            end, first, rounds = time.monotonic() + FLOOD_SECONDS, 1, 0
            while time.monotonic() < end:
                streams = range(first, first + 200, 2)
                client.sendall(b"".join(frames.request(stream, "/sleep?5000") for stream in streams))
                client.sendall(frame(PING, 0, 0, b"%8d" % rounds))
                got = b""
                while frame(PING, 1, 0, b"%8d" % rounds) not in got:
                    piece = client.recv(65536)
                    check(piece, f"cut off after {rounds} rounds: {got[-60:]}")
                    got += piece
                client.sendall(b"".join(frame(RST_STREAM, 0, stream, bytes([0, 0, 0, 8])) for stream in streams))
                first, rounds = first + 200, rounds + 1
            check(rounds > 3, f"only {rounds} rounds")


@cases.case
def heads_without_end_are_cut_off(machine):
    with machine.serve() as server:
        with beside(machine, server):
            for piece in (b"", frames.field("x", "y"), frames.field("x", "y" * 16_000), b"\x90" * 16_000):
                goes_on = frame(CONTINUATION, 0, 1, piece) * max(1, 16_000 // (9 + len(piece)))
                with server.connect() as client:
                    client.sendall(frames.begin() + frame(HEADERS, 0, 1, frames.head()))
                    check(flood(client, (goes_on for _ in odd()))[0], f"with {piece[:10]}")


@cases.case
def a_small_head_that_unpacks_to_a_large_one_is_refused(machine):
    with machine.serve() as server:
        with beside(machine, server):
            # One field of 4,000 bytes into the table, and then by its number, a byte each: 64 MiB in a frame.
            kept = b"\x40" + frames.text(b"x") + frames.text(b"y" * 4000)
            bombs = (frame(HEADERS, END_HEADERS | frames.END_STREAM, stream, frames.head() + kept + b"\xbe" * 12_000)
                     for stream in odd())  # fmt: skip
            with server.connect() as client:
                client.sendall(frames.begin())
                _, said = flood(client, bombs, most_bytes=4 << 20)
            check(HELLO not in said, "one is answered")


@cases.case
def small_frames_without_end_keep_nobody_waiting(machine):
    with machine.serve() as server:
        with beside(machine, server):
            for piece in (
                frame(PING, 0, 0, bytes(8)),
                frame(SETTINGS, 0, 0),
                frame(SETTINGS, 0, 0, b"\x00\x01\x00\x00\x10\x00" * 100),
                frame(frames.PRIORITY, 0, 1, bytes([0, 0, 0, 0, 9])),
                frame(frames.WINDOW_UPDATE, 0, 0, bytes([0, 0, 0, 1])),
                frame(DATA, 0, 1),
            ):
                with server.connect() as client:
                    client.sendall(frames.begin() + frames.request(1, "/echo", "POST", END_HEADERS))
                    flood(client, (piece * 500 for _ in odd()), seconds=1)


@cases.case
def a_body_without_end_is_cut_off(machine):
    with machine.serve("--max-body", "1MiB", "--idle-timeout", "5s") as server:
        post = b"POST /echo HTTP/1.1\r\nHost: a\r\n"
        with beside(machine, server):
            check(b" 413 " in server.raw(post + b"Content-Length: 99999999999\r\n\r\n"), "one that says its length")
            chunk = b"10000\r\n" + bytes(65536) + b"\r\n"
            with server.connect() as client:
                client.sendall(post + b"Transfer-Encoding: chunked\r\n\r\n")
                cut, _ = flood(client, (chunk for _ in odd()))
                check(cut or until_closed(client, 10), "one in chunks")
            with server.connect() as client:
                client.sendall(frames.begin() + frames.request(1, "/echo", "POST", END_HEADERS))
                _, said = flood(client, (frame(DATA, 0, 1, bytes(16_000)) for _ in odd()))
                check(len(said) < 2 << 20, "more than that came back over HTTP/2")


@cases.case
def more_instances_than_there_are_places_for_keep_nobody_out(machine):
    # The places are those of all modules together: no one module's limit holds this one back.
    with Seen(machine, "--limit", "instances=10000", "--memory", "16GiB", module="web") as server:
        connections, each = 40, 110
        clients = many(connections, server.connect)
        for client in clients:
            requests = (frames.request(stream, "/sleep?600000") for stream in range(1, 2 * each, 2))
            client.sendall(frames.begin() + b"".join(requests))
        # The log has those alone that were turned away.
        entries = server.entries(connections * each - PLACES)
        check({(entry["status"], entry.get("limit")) for entry in entries} == {(503, "places")}, f"{entries[:3]}")
        check(server.process.poll() is None, f"it has fallen: {server.said()}")
        answer = server.raw(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        check(b" 503 " in answer and b"retry-after: 1\r\n" in answer.lower(), f"one more: {answer}")
        for client in clients:
            client.close()
        until(lambda: server.curl("/")[0] == 200, "the places are lost", 60)


def options(parser):
    parser.add_argument("--no-rss", action="store_true", help="without what measures memory")


if __name__ == "__main__":
    sys.exit(main(cases, __doc__, options))
