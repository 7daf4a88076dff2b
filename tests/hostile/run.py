#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the hostile modules of this folder against berth: each must be held, and must not be with its guard off.

A case is one file: WebAssembly text, a Python program that prints some, or `.case`: a header alone, for one of the
guests of `make guests`. Its header says what the trick is, what
must hold and which guard holds it; README.md lists the keys. Each case runs in a fresh scene (folders with secrets
beside them) under a deadline and the system's own limits, so that a trick that works hurts this run only:

  guarded     what the header says must hold, in every way of running that it names
  unguarded   with `--guard-off NAME` the same check must fail, and fail as `without` says

A case that failed because its time was over, or because it was looked at late and used more CPU time than it may, is run
once more at the end, alone and over four times the time: a machine that others load isn't a guard that is open, and
what hangs hangs again. Nothing else is tried twice.

With `--library` each case's module is in a program of its own instead (program.cc), which loads it by libberth with the same
policy: the same must hold, and the program goes on. There are no guards to turn off there, and what libberth hasn't is
passed over and counted: async functions, shares of the CPU, bounds on compiling.

One line a case, and a closing count. The status is 0 when all passed. Needs a build with test switches.
"""

import argparse
import concurrent.futures
import ctypes
import fcntl
import hashlib
import json
import os
import re
import resource
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Optional

HERE = Path(__file__).resolve().parent
SERVERS = HERE.parent / "net" / "servers.py"
SECRET = b"the secret of the host\n"
SECONDS = 2.0  # a guarded run takes less, unless its header says otherwise
UNGUARDED_SECONDS = 2.0  # what hangs is ended then
PATIENCE = 4  # how many times more a case gets that is run again because it was late
HEAP_LIMIT = 768 << 20  # of the host's process, whatever its guest tries
FILE_LIMIT = 64 << 20
MOST_THREADS = 24
MOST_DESCRIPTORS = 64
MOST_OUTPUT = 4 << 20
VOLUMES = "own/state/volumes"
KEYS = {"trick", "holds", "guard", "run", "call", "also", "args", "expect", "without", "seconds", "grows", "cpu", "threads",
        "descriptors", "denials", "state", "stdin", "stdout", "stderr", "report", "writes", "meanwhile",
        "prepare", "bomb", "listen", "claims", "servers", "dns", "module", "says", "open", "stored", "volumes",
        "beside", "library"}  # fmt: skip


# Cases.


@dataclass
class Case:
    path: Path
    keys: dict

    @property
    def name(self):
        return self.path.stem

    @property
    def guards(self):
        """The guards' names for --guard-off; none where a header says why there is none."""
        words = self.keys["guard"].split()
        return [] if words[0] == "none" else words

    def options(self, key):
        return shlex.split(self.keys.get(key, ""))

    def number(self, key, otherwise=None):
        text = self.keys.get(key)
        if text is None:
            return otherwise
        amount, unit = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(MiB|ms)?", text).groups()
        return float(amount) * {None: 1, "MiB": 1 << 20, "ms": 1e-3}[unit]


def read_case(path):
    mark = ";;" if path.suffix == ".wat" else "#"
    keys, last = {}, None
    for line in path.read_text().splitlines():
        if not line.startswith(mark):
            break
        text = line[len(mark) :]
        key, colon, value = text.partition(":")
        if colon and key.strip() in KEYS and not text.startswith("   "):
            last = key.strip()
            keys[last] = value.strip()
        elif last:
            keys[last] += " " + text.strip()
    missing = {"trick", "holds", "guard", "expect"} - keys.keys()
    if missing:
        raise SystemExit(f"{path.name}: the header has no {', '.join(sorted(missing))}")
    if not keys["guard"].startswith("none") and "without" not in keys:
        raise SystemExit(f"{path.name}: the header has a guard, but doesn't say what happens without it")
    return Case(path, keys)


def all_cases():
    programs = {"run.py", "malformed.py"}
    paths = sorted(p for p in HERE.iterdir() if p.suffix in (".wat", ".py", ".case") and p.name not in programs)
    return [read_case(path) for path in paths]


# The scene: what a run finds, and what is looked at afterwards.


