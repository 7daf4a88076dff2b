// SPDX-License-Identifier: Apache-2.0
#pragma once
// What came from where, and how fast, in the same words wherever it is told: `berth content … --json`, and
// the report of a run.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "providers/content/tally.h"

namespace berth::cli {

nlohmann::json brought_json(const content::Brought& brought);

/// A line for this machine's store, and one for each gateway; ends with a newline.
std::string brought_table(const content::Brought& brought);

}  // namespace berth::cli
