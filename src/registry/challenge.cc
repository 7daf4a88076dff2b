// SPDX-License-Identifier: Apache-2.0
#include "registry/challenge.h"

#include <algorithm>
#include <cctype>

namespace berth::registry {
namespace {

bool equal_names(std::string_view left, std::string_view right) {
  return std::ranges::equal(
      left, right, [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

bool is_token(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || kMarks.find(c) != std::string_view::npos;
}

void skip_space(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
}

std::string_view take_token(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, is_token);
  const std::string_view token = text.substr(0, static_cast<size_t>(end - text.begin()));
  text.remove_prefix(token.size());
  return token;
}

/// A token, or a text in quotes with `\` before a character that is meant as it is.
std::optional<std::string> take_value(std::string_view& text) {
  if (!text.starts_with('"')) return std::string(take_token(text));
  std::string value;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    if (text[i] == '\\' && ++i == text.size()) break;
    value += text[i];
  }
  return std::nullopt;
}

/// `name=value` with commas between them, until the next challenge begins; false when that can't be read.
bool take_parameters(std::string_view& text, Challenge& challenge) {
  for (;;) {
    skip_space(text);
    if (text.starts_with(',')) {
      text.remove_prefix(1);
      continue;
    }
    std::string_view rest = text;
    const std::string_view name = take_token(rest);
    skip_space(rest);
    if (name.empty() || !rest.starts_with('=')) return text.empty() || !name.empty();
    rest.remove_prefix(1);
    skip_space(rest);
    const auto value = take_value(rest);
    if (!value) return false;
    if (equal_names(name, "realm")) challenge.realm = *value;
    if (equal_names(name, "service")) challenge.service = *value;
    if (equal_names(name, "scope")) challenge.scope = *value;
    text = rest;
  }
}

}  // namespace

std::optional<Challenge> parse_challenge(std::string_view text) {
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t,"), text.size()));
    const std::string_view scheme = take_token(text);
    if (scheme.empty()) return std::nullopt;
    Challenge challenge;
    if (!take_parameters(text, challenge)) return std::nullopt;
    if (equal_names(scheme, "basic")) return challenge;
    challenge.scheme = Challenge::Scheme::kBearer;
    if (equal_names(scheme, "bearer") && !challenge.realm.empty()) return challenge;
  }
}

}  // namespace berth::registry
