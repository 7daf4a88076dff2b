// SPDX-License-Identifier: Apache-2.0
#pragma once
// The piece commitment of bytes, by which Filecoin knows them (CommP): they are spread so that each 254 bits
// have two zero bits behind them, filled with zeros up to a power of two, and are the leaves of a binary tree
// of SHA-256 whose results lose their two highest bits. Spec: spec.filecoin.io, piece.
//
// Held is one node a level. A value; one thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "providers/content/cid.h"

namespace berth::content {

inline constexpr uint64_t kLeastPiece = 65;                        // bytes
inline constexpr uint64_t kMostPiece = (64ULL << 30) / 128 * 127;  // of a sector of 64 GiB

struct Piece {
  std::array<uint8_t, 32> commitment{};
  uint64_t padded_bytes = 0;  // a power of two
  uint64_t bytes = 0;         // that were added

  /// "baga6ea4seaq…"
  Cid cid() const;
};

class PieceHasher {
 public:
  void add(std::string_view bytes);
  /// kInvalidArgument for fewer bytes than kLeastPiece, or more than kMostPiece.
  Result<Piece> finish();

 private:
  using Hash = std::array<uint8_t, 32>;
  void add_quad(const uint8_t* quad);
  void add_leaf(const Hash& leaf);

  std::array<uint8_t, 127> held_{};
  size_t held_bytes_ = 0;
  uint64_t bytes_ = 0;
  uint64_t leaves_ = 0;
  std::vector<std::optional<Hash>> levels_;  // the left half of a pair, where it waits for the right one
};

}  // namespace berth::content
