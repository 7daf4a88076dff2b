#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the conformance cases of WASI preview 1, 0.2 and 0.3 against berth.

The guests hold the cases (tests/guests: standards-p1, -p2 and -p3, run-result, hello-p3); this program prepares the folders,
gives each process streams, arguments and variables, and judges exit status and output. It prints one line for each
case that failed and a closing count. README.md beside it says which documented error code is shown by which case;
that table is checked too.

`--engine wasmtime` asks the same of the wasmtime command line, without the cases that only berth promises: a way to
tell a wrong expectation from a wrong host. CI doesn't use it.
"""

import argparse
import concurrent.futures
import ctypes
import os
import pty
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable, Optional

sys.dont_write_bytecode = True  # the sources may not be ours to write beside
import coverage  # noqa: E402

HERE = Path(__file__).resolve().parent
DEADLINE_SECONDS = 60
FILE_SIZE_LIMIT = 64 << 20  # the guests' TOO_LARGE lies above it


# What the guests find in their folders.

FILE_CONTENTS = b"contents of the file\n"
GRANTS = [("sandbox", "rw"), ("other", "rw"), ("readonly", "ro")]
# Sockets between two ends of a guest's own, and an address that no machine has.
GRANTS_OF_SOCKETS = [
    word
    for grant in ("in tcp://127.0.0.1:*", "in udp://127.0.0.1:*", "in tcp://198.51.100.1:*", "in udp://198.51.100.1:*",
                  "out tcp://127.0.0.1:*", "out udp://127.0.0.1:*")
    for word in ("--grant", f"socket.{grant}")
]  # fmt: skip


def prepare(root):
    """Makes the three folders that are granted; what lies beside them is outside."""
    (root / "outside").mkdir()
    (root / "outside" / "secret").write_bytes(b"outside\n")
    (root / "other").mkdir()
    for name in ("sandbox", "readonly"):
        fill(root / name)


def fill(folder):
    (folder / "dir" / "nested").mkdir(parents=True)
    (folder / "dir" / "inner").write_bytes(b"inner\n")
    (folder / "dir" / "nested" / "deep").write_bytes(b"deep\n")
    (folder / "file").write_bytes(FILE_CONTENTS)
    (folder / "empty").write_bytes(b"")
    links = {
        "link-to-file": "file",
        "link-to-dir": "dir",
        "link-outside": "../outside",
        "link-absolute": str(folder.parent / "outside"),
        "dangling": "missing",
        "loop-one": "loop-two",
        "loop-two": "loop-one",
        "link-not-unicode": b"\xff",
    }
    for name, target in links.items():
        os.symlink(target, os.fsencode(folder / name) if isinstance(target, bytes) else folder / name)
    os.mkfifo(folder / "fifo")
    os.mknod(folder / "socket", stat.S_IFSOCK | 0o600)
    (folder / "not-unicode").mkdir()
    with open(os.fsencode(folder / "not-unicode") + b"/\xff", "wb"):
        pass
    (folder / "unwritable").mkdir(mode=0o555)
    (folder / "locked-file").write_bytes(b"locked\n")
    (folder / "locked-file").chmod(0)
    (folder / "locked").mkdir(mode=0)


def obey_permissions():
    """Root ignores a file's mode; what this process starts from now on doesn't."""
    libc = ctypes.CDLL(None, use_errno=True)
    drop_from_bounding_set, capabilities = 24, {"CAP_DAC_OVERRIDE": 1, "CAP_DAC_READ_SEARCH": 2}
    for number in capabilities.values():
        libc.prctl(drop_from_bounding_set, number, 0, 0, 0)


def before_guest():
    """In the child: files have a largest size, and going past it is an error, not a signal."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE_LIMIT, FILE_SIZE_LIMIT))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


# The cases that get a process of their own.


@dataclass
class Seen:
    """How a process ended."""

    status: int
    stdout: bytes
    stderr: bytes


@dataclass
class Alone:
    """What a process of its own is given, and what it has to show."""

    status: int = 0
    judge: Callable[[Seen], Optional[str]] = lambda seen: None  # None, or what was wrong
    stdin: Optional[bytes] = b""  # None: an open pipe that stays silent
    arguments: list = field(default_factory=list)
    variables: dict = field(default_factory=dict)
    streams: str = "pipes"  # pipes, terminal, closed-stdout or late-stdin
    within: Optional[Callable] = None  # what stands around the run, of the sandbox and the command; gives the command


