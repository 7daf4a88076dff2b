// SPDX-License-Identifier: Apache-2.0
#include "policy/activity.h"

#include <fmt/format.h>

#include "policy/printable.h"
#include "policy/split.h"

namespace berth::policy {

Result<ActivityGrant> parse_activity(std::string_view extent) {
  ActivityGrant grant;
  for (std::string_view part : split(extent, ',')) {
    const std::string_view kind = trimmed(part);
    if (kind == "info") {
      grant.info = true;
    } else if (kind == "error") {
      grant.error = true;
    } else if (kind == "job-completed") {
      grant.job_completed = true;
    } else {
      return fail(
          ErrorCode::kInvalidArgument,
          fmt::format("{} is no kind of event, use 'info', 'error' or 'job-completed'", quoted(kind)));
    }
  }
  return grant;
}

std::string extent_text(const ActivityGrant& grant) {
  std::string text;
  if (grant.info) text += "info,";
  if (grant.error) text += "error,";
  if (grant.job_completed) text += "job-completed,";
  if (!text.empty()) text.pop_back();
  return text;
}

bool contains(const ActivityGrant& outer, const ActivityGrant& inner) {
  return (outer.info || !inner.info) && (outer.error || !inner.error) &&
         (outer.job_completed || !inner.job_completed);
}

std::optional<ActivityGrant> narrow(const ActivityGrant& asked, const ActivityGrant& owner) {
  const ActivityGrant both{.info = asked.info && owner.info,
                           .error = asked.error && owner.error,
                           .job_completed = asked.job_completed && owner.job_completed};
  if (both == ActivityGrant{}) return std::nullopt;
  return both;
}

}  // namespace berth::policy
