#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Registries and web servers that mean harm, or fail: what they try is refused, each with its own reason, within bounds of
time and memory, and nothing of it stays in the store. One line a case, and a closing count. The status is 0 when all
passed."""

import json
import os
import sys
import threading
import time

from registries import MANIFEST, Cases, Server, certificates, check, layer, manifest, sha256

cases = Cases()
case = cases.case

MOST_SECONDS = 30
MOST_MIB = 160


class Registry(Server):
    """Answers a path by the last of the parts that are in it: by bytes, or by a function of the handler."""

    def __init__(self, answers, **named):
        self.answers = answers
        super().__init__(self.pick, **named)

    def pick(self, handler):
        for part, answer in reversed(self.answers.items()):
            if part in handler.path:
                if callable(answer):
                    answer(handler)
                elif "/manifests/" in handler.path:
                    handler.give(200, answer, content_type=MANIFEST)
                else:
                    handler.give(200, answer)
                return
        handler.give(404, b'{"errors":[{"code":"NAME_UNKNOWN","message":"nothing"}]}')

    def name(self, text="a/b:1"):
        return f"oci://{self.host}/{text}"


def harmless(machine, status, said, *words, seconds=MOST_SECONDS, mib=MOST_MIB, **named):
    """It is refused so, within bounds, and leaves nothing behind that counts."""
    done = machine.refused(status, said, *words, "--brief", **named)
    check(done.seconds < seconds and done.mib < mib, f"{done}")
    check(machine.json("list") == [], "something has a name")
    machine.clean()
    return done


def endless(handler, piece=b"x" * 65536, pause=0.0):
    handler.send_response(200)
    handler.send_header("content-type", MANIFEST)
    handler.end_headers()
    handler.close_connection = True
    while True:
        handler.wfile.write(piece)
        time.sleep(pause)


def serving(data, **more):
    """A good registry's answers for these bytes."""
    return {"/manifests/": manifest(data, **more), f"/blobs/{sha256(data)}": data}


@case
def other_bytes_than_the_digest_says(machine):
    data = machine.hello.read_bytes()
    evil = data[:-1] + bytes([data[-1] ^ 1])
    with Registry({**serving(data), "/blobs/": evil}) as registry:
        harmless(machine, 121, "the bytes that came are", "pull", registry.name())
        harmless(machine, 121, "the bytes that came are", "run", registry.name())
    with Registry({"/file": evil}) as server:
        harmless(machine, 121, "the bytes that came are", "run", f"{server.url}/file.wasm#{sha256(data)}")


@case
def lists_that_never_end_lead_away_or_name_nonsense(machine):
    """A search ends, keeps to its registry and shows nothing that isn't a name."""

    def page(handler):
        names = ["a/b", "../../etc", "A B", "\x1b[31mred", 7]
        handler.give(200, json.dumps({"repositories": names, "pad": "x" * 3_000_000}).encode(), link='</v2/_catalog?n=1>; rel="next"')

    data = machine.hello.read_bytes()
    config = {"mediaType": "application/vnd.wasm.config.v0+json", "digest": sha256(b"{}"), "size": 2}
    good = {**serving(data, config=config), "/blobs/": b"{}", "/tags/list": json.dumps({"tags": ["1", "-", "a/b", "x" * 500]}).encode()}
    with Registry({**good, "_catalog": page}) as registry:
        done = machine.good("search", "--registry", f"oci://{registry.host}", "--brief")
        check(done.seconds < MOST_SECONDS and done.mib < MOST_MIB, f"{done}")
        check(f"oci://{registry.host}/a/b:1" in done.out and "red" not in done.out and "etc" not in done.out, f"{done}")
        pages = sum("_catalog" in path for path in registry.paths())
        check(pages < 20, f"{pages} pages were read")
    with Registry({}) as elsewhere:
        away = lambda handler: handler.give(200, b'{"repositories":["a/b"]}', link=f'<{elsewhere.url}/v2/_catalog>; rel="next"')  # noqa: E731
        with Registry({**good, "_catalog": away}) as registry:
            machine.good("search", "--registry", f"oci://{registry.host}", "--brief")
        check(elsewhere.paths() == [], f"another server was asked: {elsewhere.paths()}")
    one = {**good, "_catalog": b'{"repositories":["a/b","a/b"]}'}
    large = manifest(data, config={**config, "size": 1 << 40})
    for answers, said in [({"/manifests/": large}, "more than are read"), ({"/blobs/": b"[]"}, "isn't sha256:")]:
        with Registry({**one, **answers}) as registry:
            done = machine.good("search", "--registry", f"oci://{registry.host}", "--brief")
            check(said in done.errors and done.out.count("a/b:1") == 1, f"{done}")
            check(machine.json("search", "--registry", f"oci://{registry.host}", "--needs-nothing") == [], "what isn't known counts")
    with Registry({"_catalog": endless}) as registry:
        harmless(machine, 124, "longer", "search", "--registry", f"oci://{registry.host}")


