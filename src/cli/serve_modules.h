// SPDX-License-Identifier: Apache-2.0
#pragma once
// The modules that a server answers with: each has its own policy, limits, folders and place among all that
// run, and all have the engine, the loop and the second wall together.
//
// Main thread only.

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "cli/guest_run.h"
#include "host/http_module.h"
#include "serve/site.h"
#include "serve/site_file.h"

namespace berth::cli {

/// What is to be served, as it stands on the command line.
struct AskedSite {
  std::string module;               // at "/"; may be empty
  std::vector<std::string> routes;  // --route ROUTE=MODULE
  std::string file;                 // --site FILE; may be empty
  std::string probe;                // --probe PATH, of modules for which the site says none; may be empty
};

/// The text of a site's file.
Result<std::string> read_site(const std::string& file);

/// What is asked for, with the text of its file, if it has one.
Result<std::vector<serve::SiteModule>> modules_asked(const AskedSite& asked, const std::string& site_text);

/// The command line's, but for what a site says of this module.
GuestOptions options_for(const GuestOptions& options, const serve::SiteModule& module);

/// A version of a module that answers.
struct ServedVersion {
  std::shared_ptr<host::HttpModule> module;
  policy::Policy policy;
  uint64_t number = 0;  // of all versions of this server
};

/// A module, from its file to its answers.
struct ServedModule {
  serve::SiteModule asked;
  GuestOptions options;
  Berthed berthed;  // but for the image, which the version has
  ServedVersion current;

  /// What a version of it is asked before it is taken, if anything.
  std::optional<engine::Probe> probe() const;
};

class ServedModules {
 public:
  /// What a version is watched by, before it is made.
  using Watch = std::function<host::VersionWatch(const host::Loaded& loaded, uint64_t number)>;

  /// Makes each ready: what one of them lacks is said with its name.
  static Result<ServedModules> make_ready(const std::vector<serve::SiteModule>& asked,
                                          const GuestOptions& options, const Shared& shared);

  /// From now on the kernel holds what all of them together may come to, with so many clients. Before the
  /// wall.
  Result<void> limit_group(OwnGroup& group, uint64_t connections) const;

  /// Puts up the wall that all of them need, with `servers` within reach of berth.
  Result<void> raise_wall(const GuestOptions& options, const engine::Engine& engine,
                          const UserFolders& folders, std::span<const host::OwnServer> servers) const;

  /// From now on they can answer. Behind the wall.
  Result<void> start(const engine::Engine& engine, const host::Serving& serving, const Watch& watch);

  /// Tries each: fails when one of them shouldn't be served, and says which. Waits for that.
  Result<void> try_out(const engine::Engine& engine) const;

  serve::Table table() const;
  std::vector<ServedModule>& all() {
    return modules_;
  }
  const std::vector<ServedModule>& all() const {
    return modules_;
  }

  /// What is said of grants to ask modules that aren't here. Once they have started.
  std::vector<std::string> unanswered() const;

  /// What all of them may reach.
  policy::Policy everything() const;

  /// Closes their days. Once no request is under way.
  void close() const;

 private:
  std::vector<const Berthed*> berthed() const;

  std::vector<ServedModule> modules_;
};

}  // namespace berth::cli
