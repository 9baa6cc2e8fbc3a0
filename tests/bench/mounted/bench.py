#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measure wasifs mounted beside other file systems, and in-process.

Composes one tree of two layers with each file system that is installed here, and
times what programs do with it. All are mounted at once. In each repetition every
workload runs on one after the other, from another one on each time, so that what
disturbs the machine disturbs all of them. Writes report.md and report.json.

Needs root. Started by packaging/bench.sh, which builds what is measured.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import archives
import machine
import report
from make_tree import make_tree
from mounts import Mount, MountFailed, adopt_daemons, unmount
from peers import PEERS, Peer, Places
from workloads import ARCHIVES, IN_PROCESS, MOUNT_TIME, RESIDENT, Kind, Workload, known_names, select

_SOURCE = Path(__file__).resolve().parents[3]
_SAMPLE_TIMEOUT = 300


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    programs: Path
    out: Path
    scratch: Path
    peers: list[Peer]
    only: list[str]
    reps: int
    cpu: int | None
    quick: bool

    @property
    def tree(self) -> Path:
        return self.out / "tree"

    @property
    def seconds(self) -> float:
        """How long a warm workload is repeated."""
        return 0.1 if self.quick else 0.35

    @property
    def mounted(self) -> list[Workload]:
        names = [name for name in self.only if name not in (ARCHIVES, IN_PROCESS)]
        return select(names) if names or not self.only else []

    @property
    def in_process(self) -> bool:
        return not self.only or IN_PROCESS in self.only

    @property
    def archives(self) -> bool:
        return not self.only or ARCHIVES in self.only

    @property
    def archive_megabytes(self) -> int:
        return 64 if self.quick else 2048


def _names(known: Sequence[str], text: str) -> list[str]:
    names = [name for name in text.split(",") if name]
    for name in names:
        if name not in known:
            raise argparse.ArgumentTypeError(f'unknown name "{name}"; there are {", ".join(known)}')
    return names


def parse_options(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog="packaging/bench.sh", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    peer_names = [peer.name for peer in PEERS]
    parser.add_argument("--reps", type=int, help="repetitions (default 5; 2 with --quick)")
    parser.add_argument("--cpu", type=int, metavar="N", help="pin daemons and clients to one CPU: steady figures")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter samples: does it work?")
    parser.add_argument(
        "--only",
        type=lambda text: _names(known_names(), text),
        default=[],
        metavar="LIST",
        help="workloads, their kinds (start, fresh, warm, write, first-write), in-process or archives, with commas",
    )
    parser.add_argument(
        "--peers",
        type=lambda text: _names(peer_names, text),
        default=peer_names,
        metavar="LIST",
        help="file systems, with commas: " + ", ".join(peer_names),
    )
    parser.add_argument("--programs", type=Path, default=_SOURCE / "build/bench/bin", help="what was built")
    parser.add_argument("--out", type=Path, default=_SOURCE / "build/bench-report", help="for the report and the tree")
    parser.add_argument("--scratch", type=Path, help="for mount points and uppers (default: in --out)")
    given = parser.parse_args(arguments)
    out = given.out.resolve()
    return Options(
        programs=given.programs.resolve(),
        out=out,
        scratch=(given.scratch or out / "scratch").resolve(),
        peers=[peer for peer in PEERS if peer.name in given.peers],
        only=given.only,
        reps=given.reps or (2 if given.quick else 5),
        cpu=given.cpu,
        quick=given.quick,
    )


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """While it lasts, signals that would end the program are ignored."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_IGN) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


def end_by_signal(number: int, _frame: types.FrameType | None) -> None:
    raise SystemExit(128 + number)


class Mounted:
    """The comparison through mounts."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.results = report.Results(options.peers, options.mounted)
        self.mounts: list[Mount] = []

    def run(self) -> None:
        say("making the tree ...")
        make_tree(self.options.tree)
        try:
            for peer in self.options.peers:
                self._first_mount(peer)
            self._warm_page_cache()
            start = time.monotonic()
            for repetition in range(self.options.reps):
                say(f"repetition {repetition + 1} of {self.options.reps}, {time.monotonic() - start:.0f} s ...")
                for workload in self.results.workloads:
                    # Only the start of the order changes: neighbours stay neighbours.
                    turn = repetition % len(self.mounts) if self.mounts else 0
                    for mount in self.mounts[turn:] + self.mounts[:turn]:
                        self._sample(workload, mount)
        finally:
            with undisturbed():
                self._clean_up()

    def _first_mount(self, peer: Peer) -> None:
        """Mounts a peer, or notes why it cannot be measured."""
        why = peer.why_absent()
        if why:
            self._leave_out(peer, why)
            return
        places = Places(self.options.tree, self.options.scratch / peer.name, self.options.programs / "wasifs")
        mount = Mount(peer, places)
        unmount(mount.target)  # what a run that was killed left
        try:
            for image in peer.images:
                own = self.options.programs / image.program
                image.make(self.options.tree, own if own.exists() else image.program)
            # Before it is mounted, so that the mount is undone whenever this ends.
            self.mounts.append(mount)
            mount.start(empty_upper=True)
        except (MountFailed, subprocess.CalledProcessError, OSError) as error:
            with contextlib.suppress(ValueError):
                self.mounts.remove(mount)
            self._leave_out(peer, f"cannot be mounted: {error}")

    def _leave_out(self, peer: Peer, why: str) -> None:
        say(f"NOT MEASURED: {peer.name}: {why}")
        self.results.left_out[peer.name] = why

    def _warm_page_cache(self) -> None:
        """What is fresh is the mount, never what lies below it."""
        for folder, _, files in os.walk(self.options.tree):
            for name in files:
                with contextlib.suppress(OSError), open(os.path.join(folder, name), "rb", buffering=0) as file:
                    while file.read(1 << 20):
                        pass

    def _sample(self, workload: Workload, mount: Mount) -> None:
        if not mount.peer.can_run(workload.kind):
            return
        try:
            if workload is MOUNT_TIME:
                value = mount.restart()
            elif workload is RESIDENT:
                value = self._resident(mount)
                if value == 0:
                    return
            else:
                value = self._timed(workload, mount)
            self.results.add(workload, mount.peer, value)
        except (MountFailed, subprocess.SubprocessError, OSError, ValueError) as error:
            said = getattr(error, "stderr", None) or str(error)
            say(f"FAILED: {mount.peer.name}: {workload.name}: {said.strip()}")
            self.results.failures.append(f"{mount.peer.name}: {workload.name}: {said.strip()}")

    def _resident(self, mount: Mount) -> float:
        """After every name and attribute was asked for: what a mount keeps when it is in use."""
        self._program("statall", mount.target, "--once")
        return mount.resident_mb()

    def _timed(self, workload: Workload, mount: Mount) -> float:
        threads = ["--threads", str(workload.threads)]
        target = mount.target
        if workload.kind in (Kind.FRESH, Kind.FIRST_WRITE):
            mount.restart(empty_upper=workload.kind is Kind.FIRST_WRITE)
        if workload.kind is Kind.WRITE:
            target = mount.target / "etc" / "bench"
            target.mkdir(exist_ok=True)
            os.sync()  # what the peer before has written is not this one's to wait for
        how = ["--seconds", str(self.options.seconds)] if workload.kind is Kind.WARM else ["--once"]
        return workload.value(*self._program(workload.program, target, *how, *threads))

    def _program(self, name: str, target: Path, *options: str) -> tuple[float, float]:
        """Runs a workload: how much of what it counts, in how many seconds."""
        program = self.options.programs / "mount_workloads"
        words: list[str | Path] = [program, name, target, self.options.tree / "paths.txt", *options]
        done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=_SAMPLE_TIMEOUT)
        amount, seconds = done.stdout.split()
        return float(amount), float(seconds)

    def _clean_up(self) -> None:
        failed = False
        for mount in self.mounts:
            try:
                mount.stop()
            except (RuntimeError, OSError) as error:
                failed = True
                say(f"error: {error}")
        if not failed:
            shutil.rmtree(self.options.scratch, ignore_errors=True)


