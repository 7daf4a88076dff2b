#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks berth serve for several modules: which one answers, and what each of them may do.

Each case is one function and has a server of its own, as in run.py.
"""

import json
import shutil
import subprocess
import sys

from run import Cases, check, main

cases = Cases()


def named(machine, *greetings):
    """The guest `web`, once for each name, with that name for a greeting."""
    plain = (machine.guests / "web.wasm").read_bytes()
    for greeting in greetings:
        text = f"hello from {greeting}".ljust(19)[:19].encode()
        (machine.root / f"{greeting}.wasm").write_bytes(plain.replace(b"hello from a module", text))
    return [machine.root / f"{greeting}.wasm" for greeting in greetings]


def greeting(server, path, *options):
    status, body = server.curl(path, *options)
    return body.decode().split()[-1] if status == 200 else status


def refused(machine, *options):
    done = subprocess.run([machine.berth, "serve", "--addr", "127.0.0.1:0", *options], env=machine.environment,
                          capture_output=True, text=True, timeout=120)  # fmt: skip
    return done.returncode, done.stderr


@cases.case
def the_longest_route_answers(machine):
    web, api, host = named(machine, "web", "api", "host")
    with machine.serve("--route", f"/head={api}", "--route", f"api.example.com={host}", str(web), module=None) as server:
        check(greeting(server, "/") == "web", "at the root")
        check(greeting(server, "/", "-H", "Host: api.example.com:80") == "host", "by its host")
        # Only these two say the authority that they were asked for.
        status, said = server.curl("/head")
        check(status == 200 and b"/head" in said, f"below the path: {status} {said}")
        check(server.curl("/header")[0] == 404, "another path's beginning is no route: web's own 404")


@cases.case
def what_no_route_holds_is_not_found(machine):
    (api,) = named(machine, "api")
    with machine.serve("--route", f"api.example.com={api}", module=None) as server:
        check(server.curl("/") == (404, b"404 Not Found\n"), f"{server.curl('/')}")
        check(greeting(server, "/", "-H", "Host: api.example.com") == "api", "its own host")


@cases.case
def each_module_has_its_own_policy(machine):
    named(machine, "web", "api")
    (machine.root / "short.toml").write_text('[limits]\nwall = "200ms"\n')
    (machine.root / "site.toml").write_text(
        '[[route]]\nat = "/"\nmodule = "web.wasm"\n\n'
        '[[route]]\nat = "api.example.com"\nmodule = "api.wasm"\npolicy = "short.toml"\n'
    )
    with machine.serve("--site", str(machine.root / "site.toml"), module=None) as server:
        check(server.curl("/sleep?800") == (200, b"slept\n"), "the one without a limit")
        check(server.curl("/sleep?800", "-H", "Host: api.example.com")[0] == 504, "the one with a limit")
        server.until_said("api.wasm: 504: limit: deadline")
        listed = subprocess.run([machine.berth, "ps", "--json"], env=machine.environment, capture_output=True)
        check(listed.stdout.count(b"web.wasm") == 1 and listed.stdout.count(b"api.wasm") == 1, f"{listed.stdout}")


@cases.case
def a_trap_names_its_module(machine):
    web, api = named(machine, "web", "api")
    with machine.serve("--route", f"/trap={api}", str(web), module=None) as server:
        check(server.curl("/trap")[0] == 502, "a trap")
        server.until_said("api.wasm: 502: trap: ")


@cases.case
def the_modules_are_announced(machine):
    web, api = named(machine, "web", "api")
    command = [machine.berth, "serve", "--addr", "127.0.0.1:0", "--json", "--route", f"/a={api}", "--route",
               f"x.example/b={api}", str(web)]  # fmt: skip
    with subprocess.Popen(command, env=machine.environment, stdout=subprocess.PIPE) as process:
        line = json.loads(process.stdout.readline())
        process.terminate()
    check(line["modules"] == [{"module": "api.wasm", "name": "api", "routes": ["/a", "x.example/b"]},
                              {"module": "web.wasm", "name": "web", "routes": ["/"]}], f"{line}")  # fmt: skip
    command[-3:] = ["--route", f"berth:store={api}", str(web)]
    command[command.index(f"/a={api}")] = f"/a={web}"
    with subprocess.Popen(command, env=machine.environment, stdout=subprocess.PIPE) as process:
        line = json.loads(process.stdout.readline())
        process.terminate()
    check(line["modules"] == [{"module": "web.wasm", "name": "web", "routes": ["/a", "/"]},
                              {"module": "api.wasm", "name": "store", "routes": []}], f"{line}")  # fmt: skip


@cases.case
def a_module_for_others_alone_is_asked_by_them(machine):
    web, api = named(machine, "web", "api")
    options = ("--route", f"berth:store={api}", "--grant", "http.out berth:*")
    with machine.serve(*options, str(web), module=None) as server:
        check(greeting(server, "/ask?http://store.berth.internal/") == "api", "by the other one")
        check(server.curl("/ask?http://api.berth.internal/")[1] == b"ErrorCode::DestinationNotFound\n", "by its file's name")
        for host in ("store.berth.internal", "store", "api.berth.internal"):
            check(greeting(server, "/", "-H", f"Host: {host}") == "web", f"from outside, by {host}")


@cases.case
def what_cannot_be_a_site_is_said(machine):
    (web,) = named(machine, "web")
    site = machine.root / "site.toml"
    site.write_text('[[route]]\nat = "/a"\nmodule = "web.wasm"\n\n[[route]]\nat = "/a/"\nmodule = "other.wasm"\n')
    for options, status, said in (
        ((), 120, "there is nothing to serve"),
        (("--route", f"/a={web}", "--route", f"/a/=other.wasm"), 120, f"the route '/a' is taken by --route /a={web}"),
        (("--route", f"/={web}", str(web)), 120, "the route '/' is taken by --route"),
        (("--route", str(web)), 120, "names no module"),
        (("--route", f"a b={web}"), 120, "is no route"),
        (("--site", str(site)), 120, f"{site}:5: the route '/a' is taken by {site}:1"),
        (("--route", f"berth:store={web}"), 120, "no module here can be asked from outside"),
        (("--route", f"berth:Store={web}"), 120, "--route: 'Store' can't be a module's name"),
        (("--route", f"berth:a={web}", "--route", f"berth:b={web}", "other.wasm"), 120, "a module has one name"),
        (("--route", f"berth:a={web}", "--route", "berth:a=other.wasm", "third.wasm"), 120, "no two have the same"),
        (("--site", str(machine.root / "none.toml")), 122, "none.toml"),
        (("--route", f"/={web}", "--route", "/x=none.wasm"), 122, "'none.wasm' can't be served"),
    ):
        got, line = refused(machine, *options)
        check(got == status and said in line, f"{options}: {got} {line}")


@cases.case
def modules_share_what_the_owner_gives(machine):
    web, api = named(machine, "web", "api")
    (machine.root / "config").mkdir()
    (machine.root / "config" / "host.toml").write_text('[total]\nmemory = "100MiB"\n')
    got, line = refused(machine, "--memory", "64MiB", "--route", f"/a={api}", str(web))
    check(got == 119 and "'" + str(web) + "' can't be served: there is no room" in line, f"{got} {line}")
    with machine.serve("--memory", "50MiB", "--route", f"/a={api}", str(web), module=None) as server:
        check(greeting(server, "/") == "web", "two that fit")


if __name__ == "__main__":
    assert shutil.which("curl"), "curl is needed: apt-get install curl"
    sys.exit(main(cases, __doc__))
