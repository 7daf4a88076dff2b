// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a module is found by its name: what the verbs that take one are told in the same words.
//
// Main thread only.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "registry/origin.h"

namespace berth::cli {

struct NameOptions {
  std::string pull = "missing";
  std::string locked;  // a lock's file; empty: names stand for what servers say
  bool plain_http = false;
  std::string ca_file;
  std::string public_address;  // only in builds with test switches
  bool brief = false;          // the same
};

/// What has to do with servers alone: --plain-http and --ca.
void add_server_options(CLI::App& app, NameOptions& options);
/// Those, --pull and --locked.
void add_name_options(CLI::App& app, NameOptions& options);

/// kInvalidArgument for a --pull that is none.
Result<registry::OriginOptions> origin_options(const NameOptions& options);

/// The same words for another berth.
std::vector<std::string> words_of(const NameOptions& options);

/// Finds a module, and shows on a terminal how far its pulling is.
Result<registry::Located> locate_shown(const std::string& name, const NameOptions& options);
Result<registry::Located> locate_shown(const std::string& name, registry::OriginOptions options);

}  // namespace berth::cli
