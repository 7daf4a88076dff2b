# SPDX-License-Identifier: Apache-2.0
"""An HTTP/1.1 server that does what the path of a request says, well-behaved or not; over TLS where it is given a context.

Well-behaved:
  /                      200 and a short text
  /echo                  the request's body, with its content type
  /request               the request as JSON: method, target, version, headers, body (as text) and its length
  /sink                  reads the body without keeping it; answers with its length as text
  /status/CODE           an answer of that status, without a body
  /bytes/N               N bytes with a content length
  /chunked/N[/SIZE]      N bytes in chunks of SIZE (64 KiB)
  /until-close/N         N bytes that end with the connection
  /trailers              a chunked text with trailers `x-checksum: 7`, `x-last: yes`
  /headers/N             N headers `x-header-I: I`
  /redirect/CODE?to=URL  a redirect; URL may be percent-encoded
  /early-hints           103, then 200
  /upgrade               101, then echoes bytes
  /connections           how many connections this server has accepted, as text
  /close                 200 with `connection: close`
  /hold/N[/SECONDS]      answers once N requests are held at once, or 503 after SECONDS (30)
Slow:
  /slow-first/SECONDS    waits before the first byte
  /slow-head/SECONDS     a byte of the head every SECONDS
  /slow-body/N/SECONDS   N bytes of body, one every SECONDS
  /slow-read/SECONDS     waits before it reads the body
  /never                 reads the request and never answers
Endless or too much:
  /endless[/chunked]     a body without end, as fast as it is taken
  /drip                  a body without end, a byte every 50 ms
  /endless-head          headers without end
  /endless-hints         103 without end
  /header-bomb/N         one header of N bytes
  /trailer-bomb/N        one trailer of N bytes
  /many-trailers/N       N trailers
  /endless-trailers      trailers without end
  /chunk-bomb            a chunk extension without end
Broken:
  /short/N/M, /long/N/M  says N bytes, sends M and closes
  /cut-chunked/N         closes within a chunk, after N bytes
  /drop                  closes without an answer
  /reset                 resets the connection without an answer
  /reset-body/N          resets after N bytes of a longer body
  /no-continue           ignores `expect: 100-continue`: answers 417 and closes before the body
  /broken/NAME           the bytes of BROKEN[NAME], then closes
  /raw/BYTES             these bytes (percent-encoded), then closes
Each request is kept in `requests`. Connections are kept alive; `expect: 100-continue` is answered with 100.
"""

import json
import socket
import threading
import urllib.parse
from contextlib import suppress
from dataclasses import dataclass, field

from listening import BUFFER_BYTES, TcpServer, reset

MOST_HEAD = 1 << 20
MOST_KEPT = 10000
CHUNK = 64 << 10
HANDSHAKE_SECONDS = 10
LINGER_SECONDS = 1  # for what a client still sends: closing over it would reset the connection

