// SPDX-License-Identifier: Apache-2.0
#include "cli/guest_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/error_table.h"
#include "base/os/file.h"
#include "base/os/process.h"
#include "base/units.h"
#include "cli/progress.h"
#include "cli/test_switches.h"
#include "engine/compiler.h"
#include "engine/image_cache.h"
#include "host/berthing.h"
#include "host/denial_log.h"
#include "host/second_wall.h"
#include "registry/module_file.h"

namespace berth::cli {
namespace {

using nlohmann::json;

constexpr uint64_t kCacheBytes = uint64_t{2} << 30;
constexpr size_t kDenialsShown = 5;

json to_json(const host::StorageUse& use) {
  json value = {{"bytes", use.stored.bytes},
                {"files", use.stored.files},
                {"peak_bytes", use.stored.peak_bytes},
                {"peak_files", use.stored.peak_files},
                {"refused", use.stored.refused}};
  if (use.quota.bytes) value["limit_bytes"] = *use.quota.bytes;
  if (use.quota.files) value["limit_files"] = *use.quota.files;
  return value;
}

json to_json(const host::StorageReport& report) {
  json value = to_json(report.total);
  value["folders"] = json::array();
  for (const host::FolderUse& folder : report.folders) {
    json one = to_json(static_cast<const host::StorageUse&>(folder));
    one["host_path"] = folder.host_path;
    one["guest_path"] = folder.guest_path;
    value["folders"].push_back(std::move(one));
  }
  return value;
}

json to_json(const host::CommandReport& report, const GuestOptions& options, const Ready& ready) {
  static constexpr const char* kEndings[] = {"",          "exited", "trapped",  "limited",
                                             "cancelled", "failed", "panicked", "returned"};
  json denials = json::array();
  for (const host::Denial& denial : report.denials) {
    denials.push_back({{"capability", denial.capability},
                       {"operation", denial.operation},
                       {"target", denial.target},
                       {"method", denial.method},
                       {"rule", denial.rule},
                       {"suggestion", denial.suggestion},
                       {"count", denial.count},
                       {"probe", denial.probe}});
  }
  json value = {{"module", options.module},
                {"digest", ready.loaded.digest.text()},
                {"ending", kEndings[static_cast<int>(report.outcome.ending)]},
                {"cpu_used_ns", report.outcome.cpu_used.count()},
                {"wall_ns", report.wall.count()},
                {"memory_limit_bytes", report.memory_limit_bytes},
                {"memory_reserve_bytes", report.memory_reserve_bytes},
                {"memory_peak_bytes", report.memory_peak_bytes},
                {"network",
                 {{"sent_bytes", report.outcome.network.sent_bytes},
                  {"received_bytes", report.outcome.network.received_bytes},
                  {"connections", report.outcome.network.connections}}},
                {"second_wall",
                 {{"no_new_privs", ready.wall.no_new_privileges},
                  {"landlock", ready.wall.landlock},
                  {"seccomp", ready.wall.seccomp},
                  {"missing", ready.wall.missing}}},
                {"denials", std::move(denials)},
                {"denials_unlisted", report.denials_unlisted}};
  if (report.storage) value["storage"] = to_json(*report.storage);
  using Ending = engine::Outcome::Ending;
  if (report.outcome.ending == Ending::kExited || report.outcome.ending == Ending::kReturned)
    value["exit_status"] = report.outcome.exit_status;
  if (report.outcome.ending == Ending::kLimited) value["limit"] = host::limit_name(report.outcome.limit);
  if (!report.outcome.reason.empty()) value["reason"] = report.outcome.reason;
  if (!report.outcome.trace.empty()) value["trace"] = report.outcome.trace;
  const policy::Limits& limits = ready.effective.policy.limits;
  if (limits.cpu_fuel && !report.outcome.still_running) value["fuel_used"] = report.outcome.fuel_used;
  if (const auto share = policy::limit_text(limits, "cpu.share")) {
    value["cpu_share"] = *share;
    value["cpu_throttled_ns"] = report.outcome.cpu_throttled.count();
  }
  return value;
}

void say_denials(const host::CommandReport& report, const std::string& module) {
  size_t said = 0;
  size_t more = 0;
  for (const host::Denial& denial : report.denials) {
    if (denial.probe) continue;
    if (said == kDenialsShown) {
      ++more;
      continue;
    }
    say(denial.line);
    ++said;
  }
  if (more + report.denials_unlisted > 0) {
    say(fmt::format("{} more were denied: 'berth why {}' lists them", more + report.denials_unlisted,
                    module));
  }
}

/// Says how the run ended, where the guest itself didn't.
void say_ending(const host::CommandReport& report, const policy::Effective& effective) {
  using Ending = engine::Outcome::Ending;
  switch (report.outcome.ending) {
    case Ending::kExited:
      if (report.outcome.exit_status != 0 && report.memory_refused_bytes) {
        say(fmt::format(
            "the guest was refused memory beyond its {}, and exited with {}: raise it with --memory {}",
            format_bytes(report.memory_limit_bytes), report.outcome.exit_status,
            exact_bytes(2 * report.memory_limit_bytes)));
      }
      return;
    case Ending::kTrapped:
      say(fmt::format("the guest trapped: {}", report.outcome.reason));
      if (!report.outcome.trace.empty()) tell(report.outcome.trace + "\n");
      return;
    case Ending::kLimited:
      say(host::explain_limit(report, effective));
      return;
    case Ending::kCancelled:
    case Ending::kReturned:
      return;
    case Ending::kFailed:
      say(fmt::format("the guest could not be started: {}", report.outcome.reason));
      return;
    case Ending::kPanicked:
      say("berth itself failed, and ended the guest: please report it, with what stands above");
      return;
  }
}

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

void keep_denials(const host::CommandReport& report, const host::Loaded& module, const UserFolders& folders) {
  if (report.denials.empty()) return;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto kept =
      host::DenialLog(folders.state)
          .append({.unix_seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count(),
                   .module = module.name,
                   .digest = module.digest.text(),
                   .denials = report.denials,
                   .unlisted = report.denials_unlisted});
  if (!kept) say(fmt::format("what was denied can't be kept for 'berth why': {}", kept.error().message));
}

[[noreturn]] void leave(int status) {
  std::fflush(nullptr);
  std::_Exit(status);
}

/// A JSON object with more members, which are text already.
std::string with(const json& object, std::string_view more) {
  std::string text = object.dump(-1, ' ', false, json::error_handler_t::replace);
  text.insert(text.size() - 1, more);
  return text;
}

}  // namespace

engine::CompileLimits compile_limits(const policy::Limits& limits) {
  engine::CompileLimits chosen;
  chosen.memory_bytes = limits.compile_memory_bytes.value_or(chosen.memory_bytes);
  chosen.cpu_time = limits.compile_time.value_or(chosen.cpu_time);
  return chosen;
}

Result<Ready> make_ready(const GuestOptions& options) {
  UserFolders folders = BERTH_TRY(user_folders());
  policy::Effective effective = BERTH_TRY(effective_policy(options.policy, folders));
  for (const policy::Cut& cut : effective.cuts) say(policy::explain(cut));
  for (const policy::Lowered& lowered : effective.lowered) say(policy::explain(lowered));
  // Asked before anything is compiled.
  std::ignore = BERTH_TRY(host::guest_for(effective.policy));
  const uint64_t guards_off = BERTH_TRY(guard_bits(options.guards_off));

  allow_most_open_files();
  auto loop = BERTH_TRY(Loop::create());
  auto engine = BERTH_TRY(engine::Engine::create(1, guards_off));
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
  const engine::EngineKind kind{.fuel = limits.cpu_fuel.has_value(), .alone = !options.shared};
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
  std::unique_ptr<host::Storage> storage;
  if ((guards_off & engine::kGuardStorage) == 0) storage = BERTH_TRY(host::Storage::open(effective.policy));
  return Ready{.folders = std::move(folders),
               .effective = std::move(effective),
               .guards_off = guards_off,
               .loop = std::move(loop),
               .engine = std::move(engine),
               .loaded = std::move(loaded),
               .storage = std::move(storage),
               .wall = {}};
}

Result<void> raise_second_wall(const GuestOptions& options, Ready& ready, std::vector<std::string> written) {
  // What a folder that isn't there yet would be made in isn't let in. Without it the log says so itself.
  std::ignore = make_private_folder(ready.folders.state);
  written.push_back(ready.folders.state);
  WallPlan plan = host::wall_for(ready.effective.policy, std::move(written));
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
          .storage = ready.storage.get()};
}

int conclude(const host::CommandReport& report, const GuestOptions& options, const Ready& ready,
             std::string_view more) {
  keep_denials(report, ready.loaded, ready.folders);
  if (report.outcome.unfinished_line) note_unfinished_line();
  if (options.json) {
    tell(with(to_json(report, options, ready), more) + "\n");
  } else {
    if (!options.quiet) say_denials(report, options.module);
    if (!options.quiet && report.storage) {
      for (const std::string& line : host::explain_storage(*report.storage, ready.effective)) say(line);
    }
    say_ending(report, ready.effective);
  }
  // The guest is still at it, on the engine's threads: it ends with the process, which is its own.
  if (report.outcome.still_running) leave(exit_status_of(report));
  return exit_status_of(report);
}

}  // namespace berth::cli
