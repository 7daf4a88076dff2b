// SPDX-License-Identifier: Apache-2.0
#pragma once
// The share of one core that a module may use, all its calls together. Calls that are lent the same `Share`
// draw from it; while it is overdrawn they rest, and none of them is ended.
//
// The caller's, outlives every call that draws, and is used on the engine's threads.

#include <cstdint>
#include <functional>
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

  /// Holds for what is drawn from now on. Any thread.
  void set(uint64_t basis_points);
  uint64_t basis_points() const;

  /// When all that was drawn will have been given, on the monotonic clock; in the past when it rested since.
  uint64_t given_until_ns() const;

  /// Calls `drawn` when it is drawn from, at most every 50 ms, on the engine's threads: it must not block or
  /// throw, and may `set`. Before it is lent.
  void on_drawn(std::function<void()> drawn);

  berth_share* abi() {
    return share_.get();
  }

 private:
  std::unique_ptr<berth_share> share_;
  std::function<void()> drawn_;
};

}  // namespace berth::engine
