// SPDX-License-Identifier: Apache-2.0
#pragma once
// JSON that somebody else wrote: read without exceptions, with a bound to its depth, and by members that may
// be missing or something else. Pure; any thread.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace berth::web {

/// Whether brackets are nested no deeper than that: asked before anything is made of a text.
bool is_shallow(std::string_view json, size_t most_depth);

/// Null where it isn't whole, or is nested deeper.
nlohmann::json parse_shallow(std::string_view json, size_t most_depth);

/// A member that is a text; empty when there is none.
std::string text_of(const nlohmann::json& object, const char* name);

/// The texts of a member that is a list of them; what else is in it is left out.
std::vector<std::string> texts_of(const nlohmann::json& object, const char* name);

}  // namespace berth::web
