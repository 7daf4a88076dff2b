#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/reference/ from the comments and declarations of include/berth/: a page a header.

What is private, deleted, in `namespace detail` or said to be "For the library" is left out. The headers are formatted by
clang-format and declare what they show with `///` before it: this reads such C++ and no other.

--check says what has changed since, and writes nothing.
"""

import argparse
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEADERS = ROOT / "include" / "berth"
PAGES = ROOT / "docs" / "reference"
TYPE = re.compile(r"^(?:template <.*?>\s*(?:requires .*?)?)?(class|struct|enum class) ((?:\w+::)*\w+)", re.DOTALL)
LEFT_OUT = re.compile(r"= delete|^friend |^static_assert|^template <>")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with what is there")
    options = parser.parse_args()
    pages = written()
    there = {path.name: path.read_text() for path in PAGES.glob("*.md")}
    if options.check:
        stale = sorted(name for name in pages.keys() | there.keys() if pages.get(name) != there.get(name))
        for name in stale:
            print(f"docs/reference/{name} isn't what the headers say: run tools/reference.py")
        return 1 if stale else 0
    PAGES.mkdir(exist_ok=True)
    for name in there.keys() - pages.keys():
        (PAGES / name).unlink()
    for name, text in pages.items():
        (PAGES / name).write_text(text)
    return 0


def written():
    """The pages by their names."""
    umbrella = (HEADERS / "berth.h").read_text()
    pages, index = {}, []
    for header in re.findall(r'#include "berth/(\w+)\.h"', umbrella):
        lead, items = read((HEADERS / f"{header}.h").read_text())
        pages[f"{header}.md"] = page(header, lead, items)
        index.append(f"- [`berth/{header}.h`]({header}.md): {first_sentence(lead)}")
    pages["README.md"] = "\n".join([
        "# Reference", "",
        "Written by `tools/reference.py` from the headers: changes to it are lost. All of it comes with `#include <berth/berth.h>`.",
        "", *index, ""])  # fmt: skip
    return pages


@dataclass
class Item:
    """A declaration: what its comment says, and itself; of a type, what is in it."""

    comment: list
    text: str
    name: str = ""  # of a type
    body: str = ""  # of a type, as it stands
    members: list = field(default_factory=list)


def read(header):
    """The prose at the header's top, by lines, and its declarations."""
    top, _, rest = header.partition("#pragma once\n")
    lead = []
    lines = rest.splitlines()
    while lines and lines[0].startswith("//"):
        lead.append(lines.pop(0)[2:].removeprefix(" "))
    code = "\n".join(line for line in lines if not line.startswith("#"))
    return lead, list(declarations(code, in_type=False))


def declarations(code, in_type):
    """Those of a namespace or of a class, in their order."""
    at, comment, shown = 0, [], True
    while at < len(code):
        line_end = (code.find("\n", at) + 1) or len(code)
        line = code[at:line_end].strip()
        access = re.fullmatch(r"(public|private|protected):", line)
        if not line or line.startswith("//") or access:
            at = line_end
            if access:
                shown = access[1] == "public"
            comment = comment + [line[3:].removeprefix(" ")] if line.startswith("///") else []
            continue
        text, body, at = declaration(code, at)
        if text.startswith("namespace"):
            if text == "namespace berth":
                yield from declarations(body, in_type=False)
        elif shown and is_shown(text, comment, in_type):
            yield item(comment, text, body)
        comment = []


def declaration(code, at):
    """The text of the next one, what stands in its braces, and where it ends. An initialiser in braces is part of the text."""
    begin, depth = at, 0
    while True:
        letter = code[at]
        if code.startswith("//", at):
            at = code.find("\n", at)
            continue
        depth += (letter in "([") - (letter in ")]")
        if depth == 0 and letter == ";":
            return with_remark(code, begin, at)
        if depth == 0 and letter == "{":
            end = closing(code, at)
            head = code[begin:at].strip()
            if re.match(r";", code[end:]) and not TYPE.match(head):
                at = end  # an initialiser
                continue
            text = re.sub(r"\)\s*:\s*\w+\(.*", ")", head, flags=re.DOTALL)  # without what a constructor begins with
            after = end + 1 if code[end : end + 1] == ";" else end
            return text, code[at + 1 : end - 1], after
        at += 1


