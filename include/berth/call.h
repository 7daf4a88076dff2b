// SPDX-License-Identifier: Apache-2.0
#pragma once
// A call that was started and goes on by itself.
//
//   berth::Call<std::string> call = greet.start("World");
//   call.then([](const berth::Result<std::string>& text) { … });   // or
//   std::string text = call.wait().value();

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "berth/result.h"

namespace berth {

class Instance;

namespace detail {

/// A call that waits for its turn, goes on, or has ended. Any thread.
class Started {
 public:
  explicit Started(std::shared_ptr<Instance> instance) : instance_(std::move(instance)) {}
  Started(const Started&) = delete;
  Started& operator=(const Started&) = delete;
  virtual ~Started() = default;

  /// Makes it, unless it has ended already. Once.
  void run() noexcept;
  void cancel();
  /// It can't be made.
  void refuse(Error why);

  bool done() const;
  void wait() const;
  bool wait_for(std::chrono::nanoseconds time) const;
  /// Called once, when it has ended: at once if it has.
  void then(std::function<void()> callback);

 private:
  enum class State { kWaiting, kRunning, kEnding, kEnded };

  virtual void make() = 0;
  /// Instead of what the call gave.
  virtual void fail(Error why) noexcept = 0;
  /// Lets go of what the call needed.
  virtual void let_go() noexcept = 0;
  /// Everything is let go of first, so that who waits for the end waits for that, too.
  void end() noexcept;

  mutable std::mutex mutex_;
  mutable std::condition_variable ended_;
  State state_ = State::kWaiting;
  std::shared_ptr<Instance> instance_;  // until it has ended
  std::vector<std::function<void()>> callbacks_;
};

template <class R>
class StartedOf : public Started {
 public:
  using Started::Started;
  /// Once it has ended.
  const Result<R>& result() const {
    return *result_;
  }

 protected:
  std::optional<Result<R>> result_;
};

/// `F` makes the call.
template <class R, class F>
class StartedBy final : public StartedOf<R> {
 public:
  StartedBy(std::shared_ptr<Instance> instance, F call)
      : StartedOf<R>(std::move(instance)), call_(std::move(call)) {}

 private:
  void make() override {
    this->result_.emplace((*call_)());
  }
  void fail(Error why) noexcept override {
    this->result_.emplace(std::unexpected(std::move(why)));
  }
  void let_go() noexcept override {
    call_.reset();
  }

  std::optional<F> call_;
};

/// How an argument is kept until the call is made: views become what they see.
template <class A>
struct Kept {
  using Value = A;
};
template <>
struct Kept<std::string_view> {
  using Value = std::string;
};
template <>
struct Kept<const char*> : Kept<std::string_view> {};
template <class T>
struct Kept<std::span<const T>> {
  using Value = std::vector<T>;
};

}  // namespace detail

/// A call made by `start` of a function, on a thread of the host's own (`HostOptions::callers`). Calls that
/// are started on one instance are made one at a time, in their order; a call that is made directly meanwhile
/// is refused as beside any other, and so is a started one beside it.
///
/// Copies are of the same call. Letting go of all of them neither ends it nor waits for it. While it waits or
/// goes on it keeps its instance, the module and the host: these end with the last call, whoever let go of
/// them. A program waits for its calls, or cancels them and waits, before it ends. Any thread.
template <class R>
class Call {
 public:
  /// Waits for its end. The result is there as long as this. Not from a callback or a function of the
  /// program: the thread that it waits for may be its own.
  const Result<R>& wait() const& {
    started_->wait();
    return started_->result();
  }
  Result<R> wait() && {
    started_->wait();
    return started_->result();
  }
  /// Whether it has ended, after so long at most.
  bool wait_for(std::chrono::nanoseconds time) const {
    return started_->wait_for(time);
  }
  bool done() const {
    return started_->done();
  }

  /// Has it called once, when the call has ended: on the thread that made it; if it was cancelled while it
  /// waited, on the thread that did so; if it has ended already, on this one, at once. The instance's next
  /// call waits for it: be quick. What it throws is dropped.
  void then(std::function<void(const Result<R>&)> callback) const {
    const auto kept = started_;
    // Who calls it keeps the call.
    const auto* const started = kept.get();
    kept->then([started, callback = std::move(callback)] { callback(started->result()); });
  }

  /// Ends it with kCancelled: one that waits at once, and nothing else changes; one that goes on soon, and
  /// with it the instance (`Instance::cancel`), so that the calls behind it end, too. One that has ended, or
  /// does so some milliseconds later by itself, stays as it is.
  void cancel() const {
    const auto kept = started_;  // a callback may let go of this
    kept->cancel();
  }

  /// For the library.
  explicit Call(std::shared_ptr<detail::StartedOf<R>> started) : started_(std::move(started)) {}

 private:
  std::shared_ptr<detail::StartedOf<R>> started_;
};

}  // namespace berth
