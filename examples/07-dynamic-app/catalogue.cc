// SPDX-License-Identifier: Apache-2.0
#include "catalogue.h"

berth::Result<std::optional<Catalogue::Article>> Catalogue::find(uint32_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = articles_.find(id);
  if (found == articles_.end()) return std::nullopt;
  return found->second;
}

berth::Result<std::vector<uint32_t>> Catalogue::all() {
  const std::lock_guard lock(mutex_);
  std::vector<uint32_t> numbers;
  for (const auto& [number, article] : articles_) numbers.push_back(number);
  return numbers;
}

bool Catalogue::take(uint32_t id, uint32_t count) {
  const std::lock_guard lock(mutex_);
  const auto found = articles_.find(id);
  if (found == articles_.end() || found->second.stock < count) return false;
  found->second.stock -= count;
  return true;
}
