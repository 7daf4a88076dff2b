# SPDX-License-Identifier: Apache-2.0
"""One run of a program, measured."""

import os
import subprocess
import tempfile
import time


def timed(command, environment):
    """Seconds, the most bytes in memory, and what it prints."""
    command = [str(word) for word in command]
    with tempfile.TemporaryFile() as said:
        began = time.monotonic()
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=said)
        printed = process.stdout.read().decode().strip()
        _, status, used = os.wait4(process.pid, 0)
        took = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            raise SystemExit(f"{command} ends with {process.returncode}: {said.read().decode()}")
    return took, used.ru_maxrss * 1024, printed
