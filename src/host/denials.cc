// SPDX-License-Identifier: Apache-2.0
#include "host/denials.h"

#include <algorithm>
#include <filesystem>

namespace berth::host {
namespace {

using engine::Knock;
using policy::Capability;
using policy::Reason;

Capability capability_of(Knock::Door door) {
  switch (door) {
    case Knock::Door::kFiles:
      return Capability::kFiles;
    case Knock::Door::kHttpOut:
      return Capability::kHttpOut;
    case Knock::Door::kSocketOut:
      return Capability::kSocketOut;
    case Knock::Door::kSocketIn:
      return Capability::kSocketIn;
    case Knock::Door::kDns:
      return Capability::kDns;
    case Knock::Door::kContent:
      return Capability::kContent;
    case Knock::Door::kActivity:
      return Capability::kActivity;
  }
  return Capability::kFiles;
}

Reason reason_of(Knock::Cause cause) {
  switch (cause) {
    case Knock::Cause::kNoGrant:
      return Reason::kNoGrant;
    case Knock::Cause::kReadOnly:
      return Reason::kReadOnly;
    case Knock::Cause::kEscape:
      return Reason::kEscape;
    case Knock::Cause::kSpecialFile:
      return Reason::kSpecialFile;
    case Knock::Cause::kCrossGrant:
      return Reason::kCrossGrant;
    case Knock::Cause::kAsk:
      return Reason::kAsk;
    case Knock::Cause::kNoModule:
      return Reason::kNoModule;
  }
  return Reason::kNoGrant;
}

bool only_looks(std::string_view operation) {
  return operation == "open-read" || operation == "stat" || operation == "readlink";
}

/// A folder is told from a file by its last slash, as the policy reads it; only this machine knows which it
/// is.
std::string as_folder_if_one(policy::Capability capability, const std::string& target) {
  std::error_code error;
  const bool folder = capability == Capability::kFiles && !target.ends_with('/') && target.starts_with('/') &&
                      std::filesystem::is_directory(target, error);
  return folder ? target + "/" : target;
}

/// Programs look for optional files all the time. A look for what isn't here, or at a folder on the way to a
/// granted one, would have told the guest nothing new.
bool is_probe(const policy::Policy& policy, const policy::Knock& knock) {
  if (knock.capability != Capability::kFiles || knock.reason != Reason::kNoGrant) return false;
  if (!only_looks(knock.operation)) return false;
  const std::string path = std::filesystem::path(knock.target).lexically_normal().string();
  for (const policy::Grant& grant : policy.grants) {
    const auto* files = std::get_if<policy::FilesGrant>(&grant.extent);
    if (files != nullptr && policy::path_lies_in(path, files->guest_path)) return true;
  }
  std::error_code error;
  return !std::filesystem::exists(std::filesystem::symlink_status(path, error));
}

}  // namespace

policy::Knock knock_of(const Knock& knock) {
  return {.capability = capability_of(knock.door),
          .operation = std::string(knock.operation),
          .target = std::string(knock.target),
          .method = std::string(knock.method),
          .resolved_to = std::string(knock.resolved_to),
          .resolved_from = std::string(knock.resolved_from),
          .reason = reason_of(knock.cause)};
}

bool Denials::ask(const Knock& knock) noexcept {
  try {
    const policy::Knock asked = knock_of(knock);
    policy::Verdict verdict;
    if (asked.reason == Reason::kAsk) {
      verdict = policy::decide(policy_, asked);
      if (verdict.decision == policy::Decision::kAllow) return true;
    }
    if (!knock.quiet) record(asked, verdict);
  } catch (...) {
    // Out of memory: the refusal stands, its entry is lost.
  }
  return false;
}

void Denials::record(const policy::Knock& knock, const policy::Verdict& verdict) {
  Key key{.capability = knock.capability,
          .operation = knock.operation,
          .target = policy::public_target(knock).substr(0, kLongestTarget),
          .method = knock.method.substr(0, kLongestTarget),
          .resolved_to = knock.resolved_to};
  total_.fetch_add(1);
  const std::lock_guard guard(lock_);
  const auto found = seen_.find(key);
  if (found != seen_.end()) {
    ++found->second.count;
  } else if (seen_.size() < kMostEntries) {
    seen_.emplace(std::move(key), Seen{.order = seen_.size(),
                                       .count = 1,
                                       .resolved_from = knock.resolved_from.substr(0, kLongestTarget),
                                       .reason = knock.reason,
                                       .verdict = verdict});
  } else {
    ++unlisted_;
  }
}

std::vector<Denial> Denials::collect() const {
  const std::lock_guard guard(lock_);
  std::vector<std::pair<size_t, Denial>> ordered;
  for (const auto& [key, seen] : seen_) {
    const policy::Knock knock{.capability = key.capability,
                              .operation = key.operation,
                              .target = as_folder_if_one(key.capability, key.target),
                              .method = key.method,
                              .resolved_to = key.resolved_to,
                              .resolved_from = seen.resolved_from,
                              .reason = seen.reason};
    const bool decided = seen.reason == Reason::kAsk;
    const policy::Verdict verdict = decided ? seen.verdict : policy::decide(policy_, knock);
    ordered.emplace_back(seen.order,
                         Denial{.capability = std::string(capability_name(key.capability)),
                                .operation = key.operation,
                                .target = key.target,
                                .method = key.method,
                                .rule = verdict.rule,
                                .suggestion = verdict.suggestion,
                                .line = policy::explain(knock, verdict),
                                .count = seen.count,
                                .party = verdict.party,
                                .probe = verdict.party == policy::Party::kAsker && is_probe(policy_, knock),
                                .knock = knock});
  }
  std::ranges::sort(ordered, {}, [](const auto& entry) { return entry.first; });
  std::vector<Denial> denials;
  for (auto& [order, denial] : ordered) denials.push_back(std::move(denial));
  return denials;
}

uint64_t Denials::unlisted() const {
  const std::lock_guard guard(lock_);
  return unlisted_;
}

}  // namespace berth::host
