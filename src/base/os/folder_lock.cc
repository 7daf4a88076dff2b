// SPDX-License-Identifier: Apache-2.0
#include "base/os/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

namespace berth {
namespace {

// Who only looks whether a lock is held has it for a moment.
constexpr int kTries = 5;
constexpr std::chrono::milliseconds kBetweenTries{10};

std::unexpected<Error> os_error(const std::string& path, int error) {
  const ErrorCode code = error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kUnavailable;
  return fail(code, fmt::format("locking the folder '{}': {}", path, std::strerror(error)));
}

bool leads_to(const std::string& path, int folder) {
  struct stat by_path = {};
  struct stat itself = {};
  return ::lstat(path.c_str(), &by_path) == 0 && ::fstat(folder, &itself) == 0 &&
         by_path.st_dev == itself.st_dev && by_path.st_ino == itself.st_ino;
}

}  // namespace

Result<std::optional<FolderLock>> FolderLock::take(const std::string& path, Kind kind) {
  Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder.opened()) return os_error(path, errno);
  const int how = (kind == Kind::kShared ? LOCK_SH : LOCK_EX) | LOCK_NB;
  for (int tries = 1; ::flock(folder.get(), how) != 0; ++tries) {
    if (errno != EWOULDBLOCK && errno != EINTR) return os_error(path, errno);
    if (tries == kTries) return std::nullopt;
    std::this_thread::sleep_for(kBetweenTries);
  }
  // Somebody may have removed it, or put another one in its place, before it was locked.
  if (!leads_to(path, folder.get())) return os_error(path, ENOENT);
  return FolderLock(std::move(folder));
}

}  // namespace berth
