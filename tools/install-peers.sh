#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/install-peers.sh [--version]: installs what `make bench` measures berth against, into the cache.
#
# That is the wasmtime command line, of the engine's own version, built by cargo. Prints its path, or with
# --version the version. Nothing is installed when it is there.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
source "$here/cache.sh"

# The version is the engine's, so that the two move together.
version=$(sed -n 's/^wasmtime = { version = "=\([0-9.]*\)".*/\1/p' "$here/../engine/Cargo.toml")

case "${1:-}" in
  "") ;;
  --version)
    echo "$version"
    exit 0
    ;;
  *)
    sed -n '3,6s/^# \{0,1\}//p' "$0"
    [[ $1 == -h || $1 == --help ]] && exit 0
    exit 2
    ;;
esac

root=$berth_cache/peers/wasmtime-$version
if [[ ! -x $root/bin/wasmtime ]]; then
  lock_cache peers
  if [[ ! -x $root/bin/wasmtime ]]; then
    echo "installing wasmtime $version to measure against: about a quarter of an hour" >&2
    CARGO_TARGET_DIR=$berth_cache/peers/target "$here/with-rust.sh" \
      cargo install --quiet --locked --root "$root" "wasmtime-cli@$version" >&2
    rm -rf "$berth_cache/peers/target"
  fi
fi
printf '%s\n' "$root/bin/wasmtime"
