#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check.sh CID/NAME…: four programs side by side fetch the same files and tell how fast that went, as events in $EVENTS.
# They get what check.toml says. $BERTH is the program, $GUESTS the folder with the modules.
set -u
here=$(dirname "$0")
berth=${BERTH:-berth}
guests=${GUESTS:-build/guests}
events=${EVENTS:-events.ndjson}

runs=
for language in rust cpp js; do
  "$berth" run --activity "$events" --policy "$here/check.toml" "$guests/check-$language.wasm" "$@" &
  runs="$runs $!"
done

# A program of preview 1 knows files alone: content is a folder, and what it says is its standard output.
paths=$*
set --
for folder in $(for path in $paths; do echo "${path%/*}"; done | sort -u); do
  set -- "$@" --grant "files ipfs://$folder:/content/$folder:ro"
done
files=
for path in $paths; do
  files="$files /content/$path"
done
# shellcheck disable=SC2086 # none of these paths has a blank
"$berth" run --policy "$here/check.toml" "$@" "$guests/check-go.wasm" $files &
runs="$runs $!"

failed=0
for run in $runs; do
  wait "$run" || failed=1
done
exit "$failed"
