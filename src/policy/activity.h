// SPDX-License-Identifier: Apache-2.0
#pragma once
// The extent of `activity`: what a module may tell its owner of its work, `activity info,error,job-completed`
// or any of the three.
//
// Pure; safe on any thread.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::policy {

struct ActivityGrant {
  bool info = false;
  bool error = false;
  bool job_completed = false;

  bool operator==(const ActivityGrant&) const = default;
};

Result<ActivityGrant> parse_activity(std::string_view extent);
std::string extent_text(const ActivityGrant& grant);
bool contains(const ActivityGrant& outer, const ActivityGrant& inner);
std::optional<ActivityGrant> narrow(const ActivityGrant& asked, const ActivityGrant& owner);

}  // namespace berth::policy
