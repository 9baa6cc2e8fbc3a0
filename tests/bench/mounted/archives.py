# SPDX-License-Identifier: Apache-2.0
"""Archives that have to be decompressed: what mounting one takes, whatever it weighs."""

import contextlib
import os
import random
import select
import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from mounts import unmount
from report import Json, table

_FILE = 1 << 20
_BLOCK = 1 << 16
_POOL = 1024  # blocks that content is drawn from: more than fit into a compressor's window
_READ = 1 << 20
_SAMPLE = 0.005  # seconds between two looks at how much memory is taken


@dataclass(frozen=True)
class Kind:
    """One way to pack the same files, and the program for it: a filter of a tar, or one that takes a folder."""

    suffix: str
    pack: tuple[str, ...]
    takes_tar: bool = True


KINDS = (
    Kind("tar", ("cat",)),
    Kind("tar.zst", ("zstd", "-q", "-1", "-T0")),
    Kind("tar.xz", ("xz", "-0", "-T1")),  # one thread: one block, as a solid archive is
    Kind("7z", ("7z", "a", "-bd", "-mx=1", "-ms=on"), takes_tar=False),
)


@dataclass
class Row:
    """What was measured of one archive; times are the best of all repetitions."""

    archive: str
    content_mb: float
    packed_mb: float
    mount_ms: float
    cached_ms: float  # with --cache, the second time
    peak_mb: float  # memory of its own until it serves
    anonymous_mb: float  # and then
    read_mb_s: float