@case
def another_manifest_than_the_digest_says(machine):
    data = machine.hello.read_bytes()
    with Registry(serving(data)) as registry:
        harmless(machine, 121, "the manifest that came is", "pull", registry.name(f"a/b@{sha256(b'other')}"))

        def lies(handler):
            handler.give(200, manifest(data), content_type=MANIFEST, docker_content_digest=sha256(b"other"))

        registry.answers["/manifests/"] = lies
        harmless(machine, 121, "the manifest that came is", "pull", registry.name())


@case
def a_blob_without_end(machine):
    data = machine.hello.read_bytes()
    with Registry({**serving(data), "/blobs/": endless}) as registry:
        harmless(machine, 124, "longer than the", "pull", registry.name())
    with Registry({"/file": endless}) as server:
        done = harmless(machine, 124, "longer than the", "pull", f"{server.url}/file.wasm", seconds=60)
        check(done.mib < MOST_MIB, f"{done}")


@case
def a_blob_of_another_size_than_its_manifest_says(machine):
    data = machine.hello.read_bytes()
    short = layer(data)
    short["size"] = 10
    with Registry({"/manifests/": manifest(data, layers=[short]), "/blobs/": data}) as registry:
        harmless(machine, 121, "as its manifest says", "pull", registry.name())
    long = layer(data)
    long["size"] = 1 << 30
    with Registry({"/manifests/": manifest(data, layers=[long]), "/blobs/": data}) as registry:
        harmless(machine, 124, "the largest module that is taken", "pull", registry.name())


@case
def a_manifest_without_end_and_one_that_is_huge(machine):
    with Registry({"/manifests/": endless}) as registry:
        harmless(machine, 124, "longer than the", "pull", registry.name())
    with Registry({"/manifests/": b" " * (5 << 20)}) as registry:
        harmless(machine, 124, "longer than the", "pull", registry.name())


@case
def bombs_of_json(machine):
    bombs = {
        b"[" * (4 << 20): "nested deeper",
        b'{"a":' * 100000: "nested deeper",
        b"[" + b"[]," * (1 << 20) + b"[]]": "no JSON object",
        manifest(b"", layers=[layer(str(number).encode()) for number in range(1001)]): "1001 entries",
        manifest(b"", layers=[layer(str(number).encode()) for number in range(900)]): "900 modules",
    }
    with Registry({}) as registry:
        for bomb, said in bombs.items():
            registry.answers = {"/manifests/": bomb}
            harmless(machine, 121, said, "pull", registry.name(), mib=300)


@case
def a_compressed_answer_that_nobody_asked_for(machine):
    import gzip

    bomb = gzip.compress(b"\0" * (64 << 20))
    data = machine.hello.read_bytes()

    def squeezed(handler):
        handler.give(200, bomb, content_encoding="gzip", content_type=MANIFEST)

    with Registry({"/manifests/": squeezed}) as registry:
        harmless(machine, 123, "compressed", "pull", registry.name())
        registry.answers = {**serving(data), "/blobs/": squeezed}
        harmless(machine, 123, "compressed", "pull", registry.name())


