// SPDX-License-Identifier: Apache-2.0
#include "host/usage.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/units.h"

namespace berth::host {
namespace {

/// From this part on a limit is near.
constexpr uint64_t kNearPercent = 90;

uint64_t nanoseconds(std::chrono::nanoseconds time) {
  return time.count() > 0 ? static_cast<uint64_t>(time.count()) : 0;
}

std::optional<uint64_t> nanoseconds(std::optional<std::chrono::nanoseconds> time) {
  if (!time) return std::nullopt;
  return nanoseconds(*time);
}

/// `part` of `whole` times `scale`; nothing of nothing.
uint64_t share_of(uint64_t part, uint64_t whole, uint64_t scale) {
  return whole == 0 ? 0
                    : static_cast<uint64_t>(static_cast<double>(part) / static_cast<double>(whole) *
                                            static_cast<double>(scale));
}

void add_storage(std::vector<LimitUse>& uses, const StorageUse& use, const std::string& where) {
  const engine::Stored& stored = use.stored;
  if (use.quota.bytes) {
    uses.push_back({"storage" + where, Unit::kBytes, use.quota.bytes, stored.bytes, stored.peak_bytes,
                    stored.refused_bytes});
  }
  if (use.quota.files) {
    uses.push_back({"storage.files" + where, Unit::kCount, use.quota.files, stored.files, stored.peak_files,
                    stored.refused_files});
  }
}

std::string text_of(uint64_t amount, Unit unit) {
  switch (unit) {
    case Unit::kBytes:
      return format_bytes(amount);
    case Unit::kNanoseconds:
      return format_duration(std::chrono::nanoseconds(static_cast<int64_t>(amount)));
    case Unit::kBasisPoints:
      return fmt::format("{}.{:02}%", amount / 100, amount % 100);
    case Unit::kBytesPerSecond:
      return format_bytes(amount) + "/s";
    case Unit::kCount:
      return fmt::format("{}", amount);
    case Unit::kPerMinute:
      return fmt::format("{}/min", amount);
  }
  return "";
}

bool is_near(const LimitUse& use) {
  // A share or a rate that is used up is what it is for.
  const bool delays = use.unit == Unit::kBasisPoints || use.unit == Unit::kBytesPerSecond;
  return use.limit && !delays && use.refused == 0 && use.most() < *use.limit &&
         share_of(use.most(), *use.limit, 100) >= kNearPercent;
}

}  // namespace

std::string_view unit_name(Unit unit) {
  switch (unit) {
    case Unit::kBytes:
      return "bytes";
    case Unit::kNanoseconds:
      return "ns";
    case Unit::kCount:
      return "count";
    case Unit::kBasisPoints:
      return "basis points of a core";
    case Unit::kBytesPerSecond:
      return "bytes/s";
    case Unit::kPerMinute:
      return "count/min";
  }
  return "";
}

std::vector<LimitUse> limit_uses(const CommandReport& report, const policy::Limits& limits) {
  const engine::Outcome& outcome = report.outcome;
  const engine::NetworkUse& network = outcome.network;
  const uint64_t cpu = nanoseconds(outcome.cpu_used);
  const uint64_t wall = nanoseconds(report.wall);
  const uint64_t memory = report.memory_peak_bytes + report.memory_reserve_bytes;
  std::vector<LimitUse> uses;
  uses.push_back({"memory", Unit::kBytes, report.memory_limit_bytes, memory, memory,
                  report.memory_refused_bytes ? uint64_t{1} : 0});
  uses.push_back({"cpu.time", Unit::kNanoseconds, nanoseconds(limits.cpu_time), cpu, std::nullopt, 0});
  if (limits.cpu_fuel) {
    uses.push_back({"cpu.fuel", Unit::kCount, limits.cpu_fuel, outcome.fuel_used, std::nullopt, 0});
  }
  if (limits.cpu_share_basis_points) {
    uses.push_back({"cpu.share", Unit::kBasisPoints, limits.cpu_share_basis_points,
                    share_of(cpu, wall, 10'000), std::nullopt, 0});
  }
  uses.push_back({"wall", Unit::kNanoseconds, nanoseconds(limits.wall), wall, std::nullopt, 0});
  if (report.storage) {
    add_storage(uses, report.storage->total, "");
    for (const FolderUse& folder : report.storage->folders)
      add_storage(uses, folder, " " + folder.guest_path);
  }
  const engine::ConnectionUse& connections = report.network.connections;
  uses.push_back({"network.connections", Unit::kCount, limits.network_connections, connections.open,
                  connections.peak, connections.refused});
  if (limits.network_connections_per_minute) {
    uses.push_back({"network.connection-rate", Unit::kPerMinute, limits.network_connections_per_minute,
                    connections.most_in_a_minute, std::nullopt, connections.refused_for_rate});
  }
  if (limits.network_bytes_per_second) {
    constexpr uint64_t kSecond = 1'000'000'000;
    uses.push_back({"network.rate", Unit::kBytesPerSecond, limits.network_bytes_per_second,
                    share_of(std::max(network.sent_bytes, network.received_bytes), wall, kSecond),
                    std::nullopt, 0});
  }
  if (const auto& day = report.network.day) {
    // Only both ways together are known to have been refused, so both lines say so.
    uses.push_back({"network.daily sent", Unit::kBytes, day->limit, day->sent, std::nullopt, day->refused});
    uses.push_back(
        {"network.daily received", Unit::kBytes, day->limit, day->received, std::nullopt, day->refused});
  }
  uses.push_back({"network.sent", Unit::kBytes, std::nullopt, network.sent_bytes, std::nullopt, 0});
  uses.push_back({"network.received", Unit::kBytes, std::nullopt, network.received_bytes, std::nullopt, 0});
  return uses;
}

std::string usage_table(const std::vector<LimitUse>& uses) {
  size_t longest = 0;
  for (const LimitUse& use : uses) longest = std::max(longest, use.name.size());
  const auto line = [&](std::string_view name, std::string_view limit, std::string_view used,
                        std::string_view peak) {
    return fmt::format("{:<{}}  {:>12}  {:>12}  {:>12}\n", name, longest, limit, used, peak);
  };
  std::string table = line("limit", "given", "used", "peak");
  for (const LimitUse& use : uses) {
    table += line(use.name, use.limit ? text_of(*use.limit, use.unit) : "-", text_of(use.used, use.unit),
                  use.peak ? text_of(*use.peak, use.unit) : "-");
  }
  return table;
}

std::vector<std::string> near_limits(const std::vector<LimitUse>& uses) {
  std::vector<std::string> lines;
  for (const LimitUse& use : uses) {
    if (!is_near(use)) continue;
    lines.push_back(fmt::format("near its limit: {}: {} of {}", use.name, text_of(use.most(), use.unit),
                                text_of(*use.limit, use.unit)));
  }
  return lines;
}

}  // namespace berth::host
