// SPDX-License-Identifier: Apache-2.0
#include "serve/access_log.h"

#include <algorithm>
#include <utility>

namespace berth::serve {
namespace {

/// How long entries are gathered: a person doesn't notice, and a busy server writes many at once.
constexpr std::chrono::milliseconds kGather{20};
/// Written at once, at most.
constexpr size_t kBatchBytes = 64 << 10;

size_t bytes_of(const AccessEntry& entry) {
  return sizeof entry + entry.path.size() + entry.host.size() + entry.method.size() + entry.reason.size();
}

}  // namespace

AccessLog::AccessLog(LineOutput output, AccessStyle style)
    : output_(std::move(output)), style_(style), writer_([this] { run(); }) {}

AccessLog::~AccessLog() {
  close(std::chrono::milliseconds(0));
}

void AccessLog::add(AccessEntry entry) noexcept {
  const size_t bytes = bytes_of(entry);
  bool first = false;
  {
    const std::lock_guard guard(lock_);
    if (waiting_.size() >= kMostEntries || waiting_bytes_ + bytes > kMostBytes) {
      drop(1);
      return;
    }
    first = waiting_.empty();
    waiting_bytes_ += bytes;
    waiting_.push_back(std::move(entry));
  }
  // Only who comes first has somebody to wake.
  if (first) changed_.notify_one();
}

void AccessLog::close(std::chrono::milliseconds patience) {
  if (!writer_.joinable()) return;
  {
    const std::lock_guard guard(lock_);
    give_up_at_ = std::chrono::steady_clock::now() + patience;
    closing_ = true;
  }
  changed_.notify_one();
  writer_.join();
}

void AccessLog::run() {
  std::vector<AccessEntry> entries;
  while (true) {
    entries.clear();
    {
      std::unique_lock guard(lock_);
      changed_.wait(guard, [&] { return closing_ || !waiting_.empty(); });
      changed_.wait_for(guard, kGather, [&] { return closing_.load(); });
      if (waiting_.empty()) return;
      entries.swap(waiting_);
      waiting_bytes_ = 0;
    }
    write(entries);
  }
}

void AccessLog::write(const std::vector<AccessEntry>& entries) {
  const bool json = style_ == AccessStyle::kJson;
  std::string text;
  if (const uint64_t unsaid = unsaid_.exchange(0); unsaid > 0) {
    json ? append_json_dropped(text, entries.front().time, unsaid) : append_pretty_dropped(text, unsaid);
    if (!write_now(text).empty()) unsaid_.fetch_add(unsaid);
  }
  text.clear();
  const auto flush = [&] {
    drop(static_cast<uint64_t>(std::ranges::count(write_now(text), '\n')));
    text.clear();
  };
  for (const AccessEntry& entry : entries) {
    json ? append_json(text, entry) : append_pretty(text, entry);
    if (text.size() >= kBatchBytes) flush();
  }
  flush();
}

std::string_view AccessLog::write_now(std::string_view lines) const {
  return may_wait() ? output_.write(lines, [&] { return may_wait(); }) : lines;
}

void AccessLog::drop(uint64_t count) {
  dropped_.fetch_add(count);
  unsaid_.fetch_add(count);
}

bool AccessLog::may_wait() const {
  return !closing_ || std::chrono::steady_clock::now() < give_up_at_;
}

}  // namespace berth::serve
