// SPDX-License-Identifier: Apache-2.0
#include "berth/call.h"

#include <utility>

#include "berth/instance.h"
#include "embed/turns.h"

namespace berth {
namespace detail {

void Started::run() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kWaiting) return;
    state_ = State::kRunning;
  }
  try {
    make();
  } catch (...) {
    fail({.code = ErrorCode::kUnavailable, .message = "there is no memory for a call"});
  }
  end();
}

void Started::cancel() {
  {
    const std::lock_guard lock(mutex_);
    // Under the lock, so that it is this call which goes on.
    if (state_ == State::kRunning && instance_) instance_->cancel();
  }
  refuse({.code = ErrorCode::kCancelled, .message = "the call was cancelled before it was made"});
}

void Started::refuse(Error why) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kWaiting) return;
    state_ = State::kEnding;
  }
  fail(std::move(why));
  end();
}

void Started::end() noexcept {
  {
    std::shared_ptr<Instance> instance;
    const std::lock_guard lock(mutex_);
    state_ = State::kEnding;
    instance.swap(instance_);
  }
  let_go();
  std::vector<std::function<void()>> callbacks;
  {
    const std::lock_guard lock(mutex_);
    state_ = State::kEnded;
    callbacks.swap(callbacks_);
    ended_.notify_all();
  }
  for (const auto& callback : callbacks) {
    try {
      callback();
    } catch (...) {  // NOLINT(bugprone-empty-catch): as it is said of `then`
    }
  }
}

bool Started::done() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::kEnded;
}

void Started::wait() const {
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [&] { return state_ == State::kEnded; });
}

bool Started::wait_for(std::chrono::nanoseconds time) const {
  std::unique_lock lock(mutex_);
  return ended_.wait_for(lock, time, [&] { return state_ == State::kEnded; });
}

void Started::then(std::function<void()> callback) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kEnded) {
      callbacks_.push_back(std::move(callback));
      return;
    }
  }
  try {
    callback();
  } catch (...) {  // NOLINT(bugprone-empty-catch): as it is said of `then`
  }
}

}  // namespace detail

namespace embed {

void Turns::add(std::shared_ptr<detail::Started> call, Workers& workers) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(call));
    if (std::exchange(going_, true)) return;
  }
  if (workers.run([self = shared_from_this()] { self->take_turn(); })) return;
  while (const auto refused = next()) {
    refused->refuse({.code = ErrorCode::kUnavailable, .message = "the system has no thread for a call"});
  }
}

void Turns::take_turn() {
  auto call = next();
  if (!call) return;
  call->run();
  call.reset();
  // One call at a time, so that other instances have their turns.
  Workers::run_here([self = shared_from_this()] { self->take_turn(); });
}

std::shared_ptr<detail::Started> Turns::next() {
  const std::lock_guard lock(mutex_);
  going_ = !waiting_.empty();
  if (!going_) return nullptr;
  auto call = std::move(waiting_.front());
  waiting_.pop_front();
  return call;
}

}  // namespace embed
}  // namespace berth
