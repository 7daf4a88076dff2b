// SPDX-License-Identifier: Apache-2.0
#include "claims/sealed.h"

#include <sodium.h>

#include "claims/sodium_ready.h"

namespace berth::claims {
namespace {

constexpr uint64_t kOperations = crypto_pwhash_OPSLIMIT_INTERACTIVE;
constexpr uint64_t kMemory = crypto_pwhash_MEMLIMIT_INTERACTIVE;
constexpr uint64_t kMostOperations = 16;
constexpr uint64_t kMostMemory = uint64_t{1} << 30;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

/// The key that a passphrase comes to, wiped when it goes.
class BoxKey {
 public:
  bool derive(const Sealed& sealed, std::string_view passphrase) {
    return crypto_pwhash(key_.data(), key_.size(), passphrase.data(), passphrase.size(),
                         bytes_of(sealed.salt), sealed.operations, sealed.memory_bytes,
                         crypto_pwhash_ALG_ARGON2ID13) == 0;
  }
  const unsigned char* data() const {
    return key_.data();
  }
  BoxKey() = default;
  BoxKey(const BoxKey&) = delete;
  BoxKey& operator=(const BoxKey&) = delete;
  ~BoxKey() {
    sodium_memzero(key_.data(), key_.size());
  }

 private:
  std::array<unsigned char, crypto_secretbox_KEYBYTES> key_{};
};

std::unexpected<Error> no_memory() {
  return fail(ErrorCode::kUnavailable,
              "there isn't the memory that the passphrase's key takes; try again with 64 MiB free");
}

}  // namespace

Result<Sealed> seal(std::string_view secret, std::string_view passphrase,
                    std::span<const std::byte, 40> random) {
  sodium_ready();
  const auto* const from = reinterpret_cast<const char*>(random.data());
  Sealed sealed{.salt = std::string(from, crypto_pwhash_SALTBYTES),
                .nonce = std::string(from + crypto_pwhash_SALTBYTES, crypto_secretbox_NONCEBYTES),
                .operations = kOperations,
                .memory_bytes = kMemory,
                .box = std::string(secret.size() + crypto_secretbox_MACBYTES, '\0')};
  BoxKey key;
  if (!key.derive(sealed, passphrase)) return no_memory();
  crypto_secretbox_easy(bytes_of(sealed.box), bytes_of(secret), secret.size(), bytes_of(sealed.nonce),
                        key.data());
  return sealed;
}

Result<std::string> unseal(const Sealed& sealed, std::string_view passphrase) {
  sodium_ready();
  const bool whole = sealed.salt.size() == crypto_pwhash_SALTBYTES &&
                     sealed.nonce.size() == crypto_secretbox_NONCEBYTES &&
                     sealed.box.size() > crypto_secretbox_MACBYTES && sealed.operations <= kMostOperations &&
                     sealed.memory_bytes <= kMostMemory && sealed.operations >= crypto_pwhash_OPSLIMIT_MIN &&
                     sealed.memory_bytes >= crypto_pwhash_MEMLIMIT_MIN;
  if (!whole) return fail(ErrorCode::kInvalidArgument, "what stands beside the sealed seed isn't berth's");
  BoxKey key;
  if (!key.derive(sealed, passphrase)) return no_memory();
  std::string secret(sealed.box.size() - crypto_secretbox_MACBYTES, '\0');
  if (crypto_secretbox_open_easy(bytes_of(secret), bytes_of(sealed.box), sealed.box.size(),
                                 bytes_of(sealed.nonce), key.data()) != 0) {
    return fail(ErrorCode::kDenied, "the passphrase doesn't open it");
  }
  return secret;
}

}  // namespace berth::claims
