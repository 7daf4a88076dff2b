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

/// Writes `path` with `mode`, whole or not at all. Synced it also waits until it is on the disk, name and
/// all; a disk that then doesn't take the name is an error, though the file is there.
enum class Durability { kRenamed, kSynced };
Result<void> write_file(const std::string& path, std::span<const std::string_view> parts, unsigned mode,
                        Durability durability);

/// The same, but never over what is there already, also not what came meanwhile: kInvalidArgument then.
Result<void> write_new_file(const std::string& path, std::span<const std::string_view> parts, unsigned mode,
                            Durability durability);

/// Waits until what was made, renamed and removed in a folder is on the disk, and in that of a file. A folder
/// that may not be read, or whose file system has no such way, is passed.
Result<void> sync_folder(const std::string& path);
Result<void> sync_folder_of(const std::string& path);

/// Gives a file or folder another name, never over what is there already: kInvalidArgument then. Where the
/// system has no such way, what comes in the same moment may be lost.
Result<void> rename_new(const std::string& from, const std::string& to);

/// Notes that a file is used now, at most once a minute.
void touch_file(const std::string& path);

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

/// What a name stands for; a link isn't followed.
struct FileFacts {
  enum class Kind { kFile, kFolder, kLink, kOther };

  Kind kind = Kind::kOther;
  uint64_t size = 0;
  uint32_t mode = 0;  // permissions: the 12 lowest bits
  int64_t modified_seconds = 0;
  uint32_t modified_nanoseconds = 0;
};
Result<FileFacts> file_facts(const std::string& path);

/// Bytes one after the other: of a file, a FIFO or standard input. One thread.
class FileStream {
 public:
  static Result<FileStream> open(const std::string& path);
  static FileStream standard_input();

  /// Some bytes; 0 at the end.
  Result<size_t> read(std::span<char> into);

 private:
  FileStream(Descriptor file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}

  Descriptor file_;
  std::string name_;
};

/// A file that is made and filled. One thread.
class NewFile {
 public:
  /// kInvalidArgument where there is something of that name, also a link.
  static Result<NewFile> make(const std::string& path, unsigned mode);

  Result<void> write(std::string_view bytes);
  /// Over what was written from there on.
  Result<void> write_at(uint64_t offset, std::string_view bytes);
  /// Its permissions and its time of change, where they are given.
  Result<void> set(const uint32_t* mode, const std::pair<int64_t, uint32_t>* modified);

 private:
  NewFile(Descriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  Descriptor file_;
  std::string path_;
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
