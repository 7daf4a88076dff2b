// SPDX-License-Identifier: Apache-2.0
#include "policy/decide_files.h"

#include <algorithm>
#include <array>

#include "policy/verdict.h"

namespace berth::policy {
namespace {

constexpr std::string_view kEscapes = "the path leads out of its grant, by '..' or by a link";

const Grant* covering_grant(const Policy& policy, std::string_view path) {
  const Grant* best = nullptr;
  const FilesGrant* best_extent = nullptr;
  for (const Grant& grant : policy.grants) {
    const auto* extent = std::get_if<FilesGrant>(&grant.extent);
    if (extent == nullptr || !path_lies_in(extent->guest_path, path)) continue;
    bool longer = best == nullptr || extent->guest_path.size() > best_extent->guest_path.size();
    bool wider =
        !longer && extent->guest_path == best_extent->guest_path && extent->access > best_extent->access;
    if (longer || wider) {
      best = &grant;
      best_extent = extent;
    }
  }
  return best;
}

/// The folder to grant for a path: the path itself where it is one, else its parent.
std::string folder_of(const Knock& knock, const std::string& path) {
  if (knock.operation == "list" || knock.target.ends_with('/')) return path;
  size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// The folder, from the same place on the host; the guest's `/` is the folder that berth was started in,
/// never the whole machine.
std::string suggested_grant(const Knock& knock, const std::string& path) {
  std::string folder = folder_of(knock, path);
  bool relative = !knock.target.starts_with('/');
  std::string host = folder == "/" ? "." : relative ? "." + folder : folder;
  Access access = only_reads(knock.operation) ? Access::kReadOnly : Access::kReadWrite;
  return grant_text(Capability::kFiles,
                    FilesGrant{.host_path = host, .guest_path = folder, .access = access});
}

Verdict read_only(const Grant& grant) {
  FilesGrant wider = std::get<FilesGrant>(grant.extent);
  if (!wider.content.empty()) return denied(cited(grant) + " is content, which nobody can change", "");
  wider.access = Access::kReadWrite;
  return denied(cited(grant) + " only lets read", grant_text(Capability::kFiles, wider));
}

}  // namespace

bool only_reads(std::string_view operation) {
  constexpr std::array<std::string_view, 5> kReads{"open-read", "read", "list", "stat", "readlink"};
  return std::ranges::find(kReads, operation) != kReads.end();
}

Verdict decide_files(const Policy& policy, const Knock& knock) {
  auto path = resolved_path(knock.target);
  if (!path || knock.reason == Reason::kEscape) return denied(std::string(kEscapes), "");
  if (knock.reason == Reason::kSpecialFile) return denied("devices, sockets and pipes are never opened", "");
  if (knock.reason == Reason::kCrossGrant)
    return denied("it would move or link from one grant into another", "");
  const Grant* grant = covering_grant(policy, *path);
  if (knock.reason == Reason::kHostRefused) {
    std::string who = grant == nullptr ? "a grant" : cited(*grant);
    return denied(who + " covers it, but the operating system refused: see who may use the file", "");
  }
  if (grant == nullptr || knock.reason == Reason::kNoGrant) {
    return denied(std::string(kNothingCovers), suggested_grant(knock, *path));
  }
  bool lets_write = std::get<FilesGrant>(grant->extent).access == Access::kReadWrite;
  if (knock.reason == Reason::kReadOnly || (!lets_write && !only_reads(knock.operation)))
    return read_only(*grant);
  return allowed_by(*grant);
}

}  // namespace berth::policy
