// SPDX-License-Identifier: Apache-2.0
#include "providers/content/input.h"

#include <algorithm>

namespace berth::content {
namespace {

constexpr size_t kAtOnce = 256 << 10;

}  // namespace

Result<size_t> read_full(const ReadSome& read, std::span<char> into) {
  size_t filled = 0;
  while (filled < into.size()) {
    const size_t got = BERTH_TRY(read(into.subspan(filled)));
    if (got == 0) break;
    filled += got;
  }
  return filled;
}

Result<std::string_view> Input::peek(size_t bytes) {
  if (end_ - begin_ < bytes) {
    std::copy(held_.begin() + static_cast<ptrdiff_t>(begin_), held_.begin() + static_cast<ptrdiff_t>(end_),
              held_.begin());
    end_ -= begin_;
    begin_ = 0;
    held_.resize(std::max({held_.size(), bytes, kAtOnce}));
    while (end_ < bytes) {
      const size_t got = BERTH_TRY(read_(std::span(held_).subspan(end_)));
      if (got == 0) break;
      end_ += got;
    }
  }
  return std::string_view(held_).substr(begin_, end_ - begin_);
}

void Input::take(size_t bytes) {
  begin_ += bytes;
  position_ += bytes;
}

Result<bool> Input::skip(uint64_t bytes) {
  while (bytes > 0) {
    const auto some = BERTH_TRY(peek(1));
    if (some.empty()) return false;
    const auto now = static_cast<size_t>(std::min<uint64_t>(bytes, some.size()));
    take(now);
    bytes -= now;
  }
  return true;
}

}  // namespace berth::content
