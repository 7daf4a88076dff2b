#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Modules between berth and registries that others wrote: docker-registry and go-containerregistry's, with what crane, oras
and, given its path, wkg push and read. One line a case, and a closing count. The status is 0 when all passed.
"""

import base64
import json
import os
import subprocess
import sys
import time
import urllib.request

from pathlib import Path

from registries import Cases, DockerRegistry, GoRegistry, TokenServer, certificates, check, sha256, tool

cases = Cases()
case = cases.case
WASMCLOUD = "application/vnd.module.wasm.content.layer.v1+wasm"


def others(*command, **named):
    done = subprocess.run([str(word) for word in command], capture_output=True, timeout=120, check=False, **named)
    check(done.returncode == 0, f"{command}: {done.stdout} {done.stderr}")
    return done.stdout


def oras(machine, host, name, *files, config=None):
    """Pushes files of FILE:TYPE by oras."""
    (machine.root / "config.json").write_text("{}")
    of_config = ["--config", f"config.json:{config}"] if config else []
    others(tool("oras"), "push", "--plain-http", f"{host}/{name}", *of_config, *files, cwd=machine.root)


@case
def what_berth_pushes_is_pulled_and_read_by_others(machine):
    data = machine.hello.read_bytes()
    for kind in (DockerRegistry, GoRegistry):
        with kind(machine.root) as registry:
            name = f"oci://{registry.host}/shop/hello:1.0"
            pushed = machine.json("push", machine.hello, name, "--annotation", "org.opencontainers.image.title=Hello")
            again = machine.json("push", machine.hello, name, "--annotation", "org.opencontainers.image.title=Hello")
            check(pushed["manifest"] == again["manifest"], "the same file gives the same artifact")
            reference = name.removeprefix("oci://")
            manifest = json.loads(others(tool("crane"), "manifest", "--insecure", reference))
            check(manifest["config"]["mediaType"] == "application/vnd.wasm.config.v0+json", f"{manifest}")
            [layer] = manifest["layers"]
            check((layer["mediaType"], layer["digest"]) == ("application/wasm", sha256(data)), f"{manifest}")
            check(manifest["annotations"] == {"org.opencontainers.image.title": "Hello"}, f"{manifest}")
            blob = others(tool("crane"), "blob", "--insecure", f"{registry.host}/shop/hello@{sha256(data)}")
            check(blob == data, "crane reads other bytes")
            config = json.loads(others(tool("crane"), "config", "--insecure", reference))
            check(config["os"] == "wasip2" and config["layerDigests"] == [sha256(data)], f"{config}")
            check(any(name.startswith("wasi:cli/") for name in config["component"]["imports"]), f"{config}")
            fetched = others(tool("oras"), "blob", "fetch", "--plain-http", "--output", "-",
                             f"{registry.host}/shop/hello@{sha256(data)}")  # fmt: skip
            check(fetched == data, "oras reads other bytes")
            [pulled] = machine.json("pull", name)
            check(pulled["digest"] == sha256(data) and pulled["manifest"] == pushed["manifest"], f"{pulled}")
            check(machine.good("run", name).out == "Hello, World!\n", "it runs")
            by_digest = f"oci://{registry.host}/shop/hello@{pushed['manifest']}"
            check(machine.good("run", "--pull=never", by_digest).out == "Hello, World!\n", "by its manifest, offline")
            machine.refused(122, "MANIFEST_UNKNOWN", "pull", f"oci://{registry.host}/shop/hello:2.0")


@case
def artifacts_of_other_tools_are_pulled(machine):
    data = machine.hello.read_bytes()
    (machine.root / "hello.wasm").write_bytes(data)
    (machine.root / "other.wasm").write_bytes((machine.guests / "run-result.wasm").read_bytes())
    (machine.root / "notes.txt").write_text("notes")
    for kind in (DockerRegistry, GoRegistry):
        with kind(machine.root) as registry:
            oras(machine, registry.host, "a/cloud:1", f"hello.wasm:{WASMCLOUD}",
                 config="application/vnd.wasmcloud.actor.archive.config")  # fmt: skip
            check(machine.good("run", f"oci://{registry.host}/a/cloud:1").out == "Hello, World!\n", "wasmCloud's layout")
            oras(machine, registry.host, "a/spin:1", "hello.wasm:application/vnd.wasm.content.layer.v1+wasm", "notes.txt:text/plain")
            check(machine.good("run", f"oci://{registry.host}/a/spin:1").out == "Hello, World!\n", "a module beside other layers")
            oras(machine, registry.host, "a/two:1", "hello.wasm:application/wasm", "other.wasm:application/wasm")
            name = f"oci://{registry.host}/a/two:1"
            done = machine.refused(121, "has 2 modules", "run", name)
            check("hello.wasm" in done.errors and "other.wasm" in done.errors and sha256(data) in done.errors, f"{done}")
            check(machine.good("run", f"{name}#{sha256(data)}").out == "Hello, World!\n", "the one that is named")
            oras(machine, registry.host, "a/none:1", "notes.txt:text/plain")
            machine.refused(121, "text/plain, notes.txt", "pull", f"oci://{registry.host}/a/none:1")


@case
def wkg_pushes_and_reads(machine):
    if not machine.asked.wkg:
        return
    data = machine.hello.read_bytes()
    for kind in (DockerRegistry, GoRegistry):
        with kind(machine.root) as registry:
            insecure = ("--insecure", registry.host)
            # wkg 0.16 and go-containerregistry 0.20 don't agree on how a blob is pushed.
            if kind is DockerRegistry:
                others(machine.asked.wkg, "oci", "push", *insecure, f"{registry.host}/shop/hello:1.0", machine.hello)
                name = f"oci://{registry.host}/shop/hello:1.0"
                [pulled] = machine.json("pull", name)
                check(pulled["digest"] == sha256(data), f"{pulled}")
                check(machine.good("run", name).out == "Hello, World!\n", "it runs")
            machine.good("push", machine.hello, f"oci://{registry.host}/shop/ours:1.0")
            out = machine.root / "pulled.wasm"
            others(machine.asked.wkg, "oci", "pull", *insecure, f"{registry.host}/shop/ours:1.0", "--output", out)
            check(out.read_bytes() == data, "wkg reads other bytes")
            out.unlink()


@case
def credentials_are_those_of_docker(machine):
    with DockerRegistry(machine.root, password="secret word") as registry:
        name = f"oci://{registry.host}/shop/hello:1"
        machine.refused(123, "docker login", "push", machine.hello, name)
        auth = lambda text: {"auths": {registry.host: {"auth": base64.b64encode(text.encode()).decode()}}}  # noqa: E731
        machine.docker_config(auth("user:wrong word"))
        done = machine.refused(123, "401", "push", machine.hello, name)
        check("wrong word" not in done.errors, "a password is shown")
        machine.docker_config(auth("user:secret word"))
        machine.good("push", machine.hello, name)
        machine.good("pull", name)
        helper = machine.root / "docker-credential-of-tests"
        helper.write_text('#!/bin/sh\nread -r host\necho "$1 $host" >>"$0.asked"\n'
                          'echo \'{"ServerURL":"x","Username":"user","Secret":"secret word"}\'\n')  # fmt: skip
        helper.chmod(0o755)
        path = f"{machine.root}:{os.environ['PATH']}"
        for config in ({"credHelpers": {registry.host: "of-tests"}}, {"credsStore": "of-tests"}):
            machine.docker_config(config)
            machine.good("pull", name, PATH=path)
        check(set(helper.with_suffix(".asked").read_text().splitlines()) == {f"get {registry.host}"}, "what the helper is asked")
        helper.write_text("#!/bin/sh\nexec sleep 60\n")
        done = machine.refused(119, "took too long", "pull", name, PATH=path)
        check(done.seconds < 30, f"{done}")


@case
def tokens_are_got_from_where_the_registry_says(machine):
    with TokenServer(machine.root, "secret word") as tokens, DockerRegistry(machine.root, tokens=tokens) as registry:
        name = f"oci://{registry.host}/shop/hello:1"
        machine.refused(123, "401", "push", machine.hello, name)
        encoded = base64.b64encode(b"user:secret word").decode()
        machine.docker_config({"auths": {registry.host: {"auth": encoded}}})
        machine.good("push", machine.hello, name)
        [pulled] = machine.json("pull", name)
        check(pulled["digest"] == sha256(machine.hello.read_bytes()), f"{pulled}")
        check(any("push" in path for path in tokens.paths()), f"{tokens.paths()}")


@case
def tls_is_spoken_with_the_certificates_that_are_trusted(machine):
    certificate = certificates.Certificate(machine.root, "own", of_server=True)
    other = certificates.Certificate(machine.root, "other")
    with DockerRegistry(machine.root, certificate=certificate) as registry:
        name = f"oci://{registry.host}/shop/hello:1"
        machine.good("push", machine.hello, name, "--ca", certificate.chain)
        machine.good("pull", name, "--ca", certificate.chain)
        machine.refused(119, "TLS", "pull", name, "--ca", other.chain, "--brief")
        (machine.root / "none.pem").write_text("nothing")
        machine.refused(120, "certificate", "pull", name, "--ca", "none.pem")
    machine.refused(123, "--plain-http", "run", "http://example.com/a.wasm")


@case
def every_verb_takes_a_name_and_works_without_a_network(machine):
    with DockerRegistry(machine.root) as registry:
        hello, every = (f"oci://{registry.host}/{name}:1" for name in ("hello", "every"))
        machine.good("push", machine.hello, hello)
        machine.good("push", machine.guests / "every.wasm", every)
        machine.refused(122, "--pull=never", "run", "--pull=never", hello)
        check(machine.good("run", hello).out == "Hello, World!\n", "it is pulled when it is missing")
        machine.good("pull", every)
    check(machine.good("run", hello).out == "Hello, World!\n", "offline")
    machine.refused(119, "no connection", "run", "--pull=always", "--brief", hello)
    described = machine.json("inspect", hello)
    check(described["name"] == "hello" and described["kind"] == "component", f"{described['name']}")
    digest = sha256(machine.hello.read_bytes())
    check(machine.good("run", digest[:20]).out == "Hello, World!\n", "by some of its digits")
    check("no function is given" in machine.run("call", every).errors, "call")
    check(machine.run("why", hello).status == 0, "why")


@case
def bindgen_and_sign_take_a_name(machine):
    with DockerRegistry(machine.root) as registry:
        every = f"oci://{registry.host}/shop/every:1"
        machine.good("push", machine.guests / "every.wasm", every)
        by_name = machine.json("bindgen", every, "--out", "by-name")
    by_file = machine.json("bindgen", machine.guests / "every.wasm", "--out", "by-file")
    texts = [(machine.root / header["header"]).read_bytes() for header in (by_name, by_file)]
    check(texts[0] == texts[1] and len(texts[0]) > 1000, "another header than of the file")
    machine.good("keys", "new", "account", "shop")
    machine.refused(120, "--out FILE", "sign", every, "--as", "shop")
    machine.good("sign", every, "--as", "shop", "--out", "signed.wasm")
    machine.clean()
    check("signed by" in machine.good("inspect", "signed.wasm").out, "it isn't signed")


@case
def a_program_loads_a_module_by_its_name(machine):
    (machine.root / "policy.toml").write_text('grants = ["stdio out"]\n')
    with DockerRegistry(machine.root) as registry:
        name = f"oci://{registry.host}/shop/hello:1"
        machine.good("push", machine.hello, name)

        def program():
            return subprocess.run([machine.asked.program, machine.berth, "policy.toml", name, "wasi:cli/run@0.2.0.run"],
                                  env=machine.environment, cwd=machine.root, capture_output=True, timeout=60, check=False)  # fmt: skip

        done = program()
        check(done.returncode == 0 and done.stdout == b"Hello, World!\n", f"{done}")
    check(machine.json("list")[0]["name"] == name, "it is in the store")
    done = program()
    check(done.returncode == 0 and done.stdout == b"Hello, World!\n", f"offline: {done}")
    machine.good("rm", name)
    machine.good("gc", "--keep", "0B")
    done = program()
    check(done.returncode != 0 and b"no connection" in done.stderr, f"it is gone: {done}")


@case
def registries_are_searched_without_pulling(machine):
    guests = machine.guests
    machine.good("keys", "new", "account", "shop")
    [key] = [entry["key"] for entry in machine.json("keys", "list")]
    machine.good("sign", guests / "web.wasm", "--as", "shop", "--out", "signed.wasm",
                 "--grant", "http.in 127.0.0.1:8080", "--grant", "http.out https://api.example.com/*")  # fmt: skip
    for kind in (DockerRegistry, GoRegistry):
        with kind(machine.root) as registry:
            names = {word: f"oci://{registry.host}/{word}" for word in ("shop/hello:1.2.0", "shop/hello:1.10.0", "shop/web:1", "other/web:1")}
            machine.good("push", machine.hello, names["shop/hello:1.2.0"])
            machine.good("push", machine.hello, names["shop/hello:1.10.0"], "--annotation", "org.opencontainers.image.description=greets")
            machine.good("push", "signed.wasm", names["shop/web:1"])
            machine.good("push", guests / "web.wasm", names["other/web:1"])
            (machine.root / "notes.txt").write_text("notes")
            oras(machine, registry.host, "other/notes:1", "notes.txt:text/plain")

            def found(*words, of=f"oci://{registry.host}"):
                listed = machine.json("search", "--registry", of, *words)
                return [entry["name"].removeprefix(f"oci://{registry.host}/") for entry in listed]

            everything = ["other/web:1", "shop/hello:1.10.0", "shop/hello:1.2.0", "shop/web:1"]
            check(found() == everything, f"{found()}")
            check(found(of=f"oci://{registry.host}/shop") == everything[1:], "a part of it")
            check(found("--tag", "^1.2") == everything[1:3], "by a version")
            check(found("greets") == everything[1:2], "by what is said of it")
            check(found("--exports", "wasi:http/incoming-handler@0.2") == ["other/web:1", "shop/web:1"], "by what it exports")
            check(found("--imports", "wasi:cli/stdout@^0.2", "hello") == everything[1:3], "by what it imports")
            check(found("--signer", key) == found("--signer", "shop") == ["shop/web:1"], "by who signed it")
            check(found("--needs-only", "http.out https://api.example.com/*", "--needs-only", "stdio,http.in,files,env", "web") == ["shop/web:1"],
                  "by what its token vouches for")  # fmt: skip
            check(found("--needs-only", "http.out https://b.example.com/*", "--needs-only", "stdio,http.in,files,env", "web") == [], "and not more")
            check(machine.json("list") == [], "something was pulled")
            config = machine.root / "berth_config"
            config.mkdir(exist_ok=True)
            (config / "registries.toml").write_text(f'search = ["oci://{registry.host}/other"]\n')
            check([entry["name"] for entry in machine.json("search", "--registries")] == [names["other/web:1"]], "those of the file")
            (config / "registries.toml").unlink()
            machine.refused(120, "no registry is configured", "search", "--registries")


@case
def a_server_takes_the_version_that_is_pulled(machine):
    data = (machine.guests / "web.wasm").read_bytes()
    # A custom section more: another module that does the same.
    newer = machine.root / "newer.wasm"
    newer.write_bytes(data + b"\0\x05\x04more")
    with DockerRegistry(machine.root) as registry:
        name = f"oci://{registry.host}/shop/web:1"
        machine.good("push", machine.guests / "web.wasm", name)
        process = machine.start("serve", "--addr", "127.0.0.1:0", "--watch", name)
        try:
            url = process.stdout.readline().decode().split()[-1]
            check(urllib.request.urlopen(url, timeout=30).read() == b"hello from a module\n", url)
            machine.good("push", newer, name)
            machine.good("pull", name)
            said = b""
            while b"from now on" not in said:
                line = process.stderr.readline()
                check(line, f"it ends: {said}")
                said += line
            check(sha256(newer.read_bytes())[:19].encode() in said, f"{said} {sha256(newer.read_bytes())}")
            check(urllib.request.urlopen(url, timeout=30).read() == b"hello from a module\n", url)
        finally:
            process.kill()
            process.communicate()


@case
def names_are_held_to_a_lock(machine):
    other = machine.guests / "run-result.wasm"
    with DockerRegistry(machine.root) as registry:
        name = f"oci://{registry.host}/shop/hello:1"
        machine.good("push", machine.hello, name)
        machine.refused(122, "--lock NAME", "run", "--locked", name)
        machine.good("pull", "--lock", name)
        machine.good("push", other, name)
        machine.good("pull", name)
        check(machine.json("list")[0]["digest"] == sha256(other.read_bytes()), "the name has moved")
        check(machine.good("run", "--locked", name).out == "Hello, World!\n", "the lock has not")
        machine.good("rm", name)
        machine.good("gc", "--keep", "0B")
        check(machine.good("run", "--locked", name).out == "Hello, World!\n", "and is pulled as locked")
        machine.refused(123, "isn't in 'berth.lock'", "run", "--locked", f"oci://{registry.host}/shop/other:1")


@case
def what_is_spoilt_is_found_and_pulled_again(machine):
    with DockerRegistry(machine.root) as registry:
        name = f"oci://{registry.host}/shop/hello:1"
        machine.good("push", machine.hello, name)
        [pulled] = machine.json("pull", name)
        blob = machine.blob(pulled["digest"])

        def spoil():
            blob.chmod(0o600)
            data = bytearray(machine.hello.read_bytes())
            data[len(data) // 2] ^= 1
            blob.write_bytes(data)

        for repair in (("pull", name), ("verify", "--repair")):
            spoil()
            machine.refused(121, "is spoilt", "run", name)
            done = machine.run("verify")
            check(done.status == 121 and name in done.errors and "1 spoilt" in done.out, f"{done}")
            machine.good(*repair)
            check(machine.good("run", name).out == "Hello, World!\n", "it is whole again")
            machine.clean()
        blob.unlink()
        machine.good("verify", "--repair")
        machine.clean()


@case
def the_store_is_listed_shown_and_emptied(machine):
    with DockerRegistry(machine.root) as registry:
        names = [f"oci://{registry.host}/shop/hello:{tag}" for tag in ("1.2.0", "1.10.0")]
        for name in names:
            machine.good("push", machine.hello, name)
        machine.good("pull", *names)
        machine.good("pull", "--pin", names[0])
        listed = {entry["name"]: entry for entry in machine.json("list")}
        check(set(listed) == set(names) and listed[names[0]]["pinned"] and abs(listed[names[0]]["used"] - time.time()) < 600,
              f"{listed}")  # fmt: skip
        shown = machine.json("show", names[0])
        check(shown["capabilities"] == ["stdio"] or "stdio" in shown["capabilities"], f"{shown}")
        found = [entry["name"] for entry in machine.json("search", "hello", "--imports", "wasi:cli/stdout@^0.2")]
        check(found == names[::-1], f"the highest version first: {found}")
        check(machine.json("search", "--tag", "^1.5")[0]["name"] == names[1], "by its version")
        ranged = names[0].replace(":1.2.0", ":^1.2")
        [pulled] = machine.json("pull", ranged)
        check(pulled["name"] == ranged and machine.good("run", ranged).out == "Hello, World!\n", f"{pulled}")
        machine.refused(122, "no tag there is", "pull", names[0].replace(":1.2.0", ":^2"))
        machine.good("rm", ranged)
        machine.good("yank", names[1])
        check([entry["name"] for entry in machine.json("search", "hello")] == names[:1], "yanked")
        check("was yanked" in machine.good("run", names[1]).errors, "whoever uses it is told")
        machine.good("rm", names[1])
        machine.refused(122, "isn't in the store", "rm", names[1])
        machine.good("gc", "--keep", "0B")
        check([entry["name"] for entry in machine.json("list")] == names[:1], "what is pinned stays")
        machine.good("rm", names[0])
        left = machine.json("gc", "--keep", "0B")
        check(left["bytes"] == 0 and machine.json("list") == [], f"{left}")


if __name__ == "__main__":

    def add_options(parser):
        parser.add_argument("--wkg", help="the program, where it is installed")
        parser.add_argument("--program", required=True, type=lambda text: Path(text).resolve(), help="berth_hostile_program, which has a module inside")

    sys.exit(cases.main(__doc__, add_options))
