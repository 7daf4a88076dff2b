// SPDX-License-Identifier: Apache-2.0
#include "cli/learn_questions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <variant>

#include "policy/printable.h"

namespace berth::cli {
namespace {

using host::Proposal;
using policy::Grant;

constexpr size_t kLongestLine = 4096;

/// What `a` agrees to: lines that open the same kind of thing.
std::string kind_of(const Grant& grant) {
  const std::string name(policy::capability_name(grant.capability));
  if (const auto* files = std::get_if<policy::FilesGrant>(&grant.extent)) {
    return files->access == policy::Access::kReadOnly ? "folders to read" : "folders to read and write";
  }
  if (const auto* http = std::get_if<policy::HttpOutGrant>(&grant.extent)) {
    return fmt::format("{} to {}", name, policy::to_text(http->endpoint.host));
  }
  if (const auto* socket = std::get_if<policy::SocketOutGrant>(&grant.extent)) {
    return fmt::format("{} to {}", name, policy::to_text(socket->endpoint.host));
  }
  return name;
}

}  // namespace

std::string listed(const std::vector<Grant>& grants) {
  std::vector<std::string> texts;
  for (const Grant& grant : grants) texts.push_back(policy::to_text(grant));
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::optional<LearnQuestions> LearnQuestions::on_terminal() {
  auto terminal = Terminal::open();
  if (!terminal) return std::nullopt;
  return LearnQuestions(std::move(*terminal));
}

bool LearnQuestions::agreed(const Proposal& proposal) const {
  return std::ranges::all_of(proposal.lines,
                             [&](const Grant& line) { return agreed_kinds_.contains(kind_of(line)); });
}

Answer LearnQuestions::ask(const Proposal& proposal, const Relay& relay) {
  std::string lines;
  for (const Grant& line : proposal.lines) lines += fmt::format("  {}\n", policy::to_text(line));
  std::string about = fmt::format("for {}", policy::use_text(proposal.use));
  if (!proposal.wider.empty()) about += "; " + proposal.wider;
  if (!proposal.replaced.empty()) about += fmt::format("; in place of {}", listed(proposal.replaced));
  const std::string kind = kind_of(proposal.lines.front());
  if (relay.shares_terminal()) terminal_.plain();
  terminal_.show(fmt::format("open\n{}  ({})\n", lines, about));
  const bool shows_output = !relay.held().empty();
  const std::string question =
      fmt::format("[y]es, [n]o, yes to [a]ll {}{}, [w]rite what is learned and end, [q]uit? ", kind,
                  shows_output ? ", show the round's [o]utput" : "");
  for (;;) {
    const auto answer = terminal_.ask(question, [] { return Relay::signal().has_value(); });
    if (!answer) {
      terminal_.show("\n");
      return Answer::kQuit;
    }
    if (*answer == "y" || *answer == "yes") return Answer::kYes;
    if (*answer == "n" || *answer == "no") return Answer::kNo;
    if (*answer == "q" || *answer == "quit") return Answer::kQuit;
    if (*answer == "w" || *answer == "write") return Answer::kWrite;
    if (*answer == "a" || *answer == "all") {
      agreed_kinds_.insert(kind);
      return Answer::kYes;
    }
    if (shows_output && *answer == "o") {
      const std::string output = relay.held();
      for (std::string_view held = output; !held.empty();) {
        const size_t end = std::min(held.find('\n'), held.size());
        terminal_.show(policy::printable(held.substr(0, end), kLongestLine) + "\n");
        held.remove_prefix(std::min(end + 1, held.size()));
      }
    }
  }
}

}  // namespace berth::cli
