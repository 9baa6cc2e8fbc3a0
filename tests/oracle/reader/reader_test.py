#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random packages, listed by the reference implementation and by wasifs.

  reader_test.py WASIFS WRITE_PACKAGE LISTER.wasm [--cases N] [--seed N]

Each package has a program that lists what it is shown. The reference implementation (an
npm package) runs it, `wasifs run` does, and `wasifs tree` looks from outside; all have
to see the same: names, kinds, sizes, times, content, texts of links. Packages have
nested mounts, two mounts for one place, symlinks of all kinds, and dependencies that
have some of their own. Prints a line that begins with "SKIPPED: " where npm, a
network or the compiler of the lister is missing.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
NO_NETWORK = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH")
KIND = "https://webc.org/kind/wasm"
RUNNER = "https://webc.org/runner/wasi"
VERSION = "1.2.3"
TOPS = ("/t1", "/t2", "/t3")
NAMES = ("a", "b.txt", "lib", "x y", "Z", "ünï", "-o", "data.json", "deep", "0")


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(0)


@dataclass
class Package:
    name: str
    file: Path
    manifest: dict
    needs: list = field(default_factory=list)


class Cases:
    """Makes packages, each with all that it depends on."""

    def __init__(self, folder, write_package, lister, seed):
        self.folder = folder
        self.write_package = write_package
        self.lister = lister
        self.random = random.Random(seed)
        self.made = 0

    def text(self):
        return "".join(self.random.choice("abc\n é") for _ in range(self.random.randrange(60)))

    def link_text(self):
        """Relative, absolute, up and away, to itself, or to nothing."""
        return self.random.choice(
            ["a", "lib/a", "../a", "./b.txt", "nothing", "/a", "/lib/b.txt", "../../x", "lib", "deep/..", *TOPS]
        )

    def volume(self):
        entries, folders = {}, [""]
        for _ in range(self.random.randrange(1, 12)):
            parent = self.random.choice(folders)
            path = parent + self.random.choice(NAMES)
            if path in entries:
                continue
            modified = self.random.choice([0, 1, 2, 1700000000 + self.random.randrange(1000)])
            kind = self.random.randrange(10)
            if kind < 3:
                entries[path] = {"dir": True, "modified": modified}
                folders.append(path + "/")
            elif kind < 5:
                entries[path] = {"link": self.link_text(), "modified": modified}
            else:
                entries[path] = {"text": self.text(), "modified": modified}
        return entries

    def mounts(self, volumes, aliases):
        """Places for the volumes: plain, one in the other, two for one, odd in their spelling."""
        listed = []
        for _ in range(self.random.randrange(1, 5)):
            top = self.random.choice(TOPS)
            below = self.random.choice(["", "", "/lib", "/deep", "/new/er", "//lib/", "/a/../deep"])
            source = self.random.choice([None, None, *aliases])
            volume = self.random.choice(sorted(aliases[source] if source else volumes))
            listed.append({"from": source, "volume_name": volume, "mount_path": top + below})
        return listed

    def package(self, needs, command):
        name = f"test/p{self.made}"
        self.made += 1
        volumes = {f"/v{i}": self.volume() for i in range(self.random.randrange(1, 4))}
        aliases = {need.name: need.manifest["volumes"] for need in needs}
        manifest = {
            "use": {need.name: f"{need.name}@^1.0.0" for need in needs},
            "package": {"wapm": {}, "fs": self.mounts(volumes, aliases)},
            "atoms": {},
        }
        atoms = []
        if command:
            manifest["commands"] = {"list": {"runner": RUNNER, "annotations": {"atom": {"name": "list"}}}}
            manifest["entrypoint"] = "list"
            atoms = [f"list={self.lister}"]
        file = self.folder / f"{name.replace('/', '--')}@{VERSION}.webc"
        if not needs:
            del manifest["use"]
        text = json.dumps({"manifest": manifest, "volumes": volumes})
        subprocess.run([self.write_package, file, *atoms], input=text, text=True, check=True)
        return Package(name, file, {**manifest, "volumes": volumes}, needs)

    def case(self):
        """A package with a command and up to two generations of others."""
        far = [self.package([], False) for _ in range(self.random.randrange(2))]
        near = [self.package(self.random.sample(far, self.random.randrange(len(far) + 1)), False)
                for _ in range(self.random.randrange(3))]
        return self.package(near, True)


def registry_of(package, into):
    for need in package.needs:
        manifest = {key: value for key, value in need.manifest.items() if key != "volumes"}
        into[need.name] = {"version": VERSION, "file": str(need.file), "manifest": manifest}
        registry_of(need, into)
    return into


