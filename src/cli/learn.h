// SPDX-License-Identifier: Apache-2.0
#pragma once
// `berth run --learn`: runs a module again and again, asks which doors to open, and writes down those that
// were.
//
// Each round is a `berth run --policy FILE` of its own, a child of this process, with what is open so far: so
// the last one ran with the very grants that are written. Main thread only.

#include <optional>
#include <string>
#include <vector>

#include "cli/options.h"
#include "host/asked_policy.h"

namespace berth::cli {

struct LearnOptions {
  std::string mode;                   // as CLI11 gives it; empty: this is a plain run
  std::optional<std::string> to;      // the file to write
  std::optional<std::string> within;  // the outer policy of `auto`
  bool force = false;
};

/// The options that belong to it.
void describe_learn(CLI::App& app, LearnOptions& options);

/// A mistake in how they stand together.
Result<void> check(const LearnOptions& options);

struct LearnRequest {
  LearnOptions learn;
  host::AskedPolicy policy;
  bool json = false;
  bool quiet = false;
  bool portable = false;
  std::vector<std::string> run_options;  // handed to each round as they are
  std::string module;
  std::vector<std::string> args;
};

/// The option of a round, which is no user's: where it leaves its report.
inline constexpr const char* kRoundReport = "--round-report";

/// The exit status: the last round's, or that of what went wrong.
Result<int> learn(const LearnRequest& request);

}  // namespace berth::cli
