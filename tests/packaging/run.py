#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Installs libberth from a build and uses it as a stranger would: a project outside of the tree finds it by CMake, shared
and static, and by pkg-config, and runs a guest. Holds what libberth.so shows against what the headers declare."""

import argparse
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from stranger import CXX_FLAGS, ROOT, check, environment, output

HERE = Path(__file__).resolve().parent
GREETING = "Hello, World!\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="the build that is installed")
    parser.add_argument("--guests", type=Path, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="berth-packaging-") as folder:
        run(options, Path(folder))
    return 0


def run(options, folder):
    prefix = installed(options.build, folder)
    shows_its_own_names_alone(prefix)
    guest = options.guests / "greeting-rust.wasm"
    check(guest.exists(), f"there is no guest {guest}: build it with `make guests`")
    for name, program in (
        ("CMake, shared", by_cmake(prefix, folder, "shared")),
        ("CMake, static", by_cmake(prefix, folder, "static")),
        ("pkg-config", by_pkg_config(prefix, folder)),
    ):
        said = output(program, guest, env=environment(folder) | {"LD_LIBRARY_PATH": str(prefix / "lib")})
        check(said == GREETING, f"{name}: the program said {said!r}")
        is_static = "libberth" not in output("readelf", "--dynamic", program)
        check(is_static == (name == "CMake, static"), f"{name}: it is linked the other way")
        print(f"{name}: {said}", end="")


def installed(build, folder):
    """Installs into a folder that stands for the root of another machine, then moves what is there: nothing may have
    kept where it was built."""
    output("cmake", "--install", build, "--prefix", "/opt/berth", "--component", "library",
           env=os.environ | {"DESTDIR": str(folder / "root")})  # fmt: skip
    prefix = folder / "moved"
    shutil.move(folder / "root" / "opt" / "berth", prefix)
    left = [path for path in (folder / "root").rglob("*") if path.is_file()]
    check(not left, f"something was installed outside of the prefix: {left}")
    for path in list((prefix / "lib").rglob("*.cmake")) + list((prefix / "lib").rglob("*.pc")):
        text = path.read_text()
        check(str(ROOT) not in text and "/opt/berth" not in text, f"{path} names a folder of where it was made")
    return prefix


def shows_its_own_names_alone(prefix):
    library = prefix / "lib" / "libberth.so"
    dynamic = output("readelf", "--dynamic", library)
    soname = re.search(r"soname: \[(.*)\]", dynamic)
    check(soname and re.fullmatch(r"libberth\.so\.\d+\.\d+", soname[1]), f"its name is {soname and soname[1]}")
    check((prefix / "lib" / soname[1]).exists(), f"{soname[1]} isn't installed")
    declared = declared_names(prefix / "include" / "berth")
    shown = output("nm", "--dynamic", "--defined-only", "--demangle", "--format=just-symbols", library).splitlines()
    shown = [name for name in shown if name.strip()]
    for name in shown:
        bare = re.sub(r"^(typeinfo( name)?|vtable) for ", "", name).removesuffix("[abi:cxx11]")
        path = re.match(r"berth::((?:\w+::)*)[~\w]+", bare)
        check(path, f"libberth.so shows '{name}', which isn't berth's")
        words = re.findall(r"\w+", path[0])[1:]
        unknown = [word for word in words if word not in declared]
        check(not unknown, f"libberth.so shows '{name}', and no header declares {unknown}")
        check("::Parts" not in path[0], f"libberth.so shows '{name}', which is nobody's business")
    for needed in ("berth::Host::create", "berth::Module::instantiate", "berth::Plugins::implementing", "berth::fits"):
        check(any(name.startswith(needed + "(") for name in shown), f"libberth.so doesn't show {needed}")
    print(f"libberth.so: {len(shown)} names")


def declared_names(headers):
    """Every word of the headers that isn't in a comment."""
    text = "\n".join(path.read_text() for path in headers.glob("*.h"))
    return set(re.findall(r"\w+", re.sub(r"//.*", "", text)))


def by_cmake(prefix, folder, linkage):
    build = folder / linkage
    output("cmake", "-S", strangers_sources(folder), "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}", f"-DLINKAGE={linkage}")
    output("cmake", "--build", build)
    return build / "consumer"


def by_pkg_config(prefix, folder):
    where = os.environ | {"PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}
    flags = output("pkg-config", "--cflags", "--libs", "berth", env=where).split()
    check(f"-I{prefix}/lib/pkgconfig/../../include" in flags or f"-I{prefix}/include" in flags, f"its flags are {flags}")
    program = folder / "by-pkg-config"
    output("c++", "-std=c++23", *CXX_FLAGS.split(), strangers_sources(folder) / "main.cc", "-o", program, *flags)
    return program


def strangers_sources(folder):
    """A copy: what a path like ../../include reaches isn't there."""
    copy = folder / "consumer"
    if not copy.exists():
        shutil.copytree(HERE / "consumer", copy)
    return copy


if __name__ == "__main__":
    sys.exit(main())
