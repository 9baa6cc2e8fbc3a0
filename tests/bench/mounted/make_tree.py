#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the tree that the mounted benchmarks use: make_tree.py DIR

  base/      some 5,000 small files in 400 directories (sizes log-normal around
             4 KiB, 80 MB together), 60 symlinks, and two large files in big/
  patch/     300 files over it: 200 that base/ has too, 100 new ones
  merged/    what the two show together
  paths.txt  the small files of merged/, one a line, shuffled

All of it follows from the seed. What is there already is kept.
"""

import argparse
import bisect
import itertools
import os
import random
import shutil
import sys
from pathlib import Path

SEED = 1
FILES = 5_000
DIRECTORIES = 400
SYMLINKS = 60
REPLACED = 200
ADDED = 100
PATCHED_DIRECTORIES = 30
MAX_DEPTH = 8
LARGE = {"big/app.wasm": 200 << 20, "big/image.bin": 64 << 20}
TIME = 1_700_000_000

WORDS = (
    "alpha array async base bytes cache chart codec color config core crypt data decimal email event "
    "field file filter font form graph group html http image index inline json kernel layer ledger "
    "list locale map math model net node page parse path plan proxy query queue route schema session "
    "shape socket stream style table task test text theme thread time token trace type unit url view"
).split()
ENDINGS = {".py": 11, ".pyc": 10, ".php": 2, ".txt": 1, ".so": 1, ".json": 1, ".h": 1}


class Tree:
    """What is to be written: directories and small files, by path."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.directories = ["bin", "etc", "share", "usr", "usr/lib", "usr/lib/python"]
        self.files: list[str] = []
        self._known = set(self.directories)

    def _new(self, folder: str, ending: str) -> str:
        """A path in the folder that nothing else has."""
        while True:
            path = f"{folder}/{self.rng.choice(WORDS)}_{self.rng.randrange(1000)}{ending}"
            if path not in self._known:
                self._known.add(path)
                return path

    def grow(self) -> None:
        while len(self.directories) < DIRECTORIES:
            # Most are added below what was added before: a tree as deep as those of packages.
            parent = self.rng.choice(self.directories[2:])
            if parent.count("/") < MAX_DEPTH:
                self.directories.append(self._new(parent, ""))
        # A few directories have hundreds of files, most have a handful.
        weights = list(itertools.accumulate(self.rng.paretovariate(1.2) for _ in self.directories))
        for _ in range(FILES):
            folder = self.directories[bisect.bisect(weights, self.rng.random() * weights[-1])]
            self.files.append(self.new_file(folder))

    def new_file(self, folder: str) -> str:
        return self._new(folder, self.rng.choices(list(ENDINGS), list(ENDINGS.values()))[0])


class Writer:
    """Writes content that is about half compressible: pieces of one pool."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.pool = rng.randbytes(1 << 16) + " ".join(WORDS).encode() * 150

    def _content(self, size: int) -> bytes:
        out = bytearray()
        while len(out) < size:
            start = self.rng.randrange(len(self.pool) - 512)
            out += self.pool[start : start + self.rng.randrange(32, 512)]
        return bytes(out[:size])

    def small(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self._content(min(int(self.rng.lognormvariate(8.32, 1.67)), 4 << 20)))

    def large(self, path: Path, size: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as out:
            for _ in range(size >> 20):
                out.write(self.rng.randbytes(1 << 20))


def set_times(root: Path) -> None:
    for folder, directories, files in os.walk(root, topdown=False):
        for name in directories + files:
            os.utime(os.path.join(folder, name), (TIME, TIME), follow_symlinks=False)


def make_tree(out: Path) -> None:
    """Makes the tree below `out`, unless it is there."""
    listing = out / "paths.txt"
    if listing.exists():
        return
    base, patch, merged = out / "base", out / "patch", out / "merged"
    for left_over in (base, patch, merged):
        shutil.rmtree(left_over, ignore_errors=True)
    rng = random.Random(SEED)
    tree, writer = Tree(rng), Writer(rng)
    tree.grow()
    for folder in tree.directories:
        (base / folder).mkdir(parents=True, exist_ok=True)
    for path in tree.files:
        writer.small(base / path)
    for number in range(SYMLINKS):
        # Relative, so that they lead to the same file wherever the tree is mounted.
        (base / f"bin/tool{number}").symlink_to(os.path.join("..", rng.choice(tree.files)))
    for path, size in LARGE.items():
        writer.large(base / path, size)

    folders = rng.sample(tree.directories, PATCHED_DIRECTORIES)
    added = [tree.new_file(rng.choice(folders)) for _ in range(ADDED)]
    for path in rng.sample(tree.files, REPLACED) + added:
        writer.small(patch / path)
    for layer in (base, patch):
        set_times(layer)
        shutil.copytree(layer, merged, symlinks=True, dirs_exist_ok=True)
    paths = tree.files + added
    rng.shuffle(paths)
    # Last: where it is, all the rest is.
    listing.write_text("\n".join(paths) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", type=Path)
    make_tree(parser.parse_args().dir)
    return 0


if __name__ == "__main__":
    sys.exit(main())
