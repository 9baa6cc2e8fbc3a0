# shellcheck shell=bash disable=SC2034  # the lists are used by who sources this
# SPDX-License-Identifier: Apache-2.0
# What the scripts of this folder need from Debian (bookworm or later), and the
# function that installs what is missing of it. To be sourced, not run.

# To build and run the program.
WASIFS_BUILD_PACKAGES=(
  cmake ninja-build pkg-config g++
  libfuse3-dev fuse3 libspdlog-dev libtomlplusplus-dev libcli11-dev
  nlohmann-json3-dev nettle-dev libarchive-dev zlib1g-dev
)
# On top of that, to test and analyse it.
WASIFS_CHECK_PACKAGES=(
  libgtest-dev python3 ccache shellcheck git rsync
  clang-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev
  wabt lld-19 wasi-libc libclang-rt-19-dev-wasm32 binutils libarchive-tools attr
)
# To measure it, and the file systems it is compared with.
WASIFS_BENCH_PACKAGES=(libbenchmark-dev python3 git tar zstd xz-utils)
WASIFS_PEER_PACKAGES=(
  fuse-overlayfs mergerfs unionfs-fuse squashfuse squashfs-tools erofs-utils p7zip-full
)
# Node.js is often there from elsewhere, under other package names.
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  WASIFS_CHECK_PACKAGES+=(nodejs npm)
fi

# need_packages NAME...: installs those that dpkg does not know as installed.
# Asks apt for nothing where all are there, so the second run costs nothing.
need_packages() {
  local missing=() name status
  for name in "$@"; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null) || status=absent
    [ "$status" = installed ] || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return 0

  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "error: these packages are missing, and only root can install them:" >&2
      echo "  ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "installing: ${missing[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update </dev/null &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get -qq install -y --no-install-recommends "${missing[@]}" </dev/null >/dev/null
}
