// SPDX-License-Identifier: Apache-2.0
#pragma once
// All blocks below some, each once unless it is asked for: for those who keep, send or count them.
//
// Held are the names of those that were seen, and the links of one block a level. One thread.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "providers/content/block.h"

namespace berth::content {

struct Walk {
  enum class Raw { kRead, kSkipped };  // whether blocks that lead nowhere are read

  Raw raw = Raw::kRead;
  size_t most_waiting = 4'000'000;  // links that are still to be followed: some 100 bytes each
  bool duplicates = false;          // each block as often as it is come to, and what is below it
};

class Walker {
 public:
  using Each = std::function<Result<void>(const Cid&, std::string_view)>;

  /// `source` outlives it.
  Walker(BlockSource& source, Walk how) : source_(source), how_(how) {}

  /// In the order of a search in depth, the root first; not what walks before have seen that came to their
  /// end. Bytes are empty for blocks that weren't read. An error names the block.
  Result<void> from(const Cid& root, const Each& each);

 private:
  Result<void> follow(const Cid& root, const Each& each);

  BlockSource& source_;
  Walk how_;
  std::unordered_set<std::string> seen_;
  std::vector<const std::string*> now_;  // in seen_: those of this walk
};

/// One walk.
Result<void> walk(BlockSource& source, const Cid& root, Walk how, const Walker::Each& each);

}  // namespace berth::content
