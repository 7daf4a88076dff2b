// SPDX-License-Identifier: Apache-2.0
#pragma once
// The answer of a program's function that comes later, from whichever thread. The module that called the
// function waits for it.

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "berth/codec.h"
#include "berth/result.h"
#include "berth/words.h"

namespace berth {

namespace detail {

class Reply;

/// An answer that is waited for. Any thread.
class Pending {
 public:
  Pending() = default;
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;
  virtual ~Pending() = default;

  /// Whom to tell when it has come. For the one who waits.
  void set_wake(std::function<void()> wake);
  /// Writes the answer, or why there is none; false when it hasn't come. On the thread that calls the
  /// instance.
  bool collect(Reply& to);

  void fail(std::string why);

 protected:
  /// False when there was an answer before.
  bool answer(const std::function<void()>& keep);

 private:
  virtual void write(Reply& to) = 0;
  void tell(std::unique_lock<std::mutex> lock);

  std::mutex mutex_;
  bool answered_ = false;
  std::optional<std::string> failure_;
  std::function<void()> wake_;
};

template <class T>
class PendingOf;

}  // namespace detail

/// Answers a call of a function that was given by `Imports::async_function`: once, from any thread. Copies
/// are of the same answer; when the last one goes without having answered, the module gets a trap. When the
/// call has ended meanwhile, by a limit or `Instance::cancel`, nobody has the answer.
template <class T>
class Answer {
 public:
  /// False when it was answered before. For void: without a value.
  template <class... V>
    requires(std::is_void_v<T> ? sizeof...(V) == 0 : sizeof...(V) == 1)
  bool operator()(V&&... value) const {
    return last_->pending->set(std::forward<V>(value)...);
  }
  /// A trap of the module, with this message.
  void fail(std::string why) const {
    last_->pending->fail(std::move(why));
  }

  /// For the library.
  explicit Answer(std::shared_ptr<detail::PendingOf<T>> pending)
      : last_(std::make_shared<Last>(std::move(pending))) {}

 private:
  struct Last {
    explicit Last(std::shared_ptr<detail::PendingOf<T>> answered) : pending(std::move(answered)) {}
    Last(const Last&) = delete;
    Last& operator=(const Last&) = delete;
    ~Last() {
      pending->fail("it let go of its answer");
    }
    const std::shared_ptr<detail::PendingOf<T>> pending;
  };

  std::shared_ptr<Last> last_;
};

}  // namespace berth
