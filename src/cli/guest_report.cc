// SPDX-License-Identifier: Apache-2.0
#include "cli/guest_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/units.h"
#include "cli/content_brought.h"
#include "cli/denial_json.h"
#include "host/usage.h"

namespace berth::cli {
namespace {

using nlohmann::json;

constexpr size_t kDenialsShown = 5;

json to_json(const host::StorageUse& use) {
  json value = {{"bytes", use.stored.bytes},
                {"files", use.stored.files},
                {"peak_bytes", use.stored.peak_bytes},
                {"peak_files", use.stored.peak_files},
                {"refused", use.stored.refused_bytes + use.stored.refused_files}};
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

json to_json(const std::vector<host::LimitUse>& uses) {
  json list = json::array();
  for (const host::LimitUse& use : uses) {
    json one = {{"name", use.name}, {"unit", host::unit_name(use.unit)}, {"used", use.used}};
    if (use.limit) one["limit"] = *use.limit;
    if (use.peak) one["peak"] = *use.peak;
    if (use.refused > 0) one["refused"] = use.refused;
    list.push_back(std::move(one));
  }
  return list;
}

json to_json(const host::CommandReport& report, const GuestOptions& options, const Ready& ready) {
  static constexpr const char* kEndings[] = {"",          "exited", "trapped",  "limited",
                                             "cancelled", "failed", "panicked", "returned"};
  json denials = json::array();
  for (const host::Denial& denial : report.denials) denials.push_back(denial_json(denial));
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
                {"limits", to_json(host::limit_uses(report, ready.effective.policy.limits))},
                {"denials", std::move(denials)},
                {"denials_unlisted", report.denials_unlisted}};
  if (report.storage) value["storage"] = to_json(*report.storage);
  if (report.content) value["content"] = brought_json(*report.content);
  if (report.activity)
    value["activity"] = {{"info", report.activity->info},
                         {"errors", report.activity->errors},
                         {"jobs_completed", report.activity->jobs_completed},
                         {"dropped", report.activity->dropped}};
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

/// A JSON object with more members, which are text already.
std::string with(const json& object, std::string_view more) {
  std::string text = object.dump(-1, ' ', false, json::error_handler_t::replace);
  text.insert(text.size() - 1, more);
  return text;
}

}  // namespace

std::string report_text(const host::CommandReport& report, const GuestOptions& options, const Ready& ready,
                        std::string_view more) {
  return with(to_json(report, options, ready), more);
}

void say_report(const host::CommandReport& report, const GuestOptions& options, const Ready& ready) {
  const auto uses = host::limit_uses(report, ready.effective.policy.limits);
  if (!options.quiet) {
    say_denials(report, options.module);
    if (report.storage) {
      for (const std::string& line : host::explain_storage(*report.storage, ready.effective)) say(line);
    }
    for (const std::string& line : host::explain_network(report.network, ready.effective)) say(line);
    for (const std::string& line : host::near_limits(uses)) say(line);
    if (report.activity && report.activity->dropped > 0)
      say(fmt::format("{} of the module's events were left out: it may tell {} at once and {} a second",
                      report.activity->dropped, activity::Events::kAtOnce, activity::Events::kPerSecond));
  }
  say_ending(report, ready.effective);
  if (options.report) tell(host::usage_table(uses));
  if (options.report && report.activity) {
    const activity::Told& told = *report.activity;
    tell(fmt::format("told: jobs completed {}, infos {}, errors {}, left out {}\n", told.jobs_completed,
                     told.info, told.errors, told.dropped));
  }
  if (options.report && report.content) tell(brought_table(*report.content));
}

}  // namespace berth::cli
