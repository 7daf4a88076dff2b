// SPDX-License-Identifier: Apache-2.0
#pragma once
// What blocks of UnixFS are, read from any source one block at a time: files in ranges, directories plain and
// sharded, paths below a CID. Whatever is wrong with a block is an error that names it, never other bytes:
// sizes that a node says of its parts have to be those of the parts, and a shard holds the names whose hashes
// lead to it.
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
#include "providers/content/dag_pb.h"
#include "providers/content/input.h"
#include "providers/content/unixfs.h"

namespace berth::content {

struct Node {
  enum class Kind { kFile, kDirectory, kSymlink, kOther };

  Cid cid;
  Kind kind = Kind::kFile;
  uint64_t size = 0;         // of a file, or of a block that is none of UnixFS
  uint64_t block_bytes = 0;  // of this block
  PbNode pb;                 // of dag-pb
  UnixFs about;              // of dag-pb
  std::string bytes;         // of raw, and of others
};

/// The name of a kind: "file", "directory", "symlink", "block".
std::string_view kind_name(Node::Kind kind);

/// What a CID leads to.
Result<Node> open_node(BlockSource& source, const Cid& cid);

/// Hands over the bytes of a file from `offset` on, `length` at most.
Result<void> read_file(BlockSource& source, const Node& file, uint64_t offset, uint64_t length,
                       const WriteAll& write);

using EachEntry = std::function<Result<void>(const PbLink&)>;
/// Calls for each entry of a directory; those of a sharded one come in the order of their hashes.
Result<void> list(BlockSource& source, const Node& directory, const EachEntry& each);

/// The entry of that name; nothing where there is none.
Result<std::optional<PbLink>> lookup(BlockSource& source, const Node& directory, std::string_view name);

/// A CID, and names below it.
struct ContentPath {
  Cid root;
  std::vector<std::string> names;
};
/// "CID", "CID/a/b", "/ipfs/CID/a", "ipfs://CID/a". kInvalidArgument.
Result<ContentPath> parse_path(std::string_view text);

/// Where a path leads, through directories and through the links of dag-cbor and dag-json; one that ends
/// within such a document leads to its block. kNotFound that says which name isn't there. Symlinks aren't
/// followed.
Result<Cid> resolve(BlockSource& source, const ContentPath& path);

}  // namespace berth::content
