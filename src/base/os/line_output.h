// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where whole lines go: a standard stream, or the end of a file. A reader who doesn't read is waited for only
// as long as the caller likes.
//
// POSIX. One thread.

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/os/descriptor.h"
#include "base/result.h"

namespace berth {

class LineOutput {
 public:
  /// 1 or 2. It isn't closed.
  static LineOutput standard(int stream);
  /// Standard output, for this alone: what anybody else writes there goes to standard error from now on.
  static Result<LineOutput> taken_from_output();
  /// Makes the file (0600) where there is none. Who empties it meanwhile, to rotate it, loses no later line.
  static Result<LineOutput> appending(const std::string& path);

  /// Writes whole lines, several at once, while `go_on` holds, which is asked every tenth of a second that
  /// the reader keeps this waiting. Gives what isn't written, from the line on that isn't whole.
  std::string_view write(std::string_view lines, const std::function<bool()>& go_on) const;

  /// Writes a line and its newline without waiting for any reader; one more newline before it where the last
  /// line isn't whole, whoever wrote that. Those who append to a file by this take turns. False where nobody
  /// takes it now or there is no room for it: of PIPE_BUF bytes, newlines included, nothing is written then,
  /// unless a disk is full. May throw bad_alloc.
  bool append_line(std::string_view line);

 private:
  LineOutput(Descriptor owned, int fd) : owned_(std::move(owned)), fd_(fd) {}
  bool ends_whole() const;
  size_t write_now(std::string_view bytes) const;

  Descriptor owned_;
  int fd_;
  bool torn_ = false;  // the last line of this isn't whole
  std::chrono::steady_clock::time_point impatient_until_;
};

}  // namespace berth
