// SPDX-License-Identifier: Apache-2.0
#include "base/os/folder_changes.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace berth {
namespace {

constexpr uint32_t kFollowed = IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO |
                               IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr uint32_t kFolderItself = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED;

FolderChanges::Change::Kind kind_of(uint32_t mask) {
  using Kind = FolderChanges::Change::Kind;
  if ((mask & (IN_Q_OVERFLOW | kFolderItself)) != 0) return Kind::kLost;
  if ((mask & IN_MOVED_TO) != 0) return Kind::kMovedIn;
  if ((mask & IN_CLOSE_WRITE) != 0) return Kind::kClosed;
  if ((mask & IN_MODIFY) != 0) return Kind::kWritten;
  return Kind::kOther;
}

}  // namespace

Result<std::unique_ptr<FolderChanges>> FolderChanges::create() {
  Descriptor events(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  Descriptor woken(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!events.opened() || !woken.opened()) {
    return fail(ErrorCode::kUnavailable,
                std::string("changes of a folder can't be followed: ") + std::strerror(errno) +
                    "; raise fs.inotify.max_user_instances or the limit of open files");
  }
  return std::unique_ptr<FolderChanges>(new FolderChanges(std::move(events), std::move(woken)));
}

bool FolderChanges::follow(const std::string& folder) {
  if (followed_ >= 0) ::inotify_rm_watch(events_.get(), followed_);
  followed_ = ::inotify_add_watch(events_.get(), folder.c_str(), kFollowed);
  return followed_ >= 0;
}

std::vector<FolderChanges::Change> FolderChanges::wait(std::chrono::milliseconds longest) {
  std::array<pollfd, 2> files{{{.fd = events_.get(), .events = POLLIN, .revents = 0},
                               {.fd = woken_.get(), .events = POLLIN, .revents = 0}}};
  const auto timeout = std::clamp<std::chrono::milliseconds::rep>(longest.count(), 0, INT32_MAX);
  if (::poll(files.data(), files.size(), static_cast<int>(timeout)) <= 0) return {};
  uint64_t times = 0;
  std::ignore = ::read(woken_.get(), &times, sizeof times);
  return read();
}

std::vector<FolderChanges::Change> FolderChanges::read() {
  std::vector<Change> changes;
  alignas(inotify_event) std::array<char, 16 << 10> buffer;
  for (;;) {
    const ssize_t got = ::read(events_.get(), buffer.data(), buffer.size());
    if (got <= 0) return changes;
    const auto bytes = static_cast<size_t>(got);
    for (size_t at = 0; at + sizeof(inotify_event) <= bytes;) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* const name = buffer.data() + at + sizeof event;
      at += sizeof event + event.len;
      // What was still to be told of the folder that was followed before.
      const bool stale = event.wd != followed_ && (event.mask & IN_Q_OVERFLOW) == 0;
      if (!stale) {
        changes.push_back(
            {.kind = kind_of(event.mask), .name = std::string(name, ::strnlen(name, event.len))});
      }
    }
  }
}

void FolderChanges::wake() noexcept {
  const uint64_t once = 1;
  std::ignore = ::write(woken_.get(), &once, sizeof once);
}

}  // namespace berth
