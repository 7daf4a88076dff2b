// SPDX-License-Identifier: Apache-2.0
#include "providers/content/pipe.h"

#include <algorithm>

namespace berth::content {
namespace {

constexpr size_t kPiece = 256 << 10;

}  // namespace

Result<void> Pipe::write(std::string_view bytes) {
  std::unique_lock guard(lock_);
  changed_.wait(guard, [&] { return left_ || held_ < most_bytes_; });
  if (left_) return fail(ErrorCode::kCancelled, "nobody reads it any more");
  const bool was_empty = held_ == 0;
  if (pieces_.empty() || pieces_.back().size() + bytes.size() > kPiece) {
    pieces_.emplace_back().reserve(std::max(bytes.size(), kPiece));
  }
  pieces_.back() += bytes;
  held_ += bytes.size();
  if (was_empty) changed_.notify_all();
  return {};
}

void Pipe::finish(Result<void> how) {
  const std::lock_guard guard(lock_);
  if (!end_) end_ = std::move(how);
  changed_.notify_all();
}

Result<size_t> Pipe::read(std::span<char> into) {
  std::unique_lock guard(lock_);
  changed_.wait(guard, [&] { return left_ || held_ > 0 || end_; });
  if (left_) return fail(ErrorCode::kCancelled, "nobody reads it any more");
  if (held_ == 0) {
    if (!*end_) return std::unexpected(end_->error());
    return 0;
  }
  size_t given = 0;
  while (given < into.size() && held_ > 0) {
    const std::string_view first = std::string_view(pieces_.front()).substr(taken_);
    const size_t now = std::min(first.size(), into.size() - given);
    std::copy_n(first.begin(), now, into.begin() + static_cast<ptrdiff_t>(given));
    given += now;
    taken_ += now;
    held_ -= now;
    if (taken_ == pieces_.front().size()) {
      pieces_.pop_front();
      taken_ = 0;
    }
  }
  if (held_ < most_bytes_ / 2) changed_.notify_all();
  return given;
}

void Pipe::leave() {
  const std::lock_guard guard(lock_);
  left_ = true;
  changed_.notify_all();
}

}  // namespace berth::content