class Scene:
    """A folder of its own for one run: folders to grant, a secret beside them, and berth's own folders."""

    def __init__(self, root, volumes=False):
        self.root = root
        for name in ("outside/folder", "own", "temporary", "data"):
            (root / name).mkdir(parents=True)
        (root / "outside" / "secret").write_bytes(SECRET)
        (root / "outside" / "precious").write_bytes(b"precious\n")
        for name in ("rw", "other", "ro"):
            self.fill(root / name)
        if volumes:
            self.fill_volumes()
        self.listener = None
        self.ports = {}
        self.own_host()
        self.before = self.fingerprint()

    def own_host(self, more=""):
        """What the machine's owner says. What a guest gets without its guard isn't seen when it gives way to others."""
        config = self.root / "own" / "config"
        config.mkdir(exist_ok=True)
        (config / "host.toml").write_text(f'{more}[priority]\nnice = 0\npressure = "ignore"\n')

    def fill_volumes(self):
        """Two that were used before: `mine`, with links that lead into `other`, where a secret is."""
        mine, other = (self.root / VOLUMES / name / "data" for name in ("mine", "other"))
        for data in (mine, other):
            data.mkdir(parents=True)
            for folder in (data, data.parent, data.parent.parent):
                folder.chmod(0o700)
        (other / "secret").write_bytes(SECRET)
        (mine / "dir").mkdir()
        (mine / "file").write_bytes(b"contents\n")
        (mine / "link").symlink_to("../../other/data/secret")
        (mine / "link-folder").symlink_to("../../other/data")
        (mine / "link-absolute").symlink_to(other / "secret")

    def listen(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)

    def visited(self):
        """Whether anybody has connected."""
        try:
            self.listener.accept()[0].close()
            return True
        except BlockingIOError:
            return False
        finally:
            self.listener.close()

    def fill(self, folder):
        (folder / "dir" / "nested").mkdir(parents=True)
        (folder / "empty-dir").mkdir()
        (folder / "box").mkdir()
        (folder / "file").write_bytes(b"contents\n")
        (folder / "large").write_bytes(bytes(1 << 17))
        (folder / "dir" / "inner").write_bytes(b"inner\n")
        (folder / "box" / "secret").write_bytes(b"inside\n")
        (folder / "swapped").write_bytes(b"inside\n")
        links = {
            "link-secret": "../outside/secret",
            "link-absolute": self.root / "outside" / "secret",
            "link-outside": "../outside",
            "link-chain": "link-secret",
            "link-root": "/",
            "link-proc": "/proc/self/root",
            "link-dangling": "../outside/made",
            "link-up": "..",
            "to-fifo": "fifo",
            ".aside-file": "../outside/secret",
            ".aside-folder": "../outside",
        }
        for name, target in links.items():
            os.symlink(target, folder / name)
        os.mkfifo(folder / "fifo")
        os.mkfifo(folder / ".aside-fifo")
        listener = socket.socket(socket.AF_UNIX)
        at = os.open(folder, os.O_PATH)  # a socket's path is short: name it by its folder
        listener.bind(f"/proc/self/fd/{at}/socket")
        os.close(at)
        listener.close()
        try:
            os.mknod(folder / "zero", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
        except PermissionError:
            pass  # without root the FIFO and the socket stand for it

    def fingerprint(self, but=()):
        """All that berth must leave as it is: names, kinds, contents, links, modes and times."""
        seen = {}
        for folder, _, files in os.walk(self.root):
            relative = os.path.relpath(folder, self.root)
            if relative.split("/")[0] in ("own", *but) and not relative.startswith(f"{VOLUMES}/other"):
                continue
            for name in [".", *files, *(n for n in os.listdir(folder) if os.path.islink(os.path.join(folder, n)))]:
                path = os.path.join(folder, name)
                info = os.lstat(path)
                kind = stat.S_IFMT(info.st_mode)
                content = os.readlink(path) if stat.S_ISLNK(kind) else None
                if stat.S_ISREG(kind):
                    with open(path, "rb") as file:
                        content = hashlib.sha256(file.read()).hexdigest()
                changed = None if relative == name == "." else info.st_mtime_ns
                seen[os.path.normpath(os.path.join(relative, name))] = (
                    info.st_mode, info.st_ino, info.st_nlink, info.st_size, content, changed)  # fmt: skip
        return seen

    def changes(self, but):
        before = {path: was for path, was in self.before.items() if path.split("/")[0] not in but}
        after = self.fingerprint(but)
        return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))

    def own_bytes(self, name):
        """What its files take of the disk: holes are nothing."""
        infos = [file.stat() for file in (self.root / "own" / name).rglob("*") if file.is_file()]
        return sum(min(info.st_size, info.st_blocks * 512) for info in infos)

    def stored(self):
        """Apparent bytes of files, and how many of any kind there are, in the folder that begins empty and in volumes."""
        folders = [self.root / "data", *(self.root / VOLUMES).glob("*/data")]
        paths = [path for folder in folders for path in folder.rglob("*")]
        infos = {(info.st_dev, info.st_ino): info for info in (path.lstat() for path in paths)}
        return sum(info.st_size for info in infos.values() if stat.S_ISREG(info.st_mode)), len(infos)

    def environment(self):
        own = {name: str(self.root / "own" / name.lower()) for name in ("CONFIG", "STATE", "CACHE")}
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS")}
        return {**kept, **{f"BERTH_{name}": path for name, path in own.items()}, "HOME": str(self.root / "own"),
                "TMPDIR": str(self.root / "temporary"), "LC_ALL": "C.UTF-8"}  # fmt: skip

    def expand(self, words):
        port = self.listener.getsockname()[1] if self.listener else None
        names = {"$ROOT": self.root, "$PORT": port, "$RW": self.root / "rw", "$RO": self.root / "ro", "$OTHER": self.root / "other", "$DATA": self.root / "data"}
        # The longer name first: `$TLS-EXPIRED` is not `$TLS` and the rest.
        for name in sorted(self.ports, key=len, reverse=True):
            names["$" + name.upper()] = self.ports[name]
        for name, path in names.items():
            words = [word.replace(name, str(path)) for word in words]
        return words

    @contextmanager
    def serve(self, case):
        """The servers that the case names, in a process of their own; berth asks the name server among them."""
        names = case.keys.get("servers", "").split()
        if not names:
            yield
            return
        command = [sys.executable, str(SERVERS), *names]
        if "dns" in case.keys:
            script = self.root / "own" / "dns.json"
            script.write_text(case.keys["dns"])
            command += ["--dns-script", str(script)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            started = json.loads(process.stdout.readline())
            self.ports = {name: started[name]["port"] for name in names}
            if "dns" in self.ports:
                self.own_host(f'dns.servers = ["127.0.0.1:{self.ports["dns"]}"]\n')
            yield
        finally:
            process.stdin.close()
            process.wait()


@contextmanager
def swapper(scene, what):
    """Swaps, as fast as it can, a file or folder of the grant with something else, each time in one step."""
    pairs = {"swap-file": ("swapped", ".aside-file"), "swap-folder": ("box", ".aside-folder"),
             "swap-fifo": ("swapped", ".aside-fifo")}  # fmt: skip
    if what is None:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    here, aside = (os.fsencode(scene.root / "rw" / name) for name in pairs[what])
    at_working_folder, exchange = -100, 2
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            if libc.renameat2(at_working_folder, here, at_working_folder, aside, exchange) != 0:
                raise OSError(ctypes.get_errno(), f"{here} can't be swapped")

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def storing(runner, case, scene):
    """Another run, with the same module and options unless the case says others, which stores something and waits."""
    name, *options = case.options("beside") or [case.keys["module"], *case.options("run")]
    command = [runner.berth, "run", *scene.expand(options), runner.guests / f"{name}.wasm"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=scene.environment(), text=True)
    try:
        process.stdin.write("mkdir first\n")
        process.stdin.flush()
        if process.stdout.readline() != "ok 0\n":
            raise SystemExit(f"{case.name}: the run beside it stored nothing")
        yield
    finally:
        process.communicate()


# One run.


@dataclass
class Seen:
    """What one process showed."""

    status: Optional[int] = None  # negative: the signal that ended it
    timed_out: bool = False
    seconds: float = 0.0
    peak_bytes: int = 0
    sampled_bytes: int = 0
    threads: int = 0
    descriptors: int = 0
    stdout: bytes = b""
    stderr: bytes = b""
    report: dict = field(default_factory=dict)
    changes: list = field(default_factory=list)
    visited: bool = False
    complaints: list = field(default_factory=list)

    @property
    def cpu(self):
        """Seconds of CPU time, as reported."""
        return self.report.get("cpu_used_ns", 0) / 1e9

    def endings(self):
        """The ways to say how it ended, in the words of `expect` and `without`."""
        if self.timed_out:
            return {"hangs"}
        if self.status < 0:
            return {"dies"}
        words = {f"status {self.status}"}
        ending = self.report.get("ending")
        if ending in ("exited", "returned") and self.report.get("exit_status") == self.status:
            words.add(f"exit {self.status}")
        if ending == "limited" and self.status == 124:
            words.add(f"limit {self.report.get('limit')}")
        if ending == "trapped" and self.status == 134:
            words.add("trap")
        return words

    def told(self):
        words = [word for word in self.endings() if not word.startswith("status")] or sorted(self.endings())
        if words == ["dies"]:
            return f"dies of {signal.Signals(-self.status).name}"
        return words[0]


class Streams:
    """The process's standard streams as the case wants them; what it says is kept up to a bound."""

    def __init__(self, case):
        self.wants = {"stdin": case.keys.get("stdin", "empty"), "stdout": case.keys.get("stdout", "read"),
                      "stderr": case.keys.get("stderr", "read")}  # fmt: skip
        self.ours, self.readers, self.kept, self.shared = [], [], {}, {}

    def stdin(self):
        if self.wants["stdin"] == "silent":
            theirs, ours = os.pipe()
            self.ours.append(ours)
            return theirs
        return os.open({"empty": "/dev/null", "zero": "/dev/zero"}[self.wants["stdin"]], os.O_RDONLY)

    def output(self, name):
        ours, theirs = os.pipe()
        if self.wants[name] == "closed":
            os.close(ours)
        elif self.wants[name] == "unread":
            self.ours += [ours, os.dup(theirs)]
            self.shared[name] = (self.ours[-1], fcntl.fcntl(theirs, fcntl.F_GETFL))
        else:
            self.kept[name] = bytearray()
            reader = threading.Thread(target=self.read, args=(ours, self.kept[name]))
            reader.start()
            self.readers.append(reader)
        return theirs

    @staticmethod
    def read(descriptor, into):
        while chunk := os.read(descriptor, 65536):
            if len(into) < MOST_OUTPUT:
                into += chunk
        os.close(descriptor)

    def finish(self, seen):
        for reader in self.readers:
            reader.join()
        for name, (descriptor, flags) in self.shared.items():
            if fcntl.fcntl(descriptor, fcntl.F_GETFL) != flags:
                seen.complaints.append(f"{name}, which other processes share, is left in another mode")
        for descriptor in self.ours:
            os.close(descriptor)
        seen.stdout, seen.stderr = (bytes(self.kept.get(name, b"")) for name in ("stdout", "stderr"))


@dataclass
class Runner:
    berth: Path
    guests: Path
    watch_memory: bool
    slow: float
    library: Optional[Path] = None
    base_bytes: int = 0
    warmed: dict = field(default_factory=dict)
    warming: threading.Lock = field(default_factory=threading.Lock)

    def run(self, case, scene, also=(), guards_off=()):
        """One process in this scene, watched until it has ended or is made to."""
        module = case.path
        if module.suffix == ".py":
            module = scene.root / "own" / f"{case.name}.wat"
            with open(module, "wb") as file:
                subprocess.run([sys.executable, str(case.path)], stdout=file, check=True)
        if module.suffix == ".case":
            name = case.keys["module"]
            module = HERE / name if name.endswith(".wat") else self.warm(name, scene)
        if "prepare" in case.keys:
            self.swap_images(scene, module, HERE / case.options("prepare")[1])
        if "listen" in case.keys:
            scene.listen()
        options = self.for_as_long(case, scene.expand([*case.options("run"), *also]))
        arguments = [case.keys["call"]] if "call" in case.keys else scene.expand(case.options("args"))
        if "bomb" in case.keys:
            count, length = (int(number) for number in re.findall(r"\d+", case.keys["bomb"]))
            options += [word for i in range(count) for word in ("--env", f"BOMB_{i}={'v' * length}")]
            arguments += ["a" * length] * count
        deadline = case.number("seconds", SECONDS)
        deadline = min(deadline, UNGUARDED_SECONDS) if guards_off and "hangs" in case.keys["without"] else deadline + 2
        meanwhile = case.keys.get("meanwhile")
        beside = storing(self, case, scene) if meanwhile == "store" else swapper(scene, meanwhile)
        with scene.serve(case), beside:
            command = self.command(case, scene, module, scene.expand(options), scene.expand(arguments), guards_off)
            seen = self.watch(case, command, scene, deadline * self.slow)
        lines = seen.stderr.splitlines()
        try:
            seen.report = json.loads(lines[-1]) if lines and lines[-1].startswith(b"{") else {}
        except ValueError:
            seen.complaints.append("the last line of standard error is no JSON")
        seen.changes = scene.changes(case.options("writes"))
        seen.visited = scene.listener is not None and scene.visited()
        return seen

    def command(self, case, scene, module, options, arguments, guards_off):
        if self.library:
            policy = scene.root / "own" / "policy.toml"
            policy.write_text(as_policy(options))
            function = arguments.pop(0).split("(")[0] if "call" in case.keys else "run"
            return [str(self.library), str(self.berth), str(policy), str(module), function, *arguments]
        command = [str(self.berth), "call" if "call" in case.keys else "run"]
        if case.keys.get("report") != "text":
            command.append("--json")
        command += options + [word for guard in guards_off for word in ("--guard-off", guard)]
        return [*command, str(module), *arguments]

    def for_as_long(self, case, options):
        """The options, with a deadline that is as many times later as a bound on CPU time up to it is larger."""
        if "cpu" not in case.keys or "--wall" not in options:
            return options
        wall = options.index("--wall") + 1
        amount, unit = re.fullmatch(r"(\d+)(m?s)", options[wall]).groups()
        return [*options[:wall], f"{round(int(amount) * self.slow)}{unit}", *options[wall + 1 :]]

    def watch(self, case, command, scene, deadline):
        seen, streams = Seen(), Streams(case)
        stdin, stdout, stderr = streams.stdin(), streams.output("stdout"), streams.output("stderr")
        began = time.monotonic()
        process = subprocess.Popen([*self.limits(deadline), *command], stdin=stdin, stdout=stdout, stderr=stderr,
                                   env=scene.environment(), cwd=scene.root, process_group=0)  # fmt: skip
        for descriptor in (stdin, stdout, stderr):
            os.close(descriptor)
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            self.sample(process.pid, seen)
            if time.monotonic() - began > deadline:
                seen.timed_out = True
                os.killpg(process.pid, signal.SIGKILL)
            time.sleep(0.002)
        seen.seconds = time.monotonic() - began
        process.returncode = seen.status = os.waitstatus_to_exitcode(status)
        # The system counts what this program had when it started the process: below that, the samples know better.
        seen.peak_bytes = usage.ru_maxrss << 10
        if seen.peak_bytes <= resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10:
            seen.peak_bytes = seen.sampled_bytes
        try:
            os.killpg(process.pid, signal.SIGKILL)
            seen.complaints.append("a process was left behind")
        except ProcessLookupError:
            pass
        streams.finish(seen)
        return seen

    def limits(self, deadline):
        heap = [f"--data={HEAP_LIMIT}"] if self.watch_memory else []  # a sanitizer's shadow is larger
        return ["prlimit", *heap, f"--fsize={FILE_LIMIT}", f"--cpu={int(deadline) + 5}", "--core=0", "--nofile=1024",
                "--"]  # fmt: skip

    @staticmethod
    def sample(pid, seen):
        try:
            seen.threads = max(seen.threads, len(os.listdir(f"/proc/{pid}/task")))
            seen.descriptors = max(seen.descriptors, len(os.listdir(f"/proc/{pid}/fd")))
            status = Path(f"/proc/{pid}/status").read_text()
            if peak := re.search(r"VmHWM:\s*(\d+) kB", status):
                seen.sampled_bytes = max(seen.sampled_bytes, int(peak[1]) << 10)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            pass

    def warm(self, name, scene):
        """A guest's module, with its compiled image in the scene's cache: most of them take seconds to compile."""
        module = self.guests / f"{name}.wasm"
        cache = scene.root / "own" / "cache"
        with self.warming:
            if name not in self.warmed:
                subprocess.run([self.berth, "run", module], env=scene.environment(), capture_output=True, timeout=120)
                self.warmed[name] = {path.name: path.read_bytes() for path in cache.rglob("*") if path.is_file()}
        cache.mkdir(mode=0o700, exist_ok=True)
        for file, content in self.warmed[name].items():
            (cache / file).touch(0o600)
            (cache / file).write_bytes(content)
        return module

    def swap_images(self, scene, module, other):
        """Compiles both, then puts the other's image where the module's own was."""
        images = []
        for path in (module, other):
            subprocess.run([self.berth, "run", path], env=scene.environment(), capture_output=True, timeout=60)
            digest = "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
            kept = subprocess.run([self.berth, "cache", "list", "--json"], env=scene.environment(), capture_output=True)
            images.append(next(entry["path"] for entry in json.loads(kept.stdout) if entry["digest"] == digest))
        shutil.copyfile(images[1], images[0])

    def measure_base(self):
        """What the host takes for a module that does nothing."""
        case = Case(HERE / "also" / "nothing.wat", {"expect": "exit 0", "guard": "none"})
        for _ in range(3):
            with scene(case) as here:
                seen = self.run(case, here)
                if seen.status != 0:
                    raise SystemExit(f"a module that does nothing can't be run: {seen.stderr.decode(errors='replace')}")
                self.base_bytes = max(self.base_bytes, seen.peak_bytes)


def as_policy(options):
    """The file that says what the options of `berth run` do. A program has the streams of its process, and so has its module."""
    grants, limits = ["stdio in,out,err"], []
    for option, value in zip(options[::2], options[1::2]):
        name = option.removeprefix("--")
        if name == "grant":
            grants.append(value)
        elif name in ("dir", "env"):
            grants.append(f"{'files' if name == 'dir' else name} {value}")
        else:
            limits.append(value.split("=", 1) if name == "limit" else (name.replace("-", "."), value))
    return "".join([f"grants = {json.dumps(grants)}\n[limits]\n", *(f"{name} = {json.dumps(value)}\n" for name, value in limits)])


def beyond_the_library(case):
    """What a program's module can't be given or asked by libberth, in a word; nothing where it can."""
    text = " ".join(case.keys.get(key, "") for key in ("run", "module", "args"))
    if "-p3" in text or case.name.startswith("async-") or case.name == "share-tasks":
        return "async functions"
    if "cpu.share" in text:
        return "a share of the CPU"
    if "compile." in text:
        return "bounds on compiling"
    if "--guard-off" in text or "prepare" in case.keys or "--quiet" in text:
        return "a switch of berth run"
    return None


@contextmanager
def scene(case):
    root = Path(tempfile.mkdtemp(prefix="berth-hostile-"))
    try:
        yield Scene(root.resolve(), "volumes" in case.keys)
    finally:
        shutil.rmtree(root)


# What must hold.


def ways(text):
    return {way.strip() for way in text.split("|")}


def late(case, seen, runner, foreseen):
    """Whether a run took longer than it may, unless that is what it should do; or used more CPU time, which one does
    that isn't looked at in time, and is made to make up for later."""
    if seen.timed_out:
        return "hangs" not in ways(foreseen)
    return seen.seconds > case.number("seconds", SECONDS) * runner.slow or seen.cpu > most_cpu(case, runner)


def most_cpu(case, runner):
    return case.number("cpu", 1e9) * runner.slow


def breached(seen):
    """Whether a run did what no want of time excuses."""
    return bool(seen.changes or seen.visited or SECRET.strip() in seen.stdout + seen.stderr)


def check(case, seen, runner, here, watch_memory):
    """All that is wrong with a run, in words."""
    wrong = list(seen.complaints)
    limit = case.number("seconds", SECONDS) * runner.slow
    expected = case.keys.get("library", case.keys["expect"]) if runner.library else case.keys["expect"]
    if not ways(expected) & seen.endings():
        wrong.append(f"{seen.told()} instead of {expected}")
    if seen.visited:
        wrong.append("somebody connected to a server of this machine")
    if not seen.timed_out and seen.seconds > limit:
        wrong.append(f"took {seen.seconds:.1f} s of {limit:.1f} s")
    grown = seen.peak_bytes - runner.base_bytes
    if watch_memory and grown > case.number("grows", 32 << 20):
        wrong.append(f"grew by {grown >> 20} MiB of {case.keys.get('grows', '32MiB')}")
    for name, most in (("threads", MOST_THREADS), ("descriptors", MOST_DESCRIPTORS)):
        if (number := getattr(seen, name)) > case.number(name, most):
            wrong.append(f"{number} {name} of {case.number(name, most):.0f}")
    if seen.cpu > most_cpu(case, runner):
        wrong.append(f"used {seen.cpu:.3f} s of CPU time")
    if seen.report.get("memory_peak_bytes", 0) > seen.report.get("memory_limit_bytes", 1 << 62):
        wrong.append("the report's own memory peak is above its limit")
    if len(seen.report.get("denials", [])) < case.number("denials", 0):
        wrong.append(f"{len(seen.report.get('denials', []))} denials were recorded of {case.keys['denials']}")
    if here.own_bytes("state/denials") > case.number("state", 16 << 20):
        wrong.append(f"{here.own_bytes('state/denials')} bytes were logged")
    if "stored" in case.keys:
        words = case.keys["stored"].split()
        most = float(words[0].removesuffix("MiB")) * (1 << 20), int(words[1])
        if any(is_so > may for is_so, may in zip(here.stored(), most)):
            wrong.append(f"stored {here.stored()[0]} bytes in {here.stored()[1]} files, of {case.keys['stored']}")
    if seen.changes:
        wrong.append(f"changed {', '.join(seen.changes[:3])}")
    if "says" in case.keys and not re.search(case.keys["says"], seen.stdout.decode(errors="replace"), re.DOTALL):
        wrong.append(f"said {seen.stdout.decode(errors='replace')[:300]!a}")
    if SECRET.strip() in seen.stdout + seen.stderr:
        wrong.append("printed the secret")
    for word in (b"panicked at", b"memory allocation of", b"stack overflow, aborting", b"Sanitizer", b"runtime error: "):
        if word in seen.stderr:
            wrong.append(f"said '{word.decode()}'")
    if case.keys.get("stderr") == "clean":
        wrong += unclean(seen.stderr)
    return wrong


def unclean(stderr):
    """Lines that berth didn't write, or characters that it shouldn't print."""
    text = stderr.decode(errors="surrogateescape")
    hidden = re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\udc80-\udcff]", text)
    wrong = [f"printed the control character {hidden[0]!a}"] if hidden else []
    strange = [line for line in text.splitlines() if line.lstrip("berth: ").startswith("FORGED")]
    return wrong + [f"printed a forged line: {line!a}" for line in strange[:1]]


