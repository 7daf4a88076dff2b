// SPDX-License-Identifier: Apache-2.0
#pragma once
// What of content is wanted: the words of a request to a trustless gateway
// (specs.ipfs.tech/http-gateways/trustless-gateway), and the blocks that it stands for, in their order.
//
// Pure but for the source. One thread.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "providers/content/block.h"
#include "providers/content/tree.h"

namespace berth::content {

/// `dag-scope`: the block at the path's end, the file or directory there, or all that is below.
enum class Scope { kBlock, kEntity, kAll };

struct Wanted {
  ContentPath path;
  Scope scope = Scope::kAll;
  uint64_t from = 0;           // of a file that is the entity: its first byte,
  std::optional<uint64_t> to;  // and the one behind its last

  /// Behind "…/ipfs/", without the format: "CID/a%20b?dag-scope=entity&entity-bytes=0:9".
  std::string url_part() const;
  /// All of a CID.
  static Wanted all(Cid root) {
    return {.path = {.root = std::move(root), .names = {}}};
  }
};

/// Reads all blocks of it in the order that `order=dfs; dups=n` has: those of the path, then of a search in
/// depth, each once. The CID that the path leads to is told as soon as it is known. Errors are those of the
/// source and of what the blocks say.
Result<void> traverse(BlockSource& source, const Wanted& wanted,
                      const std::function<Result<void>(const Cid&)>& terminal = {});

/// A part of a node of a file, and the bytes of the file that it has.
struct FilePart {
  Cid cid;
  uint64_t begin = 0;
  uint64_t end = 0;
};
/// Those of one node that have a byte of [from, to). kInvalidArgument where it contradicts itself.
Result<std::vector<FilePart>> parts_of(const Node& file, uint64_t from, uint64_t to);

}  // namespace berth::content
