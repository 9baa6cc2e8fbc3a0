#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what libwasifs.so shows with packaging/abi/libwasifs.symbols.

`symbols_test.py LIBRARY LIST [--update]`. The list has a line for each symbol that
is part of the contract: its version and its demangled name, sorted. What a
compiler may or may not leave out (weak copies of inline functions) is not.
"""

import difflib
import subprocess
import sys
from pathlib import Path

HEADER = """\
# SPDX-License-Identifier: Apache-2.0
# What libwasifs.so shows, by version. A name that goes or changes breaks programs:
# that takes a new SOVERSION. To update: tests/install/symbols_test.py LIBRARY LIST --update
"""


def shown(library):
    """The lines of the list that `library` should have."""
    output = subprocess.run(["nm", "-D", "-C", "--defined-only", "--with-symbol-versions", library],
                            text=True, check=True, stdout=subprocess.PIPE).stdout
    lines = set()
    for line in output.splitlines():
        _, kind, name = line.split(" ", 2)
        if kind == "A":  # the versions themselves
            continue
        name, _, version = name.partition("@@")
        ours = name.startswith(("wasifs::", "wasifs_")) or " for wasifs::" in name
        if not ours or not version.startswith("WASIFS_"):
            sys.exit(f"{library} shows what is not ours: {line}")
        if kind not in "WwVvu" or " for " in name:
            lines.add(f"{version} {name}")
    return sorted(lines)


def main(library, path, *options):
    found = shown(library)
    if "--update" in options:
        path.write_text(HEADER + "".join(line + "\n" for line in found), encoding="utf-8")
        return
    listed = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    if listed != found:
        diff = "\n".join(difflib.unified_diff(listed, found, str(path), library, lineterm="", n=0))
        sys.exit(f"{diff}\nIf that is meant: tests/install/symbols_test.py {library} {path} --update")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
