// SPDX-License-Identifier: Apache-2.0
#pragma once
// A folder that is in use: as many processes as like hold a shared lock of it, or one an exclusive lock. The
// system lets go of a lock with the process, however that ends. Locks bind those who ask for them (`flock`).
//
// POSIX but for `flock`, which every system has. Any thread.

#include <optional>
#include <string>

#include "base/os/descriptor.h"
#include "base/result.h"

namespace berth {

class FolderLock {
 public:
  enum class Kind { kShared, kExclusive };

  /// Nothing when another one's lock stands against it. kNotFound when the folder isn't there, or not any
  /// more once it is locked; a link is no folder.
  static Result<std::optional<FolderLock>> take(const std::string& path, Kind kind);

 private:
  explicit FolderLock(Descriptor folder) : folder_(std::move(folder)) {}

  Descriptor folder_;
};

}  // namespace berth
