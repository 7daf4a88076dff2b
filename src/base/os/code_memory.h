// SPDX-License-Identifier: Apache-2.0
#pragma once
// Memory for machine code that one process runs and another one writes. Behind the second wall (wall.h) no
// memory can be made executable; this is so before the wall goes up, and the process behind it can never
// write to it: it is mapped for reading and running, by a description of the file that can't be mapped
// otherwise.
//
// Made before the writer is forked, and shared with it. Linux; elsewhere there is none. One thread.

#include <cstdint>
#include <string_view>
#include <utility>

#include "base/os/descriptor.h"
#include "base/result.h"

namespace berth {

class CodeMemory {
 public:
  /// Address space; memory is used as it is written.
  static constexpr uint64_t kBytes = uint64_t{4} << 30;

  static Result<CodeMemory> create();
  CodeMemory(CodeMemory&& other) noexcept
      : file_(std::move(other.file_)), bytes_(std::exchange(other.bytes_, {})) {}
  CodeMemory& operator=(CodeMemory&&) = delete;
  ~CodeMemory();

  /// What lies there now.
  std::string_view at(uint64_t offset, uint64_t bytes) const {
    return bytes_.substr(offset, bytes);
  }

  /// For the process that writes.
  int file() const {
    return file_.get();
  }

  /// In the process that runs the code: from now on only the other one writes.
  void stop_writing() {
    file_.close();
  }

  /// In the process that writes; kUnavailable when there is no memory left.
  Result<void> write(uint64_t offset, std::string_view code);
  /// Gives whole pages back. Nobody runs what was there.
  void discard(uint64_t offset, uint64_t bytes);

 private:
  CodeMemory(Descriptor file, std::string_view bytes) : file_(std::move(file)), bytes_(bytes) {}

  Descriptor file_;
  std::string_view bytes_;
};

}  // namespace berth
