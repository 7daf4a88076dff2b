# SPDX-License-Identifier: Apache-2.0
"""Other people's programs for the tests of content: kubo's ipfs, and go-fil-commp-hashhash's piece commitment, each built
once from Go's modules as tests/registry/registries.py builds registries; and what the scripts beside this file share."""

import json
import os
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "guests"))
import build  # noqa: E402

# Kubo's thousands of small files take minutes on a disk that others use.
PLACE = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def kubo():
    """The program ipfs, in the cache; built now if it wasn't there."""
    folder = HERE / "tools"
    return str(build.go_program([folder / "go.mod", folder / "go.sum"], folder, "github.com/ipfs/kubo/cmd/ipfs"))


def commp():
    """Prints commitment and padded size of each file named."""
    folder = HERE / "commp"
    sources = [folder / name for name in ("go.mod", "go.sum", "main.go")]
    return str(build.go_program(sources, folder, "."))


def check(true, said):
    if not true:
        raise AssertionError(said)


def run_all(cases):
    """Runs what has been given a label, one after the other, a line each; how many failed."""
    failed = 0
    for label, case in cases:
        began = time.monotonic()
        try:
            case()
            said = "ok"
        except Exception:  # noqa: BLE001: the others are still to run
            said, failed = f"FAIL\n{traceback.format_exc()}", failed + 1
        print(f"{label}: {said} ({time.monotonic() - began:.1f} s)", flush=True)
    return failed


class Berth:
    """berth content with folders of its own."""

    def __init__(self, binary, root):
        self.binary = str(binary)
        self.root = Path(root)
        self.environment = {
            **os.environ,
            "HOME": str(root),
            "BERTH_DATA": str(self.root / "data"),
            "BERTH_STATE": str(self.root / "state"),
            "BERTH_CONFIG": str(self.root / "config"),
            "BERTH_CACHE": str(self.root / "cache"),
        }

    def configure(self, text):
        """Writes content.toml."""
        (self.root / "config").mkdir(mode=0o700, exist_ok=True)
        (self.root / "config/content.toml").write_text(text)

    def command(self, *words):
        return [self.binary, "content", *map(str, words)]

    def start(self, *words, **more):
        return subprocess.Popen(self.command(*words), env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def run(self, *words, status=0, input=None, **variables):
        """What it prints, as bytes; its exit status is checked."""
        done = subprocess.run(self.command(*words), env={**self.environment, **variables}, input=input, capture_output=True, timeout=120)
        check(done.returncode == status, f"{words} ends with {done.returncode}, not {status}: {done.stderr.decode()}")
        return done.stdout if status == 0 else done.stderr

    def json(self, *words):
        return json.loads(self.run(*words, "--json"))

    def blocks(self):
        """The files of all blocks: what was fetched lies in the cache."""
        return sorted(path for folder in ("data", "cache") for path in (self.root / folder / "content/blocks").rglob("*") if path.is_file())


class Kubo:
    """ipfs with a repository of its own, never online."""

    def __init__(self, root, profile=None):
        self.binary = kubo()
        self.environment = {**os.environ, "IPFS_PATH": str(Path(root) / "ipfs"), "IPFS_TELEMETRY": "off"}
        profiles = ",".join(filter(None, ["test", profile]))
        self.run("init", "--empty-repo", "--profile", profiles)

    def run(self, *words, input=None):
        done = subprocess.run([self.binary, "--offline", *map(str, words)], env=self.environment, input=input, capture_output=True, timeout=300)
        check(done.returncode == 0, f"ipfs {words}: {done.stderr.decode()}")
        return done.stdout

    def daemon(self):
        """Its process, and the ports of its gateway and of its RPC."""
        for name in ("Gateway", "API"):
            self.run("config", f"Addresses.{name}", "/ip4/127.0.0.1/tcp/0")
        self.run("config", "--json", "Addresses.Swarm", "[]")
        process = subprocess.Popen([self.binary, "daemon", "--offline"], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        ports = {}
        for line in process.stdout:
            for what in ("Gateway server", "RPC API server"):
                if line.startswith(f"{what} listening on"):
                    ports[what] = int(line.strip().rsplit("/", 1)[1])
            if "Daemon is ready" in line:
                break
        check(len(ports) == 2, f"kubo doesn't start: {ports}")
        threading.Thread(target=process.stdout.read, daemon=True).start()
        return process, ports["Gateway server"], ports["RPC API server"]


if __name__ == "__main__":
    kubo()
    commp()
