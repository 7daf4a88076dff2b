// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is behind a stream and a future (stream.h, future.h): values go from whoever writes to whoever reads,
// each of which is the program or a module. Nothing is taken from a writer before a reader wants it. For the
// templates of this library alone.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "berth/result.h"
#include "berth/words.h"

namespace berth {

class Instance;

namespace detail {

class Started;

using Until = std::optional<std::chrono::steady_clock::time_point>;
Until until_in(std::chrono::nanoseconds time);

/// Values on their way to a module, and their words: those of a list.
class Batch {
 public:
  Batch(Resources& resources, size_t count) : count_(count), words_(resources) {}
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  virtual ~Batch() = default;

  Writer& words() {
    return words_;
  }
  size_t count() const {
    return count_;
  }

 private:
  const size_t count_;
  Writer words_;
};

/// Any thread, but for what is said to be the engine's: the thread that calls the module.
class Channel : public std::enable_shared_from_this<Channel> {
 public:
  Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  virtual ~Channel() = default;

  virtual void reader_left() noexcept = 0;
  void writer_left() noexcept;
  /// The instance at one of its ends is over.
  void fail(const Error& why) noexcept;
  /// Nobody calls the instance any more: whoever waits may have it go on.
  void take_turns() noexcept;

  /// The instance that reads or writes; null while there is none.
  std::shared_ptr<Instance> instance() const;
  /// Starts a call that reads, on a thread of the instance's host.
  void start(const std::shared_ptr<Started>& reading) const;

  /// A module is at this end from now on; `wake` has the engine ask it. The engine's.
  void written_by(std::weak_ptr<Instance> instance, std::function<void()> wake, std::function<void()> go_on);
  void read_by(std::weak_ptr<Instance> instance, std::function<void()> wake, std::function<void()> go_on);
  /// How many values a module may write now; none when it never may again. The engine's.
  std::optional<size_t> wanted() const;
  /// Takes what a module wrote. The engine's.
  virtual void deliver(Reader from) = 0;
  enum class There { kNothing, kSome, kEnd };
  /// Values for a module that reads; of `most` 0 only whether there are some. The engine's.
  virtual There take(size_t most, Resources& resources, std::unique_ptr<Batch>& batch) = 0;

 protected:
  using Lock = std::unique_lock<std::mutex>;

  virtual bool there() const = 0;
  bool over() const {
    return failure_ || writer_gone_ || reader_gone_;
  }
  /// Until `done`, of which it is asked under the lock, or it is over; false when the time has come before.
  Result<bool> wait(Lock& lock, Until until, const std::function<bool()>& done);
  void want(size_t most);
  /// Something is other than it was. Under the lock.
  void change() noexcept;

  mutable std::mutex mutex_;
  std::optional<Error> failure_;
  bool reader_gone_ = false;
  bool writer_gone_ = false;
  size_t wanted_ = 0;

 private:
  void attach(std::weak_ptr<Instance> instance, std::function<void()> go_on);

  std::condition_variable changed_;
  bool turn_ = false;
  std::weak_ptr<Instance> instance_;
  std::function<void()> wake_writer_;
  std::function<void()> wake_reader_;
  std::function<void()> go_on_;
};

}  // namespace detail
}  // namespace berth
