// SPDX-License-Identifier: Apache-2.0
#include "policy/http_out.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "policy/invalid.h"
#include "policy/split.h"

namespace berth::policy {
namespace {

constexpr int kDecodeRounds = 5;
constexpr std::string_view kInsidePrefix = "berth:";
constexpr PortRange kInsidePorts{.first = 80, .last = 80};

std::optional<uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

/// The byte that `%XX` at `at` stands for.
std::optional<uint8_t> encoded_byte(std::string_view text, size_t at) {
  if (text[at] != '%' || at + 2 >= text.size()) return std::nullopt;
  auto high = hex_digit(text[at + 1]);
  auto low = hex_digit(text[at + 2]);
  if (!high || !low) return std::nullopt;
  return static_cast<uint8_t>(*high << 4 | *low);
}

/// RFC 3986, 2.3: the same encoded or not.
bool is_unreserved(uint8_t byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
         byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

bool must_be_encoded(uint8_t byte) {
  return byte <= 0x20 || byte >= 0x7F || std::string_view("\"<>\\^`{|}*%").contains(static_cast<char>(byte));
}

std::string normal_path(std::string_view path) {
  std::string normal;
  for (size_t i = 0; i < path.size(); ++i) {
    auto byte = static_cast<uint8_t>(path[i]);
    auto encoded = encoded_byte(path, i);
    if (encoded) i += 2;
    if (encoded ? is_unreserved(*encoded) : !must_be_encoded(byte)) {
      normal += static_cast<char>(encoded.value_or(byte));
    } else {
      normal += fmt::format("%{:02X}", encoded.value_or(byte));
    }
  }
  return normal;
}

bool is_malformed(std::string_view path) {
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%' && !encoded_byte(path, i)) return true;
  }
  return false;
}

std::string decoded_once(std::string_view path) {
  std::string out;
  for (size_t i = 0; i < path.size(); ++i) {
    auto byte = encoded_byte(path, i);
    out += byte ? static_cast<char>(*byte) : path[i];
    if (byte) i += 2;
  }
  return out;
}

/// Whether some server could read `..` as a segment of the path: encoded, encoded twice, with backslashes,
/// with parameters behind it (`..;x`).
bool may_climb(std::string_view path) {
  if (is_malformed(path)) return true;
  std::string plain(path);
  int rounds = 0;
  for (std::string next = decoded_once(plain); next != plain; next = decoded_once(plain)) {
    plain = std::move(next);
    if (++rounds == kDecodeRounds) return true;
  }
  std::ranges::replace(plain, '\\', '/');
  return std::ranges::any_of(split(plain, '/'), [](std::string_view segment) {
    auto end =
        std::ranges::find_if(segment, [](char c) { return c == ';' || static_cast<uint8_t>(c) <= 0x20; });
    return std::string_view(segment.begin(), end) == "..";
  });
}

struct UrlParts {
  Scheme scheme = Scheme::kHttps;
  std::string_view authority;
  std::string_view path;  // and query; empty or from its '/'
};

Result<UrlParts> split_url(std::string_view url) {
  UrlParts parts;
  auto halves = cut(url, "://");
  std::string scheme(halves ? halves->first : "");
  std::ranges::transform(scheme, scheme.begin(),
                         [](char c) { return (c >= 'A' && c <= 'Z') ? char(c + 32) : c; });
  if (scheme != "http" && scheme != "https") {
    return invalid(url.substr(0, url.find_first_of("?#")), "doesn't begin with 'https://' or 'http://'");
  }
  parts.scheme = scheme == "http" ? Scheme::kHttp : Scheme::kHttps;
  size_t end = halves->second.find_first_of("/?#");
  if (halves->second.starts_with('[')) {  // a network in brackets has a slash
    size_t bracket = halves->second.find(']');
    end = bracket == std::string_view::npos ? bracket : halves->second.find_first_of("/?#", bracket);
  }
  parts.authority = halves->second.substr(0, end);
  parts.path = end == std::string_view::npos ? "" : halves->second.substr(end);
  if (parts.authority.contains('@')) {  // not shown: it may hold a password
    return fail(ErrorCode::kInvalidArgument, "the address has a user before its host, leave that out");
  }
  return parts;
}

uint16_t default_port(Scheme scheme) {
  return scheme == Scheme::kHttp ? 80 : 443;
}

Result<std::vector<std::string>> parse_methods(std::string_view text) {
  std::vector<std::string> methods;
  for (std::string_view part : split(text, ',')) {
    std::string method(trimmed(part));
    bool plain = !method.empty() &&
                 std::ranges::all_of(method, [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
    if (!plain) return invalid(method, "is not a method, write it in capitals as in GET,POST");
    methods.push_back(std::move(method));
  }
  std::ranges::sort(methods);
  methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
  return methods;
}

Result<void> parse_path(HttpOutGrant& grant, std::string_view path) {
  if (path.empty()) return {};
  if (path.find_first_of("?#") != std::string_view::npos)
    return invalid(path, "has a query, a grant ends with the path");
  grant.path_match = path.ends_with('*') ? PathMatch::kPrefix : PathMatch::kExact;
  if (path.ends_with('*')) path.remove_suffix(1);
  if (path.contains('*')) return invalid(path, "has a '*' in the wrong place, it can only stand at the end");
  if (is_malformed(path)) return invalid(path, "has a '%' without two hexadecimal digits");
  if (may_climb(path)) return invalid(path, "has '..', write the path that is meant");
  grant.path = normal_path(path);
  return {};
}

bool is_whole_origin(const HttpOutGrant& grant) {
  return grant.path == "/" && grant.path_match == PathMatch::kPrefix;
}

/// `text` as behind `berth:`.
Result<void> parse_inside(HttpOutGrant& grant, std::string_view text) {
  const size_t slash = std::min(text.find('/'), text.size());
  const std::string_view name = text.substr(0, slash);
  grant.scheme = Scheme::kBerth;
  grant.endpoint.ports = kInsidePorts;
  if (name == "*") {
    grant.endpoint.host = {.kind = HostKind::kBelowName, .name = std::string(kInsideZone)};
  } else if (is_inside_label(name)) {
    grant.endpoint.host = {.kind = HostKind::kName, .name = inside_name(name)};
  } else {
    return invalid(name, "is not the name of a module, which has lower-case letters, digits and hyphens");
  }
  return parse_path(grant, text.substr(slash));
}

/// The name behind `berth:`.
std::string inside_text(const HostPattern& host) {
  return host.kind == HostKind::kName ? std::string(inside_label(host.name)) : "*";
}

std::string methods_text(const HttpOutGrant& grant) {
  return fmt::format("{}{}", fmt::join(grant.methods, ","), grant.methods.empty() ? "" : " ");
}

std::string path_text(const HttpOutGrant& grant) {
  return grant.path + (grant.path_match == PathMatch::kPrefix ? "*" : "");
}

bool path_contains(const HttpOutGrant& outer, const HttpOutGrant& inner) {
  if (outer.path_match == PathMatch::kPrefix) return inner.path.starts_with(outer.path);
  return inner.path_match == PathMatch::kExact && inner.path == outer.path;
}

}  // namespace

std::string_view scheme_name(Scheme scheme) {
  switch (scheme) {
    case Scheme::kHttp:
      return "http";
    case Scheme::kHttps:
      return "https";
    case Scheme::kBerth:
      return "berth";
  }
  return "";
}

Result<HttpOutGrant> parse_http_out(std::string_view extent) {
  HttpOutGrant grant;
  std::string_view url = extent;
  size_t scheme = extent.find("://");
  size_t blank = extent.substr(0, scheme).find_last_of(" \t");
  if (blank != std::string_view::npos) {
    grant.methods = BERTH_TRY(parse_methods(trimmed(extent.substr(0, blank))));
    url = extent.substr(blank + 1);
  }
  if (url.find_first_of(" \t") != std::string_view::npos) return invalid(url, "has a space, write it as %20");
  if (url.starts_with(kInsidePrefix)) {
    BERTH_TRY_VOID(parse_inside(grant, url.substr(kInsidePrefix.size())));
    return grant;
  }
  UrlParts parts = BERTH_TRY(split_url(url));
  uint16_t port = default_port(parts.scheme);
  grant.scheme = parts.scheme;
  grant.endpoint =
      BERTH_TRY(parse_endpoint(parts.authority, Direction::kOut, PortRange{.first = port, .last = port}));
  if (is_inside(grant.endpoint.host.name)) {
    return invalid(parts.authority, "is a module of this process, write berth:NAME");
  }
  BERTH_TRY(parse_path(grant, parts.path));
  return grant;
}

std::string extent_text(const HttpOutGrant& grant) {
  if (grant.scheme == Scheme::kBerth) {
    return fmt::format("{}berth:{}{}", methods_text(grant), inside_text(grant.endpoint.host),
                       is_whole_origin(grant) ? "" : path_text(grant));
  }
  bool bare_network = grant.endpoint.host.kind == HostKind::kNetwork &&
                      !is_single(grant.endpoint.host.network) &&
                      grant.endpoint.host.network.base.family == AddressFamily::kIpv4;
  std::string host = to_text(grant.endpoint.host);
  return fmt::format("{}{}://{}:{}{}", methods_text(grant), scheme_name(grant.scheme),
                     bare_network ? fmt::format("[{}]", host) : host, to_text(grant.endpoint.ports),
                     path_text(grant));
}

bool stays_inside(const HttpOutGrant& grant) {
  return grant.scheme == Scheme::kBerth;
}

bool contains(const HttpOutGrant& outer, const HttpOutGrant& inner) {
  bool methods = outer.methods.empty() ||
                 (!inner.methods.empty() && std::ranges::includes(outer.methods, inner.methods));
  return methods && outer.scheme == inner.scheme &&
         contains(outer.endpoint, inner.endpoint, Direction::kOut) && path_contains(outer, inner);
}

std::optional<HttpOutGrant> narrow(const HttpOutGrant& asked, const HttpOutGrant& owner) {
  HttpOutGrant both = asked;
  if (asked.scheme != owner.scheme) return std::nullopt;
  if (asked.methods.empty()) {
    both.methods = owner.methods;
  } else if (!owner.methods.empty()) {
    both.methods.clear();
    std::ranges::set_intersection(asked.methods, owner.methods, std::back_inserter(both.methods));
    if (both.methods.empty()) return std::nullopt;
  }
  auto endpoint = narrow(asked.endpoint, owner.endpoint, Direction::kOut);
  if (!endpoint) return std::nullopt;
  both.endpoint = std::move(*endpoint);
  if (path_contains(owner, asked)) return both;
  if (!path_contains(asked, owner)) return std::nullopt;
  both.path = owner.path;
  both.path_match = owner.path_match;
  return both;
}

Result<HttpTarget> parse_http_target(std::string_view url) {
  UrlParts parts = BERTH_TRY(split_url(url));
  std::string_view path = parts.path.substr(0, parts.path.find_first_of("?#"));
  if (path.empty()) path = "/";
  auto peer = BERTH_TRY(parse_peer(parts.authority, default_port(parts.scheme)));
  HttpTarget target{.scheme = parts.scheme,
                    .peer = std::move(peer),
                    .path = normal_path(path),
                    .may_climb = may_climb(path)};
  if (!target.peer.name || !is_inside(*target.peer.name)) return target;
  const bool plain = target.scheme == Scheme::kHttp && target.peer.port == kInsidePorts.first;
  if (!plain || !is_inside_label(inside_label(*target.peer.name))) {
    return invalid(parts.authority,
                   "is no module of this process, which are asked by http://NAME.berth.internal/ alone");
  }
  target.scheme = Scheme::kBerth;
  return target;
}

bool matches_but_host(const HttpOutGrant& grant, std::string_view method, const HttpTarget& target) {
  bool methods = grant.methods.empty() || std::ranges::find(grant.methods, method) != grant.methods.end();
  if (!methods || grant.scheme != target.scheme || !contains(grant.endpoint.ports, target.peer.port))
    return false;
  if (target.may_climb) return is_whole_origin(grant);
  return grant.path_match == PathMatch::kPrefix ? target.path.starts_with(grant.path)
                                                : target.path == grant.path;
}

}  // namespace berth::policy
