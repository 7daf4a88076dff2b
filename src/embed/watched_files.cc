// SPDX-License-Identifier: Apache-2.0
#include "embed/watched_files.h"

#include <algorithm>

namespace berth::embed {

void WatchedFiles::heard(const FolderChanges::Change& change, Clock::time_point now) {
  using Kind = FolderChanges::Change::Kind;
  if (change.kind == Kind::kLost) {
    for (auto& [name, file] : files_) file.written = false;
    return;
  }
  if (change.kind == Kind::kOther) return;
  File& file = files_.try_emplace(change.name, File{.stamp = std::nullopt, .since = now}).first->second;
  file.since = now;
  file.written = change.kind == Kind::kWritten;
  file.whole = change.kind == Kind::kMovedIn;
  // Two writes may leave the same stamp.
  file.taken.reset();
  if (file.whole) file.stamp.reset();
}

void WatchedFiles::seen(const std::map<std::string, Seen>& files, Clock::time_point now) {
  for (const auto& [name, seen] : files) {
    const auto [at, is_new] = files_.try_emplace(name, File{.stamp = std::nullopt, .since = now - seen.age});
    File& file = at->second;
    file.missing = false;
    if (file.stamp == seen.stamp) continue;
    if (file.stamp) {
      file.whole = false;
      file.since = now;
    }
    file.stamp = seen.stamp;
  }
  for (auto& [name, file] : files_) {
    if (file.missing || files.contains(name)) continue;
    file = File{.stamp = std::nullopt, .since = now, .missing = true, .taken = file.taken};
  }
}

bool WatchedFiles::waits(const File& file) const {
  return !file.missing && !file.written && file.stamp && file.stamp->bytes > 0 && file.stamp != file.taken;
}

std::vector<WatchedFiles::Due> WatchedFiles::due(Clock::time_point now) const {
  std::vector<Due> due;
  for (const auto& [name, file] : files_) {
    const bool settled = file.whole || now - file.since >= settle_;
    if (waits(file) && settled) due.push_back({.name = name, .stamp = *file.stamp});
  }
  return due;
}

void WatchedFiles::taken(const std::string& name, const Stamp& stamp) {
  const auto file = files_.find(name);
  if (file == files_.end()) return;
  file->second.taken = stamp;
  file->second.whole = false;
}

void WatchedFiles::again(const std::string& name) {
  const auto file = files_.find(name);
  if (file != files_.end()) file->second.taken.reset();
}

std::vector<std::string> WatchedFiles::gone(Clock::time_point now) {
  std::vector<std::string> gone;
  for (const auto& [name, file] : files_) {
    if (file.missing && now - file.since >= settle_) gone.push_back(name);
  }
  for (const std::string& name : gone) files_.erase(name);
  return gone;
}

std::optional<WatchedFiles::Clock::time_point> WatchedFiles::next() const {
  std::optional<Clock::time_point> next;
  for (const auto& [name, file] : files_) {
    if (!file.missing && !waits(file)) continue;
    const Clock::time_point at = file.since + settle_;
    if (!next || at < *next) next = at;
  }
  return next;
}

}  // namespace berth::embed
