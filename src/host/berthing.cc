// SPDX-License-Identifier: Apache-2.0
#include "host/berthing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <tuple>

#include "base/os/user.h"
#include "base/units.h"
#include "providers/content/target.h"

namespace berth::host {
namespace {

namespace fs = std::filesystem;
using policy::FilesGrant;
using policy::Grant;

Result<void> refuse_unheld_limits(const policy::Limits& limits, Use use) {
  constexpr std::array<std::string_view, 14> kHeld{"memory",
                                                   "cpu.time",
                                                   "cpu.fuel",
                                                   "cpu.share",
                                                   "cpu.weight",
                                                   "wall",
                                                   "storage",
                                                   "storage.files",
                                                   "network.rate",
                                                   "network.connections",
                                                   "network.connection-rate",
                                                   "network.daily",
                                                   "compile.memory",
                                                   "compile.time"};
  for (const policy::LimitName& limit : policy::limit_names()) {
    if (std::ranges::find(kHeld, limit.name) != kHeld.end()) continue;
    if (use == Use::kServed && limit.name == "instances") continue;
    if (policy::limit_text(limits, limit.name)) {
      return fail(
          ErrorCode::kUnsupported,
          fmt::format("the limit '{}' is not enforced by this berth yet, so the module is not started: "
                      "leave it out, or limit {}",
                      limit.name, fmt::join(kHeld, ", ")));
    }
  }
  return {};
}

/// The CID of a rule in the form in which it is asked about; wildcards and names stay.
Result<void> settle_cid(std::string& content, const Grant& grant) {
  if (!content.starts_with("ipfs://") || content.ends_with("://*")) return {};
  auto target = content::read_target(content);
  if (!target)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the grant '{}' ({}) names no content: {}", policy::to_text(grant), grant.source,
                            target.error().message));
  content = std::move(target->text);
  return {};
}

Result<void> settle_cids(Grant& grant) {
  const Grant written = grant;
  if (auto* files = std::get_if<FilesGrant>(&grant.extent)) return settle_cid(files->content, written);
  if (auto* content = std::get_if<policy::ContentGrant>(&grant.extent)) {
    // One that is none opens nothing, and keeps no other from doing so.
    Result<void> settled;
    for (policy::ContentRule& rule : content->rules) {
      auto one = settle_cid(rule.what, written);
      if (!one && settled) settled = std::move(one);
    }
    std::ranges::sort(content->rules);
    content->rules.erase(std::ranges::unique(content->rules).begin(), content->rules.end());
    return settled;
  }
  return {};
}

Result<void> give(const Grant& grant, engine::Guest& guest) {
  if (const auto* files = std::get_if<FilesGrant>(&grant.extent)) {
    for (const engine::Folder& other : guest.folders) {
      if (other.guest_path == files->guest_path) {
        return fail(
            ErrorCode::kInvalidArgument,
            fmt::format(
                "'{}' ({}) is a second grant that gives the guest '{}': give one of them another path",
                policy::to_text(grant), grant.source, files->guest_path));
      }
    }
    guest.folders.push_back({.host_path = files->host_path,
                             .content = files->content,
                             .guest_path = files->guest_path,
                             .writable = files->access == policy::Access::kReadWrite});
    return {};
  }
  if (const auto* env = std::get_if<policy::EnvGrant>(&grant.extent)) {
    if (env->kind == policy::EnvValue::kGiven) {
      guest.env.emplace_back(env->name, env->value);
    } else if (auto value = environment(env->name.c_str())) {
      guest.env.emplace_back(env->name, std::move(*value));
    }
    return {};
  }
  if (const auto* stdio = std::get_if<policy::StdioGrant>(&grant.extent)) {
    guest.stdin_open |= stdio->in;
    guest.stdout_open |= stdio->out;
    guest.stderr_open |= stdio->err;
    return {};
  }
  if (const auto* socket = std::get_if<policy::SocketOutGrant>(&grant.extent)) {
    const policy::HostPattern& host = socket->endpoint.host;
    if (host.kind == policy::HostKind::kName) guest.names.push_back(host.name);
    return {};
  }
  // The engine asks about each use of these.
  if (std::holds_alternative<policy::HttpOutGrant>(grant.extent) ||
      std::holds_alternative<policy::SocketInGrant>(grant.extent) ||
      std::holds_alternative<policy::DnsGrant>(grant.extent) ||
      std::holds_alternative<policy::ContentGrant>(grant.extent) ||
      std::holds_alternative<policy::ActivityGrant>(grant.extent)) {
    return {};
  }
  return fail(
      ErrorCode::kUnsupported,
      fmt::format("the grant '{}' ({}) can't be given by this berth yet: it offers files, env, stdio, "
                  "http.out, socket.out, socket.in, dns, content and activity",
                  policy::to_text(grant), grant.source));
}

}  // namespace

