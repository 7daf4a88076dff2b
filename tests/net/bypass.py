#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Attempts to get around the guard of the network doors: each must be refused, with its own reason and error code, and
with the line in `berth why` that would allow it. With that line it isn't refused again.

With `--open` the guard is off, and each must get through, but for those that something else refuses as well
(`ALSO_REFUSED`): so an attempt that could never succeed is found out. That needs a build with test switches.

They run in a network namespace of their own where every address in the world is this machine: an attempt that gets
through arrives at a server of the test's and is counted there, and nothing leaves the machine. An attempt is a row of
`ATTEMPTS`; to add one, add a row.

    bypass.py --berth BINARY --guests FOLDER [--open] [WORD…]     all attempts, or those whose names hold one of the words
    bypass.py --list
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import traceback
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
INSIDE = "BERTH_BYPASS_INSIDE"

# Words of the guard: which error the guest gets. HTTP is asked about twice: by its URL, and by the address of its name.
URL = "http-request-denied"
ADDRESS = "destination-ip-prohibited"
SOCKET = "access-denied"
NO_NAME = "invalid-argument"

NUMBER = "reads as a number but is not a plain address"
NOTHING = "no grant covers it"
USER = "has a user before its host"
NO_HOST = "is not a host name"

# Addresses that only a rule of their own may reach, and what they are.
SPECIAL = {
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "0.0.0.0": "unspecified",
    "0.1.2.3": "unspecified",
    "10.0.0.1": "private",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.168.1.1": "private",
    "100.64.0.1": "shared by a carrier",
    "169.254.1.1": "link-local",
    "169.254.169.254": "a metadata service",
    "169.254.170.2": "a metadata service",
    "100.100.100.200": "a metadata service",
    "168.63.129.16": "a metadata service",
    "192.0.0.192": "a metadata service",
    "192.0.0.8": "reserved for protocols",
    "192.0.2.1": "for documentation",
    "192.88.99.1": "a relay to IPv6",
    "198.18.0.1": "for benchmarks",
    "224.0.0.1": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "broadcast",
    "[::1]": "loopback",
    "[::]": "unspecified",
    "[::7f00:1]": "an old form of IPv4",
    "[64:ff9b::7f00:1]": "a translation of IPv4",
    "[64:ff9b:1::a00:1]": "a translation of IPv4",
    "[2002:7f00:1::]": "a tunnel of IPv4",
    "[2001:0:7f00:1::]": "a tunnel of IPv4",
    "[fe80::1]": "link-local",
    "[fec0::1]": "site-local",
    "[fd12::1]": "private",
    "[fd00:ec2::254]": "a metadata service",
    "[fd20:ce::254]": "a metadata service",
    "[ff02::1]": "multicast",
    "[2001:db8::1]": "for documentation",
}
# To these no TCP connection can be made: `invalid-argument`, as the WIT says.
NO_PEER = {"0.0.0.0", "[::]", "[::7f00:1]", "224.0.0.1", "[ff02::1]", "255.255.255.255"}
# Spellings that one program reads as an address and another doesn't.
NUMBERS = ["2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "127.1", "127.0.1", "0x7f.1",
           "127.0.0.1.", "127.000.000.001", "127.0.0.257", "127.0.0.0x1", "4294967297", "1.2.3.4.5"]  # fmt: skip

# With the guard open these attempts come to nothing all the same. What they show is that the guard refuses first, with
# its own reason.
ALSO_REFUSED = {
    r"(http|resolve)-number-.*": "no dialler of berth's reads numbers so",
    r"full-width-digits|ideographic-dots|underscore-dash-host|empty-label|wildcard-as-host|zone-in-.*": "it is no host's name",
    r"no-authority-.*|unknown-scheme|method-CONNECT": "WASI knows no such request",
    r"(http-special|dns-leads-to|udp)-(224\.|255\.255\.|\[ff02).*": "the system connects to no group",
    r"tcp-special-(0\.0\.0\.0|224\..*|255\.255.*|\[::\]|\[::7f00:1\]|\[ff02::1\])": "WASI knows no such peer",
    r".*\[fe80::1\]": "it needs a zone, which no address of WASI's sockets has here",
    r"port-zero": "nothing listens there",
}