def with_remark(code, begin, semicolon):
    """A declaration with the remark that follows it on its line."""
    end = code.find("\n", semicolon)
    end = len(code) if end < 0 else end
    return code[begin:end].strip(), "", end


def closing(code, at):
    """Behind the brace that closes the one here."""
    depth = 0
    while True:
        if code.startswith("//", at):
            at = code.find("\n", at)
        depth += (code[at] == "{") - (code[at] == "}")
        at += 1
        if depth == 0:
            return at


def is_shown(text, comment, in_type):
    if LEFT_OUT.search(text) or (text.startswith("~") and not comment) or (comment and comment[0].startswith("For the library")):
        return False
    if TYPE.match(text):
        return not text.endswith(";")  # it is declared elsewhere
    if in_type:
        return True
    name = re.search(r"([\w:]+)(?:<[^()]*>)?\(", text)
    return not (name and "::" in name[1] and not name[1].startswith("std::"))  # a member's definition


def item(comment, text, body):
    of_type = TYPE.match(text)
    if not of_type:
        return Item(comment, text if text.endswith(";") or "//" in text else text + ";")
    made = Item(comment, text, name=of_type[2].split("::")[-1], body=dedent(body))
    if of_type[1] != "enum class":
        is_class = of_type[1] == "class"
        made.members = list(declarations("private:\n" + body if is_class else body, in_type=True))
    return made


def dedent(text):
    lines = text.strip("\n").rstrip().splitlines()
    least = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[least:].rstrip() for line in lines)


def page(header, lead, items):
    out = [f"# berth/{header}.h", "", "Written by `tools/reference.py`: changes to it are lost.", "", *prose(lead)]
    for one in items:
        out += ["", *(type_of(one) if one.name else function_of(one))]
    return "\n".join(out) + "\n"


def type_of(one):
    out = [f"## {one.name}", "", *prose(one.comment)]
    if is_plain(one):
        shown = f"{one.text} {{\n{indented(one.body)}\n}};" if one.body else one.text + ";"
        return [*out, *([""] if one.comment else []), *fenced(shown)]
    out += [*([""] if one.comment else []), *fenced(one.text + ";")]
    for member in one.members:
        whole = f"{member.text} {{\n{indented(member.body)}\n}};" if member.name else member.text
        out += ["", *function_of(Item(member.comment, whole))]
    return out


def is_plain(one):
    """Whether it is shown as it stands: fields alone."""
    kind = TYPE.match(one.text)[1]
    return kind == "enum class" or (kind == "struct" and all(is_field(member) for member in one.members))


def is_field(member):
    if member.name:
        return is_plain(member)
    return "operator==" in member.text or "(" not in member.text.split("{")[0].split("//")[0]


def function_of(one):
    return [*fenced(dedent_rest(one.text)), *([""] if one.comment else []), *prose(one.comment)]


def dedent_rest(text):
    """A member's later lines, moved as its first one is."""
    first, *rest = text.splitlines()
    return "\n".join([first, *(line.removeprefix("  ") for line in rest)])


def indented(text):
    return "\n".join(f"  {line}" if line else "" for line in text.splitlines())


def fenced(text):
    return ["```cpp", *text.splitlines(), "```"]


def prose(lines):
    """A comment's lines as Markdown: what is indented is code."""
    out, code = [], []
    for line in [*lines, None]:
        if line is not None and (line.startswith("  ") or (code and not line)):
            code.append(line[2:])
            continue
        if code:
            gap = not code[-1]
            out += ["```cpp", *dedent("\n".join(code)).splitlines(), "```", *([""] if gap or line else [])]
            code = []
        if line is not None:
            out.append(re.sub(r"(`[^`]*`)|<", lambda found: found[1] or "\\<", line))  # what is no code is no HTML either
    while out and not out[-1]:
        out.pop()
    return out


def first_sentence(lead):
    text = " ".join(line for line in lead if not line.startswith("  ")).split(". ")[0]
    return re.split(r":\s*$|:  |\.\s", text + " ")[0].strip().rstrip(".:")


if __name__ == "__main__":
    sys.exit(main())
