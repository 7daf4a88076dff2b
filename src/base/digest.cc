// SPDX-License-Identifier: Apache-2.0
// The low-level calls: they take the fastest instructions at hand and load no provider, which costs the
// modern ones a millisecond at every start (docs/decisions/0004-libraries.md).
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/digest.h"

#include <openssl/sha.h>

#include <memory>

namespace berth {

std::string Digest::hex() const {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(64);
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Digest sha256(std::string_view bytes) {
  Sha256 whole;
  whole.add(bytes);
  return whole.digest();
}

Sha256::Sha256() {
  static_assert(sizeof(SHA256_CTX) <= sizeof state_);
  SHA256_Init(std::construct_at(reinterpret_cast<SHA256_CTX*>(state_.data())));
}

void Sha256::add(std::string_view bytes) {
  SHA256_Update(reinterpret_cast<SHA256_CTX*>(state_.data()), bytes.data(), bytes.size());
}

Digest Sha256::digest() {
  Digest digest;
  SHA256_Final(digest.bytes.data(), reinterpret_cast<SHA256_CTX*>(state_.data()));
  return digest;
}

}  // namespace berth
