// SPDX-License-Identifier: Apache-2.0
#include "host/admission.h"

#include <utility>

namespace berth::host {

void Admission::Ticket::on_turn(std::function<void()> turn) {
  {
    const std::lock_guard guard(lock_);
    if (!called_) {
      turn_ = std::move(turn);
      return;
    }
  }
  turn();
}

void Admission::Ticket::call() {
  waited_ns_ = std::chrono::nanoseconds(std::chrono::steady_clock::now() - since_).count();
  std::function<void()> turn;
  {
    const std::lock_guard guard(lock_);
    called_ = true;
    turn.swap(turn_);
  }
  if (turn) turn();
}

bool Admission::take() {
  uint64_t inside = inside_;
  while (inside < places_) {
    if (inside_.compare_exchange_weak(inside, inside + 1)) return true;
  }
  return false;
}

bool Admission::enter() {
  return waiting_ == 0 && take();
}

std::shared_ptr<Admission::Ticket> Admission::queue() {
  auto ticket = std::make_shared<Ticket>();
  {
    const std::lock_guard guard(lock_);
    if (queue_.size() >= queue_length_) return nullptr;
    ticket->place_ = queue_.insert(queue_.end(), ticket);
    waiting_ = queue_.size();
  }
  // Who left before this was in the queue saw nobody to call.
  call_next();
  return ticket;
}

void Admission::leave() {
  inside_.fetch_sub(1);
  if (waiting_ > 0) call_next();
}

void Admission::leave(Ticket& ticket) {
  {
    const std::lock_guard guard(lock_);
    if (ticket.queued_) {
      ticket.queued_ = false;
      queue_.erase(ticket.place_);
      waiting_ = queue_.size();
      return;
    }
  }
  leave();
}

void Admission::call_next() {
  while (true) {
    std::shared_ptr<Ticket> next;
    {
      const std::lock_guard guard(lock_);
      if (queue_.empty() || !take()) return;
      next = std::move(queue_.front());
      queue_.pop_front();
      next->queued_ = false;
      waiting_ = queue_.size();
    }
    next->call();
  }
}

}  // namespace berth::host
