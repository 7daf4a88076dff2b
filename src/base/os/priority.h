// SPDX-License-Identifier: Apache-2.0
#pragma once
// How far this process gives way to the others, and what the system tells of who has to wait.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/os/descriptor.h"

namespace berth {

/// Lets the calling thread, and the threads and processes that it starts from now on, give way: `nice` as in
/// nice(1), which is never lowered here; `idle_io`: disks serve the others first (Linux). What the system
/// refuses stays as it was.
void lower_priority(int nice, bool idle_io);

/// Since the machine was started: how long some thread of it had to wait, added up over its processors.
struct Waits {
  uint64_t cpu_ns = 0;     // for a processor, all threads of all programs
  uint64_t memory_ns = 0;  // for memory
  uint64_t io_ns = 0;      // for a disk
};

/// The kernel's pressure stall information (Linux 4.20 and later). Its files stay open, so that it can still
/// be read once no file can be opened any more. One thread at a time.
class Pressure {
 public:
  /// Nothing where the system has none.
  static std::optional<Pressure> open();

  /// Nothing when it can't be read any more.
  std::optional<Waits> read() const;

 private:
  explicit Pressure(std::array<Descriptor, 3> files, uint64_t processors)
      : files_(std::move(files)), processors_(processors) {}

  std::array<Descriptor, 3> files_;  // cpu, memory, io
  uint64_t processors_;
};

/// How long threads of this process had to wait for a processor: those there are when it is made.
class OwnWaits {
 public:
  static OwnWaits of_threads();

  /// 0 where the system doesn't tell.
  uint64_t cpu_ns() const;

 private:
  std::vector<Descriptor> files_;
};

}  // namespace berth
