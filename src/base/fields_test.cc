// SPDX-License-Identifier: Apache-2.0
#include "base/fields.h"

#include <doctest/doctest.h>

namespace berth {
namespace {

TEST_CASE("fields come back as they went, and what is cut off doesn't") {
  const Fields fields{"", "one", std::string("a\0b", 3), std::string(100'000, 'x')};
  const std::string packed = pack(fields);
  CHECK(unpack(packed) == fields);
  CHECK(unpack("") == Fields{});
  for (const size_t size : {size_t{1}, size_t{9}, packed.size() - 1}) {
    CHECK_FALSE(unpack(packed.substr(0, size)).has_value());
  }
}

TEST_CASE("a field that is no number is none") {
  CHECK(number_of("18446744073709551615") == UINT64_MAX);
  CHECK(number_of("x") == 0);
}

}  // namespace
}  // namespace berth
