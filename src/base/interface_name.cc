// SPDX-License-Identifier: Apache-2.0
#include "base/interface_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace berth {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// As WIT has them, roughly: what a name is compared with was checked by the engine.
bool is_label(std::string_view text) {
  return !text.empty() && is_letter(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

bool is_name(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return is_label(text);
  const size_t colon = text.find(':');
  return colon < slash && is_label(text.substr(0, colon)) &&
         is_label(text.substr(colon + 1, slash - colon - 1)) && is_label(text.substr(slash + 1));
}

bool is_prerelease(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_letter(c) || is_digit(c) || c == '-' || c == '.';
  });
}

/// Up to three numbers with dots between them; false when it isn't that.
bool read_numbers(std::string_view text, Version& version) {
  for (;;) {
    if (version.given == version.numbers.size() || text.empty() || !is_digit(text.front())) return false;
    uint64_t& number = version.numbers.at(version.given++);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return false;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    if (text.empty()) return true;
    if (text.front() != '.') return false;
    text.remove_prefix(1);
  }
}

/// The numbers up to the first that isn't zero stay as they are for as long as nothing breaks.
bool is_compatible(const Version& found, const Version& wanted) {
  for (size_t i = 0; i < wanted.given; ++i) {
    if (found.numbers.at(i) != wanted.numbers.at(i)) return false;
    if (wanted.numbers.at(i) != 0) return found.numbers >= wanted.numbers;
  }
  return true;
}

}  // namespace

std::optional<Version> parse_version(std::string_view text) {
  text = text.substr(0, text.find('+'));
  const size_t dash = text.find('-');
  Version version;
  if (!read_numbers(text.substr(0, dash), version)) return std::nullopt;
  if (dash == std::string_view::npos) return version;
  version.before = text.substr(dash + 1);
  if (version.given < version.numbers.size() || !is_prerelease(version.before)) return std::nullopt;
  return version;
}

bool same_line(const Version& left, const Version& right) {
  if (!left.before.empty() || !right.before.empty()) return left == right;
  const bool whole = left.given == left.numbers.size() && right.given == right.numbers.size();
  return whole && (is_compatible(left, right) || is_compatible(right, left));
}

Result<InterfaceName> parse_interface(std::string_view text) {
  const size_t at = text.find('@');
  const std::string_view name = text.substr(0, at);
  auto version = at == std::string_view::npos ? Version() : parse_version(text.substr(at + 1));
  if (is_name(name) && version)
    return InterfaceName{.name = std::string(name), .version = *std::move(version)};
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("'{}' names no interface: write 'shop:price/rule@1.2', or 'shop:price/rule' for any "
                  "version",
                  text));
}

bool stands_for(const InterfaceName& found, const InterfaceName& wanted) {
  if (found.name != wanted.name) return false;
  if (wanted.version.given == 0) return true;
  if (found.version.given == 0) return false;
  if (!found.version.before.empty() || !wanted.version.before.empty()) return found.version == wanted.version;
  return is_compatible(found.version, wanted.version);
}

std::strong_ordering compare(const Version& left, const Version& right) {
  if (const auto order = left.numbers <=> right.numbers; order != 0) return order;
  if (left.before.empty() != right.before.empty()) {
    return left.before.empty() ? std::strong_ordering::greater : std::strong_ordering::less;
  }
  return left.before.compare(right.before) <=> 0;
}

std::string_view interface_of_function(std::string_view function) {
  // The dots of a version stand before the function's; those in "[method]thing.name" behind it.
  const size_t bracket = function.find('[');
  const size_t dot = bracket == std::string_view::npos ? function.rfind('.') : bracket - 1;
  return dot < function.size() ? function.substr(0, dot) : std::string_view();
}

}  // namespace berth
