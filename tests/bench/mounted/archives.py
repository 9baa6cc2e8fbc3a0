# SPDX-License-Identifier: Apache-2.0
"""Archives that have to be decompressed: what mounting one takes, whatever it weighs."""

import os
import random
import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from mounts import children, is_mounted, unmount
from report import Json, table

_FILE = 1 << 20
_BLOCK = 1 << 16
_POOL = 1024  # blocks that content is drawn from: more than fit into a compressor's window
_READ = 1 << 20


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
    peak_mb: float  # of anonymous memory and what is mapped, the parent's and the daemon's
    anonymous_mb: float  # of the daemon once it serves
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
                anonymous = max(anonymous, mounted.status("RssAnon"))
                peak = max(peak, mounted.peak())
                read = max(read, _read_all(mounted.target))
            for _ in range(2):
                with _Mounted(self.program, path, self.scratch / "mnt", "--cache", str(cache)) as mounted:
                    again = mounted.milliseconds
                    peak = max(peak, mounted.peak())
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
    """One mount, from the start of the program to the end of its daemon."""

    def __init__(self, program: Path, source: Path, target: Path, *options: str) -> None:
        self.target = target
        self._words = [program, "mount", source, target, *options]
        self.milliseconds = 0.0
        self._composed = 0.0

    def __enter__(self) -> "_Mounted":
        self.target.mkdir(parents=True, exist_ok=True)
        unmount(self.target)
        before = children()
        start = time.perf_counter()
        program = subprocess.Popen(self._words, stdin=subprocess.DEVNULL)
        _, status, used = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
        if program.returncode != 0:
            raise subprocess.CalledProcessError(program.returncode, self._words)
        os.stat(self.target / "content")
        self.milliseconds = (time.perf_counter() - start) * 1e3
        self._daemons = children() - before
        self._composed = used.ru_maxrss * 1024 / 1e6
        return self

    def status(self, name: str) -> float:
        """A line of /proc/PID/status of the daemon, in MB."""
        kilobytes = 0
        for pid in self._daemons:
            for line in Path("/proc", str(pid), "status").read_text("utf-8").splitlines():
                if line.startswith(name + ":"):
                    kilobytes += int(line.split()[1])
        return kilobytes * 1024 / 1e6

    def peak(self) -> float:
        """Of the process that was started, which has ended by now, and of the daemon."""
        return max(self._composed, self.status("VmHWM"))

    def __exit__(self, *_: object) -> None:
        unmount(self.target)
        for pid in self._daemons:
            os.waitpid(pid, 0)
        assert not is_mounted(self.target)


def _read_all(target: Path) -> float:
    """MB/s of reading every file once."""
    amount, start = 0, time.perf_counter()
    for folder, _, files in os.walk(target / "content"):
        for name in files:
            with open(os.path.join(folder, name), "rb", buffering=0) as file:
                while piece := file.read(_READ):
                    amount += len(piece)
    return amount / 1e6 / (time.perf_counter() - start)


def as_json(rows: list[Row]) -> list[Json]:
    return [asdict(row) for row in rows]


def markdown(rows: list[Row]) -> str:
    head = ["", "content MB", "packed MB", "mount ms", "again, --cache", "peak MB", "heap MB", "read MB/s"]
    cells = [
        [row.archive, *(f"{value:,.0f}" for value in list(asdict(row).values())[1:])]
        for row in rows
    ]
    return "## Archives\n\nOne stream of files of 1 MiB each, from the start of the program to the first\nstat. `peak` counts what is mapped as well, `heap` is what the daemon keeps.\n\n" + table(head, cells)
