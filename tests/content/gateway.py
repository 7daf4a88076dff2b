# SPDX-License-Identifier: Apache-2.0
"""A trustless gateway of the tests' own, honest unless told otherwise: raw blocks and CARs of what a store has.

`answer` may be another function of the handler, the ask and the honest answer. What was asked is noted."""

import contextlib
import threading
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import dag

CAR = "application/vnd.ipld.car; version=1; order=dfs; dups=n"
RAW = "application/vnd.ipld.raw"


@dataclass
class Ask:
    kind: str  # "car" or "raw"
    root: bytes
    names: list = field(default_factory=list)
    scope: str = "all"
    begin: int = 0
    end: int = None
    prefix: str = ""  # what stands before /ipfs/


def read_ask(handler):
    url = urllib.parse.urlsplit(handler.path)
    prefix, _, rest = url.path.partition("/ipfs/")
    words = [urllib.parse.unquote(word) for word in rest.split("/")]
    query = dict(urllib.parse.parse_qsl(url.query))
    kind = query.get("format", "")
    ask = Ask(kind, dag.from_text(words[0]), words[1:], query.get("dag-scope", "all"), prefix=prefix)
    begin, colon, end = query.get("entity-bytes", "").partition(":")
    if colon:
        ask.begin, ask.end = int(begin), None if end == "*" else int(end) + 1
    return ask


class Gateway:
    """Until the end of the `with`. Subclasses change `answer`."""

    def __init__(self, blocks, routes=None):
        self.blocks, self.routes = blocks, routes or {}
        self.asked, self.lock, self.sent, self.connections = [], threading.Lock(), 0, 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                with outer.lock:
                    outer.asked.append(self.path)
                with contextlib.suppress(ConnectionError, TimeoutError):
                    for part, answer in outer.routes.items():
                        if self.path.startswith(part):
                            return answer(self)
                    outer.serve(self)

            do_PUT = do_POST = do_DELETE = do_GET

            def give(self, status, body=b"", **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), str(value))
                if "content_length" not in headers and "transfer_encoding" not in headers:
                    self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def process_request(self, *connection):
                outer.connections += 1
                super().process_request(*connection)

            def handle_error(self, *_):
                """A client that goes away is none."""

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def serve(self, handler):
        if "/ipfs/" not in handler.path:
            return handler.give(404)
        ask = read_ask(handler)
        if self.blocks.get(ask.root) is None:
            return handler.give(404, b"no such block here")
        self.answer(handler, ask)

    def pieces(self, ask):
        """The sections of an honest CAR, the header first."""
        yield dag.header([ask.root])
        for cid in self.blocks.wanted(ask.root, ask.names, ask.scope, ask.begin, ask.end):
            yield dag.section(cid, self.blocks.get(cid))

    def answer(self, handler, ask):
        if ask.kind == "raw":
            handler.give(200, self.blocks.get(ask.root), content_type=RAW)
        else:
            self.stream(handler, self.pieces(ask))

    def stream(self, handler, pieces, **headers):
        """Chunked, as gateways do that don't know how much it will be."""
        handler.send_response(200)
        for name, value in {"content-type": CAR, "transfer-encoding": "chunked", **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        for piece in pieces:
            handler.wfile.write(b"%x\r\n" % len(piece) + piece + b"\r\n")
            self.sent += len(piece)
        handler.wfile.write(b"0\r\n\r\n")

    def cars(self):
        return [path for path in self.asked if "format=car" in path]

    def raws(self):
        return [path for path in self.asked if "format=raw" in path]
