// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a name stands for in the store: a small file of JSON, written once it is true. Pure; any thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"

namespace berth::registry {

struct Record {
  std::string name;                // "oci://ghcr.io/shop/price:1.2", as `to_text` writes it
  std::optional<Digest> manifest;  // of an artifact
  Digest module;
  uint64_t size = 0;                               // of the module, in bytes
  int64_t pulled = 0;                              // seconds since 1970
  bool pinned = false;                             // stays when room is needed
  bool yanked = false;                             // isn't found by a search
  std::map<std::string, std::string> annotations;  // of the manifest

  bool operator==(const Record&) const = default;
};

std::string write_record(const Record& record);

/// kInvalidArgument when it isn't one.
Result<Record> read_record(std::string_view json);

}  // namespace berth::registry
