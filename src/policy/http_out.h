// SPDX-License-Identifier: Apache-2.0
#pragma once
// The extent of `http.out`: which requests a guest may send.
//
//   http.out [METHOD,METHOD ]SCHEME://HOST[:PORT][/PATH]
//   http.out [METHOD,METHOD ]berth:NAME[/PATH]
//
// Without methods, any. Without a port, the scheme's own; `*` and ranges as for sockets. A path that ends
// in `*` is a prefix, any other is exact; no path at all means the whole origin, `/*`. Networks stand in
// brackets (`http://[10.0.0.0/8]:8080/*`). The query of a request plays no part.
//
// Paths are compared in a normal form, so that no spelling walks around a rule: what needn't be encoded is
// decoded, what must be is encoded. A request whose path a server could read as climbing up (`..`, however
// encoded) is held only by a grant of the whole origin.
//
// Pure; safe on any thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/endpoint.h"

namespace berth::policy {

/// `kBerth` is a module of this process, by its name below `kInsideZone`.
enum class Scheme { kHttp, kHttps, kBerth };
enum class PathMatch { kExact, kPrefix };

std::string_view scheme_name(Scheme scheme);

struct HttpOutGrant {
  std::vector<std::string> methods;  // sorted, each once; empty: any
  Scheme scheme = Scheme::kHttps;
  Endpoint endpoint;
  std::string path = "/";  // in normal form, without the final `*`
  PathMatch path_match = PathMatch::kPrefix;

  bool operator==(const HttpOutGrant&) const = default;
};

Result<HttpOutGrant> parse_http_out(std::string_view extent);
std::string extent_text(const HttpOutGrant& grant);
/// Whether what it opens never leaves this process.
bool stays_inside(const HttpOutGrant& grant);
bool contains(const HttpOutGrant& outer, const HttpOutGrant& inner);
std::optional<HttpOutGrant> narrow(const HttpOutGrant& asked, const HttpOutGrant& owner);

/// One request, taken apart: `https://host:port/path?query`.
struct HttpTarget {
  Scheme scheme = Scheme::kHttps;
  Peer peer;
  std::string path;        // in normal form, without query
  bool may_climb = false;  // some server could read the path as leading upwards
};

Result<HttpTarget> parse_http_target(std::string_view url);

/// Whether method, scheme, port and path fit; the host is the caller's to match.
bool matches_but_host(const HttpOutGrant& grant, std::string_view method, const HttpTarget& target);

}  // namespace berth::policy
