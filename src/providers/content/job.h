// SPDX-License-Identifier: Apache-2.0
#pragma once
// One thing that a module asked, while it is under way: what its path leads to, and pieces that are made as
// they are taken, one ahead. The work is done on threads of the service, never while the engine waits;
// between two pieces none is held.
//
// `begin` and `next` run on those threads, one at a time; the rest is the engine's, on its.

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "engine/content.h"

namespace berth::content {

class Job;

/// Who has jobs work, on threads that may block. Any thread.
class Turns {
 public:
  virtual ~Turns() = default;
  /// Soon; false where there is no thread for it, or too many wait.
  virtual bool run(std::shared_ptr<Job> job) = 0;
  /// It needs no turn any more.
  virtual void forget(const Job& job) noexcept = 0;
};

class Job : public engine::ContentJob, public std::enable_shared_from_this<Job> {
 public:
  using Found = engine::ContentFound;
  using Fault = engine::ContentFault;

  Job(std::shared_ptr<Turns> turns, std::unique_ptr<engine::Waiter> waiter)
      : turns_(std::move(turns)), waiter_(std::move(waiter)) {}

  /// Begins, unless it waits for what is written.
  void start() noexcept;

  std::expected<const Found*, Fault> found() noexcept override;
  std::expected<Taken, Fault> take(std::string_view& piece) noexcept override;
  std::optional<Fault> write(std::string_view bytes) noexcept override;
  void finish() noexcept override {}
  void end() noexcept override;

  /// One turn.
  void work() noexcept;

 protected:
  /// What the path leads to.
  virtual Result<Found> begin() = 0;
  /// The next piece; nothing at the end.
  virtual Result<std::optional<std::string>> next() {
    return std::nullopt;
  }

  /// Why it failed, in the interface's words; the code of `error` says which, but for this one.
  std::unexpected<Error> too_large(std::string words);
  const std::atomic<bool>& gone() const {
    return gone_;
  }
  /// Nobody asks any more: ends what blocks. On the engine's thread.
  virtual void cancel() noexcept {}

 private:
  bool work_once();
  void schedule();  // lock_ is held
  Fault fault_of(const Error& error) const;

  const std::shared_ptr<Turns> turns_;
  const std::unique_ptr<engine::Waiter> waiter_;
  std::atomic<bool> gone_ = false;
  std::atomic<bool> too_large_ = false;
  std::mutex lock_;
  std::optional<std::expected<Found, Fault>> found_;  // the rest is guarded by lock_
  std::deque<std::string> pieces_;
  std::string given_;  // the piece that the engine has
  std::optional<Fault> failed_;
  bool working_ = false;
  bool wanted_ = false;  // a piece was asked for
  bool over_ = false;
};

/// One that failed before it began.
std::shared_ptr<engine::ContentJob> failed_job(engine::ContentFault fault);

}  // namespace berth::content
