#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds wasifs and runs it.
#
#   packaging/quickstart.sh ARGS...   wasifs ARGS..., built first where needed
#   packaging/quickstart.sh           a demonstration in a temporary directory
#
# Installs missing packages (Debian; as root or with sudo). The demonstration
# ends with status 7 where FUSE cannot be used.
set -eu -o pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
readonly root
# shellcheck source=packaging/dependencies.sh
. "$root/packaging/dependencies.sh"

readonly program=$root/build/release/bin/wasifs
readonly fuse_unavailable=7

build() {
  local log
  need_packages "${WASIFS_BUILD_PACKAGES[@]}" >&2
  mkdir -p "$root/build"
  log=$root/build/quickstart.log
  [ -x "$program" ] || echo "building wasifs; the first time takes a few minutes ..." >&2
  if ! compile >"$log" 2>&1 </dev/null; then
    tail -n 40 "$log" >&2
    echo "error: the build failed; all of its output is in build/quickstart.log" >&2
    exit 70
  fi
}

compile() {
  # A directory that is configured keeps its settings: the tests may be on.
  if [ ! -f "$root/build/release/build.ninja" ]; then
    (cd "$root" && cmake --preset release -DWASIFS_BUILD_TESTS=OFF -DWASIFS_WERROR=OFF) || return
  fi
  cmake --build "$root/build/release" --target wasifs
}

# show COMMAND...: prints the command, then runs it.
show() {
  printf '\n$ %s\n' "$*"
  "$@"
}

say() { printf '\n# %s\n' "$*"; }

work=
clean_up() {
  [ -n "$work" ] || return 0
  cd /
  if mountpoint -q "$work/root"; then
    "$program" unmount "$work/root" || umount -l "$work/root" || fusermount3 -uz "$work/root" || true
  fi
  # Not through a mount: one that is still there keeps its files.
  rm -rf --one-file-system "$work"
}

prepare_demo() {
  work=$(mktemp -d "${TMPDIR:-/tmp}/wasifs-demo.XXXXXX")
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  cd "$work"
  PATH=$root/build/release/bin:$PATH
  mkdir root data config
  cp "$root/tests/data/demo.webc" demo.webc
  echo "kept on the host" >data/notes.txt
  echo "colour = blue" >config/settings.ini
  cat >demo.toml <<'TOML'
manifest-version = 1

[root]
memory-limit = "16MiB"       # for everything below that lives in memory

[container]                  # the package: its files and its commands
source = "demo.webc"

[[mount]]                    # a host directory; writes go to it
guest = "/data"
type = "host"
source = "./data"

[[mount]]                    # another one; writes stay in memory
guest = "/etc/demo"
type = "host"
source = "./config"
access = "cow"

[[mount]]                    # one file with this text
guest = "/etc/motd"
type = "static"
text = "welcome to the composed root\n"

[[mount]]                    # an empty place in memory
guest = "/scratch"
type = "memory"
quota = "1MiB"
TOML
}

# write TEXT FILE, shown the way one would type it.
write() {
  printf "\n$ echo '%s' > %s\n" "$1" "$2"
  echo "$1" >"$2"
}

demo_mounted() {
  say "The same tree through FUSE: any program can use it now."
  show ls root
  show find root/srv root/data root/etc/demo root/scratch
  show cat root/etc/motd root/srv/index.html root/data/notes.txt
  show ls -l root/bin

  say "Writing: where a change goes is the manifest's choice."
  write 'written through the mount' root/data/new.txt
  write 'colour = red' root/etc/demo/settings.ini
  write 'changed page' root/srv/index.html
  write 'only in memory' root/scratch/note
  show cat root/srv/index.html root/etc/demo/settings.ini root/scratch/note
  show wasifs unmount root

  say "Of the host, only the directory mounted read-write has changed."
  show ls data root
  show cat config/settings.ini
  show wasifs cat demo.webc /srv/index.html
}

demo() {
  prepare_demo
  say "A manifest composes a package, two host directories, a text and memory."
  show cat demo.toml
  say "What will be mounted where, and why:"
  show wasifs plan demo.toml
  say "The package can be looked into, and checked, without mounting anything."
  show wasifs webc verify demo.webc
  show wasifs ls -l demo.toml /srv

  local why=
  if [ ! -c /dev/fuse ]; then
    why="there is no /dev/fuse"
  elif ! { : <>/dev/fuse; } 2>/dev/null; then
    why="/dev/fuse cannot be opened"
  fi
  if [ -z "$why" ]; then
    local status=0
    show wasifs mount demo.toml root || status=$?
    [ "$status" -eq "$fuse_unavailable" ] || [ "$status" -eq 0 ] || exit "$status"
    [ "$status" -eq 0 ] || why="the mount above was refused"
  fi
  if [ -n "$why" ]; then
    show wasifs tree demo.toml
    printf '\n*** MOUNTING WAS SKIPPED: %s.\n*** The tree above is what would be mounted.\n' "$why"
    exit "$fuse_unavailable"
  fi
  demo_mounted
  say "Done. Now your own: packaging/quickstart.sh mount SOURCE DIR"
}

build
[ $# -eq 0 ] || exec "$program" "$@"
demo </dev/null
