// SPDX-License-Identifier: Apache-2.0
#include "providers/content/varint.h"

#include <algorithm>

namespace berth::content {

void put_varint(std::string& bytes, uint64_t number) {
  for (; number >= 0x80; number >>= 7U) bytes += static_cast<char>(number | 0x80U);
  bytes += static_cast<char>(number);
}

std::optional<uint64_t> take_varint(std::string_view& bytes) {
  uint64_t number = 0;
  const size_t most = std::min(bytes.size(), kMostVarintBytes);
  for (size_t i = 0; i < most; ++i) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    number |= static_cast<uint64_t>(byte & 0x7fU) << (7 * i);
    if ((byte & 0x80U) != 0) continue;
    if (byte == 0 && i > 0) return std::nullopt;  // there is a shorter way
    bytes.remove_prefix(i + 1);
    return number;
  }
  return std::nullopt;
}

}  // namespace berth::content