@dataclass
class Outcome:
    passed: Optional[bool]  # None where the trick is known to work still
    line: str
    late: bool = False  # it failed, and for want of time alone


def judge(runner, case):
    wrong, held, excused = [], [], []
    if runner.library and (what := beyond_the_library(case)):
        return Outcome(None, f"over {case.name}: {what}")
    for number, also in enumerate([""] if runner.library else ["", *filter(None, [case.keys.get("also")])]):
        with scene(case) as here:
            seen = runner.run(case, here, shlex.split(also))
            if (claimed := unclaimed(case, seen)) is not None:
                return Outcome(None, f"open {case.name}: berth claims version {claimed} of Landlock here")
            grown = max(0, seen.peak_bytes - runner.base_bytes) >> 20
            held.append(f"{seen.seconds:.2f} s, {grown} MiB")
            problems = check(case, seen, runner, here, runner.watch_memory)
            wrong += [f"{'with ' + also + ': ' if also else ''}{problem}" for problem in problems]
            if problems:
                excused.append(late(case, seen, runner, case.keys["expect"]) and not breached(seen))
            if problems and number == 0 and os.environ.get("HOSTILE_VERBOSE"):
                sys.stderr.write(seen.stderr.decode(errors="replace")[:4000])
    text = f"{'; '.join(held)}"
    if "open" in case.keys:
        if wrong or not runner.watch_memory:
            return Outcome(None, f"open {case.name}: {'; '.join(wrong) or 'not seen here'} ({case.keys['open']})")
        wrong.append("the test itself: the trick is held now, but the header says 'open'")
        excused.append(False)
    elif case.guards and not runner.library:
        with scene(case) as here:
            seen = runner.run(case, here, guards_off=case.guards)
            text += f"; without {' and '.join(case.guards)}: {seen.told()}, {seen.seconds:.2f} s"
            if problem := unproven(case, seen, check(case, seen, runner, here, watch_memory=True)):
                wrong.append(f"the test itself: {problem}")
                starved = "cpu" in case.keys and problem.startswith(PASSES)
                excused.append(starved or late(case, seen, runner, case.keys["without"]))
    if wrong:
        return Outcome(False, f"FAIL {case.name}: {'; '.join(wrong)} ({text})", all(excused))
    return Outcome(True, f"ok   {case.name}: {text}")


