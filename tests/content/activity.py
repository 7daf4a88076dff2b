#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Modules that tell their owner of their work over berth:activity, in WASI 0.2 and 0.3: what is written, what is refused,
that a flood is held, and that what was accepted stays when berth is killed. The status is 0 when all of it held."""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from tools import PLACE, Berth, check, run_all

GUESTS = ("teller", "teller-p3")
KILLS = 20


class Teller:
    def __init__(self, options, root, guest):
        self.berth = Berth(options.berth, root)
        self.root, self.guest = Path(root), f"{guest}.wasm"
        self.root.mkdir()
        self.module, self.place = options.guests / self.guest, self.root / "events"

    def command(self, *words, options=()):
        return [self.berth.binary, "run", *map(str, options), self.module, *words]

    def run(self, *words, options=(), status=0):
        done = subprocess.run(self.command(*words, options=options), env=self.berth.environment, capture_output=True, text=True, timeout=120)
        check(done.returncode == status, f"{words} ends with {done.returncode}: {done.stdout} {done.stderr}")
        return done

    def events(self):
        return [json.loads(line) for line in self.place.read_text().splitlines()]


def told(teller):
    """Each kind, in its order, with its time; and the report counts them."""
    words = ("info", "found\n{}\x1b[2J", "error", "lost", "job", "job")
    done = teller.run(*words, options=("--activity", teller.place, "--json"))
    check(done.stdout == "", done.stdout)
    events = teller.events()
    check([event["kind"] for event in events] == ["info", "error", "job-completed", "job-completed"], events)
    check(all(event["module"] == teller.guest for event in events), events)
    check(all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["time"]) for event in events), events)
    check(events[0]["message"] == "found\n{}\x1b[2J" and events[3]["jobs"] == 2, events)
    check("\x1b" not in teller.place.read_text(), "a control character is written as it is")
    check(teller.place.stat().st_mode & 0o777 == 0o600, "others may read it")
    report = json.loads(done.stderr.splitlines()[-1])["activity"]
    check(report == {"info": 1, "errors": 1, "jobs_completed": 2, "dropped": 0}, report)
    done = teller.run("job", options=("--activity", "-", "--report"))
    check(json.loads(done.stdout)["jobs"] == 1, done.stdout)
    check("told: jobs completed 1, infos 0, errors 0, left out 0" in done.stderr, done.stderr)
    # What it prints by itself can't be taken for what it told.
    done = teller.run("flood", "1", options=("--activity", "-"))
    check([json.loads(line)["kind"] for line in done.stdout.splitlines()] == ["info"], done.stdout)
    check("0 refused" in done.stderr, done.stderr)
    # A line that somebody tore stays alone.
    teller.place.write_text('{"time": "20')
    teller.run("job", options=("--activity", teller.place))
    torn, whole = teller.place.read_text().splitlines()
    check(torn == '{"time": "20' and json.loads(whole)["jobs"] == 1, whole)
    for verb in ("call", "serve"):
        done = subprocess.run([teller.berth.binary, verb, "--activity", "-", teller.module], env=teller.berth.environment, capture_output=True, text=True, timeout=60)
        check(done.returncode == 120 and "give a file" in done.stderr, f"{verb}: {done.returncode} {done.stderr}")


def refused(teller):
    """Nothing without a grant, which is named; nothing where there is no place; too much at once."""
    done = teller.run("job")
    check(done.stdout.startswith("denied: ") and "--grant 'activity job-completed'" in done.stdout, done.stdout)
    check("denied: activity tell job-completed" in done.stderr, done.stderr)
    why = subprocess.run([teller.berth.binary, "why", teller.guest], env=teller.berth.environment, capture_output=True, text=True, timeout=60)
    check("activity job-completed" in why.stdout, why.stdout + why.stderr)
    check(teller.run("info", "a", options=("--grant", "activity info")).stdout.startswith("unavailable: "), "no place")
    options = ("--grant", "activity info", "--policy", teller.root / "policy.toml")
    (teller.root / "policy.toml").write_text('grants = ["activity error"]\n')
    done = teller.run("error", "a", "job", options=options)
    check([line.split(":")[0] for line in done.stdout.splitlines()] == ["unavailable", "denied"], done.stdout)
    done = teller.run("info", "a" * 5000, options=("--activity", teller.place))
    check(done.stdout.startswith("too-large: ") and teller.events() == [], done.stdout)
    done = teller.run("job", options=("--activity", teller.root / "none/events"), status=119)
    check("can't be written to" in done.stderr, done.stderr)
    done = teller.run("job", options=("--activity", "-", "--learn=auto"), status=120)
    check("--learn" in done.stderr, done.stderr)
    # The owner's word holds.
    (teller.root / "config").mkdir(mode=0o700, exist_ok=True)
    (teller.root / "config/host.toml").write_text('grants = ["stdio in,out,err", "activity info"]\n')
    done = teller.run("info", "a", "job", options=("--activity", teller.place))
    check(done.stdout.startswith("denied: ") and len(teller.events()) == 1, done.stdout)
    (teller.root / "config/host.toml").unlink()


def learned(teller):
    """What it asks for is proposed."""
    within = teller.root / "within.toml"
    within.write_text('grants = ["activity info,error,job-completed"]\n')
    policy = teller.root / "learned.toml"
    teller.run("info", "a", "job", options=("--learn=auto", "--within", within, "--learn-to", policy))
    check("activity info,job-completed" in policy.read_text(), policy.read_text())


def flooded(teller):
    """A flood is held, what it left out is said once, and the machine's owner hears of it."""
    done = teller.run("flood", "5000", options=("--activity", teller.place))
    count = int(done.stdout.split()[0])
    check(4000 < count < 4901 and "limited: " in done.stdout, done.stdout)
    events = teller.events()
    dropped = [event for event in events if event["kind"] == "dropped"]
    check(sum(event["events"] for event in dropped) == count, f"{dropped} for {count}")
    check(len(events) - len(dropped) == 5000 - count, f"{len(events)} events")
    check(f"{count} of the module's events were left out" in done.stderr, done.stderr)


