# SPDX-License-Identifier: Apache-2.0
"""The results: what JSON keeps of them, and the tables that people read."""

import re
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from peers import ANCHOR, Family, Peer
from workloads import Kind, Workload

_WIDTH = 80
_NONE = "-"

Json = dict[str, object]


@dataclass
class Results:
    """All samples of a run, and why some are missing."""

    peers: list[Peer]
    workloads: list[Workload]
    samples: dict[tuple[str, str], list[float]] = field(default_factory=dict)  # (workload, peer)
    left_out: dict[str, str] = field(default_factory=dict)  # peer: why there is nothing of it
    failures: list[str] = field(default_factory=list)

    def add(self, workload: Workload, peer: Peer, value: float) -> None:
        self.samples.setdefault((workload.name, peer.name), []).append(value)

    def best(self, workload: Workload, peer: str) -> float | None:
        samples = self.samples.get((workload.name, peer))
        return workload.best(samples) if samples else None

    def best_fuse_peer(self, workload: Workload) -> str:
        """The name of the FUSE peer with the best sample; "" where there is none."""
        measured = [p.name for p in self.peers if p.family is Family.FUSE and self.best(workload, p.name)]
        # Whatever the reference, the order is the same.
        return max(measured, key=lambda name: workload.speed(self.best(workload, name) or 1, 1), default="")

    def ratio(self, workload: Workload, peer: str, reference: str) -> float | None:
        """How many times as fast as the reference; above 1 is better in every row."""
        value, against = self.best(workload, peer), self.best(workload, reference)
        return workload.speed(value, against) if value and against else None

    def as_json(self) -> list[Json]:
        return [self._row_as_json(workload) for workload in self.workloads]

    def _row_as_json(self, workload: Workload) -> Json:
        best_fuse = self.best_fuse_peer(workload)
        measured: Json = {}
        for peer in self.peers:
            samples = self.samples.get((workload.name, peer.name))
            if samples:
                measured[peer.name] = {
                    "best": workload.best(samples),
                    "median": statistics.median(samples),
                    "samples": samples,
                    "ratio_to_overlay": self.ratio(workload, peer.name, ANCHOR),
                    "ratio_to_best_fuse_peer": self.ratio(workload, peer.name, best_fuse),
                }
        return {
            "name": workload.name,
            "kind": workload.kind.value,
            "unit": workload.unit,
            "better": "lower" if workload.lower_is_better else "higher",
            "best_fuse_peer": best_fuse or None,
            "peers": measured,
        }


def _cells(row: Sequence[str], widths: Sequence[int]) -> str:
    first = f"| {row[0]:<{widths[0]}} |"
    return first + "".join(f" {cell:>{width}} |" for cell, width in zip(row[1:], widths[1:], strict=True))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; one that is too wide for a terminal goes on in a second one."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    taken, columns = widths[0] + 4, [0]
    for i in range(1, len(head)):
        if taken + widths[i] + 3 > _WIDTH and len(columns) > 1:
            break
        taken += widths[i] + 3
        columns.append(i)
    cut = [[row[i] for i in columns] for row in (head, *rows)]
    cut_widths = [widths[i] for i in columns]
    rule = "|" + "|".join("-" * (w + 1) + (":" if i else "-") for i, w in enumerate(cut_widths)) + "|"
    text = "\n".join([_cells(cut[0], cut_widths), rule, *(_cells(row, cut_widths) for row in cut[1:])]) + "\n"
    if len(columns) == len(head):
        return text
    rest = [0, *range(len(columns), len(head))]
    return text + "\n" + table([head[i] for i in rest], [[row[i] for i in rest] for row in rows])


def _ratio(value: float | None) -> str:
    return _NONE if value is None else f"{value:.2f}"


def _number(value: float | None) -> str:
    if value is None:
        return _NONE
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


