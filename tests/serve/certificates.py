# SPDX-License-Identifier: Apache-2.0
"""Certificates for a server under test, made by the `openssl` program, and clients that trust them."""

import os
import socket
import ssl
import subprocess
from pathlib import Path

NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1"


def openssl(*words):
    command = ["openssl", *(str(word) for word in words)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)} failed: {done.stderr}")


class Certificate:
    """A certificate that vouches for itself, and its key: NAME.pem and NAME.key in a folder. One `of_server` vouches for no
    other, which strict clients ask for."""

    def __init__(self, folder, name, kind=("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), of_server=False):
        self.chain, self.key = Path(folder) / f"{name}.pem", Path(folder) / f"{name}.key"
        openssl("req", "-x509", "-newkey", *kind, "-nodes", "-keyout", self.key, "-out", self.chain, "-days", "30",
                "-subj", f"/CN={name}.berth.test", "-addext", NAMES,
                *(("-addext", "basicConstraints=critical,CA:FALSE") if of_server else ()))  # fmt: skip
        self.name = name

    def options(self):
        return "--tls-cert", str(self.chain), "--tls-key", str(self.key)

    def put(self, other):
        """Has the files of another one in their place: the key first."""
        for to, of in ((self.key, other.key), (self.chain, other.chain)):
            aside = to.with_suffix(".new")
            aside.write_bytes(of.read_bytes())
            os.replace(aside, to)

    def secrets(self):
        """What of the key must not be seen anywhere."""
        return [line for line in self.key.read_text().splitlines() if line and not line.startswith("-")]


def context(*trusted, protocols=("http/1.1",)):
    made = ssl.create_default_context()
    for certificate in trusted:
        made.load_verify_locations(certificate.chain)
    made.set_alpn_protocols(list(protocols))
    return made


def connect(server, made):
    """A connection whose handshake is done."""
    plain = socket.create_connection((server.host, server.port), timeout=30)
    return made.wrap_socket(plain, server_hostname="localhost")
