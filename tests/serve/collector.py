# SPDX-License-Identifier: Apache-2.0
"""A collector of OpenTelemetry for tests: its own receiver, built once from Go's modules as tests/guests/build.py builds
guests, and servers that answer a collector's requests badly."""

import http.server
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "guests"))
import build  # noqa: E402

SOURCE = HERE / "collector"
FILES = [SOURCE / "main.go", SOURCE / "go.mod", SOURCE / "go.sum"]


def program():
    """The collector in the cache, built now if it wasn't there."""
    return build.go_program(FILES, SOURCE, ".")


class Collector:
    """One that runs, until the end of the `with`."""

    def __init__(self, folder, certificate=None):
        self.file = Path(folder) / "received.jsonl"
        pair = [str(certificate.chain), str(certificate.key)] if certificate else []
        self.process = subprocess.Popen([program(), self.file, *pair], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)  # fmt: skip
        self.address = self.process.stdout.readline().strip()
        if not self.address:
            raise AssertionError(f"the collector doesn't start: {self.process.stderr.read()}")
        port = self.address.rsplit(":", 1)[1]
        self.url = f"https://localhost:{port}" if certificate else f"http://{self.address}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def requests(self, signal):
        """What came of a signal: headers, and the data as OTLP's JSON has it."""
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return [line for line in map(whole, lines) if line and line["signal"] == signal]

    def spans(self):
        return records(self.requests("traces"), "resourceSpans", "scopeSpans", "spans")

    def logs(self):
        return records(self.requests("logs"), "resourceLogs", "scopeLogs", "logRecords")

    def metrics(self):
        """The last that came, by name."""
        last = self.requests("metrics")[-1:]
        return {metric["name"]: metric for metric in records(last, "resourceMetrics", "scopeMetrics", "metrics")}


def whole(line):
    try:
        return json.loads(line)
    except ValueError:
        return None  # it is being written


def records(requests, resources, scopes, members):
    return [
        {**record, "attributes": attributes(record), "resource": attributes(resource.get("resource", {}))}
        for request in requests
        for resource in request["data"].get(resources, [])
        for scope in resource.get(scopes, [])
        for record in scope.get(members, [])
    ]


def attributes(record):
    """By name; whole numbers, which the notation writes as text, as numbers."""
    plain = {}
    for pair in record.get("attributes", []):
        kind, value = next(iter(pair["value"].items()))
        plain[pair["key"]] = int(value) if kind == "intValue" else value
    return plain


class Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """A client that goes away is none."""


class Bad:
    """A server in a collector's place. `answer` is called with the number of a request and its handler, and says the status,
    and perhaps headers and a body; with None as status the answer is never given."""

    def __init__(self, answer):
        outer = self
        self.bodies, self.times = [], []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                outer.bodies.append((self.path, dict(self.headers), self.rfile.read(int(self.headers["content-length"]))))
                outer.times.append(time.monotonic())
                said = answer(len(outer.bodies))
                status, headers, body = (*said, *(None, {}, b"")[len(said):])
                if status is None:
                    outer.stopped.wait(60)
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.stopped = threading.Event()
        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()


if __name__ == "__main__":
    program()
