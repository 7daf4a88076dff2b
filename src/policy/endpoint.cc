// SPDX-License-Identifier: Apache-2.0
#include "policy/endpoint.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/invalid.h"
#include "policy/special_range.h"
#include "policy/split.h"

namespace berth::policy {
namespace {

/// A decimal port without sign or leading zeros.
std::optional<uint16_t> parse_port(std::string_view text) {
  bool plain = !text.empty() && text.size() <= 5 && (text.size() == 1 || text.front() != '0') &&
               std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!plain) return std::nullopt;
  int value = 0;
  for (char c : text) value = value * 10 + (c - '0');
  return value <= 65535 ? std::optional(static_cast<uint16_t>(value)) : std::nullopt;
}

struct HostAndPort {
  std::string_view host;
  std::optional<std::string_view> port;
};

/// The port follows the last colon outside of brackets.
HostAndPort split_port(std::string_view text) {
  size_t host_end = text.starts_with('[') ? text.find(']') : 0;
  size_t colon = text.rfind(':');
  if (host_end == std::string_view::npos || colon == std::string_view::npos || colon < host_end) {
    return {.host = text};
  }
  return {.host = text.substr(0, colon), .port = text.substr(colon + 1)};
}

std::string_view port_example(Direction direction) {
  return direction == Direction::kOut
             ? "is not a port, use 1 to 65535, a range as 8000-8100, or '*'"
             : "is not a port, use 0 (any free) to 65535, a range as 8000-8100, or '*'";
}

bool host_contains(const HostPattern& outer, const HostPattern& inner, Direction direction) {
  if (direction == Direction::kOut) return contains(outer, inner);
  if (outer.kind == HostKind::kAny) return true;
  return inner.kind == HostKind::kNetwork && contains(outer.network, inner.network);
}

bool holds_outwards(const HostPattern& host, const Peer& peer) {
  bool by_name = peer.name && matches_name(host, *peer.name);
  if (!peer.address) return by_name;
  if (matches_address(host, *peer.address)) {
    return host.kind != HostKind::kAny || !peer.name || by_name;
  }
  const SpecialRange* range = special_range_of(*peer.address);
  bool local = by_name && is_local_name(*peer.name) && range != nullptr && range->name == "loopback";
  return by_name && (range == nullptr || local);
}

}  // namespace

Result<PortRange> parse_ports(std::string_view text, Direction direction) {
  if (text == "*") return PortRange{};
  auto ends = cut(text, "-");
  auto first = parse_port(ends ? ends->first : text);
  auto last = ends ? parse_port(ends->second) : first;
  if (!first || !last) return invalid(text, port_example(direction));
  if (*first > *last) return invalid(text, "is not a range of ports, the smaller one stands first");
  if (direction == Direction::kOut && *first == 0) return invalid(text, port_example(direction));
  bool all = direction == Direction::kOut && *first == 1 && *last == 65535;
  return all ? PortRange{} : PortRange{.first = *first, .last = *last};
}

std::string to_text(PortRange ports) {
  if (ports == PortRange{}) return "*";
  return ports.first == ports.last ? fmt::format("{}", ports.first)
                                   : fmt::format("{}-{}", ports.first, ports.last);
}

bool contains(PortRange outer, PortRange inner) {
  return outer.first <= inner.first && inner.last <= outer.last;
}

bool contains(PortRange ports, uint16_t port) {
  return ports.first <= port && port <= ports.last;
}

Result<Endpoint> parse_endpoint(std::string_view text, Direction direction,
                                std::optional<PortRange> default_ports) {
  auto [host_text, port_text] = split_port(text);
  Endpoint endpoint;
  if (!port_text && !default_ports) return invalid(text, "has no port");
  endpoint.host = BERTH_TRY(parse_host(host_text));
  endpoint.ports = port_text ? BERTH_TRY(parse_ports(*port_text, direction)) : *default_ports;
  bool by_name = endpoint.host.kind == HostKind::kName || endpoint.host.kind == HostKind::kBelowName;
  if (direction == Direction::kIn && by_name) {
    return invalid(host_text, "is not an address to listen on, use one as 127.0.0.1 or [::1], or '*'");
  }
  return endpoint;
}

std::string to_text(const Endpoint& endpoint) {
  return fmt::format("{}:{}", to_text(endpoint.host), to_text(endpoint.ports));
}

bool contains(const Endpoint& outer, const Endpoint& inner, Direction direction) {
  return host_contains(outer.host, inner.host, direction) && contains(outer.ports, inner.ports);
}

std::optional<Endpoint> narrow(const Endpoint& asked, const Endpoint& owner, Direction direction) {
  Endpoint both;
  if (host_contains(owner.host, asked.host, direction)) {
    both.host = asked.host;
  } else if (host_contains(asked.host, owner.host, direction)) {
    both.host = owner.host;
  } else {
    return std::nullopt;
  }
  both.ports = {.first = std::max(asked.ports.first, owner.ports.first),
                .last = std::min(asked.ports.last, owner.ports.last)};
  if (both.ports.first > both.ports.last) return std::nullopt;
  return both;
}

Result<Peer> parse_peer(std::string_view text, std::optional<uint16_t> default_port) {
  auto [host_text, port_text] = split_port(text);
  Peer peer;
  auto port = port_text ? parse_port(*port_text) : default_port;
  if (!port) return invalid(text, "has no port that berth can read");
  peer.port = *port;
  HostPattern host = BERTH_TRY(parse_host(host_text));
  if (host.kind == HostKind::kName) {
    peer.name = host.name;
  } else if (host.kind == HostKind::kNetwork && is_single(host.network)) {
    peer.address = host.network.base;
  } else {
    return invalid(text, "is not one host");
  }
  return peer;
}

bool holds(const Endpoint& endpoint, const Peer& peer, Direction direction) {
  if (!contains(endpoint.ports, peer.port)) return false;
  if (direction == Direction::kOut) return peer.port != 0 && holds_outwards(endpoint.host, peer);
  if (endpoint.host.kind == HostKind::kAny) return peer.address.has_value();
  return peer.address && endpoint.host.kind == HostKind::kNetwork &&
         contains(endpoint.host.network, *peer.address);
}

}  // namespace berth::policy
