// SPDX-License-Identifier: Apache-2.0
// SHA-2 by OpenSSL's low-level calls, as base/digest.cc says why.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "providers/content/multihash.h"

#include <fmt/format.h>
#include <openssl/sha.h>
#include <sodium.h>

#include <optional>

#include "base/digest.h"
#include "engine/hashes.h"
#include "providers/content/varint.h"

namespace berth::content {
namespace {

std::string text_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

std::string sha512(std::string_view bytes) {
  std::string digest(SHA512_DIGEST_LENGTH, '\0');
  SHA512(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
         reinterpret_cast<uint8_t*>(digest.data()));
  return digest;
}

std::string blake2b256(std::string_view bytes) {
  static const int ready = sodium_init();  // finds the fastest way of this processor
  std::ignore = ready;
  std::string digest(32, '\0');
  crypto_generichash(reinterpret_cast<uint8_t*>(digest.data()), digest.size(),
                     reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), nullptr, 0);
  return digest;
}

/// In bytes; nothing where any length will do.
std::optional<size_t> length_of(HashCode code) {
  switch (code) {
    case HashCode::kSha2_256:
    case HashCode::kBlake3:
    case HashCode::kBlake2b256:
      return 32;
    case HashCode::kSha2_512:
      return 64;
    case HashCode::kIdentity:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::string Multihash::bytes() const {
  std::string all;
  all.reserve(2 * kMostVarintBytes + digest.size());
  put_varint(all, static_cast<uint64_t>(code));
  put_varint(all, digest.size());
  return all + digest;
}

std::string hash_name(HashCode code) {
  switch (code) {
    case HashCode::kIdentity:
      return "identity";
    case HashCode::kSha2_256:
      return "sha2-256";
    case HashCode::kSha2_512:
      return "sha2-512";
    case HashCode::kBlake3:
      return "blake3";
    case HashCode::kBlake2b256:
      return "blake2b-256";
  }
  return fmt::format("0x{:x}", static_cast<uint64_t>(code));
}

Result<Multihash> take_multihash(std::string_view& bytes) {
  std::string_view rest = bytes;
  const auto code = take_varint(rest);
  const auto length = code ? take_varint(rest) : std::nullopt;
  if (!length || *length > rest.size())
    return fail(ErrorCode::kInvalidArgument,
                "a hash is cut off or its numbers aren't written as they have to be");
  if (*length > kMostDigest)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a hash of {} bytes: {} are the most", *length, kMostDigest));
  Multihash hash{.code = static_cast<HashCode>(*code), .digest = std::string(rest.substr(0, *length))};
  if (const auto needed = length_of(hash.code); needed && *needed != *length)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} has {} bytes, not {}", hash_name(hash.code), *needed, *length));
  rest.remove_prefix(*length);
  bytes = rest;
  return hash;
}

Result<Multihash> hash_of(HashCode code, std::string_view bytes) {
  switch (code) {
    case HashCode::kIdentity:
      if (bytes.size() > kMostDigest)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("{} bytes are too many for identity, which holds {} at most: take sha2-256",
                                bytes.size(), kMostDigest));
      return Multihash{.code = code, .digest = std::string(bytes)};
    case HashCode::kSha2_256:
      return Multihash{.code = code, .digest = text_of(sha256(bytes))};
    case HashCode::kSha2_512:
      return Multihash{.code = code, .digest = sha512(bytes)};
    case HashCode::kBlake3:
      return Multihash{.code = code, .digest = text_of(engine::blake3(bytes))};
    case HashCode::kBlake2b256:
      return Multihash{.code = code, .digest = blake2b256(bytes)};
  }
  return fail(
      ErrorCode::kUnsupported,
      fmt::format("the hash {} can't be checked: sha2-256, sha2-512, blake3, blake2b-256 and identity can",
                  hash_name(code)));
}

Result<void> check_hash(const Multihash& wanted, std::string_view bytes) {
  if (wanted.code == HashCode::kIdentity && wanted.digest == bytes) return {};
  const Multihash is = BERTH_TRY(hash_of(wanted.code, bytes));
  if (is == wanted) return {};
  return fail(ErrorCode::kInvalidArgument, "its bytes have another hash");
}

}  // namespace berth::content
