// SPDX-License-Identifier: Apache-2.0
#pragma once
// Content as a CAR of version 1, made as it is written. One thread.

#include <cstdint>

#include "base/result.h"
#include "providers/content/block.h"
#include "providers/content/input.h"

namespace berth::content {

struct CarWritten {
  uint64_t blocks = 0;
  uint64_t block_bytes = 0;
};

/// Everything below a root, each block once, the root first: what is in its own CID alone isn't written.
Result<CarWritten> write_car(BlockSource& source, const Cid& root, const WriteAll& write);

}  // namespace berth::content
