// SPDX-License-Identifier: Apache-2.0
#include "embed/import_name.h"

#include <array>
#include <charconv>
#include <cstdint>

namespace berth::embed {
namespace {

/// Nothing of pre-releases and builds, which fit themselves alone.
std::optional<std::array<uint64_t, 3>> numbers_of(std::string_view version) {
  std::array<uint64_t, 3> numbers{};
  const char* at = version.data();
  const char* const end = at + version.size();
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0 && (at == end || *at++ != '.')) return std::nullopt;
    const auto [behind, error] = std::from_chars(at, end, numbers[i]);
    if (error != std::errc()) return std::nullopt;
    at = behind;
  }
  if (at != end) return std::nullopt;
  return numbers;
}

struct Parts {
  std::string_view first;
  std::string_view second;  // empty where there is none
};

Parts split(std::string_view text, size_t at) {
  if (at == std::string_view::npos) return {.first = text, .second = {}};
  return {.first = text.substr(0, at), .second = text.substr(at + 1)};
}

/// "shop:price/carts@1.0.0" and "[method]cart.add"; an import of the world has no interface.
Parts interface_and_function(std::string_view wanted) {
  const size_t bracket = wanted.find('[');
  if (bracket == 0) return {.first = {}, .second = wanted};
  const size_t dot = bracket == std::string_view::npos ? wanted.rfind('.') : bracket - 1;
  if (dot == std::string_view::npos) return {.first = {}, .second = wanted};
  return split(wanted, dot);
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
  const auto a = numbers_of(version);
  const auto b = numbers_of(other);
  if (!a || !b) return false;
  // The first number that isn't 0 says it.
  for (size_t i = 0; i < a->size(); ++i) {
    if ((*a)[i] != (*b)[i]) return false;
    if ((*a)[i] != 0) return true;
  }
  return true;
}

std::optional<unsigned> named_by(std::string_view given, std::string_view wanted) {
  const auto [interface, function] = interface_and_function(wanted);
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
