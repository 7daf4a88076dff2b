// SPDX-License-Identifier: Apache-2.0
#include "engine/guest.h"

#include "engine/abi_values.h"

namespace berth::engine {

Budget::Budget(uint64_t limit_bytes) : budget_(std::make_unique<berth_budget>()) {
  *budget_ = {.limit = limit_bytes, .used = 0, .peak = 0, .refused = 0, .refused_bytes = 0};
}

Budget::~Budget() = default;

uint64_t Budget::limit_bytes() const {
  return budget_->limit;
}

uint64_t Budget::used_bytes() const {
  return load(budget_->used);
}

uint64_t Budget::peak_bytes() const {
  return load(budget_->peak);
}

Function::~Function() {
  berth_function_free(function_);
}

std::optional<uint64_t> Budget::refused_bytes() const {
  if (load(budget_->refused) == 0) return std::nullopt;
  return load(budget_->refused_bytes);
}

}  // namespace berth::engine
