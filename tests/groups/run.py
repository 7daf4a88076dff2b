#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""berth in control groups, with the real kernel.

Each case has a group of its own, as a supervisor would delegate it, and a fresh state and settings. What the kernel of
this machine has no controller for can't be tried; which ones it has, and which cases that leaves out, is said. Moving
into a group needs none, so that is tried wherever a group can be made (by root), and what is refused everywhere.

One line a case, and a closing count. The status is 0 when all that could be tried passed.
"""

import argparse
import json
import os
import sys
import tempfile
import time
import traceback
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "total"))

from processes import MIB, REST, SPIN, User, check  # noqa: E402

WANTED = ("cpu", "memory", "io", "pids")
# Grows by PAGES as far as it is let, and writes to all of it.
GROW = """(module (memory (export "memory") 1)
  (func (export "_start") (local $at i32)
    (loop $more
      (local.set $at (memory.grow (i32.const 64)))
      (if (i32.ne (local.get $at) (i32.const -1)) (then
        (memory.fill (i32.shl (local.get $at) (i32.const 16)) (i32.const 7) (i32.const 4194304))
        (br_if $more (i32.lt_u (local.get $at) (i32.const PAGES))))))))"""
CASES = []


def case(*controllers, group=True):
    """A case that needs these controllers, and a group unless said."""

    def add(function):
        CASES.append((function, controllers, group))
        return function

    return add


def until(found, said, seconds=120):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := found():
            return value
        time.sleep(0.005)
    raise AssertionError(f"not within {seconds} s: {said}")


def words(path):
    return path.read_text().split()


class Groups:
    """A group above those of the cases, with all controllers that there are; none where none can be made."""

    def __init__(self):
        self.top, self.controllers, self.turned_on = None, [], []
        point = next((line.split()[4] for line in open("/proc/self/mountinfo") if " - cgroup2 " in line), None)
        if point is None or not os.access(Path(point) / "cgroup.subtree_control", os.W_OK):
            return
        self.root = Path(point)
        before = words(self.root / "cgroup.subtree_control")
        self.controllers = [name for name in WANTED if name in words(self.root / "cgroup.controllers")]
        for name in self.controllers:
            if name not in before:
                self.turn(self.root, f"+{name}")
                self.turned_on.append(name)
        self.top = self.root / f"berth-test.{os.getpid()}"
        self.top.mkdir()
        for name in self.controllers:
            self.turn(self.top, f"+{name}")

    @staticmethod
    def turn(group, how):
        (group / "cgroup.subtree_control").write_text(how)

    def make(self, name):
        group = self.top / name
        group.mkdir()
        return group

    def remove(self, group):
        for path in (*sorted(group.rglob("*/"), reverse=True), group):
            until(lambda: gone(path), f"{path} is empty")

    def close(self):
        if self.top is None:
            return
        self.top.rmdir()
        for name in self.turned_on:
            self.turn(self.root, f"-{name}")


def gone(group):
    try:
        group.rmdir()
    except OSError:
        return False
    return True


class Machine(User):
    """A user, and the group that is delegated to berth."""

    def __init__(self, berth, guests, root, groups, name):
        super().__init__(berth, root, BERTH_CACHE=str(root / "cache"))
        self.guests, self.groups = guests, groups
        self.group = groups.make(name) if groups.top else None
        self.owner("")

    def owner(self, text):
        self.settings(f'[priority]\npressure = "ignore"\n{text}')

    def start(self, *command, group=None, core=None):
        """In the delegated group unless another is named, or False: where this script is."""
        group = self.group if group is None else group

        def enter():
            if group:
                (group / "cgroup.procs").write_text("0")
            if core is not None:
                os.sched_setaffinity(0, {core})

        return self.launch(command, enter)

    def run(self, *arguments, **where):
        return self.start(self.berth, *arguments, **where)

    def leaf(self, process):
        return self.group / f"berth-{process.pid}"

    def until_limited(self, process):
        """Waits until the process has its own group and limits there, and gives the group."""
        leaf = self.leaf(process)
        limit = {"pids": "pids.max", "memory": "memory.max"}
        file = next((leaf / limit[name] for name in ("pids", "memory") if name in self.groups.controllers), None)

        def limited():
            check(process.poll() is None, "it has ended")
            # The file is there once the controller is on.
            return group_of(process.pid) == leaf.name and (file is None or file.exists() and words(file) != ["max"])

        until(limited, f"{process.pid} is in {leaf} and limited")
        return leaf

    def end(self):
        super().end()
        if self.group:
            self.groups.remove(self.group)


def group_of(process):
    """The last part of its group's path; "" when it has ended."""
    try:
        lines = Path(f"/proc/{process}/cgroup").read_text().splitlines()
    except OSError:
        return ""
    return next((line.rpartition("/")[2] for line in lines if line.startswith("0::")), "")


