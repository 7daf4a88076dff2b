#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks each test server what it promises, with clients of the standard library."""

import contextlib
import http.client
import json
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import dns_server
from servers import (BROKEN, Authority, DnsServer, Http2Server, HttpServer, TcpEcho, TcpFull, TcpReset, TcpSilent, TcpSink, TcpSlow, TcpSource,
                     TlsServers, UdpEcho, UdpSink)  # fmt: skip

DEADLINE = 10


def connect(server, address="127.0.0.1"):
    return socket.create_connection((address, server.port), timeout=DEADLINE)


def all_of(connection):
    got = b""
    while part := connection.recv(1 << 20):
        got += part
    return got


class Http(unittest.TestCase):
    def setUp(self):
        self.server = HttpServer()
        self.addCleanup(self.server.close)

    def ask(self, path, method="GET", body=None, headers=None, address="127.0.0.1"):
        client = http.client.HTTPConnection(address, self.server.port, timeout=DEADLINE)
        self.addCleanup(client.close)
        client.request(method, path, body=body, headers=headers or {})
        answer = client.getresponse()
        return answer, answer.read()

    def raw(self, path):
        with connect(self.server) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n".encode())
            return all_of(connection)

    def head_of(self, path, count):
        with connect(self.server) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nhost: test\r\n\r\n".encode())
            got = b""
            while len(got) < count:
                got += connection.recv(count - len(got))
            return got

    def test_both_addresses_answer(self):
        for address in ("127.0.0.1", "::1"):
            answer, body = self.ask("/", address=address)
            self.assertEqual((answer.status, body), (200, b"hello from the test server\n"))

    def test_a_request_is_told_and_kept(self):
        answer, body = self.ask("/request?q=1", "POST", b"the body", {"X-Own": "yes"})
        said = json.loads(body)
        self.assertEqual((said["method"], said["target"], said["body"]), ("POST", "/request?q=1", "the body"))
        self.assertIn(["X-Own", "yes"], said["headers"])
        self.assertEqual(self.server.requests[0].header("x-own"), "yes")
        self.assertEqual(self.ask("/echo", "PUT", b"x" * 100000)[1], b"x" * 100000)
        self.assertEqual(self.ask("/sink", "PUT", b"x" * 100000)[1], b"100000\n")

    def test_a_chunked_request_is_read_with_its_trailers(self):
        with connect(self.server) as connection:
            connection.sendall(b"POST /echo HTTP/1.1\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n")
            connection.sendall(b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nx-end: 1\r\n\r\n")
            self.assertTrue(all_of(connection).endswith(b"abcde"))
        self.assertEqual(self.server.requests[0].trailers, [("x-end", "1")])

    def test_bodies_have_their_length(self):
        for path, count in (("/bytes/3000000", 3000000), ("/chunked/200000/1000", 200000), ("/until-close/70000", 70000)):
            self.assertEqual(len(self.ask(path)[1]), count, path)

    def test_connections_are_kept_and_counted(self):
        client = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=DEADLINE)
        for _ in range(3):
            client.request("GET", "/connections")
            self.assertEqual(client.getresponse().read(), b"1\n")
        client.close()
        self.assertEqual(self.ask("/connections")[1], b"2\n")

    def test_trailers_redirects_hints_and_statuses(self):
        self.assertTrue(self.raw("/trailers").endswith(b"x-checksum: 7\r\nx-last: yes\r\n\r\n"))
        answer, _ = self.ask("/redirect/307?to=http%3A%2F%2Fevil.test%2F")
        self.assertEqual((answer.status, answer.getheader("location")), (307, "http://evil.test/"))
        self.assertIn(b"103 Early Hints", self.raw("/early-hints"))
        self.assertEqual(self.ask("/status/418")[0].status, 418)
        self.assertEqual(self.ask("/headers/80")[0].getheader("x-header-79"), "79")
        self.assertEqual(self.ask("/nowhere")[0].status, 404)
        self.assertEqual(self.ask("/bytes")[0].status, 400)

    def test_100_continue(self):
        with connect(self.server) as connection:
            connection.sendall(b"POST /echo HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n")
            self.assertEqual(connection.recv(1000), b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.sendall(b"body")
            self.assertIn(b"200 OK", connection.recv(1000))
        with connect(self.server) as connection:
            connection.sendall(b"POST /no-continue HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n")
            self.assertIn(b"417", all_of(connection))

    def test_requests_are_held_until_all_are_there(self):
        threads = [threading.Thread(target=lambda: self.assertEqual(self.ask("/hold/50")[0].status, 200)) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.server.most_held, 50)
        self.assertEqual(self.ask("/hold/2/0.05")[0].status, 503)

    def test_slow_answers_are_slow(self):
        for path in ("/slow-first/0.2", "/slow-body/4/0.05", "/slow-read/0.2"):
            start = time.monotonic()
            self.assertEqual(self.ask(path)[0].status, 200)
            self.assertGreaterEqual(time.monotonic() - start, 0.19, path)
        self.assertEqual(self.head_of("/slow-head/0.001", 8), b"HTTP/1.1")
        with connect(self.server) as connection:
            connection.sendall(b"GET /never HTTP/1.1\r\n\r\n")
            connection.settimeout(0.2)
            self.assertRaises(TimeoutError, connection.recv, 1)

    def test_the_endless_do_not_end(self):
        for path in ("/endless", "/endless/chunked", "/endless-head", "/endless-hints", "/endless-trailers", "/chunk-bomb"):
            self.assertEqual(len(self.head_of(path, 1 << 20)), 1 << 20, path)
        self.assertTrue(self.head_of("/drip", 80).endswith(b"."))

    def test_bombs_are_as_large_as_asked(self):
        self.assertIn(b"b" * 300000, self.raw("/header-bomb/300000"))
        self.assertIn(b"b" * 300000, self.raw("/trailer-bomb/300000"))
        self.assertEqual(self.raw("/many-trailers/2500").count(b"x-line-"), 2500)

    def test_broken_answers_are_what_they_say(self):
        for name, answer in BROKEN.items():
            self.assertEqual(self.raw(f"/broken/{name}"), answer)
        self.assertEqual(self.raw("/raw/a%0D%0A%00/b"), b"a\r\n\0/b")
        self.assertEqual(self.raw("/drop"), b"")
        self.assertEqual(len(self.raw("/short/100/10").split(b"\r\n\r\n")[1]), 10)
        self.assertTrue(self.raw("/cut-chunked/5").endswith(b"f\r\n" + bytes(5)))
        for path in ("/reset", "/reset-body/100"):
            self.assertRaises(ConnectionResetError, self.raw, path)


class Dns(unittest.TestCase):
    def setUp(self):
        self.server = DnsServer()
        self.addCleanup(self.server.close)

    def query(self, name, kind, room=None):
        extra = b"\0" + struct.pack("!HHIH", 41, room, 0, 0) if room else b""
        head = struct.pack("!HHHHHH", 77, 0x0100, 1, 0, 0, 1 if room else 0)
        return head + dns_server.encode_name(name) + struct.pack("!HH", dns_server.TYPES[kind], 1) + extra

    def udp(self, name, kind="A", room=None, seconds=DEADLINE):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            own.settimeout(seconds)
            own.sendto(self.query(name, kind, room), ("127.0.0.1", self.server.port))
            return own.recv(65535)

    def tcp(self, name, kind="A"):
        with connect(self.server, "::1") as connection:
            query = self.query(name, kind)
            connection.sendall(struct.pack("!H", len(query)) + query)
            head = connection.recv(2)
            length = struct.unpack("!H", head)[0] if head else 0
            got = b""
            while len(got) < length and (part := connection.recv(length - len(got))):
                got += part
            return got

    def flags(self, answer):
        return struct.unpack("!HHHHHH", answer[:12])

    def test_answers_follow_the_script_query_by_query(self):
        self.server.set({"turns.test": [{"A": ["127.0.0.1"], "ttl": 1}, {"A": ["127.0.0.2", "127.0.0.3"]}]})
        self.assertTrue(self.udp("TURNS.test").endswith(struct.pack("!IH", 1, 4) + b"\x7f\0\0\1"))
        for ask in (self.udp, self.tcp):
            answer = ask("turns.test")
            self.assertEqual(self.flags(answer)[3], 2)
            self.assertTrue(answer.endswith(b"\x7f\0\0\3"))
        self.assertEqual(self.flags(self.udp("turns.test", "AAAA"))[3], 0)
        self.assertEqual((self.server.asked("turns.test", "A"), self.server.asked("turns.test")), (3, 4))

    def test_names_outside_the_script_do_not_exist(self):
        self.assertEqual(self.flags(self.udp("nowhere.test"))[1] & 15, 3)
        self.server.set({"*.wild.test": {"AAAA": ["::1"]}, "broken.test": {"rcode": "SERVFAIL"}})
        self.assertEqual(self.flags(self.udp("a.b.wild.test", "AAAA"))[3], 1)
        self.assertEqual(self.flags(self.udp("broken.test"))[1] & 15, 2)

    def test_cnames_are_followed(self):
        self.server.set({"a.test": {"CNAME": "b.test"}, "b.test": {"CNAME": "c.test."}, "c.test": {"A": ["127.0.0.9"]},
                         "round.test": {"CNAME": "round.test"}})  # fmt: skip
        answer = self.udp("a.test")
        self.assertEqual(self.flags(answer)[3], 3)
        self.assertTrue(answer.endswith(b"\x7f\0\0\x09"))
        self.assertEqual(self.flags(self.udp("round.test", room=65000))[3], dns_server.LONGEST_CHAIN)

    def test_large_answers_are_cut_over_udp(self):
        self.server.set({"huge.test": {"A": ["127.0.0.1"], "padding": 250}, "cut.test": {"A": ["127.0.0.1"], "truncate": True}})
        for name in ("huge.test", "cut.test"):
            self.assertTrue(self.flags(self.udp(name, room=1232))[1] & 0x0200)
            self.assertEqual(self.flags(self.tcp(name))[1] & 0x0200, 0)
        self.assertGreater(len(self.tcp("huge.test")), 50000)

    def test_silence_and_single_transports(self):
        self.server.set({"silent.test": {"silent": True}, "tcp.test": {"A": ["127.0.0.1"], "tcp_only": True},
                         "late.test": {"A": ["127.0.0.1"], "delay": 0.2}})  # fmt: skip
        self.assertRaises(TimeoutError, self.udp, "silent.test", seconds=0.2)
        self.assertRaises(TimeoutError, self.udp, "tcp.test", seconds=0.2)
        self.assertEqual(self.flags(self.tcp("tcp.test"))[3], 1)
        self.assertRaises(TimeoutError, self.udp, "late.test", seconds=0.05)

    def test_malformed_answers_come(self):
        for way in dns_server.MALFORMED:
            self.server.set({"bad.test": {"malformed": way}})
            answer = self.udp("bad.test")
            self.assertEqual(answer == b"", way == "empty", way)
        self.assertRaises(ValueError, self.server.set, {"bad.test": {"malformed": "nonsense"}})
        self.assertRaises(ValueError, self.server.set, {"bad.test": {"a": []}})


class Sockets(unittest.TestCase):
    def started(self, kind, **named):
        server = kind(**named)
        self.addCleanup(server.close)
        return server

    def test_tcp_echo_sink_and_source(self):
        for address in ("127.0.0.1", "::1"):
            with connect(self.started(TcpEcho), address) as connection:
                connection.sendall(b"ping")
                self.assertEqual(connection.recv(10), b"ping")
        with connect(self.started(TcpSink)) as connection:
            connection.sendall(bytes(5 << 20))
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(all_of(connection), b"5242880\n")
        with connect(self.started(TcpSource)) as connection:
            connection.sendall(b"3000000\n")
            self.assertEqual(len(all_of(connection)), 3000000)

    def test_tcp_that_does_not_answer(self):
        with connect(self.started(TcpSilent)) as connection:
            connection.settimeout(0.1)
            self.assertRaises(TimeoutError, connection.recv, 1)
        with connect(self.started(TcpReset, after_bytes=3)) as connection:
            connection.sendall(b"123")
            self.assertRaises(ConnectionResetError, connection.recv, 1)
        with connect(self.started(TcpSlow, seconds=0.01)) as connection:
            self.assertEqual(connection.recv(1), b".")
        full = self.started(TcpFull)
        with socket.socket() as connection:
            connection.settimeout(0.3)
            self.assertRaises(TimeoutError, connection.connect, (full.address, full.port))

    def test_udp(self):
        echo, sink = self.started(UdpEcho), self.started(UdpSink)
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as own:
            own.settimeout(DEADLINE)
            own.sendto(b"ping", ("::1", echo.port))
            self.assertEqual(own.recv(10), b"ping")
            own.sendto(b"ping", ("::1", sink.port))
            deadline = time.monotonic() + DEADLINE
            while not sink.received and time.monotonic() < deadline:
                time.sleep(0.001)
        self.assertEqual((sink.received, sink.bytes, len(sink.senders)), (1, 4, 1))


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tls = TlsServers()
        cls.addClassCleanup(cls.tls.close)

    def ask(self, name, host="localhost"):
        trusting = ssl.create_default_context(cafile=self.tls.authority.trusted)
        client = http.client.HTTPSConnection(host, self.tls.servers[name].port, timeout=DEADLINE, context=trusting)
        self.addCleanup(client.close)
        client.request("GET", "/")
        return client.getresponse().read()

    def test_the_good_certificate_holds_for_its_names(self):
        for host in ("localhost", "127.0.0.1", "::1"):
            self.assertEqual(self.ask("good", host), b"hello from the test server\n")
        self.assertEqual(self.ask("tls-1.2"), b"hello from the test server\n")

    def test_the_others_fail_each_for_its_reason(self):
        for name, reason in (("expired", "expired"), ("not-yet", "not yet valid"), ("wrong-name", "Hostname mismatch"),
                             ("no-names", "Hostname mismatch"), ("wrong-use", "unsuitable certificate purpose"),
                             ("stranger-signed", "unable to get local issuer"), ("self-signed", "self-signed"),
                             ("cut-chain", "unable to get local issuer")):  # fmt: skip
            with self.assertRaises(ssl.SSLCertVerificationError, msg=name) as caught:
                self.ask(name)
            self.assertIn(reason, str(caught.exception), name)
        self.assertRaises((ssl.SSLError, ConnectionError), self.ask, "wants-client")
        self.assertRaises(ssl.SSLError, self.ask, "plain")


class Http2(unittest.TestCase):
    def test_h2_is_spoken_with_and_without_tls(self):
        with contextlib.closing(Authority()) as authority, Http2Server(authority) as server:
            trusting = ssl.create_default_context(cafile=authority.trusted)
            trusting.set_alpn_protocols(["h2", "http/1.1"])
            with trusting.wrap_socket(connect(server, "::1"), server_hostname="good.test") as connection:
                self.assertEqual(connection.selected_alpn_protocol(), "h2")
            self.assertEqual(self.node(server, authority), "hello from the test server\n 300000 7 8")

    def node(self, server, authority):
        program = """
            const [port, trusted] = process.argv.slice(1)
            const http2 = require('node:http2')
            const client = http2.connect(`https://localhost:${port}`, {ca: require('fs').readFileSync(trusted)})
            const ask = (path, body) => new Promise((done, failed) => {
              const stream = client.request({':path': path, ':method': body ? 'POST' : 'GET'})
              let text = '', trailers = {}
              stream.on('data', part => text += part)
              stream.on('trailers', got => trailers = got)
              stream.on('error', failed)
              stream.on('close', () => done({text, trailers, code: stream.rstCode}))
              stream.end(body)
            })
            ;(async () => {
              const hello = (await ask('/')).text
              const bytes = (await ask('/sink', 'x'.repeat(300000))).text.trim()
              const {trailers} = await ask('/trailers')
              const reset = (await ask('/reset/8')).code
              process.stdout.write([hello, bytes, trailers['x-checksum'], reset].join(' '))
              client.close()
            })()
        """
        command = [shutil.which("node"), "-e", program, str(server.port), str(authority.trusted)]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=30).stdout


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    return 0 if unittest.TextTestRunner().run(suite).wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
