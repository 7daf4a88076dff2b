#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Has modules of one berth serve ask each other by their names, within the process.

Each case is one function and has a server of its own, as in run.py: `front` asks and `back` answers, both the guest `web`
or, for WASI 0.3, both `web-p3`.
"""

import concurrent.futures
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

from run import Cases, check, main
from seen import Seen, answer_of, until

cases = Cases()
BACK = "http://back.berth.internal"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def module(machine, name, greeting=None, guest=None):
    """The guest, in a file of that name; one of another greeting answers `/` with it."""
    code = (machine.guests / f"{guest or machine.module}.wasm").read_bytes()
    if greeting:
        code = code.replace(b"hello from a module", greeting.ljust(19)[:19].encode())
    (machine.root / f"{name}.new").write_bytes(code)
    (machine.root / f"{name}.new").rename(machine.root / f"{name}.wasm")


def policy(machine, name, grants=(), **limits):
    lines = [f"grants = {json.dumps(list(grants))}", "[limits]"]
    lines += [f"{limit.replace('_', '.')} = {json.dumps(value)}" for limit, value in limits.items()]
    (machine.root / f"{name}.toml").write_text("\n".join(lines) + "\n")


def serve(machine, *options, grants=("http.out berth:back",), names="", front={}, back={}, guest=None):
    """`front` at the root, with those grants; `back` at a host of its own."""
    module(machine, "front")
    module(machine, "back", guest=guest)
    policy(machine, "front", grants, **front)
    policy(machine, "back", **back)
    (machine.root / "site.toml").write_text(
        '[[route]]\nat = "/"\nmodule = "front.wasm"\npolicy = "front.toml"\n'
        f'[[route]]\nat = "back.example"\nmodule = "back.wasm"\npolicy = "back.toml"\n{names}'
    )
    return Seen(machine, "--site", str(machine.root / "site.toml"), *options, module=None)


def why(machine, server, name):
    """What `berth why` says of a module once its server was stopped."""
    server.process.terminate()
    check(server.process.wait(timeout=40) == 0, f"it ends with {server.process.returncode}: {server.said()}")
    done = subprocess.run([machine.berth, "why", str(machine.root / f"{name}.wasm")], env=machine.environment,
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    return done.stdout + done.stderr


def opened_sockets(server):
    """The sockets that a process has open."""
    links = []
    for number in os.listdir(f"/proc/{server.process.pid}/fd"):
        try:
            links.append(os.readlink(f"/proc/{server.process.pid}/fd/{number}"))
        except FileNotFoundError:
            pass
    return {link for link in links if link.startswith("socket:")}


@cases.both
def one_module_asks_another_by_its_name(machine):
    with serve(machine) as server:
        check(server.curl(f"/ask?{BACK}/") == (200, b"hello from a module\n"), "in its name")
        check(server.curl("/ask?http://BACK.berth.internal./nothing")[0] == 404, "in another spelling; its own 404")
        status, head = server.curl(f"/ask?{BACK}/head?a=b")
        check(status == 200 and head.startswith(b"Method::Get\n/head?a=b\nback.berth.internal\n"), f"{head}")
        entries = {(entry["module"], entry["path"]): entry for entry in server.entries(6)}
        answered = entries["back.wasm", "/head?a=b"]
        check(("front.wasm", f"/ask?{BACK}/head?a=b") in entries, f"{entries}")
        check((answered["peer"], answered["host"], answered["status"])
              == ("front.wasm", "back.berth.internal", 200), f"{answered}")  # fmt: skip
        # The wall keeps the network out of reach: no grant is one to a host.
        check(server.curl(f"/ask?http://127.0.0.1:{server.port}/")[1].startswith(b"ErrorCode::HttpRequestDenied"), "a host")


@cases.both
def a_module_for_others_alone_cannot_be_asked_from_outside(machine):
    def site(front, back):
        (machine.root / "site.toml").write_text(
            f'[[route]]\nat = "{front}"\nmodule = "front.wasm"\npolicy = "front.toml"\n'
            f'[[route]]\nat = "{back}"\nmodule = "back.wasm"\n'
        )

    module(machine, "front")
    module(machine, "back", greeting="what is inside")
    policy(machine, "front", ["http.out berth:back"])
    hosts = ("back.berth.internal", "BACK.Berth.Internal.", "back.berth.internal:80", "back", "berth:back", "front.example",
             "a", "[::1]", "")  # fmt: skip
    paths = ("/", "//back.berth.internal/", "/berth:back", "/back", "/ask", "/../", "http://back.berth.internal/",
             "http://back/", "berth://back/", "*")  # fmt: skip
    for front in ("/", "front.example"):
        site(front, "berth:back")
        with Seen(machine, "--site", str(machine.root / "site.toml"), module=None) as server:
            asked = server.curl(f"/ask?{BACK}/", "-H", "Host: front.example")
            check(asked[0] == 200 and asked[1].startswith(b"what is inside"), f"by the other one: {asked}")
            entries = len(server.entries(2))
            for host in hosts:
                raw = "".join(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n" for path in paths)
                check(b"what is inside" not in server.raw(raw.encode()), f"by {host}")
            for host in hosts[:5]:
                for version in ("--http1.1", "--http2-prior-knowledge"):
                    status, body = server.curl("/", version, "-H", f"Host: {host}")
                    check(b"what is inside" not in body, f"by {host}, {version}: {status} {body}")
            time.sleep(0.2)
            for entry in server.entries(entries + 10)[entries:]:
                check(entry.get("module") != "back.wasm", f"{entry}")
            # It can be given a route, and lose it.
            site("/", "x.example")
            server.process.send_signal(signal.SIGHUP)
            server.until_said("the routes have changed")
            check(server.curl("/", "-H", "Host: x.example")[1].startswith(b"what is inside"), "by its route")
            site("/", "berth:back")
            server.process.send_signal(signal.SIGHUP)
            until(lambda: server.said().count("the routes have changed") == 2, server.said)
            check(server.curl("/", "-H", "Host: x.example")[1] == b"hello from a module\n", "by the route that it had")


@cases.case
def versions_of_wasi_ask_each_other(machine):
    for asking, answering in (("web", "web-p3"), ("web-p3", "web")):
        machine.module = asking
        with serve(machine, guest=answering) as server:
            check(server.curl(f"/ask?{BACK}/size", "-d", "hello") == (200, b"5\n"), f"{asking} asks {answering}")


@cases.both
def nobody_asks_without_leave(machine):
    for grants in ((), ("http.out http://*:*/*", "http.out https://*:*/*", "dns *"), ("http.out berth:other",),
                   ("http.out POST berth:back",), ("http.out berth:back/v1/*",)):  # fmt: skip
        with serve(machine, grants=grants) as server:
            status, said = server.curl(f"/ask?{BACK}/")
            check(status == 500 and said == b"ErrorCode::HttpRequestDenied\n", f"{grants}: {status} {said}")
            check(len(server.entries(1)) == 1, f"{grants}: the other one was asked")
            told = why(machine, server, "front")
            check(f"http.out GET {BACK}/: no grant covers it; allow with --grant 'http.out berth:back'" in told, told)
    with serve(machine, grants=("http.out GET berth:back/head",)) as server:
        check(server.curl(f"/ask?{BACK}/head")[0] == 200, "what is granted")
        check(server.curl(f"/ask?{BACK}/")[1] == b"ErrorCode::HttpRequestDenied\n", "another path")


@cases.both
def what_is_no_name_of_a_module_is_refused(machine):
    with serve(machine, grants=("http.out berth:*", "http.out http://*:*/*", "http.out https://*:*/*")) as server:
        for url in ("https://back.berth.internal/", f"{BACK}:8080/", "http://a.back.berth.internal/",
                    "http://berth.internal/"):  # fmt: skip
            check(server.curl(f"/ask?{url}")[1] == b"ErrorCode::HttpRequestDenied\n", f"{url}: {server.curl(f'/ask?{url}')}")
        check(server.curl("/ask?http://none.berth.internal/")[1] == b"ErrorCode::DestinationNotFound\n", "nobody")
        told = why(machine, server, "front")
        check("'http.out berth:*'" in told and "no module of that name is served here" in told, told)
        check("asked by http://NAME.berth.internal/ alone" in told, told)


@cases.case
def names_are_the_files_or_those_of_the_site(machine):
    with serve(machine, grants=("http.out berth:api", "http.out berth:back"), names='name = "api"\n') as server:
        check(server.curl("/ask?http://api.berth.internal/")[0] == 200, "by the name that the site gives")
        check(server.curl(f"/ask?{BACK}/")[1] == b"ErrorCode::DestinationNotFound\n", "by its file")
        server.until_said("may ask 'http.out berth:back', and no module here is called that")
    for names, said in (('name = "Api"\n', "'Api' can't be a module's name"),
                        ('name = "a"\n[[route]]\nat = "/x"\nmodule = "x.wasm"\nname = "a"\n', "no two have the same")):  # fmt: skip
        (machine.root / "site.toml").write_text(f'[[route]]\nat = "/"\nmodule = "back.wasm"\n{names}')
        done = subprocess.run([machine.berth, "serve", "--site", str(machine.root / "site.toml")],
                              env=machine.environment, capture_output=True, text=True, timeout=60)  # fmt: skip
        check(done.returncode == 120 and said in done.stderr, f"{done.returncode} {done.stderr}")


@cases.both
def bodies_stream_through(machine):
    data = os.urandom(8 << 20)
    with serve(machine, "--memory", "64MiB") as server:
        status, body = server.curl(f"/ask?{BACK}/size", "--data-binary", "@-", data=data)
        check((status, body) == (200, f"{len(data)}\n".encode()), f"there: {status} {body}")
        status, body = server.curl(f"/ask?{BACK}/bytes?{8 << 20}")
        check(status == 200 and len(body) == 8 << 20, f"back: {status} {len(body)}")
        # It comes as it is made, and waits for who doesn't read.
        with server.connect() as client:
            client.sendall(f"GET /ask?{BACK}/drip?30 HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            begin, got = time.monotonic(), b""
            while b"line 1\n" not in got:
                got += client.recv(65536)
            check(b"line 29" not in got and time.monotonic() - begin < 20, "the first lines wait for the last")
        before = server.resident_mib()
        with server.connect() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            client.sendall(f"GET /ask?{BACK}/bytes?{256 << 20} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            time.sleep(3)
            check(server.resident_mib() - before < 48, f"{before} MiB became {server.resident_mib()} MiB")
        if machine.module == "web-p3":
            status, body = server.curl(f"/ask?{BACK}/echo", "--data-binary", "@-", data=data)
            check(status == 200 and body == data, f"both ways: {status} {len(body)}")


@cases.both
def a_ring_ends(machine):
    with serve(machine, grants=("http.out berth:front",)) as server:
        itself = "/ask?http://front.berth.internal"
        check(server.curl(itself * 8 + "/") == (200, b"hello from a module\n"), f"eight: {server.curl(itself * 8 + '/')}")
        check(server.curl(itself * 9 + "/") == (500, b"ErrorCode::LoopDetected\n"), f"nine: {server.curl(itself * 9 + '/')}")
        check(508 in [entry["status"] for entry in server.entries(19)], "it isn't in the log")


@cases.both
def who_asks_itself_without_a_place_is_told_to_come_back(machine):
    with serve(machine, "--queue-timeout", "1s", grants=("http.out berth:front",), front={"instances": 1}) as server:
        begin = time.monotonic()
        status, body = server.curl("/ask?http://front.berth.internal/")
        check((status, body) == (503, b"503 Service Unavailable\n"), f"{status} {body}")
        check(1 <= time.monotonic() - begin < 30, f"after {time.monotonic() - begin} s")
        check(server.curl("/") == (200, b"hello from a module\n"), "its place is free again")


@cases.both
def requests_at_once_that_wait_for_each_other_all_end(machine):
    limited = {"instances": 4}
    with serve(machine, "--queue-timeout", "2s", grants=("http.out berth:front",), front=limited) as server:
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            statuses = list(pool.map(lambda _: server.curl("/ask?http://front.berth.internal/")[0], range(12)))
        check(set(statuses) <= {200, 503}, f"{statuses}")
        check(server.curl("/ask?http://front.berth.internal/")[0] == 200, "afterwards")


@cases.both
def each_has_its_own_limits(machine):
    with serve(machine, front={"cpu_time": "400ms"}, back={"wall": "1s", "cpu_time": "5s"}) as server:
        check(server.curl(f"/ask?{BACK}/sleep?20000") == (504, b"504 Gateway Timeout\n"), "a deadline of the other's")
        check(server.curl(f"/ask?{BACK}/trap") == (502, b"502 Bad Gateway\n"), "a trap of the other's")
        check(server.curl(f"/ask?{BACK}/error")[0] == 502, "an error of the other's")
        check(server.curl("/")[0] == 200, "afterwards")
        server.until_said("back.wasm: 504: limit: deadline")
        server.until_said("back.wasm: 502: trap: ")
    # What the other one computes isn't the time of who waits for it.
    with serve(machine, front={"cpu_time": "400ms"}, back={"cpu_time": "2s"}) as server:
        check(server.curl(f"/ask?{BACK}/spin") == (504, b"504 Gateway Timeout\n"), "its CPU time")
        entries = {entry["module"]: entry for entry in server.entries(2)}
        check(entries["back.wasm"]["limit"] == "cpu-time" and entries["front.wasm"]["status"] == 504, f"{entries}")
        check(entries["front.wasm"]["cpu_used_ns"] < 400_000_000 < entries["back.wasm"]["cpu_used_ns"], f"{entries}")


@cases.both
def a_body_that_is_cut_off_is_no_whole_answer(machine):
    with serve(machine) as server:
        answer = server.raw(f"GET /ask?{BACK}/cut HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        check(b"200 OK" not in answer or not answer.endswith(b"0\r\n\r\n"), f"{answer}")


@cases.both
def who_goes_away_ends_both(machine):
    with serve(machine) as server:
        for path in ("/sleep?60000", "/drip?600"):
            client = server.ask(f"/ask?{BACK}{path}")
            time.sleep(1)
            client.close()
            until(lambda: len([line for line in server.lines if path in line]) == 2,
                  lambda: f"{path}: they go on when nobody waits: {server.lines}")  # fmt: skip
        for entry in server.entries(4):
            check(entry["ending"] == "cancelled", f"{entry}")


@cases.both
def a_trace_goes_through(machine):
    parent = f"traceparent: 00-{TRACE}-00f067aa0ba902b7-01"
    with serve(machine) as server:
        answer = answer_of(server.ask(f"/ask?{BACK}/head", parent))
        check(parent.encode() in answer, f"{answer}")
        entries = server.entries(2)
        check([entry.get("trace_id") for entry in entries] == [TRACE, TRACE], f"{entries}")
        check({entry["module"] for entry in entries} == {"front.wasm", "back.wasm"}, f"{entries}")
    many = ("--reuse", "1000", "--concurrency", "100") if machine.module == "web-p3" else ("--reuse", "1000")
    with serve(machine, *many) as server:
        check(parent.encode() in answer_of(server.ask(f"/ask?{BACK}/head", parent)), "in an instance that is kept")
        check(b"traceparent" not in answer_of(server.ask(f"/ask?{BACK}/head")), "the trace of the one before")


@cases.both
def the_current_version_is_asked(machine):
    with serve(machine) as server:
        check(server.curl(f"/ask?{BACK}/")[1] == b"hello from a module\n", "the first")
        module(machine, "back", greeting="hello from a second")
        server.process.send_signal(signal.SIGHUP)
        server.until_said("back.wasm' answers with")
        check(server.curl(f"/ask?{BACK}/")[1] == b"hello from a second\n", "the second")


@cases.both
def it_never_leaves_the_process(machine):
    with serve(machine, grants=("http.out berth:back", "http.out http://*:*/*", "dns *")) as server:
        check(server.curl(f"/ask?{BACK}/")[0] == 200, "once")
        until(lambda: len(opened_sockets(server)), "none at all")
        before = opened_sockets(server)
        answers, more = [], set()
        asking = threading.Thread(target=lambda: answers.append(server.curl(f"/ask?{BACK}/sleep?1500")))
        asking.start()
        while asking.is_alive():
            more |= opened_sockets(server) - before
            time.sleep(0.02)
        check(answers[0][0] == 200, f"{answers}")
        # The client's own, and no other.
        check(len(more) <= 1, f"{before} became {more}")


@cases.case
def a_program_that_is_run_has_nobody_to_ask(machine):
    guest = str(machine.guests / "transfer-p2.wasm")
    done = subprocess.run([machine.berth, "run", "--grant", "http.out berth:back", guest, "http-get", f"{BACK}/"],
                          env=machine.environment, capture_output=True, text=True, timeout=120)  # fmt: skip
    check(done.returncode != 0 and "DestinationNotFound" in done.stdout + done.stderr, f"{done}")
    check("no module of that name is served here" in done.stderr, f"{done}")


if __name__ == "__main__":
    assert shutil.which("curl"), "curl is needed: apt-get install curl"
    sys.exit(main(cases, __doc__))
