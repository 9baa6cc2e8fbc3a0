#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random packages, written by the reference implementation and by wasifs: the same bytes.

  writer_test.py WRITE_AGAIN [--cases N] [--seed N]

The reference is an npm package. Prints a line that begins with "SKIPPED: " where npm or
a network is missing.
"""

import argparse
import base64
import hashlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
NO_NETWORK = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH")
NAMES = ("a", "b.txt", "lib", "li", "lib2", "x y", "Z", "ünï", "-o", "data", "modified", "0", "日本", "a.b", "😀")
PROGRAM = b"\0asm\1\0\0\0"


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(0)


def encoded(content):
    return base64.b64encode(content).decode("ascii")


def file_of(rand):
    size = rand.choice([0, 1, 24, 255, 256, 5000, 70000])
    return {"data": encoded(rand.randbytes(size)), "modified": rand.choice([0, 1, 1700000000, 2**33])}


def tree_of(rand, depth):
    tree = {}
    for name in rand.sample(NAMES, rand.randrange(len(NAMES) if depth == 0 else 5)):
        folder = rand.random() < 0.35 and depth < 12
        tree[name] = tree_of(rand, depth + 1) if folder else file_of(rand)
    # The interface takes a directory that has both for a file.
    if {"data", "modified"} <= tree.keys():
        del tree["modified"]
    return tree


def program_of(rand):
    """An empty module with a section of any bytes that runtimes pass over."""
    content = rand.randbytes(rand.randrange(100))
    return PROGRAM + bytes([0, len(content) + 2, 1]) + b"x" + content


def case_of(number, rand):
    places = rand.sample(["/v", "/w", "/opt/x", "/usr/share/y", "/é"], rand.randrange(4))
    programs = {f"program{i}": encoded(program_of(rand)) for i in range(rand.randrange(3))}
    commands = {f"run-{name}": name for name in programs}
    return {
        "name": f"case{number}",
        "volumes": {place: tree_of(rand, 0) for place in places},
        "programs": programs,
        "commands": commands,
    }


def install(folder):
    if shutil.which("npm") is None or shutil.which("node") is None:
        skip("no npm; install nodejs and npm")
    for name in ("package.json", "package-lock.json", "write.mjs"):
        shutil.copy(HERE / name, folder)
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, text=True, capture_output=True,
                          check=False)
    if any(word in done.stderr for word in NO_NETWORK):
        skip("no network: npm cannot get the reference implementation")
    if done.returncode != 0:
        sys.exit(f"npm ci: exit status {done.returncode}\n{done.stderr}")


def run(*command, **options):
    done = subprocess.run(command, text=True, capture_output=True, check=False, timeout=900, **options)
    if done.returncode != 0:
        sys.exit(f"{command[0]}: exit status {done.returncode}\n{done.stdout}{done.stderr}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("write_again")
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wasifs-oracle-") as name:
        folder = Path(name)
        install(folder)
        rand = random.Random(given.seed)
        cases = [case_of(number, rand) for number in range(given.cases)]
        described = folder / "cases.json"
        described.write_text(json.dumps(cases), encoding="utf-8")
        run("node", "write.mjs", described, folder, cwd=folder)
        run(given.write_again, described, folder)
        different, size = 0, 0
        for case in cases:
            theirs = (folder / f"{case['name']}.webc").read_bytes()
            ours = (folder / f"{case['name']}.ours.webc").read_bytes()
            size += len(theirs)
            if theirs != ours:
                different += 1
                at = next((i for i, pair in enumerate(zip(theirs, ours)) if pair[0] != pair[1]), "the end")
                print(f"{case['name']}: {len(theirs)} bytes {hashlib.sha256(theirs).hexdigest()}, ours {len(ours)} "
                      f"bytes {hashlib.sha256(ours).hexdigest()}, different from byte {at} on")
        print(f"{len(cases)} packages, {size} bytes, {different} different")
        sys.exit(1 if different or size == 0 else 0)


if __name__ == "__main__":
    main()
