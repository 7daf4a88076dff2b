// SPDX-License-Identifier: Apache-2.0
#include "program.h"

#include <charconv>

namespace berth::standin {
namespace {

struct Word {
  std::string_view name;
  Verb verb;
  enum class Takes { kNothing, kNumber, kText } takes;
};

constexpr Word kWords[] = {
    {"exit", Verb::kExit, Word::Takes::kNumber},    {"trap", Verb::kTrap, Word::Takes::kNothing},
    {"grow", Verb::kGrow, Word::Takes::kNumber},    {"knock", Verb::kKnock, Word::Takes::kText},
    {"work", Verb::kWork, Word::Takes::kNumber},    {"spin", Verb::kSpin, Word::Takes::kNothing},
    {"nap", Verb::kNap, Word::Takes::kNothing},     {"browse", Verb::kBrowse, Word::Takes::kNumber},
    {"again", Verb::kAgain, Word::Takes::kNothing},
};

std::string_view trim(std::string_view text) {
  const size_t from = text.find_first_not_of(" \n");
  if (from == std::string_view::npos) return "";
  return text.substr(from, text.find_last_not_of(" \n") - from + 1);
}

std::optional<Statement> parse_statement(std::string_view text) {
  const std::string_view name = text.substr(0, text.find(' '));
  const std::string_view rest = trim(text.substr(name.size()));
  for (const Word& word : kWords) {
    if (word.name != name) continue;
    if ((word.takes == Word::Takes::kNothing) != rest.empty()) return std::nullopt;
    Statement statement{.verb = word.verb, .text = std::string(rest)};
    if (word.takes == Word::Takes::kNumber) {
      const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), statement.number);
      if (error != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
    }
    return statement;
  }
  return std::nullopt;
}

std::vector<Statement> suggested(std::string_view webassembly_text) {
  const auto has = [&](std::string_view word) {
    return webassembly_text.find(word) != std::string_view::npos;
  };
  std::vector<Statement> program;
  if (has("(memory")) program.push_back({.verb = Verb::kGrow, .number = 65536});
  if (has("(loop")) program.push_back({.verb = Verb::kSpin});
  if (has("unreachable")) program.push_back({.verb = Verb::kTrap});
  return program;
}

}  // namespace

std::optional<std::vector<Statement>> parse(std::string_view bytes) {
  if (bytes.starts_with('(')) return suggested(bytes);
  std::vector<Statement> program;
  while (!bytes.empty()) {
    const size_t end = bytes.find_first_of(";\n");
    const std::string_view text = trim(bytes.substr(0, end));
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    if (text.empty()) continue;
    const auto statement = parse_statement(text);
    if (!statement) return std::nullopt;
    program.push_back(*statement);
  }
  return program;
}

}  // namespace berth::standin
