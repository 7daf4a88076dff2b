// SPDX-License-Identifier: Apache-2.0
#pragma once
// A file as a balanced tree of blocks (specs.ipfs.tech/unixfs), made while its bytes come: what is held are
// the leaves on their way and the links of one node a level.
//
// Leaves are hashed and kept by threads of their own, so the sink is called by several at once. The object
// itself: one thread.

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "providers/content/block.h"
#include "providers/content/input.h"
#include "providers/content/profile.h"
#include "providers/content/unixfs.h"

namespace berth::content {

/// Mode and time of change that are written down, where somebody wants them to be.
struct Attributes {
  std::optional<uint32_t> mode;
  std::optional<ModifiedTime> modified;

  bool any() const {
    return mode.has_value() || modified.has_value();
  }
};

/// What was made.
struct Made {
  Cid cid;
  uint64_t tsize = 0;  // bytes of all blocks, as often as they stand there
  uint64_t size = 0;   // bytes of the file
};

/// Reads until the end, puts all blocks.
Result<Made> add_file(const ReadSome& read, const Profile& profile, const Attributes& attributes,
                      BlockSink& sink);

}  // namespace berth::content
