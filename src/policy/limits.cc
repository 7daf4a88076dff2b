// SPDX-License-Identifier: Apache-2.0
#include "policy/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <variant>
#include <vector>

#include "base/units.h"
#include "policy/nearest.h"
#include "policy/printable.h"
#include "policy/smaller.h"

namespace berth::policy {
namespace {

using Nanoseconds = std::chrono::nanoseconds;
using NumberMember = std::optional<uint64_t> Limits::*;
using TimeMember = std::optional<Nanoseconds> Limits::*;

enum class Kind {
  kBytes,
  kBytesPerSecond,
  kBytesPerDay,
  kCount,
  kCountPerMinute,
  kCountOrZero,
  kShare,
  kWeight,
  kTime
};

constexpr std::array<LimitName, 16> kNames{{
    {"memory", "memory of all of the module's instances together", "64MiB"},
    {"cpu.time", "CPU time of one call", "2s"},
    {"cpu.fuel", "instructions of one call, the same on every machine", "100M"},
    {"cpu.share", "share of one core over a sliding second", "20%"},
    {"cpu.weight", "part of the CPU when modules want more than there is, 100 is usual", "50"},
    {"wall", "time of one call from start to end, waiting included", "10s"},
    {"storage", "bytes in all folders that the module may write to", "1GiB"},
    {"storage.files", "files in those folders", "10k"},
    {"network.connections", "open connections", "100"},
    {"network.connection-rate", "connections opened a minute", "600/min"},
    {"network.rate", "bytes a second, each way", "1MiB/s"},
    {"network.daily", "bytes a day, each way", "10GiB"},
    {"instances", "calls at the same time", "16"},
    {"queue", "calls that wait for their turn, 0 for none", "100"},
    {"compile.memory", "memory of the process that compiles the module", "2GiB"},
    {"compile.time", "CPU time of the process that compiles the module", "5m"},
}};

struct Row {
  Kind kind;
  std::variant<NumberMember, TimeMember> member;
};

/// Beside each name, in the same order.
const std::array<Row, kNames.size()> kRows{{
    {Kind::kBytes, &Limits::memory_bytes},
    {Kind::kTime, &Limits::cpu_time},
    {Kind::kCount, &Limits::cpu_fuel},
    {Kind::kShare, &Limits::cpu_share_basis_points},
    {Kind::kWeight, &Limits::cpu_weight},
    {Kind::kTime, &Limits::wall},
    {Kind::kBytes, &Limits::storage_bytes},
    {Kind::kCount, &Limits::storage_files},
    {Kind::kCount, &Limits::network_connections},
    {Kind::kCountPerMinute, &Limits::network_connections_per_minute},
    {Kind::kBytesPerSecond, &Limits::network_bytes_per_second},
    {Kind::kBytesPerDay, &Limits::network_bytes_per_day},
    {Kind::kCount, &Limits::instances},
    {Kind::kCountOrZero, &Limits::queue},
    {Kind::kBytes, &Limits::compile_memory_bytes},
    {Kind::kTime, &Limits::compile_time},
}};

std::optional<size_t> index_of(std::string_view name) {
  auto found = std::ranges::find(kNames, name, &LimitName::name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<size_t>(found - kNames.begin());
}

std::string_view without_suffix(std::string_view text, std::string_view suffix) {
  if (text.ends_with(suffix)) text.remove_suffix(suffix.size());
  return text;
}

/// "20%" is 2000; at most two digits behind the point, and a thousand cores.
Result<uint64_t> parse_share(std::string_view text) {
  constexpr uint64_t kMost = 10'000'000;
  uint64_t basis_points = 0;
  int decimals = -1;
  bool plain = text.size() > 1 && text.size() <= 12 && text.ends_with('%') && text.front() != '.';
  for (char c : without_suffix(text, "%")) {
    if (c == '.' && decimals < 0) {
      decimals = 0;
    } else if (c >= '0' && c <= '9' && decimals < 2) {
      basis_points = basis_points * 10 + static_cast<uint64_t>(c - '0');
      if (decimals >= 0) ++decimals;
    } else {
      plain = false;
    }
  }
  if (decimals == 0) plain = false;
  for (int i = std::max(decimals, 0); i < 2; ++i) basis_points *= 10;
  if (!plain || basis_points > kMost) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is not a share of one core, write it as in 20% or 150%", quoted(text)));
  }
  return basis_points;
}

Result<uint64_t> parse_weight(std::string_view text) {
  constexpr uint64_t kMost = 10'000;
  const uint64_t weight = BERTH_TRY(parse_count(text));
  if (weight <= kMost) return weight;
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} is too much, a weight is at most {}", quoted(text), kMost));
}

std::string share_text(uint64_t basis_points) {
  if (basis_points % 100 == 0) return fmt::format("{}%", basis_points / 100);
  return fmt::format("{}.{:02}%", basis_points / 100, basis_points % 100);
}

Result<uint64_t> parse_number(Kind kind, std::string_view text) {
  switch (kind) {
    case Kind::kBytes:
      return parse_bytes(text);
    case Kind::kBytesPerSecond:
      return parse_bytes(without_suffix(text, "/s"));
    case Kind::kBytesPerDay:
      return parse_bytes(without_suffix(text, "/day"));
    case Kind::kCountPerMinute:
      return parse_count(without_suffix(text, "/min"));
    case Kind::kShare:
      return parse_share(text);
    case Kind::kWeight:
      return parse_weight(text);
    default:
      return parse_count(text);
  }
}

std::string number_text(Kind kind, uint64_t number) {
  switch (kind) {
    case Kind::kBytes:
    case Kind::kBytesPerDay:
      return exact_bytes(number);
    case Kind::kBytesPerSecond:
      return exact_bytes(number) + "/s";
    case Kind::kCountPerMinute:
      return fmt::format("{}/min", number);
    case Kind::kShare:
      return share_text(number);
    default:
      return fmt::format("{}", number);
  }
}

std::unexpected<Error> cannot_set(std::string_view name, std::string_view value, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("cannot set limit '{}' to {}: {}", name, quoted(value), why));
}

}  // namespace

