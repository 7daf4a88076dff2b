#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Looks at how berth serve is seen: its access log, its metrics, its queue, and `berth top`.

As run.py: each case is one function and has a server of its own, with the guest `web`. The metrics are read by
Prometheus's own parser for Python.
"""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import threading
import time

import run
from run import check

cases = run.Cases()

# The parser is a package of the system's Python, whichever runs this.
PARSER = """
import json, sys
from prometheus_client.parser import text_string_to_metric_families as parse
print(json.dumps([[s.name, s.labels, s.value, f.type, f.documentation] for f in parse(sys.stdin.read()) for s in f.samples]))
"""


def until(what, said, seconds=15):
    """Waits for something true, and gives it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if got := what():
            return got
        time.sleep(0.05)
    raise AssertionError(said() if callable(said) else said)


class Seen(run.Server):
    """A server whose standard output is read as it comes."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.lines = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def entries(self, count):
        """That many lines of the log, at least."""
        until(lambda: len(self.lines) >= count, lambda: f"{count} lines don't come: {self.lines}")
        return [json.loads(line) for line in self.lines]

    def metrics(self):
        """Samples by name and labels."""
        done = subprocess.run(["curl", "-sS", "-m", "20", self.admin + "/metrics"], capture_output=True, check=True)
        parsed = subprocess.run(["/usr/bin/python3", "-c", PARSER], input=done.stdout, capture_output=True)
        check(parsed.returncode == 0, f"{parsed.stderr.decode()} {done.stdout.decode()}")
        self.samples = json.loads(parsed.stdout)
        return {(name, *sorted(labels.items())): value for name, labels, value, _, _ in self.samples}

    def metric(self, name, **labels):
        return self.metrics().get((name, *sorted({"module": "web.wasm", **labels}.items())))

    def until_metric(self, value, name, **labels):
        until(lambda: self.metric(name, **labels) == value,
              lambda: f"{name} {labels} is {self.metric(name, **labels)}, not {value}")  # fmt: skip

    def ask(self, path, *headers):
        """A request on a connection of its own, which isn't waited for."""
        client = self.connect()
        client.sendall("\r\n".join([f"GET {path} HTTP/1.1", "Host: a", "Connection: close", *headers, "", ""]).encode())
        return client


def answer_of(client):
    client.settimeout(30)
    answer = b""
    while piece := client.recv(65536):
        answer += piece
    client.close()
    return answer


def serve(machine, *options, **named):
    return Seen(machine, *options, **named)


@cases.case
def each_request_is_a_line_of_the_log(machine):
    with serve(machine, "--cpu-time", "500ms", "--max-body", "1MiB") as server:
        server.curl("/?a=b")
        server.curl("/echo", "--data-binary", "@-", data=b"x" * 5000)
        server.curl("/nothing")
        server.curl("/trap")
        server.curl("/spin")
        server.curl("/echo", "--data-binary", "@-", data=bytes(2 << 20))
        first, echo, nothing, trap, spin, large = server.entries(6)
        at = first.pop("time")
        check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", at), at)
        check(re.fullmatch(r"127\.0\.0\.1:\d+", first.pop("peer")), f"{first}")
        check(first.pop("wall_ns") > first.pop("cpu_used_ns") > 0, f"{first}")
        check(first == {"module": "web.wasm", "method": "GET", "host": "127.0.0.1", "path": "/?a=b", "status": 200,
                        "received_bytes": 0, "sent_bytes": 20, "ending": "exited"}, f"{first}")  # fmt: skip
        check((echo["method"], echo["received_bytes"], echo["sent_bytes"]) == ("POST", 5000, 5000), f"{echo}")
        check(nothing["status"] == 404 and nothing["module"] == "web.wasm", f"{nothing}")
        check((trap["status"], trap["ending"]) == (502, "trapped") and "unreachable" in trap["reason"], f"{trap}")
        check((spin["status"], spin["ending"], spin["limit"]) == (504, "limited", "cpu-time"), f"{spin}")
        check(spin["cpu_used_ns"] >= 500_000_000, f"{spin}")
        check(large["status"] == 413 and "module" not in large, f"{large}")


