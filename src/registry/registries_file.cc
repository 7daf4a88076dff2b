// SPDX-License-Identifier: Apache-2.0
#include "registry/registries_file.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>

#include "base/os/file.h"
#include "base/os/user.h"
#include "policy/nearest.h"
#include "policy/printable.h"
#include "policy/toml.h"

namespace berth::registry {
namespace {

constexpr uint64_t kMostFile = 1 << 20;
constexpr std::array<std::string_view, 2> kKeys{"search", "store"};

Result<std::vector<std::string>> read_search(const toml::node& value, std::string_view name) {
  const toml::array* const registries = value.as_array();
  if (registries == nullptr)
    return policy::wrong_at(name, value.source(),
                            "'search' is a list of names like \"oci://registry.example\"");
  std::vector<std::string> all;
  for (const toml::node& registry : *registries) {
    const auto text = registry.value_exact<std::string>();
    if (!text || !text->starts_with("oci://"))
      return policy::wrong_at(name, registry.source(),
                              "a registry is a text like \"oci://registry.example/shop\"");
    all.push_back(*text);
  }
  return all;
}

}  // namespace

Result<RegistriesFile> parse_registries(std::string_view text, std::string_view file_name) {
  const std::string name = policy::printable(file_name);
  const toml::table table = BERTH_TRY(policy::parse_toml(text, name));
  RegistriesFile file;
  for (auto&& [key, value] : table) {
    if (key == "search") {
      file.search = BERTH_TRY(read_search(value, name));
    } else if (key == "store") {
      file.store_bytes = BERTH_TRY(policy::read_size(value, key.str(), "20GiB", name));
    } else {
      return policy::wrong_at(name, key.source(),
                              fmt::format("{} is not a key of this file{}", policy::quoted(key.str()),
                                          policy::did_you_mean(key.str(), kKeys)));
    }
  }
  return file;
}

Result<RegistriesFile> read_registries() {
  const std::string path = BERTH_TRY(user_folders()).config + "/registries.toml";
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return RegistriesFile();
  return parse_registries(BERTH_TRY(read_file(path, kMostFile)), path);
}

}  // namespace berth::registry