def side_by_side(teller):
    """Several processes and one file: each line is whole."""
    runs = [subprocess.Popen(teller.command("flood", "90", "job", options=("--activity", teller.place)), env=teller.berth.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(8)]
    for run in runs:
        check(run.wait(timeout=120) == 0, run.stderr.read())
    kinds = [event["kind"] for event in teller.events()]
    check(kinds.count("info") == 8 * 90 and kinds.count("job-completed") == 8, kinds[:5])


def killed(teller):
    """What the module was told is kept is there, whenever berth is killed."""
    for number in range(KILLS):
        run = subprocess.Popen(teller.command("count", options=("--activity", teller.place)), env=teller.berth.environment, stdout=subprocess.PIPE)
        lines = [run.stdout.readline() for _ in range(1 + number * 4)]
        os.kill(run.pid, signal.SIGKILL)
        lines += run.stdout.readlines()
        run.wait(timeout=60)
        accepted = [line.decode().strip() for line in lines if line.endswith(b"\n")]
        kept = [event["message"] for event in teller.events()]
        check(kept[: len(accepted)] == accepted, f"{len(accepted)} were accepted, and {len(kept)} are there")
        teller.place.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--berth", required=True, type=Path)
    parser.add_argument("--guests", required=True, type=Path)
    options = parser.parse_args()
    options.berth, options.guests = options.berth.absolute(), options.guests.absolute()
    with tempfile.TemporaryDirectory(dir=PLACE, prefix="berth-activity-") as root:
        cases = [
            (f"{case.__name__} {guest}", partial(case, Teller(options, Path(root) / f"{guest}-{case.__name__}", guest)))
            for guest in GUESTS
            for case in (told, refused, learned, flooded, side_by_side, killed)
        ]
        return 1 if run_all(cases) else 0


if __name__ == "__main__":
    sys.exit(main())
