// SPDX-License-Identifier: Apache-2.0
#pragma once
// The SHA-256 of bytes: a module's identity. A value, compared and shown as `sha256:` and 64 digits.
//
// Pure; safe on any thread.

#include <array>
#include <compare>
#include <cstddef>
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

/// The SHA-256 of bytes that come a piece at a time.
class Sha256 {
 public:
  Sha256();
  void add(std::string_view bytes);
  /// Of all that was added; nothing is added any more.
  Digest digest();

 private:
  alignas(8) std::array<std::byte, 128> state_;  // OpenSSL's
};

}  // namespace berth
