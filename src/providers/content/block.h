// SPDX-License-Identifier: Apache-2.0
#pragma once
// Blocks: bytes of at most 2 MiB that are called by their hash. Whoever gives one away has checked it;
// whoever keeps one does as well.
//
// One thread at a time, unless an implementation says otherwise.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "providers/content/cid.h"

namespace berth::content {

/// What bitswap carries at most (specs.ipfs.tech/bitswap-protocol), and what larger blocks are refused by.
inline constexpr size_t kMostBlock = 2 << 20;

/// Where blocks come from.
class BlockSource {
 public:
  virtual ~BlockSource() = default;
  /// The bytes, which have that hash. kNotFound that names the CID where there is none.
  virtual Result<std::string> get(const Cid& cid) = 0;
};

/// Where blocks go.
class BlockSink {
 public:
  virtual ~BlockSink() = default;
  /// Bytes that have that hash: the caller has made or checked it.
  virtual Result<void> put(const Cid& cid, std::string_view bytes) = 0;
};

/// Nothing where the bytes are that block. kInvalidArgument, which names it, where they aren't or are too
/// many.
Result<void> check_block(const Cid& cid, std::string_view bytes);

/// A block that is in its CID (identity): nothing for others.
bool is_inline(const Cid& cid);

/// That a block isn't there; the message says what can be done.
std::unexpected<Error> missing(const Cid& cid);

}  // namespace berth::content
