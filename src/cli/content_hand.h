// SPDX-License-Identifier: Apache-2.0
#pragma once
// Content that is handed to a kubo node by its RPC: what the verbs that do it share. Main thread only.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/result.h"
#include "cli/content_source.h"
#include "providers/content/kubo.h"

namespace berth::cli {

struct HandOptions {
  std::string to;
  std::string auth_file;
  std::string patience = "2m";

  bool is_asked() const {
    return !to.empty();
  }
};

/// --to, --auth-file, --patience.
void add_hand_options(CLI::App& app, HandOptions& options);

/// kInvalidArgument for what is said of a node that isn't named, and for a name that no node takes.
Result<void> check_hand_options(const HandOptions& options, const std::string& name);

/// The value of a header for the file that is named, or that BERTH_CONTENT_AUTH names; empty where neither
/// is.
Result<std::string> authorization_from(const std::string& auth_file);

/// The node, which has said that it is one.
Result<std::unique_ptr<content::Kubo>> open_kubo(const HandOptions& options, const SourceOptions& line);

/// Everything below a root goes there and is pinned, under a name unless it is empty.
Result<content::CarWritten> hand_over(content::Kubo& kubo, content::BlockSource& source,
                                      const content::Cid& root, const std::string& name);

}  // namespace berth::cli
