// SPDX-License-Identifier: Apache-2.0
#pragma once
// The kinds of door that a module can ask a host for, each with the one name it has in grants, policies,
// claims and messages, and the link from a module's import to the door that it knocks on.
//
// Pure; safe on any thread.

#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"

namespace berth::policy {

enum class Capability {
  kFiles,
  kEnv,
  kStdio,
  kHttpOut,
  kHttpIn,
  kSocketOut,
  kSocketIn,
  kDns,
  kKeyvalue,
  kBlobstore,
  kMessaging,
  kSecret,
  kContent,
  kP2p,
  kActivity,
};

/// Every capability, in the order above.
std::span<const Capability> all_capabilities();

/// "files", "http.out", …
std::string_view capability_name(Capability capability);

/// The capability of that name. The error names the nearest one that exists.
Result<Capability> parse_capability(std::string_view name);

/// The door behind an import such as `wasi:filesystem/types@0.2.3`; the version may be missing. Nothing
/// for imports that open no door (clocks, random numbers, streams) and for those that berth doesn't know.
std::optional<Capability> capability_of_import(std::string_view interface);

}  // namespace berth::policy
