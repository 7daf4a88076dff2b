// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

#include "base/os/user.h"

namespace berth::cli {

void Progress::begin(std::string what) {
  begin([what = std::move(what)] { return what; });
}

void Progress::begin(std::function<std::string()> what) {
  if (!is_terminal(2)) return;
  thread_ = std::thread([this, what = std::move(what)] { show(what); });
}

void Progress::show(const std::function<std::string()>& what) {
  using namespace std::chrono_literals;
  const auto began = std::chrono::steady_clock::now();
  std::unique_lock guard(lock_);
  bool shown = false;
  for (auto wait = 300ms; !changed_.wait_for(guard, wait, [this] { return over_; }); wait = 200ms) {
    const auto elapsed = std::chrono::steady_clock::now() - began;
    fmt::print(stderr, "\r\x1b[K{} … {} s", what(),
               std::chrono::duration_cast<std::chrono::seconds>(elapsed).count());
    std::fflush(stderr);
    shown = true;
  }
  if (shown) fmt::print(stderr, "\r\x1b[K");
}

Progress::~Progress() {
  {
    const std::lock_guard guard(lock_);
    over_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace berth::cli
