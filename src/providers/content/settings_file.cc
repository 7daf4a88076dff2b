// SPDX-License-Identifier: Apache-2.0
#include "providers/content/settings_file.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>

#include "base/os/file.h"
#include "base/os/user.h"
#include "base/units.h"
#include "policy/nearest.h"
#include "policy/printable.h"
#include "policy/toml.h"
#include "web/web.h"

namespace berth::content {
namespace {

constexpr uint64_t kMostFile = 1 << 20;
constexpr size_t kMostServers = 64;
constexpr std::array<std::string_view, 4> kKeys{"gateways", "routing", "store", "verify"};

Result<std::vector<std::string>> read_servers(const toml::node& value, std::string_view key,
                                              std::string_view name) {
  const std::string what =
      fmt::format("'{}' is a list of at most {} URLs like \"https://example.com\"", key, kMostServers);
  const toml::array* const servers = value.as_array();
  if (servers == nullptr || servers->size() > kMostServers)
    return policy::wrong_at(name, value.source(), what);
  std::vector<std::string> all;
  for (const toml::node& server : *servers) {
    const auto text = server.value_exact<std::string>();
    const bool is_url = text && (text->starts_with("https://") || text->starts_with("http://"));
    if (!is_url || web::authority_of(*text).empty()) return policy::wrong_at(name, server.source(), what);
    all.push_back(*text);
  }
  return all;
}

Result<std::optional<std::chrono::seconds>> read_every(const toml::node& value, std::string_view name) {
  const auto text = value.value_exact<std::string>();
  if (text == "never") return std::nullopt;
  const auto time = parse_duration(text.value_or(""));
  if (!time || *time < std::chrono::hours(1))
    return policy::wrong_at(name, value.source(),
                            "'verify' is a time of an hour or more like \"720h\", or \"never\"");
  return std::chrono::floor<std::chrono::seconds>(*time);
}

}  // namespace

std::vector<std::string> SettingsFile::default_gateways() {
  return {"https://trustless-gateway.link", "https://ipfs.io", "https://4everland.io"};
}

std::vector<std::string> SettingsFile::default_routing() {
  return {"https://delegated-ipfs.dev", "https://cid.contact"};
}

Result<SettingsFile> parse_settings(std::string_view text, std::string_view file_name) {
  const std::string name = policy::printable(file_name);
  const toml::table table = BERTH_TRY(policy::parse_toml(text, name));
  SettingsFile file;
  for (auto&& [key, value] : table) {
    if (key == "gateways") {
      file.gateways = BERTH_TRY(read_servers(value, key.str(), name));
    } else if (key == "routing") {
      file.routing = BERTH_TRY(read_servers(value, key.str(), name));
    } else if (key == "store") {
      file.store_bytes = BERTH_TRY(policy::read_size(value, key.str(), "10GiB", name));
    } else if (key == "verify") {
      file.verify_every = BERTH_TRY(read_every(value, name));
    } else {
      return policy::wrong_at(name, key.source(),
                              fmt::format("{} is not a key of this file{}", policy::quoted(key.str()),
                                          policy::did_you_mean(key.str(), kKeys)));
    }
  }
  return file;
}

Result<std::string> settings_path() {
  return BERTH_TRY(user_folders()).config + "/content.toml";
}

Result<SettingsFile> read_settings() {
  const std::string path = BERTH_TRY(settings_path());
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return SettingsFile();
  return parse_settings(BERTH_TRY(berth::read_file(path, kMostFile)), path);
}

}  // namespace berth::content
