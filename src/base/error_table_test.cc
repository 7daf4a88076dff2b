// SPDX-License-Identifier: Apache-2.0
#include "base/error_table.h"

#include <doctest/doctest.h>

#include <set>

namespace berth {

TEST_CASE("every error code has a row of its own, and no two share a number or an exit status") {
  std::set<int32_t> abi;
  std::set<int> exits;
  std::set<std::string_view> names;
  for (const ErrorRow& row : error_table()) {
    CHECK(error_row(row.code).name == row.name);
    CHECK(error_code_from_abi(row.abi) == row.code);
    abi.insert(row.abi);
    exits.insert(row.exit_status);
    names.insert(row.name);
  }
  constexpr auto kCodes = static_cast<size_t>(ErrorCode::kInternal) + 1;
  CHECK(error_table().size() == kCodes);
  CHECK(abi.size() == kCodes);
  CHECK(exits.size() == kCodes);
  CHECK(names.size() == kCodes);
}

TEST_CASE("a number that no row has is no error code") {
  CHECK_FALSE(error_code_from_abi(0).has_value());
  CHECK_FALSE(error_code_from_abi(99).has_value());
}

}  // namespace berth
