#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Has served modules ask servers elsewhere, and counts their connections: one outlives the request that it was made for.

Each case is one function and has a server of its own, as in run.py; the guest's path `/ask?URL` asks. The servers that are
asked are those of tests/net.
"""

import concurrent.futures
import os
import queue
import shutil
import signal
import socket
import sys
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

import frames
from frames import DATA, END_HEADERS, END_STREAM, HEADERS, SETTINGS, frame
from run import Cases, check, main
from seen import until

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "net"))

from servers import Authority, DnsServer, Http2Server, HttpServer, TcpServer, TlsServers  # noqa: E402

cases = Cases()


@contextmanager
def asking(machine, *origins, options=()):
    """A server whose module may ask these."""
    grants = [word for origin in origins for word in ("--grant", f"http.out {origin}/*")]
    with machine.serve(*grants, *options) as server:
        yield server


@cases.both
def fifty_requests_take_few_connections(machine):
    with HttpServer() as upstream:
        origin = f"http://127.0.0.1:{upstream.port}"
        with asking(machine, origin) as server:
            for number in range(50):
                check(server.curl(f"/ask?{origin}/")[0] == 200, f"the request {number}")
            count = int(server.curl(f"/ask?{origin}/connections")[1])
            check(count <= 2, f"{count} connections")


@cases.both
def so_they_do_by_tls(machine):
    with TlsServers() as tls, Http2Server(tls.authority) as two:
        (machine.root / "config").mkdir()
        with DnsServer({"good.test": {"A": ["127.0.0.1"]}}) as dns:
            (machine.root / "config" / "host.toml").write_text(f'dns.servers = ["127.0.0.1:{dns.port}"]\n')
            machine.environment["SSL_CERT_FILE"] = str(tls.authority.trusted)
            for port in (tls.servers["good"].port, two.port):
                origin = f"https://good.test:{port}"
                with asking(machine, origin, options=("--grant", f"socket.out tcp://127.0.0.1:{port}")) as server:  # fmt: skip
                    for number in range(20):
                        check(server.curl(f"/ask?{origin}/")[0] == 200, f"the request {number}: {server.said()}")
                    count = int(server.curl(f"/ask?{origin}/connections")[1])
                    check(count <= 2, f"{count} connections")
                    # One that works for a request is no other instance's.
                    path = f"/ask?{origin}/hold/6"
                    with concurrent.futures.ThreadPoolExecutor(6) as pool:
                        statuses = list(pool.map(lambda _: server.curl(path)[0], range(6)))
                    check(statuses == [200] * 6, f"{statuses}")


@cases.both
def a_body_that_is_half_read_closes_its_connection(machine):
    with HttpServer() as upstream:
        origin = f"http://127.0.0.1:{upstream.port}"
        with asking(machine, origin) as server:
            for _ in range(5):
                with server.connect() as client:
                    client.sendall(f"GET /ask?{origin}/bytes/50000000 HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                    check(b"200 OK" in client.recv(4096), "it begins")
                check(server.curl(f"/ask?{origin}/bytes/1000") == (200, bytes(1000)), "the next one")
            before = int(server.curl(f"/ask?{origin}/connections")[1])
            check(before >= 6, f"{before} connections: one was used again")


class Closing:
    """A server that answers the first request of each connection, and closes it: at once, or with the second one."""

    def __init__(self, at_once):
        self.at_once, self.requests = at_once, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # A thread that waits in `accept` would keep the port, and take the next one who comes there.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        try:
            while True:
                threading.Thread(target=self.serve, args=(self.listener.accept()[0],), daemon=True).start()
        except OSError:
            pass

    def serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            if self.head(stream):
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nyes")
                if not self.at_once:
                    self.head(stream)
                    time.sleep(0.1)  # as long as news of it takes on a network: by then a guest has ended its body

    def head(self, stream):
        """A request's head, behind which its body was read: one of a piece at most."""
        lines = []
        while (line := stream.readline()) not in (b"\r\n", b""):
            lines.append(line.lower())
        if lines:
            self.requests.append(lines[0].split()[0].decode())
        if b"transfer-encoding: chunked\r\n" in lines:
            while int(stream.readline() or b"0", 16) > 0:
                stream.readline()
            stream.readline()
        for line in lines:
            if line.startswith(b"content-length:"):
                stream.read(int(line.split(b":")[1]))
        return lines


@cases.both
def a_connection_that_was_closed_meanwhile_is_no_error(machine):
    with Closing(at_once=True) as upstream:
        origin = f"http://127.0.0.1:{upstream.port}"
        with asking(machine, origin) as server:
            for _ in range(20):
                check(server.curl(f"/ask?{origin}/") == (200, b"yes"), "GET")
                check(server.curl(f"/ask?{origin}/", "-d", "x")[0] == 200, "POST")
                time.sleep(0.02)