def children_of(process):
    try:
        return [int(word) for word in words(Path(f"/proc/{process}/task/{process}/children"))]
    except OSError:
        return []


def finish(process, status):
    output, errors = process.communicate(timeout=300)
    check(process.returncode == status, f"exit status {process.returncode}, not {status}: {output}{errors}")
    return errors


def leaves(group):
    return sorted(path.name for path in group.glob("berth-*"))


def cpu_microseconds(group):
    return int(words(group / "cpu.stat")[1])


@contextmanager
def busy(machine, group, core):
    loop = machine.start(sys.executable, "-c", "while True: pass", group=group, core=core)
    try:
        yield loop
    finally:
        loop.kill()
        loop.wait()


@case()
def berth_moves_below_its_group_and_back(machine):
    rest = machine.module("rest", REST)
    first = machine.run("run", "--wall", "1s", rest)
    leaf = machine.until_limited(first)
    until(lambda: words(leaf / "cgroup.procs") == [str(first.pid)], "it is alone there, once it is compiled")
    check(words(machine.group / "cgroup.procs") == [], "and not above")
    on = words(machine.group / "cgroup.subtree_control")
    check(sorted(on) == sorted(machine.groups.controllers), f"with all controllers, not {on}")
    finish(first, 124)
    check(words(machine.group / "cgroup.subtree_control") == [], "controllers are off again")
    # Behind its second wall it couldn't remove its group. Who comes next does.
    second = machine.run("run", "--wall", "1s", rest)
    machine.until_limited(second)
    check(leaves(machine.group) == [f"berth-{second.pid}"], f"{leaves(machine.group)}")
    finish(second, 124)


@case()
def what_a_killed_berth_left_is_removed(machine):
    rest = machine.module("rest", REST)
    first = machine.run("run", rest)
    leaf = machine.until_limited(first)
    first.kill()
    first.wait()
    until(lambda: words(leaf / "cgroup.procs") == [], "its compiler ends with it")
    # A supervisor makes its group anew; this one only lets processes in again.
    for name in machine.groups.controllers:
        machine.groups.turn(machine.group, f"-{name}")
    second = machine.run("run", "--wall", "1s", rest)
    machine.until_limited(second)
    check(leaves(machine.group) == [f"berth-{second.pid}"], f"{leaves(machine.group)}")
    finish(second, 124)


@case()
def the_compiler_is_in_it_too(machine):
    body = "(local.set 0 (i32.add (i32.mul (local.get 0) (i32.const 3)) (i32.const 1)))" * 60
    functions = "".join(f"(func (param i32) (result i32) {body} (local.get 0))" for _ in range(2000))
    large = machine.module("large", f'(module (memory (export "memory") 1) {functions} (func (export "_start")))')
    process = machine.run("run", large)
    worker = until(lambda: next(iter(children_of(process.pid)), None), "it compiles")
    check(group_of(worker) == machine.leaf(process).name, f"{group_of(worker)}")
    finish(process, 0)


@case()
def a_group_with_other_processes_is_left_as_it_is(machine):
    spin = machine.module("spin", SPIN)
    shell = machine.start("sh", "-c", '"$0" run --wall 2s "$1"; exit $?', machine.berth, spin)
    process = until(lambda: next(iter(children_of(shell.pid)), None), "it runs")
    while shell.poll() is None:
        check(group_of(process) in ("", machine.group.name), f"{group_of(process)}")
        check(leaves(machine.group) == [], f"{leaves(machine.group)}")
        time.sleep(0.05)
    finish(shell, 124)


