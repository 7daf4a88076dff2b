// SPDX-License-Identifier: Apache-2.0
#pragma once
// Bytes on their way into the store: written aside, and hashed meanwhile on a thread of their own. What is
// cut off by whatever event stays, and the next one that wants the same bytes goes on from there.
//
// Whoever has it has it alone, among all processes. One thread at a time.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/digest.h"
#include "base/os/locked_file.h"
#include "base/result.h"

namespace berth::registry {

class Incoming {
 public:
  /// Goes on with what `file` holds.
  static std::unique_ptr<Incoming> start(LockedFile file);
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;
  /// What there is stays.
  ~Incoming();

  /// How many bytes there are.
  uint64_t have() const {
    return have_;
  }
  Result<void> add(std::string_view bytes);
  /// From nothing again.
  Result<void> restart();

  /// Waits until all bytes are hashed.
  Result<Digest> digest();

  /// The file, once nothing is added any more.
  LockedFile& file() {
    return file_;
  }

 private:
  explicit Incoming(LockedFile file) : file_(std::move(file)) {}
  void begin();
  void end();
  void hash();

  LockedFile file_;
  uint64_t have_ = 0;
  std::atomic<uint64_t> written_ = 0;
  std::atomic<bool> over_ = false;
  std::atomic<uint32_t> turns_ = 0;  // changes with either of them: the thread waits for that
  std::optional<Error> failed_;      // the thread's, read once it has ended
  Sha256 sha_;                       // the same
  std::thread thread_;
};

}  // namespace berth::registry
