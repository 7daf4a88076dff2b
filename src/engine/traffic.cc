// SPDX-License-Identifier: Apache-2.0
#include "engine/traffic.h"

#include "berth_engine.h"

namespace berth::engine {
namespace {

Way way_of(bool out) {
  return out ? Way::kOut : Way::kIn;
}

extern "C" uint64_t berth_on_draw(void* context, bool out, uint64_t bytes) noexcept {
  return static_cast<DayKeeper*>(context)->draw(way_of(out), bytes);
}

extern "C" void berth_on_give_back(void* context, bool out, uint64_t bytes) noexcept {
  static_cast<DayKeeper*>(context)->give_back(way_of(out), bytes);
}

berth_traffic* traffic_with(const TrafficLimits& limits) {
  // No limit is zero: the ABI's word for none.
  const berth_network_limits abi = {.bytes_per_second = limits.bytes_per_second.value_or(0),
                                    .connections = limits.connections.value_or(0),
                                    .connections_a_minute = limits.connections_per_minute.value_or(0),
                                    .draw = limits.day != nullptr ? berth_on_draw : nullptr,
                                    .give_back = limits.day != nullptr ? berth_on_give_back : nullptr,
                                    .context = limits.day};
  return berth_traffic_new(&abi);
}

}  // namespace

Traffic::Traffic(const TrafficLimits& limits) : traffic_(traffic_with(limits)) {}

Traffic::~Traffic() {
  berth_traffic_free(traffic_);
}

ConnectionUse Traffic::connections() const {
  const berth_connections use = berth_traffic_connections(traffic_);
  return {.open = use.open,
          .peak = use.peak,
          .refused = use.refused,
          .most_in_a_minute = use.most_in_a_minute,
          .refused_for_rate = use.refused_for_rate};
}

std::optional<std::chrono::nanoseconds> Traffic::receive(uint64_t bytes) const {
  const int64_t wait = berth_traffic_receive(traffic_, bytes);
  if (wait < 0) return std::nullopt;
  return std::chrono::nanoseconds(wait);
}

void Traffic::close_day() {
  berth_traffic_close_day(traffic_);
}

}  // namespace berth::engine
