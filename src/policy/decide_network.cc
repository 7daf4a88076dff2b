// SPDX-License-Identifier: Apache-2.0
#include "policy/decide_network.h"

#include <fmt/format.h>

#include "policy/printable.h"
#include "policy/special_range.h"
#include "policy/verdict.h"

namespace berth::policy {
namespace {

HostPattern one_address(const IpAddress& address) {
  return {.kind = HostKind::kNetwork, .network = network_of(address)};
}

/// The endpoint that holds just this peer; by its address where that is known and special, else by name.
Endpoint exactly(const Peer& peer) {
  bool by_address = peer.address && (!peer.name || special_range_of(*peer.address) != nullptr);
  HostPattern host = by_address ? one_address(*peer.address)
                                : HostPattern{.kind = HostKind::kName, .name = peer.name.value_or("")};
  return {.host = std::move(host), .ports = {.first = peer.port, .last = peer.port}};
}

/// Why nothing covers the peer; says of a special address that it must be named.
std::string what_is_missing(const Peer& peer) {
  const SpecialRange* range = peer.address ? special_range_of(*peer.address) : nullptr;
  if (range == nullptr) return std::string(kNothingCovers);
  std::string address = to_text(*peer.address);
  if (!peer.name) return fmt::format("no grant names {}, which is {}", address, range->name);
  return fmt::format("{} leads to {}, which is {}, and no grant names that address", *peer.name, address,
                     range->name);
}

/// The grant for the folder of the path, which holds its neighbours too.
std::string suggested_request(const HttpTarget& target) {
  std::string folder = target.may_climb ? "/" : target.path.substr(0, target.path.rfind('/') + 1);
  return grant_text(Capability::kHttpOut,
                    HttpOutGrant{.scheme = target.scheme, .endpoint = exactly(target.peer), .path = folder});
}

const Grant* request_grant(const Policy& policy, const Knock& knock, const HttpTarget& target) {
  return find_grant<HttpOutGrant>(policy, [&](const HttpOutGrant& grant) {
    return matches_but_host(grant, knock.method, target) &&
           holds(grant.endpoint, target.peer, Direction::kOut);
  });
}

const Grant* socket_grant(const Policy& policy, Transport transport, const Peer& peer) {
  return find_grant<SocketOutGrant>(policy, [&](const SocketOutGrant& grant) {
    return grant.transport == transport && holds(grant.endpoint, peer, Direction::kOut);
  });
}

/// A request by name, once its name's address is known.
Verdict decide_resolved(const Policy& policy, const Knock& knock, HttpTarget target, const Grant& by_name) {
  target.peer.address = parse_address(knock.resolved_to);
  if (!target.peer.address) return denied(fmt::format("{} is not an address", quoted(knock.resolved_to)), "");
  if (const Grant* both = request_grant(policy, knock, target)) return allowed_by(*both);
  HttpTarget by_address = target;
  by_address.peer.name.reset();
  bool address_granted = request_grant(policy, knock, by_address) != nullptr ||
                         socket_grant(policy, Transport::kTcp, by_address.peer) != nullptr;
  if (address_granted) return allowed_by(by_name);
  return denied(what_is_missing(target.peer), suggested_request(target));
}

}  // namespace

Verdict decide_http_out(const Policy& policy, const Knock& knock) {
  auto target = parse_http_target(knock.target);
  if (!target) return denied(target.error().message, "");
  const Grant* grant = request_grant(policy, knock, *target);
  if (grant == nullptr) return denied(what_is_missing(target->peer), suggested_request(*target));
  if (!target->peer.name || knock.resolved_to.empty()) return allowed_by(*grant);
  return decide_resolved(policy, knock, std::move(*target), *grant);
}

Verdict decide_socket_out(const Policy& policy, const Knock& knock) {
  auto url = parse_socket_url(knock.target);
  if (!url) return denied(url.error().message, "");
  auto peer = parse_peer(url->rest);
  if (!peer) return denied(peer.error().message, "");
  if (!peer->name && !knock.resolved_from.empty()) {
    if (auto name = parse_host_name(knock.resolved_from)) peer->name = std::move(*name);
  }
  if (!peer->address && !knock.resolved_to.empty()) {
    peer->address = parse_address(knock.resolved_to);
    if (!peer->address) return denied(fmt::format("{} is not an address", quoted(knock.resolved_to)), "");
  }
  if (const Grant* grant = socket_grant(policy, url->transport, *peer)) return allowed_by(*grant);
  return denied(what_is_missing(*peer),
                grant_text(Capability::kSocketOut,
                           SocketOutGrant{.transport = url->transport, .endpoint = exactly(*peer)}));
}

Verdict decide_socket_in(const Policy& policy, const Knock& knock) {
  auto url = parse_socket_url(knock.target);
  if (!url) return denied(url.error().message, "");
  auto peer = parse_peer(url->rest);
  if (!peer) return denied(peer.error().message, "");
  // The target is who writes to the guest, or gets its answer: where it listens was decided when it bound.
  const bool of_peer = knock.operation == "receive" || knock.operation == "send";
  const Grant* grant = find_grant<SocketInGrant>(policy, [&](const SocketInGrant& open) {
    return open.transport == url->transport && (of_peer || holds(open.endpoint, *peer, Direction::kIn));
  });
  if (grant != nullptr) return allowed_by(*grant);
  return denied(std::string(kNothingCovers),
                grant_text(Capability::kSocketIn,
                           SocketInGrant{.transport = url->transport, .endpoint = exactly(*peer)}));
}

Verdict decide_http_in(const Policy& policy, const Knock& knock) {
  auto peer = parse_peer(knock.target);
  if (!peer) return denied(peer.error().message, "");
  const Grant* grant = find_grant<HttpInGrant>(
      policy, [&](const HttpInGrant& open) { return holds(open.endpoint, *peer, Direction::kIn); });
  if (grant != nullptr) return allowed_by(*grant);
  return denied(std::string(kNothingCovers),
                grant_text(Capability::kHttpIn, HttpInGrant{.endpoint = exactly(*peer)}));
}

Verdict decide_dns(const Policy& policy, const Knock& knock) {
  if (parse_address(knock.target)) {
    return {.decision = Decision::kAllow, .rule = "an address needs no look-up"};
  }
  auto name = parse_host_name(knock.target);
  if (!name) return denied(name.error().message, "");
  const Grant* grant =
      find_grant<DnsGrant>(policy, [&](const DnsGrant& open) { return matches_name(open.host, *name); });
  if (grant == nullptr) {
    grant = find_grant<SocketOutGrant>(
        policy, [&](const SocketOutGrant& open) { return matches_name(open.endpoint.host, *name); });
  }
  if (grant != nullptr) return allowed_by(*grant);
  return denied(std::string(kNothingCovers),
                grant_text(Capability::kDns, DnsGrant{.host = {.kind = HostKind::kName, .name = *name}}));
}

}  // namespace berth::policy
