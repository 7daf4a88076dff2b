#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the owner of a machine gives to all modules together, tried with several berth processes at once.

Each case has a fresh state and settings of its own. The ones about the CPU pin everything to one core and compare
what processes got of it beside each other, so that a machine that is busy with other things makes them slower but not
wrong. With `--guard-off total` the cases that are marked must fail: that is tried, too.

One line a case, and a closing count. The status is 0 when all passed.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from contextlib import contextmanager
from pathlib import Path

from processes import MIB, REST, SPIN, User, check

CASES = []


def case(guarded=False):
    def add(function):
        CASES.append((function, guarded))
        return function

    return add


class Machine(User):
    """A user who has the guests, and gives all of them the same options."""

    def __init__(self, berth, root, options=()):
        super().__init__(berth, root)
        self.options = list(options)
        for name, text in (("spin", SPIN), ("rest", REST)):
            self.module(name, text)
        self.owner("")

    def owner(self, text):
        # The total is what is looked at: nobody yields but where a case is about that.
        if "[priority]" not in text:
            text += '\n[priority]\npressure = "ignore"\n'
        self.settings(text)

    def start(self, module, *options, core=None, verb="run"):
        pin = (lambda: os.sched_setaffinity(0, {core})) if core is not None else None
        return self.launch([self.berth, verb, *self.options, *options, self.root / f"{module}.wat"], pin)

    def run(self, *command):
        return subprocess.run([self.berth, *command], env=self.environment, capture_output=True, text=True, timeout=120)

    def modules(self):
        done = self.run("ps", "--json")
        check(done.returncode == 0, f"ps: {done.stderr}")
        return json.loads(done.stdout)["modules"]

    def until(self, count):
        """Waits until so many modules run, and gives them."""
        for _ in range(600):
            modules = self.modules()
            if len(modules) == count:
                return modules
            time.sleep(0.1)
        raise AssertionError(f"{count} modules should run, not {modules}")


def finish(process, status=None):
    output, errors = process.communicate(timeout=300)
    check(status is None or process.returncode == status, f"exit status {process.returncode}: {errors}")
    return errors


def cpu_seconds(process):
    """What a process has used, as the system counts it."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(processes, seconds):
    """What each of them uses of the CPU in that time."""
    before = [cpu_seconds(process) for process in processes]
    begin = time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - begin
    return [(cpu_seconds(process) - then) / passed for process, then in zip(processes, before)]


@contextmanager
def busy(count, core):
    """Programs that want all they can get of a core, and are nobody's module."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"],
                              preexec_fn=lambda: os.sched_setaffinity(0, {core})) for _ in range(count)]  # fmt: skip
    try:
        yield loops
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


@case(guarded=True)
def memory_is_set_aside_at_the_start(machine):
    machine.owner('[total]\nmemory = "300MiB"\n')
    first = machine.start("rest", "--memory", "200MiB")
    machine.until(1)
    errors = finish(machine.start("rest", "--memory", "101MiB", "--wall", "2s"), 119)
    for part in ("there is no room for rest.wat", "100 MiB are left", f"(process {first.pid})",
                 "--limit memory=100MiB", "host.toml"):  # fmt: skip
        check(part in errors, f"'{part}' isn't in: {errors}")
    finish(machine.start("rest", "--memory", "100MiB", "--wall", "200ms"), 124)


@case(guarded=True)
def nothing_of_it_is_lost_when_a_process_is_killed(machine):
    machine.owner('[total]\nmemory = "256MiB"\n')
    for _ in range(5):
        first = machine.start("rest", "--memory", "256MiB")
        machine.until(1)
        finish(machine.start("rest", "--memory", "1MiB", "--wall", "5s"), 119)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        check(machine.modules() == [], "a killed one is still there")
        finish(machine.start("rest", "--memory", "256MiB", "--wall", "100ms"), 124)


@case(guarded=True)
def of_many_that_start_at_once_no_more_are_let_in_than_there_is_room_for(machine):
    machine.owner('[total]\nmemory = "100MiB"\n')
    crowd = [machine.start("rest", "--memory", "30MiB", "--wall", "20s") for _ in range(12)]
    for _ in range(400):
        if sum(process.poll() is not None for process in crowd) >= 9:
            break
        time.sleep(0.1)
    check(len(machine.modules()) == 3, f"{len(machine.modules())} run")
    ended = [process for process in crowd if process.poll() is not None]
    check(len(ended) == 9, f"{len(ended)} were refused")
    check(all(process.returncode == 119 for process in ended), "another exit status")


