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
NAMES = ("a", "b.txt", "lib", "li", "lib2", "x y", "Z", "ünï", "-o", "data", "modified", "0", "日本", "a.b", "😀", ".hidden")
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
    """A module with a section of any bytes that runtimes pass over, or what is none."""
    content = rand.randbytes(rand.randrange(100))
    name = rand.choice([b"x", b"x", b"my-exceptions"])
    section = bytes([0, len(content) + 1 + len(name), len(name)]) + name + content
    tag = bytes([1, 4, 1, 0x60, 0, 0, 13, 3, 1, 0, 0])
    return PROGRAM + rand.choice([section, section, tag, b"", section[:-1], bytes([99, 0]), bytes([1, 0]), content])


def annotations_of(rand):
    wasi = {}
    if rand.random() < 0.5:
        wasi["main-args"] = rand.sample(["-c", "1", "ü", ""], rand.randrange(4))
    if rand.random() < 0.5:
        wasi["env"] = rand.sample(["A=B", "C", "D=é=f"], rand.randrange(3))
    if rand.random() < 0.3:
        wasi["cwd"] = "/v"
    own = {"z": rand.choice([0, 23, 24, 255, 256, 65536, 2**32, -1, -24, -25, -257, -(2**33)]),
           "a": rand.choice([0.5, 1.1, -0.25, 100000.5, 65504.5, 5.960464477539063e-08, 3.5e38]),
           "flag": rand.random() < 0.5, "list": [1, "two", [], {}]}
    annotations = {"own": own} if rand.random() < 0.5 else {}
    if wasi:
        annotations["wasi"] = wasi
    return annotations


def command_of(rand, name, program):
    command = {"name": name, "module": program}
    if rand.random() < 0.2:
        if rand.random() < 0.5:
            command["main_args"] = " a  b\tc "
        return command
    command["runner"] = rand.choice(["wasi", "wasi", "wcgi", "wasm4", "emscripten", "https://webc.org/runner/wasi"])
    annotations = annotations_of(rand)
    if annotations:
        command["annotations"] = annotations
    return command


def case_of(number, rand):
    places = rand.sample(["/v", "/w", "/opt/x", "/usr/share/y", "/é"], rand.randrange(4))
    programs = {f"program{i}": encoded(program_of(rand)) for i in range(rand.randrange(3))}
    case = {
        "name": f"case{number}",
        "volumes": {place: tree_of(rand, 0) for place in places},
        "programs": programs,
        "commands": [command_of(rand, f"run-{name}", name) for name in programs],
    }
    if rand.random() < 0.5:
        package = {"name": "some/package", "version": "1.2.3", "description": "what it is"}
        if rand.random() < 0.5:
            package |= {"homepage": "https://home.invalid/", "repository": "https://source.invalid/"}
        if rand.random() < 0.3:
            package["private"] = rand.random() < 0.5
        if case["commands"] and rand.random() < 0.5:
            package["entrypoint"] = rand.choice(case["commands"])["name"]
        case["package"] = package
    return case


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
    parser.add_argument("pack_again")
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="copy everything there where something differs")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wasifs-oracle-") as name:
        folder = Path(name)
        install(folder)
        rand = random.Random(given.seed)
        cases = [case_of(number, rand) for number in range(given.cases)]
        described = folder / "cases.json"
        described.write_text(json.dumps(cases), encoding="utf-8")
        run("node", "write.mjs", described, folder, cwd=folder)
        run(given.pack_again, described, folder)
        different, size = 0, 0
        for case in cases:
            theirs = (folder / f"{case['name']}.webc").read_bytes()
            size += len(theirs)
            for kind in ("ours", "again"):
                ours = (folder / f"{case['name']}.{kind}.webc").read_bytes()
                if theirs == ours:
                    continue
                different += 1
                at = next((i for i, pair in enumerate(zip(theirs, ours)) if pair[0] != pair[1]), "the end")
                print(f"{case['name']}: {len(theirs)} bytes {hashlib.sha256(theirs).hexdigest()}, {kind} {len(ours)} "
                      f"bytes {hashlib.sha256(ours).hexdigest()}, different from byte {at} on")
                if given.keep:
                    shutil.copytree(folder, given.keep, dirs_exist_ok=True,
                                    ignore=shutil.ignore_patterns("node_modules"))
        print(f"{len(cases)} packages, {size} bytes, packed from folders and unpacked and packed again: "
              f"{different} different")
        sys.exit(1 if different or size == 0 else 0)


if __name__ == "__main__":
    main()
