// SPDX-License-Identifier: Apache-2.0
#include "providers/content/race.h"

#include <algorithm>
#include <condition_variable>
#include <optional>
#include <thread>

#include "base/os/thread.h"

namespace berth::content {
namespace {

using namespace std::chrono_literals;

constexpr double kMostUsual = 3600;  // seconds; a file may say anything

/// Twice what it usually takes, so that few requests are made twice.
std::chrono::milliseconds patience_with(const Gateway& gateway, const Contest& contest) {
  const double usual = std::min(gateway.standing().first_byte_seconds, kMostUsual);
  const auto twice = usual == 0 ? 1000ms : std::chrono::milliseconds(static_cast<int64_t>(usual * 2000));
  return std::clamp(twice, contest.least_wait, contest.most_wait);
}

class Running {
 public:
  Running(const Contest& contest, const std::function<Result<void>(Runner&)>& run, const Ended& ended)
      : contest_(contest), run_(run), ended_(ended) {}

  bool result(const std::stop_token& stop) {
    std::unique_lock guard(lock_);
    while (!stop.stop_requested()) {
      if (winner_ && heats_[*winner_]->result) break;
      if (!winner_ && going() == 0 && heats_.size() == contest_.gateways.size()) break;
      if (!winner_ && may_start()) {
        start();
        continue;
      }
      const bool more = !winner_ && heats_.size() < contest_.gateways.size();
      const auto changed = [&, before = changes_] { return changes_ != before; };
      if (more && going() < contest_.most_at_once) {
        changed_.wait_until(guard, stop, next_, changed);
      } else {
        changed_.wait(guard, stop, changed);
      }
    }
    guard.unlock();
    for (const auto& heat : heats_) heat->runner.stop();
    for (const auto& heat : heats_) {
      if (heat->thread.joinable()) heat->thread.join();
    }
    return std::ranges::any_of(heats_, [](const auto& heat) { return heat->result->has_value(); });
  }

 private:
  struct Heat {
    explicit Heat(Gateway& gateway) : runner(gateway) {}
    Runner runner;
    std::jthread thread;
    std::optional<Result<void>> result;
  };

  size_t going() const {
    return static_cast<size_t>(std::ranges::count_if(heats_, [](const auto& heat) { return !heat->result; }));
  }

  bool may_start() const {
    if (heats_.size() == contest_.gateways.size()) return false;
    const size_t now = going();
    return now == 0 || (now < contest_.most_at_once && std::chrono::steady_clock::now() >= next_);
  }

  void start() {
    const size_t number = heats_.size();
    Gateway& gateway = *contest_.gateways[number];
    heats_.push_back(std::make_unique<Heat>(gateway));
    Heat& heat = *heats_.back();
    heat.runner.claim = [this, number] { return claim(number); };
    auto thread = start_thread([this, &heat] {
      auto result = run_(heat.runner);
      bool overtaken = false;
      {
        const std::lock_guard guard(lock_);
        overtaken = winner_ && heats_[*winner_].get() != &heat;
      }
      if (!overtaken && !heat.runner.is_stopped()) ended_(heat.runner.gateway, result);
      const std::lock_guard guard(lock_);
      heat.result = std::move(result);
      note();
    });
    if (thread) {
      heat.thread = *std::move(thread);
    } else {
      heat.result = std::unexpected(std::move(thread).error());
      ended_(gateway, *heat.result);
      note();
    }
    next_ = std::chrono::steady_clock::now() + patience_with(gateway, contest_);
  }

  bool claim(size_t number) {
    const std::lock_guard guard(lock_);
    if (winner_) return *winner_ == number;
    winner_ = number;
    for (size_t i = 0; i < heats_.size(); ++i) {
      if (i == number || heats_[i]->result) continue;
      heats_[i]->runner.stop();
    }
    note();
    return true;
  }

  void note() {
    ++changes_;
    changed_.notify_all();
  }

  const Contest& contest_;
  const std::function<Result<void>(Runner&)>& run_;
  const Ended& ended_;
  std::mutex lock_;
  std::condition_variable_any changed_;
  std::vector<std::unique_ptr<Heat>> heats_;
  std::optional<size_t> winner_;
  std::chrono::steady_clock::time_point next_;  // when the next one is asked as well
  uint64_t changes_ = 0;
};

}  // namespace

Result<Runner::Use> Runner::use(web::Web& line) {
  const std::lock_guard guard(lock_);
  if (stopped_) return fail(ErrorCode::kCancelled, "it was stopped");
  line_ = &line;
  return Use(this);
}

void Runner::release() {
  const std::lock_guard guard(lock_);
  line_ = nullptr;
}

void Runner::stop() {
  const std::lock_guard guard(lock_);
  stopped_ = true;
  if (line_ != nullptr) line_->stop();
}

bool race(const Contest& contest, const std::stop_token& stop,
          const std::function<Result<void>(Runner&)>& run, const Ended& ended) {
  if (contest.gateways.empty()) return false;
  return Running(contest, run, ended).result(stop);
}

}  // namespace berth::content
