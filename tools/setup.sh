#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/setup.sh [--list]: installs the Debian packages that building and testing berth need, if any is missing.
#
# Nothing is done, and nothing said, when all are there. --list prints the packages that are missing.
# For other systems: the packages are named below.
set -euo pipefail

here=$(dirname "$(realpath "$0")")

build=(build-essential cmake ninja-build python3 python3-venv python3-prometheus-client git util-linux iproute2)
libraries=(libcli11-dev libfmt-dev libtomlplusplus-dev doctest-dev nlohmann-json3-dev libboost1.81-dev libssl-dev libprotozero-dev libsodium-dev libsqlite3-dev zlib1g-dev)
lint=(clang-format-19 clang-tidy-19)
# Guests: WebAssembly from C++, and from Rust with its standard library built from source.
guests=(curl clang-19 lld-19 lld libc++-19-dev-wasm32 libclang-rt-19-dev-wasm32 wasi-libc rustc-web cargo-web rust-web-src)
# Clients and servers that others wrote, to ask berth serve by.
clients=(nghttp2-client nginx-light haproxy chromium)
# A registry, to pull from and push to.
servers=(docker-registry)

case "${1:-}" in
  "" | --list) ;;
  -h | --help) sed -n '3,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) sed -n '3,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

have() { command -v "$1" >/dev/null; }

if ! have dpkg-query || ! have apt-get; then
  echo "setup.sh: this is no Debian: install by your own means what matches ${build[*]} ${libraries[*]}" >&2
  exit 0
fi

wanted=("${build[@]}" "${libraries[@]}" "${lint[@]}" "${guests[@]}" "${clients[@]}" "${servers[@]}")
installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null) || true
missing=()
for package in "${wanted[@]}"; do
  grep -qx "$package installed" <<<"$installed" || missing+=("$package")
done
# These may have come by other ways than Debian's.
have npm || missing+=(npm)
have node || missing+=(nodejs)
have openssl || missing+=(openssl)
# Asked to run, not looked for: rustup leaves names behind that no toolchain is behind.
"$here/with-rust.sh" rustfmt --version >/dev/null 2>&1 || missing+=(rustfmt-web)
"$here/with-rust.sh" cargo clippy --version >/dev/null 2>&1 || missing+=(rust-web-clippy)
[[ -e /etc/ssl/certs/ca-certificates.crt ]] || missing+=(ca-certificates)

((${#missing[@]})) || exit 0
if [[ ${1:-} == --list ]]; then
  printf '%s\n' "${missing[@]}"
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  if ! have sudo; then
    echo "setup.sh: missing packages; as root, run: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
echo "installing: ${missing[*]}"
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@"; }
apt update
apt install --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}" >/dev/null
