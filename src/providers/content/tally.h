// SPDX-License-Identifier: Apache-2.0
#pragma once
// What came from where for somebody, a module in all its calls or one reading of a verb: from which gateway
// and how fast, and what this machine had.
//
// What several want at once comes once, and stands in the tally of the one who pays for it; for the others it
// was on this machine. Any thread.

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace berth::content {

/// What came from one gateway.
struct Came {
  std::string from;  // its URL; kOthers
  uint64_t requests = 0;
  uint64_t answers = 0;  // of them, those that brought a block
  uint64_t blocks = 0;
  uint64_t bytes = 0;             // of those blocks
  double first_byte_seconds = 0;  // of all answers together: from the request to their first block
  double seconds = 0;             // the same: from there on, while blocks came
  uint64_t lies = 0;    // answers that weren't what was asked for: nobody got what was wrong of them
  std::string dropped;  // what it did wrong: a lie, or else what was first; empty: nothing
};

struct Brought {
  uint64_t store_blocks = 0;
  uint64_t store_bytes = 0;
  std::vector<Came> came;  // by gateway, in the order of the first request

  Brought& operator+=(const Brought& more);
};

/// From a request to its first block, as it was on average; 0 where nothing came.
double first_byte_seconds(const Came& came);
/// While blocks came; 0 where that took no time.
double bytes_per_second(const Came& came);

class Tally {
 public:
  /// Gateways that have a name in it: routers name others without end. What comes from more of them is added
  /// up as that of kOthers.
  static constexpr size_t kMostNames = 32;
  static constexpr const char* kOthers = "others";

  /// Adds to what came from `more.from`.
  void add(const Came& more);
  /// A block that was on this machine.
  void add_stored(uint64_t bytes);

  Brought read() const;

 private:
  mutable std::mutex lock_;
  Brought all_;  // guarded by lock_
};

}  // namespace berth::content