@case
def answers_that_drip_or_never_come(machine):
    data = machine.hello.read_bytes()
    drip = lambda handler: endless(handler, b"x", 0.05)  # noqa: E731
    silent = lambda handler: time.sleep(60)  # noqa: E731
    with Registry({}) as registry:
        for answers in ({"/manifests/": drip}, {"/manifests/": silent}, {**serving(data), "/blobs/": drip}):
            registry.answers = answers
            harmless(machine, 119, "bytes came or went", "pull", registry.name(), seconds=60)


@case
def paths_in_names_digests_and_annotations(machine):
    data = machine.hello.read_bytes()
    before = sorted(str(path) for path in machine.root.rglob("*"))
    trick = "../../../../tmp/berth-was-here"
    with Registry({}) as registry:
        for digest in (f"sha256:{trick}", "sha256:" + "A" * 64, "md5:" + "0" * 32, trick):
            registry.answers = {"/manifests/": manifest(data, layers=[{**layer(data), "digest": digest}])}
            harmless(machine, 121, "no SHA-256 digest", "pull", registry.name())
        for name in ("../../x:1", "a/../b:1", "a/b:../x", "a/b@sha256:..", "a%2f..:1", "a/./b:1"):
            harmless(machine, 120, "is no name of a module", "pull", registry.name(name))
        check(not any(".." in path for path in registry.paths()), f"{registry.paths()}")
        notes = {"org.opencontainers.image.title": trick, "\x1b[31mred": "\u202eevil\x1b[2J"}
        registry.answers = serving(data, annotations=notes)
        registry.answers["/manifests/"] = manifest(data, layers=[layer(data, annotations=notes)], annotations=notes)
        machine.good("pull", registry.name())
        shown = machine.good("show", registry.name()).out
        check("\x1b" not in shown and "\u202e" not in shown, f"{shown!r}")
        machine.good("rm", registry.name())
    check(not os.path.exists("/tmp/berth-was-here"), "a file was written")
    after = [str(path) for path in machine.root.rglob("*") if "berth_" not in str(path)]
    check(set(after) <= set(before), f"{set(after) - set(before)}")


@case
def redirects_from_a_public_host_to_this_machine(machine):
    """127.0.0.2 is taken for a public address here, as in each of these cases."""
    data = machine.hello.read_bytes()
    public = ("--public-address", "127.0.0.2", "--plain-http")
    with Server(lambda handler: handler.give(200, data)) as inner:
        leads = lambda handler: handler.give(307, location=f"{inner.url}/secret")  # noqa: E731
        with Registry({**serving(data), "/blobs/": leads}, address="127.0.0.2") as registry:
            harmless(machine, 123, "is public and leads to", "pull", registry.name(), *public)
            by_name = lambda handler: handler.give(307, location=inner.url.replace("127.0.0.1", "localhost"))  # noqa: E731
            registry.answers["/blobs/"] = by_name
            harmless(machine, 123, "is public and leads to", "pull", registry.name(), *public)
            registry.answers = {"/v2/": lambda handler: handler.give(
                401, www_authenticate=f'Bearer realm="{inner.url}/token",service="a"')}  # fmt: skip
            harmless(machine, 123, "is public and leads to", "pull", registry.name(), *public)
            for address in ("169.254.169.254", "10.0.0.1", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]"):
                registry.answers = {"/v2/": lambda handler, to=address: handler.give(302, location=f"http://{to}/x")}
                harmless(machine, 123, "is public and leads to", "pull", registry.name(), *public)
        check(inner.asked == [], f"it was reached: {inner.asked}")
        with Registry({"/file": leads}, address="127.0.0.2") as server:
            harmless(machine, 123, "is public and leads to", "pull", f"{server.url}/file.wasm", *public)
        check(inner.asked == [], f"it was reached: {inner.asked}")
        # Who is on this machine may lead to this machine.
        with Registry({**serving(data), "/blobs/": leads}) as registry:
            machine.good("pull", registry.name())
        check(len(inner.asked) == 1, "it wasn't reached")


