// SPDX-License-Identifier: Apache-2.0
#pragma once
// A list of names as one text: each is closed by a newline, so that an empty list is an empty text. No name
// has a newline in it.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace berth::engine {

inline std::string join_lines(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += name;
    text += '\n';
  }
  return text;
}

inline std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::string_view name = text.substr(0, text.find('\n'));
    names.emplace_back(name);
    text.remove_prefix(std::min(text.size(), name.size() + 1));
  }
  return names;
}

}  // namespace berth::engine