@cases.both
def what_a_server_may_have_seen_is_repeated_only_where_it_may_be(machine):
    with Closing(at_once=False) as upstream:
        origin = f"http://127.0.0.1:{upstream.port}"
        with asking(machine, origin) as server:
            answers = [server.curl(f"/ask?{origin}/") for _ in range(10)]
            check(answers == [(200, b"yes")] * 10, f"{answers}")
            # One POST, each time, whatever became of it: who sent it has to know.
            for number in range(1, 6):
                status, body = server.curl(f"/ask?{origin}/", "-X", "POST", "-d", "x")
                check((status, body) in ((200, b"yes"), (500, b"ErrorCode::ConnectionTerminated\n")), f"{status} {body}")
                check(upstream.requests.count("post") == number, f"{upstream.requests}")


@cases.both
def connections_that_wait_make_room(machine):
    with HttpServer() as one, HttpServer() as two, HttpServer() as three:
        origins = [f"http://127.0.0.1:{upstream.port}" for upstream in (one, two, three)]
        with asking(machine, *origins, options=("--limit", "network.connections=2")) as server:
            for number in range(12):
                check(server.curl(f"/ask?{origins[number % 3]}/")[0] == 200, f"the request {number}")
            # As many as there may be at once, and no more: those that answer are no one's to take.
            held = [server.connect() for _ in range(2)]
            for client in held:
                client.sendall(f"GET /ask?{origins[0]}/hold/3/20 HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            deadline = time.monotonic() + 20
            while one.held < 2 and time.monotonic() < deadline:
                time.sleep(0.05)
            status, body = server.curl(f"/ask?{origins[1]}/")
            check((status, body) == (500, b"ErrorCode::ConnectionLimitReached\n"), f"a third: {status} {body}")
            for client in held:
                client.close()


@cases.both
def a_connection_opens_nothing_to_who_may_not_reach_its_address(machine):
    with HttpServer() as upstream, DnsServer({"nas.test": {"A": ["127.0.0.1"]}}) as dns:
        (machine.root / "config").mkdir()
        (machine.root / "config" / "host.toml").write_text(f'dns.servers = ["127.0.0.1:{dns.port}"]\n')
        named = f"http://nas.test:{upstream.port}"
        grants = (f"http.out {named}/bytes/*", f"http.out http://127.0.0.1:{upstream.port}/bytes/*", f"http.out {named}/status/*")
        with machine.serve(*[word for grant in grants for word in ("--grant", grant)]) as server:
            for _ in range(3):
                check(server.curl(f"/ask?{named}/bytes/5") == (200, bytes(5)), "where its address is granted")
                status, body = server.curl(f"/ask?{named}/status/200")
                check((status, body) == (500, b"ErrorCode::DestinationIpProhibited\n"), f"where it isn't: {status} {body}")


class Talking(TcpServer):
    """A server of HTTP/2 that answers "yes" to each request, and then says what means nothing, as often as it is told."""

    def __init__(self, authority):
        self.context = authority.context("good")
        self.context.set_alpn_protocols(["h2"])
        self.told, self.done = queue.Queue(), queue.Queue()
        super().__init__()

    def dress(self, connection):
        return self.context.wrap_socket(connection, server_side=True)

    def say(self, count):
        """Whether so many frames, of 16 KiB each, were taken where the last request came from."""
        self.told.put(count)
        return self.done.get(timeout=120)

    def serve(self, connection):
        with connection.makefile("rb") as stream:
            stream.read(len(frames.PREFACE))
            connection.sendall(frame(SETTINGS, 0, 0))
            while head := stream.read(9):
                stream.read(int.from_bytes(head[:3], "big"))
                if head[3] == HEADERS:
                    self.answer(connection, int.from_bytes(head[5:9], "big"))

    def answer(self, connection, number):
        status_200 = b"\x88"  # the eighth of the fields that HPACK knows
        connection.sendall(frame(HEADERS, END_HEADERS, number, status_200) + frame(DATA, END_STREAM, number, b"yes"))
        taken = 0
        try:
            for taken in range(1, self.told.get(timeout=120) + 1):
                connection.sendall(frame(0xFA, 0, 0, bytes(16 << 10)))
        except OSError:
            self.done.put(False)
            raise
        self.done.put(True)


@cases.both
def who_talks_to_nobody_is_not_listened_to(machine):
    with closing(Authority()) as authority, Talking(authority) as upstream:
        machine.environment["SSL_CERT_FILE"] = str(authority.trusted)
        origin = f"https://127.0.0.1:{upstream.port}"
        with asking(machine, origin) as server:
            # A word now and then is none too many: it is the one connection each time.
            for number in range(4):
                check(server.curl(f"/ask?{origin}/") == (200, b"yes"), f"the request {number}")
                check(upstream.say(3), f"after {number}")
            check(server.curl(f"/ask?{origin}/") == (200, b"yes"), "the one before it goes on for ever")
            check(not upstream.say(4096), "64 MiB are read for nobody")
            check(upstream.accepted == 1, f"{upstream.accepted} connections")
            check(server.curl(f"/ask?{origin}/") == (200, b"yes"), "the next one")
            check(upstream.accepted == 2, f"{upstream.accepted} connections")
            upstream.told.put(0)


@contextmanager
def of_both_kinds(machine):
    """A server of HTTP/1.1, one of HTTP/2, and a request for each."""
    with HttpServer() as one, Http2Server() as two:
        machine.environment["SSL_CERT_FILE"] = str(two.authority.trusted)
        yield (one, two), (f"http://127.0.0.1:{one.port}", f"https://127.0.0.1:{two.port}")


def kept(server, upstreams):
    return [len(connections_of(server, upstream)) for upstream in upstreams]


@cases.both
def connections_that_wait_for_long_are_closed(machine):
    brief, seconds = (("--guard-off", "idle-time"), 30) if machine.asked.guards_off else ((), 90)
    with of_both_kinds(machine) as (upstreams, origins), asking(machine, *origins, options=brief) as server:
        for origin in origins:
            check(server.curl(f"/ask?{origin}/connections") == (200, b"1\n"), f"{origin}")
        until(lambda: kept(server, upstreams) == [0, 0], lambda: f"{kept(server, upstreams)} are kept", seconds)
        for origin in origins:
            answer = server.curl(f"/ask?{origin}/connections")
            check(answer == (200, b"2\n"), f"{origin} afterwards: {answer}")


@cases.case
def connections_of_a_version_end_with_it(machine):
    code = (machine.guests / f"{machine.module}.wasm").read_bytes()
    own = machine.root / "own.wasm"
    own.write_bytes(code)
    with of_both_kinds(machine) as (upstreams, origins):
        grants = [word for origin in origins for word in ("--grant", f"http.out {origin}/*")]
        with machine.serve(*grants, str(own), module=None) as server:
            for origin in origins:
                check(server.curl(f"/ask?{origin}/")[0] == 200, f"{origin}")
            check(kept(server, upstreams) == [1, 1], f"{kept(server, upstreams)}")
            new = machine.root / "new.wasm"
            new.write_bytes(code.replace(b"hello from a module", b"hello from a second"))
            new.rename(own)
            server.process.send_signal(signal.SIGHUP)
            server.until_said("own.wasm' answers with")
            # Once the new one has answered, nobody goes back to the one before.
            check(server.curl("/") == (200, b"hello from a second\n"), "the new one")
            # Long before they have waited for too long.
            until(lambda: kept(server, upstreams) == [0, 0], lambda: f"{kept(server, upstreams)} are left", 20)


@cases.case
def a_module_has_its_own(machine):
    for name in ("one", "two"):
        (machine.root / f"{name}.wasm").write_bytes((machine.guests / "web.wasm").read_bytes())
    with HttpServer() as upstream:
        origin = f"http://127.0.0.1:{upstream.port}"
        routes = ("--route", f"/={machine.root}/one.wasm", "--route", f"two.example={machine.root}/two.wasm")
        with machine.serve("--grant", f"http.out {origin}/*", *routes, module=None) as server:
            check(server.curl(f"/ask?{origin}/connections")[1] == b"1\n", "the first")
            other = server.curl(f"/ask?{origin}/connections", "-H", "Host: two.example")[1]
            check(other == b"2\n", f"the other one's is {other}")
            check(len(connections_of(server, upstream)) == 2, "both are kept")


def connections_of(server, upstream):
    """Of a server to an upstream: by the ports that the system tells."""
    port = f":{upstream.port:04X}"
    own = {os.readlink(link) for link in Path(f"/proc/{server.process.pid}/fd").iterdir() if link.is_symlink()}
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return [fields for fields in map(str.split, lines) if fields[2].endswith(port) and f"socket:[{fields[9]}]" in own]


def options(parser):
    parser.add_argument("--no-guards-off", dest="guards_off", action="store_false", help="for a berth without test switches")


if __name__ == "__main__":
    assert shutil.which("curl"), "curl is needed: apt-get install curl"
    sys.exit(main(cases, __doc__, options))