MemoryShares share_memory(uint64_t limit_bytes) {
  MemoryShares shares{.handles = std::clamp<uint64_t>(limit_bytes >> 16, 128, 10'000),
                      .host_buffer_bytes = std::clamp<uint64_t>(limit_bytes >> 4, 256 << 10, 16 << 20)};
  shares.guest_bytes = limit_bytes - std::min(limit_bytes, shares.reserve_bytes());
  return shares;
}

Result<void> anchor(policy::Policy& policy, const std::string& base_folder) {
  for (Grant& grant : policy.grants) {
    BERTH_TRY_VOID(settle_cids(grant));
    auto* files = std::get_if<FilesGrant>(&grant.extent);
    if (files == nullptr || !files->volume.empty() || !files->content.empty()) continue;
    std::error_code error;
    const fs::path path = fs::canonical(fs::path(base_folder) / files->host_path, error);
    if (error) {
      return fail(
          error == std::errc::no_such_file_or_directory ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
          fmt::format("the folder '{}' of the grant '{}' ({}) can't be opened: {}; make it, or correct "
                      "the grant",
                      files->host_path, policy::to_text(grant), grant.source, error.message()));
    }
    if (!fs::is_directory(path, error)) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("'{}' of the grant '{}' ({}) is not a folder: grant the folder that it is in",
                              files->host_path, policy::to_text(grant), grant.source));
    }
    files->host_path = path.string();
  }
  return {};
}

void anchor(policy::Bounds& bounds, const std::string& base_folder) {
  if (!bounds.grants) return;
  settle_content(bounds);
  for (Grant& grant : *bounds.grants) {
    auto* files = std::get_if<FilesGrant>(&grant.extent);
    if (files == nullptr || !files->volume.empty() || !files->content.empty() || files->host_path == "*")
      continue;
    std::error_code error;
    const fs::path path = fs::weakly_canonical(fs::path(base_folder) / files->host_path, error);
    if (!error) files->host_path = path.string();
  }
}

void settle_content(policy::Bounds& bounds) {
  if (!bounds.grants) return;
  for (Grant& grant : *bounds.grants) std::ignore = settle_cids(grant);
}

Result<engine::Guest> guest_for(const policy::Policy& policy, Use use) {
  BERTH_TRY_VOID(refuse_unheld_limits(policy.limits, use));
  const uint64_t memory = policy.limits.memory_bytes.value_or(kDefaultMemoryBytes);
  if (memory < kLeastMemoryBytes) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("a memory limit of {} is less than a guest's handles and buffers take: give {} or more",
                    format_bytes(memory), exact_bytes(kLeastMemoryBytes)));
  }
  const MemoryShares shares = share_memory(memory);
  engine::Guest guest;
  guest.handles = shares.handles;
  guest.host_buffer_bytes = shares.host_buffer_bytes;
  guest.cpu_time = policy.limits.cpu_time;
  guest.wall = policy.limits.wall;
  guest.fuel = policy.limits.cpu_fuel;
  for (const Grant& grant : policy.grants) BERTH_TRY_VOID(give(grant, guest));
  guest.phantom = std::ranges::none_of(guest.folders,
                                       [](const engine::Folder& folder) { return folder.guest_path == "/"; });
  return guest;
}

}  // namespace berth::host
