#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The architecture as a test: who may include whom.

Reads the #include lines of include/, src/ and fuse/ and compares them with the
table of allowed arrows. The build enforces the same by giving each component
the headers of those it links only; this test also sees what the build cannot:
third-party headers in our headers, and arrows that CMake allows by mistake.
"""

import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Component: its folder, and the components whose headers it may include besides
# its own and the installed ones. Arrows point down only.
FOLDERS = {
    "base": "src/base",
    "device": "src/fs/device",
    "memory": "src/fs/memory",
    "host": "src/fs/host",
    "webc": "src/fs/webc",
    "archive": "src/fs/archive",
    "oci": "src/fs/oci",
    "compose": "src/compose",
    "wasi": "src/wasi",
    "plan": "src/plan",
    "inspect": "src/inspect",
    "capi": "src/capi",
    "fuse": "fuse",
    "engine": "src/engine",
    "cli": "src/cli",
}
ALLOWED = {
    "base": set(),
    "device": {"base"},
    "memory": {"base", "device"},
    "host": {"base"},
    "webc": {"base"},
    "archive": {"base"},
    "oci": {"base"},
    "compose": {"base"},
    "wasi": {"base", "compose"},
    "plan": {"base", "device", "memory", "host", "webc", "archive", "oci", "compose"},
    "inspect": {"base", "compose", "host", "webc", "archive", "oci", "plan"},
    "capi": {"base", "plan", "wasi"},
    "fuse": set(),
    "engine": set(),
    "cli": {"base", "webc", "archive", "plan", "inspect", "fuse", "wasi", "engine"},
}
# The adapter knows the Tree and what its header includes, nothing else.
FUSE_API = {"wasifs/tree.h", "wasifs/observer.h", "wasifs/node.h", "wasifs/ref.h", "wasifs/types.h", "wasifs/error.h"}
# Which component may use which library, in .cpp files.
THIRD_PARTY = {
    "CLI/": {"cli"},
    "nlohmann/": {"webc", "oci", "inspect", "plan", "cli"},
    "toml++/": {"plan"},
    "nettle/": {"base"},
    "archive": {"archive"},
    "zlib": {"archive"},
    "spdlog/": {"fuse", "cli"},
    "fuse": {"fuse"},
    "wabt/": {"engine"},
}
# The one installed header that is C, and the headers of C that it needs.
C_HEADER = "include/wasifs/wasifs.h"
C_API = {"stddef.h", "stdint.h"}
# A header of ours that includes a library: it is private to the .cpp files of
# its folder, and violations() sees to it that no header includes it.
WRAPPERS = {"fuse/libfuse.h"}

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)


def component_of_header(name):
    """The component that a quoted include belongs to, or None."""
    for component, folder in FOLDERS.items():
        prefix = folder.removeprefix("src/") + "/"
        if name.startswith(prefix):
            return component
    return None


def component_of_file(path):
    for component, folder in FOLDERS.items():
        if path.startswith(folder + "/"):
            return component
    return "api" if path.startswith("include/wasifs/") else None


def library_of(name):
    """The prefix in THIRD_PARTY that a bracketed include matches, or None."""
    for prefix in THIRD_PARTY:
        if name.startswith(prefix):
            return prefix
    return None


def is_standard(name):
    """C++ headers have neither a dot nor a slash in their names."""
    return "." not in name and "/" not in name


def is_system(name):
    """A header of the C library or the kernel."""
    return re.fullmatch(r"((sys|linux|netinet)/)?[a-z0-9_]+\.h", name) is not None


def violations(path, text):
    """What the file at `path` (relative to the root) includes against the rules."""
    found = []
    component = component_of_file(path)
    if component is None:
        return [f"{path}: belongs to no component of the table"]
    is_header = path.endswith(".h")
    for kind, name in INCLUDE.findall(text):
        def bad(why):
            found.append(f"{path}: includes {kind}{name}: {why}")

        if kind == '"':
            target = component_of_header(name)
            if name in WRAPPERS and is_header:
                bad("only .cpp files may include a header that wraps a library")
            if name.startswith("wasifs/"):
                if component == "fuse" and name not in FUSE_API:
                    bad("the adapter knows the Tree only")
            elif component == "api":
                bad("installed headers include installed headers only")
            elif target is None:
                bad("it is no path below src/, fuse/ or include/")
            elif target != component and target not in ALLOWED[component]:
                bad(f"{component} must not know {target}")
            continue
        library = library_of(name)
        if component == "api":
            if not is_standard(name) and not (path == C_HEADER and name in C_API):
                bad("installed headers include the C++ library only")
        elif library is not None:
            if component not in THIRD_PARTY[library]:
                bad(f"{component} must not use this library")
            if is_header and path not in WRAPPERS:
                bad("third-party headers belong into .cpp files")
        elif not is_standard(name) and not is_system(name):
            bad("it belongs to no library of the table")
    return found


def source_files():
    for folder in ("include", "src", "fuse"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".h", ".cpp"):
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def declared_links(cmake):
    """What CMakeLists.txt lets each component link: {name: {component, …}}."""
    links = {}
    for body in re.findall(r"^wasifs_component\(([^)]*)\)", cmake, re.MULTILINE):
        words = body.split()
        known, take = set(), False
        for word in words[1:]:
            if word.isupper():
                take = word in ("PUBLIC", "PRIVATE")
            elif take:
                known.add(word)
        links[words[0]] = known
    return links


class ProjectTest(unittest.TestCase):
    def test_every_include_follows_an_allowed_arrow(self):
        files = list(source_files())
        self.assertGreater(len(files), 30, "the sources were not found")
        found = [line for path, text in files for line in violations(path, text)]
        self.assertEqual(found, [])

    def test_every_folder_of_the_table_exists(self):
        for folder in FOLDERS.values():
            self.assertTrue((ROOT / folder).is_dir(), folder)

    def test_the_build_links_no_component_against_an_arrow(self):
        links = declared_links((ROOT / "CMakeLists.txt").read_text(encoding="utf-8"))
        self.assertEqual(set(links), set(FOLDERS))
        for component, known in links.items():
            self.assertLessEqual(known, ALLOWED[component], component)

    def test_the_arrows_have_no_cycle(self):
        done = set()
        while len(done) < len(ALLOWED):
            ready = {name for name, below in ALLOWED.items() if name not in done and below <= done}
            self.assertTrue(ready, f"a cycle among {set(ALLOWED) - done}")
            done |= ready


class RulesTest(unittest.TestCase):
    """The checker itself: each rule catches what it is for."""

    def assert_bad(self, path, line, why):
        found = violations(path, line + "\n")
        self.assertEqual(len(found), 1, found)
        self.assertIn(why, found[0])

    def assert_good(self, path, line):
        self.assertEqual(violations(path, line + "\n"), [])

    def test_an_arrow_that_points_up_is_found(self):
        self.assert_bad("src/base/x.cpp", '#include "plan/y.h"', "base must not know plan")
        self.assert_bad("src/compose/x.h", '#include "fs/memory/memory_fs.h"', "compose must not know memory")

    def test_the_adapter_knows_only_the_tree(self):
        self.assert_good("fuse/x.h", '#include "wasifs/tree.h"')
        self.assert_bad("fuse/x.cpp", '#include "wasifs/root.h"', "the adapter knows the Tree only")
        self.assert_bad("fuse/x.cpp", '#include "compose/overlay.h"', "fuse must not know compose")

    def test_installed_headers_include_only_the_standard_library(self):
        self.assert_good("include/wasifs/x.h", "#include <vector>")
        self.assert_bad("include/wasifs/x.h", "#include <unistd.h>", "the C++ library only")
        self.assert_good("include/wasifs/wasifs.h", "#include <stdint.h>")
        self.assert_bad("include/wasifs/wasifs.h", "#include <unistd.h>", "the C++ library only")
        self.assert_bad("include/wasifs/x.h", '#include "base/path.h"', "installed headers only")

    def test_libraries_stay_in_source_files_of_their_owner(self):
        self.assert_good("src/cli/x.cpp", "#include <CLI/App.hpp>")
        self.assert_bad("src/cli/x.h", "#include <CLI/App.hpp>", "belong into .cpp files")
        self.assert_bad("src/plan/x.cpp", "#include <CLI/App.hpp>", "must not use this library")
        self.assert_bad("src/plan/x.cpp", "#include <boost/any.hpp>", "no library of the table")

    def test_a_wrapper_of_a_library_is_for_source_files(self):
        self.assert_good("fuse/x.cpp", '#include "fuse/libfuse.h"')
        self.assert_good("fuse/libfuse.h", "#include <fuse_lowlevel.h>")
        self.assert_bad("fuse/x.h", '#include "fuse/libfuse.h"', "only .cpp files")

    def test_an_include_that_is_no_path_is_found(self):
        self.assert_bad("src/plan/x.cpp", '#include "manifest.h"', "no path below")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
