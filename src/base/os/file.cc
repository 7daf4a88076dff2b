// SPDX-License-Identifier: Apache-2.0
#include "base/os/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>

#include "base/os/descriptor.h"

namespace berth {
namespace {

std::unexpected<Error> os_error(std::string_view doing, const std::string& path) {
  const ErrorCode code = errno == ENOENT || errno == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kUnavailable;
  return fail(code, fmt::format("{} '{}': {}", doing, path, std::strerror(errno)));
}

Descriptor open_retrying(const std::string& path, int flags, unsigned mode = 0) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return Descriptor(fd);
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

/// Opens a regular file for reading, and says how many bytes it has; a folder or a device is an error, and a
/// FIFO doesn't wait.
Result<std::pair<Descriptor, uint64_t>> open_regular(const std::string& path) {
  Descriptor file = open_retrying(path, O_RDONLY | O_NONBLOCK);
  if (!file.opened()) return os_error("opening", path);
  struct stat about = {};
  if (::fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode)) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("opening '{}': it is not a regular file", path));
  }
  return std::pair{std::move(file), static_cast<uint64_t>(about.st_size)};
}

}  // namespace

Result<std::string> read_file(const std::string& path, uint64_t max_bytes) {
  const auto [file, size] = BERTH_TRY(open_regular(path));
  if (size > max_bytes) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("reading '{}': it has {} bytes, more than the {} that are read", path, size, max_bytes));
  }
  std::string bytes;
  int error = 0;
  // One more than there should be, to see the end; and not filled with zeros first.
  bytes.resize_and_overwrite(size + 1, [&](char* into, size_t room) {
    size_t filled = 0;
    while (filled < room) {
      const ssize_t got = ::read(file.get(), into + filled, room - filled);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) error = errno;
      if (got <= 0) break;
      filled += static_cast<size_t>(got);
    }
    return filled;
  });
  if (error != 0) {
    errno = error;
    return os_error("reading", path);
  }
  if (bytes.size() > size) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("reading '{}': it grows; try again when it is whole", path));
  }
  return bytes;
}

Result<void> read_pieces(const std::string& path, const std::function<void(std::string_view)>& take) {
  const auto [file, size] = BERTH_TRY(open_regular(path));
  std::vector<char> piece(std::min<uint64_t>(size + 1, 256 << 10));  // stays in the processor's cache
  for (;;) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error("reading", path);
    if (got == 0) return {};
    take({piece.data(), static_cast<size_t>(got)});
  }
}

namespace {

/// Written beside `path` and, where that is asked for, on the disk: where it stands.
Result<std::string> write_aside(const std::string& path, std::span<const std::string_view> parts,
                                unsigned mode, Durability durability) {
  std::array<std::byte, 8> salt = {};
  random_bytes(salt);
  uint64_t number = 0;
  std::memcpy(&number, salt.data(), sizeof number);
  std::string aside = fmt::format("{}.{:016x}.tmp", path, number);
  const Descriptor file = open_retrying(aside, O_WRONLY | O_CREAT | O_EXCL, mode);
  if (!file.opened()) return os_error("writing", aside);
  bool written = true;
  for (const std::string_view part : parts) written = written && write_all(file.get(), part);
  if (written && durability == Durability::kSynced) written = ::fsync(file.get()) == 0;
  if (written) return aside;
  auto error = os_error("writing", aside);
  ::unlink(aside.c_str());
  return error;
}

}  // namespace

Result<void> sync_folder(const std::string& path) {
  const Descriptor folder = open_retrying(path, O_RDONLY | O_DIRECTORY);
  const bool synced = folder.opened() && ::fsync(folder.get()) == 0;
  constexpr std::array kPassed{EACCES, EPERM, EINVAL, ENOTSUP, EROFS};
  if (synced || std::ranges::find(kPassed, errno) != kPassed.end()) return {};
  return os_error("waiting until the disk has what was made in", path);
}

Result<void> sync_folder_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return sync_folder(parent.empty() ? "." : parent);
}

Result<void> rename_new(const std::string& from, const std::string& to) {
  const auto taken = [&] {
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is there already", to));
  };
#ifdef RENAME_NOREPLACE
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return {};
  if (errno == EEXIST) return taken();
  // A system or a file system that doesn't know it.
  if (errno != EINVAL && errno != ENOSYS) return os_error("making", to);
#endif
  struct stat there = {};
  if (::lstat(to.c_str(), &there) == 0) return taken();
  if (::rename(from.c_str(), to.c_str()) != 0) return os_error("making", to);
  return {};
}

