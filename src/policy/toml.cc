// SPDX-License-Identifier: Apache-2.0
#include "policy/toml.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/units.h"
#include "policy/printable.h"

namespace berth::policy {
namespace {

constexpr size_t kMostBytes = size_t{1} << 20;
constexpr size_t kMostDots = 16;

/// Behind the string that begins at `at`, or at the end of its line or text when it has none of its own.
size_t behind_string(std::string_view text, size_t at) {
  const char quote = text[at];
  const std::string triple(3, quote);
  bool many_lines = text.substr(at).starts_with(triple);
  for (at += many_lines ? 3 : 1; at < text.size(); ++at) {
    if (text[at] == '\\' && quote == '"') {
      ++at;
    } else if (many_lines && text.substr(at).starts_with(triple)) {
      at += 3;
      for (int more = 0; more < 2 && at < text.size() && text[at] == quote; ++more) ++at;
      return at;
    } else if (!many_lines && (text[at] == quote || text[at] == '\n')) {
      return at + 1;
    }
  }
  return text.size();
}

/// The place of a key with too many dots, outside of strings and comments.
std::optional<toml::source_position> too_deep_key(std::string_view text) {
  size_t dots = 0;
  for (size_t at = 0; at < text.size();) {
    char c = text[at];
    if (c == '.' && ++dots > kMostDots) {
      auto line = static_cast<toml::source_index>(std::ranges::count(text.substr(0, at), '\n') + 1);
      auto column = static_cast<toml::source_index>(at - text.substr(0, at).rfind('\n'));
      return toml::source_position{line, column};
    }
    if (std::string_view("\n=,{}[]#").contains(c)) dots = 0;
    if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
    } else {
      at = c == '"' || c == '\'' ? behind_string(text, at) : at + 1;
    }
  }
  return std::nullopt;
}

}  // namespace

std::unexpected<Error> wrong_at(std::string_view file_name, const toml::source_region& where,
                                std::string_view message) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("{}:{}:{}: {}", printable(file_name), where.begin.line,
                                                       where.begin.column, message));
}

Result<toml::table> parse_toml(std::string_view text, std::string_view file_name) {
  const toml::source_region start{.begin = {1, 1}, .end = {1, 1}, .path = nullptr};
  if (text.size() > kMostBytes) return wrong_at(file_name, start, "the file is larger than 1 MiB");
  if (auto where = too_deep_key(text)) {
    return wrong_at(file_name, {.begin = *where, .end = *where, .path = nullptr},
                    fmt::format("a key has more than {} dots", kMostDots));
  }
  toml::parse_result parsed = toml::parse(text);
  if (!parsed) return wrong_at(file_name, parsed.error().source(), printable(parsed.error().description()));
  return std::move(parsed).table();
}

Result<uint64_t> read_size(const toml::node& value, std::string_view key, std::string_view example,
                           std::string_view file_name) {
  if (const auto text = value.value_exact<std::string>()) {
    if (const auto bytes = parse_bytes(*text)) return *bytes;
  }
  return wrong_at(file_name, value.source(), fmt::format("'{}' is a size like \"{}\"", key, example));
}

std::string_view kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "text";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a point";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or a time";
  }
}

}  // namespace berth::policy
