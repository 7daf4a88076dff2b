// SPDX-License-Identifier: Apache-2.0
// SHA-256 by OpenSSL's low-level calls, as base/digest.cc says why.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "providers/content/commp.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <bit>

namespace berth::content {
namespace {

using Hash = std::array<uint8_t, 32>;

constexpr size_t kQuad = 127;  // bytes that become four leaves
constexpr uint64_t kLeaf = 32;
constexpr auto kUnsealed = static_cast<Codec>(0xf101);      // fil-commitment-unsealed
constexpr auto kTruncated = static_cast<HashCode>(0x1012);  // sha2-256-trunc254-padded

Hash above(const Hash& left, const Hash& right) {
  std::array<uint8_t, 64> both{};
  std::ranges::copy(left, both.begin());
  std::ranges::copy(right, both.begin() + 32);
  Hash hash{};
  SHA256(both.data(), both.size(), hash.data());
  hash[31] &= 0x3f;
  return hash;
}

}  // namespace

Cid Piece::cid() const {
  return Cid::v1(
      kUnsealed,
      {.code = kTruncated, .digest = {reinterpret_cast<const char*>(commitment.data()), commitment.size()}});
}

void PieceHasher::add_leaf(const Hash& leaf) {
  ++leaves_;
  Hash hash = leaf;
  for (size_t level = 0;; ++level) {
    if (levels_.size() == level) levels_.emplace_back();
    if (!levels_[level]) {
      levels_[level] = hash;
      return;
    }
    hash = above(*levels_[level], hash);
    levels_[level].reset();
  }
}

/// 1016 bits as four times 254, each with two zero bits behind.
void PieceHasher::add_quad(const uint8_t* quad) {
  for (size_t part = 0; part < 4; ++part) {
    Hash leaf{};
    const size_t first = part * 254;
    const size_t byte = first / 8;
    const auto shift = static_cast<unsigned>(first % 8);
    for (size_t i = 0; i < leaf.size(); ++i) {
      const unsigned low = quad[byte + i];
      const unsigned high = byte + i + 1 < kQuad ? quad[byte + i + 1] : 0;
      leaf[i] = static_cast<uint8_t>(low >> shift | (high << 8U) >> shift);
    }
    leaf[31] &= 0x3f;
    add_leaf(leaf);
  }
}

void PieceHasher::add(std::string_view bytes) {
  bytes_ += bytes.size();
  if (held_bytes_ > 0) {
    const size_t now = std::min(kQuad - held_bytes_, bytes.size());
    std::copy_n(bytes.begin(), now, held_.begin() + static_cast<ptrdiff_t>(held_bytes_));
    held_bytes_ += now;
    bytes.remove_prefix(now);
    if (held_bytes_ < kQuad) return;
    add_quad(held_.data());
    held_bytes_ = 0;
  }
  for (; bytes.size() >= kQuad; bytes.remove_prefix(kQuad))
    add_quad(reinterpret_cast<const uint8_t*>(bytes.data()));
  std::ranges::copy(bytes, held_.begin());
  held_bytes_ = bytes.size();
}

Result<Piece> PieceHasher::finish() {
  if (bytes_ < kLeastPiece || bytes_ > kMostPiece)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} bytes have no piece commitment: pieces have {} to {}", bytes_, kLeastPiece,
                            kMostPiece));
  Piece piece{.bytes = bytes_};
  if (held_bytes_ > 0) {
    std::fill(held_.begin() + static_cast<ptrdiff_t>(held_bytes_), held_.end(), uint8_t{0});
    add_quad(held_.data());
    held_bytes_ = 0;
  }
  piece.padded_bytes = std::bit_ceil(leaves_) * kLeaf;
  // What lacks to a power of two is zeros: one subtree of them for each level that waits.
  Hash zeros{};
  std::optional<Hash> hash;
  const auto height = static_cast<size_t>(std::countr_zero(std::bit_ceil(leaves_)));
  levels_.resize(std::max(levels_.size(), height + 1));
  for (size_t level = 0; level < height; ++level) {
    if (levels_[level]) {
      hash = above(*levels_[level], hash ? *hash : zeros);
    } else if (hash) {
      hash = above(*hash, zeros);
    }
    zeros = above(zeros, zeros);
  }
  piece.commitment = levels_[height] ? *levels_[height] : *hash;
  return piece;
}

}  // namespace berth::content
