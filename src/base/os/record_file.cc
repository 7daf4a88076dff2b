// SPDX-License-Identifier: Apache-2.0
#include "base/os/record_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace berth {

Result<RecordFile> RecordFile::open(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.opened()) {
    return fail(ErrorCode::kUnavailable, fmt::format("opening '{}': {}", path, std::strerror(errno)));
  }
  return RecordFile(std::move(file));
}

bool RecordFile::lock() noexcept {
  while (::flock(file_.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

void RecordFile::unlock() noexcept {
  ::flock(file_.get(), LOCK_UN);
}

std::optional<size_t> RecordFile::read(std::span<char> into) noexcept {
  size_t filled = 0;
  while (filled < into.size()) {
    const ssize_t got =
        ::pread(file_.get(), into.data() + filled, into.size() - filled, static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  return filled;
}

bool RecordFile::write(std::span<const char> record) noexcept {
  size_t done = 0;
  while (done < record.size()) {
    const ssize_t written =
        ::pwrite(file_.get(), record.data() + done, record.size() - done, static_cast<off_t>(done));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    done += static_cast<size_t>(written);
  }
  return true;
}

}  // namespace berth
