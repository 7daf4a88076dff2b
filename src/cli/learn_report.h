// SPDX-License-Identifier: Apache-2.0
#pragma once
// What one round of `berth run --learn` tells the process that started it, as a file: how the guest ended,
// and what it was refused, in the policy's own words. Main thread only.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/command.h"
#include "policy/decide.h"

namespace berth::cli {

struct RoundReport {
  bool ended_by_itself = false;  // exited or trapped, rather than by a limit or a signal
  std::string ending;            // for a person: "exited with 1"
  bool succeeded = false;        // exited with 0
  bool unfinished_line = false;
  uint64_t memory_peak_bytes = 0;
  uint64_t cpu_used_ns = 0;
  std::vector<policy::Knock> knocks;  // in the order of their first time
  uint64_t unlisted = 0;
};

Result<void> write_round_report(const std::string& file, const host::CommandReport& report);
Result<RoundReport> read_round_report(const std::string& file);

}  // namespace berth::cli
