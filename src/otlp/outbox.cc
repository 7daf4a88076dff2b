// SPDX-License-Identifier: Apache-2.0
#include "otlp/outbox.h"

#include <algorithm>

namespace berth::otlp {

Outbox::Outbox(const Envelope& envelope, Delivery& delivery, const Gathering& gathering)
    : envelope_(envelope), delivery_(delivery), gathering_(gathering), sender_([this] { run(); }) {}

Outbox::~Outbox() {
  close();
}

void Outbox::add(const std::string& record) noexcept {
  bool wake = false;
  {
    const std::lock_guard guard(lock_);
    if (closing_ || ends_.size() >= gathering_.most_waiting || waiting_.size() + record.size() > kMostBytes)
      return delivery_.overflow(1);
    if (ends_.empty()) due_ = std::chrono::steady_clock::now() + gathering_.delay;
    waiting_ += record;
    ends_.push_back(waiting_.size());
    // The first begins the wait, and a whole batch ends it.
    wake = ends_.size() == 1 || ends_.size() == gathering_.batch;
  }
  if (wake) changed_.notify_one();
}

void Outbox::finish() {
  {
    const std::lock_guard guard(lock_);
    closing_ = true;
  }
  changed_.notify_one();
}

void Outbox::close() {
  if (!sender_.joinable()) return;
  finish();
  sender_.join();
}

Outbox::Batch Outbox::take() {
  std::unique_lock guard(lock_);
  changed_.wait(guard, [&] { return closing_ || !ends_.empty(); });
  changed_.wait_until(guard, due_, [&] { return closing_ || ends_.size() >= gathering_.batch; });
  if (ends_.empty()) return {};
  const size_t count = std::min<size_t>(ends_.size(), gathering_.batch);
  const size_t end = ends_[count - 1];
  Batch batch{.records = waiting_.substr(0, end), .count = count};
  waiting_.erase(0, end);
  ends_.erase(ends_.begin(), ends_.begin() + static_cast<std::ptrdiff_t>(count));
  for (size_t& each : ends_) each -= end;
  due_ = std::chrono::steady_clock::now() + gathering_.delay;
  return batch;
}

void Outbox::run() {
  for (Batch batch = take(); batch.count > 0; batch = take())
    delivery_.bring(envelope_.around(batch.records), batch.count);
}

}  // namespace berth::otlp
