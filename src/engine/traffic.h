// SPDX-License-Identifier: Apache-2.0
#pragma once
// How much a module may send and receive, and how many connections it may have and open, all its calls
// together. Any thread.

#include <chrono>
#include <cstdint>
#include <optional>

struct berth_traffic;

namespace berth::engine {

enum class Way { kOut, kIn };

/// Who knows what is left of a module's bytes of today.
class DayKeeper {
 public:
  virtual ~DayKeeper() = default;
  /// At least one of `bytes` where there is one left, perhaps more than `bytes`. Both come on the engine's
  /// threads, one at a time for each `Traffic`, and must be quick.
  virtual uint64_t draw(Way way, uint64_t bytes) noexcept = 0;
  /// What was drawn and not used.
  virtual void give_back(Way way, uint64_t bytes) noexcept = 0;
};

/// What is absent doesn't bind.
struct TrafficLimits {
  std::optional<uint64_t> bytes_per_second;  // each way; an eighth of it may come at once after a pause
  std::optional<uint64_t> connections;       // open at once
  std::optional<uint64_t> connections_per_minute;
  DayKeeper* day = nullptr;  // outlives the day's closing
};

/// What was open, and what there was no room for.
struct ConnectionUse {
  uint64_t open = 0;
  uint64_t peak = 0;
  uint64_t refused = 0;
  uint64_t most_in_a_minute = 0;  // known where it is limited
  uint64_t refused_for_rate = 0;
};

class Traffic {
 public:
  explicit Traffic(const TrafficLimits& limits);
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;
  /// Closes the day.
  ~Traffic();

  ConnectionUse connections() const;

  /// Takes bytes that came for the module on a connection of berth's own, and says how long to wait before
  /// more come; nothing where the day has none left.
  std::optional<std::chrono::nanoseconds> receive(uint64_t bytes) const;

  /// Gives back what was drawn of the day and not used; the keeper isn't called again.
  void close_day();

  const berth_traffic* abi() const {
    return traffic_;
  }

 private:
  berth_traffic* const traffic_;
};

}  // namespace berth::engine
