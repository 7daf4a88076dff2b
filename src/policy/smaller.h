// SPDX-License-Identifier: Apache-2.0
#pragma once
// Bounds of two sources. Pure; any thread.

#include <algorithm>
#include <optional>

namespace berth::policy {

/// The one that binds: an absent bound is none.
template <class T>
std::optional<T> smaller(const std::optional<T>& left, const std::optional<T>& right) {
  if (!left || !right) return left ? left : right;
  return std::min(*left, *right);
}

}  // namespace berth::policy