@case(guarded=True)
def storage_is_set_aside_and_a_folder_without_a_bound_is_not(machine):
    machine.owner('[total]\nstorage = "10MiB"\n')
    for name in ("a", "b"):
        (machine.root / name).mkdir()
    machine.start("rest", "--grant", f"files {machine.root}/a:/a:rw:quota=8MiB")
    machine.until(1)
    grant = f"files {machine.root}/b:/b:rw"
    errors = finish(machine.start("rest", "--wall", "2s", "--grant", grant), 119)
    check("it has no limit 'storage'" in errors, errors)
    errors = finish(machine.start("rest", "--wall", "2s", "--grant", grant, "--limit", "storage=3MiB"), 119)
    check("2 MiB are left: 8 MiB for rest.wat" in errors, errors)
    finish(machine.start("rest", "--wall", "200ms", "--grant", grant, "--limit", "storage=2MiB"), 124)


@case(guarded=True)
def connections_are_set_aside(machine):
    machine.owner("[total]\nnetwork.connections = 10\n")
    grant = ("--grant", "socket.out tcp://127.0.0.1:9")
    machine.start("rest", *grant, "--limit", "network.connections=7")
    machine.until(1)
    errors = finish(machine.start("rest", "--wall", "2s", *grant, "--limit", "network.connections=4"), 119)
    check("3 are left: 7 for rest.wat" in errors, errors)
    errors = finish(machine.start("rest", "--wall", "2s", *grant), 119)
    check("it has no limit 'network.connections'" in errors, errors)
    # One without a grant of the network needs none.
    finish(machine.start("rest", "--wall", "200ms"), 124)


@case(guarded=True)
def what_lies_in_volumes_counts_when_nobody_uses_them(machine):
    machine.owner('[total]\nstorage = "10MiB"\n')
    finish(machine.start("rest", "--wall", "200ms", "--grant", "files @kept:rw:quota=10MiB"), 124)
    with open(machine.root / "state" / "volumes" / "kept" / "data" / "file", "wb") as file:
        file.truncate(6 * MIB)
    errors = finish(machine.start("rest", "--wall", "2s", "--grant", "files @more:rw:quota=5MiB"), 119)
    check("4 MiB are left: 6 MiB in volumes that nobody uses now" in errors, errors)
    finish(machine.start("rest", "--wall", "200ms", "--grant", "files @kept:rw:quota=10MiB"), 124)


@case()
def a_wrong_owners_file_is_refused(machine):
    for text, said in (
        ("[total]\nmemory = 0\n", "cannot set limit 'memory'"),
        ('[total]\nwall = "1s"\n', "'wall' can't be set for all modules together"),
        ("total = 3\n", "'total' is a table"),
        ("[priority]\nnice = 20\n", "'nice' is a whole number from 0"),
        ("[priority]\nnic = 1\n", "did you mean 'nice'"),
        ('[priority]\nio = "last"\n', "'io' is \"idle\" or \"normal\""),
        ('[priority]\ncontrol-groups = "off"\n', "did you mean 'control-group'"),
    ):
        machine.settings(text)
        errors = finish(machine.start("rest", "--wall", "1s"), 120)
        check(said in errors, f"{text!r}: {errors}")


@case()
def without_a_total_a_table_that_cannot_be_kept_is_done_without(machine):
    (machine.root / "state").mkdir(mode=0o700)
    (machine.root / "state" / "running").mkdir()
    finish(machine.start("rest", "--wall", "200ms"), 124)
    machine.owner('[total]\nmemory = "2GiB"\n')
    errors = finish(machine.start("rest", "--wall", "200ms"), 119)
    check("running" in errors, errors)


@case(guarded=True)
def the_total_of_the_cpu_holds_over_processes(machine):
    machine.owner('[total]\ncpu.share = "30%"\n')
    core = min(os.sched_getaffinity(0))
    processes = [machine.start("spin", "--wall", "60s", core=core) for _ in range(3)]
    machine.until(3)
    time.sleep(1)
    used = measured(processes, 6)
    check(0.26 <= sum(used) <= 0.32, f"{used}")
    check(all(0.07 <= part <= 0.13 for part in used), f"they don't have the same: {used}")


@case(guarded=True)
def weights_divide_the_total(machine):
    machine.owner('[total]\ncpu.share = "40%"\n')
    core = min(os.sched_getaffinity(0))
    processes = [machine.start("spin", "--wall", "60s", "--limit", f"cpu.weight={weight}", core=core)
                 for weight in (300, 100)]  # fmt: skip
    machine.until(2)
    time.sleep(1)
    heavy, light = measured(processes, 6)
    check(2.5 <= heavy / light <= 3.5 and 0.35 <= heavy + light <= 0.42, f"{heavy} and {light}")
    processes[0].kill()
    processes[0].wait()
    time.sleep(1)
    (alone,) = measured(processes[1:], 4)
    check(0.34 <= alone <= 0.42, f"alone it has {alone}")


