#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# packaging/archive.sh AR OUT ARCHIVE…: one static library of several. CMake calls this.
set -euo pipefail

ar=$1 out=$2
shift 2
{
  printf 'CREATE %s.new\n' "$out"
  printf 'ADDLIB %s\n' "$@"
  printf 'SAVE\nEND\n'
} | "$ar" -M
"$ar" s "$out.new"
mv "$out.new" "$out"
