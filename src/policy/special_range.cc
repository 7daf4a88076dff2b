// SPDX-License-Identifier: Apache-2.0
#include "policy/special_range.h"

#include <array>

namespace berth::policy {
namespace {

constexpr SpecialRange ipv4(std::string_view name, int bits, uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
  return {.network = {.base = {.family = AddressFamily::kIpv4, .bytes = {a, b, c, d}}, .prefix_bits = bits},
          .name = name};
}

/// An IPv6 range: its first four groups and its last.
constexpr SpecialRange ipv6(std::string_view name, int bits, std::array<uint16_t, 4> front,
                            uint16_t back = 0) {
  SpecialRange range{.network = {.base = {.family = AddressFamily::kIpv6}, .prefix_bits = bits},
                     .name = name};
  for (size_t i = 0; i < 4; ++i) {
    range.network.base.bytes[2 * i] = static_cast<uint8_t>(front[i] >> 8);
    range.network.base.bytes[2 * i + 1] = static_cast<uint8_t>(front[i] & 0xFF);
  }
  range.network.base.bytes[14] = static_cast<uint8_t>(back >> 8);
  range.network.base.bytes[15] = static_cast<uint8_t>(back & 0xFF);
  return range;
}

/// Any order: the narrowest one that fits counts.
constexpr std::array kRanges{
    ipv4("unspecified", 8, 0, 0, 0, 0),
    ipv4("private", 8, 10, 0, 0, 0),
    ipv4("shared by a carrier", 10, 100, 64, 0, 0),
    ipv4("a metadata service", 32, 100, 100, 100, 200),  // Alibaba Cloud
    ipv4("loopback", 8, 127, 0, 0, 0),
    ipv4("a metadata service", 32, 168, 63, 129, 16),  // Azure's host
    ipv4("link-local", 16, 169, 254, 0, 0),
    ipv4("a metadata service", 32, 169, 254, 169, 254),  // most clouds
    ipv4("a metadata service", 32, 169, 254, 169, 253),  // AWS, names
    ipv4("a metadata service", 32, 169, 254, 170, 2),    // AWS, containers
    ipv4("a metadata service", 32, 169, 254, 170, 23),   // AWS, pods
    ipv4("private", 12, 172, 16, 0, 0),
    ipv4("reserved for protocols", 24, 192, 0, 0, 0),
    ipv4("a metadata service", 32, 192, 0, 0, 192),  // Oracle Cloud
    ipv4("for documentation", 24, 192, 0, 2, 0),
    ipv4("a relay to IPv6", 24, 192, 88, 99, 0),
    ipv4("private", 16, 192, 168, 0, 0),
    ipv4("for benchmarks", 15, 198, 18, 0, 0),
    ipv4("for documentation", 24, 198, 51, 100, 0),
    ipv4("for documentation", 24, 203, 0, 113, 0),
    ipv4("multicast", 4, 224, 0, 0, 0),
    ipv4("reserved", 4, 240, 0, 0, 0),
    ipv4("broadcast", 32, 255, 255, 255, 255),
    ipv6("an old form of IPv4", 96, {0, 0, 0, 0}),
    ipv6("unspecified", 128, {0, 0, 0, 0}),
    ipv6("loopback", 128, {0, 0, 0, 0}, 1),
    ipv6("a translation of IPv4", 96, {0x64, 0xff9b, 0, 0}),
    ipv6("a translation of IPv4", 48, {0x64, 0xff9b, 1, 0}),
    ipv6("discarded", 64, {0x100, 0, 0, 0}),
    ipv6("reserved for protocols", 23, {0x2001, 0, 0, 0}),
    ipv6("a tunnel of IPv4", 32, {0x2001, 0, 0, 0}),  // Teredo
    ipv6("for documentation", 32, {0x2001, 0xdb8, 0, 0}),
    ipv6("a tunnel of IPv4", 16, {0x2002, 0, 0, 0}),  // 6to4
    ipv6("for documentation", 20, {0x3fff, 0, 0, 0}),
    ipv6("for segment routing", 16, {0x5f00, 0, 0, 0}),
    ipv6("private", 7, {0xfc00, 0, 0, 0}),
    ipv6("a metadata service", 128, {0xfd00, 0xec2, 0, 0}, 0x254),  // AWS
    ipv6("a metadata service", 128, {0xfd00, 0xec2, 0, 0}, 0x253),  // AWS, names
    ipv6("a metadata service", 128, {0xfd00, 0xec2, 0, 0}, 0x23),   // AWS, pods
    ipv6("a metadata service", 128, {0xfd20, 0xce, 0, 0}, 0x254),   // Google Cloud
    ipv6("link-local", 10, {0xfe80, 0, 0, 0}),
    ipv6("site-local", 10, {0xfec0, 0, 0, 0}),
    ipv6("multicast", 8, {0xff00, 0, 0, 0}),
};

}  // namespace

const SpecialRange* special_range_of(const Network& network) {
  const SpecialRange* narrowest = nullptr;
  for (const SpecialRange& range : kRanges) {
    bool narrower = narrowest == nullptr || narrowest->network.prefix_bits < range.network.prefix_bits;
    if (narrower && contains(range.network, network)) narrowest = &range;
  }
  return narrowest;
}

const SpecialRange* special_range_of(const IpAddress& address) {
  return special_range_of(network_of(address));
}

bool names_address(const Network& network, const IpAddress& address) {
  if (!contains(network, address)) return false;
  const SpecialRange* range = special_range_of(address);
  return range == nullptr || contains(range->network, network);
}

}  // namespace berth::policy
