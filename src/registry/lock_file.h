// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which bytes names stand for, written down beside what uses them: berth.lock.
//
//   version = 1
//
//   [[module]]
//   name = "oci://ghcr.io/shop/price:1.2"
//   manifest = "sha256:…"
//   module = "sha256:…"
//
// Reading and writing of its text is pure. Any thread.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"

namespace berth::registry {

struct Locked {
  std::optional<Digest> manifest;  // of an artifact
  Digest module;

  bool operator==(const Locked&) const = default;
};

/// By name.
using LockFile = std::map<std::string, Locked>;

/// Errors begin with `file_name:line:column`.
Result<LockFile> parse_lock(std::string_view toml_text, std::string_view file_name);
std::string write_lock(const LockFile& lock);

/// Blocks on the file. kNotFound says how it is made.
Result<LockFile> read_lock(const std::string& path);
/// Adds to what is there; a file that isn't is made.
Result<void> add_to_lock(const std::string& path, const LockFile& more);

}  // namespace berth::registry
