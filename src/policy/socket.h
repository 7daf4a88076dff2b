// SPDX-License-Identifier: Apache-2.0
#pragma once
// The extents of the doors to the network below HTTP: `socket.out`, `socket.in`, `http.in` and `dns`.
//
//   socket.out tcp://10.0.0.0/8:5432       tcp or udp; a host, a network or a name; ports `80`, `80-90`, `*`
//   socket.in  tcp://127.0.0.1:9000        an address, a network or `*`, never a name; port 0 is "any free"
//   http.in    127.0.0.1:8080              as socket.in
//   dns        *.example.com               a name, `*.name` or `*`
//
// A `socket.out` grant by name holds for the addresses that the guest got by resolving that name, and
// includes resolving it. Networks of IPv6 are written `[fd00::/8]:5432`.
//
// Pure; safe on any thread.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/endpoint.h"

namespace berth::policy {

enum class Transport { kTcp, kUdp };

std::string_view transport_name(Transport transport);

/// `tcp://REST`; REST borrows from the text.
struct SocketUrl {
  Transport transport = Transport::kTcp;
  std::string_view rest;
};

Result<SocketUrl> parse_socket_url(std::string_view text);

struct SocketOutGrant {
  Transport transport = Transport::kTcp;
  Endpoint endpoint;

  bool operator==(const SocketOutGrant&) const = default;
};

struct SocketInGrant {
  Transport transport = Transport::kTcp;
  Endpoint endpoint;

  bool operator==(const SocketInGrant&) const = default;
};

struct HttpInGrant {
  Endpoint endpoint;

  bool operator==(const HttpInGrant&) const = default;
};

struct DnsGrant {
  HostPattern host;  // never a network

  bool operator==(const DnsGrant&) const = default;
};

Result<SocketOutGrant> parse_socket_out(std::string_view extent);
std::string extent_text(const SocketOutGrant& grant);
bool contains(const SocketOutGrant& outer, const SocketOutGrant& inner);
std::optional<SocketOutGrant> narrow(const SocketOutGrant& asked, const SocketOutGrant& owner);

Result<SocketInGrant> parse_socket_in(std::string_view extent);
std::string extent_text(const SocketInGrant& grant);
bool contains(const SocketInGrant& outer, const SocketInGrant& inner);
std::optional<SocketInGrant> narrow(const SocketInGrant& asked, const SocketInGrant& owner);

Result<HttpInGrant> parse_http_in(std::string_view extent);
std::string extent_text(const HttpInGrant& grant);
bool contains(const HttpInGrant& outer, const HttpInGrant& inner);
std::optional<HttpInGrant> narrow(const HttpInGrant& asked, const HttpInGrant& owner);

Result<DnsGrant> parse_dns(std::string_view extent);
std::string extent_text(const DnsGrant& grant);
bool contains(const DnsGrant& outer, const DnsGrant& inner);
std::optional<DnsGrant> narrow(const DnsGrant& asked, const DnsGrant& owner);

}  // namespace berth::policy
