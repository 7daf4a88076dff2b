// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who is let in where there are so many places: others wait in a queue of bounded length, and get theirs in
// the order in which they came.
//
// Any thread. Without a queue nobody takes a lock; turns are called without one.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

namespace berth::host {

class Admission {
 public:
  Admission(uint64_t places, uint64_t queue_length) : places_(places), queue_length_(queue_length) {}
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  /// One who waits.
  class Ticket {
   public:
    /// Calls `turn` once there is a place, which it then has: perhaps at once, else on the thread of who
    /// left. Once; it must not block or throw.
    void on_turn(std::function<void()> turn);
    /// How long it took until there was one; 0 when there wasn't yet.
    std::chrono::nanoseconds waited() const {
      return std::chrono::nanoseconds(waited_ns_);
    }

   private:
    friend class Admission;
    void call();

    const std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
    std::atomic<int64_t> waited_ns_ = 0;
    std::mutex lock_;
    bool called_ = false;         // guarded by lock_
    std::function<void()> turn_;  // the same
    bool queued_ = true;          // guarded by the admission's lock
    std::list<std::shared_ptr<Ticket>>::iterator place_;
  };

  /// Takes a place; false when there is none, or others wait for one.
  bool enter();
  /// A place at the queue's end, for who couldn't enter; none when it is full.
  std::shared_ptr<Ticket> queue();
  /// Gives a place back.
  void leave();
  /// Who has a ticket goes away, and leaves the queue or gives back the place that it has.
  void leave(Ticket& ticket);

  uint64_t inside() const {
    return inside_;
  }
  uint64_t waiting() const {
    return waiting_;
  }

 private:
  bool take();
  void call_next();

  const uint64_t places_;
  const uint64_t queue_length_;
  std::atomic<uint64_t> inside_ = 0;
  std::atomic<uint64_t> waiting_ = 0;  // as many as are in the queue
  std::mutex lock_;
  std::list<std::shared_ptr<Ticket>> queue_;  // guarded by lock_
};

}  // namespace berth::host
