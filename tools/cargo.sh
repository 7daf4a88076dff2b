#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/cargo.sh ARGUMENT…: runs cargo in the engine's workspace, with a toolchain that is new enough.
#
# What it makes is kept in the cache (BERTH_CACHE, or berth/ in XDG_CACHE_HOME or ~/.cache), where every checkout
# finds it again: a plain `cargo build` in engine/ would build it all a second time.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
source "$here/cache.sh"

case "${1:-}" in
  "" | -h | --help)
    sed -n '3,6s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac

export CARGO_TARGET_DIR=$berth_cache/engine
cd "$(realpath "$here/../engine")"
cargo() { "$here/with-rust.sh" cargo "$@"; }

# Cargo takes the crates of two checkouts for the same, and tells by the files' times alone whether they have changed:
# it would hand one checkout what was built of the other's. So the folder belongs to one checkout at a time, for as
# long as one of its builds runs, and whoever takes it over removes what was built of the workspace's own crates.
mkdir -p "$CARGO_TARGET_DIR"
owner=$CARGO_TARGET_DIR/berth-checkout
exec {lock}>"$berth_cache/.engine.lock"
flock --shared "$lock"
while [[ $(cat "$owner" 2>/dev/null) != "$PWD" ]]; do
  flock --unlock "$lock"
  flock --exclusive "$lock"
  own_crates=$(sed -n 's/^name = "\(berth-.*\)"/--package=\1/p' ./*/Cargo.toml ./tools/*/Cargo.toml)
  for profile in dev release; do
    # shellcheck disable=SC2086
    cargo clean --quiet --locked --profile "$profile" $own_crates
  done
  echo "$PWD" >"$owner"
  # Not in one step: another checkout may come in between, hence the loop.
  flock --shared "$lock"
done
exec "$here/with-rust.sh" cargo "$@"