@case("systemd")
def what_systemd_has_not_delegated_is_left_as_it_is(machine):
    rest = machine.module("rest", REST)
    unit = machine.group / "unit.service"
    unit.mkdir()
    process = machine.run("run", "--wall", "1s", rest, group=unit)
    while process.poll() is None:
        check(leaves(unit) == [], f"{leaves(unit)}")
        time.sleep(0.05)
    check("systemd hasn't delegated it" in doctor(machine, group=unit)["detail"], "doctor says so")
    os.setxattr(unit, "user.delegate", b"1")
    process = machine.run("run", "--wall", "1s", rest, group=unit)
    until(lambda: group_of(process.pid) == f"berth-{process.pid}", "it is delegated")
    finish(process, 124)


@case()
def who_wants_none_gets_none(machine):
    machine.owner('control-group = "off"')
    process = machine.run("run", "--wall", "1s", machine.module("spin", SPIN))
    while process.poll() is None:
        check(leaves(machine.group) == [], f"{leaves(machine.group)}")
    finish(process, 124)


@case()
def where_it_is_required_it_runs_with_all_controllers_or_not_at_all(machine):
    machine.owner('control-group = "require"')
    process = machine.run("run", "--wall", "1s", machine.module("spin", SPIN))
    missing = [name for name in ("cpu", "memory", "pids") if name not in machine.groups.controllers]
    if not missing:
        finish(process, 124)
        return
    errors = finish(process, 119)
    check(f"has no controller {', '.join(missing)}" in errors, errors)
    check(leaves(machine.group) == [], "nothing is left of the trial")


@case(group=False)
def where_it_is_required_and_there_is_none_nothing_runs(machine):
    spin = machine.module("spin", SPIN)
    machine.owner('control-group = "require"')
    for verb in (("run", spin), ("call", spin, "_start()"), ("serve", "--addr", "127.0.0.1:0", spin)):
        errors = finish(machine.run(*verb, group=False), 119)
        for part in ("requires a control group for berth alone", "host.toml", "systemd-run --user --scope -p Delegate=yes"):
            check(part in errors, f"'{part}' isn't in: {errors}")
    machine.owner('control-group = "use"')
    finish(machine.run("run", "--wall", "200ms", spin, group=False), 124)


@case(group=False)
def a_word_that_is_none_is_refused(machine):
    machine.owner('control-group = "on"')
    errors = finish(machine.run("run", machine.module("spin", SPIN), group=False), 120)
    check("'control-group' is \"use\"" in errors, errors)


def doctor(machine, **where):
    output, _ = machine.run("doctor", "--json", **where).communicate(timeout=120)
    return next(one for one in json.loads(output)["checks"] if one["name"] == "cgroup v2")


@case()
def doctor_says_what_a_run_would_have(machine):
    said = doctor(machine)
    check("a run takes a group of its own in it" in said["detail"], f"{said}")
    check(all(name in said["detail"] for name in machine.groups.controllers), f"{said}")
    check(said["ok"] == {"cpu", "memory", "pids"}.issubset(machine.groups.controllers), f"{said}")


@case(group=False)
def doctor_says_why_there_is_none(machine):
    said = doctor(machine, group=False)
    check(not said["ok"] and not said["needed"] and said["advice"], f"{said}")
    machine.owner('control-group = "require"')
    check(doctor(machine, group=False)["needed"], "it is needed where it is required")


@case()
def each_round_of_learning_is_beside_its_session(machine):
    (machine.root / "within.toml").write_text('grants = ["env KEY=value"]\n')
    session = machine.run("run", "--learn=auto", "--within", machine.root / "within.toml", "--learn-to",
                          machine.root / "learned.toml", "--wall", "2s", machine.module("rest", REST))  # fmt: skip

    def round_of():
        return next((child for child in children_of(session.pid) if group_of(child) == f"berth-{child}"), None)

    until(round_of, "a round in a group of its own")
    check(group_of(session.pid) == f"berth-{session.pid}", group_of(session.pid))
    session.communicate(timeout=120)
    check(words(machine.group / "cgroup.subtree_control") == [], "controllers are off again")


def served(machine, *options):
    guest = machine.guests / "web.wasm"
    server = machine.run("serve", "--json", "--addr", "127.0.0.1:0", *options, guest)
    check(server.stdout.readline(), "it serves")
    return server


