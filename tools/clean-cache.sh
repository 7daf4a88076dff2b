#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/clean-cache.sh [--dry-run]: removes from the shared cache what no longer fits this checkout.
#
# That is the engine's folder, once several lock files or compilers have left something there (cargo never removes
# the old; the next build is a cold one), other versions of esbuild and of the bench's peers, and what the linter
# noted more than a month ago.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
source "$here/cache.sh"

dry_run=no
case "${1:-}" in
  "") ;;
  --dry-run) dry_run=yes ;;
  *)
    sed -n '3,7s/^# \{0,1\}//p' "$0"
    [[ $1 == -h || $1 == --help ]] && exit 0
    exit 2
    ;;
esac

remove() {
  [[ -e $1 ]] || return 0
  echo "$(du -sh "$1" | cut -f1) $1"
  [[ $dry_run == yes ]] || rm -rf "$1"
}

lock_cache engine-dev
lock_cache engine-release
keys=$berth_cache/engine/berth-keys
if [[ -e $keys ]] && grep -qvx "$(engine_key "$here/../engine/Cargo.lock")" "$keys"; then
  remove "$berth_cache/engine"
fi

esbuild=$("$here/fetch-esbuild.sh" --key)
wasmtime=$("$here/install-peers.sh" --version)
for kept in "$berth_cache"/esbuild-* "$berth_cache"/peers/wasmtime-*; do
  case ${kept##*/} in
    "esbuild-$esbuild" | "wasmtime-$wasmtime") ;;
    *) remove "$kept" ;;
  esac
done

if [[ $dry_run == no && -d $berth_cache/tidy ]]; then
  find "$berth_cache/tidy" -type f -mtime +30 -delete
fi