@dataclass
class Attempt:
    """What is tried, under which grants, and how it must be refused.

    PORT, OTHER, UDP stand for the ports of two HTTP servers (the second is never granted) and of a UDP server. The
    attempt is the last of `do` (commands of the guests `knocker` and `knocker-p3`, over WASI 0.2 and 0.3); those before
    it must not be refused. `denial` is the target that the refusal names, `rule` what its rule holds, `allow` the grant that it suggests ("" for none). Where
    `denial` is empty WASI itself refuses, whatever the policy says, and berth isn't asked. `code` is what the guest gets;
    a table, where the versions of WASI differ.
    """

    name: str
    grants: list
    do: list
    code: str | dict
    denial: str
    rule: str
    allow: str
    dns: dict = field(default_factory=dict)


def by_url(name, grant, url, rule, allow, option="", code=URL, dns=None):
    """An HTTP request under one grant."""
    public = re.sub(r"[?#].*", "", url)
    return Attempt(name, [grant], [f"get {url} {option}".strip()], code, public, rule, allow, dns or {})


def by_socket(name, grants, do, rule, allow, dns=None):
    words = do[-1].split()
    scheme = {"tcp": "tcp", "udp": "udp", "listen": "tcp", "bind-udp": "udp"}[words[0]]
    return Attempt(name, grants, do, SOCKET, f"{scheme}://{words[1]}", rule, allow, dns or {})


def special_addresses():
    for address, range_name in SPECIAL.items():
        rule = f"no grant names {address.strip('[]')}, which is {range_name}"
        yield by_url(f"http-special-{address}", "http.out http://*:PORT/*", f"http://{address}:PORT/", rule,
                     f"http.out http://{address}:PORT/*")  # fmt: skip
        grants, do = ["socket.out tcp://*:*"], [f"tcp {address}:PORT 1"]
        if address in NO_PEER:
            yield Attempt(f"tcp-special-{address}", grants, do, "invalid-argument", "", "", "")
        else:
            yield by_socket(f"tcp-special-{address}", grants, do, rule, f"socket.out tcp://{address}:PORT")


def names_that_lead_to_special_addresses():
    for address, range_name in SPECIAL.items():
        plain = address.strip("[]")
        kind = "AAAA" if ":" in plain else "A"
        yield by_url(f"dns-leads-to-{address}", "http.out http://*.test:PORT/*", "http://a.test:PORT/",
                     f"a.test leads to {plain}, which is {range_name}, and no grant names that address",
                     f"http.out http://{address}:PORT/*", code=ADDRESS, dns={"a.test": {kind: [plain]}})  # fmt: skip


def numbers():
    for text in NUMBERS:
        yield by_url(f"http-number-{text}", "http.out http://*:PORT/*", f"http://{text}:PORT/", NUMBER, "")
        yield Attempt(f"resolve-number-{text}", ["dns *"], [f"resolve {text}"], NO_NAME, text, NUMBER, "")


WIDE = "http.out http://*:PORT/*"
GOOD = "http.out http://good.test:PORT/*"
V1 = "http.out GET http://good.test:PORT/v1/*"
NAMES = ["good.test", "evil.test", "evilgood.test", "notgood.test", "xgood.test", "good.test.evil.test", "xn--gd-fmca.test"]
PUBLIC = {name: {"A": ["93.184.216.34"]} for name in NAMES}


