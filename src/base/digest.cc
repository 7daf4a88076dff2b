// SPDX-License-Identifier: Apache-2.0
// The low-level calls: they take the fastest instructions at hand and load no provider, which costs the
// modern ones a millisecond at every start (docs/decisions/0004-libraries.md).
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/digest.h"

#include <openssl/sha.h>

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
  Digest digest;
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(digest.bytes.data(), &context);
  return digest;
}

}  // namespace berth
