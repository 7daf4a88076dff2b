// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is counted of a module that answers requests. Every number only goes up, but for those that say what
// is now. The engine's threads count without a lock; whoever reads gets each number as it was at some moment.
//
// The same numbers may lie in memory that processes share, all zeros at first.

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "engine/guest.h"

namespace berth::host {

/// Durations are counted in classes: each in the first whose bound it doesn't exceed, or behind the last.
inline constexpr auto kDurationBounds = std::to_array<std::chrono::nanoseconds>({
    std::chrono::microseconds(100),
    std::chrono::microseconds(250),
    std::chrono::microseconds(500),
    std::chrono::milliseconds(1),
    std::chrono::microseconds(2500),
    std::chrono::milliseconds(5),
    std::chrono::milliseconds(10),
    std::chrono::milliseconds(25),
    std::chrono::milliseconds(50),
    std::chrono::milliseconds(100),
    std::chrono::milliseconds(250),
    std::chrono::milliseconds(500),
    std::chrono::seconds(1),
    std::chrono::milliseconds(2500),
    std::chrono::seconds(5),
    std::chrono::seconds(10),
});
inline constexpr size_t kDurationClasses = kDurationBounds.size() + 1;
/// By the first digit of a status.
inline constexpr size_t kStatusClasses = 5;
/// One for each `engine::Limit`, which begin at 1.
inline constexpr size_t kLimitKinds = 8;

template <class Number>
struct Figures {
  std::array<Number, kStatusClasses> requests;
  std::array<Number, kDurationClasses> durations;
  Number duration_ns;
  Number received_bytes, sent_bytes;  // of the requests' bodies, and the answers'
  Number cpu_ns;                      // of guests that have ended
  std::array<Number, kLimitKinds> limited;
  Number trapped;
  Number turned_away;  // there was no place for them, nor in the queue
  Number denials;
  Number instances, waiting, memory_bytes;  // now
};

using Counters = Figures<std::atomic<uint64_t>>;
using Counted = Figures<uint64_t>;
static_assert(sizeof(Counters) == sizeof(Counted) && std::atomic<uint64_t>::is_always_lock_free);

/// A request that has ended.
struct EndedRequest {
  uint16_t status = 0;
  std::chrono::nanoseconds duration{0};
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;
  bool turned_away = false;
};

void count(Counters& counters, const EndedRequest& request) noexcept;
/// The work of one guest, and what its module was refused since this was last told.
void count(Counters& counters, const engine::Outcome& outcome, uint64_t denials) noexcept;

Counted read(const Counters& counters) noexcept;
/// Adds up what was counted of two modules.
void add(Counted& sum, const Counted& more) noexcept;

uint64_t requests_of(const Counted& counted);

/// The duration that so large a part (0.99) of the requests didn't exceed, taken as spread evenly over their
/// class; nothing of no requests. Behind the last bound it is that.
std::optional<std::chrono::nanoseconds> quantile(std::span<const uint64_t, kDurationClasses> durations,
                                                 double part);

}  // namespace berth::host
