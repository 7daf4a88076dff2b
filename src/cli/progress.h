// SPDX-License-Identifier: Apache-2.0
#pragma once
// A line that shows that long work goes on: on a terminal only, and only once it takes a while.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace berth::cli {

class Progress {
 public:
  Progress() = default;
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// Clears the line.
  ~Progress();

  /// From now on `what` goes on. Once.
  void begin(std::string what);
  /// The same where it changes: asked for on another thread.
  void begin(std::function<std::string()> what);

 private:
  void show(const std::function<std::string()>& what);

  std::mutex lock_;
  std::condition_variable changed_;
  bool over_ = false;  // guarded by lock_
  std::thread thread_;
};

}  // namespace berth::cli
