#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what a module's token costs a start: `berth run` of a signed module against the same one unsigned.

Both are compiled already. The bound is on a module of 20 MB (25 ms); beside it stand a small one and, for comparison,
the SHA-256 of the same bytes, which is what a module is known by. Exit status 1 when the bound is missed.

  python3 bench/claims.py --berth build/release/src/cli/berth
"""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LARGE = 20_000_000
BOUND_MS = 25


def length(number):
    text = bytearray()
    while True:
        text.append(number & 0x7F | (0x80 if number > 0x7F else 0))
        number >>= 7
        if not number:
            return bytes(text)


def padded(module, size):
    """The module with a section of random bytes that nobody reads."""
    body = b"\x04data" + os.urandom(size - len(module) - 10)
    return module + b"\0" + length(len(body)) + body


class Bench:
    def __init__(self, berth, folder):
        self.berth = berth
        self.folder = folder
        self.environment = {**os.environ, "BERTH_CONFIG": str(folder / "config"), "BERTH_STATE": str(folder / "state")}
        self.run("keys", "new", "operator", "harbour")
        self.run("keys", "new", "account", "shop")
        self.run("sign", "--account", "shop", "--as", "harbour")
        key = self.run("keys", "export", "harbour").strip()
        (folder / "config/trust.toml").write_text(f'[operator.harbour]\nkey = "{key}"\n')

    def run(self, *words):
        return subprocess.run([self.berth, *map(str, words)], check=True, capture_output=True, text=True,
                              env=self.environment).stdout  # fmt: skip

    def milliseconds(self, *words):
        """Wall and CPU time of a process."""
        began = time.perf_counter()
        process = subprocess.Popen([self.berth, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env=self.environment)  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise SystemExit(f"berth {words} ends with {process.returncode}")
        return wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000

    def start(self, name, data, pairs):
        """Medians of both starts and of their differences, in ms; of the differences, the CPU time's too, which holds
        on a machine that is busy."""
        bare, signed = self.folder / f"{name}.wasm", self.folder / f"{name}-signed.wasm"
        bare.write_bytes(data)
        self.run("sign", bare, "--as", "shop", "--out", signed)
        for module in (bare, signed):
            self.run("run", module)
        times = {bare: [], signed: []}
        for i in range(pairs):
            for module in (bare, signed) if i % 2 else (signed, bare):
                times[module].append(self.milliseconds("run", module))
        both = list(zip(times[bare], times[signed]))
        return {"module": name, "bytes": len(data),
                "unsigned_ms": statistics.median(wall for wall, _ in times[bare]),
                "signed_ms": statistics.median(wall for wall, _ in times[signed]),
                "token_ms": statistics.median(after[0] - before[0] for before, after in both),
                "token_cpu_ms": statistics.median(after[1] - before[1] for before, after in both)}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", type=Path, default=ROOT / "build/release/src/cli/berth")
    parser.add_argument("--guests", type=Path, default=ROOT / "build/guests")
    parser.add_argument("--pairs", type=int, default=41)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="berth-bench-") as name:
        bench = Bench(asked.berth.resolve(), Path(name))
        hello = (asked.guests / "hello.wasm").read_bytes()
        large = padded(hello, LARGE)
        rows = [bench.start("hello", hello, asked.pairs), bench.start("20-MB", large, asked.pairs)]
    digests = []
    for _ in range(5):
        began = time.perf_counter()
        hashlib.sha256(large).digest()
        digests.append((time.perf_counter() - began) * 1000)
    met = rows[1]["token_ms"] < BOUND_MS
    if asked.json:
        print(json.dumps({"rows": rows, "sha256_ms": min(digests), "bound_ms": BOUND_MS, "met": met}, indent=2))
        return 0 if met else 1
    for row in rows:
        print(f"{row['module']:<6} {row['bytes']:>9} bytes: unsigned {row['unsigned_ms']:6.1f} ms, signed "
              f"{row['signed_ms']:6.1f} ms, the token {row['token_ms']:5.2f} ms, of CPU {row['token_cpu_ms']:5.2f} ms")
    print(f"SHA-256 of the 20 MB: {min(digests):.1f} ms; the token's bound {BOUND_MS} ms: {'met' if met else 'MISSED'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
