// SPDX-License-Identifier: Apache-2.0
#pragma once
// What modules do just now: between two looks at the table of those that run and at their processes.
//
// Pure; safe on any thread.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/needs.h"

namespace berth::host {

/// What the system says of a process.
struct ProcessLook {
  std::optional<std::chrono::nanoseconds> cpu_time;
  std::optional<uint64_t> resident_bytes;
};

/// All modules at one moment.
struct Look {
  std::chrono::steady_clock::time_point time;
  std::vector<Resident> residents;
  std::map<int64_t, ProcessLook> processes;  // by number
};

struct LiveModule {
  std::string module;
  int64_t process = 0;
  uint64_t requests = 0;  // since it started
  double requests_per_second = 0;
  std::optional<std::chrono::nanoseconds> p50, p99;  // of the requests between the looks
  uint64_t instances = 0;
  uint64_t waiting = 0;
  // Of its process, or where that has several modules its guests' own.
  uint64_t memory_bytes = 0;
  double cpu_percent = 0;   // of a core
  uint64_t denials = 0;     // since it started
  uint64_t limits_hit = 0;  // the same
};

/// Those that run at `now`, who uses most of the CPU first.
std::vector<LiveModule> live(const Look& before, const Look& now);

}  // namespace berth::host
