#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the sources against a trap of BERTH_TRY: it returns from within an expression, and what the braces around it have made by
then is never destroyed (GCC leaves it out for braces and for lambda captures, not for the arguments of calls). So nothing may
stand in front of a BERTH_TRY within such braces: what may fail is named first. Prints each place; the status is 0 when there is
none. With --self it tries itself on examples."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("src", "include", "tests", "examples", "bench")
TRY = re.compile(r"\bBERTH_TRY\(")
# Comments, texts and characters: none of their brackets count.
ASIDE = re.compile(r'//[^\n]*|/\*.*?\*/|R"\((?:.*?)\)"|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)+\'', re.DOTALL)
OPENERS = {")": "(", "]": "[", "}": "{"}
# What stands in front of the brace of a block, and not of a value.
BLOCK = re.compile(r"(\)|\bconst|\bnoexcept|\boverride|\bfinal|\belse|\bdo|\btry|->[^;{}()]*|:|;|\{|\}|^)$")


def blanked(text):
    """The same text without what doesn't count; digits keep their separators."""
    return ASIDE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), re.sub(r"(?<=\d)'(?=\d)", " ", text))


def is_trapped(text, at):
    """Whether braces around the place at `at` have made something before it."""
    depth = 0
    made = False
    for i in range(at - 1, -1, -1):
        c = text[i]
        if c in OPENERS:
            depth += 1
        elif c in OPENERS.values():
            if depth > 0:
                depth -= 1
                continue
            if c == "{" and BLOCK.search(text[:i].rstrip()[-200:]):
                return False
            if c in "{[" and made:
                return True
            # Arguments in front of it are destroyed; they count for the next braces outward.
        elif c == ";" and depth == 0:
            return False
        elif c == "," and depth == 0:
            made = True
    return False


def places(text):
    text = blanked(text)
    return [text.count("\n", 0, found.start()) + 1 for found in TRY.finditer(text) if is_trapped(text, found.start())]


def check_itself():
    wrong = (
        "void f() { A a{.x = text, .y = BERTH_TRY(g())}; }",
        "auto f() { return A{.x = BERTH_TRY(g()), .y = BERTH_TRY(g())}; }",
        "auto f() { all.push_back({.x = text, .y = BERTH_TRY(g())}); }",
        "auto f() { return A{.x = text, .y = h(1, BERTH_TRY(g()))}; }",
        "auto f() { auto g = [a = b, c = BERTH_TRY(d)] { return 1; }; }",
        "auto f() { std::vector<B> v{{a, b}, {BERTH_TRY(d)}}; }",
    )
    right = (
        "auto f() -> Result<int> { return h(text, BERTH_TRY(g())); }",
        "auto f() { return A{.x = BERTH_TRY(g()), .y = text}; }",
        'void f() { int a = 1, b = 2; c = BERTH_TRY(g("{,")); }',
        "void f(int a, int b) { if (a, b) { c = BERTH_TRY(g()); } }",
        "auto f() { h(a, [&](int b, int c) -> Result<void> { d = BERTH_TRY(g()); }); }",
        "auto f() { h(a, b, BERTH_TRY(g())); /* {a, */ }",
    )
    failed = [text for text in wrong if not places(text)] + [text for text in right if places(text)]
    for text in failed:
        print(f"judged wrongly: {text}")
    return 1 if failed else 0


def main():
    if sys.argv[1:] == ["--self"]:
        return check_itself()
    found = 0
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in (".cc", ".h"):
                continue
            for line in places(path.read_text()):
                found += 1
                print(f"{path.relative_to(ROOT)}:{line}: something in front of BERTH_TRY within these braces isn't destroyed when it returns")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
