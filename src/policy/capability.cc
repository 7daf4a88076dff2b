// SPDX-License-Identifier: Apache-2.0
#include "policy/capability.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "policy/nearest.h"
#include "policy/printable.h"
#include "policy/split.h"

namespace berth::policy {
namespace {

using enum Capability;

constexpr std::array kAll{kFiles,    kEnv,       kStdio,     kHttpOut, kHttpIn,  kSocketOut, kSocketIn, kDns,
                          kKeyvalue, kBlobstore, kMessaging, kSecret,  kContent, kP2p,       kActivity};

constexpr std::array<std::string_view, kAll.size()> kNames{
    "files",    "env",       "stdio",     "http.out", "http.in", "socket.out", "socket.in", "dns",
    "keyvalue", "blobstore", "messaging", "secret",   "content", "p2p",        "activity"};

struct Import {
  std::string_view package;
  std::string_view interface;  // empty: all of the package; a final `-*`: all that begin so
  Capability capability;
};

/// What a module can't do without a grant. Handlers that a module imports are links to another module.
constexpr std::array kImports{
    Import{"wasi:filesystem", "", kFiles},
    Import{"wasi:cli", "environment", kEnv},
    Import{"wasi:cli", "stdin", kStdio},
    Import{"wasi:cli", "stdout", kStdio},
    Import{"wasi:cli", "stderr", kStdio},
    Import{"wasi:cli", "terminal-*", kStdio},
    Import{"wasi:http", "outgoing-handler", kHttpOut},
    Import{"wasi:http", "client", kHttpOut},
    Import{"wasi:sockets", "tcp", kSocketOut},
    Import{"wasi:sockets", "tcp-create-socket", kSocketOut},
    Import{"wasi:sockets", "udp", kSocketOut},
    Import{"wasi:sockets", "udp-create-socket", kSocketOut},
    Import{"wasi:sockets", "types", kSocketOut},  // 0.3 has both transports here
    Import{"wasi:sockets", "ip-name-lookup", kDns},
    Import{"wasi:keyvalue", "", kKeyvalue},
    Import{"wasi:blobstore", "", kBlobstore},
    Import{"wasmcloud:messaging", "", kMessaging},
    Import{"wasi:messaging", "", kMessaging},
    Import{"wasmcloud:secrets", "", kSecret},
    Import{"berth:content", "", kContent},
    Import{"berth:p2p", "", kP2p},
    Import{"berth:activity", "", kActivity},
};

bool fits(const Import& import, std::string_view package, std::string_view interface) {
  if (import.package != package) return false;
  if (import.interface.empty()) return true;
  if (import.interface.ends_with('*')) {
    return interface.starts_with(import.interface.substr(0, import.interface.size() - 1));
  }
  return import.interface == interface;
}

}  // namespace

std::span<const Capability> all_capabilities() {
  return kAll;
}

std::string_view capability_name(Capability capability) {
  return kNames.at(static_cast<size_t>(capability));
}

Result<Capability> parse_capability(std::string_view name) {
  auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is not a capability{}", quoted(name), did_you_mean(name, kNames)));
  }
  return kAll.at(static_cast<size_t>(found - kNames.begin()));
}

std::optional<Capability> capability_of_import(std::string_view interface) {
  std::string_view path = interface.substr(0, interface.find('@'));
  auto parts = cut(path, "/");
  if (!parts) return std::nullopt;
  for (const Import& import : kImports) {
    if (fits(import, parts->first, parts->second)) return import.capability;
  }
  return std::nullopt;
}

}  // namespace berth::policy
