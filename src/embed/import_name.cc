// SPDX-License-Identifier: Apache-2.0
#include "embed/import_name.h"

#include "base/interface_name.h"

namespace berth::embed {
namespace {

struct Parts {
  std::string_view first;
  std::string_view second;  // empty where there is none
};

Parts split(std::string_view text, size_t at) {
  if (at == std::string_view::npos) return {.first = text, .second = {}};
  return {.first = text.substr(0, at), .second = text.substr(at + 1)};
}

/// What stands before the function, of which `text` ends with the name.
std::optional<std::string_view> before(std::string_view text, std::string_view function) {
  if (!text.ends_with(function)) return std::nullopt;
  text.remove_suffix(function.size());
  if (text.empty()) return text;
  if (std::string_view(".#/").find(text.back()) == std::string_view::npos) return std::nullopt;
  text.remove_suffix(1);
  return text;
}

std::optional<unsigned> interface_named_by(std::string_view given, std::string_view wanted) {
  const auto [given_name, given_version] = split(given, given.find('@'));
  const auto [name, version] = split(wanted, wanted.find('@'));
  unsigned rank = 0;
  if (given_name != name) {
    if (given_name != name.substr(name.rfind('/') + 1)) return std::nullopt;
    rank = 3;
  }
  if (given_version == version) return rank;
  if (given_version.empty()) return rank + 2;
  if (compatible(given_version, version)) return rank + 1;
  return std::nullopt;
}

}  // namespace

bool compatible(std::string_view version, std::string_view other) {
  if (version == other) return true;
  const auto a = parse_version(version);
  const auto b = parse_version(other);
  return a && b && same_line(*a, *b);
}

std::optional<unsigned> named_by(std::string_view given, std::string_view wanted) {
  const std::string_view interface = interface_of_function(wanted);
  const std::string_view function = interface.empty() ? wanted : wanted.substr(interface.size() + 1);
  const std::string_view bare = function.substr(function.find(']') + 1);
  for (const std::string_view name : {function, bare}) {
    const auto prefix = before(given, name);
    if (!prefix || prefix->empty() != interface.empty()) continue;
    if (interface.empty()) return 0;
    if (const auto rank = interface_named_by(*prefix, interface)) return rank;
  }
  return std::nullopt;
}

}  // namespace berth::embed
