#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/demo.sh BERTH: bundles a folder with esbuild inside berth, then sees it refused a path outside its grant.
#
# esbuild (npm @esbuild/wasi-preview1) and what it bundles (npm lodash-es, over 600 files) are other people's.
set -euo pipefail

here=$(dirname "$(realpath "$0")")
berth=${1:?"which berth? as in: tools/demo.sh build/dev/src/cli/berth"}
berth=$(realpath "$berth")
esbuild=$("$here/fetch-esbuild.sh")
packages=$(realpath "$(dirname "$esbuild")/../..")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export BERTH_STATE=$work/state BERTH_CONFIG=$work/config  # whatever this machine allows otherwise
mkdir -p "$work/site/node_modules"
cp -r "$packages/lodash-es" "$work/site/node_modules/"
cat >"$work/site/app.js" <<'JS'
import * as _ from 'lodash-es'
console.log(_.startCase('bundled inside berth'), Object.keys(_).length)
JS
cd "$work"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() { printf '$ %s\n' "$*"; }

say "1. A real program bundles a folder, with that folder, 512 MiB and 20 s of CPU time, and nothing else"
limits=(--memory 512MiB --cpu-time 20s)
bundle=(--bundle --minify /site/app.js --outfile=/site/out.js)
run berth run --dir ./site:/site:rw "${limits[@]}" esbuild.wasm "${bundle[@]}"
"$berth" run --dir ./site:/site:rw "${limits[@]}" "$esbuild" "${bundle[@]}"
files=$(find site/node_modules -name '*.js' | wc -l)
printf 'bundled %s files into %s bytes\n' "$files" "$(stat -c %s site/out.js)"
[[ -s site/out.js ]]
if command -v node >/dev/null; then
  run node site/out.js
  node site/out.js
fi

say "2. The same program asks for a file outside of its grant: refused, with the rule that was missing"
refused=(--bundle /site/app.js --tsconfig=/etc/passwd)
run berth run --dir ./site:/site:rw esbuild.wasm "${refused[@]}"
if "$berth" run --dir ./site:/site:rw "$esbuild" "${refused[@]}"; then
  echo "it was not refused" >&2
  exit 1
fi

say "3. What was refused is kept"
run berth why esbuild.wasm
"$berth" why esbuild.wasm | tee why.txt
grep -q "open-read /etc/passwd" why.txt
grep -q -- "--grant 'files /etc:/etc:ro'" why.txt
