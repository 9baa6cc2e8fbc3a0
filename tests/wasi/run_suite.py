#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run WebAssembly/wasi-testsuite through wasifs, on every kind of root.

  run_suite.py SUITE --engine NAME=COMMAND [--engine ...] [--make-webc PROGRAM]
               [--kind KIND]... [--only TEXT] [--timeout SECONDS] [--jobs N]

SUITE is a checkout of the suite's branch prod/testsuite-base, which holds the modules.
COMMAND is a runner, as those in packaging/examples/:
    COMMAND [--root DIR] [--as HOW] [--source SOURCE] [--env NAME=VALUE]... MODULE [ARG]...
PROGRAM makes a package of a directory: PROGRAM DIR FILE. Without it the package-backed
root is left out, loudly. Prints each failure and a table; the status is 1 if any failed.
"""

import argparse
import concurrent.futures
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

KINDS = ("memory", "host", "overlay", "package")
MANIFEST = """manifest-version = 1
[root]
base = "empty"
[[mount]]
guest = "/"
type = "webc"
source = "./root.webc"
"""


def root_arguments(kind, fixture, folder, make_webc):
    """What tells a runner to show `fixture` as "/" on a root of that kind."""
    if kind != "package":
        return ["--root", str(fixture), "--as", kind]
    subprocess.run([*shlex.split(make_webc), str(fixture), str(folder / "root.webc")], check=True)
    (folder / "root.toml").write_text(MANIFEST, encoding="utf-8")
    return ["--source", str(folder / "root.toml")]


def complaint(test, done, spec):
    """Why the run is a failure, or ""."""
    wanted = spec.get("exit_code", 0)
    why = ""
    if done.returncode != wanted:
        why = f"exit status {done.returncode}, wanted {wanted}"
    elif "stdout" in spec and done.stdout.decode(errors="replace") != spec["stdout"]:
        why = f"stdout is {done.stdout!r}, wanted {spec['stdout']!r}"
    if not why:
        return ""
    said = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
    return f"{test}: {why}: {' | '.join(said[-3:])[:300]}"


def run_test(command, kind, module, options):
    """"" for a test that passed, else why it did not."""
    spec_file = module.with_suffix(".json")
    spec = json.loads(spec_file.read_text(encoding="utf-8")) if spec_file.exists() else {}
    test = f"{module.parts[-4]}/{module.stem}"
    with tempfile.TemporaryDirectory(prefix="wasifs-suite.") as name:
        folder = Path(name)
        arguments = shlex.split(command)
        if "root" in spec:
            fixture = folder / "root"
            shutil.copytree(module.parent / spec["root"], fixture, symlinks=True)
            arguments += root_arguments(kind, fixture, folder, options.make_webc)
        for variable, value in spec.get("env", {}).items():
            arguments += ["--env", f"{variable}={value}"]
        arguments += [str(module), *spec.get("args", [])]
        try:
            done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=options.timeout, check=False)
        except subprocess.TimeoutExpired:
            return f"{test}: no end after {options.timeout:g} seconds"
    return complaint(test, done, spec)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", type=Path)
    parser.add_argument("--engine", action="append", required=True, metavar="NAME=COMMAND")
    parser.add_argument("--make-webc", metavar="PROGRAM")
    parser.add_argument("--kind", action="append", choices=KINDS)
    parser.add_argument("--only", default="", metavar="TEXT")
    parser.add_argument("--timeout", type=float, default=60)
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


def main():
    options = parse_arguments()
    modules = sorted(options.suite.resolve().glob("tests/*/testsuite/wasm32-wasip1/*.wasm"))
    modules = [module for module in modules if options.only in str(module)]
    if not modules:
        sys.exit(f"error: {options.suite}: no tests/*/testsuite/wasm32-wasip1/*.wasm; "
                 "is it the branch prod/testsuite-base?")
    kinds = options.kind or list(KINDS)
    if "package" in kinds and not options.make_webc:
        print("SKIPPED: the package-backed root; give --make-webc")
        kinds.remove("package")
    table, any_failed = [], False
    for engine in options.engine:
        name, _, command = engine.partition("=")
        row = [name]
        for kind in kinds:
            with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
                results = list(pool.map(lambda module: run_test(command, kind, module, options), modules))
            failures = [why for why in results if why]
            for why in failures:
                print(f"FAIL {name}, {kind}: {why}")
            any_failed = any_failed or bool(failures)
            row.append(f"{len(results) - len(failures)}/{len(results)}")
        table.append(row)
    for row in [["", *kinds], *table]:
        print("".join(cell.ljust(12) for cell in row).rstrip())
    return 1 if any_failed else 0


if __name__ == "__main__":
    sys.exit(main())
