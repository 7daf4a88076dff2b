// SPDX-License-Identifier: Apache-2.0
#pragma once
// Grants and limits as the files of TOML hold them: `grants = ["files ./data:/data:ro"]`, and a table of
// limits with their names as keys.
//
// For source files only (policy/toml.h). Every error begins with `file_name:line:column`; each grant's source
// is `file_name:line`. Pure; safe on any thread.

#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/grant.h"
#include "policy/limits.h"
#include "policy/toml.h"

namespace berth::policy {

Result<std::vector<Grant>> read_grants(const toml::node& node, std::string_view file_name, Role role);

/// `name` is what the table is called.
Result<Limits> read_limits(const toml::node& node, std::string_view name, std::string_view file_name);

/// kInvalidArgument says how a table is written.
Result<const toml::table*> read_table(const toml::node& node, std::string_view name,
                                      std::string_view file_name);

}  // namespace berth::policy
