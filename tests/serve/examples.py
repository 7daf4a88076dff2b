#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Serves the examples with the policies that stand beside them, and asks each what its README asks it.

Then it is served with less than it needs: it has to say so, and `berth why` has to name what would allow it. Each case is
one function and has a machine of its own, as in run.py. `make guests` builds the examples.
"""

import http.client
import http.server
import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

from run import Cases, check, main

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
cases = Cases()


@contextmanager
def served(machine, *options, **named):
    """berth serve, stopped as a person does: what it refused is kept then."""
    with machine.serve(*options, **named) as server:
        yield server
        server.process.terminate()
        check(server.process.wait(timeout=40) == 0, f"it ends with {server.process.returncode}: {server.said()}")


def policy(machine, example, **ports):
    """The example's own policy, with other ports than those that its README has: `at_8080=` says which."""
    text = (EXAMPLES / example / "policy.toml").read_text()
    for given, port in ports.items():
        text = text.replace(f"127.0.0.1:{given.removeprefix('at_')}", f"127.0.0.1:{port}")
    written = machine.root / f"{example}.toml"
    written.write_text(text)
    return ("--policy", str(written))


def refused(machine, module, *said):
    """Checks what `berth why` says of a module, files included that this machine has nothing at."""
    done = subprocess.run([machine.berth, "why", "--probes", str(machine.guests / f"{module}.wasm")],
                          env=machine.environment, capture_output=True, text=True, timeout=60)  # fmt: skip
    for words in said:
        check(words in done.stdout, f"'{words}' isn't in {done.stdout} {done.stderr}")


@cases.case
def counters_in_cpp(machine):
    with served(machine, *policy(machine, "cpp"), module="counter") as server:
        check(server.curl("/visits") == (200, b"0\n"), "before the first")
        check([server.curl("/visits", "-X", "POST")[1] for _ in range(3)] == [b"1\n", b"2\n", b"3\n"], "adding")
        check(server.curl("/visits") == (200, b"3\n"), "another instance sees them")
        check(server.curl("/No%2F")[0] == 404, "what is no name")
    with served(machine, "--grant", "files @counters:/data", module="counter") as server:
        check(server.curl("/visits") == (200, b"3\n"), "read-only")
        check(server.curl("/visits", "-X", "POST")[0] == 500, "adding without leave to write")
    refused(machine, "counter", "files open-write /data/visits", "--grant 'files @counters:/data:rw'")


@cases.case
def notes_in_rust(machine):
    with served(machine, *policy(machine, "rust"), module="notes") as server:
        check(server.curl("/notes") == (200, b"[]\n"), "before the first")
        first = {"number": 1, "text": "Buy rope"}
        status, body = server.curl("/notes", "-d", "Buy rope")
        check(status == 201 and json.loads(body) == first, f"{status} {body}")
        server.curl("/notes", "-d", "Mend <sails>")
        check(server.curl("/notes/2") == (200, b"Mend <sails>"), "one of them")
        check(json.loads(server.curl("/notes")[1])[0] == first, "all of them")
        check(server.curl("/notes/1", "-X", "DELETE")[0] == 204 and server.curl("/notes/1")[0] == 404, "forgetting one")
        check(server.curl("/notes", "--data-binary", "@-", data=bytes(20_000))[0] == 413, "one that is too long")
    with served(machine, "--grant", "files @notes:/data", module="notes") as server:
        check(server.curl("/notes", "-d", "Buy tar")[0] == 500, "keeping one without leave to write")
    refused(machine, "notes", "files open-write /data/3.txt", "--grant 'files @notes:/data:rw'")


@cases.case
def redirects_in_go(machine):
    with served(machine, *policy(machine, "go"), module="redirects") as server:
        put = ("-X", "PUT", "-d")
        check(server.curl("/spec", *put, "https://spec.example/1")[0] == 201, "a new one")
        status, head = server.curl("/spec", "-i")
        check(status == 302 and b"location: https://spec.example/1\r\n" in head, f"{status} {head}")
        check(json.loads(server.curl("/")[1]) == {"spec": "https://spec.example/1"}, "the list")
        check(server.curl("/spec", *put, "no address")[0] == 400, "what is no address")
        check(server.curl("/spec", "-X", "DELETE")[0] == 204 and server.curl("/spec")[0] == 404, "forgetting it")
    with served(machine, "--reuse", "100000", *policy(machine, "go"), module="redirects") as server:
        # Go's collector runs several times in this one.
        client = http.client.HTTPConnection(server.host, server.port, timeout=30)
        for number in range(1000):
            client.request("GET", "/", headers={"x-long": "y" * 4000})
            with client.getresponse() as response:
                check((response.status, response.read()) == (200, b"{}\n"), f"the answer {number}: {response.status}")
        client.close()
    with served(machine, "--grant", "files @redirects:/data", module="redirects") as server:
        check(server.curl("/spec", *put, "https://spec.example/1")[0] == 500, "a new one without leave to write")
    refused(machine, "redirects", "files open-write /data/.new-", "--grant 'files @redirects:/data:rw'")


