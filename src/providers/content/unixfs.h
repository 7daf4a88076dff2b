// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a dag-pb block of UnixFS says of itself (specs.ipfs.tech/unixfs): that it is a file or a part of one,
// a directory or a shard of one, or a symlink; with mode and time of change, as UnixFS 1.5 has them.
//
// Pure; safe on any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::content {

struct ModifiedTime {
  int64_t seconds = 0;       // since 1970
  uint32_t nanoseconds = 0;  // below a second

  bool operator==(const ModifiedTime&) const = default;
};

struct UnixFs {
  enum class Type : uint8_t { kRaw = 0, kDirectory = 1, kFile = 2, kMetadata = 3, kSymlink = 4, kShard = 5 };

  Type type = Type::kFile;
  std::optional<std::string> data;  // of a file; a symlink's target; which places of a shard are taken
  std::optional<uint64_t> file_size;
  std::vector<uint64_t> block_sizes;  // of each link of a file, in bytes of the file
  std::optional<uint64_t> hash_type;  // of a shard
  std::optional<uint64_t> fanout;     // of a shard
  std::optional<uint32_t> mode;       // permissions: the 12 lowest bits
  std::optional<ModifiedTime> modified;

  bool operator==(const UnixFs&) const = default;
};

std::string write_unixfs(const UnixFs& node);

/// kInvalidArgument where it is none, or says what can't be: a time beyond a second, a size beyond 2^63.
Result<UnixFs> read_unixfs(std::string_view bytes);

}  // namespace berth::content