def spellings():
    mapped = "no grant names 127.0.0.1, which is loopback"
    local = "http.out http://127.0.0.1:PORT/*"
    for text in ("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:0001]"):
        yield Attempt(f"mapped-{text}", [WIDE], [f"get http://{text}:PORT/"], URL, "http://127.0.0.1:PORT/", mapped, local)
    yield Attempt("ipv6-long-loopback", [WIDE], ["get http://[0:0:0:0:0:0:0:1]:PORT/"], URL, "http://[::1]:PORT/",
                  "which is loopback", "http.out http://[::1]:PORT/*")  # fmt: skip
    for text in ("localhost", "LOCALHOST", "localhost.", "x.localhost", "a.b.LocalHost."):
        name = text.lower().rstrip(".")
        yield Attempt(f"local-{text}", [WIDE], [f"get http://{text}:PORT/"], URL, f"http://{name}:PORT/", NOTHING,
                      f"http.out http://{name}:PORT/*")  # fmt: skip
    for text in ("good.test@127.0.0.1", "good.test:80@127.0.0.1", "127.0.0.1@good.test", "a:b@evil.test"):
        yield Attempt(f"user-{text}", [GOOD, WIDE], [f"get http://{text}:PORT/"], URL,
                      f"http://{text.split('@')[1]}:PORT/", USER, "", PUBLIC)  # fmt: skip
    for text in ("127%2e0%2e0%2e1", "good.test\\@127.0.0.1", "good.test%00.evil.test", "good.test:PORT:PORT"):
        yield Attempt(f"no-authority-{text}", [WIDE], [f"get http://{text}:PORT/"], "not an authority", "", "", "")
    yield by_url("underscore-dash-host", WIDE, "http://-a.test:PORT/", NO_HOST, "")
    yield by_url("empty-label", WIDE, "http://good..test:PORT/", NO_HOST, "")
    yield by_url("wildcard-as-host", WIDE, "http://*:PORT/", "is not one host", "")
    yield Attempt("full-width-digits", ["dns *"], ["resolve １２７.0.0.1"], NO_NAME, "１２７.0.0.1", "is not plain ASCII", "")
    yield Attempt("ideographic-dots", ["dns *"], ["resolve 127。0。0。1"], NO_NAME, "127。0。0。1", "is not plain ASCII", "")
    yield by_url("zone-in-address", WIDE, "http://[::1%25lo]:PORT/", "has a zone, which no grant can hold", "")
    for text in ("g\u043e\u043ed.test", "xn--gd-fmca.test"):  # two Cyrillic letters, and how they are asked for
        yield Attempt(f"look-alike-{text}", ["dns good.test"], [f"resolve {text}"], SOCKET, "xn--gd-fmca.test", NOTHING,
                      "dns xn--gd-fmca.test", PUBLIC)  # fmt: skip
    yield Attempt("zone-in-name", ["dns *"], ["resolve fe80::1%lo"], NO_NAME, "fe80::1%lo", NO_HOST, "")


def rules():
    below = "http.out http://*.good.test:PORT/*"
    for host in ("good.test", "evilgood.test", "good.test.evil.test", "xgood.test"):
        yield by_url(f"wildcard-not-{host}", below, f"http://{host}:PORT/", NOTHING, f"http.out http://{host}:PORT/*",
                     dns=PUBLIC)  # fmt: skip
    yield by_url("other-host", GOOD, "http://evil.test:PORT/", NOTHING, "http.out http://evil.test:PORT/*", dns=PUBLIC)
    yield by_url("other-port", GOOD, "http://good.test:OTHER/", NOTHING, "http.out http://good.test:OTHER/*", dns=PUBLIC)
    yield by_url("default-port", GOOD, "http://good.test/", NOTHING, "http.out http://good.test:80/*", dns=PUBLIC)
    yield by_url("port-zero", WIDE, "http://good.test:0/", NOTHING, "", dns=PUBLIC)
    yield by_url("port-leading-zero", "http.out http://good.test/*", "http://good.test:080/", "has no port", "", dns=PUBLIC)
    yield by_url("other-scheme", GOOD, "https://good.test:PORT/", NOTHING, "http.out https://good.test:PORT/*", dns=PUBLIC)
    yield Attempt("unknown-scheme", [GOOD], ["get ftp://good.test:PORT/"], "http-protocol-error", "", "", "")
    whole = "http.out http://good.test:PORT/*"
    for path in ("/v1/../admin", "/v1/%2e%2e/admin", "/v1/..%2fadmin", "/v1/%2E%2E%2Fadmin", "/v1/..;/admin",
                 "/v1/.%2e/admin", "/v1/%252e%252e/admin", "/v1/..%5cadmin", "/v1/..%00/admin", "/v1/%25252e%25252e/x",
                 "/v1/a/../../admin", "/v1/%2e%2e;x=y/admin"):  # fmt: skip
        yield by_url(f"path-{path}", V1, f"http://good.test:PORT{path}", NOTHING, whole, dns=PUBLIC)
    for path, folder in (("/V1/x", "/V1/"), ("/v1", "/"), ("//v1/x", "//v1/"), ("/v1%2fx", "/"), ("/admin?/v1/", "/"),
                         ("/%2fv1/x", "/%2Fv1/"), ("/v1;/x", "/v1;/"), ("/./v1/x", "/./v1/"), ("/v1x/y", "/v1x/")):  # fmt: skip
        yield by_url(f"path-{path}", V1, f"http://good.test:PORT{path}", NOTHING, f"http.out http://good.test:PORT{folder}*",
                     dns=PUBLIC)  # fmt: skip
    for method in ("POST", "DELETE", "get", "Get", "PROPFIND", "GETX", "CONNECT"):
        yield by_url(f"method-{method}", V1, "http://good.test:PORT/v1/x", NOTHING, "http.out http://good.test:PORT/v1/*",
                     f"method={method}", dns=PUBLIC)  # fmt: skip
    yield Attempt("redirect", ["http.out http://93.184.216.34:PORT/redirect/*"],
                  ["get http://93.184.216.34:PORT/redirect/302?to=http://127.0.0.1:PORT/", "get http://127.0.0.1:PORT/"],
                  URL, "http://127.0.0.1:PORT/", "which is loopback", "http.out http://127.0.0.1:PORT/*")  # fmt: skip


