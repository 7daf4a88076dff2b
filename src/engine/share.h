// SPDX-License-Identifier: Apache-2.0
#pragma once
// The share of one core that a module may use, all its calls together. Calls that are lent the same `Share`
// draw from it; while it is overdrawn they rest, and none of them is ended.
//
// The caller's, outlives every call that draws, and is used on the engine's threads.

#include <cstdint>
#include <memory>

struct berth_share;

namespace berth::engine {

class Share {
 public:
  /// Ten thousand basis points are one core.
  explicit Share(uint64_t basis_points);
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;
  ~Share();

  berth_share* abi() {
    return share_.get();
  }

 private:
  std::unique_ptr<berth_share> share_;
};

}  // namespace berth::engine
