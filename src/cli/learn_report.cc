// SPDX-License-Identifier: Apache-2.0
#include "cli/learn_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/os/file.h"

namespace berth::cli {
namespace {

using nlohmann::json;

constexpr uint64_t kLargestReport = 64 << 20;

std::string ending_text(const host::CommandReport& report) {
  using Ending = engine::Outcome::Ending;
  switch (report.outcome.ending) {
    case Ending::kExited:
      return fmt::format("exited with {}", report.outcome.exit_status);
    case Ending::kTrapped:
      return "trapped";
    case Ending::kLimited:
      return fmt::format("was ended by its limit of {}", host::limit_name(report.outcome.limit));
    case Ending::kCancelled:
      return "was ended by a signal";
    case Ending::kFailed:
      return "could not be started";
    case Ending::kReturned:
      return "returned";
    case Ending::kPanicked:
      return "was ended by a failure of berth's";
  }
  return "ended";
}

json to_json(const policy::Knock& knock) {
  return {{"capability", policy::capability_name(knock.capability)},
          {"operation", knock.operation},
          {"target", knock.target},
          {"method", knock.method},
          {"resolved_to", knock.resolved_to},
          {"resolved_from", knock.resolved_from},
          {"reason", static_cast<int>(knock.reason)}};
}

policy::Knock knock_of(const json& value) {
  return {
      .capability =
          policy::parse_capability(value.value("capability", "files")).value_or(policy::Capability::kFiles),
      .operation = value.value("operation", ""),
      .target = value.value("target", ""),
      .method = value.value("method", ""),
      .resolved_to = value.value("resolved_to", ""),
      .resolved_from = value.value("resolved_from", ""),
      .reason = static_cast<policy::Reason>(value.value("reason", 0))};
}

}  // namespace

Result<void> write_round_report(const std::string& file, const host::CommandReport& report) {
  using Ending = engine::Outcome::Ending;
  const Ending ending = report.outcome.ending;
  json knocks = json::array();
  for (const host::Denial& denial : report.denials) knocks.push_back(to_json(denial.knock));
  const json value = {{"ending", ending_text(report)},
                      {"ended_by_itself", ending == Ending::kExited || ending == Ending::kTrapped},
                      {"succeeded", ending == Ending::kExited && report.outcome.exit_status == 0},
                      {"unfinished_line", report.outcome.unfinished_line},
                      {"memory_peak_bytes", report.memory_peak_bytes},
                      {"cpu_used_ns", report.outcome.cpu_used.count()},
                      {"knocks", std::move(knocks)},
                      {"unlisted", report.denials_unlisted}};
  const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  const std::string_view whole = text;
  return write_file(file, {&whole, 1}, 0600, Durability::kRenamed);
}

Result<RoundReport> read_round_report(const std::string& file) {
  const std::string text = BERTH_TRY(read_file(file, kLargestReport));
  const json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) return fail(ErrorCode::kInternal, "a round's report can't be read");
  RoundReport report{.ended_by_itself = value.value("ended_by_itself", false),
                     .ending = value.value("ending", ""),
                     .succeeded = value.value("succeeded", false),
                     .unfinished_line = value.value("unfinished_line", false),
                     .memory_peak_bytes = value.value("memory_peak_bytes", uint64_t{0}),
                     .cpu_used_ns = value.value("cpu_used_ns", uint64_t{0}),
                     .knocks = {},
                     .unlisted = value.value("unlisted", uint64_t{0})};
  for (const json& knock : value.value("knocks", json::array())) report.knocks.push_back(knock_of(knock));
  return report;
}

}  // namespace berth::cli
