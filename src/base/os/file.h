// SPDX-License-Identifier: Apache-2.0
#pragma once
// Files of the host's own: settings, caches, logs. Everything written survives a crash at any instruction:
// it is written aside and renamed, or appended in one write.
//
// POSIX calls only, so this is its own portable way. Errors name the path and what the system said
// (kNotFound when it isn't there, kUnavailable otherwise). Any thread; blocks.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/os/descriptor.h"
#include "base/result.h"

namespace berth {

/// All bytes of a regular file of at most `max_bytes`.
Result<std::string> read_file(const std::string& path, uint64_t max_bytes);

/// Hands all bytes of a regular file to `take`, a piece at a time.
Result<void> read_pieces(const std::string& path, const std::function<void(std::string_view)>& take);

/// Writes `path` with `mode`, whole or not at all. `durable` also waits until it is on the disk.
enum class Durability { kRenamed, kSynced };
Result<void> write_file(const std::string& path, std::span<const std::string_view> parts, unsigned mode,
                        Durability durability);

/// The same, but never over what is there already, also not what came meanwhile: kInvalidArgument then.
Result<void> write_new_file(const std::string& path, std::span<const std::string_view> parts, unsigned mode,
                            Durability durability);

/// Waits until what was made, renamed and removed in a folder is on the disk, and in that of a file.
void sync_folder(const std::string& path);
void sync_folder_of(const std::string& path);

/// Appends `line` and a newline in one write, making the file (0600) where there is none.
Result<void> append_line(const std::string& path, std::string_view line);

/// Makes a folder that only this user can enter (0700), its parents as usual. An existing one must be this
/// user's, a folder and no link, and closed to others: kDenied otherwise, with what to do.
Result<void> make_private_folder(const std::string& path);

/// Random bytes of the system's, fit for keys.
void random_bytes(std::span<std::byte> out);

/// A regular file, read here and there.
class FileReader {
 public:
  static Result<FileReader> open(const std::string& path);

  uint64_t size() const {
    return size_;
  }
  /// Up to `size` bytes from `offset` on; fewer at the file's end, and where it can't be read. They stay
  /// until the next call.
  std::string_view at(uint64_t offset, size_t size);

 private:
  FileReader(Descriptor file, uint64_t size) : file_(std::move(file)), size_(size) {}

  Descriptor file_;
  uint64_t size_;
  uint64_t window_at_ = 0;
  std::string window_;
};

/// A regular file mapped for reading, for as long as this lives.
class MappedFile {
 public:
  static Result<MappedFile> open(const std::string& path);
  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MappedFile();

  std::string_view bytes() const {
    return bytes_;
  }

 private:
  explicit MappedFile(std::string_view bytes) : bytes_(bytes) {}

  std::string_view bytes_;
};

}  // namespace berth
