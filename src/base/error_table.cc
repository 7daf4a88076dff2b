// SPDX-License-Identifier: Apache-2.0
#include "base/error_table.h"

#include <array>

namespace berth {
namespace {

constexpr auto kRows = std::to_array<ErrorRow>({
    {ErrorCode::kInvalidArgument, "invalid-argument", 1, 400, 120},
    {ErrorCode::kInvalidModule, "invalid-module", 2, 422, 121},
    {ErrorCode::kNotFound, "not-found", 3, 404, 122},
    {ErrorCode::kDenied, "denied", 4, 403, 123},
    {ErrorCode::kLimit, "limit", 5, 504, 124},
    {ErrorCode::kTrap, "trap", 6, 502, 134},
    {ErrorCode::kCancelled, "cancelled", 7, 499, 130},
    {ErrorCode::kUnavailable, "unavailable", 8, 503, 119},
    {ErrorCode::kUnsupported, "unsupported", 9, 501, 118},
    {ErrorCode::kInternal, "internal", 10, 500, 117},
});

}  // namespace

std::span<const ErrorRow> error_table() {
  return kRows;
}

const ErrorRow& error_row(ErrorCode code) {
  for (const ErrorRow& row : kRows) {
    if (row.code == code) return row;
  }
  return kRows.back();
}

std::optional<ErrorCode> error_code_from_abi(int32_t abi) {
  for (const ErrorRow& row : kRows) {
    if (row.abi == abi) return row.code;
  }
  return std::nullopt;
}

}  // namespace berth
