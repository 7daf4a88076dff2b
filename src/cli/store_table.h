// SPDX-License-Identifier: Apache-2.0
#pragma once
// Names of the store as lines for a person, and as JSON: what `berth list` and `berth search` show alike.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "registry/store.h"

namespace berth::cli {

std::string table_of(const std::vector<registry::Record>& records, const registry::Store& store);
/// Of registries, where they may not be in the store.
std::string listing_of(const std::vector<registry::Record>& records, const registry::Store& store);
nlohmann::json json_of(const std::vector<registry::Record>& records, const registry::Store& store);
nlohmann::json json_of(const registry::Record& record, const registry::Store& store);

}  // namespace berth::cli
