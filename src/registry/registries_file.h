// SPDX-License-Identifier: Apache-2.0
#pragma once
// registries.toml, beside host.toml: the registries that `berth search --registries` asks, and how much the
// store of what was pulled may take.
//
//   search = ["oci://registry.example/shop", "oci://localhost:5000"]
//   store = "20GiB"
//
// Pure but for the file; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::registry {

struct RegistriesFile {
  std::vector<std::string> search = {};
  uint64_t store_bytes = uint64_t{10} << 30;
};

/// Errors begin with `file_name:line:column`.
Result<RegistriesFile> parse_registries(std::string_view toml_text, std::string_view file_name);

/// The user's own; where there is none it says nothing.
Result<RegistriesFile> read_registries();

}  // namespace berth::registry
