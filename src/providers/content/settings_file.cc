// SPDX-License-Identifier: Apache-2.0
#include "providers/content/settings_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/os/file.h"
#include "base/os/user.h"
#include "base/units.h"
#include "policy/nearest.h"
#include "policy/printable.h"
#include "policy/toml.h"
#include "providers/content/multiaddr.h"
#include "web/web.h"

namespace berth::content {
namespace {

constexpr uint64_t kMostFile = 1 << 20;
constexpr size_t kMostServers = 64;
constexpr size_t kMostServices = 64;
constexpr std::array<std::string_view, 6> kKeys{"gateways", "routing", "store",
                                                "verify",   "address", "services"};
constexpr std::array<std::string_view, 2> kServiceKeys{"url", "token_file"};

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

std::unexpected<Error> no_key(const toml::key& key, std::span<const std::string_view> known,
                              std::string_view name) {
  return policy::wrong_at(name, key.source(),
                          fmt::format("{} is not a key of this file{}", policy::quoted(key.str()),
                                      policy::did_you_mean(key.str(), known)));
}

/// As a multiaddr.
Result<std::string> read_address(const toml::node& value, std::string_view name) {
  const auto text = value.value_exact<std::string>();
  auto address = text ? multiaddr_of_url(*text) : std::nullopt;
  if (!address || web::is_loopback(web::authority_of(*text)))
    return policy::wrong_at(name, value.source(),
                            "'address' is where others reach this machine's 'berth content serve', like "
                            "\"https://content.example.com\"");
  return *std::move(address);
}

Result<PinningSettings> read_service(const toml::node& value, std::string_view name) {
  const toml::table* const table = value.as_table();
  if (table == nullptr)
    return policy::wrong_at(name, value.source(), "a service is a table: [services.NAME], and its url below");
  PinningSettings service;
  for (auto&& [key, entry] : *table) {
    if (std::ranges::find(kServiceKeys, key.str()) == kServiceKeys.end())
      return no_key(key, kServiceKeys, name);
    const auto text = entry.value_exact<std::string>();
    if (key == "token_file") {
      if (!text || text->empty())
        return policy::wrong_at(name, entry.source(), "'token_file' is the path of a file with a token");
      service.token_file = *text;
    } else if (text && (text->starts_with("https://") || text->starts_with("http://")) &&
               !web::authority_of(*text).empty()) {
      service.url = *text;
    } else {
      return policy::wrong_at(name, entry.source(), "'url' is one like \"https://pins.example.com/psa\"");
    }
  }
  if (service.url.empty()) return policy::wrong_at(name, value.source(), "this service has no 'url'");
  return service;
}

Result<std::map<std::string, PinningSettings>> read_services(const toml::node& value, std::string_view name) {
  const toml::table* const table = value.as_table();
  if (table == nullptr || table->size() > kMostServices)
    return policy::wrong_at(name, value.source(),
                            fmt::format("'services' are at most {} tables [services.NAME]", kMostServices));
  std::map<std::string, PinningSettings> services;
  for (auto&& [key, entry] : *table) {
    PinningSettings service = BERTH_TRY(read_service(entry, name));
    services.emplace(std::string(key.str()), std::move(service));
  }
  return services;
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
    } else if (key == "address") {
      file.address = BERTH_TRY(read_address(value, name));
    } else if (key == "services") {
      file.services = BERTH_TRY(read_services(value, name));
    } else {
      return no_key(key, kKeys, name);
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