@cases.case
def an_answer_that_came_whole_is_logged_as_that(machine):
    for module in ("web", "web-p3"):
        with serve(machine, module=module) as server:
            count = 0
            for version in ("--http1.1", "--http2-prior-knowledge"):
                for path in ("/", "/head", "/count", "/bytes?100000", "/after?300", "/nothing"):
                    server.curl(path, version)
                    count += 1
            for entry in server.entries(count):
                check(entry["ending"] == "exited", f"{module}: {entry}")


@cases.case
def an_instance_that_nobody_asks_goes(machine):
    for module in ("web", "web-p3"):
        with serve(machine, "--admin", "127.0.0.1:0", "--reuse", "1000", module=module) as server:
            name = f"{module}.wasm"
            with server.connect() as client:
                for count in (1, 2):
                    client.sendall(b"GET /count HTTP/1.1\r\nHost: a\r\n\r\n")
                    got = client.recv(65536)
                    check(got.endswith(f"\r\n\r\n{count}\n".encode()), f"it isn't kept: {got}")
                    time.sleep(0.1)
                check(server.metric("berth_memory_bytes", module=name) > 0, "what is kept takes nothing")
                until(lambda: server.metric("berth_memory_bytes", module=name) == 0,
                      lambda: f"{server.metric('berth_memory_bytes', module=name)} bytes are kept for ever", 90)  # fmt: skip
            check(server.curl("/count") == (200, b"1\n"), "the next one")


@cases.case
def who_went_away_is_logged_as_that(machine):
    with serve(machine) as server:
        client = server.ask("/sleep?50000")
        time.sleep(0.5)
        client.close()
        (entry,) = server.entries(1)
        check((entry["status"], entry["ending"], entry["path"]) == (499, "cancelled", "/sleep?50000"), f"{entry}")


