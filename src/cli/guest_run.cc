// SPDX-License-Identifier: Apache-2.0
#include "cli/guest_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <thread>

#include "base/error_table.h"
#include "base/os/file.h"
#include "base/os/priority.h"
#include "base/os/process.h"
#include "base/units.h"
#include "base/unix_time.h"
#include "cli/guest_report.h"
#include "cli/progress.h"
#include "cli/test_switches.h"
#include "engine/compiler.h"
#include "engine/image_cache.h"
#include "host/berthing.h"
#include "host/denial_log.h"
#include "host/http_module.h"
#include "host/name_keys.h"
#include "host/second_wall.h"
#include "host/volumes.h"
#include "policy/printable.h"
#include "providers/content/asks.h"
#include "registry/module_file.h"

namespace berth::cli {
namespace {

constexpr uint64_t kCacheBytes = uint64_t{2} << 30;

int exit_status_of(const host::CommandReport& report) {
  using Ending = engine::Outcome::Ending;
  switch (report.outcome.ending) {
    case Ending::kExited:
    case Ending::kReturned:
      return report.outcome.exit_status & 0xff;
    case Ending::kTrapped:
      return error_row(ErrorCode::kTrap).exit_status;
    case Ending::kLimited:
      return error_row(ErrorCode::kLimit).exit_status;
    case Ending::kCancelled:
      return report.signal ? 128 + *report.signal : error_row(ErrorCode::kCancelled).exit_status;
    case Ending::kFailed:
      return error_row(ErrorCode::kInvalidModule).exit_status;
    case Ending::kPanicked:
      return error_row(ErrorCode::kInternal).exit_status;
  }
  return error_row(ErrorCode::kInternal).exit_status;
}

/// Without a word of the owner's, a program gives way to what else the machine does, and a server, which
/// others wait for, doesn't.
policy::Priority priority_of(const policy::HostBudget& host, host::Use use) {
  if (host.priority) return *host.priority;
  if (use == host::Use::kOnce) return {};
  return {.nice = 0, .idle_io = false, .yields_to_pressure = false};
}

/// Gives way as the owner says, and settles among the modules that run. Without a table of them nothing but a
/// total of the owner's is missed.
Result<std::unique_ptr<host::Place>> settle(const GuestOptions& options, const Shared& shared,
                                            policy::Effective& effective, host::Use use,
                                            std::string_view name) {
  const policy::Priority priority = priority_of(effective.host, use);
  effective.host.priority = priority;
  if (!has_switch(options.guards_off, kControlGroupSwitch)) {
    BERTH_TRY_VOID(shared.group.take(priority, effective.owner_source));
  }
  lower_priority(priority.nice, priority.idle_io);
  auto place = host::Place::take(shared.folders.state, policy::printable(name), effective);
  if (!place && effective.host.total == policy::Limits{}) return nullptr;
  return place;
}

[[noreturn]] void leave(int status) {
  std::fflush(nullptr);
  std::_Exit(status);
}

}  // namespace

void keep_denials(const std::vector<host::Denial>& denials, uint64_t unlisted, const host::Loaded& module,
                  const UserFolders& folders) {
  if (denials.empty()) return;
  const auto kept = host::DenialLog(folders.state)
                        .append({.unix_seconds = unix_seconds(),
                                 .module = module.name,
                                 .digest = module.digest.text(),
                                 .denials = denials,
                                 .unlisted = unlisted});
  if (!kept) say(fmt::format("what was denied can't be kept for 'berth why': {}", kept.error().message));
}

std::unique_ptr<engine::ImageCache> open_cache(const GuestOptions& options, const UserFolders& folders) {
  if (options.no_cache) return nullptr;
  auto cache = engine::ImageCache::open(folders.cache + "/compiled", kCacheBytes);
  if (!cache) {
    say(fmt::format("compiling without a cache: {}", cache.error().message));
    return nullptr;
  }
  if (has_switch(options.guards_off, kCacheAuthSwitch)) (*cache)->trust_unchecked();
  return *std::move(cache);
}

Result<Berthed> berth_module(const GuestOptions& options, host::Use use, const Shared& shared) {
  const UserFolders& folders = shared.folders;
  const auto trusts = BERTH_TRY(host::trusts_of(options.trust, folders));
  registry::Located located = BERTH_TRY(locate_shown(options.module, options.names));
  const host::Vouching vouching = BERTH_TRY(host::vouch_for(located, trusts));
  Berthed module;
  module.effective = BERTH_TRY(host::effective_policy(options.policy, vouching.bounds, folders));
  module.guards_off = BERTH_TRY(guard_bits(options.guards_off));
  module.located = std::move(located);
  policy::Effective& effective = module.effective;
  for (const policy::Cut& cut : effective.cuts) say(policy::explain(cut));
  for (const policy::Lowered& lowered : effective.lowered) say(policy::explain(lowered));
  // Asked before anything is compiled.
  std::ignore = BERTH_TRY(host::guest_for(effective.policy, use));
  if (content::opens_content(effective.policy)) {
    if (shared.content == nullptr) shared.content = BERTH_TRY(content::Service::open());
    module.content = shared.content;
    module.name_keys = BERTH_TRY(host::name_keys(effective.policy, folders));
  }
  if (!options.activity.empty()) {
    if (shared.journal == nullptr)
      shared.journal = options.activity == "-" ? BERTH_TRY(activity::Journal::open_output())
                                               : BERTH_TRY(activity::Journal::open(options.activity));
    module.journal = shared.journal;
  }
  if (has_switch(options.guards_off, kTotalSwitch)) effective.host.total = {};
  module.place = BERTH_TRY(settle(options, shared, effective, use, module.located.name));

  const auto cache = open_cache(options, folders);
  const policy::Limits& limits = effective.policy.limits;
  const engine::EngineKind kind{.fuel = limits.cpu_fuel.has_value(),
                                .alone = use == host::Use::kOnce && !options.shared};
  const engine::Compiler compiler(program(options.portable), host::compile_limits(limits));
  const bool contained = !has_switch(options.guards_off, kCompileSwitch);
  {
    Progress progress;
    const host::Loader loader(shared.engine, cache.get(), contained ? &compiler : nullptr);
    const auto compiling = [&](const registry::ModuleFile& file) {
      progress.begin(fmt::format("compiling {} ({})", file.name, format_bytes(file.bytes.size())));
    };
    // What somebody vouches for are these bytes, whatever is in the file by now.
    module.loaded =
        BERTH_TRY(vouching.file ? loader.load(*vouching.file, kind, module.guards_off, compiling)
                                : loader.load(module.located, kind, module.guards_off, compiling));
  }
  module.aside =
      BERTH_TRY(host::set_aside(effective.policy, folders.state, module.loaded.digest, module.guards_off));
  if (!options.quiet) {
    for (const std::string& line : host::Volumes(folders.state).shown_by(effective.policy)) say(line);
  }
  return module;
}

host::GroupUse group_use(std::span<const Berthed* const> modules, host::Use use) {
  host::GroupUse group{.use = use, .processors = std::max(1U, std::thread::hardware_concurrency())};
  for (const Berthed* module : modules) {
    group.modules.push_back(&module->effective.policy);
    group.total = module->effective.host.total;  // one owner's
  }
  return group;
}

Result<Ready> make_ready(const GuestOptions& options, const Sharing& sharing) {
  Ready ready;
  ready.folders = BERTH_TRY(user_folders());
  allow_most_open_files();
  ready.loop = BERTH_TRY(Loop::create());
  const uint64_t guards_off = BERTH_TRY(guard_bits(options.guards_off));
  ready.engine = BERTH_TRY(engine::Engine::create(sharing.lanes, guards_off));
  const Shared shared{.folders = ready.folders,
                      .engine = *ready.engine,
                      .group = ready.group,
                      .content = ready.contents,
                      .journal = ready.events};
  static_cast<Berthed&>(ready) = BERTH_TRY(berth_module(options, sharing.use, shared));
  const Berthed* const only = &ready;
  BERTH_TRY_VOID(ready.group.limit(group_use(std::span(&only, 1), sharing.use)));
  return ready;
}

Result<Wall> raise_second_wall(const GuestOptions& options, const engine::Engine& engine,
                               const UserFolders& folders, std::span<const Berthed* const> modules,
                               std::vector<std::string> written, std::span<const host::OwnServer> servers) {
  // What a folder that isn't there yet would be made in isn't let in. Without it the log says so itself.
  const host::DenialLog log(folders.state);
  std::ignore = make_private_folder(folders.state);
  std::ignore = make_private_folder(log.folder());
  written.push_back(log.folder());
  policy::Policy all;
  for (const Berthed* module : modules)
    std::ranges::copy(module->effective.policy.grants, std::back_inserter(all.grants));
  WallPlan plan = host::wall_for(all, std::move(written));
  for (const host::OwnServer& server : servers) host::let_reach(plan, server);
  for (const Berthed* module : modules) {
    if (module->content == nullptr) continue;
    std::ranges::copy(module->content->folders(), std::back_inserter(plan.writable));
    if (module->content->is_online()) host::let_reach_network(plan);
  }
  const bool places =
      std::ranges::any_of(modules, [](const Berthed* module) { return module->place != nullptr; });
  if (places) std::ranges::copy(host::Place::reads(), std::back_inserter(plan.readable));
  if (has_switch(options.guards_off, kLandlockSwitch)) plan.landlock = 0;
  if (has_switch(options.guards_off, kSeccompSwitch)) plan.seccomp = false;
  // An error comes again with the call.
  plan.start_threads = [&] { std::ignore = engine.start_lanes(); };
  Wall wall = raise_wall(plan);
  for (const Berthed* module : modules) {
    if (!module->effective.second_wall_required || wall.whole()) continue;
    return fail(ErrorCode::kUnavailable,
                fmt::format("the owner of this machine requires the second wall ({}), and a part of it is "
                            "missing: {}; 'berth doctor' tells more",
                            module->effective.owner_source, fmt::join(wall.missing, "; ")));
  }
  return wall;
}

Result<void> raise_second_wall(const GuestOptions& options, Ready& ready, std::vector<std::string> written) {
  const Berthed* const only = &ready;
  ready.wall = BERTH_TRY(
      raise_second_wall(options, *ready.engine, ready.folders, std::span(&only, 1), std::move(written)));
  return {};
}

host::CommandRequest request_for(const GuestOptions& options, const Berthed& module) {
  return {.policy = module.effective.policy,
          .args = {module.loaded.name},
          .dns_servers = module.effective.dns_servers,
          .ways = options.portable ? engine::Ways::kPortable : engine::Ways::kNative,
          .guards_off = module.guards_off,
          .storage = module.aside.storage.get(),
          .day = module.aside.day.get(),
          .place = module.place.get(),
          .content = module.content,
          .name_keys = module.name_keys,
          .digest = module.loaded.digest.text(),
          .journal = module.journal,
          .name = module.loaded.name};
}

int conclude(const host::CommandReport& report, const GuestOptions& options, const Ready& ready,
             std::string_view more) {
  keep_denials(report.denials, report.denials_unlisted, ready.loaded, ready.folders);
  if (report.outcome.unfinished_line) note_unfinished_line();
  if (options.json) {
    tell(report_text(report, options, ready, more) + "\n");
  } else {
    say_report(report, options, ready);
  }
  // The guest is still at it, on the engine's threads: it ends with the process, which is its own.
  if (report.outcome.still_running) {
    ready.group.give_back();
    leave(exit_status_of(report));
  }
  return exit_status_of(report);
}

}  // namespace berth::cli
