// SPDX-License-Identifier: Apache-2.0
#include "engine/traffic.h"

#include "berth_engine.h"

namespace berth::engine {

Traffic::Traffic(uint64_t bytes_per_second) : traffic_(berth_traffic_new(bytes_per_second)) {}

Traffic::~Traffic() {
  berth_traffic_free(traffic_);
}

}  // namespace berth::engine