@case
def redirects_without_end_or_without_tls(machine):
    certificate = certificates.Certificate(machine.root, "own", of_server=True)
    with Registry({}) as registry:
        registry.answers = {"/v2/": lambda handler: handler.give(302, location=handler.path + "x")}
        harmless(machine, 123, "leads on more than 5 times", "pull", registry.name())
        check(len(registry.asked) == 6, f"{len(registry.asked)}")
        registry.answers = {"/v2/": lambda handler: handler.give(302, location="file:///etc/passwd")}
        harmless(machine, 123, "neither https:// nor http://", "pull", registry.name())
        registry.answers = {"/v2/": lambda handler: handler.give(302, location="http://[::bad")}
        harmless(machine, 123, "plain HTTP", "pull", registry.name())
        import ssl

        to_plain = lambda handler: handler.give(302, location=f"{registry.url}/x")  # noqa: E731
        secure = Server(to_plain)
        with secure:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.chain, certificate.key)
            secure.server.socket = context.wrap_socket(secure.server.socket, server_side=True)
            harmless(machine, 123, "leads from https:// to", "pull", f"https://{secure.host}/a.wasm", "--ca", certificate.chain)


@case
def credentials_stay_with_the_host_they_are_for(machine):
    data = machine.hello.read_bytes()
    with Server(lambda handler: handler.give(200, data)) as other, Registry({}) as registry:
        def guarded(handler):
            if "authorization" not in handler.headers:
                return handler.give(401, www_authenticate='Basic realm="a"')
            if "/blobs/" in handler.path:
                return handler.give(307, location=f"{other.url}/blob")
            handler.give(200, manifest(data), content_type=MANIFEST)

        registry.answers = {"/v2/": guarded}
        machine.docker_config({"auths": {registry.host: {"auth": "dXNlcjpzZWNyZXQ="}}})
        machine.good("pull", registry.name())
        [(_, path, headers)] = other.asked
        check(path == "/blob" and not any(name.lower() == "authorization" for name in headers), f"{headers}")


@case
def asking_for_credentials_without_end(machine):
    with Registry({}) as registry:
        machine.docker_config({"auths": {registry.host: {"auth": "dXNlcjpzZWNyZXQ="}}})
        registry.answers = {"/v2/": lambda handler: handler.give(401, www_authenticate='Basic realm="a"')}
        harmless(machine, 123, "401", "pull", registry.name())
        check(len(registry.asked) == 2, f"{registry.paths()}")
        registry.asked.clear()
        challenge = f'Bearer realm="{registry.url}/token",service="a",scope="b"'
        registry.answers = {"/v2/": lambda handler: handler.give(401, www_authenticate=challenge), "/token": b'{"token":"t"}'}
        harmless(machine, 123, "401", "pull", registry.name())
        check(len(registry.asked) == 3, f"{registry.paths()}")
        for token in (b"", b"[]", b'{"token":""}', b'{"token":"a\\r\\nX: y"}', b'{"token":' + b"[" * 100000):
            registry.answers["/token"] = token
            harmless(machine, 119, "there is none in the answer", "pull", registry.name())
        registry.answers["/token"] = endless
        harmless(machine, 124, "longer than the", "pull", registry.name())


@case
def what_fails_for_a_while_is_tried_again_and_not_for_ever(machine):
    data = machine.hello.read_bytes()
    with Registry({}) as registry:
        left = [3]

        def failing(handler):
            if left[0] > 0:
                left[0] -= 1
                return handler.give((429, 503, 500)[left[0]], retry_after="1" if left[0] == 2 else "x")
            handler.give(200, manifest(data), content_type=MANIFEST)

        registry.answers = {**serving(data), "/manifests/": failing}
        done = machine.good("pull", registry.name())
        check(1 <= done.seconds < MOST_SECONDS, f"{done}")
        machine.good("rm", registry.name())
        registry.asked.clear()
        registry.answers = {"/v2/": lambda handler: handler.give(503)}
        done = machine.refused(119, "answers 503", "pull", registry.name())
        check(len(registry.asked) == 5 and done.seconds < MOST_SECONDS, f"{done} {len(registry.asked)}")
        registry.answers = {"/v2/": lambda handler: handler.give(429, retry_after="100000")}
        done = harmless(machine, 119, "try again later", "pull", registry.name())
        check(done.seconds < 5, f"{done}")


