// SPDX-License-Identifier: Apache-2.0
#pragma once
// Blocks of dag-pb (ipld.io/specs/codecs/dag-pb): a list of named links, and bytes. Links are sorted by name
// when one is written, and two of the same name stay in their order.
//
// Pure; safe on any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "providers/content/cid.h"

namespace berth::content {

struct PbLink {
  Cid cid;
  std::string name;
  uint64_t tsize = 0;  // bytes of all blocks below, as whoever made it said

  bool operator==(const PbLink&) const = default;
};

struct PbNode {
  std::vector<PbLink> links;
  std::optional<std::string> data;

  bool operator==(const PbNode&) const = default;
};

std::string write_pb(const PbNode& node);

/// kInvalidArgument where it is none: also for fields that dag-pb doesn't have, or has twice.
Result<PbNode> read_pb(std::string_view bytes);

/// How many bytes a link takes in its node.
size_t pb_link_size(size_t cid_bytes, size_t name_bytes, uint64_t tsize);

}  // namespace berth::content
