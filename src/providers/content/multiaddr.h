// SPDX-License-Identifier: Apache-2.0
#pragma once
// Addresses as libp2p writes them (github.com/multiformats/multiaddr), as far as they are those of HTTP
// servers.
//
// Pure; safe on any thread.

#include <optional>
#include <string>
#include <string_view>

namespace berth::content {

/// "https://example.com" of "/dns4/example.com/tcp/443/https" or "/dns/example.com/tcp/443/tls/http". Nothing
/// where it isn't HTTP's, or has a part that isn't known here.
std::optional<std::string> url_of_multiaddr(std::string_view text);

/// "/dns/example.com/tcp/443/tls/http" of "https://example.com/". Nothing where it isn't the URL of a server
/// alone.
std::optional<std::string> multiaddr_of_url(std::string_view url);

}  // namespace berth::content
