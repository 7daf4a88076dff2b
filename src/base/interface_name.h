// SPDX-License-Identifier: Apache-2.0
#pragma once
// Names of interfaces, and which version of one stands for another: "shop:price/rule@1.2.0".
//
// By semantic versioning what is asked for may be shortened: 1.2 is met by 1.2.0, 1.2.7 and 1.3.0, not
// by 1.1.9 or 2.0.0; 0.2 by 0.2.x alone; 0.0.3 by itself alone; no version by any. A version before its
// release (1.2.0-rc.1) is met by itself alone. What stands behind a `+` doesn't count.
//
// Pure; any thread.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth {

struct Version {
  size_t given = 0;  // how many of the numbers are; none: any version
  std::array<uint64_t, 3> numbers = {};
  std::string before;  // "rc.1"

  bool operator==(const Version&) const = default;
};

struct InterfaceName {
  std::string name;  // "shop:price/rule", or "rule" of a world's own
  Version version;
};

/// kInvalidArgument, with what a name looks like.
Result<InterfaceName> parse_interface(std::string_view text);

/// "1.2.0", "1.2", "1.2.0-rc.1"; nothing where it is none.
std::optional<Version> parse_version(std::string_view text);

/// Whether one of two whole versions stands for the other; one before its release is nobody else's.
bool same_line(const Version& left, const Version& right);

/// Whether who asks for `wanted` is served by `found`.
bool stands_for(const InterfaceName& found, const InterfaceName& wanted);

/// By their numbers; one before its release comes before that.
std::strong_ordering compare(const Version& left, const Version& right);

/// The interface in the name of a function, "shop:price/rule@1.2.0.total"; empty for one of the world's own.
std::string_view interface_of_function(std::string_view function);

}  // namespace berth
