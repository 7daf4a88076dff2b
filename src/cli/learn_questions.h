// SPDX-License-Identifier: Apache-2.0
#pragma once
// The questions of `berth run --learn`, asked on the terminal that a person sits at. Main thread only;
// blocks.

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/os/relay.h"
#include "base/os/terminal.h"
#include "host/learn.h"
#include "policy/grant.h"

namespace berth::cli {

enum class Answer { kYes, kNo, kQuit, kWrite };

/// Grants as one line of text.
std::string listed(const std::vector<policy::Grant>& grants);

class LearnQuestions {
 public:
  /// Nothing where this process has no terminal.
  static std::optional<LearnQuestions> on_terminal();

  /// Whether somebody said yes to all of its kind.
  bool agreed(const host::Proposal& proposal) const;

  /// Asks until there is an answer; `kQuit` at the end of input and when a signal came. `relay` has what the
  /// last round wrote.
  Answer ask(const host::Proposal& proposal, const Relay& relay);

 private:
  explicit LearnQuestions(Terminal terminal) : terminal_(std::move(terminal)) {}

  Terminal terminal_;
  std::set<std::string> agreed_kinds_;
};

}  // namespace berth::cli
