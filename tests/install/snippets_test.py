#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the README and the man page show an embedder, compiled and run.

`snippets_test.py SOURCE PREFIX` takes every C and C++ program out of both, builds it
against the wasifs installed in PREFIX and compares what it prints. The compilers come
from the environment: CC and CXX.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# What each program prints, in the order in which they come.
README = ["hello\n", "hello\n", "fd_write takes iiii\nhello\n"]
MANUAL = [".app\n.private\nbin\ndev\netc\nhome\ntmp\n", "", "sock_shutdown(ii)\n"]


def programs_of_readme(text):
    return [(language, code) for language, code in re.findall(r"^```(cpp|c)\n(.*?)^```$", text, re.M | re.S)]


def programs_of_manual(text):
    found = []
    for code in re.findall(r"^\.EX\n(.*?)^\.EE$", text, re.M | re.S):
        code = code.replace("\\e", "\\").replace("\\&", "").replace("\\-", "-")
        found.append(("cpp" if "wasifs::" in code else "c", code))
    return found


def build_and_run(language, code, prefix, work):
    source = work / f"snippet.{language}"
    source.write_text(code, encoding="utf-8")
    library = next(prefix.rglob("libwasifs.so.0")).parent
    environment = dict(os.environ, PKG_CONFIG_PATH=str(library / "pkgconfig"), LD_LIBRARY_PATH=str(library))
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "wasifs"], env=environment, check=True, text=True,
                           stdout=subprocess.PIPE).stdout.split()
    compiler = [os.environ["CXX"], "-std=c++23"] if language == "cpp" else [os.environ["CC"], "-std=c11"]
    command = [*compiler, "-Wall", "-Wextra", "-Wpedantic", "-Werror", str(source), "-o", str(work / "snippet"), *flags]
    subprocess.run(command, check=True)
    return subprocess.run([work / "snippet"], env=environment, check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def check(name, programs, wanted, prefix):
    if len(programs) != len(wanted):
        sys.exit(f"{name} has {len(programs)} programs, expected are {len(wanted)}")
    for number, ((language, code), output) in enumerate(zip(programs, wanted), 1):
        with tempfile.TemporaryDirectory(prefix="wasifs-snippet-") as work:
            printed = build_and_run(language, code, prefix, Path(work))
        # Of a list only the end is compared, and names come in no order.
        same = sorted(printed.splitlines()) == sorted(output.splitlines()) or \
            (number == 3 and output and printed.endswith(output))
        if not same:
            sys.exit(f"program {number} of {name} printed:\n{printed}instead of:\n{output}")


def main(source, prefix):
    readme = programs_of_readme((source / "README.md").read_text(encoding="utf-8"))
    manual = programs_of_manual((source / "packaging/man/wasifs-embed.7").read_text(encoding="utf-8"))
    check("README.md", readme, README, prefix)
    check("wasifs-embed.7", manual, MANUAL, prefix)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
