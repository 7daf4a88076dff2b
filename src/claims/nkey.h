// SPDX-License-Identifier: Apache-2.0
#pragma once
// Keys of Ed25519 as NATS writes them: base32 of a byte that says whose key it is, 32 bytes and a CRC-16, so
// that an account's key begins with A, an operator's with O, a module's with M, and their seeds with SA, SO
// and SM. (github.com/nats-io/nkeys; the crate `nkeys` 0.4.)
//
// A seed is secret: it is wiped when it goes, stands in no error and is shown by nothing here but `text`.
// Pure, but for the system's random numbers that a caller hands in; safe on any thread.

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::claims {

enum class KeyRole { kOperator, kAccount, kModule };

/// "operator", "account", "module".
std::string_view role_name(KeyRole role);
/// kInvalidArgument names the roles there are.
Result<KeyRole> parse_role(std::string_view name);

struct PublicKey {
  KeyRole role = KeyRole::kModule;
  std::array<uint8_t, 32> bytes = {};

  /// 56 characters.
  std::string text() const;

  auto operator<=>(const PublicKey&) const = default;
};

/// Refusals: kKey, or kKeyType for a key of NATS's that is none of these roles'.
Result<PublicKey> parse_public_key(std::string_view text);

using Signature = std::array<uint8_t, 64>;

/// Whether `key` signed `message`. Signatures in more than one form, and keys of small order, are refused.
bool verifies(const PublicKey& key, std::string_view message, std::string_view signature);

class Seed {
 public:
  static constexpr size_t kTextSize = 58;

  Seed(KeyRole role, std::span<const uint8_t, 32> secret);
  /// A seed's text; the error doesn't hold it.
  static Result<Seed> parse(std::string_view text);
  Seed(const Seed&) = default;
  Seed& operator=(const Seed&) = default;
  ~Seed();

  KeyRole role() const {
    return role_;
  }
  PublicKey public_key() const;
  Signature sign(std::string_view message) const;

  /// The secret itself: for the file that keeps it, and for who asks for it.
  std::string text() const;

 private:
  KeyRole role_;
  std::array<uint8_t, 32> secret_;
};

/// Overwrites what was secret.
void wipe(std::string& secret);

}  // namespace berth::claims
