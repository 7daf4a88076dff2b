// SPDX-License-Identifier: Apache-2.0
#include "registry/lock_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/os/file.h"
#include "policy/toml.h"
#include "registry/name.h"

namespace berth::registry {
namespace {

constexpr uint64_t kMostBytes = 1 << 20;
constexpr int64_t kVersion = 1;

Result<std::string> text_of(const toml::table& table, std::string_view key, std::string_view file) {
  const toml::node* const node = table.get(key);
  if (node == nullptr) return policy::wrong_at(file, table.source(), fmt::format("'{}' is missing", key));
  if (const auto text = node->value_exact<std::string>()) return *text;
  return policy::wrong_at(file, node->source(),
                          fmt::format("'{}' is {}, not a text", key, policy::kind_of(*node)));
}

Result<Digest> digest_of(const toml::table& table, std::string_view key, std::string_view file) {
  const std::string text = BERTH_TRY(text_of(table, key, file));
  if (const auto digest = parse_digest(text)) return *digest;
  return policy::wrong_at(file, table.get(key)->source(),
                          fmt::format("'{}' is sha256: and 64 digits 0-9 a-f", key));
}

Result<void> check_keys(const toml::table& table, std::initializer_list<std::string_view> known,
                        std::string_view file) {
  for (const auto& [key, node] : table) {
    if (std::ranges::find(known, key.str()) == known.end())
      return policy::wrong_at(file, key.source(), fmt::format("'{}' isn't known here", key.str()));
  }
  return {};
}

Result<void> read_module(const toml::table& table, std::string_view file, LockFile& lock) {
  BERTH_TRY_VOID(check_keys(table, {"name", "manifest", "module"}, file));
  const std::string text = BERTH_TRY(text_of(table, "name", file));
  const auto name = parse_name(text);
  if (!name) return policy::wrong_at(file, table.get("name")->source(), name.error().message);
  Locked locked;
  locked.module = BERTH_TRY(digest_of(table, "module", file));
  if (table.contains("manifest")) locked.manifest = BERTH_TRY(digest_of(table, "manifest", file));
  if (!lock.emplace(to_text(*name), locked).second)
    return policy::wrong_at(file, table.source(), fmt::format("'{}' is here twice", to_text(*name)));
  return {};
}

}  // namespace

Result<LockFile> parse_lock(std::string_view text, std::string_view file) {
  const toml::table whole = BERTH_TRY(policy::parse_toml(text, file));
  BERTH_TRY_VOID(check_keys(whole, {"version", "module"}, file));
  if (whole["version"].value_exact<int64_t>() != kVersion)
    return policy::wrong_at(file, whole.source(), "'version = 1' is missing: another berth wrote it");
  LockFile lock;
  const toml::node* const modules = whole.get("module");
  if (modules == nullptr) return lock;
  if (!modules->is_array_of_tables())
    return policy::wrong_at(file, modules->source(), "modules are written [[module]]");
  for (const toml::node& module : *modules->as_array())
    BERTH_TRY_VOID(read_module(*module.as_table(), file, lock));
  return lock;
}

std::string write_lock(const LockFile& lock) {
  std::string text =
      "# Which bytes names stand for. Written by 'berth pull --lock', held to by '--locked'.\nversion = 1\n";
  for (const auto& [name, locked] : lock) {
    // No name has a character that TOML would take for another.
    text += fmt::format("\n[[module]]\nname = \"{}\"\n", name);
    if (locked.manifest) text += fmt::format("manifest = \"{}\"\n", locked.manifest->text());
    text += fmt::format("module = \"{}\"\n", locked.module.text());
  }
  return text;
}

Result<LockFile> read_lock(const std::string& path) {
  const auto text = read_file(path, kMostBytes);
  if (!text && text.error().code == ErrorCode::kNotFound)
    return fail(ErrorCode::kNotFound,
                fmt::format("{}; 'berth pull --lock NAME' writes it", text.error().message));
  if (!text) return std::unexpected(text.error());
  return parse_lock(*text, path);
}

Result<void> add_to_lock(const std::string& path, const LockFile& more) {
  LockFile lock;
  if (auto there = read_lock(path)) {
    lock = *std::move(there);
  } else if (there.error().code != ErrorCode::kNotFound) {
    return std::unexpected(there.error());
  }
  for (const auto& [name, locked] : more) lock.insert_or_assign(name, locked);
  const std::string text = write_lock(lock);
  const std::string_view parts[] = {text};
  return write_file(path, parts, 0644, Durability::kSynced);
}

}  // namespace berth::registry
