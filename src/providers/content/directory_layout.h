// SPDX-License-Identifier: Apache-2.0
#pragma once
// A directory as blocks: one block of names, or beyond a size a tree of shards by the hash of each name
// (specs.ipfs.tech/unixfs, HAMT). Held are the names and CIDs of one directory.
//
// One thread.

#include <string>
#include <vector>

#include "providers/content/dag_pb.h"
#include "providers/content/file_layout.h"

namespace berth::content {

/// Puts the blocks of a directory of these entries, each name once.
Result<Made> add_directory(std::vector<PbLink> entries, const Profile& profile, const Attributes& attributes,
                           BlockSink& sink);

/// Puts the block of a symlink.
Result<Made> add_symlink(std::string_view target, const Profile& profile, const Attributes& attributes,
                         BlockSink& sink);

/// Where a name stands in a shard: murmur3's x64 variant of 128 bits, of which the first 64 count.
uint64_t shard_hash(std::string_view name);
/// Which of 2^bits places at this depth; nothing beyond the hash's end.
std::optional<uint32_t> shard_place(uint64_t hash, unsigned depth, unsigned bits);
/// How many digits stand before the names of a shard of so many places.
size_t shard_digits(uint64_t fanout);

inline constexpr uint64_t kShardHash = 0x22;  // murmur3-x64-64

}  // namespace berth::content
