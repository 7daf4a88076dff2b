#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Signed modules against the real berth: what was changed never runs, also not from the cache, nor in a server.

Each case is one function with a machine of its own, as in tests/serve/run.py. `--ways 2000` tries more changes.
"""

import argparse
import ctypes
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "serve"))
from run import Cases, check, main  # noqa: E402

cases = Cases()
REFUSED = 123
NO_MODULE = 121


class Signer:
    """berth with an account and an operator that vouches for it."""

    def __init__(self, machine, trusted=True):
        self.machine = machine
        self.berth("keys", "new", "operator", "harbour")
        self.berth("keys", "new", "account", "shop")
        self.berth("sign", "--account", "shop", "--as", "harbour")
        if trusted:
            self.trust("require-signed = true\n")

    def berth(self, *words, status=0):
        done = subprocess.run([self.machine.berth, *map(str, words)], capture_output=True, text=True, timeout=120,
                              env=self.machine.environment, errors="replace")  # fmt: skip
        check(done.returncode == status, f"berth {words}: {done.returncode}, not {status}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def trust(self, more=""):
        key = self.berth("keys", "export", "harbour").strip()
        (self.machine.root / "config" / "trust.toml").write_text(f'{more}[operator.harbour]\nkey = "{key}"\n')

    def signed(self, guest, *options, name="signed.wasm"):
        made = self.machine.root / name
        self.berth("sign", guest, "--as", "shop", "--name", "it", "--out", made, *options)
        return made


def guests_of_both_kinds(machine):
    return [machine.guests / "greet-cpp.wasm", machine.guests / "greet-component.wasm"]


@cases.case
def a_signed_module_runs_where_tokens_are_required_and_no_other(machine):
    signer = Signer(machine)
    for guest in guests_of_both_kinds(machine):
        check("unsigned: " in signer.berth("run", guest, status=REFUSED), "an unsigned one")
        signer.berth("run", signer.signed(guest))


@cases.case
def a_byte_changed_anywhere_is_refused(machine):
    signer = Signer(machine)
    ways = random.Random(1)
    for guest in guests_of_both_kinds(machine):
        whole = signer.signed(guest).read_bytes()
        changed = machine.root / "changed.wasm"
        token = len(guest.read_bytes())
        places = [ways.randrange(len(whole)) for _ in range(machine.asked.ways)]
        places += [ways.randrange(token, len(whole)) for _ in range(machine.asked.ways)]
        for at in places + list(range(8)) + list(range(token, token + 8)):
            data = bytearray(whole)
            data[at] ^= ways.randrange(1, 256)
            changed.write_bytes(data)
            done = subprocess.run([machine.berth, "run", changed], capture_output=True, env=machine.environment, timeout=60)
            check(done.returncode in (REFUSED, NO_MODULE), f"byte {at} of {guest.name}: {done.returncode} {done.stderr}")


@cases.case
def what_is_cached_is_asked_for_its_token_each_time(machine):
    signer = Signer(machine)
    module = signer.signed(machine.guests / "greet-cpp.wasm")
    signer.berth("run", module)
    signer.berth("run", module)
    token = json.loads(signer.berth("inspect", "--json", module))["claims"]["module"]["token"]
    signer.trust(f'require-signed = true\n[revoked]\ntokens = ["{token}"]\n')
    check("revoked: " in signer.berth("run", module, status=REFUSED), "a revoked token")
    later = signer.signed(machine.guests / "greet-cpp.wasm", "--not-before", "1h")
    check("not-yet-valid: " in signer.berth("run", later, status=REFUSED), "a token of tomorrow's")


@cases.case
def the_file_may_be_exchanged_while_it_is_looked_at(machine):
    """What runs is what was looked at."""
    signer = Signer(machine)
    signed = signer.signed(machine.guests / "hello.wasm").read_bytes()
    other = (machine.guests / "readfile-cpp.wasm").read_bytes()
    module = machine.root / "flips.wasm"
    module.write_bytes(signed)
    expected = signer.berth("run", module)
    # Between looking at who signed and loading, the policy is read: as long a one as there may be.
    policy = machine.root / "long.toml"
    policy.write_text("# a line\n" * 100_000)
    for number in range(10):
        module.write_bytes(signed)
        (machine.root / "next").write_bytes(other)
        opened = Opened(policy)
        process = subprocess.Popen([machine.berth, "run", "--policy", policy, module], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, env=machine.environment)  # fmt: skip
        opened.wait()
        os.replace(machine.root / "next", module)
        said = process.communicate(timeout=60)[0]
        check(process.returncode == 0 and said == expected, f"try {number}: another module ran, or none: {said}")
    check(subprocess.run([machine.berth, "run", module], capture_output=True, env=machine.environment).returncode == REFUSED,
          "what it was exchanged for runs")  # fmt: skip


class Opened:
    """Waits until somebody opens a file."""

    IN_OPEN = 0x20

    def __init__(self, path):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = self.libc.inotify_init()
        check(self.libc.inotify_add_watch(self.descriptor, os.fsencode(path), self.IN_OPEN) > 0, f"{path} can't be watched")

    def wait(self):
        os.read(self.descriptor, 4096)
        os.close(self.descriptor)


@cases.case
def a_claim_narrows_what_is_granted_and_says_so(machine):
    signer = Signer(machine, trusted=False)
    data = machine.root / "data"
    data.mkdir()
    (data / "note").write_text("a line\n")
    module = signer.signed(machine.guests / "readfile-cpp.wasm")
    said = signer.berth("run", "--dir", f"{data}:/data", "--json", module, "/data/note", status=1)
    report = json.loads(said.splitlines()[-1])
    check([one["party"] for one in report["denials"]] == ["claims"], said)
    module = signer.signed(machine.guests / "readfile-cpp.wasm", "--grant", "files *:/data")
    check("a line" in signer.berth("run", "--dir", f"{data}:/data", module, "/data/note"), "what is vouched for")
    check("no grant covers it" in signer.berth("run", module, "/data/note", status=1) +
          signer.berth("why", module, "--probes"), "what isn't asked for isn't granted by a token")


@cases.case
def a_server_takes_only_new_versions_that_somebody_vouches_for(machine):
    signer = Signer(machine)
    plain = (machine.guests / "web.wasm").read_bytes()

    def version(number):
        raw = machine.root / "raw.wasm"
        raw.write_bytes(plain.replace(b"hello from a module", f"version number {number:04}".encode()))
        return signer.signed(raw, name=f"v{number}.wasm").read_bytes()

    module = machine.root / "web.wasm"

    def put(data):
        module.with_suffix(".new").write_bytes(data)
        os.replace(module.with_suffix(".new"), module)
        server.process.send_signal(signal.SIGHUP)

    module.write_bytes(version(1))
    with machine.serve(str(module), module=None) as server:
        check(server.curl("/")[1].strip() == b"version number 0001", "the first")
        put(plain)
        server.until_said("unsigned: ")
        changed = bytearray(version(2))
        changed[len(changed) // 3] ^= 1
        put(bytes(changed))
        server.until_said("tampered: ")
        check(server.curl("/")[1].strip() == b"version number 0001", "the first goes on")
        put(version(3))
        for _ in range(200):
            if server.curl("/")[1].strip() == b"version number 0003":
                return
            time.sleep(0.05)
        raise AssertionError(f"a signed version doesn't come: {server.said()}")


@cases.case
def a_seed_stands_in_nothing_that_is_said(machine):
    signer = Signer(machine)
    seed = signer.berth("keys", "export", "shop", "--seed").strip()
    said = "".join([signer.berth("keys", "list", "--json"), signer.berth("keys", "show", "shop", "--json"),
                    signer.berth("keys", "export", "shop"), signer.berth("keys", "import", "shop", "/dev/null", status=120),
                    signer.berth("inspect", "--json", signer.signed(machine.guests / "hello.wasm"))])  # fmt: skip
    check(seed not in said, "a seed is shown")
    for path in machine.root.rglob("*"):
        if path.is_file() and path.name != "shop.nk":
            check(seed.encode() not in path.read_bytes(), f"a seed lies in {path}")


def more(parser: argparse.ArgumentParser):
    parser.add_argument("--ways", type=int, default=40, help="changed bytes to try, of each module and of its token")


if __name__ == "__main__":
    sys.exit(main(cases, __doc__, more))