@case
def a_blob_that_is_cut_off_goes_on_from_there(machine):
    data = os.urandom(3 << 20)
    ranges = []

    def cut(handler):
        wanted = handler.headers.get("range")
        ranges.append(wanted)
        begin = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        handler.send_response(206 if wanted else 200)
        if wanted:
            handler.send_header("content-range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        handler.send_header("content-length", str(len(data) - begin))
        handler.end_headers()
        handler.wfile.write(data[begin : begin + (1 << 20)])
        handler.close_connection = begin + (1 << 20) < len(data)

    with Registry({**serving(data), "/blobs/": cut}) as registry:
        [pulled] = machine.json("pull", registry.name())
        check(pulled["digest"] == sha256(data), f"{pulled}")
        check(ranges == [None, "bytes=1048576-", "bytes=2097152-"], f"{ranges}")
        machine.clean()
        # What stays of one that was killed is spoilt: all of it comes again.
        machine.good("rm", registry.name())
        (machine.store() / "partial" / sha256(data).removeprefix("sha256:")).write_bytes(b"x" * (2 << 20))
        [pulled] = machine.json("pull", registry.name())
        check(pulled["digest"] == sha256(data), f"{pulled}")
        # A server that knows nothing of ranges gives all of it.
        machine.good("rm", registry.name())
        (machine.store() / "partial" / sha256(data).removeprefix("sha256:")).write_bytes(data[: 1 << 20])
        registry.answers["/blobs/"] = data
        machine.good("pull", registry.name())
        machine.clean()


@case
def a_slow_blob_comes_over_several_connections(machine):
    data = os.urandom(24 << 20)
    lock, open_now, most = threading.Lock(), [0], [0]

    def slow(handler):
        wanted = handler.headers.get("range")
        first, _, last = wanted.removeprefix("bytes=").partition("-") if wanted else ("0", "", "")
        begin, end = int(first), int(last) + 1 if last else len(data)
        handler.send_response(206 if wanted else 200)
        if wanted:
            handler.send_header("content-range", f"bytes {begin}-{end - 1}/{len(data)}")
        handler.send_header("content-length", str(end - begin))
        handler.end_headers()
        with lock:
            open_now[0] += 1
            most[0] = max(most[0], open_now[0])
        try:
            for at in range(begin, end, 100_000):
                handler.wfile.write(data[at : min(at + 100_000, end)])
                time.sleep(0.05)  # 2 MB/s
        finally:
            with lock:
                open_now[0] -= 1

    with Registry({**serving(data), "/blobs/": slow}) as registry:
        done = machine.good("pull", registry.name())
        # One connection would take 12 s.
        check(done.seconds < 8.5 and most[0] >= 4, f"{done} {most}")
        check(done.errors == "", f"a pipe gets progress: {done}")
        machine.clean()


@case
def two_pulls_of_one_thing_download_it_once(machine):
    data = os.urandom(4 << 20)

    def slow(handler):
        handler.send_response(200)
        handler.send_header("content-length", str(len(data)))
        handler.end_headers()
        for at in range(0, len(data), 1 << 18):
            handler.wfile.write(data[at : at + (1 << 18)])
            time.sleep(0.05)

    with Registry({**serving(data), "/blobs/": slow}) as registry:
        pulls = [machine.start("pull", registry.name(f"a/b:{number}")) for number in range(3)]
        for pull in pulls:
            out, errors = pull.communicate(timeout=60)
            check(pull.returncode == 0, f"{out} {errors}")
        check(sum("/blobs/" in path for path in registry.paths()) == 1, f"{registry.paths()}")
        check(len(machine.json("list")) == 3, "three names")
        machine.clean()


@case
def a_module_that_is_none_is_kept_and_harms_nobody(machine):
    for data in (b"\0asm\x0d\0\1\0" + b"\xff" * 1000, b"", b"\x89PNG\r\n\x1a\n" + b"x" * 100):
        with Registry(serving(data)) as registry:
            machine.good("pull", registry.name())
            check(machine.run("run", registry.name()).status == 121, "it runs")
            check(machine.json("search", "--needs-nothing") == [], "it is found")
            machine.good("rm", registry.name())


if __name__ == "__main__":
    sys.exit(cases.main(__doc__))