class Pages(http.server.BaseHTTPRequestHandler):
    """One page with links, wherever it is asked for."""

    def do_GET(self):
        page = b'<a href="/there">one</a> <a class=x href="http://other.example/?a">two</a> <a href=\'/there\'>again</a>'
        self.send_response(200)
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_):
        pass


@cases.case
def links_in_javascript(machine):
    pages = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{pages.server_port}"
    with served(machine, *policy(machine, "js", at_8000=pages.server_port), module="links") as server:
        status, body = server.curl(f"/links?of={origin}/public/index.html")
        told = {"page": f"{origin}/public/index.html", "status": 200,
                "links": [f"{origin}/there", "http://other.example/?a"]}  # fmt: skip
        check(status == 200 and json.loads(body) == told, f"{status} {body}")
        check(server.curl("/links")[0] == 400 and server.curl("/")[0] == 404, "what it can't answer")
        status, body = server.curl(f"/links?of={origin}/private/index.html")
        check(status == 502 and b"can't be fetched" in body, f"beyond the grant: {status} {body}")
    refused(machine, "links", f"http.out GET {origin}/private/index.html", f"--grant 'http.out {origin}/private/*'")
    pages.shutdown()
    pages.server_close()


@cases.case
def tables_in_python(machine):
    with served(machine, "--policy", str(EXAMPLES / "python" / "policy.toml"), module="tables") as server:
        check(json.loads(server.curl("/")[1]) == ["harbours.csv"], "the list")
        status, body = server.curl("/harbours.csv")
        columns = {"name": {"different": 4}, "sea": {"different": 2}, "berths": {"least": 36, "most": 500, "mean": 174}}
        check(status == 200 and json.loads(body) == {"rows": 4, "columns": columns}, f"{status} {body}")
        check(server.curl("/none.csv")[0] == 404 and server.curl("/", "-X", "POST")[0] == 405, "what it can't answer")
        check(server.curl("/../etc/passwd", "--path-as-is")[0] == 500, "a way out of the folder")
    refused(machine, "tables", "/tables/../etc/passwd: the path leads out of its grant")
    with served(machine, module="tables") as server:
        check(server.curl("/harbours.csv")[0] in (404, 500), "without its folder")
    refused(machine, "tables", "files open-read /tables/harbours.csv: no grant covers it")


@cases.case
def a_proxy_that_streams(machine):
    with served(machine) as upstream:
        with served(machine, *policy(machine, "proxy", at_8080=upstream.port), module="proxy") as server:
            check(server.curl("/") == (200, b"hello from a module\n"), "what the upstream says")
            check(server.curl("/nothing")[0] == 404, "its status")
            data = bytes(range(256)) * 40_000
            status, body = server.curl("/echo", "--data-binary", "@-", data=data)
            check(status == 200 and body == data, f"a large body: {status}, {len(body)} bytes")
            with server.connect() as client:
                client.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                # Each part comes back before the next is sent.
                for part in (b"first", b"other", b"third"):
                    client.sendall(b"5\r\n" + part + b"\r\n")
                    got = b""
                    while part not in got:
                        piece = client.recv(65536)
                        check(piece, f"the end instead of {part}")
                        got += piece
                client.sendall(b"0\r\n\r\n")
        beyond = ("--grant", f"env UPSTREAM={upstream.url}", "--grant", f"http.out GET {upstream.url}*")
        with served(machine, *beyond, module="proxy") as server:
            check(server.curl("/")[0] == 200, "a GET, which is granted")
            status, body = server.curl("/echo", "-d", "hello")
            check((status, body) == (502, b"this proxy may not ask its upstream\n"), f"a POST: {status} {body}")
        refused(machine, "proxy", f"http.out POST {upstream.url}echo", f"--grant 'http.out {upstream.url}*'")


def chain(machine, page):
    """The chain's site in a folder of its own; `page` is the page's policy."""
    for name, text in (("policy", page), ("proxy", (EXAMPLES / "chain" / "proxy.toml").read_text()),
                       ("notes", (EXAMPLES / "rust" / "policy.toml").read_text())):  # fmt: skip
        (machine.root / f"{name}.toml").write_text(text)
    site = (EXAMPLES / "chain" / "site.toml").read_text()
    site = site.replace("../../build/guests", str(machine.guests)).replace("../rust/policy.toml", "notes.toml")
    (machine.root / "site.toml").write_text(site)
    return served(machine, "--site", str(machine.root / "site.toml"), module=None)


@cases.case
def a_chain_of_modules(machine):
    page = (EXAMPLES / "chain" / "policy.toml").read_text()
    with chain(machine, page) as server:
        server.curl("/notes", "-d", "Mend <sails>")
        status, body = server.curl("/")
        check(status == 200 and b"<li>Mend &lt;sails&gt;</li>" in body, f"{status} {body}")
    # Leave to ask the proxy for something else doesn't help.
    with chain(machine, page.replace("berth:proxy/notes", "berth:proxy/other")) as server:
        status, body = server.curl("/")
        check((status, body) == (502, b"<p>This page may not ask for the notes.</p>\n"), f"{status} {body}")
    refused(machine, "chain", "http.out GET http://proxy.berth.internal/notes", "--grant 'http.out berth:proxy'")


if __name__ == "__main__":
    sys.exit(main(cases, __doc__))
