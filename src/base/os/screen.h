// SPDX-License-Identifier: Apache-2.0
#pragma once
// A terminal's whole screen, for a program that shows what changes. While it lives, keys come one by one and
// unseen; what was on the screen before comes back when it goes, also after a signal that asks to end.
//
// POSIX. One in a process, one thread.

#include <chrono>
#include <memory>
#include <string_view>

namespace berth {

class Screen {
 public:
  /// None where standard input or output is no terminal.
  static std::unique_ptr<Screen> open();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  ~Screen();

  /// Shows lines instead of what is there: as many as fit, and of each what fits.
  void show(std::string_view lines) const;

  /// Waits for so long; false as soon as somebody wants to end: q, Ctrl-C, or a signal.
  bool wait(std::chrono::milliseconds time) const;

 private:
  struct Before;
  explicit Screen(std::unique_ptr<Before> before);

  const std::unique_ptr<Before> before_;
};

}  // namespace berth
