// SPDX-License-Identifier: Apache-2.0
#include "host/asked_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/os/file.h"
#include "host/berthing.h"

namespace berth::host {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLargestPolicy = 1 << 20;

Result<void> add_grants(policy::Policy& policy, std::string_view word,
                        const std::vector<std::string>& extents, std::string_view source) {
  for (const std::string& extent : extents) {
    const std::string text = word.empty() ? extent : fmt::format("{} {}", word, extent);
    policy.grants.push_back(BERTH_TRY(policy::parse_grant(text, source)));
  }
  return {};
}

Result<void> set_short(policy::Limits& limits, std::string_view name,
                       const std::optional<std::string>& value) {
  if (!value) return {};
  return policy::set_limit(limits, name, *value);
}

Result<policy::Policy> asked_directly(const AskedPolicy& asked) {
  policy::Policy policy{.grants = {}, .limits = asked.values};
  BERTH_TRY_VOID(add_grants(policy, "", asked.grants, asked.source));
  BERTH_TRY_VOID(add_grants(policy, "files", asked.folders, asked.source));
  BERTH_TRY_VOID(add_grants(policy, "env", asked.env, asked.source));
  if (asked.streams) {
    policy.grants.push_back(BERTH_TRY(policy::parse_grant("stdio in,out,err", "every command's")));
  }
  if (asked.activity) {
    policy.grants.push_back(
        BERTH_TRY(policy::parse_grant("activity info,error,job-completed", "--activity")));
  }
  for (const std::string& limit : asked.limits) {
    const size_t equals = limit.find('=');
    if (equals == std::string::npos) {
      return fail(
          ErrorCode::kInvalidArgument,
          fmt::format("--limit '{}' has no value: write --limit NAME=VALUE, as in --limit memory=64MiB",
                      limit));
    }
    BERTH_TRY_VOID(policy::set_limit(policy.limits, limit.substr(0, equals), limit.substr(equals + 1)));
  }
  BERTH_TRY_VOID(set_short(policy.limits, "memory", asked.memory));
  BERTH_TRY_VOID(set_short(policy.limits, "cpu.time", asked.cpu_time));
  BERTH_TRY_VOID(set_short(policy.limits, "wall", asked.wall));
  BERTH_TRY_VOID(anchor(policy, "."));
  return policy;
}

/// A file's own folders are relative to where it lies.
std::string folder_of(const std::string& file) {
  const fs::path parent = fs::path(file).parent_path();
  return parent.empty() ? "." : parent.string();
}

/// What is asked for directly comes first, its limits instead of the file's.
Result<void> add_file(policy::Policy& policy, const std::string& file, const ReadText& read) {
  const std::string text = BERTH_TRY(read(file));
  policy::Policy written = BERTH_TRY(policy::parse_policy(text, file));
  BERTH_TRY_VOID(anchor(written, folder_of(file)));
  for (policy::Grant& grant : written.grants) policy.grants.push_back(std::move(grant));
  for (const policy::LimitName& limit : policy::limit_names()) {
    const auto value = policy::limit_text(written.limits, limit.name);
    if (!value || policy::limit_text(policy.limits, limit.name)) continue;
    BERTH_TRY_VOID(policy::set_limit(policy.limits, limit.name, *value));
  }
  return {};
}

}  // namespace

Result<std::string> read_policy_file(const std::string& path) {
  return read_file(path, kLargestPolicy);
}

Result<policy::Policy> asked_policy(const AskedPolicy& asked, const ReadText& read) {
  policy::Policy policy = BERTH_TRY(asked_directly(asked));
  if (asked.policy_file) BERTH_TRY_VOID(add_file(policy, *asked.policy_file, read));
  return policy;
}

Result<policy::Bounds> bounds_of(const std::string& file, const ReadText& read) {
  const std::string text = BERTH_TRY(read(file));
  policy::Bounds bounds = BERTH_TRY(policy::parse_bounds(text, file));
  anchor(bounds, folder_of(file));
  return bounds;
}

Result<policy::Bounds> owners_bounds(const UserFolders& folders, const ReadText& read) {
  auto bounds = bounds_of(folders.config + "/host.toml", read);
  if (!bounds && bounds.error().code == ErrorCode::kNotFound) return policy::Bounds{};
  return bounds;
}

Result<policy::Effective> effective_policy(const AskedPolicy& asked, std::span<const policy::Bounds> claims,
                                           const UserFolders& folders, const ReadText& read) {
  const policy::Policy policy = BERTH_TRY(asked_policy(asked, read));
  return bounded(policy, claims, BERTH_TRY(owners_bounds(folders, read)));
}

policy::Effective bounded(const policy::Policy& asked, std::span<const policy::Bounds> claims,
                          const policy::Bounds& owner) {
  policy::Effective effective = policy::intersect(asked, claims, owner);
  // Asked for or not, the owner's may be lower.
  if (!asked.limits.memory_bytes) {
    auto& memory = effective.policy.limits.memory_bytes;
    memory = std::min(memory.value_or(kDefaultMemoryBytes), kDefaultMemoryBytes);
  }
  return effective;
}

}  // namespace berth::host
