// SPDX-License-Identifier: Apache-2.0
#pragma once
// A file that stands for something that several processes use: they hold a shared lock of it, and whoever
// makes, changes or removes it an exclusive one. The system lets go of a lock with the process, however that
// ends. Locks bind those who ask for them (`flock`).
//
// POSIX but for `flock`, which every system has. One thread at a time, but for `read_at`.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/os/descriptor.h"
#include "base/result.h"

namespace berth {

class LockedFile {
 public:
  enum class Lock { kShared, kExclusive };
  enum class Wait { kNo, kYes };

  /// A file that is there, for reading. Nothing when another one's lock stands against it and it isn't waited
  /// for. kNotFound when it isn't there, or not any more once it is locked; a link is no file.
  static Result<std::optional<LockedFile>> open(const std::string& path, Lock lock, Wait wait);
  /// The same for reading and writing, locked exclusively, and made (0600) where there is none.
  static Result<std::optional<LockedFile>> make(const std::string& path, Wait wait);

  const std::string& path() const {
    return path_;
  }
  int descriptor() const {
    return file_.get();
  }
  uint64_t size() const;
  /// As many bytes as there are from there, up to the span's. Any thread.
  Result<size_t> read_at(uint64_t offset, std::span<char> into) const;
  Result<void> append(std::string_view bytes);
  Result<void> truncate(uint64_t size);
  /// Has the system begin to write what was appended to the disk, so that there is less to wait for at the
  /// end. Linux; elsewhere nothing. Any thread.
  void write_early() const;

  /// Waits until all that was written to its file system is on the disk. kUnavailable where something of it
  /// couldn't be written since this was opened (Linux; elsewhere that isn't told). Any thread.
  Result<void> sync_file_system() const;

  /// Makes it unwritable, waits until it is on the disk, and gives it this name, over another one's, for
  /// good.
  Result<void> publish(const std::string& path);
  /// Removes it, for good with the next crash or before.
  Result<void> remove();
  /// From now on others may have it too.
  void share();
  /// Notes that it is used now, at most once a minute.
  void touch() const;

 private:
  LockedFile(std::string path, Descriptor file) : path_(std::move(path)), file_(std::move(file)) {}
  static Result<std::optional<LockedFile>> locked(const std::string& path, int flags, Lock lock, Wait wait);

  std::string path_;
  Descriptor file_;
};

}  // namespace berth
