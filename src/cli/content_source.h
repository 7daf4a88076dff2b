// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where the verbs of berth content read from: the store, and what lacks there from gateways, as content.toml
// and the options of each verb say.
//
// Main thread only.

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "providers/content/names.h"
#include "providers/content/retrieval.h"
#include "providers/content/settings_file.h"

namespace berth::cli {

struct SourceOptions {
  std::vector<std::string> gateways;
  std::vector<std::string> routers;
  bool offline = false;
  bool plain_http = false;
  std::string ca_file;
  std::string public_address;  // only in builds with test switches
  bool brief = false;          // the same
};

/// --plain-http, --ca.
void add_line_options(CLI::App& app, SourceOptions& options);
/// Those, and --gateway, --router, --offline.
void add_source_options(CLI::App& app, SourceOptions& options);
/// How servers are spoken with.
Result<web::WebOptions> web_options(const SourceOptions& options);

class ContentSource {
 public:
  static Result<std::unique_ptr<ContentSource>> open(const SourceOptions& options);

  /// Of "CID/a/b", and of "ipns://NAME/a/b", which is looked up.
  Result<content::ContentPath> path(const std::string& text);
  content::Names names();
  /// Of the owner, or of the options.
  const std::vector<std::string>& routers() const {
    return how_.routers;
  }

  content::Store& store() {
    return *store_;
  }
  content::Retrieval& retrieval() {
    return *retrieval_;
  }
  content::Reading& reading() {
    return *reading_;
  }
  /// Makes room where the store has become larger than it may be, if anything came.
  void keep_to_quota();
  /// What came from where, for --json.
  nlohmann::json sources() const;

 private:
  ContentSource() = default;

  content::SettingsFile settings_;
  content::RetrievalOptions how_;
  std::string names_folder_;
  std::unique_ptr<content::Store> store_;
  std::unique_ptr<content::Retrieval> retrieval_;
  std::unique_ptr<content::Reading> reading_;
};

}  // namespace berth::cli
