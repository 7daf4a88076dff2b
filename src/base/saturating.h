// SPDX-License-Identifier: Apache-2.0
#pragma once
// Arithmetic for bounds that add up: what is too large for the type is the most that it holds, and a bound of
// "as much as there is" stays one. Pure; safe on any thread.

#include <cstdint>
#include <initializer_list>

namespace berth {

constexpr uint64_t saturating_sum(std::initializer_list<uint64_t> terms) {
  uint64_t sum = 0;
  for (const uint64_t term : terms) sum = term > UINT64_MAX - sum ? UINT64_MAX : sum + term;
  return sum;
}

constexpr uint64_t saturating_product(uint64_t left, uint64_t right) {
  return right != 0 && left > UINT64_MAX / right ? UINT64_MAX : left * right;
}

}  // namespace berth
