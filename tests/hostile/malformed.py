#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Feeds berth malformed modules: it must refuse, or run, each of them, and say clearly which.

The inputs are made from a seed: real guests and this folder's texts cut off, with bits flipped, numbers blown up,
pieces left out, repeated and put into one another; random bytes, bare and after a valid header; and some made by
hand, each for one part of what reads them. Every input goes through `berth inspect`, and through `berth run` where
compiling it is cheap. What must hold of each process:

  it ends by itself within a deadline and the system's memory limit, and not by a signal
  its exit status is one of berth's own, or the guest's where the report says that the guest ran
  no panic, no 'internal', and for what is refused one short message without control characters

`--only NUMBER --keep FOLDER` makes one input again and leaves it there.
"""

import argparse
import concurrent.futures
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEADLINE_SECONDS = 15
HEAP_LIMIT = 1 << 30
LARGEST_RUN = 40_000  # bytes; compiling more takes too long here
LONGEST_MESSAGE = 2_000  # bytes
RUN = ["run", "--json", "--no-cache", "--wall", "1s", "--cpu-time", "500ms", "--memory", "32MiB", "--limit", "compile.time=5s",
       "--limit", "compile.memory=512MiB"]  # fmt: skip
OWN_STATUSES = {118, 121, 123, 124, 134}  # unsupported, invalid module, denied for its token, limit, trap
UNWANTED = (b"panicked at", b"memory allocation of", b"Sanitizer", b"runtime error: ")
CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")

CORE = b"\0asm\x01\0\0\0"
COMPONENT = b"\0asm\x0d\0\x01\0"


# Inputs made by hand.


def leb(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def signed_leb(number):
    return leb(number) if not number >> (7 * (len(leb(number)) - 1)) & 0x40 else leb(number)[:-1] + bytes(
        [leb(number)[-1] | 0x80, 0])  # fmt: skip


def section(number, body):
    return bytes([number]) + leb(len(body)) + body


def name(text):
    text = text.encode() if isinstance(text, str) else text
    return leb(len(text)) + text


def vector(items):
    return leb(len(items)) + b"".join(items)


def command(body=b"\0\x0b", before=b"", memory=b"\0\x01", extra=(), export="_start"):
    """A core module with one function, exported as a command's."""
    exports = [name("memory") + b"\x02\0", name(export) + b"\0\0", *extra]
    return (CORE + before + section(1, vector([b"\x60\0\0"])) + section(3, vector([b"\0"])) +
            section(5, vector([memory])) + section(7, vector(exports)) +
            section(10, vector([leb(len(body)) + body])))  # fmt: skip


def component_types(definitions):
    return COMPONENT + section(7, vector(definitions))


def nested_types(depth, make):
    return component_types([b"\x70\x7d", *(make(signed_leb(i)) for i in range(depth))])


