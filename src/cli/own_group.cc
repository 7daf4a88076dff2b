// SPDX-License-Identifier: Apache-2.0
#include "cli/own_group.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace berth::cli {
namespace {

constexpr std::array<std::string_view, 3> kRequired{"cpu", "memory", "pids"};
/// The compiler beside a server gives way to it (serve_look.cc), which by nice it wouldn't between groups.
constexpr GroupWeight kCompanions{.nice = 10, .idle_io = false};

std::unexpected<Error> refuse(const std::string& owner_source, std::string_view why) {
  return fail(
      ErrorCode::kUnavailable,
      fmt::format("the owner of this machine requires a control group for berth alone ({}), and there "
                  "is none: {}; {}",
                  owner_source, why, how_to_delegate()));
}

Result<std::unique_ptr<ControlLeaf>> take_leaf() {
  const auto group = control_group();
  if (!group) return fail(ErrorCode::kUnavailable, "cgroup v2 isn't mounted here");
  if (!group->lacking.empty()) {
    return fail(ErrorCode::kUnavailable, fmt::format("{}: {}", group->folder, group->lacking));
  }
  return ControlLeaf::take(*group);
}

}  // namespace

std::string_view how_to_delegate() {
  return "start it in one of its own: systemd-run --user --scope -p Delegate=yes berth run …";
}

std::vector<std::string> missing_controllers(const std::vector<std::string>& there) {
  std::vector<std::string> missing;
  for (const std::string_view controller : kRequired) {
    if (std::ranges::find(there, controller) == there.end()) missing.emplace_back(controller);
  }
  return missing;
}

Result<void> OwnGroup::take(const policy::Priority& priority, const std::string& owner_source) {
  if (asked_) return {};
  asked_ = priority.control_group;
  owner_source_ = owner_source;
  if (asked_ == policy::ControlGroupUse::kOff) return {};
  const bool required = asked_ == policy::ControlGroupUse::kRequire;
  auto leaf = take_leaf();
  if (!leaf) return required ? refuse(owner_source_, leaf.error().message) : Result<void>();
  const auto missing = missing_controllers((*leaf)->controllers());
  if (required && !missing.empty()) {
    return refuse(owner_source_,
                  fmt::format("{} has no controller {}", (*leaf)->folder(), fmt::join(missing, ", ")));
  }
  leaf_ = *std::move(leaf);
  leaf_->weigh({.nice = priority.nice, .idle_io = priority.idle_io});
  return {};
}

Result<void> OwnGroup::limit(host::GroupUse use) {
  if (!leaf_) return {};
  const auto limited = [&](const std::string& folder, GroupLimits limits) -> Result<void> {
    const auto on = [&](std::string_view controller) {
      return std::ranges::find(leaf_->controllers(), controller) != leaf_->controllers().end();
    };
    if (!on("cpu")) limits.cpu_basis_points = std::nullopt;
    if (!on("memory")) limits.memory_bytes = std::nullopt;
    if (!on("pids")) limits.tasks = std::nullopt;
    const auto set = limit_group(folder, limits);
    if (set || asked_ != policy::ControlGroupUse::kRequire) return {};
    return refuse(owner_source_, set.error().message);
  };
  use.memory_bytes_now = group_memory(leaf_->folder());
  BERTH_TRY_VOID(limited(leaf_->folder(), host::group_limits(use)));
  if (leaf_->companions().empty()) return {};
  weigh_group(leaf_->companions(), kCompanions, Weighing::kAny);
  use.companions_bytes_now = group_memory(leaf_->companions());
  return limited(leaf_->companions(), host::companion_limits(use));
}

void OwnGroup::give_back() const {
  if (leaf_) leaf_->give_back();
}

}  // namespace berth::cli