def names():
    turning = {"turn.test": [{"A": ["93.184.216.34"], "ttl": 0}, {"A": ["127.0.0.1"], "ttl": 0}]}
    led = "turn.test leads to 127.0.0.1, which is loopback, and no grant names that address"
    yield Attempt("rebinding", ["http.out http://turn.test:PORT/*"], ["get http://turn.test:PORT/close", "sleep 1200",
                  "get http://turn.test:PORT/"], ADDRESS, "http://turn.test:PORT/", led,
                  "http.out http://127.0.0.1:PORT/*", turning)  # fmt: skip
    for name, script in (
        ("cname-to-localhost", {"a.test": {"CNAME": "localhost"}}),
        ("cname-chain", {"a.test": {"CNAME": "b.evil.test"}, "b.evil.test": {"CNAME": "c.evil.test"},
                         "c.evil.test": {"A": ["127.0.0.1"]}}),
        ("mapped-answer", {"a.test": {"AAAA": ["::ffff:127.0.0.1"]}}),
    ):  # fmt: skip
        yield by_url(name, "http.out http://a.test:PORT/*", "http://a.test:PORT/", "a.test leads to 127.0.0.1",
                     "http.out http://127.0.0.1:PORT/*", code=ADDRESS, dns=script)  # fmt: skip
    for name in ("evil.test", "notgood.test", "good.test.evil.test"):
        yield Attempt(f"resolve-{name}", ["dns good.test", "dns *.good.test"], [f"resolve {name}"], SOCKET, name, NOTHING,
                      f"dns {name}", PUBLIC)  # fmt: skip
    for name in ("localhost", "LOCALHOST.", "a.localhost"):
        plain = name.lower().rstrip(".")
        yield Attempt(f"resolve-{name}", ["dns *"], [f"resolve {name}"], SOCKET, plain, NOTHING, f"dns {plain}")


def sockets():
    pinned, ours = {"good.test": {"A": ["93.184.216.34"]}}, "socket.out tcp://good.test:PORT"
    tcp = ["resolve good.test", "tcp 93.184.216.34:OTHER 1"]
    yield by_socket("pin-other-port", [ours], tcp, NOTHING, "socket.out tcp://good.test:OTHER", pinned)
    tcp = ["resolve good.test", "tcp 93.184.216.35:PORT 1"]
    yield by_socket("pin-other-address", [ours], tcp, NOTHING, "socket.out tcp://93.184.216.35:PORT", pinned)
    # A pin lasts for its time to live, and for five seconds at least.
    moving = {"good.test": [{"A": ["93.184.216.34"], "ttl": 1}, {"A": ["93.184.216.99"], "ttl": 1}]}
    tcp = ["resolve good.test", "sleep 5500", "tcp 93.184.216.34:PORT 1"]
    yield by_socket("pin-ran-out", [ours], tcp, NOTHING, "socket.out tcp://93.184.216.34:PORT", moving)
    both = {**pinned, "evil.test": {"A": ["93.184.216.77"]}}
    tcp = ["resolve good.test", "resolve evil.test", "tcp 93.184.216.77:PORT 1"]
    yield by_socket("resolved-but-not-granted", [ours, "dns *"], tcp, NOTHING, "socket.out tcp://evil.test:PORT", both)
    inward = {"good.test": {"A": ["127.0.0.1"]}}
    tcp = ["resolve good.test", "tcp 127.0.0.1:PORT 1"]
    yield by_socket("pin-to-loopback", [ours], tcp, "good.test leads to 127.0.0.1", "socket.out tcp://127.0.0.1:PORT", inward)
    for grant in ("socket.out tcp://0.0.0.0/0:PORT", "socket.out tcp://8.0.0.0/6:PORT", "socket.out tcp://*:*"):
        yield by_socket(f"wide-network-{grant[17:]}", [grant], ["tcp 10.1.2.3:PORT 1"], "which is private",
                        "socket.out tcp://10.1.2.3:PORT")  # fmt: skip
    yield by_socket("metadata-in-its-range", ["socket.out tcp://169.254.0.0/16:*"], ["tcp 169.254.169.254:PORT 1"],
                    "which is a metadata service", "socket.out tcp://169.254.169.254:PORT")  # fmt: skip
    network = ["socket.out tcp://10.0.0.0/8:PORT"]
    yield by_socket("outside-of-network", network, ["tcp 11.0.0.1:PORT 1"], NOTHING, "socket.out tcp://11.0.0.1:PORT")
    yield by_socket("http-grant-is-no-socket", [WIDE], ["tcp 93.184.216.34:PORT 1"], NOTHING,
                    "socket.out tcp://93.184.216.34:PORT")  # fmt: skip
    yield by_socket("tcp-is-no-udp", ["socket.out tcp://*:*"], ["udp 93.184.216.34:UDP x"], NOTHING,
                    "socket.out udp://93.184.216.34:UDP")  # fmt: skip
    udp = ["socket.out udp://good.test:UDP"]
    # Rules by name are looked up before the verdict: by then `send` of 0.2 has answered, and the datagram is dropped.
    late = {"0.2": "nothing came back", "0.3": SOCKET}
    yield Attempt("udp-unpinned", udp, ["resolve good.test", "udp 93.184.216.35:UDP x"], late,
                  "udp://93.184.216.35:UDP", NOTHING, "socket.out udp://93.184.216.35:UDP", pinned)  # fmt: skip
    for address in ("255.255.255.255", "224.0.0.251", "127.0.0.1", "[ff02::fb]"):
        yield by_socket(f"udp-{address}", ["socket.out udp://*:*"], [f"udp {address}:UDP x"],
                        f"no grant names {address.strip('[]')}", f"socket.out udp://{address}:UDP")  # fmt: skip
    listening = ["socket.in tcp://127.0.0.1:9000-9010"]
    for address in ("0.0.0.0:9000", "127.0.0.2:9000", "[::1]:9000", "[::]:9000", "127.0.0.1:81", "127.0.0.1:0"):
        yield by_socket(f"listen-{address}", listening, [f"listen {address}"], NOTHING, f"socket.in tcp://{address}")
    yield by_socket("bind-udp-for-tcp", listening, ["bind-udp 127.0.0.1:9000"], NOTHING, "socket.in udp://127.0.0.1:9000")


