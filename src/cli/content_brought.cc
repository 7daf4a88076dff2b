// SPDX-License-Identifier: Apache-2.0
#include "cli/content_brought.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "policy/printable.h"

namespace berth::cli {
namespace {

constexpr size_t kMostWhy = 300;  // bytes of why a gateway was dropped

double rounded(double value) {
  return std::round(value * 1000) / 1000;
}

/// Whether a gateway gave what wasn't asked for, or failed at all, and how.
std::string fault_of(const content::Came& came) {
  if (came.dropped.empty()) return "";
  const std::string why = policy::printable(came.dropped, kMostWhy);
  if (came.lies == 0) return fmt::format("{} failed: {}\n", came.from, why);
  return fmt::format("{} sent {} wrong answer{}, of which nobody got a byte that is wrong: {}\n", came.from,
                     came.lies, came.lies == 1 ? "" : "s", why);
}

}  // namespace

nlohmann::json brought_json(const content::Brought& brought) {
  nlohmann::json gateways = nlohmann::json::array();
  for (const content::Came& came : brought.came) {
    nlohmann::json one = {{"gateway", came.from},
                          {"requests", came.requests},
                          {"blocks", came.blocks},
                          {"bytes", came.bytes},
                          {"first_byte_seconds", rounded(content::first_byte_seconds(came))},
                          {"seconds", rounded(came.seconds)},
                          {"bytes_per_second", static_cast<uint64_t>(content::bytes_per_second(came))},
                          {"wrong_answers", came.lies}};
    if (!came.dropped.empty()) one["dropped"] = came.dropped;
    gateways.push_back(std::move(one));
  }
  return {{"store", {{"blocks", brought.store_blocks}, {"bytes", brought.store_bytes}}},
          {"gateways", std::move(gateways)}};
}

std::string brought_table(const content::Brought& brought) {
  constexpr std::string_view kStore = "this machine";
  size_t longest = kStore.size();
  for (const content::Came& came : brought.came) longest = std::max(longest, came.from.size());
  const auto line = [&](std::string_view from, std::string_view requests, std::string_view blocks,
                        std::string_view bytes, std::string_view first_byte, std::string_view rate) {
    return fmt::format("{:<{}}  {:>8}  {:>8}  {:>12}  {:>12}  {:>12}\n", from, longest, requests, blocks,
                       bytes, first_byte, rate);
  };
  std::string table = line("content from", "requests", "blocks", "bytes", "first byte", "rate");
  table +=
      line(kStore, "-", std::to_string(brought.store_blocks), format_bytes(brought.store_bytes), "-", "-");
  std::string faults;
  for (const content::Came& came : brought.came) {
    const std::chrono::duration<double> first(content::first_byte_seconds(came));
    const double rate = content::bytes_per_second(came);
    table +=
        line(came.from, std::to_string(came.requests), std::to_string(came.blocks), format_bytes(came.bytes),
             came.answers == 0 ? "-"
                               : format_duration(std::chrono::duration_cast<std::chrono::nanoseconds>(first)),
             rate == 0 ? "-" : format_bytes(static_cast<uint64_t>(rate)) + "/s");
    faults += fault_of(came);
  }
  return table + faults;
}

}  // namespace berth::cli
