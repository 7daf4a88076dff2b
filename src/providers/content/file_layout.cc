// SPDX-License-Identifier: Apache-2.0
#include "providers/content/file_layout.h"

#include <utility>
#include <vector>

#include "providers/content/dag_pb.h"
#include "providers/content/leaves.h"

namespace berth::content {
namespace {

/// Nodes above the leaves; a level is full before the one above gets a node of it.
class Levels {
 public:
  Levels(const Profile& profile, BlockSink& sink) : profile_(profile), sink_(sink) {}

  Result<void> add(Made leaf) {
    return push(0, std::move(leaf));
  }
  /// The root of all of them, which isn't put yet where it is a node; at least one leaf came.
  Result<Made> finish(const Attributes& attributes) {
    for (size_t level = 0;; ++level) {
      const bool last = level + 1 == levels_.size();
      if (last && levels_[level].size() == 1) return std::move(levels_[level][0]);
      Made node = BERTH_TRY(flush(level, last ? attributes : Attributes{}));
      if (last) return node;
      BERTH_TRY_VOID(push(level + 1, std::move(node)));
    }
  }

 private:
  Result<void> push(size_t level, Made child) {
    if (levels_.size() == level) levels_.emplace_back();
    if (levels_[level].size() == profile_.file_links) {
      Made node = BERTH_TRY(flush(level, {}));
      BERTH_TRY_VOID(push(level + 1, std::move(node)));
    }
    levels_[level].push_back(std::move(child));
    return {};
  }

  Result<Made> flush(size_t level, const Attributes& attributes) {
    PbNode node;
    UnixFs about{.type = UnixFs::Type::kFile, .file_size = 0};
    Made made;
    for (Made& child : std::exchange(levels_[level], {})) {
      about.block_sizes.push_back(child.size);
      made.size += child.size;
      made.tsize += child.tsize;
      node.links.push_back({.cid = std::move(child.cid), .name = {}, .tsize = child.tsize});
    }
    about.file_size = made.size;
    about.mode = attributes.mode;
    about.modified = attributes.modified;
    node.data = write_unixfs(about);
    const std::string bytes = write_pb(node);
    made.tsize += bytes.size();
    made.cid = cid_of(profile_, Codec::kDagPb, bytes);
    BERTH_TRY_VOID(sink_.put(made.cid, bytes));
    return made;
  }

  const Profile& profile_;
  BlockSink& sink_;
  std::vector<std::vector<Made>> levels_;
};

}  // namespace

Result<Made> add_file(const ReadSome& read, const Profile& profile, const Attributes& attributes,
                      BlockSink& sink) {
  Levels levels(profile, sink);
  Leaves leaves(profile, sink);
  const auto taken = [&](Made leaf) { return levels.add(std::move(leaf)); };
  char ahead = 0;  // of the second chunk, read to know whether there is one
  size_t held = 0;
  for (bool first = true;; first = false) {
    const auto room = BERTH_TRY(leaves.room(taken));
    if (held > 0) room[0] = ahead;
    const size_t got = held + BERTH_TRY(read_full(read, room.subspan(held)));
    if (got == 0 && !first) break;
    held = first && got == room.size() ? BERTH_TRY(read_full(read, {&ahead, 1})) : 0;
    // A file that is one leaf says itself what is to be said of it; raw bytes can't.
    BERTH_TRY_VOID(leaves.start(got, first && held == 0 ? attributes : Attributes{}));
    if (got < room.size() || (first && held == 0)) break;
  }
  BERTH_TRY_VOID(leaves.finish(taken));
  return levels.finish(attributes);
}

}  // namespace berth::content
