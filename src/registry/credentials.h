// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who berth is to a registry, as Docker's configuration says: `auths`, `credHelpers` and `credsStore` of
// config.json in DOCKER_CONFIG or ~/.docker. Helpers are programs called docker-credential-NAME, which get a
// host and answer JSON; one that takes more than ten seconds is ended. Nothing here is ever shown or kept.
//
// Blocks on files and helpers. Any thread.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::registry {

struct Credentials {
  std::string user;
  std::string secret;
  bool identity_token = false;  // `secret` is to be exchanged for tokens
};

/// The configuration's text; empty where there is none. kInvalidArgument names a file that can't be read.
Result<std::string> docker_config();

/// Nothing when the configuration has none for this host. kInvalidArgument: the configuration is wrong;
/// kUnavailable: a helper failed.
Result<std::optional<Credentials>> credentials_for(std::string_view host, std::string_view config);

}  // namespace berth::registry
