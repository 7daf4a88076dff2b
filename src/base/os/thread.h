// SPDX-License-Identifier: Apache-2.0
#pragma once
// Threads where somebody else decides how many there are: the system may have none left, which is an error of
// what they were for, and no end of this process.

#include <fmt/format.h>

#include <system_error>
#include <thread>
#include <utility>

#include "base/result.h"

namespace berth {

/// kUnavailable where the system gives none.
template <typename Work>
Result<std::jthread> start_thread(Work&& work) {
  try {
    return std::jthread(std::forward<Work>(work));
  } catch (const std::system_error& error) {
    return fail(ErrorCode::kUnavailable, fmt::format("starting a thread: {}", error.what()));
  }
}

}  // namespace berth
