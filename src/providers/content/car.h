// SPDX-License-Identifier: Apache-2.0
#pragma once
// CAR: blocks one after the other in a file or a stream (ipld.io/specs/transport/car), read in versions 1 and
// 2 and written in both. Each block is checked against its CID before anybody sees it.
//
// A reader holds one block at a time. One thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "providers/content/block.h"
#include "providers/content/input.h"

namespace berth::content {

inline constexpr size_t kMostRoots = 4096;

struct Block {
  Cid cid;
  std::string_view bytes;
};

/// Of a gateway only version 1 is taken: what version 2 says of where its blocks stand would be skipped to.
enum class CarFrom { kFile, kGateway };

class CarReader {
 public:
  /// Reads the header. kInvalidArgument where it is none, has more than kMostRoots roots, or is cut off.
  /// From a gateway: kUnavailable where it is cut off, kUnsupported for version 2.
  static Result<CarReader> open(ReadSome read, CarFrom from = CarFrom::kFile);

  int version() const {
    return version_;
  }
  /// In their order, each once.
  const std::vector<Cid>& roots() const {
    return roots_;
  }
  /// The next block, whose bytes stay until the next call; nothing at the end. kInvalidArgument that names
  /// the block, or where it stands, for bytes that aren't those of its CID, too many, or cut off;
  /// kUnsupported for a hash that can't be checked. After an error there is nothing more.
  Result<std::optional<Block>> next();
  /// Bytes that were read.
  uint64_t position() const {
    return input_.position();
  }
  /// Whether the last error is that it ends early.
  bool cut_off() const {
    return cut_off_;
  }

 private:
  explicit CarReader(ReadSome read) : input_(std::move(read)) {}
  Result<void> begin(CarFrom from);
  Result<std::string_view> section(size_t most_bytes);
  std::unexpected<Error> malformed(std::string_view what) const;
  std::unexpected<Error> cut(std::string_view what);

  Input input_;
  int version_ = 1;
  std::optional<uint64_t> ends_at_;  // where the blocks of version 2 end
  bool over_ = false;
  bool cut_off_ = false;
  size_t held_ = 0;  // bytes of the block that was given last
  std::vector<Cid> roots_;
};

/// The header of version 1, which stands first.
std::string car_header(const std::vector<Cid>& roots);
/// What stands before a block's bytes.
std::string car_section(const Cid& cid, size_t block_bytes);
/// What stands before all of version 1 in version 2, without an index.
std::string car_v2_header(uint64_t v1_bytes);

}  // namespace berth::content
