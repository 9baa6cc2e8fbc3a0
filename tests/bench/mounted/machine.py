# SPDX-License-Identifier: Apache-2.0
"""What a report says about the machine and the programs that were measured."""

import datetime
import os
import platform
import subprocess
from pathlib import Path


def _first(path: str, key: str, default: str = "unknown") -> str:
    """The value of the first line "key: value" of a file in /proc."""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            if name.strip() == key:
                return value.strip()
    return default


def _output(*command: str | Path, cwd: Path | None = None) -> str:
    try:
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "unknown")
    except OSError:
        return "unknown"


def describe(source: Path, wasifs: Path) -> dict[str, str]:
    """Machine, system and versions, as they are now."""
    commit = _output("git", "rev-parse", "--short=12", "HEAD", cwd=source)
    if _output("git", "status", "--porcelain", "--untracked-files=no", cwd=source) not in ("", "unknown"):
        commit += " with changes"
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "wasifs": (_output(wasifs, "--version").splitlines() or ["unknown"])[0],
        "processor": f"{_first('/proc/cpuinfo', 'model name')}, {os.cpu_count()} CPUs",
        "memory": f"{int(_first('/proc/meminfo', 'MemTotal', '0 kB').split()[0]) >> 20} GiB",
        "kernel": platform.release(),
        "system": _distribution(),
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }
