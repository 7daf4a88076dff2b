#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks berth serve, over real connections: by curl, and by raw bytes where no decent client would send them.

Each case is one function and has a server of its own, with the guest `web` (tests/guests/rust/web) and, for what both
versions of WASI do, with `web-p3`. One line a case, and a closing count. The status is 0 when all passed.
"""

import argparse
import contextlib
import http.client
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import frames


class Cases:
    """What a script tries, in the order in which it is written there; each with the guest that its server has."""

    def __init__(self):
        self.listed = []

    def case(self, function):
        self.listed.append((function, "web"))
        return function

    def both(self, function):
        """A case for WASI 0.2 and for 0.3."""
        self.listed.extend([(function, "web"), (function, "web-p3")])
        return function


cases = Cases()


def check(true, said):
    if not true:
        raise AssertionError(said)


class Server:
    """berth serve, until the end of the `with`."""

    def __init__(self, machine, *options, module="web"):
        self.machine = machine
        served = [] if module is None else [str(machine.guests / f"{module}.wasm")]
        command = [machine.berth, "serve", "--addr", "127.0.0.1:0", *options, *served]
        # Read by its name: a descriptor that both had would have one position, and what is said could overwrite itself.
        self.errors = open(machine.root / "errors", "w")
        self.process = subprocess.Popen(command, env=machine.environment, stdout=subprocess.PIPE, stderr=self.errors,
                                        text=True)  # fmt: skip
        line = self.process.stdout.readline()
        match = re.fullmatch(r"serving .+ on (https?://(127\.0\.0\.1):(\d+)/)(?:, metrics on (\S+)/metrics)?\n", line)
        if not match:
            self.process.kill()
            raise AssertionError(f"it doesn't start: {line!r} {self.said()}")
        self.url, self.host, self.port, self.admin = match[1], match[2], int(match[3]), match[4]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.errors.close()

    def said(self):
        return Path(self.errors.name).read_text()

    def until_said(self, text):
        for _ in range(100):
            if text in self.said():
                return
            time.sleep(0.1)
        raise AssertionError(f"'{text}' isn't said: {self.said()}")

    def curl(self, path, *options, data=None):
        """Status, and what came."""
        done = subprocess.run(["curl", "-sS", "-m", "60", "-w", "\n%{http_code}", *options, self.url + path.lstrip("/")],
                              input=data, capture_output=True, timeout=120)  # fmt: skip
        body, _, status = done.stdout.rpartition(b"\n")
        return int(status), body

    def connect(self):
        return socket.create_connection((self.host, self.port), timeout=30)

    def raw(self, data):
        """What comes back for these bytes, until the server closes or two seconds have passed without any."""
        with self.connect() as client:
            client.sendall(data)
            client.settimeout(2)
            answer = b""
            try:
                while piece := client.recv(65536):
                    answer += piece
            except (TimeoutError, ConnectionResetError):
                pass
            return answer

    def resident_mib(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024


class Machine:
    def __init__(self, berth, guests, root, asked, module="web"):
        self.berth, self.guests, self.root, self.asked, self.module = berth, guests, root, asked, module
        self.environment = {**os.environ, "BERTH_STATE": str(root / "state"), "BERTH_CONFIG": str(root / "config")}

    def serve(self, *options, **named):
        return Server(self, *options, **{"module": self.module, **named})


@cases.both
def a_module_answers(machine):
    with machine.serve() as server:
        check(server.curl("/") == (200, b"hello from a module\n"), "over HTTP/1.1")
        check(server.curl("/", "--http2-prior-knowledge") == (200, b"hello from a module\n"), "over HTTP/2")
        check(server.curl("/nothing") == (404, b""), "the guest's own 404")
        status, head = server.curl("/head?a=b", "-H", "X-Own: yes")
        check(status == 200 and head.startswith(b"Method::Get\n/head?a=b\n"), f"{head}")
        check(f"{server.host}:{server.port}\n".encode() in head and b"x-own: yes\n" in head, f"{head}")


@cases.both
def each_request_has_an_instance_of_its_own(machine):
    with machine.serve() as server:
        check([server.curl("/count")[1] for _ in range(5)] == [b"1\n"] * 5, "one has answered before")


@cases.both
def bodies_go_through_as_they_come(machine):
    with machine.serve() as server:
        data = os.urandom(3_000_000)
        for version in ("--http1.1", "--http2-prior-knowledge"):
            status, body = server.curl("/echo", version, "--data-binary", "@-", data=data)
            check((status, len(body)) == (200, len(data)) and body == data, f"{version}: {status}, {len(body)}")
        chunked = b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\nConnection: close\r\n\r\n"
        answer = server.raw(chunked + b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")
        check(b"200 OK" in answer and b"abc" in answer and b"defg" in answer, f"{answer}")
        status, body = server.curl("/bytes?5000000")
        check(len(body) == 5_000_000, f"{len(body)}")


@cases.both
def an_answer_comes_before_its_guest_has_ended(machine):
    with machine.serve() as server:
        with server.connect() as client:
            client.sendall(b"GET /drip?20 HTTP/1.1\r\nHost: a\r\n\r\n")
            begin = time.monotonic()
            got = b""
            while b"line 1" not in got:
                got += client.recv(65536)
            check(time.monotonic() - begin < 1.5, "the first lines wait for the last")
        begin = time.monotonic()
        check(server.curl("/after?3000") == (200, b"answered\n"), "an answer of a guest that goes on")
        check(time.monotonic() - begin < 2.5, "it waits for the guest")


@cases.both
def head_and_keep_alive(machine):
    with machine.serve() as server:
        answer = server.raw(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        check(answer.count(b"HTTP/1.1 200 OK") == 2 and answer.count(b"hello") == 1, f"{answer}")
        for path, status in (("/", 200), ("/drip?1", 200), ("/trap", 502)):
            said, head = server.curl(path, "--http2-prior-knowledge", "-I")
            check(said == status and head.startswith(f"HTTP/2 {status}".encode()), f"{path} over HTTP/2: {said} {head}")
        old = server.raw(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
        check(b"200 OK" in old and old.endswith(b"hello from a module\n"), f"{old}")


@cases.case
def expectations_are_met(machine):
    with machine.serve() as server:
        with server.connect() as client:
            client.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
            client.settimeout(10)
            check(client.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n"), "no 100")
            client.sendall(b"hello")
            answer = b""
            while b"hello" not in answer:
                answer += client.recv(65536)


@cases.both
def guests_that_fail_are_answered_for(machine):
    with machine.serve("--wall", "10s", "--cpu-time", "500ms", "--memory", "64MiB") as server:
        none = [("/none", 502, "502: the guest gave no answer")] if machine.module == "web" else []
        for path, status, said in (
            *none,
            ("/error", 502, "502: the guest answered with an error"),
            ("/trap", 502, "502: trap: "),
            ("/spin", 504, "504: limit: cpu-time"),
            ("/sleep?60000", 504, "504: limit: deadline"),
            ("/fill", 504, "504: limit: memory"),
        ):
            got, body = server.curl(path)
            check(got == status and body.startswith(str(status).encode()), f"{path}: {got} {body}")
            server.until_said(said)
            check(server.curl("/")[0] == 200, f"after {path}")


@cases.both
def one_that_spins_keeps_nobody_waiting(machine):
    with machine.serve("--cpu-time", "20s") as server:
        spinners = [server.connect() for _ in range(8)]
        for client in spinners:
            client.sendall(b"GET /spin HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(1)
        begin = time.monotonic()
        for _ in range(10):
            check(server.curl("/")[0] == 200, "beside a spinning one")
        check(time.monotonic() - begin < 40, f"ten requests took {time.monotonic() - begin} s")
        for client in spinners:
            client.close()


@cases.both
def a_body_that_is_cut_off_is_no_whole_answer(machine):
    with machine.serve() as server:
        answer = server.raw(b"GET /cut HTTP/1.1\r\nHost: a\r\n\r\n")
        # What came before the fall may have gone out or not.
        check(not answer.endswith(b"0\r\n\r\n"), f"{answer}")
        status, body = server.curl("/cut")
        check(status == 0 or body == b"the first half", f"curl takes it for {status} {body}")
        server.until_said("trap")


@cases.both
def who_goes_away_ends_the_work(machine):
    with machine.serve("--limit", "instances=2", "--queue", "0", "--wall", "60s") as server:
        for path in ("/sleep?50000", "/spin", "/drip?500"):
            clients = [asking(server, path) for _ in range(2)]
            answers = []
            while 503 not in answers:
                check(len(answers) < 100, f"{path}: a third is let in: {answers}")
                answers.append(server.curl("/")[0])
                clients = [asking(server, path) if is_refused(client) else client for client in clients]
            for client in clients:
                client.close()
            for _ in range(100):
                if both_places_are_free(server):
                    break
                time.sleep(0.1)
            else:
                raise AssertionError(f"{path}: its work goes on when nobody waits for it")


def asking(server, path):
    client = server.connect()
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    return client


def is_refused(client):
    """An answer goes out before its place is free again: who comes then is told to come back."""
    return (bool(select.select([client], [], [], 0.05)[0])
            and client.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 503")  # fmt: skip


def body_from(client):
    """The body of the next answer on a connection that is kept."""
    answer = http.client.HTTPResponse(client)
    answer.begin()
    return answer.read()


def both_places_are_free(server):
    asked = [server.connect() for _ in range(2)]
    for client in asked:
        client.sendall(b"GET /sleep?200 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    return all(client.recv(65536).startswith(b"HTTP/1.1 200") for client in asked)


@cases.both
def one_too_many_is_told_to_come_back(machine):
    with machine.serve("--limit", "instances=1", "--queue", "0") as server:
        with server.connect() as client:
            client.sendall(b"GET /sleep?3000 HTTP/1.1\r\nHost: a\r\n\r\n")
            time.sleep(0.5)
            answer = server.raw(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            check(b"503 Service Unavailable" in answer and b"retry-after: 1\r\n" in answer.lower(), f"{answer}")


@cases.case
def smuggled_and_broken_heads_are_refused(machine):
    with machine.serve() as server:
        for data in (
            b"GET / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
            b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
            b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 4\r\n\r\nabcd",
            b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
            b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
            b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
            b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
            b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        ):
            answer = server.raw(data)
            check(not answer or re.match(rb"HTTP/1\.1 4\d\d ", answer), f"{data[:80]}: {answer[:200]}")
        both = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /count HTTP/1.1\r\nHost: a\r\n\r\n"
        # Chunked wins by the standard, and the connection isn't used again; a refusal is as good.
        check(server.raw(both).count(b"HTTP/1.1 ") <= 1, "a request was smuggled")
        check(server.curl("/")[0] == 200, "afterwards")


@cases.case
def what_is_too_large_is_said(machine):
    with machine.serve("--max-body", "1MiB", "--max-head", "16KiB") as server:
        check(server.curl("/echo", "--data-binary", "@-", data=bytes(2 << 20))[0] == 413, "with its length")
        status, body = server.curl("/echo", "-H", "Transfer-Encoding: chunked", "--data-binary", "@-", data=bytes(2 << 20))
        check(status != 200 or len(body) <= 1 << 20, f"without its length: {status}, {len(body)}")
        check(server.curl("/echo", "--data-binary", "@-", data=bytes(1 << 20))[0] == 200, "one that fits")
        check(server.curl("/", "-H", "X-Long: " + "y" * 20_000)[0] in (400, 431), "a long head")


@cases.both
def who_was_connected_when_it_stops_is_answered(machine):
    with machine.serve() as server:
        server.process.send_signal(signal.SIGSTOP)
        clients = [server.connect() for _ in range(50)]
        for client in clients:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGCONT)
        answers = [whole(client) for client in clients]
        check(all(b"hello" in answer for answer in answers), f"{sum(b'hello' not in a for a in answers)} of 50 weren't")
        check(server.process.wait(timeout=20) == 0, "its status")


def whole(client):
    """All that comes."""
    answer = b""
    with contextlib.suppress(ConnectionResetError), client:
        while piece := client.recv(65536):
            answer += piece
    return answer


@cases.case
def slow_and_silent_clients_are_let_go(machine):
    with machine.serve("--head-timeout", "1s", "--idle-timeout", "2s") as server:
        silent, slow, kept = server.connect(), server.connect(), server.connect()
        kept.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        check(b"hello" in body_from(kept), "the one that is kept")
        begin = time.monotonic()
        stop = threading.Event()

        def trickle():
            for byte in b"GET / HTTP/1.1\r\nHost: " + b"a" * 200:
                try:
                    slow.send(bytes([byte]))
                except OSError:
                    return
                if stop.wait(0.1):
                    return

        thread = threading.Thread(target=trickle, daemon=True)
        thread.start()
        for name, client in (("slow", slow), ("silent", silent), ("kept", kept)):
            client.settimeout(15)
            try:
                while client.recv(65536):
                    pass
            except ConnectionResetError:
                pass
            except TimeoutError:
                raise AssertionError(f"the {name} one is kept for ever") from None
        stop.set()
        thread.join()
        check(time.monotonic() - begin < 14, "they are kept for long")


@cases.case
def a_connection_that_rests_is_kept_for_longer_than_a_head_may_take(machine):
    get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    with machine.serve("--head-timeout", "1s", "--idle-timeout", "5s") as server:
        rests, begins, multiplexed = server.connect(), server.connect(), server.connect()
        for client in (rests, begins):
            client.sendall(get)
            check(b"hello" in body_from(client), "the first request")
        multiplexed.sendall(frames.begin() + frames.request(1))
        time.sleep(2.5)
        begins.sendall(get[:9])
        multiplexed.sendall(frames.frame(frames.PING, 0, 0, bytes(8)))
        began = time.monotonic()
        rests.sendall(get)
        check(b"hello" in body_from(rests), "the one that rested is gone")
        begins.settimeout(10)
        check(begins.recv(100) == b"" and time.monotonic() - began < 2, "a later head may take as long as it likes")
        multiplexed.sendall(frames.request(3))
        multiplexed.settimeout(2)
        answer = b""
        with contextlib.suppress(TimeoutError):
            while piece := multiplexed.recv(65536):
                answer += piece
        check(answer.count(b"hello") == 2, "frames between requests are taken for a head that is late")


@cases.case
def there_are_as_many_connections_as_there_may_be(machine):
    with machine.serve("--max-connections", "10") as server:
        clients = [server.connect() for _ in range(10)]
        for client in clients:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            check(b"hello" in body_from(client), "one of ten")
        check(server.raw(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") == b"", "an eleventh is served")
        clients.pop().close()
        time.sleep(0.5)
        check(server.curl("/")[0] == 200, "after one has gone")
        for client in clients:
            client.close()


@cases.both
def a_stop_lets_requests_end(machine):
    with machine.serve() as server:
        idle, busy = server.connect(), server.connect()
        busy.sendall(b"GET /drip?15 HTTP/1.1\r\nHost: a\r\n\r\n")
        check(b"200" in busy.recv(100), "it begins")
        server.process.send_signal(signal.SIGTERM)
        answer = b""
        while piece := busy.recv(65536):
            answer += piece
        check(b"line 14" in answer and answer.endswith(b"0\r\n\r\n"), f"{answer[-200:]}")
        check(server.process.wait(timeout=20) == 0, "its status")
        check(idle.recv(100) == b"", "the idle one")
    with machine.serve("--drain-timeout", "1s") as server:
        with server.connect() as busy:
            busy.sendall(b"GET /sleep?60000 HTTP/1.1\r\nHost: a\r\n\r\n")
            time.sleep(0.3)
            server.process.send_signal(signal.SIGINT)
            check(server.process.wait(timeout=20) == 0, "its status")
            check("1 connections didn't end in time" in server.said(), server.said())


@cases.both
def instances_answer_again_where_they_may(machine):
    # There is one: a request that comes before it is free waits for it.
    with machine.serve("--reuse", "3", "--limit", "instances=1", "--cpu-time", "500ms", "--wall", "2s") as server:
        with server.connect() as client:
            counts = []
            for _ in range(7):
                client.sendall(b"GET /count HTTP/1.1\r\nHost: a\r\n\r\n")
                counts.append(int(body_from(client)))
        check(counts == [1, 2, 3, 1, 2, 3, 1], f"{counts}")
    # What went wrong once, or used up its time, answers no more; the others don't notice.
    limits = ("--limit", "instances=1", "--cpu-time", "300ms", "--wall", "1s", "--memory", "128MiB")
    with machine.serve("--reuse", "1000", *limits) as server:
        for path in ("/trap", "/spin", "/sleep?30000", "/fill"):
            with server.connect() as client:
                got = b""
                for number, each in enumerate(("/count", "/count", path, "/count")):
                    client.sendall(f"GET {each} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                    while len(re.findall(rb"\r\n\r\n.+\n", got)) <= number:
                        piece = client.recv(65536)
                        check(piece, f"{path}: {got}")
                        got += piece
            counts = re.findall(rb"\r\n\r\n(\d+)\n", got)
            check(re.search(rb"HTTP/1.1 50[24] ", got), f"{path}: {got}")
            check(int(counts[1]) == int(counts[0]) + 1 and counts[2:] == [b"1"], f"{path}: {counts}")


@cases.both
def an_instance_that_leaks_answers_no_more(machine):
    # 32 handles more than after the first request, and a quarter of the memory, are too many.
    for path, most in (("/leak?10", 6), ("/hoard?2000", 9)):
        with machine.serve("--reuse", "1000", "--memory", "64MiB") as server, server.connect() as client:
            counts = []
            for _ in range(24):
                client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                counts.append(int(body_from(client)))
                time.sleep(0.02)  # until it has nothing left to do
            check(max(counts) <= most and counts.count(1) > 1, f"{path}: {counts}")
            check(max(counts) > 2, f"{path}: it isn't used again: {counts}")


@cases.both
def time_and_cpu_are_each_requests_own(machine):
    with machine.serve("--reuse", "1000", "--cpu-time", "200ms", "--wall", "1s") as server:
        with server.connect() as client:
            begin = time.monotonic()
            while time.monotonic() - begin < 3:
                client.sendall(b"GET /sleep?100 HTTP/1.1\r\nHost: a\r\n\r\n")
                check(b"200 OK" in client.recv(65536), "a request is charged with those before it")
            for _ in range(3):
                client.sendall(b"GET /bytes?20000000 HTTP/1.1\r\nHost: a\r\n\r\n")
                got = 0
                while got < 20_000_000:
                    got += len(client.recv(1 << 20))


@cases.case
def an_instance_answers_many_at_once_where_it_may(machine):
    many = ("--reuse", "100000", "--concurrency", "1000", "--wall", "30s")
    with machine.serve(*many, module="web-p3") as server:
        waiting = [server.connect() for _ in range(600)]
        for client in waiting:
            client.sendall(b"GET /sleep?4000 HTTP/1.1\r\nHost: a\r\n\r\n")
        begin = time.monotonic()
        check(server.curl("/")[0] == 200 and time.monotonic() - begin < 2, "it waits for those that sleep")
        for client in waiting:
            check(b"200 OK" in client.recv(65536), "one that slept")
            client.close()
        check(time.monotonic() - begin < 15, f"they took {time.monotonic() - begin} s")
        # Each lane has one.
        check(int(server.curl("/count")[1]) > 100, "they have instances of their own")
    status, said = refused(machine, "--concurrency", "2", "--reuse", "2", str(machine.guests / "web.wasm"))
    check(status == 121 and "one request at a time" in said, f"{status} {said}")
    status, said = refused(machine, "--concurrency", "2", str(machine.guests / "web-p3.wasm"))
    check(status == 120 and "--reuse" in said, f"{status} {said}")


def refused(machine, *arguments):
    done = subprocess.run([machine.berth, "serve", *arguments], env=machine.environment, capture_output=True, text=True,
                          timeout=120)  # fmt: skip
    return done.returncode, done.stderr


@cases.case
def what_cannot_be_served_is_said(machine):
    web = str(machine.guests / "web.wasm")
    (machine.root / "command.wat").write_text('(module (memory (export "memory") 1) (func (export "_start")))')
    status, said = refused(machine, "--addr", "127.0.0.1:0", str(machine.root / "command.wat"))
    check(status == 121 and "it answers no HTTP requests" in said, f"{status} {said}")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        status, said = refused(machine, "--addr", f"127.0.0.1:{taken.getsockname()[1]}", web)
        check(status == 119 and "can't be listened on" in said, f"{status} {said}")
    status, said = refused(machine, "--addr", "localhost", web)
    check(status == 120 and "no address and port" in said, f"{status} {said}")
    status, said = refused(machine, "--max-body", "many", web)
    check(status == 120 and "--max-body" in said, f"{status} {said}")
    status, said = refused(machine, "--max-connections", "0", web)
    check(status == 120 and "when they are zero" in said, f"{status} {said}")


@cases.both
def many_requests_leave_nothing_behind(machine):
    with machine.serve("--memory", "64MiB") as server:
        def ask(count):
            with server.connect() as client:
                for _ in range(count):
                    client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    got = b""
                    while b"hello from a module\n" not in got:
                        got += client.recv(65536)

        ask(300)
        before = server.resident_mib()
        ask(1500)
        check(server.resident_mib() - before < 16, f"{before} MiB became {server.resident_mib()} MiB")


def main(cases, about, add_options=lambda parser: None):
    """Runs them, each with a machine of its own, which has the command line's options as `asked`."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="only cases with one of these in their names")
    parser.add_argument("--berth", required=True)
    parser.add_argument("--guests", required=True)
    add_options(parser)
    asked = parser.parse_args()
    passed = failed = 0
    for function, module in cases.listed:
        name = function.__name__.replace("_", " ") + (" (0.3)" if module == "web-p3" else "")
        if asked.words and not any(word in name for word in asked.words):
            continue
        with tempfile.TemporaryDirectory() as root:
            berth, guests = Path(asked.berth).resolve(), Path(asked.guests).resolve()
            machine = Machine(str(berth), guests, Path(root), asked, module)
            try:
                function(machine)
                passed += 1
                print(f"ok   {name}", flush=True)
            except (AssertionError, OSError, http.client.HTTPException, subprocess.TimeoutExpired) as error:
                failed += 1
                print(f"FAIL {name}: {error}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(cases, __doc__))
