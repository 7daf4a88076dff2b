// SPDX-License-Identifier: Apache-2.0
#pragma once
// New versions of a server's modules: from what was found at their files to who answers. Each is tried
// (serve/tried.h). One that can't be taken isn't, and the one before serves on; one that is taken answers all
// requests that come from then on, while those that are under way end where they are. Unless it was asked
// something it is on trial until its first answer (serve/trial.h): when it falls before that, the one before
// answers again.
//
// Main thread only; what it is told of requests and versions comes by the loop.

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "cli/serve_loader.h"
#include "cli/serve_modules.h"
#include "serve/trial.h"

namespace berth::cli {

class ServeChanges {
 public:
  using OnServed = std::function<void(const std::string& module, const host::ServedRequest& request)>;

  /// What is handed in outlives this; `loader` may be none, and `on_served` is called on the engine's
  /// threads.
  ServeChanges(Loop& loop, const engine::Engine& engine, const UserFolders& folders, ServedModules& modules,
               AskedSite asked, const ServeLoader* loader, OnServed on_served);

  /// For the first versions, which are on no trial.
  host::VersionWatch watch_first(const host::Loaded& loaded, uint64_t number);

  /// From now on `site` is what answers.
  void begin(serve::Site& site);

  /// Takes what can be taken of it, all at once, when it was tried: after what was found before it.
  void take(Found found);

  /// Keeps what was refused to versions that still answer. Once the server has drained.
  void conclude() const;

 private:
  /// A version that somebody may still ask.
  struct Living {
    uint64_t number = 0;
    std::string name;
    Digest digest;
    std::shared_ptr<const host::Denials> denials;
    std::optional<FoundVersion> code;  // where it lies, if it was handed over
    bool failed = false;
  };
  /// What a module returns to when its current version fails.
  struct Before {
    ServedModule* module;
    ServedVersion version;
  };

  struct Next {
    ServedModule* module;
    ServedVersion version;
    std::optional<engine::Probe> probe;
  };
  /// What is being tried.
  struct Trying {
    Found found;
    std::vector<Next> next;
    size_t left = 0;  // of those, how many aren't done
  };

  void try_next();
  void tried(uint64_t number, const engine::Tried& tried);
  void exchange(Trying done);
  void take_probes(const std::string& site_text);
  std::vector<Next> made_of(const std::vector<FoundVersion>& found);
  Result<ServedVersion> make(ServedModule& module, const FoundVersion& found);
  Result<policy::Policy> policy_of(const ServedModule& module, const FoundVersion& found) const;
  bool take_routes(const std::string& site_text);
  void replace(Next next);
  void failed(uint64_t number);
  void keep(const Living& living) const;
  void gone(uint64_t number);
  void judged(uint64_t number, serve::Verdict verdict);

  Loop& loop_;
  const engine::Engine& engine_;
  const UserFolders& folders_;
  ServedModules& modules_;
  const AskedSite asked_;
  const ServeLoader* const loader_;
  const OnServed on_served_;
  const WallPlan wall_;
  serve::Site* site_ = nullptr;
  uint64_t next_number_;
  std::vector<Living> living_;
  std::vector<Before> before_;
  std::deque<Found> waiting_;
  std::optional<Trying> trying_;
};

}  // namespace berth::cli
