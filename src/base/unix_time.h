// SPDX-License-Identifier: Apache-2.0
#pragma once
// The time of day as files and tokens note it. Any thread.

#include <chrono>
#include <cstdint>

namespace berth {

/// Since 1970, rounded down.
inline int64_t unix_seconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::floor<std::chrono::seconds>(now).count();
}

}  // namespace berth
