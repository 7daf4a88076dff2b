// SPDX-License-Identifier: Apache-2.0
#pragma once
// The extent of `stdio`: which of the standard streams a guest is connected to, `stdio in,out,err` or any
// of the three.
//
// Pure; safe on any thread.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::policy {

struct StdioGrant {
  bool in = false;
  bool out = false;
  bool err = false;

  bool operator==(const StdioGrant&) const = default;
};

Result<StdioGrant> parse_stdio(std::string_view extent);
std::string extent_text(const StdioGrant& grant);
bool contains(const StdioGrant& outer, const StdioGrant& inner);
std::optional<StdioGrant> narrow(const StdioGrant& asked, const StdioGrant& owner);

}  // namespace berth::policy
