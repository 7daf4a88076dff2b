#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds examples/07-dynamic-app as a stranger would, from an installed libberth, and stands at its till: modules are put
into its folder, replaced and taken away while it runs, and some of them mean harm. With --engines those are put there that
have a language's engine inside, which takes a while to compile.

What the README shows of the shop's lines has to have been said.
"""

import argparse
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "packaging"))
from stranger import ROOT, built, check, environment, output, tells_the_truth

APP = ROOT / "examples" / "07-dynamic-app"
PLUGINS = APP / "plugins"
DEADLINE = 200  # seconds for a line, engines to compile included
LAST_OF = {"sell": "total ", "show": "text ", "report": "takings "}
FILTER = "shop:till/filter@1.0.0"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, required=True, help="the build that is installed")
    parser.add_argument("--guests", type=Path, required=True)
    parser.add_argument("--engines", action="store_true", help="the plugins in JavaScript and Python alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="berth-shop-") as folder:
        folder = Path(folder)
        programs = built(APP.name, options.build, folder)
        with Shop(programs, folder, options).open() as shop:
            (engines if options.engines else day)(shop)
        if not options.engines:
            said = output(programs / "ten-lines", guest(options.guests, "mild"), "Drat, no rope!", env=environment(folder))
            tells_the_truth(APP / "README.md", [*said.splitlines(), *shop.said])
    return 0


class Shop:
    """A shop that is open, and what it says."""

    def __init__(self, programs, folder, options):
        self.command = [programs / "shop", folder / "plugins", options.build / "src" / "cli" / "berth"]
        self.home, self.guests = folder, options.guests
        self.plugins = folder / "plugins"
        self.said, self.lines = [], queue.Queue()

    @contextmanager
    def open(self):
        self.plugins.mkdir()
        process = subprocess.Popen(self.command, env=environment(self.home), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
        threading.Thread(target=self._listen, args=(process.stdout,), daemon=True).start()
        self.process = process
        try:
            self.until("open")
            yield self
            self._tell("quit")
            self.until("closed")
            check(process.wait(timeout=DEADLINE) == 0, f"the shop ended with {process.returncode}")
        finally:
            process.kill()
            process.wait()

    def put(self, name, source=None, heard="+", policy=None):
        """Puts a plugin there, with the policy that it has, and waits until the shop has seen it."""
        source = source or guest(self.guests, name)
        policy = policy or PLUGINS / f"{name}.toml"
        if policy.exists():
            shutil.copy(policy, self.plugins / f"{name}.toml")
        # As an installer does: aside, then by a rename.
        aside = self.plugins / f".{name}"
        shutil.copyfile(source, aside)
        aside.rename(self.plugins / f"{name}{source.suffix}")
        return self.until(f"{heard} {name}")[-1]

    def write(self, name, text, heard="+"):
        source = self.home / f"{name}.wat"
        source.write_text(text)
        return self.put(name, source, heard)

    def take(self, name):
        for path in self.plugins.glob(f"{name}.w*"):
            path.unlink()
        self.until(f"- {name}")

    def ask(self, command):
        """What the shop says to a command."""
        self._tell(command)
        return self.until(LAST_OF[command.split()[0]])

    def until(self, begin):
        """The lines to the first that begins so."""
        heard, deadline = [], time.monotonic() + DEADLINE
        while not heard or not heard[-1].startswith(begin):
            try:
                line = self.lines.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            check(line is not None, f"the shop didn't say '{begin}', but {heard}")
            heard.append(line)
        return heard

    def _tell(self, command):
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()

    def _listen(self, stdout):
        for line in stdout:
            self.said.append(line.rstrip("\n"))
            self.lines.put(self.said[-1])
        self.lines.put(None)


def day(shop):
    empty_folder(shop)
    rules_and_filters(shop)
    shop.put("ledger", PLUGINS / "wat" / "ledger.wat")
    reports(shop)
    those_that_throw(shop)
    those_that_hurt(shop)
    those_that_lie(shop)
    check(shop.ask("sell 1 3") == ["  3 x rope: 9.00", "total 9.00"], "the shop goes on")
    shop.take("three-for-two")
    check(shop.ask("sell 1 3") == ["  3 x rope: 13.50", "total 13.50"], "a rule that was taken away counts no more")


def empty_folder(shop):
    check(shop.ask("sell 1 3") == ["  3 x rope: 13.50", "total 13.50"], "without plugins")
    check(shop.ask("show Drat, it rains!") == ["text Drat, it rains!"], "without filters")
    check(shop.ask("sell 2 9")[0] == "there aren't 9 of article 2", "more than there are")


def rules_and_filters(shop):
    shop.put("three-for-two")
    check(shop.ask("sell 1 3") == ["  3 x rope: 9.00", "total 9.00"], "a rule in C++")
    shop.put("mild")
    check(shop.ask("show Drat, it rains!") == ["text ****, it rains!"], "a filter in Rust")


def reports(shop):
    kept = shop.ask("report")
    check(kept[0] == "0001 days are kept, the last one at 6442450936", f"at the end of 6 GiB: {kept}")
    (shop.plugins / "words").mkdir()
    shutil.copy(PLUGINS / "words" / "day.txt", shop.plugins / "words")
    shop.put("day")
    told = shop.ask("report")
    check(told[0] == "the till holds 22.50: good night" and told[-1] == "takings 22.50", f"a report in Go: {told}")
    check(told[1].startswith("0002 days are kept"), f"the ledger has kept its memory: {told}")
    shop.take("day")
    shop.put("day", policy=PLUGINS / "clearance.toml")  # one without grants
    told = shop.ask("report")
    check(any("day.wasm: denied: files open-read /words/day.txt" in line for line in told), f"without its grant: {told}")
    check(any(line.startswith("no report: open /words/day.txt") for line in told), f"it says so: {told}")
    shop.take("day")


def those_that_throw(shop):
    quiet = PLUGINS / "wat" / "quiet.wat"
    shop.put("quiet", quiet)
    check(shop.ask("show Drat, it rains!")[-1] == "text ****, it rains.", "what it throws and catches")
    told = shop.ask("show We are number #1!")
    check(any(line.startswith("! quiet is set aside: ") and "thrown Wasm exception" in line for line in told),
          f"what it doesn't catch: {told}")  # fmt: skip
    check(told[-1] == "text We are number #1!", f"it is done without: {told}")
    check(shop.ask("show Here!")[-1] == "text Here!", "it stays aside")
    shop.write("quiet", quiet.read_text().replace("(i32.const 46)", "(i32.const 63)"), heard="=")
    check(shop.ask("show Here!")[-1] == "text Here?", "another version of it is at work again")
    shop.take("quiet")
    for version, said in (("1.2.0", "text Here."), ("2.0.0", "text Here!")):
        shop.write("newer", quiet.read_text().replace(FILTER, f"shop:till/filter@{version}"))
        check(shop.ask("show Here!")[-1] == said, f"a plugin of version {version} of the interface")
        shop.take("newer")


def those_that_hurt(shop):
    for name, why in (
        ("spins", "the call met the limit cpu-time"),
        ("hoards", "the call met the limit memory"),
        ("cheats", "it changes what was bought, or makes it dearer"),
    ):
        shop.put(name)
        command, last = ("sell 3 1", "total 1.20") if name == "cheats" else ("show Rope", "text Rope")
        told = shop.ask(command)
        check(any(line.startswith(f"! {name} is set aside: ") and why in line for line in told), f"{name}: {told}")
        check(told[-1] == last and shop.ask(command)[-1] == last, f"{name}: {told}")
        shop.take(name)
    shop.put("peeks")
    told = shop.ask("show Rope")
    check(any("peeks.wasm: denied: files open-read /etc/passwd: no grant covers it" in line for line in told), f"{told}")
    check(told[-1] == "text Rope", f"what peeks was refused it does without: {told}")
    shop.take("peeks")
    shop.put("scribbles")
    told = shop.ask("show Rope")
    check(any("scribbles.wasm: denied: files " in line and "plugins of this shop only read" in line for line in told), f"{told}")
    kept = (shop.plugins / "words" / "day.txt").read_text()
    check(kept == (PLUGINS / "words" / "day.txt").read_text(), f"scribbles left {kept!r}")
    shop.take("scribbles")


def those_that_lie(shop):
    """Modules that aren't what they say."""
    refused = shop.write("broken", "(component (", heard="!")
    check(refused.startswith("! broken: "), refused)
    for name, imported, why in (
        ("other", "", "has other types"),
        ("greedy", '(import "shop:till/safe@1.0.0" (instance (export "open" (func))))', "isn't given"),
    ):
        shop.write(name, number_filter(imported))
        told = shop.ask("show Rope")
        check(any(line.startswith(f"! {name} is set aside: ") for line in told), f"{name}: {told}")
        check(any(why in line for line in told) and told[-1] == "text Rope", f"{name}: {told}")
        shop.take(name)


def number_filter(imported):
    """A filter of numbers, where the shop wants one of texts."""
    return f"""(component
      {imported}
      (core module $m (func (export "apply") (param i32) (result i32) (local.get 0)))
      (core instance $i (instantiate $m))
      (func $apply (param "text" u32) (result u32) (canon lift (core func $i "apply")))
      (instance $filter (export "apply" (func $apply)))
      (export "{FILTER}" (instance $filter)))"""


def engines(shop):
    shop.put("clearance")
    check(shop.ask("sell 3 10 1 1") == ["  10 x biscuit: 10.80", "  1 x rope: 4.50", "total 15.30"], "a rule in JavaScript")
    check(shop.ask("sell 3 110")[-1] == "total 132.00", "it sees what is left")
    shop.put("shelves")
    check(shop.ask("report")[0] == "buy lantern (3)", "a report in Python")
    check(shop.ask("sell 2 1")[-1] == "total 29.90" and shop.ask("report")[0] == "buy lantern (2)", "it sees what is left")


def guest(guests, name):
    path = guests / f"{name}.wasm"
    check(path.exists(), f"there is no guest {path}: build it with `make guests`")
    return path


if __name__ == "__main__":
    sys.exit(main())
