// SPDX-License-Identifier: Apache-2.0
#pragma once
// `Result` and `Error` (berth/result.h) with what is for berth's own sources alone: shorter ways to return an
// error. `error_table.h` maps each code to its C ABI number, HTTP status and exit status. No exception
// crosses a room.

#include "berth/result.h"

/// Evaluates to the value of a Result, or returns its error from the enclosing function.
/// `auto token = BERTH_TRY(parse(bytes));` reads straight down. Never within braces or captures behind
/// something else: GCC doesn't destroy what those have made by then (tests/tries_test.py looks for it).
#define BERTH_TRY(expression)                                      \
  ({                                                               \
    auto berth_try_result = (expression);                          \
    if (!berth_try_result.has_value()) {                           \
      return std::unexpected(std::move(berth_try_result).error()); \
    }                                                              \
    std::move(berth_try_result).value();                           \
  })

/// The same for a Result<void>.
#define BERTH_TRY_VOID(expression)                                 \
  do {                                                             \
    if (auto berth_try_result = (expression); !berth_try_result) { \
      return std::unexpected(std::move(berth_try_result).error()); \
    }                                                              \
  } while (false)
