// SPDX-License-Identifier: Apache-2.0
#include "cli/guest_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>

#include "base/error_table.h"
#include "base/os/file.h"
#include "base/os/priority.h"
#include "base/os/process.h"
#include "base/units.h"
#include "cli/guest_report.h"
#include "cli/progress.h"
#include "cli/test_switches.h"
#include "engine/compiler.h"
#include "engine/image_cache.h"
#include "host/berthing.h"
#include "host/denial_log.h"
#include "host/http_module.h"
#include "host/second_wall.h"
#include "host/volumes.h"
#include "policy/printable.h"
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
Result<std::unique_ptr<host::Place>> settle(const GuestOptions& options, const UserFolders& folders,
                                            policy::Effective& effective, host::Use use) {
  const policy::Priority priority = priority_of(effective.host, use);
  effective.host.priority = priority;
  lower_priority(priority.nice, priority.idle_io);
  const std::string name = std::filesystem::path(options.module).filename().string();
  auto place = host::Place::take(folders.state, policy::printable(name), effective);
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
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto kept =
      host::DenialLog(folders.state)
          .append({.unix_seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count(),
                   .module = module.name,
                   .digest = module.digest.text(),
                   .denials = denials,
                   .unlisted = unlisted});
  if (!kept) say(fmt::format("what was denied can't be kept for 'berth why': {}", kept.error().message));
}

engine::CompileLimits compile_limits(const policy::Limits& limits) {
  engine::CompileLimits chosen;
  chosen.memory_bytes = limits.compile_memory_bytes.value_or(chosen.memory_bytes);
  chosen.cpu_time = limits.compile_time.value_or(chosen.cpu_time);
  return chosen;
}

Result<Ready> make_ready(const GuestOptions& options, const Sharing& sharing) {
  UserFolders folders = BERTH_TRY(user_folders());
  policy::Effective effective = BERTH_TRY(effective_policy(options.policy, folders));
  for (const policy::Cut& cut : effective.cuts) say(policy::explain(cut));
  for (const policy::Lowered& lowered : effective.lowered) say(policy::explain(lowered));
  // Asked before anything is compiled.
  std::ignore = BERTH_TRY(host::guest_for(effective.policy, sharing.use));
  const uint64_t guards_off = BERTH_TRY(guard_bits(options.guards_off));
  if (has_switch(options.guards_off, kTotalSwitch)) effective.host.total = {};
  auto place = BERTH_TRY(settle(options, folders, effective, sharing.use));

  allow_most_open_files();
  auto loop = BERTH_TRY(Loop::create());
  const uint32_t places = sharing.use == host::Use::kServed
                              ? host::HttpModule::places(effective.policy.limits, sharing.lanes)
                              : 0;
  auto engine = BERTH_TRY(engine::Engine::create(sharing.lanes, guards_off, places));
  std::unique_ptr<engine::ImageCache> cache;
  if (!options.no_cache) {
    auto opened = engine::ImageCache::open(folders.cache + "/compiled", kCacheBytes);
    if (opened) {
      cache = std::move(*opened);
      if (has_switch(options.guards_off, kCacheAuthSwitch)) cache->trust_unchecked();
    } else {
      say(fmt::format("compiling without a cache: {}", opened.error().message));
    }
  }
  const policy::Limits& limits = effective.policy.limits;
  const engine::EngineKind kind{.fuel = limits.cpu_fuel.has_value(),
                                .alone = sharing.use == host::Use::kOnce && !options.shared};
  const engine::Compiler compiler(program(options.portable), compile_limits(limits));
  const bool contained = !has_switch(options.guards_off, kCompileSwitch);
  host::Loaded loaded;
  {
    Progress progress;
    const host::Loader loader(*engine, cache.get(), contained ? &compiler : nullptr);
    loaded = BERTH_TRY(loader.load(options.module, kind, guards_off, [&](const registry::ModuleFile& file) {
      progress.begin(fmt::format("compiling {} ({})", file.name, format_bytes(file.bytes.size())));
    }));
  }
  const host::Volumes volumes(folders.state);
  std::vector<FolderLock> held = BERTH_TRY(volumes.open(effective.policy));
  if (!options.quiet) {
    for (const std::string& line : volumes.shown_by(effective.policy)) say(line);
  }
  std::unique_ptr<host::Storage> storage;
  if ((guards_off & engine::kGuardStorage) == 0) storage = BERTH_TRY(host::Storage::open(effective.policy));
  std::unique_ptr<host::DayCount> day;
  if (const auto& bytes = limits.network_bytes_per_day)
    day = BERTH_TRY(host::DayCount::open(folders.state, loaded.digest, *bytes));
  return Ready{.folders = std::move(folders),
               .effective = std::move(effective),
               .guards_off = guards_off,
               .loop = std::move(loop),
               .engine = std::move(engine),
               .loaded = std::move(loaded),
               .volumes = std::move(held),
               .storage = std::move(storage),
               .place = std::move(place),
               .day = std::move(day),
               .wall = {}};
}

Result<void> raise_second_wall(const GuestOptions& options, Ready& ready, std::vector<std::string> written) {
  // What a folder that isn't there yet would be made in isn't let in. Without it the log says so itself.
  const host::DenialLog log(ready.folders.state);
  std::ignore = make_private_folder(ready.folders.state);
  std::ignore = make_private_folder(log.folder());
  written.push_back(log.folder());
  WallPlan plan = host::wall_for(ready.effective.policy, std::move(written));
  if (ready.place) std::ranges::copy(host::Place::reads(), std::back_inserter(plan.readable));
  if (has_switch(options.guards_off, kLandlockSwitch)) plan.landlock = 0;
  if (has_switch(options.guards_off, kSeccompSwitch)) plan.seccomp = false;
  // An error comes again with the call.
  plan.start_threads = [&] { std::ignore = ready.engine->start_lanes(); };
  ready.wall = raise_wall(plan);
  if (!ready.effective.second_wall_required || ready.wall.whole()) return {};
  return fail(ErrorCode::kUnavailable,
              fmt::format("the owner of this machine requires the second wall ({}), and a part of it is "
                          "missing: {}; 'berth doctor' tells more",
                          ready.effective.owner_source, fmt::join(ready.wall.missing, "; ")));
}

host::CommandRequest request_for(const GuestOptions& options, const Ready& ready) {
  return {.policy = ready.effective.policy,
          .args = {ready.loaded.name},
          .dns_servers = ready.effective.dns_servers,
          .ways = options.portable ? engine::Ways::kPortable : engine::Ways::kNative,
          .guards_off = ready.guards_off,
          .storage = ready.storage.get(),
          .day = ready.day.get(),
          .place = ready.place.get()};
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
  if (report.outcome.still_running) leave(exit_status_of(report));
  return exit_status_of(report);
}

}  // namespace berth::cli
