// SPDX-License-Identifier: Apache-2.0
#include "host/usage.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace berth::host {
namespace {

using namespace std::chrono_literals;

CommandReport report_of() {
  CommandReport report;
  report.wall = 2s;
  report.memory_limit_bytes = 1000;
  report.memory_reserve_bytes = 100;
  report.memory_peak_bytes = 500;
  report.outcome.cpu_used = 1s;
  report.outcome.network = {.sent_bytes = 3000, .received_bytes = 1000, .connections = 2};
  report.network.connections = {
      .open = 1, .peak = 2, .refused = 0, .most_in_a_minute = 9, .refused_for_rate = 0};
  return report;
}

LimitUse find(const std::vector<LimitUse>& uses, std::string_view name) {
  const auto found = std::ranges::find(uses, name, &LimitUse::name);
  REQUIRE(found != uses.end());
  return *found;
}

}  // namespace

TEST_CASE("each limit has what was given and what was used") {
  policy::Limits limits{.cpu_time = 4s,
                        .cpu_fuel = 100,
                        .cpu_share_basis_points = 6000,
                        .wall = 10s,
                        .network_bytes_per_second = 2000};
  const auto uses = limit_uses(report_of(), limits);
  CHECK(find(uses, "memory").most() == 600);
  CHECK(find(uses, "memory").limit == 1000);
  CHECK(find(uses, "cpu.time").used == 1'000'000'000);
  CHECK(find(uses, "cpu.share").used == 5000);
  CHECK(find(uses, "wall").limit == 10'000'000'000);
  CHECK(find(uses, "network.rate").used == 1500);
  CHECK(find(uses, "network.sent").used == 3000);
  CHECK(find(uses, "network.connections").used == 1);
  CHECK(find(uses, "network.connections").peak == 2);
}

TEST_CASE("what has no limit and isn't counted has no line") {
  const auto uses = limit_uses(report_of(), {});
  for (const char* name : {"cpu.fuel", "cpu.share", "storage", "network.rate"}) {
    CAPTURE(name);
    CHECK(std::ranges::find(uses, name, &LimitUse::name) == uses.end());
  }
  CHECK_FALSE(find(uses, "cpu.time").limit.has_value());
}

TEST_CASE("a folder's own quota has lines of its own") {
  CommandReport report = report_of();
  const engine::Stored stored{.bytes = 10, .files = 2, .peak_bytes = 95, .peak_files = 3};
  report.storage.emplace();
  report.storage->total = {.quota = {}, .stored = stored};
  report.storage->folders.push_back(
      {{.quota = {.bytes = 100, .files = 50}, .stored = stored}, "/srv", "/data"});
  const auto uses = limit_uses(report, {});
  CHECK(find(uses, "storage /data").used == 10);
  CHECK(find(uses, "storage /data").peak == 95);
  CHECK(find(uses, "storage.files /data").limit == 50);
  CHECK(std::ranges::find(uses, "storage", &LimitUse::name) == uses.end());
  CHECK(near_limits(uses) == std::vector<std::string>{"near its limit: storage /data: 95 B of 100 B"});
}

TEST_CASE("near is nine tenths, and not what was met") {
  const auto near = [](uint64_t used, uint64_t refused, Unit unit = Unit::kBytes) {
    return !near_limits({{"memory", unit, 100, used, std::nullopt, refused}}).empty();
  };
  CHECK_FALSE(near(89, 0));
  CHECK(near(90, 0));
  CHECK_FALSE(near(95, 1));
  CHECK_FALSE(near(100, 0));
  CHECK_FALSE(near(95, 0, Unit::kBasisPoints));
}

TEST_CASE("the table has a line for each, under their heads") {
  const std::string table = usage_table({{"memory", Unit::kBytes, 1 << 20, 10, 20, 0},
                                         {"network.sent", Unit::kBytes, std::nullopt, 5, std::nullopt, 0}});
  CHECK(table ==
        "limit                given          used          peak\n"
        "memory               1 MiB          10 B          20 B\n"
        "network.sent             -           5 B             -\n");
}

}  // namespace berth::host
