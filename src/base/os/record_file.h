// SPDX-License-Identifier: Apache-2.0
#pragma once
// A small file of ours that several processes change in turn: one record, locked while it is read and
// written.
//
// It stays open, so that what it holds can be changed once nothing else of the file system can be reached.
// What was written survives the end of this process at any instruction; a crash of the machine may lose the
// newest records, or tear one, which whoever reads it has to find out. POSIX; one thread at a time.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/os/descriptor.h"
#include "base/result.h"

namespace berth {

class RecordFile {
 public:
  /// Makes it (0600) where there is none.
  static Result<RecordFile> open(const std::string& path);

  /// Waits until no other process has it locked. False when it can't be locked.
  bool lock() noexcept;
  void unlock() noexcept;

  /// As many bytes as there are, up to the span's; nothing when they can't be read.
  std::optional<size_t> read(std::span<char> into) noexcept;
  bool write(std::span<const char> record) noexcept;

 private:
  explicit RecordFile(Descriptor file) : file_(std::move(file)) {}

  Descriptor file_;
};

}  // namespace berth
