#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Programs that use an installed wasifs.

`consumer_test.py install BUILD PREFIX` installs the build tree and moves what it
installed to PREFIX: nothing in it may know where it was made for.

`consumer_test.py NAME PREFIX` copies a consumer out of the source tree, builds it
against PREFIX with nothing else of wasifs in sight, runs it and compares what it
prints. The compilers come from the environment: CC and CXX.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
C_OUTPUT = """\
/data/note: hello
/kv/greeting: from C
/data
/data/note
/kv
/kv/greeting
guest
all freed, ABI 0
"""
CXX_OUTPUT = """\
/data/note: hello
/kv/greeting: from C++
/data
/data/note
/kv
/kv/greeting
guest
counted
"""


def run(*command, **options):
    words = [str(word) for word in command]
    done = subprocess.run(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def one(found, what):
    paths = sorted(found)
    if len(paths) != 1:
        sys.exit(f"expected one {what}, found {[str(path) for path in paths]}")
    return paths[0]


def install(build, prefix):
    first = prefix.with_name(prefix.name + ".first")
    for path in (first, prefix):
        shutil.rmtree(path, ignore_errors=True)
    run("cmake", "--install", build, "--prefix", first)
    first.rename(prefix)
    for name in ("include/wasifs/wasifs.h", "bin/wasifs", "share/doc/wasifs/LICENSE"):
        one(prefix.glob(name), name)
    for name in ("*.cmake", "*.pc"):
        for path in prefix.rglob(name):
            for foreign in (first, build, HERE):
                if str(foreign) in path.read_text(encoding="utf-8"):
                    sys.exit(f"{path} names {foreign}")


def with_cmake(source, prefix, work, *settings):
    run("cmake", "-S", source, "-B", work / "build", f"-DCMAKE_PREFIX_PATH={prefix}", *settings)
    run("cmake", "--build", work / "build")
    return work / "build" / "consumer"


def with_pkg_config(source, prefix, work, compiler, *flags, static=False):
    """Compiles as a Makefile would, with what pkg-config says."""
    folder = one(prefix.rglob("wasifs.pc"), "wasifs.pc").parent
    environment = dict(os.environ, PKG_CONFIG_PATH=str(folder))

    def ask(*what):
        return run("pkg-config", *what, "wasifs", env=environment).split()

    libraries = ask("--libs", "--static") if static else ask("--libs")
    if static:
        # Where both libraries are there, -lwasifs is the shared one.
        archive = one(prefix.rglob("libwasifs.a"), "libwasifs.a")
        libraries = [str(archive) if word == "-lwasifs" else word for word in libraries]
    program = work / "consumer"
    run(compiler, *flags, "-Wall", "-Wextra", "-Wpedantic", "-Werror", *ask("--cflags"), *source, "-o", program,
        *libraries)
    return program


def consumer(name, prefix, work):
    """Builds the consumer `name`; gives the program and what it has to print."""
    language, way = name.split("_", 1)
    source = work / "source"
    shutil.copytree(HERE / language, source)
    if language == "c":
        if way == "cmake":
            return with_cmake(source, prefix, work), C_OUTPUT
        if way == "cmake_static":
            return with_cmake(source, prefix, work, "-DWASIFS_TARGET=wasifs::static"), C_OUTPUT
        return with_pkg_config([source / "main.c"], prefix, work, os.environ["CC"], "-std=c11",
                               static=way == "pkgconfig_static"), C_OUTPUT
    if way == "pkgconfig":
        return with_pkg_config([source / "main.cpp"], prefix, work, os.environ["CXX"],
                               "-std=c++23"), CXX_OUTPUT
    component, target = {"shared": ("shared", "wasifs::wasifs"), "static": ("static", "wasifs::static")}[way]
    return with_cmake(source, prefix, work, f"-DWASIFS_COMPONENTS={component}",
                      f"-DWASIFS_TARGET={target}"), CXX_OUTPUT


def test(name, prefix):
    with tempfile.TemporaryDirectory(prefix="wasifs-consumer-") as folder:
        work = Path(folder)
        program, wanted = consumer(name, prefix, work)
        needed = run("ldd", program)
        if ("libwasifs.so.0" in needed) == name.endswith("static"):
            sys.exit(f"{name} links the wrong library:\n{needed}")
        if "fuse" in needed:
            sys.exit(f"{name} links libfuse:\n{needed}")
        library = one(prefix.rglob("libwasifs.so.0"), "libwasifs.so.0").parent
        printed = run(program, env=dict(os.environ, LD_LIBRARY_PATH=str(library)))
        if printed != wanted:
            sys.exit(f"{name} printed:\n{printed}instead of:\n{wanted}")


if __name__ == "__main__":
    if sys.argv[1] == "install":
        install(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        test(sys.argv[1], Path(sys.argv[2]))
