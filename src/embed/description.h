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

/// What a module imports beside WASI.
struct Wanted {
  std::vector<Described> functions;
  std::vector<std::string> resources;  // with their interfaces: "shop:price/carts@1.0.0.cart"
};

/// From the engine's list of both (engine/guest/src/imported.rs).
Result<Wanted> read_imports(const std::string& json);

}  // namespace berth::embed
