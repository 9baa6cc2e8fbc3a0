# SPDX-License-Identifier: Apache-2.0
"""Who is measured: the file systems, what each needs and how it is mounted."""

import enum
import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from workloads import Kind


class Family(enum.Enum):
    KERNEL = "kernel"
    FUSE = "fuse"
    WASIFS = "wasifs"


@dataclass(frozen=True)
class Places:
    """Where the inputs are, and the directories that one peer has to itself."""

    tree: Path
    own: Path
    wasifs: Path

    @property
    def mount_point(self) -> Path:
        return self.own / "mnt"

    @property
    def upper(self) -> Path:
        return self.own / "upper"

    @property
    def work(self) -> Path:
        return self.own / "work"

    @property
    def manifest(self) -> Path:
        return self.own / "root.toml"

    def fill(self, word: str) -> str:
        """The word of a command with the paths of this peer in it."""
        return word.format(
            tree=self.tree,
            base=self.tree / "base",
            patch=self.tree / "patch",
            squashfs=self.tree / "merged.squashfs",
            erofs=self.tree / "merged.erofs",
            upper=self.upper,
            work=self.work,
            mnt=self.mount_point,
            manifest=self.manifest,
            wasifs=self.wasifs,
        )


@dataclass(frozen=True)
class Image:
    """A file that is made of the tree once, and the program that makes it."""

    name: str
    program: str
    arguments: tuple[str, ...]  # {source} and {image}
    source: str = "merged"

    def make(self, tree: Path, program: Path | str) -> None:
        image = tree / self.name
        if image.exists():
            return
        unfinished = image.with_suffix(".part")
        unfinished.unlink(missing_ok=True)
        words = [word.format(source=tree / self.source, image=unfinished) for word in self.arguments]
        subprocess.run([program, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        unfinished.rename(image)


SQUASHFS = Image(
    "merged.squashfs", "mksquashfs", ("{source}", "{image}", "-comp", "zstd", "-quiet", "-no-progress")
)
EROFS = Image("merged.erofs", "mkfs.erofs", ("{image}", "{source}"))
PACKAGES = tuple(
    Image(f"{layer}.webc", "make_package", ("pack", "{source}", "{image}"), layer) for layer in ("base", "patch")
)


@dataclass(frozen=True)
class Peer:
    """A file system and how it is mounted over the tree."""

    name: str
    family: Family
    command: tuple[str, ...]
    read_only: bool = False
    images: tuple[Image, ...] = ()
    package: str = ""  # Debian's, which has the program or makes the image
    filesystem: str = ""  # what the kernel has to know
    copies_up: bool = True  # what is written to a lower layer's file goes to the upper
    layers: tuple[str, ...] = ()  # wasifs: the layers of the one mount, …
    root_keys: dict[str, str] = field(default_factory=dict)  # … and keys of [root]

    def why_absent(self) -> str:
        """What is missing here to measure it; "" where nothing is."""
        program = self.command[0]
        missing = [p for p in (program, *(i.program for i in self.images)) if not _is_there(p)]
        if missing:
            hint = f" (Debian: {self.package})" if self.package else ""
            return f"there is no {missing[0]}{hint}"
        if self.filesystem and self.filesystem not in Path("/proc/filesystems").read_text("utf-8").split():
            return f"this kernel has no {self.filesystem}"
        return ""

    def can_run(self, kind: Kind) -> bool:
        if kind is Kind.FIRST_WRITE:
            return self.copies_up and not self.read_only
        return kind is not Kind.WRITE or not self.read_only

    def version(self) -> str:
        if not self.package or self.family is Family.KERNEL:
            return ""
        query = ["dpkg-query", "-W", "-f=${Version}", self.package]
        try:
            return subprocess.run(query, capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            return "unknown"

    def prepare(self, places: Places) -> list[str]:
        """Writes what the command reads; the command."""
        if self.layers:
            places.manifest.write_text(self._manifest(places), encoding="utf-8")
        return [places.fill(word) for word in self.command]

    def _manifest(self, places: Places) -> str:
        def lines(keys: dict[str, str]) -> list[str]:
            return [f"{key} = {json.dumps(places.fill(value))}" for key, value in keys.items()]

        layers = [places.fill(layer) for layer in self.layers]
        text = ["manifest-version = 1", "[root]", 'base = "empty"', *lines(self.root_keys), "[[mount]]"]
        # A list of strings is the same in JSON and TOML.
        text += ['guest = "/"', 'type = "overlay"', f"layers = {json.dumps(layers)}"]
        return "\n".join(text) + "\n"


def _is_there(program: str) -> bool:
    # What is built here was built before: its path is filled in later.
    return program in ("{wasifs}", "make_package") or shutil.which(program) is not None


_OVERLAY = "lowerdir={patch}:{base},upperdir={upper},workdir={work}"
_BRANCHES = "{upper}=RW:{patch}=RO:{base}=RO"
# mergerfs as its manual tunes it for directories that nobody else changes.
_MERGERFS = (
    "category.create=ff,cache.files=auto-full,cache.entry=3600,cache.attr=3600,cache.negative_entry=3600,"
    "cache.readdir=true,cache.symlinks=true,dropcacheonclose=false,security_capability=false,xattr=nosys,"
    "posix_acl=false"
)
_HOST = ("{patch}", "{base}")
_PACKED = ("{tree}/patch.webc", "{tree}/base.webc")


def _wasifs(
    name: str,
    layers: tuple[str, ...],
    *,
    root: dict[str, str] | None = None,
    options: tuple[str, ...] = (),
) -> Peer:
    """A set-up of wasifs: what changes goes to memory unless the keys say otherwise."""
    return Peer(
        name,
        Family.WASIFS,
        ("{wasifs}", "mount", *options, "{manifest}", "{mnt}"),
        images=PACKAGES if layers is _PACKED else (),
        layers=layers,
        root_keys=root or {},
    )


ANCHOR = "overlay"

# The order is that of the report's columns.
PEERS: tuple[Peer, ...] = (
    Peer(ANCHOR, Family.KERNEL, ("mount", "-t", "overlay", "overlay", "-o", _OVERLAY, "{mnt}"), filesystem="overlay"),
    Peer(
        "erofs",
        Family.KERNEL,
        ("mount", "-t", "erofs", "-o", "ro", "{erofs}", "{mnt}"),
        read_only=True,
        images=(EROFS,),
        package="erofs-utils",
        filesystem="erofs",
    ),
    Peer(
        "squashfs",
        Family.KERNEL,
        ("mount", "-t", "squashfs", "-o", "loop,ro", "{squashfs}", "{mnt}"),
        read_only=True,
        images=(SQUASHFS,),
        package="squashfs-tools",
        filesystem="squashfs",
    ),
    Peer("fuse-overlayfs", Family.FUSE, ("fuse-overlayfs", "-o", _OVERLAY, "{mnt}"), package="fuse-overlayfs"),
    Peer(
        "mergerfs",
        Family.FUSE,
        ("mergerfs", "-o", _MERGERFS, _BRANCHES, "{mnt}"),
        package="mergerfs",
        copies_up=False,
    ),
    Peer(
        "unionfs-fuse",
        Family.FUSE,
        ("unionfs", "-o", "cow,hide_meta_files", _BRANCHES, "{mnt}"),
        package="unionfs-fuse",
    ),
    Peer(
        "squashfuse",
        Family.FUSE,
        ("squashfuse_ll", "{squashfs}", "{mnt}"),
        read_only=True,
        images=(SQUASHFS,),
        package="squashfuse",
    ),
    _wasifs("wasifs-package", _PACKED),
    _wasifs("wasifs-writeback", _PACKED, options=("-o", "writeback")),
    _wasifs("wasifs-host", _HOST),
    _wasifs("wasifs-host-frozen", _HOST, root={"cache": "forever"}),
    _wasifs("wasifs-host-upper", _HOST, root={"upper": "{upper}", "work": "{work}"}),
)
