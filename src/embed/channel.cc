// SPDX-License-Identifier: Apache-2.0
#include "berth/channel.h"

#include "berth/call.h"
#include "berth/channel_ends.h"
#include "berth/instance.h"
#include "berth/resource.h"
#include "embed/inside.h"

namespace berth::detail {
namespace {

using Clock = std::chrono::steady_clock;

bool is_past(const Until& until) {
  return until && Clock::now() >= *until;
}

}  // namespace

Until until_in(std::chrono::nanoseconds time) {
  const auto now = Clock::now();
  return time > Clock::time_point::max() - now ? Until() : Until(now + time);
}

void Channel::change() noexcept {
  changed_.notify_all();
  if (wake_reader_) wake_reader_();
  if (wake_writer_) wake_writer_();
  if (go_on_) go_on_();
}

/// Who wants what they wanted wakes nobody: a module that waits is asked again whenever it is woken.
void Channel::want(size_t most) {
  if (std::exchange(wanted_, most) != most) change();
}

void Channel::writer_left() noexcept {
  const std::lock_guard lock(mutex_);
  if (std::exchange(writer_gone_, true)) return;
  change();
}

void Channel::fail(const Error& why) noexcept {
  const std::lock_guard lock(mutex_);
  // What has an end already keeps it.
  if (over()) return;
  failure_ = why;
  change();
}

void Channel::take_turns() noexcept {
  const std::lock_guard lock(mutex_);
  turn_ = true;
  changed_.notify_all();
}

std::shared_ptr<Instance> Channel::instance() const {
  const std::lock_guard lock(mutex_);
  return instance_.lock();
}

void Channel::start(const std::shared_ptr<Started>& reading) const {
  if (const auto instance = this->instance()) return instance->start_beside(reading);
  reading->refuse(
      {.code = ErrorCode::kInvalidArgument,
       .message = "a read is started of what a module writes: this has no module, or none any more"});
}

void Channel::attach(std::weak_ptr<Instance> instance, std::function<void()> go_on) {
  instance_ = std::move(instance);
  go_on_ = std::move(go_on);
  turn_ = true;
  changed_.notify_all();
}

void Channel::written_by(std::weak_ptr<Instance> instance, std::function<void()> wake,
                         std::function<void()> go_on) {
  const std::lock_guard lock(mutex_);
  wake_writer_ = std::move(wake);
  attach(std::move(instance), std::move(go_on));
}

void Channel::read_by(std::weak_ptr<Instance> instance, std::function<void()> wake,
                      std::function<void()> go_on) {
  const std::lock_guard lock(mutex_);
  wake_reader_ = std::move(wake);
  attach(std::move(instance), std::move(go_on));
}

std::optional<size_t> Channel::wanted() const {
  const std::lock_guard lock(mutex_);
  return reader_gone_ ? std::nullopt : std::optional(wanted_);
}

Result<bool> Channel::wait(Lock& lock, Until until, const std::function<bool()>& done) {
  const auto ended = [&] { return done() || over(); };
  while (!ended()) {
    if (is_past(until)) return false;
    turn_ = false;
    if (auto instance = instance_.lock()) {
      if (embed::Inside::of(instance->resources())) {
        return berth::fail(ErrorCode::kUnavailable,
                           "the module waits for this function: read and write when it has returned, or on "
                           "another thread");
      }
      lock.unlock();
      const bool went_on = instance->go_on(until, [&] {
        const std::lock_guard held(mutex_);
        return ended() || is_past(until);
      });
      instance.reset();  // it may have been the last one
      lock.lock();
      if (went_on) continue;
    } else if (embed::Inside::any() && !until) {
      return berth::fail(
          ErrorCode::kUnavailable,
          "a module waits for this function, and nobody has the other end yet: write on another "
          "thread");
    }
    const auto may_go_on = [&] { return ended() || turn_; };
    if (until) {
      changed_.wait_until(lock, *until, may_go_on);
    } else {
      changed_.wait(lock, may_go_on);
    }
  }
  return true;
}

ReaderEnd::~ReaderEnd() {
  close();
}

Result<void> ReaderEnd::check() const {
  if (!given_) return {};
  return fail(ErrorCode::kInvalidArgument, "it was given to a module, which reads it now");
}

void ReaderEnd::close() noexcept {
  if (!given_) channel_->reader_left();
}

void ReaderEnd::give(Writer& to, const std::shared_ptr<ReaderEnd>& end) {
  const auto instance = end->channel_->instance();
  if (instance && instance != to.resources().instance().lock()) {
    return to.refuse(
        "a module's stream or future goes back to its own instance alone: read it, and write to another one");
  }
  if (end->given_.exchange(true)) return to.refuse("a stream or a future is given to a module once");
  to.give_end(end);
}

std::shared_ptr<Channel> ReaderEnd::claim() noexcept {
  return claimed_.exchange(true) ? nullptr : channel_;
}

void expect(Resources& resources, uint64_t word, std::shared_ptr<Channel> channel) {
  resources.expect(word, std::move(channel));
}

}  // namespace berth::detail
