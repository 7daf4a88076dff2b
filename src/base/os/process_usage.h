// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a process of this user takes of the machine, from /proc. Its files stay open, so that they can be read
// when no file can be opened any more, and never are another process's.
//
// Any thread.

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/os/descriptor.h"

namespace berth {

class ProcessUsage {
 public:
  /// Of this process, or of one by its number. Nothing where there is none, or no /proc.
  static std::optional<ProcessUsage> of_self();
  static std::optional<ProcessUsage> of(int64_t process);

  /// Nothing once it has ended.
  std::optional<uint64_t> resident_bytes() const;
  std::optional<std::chrono::nanoseconds> cpu_time() const;

 private:
  ProcessUsage(Descriptor stat, Descriptor statm) : stat_(std::move(stat)), statm_(std::move(statm)) {}

  Descriptor stat_;
  Descriptor statm_;
};

}  // namespace berth