def run_in_process(options: Options) -> list[report.Json]:
    """Runs the benchmarks without a mount: the medians of what they tell."""
    say("benchmarks in-process ...")
    out = options.out / "in-process.json"
    words: list[str | Path] = [options.programs / "wasifs_bench"]
    words += [f"--benchmark_out={out}", "--benchmark_out_format=json"]
    if options.quick:
        words.append("--benchmark_min_time=0.02")
    else:
        words += [f"--benchmark_repetitions={options.reps}", "--benchmark_report_aggregates_only=true"]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    told = json.loads(out.read_text("utf-8"))["benchmarks"]
    return [b for b in told if b.get("aggregate_name", "median") == "median" and not b.get("error_occurred")]


def run_archives(options: Options, left_out: dict[str, str]) -> list[archives.Row]:
    """Mounts large archives; what cannot be made is noted."""
    bench = archives.Archives(
        options.programs / "wasifs", options.scratch / "archives", options.archive_megabytes, min(options.reps, 3), say
    )
    try:
        return bench.run()
    finally:
        left_out |= bench.left_out


def main(arguments: Sequence[str]) -> int:
    options = parse_options(arguments)
    if os.geteuid() != 0:
        say("error: only root can mount all of the file systems that are compared")
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end_by_signal)
    adopt_daemons()
    options.out.mkdir(parents=True, exist_ok=True)
    about = machine.describe(_SOURCE, options.programs / "wasifs")
    about["run"] = f"best of {options.reps}, " + ("all CPUs" if options.cpu is None else f"CPU {options.cpu} only")

    in_process = run_in_process(options) if options.in_process else []
    if options.cpu is not None:
        os.sched_setaffinity(0, {options.cpu})
    mounted = Mounted(options)
    results = mounted.results
    packed: list[archives.Row] = []
    status = 0
    try:
        if options.mounted:
            mounted.run()
        if options.archives:
            packed = run_archives(options, results.left_out)
    except (KeyboardInterrupt, SystemExit) as ended:
        # What took so long is kept.
        results.failures.append("interrupted: some samples are missing")
        status = ended.code if isinstance(ended, SystemExit) and isinstance(ended.code, int) else 130
    about["load after"] = " ".join(f"{load:.2f}" for load in os.getloadavg())
    about |= {peer.name: peer.version() for peer in options.peers if peer.version()}

    document = {
        "schema": 1,
        "machine": about,
        "not_measured": results.left_out,
        "failures": results.failures,
        "mounted": results.as_json() if results.samples else [],
        "archives": archives.as_json(packed),
        "in_process": in_process,
    }
    (options.out / "report.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    text = report.markdown(about, results, archives.markdown(packed) if packed else "", in_process)
    (options.out / "report.md").write_text(text, encoding="utf-8")
    print(text)
    say(f"written: {options.out}/report.md and report.json")
    return status or (1 if results.failures else 0)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
