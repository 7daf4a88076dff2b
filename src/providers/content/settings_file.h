// SPDX-License-Identifier: Apache-2.0
#pragma once
// content.toml, beside host.toml: where content comes from, how much of it the store may keep, how often its
// blocks are read again for damage, and who else keeps it.
//
//   gateways = ["https://trustless-gateway.link", "http://127.0.0.1:8080"]
//   routing = ["https://delegated-ipfs.dev", "https://cid.contact"]
//   store = "10GiB"
//   verify = "720h"  # or "never"
//   address = "https://content.example.com"  # where 'berth content serve' is reached from elsewhere
//   [services.example]                       # by the IPFS Pinning Service API
//   url = "https://pins.example.com/psa"
//   token_file = "example.token"             # a token alone; beside this file unless it begins with a slash
//
// A key that isn't there stands for what the field offers to everybody. Pure but for the file; any thread.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "providers/content/scrub.h"
#include "providers/content/store.h"

namespace berth::content {

struct PinningSettings {
  std::string url;
  std::string token_file;  // as it is written; may be empty
};

struct SettingsFile {
  std::vector<std::string> gateways = default_gateways();
  std::vector<std::string> routing = default_routing();
  uint64_t store_bytes = kStoreBytes;
  std::optional<std::chrono::seconds> verify_every = kScrubEvery;  // none: never
  std::string address;  // of this machine's gateway, as a multiaddr; empty: nobody reaches it
  std::map<std::string, PinningSettings> services;

  /// Public trustless gateways, and routers of IPFS and of Filecoin's index.
  static std::vector<std::string> default_gateways();
  static std::vector<std::string> default_routing();
};

/// Errors begin with `file_name:line:column`.
Result<SettingsFile> parse_settings(std::string_view toml_text, std::string_view file_name);

/// The user's own; where there is none, what is offered to everybody.
Result<SettingsFile> read_settings();
/// Its path.
Result<std::string> settings_path();

}  // namespace berth::content