std::span<const LimitName> limit_names() {
  return kNames;
}

Result<void> set_limit(Limits& limits, std::string_view name, std::string_view value) {
  auto index = index_of(name);
  if (!index) {
    std::vector<std::string_view> known;
    for (const LimitName& limit : kNames) known.push_back(limit.name);
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is not a limit{}", quoted(name), did_you_mean(name, known)));
  }
  constexpr std::string_view kZero = "zero leaves nothing to run with, leave the limit out or raise it";
  const Row& row = kRows.at(*index);
  if (const auto* time_member = std::get_if<TimeMember>(&row.member)) {
    auto time = parse_duration(value);
    if (!time) return cannot_set(name, value, time.error().message);
    if (time->count() == 0) return cannot_set(name, value, kZero);
    limits.*(*time_member) = *time;
    return {};
  }
  auto number = parse_number(row.kind, value);
  if (!number) return cannot_set(name, value, number.error().message);
  if (*number == 0 && row.kind != Kind::kCountOrZero) return cannot_set(name, value, kZero);
  limits.*std::get<NumberMember>(row.member) = *number;
  return {};
}

std::optional<std::string> limit_text(const Limits& limits, std::string_view name) {
  auto index = index_of(name);
  if (!index) return std::nullopt;
  const Row& row = kRows.at(*index);
  if (const auto* time_member = std::get_if<TimeMember>(&row.member)) {
    const auto& time = limits.*(*time_member);
    return time ? std::optional(exact_duration(*time)) : std::nullopt;
  }
  const auto& number = limits.*std::get<NumberMember>(row.member);
  return number ? std::optional(number_text(row.kind, *number)) : std::nullopt;
}

std::string to_text(const Limits& limits) {
  std::string text;
  for (const LimitName& limit : kNames) {
    if (auto value = limit_text(limits, limit.name)) text += fmt::format("{} {}\n", limit.name, *value);
  }
  return text;
}

Limits minimum(const Limits& left, const Limits& right) {
  Limits both;
  for (const Row& row : kRows) {
    std::visit([&](auto member) { both.*member = smaller(left.*member, right.*member); }, row.member);
  }
  return both;
}

}  // namespace berth::policy
