#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tokens both ways between berth and the wascap crate: its own reader takes what berth signs, and berth what it does.

The crate is built once, into the cache, as the program in wascap/. Every guest goes both ways, so that what the crate
takes its hash over is the same for core modules and for components.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "guests"))
import build  # noqa: E402

SOURCE = HERE / "wascap"
FILES = [SOURCE / "Cargo.toml", SOURCE / "Cargo.lock", SOURCE / "src/main.rs"]
WITH_RUST = ROOT / "tools/with-rust.sh"


def program():
    """The crate's program in the cache, built now if it wasn't there: its crates are fetched."""
    def make(at):
        folder = build.cache() / "wascap"
        environment = dict(os.environ, CARGO_TARGET_DIR=str(folder))
        build.run([WITH_RUST, "cargo", "build", "--quiet", "--locked"], "build wascap", SOURCE, environment)
        at.write_bytes((folder / "debug/berth-test-wascap").read_bytes())
        at.chmod(0o755)

    compiler = subprocess.run([WITH_RUST, "rustc", "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return build.once(build.cache() / "guests" / build.digest([compiler], FILES, SOURCE) / "wascap", make)


class Both:
    """berth with keys of its own, and the crate."""

    def __init__(self, berth, folder):
        self.wascap = program()
        self.folder = folder
        # What is looked for here are tokens: the machine's own settings and cache have no say.
        self.environment = {**os.environ, "BERTH_CONFIG": str(folder / "config"), "BERTH_STATE": str(folder / "state")}
        self.berth_binary = berth

    def berth(self, *words, stdin=None, fails=False):
        done = subprocess.run([self.berth_binary, *map(str, words)], input=stdin, capture_output=True, text=True,
                              timeout=120, env=self.environment)  # fmt: skip
        if (done.returncode != 0) != fails:
            raise AssertionError(f"berth {words}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stderr if fails else done.stdout

    def crate(self, *words, fails=False):
        done = subprocess.run([self.wascap, *map(str, words)], capture_output=True, text=True, timeout=120)
        if (done.returncode != 0) != fails:
            raise AssertionError(f"wascap {words}: {done.returncode}\n{done.stderr}")
        return done.stderr if fails else done.stdout

    def claims(self, module):
        return json.loads(self.berth("inspect", "--json", module))["claims"]


def equal(was, expected, what):
    if was != expected:
        raise AssertionError(f"{what}: {was!r}, expected {expected!r}")


def keys_both_ways(both):
    theirs = json.loads(both.crate("keys"))
    for kind, pair in theirs.items():
        made = both.berth("keys", "import", kind, stdin=pair["seed"]).strip()
        equal(made, pair["public"], f"the public key of their {kind}")
        equal(both.berth("keys", "export", kind, "--seed").strip(), pair["seed"], f"their {kind}'s seed")
    return theirs


def ours_to_theirs(both, guest, folder):
    module = folder / "ours.wasm"
    both.berth("sign", guest, "--as", "account", "--module-key", "module", "--name", "ours", "--version", "1.2.0",
               "--revision", 5, "--tag", "one", "--tag", "two", "--grant", "dns *", "--out", module)  # fmt: skip
    seen = json.loads(both.crate("read", module))
    equal((seen["signature_valid"], seen["expired"], seen["cannot_use_yet"]), (True, False, False), "their verdict")
    ours = both.claims(module)["module"]
    claims = seen["claims"]
    equal((claims["iss"], claims["sub"], claims["jti"]), (ours["issuer"], ours["subject"], ours["token"]), "the keys")
    wascap = claims["wascap"]
    equal((wascap["name"], wascap["ver"], wascap["rev"], wascap["tags"]), ("ours", "1.2.0", 5, ["one", "two"]), "members")
    changed = bytearray(module.read_bytes())
    changed[len(guest.read_bytes()) // 2] ^= 1
    (folder / "changed.wasm").write_bytes(changed)
    both.crate("read", folder / "changed.wasm", fails=True)
    return module


def theirs_to_ours(both, guest, folder, keys):
    module = folder / "theirs.wasm"
    both.crate("sign", guest, module, keys["account"]["seed"], keys["module"]["seed"])
    seen = both.claims(module)
    equal(seen["refused"], None, "a token of theirs")
    theirs = seen["module"]
    equal((theirs["issuer"], theirs["subject"]), (keys["account"]["public"], keys["module"]["public"]), "the keys")
    equal((theirs["name"], theirs["version"], theirs["revision"], theirs["tags"], theirs["wascap"]),
          ("theirs", "3.2.1", 7, ["tag"], True), "members")  # fmt: skip
    changed = bytearray(module.read_bytes())
    changed[len(guest.read_bytes()) // 2] ^= 1
    (folder / "changed.wasm").write_bytes(changed)
    refused = both.berth("run", folder / "changed.wasm", fails=True)
    if "tampered" not in refused:
        raise AssertionError(f"a module of theirs that was changed: {refused}")
    return module


def signed_again(both, ours, theirs, folder, keys):
    """Each takes the other's token away and puts its own there."""
    again = folder / "again.wasm"
    both.crate("sign", ours, again, keys["account"]["seed"], keys["module"]["seed"])
    equal(both.claims(again)["module"]["name"], "theirs", "theirs over ours")
    both.berth("sign", theirs, "--as", "account", "--name", "ours", "--out", again)
    equal(json.loads(both.crate("read", again))["claims"]["wascap"]["name"], "ours", "ours over theirs")


def what_it_vouches_for(both, guests, folder, keys):
    """A token of theirs runs, with its streams and nothing else."""
    module = folder / "reads.wasm"
    data = folder / "data"
    data.mkdir()
    (data / "note").write_text("a line\n")
    both.crate("sign", guests / "readfile-cpp.wasm", module, keys["account"]["seed"], keys["module"]["seed"])
    refused = both.berth("run", "--dir", f"{data}:/data", module, "/data/note", fails=True)
    if "don't vouch for it" not in refused:
        raise AssertionError(f"a token of theirs vouches for a folder: {refused}")
    hello = folder / "hello.wasm"
    both.crate("sign", guests / "hello.wasm", hello, keys["account"]["seed"], keys["module"]["seed"])
    if not both.berth("run", hello):
        raise AssertionError("a token of theirs doesn't vouch for standard output")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", type=Path, required=True)
    parser.add_argument("--guests", type=Path, required=True)
    parser.add_argument("--largest", type=int, default=4 << 20, help="leave larger guests out; their bytes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="berth-wascap-") as name:
        folder = Path(name)
        both = Both(options.berth, folder)
        keys = keys_both_ways(both)
        guests = [path for path in sorted(options.guests.glob("*.wasm")) if path.stat().st_size <= options.largest]
        for guest in guests:
            try:
                ours = ours_to_theirs(both, guest, folder)
                theirs = theirs_to_ours(both, guest, folder, keys)
                signed_again(both, ours, theirs, folder, keys)
            except AssertionError as error:
                raise SystemExit(f"{guest.name}: {error}") from None
        what_it_vouches_for(both, options.guests, folder, keys)
        if len(guests) < 10:
            raise SystemExit(f"only {len(guests)} guests: 'make guests' builds them")
        print(f"{len(guests)} modules, both ways")


if __name__ == "__main__":
    main()
