#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check.sh CID/NAME…: the modules side by side, each in a process of its own, fetch the same files and tell how fast that
# went, as events in $EVENTS. They get what check.toml says. $BERTH is the program, $GUESTS the folder with the modules.
set -u
here=$(dirname "$0")
berth=${BERTH:-berth}
guests=${GUESTS:-build/guests}
events=${EVENTS:-events.ndjson}

paths=$*
set -- --activity "$events" --policy "$here/check.toml" --limit cpu.share=50%
# A program of preview 1 knows files alone, so content is a folder for it.
for folder in $(for path in $paths; do echo "${path%/*}"; done | sort -u); do
  set -- "$@" --grant "files ipfs://$folder:/content/$folder:ro"
done

runs=
for language in cpp go js python rust; do
  # shellcheck disable=SC2086 # none of these paths has a blank
  "$berth" run "$@" "$guests/check-$language.wasm" $paths &
  runs="$runs $!"
done

failed=0
for run in $runs; do
  wait "$run" || failed=1
done
exit "$failed"
