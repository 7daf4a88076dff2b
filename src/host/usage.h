// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a run used of each of its limits: the same figures for people, for `--json`, and for whoever embeds
// berth.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/command.h"
#include "policy/policy.h"

namespace berth::host {

enum class Unit { kBytes, kNanoseconds, kCount, kBasisPoints, kBytesPerSecond, kPerMinute };

/// "bytes", "ns", "count", "basis points of a core", "bytes/s", "count/min".
std::string_view unit_name(Unit unit);

/// A limit, or something that is counted and has none.
struct LimitUse {
  std::string name;  // "memory"; with a folder's own quota "storage /data"
  Unit unit = Unit::kCount;
  std::optional<uint64_t> limit;
  uint64_t used = 0;             // in total, or of what goes up and down at the end
  std::optional<uint64_t> peak;  // of what goes up and down
  uint64_t refused = 0;          // how often there was none left, where a guest goes on without

  /// The most that counted against the limit.
  uint64_t most() const {
    return peak.value_or(used);
  }
};

/// All limits that were given, and all that is counted, in the order of `policy::limit_names`.
std::vector<LimitUse> limit_uses(const CommandReport& report, const policy::Limits& limits);

/// As a table with a line each; ends with a newline.
std::string usage_table(const std::vector<LimitUse>& uses);

/// Of those that were nearly used up and never met, a line each.
std::vector<std::string> near_limits(const std::vector<LimitUse>& uses);

}  // namespace berth::host
