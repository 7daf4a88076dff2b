// SPDX-License-Identifier: Apache-2.0
#pragma once
// The streams and futures at whose ends one instance is, so that whoever waits at the other one learns of its
// end. Any thread.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "berth/channel.h"
#include "berth/result.h"
#include "engine/live.h"

namespace berth::embed {

class Streams {
 public:
  /// What the module wrote, for whoever reads that.
  std::unique_ptr<engine::Sink> read(std::shared_ptr<detail::Channel> channel, detail::Resources& resources,
                                     std::unique_ptr<engine::Waiter> waiter);
  /// The same of what the module reads.
  std::unique_ptr<engine::Source> write(std::shared_ptr<detail::Channel> channel,
                                        detail::Resources& resources, std::unique_ptr<engine::Waiter> waiter);

  /// Whether there ever was one: calls of an instance without any have nobody to tell.
  bool any() const {
    return any_.load(std::memory_order_relaxed);
  }
  /// The instance is over.
  void fail(const Error& why) noexcept;
  /// A call has ended: others may have the instance go on.
  void take_turns() noexcept;
  /// Woken whenever one of them has changed.
  const engine::Waiter& waiter() const {
    return *waiter_;
  }

 private:
  std::function<void()> add(const std::shared_ptr<detail::Channel>& channel);
  std::vector<std::shared_ptr<detail::Channel>> all() noexcept;

  const std::shared_ptr<engine::Waiter> waiter_ = std::make_shared<engine::Waiter>();
  std::atomic<bool> any_ = false;
  std::mutex mutex_;
  std::vector<std::weak_ptr<detail::Channel>> channels_;
};

}  // namespace berth::embed