SECRET_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nsmuggled"
BROKEN = {
    "version": b"HTTP/9.9 200 OK\r\ncontent-length: 0\r\n\r\n",
    "status-words": b"HTTP/1.1 abc OK\r\ncontent-length: 0\r\n\r\n",
    "status-large": b"HTTP/1.1 99999 OK\r\ncontent-length: 0\r\n\r\n",
    "status-small": b"HTTP/1.1 42 OK\r\ncontent-length: 0\r\n\r\n",
    "no-status": b"\r\n\r\n",
    "http-0.9": b"<html>just text, no head</html>\n",
    "http-1.0": b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
    "garbage": bytes(range(256)) * 8,
    "tls": b"\x15\x03\x03\x00\x02\x02\x28",
    "h2": b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64",
    "nul-in-header": b"HTTP/1.1 200 OK\r\nx-nul: a\x00b\r\ncontent-length: 0\r\n\r\n",
    "header-space": b"HTTP/1.1 200 OK\r\ncontent-length : 4\r\n\r\nbody",
    "header-no-name": b"HTTP/1.1 200 OK\r\n: nothing\r\ncontent-length: 0\r\n\r\n",
    "header-no-colon": b"HTTP/1.1 200 OK\r\nnocolon\r\ncontent-length: 0\r\n\r\n",
    "folded": b"HTTP/1.1 200 OK\r\nx-folded: one\r\n two\r\ncontent-length: 0\r\n\r\n",
    "bare-lf": b"HTTP/1.1 200 OK\ncontent-length: 4\n\nbody",
    "bare-cr": b"HTTP/1.1 200 OK\r\nx-a: b\rx-injected: yes\r\ncontent-length: 0\r\n\r\n",
    "length-words": b"HTTP/1.1 200 OK\r\ncontent-length: ten\r\n\r\n0123456789",
    "length-negative": b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nbody",
    "length-plus": b"HTTP/1.1 200 OK\r\ncontent-length: +4\r\n\r\nbody",
    "length-huge": b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\nbody",
    "length-twice": b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\ncontent-length: 8\r\n\r\nbodybody",
    "length-list": b"HTTP/1.1 200 OK\r\ncontent-length: 4, 8\r\n\r\nbodybody",
    "length-and-chunked": b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + SECRET_ANSWER,
    "chunked-not-last": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, identity\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
    "coding-unknown": b"HTTP/1.1 200 OK\r\ntransfer-encoding: rot13\r\n\r\nobql",
    "coding-gzip": b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
    "chunk-words": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nbody\r\n0\r\n\r\n",
    "chunk-negative": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-4\r\nbody\r\n0\r\n\r\n",
    "chunk-huge": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\nbody",
    "chunk-wraps": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10000000000000004\r\nbody\r\n0\r\n\r\n",
    "chunk-no-end": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbodyXX0\r\n\r\n",
    "two-answers": b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfirst" + SECRET_ANSWER,
    "no-body-but-body": b"HTTP/1.1 204 No Content\r\ncontent-length: 8\r\n\r\nsmuggled",
    "not-modified-body": b"HTTP/1.1 304 Not Modified\r\ncontent-length: 8\r\n\r\nsmuggled",
    "switch-unasked": b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: surprise\r\n\r\nbytes",
    "trailer-forbidden": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\ncontent-length: 9\r\nhost: evil.test\r\n\r\n",
    "trailer-broken": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nno colon here\r\n\r\n",
}


@dataclass
class Request:
    method: str
    target: str
    version: str
    headers: list = field(default_factory=list)
    body: bytes = b""
    body_bytes: int = 0
    trailers: list = field(default_factory=list)
    connection: int = 0  # the how-manieth connection of the server it came on

    def header(self, name, otherwise=None):
        return next((value for key, value in self.headers if key.lower() == name), otherwise)


class Closed(Exception):
    """The connection is over."""


class HttpServer(TcpServer):
    """Started when it is made. `context` is an ssl.SSLContext, for HTTPS."""

    def __init__(self, *arguments, context=None, **named):
        self.context = context
        self.requests = []
        self.served = 0  # connections that got as far as HTTP
        self.holding = threading.Condition()
        self.held = 0
        self.released = 0
        self.most_held = 0
        super().__init__(*arguments, **named)

    def dress(self, connection):
        if self.context is None:
            return connection
        connection.settimeout(HANDSHAKE_SECONDS)
        dressed = self.context.wrap_socket(connection, server_side=True)
        dressed.settimeout(None)
        return dressed

    def serve(self, connection):
        with self.lock:
            self.served += 1
            number = self.served
        Exchange(self, connection, number).run()

    def keep(self, request):
        with self.lock:
            if len(self.requests) < MOST_KEPT:
                self.requests.append(request)


