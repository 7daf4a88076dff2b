// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which hosts a network grant opens.
//
// A host is `*`, a name, `*.name` (every name below, at any depth, not `name` itself), an address or a
// network. Names are compared in lower case, without a final dot; other than ASCII they are written in
// their `xn--` form. What looks like a number but is no plain address (`0x7f.1`, `2130706433`) is refused.
//
// Pure; safe on any thread.

#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/address.h"

namespace berth::policy {

enum class HostKind { kAny, kName, kBelowName, kNetwork };

struct HostPattern {
  HostKind kind = HostKind::kAny;
  std::string name;  // kName, kBelowName: without the `*.`
  Network network;   // kNetwork

  bool operator==(const HostPattern&) const = default;
};

/// `text` as between `//` and the port; networks and IPv6 addresses may stand in brackets.
Result<HostPattern> parse_host(std::string_view text);

/// A name alone, made lower case and without its final dot.
Result<std::string> parse_host_name(std::string_view text);

/// IPv6 addresses and networks in brackets, IPv4 and names without.
std::string to_text(const HostPattern& host);

/// Whether every host that `inner` reaches is reached by `outer`, special ranges included.
bool contains(const HostPattern& outer, const HostPattern& inner);

/// Whether the pattern holds this normal name; `*` does, except for `localhost` and names below it.
bool matches_name(const HostPattern& host, std::string_view name);

/// Whether the pattern reaches this address; special ranges only when it names them.
bool matches_address(const HostPattern& host, const IpAddress& address);

/// Whether the name always means this machine: `localhost` and names below it (RFC 6761).
bool is_local_name(std::string_view name);

/// Where the names of modules lie that one process serves. ICANN keeps `internal` for private use, so it is
/// nobody else's.
inline constexpr std::string_view kInsideZone = "berth.internal";

/// Whether a normal name is that zone or lies below it: no name server is asked about it.
bool is_inside(std::string_view name);

/// Whether a module can be asked by this: a lower-case label.
bool is_inside_label(std::string_view label);

/// "other.berth.internal" of "other", and back; empty where it is none of these names.
std::string inside_name(std::string_view label);
std::string_view inside_label(std::string_view name);

}  // namespace berth::policy
