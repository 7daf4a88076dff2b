// SPDX-License-Identifier: Apache-2.0
#pragma once
// The terminal that a person sits at, whatever the standard streams are: for questions whose answers open
// doors.
//
// POSIX. One thread; blocks.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/os/descriptor.h"

namespace berth {

class Terminal {
 public:
  /// Nothing where this process has no terminal.
  static std::optional<Terminal> open();

  void show(std::string_view text) const;

  /// Undoes what a program that wrote here may have left: hidden or coloured text, another character set.
  void plain() const;

  /// Shows `question` and reads a line, without its end. What was typed before the question is no answer.
  /// Nothing at the end of input, and when a signal came: `signalled` says whether one was caught before.
  std::optional<std::string> ask(std::string_view question, bool (*signalled)()) const;

  /// The same for what nobody may read over a shoulder: nothing of it is shown. Nothing when it is given up
  /// with Ctrl-C or Ctrl-D, and where the terminal would show it.
  std::optional<std::string> ask_secret(std::string_view question) const;

 private:
  explicit Terminal(Descriptor tty) : tty_(std::move(tty)) {}

  Descriptor tty_;
};

}  // namespace berth
