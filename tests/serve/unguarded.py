#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs what holds a bound of berth serve for its clients once more with that bound's guard off: then it must fail, or it
shows nothing.

With their guards on the cases run where they are written. Needs a build with test switches. What is not here has no guard
of berth's own: that heads make sense and aren't smuggled (hyper), that small frames without end don't pile up and that a
head's fields are counted as they are unpacked (h2).
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import abuse
import run
import seen

# Each with what it says then.
CASES = (
    ("serve-body-bytes", run.what_is_too_large_is_said, "web", "with its length"),
    ("serve-body-bytes", abuse.a_body_without_end_is_cut_off, "web", "one that says its length"),
    ("serve-head-bytes", run.what_is_too_large_is_said, "web", "a long head"),
    # h2 counts them by how long a head may be.
    ("serve-head-bytes", abuse.heads_without_end_are_cut_off, "web", "with b'"),
    ("serve-head-time", abuse.slow_heads_are_let_go, "web", "are still there"),
    ("serve-head-time", abuse.slow_heads_by_tls_are_let_go, "web", "are still there"),
    ("serve-head-time", abuse.a_handshake_that_stalls_costs_a_connection, "web", "it is kept for ever"),
    ("serve-idle-time", run.slow_and_silent_clients_are_let_go, "web", "is kept for ever"),
    ("serve-drain-time", run.a_stop_lets_requests_end, "web", "timed out"),
    ("serve-connections", run.there_are_as_many_connections_as_there_may_be, "web", "an eleventh is served"),
    ("serve-queue", seen.who_finds_no_place_waits_in_order, "web", " 200 OK"),
    ("serve-queue-time", seen.who_waits_too_long_is_told_to_come_back, "web", " 200 OK"),
    ("serve-instances", run.one_too_many_is_told_to_come_back, "web", " 200 OK"),
    ("serve-instances", run.one_too_many_is_told_to_come_back, "web-p3", " 200 OK"),
    # h2 holds them to what it is told.
    ("serve-resets", abuse.streams_that_are_reset_at_once_keep_nobody_waiting, "web", "it goes on resetting"),
    ("serve-resets", abuse.streams_that_the_server_must_reset_keep_nobody_waiting, "web", "it goes on being reset"),
    ("serve-again", run.instances_answer_again_where_they_may, "web", "/trap: "),
    ("serve-again", run.an_instance_that_leaks_answers_no_more, "web", "/leak?10: "),
    ("serve-again", run.an_instance_that_leaks_answers_no_more, "web-p3", "/leak?10: "),
    ("wall", run.guests_that_fail_are_answered_for, "web", "/sleep?60000: "),
)


def without(guard, berth, root):
    """A berth whose servers have that guard off."""
    program = root / "berth"
    program.write_text(f'#!/bin/sh\nverb=$1\nshift\n[ "$verb" != serve ] || set -- --guard-off {guard} "$@"\n'
                       f'exec {berth} "$verb" "$@"\n')  # fmt: skip
    program.chmod(0o755)
    return str(program)


def falls(guard, function, module, asked):
    """What it says when it fails; nothing when it doesn't."""
    with tempfile.TemporaryDirectory() as root:
        root = Path(root)
        berth = without(guard, Path(asked.berth).resolve(), root)
        try:
            function(run.Machine(berth, Path(asked.guests).resolve(), root, asked, module))
        except (AssertionError, OSError, subprocess.TimeoutExpired) as error:
            return str(error)[:400]
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="only cases with one of these in their names")
    parser.add_argument("--berth", required=True)
    parser.add_argument("--guests", required=True)
    abuse.options(parser)
    asked = parser.parse_args()
    passed = failed = 0
    for guard, function, module, expected in CASES:
        name = f"without {guard}: {function.__name__.replace('_', ' ')} ({module})"
        if asked.words and not any(word in name for word in asked.words):
            continue
        said = falls(guard, function, module, asked)
        if said is None or expected not in said:
            failed += 1
            print(f"FAIL {name}: {said or 'it holds without its guard'}", flush=True)
        else:
            passed += 1
            print(f"ok   {name}: {said}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
