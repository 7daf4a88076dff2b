# SPDX-License-Identifier: Apache-2.0
"""Registries for tests: Debian's docker-registry, and go-containerregistry's, which is built once from Go's modules with
crane and oras as tests/serve/collector.py builds a collector; and what the scripts beside this file share."""

import base64
import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "guests"))
sys.path.insert(0, str(HERE.parent / "serve"))
import build  # noqa: E402
import certificates  # noqa: E402

TOOLS = HERE / "tools"
PACKAGES = ("github.com/google/go-containerregistry/cmd/crane", "github.com/google/go-containerregistry/cmd/registry",
            "oras.land/oras/cmd/oras")  # fmt: skip
WASM = "application/wasm"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def check(true, said):
    if not true:
        raise AssertionError(said)


def tool(name):
    """A program of others, in the cache; built now if it wasn't there."""
    [package] = [package for package in PACKAGES if package.endswith(f"/{name}")]
    return str(build.go_program([TOOLS / "go.mod", TOOLS / "go.sum"], TOOLS, package))


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def free_port():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Process:
    """A server in a process of its own, until the end of the `with`; `host` is its name and port."""

    def start(self, command, environment=None, scheme="http", ca=None):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        context = certificates.context(ca) if ca else None
        for _ in range(200):
            with contextlib.suppress(OSError):
                try:
                    urllib.request.urlopen(f"{scheme}://{self.host}/v2/", timeout=5, context=context).close()
                    return
                except urllib.error.HTTPError:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.log.seek(0)
        self.process.kill()
        raise AssertionError(f"{command[0]} doesn't start: {self.log.read()[-2000:]}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class DockerRegistry(Process):
    """Debian's. With `password` it asks for `user` and that; with `tokens` for those of a TokenServer; with `certificate` it
    speaks TLS."""

    def __init__(self, folder, password=None, tokens=None, certificate=None):
        folder = Path(folder)
        self.host = f"localhost:{free_port()}"
        config = {"version": "0.1", "log": {"level": "warn"},
                  "storage": {"filesystem": {"rootdirectory": str(folder / "registry")}, "delete": {"enabled": True}},
                  "http": {"addr": self.host.replace("localhost", "127.0.0.1")}}  # fmt: skip
        if certificate:
            config["http"]["tls"] = {"certificate": str(certificate.chain), "key": str(certificate.key)}
        if password:
            import crypt

            (folder / "htpasswd").write_text(f"user:{crypt.crypt(password, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16))}\n")
            config["auth"] = {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}}
        if tokens:
            config["auth"] = {"token": {"realm": tokens.url, "service": "tests", "issuer": "berth-tests",
                                        "rootcertbundle": str(tokens.certificate.chain)}}  # fmt: skip
        (folder / "registry.json").write_text(json.dumps(config))  # YAML takes it
        self.start(["docker-registry", "serve", str(folder / "registry.json")],
                   scheme="https" if certificate else "http", ca=certificate)  # fmt: skip


class GoRegistry(Process):
    """go-containerregistry's, in memory."""

    def __init__(self, _folder):
        port = free_port()
        self.host = f"localhost:{port}"
        self.start([tool("registry"), "serve", "--port", str(port)] if "serve" in GoRegistry.words() else
                   [tool("registry"), "-port", str(port)])  # fmt: skip

    @staticmethod
    def words():
        done = subprocess.run([tool("registry"), "--help"], capture_output=True, text=True, check=False)
        return (done.stdout + done.stderr).split()


class Server:
    """A server of the test's own, until the end of the `with`: `answer(handler)` does it."""

    def __init__(self, answer, address="127.0.0.1", port=0):
        outer = self
        self.asked = []
        self.lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                with outer.lock:
                    outer.asked.append((self.command, self.path, dict(self.headers)))
                with contextlib.suppress(ConnectionError, TimeoutError):
                    answer(self)

            do_GET = do_HEAD = do_POST = do_PUT = answer

            def give(self, status, body=b"", **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                if "content_length" not in headers and "transfer_encoding" not in headers:
                    self.send_header("content-length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, *_):
                """A client that goes away is none."""

        self.server = Quiet((address, port), Handler)
        self.server.daemon_threads = True
        self.host = f"{address}:{self.server.server_address[1]}"
        self.url = f"http://{self.host}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def paths(self):
        return [path for _, path, _ in self.asked]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class TokenServer(Server):
    """Gives tokens that docker-registry takes, to `user` with that password alone."""

    def __init__(self, folder, password):
        self.certificate = certificates.Certificate(folder, "tokens", kind=("rsa:2048",))
        self.wanted = "Basic " + base64.b64encode(f"user:{password}".encode()).decode()
        super().__init__(self.give_token)
        self.url += "/token"

    def give_token(self, handler):
        if handler.headers.get("authorization") != self.wanted:
            return handler.give(401, b"{}")
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(handler.path).query)
        kind, name, actions = query["scope"][0].split(":")
        handler.give(200, json.dumps({"token": self.token(kind, name, actions.split(","))}).encode())

    def token(self, kind, name, actions):
        lines = self.certificate.chain.read_text().splitlines()
        head = {"typ": "JWT", "alg": "RS256", "x5c": ["".join(line for line in lines if not line.startswith("-"))]}
        now = int(time.time())
        claims = {"iss": "berth-tests", "sub": "user", "aud": "tests", "exp": now + 300, "nbf": now - 10, "iat": now,
                  "jti": str(now), "access": [{"type": kind, "name": name, "actions": actions}]}  # fmt: skip
        encode = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")  # noqa: E731
        signed = b".".join(encode(json.dumps(part).encode()) for part in (head, claims))
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.certificate.key], input=signed,
                                   capture_output=True, check=True).stdout  # fmt: skip
        return (signed + b"." + encode(signature)).decode()


