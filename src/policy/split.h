// SPDX-License-Identifier: Apache-2.0
#pragma once
// Cutting lines of text at separators; the pieces borrow from the text.
//
// Pure; safe on any thread.

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::policy {

/// Without spaces and tabs at both ends.
constexpr std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t";
  while (!text.empty() && kBlank.contains(text.front())) text.remove_prefix(1);
  while (!text.empty() && kBlank.contains(text.back())) text.remove_suffix(1);
  return text;
}

/// Every piece between separators, empty ones too; "" is one empty piece.
inline std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (;;) {
    size_t at = text.find(separator);
    pieces.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return pieces;
    text.remove_prefix(at + 1);
  }
}

/// What stands before and after the first separator; nothing when there is none.
constexpr std::optional<std::pair<std::string_view, std::string_view>> cut(std::string_view text,
                                                                           std::string_view separator) {
  size_t at = text.find(separator);
  if (at == std::string_view::npos) return std::nullopt;
  return std::pair(text.substr(0, at), text.substr(at + separator.size()));
}

}  // namespace berth::policy