def by_hand():
    go = section(0, name("go:buildid"))
    data_far = section(11, vector([b"\0\x41\xf0\xff\xff\xff\x07\x0b" + name("x")]))
    return {
        "nothing": b"",
        "half-magic": b"\0as",
        "magic-only": b"\0asm",
        "header-core": CORE,
        "header-component": COMPONENT,
        "future-version": b"\0asm\x02\0\0\0",
        "future-component": b"\0asm\x0e\0\x01\0",
        "unknown-layer": b"\0asm\x01\0\x07\0",
        "section-unknown": CORE + section(99, b""),
        "section-longer-than-file": CORE + b"\x01\xff\xff\xff\xff\x0f",
        "length-overlong": CORE + b"\x01\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
        "count-too-large": CORE + section(1, b"\xff\xff\xff\xff\x0f"),
        "custom-name-cut": CORE + section(0, b"\x7fname"),
        "names-not-utf8": CORE + section(0, b"\x04\xff\xfe\xfd\xfc"),
        "sections-out-of-order": CORE + section(10, b"\0") + section(1, b"\0"),
        "customs-100000": CORE + section(0, b"\0") * 100_000,
        "exports-control": command(extra=[name("\x1b[2J\nberth: FORGED\r\x07") + b"\0\0"]),
        "exports-bidirectional": command(extra=[name("\u202egpj.\u2066") + b"\0\0"]),
        "export-long": command(extra=[name("x" * 99_000) + b"\0\0"]),
        "imports-control": CORE + section(1, vector([b"\x60\0\0"])) + section(2, vector(
            [name("\x1b]0;FORGED\x07") + name("\n\x1b[31m") + b"\0\0"])),
        "imports-100000": CORE + section(1, vector([b"\x60\0\0"])) + section(2, vector(
            [name("env") + name(f"f{i}") + b"\0\0" for i in range(100_000)])),
        "proc-exit-in-a-name": CORE + section(1, vector([b"\x60\0\0"])) + section(2, vector(
            [name(b"x\x16wasi_snapshot_preview1\x09proc_exit") + name("y") + b"\0\0"])),
        "go-memory64": command(before=go, memory=b"\x04" + leb(1 << 48)),
        "go-memory-largest": command(before=go, memory=b"\0" + leb(65536)),
        "data-far-away": command(memory=b"\0" + leb(65536 >> 1)) + data_far,
        "go-data-far-away": command(before=go, memory=b"\0" + leb(65536 >> 1)) + data_far,
        "memory-largest": command(memory=b"\0" + leb(65536)),
        "memory64-largest": command(memory=b"\x04" + leb(1 << 48)),
        "locals-50000": command(body=b"\x01" + leb(50_000) + b"\x7f\x0b"),
        "locals-too-many": command(body=b"\x01\xff\xff\xff\xff\x0f\x7f\x0b"),
        "blocks-20000": command(body=b"\0" + b"\x02\x40" * 20_000 + b"\x0b" * 20_001),
        "branch-table-1000000": command(body=b"\0\x02\x40\x41\0\x0e" + leb(1_000_000) + b"\0" * 1_000_001 + b"\x0b\x0b"),
        "component-lists-90": nested_types(90, lambda inner: b"\x70" + inner),
        "component-lists-100000": nested_types(100_000, lambda inner: b"\x70" + inner),
        "component-tuples-18": nested_types(18, lambda inner: b"\x6f\x02" + inner * 2),
        "component-tuples-60": nested_types(60, lambda inner: b"\x6f\x02" + inner * 2),
        "component-flags-0": component_types([b"\x6e\0"]),
        "component-flags-100000": component_types([b"\x6e" + vector([name(f"f{i}") for i in range(100_000)])]),
        "component-enum-100000": component_types([b"\x6d" + vector([name(f"e{i}") for i in range(100_000)])]),
        "component-type-of-itself": component_types([b"\x70\0"]),
        "component-start-missing": COMPONENT + section(9, b"\x05\0\0"),
        "component-alias-far-out": COMPONENT + section(6, vector([b"\x10\x11\x02\xff\xff\xff\xff\x0f\0"])),
        "component-import-control": COMPONENT + section(7, vector([b"\x40\0\x01\0"])) + section(10, vector(
            [b"\0" + name("\x1b[2J") + b"\x01\0"])),
        "component-docs-control": COMPONENT + section(0, name("package-docs") + b'\x01{"docs":"\\u001b[2J\\nFORGED"}'),
        "component-producers-cut": COMPONENT + section(0, name("producers") + b"\xff"),
        "claims-cut": CORE + section(0, name("jwt") + b"eyJ"),
        "text-parentheses": b"(" * 1_000_000,
        "text-comments": b"(module " + b"(;" * 1_000_000,
        "text-groups": b"(component " * 20_000 + b")" * 20_000,
        "text-types": b"(component (type " + b"(list " * 20_000 + b"u8" + b")" * 20_002,
        "text-folded": b"(module (func (result i32) " + b"(i32.eqz " * 20_000 + b"(i32.const 1)" + b")" * 20_002,
        "text-string": b'(module (data "' + b"\\41" * 300_000,
        "text-control": b"(module (func $\"\x1b[2J\x07\" \x1b[2J FORGED))",
        "text-not-utf8": b"(module \xff\xfe)",
        "text-nul": b"(module)\0\0\0",
        "text-memory-far": b"(module (memory 0xffffffffffffffffff))",
        "text-quote": b'(module quote "(module")',
        "text-binary": b'(module binary "\\00asm\\01\\00\\00\\00\\63")',
        "text-wait": b"(module (memory i64 0xffffffffffff) (func (export \"_start\")))",
    }  # fmt: skip


# Inputs made from others.


class Material:
    def __init__(self, guests):
        self.guests = [path.read_bytes() for path in sorted(guests.glob("*.wasm"))]
        self.guests = [guest for guest in self.guests if len(guest) < 120_000]
        self.small = [guest for guest in self.guests if len(guest) <= LARGEST_RUN]
        self.texts = [path.read_bytes() for path in sorted(HERE.glob("*.wat"))]
        if not self.small or not any(guest.startswith(COMPONENT) for guest in self.guests):
            raise SystemExit(f"{guests} lacks small guests or components: make guests")


def place(dice, data):
    """More often near the ends, where types, imports and names stand."""
    ends = min(len(data), 2048)
    where = dice.random()
    if where < 0.4:
        return dice.randrange(ends)
    return len(data) - 1 - dice.randrange(ends) if where < 0.6 else dice.randrange(len(data))


