// SPDX-License-Identifier: Apache-2.0
#include "policy/address.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "policy/printable.h"
#include "policy/split.h"

namespace berth::policy {
namespace {

/// A decimal number of at most three digits without leading zeros.
std::optional<int> small_number(std::string_view text, int most) {
  bool plain = !text.empty() && text.size() <= 3 && (text.size() == 1 || text.front() != '0') &&
               std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!plain) return std::nullopt;
  int value = 0;
  for (char c : text) value = value * 10 + (c - '0');
  return value <= most ? std::optional(value) : std::nullopt;
}

std::optional<IpAddress> parse_ipv4(std::string_view text) {
  auto parts = split(text, '.');
  if (parts.size() != 4) return std::nullopt;
  IpAddress address{.family = AddressFamily::kIpv4};
  for (size_t i = 0; i < 4; ++i) {
    auto part = small_number(parts[i], 255);
    if (!part) return std::nullopt;
    address.bytes.at(i) = static_cast<uint8_t>(*part);
  }
  return address;
}

/// The bytes of colon-separated groups; an IPv4 address may be the last one. "" is no bytes.
std::optional<std::vector<uint8_t>> parse_groups(std::string_view text, bool may_end_in_ipv4) {
  std::vector<uint8_t> bytes;
  if (text.empty()) return bytes;
  auto groups = split(text, ':');
  if (groups.size() > 8) return std::nullopt;
  for (size_t i = 0; i < groups.size(); ++i) {
    std::string_view group = groups[i];
    if (may_end_in_ipv4 && i + 1 == groups.size() && group.contains('.')) {
      auto last = parse_ipv4(group);
      if (!last) return std::nullopt;
      bytes.insert(bytes.end(), last->bytes.begin(), last->bytes.begin() + 4);
      return bytes;
    }
    uint16_t value = 0;
    auto read = std::from_chars(group.data(), group.data() + group.size(), value, 16);
    bool whole = read.ec == std::errc() && read.ptr == group.data() + group.size() && group.size() <= 4;
    if (!whole) return std::nullopt;
    bytes.push_back(static_cast<uint8_t>(value >> 8));
    bytes.push_back(static_cast<uint8_t>(value & 0xFF));
  }
  return bytes;
}

/// An IPv4 address in IPv6's clothes (RFC 4291, 2.5.5.2) as what it is.
IpAddress unmapped(const IpAddress& address) {
  bool mapped =
      std::all_of(address.bytes.begin(), address.bytes.begin() + 10, [](uint8_t b) { return b == 0; }) &&
      address.bytes[10] == 0xFF && address.bytes[11] == 0xFF;
  if (!mapped) return address;
  IpAddress inner{.family = AddressFamily::kIpv4};
  std::copy(address.bytes.begin() + 12, address.bytes.end(), inner.bytes.begin());
  return inner;
}

std::optional<IpAddress> parse_ipv6(std::string_view text) {
  IpAddress address{.family = AddressFamily::kIpv6};
  auto halves = cut(text, "::");
  if (!halves) {
    auto bytes = parse_groups(text, true);
    if (!bytes || bytes->size() != 16) return std::nullopt;
    std::ranges::copy(*bytes, address.bytes.begin());
    return unmapped(address);
  }
  auto front = parse_groups(halves->first, false);
  auto back = parse_groups(halves->second, true);
  if (!front || !back || front->size() + back->size() > 14) return std::nullopt;
  std::ranges::copy(*front, address.bytes.begin());
  std::ranges::copy_backward(*back, address.bytes.end());
  return unmapped(address);
}

uint16_t group_at(const IpAddress& address, size_t index) {
  return static_cast<uint16_t>((address.bytes.at(2 * index) << 8) | address.bytes.at(2 * index + 1));
}

std::string ipv6_text(const IpAddress& address) {
  size_t best = 8;
  size_t best_length = 1;
  for (size_t i = 0; i < 8; ++i) {
    size_t length = 0;
    while (i + length < 8 && group_at(address, i + length) == 0) ++length;
    if (length > best_length) {
      best = i;
      best_length = length;
    }
  }
  std::string text;
  for (size_t i = 0; i < 8;) {
    if (i == best) {
      text += "::";
      i += best_length;
      continue;
    }
    if (!text.empty() && !text.ends_with(':')) text += ':';
    text += fmt::format("{:x}", group_at(address, i++));
  }
  return text;
}

bool bit(const IpAddress& address, int index) {
  return (address.bytes.at(static_cast<size_t>(index) / 8) >> (7 - index % 8) & 1) != 0;
}

IpAddress masked(const IpAddress& address, int prefix_bits) {
  IpAddress base = address;
  for (int i = prefix_bits; i < address_bits(address.family); ++i) {
    auto byte = static_cast<size_t>(i) / 8;
    base.bytes.at(byte) = static_cast<uint8_t>(base.bytes.at(byte) & ~(1U << (7 - i % 8)));
  }
  return base;
}

}  // namespace

int address_bits(AddressFamily family) {
  return family == AddressFamily::kIpv4 ? 32 : 128;
}

std::optional<IpAddress> parse_address(std::string_view text) {
  return text.contains(':') ? parse_ipv6(text) : parse_ipv4(text);
}

std::string to_text(const IpAddress& address) {
  if (address.family == AddressFamily::kIpv6) return ipv6_text(address);
  return fmt::format("{}.{}.{}.{}", address.bytes[0], address.bytes[1], address.bytes[2], address.bytes[3]);
}

Network network_of(const IpAddress& address) {
  return {.base = address, .prefix_bits = address_bits(address.family)};
}

Result<Network> parse_network(std::string_view text) {
  auto parts = cut(text, "/");
  auto address = parse_address(parts ? parts->first : text);
  if (!address) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is not an address or a network, write 10.0.0.0/8 or fd00::/8", quoted(text)));
  }
  if (!parts) return network_of(*address);
  bool written_as_ipv6 = parts->first.contains(':');
  int most = written_as_ipv6 ? 128 : 32;
  int hidden_bits = most - address_bits(address->family);
  auto bits = small_number(parts->second, most);
  if (!bits || *bits < hidden_bits) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} is not a prefix length, use {} to {}",
                                                         quoted(parts->second), hidden_bits, most));
  }
  Network network{.base = masked(*address, *bits - hidden_bits), .prefix_bits = *bits - hidden_bits};
  if (network.base != *address) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("{} has bits set behind its prefix, did you mean '{}'", quoted(text), to_text(network)));
  }
  return network;
}

std::string to_text(const Network& network) {
  if (is_single(network)) return to_text(network.base);
  return fmt::format("{}/{}", to_text(network.base), network.prefix_bits);
}

bool is_single(const Network& network) {
  return network.prefix_bits == address_bits(network.base.family);
}

bool contains(const Network& network, const IpAddress& address) {
  if (network.base.family != address.family) return false;
  for (int i = 0; i < network.prefix_bits; ++i) {
    if (bit(network.base, i) != bit(address, i)) return false;
  }
  return true;
}

bool contains(const Network& outer, const Network& inner) {
  return outer.prefix_bits <= inner.prefix_bits && contains(outer, inner.base);
}

}  // namespace berth::policy
