// SPDX-License-Identifier: Apache-2.0
#pragma once
// A few threads for what somebody starts and doesn't wait for. Whatever they run keeps what
// it needs, also the host that these belong to: the last to let go of it may be one of them.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace berth {

class Workers {
 public:
  /// Threads are made when there is something to run, and so many at most.
  explicit Workers(size_t most) : most_(most == 0 ? 1 : most) {}
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  /// Waits for what runs, unless it is one of these threads that is here: what is left then ends after it.
  ~Workers();

  /// Runs it on one of the threads, in the order in which they come. It throws nothing. False, and it isn't
  /// run, when the system has no thread for it. Any thread.
  bool run(std::function<void()> task);
  /// For a task: the same thread, or another one of its kind, runs this next, behind what waits already.
  static void run_here(std::function<void()> task);

  /// Kept by the threads, too.
  struct Queue {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::function<void()>> tasks;
    size_t idle = 0;
    bool over = false;
  };

 private:
  static void work(const std::shared_ptr<Queue>& queue);

  const size_t most_;
  const std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
  std::vector<std::thread> threads_;  // guarded by the queue's mutex
};

}  // namespace berth
