// SPDX-License-Identifier: Apache-2.0
#pragma once
// Bytes that come one after the other from wherever they come from, looked at in pieces.
//
// One thread.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::content {

/// Puts bytes into the span and says how many; 0 is the end.
using ReadSome = std::function<Result<size_t>(std::span<char>)>;
/// Takes bytes.
using WriteAll = std::function<Result<void>(std::string_view)>;

/// Fills the span as far as there are bytes.
Result<size_t> read_full(const ReadSome& read, std::span<char> into);

class Input {
 public:
  explicit Input(ReadSome read) : read_(std::move(read)) {}

  /// At least so many bytes, or all that are left; they stay until the next call. The
  /// caller bounds how many.
  Result<std::string_view> peek(size_t bytes);
  /// Of those that were looked at.
  void take(size_t bytes);
  /// Past so many bytes, whoever looks at them; false where they end before.
  Result<bool> skip(uint64_t bytes);
  /// Where it is, from the beginning.
  uint64_t position() const {
    return position_;
  }

 private:
  ReadSome read_;
  std::string held_;
  size_t begin_ = 0;  // of what isn't taken
  size_t end_ = 0;
  uint64_t position_ = 0;
};

}  // namespace berth::content
