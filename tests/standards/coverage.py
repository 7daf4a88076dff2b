# SPDX-License-Identifier: Apache-2.0
"""Checks that the tables of README.md and the guests' cases say the same.

A table stands under a heading with the suite's name in brackets (`## … (p2)`) and has a line for each function:
`| function | codes that a case shows | codes that none can provoke, each with the letter of its reason |`.
The reasons are a list: `- **a**: why`.
"""

import re

ROW = re.compile(r"^\| `(?P<function>[^`]+)` \| (?P<shown>[^|]*) \| (?P<missing>[^|]*) \|$")
REASON = re.compile(r"^- \*\*(?P<letter>[a-z]+)\*\*: ")
SUITE = re.compile(r"^## .*\((?P<suite>p\d)\)$")
MISSING = re.compile(r"^(?P<code>[a-z0-9-]+) \((?P<letter>[a-z]+)\)$")


def check(readme, listed):
    """Returns what is wrong, a sentence each; `listed` has the case names of each suite."""
    wrong = []
    tables, reasons = read(readme, wrong)
    used = set()
    for suite, names in listed.items():
        table = tables.get(suite, {})
        shown = {}
        for name in names:
            function, answer = name.split(":")[:2]
            shown.setdefault(function, set()).add(answer)
        for function in sorted(set(shown) - set(table)):
            wrong.append(f"{suite}: no line for {function}")
        for function, (codes, missing) in table.items():
            have = shown.get(function, set())
            for code in sorted(codes - have):
                wrong.append(f"{suite}: no case {function}:{code}")
            for code in sorted(have - codes):
                wrong.append(f"{suite}: the line of {function} doesn't name {code}, which a case shows")
            for code in sorted(set(missing) & have):
                wrong.append(f"{suite}: {function}:{code} is said to be impossible, and a case shows it")
            for code, letter in missing.items():
                used.add(letter)
                if letter not in reasons:
                    wrong.append(f"{suite}: {function} {code} names the reason {letter}, which isn't explained")
    for letter in sorted(reasons - used):
        wrong.append(f"the reason {letter} is used nowhere")
    return wrong


def read(readme, wrong):
    """The tables, {suite: {function: (codes shown, {code: letter})}}, and the letters of the reasons."""
    tables, reasons, suite = {}, set(), None
    for line in readme.read_text().splitlines():
        if line.startswith("## "):
            heading = SUITE.match(line)
            suite = heading["suite"] if heading else None
        reason = REASON.match(line)
        if reason:
            reasons.add(reason["letter"])
        row = ROW.match(line)
        if not row or suite is None:
            continue
        missing = {}
        for part in words(row["missing"]):
            named = MISSING.match(part)
            if named:
                missing[named["code"]] = named["letter"]
            else:
                wrong.append(f"{suite}: can't read {part!r} in the line of {row['function']}")
        tables.setdefault(suite, {})[row["function"]] = (set(words(row["shown"])), missing)
    return tables, reasons


def words(cell):
    return [word.strip() for word in cell.split(",") if word.strip() not in ("", "–")]