@cases.case
def no_client_adds_a_line_or_a_command(machine):
    with serve(machine, "--admin", "127.0.0.1:0") as server:
        for target in (b'/"},{"status":500}', b"/\\\\\\", b"/%0a%1b[2J", "/\u202edrow".encode(), b"/\xff\xfe",
                       b"/\x1b[31m", b"/\x0b", b"/" + b"y" * 9000, b"http://h/\"", b"/a\tb"):  # fmt: skip
            server.raw(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            server.raw(b"GET / HTTP/1.1\r\nHost: a" + target.strip(b"/") + b"\r\nConnection: close\r\n\r\n")
        server.raw(b'"GE\\T / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
        server.curl("/last")
        until(lambda: any('"/last"' in line for line in server.lines), lambda: f"{server.lines}")
        for line in server.lines:
            entry = json.loads(line)
            check(entry["status"] in (200, 400, 404), f"{line}")
            check(line == line.strip() + "\n" and line.isprintable() is False and line[:-1].isprintable(), f"{line!r}")
            check(len(line) < 8000, f"a line of {len(line)} bytes")
        server.metrics()


@cases.case
def a_trace_goes_on_to_the_guest_and_into_the_log(machine):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    parent, state = f"00-{trace}-00f067aa0ba902b7-01", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"
    with serve(machine) as server:
        _, head = server.curl("/head", "-H", f"traceparent: {parent}", "-H", f"tracestate: {state}")
        check({f"traceparent: {parent}".encode(), f"tracestate: {state}".encode()} <= set(head.split(b"\n")), f"{head}")
        _, head = server.curl("/head")
        check(b"trace" not in head, f"one was made: {head}")
        server.curl("/head", "-H", "traceparent: 00-nonsense-01")
        server.curl("/head", "-H", f"traceparent: {parent}", "-H", f"traceparent: {parent}")
        given, *others = server.entries(4)
        check(given["trace_id"] == trace, f"{given}")
        check(all("trace_id" not in entry for entry in others), f"{others}")


@cases.case
def a_log_that_nobody_reads_keeps_nobody_waiting(machine):
    with run.Server(machine, "--admin", "127.0.0.1:0") as server:
        # More than a pipe and the log's own buffer take.
        request = b"GET /" + b"z" * 900 + b" HTTP/1.1\r\nHost: a\r\n\r\n"
        total, each = 9000, 500
        with server.connect() as client:
            for _ in range(total // each):
                client.sendall(request * each)
                got = 0
                while got < each:
                    got += client.recv(1 << 20).count(b"HTTP/1.1 404")
        check(server.curl("/")[0] == 200, "afterwards")
        text = subprocess.run(["curl", "-sS", server.admin + "/metrics"], capture_output=True, text=True).stdout
        dropped = int(re.search(r"^berth_access_log_dropped_total (\d+)$", text, re.M)[1])
        check(dropped > 0, "nothing was left out")
        begin = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(20)
        check(time.monotonic() - begin < 10, "it waits for a reader at its end")


@cases.case
def the_log_goes_where_it_is_wanted(machine):
    path = machine.root / "access.log"
    with serve(machine, "--access-log-file", str(path)) as server:
        server.curl("/one")
        until(lambda: path.exists() and "/one" in path.read_text(), "no line in the file")
        os.truncate(path, 0)
        server.curl("/two")
        until(lambda: "/two" in path.read_text(), "no line after the file was emptied")
        check(path.read_text().startswith("{") and path.stat().st_mode & 0o777 == 0o600, path.read_text())
        check(server.lines == [], f"{server.lines}")
    with serve(machine, "--access-log", "off") as server:
        server.curl("/")
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(20)
        check(server.lines == [], f"{server.lines}")
    with serve(machine, "--access-log", "pretty") as server:
        server.curl("/?a")
        until(lambda: server.lines, "no line")
        check(re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} 200 GET 127\.0\.0\.1/\?a .*\(cpu .*\) 20 B 127\.0\.0\.1:\d+\n",
                           server.lines[0]), server.lines[0])  # fmt: skip
    done = subprocess.run([machine.berth, "serve", "--access-log-file", "/nowhere/log", str(machine.guests / "web.wasm")],
                          env=machine.environment, capture_output=True, text=True)  # fmt: skip
    check(done.returncode != 0 and "'/nowhere/log' can't be written to" in done.stderr, done.stderr)


@cases.case
def on_a_terminal_the_log_is_for_a_person(machine):
    own, its = pty.openpty()
    server = subprocess.Popen([machine.berth, "serve", "--addr", "127.0.0.1:0", str(machine.guests / "web.wasm")],
                              env=machine.environment, stdout=its, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        os.close(its)
        said = b""
        while b"\n" not in said:
            said += os.read(own, 1000)
        url = re.search(rb"on (http://\S+/)", said)[1].decode()
        subprocess.run(["curl", "-s", url], capture_output=True, check=True)
        while b"GET" not in said:
            said += os.read(own, 1000)
        check(b" 200 GET 127.0.0.1/ " in said, f"{said}")
    finally:
        server.kill()
        server.wait()
        os.close(own)


@cases.case
def requests_are_counted_for_prometheus(machine):
    with serve(machine, "--admin", "127.0.0.1:0", "--cpu-time", "300ms", "--memory", "64MiB") as server:
        for path in ("/", "/", "/nothing", "/trap", "/spin"):
            server.curl(path)
        server.curl("/echo", "--data-binary", "@-", data=b"x" * 5000)
        server.until_metric(3, "berth_http_requests_total", code="2xx")
        server.until_metric(1, "berth_http_requests_total", code="4xx")
        server.until_metric(2, "berth_http_requests_total", code="5xx")
        check(server.metric("berth_limit_hits_total", limit="cpu-time") == 1, "the limit that was met")
        check(server.metric("berth_limit_hits_total", limit="memory") == 0, "one that wasn't")
        check(server.metric("berth_traps_total") == 1, "the trap")
        check(server.metric("berth_http_request_body_bytes_total") == 5000, "bytes in")
        check(server.metric("berth_http_response_body_bytes_total") >= 5040, "bytes out")
        check(server.metric("berth_cpu_seconds_total") >= 0.3, "CPU")
        limit = server.metric("berth_memory_limit_bytes")
        check(48 << 20 < limit < 64 << 20, f"the limit of memory, without the host's part: {limit}")
        check(0 < server.metric("berth_memory_peak_bytes") <= limit, "its peak")
        # What is made ahead of the next request holds some.
        check(server.metric("berth_memory_bytes") <= limit / 2, "memory at rest")
        check(server.metric("berth_instances") == 0, "instances at rest")
        all_of_it = server.metrics()
        name = "berth_http_request_duration_seconds"
        buckets = [value for key, value in all_of_it.items() if key[0] == name + "_bucket"]
        check(buckets == sorted(buckets) and len(buckets) == 17 and buckets[-1] == 6, f"{buckets}")
        check(all_of_it[(name + "_count", ("module", "web.wasm"))] == 6, "how many")
        check(all_of_it[(name + "_sum", ("module", "web.wasm"))] >= 0.3, "how long")
        check(all_of_it[("process_resident_memory_bytes",)] > 1 << 20, "resident memory")
        check(time.time() - 60 < all_of_it[("process_start_time_seconds",)] <= time.time(), "since when")
        check(all_of_it[("berth_connections",)] >= 0, "connections")
        check(all(documentation and kind in ("counter", "gauge", "histogram")
                  for _, _, _, kind, documentation in server.samples), f"{server.samples}")  # fmt: skip
        with server.ask("/sleep?20000"):
            server.until_metric(1, "berth_instances")
            check(server.metric("berth_memory_bytes") > 1 << 20, "memory in use")
        server.until_metric(0, "berth_instances")


@cases.case
def what_clients_ask_for_makes_no_series(machine):
    with serve(machine, "--admin", "127.0.0.1:0", "--access-log", "off") as server:
        server.curl("/")
        before = len(server.metrics())
        with server.connect() as client:
            for batch in range(10):
                requests = [f"GET /{batch}/{i}?{i} HTTP/1.1\r\nHost: host{i}\r\nX-Y: {i}\r\n\r\n" for i in range(200)]
                client.sendall("".join(requests).encode())
                got = 0
                while got < 200:
                    got += client.recv(1 << 20).count(b"HTTP/1.1 404")
        server.until_metric(2000, "berth_http_requests_total", code="4xx")
        check(len(server.metrics()) == before, f"{before} series became {len(server.metrics())}")


@cases.case
def the_admin_address_is_apart_and_off_unless_wanted(machine):
    def listening(server):
        inodes = set()
        for name in os.listdir(f"/proc/{server.process.pid}/fd"):
            try:
                link = os.readlink(f"/proc/{server.process.pid}/fd/{name}")
            except OSError:
                continue
            if link.startswith("socket:["):
                inodes.add(link[8:-1])
        ports = set()
        for line in open("/proc/net/tcp").readlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                ports.add(int(fields[1].split(":")[1], 16))
        return ports

    with serve(machine) as server:
        check(server.admin is None and listening(server) == {server.port}, f"{listening(server)}")
        check(server.curl("/metrics") == (404, b""), "it is the guest's on the public address")
    with serve(machine, "--admin", "127.0.0.1:0") as server:
        admin_port = int(server.admin.rsplit(":", 1)[1])
        check(listening(server) == {server.port, admin_port}, f"{listening(server)}")
        check(server.curl("/metrics") == (404, b"") and server.curl("/livez") == (404, b""), "still the guest's")
        def ask(path, *options):
            done = subprocess.run(["curl", "-sS", "-w", "%{http_code} %{content_type}", *options, server.admin + path],
                                  capture_output=True, text=True)  # fmt: skip
            return done.stdout
        check(ask("/livez") == ask("/healthz") == ask("/readyz") == "ok\n200 text/plain; charset=utf-8", ask("/livez"))
        check(ask("/metrics").endswith("200 text/plain; version=0.0.4; charset=utf-8"), "its type")
        check("404" in ask("/") and "405" in ask("/metrics", "-X", "POST"), "what it doesn't do")
        check(ask("/livez", "--http2-prior-knowledge").startswith("ok\n200"), "over HTTP/2")
        with server.ask("/sleep?2000"):
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            until(lambda: ask("/readyz").startswith("stopping\n503"), lambda: ask("/readyz"), 5)
            check(ask("/livez").startswith("ok\n200"), "it is alive while it drains")
    with run.Server(machine) as server:
        done = subprocess.run([machine.berth, "serve", "--addr", f"127.0.0.1:{server.port}", "--admin",
                               f"0.0.0.0:{server.port}", str(machine.guests / "web.wasm")], env=machine.environment,
                              capture_output=True, text=True)  # fmt: skip
        check(done.returncode == 120 and "are one address" in done.stderr, f"{done.returncode} {done.stderr}")


@cases.case
def who_finds_no_place_waits_in_order(machine):
    with serve(machine, "--admin", "127.0.0.1:0", "--limit", "instances=1", "--queue", "3", "--queue-timeout", "20s") as server:
        clients = []
        for number in range(4):
            clients.append(server.ask(f"/sleep?{(3000, 301, 302, 303)[number]}"))
            server.until_metric(number, "berth_queue_length")
        check(server.metric("berth_instances") == 1, "more than one instance")
        refused = answer_of(server.ask("/"))
        check(b" 503 " in refused and b"retry-after: 1\r\n" in refused.lower(), f"{refused}")
        check(all(b" 200 OK" in answer_of(client) for client in clients), "one that waited")
        entries = server.entries(5)
        check([entry["path"] for entry in entries if entry["status"] == 200] == ["/sleep?3000", "/sleep?301", "/sleep?302", "/sleep?303"],
              f"not in the order of coming: {entries}")  # fmt: skip
        waits = [entry.get("queued_ns", 0) for entry in entries if entry["status"] == 200]
        check(waits[0] == 0 and min(waits[1:]) > 300_000_000, f"{waits}")
        check(all(entry["wall_ns"] > entry.get("queued_ns", 0) for entry in entries), f"{entries}")
        check(server.metric("berth_http_turned_away_total") == 1, "the one that was turned away")
        check(server.metric("berth_queue_length") == 0, "the queue at the end")


@cases.case
def who_waits_too_long_is_told_to_come_back(machine):
    with serve(machine, "--admin", "127.0.0.1:0", "--limit", "instances=1", "--queue-timeout", "500ms") as server:
        with server.ask("/sleep?20000"):
            server.until_metric(1, "berth_instances")
            begin = time.monotonic()
            answer = answer_of(server.ask("/"))
            check(b" 503 " in answer and b"retry-after: 1\r\n" in answer.lower(), f"{answer}")
            check(0.4 < time.monotonic() - begin < 5, f"after {time.monotonic() - begin} s")
            server.until_metric(0, "berth_queue_length")
            server.until_metric(1, "berth_http_turned_away_total")
        until(lambda: server.curl("/")[0] == 200, "the place is lost")


@cases.case
def who_goes_away_leaves_the_queue(machine):
    with serve(machine, "--admin", "127.0.0.1:0", "--limit", "instances=1", "--queue", "2", "--queue-timeout", "60s") as server:
        first = server.ask("/sleep?20000")
        server.until_metric(1, "berth_instances")
        waiting = [server.ask("/") for _ in range(2)]
        server.until_metric(2, "berth_queue_length")
        for client in waiting:
            client.close()
        server.until_metric(0, "berth_queue_length")
        later = server.ask("/")
        server.until_metric(1, "berth_queue_length")
        first.close()
        check(b" 200 OK" in answer_of(later), "the one that stayed")
        gone = [entry for entry in server.entries(4) if entry["status"] == 499 and entry["path"] == "/"]
        check(len(gone) == 2 and all("ending" not in entry for entry in gone), f"{server.lines}")
        check(server.metric("berth_http_turned_away_total") == 0, "nobody was turned away")


@cases.case
def a_crowd_is_served_by_few_instances(machine):
    with serve(machine, "--limit", "instances=2", "--queue", "200", "--queue-timeout", "60s") as server:
        clients = [server.ask("/") for _ in range(100)]
        check(all(b" 200 OK" in answer_of(client) for client in clients), "one of a hundred")
        check(all(entry["status"] == 200 for entry in server.entries(100)), "in the log")


@cases.case
def a_server_that_ends_serves_who_waits(machine):
    with serve(machine, "--admin", "127.0.0.1:0", "--limit", "instances=1") as server:
        clients = [server.ask("/sleep?3000")]
        server.until_metric(1, "berth_instances")
        clients.append(server.ask("/"))
        server.until_metric(1, "berth_queue_length")
        server.process.send_signal(signal.SIGTERM)
        check(all(b" 200 OK" in answer_of(client) for client in clients), "both")
        check(server.process.wait(20) == 0, "its end")
        check(len(server.entries(2)) == 2, f"{server.lines}")


def top_once(machine):
    """Modules by name, as one line of `berth top` has them."""
    done = subprocess.run([machine.berth, "top", "--json", "--once"], env=machine.environment, capture_output=True,
                          text=True)  # fmt: skip
    check(done.returncode == 0 and done.stdout.count("\n") == 1, f"{done}")
    return {module["module"]: module for module in json.loads(done.stdout)["modules"]}


@cases.case
def top_shows_what_modules_do(machine):
    check(top_once(machine) == {}, "before anything runs")
    rest = machine.root / "rest.wat"
    rest.write_text('(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))')
    with serve(machine, "--cpu-time", "300ms") as server:
        spinning = subprocess.Popen([machine.berth, "run", "--cpu-time", "60s", str(rest)], env=machine.environment)
        stop = threading.Event()

        def ask():
            while not stop.wait(0.02):
                server.curl("/")

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        try:
            server.curl("/spin")
            until(lambda: "rest.wat" in top_once(machine), "the one that runs isn't there")
            modules = top_once(machine)
        finally:
            stop.set()
            asking.join()
            spinning.kill()
            spinning.wait()
        web, other = modules["web.wasm"], modules["rest.wat"]
        check(web["process"] == server.process.pid and other["process"] == spinning.pid, f"{modules}")
        check(web["requests_per_second"] > 1 and web["requests"] > 5, f"{web}")
        check(0 < web["p50_ns"] <= web["p99_ns"] < 20_000_000_000, f"{web}")
        check(web["limits_hit"] == 1 and web["denials"] == 0, f"{web}")
        check(other["cpu_percent"] > 5 and other["requests"] == 0 and other["p50_ns"] is None, f"{other}")
        check(web["memory_bytes"] > 1 << 20 and other["memory_bytes"] > 1 << 20, f"{modules}")
        with server.ask("/sleep?20000"):
            until(lambda: top_once(machine)["web.wasm"]["instances"] == 1, "its instance isn't shown")
        until(lambda: top_once(machine)["web.wasm"]["instances"] == 0, "its instance is shown for ever")
        text = subprocess.run([machine.berth, "top", "--once"], env=machine.environment, capture_output=True, text=True)
        head, line = text.stdout.splitlines()
        check(head.split()[:5] == ["module", "process", "req/s", "p50", "p99"] and line.startswith("web.wasm "), text.stdout)
        check(len(head) <= 90, f"a line of {len(head)} columns")
    check(top_once(machine) == {}, "after it was killed")


@cases.case
def top_gives_the_terminal_back(machine):
    done = subprocess.run([machine.berth, "top"], env=machine.environment, capture_output=True, text=True)
    check(done.returncode == 120 and "--once" in done.stderr, f"{done}")
    with serve(machine):
        for end in ("q", "\x03", signal.SIGTERM):
            own, its = pty.openpty()
            before = termios.tcgetattr(its)
            top = subprocess.Popen([machine.berth, "top"], env=machine.environment, stdin=its, stdout=its)
            try:
                said = b""
                while b"web.wasm" not in said:
                    said += os.read(own, 10_000)
                check(said.startswith(b"\x1b[?1049h\x1b[?25l"), f"{said}")
                check(termios.tcgetattr(its)[3] & (termios.ECHO | termios.ICANON) == 0, "keys are shown")
                if isinstance(end, str):
                    os.write(own, end.encode())
                else:
                    top.send_signal(end)
                check(top.wait(10) == 0, f"{end!r}: {top.returncode}")
                while not said.endswith(b"\x1b[?25h\x1b[?1049l"):
                    said += os.read(own, 10_000)
                check(termios.tcgetattr(its) == before, "its settings")
            finally:
                top.kill()
                top.wait()
                os.close(own)
                os.close(its)


if __name__ == "__main__":
    sys.exit(run.main(cases, __doc__))
