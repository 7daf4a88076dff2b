// SPDX-License-Identifier: Apache-2.0
#pragma once
// How much a module may use. Each limit counts for the whole module, never for one memory or instance;
// an absent one doesn't bind. Limits of several sources combine by minimum.
//
// Pure; safe on any thread.

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::policy {

struct Limits {
  std::optional<uint64_t> memory_bytes;
  std::optional<std::chrono::nanoseconds> cpu_time;  // of one call
  std::optional<uint64_t> cpu_fuel;                  // of one call
  std::optional<uint64_t> cpu_share_basis_points;    // of one core: 2000 is 20 %
  std::optional<uint64_t> cpu_weight;                // against other modules'; 100 is usual
  std::optional<std::chrono::nanoseconds> wall;      // of one call, waiting included
  std::optional<uint64_t> storage_bytes;
  std::optional<uint64_t> storage_files;
  std::optional<uint64_t> network_connections;
  std::optional<uint64_t> network_connections_per_minute;
  std::optional<uint64_t> network_bytes_per_second;  // each way
  std::optional<uint64_t> network_bytes_per_day;     // each way
  std::optional<uint64_t> instances;                 // calls at the same time
  std::optional<uint64_t> queue;                     // calls that wait; 0: none does
  std::optional<uint64_t> compile_memory_bytes;
  std::optional<std::chrono::nanoseconds> compile_time;  // CPU time

  bool operator==(const Limits&) const = default;
};

/// One limit as people write it.
struct LimitName {
  std::string_view name;     // "cpu.time"
  std::string_view meaning;  // for --help: "CPU time of one call"
  std::string_view example;  // "2s"
};

/// Every limit, in the order of `Limits`.
std::span<const LimitName> limit_names();

/// Sets one limit from text: `set_limit(limits, "memory", "64MiB")`. Zero is refused, except for `queue`.
Result<void> set_limit(Limits& limits, std::string_view name, std::string_view value);

/// The value of a limit as text that `set_limit` reads back exactly; nothing when it is unset or unknown.
std::optional<std::string> limit_text(const Limits& limits, std::string_view name);

/// The limits that are set, one a line: `memory 64MiB`.
std::string to_text(const Limits& limits);

/// Of each limit the smaller; one that only one side sets is kept.
Limits minimum(const Limits& left, const Limits& right);

}  // namespace berth::policy
