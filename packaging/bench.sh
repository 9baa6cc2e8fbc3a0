#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Measures the speed of wasifs, in-process and mounted beside other file systems:
#
#   packaging/bench.sh [--install] [--quick] [--reps N] [--cpu N] [--only LIST]
#                      [--peers LIST]
#
#   --install      installs the file systems to compare with (Debian)
#   --quick        few and short samples: shows that all of it works
#   --reps N       repetitions, 5 by default
#   --cpu N        daemons and clients on one CPU: steady figures
#   --only LIST    workloads, kinds (start, fresh, warm, write, first-write),
#                  in-process or archives, with commas between them
#   --peers LIST   only these file systems
#
# Builds with the preset "bench" and installs what that needs. What is not installed
# of the others is named in the report. Needs root and /dev/fuse. The report is
# build/bench-report/report.md, and report.json beside it.
set -eu -o pipefail
cd "$(dirname "$0")/.."
# shellcheck source=packaging/dependencies.sh
. packaging/dependencies.sh

build() {
  local log=build/bench.log
  need_packages "${WASIFS_BUILD_PACKAGES[@]}" "${WASIFS_BENCH_PACKAGES[@]}"
  mkdir -p build
  if command -v ccache >/dev/null; then
    export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
  fi
  echo "building (build/bench) ..."
  if ! { cmake --preset bench && cmake --build build/bench; } >"$log" 2>&1 </dev/null; then
    tail -n 40 "$log"
    echo "error: the build failed; all of its output is in $log"
    exit 70
  fi
}

options=()
for option in "$@"; do
  case $option in
    --install) need_packages "${WASIFS_PEER_PACKAGES[@]}" >&2 ;;
    -h | --help) exec sed -n '3,/^set/{/^set/d;s/^# \{0,1\}//;p}' packaging/bench.sh ;;
    *) options+=("$option") ;;
  esac
done
build >&2
exec python3 tests/bench/mounted/bench.py "${options[@]}"
