#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of `berth run --learn` that a scenario can't say: questions on a terminal, and other people's programs.

- A person at a terminal is asked, and each answer does what it says.
- A program reads a file, fetches a URL and connects, another one resolves, sends datagrams and listens: each line that
  is written is needed.
- esbuild bundles a folder: what is written is enough, and without any line of it esbuild fails.
"""

import argparse
import json
import os
import pty
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent.parent
DEADLINE_SECONDS = 240


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", type=Path, default=SOURCE / "build/dev/src/cli/berth", help="the binary to test")
    parser.add_argument("--guests", type=Path, default=SOURCE / "build/guests", help="where build.py put the guests")
    parser.add_argument("tests", metavar="NAME", nargs="*", help="only these")
    options = parser.parse_args()
    failed = 0
    tests = {name: test for name, test in globals().items() if name.startswith("test_")}
    for name in options.tests or tests:
        with tempfile.TemporaryDirectory(prefix="berth-learn-") as folder:
            try:
                tests[name](Place(Path(folder).resolve(), options))
            except AssertionError as error:
                failed += 1
                print(f"{name}: {error}")
    print(f"{len(options.tests or tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


class Place:
    """A folder to run in, with state and settings of its own."""

    def __init__(self, root, options):
        self.work = root / "work"
        for folder in (self.work, root / "state", root / "config"):
            folder.mkdir(mode=0o700)
        self.berth = str(options.berth.resolve())
        self.guests = options.guests.resolve()
        self.environment = {**os.environ, "BERTH_STATE": str(root / "state"), "BERTH_CONFIG": str(root / "config")}

    def run(self, *arguments):
        return subprocess.run(
            [self.berth, "run", *map(str, arguments)],
            cwd=self.work,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE_SECONDS,
        )

    def talk(self, arguments, answers, redirect=""):
        """Runs berth on a terminal and gives the answers, one to each question; returns status and all shown."""
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.work)
            command = f'exec "$@" {redirect}'
            os.execve("/bin/sh", ["sh", "-c", command, "sh", self.berth, "run", *map(str, arguments)], self.environment)
        shown, asked = "", 0
        until = time.monotonic() + DEADLINE_SECONDS
        while True:
            ready, _, _ = select.select([terminal], [], [], max(0, until - time.monotonic()))
            if not ready:
                os.kill(child, 9)
            try:
                some = os.read(terminal, 65536)
            except OSError:  # the terminal's other side is gone
                break
            if not some:
                break
            shown += some.decode(errors="replace")
            if shown.count("[q]uit? ") > asked and asked < len(answers):
                os.write(terminal, answers[asked].encode())
                asked += 1
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.close(terminal)
        return status, shown.replace("\r\n", "\n")

    def two_folders(self):
        for name in ("one", "two"):
            (self.work / name).mkdir()
            (self.work / name / "note").write_text(f"note {name}\n")


def grants_of(file):
    return tomllib.loads(file.read_text())["grants"]


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def test_yes_opens_the_line_that_was_shown(place):
    place.two_folders()
    status, shown = place.talk(["--learn", place.guests / "readfile-rust.wasm", "/one/note"], ["y\n"])
    line = f"files {place.work}/one:/one:ro"
    expect(f"open\n  {line}\n  (for open-read /one/note; opens the whole folder" in shown, shown)
    expect(status == 0 and "note one\n" in shown, shown)
    expect(grants_of(place.work / "readfile-rust.policy.toml") == [line], shown)


def test_no_leaves_it_shut_and_is_not_asked_again(place):
    place.two_folders()
    status, shown = place.talk(["--learn", place.guests / "readfile-rust.wasm", "/one/note"], ["n\n"])
    expect(status == 1 and shown.count("[q]uit? ") == 1, shown)
    expect(grants_of(place.work / "readfile-rust.policy.toml") == [], shown)


def test_quit_the_end_of_input_and_an_interrupt_write_nothing(place):
    place.two_folders()
    for answer, expected in (("q\n", 1), ("\x04", 1), ("\x03", 130)):
        status, shown = place.talk(["--learn", place.guests / "readfile-rust.wasm", "/one/note"], [answer])
        expect(status == expected and "nothing is written" in shown, (answer, status, shown))
        expect(not list(place.work.glob("*.toml")), shown)


def test_another_word_is_asked_again(place):
    place.two_folders()
    status, shown = place.talk(["--learn", place.guests / "readfile-rust.wasm", "/one/note"], ["maybe\n", "q\n"])
    expect(status == 1 and shown.count("[q]uit? ") == 2, shown)


def test_output_that_is_not_the_terminals_is_of_the_last_round_alone(place):
    place.two_folders()
    out = place.work / "out.txt"
    status, shown = place.talk(
        ["--learn", place.guests / "readfile-cpp.wasm", "/two/note"], ["y\n"], redirect=f"> {out} < /dev/null"
    )
    expect(status == 0 and out.read_text() == "note two\n", shown)
    # Standard error was held back, too: nobody types at this program.
    expect("No such file" not in shown, shown)


def test_output_that_is_held_back_is_shown_when_asked_for(place):
    place.two_folders()
    status, shown = place.talk(
        ["--learn", place.guests / "readfile-cpp.wasm", "/two/note"], ["o\n", "q\n"], redirect="< /dev/null"
    )
    expect(status == 1 and shown.count("No such file") == 2, shown)


def test_esbuild_needs_every_line(place):
    esbuild = subprocess.run([SOURCE / "tools/fetch-esbuild.sh"], stdout=subprocess.PIPE, text=True, check=True)
    esbuild = Path(esbuild.stdout.strip())
    site = place.work / "site"
    (site / "node_modules").mkdir(parents=True)
    shutil.copytree(esbuild.parents[2] / "lodash-es", site / "node_modules/lodash-es")
    (site / "app.js").write_text("import * as _ from 'lodash-es'\nconsole.log(_.startCase('a b'))\n")
    (place.work / "out").mkdir()
    bundle = ["--bundle", "--minify", "/site/app.js", "--outfile=/out/app.js"]
    limits = ["--memory", "512MiB", "--cpu-time", "100s"]
    policy = place.work / "esbuild.policy.toml"
    learned = place.run("--learn=auto", "--dir", ".:/:rw", *limits, esbuild, *bundle)
    expect(learned.returncode == 0 and policy.exists(), learned.stdout)
    lines = [f"files {site}:/site:ro", f"files {place.work}/out:/out:rw"]
    expect(grants_of(policy) == lines, policy.read_text() + learned.stdout)
    again = place.run("--policy", policy, esbuild, *bundle)
    expect(again.returncode == 0 and (place.work / "out/app.js").stat().st_size > 1_000, again.stdout)
    for line in lines:
        text = re.sub(rf'^ *"{re.escape(line)}",\n', "", policy.read_text(), flags=re.MULTILINE)
        expect(text != policy.read_text(), line)
        (place.work / "less.toml").write_text(text)
        less = place.run("--policy", "less.toml", esbuild, *bundle)
        expect(less.returncode != 0, f"it succeeds without {line}:\n{less.stdout}")


def test_a_program_that_uses_each_door_needs_every_line(place):
    (place.work / "in").mkdir()
    (place.work / "in/note").write_text("note\n")
    servers = subprocess.Popen(
        [sys.executable, SOURCE / "tests/net/servers.py", "http", "tcp-echo"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        ports = {name: server["port"] for name, server in json.loads(servers.stdout.readline()).items()}
        url, peer = f"http://localhost:{ports['http']}/bytes/7", f"127.0.0.1:{ports['tcp-echo']}"
        tour = [place.guests / "tour-rust.wasm", "--file", "/in/note", "--url", url, "--tcp", peer]
        (place.work / "outer.toml").write_text(
            f'grants = ["files .:/:rw", "http.out http://localhost:*", "socket.out tcp://127.0.0.1:*"]\n'
        )
        learned = place.run("--learn=auto", "--within", "outer.toml", *tour)
        policy = place.work / "tour-rust.policy.toml"
        expect(learned.returncode == 0 and policy.exists(), learned.stdout)
        lines = grants_of(policy)
        wanted = [f"files {place.work}/in:/in:ro", f"http.out GET {url}", f"socket.out tcp://{peer}"]
        expect(sorted(lines) == sorted(wanted), policy.read_text() + learned.stdout)
        again = place.run("--policy", policy, *tour)
        expect(again.returncode == 0, again.stdout)
        for line in lines:
            (place.work / "less.toml").write_text(policy.read_text().replace(f'"{line}",', ""))
            less = place.run("--policy", "less.toml", *tour)
            expect(less.returncode != 0, f"it succeeds without {line}:\n{less.stdout}")
    finally:
        servers.stdin.close()
        servers.wait()


def test_names_datagrams_and_what_comes_in_need_every_line(place):
    servers = subprocess.Popen(
        [sys.executable, SOURCE / "tests/net/servers.py", "udp-echo"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        peer = f"127.0.0.1:{json.loads(servers.stdout.readline())['udp-echo']['port']}"
        free = free_port()
        knocks = ["resolve localhost", f"udp {peer} over", f"listen 127.0.0.1:{free}", f"bind-udp 127.0.0.1:{free}"]
        (place.work / "outer.toml").write_text(
            'grants = ["dns localhost", "socket.out udp://127.0.0.1:*", "socket.in tcp://127.0.0.1:*", '
            '"socket.in udp://127.0.0.1:*"]\n'
        )
        for guest in ("knocker", "knocker-p3"):
            program = place.guests / f"{guest}.wasm"
            learned = place.run("--learn=auto", "--within", "outer.toml", program, *knocks)
            policy = place.work / f"{guest}.policy.toml"
            expect(learned.returncode == 0 and policy.exists(), learned.stdout)
            lines = grants_of(policy)
            wanted = ["dns localhost", f"socket.out udp://{peer}", f"socket.in tcp://127.0.0.1:{free}",
                      f"socket.in udp://127.0.0.1:{free}"]  # fmt: skip
            expect(sorted(lines) == sorted(wanted), policy.read_text() + learned.stdout)
            again = place.run("--policy", policy, program, *knocks)
            expect("denied" not in again.stdout and f"udp {peer} over: over" in again.stdout, again.stdout)
            for line, knock in zip(wanted, knocks):
                (place.work / "less.toml").write_text(policy.read_text().replace(f'"{line}",', ""))
                less = place.run("--policy", "less.toml", program, *knocks)
                told = next(said for said in less.stdout.splitlines() if said.startswith(f"{knock}: "))
                expect(told not in again.stdout, f"'{knock}' succeeds without {line}:\n{less.stdout}")
    finally:
        servers.stdin.close()
        servers.wait()


def free_port():
    """One that nobody listens at, of TCP and UDP."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


if __name__ == "__main__":
    sys.exit(main())
