// SPDX-License-Identifier: Apache-2.0
#include "base/workers.h"

#include <system_error>
#include <utility>

namespace berth {
namespace {

/// Where a worker's own tasks come from.
thread_local Workers::Queue* own_queue = nullptr;

}  // namespace

Workers::~Workers() {
  {
    const std::lock_guard lock(queue_->mutex);
    queue_->over = true;
  }
  queue_->changed.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.get_id() == std::this_thread::get_id()) {
      thread.detach();
    } else {
      thread.join();
    }
  }
}

bool Workers::run(std::function<void()> task) {
  {
    const std::lock_guard lock(queue_->mutex);
    if (queue_->tasks.size() >= queue_->idle && threads_.size() < most_) {
      try {
        threads_.emplace_back([queue = queue_] { work(queue); });
      } catch (const std::system_error&) {
        if (threads_.empty()) return false;
      }
    }
    queue_->tasks.push_back(std::move(task));
  }
  queue_->changed.notify_one();
  return true;
}

void Workers::run_here(std::function<void()> task) {
  const std::lock_guard lock(own_queue->mutex);
  own_queue->tasks.push_back(std::move(task));
  // This thread looks for the next one soon, but that may be another one.
  own_queue->changed.notify_one();
}

void Workers::work(const std::shared_ptr<Queue>& queue) {
  own_queue = queue.get();
  std::unique_lock lock(queue->mutex);
  for (;;) {
    ++queue->idle;
    queue->changed.wait(lock, [&] { return queue->over || !queue->tasks.empty(); });
    --queue->idle;
    if (queue->tasks.empty()) return;
    {
      const std::function<void()> task = std::move(queue->tasks.front());
      queue->tasks.pop_front();
      lock.unlock();
      task();
    }
    lock.lock();
  }
}

}  // namespace berth
