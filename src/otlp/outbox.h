// SPDX-License-Identifier: Apache-2.0
#pragma once
// Records on their way to a collector, spans or log records. Whoever adds one never waits: what comes faster
// than it is taken is left out, and counted. A thread of the outbox's own gathers and sends them.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "otlp/delivery.h"
#include "otlp/message.h"
#include "otlp/settings.h"

namespace berth::otlp {

class Outbox {
 public:
  /// What waits, at most, however few records it is.
  static constexpr size_t kMostBytes = 8 << 20;

  /// Starts its thread. `delivery` is its own from now on, and both outlive it.
  Outbox(const Envelope& envelope, Delivery& delivery, const Gathering& gathering);
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;
  /// Closes it.
  ~Outbox();

  /// A whole record, as `record_of` gives it. Any thread.
  void add(const std::string& record) noexcept;

  /// Sends what waits now, as long as the delivery has time for it. What is added afterwards isn't sent.
  void finish();
  /// Does so, and waits for it.
  void close();

 private:
  /// Records that are sent together; none: it is closed, and all were taken.
  struct Batch {
    std::string records;
    uint64_t count = 0;
  };
  Batch take();
  void run();

  const Envelope& envelope_;
  Delivery& delivery_;
  const Gathering gathering_;
  std::mutex lock_;
  std::condition_variable changed_;
  std::string waiting_;                        // guarded by lock_, as is what follows
  std::vector<size_t> ends_;                   // of each record in it
  std::chrono::steady_clock::time_point due_;  // of the first of them
  bool closing_ = false;
  std::thread sender_;  // the last: it uses the others
};

}  // namespace berth::otlp
