// SPDX-License-Identifier: Apache-2.0
#pragma once
// The access log: a line for each request, written by a thread of its own, so that requests never wait for
// whoever reads it. What comes faster than it is read is left out, and how much is said.
//
// Entries are gathered for some milliseconds and written together; while none come, the thread sleeps.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "base/os/line_output.h"
#include "serve/access_entry.h"

namespace berth::serve {

enum class AccessStyle { kPretty, kJson };

class AccessLog {
 public:
  /// What waits to be written, at most.
  static constexpr size_t kMostEntries = 8192;
  static constexpr size_t kMostBytes = 4 << 20;

  /// Starts its thread.
  AccessLog(LineOutput output, AccessStyle style);
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;
  /// Closes it without patience.
  ~AccessLog();

  /// Any thread.
  void add(AccessEntry entry) noexcept;

  /// Writes what waits, as far as its reader takes it in time. What is added afterwards isn't written.
  void close(std::chrono::milliseconds patience);

  /// How many aren't in the log. Any thread.
  uint64_t dropped() const {
    return dropped_;
  }

 private:
  void run();
  void write(const std::vector<AccessEntry>& entries);
  /// Gives what nobody took.
  std::string_view write_now(std::string_view lines) const;
  void drop(uint64_t count);
  bool may_wait() const;

  const LineOutput output_;
  const AccessStyle style_;
  std::atomic<uint64_t> dropped_ = 0;
  std::atomic<uint64_t> unsaid_ = 0;  // of those
  std::atomic<bool> closing_ = false;
  std::chrono::steady_clock::time_point give_up_at_;  // of who closes; written before that
  std::mutex lock_;
  std::condition_variable changed_;
  std::vector<AccessEntry> waiting_;  // guarded by lock_
  size_t waiting_bytes_ = 0;          // the same
  std::thread writer_;                // the last: it uses the others
};

}  // namespace berth::serve
