// SPDX-License-Identifier: Apache-2.0
#include "base/fields.h"

#include <cstring>

#include "base/leading_number.h"

namespace berth {

std::string pack(std::span<const std::string> fields) {
  std::string packed;
  for (const std::string& field : fields) {
    const uint64_t size = field.size();
    packed.append(reinterpret_cast<const char*>(&size), sizeof size);
    packed += field;
  }
  return packed;
}

std::optional<Fields> unpack(std::string_view packed) {
  Fields fields;
  while (!packed.empty()) {
    uint64_t size = 0;
    if (packed.size() < sizeof size) return std::nullopt;
    std::memcpy(&size, packed.data(), sizeof size);
    packed.remove_prefix(sizeof size);
    if (packed.size() < size) return std::nullopt;
    fields.emplace_back(packed.substr(0, size));
    packed.remove_prefix(size);
  }
  return fields;
}

uint64_t number_of(std::string_view field) {
  return leading_number<uint64_t>(field).value_or(0);
}

}  // namespace berth
