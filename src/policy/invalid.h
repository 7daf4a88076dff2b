// SPDX-License-Identifier: Apache-2.0
#pragma once
// The error for a piece of text that cannot be read: the piece, quoted and safe to show, and what is wrong
// with it.
//
// Pure; safe on any thread.

#include <fmt/format.h>

#include <string_view>

#include "base/result.h"
#include "policy/printable.h"

namespace berth::policy {

/// `invalid("rx", "is not an access")` is the error "'rx' is not an access".
inline std::unexpected<Error> invalid(std::string_view text, std::string_view problem) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("{} {}", quoted(text), problem));
}

}  // namespace berth::policy
