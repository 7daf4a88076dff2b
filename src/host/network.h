// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a module had open on the network, and used of its day: what is said of that when a run has ended.

#include <optional>
#include <string>
#include <vector>

#include "engine/traffic.h"
#include "host/day_count.h"
#include "policy/policy.h"

namespace berth::host {

struct NetworkReport {
  engine::ConnectionUse connections;
  std::optional<DayUse> day;  // of a module whose bytes a day are limited
};

/// Which limit of the network was met, and how to raise it: a line for each.
std::vector<std::string> explain_network(const NetworkReport& report, const policy::Effective& effective);

}  // namespace berth::host
