# SPDX-License-Identifier: Apache-2.0
"""What is measured: the workloads, how often each is run and what it counts."""

import enum
from dataclasses import dataclass


class Kind(enum.Enum):
    """In which state a workload finds the mount."""

    START = "start"  # the mount itself
    FRESH = "fresh"  # just mounted, what lies below is in the page cache
    WARM = "warm"  # after an untimed pass
    WRITE = "write"  # in an empty directory of the upper layer
    FIRST_WRITE = "first-write"  # just mounted over an empty upper layer


@dataclass(frozen=True)
class Workload:
    """One row of the report."""

    name: str
    kind: Kind
    unit: str
    program: str = ""  # what mount_workloads calls it; "" where it has no part in it
    scale: float = 1  # from what the program counts to the unit
    threads: int = 1
    lower_is_better: bool = False

    def value(self, amount: float, seconds: float) -> float:
        """What a sample of that much in that time is worth, in the unit."""
        return seconds / amount * self.scale if self.lower_is_better else amount / seconds * self.scale

    def best(self, samples: list[float]) -> float:
        return min(samples) if self.lower_is_better else max(samples)

    def speed(self, value: float, reference: float) -> float:
        """How many times as fast (or small) as the reference."""
        return reference / value if self.lower_is_better else value / reference


MOUNT_TIME = Workload("mount_ms", Kind.START, "ms", lower_is_better=True)
RESIDENT = Workload("rss_mb", Kind.START, "MB", lower_is_better=True)


def _read(program: str, unit: str, scale: float = 1, threads: int = 1) -> list[Workload]:
    """A workload that only reads, on a fresh mount and on a warm one."""
    return [
        Workload(f"{program}_{kind.value}", kind, unit, program, scale, threads)
        for kind in (Kind.FRESH, Kind.WARM)
    ]


def _write(program: str, unit: str, scale: float = 1) -> Workload:
    return Workload(program, Kind.WRITE, unit, program, scale)


_MEGA = 1e-6
_READERS = 2

WORKLOADS: tuple[Workload, ...] = (
    MOUNT_TIME,
    RESIDENT,
    *_read("statall", "ent/s"),
    *_read("readdir", "ent/s"),
    *_read("negative", "op/s"),
    *_read("stat", "op/s"),
    *_read("openclose", "op/s"),
    *_read("import", "mod/s"),
    *_read("gitstat", "file/s"),
    *_read("smallread", "file/s"),
    *_read("par_small", "file/s", threads=_READERS),
    *_read("par_stat", "op/s", threads=_READERS),
    *_read("tar", "MB/s", _MEGA),
    *_read("seqread", "MB/s", _MEGA),
    *_read("rand4k", "op/s"),
    *_read("mmap", "MB/s", _MEGA),
    *_read("par_seq", "MB/s", _MEGA, threads=_READERS),
    # In this order, each takes what the one before it left.
    _write("create", "file/s"),
    _write("rename", "op/s"),
    _write("unlink", "file/s"),
    _write("seqwrite", "MB/s", _MEGA),
    _write("write4k", "MB/s", _MEGA),
    _write("overwrite4k", "op/s"),
    Workload("first_write", Kind.FIRST_WRITE, "us", "first_write", 1e6, lower_is_better=True),
)

IN_PROCESS = "in-process"
ARCHIVES = "archives"


def known_names() -> list[str]:
    """What a selection may name: kinds, workloads, archives and the benchmarks without a mount."""
    return [IN_PROCESS, ARCHIVES, *(kind.value for kind in Kind), *(workload.name for workload in WORKLOADS)]


def select(names: list[str]) -> list[Workload]:
    """The workloads of those names or kinds; all of them where there are no names."""
    return [w for w in WORKLOADS if not names or w.name in names or w.kind.value in names]