def prints(expected):
    return lambda seen: None if expected in seen.stdout else f"no {expected!r} in {seen.stdout!r}"


def complains(expected):
    return lambda seen: None if expected in seen.stderr else f"no {expected!r} in {seen.stderr!r}"


def about_now(seen):
    seconds = int(seen.stdout.split()[0])
    return None if abs(seconds - time.time()) < DEADLINE_SECONDS else f"the clock says {seconds}"


MOUNTS = """
set -e
mkdir "$0/mounted" "$0/sealed"
mount -t tmpfs none "$0/mounted"
mount -t tmpfs none "$0/sealed"
touch "$0/sealed/file"
mkdir "$0/sealed/folder"
mount -o remount,ro "$0/sealed"
exec "$@"
"""


@contextmanager
def mounts(sandbox, command):
    """File systems of the run's own in the sandbox, gone with it."""
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    yield ["unshare", "--mount", *as_root, "sh", "-c", MOUNTS, str(sandbox), *command]


@contextmanager
def running_program(sandbox, command):
    """A program that runs from within the sandbox."""
    program = sandbox / "running"
    shutil.copy(shutil.which("sleep"), program)
    process = subprocess.Popen([program, str(DEADLINE_SECONDS)])  # returns when it runs
    try:
        yield command
    finally:
        process.kill()
        process.wait()


READ_ONLY = ["open-at:read-only", "open-at:read-only:create", "create-directory-at:read-only",
             "remove-directory-at:read-only", "unlink-file-at:read-only", "symlink-at:read-only", "link-at:read-only",
             "rename-at:read-only", "set-times-at:read-only", "set-times:read-only"]  # fmt: skip


TRAP = 134  # as an abort is told by a shell
LONG_INPUT = bytes(range(256)) * 1000
ARGUMENTS = ["", "two words", "-x", "--dir", "ü", "*"]
VARIABLES = {"ONE": "1", "EMPTY": "", "SIGN": "a=b", "UNICODE": "ü"}


def alone_p2():
    cases = {
        "exit.exit:ok": Alone(),
        "exit.exit:ok:err": Alone(status=1),
        "run:trap": Alone(status=TRAP, judge=complains(b"panics on purpose")),
        "environment.get-arguments:ok": Alone(
            arguments=ARGUMENTS, judge=prints('["", "two words", "-x", "--dir", "ü", "*"]\n'.encode())
        ),
        "environment.get-environment:ok": Alone(
            variables=VARIABLES,
            judge=prints('[("ONE", "1"), ("EMPTY", ""), ("SIGN", "a=b"), ("UNICODE", "ü")]\n'.encode()),
        ),
        "wall-clock.now:ok:as-the-host": Alone(judge=about_now),
        "stdin.get-stdin:ok": Alone(stdin=LONG_INPUT, judge=prints(LONG_INPUT)),
        "stdin.get-stdin:ok:not-ready": Alone(streams="late-stdin", judge=prints(b"waiting\n")),
        "stdin.get-stdin:closed": Alone(),
        "stdout.get-stdout:closed": Alone(streams="closed-stdout", judge=complains(b"closed\n")),
        "output-stream.write:trap:without-permit": Alone(status=TRAP),
        "output-stream.blocking-write-and-flush:trap:too-much": Alone(status=TRAP),
        "poll:trap:nothing": Alone(status=TRAP),
        "terminal-stdin.get-terminal-stdin:ok": Alone(streams="terminal"),
        "terminal-stdout.get-terminal-stdout:ok": Alone(streams="terminal"),
        "terminal-stderr.get-terminal-stderr:ok": Alone(streams="terminal"),
    }
    return {**cases, **alone_of_components()}


