// SPDX-License-Identifier: Apache-2.0
#pragma once
// One thread and the events that happen on it, one after the other. It owns the host's mutable state, so
// that each event is a transaction and nothing needs a lock of its own.
//
// `run` lives on the thread that calls it until `stop`. `post` is for any thread, and for callbacks of
// foreign ones: it doesn't block for longer than another post. Signals that are asked for arrive as events.
// It does not: time anything (a deadline belongs to what it bounds), or run blocking work.

#include <csignal>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"

namespace berth {

class Loop {
 public:
  static Result<std::unique_ptr<Loop>> create();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  /// Runs `event` on the loop's thread, after all that was posted before. Any thread. Events left when the
  /// loop goes are dropped.
  void post(std::function<void()> event);

  /// Calls `event` on the loop's thread each time one of `signals` comes to this process. One watch a process
  /// at a time; it ends with the loop, and the signals then do what they did before.
  void on_signals(std::vector<int> signals, std::function<void(int)> event);

  /// Handles events until `stop`. Once.
  void run();

  /// Makes `run` return after the event that is being handled. On the loop's thread.
  void stop() {
    stopped_ = true;
  }

 private:
  Loop(int read_end, int write_end) : read_end_(read_end), write_end_(write_end) {}
  void handle_signals();

  const int read_end_;
  const int write_end_;
  bool stopped_ = false;
  std::mutex lock_;
  std::vector<std::function<void()>> posted_;  // guarded by lock_
  std::vector<std::pair<int, struct sigaction>> watched_;
  std::function<void(int)> on_signal_;
};

}  // namespace berth