ATTEMPTS = [*special_addresses(), *names_that_lead_to_special_addresses(), *numbers(), *spellings(), *rules(), *names(),
            *sockets()]  # fmt: skip


# Running them.


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", type=Path, help="the berth to try")
    parser.add_argument("--guests", type=Path, help="the folder with knocker.wasm and knocker-p3.wasm")
    parser.add_argument("--list", action="store_true", help="print the names of the attempts and end")
    parser.add_argument("--open", action="store_true", help="with the guard off: they must get through")
    parser.add_argument("words", metavar="WORD", nargs="*")
    options = parser.parse_args()
    if options.list:
        print("\n".join(attempt.name for attempt in ATTEMPTS))
        return 0
    if not options.berth or not options.guests:
        parser.error("which berth, and which guests?")
    if not os.environ.get(INSIDE):
        enter_namespace()
    wanted = [one for one in ATTEMPTS if not options.words or any(word in one.name for word in options.words)]
    with ExitStack() as stack:
        scene = Scene(options, stack)
        judge = scene.judge_open if options.open else scene.judge
        failed = sum(try_all(wanted, scene, judge, wasi) for wasi in ("0.2", "0.3"))
    print(f"{2 * len(wanted) - failed} passed, {failed} failed")
    return 1 if failed or not wanted else 0


def enter_namespace():
    """Begins again in a network namespace where every address is this machine's."""
    for tool, package in (("unshare", "util-linux"), ("ip", "iproute2")):
        if shutil.which(tool) is None:
            raise SystemExit(f"bypass.py: there is no {tool}; install with: apt-get install {package}")
    routes = "ip link set lo up && ip route add local 0.0.0.0/0 dev lo && ip -6 route add local ::/0 dev lo"
    command = ["unshare", "--map-root-user", "--net", "sh", "-c", f'{routes} && exec "$@"', "sh", sys.executable, *sys.argv]
    os.environ[INSIDE] = "yes"
    os.execvp(command[0], command)


def code_of(said):
    """WIT's name of the error, in lower case, from the two ways in which the guest's bindings show one."""
    if named := re.match(r'ErrorCode \{ .*name: "([^"]*)"', said):
        return named[1]
    if tagged := re.match(r"ErrorCode::(\w+)", said):
        return re.sub(r"(?<!^)(?=[A-Z])", "-", tagged[1]).lower()
    return said