class _Mounted:
    """The tables of the mounted benchmarks."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.measured = [p for p in results.peers if any(name == p.name for _, name in results.samples)]

    def _names(self, *families: Family) -> list[str]:
        return [peer.name for peer in self.measured if peer.family in families and peer.name != ANCHOR]

    def _rows(self, kinds: Iterable[Kind], cells: Callable[[Workload], list[str]]) -> list[list[str]]:
        rows = [[w.name, *cells(w)] for w in self.results.workloads if w.kind in kinds]
        return [row for row in rows if any(any(c.isdigit() for c in cell) for cell in row[1:])]

    def _versus_overlay(self, workload: Workload) -> list[str]:
        best_fuse = self.results.best_fuse_peer(workload)
        best_ratio = self.results.ratio(workload, best_fuse, ANCHOR)
        return [
            f"{_number(self.results.best(workload, ANCHOR))} {workload.unit}",
            *(_ratio(self.results.ratio(workload, n, ANCHOR)) for n in self._names(Family.WASIFS)),
            f"{best_fuse} {_ratio(best_ratio)}" if best_fuse else _NONE,
        ]

    def _absolute(self, names: list[str]) -> Callable[[Workload], list[str]]:
        return lambda w: [w.unit, *(_number(self.results.best(w, name)) for name in names)]

    def _ratios(self, names: list[str], reference: str = "") -> Callable[[Workload], list[str]]:
        """Cells with the ratios to the reference, by default to the row's best FUSE peer."""
        return lambda w: [
            _ratio(self.results.ratio(w, name, reference or self.results.best_fuse_peer(w))) for name in names
        ]

    def text(self) -> str:
        ours = self._names(Family.WASIFS)
        short = [name.removeprefix("wasifs-") for name in ours]
        parts = []
        started = self._rows((Kind.START,), self._absolute([ANCHOR, *ours]))
        if started:
            parts.append("### Starting and memory\n\n" + table(["", "unit", ANCHOR, *short], started))
        for title, kinds in (
            ("Reading for the first time", (Kind.FRESH,)),
            ("Reading what is warm", (Kind.WARM,)),
            ("Writing", (Kind.WRITE, Kind.FIRST_WRITE)),
        ):
            rows = self._rows(kinds, self._versus_overlay)
            if rows and ours:
                parts.append(f"### {title}\n\n" + table(["", ANCHOR, *short, "best FUSE peer"], rows))
        if self._names(Family.FUSE) and ours:
            rows = self._rows(Kind, self._ratios(ours))
            parts.append("### As multiples of the best FUSE peer\n\n" + table(["", *short], rows))
        others = self._names(Family.KERNEL, Family.FUSE)
        if others:
            rows = self._rows(Kind, self._ratios(others, ANCHOR))
            parts.append("### The others, as multiples of overlay\n\n" + table(["", *others], rows))
        names = [peer.name for peer in self.measured]
        rows = self._rows(Kind, self._absolute(names))
        parts.append("### Best of all samples\n\n" + table(["", "unit", *names], rows))
        return "\n".join(parts)


_HOW_TO_READ = """\
wasifs is shown as multiples of the kernel's overlayfs (`overlay`): above 1 is
faster in every row, also where less is better. All file systems show one tree
and are mounted at once; each workload runs on one after the other, beginning
with another one each time. Ratios are of the best samples: noise only slows.
"""


# What Google Benchmark adds to a name that says how it was run.
_RUN = re.compile(r"/(iterations:\d+|real_time)")


def _in_process(benchmarks: list[Json]) -> str:
    rows = []
    for benchmark in benchmarks:

        def counter(key: str, unit: str, scale: float = 1, benchmark: Json = benchmark) -> str:
            return f"{_number(float(str(benchmark[key])) * scale)} {unit}" if key in benchmark else ""

        told = [counter("bytes_per_second", "MB/s", 1e-6), counter("bytes_per_entry", "B/entry")]
        time = f"{float(str(benchmark['real_time'])):,.1f} {benchmark['time_unit']}"
        rows.append([_RUN.sub("", str(benchmark["run_name"])), time, " ".join(filter(None, told))])
    return "## In-process\n\n" + table(["", "time", ""], rows)


def markdown(machine: dict[str, str], results: Results, archives: str, in_process: list[Json]) -> str:
    parts = ["# Benchmarks of wasifs\n"]
    parts.append("\n".join(f"- {key}: {value}" for key, value in machine.items()) + "\n")
    if results.samples:
        parts.append("## Mounted\n\n" + _HOW_TO_READ)
        parts.append(_Mounted(results).text())
    if archives:
        parts.append(archives)
    if results.left_out:
        missing = "\n".join(f"- {name}: {why}" for name, why in results.left_out.items())
        parts.append("### Not measured\n\n" + missing + "\n")
    if results.failures:
        parts.append("### Failures\n\n" + "\n".join(f"- {failure}" for failure in results.failures) + "\n")
    if in_process:
        parts.append(_in_process(in_process))
    return "\n".join(parts)