def _content(index: int, pool: bytes) -> bytes:
    """The bytes of a file: blocks in an order of its own, so every archive is as hard."""
    order = random.Random(index)
    blocks = (order.randrange(_POOL) * _BLOCK for _ in range(_FILE // _BLOCK))
    return b"".join(pool[at : at + _BLOCK] for at in blocks)


def _pool() -> bytes:
    """Half of each block is noise, half is text: packed, it is half as large."""
    noise = random.Random(1)
    half = _BLOCK // 2
    return b"".join(noise.randbytes(half) + (b"line %d\n" % i * half)[:half] for i in range(_POOL))


def _make_tar(kind: Kind, path: Path, files: int, pool: bytes) -> None:
    with path.open("wb") as out, subprocess.Popen(kind.pack, stdin=subprocess.PIPE, stdout=out) as packer:
        assert packer.stdin is not None
        with tarfile.open(fileobj=packer.stdin, mode="w|", bufsize=_READ) as tar:
            for index in range(files):
                info = tarfile.TarInfo(f"content/{index % 64:02}/{index:05}")
                info.size = _FILE
                tar.addfile(info, _Bytes(_content(index, pool)))
        packer.stdin.close()
        if packer.wait() != 0:
            raise subprocess.CalledProcessError(packer.returncode, kind.pack)


class _Bytes:
    """What tarfile reads from."""

    def __init__(self, content: bytes) -> None:
        self._left = memoryview(content)

    def read(self, size: int) -> bytes:
        taken, self._left = self._left[:size], self._left[size:]
        return bytes(taken)


def _make_7z(kind: Kind, path: Path, files: int, pool: bytes) -> None:
    folder = path.with_suffix(".files")
    shutil.rmtree(folder, ignore_errors=True)
    for index in range(files):
        file = folder / "content" / f"{index % 64:02}" / f"{index:05}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_content(index, pool))
    path.unlink(missing_ok=True)
    subprocess.run([*kind.pack, str(path), "content"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(folder)


class Archives:
    """Mounts each kind of archive with and without a cache."""

    def __init__(self, program: Path, scratch: Path, megabytes: int, reps: int, say: Callable[[str], None]) -> None:
        self.program = program
        self.scratch = scratch
        self.files = max(1, (megabytes << 20) // _FILE)
        self.reps = reps
        self.say = say
        self.left_out: dict[str, str] = {}

    def run(self) -> list[Row]:
        self.scratch.mkdir(parents=True, exist_ok=True)
        pool = _pool()
        rows = []
        for kind in KINDS:
            if shutil.which(kind.pack[0]) is None:
                self.left_out[kind.suffix] = f"{kind.pack[0]} is not installed"
                self.say(f"NOT MEASURED: {kind.suffix}: {self.left_out[kind.suffix]}")
                continue
            path = self.scratch / f"solid.{kind.suffix}"
            self.say(f"making and mounting {path.name} of {self.files} MiB ...")
            try:
                (_make_tar if kind.takes_tar else _make_7z)(kind, path, self.files, pool)
                rows.append(self._measure(path))
            finally:
                path.unlink(missing_ok=True)
        shutil.rmtree(self.scratch, ignore_errors=True)
        return rows

    def _measure(self, path: Path) -> Row:
        cache = self.scratch / "cache"
        plain, cached = [], []
        peak = anonymous = read = 0.0
        for _ in range(self.reps):
            shutil.rmtree(cache, ignore_errors=True)
            with _Mounted(self.program, path, self.scratch / "mnt") as mounted:
                plain.append(mounted.milliseconds)
                anonymous = max(anonymous, mounted.anonymous())
                peak = max(peak, mounted.peak)
                read = max(read, _read_all(mounted.target))
            for _ in range(2):
                with _Mounted(self.program, path, self.scratch / "mnt", "--cache", str(cache)) as mounted:
                    again = mounted.milliseconds
                    peak = max(peak, mounted.peak)
            cached.append(again)
        shutil.rmtree(cache, ignore_errors=True)
        return Row(
            path.name,
            self.files * _FILE / 1e6,
            path.stat().st_size / 1e6,
            min(plain),
            min(cached),
            peak,
            anonymous,
            read,
        )


class _Mounted:
    """One mount, from the start of the program to its end."""

    def __init__(self, program: Path, source: Path, target: Path, *options: str) -> None:
        self.target = target
        # In the foreground, so that whoever composes is who serves: its peak is of both.
        self._words = [program, "mount", "-f", source, target, *options]
        self._process: subprocess.Popen[bytes] | None = None
        self.milliseconds = 0.0
        self.peak = 0.0  # of anonymous(), until it serves

    def __enter__(self) -> "_Mounted":
        self.target.mkdir(parents=True, exist_ok=True)
        unmount(self.target)
        ready, told = os.pipe()
        start = time.perf_counter()
        self._process = subprocess.Popen(
            [*self._words, "--ready-fd", str(told)], stdin=subprocess.DEVNULL, pass_fds=[told]
        )
        os.close(told)
        with os.fdopen(ready, "rb", buffering=0) as word:
            while not select.select([word], [], [], _SAMPLE)[0]:
                self.peak = max(self.peak, self.anonymous())
            serves = word.read(1) != b""
        if not serves:
            raise subprocess.CalledProcessError(self._process.wait(), self._words)
        os.stat(self.target / "content")
        self.milliseconds = (time.perf_counter() - start) * 1e3
        return self

    def anonymous(self) -> float:
        """MB of memory that is the process's own: not what it maps, which the system may drop."""
        assert self._process is not None
        with contextlib.suppress(OSError, KeyError):
            text = Path("/proc", str(self._process.pid), "status").read_text("utf-8")
            lines = dict(line.split(":", 1) for line in text.splitlines())
            return int(lines["RssAnon"].split()[0]) * 1024 / 1e6
        return 0

    def __exit__(self, *_: object) -> None:
        unmount(self.target)
        assert self._process is not None
        self._process.wait()


def _read_all(target: Path) -> float:
    """MB/s of reading every file once."""
    amount, start = 0, time.perf_counter()
    for folder, _, files in os.walk(target / "content"):
        for name in files:
            with open(os.path.join(folder, name), "rb", buffering=0) as file:
                while piece := file.read(_READ):
                    amount += len(piece)
    return amount / 1e6 / (time.perf_counter() - start)


_HOW_TO_READ = """\
One stream of files of 1 MiB each, from the start of the program to the first stat;
with `--cache`, the second time. Memory is the process's own, until it serves and
then; what it maps, the system may drop.
"""


def as_json(rows: list[Row]) -> list[Json]:
    return [asdict(row) for row in rows]


def markdown(rows: list[Row]) -> str:
    head = ["", "content MB", "packed MB", "mount ms", "--cache ms", "peak MB", "then MB", "read MB/s"]
    cells = [[row.archive, *(f"{value:,.0f}" for value in list(asdict(row).values())[1:])] for row in rows]
    return "## Archives\n\n" + _HOW_TO_READ + "\n" + table(head, cells)
