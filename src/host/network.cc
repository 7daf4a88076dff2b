// SPDX-License-Identifier: Apache-2.0
#include "host/network.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/units.h"
#include "host/advice.h"

namespace berth::host {
namespace {

/// "2026-11-22 00:00".
std::string utc_text(int64_t unix_seconds) {
  return fmt::format("{:%Y-%m-%d %H:%M}", fmt::gmtime(static_cast<std::time_t>(unix_seconds)));
}

std::string what_is_left(const DayUse& day) {
  if (day.unreadable) return "the count of today was damaged, so all of it is taken as used";
  return fmt::format("{} sent and {} received today, of {} each way", format_bytes(day.sent),
                     format_bytes(day.received), format_bytes(day.limit));
}

}  // namespace

std::vector<std::string> explain_network(const NetworkReport& report, const policy::Effective& effective) {
  const policy::Limits& limits = effective.policy.limits;
  const auto raised = [&](std::string_view name, const std::string& more) {
    return raised_to(effective, name, more);
  };
  const engine::ConnectionUse& use = report.connections;
  std::vector<std::string> lines;
  if (limits.network_connections && use.refused > 0) {
    const uint64_t most = *limits.network_connections;
    lines.push_back(fmt::format("limit: network.connections: one more than {} was refused, {}; {}", most,
                                times(use.refused),
                                raised("network.connections", fmt::format("{}", 2 * most))));
  }
  if (limits.network_connections_per_minute && use.refused_for_rate > 0) {
    const uint64_t most = *limits.network_connections_per_minute;
    lines.push_back(fmt::format(
        "limit: network.connection-rate: one more than {} in a minute was refused, {}; {}", most,
        times(use.refused_for_rate), raised("network.connection-rate", fmt::format("{}/min", 2 * most))));
  }
  if (report.day && report.day->refused > 0) {
    lines.push_back(fmt::format("limit: network.daily: {}; resets at {} UTC; {}", what_is_left(*report.day),
                                utc_text(report.day->resets_at),
                                raised("network.daily", exact_bytes(2 * report.day->limit))));
  }
  return lines;
}

}  // namespace berth::host
