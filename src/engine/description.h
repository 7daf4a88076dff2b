// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a module imports and exports, by its types: nothing of it is compiled or run. Any thread.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::engine {

enum class Form { kComponent, kCore };

/// What a module imports and exports.
struct Description {
  Form form = Form::kComponent;
  std::string wit;                   // empty for a core module
  std::vector<std::string> imports;  // "wasi:cli/stdin@0.2.6"; of a core module "module name"
  std::vector<std::string> exports;
  // For each export of a core module:
  std::vector<std::string> export_types;  // "func(i32) -> i32"
  std::vector<std::string> export_notes;  // why a function can't be called; else empty
};

/// Reads a module's types. kInvalidModule says what the bytes are and what to do.
Result<Description> describe(std::string_view module_bytes);

}  // namespace berth::engine
