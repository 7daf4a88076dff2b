// SPDX-License-Identifier: Apache-2.0
#include "otlp/delivery.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "otlp/message.h"

namespace berth::otlp {
namespace {

/// Those that the specification lets be tried again.
bool may_come_later(uint16_t status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

bool is_taken(uint16_t status) {
  return status >= 200 && status < 300;
}

}  // namespace

void Delivery::bring(const std::string& request, uint64_t records) {
  const auto until = Clock::now() + settings_.patience;
  for (int number = 1;; ++number) {
    const Try tried = try_once(request, until, records);
    if (tried.taken) return arrived();
    // Said at once: patience may be long.
    failed(tried.why, 0);
    if (tried.refused || !rest(pause_before(number, tried), until)) return lose(records);
  }
}

void Delivery::overflow(uint64_t records) {
  lose(records);
  if (!overflowed_.exchange(true))
    say_(
        fmt::format("{} come faster than {} takes them: some are left out, which is counted in "
                    "berth_otlp_dropped_total",
                    settings_.signal, settings_.url));
}

void Delivery::lose(uint64_t records) {
  lost_.fetch_add(records);
}

Delivery::Try Delivery::try_once(const std::string& request, Clock::time_point until, uint64_t records) {
  {
    const std::lock_guard guard(lock_);
    if (end_) until = std::min(until, *end_);
  }
  const auto left = until - Clock::now();
  if (left <= Clock::duration::zero()) return {.refused = true, .why = "there is no time left"};
  const auto answer = send_(request, std::min<std::chrono::nanoseconds>(left, settings_.timeout));
  if (!answer) return {.why = answer.error().message};
  if (is_taken(answer->status)) {
    const Rejected rejected = rejected_in(answer->body);
    const uint64_t count = std::min(rejected.records, records);
    if (count > 0) failed(fmt::format("the collector threw {} away: {}", count, rejected.why), count);
    return {.taken = true, .why = {}};
  }
  return {.refused = !may_come_later(answer->status),
          .why = fmt::format("the collector answers {}", answer->status),
          .pause = answer->retry_after};
}

std::chrono::nanoseconds Delivery::pause_before(int next, const Try& last) const {
  if (last.pause.count() > 0) return last.pause;
  constexpr int kMostDoublings = 10;
  const auto pause = std::min<std::chrono::nanoseconds>(
      settings_.first_pause * (1 << std::min(next - 1, kMostDoublings)), settings_.longest_pause);
  // Many who lost the same collector don't come back at once.
  thread_local std::minstd_rand random(std::random_device{}());
  std::uniform_real_distribution<double> part(0.5, 1);
  return std::chrono::nanoseconds(static_cast<int64_t>(static_cast<double>(pause.count()) * part(random)));
}

bool Delivery::rest(std::chrono::nanoseconds pause, Clock::time_point until) {
  const auto now = Clock::now();
  if (pause >= until - now) return false;
  const auto over = now + std::chrono::duration_cast<Clock::duration>(pause);
  std::unique_lock guard(lock_);
  const bool ending = end_.has_value();
  if (ending && over >= *end_) return false;
  // Who is told to end meanwhile tries once more at once.
  changed_.wait_until(guard, over, [&] { return end_.has_value() != ending; });
  return !end_ || Clock::now() < *end_;
}

void Delivery::end_within(std::chrono::milliseconds time) {
  {
    const std::lock_guard guard(lock_);
    end_ = Clock::now() + time;
  }
  changed_.notify_all();
}

void Delivery::arrived() {
  if (troubled_.exchange(false))
    say_(fmt::format("{} reach {} again; {} are left out", settings_.signal, settings_.url, lost_.load()));
}

void Delivery::failed(const std::string& why, uint64_t records) {
  lose(records);
  if (!troubled_.exchange(true))
    say_(fmt::format("{} don't reach {}: {}; berth goes on without, and tries again", settings_.signal,
                     settings_.url, why));
}

}  // namespace berth::otlp