@case(guarded=True)
def one_that_rests_leaves_the_cpu_to_the_others(machine):
    machine.owner('[total]\ncpu.share = "30%"\n')
    core = min(os.sched_getaffinity(0))
    machine.start("rest", "--limit", "cpu.weight=10000", core=core)
    small = machine.start("spin", "--wall", "60s", "--limit", "cpu.share=5%", core=core)
    large = machine.start("spin", "--wall", "60s", core=core)
    machine.until(3)
    time.sleep(1)
    used = measured([small, large], 5)
    check(0.03 <= used[0] <= 0.07 and 0.15 <= used[1] <= 0.27, f"{used}")


@case()
def modules_give_way_to_programs_that_wait(machine):
    if not Path("/proc/pressure/cpu").exists():
        raise AssertionError("this kernel has no pressure stall information: start it with psi=1")
    core = min(os.sched_getaffinity(0))
    used = {}
    for what in ("ignore", "yield"):
        machine.owner(f'[priority]\nnice = 0\npressure = "{what}"\n[total]\ncpu.share = "50%"\n')
        module = machine.start("spin", "--wall", "60s", core=core)
        machine.until(1)
        with busy(2, core):
            time.sleep(3)
            (used[what],) = measured([module], 4)
        module.kill()
        module.wait()
        machine.until(0)
    check(used["yield"] <= 0.75 * used["ignore"], f"{used}")
    check(used["yield"] >= 0.01, f"it has to go on: {used}")


@case()
def who_gives_way_to_nobody_is_not_slowed_by_what_others_gave_up(machine):
    core = min(os.sched_getaffinity(0))
    priority = '[priority]\nnice = 0\npressure = "{}"\n[total]\ncpu.share = "50%"\n'
    machine.owner(priority.format("yield"))
    module = machine.start("spin", "--wall", "60s", core=core)
    machine.until(1)
    with busy(2, core):
        time.sleep(4)
        # It has given up most, and takes nothing back any more.
        module.kill()
        module.wait()
    machine.owner(priority.format("ignore"))
    (used,) = measured([machine.start("spin", "--wall", "60s", core=core)], 5)
    check(used >= 0.4, f"of the half that there is it gets {used}")


@case()
def a_module_is_nice_unless_the_owner_says_otherwise(machine):
    machine.owner('[priority]\npressure = "yield"\n')
    first = machine.start("rest")
    machine.until(1)
    threads = list(Path(f"/proc/{first.pid}/task").iterdir())
    nices = {os.getpriority(os.PRIO_PROCESS, int(thread.name)) for thread in threads}
    check(nices == {max(5, os.getpriority(os.PRIO_PROCESS, 0))}, f"{nices}")
    said = subprocess.run(["ionice", "-p", str(first.pid)], capture_output=True, text=True, check=True).stdout
    check(said.strip() == "idle", said)
    machine.owner('[priority]\nnice = 12\nio = "normal"\n')
    second = machine.start("rest")
    machine.until(2)
    check(os.getpriority(os.PRIO_PROCESS, second.pid) == 12, "another nice")
    said = subprocess.run(["ionice", "-p", str(second.pid)], capture_output=True, text=True, check=True).stdout
    check(said.strip() != "idle", said)


@case()
def ps_says_what_is_set_aside(machine):
    check("no module runs" in machine.run("ps").stdout, "ps of none")
    machine.owner('[total]\nmemory = "1GiB"\n')
    process = machine.start("rest", "--memory", "64MiB", "--limit", "cpu.share=25%", "--limit", "cpu.weight=50")
    (module,) = machine.until(1)
    check(module["process"] == process.pid and module["module"] == "rest.wat", f"{module}")
    check(module["memory_bytes"] == 64 * MIB and module["cpu_weight"] == 50, f"{module}")
    text = machine.run("ps").stdout
    check("64 MiB" in text and "rest.wat" in text and "memory 1GiB" in text, text)


def attempt(function, berth, options):
    """What went wrong, or nothing."""
    with tempfile.TemporaryDirectory() as root:
        machine = Machine(berth, Path(root), options)
        try:
            function(machine)
        except AssertionError as error:
            return str(error) or traceback.format_exc()
        finally:
            machine.end()
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="only cases with one of these in their names")
    parser.add_argument("--berth", required=True)
    parser.add_argument("--no-guards-off", action="store_true", help="for a berth without test switches")
    asked = parser.parse_args()
    berth = str(Path(asked.berth).resolve())
    passed = failed = 0

    def note(name, wrong):
        nonlocal passed, failed
        passed, failed = passed + (wrong is None), failed + (wrong is not None)
        print(f"{'ok  ' if wrong is None else 'FAIL'} {name}{'' if wrong is None else ': ' + wrong}", flush=True)

    for function, guarded in CASES:
        name = function.__name__.replace("_", " ")
        if asked.words and not any(word in name for word in asked.words):
            continue
        note(name, attempt(function, berth, []))
        if guarded and not asked.no_guards_off:
            opened = attempt(function, berth, ["--guard-off", "total"])
            note(f"{name}: seen to fail without the guard", None if opened else "it passes without the guard")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
