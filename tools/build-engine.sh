#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/build-engine.sh --profile dev|release [--test-switches] [--no-compiler] --out FILE: builds the Rust engine.
#
# Cargo decides whether there is something to do. FILE gets the static library, and is touched only if that has
# changed, so that nothing is linked anew in vain. CMake calls this; `make build` is the door.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
source "$here/cache.sh"

usage() {
  sed -n '3,6s/^# \{0,1\}//p' "$0"
  exit "$1"
}

profile='' out='' features=()
while (($#)); do
  case $1 in
    --profile)
      profile=${2:-}
      shift
      ;;
    --out)
      out=${2:-}
      shift
      ;;
    --test-switches) features+=(--features test-switches) ;;
    --no-compiler) features+=(--no-default-features) ;;
    -h | --help) usage 0 ;;
    *) usage 2 >&2 ;;
  esac
  shift || usage 2 >&2
done
[[ $profile == dev || $profile == release ]] && [[ -n $out ]] || usage 2 >&2

# What is shipped has an allocator of its own.
[[ $profile == release ]] && features+=(--features mimalloc)

# Held until the library is copied: another checkout's build would put its own in the same place.
lock_cache "engine-$profile"

"$here/cargo.sh" build --quiet --locked -p berth-abi --profile "$profile" "${features[@]}"
note_engine_key "$here/../engine/Cargo.lock"

folder=$profile
[[ $profile == dev ]] && folder=debug
built=$berth_cache/engine/$folder/libberth_engine.a
if ! cmp -s "$built" "$out"; then
  mkdir -p "$(dirname "$out")"
  cp --reflink=auto "$built" "$out.new"
  mv "$out.new" "$out"
fi