class Scene:
    """The servers that an attempt could reach, at any address, and the bench that runs the guest."""

    def __init__(self, options, stack):
        from run import Bench  # the same guest and reports as the other network tests
        from servers import HttpServer, UdpSink

        everywhere = ("0.0.0.0", "::")
        options.no_rss = True  # nothing is measured here
        self.bench = Bench(options, stack)
        self.http = stack.enter_context(HttpServer(everywhere))
        self.other = stack.enter_context(HttpServer(everywhere))
        self.default = stack.enter_context(HttpServer(everywhere, port=80))
        self.udp = stack.enter_context(UdpSink(everywhere))

    def fill(self, text):
        for word, server in (("PORT", self.http), ("OTHER", self.other), ("UDP", self.udp)):
            text = re.sub(rf"\b{word}\b", str(server.port), text)
        return text

    def reached(self):
        return self.http.accepted + self.other.accepted + self.default.accepted + self.udp.received

    def judge(self, attempt, wasi):
        """What is wrong with how the attempt went; nothing where it was refused as it should be."""
        commands = [self.fill(command) for command in attempt.do]
        self.bench.dns.set(attempt.dns)
        before = self.reached()
        run = self.bench.run([self.fill(grant) for grant in attempt.grants], *commands)
        wrong = []
        for command in commands[:-1]:
            if run[command].startswith("ErrorCode"):
                wrong.append(f"'{command}' should work: {run[command]}")
        code = attempt.code[wasi] if isinstance(attempt.code, dict) else attempt.code
        if code_of(run[commands[-1]]) != code:
            wrong.append(f"the guest got {code_of(run[commands[-1]])}, not {code}")
        visits = self.reached() - before - sum(command.startswith("get ") for command in commands[:-1])
        if visits != 0:
            wrong.append(f"{visits} connections or datagrams arrived")
        wrong += self.judge_denial(attempt, run)
        return wrong if wrong or not attempt.allow else self.judge_allowed(attempt, commands)

    def judge_open(self, attempt, _wasi):
        """Whether the attempt gets through where nobody guards: it arrives, or the guest has what it asked for."""
        commands = [self.fill(command) for command in attempt.do]
        self.bench.dns.set(attempt.dns)
        before = self.reached()
        run = self.bench.run([self.fill(grant) for grant in attempt.grants], *commands, options=["--guard-off", "network"])
        visits = self.reached() - before - sum(command.startswith("get ") for command in commands[:-1])
        got = run[commands[-1]]
        through = visits > 0 or got in ("listens", "bound") or re.match(r"[0-9a-f]*[.:]", got)  # an address
        also = next((why for names, why in ALSO_REFUSED.items() if re.fullmatch(names, attempt.name)), None)
        if through and also:
            return [f"it gets through with the guard open, though {also}"]
        return [] if through or also else [f"it doesn't get through with the guard open, so it shows nothing: {got}"]

    def judge_denial(self, attempt, run):
        target, rule, allow = (self.fill(text) for text in (attempt.denial, attempt.rule, attempt.allow))
        if not target:
            return [f"no denial was expected: {run.denials}"] if run.denials else []
        found = [denial for denial in run.denials if denial["target"] == target]
        if not any(rule in denial["rule"] and (denial.get("suggestion") or "") == allow for denial in found):
            return [f"a denial of {target} for '{rule}' that suggests '{allow}' was expected: {run.denials}"]
        wrong = []
        if allow and f"--grant '{allow}'" not in self.bench.why():
            wrong.append("berth why doesn't show the line that would allow it")
        return wrong

    def judge_allowed(self, attempt, commands):
        """Whether the line that would allow it does: with it, berth refuses the same no more. The system still may."""
        self.bench.dns.set(attempt.dns)
        run = self.bench.run([self.fill(grant) for grant in [*attempt.grants, attempt.allow]], *commands)
        target = self.fill(attempt.denial)
        if any(self.fill(attempt.rule) in one["rule"] and one["target"] == target for one in run.denials):
            return [f"with '{self.fill(attempt.allow)}' it is denied all the same: {run.denials}"]
        return []


def try_all(attempts, scene, judge, wasi):
    scene.bench.over(wasi)
    failed = 0
    for attempt in attempts:
        try:
            wrong = judge(attempt, wasi)
        except Exception:
            wrong = [traceback.format_exc()]
        failed += bool(wrong)
        if wrong:
            print(f"FAIL {attempt.name} over {wasi}: " + "; ".join(wrong), flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
