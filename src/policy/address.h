// SPDX-License-Identifier: Apache-2.0
#pragma once
// Internet addresses and networks of them, read strictly: IPv4 as four plain decimal numbers, IPv6 as
// RFC 4291 says, without zones. Nothing that one program reads as an address and another as something else
// (octal, hexadecimal, missing parts) gets through. An IPv4 address inside IPv6 (`::ffff:10.0.0.1`) is read
// as that IPv4 address, so that no rule can be walked around by spelling.
//
// Pure; safe on any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::policy {

enum class AddressFamily { kIpv4, kIpv6 };

struct IpAddress {
  AddressFamily family = AddressFamily::kIpv4;
  std::array<uint8_t, 16> bytes{};  // IPv4 uses the first four, the others are zero

  bool operator==(const IpAddress&) const = default;
};

/// 32 or 128.
int address_bits(AddressFamily family);

/// "127.0.0.1", "::1"; never with brackets.
std::optional<IpAddress> parse_address(std::string_view text);

/// The canonical spelling (RFC 5952), without brackets.
std::string to_text(const IpAddress& address);

/// All addresses that share their first `prefix_bits` with `base`, whose other bits are zero.
struct Network {
  IpAddress base;
  int prefix_bits = 32;

  bool operator==(const Network&) const = default;
};

/// One address as a network of its own.
Network network_of(const IpAddress& address);

/// "10.0.0.0/8", "fd00::/8", or one address.
Result<Network> parse_network(std::string_view text);

/// "10.0.0.0/8"; a single address without its prefix length.
std::string to_text(const Network& network);

bool is_single(const Network& network);
bool contains(const Network& network, const IpAddress& address);
bool contains(const Network& outer, const Network& inner);

}  // namespace berth::policy
