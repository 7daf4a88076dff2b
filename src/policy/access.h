// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether what stands behind a grant may be changed, or only read. `kReadOnly` is the smaller of the two.
//
// Pure; safe on any thread.

#include <algorithm>
#include <optional>
#include <string_view>

namespace berth::policy {

enum class Access { kReadOnly, kReadWrite };

/// "ro" or "rw".
constexpr std::string_view access_name(Access access) {
  return access == Access::kReadOnly ? "ro" : "rw";
}

constexpr std::optional<Access> parse_access(std::string_view text) {
  if (text == "ro") return Access::kReadOnly;
  if (text == "rw") return Access::kReadWrite;
  return std::nullopt;
}

constexpr Access weaker(Access left, Access right) {
  return std::min(left, right);
}

}  // namespace berth::policy
