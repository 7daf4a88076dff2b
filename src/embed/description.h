// SPDX-License-Identifier: Apache-2.0
#pragma once
// A function's types, read from how the engine describes them (engine/guest/src/export.rs).

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "berth/type.h"

namespace berth::embed {

struct Described {
  std::string name;  // with its interface: "shop:price/rule@1.2.0.total"
  FunctionType type;
  bool async = false;
};

/// kInternal when it isn't such a text.
Result<Described> read_description(std::string_view json);
/// Of a list of them.
Result<std::vector<Described>> read_descriptions(const std::string& json);

}  // namespace berth::embed
