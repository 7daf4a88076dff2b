// SPDX-License-Identifier: Apache-2.0
#pragma once
// What content is called by (github.com/multiformats/cid): the hash of a block, and how its bytes are to be
// read. Version 0 is a sha2-256 of dag-pb, written in base58; version 1 says its codec, and is written in
// base32 unless asked otherwise.
//
// A value; safe on any thread.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "providers/content/multibase.h"
#include "providers/content/multihash.h"

namespace berth::content {

enum class Codec : uint64_t {
  kRaw = 0x55,
  kDagPb = 0x70,
  kDagCbor = 0x71,
  kLibp2pKey = 0x72,
  kDagJson = 0x0129,
};

/// The name of a codec, or its number.
std::string codec_name(Codec codec);

struct Cid {
  enum class Version : uint8_t { kV0, kV1 };

  Version version = Version::kV1;
  Codec codec = Codec::kRaw;
  Multihash hash;

  static Cid v0(Multihash sha256) {
    return {.version = Version::kV0, .codec = Codec::kDagPb, .hash = std::move(sha256)};
  }
  static Cid v1(Codec codec, Multihash hash) {
    return {.version = Version::kV1, .codec = codec, .hash = std::move(hash)};
  }

  /// "Qm…" or "b…", or of version 1 in another base.
  static Result<Cid> parse(std::string_view text);
  /// Takes one from the front of bytes. kInvalidArgument.
  static Result<Cid> take(std::string_view& bytes);
  /// All of the bytes are one.
  static Result<Cid> read(std::string_view bytes);

  std::string bytes() const;
  /// As it is usually written.
  std::string text() const;
  /// Of version 1.
  std::string text(Base base) const;

  auto operator<=>(const Cid&) const = default;
};

}  // namespace berth::content