class Done:
    """How a berth ended."""

    def __init__(self, status, out, errors, seconds, mib):
        self.status, self.out, self.errors, self.seconds, self.mib = status, out, errors, seconds, mib

    def __str__(self):
        return f"status {self.status}, {self.seconds:.1f} s, {self.mib} MiB, {self.out!r} {self.errors!r}"


class Machine:
    """A store of its own, and berth on it."""

    def __init__(self, asked, root):
        self.asked, self.berth, self.guests, self.root = asked, asked.berth, asked.guests, root
        self.hello = self.guests / "hello.wasm"
        (root / "docker").mkdir()
        own = {name: str(root / name.lower()) for name in ("BERTH_DATA", "BERTH_STATE", "BERTH_CONFIG", "BERTH_CACHE")}
        self.environment = {**os.environ, **own, "DOCKER_CONFIG": str(root / "docker")}

    def start(self, *words, **named):
        return subprocess.Popen([str(self.berth), *map(str, words)], env={**self.environment, **named},
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.root)  # fmt: skip

    def run(self, *words, timeout=60, **named):
        begin = time.monotonic()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            process = subprocess.Popen([str(self.berth), *map(str, words)], env={**self.environment, **named},
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=errors, cwd=self.root)  # fmt: skip
            mib = self.watch(process, begin + timeout)
            out.seek(0)
            errors.seek(0)
            return Done(process.returncode, out.read().decode(), errors.read().decode(), time.monotonic() - begin,
                        mib)  # fmt: skip

    @staticmethod
    def watch(process, until):
        """The most memory that it had, in MiB; killed when it takes longer."""
        mib = 0
        while process.poll() is None:
            with contextlib.suppress(OSError):
                lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
                mib = max([mib, *(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))])
            time.sleep(0.003)
            if time.monotonic() > until:
                process.kill()
        return mib

    def good(self, *words, **named):
        done = self.run(*words, **named)
        check(done.status == 0, f"berth {' '.join(map(str, words))}: {done}")
        return done

    def json(self, *words, **named):
        return json.loads(self.good(*words, "--json", **named).out)

    def refused(self, status, said, *words, **named):
        done = self.run(*words, **named)
        check(done.status == status and said in done.errors, f"wanted {status} and '{said}': {done}")
        return done

    def store(self):
        return self.root / "berth_data" / "store"

    def blob(self, digest):
        return self.store() / "blobs" / digest.removeprefix("sha256:")

    def clean(self):
        """The store has what it says."""
        found = self.json("verify")
        check(found["damage"] == [], f"{found}")
        return found

    def docker_config(self, config):
        (self.root / "docker" / "config.json").write_text(json.dumps(config))


def manifest(data, layers=None, **more):
    """An artifact's manifest as bytes, with one layer for `data` unless told."""
    layers = layers if layers is not None else [layer(data)]
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": layers,
                       "config": {"mediaType": "application/vnd.wasm.config.v0+json", "digest": sha256(b"{}"), "size": 2},
                       **more}).encode()  # fmt: skip


def layer(data, media_type=WASM, **more):
    return {"mediaType": media_type, "digest": sha256(data), "size": len(data), **more}


class Cases:
    """What a script tries, in the order in which it is written there."""

    def __init__(self):
        self.listed = []

    def case(self, function):
        self.listed.append(function)
        return function

    def main(self, about, add_options=lambda parser: None):
        import argparse

        parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("words", nargs="*", help="only cases with one of these in their names")
        parser.add_argument("--berth", required=True, type=lambda text: Path(text).resolve())
        parser.add_argument("--guests", required=True, type=lambda text: Path(text).resolve())
        add_options(parser)
        asked = parser.parse_args()
        passed = failed = 0
        for function in self.listed:
            name = function.__name__.replace("_", " ")
            if asked.words and not any(word in name for word in asked.words):
                continue
            with tempfile.TemporaryDirectory() as root:
                try:
                    function(Machine(asked, Path(root)))
                    passed += 1
                    print(f"ok   {name}", flush=True)
                except (AssertionError, OSError, subprocess.SubprocessError) as error:
                    failed += 1
                    print(f"FAIL {name}: {error}", flush=True)
        print(f"{passed} passed, {failed} failed")
        return 1 if failed else 0


if __name__ == "__main__":
    for package in PACKAGES:
        tool(Path(package).name)
