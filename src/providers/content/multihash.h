// SPDX-License-Identifier: Apache-2.0
#pragma once
// A hash that says how it was made (github.com/multiformats/multihash): a code, a length, a digest. Those
// that can be computed here are sha2-256, sha2-512, blake3, blake2b-256, each whole, and identity, whose
// digest is the bytes themselves, of 128 at most.
//
// Pure; safe on any thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::content {

inline constexpr size_t kMostDigest = 128;

enum class HashCode : uint64_t {
  kIdentity = 0x00,
  kSha2_256 = 0x12,
  kSha2_512 = 0x13,
  kBlake3 = 0x1e,
  kBlake2b256 = 0xb220,
};

struct Multihash {
  HashCode code = HashCode::kSha2_256;  // may be one that can't be computed here
  std::string digest;

  std::string bytes() const;
  auto operator<=>(const Multihash&) const = default;
};

/// The name of a hash, or its number.
std::string hash_name(HashCode code);

/// Takes one from the front; its length is that of its code, where that is known. kInvalidArgument.
Result<Multihash> take_multihash(std::string_view& bytes);

/// Of these bytes. kUnsupported where the code is none that can be computed, kInvalidArgument for identity of
/// too many bytes.
Result<Multihash> hash_of(HashCode code, std::string_view bytes);

/// Nothing where the bytes have this hash; kInvalidArgument that names theirs where they have another.
Result<void> check_hash(const Multihash& wanted, std::string_view bytes);

}  // namespace berth::content
