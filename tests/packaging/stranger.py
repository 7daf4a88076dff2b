# SPDX-License-Identifier: Apache-2.0
"""What a stranger has who uses an installed libberth: a copy of a folder of examples/ in no tree, an environment of
their own, warnings as errors."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CXX_FLAGS = "-Wall -Wextra -Wconversion -Wshadow -Werror"


def built(example, build, folder):
    """The folder with the programs of a copy of the example: what lies beside it in the tree isn't there."""
    output("cmake", "--install", build, "--prefix", folder / "prefix", "--component", "library")
    shutil.copytree(ROOT / "examples" / example, folder / "app", ignore=shutil.ignore_patterns("plugins"))
    output("cmake", "-S", folder / "app", "-B", folder / "made", f"-DCMAKE_PREFIX_PATH={folder / 'prefix'}",
           f"-DBERTH_PROGRAM={build / 'src' / 'cli' / 'berth'}", f"-DCMAKE_CXX_FLAGS={CXX_FLAGS}")  # fmt: skip
    output("cmake", "--build", folder / "made")
    return folder / "made"


def environment(folder):
    """Nothing of whoever runs the test."""
    return {"PATH": os.environ["PATH"], "HOME": str(folder)}


def tells_the_truth(document, said):
    """What a document shows after its prompts has to have been said."""
    shown = [line for block in re.findall(r"```text\n(.*?)```", document.read_text(), re.DOTALL)
             for line in block.splitlines() if line and not line.startswith(("$ ", "> "))]  # fmt: skip
    missing = [line for line in shown if line not in said]
    check(not missing, f"{document} shows what nobody says: {missing}")
    check(shown, f"{document} shows nothing")


def output(*command, env=None):
    done = subprocess.run([str(word) for word in command], env=env, capture_output=True, text=True, timeout=500)
    check(done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def check(holds, otherwise):
    if not holds:
        sys.exit(f"{Path(sys.argv[0]).stem}: {otherwise}")
