// SPDX-License-Identifier: Apache-2.0
#pragma once
// The SHA-256 of bytes: a module's identity. A value, compared and shown as `sha256:` and 64 digits.
//
// Pure; safe on any thread.

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth {

struct Digest {
  std::array<uint8_t, 32> bytes = {};

  /// 64 lower-case hexadecimal digits.
  std::string hex() const;
  /// "sha256:" and `hex()`, as registries write it.
  std::string text() const {
    return "sha256:" + hex();
  }

  auto operator<=>(const Digest&) const = default;
};

Digest sha256(std::string_view bytes);

}  // namespace berth
