// SPDX-License-Identifier: Apache-2.0
#include "base/os/locked_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "base/os/file.h"

namespace berth {
namespace {

constexpr time_t kTouchedAtMostEvery = 60;

std::unexpected<Error> os_error(std::string_view doing, const std::string& path) {
  const ErrorCode code = errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kUnavailable;
  return fail(code, fmt::format("{} '{}': {}", doing, path, std::strerror(errno)));
}

bool leads_to(const std::string& path, int file) {
  struct stat by_path = {};
  struct stat itself = {};
  return ::lstat(path.c_str(), &by_path) == 0 && ::fstat(file, &itself) == 0 &&
         by_path.st_dev == itself.st_dev && by_path.st_ino == itself.st_ino && S_ISREG(itself.st_mode);
}

}  // namespace

Result<std::optional<LockedFile>> LockedFile::locked(const std::string& path, int flags, Lock lock,
                                                     Wait wait) {
  const int how = (lock == Lock::kShared ? LOCK_SH : LOCK_EX) | (wait == Wait::kNo ? LOCK_NB : 0);
  for (;;) {
    Descriptor file(::open(path.c_str(), flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600));
    if (!file.opened()) return os_error("opening", path);
    while (::flock(file.get(), how) != 0) {
      if (errno == EWOULDBLOCK) return std::nullopt;
      if (errno != EINTR) return os_error("locking", path);
    }
    if (leads_to(path, file.get())) return LockedFile(path, std::move(file));
    // Whoever had it has removed it, or given it another name, or it is no file at all.
    struct stat there = {};
    const bool made = (flags & O_CREAT) != 0;
    if (::lstat(path.c_str(), &there) != 0 && !made) return os_error("opening", path);
    if (::lstat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode))
      return fail(ErrorCode::kUnavailable, fmt::format("'{}' is no file: remove it", path));
  }
}

Result<std::optional<LockedFile>> LockedFile::open(const std::string& path, Lock lock, Wait wait) {
  return locked(path, O_RDONLY, lock, wait);
}

Result<std::optional<LockedFile>> LockedFile::make(const std::string& path, Wait wait) {
  return locked(path, O_RDWR | O_CREAT | O_APPEND, Lock::kExclusive, wait);
}

uint64_t LockedFile::size() const {
  struct stat about = {};
  return ::fstat(file_.get(), &about) == 0 ? static_cast<uint64_t>(about.st_size) : 0;
}

Result<size_t> LockedFile::read_at(uint64_t offset, std::span<char> into) const {
  size_t filled = 0;
  while (filled < into.size()) {
    const ssize_t got =
        ::pread(file_.get(), into.data() + filled, into.size() - filled, static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error("reading", path_);
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  return filled;
}

Result<void> LockedFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file_.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return os_error("writing", path_);
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return {};
}

Result<void> LockedFile::truncate(uint64_t size) {
  if (::ftruncate(file_.get(), static_cast<off_t>(size)) != 0) return os_error("writing", path_);
  return {};
}

void LockedFile::write_early() const {
#ifdef __linux__
  ::sync_file_range(file_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
#endif
}

Result<void> LockedFile::sync_file_system() const {
#ifdef __linux__
  if (::syncfs(file_.get()) != 0) return os_error("writing to the disk that has", path_);
#else
  ::sync();
#endif
  return {};
}

Result<void> LockedFile::publish(const std::string& path) {
  if (::fchmod(file_.get(), 0400) != 0 || ::fsync(file_.get()) != 0) return os_error("writing", path_);
  if (::rename(path_.c_str(), path.c_str()) != 0) return os_error("writing", path);
  path_ = path;
  return sync_folder_of(path);
}

Result<void> LockedFile::remove() {
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) return os_error("removing", path_);
  return {};
}

void LockedFile::share() {
  ::flock(file_.get(), LOCK_SH);
}

void LockedFile::touch() const {
  struct stat about = {};
  if (::fstat(file_.get(), &about) != 0 || ::time(nullptr) - about.st_mtime < kTouchedAtMostEvery) return;
  ::futimens(file_.get(), nullptr);
}

}  // namespace berth
