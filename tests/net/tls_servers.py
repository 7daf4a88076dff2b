# SPDX-License-Identifier: Apache-2.0
"""Servers of HTTPS with certificates of a test authority's own, made anew at each start by the `openssl` program.

Every certificate but the self-signed one and the stranger's chains up to `authority.pem`, which a client under test is
told to trust. `good` holds for localhost, good.test, *.good.test, 127.0.0.1 and ::1. HTTP/2 is served by Node.js
(h2_server.mjs), since Python's standard library has none.
"""

import json
import shutil
import ssl
import subprocess
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from http_server import HttpServer

HERE = Path(__file__).resolve().parent
NODE_SECONDS = 20
GOOD_NAMES = "DNS:localhost,DNS:good.test,DNS:*.good.test,IP:127.0.0.1,IP:::1"
CONFIG = """
[ca]
default_ca = own
[own]
dir = {folder}
database = $dir/index
serial = $dir/serial
new_certs_dir = $dir
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
"""
SERVER_USE = "extendedKeyUsage=serverAuth"
DATES = ("20200101000000Z", "20400101000000Z")


class Authority:
    """A folder with a certificate authority and what it signed: NAME.pem (with its chain) and NAME.key."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="berth-test-tls-"))
        (self.folder / "openssl.cnf").write_text(CONFIG.format(folder=self.folder))
        (self.folder / "index").write_text("")
        (self.folder / "serial").write_text("1000\n")
        self.root("authority")
        self.root("stranger")
        self.sign("good", GOOD_NAMES)
        self.sign("expired", GOOD_NAMES, dates=("20200101000000Z", "20210101000000Z"))
        self.sign("not-yet", GOOD_NAMES, dates=("20390101000000Z", "20400101000000Z"))
        self.sign("wrong-name", "DNS:evil.test")
        self.sign("no-names", None)
        self.sign("wrong-use", GOOD_NAMES, use="extendedKeyUsage=clientAuth")
        self.sign("stranger-signed", GOOD_NAMES, by="stranger")
        self.sign("between", None, use="basicConstraints=critical,CA:true")
        self.sign("cut-chain", GOOD_NAMES, by="between")
        self.request("self-signed", GOOD_NAMES, SERVER_USE, signed=True)

    @property
    def trusted(self):
        return self.folder / "authority.pem"

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def openssl(self, *words):
        command = ["openssl", *(str(word) for word in words)]
        done = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} failed: {done.stderr}")

    def request(self, name, names, use, signed=False):
        words = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key"]
        words += ["-subj", f"/CN={name}.berth.test", "-addext", use]
        words += ["-addext", f"subjectAltName={names}"] if names else []
        words += ["-x509", "-days", "3650", "-out", f"{name}.pem"] if signed else ["-out", f"{name}.csr"]
        self.openssl(*words)

    def root(self, name):
        self.request(name, None, "keyUsage=critical,keyCertSign", signed=True)

    def sign(self, name, names, by="authority", use=SERVER_USE, dates=DATES):
        self.request(name, names, use)
        words = ["ca", "-batch", "-notext", "-config", "openssl.cnf", "-cert", f"{by}.pem", "-keyfile", f"{by}.key"]
        self.openssl(*words, "-in", f"{name}.csr", "-out", f"{name}.pem", "-startdate", dates[0], "-enddate", dates[1])

    def context(self, name, least=ssl.TLSVersion.TLSv1_2, most=ssl.TLSVersion.MAXIMUM_SUPPORTED):
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        made.minimum_version, made.maximum_version = least, most
        made.set_alpn_protocols(["http/1.1"])
        return made


CERTIFICATES = ("good", "expired", "not-yet", "wrong-name", "no-names", "wrong-use", "stranger-signed", "cut-chain",
                "self-signed")  # fmt: skip


class TlsServers:
    """One HttpServer a certificate, and some of another kind; `servers` has them by name.

    wants-client   good, but asks for a client's certificate signed by the authority
    tls-1.2        good, but speaks nothing newer than TLS 1.2
    plain          HTTP without TLS, for those who come with it
    """

    def __init__(self):
        self.stack = ExitStack()
        self.authority = Authority()
        self.stack.callback(self.authority.close)
        contexts = {name: self.authority.context(name) for name in CERTIFICATES}
        contexts["wants-client"] = self.authority.context("good")
        contexts["wants-client"].verify_mode = ssl.CERT_REQUIRED
        contexts["wants-client"].load_verify_locations(self.authority.trusted)
        contexts["tls-1.2"] = self.authority.context("good", most=ssl.TLSVersion.TLSv1_2)
        contexts["plain"] = None
        self.servers = {}
        for name, context in contexts.items():
            self.servers[name] = self.stack.enter_context(HttpServer(context=context))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.stack.close()

    def describe(self):
        ports = {name: server.port for name, server in self.servers.items()}
        return {"trusted": str(self.authority.trusted), **ports}


class Http2Server:
    """HTTP/2 over TLS on `port` (`--paths` of h2_server.mjs) and without TLS on `plain_port`, by Node.js.

    `authority` is an Authority to take the certificate `good` from; without one, a new one is made.
    """

    def __init__(self, authority=None):
        self.own = None if authority else Authority()
        self.authority = authority or self.own
        folder = self.authority.folder
        node = shutil.which("node")
        if node is None:
            raise RuntimeError("the HTTP/2 server needs node; install with: apt-get install nodejs")
        command = [node, str(HERE / "h2_server.mjs"), str(folder / "good.pem"), str(folder / "good.key")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            self.close()
            raise RuntimeError(f"{' '.join(command)} ended before it listened")
        ports = json.loads(line)
        self.port, self.plain_port = ports["tls"], ports["plain"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        with suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(NODE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        if self.own:
            self.own.close()

    def describe(self):
        return {"port": self.port, "plain_port": self.plain_port, "trusted": str(self.authority.trusted)}
