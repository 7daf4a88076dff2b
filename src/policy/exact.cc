// SPDX-License-Identifier: Apache-2.0
#include "policy/exact.h"

#include <algorithm>

namespace berth::policy {
namespace {

constexpr std::string_view kSource = "learned";

Endpoint endpoint_of(HostPattern host, uint16_t port) {
  return {.host = std::move(host), .ports = {.first = port, .last = port}};
}

/// Whether a grant can name the method; other ones need a grant of all methods.
bool is_plain_method(std::string_view method) {
  return !method.empty() &&
         std::ranges::all_of(method, [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
}

std::vector<Grant> exact_requests(const Knock& knock) {
  const auto target = parse_http_target(knock.target);
  if (!target) return {};
  HttpOutGrant request{.scheme = target->scheme, .path = target->path, .path_match = PathMatch::kExact};
  if (is_plain_method(knock.method)) request.methods = {knock.method};
  // Only a grant of the whole origin holds a path that some server could read as climbing.
  if (target->may_climb) {
    request.path = "/";
    request.path_match = PathMatch::kPrefix;
  }
  std::vector<Grant> grants;
  const auto add = [&](HostPattern host) {
    request.endpoint = endpoint_of(std::move(host), target->peer.port);
    grants.push_back({.capability = Capability::kHttpOut, .extent = request, .source = std::string(kSource)});
  };
  if (target->peer.name) add({.kind = HostKind::kName, .name = *target->peer.name});
  const bool by_name = target->peer.name && allows(grants, knock);
  const auto address = target->peer.address ? target->peer.address : parse_address(knock.resolved_to);
  if (!by_name && address) add({.kind = HostKind::kNetwork, .network = network_of(*address)});
  return grants;
}

}  // namespace

bool allows(const std::vector<Grant>& grants, const Knock& use) {
  Knock asked = use;
  asked.reason = Reason::kAsk;
  return decide(Policy{.grants = grants, .limits = {}}, asked).decision == Decision::kAllow;
}

std::string folder_above(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? "/" : std::string(path.substr(0, slash));
}

std::string folder_to_open(const Knock& knock, std::string_view path, bool is_folder) {
  const bool itself = is_folder && (only_reads(knock.operation) || knock.operation == "set-times") &&
                      knock.operation != "readlink";
  return itself ? std::string(path) : folder_above(path);
}

std::vector<Grant> exact_grants(const Knock& knock) {
  if (knock.capability == Capability::kFiles) return {};
  std::vector<Grant> grants;
  if (knock.capability == Capability::kHttpOut) {
    grants = exact_requests(knock);
  } else {
    // Without any grant, what is suggested is the very thing that was asked for.
    Knock asked = knock;
    asked.reason = Reason::kAsk;
    if (auto grant = parse_grant(decide({}, asked).suggestion, kSource)) grants.push_back(std::move(*grant));
  }
  // What a guest asks for may be no such thing, and a grant has to be readable again.
  const bool readable = std::ranges::all_of(
      grants, [](const Grant& grant) { return parse_grant(to_text(grant), kSource).has_value(); });
  if (!readable || !allows(grants, knock)) return {};
  return grants;
}

}  // namespace berth::policy