@case()
def what_compiles_beside_a_server_has_a_group_of_its_own(machine):
    server = served(machine)
    leaf = machine.until_limited(server)
    beside = machine.group / f"{leaf.name}-companions"
    until(lambda: words(leaf / "cgroup.procs") == [str(server.pid)], "the server is alone")
    check(words(beside / "cgroup.procs") == [str(child) for child in children_of(server.pid)], "and so is the other")
    server.terminate()
    finish(server, 0)
    check(words(machine.group / "cgroup.subtree_control") == [], "controllers are off again")


@case("cpu", "memory", "pids")
def limits_follow_the_policy(machine):
    rest = machine.module("rest", REST)
    tasks = 32 + 8 * os.cpu_count()
    leaf = machine.until_limited(machine.run("run", "--limit", "cpu.share=20%", "--memory", "64MiB", rest))
    check(words(leaf / "cpu.max") == ["750000", "1000000"], f"{words(leaf / 'cpu.max')}")
    check(words(leaf / "pids.max") == [str(tasks)], f"{words(leaf / 'pids.max')}")
    check(words(leaf / "memory.oom.group") == ["1"], "all of it ends at once")
    memory = int((leaf / "memory.max").read_text())
    check((64 + 64 // 8 + 4 + 64) * MIB <= memory <= 400 * MIB, f"{memory / MIB} MiB")


@case("cpu", "memory", "pids")
def a_server_has_the_sum_of_its_modules(machine):
    guest = machine.guests / "web.wasm"
    policies = [machine.root / f"{number}.toml" for number in range(2)]
    for policy in policies:
        policy.write_text('[limits]\nmemory = "256MiB"\ninstances = 10\n')
    one = (machine.root / "one.toml", machine.root / "two.toml")
    for count, site in enumerate(one, 1):
        site.write_text("".join(f'[[route]]\nat = "/{n}"\nmodule = "{guest}"\npolicy = "{policies[n]}"\n'
                                for n in range(count)))  # fmt: skip
    found = []
    for site in one:
        server = machine.run("serve", "--json", "--addr", "127.0.0.1:0", "--site", site)
        check(server.stdout.readline(), "it serves")
        found.append(int((machine.until_limited(server) / "memory.max").read_text()))
        server.terminate()
        finish(server, 0)
    more = (found[1] - found[0]) / MIB
    check(308 - 48 <= more <= 308 + 48, f"a module more is 256 + 32 + 20 MiB, not {more}")


@case("cpu")
def a_group_weighs_what_its_nice_says(machine):
    rest = machine.module("rest", REST)
    for nice, weight in ((5, 33), (10, 11), (0, 100)):
        machine.owner(f"nice = {nice}")
        process = machine.run("run", "--wall", "1s", rest)
        leaf = machine.until_limited(process)
        weights = [int((group / "cpu.weight").read_text()) for group in (leaf, machine.group)]
        check(all(abs(found - weight) <= 1 for found in weights), f"nice {nice}: {weights}")
        finish(process, 124)
        check(words(machine.group / "cpu.weight") == ["100"], "the group above has its own again")


@case("cpu")
def a_module_leaves_the_processor_to_other_groups(machine):
    core = min(os.sched_getaffinity(0))
    spin = machine.module("spin", SPIN)
    other = machine.groups.make(f"{machine.group.name}-other")

    def part(*options):
        """Of what both get of one core."""
        module = machine.run("run", *options, spin, core=core)
        with busy(machine, other, core):
            until(lambda: cpu_microseconds(machine.group) > 1_000_000, "it spins")
            before = [cpu_microseconds(group) for group in (machine.group, other)]
            time.sleep(8)
            own, others = (cpu_microseconds(group) - then for group, then in zip((machine.group, other), before))
        module.kill()
        module.wait()
        return own / (own + others)

    try:
        # Nice alone says nothing between groups.
        found = part("--guard-off", "control-group")
        check(found > 0.4, f"half without a weight, not {found:.2f}")
        found = part()
        check(0.1 < found < 0.35, f"a quarter with its weight, not {found:.2f}")
    finally:
        machine.end()
        machine.group = None
        machine.groups.remove(other)


@case("cpu")
def past_its_share_the_kernel_stops_a_module(machine):
    spin = machine.module("spin", SPIN)
    process = machine.run("run", "--guard-off", "cpu-share", "--limit", "cpu.share=10%", spin)
    leaf = machine.until_limited(process)
    stopped = lambda: int(dict(line.split() for line in open(leaf / "cpu.stat"))["nr_throttled"])  # noqa: E731
    until(lambda: stopped() >= 2, "the kernel stops it")
    before, begin = cpu_microseconds(leaf), time.monotonic()
    time.sleep(8)
    used = (cpu_microseconds(leaf) - before) / 1e6 / (time.monotonic() - begin)
    check(used < 0.7, f"{used:.2f} of a core, of 0.625")


@case("cpu")
def within_its_share_the_kernel_never_stops_a_module(machine):
    spin = machine.module("spin", SPIN)
    process = machine.run("run", "--limit", "cpu.share=20%", "--wall", "8s", spin)
    leaf = machine.until_limited(process)
    stopped = []
    while process.poll() is None and (leaf / "cpu.stat").exists():
        fields = dict(line.split() for line in (leaf / "cpu.stat").read_text().splitlines())
        if "nr_throttled" in fields:  # not once it has given the group back
            stopped.append(int(fields["nr_throttled"]))
        time.sleep(0.2)
    finish(process, 124)
    check(stopped and max(stopped) == 0, f"{stopped}")


@case("memory")
def past_its_memory_the_kernel_ends_a_module(machine):
    grow = machine.module("grow", GROW.replace("PAGES", "24000"))
    options = ("run", "--memory", "64MiB", "--guard-off", "memory")
    process = machine.run(*options, grow)
    process.communicate(timeout=300)
    check(process.returncode == -9, f"exit status {process.returncode}")
    leaf = machine.leaf(process)
    events = dict(line.split() for line in (leaf / "memory.events").read_text().splitlines())
    check(int(events["oom_kill"]) > 0, f"{events}")
    for name in machine.groups.controllers:
        machine.groups.turn(machine.group, f"-{name}")
    # The wall is what ended it.
    finish(machine.run(*options, "--guard-off", "control-group", grow), 0)


@case("memory")
def within_its_memory_no_module_is_ended(machine):
    grow = machine.module("grow", GROW.replace("PAGES", "24000"))
    for memory in ("16MiB", "64MiB", "256MiB"):
        process = machine.run("run", "--json", "--memory", memory, grow)
        _, errors = process.communicate(timeout=300)
        check(process.returncode == 0, f"{memory}: exit status {process.returncode}: {errors}")


@case("pids")
def past_its_tasks_nothing_is_started(machine):
    leaf = machine.until_limited(machine.run("run", machine.module("rest", REST)))
    most = int((leaf / "pids.max").read_text())
    # As one that broke out of berth would. They end with the first of them.
    start = "\n".join(("import os, sys", "end, begin = os.pipe()", "for n in range(int(sys.argv[1])):",
                       "  if os.fork() == 0: os.close(begin), os.read(end, 1), os._exit(0)"))  # fmt: skip
    bomb = machine.start(sys.executable, "-c", start, str(most), group=leaf)
    errors = finish(bomb, 1)
    check("BlockingIOError" in errors, errors)
    check(int((leaf / "pids.current").read_text()) <= most, "no more than that")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--berth", type=Path, required=True)
    arguments.add_argument("--guests", type=Path, required=True)
    arguments.add_argument("--only", default="")
    options = arguments.parse_args()
    groups = Groups()
    if groups.top is None:
        print("no group can be made here: what moves into one isn't tried")
    else:
        print(f"controllers: {' '.join(groups.controllers) or 'none'}")
    there = groups.controllers + ["systemd"] * Path("/run/systemd/system").is_dir()
    passed, failed, left_out = 0, [], 0
    for number, (function, controllers, group) in enumerate(CASES):
        name = function.__name__.replace("_", " ")
        if options.only not in name:
            continue
        missing = [one for one in controllers if one not in there]
        if missing or (group and groups.top is None):
            print(f"not tried, without {', '.join(missing) or 'a group'}: {name}")
            left_out += 1
            continue
        with tempfile.TemporaryDirectory() as root:
            machine = Machine(options.berth.resolve(), options.guests.resolve(), Path(root), groups, f"case-{number}")
            try:
                function(machine)
                print(f"ok: {name}", flush=True)
                passed += 1
            except Exception:
                print(f"FAILED: {name}\n{traceback.format_exc()}", flush=True)
                failed.append(name)
            finally:
                machine.end()
    groups.close()
    print(f"{passed} passed, {len(failed)} failed, {left_out} couldn't be tried")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