def alone_p3():
    lines = "".join(f"line {number}\n" for number in range(20_000)).encode()
    cases = {
        "exit.exit:ok": Alone(),
        "exit.exit:ok:err": Alone(status=1),
        "run:trap": Alone(status=TRAP, judge=complains(b"panics on purpose")),
        "environment.get-arguments:ok": Alone(
            arguments=ARGUMENTS, judge=prints('["", "two words", "-x", "--dir", "ü", "*"]\n'.encode())
        ),
        "environment.get-environment:ok": Alone(
            variables=VARIABLES,
            judge=prints('[("ONE", "1"), ("EMPTY", ""), ("SIGN", "a=b"), ("UNICODE", "ü")]\n'.encode()),
        ),
        "system-clock.now:ok:as-the-host": Alone(judge=about_now),
        "stdin.read-via-stream:ok": Alone(stdin=LONG_INPUT, judge=prints(LONG_INPUT)),
        "stdin.read-via-stream:ok:not-ready": Alone(streams="late-stdin", judge=prints(b"waiting\n")),
        "stdin.read-via-stream:ok:empty": Alone(),
        "stdout.write-via-stream:pipe": Alone(streams="closed-stdout", judge=complains(b"closed\n")),
        "stdout.write-via-stream:ok:much": Alone(judge=prints(lines)),
        "stdout.write-via-stream:ok:left-to-the-host": Alone(judge=prints(b"no newline")),
        "terminal-stdin.get-terminal-stdin:ok": Alone(streams="terminal"),
        "terminal-stdout.get-terminal-stdout:ok": Alone(streams="terminal"),
        "terminal-stderr.get-terminal-stderr:ok": Alone(streams="terminal"),
    }
    return {**cases, **alone_of_components()}


def alone_of_components():
    """What 0.2 and 0.3 are asked alike."""
    cases = {f"exit.exit-with-code:ok:{status}": Alone(status=status) for status in (0, 1, 2, 7, 254, 255)}
    across = ["rename-at:cross-device:mount", "link-at:cross-device:mount"]
    cases.update({name: Alone(within=mounts) for name in [*across, *READ_ONLY]})
    cases["open-at:text-file-busy"] = Alone(within=running_program)
    return cases


def alone_p1():
    listed = "".join(f"[{word}]\n" for word in ["args_get:ok", "--", *ARGUMENTS])
    variables = "".join(f"[{name}={value}]\n" for name, value in VARIABLES.items())
    cases = {
        "args_get:ok": Alone(arguments=ARGUMENTS, judge=prints(listed.encode())),
        "environ_get:ok": Alone(variables=VARIABLES, judge=prints(variables.encode())),
        "fd_read:ok:stdin": Alone(stdin=LONG_INPUT, judge=prints(LONG_INPUT)),
        "fd_read:ok:stdin-empty": Alone(),
        "fd_write:io": Alone(streams="closed-stdout", judge=complains(b"io\n")),
        "fd_fdstat_get:ok:terminal": Alone(streams="terminal"),
        "main:trap": Alone(status=TRAP),
        "sock_accept:notsup": Alone(),
        "sock_recv:notsup": Alone(),
        "sock_send:notsup": Alone(),
        "main:ok:return-3": Alone(status=3),
    }
    cases.update({f"proc_exit:ok:{status}": Alone(status=status) for status in (0, 1, 2, 7, 125)})
    return cases


# Questions that are no case of a guest's table: name, guest, arguments, expected status.
WHOLE_RUNS = [
    ("run:ok:returns-ok", "run-result", ["ok"], 0),
    ("run:ok:returns-err", "run-result", ["err"], 1),
    ("main:ok:unknown-case", "standards-p2", ["no-such-case"], 2),
    ("heap:ok", "heap-cpp", [], 0),
    ("run:ok:returns-ok", "hello-p3", ["ok"], 0),
    ("run:ok:returns-err", "hello-p3", ["err"], 1),
    ("main:ok:unknown-case", "standards-p3", ["no-such-case"], 2),
]


# What is known to be wrong and told so in README.md: these have to fail, so that a repair takes them off this list.
KNOWN_WRONG: set[str] = set()  # names of cases that fail for a reason which README.md gives


@dataclass
class Suite:
    """One guest's table of cases."""

    name: str
    guest: str
    alone: dict


