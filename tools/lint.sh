#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/lint.sh [--fix] [CHECK…]: checks the sources: format, tidy, rustfmt, clippy, header, scripts (default: all).
#
# All checks run; the names of those that failed are said at the end. --fix formats the sources instead.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
cd "$here/.."

# Sources that are in git or could be, by name.
sources() { git ls-files --cached --others --exclude-standard -- "$@" | while read -r f; do [[ -e $f ]] && echo "$f"; done; }
cxx_sources() { sources '*.cc' '*.h' ':!engine/abi/include/berth_engine.h'; }
rust_sources() { sources '*.rs'; }

check_format() { cxx_sources | xargs clang-format-19 --dry-run -Werror; }
check_tidy() { cmake --preset dev >/dev/null && python3 tools/tidy.py; }
check_rustfmt() { rust_sources | xargs "$here/with-rust.sh" rustfmt --config-path engine/rustfmt.toml --edition 2024 --check; }
check_clippy() {
  tools/cargo.sh clippy --quiet --locked --workspace --all-targets --features berth-abi/test-switches -- -D warnings
}
check_header() { tools/cargo.sh run --quiet --locked -p berth-header -- --check; }
check_scripts() {
  local script bad=0
  while read -r script; do bash -n "$script" || bad=1; done < <(sources '*.sh' .ci/run)
  sources '*.py' | xargs python3 -c '
import ast, sys
for name in sys.argv[1:]:
    ast.parse(open(name, encoding="utf-8").read(), name)' || bad=1
  return $bad
}

checks=()
case "${1:-}" in
  --fix)
    cxx_sources | xargs clang-format-19 -i
    rust_sources | xargs "$here/with-rust.sh" rustfmt --config-path engine/rustfmt.toml --edition 2024
    exit
    ;;
  -h | --help)
    sed -n '3,5s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
  "") checks=(format rustfmt scripts header tidy clippy) ;;
  *) checks=("$@") ;;
esac

failed=()
for check in "${checks[@]}"; do
  if ! declare -F "check_$check" >/dev/null; then
    echo "lint.sh: no check is called '$check'; see --help" >&2
    exit 2
  fi
  start=$SECONDS
  (set -e; "check_$check") || failed+=("$check")
  printf 'lint: %-8s %4d s\n' "$check" $((SECONDS - start))
done
if ((${#failed[@]})); then
  echo "lint failed: ${failed[*]} (make format formats)" >&2
  exit 1
fi
