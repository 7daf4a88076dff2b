// SPDX-License-Identifier: Apache-2.0
#include "host/network.h"

#include <doctest/doctest.h>

namespace berth::host {

TEST_CASE("each limit that was met has a line, with how to raise it") {
  policy::Effective effective;
  effective.policy.limits = {
      .network_connections = 10, .network_connections_per_minute = 600, .network_bytes_per_day = 1 << 20};
  NetworkReport report;
  report.connections = {.open = 1, .peak = 10, .refused = 1, .most_in_a_minute = 600, .refused_for_rate = 2};
  report.day = DayUse{.limit = 1 << 20,
                      .sent = 1 << 20,
                      .received = 512,
                      .refused = 3,
                      .resets_at = 1'700'006'400,
                      .unreadable = false};
  const auto lines = explain_network(report, effective);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] ==
        "limit: network.connections: one more than 10 was refused, once; raise it with --limit "
        "network.connections=20");
  CHECK(lines[1] ==
        "limit: network.connection-rate: one more than 600 in a minute was refused, 2 times; raise it with "
        "--limit network.connection-rate=1200/min");
  CHECK(lines[2] ==
        "limit: network.daily: 1 MiB sent and 512 B received today, of 1 MiB each way; resets at 2023-11-15 "
        "00:00 UTC; raise it with --limit network.daily=2MiB");
}

TEST_CASE("what was not met has no line, and the owner's limit can't be raised") {
  policy::Effective effective;
  CHECK(explain_network({.connections = {.open = 1, .peak = 10}, .day = std::nullopt}, effective).empty());
  effective.policy.limits.network_connections = 5;
  effective.limited_by.push_back({.limits = {.network_connections = 5}, .source = "host.toml"});
  NetworkReport report;
  report.connections.refused = 1;
  CHECK(explain_network(report, effective)
            .at(0)
            .ends_with("allows no more: 'network.connections' in host.toml"));
}

}  // namespace berth::host