class Host:
    """A host's command line."""

    def __init__(self, engine, program, guests, options):
        self.engine = engine
        self.program = program
        self.guests = guests
        self.options = options

    def suites(self):
        # wasmtime runs a core module without the adapter that berth wraps it with: there it is wrapped beforehand.
        p1 = "standards-p1" if self.engine == "berth" else "standards-p1-component"
        p2, p3 = Suite("p2", "standards-p2", alone_p2()), Suite("p3", "standards-p3", alone_p3())
        return [Suite("p1", p1, alone_p1()), p2, p3]

    def command(self, root, guest, arguments, variables):
        options = list(self.options)
        for name, mode in GRANTS:
            grant = f"{root / name}:/{name}:{mode}" if self.engine == "berth" else f"{root / name}::/{name}"
            options += ["--dir", grant]
        options += GRANTS_OF_SOCKETS if self.engine == "berth" else ["-S", "inherit-network,tcp,udp,allow-ip-name-lookup"]
        if self.engine == "berth" and guest.endswith("-p3"):
            # As in a round of --learn: there the phantom stands beside folders, and its cases have something to ask.
            options += ["--round-report", str(root / "report")]
        for name, value in variables.items():
            options += ["--env", f"{name}={value}"]
        return [str(self.program), "run", *options, str(self.guests / f"{guest}.wasm"), *arguments]

    def run(self, guest, arguments, alone=None):
        """Runs a guest in fresh folders to its end."""
        alone = alone or Alone()
        root = Path(tempfile.mkdtemp(prefix="berth-standards-"))
        try:
            prepare(root)
            if alone.arguments:
                arguments = [*arguments, "--", *alone.arguments]
            command = self.command(root, guest, arguments, alone.variables)
            with alone.within(root / "sandbox", command) if alone.within else nullcontext(command) as command:
                return STREAMS[alone.streams](command, alone.stdin)
        finally:
            for locked in root.glob("*/locked"):
                locked.chmod(0o700)
            shutil.rmtree(root)


def start(command, **streams):
    return subprocess.Popen(command, preexec_fn=before_guest, **streams)


