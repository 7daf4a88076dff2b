// SPDX-License-Identifier: Apache-2.0
#pragma once
// All blocks below one, each once: for those who keep, send or count them.
//
// Held are the names of those that were seen, and the links of one block a level. One thread.

#include <functional>
#include <string_view>

#include "base/result.h"
#include "providers/content/block.h"

namespace berth::content {

struct Walk {
  enum class Raw { kRead, kSkipped };     // whether blocks that lead nowhere are read
  enum class Gaps { kRefused, kPassed };  // what becomes of blocks that aren't there or can't be read

  Raw raw = Raw::kRead;
  Gaps gaps = Gaps::kRefused;
};

/// In the order of a search in depth, the root first. Bytes are empty for those that weren't read.
Result<void> walk(BlockSource& source, const Cid& root, Walk how,
                  const std::function<Result<void>(const Cid&, std::string_view)>& each);

}  // namespace berth::content
