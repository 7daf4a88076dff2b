// SPDX-License-Identifier: Apache-2.0
#pragma once
// What one module tells its owner, in all its calls: bounded in length and rate, written as events, counted.
// Its messages are foreign text: they stand in JSON, which has no control characters, and nowhere else.
//
// An event is {"time":"2026-01-31T12:00:00.000Z","kind":"info","module":"a.wasm","message":"…"}; of kind
// "job-completed" it says "jobs", how many that makes, and of kind "dropped" "events", how many were left out
// since the last one that is written.
//
// Any thread.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "engine/activity.h"
#include "engine/knock.h"
#include "policy/policy.h"
#include "providers/activity/journal.h"

namespace berth::activity {

/// Events that are written, but for `dropped`.
struct Told {
  uint64_t info = 0;
  uint64_t errors = 0;
  uint64_t jobs_completed = 0;
  uint64_t dropped = 0;  // for their number: the module was told each time

  Told& operator+=(const Told& more);
};

class Events {
 public:
  /// So many at once, and so many a second in the long run.
  static constexpr double kAtOnce = 100;
  static constexpr double kPerSecond = 20;

  using Clock = std::function<std::chrono::steady_clock::time_point()>;

  /// `module` is what it is called.
  Events(
      std::shared_ptr<Journal> journal, std::string module,
      Clock clock = [] { return std::chrono::steady_clock::now(); });
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;
  /// Says how many were left out, if that isn't said yet.
  ~Events();

  std::optional<engine::ActivityRefusal> write(engine::ActivityKind kind, std::string_view message);
  /// Says it now.
  void close() noexcept;
  Told told() const;

 private:
  bool has_room();
  bool say_dropped();

  const std::shared_ptr<Journal> journal_;
  const std::string module_;
  const Clock clock_;
  mutable std::mutex lock_;
  double room_ = kAtOnce;                       // events; the rest is guarded by lock_
  std::chrono::steady_clock::time_point seen_;  // when that was so
  uint64_t unsaid_ = 0;                         // dropped, and not said yet
  Told told_;
};

/// The door of a policy: asks it, and has what it opens written. `policy` and `keeper` outlive it.
class Activity final : public engine::ActivityKeeper {
 public:
  /// `events` may be missing: then there is no place for them, which the module is told.
  Activity(std::shared_ptr<Events> events, const policy::Policy& policy, engine::DoorKeeper& keeper)
      : events_(std::move(events)), policy_(policy), keeper_(keeper) {}

  std::optional<engine::ActivityRefusal> tell(engine::ActivityKind kind,
                                              std::string_view message) noexcept override;

 private:
  const std::shared_ptr<Events> events_;
  const policy::Policy& policy_;
  engine::DoorKeeper& keeper_;
};

}  // namespace berth::activity
