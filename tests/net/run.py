#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The network doors against servers of the tests' own: what a rule opens works, what none opens is refused with its
own error and an entry with the line that would allow it.

A case is a function whose name is the claim. It gets a `Bench`, runs guests with it (`bench.run`), and compares. The
guest is tests/guests/rust/knocker, and for WASI 0.3 knocker-p3: each of its arguments is one thing to do, and prints
one line.

    run.py --berth BINARY --guests FOLDER [--no-rss] [CASE…]      all cases, or those whose names hold one of the words
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
sys.path.insert(0, str(HERE))

import limits  # noqa: E402
from checks import begins, equal, expect  # noqa: E402
from servers import DnsServer, Http2Server, HttpServer, TcpEcho, TcpSink, TcpSource, TlsServers, UdpEcho  # noqa: E402

DEADLINE_SECONDS = 60
MIB = 1 << 20
NAMES = {
    "good.test": {"A": ["127.0.0.1"]},
    "six.good.test": {"AAAA": ["::1"]},
    "both.good.test": {"A": ["127.0.0.1"], "AAAA": ["::1"]},
    "mixed.test": {"A": ["192.0.2.1", "127.0.0.1"]},
    "public.test": {"A": ["198.18.0.9"]},
    "refused.test": {"rcode": "REFUSED"},
    "broken.test": {"rcode": "SERVFAIL"},
    "silent.test": {"silent": True},
    "empty.test": {"TXT": ["nothing else"]},
    "xn--bcher-kva.test": {"A": ["127.0.0.1"]},
}


class Run:
    """What a run of the guest printed, and berth's report on it."""

    def __init__(self, commands, done):
        self.stdout, self.stderr, self.status = done.stdout, done.stderr, done.returncode
        lines = done.stderr.splitlines()
        try:
            self.report = json.loads(lines[-1]) if lines else {}
        except json.JSONDecodeError as error:
            raise AssertionError(f"no report: {done.stderr}") from error
        self.denials = self.report.get("denials", [])
        self.said = {}
        for line in done.stdout.splitlines():
            for command in commands:
                if line.startswith(command + ": "):
                    self.said[command] = line[len(command) + 2 :]

    def __getitem__(self, command):
        if command not in self.said:
            raise AssertionError(f"nothing was said of '{command}': {self.stdout}{self.stderr}")
        return self.said[command]

    def denied(self, target):
        """The denial of a target; there has to be one, and only one."""
        found = [denial for denial in self.denials if denial["target"] == target]
        expect(len(found) == 1, f"one denial of {target} among {json.dumps(self.denials, indent=1)}")
        return found[0]


