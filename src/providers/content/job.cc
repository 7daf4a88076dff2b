// SPDX-License-Identifier: Apache-2.0
#include "providers/content/job.h"

#include <utility>

namespace berth::content {
namespace {

using Fault = engine::ContentFault;

constexpr const char* kUnavailableWords =
    "it can't be done now: nobody whom this machine asks gives or takes it, or its store doesn't";
constexpr size_t kAhead = 1;  // pieces that wait for the engine

class Failed final : public engine::ContentJob {
 public:
  explicit Failed(Fault fault) : fault_(std::move(fault)) {}

  std::expected<const engine::ContentFound*, Fault> found() noexcept override {
    return std::unexpected(fault_);
  }
  std::expected<Taken, Fault> take(std::string_view&) noexcept override {
    return std::unexpected(fault_);
  }
  std::optional<Fault> write(std::string_view) noexcept override {
    return fault_;
  }
  void finish() noexcept override {}
  void end() noexcept override {}

 private:
  const Fault fault_;
};

}  // namespace

std::shared_ptr<engine::ContentJob> failed_job(Fault fault) {
  return std::make_shared<Failed>(std::move(fault));
}

void Job::start() noexcept {
  const std::lock_guard guard(lock_);
  if (!working_ && !found_) schedule();
}

void Job::schedule() {
  working_ = true;
  bool runs = false;
  try {
    runs = turns_->run(shared_from_this());
  } catch (...) {
    // Out of memory, as below.
  }
  if (runs) return;
  working_ = false;
  failed_ =
      Fault{.why = Fault::Why::kLimit, .words = "too many wait, or this machine has no thread left for it"};
  if (!found_) found_ = std::unexpected(*failed_);
}

std::expected<const Job::Found*, Fault> Job::found() noexcept {
  const std::lock_guard guard(lock_);
  if (!found_) return nullptr;
  if (!*found_) return std::unexpected(found_->error());
  return &**found_;
}

std::expected<Job::Taken, Fault> Job::take(std::string_view& piece) noexcept {
  const std::lock_guard guard(lock_);
  wanted_ = true;
  if (!pieces_.empty()) {
    given_ = std::move(pieces_.front());
    pieces_.pop_front();
    piece = given_;
    if (!working_ && !over_ && !failed_) schedule();
    return Taken::kPiece;
  }
  given_ = {};
  if (failed_) return std::unexpected(*failed_);
  if (over_) return Taken::kEnd;
  if (!working_) schedule();
  return Taken::kLater;
}

std::optional<Fault> Job::write(std::string_view) noexcept {
  return Fault{.why = Fault::Why::kInvalid, .words = "nothing can be written to it"};
}

void Job::end() noexcept {
  gone_ = true;
  cancel();
  turns_->forget(*this);
}

void Job::work() noexcept {
  try {
    while (work_once()) {
    }
    return;
  } catch (...) {
    // Out of memory: said below.
  }
  {
    const std::lock_guard guard(lock_);
    working_ = false;
    failed_ = Fault{.why = Fault::Why::kLimit, .words = "this machine has no memory left for it"};
    if (!found_) found_ = std::unexpected(*failed_);
  }
  waiter_->wake();
}

/// One step; false when there is nothing more to do now.
bool Job::work_once() {
  bool known = false;
  {
    const std::lock_guard guard(lock_);
    known = found_.has_value();
    const bool rests = known && (!wanted_ || pieces_.size() >= kAhead);
    if (gone_ || over_ || failed_ || rests) {
      working_ = false;
      return false;
    }
  }
  if (!known) {
    auto found = begin();
    const std::lock_guard guard(lock_);
    if (found) {
      found_.emplace(*std::move(found));
    } else {
      failed_ = fault_of(found.error());
      found_ = std::unexpected(*failed_);
    }
  } else {
    auto piece = next();
    const std::lock_guard guard(lock_);
    if (!piece) {
      failed_ = fault_of(piece.error());
    } else if (*piece) {
      pieces_.push_back(**std::move(piece));
    } else {
      over_ = true;
    }
  }
  waiter_->wake();
  return true;
}

std::unexpected<Error> Job::too_large(std::string words) {
  too_large_ = true;
  return fail(ErrorCode::kLimit, std::move(words));
}

Fault Job::fault_of(const Error& error) const {
  using Why = Fault::Why;
  const auto why = [&] {
    if (too_large_) return Why::kTooLarge;
    switch (error.code) {
      case ErrorCode::kNotFound:
        return Why::kNotFound;
      case ErrorCode::kDenied:
        return Why::kDenied;
      case ErrorCode::kInvalidArgument:
      case ErrorCode::kUnsupported:
        return Why::kInvalid;
      case ErrorCode::kLimit:
        return Why::kLimit;
      default:
        return Why::kUnavailable;
    }
  };
  const Why kind = why();
  // Whom this machine asks, and where its store is, is no matter of the module's.
  return {.why = kind, .words = kind == Why::kUnavailable ? kUnavailableWords : error.message};
}

}  // namespace berth::content
