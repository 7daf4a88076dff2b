// SPDX-License-Identifier: Apache-2.0
#include "host/volumes.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string_view>

#include "base/os/file.h"
#include "policy/files.h"
#include "policy/nearest.h"
#include "policy/printable.h"

namespace berth::host {
namespace {

namespace fs = std::filesystem;
using policy::FilesGrant;

constexpr int kTries = 3;
/// What is being removed: its name is free at once, and what a kill leaves of it goes with the next removal.
constexpr std::string_view kRemoved = ".removed.";

/// Compared with anchored host paths: free of links as far as it is there.
std::string volumes_folder(const std::string& state_folder) {
  std::error_code error;
  const fs::path folder = fs::absolute(fs::path(state_folder) / "volumes", error).lexically_normal();
  const fs::path real = fs::weakly_canonical(folder, error);
  return error ? folder.string() : real.string();
}

std::string data_of(const std::string& place) {
  return place + "/data";
}

Error being_removed(const std::string& name) {
  return {.code = ErrorCode::kUnavailable,
          .message = fmt::format("the volume '{}' is just being removed; try again", name)};
}

int64_t changed_unix_seconds(const std::string& path) {
  std::error_code error;
  const auto time = fs::last_write_time(path, error);
  if (error) return 0;
  const auto since = std::chrono::file_clock::to_sys(time).time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since).count();
}

}  // namespace

Volumes::Volumes(const std::string& state_folder)
    : state_folder_(state_folder), folder_(volumes_folder(state_folder)) {}

std::vector<std::string> Volumes::names() const {
  std::vector<std::string> names;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder_, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::string name = entry->path().filename().string();
    std::error_code ignored;
    if (policy::is_volume_name(name) && fs::is_directory(data_of(place_of(name)), ignored))
      names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

Error Volumes::not_there(const std::string& name) const {
  const std::vector<std::string> there = names();
  if (there.empty())
    return {.code = ErrorCode::kNotFound,
            .message = fmt::format("there is no volume {}, and no other", policy::quoted(name))};
  const std::vector<std::string_view> known(there.begin(), there.end());
  return {.code = ErrorCode::kNotFound,
          .message = fmt::format("there is no volume {}{}", policy::quoted(name),
                                 policy::did_you_mean(name, known))};
}

/// Makes what is to be written to, and locks it.
Result<FolderLock> Volumes::hold(const FilesGrant& grant) const {
  const std::string place = place_of(grant.volume);
  const bool makes = grant.access == policy::Access::kReadWrite;
  if (makes) {
    // Whoever may read the state folder, the volumes in it are closed.
    std::ignore = make_private_folder(state_folder_);
    BERTH_TRY_VOID(make_private_folder(folder_));
  }
  for (int tries = 0; tries < kTries; ++tries) {
    std::error_code error;
    const bool there = fs::is_directory(fs::symlink_status(data_of(place), error));
    if (!makes && !there) {
      Error missing = not_there(grant.volume);
      missing.message += "; it is made when a module may write to it, ':rw'";
      return std::unexpected(std::move(missing));
    }
    BERTH_TRY_VOID(make_private_folder(place));
    auto lock = FolderLock::take(place, FolderLock::Kind::kShared);
    if (!lock && lock.error().code == ErrorCode::kNotFound) continue;  // removed since
    if (!lock) return std::unexpected(lock.error());
    if (!*lock) break;
    BERTH_TRY_VOID(make_private_folder(data_of(place)));
    fs::last_write_time(place, fs::file_time_type::clock::now(), error);
    return std::move(**lock);
  }
  return std::unexpected(being_removed(grant.volume));
}

Result<std::vector<FolderLock>> Volumes::open(policy::Policy& policy) const {
  std::vector<FolderLock> locks;
  for (policy::Grant& grant : policy.grants) {
    auto* const files = std::get_if<FilesGrant>(&grant.extent);
    if (files == nullptr) continue;
    if (!files->volume.empty()) {
      locks.push_back(BERTH_TRY(hold(*files)));
      files->host_path = data_of(place_of(files->volume));
    } else if (policy::path_lies_in(folder_, files->host_path)) {
      return fail(
          ErrorCode::kInvalidArgument,
          fmt::format("'{}' of the grant '{}' ({}) lies among berth's volumes: grant one by its name, "
                      "as in 'files @notes'",
                      files->host_path, policy::to_text(grant), grant.source));
    }
  }
  return locks;
}

std::vector<std::string> Volumes::shown_by(const policy::Policy& policy) const {
  std::vector<std::string> lines;
  if (names().empty()) return lines;
  for (const policy::Grant& grant : policy.grants) {
    const auto* const files = std::get_if<FilesGrant>(&grant.extent);
    const bool shows =
        files != nullptr && files->volume.empty() && policy::path_lies_in(files->host_path, folder_);
    if (!shows) continue;
    const bool writes = files->access == policy::Access::kReadWrite;
    lines.push_back(fmt::format("'{}' lets the module {} all volumes of other modules too: they lie in '{}'",
                                policy::to_text(grant), writes ? "read and write" : "read", folder_));
  }
  return lines;
}

Result<std::vector<Volume>> Volumes::list() const {
  std::vector<Volume> volumes;
  for (const std::string& name : names()) {
    const std::string place = place_of(name);
    bool in_use = false;
    {
      // Held for no longer than this: a run may want it.
      const auto lock = FolderLock::take(place, FolderLock::Kind::kExclusive);
      if (!lock && lock.error().code == ErrorCode::kNotFound) continue;
      if (!lock) return std::unexpected(lock.error());
      in_use = !lock->has_value();
    }
    const auto size = measure_tree(data_of(place));
    volumes.push_back({.name = name,
                       .path = data_of(place),
                       .size = size ? std::optional(*size) : std::nullopt,
                       .used_unix_seconds = changed_unix_seconds(place),
                       .in_use = in_use});
  }
  return volumes;
}

void Volumes::sweep() const {
  std::vector<std::string> left;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder_, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    if (entry->path().filename().string().starts_with(kRemoved)) left.push_back(entry->path().string());
  }
  for (const std::string& path : left) std::ignore = remove_tree(path);
}

Result<void> Volumes::remove(const std::vector<std::string>& names) const {
  std::vector<FolderLock> locks;
  for (const std::string& name : names) {
    std::error_code error;
    const bool there = policy::is_volume_name(name) && fs::is_directory(data_of(place_of(name)), error);
    if (!there) return std::unexpected(not_there(name));
    auto lock = BERTH_TRY(FolderLock::take(place_of(name), FolderLock::Kind::kExclusive));
    if (!lock) {
      return fail(
          ErrorCode::kUnavailable,
          fmt::format("the volume '{}' is in use by a module: wait until that has ended, or end it", name));
    }
    locks.push_back(std::move(*lock));
  }
  sweep();
  for (const std::string& name : names) {
    const std::string aside = fmt::format("{}/{}{}", folder_, kRemoved, name);
    std::error_code error;
    fs::rename(place_of(name), aside, error);
    if (error) {
      return fail(ErrorCode::kUnavailable,
                  fmt::format("removing the volume '{}': {}", name, error.message()));
    }
    BERTH_TRY_VOID(remove_tree(aside));
  }
  return {};
}

}  // namespace berth::host
