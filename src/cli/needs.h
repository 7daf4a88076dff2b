// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which capabilities a module's imports amount to, and a module read for the store's index.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/description.h"
#include "registry/facts.h"

namespace berth::cli {

/// Capability names to the imports that amount to them.
using Needs = std::map<std::string, std::vector<std::string>>;

Needs needs_of(const engine::Description& module);

/// The same of what is written down of a module, by name alone.
std::vector<std::string> capabilities_of(const registry::Facts& module);

/// Reads a module in a process of its own.
registry::Facts describe(std::string_view module_bytes);

}  // namespace berth::cli
