// SPDX-License-Identifier: Apache-2.0
#pragma once
// Blocks that nobody read for long are read again before somebody needs them, so that a disk that loses bytes
// is found out while others still have them.
//
// checked/XY in the store's folder is empty, and its time is when all in blocks/XY were last read. Any number
// of processes: what one has checked the others don't check again.

#include <chrono>
#include <functional>
#include <stop_token>
#include <thread>

#include "base/result.h"
#include "providers/content/store.h"

namespace berth::content {

/// How long ago a block may have been checked.
inline constexpr std::chrono::hours kScrubEvery{30 * 24};

struct ScrubOptions {
  std::chrono::seconds every = kScrubEvery;  // zero: all are due
  Repair repair = Repair::kYes;
  /// How long it rests after each folder of blocks, in times of what that took: 9 are a tenth of a disk.
  unsigned rests = 9;
};

/// Reads the blocks of all folders that are due, and hands over what is damaged as soon as it is found. A
/// folder with damage in it which somebody uses at the moment isn't repaired, and stays due. Ends early, with
/// what it has found, once it is to stop.
Result<CheckedBlocks> scrub(
    Store& store, const ScrubOptions& options, const std::stop_token& stop = {},
    const std::function<void(const BlockDamage& damage)>& found = [](const BlockDamage&) {});

/// Does so from time to time, on a thread of its own, as long as it lives.
class Scrubber {
 public:
  /// `told` is called on that thread, of what is damaged and of what keeps it from looking.
  Scrubber(Store& store, ScrubOptions options, std::function<void(const std::string& line)> told);

 private:
  std::jthread thread_;
};

}  // namespace berth::content
