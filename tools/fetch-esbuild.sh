#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/fetch-esbuild.sh [--key]: prints the path of esbuild.wasm, a large program of preview 1 built by others.
#
# It comes from npm (@esbuild/wasi-preview1), with something to bundle (lodash-es, beside it in the same
# node_modules), by the versions and digests in tools/esbuild/package-lock.json, and is kept in the cache.
# --key prints what it is kept by instead.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
source "$here/cache.sh"

key=$(sha256sum <"$here/esbuild/package-lock.json" | cut -c1-16)

case "${1:-}" in
  "") ;;
  --key)
    echo "$key"
    exit 0
    ;;
  *)
    sed -n '3,7s/^# \{0,1\}//p' "$0"
    [[ $1 == -h || $1 == --help ]] && exit 0
    exit 2
    ;;
esac

kept=$berth_cache/esbuild-$key
wasm=$kept/node_modules/@esbuild/wasi-preview1/esbuild.wasm

if [[ ! -e $wasm ]]; then
  lock_cache esbuild
  if [[ ! -e $wasm ]]; then
    aside=$(mktemp -d "$berth_cache/.esbuild.XXXXXX")
    trap 'rm -rf "$aside"' EXIT
    cp "$here"/esbuild/package*.json "$aside"
    (cd "$aside" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
    chmod 755 "$aside"
    rm -rf "$kept"
    mv "$aside" "$kept"
  fi
fi
printf '%s\n' "$wasm"
