// SPDX-License-Identifier: Apache-2.0
#pragma once
// A process forked from this one that stays beside it, for what this one will no longer be able to do behind
// its second wall (wall.h), and the channel between both. It ends when this process does, whatever ends that.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/os/descriptor.h"
#include "base/result.h"

namespace berth {

/// One end: whole messages, both ways. One thread receives, and one sends.
class Channel {
 public:
  static constexpr uint64_t kLongest = 64 << 20;

  explicit Channel(Descriptor end) : end_(std::move(end)) {}

  /// False when nobody is at the other end.
  bool send(std::string_view message) const;
  /// Waits for one; nothing when there won't be any more.
  std::optional<std::string> receive() const;
  /// Whether something came, or the other end has gone, within that time.
  bool wait(std::chrono::milliseconds patience) const;
  /// Nothing comes or goes any more: also who waits for a message is told. Any thread.
  void hang_up() const;

 private:
  Descriptor end_;
};

/// `work` is done by the new process, which then ends. It has this one's memory as it is now, of its open
/// files standard error and `kept` alone, and no ear for the signals that end or change this one. Main
/// thread, while it is the only one.
Result<Channel> start_companion(int kept, const std::function<void(Channel)>& work);

}  // namespace berth
