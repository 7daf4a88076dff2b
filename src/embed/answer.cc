// SPDX-License-Identifier: Apache-2.0
#include "berth/answer.h"

#include "berth/function.h"

namespace berth::detail {

void Pending::set_wake(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

bool Pending::collect(Reply& to) {
  {
    const std::lock_guard lock(mutex_);
    if (!answered_) return false;
  }
  // From here on nothing changes.
  if (failure_) {
    to.fail(std::move(*failure_));
  } else {
    write(to);
  }
  return true;
}

void Pending::fail(std::string why) {
  std::unique_lock lock(mutex_);
  if (answered_) return;
  failure_ = std::move(why);
  tell(std::move(lock));
}

bool Pending::answer(const std::function<void()>& keep) {
  std::unique_lock lock(mutex_);
  if (answered_) return false;
  keep();
  tell(std::move(lock));
  return true;
}

void Pending::tell(std::unique_lock<std::mutex> lock) {
  answered_ = true;
  const auto wake = std::exchange(wake_, nullptr);
  lock.unlock();
  if (wake) wake();
}

}  // namespace berth::detail
