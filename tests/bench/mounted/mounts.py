# SPDX-License-Identifier: Apache-2.0
"""Mounting, unmounting, and the processes that serve a mount."""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from peers import Peer, Places

_START_TIMEOUT = 60.0
_STOP_TIMEOUT = 10.0
_PR_SET_CHILD_SUBREAPER = 36
# In every tree, and in no mount point that nothing is mounted on.
_WITNESS = "etc"


def adopt_daemons() -> None:
    """Makes daemons that are started from here children of this process.

    So those of a mount are known without guessing from names, and none is left.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def _children() -> set[int]:
    return {int(pid) for pid in Path("/proc/self/task", str(os.getpid()), "children").read_text("ascii").split()}


def is_mounted(point: Path) -> bool:
    # Spaces and the like are written as octal there; no path of ours has any.
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        return any(line.split()[4] == str(point) for line in mounts)


def unmount(point: Path) -> None:
    """Unmounts in any case: lazily where something keeps it busy."""
    deadline = time.monotonic() + _STOP_TIMEOUT
    while is_mounted(point):
        lazily = ["-l"] if time.monotonic() > deadline else []
        done = subprocess.run(["umount", *lazily, point], stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0 and lazily:
            raise RuntimeError(f"cannot unmount {point}: {done.stderr.strip()}")
        if done.returncode != 0:
            time.sleep(0.05)


class MountFailed(RuntimeError):
    """A peer that could not be mounted, and what it said."""


class Mount:
    """A peer at its mount point; mounted again as often as needed."""

    def __init__(self, peer: Peer, places: Places) -> None:
        self.peer = peer
        self.places = places
        self.target = places.mount_point
        self._daemons: set[int] = set()

    def start(self, empty_upper: bool = False) -> float:
        """Mounts; the milliseconds until the first stat below it succeeded."""
        if empty_upper:
            shutil.rmtree(self.places.upper, ignore_errors=True)
            shutil.rmtree(self.places.work, ignore_errors=True)
        for folder in (self.places.upper, self.places.work, self.target):
            folder.mkdir(parents=True, exist_ok=True)
        command = self.peer.prepare(self.places)
        before = _children()
        log = self.places.own / "log"
        with log.open("wb") as output:
            start = time.perf_counter()
            # Daemons keep the log open: a pipe would never end.
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False)
            ready = done.returncode == 0 and self._wait_until_ready(start)
            elapsed = time.perf_counter() - start
        self._daemons |= _children() - before
        if not ready:
            self.stop()
            said = " ".join(log.read_text("utf-8", errors="replace").split())
            raise MountFailed(f"status {done.returncode}: {said or 'no message'}")
        return elapsed * 1e3

    def _wait_until_ready(self, start: float) -> bool:
        while time.perf_counter() - start < _START_TIMEOUT:
            with contextlib.suppress(OSError):
                os.stat(self.target / _WITNESS)
                return True
            time.sleep(0.0002)
        return False

    def stop(self) -> None:
        """Unmounts and ends what served it. Does nothing where nothing is mounted."""
        unmount(self.target)
        deadline = time.monotonic() + _STOP_TIMEOUT
        while self._daemons and time.monotonic() < deadline:
            self._reap(os.WNOHANG)
            time.sleep(0.001)
        for pid in self._daemons:
            os.kill(pid, signal.SIGKILL)
        self._reap(0)

    def _reap(self, flags: int) -> None:
        for pid in tuple(self._daemons):
            ended = pid
            with contextlib.suppress(ChildProcessError):
                ended, _ = os.waitpid(pid, flags)
            if ended == pid:
                self._daemons.discard(pid)

    def restart(self, empty_upper: bool = False) -> float:
        self.stop()
        return self.start(empty_upper)

    def resident_mb(self) -> float:
        """What the daemons keep resident; 0 for the kernel's own file systems."""
        kilobytes = 0
        for pid in self._daemons:
            with contextlib.suppress(OSError):
                for line in Path("/proc", str(pid), "status").read_text("utf-8").splitlines():
                    if line.startswith("VmRSS:"):
                        kilobytes += int(line.split()[1])
        return kilobytes / 1024
