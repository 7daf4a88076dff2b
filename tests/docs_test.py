#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what the documents name: README.md, CONTRIBUTING.md, docs/ and the READMEs of examples/ and tests/.

- A relative link leads to a file, and its #anchor to a heading there.
- A path in backticks exists. It counts as a path if it begins with a folder or a file of the checkout's top, or
  stands beside the document; `*` stands for any name. build/ may not be there yet.
- `make VERB` and `berth VERB` name verbs that there are, in backticks and in fenced shell blocks; the options given
  to a berth verb are in its --help.
- A fenced block whose fence names a file, as in ```toml examples/app.toml, stands in that file, line by line.

--self-test shows that each of these can fail.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "docs/**/*.md", "examples/**/*.md", "tests/**/*.md", "bench/**/*.md"]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
SHELL = ("sh", "bash", "text", "console")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", type=Path, help="the binary whose verbs and options count")
    parser.add_argument("--self-test", action="store_true", help="feed it documents that are wrong")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    checkout = Checkout(ROOT, Binary(options.berth) if options.berth else None)
    complaints = [line for document in checkout.documents() for line in checkout.check(document)]
    print("".join(f"{line}\n" for line in complaints), end="")
    return 1 if complaints else 0


class Binary:
    """The verbs and options of a berth, by asking it."""

    def __init__(self, path):
        self.path = path

    @lru_cache(maxsize=None)
    def help(self, *verb):
        """The help of a verb, or of one of its own, or nothing if there is no such verb."""
        finished = subprocess.run([self.path, *verb, "--help"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return finished.stdout if finished.returncode == 0 else None


class Checkout:
    def __init__(self, root, binary):
        self.root = root
        self.binary = binary
        self.make_verbs = set(re.findall(r"^([a-z-]+):.*## ", (root / "Makefile").read_text(), re.MULTILINE))
        self.top = {path.name for path in root.iterdir()} | {"build"}

    def documents(self):
        found = {path for pattern in DOCUMENTS for path in self.root.glob(pattern)}
        return sorted(path for path in found if "node_modules" not in path.parts and "target" not in path.parts)

    def check(self, document):
        """What is wrong in a document, a line each."""
        name = document.relative_to(self.root)
        complaints = []
        prose, blocks = split(document.read_text())
        for number, line in prose:
            for link in LINK.findall(CODE.sub("", line)):
                complaints += [f"{name}:{number}: {text}" for text in self.check_link(document, link)]
            for code in CODE.findall(line):
                complaints += [f"{name}:{number}: {text}" for text in self.check_code(document, code)]
        for number, info, lines in blocks:
            complaints += [f"{name}:{number}: {text}" for text in self.check_block(info, lines)]
        return complaints

    def check_link(self, document, link):
        if re.match(r"[a-z]+:", link):
            return []
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        if not target.exists():
            return [f"the link {link} leads nowhere"]
        if anchor and target.suffix == ".md" and anchor not in anchors(target.read_text()):
            return [f"the link {link} leads to no heading"]
        return []

    def check_code(self, document, code):
        words = code.split()
        if words[0] in ("make", "berth"):
            return self.check_command(code)
        if len(words) > 1 or "/" not in code or not re.fullmatch(r"[\w./*{},-]+", code):
            return []
        first = code.removeprefix("./").split("/")[0]
        if first not in self.top or first == "build":
            return []
        if exists(self.root, code) or exists(document.parent, code):
            return []
        return [f"there is no {code}"]

    def check_command(self, command):
        words = re.split(r"\s+#|[|;&>]", command)[0].split()
        if len(words) < 2 or not re.fullmatch(r"[a-z][a-z-]*", words[1]):
            return []
        if words[0] == "make":
            return [] if words[1] in self.make_verbs else [f"`make` has no verb {words[1]}"]
        if not self.binary:
            return []
        help_text = self.binary.help(words[1])
        if help_text is None:
            return [f"`berth` has no verb {words[1]}"]
        verb = [words[1]]
        if len(words) > 2 and re.fullmatch(r"[a-z][a-z-]*", words[2]) and re.search(rf"^  {re.escape(words[2])}\s", help_text, re.MULTILINE):
            verb.append(words[2])
            help_text = self.binary.help(*verb) or ""
        complaints = []
        for word in words[len(verb) + 1 :]:
            if re.search(r"\.(wasm|wat)$|^MODULE$", word):
                break  # what follows is the guest's
            option = word.split("=")[0]
            if re.fullmatch(r"--[a-z-]+", option) and not re.search(rf"{option}\b(?!-)", help_text):
                complaints.append(f"`berth {' '.join(verb)}` has no option {option}")
        return complaints

    def check_block(self, info, lines):
        language, _, file = info.partition(" ")
        complaints = []
        if file:
            if not (self.root / file).is_file():
                return [f"the block is of {file}, which is not there"]
            if "\n".join([*lines, ""]) not in (self.root / file).read_text() + "\n":
                complaints.append(f"the block is not what stands in {file}")
        if language in SHELL:
            for line in lines:
                command = line.removeprefix("$ ")
                # Of output that is shown, only what a prompt precedes is a command.
                if language in ("text", "console") and command == line:
                    continue
                if re.match(r"(make|berth) ", command):
                    complaints += self.check_command(command)
        return complaints


def split(text):
    """The numbered lines outside of fences, and the fenced blocks as (line number, info string, lines)."""
    prose, blocks, block = [], [], None
    for number, line in enumerate(text.splitlines(), start=1):
        fence = re.match(r"\s*```(.*)", line)
        if fence and block is None:
            block = (number, fence[1].strip(), [])
        elif fence:
            blocks.append(block)
            block = None
        elif block is not None:
            block[2].append(line)
        else:
            prose.append((number, line))
    return prose, blocks


