// SPDX-License-Identifier: Apache-2.0
#pragma once
// The owner's keys by whose names a module may have names lead to content: opened before the module runs,
// since nothing is within reach of it later. A value; any thread may sign.

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "providers/content/ipns.h"

namespace berth::content {

struct NameKey {
  std::array<uint8_t, 32> public_key = {};
  Sign sign;
};

/// By what the owner calls them.
using NameKeys = std::map<std::string, NameKey, std::less<>>;

}  // namespace berth::content
