# SPDX-License-Identifier: Apache-2.0
"""One run of a program, measured."""

import os
import subprocess
import tempfile
import time


def timed(command, environment):
    """Seconds, and the most bytes in memory; what it prints goes nowhere."""
    took, memory, _ = measured(command, environment, subprocess.DEVNULL)
    return took, memory


def timed_print(command, environment):
    """Seconds, the most bytes in memory, and the text that it prints."""
    return measured(command, environment, subprocess.PIPE)


def measured(command, environment, out):
    command = [str(word) for word in command]
    with tempfile.TemporaryFile() as said:
        began = time.monotonic()
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=said)
        printed = process.stdout.read().decode().strip() if process.stdout else None
        _, status, used = os.wait4(process.pid, 0)
        took = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            raise SystemExit(f"{command} ends with {process.returncode}: {said.read().decode()}")
    return took, used.ru_maxrss * 1024, printed