class Exchange:
    """One connection: requests are read and answered in turn."""

    def __init__(self, server, connection, number):
        self.server = server
        self.connection = connection
        self.number = number
        self.rest = b""
        self.request = None
        self.body_left = None  # what of the body is still to be read

    def run(self):
        with suppress(Closed, OSError):
            while self.read_head():
                self.answer()
                self.finish_body()
                if (self.request.header("connection") or "").lower() == "close":
                    break
        with suppress(OSError, ValueError):
            self.connection.settimeout(LINGER_SECONDS)
            if self.server.context is not None:
                self.connection.unwrap()
            else:
                self.connection.shutdown(socket.SHUT_WR)
                while self.connection.recv(BUFFER_BYTES):
                    pass

    # Reading.

    def more(self):
        got = self.connection.recv(BUFFER_BYTES)
        if not got:
            raise Closed
        self.rest += got

    def until(self, end, limit=MOST_HEAD):
        while (at := self.rest.find(end)) < 0:
            if len(self.rest) > limit:
                raise Closed
            self.more()
        line, self.rest = self.rest[:at], self.rest[at + len(end) :]
        return line

    def read_head(self):
        try:
            if not self.rest:
                self.more()
            if not self.rest[:1].isalpha():  # TLS, perhaps
                self.send(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                return False
            lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        except Closed:
            return False
        words = lines[0].split(" ")
        if len(words) != 3:
            self.send(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            raise Closed
        self.request = Request(*words, connection=self.number)
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.request.headers.append((name, value.strip()))
        self.server.keep(self.request)
        chunked = "chunked" in (self.request.header("transfer-encoding") or "").lower()
        self.body_left = "chunked" if chunked else int(self.request.header("content-length") or 0)
        self.continued = (self.request.header("expect") or "").lower() != "100-continue"
        return True

    def body(self):
        """Yields the request's body, and asks the client to go on where it waits for that."""
        if not self.continued:
            self.continued = True
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self.body_left == "chunked":
            yield from self.chunked_body()
        else:
            yield from self.take(self.body_left)
        self.body_left = 0

    def take(self, count):
        while count > 0:
            if not self.rest:
                self.more()
            part, self.rest = self.rest[:count], self.rest[count:]
            count -= len(part)
            yield part

    def chunked_body(self):
        while size := int(self.until(b"\r\n").split(b";")[0], 16):
            yield from self.take(size)
            self.until(b"\r\n")
        while line := self.until(b"\r\n"):
            name, _, value = line.decode("latin-1").partition(":")
            self.request.trailers.append((name, value.strip()))

    def finish_body(self):
        if self.body_left and not self.continued:
            raise Closed  # it was never asked for
        if self.body_left != "chunked" and self.body_left > len(self.rest) and self.continued:
            self.drain()
        for part in self.body():
            self.request.body_bytes += len(part)

    def drain(self):
        """Reads a body of known length without keeping or copying it."""
        self.request.body_bytes += len(self.rest)
        self.body_left -= len(self.rest)
        self.rest = b""
        buffer = memoryview(bytearray(BUFFER_BYTES))
        while self.body_left:
            count = self.connection.recv_into(buffer[: min(self.body_left, BUFFER_BYTES)])
            if not count:
                raise Closed
            self.request.body_bytes += count
            self.body_left -= count

    def read_body(self):
        for part in self.body():
            self.request.body += part
            self.request.body_bytes += len(part)
        return self.request.body

    # Answering.

    def send(self, *parts):
        for part in parts:
            self.connection.sendall(part)

    def head(self, status=200, *headers):
        lines = [f"HTTP/1.1 {status} {WORDS.get(status, 'Status')}"]
        lines += [f"{name}: {value}" for name, value in headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def reply(self, body=b"", status=200, kind="text/plain", headers=()):
        body = body.encode() if isinstance(body, str) else body
        head = self.head(status, ("content-type", kind), ("content-length", len(body)), *headers)
        self.send(head if self.request.method == "HEAD" else head + body)

    def zeroes(self, count):
        """Sends so many bytes; for ever where that is infinite."""
        block = memoryview(bytes(BUFFER_BYTES))
        while count > 0:
            part = block[: int(min(count, len(block)))]
            self.send(part)
            count -= len(part)

    def wait(self, seconds):
        if self.server.closing.wait(seconds):
            raise Closed

    def answer(self):
        target = self.request.target
        if "://" in target:
            target = "/" + target.split("://", 1)[1].partition("/")[2]
        path, _, self.query = target.partition("?")
        name, *words = path.lstrip("/").split("/")
        self.path_rest = path.lstrip("/").partition("/")[2]
        do = getattr(self, "do_" + (name or "root").replace("-", "_"), None)
        if do is None:
            return self.reply("no such path\n", status=404)
        try:
            do(*words)
        except (TypeError, ValueError) as error:
            self.reply(f"this path doesn't fit: {error}\n", status=400)

    def do_root(self):
        self.reply("hello from the test server\n")

    def do_echo(self, *_):
        self.reply(self.read_body(), kind=self.request.header("content-type", "text/plain"))

    def do_request(self, *_):
        self.read_body()
        said = dict(vars(self.request), body=self.request.body.decode("latin-1"))
        self.reply(json.dumps(said) + "\n", kind="application/json")

    def do_sink(self, *_):
        self.finish_body()
        self.reply(f"{self.request.body_bytes}\n")

    def do_status(self, code):
        code = int(code)
        self.send(self.head(code) if code in (204, 304) else self.head(code, ("content-length", 0)))

    def do_bytes(self, count):
        self.send(self.head(200, ("content-type", "application/octet-stream"), ("content-length", int(count))))
        self.zeroes(int(count))

    def do_chunked(self, count, size=CHUNK):
        self.send(self.head(200, ("transfer-encoding", "chunked")))
        left, size = int(count), int(size)
        while left > 0:
            now = min(left, size)
            self.send(b"%x\r\n" % now + bytes(now) + b"\r\n")
            left -= now
        self.send(b"0\r\n\r\n")

    def do_until_close(self, count):
        self.send(self.head(200, ("connection", "close")))
        self.zeroes(int(count))
        raise Closed

    def do_trailers(self):
        self.send(self.head(200, ("transfer-encoding", "chunked"), ("trailer", "x-checksum, x-last")))
        self.send(b"7\r\ntrailed\r\n0\r\nx-checksum: 7\r\nx-last: yes\r\n\r\n")

    def do_headers(self, count):
        self.reply("headers\n", headers=[(f"x-header-{i}", i) for i in range(int(count))])

    def do_redirect(self, code="302", *_):
        to = urllib.parse.parse_qs(self.query, keep_blank_values=True)["to"][0]
        self.reply("elsewhere\n", status=int(code), headers=[("location", to)])

    def do_early_hints(self):
        self.send(b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n")
        self.reply("after a hint\n")

    def do_upgrade(self):
        self.send(self.head(101, ("connection", "upgrade"), ("upgrade", "echo")))
        while True:
            self.send(self.rest)
            self.rest = b""
            self.more()

    def do_connections(self):
        self.reply(f"{self.server.accepted}\n")

    def do_close(self):
        self.reply("the last answer\n", headers=[("connection", "close")])
        raise Closed

    def do_hold(self, count, seconds=30):
        server = self.server
        with server.holding:
            server.held += 1
            server.most_held = max(server.most_held, server.held)
            if server.held - server.released >= int(count):
                server.released = server.held
                server.holding.notify_all()
            place = server.held
            free = server.holding.wait_for(lambda: server.released >= place, timeout=float(seconds))
        self.reply("all are here\n" if free else "not enough came\n", status=200 if free else 503)

    # Slow.

    def do_slow_first(self, seconds):
        self.wait(float(seconds))
        self.reply("at last\n")

    def do_slow_head(self, seconds):
        for byte in self.head(200, ("content-length", 0)):
            self.send(bytes([byte]))
            self.wait(float(seconds))

    def do_slow_body(self, count, seconds):
        self.send(self.head(200, ("content-length", int(count))))
        for _ in range(int(count)):
            self.wait(float(seconds))
            self.send(b".")

    def do_slow_read(self, seconds):
        self.wait(float(seconds))
        self.do_sink()

    def do_never(self):
        self.server.closing.wait()

    # Endless.

    def do_endless(self, coding=None):
        if coding is None:
            self.send(self.head(200))
            self.zeroes(float("inf"))
        self.send(self.head(200, ("transfer-encoding", "chunked")))
        chunk = b"%x\r\n" % CHUNK + bytes(CHUNK) + b"\r\n"
        while True:
            self.send(chunk)

    def do_drip(self):
        self.send(self.head(200, ("connection", "close")))
        while True:
            self.send(b".")
            self.wait(0.05)

    def do_endless_head(self):
        self.send(b"HTTP/1.1 200 OK\r\n")
        self.many_lines(float("inf"))

    def do_endless_hints(self):
        while True:
            self.send(b"HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n" * 100)

    def do_header_bomb(self, count):
        self.send(b"HTTP/1.1 200 OK\r\nx-bomb: ")
        self.send(b"b" * int(count))
        self.send(b"\r\ncontent-length: 0\r\n\r\n")

    def do_trailer_bomb(self, count):
        self.start_trailers()
        self.send(b"x-bomb: ", b"b" * int(count), b"\r\n\r\n")

    def do_many_trailers(self, count):
        self.start_trailers()
        self.many_lines(int(count))
        self.send(b"\r\n")

    def do_endless_trailers(self):
        self.start_trailers()
        self.many_lines(float("inf"))

    def do_chunk_bomb(self):
        self.send(self.head(200, ("transfer-encoding", "chunked")), b"4;")
        while True:
            self.send(b"e" * CHUNK)

    def start_trailers(self):
        self.send(self.head(200, ("transfer-encoding", "chunked")), b"4\r\nbody\r\n0\r\n")

    def many_lines(self, count):
        done = 0
        while done < count:
            now = int(min(1000, count - done))
            self.send(b"".join(b"x-line-%d: %d\r\n" % (done + i, i) for i in range(now)))
            done += now

    # Broken.

    def do_short(self, said, sent):
        self.send(self.head(200, ("content-length", int(said))))
        self.zeroes(int(sent))
        raise Closed

    do_long = do_short

    def do_cut_chunked(self, count):
        self.send(self.head(200, ("transfer-encoding", "chunked")), b"%x\r\n" % (int(count) + 10))
        self.zeroes(int(count))
        raise Closed

    def do_drop(self):
        raise Closed

    def do_reset(self):
        reset(self.connection)
        raise Closed

    def do_reset_body(self, count):
        self.send(self.head(200, ("content-length", int(count) + 1000)))
        self.zeroes(int(count))
        self.wait(0.05)  # what was sent should be there before the reset
        reset(self.connection)
        raise Closed

    def do_no_continue(self):
        self.reply("no body, please\n", status=417, headers=[("connection", "close")])
        raise Closed

    def do_broken(self, name):
        if name not in BROKEN:
            raise ValueError(f"nothing is broken as {name}; there are {', '.join(BROKEN)}")
        self.send(BROKEN[name])
        raise Closed

    def do_raw(self, *_):
        self.send(urllib.parse.unquote_to_bytes(self.path_rest))
        raise Closed


WORDS = {100: "Continue", 101: "Switching Protocols", 103: "Early Hints", 200: "OK", 204: "No Content", 301: "Moved",
         302: "Found", 303: "See Other", 304: "Not Modified", 307: "Temporary Redirect", 308: "Permanent Redirect",
         400: "Bad Request", 404: "Not Found", 417: "Expectation Failed", 503: "Service Unavailable"}  # fmt: skip
