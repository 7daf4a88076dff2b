// SPDX-License-Identifier: Apache-2.0
#pragma once
// A guest in this process, from its options to its exit status: what `berth run` and `berth call` do alike. A
// verb makes a module ready, starts something in it, says what only it has to say, and concludes.
//
// Main thread only.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/loop.h"
#include "base/os/wall.h"
#include "cli/guest_options.h"
#include "cli/own_group.h"
#include "engine/engine.h"
#include "host/berthing.h"
#include "host/command.h"
#include "host/loader.h"
#include "host/second_wall.h"
#include "host/set_aside.h"
#include "policy/policy.h"
#include "registry/origin.h"

namespace berth::cli {

/// A module in this process: what it may do, its image, and what is set aside for it alone.
struct Berthed {
  policy::Effective effective;
  uint64_t guards_off = 0;
  registry::Located located;  // held in the store while it runs
  host::Loaded loaded;
  host::SetAside aside;
  std::unique_ptr<host::Place> place;                  // none where no table of running modules can be kept
  std::shared_ptr<content::Service> content;           // where its policy opens content
  std::shared_ptr<const content::NameKeys> name_keys;  // where it lets the module publish names
  std::shared_ptr<activity::Journal> journal;          // where there is a place for what it tells
};

/// A module, and all that it needs to run here.
struct Ready : Berthed {
  UserFolders folders;
  OwnGroup group;
  std::shared_ptr<content::Service> contents = {};
  std::shared_ptr<activity::Journal> events = {};
  std::unique_ptr<Loop> loop;
  std::unique_ptr<engine::Engine> engine;
  Wall wall;
};

/// How guests share this process.
struct Sharing {
  size_t lanes = 1;
  host::Use use = host::Use::kOnce;  // once: the guest has it for itself
};

/// Combines the policy, and says what is cut from it; takes a place among the modules that run; loads the
/// module, compiling it unless it is in the cache.
Result<Ready> make_ready(const GuestOptions& options, const Sharing& sharing = {});

/// What modules in one process share.
struct Shared {
  const UserFolders& folders;
  const engine::Engine& engine;
  OwnGroup& group;                              // taken by the first of them
  std::shared_ptr<content::Service>& content;   // opened by the first that may have some
  std::shared_ptr<activity::Journal>& journal;  // the same, of those that have a place for events
};

/// The same for one of several modules, which share the rest.
Result<Berthed> berth_module(const GuestOptions& options, host::Use use, const Shared& shared);

/// What these modules may come to in their process.
host::GroupUse group_use(std::span<const Berthed* const> modules, host::Use use);

/// Puts the second wall up around this process: after it only the guest is run and reported on. `written` are
/// folders that the verb then writes in. kUnavailable when the owner requires what this machine hasn't.
Result<void> raise_second_wall(const GuestOptions& options, Ready& ready,
                               std::vector<std::string> written = {});

/// The wall of several modules: all that one of them needs is within reach of each, and `servers` are.
Result<Wall> raise_second_wall(const GuestOptions& options, const engine::Engine& engine,
                               const UserFolders& folders, std::span<const Berthed* const> modules,
                               std::vector<std::string> written,
                               std::span<const host::OwnServer> servers = {});

/// What every call in the module is given.
host::CommandRequest request_for(const GuestOptions& options, const Berthed& module);

/// Keeps what was denied, and says on standard error how it ended, as `options` ask. `more` are members of
/// the JSON report: "" or ",\"name\":value". Returns the exit status; doesn't return when the guest still
/// runs.
int conclude(const host::CommandReport& report, const GuestOptions& options, const Ready& ready,
             std::string_view more = "");

/// Keeps what a module was refused for 'berth why'.
void keep_denials(const std::vector<host::Denial>& denials, uint64_t unlisted, const host::Loaded& module,
                  const UserFolders& folders);

/// The cache of compiled images; nothing, which is said, where none can be opened, or none is wanted.
std::unique_ptr<engine::ImageCache> open_cache(const GuestOptions& options, const UserFolders& folders);

}  // namespace berth::cli
