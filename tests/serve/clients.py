#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks berth serve by programs that others wrote: curl, nghttp, h2load and a browser, and nginx and HAProxy between.

Each case is one function and has a server of its own, as in run.py. They listen on sockets in its folder, so that no port
is taken. All of the programs have to be there: tools/setup.sh installs them.
"""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time

from certificates import Certificate
from run import Cases, check, main
from seen import Seen, until

cases = Cases()
HELLO = b"hello from a module\n"
PROGRAMS = ("curl", "nghttp", "h2load", "chromium", "nginx", "haproxy")


def said(*command, data=None, seconds=120):
    """What a program prints, both ways."""
    done = subprocess.run([str(word) for word in command], input=data, capture_output=True, timeout=seconds)
    return done.stdout + done.stderr


@cases.both
def curl_speaks_each_version(machine):
    own = Certificate(machine.root, "own")
    for options, ways in (
        ((), (("--http1.0", "1"), ("--http1.1", "1.1"), ("--http2-prior-knowledge", "2"), ("--http2", "1.1"))),
        (own.options(), (("--http1.1", "1.1"), ("--http2", "2"))),
    ):
        with machine.serve(*options) as server:
            for way, version in ways:
                asked = (way, "--cacert", own.chain, "--resolve", f"localhost:{server.port}:127.0.0.1")
                server.url = re.sub(r"127\.0\.0\.1", "localhost", server.url)
                check(server.curl("/", *asked) == (200, HELLO), f"{way}: {server.curl('/', *asked)}")
                spoken = said("curl", "-sS", "-o", "/dev/null", "-w", "%{http_version}", *asked, server.url)
                # Without TLS curl asks for HTTP/2 by an upgrade, which a server may leave unheard.
                check(spoken.decode() == version, f"{way}: {spoken}")
                data = os.urandom(1 << 20)
                if version != "1":  # which can't say where such a body ends
                    upload = server.curl("/echo", *asked, "-T", "-", data=data)
                    check(upload == (200, data), f"{way}: an upload of unknown length: {upload[0]}, {len(upload[1])}")
                # hyper says 100 in HTTP/1.1 alone, and nobody has to: after a second curl goes on without it. A guest that
                # reads first has it said.
                waits = ("-H", "Expect: 100-continue", "--data-binary", "@-")
                check(server.curl("/echo", *asked, *waits, data=data[:5000]) == (200, data[:5000]), f"{way}: 100-continue")
                begin, patient = time.monotonic(), ("--expect100-timeout", "50") if version == "1.1" else ()
                check(server.curl("/size", *asked, *waits, *patient, data=data[:5000]) == (200, b"5000\n"), f"{way}: it reads")
                check(time.monotonic() - begin < 20, f"{way}: the body isn't asked for")
                head = said("curl", "-sSI", *asked, server.url)
                check(re.match(rb"HTTP/\S+ 200", head) and b"content-length: 20\r\n" in head.lower(), f"{way}: {head}")


@cases.both
def trailers_go_both_ways_by_nghttp(machine):
    file = machine.root / "file"
    file.write_bytes(os.urandom(200_000))
    with machine.serve() as server:
        told = said("nghttp", "-nv", "--trailer", "x-own: at the end", "-d", file, f"{server.url}echo")
        check(re.search(rb"recv \(stream_id=\d+\) x-own: at the end", told), f"{told[-2000:]}")
        check(b":status: 200" in told, f"{told[:2000]}")
        whole = said("nghttp", "-d", file, f"{server.url}echo")
        check(whole == file.read_bytes(), f"{len(whole)} bytes came back")
        # Priorities and several requests on one connection, which are no problem of its server's.
        told = said("nghttp", "-nvm", "20", f"{server.url}count")
        check(told.count(b":status: 200") == 20, f"{told[-2000:]}")


@cases.both
def h2load_loses_nothing(machine):
    own = Certificate(machine.root, "own")
    for options in ((), own.options()):
        with machine.serve(*options) as server:
            for way in ((), ("--h1",)):
                told = said("h2load", "-n", "2000", "-c", "8", "-m", "10", *way, server.url).decode()
                check("2000 succeeded, 0 failed, 0 errored, 0 timeout" in told, f"{way}: {told}")
                check("status codes: 2000 2xx" in told, f"{way}: {told}")
            told = said("h2load", "-n", "300", "-c", "4", "-m", "4", "-d", __file__, f"{server.url}echo").decode()
            check("300 succeeded, 0 failed" in told and "300 2xx" in told, told)


def browse(machine, server, url):
    """What a page said of itself at its end."""
    profile = machine.root / "profile"
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
               "--disable-background-networking", "--disable-component-update", "--disable-sync",
               "--disable-dev-shm-usage", "--ignore-certificate-errors", f"--user-data-dir={profile}", url]  # fmt: skip
    with open(machine.root / "browser", "w") as words:
        # It has processes of its own, which end with its group.
        browser = subprocess.Popen(command, stdout=words, stderr=words, start_new_session=True,
                                   env={**os.environ, "HOME": str(machine.root)})  # fmt: skip
    try:
        def done():
            return [line for line in server.lines if '"/done?' in line]

        return until(done, lambda: f"{(machine.root / 'browser').read_text()[-2000:]} {server.lines}", 120)[0]
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(browser.pid, 9)
        browser.wait()
        # Those that it leaves still write there.
        for _ in range(50):
            shutil.rmtree(profile, ignore_errors=True)
            if not profile.exists():
                break
            time.sleep(0.1)


@cases.case
def a_browser_fetches_and_listens(machine):
    own = Certificate(machine.root, "own")
    for options, protocol in (((), "http/1.1"), (own.options(), "h2")):
        with Seen(machine, *options) as server:
            url = server.url.replace("127.0.0.1", "localhost")
            line = browse(machine, server, f"{url}page")
            check(f"/done?{protocol};a-body;event-0;event-1;event-2" in line, line)


class Proxy:
    """Another server between, until the end of the `with`; asked by a socket."""

    def __init__(self, machine, name, command, text):
        self.socket = machine.root / f"{name}.socket"
        settings = machine.root / f"{name}.conf"
        settings.write_text(text)
        self.words = machine.root / f"{name}.words"
        with open(self.words, "w") as words:
            self.process = subprocess.Popen([*command, str(settings)], stdout=words, stderr=words)
        until(self.listens, lambda: self.words.read_text())

    def listens(self):
        with contextlib.suppress(OSError), self.connect():
            return True
        return False

    def connect(self):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(30)
        client.connect(str(self.socket))
        return client

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def curl(self, path, *options, data=None):
        done = subprocess.run(["curl", "-sS", "-m", "60", "-w", "\n%{http_code}", "--unix-socket", str(self.socket), *options,
                               f"http://localhost{path}"], input=data, capture_output=True, timeout=120)  # fmt: skip
        body, _, status = done.stdout.rpartition(b"\n")
        return int(status or 0), body


def nginx(machine, server):
    root = machine.root
    folders = "".join(f"{kind}_temp_path {root}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return Proxy(machine, "nginx", ["nginx", "-e", "stderr", "-p", str(root), "-c"], f"""
