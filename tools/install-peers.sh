#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/install-peers.sh [--version | --c-api]: installs what `make bench` measures berth against, into the cache.
#
# That is the wasmtime command line, of the engine's own version, built by cargo; prints its path, or with --version the
# version. With --c-api it is Wasmtime's official C and C++ API; prints the folder with include/ and libofficial_c_api.a.
# Nothing is installed when it is there.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
source "$here/cache.sh"

# The version is the engine's, so that the two move together.
version=$(sed -n 's/^wasmtime = { version = "=\([0-9.]*\)".*/\1/p' "$here/../engine/Cargo.toml")

case "${1:-}" in
  "" | --c-api) ;;
  --version)
    echo "$version"
    exit 0
    ;;
  *)
    sed -n '3,7s/^# \{0,1\}//p' "$0"
    [[ $1 == -h || $1 == --help ]] && exit 0
    exit 2
    ;;
esac

c_api() {
  local folder=$berth_cache/peers/c-api-$version target=$berth_cache/peers/c-api-target
  if [[ ! -d $folder ]]; then
    lock_cache peers
    if [[ ! -d $folder ]]; then
      echo "building the C API of wasmtime $version to measure against: some ten minutes" >&2
      CARGO_TARGET_DIR=$target "$here/with-rust.sh" cargo build --quiet --release --locked \
        --manifest-path "$here/../bench/official/Cargo.toml" >&2
      mkdir -p "$folder.new"
      cp -r "$target"/release/build/wasmtime-c-api-impl-*/out/include "$target/release/libofficial_c_api.a" "$folder.new"
      mv "$folder.new" "$folder"
      rm -rf "$target"
    fi
  fi
  printf '%s\n' "$folder"
}

if [[ ${1:-} == --c-api ]]; then
  c_api
  exit 0
fi

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
