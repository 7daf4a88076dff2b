// SPDX-License-Identifier: Apache-2.0
#pragma once
// Tells a collector at regular intervals what is counted, and once more at the end, on a thread of its own.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "otlp/delivery.h"
#include "otlp/message.h"

namespace berth::otlp {

class Reporter {
 public:
  /// Starts its thread, on which `records` gives what there is to tell. What is handed in outlives it.
  Reporter(const Envelope& envelope, Delivery& delivery, std::chrono::milliseconds interval,
           std::function<std::string()> records);
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;
  /// Closes it.
  ~Reporter();

  /// Tells it once more now, as long as the delivery has time for it.
  void finish();
  /// Does so, and waits for it.
  void close();

 private:
  void run();

  const Envelope& envelope_;
  Delivery& delivery_;
  const std::chrono::milliseconds interval_;
  const std::function<std::string()> records_;
  std::mutex lock_;
  std::condition_variable changed_;
  bool closing_ = false;  // guarded by lock_
  std::thread sender_;    // the last: it uses the others
};

}  // namespace berth::otlp
