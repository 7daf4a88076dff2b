// SPDX-License-Identifier: Apache-2.0
#pragma once
// The files of a watched folder, and when each is to be taken: one that was renamed into the folder at once,
// any other when nobody writes to it any more and it has stayed as it is for a while. What is empty isn't
// taken.
//
// Looks at no file and no clock: it is told. One thread.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/os/folder_changes.h"

namespace berth::embed {

class WatchedFiles {
 public:
  using Clock = std::chrono::steady_clock;

  /// What changes with a file.
  struct Stamp {
    uint64_t inode = 0;
    uint64_t bytes = 0;
    int64_t written_ns = 0;

    bool operator==(const Stamp&) const = default;
  };
  struct Seen {
    Stamp stamp;
    Clock::duration age{0};  // since it was last written
  };

  explicit WatchedFiles(std::chrono::milliseconds settle) : settle_(settle) {}

  /// What the system tells, before the look that follows it.
  void heard(const FolderChanges::Change& change, Clock::time_point now);

  /// What lies in the folder.
  void seen(const std::map<std::string, Seen>& files, Clock::time_point now);

  struct Due {
    std::string name;
    Stamp stamp;
  };
  /// To be taken now, in the order of their names.
  std::vector<Due> due(Clock::time_point now) const;

  /// It isn't due any more until it changes from this.
  void taken(const std::string& name, const Stamp& stamp);
  /// It is, as it lies there.
  void again(const std::string& name);

  /// That are missing for long enough; nothing is known of them afterwards.
  std::vector<std::string> gone(Clock::time_point now);

  /// When there may be more of either without any change.
  std::optional<Clock::time_point> next() const;

 private:
  struct File {
    std::optional<Stamp> stamp;
    Clock::time_point since;  // it is as it is, or is missing
    bool written = false;     // and not closed since
    bool whole = false;
    bool missing = false;
    std::optional<Stamp> taken;
  };
  bool waits(const File& file) const;

  const std::chrono::milliseconds settle_;
  std::map<std::string, File> files_;
};

}  // namespace berth::embed
