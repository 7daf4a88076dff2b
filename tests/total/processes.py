# SPDX-License-Identifier: Apache-2.0
"""berth processes at once: one user's folders, what is started with them, and guests small enough to be written here."""

import os
import subprocess

MIB = 1 << 20
SPIN = '(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))'
REST = """(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i64.store (i32.const 24) (i64.const 60000000000))
    (drop (call $poll (i32.const 0) (i32.const 256) (i32.const 1) (i32.const 512)))))"""


def check(true, said):
    if not true:
        raise AssertionError(said)


class User:
    """One user's folders. What was started is over at the `end`."""

    def __init__(self, berth, root, **environment):
        self.berth, self.root, self.running = berth, root, []
        self.environment = {**os.environ, "BERTH_STATE": str(root / "state"), "BERTH_CONFIG": str(root / "config"),
                            **environment}  # fmt: skip
        (root / "config").mkdir()

    def module(self, name, text):
        path = self.root / f"{name}.wat"
        path.write_text(text)
        return str(path)

    def settings(self, text):
        """What the owner of the machine says."""
        (self.root / "config" / "host.toml").write_text(text)

    def launch(self, command, first=None):
        """A process that does `first` before it is the command."""
        process = subprocess.Popen([str(word) for word in command], env=self.environment, text=True, preexec_fn=first,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
        self.running.append(process)
        return process

    def end(self):
        for process in self.running:
            process.kill()
            process.communicate()
