// SPDX-License-Identifier: Apache-2.0
#include "policy/socket.h"

#include <fmt/format.h>

#include "policy/printable.h"
#include "policy/split.h"

namespace berth::policy {
namespace {

std::string socket_text(Transport transport, const Endpoint& endpoint) {
  return fmt::format("{}://{}", transport_name(transport), to_text(endpoint));
}

struct SocketExtent {
  Transport transport = Transport::kTcp;
  Endpoint endpoint;
};

Result<SocketExtent> parse_socket(std::string_view extent, Direction direction) {
  SocketUrl url = BERTH_TRY(parse_socket_url(extent));
  Endpoint endpoint = BERTH_TRY(parse_endpoint(url.rest, direction));
  return SocketExtent{.transport = url.transport, .endpoint = std::move(endpoint)};
}

}  // namespace

std::string_view transport_name(Transport transport) {
  return transport == Transport::kTcp ? "tcp" : "udp";
}

Result<SocketUrl> parse_socket_url(std::string_view text) {
  auto parts = cut(text, "://");
  if (parts && parts->first == "tcp") return SocketUrl{.transport = Transport::kTcp, .rest = parts->second};
  if (parts && parts->first == "udp") return SocketUrl{.transport = Transport::kUdp, .rest = parts->second};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} doesn't begin with 'tcp://' or 'udp://'", quoted(text)));
}

Result<SocketOutGrant> parse_socket_out(std::string_view extent) {
  SocketExtent read = BERTH_TRY(parse_socket(extent, Direction::kOut));
  return SocketOutGrant{.transport = read.transport, .endpoint = std::move(read.endpoint)};
}

std::string extent_text(const SocketOutGrant& grant) {
  return socket_text(grant.transport, grant.endpoint);
}

bool contains(const SocketOutGrant& outer, const SocketOutGrant& inner) {
  return outer.transport == inner.transport && contains(outer.endpoint, inner.endpoint, Direction::kOut);
}

std::optional<SocketOutGrant> narrow(const SocketOutGrant& asked, const SocketOutGrant& owner) {
  if (asked.transport != owner.transport) return std::nullopt;
  auto endpoint = narrow(asked.endpoint, owner.endpoint, Direction::kOut);
  if (!endpoint) return std::nullopt;
  return SocketOutGrant{.transport = asked.transport, .endpoint = std::move(*endpoint)};
}

Result<SocketInGrant> parse_socket_in(std::string_view extent) {
  SocketExtent read = BERTH_TRY(parse_socket(extent, Direction::kIn));
  return SocketInGrant{.transport = read.transport, .endpoint = std::move(read.endpoint)};
}

std::string extent_text(const SocketInGrant& grant) {
  return socket_text(grant.transport, grant.endpoint);
}

bool contains(const SocketInGrant& outer, const SocketInGrant& inner) {
  return outer.transport == inner.transport && contains(outer.endpoint, inner.endpoint, Direction::kIn);
}

std::optional<SocketInGrant> narrow(const SocketInGrant& asked, const SocketInGrant& owner) {
  if (asked.transport != owner.transport) return std::nullopt;
  auto endpoint = narrow(asked.endpoint, owner.endpoint, Direction::kIn);
  if (!endpoint) return std::nullopt;
  return SocketInGrant{.transport = asked.transport, .endpoint = std::move(*endpoint)};
}

Result<HttpInGrant> parse_http_in(std::string_view extent) {
  return HttpInGrant{.endpoint = BERTH_TRY(parse_endpoint(extent, Direction::kIn))};
}

std::string extent_text(const HttpInGrant& grant) {
  return to_text(grant.endpoint);
}

bool contains(const HttpInGrant& outer, const HttpInGrant& inner) {
  return contains(outer.endpoint, inner.endpoint, Direction::kIn);
}

std::optional<HttpInGrant> narrow(const HttpInGrant& asked, const HttpInGrant& owner) {
  auto endpoint = narrow(asked.endpoint, owner.endpoint, Direction::kIn);
  if (!endpoint) return std::nullopt;
  return HttpInGrant{.endpoint = std::move(*endpoint)};
}

Result<DnsGrant> parse_dns(std::string_view extent) {
  HostPattern host = BERTH_TRY(parse_host(extent));
  if (host.kind == HostKind::kNetwork) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is an address, names are what is looked up", quoted(extent)));
  }
  return DnsGrant{.host = std::move(host)};
}

std::string extent_text(const DnsGrant& grant) {
  return to_text(grant.host);
}

bool contains(const DnsGrant& outer, const DnsGrant& inner) {
  return contains(outer.host, inner.host);
}

std::optional<DnsGrant> narrow(const DnsGrant& asked, const DnsGrant& owner) {
  if (contains(owner, asked)) return asked;
  if (contains(asked, owner)) return owner;
  return std::nullopt;
}

}  // namespace berth::policy
