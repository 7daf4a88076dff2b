// SPDX-License-Identifier: Apache-2.0
#pragma once
// A secret under a passphrase: Argon2id makes a key of it, XSalsa20-Poly1305 seals with that (libsodium's
// pwhash and secretbox). What it took is written beside it, so that it can be opened when the defaults have
// grown; more than this berth would ever write is refused, since a file chooses it.
//
// Takes 64 MiB of memory and some 0.1 s. Pure; safe on any thread.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::claims {

struct Sealed {
  std::string salt;   // 16 bytes
  std::string nonce;  // 24 bytes
  uint64_t operations = 0;
  uint64_t memory_bytes = 0;
  std::string box;
};

/// `random` are 40 bytes of the system's.
Result<Sealed> seal(std::string_view secret, std::string_view passphrase,
                    std::span<const std::byte, 40> random);

/// kDenied: the passphrase is another one, or the box was changed.
Result<std::string> unseal(const Sealed& sealed, std::string_view passphrase);

}  // namespace berth::claims