daemon off;
master_process off;
pid {root}/nginx.pid;
error_log stderr;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_max_body_size 64m;
  {folders}
  upstream berth {{
    server {server.host}:{server.port};
    keepalive 4;
  }}
  server {{
    listen unix:{root}/nginx.socket;
    location / {{
      proxy_pass http://berth;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_buffering off;
      proxy_request_buffering off;
    }}
  }}
}}
""")  # fmt: skip


def haproxy(machine, server, way):
    return Proxy(machine, "haproxy", ["haproxy", "-db", "-f"], f"""
global
  maxconn 256
defaults
  mode http
  timeout connect 10s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend front
  bind unix@{machine.root}/haproxy.socket
  default_backend berth
backend berth
  server berth {server.host}:{server.port} {way}
""")  # fmt: skip


def through(proxy, server, both_ways=True):
    """What has to hold through any of them. One that takes nothing more of a body once its answer comes, as nginx does,
    can't bring one both ways at once, from berth or from any other server.
    """
    check(proxy.curl("/") == (200, HELLO), f"{proxy.curl('/')} {proxy.words.read_text()}")
    check(proxy.curl("/nothing")[0] == 404, "its own 404")
    data = os.urandom(8 << 20)
    # Not by "Expect: 100-continue", which curl says for so much: HAProxy 2.6 loses an answer's body that begins in one
    # packet with the 100, as that of a guest does that answers before it reads. So it does with any server behind it.
    if both_ways:
        status, back = proxy.curl("/echo", "--data-binary", "@-", "-H", "Expect:", data=data)
        check((status, back == data) == (200, True), f"there and back: {status}, {len(back)} bytes")
    status, size = proxy.curl("/size", "-T", "-", data=data)
    check((status, size) == (200, f"{len(data)}\n".encode()), f"an upload of unknown length: {status} {size}")
    with proxy.connect() as client:
        client.sendall(b"GET /drip?30 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        begin, got = time.monotonic(), b""
        while b"line 1\n" not in got:
            piece = client.recv(65536)
            check(piece, f"it ends after {got}")
            got += piece
        check(b"line 29" not in got and time.monotonic() - begin < 2.5, "the first lines wait for the last")
    # Who goes away there ends the work here.
    until(lambda: any('"/drip?30"' in line and '"cancelled"' in line for line in server.lines),
          lambda: f"it goes on: {server.lines[-3:]}")  # fmt: skip
    for _ in range(40):
        check(proxy.curl("/count") == (200, b"1\n"), "one of many")
    check(proxy.curl("/trap")[0] == 502 and proxy.curl("/") == (200, HELLO), "after a trap")
    peers = {re.search(r'"peer":"([^"]+)"', line)[1] for line in server.lines if '"/count"' in line}
    check(len(peers) <= 8, f"a connection is used once: {peers}")


@cases.both
def nginx_brings_requests(machine):
    with Seen(machine, module=machine.module) as server, nginx(machine, server) as proxy:
        through(proxy, server, both_ways=False)


@cases.both
def haproxy_brings_requests(machine):
    own = Certificate(machine.root, "own")
    for options, way in (((), ""), ((), "proto h2"), (own.options(), "ssl verify none alpn h2"),
                         (own.options(), "ssl verify none alpn http/1.1")):  # fmt: skip
        with Seen(machine, *options, module=machine.module) as server, haproxy(machine, server, way) as proxy:
            try:
                through(proxy, server)
            except AssertionError as error:
                raise AssertionError(f"by '{way}': {error}") from error


if __name__ == "__main__":
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    if missing:
        sys.exit(f"what asks isn't here: {', '.join(missing)}: run tools/setup.sh")
    sys.exit(main(cases, __doc__))