def piece(dice, data):
    start = place(dice, data)
    return start, min(len(data), start + 1 + int(2 ** dice.uniform(0, 10)))


def cut(dice, data, material):
    return data[: place(dice, data)]


def flip(dice, data, material):
    out = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 4, 16))):
        out[place(dice, data)] ^= 1 << dice.randrange(8)
    return bytes(out)


def blow_up(dice, data, material):
    at = place(dice, data)
    large = dice.choice((b"\xff\xff\xff\xff\x0f", b"\x80\x80\x80\x80\x08", b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f", b"\0", b"\x7f"))
    return data[:at] + large + data[at + dice.choice((0, 1, len(large))) :]


def leave_out(dice, data, material):
    start, end = piece(dice, data)
    return data[:start] + data[end:]


def repeat(dice, data, material):
    start, end = piece(dice, data)
    return data[:start] + data[start:end] * dice.choice((2, 3, 50)) + data[end:]


def splice(dice, data, material):
    other = dice.choice(material.guests)
    (start, end), (from_, to) = piece(dice, data), piece(dice, other)
    return data[:start] + other[from_:to] + data[end:]


def transplant(dice, data, material):
    """Whole sections of one module after the header of another."""
    other = dice.choice(material.guests)
    at = dice.randrange(8, len(data))
    return other[:8] + data[at:]


def edit_text(dice, data, material):
    words = re.split(rb"(\s+|[()])", data.split(b"\n(", 1)[-1])
    for _ in range(dice.choice((1, 1, 2, 5))):
        at = dice.randrange(len(words))
        kind = dice.randrange(5)
        if kind == 0:
            del words[at]
        elif kind == 1:
            words.insert(at, dice.choice(words))
        elif kind == 2:
            words[at] = dice.choice(words)
        elif kind == 3:
            numbers = [i for i, word in enumerate(words) if re.fullmatch(rb"-?(0x)?[0-9a-f_]+", word)]
            at = dice.choice(numbers or [at])
            words[at] = dice.choice((b"-1", b"0", b"4294967295", b"4294967296", b"0xffffffffffffffff", b"65536"))
        else:
            words[at] = dice.choice((b"i64", b"externref", b"(ref null 0)", b"(", b")", b"v128", b"own", b"string", b"\xff"))
    return b"(" + b"".join(words)


def make(seed, number, material):
    """One input: its kind, its bytes, and whether it is worth compiling."""
    dice = random.Random(f"{seed}:{number}")
    sort = dice.random()
    if sort < 0.06:
        return "random", dice.randbytes(dice.randrange(200)), True
    if sort < 0.15:
        header = dice.choice((CORE, COMPONENT))
        body = b"".join(section(dice.randrange(14), dice.randbytes(dice.randrange(40))) for _ in range(dice.randrange(1, 6)))
        return "random-sections", header + dice.choice((body, dice.randbytes(dice.randrange(100)))), True
    if sort < 0.50:
        return "edit_text", edit_text(dice, dice.choice(material.texts), material), True
    change = dice.choice((cut, flip, flip, blow_up, leave_out, repeat, splice, transplant))
    data = dice.choice(material.small if dice.random() < 0.3 else material.guests)
    changed = change(dice, data, material)
    return change.__name__, changed, len(changed) <= LARGEST_RUN and not changed.startswith(COMPONENT) or change is cut


# One input against berth.


def say(data, limit=200):
    return ascii(data.decode(errors="replace"))[:limit]


def judge_inspect(status, stdout, stderr):
    if status not in {0, *OWN_STATUSES}:
        return f"inspect: status {status}: {say(stderr)}"
    if CONTROL.search(stdout):
        return f"inspect printed control characters: {say(stdout[max(0, CONTROL.search(stdout).start() - 20):])}"
    if (status == 0) != (not stderr):
        return f"inspect: status {status}, standard error {say(stderr)}"
    if status and not stderr.startswith(b"berth: "):
        return f"inspect's message doesn't say who speaks: {say(stderr)}"
    return None


# A check that the engine makes of itself in builds for debugging alone (wasmtime 48.0.8, concurrent.rs): of a module of
# 0.3 that ends in the middle of a task. berth says that it failed itself, and ends.
ENGINES_OWN_CHECK = b"assertion failed: task.decremented_interesting_task_count"
NO_COMMAND = b"is no command, but has functions"


def judge_run(status, stdout, stderr):
    if ENGINES_OWN_CHECK in stderr and status == 117:
        return None
    if NO_COMMAND in stderr and status == 120:
        return None
    lines = stderr.splitlines()
    try:
        report = json.loads(lines[-1])
    except (ValueError, IndexError):
        return f"run: status {status}, and no report: {say(stderr)}"
    ran = report.get("ending") == "exited"
    if ran:
        return None if report["exit_status"] == status else f"run: status {status} of {report['exit_status']}"
    if status not in OWN_STATUSES:
        return f"run: status {status}: {say(stderr)}"
    if "error" in report and not report["error"].get("message"):
        return "run: an error without a message"
    return None


@dataclass
class Host:
    """The program, and what the system lets it have."""

    berth: Path
    limit_memory: bool
    deadline: int  # seconds

    def command(self):
        heap = [f"--data={HEAP_LIMIT}"] if self.limit_memory else []  # a sanitizer's shadow is larger
        return ["prlimit", *heap, f"--cpu={self.deadline}", "--core=0", "--fsize=100000000", "--", self.berth]


def feed(host, arguments, path, judge, environment):
    """What is wrong, or None."""
    try:
        ended = subprocess.run([*host.command(), *arguments, path], stdin=subprocess.DEVNULL, capture_output=True,
                               timeout=host.deadline, env=environment)  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"{arguments[0]}: still running after {host.deadline} s"
    if ended.returncode < 0:
        return f"{arguments[0]}: ended by signal {-ended.returncode}: {say(ended.stderr)}"
    if ENGINES_OWN_CHECK not in ended.stderr and any(word in ended.stderr for word in UNWANTED):
        return f"{arguments[0]}: {say(ended.stderr)}"
    wrong = judge(ended.returncode, ended.stdout, ended.stderr)
    if wrong or ended.returncode not in OWN_STATUSES:
        return wrong
    message = ended.stderr
    if message.rstrip().endswith(b"}") and b'"ending"' in message:
        return None  # a guest's own words, and a report on it
    if len(message) > LONGEST_MESSAGE:
        return f"{arguments[0]}: a message of {len(message)} bytes: {say(message)}"
    if CONTROL.search(message):
        return f"{arguments[0]}: control characters in {say(message)}"
    return None


def try_one(host, folder, label, data, runs):
    path = folder / f"{label}.{'wat' if data.lstrip()[:1] == b'(' else 'wasm'}"
    path.write_bytes(data)
    own = {f"BERTH_{name}": str(folder / name) for name in ("CONFIG", "STATE", "CACHE")}
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "RUST_BACKTRACE": "0", **own}
    for key in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
        if key in os.environ:
            environment[key] = os.environ[key]
    wrong = [feed(host, ["inspect"], path, judge_inspect, environment)]
    if runs:
        wrong.append(feed(host, RUN, path, judge_run, environment))
    wrong = [line for line in wrong if line]
    return path, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--berth", type=Path, required=True, help="the program")
    parser.add_argument("--guests", type=Path, required=True, help="the folder that `make guests` fills")
    parser.add_argument("--count", type=int, default=2000, help="how many inputs are made from others")
    parser.add_argument("--seed", default="berth", help="another seed, other inputs")
    parser.add_argument("--only", help="the number or the name of one input")
    parser.add_argument("--keep", type=Path, help="leave the inputs that failed, or the only one, in this folder")
    parser.add_argument("--jobs", type=int, default=2, help="inputs at the same time")
    parser.add_argument("--no-rss", action="store_true", help="no limit of memory: under a sanitizer")
    parser.add_argument("--slow", type=int, default=1, help="how many times slower than usual this build is")
    options = parser.parse_args()
    host = Host(options.berth.resolve(), not options.no_rss, DEADLINE_SECONDS * options.slow)
    material = Material(options.guests)
    inputs = {label: lambda label=label, data=data: (label, data, True) for label, data in by_hand().items()}
    inputs |= {str(i): lambda i=i: make(options.seed, i, material) for i in range(options.count)}
    if options.only:
        inputs = {options.only: inputs[options.only]}
    failed = 0
    with tempfile.TemporaryDirectory(prefix="berth-malformed-") as name, \
            concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:  # fmt: skip
        folder = Path(name)

        def one(entry):
            label, made = entry
            kind, data, runs = made()
            path, wrong = try_one(host, folder, label, data, runs)
            if options.keep and (wrong or options.only):
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / path.name).write_bytes(data)
            path.unlink()
            return label, kind, wrong

        for label, kind, wrong in pool.map(one, inputs.items()):
            failed += bool(wrong)
            if wrong:
                print(f"FAIL {label} ({kind}): {'; '.join(wrong)}", flush=True)
    print(f"{len(inputs) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
