// SPDX-License-Identifier: Apache-2.0
#pragma once
// A host and its ports, as network grants have them: `10.0.0.0/8:5432`, `[::1]:80`, `*.example.com:*`.
//
// Outwards, an endpoint is where a guest may connect to: special ranges (loopback, private, …) count only
// where they are named. Inwards, it is where a guest may listen: an address, a network or `*`, never a
// name; every address of a network counts, and port 0 means "any free port".
//
// Pure; safe on any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/host.h"

namespace berth::policy {

enum class Direction { kOut, kIn };

struct PortRange {
  uint16_t first = 0;
  uint16_t last = 65535;

  bool operator==(const PortRange&) const = default;
};

/// "443", "8000-8100" or "*".
Result<PortRange> parse_ports(std::string_view text, Direction direction);
std::string to_text(PortRange ports);
bool contains(PortRange outer, PortRange inner);
bool contains(PortRange ports, uint16_t port);

struct Endpoint {
  HostPattern host;
  PortRange ports;

  bool operator==(const Endpoint&) const = default;
};

/// `HOST:PORTS`; without `:PORTS` the ports are `default_ports`, or an error where there are none.
Result<Endpoint> parse_endpoint(std::string_view text, Direction direction,
                                std::optional<PortRange> default_ports = std::nullopt);
std::string to_text(const Endpoint& endpoint);
bool contains(const Endpoint& outer, const Endpoint& inner, Direction direction);

/// What both hold, where one endpoint says it.
std::optional<Endpoint> narrow(const Endpoint& asked, const Endpoint& owner, Direction direction);

/// One host and one port that somebody wants to reach or to listen on.
struct Peer {
  std::optional<std::string> name;   // a normal name
  std::optional<IpAddress> address;  // may be known beside the name
  uint16_t port = 0;
};

/// `HOST:PORT` where the host is a name or a single address.
Result<Peer> parse_peer(std::string_view text, std::optional<uint16_t> default_port = std::nullopt);

/// Whether the endpoint holds the peer. Outwards, a special address counts only for an endpoint that names
/// it (or for the name `localhost`, where that is loopback).
bool holds(const Endpoint& endpoint, const Peer& peer, Direction direction);

}  // namespace berth::policy
