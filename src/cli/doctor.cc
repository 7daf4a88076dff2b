// SPDX-License-Identifier: Apache-2.0
// berth doctor: what holds on this machine, and what to do about what doesn't.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error_table.h"
#include "base/os/file.h"
#include "base/os/machine.h"
#include "base/os/wall.h"
#include "base/units.h"
#include "cli/options.h"
#include "cli/own_group.h"
#include "engine/compiler.h"
#include "engine/engine.h"
#include "host/asked_policy.h"
#include "host/berthing.h"
#include "host/place.h"
#include "policy/limits.h"

namespace berth::cli {
namespace {

namespace fs = std::filesystem;

enum class Need { kNeeded, kUseful };

struct Check {
  std::string name;
  bool ok = false;
  Need need = Need::kUseful;
  std::string detail;
  std::string advice;  // where it isn't ok
};

using Checks = std::vector<Check>;

Check engine_check() {
  Check check{.name = "engine", .need = Need::kNeeded, .detail = "Wasmtime " BERTH_ENGINE_VERSION};
  const auto engine = engine::Engine::create(1);
  const auto number = engine ? (*engine)->compatibility({}) : std::unexpected(engine.error());
  check.ok = number.has_value();
  if (!number) check.advice = number.error().message;
  return check;
}

Check compiler_check() {
  Check check{
      .name = "compiler", .need = Need::kNeeded, .detail = "in a process of its own, with limits of its own"};
  const auto described = engine::Compiler(program(/*portable=*/false), {}).describe("(module)");
  check.ok = described.has_value();
  if (!described) check.advice = described.error().message;
  return check;
}

/// What enforces a limit; the empty text of one that isn't here says nothing.
std::string_view enforced_by(std::string_view limit) {
  constexpr auto kWays = std::to_array<std::pair<std::string_view, std::string_view>>({
      {"memory", "one budget, asked before each growth of a memory, a table or a heap"},
      {"cpu.time", "the process's CPU clock, looked at every 4 ms"},
      {"cpu.fuel", "counted by the compiled code itself"},
      {"cpu.share", "a bucket of CPU time, drawn from every 4 ms"},
      {"cpu.weight", "divides the total of all modules by who wants some, 20 times a second"},
      {"storage", "each change of a file is entered in a ledger before it is made"},
      {"storage.files", "the same"},
      {"network.connections", "a slot for each socket, from its making to its end"},
      {"network.connection-rate", "counted over a sliding minute"},
      {"network.rate", "a bucket of bytes each way; who finds it empty waits"},
      {"network.daily", "a count in the state folder, which outlives runs, kills and changes of the clock"},
      {"wall", "the monotonic clock, looked at every 4 ms"},
      {"compile.memory", "RLIMIT_DATA of the compiler's process"},
      {"compile.time", "RLIMIT_CPU of the compiler's process"},
  });
  const auto* const way = std::ranges::find(kWays, limit, [](const auto& pair) { return pair.first; });
  return way == kWays.end() ? "" : way->second;
}

/// A limit is held when a run that asks for it isn't refused.
void add_limits(Checks& checks) {
  for (const policy::LimitName& limit : policy::limit_names()) {
    policy::Policy policy;
    const bool held =
        policy::set_limit(policy.limits, limit.name, limit.example) && host::guest_for(policy).has_value();
    const std::string_view way = enforced_by(limit.name);
    checks.push_back({.name = fmt::format("limit {}", limit.name),
                      .ok = held,
                      .detail = held && !way.empty() ? fmt::format("{}: {}", limit.meaning, way)
                                                     : std::string(limit.meaning),
                      .advice = "this berth doesn't enforce it yet, and refuses a run that asks for it"});
  }
}

std::string advice_for(const Wall& wall, std::string_view part) {
  for (const std::string& missing : wall.missing) {
    if (missing.starts_with(part)) return missing.substr(std::min(missing.size(), part.size() + 2));
  }
  return "it is said to hold, but doesn't: please report this machine";
}

void add_second_wall(Checks& checks, Need need) {
  const auto trial = try_wall();
  if (!trial) {
    checks.push_back(
        {.name = "second wall", .need = need, .detail = "not tried", .advice = trial.error().message});
    return;
  }
  const Wall& wall = trial->claimed;
  checks.push_back({.name = "no_new_privs",
                    .ok = wall.no_new_privileges,
                    .need = need,
                    .detail = "no program gives a guest's process more than it has",
                    .advice = advice_for(wall, "no_new_privs")});
  const bool tcp = wall.landlock >= 4;
  checks.push_back({.name = "landlock",
                    .ok = wall.landlock > 0 && trial->file_refused && trial->tcp_refused == tcp,
                    .need = need,
                    .detail = wall.landlock == 0
                                  ? "no file but those granted"
                                  : fmt::format("version {}: no file but those granted{}", wall.landlock,
                                                tcp ? ", no TCP without a grant" : ""),
                    .advice = advice_for(wall, "landlock")});
  checks.push_back({.name = "seccomp",
                    .ok = wall.seccomp && trial->call_refused,
                    .need = need,
                    .detail = "no other program, no system call that berth never makes",
                    .advice = advice_for(wall, "seccomp")});
}

/// Whether a run that is started as this was would have the kernel's limits, too.
Check group_check(policy::ControlGroupUse asked) {
  Check check{
      .name = "cgroup v2",
      .need = asked == policy::ControlGroupUse::kRequire ? Need::kNeeded : Need::kUseful,
      .detail = "there is none",
      .advice = "berth's own limits hold without it; Linux from 4.5 on has it, mounted on /sys/fs/cgroup"};
  const auto group = control_group();
  if (!group) return check;
  const auto missing = missing_controllers(group->controllers);
  check.ok = group->lacking.empty() && missing.empty();
  const std::string controllers =
      group->controllers.empty() ? "no controllers" : fmt::format("{}", fmt::join(group->controllers, " "));
  if (!group->lacking.empty()) {
    check.detail = fmt::format("{}: {}", group->folder, group->lacking);
    check.advice =
        fmt::format("berth's own limits hold without it; for the kernel's behind them {}", how_to_delegate());
    return check;
  }
  check.detail = fmt::format("{}: a run takes a group of its own in it, with {}", group->folder, controllers);
  if (asked == policy::ControlGroupUse::kOff)
    check.detail = fmt::format("{}: not used, as host.toml says", group->folder);
  check.advice =
      fmt::format("the kernel holds nothing of {}: turn that on in cgroup.subtree_control of the group above",
                  fmt::join(missing, ", "));
  return check;
}

void add_kernel(Checks& checks, policy::ControlGroupUse own_group) {
  checks.push_back({.name = "openat2",
                    .ok = has_openat2(),
                    .detail = "paths are kept below their folder by the kernel",
                    .advice = "berth follows them itself, slower: Linux 5.6 and later have it"});
  checks.push_back(group_check(own_group));
  const bool pressure = std::ranges::all_of(std::array{"cpu", "memory", "io"}, [](const char* what) {
    return system_file(fmt::format("/proc/pressure/{}", what)).has_value();
  });
  checks.push_back({.name = "pressure",
                    .ok = pressure,
                    .detail = "the kernel tells when CPU, memory and disk are short: modules slow down then",
                    .advice = "start the kernel with psi=1"});
  constexpr uint64_t kReserved = uint64_t{16} << 30;
  const auto space = address_space_limit();
  checks.push_back(
      {.name = "address space",
       .ok = !space || *space >= kReserved,
       .need = Need::kNeeded,
       .detail = space ? format_bytes(*space) : "unlimited",
       .advice = "each memory reserves 4 GiB of it, and uses what it needs: ulimit -v unlimited"});
}

/// Made where it isn't there, as a run does.
Check folder_check(std::string name, const std::string& folder, std::string_view variable) {
  const auto made = make_private_folder(folder);
  return {.name = std::move(name),
          .ok = made && may_write(folder),
          .need = Need::kNeeded,
          .detail = folder,
          .advice = made ? fmt::format("it can't be written: name another with {}", variable)
                         : fmt::format("{}; or name another with {}", made.error().message, variable)};
}

/// What all modules together have is kept in a table that their processes share.
Check total_check(const UserFolders& folders, const policy::Bounds& owner) {
  const auto residents = host::residents(folders.state);
  const bool asked = owner.host.total != policy::Limits{};
  Check check{.name = "total", .ok = residents.has_value(), .need = asked ? Need::kNeeded : Need::kUseful};
  if (!residents) {
    check.advice = residents.error().message;
    return check;
  }
  check.detail = fmt::format("{} modules run ('berth ps'); {}", residents->size(),
                             asked ? "[total] in host.toml bounds them together"
                                   : "nothing bounds them together: [total] in host.toml would");
  return check;
}

std::vector<std::string> system_name_servers() {
  std::vector<std::string> servers;
  std::istringstream lines(system_file("/etc/resolv.conf").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key;
    std::string server;
    if (words >> key >> server && key == "nameserver") servers.push_back(server);
  }
  return servers;
}

void add_network(Checks& checks, const policy::Bounds& owner) {
  const std::vector<std::string> servers =
      owner.dns_servers.empty() ? system_name_servers() : owner.dns_servers;
  checks.push_back(
      {.name = "name servers",
       .ok = !servers.empty(),
       .detail = servers.empty() ? "none" : fmt::format("{}", fmt::join(servers, ", ")),
       .advice = "a guest finds no name: write one into /etc/resolv.conf, or dns.servers into host.toml"});
  const auto now = std::chrono::system_clock::now();
  const int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  checks.push_back({.name = "clock",
                    .ok = now >= std::chrono::sys_days(std::chrono::year(2026) / 1 / 1),
                    .detail = local_time(seconds),
                    .advice = "certificates aren't valid yet by it: set it"});
}

Checks all_checks(const UserFolders& folders) {
  Checks checks;
  // First, while this process has one thread.
  const auto owner = host::owners_bounds(folders);
  const policy::Bounds bounds = owner.value_or(policy::Bounds{});
  add_second_wall(checks, bounds.second_wall_required ? Need::kNeeded : Need::kUseful);
  add_kernel(checks, bounds.host.priority.value_or(policy::Priority{}).control_group);
  checks.push_back(engine_check());
  checks.push_back(compiler_check());
  add_limits(checks);
  checks.push_back(
      {.name = "host.toml",
       .ok = owner.has_value(),
       .need = Need::kNeeded,
       .detail = bounds.source.empty() ? "none: modules get what they are granted" : bounds.source,
       .advice = owner ? "" : owner.error().message});
  checks.push_back(folder_check("state", folders.state, "BERTH_STATE"));
  checks.push_back(total_check(folders, bounds));
  checks.push_back(folder_check("cache", folders.cache + "/compiled", "BERTH_CACHE"));
  add_network(checks, bounds);
  return checks;
}

nlohmann::json to_json(const Checks& checks, bool ok) {
  nlohmann::json all = nlohmann::json::array();
  for (const Check& check : checks) {
    nlohmann::json one = {{"name", check.name},
                          {"ok", check.ok},
                          {"needed", check.need == Need::kNeeded},
                          {"detail", check.detail}};
    if (!check.ok) one["advice"] = check.advice;
    all.push_back(std::move(one));
  }
  return {{"ok", ok}, {"version", BERTH_VERSION}, {"checks", std::move(all)}};
}

std::string to_text(const Checks& checks) {
  std::string text;
  for (const Check& check : checks) {
    const std::string_view word = check.ok ? "ok" : check.need == Need::kNeeded ? "MISSING" : "missing";
    text += fmt::format("{:<8} {:<26} {}\n", word, check.name, check.detail);
    if (!check.ok) text += fmt::format("{:<8} {:<26}   {}\n", "", "", check.advice);
  }
  return text;
}

Result<int> examine(bool as_json) {
  const Checks checks = all_checks(BERTH_TRY(user_folders()));
  const bool ok =
      std::ranges::all_of(checks, [](const Check& check) { return check.ok || check.need == Need::kUseful; });
  const int printed = as_json ? print_json(to_json(checks, ok)) : print(to_text(checks));
  if (printed != 0) return printed;
  return ok ? 0 : error_row(ErrorCode::kUnavailable).exit_status;
}

}  // namespace

int doctor_verb(const Arguments& arguments) {
  CLI::App app(
      "Looks at this machine: the engine, each limit and what enforces it, the second wall, and what berth "
      "reads "
      "and\n"
      "writes. Each is ok, missing (berth does without) or MISSING (it doesn't run as it should: the exit "
      "status is\n"
      "119), and what to do about it. The second wall is tried, in a process of its own.\n",
      "berth doctor");
  bool as_json = false;
  app.add_flag("--json", as_json, "one JSON object");
  app.footer("\nFor example, what is missing on this machine:\n\n  berth doctor | grep -i -A1 ^missing\n");
  if (const auto done = parse(app, arguments, Style::kText)) return *done;
  return finish(examine(as_json), style_of(as_json));
}

}  // namespace berth::cli
