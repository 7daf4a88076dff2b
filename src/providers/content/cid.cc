// SPDX-License-Identifier: Apache-2.0
#include "providers/content/cid.h"

#include <fmt/format.h>

#include "providers/content/varint.h"

namespace berth::content {
namespace {

constexpr size_t kV0Text = 46;
constexpr std::string_view kV0Begins = "\x12\x20";  // sha2-256 of 32 bytes

}  // namespace

std::string codec_name(Codec codec) {
  switch (codec) {
    case Codec::kRaw:
      return "raw";
    case Codec::kDagPb:
      return "dag-pb";
    case Codec::kDagCbor:
      return "dag-cbor";
    case Codec::kLibp2pKey:
      return "libp2p-key";
    case Codec::kDagJson:
      return "dag-json";
  }
  return fmt::format("0x{:x}", static_cast<uint64_t>(codec));
}

Result<Cid> Cid::parse(std::string_view text) {
  if (text.size() == kV0Text && text.starts_with("Qm")) {
    const std::string bytes = BERTH_TRY(from_base58btc(text));
    std::string_view rest = bytes;
    Multihash hash = BERTH_TRY(take_multihash(rest));
    if (!rest.empty() || hash.code != HashCode::kSha2_256)
      return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no CID of version 0", text));
    return v0(std::move(hash));
  }
  const auto bytes = from_multibase(text);
  auto cid = bytes ? read(*bytes) : std::unexpected(bytes.error());
  if (!cid)
    return fail(cid.error().code,
                fmt::format("'{}' is no CID: {}", text.substr(0, 120), cid.error().message));
  if (cid->version == Version::kV0)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is no CID: those of version 0 are written without an alphabet", text));
  return cid;
}

Result<Cid> Cid::take(std::string_view& bytes) {
  std::string_view rest = bytes;
  if (rest.starts_with(kV0Begins)) {
    Multihash hash = BERTH_TRY(take_multihash(rest));
    bytes = rest;
    return v0(std::move(hash));
  }
  const auto version = take_varint(rest);
  if (!version || *version != 1)
    return fail(ErrorCode::kInvalidArgument, "a CID is cut off, or of a version other than 0 and 1");
  const auto codec = take_varint(rest);
  if (!codec) return fail(ErrorCode::kInvalidArgument, "a CID is cut off behind its version");
  Multihash hash = BERTH_TRY(take_multihash(rest));
  bytes = rest;
  return v1(static_cast<Codec>(*codec), std::move(hash));
}

Result<Cid> Cid::read(std::string_view bytes) {
  Cid cid = BERTH_TRY(take(bytes));
  if (!bytes.empty())
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} bytes follow a CID", bytes.size()));
  return cid;
}

std::string Cid::bytes() const {
  if (version == Version::kV0) return hash.bytes();
  std::string all;
  put_varint(all, 1);
  put_varint(all, static_cast<uint64_t>(codec));
  return all + hash.bytes();
}

std::string Cid::text() const {
  return version == Version::kV0 ? to_base58btc(hash.bytes()) : text(Base::kBase32);
}

std::string Cid::text(Base base) const {
  return version == Version::kV0 ? text() : to_multibase(base, bytes());
}

}  // namespace berth::content
