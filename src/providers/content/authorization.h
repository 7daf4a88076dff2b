// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who berth is to a server that it hands content to: a token or a password, from a file that nobody else can
// read. Nothing here is ever shown or kept. Blocks on the file; any thread.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::content {

/// A value of the header Authorization, of what stands in a file's first line as kubo's API.Authorizations
/// write it: "bearer:TOKEN", "basic:USER:PASSWORD", "basic:" and their base64; or a token alone.
/// kInvalidArgument never says it.
Result<std::string> authorization_of(std::string_view text);

/// kDenied where a secret would go over plain HTTP to another machine.
Result<void> check_secret_way(std::string_view url, std::string_view secret);

/// What may be shown of a URL that is refused, which may hold a password or a token: what stands behind its
/// '@' and before its '?', in quotes.
std::string refused_url(std::string_view url);

/// A server's URL without the path that its protocol puts behind it, such as "/pins"; nothing where it is no
/// URL of a server, or has a password or a query in it.
std::optional<std::string> base_url(std::string url, std::string_view path);

/// Of a file. kDenied where others than its owner may read it.
Result<std::string> read_authorization(const std::string& path);

}  // namespace berth::content
