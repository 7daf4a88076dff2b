// SPDX-License-Identifier: Apache-2.0
#pragma once
// How bytes become blocks: whoever uses the same rules for the same bytes gets the same CID. Kubo's default,
// with CIDs of version 1 and raw leaves as most who publish have it, and the profiles of 2025
// (specs.ipfs.tech/ipips/ipip-0499).
//
// Values; safe on any thread.

#include <cstddef>
#include <span>
#include <string_view>

#include "base/result.h"
#include "providers/content/cid.h"

namespace berth::content {

inline constexpr size_t kMostChunk = (2 << 20) - 256;  // room for what dag-pb puts around it

struct Profile {
  /// What a directory's size is held against the threshold by: names and CIDs, or its whole block.
  enum class Estimate { kLinks, kBlock };

  Cid::Version cid_version = Cid::Version::kV1;
  bool raw_leaves = true;
  size_t chunk_bytes = 256 << 10;
  size_t file_links = 174;  // that a node of a file has at most
  size_t shard_fanout = 256;
  size_t shard_threshold_bytes = 256 << 10;  // larger directories are sharded
  Estimate estimate = Estimate::kLinks;
};

struct NamedProfile {
  std::string_view name;
  std::string_view does;
  Profile profile;
};

/// The first is the default.
std::span<const NamedProfile> profiles();

/// kInvalidArgument, with those there are.
Result<Profile> find_profile(std::string_view name);

/// The CID of a block of these bytes under the profile.
Cid cid_of(const Profile& profile, Codec codec, std::string_view bytes);

}  // namespace berth::content
