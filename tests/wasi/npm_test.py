#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Programs that others have built, on composed roots.

  npm_test.py PREFIX

Through the Node.js example and an installed wasifs: Ruby works with files on a root of
two layers, and a program of wasi_unstable prints what it is given. Prints a line that
begins with "SKIPPED: " where npm or a network is missing.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from examples_test import EXAMPLES, NO_NETWORK, skip

HERE = Path(__file__).resolve().parent / "npm"
MANIFEST = """manifest-version = 1
[[mount]]
guest = "/site"
type = "overlay"
layers = ["./upper", "./lower"]
"""


def install(folder):
    if shutil.which("npm") is None or shutil.which("node") is None:
        skip("no npm; install nodejs and npm")
    for name in ("wasifs.mjs", "main.mjs"):
        shutil.copy(EXAMPLES / "embed_node" / name, folder)
    for path in HERE.iterdir():
        shutil.copy(path, folder)
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, text=True, capture_output=True,
                          check=False)
    if any(word in done.stderr for word in NO_NETWORK):
        skip("no network: npm cannot get Ruby and the others")
    if done.returncode != 0:
        sys.exit(f"npm ci: exit status {done.returncode}\n{done.stderr}")


def compose(folder):
    """Two layers, of which the lower one must not change."""
    for name in ("upper", "lower/many"):
        (folder / name).mkdir(parents=True)
    (folder / "upper" / "upper.txt").write_text("upper\n", encoding="utf-8")
    (folder / "lower" / "lower.txt").write_text("lower\n", encoding="utf-8")
    for number in range(200):
        (folder / "lower" / "many" / f"f{number:03}.txt").write_text("x", encoding="utf-8")
    (folder / "root.toml").write_text(MANIFEST, encoding="utf-8")
    return folder / "root.toml"


def expect(folder, environment, wanted, *command):
    done = subprocess.run(["node", *map(str, command)], cwd=folder, env=environment, text=True, capture_output=True,
                          timeout=300, check=False)
    if done.returncode != 0 or wanted not in done.stdout:
        sys.exit(f"node {' '.join(map(str, command))}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    print(f"{command[0]}: printed {wanted!r}")


def main():
    library = next(Path(sys.argv[1]).rglob("libwasifs.so.0"))
    environment = dict(os.environ, WASIFS_LIBRARY=str(library))
    with tempfile.TemporaryDirectory(prefix="wasifs-npm-") as name:
        folder = Path(name)
        install(folder)
        source = compose(folder)
        expect(folder, environment, ": all checked", "ruby.mjs", source, "files.rb")
        if (folder / "lower" / "lower.txt").read_text(encoding="utf-8") != "lower\n":
            sys.exit("the lower layer has changed")
        expect(folder, environment, "< moo from below >", "main.mjs", "--source", source,
               "node_modules/wasi/example/cowsay.wasm", "moo from below")


if __name__ == "__main__":
    main()
