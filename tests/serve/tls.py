#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks berth serve by TLS: what is agreed on, which certificates are taken, and when they are exchanged.

Each case is one function and has a server of its own, as in run.py. What hostile clients do is in abuse.py.
"""

import json
import re
import signal
import ssl
import subprocess
import sys
import threading
import time

from certificates import Certificate, connect, context, openssl
from run import Cases, check, main

cases = Cases()
HELLO = b"hello from a module\n"
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def ask(client, path="/", until=HELLO):
    client.sendall(GET.replace(b" / ", f" {path} ".encode()))
    got = b""
    while until not in got:
        piece = client.recv(65536)
        check(piece, f"it ends after {got}")
        got += piece
    return got


def shown(server, *trusted):
    """The name on the certificate that a new connection is shown."""
    with connect(server, context(*trusted)) as client:
        ask(client)
        subject = dict(pair for part in client.getpeercert()["subject"] for pair in part)
        return subject["commonName"].removesuffix(".berth.test")


def until_shown(server, name, *trusted):
    for _ in range(200):
        if shown(server, *trusted) == name:
            return
        time.sleep(0.05)
    raise AssertionError(f"the certificate '{name}' isn't shown: {server.said()}")


def hang_up(server):
    server.process.send_signal(signal.SIGHUP)


@cases.both
def a_module_answers_by_tls(machine):
    own = Certificate(machine.root, "own")
    with machine.serve(*own.options()) as server:
        check(server.url.startswith("https://"), server.url)
        for version, number in (("--http1.1", b"1.1"), ("--http2", b"2")):
            trust = ("--cacert", str(own.chain), version)
            done = subprocess.run(["curl", "-sS", "-w", "%{http_version}", *trust, server.url], capture_output=True)
            check(done.stdout == HELLO + number, f"{version}: {done}")
            status, head = server.curl("/head", *trust)
            check(status == 200 and b"\nSome(Scheme::Https)\n" in head, f"{version}: {head}")
            data = bytes(range(256)) * 12_000
            check(server.curl("/echo", *trust, "--data-binary", "@-", data=data) == (200, data), f"{version}: a body")
    with machine.serve() as server:
        check(b"\nSome(Scheme::Http)\n" in server.curl("/head")[1], "without TLS")


@cases.case
def what_was_agreed_on_is_spoken(machine):
    own = Certificate(machine.root, "own")
    with machine.serve(*own.options()) as server:
        for offered, agreed in (((), None), (("http/1.1",), "http/1.1"), (("h2", "http/1.1"), "h2"), (("h2",), "h2")):
            with connect(server, context(own, protocols=offered)) as client:
                check(client.selected_alpn_protocol() == agreed, f"{offered}: {client.selected_alpn_protocol()}")
                if agreed != "h2":
                    ask(client)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            made = context(own)
            made.minimum_version = made.maximum_version = version
            with connect(server, made) as client:
                ask(client)
        old = context(own)
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        check(fails(lambda: connect(server, old)), "TLS 1.1 is spoken")
        check(fails(lambda: connect(server, context(own, protocols=["gopher"]))), "a protocol that nobody knows")


def fails(work):
    try:
        work().close()
    except (ssl.SSLError, ConnectionError):
        return True
    return False


@cases.case
def keys_of_all_usual_kinds_are_taken(machine):
    for name, kind in (("rsa", ("rsa:2048",)), ("p384", ("ec", "-pkeyopt", "ec_paramgen_curve:P-384")), ("ed", ("ed25519",))):
        own = Certificate(machine.root, name, kind)
        with machine.serve(*own.options()) as server:
            check(shown(server, own) == name, name)


@cases.case
def a_pair_that_cannot_be_served_with_is_said(machine):
    own, other = Certificate(machine.root, "own"), Certificate(machine.root, "other")
    root = machine.root
    (root / "empty").write_text("")
    (root / "cut.key").write_text(own.key.read_text()[:120])
    (root / "cut.pem").write_text(own.chain.read_text()[:120])
    (root / "garbled.key").write_text(own.key.read_text().replace("\nM", "\n*M", 1))
    openssl("pkey", "-in", own.key, "-aes256", "-passout", "pass:x", "-out", root / "locked.key")
    openssl("ecparam", "-name", "secp521r1", "-genkey", "-noout", "-out", root / "p521.key")
    (root / "folder").mkdir()
    for chain, key, status, said in (
        (own.chain, other.key, 120, "the key isn't that of the first certificate"),
        (own.chain, None, 120, "--tls-cert and --tls-key go together"),
        (None, own.key, 120, "--tls-cert and --tls-key go together"),
        (own.key, own.chain, 120, "the certificate's file has none in PEM"),
        (own.chain, own.chain, 120, "the key's file has none in PEM"),
        (own.chain, root / "empty", 120, "the key's file has none in PEM"),
        (root / "empty", own.key, 120, "the certificate's file has none in PEM"),
        (own.chain, root / "cut.key", 120, "it may have been cut off"),
        (root / "cut.pem", own.key, 120, "it may have been cut off"),
        (own.chain, root / "garbled.key", 120, "no PEM that can be read"),
        (own.chain, root / "locked.key", 120, "the key has a passphrase"),
        (own.chain, root / "p521.key", 120, "the key is none that can be used"),
        (own.chain, root / "missing", 122, "--tls-key: "),
        (root / "folder", own.key, 120, "--tls-cert: "),
    ):
        words = [*(("--tls-cert", str(chain)) if chain else ()), *(("--tls-key", str(key)) if key else ())]
        for style in ((), ("--json",)):
            command = [machine.berth, "serve", "--addr", "127.0.0.1:0", *style, *words, str(machine.guests / "web.wasm")]
            done = subprocess.run(command, env=machine.environment, capture_output=True, text=True, timeout=120)
            check(done.returncode == status and said in done.stderr + done.stdout, f"{words}: {done}")
            secret = [line for line in own.secrets() + other.secrets() if line[:20] in done.stderr + done.stdout]
            check(not secret, f"{words}: what is secret is said")


@cases.case
def where_it_is_served_is_said_for_programs(machine):
    own = Certificate(machine.root, "own")
    command = [machine.berth, "serve", "--addr", "127.0.0.1:0", "--json", *own.options(), str(machine.guests / "web.wasm")]
    with subprocess.Popen(command, env=machine.environment, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        process.kill()
    check(json.loads(line)["url"].startswith("https://127.0.0.1:"), line)
    check(not any(secret in line for secret in own.secrets()), "what is secret is said")


@cases.case
def a_new_certificate_is_shown_after_a_sighup(machine):
    own, other = Certificate(machine.root, "own"), Certificate(machine.root, "other")
    with machine.serve(*own.options()) as server:
        trusted = context(own, other)
        first = Certificate(machine.root, "kept")
        first.put(own)
        kept = connect(server, trusted)
        ask(kept)
        with connect(server, trusted) as busy:
            busy.sendall(b"GET /drip?20 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            own.put(other)
            hang_up(server)
            until_shown(server, "other", first, other)
            server.until_said("connections are shown the new certificate from now on")
            ask(kept)
            got = b""
            while piece := busy.recv(65536):
                got += piece
        check(b"line 19" in got and got.endswith(b"0\r\n\r\n"), f"the one under way was cut off: {got[-80:]}")
        ask(kept)
        kept.close()
        hang_up(server)
        server.until_said("nothing has changed")
        check(not any(secret in server.said() for secret in first.secrets() + other.secrets()), "what is secret is said")


@cases.case
def a_pair_that_does_not_belong_together_is_not_taken(machine):
    own, other, first = (Certificate(machine.root, name) for name in ("own", "other", "first"))
    first.put(own)
    with machine.serve(*own.options(), "--watch") as server:
        trusted = (first, other)
        own.key.write_bytes(other.key.read_bytes())
        server.until_said("the key isn't that of the first certificate")
        check(shown(server, *trusted) == "own", "it is taken")
        own.chain.write_text("nothing")
        server.until_said("the certificate's file has none in PEM")
        check(shown(server, *trusted) == "own", "it is taken")
        own.chain.write_bytes(other.chain.read_bytes())
        until_shown(server, "other", *trusted)
        own.put(first)
        until_shown(server, "own", *trusted)


@cases.case
def no_request_is_lost_while_certificates_change(machine):
    own, other, first = (Certificate(machine.root, name) for name in ("own", "other", "first"))
    first.put(own)
    with machine.serve(*own.options(), "--reuse", "100") as server:
        made, over, failed, answered = context(first, other), threading.Event(), [], []

        def client():
            try:
                while not over.is_set():
                    with connect(server, made) as connection:
                        for _ in range(5):
                            ask(connection)
                            answered.append(1)
            except (OSError, AssertionError) as error:
                failed.append(error)

        clients = [threading.Thread(target=client, daemon=True) for _ in range(4)]
        for thread in clients:
            thread.start()
        for change in range(10):
            own.put((other, first)[change % 2])
            hang_up(server)
            until_shown(server, ("other", "own")[change % 2], first, other)
        over.set()
        for thread in clients:
            thread.join()
        check(not failed and len(answered) > 50, f"of {len(answered)}: {failed}")


@cases.case
def a_stop_lets_requests_by_tls_end(machine):
    own = Certificate(machine.root, "own")
    with machine.serve(*own.options()) as server:
        made = context(own)
        silent, idle, busy = server.connect(), connect(server, made), connect(server, made)
        busy.sendall(b"GET /drip?15 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        got = busy.recv(100)
        server.process.send_signal(signal.SIGTERM)
        while piece := busy.recv(65536):
            got += piece
        check(re.search(rb"line 14\s+0\r\n\r\n$", got), f"{got[-80:]}")
        check(server.process.wait(timeout=20) == 0, "its status")
        check(idle.recv(100) == b"" and silent.recv(100) == b"", "those without a request")


if __name__ == "__main__":
    sys.exit(main(cases, __doc__))
