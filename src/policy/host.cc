// SPDX-License-Identifier: Apache-2.0
#include "policy/host.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "policy/invalid.h"
#include "policy/special_range.h"
#include "policy/split.h"

namespace berth::policy {
namespace {

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// Whether a resolver could take the name for a number: its last label is decimal or begins as
/// hexadecimal does (the WHATWG URL standard's "ends in a number").
bool ends_in_number(std::string_view name) {
  std::string_view last = name.substr(name.rfind('.') + 1);
  return is_digits(last) || last.starts_with("0x") || last.starts_with("0X");
}

bool is_label(std::string_view label) {
  bool plain = std::ranges::all_of(
      label, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
  return plain && !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-';
}

/// Whether `name` lies below `parent`: "a.b.example.com" below "example.com".
bool lies_below(std::string_view name, std::string_view parent) {
  return name.size() > parent.size() + 1 && name.ends_with(parent) &&
         name[name.size() - parent.size() - 1] == '.';
}

Result<HostPattern> parse_bracketed(std::string_view text) {
  if (!text.ends_with(']')) return invalid(text, "has no closing bracket");
  std::string_view inner = text.substr(1, text.size() - 2);
  if (inner.contains('%')) return invalid(text, "has a zone, which no grant can hold");
  if (!inner.contains(':') && !inner.contains('/')) {
    return invalid(text, "is no IPv6 address, only those and networks stand in brackets");
  }
  const Network network = BERTH_TRY(parse_network(inner));
  return HostPattern{.kind = HostKind::kNetwork, .network = network};
}

}  // namespace

Result<std::string> parse_host_name(std::string_view text) {
  std::string name(text);
  std::ranges::transform(name, name.begin(),
                         [](char c) { return (c >= 'A' && c <= 'Z') ? char(c + 32) : c; });
  if (name.ends_with('.')) name.pop_back();
  if (name.empty()) return invalid(text, "is not a host name");
  if (name.size() > 253) return invalid(text, "is too long for a host name");
  if (std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
    return invalid(text, "is not plain ASCII, write the name in its xn-- form");
  }
  for (std::string_view label : split(name, '.')) {
    if (!is_label(label)) return invalid(text, "is not a host name");
  }
  if (ends_in_number(name)) {
    return invalid(
        text, "reads as a number but is not a plain address, write four decimal numbers as in 127.0.0.1");
  }
  return name;
}

Result<HostPattern> parse_host(std::string_view text) {
  if (text == "*") return HostPattern{.kind = HostKind::kAny};
  if (text.starts_with('[')) return parse_bracketed(text);
  if (text.contains(':')) return invalid(text, "has colons, IPv6 addresses stand in brackets as in [::1]");
  if (text.contains('/') || parse_address(text)) {
    const Network network = BERTH_TRY(parse_network(text));
    return HostPattern{.kind = HostKind::kNetwork, .network = network};
  }
  HostKind kind = HostKind::kName;
  if (text.starts_with("*.")) {
    kind = HostKind::kBelowName;
    text.remove_prefix(2);
  }
  if (text.contains('*')) return invalid(text, "has a '*' in the wrong place, use '*' or '*.name'");
  std::string name = BERTH_TRY(parse_host_name(text));
  return HostPattern{.kind = kind, .name = std::move(name)};
}

std::string to_text(const HostPattern& host) {
  switch (host.kind) {
    case HostKind::kAny:
      return "*";
    case HostKind::kName:
      return host.name;
    case HostKind::kBelowName:
      return "*." + host.name;
    case HostKind::kNetwork:
      break;
  }
  bool brackets = host.network.base.family == AddressFamily::kIpv6;
  return brackets ? fmt::format("[{}]", to_text(host.network)) : to_text(host.network);
}

bool is_local_name(std::string_view name) {
  return name == "localhost" || lies_below(name, "localhost");
}

bool is_inside(std::string_view name) {
  return name == kInsideZone || lies_below(name, kInsideZone);
}

bool is_inside_label(std::string_view label) {
  return is_label(label) && !label.contains('_');
}

std::string inside_name(std::string_view label) {
  return fmt::format("{}.{}", label, kInsideZone);
}

std::string_view inside_label(std::string_view name) {
  return lies_below(name, kInsideZone) ? name.substr(0, name.size() - kInsideZone.size() - 1) : "";
}

bool matches_name(const HostPattern& host, std::string_view name) {
  switch (host.kind) {
    case HostKind::kAny:
      return !is_local_name(name);
    case HostKind::kName:
      return host.name == name;
    case HostKind::kBelowName:
      return lies_below(name, host.name);
    case HostKind::kNetwork:
      return false;
  }
  return false;
}

bool matches_address(const HostPattern& host, const IpAddress& address) {
  if (host.kind == HostKind::kAny) return special_range_of(address) == nullptr;
  return host.kind == HostKind::kNetwork && names_address(host.network, address);
}

bool contains(const HostPattern& outer, const HostPattern& inner) {
  switch (inner.kind) {
    case HostKind::kAny:
      return outer.kind == HostKind::kAny;
    case HostKind::kName:
      return matches_name(outer, inner.name);
    case HostKind::kBelowName:
      return matches_name(outer, inner.name) ? outer.kind != HostKind::kName
                                             : outer.kind == HostKind::kBelowName && outer.name == inner.name;
    case HostKind::kNetwork:
      break;
  }
  // A network that lies in no special range reaches ordinary addresses only; one that does, only those of
  // the narrowest such range.
  const SpecialRange* range = special_range_of(inner.network);
  if (outer.kind == HostKind::kAny) return range == nullptr;
  return outer.kind == HostKind::kNetwork && contains(outer.network, inner.network) &&
         (range == nullptr || contains(range->network, outer.network));
}

}  // namespace berth::policy