def finish(process, given=None):
    try:
        stdout, stderr = process.communicate(given, timeout=DEADLINE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        stdout, stderr = process.communicate()
        stderr = (stderr or b"") + f"\ncut off after {DEADLINE_SECONDS} s".encode()
    return Seen(process.returncode, stdout or b"", stderr or b"")


def with_pipes(command, given):
    pipe = subprocess.PIPE
    return finish(start(command, stdin=pipe, stdout=pipe, stderr=pipe), given)


def with_late_stdin(command, _):
    """Writes to stdin once the guest says that it waits."""
    pipe = subprocess.PIPE
    process = start(command, stdin=pipe, stdout=pipe, stderr=pipe)
    watchdog = threading.Timer(DEADLINE_SECONDS, process.kill)
    watchdog.start()
    said = process.stdout.readline()
    watchdog.cancel()
    seen = finish(process, b"late\n")
    return Seen(seen.status, said + seen.stdout, seen.stderr)


def with_closed_stdout(command, _):
    reader, writer = os.pipe()
    os.close(reader)
    process = start(command, stdin=subprocess.DEVNULL, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    return finish(process)


def with_terminal(command, _):
    """All three streams are a terminal; what the guest prints comes back as stdout."""
    ours, theirs = pty.openpty()
    process = start(command, stdin=theirs, stdout=theirs, stderr=theirs)
    seen = finish(process)
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # Linux tells the end of a terminal by an error
            break
        if not part:
            break
        said += part
    os.close(ours)
    return Seen(seen.status, said, b"")


STREAMS = {
    "pipes": with_pipes,
    "late-stdin": with_late_stdin,
    "closed-stdout": with_closed_stdout,
    "terminal": with_terminal,
}


# Running and counting.


class Tally:
    def __init__(self, engine):
        self.engine = engine
        self.known = 0
        self.passed = 0
        self.failed = 0
        self.skipped = 0

    def add(self, suite, name, wrong):
        if name in KNOWN_WRONG and self.engine == "berth":
            print(f"known to be wrong: {suite} {name}" if wrong else f"FAIL {suite} {name}: no longer wrong", flush=True)
            self.known += 1 if wrong else 0
            self.failed += 0 if wrong else 1
            return
        if wrong is None:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL {suite} {name}: {wrong}", flush=True)


def list_cases(host, suite):
    seen = host.run(suite.guest, ["--list"])
    if seen.status != 0:
        raise SystemExit(f"{suite.guest} --list ended with {seen.status}: {tail(seen)}")
    return [tuple(line.split("\t")) for line in seen.stdout.decode().splitlines()]


def run_batch(host, suite, names, tally):
    """Runs cases in one process. Where it ends early, the first case without an answer is to blame; on with the rest."""
    while names:
        seen = host.run(suite.guest, names)
        answers = {}
        for line in seen.stdout.decode(errors="replace").splitlines():
            if line.startswith("ok "):
                answers[line[3:]] = None
            elif line.startswith("FAIL ") and ": " in line:
                name, wrong = line[5:].split(": ", 1)
                answers[name] = wrong
        answered = [name for name in names if name in answers]
        for name in answered:
            tally.add(suite.name, name, answers[name])
        names = [name for name in names if name not in answers]
        if names:
            tally.add(suite.name, names.pop(0), f"no answer; the host ended with {seen.status}: {tail(seen)}")
        elif seen.status != (1 if any(answers.values()) else 0):
            tally.add(suite.name, "exit status of the batch", f"{seen.status}: {tail(seen)}")


def run_alone(host, suite, name, tally):
    expected = suite.alone[name]
    guest = suite.guest
    # The adapter knows only the exit statuses 0 and 1, and berth all of them: what is right, wasmtime shows without it.
    if host.engine == "wasmtime" and name.startswith(("proc_exit:", "main:ok:")):
        guest = "standards-p1"
    # berth answers where the adapter traps.
    if host.engine == "wasmtime" and name.startswith("sock_"):
        expected = replace(expected, status=TRAP)
    seen = host.run(guest, [name], expected)
    wrong = expected.judge(seen)
    for line in seen.stdout.decode(errors="replace").splitlines():
        if line.startswith("FAIL "):
            wrong = line
    # wasmtime tells a trap that its own functions raise as any other error.
    allowed = [expected.status, *([1] if expected.status == TRAP and host.engine == "wasmtime" else [])]
    if seen.status not in allowed:
        wrong = f"expected exit status {expected.status} got {seen.status}: {tail(seen)}"
    tally.add(suite.name, name, wrong)


def run_whole(host, name, guest, arguments, status, tally):
    seen = host.run(guest, arguments)
    wrong = None if seen.status == status else f"expected exit status {status} got {seen.status}: {tail(seen)}"
    tally.add(guest, name, wrong)


def tail(seen):
    text = (seen.stderr or seen.stdout).decode(errors="replace").strip()
    return " / ".join(text.splitlines()[-3:])[-300:] or "nothing said"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = HERE.parents[1] / "build" / "dev" / "src" / "cli" / "berth"
    parser.add_argument("--berth", type=Path, default=default, help="the binary to test (default: %(default)s)")
    parser.add_argument("--guests", type=Path, required=True, help="the folder that tests/guests/build.py --out filled")
    parser.add_argument("--filter", default="", metavar="TEXT", help="only cases whose name contains TEXT")
    parser.add_argument("--engine", choices=["berth", "wasmtime"], default="berth", help="whose command line it is")
    parser.add_argument("--portable", action="store_true", help="with only the calls that every POSIX system has")
    parser.add_argument("--wasmtime", type=Path, default=Path("wasmtime"), help="the binary of --engine wasmtime")
    options = parser.parse_args()

    obey_permissions()
    program = options.berth if options.engine == "berth" else options.wasmtime
    if not shutil.which(str(program)):
        parser.error(f"there is no program {program}")
    host = Host(options.engine, program.absolute() if program.exists() else program, options.guests.absolute(),
                ["--portable"] if options.portable else [])  # fmt: skip
    for guest in {suite.guest for suite in host.suites()} | {guest for _, guest, _, _ in WHOLE_RUNS}:
        if not (host.guests / f"{guest}.wasm").exists():
            parser.error(f"there is no {guest}.wasm in {host.guests}: tests/guests/build.py --out {host.guests}")
    tally = Tally(host.engine)
    listed = {}
    jobs = []
    for suite in host.suites():
        cases = list_cases(host, suite)
        listed[suite.name] = [name for name, _ in cases]
        wanted = [(name, need) for name, need in cases if options.filter in name]
        if options.engine != "berth":
            kept = [(name, need) for name, need in wanted if need != "berth"]
            tally.skipped += len(wanted) - len(kept)
            wanted = kept
        batch = [name for name, need in wanted if need != "alone"]
        jobs.append(lambda suite=suite, batch=batch: run_batch(host, suite, batch, tally))
        for name in [name for name, need in wanted if need == "alone"]:
            if name not in suite.alone:
                tally.add(suite.name, name, "run.py doesn't say what it has to show")
                continue
            jobs.append(lambda suite=suite, name=name: run_alone(host, suite, name, tally))
        for name in set(suite.alone) - set(listed[suite.name]):
            tally.add(suite.name, name, "the guest has no such case")
    for name, guest, arguments, status in WHOLE_RUNS:
        if options.filter in name:
            jobs.append(lambda run=(name, guest, arguments, status): run_whole(host, *run, tally))

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in [pool.submit(job) for job in jobs]:
            done.result()
    for wrong in coverage.check(HERE / "README.md", listed):
        tally.add("table", "README.md", wrong)
    if tally.skipped:
        print(f"{tally.skipped} cases are berth's own promises and were not asked of {options.engine}")
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
