#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Has berth bindgen write headers for worlds with every type, odd names, both sides, and for those of WASI, and compiles
them as a strict program would. What they do is tried by use_test.cc.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")


class Bindgen:
    def __init__(self, berth, folder):
        self.berth, self.folder, self.headers = berth, folder, []

    def run(self, path, *options):
        return subprocess.run([self.berth, "bindgen", path, "--out", self.folder, "--json", *options], capture_output=True,
                              text=True)  # fmt: skip

    def header(self, path, *options):
        """Its text, and what was left out of it."""
        done = self.run(path, *options)
        assert done.returncode == 0, f"{path}: {done.stderr}"
        said = json.loads(done.stdout)
        self.headers.append(said["header"])
        return Path(said["header"]).read_text(), said["left_out"]

    def compile(self):
        """Each alone, so that none leans on another."""
        for header in self.headers:
            with tempfile.NamedTemporaryFile("w", suffix=".cc") as source:
                source.write(f'#include "{header}"\nint main() {{}}\n')
                source.flush()
                command = ["g++", "-std=gnu++23", *WARNINGS, "-fsyntax-only", f"-I{ROOT / 'include'}", source.name]
                done = subprocess.run(command, capture_output=True, text=True)
                assert done.returncode == 0, f"{header}:\n{done.stderr[:3000]}"
        return len(self.headers)


def wasi():
    """The WIT of WASI that comes with the engine: of 0.2, and HTTP of 0.3."""
    here = f"{platform.machine()}-unknown-linux-gnu"
    command = [ROOT / "tools/cargo.sh", "metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", here]
    packages = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["packages"]
    folders = {package["name"]: Path(package["manifest_path"]).parent for package in packages}
    return folders["wasmtime-wasi"] / "src/p2/wit", folders["wasmtime-wasi-http"] / "src/p3/wit"


def worlds(bindgen, guests):
    text, left_out = bindgen.header(ROOT / "tests/bindgen/wit", "--world", "both")
    assert "namespace exports::std_::odd::shelf {" in text, "the module's side has no resources of its own"
    assert "/// Two lines of docs,\n/// of which one ends with a backslash: \n" not in text, "a comment goes on"
    assert len(left_out) == 2 and "std:odd/later@1.0.0.none: " in "".join(left_out), left_out
    answer = "virtual void wait(uint32_t ms, ::berth::Answer<void> answer_) = 0;"
    assert answer in text, "an async function of the program doesn't answer later"
    bindgen.header(ROOT / "tests/bindgen/wit", "--world", "nothing")
    bindgen.header(ROOT / "tests/guests/wit/greeting")
    p2, http = wasi()
    text, _ = bindgen.header(p2, "--world", "wasi:cli/imports", "--wasi")
    assert "class Descriptor {" in text, "the files of WASI have no class"
    text, _ = bindgen.header(p2, "--world", "wasi:cli/command")
    assert "class Descriptor {" not in text and "class Exports {" in text, "what berth gives is asked of the program"
    text, left_out = bindgen.header(http, "--world", "wasi:http/service", "--wasi")
    assert not any("wasi:http/client" in line for line in left_out), f"async functions are left out: {left_out}"
    assert "::berth::Stream<uint8_t>" in text, "bodies aren't streams"
    text, _ = bindgen.header(guests / "web.wasm", "--wasi")
    assert "class OutgoingBody {" in text, "a component's world isn't whole"


def mistakes(bindgen, folder):
    done = bindgen.run(ROOT / "tests/bindgen/wit")
    assert done.returncode != 0 and "both" in done.stderr and "nothing" in done.stderr, done.stderr
    done = bindgen.run(ROOT / "tests/bindgen/wit", "--world", "third")
    assert done.returncode != 0 and "third" in done.stderr, done.stderr
    done = bindgen.run(folder / "none.wit")
    assert done.returncode != 0 and "none.wit" in done.stderr, done.stderr
    (folder / "broken.wit").write_text("package a:b;\nworld w {\n  import f: func(;\n}\n")
    done = bindgen.run(folder / "broken.wit")
    assert done.returncode != 0 and "broken.wit:3:" in done.stderr, f"without its place: {done.stderr}"
    (folder / "file").write_text("")
    done = subprocess.run([bindgen.berth, "bindgen", ROOT / "tests/guests/wit/greeting", "--out", folder / "file/x"],
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode != 0 and "can't be made" in done.stderr, done.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", type=Path, required=True)
    parser.add_argument("--guests", type=Path, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        bindgen = Bindgen(options.berth.resolve(), folder)
        worlds(bindgen, options.guests)
        mistakes(bindgen, folder)
        print(f"{bindgen.compile()} headers compile")


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        print(f"FAIL: {error}")
        sys.exit(1)
