// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::engine {

/// A world of WIT as JSON, as engine/module/src/world.rs has it. `path` is a WIT file, a folder of them (with
/// its `deps`), or a component. Without a name there has to be one world only. kInvalidArgument or
/// kInvalidModule, with the place of what is wrong.
Result<std::string> wit_world(const std::string& path, std::string_view name);

}  // namespace berth::engine
