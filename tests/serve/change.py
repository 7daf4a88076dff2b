#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exchanges the modules of berth serve while it answers: what takes over, what doesn't, and that nothing is lost.

Versions are the guest `web` with other greetings. Each case is one function and has a server of its own, as in run.py.
`--swaps 20 --requests 50000` is the figure that a release shows; less is enough to see that it works.
"""

import http.client
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

from run import Cases, check, main

cases = Cases()
PLAIN = b"hello from a module"


def greeting(number):
    return f"version number {number:04}".encode()


def handler(start="", handle="", memory=1):
    """A module that answers requests, or should: what it does when it is made, and when it is asked."""
    return f'''(component
      (import "wasi:http/types@0.2.0" (instance $types
        (export "incoming-request" (type (sub resource)))
        (export "response-outparam" (type (sub resource)))))
      (alias export $types "incoming-request" (type $request))
      (alias export $types "response-outparam" (type $out))
      (core module $code
        (memory (export "memory") {memory})
        (func $start {start})
        (start $start)
        (func (export "handle") (param i32 i32) {handle}))
      (core instance $made (instantiate $code))
      (func $handle (param "request" (own $request)) (param "response-out" (own $out))
        (canon lift (core func $made "handle")))
      (instance $handler (export "handle" (func $handle)))
      (export "wasi:http/incoming-handler@0.2.0" (instance $handler)))'''.encode()


class Site:
    """A folder with a module whose versions can be put in each other's place."""

    def __init__(self, machine, name="web"):
        self.machine = machine
        self.plain = (machine.guests / "web.wasm").read_bytes()
        self.module = machine.root / f"{name}.wasm"
        self.put(1)

    def put(self, number):
        self.put_bytes(self.plain.replace(PLAIN, greeting(number)))

    def put_bytes(self, data):
        aside = self.module.with_suffix(".new")
        aside.write_bytes(data)
        os.replace(aside, self.module)

    def serve(self, *options):
        return self.machine.serve(*options, str(self.module), module=None)


def answer(server, path="/"):
    return server.curl(path)[1].strip()


def hang_up(server):
    server.process.send_signal(signal.SIGHUP)


def until(true, said):
    for _ in range(600):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError(said)


def until_version(server, number):
    until(lambda: answer(server) == greeting(number), f"version {number} doesn't come: {server.said()}")


@cases.case
def a_new_version_answers_after_a_sighup(machine):
    site = Site(machine)
    with site.serve() as server:
        check(answer(server) == greeting(1), "the first")
        site.put(2)
        time.sleep(0.5)
        check(answer(server) == greeting(1), "nobody has asked for another")
        hang_up(server)
        until_version(server, 2)
        hang_up(server)
        server.until_said("nothing has changed")
        site.put(1)
        hang_up(server)
        until_version(server, 1)


@cases.case
def the_second_wall_stays_up(machine):
    site = Site(machine)
    (machine.root / "config").mkdir()
    (machine.root / "config" / "host.toml").write_text('second-wall = "require"\n')
    with site.serve() as server:
        site.put(2)
        hang_up(server)
        until_version(server, 2)
        for task in (os.listdir(f"/proc/{server.process.pid}/task")):
            status = open(f"/proc/{server.process.pid}/task/{task}/status").read()
            check("NoNewPrivs:\t1" in status and "Seccomp:\t2" in status, f"a thread outside of it: {status}")
        for line in open(f"/proc/{server.process.pid}/maps"):
            rights = line.split()[1]
            check(not ("w" in rights and "x" in rights), f"memory to write and to run: {line}")


@cases.case
def a_watched_module_is_exchanged_when_it_changes(machine):
    site = Site(machine)
    with site.serve("--watch") as server:
        check(answer(server) == greeting(1), "the first")
        for number in (2, 3):
            site.put(number)
            until_version(server, number)
        site.put_bytes(b"\0asm")
        server.until_said("isn't taken, and the one before serves on")
        check(answer(server) == greeting(3), "a broken one is taken")
        site.put(4)
        until_version(server, 4)


