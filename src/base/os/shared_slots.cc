// SPDX-License-Identifier: Apache-2.0
#include "base/os/shared_slots.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>
#include <thread>
#include <vector>

namespace berth {
namespace {

#ifdef F_OFD_SETLK
constexpr int kSetLock = F_OFD_SETLK;
constexpr int kGetLock = F_OFD_GETLK;
#else
constexpr int kSetLock = F_SETLK;
constexpr int kGetLock = F_GETLK;
#endif

/// Where the layout's number stands, before the heading; its first byte is also what `lock` locks.
constexpr size_t kMarkBytes = 64;

size_t size_of(const SlotsShape& shape) {
  return kMarkBytes + shape.heading_bytes + shape.slots * shape.slot_bytes;
}

struct flock region(short type, off_t start, off_t bytes) {
  struct flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = bytes;
  return lock;
}

bool set_lock(int file, short type, off_t start) {
  struct flock lock = region(type, start, 1);
  return ::fcntl(file, kSetLock, &lock) == 0;
}

/// Whether another process holds a lock there; 0 bytes reach to the end.
bool locked_elsewhere(int file, off_t start, off_t bytes) {
  struct flock lock = region(F_WRLCK, start, bytes);
  return ::fcntl(file, kGetLock, &lock) == 0 && lock.l_type != F_UNLCK;
}

std::unexpected<Error> broken(const std::string& path, std::string_view what) {
  return fail(ErrorCode::kUnavailable,
              fmt::format("{} '{}': {}", what, path, std::generic_category().message(errno)));
}

}  // namespace

Result<SharedSlots> SharedSlots::open(const std::string& path, const SlotsShape& shape,
                                      std::chrono::milliseconds patience) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.opened()) return broken(path, "can't open");
  SharedSlots slots(std::move(file), shape, nullptr);
  const Alone alone = BERTH_TRY(slots.lock(patience));
  const int fd = slots.file_.get();
  struct stat status{};
  uint64_t layout = 0;
  const bool read = ::fstat(fd, &status) == 0 && ::pread(fd, &layout, sizeof layout, 0) >= 0;
  if (!read) return broken(path, "can't read");
  const auto size = static_cast<off_t>(size_of(shape));
  if (layout != shape.layout || status.st_size < size) {
    if (slots.any_held()) {
      return fail(ErrorCode::kUnavailable,
                  fmt::format("another version of berth runs modules and keeps '{}': wait until they have "
                              "ended, or end them",
                              path));
    }
    // It never gets shorter: a process may have mapped it that has taken no slot yet. What is new of it is a
    // hole.
    const std::vector<std::byte> zeros(static_cast<size_t>(status.st_size));
    const bool begun = ::pwrite(fd, zeros.data(), zeros.size(), 0) == static_cast<ssize_t>(zeros.size()) &&
                       (status.st_size >= size || ::ftruncate(fd, size) == 0) &&
                       ::pwrite(fd, &shape.layout, sizeof shape.layout, 0) == sizeof shape.layout;
    if (!begun) return broken(path, "can't write");
  }
  void* bytes = ::mmap(nullptr, size_of(shape), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (bytes == MAP_FAILED) return broken(path, "can't map");
  slots.bytes_ = static_cast<std::byte*>(bytes);
  return slots;
}

SharedSlots::SharedSlots(SharedSlots&& other) noexcept
    : file_(std::move(other.file_)), shape_(other.shape_), bytes_(std::exchange(other.bytes_, nullptr)) {}

SharedSlots::~SharedSlots() {
  if (bytes_ != nullptr) ::munmap(bytes_, size_of(shape_));
}

std::byte* SharedSlots::heading() const {
  return bytes_ + kMarkBytes;
}

std::byte* SharedSlots::slot(size_t index) const {
  return bytes_ + place_of(index);
}

off_t SharedSlots::place_of(size_t index) const {
  return static_cast<off_t>(kMarkBytes + shape_.heading_bytes + index * shape_.slot_bytes);
}

SharedSlots::Alone::~Alone() {
  if (file_ >= 0) set_lock(file_, F_UNLCK, 0);
}

Result<SharedSlots::Alone> SharedSlots::lock(std::chrono::milliseconds patience) const {
  using std::chrono::steady_clock;
  const auto end = steady_clock::now() + patience;
  while (!set_lock(file_.get(), F_WRLCK, 0)) {
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
      return fail(ErrorCode::kUnavailable, fmt::format("can't lock the table of running modules: {}",
                                                       std::generic_category().message(errno)));
    }
    if (steady_clock::now() >= end) {
      return fail(ErrorCode::kUnavailable,
                  "another berth process keeps the table of running modules locked; is one of them stopped "
                  "(see 'berth ps' and 'ps')?");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return Alone(file_.get());
}

bool SharedSlots::any_held() const {
  return locked_elsewhere(file_.get(), 1, 0);
}

bool SharedSlots::held_elsewhere(size_t index) const {
  return locked_elsewhere(file_.get(), place_of(index), 1);
}

bool SharedSlots::hold(size_t index) const {
  return set_lock(file_.get(), F_WRLCK, place_of(index));
}

void SharedSlots::release(size_t index) const {
  set_lock(file_.get(), F_UNLCK, place_of(index));
}

}  // namespace berth
