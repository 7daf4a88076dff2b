// SPDX-License-Identifier: Apache-2.0
#pragma once
// The addresses that lead somewhere other than the open Internet: this machine, the local network, the
// cloud's metadata service, groups. Reaching them needs a grant that names them: an address or a network
// that lies inside the range. A wildcard, a name that resolves to them or a network that merely includes
// them (`0.0.0.0/0`) doesn't.
//
// From the IANA special-purpose address registries (RFC 6890) and the metadata addresses that cloud
// providers document. Ranges that carry an IPv4 address inside IPv6 (6to4, NAT64, Teredo) are special as a
// whole. Pure; safe on any thread.

#include <string_view>

#include "policy/address.h"

namespace berth::policy {

struct SpecialRange {
  Network network;
  std::string_view name;  // "loopback", "private", "metadata service", …
};

/// The narrowest special range that holds the address; null for an ordinary address. Lives forever.
const SpecialRange* special_range_of(const IpAddress& address);

/// The narrowest special range that holds the whole network; null where there is none. Lives forever.
const SpecialRange* special_range_of(const Network& network);

/// Whether `network` may reach `address`: it holds the address and, where that is special, lies inside its
/// narrowest special range.
bool names_address(const Network& network, const IpAddress& address);

}  // namespace berth::policy