@cases.case
def what_is_under_way_ends_where_it_began(machine):
    site = Site(machine)
    with site.serve() as server:
        with server.connect() as client:
            client.sendall(b"GET /again?300 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            got = client.recv(65536)
            site.put(2)
            hang_up(server)
            until_version(server, 2)
            while piece := client.recv(65536):
                got += piece
        check(got.count(greeting(1)) == 300 and greeting(2) not in got, "two versions in one answer")
        check(got.endswith(b"0\r\n\r\n"), "it was cut off")


@cases.case
def a_version_that_cannot_be_loaded_is_not_taken(machine):
    site = Site(machine)
    (machine.root / "command.wat").write_text('(module (memory (export "memory") 1) (func (export "_start")))')
    with site.serve() as server:
        for data, said in (
            (b"\x89PNG\r\n", "is a PNG image"),
            (b"\0asm\x0d\0\x01\0\xff", "isn't taken"),
            ((machine.root / "command.wat").read_bytes(), "it answers no HTTP requests"),
        ):
            site.put_bytes(data)
            hang_up(server)
            server.until_said(said)
            check("the one before serves on" in server.said(), server.said())
            check(answer(server) == greeting(1), f"after {said}")
        site.module.unlink()
        hang_up(server)
        server.until_said("web.wasm': No such file" if "No such file" in server.said() else "web.wasm")
        check(answer(server) == greeting(1), "without a file")
        site.put(2)
        hang_up(server)
        until_version(server, 2)


@cases.case
def a_version_that_falls_at_once_is_taken_back(machine):
    site = Site(machine)
    broken = site.machine.root / "broken"
    broken.mkdir()
    with site.serve() as server:
        site.put(2)
        hang_up(server)
        until(lambda: "from now on" in server.said(), server.said())
        check(server.curl("/trap")[0] == 502, "the first request of the second version")
        server.until_said("falls before its first answer: it isn't taken")
        until_version(server, 1)
        # Asked again, it has another chance; once it has answered it may trap.
        hang_up(server)
        until_version(server, 2)
        check(server.curl("/trap")[0] == 502, "a later one")
        check(answer(server) == greeting(2), "it has answered before it fell")


@cases.case
def a_version_without_an_instance_is_not_taken(machine):
    site = Site(machine)
    with site.serve("--cpu-time", "300ms", "--memory", "64MiB") as server:
        client = Client(server, "/")
        client.start()
        for data, said in (
            (handler(start="unreachable"), "trap: wasm trap: wasm `unreachable` instruction executed"),
            (handler(start="(loop (br 0))"), "limit: cpu-time"),
            (handler(memory=2000), "limit: memory"),
        ):
            site.put_bytes(data)
            hang_up(server)
            server.until_said("isn't taken, and the one before serves on: an instance of it can't be made: " + said)
        check("from now on" not in server.said(), f"one of them was taken: {server.said()}")
        site.put(2)
        hang_up(server)
        until_version(server, 2)
        client.enough.set()
        client.join()
        check(not client.failures and {status for status, _ in client.answers} == {200}, f"{client.failures} {client.answers}")
        # What was refused is tried again when somebody asks for it.
        site.put_bytes(handler(start="unreachable"))
        for times in (2, 3):
            hang_up(server)
            until(lambda times=times: server.said().count("trap: wasm trap: ") == times, server.said())


@cases.case
def an_instance_that_is_never_made_holds_nothing_up(machine):
    site = Site(machine)
    with site.serve() as server:
        site.put_bytes(handler(start="(loop (br 0))"))
        hang_up(server)
        time.sleep(2)
        check(answer(server) == greeting(1), "while it is tried")
        site.put(2)
        hang_up(server)
        server.until_said("isn't taken, and the one before serves on: an instance of it isn't made within 10 s")
        until_version(server, 2)


@cases.case
def what_cannot_be_made_is_not_served_at_all(machine):
    module = machine.root / "trap.wat"
    module.write_bytes(handler(start="unreachable"))
    web = str(machine.guests / "web.wasm")
    for options, status, said in (
        ((str(module),), 134, "trap.wat' can't be served: an instance of it can't be made: trap: wasm trap: "),
        (("--probe", "/trap", web), 134, "web.wasm' can't be served: GET /trap is answered with 502: trap: "),
        (("--probe", "/error", web), 119, "web.wasm' can't be served: GET /error is answered with 502"),
        (("--probe", "/sleep?5000", "--wall", "500ms", web), 124, "GET /sleep?5000 is answered with 504: limit: deadline"),
        (("--probe", "/cut", web), 134, "GET /cut isn't answered to its end: trap: "),
        (("--probe", "/sleep?60000", web), 124, "GET /sleep?60000 isn't answered within 10 s"),
        (("--probe", "ready", web), 120, "--probe: 'ready' is no path to ask for"),
    ):
        done = subprocess.run([machine.berth, "serve", "--addr", "127.0.0.1:0", *options], env=machine.environment,
                              capture_output=True, text=True, timeout=120)  # fmt: skip
        check(done.returncode == status and said in done.stderr, f"{options}: {done}")
        check(done.stdout == "", f"{options}: it was served: {done.stdout}")


@cases.case
def a_version_that_is_asked_before_it_serves_loses_no_request(machine):
    site = Site(machine)
    with site.serve("--cpu-time", "300ms", "--probe", "/") as server:
        clients = [Client(server, "/") for _ in range(4)]
        for client in clients:
            client.start()
        for data, said in (
            (handler(handle="unreachable"), "GET / is answered with 502: trap: wasm trap: "),
            (handler(), "GET / is answered with 502"),
            (handler(handle="(loop (br 0))"), "GET / is answered with 504: limit: cpu-time"),
            (handler(start="unreachable"), "GET / is answered with 502: trap: wasm trap: "),
        ):
            site.put_bytes(data)
            hang_up(server)
            server.until_said("isn't taken, and the one before serves on: " + said)
        site.put(2)
        hang_up(server)
        until_version(server, 2)
        # It has answered: what falls now is a request's own matter.
        check(server.curl("/trap")[0] == 502 and answer(server) == greeting(2), "it is taken back")
        for client in clients:
            client.enough.set()
            client.join()
            check(not client.failures and {status for status, _ in client.answers} == {200}, f"{client.failures} {client.answers}")


@cases.case
def a_site_says_what_its_modules_are_asked(machine):
    for name in ("web", "api"):
        Site(machine, name)
    site = machine.root / "site.toml"
    text = '[[route]]\nat = "/"\nmodule = "web.wasm"\n[[route]]\nat = "x.example"\nmodule = "api.wasm"\n'
    site.write_text(text)
    with machine.serve("--watch", "--site", str(site), module=None) as server:
        # Its host is the route's, and what is new of it is what the site says now.
        site.write_text(text + 'probe = "/trap"\n')
        Site(machine, "api").put(2)
        server.until_said("api.wasm' isn't taken, and the one before serves on: GET /trap is answered with 502")
        Site(machine, "web").put(2)
        until_version(server, 2)
        check(server.curl("/", "-H", "Host: x.example")[1].strip() == greeting(1), "the one that wasn't taken")


@cases.case
def a_policy_changes_with_its_file(machine):
    site = Site(machine)
    policy = machine.root / "policy.toml"
    policy.write_text('[limits]\nwall = "10s"\n')
    with site.serve("--watch", "--policy", str(policy)) as server:
        check(server.curl("/sleep?500")[0] == 200, "as it was")
        policy.write_text('[limits]\nwall = "100ms"\n')
        until(lambda: server.curl("/sleep?500")[0] == 504, f"the new limit doesn't hold: {server.said()}")
        (machine.root / "data").mkdir()
        policy.write_text('grants = ["files ./data:/data:ro"]\n')
        server.until_said(f"the second wall keeps '{machine.root}/data' out of reach; restart berth")
        policy.write_text('[limits]\nmemory = "64MiB"\n')
        server.until_said("the limit 'memory' is one of the whole module, set aside when it starts; restart berth")
        policy.write_text("[limits]\nwal = 1\n")
        server.until_said("policy.toml:2:1: ")
        check(server.curl("/sleep?500")[0] == 504, "the last one that was taken holds")


@cases.case
def the_modules_limits_hold_for_all_its_versions(machine):
    site = Site(machine)
    with site.serve("--limit", "network.daily=1MiB", "--limit", "storage=1MiB", "--dir", f"{machine.root}:/data:rw") as server:
        for number in (2, 3):
            site.put(number)
            hang_up(server)
            until_version(server, number)
        check("isn't taken" not in server.said(), server.said())


@cases.case
def a_site_changes_its_routes(machine):
    Site(machine, "web")
    Site(machine, "api").put(2)
    site = machine.root / "site.toml"

    def write(web, api):
        text = f'[[route]]\nat = "{web}"\nmodule = "web.wasm"\n'
        site.write_text(text + (f'[[route]]\nat = "{api}"\nmodule = "api.wasm"\n' if api else ""))

    def of_host(server):
        return server.curl("/", "-H", "Host: x.example")[1].strip()

    write("/", "x.example")
    with machine.serve("--watch", "--site", str(site), module=None) as server:
        check((answer(server), of_host(server)) == (greeting(1), greeting(2)), "as they were")
        write("x.example", "/")
        until(lambda: (answer(server), of_host(server)) == (greeting(2), greeting(1)), "they aren't exchanged")
        write("/", None)
        until(lambda: (answer(server), of_host(server)) == (greeting(1), greeting(1)), "the other is still served")
        site.write_text('[[route]]\nat = "/"\nmodule = "other.wasm"\n')
        server.until_said("wasn't served with that policy at the start: restart berth")
        site.write_text("[[route]]\n")
        server.until_said("this route has no 'at'")
        check(answer(server) == greeting(1), f"a wrong site is taken: {server.curl('/')} {server.said()}")
        write("/", "x.example")
        until(lambda: of_host(server) == greeting(2), "it doesn't come back")


@cases.case
def without_its_loader_a_server_serves_on(machine):
    site = Site(machine)
    with site.serve() as server:
        children = open(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read().split()
        check(len(children) == 1, f"{children}")
        os.kill(int(children[0]), signal.SIGKILL)
        server.until_said("to serve others restart berth")
        hang_up(server)
        server.until_said("there is no process here that loads new versions")
        check(answer(server) == greeting(1), "afterwards")


@cases.case
def a_server_leaves_no_process_behind(machine):
    site = Site(machine)
    with site.serve("--watch") as server:
        children = open(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read().split()
        server.process.kill()
        server.process.wait()
        until(lambda: not any(os.path.exists(f"/proc/{child}") for child in children), "its loader lives on")


@cases.case
def memory_does_not_grow_with_versions(machine):
    site = Site(machine)
    for options in ((), ("--probe", "/")):
        site.put(1)
        with site.serve(*options) as server:
            def exchange(numbers):
                for number in numbers:
                    site.put(number)
                    hang_up(server)
                    until_version(server, number)

            exchange(range(2, 5))
            before = server.resident_mib()
            exchange(range(5, 15))
            check(server.resident_mib() - before < 24, f"{before} MiB became {server.resident_mib()} MiB")


class Client(threading.Thread):
    """Asks without a pause, and keeps what it is told."""

    def __init__(self, server, path):
        super().__init__(daemon=True)
        self.server, self.path = server, path
        self.enough = threading.Event()
        self.answers = {}
        self.failures = []

    def run(self):
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=60)
        while not self.enough.is_set():
            try:
                connection.request("GET", self.path)
                response = connection.getresponse()
                body = response.read()
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                connection.close()
                continue
            told = (response.status, body)
            self.answers[told] = self.answers.get(told, 0) + 1


@cases.case
def nothing_is_lost_under_load(machine):
    swaps, requests = machine.asked.swaps, machine.asked.requests
    site = Site(machine)
    with site.serve() as server:
        clients = [Client(server, "/" if number % 4 else "/again?5") for number in range(16)]
        for client in clients:
            client.start()

        def answered():
            return sum(sum(client.answers.values()) for client in clients)

        begin = time.monotonic()
        for number in range(2, swaps + 2):
            site.put(number)
            hang_up(server)
            until(lambda number=number: f"' answers with " in server.said()
                  and server.said().count("from now on") == number - 1, f"version {number} doesn't come: {server.said()}")  # fmt: skip
            share = requests * (number - 1) / swaps
            until_all = time.monotonic() + 600
            while answered() < share and time.monotonic() < until_all:
                time.sleep(0.02)
        for client in clients:
            client.enough.set()
        for client in clients:
            client.join()
        took = time.monotonic() - begin
        failures = [failure for client in clients for failure in client.failures]
        check(not failures, f"{len(failures)} failed: {failures[:3]}")
        seen = set()
        for client in clients:
            for (status, body), count in client.answers.items():
                version = body[:19]
                times = 5 if client.path != "/" else 1
                check(status == 200 and body == (version + b"\n") * times, f"{count} times {status} {body}")
                seen.add(version)
        check(seen == {greeting(number) for number in range(1, swaps + 2)}, f"versions that answered: {sorted(seen)}")
        check(answered() >= requests, f"only {answered()} requests in 600 s")
        print(f"     {swaps} swaps, {answered()} requests in {took:.0f} s, none failed, none of two versions", flush=True)


def add_options(parser):
    parser.add_argument("--swaps", type=int, default=5, help="how many, under load")
    parser.add_argument("--requests", type=int, default=3000, help="at least so many meanwhile")


if __name__ == "__main__":
    assert shutil.which("curl"), "curl is needed: apt-get install curl"
    sys.exit(main(cases, __doc__, add_options))
