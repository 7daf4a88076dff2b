#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/with-rust.sh COMMAND…: runs a command with a new enough cargo and rustc first on PATH.
#
# That is the one on PATH already, if it will do; else Debian's (packages cargo-web and rustc-web).
set -euo pipefail

needed=1.95

case "${1:-}" in
  "" | -h | --help)
    sed -n '3,5s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac

# new_enough FOLDER: whether cargo and rustc there (or on PATH, if empty) run and are new enough.
new_enough() {
  local tool version
  for tool in cargo rustc; do
    version=$("${1:+$1/}$tool" --version 2>/dev/null | cut -d' ' -f2) || return 1
    [[ -n $version && $(printf '%s\n' "$needed" "$version" | sort -V | head -n1) == "$needed" ]] || return 1
  done
}

if ! new_enough ""; then
  if ! new_enough /usr/bin; then
    echo "with-rust.sh: no cargo and rustc of $needed or newer; 'make setup' installs them" >&2
    exit 1
  fi
  PATH=/usr/bin:$PATH
fi
exec "$@"
