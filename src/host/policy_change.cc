// SPDX-License-Identifier: Apache-2.0
#include "host/policy_change.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "host/second_wall.h"
#include "policy/printable.h"
#include "providers/content/asks.h"

namespace berth::host {
namespace {

using policy::FilesGrant;

/// What all of a module's requests draw from together.
constexpr auto kOfTheModule = std::to_array<std::string_view>(
    {"memory", "cpu.share", "cpu.weight", "storage", "storage.files", "network.connections",
     "network.connection-rate", "network.rate", "network.daily"});

std::vector<FilesGrant> folders(const policy::Policy& policy) {
  std::vector<FilesGrant> found;
  for (const policy::Grant& grant : policy.grants) {
    if (const auto* files = std::get_if<FilesGrant>(&grant.extent)) found.push_back(*files);
  }
  return found;
}

std::vector<FilesGrant> writable(const policy::Policy& policy) {
  auto all = folders(policy);
  std::erase_if(all, [](const FilesGrant& files) { return files.access != policy::Access::kReadWrite; });
  return all;
}

/// Says where the volumes of `after` lie; the name of one that `before` hasn't.
std::optional<std::string> find_volumes(const policy::Policy& before, policy::Policy& after) {
  const auto known = folders(before);
  for (policy::Grant& grant : after.grants) {
    auto* files = std::get_if<FilesGrant>(&grant.extent);
    if (files == nullptr || files->volume.empty()) continue;
    const auto same = std::ranges::find(known, files->volume, &FilesGrant::volume);
    if (same == known.end()) return files->volume;
    files->host_path = same->host_path;
  }
  return std::nullopt;
}

/// A path that `needed` has and the wall hasn't.
std::optional<std::string> out_of_reach(const WallPlan& needed, const WallPlan& wall) {
  const auto held = [](const std::vector<std::string>& by, const std::string& path) {
    return std::ranges::any_of(by, [&](const auto& outer) { return policy::path_lies_in(outer, path); });
  };
  for (const std::string& path : needed.writable) {
    if (!held(wall.writable, path)) return path;
  }
  for (const std::string& path : needed.readable) {
    if (!held(wall.readable, path) && !held(wall.writable, path)) return path;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> needs_restart(const policy::Policy& before, policy::Policy& after,
                                         const WallPlan& wall) {
  for (const std::string_view name : kOfTheModule) {
    if (policy::limit_text(before.limits, name) == policy::limit_text(after.limits, name)) continue;
    return fmt::format("the limit '{}' is one of the whole module, set aside when it starts", name);
  }
  if (const auto volume = find_volumes(before, after)) {
    return fmt::format("the volume '@{}' is new to it", *volume);
  }
  if (writable(before) != writable(after)) return "it may write to other folders than before";
  if (content::opens_content(after) && !content::opens_content(before)) {
    return "content is new to it, and nobody who gives any was started with it";
  }
  const WallPlan needed = wall_for(after, {});
  if (needed.tcp == WallPlan::Tcp::kOpen && wall.tcp == WallPlan::Tcp::kClosed) {
    return "the second wall keeps the network out of reach";
  }
  if (const auto path = out_of_reach(needed, wall)) {
    return fmt::format("the second wall keeps {} out of reach", policy::quoted(*path));
  }
  return std::nullopt;
}

}  // namespace berth::host
