// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reading a verb's command line with CLI11: help goes to standard output, a mistake is an Error.

#include <CLI/CLI.hpp>
#include <optional>

#include "cli/verb.h"

namespace berth::cli {

/// Parses; an exit status means that the verb is done (help was printed, or a mistake reported).
std::optional<int> parse(CLI::App& app, const Arguments& arguments, const Style& style);

}  // namespace berth::cli
