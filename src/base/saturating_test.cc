// SPDX-License-Identifier: Apache-2.0
#include "base/saturating.h"

#include <doctest/doctest.h>

namespace berth {

TEST_CASE("a sum is exact while the type holds it, and the most beyond") {
  CHECK(saturating_sum({}) == 0);
  CHECK(saturating_sum({1, 2, 3}) == 6);
  CHECK(saturating_sum({UINT64_MAX - 1, 1}) == UINT64_MAX);
  CHECK(saturating_sum({UINT64_MAX, 1, 2}) == UINT64_MAX);
  CHECK(saturating_sum({UINT64_MAX - 1, 3}) == UINT64_MAX);
}

TEST_CASE("a product is exact while the type holds it, and the most beyond") {
  CHECK(saturating_product(UINT64_MAX, 0) == 0);
  CHECK(saturating_product(0, UINT64_MAX) == 0);
  CHECK(saturating_product(UINT64_MAX, 1) == UINT64_MAX);
  CHECK(saturating_product(uint64_t{1} << 32, (uint64_t{1} << 32) - 1) == UINT64_MAX - UINT32_MAX);
  CHECK(saturating_product(uint64_t{1} << 32, uint64_t{1} << 32) == UINT64_MAX);
}

}  // namespace berth
