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
cd "$here/../engine"
exec "$here/with-rust.sh" cargo "$@"