def install(folder):
    if shutil.which("npm") is None or shutil.which("node") is None:
        skip("no npm; install nodejs and npm")
    for name in ("package.json", "package-lock.json", "read.mjs"):
        shutil.copy(HERE / name, folder)
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, text=True, capture_output=True,
                          check=False)
    if any(word in done.stderr for word in NO_NETWORK):
        skip("no network: npm cannot get the reference implementation")
    if done.returncode != 0:
        sys.exit(f"npm ci: exit status {done.returncode}\n{done.stderr}")


def parse_listing(text, invented):
    """{path: (kind, size, seconds, content)}; `invented` directories have no time."""
    listing = {}
    for line in text.splitlines():
        kind, size, seconds, content, path = line.split(" ", 4)
        name = bytes.fromhex(path).decode("utf-8", "surrogateescape")
        if kind == "link":
            content = bytes.fromhex(content).decode("utf-8", "surrogateescape")
        listing[name] = (kind, size, "-" if name in invented else seconds, content)
    return listing


def invented_directories(package):
    """Mount points and what is on the way to them, of all packages."""
    found, left = set(), [package]
    while left:
        one = left.pop()
        left += one.needs
        for mapping in one.manifest["package"]["fs"]:
            path = os.path.normpath(mapping["mount_path"])
            while path != "/":
                found.add(path)
                path = os.path.dirname(path)
    return found


def tree_listing(program, package, tops, store):
    """What `wasifs tree` tells: kinds, sizes and texts of links."""
    listing = {}
    for top in tops:
        done = subprocess.run([program, "tree", package.file, top, "--json", "--store", store], text=True,
                              capture_output=True, check=True)
        for entry in json.loads(done.stdout)["entries"]:
            kind = {"directory": "dir", "symlink": "link", "file": "file"}[entry["type"]]
            size = "-" if kind == "dir" else str(entry["size"])
            listing[entry["path"]] = (kind, size, entry.get("target", "-"))
    return listing


def differences(name, one, other, what, whose):
    found = []
    for path in sorted(one.keys() | other.keys()):
        if one.get(path) != other.get(path):
            found.append(f"{name}: {path!r}: {what} {one.get(path)}, {whose} {other.get(path)}")
    return found


def check(program, package, told, store, tops):
    invented = invented_directories(package)
    reference = parse_listing(told, invented)
    done = subprocess.run([program, "run", package.file, "list", "--store", store, "--", *tops], text=True,
                          capture_output=True, check=False, timeout=120)
    if done.returncode != 0:
        return [f"{package.name}: wasifs run: status {done.returncode}: {done.stderr}"]
    ours = parse_listing(done.stdout, invented)
    found = differences(package.name, reference, ours, "the reference has", "wasifs run")
    outside = tree_listing(program, package, tops, store)
    seen = {path: (kind, size, content if kind == "link" else "-")
            for path, (kind, size, _, content) in reference.items()}
    return found + differences(package.name, seen, outside, "the reference has", "wasifs tree")


def tops_of(program, package, store):
    """The mount points right below the root that the composed package has."""
    done = subprocess.run([program, "ls", package.file, "/", "--json", "--store", store], text=True,
                          capture_output=True, check=True)
    paths = [entry["path"] for entry in json.loads(done.stdout)["entries"]]
    return sorted(path for path in paths if path in TOPS)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("wasifs")
    parser.add_argument("write_package")
    parser.add_argument("lister")
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if not given.lister:
        skip("no lister; install clang-19, lld-19, wasi-libc and libclang-rt-19-dev-wasm32")
    with tempfile.TemporaryDirectory(prefix="wasifs-oracle-") as name:
        folder = Path(name)
        install(folder)
        store = folder / "store"
        store.mkdir()
        cases = Cases(store, given.write_package, given.lister, given.seed)
        packages = [cases.case() for _ in range(given.cases)]
        tops = {package.name: tops_of(given.wasifs, package, store) for package in packages}
        described = [{"name": package.name, "package": str(package.file), "arguments": tops[package.name],
                      "registry": registry_of(package, {})} for package in packages]
        (folder / "cases.json").write_text(json.dumps(described), encoding="utf-8")
        done = subprocess.run(["node", "read.mjs", "cases.json"], cwd=folder, text=True, capture_output=True,
                              check=True, timeout=600)
        found, entries = [], 0
        for package, told in zip(packages, json.loads(done.stdout), strict=True):
            if "error" in told:
                found.append(f"{package.name}: the reference: {told['error']}")
                continue
            entries += len(told["text"].splitlines())
            found += check(given.wasifs, package, told["text"], store, tops[package.name])
        for line in found[:40]:
            print(line)
        print(f"{len(packages)} packages, {cases.made} with what they depend on, {entries} names, "
              f"{len(found)} differences")
        # Nothing seen is nothing compared.
        sys.exit(1 if found or entries < given.cases else 0)


if __name__ == "__main__":
    main()
