# SPDX-License-Identifier: Apache-2.0
# Sourced by the scripts beside it: where things are kept that are slow to make and that every checkout shares.

berth_cache=${BERTH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/berth}

# Holds a lock of the cache until the script ends, so that two checkouts don't make the same thing at once.
# The system takes it back from a script that dies.
lock_cache() {
  local lock
  mkdir -p "$berth_cache"
  exec {lock}>"$berth_cache/.$1.lock"
  if ! flock -n "$lock"; then
    echo "waiting for another build of: $1" >&2
    flock "$lock"
  fi
}

# What the engine's folder holds depends on the lock file and the compiler.
engine_key() {
  {
    cat "$1"
    "${BASH_SOURCE%/*}/with-rust.sh" rustc --version
  } | sha256sum | cut -c1-24
}

# Notes that something was built with this lock file: `make clean-cache` reads the notes.
note_engine_key() {
  local keys=$berth_cache/engine/berth-keys key
  # The compiler is asked only when the lock file is newer than the last note.
  [[ $1 -nt $keys ]] || return 0
  key=$(engine_key "$1")
  grep -qsx "$key" "$keys" || echo "$key" >>"$keys"
  touch "$keys"
}
