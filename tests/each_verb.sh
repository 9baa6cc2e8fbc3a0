#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs verbs of a program once, from its start to its end: for what sanitizers have to
# say of a whole process, such as what is destroyed in which order.
#
#   tests/each_verb.sh PROGRAM
set -eu -o pipefail
cd "$(dirname "$0")/.."
readonly wasifs=$1 demo=tests/data/demo.webc
scratch=$(mktemp -d)
readonly scratch
trap 'rm -rf -- "$scratch"' EXIT

run() {
  echo "wasifs $*"
  "$wasifs" "$@"
}

for verb in plan check tree ls spec export; do run "$verb" "$demo"; done
run cat "$demo" /srv/index.html
run stat "$demo" /srv/index.html
run explain "$demo" /srv/index.html
for part in info ls verify; do run webc "$part" "$demo"; done

run unpack "$demo" -o "$scratch/folder"
run pack "$scratch/folder" -o "$scratch/again.webc"
cmp "$demo" "$scratch/again.webc"
run diff "$demo" "$scratch/again.webc"

run extract "$demo" -o "$scratch/tree.tar.gz"
run extract "$demo" -o "$scratch/tree"
run tree "$scratch/tree.tar.gz"
run check "$scratch/tree.tar.gz"

mkdir "$scratch/upper"
echo changed >"$scratch/upper/new"
run commit "$scratch/upper" -o "$scratch/layer.tar"
run commit "$demo" --upper "$scratch/upper" -o "$scratch/changed.webc"
run cat "$scratch/changed.webc" /new
