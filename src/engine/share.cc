// SPDX-License-Identifier: Apache-2.0
#include "engine/share.h"

#include <atomic>
#include <utility>

#include "berth_engine.h"

namespace berth::engine {

Share::Share(uint64_t basis_points) : share_(std::make_unique<berth_share>()) {
  *share_ = {.basis_points = basis_points,
             .given_until_ns = 0,
             .tell_at_ns = 0,
             .drawn = nullptr,
             .context = nullptr};
}

Share::~Share() = default;

void Share::set(uint64_t basis_points) {
  std::atomic_ref(share_->basis_points).store(basis_points, std::memory_order_relaxed);
}

uint64_t Share::basis_points() const {
  return std::atomic_ref(share_->basis_points).load(std::memory_order_relaxed);
}

uint64_t Share::given_until_ns() const {
  return std::atomic_ref(share_->given_until_ns).load(std::memory_order_relaxed);
}

void Share::on_drawn(std::function<void()> drawn) {
  drawn_ = std::move(drawn);
  share_->context = &drawn_;
  share_->drawn = [](void* context) { (*static_cast<std::function<void()>*>(context))(); };
}

}  // namespace berth::engine
