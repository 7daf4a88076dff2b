// SPDX-License-Identifier: Apache-2.0
#pragma once
// Types of an interface as C++ writes them.

#include <string>
#include <vector>

#include "bindgen/types.h"

namespace berth::bindgen {

/// Lines of `///` at this indentation; "" for nothing.
std::string comment(std::string_view docs, std::string_view indentation);

/// "\nnamespace a::b {\n\n…\n}  // namespace a::b\n"
std::string in_namespace(std::string_view space, std::string_view text);

struct Definitions {
  std::string types;         // for the namespace of the interface
  std::string descriptions;  // for no namespace: what berth has to know of them
};

/// Those whose values can cross, each after those that it uses.
Definitions write_definitions(const Types& types, const std::vector<Definition>& definitions,
                              std::optional<size_t> interface, Side side);

}  // namespace berth::bindgen
