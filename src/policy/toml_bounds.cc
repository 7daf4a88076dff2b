// SPDX-License-Identifier: Apache-2.0
#include "policy/toml_bounds.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "policy/printable.h"

namespace berth::policy {
namespace {

bool is_limit(std::string_view name) {
  return std::ranges::find(limit_names(), name, &LimitName::name) != limit_names().end();
}

/// The text or the whole number that a limit is set to.
std::optional<std::string> limit_value(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
  return std::nullopt;
}

/// Whether there are limits below that name, as `cpu.time` is below `cpu`.
bool begins_a_limit(std::string_view name) {
  return std::ranges::any_of(limit_names(), [&](const LimitName& limit) {
    return limit.name.starts_with(name) && limit.name.substr(name.size()).starts_with('.');
  });
}

/// `cpu.time = …` is a table `cpu` with a key `time`.
Result<void> read_limit_table(Limits& limits, const toml::table& table, const std::string& prefix,
                              std::string_view file_name) {
  for (auto&& [key, value] : table) {
    std::string name = prefix + std::string(key.str());
    const toml::table* inner = value.as_table();
    if (inner != nullptr && begins_a_limit(name)) {
      if (inner->empty())
        return wrong_at(file_name, key.source(), fmt::format("{} is an empty table", quoted(name)));
      BERTH_TRY_VOID(read_limit_table(limits, *inner, name + ".", file_name));
      continue;
    }
    auto text = limit_value(value);
    if (!text && is_limit(name)) {
      return wrong_at(file_name, value.source(),
                      fmt::format("the limit '{}' is text, as in \"64MiB\", or a whole number, not {}", name,
                                  kind_of(value)));
    }
    if (limit_text(limits, name))
      return wrong_at(file_name, key.source(), fmt::format("{} is set twice", quoted(name)));
    auto set = set_limit(limits, name, text.value_or(""));
    if (!set) return wrong_at(file_name, key.source(), set.error().message);
  }
  return {};
}

}  // namespace

Result<std::vector<Grant>> read_grants(const toml::node& node, std::string_view file_name, Role role) {
  constexpr std::string_view kShape = "'grants' is a list of texts, as in [\"files ./data:/data:ro\"], not ";
  const toml::array* list = node.as_array();
  if (list == nullptr) return wrong_at(file_name, node.source(), fmt::format("{}{}", kShape, kind_of(node)));
  std::vector<Grant> grants;
  for (const toml::node& item : *list) {
    const auto* text = item.as_string();
    if (text == nullptr)
      return wrong_at(file_name, item.source(), fmt::format("{}of {}", kShape, kind_of(item)));
    auto source = fmt::format("{}:{}", printable(file_name), item.source().begin.line);
    auto grant = parse_grant(text->get(), source, role);
    if (!grant) return wrong_at(file_name, item.source(), grant.error().message);
    grants.push_back(std::move(*grant));
  }
  return grants;
}

Result<const toml::table*> read_table(const toml::node& node, std::string_view name,
                                      std::string_view file_name) {
  const toml::table* table = node.as_table();
  if (table != nullptr) return table;
  return wrong_at(
      file_name, node.source(),
      fmt::format("'{}' is a table, [{}] on a line of its own, not {}", name, name, kind_of(node)));
}

Result<Limits> read_limits(const toml::node& node, std::string_view name, std::string_view file_name) {
  Limits limits;
  const toml::table& table = *BERTH_TRY(read_table(node, name, file_name));
  BERTH_TRY_VOID(read_limit_table(limits, table, "", file_name));
  return limits;
}

}  // namespace berth::policy
