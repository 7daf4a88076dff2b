// SPDX-License-Identifier: Apache-2.0
#include "providers/content/multiaddr.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "policy/address.h"
#include "policy/host.h"
#include "web/web.h"

namespace berth::content {
namespace {

constexpr size_t kLongest = 512;

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    text.remove_prefix(1);
    const size_t end = std::min(text.find('/'), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

/// As it stands in a URL; empty where it is none.
std::string host_of(std::string_view kind, std::string_view value) {
  if (kind == "ip4" || kind == "ip6") {
    const auto address = policy::parse_address(value);
    const bool is_v6 = kind == "ip6";
    if (!address || (address->family == policy::AddressFamily::kIpv6 && !is_v6)) return {};
    return is_v6 ? fmt::format("[{}]", value) : std::string(value);
  }
  if (kind != "dns" && kind != "dns4" && kind != "dns6") return {};
  const auto host = policy::parse_host(value);
  return host && host->kind == policy::HostKind::kName ? std::string(value) : std::string();
}

}  // namespace

std::optional<std::string> url_of_multiaddr(std::string_view text) {
  if (text.size() > kLongest || !text.starts_with('/')) return std::nullopt;
  const auto words = words_of(text);
  if (words.size() < 3) return std::nullopt;
  const std::string host = host_of(words[0], words[1]);
  if (host.empty()) return std::nullopt;
  size_t at = 2;
  std::optional<uint16_t> port;
  if (words[at] == "tcp" && at + 1 < words.size()) {
    uint16_t number = 0;
    const std::string_view digits = words[at + 1];
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size() || number == 0) return std::nullopt;
    port = number;
    at += 2;
  }
  const auto next = [&](std::string_view word) {
    if (at == words.size() || words[at] != word) return false;
    ++at;
    return true;
  };
  const bool tls = next("tls");
  const bool secure = tls ? next("http") : next("https");
  if (tls && !secure) return std::nullopt;
  if (!secure && !next("http")) return std::nullopt;
  // Who it is doesn't matter: what they send is checked.
  if (next("p2p")) ++at;
  if (at != words.size()) return std::nullopt;
  const uint16_t usual = secure ? 443 : 80;
  const std::string behind = port.value_or(usual) == usual ? "" : fmt::format(":{}", *port);
  return fmt::format("{}://{}{}", secure ? "https" : "http", host, behind);
}

std::optional<std::string> multiaddr_of_url(std::string_view url) {
  const bool secure = url.starts_with("https://");
  const std::string origin = web::origin_of(url);
  if ((!secure && !url.starts_with("http://")) || (url != origin && url != origin + "/")) return std::nullopt;
  std::string host = web::authority_of(url);
  std::string port = secure ? "443" : "80";
  if (const size_t colon = host.rfind(':');
      colon != std::string::npos && host.find(']', colon) == std::string::npos) {
    port = host.substr(colon + 1);
    host.resize(colon);
  }
  std::string_view kind = "dns";
  if (host.starts_with('[') && host.ends_with(']')) {
    kind = "ip6";
    host = host.substr(1, host.size() - 2);
  } else if (policy::parse_address(host)) {
    kind = "ip4";
  }
  std::string text = fmt::format("/{}/{}/tcp/{}{}/http", kind, host, port, secure ? "/tls" : "");
  // What it leads back to has passed all checks of such an address.
  return url_of_multiaddr(text) ? std::optional(std::move(text)) : std::nullopt;
}

}  // namespace berth::content