def anchors(text):
    """The anchors that a page gives its headings."""
    headings = [line.lstrip("#").strip() for _, line in split(text)[0] if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def exists(folder, pattern):
    """Whether a path is there; `*` and `{a,b}` as in a shell."""
    choice = re.search(r"\{([^}]*)\}", pattern)
    if choice:
        chosen = [pattern.replace(choice[0], word, 1) for word in choice[1].split(",")]
        return all(exists(folder, one) for one in chosen)
    return any(folder.glob(pattern.removeprefix("./").rstrip("/")))


def self_test():
    """Each case is a document and what has to be found in it; None: nothing."""

    class FakeBinary:
        def help(self, *verb):
            texts = {"run": "  --dir HOST\n  --quiet", "content": "  add  keep files\n", "content add": "--name TEXT"}
            return texts.get(" ".join(verb))

    files = {"Makefile": "test:  ## run\n", "docs/a.md": "# One thing: two\n", "src/b.toml": "x = 1\ny = 2\n"}
    cases = [
        ("[a](docs/a.md#one-thing-two) [w](https://example.com) `src/b.toml` `src/*.toml` `a/b` `build/x`", None),
        ("`make test T=x` and `berth run --dir x m.wasm --other`", None),
        ("`berth content add --name x`", None),
        ("`berth content add --nmae x`", "`berth content add` has no option --nmae"),
        ("`berth content --name x`", "`berth content` has no option --name"),
        ("`berth run --dir x --quiet m.wasm`", None),
        ("`berth` `make`, `berth run MODULE`, `src/{b.toml,../src}`", None),
        ("```toml src/b.toml\ny = 2\n```\n```sh\nmake test   # runs\nberth run --quiet m.wasm\n```", None),
        ("```text\nberth made this\n```", None),
        ("[a](docs/b.md)", "leads nowhere"),
        ("[a](docs/a.md#three)", "leads to no heading"),
        ("see `src/c.toml`", "there is no src/c.toml"),
        ("see `src/*.cc`", "there is no src/*.cc"),
        ("`make tset`", "no verb tset"),
        ("```sh\nmake tset\n```", "no verb tset"),
        ("`berth fly`", "no verb fly"),
        ("```text\n$ berth fly\n```", "no verb fly"),
        ("`berth run --dirs x m.wasm`", "no option --dirs"),
        ("```toml src/b.toml\ny = 3\n```", "not what stands in"),
        ("```toml src/c.toml\ny = 3\n```", "which is not there"),
    ]
    failures = 0
    for text, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            for name, content in {**files, "README.md": text}.items():
                (Path(folder) / name).parent.mkdir(exist_ok=True)
                (Path(folder) / name).write_text(content)
            found = Checkout(Path(folder), FakeBinary()).check(Path(folder) / "README.md")
        if (expected is None and found) or (expected and not any(expected in line for line in found)):
            failures += 1
            print(f"{text}: expected {expected or 'nothing'}, found {found or 'nothing'}")
    print(f"{len(cases) - failures} passed, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
