// SPDX-License-Identifier: Apache-2.0
#pragma once
// The way of requests to a collector: each is tried until the collector takes it, refuses it for good or the
// patience with it is over, and who runs this is told once when they stop to arrive and once when they do
// again.
//
// Requests are brought on one thread, which waits here; the rest is for any thread.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/post.h"
#include "otlp/settings.h"

namespace berth::otlp {

/// Posts a body, and waits for the answer at most so long.
using Send = std::function<Result<engine::PostAnswer>(std::string_view body, std::chrono::nanoseconds most)>;
/// Says a line to who runs this. On any thread; doesn't wait.
using Say = std::function<void(std::string line)>;

struct DeliverySettings {
  std::string_view signal;  // "traces"
  std::string url;
  std::chrono::milliseconds timeout{10'000};     // of one try
  std::chrono::milliseconds patience{30'000};    // of all tries
  std::chrono::milliseconds first_pause{1'000};  // doubled with each try
  std::chrono::milliseconds longest_pause{10'000};
};

class Delivery {
 public:
  Delivery(DeliverySettings settings, Send send, Say say)
      : settings_(std::move(settings)), send_(std::move(send)), say_(std::move(say)) {}

  /// With so many records.
  void bring(const std::string& request, uint64_t records);
  /// Records that aren't brought: the first of them are said.
  void overflow(uint64_t records);

  /// From now on nobody waits here for longer than so.
  void end_within(std::chrono::milliseconds time);

  /// Those that didn't arrive.
  uint64_t lost() const {
    return lost_;
  }

 private:
  using Clock = std::chrono::steady_clock;

  /// What became of one try. Neither: it may be tried again.
  struct Try {
    bool taken = false;
    bool refused = false;
    std::string why;
    std::chrono::nanoseconds pause{0};  // that the collector wants
  };
  Try try_once(const std::string& request, Clock::time_point until, uint64_t records);
  std::chrono::nanoseconds pause_before(int next, const Try& last) const;
  /// Whether there is time for another try afterwards.
  bool rest(std::chrono::nanoseconds pause, Clock::time_point until);
  void lose(uint64_t records);
  void arrived();
  void failed(const std::string& why, uint64_t records);

  const DeliverySettings settings_;
  const Send send_;
  const Say say_;
  std::atomic<uint64_t> lost_ = 0;
  std::atomic<bool> troubled_ = false;    // and that was said
  std::atomic<bool> overflowed_ = false;  // the same
  std::mutex lock_;
  std::condition_variable changed_;
  std::optional<Clock::time_point> end_;  // guarded by lock_
};

}  // namespace berth::otlp
