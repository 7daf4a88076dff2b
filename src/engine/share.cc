// SPDX-License-Identifier: Apache-2.0
#include "engine/share.h"

#include "berth_engine.h"

namespace berth::engine {

Share::Share(uint64_t basis_points) : share_(std::make_unique<berth_share>()) {
  *share_ = {.basis_points = basis_points, .given_until_ns = 0};
}

Share::~Share() = default;

}  // namespace berth::engine
