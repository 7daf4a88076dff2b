// SPDX-License-Identifier: Apache-2.0
#include "claims/nkey.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <optional>

#include "base/text_codes.h"
#include "claims/refusal.h"
#include "claims/sodium_ready.h"

namespace berth::claims {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kPublicSize = 56;
constexpr uint8_t kSeedPrefix = 18 << 3;

struct Role {
  KeyRole role;
  uint8_t prefix;
  std::string_view name;
};

constexpr std::array<Role, 3> kRoles{{
    {KeyRole::kOperator, 14 << 3, "operator"},
    {KeyRole::kAccount, 0, "account"},
    {KeyRole::kModule, 12 << 3, "module"},
}};

/// The first letters of the other keys of NATS's: servers, clusters, users, services, curves, private keys.
constexpr std::string_view kOthers = "NCUVXP";

const Role& row_of(KeyRole role) {
  return *std::ranges::find(kRoles, role, &Role::role);
}

/// CRC-16/XMODEM.
uint16_t crc16(std::string_view bytes) {
  uint16_t crc = 0;
  for (const char byte : bytes) {
    crc = static_cast<uint16_t>(crc ^ static_cast<uint8_t>(byte) << 8);
    for (int bit = 0; bit < 8; ++bit) {
      crc = static_cast<uint16_t>((crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1);
    }
  }
  return crc;
}

std::string checked_text(std::string bytes) {
  const uint16_t crc = crc16(bytes);
  bytes += static_cast<char>(crc & 0xff);
  bytes += static_cast<char>(crc >> 8);
  std::string text = to_base32(bytes);
  wipe(bytes);
  return text;
}

/// The bytes in front of a checksum that fits.
std::optional<std::string> checked_bytes(std::string_view text) {
  auto bytes = from_base32(text);
  if (!bytes || bytes->size() < 2) return std::nullopt;
  const auto low = static_cast<uint8_t>((*bytes)[bytes->size() - 2]);
  const auto high = static_cast<uint8_t>(bytes->back());
  bytes->resize(bytes->size() - 2);
  if (crc16(*bytes) != (low | high << 8)) return std::nullopt;
  return bytes;
}

std::unexpected<Error> no_seed(std::string_view why) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("this is no seed of an operator's, an account's or a module's key: {}", why));
}

}  // namespace

std::string_view role_name(KeyRole role) {
  return row_of(role).name;
}

Result<KeyRole> parse_role(std::string_view name) {
  const auto* const row = std::ranges::find(kRoles, name, &Role::name);
  if (row != kRoles.end()) return row->role;
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("'{}' is no kind of key: there are operator, account and module", name));
}

std::string PublicKey::text() const {
  std::string raw(1, static_cast<char>(row_of(role).prefix));
  raw.append(bytes.begin(), bytes.end());
  return checked_text(std::move(raw));
}

Result<PublicKey> parse_public_key(std::string_view text) {
  if (text.size() == Seed::kTextSize && text.starts_with('S')) {
    return refuse(Refusal::kKeyType, "a seed stands where a public key belongs, and is no secret any more");
  }
  const auto raw = text.size() == kPublicSize ? checked_bytes(text) : std::nullopt;
  if (!raw || raw->size() != 1 + kKeyBytes) {
    return refuse(Refusal::kKey,
                  "a public key is 56 characters of A to Z and 2 to 7 with a checksum that fits");
  }
  const auto* const row = std::ranges::find(kRoles, static_cast<uint8_t>(raw->front()), &Role::prefix);
  if (row == kRoles.end()) {
    const bool other = kOthers.contains(text.front());
    return refuse(other ? Refusal::kKeyType : Refusal::kKey,
                  "the key is none of an operator, an account or a module");
  }
  PublicKey key{.role = row->role};
  std::copy_n(raw->begin() + 1, kKeyBytes, key.bytes.begin());
  return key;
}

bool verifies(const PublicKey& key, std::string_view message, std::string_view signature) {
  if (signature.size() != sizeof(Signature)) return false;
  sodium_ready();
  return crypto_sign_verify_detached(reinterpret_cast<const unsigned char*>(signature.data()),
                                     reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                                     key.bytes.data()) == 0;
}

Seed::Seed(KeyRole role, std::span<const uint8_t, 32> secret) : role_(role) {
  std::ranges::copy(secret, secret_.begin());
}

Seed::~Seed() {
  sodium_memzero(secret_.data(), secret_.size());
}

Result<Seed> Seed::parse(std::string_view text) {
  if (text.size() == kPublicSize && parse_public_key(text)) return no_seed("it is a public key");
  auto raw = text.size() == kTextSize ? checked_bytes(text) : std::nullopt;
  if (!raw || raw->size() != 2 + kKeyBytes) {
    return no_seed("one is 58 characters of A to Z and 2 to 7 with a checksum that fits");
  }
  const auto first = static_cast<uint8_t>((*raw)[0]);
  const auto second = static_cast<uint8_t>((*raw)[1]);
  const auto prefix = static_cast<uint8_t>((first & 7U) << 5U | second >> 3U);
  const auto* const row = std::ranges::find(kRoles, prefix, &Role::prefix);
  if ((first & 0xf8U) != kSeedPrefix || (second & 7U) != 0 || row == kRoles.end()) {
    wipe(*raw);
    return no_seed("it begins with SO, SA or SM");
  }
  std::array<uint8_t, kKeyBytes> secret{};
  std::copy_n(raw->begin() + 2, kKeyBytes, secret.begin());
  wipe(*raw);
  Seed seed(row->role, secret);
  sodium_memzero(secret.data(), secret.size());
  return seed;
}

std::string Seed::text() const {
  const uint8_t prefix = row_of(role_).prefix;
  std::string raw;
  raw += static_cast<char>(kSeedPrefix | prefix >> 5U);
  raw += static_cast<char>((prefix & 31U) << 3U);
  raw.append(secret_.begin(), secret_.end());
  return checked_text(std::move(raw));
}

namespace {

/// The two halves of a key pair, the secret one wiped.
struct Pair {
  explicit Pair(const std::array<uint8_t, kKeyBytes>& secret) {
    sodium_ready();
    crypto_sign_seed_keypair(open.data(), closed.data(), secret.data());
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() {
    sodium_memzero(closed.data(), closed.size());
  }

  std::array<uint8_t, kKeyBytes> open{};
  std::array<uint8_t, crypto_sign_SECRETKEYBYTES> closed{};
};

}  // namespace

PublicKey Seed::public_key() const {
  return {.role = role_, .bytes = Pair(secret_).open};
}

Signature Seed::sign(std::string_view message) const {
  const Pair pair(secret_);
  Signature signature{};
  crypto_sign_detached(signature.data(), nullptr, reinterpret_cast<const unsigned char*>(message.data()),
                       message.size(), pair.closed.data());
  return signature;
}

void wipe(std::string& secret) {
  sodium_memzero(secret.data(), secret.size());
  secret.clear();
}

}  // namespace berth::claims
