// SPDX-License-Identifier: Apache-2.0
#include "providers/content/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/digest.h"

namespace berth::content {
namespace {

constexpr std::array<NamedProfile, 3> kProfiles{{
    {"default", "kubo's with --cid-version 1: 256 KiB chunks, 174 links, raw leaves", {}},
    {"unixfs-v1-2025",
     "1 MiB chunks, 1024 links, raw leaves, shards by the size of a block",
     {.chunk_bytes = 1 << 20, .file_links = 1024, .estimate = Profile::Estimate::kBlock}},
    {"unixfs-v0-2015",
     "kubo's without flags: CIDs of version 0, 256 KiB chunks, 174 links",
     {.cid_version = Cid::Version::kV0, .raw_leaves = false}},
}};

}  // namespace

std::span<const NamedProfile> profiles() {
  return kProfiles;
}

Result<Profile> find_profile(std::string_view name) {
  const auto found = std::ranges::find(kProfiles, name, &NamedProfile::name);
  if (found != kProfiles.end()) return found->profile;
  std::string names;
  for (const NamedProfile& profile : kProfiles)
    names += fmt::format("{}'{}'", names.empty() ? "" : ", ", profile.name);
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("there is no profile '{}': there are {}", name, names));
}

Cid cid_of(const Profile& profile, Codec codec, std::string_view bytes) {
  const Digest digest = sha256(bytes);
  Multihash hash{.code = HashCode::kSha2_256,
                 .digest = {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()}};
  const bool v0 = profile.cid_version == Cid::Version::kV0 && codec == Codec::kDagPb;
  return v0 ? Cid::v0(std::move(hash)) : Cid::v1(codec, std::move(hash));
}

}  // namespace berth::content
