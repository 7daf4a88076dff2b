// SPDX-License-Identifier: Apache-2.0
#include "host/storage.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"
#include "host/advice.h"
#include "policy/files.h"

namespace berth::host {
namespace {

using policy::FilesGrant;

constexpr uint64_t kBytesForFile = 4096;
constexpr uint64_t kLeastFiles = 1000;

bool binds(const engine::Quota& quota) {
  return quota.bytes || quota.files;
}

bool is_writable(const FilesGrant& grant) {
  return grant.access == policy::Access::kReadWrite;
}

/// A file in two folders would count twice, or be written to without being counted.
Result<void> refuse_overlaps(const std::vector<FolderUse>& counted, const policy::Policy& policy) {
  for (const FolderUse& folder : counted) {
    for (const policy::Grant& grant : policy.grants) {
      const auto* other = std::get_if<FilesGrant>(&grant.extent);
      if (other == nullptr || !is_writable(*other) || other->guest_path == folder.guest_path) continue;
      if (!policy::path_lies_in(folder.host_path, other->host_path) &&
          !policy::path_lies_in(other->host_path, folder.host_path)) {
        continue;
      }
      return fail(
          ErrorCode::kInvalidArgument,
          fmt::format("'{}' and '{}' overlap, so what is stored in them can't be counted apart: grant one of "
                      "them read-only, or leave it out",
                      folder.host_path, other->host_path));
    }
  }
  return {};
}

/// "1 MiB of 1 MiB and 12 of 1000 files are stored".
std::string stored_text(const StorageUse& use) {
  std::string text = format_bytes(use.stored.bytes);
  if (use.quota.bytes) text += " of " + format_bytes(*use.quota.bytes);
  text += fmt::format(" and {}", use.stored.files);
  if (use.quota.files) text += fmt::format(" of {}", *use.quota.files);
  return text + " files are stored";
}

}  // namespace

uint64_t files_for(uint64_t bytes) {
  return kLeastFiles + bytes / kBytesForFile;
}

engine::Quota quota_of(std::optional<uint64_t> bytes, std::optional<uint64_t> files) {
  if (bytes && !files) files = files_for(*bytes);
  return {.bytes = bytes, .files = files};
}

Result<std::unique_ptr<Storage>> Storage::open(const policy::Policy& policy) {
  std::unique_ptr<Storage> storage(new Storage);
  storage->total_ = quota_of(policy.limits.storage_bytes, policy.limits.storage_files);
  std::vector<engine::Account> accounts;
  for (const policy::Grant& grant : policy.grants) {
    const auto* files = std::get_if<FilesGrant>(&grant.extent);
    if (files == nullptr || !is_writable(*files)) continue;
    const engine::Quota quota = quota_of(files->quota_bytes, files->quota_files);
    if (!binds(storage->total_) && !binds(quota)) continue;
    accounts.push_back({.host_path = files->host_path, .quota = quota});
    storage->folders_.push_back({{.quota = quota, .stored = {}}, files->host_path, files->guest_path});
  }
  if (accounts.empty()) return nullptr;
  BERTH_TRY_VOID(refuse_overlaps(storage->folders_, policy));
  storage->ledger_ = BERTH_TRY(engine::Ledger::open(accounts, storage->total_));
  return storage;
}

void Storage::lend(engine::Guest& guest) const {
  for (engine::Folder& folder : guest.folders) {
    const auto counted = std::ranges::find(folders_, folder.guest_path, &FolderUse::guest_path);
    if (counted == folders_.end()) continue;
    folder.ledger = ledger_.get();
    folder.account = static_cast<size_t>(counted - folders_.begin());
  }
}

StorageReport Storage::report() const {
  StorageReport report{.total = {.quota = total_, .stored = ledger_->total()}, .folders = folders_};
  for (size_t i = 0; i < folders_.size(); ++i) report.folders[i].stored = ledger_->account(i);
  return report;
}

std::vector<std::string> explain_storage(const StorageReport& report, const policy::Effective& effective) {
  const auto line = [](const std::string& where, uint64_t refused, const StorageUse& use,
                       const std::string& raise) {
    return fmt::format("limit: storage: there was no room{}, {}: {}; {}", where, times(refused),
                       stored_text(use), raise);
  };
  std::vector<std::string> lines;
  for (const FolderUse& folder : report.folders) {
    const auto& [bytes, files] = folder.quota;
    const std::string where = fmt::format(" in '{}'", folder.guest_path);
    const auto raised = [](const std::string& option) {
      return fmt::format("raise it with '{}' in its grant", option);
    };
    if (bytes && folder.stored.refused_bytes > 0)
      lines.push_back(
          line(where, folder.stored.refused_bytes, folder, raised("quota=" + exact_bytes(2 * *bytes))));
    if (files && folder.stored.refused_files > 0)
      lines.push_back(
          line(where, folder.stored.refused_files, folder, raised(fmt::format("files={}", 2 * *files))));
  }
  if (!lines.empty()) return lines;
  const auto raised = [&](std::string_view name, const std::string& more) {
    return raised_to(effective, name, more);
  };
  const auto& [bytes, files] = report.total.quota;
  const engine::Stored& stored = report.total.stored;
  if (bytes && stored.refused_bytes > 0)
    lines.push_back(line("", stored.refused_bytes, report.total, raised("storage", exact_bytes(2 * *bytes))));
  if (files && stored.refused_files > 0)
    lines.push_back(
        line("", stored.refused_files, report.total, raised("storage.files", fmt::format("{}", 2 * *files))));
  return lines;
}

}  // namespace berth::host
