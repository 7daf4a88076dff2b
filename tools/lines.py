#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints how many lines of C++ and of Rust berth has, and Rust's share, which ought to stay small.

Counted are the lines in src/ and engine/ that hold code: no blank ones, no comments, no tests, no generated header.
"""

import argparse
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = {"C++": ("src", (".h", ".cc")), "Rust": ("engine", (".rs",))}


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    counts = {language: count(*where) for language, where in LANGUAGES.items()}
    for language, folders in counts.items():
        print(f"{language:8} {sum(folders.values()):7}  " + ", ".join(f"{k} {v}" for k, v in folders.items()))
    rust = sum(counts["Rust"].values())
    print(f"Rust's share: {100 * rust / (rust + sum(counts['C++'].values())):.1f} %")


def count(folder, endings):
    """Lines of code in each subfolder."""
    counts = {}
    for path in sorted((ROOT / folder).rglob("*")):
        if path.suffix in endings and not path.stem.endswith("_test") and "target" not in path.parts:
            room = path.relative_to(ROOT / folder).parts[0]
            counts[room] = counts.get(room, 0) + lines_of_code(path)
    return counts


def lines_of_code(path):
    text = path.read_text()
    if path.suffix == ".rs":
        text = re.split(r"^#\[cfg\(test\)\]\nmod ", text, maxsplit=1, flags=re.MULTILINE)[0]
    lines = (line.strip() for line in text.splitlines())
    return sum(1 for line in lines if line and not line.startswith("//"))


if __name__ == "__main__":
    main()