def unclaimed(case, seen):
    """The version of Landlock that berth says holds, where it is older than what the case is about."""
    claimed = seen.report.get("second_wall", {}).get("landlock")
    return claimed if claimed is not None and claimed < case.number("claims", 0) else None


PASSES = "it also passes without "


def unproven(case, seen, problems):
    """Why a run with the guard off doesn't show that the test needs it, or nothing."""
    if not problems:
        return PASSES + " and ".join(case.guards)
    if seen.status == 120:
        return seen.stderr.decode(errors="replace").strip()
    foreseen = ways(case.keys["without"])
    if "any" in foreseen or foreseen & (seen.endings() | ({"changed"} if seen.changes else set())):
        return None
    return f"without {' and '.join(case.guards)} it {seen.told()}, not {case.keys['without']}"


def judge_all(runner, cases, jobs):
    """Prints a line for each case, and gives the outcomes."""
    outcomes, again = [], []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for case, outcome in zip(cases, pool.map(lambda case: judge(runner, case), cases)):
            if outcome.late:
                again.append(case)
                print(f"late{outcome.line.removeprefix('FAIL')}", flush=True)
                continue
            outcomes.append(outcome)
            print(outcome.line, flush=True)
    patient = replace(runner, slow=runner.slow * PATIENCE)
    for case in again:
        outcomes.append(judge(patient, case))
        print(f"{outcomes[-1].line}; run again, alone", flush=True)
    return outcomes


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--berth", type=Path, required=True, help="the program, built with test switches")
    parser.add_argument("--guests", type=Path, help="the folder of built guests")
    parser.add_argument("--library", type=Path, help="the program that has each module inside, by libberth")
    parser.add_argument("--filter", default="", help="only cases whose names match this regular expression")
    parser.add_argument("--no-rss", action="store_true", help="no checks of memory: under a sanitizer")
    parser.add_argument("--slow", type=float, default=1, help="how many times slower than usual this build is")
    parser.add_argument("--jobs", type=int, default=2, help="cases at the same time")
    options = parser.parse_args()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    cases = [case for case in all_cases() if re.search(options.filter, case.name)]
    if not cases:
        raise SystemExit(f"no case matches '{options.filter}'")
    guests = (options.guests or HERE.parents[1] / "build/guests").resolve()
    library = options.library and options.library.resolve()
    runner = Runner(options.berth.resolve(), guests, not options.no_rss, options.slow, library)
    runner.measure_base()
    outcomes = [outcome.passed for outcome in judge_all(runner, cases, options.jobs)]
    aside = "passed over" if library else "open"
    still_open = f", {outcomes.count(None)} {aside}" if None in outcomes else ""
    print(f"{outcomes.count(True)} passed, {outcomes.count(False)} failed{still_open}")
    return 1 if False in outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
