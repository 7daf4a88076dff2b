// SPDX-License-Identifier: Apache-2.0
#pragma once
// Keys, small modules and tokens for tests.

#include <sodium.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/text_codes.h"
#include "claims/nkey.h"
#include "claims/sections.h"
#include "claims/signed_module.h"
#include "claims/token.h"
#include "policy/grant.h"

namespace berth::claims::testing {

using namespace std::string_literals;
using namespace std::string_view_literals;

constexpr uint64_t kNow = 1'800'000'000;  // in January 2027

/// The same key for the same number.
inline Seed seed_of(KeyRole role, uint8_t number) {
  std::array<uint8_t, 32> secret{};
  secret.fill(number);
  return Seed(role, secret);
}

inline const Seed kOperator = seed_of(KeyRole::kOperator, 1);
inline const Seed kAccount = seed_of(KeyRole::kAccount, 2);
inline const Seed kModule = seed_of(KeyRole::kModule, 3);

/// Stands for the engine's BLAKE3, which this room doesn't reach: another hash that nobody can bend.
inline std::string hash(std::string_view bytes) {
  std::array<unsigned char, 32> out{};
  crypto_generichash(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                     bytes.size(), nullptr, 0);
  std::string hex;
  for (const unsigned char byte : out) {
    hex += "0123456789abcdef"[byte >> 4U];
    hex += "0123456789abcdef"[byte & 15U];
  }
  return hex;
}

inline policy::Grant grant(const char* text) {
  return policy::parse_grant(text, "test", policy::Role::kOwner).value();
}

/// A section of less than 16 KiB.
inline std::string section(uint8_t id, std::string_view body) {
  std::string text(1, static_cast<char>(id));
  if (body.size() > 127) text += static_cast<char>(body.size() | 128U);
  text += static_cast<char>(body.size() > 127 ? body.size() >> 7U : body.size());
  return text + std::string(body);
}

inline std::string custom(std::string_view name, std::string_view content) {
  return section(0,
                 std::string(1, static_cast<char>(name.size())) + std::string(name) + std::string(content));
}

/// A core module: a type, a custom section, some code.
inline std::string core_module() {
  return std::string("\0asm\1\0\0\0"sv) + section(1, "\1\x60\0\0"sv) + section(3, "\1\0"sv) +
         custom("note", "what somebody wrote") + section(10, "\1\2\0\x0b"sv);
}

/// A component with that as a part.
inline std::string component() {
  return std::string("\0asm\x0d\0\1\0"sv) + custom("made-by", "a test") + section(1, core_module()) +
         section(2, "\1\0\0\0"sv);
}

inline Token module_token() {
  return {.issuer = kAccount.public_key(),
          .subject = kModule.public_key(),
          .id = "0123456789",
          .issued_at = kNow - 100,
          .expires = kNow + 1000,
          .name = "shop",
          .version = "1.2.0",
          .revision = 4,
          .tags = {"test"},
          .wascap_revision = 3,
          .has_berths_claim = true,
          .digest = "blake3:00",
          .vouched = {.grants = std::vector<policy::Grant>{grant("dns *.example.com")},
                      .limits = {.memory_bytes = 64 << 20}}};
}

inline Token account_token() {
  return {.issuer = kOperator.public_key(),
          .subject = kAccount.public_key(),
          .id = "abcdef",
          .issued_at = kNow - 100,
          .name = "shop-keepers",
          .wascap_revision = 3,
          .has_berths_claim = true,
          .vouched = {.grants = std::nullopt, .limits = {.memory_bytes = 32 << 20}}};
}

/// Any text as a token's body, under a signature that holds.
inline std::string signed_body(std::string_view body,
                               std::string_view header = R"({"typ":"jwt","alg":"Ed25519"})",
                               const Seed& seed = kAccount) {
  const std::string text = to_base64url(header) + "." + to_base64url(body);
  const Signature signature = seed.sign(text);
  return text + "." + to_base64url({reinterpret_cast<const char*>(signature.data()), signature.size()});
}

/// The body of a module's token with `berth` as this text has it, and `more` beside.
inline std::string body(std::string_view berths, std::string_view more = "") {
  return R"({"jti":"1","iat":5,"iss":")" + kAccount.public_key().text() + R"(","sub":")" +
         kModule.public_key().text() + R"(",)" + std::string(more) + R"("berth":)" + std::string(berths) +
         "}";
}

}  // namespace berth::claims::testing
