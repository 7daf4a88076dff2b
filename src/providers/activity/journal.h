// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where what modules tell their owner is written: a file, or standard output, a line of JSON for each event.
// Several modules, and several processes, may have one file together.
//
// Any thread; blocks for no reader.

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/os/line_output.h"
#include "base/result.h"

namespace berth::activity {

class Journal {
 public:
  /// Standard output, on which there is nothing else from now on: what modules write there goes to standard
  /// error.
  static Result<std::shared_ptr<Journal>> open_output();
  /// "-" is standard output; anything else a file that is written at its end, and made (0600) where there is
  /// none.
  static Result<std::shared_ptr<Journal>> open(const std::string& place);

  /// Bytes of a line, with newlines that this adds before and after it: as many as are written whole or not
  /// at all (PIPE_BUF), also when others write there.
  static constexpr size_t kLongest = 4096 - 2;

  /// Hands the line to the system: from then on it is there, even when this process is killed. False where
  /// nobody takes it now, or there is no room for it.
  bool write(std::string_view line) noexcept;

 private:
  explicit Journal(LineOutput out) : out_(std::move(out)) {}

  std::mutex lock_;
  LineOutput out_;  // guarded by lock_
};

}  // namespace berth::activity
