// SPDX-License-Identifier: Apache-2.0
#pragma once
// The bytes that a module sends and receives a day, counted over all its processes and restarts in one small
// file of berth's state folder. The engine draws them from here in pieces, before they are used: what a
// process that is killed had drawn stays counted. Any thread, any number of processes.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/digest.h"
#include "base/os/record_file.h"
#include "engine/traffic.h"
#include "host/day_record.h"

namespace berth::host {

/// What was used of today, each way; a piece that is drawn counts as used.
struct DayUse {
  uint64_t limit = 0;
  uint64_t sent = 0;
  uint64_t received = 0;
  uint64_t refused = 0;     // how often nothing was left
  int64_t resets_at = 0;    // in Unix seconds
  bool unreadable = false;  // the file was damaged: the whole day is taken as used
};

class DayCount final : public engine::DayKeeper {
 public:
  /// In `state_folder`, which is made. A module is known by its digest, as `berth why` knows it. `clock`
  /// stands in for the machine's in tests.
  static Result<std::unique_ptr<DayCount>> open(const std::string& state_folder, const Digest& module,
                                                uint64_t bytes_per_day,
                                                std::function<DayClock()> clock = machine_clock());

  uint64_t draw(engine::Way way, uint64_t bytes) noexcept override;
  void give_back(engine::Way way, uint64_t bytes) noexcept override;

  DayUse use();

  static std::function<DayClock()> machine_clock();

 private:
  DayCount(RecordFile file, uint64_t limit, std::function<DayClock()> clock)
      : file_(std::move(file)), limit_(limit), clock_(std::move(clock)) {}

  /// The record as of now, with the file locked; nothing when it can't be read.
  std::optional<DayRecord> read() noexcept;

  std::mutex mutex_;
  RecordFile file_;
  const uint64_t limit_;
  const std::function<DayClock()> clock_;
  std::array<int64_t, 2> drawn_on_ = {};  // the day of what was last drawn, for each way
  uint64_t refused_ = 0;
};

}  // namespace berth::host
