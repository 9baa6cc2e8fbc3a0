#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Checks the whole project: packaging/check.sh [STAGE...]
#
#   format   clang-format has nothing to change; shellcheck finds nothing
#   release  optimised build; every test
#   tsan     ThreadSanitizer; the conformance suite, the guests, and the unit tests
#            of everything that threads share
#   fuzz     with the address and undefined-behaviour sanitizers: verbs of the
#            program, and each fuzz target with its corpus and a short run
#   asan     AddressSanitizer and UndefinedBehaviorSanitizer; every test (heavy)
#   tidy     clang-tidy over all sources (heavy)
#
# Without a name all but the heavy ones run, also after one has failed; those take
# as long as the others together and have to be named. Installs what is
# missing. Passing things stay quiet; logs are in build/check/. The last line is
# "N passed, N failed, N skipped"; the exit status is 1 if anything failed.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=packaging/dependencies.sh
. packaging/dependencies.sh
exec </dev/null

readonly logs=build/check
readonly jobs=2
readonly fuzz_seconds=12
passed=0 failed=0 skipped=0

# once NAME COMMAND...: one check of its own; its output is shown if it fails.
once() {
  local name=$1 log
  shift
  log=$logs/$(tr -c 'a-z0-9\n' '-' <<<"$name").log
  if "$@" >"$log" 2>&1; then
    passed=$((passed + 1))
    return 0
  fi
  failed=$((failed + 1))
  echo "FAILED: $name ($log)"
  tail -n 60 "$log"
  return 1
}

