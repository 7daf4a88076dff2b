// SPDX-License-Identifier: Apache-2.0
#include "otlp/reporter.h"

namespace berth::otlp {

Reporter::Reporter(const Envelope& envelope, Delivery& delivery, std::chrono::milliseconds interval,
                   std::function<std::string()> records)
    : envelope_(envelope),
      delivery_(delivery),
      interval_(interval),
      records_(std::move(records)),
      sender_([this] { run(); }) {}

Reporter::~Reporter() {
  close();
}

void Reporter::finish() {
  {
    const std::lock_guard guard(lock_);
    closing_ = true;
  }
  changed_.notify_one();
}

void Reporter::close() {
  if (!sender_.joinable()) return;
  finish();
  sender_.join();
}

void Reporter::run() {
  for (bool last = false; !last;) {
    {
      std::unique_lock guard(lock_);
      last = changed_.wait_for(guard, interval_, [&] { return closing_; });
    }
    delivery_.bring(envelope_.around(records_()), 1);
  }
}

}  // namespace berth::otlp
