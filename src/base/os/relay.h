// SPDX-License-Identifier: Apache-2.0
#pragma once
// Children that run in this process's place, one after the other, each as if it were the only one: each gets
// the same standard input, and what one wrote is held back until it is known whether another one follows.
//
// Input: a regular file is rewound; a pipe is handed on as it comes and kept for the next child, up to
// `kMost`; a terminal or a device is each child's own. Output: held back, up to `kMost`, and beyond that
// handed on as it comes. A stream that is a terminal is the child's own while standard input is one, too:
// somebody may be talking with it.
//
// While this lives, SIGINT, SIGTERM and SIGHUP don't end the process but are handed to the child and noted;
// one at a time exists. SIGPIPE has to be ignored. POSIX; one thread; blocks.

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/os/descriptor.h"
#include "base/result.h"

namespace berth {

class Relay {
 public:
  static constexpr size_t kMost = 64 << 20;

  Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay();

  struct End {
    std::optional<int> signal;  // that ended it
    int exit_status = 0;
  };

  /// Runs `command` (a program's path and its arguments) until it ends. What the one before wrote is dropped.
  Result<End> run(const std::vector<std::string>& command);

  /// Whether another child would get all of the input.
  bool can_run_again() const {
    return !input_lost_;
  }

  /// Whether some output of the last child's is out already, though another one may follow.
  bool handed_on() const {
    return handed_on_;
  }

  /// Whether a child writes to the terminal itself.
  bool shares_terminal() const {
    return !hold_[1] || !hold_[2];
  }

  /// What is held of the last child, both streams as they came.
  std::string held() const;

  /// Hands on what is held.
  void release();

  /// The signal that came to this process, if one did.
  static std::optional<int> signal();

 private:
  struct Chunk {
    int stream = 1;
    std::string bytes;
  };

  void converse(Descriptor& to_child, int from_output, int from_errors);
  bool feed(int to_child);
  void take(int stream, std::string_view bytes);

  enum class Input { kOwn, kRewound, kKept };
  Input input_ = Input::kOwn;
  off_t start_ = 0;
  std::string kept_;
  size_t fed_ = 0;
  bool input_ended_ = false;
  bool input_lost_ = false;
  bool hold_[3] = {false, true, true};
  std::vector<Chunk> held_;
  size_t held_bytes_ = 0;
  bool handed_on_ = false;
};

}  // namespace berth
