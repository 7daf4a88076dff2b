// SPDX-License-Identifier: Apache-2.0
#pragma once
// Bytes from one thread to another, so many at a time at most. Either end may leave; the other one hears of
// it with its next call.
//
// One thread writes, one reads, any may end it.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::content {

class Pipe {
 public:
  explicit Pipe(size_t most_bytes) : most_bytes_(most_bytes) {}

  /// Waits for room. kCancelled where nobody reads any more.
  Result<void> write(std::string_view bytes);
  /// Nothing comes any more: the end, or why there is none.
  void finish(Result<void> how);

  /// Waits for a byte; 0 at the end, and the error that it ends with.
  Result<size_t> read(std::span<char> into);
  /// Nobody reads any more.
  void leave();

 private:
  const size_t most_bytes_;
  std::mutex lock_;
  std::condition_variable changed_;
  std::deque<std::string> pieces_;
  size_t taken_ = 0;  // of the first piece
  size_t held_ = 0;   // bytes of all pieces
  bool left_ = false;
  std::optional<Result<void>> end_;
};

}  // namespace berth::content
