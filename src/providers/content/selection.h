// SPDX-License-Identifier: Apache-2.0
#pragma once
// The blocks behind a path that somebody asks for, as trustless gateways have them
// (specs.ipfs.tech/http-gateways/trustless-gateway): those that lead there, and then one block, those of one
// file or directory, or all below.
//
// One thread.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "providers/content/block.h"
#include "providers/content/tree.h"
#include "providers/content/walk.h"

namespace berth::content {

enum class Scope : uint8_t { kBlock, kEntity, kAll };
/// "block", "entity", "all": as gateways are asked.
std::string_view scope_name(Scope scope);

/// Bytes of a file, both ends among them; negative ones are counted from its end.
struct EntityBytes {
  int64_t from = 0;
  std::optional<int64_t> to = {};  // none: to its end

  /// "0:1023", "512:*", "-5:*". Nothing where it is no such range.
  static std::optional<EntityBytes> parse(std::string_view text);
};

/// Where a range begins and how long it is.
struct Span {
  uint64_t offset = 0;
  uint64_t length = 0;
};
/// What a range is of a file of so many bytes; nothing where none of them is in it.
std::optional<Span> span_of(const EntityBytes& range, uint64_t size);

struct Selection {
  Scope scope = Scope::kAll;
  std::optional<EntityBytes> range = {};  // of a file, and then of the entity alone
  bool duplicates = false;                // a block as often as it is come to
  uint64_t most_duplicated = 1 << 20;     // blocks, with duplicates: 256 GiB of files, usually
};

/// Hands over each block when it is come to, depth first; never one that is in its CID.
/// What was handed over before an error is of the selection, too. kLimit where duplicates have no end: a few
/// blocks may say that they are more than there is room for anywhere.
Result<void> select(BlockSource& source, const ContentPath& path, const Selection& selection,
                    const Walker::Each& each);

}  // namespace berth::content
