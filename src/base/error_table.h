// SPDX-License-Identifier: Apache-2.0
#pragma once
// The one table from an error code to what each outside world calls it: the C ABI's number, the HTTP
// status of a served request, the exit status of the command line, the name in `--json`.
//
// Exit statuses of berth's own stay clear of what guests commonly use (0, 1, 2) and of what shells mean
// (126, 127, 128 + signal); a trap is 134 as an abort is, a cancelled call 130 as Ctrl-C is.
//
// Pure data; safe on any thread.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"

namespace berth {

struct ErrorRow {
  ErrorCode code;
  std::string_view name;  // as printed by `--json`
  int32_t abi;            // the C ABI's number, never reused
  int http_status;
  int exit_status;
};

std::span<const ErrorRow> error_table();

/// The row of a code; every code has one (tested).
const ErrorRow& error_row(ErrorCode code);

/// The code behind a C ABI number; nothing for a number that no row has.
std::optional<ErrorCode> error_code_from_abi(int32_t abi);

}  // namespace berth
