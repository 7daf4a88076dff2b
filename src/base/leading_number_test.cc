// SPDX-License-Identifier: Apache-2.0
#include "base/leading_number.h"

#include <doctest/doctest.h>

#include <cstdint>

namespace berth {

TEST_CASE("the number that a text begins with is read, whatever follows") {
  CHECK(leading_number<uint64_t>("18446744073709551615") == UINT64_MAX);
  CHECK(leading_number<uint64_t>("4096\n") == 4096);
  CHECK(leading_number<int>("-5 1") == -5);
}

TEST_CASE("a text that begins otherwise, or with too large a number, has none") {
  for (const char* text : {"", "max\n", " 1", "+1", "-1", "18446744073709551616"}) {
    CHECK_MESSAGE(leading_number<uint64_t>(text) == std::nullopt, text);
  }
}

}  // namespace berth