# build PRESET [TARGET...]: configures and builds; counts only where it fails.
build() {
  local preset=$1
  shift
  local targets=()
  [ $# -eq 0 ] || targets=(--target "$@")
  if once "build $preset" configure_and_build "$preset" "${targets[@]}"; then
    passed=$((passed - 1))
  else
    return 1
  fi
}

configure_and_build() {
  local preset=$1 settings=(-DWASIFS_BUILD_TESTS=ON -DWASIFS_WERROR=ON)
  shift
  # quickstart.sh may have configured the same directory without either.
  [ "$preset" != fuzz ] || settings=()
  cmake --preset "$preset" "${settings[@]}" &&
    cmake --build "build/$preset" -j "$jobs" "$@"
}

# count GOOD BAD LEFT-OUT NAME: adds to the totals and says so.
count() {
  passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
  echo "$1 passed, $2 failed, $3 skipped in $4"
}

# junit FILE...: "GOOD BAD LEFT-OUT" over the reports of ctest or GoogleTest; fails
# where one is missing, as after a crash.
junit() {
  python3 - "$@" <<'PYTHON'
import sys
import xml.etree.ElementTree as tree

cases = [case for path in sys.argv[1:] for case in tree.parse(path).iter("testcase")]
bad = sum(case.find("failure") is not None for case in cases)
left_out = sum(case.find("skipped") is not None or case.get("status") == "disabled" for case in cases)
print(len(cases) - bad - left_out, bad, left_out)
PYTHON
}

# what_failed REPORT...: each test that failed in reports of GoogleTest, and what it
# said; where there is no report, the end of the log beside it.
what_failed() {
  python3 - "$@" <<'PYTHON'
import os
import sys
import xml.etree.ElementTree as tree

for path in sys.argv[1:]:
    try:
        cases = list(tree.parse(path).iter("testcase"))
    except (OSError, tree.ParseError):
        log = os.path.splitext(path)[0] + ".log"
        print(f"no report: the program did not end by itself; the end of {os.path.relpath(log)}:")
        with open(log, errors="replace") as lines:
            sys.stdout.writelines(lines.readlines()[-60:])
        continue
    for case in cases:
        said = [failure.text or failure.get("message", "") for failure in case.findall("failure")]
        if said:
            print(f"{case.get('classname')}.{case.get('name')}")
            print("\n".join("\n".join(said).splitlines()[:40]))
PYTHON
}

# tests PRESET [CTEST-OPTION...]: runs ctest and adds what it counted.
tests() {
  local preset=$1 log=$logs/ctest-$1.log report=$PWD/$logs/ctest-$1.xml counts status good bad left_out
  shift
  rm -f "$report"
  ctest --test-dir "build/$preset" -j "$jobs" --output-on-failure --no-tests=error \
    --output-junit "$report" "$@" >"$log" 2>&1
  status=$?
  counts=$(junit "$report") || counts='0 1 0'
  read -r good bad left_out <<<"$counts"
  # ctest can fail as a whole, for instance when it finds no tests.
  [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
  count "$good" "$bad" "$left_out" "$preset"
  [ "$left_out" -eq 0 ] || grep -hE '\*\*\*(Skipped|Not Run)' "$log" | sort -u | head -n 20
  [ "$bad" -eq 0 ] && return
  echo "FAILED: tests of $preset ($log)"
  grep -E -A 30 '\*\*\*(Failed|Exception|Timeout)' "$log" | head -n 200
  sed -n '/tests FAILED:/,$p' "$log"
}

# shards PRESET PROGRAM: all tests of a program in as many processes as there are
# jobs. ctest starts one for each test, and starting a sanitized one takes longer
# than most tests do.
shards() {
  local preset=$1 program=$2 name=$logs/$1-$2 shard pids=() reports=() counts status=0 good bad left_out
  for ((shard = 0; shard < jobs; shard++)); do
    reports+=("$PWD/$name-$shard.xml")
    rm -f "${reports[-1]}"
    GTEST_TOTAL_SHARDS=$jobs GTEST_SHARD_INDEX=$shard "build/$preset/bin/$program" \
      --gtest_brief=1 --gtest_output="xml:${reports[-1]}" >"$name-$shard.log" 2>&1 &
    pids+=($!)
  done
  for shard in "${pids[@]}"; do wait "$shard" || status=1; done
  counts=$(junit "${reports[@]}" 2>/dev/null) || counts='0 1 0'
  read -r good bad left_out <<<"$counts"
  [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
  count "$good" "$bad" "$left_out" "$program of $preset"
  [ "$bad" -eq 0 ] && return
  echo "FAILED: $program of $preset ($name-*.log)"
  what_failed "${reports[@]}" | head -n 200
}

our_sources() {
  find src include fuse tests packaging/examples \( -name '*.h' -o -name '*.cpp' \) \
    -type f 2>/dev/null | LC_ALL=C sort
}

stage_format() {
  local sources scripts
  mapfile -t sources < <(our_sources)
  mapfile -t scripts < <(find packaging .ci tests -type f \( -name '*.sh' -o -path .ci/run \) | sort)
  once "clang-format" clang-format-19 --dry-run -Werror "${sources[@]}"
  once "shellcheck" shellcheck -x "${scripts[@]}"
}

# all_tests PRESET: everything that ctest knows.
all_tests() {
  tests "$1" -LE '^(conformance|compositions)$'
  shards "$1" conformance
  shards "$1" compositions
}

stage_release() {
  build release && all_tests release
}

stage_asan() {
  export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
  export UBSAN_OPTIONS=print_stacktrace=1
  # libarchive 3.6 keeps its output's 10 KiB where an archive is not written to its end.
  printf 'leak:libarchive.so\n' >"$logs/lsan.supp"
  export LSAN_OPTIONS=suppressions=$PWD/$logs/lsan.supp:print_suppressions=0
  build asan && all_tests asan
}

stage_tsan() {
  export TSAN_OPTIONS=halt_on_error=1
  local targets=(wasifs conformance) folder
  targets+=(wasi_tests)
  for folder in base memory host compose wasi capi fuse; do
    [ -d "tests/unit/$folder" ] && targets+=("unit_$folder")
  done
  # One operation after the other has no races to show, and takes twenty times as long.
  local -x WASIFS_TEST_OPERATIONS=1000
  # Half of the suite's time, for one thread that makes names in a row. (ctest names
  # each test, which goes before this.)
  local -x GTEST_FILTER='-*SixteenThousandNames*:*SixHundredLevels*'
  # Tests of programs that are not built have no label.
  build tsan "${targets[@]}" && tests tsan -L '^(unit|wasi)$' -E '^unit.layering$' && shards tsan conformance
}

stage_fuzz() {
  build fuzz || return
  once "sanitized verbs" tests/each_verb.sh build/fuzz/bin/wasifs
  local target name found
  for target in build/fuzz/bin/fuzz_*; do
    [ -x "$target" ] || continue
    name=${target##*/}
    found=$logs/$name
    mkdir -p "$found"
    once "$name" "$target" -max_total_time="$fuzz_seconds" -timeout=10 -rss_limit_mb=2048 \
      -artifact_prefix="$logs/$name-" "$found" "tests/fuzz/corpus/${name#fuzz_}"
  done
}

tidy_all() {
  find src fuse -name '*.cpp' | LC_ALL=C sort |
    xargs -P "$jobs" -n 1 clang-tidy-19 -p build/release --quiet
}

stage_tidy() {
  build release && once "clang-tidy" tidy_all
}

main() {
  local stages=("$@") stage before
  [ $# -gt 0 ] || stages=(format release tsan fuzz)
  for stage in "${stages[@]}"; do
    if ! declare -F "stage_$stage" >/dev/null; then
      echo "error: unknown stage \"$stage\"; there are format, release, tsan, fuzz, asan, tidy" >&2
      exit 2
    fi
  done
  need_packages "${WASIFS_BUILD_PACKAGES[@]}" "${WASIFS_CHECK_PACKAGES[@]}" || exit 1
  mkdir -p "$logs"
  # One cache serves every checkout: paths count from here, not from the root.
  if command -v ccache >/dev/null; then
    export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
  fi
  for stage in "${stages[@]}"; do
    before=$SECONDS
    echo "== $stage"
    # Not in a subshell: the counts are the script's.
    "stage_$stage"
    echo "== $stage took $((SECONDS - before)) s"
  done
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ]
}

main "$@"