class Bench:
    def __init__(self, options, stack):
        self.measures = not options.no_rss
        self.berth, self.guests = options.berth, options.guests
        self.over("0.2")
        self.home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="berth-net-")))
        self.dns = stack.enter_context(DnsServer(dict(NAMES)))
        self.http = stack.enter_context(HttpServer())
        self.echo = stack.enter_context(TcpEcho())
        self.udp = stack.enter_context(UdpEcho())
        self.tls = None
        self.stack = stack
        (self.home / "config").mkdir()
        self.owner("")

    def over(self, wasi):
        """Which version of WASI the guest knocks with from here on."""
        self.guest = self.guests / {"0.2": "knocker.wasm", "0.3": "knocker-p3.wasm"}[wasi]

    def owner(self, text):
        """Writes host.toml."""
        settings = f'dns.servers = ["127.0.0.1:{self.dns.port}"]\n{text}'
        (self.home / "config" / "host.toml").write_text(settings)

    def with_tls(self):
        if self.tls is None:
            self.tls = self.stack.enter_context(TlsServers())
            self.two = self.stack.enter_context(Http2Server(self.tls.authority))
        return self.tls

    def environment(self, **more):
        return {
            **os.environ,
            "HOME": str(self.home),
            "BERTH_CONFIG": str(self.home / "config"),
            "BERTH_STATE": str(self.home / "state"),
            **more,
        }

    def command(self, grants, commands, options=()):
        words = [str(self.berth), "run", "--json", *options]
        for grant in grants:
            words += ["--grant", grant]
        return [*words, str(self.guest), *commands]

    def run(self, grants, *commands, options=(), **environment):
        done = subprocess.run(
            self.command(grants, commands, options),
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
        )
        return Run(commands, done)

    def start(self, grants, *commands, options=()):
        return subprocess.Popen(
            self.command(grants, commands, options),
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def web(self, name, path="/"):
        return f"http://{name}:{self.http.port}{path}"

    def loopback(self):
        """The rule that names the address behind the test's own names."""
        return f"socket.out tcp://127.0.0.1:{self.http.port}"

    def why(self):
        done = subprocess.run([str(self.berth), "why"], env=self.environment(), capture_output=True, text=True, check=True)
        return done.stdout


# Rules for HTTP.


def a_granted_url_is_fetched_by_address_and_by_name(bench):
    by_address, by_name = bench.web("127.0.0.1"), bench.web("good.test")
    run = bench.run(
        [f"http.out {bench.web('127.0.0.1', '/*')}", f"http.out {bench.web('good.test', '/*')}"],
        f"get {by_address}",
        f"get {by_name}",
    )
    begins(run[f"get {by_address}"], "200 ")
    begins(run[f"get {by_name}"], "200 ")
    equal(run.denials, [])
    equal(run.report["network"]["connections"], 2)
    expect(run.report["network"]["received_bytes"] > 100, "bytes that were counted")


def without_a_grant_a_url_is_denied_and_nothing_is_looked_up(bench):
    bench.dns.set(dict(NAMES))
    url = bench.web("good.test", "/secret?token=hidden")
    run = bench.run([], f"get {url}")
    equal(run[f"get {url}"], "ErrorCode::HttpRequestDenied")
    equal(bench.dns.queries, [])
    denial = run.denied(bench.web("good.test", "/secret"))
    equal(denial["suggestion"], f"http.out {bench.web('good.test', '/*')}")
    expect("hidden" not in run.stderr, "no query in what is said")
    begins(denial["rule"], "no grant covers it")
    expect(f"allow with --grant 'http.out {bench.web('good.test', '/*')}'" in bench.why(), "the same in berth why")


def a_method_and_a_path_outside_of_the_rule_are_denied(bench):
    inside, outside = bench.web("127.0.0.1", "/bytes/3"), bench.web("127.0.0.1", "/status/200")
    climbing = bench.web("127.0.0.1", "/bytes/..%2fstatus/200")
    run = bench.run(
        [f"http.out GET {bench.web('127.0.0.1', '/bytes/*')}"],
        f"get {inside}",
        f"get {outside}",
        f"get {climbing}",
        f"get {inside} method=DELETE",
    )
    begins(run[f"get {inside}"], "200 3")
    for refused in (f"get {outside}", f"get {climbing}", f"get {inside} method=DELETE"):
        equal(run[refused], "ErrorCode::HttpRequestDenied")
    equal(len(run.denials), 3)


def a_name_that_leads_to_a_special_address_needs_a_rule_for_that_address(bench):
    url = bench.web("good.test")
    run = bench.run([f"http.out {bench.web('good.test', '/*')}"], f"get {url}")
    equal(run[f"get {url}"], "ErrorCode::DestinationIpProhibited")
    denial = run.denied(url)
    equal(denial["rule"], "good.test leads to 127.0.0.1, which is loopback, and no grant names that address")
    equal(denial["suggestion"], f"http.out {bench.web('127.0.0.1', '/*')}")
    again = bench.run([f"http.out {bench.web('good.test', '/*')}", denial["suggestion"]], f"get {url}")
    begins(again[f"get {url}"], "200 ")


def a_wildcard_opens_no_special_address(bench):
    urls = [bench.web(host) for host in ("good.test", "127.0.0.1", "[::1]", "localhost", "[::ffff:127.0.0.1]")]
    run = bench.run([f"http.out http://*:{bench.http.port}/*"], *(f"get {url}" for url in urls))
    equal(run[f"get {urls[0]}"], "ErrorCode::DestinationIpProhibited")
    for url in urls[1:]:
        equal(run[f"get {url}"], "ErrorCode::HttpRequestDenied")
    equal(len(run.denials), 4)  # the last is 127.0.0.1 once more
    for denial in run.denials:
        expect(denial["suggestion"], f"a line that would allow it: {denial}")


def no_spelling_of_a_host_walks_around_a_rule(bench):
    port = bench.http.port
    spellings = ["0x7f.1", "0x7f000001", "2130706433", "127.1", "0177.0.0.1", "127.0.0.1.", "user@127.0.0.1",
                 "good.test@127.0.0.1", "127.0.0.1:80@good.test", "[::ffff:7f00:1]", "[::127.0.0.1]",
                 "LOCALHOST", "localhost.", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"]  # fmt: skip
    commands = [f"get http://{host}:{port}/" for host in spellings]
    run = bench.run([f"http.out http://good.test:{port}/*", f"http.out http://*:{port}/*"], *commands)
    for command in commands:
        equal((command, run[command]), (command, "ErrorCode::HttpRequestDenied"))
    expect(len(run.denials) >= len(spellings) - 4, f"an entry for each that differs: {run.denials}")


def one_name_in_many_spellings_is_one_name(bench):
    grants = [f"http.out {bench.web('good.test', '/*')}", bench.loopback()]
    commands = [f"get {bench.web(host)}" for host in ("good.test", "GOOD.test", "good.test.")]
    run = bench.run(grants, *commands)
    for command in commands:
        begins(run[command], "200 ")


def an_answer_that_changes_after_the_check_changes_nothing(bench):
    # The first answer is fine, the second leads to this machine: only what was asked about is dialled.
    bench.dns.set({"rebind.test": [{"A": ["198.18.0.9"], "ttl": 0}, {"A": ["127.0.0.1"], "ttl": 0}]})
    url = bench.web("rebind.test")
    run = bench.run(
        [f"http.out {bench.web('rebind.test', '/*')}", f"socket.out tcp://198.18.0.9:{bench.http.port}"],
        f"get {url} connect=700",
        f"get {url}",
    )
    expect(run[f"get {url} connect=700"].startswith("ErrorCode::"), "no answer from the first address")
    equal(run[f"get {url}"], "ErrorCode::DestinationIpProhibited")
    bench.dns.set(dict(NAMES))


def of_several_addresses_only_those_of_a_rule_are_tried(bench):
    url = bench.web("mixed.test")
    run = bench.run([f"http.out {bench.web('mixed.test', '/*')}", bench.loopback()], f"get {url}")
    begins(run[f"get {url}"], "200 ")
    expect("192.0.2.1" in run.denied(url)["rule"], "that the other one was refused")


def a_pooled_connection_is_asked_about_for_each_url(bench):
    open_url, other = bench.web("good.test", "/bytes/1"), bench.web("good.test", "/bytes/2")
    grants = [f"http.out {bench.web('good.test', '/*')}", f"http.out {bench.web('127.0.0.1', '/bytes/1')}"]
    run = bench.run(grants, f"get {open_url}", f"get {other}")
    begins(run[f"get {open_url}"], "200 1")
    equal(run[f"get {other}"], "ErrorCode::DestinationIpProhibited")


def a_redirect_is_the_guests_and_is_asked_about(bench):
    elsewhere = bench.web("127.0.0.1", "/status/200")
    url = bench.web("127.0.0.1", "/redirect/302?to=" + urllib.parse.quote(elsewhere, safe=""))
    run = bench.run([f"http.out {bench.web('127.0.0.1', '/redirect/*')}"], f"get {url}", f"get {elsewhere}")
    begins(run[f"get {url}"], "302")
    equal(run[f"get {elsewhere}"], "ErrorCode::HttpRequestDenied")


def proxy_variables_play_no_part(bench):
    url = bench.web("127.0.0.1")
    proxy = {name: "http://127.0.0.1:1" for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")}
    run = bench.run([f"http.out {bench.web('127.0.0.1', '/*')}"], f"get {url}", **proxy)
    begins(run[f"get {url}"], "200 ")


def connections_are_used_again_and_the_host_header_is_the_hosts(bench):
    url, request = bench.web("127.0.0.1"), bench.web("127.0.0.1", "/request")
    run = bench.run([f"http.out {bench.web('127.0.0.1', '/*')}"], f"get {url}", f"get {url}", f"get {request}")
    equal(run.report["network"]["connections"], 1)
    equal(bench.http.requests[-1].header("host"), f"127.0.0.1:{bench.http.port}")


def a_guest_sets_no_header_of_the_connection(bench):
    forbidden = ["Host", "Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "Proxy-Authorization",
                 "Proxy-Connection", "Proxy-Anything", "HTTP2-Settings"]  # fmt: skip
    commands = [f"header {name} x" for name in forbidden]
    commands += ["header x-a a\\r\\nx-b:b", "header x-a a\\nb", "header x-a\\r\\nx-b b", "header x-fine yes"]
    run = bench.run([], *commands)
    for command in commands[: len(forbidden)]:
        equal((command, run[command]), (command, "HeaderError::Forbidden"))
    for command in commands[len(forbidden) : -1]:
        equal((command, run[command]), (command, "HeaderError::InvalidSyntax"))
    equal(run["header x-fine yes"], "set")


def te_says_trailers_or_nothing(bench):
    url = bench.web("127.0.0.1", "/request")
    grants = [f"http.out {bench.web('127.0.0.1', '/*')}"]
    bench.run(grants, f"get {url} header=te:trailers")
    equal(bench.http.requests[-1].header("te"), "trailers")
    bench.run(grants, f"get {url} header=te:chunked")
    equal(bench.http.requests[-1].header("te"), None)


# What goes wrong with a server.


def each_failure_has_its_error(bench):
    free = HttpServer()
    free.close()
    wanted = {
        f"get {bench.web('127.0.0.1', '/never')} first=300": "ErrorCode::ConnectionReadTimeout",
        f"get {bench.web('127.0.0.1', '/slow-body/100/60')} between=300": "200, then ErrorCode::ConnectionReadTimeout",
        f"get http://127.0.0.1:{free.port}/": "ErrorCode::ConnectionRefused",
        f"get {bench.web('127.0.0.1', '/drop')}": "ErrorCode::ConnectionTerminated",
        f"get {bench.web('127.0.0.1', '/reset')}": "ErrorCode::ConnectionTerminated",
        f"get {bench.web('127.0.0.1', '/short/100/10')}": "200, then ErrorCode::HttpResponseIncomplete",
        f"get {bench.web('127.0.0.1', '/cut-chunked/10')}": "200, then ErrorCode::HttpResponseIncomplete",
        f"get {bench.web('127.0.0.1', '/reset-body/10')}": "200, then ErrorCode::ConnectionTerminated",
        f"get {bench.web('127.0.0.1', '/upgrade')}": "ErrorCode::HttpUpgradeFailed",
        f"get {bench.web('127.0.0.1', '/broken/garbage')}": "ErrorCode::HttpProtocolError",
        f"get {bench.web('127.0.0.1', '/broken/status-words')}": "ErrorCode::HttpProtocolError",
        f"get {bench.web('127.0.0.1', '/header-bomb/4000000')}": "ErrorCode::HttpResponseHeaderSectionSize(Some(131072))",
        f"get {bench.web('127.0.0.1', '/endless-head')}": "ErrorCode::HttpResponseHeaderSectionSize(Some(131072))",
        f"get {bench.web('127.0.0.1', '/headers/1000')}": "ErrorCode::HttpResponseHeaderSectionSize(Some(131072))",
        f"get {bench.web('127.0.0.1', '/trailer-bomb/4000000')} trailers=yes":
            "200, then ErrorCode::HttpResponseTrailerSectionSize(Some(131072))",
        f"get {bench.web('127.0.0.1', '/endless-trailers')} trailers=yes":
            "200, then ErrorCode::HttpResponseTrailerSectionSize(Some(131072))",
        f"get {bench.web('127.0.0.1', '/chunk-bomb')}": "200, then ErrorCode::HttpProtocolError",
        f"get {bench.web('127.0.0.1', '/endless-hints')} first=500": "ErrorCode::ConnectionReadTimeout",
        f"get {bench.web('127.0.0.1')} method=CONNECT": "ErrorCode::HttpRequestMethodInvalid",
        f"get {bench.web('missing.test')}": 'ErrorCode::DnsError(DnsErrorPayload { rcode: Some("NXDOMAIN"), info-code: None })',
        f"get {bench.web('refused.test')}": 'ErrorCode::DnsError(DnsErrorPayload { rcode: Some("REFUSED"), info-code: None })',
        f"get {bench.web('broken.test')}": 'ErrorCode::DnsError(DnsErrorPayload { rcode: Some("SERVFAIL"), info-code: None })',
        f"get {bench.web('silent.test')}": "ErrorCode::DnsTimeout",
    }  # fmt: skip
    port = bench.http.port
    run = bench.run(["http.out http://127.0.0.1:*/*", f"http.out http://*:{port}/*"], *wanted)
    wrong = {command: (error, run.said.get(command)) for command, error in wanted.items() if run.said.get(command) != error}
    expect(not wrong, f"other errors: {json.dumps(wrong, indent=1)}\n{run.stderr}")


def a_server_that_takes_no_connection_is_timed_out(bench):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as waiting:
        for _ in range(4):  # until nobody else gets into its queue
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        command = f"get http://127.0.0.1:{server.getsockname()[1]}/ connect=300"
        run = bench.run(["http.out http://127.0.0.1:*/*"], command)
        equal(run[command], "ErrorCode::ConnectionTimeout")


def trailers_arrive(bench):
    url = bench.web("127.0.0.1", "/trailers")
    run = bench.run([f"http.out {bench.web('127.0.0.1', '/*')}"], f"get {url} trailers=yes")
    begins(run[f"get {url} trailers=yes"], "200 ")
    expect("x-checksum=7" in run[f"get {url} trailers=yes"], "the trailers")


# Bodies.


def bodies_stream_both_ways_with_flat_memory(bench):
    size = 64 * MIB
    down, up = bench.web("127.0.0.1", f"/bytes/{size}"), bench.web("127.0.0.1", "/sink")
    chunked = bench.web("127.0.0.1", f"/chunked/{size}")
    grants = [f"http.out {bench.web('127.0.0.1', '/*')}"]
    small = peak(bench, grants, f"get {bench.web('127.0.0.1', '/bytes/1')}")
    for command, wanted in {f"get {down}": f"200 {size}", f"get {chunked}": f"200 {size}", f"post {up} {size}": f"200 {size}"}.items():
        memory = peak(bench, grants, command, wanted)
        expect(not bench.measures or memory < small + 12 * MIB, f"{command} to stay below {(small >> 20) + 12} MiB, not {memory >> 20}")


def peak(bench, grants, command, wanted="200"):
    """The most memory that the run had, in bytes."""
    process = bench.start(grants, command)
    out, err = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    expect(f"{command}: {wanted}" in out, f"{wanted} of {command}: {out}{err}")
    return usage.ru_maxrss << 10


def a_request_that_is_dropped_closes_its_connection(bench):
    url = bench.web("127.0.0.1", "/drip")
    before, accepted = len(bench.http.open), bench.http.accepted
    process = bench.start([f"http.out {bench.web('127.0.0.1', '/*')}"], f"drop {url}", "sleep 3000")
    deadline = time.monotonic() + 10
    while process.poll() is None and bench.http.accepted == accepted and time.monotonic() < deadline:
        time.sleep(0.01)
    while process.poll() is None and len(bench.http.open) > before and time.monotonic() < deadline:
        time.sleep(0.01)
    running = process.poll() is None
    process.communicate(timeout=DEADLINE_SECONDS)
    expect(running, "the connection to be closed while the guest still runs")


def a_thousand_requests_wait_at_once(bench):
    url = bench.web("127.0.0.1", "/hold/1000/50")
    run = bench.run([f"http.out {bench.web('127.0.0.1', '/*')}"], f"many {url} 1000")
    equal(run[f"many {url} 1000"], "1000")


def a_thousand_requests_of_0_3_wait_at_once_and_a_slow_one_stalls_none(bench):
    origin = bench.web("127.0.0.1", "")
    words = [str(bench.berth), "run", "--grant", f"http.out {origin}/*", str(bench.guest.parent / "transfer-p3.wasm")]
    slow = subprocess.Popen([*words, "http-get", f"{origin}/slow-first/20"], env=bench.environment())
    many = subprocess.run(
        [*words, "http-many", f"{origin}/hold/1000/50", "1000"], env=bench.environment(), capture_output=True, text=True
    )
    waits = slow.poll() is None
    slow.kill()
    slow.wait()
    equal((many.stdout.strip(), many.returncode, waits), ("1000", 0, True))


def what_requests_hold_is_drawn_from_the_modules_memory(bench):
    url = bench.web("127.0.0.1", "/hold/1000/1")
    run = bench.run([f"http.out {bench.web('127.0.0.1', '/*')}"], f"many {url} 140", options=["--memory", "32MiB"])
    expect("ErrorCode::ConnectionLimitReached" in run[f"many {url} 140"], "a limit, not memory without end")


# TLS and HTTP/2.


def https_trusts_what_the_machine_trusts(bench):
    tls = bench.with_tls()
    grants = ["http.out https://good.test:*/*", "http.out https://127.0.0.1:*/*"]
    wanted = {name: "ErrorCode::TlsCertificateError" for name in tls.servers}
    wanted |= {"good": "200 ", "tls-1.2": "200 ", "plain": "ErrorCode::TlsProtocolError"}
    wanted["wants-client"] = "ErrorCode::TlsAlertReceived("
    commands = {f"get https://good.test:{tls.servers[name].port}/": begin for name, begin in wanted.items()}
    commands[f"get https://127.0.0.1:{tls.servers['good'].port}/"] = "200 "
    run = bench.run(grants, *commands, SSL_CERT_FILE=str(tls.authority.trusted))
    wrong = {command: run.said.get(command) for command, begin in commands.items() if not run[command].startswith(begin)}
    expect(not wrong, f"other answers: {json.dumps(wrong, indent=1)} for {json.dumps(commands, indent=1)}")
    untrusted = bench.run(grants, f"get https://good.test:{tls.servers['good'].port}/")
    equal(untrusted[f"get https://good.test:{tls.servers['good'].port}/"], "ErrorCode::TlsCertificateError")


def http_2_shares_one_connection(bench):
    tls = bench.with_tls()
    origin = f"https://good.test:{bench.two.port}"
    commands = [f"get {origin}/", f"get {origin}/bytes/5", f"many {origin}/ 20", f"get {origin}/trailers trailers=yes"]
    grants = [f"http.out {origin}/*", "socket.out tcp://127.0.0.1:*"]
    run = bench.run(grants, *commands, SSL_CERT_FILE=str(tls.authority.trusted))
    begins(run[commands[0]], "200 ")
    begins(run[commands[1]], "200 5")
    equal(run[commands[2]], "20")
    expect("x-checksum=" in run[commands[3]], "the trailers")
    equal(run.report["network"]["connections"], 1)


def http_2_has_its_errors_and_bounds(bench):
    tls = bench.with_tls()
    origin = f"https://good.test:{bench.two.port}"
    wanted = {
        f"get {origin}/never first=300": "ErrorCode::ConnectionReadTimeout",
        f"get {origin}/header-bomb/400000": "ErrorCode::",
        f"get {origin}/reset": "ErrorCode::",
        f"get {origin}/drop": "ErrorCode::ConnectionTerminated",
        f"get {origin}/short/100/10": "200, then ErrorCode::",
        f"post {origin}/sink {8 * MIB}": f"200 {8 * MIB}",
        f"get {origin}/bytes/{8 * MIB}": f"200 {8 * MIB}",
        f"many {origin}/hold/100 100": "100",
    }
    grants = [f"http.out {origin}/*", "socket.out tcp://127.0.0.1:*"]
    run = bench.run(grants, *wanted, SSL_CERT_FILE=str(tls.authority.trusted))
    wrong = {command: run.said.get(command) for command, begin in wanted.items() if not run[command].startswith(begin)}
    expect(not wrong, f"other answers: {json.dumps(wrong, indent=1)}")


# Names.


def names_resolve_where_a_rule_says_so(bench):
    run = bench.run(
        ["dns *.good.test", "dns good.test", "socket.out tcp://xn--bcher-kva.test:80"],
        "resolve good.test", "resolve GOOD.TEST.", "resolve six.good.test", "resolve bücher.test",
        "resolve public.test", "resolve localhost", "resolve 127.0.0.1", "resolve ::ffff:10.0.0.1",
    )  # fmt: skip
    for name in ("good.test", "GOOD.TEST.", "bücher.test", "127.0.0.1"):
        equal(run[f"resolve {name}"], "127.0.0.1")
    equal(run["resolve six.good.test"], "::1")
    equal(run["resolve ::ffff:10.0.0.1"], "10.0.0.1")
    for name in ("public.test", "localhost"):
        equal(run[f"resolve {name}"], "access-denied")
        equal(run.denied(name)["suggestion"], f"dns {name}")


def each_failed_look_up_has_its_error(bench):
    wanted = {
        "resolve missing.test": "name-unresolvable",
        "resolve empty.test": "name-unresolvable",
        "resolve broken.test": "temporary-resolver-failure",
        "resolve silent.test": "temporary-resolver-failure",
        "resolve refused.test": "permanent-resolver-failure",
        "resolve 0x7f.1": "invalid-argument",
        "resolve 2130706433": "invalid-argument",
        "resolve 127.1": "invalid-argument",
        "resolve a/b": "invalid-argument",
        "resolve http://good.test": "invalid-argument",
    }
    run = bench.run(["dns *"], *wanted)
    wrong = {command: run.said.get(command) for command, error in wanted.items() if run[command] != error}
    expect(not wrong, f"other errors: {wrong}")
    expect("number" in run.denied("127.1")["rule"], "the odd spelling in an entry")


# Sockets.


def a_socket_reaches_what_a_rule_names_and_nothing_else(bench):
    granted, other = f"tcp 127.0.0.1:{bench.echo.port} hello", f"tcp 127.0.0.1:{bench.http.port} hello"
    six = f"tcp [::1]:{bench.echo.port} hello"
    run = bench.run([f"socket.out tcp://127.0.0.1:{bench.echo.port}"], granted, other, six)
    equal(run[granted], "hello")
    equal(run[other], "access-denied")
    equal(run[six], "access-denied")
    denial = run.denied(f"tcp://127.0.0.1:{bench.http.port}")
    equal(denial["suggestion"], f"socket.out tcp://127.0.0.1:{bench.http.port}")


def a_rule_by_name_opens_no_special_address_of_it(bench):
    command = f"tcp 127.0.0.1:{bench.echo.port} hello"
    run = bench.run([f"socket.out tcp://good.test:{bench.echo.port}"], "resolve good.test", command)
    equal(run["resolve good.test"], "127.0.0.1")
    equal(run[command], "access-denied")
    run.denied(f"tcp://127.0.0.1:{bench.echo.port}")


def localhost_by_that_name_is_this_machine(bench):
    commands = [f"tcp 127.0.0.1:{bench.echo.port} hello", f"tcp [::1]:{bench.echo.port} hello"]
    run = bench.run([f"socket.out tcp://localhost:{bench.echo.port}"], *commands)
    for command in commands:  # nothing was looked up by the guest: berth does
        equal(run[command], "hello")


def an_address_is_open_while_it_is_the_names(bench):
    # Nothing answers at these addresses: what counts is whether the connect was let through.
    bench.dns.set({"api.test": [{"A": ["240.0.0.1"], "ttl": 1}, {"A": ["192.31.196.7"], "ttl": 1}],
                   "other.test": {"A": ["192.31.196.9"]}})  # fmt: skip
    grants = ["socket.out tcp://api.test:9", "dns *"]
    run = bench.run(grants, "resolve other.test", "tcp 192.31.196.9:9", "resolve api.test")
    equal(run["tcp 192.31.196.9:9"], "access-denied")
    expect(run.denied("tcp://192.31.196.9:9")["suggestion"] == "socket.out tcp://other.test:9", "the name in the line")
    bench.dns.set(dict(NAMES))


def a_changed_answer_counts_after_its_time(bench):
    bench.dns.set({"moving.localhost.test": [{"A": ["192.31.196.1"], "ttl": 1}, {"A": ["192.31.196.2"], "ttl": 60}]})
    name = "moving.localhost.test"
    rule = f"socket.out tcp://{name}:9"
    process = bench.start([rule], f"resolve {name}", "sleep 6000", f"resolve {name}")
    out, _ = process.communicate(timeout=DEADLINE_SECONDS)
    expect(f"resolve {name}: 192.31.196.1\n" in out and f"resolve {name}: 192.31.196.2\n" in out, f"both answers: {out}")
    bench.dns.set(dict(NAMES))


def udp_goes_where_a_rule_says_and_nothing_else_comes_in(bench):
    granted, other = f"udp 127.0.0.1:{bench.udp.port} hello", f"udp [::1]:{bench.udp.port} hello"
    run = bench.run([f"socket.out udp://127.0.0.1:{bench.udp.port}"], granted, other)
    equal(run[granted], "hello")
    equal(run[other], "access-denied")


def listening_needs_a_rule_and_port_0_is_any_free_one(bench):
    run = bench.run(["socket.in tcp://127.0.0.1:0"], "listen 127.0.0.1:0", "listen 127.0.0.1:4567", "listen 0.0.0.0:0", "bind-udp 127.0.0.1:0")
    equal(run["listen 127.0.0.1:0"], "listens")
    equal(run["listen 127.0.0.1:4567"], "access-denied")
    equal(run["listen 0.0.0.0:0"], "access-denied")
    equal(run["bind-udp 127.0.0.1:0"], "access-denied")
    equal(run.denied("tcp://0.0.0.0:0")["suggestion"], "socket.in tcp://0.0.0.0:0")


def a_udp_server_answers_who_wrote_and_nobody_else(bench):
    import socket

    process = bench.start(["socket.in udp://127.0.0.1:0"], "serve-udp 127.0.0.1:0", f"udp 127.0.0.1:{bench.udp.port} hello")
    port = int(process.stdout.readline().split()[1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        for text in (b"one", b"two"):
            client.sendto(text, ("127.0.0.1", port))
            equal(client.recv(100), text)
    out, err = process.communicate(timeout=DEADLINE_SECONDS)
    expect("answered 2" in out, out + err)
    expect(f"udp 127.0.0.1:{bench.udp.port} hello: access-denied" in out, out + err)


def without_a_grant_nothing_comes_in_and_nothing_is_told_of_it(bench):
    import socket

    process = bench.start([], "serve-udp 0.0.0.0:0", options=["--wall", "2s"])
    port = int(process.stdout.readline().split()[1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for _ in range(100):
            client.sendto(b"flood", ("127.0.0.1", port))
    out, err = process.communicate(timeout=DEADLINE_SECONDS)
    report = json.loads(err.splitlines()[-1])
    equal((report["ending"], report["denials"]), ("limited", []))
    expect("answered" not in out, out)


# The owner.


def the_owners_rules_bound_the_network(bench):
    bench.owner(f'grants = ["stdio in,out,err", "http.out GET {bench.web("127.0.0.1", "/bytes/*")}"]\n')
    inside, outside = bench.web("127.0.0.1", "/bytes/1"), bench.web("127.0.0.1", "/status/200")
    run = bench.run([f"http.out {bench.web('127.0.0.1', '/*')}"], f"get {inside}", f"get {outside}")
    begins(run[f"get {inside}"], "200 1")
    equal(run[f"get {outside}"], "ErrorCode::HttpRequestDenied")
    bench.owner("")


def a_wrong_name_server_is_said(bench):
    (bench.home / "config" / "host.toml").write_text('dns.servers = ["nameserver.test"]\n')
    done = subprocess.run(bench.command([], []), env=bench.environment(), capture_output=True, text=True)
    bench.owner("")
    equal(done.returncode, 120)
    expect("is not the address of a name server" in done.stderr, done.stderr)


# Limits.


RATE = 1 << 20
BURST = RATE // 8  # what may come at once


def bytes_a_second_are_held_each_way(bench):
    size = 3 * MIB // 2
    sink, source = bench.stack.enter_context(TcpSink()), bench.stack.enter_context(TcpSource())
    http = f"http://127.0.0.1:{bench.http.port}"
    ways = [
        (["tcp-send", f"127.0.0.1:{sink.port}", str(size)], "sent_bytes"),
        (["tcp-receive", f"127.0.0.1:{source.port}", str(size)], "received_bytes"),
        (["http-put", f"{http}/sink", str(size)], "sent_bytes"),
        (["http-get", f"{http}/bytes/{size}"], "received_bytes"),
    ]
    with ThreadPoolExecutor(len(ways)) as pool:
        for (words, way), run in zip(ways, pool.map(lambda way: transfer(bench, way[0]), ways)):
            equal(run.stdout, f"{size}\n")
            paced(run, size, " ".join(words))
            expect(run.report["network"][way] >= size, f"{words[0]} to be counted: {run.report['network']}")


def transfer(bench, words):
    """A run of the guest that moves bytes, as fast as it may."""
    guest = bench.guest.with_name({"knocker": "transfer-p2.wasm", "knocker-p3": "transfer-p3.wasm"}[bench.guest.stem])
    command = [str(bench.berth), "run", "--json", "--limit", f"network.rate={RATE}B/s"]
    for grant in ["http.out http://127.0.0.1:*/*", "socket.out tcp://127.0.0.1:*"]:
        command += ["--grant", grant]
    done = subprocess.run([*command, str(guest), *words], env=bench.environment(), capture_output=True, text=True,
                          timeout=DEADLINE_SECONDS)  # fmt: skip
    return Run([], done)


def paced(run, size, what, rate=RATE):
    least = (size - rate // 8) / rate
    took = run.report["wall_ns"] / 1e9
    expect(took >= least, f"{what} to take {least:.2f} s or longer, not {took:.2f} s")


def connections_share_the_bytes_a_second(bench):
    size, count = 128 << 10, 12
    url = bench.web("127.0.0.1", f"/bytes/{size}")
    grants = [f"http.out {bench.web('127.0.0.1', '/*')}"]
    run = bench.run(grants, f"many {url} {count}", options=["--limit", f"network.rate={RATE}B/s"])
    paced(run, size * count, "twelve connections")


def datagrams_are_held_to_the_rate_with_their_heads(bench):
    rate, count, head = 8000, 6, 28
    words = [f"udp 127.0.0.1:{bench.udp.port} {letter * 4000}" for letter in "abcdef"]
    run = bench.run([f"socket.out udp://127.0.0.1:{bench.udp.port}"], *words, options=["--limit", f"network.rate={rate}B/s"])
    for word in words:
        equal(run[word], word.split()[-1])
    equal(run.report["network"]["sent_bytes"], count * (4000 + head))
    # The last one is sent as soon as those before it are paid for.
    paced(run, (count - 1) * (4000 + head), "six datagrams", rate)


# What is asked over 0.3 as well.
OVER_0_3 = [
    bytes_a_second_are_held_each_way,
    connections_share_the_bytes_a_second,
    datagrams_are_held_to_the_rate_with_their_heads,
    a_granted_url_is_fetched_by_address_and_by_name,
    without_a_grant_a_url_is_denied_and_nothing_is_looked_up,
    of_several_addresses_only_those_of_a_rule_are_tried,
    connections_are_used_again_and_the_host_header_is_the_hosts,
    a_guest_sets_no_header_of_the_connection,
    te_says_trailers_or_nothing,
    each_failure_has_its_error,
    a_server_that_takes_no_connection_is_timed_out,
    trailers_arrive,
    bodies_stream_both_ways_with_flat_memory,
    what_requests_hold_is_drawn_from_the_modules_memory,
    https_trusts_what_the_machine_trusts,
    http_2_shares_one_connection,
    http_2_has_its_errors_and_bounds,
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", type=Path, default=SOURCE / "build/dev/src/cli/berth")
    parser.add_argument("--guests", type=Path, default=SOURCE / "build/guests")
    parser.add_argument("--no-rss", action="store_true", help="without what measures memory")
    parser.add_argument("words", metavar="CASE", nargs="*")
    options = parser.parse_args()

    here = sys.modules[__name__]
    cases = [
        value for module in (here, limits) for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", "") == module.__name__ and "_" in name and name != "main"
    ]  # fmt: skip
    wanted = [case for case in cases if not options.words or any(word in case.__name__ for word in options.words)]
    failed = 0
    with ExitStack() as stack:
        bench = Bench(options, stack)
        runs = [(case, "0.2") for case in wanted] + [(case, "0.3") for case in wanted if case in OVER_0_3 + limits.OVER_0_3]
        for case, wasi in runs:
            began = time.monotonic()
            bench.over(wasi)
            try:
                case(bench)
                verdict = "ok"
            except Exception as error:  # noqa: BLE001: every failure of a case is its own
                failed += 1
                where = "" if isinstance(error, AssertionError) else traceback.format_exc()
                verdict = f"FAILED: {error}\n{where}"
            print(f"{time.monotonic() - began:6.2f} s  {case.__name__.replace('_', ' ')} ({wasi}): {verdict}", flush=True)
    print(f"{len(runs) - failed} of {len(runs)} hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