void touch_file(const std::string& path) {
  constexpr time_t kAtMostEvery = 60;
  struct stat about = {};
  if (::stat(path.c_str(), &about) != 0 || ::time(nullptr) - about.st_mtime < kAtMostEvery) return;
  ::utimensat(AT_FDCWD, path.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
}

Result<void> write_file(const std::string& path, std::span<const std::string_view> parts, unsigned mode,
                        Durability durability) {
  const std::string aside = BERTH_TRY(write_aside(path, parts, mode, durability));
  if (::rename(aside.c_str(), path.c_str()) != 0) {
    auto error = os_error("writing", path);
    ::unlink(aside.c_str());
    return error;
  }
  return durability == Durability::kSynced ? sync_folder_of(path) : Result<void>();
}

Result<void> write_new_file(const std::string& path, std::span<const std::string_view> parts, unsigned mode,
                            Durability durability) {
  const std::string aside = BERTH_TRY(write_aside(path, parts, mode, durability));
  // A link is never made over what is there.
  const bool made = ::link(aside.c_str(), path.c_str()) == 0;
  const int why = errno;
  ::unlink(aside.c_str());
  if (!made && why == EEXIST)
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is there already", path));
  errno = why;
  if (!made) return os_error("writing", path);
  return durability == Durability::kSynced ? sync_folder_of(path) : Result<void>();
}

Result<void> append_line(const std::string& path, std::string_view line) {
  const Descriptor file = open_retrying(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0600);
  if (!file.opened()) return os_error("appending to", path);
  const std::string whole = fmt::format("{}\n", line);
  if (!write_all(file.get(), whole)) return os_error("appending to", path);
  return {};
}

Result<void> make_private_folder(const std::string& path) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  std::filesystem::create_directories(parent, error);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return os_error("making the folder", path);
  struct stat about = {};
  if (::lstat(path.c_str(), &about) != 0) return os_error("looking at", path);
  if (!S_ISDIR(about.st_mode)) {
    return fail(ErrorCode::kDenied,
                fmt::format("'{}' is not a folder: remove it, so that berth can make it", path));
  }
  if (about.st_uid != ::geteuid()) {
    return fail(ErrorCode::kDenied, fmt::format("the folder '{}' belongs to another user: remove it", path));
  }
  if ((about.st_mode & 0077) != 0) {
    return fail(
        ErrorCode::kDenied,
        fmt::format("the folder '{}' is open to other users: run 'chmod 700 {}' after checking what is in it",
                    path, path));
  }
  return {};
}

void random_bytes(std::span<std::byte> out) {
  while (!out.empty()) {
    const size_t some = std::min<size_t>(out.size(), 256);  // getentropy gives no more at once
    if (::getentropy(out.data(), some) != 0) std::abort();  // no kernel that berth runs on refuses this
    out = out.subspan(some);
  }
}

Result<FileReader> FileReader::open(const std::string& path) {
  auto [file, size] = BERTH_TRY(open_regular(path));
  return FileReader(std::move(file), size);
}

std::string_view FileReader::at(uint64_t offset, size_t size) {
  constexpr size_t kWindow = 16 << 10;
  const bool here = offset >= window_at_ && offset - window_at_ + size <= window_.size();
  if (!here) {
    window_at_ = offset;
    window_.resize_and_overwrite(std::max(size, kWindow), [&](char* into, size_t room) {
      size_t filled = 0;
      while (filled < room) {
        const ssize_t got =
            ::pread(file_.get(), into + filled, room - filled, static_cast<off_t>(offset + filled));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        filled += static_cast<size_t>(got);
      }
      return filled;
    });
  }
  return std::string_view(window_).substr(offset - window_at_, size);
}

Result<FileFacts> file_facts(const std::string& path) {
  struct stat about = {};
  if (::lstat(path.c_str(), &about) != 0) return os_error("looking at", path);
  FileFacts facts{.size = static_cast<uint64_t>(about.st_size),
                  .mode = static_cast<uint32_t>(about.st_mode & 07777U),
                  .modified_seconds = about.st_mtim.tv_sec,
                  .modified_nanoseconds = static_cast<uint32_t>(about.st_mtim.tv_nsec)};
  if (S_ISREG(about.st_mode)) facts.kind = FileFacts::Kind::kFile;
  if (S_ISDIR(about.st_mode)) facts.kind = FileFacts::Kind::kFolder;
  if (S_ISLNK(about.st_mode)) facts.kind = FileFacts::Kind::kLink;
  return facts;
}

Result<FileStream> FileStream::open(const std::string& path) {
  Descriptor file = open_retrying(path, O_RDONLY);
  if (!file.opened()) return os_error("opening", path);
  return FileStream(std::move(file), path);
}

FileStream FileStream::standard_input() {
  return {Descriptor(::fcntl(0, F_DUPFD_CLOEXEC, 3)), "standard input"};
}

Result<size_t> FileStream::read(std::span<char> into) {
  for (;;) {
    const ssize_t got = ::read(file_.get(), into.data(), into.size());
    if (got >= 0) return static_cast<size_t>(got);
    if (errno != EINTR) return os_error("reading", name_);
  }
}

Result<NewFile> NewFile::make(const std::string& path, unsigned mode) {
  Descriptor file = open_retrying(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  if (!file.opened() && errno == EEXIST)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is there already: remove it or name another", path));
  if (!file.opened()) return os_error("making", path);
  return NewFile(std::move(file), path);
}

Result<void> NewFile::write(std::string_view bytes) {
  if (!write_all(file_.get(), bytes)) return os_error("writing", path_);
  return {};
}

Result<void> NewFile::write_at(uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return os_error("writing", path_);
    bytes.remove_prefix(static_cast<size_t>(put));
    offset += static_cast<uint64_t>(put);
  }
  return {};
}

Result<void> NewFile::set(const uint32_t* mode, const std::pair<int64_t, uint32_t>* modified) {
  if (mode != nullptr && ::fchmod(file_.get(), *mode) != 0) return os_error("changing", path_);
  if (modified == nullptr) return {};
  const timespec time{.tv_sec = modified->first, .tv_nsec = modified->second};
  const timespec both[2] = {time, time};
  if (::futimens(file_.get(), both) != 0) return os_error("changing", path_);
  return {};
}

Result<MappedFile> MappedFile::open(const std::string& path) {
  const auto [file, size] = BERTH_TRY(open_regular(path));
  if (size == 0) return MappedFile(std::string_view());
  void* const at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (at == MAP_FAILED) return os_error("mapping", path);
  return MappedFile(std::string_view(static_cast<const char*>(at), size));
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

}  // namespace berth
