// SPDX-License-Identifier: Apache-2.0
#include "embed/keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "host/denials.h"
#include "policy/printable.h"

namespace berth::embed {
namespace {

using policy::Decision;
using policy::Reason;

/// Of a call's refusals, as many as an error names.
constexpr size_t kMostNamed = 3;

policy::Verdict denied(std::string rule) {
  return {.decision = Decision::kDeny, .rule = std::move(rule), .suggestion = ""};
}

}  // namespace

Question Judge::question(const policy::Knock& knock) const {
  return {.module = module_,
          .capability = policy::capability_name(knock.capability),
          .operation = knock.operation,
          .target = knock.target,
          .method = knock.method,
          .resolved_to = knock.resolved_to,
          .resolved_from = knock.resolved_from};
}

policy::Verdict Judge::asked(const policy::Knock& knock, policy::Verdict verdict) const {
  if (!decide_ || verdict.decision == Decision::kDeny) return verdict;
  try {
    const auto answer = decide_(question(knock));
    if (answer) return verdict;
    return denied(fmt::format("{} covers it, but the program denies it: {}", verdict.rule,
                              policy::printable(answer.error().message)));
  } catch (const std::exception& error) {
    return denied(fmt::format("{} covers it, but the program failed to decide: {}", verdict.rule,
                              policy::printable(error.what())));
  } catch (...) {
    return denied(fmt::format("{} covers it, but the program failed to decide", verdict.rule));
  }
}

policy::Verdict Judge::judge(const policy::Knock& knock, policy::Verdict verdict, bool quiet) const {
  verdict = asked(knock, std::move(verdict));
  const bool allowed = verdict.decision == Decision::kAllow;
  if (audit_ && (allowed || !quiet)) {
    const std::string line = policy::explain(knock, verdict);
    tell(question(knock),
         {.allowed = allowed, .rule = verdict.rule, .suggestion = verdict.suggestion, .line = line});
  }
  return verdict;
}

void Judge::tell(const Question& question, const Verdict& verdict) const noexcept try {
  if (audit_) audit_(question, verdict);
} catch (...) {
  // The program's own; the verdict stands.
}

bool Keeper::ask(const engine::Knock& knock) noexcept try {
  const policy::Knock asked = host::knock_of(knock);
  // Of a door that has refused by itself only the words are asked for.
  const policy::Verdict verdict = judge_.judge(asked, policy::decide(policy_, asked), knock.quiet);
  if (verdict.decision == Decision::kAllow && asked.reason == Reason::kAsk) return true;
  if (!knock.quiet) record(asked, verdict);
  return false;
} catch (...) {
  return false;  // out of memory
}

void Keeper::record(const policy::Knock& knock, const policy::Verdict& verdict) {
  std::string line = policy::explain(knock, verdict);
  const std::lock_guard guard(lock_);
  ++refusals_;
  if (last_.size() == kMostNamed) last_.pop_front();
  last_.push_back(std::move(line));
}

std::string Keeper::refused_since(uint64_t refusals) const {
  const std::lock_guard guard(lock_);
  const uint64_t fresh = refusals_ - refusals;
  const auto named = static_cast<ptrdiff_t>(std::min<uint64_t>(fresh, last_.size()));
  std::string lines;
  for (auto line = last_.end() - named; line != last_.end(); ++line) lines += "\n" + *line;
  if (fresh > kMostNamed) lines += fmt::format("\nand {} before", fresh - kMostNamed);
  return lines;
}

}  // namespace berth::embed
