// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether what a program calls a function is what a module imports it as.

#include <optional>
#include <string_view>

namespace berth::embed {

/// How exactly `given` names the import `wanted`, 0 being best; nothing when it names another one. `wanted`
/// is as the engine has it: "log", "shop:price/catalog@1.0.0.price",
/// "shop:price/carts@1.0.0.[method]cart.add". In `given` the interface may go without its version, or have a
/// compatible one, and go without its package; a method may go without what is in brackets.
std::optional<unsigned> named_by(std::string_view given, std::string_view wanted);

/// Whether an interface of one version serves for the other, as the engine has it: 1.2.0 and 1.0.0, 0.2.1 and
/// 0.2.3.
bool compatible(std::string_view version, std::string_view other);

}  // namespace berth::embed
