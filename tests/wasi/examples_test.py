#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The examples of engines, against an installed wasifs.

  examples_test.py ENGINE PREFIX GUESTS MAKE_WEBC [WASM_C_API_ROOT]

Copies packaging/examples/ out of the source tree, builds or installs the one of ENGINE
(wabt, node or wasm_c_api) with nothing of wasifs in sight but PREFIX, and runs every
guest of the folder GUESTS with it on each kind of root. Prints a line that begins with
"SKIPPED: " where something is missing that is not of wasifs.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "packaging" / "examples"
KINDS = ("memory", "host", "overlay", "package")
MANIFEST = """manifest-version = 1
[root]
base = "empty"
[[mount]]
guest = "/"
type = "webc"
source = "./root.webc"
"""
NO_NETWORK = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH", "ENOTCACHED")


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(0)


def run(*command, **options):
    words = [str(word) for word in command]
    done = subprocess.run(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}: exit status {done.returncode}\n{done.stdout}")


def build(name, examples, prefix, *settings):
    """Builds a project of C or C++; gives the command that runs its program."""
    folder = examples / f"embed_{name}"
    run("cmake", "-S", folder, "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={prefix}", *settings)
    run("cmake", "--build", folder / "build")
    return [folder / "build" / f"embed_{name}"]


def install_node(examples):
    if shutil.which("npm") is None or shutil.which("node") is None:
        skip("no npm; install nodejs and npm")
    folder = examples / "embed_node"
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, text=True, capture_output=True,
                          check=False)
    if any(word in done.stderr for word in NO_NETWORK):
        skip("no network: npm cannot get koffi")
    if done.returncode != 0:
        sys.exit(f"npm ci: exit status {done.returncode}\n{done.stderr}")
    return ["node", folder / "main.mjs"]


def write_fixture(root):
    """What tests/wasi/root_kinds.cpp has."""
    for name in ("dir/sub", "empty", "many"):
        (root / name).mkdir(parents=True)
    for name, text in (("file.txt", "hello\n"), ("dir/a", "a\n"), ("dir/b", "b\n"), ("dir/sub/c", "c\n")):
        (root / name).write_text(text, encoding="utf-8")
    for number in range(200):
        (root / "many" / f"f{number:03}").write_text(f"{number:03}", encoding="utf-8")
    (root / "link").symlink_to("file.txt")
    (root / "dangling").symlink_to("nowhere")


def root_arguments(kind, folder, make_webc):
    write_fixture(folder / "root")
    if kind != "package":
        return ["--root", folder / "root", "--as", kind]
    run(make_webc, folder / "root", folder / "root.webc")
    (folder / "root.toml").write_text(MANIFEST, encoding="utf-8")
    return ["--source", folder / "root.toml"]


def complaint(command, guest, kind, make_webc, environment):
    """Why the guest failed on that kind of root, or ""."""
    name = guest.stem
    with tempfile.TemporaryDirectory(prefix="wasifs-guest-") as folder:
        words = [*command, *root_arguments(kind, Path(folder), make_webc)]
        if "wasix" in name:
            words.append("--wasix")
        if name == "arguments":
            words += ["--env", "A=1", "--env", "EMPTY=", guest, "two words", ""]
        else:
            words.append(guest)
        done = subprocess.run([str(word) for word in words], input=b"in", capture_output=True, env=environment,
                              timeout=120, check=False)
    wanted = 42 if name == "exit" else 0
    if done.returncode == wanted:
        return ""
    said = (done.stdout + done.stderr).decode(errors="replace")
    return f"{name} on {kind}: exit status {done.returncode}, wanted {wanted}\n{said}"


def main():
    engine, prefix, guests, make_webc, *engine_root = sys.argv[1:]
    modules = sorted(Path(guests).glob("*.wasm")) if guests else []
    if not modules:
        skip("no guests; install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32 wabt and configure anew")
    library = next(Path(prefix).rglob("libwasifs.so.0"))
    environment = dict(os.environ, LD_LIBRARY_PATH=str(library.parent), WASIFS_LIBRARY=str(library))
    with tempfile.TemporaryDirectory(prefix="wasifs-examples-") as folder:
        examples = Path(folder) / "examples"
        shutil.copytree(EXAMPLES, examples, ignore=shutil.ignore_patterns("node_modules", "build"))
        if engine == "node":
            command = install_node(examples)
        elif engine == "wabt":
            command = build("wabt", examples, prefix)
        else:
            if not engine_root or not engine_root[0]:
                skip("no engine with wasm.h; configure with -DWASM_C_API_ROOT=DIR")
            command = build("wasm_c_api", examples, prefix, f"-DWASM_C_API_ROOT={engine_root[0]}")
        failures = [complaint(command, guest, kind, make_webc, environment) for guest in modules for kind in KINDS]
    failures = [why for why in failures if why]
    print(f"{len(modules) * len(KINDS) - len(failures)} of {len(modules) * len(KINDS)} passed")
    if failures:
        sys.exit("\n".join(failures))


if __name__ == "__main__":
    main()
